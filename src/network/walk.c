/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which layer is asked, and at which slope; see walk.h. */
#include "network/walk.h"

/* Segments that may move the bound by this part of what the widest may are
 * asked with it. With the limit of `needed` that took, all in all, 0.94 to 1.06
 * times the questions of asking one at a time, and a third to an eighth of the
 * rounds (ResNet-50 and a transformer on four accelerators, energy x delay);
 * a tenth takes up to 1.5 times the questions. */
static const double ALONGSIDE = 0.3;

/* With answers that are so near to what they found, layers that were not asked
 * yet are to be asked first. */
static const double LITTLE = 4e-3;

/* A group that stands on its limit trades at the slope of its edge. */
static cds_interest interest_in(const cds_scan *scan, size_t layer,
                                cds_interest interest) {
  const cds_hull_problem *problem = scan->problem;
  if (!problem->cut_groups) {
    return interest;
  }
  const double lambda = scan->group_lambda[problem->layer[layer].group];
  if (!isnan(lambda)) {
    interest.at = lambda;
    interest.low = fmin(interest.low, lambda);
    interest.high = fmax(interest.high, 2 * lambda);
  }
  return interest;
}

void cds_walk_put(cds_walk *walk, cds_line *segment,
                  const cds_question *question) {
  walk->place[walk->places++] = (cds_walk_place){segment, *question};
}

cds_status cds_walk_send(cds_walk *walk) {
  cds_scan *scan = &walk->scan;
  const cds_hull_problem *problem = scan->problem;
  const size_t asks = walk->places;
  walk->places = 0;
  for (size_t i = 0; i < asks; i++) {
    const cds_walk_place *place = &walk->place[i];
    walk->ask[i] = (cds_hull_ask){.layer = place->segment->layer,
                                  .lambda = place->question.lambda,
                                  .low = place->question.low,
                                  .high = place->question.high};
  }
  scan->out->solves += asks;
  if (asks > 0) {
    CDS_TRY(problem->solve(walk->ask, asks, problem->payload));
  }
  for (size_t i = 0; i < asks; i++) {
    const cds_walk_place *place = &walk->place[i];
    const cds_hull_ask *ask = &walk->ask[i];
    CDS_TRY(cds_select_add(&walk->known, ask->layer, &ask->answer));
    cds_line *line = NULL;
    CDS_TRY(cds_lines_insert(&line, place->segment, &place->question,
                             &ask->answer, scan->arena));
    if (line != NULL) {
      CDS_TRY(cds_scan_insert(scan, line));
    }
  }
  return CDS_OK;
}

/* The open segment of each layer, the wider of two, and how far it may move the
 * bound; the greatest of these. */
static double list_open(cds_walk *walk, cds_interest interest) {
  const cds_scan *scan = &walk->scan;
  double most = (double)-INFINITY;
  for (size_t i = 0; i < scan->problem->layers; i++) {
    const double lambda = interest_in(scan, i, interest).at;
    cds_line *const each[2] = {scan->at[i], scan->beside[i]};
    walk->open[i] = NULL;
    for (unsigned side = 0; side < 2; side++) {
      cds_line *line = each[side];
      if (line == NULL || line->state != CDS_SEGMENT_OPEN) {
        continue;
      }
      const double gap =
          scan->problem->layer[i].weight * cds_lines_gap(line, lambda);
      if (walk->open[i] == NULL || gap > walk->gap[i]) {
        walk->open[i] = line;
        walk->gap[i] = gap;
      }
    }
    if (walk->open[i] != NULL) {
      most = fmax(most, walk->gap[i]);
    }
  }
  return most;
}

/* The widest open segment that is left. */
static cds_line *take_widest(cds_walk *walk, double least) {
  cds_line *best = NULL;
  double best_gap = least;
  for (size_t i = 0; i < walk->scan.problem->layers; i++) {
    if (walk->open[i] != NULL &&
        (best == NULL ? walk->gap[i] >= least : walk->gap[i] > best_gap)) {
      best = walk->open[i];
      best_gap = walk->gap[i];
    }
  }
  if (best != NULL) {
    walk->open[best->layer] = NULL;
  }
  return best;
}

/* How far the bound must move, in energy (least delay: in latency), until the
 * vertex is beyond the best choice and the incumbent: no fewer segments than
 * together may move it so far can do. */
static double needed(const cds_scan *scan, const cds_pass *pass) {
  const cds_hull_problem *problem = scan->problem;
  const double latency_s = pass->latency_s;
  double most = problem->incumbent;
  if (scan->out->found) {
    most = fmin(most, scan->out->value);
  }
  switch (problem->objective) {
  case CDS_OBJECTIVE_EDP:
    return most / latency_s - pass->energy_pj;
  case CDS_OBJECTIVE_ED2P:
    return most / (latency_s * latency_s) - pass->energy_pj;
  case CDS_OBJECTIVE_ENERGY:
  case CDS_OBJECTIVE_CARBON:
  case CDS_OBJECTIVE_COST:
    return most - cds_hull_value(problem, pass->energy_pj, latency_s);
  case CDS_OBJECTIVE_DELAY:
    break;
  }
  return most - latency_s;
}

double cds_walk_enough(const cds_walk *walk, const cds_pass *pass,
                       cds_interest interest) {
  const cds_scan *scan = &walk->scan;
  double gap = 0;
  double value = 0;
  bool all = true;
  for (size_t i = 0; i < scan->problem->layers; i++) {
    const cds_line *line = scan->at[i];
    const double weight = scan->problem->layer[i].weight;
    const double lambda = interest_in(scan, i, interest).at;
    if (line == NULL || line->state == CDS_SEGMENT_CLOSED) {
      continue;
    }
    const cds_line_point *point = cds_lines_pick(line, lambda);
    if (point == NULL) {
      all = false;
      continue;
    }
    gap += weight * cds_lines_gap(line, lambda);
    value += weight * cds_lines_value(point, lambda);
  }
  const double enough = (gap - needed(scan, pass)) / value;
  return value == 0 || (!all && enough < LITTLE) ? (double)INFINITY : enough;
}

/* Puts a question about the segment, unless it gets closed or given up. */
static void put_within(cds_walk *walk, cds_line *segment,
                       cds_interest interest) {
  const cds_interest own = interest_in(&walk->scan, segment->layer, interest);
  cds_question question = cds_lines_question(segment, &own);
  question.low = own.low;
  question.high = own.high;
  if (question.ask) {
    cds_walk_put(walk, segment, &question);
  }
}

cds_status cds_walk_ask(cds_walk *walk, const cds_pass *pass,
                        cds_interest interest) {
  const cds_scan *scan = &walk->scan;
  const double most = list_open(walk, interest);
  const double least = most > 0 ? ALONGSIDE * most : most;
  const double need = needed(scan, pass);
  double sum = 0;
  cds_line *segment = take_widest(walk, most);
  if (segment == NULL && pass->open_crossing) {
    put_within(walk, scan->edge[pass->open_edge], interest);
  } else if (segment == NULL) {
    return CDS_EINTERNAL; /* an open vertex has an open segment */
  }
  while (segment != NULL) {
    put_within(walk, segment, interest);
    sum += walk->gap[segment->layer];
    segment = sum < need ? take_widest(walk, least) : NULL;
  }
  return cds_walk_send(walk);
}

cds_status cds_walk_begin(cds_walk *walk, cds_hull_result *out,
                          const cds_hull_problem *problem, cds_arena *arena) {
  CDS_TRY(cds_scan_begin(&walk->scan, problem, out, arena));
  CDS_TRY(cds_select_begin(&walk->known, problem, arena));
  out->choice =
      (size_t *)cds_arena_array(arena, problem->layers, sizeof *out->choice);
  out->least_group_s =
      (double *)cds_arena_array(arena, problem->groups, sizeof(double));
  const size_t layers = problem->layers;
  walk->places = 0;
  walk->place =
      (cds_walk_place *)cds_arena_array(arena, 2 * layers, sizeof *walk->place);
  walk->ask =
      (cds_hull_ask *)cds_arena_array(arena, 2 * layers, sizeof *walk->ask);
  walk->gap = (double *)cds_arena_array(arena, layers, sizeof *walk->gap);
  walk->open = (cds_line **)cds_arena_array(arena, layers, sizeof(cds_line *));
  if (out->choice == NULL || out->least_group_s == NULL ||
      walk->place == NULL || walk->ask == NULL || walk->gap == NULL ||
      walk->open == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < problem->layers; i++) {
    const cds_hull_layer *layer = &problem->layer[i];
    if (!layer->fixed) {
      CDS_TRY(cds_lines_start(&walk->scan.layer[i], i, layer, arena));
    }
  }
  return CDS_OK;
}
