/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frontiers of networks on designs that they heat; see heated_front.h. */
#include "explore/heated_front.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Values that differ by less are the same. */
static const double NEAR = 1e-11;
/* More vertices than any frontier has; then some may be missing. */
enum { KNOTS_MAX = 4096 };
/* Prices of time towards the ends: factors, and where the end itself is asked
 * for, which is the dearest. */
static const double STEP = 8;
static const double FAR = 1e6;

typedef struct knot {
  cds_heated_vertex vertex;
  double power_w[CDS_DIES_MAX];
  /* All choices have energy_part E + time_part T >= bound. */
  double energy_part, time_part, bound;
  bool within;
} knot;

typedef struct tracer {
  cds_heated *it;
  const cds_staircase *stairs;
  const cds_heated_question *asked;
  bool power;                    /* as of cds_front_known */
  cds_point floor;               /* no choice takes less energy, or less time */
  double shared_w[CDS_DIES_MAX]; /* where the tangent of all asks touches */
  bool answered;                 /* the searchers have answered it last */
  cds_heated_front *out;
  size_t knots;
  knot *knot;
  size_t *left, *right; /* pairs of neighbours to look at */
} tracer;

/* ---- questions ----------------------------------------------------------- */

/* Limits only choose among vertices. */
static cds_network_options unlimited(const tracer *it) {
  cds_network_options own = *it->asked->options;
  own.latency_limit_s = own.energy_limit_pj = (double)INFINITY;
  own.edp_limit_pj_s = own.first_token_limit_s = (double)INFINITY;
  own.token_limit_s = (double)INFINITY;
  own.incumbent = (double)INFINITY;
  own.known.points = 0;
  return own;
}

static void set_knot(knot *out, const tracer *it,
                     const cds_network_options *options,
                     const cds_network_result *result,
                     const cds_heated_state *state) {
  const bool delay = options->objective == CDS_OBJECTIVE_DELAY;
  *out = (knot){.vertex = {{result->energy_pj, result->latency_s},
                           state->heat.leakage_w,
                           state->heat.warmest_degc},
                .energy_part = delay ? 0 : 1,
                .time_part = delay ? 1 : options->time_pj_s,
                .bound = result->bound,
                .within = cds_heated_meets(result, it->asked->options,
                                           it->asked->workload)};
  memcpy(out->power_w, state->power_w, sizeof out->power_w);
}

/* By the tangent that all of the design share. */
static cds_status ask(knot *out, tracer *it, double lambda) {
  cds_network_result result;
  cds_heated_state state;
  cds_network_options options = unlimited(it);
  cds_heated_question own = *it->asked;
  options.objective =
      isinf(lambda) ? CDS_OBJECTIVE_DELAY : CDS_OBJECTIVE_ENERGY;
  options.time_pj_s = isinf(lambda) ? 0 : lambda;
  options.again = it->answered;
  own.options = &options;
  CDS_TRY(cds_heated_ask(&result, &state, it->it, it->shared_w, &own));
  it->answered = true;
  set_knot(out, it, &options, &result, &state);
  return CDS_OK;
}

/* By tangents of its own: `proven`, nothing is below it. */
static cds_status ask_closely(knot *out, bool *proven, tracer *it,
                              double lambda, const double *start_w) {
  cds_network_result result;
  cds_heated_state state;
  cds_network_options options = unlimited(it);
  cds_heated_question own = *it->asked;
  options.objective = CDS_OBJECTIVE_ENERGY;
  options.time_pj_s = lambda;
  own.options = &options;
  it->answered = false;
  CDS_TRY(cds_heated_solve(&result, &state, it->it, start_w, &own));
  *proven = result.proven;
  set_knot(out, it, &options, &result, &state);
  return CDS_OK;
}

static cds_status add(size_t *index, tracer *it, const knot *added) {
  if (it->knots == KNOTS_MAX) {
    it->out->open = 1;
    return CDS_ELIMIT;
  }
  *index = it->knots;
  it->knot[it->knots++] = *added;
  return CDS_OK;
}

/* ---- between two knots --------------------------------------------------- */

static cds_hull_point point_of(const knot *of) {
  return (cds_hull_point){of->vertex.cost.energy_pj, of->vertex.cost.latency_s};
}

/* Where the lines of the knots meet. */
static cds_hull_point apex_of(const knot *u, const knot *v) {
  const double det =
      u->energy_part * v->time_part - v->energy_part * u->time_part;
  const double energy =
      (u->bound * v->time_part - v->bound * u->time_part) / det;
  const double latency =
      (u->energy_part * v->bound - v->energy_part * u->bound) / det;
  const bool meets = isfinite(energy) && isfinite(latency);
  /* No vertex between them is beyond the one or the other. */
  const cds_hull_point corner = {u->vertex.cost.energy_pj,
                                 v->vertex.cost.latency_s};
  return meets ? (cds_hull_point){fmax(energy, corner.energy_pj),
                                  fmax(latency, corner.latency_s)}
               : corner;
}

static bool below(const tracer *it, cds_hull_point from, cds_hull_point to) {
  return cds_staircase_below(it->stairs, from, to);
}

static bool is_covered(const tracer *it, const knot *u, const knot *v) {
  const double more = 1 + it->stairs->gap;
  const cds_hull_point apex = apex_of(u, v);
  const bool v_is_near =
      v->vertex.cost.energy_pj <= more * u->vertex.cost.energy_pj;
  const bool u_is_near =
      u->vertex.cost.latency_s <= more * v->vertex.cost.latency_s;
  return (it->stairs->gap > 0 && (u_is_near || (v_is_near && !it->power))) ||
         (below(it, point_of(u), apex) && below(it, apex, point_of(v)));
}

/* The same with one more line between those of u and v. */
static bool is_covered_above(const tracer *it, const knot *u, const knot *v,
                             const knot *line) {
  const cds_hull_point left = apex_of(u, line);
  const cds_hull_point right = apex_of(line, v);
  return left.energy_pj <= right.energy_pj &&
         left.latency_s >= right.latency_s && below(it, point_of(u), left) &&
         below(it, left, right) && below(it, right, point_of(v));
}

static bool is_below(const knot *found, const knot *u, const knot *v,
                     double lambda) {
  const double chord =
      u->vertex.cost.energy_pj + lambda * u->vertex.cost.latency_s;
  const cds_point *at = &found->vertex.cost;
  return at->energy_pj + lambda * at->latency_s < chord * (1 - NEAR) &&
         at->energy_pj > u->vertex.cost.energy_pj &&
         at->energy_pj < v->vertex.cost.energy_pj &&
         at->latency_s < u->vertex.cost.latency_s &&
         at->latency_s > v->vertex.cost.latency_s;
}

/* Looks below the chord; pushes what is left to look at. */
static cds_status look(size_t *pairs, tracer *it, size_t left, size_t right) {
  const knot *u = &it->knot[left];
  const knot *v = &it->knot[right];
  const double energy = v->vertex.cost.energy_pj - u->vertex.cost.energy_pj;
  const double latency = u->vertex.cost.latency_s - v->vertex.cost.latency_s;
  if (!(energy > NEAR * u->vertex.cost.energy_pj) ||
      !(latency > NEAR * v->vertex.cost.latency_s) || is_covered(it, u, v)) {
    return CDS_OK;
  }
  const double lambda = energy / latency;
  const double chord =
      u->vertex.cost.energy_pj + lambda * u->vertex.cost.latency_s;
  knot found;
  size_t index = 0;
  bool proven = true;
  CDS_TRY(ask(&found, it, lambda));
  if (!is_below(&found, u, v, lambda)) {
    if (found.bound >= chord * (1 - NEAR) ||
        is_covered_above(it, u, v, &found)) {
      return CDS_OK;
    }
    CDS_TRY(ask_closely(&found, &proven, it, lambda, u->power_w));
    it->out->open = fmax(it->out->open, proven ? 0 : 1 - found.bound / chord);
    if (!is_below(&found, u, v, lambda)) {
      return CDS_OK;
    }
  }
  CDS_TRY(add(&index, it, &found));
  it->left[*pairs] = left;
  it->right[(*pairs)++] = index;
  it->left[*pairs] = index;
  it->right[(*pairs)++] = right;
  return CDS_OK;
}

/* ---- the frontier -------------------------------------------------------- */

/* A price of time, 0 and INFINITY included. */
static cds_status ask_at(size_t *index, tracer *it, double lambda) {
  knot found;
  CDS_TRY(ask(&found, it, lambda));
  return add(index, it, &found);
}

/* Whether all vertices of less energy than the knot are covered. */
static bool starts_here(const tracer *it, const knot *first) {
  const cds_hull_point at = point_of(first);
  const cds_hull_point least = {it->floor.energy_pj,
                                (first->bound - it->floor.energy_pj) /
                                    first->time_part};
  return first->time_part <= 0 ||
         (it->stairs->gap > 0 && !it->power &&
          at.energy_pj <= (1 + it->stairs->gap) * it->floor.energy_pj) ||
         (least.latency_s >= at.latency_s &&
          cds_staircase_below(it->stairs, least, at));
}

/* Whether all of less latency are. */
static bool ends_here(const tracer *it, const knot *last) {
  const cds_hull_point at = point_of(last);
  const cds_hull_point least = {
      last->bound - last->time_part * it->floor.latency_s, it->floor.latency_s};
  return last->energy_part <= 0 ||
         (it->stairs->gap > 0 &&
          at.latency_s <= (1 + it->stairs->gap) * it->floor.latency_s) ||
         (least.energy_pj >= at.energy_pj &&
          cds_staircase_below(it->stairs, at, least));
}

/* Knots from the middle out, until nothing is left beyond them: `it->left`,
 * `it->right` get the pairs of neighbours. */
static cds_status find_ends(size_t *pairs, tracer *it) {
  const double middle = it->floor.energy_pj / it->floor.latency_s;
  size_t first = 0;
  size_t found = 0;
  knot start;
  bool proven = true;
  CDS_TRY(ask_closely(&start, &proven, it, middle, NULL));
  memcpy(it->shared_w, start.power_w, sizeof it->shared_w);
  CDS_TRY(add(&first, it, &start));
  size_t last = first;
  double lambda = middle;
  while (!starts_here(it, &it->knot[first])) {
    lambda = lambda == middle ? lambda / STEP : 0;
    CDS_TRY(ask_at(&found, it, lambda));
    it->left[*pairs] = found;
    it->right[(*pairs)++] = first;
    first = found;
  }
  lambda = middle;
  while (!ends_here(it, &it->knot[last])) {
    lambda = lambda < middle * FAR ? lambda * STEP : (double)INFINITY;
    CDS_TRY(ask_at(&found, it, lambda));
    it->left[*pairs] = last;
    it->right[(*pairs)++] = found;
    last = found;
  }
  return CDS_OK;
}

static cds_status trace(tracer *it) {
  size_t pairs = 0;
  CDS_TRY(find_ends(&pairs, it));
  while (pairs > 0) {
    pairs--;
    CDS_TRY(look(&pairs, it, it->left[pairs], it->right[pairs]));
  }
  return CDS_OK;
}

static int by_energy(const void *left, const void *right) {
  const cds_point *a = &((const knot *)left)->vertex.cost;
  const cds_point *b = &((const knot *)right)->vertex.cost;
  if (a->energy_pj != b->energy_pj) {
    return a->energy_pj < b->energy_pj ? -1 : 1;
  }
  return a->latency_s < b->latency_s ? -1 : a->latency_s > b->latency_s;
}

/* Whether the second is above the line from the first to the third. */
static bool is_above(const knot *first, const knot *second, const knot *third) {
  const cds_point a = first->vertex.cost;
  const cds_point b = second->vertex.cost;
  const cds_point c = third->vertex.cost;
  const double left = (b.energy_pj - a.energy_pj) * (a.latency_s - c.latency_s);
  const double right =
      (c.energy_pj - a.energy_pj) * (a.latency_s - b.latency_s);
  return left > right * (1 + 1e-9);
}

/* Answers by the shared tangent need not be vertices: those that are above
 * others are left out, and without a gap those above lines between others (with
 * one they may stand for vertices near them). By rising energy. */
static void keep_vertices(tracer *it) {
  size_t kept = 0;
  qsort(it->knot, it->knots, sizeof *it->knot, by_energy);
  for (size_t i = 0; i < it->knots; i++) {
    const knot next = it->knot[i];
    if (kept > 0 && next.vertex.cost.latency_s >=
                        it->knot[kept - 1].vertex.cost.latency_s) {
      continue;
    }
    while (kept > 1 && it->stairs->gap <= 0 &&
           is_above(&it->knot[kept - 2], &it->knot[kept - 1], &next)) {
      kept--;
    }
    it->knot[kept++] = next;
  }
  it->knots = kept;
}

cds_status cds_heated_front_trace(cds_heated_front *out, cds_heated *it,
                                  const cds_front_known *known,
                                  const cds_heated_question *question) {
  cds_arena *arena = question->arena;
  const size_t pairs = 2 * ((size_t)KNOTS_MAX + 1);
  tracer own = {.it = it,
                .stairs = &known->stairs,
                .power = known->power,
                .floor = known->floor,
                .asked = question,
                .out = out};
  *out = (cds_heated_front){.open = 0};
  own.knot = (knot *)cds_arena_array(arena, KNOTS_MAX, sizeof *own.knot);
  own.left = (size_t *)cds_arena_array(arena, pairs, sizeof *own.left);
  own.right = (size_t *)cds_arena_array(arena, pairs, sizeof *own.right);
  if (own.knot == NULL || own.left == NULL || own.right == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status = trace(&own);
  if (status != CDS_OK && !(status == CDS_ELIMIT && own.knots > 0)) {
    return status;
  }
  out->open = status == CDS_OK ? out->open : 1;
  keep_vertices(&own);
  out->point = (cds_heated_vertex *)cds_arena_array(arena, own.knots,
                                                    sizeof *out->point);
  if (out->point == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < own.knots; i++) {
    if (own.knot[i].within) {
      out->point[out->points++] = own.knot[i].vertex;
    }
  }
  return CDS_OK;
}
