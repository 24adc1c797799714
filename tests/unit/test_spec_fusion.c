/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which softmaxes may take their rows in tiles, and what such tiles take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "count/fusion.h"
#include "count/online.h"
#include "spec/operations.h"
#include "support/nest.h"

enum { MOST = 4 };

typedef struct sample {
  unsigned stages;
  const char *text[MOST];
  const char *operation[MOST];
  unsigned same[MOST][CDS_TENSORS_MAX];
  uint32_t kept;
  unsigned softmax; /* stage */
} sample;

#define SCORES "S[m,t] += Q[m,e] * K[t,e]; m 2, t 6, e 5"
#define WEIGHTS "P[m,t] += S[m,t]; m 2, t 6"
#define VALUES "O[m,f] += P[m,t] * V[t,f]; m 2, t 6, f 4"

typedef struct joined {
  cds_einsum einsum[MOST];
  char names[MOST][200];
  cds_operation operation[MOST];
  cds_fused_group group;
} joined;

static void join(joined *it, const sample *from) {
  const cds_einsum *einsum[CDS_STAGES_MAX] = {NULL};
  unsigned same[MOST][CDS_TENSORS_MAX];
  memset(it, 0, sizeof *it);
  memcpy(same, from->same, sizeof same);
  for (unsigned s = 0; s < from->stages; s++) {
    assert_true(einsum_read(&it->einsum[s], from->text[s], it->names[s]));
    einsum[s] = &it->einsum[s];
  }
  assert_int_equal(
      cds_fused_group_join(&it->group, from->stages, einsum, same, from->kept),
      CDS_OK);
  for (unsigned s = 0; s < from->stages; s++) {
    const cds_precision formats = {.accumulator = *cds_format_find("fp32")};
    const cds_operation_size size = {.rows = 2, .length = 6};
    if (from->operation[s] != NULL) {
      assert_int_equal(
          cds_operation_make(&it->operation[s],
                             cds_operation_kind_find(from->operation[s]), &size,
                             &formats),
          CDS_OK);
      cds_fused_operate(&it->group, s, &it->operation[s]);
    }
  }
}

/* Whether the softmax is online, and its rows may have loops. */
static bool online(const sample *from) {
  static joined it;
  join(&it, from);
  const cds_fused_einsum *stage = &it.group.stage[from->softmax];
  const unsigned row = stage->rank[stage->einsum->ranks - 1];
  assert_true(stage->online == (cds_fused_loop_wrong(&it.group, row) == NULL));
  return stage->online;
}

static const sample attention = {.stages = 3,
                                 .text = {SCORES, WEIGHTS, VALUES},
                                 .operation = {NULL, "softmax"},
                                 .same = {{0, 1, 2}, {2, 3}, {3, 4, 5}},
                                 .softmax = 1};

static void attention_may_be_online(void **state) {
  (void)state;
  assert_true(online(&attention));
}

static void other_operations_have_whole_rows(void **state) {
  (void)state;
  sample other = attention;
  other.operation[1] = "log_softmax";
  assert_false(online(&other));
  other.operation[1] = "normalize";
  assert_false(online(&other));
}

static void weights_that_are_wanted_are_of_whole_rows(void **state) {
  (void)state;
  sample kept = attention;
  kept.kept = 1U << 3;
  static joined it;
  join(&it, &kept);
  assert_false(it.group.stage[1].online);
}

static void weights_serve_one_product(void **state) {
  (void)state;
  const sample twice = {.stages = 4,
                        .text = {SCORES, WEIGHTS, VALUES,
                                 "R[m,g] += P[m,t] * W[t,g]; m 2, t 6, g 3"},
                        .operation = {NULL, "softmax"},
                        .same = {{0, 1, 2}, {2, 3}, {3, 4, 5}, {3, 6, 7}},
                        .softmax = 1};
  assert_false(online(&twice));
  const sample squared = {.stages = 3,
                          .text = {SCORES, WEIGHTS,
                                   "O[m,f] += P[m,t] * P[m,t] * V[t,f]; "
                                   "m 2, t 6, f 4"},
                          .operation = {NULL, "softmax"},
                          .same = {{0, 1, 2}, {2, 3}, {3, 3, 4, 5}},
                          .softmax = 1};
  assert_false(online(&squared));
  const sample scaled = {
      .stages = 3,
      .text = {SCORES, WEIGHTS, "O[m,t] += P[m,t]; m 2, t 6"},
      .operation = {NULL, "softmax", "scale"},
      .same = {{0, 1, 2}, {2, 3}, {3, 4}},
      .softmax = 1};
  assert_false(online(&scaled));
}

/* Rows of several softmaxes in one sum have maxima of their own. */
static void the_product_sums_over_keys_only(void **state) {
  (void)state;
  const sample mixed = {
      .stages = 3,
      .text = {SCORES, WEIGHTS, "O[f] += P[m,t] * V[m,t,f]; m 2, t 6, f 4"},
      .operation = {NULL, "softmax"},
      .same = {{0, 1, 2}, {2, 3}, {3, 4, 5}},
      .softmax = 1};
  assert_false(online(&mixed));
  sample more = mixed;
  more.text[2] = "O[m,f] += P[m,t] * V[t,f,g]; m 2, t 6, f 4, g 2";
  assert_false(online(&more));
  more.text[2] = "O[m,t] += P[m,t] * V[t]; m 2, t 6";
  assert_false(online(&more));
}

static void no_other_rows_are_reduced(void **state) {
  (void)state;
  const sample two = {.stages = 4,
                      .text = {SCORES, "N[m,t] += S[m,t]; m 2, t 6",
                               "P[m,t] += N[m,t]; m 2, t 6", VALUES},
                      .operation = {NULL, "standardize", "softmax"},
                      .same = {{0, 1, 2}, {2, 3}, {3, 4}, {4, 5, 6}},
                      .softmax = 2};
  assert_false(online(&two));
  sample capped = two;
  capped.operation[1] = "softcap";
  assert_true(online(&capped));
}

/* ---- numbers, by hand ------------------------------------------------- */

/* Two levels, the inner one above all arrays. */
static cds_arch two_levels(void) {
  cds_arch arch = {.levels = 2};
  arch.level[1].size_bits = UINT64_MAX;
  arch.level[1].position = 1;
  return arch;
}

/* m 2, t 6 in tiles of 2, f 4: three passes, or six with f in halves. */
static void pass_of(cds_fused_pass *out, joined *it, bool home, bool halves) {
  static cds_arch arch;
  arch = two_levels();
  cds_arena *arena = cds_arena_new();
  join(it, &attention);
  const unsigned t = it->group.stage[1].rank[1];
  unsigned f = 0;
  while (strcmp(it->group.rank[f].name, "f") != 0) {
    f++;
  }
  cds_outer outer = {.nodes = 0};
  outer.node[outer.nodes++] =
      (cds_outer_node){.kind = CDS_OUTER_FOR, .rank = t, .trips = 3};
  if (halves) {
    outer.node[outer.nodes++] =
        (cds_outer_node){.kind = CDS_OUTER_FOR, .rank = f, .trips = 2};
  }
  for (unsigned i = 2; i <= (home ? 5U : 3U); i += i == 3 ? 2 : 1) {
    outer.node[outer.nodes++] =
        (cds_outer_node){.kind = CDS_OUTER_HOLD, .tensor = i, .level = 1};
  }
  assert_null(cds_fused_outer_wrong(&it->group, &arch, &outer));
  assert_int_equal(cds_fused_pass_set(out, &it->group, &arch, &outer, 1, arena),
                   CDS_OK);
  cds_arena_free(arena);
}

static void tiles_of_one_strip(void **state) {
  (void)state;
  static joined it;
  static cds_fused_pass pass;
  cds_online_part part[CDS_ONLINE_STEPS];
  pass_of(&pass, &it, true, false);
  assert_int_equal(pass.stage.online.tiles, 3);
  assert_int_equal(pass.stage.online.strip_words, 4);
  assert_int_equal(pass.stage.online.returns, 0);
  /* O's tile of 8 sums of 8 bits, states of 2 rows. */
  assert_int_equal(pass.stage.taken_bits[1], 8 * 8 + 2 * 64);
  assert_int_equal(cds_online_parts(part, &it.operation[1], &pass.einsum),
                   CDS_OK);
  static const uint64_t times[] = {1, 2, 2, 3, 0, 1, 0};
  uint64_t total[CDS_PRIMITIVES] = {0};
  for (unsigned s = 0; s < CDS_ONLINE_STEPS; s++) {
    assert_int_equal(part[s].times, times[s]);
    for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
      total[p] += part[s].times * part[s].operation.primitives[p];
    }
  }
  /* For each of 2 rows: 6 - 1 maxima; 6 subtractions, 6 - 1 sums, 2 between
   * maxima; 6 + 2 exponentials; 2 sums and 2 x 4 words rescaled, 4 divided. */
  assert_int_equal(total[CDS_MAX], 2 * 5);
  assert_int_equal(total[CDS_ADD], 2 * (6 + 5 + 2));
  assert_int_equal(total[CDS_EXP], 2 * (6 + 2));
  assert_int_equal(total[CDS_MUL], 2 * (2 + 2 * 4 + 4));
  assert_int_equal(total[CDS_RECIP], 2);
}

/* With the halves of f inside, each leaves at once and comes back twice, with
 * the state of each of the two rows: 2 x 2 x 2 states of 2 words. */
static void states_travel_with_their_strips(void **state) {
  (void)state;
  static joined it;
  static cds_fused_pass pass;
  pass_of(&pass, &it, true, true);
  assert_int_equal(pass.stage.online.tiles, 3);
  assert_int_equal(pass.stage.online.strip_words, 2);
  assert_int_equal(pass.stage.online.returns, 16);
  pass_of(&pass, &it, false, true);
  assert_int_equal(pass.stage.online.level, 0);
  assert_int_equal(pass.stage.online.returns, 0);
  assert_int_equal(pass.stage.taken_bits[1], 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(attention_may_be_online),
      cmocka_unit_test(other_operations_have_whole_rows),
      cmocka_unit_test(weights_that_are_wanted_are_of_whole_rows),
      cmocka_unit_test(weights_serve_one_product),
      cmocka_unit_test(the_product_sums_over_keys_only),
      cmocka_unit_test(no_other_rows_are_reduced),
      cmocka_unit_test(tiles_of_one_strip),
      cmocka_unit_test(states_travel_with_their_strips),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
