/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a mapping with keys of every kind, and each scalar in it as a
 * value of a design variable, whose text must read back to the same value.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct record {
  const char *name, *note;
  double size_bits, power_w, share;
  cds_quantity bandwidth, energy;
  uint64_t count;
  bool flag;
  unsigned choice;
  cds_format format;
  cds_names names;
  const cds_yaml *raw;
} record;

static const char *const choices[] = {"bus", "mesh", NULL};

#define KEY(NAME, KIND, FIELD, ...)                                            \
  {                                                                            \
    .name = NAME, .kind = CDS_KEY_##KIND, .offset = offsetof(record, FIELD),   \
    .help = "", __VA_ARGS__                                                    \
  }
static const cds_key keys[] = {
    KEY("name", NAME, name, .required = true),
    KEY("size", QUANTITY, size_bits, .dimension = CDS_DIM_BITS, .low = 1,
        .high = 1e15),
    KEY("power", QUANTITY, power_w, .dimension = CDS_DIM_POWER),
    KEY("share", NUMBER, share, .low = 0, .high = 1, .fallback = "0.5"),
    KEY("bandwidth", BANDWIDTH, bandwidth, .low = 0, .high = 1e18),
    KEY("energy", ENERGY, energy, .low = 0, .high = 1e9),
    KEY("count", COUNT, count, .low = 1, .high = 65536, .fallback = "1"),
    KEY("flag", BOOL, flag, .fallback = "true"),
    KEY("choice", CHOICE, choice, .choices = choices, .fallback = "bus"),
    KEY("format", FORMAT, format, .required = false),
    KEY("names", NAMES, names, .required = false),
    KEY("note", TEXT, note, .required = false),
    KEY("raw", NODE, raw, .required = false),
    {.name = NULL}};
static const cds_schema schema = {"record", "", keys};

static const cds_variable_value variables[] = {
    {.name = "glb", .dimension = CDS_DIM_BITS, .number = 8388608},
    {.name = "rows", .number = 16},
    {.name = "bw",
     .dimension = CDS_DIM_BANDWIDTH,
     .number = 64,
     .per_cycle = true},
    {.name = "net", .text = "mesh"}};

/* Stops the program when a promise of the reader is broken. */
static void promise(bool kept) {
  if (!kept) {
    abort();
  }
}

static void check_record(const record *r) {
  promise(r->name != NULL);
  promise(isnan(r->size_bits) || (r->size_bits >= 1 && r->size_bits <= 1e15));
  promise(isnan(r->power_w) || isfinite(r->power_w));
  promise(r->share >= 0 && r->share <= 1);
  promise(r->count >= 1 && r->count <= 65536);
  promise(r->choice < 2);
}

/* The text of a number reads back to it, to the 15 digits that it has. */
static void check_text(const cds_variable_value *value,
                       const cds_reader *reader) {
  const char *const text = cds_variable_text(reader->arena, value);
  promise(text != NULL);
  if (value->text != NULL) {
    return;
  }
  const cds_yaml node = {.place = {"text", 1, 1}, .text = text};
  cds_value_list again;
  promise(cds_schema_values(&again, "x", &node, reader) == CDS_OK);
  const double found = again.values[0].number;
  promise(again.values[0].dimension == value->dimension);
  promise(fabs(found - value->number) <= 1e-14 * fabs(value->number));
}

static void read_values(const cds_yaml *node, const cds_reader *reader) {
  cds_value_list list;
  if (cds_schema_values(&list, "x", node, reader) == CDS_OK) {
    promise(list.count > 0 && list.count <= 100000);
    for (size_t i = 0; i < list.count && i < 100; i++) {
      check_text(&list.values[i], reader);
    }
  }
}

static void read_all(const cds_yaml *root, const cds_reader *reader) {
  const size_t before = cds_diag_errors(reader->diag);
  record r;
  if (cds_schema_read(&r, &schema, root, reader) == CDS_OK) {
    check_record(&r);
    promise(cds_diag_errors(reader->diag) == before);
  } else {
    promise(cds_diag_errors(reader->diag) > before);
  }
  read_values(root, reader);
  for (size_t i = 0; i < root->count && i < 100; i++) {
    read_values(root->items[i], reader);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  cds_arena *const arena = cds_arena_new();
  cds_diag *const diag = arena != NULL ? cds_diag_new(arena) : NULL;
  FILE *const sink = fopen("/dev/null", "w");
  promise(diag != NULL && sink != NULL);
  const cds_reader reader = {arena, diag, variables,
                             sizeof variables / sizeof *variables};
  const cds_yaml *root = NULL;
  if (cds_yaml_read_text(&root, "fuzz", size > 0 ? (const char *)data : "",
                         size, arena, diag) == CDS_OK) {
    read_all(root, &reader);
  }
  cds_diag_write(diag, sink, CDS_DIAG_TEXT);
  (void)fclose(sink);
  cds_arena_free(arena);
  return 0;
}
