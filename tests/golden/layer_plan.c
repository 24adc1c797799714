/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Depth first over plans, operation by operation. What is left takes at least
 * the sum of what each operation takes where its tensors are best for it, homes
 * take no room and there is no loop: a nest in a loop is one without, whose
 * outermost loop it is, if homes take no room.
 */
#include "golden/layer_plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "price/words.h"

struct plan_question {
  plan_question *next;
  unsigned like;
  bool relaxed;
  plan_stage stage;
  bool found;
  cds_search_result result;
  uint64_t need_bits; /* of the home's level, with what is at home */
};

typedef struct plan_walk {
  plan_layer *layer;
  layer_plan plan; /* so far */
  unsigned loop_first[PLAN_OPS_MAX], loop_last[PLAN_OPS_MAX];
} plan_walk;

/* Plans that are no better than this are not looked for. */
static const double better = 1 - 1e-10;

static void stop(const char *why) {
  fprintf(stderr, "layer plan: %s\n", why);
  exit(EXIT_FAILURE);
}

/* ---- tensors ----------------------------------------------------------- */

static double words_of(const cds_einsum *einsum, unsigned t) {
  uint64_t words = 0;
  if (cds_tensor_words(&words, einsum, t) != CDS_OK) {
    stop("a tensor is too large");
  }
  return (double)words;
}

static bool has_rank(const cds_einsum *einsum, unsigned t, unsigned rank) {
  return cds_tensor_has_rank(&einsum->tensor[t], rank);
}

/* The einsum, and its tensor, that tells the shape of a shared tensor. */
static const plan_op *shaper(const plan_layer *layer, unsigned shared,
                             unsigned *tensor) {
  for (unsigned i = 0; i < layer->ops; i++) {
    const plan_op *op = &layer->op[i];
    for (unsigned t = 0; op->einsum != NULL && t < op->einsum->tensors; t++) {
      if (op->shared[t] == shared) {
        *tensor = t;
        return op;
      }
    }
  }
  stop("a shared tensor has no use");
  return NULL;
}

static double shared_bits(const plan_layer *layer, unsigned shared) {
  unsigned t = 0;
  const plan_op *op = shaper(layer, shared, &t);
  return words_of(op->einsum, t) * op->einsum->tensor[t].format.bits;
}

static unsigned output_of(const plan_op *op) {
  return op->einsum == NULL ? 0 : op->einsum->tensors - 1;
}

/* The tensor of the operation that is this shared one; 3: none. */
static unsigned own(const plan_op *op, unsigned shared) {
  const unsigned tensors = op->einsum == NULL ? 1 : op->einsum->tensors;
  for (unsigned t = 0; t < tensors; t++) {
    if (op->shared[t] == shared) {
      return t;
    }
  }
  return 3;
}

static unsigned maker_of(const plan_layer *layer, unsigned shared) {
  unsigned i = 0;
  while (layer->op[i].shared[output_of(&layer->op[i])] != shared) {
    i++;
  }
  return i;
}

static unsigned last_of(const plan_layer *layer, unsigned shared) {
  unsigned last = 0;
  for (unsigned i = 0; i < layer->ops; i++) {
    last = own(&layer->op[i], shared) < 3 ? i : last;
  }
  return last;
}

/* ---- questions ----------------------------------------------------------- */

void plan_stage_make(plan_stage *it, const plan_layer *layer, unsigned op) {
  const cds_einsum *whole = layer->op[op].einsum;
  it->einsum = *whole;
  memset(&it->stage, 0, sizeof it->stage);
  it->stage.passes = it->stage.repeats = 1;
  const unsigned output = whole->tensors - 1;
  if (it->trips > 1) {
    cds_rank *rank = &it->einsum.rank[it->rank];
    rank->size /= it->trips;
    rank->real = rank->size;
    it->stage.passes = it->trips;
    it->stage.repeats = has_rank(whole, output, it->rank) ? it->trips : 1;
  }
  for (unsigned t = 0; t < whole->tensors; t++) {
    cds_home *home = &it->stage.home[t];
    if (it->place[t] == PLAN_MAIN) {
      continue;
    }
    home->level = layer->home;
    home->tile_words =
        (uint64_t)words_of(it->place[t] == PLAN_TILE ? &it->einsum : whole, t);
    home->loads = it->place[t] == PLAN_ONCE ? (uint64_t)words_of(whole, t) : 0;
  }
  it->stage.taken_bits[layer->home] = (uint64_t)it->taken_bits;
  it->einsum.stage = &it->stage;
}

static void relax(plan_stage *it, const cds_einsum *einsum) {
  for (unsigned t = 0; t < einsum->tensors; t++) {
    it->stage.home[t].tile_words = 0;
  }
}

static bool same_question(const plan_question *a, const plan_stage *b,
                          unsigned tensors) {
  bool same = a->stage.trips == b->trips &&
              (b->trips == 1 || a->stage.rank == b->rank) &&
              a->stage.taken_bits == b->taken_bits;
  for (unsigned t = 0; t < tensors; t++) {
    same = same && a->stage.place[t] == b->place[t];
  }
  return same;
}

static void solve(plan_question *it, plan_layer *layer, const plan_op *op) {
  const cds_goal goal = {.lambda_pj_per_s = layer->lambda_pj_per_s};
  cds_status status = cds_search_begin(layer->searcher, op->arch,
                                       &it->stage.einsum, (double)INFINITY);
  if (status == CDS_OK) {
    status = cds_search_solve(&it->result, layer->searcher, goal, NULL);
  }
  it->found = status == CDS_OK;
  layer->asked++;
  if (status != CDS_OK && status != CDS_EINFEASIBLE) {
    stop("a search fails");
  }
  if (!it->found) {
    return;
  }
  if (!it->result.proven) {
    stop("a search proves nothing");
  }
  static cds_counts counts;
  uint64_t need[CDS_LEVELS_MAX] = {0};
  const cds_arena_mark mark = cds_arena_mark_get(layer->arena);
  if (cds_count(&counts, op->arch, &it->stage.einsum, &it->result.mapping,
                layer->arena) != CDS_OK) {
    stop("a mapping cannot be counted");
  }
  cds_arena_reset(layer->arena, mark);
  cds_price_needs(need, op->arch, &it->stage.einsum, &counts);
  it->need_bits = need[layer->home];
}

static const plan_question *ask(plan_layer *layer, const plan_stage *stage,
                                unsigned index, bool relaxed) {
  const plan_op *op = &layer->op[index];
  for (plan_question *q = layer->known; q != NULL; q = q->next) {
    if (q->like == op->like && q->relaxed == relaxed &&
        same_question(q, stage, op->einsum->tensors)) {
      return q;
    }
  }
  plan_question *made = cds_malloc(sizeof *made);
  if (made == NULL) {
    stop("no memory");
  }
  memset(made, 0, sizeof *made);
  made->like = op->like;
  made->relaxed = relaxed;
  made->stage = *stage;
  plan_stage_make(&made->stage, layer, index);
  if (relaxed) {
    relax(&made->stage, op->einsum);
  }
  solve(made, layer, op);
  made->next = layer->known;
  layer->known = made;
  return made;
}

/* With what others take: the best with all room, if it fits. */
static const plan_question *ask_room(plan_layer *layer, const plan_stage *stage,
                                     unsigned index) {
  plan_stage alone = *stage;
  alone.taken_bits = 0;
  const plan_question *all = ask(layer, &alone, index, false);
  const double size =
      (double)layer->op[index].arch->level[layer->home].size_bits;
  if (!all->found || (double)all->need_bits + stage->taken_bits <= size) {
    return all;
  }
  return ask(layer, stage, index, false);
}

bool plan_stage_solve(cds_search_result *out, plan_layer *layer,
                      const plan_stage *stage, unsigned op) {
  const plan_question *q = ask_room(layer, stage, op);
  *out = q->result;
  return q->found;
}

void plan_layer_forget(plan_layer *layer) {
  while (layer->known != NULL) {
    plan_question *next = layer->known->next;
    cds_free(layer->known);
    layer->known = next;
  }
}

/* ---- copies -------------------------------------------------------------- */

/* All words from the outermost level to the home, bounded by either port. */
void plan_copy_cost(cds_cost *out, const plan_layer *layer) {
  const plan_op *op = &layer->op[0];
  const cds_arch *arch = layer->op[1].arch;
  const cds_level *from = &arch->level[0];
  const cds_level *to = &arch->level[layer->home];
  const double bits = shared_bits(layer, op->shared[0]);
  memset(out, 0, sizeof *out);
  out->energy_pj =
      bits * (from->price[CDS_READ].bit_pj + to->price[CDS_FILL].bit_pj);
  const double read = bits / fmin(from->read_bandwidth, from->shared_bandwidth);
  const double written = bits / fmin(to->write_bandwidth, to->shared_bandwidth);
  out->latency_s = fmax(read, written) / arch->clock_hz;
}

static double value_of(const plan_layer *layer, const cds_cost *cost) {
  return cost->energy_pj + layer->lambda_pj_per_s * cost->latency_s;
}

/* ---- bounds -------------------------------------------------------------- */

/* The least over all places of the tensors of an operation, and of its time
 * (search/search.h: cds_search_floor). */
static void set_relaxed(plan_layer *layer, unsigned index) {
  static const plan_place places[] = {PLAN_MAIN, PLAN_WHOLE, PLAN_ONCE};
  const plan_op *op = &layer->op[index];
  layer->relaxed[index] = layer->relaxed_s[index] = 0;
  if (op->einsum == NULL) {
    return;
  }
  layer->relaxed[index] = layer->relaxed_s[index] = (double)INFINITY;
  const unsigned tensors = op->einsum->tensors;
  const unsigned choices = tensors == 3 ? 27 : 9;
  for (unsigned i = 0; i < choices; i++) {
    plan_stage stage = {.trips = 1};
    bool meant = true;
    unsigned rest = i;
    for (unsigned t = 0; t < tensors; t++) {
      stage.place[t] = places[rest % 3];
      rest /= 3;
      meant = meant &&
              (stage.place[t] != PLAN_WHOLE || op->shared[t] != PLAN_PRIVATE);
    }
    const plan_question *q = meant ? ask(layer, &stage, index, true) : NULL;
    if (q != NULL && q->found) {
      double ignored = 0;
      double least_s = 0;
      cds_search_floor(&ignored, &least_s, op->arch, &q->stage.einsum,
                       (double)INFINITY);
      layer->relaxed[index] = fmin(layer->relaxed[index], q->result.bound);
      layer->relaxed_s[index] = fmin(layer->relaxed_s[index], least_s);
    }
  }
}

static double rest_least(const plan_layer *layer, unsigned from) {
  double sum = 0;
  for (unsigned i = from; i < layer->ops; i++) {
    sum += layer->relaxed[i];
  }
  return sum;
}

/* ---- room ---------------------------------------------------------------- */

/* Bits of a shared tensor at home while an operation runs. */
static double held_bits(const plan_walk *walk, unsigned shared, unsigned op,
                        unsigned last_known) {
  const plan_layer *layer = walk->layer;
  const unsigned maker = maker_of(layer, shared);
  const plan_place place = walk->plan.place[shared];
  if (maker > last_known || place == PLAN_MAIN) {
    return 0;
  }
  const unsigned last = last_of(layer, shared);
  if (place == PLAN_TILE) {
    const plan_stage *stage = &walk->plan.stage[maker];
    return maker <= op && op <= last
               ? shared_bits(layer, shared) / (double)stage->trips
               : 0;
  }
  const unsigned end = last <= last_known ? walk->loop_last[last] : last;
  return walk->loop_first[maker] <= op && op <= end ? shared_bits(layer, shared)
                                                    : 0;
}

/* What all other operations hold at home while one of a loop, whose last
 * operation is `last`, runs. */
static double taken_bits(const plan_walk *walk, unsigned op, unsigned last) {
  const plan_layer *layer = walk->layer;
  double bits = 0;
  for (unsigned s = 0; s < PLAN_SHARED_MAX; s++) {
    bool used = false;
    for (unsigned i = 0; i < layer->ops; i++) {
      used = used || own(&layer->op[i], s) < 3;
    }
    if (used && own(&layer->op[op], s) == 3) {
      bits += held_bits(walk, s, op, last);
    }
  }
  for (unsigned i = walk->loop_first[op]; i <= last; i++) {
    const cds_einsum *einsum = layer->op[i].einsum;
    for (unsigned t = 0; i != op && einsum != NULL && t < einsum->tensors;
         t++) {
      if (walk->plan.stage[i].place[t] == PLAN_ONCE) {
        bits += words_of(einsum, t) * einsum->tensor[t].format.bits;
      }
    }
  }
  return bits;
}

/* ---- walk ---------------------------------------------------------------- */

static void walk_from(plan_walk *walk, unsigned op, double sum);

static double most(const plan_walk *walk) {
  const layer_plan *best = &walk->layer->best;
  return best->found ? best->value * better : best->value;
}

/* Solves the operations first .. last, whose places are set, and goes on. */
// NOLINTNEXTLINE(misc-no-recursion): by operation
static void close_loop(plan_walk *walk, unsigned first, unsigned last,
                       double sum) {
  plan_layer *layer = walk->layer;
  for (unsigned i = first; i <= last; i++) {
    plan_stage *stage = &walk->plan.stage[i];
    if (layer->op[i].einsum == NULL) {
      memset(&walk->plan.cost[i], 0, sizeof walk->plan.cost[i]);
      if (walk->plan.place[layer->op[i].shared[0]] != PLAN_MAIN) {
        plan_copy_cost(&walk->plan.cost[i], layer);
      }
      sum += value_of(layer, &walk->plan.cost[i]);
      continue;
    }
    stage->taken_bits = taken_bits(walk, i, last);
    const plan_question *q = ask_room(layer, stage, i);
    if (!q->found) {
      return;
    }
    walk->plan.cost[i] = q->result.cost;
    walk->plan.mapping[i] = q->result.mapping;
    sum += q->result.value;
    if (sum + rest_least(layer, i + 1) > most(walk)) {
      return;
    }
  }
  walk_from(walk, last + 1, sum);
}

/* Whether all that is made at home so far finds room there. */
static bool fits(const plan_walk *walk, unsigned first, unsigned last) {
  const plan_layer *layer = walk->layer;
  for (unsigned i = first; i <= last; i++) {
    if (layer->op[i].einsum == NULL) {
      continue;
    }
    plan_stage stage = walk->plan.stage[i];
    stage.taken_bits = 0;
    plan_stage_make(&stage, layer, i);
    double bits = taken_bits(walk, i, last);
    for (unsigned t = 0; t < stage.einsum.tensors; t++) {
      bits += (double)stage.stage.home[t].tile_words *
              stage.einsum.tensor[t].format.bits;
    }
    if (bits > (double)layer->op[i].arch->level[layer->home].size_bits) {
      return false;
    }
  }
  return true;
}

/* Whether the tensor has the loop's rank on one axis in two operations. */
static bool same_axis(const plan_walk *walk, unsigned a, unsigned t, unsigned b,
                      unsigned u) {
  const cds_einsum *x = walk->layer->op[a].einsum;
  const cds_einsum *y = walk->layer->op[b].einsum;
  for (unsigned i = 0; i < x->tensor[t].axes; i++) {
    if (x->tensor[t].axis[i].term[0].rank == walk->plan.stage[a].rank &&
        y->tensor[u].axis[i].term[0].rank == walk->plan.stage[b].rank) {
      return true;
    }
  }
  return false;
}

/* Whether what an operation of the loop reads is there in a pass: it was made
 * before the loop, or pass by pass. */
static bool reads_fine(const plan_walk *walk, unsigned op) {
  const plan_layer *layer = walk->layer;
  const plan_op *user = &layer->op[op];
  for (unsigned t = 0; t + 1 < user->einsum->tensors; t++) {
    const unsigned shared = user->shared[t];
    if (shared == PLAN_PRIVATE) {
      continue;
    }
    const unsigned maker = maker_of(layer, shared);
    const bool copied = layer->op[maker].einsum == NULL;
    const bool together = walk->loop_first[maker] == walk->loop_first[op];
    const bool pass =
        copied ? has_rank(user->einsum, t, walk->plan.stage[op].rank)
               : same_axis(walk, maker, output_of(&layer->op[maker]), op, t);
    if (together && !pass) {
      return false;
    }
  }
  return true;
}

/* Whether tiles of what the operation makes reach all users in the loop. */
static bool tile_fine(const plan_walk *walk, unsigned op, unsigned last) {
  const plan_layer *layer = walk->layer;
  const unsigned shared = layer->op[op].shared[output_of(&layer->op[op])];
  for (unsigned i = op + 1; i < layer->ops; i++) {
    const unsigned t = own(&layer->op[i], shared);
    if (t == 3) {
      continue;
    }
    if (i > last ||
        !has_rank(layer->op[i].einsum, t, walk->plan.stage[i].rank)) {
      return false;
    }
  }
  return true;
}

typedef struct plan_loop {
  unsigned first, last;
  double sum;
} plan_loop;

static void choose_once(plan_walk *walk, const plan_loop *loop, unsigned op,
                        unsigned t);

/* The place of what each operation makes, from `op` on. */
// NOLINTNEXTLINE(misc-no-recursion): by operation
static void choose_made(plan_walk *walk, const plan_loop *loop, unsigned op,
                        bool tiles) {
  const plan_layer *layer = walk->layer;
  const bool alone = loop->first == loop->last;
  if (op > loop->last) {
    if (tiles || alone) {
      choose_once(walk, loop, loop->first, 0);
    }
    return;
  }
  const unsigned shared = layer->op[op].shared[output_of(&layer->op[op])];
  if (shared == PLAN_PRIVATE) {
    choose_made(walk, loop, op + 1, tiles);
    return;
  }
  static const plan_place order[] = {PLAN_TILE, PLAN_WHOLE, PLAN_MAIN};
  for (unsigned i = 0; i < 3; i++) {
    const bool tile = order[i] == PLAN_TILE;
    if ((tile && (alone || !tile_fine(walk, op, loop->last))) ||
        (order[i] != PLAN_MAIN && (layer->at_main >> shared & 1U) != 0)) {
      continue;
    }
    walk->plan.place[shared] = order[i];
    choose_made(walk, loop, op + 1, tiles || tile);
  }
}

/* Where the tensors of each operation of the loop are, from tensor `t` of `op`
 * on. */
// NOLINTNEXTLINE(misc-no-recursion): by tensor
static void choose_once(plan_walk *walk, const plan_loop *loop, unsigned op,
                        unsigned t) {
  const plan_layer *layer = walk->layer;
  if (op > loop->last) {
    if (fits(walk, loop->first, loop->last)) {
      close_loop(walk, loop->first, loop->last, loop->sum);
    }
    return;
  }
  const plan_op *at = &layer->op[op];
  if (at->einsum == NULL || t == at->einsum->tensors) {
    choose_once(walk, loop, op + 1, 0);
    return;
  }
  plan_stage *stage = &walk->plan.stage[op];
  const plan_place place = at->shared[t] == PLAN_PRIVATE
                               ? PLAN_MAIN
                               : walk->plan.place[at->shared[t]];
  stage->place[t] = place;
  choose_once(walk, loop, op, t + 1);
  if (place == PLAN_MAIN && loop->first < loop->last &&
      !has_rank(at->einsum, t, stage->rank)) {
    stage->place[t] = PLAN_ONCE;
    choose_once(walk, loop, op, t + 1);
  }
}

/* The rank of the operation that has the name, or of one that is copied, that
 * of the tensor; CDS_RANKS_MAX: none. */
static unsigned rank_named(const plan_layer *layer, unsigned op,
                           const char *name) {
  unsigned t = 0;
  const plan_op *at = &layer->op[op];
  const bool copied = at->einsum == NULL;
  at = copied ? shaper(layer, at->shared[0], &t) : at;
  for (unsigned r = 0; r < at->einsum->ranks; r++) {
    if (strcmp(at->einsum->rank[r].name, name) == 0 &&
        (!copied || has_rank(at->einsum, t, r))) {
      return r;
    }
  }
  return CDS_RANKS_MAX;
}

/* A loop of so many trips around first .. last, where the rules allow it. */
// NOLINTNEXTLINE(misc-no-recursion): by operation
static void walk_loop(plan_walk *walk, const plan_loop *loop, const char *rank,
                      uint64_t trips) {
  const plan_layer *layer = walk->layer;
  for (unsigned i = loop->first; i <= loop->last; i++) {
    plan_stage *stage = &walk->plan.stage[i];
    memset(stage, 0, sizeof *stage);
    stage->trips = trips;
    walk->loop_first[i] = loop->first;
    walk->loop_last[i] = loop->last;
    if (rank != NULL) {
      stage->rank = rank_named(layer, i, rank);
      if (stage->rank == CDS_RANKS_MAX) {
        return;
      }
    }
  }
  for (unsigned i = loop->first; rank != NULL && i <= loop->last; i++) {
    if (layer->op[i].einsum != NULL && !reads_fine(walk, i)) {
      return;
    }
  }
  choose_made(walk, loop, loop->first, false);
}

// NOLINTNEXTLINE(misc-no-recursion): by operation
static void walk_from(plan_walk *walk, unsigned op, double sum) {
  plan_layer *layer = walk->layer;
  if (sum + rest_least(layer, op) > most(walk)) {
    return;
  }
  if (op == layer->ops) {
    if (sum < layer->best.value) {
      layer->best = walk->plan;
      layer->best.found = true;
      layer->best.value = sum;
    }
    return;
  }
  const plan_loop alone = {op, op, sum};
  walk_loop(walk, &alone, NULL, 1);
  unsigned t = 0;
  const plan_op *shape = layer->op[op].einsum == NULL
                             ? shaper(layer, layer->op[op].shared[0], &t)
                             : &layer->op[op];
  for (unsigned last = op + 1; last < layer->ops; last++) {
    const plan_loop loop = {op, last, sum};
    for (unsigned r = 0; r < shape->einsum->ranks; r++) {
      const cds_rank *rank = &shape->einsum->rank[r];
      for (uint64_t n = 2; n <= rank->size; n++) {
        if (rank->size % n == 0) {
          walk_loop(walk, &loop, rank->name, n);
        }
      }
    }
  }
}

void plan_layer_solve(plan_layer *layer, double limit_pj) {
  static plan_walk walk;
  memset(&walk, 0, sizeof walk);
  walk.layer = layer;
  layer->known = NULL;
  layer->asked = 0;
  layer->best.found = false;
  layer->best.value = limit_pj;
  for (unsigned i = 0; i < layer->ops; i++) {
    set_relaxed(layer, i);
  }
  walk_from(&walk, 0, 0);
  plan_layer_forget(layer);
}
