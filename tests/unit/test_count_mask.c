/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Masks of fused groups: what is refused, and which passes they leave, against
 * all pairs of a query and a key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "count/mask.h"
#include "spec/workload.h"
#include "support/nest.h"

enum { STAGES = 3, SIZES = 6 };

typedef struct sample {
  cds_einsum einsum[STAGES];
  char names[STAGES][200];
  cds_operation softmax;
  cds_fused_group group;
  unsigned m, t, f; /* ranks of the group */
} sample;

/* Queries m, keys t. */
static void join(sample *it, uint64_t queries, uint64_t keys, uint32_t kept) {
  static const char *const text[STAGES] = {
      "S[m,t] += Q[m,e] * K[t,e]; m 1, t 1, e 2", "P[m,t] += S[m,t]; m 1, t 1",
      "O[m,f] += P[m,t] * V[t,f]; m 1, t 1, f 4"};
  unsigned same[STAGES][CDS_TENSORS_MAX] = {{0, 1, 2}, {2, 3}, {3, 4, 5}};
  const cds_einsum *einsum[CDS_STAGES_MAX] = {NULL};
  memset(it, 0, sizeof *it);
  for (unsigned s = 0; s < STAGES; s++) {
    assert_true(einsum_read(&it->einsum[s], text[s], it->names[s]));
    for (unsigned r = 0; r < it->einsum[s].ranks; r++) {
      cds_rank *rank = &it->einsum[s].rank[r];
      rank->size = *rank->name == 'm'   ? queries
                   : *rank->name == 't' ? keys
                                        : rank->size;
    }
    einsum[s] = &it->einsum[s];
  }
  assert_int_equal(cds_fused_group_join(&it->group, STAGES, einsum, same, kept),
                   CDS_OK);
  it->softmax = (cds_operation){.kind = "softmax", .reduces = true};
  cds_fused_operate(&it->group, 1, &it->softmax);
  for (unsigned r = 0; r < it->group.ranks; r++) {
    const char name = *it->group.rank[r].name;
    it->m = name == 'm' ? r : it->m;
    it->t = name == 't' ? r : it->t;
    it->f = name == 'f' ? r : it->f;
  }
}

static void add_loop(cds_outer *outer, unsigned rank, uint64_t trips) {
  outer->node[outer->nodes++] =
      (cds_outer_node){.kind = CDS_OUTER_FOR, .rank = rank, .trips = trips};
}

static void add_hold(cds_outer *outer, unsigned tensor) {
  outer->node[outer->nodes++] =
      (cds_outer_node){.kind = CDS_OUTER_HOLD, .tensor = tensor, .level = 1};
}

/* Live pieces of keys of a piece of queries. */
static uint64_t literal_keys(uint64_t piece, uint64_t q, uint64_t p,
                             uint64_t keys, uint64_t offset) {
  uint64_t live = 0;
  for (uint64_t j = 0; j < keys; j++) {
    bool any = false;
    for (uint64_t i = 0; i < q; i++) {
      for (uint64_t k = 0; k < p; k++) {
        any = any || j * p + k <= piece * q + i + offset;
      }
    }
    live += any;
  }
  return live;
}

static void check_live(const sample *it, uint64_t queries, uint64_t keys,
                       double *least) {
  cds_outer outer = {.nodes = 0};
  cds_live live;
  const uint64_t q = it->group.rank[it->m].size / queries;
  const uint64_t p = it->group.rank[it->t].size / keys;
  add_loop(&outer, it->m, queries);
  add_loop(&outer, it->t, keys);
  cds_live_set(&live, &it->group, &outer);
  uint64_t pairs = 0, wide = 0, last = 0;
  for (uint64_t i = 0; i < queries; i++) {
    const uint64_t own = literal_keys(i, q, p, keys, it->group.mask.offset);
    pairs += own;
    wide += own > 1;
    last = i + 2 == queries ? own : last;
  }
  assert_int_equal(live.pairs, pairs);
  assert_int_equal(live.wide, wide);
  assert_int_equal(live.tall, last); /* keys of the last two pieces */
  if (keys > 1) {
    const double part =
        (double)(pairs - queries) / ((double)queries * (double)(keys - 1));
    *least = part < *least ? part : *least;
  }
}

static void live_pairs_are_those_with_a_pair_that_counts(void **state) {
  (void)state;
  static const uint64_t sizes[SIZES] = {1, 2, 6, 8, 12, 15};
  static sample it;
  for (unsigned a = 0; a < SIZES * SIZES; a++) {
    const uint64_t m = sizes[a / SIZES];
    const uint64_t t = sizes[a % SIZES];
    for (uint64_t more = 0; more < 20; more++) {
      join(&it, m, t, 0);
      const uint64_t offset = (t > m ? t - m : 0) + more;
      double least = 1;
      assert_int_equal(cds_fused_mask_set(&it.group, it.m, it.t, offset),
                       CDS_OK);
      for (uint64_t queries = 1; queries <= m; queries++) {
        for (uint64_t keys = 1; keys <= t; keys++) {
          if (m % queries == 0 && t % keys == 0) {
            check_live(&it, queries, keys, &least);
          }
        }
      }
      const double part = cds_mask_least_part(&it.group);
      assert_true(part <= least && part >= least * (1 - 1e-11));
    }
  }
}

static void pairs_of_a_causal_layer(void **state) {
  (void)state;
  for (uint64_t m = 1; m < 8; m++) {
    for (uint64_t t = 1; t < 8; t++) {
      for (uint64_t past = 0; past < 10; past++) {
        uint64_t pairs = 0;
        for (uint64_t q = 0; q < m; q++) {
          for (uint64_t k = 0; k < t; k++) {
            pairs += k <= q + past;
          }
        }
        assert_int_equal(cds_causal_pairs(m, t, past), pairs);
      }
    }
  }
}

static void halves_of_a_square(void **state) {
  (void)state;
  static sample it;
  join(&it, 131072, 131072, 0);
  assert_int_equal(cds_fused_mask_set(&it.group, it.m, it.t, 0), CDS_OK);
  cds_outer outer = {.nodes = 0};
  cds_live live;
  add_loop(&outer, it.t, 1024);
  add_loop(&outer, it.m, 1024);
  cds_live_set(&live, &it.group, &outer);
  assert_int_equal(live.pairs, 1024 * 1025 / 2);
  assert_true(cds_mask_least_part(&it.group) > 0.4999999);
}

static void masks_that_would_lose_something_are_refused(void **state) {
  (void)state;
  static sample it;
  join(&it, 4, 8, 0);
  assert_int_equal(cds_fused_mask_set(&it.group, it.m, it.t, 3), CDS_EINPUT);
  assert_int_equal(cds_fused_mask_set(&it.group, it.t, it.m, 4), CDS_EINPUT);
  assert_int_equal(cds_fused_mask_set(&it.group, it.f, it.t, 4), CDS_EINPUT);
  assert_int_equal(cds_fused_mask_set(&it.group, it.t, it.t, 4), CDS_EINPUT);
  assert_false(it.group.mask.here);
  assert_int_equal(cds_fused_mask_set(&it.group, it.m, it.t, 4), CDS_OK);
  join(&it, 4, 4, 1U << 2); /* scores are wanted afterwards */
  assert_int_equal(cds_fused_mask_set(&it.group, it.m, it.t, 0), CDS_EINPUT);
}

static const char *wrong(const sample *it, const cds_outer *outer, bool adds) {
  cds_arch arch = {.levels = 2};
  arch.level[1].accumulate = adds;
  return cds_fused_outer_wrong(&it->group, &arch, outer);
}

static void loops_under_a_mask(void **state) {
  (void)state;
  static sample it;
  join(&it, 8, 8, 0);
  assert_int_equal(cds_fused_mask_set(&it.group, it.m, it.t, 0), CDS_OK);
  cds_outer twice = {.nodes = 0};
  add_loop(&twice, it.t, 2);
  add_loop(&twice, it.m, 2);
  add_loop(&twice, it.t, 2);
  add_hold(&twice, 2);
  add_hold(&twice, 3);
  assert_string_equal(wrong(&it, &twice, false),
                      "a rank of the mask has several loops");
  /* The output's halves of f come back for the second keys: with queries of
   * the first half, which have all. */
  cds_outer back = {.nodes = 0};
  add_loop(&back, it.t, 2);
  add_loop(&back, it.f, 2);
  add_hold(&back, 5);
  add_loop(&back, it.m, 2);
  add_hold(&back, 2);
  add_hold(&back, 3);
  assert_string_equal(wrong(&it, &back, false),
                      "a mask would let results come back among sums");
  it.group.mask.here = false;
  assert_null(wrong(&it, &back, false));
  it.group.mask.here = true;
  /* One pass for the first queries, two for the second. */
  cds_outer few = {.nodes = 0};
  add_loop(&few, it.m, 2);
  add_loop(&few, it.t, 2);
  add_hold(&few, 2);
  add_hold(&few, 3);
  assert_null(wrong(&it, &few, false));
  assert_non_null(wrong(&it, &few, true));
  few.node[1].trips = 4; /* two, and four */
  assert_null(wrong(&it, &few, true));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(live_pairs_are_those_with_a_pair_that_counts),
      cmocka_unit_test(pairs_of_a_causal_layer),
      cmocka_unit_test(halves_of_a_square),
      cmocka_unit_test(masks_that_would_lose_something_are_refused),
      cmocka_unit_test(loops_under_a_mask),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
