/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boxes between neighbours; see frontier.h. */
#include "search/frontier.h"

#include <string.h>

/* Points that differ by less, relatively, are the same. */
static const double NEAR = 1e-9;

/* How far the slopes beyond the ends are from those at them. */
static const double STEEP = 8;

enum { CHEAPEST, FASTEST, ENDS };

typedef struct tracer {
  cds_search_frontier *out;
  cds_searcher *searcher;
  cds_arena *arena;
  const cds_control *control;
  double apart; /* what of a metric the next point may have of this one's */
  size_t room;
  cds_frontier_point **point; /* by rising energy */
  bool *closed;               /* nothing is between it and the next */
  bool ended[ENDS];           /* nothing is beyond the first, the last */
  cds_search_result result;   /* of the present search */
} tracer;

static cds_status make_room(tracer *it) {
  if (it->out->points < it->room) {
    return CDS_OK;
  }
  const size_t room = 2 * it->room + 16;
  cds_frontier_point **point = cds_arena_array(it->arena, room, sizeof *point);
  bool *closed = cds_arena_array(it->arena, room, sizeof *closed);
  if (point == NULL || closed == NULL) {
    return CDS_ENOMEM;
  }
  if (it->room > 0) {
    memcpy(point, it->point, it->room * sizeof(*point));
    memcpy(closed, it->closed, it->room * sizeof *closed);
  }
  it->point = point;
  it->closed = closed;
  it->room = room;
  return CDS_OK;
}

/* Puts the present result before the point at a place. */
static cds_status insert(tracer *it, size_t at) {
  CDS_TRY(make_room(it));
  cds_frontier_point *added = cds_arena_alloc(it->arena, sizeof *added);
  if (added == NULL) {
    return CDS_ENOMEM;
  }
  memset(added, 0, sizeof *added);
  added->mapping = it->result.mapping;
  added->cost = it->result.cost;
  const size_t after = it->out->points - at;
  memmove(&it->point[at + 1], &it->point[at], after * sizeof(*it->point));
  memmove(&it->closed[at + 1], &it->closed[at], after * sizeof *it->closed);
  it->point[at] = added;
  it->closed[at] = false;
  it->out->points++;
  return CDS_OK;
}

/* Searches for a goal; `found`: the result is proven. One that is not leaves
 * the frontier unproven. */
static cds_status ask(bool *found, tracer *it, cds_goal goal) {
  *found = false;
  it->out->searches++;
  const cds_status status =
      cds_search_solve(&it->result, it->searcher, goal, it->control);
  it->out->nodes += it->result.nodes;
  if (status == CDS_EINTERRUPTED) {
    it->out->proven = false;
    return CDS_OK;
  }
  if (status == CDS_OK) {
    *found = it->result.proven;
    it->out->proven = it->out->proven && it->result.proven;
  }
  return status == CDS_EINFEASIBLE ? CDS_OK : status;
}

/* Whether a point takes no more than another of both, but for rounding. */
static bool reaches(const cds_cost *a, const cds_cost *b) {
  return a->energy_pj <= b->energy_pj * (1 + NEAR) &&
         a->latency_s <= b->latency_s * (1 + NEAR);
}

static void take_out(tracer *it, size_t at) {
  const size_t after = --it->out->points - at;
  memmove(&it->point[at], &it->point[at + 1], after * sizeof(*it->point));
  memmove(&it->closed[at], &it->closed[at + 1], after * sizeof *it->closed);
}

/* Searches for a goal, and puts what it finds at a place. Neighbours that it
 * reaches are the same point, or were found with a metric that rounding had
 * swallowed. */
static cds_status look(bool *found, tracer *it, cds_goal goal, size_t at) {
  CDS_TRY(ask(found, it, goal));
  if (!*found) {
    return CDS_OK;
  }
  CDS_TRY(insert(it, at));
  const cds_cost *cost = &it->point[at]->cost;
  if (at + 1 < it->out->points && reaches(cost, &it->point[at + 1]->cost)) {
    it->closed[at] = it->closed[at + 1];
    take_out(it, at + 1);
  }
  if (at > 0 && reaches(cost, &it->point[at - 1]->cost)) {
    take_out(it, at - 1);
  }
  return CDS_OK;
}

/* Looks between the point at a place and the next. */
static cds_status look_between(tracer *it, size_t at) {
  const cds_cost *left = &it->point[at]->cost;
  const cds_cost *right = &it->point[at + 1]->cost;
  const double rise = right->energy_pj - left->energy_pj;
  const double fall = left->latency_s - right->latency_s;
  const cds_goal goal = {.lambda_pj_per_s = rise / fall,
                         .energy_limit_pj = right->energy_pj * it->apart,
                         .latency_limit_s = left->latency_s * it->apart};
  bool found = false;
  it->closed[at] = true;
  if (goal.energy_limit_pj < left->energy_pj ||
      goal.latency_limit_s < right->latency_s) {
    return CDS_OK; /* nothing of interest is left between them */
  }
  CDS_TRY(look(&found, it, goal, at + 1));
  if (found) {
    it->closed[at] = false;
  }
  return CDS_OK;
}

/* Looks beyond the point of least energy, or the one of least latency, with a
 * slope that favours what lies there. */
static cds_status look_beyond(tracer *it, unsigned end) {
  const size_t at = end == CHEAPEST ? 0 : it->out->points - 1;
  const cds_cost *cost = &it->point[at]->cost;
  const double slope = cost->energy_pj / cost->latency_s;
  cds_goal goal = {.lambda_pj_per_s =
                       end == CHEAPEST ? slope / STEEP : slope * STEEP};
  if (end == CHEAPEST) {
    goal.energy_limit_pj = cost->energy_pj * it->apart;
  } else {
    goal.latency_limit_s = cost->latency_s * it->apart;
  }
  bool found = false;
  CDS_TRY(look(&found, it, goal, end == CHEAPEST ? 0 : at + 1));
  it->ended[end] = !found;
  return CDS_OK;
}

/* The first place between two points that may hold something; `points`: none.
 */
static size_t open_place(const tracer *it) {
  size_t at = 0;
  while (at + 1 < it->out->points && it->closed[at]) {
    at++;
  }
  return at + 1 < it->out->points ? at : it->out->points;
}

static cds_status trace(tracer *it) {
  const cds_goal product = {.time_power = 1};
  bool found = false;
  CDS_TRY(look(&found, it, product, 0));
  if (!found) {
    return it->out->proven ? CDS_EINFEASIBLE : CDS_EINTERRUPTED;
  }
  /* The ends last: they are the dearest to ask for. */
  while (it->out->proven) {
    const size_t at = open_place(it);
    if (at < it->out->points) {
      CDS_TRY(look_between(it, at));
    } else if (!it->ended[CHEAPEST]) {
      CDS_TRY(look_beyond(it, CHEAPEST));
    } else if (!it->ended[FASTEST]) {
      CDS_TRY(look_beyond(it, FASTEST));
    } else {
      break;
    }
  }
  return CDS_OK;
}

/* Copies the points, with what they need. */
static cds_status finish(tracer *it) {
  cds_search_frontier *out = it->out;
  out->point = cds_arena_array(it->arena, out->points, sizeof *out->point);
  cds_counts *counts = cds_arena_alloc(it->arena, sizeof *counts);
  if (out->point == NULL || counts == NULL) {
    return CDS_ENOMEM;
  }
  const cds_arch *arch = cds_searcher_arch(it->searcher);
  const cds_einsum *einsum = cds_searcher_einsum(it->searcher);
  for (size_t i = 0; i < out->points; i++) {
    cds_frontier_point *point = &out->point[i];
    *point = *it->point[i];
    const cds_arena_mark mark = cds_arena_mark_get(it->arena);
    CDS_TRY(cds_count(counts, arch, einsum, &point->mapping, it->arena));
    cds_arena_reset(it->arena, mark);
    cds_price_needs(point->need_bits, arch, einsum, counts);
  }
  return CDS_OK;
}

cds_status cds_search_frontier_solve(cds_search_frontier *out,
                                     cds_searcher *searcher, double gap,
                                     cds_arena *arena,
                                     const cds_control *control) {
  memset(out, 0, sizeof *out);
  out->proven = true;
  tracer *it = cds_arena_alloc(arena, sizeof *it);
  if (it == NULL) {
    return CDS_ENOMEM;
  }
  memset(it, 0, sizeof *it);
  it->out = out;
  it->searcher = searcher;
  it->arena = arena;
  it->control = control;
  it->apart = 1 / (1 + (gap > NEAR ? gap : NEAR));
  CDS_TRY(trace(it));
  return finish(it);
}
