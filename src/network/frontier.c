/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Knots of the hull; see frontier.h. */
#include "network/frontier.h"

#include <string.h>

#include "network/walk.h"

/* Each step towards an end of the hull; after so many the end itself. */
static const double STEP = 8;
enum { STEPS = 3 };

typedef struct knot {
  double lambda, support; /* E + lambda T >= support; T at infinity */
  cds_hull_point point;
  bool within;    /* the limits */
  bool closed;    /* nothing is between it and the next */
  size_t *choice; /* of knots within the limits */
} knot;

typedef struct tracer {
  cds_walk walk;
  cds_hull_result result;
  const cds_staircase *stairs;
  knot *knot; /* by lambda */
  size_t knots, room;
  bool proven;
} tracer;

bool cds_staircase_below(const cds_staircase *stairs, cds_hull_point from,
                         cds_hull_point to) {
  const double more =
      stairs->gap > 0 ? 1 / (1 + stairs->gap) : 1 + CDS_SCAN_MARGIN;
  const double rise = to.energy_pj - from.energy_pj;
  size_t step = 0;
  /* The last step that begins before `from`. */
  while (step < stairs->points &&
         stairs->point[step].energy_pj * more <= from.energy_pj) {
    step++;
  }
  if (step == 0) {
    return false;
  }
  for (step--; step < stairs->points; step++) {
    const bool last = step + 1 == stairs->points ||
                      stairs->point[step + 1].energy_pj * more > to.energy_pj;
    const double end =
        last ? to.energy_pj : stairs->point[step + 1].energy_pj * more;
    const double share = rise > 0 ? (end - from.energy_pj) / rise : 1;
    const double latency_s =
        last ? to.latency_s
             : from.latency_s - share * (from.latency_s - to.latency_s);
    if (stairs->point[step].latency_s * more > latency_s) {
      return false;
    }
    if (last) {
      return true;
    }
  }
  return false;
}

/* ---- knots ----------------------------------------------------------------
 */

static double value_at(double lambda, cds_hull_point point) {
  return lambda == (double)INFINITY
             ? point.latency_s
             : point.energy_pj + lambda * point.latency_s;
}

/* Stands the layer on the segment that the slope lies in or begins; which end
 * of it is at the slope, or the first one. */
static cds_line *stand(cds_scan *scan, size_t layer, double lambda) {
  cds_line *line = scan->layer[layer].first;
  while (line->next->next != NULL && line->next->lambda <= lambda) {
    line = line->next;
  }
  scan->at[layer] = line;
  scan->beside[layer] = NULL;
  return line->next->lambda == lambda ? line->next : line;
}

/* Asks every layer whose least point at the slope is not known, and stands all
 * of them there. */
static cds_status stand_all(tracer *t, double lambda) {
  cds_scan *scan = &t->walk.scan;
  const cds_hull_problem *problem = scan->problem;
  const cds_question question = {.ask = true, .lambda = lambda};
  for (size_t i = 0; i < problem->layers; i++) {
    scan->at[i] = NULL;
    scan->beside[i] = NULL;
    if (problem->layer[i].fixed) {
      continue;
    }
    const cds_line *end = stand(scan, i, lambda);
    if (scan->at[i]->state != CDS_SEGMENT_CLOSED &&
        !(end->lambda == lambda && end->real)) {
      cds_walk_put(&t->walk, scan->at[i], &question);
    }
  }
  const size_t asks = t->walk.places;
  CDS_TRY(cds_walk_send(&t->walk));
  for (size_t i = 0; i < asks; i++) {
    const cds_line *end = stand(scan, t->walk.ask[i].layer, lambda);
    t->proven = t->proven && end->proven;
  }
  return CDS_OK;
}

static cds_status solve_knot(knot *out, tracer *t, double lambda) {
  cds_scan *scan = &t->walk.scan;
  const size_t layers = scan->problem->layers;
  CDS_TRY(stand_all(t, lambda));
  *out = (knot){.lambda = lambda};
  if (!cds_scan_sum(&out->point, scan, lambda)) {
    return CDS_EINTERNAL; /* every layer has an answer there */
  }
  out->support = value_at(lambda, out->point);
  t->result.found = false; /* every choice is the best of its own */
  out->within = cds_scan_offer(scan, lambda);
  if (out->within) {
    out->choice =
        (size_t *)cds_arena_array(scan->arena, layers, sizeof(size_t));
    if (out->choice == NULL) {
      return CDS_ENOMEM;
    }
    memcpy(out->choice, t->result.choice, layers * sizeof(size_t));
  }
  return CDS_OK;
}

static cds_status insert(tracer *t, size_t place, const knot *new) {
  if (t->knots == t->room) {
    const size_t room = t->room == 0 ? 64 : 2 * t->room;
    knot *grown =
        (knot *)cds_arena_array(t->walk.scan.arena, room, sizeof *grown);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    if (t->knots > 0) {
      memcpy(grown, t->knot, t->knots * sizeof *grown);
    }
    t->knot = grown;
    t->room = room;
  }
  memmove(&t->knot[place + 1], &t->knot[place],
          (t->knots - place) * sizeof *t->knot);
  t->knot[place] = *new;
  t->knots++;
  return CDS_OK;
}

/* ---- gaps -----------------------------------------------------------------
 */

/* Least energy and latency of the network, as far as they are known. */
static cds_hull_point floors(const tracer *t) {
  const cds_scan *scan = &t->walk.scan;
  cds_hull_point sum = {0, 0};
  for (size_t i = 0; i < scan->problem->layers; i++) {
    const cds_hull_layer *layer = &scan->problem->layer[i];
    double energy_pj = layer->energy_pj;
    double latency_s = layer->latency_s;
    if (!layer->fixed) {
      const cds_line *line = scan->layer[i].first;
      energy_pj = line->apex_energy_pj;
      while (line->next->next != NULL) {
        line = line->next;
      }
      latency_s = line->apex_latency_s;
    }
    sum.energy_pj += layer->weight * energy_pj;
    sum.latency_s += layer->weight * latency_s;
  }
  return sum;
}

static bool first_settled(const tracer *t) {
  const knot *u = &t->knot[0];
  const double energy_pj = floors(t).energy_pj;
  if (u->lambda == 0 ||
      u->point.energy_pj <= (1 + t->stairs->gap) * energy_pj) {
    return true;
  }
  const cds_hull_point from = {energy_pj, (u->support - energy_pj) / u->lambda};
  return cds_staircase_below(t->stairs, from, u->point);
}

static bool last_settled(const tracer *t) {
  const knot *v = &t->knot[t->knots - 1];
  const double latency_s = floors(t).latency_s;
  if (v->lambda == (double)INFINITY ||
      v->point.latency_s <= (1 + t->stairs->gap) * latency_s) {
    return true;
  }
  const cds_hull_point to = {v->support - v->lambda * latency_s, latency_s};
  return cds_staircase_below(t->stairs, v->point, to);
}

static double clamp(double value, double low, double high) {
  return fmin(fmax(value, low), high);
}

static cds_hull_point apex_of(const knot *u, const knot *v) {
  double latency_s = v->support;
  if (v->lambda < (double)INFINITY) {
    latency_s = (v->support - u->support) / (v->lambda - u->lambda);
  }
  latency_s = clamp(latency_s, v->point.latency_s, u->point.latency_s);
  const double energy_pj = u->support - u->lambda * latency_s;
  return (cds_hull_point){
      clamp(energy_pj, u->point.energy_pj, v->point.energy_pj), latency_s};
}

static bool gap_settled(const tracer *t, const knot *u, const knot *v) {
  const double more = 1 + t->stairs->gap;
  const bool close = v->point.energy_pj <= more * u->point.energy_pj &&
                     u->point.latency_s <= more * v->point.latency_s;
  const cds_hull_point apex = apex_of(u, v);
  return u->closed || close ||
         (cds_staircase_below(t->stairs, u->point, apex) &&
          cds_staircase_below(t->stairs, apex, v->point));
}

/* Asks at the slope of the chord after the knot; closes the gap when nothing is
 * below the chord. */
static cds_status split(tracer *t, size_t place) {
  knot *u = &t->knot[place];
  const knot *v = u + 1;
  const double rise = v->point.energy_pj - u->point.energy_pj;
  const double fall = u->point.latency_s - v->point.latency_s;
  const double lambda = rise / fall;
  if (!(rise > 0) || !(fall > 0) || !(lambda > u->lambda) ||
      !(lambda < v->lambda)) {
    u->closed = true;
    return CDS_OK;
  }
  knot new;
  CDS_TRY(solve_knot(&new, t, lambda));
  if (new.support >= value_at(lambda, u->point) * (1 - CDS_SCAN_MARGIN)) {
    u->closed = true;
    return CDS_OK;
  }
  return insert(t, place + 1, &new);
}

static cds_status trace(tracer *t) {
  knot new;
  const cds_hull_point floor = floors(t);
  CDS_TRY(solve_knot(&new, t, floor.energy_pj / floor.latency_s));
  CDS_TRY(insert(t, 0, &new));
  for (unsigned step = 0; !first_settled(t); step++) {
    CDS_TRY(solve_knot(&new, t, step < STEPS ? t->knot[0].lambda / STEP : 0));
    CDS_TRY(insert(t, 0, &new));
  }
  for (unsigned step = 0; !last_settled(t); step++) {
    const double lambda = t->knot[t->knots - 1].lambda;
    CDS_TRY(
        solve_knot(&new, t, step < STEPS ? lambda * STEP : (double)INFINITY));
    CDS_TRY(insert(t, t->knots, &new));
  }
  for (size_t place = 0; place + 1 < t->knots;) {
    if (gap_settled(t, &t->knot[place], &t->knot[place + 1])) {
      place++;
    } else {
      CDS_TRY(split(t, place));
    }
  }
  return CDS_OK;
}

/* ---- the result -----------------------------------------------------------
 */

/* Knots within the limits, each point once; of equal energies the one of less
 * latency. */
static cds_status list_points(cds_frontier_result *out, const tracer *t,
                              cds_arena *arena) {
  out->point =
      (cds_hull_point *)cds_arena_array(arena, t->knots, sizeof *out->point);
  out->choice = (size_t **)cds_arena_array(arena, t->knots, sizeof(size_t *));
  if (out->point == NULL || out->choice == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < t->knots; i++) {
    const knot *each = &t->knot[i];
    const cds_hull_point *last =
        out->points > 0 ? &out->point[out->points - 1] : NULL;
    if (!each->within ||
        (last != NULL && each->point.latency_s >= last->latency_s)) {
      continue;
    }
    if (last != NULL && each->point.energy_pj <= last->energy_pj) {
      out->points--;
    }
    out->choice[out->points] = each->choice;
    out->point[out->points++] = each->point;
  }
  return CDS_OK;
}

cds_status cds_hull_frontier(cds_frontier_result *out,
                             const cds_hull_problem *problem,
                             const cds_staircase *stairs, cds_arena *arena) {
  *out = (cds_frontier_result){.proven = true};
  cds_hull_problem free_problem = *problem;
  free_problem.incumbent = (double)INFINITY;
  free_problem.cut_groups = false;
  tracer t = {.stairs = stairs, .proven = true};
  CDS_TRY(cds_walk_begin(&t.walk, &t.result, &free_problem, arena));
  CDS_TRY(trace(&t));
  out->solves = t.result.solves;
  out->proven = t.proven;
  return list_points(out, &t, arena);
}
