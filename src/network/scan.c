/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pass over the vertices; see scan.h, and hull.h for the proof. */
#include "network/scan.h"

#include <string.h>

static double objective_of(const cds_scan *scan, cds_hull_point point) {
  return cds_hull_value(scan->problem, point.energy_pj, point.latency_s);
}

/* ---- limits and choices -------------------------------------------------- */

static bool meets_limits(const cds_scan *scan, cds_hull_point sum) {
  const cds_hull_problem *problem = scan->problem;
  for (size_t g = 0; g < problem->groups; g++) {
    if (scan->group_s[g] > problem->group[g].latency_limit_s) {
      return false;
    }
  }
  return sum.latency_s <= problem->latency_limit_s &&
         sum.energy_pj <= problem->energy_limit_pj &&
         sum.energy_pj * sum.latency_s <= problem->edp_limit_pj_s;
}

/* Whether the outer polyhedron's vertex may meet the limits. */
static bool inside_limits(const cds_scan *scan, cds_hull_point point) {
  const cds_hull_problem *problem = scan->problem;
  const double slack = 1 + CDS_SCAN_MARGIN;
  return point.latency_s <= problem->latency_limit_s * slack &&
         point.energy_pj <= problem->energy_limit_pj * slack &&
         point.energy_pj * point.latency_s <= problem->edp_limit_pj_s * slack;
}

bool cds_scan_worth(const cds_scan *scan, double value) {
  const cds_hull_result *out = scan->out;
  const double incumbent = scan->problem->incumbent;
  const double cut =
      out->found && out->value < incumbent ? out->value : incumbent;
  return value * (1 - CDS_SCAN_MARGIN) <= cut;
}

static bool better(const cds_hull_result *out, double value,
                   cds_hull_point point) {
  if (!out->found || value != out->value) {
    return !out->found || value < out->value;
  }
  if (point.energy_pj != out->energy_pj) {
    return point.energy_pj < out->energy_pj;
  }
  return point.latency_s < out->latency_s;
}

static cds_hull_term term_at(const cds_hull_problem *problem, size_t index) {
  if (problem->terms > 0) {
    return problem->term[index];
  }
  const cds_hull_layer *layer = &problem->layer[index];
  return (cds_hull_term){.layer = index,
                         .weight = layer->weight,
                         .last = index + 1 == problem->layers,
                         .group = layer->group};
}

/* Adds the chosen points in the order of the terms. */
static cds_hull_point sum_terms(cds_scan *scan) {
  const cds_hull_problem *problem = scan->problem;
  cds_hull_point sum = {0, 0};
  cds_hull_point part = {0, 0};
  const size_t terms = problem->terms > 0 ? problem->terms : problem->layers;
  for (size_t g = 0; g < problem->groups; g++) {
    scan->group_s[g] = 0;
  }
  for (size_t i = 0; i < terms; i++) {
    const cds_hull_term term = term_at(problem, i);
    const cds_hull_point point = scan->point[term.layer];
    part.energy_pj += term.weight * point.energy_pj;
    part.latency_s += term.weight * point.latency_s;
    if (problem->groups > 0) {
      scan->group_s[term.group] += term.weight * point.latency_s;
    }
    if (term.last) {
      const double scale =
          problem->groups > 0 ? problem->group[term.group].scale : 1;
      sum.energy_pj += scale * part.energy_pj;
      sum.latency_s += scale * part.latency_s;
      part = (cds_hull_point){0, 0};
    }
  }
  return sum;
}

bool cds_scan_sum(cds_hull_point *sum, cds_scan *scan, double lambda) {
  for (size_t i = 0; i < scan->problem->layers; i++) {
    const cds_hull_layer *layer = &scan->problem->layer[i];
    scan->point[i] = (cds_hull_point){layer->energy_pj, layer->latency_s};
    scan->solution[i] = SIZE_MAX;
    if (!layer->fixed) {
      /* On a group's limit the end that meets it. */
      const cds_line *segment =
          scan->beside[i] != NULL ? scan->beside[i] : scan->at[i];
      const cds_line_point *point = cds_lines_pick(segment, lambda);
      if (point == NULL) {
        return false;
      }
      scan->point[i] = (cds_hull_point){point->energy_pj, point->latency_s};
      scan->solution[i] = point->solution;
    }
  }
  *sum = sum_terms(scan);
  return true;
}

bool cds_scan_offer(cds_scan *scan, double lambda) {
  cds_hull_result *out = scan->out;
  cds_hull_point sum;
  if (!cds_scan_sum(&sum, scan, lambda) || !meets_limits(scan, sum)) {
    return false;
  }
  const double value = objective_of(scan, sum);
  if (value <= scan->problem->incumbent && better(out, value, sum)) {
    out->found = true;
    out->value = value;
    out->energy_pj = sum.energy_pj;
    out->latency_s = sum.latency_s;
    memcpy(out->choice, scan->solution,
           scan->problem->layers * sizeof *out->choice);
  }
  return true;
}

/* ---- standing and moving --------------------------------------------------
 */

static void count_segment(cds_pass *pass, const cds_line *line, bool enter) {
  size_t *const which = line->state == CDS_SEGMENT_OPEN    ? &pass->open
                        : line->state == CDS_SEGMENT_STUCK ? &pass->stuck
                                                           : NULL;
  if (which != NULL) {
    *which = enter ? *which + 1 : *which - 1;
  }
}

static cds_hull_point move(const cds_scan *scan, const cds_line *line,
                           double share, cds_hull_point sum) {
  const cds_line *before = line->previous;
  const double weight = share * scan->problem->layer[line->layer].weight;
  sum.energy_pj += weight * (line->apex_energy_pj - before->apex_energy_pj);
  sum.latency_s += weight * (line->apex_latency_s - before->apex_latency_s);
  return sum;
}

/* Latency that a group may have in the network, its runs included. */
static double group_limit(const cds_hull_problem *problem, size_t group) {
  const cds_hull_group *g = &problem->group[group];
  return g->latency_limit_s * g->scale * (1 + CDS_SCAN_MARGIN);
}

/* Passes what the group's limit cuts of an edge. */
static cds_hull_point cut_edge(cds_scan *scan, cds_pass *pass, size_t edge,
                               cds_hull_point sum) {
  cds_line *line = scan->edge[edge];
  const cds_line *before = line->previous;
  const cds_hull_layer *layer = &scan->problem->layer[line->layer];
  const double limit = group_limit(scan->problem, layer->group);
  double *const group_s = &scan->group_s[layer->group];
  scan->passed[edge] = 0;
  if (*group_s <= limit) {
    return sum;
  }
  const double fall =
      layer->weight * (before->apex_latency_s - line->apex_latency_s);
  count_segment(pass, line, true);
  if (*group_s - fall >= limit) {
    *group_s -= fall;
    scan->passed[edge] = 1;
    count_segment(pass, before, false);
    scan->at[line->layer] = line;
    return move(scan, line, 1, sum);
  }
  const double share = (*group_s - limit) / fall;
  *group_s = limit;
  scan->passed[edge] = share;
  scan->beside[line->layer] = line;
  scan->group_lambda[layer->group] = line->lambda;
  pass->partial++;
  return move(scan, line, share, sum);
}

static cds_hull_point cut_groups(cds_scan *scan, cds_pass *pass,
                                 cds_hull_point sum) {
  const cds_hull_problem *problem = scan->problem;
  for (size_t g = 0; g < problem->groups; g++) {
    scan->group_lambda[g] = (double)NAN;
    scan->group_s[g] = 0;
  }
  for (size_t i = 0; i < problem->layers; i++) {
    const cds_hull_layer *layer = &problem->layer[i];
    const double latency_s =
        layer->fixed ? layer->latency_s : scan->at[i]->apex_latency_s;
    scan->group_s[layer->group] += layer->weight * latency_s;
  }
  for (size_t edge = 0; edge < scan->edges; edge++) {
    sum = cut_edge(scan, pass, edge, sum);
  }
  for (size_t g = 0; g < problem->groups; g++) {
    pass->beyond = pass->beyond || scan->group_s[g] > group_limit(problem, g);
  }
  return sum;
}

cds_hull_point cds_scan_start(cds_scan *scan, cds_pass *pass) {
  *pass = (cds_pass){.open_value = (double)INFINITY,
                     .rest = (double)INFINITY,
                     .least = (double)INFINITY,
                     .least_edp = (double)INFINITY};
  cds_hull_point sum = {0, 0};
  for (size_t i = 0; i < scan->problem->layers; i++) {
    const cds_hull_layer *layer = &scan->problem->layer[i];
    double energy_pj = layer->energy_pj;
    double latency_s = layer->latency_s;
    scan->at[i] = NULL;
    scan->beside[i] = NULL;
    if (!layer->fixed) {
      cds_line *line = scan->layer[i].first;
      scan->at[i] = line;
      count_segment(pass, line, true);
      energy_pj = line->apex_energy_pj;
      latency_s = line->apex_latency_s;
    }
    sum.energy_pj += layer->weight * energy_pj;
    sum.latency_s += layer->weight * latency_s;
  }
  return scan->problem->cut_groups ? cut_groups(scan, pass, sum) : sum;
}

bool cds_scan_has_edge(const cds_scan *scan, size_t edge) {
  return !scan->problem->cut_groups || scan->passed[edge] < 1;
}

cds_hull_point cds_scan_edge(cds_scan *scan, cds_pass *pass, size_t edge,
                             cds_hull_point sum) {
  cds_line *line = scan->edge[edge];
  const cds_hull_problem *problem = scan->problem;
  const double passed = problem->cut_groups ? scan->passed[edge] : 0;
  if (passed >= 1) {
    return sum;
  }
  count_segment(pass, line->previous, false);
  scan->at[line->layer] = line;
  if (passed > 0) {
    pass->partial--;
    scan->beside[line->layer] = NULL;
    scan->group_lambda[problem->layer[line->layer].group] = (double)NAN;
  } else {
    count_segment(pass, line, true);
  }
  return move(scan, line, 1 - passed, sum);
}

/* ---- vertices -------------------------------------------------------------
 */

static void note_open(cds_pass *pass, double value, size_t edge, bool crossing,
                      cds_hull_point point) {
  if (value < pass->open_value) {
    pass->open_value = value;
    pass->open_edge = edge;
    pass->open_crossing = crossing;
    pass->energy_pj = point.energy_pj;
    pass->latency_s = point.latency_s;
  }
}

static void note_rest(cds_pass *pass, double value, cds_line *split) {
  if (value < pass->rest) {
    pass->rest = value;
    pass->split = split;
  }
}

/* An edge that a group stands on. */
static cds_line *edge_of_group(const cds_scan *scan) {
  for (size_t i = 0; i < scan->problem->layers; i++) {
    if (scan->beside[i] != NULL) {
      return scan->beside[i];
    }
  }
  return NULL;
}

static void visit_vertex(cds_scan *scan, cds_pass *pass, size_t edge,
                         cds_hull_point vertex) {
  pass->least_edp = fmin(pass->least_edp, vertex.energy_pj * vertex.latency_s);
  if (!inside_limits(scan, vertex)) {
    return;
  }
  const double value = objective_of(scan, vertex);
  pass->least = fmin(pass->least, value);
  if (pass->open > 0) {
    note_open(pass, value, edge, false, vertex);
    return;
  }
  if (pass->stuck > 0) {
    note_rest(pass, value, edge_of_group(scan));
    return;
  }
  if (!cds_scan_worth(scan, value)) {
    return;
  }
  if (!cds_scan_offer(scan, (double)NAN) || pass->partial > 0) {
    /* Over a limit by rounding, or no choice itself. */
    note_rest(pass, value, edge_of_group(scan));
  }
}

/* A point where the edge between two vertices meets a limit. */
static void visit_crossing(cds_scan *scan, cds_pass *pass, size_t edge,
                           cds_hull_point point) {
  const double value = objective_of(scan, point);
  pass->least = fmin(pass->least, value);
  cds_line *line = scan->edge[edge];
  if (pass->open > 0 || line->state == CDS_SEGMENT_OPEN) {
    note_open(pass, value, edge, true, point);
  } else {
    note_rest(pass, value, line);
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
static void visit_crossings(cds_scan *scan, cds_pass *pass, size_t edge,
                            cds_hull_point from, cds_hull_point to) {
  const cds_hull_problem *problem = scan->problem;
  const double latency_s = problem->latency_limit_s * (1 + CDS_SCAN_MARGIN);
  const double energy_pj = problem->energy_limit_pj * (1 + CDS_SCAN_MARGIN);
  const double edp_pj_s = problem->edp_limit_pj_s * (1 + CDS_SCAN_MARGIN);
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
    visit_crossing(scan, pass, edge, first);
  }
  if (cut_last && in_last) {
    visit_crossing(scan, pass, edge, last);
  }
  if (in_first != in_last) {
    visit_crossing(scan, pass, edge,
                   in_first ? edp_crossing(first, last, edp_pj_s)
                            : edp_crossing(last, first, edp_pj_s));
  }
}

void cds_scan_all(cds_scan *scan, cds_pass *pass) {
  cds_hull_point sum = cds_scan_start(scan, pass);
  scan->out->least_energy_pj = sum.energy_pj;
  if (pass->beyond) {
    return;
  }
  visit_vertex(scan, pass, 0, sum);
  for (size_t edge = 0; edge < scan->edges; edge++) {
    if (!cds_scan_has_edge(scan, edge)) {
      continue;
    }
    cds_pass before = *pass;
    const cds_hull_point next = cds_scan_edge(scan, &before, edge, sum);
    visit_crossings(scan, pass, edge, sum, next);
    pass->open = before.open;
    pass->stuck = before.stuck;
    pass->partial = before.partial;
    sum = next;
    visit_vertex(scan, pass, edge + 1, sum);
  }
  scan->out->least_latency_s = sum.latency_s;
  pass->end_real = pass->open == 0 && pass->stuck == 0 && pass->partial == 0;
}

void cds_scan_replay(cds_scan *scan, const cds_pass *target) {
  cds_pass pass;
  cds_hull_point sum = cds_scan_start(scan, &pass);
  for (size_t edge = 0; edge < target->open_edge; edge++) {
    sum = cds_scan_edge(scan, &pass, edge, sum);
  }
}

/* ---- set-up ---------------------------------------------------------------
 */

static bool before_edge(const cds_line *a, const cds_line *b) {
  return a->lambda != b->lambda ? a->lambda < b->lambda : a->layer < b->layer;
}

static cds_status grow(cds_scan *scan) {
  const size_t room = scan->room == 0 ? 64 : 2 * scan->room;
  cds_line **edge =
      (cds_line **)cds_arena_array(scan->arena, room, sizeof(cds_line *));
  double *passed = (double *)cds_arena_array(scan->arena, room, sizeof *passed);
  if (edge == NULL || passed == NULL) {
    return CDS_ENOMEM;
  }
  if (scan->edges > 0) {
    memcpy(edge, scan->edge, scan->edges * sizeof(cds_line *));
  }
  scan->edge = edge;
  scan->passed = passed;
  scan->room = room;
  return CDS_OK;
}

cds_status cds_scan_insert(cds_scan *scan, cds_line *line) {
  if (scan->edges == scan->room) {
    CDS_TRY(grow(scan));
  }
  size_t place = scan->edges++;
  for (; place > 0 && before_edge(line, scan->edge[place - 1]); place--) {
    scan->edge[place] = scan->edge[place - 1];
  }
  scan->edge[place] = line;
  return CDS_OK;
}

cds_status cds_scan_begin(cds_scan *out, const cds_hull_problem *problem,
                          cds_hull_result *result, cds_arena *arena) {
  const size_t layers = problem->layers;
  const size_t groups = problem->groups;
  *out = (cds_scan){.problem = problem, .arena = arena, .out = result};
  out->layer =
      (cds_lines_layer *)cds_arena_array(arena, layers, sizeof *out->layer);
  out->at = (cds_line **)cds_arena_array(arena, layers, sizeof(cds_line *));
  out->beside = (cds_line **)cds_arena_array(arena, layers, sizeof(cds_line *));
  out->solution =
      (size_t *)cds_arena_array(arena, layers, sizeof *out->solution);
  out->point =
      (cds_hull_point *)cds_arena_array(arena, layers, sizeof *out->point);
  out->group_lambda =
      (double *)cds_arena_array(arena, groups, sizeof *out->group_lambda);
  out->group_s = (double *)cds_arena_array(arena, groups, sizeof *out->group_s);
  const bool good = out->layer != NULL && out->at != NULL &&
                    out->beside != NULL && out->solution != NULL &&
                    out->point != NULL && out->group_lambda != NULL &&
                    out->group_s != NULL;
  return good ? CDS_OK : CDS_ENOMEM;
}
