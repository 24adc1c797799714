/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decided loops and spreads as a mapping, and what Timeloop makes of it. */
#include <string.h>

#include "search/timeloop_descend.h"

typedef struct writer {
  cds_mapping *mapping;
  const cds_tl_descent *job;
} writer;

static cds_node *add_node(const writer *it, cds_node_kind kind) {
  cds_node *node = &it->mapping->node[it->mapping->nodes++];
  memset(node, 0, sizeof *node);
  node->kind = kind;
  return node;
}

static void write_holds(const writer *it, unsigned level) {
  for (unsigned t = 0; t < it->job->space->tensors; t++) {
    if ((it->job->layout.kept[level] >> t & 1U) != 0) {
      cds_node *node = add_node(it, CDS_HOLD);
      node->tensor = t;
      node->level = level;
    }
  }
}

static void write_spreads(const writer *it, unsigned level,
                          const cds_tl_division *division) {
  const cds_tl_space *space = it->job->space;
  for (unsigned axis = 0; axis < 2; axis++) {
    for (unsigned i = 0; i < division->count[axis]; i++) {
      const unsigned d = division->order[axis][i];
      cds_node *node = add_node(it, CDS_SPREAD);
      node->rank = space->dim[d].rank;
      node->array = (unsigned)space->below[level];
      node->axis = axis;
      node->trips = cds_tl_value(space, &division->axis[axis], d);
    }
  }
}

static void
write_mapping(const writer *it,
              const cds_tl_division *const division[CDS_LEVELS_MAX]) {
  const cds_tl_descent *job = it->job;
  it->mapping->nodes = 0;
  for (unsigned level = 0; level < job->space->levels; level++) {
    const cds_tl_block *block = &job->block[level];
    write_holds(it, level);
    for (unsigned i = 0; i < block->count; i++) {
      cds_node *node = add_node(it, CDS_FOR);
      node->rank = job->space->dim[block->dim[i]].rank;
      node->trips = (uint64_t)block->trips[i];
    }
    if (job->layout.spread[level] != NULL) {
      write_spreads(it, level, division[level]);
    }
  }
}

/* Ties of the value go to what takes less time, then to what was first. */
static bool better(const cds_tl_best *best, double value, double cycles) {
  return !best->found || value < best->value ||
         (value == best->value && cycles < best->cost.cycles);
}

void cds_tl_confirm(cds_tl_descent *job,
                    const cds_tl_division *const division[CDS_LEVELS_MAX]) {
  const cds_tl_space *space = job->space;
  cds_arena *scratch = space->scratch;
  const cds_arena_mark mark = cds_arena_mark_get(scratch);
  const cds_reader reader = {.arena = scratch, .diag = job->diag};
  const writer it = {cds_arena_alloc(scratch, sizeof(cds_mapping)), job};
  cds_timeloop_counts *counts = cds_arena_alloc(scratch, sizeof *counts);
  if (it.mapping == NULL || counts == NULL) {
    job->status = CDS_ENOMEM;
    return;
  }
  job->confirmed++;
  write_mapping(&it, division);
  if (space->rules == NULL ||
      cds_rules_admit(space->rules, space->arch, it.mapping)) {
    const cds_place nowhere = {0};
    cds_timeloop_cost cost;
    cds_misfit misfit;
    job->status = cds_timeloop_count(counts, space->arch, space->einsum,
                                     it.mapping, nowhere, &reader);
    if (job->status == CDS_OK &&
        cds_timeloop_fits(&misfit, space->arch, space->einsum, counts) ==
            CDS_OK) {
      job->status =
          cds_timeloop_price(&cost, space->arch, space->einsum, counts);
      const double value =
          cds_tl_value_of(job->aim, cost.energy_pj, cost.cycles);
      if (job->status == CDS_OK && better(&job->best, value, cost.cycles)) {
        job->best.found = true;
        job->best.value = value;
        job->best.cost = cost;
        job->best.mapping = *it.mapping;
      }
    }
  }
  cds_arena_reset(scratch, mark);
}
