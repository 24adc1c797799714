/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The walk over the network's hull (see hull.h for the proof). Sums that
 * decide are made anew over the layers in one order, so that results do not
 * depend on the way taken; sums along the walk carry rounding and are compared
 * with a margin, towards asking once more.
 */
#include "network/hull.h"

#include <float.h>
#include <string.h>

#include "network/lines.h"
#include "network/network.h"

/* Sums along the walk are right to far better than this. */
static const double MARGIN = 1e-11;

typedef struct hull_walk {
  const cds_hull_problem *problem;
  cds_arena *arena;
  cds_hull_result *out;
  cds_lines_layer *layer; /* lines of every layer that is not fixed */
  cds_line **edge;        /* all inner lines, by lambda, then by layer */
  size_t edges, room;
  cds_line **at;    /* segment of each layer during a walk */
  size_t *solution; /* scratch of one choice */
  cds_hull_point *point;
} hull_walk;

/* What one pass over the vertices finds. */
typedef struct hull_pass {
  size_t open, stuck;          /* layers whose segment is not closed */
  double open_value;           /* least vertex that is not real yet */
  size_t open_edge;            /* edges passed before it */
  bool open_crossing;          /* it lies on that edge, not before it */
  double energy_pj, latency_s; /* of that vertex */
  double rest;      /* least value that cannot be refined and is no choice */
  double least;     /* of all vertices within the limits */
  double least_edp; /* E T of all vertices */
} hull_pass;

static double objective_of(const hull_walk *walk, double energy_pj,
                           double latency_s) {
  return cds_objective_value(walk->problem->objective, energy_pj, latency_s);
}

static bool meets_limits(const cds_hull_problem *problem, double energy_pj,
                         double latency_s) {
  return latency_s <= problem->latency_limit_s &&
         energy_pj <= problem->energy_limit_pj &&
         energy_pj * latency_s <= problem->edp_limit_pj_s;
}

/* Whether the outer polyhedron's vertex may meet the limits. */
static bool inside_limits(const hull_walk *walk, cds_hull_point point) {
  const cds_hull_problem *problem = walk->problem;
  const double slack = 1 + MARGIN;
  return point.latency_s <= problem->latency_limit_s * slack &&
         point.energy_pj <= problem->energy_limit_pj * slack &&
         point.energy_pj * point.latency_s <= problem->edp_limit_pj_s * slack;
}

/* The value that a vertex must not exceed to be worth a question. */
static double cut_of(const hull_walk *walk) {
  const double incumbent = walk->problem->incumbent;
  return walk->out->found && walk->out->value < incumbent ? walk->out->value
                                                          : incumbent;
}

static bool worth(const hull_walk *walk, double value) {
  return value * (1 - MARGIN) <= cut_of(walk);
}

static bool better(const cds_hull_result *out, double value, double energy_pj,
                   double latency_s) {
  if (!out->found || value != out->value) {
    return !out->found || value < out->value;
  }
  if (energy_pj != out->energy_pj) {
    return energy_pj < out->energy_pj;
  }
  return latency_s < out->latency_s;
}

/* Adds the chosen points in the order of the terms. */
static cds_hull_point sum_terms(const hull_walk *walk) {
  const cds_hull_problem *problem = walk->problem;
  cds_hull_point sum = {0, 0};
  cds_hull_point group = {0, 0};
  const size_t terms = problem->terms > 0 ? problem->terms : problem->layers;
  for (size_t i = 0; i < terms; i++) {
    const cds_hull_term term =
        problem->terms > 0
            ? problem->term[i]
            : (cds_hull_term){i, problem->layer[i].weight, i + 1 == terms};
    group.energy_pj += term.weight * walk->point[term.layer].energy_pj;
    group.latency_s += term.weight * walk->point[term.layer].latency_s;
    if (term.last) {
      sum.energy_pj += group.energy_pj;
      sum.latency_s += group.latency_s;
      group = (cds_hull_point){0, 0};
    }
  }
  return sum;
}

/* Adds the points of the segments; false when a layer has no point.
 * `pick_lambda` says which end of its segment a layer takes. */
static bool sum_choice(cds_hull_point *sum, hull_walk *walk,
                       double pick_lambda) {
  for (size_t i = 0; i < walk->problem->layers; i++) {
    const cds_hull_layer *layer = &walk->problem->layer[i];
    walk->point[i] = (cds_hull_point){layer->energy_pj, layer->latency_s};
    walk->solution[i] = SIZE_MAX;
    if (!layer->fixed) {
      const cds_line_point *point = cds_lines_pick(walk->at[i], pick_lambda);
      if (point == NULL) {
        return false;
      }
      walk->point[i] = (cds_hull_point){point->energy_pj, point->latency_s};
      walk->solution[i] = point->solution;
    }
  }
  *sum = sum_terms(walk);
  return true;
}

/* Takes the choice that the segments stand for, if it is the best so far.
 * Returns whether it meets the limits. */
static bool offer_choice(hull_walk *walk, double pick_lambda) {
  cds_hull_result *out = walk->out;
  cds_hull_point sum;
  if (!sum_choice(&sum, walk, pick_lambda)) {
    return false;
  }
  if (!meets_limits(walk->problem, sum.energy_pj, sum.latency_s)) {
    return false;
  }
  const double value = objective_of(walk, sum.energy_pj, sum.latency_s);
  if (value <= walk->problem->incumbent &&
      better(out, value, sum.energy_pj, sum.latency_s)) {
    out->found = true;
    out->value = value;
    out->energy_pj = sum.energy_pj;
    out->latency_s = sum.latency_s;
    memcpy(out->choice, walk->solution,
           walk->problem->layers * sizeof *out->choice);
  }
  return true;
}

static void note_open(hull_pass *pass, double value, size_t edge, bool crossing,
                      cds_hull_point point) {
  if (value < pass->open_value) {
    pass->open_value = value;
    pass->open_edge = edge;
    pass->open_crossing = crossing;
    pass->energy_pj = point.energy_pj;
    pass->latency_s = point.latency_s;
  }
}

static void visit_vertex(hull_walk *walk, hull_pass *pass, size_t edge,
                         cds_hull_point vertex) {
  pass->least_edp = fmin(pass->least_edp, vertex.energy_pj * vertex.latency_s);
  if (!inside_limits(walk, vertex)) {
    return;
  }
  const double value = objective_of(walk, vertex.energy_pj, vertex.latency_s);
  pass->least = fmin(pass->least, value);
  if (pass->open > 0) {
    note_open(pass, value, edge, false, vertex);
    return;
  }
  if (pass->stuck > 0) {
    pass->rest = fmin(pass->rest, value);
    return;
  }
  if (worth(walk, value) && !offer_choice(walk, (double)NAN)) {
    pass->rest = fmin(pass->rest, value); /* real, but over a limit */
  }
}

/* A point where the edge between two vertices meets a limit. */
static void visit_crossing(hull_walk *walk, hull_pass *pass, size_t edge,
                           cds_hull_point point) {
  const double value = objective_of(walk, point.energy_pj, point.latency_s);
  pass->least = fmin(pass->least, value);
  const cds_line *line = walk->edge[edge];
  if (pass->open > 0 || line->state == CDS_SEGMENT_OPEN) {
    note_open(pass, value, edge, true, point);
  } else {
    pass->rest = fmin(pass->rest, value);
  }
}

static cds_hull_point along(cds_hull_point from, cds_hull_point to,
                            double share) {
  return (cds_hull_point){
      from.energy_pj + share * (to.energy_pj - from.energy_pj),
      from.latency_s + share * (to.latency_s - from.latency_s)};
}

/* The crossing with E T = X of an edge with one end inside. E T is concave
 * along an edge, so there is one crossing, found by halving; the end that is
 * taken lies inside by less than rounding. */
static cds_hull_point edp_crossing(cds_hull_point inside,
                                   cds_hull_point outside, double edp_pj_s) {
  double in = 0;
  double out = 1;
  for (unsigned halving = 0; halving < 60; halving++) {
    const double middle = 0.5 * (in + out);
    const cds_hull_point point = along(inside, outside, middle);
    if (point.energy_pj * point.latency_s <= edp_pj_s) {
      in = middle;
    } else {
      out = middle;
    }
  }
  return along(inside, outside, in);
}

/* T falls and E rises along the edge: T <= L and E <= M leave one piece of it,
 * of whose ends those that are no vertices are crossings. For E T <= X see
 * hull.h: a crossing matters where just one end of the piece is inside. */
static void visit_crossings(hull_walk *walk, hull_pass *pass, size_t edge,
                            cds_hull_point from, cds_hull_point to) {
  const cds_hull_problem *problem = walk->problem;
  const double latency_s = problem->latency_limit_s * (1 + MARGIN);
  const double energy_pj = problem->energy_limit_pj * (1 + MARGIN);
  const double edp_pj_s = problem->edp_limit_pj_s * (1 + MARGIN);
  const bool cut_first = from.latency_s > latency_s;
  const bool cut_last = to.energy_pj > energy_pj;
  if (to.latency_s > latency_s || from.energy_pj > energy_pj) {
    return;
  }
  cds_hull_point first = from;
  cds_hull_point last = to;
  if (cut_first) {
    const double fall = from.latency_s - to.latency_s;
    first = along(from, to, (from.latency_s - latency_s) / fall);
  }
  if (cut_last) {
    const double rise = to.energy_pj - from.energy_pj;
    last = along(from, to, (energy_pj - from.energy_pj) / rise);
  }
  if (first.energy_pj > last.energy_pj) {
    return; /* no piece is left */
  }
  const bool in_first = first.energy_pj * first.latency_s <= edp_pj_s;
  const bool in_last = last.energy_pj * last.latency_s <= edp_pj_s;
  if (cut_first && in_first) {
    visit_crossing(walk, pass, edge, first);
  }
  if (cut_last && in_last) {
    visit_crossing(walk, pass, edge, last);
  }
  if (in_first != in_last) {
    visit_crossing(walk, pass, edge,
                   in_first ? edp_crossing(first, last, edp_pj_s)
                            : edp_crossing(last, first, edp_pj_s));
  }
}

static void count_segment(hull_pass *pass, const cds_line *line, bool enter) {
  size_t *const which = line->state == CDS_SEGMENT_OPEN    ? &pass->open
                        : line->state == CDS_SEGMENT_STUCK ? &pass->stuck
                                                           : NULL;
  if (which != NULL) {
    *which = enter ? *which + 1 : *which - 1;
  }
}

/* Stands every layer on its first segment (least energy). */
static cds_hull_point start_pass(hull_walk *walk, hull_pass *pass) {
  *pass = (hull_pass){.open_value = (double)INFINITY,
                      .rest = (double)INFINITY,
                      .least = (double)INFINITY,
                      .least_edp = (double)INFINITY};
  cds_hull_point sum = {0, 0};
  for (size_t i = 0; i < walk->problem->layers; i++) {
    const cds_hull_layer *layer = &walk->problem->layer[i];
    double energy_pj = layer->energy_pj;
    double latency_s = layer->latency_s;
    walk->at[i] = NULL;
    if (!layer->fixed) {
      cds_line *line = walk->layer[i].first;
      walk->at[i] = line;
      count_segment(pass, line, true);
      energy_pj = line->apex_energy_pj;
      latency_s = line->apex_latency_s;
    }
    sum.energy_pj += layer->weight * energy_pj;
    sum.latency_s += layer->weight * latency_s;
  }
  return sum;
}

/* Moves the edge's layer from the segment before the line to the one after. */
static cds_hull_point pass_edge(hull_walk *walk, hull_pass *pass, size_t edge,
                                cds_hull_point sum) {
  cds_line *line = walk->edge[edge];
  const cds_line *before = line->previous;
  const double weight = walk->problem->layer[line->layer].weight;
  count_segment(pass, before, false);
  count_segment(pass, line, true);
  walk->at[line->layer] = line;
  sum.energy_pj += weight * (line->apex_energy_pj - before->apex_energy_pj);
  sum.latency_s += weight * (line->apex_latency_s - before->apex_latency_s);
  return sum;
}

/* Visits all vertices and crossings; offers the real ones. */
static void scan(hull_walk *walk, hull_pass *pass) {
  cds_hull_point sum = start_pass(walk, pass);
  walk->out->least_energy_pj = sum.energy_pj;
  visit_vertex(walk, pass, 0, sum);
  for (size_t edge = 0; edge < walk->edges; edge++) {
    hull_pass before = *pass;
    const cds_hull_point next = pass_edge(walk, &before, edge, sum);
    visit_crossings(walk, pass, edge, sum, next);
    pass->open = before.open;
    pass->stuck = before.stuck;
    sum = next;
    visit_vertex(walk, pass, edge + 1, sum);
  }
  walk->out->least_latency_s = sum.latency_s;
}

/* Stands the layers where the open vertex is. */
static void replay(hull_walk *walk, const hull_pass *target) {
  hull_pass pass;
  cds_hull_point sum = start_pass(walk, &pass);
  for (size_t edge = 0; edge < target->open_edge; edge++) {
    sum = pass_edge(walk, &pass, edge, sum);
  }
}

/* The lambdas that matter at the vertex (E, T). `at`: the slope of the level
 * line of the objective there. A supporting line through (E, T) with
 * lambda >= `high` leaves nothing better to its right, where T is at least
 * T_r: along it, (E + lambda dT)(T - dT)^n is least at an end of
 * 0 <= dT <= T - T_r, and is E T^n at both ends for
 *   high = E / T_r               (n = 1)
 *   high = E (T + T_r) / T_r^2   (n = 2);
 * `low` is the same on the left, where E is at least E_l:
 *   low = E_l / T                                   (n = 1)
 *   low = (E - E_l) / (T (sqrt(E / E_l) - 1))
 *       = E_l (sqrt(E / E_l) + 1) / T               (n = 2).
 * A little more than that settles near ties, too. For E and T alone the other
 * metric only breaks ties, unless a limit on it keeps the ends of the hull out
 * of reach, which are the dearest to ask for: then no point of interest has
 * more than the limit leaves (most_e, most_t), and the slopes to the right are
 * not above most_e / T_r, those to the left not below E_l / most_t. */
static cds_interest interest_of(const hull_walk *walk, const hull_pass *pass) {
  const cds_hull_problem *problem = walk->problem;
  const double more = 1.001;
  const double energy_pj = pass->energy_pj;
  const double latency_s = pass->latency_s;
  const double ratio = energy_pj / latency_s;
  const double least_e = walk->out->least_energy_pj;
  const double least_t = walk->out->least_latency_s;
  const double most_e =
      fmin(problem->energy_limit_pj, problem->edp_limit_pj_s / least_t);
  const double most_t =
      fmin(problem->latency_limit_s, problem->edp_limit_pj_s / least_e);
  cds_interest interest = {least_e / latency_s / more, ratio,
                           energy_pj / least_t * more};
  switch (problem->objective) {
  case CDS_OBJECTIVE_EDP:
    break;
  case CDS_OBJECTIVE_ED2P:
    interest.low = least_e * (sqrt(energy_pj / least_e) + 1) / latency_s / more;
    interest.at = 2 * ratio;
    interest.high =
        energy_pj * (latency_s + least_t) / (least_t * least_t) * more;
    break;
  case CDS_OBJECTIVE_ENERGY:
    if (most_t < (double)INFINITY) {
      interest.low = least_e / most_t / more;
    } else {
      interest = (cds_interest){0, 0, ratio * 1e-6};
    }
    break;
  case CDS_OBJECTIVE_DELAY:
    if (most_e < (double)INFINITY) {
      interest.high = most_e / least_t * more;
    } else {
      interest =
          (cds_interest){ratio * 1e6, (double)INFINITY, (double)INFINITY};
    }
    break;
  }
  if (pass->open_crossing) {
    interest.at = walk->edge[pass->open_edge]->lambda;
  }
  return interest;
}

/* The open segment that may move the bound most. */
static cds_line *widest(hull_walk *walk, const hull_pass *pass, double lambda) {
  cds_line *best = NULL;
  double best_gap = -1;
  for (size_t i = 0; i < walk->problem->layers; i++) {
    cds_line *line = walk->at[i];
    if (line == NULL || line->state != CDS_SEGMENT_OPEN) {
      continue;
    }
    const double gap =
        walk->problem->layer[i].weight * cds_lines_gap(line, lambda);
    if (best == NULL || gap > best_gap) {
      best = line;
      best_gap = gap;
    }
  }
  if (best == NULL && pass->open_crossing) {
    best = walk->edge[pass->open_edge];
  }
  return best;
}

static bool before_edge(const cds_line *a, const cds_line *b) {
  return a->lambda != b->lambda ? a->lambda < b->lambda : a->layer < b->layer;
}

static cds_status insert_edge(hull_walk *walk, cds_line *line) {
  if (walk->edges == walk->room) {
    const size_t room = walk->room == 0 ? 64 : 2 * walk->room;
    cds_line **edge =
        (cds_line **)cds_arena_array(walk->arena, room, sizeof(cds_line *));
    if (edge == NULL) {
      return CDS_ENOMEM;
    }
    if (walk->edges > 0) {
      memcpy(edge, walk->edge, walk->edges * sizeof(cds_line *));
    }
    walk->edge = edge;
    walk->room = room;
  }
  size_t place = walk->edges++;
  for (; place > 0 && before_edge(line, walk->edge[place - 1]); place--) {
    walk->edge[place] = walk->edge[place - 1];
  }
  walk->edge[place] = line;
  return CDS_OK;
}

/* Asks the layer of the segment one question and takes in the answer. */
static cds_status ask(hull_walk *walk, cds_line *segment,
                      const cds_interest *interest) {
  const cds_question question = cds_lines_question(segment, interest);
  if (!question.ask) {
    return CDS_OK; /* closed or given up without an answer */
  }
  cds_hull_answer answer = {0};
  walk->out->solves++;
  CDS_TRY(walk->problem->solve(&answer, segment->layer, question.lambda,
                               walk->problem->payload));
  cds_line *line = NULL;
  CDS_TRY(cds_lines_insert(&line, segment, &question, &answer, walk->arena));
  return line == NULL ? CDS_OK : insert_edge(walk, line);
}

static cds_status prepare(hull_walk *walk) {
  const size_t layers = walk->problem->layers;
  cds_arena *arena = walk->arena;
  walk->layer =
      (cds_lines_layer *)cds_arena_array(arena, layers, sizeof *walk->layer);
  walk->at = (cds_line **)cds_arena_array(arena, layers, sizeof(cds_line *));
  walk->solution =
      (size_t *)cds_arena_array(arena, layers, sizeof *walk->solution);
  walk->out->choice =
      (size_t *)cds_arena_array(arena, layers, sizeof *walk->solution);
  walk->point =
      (cds_hull_point *)cds_arena_array(arena, layers, sizeof *walk->point);
  if (walk->layer == NULL || walk->at == NULL || walk->solution == NULL ||
      walk->out->choice == NULL || walk->point == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < layers; i++) {
    const cds_hull_layer *layer = &walk->problem->layer[i];
    if (!layer->fixed) {
      CDS_TRY(cds_lines_start(&walk->layer[i], i, layer, arena));
    }
  }
  return CDS_OK;
}

/* Lists the vertices of the network's hull that are proven by now. */
static cds_status list_frontier(hull_walk *walk) {
  cds_hull_result *out = walk->out;
  out->frontier = (cds_hull_point *)cds_arena_array(
      walk->arena, walk->edges + 1, sizeof *out->frontier);
  if (out->frontier == NULL) {
    return CDS_ENOMEM;
  }
  hull_pass pass;
  cds_hull_point sum = start_pass(walk, &pass);
  for (size_t edge = 0; edge <= walk->edges; edge++) {
    if (edge > 0) {
      sum = pass_edge(walk, &pass, edge - 1, sum);
    }
    cds_hull_point exact;
    if (pass.open > 0 || pass.stuck > 0 ||
        !sum_choice(&exact, walk, (double)NAN)) {
      continue;
    }
    const size_t n = out->frontier_points;
    if (n == 0 || (exact.energy_pj > out->frontier[n - 1].energy_pj &&
                   exact.latency_s < out->frontier[n - 1].latency_s)) {
      out->frontier[out->frontier_points++] = exact;
    }
  }
  return CDS_OK;
}

static void conclude(const hull_walk *walk, const hull_pass *pass) {
  cds_hull_result *out = walk->out;
  const double rest = pass->rest * (1 - MARGIN);
  out->least_edp_pj_s = pass->least_edp * (1 - MARGIN);
  if (out->found) {
    out->bound = fmin(out->value, rest);
    out->proven = out->bound == out->value;
    return;
  }
  out->bound = pass->least * (1 - MARGIN);
  /* Without vertices that only a limit excludes, nothing at or below the
   * incumbent is left: the margin takes nothing from that. */
  const double incumbent = walk->problem->incumbent;
  if (rest > incumbent && out->bound < incumbent) {
    out->bound = incumbent;
  }
}

cds_status cds_hull_walk(cds_hull_result *out, const cds_hull_problem *problem,
                         cds_arena *arena) {
  *out = (cds_hull_result){
      .energy_pj = (double)NAN, .latency_s = (double)NAN, .value = (double)NAN};
  hull_walk walk = {.problem = problem, .arena = arena, .out = out};
  CDS_TRY(prepare(&walk));
  hull_pass pass;
  for (;;) {
    scan(&walk, &pass);
    if (pass.open_value == (double)INFINITY || !worth(&walk, pass.open_value)) {
      break;
    }
    replay(&walk, &pass);
    const cds_interest interest = interest_of(&walk, &pass);
    CDS_TRY(ask(&walk, widest(&walk, &pass, interest.at), &interest));
    offer_choice(&walk, interest.at);
  }
  conclude(&walk, &pass);
  return list_frontier(&walk);
}
