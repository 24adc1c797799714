/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verifier's evaluator of fused groups against what it verifies: stages
 * under outer nodes, products, operations and pipelines cost and need what
 * count and price say (test_fusion_literal compares these with literal
 * execution), on random groups, loops, homes and mappings.
 *
 * Usage: test_verify_stages [quick] [seed N] [cases N] [case N]
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "count/fusion.h"
#include "oracle/arguments.h"
#include "oracle/random_price.h"
#include "oracle/verify_case.h"
#include "price/passes.h"
#include "price/pipeline.h"
#include "support/close.h"
#include "support/nest.h"
#include "support/random_group.h"
#include "verify/pipeline.h"
#include "verify/rows.h"

enum { OUTERS = 10 };
static test_arguments arguments = {.seed = 1, .cases = 2000, .quick = 200};

static bool same_stage(const cds_einsum *a, const cds_einsum *b) {
  const cds_stage *x = a->stage;
  const cds_stage *y = b->stage;
  bool same = x->passes == y->passes && x->repeats == y->repeats &&
              x->pipelined == y->pipelined && x->fills == y->fills &&
              memcmp(x->taken_bits, y->taken_bits, sizeof x->taken_bits) == 0 &&
              (x->online.tiles > 1) == (y->online.tiles > 1) &&
              (x->online.tiles < 2 || x->online.tiles == y->online.tiles) &&
              x->online.firsts == y->online.firsts &&
              x->online.strip_words == y->online.strip_words &&
              x->online.level == y->online.level &&
              x->online.returns == y->online.returns;
  for (unsigned r = 0; r < a->ranks; r++) {
    same = same && a->rank[r].size == b->rank[r].size;
  }
  for (unsigned t = 0; t < a->tensors; t++) {
    same = same && x->home[t].level == y->home[t].level &&
           x->home[t].tile_words == y->home[t].tile_words &&
           x->home[t].replaced == y->home[t].replaced &&
           x->home[t].loads == y->home[t].loads;
  }
  return same;
}

static bool same_worth(const cds_worth *own, const cds_cost *cost, bool fits,
                       unsigned levels) {
  return close_enough(own->dynamic_pj, cost->dynamic_pj, 1e-13) &&
         close_enough(own->latency_s, cost->latency_s, 1e-13) &&
         close_enough(own->energy_pj, cost->energy_pj, 1e-13) &&
         fits == (own->misfit == levels);
}

/* What a stage costs, found twice. */
typedef struct compared {
  bool any;
  cds_worth own;
  cds_cost cost;
} compared;

static bool same_operation(compared *out, const verify_case *it,
                           const cds_stage_view *view,
                           const cds_fused_pass *pass, unsigned s) {
  const cds_arch *arch = &it->tiny.arch;
  const double limit = it->tiny.goal.power_limit_w;
  cds_operation_counts words;
  const cds_status one =
      cds_rows_stage_worth(&out->own, arch, view, &it->operation[s], limit);
  const cds_status two = cds_price_passes(
      &out->cost, &words, arch, &pass->einsum, &it->operation[s], limit);
  out->any = one == CDS_OK;
  const double quiet_s = out->cost.quiet_cycles / arch->clock_hz;
  if (one == CDS_OK && two == CDS_OK &&
      !same_worth(&out->own, &out->cost, verify_case_fits(arch, pass),
                  arch->levels)) {
    printf("%.17g pJ for %.17g, %.17g s for %.17g, fits %d for %d\n",
           out->own.dynamic_pj, out->cost.dynamic_pj, out->own.latency_s,
           out->cost.latency_s, out->own.misfit == arch->levels,
           verify_case_fits(arch, pass));
  }
  return one == two &&
         (one != CDS_OK ||
          (same_worth(&out->own, &out->cost, verify_case_fits(arch, pass),
                      arch->levels) &&
           fabs(out->own.quiet_s - quiet_s) <= 1e-13 * out->own.latency_s));
}

/* Random mappings of a product. */
static bool same_product(compared *out, const verify_case *it,
                         const cds_stage_view *view, const cds_fused_pass *pass,
                         cds_arena *arena, random_stream *stream) {
  static cds_pair pair;
  static cds_mapping mapping;
  static cds_counts counts;
  const cds_arch *arch = &it->tiny.arch;
  const cds_status begun =
      cds_pair_init(&pair, arch, &view->einsum, it->tiny.goal.power_limit_w);
  if (begun == CDS_EINFEASIBLE) {
    return true;
  }
  assert_int_equal(begun, CDS_OK);
  for (unsigned i = 0; i < 3; i++) {
    cds_choices choices;
    cds_worth *own = &out->own;
    cds_cost *cost = &out->cost;
    cds_misfit misfit;
    if (!verify_case_mapping(&mapping, arch, &pass->einsum, stream)) {
      continue;
    }
    assert_int_equal(cds_count(&counts, arch, &pass->einsum, &mapping, arena),
                     CDS_OK);
    assert_int_equal(cds_price_einsum(cost, arch, &pass->einsum, &counts,
                                      it->tiny.goal.power_limit_w),
                     CDS_OK);
    const bool fits =
        cds_price_fits(&misfit, arch, &pass->einsum, &counts) == CDS_OK;
    assert_int_equal(cds_choices_of(&choices, &pair, &mapping), CDS_OK);
    cds_worth_of(own, &pair, &choices);
    if (!same_worth(own, cost, fits, arch->levels)) {
      nest_write(stdout, &mapping, arch, &pass->einsum);
      printf("%.17g pJ for %.17g, %.17g s for %.17g, fits %d for %d\n",
             own->dynamic_pj, cost->dynamic_pj, own->latency_s, cost->latency_s,
             own->misfit == arch->levels, fits);
      return false;
    }
    out->any = true;
  }
  return true;
}

/* A pipelined group with these stages takes as long as price/pipeline.h says.
 */
static bool same_pipeline(const verify_case *it, const cds_fused_pass *pass,
                          compared *stage) {
  const cds_arch *arch = &it->tiny.arch;
  const double limit = it->tiny.goal.power_limit_w;
  cds_worth *worth[CDS_STAGES_MAX];
  double all_s = 0, products_s = 0, hidden_s = 0, dynamic_pj = 0;
  double own_s = 0, own_pj = 0;
  for (unsigned s = 0; s < it->group.stages; s++) {
    const bool product = it->chain->kind[s] == NULL;
    worth[s] = &stage[s].own;
    all_s += stage[s].cost.latency_s;
    products_s += product ? stage[s].cost.latency_s : 0;
    hidden_s +=
        product ? 0 : cds_pipeline_hidden_s(arch, &stage[s].cost, &pass->stage);
    dynamic_pj += stage[s].cost.dynamic_pj;
  }
  all_s -= hidden_s;
  all_s += cds_pipeline_lacks_s(&pass->stage, products_s, hidden_s);
  all_s += cds_pipeline_power_s(arch, limit, dynamic_pj, all_s);
  assert_int_equal(
      cds_pipeline_close(worth, &it->group, arch, &pass->stage, limit), CDS_OK);
  for (unsigned s = 0; s < it->group.stages; s++) {
    own_s += worth[s]->latency_s;
    own_pj += worth[s]->energy_pj;
  }
  return close_enough(own_s, all_s, 1e-12) &&
         close_enough(own_pj,
                      dynamic_pj + cds_arch_leakage_w(arch) * 1e12 * all_s,
                      1e-12);
}

static void fused_mappings_cost_what_count_and_price_say(void **state) {
  (void)state;
  static const uint64_t sizes[] = {1, 2, 3, 4, 6, 8, 8, 12};
  static verify_case it;
  static cds_stage_view view;
  static cds_fused_pass pass;
  cds_arena *arena = cds_arena_new();
  uint64_t outers = 0, masked = 0, tiled = 0, back = 0, worked = 0, piped = 0;
  for (uint64_t n = 0; n < arguments.cases; n++) {
    const uint64_t number = arguments.first + n;
    verify_case_make(&it, arguments.seed, number, sizes);
    random_stream stream = random_start(arguments.seed + 2000, number);
    for (unsigned i = 0; i < OUTERS; i++) {
      cds_outer outer = {.nodes = 0};
      cds_left left;
      if (!verify_case_outer(&outer, &it, false, &stream)) {
        continue;
      }
      outers++;
      assert_int_equal(cds_left_set(&left, &it.group, &outer), CDS_OK);
      masked += left.pairs < left.pieces[0] * left.pieces[1];
      compared stage[CDS_STAGES_MAX];
      bool all = outer.pipelined;
      for (unsigned s = 0; s < it.group.stages; s++) {
        assert_int_equal(cds_stage_view_set(&view, &it.group, &it.tiny.arch,
                                            &outer, &left, s),
                         CDS_OK);
        assert_int_equal(cds_fused_pass_set(&pass, &it.group, &it.tiny.arch,
                                            &outer, s, arena),
                         CDS_OK);
        tiled += pass.stage.online.tiles > 1;
        back += pass.stage.online.returns > 0;
        stage[s].any = false;
        if (!same_stage(&view.einsum, &pass.einsum) ||
            !(it.chain->kind[s] != NULL
                  ? same_operation(&stage[s], &it, &view, &pass, s)
                  : same_product(&stage[s], &it, &view, &pass, arena,
                                 &stream))) {
          verify_case_write(&it, number, &outer);
          fail_msg("case %" PRIu64 ", stage %u", number, s);
        }
        worked += stage[s].any && it.chain->kind[s] != NULL;
        all = all && stage[s].any;
      }
      piped += all;
      if (all && !same_pipeline(&it, &pass, stage)) {
        verify_case_write(&it, number, &outer);
        fail_msg("case %" PRIu64 ", pipelined", number);
      }
    }
  }
  print_message("%" PRIu64 " fused mappings, %" PRIu64 " with passes masked, "
                "%" PRIu64 " with rows in tiles, states of %" PRIu64
                " come back, %" PRIu64 " operations, %" PRIu64 " pipelines\n",
                outers, masked, tiled, back, worked, piped);
  assert_true(arguments.cases < 100 ||
              (outers > arguments.cases && masked > arguments.cases / 20 &&
               tiled > arguments.cases / 20 && back > arguments.cases / 50 &&
               piped > arguments.cases / 10));
  cds_arena_free(arena);
}

/* Groups of all kinds, with windows, operands of several stages and results
 * that stay, and on any architecture: what stands at home. */
static void stages_of_any_group_are_what_count_says(void **state) {
  (void)state;
  static void (*const make[])(random_group *, uint64_t, uint64_t) = {
      random_group_make, random_attention_make, random_masked_make,
      random_tail_make};
  static random_group it;
  static cds_fused_group group;
  static cds_stage_view view;
  static cds_fused_pass pass;
  cds_arena *arena = cds_arena_new();
  uint64_t windows = 0, padded = 0, foreign = 0;
  for (uint64_t n = 0; n < arguments.cases; n++) {
    const uint64_t number = arguments.first + n;
    cds_outer outer;
    cds_left left;
    make[number % 4](&it, arguments.seed, number);
    assert_true(verify_case_of_group(&group, &outer, &it));
    assert_null(cds_fused_outer_wrong(&group, &it.arch, &outer));
    if (cds_stage_view_foreign(&group, &outer) != NULL) {
      foreign++;
      continue;
    }
    windows +=
        (it.shows & GROUP_WINDOWS) != 0 || (it.tail_shows & TAIL_SLIDES) != 0;
    padded += (it.tail_shows & TAIL_PADDING) != 0;
    assert_int_equal(cds_left_set(&left, &group, &outer), CDS_OK);
    for (unsigned s = 0; s < group.stages; s++) {
      assert_int_equal(
          cds_stage_view_set(&view, &group, &it.arch, &outer, &left, s),
          CDS_OK);
      assert_int_equal(
          cds_fused_pass_set(&pass, &group, &it.arch, &outer, s, arena),
          CDS_OK);
      if (!same_stage(&view.einsum, &pass.einsum)) {
        random_group_write(stdout, &it);
        fail_msg("case %" PRIu64 ", stage %u", number, s);
      }
    }
  }
  print_message("%" PRIu64 " with windows, %" PRIu64 " padded, %" PRIu64
                " not covered\n",
                windows, padded, foreign);
  assert_true(arguments.cases < 100 || (windows > arguments.cases / 20 &&
                                        padded > arguments.cases / 100 &&
                                        foreign < arguments.cases / 10));
  cds_arena_free(arena);
}

int main(int argc, char **argv) {
  arguments = test_arguments_read(&arguments, argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fused_mappings_cost_what_count_and_price_say),
      cmocka_unit_test(stages_of_any_group_are_what_count_says),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
