/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which layer is asked, and at which slope; see walk.h. */
#include "network/walk.h"

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

/* The open segment that may move the bound most. */
static cds_line *widest(const cds_scan *scan, const cds_pass *pass,
                        cds_interest interest) {
  cds_line *best = NULL;
  double best_gap = -1;
  for (size_t i = 0; i < scan->problem->layers; i++) {
    const double lambda = interest_in(scan, i, interest).at;
    cds_line *const each[2] = {scan->at[i], scan->beside[i]};
    for (unsigned side = 0; side < 2; side++) {
      cds_line *line = each[side];
      if (line == NULL || line->state != CDS_SEGMENT_OPEN) {
        continue;
      }
      const double gap =
          scan->problem->layer[i].weight * cds_lines_gap(line, lambda);
      if (best == NULL || gap > best_gap) {
        best = line;
        best_gap = gap;
      }
    }
  }
  if (best == NULL && pass->open_crossing) {
    best = scan->edge[pass->open_edge];
  }
  return best;
}

cds_status cds_walk_ask_at(cds_walk *walk, cds_line *segment,
                           const cds_question *question) {
  cds_scan *scan = &walk->scan;
  const cds_hull_problem *problem = scan->problem;
  cds_hull_answer answer = {0};
  scan->out->solves++;
  CDS_TRY(problem->solve(&answer, segment->layer, question->lambda,
                         problem->payload));
  CDS_TRY(cds_select_add(&walk->known, segment->layer, &answer));
  cds_line *line = NULL;
  CDS_TRY(cds_lines_insert(&line, segment, question, &answer, scan->arena));
  return line == NULL ? CDS_OK : cds_scan_insert(scan, line);
}

cds_status cds_walk_ask(cds_walk *walk, const cds_pass *pass,
                        cds_interest interest) {
  cds_line *segment = widest(&walk->scan, pass, interest);
  if (segment == NULL) {
    return CDS_EINTERNAL; /* an open vertex has an open segment */
  }
  const cds_interest own = interest_in(&walk->scan, segment->layer, interest);
  const cds_question question = cds_lines_question(segment, &own);
  /* Without a question the segment was closed or given up. */
  return question.ask ? cds_walk_ask_at(walk, segment, &question) : CDS_OK;
}

cds_status cds_walk_begin(cds_walk *walk, cds_hull_result *out,
                          const cds_hull_problem *problem, cds_arena *arena) {
  CDS_TRY(cds_scan_begin(&walk->scan, problem, out, arena));
  CDS_TRY(cds_select_begin(&walk->known, problem, arena));
  out->choice =
      (size_t *)cds_arena_array(arena, problem->layers, sizeof *out->choice);
  out->least_group_s =
      (double *)cds_arena_array(arena, problem->groups, sizeof(double));
  if (out->choice == NULL || out->least_group_s == NULL) {
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
