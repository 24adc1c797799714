/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The closed forms of fused groups against literal execution, on random chains
 * of einsums under outer loops and homes: every field of the counts of every
 * stage, and the room that each takes, no mismatch.
 *
 * Usage: test_fusion_literal [quick] [seed N] [cases N] [case N] [reports N]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count/fusion.h"
#include "oracle/arguments.h"
#include "price/price.h"
#include "support/execute_group.h"
#include "support/random_group.h"
#include "support/same_counts.h"

enum { CASES = 5000, CASES_QUICK = 500, FEW = 500 };
enum {
  SHOWS_REPLACED = 1 << 16,  /* an operand's tile at home */
  SHOWS_WENT = 1 << 17,      /* an output's tile at home */
  SHOWS_CAME_BACK = 1 << 18, /* partial sums from the outermost level */
  SHOWS = 19
};
static const char *const shows_name[SHOWS] = {"three stages",
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
                                              "outputs back"};

/* The group as the library joins it: the same ranks, however numbered, and the
 * same tensors. `rank`: the library's number of each of ours. */
static bool joined(const random_group *it, cds_fused_group *group,
                   unsigned rank[CDS_FUSED_RANKS_MAX], difference *where) {
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
  bool good =
      group->ranks == it->group.ranks && group->tensors == it->group.tensors;
  for (unsigned s = 0; s < it->stages; s++) {
    for (unsigned r = 0; r < it->einsum[s].ranks; r++) {
      rank[it->group.stage[s].rank[r]] = group->stage[s].rank[r];
    }
  }
  for (unsigned s = 0; s < it->stages; s++) {
    for (unsigned r = 0; r < it->einsum[s].ranks; r++) {
      good =
          good && rank[it->group.stage[s].rank[r]] == group->stage[s].rank[r];
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

static bool same_stage(const random_group *it, const executed *literal,
                       const cds_fused_group *group,
                       const cds_fused_mapping *mapping, unsigned s,
                       cds_arena *arena, difference *where) {
  static cds_fused_pass pass;
  static cds_counts closed;
  difference inner = {""};
  if (cds_fused_pass_set(&pass, group, &it->arch, &mapping->outer, s, arena) !=
          CDS_OK ||
      cds_count(&closed, &it->arch, &pass.einsum, &mapping->inner[s], arena) !=
          CDS_OK) {
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

static unsigned look_at(const random_group *it, const executed *literal) {
  unsigned shows = it->shows;
  shows |= literal->came_back ? SHOWS_CAME_BACK : 0U;
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

static bool check_case(const random_group *it, cds_arena *arena,
                       unsigned *shows) {
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
  if (good &&
      !execute_group(&literal, &it->arch, &it->group, &it->mapping, &message)) {
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

static bool shares_are_wide(const uint64_t seen[SHOWS], uint64_t cases) {
  bool wide = true;
  for (unsigned i = 0; i < SHOWS; i++) {
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

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 1, .cases = CASES, .quick = CASES_QUICK, .reports = 5};
  const test_arguments o = test_arguments_read(&usual, argc, argv);
  cds_arena *arena = cds_arena_new();
  random_group *it = malloc(sizeof *it);
  if (arena == NULL || it == NULL) {
    return EXIT_FAILURE;
  }
  uint64_t mismatches = 0, seen[SHOWS] = {0};
  for (uint64_t i = 0; i < o.cases && mismatches < o.reports; i++) {
    unsigned shows = 0;
    random_group_make(it, o.seed, o.first + i);
    mismatches += !check_case(it, arena, &shows);
    for (unsigned s = 0; s < SHOWS; s++) {
      seen[s] += shows >> s & 1;
    }
  }
  printf("%" PRIu64 " groups of seed %" PRIu64 ", %" PRIu64 " mismatches\n",
         o.cases, o.seed, mismatches);
  const bool wide = o.cases < FEW || shares_are_wide(seen, o.cases);
  free(it);
  cds_arena_free(arena);
  return mismatches == 0 && wide ? EXIT_SUCCESS : EXIT_FAILURE;
}
