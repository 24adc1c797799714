/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Branch and bound over known points; see select.h. */
#include "network/select.h"

#include <stdlib.h>
#include <string.h>

#include "network/scan.h"

/* Far more than a limit or two on tens of layers need (some hundreds); a choice
 * that is cut short by it is a choice still. */
enum { NODES_MAX = 10000 };

/* The points first to last of a layer. */
typedef struct interval {
  size_t first, last;
} interval;

typedef struct chooser {
  const cds_hull_problem *problem;
  const cds_select_points *known;
  cds_hull_result best;
  cds_scan scan;
  cds_line **line;  /* room for the lines of each layer */
  cds_line **order; /* all inner lines, before they are sorted */
  interval *stack;  /* nodes that wait, one interval a layer */
  size_t nodes, room;
} chooser;

/* ---- points ---------------------------------------------------------------
 */

cds_status cds_select_begin(cds_select_points *out,
                            const cds_hull_problem *problem, cds_arena *arena) {
  out->arena = arena;
  out->list = (cds_select_list *)cds_arena_array(arena, problem->layers,
                                                 sizeof *out->list);
  return out->list == NULL ? CDS_ENOMEM : CDS_OK;
}

cds_status cds_select_add(cds_select_points *points, size_t layer,
                          const cds_hull_answer *answer) {
  cds_select_list *list = &points->list[layer];
  if (list->points == list->room) {
    const size_t room = list->room == 0 ? 8 : 2 * list->room;
    cds_line_point *grown =
        (cds_line_point *)cds_arena_array(points->arena, room, sizeof *grown);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    if (list->points > 0) {
      memcpy(grown, list->point, list->points * sizeof *grown);
    }
    list->point = grown;
    list->room = room;
  }
  list->point[list->points++] =
      (cds_line_point){answer->energy_pj, answer->latency_s, answer->solution};
  return CDS_OK;
}

static int compare_points(const void *left, const void *right) {
  const cds_line_point *a = (const cds_line_point *)left;
  const cds_line_point *b = (const cds_line_point *)right;
  if (a->energy_pj != b->energy_pj) {
    return a->energy_pj < b->energy_pj ? -1 : 1;
  }
  if (a->latency_s != b->latency_s) {
    return a->latency_s < b->latency_s ? -1 : 1;
  }
  return a->solution < b->solution ? -1 : a->solution > b->solution;
}

/* By rising energy and falling latency; the first of equal ones. */
static void keep_undominated(cds_select_list *list) {
  size_t kept = 0;
  qsort(list->point, list->points, sizeof *list->point, compare_points);
  for (size_t i = 0; i < list->points; i++) {
    if (kept == 0 ||
        list->point[i].latency_s < list->point[kept - 1].latency_s) {
      list->point[kept++] = list->point[i];
    }
  }
  list->points = kept;
}

/* ---- the hull over intervals -----------------------------------------------
 */

/* Slope from a to b, of which b has more energy and less latency. */
static double slope(const cds_line_point *a, const cds_line_point *b) {
  return (b->energy_pj - a->energy_pj) / (a->latency_s - b->latency_s);
}

static cds_line end_line(size_t layer, double lambda,
                         const cds_line_point *point) {
  return (cds_line){.layer = layer,
                    .lambda = lambda,
                    .real = true,
                    .proven = true,
                    .left = *point,
                    .right = *point,
                    .apex_energy_pj = point->energy_pj,
                    .apex_latency_s = point->latency_s};
}

/* Adds a point of greater energy to the lines of the hull: lines that no
 * longer support it go. Returns how many there are. */
static size_t add_to_hull(cds_line *line, size_t lines, size_t layer,
                          const cds_line_point *point) {
  while (lines > 1 &&
         slope(&line[lines - 1].right, point) <= line[lines - 1].lambda) {
    lines--;
  }
  const cds_line_point from = line[lines - 1].right;
  line[lines] = end_line(layer, slope(&from, point), point);
  line[lines].left = from;
  return lines + 1;
}

/* Lines of a layer over its interval; appends the inner ones to the order. */
static void make_lines(chooser *c, size_t layer, const interval *range,
                       size_t *edges) {
  const cds_line_point *point = c->known->list[layer].point;
  cds_line *line = c->line[layer];
  size_t lines = 1;
  line[0] = end_line(layer, 0, &point[range->first]);
  for (size_t p = range->first + 1; p <= range->last; p++) {
    lines = add_to_hull(line, lines, layer, &point[p]);
  }
  line[lines] = end_line(layer, (double)INFINITY, &point[range->last]);
  for (size_t i = 0; i <= lines; i++) {
    line[i].previous = i > 0 ? &line[i - 1] : NULL;
    line[i].next = i < lines ? &line[i + 1] : NULL;
    if (i > 0 && i < lines) {
      c->order[(*edges)++] = &line[i];
    }
  }
  c->scan.layer[layer].first = &line[0];
}

static int compare_lines(const void *left, const void *right) {
  const cds_line *a = *(cds_line *const *)left;
  const cds_line *b = *(cds_line *const *)right;
  if (a->lambda != b->lambda) {
    return a->lambda < b->lambda ? -1 : 1;
  }
  return a->layer < b->layer ? -1 : a->layer > b->layer;
}

/* Offers every vertex of the node that is a choice. */
static void bound_node(chooser *c, const interval *node, cds_pass *pass) {
  size_t edges = 0;
  for (size_t i = 0; i < c->problem->layers; i++) {
    if (!c->problem->layer[i].fixed) {
      make_lines(c, i, &node[i], &edges);
    }
  }
  qsort(c->order, edges, sizeof(cds_line *), compare_lines);
  c->scan.edge = c->order;
  c->scan.edges = edges;
  cds_scan_all(&c->scan, pass);
}

/* ---- branching -------------------------------------------------------------
 */

/* Last point of the layer's lower branch; SIZE_MAX when there is no layer with
 * two points left. */
static size_t cut_of(const chooser *c, const interval *node,
                     const cds_line *split, size_t *layer) {
  if (split != NULL) {
    const cds_line_point *point = c->known->list[split->layer].point;
    size_t at = node[split->layer].first;
    *layer = split->layer;
    while (at + 1 < node[*layer].last &&
           point[at].energy_pj < split->left.energy_pj) {
      at++;
    }
    return at;
  }
  for (size_t i = 0; i < c->problem->layers; i++) {
    if (!c->problem->layer[i].fixed && node[i].first < node[i].last) {
      *layer = i;
      return node[i].first + (node[i].last - node[i].first) / 2;
    }
  }
  return SIZE_MAX;
}

/* Both branches in place of the node on top of the stack. */
static void branch(chooser *c, const cds_line *split) {
  const size_t layers = c->problem->layers;
  interval *node = &c->stack[(c->nodes - 1) * layers];
  size_t layer = 0;
  const size_t cut = cut_of(c, node, split, &layer);
  if (cut == SIZE_MAX || c->nodes == c->room) {
    c->nodes--;
    return;
  }
  interval *other = node + layers;
  memcpy(other, node, layers * sizeof *node);
  node[layer].last = cut;
  other[layer].first = cut + 1;
  c->nodes++;
}

static void choose(chooser *c) {
  size_t looked_at = 0;
  while (c->nodes > 0 && looked_at++ < NODES_MAX) {
    cds_pass pass;
    bound_node(c, &c->stack[(c->nodes - 1) * c->problem->layers], &pass);
    if (pass.rest < (double)INFINITY && cds_scan_worth(&c->scan, pass.rest)) {
      branch(c, pass.split);
    } else {
      c->nodes--;
    }
  }
}

/* ---- set-up ---------------------------------------------------------------
 */

static cds_status prepare(chooser *c, cds_select_points *points,
                          cds_arena *arena) {
  const size_t layers = c->problem->layers;
  size_t all = 0;
  c->line = (cds_line **)cds_arena_array(arena, layers, sizeof(cds_line *));
  if (c->line == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < layers; i++) {
    const size_t count = points->list[i].points;
    c->line[i] =
        (cds_line *)cds_arena_array(arena, count + 2, sizeof **c->line);
    if (c->line[i] == NULL) {
      return CDS_ENOMEM;
    }
    all += count;
  }
  /* Each branch leaves one node more on the stack, and one layer has fewer
   * points in both: never more nodes than points. */
  c->room = all + 1;
  c->order = (cds_line **)cds_arena_array(arena, all, sizeof(cds_line *));
  c->scan.passed = (double *)cds_arena_array(arena, all, sizeof(double));
  c->stack =
      (interval *)cds_arena_array(arena, c->room * layers, sizeof *c->stack);
  return c->order == NULL || c->scan.passed == NULL || c->stack == NULL
             ? CDS_ENOMEM
             : CDS_OK;
}

cds_status cds_select_best(cds_hull_result *out,
                           const cds_hull_problem *problem,
                           cds_select_points *points, cds_arena *arena) {
  chooser c = {.problem = problem, .known = points, .best = *out};
  for (size_t i = 0; i < problem->layers; i++) {
    if (!problem->layer[i].fixed) {
      if (points->list[i].points == 0) {
        return CDS_OK; /* nothing is known of the layer */
      }
      keep_undominated(&points->list[i]);
    }
  }
  CDS_TRY(cds_scan_begin(&c.scan, problem, &c.best, arena));
  CDS_TRY(prepare(&c, points, arena));
  for (size_t i = 0; i < problem->layers; i++) {
    c.stack[i].last = problem->layer[i].fixed ? 0 : points->list[i].points - 1;
  }
  c.nodes = 1;
  choose(&c);
  if (c.best.found) {
    out->found = true;
    out->value = c.best.value;
    out->energy_pj = c.best.energy_pj;
    out->latency_s = c.best.latency_s;
    out->bound = fmin(out->bound, out->value);
    out->proven = out->bound == out->value;
  }
  return CDS_OK;
}
