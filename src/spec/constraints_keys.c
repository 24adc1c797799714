/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of constraints. */
#include "spec/constraints_keys.h"

#define ROW(type, key, of, field, ...)                                         \
  {                                                                            \
    .name = (key), .kind = CDS_KEY_##of, .offset = offsetof(type, field),      \
    __VA_ARGS__                                                                \
  }
#define ENTRY(key, of, field, text)                                            \
  ROW(cds_raw_constraint, key, of, field, .help = (text))

static const cds_key entry_keys[] = {
    ENTRY("level", NAME, level,
          "The level that the entry is about (not the outermost), or, for "
          "factors and order, the compute units: their loops stand below all "
          "holders"),
    ENTRY("array", NAME, array, "The array that the entry is about"),
    ENTRY("dataflow", TEXT, dataflow,
          "input_stationary, output_stationary, row_stationary or "
          "weight_stationary, at 'level' or at the innermost level that may "
          "keep the tensor"),
    ENTRY("keep", NAMES, keep, "Roles or tensors that the level must hold"),
    ENTRY("bypass", NAMES, bypass,
          "Roles or tensors that the level must not hold"),
    ENTRY("factors", NODE, factors,
          "Trips of the loops right above the level's holders, by rank: {k: "
          "4, n: <= 16, m: '>= 2', p: 2 to 8, c: full, others: 1}; a list of "
          "ranks: only they have loops there"),
    ENTRY("order", NODE, order,
          "Order of these loops, outermost first: [m, k], [..., k] (k "
          "innermost), [m, ...], [..., [p, q]] (p and q innermost, in any "
          "order)"),
    ENTRY("rows", NODE, rows,
          "What the array spreads over its rows: factors by rank as in "
          "'factors', or a list of the only ranks"),
    ENTRY("cols", NODE, cols, "Likewise over its columns"),
    ENTRY("utilisation", NODE, utilisation,
          "Part of the array that must be in use at least: '>= 0.5' or '>= 50 "
          "%'"),
    ENTRY("layers", NODE, layers,
          "The layers that the entry is about, by name; '*' stands for any "
          "letters; all when not given"),
    ENTRY("operations", NAMES, operations,
          "conv (an axis of two ranks longer than 1) or matmul (none); both "
          "when not given"),
    ENTRY("source", TEXT, note, "Where the constraint comes from"),
    ENTRY("assumption", TEXT, note, "Why it is assumed"),
    ENTRY("note", TEXT, note, "A remark for the reader; changes nothing"),
    {0}};

const cds_schema cds_schema_constraint = {
    .name = "constraint",
    .help = "An entry of 'constraints': what mappings must keep to at a level "
            "or an array, or a dataflow",
    .keys = entry_keys};

static const cds_key file_keys[] = {
    ROW(cds_raw_constraint_file, "constraints", NODE, constraints,
        .required = true, .help = "List of entries"),
    ROW(cds_raw_constraint_file, "source", TEXT, note,
        .help = "Where the constraints come from"),
    ROW(cds_raw_constraint_file, "assumption", TEXT, note,
        .help = "Why they are assumed"),
    ROW(cds_raw_constraint_file, "note", TEXT, note,
        .help = "A remark for the reader; changes nothing"),
    {0}};

const cds_schema cds_schema_constraint_file = {
    .name = "constraints file",
    .help = "Constraints on mappings, for any architecture that has the named "
            "levels and arrays",
    .keys = file_keys};

const cds_schema *const cds_constraint_schemas[] = {
    &cds_schema_constraint, &cds_schema_constraint_file, NULL};
