/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The closed forms of fused groups against literal execution, on random chains
 * of einsums under outer loops and homes: every field of the counts of every
 * stage, and the room that each takes, no mismatch.
 *
 * Usage: test_fusion_literal [quick] [seed N] [cases N] [case N] [reports N]
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count/fusion.h"
#include "oracle/arguments.h"
#include "price/passes.h"
#include "spec/operations.h"
#include "support/execute_group.h"
#include "support/random_group.h"
#include "support/same_counts.h"

enum { CASES = 5000, CASES_QUICK = 500, FEW = 500 };
enum {
  SHOWS_REPLACED = 1 << 16,  /* an operand's tile at home */
  SHOWS_WENT = 1 << 17,      /* an output's tile at home */
  SHOWS_CAME_BACK = 1 << 18, /* partial sums from the outermost level */
  SHOWS_TILES = 1 << 19,     /* rows of a softmax come in tiles */
  SHOWS_OUTSIDE = 1 << 20,   /* the output is not at home meanwhile */
  SHOWS_RETURN = 1 << 21,    /* states come back */
  SHOWS_STRIPS = 1 << 22,    /* a row of the output is in several strips */
  SHOWS_MANY = 1 << 23,      /* several states at home or outside */
  SHOWS_SKIPPED = 1 << 24,   /* passes that are masked */
  SHOWS_FEWER = 1 << 25,     /* loops on queries and keys, others between */
  SHOWS_KEYS_FIRST = 1 << 26,
  SHOWS_PAST = 1 << 27, /* keys before the first query */
  SHOWS_ALL = 29,
  SHOWS_AGAIN = 1 << 29 /* an operation fetches something again */
};
static const char *const shows_name[SHOWS_ALL] = {"three stages",
                                                  "four stages",
                                                  "windows",
                                                  "shared at home",
                                                  "used later",
                                                  "used and kept",
                                                  "recomputation",
                                                  "rounds",
                                                  "three loops",
                                                  "arrays",
                                                  "links",
                                                  "side by side",
                                                  "interleaved",
                                                  "uneven inside",
                                                  "adding outside",
                                                  "homes at two levels",
                                                  "operands replaced",
                                                  "outputs replaced",
                                                  "outputs back",
                                                  "tiles of rows",
                                                  "output outside",
                                                  "states return",
                                                  "strips of rows",
                                                  "several strips",
                                                  "passes skipped",
                                                  "loops between",
                                                  "keys outside",
                                                  "keys before",
                                                  "pipelined"};

/* The operation as a workload has it. */
static cds_operation whole_softmax(const random_group *it) {
  const cds_einsum *shape = &it->einsum[it->softmax];
  const cds_precision formats = {.accumulator = *cds_format_find("fp32")};
  cds_operation_size size = {.rows = 1};
  for (unsigned r = 0; r + 1 < shape->ranks; r++) {
    size.rows *= shape->rank[r].size;
  }
  size.length = shape->rank[shape->ranks - 1].size;
  cds_operation out;
  if (cds_operation_make(&out, cds_operation_kind_find("softmax"), &size,
                         &formats) != CDS_OK) {
    abort();
  }
  out.input[0].format = shape->tensor[0].format;
  out.output.format = shape->tensor[1].format;
  return out;
}

/* Ranks of more than one index: others are one or not, which changes nothing.
 */
static unsigned long_ranks(const cds_fused_group *group) {
  unsigned count = 0;
  for (unsigned r = 0; r < group->ranks; r++) {
    count += group->rank[r].size > 1;
  }
  return count;
}

/* The group as the library joins it: the same ranks, however numbered, and the
 * same tensors. `rank`: the library's number of each of ours. */
static bool joined(const random_group *it, cds_fused_group *group,
                   unsigned rank[CDS_FUSED_RANKS_MAX], difference *where) {
  static cds_operation softmax;
  const cds_einsum *einsum[CDS_STAGES_MAX] = {NULL};
  unsigned same[CDS_STAGES_MAX][CDS_TENSORS_MAX];
  memcpy(same, it->same, sizeof same);
  for (unsigned s = 0; s < it->stages; s++) {
    einsum[s] = &it->einsum[s];
  }
  if (cds_fused_group_join(group, it->stages, einsum, same, it->kept) !=
      CDS_OK) {
    snprintf(where->text, sizeof where->text, "the einsums do not join");
    return false;
  }
  bool good = long_ranks(group) == long_ranks(&it->group) &&
              group->tensors == it->group.tensors;
  for (unsigned s = 0; s < it->stages; s++) {
    for (unsigned r = 0; r < it->einsum[s].ranks; r++) {
      rank[it->group.stage[s].rank[r]] = group->stage[s].rank[r];
    }
  }
  for (unsigned s = 0; s < it->stages; s++) {
    for (unsigned r = 0; r < it->einsum[s].ranks; r++) {
      good =
          good && (it->einsum[s].rank[r].size == 1 ||
                   rank[it->group.stage[s].rank[r]] == group->stage[s].rank[r]);
    }
  }
  for (unsigned t = 0; good && t < group->tensors; t++) {
    const cds_fused_tensor *a = &group->tensor[t], *b = &it->group.tensor[t];
    good = a->maker == b->maker && a->first == b->first && a->last == b->last &&
           a->intermediate == b->intermediate;
  }
  if (!good) {
    snprintf(where->text, sizeof where->text, "the einsums join otherwise");
  }
  if (it->softmax < CDS_STAGES_MAX) {
    softmax = whole_softmax(it);
    cds_fused_operate(group, it->softmax, &softmax);
  }
  for (unsigned s = 0; good && s < it->stages; s++) {
    if (it->other[s].kind != NULL) {
      cds_fused_operate(group, s, &it->other[s]);
    }
  }
  const cds_fused_mask *mask = &it->group.mask;
  if (good && mask->here &&
      cds_fused_mask_set(group, rank[mask->query], rank[mask->key],
                         mask->offset) != CDS_OK) {
    snprintf(where->text, sizeof where->text, "the mask is refused");
    good = false;
  }
  return good;
}

/* Bits at a level that the stage's own tiles take, other than those at home. */
static uint64_t inner_bits(const random_group *it, unsigned s,
                           const cds_counts *counts, unsigned level) {
  uint64_t sum = 0;
  for (unsigned t = 0; t < it->einsum[s].tensors; t++) {
    const cds_traffic *at = &counts->at[level][t];
    const cds_tensor *tensor = &it->einsum[s].tensor[t];
    bool home = false;
    for (unsigned n = 0; n < it->mapping.outer.nodes; n++) {
      const cds_outer_node *node = &it->mapping.outer.node[n];
      home = home || (node->kind == CDS_OUTER_HOLD && node->level == level &&
                      node->tensor == it->same[s][t]);
    }
    if (at->held && !home) {
      const bool twice =
          at->replaced && it->arch.level[level].buffering == CDS_BUFFER_DOUBLE;
      sum += at->tile_words * (twice ? 2 : 1) *
             (at->partial_tile ? tensor->accumulator : tensor->format).bits;
    }
  }
  return sum;
}

static bool same_room(const random_group *it, const executed *literal,
                      const cds_fused_pass *pass, const cds_counts *closed,
                      unsigned s, difference *where) {
  uint64_t need[CDS_LEVELS_MAX];
  cds_price_needs(need, &it->arch, &pass->einsum, closed);
  for (unsigned level = 1; level < it->arch.levels; level++) {
    const uint64_t bits = literal->need_bits[s][level] +
                          inner_bits(it, s, &literal->counts[s], level);
    if (bits != need[level]) {
      snprintf(where->text, sizeof where->text,
               "stage %u level %u needs %" PRIu64 " bits, literal %" PRIu64, s,
               level, need[level], bits);
      return false;
    }
  }
  return true;
}

/* ---- softmax ------------------------------------------------------------ */

/* Bits only have prices, primes but for the primitives' factor, so that no
 * error hides behind another; and time is the unit's. */
static void price_unit(cds_arch *arch) {
  static const double prime[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
  cds_vector *unit = &arch->vector[0];
  arch->clock_hz = 1;
  for (unsigned l = 0; l < arch->levels; l++) {
    cds_level *level = &arch->level[l];
    level->width_bits = 1;
    level->size_bits = UINT64_MAX;
    level->read_bandwidth = level->write_bandwidth = level->shared_bandwidth =
        (double)INFINITY;
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      level->price[a] =
          (cds_access_price){.bit_pj = prime[(4 * l + a) % 12] * (1 + l / 3)};
    }
  }
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    unit->cycles[p] = 1 + p;
    unit->energy_pj[p] = 4096 * prime[p];
  }
}

static unsigned word_bits(const random_group *it, executed_words which) {
  const cds_einsum *shape = &it->einsum[it->softmax];
  const cds_einsum *user = &it->einsum[it->stages - 1];
  const cds_tensor *output = &user->tensor[user->tensors - 1];
  switch (which) {
  case EXECUTED_SCORES:
    return shape->tensor[0].format.bits;
  case EXECUTED_WEIGHTS:
    return shape->tensor[1].format.bits;
  case EXECUTED_STATES:
    return 32;
  case EXECUTED_SUMS:
    return output->accumulator.bits;
  case EXECUTED_RESULTS:
  case EXECUTED_WORDS:
    break;
  }
  return output->format.bits;
}

/* Energy and time of what was executed. */
static void literal_cost(double *energy_pj, double *cycles,
                         const random_group *it, const cds_arch *arch,
                         const executed_operation *literal) {
  const cds_vector *unit = &arch->vector[0];
  *energy_pj = *cycles = 0;
  for (unsigned l = 0; l < arch->levels; l++) {
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      for (unsigned w = 0; w < EXECUTED_WORDS; w++) {
        *energy_pj += (double)literal->words[l][a][w] *
                      word_bits(it, (executed_words)w) *
                      arch->level[l].price[a].bit_pj;
      }
    }
  }
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    *energy_pj += (double)literal->primitive[p] * unit->energy_pj[p];
    *cycles +=
        (double)literal->primitive[p] * unit->cycles[p] / (double)unit->lanes;
  }
  for (uint64_t n = 1; n < unit->lanes; n *= 2) {
    *cycles += (double)literal->rows;
  }
}

static bool same_words(const uint64_t *closed,
                       const executed_operation *literal, cds_action action,
                       unsigned levels, difference *where) {
  for (unsigned l = 0; l < levels; l++) {
    uint64_t words = 0;
    for (unsigned w = 0; w < EXECUTED_WORDS; w++) {
      words += literal->words[l][action][w];
    }
    if (closed[l] != words) {
      snprintf(where->text, sizeof where->text,
               "softmax, level %u action %u: %" PRIu64
               " words, literal %" PRIu64,
               l, (unsigned)action, closed[l], words);
      return false;
    }
  }
  return true;
}

/* Room of operands and the result of an operation, beside what others take. */
static bool same_unit_room(const random_group *it, const executed *literal,
                           const cds_fused_pass *pass, unsigned s,
                           difference *where) {
  for (unsigned l = 1; l < it->arch.levels; l++) {
    uint64_t bits = pass->stage.taken_bits[l];
    for (unsigned t = 0; t < it->einsum[s].tensors; t++) {
      const cds_home *home = &pass->stage.home[t];
      const bool twice =
          home->replaced && it->arch.level[l].buffering == CDS_BUFFER_DOUBLE;
      bits += home->level == l ? home->tile_words * (twice ? 2 : 1) *
                                     it->einsum[s].tensor[t].format.bits
                               : 0;
    }
    if (bits != literal->need_bits[s][l]) {
      snprintf(where->text, sizeof where->text,
               "unit %u, level %u needs %" PRIu64 " bits, literal %" PRIu64, s,
               l, bits, literal->need_bits[s][l]);
      return false;
    }
  }
  return true;
}

static bool same_softmax(const random_group *it, const executed *literal,
                         const cds_fused_group *group,
                         const cds_fused_pass *pass, difference *where) {
  static cds_arch arch;
  const executed_operation *done = &literal->softmax[it->softmax];
  cds_cost cost;
  cds_operation_counts counts;
  double energy_pj = 0, cycles = 0;
  arch = it->arch;
  price_unit(&arch);
  if (cds_price_passes(&cost, &counts, &arch, &pass->einsum,
                       group->stage[it->softmax].operation,
                       (double)INFINITY) != CDS_OK) {
    snprintf(where->text, sizeof where->text, "the softmax is not priced");
    return false;
  }
  literal_cost(&energy_pj, &cycles, it, &arch, done);
  if (cost.dynamic_pj != energy_pj || cost.cycles != cycles) {
    snprintf(where->text, sizeof where->text,
             "softmax: %.8g pJ, %.8g cycles, literal %.8g pJ, %.8g cycles",
             cost.dynamic_pj, cost.cycles, energy_pj, cycles);
    return false;
  }
  return same_words(counts.reads, done, CDS_READ, arch.levels, where) &&
         same_words(counts.fills, done, CDS_FILL, arch.levels, where) &&
         same_words(counts.updates, done, CDS_UPDATE, arch.levels, where) &&
         same_words(counts.drains, done, CDS_DRAIN, arch.levels, where) &&
         same_unit_room(it, literal, pass, it->softmax, where);
}

/* ---- other operations ---------------------------------------------------- */

static unsigned operand_bits(const cds_operation *operation, unsigned i) {
  return (i < operation->inputs ? operation->input[i] : operation->output)
      .format.bits;
}

static bool same_row_words(const uint64_t *closed, const executed_rows *literal,
                           cds_action action, const random_group *it,
                           difference *where) {
  for (unsigned l = 0; l < it->arch.levels; l++) {
    uint64_t words = 0;
    for (unsigned i = 0; i <= CDS_OPERANDS_MAX; i++) {
      words += literal->words[l][action][i];
    }
    if (closed[l] != words) {
      snprintf(where->text, sizeof where->text,
               "operation, level %u action %u: %" PRIu64
               " words, literal %" PRIu64,
               l, (unsigned)action, closed[l], words);
      return false;
    }
  }
  return true;
}

static bool same_rows(const random_group *it, const executed *literal,
                      const cds_fused_pass *pass, unsigned s,
                      difference *where) {
  static cds_arch arch;
  const cds_operation *operation = &it->other[s];
  const executed_rows *done = &literal->rows[s];
  const cds_vector *unit = &it->arch.vector[0];
  cds_cost cost;
  cds_operation_counts counts;
  double energy_pj = 0, cycles = 0;
  arch = it->arch;
  price_unit(&arch);
  arch.level[unit->level].size_bits = it->arch.level[unit->level].size_bits;
  if (cds_price_passes(&cost, &counts, &arch, &pass->einsum, operation,
                       (double)INFINITY) != CDS_OK) {
    snprintf(where->text, sizeof where->text, "an operation is not priced");
    return false;
  }
  unit = &arch.vector[0];
  for (unsigned l = 0; l < arch.levels; l++) {
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      for (unsigned i = 0; i <= operation->inputs; i++) {
        energy_pj += (double)done->words[l][a][i] * operand_bits(operation, i) *
                     arch.level[l].price[a].bit_pj;
      }
    }
  }
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    energy_pj += (double)done->primitive[p] * unit->energy_pj[p];
    cycles +=
        (double)done->primitive[p] * unit->cycles[p] / (double)unit->lanes;
  }
  for (uint64_t n = 1; n < unit->lanes; n *= 2) {
    cycles += (double)done->reduced;
  }
  if (cost.dynamic_pj != energy_pj || cost.cycles != cycles) {
    snprintf(where->text, sizeof where->text,
             "%s: %.8g pJ, %.8g cycles, literal %.8g pJ, %.8g cycles",
             operation->kind, cost.dynamic_pj, cost.cycles, energy_pj, cycles);
    return false;
  }
  return same_row_words(counts.reads, done, CDS_READ, it, where) &&
         same_row_words(counts.fills, done, CDS_FILL, it, where) &&
         same_row_words(counts.updates, done, CDS_UPDATE, it, where) &&
         same_row_words(counts.drains, done, CDS_DRAIN, it, where) &&
         same_unit_room(it, literal, pass, s, where);
}

/* ---- cases -------------------------------------------------------------- */

static bool same_stage(const random_group *it, const executed *literal,
                       const cds_fused_group *group,
                       const cds_fused_mapping *mapping, unsigned s,
                       cds_arena *arena, difference *where) {
  static cds_fused_pass pass;
  static cds_counts closed;
  difference inner = {""};
  const cds_status set =
      cds_fused_pass_set(&pass, group, &it->arch, &mapping->outer, s, arena);
  if (set == CDS_OK && s == it->softmax) {
    return same_softmax(it, literal, group, &pass, where);
  }
  if (set == CDS_OK && it->other[s].kind != NULL) {
    return same_rows(it, literal, &pass, s, where);
  }
  if (set != CDS_OK || cds_count(&closed, &it->arch, &pass.einsum,
                                 &mapping->inner[s], arena) != CDS_OK) {
    snprintf(where->text, sizeof where->text, "stage %u is not counted", s);
    return false;
  }
  if (!same_counts(&closed, &literal->counts[s], &inner)) {
    snprintf(where->text, sizeof where->text, "stage %u: %.100s", s,
             inner.text);
    return false;
  }
  return same_room(it, literal, &pass, &closed, s, where);
}

static unsigned look_at_tiles(const random_group *it, const executed *literal) {
  const executed_operation *done = &literal->softmax[it->softmax];
  const cds_einsum *shape = &it->einsum[it->softmax];
  uint64_t rows = 1;
  for (unsigned r = 0; r + 1 < shape->ranks; r++) {
    rows *= shape->rank[r].size;
  }
  uint64_t states = 0;
  for (unsigned l = 1; l < it->arch.levels; l++) {
    states += done->words[l][CDS_UPDATE][EXECUTED_STATES];
  }
  const uint64_t tiles = done->rescaled;
  states -= it->mapping.outer.pipelined ? tiles : 0; /* factors */
  unsigned shows = tiles > 0 ? SHOWS_TILES : 0U;
  shows |= done->words[0][CDS_UPDATE][EXECUTED_RESULTS] > 0 ? SHOWS_OUTSIDE : 0;
  shows |= done->returned > 0 ? SHOWS_RETURN : 0U;
  /* Strips: each state is written once more than it is rescaled. */
  const uint64_t strips = states / 2 - tiles;
  shows |= tiles > 0 && strips > rows ? SHOWS_STRIPS : 0U;
  shows |= tiles > 0 && strips > 1 ? SHOWS_MANY : 0U;
  return shows;
}

static unsigned look_at_mask(const random_group *it, const executed *literal) {
  const cds_fused_mask *mask = &it->group.mask;
  unsigned shows = literal->skipped > 0 ? SHOWS_SKIPPED : 0U;
  shows |= mask->offset > 0 ? SHOWS_PAST : 0U;
  unsigned seen = 0;
  bool between = false;
  for (unsigned n = 0; n < it->mapping.outer.nodes && seen < 2; n++) {
    const cds_outer_node *node = &it->mapping.outer.node[n];
    const bool loop = node->kind == CDS_OUTER_FOR;
    const bool key = loop && node->rank == mask->key;
    shows |= key && seen == 0 && literal->skipped > 0 ? SHOWS_KEYS_FIRST : 0U;
    seen += key || (loop && node->rank == mask->query);
    between =
        between || (loop && seen == 1 && !key && node->rank != mask->query);
  }
  shows |= between && literal->skipped > 0 ? SHOWS_FEWER : 0U;
  return shows;
}

static unsigned look_at(const random_group *it, const executed *literal) {
  unsigned shows = it->shows;
  if (it->softmax < CDS_STAGES_MAX) {
    shows |= look_at_tiles(it, literal);
    shows |= it->group.mask.here ? look_at_mask(it, literal) : 0U;
  }
  shows |= literal->came_back ? SHOWS_CAME_BACK : 0U;
  for (unsigned s = 0; s < it->stages; s++) {
    shows |=
        it->other[s].kind != NULL && literal->rows[s].again ? SHOWS_AGAIN : 0U;
  }
  for (unsigned n = 0; n < it->mapping.outer.nodes; n++) {
    const cds_outer_node *node = &it->mapping.outer.node[n];
    for (unsigned s = 0; node->kind == CDS_OUTER_HOLD && s < it->stages; s++) {
      for (unsigned t = 0; t < it->einsum[s].tensors; t++) {
        if (it->same[s][t] == node->tensor &&
            literal->counts[s].at[node->level][t].replaced) {
          shows |= t + 1 < it->einsum[s].tensors ? SHOWS_REPLACED : SHOWS_WENT;
        }
      }
    }
  }
  return shows;
}

/* Executes the group; with other operations again, where the level of their
 * unit has about as much room as they need beside the homes. */
static bool execute(executed *literal, random_group *it,
                    simulate_message *message) {
  bool any = false;
  for (unsigned s = 0; s < it->stages; s++) {
    literal->left_bits[s] = UINT64_MAX;
    any = any || it->other[s].kind != NULL;
  }
  bool good =
      execute_group(literal, &it->arch, &it->group, &it->mapping, message);
  if (!any || !good) {
    return good;
  }
  const unsigned at = it->arch.vector[0].level;
  uint64_t most = 0;
  for (unsigned s = 0; s < it->stages; s++) {
    const uint64_t need = literal->need_bits[s][at];
    most = it->other[s].kind != NULL && need > most ? need : most;
  }
  it->arch.level[at].size_bits = most + it->number * 37 % 400;
  for (unsigned s = 0; s < it->stages; s++) {
    literal->left_bits[s] =
        it->arch.level[at].size_bits - literal->need_bits[s][at];
  }
  return execute_group(literal, &it->arch, &it->group, &it->mapping, message);
}

static bool check_case(random_group *it, cds_arena *arena, unsigned *shows) {
  static executed literal;
  static cds_fused_group group;
  static cds_fused_mapping mapping;
  unsigned rank[CDS_FUSED_RANKS_MAX] = {0};
  simulate_message message = {""};
  difference where = {""};
  bool good = joined(it, &group, rank, &where);
  mapping = it->mapping;
  for (unsigned n = 0; n < mapping.outer.nodes; n++) {
    mapping.outer.node[n].rank = rank[mapping.outer.node[n].rank];
  }
  const char *wrong =
      good ? cds_fused_outer_wrong(&group, &it->arch, &mapping.outer) : NULL;
  if (wrong != NULL) {
    snprintf(where.text, sizeof where.text, "refused: %.100s", wrong);
    good = false;
  }
  if (good && !execute(&literal, it, &message)) {
    snprintf(where.text, sizeof where.text, "execution: %.100s", message.text);
    good = false;
  }
  for (unsigned s = 0; good && s < it->stages; s++) {
    good = same_stage(it, &literal, &group, &mapping, s, arena, &where);
  }
  *shows = look_at(it, &literal);
  if (!good) {
    printf("mismatch: %s\n  ", where.text);
    random_group_write(stdout, it);
  }
  return good;
}

/* What the generators never show. */
enum {
  NOT_IN_CHAINS =
      SHOWS_TILES | SHOWS_OUTSIDE | SHOWS_RETURN | SHOWS_STRIPS | SHOWS_MANY,
  OF_MASKS = SHOWS_SKIPPED | SHOWS_FEWER | SHOWS_KEYS_FIRST | SHOWS_PAST,
  NOT_IN_MASKED = GROUP_WINDOWS | GROUP_KEPT | GROUP_SKIPS
};

static bool shares_are_wide(const uint64_t seen[SHOWS_ALL], uint64_t cases,
                            unsigned never) {
  bool wide = true;
  for (unsigned i = 0; i < SHOWS_ALL; i++) {
    if ((never >> i & 1U) != 0) {
      continue;
    }
    printf("  %-19s %6" PRIu64 " cases, %4.1f %%\n", shows_name[i], seen[i],
           100.0 * (double)seen[i] / (double)cases);
    if (seen[i] * 20 < cases) {
      printf("  '%s' is shown by fewer than 5 %% of the cases\n",
             shows_name[i]);
      wide = false;
    }
  }
  return wide;
}

typedef struct family {
  const char *name;
  void (*make)(random_group *out, uint64_t seed, uint64_t number);
  unsigned never; /* what the generator does not show */
} family;

/* What groups with operations show, beside what the others do. */
enum { ROWS_AGAIN = SUM_SHOWS, ROWS_SHOWS };
static const char *const rows_name[ROWS_SHOWS] = {
    "rows from outside", "parameters",    "values",        "reductions",
    "results leave",     "results go on", "cut rows",      "padding",
    "windows between",   "kept at home",  "used and kept", "shared with rows",
    "fetched again"};
enum {
  NOT_IN_TAILS = TAIL_KEPT_HOME | TAIL_KEPT | TAIL_SHARED,
  NOT_IN_SUMS = TAIL_PADDING | TAIL_SLIDES
};

static bool rows_are_wide(const uint64_t seen[ROWS_SHOWS], uint64_t cases,
                          unsigned never) {
  bool wide = true;
  for (unsigned i = 0; i < ROWS_SHOWS; i++) {
    if ((never >> i & 1U) == 0) {
      printf("  %-19s %6" PRIu64 " cases\n", rows_name[i], seen[i]);
      wide = wide && seen[i] * 40 >= cases;
    }
  }
  return wide;
}

/* With operations: rows_again is of the execution. */
static bool check_rows(const test_arguments *o, const family *of,
                       cds_arena *arena) {
  random_group *it = malloc(sizeof *it);
  if (it == NULL) {
    return false;
  }
  uint64_t mismatches = 0, seen[ROWS_SHOWS] = {0};
  for (uint64_t i = 0; i < o->cases && mismatches < o->reports; i++) {
    unsigned shows = 0;
    of->make(it, o->seed, o->first + i);
    mismatches += !check_case(it, arena, &shows);
    for (unsigned s = 0; s < SUM_SHOWS; s++) {
      seen[s] += it->tail_shows >> s & 1U;
    }
    seen[ROWS_AGAIN] += (shows & SHOWS_AGAIN) != 0;
  }
  printf("%" PRIu64 " groups %s of seed %" PRIu64 ", %" PRIu64 " mismatches\n",
         o->cases, of->name, o->seed, mismatches);
  free(it);
  return mismatches == 0 &&
         (o->cases < FEW || rows_are_wide(seen, o->cases, of->never));
}

static bool check_all(const test_arguments *o, const family *of,
                      cds_arena *arena) {
  random_group *it = malloc(sizeof *it);
  if (it == NULL) {
    return false;
  }
  uint64_t mismatches = 0, seen[SHOWS_ALL] = {0};
  for (uint64_t i = 0; i < o->cases && mismatches < o->reports; i++) {
    unsigned shows = 0;
    of->make(it, o->seed, o->first + i);
    mismatches += !check_case(it, arena, &shows);
    for (unsigned s = 0; s < SHOWS_ALL; s++) {
      seen[s] += shows >> s & 1;
    }
  }
  printf("%" PRIu64 " groups %s of seed %" PRIu64 ", %" PRIu64 " mismatches\n",
         o->cases, of->name, o->seed, mismatches);
  free(it);
  return mismatches == 0 &&
         (o->cases < FEW || shares_are_wide(seen, o->cases, of->never));
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 1, .cases = CASES, .quick = CASES_QUICK, .reports = 5};
  const test_arguments o = test_arguments_read(&usual, argc, argv);
  cds_arena *arena = cds_arena_new();
  if (arena == NULL) {
    return EXIT_FAILURE;
  }
  static const family families[] = {
      {"of products", random_group_make, NOT_IN_CHAINS | OF_MASKS},
      {"with a softmax", random_attention_make, NOT_IN_MASKED | OF_MASKS},
      {"with a mask", random_masked_make, NOT_IN_MASKED}};

  bool good = true;
  for (unsigned i = 0; i < sizeof families / sizeof *families; i++) {
    good = check_all(&o, &families[i], arena) && good;
  }
  static const family rows[] = {
      {"with operations", random_tail_make, NOT_IN_TAILS},
      {"with norms and sums", random_sum_make, NOT_IN_SUMS}};
  for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
    good = check_rows(&o, &rows[i], arena) && good;
  }
  cds_arena_free(arena);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
