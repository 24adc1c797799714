/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * AccelForge's reference runs with fusion, by its accounting: the best fused
 * chains of small products that the network finds, and a layer of GPT-3 by the
 * plan that is recorded (what stays in the global buffer, which operations
 * share a loop), each operation's mapping searched. What is recorded, what of
 * its space is searched, and what is less without its restrictions:
 * tests/golden/accelforge/README.md.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "golden/layer_plan.h"
#include "network/network.h"
#include "network/searchers.h"
#include "spec/constraints.h"
#include "spec/rules.h"
#include "spec/space.h"
#include "support/accelforge_record.h"
#include "support/close.h"
#include "support/messages.h"

#define FOLDER CDS_SOURCE_DIR "/tests/golden/accelforge/"

static const double near = ACCELFORGE_NEAR;

static const char *path_of(const fixture *f, const char *name) {
  return cds_arena_printf(f->arena, FOLDER "%s.yaml", name);
}

static cds_arch *read_arch(fixture *f, const char *name, bool bytes,
                           bool accelforge) {
  static const char *const set[] = {"word=8bit"};
  cds_arch *arch = (cds_arch *)cds_arena_alloc(f->arena, sizeof *arch);
  cds_space *space = NULL;
  assert_non_null(arch);
  assert_fine(f, cds_space_read(&space, path_of(f, name), set, bytes ? 1 : 0,
                                f->arena, f->diag));
  cds_space_set_accelforge(space, accelforge);
  assert_fine(f, cds_space_design(arch, space, 0, f->arena, f->diag));
  return arch;
}

static cds_workload *read_workload(fixture *f, const char *name) {
  cds_workload *workload =
      (cds_workload *)cds_arena_alloc(f->arena, sizeof *workload);
  assert_non_null(workload);
  assert_fine(f, cds_workload_read(workload, path_of(f, name), &f->reader));
  return workload;
}

static void read_constraints(fixture *f, cds_arch *arch, const char *name,
                             const cds_workload *workload) {
  const cds_yaml *root = NULL;
  assert_fine(f,
              cds_yaml_read_file(&root, path_of(f, name), f->arena, f->diag));
  assert_fine(f, cds_constraints_read_file(arch, root, &f->reader));
  assert_fine(f, cds_constraints_check(arch, workload, f->diag));
}

static const cds_einsum *find_layer(const cds_workload *workload,
                                    const char *name) {
  for (size_t i = 0; i < workload->layers; i++) {
    if (strcmp(workload->layer[i].name, name) == 0) {
      return &workload->layer[i].einsum;
    }
  }
  fail_msg("no layer '%s'", name);
  return NULL;
}

/* ---- the record -------------------------------------------------------- */

typedef struct recorded {
  FILE *file;
  accelforge_record at;
} recorded;

static void begin_record(recorded *it) {
  it->file = fopen(FOLDER "recorded-fused.txt", "r");
  assert_non_null(it->file);
}

/* The next record of a pair; false after the last. */
static bool next_record(recorded *it, const char *arch, const char *workload) {
  char line[ACCELFORGE_LINE];
  while (fgets(line, sizeof line, it->file) != NULL) {
    if (accelforge_parse(&it->at, line) && strcmp(it->at.arch, arch) == 0 &&
        strcmp(it->at.workload, workload) == 0) {
      return true;
    }
  }
  fclose(it->file);
  return false;
}

static void assert_cost(const accelforge_record *it, double energy_pj,
                        double latency_s) {
  const double joule = 1e-12 * energy_pj;
  if (!close_enough(joule, it->a, near) ||
      !close_enough(latency_s, it->b, near)) {
    fail_msg("%s %s %s %s: %.12g J, %.12g s; recorded %.12g, %.12g", it->kind,
             it->arch, it->workload, it->operation, joule, latency_s, it->a,
             it->b);
  }
}

/* Fills and updates are written, reads and drains are read. */
static void assert_bits(const accelforge_record *it, const cds_arch *arch,
                        const cds_einsum *einsum, const cds_counts *counts) {
  const unsigned t = strcmp(it->role, "input") == 0    ? 0
                     : strcmp(it->role, "weight") == 0 ? 1
                                                       : einsum->tensors - 1;
  const unsigned level = cds_arch_level(arch, it->level);
  assert_true(level < arch->levels);
  const uint64_t *words = counts->at[level][t].words;
  const double bits = einsum->tensor[t].format.bits;
  const double read = (double)(words[CDS_READ] + words[CDS_DRAIN]) * bits;
  const double written = (double)(words[CDS_FILL] + words[CDS_UPDATE]) * bits;
  if (!close_enough(read, it->a, near) || !close_enough(written, it->b, near)) {
    fail_msg("%s %s %s %s: %.0f read, %.0f written; recorded %.0f, %.0f",
             it->workload, it->operation, it->level, it->role, read, written,
             it->a, it->b);
  }
}

/* ---- chains of small products ----------------------------------------- */

static const struct {
  const char *arch, *workload;
  unsigned products, bits; /* recorded */
} chains[] = {{"simple", "matmuls", 2, 6},
              {"simple", "three_matmuls", 3, 9},
              {"tpu_v4i", "matmuls", 2, 14},
              {"tpu_v4i", "three_matmuls", 3, 21}};
enum { CHAINS = sizeof chains / sizeof *chains };

typedef struct chain_case {
  fixture f;
  cds_arch *arch;
  cds_workload *workload;
  cds_searchers *searchers;
  cds_network_result result;
} chain_case;

/* The best choice of mappings, fused or not. */
static void solve_chain(chain_case *it, unsigned number, bool constrained,
                        bool accelforge) {
  const char *workload = chains[number].workload;
  const bool tpu = strcmp(chains[number].arch, "tpu_v4i") == 0;
  fixture_open(&it->f);
  it->arch = read_arch(&it->f, chains[number].arch, tpu, accelforge);
  it->workload = read_workload(
      &it->f, cds_arena_printf(it->f.arena, "%s-fused", workload));
  if (tpu && constrained) {
    read_constraints(
        &it->f, it->arch,
        cds_arena_printf(it->f.arena, "tpu_v4i-%s-fused-constraints", workload),
        it->workload);
  }
  assert_fine(&it->f,
              cds_constraints_mark(it->workload, it->arch, it->f.arena));
  it->searchers = cds_searchers_new();
  assert_non_null(it->searchers);
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  options.searchers = it->searchers;
  options.details = true;
  options.fuse = CDS_FUSE_EVERYWHERE;
  assert_fine(&it->f, cds_network_solve(&it->result, it->arch, it->workload,
                                        it->f.arena, &options, it->f.diag));
  assert_true(it->result.proven);
  assert_int_equal(it->result.chains_outside, 0);
}

static void close_chain(chain_case *it) {
  cds_searchers_free(it->searchers);
  fixture_close(&it->f);
}

static const cds_layer_result *layer_result(const chain_case *it,
                                            const char *name) {
  size_t i = 0;
  while (i < it->result.layers &&
         strcmp(it->result.layer[i].layer->name, name) != 0) {
    i++;
  }
  assert_true(i < it->result.layers);
  return &it->result.layer[i];
}

/* Also that a stage's mapping keeps to the constraints. */
static void check_chain_record(const chain_case *it,
                               const accelforge_record *record) {
  if (strcmp(record->kind, "total") == 0) {
    assert_cost(record, it->result.energy_pj, it->result.latency_s);
    return;
  }
  const cds_layer_result *layer = layer_result(it, record->operation);
  const cds_einsum *einsum = cds_layer_result_einsum(layer);
  if (strcmp(record->kind, "operation") == 0) {
    assert_cost(record, layer->cost.energy_pj, layer->cost.latency_s);
    assert_true(cds_constraints_admit(NULL, it->arch, einsum, &layer->mapping));
  } else {
    assert_bits(record, it->arch, einsum, layer->counts);
  }
}

static void the_best_chains_are_those_recorded(void **state) {
  (void)state;
  for (unsigned i = 0; i < CHAINS; i++) {
    chain_case it;
    solve_chain(&it, i, true, true);
    const bool tpu = strcmp(chains[i].arch, "tpu_v4i") == 0;
    assert_int_equal(it.result.fused, tpu ? 1 : 0);
    recorded record;
    unsigned seen[3] = {0};
    begin_record(&record);
    while (next_record(&record, chains[i].arch, chains[i].workload)) {
      check_chain_record(&it, &record.at);
      seen[strcmp(record.at.kind, "total") == 0       ? 0
           : strcmp(record.at.kind, "operation") == 0 ? 1
                                                      : 2]++;
    }
    assert_int_equal(seen[0], 1);
    assert_int_equal(seen[1], chains[i].products);
    assert_int_equal(seen[2], chains[i].bits);
    close_chain(&it);
  }
}

/* Literal counts; free of AccelForge's restrictions. */
static void free_chains_take_no_more(void **state) {
  (void)state;
  for (unsigned i = 0; i < CHAINS; i++) {
    chain_case kept;
    chain_case bare;
    solve_chain(&kept, i, true, true);
    solve_chain(&bare, i, false, false);
    const double edp = kept.result.energy_pj * kept.result.latency_s;
    const double less = bare.result.energy_pj * bare.result.latency_s;
    const bool tpu = strcmp(chains[i].arch, "tpu_v4i") == 0;
    /* On tpu_v4i the README tells of a gain: a tenth at least. */
    assert_true(less <= edp * (tpu ? 0.9 : 1 + 1e-12));
    close_chain(&kept);
    close_chain(&bare);
  }
}

/* The search of plans below finds what the search of chains does. */
static void both_searches_agree_on_chains(void **state) {
  (void)state;
  for (unsigned i = 0; i < CHAINS; i++) {
    static plan_layer layer;
    chain_case it;
    solve_chain(&it, i, true, true);
    memset(&layer, 0, sizeof layer);
    layer.home = cds_arch_level(it.arch, "GlobalBuffer");
    layer.arena = it.f.arena;
    layer.searcher = cds_searcher_new();
    assert_non_null(layer.searcher);
    layer.lambda_pj_per_s = it.result.energy_pj / it.result.latency_s;
    for (unsigned op = 0; op < it.workload->layers; op++) {
      const cds_layer *product = &it.workload->layer[op];
      const bool last = op + 1 == it.workload->layers;
      layer.op[layer.ops++] =
          (plan_op){.name = product->name,
                    .einsum = &product->einsum,
                    .arch = it.arch,
                    .like = op,
                    .shared = {op == 0 ? PLAN_PRIVATE : op - 1, PLAN_PRIVATE,
                               last ? PLAN_PRIVATE : op}};
    }
    plan_layer_solve(&layer, (double)INFINITY);
    assert_true(layer.best.found);
    assert_close(layer.best.value, 2 * it.result.energy_pj, 1e-9);
    cds_searcher_free(layer.searcher);
    close_chain(&it);
  }
}

/* ---- a layer of GPT-3 -------------------------------------------------- */

/* How an operation of the record runs: M a tensor in MainMemory, W all of it in
 * the GlobalBuffer, T a tile of a pass there, O all of it there while the loop
 * runs; what other operations have there meanwhile. */
typedef struct recorded_stage {
  const char *operation;
  const char *places;
  const char *rank; /* of the loop; NULL: none */
  uint64_t trips;
  uint64_t taken_bytes;
} recorded_stage;

enum { OPERATIONS = 10, SOFTMAX = 5, MEGABYTE = 1 << 20 };

static const recorded_stage prefill[OPERATIONS] = {
    {"I", "W", NULL, 1, 0},
    {"V", "WMM", NULL, 1, 0},
    {"K", "WMW", NULL, 1, 0},
    {"Q", "WMM", NULL, 1, 48 * MEGABYTE},         /* K */
    {"QK", "MWT", "h", 48, 48 * MEGABYTE},        /* AV */
    {"QK_softmax", "TT", "h", 48, 96 * MEGABYTE}, /* K, AV */
    {"AV", "TMW", "h", 48, 48 * MEGABYTE},        /* K */
    {"Z", "WMW", NULL, 1, 0},
    {"FFA", "WMT", "c", 8, 48 * MEGABYTE}, /* what FFB makes */
    {"FFB", "TMO", "c", 8, 48 * MEGABYTE}, /* Z */
};
static const recorded_stage decode[OPERATIONS] = {
    {"I", "W", NULL, 1, 0},     {"V", "WMM", NULL, 1, 0},
    {"K", "WMM", NULL, 1, 0},   {"Q", "WMW", NULL, 1, 0},
    {"QK", "WMW", NULL, 1, 0},  {"QK_softmax", "WW", NULL, 1, 0},
    {"AV", "WMW", NULL, 1, 0},  {"Z", "WMW", NULL, 1, 0},
    {"FFA", "WMW", NULL, 1, 0}, {"FFB", "WMM", NULL, 1, 0},
};

typedef struct layer_case {
  fixture f;
  const char *workload;
  bool constrained;
  plan_layer layer;
} layer_case;

enum shared { I, V, K, Q, S, P, A, Z, F };

static void add_operation(layer_case *it, const char *name,
                          const cds_einsum *einsum, const cds_arch *arch,
                          unsigned like, const unsigned shared[3]) {
  plan_op *op = &it->layer.op[it->layer.ops++];
  *op = (plan_op){name, einsum, arch, like, {shared[0], shared[1], shared[2]}};
}

/* The operations in the order of the record; of the cache nothing is made here.
 */
static void add_operations(layer_case *it, const cds_workload *workload,
                           const cds_workload *softmax, const cds_arch *arch,
                           const cds_arch *scalar) {
  const bool cached = strcmp(it->workload, "gpt3-decode") == 0;
  const unsigned none = PLAN_PRIVATE;
  const unsigned value = cached ? none : V;
  const unsigned key = cached ? none : K;
  const struct {
    const char *name;
    unsigned like, shared[3];
  } list[OPERATIONS] = {{"I", 0, {I}},
                        {"V", 1, {I, none, value}},
                        {"K", 1, {I, none, key}},
                        {"Q", 1, {I, none, Q}},
                        {"QK", 4, {Q, key, S}},
                        {"QK_softmax", 5, {S, P}},
                        {"AV", 6, {P, value, A}},
                        {"Z", 7, {A, none, Z}},
                        {"FFA", 8, {Z, none, F}},
                        {"FFB", 9, {F, none, none}}};
  for (unsigned i = 0; i < OPERATIONS; i++) {
    const cds_einsum *einsum =
        i == 0 ? NULL
               : find_layer(i == SOFTMAX ? softmax : workload, list[i].name);
    add_operation(it, list[i].name, einsum, i == SOFTMAX ? scalar : arch,
                  list[i].like, list[i].shared);
  }
}

static void open_layer_on(layer_case *it, const char *workload,
                          const char *const archs[2], bool constrained,
                          bool accelforge) {
  memset(it, 0, sizeof *it);
  fixture_open(&it->f);
  it->workload = workload;
  it->constrained = constrained;
  cds_arch *arch = read_arch(&it->f, archs[0], false, accelforge);
  const cds_arch *scalar = read_arch(&it->f, archs[1], false, accelforge);
  const cds_workload *products = read_workload(&it->f, workload);
  if (constrained) {
    read_constraints(
        &it->f, arch,
        cds_arena_printf(it->f.arena, "tpu_v4i-%s-constraints", workload),
        products);
  }
  add_operations(
      it, products,
      read_workload(&it->f,
                    cds_arena_printf(it->f.arena, "%s-softmax", workload)),
      arch, scalar);
  it->layer.home = cds_arch_level(arch, "GlobalBuffer");
  it->layer.arena = it->f.arena;
  it->layer.searcher = cds_searcher_new();
  assert_non_null(it->layer.searcher);
}

static void open_layer(layer_case *it, const char *workload, bool constrained,
                       bool accelforge) {
  static const char *const archs[] = {"tpu_v4i", "tpu_v4i-scalar"};
  open_layer_on(it, workload, archs, constrained, accelforge);
}

static void close_layer(layer_case *it) {
  cds_searcher_free(it->layer.searcher);
  fixture_close(&it->f);
}

static void set_stage(plan_stage *out, const layer_case *it,
                      const recorded_stage *from, unsigned op) {
  const cds_einsum *einsum = it->layer.op[op].einsum;
  memset(out, 0, sizeof *out);
  out->trips = from->trips;
  out->taken_bits = 8 * (double)from->taken_bytes;
  out->rank = from->rank == NULL ? 0 : cds_einsum_rank(einsum, from->rank);
  for (unsigned t = 0; t < einsum->tensors; t++) {
    out->place[t] = from->places[t] == 'M'   ? PLAN_MAIN
                    : from->places[t] == 'W' ? PLAN_WHOLE
                    : from->places[t] == 'T' ? PLAN_TILE
                                             : PLAN_ONCE;
  }
  plan_stage_make(out, &it->layer, op);
}

typedef struct layer_run {
  plan_stage stage[OPERATIONS];
  cds_cost cost[OPERATIONS];
  cds_counts counts[OPERATIONS];
  double energy_pj, latency_s;
  bool partial; /* some operations are left out */
} layer_run;

/* The projections of the prefill take five seconds each within constraints. */
static bool is_left_out(const layer_case *it, const recorded_stage *stage) {
  const char *quick = getenv("CODESIGN_TEST_QUICK");
  return quick != NULL && strcmp(quick, "1") == 0 && it->constrained &&
         stage->rank == NULL && strcmp(it->workload, "gpt3-prefill") == 0;
}

/* The best mapping of each operation under the plan. The time of each is the
 * least there is, so that it is the best of the sums, too. */
static void run_layer(layer_run *out, layer_case *it,
                      const recorded_stage *plan, const double *total) {
  memset(out, 0, sizeof *out);
  it->layer.lambda_pj_per_s = 1e12 * total[0] / total[1];
  plan_copy_cost(&out->cost[0], &it->layer);
  for (unsigned i = 0; i < OPERATIONS; i++) {
    cds_search_result found;
    if (i > 0 && is_left_out(it, &plan[i])) {
      out->partial = true;
      continue;
    }
    if (i > 0) {
      set_stage(&out->stage[i], it, &plan[i], i);
      assert_true(plan_stage_solve(&found, &it->layer, &out->stage[i], i));
      out->cost[i] = found.cost;
      plan_stage_make(&out->stage[i], &it->layer, i);
      assert_fine(&it->f, cds_count(&out->counts[i], it->layer.op[i].arch,
                                    &out->stage[i].einsum, &found.mapping,
                                    it->f.arena));
    }
    out->energy_pj += out->cost[i].energy_pj;
    out->latency_s += out->cost[i].latency_s;
  }
  plan_layer_forget(&it->layer);
}

static void read_total_of(double *out, const char *arch, const char *workload) {
  recorded record;
  begin_record(&record);
  while (next_record(&record, arch, workload)) {
    if (strcmp(record.at.kind, "total") == 0) {
      out[0] = record.at.a;
      out[1] = record.at.b;
    }
  }
}

static void read_total(double *out, const char *workload) {
  read_total_of(out, "tpu_v4i", workload);
}

static unsigned operation_named(const layer_case *it, const char *name) {
  unsigned i = 0;
  while (i < OPERATIONS && strcmp(it->layer.op[i].name, name) != 0) {
    i++;
  }
  assert_true(i < OPERATIONS);
  return i;
}

static void check_layer(const char *workload, const recorded_stage *plan,
                        unsigned bits) {
  static layer_case it;
  static layer_run run;
  double total[2] = {0};
  unsigned seen = 0;
  recorded record;
  read_total(total, workload);
  open_layer(&it, workload, true, true);
  run_layer(&run, &it, plan, total);
  begin_record(&record);
  while (next_record(&record, "tpu_v4i", workload)) {
    if (strcmp(record.at.kind, "total") == 0) {
      if (!run.partial) {
        assert_cost(&record.at, run.energy_pj, run.latency_s);
      }
      continue;
    }
    const unsigned i = operation_named(&it, record.at.operation);
    seen += i > 0 && strcmp(record.at.kind, "bits") == 0;
    if (i > 0 && is_left_out(&it, &plan[i])) {
      continue;
    }
    if (strcmp(record.at.kind, "operation") == 0) {
      assert_cost(&record.at, run.cost[i].energy_pj, run.cost[i].latency_s);
    } else if (i > 0) {
      assert_bits(&record.at, it.layer.op[i].arch, &run.stage[i].einsum,
                  &run.counts[i]);
    }
  }
  assert_int_equal(seen, bits);
  close_layer(&it);
}

static void each_operation_of_a_decode_is_that_recorded(void **state) {
  (void)state;
  check_layer("gpt3-decode", decode, 53);
}

static void each_operation_of_a_prefill_is_that_recorded(void **state) {
  (void)state;
  check_layer("gpt3-prefill", prefill, 53);
}

/* The recorded plan by literal counts: each operation's mapping costs the same,
 * but for those whose Z instances hand partial sums of the same words to the
 * GlobalBuffer, which reads all but the first of them (README.md). */
static double literally_more_pj(const char *workload, const char *operation) {
  const double words =
      strcmp(workload, "gpt3-decode") == 0 ? 12288.0 : 2048 * 12288.0;
  const bool decoding = strcmp(workload, "gpt3-decode") == 0;
  const double more =
      decoding && strcmp(operation, "FFB") == 0 ? 3
      : decoding && (strcmp(operation, "Q") == 0 || strcmp(operation, "Z") == 0)
          ? 1
      : !decoding && strcmp(operation, "AV") == 0 ? 1
                                                  : 0;
  return more * words * 16 * 1.88;
}

static void check_literally(const char *workload, const recorded_stage *plan,
                            const char *operation) {
  static layer_case it;
  cds_search_result found;
  static plan_stage stage;
  static cds_counts counts;
  cds_cost literal;
  open_layer(&it, workload, true, true);
  const unsigned i = operation_named(&it, operation);
  const recorded_stage *from = &plan[i];
  it.layer.lambda_pj_per_s = 3e13;
  set_stage(&stage, &it, from, i);
  assert_true(plan_stage_solve(&found, &it.layer, &stage, i));
  plan_stage_make(&stage, &it.layer, i);
  const cds_arch *arch = read_arch(
      &it.f, i == SOFTMAX ? "tpu_v4i-scalar" : "tpu_v4i", false, false);
  assert_fine(&it.f, cds_count(&counts, arch, &stage.einsum, &found.mapping,
                               it.f.arena));
  assert_fine(&it.f, cds_price_einsum(&literal, arch, &stage.einsum, &counts,
                                      (double)INFINITY));
  assert_close(literal.energy_pj,
               found.cost.energy_pj + literally_more_pj(workload, operation),
               1e-12);
  assert_close(literal.latency_s, found.cost.latency_s, 1e-12);
  plan_layer_forget(&it.layer);
  close_layer(&it);
}

static void literal_counts_differ_in_one_term(void **state) {
  (void)state;
  for (unsigned i = 1; i < OPERATIONS; i++) {
    check_literally("gpt3-decode", decode, decode[i].operation);
  }
  static const char *const quick[] = {"QK", "QK_softmax", "AV", "FFA", "FFB"};
  for (unsigned i = 0; i < sizeof quick / sizeof *quick; i++) {
    check_literally("gpt3-prefill", prefill, quick[i]);
  }
}

/* ---- which plan is best ------------------------------------------------ */

typedef struct layer_sums {
  double joule, seconds;
} layer_sums;

static layer_sums sums_of(const layer_plan *plan) {
  layer_sums out = {0, 0};
  for (unsigned i = 0; i < OPERATIONS; i++) {
    out.joule += 1e-12 * plan->cost[i].energy_pj;
    out.seconds += plan->cost[i].latency_s;
  }
  return out;
}

/*
 * The best plan of AccelForge's space is that recorded: with E* and T* of the
 * record and lambda = E* / T*, none has E + lambda T < 2 E*.
 *
 * Nor is there one of less E T, to `near`. If E + lambda T >= 2 E* (1 + h) and
 * T = T* (1 + x), then E T >= E* T* (1 + 2 h - x)(1 + x), no less than
 * E* T* (1 + 2 h - 2 h |x| - x^2). If E >= E* (1 - e), then x > e gives E T >=
 * E* T* (1 - e^2), so that only x <= e is left, and x >= -d as no plan takes
 * less than T* (1 - d). Both squares are small: that a plan with less time has
 * the input in MainMemory, and no copy, is looked at by itself where d is not
 * small enough, with h > 0.
 */
static void prove_plan(const char *workload) {
  static layer_case it;
  double total[2] = {0};
  const double e = 7e-4;
  read_total(total, workload);
  open_layer(&it, workload, true, true);
  it.layer.lambda_pj_per_s = 1e12 * total[0] / total[1];
  plan_layer_solve(&it.layer, 2e12 * total[0] * (1 + near));
  assert_true(it.layer.best.found);
  const layer_sums best = sums_of(&it.layer.best);
  assert_close(best.joule, total[0], near);
  assert_close(best.seconds, total[1], near);
  cds_cost copy;
  plan_copy_cost(&copy, &it.layer);
  double least_s = copy.latency_s;
  for (unsigned i = 0; i < OPERATIONS; i++) {
    least_s += it.layer.relaxed_s[i];
  }
  assert_close(least_s, best.seconds, 1e-9); /* all that copy have T >= T* */
  const double d = copy.latency_s / best.seconds;
  if (d * d > 0.1 * near) {
    it.layer.at_main = 1U << I;
    plan_layer_solve(&it.layer, 2e12 * best.joule * (1 + 2 * d * d));
    assert_false(it.layer.best.found);
    it.layer.at_main = 0;
  }
  it.layer.lambda_pj_per_s = 0;
  plan_layer_solve(&it.layer, 1e12 * best.joule * (1 - e));
  assert_false(it.layer.best.found);
  assert_true(e * e < near);
  close_layer(&it);
}

static void no_plan_of_a_decode_takes_less(void **state) {
  (void)state;
  prove_plan("gpt3-decode");
}

/* On `simple` all words cost the same everywhere: what is fused takes as much
 * as what is not, and more where it is copied. */
static void on_simple_fusing_gains_nothing(void **state) {
  (void)state;
  static const char *const archs[] = {"simple", "simple"};
  static const char *const workloads[] = {"gpt3-prefill", "gpt3-decode"};
  for (unsigned w = 0; w < 2; w++) {
    static layer_case it;
    double total[2] = {0};
    recorded record;
    read_total_of(total, "simple", workloads[w]);
    open_layer_on(&it, workloads[w], archs, false, true);
    it.layer.lambda_pj_per_s = 1e12 * total[0] / total[1];
    plan_layer_solve(&it.layer, (double)INFINITY);
    assert_true(it.layer.best.found);
    begin_record(&record);
    while (next_record(&record, "simple", workloads[w])) {
      if (strcmp(record.at.kind, "operation") == 0) {
        const cds_cost *cost =
            &it.layer.best.cost[operation_named(&it, record.at.operation)];
        assert_cost(&record.at, cost->energy_pj, cost->latency_s);
      } else if (strcmp(record.at.kind, "total") == 0) {
        const layer_sums best = sums_of(&it.layer.best);
        assert_cost(&record.at, 1e12 * best.joule, best.seconds);
      }
    }
    close_layer(&it);
  }
}

/* Literal counts, any ranks on any axis of the arrays, any part of them in use:
 * the recorded plan, which is the best one then, too (`plans`). */
static void check_free_plan(const char *workload, const recorded_stage *plan,
                            double edp) {
  static layer_case it;
  static layer_run run;
  double total[2] = {0};
  read_total(total, workload);
  open_layer(&it, workload, false, false);
  run_layer(&run, &it, plan, total);
  assert_true(1e-12 * run.energy_pj * run.latency_s < total[0] * total[1]);
  assert_close(1e-12 * run.energy_pj * run.latency_s, edp, near);
  close_layer(&it);
}

static void free_of_its_space_the_plans_take_less(void **state) {
  (void)state;
  check_free_plan("gpt3-decode", decode, 1.2730332e-3);
  check_free_plan("gpt3-prefill", prefill, 6.5655576e-2);
}

static void search_free_plan(const char *workload, double edp) {
  static layer_case it;
  double total[2] = {0};
  read_total(total, workload);
  open_layer(&it, workload, false, false);
  it.layer.lambda_pj_per_s = 1e12 * total[0] / total[1];
  plan_layer_solve(&it.layer, 2e12 * total[0]);
  assert_true(it.layer.best.found);
  const layer_sums best = sums_of(&it.layer.best);
  assert_close(best.joule * best.seconds, edp, near);
  close_layer(&it);
}

static void no_plan_of_a_prefill_takes_less(void **state) {
  (void)state;
  search_free_plan("gpt3-decode", 1.2730332e-3);
  search_free_plan("gpt3-prefill", 6.5655576e-2);
  prove_plan("gpt3-prefill");
}

/* Usage: test_accelforge_fused [plans]
 * plans: the choice of plans that takes long instead, half an hour. */
int main(int argc, char **argv) {
  const struct CMUnitTest plans[] = {
      cmocka_unit_test(no_plan_of_a_prefill_takes_less)};
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_best_chains_are_those_recorded),
      cmocka_unit_test(free_chains_take_no_more),
      cmocka_unit_test(both_searches_agree_on_chains),
      cmocka_unit_test(each_operation_of_a_decode_is_that_recorded),
      cmocka_unit_test(each_operation_of_a_prefill_is_that_recorded),
      cmocka_unit_test(literal_counts_differ_in_one_term),
      cmocka_unit_test(no_plan_of_a_decode_takes_less),
      cmocka_unit_test(on_simple_fusing_gains_nothing),
      cmocka_unit_test(free_of_its_space_the_plans_take_less),
  };
  return argc > 1 && strcmp(argv[1], "plans") == 0
             ? cmocka_run_group_tests(plans, NULL, NULL)
             : cmocka_run_group_tests(tests, NULL, NULL);
}
