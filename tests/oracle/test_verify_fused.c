/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verifier's fused groups against what it verifies: stages under outer
 * nodes, products and softmaxes cost and need what count and price say
 * (test_fusion_literal compares these with literal execution), on random
 * groups, loops, homes and mappings; on tiny ones the walk finds the least of
 * E + lambda T that the search of fused mappings (which test_fuse_brute
 * compares with brute force) and that of single layers find, and nothing below;
 * bounds on products of energy and time hold up to what is found there, and no
 * further.
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
#include "oracle/tiny_case.h"
#include "price/passes.h"
#include "spec/operations.h"
#include "support/close.h"
#include "support/nest.h"
#include "verify/fused_bound.h"
#include "verify/rows.h"

enum { STAGES = 3, OUTERS = 10, LOOPS = 4 };
static test_arguments arguments = {.seed = 1, .cases = 2000, .quick = 200};

typedef struct chain {
  unsigned stages;
  unsigned softmax; /* STAGES: none */
  const char *text[STAGES];
  unsigned same[STAGES][CDS_TENSORS_MAX];
} chain;

static const chain chains[] = {
    {2,
     STAGES,
     {"S[m,t] += Q[m,e] * K[e,t]; m 1, e 1, t 1",
      "O[m,f] += S[m,t] * V[t,f]; m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3, 4}}},
    {2,
     STAGES,
     {"S[g,h,m,t] += Q[g,h,m,e] * K[g,e,t]; g 1, h 1, m 1, e 1, t 1",
      "O[g,h,m,f] += S[g,h,m,t] * V[g,t,f]; g 1, h 1, m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3, 4}}},
    {3,
     STAGES,
     {"T[m,n] += X[m,k] * U[k,n]; m 1, k 1, n 1",
      "Y[m,p] += T[m,n] * V[n,p]; m 1, n 1, p 1",
      "Z[m,q] += Y[m,p] * W[p,q]; m 1, p 1, q 1"},
     {{0, 1, 2}, {2, 3, 4}, {4, 5, 6}}},
    {3,
     STAGES,
     {"G[m,n] += X[m,k] * A[k,n]; m 1, k 1, n 1",
      "U[m,p] += X[m,k] * B[k,p]; m 1, k 1, p 1",
      "Z[n,p] += G[m,n] * U[m,p]; m 1, n 1, p 1"},
     {{0, 1, 2}, {0, 3, 4}, {2, 4, 5}}},
    {3,
     1,
     {"S[b,m,t] += Q[b,m,e] * K[b,e,t]; b 1, m 1, e 1, t 1",
      "P[b,m,t] += S[b,m,t]; b 1, m 1, t 1",
      "O[b,m,f] += P[b,m,t] * V[b,t,f]; b 1, m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3}, {3, 4, 5}}},
    {3,
     1,
     {"S[g,h,m,t] += Q[g,h,m,e] * K[g,e,t]; g 1, h 1, m 1, e 1, t 1",
      "P[g,h,m,t] += S[g,h,m,t]; g 1, h 1, m 1, t 1",
      "O[g,h,m,f] += P[g,h,m,t] * V[g,t,f]; g 1, h 1, m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3}, {3, 4, 5}}},
};
enum { CHAINS = sizeof chains / sizeof *chains, PLAIN = 4 };

typedef struct fused_case {
  tiny_case tiny; /* architecture and goal */
  const chain *chain;
  cds_operation softmax;
  cds_einsum einsum[STAGES];
  char names[STAGES][200];
  cds_fused_group group;
} fused_case;

/* ---- cases ----------------------------------------------------------- */

static void join(fused_case *it) {
  const cds_einsum *einsum[CDS_STAGES_MAX] = {NULL};
  unsigned same[STAGES][CDS_TENSORS_MAX];
  memcpy(same, it->chain->same, sizeof same);
  for (unsigned s = 0; s < it->chain->stages; s++) {
    einsum[s] = &it->einsum[s];
  }
  assert_int_equal(
      cds_fused_group_join(&it->group, it->chain->stages, einsum, same, 0),
      CDS_OK);
  if (it->chain->softmax < STAGES) {
    it->softmax = (cds_operation){.kind = "softmax", .reduces = true};
    cds_fused_operate(&it->group, it->chain->softmax, &it->softmax);
  }
}

static void draw_sizes(fused_case *it, const uint64_t sizes[8],
                       random_stream *stream) {
  uint64_t size[CDS_FUSED_RANKS_MAX];
  for (unsigned r = 0; r < it->group.ranks; r++) {
    size[r] = sizes[random_below(stream, 8)];
  }
  for (unsigned s = 0; s < it->group.stages; s++) {
    for (unsigned r = 0; r < it->einsum[s].ranks; r++) {
      it->einsum[s].rank[r].size = it->einsum[s].rank[r].real =
          size[it->group.stage[s].rank[r]];
    }
  }
}

static void draw_formats(fused_case *it, random_stream *stream) {
  static const unsigned bits[] = {4, 8, 16, 32};
  cds_format format[CDS_FUSED_TENSORS_MAX];
  for (unsigned t = 0; t < it->group.tensors; t++) {
    format[t] = it->tiny.einsum.tensor[0].format;
    format[t].bits = bits[random_below(stream, 4)];
  }
  for (unsigned s = 0; s < it->group.stages; s++) {
    cds_einsum *einsum = &it->einsum[s];
    for (unsigned t = 0; t < einsum->tensors; t++) {
      einsum->tensor[t].format = format[it->group.stage[s].tensor[t]];
      einsum->tensor[t].accumulator = it->tiny.einsum.tensor[2].accumulator;
    }
  }
}

static void draw_softmax(fused_case *it, random_stream *stream) {
  cds_arch *arch = &it->tiny.arch;
  cds_einsum *shape = &it->einsum[it->chain->softmax];
  const cds_precision formats = {.accumulator = *cds_format_find("fp32")};
  cds_operation_size size = {.rows = 1};
  for (unsigned r = 0; r + 1 < shape->ranks; r++) {
    size.rows *= shape->rank[r].size;
  }
  size.length = shape->rank[shape->ranks - 1].size;
  assert_int_equal(cds_operation_make(&it->softmax,
                                      cds_operation_kind_find("softmax"), &size,
                                      &formats),
                   CDS_OK);
  it->softmax.input[0].format = shape->tensor[0].format;
  it->softmax.output.format = shape->tensor[1].format;
  shape->tensor[1].accumulator = shape->tensor[1].format; /* no sums */
  arch->other_operations = CDS_OTHER_MACS;
  arch->vectors = random_chance(stream, 75);
  cds_vector *unit = &arch->vector[0];
  *unit = (cds_vector){.name = "VU",
                       .lanes = 1U << random_below(stream, 4),
                       .die = random_below(stream, arch->dies)};
  do {
    unit->level = 1 + random_below(stream, arch->levels - 1);
  } while (arch->level[unit->level].depth > 0);
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    unit->cycles[p] = 1 + random_below(stream, 4);
    unit->energy_pj[p] = 0.25 * random_below(stream, 12);
    arch->mac_slots[p] = 1 + random_below(stream, 4);
  }
}

static void draw_mask(fused_case *it, random_stream *stream) {
  const cds_fused_einsum *stage = &it->group.stage[it->chain->softmax];
  const unsigned query =
      stage->rank[random_below(stream, stage->einsum->ranks - 1)];
  const unsigned key = cds_fused_row_rank(stage);
  const uint64_t queries = it->group.rank[query].size;
  const uint64_t keys = it->group.rank[key].size;
  const uint64_t least = keys > queries ? keys - queries : 0;
  const uint64_t more = random_chance(stream, 70) ? 0 : random_below(stream, 5);
  assert_int_equal(cds_fused_mask_set(&it->group, query, key, least + more),
                   CDS_OK);
}

static bool has_home(const cds_arch *arch) {
  for (unsigned l = 1; l < arch->levels; l++) {
    if (arch->level[l].depth == 0) {
      return true;
    }
  }
  return false;
}

static void fused_case_make(fused_case *it, uint64_t number,
                            const uint64_t sizes[8]) {
  random_stream stream = random_start(arguments.seed ^ 0x76657266, number);
  uint64_t draw = 16 * number;
  do {
    tiny_case_make(&it->tiny, arguments.seed, draw++);
  } while (!has_home(&it->tiny.arch));
  it->chain = &chains[random_below(&stream, CHAINS)];
  for (unsigned s = 0; s < it->chain->stages; s++) {
    assert_true(einsum_read(&it->einsum[s], it->chain->text[s], it->names[s]));
  }
  join(it);
  draw_sizes(it, sizes, &stream);
  join(it);
  draw_formats(it, &stream);
  if (it->chain->softmax < STAGES) {
    draw_softmax(it, &stream);
    if (random_chance(&stream, 50)) {
      draw_mask(it, &stream);
    }
  }
  for (unsigned l = 1; l < it->tiny.arch.levels; l++) {
    cds_level *level = &it->tiny.arch.level[l];
    if (level->size_bits < UINT64_MAX && random_chance(&stream, 60)) {
      level->size_bits *= 3;
    }
  }
}

static void fused_case_write(const fused_case *it, uint64_t number,
                             const cds_outer *outer) {
  printf("case %" PRIu64 "\n", number);
  for (unsigned s = 0; s < it->chain->stages; s++) {
    fputs("  ", stdout);
    einsum_write(stdout, &it->einsum[s]);
    fputs("\n", stdout);
  }
  if (it->group.mask.here) {
    printf("  keys %u up to queries %u + %" PRIu64 "\n", it->group.mask.key,
           it->group.mask.query, it->group.mask.offset);
  }
  for (unsigned n = 0; outer != NULL && n < outer->nodes; n++) {
    const cds_outer_node *node = &outer->node[n];
    if (node->kind == CDS_OUTER_FOR) {
      printf("  for rank %u %" PRIu64 "\n", node->rank, node->trips);
    } else {
      printf("  hold tensor %u at %u\n", node->tensor, node->level);
    }
  }
  tiny_case_write(stdout, &it->tiny);
}

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

/* Whether what was drawn is a fused mapping. */
static bool draw_outer(cds_outer *out, const fused_case *it,
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
    const bool made = it->group.tensor[t].intermediate;
    if (made || random_chance(stream, 60)) {
      const unsigned level =
          it->chain->softmax < STAGES ? unit : draw_level(arch, stream);
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

/* Operand and result are intermediates. */
static bool softmax_fits(const cds_arch *arch, const cds_fused_pass *pass) {
  bool fits = true;
  for (unsigned l = 1; l < arch->levels; l++) {
    uint64_t bits = pass->stage.taken_bits[l];
    for (unsigned t = 0; t < 2; t++) {
      const cds_home *home = &pass->stage.home[t];
      bits += home->level == l
                  ? home->tile_words * pass->einsum.tensor[t].format.bits
                  : 0;
    }
    fits = fits && bits <= arch->level[l].size_bits;
  }
  return fits;
}

static bool same_softmax(const fused_case *it, const cds_stage_view *view,
                         const cds_fused_pass *pass) {
  const cds_arch *arch = &it->tiny.arch;
  const double limit = it->tiny.goal.power_limit_w;
  cds_worth own;
  cds_cost cost;
  cds_operation_counts words;
  const cds_status one =
      cds_rows_stage_worth(&own, arch, view, &it->softmax, limit);
  const cds_status two =
      cds_price_passes(&cost, &words, arch, &pass->einsum, &it->softmax, limit);
  return one == two &&
         (one != CDS_OK ||
          same_worth(&own, &cost, softmax_fits(arch, pass), arch->levels));
}

/* Random mappings of a product. */
static bool same_product(const fused_case *it, const cds_stage_view *view,
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
  static fused_case it;
  static cds_stage_view view;
  static cds_fused_pass pass;
  cds_arena *arena = cds_arena_new();
  uint64_t outers = 0, masked = 0, tiled = 0, back = 0;
  for (uint64_t n = 0; n < arguments.cases; n++) {
    const uint64_t number = arguments.first + n;
    fused_case_make(&it, number, sizes);
    random_stream stream = random_start(arguments.seed + 2000, number);
    for (unsigned i = 0; i < OUTERS; i++) {
      cds_outer outer;
      cds_left left;
      if (!draw_outer(&outer, &it, &stream)) {
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
            !(s == it.chain->softmax
                  ? same_softmax(&it, &view, &pass)
                  : same_product(&it, &view, &pass, arena, &stream))) {
          fused_case_write(&it, number, &outer);
          fail_msg("case %" PRIu64 ", stage %u", number, s);
        }
      }
    }
  }
  print_message("%" PRIu64 " fused mappings, %" PRIu64 " with passes masked, "
                "%" PRIu64 " with rows in tiles, states of %" PRIu64
                " come back\n",
                outers, masked, tiled, back);
  assert_true(arguments.cases < 100 ||
              (outers > arguments.cases && masked > arguments.cases / 20 &&
               tiled > arguments.cases / 20 && back > arguments.cases / 50));
  cds_arena_free(arena);
}

/* ---- walk ------------------------------------------------------------ */

typedef struct solver {
  const fused_case *it;
  cds_fuser *fuser;
  cds_searcher *searcher;
  cds_status begun;
  unsigned delays;
  double product;    /* least of what was met */
  uint64_t repeated; /* least fused mappings in which a stage is repeated */
} solver;

static double product(const cds_worth *worth, unsigned delays) {
  return worth->energy_pj * worth->latency_s *
         (delays == 2 ? worth->latency_s : 1);
}

static void meet(solver *by, const cds_worth *worth) {
  by->product = fmin(by->product, product(worth, by->delays));
}

/* The least of E + lambda T of the layers alone; INFINITY: one does not fit. */
static double least_apart(solver *by, double lambda) {
  static cds_search_result result;
  const fused_case *it = by->it;
  const double limit = it->tiny.goal.power_limit_w;
  cds_worth sum = {.energy_pj = 0};
  for (unsigned s = 0; s < it->group.stages; s++) {
    cds_cost cost = {.cycles = 0};
    cds_operation_counts counts;
    cds_status status;
    if (s == it->chain->softmax) {
      status = cds_price_operation(&cost, &counts, &it->tiny.arch, &it->softmax,
                                   limit);
    } else {
      const cds_goal goal = {.lambda_pj_per_s = lambda};
      status =
          cds_search_begin(by->searcher, &it->tiny.arch, &it->einsum[s], limit);
      status = status == CDS_OK
                   ? cds_search_solve(&result, by->searcher, goal, NULL)
                   : status;
      cost = result.cost;
    }
    if (status != CDS_OK) {
      return (double)INFINITY;
    }
    sum.energy_pj += cost.energy_pj;
    sum.latency_s += cost.latency_s;
  }
  meet(by, &sum);
  return sum.energy_pj + lambda * sum.latency_s;
}

/* Whether a loop is on a rank that a product lacks. */
static bool repeats(const fused_case *it, const cds_outer *outer) {
  bool any = false;
  for (unsigned n = 0; n < outer->nodes; n++) {
    for (unsigned s = 0; s < it->group.stages; s++) {
      any = any || (cds_outer_is_loop(&outer->node[n]) &&
                    it->group.stage[s].operation == NULL &&
                    !cds_fused_stage_has(&it->group, s, outer->node[n].rank));
    }
  }
  return any;
}

static double least_of(solver *by, double lambda) {
  static cds_fuse_result fused;
  const double apart = least_apart(by, lambda);
  if (by->begun != CDS_OK ||
      cds_fuser_solve(&fused, by->fuser, lambda, NULL) != CDS_OK) {
    return apart;
  }
  assert_true(fused.proven);
  meet(by, &(cds_worth){.energy_pj = fused.energy_pj,
                        .latency_s = fused.latency_s});
  by->repeated += fused.value < apart && repeats(by->it, &fused.mapping.outer);
  return fmin(apart, fused.value);
}

/* The bound that is met, and holds: each that does not shows what is below. */
static double highest_bound(const cds_fused_space *space,
                            cds_objective objective, cds_worth known,
                            unsigned delays, uint64_t *given_up) {
  for (;;) {
    cds_walk_result walk;
    const double bound = product(&known, delays);
    const cds_status status =
        cds_fused_bound(&walk, space, objective, bound, &known);
    *given_up += status == CDS_ELIMIT;
    if (status == CDS_ELIMIT) {
      return 0;
    }
    assert_int_equal(status, CDS_OK);
    if (walk.holds) {
      const cds_status more =
          cds_fused_bound(&walk, space, objective, bound * (1 + 1e-6), &known);
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
                          const cds_fused_space *space, double lambda,
                          found_so_far *all) {
  const cds_verify_goal goal = {.linear = true, .lambda_pj_per_s = lambda};
  const double lowest = least_of(by, lambda);
  cds_fused_least found;
  assert_int_equal(cds_fused_walk_least(&found, space, &goal, (double)INFINITY),
                   CDS_OK);
  all->none += !found.found;
  if (!found.found) {
    return isinf(lowest);
  }
  const double value = cds_verify_value(&goal, &found.worth);
  *known = found.worth;
  all->least++;
  all->fused += least_apart(by, lambda) > lowest;
  if (!close_enough(found.least, lowest, 1e-9) ||
      !close_enough(value, lowest, 1e-9)) {
    printf("lambda %g: %.17g (%.17g) for %.17g\n", lambda, found.least, value,
           lowest);
    return false;
  }
  assert_int_equal(
      cds_fused_walk_least(&found, space, &goal, lowest * (1 - 1e-9)), CDS_OK);
  return !found.found;
}

static void the_walk_finds_what_the_searches_find(void **state) {
  (void)state;
  static const uint64_t sizes[] = {1, 2, 2, 2, 3, 3, 4, 4};
  static const double times[] = {0, 0.1, 0.5, 1, 2, 10};
  static fused_case it;
  solver by = {
      .it = &it, .fuser = cds_fuser_new(), .searcher = cds_searcher_new()};
  found_so_far all = {.least = 0};
  for (uint64_t n = 0; n < arguments.cases / 10; n++) {
    const uint64_t number = arguments.first + n;
    fused_case_make(&it, number, sizes);
    const cds_fused_space space = {.arch = &it.tiny.arch,
                                   .group = &it.group,
                                   .power_limit_w = it.tiny.goal.power_limit_w,
                                   .boxes_most = UINT64_MAX};
    assert_null(cds_fused_walk_foreign(&it.group));
    by.begun = cds_fuser_begin(by.fuser, &it.tiny.arch, &it.group,
                               it.tiny.goal.power_limit_w);
    by.delays = 1 + (unsigned)(number % 2);
    by.product = (double)INFINITY;
    cds_worth known = {.energy_pj = 0};
    for (unsigned i = 0; i < 6; i++) {
      const double lambda = 1e9 * times[i] * (double)(1 << number % 12);
      if (!compare_least(&known, &by, &space, lambda, &all)) {
        fused_case_write(&it, number, NULL);
        fail_msg("case %" PRIu64, number);
      }
    }
    if (product(&known, 1) > 0) {
      const double bound = highest_bound(
          &space, by.delays == 2 ? CDS_OBJECTIVE_ED2P : CDS_OBJECTIVE_EDP,
          known, by.delays, &all.given_up);
      assert_true(bound <= by.product * (1 + 1e-9));
    }
  }
  print_message("%" PRIu64 " least, %" PRIu64 " of them fused, %" PRIu64
                " times nothing fits, %" PRIu64 " bounds given up, %" PRIu64
                " with a product repeated\n",
                all.least, all.fused, all.none, all.given_up, by.repeated);
  assert_true(arguments.cases < 100 || all.fused > all.least / 10);
  assert_true(all.given_up <= all.least / 100);
  assert_true(arguments.cases < 1000 || by.repeated > 0);
  cds_fuser_free(by.fuser);
  cds_searcher_free(by.searcher);
}

int main(int argc, char **argv) {
  arguments = test_arguments_read(&arguments, argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fused_mappings_cost_what_count_and_price_say),
      cmocka_unit_test(the_walk_finds_what_the_searches_find),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
