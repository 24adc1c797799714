/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sums over layers and parts; see fused_ways.h. */
#include "verify/fused_ways.h"

#include <math.h>
#include <string.h>

#include "verify/fused_stage.h"

/* A layer alone, or a part: what is known of its least. */
typedef struct cds_way_item {
  double least; /* nothing is below */
  bool found;   /* the worth has this value; the least, but for pipelines: */
  double value;
  double asked; /* up to this limit; below 0: never */
  cds_worth worth;
} cds_way_item;

typedef struct cds_ways_walker {
  const cds_fused_ways *ways;
  const cds_fused_aim *aim;
  cds_fused_least *out;
  double limit;
  double open; /* nothing is below this where that is below what was found */
  cds_way_item alone[CDS_STAGES_MAX], part[CDS_CHAIN_PARTS_MAX];
  unsigned items; /* of the way at hand, and which */
  cds_way_item *item[CDS_STAGES_MAX];
  unsigned of[CDS_STAGES_MAX]; /* number of the part; of a layer: `parts` */
} cds_ways_walker;

/* ---- parts ----------------------------------------------------------- */

cds_status cds_fused_parts_list(cds_fused_part **out, unsigned *parts,
                                const cds_chain_group *chain,
                                const cds_workload *workload,
                                cds_arena *arena) {
  const unsigned stages = chain->group.stages;
  cds_fused_part *part =
      cds_arena_array(arena, CDS_CHAIN_PARTS_MAX, sizeof *part);
  if (part == NULL) {
    return CDS_ENOMEM;
  }
  unsigned count = 0;
  part[count++] = (cds_fused_part){0, &chain->group};
  for (unsigned first = 0; first < stages; first++) {
    for (unsigned end = first + 2; end <= stages; end++) {
      if (count == CDS_CHAIN_PARTS_MAX ||
          !cds_chain_has_part(chain, first, end)) {
        continue;
      }
      cds_chain_group *own = cds_arena_alloc(arena, sizeof *own);
      if (own == NULL) {
        return CDS_ENOMEM;
      }
      if (cds_chain_part(own, workload, chain->first + first, end - first,
                         chain->flags) == CDS_OK) {
        part[count++] = (cds_fused_part){first, &own->group};
      }
    }
  }
  *out = part;
  *parts = count;
  return CDS_OK;
}

/* ---- layers alone ---------------------------------------------------- */

/* One pass, all at home at the outermost level. */
static cds_status solve_alone(cds_ways_walker *it, cds_stage_walker *stages,
                              unsigned s) {
  cds_stage_view view;
  cds_stage_known *known;
  cds_way_item *item = &it->alone[s];
  view.einsum = *it->ways->chain->stage[s].einsum;
  memset(&view.stage, 0, sizeof view.stage);
  view.stage.passes = view.stage.repeats = 1;
  view.einsum.stage = &view.stage;
  CDS_TRY(cds_stage_ask(&known, stages, &view, s));
  if (it->aim->floor) {
    CDS_TRY(cds_stage_roughly(stages, known, &view));
  } else {
    CDS_TRY(cds_stage_solve(stages, known, &view, it->limit));
  }
  item->least = known->least;
  item->found = known->solved;
  item->value = known->least;
  item->worth = known->worth;
  return CDS_OK;
}

static cds_status solve_layers(cds_ways_walker *it) {
  cds_arena *arena = cds_arena_new();
  cds_stage_walker *stages =
      arena == NULL ? NULL : cds_arena_alloc(arena, sizeof *stages);
  cds_status status = stages == NULL ? CDS_ENOMEM : CDS_OK;
  if (status == CDS_OK) {
    cds_stage_walker_begin(stages, &it->ways->space, it->ways->chain,
                           &it->aim->goal, arena);
  }
  for (unsigned s = 0; s < it->ways->chain->stages && status == CDS_OK; s++) {
    status = solve_alone(it, stages, s);
  }
  it->out->boxes += stages == NULL ? 0 : stages->boxes;
  cds_arena_free(arena);
  return status;
}

/* ---- ways ------------------------------------------------------------ */

/* Of the way at hand; without one of its items. */
static double sum_without(const cds_ways_walker *it, unsigned left_out) {
  double sum = 0;
  for (unsigned i = 0; i < it->items; i++) {
    sum += i == left_out ? 0 : it->item[i]->least;
  }
  return sum;
}

static cds_status ask_part(cds_ways_walker *it, unsigned number, double limit) {
  cds_way_item *item = &it->part[number];
  cds_fused_space space = it->ways->space;
  cds_fused_aim aim = *it->aim;
  cds_fused_least found;
  if (limit <= item->asked || (item->found && item->value <= item->least)) {
    return CDS_OK;
  }
  space.boxes_most -= it->out->boxes;
  aim.limit = limit;
  const cds_status status =
      cds_fused_walk(&found, &space, it->ways->part[number].group, &aim);
  it->out->boxes += found.boxes;
  if (status != CDS_OK) {
    return status;
  }
  item->asked = limit;
  item->least = fmax(item->least, found.least);
  if (found.found) {
    item->found = true;
    item->value = found.value;
    item->worth = found.worth;
  }
  return CDS_OK;
}

static cds_status try_way(cds_ways_walker *it) {
  for (unsigned i = 0; i < it->items; i++) {
    if (it->of[i] < it->ways->parts && sum_without(it, it->items) < it->limit) {
      CDS_TRY(ask_part(it, it->of[i], it->limit - sum_without(it, i)));
    }
  }
  const double sum = sum_without(it, it->items);
  bool found = !it->aim->floor;
  double value = it->aim->floor ? sum : 0;
  cds_worth worth = {.energy_pj = 0};
  if (sum >= it->limit) {
    return CDS_OK;
  }
  for (unsigned i = 0; i < it->items; i++) {
    found = found && it->item[i]->found;
    value += it->aim->floor ? 0 : it->item[i]->value;
    worth.energy_pj += it->item[i]->worth.energy_pj;
    worth.latency_s += it->item[i]->worth.latency_s;
  }
  it->open = fmin(it->open, sum);
  if ((found || it->aim->floor) && value < it->limit) {
    it->out->found = found;
    it->out->worth = worth;
    it->limit = value;
  }
  return CDS_OK;
}

static unsigned layers_of(const cds_fused_part *part) {
  return part->group->stages;
}

/* All ways with so many parts, from this layer on. Depth: layers. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status walk_ways(cds_ways_walker *it, unsigned layer,
                            unsigned parts) {
  const cds_fused_ways *ways = it->ways;
  if (layer == ways->chain->stages) {
    return parts == 0 ? try_way(it) : CDS_OK;
  }
  const unsigned place = it->items++;
  for (unsigned p = 0; p < ways->parts && parts > 0; p++) {
    if (ways->part[p].first == layer) {
      it->item[place] = &it->part[p];
      it->of[place] = p;
      CDS_TRY(walk_ways(it, layer + layers_of(&ways->part[p]), parts - 1));
    }
  }
  it->item[place] = &it->alone[layer];
  it->of[place] = ways->parts;
  CDS_TRY(walk_ways(it, layer + 1, parts));
  it->items--;
  return CDS_OK;
}

cds_status cds_fused_ways_least(cds_fused_least *out,
                                const cds_fused_ways *ways,
                                const cds_fused_aim *aim) {
  cds_ways_walker it = {.ways = ways,
                        .aim = aim,
                        .out = out,
                        .limit = aim->limit,
                        .open = aim->limit};
  *out = (cds_fused_least){.least = aim->limit};
  for (unsigned p = 0; p < ways->parts; p++) {
    it.part[p].asked = -1;
  }
  CDS_TRY(solve_layers(&it));
  /* Few parts first: what is known of a part then serves with others. */
  for (unsigned parts = 0; parts <= ways->chain->stages; parts++) {
    CDS_TRY(walk_ways(&it, 0, parts));
  }
  out->value = it.limit;
  out->least = fmin(it.open, it.limit);
  return CDS_OK;
}
