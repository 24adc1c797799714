/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "export/layer_frontier.h"

#include "export/csv.h"
#include "export/result.h"

/* ---- CSV --------------------------------------------------------------- */

static bool write_header(cds_csv *csv, const cds_arch *arch, cds_arena *arena) {
  static const char *const columns[] = {
      "name",   "kind",      "phase",     "count",    "point",
      "proven", "energy_pj", "latency_s", "edp_pj_s", "cycles"};
  for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
    cds_csv_text(csv, columns[i]);
  }
  for (unsigned l = 0; l < arch->levels; l++) {
    const char *name =
        cds_arena_printf(arena, "need_%s_bits", arch->level[l].name);
    if (name == NULL) {
      return false;
    }
    cds_csv_text(csv, name);
  }
  cds_csv_text(csv, "mapping");
  cds_csv_end_record(csv);
  return true;
}

static bool write_point(cds_csv *csv, const cds_arch *arch,
                        const cds_workload *workload,
                        const cds_layer_frontier *of, size_t number,
                        cds_arena *arena) {
  const cds_layer *layer = &of->layer;
  const cds_frontier_point *point = &of->frontier.point[number];
  const bool einsum = layer->kind == CDS_LAYER_EINSUM;
  cds_csv_text(csv, layer->name);
  cds_csv_text(csv, einsum ? "einsum" : layer->operation.kind);
  cds_csv_text(csv, workload->phase[layer->phase].name);
  cds_csv_count(csv, layer->count);
  cds_csv_count(csv, number + 1);
  cds_csv_text(csv, of->frontier.proven ? "true" : "false");
  cds_csv_number(csv, point->cost.energy_pj);
  cds_csv_number(csv, point->cost.latency_s);
  cds_csv_number(csv, point->cost.energy_pj * point->cost.latency_s);
  cds_csv_number(csv, point->cost.cycles);
  for (unsigned l = 0; l < arch->levels; l++) {
    if (einsum) {
      cds_csv_count(csv, point->need_bits[l]);
    } else {
      cds_csv_empty(csv);
    }
  }
  const char *mapping =
      einsum ? cds_mapping_joined(&point->mapping, arch, &layer->einsum, arena)
             : "";
  cds_csv_text(csv, mapping);
  cds_csv_end_record(csv);
  return mapping != NULL;
}

bool cds_export_frontier_csv(FILE *stream, const cds_arch *arch,
                             const cds_workload *workload,
                             const cds_layer_frontier *layer, size_t layers,
                             cds_arena *arena) {
  cds_csv csv;
  cds_csv_begin(&csv, stream);
  bool good = write_header(&csv, arch, arena);
  for (size_t i = 0; i < layers; i++) {
    for (size_t p = 0; p < layer[i].frontier.points && good; p++) {
      const cds_arena_mark mark = cds_arena_mark_get(arena);
      good = write_point(&csv, arch, workload, &layer[i], p, arena);
      cds_arena_reset(arena, mark);
    }
  }
  return good;
}

/* ---- JSON -------------------------------------------------------------- */

static bool write_json_point(cds_json *json, const cds_arch *arch,
                             const cds_layer *layer,
                             const cds_frontier_point *point,
                             cds_arena *arena) {
  bool good = true;
  cds_json_object(json, NULL);
  cds_json_number(json, "energy_pj", point->cost.energy_pj);
  cds_json_number(json, "latency_s", point->cost.latency_s);
  cds_json_number(json, "edp_pj_s",
                  point->cost.energy_pj * point->cost.latency_s);
  cds_json_number(json, "cycles", point->cost.cycles);
  if (layer->kind == CDS_LAYER_EINSUM) {
    cds_json_object_line(json, "need_bits");
    for (unsigned l = 0; l < arch->levels; l++) {
      cds_json_count(json, arch->level[l].name, point->need_bits[l]);
    }
    cds_json_end(json);
    good = cds_json_mapping(json, arch, &layer->einsum, &point->mapping, arena);
  }
  cds_json_end(json);
  return good;
}

bool cds_json_frontier(cds_json *json, const cds_arch *arch,
                       const cds_workload *workload,
                       const cds_layer_frontier *layer, cds_arena *arena) {
  const cds_layer *of = &layer->layer;
  const bool einsum = of->kind == CDS_LAYER_EINSUM;
  bool good = true;
  cds_json_text(json, "name", of->name);
  cds_json_text(json, "kind", einsum ? "einsum" : of->operation.kind);
  cds_json_text(json, "phase", workload->phase[of->phase].name);
  cds_json_count(json, "count", of->count);
  cds_json_boolean(json, "proven", layer->frontier.proven);
  cds_json_array(json, "frontier");
  for (size_t p = 0; p < layer->frontier.points; p++) {
    const cds_arena_mark mark = cds_arena_mark_get(arena);
    good = write_json_point(json, arch, of, &layer->frontier.point[p], arena) &&
           good;
    cds_arena_reset(arena, mark);
  }
  cds_json_end(json);
  return good;
}
