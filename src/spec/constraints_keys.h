/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tables of keys of constraints fill. Internal to constraints*.c. */
#ifndef CDS_SPEC_CONSTRAINTS_KEYS_H
#define CDS_SPEC_CONSTRAINTS_KEYS_H

#include "spec/constraints.h"

/* An entry as written. */
typedef struct cds_raw_constraint {
  const char *level, *array, *dataflow;
  cds_names keep, bypass, operations;
  const cds_yaml *factors, *order, *rows, *cols, *utilisation, *layers;
  const char *note;
} cds_raw_constraint;

extern const cds_schema cds_schema_constraint, cds_schema_constraint_file;

typedef struct cds_raw_constraint_file {
  const cds_yaml *constraints;
  const char *note;
} cds_raw_constraint_file;

/* Where entries are read to. */
typedef struct cds_constraint_reader {
  const cds_arch *arch;
  const cds_reader *reader;
  cds_constraints *out;
  const cds_yaml *entry;
  cds_raw_constraint raw;
  cds_constraint head; /* filter and target of the entry */
  const char *target;  /* name of the level or array */
  bool wrong;
} cds_constraint_reader;

/* Adds a constraint made of the head and what is given. False without memory.
 */
bool cds_constraint_add(cds_constraint_reader *it, cds_constraint made);
/* Reads factors of ranks: {k: 4, others: 1}, or [k] (no others). `where` goes
 * on the text of each: "above GLB". */
cds_status cds_constraint_factors(cds_constraint_reader *it,
                                  const cds_yaml *node, cds_constraint made,
                                  const char *where);
/* Reads an order: [m, ..., [p, q]]. */
cds_status cds_constraint_order(cds_constraint_reader *it,
                                const cds_yaml *node);
/* Reads ">= 0.5". */
cds_status cds_constraint_utilisation(cds_constraint_reader *it,
                                      const cds_yaml *node);

#endif
