/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mixes of workloads; see workload_mix.h. */
#include "spec/workload_mix.h"

#include <string.h>

#include "base/checked.h"

typedef struct mix_keys {
  const char *name;
  const cds_yaml *workloads;
  unsigned resident; /* 0: one, 1: together */
  const char *note;
} mix_keys;

typedef struct entry_keys {
  const char *workload;
  double weight;
  const char *note;
} entry_keys;

static const char *const resident_choices[] = {"one", "together", NULL};

#define NOTE(keys, key, text)                                                  \
  {                                                                            \
    .name = key, .kind = CDS_KEY_TEXT, .offset = offsetof(keys, note),         \
    .help = text                                                               \
  }

static const cds_key mix_key_rows[] = {
    {.name = "mix",
     .kind = CDS_KEY_NAME,
     .offset = offsetof(mix_keys, name),
     .required = true,
     .help = "Name of the mix, used for its results."},
    {.name = "workloads",
     .kind = CDS_KEY_NODE,
     .offset = offsetof(mix_keys, workloads),
     .required = true,
     .help = "List of {workload: FILE, weight: NUMBER}; paths are relative to "
             "this file."},
    {.name = "resident",
     .kind = CDS_KEY_CHOICE,
     .offset = offsetof(mix_keys, resident),
     .choices = resident_choices,
     .fallback = "one",
     .help = "What lies in the outermost level: one workload at a time, or "
             "parameters and caches of all together."},
    NOTE(mix_keys, "source", "Where the numbers come from."),
    NOTE(mix_keys, "assumption", "What was assumed, where there is no source."),
    NOTE(mix_keys, "note", "Anything that a reader should know."),
    {0}};

const cds_schema cds_mix_schema = {
    .name = "mix",
    .help = "A mix of workloads that one design serves: energy and time are "
            "sums over the workloads, each times its weight.",
    .keys = mix_key_rows};

static const cds_key entry_key_rows[] = {
    {.name = "workload",
     .kind = CDS_KEY_TEXT,
     .offset = offsetof(entry_keys, workload),
     .required = true,
     .help = "Path of a workload file."},
    {.name = "weight",
     .kind = CDS_KEY_NUMBER,
     .offset = offsetof(entry_keys, weight),
     .low = 1e-9,
     .high = 1e9,
     .fallback = "1",
     .help = "How often the workload runs, in runs of the mix; may be a "
             "fraction."},
    NOTE(entry_keys, "source", "Where the weight comes from."),
    NOTE(entry_keys, "assumption", "What was assumed."),
    NOTE(entry_keys, "note", "Anything that a reader should know."),
    {0}};

const cds_schema cds_mix_entry_schema = {.name = "mix entry",
                                         .help = "One workload of a mix.",
                                         .keys = entry_key_rows};

/* ---- putting together -----------------------------------------------------
 */

static cds_status check_names(const cds_mix_member *member, size_t members,
                              cds_place place, cds_diag *diag) {
  for (size_t a = 1; a < members; a++) {
    for (size_t b = 0; b < a; b++) {
      const char *name = member[a].workload->name;
      if (strcmp(name, member[b].workload->name) == 0) {
        cds_diag_error(diag, place,
                       "two workloads of a mix are named '%s': expected a name "
                       "of its own for each",
                       name);
        return CDS_EINPUT;
      }
    }
  }
  return CDS_OK;
}

static cds_status too_large(const char *name, cds_place place, const char *what,
                            cds_diag *diag) {
  cds_diag_error(diag, place, "mix '%s' has too %s: expected fewer workloads",
                 name, what);
  return CDS_EINPUT;
}

static cds_status add_phases(cds_workload *out, const cds_mix_member *member,
                             cds_arena *arena) {
  const cds_workload *workload = member->workload;
  cds_part *part = &out->part[out->parts++];
  *part = (cds_part){.name = workload->name,
                     .weight = member->weight,
                     .first_phase = out->phases,
                     .phases = workload->phases};
  for (unsigned i = 0; i < workload->phases; i++) {
    const cds_phase *from = &workload->phase[i];
    cds_phase *phase = &out->phase[out->phases++];
    const bool plain = from->kind == CDS_PHASE_PLAIN && workload->phases == 1;
    *phase = *from;
    phase->weight = member->weight * cds_phase_weight(from);
    phase->name =
        plain ? workload->name
              : cds_arena_printf(arena, "%s.%s", workload->name, from->name);
    if (phase->name == NULL) {
      return CDS_ENOMEM;
    }
  }
  return CDS_OK;
}

static cds_status add_layers(cds_workload *out, const cds_workload *workload,
                             unsigned first_phase, cds_arena *arena) {
  for (size_t i = 0; i < workload->layers; i++) {
    cds_layer *layer = &out->layer[out->layers++];
    *layer = workload->layer[i];
    layer->phase += first_phase;
    layer->name = cds_arena_printf(arena, "%s.%s", workload->name, layer->name);
    if (layer->name == NULL) {
      return CDS_ENOMEM;
    }
  }
  return CDS_OK;
}

/* Facts of the part with the largest footprint. */
static void keep_largest(cds_workload *out, const cds_mix_member *member,
                         size_t members) {
  const cds_workload *largest = member[0].workload;
  for (size_t i = 1; i < members; i++) {
    if (member[i].workload->footprint_bits > largest->footprint_bits) {
      largest = member[i].workload;
    }
  }
  out->parameters = largest->parameters;
  out->parameter_bits = largest->parameter_bits;
  out->kv_bits_per_token = largest->kv_bits_per_token;
  out->kv_bits = largest->kv_bits;
  out->activation_bits = largest->activation_bits;
  out->footprint_bits = largest->footprint_bits;
}

/* False when a sum passes 64 bits. */
static bool keep_all(cds_workload *out, const cds_mix_member *member,
                     size_t members) {
  bool good = true;
  for (size_t i = 0; i < members; i++) {
    const cds_workload *one = member[i].workload;
    good = good &&
           cds_add_u64(&out->parameters, out->parameters, one->parameters) &&
           cds_add_u64(&out->parameter_bits, out->parameter_bits,
                       one->parameter_bits) &&
           cds_add_u64(&out->kv_bits, out->kv_bits, one->kv_bits);
    if (one->activation_bits > out->activation_bits) {
      out->activation_bits = one->activation_bits;
    }
  }
  uint64_t sum = 0;
  return good && cds_add_u64(&sum, out->parameter_bits, out->kv_bits) &&
         cds_add_u64(&out->footprint_bits, sum, out->activation_bits);
}

cds_status cds_workload_mix(cds_workload *out, const cds_mix *mix,
                            const cds_reader *reader) {
  cds_arena *arena = reader->arena;
  cds_workload all = {.name = mix->name, .place = mix->place};
  size_t layers = 0;
  size_t phases = 0;
  CDS_TRY(check_names(mix->member, mix->members, mix->place, reader->diag));
  for (size_t i = 0; i < mix->members; i++) {
    layers += mix->member[i].workload->layers;
    phases += mix->member[i].workload->phases;
  }
  if (phases > CDS_PHASES_MAX) {
    return too_large(mix->name, mix->place, "many phases", reader->diag);
  }
  all.layer = cds_arena_array(arena, layers, sizeof *all.layer);
  all.phase = cds_arena_array(arena, phases, sizeof *all.phase);
  all.part = cds_arena_array(arena, mix->members, sizeof *all.part);
  if (all.layer == NULL || all.phase == NULL || all.part == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < mix->members; i++) {
    const unsigned first = all.phases;
    CDS_TRY(add_phases(&all, &mix->member[i], arena));
    CDS_TRY(add_layers(&all, mix->member[i].workload, first, arena));
  }
  if (!mix->together) {
    keep_largest(&all, mix->member, mix->members);
  } else if (!keep_all(&all, mix->member, mix->members)) {
    return too_large(mix->name, mix->place, "large a footprint", reader->diag);
  }
  *out = all;
  return CDS_OK;
}

/* ---- the file -------------------------------------------------------------
 */

const char *cds_mix_path(const char *mix, const char *part, cds_arena *arena) {
  const char *slash = strrchr(mix, '/');
  if (part[0] == '/' || slash == NULL) {
    return cds_arena_strdup(arena, part);
  }
  return cds_arena_printf(arena, "%.*s/%s", (int)(slash - mix), mix, part);
}

/* A mix in a mix might hold itself. */
static bool is_mix(const char *path, const cds_reader *reader) {
  const cds_yaml *root = NULL;
  cds_diag *unheard = cds_diag_new(reader->arena);
  return unheard != NULL &&
         cds_yaml_read_file(&root, path, reader->arena, unheard) == CDS_OK &&
         root->kind == CDS_YAML_MAPPING && cds_yaml_get(root, "mix") != NULL;
}

static cds_status read_entry(cds_mix_member *out, const cds_yaml *node,
                             const char *path, const cds_reader *reader) {
  entry_keys keys = {0};
  CDS_TRY(cds_schema_read(&keys, &cds_mix_entry_schema, node, reader));
  const char *part = cds_mix_path(path, keys.workload, reader->arena);
  cds_workload *workload = cds_arena_alloc(reader->arena, sizeof *workload);
  if (part == NULL || workload == NULL) {
    return CDS_ENOMEM;
  }
  if (is_mix(part, reader)) {
    cds_diag_error(reader->diag, node->place,
                   "'%s' is a mix itself: expected a workload", part);
    return CDS_EINPUT;
  }
  CDS_TRY(cds_workload_read(workload, part, reader));
  *out = (cds_mix_member){workload, keys.weight};
  return CDS_OK;
}

static cds_status read_entries(cds_mix_member *member, const cds_yaml *node,
                               const char *path, const cds_reader *reader) {
  if (node->kind != CDS_YAML_SEQUENCE || node->count == 0 ||
      node->count > CDS_MIX_MAX) {
    cds_diag_error(reader->diag, node->place,
                   "'workloads' is no list of 1 to %d workloads: expected "
                   "[{workload: a.yaml, weight: 3}, ...]",
                   (int)CDS_MIX_MAX);
    return CDS_EINPUT;
  }
  cds_status status = CDS_OK;
  for (size_t i = 0; i < node->count; i++) {
    const cds_status one = read_entry(&member[i], node->items[i], path, reader);
    status = one != CDS_OK ? one : status;
  }
  return status;
}

cds_status cds_mix_read_tree(cds_workload *out, const cds_yaml *root,
                             const char *path, const cds_reader *reader) {
  mix_keys keys = {0};
  cds_mix_member member[CDS_MIX_MAX];
  CDS_TRY(cds_schema_read(&keys, &cds_mix_schema, root, reader));
  CDS_TRY(read_entries(member, keys.workloads, path, reader));
  const cds_mix mix = {.name = keys.name,
                       .place = root->place,
                       .together = keys.resident == 1,
                       .members = keys.workloads->count,
                       .member = member};
  return cds_workload_mix(out, &mix, reader);
}
