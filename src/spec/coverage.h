/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a phase of a workload holds, by kind: that nothing is left out can be
 * seen at a glance.
 */
#ifndef CDS_SPEC_COVERAGE_H
#define CDS_SPEC_COVERAGE_H

#include "spec/workload.h"

enum { CDS_COVERAGE_KINDS = 72 };

typedef struct cds_coverage_kind {
  const char *name; /* "convolution", "product", ... or of an operation */
  double runs;      /* of all layers of the kind */
} cds_coverage_kind;

typedef struct cds_coverage {
  size_t kinds;
  cds_coverage_kind kind[CDS_COVERAGE_KINDS]; /* einsums, then operations */
  double macs;
  double primitives;  /* of other operations */
  double weight_bits; /* parameters that are read if each layer reads its own
                         once a run */
} cds_coverage;

/* Sums of one phase. Numbers are exact below 2^53. */
void cds_workload_coverage(cds_coverage *out, const cds_workload *workload,
                           unsigned phase);

#endif
