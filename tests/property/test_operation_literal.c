/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Operations that are not multiply-accumulate: their counts, primitives, energy
 * and time against literal execution (support/run_operation.h), on random
 * shapes, formats, levels and units. The execution computes the result too,
 * which must obey the operation's formula.
 *
 * Usage: test_operation_literal [quick] [seed N] [cases N] [case N]
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/arguments.h"
#include "price/price.h"
#include "spec/operations.h"
#include "support/random_case.h"
#include "support/run_operation.h"

enum { CASES = 30000, CASES_QUICK = 3000, KINDS_MAX = 96 };

typedef enum shows {
  SHOWS_ROOM,       /* everything fits at the level of the unit */
  SHOWS_NO_ROOM,    /* it does not */
  SHOWS_BOUNDARY,   /* it fits to the bit, or lacks one */
  SHOWS_ROWS_ALONE, /* rows would fit without what they share */
  SHOWS_OUTERMOST,
  SHOWS_SINGLE,
  SHOWS_VECTOR,
  SHOWS_MACS,
  SHOWS_HOST,
  SHOWS_BOND,
  SHOWS
} shows;
static const char *const shows_name[SHOWS] = {"room at the level",
                                              "no room",
                                              "room to the bit",
                                              "rows alone fit",
                                              "outermost level",
                                              "single buffer",
                                              "vector unit",
                                              "macs",
                                              "host",
                                              "bond"};

typedef struct operation_case {
  random_stream stream;
  cds_arch arch;
  cds_operation operation;
  run_operation run;
  unsigned at; /* level of the unit */
  bool seen[SHOWS];
  char mismatch[200];
} operation_case;

/* ---- random cases ---- */

static unsigned between(operation_case *it, unsigned low, unsigned high) {
  return low + random_below(&it->stream, high - low + 1);
}

static double bandwidth(operation_case *it) {
  return random_chance(&it->stream, 40) ? (double)INFINITY
                                        : (double)between(it, 1, 64);
}

static void make_level(operation_case *it, unsigned level, unsigned depth) {
  cds_level *to = &it->arch.level[level];
  *to = (cds_level){.name = "level",
                    .class_name = "",
                    .position = level,
                    .depth = depth,
                    .die = level == 0 ? 0 : 1,
                    .size_bits = UINT64_MAX,
                    .width_bits = between(it, 3, 70),
                    .read_bandwidth = bandwidth(it),
                    .write_bandwidth = bandwidth(it),
                    .shared_bandwidth = bandwidth(it)};
  to->buffering =
      random_chance(&it->stream, 30) ? CDS_BUFFER_SINGLE : CDS_BUFFER_DOUBLE;
  for (unsigned action = 0; action < CDS_ACTIONS; action++) {
    to->price[action].access_pj = between(it, 1, 99);
  }
}

static void make_unit(operation_case *it, unsigned on_chip) {
  cds_arch *arch = &it->arch;
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    arch->mac_slots[p] = between(it, 1, 12);
    arch->vector[0].cycles[p] = between(it, 1, 8);
    arch->vector[0].energy_pj[p] = between(it, 1, 20);
  }
  arch->compute = (cds_compute){.name = "MAC", .die = 1, .mac_pj = {3}};
  arch->host = (cds_host){.operation_pj = between(it, 1, 9),
                          .operations_per_cycle = between(it, 1, 5),
                          .link_bit_pj = between(it, 1, 3),
                          .link_bandwidth = bandwidth(it)};
  const unsigned draw = between(it, 0, 9);
  if (draw < 6) {
    arch->vectors = 1;
    arch->vector[0].name = "VPU";
    arch->vector[0].lanes = between(it, 1, 20);
    it->at = random_chance(&it->stream, 10) || on_chip == 0
                 ? 0
                 : between(it, 1, on_chip);
    arch->vector[0].level = it->at;
    arch->vector[0].die = between(it, 0, 1);
    it->seen[SHOWS_VECTOR] = true;
  } else if (draw < 9) {
    arch->other_operations = CDS_OTHER_MACS;
    it->at = on_chip > 0 ? 1 : 0; /* the outermost on-chip level */
    it->seen[SHOWS_MACS] = true;
  } else {
    arch->other_operations = CDS_OTHER_HOST;
    it->seen[SHOWS_HOST] = true;
  }
}

static void make_arch(operation_case *it) {
  cds_arch *arch = &it->arch;
  arch->name = "random";
  arch->levels = between(it, 2, 4);
  arch->arrays = 1;
  arch->array[0] = (cds_array){.name = "PE",
                               .die = 1,
                               .axes = 2,
                               .extent = {between(it, 1, 4), between(it, 1, 4)},
                               .bit_pj = between(it, 0, 3),
                               .bandwidth = bandwidth(it)};
  const unsigned on_chip =
      random_chance(&it->stream, 10) ? 0 : between(it, 1, arch->levels - 1);
  for (unsigned level = 0; level < arch->levels; level++) {
    make_level(it, level, level > on_chip ? 1 : 0);
  }
  arch->overlap =
      random_chance(&it->stream, 20) ? CDS_OVERLAP_PERFECT : CDS_OVERLAP_NATIVE;
  arch->dies = 2;
  arch->bonds = 1;
  arch->bond[0] = (cds_bond){.name = "bond",
                             .lower = 0,
                             .upper = 1,
                             .bit_pj = between(it, 1, 4),
                             .bandwidth = bandwidth(it),
                             .crossings = between(it, 1, 3)};
  arch->clock_hz = 1e9;
  make_unit(it, on_chip);
}

static cds_format random_format(operation_case *it) {
  static const cds_format formats[] = {{"8 bit", 8, false},
                                       {"fp16", 16, true},
                                       {"fp32", 32, true},
                                       {"5 bit", 5, false}};
  return formats[between(it, 0, 3)];
}

/* Numbers, and which rows of the table are picked. */
static void fill_values(operation_case *it) {
  run_operation *run = &it->run;
  for (unsigned row = 0; row < RUN_ROWS; row++) {
    run->pick[row] = between(it, 0, RUN_TABLE - 1);
  }
  for (unsigned i = 0; i < run->inputs; i++) {
    for (unsigned row = 0; row < RUN_TABLE; row++) {
      for (unsigned word = 0; word < RUN_LENGTH; word++) {
        run->input[i].value[row][word] = between(it, 0, 4000) / 1000.0 - 2;
      }
    }
  }
}

/* The operation by the table, and its shape for literal execution. */
static bool make_operation(operation_case *it) {
  const cds_operation_kind *kind = cds_operation_kind_at(
      between(it, 0, (unsigned)cds_operation_kinds() - 1));
  const bool rope = strcmp(kind->name, "rope") == 0;
  const unsigned head = rope ? 2 * between(it, 1, 4) : 0;
  const unsigned length =
      rope ? head * between(it, 1, 4) : between(it, 1, RUN_LENGTH);
  const unsigned rows = between(it, 1, RUN_ROWS);
  const cds_precision precision = {.weights = random_format(it),
                                   .activations = random_format(it),
                                   .kv = random_format(it),
                                   .accumulator = {"fp32", 32, true}};
  const cds_operation_size size = {rows, length, head};
  if (cds_operation_make(&it->operation, kind, &size, &precision) != CDS_OK ||
      !run_operation_shape(&it->run, kind->name, rows, length, head)) {
    (void)snprintf(it->mismatch, sizeof it->mismatch, "no such kind: %s",
                   kind->name);
    return false;
  }
  const bool token = strcmp(kind->name, "argmax") == 0; /* int32 */
  it->run.result.bits = token ? 32 : precision.activations.bits;
  for (unsigned i = 0; i < it->run.inputs; i++) {
    it->run.input[i].bits = it->run.input[i].shape == RUN_ROW
                                ? precision.activations.bits
                                : precision.weights.bits;
  }
  fill_values(it);
  return true;
}

/* Room: what is needed, one bit less, or anything up to half as much again. */
static void make_room(operation_case *it) {
  cds_level *level = &it->arch.level[it->at];
  run_operation *run = &it->run;
  run->outer_width = (unsigned)it->arch.level[0].width_bits;
  run->inner = it->at > 0;
  run->twice = it->arch.overlap == CDS_OVERLAP_NATIVE &&
               level->buffering == CDS_BUFFER_DOUBLE;
  run->capacity_bits = UINT64_MAX;
  run_literally(run);
  const unsigned need = (unsigned)run->allotted_bits;
  const unsigned draw = between(it, 0, 9);
  if (it->at == 0) {
    return;
  }
  level->size_bits = draw == 0   ? need
                     : draw == 1 ? need - 1
                                 : between(it, 1, need + need / 2);
  run->capacity_bits = level->size_bits;
  run_literally(run);
  it->seen[SHOWS_BOUNDARY] = draw < 2;
}

static void note_shows(operation_case *it) {
  const run_operation *run = &it->run;
  uint64_t shared = 0;
  for (unsigned i = 0; i < run->inputs; i++) {
    const run_operand *input = &run->input[i];
    shared +=
        input->shape == RUN_SHARED ? (uint64_t)input->words * input->bits : 0;
  }
  it->seen[SHOWS_OUTERMOST] = !run->inner;
  it->seen[SHOWS_ROOM] = run->resident;
  it->seen[SHOWS_NO_ROOM] = run->inner && !run->resident;
  it->seen[SHOWS_ROWS_ALONE] =
      run->inner && !run->resident &&
      run->allotted_bits - shared <= run->capacity_bits;
  it->seen[SHOWS_SINGLE] = run->inner && !run->twice;
  it->seen[SHOWS_BOND] = run->inner;
}

/* ---- comparison ---- */

static bool same(operation_case *it, const char *what, double found,
                 double literal) {
  const double larger = fmax(fabs(found), fabs(literal));
  if (found == literal || fabs(found - literal) <= 1e-12 * larger) {
    return true;
  }
  if (it->mismatch[0] == '\0') {
    (void)snprintf(it->mismatch, sizeof it->mismatch,
                   "%s: %.17g, but %.17g happens", what, found, literal);
  }
  return false;
}

/* Sums over the operands, at the outermost level and at that of the unit. */
typedef struct sums {
  uint64_t outer_reads, outer_updates, reads, fills, updates, drains;
  double outer_out, outer_in, out, in, crossed, used; /* bits */
  double outer_pj, pj;
} sums;

static double access_pj(const cds_level *level, cds_action action,
                        uint64_t words, unsigned bits) {
  const uint64_t all = words * bits;
  const uint64_t accesses = (all + level->width_bits - 1) / level->width_bits;
  return (double)accesses * level->price[action].access_pj;
}

static sums sum_up(const operation_case *it) {
  const run_operation *run = &it->run;
  const cds_level *outer = &it->arch.level[0];
  const cds_level *level = &it->arch.level[it->at];
  sums s = {0};
  for (unsigned i = 0; i <= run->inputs; i++) {
    const run_operand *o = i < run->inputs ? &run->input[i] : &run->result;
    const cds_action action = i < run->inputs ? CDS_READ : CDS_UPDATE;
    const double bits = o->bits;
    s.outer_reads += o->outer_reads;
    s.outer_updates += o->outer_updates;
    s.reads += o->reads;
    s.fills += o->fills;
    s.updates += o->updates;
    s.drains += o->drains;
    s.outer_out += (double)o->outer_reads * bits;
    s.outer_in += (double)o->outer_updates * bits;
    s.out += (double)(o->reads + o->drains) * bits;
    s.in += (double)(o->fills + o->updates) * bits;
    s.crossed += (double)(o->fills + o->drains) * bits;
    s.used += (double)(it->at > 0 ? o->reads + o->updates
                                  : o->outer_reads + o->outer_updates) *
              bits;
    s.outer_pj += (double)o->accesses * outer->price[action].access_pj;
    s.pj += access_pj(level, CDS_READ, o->reads, o->bits) +
            access_pj(level, CDS_FILL, o->fills, o->bits) +
            access_pj(level, CDS_UPDATE, o->updates, o->bits) +
            access_pj(level, CDS_DRAIN, o->drains, o->bits);
  }
  /* What the unit reads and writes crosses to its die: that of the vector unit,
   * or that of the array and the MACs. */
  const unsigned die =
      it->seen[SHOWS_VECTOR] ? it->arch.vector[0].die : it->arch.compute.die;
  s.crossed += !it->seen[SHOWS_HOST] && die != level->die ? s.used : 0;
  return s;
}

static bool same_counts(operation_case *it, const cds_operation_counts *counts,
                        const sums *s) {
  bool fine = same(it, "level", counts->at, it->at);
  for (unsigned level = 0; level < it->arch.levels; level++) {
    const bool outer = level == 0;
    const bool unit = level == it->at && !outer;
    const double reads = outer  ? (double)s->outer_reads
                         : unit ? (double)s->reads
                                : 0;
    const double updates = outer  ? (double)s->outer_updates
                           : unit ? (double)s->updates
                                  : 0;
    fine = same(it, outer ? "outermost reads" : "reads",
                (double)counts->reads[level], reads) &&
           same(it, "fills", (double)counts->fills[level],
                unit ? (double)s->fills : 0) &&
           same(it, outer ? "outermost updates" : "updates",
                (double)counts->updates[level], updates) &&
           same(it, "drains", (double)counts->drains[level],
                unit ? (double)s->drains : 0) &&
           fine;
  }
  return fine;
}

static double port_cycles(const cds_level *level, double out, double in) {
  return fmax((out + in) / level->shared_bandwidth,
              fmax(out / level->read_bandwidth, in / level->write_bandwidth));
}

/* Energy and lanes of the unit, whoever it is. */
static double unit_pj(const operation_case *it, unsigned p) {
  const cds_arch *arch = &it->arch;
  return it->seen[SHOWS_VECTOR] ? arch->vector[0].energy_pj[p]
         : it->seen[SHOWS_MACS] ? arch->mac_slots[p] * arch->compute.mac_pj[0]
                                : arch->host.operation_pj;
}

static double unit_cycles(const operation_case *it, unsigned p) {
  const cds_arch *arch = &it->arch;
  return it->seen[SHOWS_VECTOR]
             ? arch->vector[0].cycles[p] / (double)arch->vector[0].lanes
         : it->seen[SHOWS_MACS]
             ? arch->mac_slots[p] /
                   (double)(arch->array[0].extent[0] * arch->array[0].extent[1])
             : 1 / arch->host.operations_per_cycle;
}

static bool same_cost(operation_case *it, const cds_cost *cost,
                      const cds_operation_counts *counts, const sums *s) {
  const cds_arch *arch = &it->arch;
  const cds_level *level = &arch->level[it->at];
  const cds_bond *bond = &arch->bond[0];
  const bool host = it->seen[SHOWS_HOST];
  double primitives_pj = 0, cycles = 0;
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    primitives_pj += (double)it->run.primitive[p] * unit_pj(it, p);
    cycles += (double)it->run.primitive[p] * unit_cycles(it, p);
  }
  bool fine = same(it, "primitive cycles", counts->primitive_cycles, cycles);
  const double link = host ? s->outer_out + s->outer_in : 0;
  cycles =
      fmax(cycles, port_cycles(&arch->level[0], s->outer_out, s->outer_in));
  cycles = fmax(cycles, port_cycles(level, s->out, s->in));
  cycles = fmax(cycles, s->crossed / bond->bandwidth);
  cycles = fmax(cycles, link / arch->host.link_bandwidth);
  const double net = it->seen[SHOWS_MACS] ? s->used : 0;
  cycles = fmax(cycles, net / arch->array[0].bandwidth);
  const double net_pj = net * arch->array[0].bit_pj;
  fine = same(it, "energy of the network", cost->array_pj[0], net_pj) && fine;
  /* Only vector units are taken to fold their lanes in a tree of steps. */
  if (it->seen[SHOWS_VECTOR] && it->operation.reduces) {
    cycles += ceil(log2((double)arch->vector[0].lanes)) * it->run.rows;
  }
  const double link_pj = link * arch->host.link_bit_pj;
  const double bond_pj = s->crossed * bond->bit_pj * bond->crossings;
  fine = same(it, "outermost energy", cost->level_pj[0], s->outer_pj) && fine;
  if (it->at > 0) {
    fine =
        same(it, "energy of the level", cost->level_pj[it->at], s->pj) && fine;
  }
  fine = same(it, "energy of the unit",
              cost->vector_pj + cost->compute_pj + cost->host_pj,
              primitives_pj + link_pj) &&
         fine;
  fine = same(it, "energy of the bond", cost->bond_pj[0], bond_pj) && fine;
  return same(it, "energy", cost->energy_pj,
              s->outer_pj + s->pj + primitives_pj + link_pj + bond_pj +
                  net_pj) &&
         same(it, "cycles", cost->cycles, cycles) && fine;
}

static bool same_primitives(operation_case *it) {
  static const char *const names[CDS_PRIMITIVES] = {
      "add", "mul", "max", "exp", "recip", "rsqrt", "erf", "convert"};
  bool fine = true;
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    fine = same(it, names[p], (double)it->operation.primitives[p],
                (double)it->run.primitive[p]) &&
           fine;
  }
  return fine;
}

static bool right_result(operation_case *it) {
  const run_operation *run = &it->run;
  for (unsigned row = 0; row < run->rows; row++) {
    for (unsigned i = 0; i < run->result.words; i++) {
      const double found = run->result.value[row][i];
      const double formula = run_operation_expected(run, row, i);
      if (!(fabs(found - formula) <= 1e-9 * (1 + fabs(formula)))) {
        return same(it, "result", formula, found);
      }
    }
  }
  return !run->broken;
}

static bool run_case(operation_case *it, uint64_t seed, uint64_t number) {
  memset(it, 0, sizeof *it);
  it->stream = random_start(seed, number);
  make_arch(it);
  if (!make_operation(it)) {
    return false;
  }
  make_room(it);
  note_shows(it);
  cds_cost cost;
  cds_operation_counts counts;
  if (cds_price_operation(&cost, &counts, &it->arch, &it->operation,
                          (double)INFINITY) != CDS_OK) {
    (void)snprintf(it->mismatch, sizeof it->mismatch, "not priced");
    return false;
  }
  const sums s = sum_up(it);
  const bool result = right_result(it);
  const bool primitives = same_primitives(it);
  const bool moved = same_counts(it, &counts, &s);
  return same_cost(it, &cost, &counts, &s) && moved && primitives && result;
}

/* ---- report ---- */

typedef struct tally {
  uint64_t cases, mismatches, words;
  uint64_t shows[SHOWS], kind[KINDS_MAX];
  uint64_t table[KINDS_MAX][CDS_PRIMITIVES], beyond[KINDS_MAX][CDS_PRIMITIVES];
} tally;

static void add_case(tally *to, const operation_case *it) {
  to->cases++;
  for (unsigned s = 0; s < SHOWS; s++) {
    to->shows[s] += it->seen[s] ? 1 : 0;
  }
  for (unsigned k = 0; k < cds_operation_kinds() && k < KINDS_MAX; k++) {
    if (it->run.kind == NULL ||
        strcmp(cds_operation_kind_at(k)->name, it->run.kind) != 0) {
      continue;
    }
    to->kind[k]++;
    for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
      to->table[k][p] += it->run.primitive[p];
      to->beyond[k][p] += it->run.beyond[p];
    }
  }
}

static void report_mismatch(const operation_case *it, uint64_t number) {
  const run_operation *run = &it->run;
  printf("case %" PRIu64 ": %s of %u rows of %u, %" PRIu64 " of %" PRIu64
         " bits: %s\n",
         number, run->kind == NULL ? "?" : run->kind, run->rows, run->length,
         run->allotted_bits, run->capacity_bits, it->mismatch);
}

static void report(const tally *all) {
  printf("%" PRIu64 " cases, %" PRIu64 " mismatches\n", all->cases,
         all->mismatches);
  for (unsigned s = 0; s < SHOWS; s++) {
    printf("  %-18s %5.1f %%\n", shows_name[s],
           100.0 * (double)all->shows[s] / (double)all->cases);
  }
  printf("add mul max exp recip rsqrt erf convert, and beyond the table:\n");
  for (unsigned k = 0; k < cds_operation_kinds() && k < KINDS_MAX; k++) {
    printf("  %-10s %6" PRIu64 " cases ", cds_operation_kind_at(k)->name,
           all->kind[k]);
    for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
      printf(" %" PRIu64, all->table[k][p]);
      if (all->beyond[k][p] > 0) {
        printf("+%" PRIu64, all->beyond[k][p]);
      }
    }
    printf("\n");
  }
}

int main(int argc, char **argv) {
  static tally all;
  static operation_case it;
  static const test_arguments usual = {
      .seed = 1, .cases = CASES, .quick = CASES_QUICK, .reports = 8};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  for (uint64_t n = given.first; n < given.first + given.cases; n++) {
    if (!run_case(&it, given.seed, n) && all.mismatches++ < given.reports) {
      report_mismatch(&it, n);
    }
    add_case(&all, &it);
  }
  report(&all);
  return all.mismatches == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
