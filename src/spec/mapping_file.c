/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads mapping files: which layer has which nodes. */
#include "spec/mapping_file.h"

#include <string.h>

#include "spec/file_kind.h"

enum { ENTRIES_MAX = 20000 };

typedef struct entry_keys {
  const char *layer;
  const cds_yaml *nest;
  const char *note; /* documentation for readers of the file */
} entry_keys;

static const cds_key entry_key_rows[] = {
    {.name = "layer",
     .kind = CDS_KEY_NAME,
     .offset = offsetof(entry_keys, layer),
     .required = true,
     .help = "Name of the layer."},
    {.name = "nest",
     .kind = CDS_KEY_NODE,
     .offset = offsetof(entry_keys, nest),
     .required = true,
     .help =
         "Nodes from outside in: 'hold A B at DRAM', 'for k 4', 'spread n 8 "
         "over PE.cols' ('over PE' if it has one axis). Compute follows "
         "the last."},
    {.name = "source",
     .kind = CDS_KEY_TEXT,
     .offset = offsetof(entry_keys, note),
     .help = "Where the mapping comes from."},
    {.name = "assumption",
     .kind = CDS_KEY_TEXT,
     .offset = offsetof(entry_keys, note),
     .help = "What was assumed."},
    {.name = "note",
     .kind = CDS_KEY_TEXT,
     .offset = offsetof(entry_keys, note),
     .help = "Anything that a reader should know."},
    {0}};

const cds_schema cds_mapping_file_schema = {
    .name = "mapping",
    .help = "An entry of a mapping file: 'mapping: {layer: NAME, nest: [...]}' "
            "or a list of such entries.",
    .keys = entry_key_rows};

typedef struct file_keys {
  const cds_yaml *mapping;
  const char *note;
} file_keys;

static const cds_key file_key_rows[] = {
    {.name = "mapping",
     .kind = CDS_KEY_NODE,
     .offset = offsetof(file_keys, mapping),
     .required = true,
     .help = "One entry, or a list of them."},
    {.name = "source",
     .kind = CDS_KEY_TEXT,
     .offset = offsetof(file_keys, note),
     .help = "Where the mappings come from."},
    {.name = "assumption",
     .kind = CDS_KEY_TEXT,
     .offset = offsetof(file_keys, note),
     .help = "What was assumed."},
    {.name = "note",
     .kind = CDS_KEY_TEXT,
     .offset = offsetof(file_keys, note),
     .help = "Anything that a reader should know."},
    {0}};

static const cds_schema file_schema = {.name = "mapping file",
                                       .help = "Mappings of layers.",
                                       .keys = file_key_rows};

static cds_status read_entry(cds_mapping_entry *out, const cds_yaml *node,
                             const cds_reader *reader) {
  entry_keys keys = {0};
  CDS_TRY(cds_schema_read(&keys, &cds_mapping_file_schema, node, reader));
  out->layer = keys.layer;
  out->place = node->place;
  out->layer_place = cds_yaml_get(node, "layer")->place;
  out->nest = keys.nest;
  return CDS_OK;
}

static cds_status check_layers(const cds_mapping_entry *entry, size_t count,
                               const cds_reader *reader) {
  for (size_t a = 1; a < count; a++) {
    for (size_t b = 0; b < a; b++) {
      if (strcmp(entry[a].layer, entry[b].layer) == 0) {
        cds_diag_error(reader->diag, entry[a].layer_place,
                       "layer '%s' has two mappings: expected one",
                       entry[a].layer);
        cds_diag_note(reader->diag, entry[b].layer_place, "first given here");
        return CDS_EINPUT;
      }
    }
  }
  return CDS_OK;
}

cds_status cds_mapping_file_read(cds_mapping_entry **out, size_t *count,
                                 const char *path, const cds_reader *reader) {
  const cds_yaml *root = NULL;
  CDS_TRY(cds_yaml_read_file(&root, path, reader->arena, reader->diag));
  return cds_mapping_file_read_tree(out, count, root, reader);
}

cds_status cds_mapping_file_read_tree(cds_mapping_entry **out, size_t *count,
                                      const cds_yaml *root,
                                      const cds_reader *reader) {
  file_keys keys = {0};
  CDS_TRY(cds_file_kind_check(root, "mapping", reader->diag));
  CDS_TRY(cds_schema_read(&keys, &file_schema, root, reader));
  const bool list = keys.mapping->kind == CDS_YAML_SEQUENCE;
  const size_t entries = list ? keys.mapping->count : 1;
  if (entries == 0 || entries > ENTRIES_MAX) {
    cds_diag_error(reader->diag, keys.mapping->place,
                   "'mapping' has %zu entries: expected 1 to %d", entries,
                   ENTRIES_MAX);
    return CDS_EINPUT;
  }
  cds_mapping_entry *entry =
      cds_arena_array(reader->arena, entries, sizeof *entry);
  if (entry == NULL) {
    return CDS_ENOMEM;
  }
  cds_status status = CDS_OK;
  for (size_t i = 0; i < entries; i++) {
    const cds_yaml *node = list ? keys.mapping->items[i] : keys.mapping;
    const cds_status one = read_entry(&entry[i], node, reader);
    status = one != CDS_OK ? one : status;
  }
  CDS_TRY(status);
  CDS_TRY(check_layers(entry, entries, reader));
  *out = entry;
  *count = entries;
  return CDS_OK;
}
