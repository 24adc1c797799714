/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mappings of layers that trade energy and latency best, written out. */
#ifndef CDS_EXPORT_LAYER_FRONTIER_H
#define CDS_EXPORT_LAYER_FRONTIER_H

#include <stdio.h>

#include "export/json.h"
#include "search/frontier.h"
#include "spec/workload.h"

typedef struct cds_layer_frontier {
  cds_layer layer;              /* `count`: all runs of all equal layers */
  cds_search_frontier frontier; /* of an operation: its cost, no mapping */
} cds_layer_frontier;

/* One record a point. Scratch memory is taken from the arena; false without. */
bool cds_export_frontier_csv(FILE *stream, const cds_arch *arch,
                             const cds_workload *workload,
                             const cds_layer_frontier *layer, size_t layers,
                             cds_arena *arena);
/* Members of the open object. */
bool cds_json_frontier(cds_json *json, const cds_arch *arch,
                       const cds_workload *workload,
                       const cds_layer_frontier *layer, cds_arena *arena);

#endif
