/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Vertices of the hull; see frontier.h. */
#include "network/frontier.h"

#include <string.h>

#include "network/walk.h"

static const double MORE = 1 + CDS_SCAN_MARGIN;

bool cds_staircase_dominates(const cds_staircase *stairs,
                             cds_hull_point point) {
  return cds_staircase_below(stairs, point, point);
}

bool cds_staircase_below(const cds_staircase *stairs, cds_hull_point from,
                         cds_hull_point to) {
  const double rise = to.energy_pj - from.energy_pj;
  size_t step = 0;
  /* The last step that begins before `from`. */
  while (step < stairs->points &&
         stairs->point[step].energy_pj * MORE <= from.energy_pj) {
    step++;
  }
  if (step == 0) {
    return false;
  }
  for (step--; step < stairs->points; step++) {
    const bool last = step + 1 == stairs->points ||
                      stairs->point[step + 1].energy_pj * MORE > to.energy_pj;
    const double end =
        last ? to.energy_pj : stairs->point[step + 1].energy_pj * MORE;
    const double share = rise > 0 ? (end - from.energy_pj) / rise : 1;
    const double latency_s =
        last ? to.latency_s
             : from.latency_s - share * (from.latency_s - to.latency_s);
    if (stairs->point[step].latency_s * MORE > latency_s) {
      return false;
    }
    if (last) {
      return true;
    }
  }
  return false;
}

/* ---- the outer chain ------------------------------------------------------
 */

typedef struct chain {
  size_t vertices;
  cds_hull_point *point;
  bool *open;
  size_t *edges; /* passed before the vertex */
  size_t room;
} chain;

static cds_status make_room(chain *c, const cds_scan *scan) {
  if (scan->edges + 1 <= c->room) {
    return CDS_OK;
  }
  c->room = 2 * (scan->edges + 1);
  c->point =
      (cds_hull_point *)cds_arena_array(scan->arena, c->room, sizeof *c->point);
  c->open = (bool *)cds_arena_array(scan->arena, c->room, sizeof *c->open);
  c->edges = (size_t *)cds_arena_array(scan->arena, c->room, sizeof *c->edges);
  return c->point == NULL || c->open == NULL || c->edges == NULL ? CDS_ENOMEM
                                                                 : CDS_OK;
}

static cds_status list_chain(chain *c, cds_scan *scan) {
  cds_pass pass;
  CDS_TRY(make_room(c, scan));
  cds_hull_point sum = cds_scan_start(scan, &pass);
  c->vertices = 0;
  for (size_t edge = 0; edge <= scan->edges && !pass.beyond; edge++) {
    if (edge > 0) {
      if (!cds_scan_has_edge(scan, edge - 1)) {
        continue;
      }
      sum = cds_scan_edge(scan, &pass, edge - 1, sum);
    }
    c->point[c->vertices] = sum;
    c->open[c->vertices] = pass.open > 0;
    c->edges[c->vertices++] = edge;
  }
  return CDS_OK;
}

static bool dominated(const chain *c, size_t vertex,
                      const cds_staircase *stairs) {
  const cds_hull_point at = c->point[vertex];
  return cds_staircase_dominates(stairs, at) &&
         (vertex == 0 ||
          cds_staircase_below(stairs, c->point[vertex - 1], at)) &&
         (vertex + 1 == c->vertices ||
          cds_staircase_below(stairs, at, c->point[vertex + 1]));
}

/* The first open vertex that may hide something. */
static bool find_open(cds_pass *out, const chain *c,
                      const cds_staircase *stairs) {
  for (size_t i = 0; i < c->vertices; i++) {
    if (c->open[i] && !dominated(c, i, stairs)) {
      *out = (cds_pass){.open_edge = c->edges[i],
                        .energy_pj = c->point[i].energy_pj,
                        .latency_s = c->point[i].latency_s};
      return true;
    }
  }
  return false;
}

/* Slopes around the vertex: towards an end of the hull step by step, since the
 * ends are the dearest to ask for and may be dominated. */
static cds_interest interest_of(const cds_pass *pass) {
  const double ratio = pass->energy_pj / pass->latency_s;
  const double step = 8;
  return (cds_interest){ratio / step, ratio, ratio * step};
}

/* ---- the vertices ---------------------------------------------------------
 */

static cds_status take_vertex(cds_frontier_result *out, cds_scan *scan) {
  cds_hull_result *last = scan->out;
  last->found = false; /* every choice is the best of its own */
  if (!cds_scan_offer(scan, (double)NAN)) {
    return CDS_OK;
  }
  const cds_hull_point point = {last->energy_pj, last->latency_s};
  const cds_hull_point *before =
      out->points > 0 ? &out->point[out->points - 1] : NULL;
  if (before != NULL && point.latency_s >= before->latency_s) {
    return CDS_OK;
  }
  /* Of equal energies the one of less latency. */
  if (before != NULL && point.energy_pj <= before->energy_pj) {
    out->points--;
  }
  const size_t n = out->points;
  const size_t layers = scan->problem->layers;
  out->choice[n] =
      (size_t *)cds_arena_array(scan->arena, layers, sizeof(size_t));
  if (out->choice[n] == NULL) {
    return CDS_ENOMEM;
  }
  memcpy(out->choice[n], last->choice, layers * sizeof(size_t));
  out->point[out->points++] = point;
  return CDS_OK;
}

static cds_status list_vertices(cds_frontier_result *out, cds_scan *scan) {
  const size_t most = scan->edges + 1;
  out->point =
      (cds_hull_point *)cds_arena_array(scan->arena, most, sizeof *out->point);
  out->choice = (size_t **)cds_arena_array(scan->arena, most, sizeof(size_t *));
  if (out->point == NULL || out->choice == NULL) {
    return CDS_ENOMEM;
  }
  cds_pass pass;
  cds_hull_point sum = cds_scan_start(scan, &pass);
  for (size_t edge = 0; edge < most && !pass.beyond; edge++) {
    if (edge > 0) {
      sum = cds_scan_edge(scan, &pass, edge - 1, sum);
    }
    out->proven = out->proven && pass.stuck == 0;
    if (pass.open == 0 && pass.stuck == 0 && pass.partial == 0) {
      CDS_TRY(take_vertex(out, scan));
    }
  }
  return CDS_OK;
}

cds_status cds_hull_frontier(cds_frontier_result *out,
                             const cds_hull_problem *problem,
                             const cds_staircase *stairs, cds_arena *arena) {
  *out = (cds_frontier_result){.proven = true};
  cds_hull_problem free_problem = *problem;
  free_problem.incumbent = (double)INFINITY;
  cds_hull_result result = {.found = false};
  cds_walk walk;
  chain outer = {.vertices = 0};
  CDS_TRY(cds_walk_begin(&walk, &result, &free_problem, arena));
  for (;;) {
    cds_pass target;
    CDS_TRY(list_chain(&outer, &walk.scan));
    if (!find_open(&target, &outer, stairs)) {
      break;
    }
    cds_scan_replay(&walk.scan, &target);
    CDS_TRY(cds_walk_ask(&walk, &target, interest_of(&target)));
  }
  out->solves = result.solves;
  return list_vertices(out, &walk.scan);
}
