/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boxes between neighbours; see frontier.h. */
#include "search/frontier.h"

#include <string.h>

/* Points that differ by less, relatively, are the same. */
static const double NEAR = 1e-9;

typedef struct tracer {
  cds_search_frontier *out;
  cds_searcher *searcher;
  const cds_arch *arch;
  const cds_einsum *einsum;
  cds_arena *arena;
  const cds_control *control;
  double apart; /* what of a metric the next point may have of this one's */
  size_t room;
  cds_frontier_point **point; /* by rising energy */
  bool *closed;               /* nothing is between it and the next */
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

/* A slope at which time decides before energy; where the search adds the two,
 * energy is lost to rounding. */
static double endless(const cds_cost *cost) {
  return cost->energy_pj / cost->latency_s * 0x1p60;
}

/* The point of least latency, and of those that of least energy. */
static cds_status find_fastest(bool *found, tracer *it,
                               const cds_cost *cheapest) {
  const cds_goal least_time = {.lambda_pj_per_s = endless(cheapest)};
  CDS_TRY(ask(found, it, least_time));
  if (!*found) {
    return CDS_OK;
  }
  const cds_cost *cost = &it->result.cost;
  /* Times differ by rounding at most: energy decides, whatever the slope. */
  const cds_goal least_energy = {
      .lambda_pj_per_s = cost->energy_pj / cost->latency_s,
      .latency_limit_s = cost->latency_s * (1 + NEAR)};
  return ask(found, it, least_energy);
}

/* The point of least energy, and of those that of least latency. */
static cds_status find_cheapest(bool *found, tracer *it) {
  const cds_goal least_energy = {.lambda_pj_per_s = 0};
  CDS_TRY(ask(found, it, least_energy));
  if (!*found) {
    return CDS_OK;
  }
  const cds_goal least_time = {.lambda_pj_per_s = endless(&it->result.cost),
                               .energy_limit_pj =
                                   it->result.cost.energy_pj * (1 + NEAR)};
  return ask(found, it, least_time);
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
  CDS_TRY(ask(&found, it, goal));
  if (!found) {
    return CDS_OK;
  }
  it->closed[at] = false;
  return insert(it, at + 1);
}

static cds_status trace(tracer *it) {
  bool found = false;
  CDS_TRY(find_cheapest(&found, it));
  if (!found) {
    return it->out->proven ? CDS_EINFEASIBLE : CDS_EINTERRUPTED;
  }
  CDS_TRY(insert(it, 0));
  const cds_cost cheapest = it->point[0]->cost;
  CDS_TRY(find_fastest(&found, it, &cheapest));
  if (!found || it->result.cost.latency_s >= cheapest.latency_s * (1 - NEAR)) {
    return CDS_OK;
  }
  CDS_TRY(insert(it, 1));
  for (size_t at = 0; at + 1 < it->out->points;) {
    if (it->closed[at] || !it->out->proven) {
      at++;
    } else {
      CDS_TRY(look_between(it, at));
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
  for (size_t i = 0; i < out->points; i++) {
    cds_frontier_point *point = &out->point[i];
    *point = *it->point[i];
    const cds_arena_mark mark = cds_arena_mark_get(it->arena);
    CDS_TRY(
        cds_count(counts, it->arch, it->einsum, &point->mapping, it->arena));
    cds_arena_reset(it->arena, mark);
    cds_price_needs(point->need_bits, it->arch, it->einsum, counts);
  }
  return CDS_OK;
}

cds_status cds_search_frontier_solve(cds_search_frontier *out,
                                     cds_searcher *searcher,
                                     const cds_arch *arch,
                                     const cds_einsum *einsum, double gap,
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
  it->arch = arch;
  it->einsum = einsum;
  it->arena = arena;
  it->control = control;
  it->apart = 1 / (1 + (gap > NEAR ? gap : NEAR));
  CDS_TRY(trace(it));
  return finish(it);
}
