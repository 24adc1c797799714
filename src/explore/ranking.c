/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The best designs by value and index; see ranking.h. */
#include "explore/ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

cds_status cds_ranking_begin(cds_ranking *out, size_t most, cds_arena *arena) {
  *out = (cds_ranking){.most = most};
  out->place =
      (cds_ranked *)cds_arena_array(arena, most + 1, sizeof *out->place);
  return out->place == NULL ? CDS_ENOMEM : CDS_OK;
}

static bool before(const cds_ranked *a, const cds_ranked *b) {
  return a->value < b->value || (a->value == b->value && a->design < b->design);
}

void cds_ranking_add(cds_ranking *ranking, size_t design, double value) {
  const cds_ranked added = {value, design};
  if (ranking->count == ranking->most &&
      !before(&added, &ranking->place[ranking->most - 1])) {
    return;
  }
  for (size_t i = 0; i < ranking->count; i++) {
    if (ranking->place[i].design == design) {
      if (!(value < ranking->place[i].value)) {
        return;
      }
      ranking->count--;
      memmove(&ranking->place[i], &ranking->place[i + 1],
              (ranking->count - i) * sizeof added);
    }
  }
  size_t at = ranking->count;
  for (; at > 0 && before(&added, &ranking->place[at - 1]); at--) {
    ranking->place[at] =
        ranking->place[at - 1]; /* there is room for one more */
  }
  ranking->place[at] = added;
  ranking->count += ranking->count < ranking->most;
}

double cds_ranking_last(const cds_ranking *ranking) {
  return ranking->count < ranking->most
             ? (double)INFINITY
             : ranking->place[ranking->most - 1].value;
}

/* ---- the end ------------------------------------------------------------- */

static bool is_ranked(const cds_design_result *design) {
  return design->status == CDS_DESIGN_MAPPED && !isnan(design->value);
}

static bool out_of_reach(const cds_design_result *design) {
  return design->status == CDS_DESIGN_INFEASIBLE ||
         (design->status == CDS_DESIGN_OVER_LIMIT && design->limit_proven);
}

static int by_place(const void *left, const void *right) {
  const cds_ranked *a = (const cds_ranked *)left;
  const cds_ranked *b = (const cds_ranked *)right;
  return before(a, b) ? -1 : before(b, a);
}

/* None of the designs that have no rank is better than the last that has one,
 * nor can be; and the values of these are proven. */
static bool is_proven(const cds_explore_result *of, double last) {
  bool proven = of->complete;
  for (size_t i = 0; i < of->records && proven; i++) {
    const cds_design_result *design = &of->design[i];
    proven = design->rank > 0 ? design->bound >= design->value
                              : design->bound >= last || out_of_reach(design);
  }
  return proven;
}

cds_status cds_ranking_conclude(cds_explore_result *out, size_t most,
                                cds_arena *arena) {
  const cds_arena_mark mark = cds_arena_mark_get(arena);
  cds_ranked *place =
      (cds_ranked *)cds_arena_array(arena, out->records + 1, sizeof *place);
  if (place == NULL) {
    return CDS_ENOMEM;
  }
  size_t count = 0;
  for (size_t i = 0; i < out->records; i++) {
    if (is_ranked(&out->design[i])) {
      place[count++] = (cds_ranked){out->design[i].value, i};
    }
  }
  qsort(place, count, sizeof *place, by_place);
  out->ranked = count < most ? count : most;
  for (size_t i = 0; i < out->ranked; i++) {
    out->design[place[i].design].rank = (uint32_t)(i + 1);
  }
  const double last =
      count < most ? (double)INFINITY : place[out->ranked - 1].value;
  out->ranking_proven = is_proven(out, last);
  cds_arena_reset(arena, mark);
  return CDS_OK;
}

cds_shown_status cds_design_shown(const cds_explore_result *result,
                                  const cds_design_result *design) {
  if (design->rank > 0) {
    return CDS_SHOWN_RANKED;
  }
  const bool told = !design->asked || result->every;
  if (told && design->status == CDS_DESIGN_OVER_LIMIT) {
    return CDS_SHOWN_OVER_LIMIT;
  }
  if (told && design->status == CDS_DESIGN_INFEASIBLE) {
    return CDS_SHOWN_INFEASIBLE;
  }
  return design->status == CDS_DESIGN_OPEN ? CDS_SHOWN_OPEN
                                           : CDS_SHOWN_UNRANKED;
}
