/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verifier's fused groups against what it verifies: stages under outer
 * nodes, products and operations cost and need what count and price say
 * (test_fusion_literal compares these with literal execution), on random
 * groups, loops, homes and mappings; on tiny ones, over all ways to run them in
 * parts and layer by layer, the walk finds the least of E + lambda T that the
 * search of fused mappings (which test_fuse_brute compares with brute force)
 * and that of single layers find, and nothing below; bounds on products of
 * energy and time hold up to what is found there, and no further.
 *
 * Usage: test_verify_fused [quick] [seed N] [cases N] [case N]
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
#include "fuse/fuse.h"
#include "oracle/arguments.h"
#include "oracle/random_price.h"
#include "oracle/verify_case.h"
#include "price/passes.h"
#include "support/close.h"
#include "support/nest.h"
#include "support/random_group.h"
#include "verify/fused_bound.h"
#include "verify/rows.h"

enum { OUTERS = 10, LOOPS = 4 };
static test_arguments arguments = {.seed = 1, .cases = 2000, .quick = 200};

/* ---- random fused mappings ------------------------------------------- */

static uint64_t take(uint64_t *left, uint64_t most, random_stream *stream) {
  uint64_t divisor;
  do {
    divisor = 1 + random_below(stream, (unsigned)*left);
  } while (*left % divisor != 0 || divisor > most);
  *left /= divisor;
  return divisor;
}

static unsigned draw_level(const cds_arch *arch, random_stream *stream) {
  unsigned level;
  do {
    level = 1 + random_below(stream, arch->levels - 1);
  } while (arch->level[level].depth > 0);
  return level;
}

static void insert(cds_outer *out, unsigned place, cds_outer_node node) {
  memmove(&out->node[place + 1], &out->node[place],
          (out->nodes - place) * sizeof *out->node);
  out->node[place] = node;
  out->nodes++;
}

/* Whether what was drawn is a fused mapping; homes of products at one level, or
 * at any. */
static bool draw_outer(cds_outer *out, const verify_case *it, bool one_level,
                       random_stream *stream) {
  const cds_arch *arch = &it->tiny.arch;
  const unsigned unit = draw_level(arch, stream);
  uint64_t left[CDS_FUSED_RANKS_MAX];
  out->nodes = 0;
  for (unsigned r = 0; r < it->group.ranks; r++) {
    left[r] = it->group.rank[r].size;
  }
  for (unsigned i = 0; i < LOOPS; i++) {
    const unsigned any = random_below(stream, it->group.ranks);
    const bool masked = it->group.mask.here && random_chance(stream, 50);
    const unsigned pair =
        random_chance(stream, 50) ? it->group.mask.query : it->group.mask.key;
    const unsigned r = masked ? pair : any;
    const bool again =
        cds_fused_of_mask(&it->group, r) && left[r] < it->group.rank[r].size;
    if (!again && cds_fused_loop_wrong(&it->group, r) == NULL) {
      const uint64_t trips = take(&left[r], 8, stream);
      out->node[out->nodes++] =
          (cds_outer_node){.kind = CDS_OUTER_FOR, .rank = r, .trips = trips};
    }
  }
  for (unsigned t = 0; t < it->group.tensors; t++) {
    const cds_fused_tensor *tensor = &it->group.tensor[t];
    const bool made = tensor->intermediate;
    const bool rows = it->group.stage[tensor->first].operation != NULL;
    if (made || (!rows && random_chance(stream, 60))) {
      const unsigned level = one_level || verify_case_operates(it)
                                 ? unit
                                 : draw_level(arch, stream);
      insert(out, made ? out->nodes : random_below(stream, out->nodes + 1),
             (cds_outer_node){
                 .kind = CDS_OUTER_HOLD, .tensor = t, .level = level});
    }
  }
  return cds_fused_outer_wrong(&it->group, arch, out) == NULL;
}

/* Holders below homes in any order, loops in all gaps; false: a policy is
 * against it. */
static bool draw_mapping(cds_mapping *out, const cds_arch *arch,
                         const cds_einsum *einsum, random_stream *stream) {
  uint64_t left[CDS_RANKS_MAX];
  unsigned next[CDS_TENSORS_MAX];
  out->nodes = 0;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    left[r] = einsum->rank[r].size;
  }
  for (unsigned t = 0; t < 3; t++) {
    next[t] = cds_einsum_home(einsum, t);
    out->node[out->nodes++] =
        (cds_node){.kind = CDS_HOLD, .tensor = t, .level = next[t]++};
  }
  for (unsigned x = 0; arch->arrays > 0 && x < arch->array[0].axes; x++) {
    uint64_t room = arch->array[0].extent[x];
    for (unsigned r = 0; r < einsum->ranks; r++) {
      const uint64_t trips = take(&left[r], room, stream);
      room /= trips;
      if (trips > 1) {
        out->node[out->nodes++] = (cds_node){
            .kind = CDS_SPREAD, .rank = r, .axis = x, .trips = trips};
      }
    }
  }
  for (unsigned gap = 0; gap < 40; gap++) {
    const unsigned r = random_below(stream, einsum->ranks);
    const uint64_t trips = take(&left[r], left[r], stream);
    if (trips > 1) {
      out->node[out->nodes++] =
          (cds_node){.kind = CDS_FOR, .rank = r, .trips = trips};
    }
    const unsigned t = random_below(stream, 3);
    if (next[t] < arch->levels && random_chance(stream, 50)) {
      const cds_policy policy =
          cds_level_policy(arch, next[t], &einsum->tensor[t]);
      if (policy == CDS_MUST ||
          (policy == CDS_MAY && random_chance(stream, 60))) {
        out->node[out->nodes++] =
            (cds_node){.kind = CDS_HOLD, .tensor = t, .level = next[t]};
      }
      next[t]++;
    }
  }
  for (unsigned r = 0; r < einsum->ranks; r++) {
    if (left[r] > 1) {
      out->node[out->nodes++] =
          (cds_node){.kind = CDS_FOR, .rank = r, .trips = left[r]};
    }
  }
  return next[0] >= arch->levels && next[1] >= arch->levels &&
         next[2] >= arch->levels;
}

/* ---- evaluator ------------------------------------------------------- */

static bool same_stage(const cds_einsum *a, const cds_einsum *b) {
  const cds_stage *x = a->stage;
  const cds_stage *y = b->stage;
  bool same = x->passes == y->passes && x->repeats == y->repeats &&
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

/* All that is at home is an intermediate, and stands once. */
static bool operation_fits(const cds_arch *arch, const cds_fused_pass *pass) {
  bool fits = true;
  for (unsigned l = 1; l < arch->levels; l++) {
    uint64_t bits = pass->stage.taken_bits[l];
    for (unsigned t = 0; t < pass->einsum.tensors; t++) {
      const cds_home *home = &pass->stage.home[t];
      bits += home->level == l
                  ? home->tile_words * pass->einsum.tensor[t].format.bits
                  : 0;
    }
    fits = fits && bits <= arch->level[l].size_bits;
  }
  return fits;
}

/* `worked`: counts operations that a unit does. */
static bool same_operation(const verify_case *it, const cds_stage_view *view,
                           const cds_fused_pass *pass, unsigned s,
                           uint64_t *worked) {
  const cds_arch *arch = &it->tiny.arch;
  const double limit = it->tiny.goal.power_limit_w;
  cds_worth own;
  cds_cost cost;
  cds_operation_counts words;
  const cds_status one =
      cds_rows_stage_worth(&own, arch, view, &it->operation[s], limit);
  const cds_status two = cds_price_passes(&cost, &words, arch, &pass->einsum,
                                          &it->operation[s], limit);
  *worked += one == CDS_OK;
  return one == two &&
         (one != CDS_OK ||
          same_worth(&own, &cost, operation_fits(arch, pass), arch->levels));
}

/* Random mappings of a product. */
static bool same_product(const verify_case *it, const cds_stage_view *view,
                         const cds_fused_pass *pass, cds_arena *arena,
                         random_stream *stream) {
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
    cds_cost cost;
    cds_choices choices;
    cds_worth own;
    cds_misfit misfit;
    if (!draw_mapping(&mapping, arch, &pass->einsum, stream)) {
      continue;
    }
    assert_int_equal(cds_count(&counts, arch, &pass->einsum, &mapping, arena),
                     CDS_OK);
    assert_int_equal(cds_price_einsum(&cost, arch, &pass->einsum, &counts,
                                      it->tiny.goal.power_limit_w),
                     CDS_OK);
    const bool fits =
        cds_price_fits(&misfit, arch, &pass->einsum, &counts) == CDS_OK;
    cds_choices_of(&choices, &pair, &mapping);
    cds_worth_of(&own, &pair, &choices);
    if (!same_worth(&own, &cost, fits, arch->levels)) {
      nest_write(stdout, &mapping, arch, &pass->einsum);
      printf("%.17g pJ for %.17g, %.17g s for %.17g, fits %d for %d\n",
             own.dynamic_pj, cost.dynamic_pj, own.latency_s, cost.latency_s,
             own.misfit == arch->levels, fits);
      return false;
    }
  }
  return true;
}

static void fused_mappings_cost_what_count_and_price_say(void **state) {
  (void)state;
  static const uint64_t sizes[] = {1, 2, 3, 4, 6, 8, 8, 12};
  static verify_case it;
  static cds_stage_view view;
  static cds_fused_pass pass;
  cds_arena *arena = cds_arena_new();
  uint64_t outers = 0, masked = 0, tiled = 0, back = 0, worked = 0;
  for (uint64_t n = 0; n < arguments.cases; n++) {
    const uint64_t number = arguments.first + n;
    verify_case_make(&it, arguments.seed, number, sizes);
    random_stream stream = random_start(arguments.seed + 2000, number);
    for (unsigned i = 0; i < OUTERS; i++) {
      cds_outer outer = {.nodes = 0};
      cds_left left;
      if (!draw_outer(&outer, &it, false, &stream)) {
        continue;
      }
      outers++;
      assert_int_equal(cds_left_set(&left, &it.group, &outer), CDS_OK);
      masked += left.pairs < left.pieces[0] * left.pieces[1];
      for (unsigned s = 0; s < it.group.stages; s++) {
        assert_int_equal(cds_stage_view_set(&view, &it.group, &it.tiny.arch,
                                            &outer, &left, s),
                         CDS_OK);
        assert_int_equal(cds_fused_pass_set(&pass, &it.group, &it.tiny.arch,
                                            &outer, s, arena),
                         CDS_OK);
        tiled += pass.stage.online.tiles > 1;
        back += pass.stage.online.returns > 0;
        if (!same_stage(&view.einsum, &pass.einsum) ||
            !(it.chain->kind[s] != NULL
                  ? same_operation(&it, &view, &pass, s, &worked)
                  : same_product(&it, &view, &pass, arena, &stream))) {
          verify_case_write(&it, number, &outer);
          fail_msg("case %" PRIu64 ", stage %u", number, s);
        }
      }
    }
  }
  print_message("%" PRIu64 " fused mappings, %" PRIu64 " with passes masked, "
                "%" PRIu64 " with rows in tiles, states of %" PRIu64
                " come back, %" PRIu64 " operations\n",
                outers, masked, tiled, back, worked);
  assert_true(arguments.cases < 100 ||
              (outers > arguments.cases && masked > arguments.cases / 20 &&
               tiled > arguments.cases / 20 && back > arguments.cases / 50));
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

/* ---- walk ------------------------------------------------------------ */

typedef struct solver {
  const verify_case *it;
  cds_fuser *fuser[VERIFY_PARTS];
  cds_searcher *searcher;
  cds_status begun[VERIFY_PARTS];
  unsigned delays;
  double product; /* least of what was met */
  /* Of the price of time at hand; energy INFINITY: nothing fits. */
  cds_worth alone[VERIFY_STAGES], fused[VERIFY_PARTS];
  uint64_t repeated; /* least fused mappings in which a stage is repeated */
  uint64_t in_parts; /* chains of which a part is fused */
} solver;

static double product(const cds_worth *worth, unsigned delays) {
  return worth->energy_pj * worth->latency_s *
         (delays == 2 ? worth->latency_s : 1);
}

static double weighed(const cds_worth *worth, double lambda) {
  return worth->energy_pj + lambda * worth->latency_s;
}

/* The least of E + lambda T of a layer alone. */
static void solve_alone(solver *by, unsigned s, double lambda) {
  static cds_search_result result;
  const verify_case *it = by->it;
  const double limit = it->tiny.goal.power_limit_w;
  cds_cost cost = {.cycles = 0};
  cds_operation_counts counts;
  cds_status status;
  if (it->chain->kind[s] != NULL) {
    status = cds_price_operation(&cost, &counts, &it->tiny.arch,
                                 &it->operation[s], limit);
  } else {
    const cds_goal goal = {.lambda_pj_per_s = lambda};
    status =
        cds_search_begin(by->searcher, &it->tiny.arch, &it->einsum[s], limit);
    status = status == CDS_OK
                 ? cds_search_solve(&result, by->searcher, goal, NULL)
                 : status;
    cost = result.cost;
  }
  by->alone[s] = (cds_worth){.energy_pj = status == CDS_OK ? cost.energy_pj
                                                           : (double)INFINITY,
                             .latency_s = cost.latency_s};
}

/* Whether a loop is on a rank that a product lacks. */
static bool repeats(const cds_fused_group *group, const cds_outer *outer) {
  bool any = false;
  for (unsigned n = 0; n < outer->nodes; n++) {
    for (unsigned s = 0; s < group->stages; s++) {
      any = any || (cds_outer_is_loop(&outer->node[n]) &&
                    group->stage[s].operation == NULL &&
                    !cds_fused_stage_has(group, s, outer->node[n].rank));
    }
  }
  return any;
}

/* The least of a part; whether it repeats something. */
static bool solve_part(solver *by, unsigned p, double lambda) {
  static cds_fuse_result fused;
  by->fused[p] = (cds_worth){.energy_pj = (double)INFINITY};
  if (by->begun[p] != CDS_OK ||
      cds_fuser_solve(&fused, by->fuser[p], lambda, NULL) != CDS_OK) {
    return false;
  }
  assert_true(fused.proven);
  by->fused[p].energy_pj = fused.energy_pj;
  by->fused[p].latency_s = fused.latency_s;
  return repeats(by->it->part[p].group, &fused.mapping.outer);
}

/* The least over all ways: that of the first layers, one more at a time. */
static double least_of(solver *by, double lambda) {
  const verify_case *it = by->it;
  cds_worth best[VERIFY_STAGES + 1] = {{.energy_pj = 0}};
  unsigned fused[VERIFY_STAGES + 1] = {0}, last[VERIFY_STAGES + 1] = {0};
  bool again[VERIFY_PARTS];
  for (unsigned p = 0; p < it->parts; p++) {
    again[p] = solve_part(by, p, lambda);
  }
  for (unsigned s = 0; s < it->chain->stages; s++) {
    solve_alone(by, s, lambda);
    best[s + 1].energy_pj = best[s].energy_pj + by->alone[s].energy_pj;
    best[s + 1].latency_s = best[s].latency_s + by->alone[s].latency_s;
    fused[s + 1] = fused[s];
    last[s + 1] = last[s];
    for (unsigned p = 0; p < it->parts; p++) {
      const cds_fused_part *part = &it->part[p];
      const cds_worth *from = &best[part->first];
      const cds_worth with = {
          .energy_pj = from->energy_pj + by->fused[p].energy_pj,
          .latency_s = from->latency_s + by->fused[p].latency_s};
      if (part->first + part->group->stages == s + 1 &&
          weighed(&with, lambda) < weighed(&best[s + 1], lambda)) {
        best[s + 1] = with;
        fused[s + 1] = fused[part->first] + part->group->stages;
        last[s + 1] = p;
      }
    }
  }
  const unsigned all = it->chain->stages;
  by->product = fmin(by->product, product(&best[all], by->delays));
  by->repeated += fused[all] > 0 && again[last[all]];
  by->in_parts += fused[all] > 0 && last[all] > 0;
  return weighed(&best[all], lambda);
}

static double least_apart(const solver *by, double lambda) {
  double sum = 0;
  for (unsigned s = 0; s < by->it->chain->stages; s++) {
    sum += weighed(&by->alone[s], lambda);
  }
  return sum;
}

/* The bound that is met, and holds: each that does not shows what is below. */
static double highest_bound(const cds_fused_ways *ways, cds_objective objective,
                            cds_worth known, unsigned delays,
                            uint64_t *given_up) {
  for (;;) {
    cds_walk_result walk;
    const double bound = product(&known, delays);
    const cds_status status =
        cds_fused_bound(&walk, ways, objective, bound, &known);
    *given_up += status == CDS_ELIMIT;
    if (status == CDS_ELIMIT) {
      return 0;
    }
    assert_int_equal(status, CDS_OK);
    if (walk.holds) {
      const cds_status more =
          cds_fused_bound(&walk, ways, objective, bound * (1 + 1e-6), &known);
      assert_true(more == CDS_ELIMIT || !walk.holds);
      return bound;
    }
    assert_true(product(&walk.below, delays) < bound);
    known = walk.below;
  }
}

typedef struct found_so_far {
  uint64_t least, none, fused, given_up;
} found_so_far;

/* Compares the least at one price of time. */
static bool compare_least(cds_worth *known, solver *by,
                          const cds_fused_ways *ways, double lambda,
                          found_so_far *all) {
  cds_fused_aim aim = {.goal = {.linear = true, .lambda_pj_per_s = lambda},
                       .limit = (double)INFINITY};
  const double lowest = least_of(by, lambda);
  cds_fused_least found;
  assert_int_equal(cds_fused_ways_least(&found, ways, &aim), CDS_OK);
  all->none += !found.found;
  if (!found.found) {
    return isinf(lowest);
  }
  const double value = cds_verify_value(&aim.goal, &found.worth);
  *known = found.worth;
  all->least++;
  all->fused += least_apart(by, lambda) > lowest;
  if (!close_enough(found.least, lowest, 1e-9) ||
      !close_enough(value, lowest, 1e-9)) {
    printf("lambda %g: %.17g (%.17g) for %.17g\n", lambda, found.least, value,
           lowest);
    return false;
  }
  aim.floor = true;
  assert_int_equal(cds_fused_ways_least(&found, ways, &aim), CDS_OK);
  assert_true(!found.found && found.least <= lowest * (1 + 1e-12));
  aim.floor = false;
  aim.limit = lowest * (1 - 1e-9);
  assert_int_equal(cds_fused_ways_least(&found, ways, &aim), CDS_OK);
  return !found.found;
}

static void the_walk_finds_what_the_searches_find(void **state) {
  (void)state;
  static const uint64_t sizes[] = {1, 2, 2, 2, 3, 3, 4, 4};
  static const double times[] = {0, 0.1, 0.5, 1, 2, 10};
  static verify_case it;
  solver by = {.it = &it, .searcher = cds_searcher_new()};
  found_so_far all = {.least = 0};
  for (unsigned p = 0; p < VERIFY_PARTS; p++) {
    by.fuser[p] = cds_fuser_new();
  }
  for (uint64_t n = 0; n < arguments.cases / 10; n++) {
    const uint64_t number = arguments.first + n;
    verify_case_make(&it, arguments.seed, number, sizes);
    const cds_fused_ways ways = {
        .space = {.arch = &it.tiny.arch,
                  .power_limit_w = it.tiny.goal.power_limit_w,
                  .boxes_most = UINT64_MAX},
        .chain = &it.group,
        .parts = it.parts,
        .part = it.part};
    for (unsigned p = 0; p < it.parts; p++) {
      assert_null(cds_fused_walk_foreign(it.part[p].group));
      by.begun[p] =
          cds_fuser_begin(by.fuser[p], &it.tiny.arch, it.part[p].group,
                          it.tiny.goal.power_limit_w);
    }
    by.delays = 1 + (unsigned)(number % 2);
    by.product = (double)INFINITY;
    cds_worth known = {.energy_pj = 0};
    for (unsigned i = 0; i < 6; i++) {
      const double lambda = 1e9 * times[i] * (double)(1 << number % 12);
      cds_worth met = {.energy_pj = 0};
      if (!compare_least(&met, &by, &ways, lambda, &all)) {
        verify_case_write(&it, number, NULL);
        fail_msg("case %" PRIu64, number);
      }
      known = i == number % 6 ? met : known; /* where the border begins */
    }
    if (product(&known, 1) > 0) {
      const double bound = highest_bound(
          &ways, by.delays == 2 ? CDS_OBJECTIVE_ED2P : CDS_OBJECTIVE_EDP, known,
          by.delays, &all.given_up);
      assert_true(bound <= by.product * (1 + 1e-9));
    }
  }
  print_message("%" PRIu64 " least, %" PRIu64 " of them fused, %" PRIu64
                " times nothing fits, %" PRIu64 " bounds given up, %" PRIu64
                " with a product repeated, %" PRIu64 " in parts\n",
                all.least, all.fused, all.none, all.given_up, by.repeated,
                by.in_parts);
  assert_true(arguments.cases < 100 || all.fused > all.least / 10);
  assert_true(all.given_up <= all.least / 100);
  assert_true(arguments.cases < 1000 ||
              (by.repeated > 0 && by.in_parts > all.least / 50));
  for (unsigned p = 0; p < VERIFY_PARTS; p++) {
    cds_fuser_free(by.fuser[p]);
  }
  cds_searcher_free(by.searcher);
}

/* ---- samples --------------------------------------------------------- */

/* A random mapping of a stage by count and price; CDS_EINFEASIBLE: it does not
 * fit, or is none. */
static cds_status sample_stage(cds_worth *sum, const verify_case *it,
                               const cds_fused_pass *pass, unsigned s,
                               random_stream *stream) {
  static cds_mapping mapping;
  static cds_counts counts;
  const cds_arch *arch = &it->tiny.arch;
  const double limit = it->tiny.goal.power_limit_w;
  cds_arena *arena = cds_arena_new();
  cds_cost cost;
  cds_misfit misfit;
  cds_operation_counts words;
  cds_status status = CDS_EINFEASIBLE;
  if (it->chain->kind[s] != NULL) {
    status = cds_price_passes(&cost, &words, arch, &pass->einsum,
                              &it->operation[s], limit);
    status = status == CDS_OK && !operation_fits(arch, pass) ? CDS_EINFEASIBLE
                                                             : status;
  } else if (draw_mapping(&mapping, arch, &pass->einsum, stream) &&
             cds_count(&counts, arch, &pass->einsum, &mapping, arena) ==
                 CDS_OK &&
             cds_price_fits(&misfit, arch, &pass->einsum, &counts) == CDS_OK) {
    status = cds_price_einsum(&cost, arch, &pass->einsum, &counts, limit);
  }
  cds_arena_free(arena);
  if (status == CDS_OK) {
    sum->energy_pj += cost.energy_pj;
    sum->latency_s += cost.latency_s;
  }
  return status;
}

/* A random fused mapping of all stages. */
static cds_status sample(cds_worth *sum, const verify_case *it,
                         random_stream *stream) {
  static cds_fused_pass pass;
  cds_outer outer = {.nodes = 0};
  cds_arena *arena = cds_arena_new();
  cds_status status =
      draw_outer(&outer, it, true, stream) ? CDS_OK : CDS_EINFEASIBLE;
  *sum = (cds_worth){.energy_pj = 0};
  for (unsigned s = 0; s < it->group.stages && status == CDS_OK; s++) {
    assert_int_equal(
        cds_fused_pass_set(&pass, &it->group, &it->tiny.arch, &outer, s, arena),
        CDS_OK);
    status = sample_stage(sum, it, &pass, s, stream);
  }
  cds_arena_free(arena);
  return status;
}

/* No search is asked. */
static void no_random_fused_mapping_is_below(void **state) {
  (void)state;
  static const uint64_t sizes[] = {1, 1, 2, 2, 2, 3, 3, 4};
  static verify_case it;
  uint64_t samples = 0, met = 0;
  for (uint64_t n = 0; n < arguments.cases / 5; n++) {
    const uint64_t number = arguments.first + n;
    verify_case_make(&it, arguments.seed + 500, number, sizes);
    random_stream stream = random_start(arguments.seed + 3000, number);
    const cds_fused_space space = {.arch = &it.tiny.arch,
                                   .power_limit_w = it.tiny.goal.power_limit_w,
                                   .boxes_most = UINT64_MAX};
    const double lambda = 1e8 * (double)(1 << number % 12);
    const cds_fused_aim aim = {
        .goal = {.linear = true, .lambda_pj_per_s = lambda},
        .limit = (double)INFINITY};
    cds_fused_least found;
    assert_int_equal(cds_fused_walk(&found, &space, &it.group, &aim), CDS_OK);
    for (unsigned i = 0; i < 100; i++) {
      cds_worth worth;
      if (sample(&worth, &it, &stream) != CDS_OK) {
        continue;
      }
      const double value = weighed(&worth, lambda);
      samples++;
      met += value <= found.least * (1 + 1e-9);
      if (value < found.least * (1 - 1e-9)) {
        printf("%.17g is below %.17g\n", value, found.least);
        verify_case_write(&it, number, NULL);
        fail_msg("case %" PRIu64, number);
      }
    }
  }
  print_message("%" PRIu64 " fused mappings, %" PRIu64 " of them least\n",
                samples, met);
  assert_true(arguments.cases < 100 ||
              (samples > arguments.cases && met > arguments.cases / 20));
}

int main(int argc, char **argv) {
  arguments = test_arguments_read(&arguments, argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fused_mappings_cost_what_count_and_price_say),
      cmocka_unit_test(stages_of_any_group_are_what_count_says),
      cmocka_unit_test(the_walk_finds_what_the_searches_find),
      cmocka_unit_test(no_random_fused_mapping_is_below),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
