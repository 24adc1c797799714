/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search over fused groups against brute force over its space, on random
 * tiny groups: every order of the prime factors of all ranks as outer loops,
 * any number of them (on ranks of a mask one with any factor), every tensor at
 * home nowhere or at any place, at every level above the arrays; some within
 * constraints, or with sums apart (arch.h), or whose stages have unequal parts
 * (all of them: uneven 1). Stages under outer nodes are those
 * of count/fusion.h, which test_fusion_literal compares with execution; their
 * best mappings come from the searches that test_search_residual,
 * test_search_brute and test_search_depth compare.
 *
 * Usage: test_fuse_brute [quick] [seed N] [cases N] [case N] [reports N]
 *        [uneven N]
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count/mask.h"
#include "count/online.h"
#include "fuse/fuse.h"
#include "fuse/least.h"
#include "oracle/arguments.h"
#include "oracle/brute_pipeline.h"
#include "oracle/fuse_case.h"
#include "price/passes.h"

enum { CASES = 40, CASES_QUICK = 2 };

/* ---- brute force ----------------------------------------------------- */

enum { SLOTS = 1 << 14 };

typedef struct known {
  struct known *next;
  unsigned stage;
  cds_fused_pass pass;
  double value; /* INFINITY: nothing fits */
  cds_search_frontier frontier;
} known;

typedef struct brute {
  const fuse_case *it;
  double lambda;
  cds_searcher *searcher;
  cds_arena *scratch, *arena;
  cds_arena_mark start;
  known *traded;
  unsigned level, loops;
  cds_outer_node loop[PRIMES_MOST];
  uint64_t left[CDS_FUSED_RANKS_MAX];
  unsigned place[CDS_FUSED_TENSORS_MAX]; /* loops outside; more: not at home */
  double value;
  uint64_t tried, searched;
  known *slot[SLOTS];
} brute;

static bool same_home(const cds_home *a, const cds_home *b) {
  return a->level == b->level && a->tile_words == b->tile_words &&
         a->replaced == b->replaced && a->loads == b->loads;
}

static bool same_pass(const cds_fused_pass *a, const cds_fused_pass *b) {
  bool same = a->stage.passes == b->stage.passes &&
              a->stage.repeats == b->stage.repeats &&
              memcmp(a->stage.taken_bits, b->stage.taken_bits,
                     sizeof a->stage.taken_bits) == 0;
  for (unsigned r = 0; r < a->einsum.ranks; r++) {
    same = same && a->einsum.rank[r].size == b->einsum.rank[r].size;
  }
  for (unsigned t = 0; t < a->einsum.tensors; t++) {
    same = same && same_home(&a->stage.home[t], &b->stage.home[t]);
  }
  return same;
}

/* The least of E + lambda T of a stage that is no product is what it takes.
 * Tiles that are replaced stand twice where the level is double buffered. */
static double operation_value(const brute *b, const cds_fused_pass *pass,
                              unsigned stage) {
  const fuse_case *it = b->it;
  for (unsigned l = 1; l < it->tiny.arch.levels; l++) {
    uint64_t bits = pass->stage.taken_bits[l];
    for (unsigned t = 0; t < pass->einsum.tensors; t++) {
      const cds_home *home = &pass->stage.home[t];
      const bool twice = home->replaced &&
                         it->tiny.arch.overlap == CDS_OVERLAP_NATIVE &&
                         it->tiny.arch.level[l].buffering == CDS_BUFFER_DOUBLE;
      bits += home->level == l ? home->tile_words * (twice ? 2 : 1) *
                                     pass->einsum.tensor[t].format.bits
                               : 0;
    }
    if (bits > it->tiny.arch.level[l].size_bits) {
      return (double)INFINITY;
    }
  }
  cds_cost cost;
  cds_operation_counts counts;
  const cds_status status =
      cds_price_passes(&cost, &counts, &it->tiny.arch, &pass->einsum,
                       &it->operation[stage], it->tiny.goal.power_limit_w);
  return status == CDS_OK ? cost.energy_pj + b->lambda * cost.latency_s
                          : (double)INFINITY;
}

static double stage_value(brute *b, const cds_fused_pass *pass,
                          unsigned stage) {
  if (b->it->group.stage[stage].operation != NULL) {
    return operation_value(b, pass, stage);
  }
  size_t slot = stage;
  for (unsigned t = 0; t < pass->einsum.tensors; t++) {
    slot = slot * 31 + (size_t)(pass->stage.home[t].tile_words * 7 +
                                pass->stage.home[t].loads);
  }
  for (unsigned r = 0; r < pass->einsum.ranks; r++) {
    slot = slot * 31 + (size_t)pass->einsum.rank[r].size;
  }
  known **first = &b->slot[slot % SLOTS];
  for (const known *k = *first; k != NULL; k = k->next) {
    if (k->stage == stage && same_pass(&k->pass, pass)) {
      return k->value;
    }
  }
  known *made = calloc(1, sizeof *made);
  if (made == NULL) {
    abort();
  }
  made->next = *first;
  made->stage = stage;
  made->pass = *pass;
  made->pass.einsum.stage = &made->pass.stage;
  made->value = (double)INFINITY;
  *first = made;
  static cds_search_result result;
  cds_status status =
      cds_search_begin(b->searcher, &b->it->tiny.arch, &made->pass.einsum,
                       b->it->tiny.goal.power_limit_w);
  if (status == CDS_OK) {
    const cds_goal goal = {.lambda_pj_per_s = b->lambda};
    status = cds_search_solve(&result, b->searcher, goal, NULL);
  }
  b->searched++;
  if (status == CDS_OK) {
    made->value = result.value;
  } else if (status != CDS_EINFEASIBLE) {
    fprintf(stderr, "brute force: status %d\n", (int)status);
    exit(EXIT_FAILURE);
  }
  return made->value;
}

/* Adds what an operation takes in a pipeline: all its steps but those that the
 * unit does alone, and these. */
static bool operation_times(pipelined_times *out, const brute *b,
                            const cds_fused_pass *pass, unsigned stage) {
  const fuse_case *it = b->it;
  const double watt = it->tiny.goal.power_limit_w;
  cds_online_part part[CDS_ONLINE_STEPS];
  cds_cost cost;
  cds_operation_counts counts;
  if (pass->stage.online.tiles < 2) {
    const bool fine =
        cds_price_passes(&cost, &counts, &it->tiny.arch, &pass->einsum,
                         &it->operation[stage], watt) == CDS_OK;
    pipelined_add(out, &it->tiny.arch, &cost, 1, false);
    return fine;
  }
  if (cds_online_parts(part, &it->operation[stage], &pass->einsum) != CDS_OK) {
    return false;
  }
  for (unsigned i = 0; i < CDS_ONLINE_STEPS; i++) {
    const bool alone =
        i == CDS_ONLINE_RESCALE || i == CDS_ONLINE_END || i == CDS_ONLINE_MOVE;
    if (part[i].times > 0 &&
        cds_price_operation(&cost, &counts, &it->tiny.arch, &part[i].operation,
                            watt) != CDS_OK) {
      return false;
    }
    pipelined_add(out, &it->tiny.arch, &cost, (double)part[i].times, alone);
  }
  return true;
}

/* Mappings that trade energy without leakage and time best; kept for all prices
 * of a case. */
static bool traded(cds_search_frontier *out, brute *b, unsigned stage,
                   const cds_fused_pass *pass) {
  const fuse_case *it = b->it;
  for (known *k = b->traded; k != NULL; k = k->next) {
    if (k->stage == stage && same_pass(&k->pass, pass)) {
      *out = k->frontier;
      return !isinf(k->value);
    }
  }
  static cds_arch arch;
  arch = it->tiny.arch;
  const double leakage_w = cds_arch_leakage_w(&arch);
  arch.fixed_leakage_w = arch.compute.leakage_w = 0;
  for (unsigned l = 0; l < arch.levels; l++) {
    arch.level[l].leakage_w = 0;
  }
  for (unsigned k = 0; k < arch.arrays; k++) {
    arch.array[k].leakage_w = 0;
  }
  for (unsigned v = 0; v < arch.vectors; v++) {
    arch.vector[v].leakage_w = 0;
  }
  known *made = calloc(1, sizeof *made);
  if (made == NULL) {
    abort();
  }
  made->next = b->traded;
  b->traded = made;
  made->stage = stage;
  made->pass = *pass;
  made->pass.einsum.stage = &made->pass.stage;
  const bool fits =
      cds_search_begin(b->searcher, &arch, &made->pass.einsum,
                       it->tiny.goal.power_limit_w - leakage_w) == CDS_OK &&
      cds_search_frontier_solve(&made->frontier, b->searcher, 0, b->arena,
                                NULL) == CDS_OK;
  made->value = fits ? 0 : (double)INFINITY;
  *out = made->frontier;
  return fits;
}

static void forget_traded(brute *b) {
  while (b->traded != NULL) {
    known *next = b->traded->next;
    free(b->traded);
    b->traded = next;
  }
  cds_arena_reset(b->arena, b->start);
}

/* The same group as a pipeline: all mappings that trade energy and time best of
 * one product with all of the others. */
static double pipelined_value(brute *b, const cds_outer *outer) {
  const fuse_case *it = b->it;
  static cds_fused_pass pass[STAGES_MOST];
  cds_search_frontier frontier[STAGES_MOST];
  pipelined_times times = {0};
  unsigned products = 0;
  double sum = 0; /* T is no less than A + M + X */
  for (unsigned s = 0; s < it->group.stages; s++) {
    if (cds_fused_pass_set(&pass[s], &it->group, &it->tiny.arch, outer, s,
                           b->scratch) != CDS_OK) {
      exit(EXIT_FAILURE);
    }
    pass[s].einsum.stage = &pass[s].stage;
    if (it->group.stage[s].operation == NULL) {
      sum += stage_value(b, &pass[s], s);
    } else if (isinf(operation_value(b, &pass[s], s)) ||
               !operation_times(&times, b, &pass[s], s)) {
      return (double)INFINITY;
    }
  }
  const double watt = cds_arch_leakage_w(&it->tiny.arch);
  sum += times.dynamic_pj +
         (watt * 1e12 + b->lambda) * (times.moving_s + times.alone_s);
  if (sum * (1 - 1e-9) > b->value) {
    return (double)INFINITY;
  }
  for (unsigned s = 0; s < it->group.stages; s++) {
    if (it->group.stage[s].operation == NULL &&
        !traded(&frontier[products++], b, s, &pass[s])) {
      return (double)INFINITY;
    }
  }
  return pipelined_least(frontier, products, &times, &it->tiny.arch,
                         it->tiny.goal.power_limit_w, b->lambda,
                         &pass[0].stage);
}

static void try_nodes(brute *b) {
  const fuse_case *it = b->it;
  cds_outer outer = {.nodes = 0};
  for (unsigned i = 0; i <= b->loops; i++) {
    for (unsigned t = 0; t < it->group.tensors; t++) {
      if (b->place[t] == i) {
        outer.node[outer.nodes++] = (cds_outer_node){
            .kind = CDS_OUTER_HOLD, .tensor = t, .level = b->level};
      }
    }
    if (i < b->loops) {
      outer.node[outer.nodes++] = b->loop[i];
    }
  }
  if (cds_fused_outer_wrong(&it->group, &it->tiny.arch, &outer) != NULL) {
    return;
  }
  b->tried++;
  double value = 0;
  for (unsigned s = 0; s < it->group.stages && !isinf(value); s++) {
    cds_fused_pass pass;
    if (cds_fused_pass_set(&pass, &it->group, &it->tiny.arch, &outer, s,
                           b->scratch) != CDS_OK) {
      exit(EXIT_FAILURE);
    }
    value += stage_value(b, &pass, s);
  }
  b->value = value < b->value ? value : b->value;
  outer.pipelined = true;
  if (it->group.pipelines && b->loops > 0 &&
      cds_fused_outer_wrong(&it->group, &it->tiny.arch, &outer) == NULL) {
    value = pipelined_value(b, &outer);
    b->value = value < b->value ? value : b->value;
  }
}

static void choose_places(brute *b, unsigned tensor) {
  if (tensor == b->it->group.tensors) {
    try_nodes(b);
    return;
  }
  /* Elsewhere the rules refuse it, whatever else is where. */
  const unsigned first = b->it->group.tensor[tensor].intermediate ? b->loops
                         : cds_fused_may_hold(&b->it->group, tensor)
                             ? 0
                             : b->loops + 1;
  for (unsigned p = first; p <= b->loops + 1; p++) {
    b->place[tensor] = p;
    choose_places(b, tensor + 1);
  }
}

static void choose_loops(brute *b) {
  choose_places(b, 0);
  for (unsigned r = 0; r < b->it->group.ranks; r++) {
    const uint64_t size = b->it->group.rank[r].size;
    const bool once = cds_fused_of_mask(&b->it->group, r);
    for (uint64_t p = 2; p <= (once ? size : 5); p++) {
      const bool given = once ? b->left[r] == size : p != 4;
      if (!given || b->left[r] % p != 0 ||
          cds_fused_loop_wrong(&b->it->group, r) != NULL) {
        continue;
      }
      if (b->loops == PRIMES_MOST) {
        fprintf(stderr, "brute force: a group has too many loops\n");
        exit(EXIT_FAILURE);
      }
      b->left[r] /= p;
      b->loop[b->loops++] =
          (cds_outer_node){.kind = CDS_OUTER_FOR, .rank = r, .trips = p};
      choose_loops(b);
      b->loops--;
      b->left[r] *= p;
    }
  }
}

static void brute_fuse(brute *b, const fuse_case *it, double lambda) {
  b->it = it;
  b->lambda = lambda;
  b->value = (double)INFINITY;
  for (unsigned r = 0; r < it->group.ranks; r++) {
    b->left[r] = it->group.rank[r].size;
  }
  for (b->level = 1; b->level < it->tiny.arch.levels; b->level++) {
    if (it->tiny.arch.level[b->level].depth == 0) {
      choose_loops(b);
    }
  }
  for (unsigned i = 0; i < SLOTS; i++) {
    while (b->slot[i] != NULL) {
      known *next = b->slot[i]->next;
      free(b->slot[i]);
      b->slot[i] = next;
    }
  }
}

typedef struct asked {
  brute *b;
  cds_fuser *fuser;
  cds_fuse_result *result;
  uint64_t mismatches, feasible, looped, tiled, outside, opened, beyond, kept,
      apart, skipped, pipelined;
} asked;

static void look_at(asked *all, const fuse_case *it) {
  const cds_fuse_result *result = all->result;
  const cds_outer *outer = &result->mapping.outer;
  if (!result->found) {
    return;
  }
  all->pipelined += outer->pipelined;
  all->looped += outer->node[0].kind == CDS_OUTER_FOR;
  all->opened += result->opened;
  if (it->attention && cds_fused_row_tiles(&it->group, outer, SOFTMAX) > 1) {
    bool home = false;
    for (unsigned n = 0; n < outer->nodes; n++) {
      home = home || (outer->node[n].kind == CDS_OUTER_HOLD &&
                      outer->node[n].tensor == it->group.tensors - 1);
    }
    cds_live live;
    cds_live_set(&live, &it->group, outer);
    all->skipped += live.pairs < live.queries * live.keys;
    all->tiled++;
    all->outside += !home;
  }
}

/* Whether what is said without listing anything is no more than the least. */
static bool least_is_below(const asked *all, const fuse_case *it) {
  double dynamic_pj = 0;
  double latency_s = 0;
  const cds_arch *arch = &it->tiny.arch;
  cds_floor_asked floors;
  if (cds_floor_ask(&floors, arch, it->tiny.goal.power_limit_w,
                    all->b->scratch) != CDS_OK) {
    return false;
  }
  floors.memo->rows.forms = true;
  floors.memo->far_told = true;
  if (cds_fuse_least(&dynamic_pj, &latency_s, &floors, &it->group) != CDS_OK) {
    return false;
  }
  const double energy_pj =
      dynamic_pj + cds_arch_leakage_w(arch) * 1e12 * latency_s;
  const cds_fuse_result *result = all->result;
  return energy_pj + all->b->lambda * latency_s <= all->b->value &&
         (!result->found ||
          (energy_pj <= result->energy_pj && latency_s <= result->latency_s));
}

/* Whether the search says of one price what brute force does. */
static bool good_answer(const asked *all, cds_status status, double limit) {
  const cds_fuse_result *result = all->result;
  const double value = all->b->value;
  if (isinf(value)) {
    return status == CDS_EINFEASIBLE;
  }
  if (status != CDS_OK || !result->proven) {
    return false;
  }
  double energy_pj = 0;
  double latency_s = 0;
  cds_fuser_floor(&energy_pj, &latency_s, all->fuser);
  if (energy_pj + all->b->lambda * latency_s > value ||
      (result->found &&
       (energy_pj > result->energy_pj || latency_s > result->latency_s))) {
    return false;
  }
  return value > limit
             ? !result->found && result->bound >= limit &&
                   result->bound <= value * (1 + 1e-11)
             : result->found && fabs(result->value - value) <= 1e-11 * value &&
                   result->bound == result->value;
}

/* Whether the same with a slack says no more than what is so. */
static bool good_slack(const asked *all, cds_status status, double limit,
                       double slack) {
  const cds_fuse_result *result = all->result;
  const double value = all->b->value;
  const double most = fmin(limit, result->found ? result->value : limit);
  if (isinf(value)) {
    return status == CDS_EINFEASIBLE;
  }
  return status == CDS_OK && result->bound <= value * (1 + 1e-11) &&
         (isinf(most) || result->bound >= most * (1 - slack) * (1 - 1e-9)) &&
         (result->found || value > limit * (1 - slack) * (1 - 1e-9)) &&
         (!result->found || (result->value >= value * (1 - 1e-11) &&
                             result->value <= limit * (1 + 1e-11))) &&
         (!result->proven || !result->found ||
          fabs(result->value - value) <= 1e-11 * value);
}

/* Asks one price of a group that was begun with `begun`. */
static bool ask(asked *all, const fuse_case *it, unsigned price,
                cds_status begun) {
  const double part = limit_parts[it->limited[price]];
  cds_fuse_result *result = all->result;
  brute_fuse(all->b, it, it->lambda[price]);
  const double value = all->b->value;
  const double limit =
      part > 0 && !isinf(value) ? part * value : (double)INFINITY;
  cds_status status = begun;
  memset(result, 0, sizeof *result);
  if (status == CDS_OK) {
    static const double slacks[] = {0.001, 0.03, 0.12, 0.4};
    const double slack = slacks[(it->limited[price] + price) % 4];
    cds_fuser_limit(all->fuser, limit);
    cds_fuser_slack(all->fuser, slack);
    status = cds_fuser_solve(result, all->fuser, it->lambda[price], NULL);
    if (!good_slack(all, status, limit, slack)) {
      all->mismatches++;
      printf("slack %g at price %u: brute force %.17g, limit %.17g, status %d, "
             "found %d, proven %d, value %.17g, bound %.17g\n",
             slack, price, value, limit, (int)status, result->found,
             result->proven, result->value, result->bound);
      return false;
    }
    memset(result, 0, sizeof *result);
    cds_fuser_slack(all->fuser, 0);
    status = cds_fuser_solve(result, all->fuser, it->lambda[price], NULL);
  }
  all->feasible += !isinf(value);
  all->beyond += !isinf(value) && value > limit;
  look_at(all, it);
  if (!good_answer(all, status, limit) ||
      (!isinf(value) && !least_is_below(all, it))) {
    all->mismatches++;
    printf(
        "mismatch at price %u: brute force %.17g, limit %.17g, search status "
        "%d, found %d, proven %d, value %.17g, bound %.17g\n",
        price, value, limit, (int)status, result->found, result->proven,
        result->value, result->bound);
    return false;
  }
  return true;
}

static bool check_all(const test_arguments *given, family of, brute *b,
                      cds_fuser *fuser) {
  static const char *const names[] = {"of products", "with a softmax",
                                      "with a mask", "with operations",
                                      "with norms and sums"};
  const bool attention = of == OF_SOFTMAX || of == OF_MASKS;
  static fuse_case it;
  static cds_fuse_result result;
  asked all = {.b = b, .fuser = fuser, .result = &result};
  const uint64_t cases = of == OF_MASKS   ? (given->cases + 4) / 5
                         : of >= OF_TAILS ? 4 * given->cases
                                          : given->cases;
  b->tried = b->searched = 0;
  for (uint64_t i = 0; i < cases && all.mismatches < given->reports; i++) {
    memset(&it, 0, sizeof it);
    fuse_case_make(&it, given->seed, given->first + i, of);
    it.tiny.arch.any_factors =
        given->uneven || (of == OF_PRODUCTS && (given->first + i) % 4 == 3);
    const cds_status begun = cds_fuser_begin(fuser, &it.tiny.arch, &it.group,
                                             it.tiny.goal.power_limit_w);
    bool good = true;
    all.kept += it.all.count > 0;
    all.apart += it.tiny.arch.sums_apart;
    for (unsigned price = 0; good && price < PRICES; price++) {
      good = ask(&all, &it, price, begun);
    }
    forget_traded(b);
    if (!good) {
      fuse_case_write(&it, given->first + i);
    }
  }
  printf("%" PRIu64 " groups %s of seed %" PRIu64 ", %d prices each (%" PRIu64
         " feasible, %" PRIu64 " with loops first, %" PRIu64
         " beyond limits), %" PRIu64 " mismatches\n%" PRIu64
         " sets of outer nodes tried, %" PRIu64 " stages searched, %" PRIu64
         " choices opened\n",
         cases, names[of], given->seed, PRICES, all.feasible, all.looped,
         all.beyond, all.mismatches, b->tried, b->searched, all.opened);
  printf("%" PRIu64 " within constraints, %" PRIu64 " with sums apart\n",
         all.kept, all.apart);
  if (attention) {
    printf("the best of %" PRIu64 " has tiles of rows, of %" PRIu64
           " with the output outside, of %" PRIu64 " passes are skipped\n",
           all.tiled, all.outside, all.skipped);
  }
  if (of != OF_PRODUCTS) {
    printf("the best of %" PRIu64 " is a pipeline\n", all.pipelined);
  }
  return all.mismatches == 0;
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 5, .cases = CASES, .quick = CASES_QUICK, .reports = 5};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  brute *b = calloc(1, sizeof *b);
  cds_fuser *fuser = cds_fuser_new();
  if (b == NULL || fuser == NULL) {
    return EXIT_FAILURE;
  }
  b->searcher = cds_searcher_new();
  b->scratch = cds_arena_new();
  b->arena = cds_arena_new();
  b->start = cds_arena_mark_get(b->arena);
  bool good = true;
  for (unsigned of = OF_PRODUCTS; of <= OF_SUMS; of++) {
    good = check_all(&given, (family)of, b, fuser) && good;
  }
  cds_fuser_free(fuser);
  cds_searcher_free(b->searcher);
  cds_arena_free(b->scratch);
  cds_arena_free(b->arena);
  free(b);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
