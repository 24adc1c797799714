/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mapping of what is decided, and the words of windows that src/count finds
 * there.
 *
 * What a holder takes in depends on the loops above it, on the arrays above it
 * and on its tile alone: whatever stands further inside is free in the tile
 * (count/loads.h). So one loop over each rank stands for all of that, and once
 * a group's lengths and orders are decided, the words of its windows are those
 * of every mapping below. Tensors without windows have theirs without
 * (unequal_loads.c).
 */
#include <assert.h>

#include "count/loads.h"
#include "count/pieces.h"
#include "count/windows.h"
#include "search/unequal_nest.h"

static void write_node(cds_mapping *out, cds_node node) {
  out->node[out->nodes++] = node;
}

static void write_loops(cds_mapping *out, const cds_unequal *it,
                        unsigned group) {
  for (unsigned i = 0; i < it->loops[group]; i++) {
    const unsigned r = it->order[group][i];
    write_node(out,
               (cds_node){.kind = CDS_FOR,
                          .rank = it->rank[r].rank,
                          .trips = cds_ceil_div_u64(it->tile[group - 1][r],
                                                    it->before[group][r])});
  }
}

static void write_spreads(cds_mapping *out, const cds_unequal *it,
                          unsigned first, unsigned end) {
  for (unsigned slot = 2 * first; slot < 2 * end; slot++) {
    for (unsigned r = 0; r < it->ranks; r++) {
      if (it->layout.spread[slot][r] > 1) {
        write_node(out, (cds_node){.kind = CDS_SPREAD,
                                   .rank = it->rank[r].rank,
                                   .array = slot / 2,
                                   .axis = slot % 2,
                                   .trips = it->layout.spread[slot][r]});
      }
    }
  }
}

/* What is left of each rank below a group. */
static void write_rest(cds_mapping *out, const cds_unequal *it,
                       unsigned group) {
  for (unsigned r = 0; r < it->ranks; r++) {
    if (it->tile[group][r] > 1) {
      write_node(out, (cds_node){.kind = CDS_FOR,
                                 .rank = it->rank[r].rank,
                                 .trips = it->tile[group][r]});
    }
  }
}

void cds_unequal_mapping(cds_mapping *out, const cds_unequal *it,
                         unsigned group) {
  const cds_general *general = it->general;
  out->nodes = 0;
  for (unsigned t = 0; t < general->tensors; t++) {
    write_node(out, (cds_node){.kind = CDS_HOLD, .tensor = t, .level = 0});
  }
  for (unsigned g = 1; g <= group; g++) {
    const bool last = g > general->groups;
    write_loops(out, it, g);
    write_spreads(out, it, general->group[g - 1].depth,
                  last ? general->arch->arrays : general->group[g].depth);
    const cds_holding *holding =
        last ? NULL : cds_chain_holding(general, it->layout.chain, g);
    for (unsigned t = 0; !last && t < general->tensors; t++) {
      if (holding->level[t] != CDS_NONE) {
        write_node(out, (cds_node){.kind = CDS_HOLD,
                                   .tensor = t,
                                   .level = holding->level[t]});
      }
    }
  }
  write_rest(out, it, group);
}

/* The holder of a leg's child in the mapping, or the compute units. */
static cds_holder holder_of(const cds_unequal *it, const cds_mapping *mapping,
                            const cds_leg *way) {
  cds_holder holder = {.einsum = it->general->einsum,
                       .mapping = mapping,
                       .tensor = way->tensor,
                       .position = mapping->nodes,
                       .depth = way->depth,
                       .memoryless = way->group > it->general->groups};
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind == CDS_HOLD && node->tensor == way->tensor &&
        node->level == way->child) {
      holder.position = n;
    }
  }
  return holder;
}

bool cds_unequal_exact(double *words, const cds_unequal *it,
                       const cds_unequal_leg *leg) {
  const cds_leg *way = leg->way;
  if (it->tensor[way->tensor].windows == 0) {
    return false;
  }
  cds_mapping mapping;
  cds_unequal_mapping(&mapping, it, way->group);
  const cds_holder holder = holder_of(it, &mapping, way);
  const bool even =
      cds_mapping_even(&mapping, it->general->einsum, way->tensor);
  for (unsigned e = 0; e < leg->entries; e++) {
    const cds_unequal_entry *entry = &leg->entry[e];
    cds_uneven_loads loads = {0};
    const cds_status status =
        even ? cds_loads(&loads.total, NULL, &holder, entry->united,
                         entry->from, it->scratch)
             : cds_window_loads(&loads, NULL, &holder, entry->united,
                                entry->from, it->scratch);
    if (status == CDS_OK) {
      assert((double)loads.total * (1 + 1e-9) >= words[e]);
      words[e] = (double)loads.total;
    }
  }
  return true;
}
