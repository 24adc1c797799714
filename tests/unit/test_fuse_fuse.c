/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limits of the search over fused groups, and that what it says of a price of
 * time does not depend on the prices asked before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuse/fuse.h"
#include "spec/chain.h"
#include "spec/constraints.h"
#include "spec/space.h"
#include "support/models.h"

/* Attention and the feed-forward part of a small decoder. */
enum { CHAINS = 2, PRICES = 5 };
static const char *const heads[CHAINS] = {"prefill.qk", "prefill.gate_proj"};
static const double prices[PRICES] = {3e10, 1e12, 2e11, 1e11, 1e12};

typedef struct setting {
  fixture f;
  cds_workload workload;
  cds_arch arch;
  cds_chain_group chain[CHAINS];
  cds_fuser *fuser;
} setting;

static void open_setting(setting *it) {
  it->workload = read_model(&it->f, "model_type: llama, " SMALL_SHAPE,
                            "{prefill: {batch: 2, tokens: 6}}");
  cds_space *space = NULL;
  assert_fine(&it->f,
              cds_space_read(&space, CDS_SOURCE_DIR "/archs/npu-3d.yaml", NULL,
                             0, it->f.arena, it->f.diag));
  assert_fine(&it->f,
              cds_space_design(&it->arch, space, 0, it->f.arena, it->f.diag));
  for (unsigned i = 0; i < CHAINS; i++) {
    size_t first = 0;
    while (strcmp(it->workload.layer[first].name, heads[i]) != 0) {
      first++;
    }
    assert_int_equal(
        cds_chain_find(&it->chain[i], &it->workload, first, CDS_CHAIN_WINDOWS),
        CDS_OK);
  }
  it->fuser = cds_fuser_new();
  assert_non_null(it->fuser);
}

static void close_setting(setting *it) {
  cds_fuser_free(it->fuser);
  fixture_close(&it->f);
}

static void begin(setting *it, unsigned chain) {
  assert_int_equal(cds_fuser_begin(it->fuser, &it->arch,
                                   &it->chain[chain].group, (double)INFINITY),
                   CDS_OK);
}

static void a_limit_leaves_out_what_is_above(void **state) {
  (void)state;
  static setting it;
  static cds_fuse_result free_of, limited;
  open_setting(&it);
  for (unsigned c = 0; c < CHAINS; c++) {
    begin(&it, c);
    assert_int_equal(cds_fuser_solve(&free_of, it.fuser, prices[0], NULL),
                     CDS_OK);
    assert_true(free_of.found && free_of.proven);
    const double value = free_of.value;
    for (unsigned again = 0; again < 2; again++) {
      cds_fuser_limit(it.fuser, value * (1 - 1e-6));
      assert_int_equal(cds_fuser_solve(&limited, it.fuser, prices[0], NULL),
                       CDS_OK);
      assert_true(!limited.found && limited.proven);
      assert_true(limited.bound >= value * (1 - 1e-6));
      assert_true(limited.bound <= value);
      cds_fuser_limit(it.fuser, value * (1 + 1e-6));
      assert_int_equal(cds_fuser_solve(&limited, it.fuser, prices[0], NULL),
                       CDS_OK);
      assert_true(limited.found && limited.proven);
      assert_true(limited.value == value && limited.bound == value);
      begin(&it, c); /* nothing is known */
    }
  }
  close_setting(&it);
}

static void begin_takes_the_limit_away(void **state) {
  (void)state;
  static setting it;
  static cds_fuse_result result;
  open_setting(&it);
  begin(&it, 0);
  cds_fuser_limit(it.fuser, 1e-3);
  assert_int_equal(cds_fuser_solve(&result, it.fuser, prices[0], NULL), CDS_OK);
  assert_false(result.found);
  assert_int_equal(result.opened, 0); /* bounds alone say so */
  assert_int_equal(result.nodes, 0);
  begin(&it, 0);
  assert_int_equal(cds_fuser_solve(&result, it.fuser, prices[0], NULL), CDS_OK);
  assert_true(result.found);
  close_setting(&it);
}

static void assert_same_mapping(const cds_fused_mapping *a,
                                const cds_fused_mapping *b, unsigned stages) {
  assert_int_equal(a->outer.nodes, b->outer.nodes);
  for (unsigned n = 0; n < a->outer.nodes; n++) {
    assert_int_equal(a->outer.node[n].kind, b->outer.node[n].kind);
    assert_int_equal(a->outer.node[n].rank, b->outer.node[n].rank);
    assert_int_equal(a->outer.node[n].trips, b->outer.node[n].trips);
    assert_int_equal(a->outer.node[n].tensor, b->outer.node[n].tensor);
    assert_int_equal(a->outer.node[n].level, b->outer.node[n].level);
  }
  for (unsigned s = 0; s < stages; s++) {
    assert_int_equal(cds_mapping_compare(&a->inner[s], &b->inner[s]), 0);
  }
}

static void answers_do_not_depend_on_what_was_asked(void **state) {
  (void)state;
  static setting it;
  static cds_fuse_result fresh[PRICES], later;
  open_setting(&it);
  for (unsigned c = 0; c < CHAINS; c++) {
    for (unsigned i = 0; i < PRICES; i++) {
      begin(&it, c);
      assert_int_equal(cds_fuser_solve(&fresh[i], it.fuser, prices[i], NULL),
                       CDS_OK);
    }
    begin(&it, c);
    for (unsigned i = 0; i < PRICES; i++) {
      assert_int_equal(cds_fuser_solve(&later, it.fuser, prices[i], NULL),
                       CDS_OK);
      assert_true(later.found && later.proven);
      assert_true(later.value == fresh[i].value);
      assert_true(later.energy_pj == fresh[i].energy_pj);
      assert_true(later.nodes <= fresh[i].nodes);
      assert_same_mapping(&later.mapping, &fresh[i].mapping,
                          it.chain[c].group.stages);
    }
  }
  close_setting(&it);
}

/* The hold of a tensor that is no intermediate; NULL: there is none. */
static const cds_outer_node *find_home(const cds_fused_group *group,
                                       const cds_outer *outer) {
  for (unsigned n = 0; n < outer->nodes; n++) {
    const cds_outer_node *node = &outer->node[n];
    if (node->kind == CDS_OUTER_HOLD &&
        !group->tensor[node->tensor].intermediate) {
      return node;
    }
  }
  return NULL;
}

static void a_level_that_bypasses_is_no_home(void **state) {
  (void)state;
  static setting it;
  static cds_fuse_result without, result;
  unsigned seen = 0;
  open_setting(&it);
  for (unsigned l = 1; l < it.arch.levels; l++) {
    it.arch.level[l].keep = (cds_tensor_set){0}; /* contradicts no bypass */
  }
  for (unsigned i = 0; i < CHAINS * PRICES; i++) {
    const cds_fused_group *group = &it.chain[i % CHAINS].group;
    it.arch.constraints = NULL;
    begin(&it, i % CHAINS);
    assert_int_equal(
        cds_fuser_solve(&without, it.fuser, prices[i / CHAINS], NULL), CDS_OK);
    const cds_outer_node *home = find_home(group, &without.mapping.outer);
    if (home == NULL) {
      continue;
    }
    const char *layer =
        group->stage[group->tensor[home->tensor].first].einsum->name;
    cds_constraint bypass = {
        .kind = CDS_CONSTRAINT_BYPASS,
        .filter = {.patterns = 1, .pattern = &layer},
        .text = "bypass",
        .level = home->level,
        .name = cds_fused_plain_tensor(group, home->tensor)->name};
    const cds_constraints all = {1, 1, &bypass};
    it.arch.constraints = &all;
    begin(&it, i % CHAINS);
    assert_int_equal(
        cds_fuser_solve(&result, it.fuser, prices[i / CHAINS], NULL), CDS_OK);
    assert_true(result.found && result.proven);
    for (unsigned n = 0; n < result.mapping.outer.nodes; n++) {
      const cds_outer_node *node = &result.mapping.outer.node[n];
      assert_false(node->kind == CDS_OUTER_HOLD &&
                   node->tensor == home->tensor && node->level == home->level);
    }
    assert_true(result.value >= without.value);
    seen++;
  }
  assert_true(seen > 0);
  it.arch.constraints = NULL;
  close_setting(&it);
}

static volatile int hurry = 1;

static void in_a_hurry_a_limit_may_leave_nothing(void **state) {
  (void)state;
  static setting it;
  static cds_fuse_result best, result;
  const cds_control control = {.hurry = &hurry};
  open_setting(&it);
  begin(&it, 0);
  assert_int_equal(cds_fuser_solve(&best, it.fuser, prices[0], NULL), CDS_OK);
  begin(&it, 0);
  assert_int_equal(cds_fuser_solve(&result, it.fuser, prices[0], &control),
                   CDS_OK);
  assert_true(result.found && result.value >= best.value);
  assert_true(result.bound <= best.value);
  cds_fuser_limit(it.fuser, 2 * best.value);
  assert_int_equal(cds_fuser_solve(&result, it.fuser, prices[0], &control),
                   CDS_OK);
  assert_true(!result.found && !result.proven);
  assert_true(result.bound <= best.value);
  close_setting(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_limit_leaves_out_what_is_above),
      cmocka_unit_test(a_level_that_bypasses_is_no_home),
      cmocka_unit_test(begin_takes_the_limit_away),
      cmocka_unit_test(answers_do_not_depend_on_what_was_asked),
      cmocka_unit_test(in_a_hurry_a_limit_may_leave_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
