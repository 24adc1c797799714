/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What Timeloop would print for mappings, given (eval) or found (map). */
#ifndef CDS_CLI_TIMELOOP_RESULT_H
#define CDS_CLI_TIMELOOP_RESULT_H

#include "cli/inputs.h"
#include "price/timeloop.h"

typedef struct cds_timeloop_item {
  const cds_layer *layer;
  cds_mapping mapping;
  cds_timeloop_counts counts;
  cds_timeloop_cost cost;
  bool searched, proven;
  double gap; /* (value - bound) / value of what was searched for */
} cds_timeloop_item;

typedef struct cds_timeloop_job {
  cds_cli *cli;
  cds_inputs inputs;
  bool searched;
  cds_objective objective; /* of the search */
  size_t entries;
  cds_mapping_entry *entry; /* of a mapping file */
  cds_timeloop_item *item;
} cds_timeloop_job;

/* Writes the items in the format of the call; exit code `code`, or that of an
 * output that cannot be written. */
int cds_timeloop_result_write(const cds_timeloop_job *job, int code);

#endif
