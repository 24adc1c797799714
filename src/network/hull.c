/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The walk over the network's hull: asks where the least vertex is not real. */
#include "network/hull.h"

#include <float.h>

#include "network/walk.h"

/* A choice within limits that is so near to the bound is good enough not to ask
 * for more. */
static const double NEAR = 1e-3;

/* Of E + w T the level line has the slope w everywhere, and a supporting line
 * of a larger one leaves nothing better to its right, of a lesser one to its
 * left. Limits may hold the optimum at any other slope: then what is usual
 * stays of interest. */
static void linear_interest(cds_interest *interest, double w, bool limited,
                            double more) {
  const double low = w / more;
  const double high = w * more;
  interest->at = w;
  interest->low = limited ? fmin(interest->low, low) : low;
  interest->high = limited ? fmax(interest->high, high) : high;
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
static cds_interest interest_of(const cds_scan *scan, const cds_pass *pass) {
  const cds_hull_problem *problem = scan->problem;
  const double more = 1.001;
  const double energy_pj = pass->energy_pj;
  const double latency_s = pass->latency_s;
  const double ratio = energy_pj / latency_s;
  const double least_e = scan->out->least_energy_pj;
  const double least_t = scan->out->least_latency_s;
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
  case CDS_OBJECTIVE_CARBON:
  case CDS_OBJECTIVE_COST:
    if (problem->time_pj_s > 0) {
      linear_interest(&interest, problem->time_pj_s,
                      fmin(most_e, most_t) < (double)INFINITY, more);
    } else if (most_t < (double)INFINITY) {
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
    interest.at = scan->edge[pass->open_edge]->lambda;
  }
  return interest;
}

/* Lists the vertices of the network's hull that are proven by now. */
static cds_status list_frontier(cds_scan *scan) {
  cds_hull_result *out = scan->out;
  out->frontier = (cds_hull_point *)cds_arena_array(
      scan->arena, scan->edges + 1, sizeof *out->frontier);
  if (out->frontier == NULL) {
    return CDS_ENOMEM;
  }
  cds_pass pass;
  cds_hull_point sum = cds_scan_start(scan, &pass);
  for (size_t edge = 0; edge <= scan->edges && !pass.beyond; edge++) {
    if (edge > 0) {
      sum = cds_scan_edge(scan, &pass, edge - 1, sum);
    }
    cds_hull_point exact;
    if (pass.open > 0 || pass.stuck > 0 || pass.partial > 0 ||
        !cds_scan_sum(&exact, scan, (double)NAN)) {
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

/* The least that each group can take, as far as it is known. */
static void note_groups(const cds_scan *scan) {
  const cds_hull_problem *problem = scan->problem;
  double *least_s = scan->out->least_group_s;
  for (size_t i = 0; i < problem->layers && problem->cut_groups; i++) {
    const cds_hull_layer *layer = &problem->layer[i];
    double latency_s = layer->latency_s;
    if (!layer->fixed) {
      const cds_line *line = scan->layer[i].first;
      while (line->next->next != NULL) {
        line = line->next;
      }
      latency_s = line->apex_latency_s;
    }
    least_s[layer->group] +=
        layer->weight * latency_s / problem->group[layer->group].scale;
  }
}

double cds_hull_value(const cds_hull_problem *problem, double energy_pj,
                      double latency_s) {
  return problem->time_pj_s > 0
             ? energy_pj + problem->time_pj_s * latency_s
             : cds_objective_value(problem->objective, energy_pj, latency_s);
}

/* What no choice is below, by the floors of the layers alone. */
static double floor_of(const cds_hull_problem *problem) {
  double energy_pj = 0;
  double latency_s = 0;
  for (size_t i = 0; i < problem->layers; i++) {
    const cds_hull_layer *layer = &problem->layer[i];
    energy_pj += layer->weight * layer->energy_pj;
    latency_s += layer->weight * layer->latency_s;
  }
  return cds_hull_value(problem, energy_pj, latency_s);
}

static void conclude(const cds_scan *scan, const cds_pass *pass) {
  cds_hull_result *out = scan->out;
  /* Lines that are not proven may cut each other below the floors. */
  const double rest =
      fmax(pass->rest, floor_of(scan->problem)) * (1 - CDS_SCAN_MARGIN);
  out->least_edp_pj_s = pass->least_edp * (1 - CDS_SCAN_MARGIN);
  note_groups(scan);
  if (out->found) {
    out->bound = fmin(out->value, rest);
    out->proven = out->bound == out->value;
    return;
  }
  out->bound =
      fmax(pass->least, floor_of(scan->problem)) * (1 - CDS_SCAN_MARGIN);
  /* Without vertices that only a limit excludes, nothing at or below the
   * incumbent is left: the margin takes nothing from that. */
  const double incumbent = scan->problem->incumbent;
  if (rest > incumbent && out->bound < incumbent) {
    out->bound = incumbent;
  }
}

/* Puts a question within an open segment: at the slope of its chord, or some
 * way towards a floor. */
static void look_at(cds_walk *walk, cds_line *segment) {
  const double far = 4;
  if (segment == NULL || segment->next == NULL ||
      segment->state != CDS_SEGMENT_OPEN) {
    return;
  }
  cds_question question = {.ask = true};
  if (segment->real && segment->next->real) {
    const cds_interest chord = {0, -1, 0}; /* of no slope: that of the chord */
    question = cds_lines_question(segment, &chord);
  } else if (segment->real) {
    question.lambda = segment->lambda * far;
  } else {
    question.lambda = segment->next->lambda / far;
  }
  if (question.ask) {
    cds_walk_put(walk, segment, &question);
  }
}

/* Asks the layers for the points beside those that the bound stands on, which
 * lie on the edge of a line: choices near the limit are made of them. */
static cds_status look_around(cds_walk *walk, const cds_line *line) {
  cds_scan *scan = &walk->scan;
  cds_pass pass;
  cds_hull_point sum = cds_scan_start(scan, &pass);
  for (size_t edge = 0; edge < scan->edges && scan->edge[edge] != line;
       edge++) {
    sum = cds_scan_edge(scan, &pass, edge, sum);
  }
  for (size_t i = 0; i < scan->problem->layers; i++) {
    if (scan->at[i] != NULL) {
      look_at(walk, scan->at[i]->previous);
      look_at(walk, scan->at[i]->next);
    }
  }
  return cds_walk_send(walk);
}

/* Whether there is something at or below the incumbent, for all that answers
 * can say. */
static bool not_ruled_out(const cds_scan *scan, const cds_pass *pass) {
  return scan->problem->slack > 0 &&
         (scan->out->found ||
          (pass->rest < (double)INFINITY && cds_scan_worth(scan, pass->rest)));
}

/* Whether the last vertex, where T is least, is the optimum: all others have no
 * less T, and it has the least E of those of its T, since lines of finite slope
 * pass through its points. */
static bool only_the_end(const cds_hull_problem *problem) {
  return problem->objective == CDS_OBJECTIVE_DELAY && !problem->cut_groups &&
         problem->latency_limit_s == (double)INFINITY &&
         problem->energy_limit_pj == (double)INFINITY &&
         problem->edp_limit_pj_s == (double)INFINITY;
}

cds_status cds_hull_walk(cds_hull_result *out, const cds_hull_problem *problem,
                         cds_arena *arena) {
  *out = (cds_hull_result){
      .energy_pj = (double)NAN, .latency_s = (double)NAN, .value = (double)NAN};
  cds_walk walk;
  CDS_TRY(cds_walk_begin(&walk, out, problem, arena));
  cds_scan *scan = &walk.scan;
  cds_pass pass;
  for (;;) {
    cds_scan_all(scan, &pass);
    if (pass.open_value == (double)INFINITY ||
        !cds_scan_worth(scan, pass.open_value) || not_ruled_out(scan, &pass) ||
        (pass.end_real && only_the_end(problem))) {
      break;
    }
    cds_scan_replay(scan, &pass);
    const cds_interest interest = interest_of(scan, &pass);
    if (problem->slack > 0) {
      out->enough = cds_walk_enough(&walk, &pass, interest);
      if (out->enough < problem->slack) {
        break;
      }
    }
    CDS_TRY(cds_walk_ask(&walk, &pass, interest));
    cds_scan_offer(scan, interest.at);
  }
  conclude(scan, &pass);
  if (problem->slack > 0) {
    /* Of an open vertex nothing was said yet. */
    out->bound = fmin(out->bound, fmax(pass.least, floor_of(problem)) *
                                      (1 - CDS_SCAN_MARGIN));
    return CDS_OK;
  }
  CDS_TRY(list_frontier(scan));
  /* Something that is no choice lies below the best vertex: a choice off the
   * hull may be better. */
  if (out->proven || pass.rest == (double)INFINITY ||
      !cds_scan_worth(scan, pass.rest)) {
    return CDS_OK;
  }
  CDS_TRY(cds_select_best(out, problem, &walk.known, arena));
  if (pass.split == NULL ||
      (out->found && out->bound >= (1 - NEAR) * out->value)) {
    return CDS_OK;
  }
  CDS_TRY(look_around(&walk, pass.split));
  return cds_select_best(out, problem, &walk.known, arena);
}
