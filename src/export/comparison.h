/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One workload on several architectures, each explored on its own: a row an
 * architecture. docs/results.md describes the columns and keys.
 */
#ifndef CDS_EXPORT_COMPARISON_H
#define CDS_EXPORT_COMPARISON_H

#include "export/breakdown.h"
#include "export/result.h"

typedef struct cds_comparison_row {
  const char *architecture;
  const cds_report *report; /* NULL: not explored */
  const char *design;       /* variables of the best design as text */
  const char *reason;       /* NULL: a best design was found */
  bool unknown;             /* a figure that was asked for is not known */
} cds_comparison_row;

typedef struct cds_comparison {
  const char *workload;
  cds_objective objective;
  size_t rows;
  const cds_comparison_row *row;
  size_t best;   /* row of the least value, the first of equals; `rows`: none */
  double bound;  /* nothing on any of these architectures is below */
  bool proven;   /* the best value is the bound */
  bool complete; /* false: interrupted, or */
  bool looked;   /* as many designs were looked at as may be */
} cds_comparison;

/* Sets best, bound, proven and complete from the rows. */
void cds_comparison_conclude(cds_comparison *comparison);
/* Whether without heat the rows stand the other way round; one without a best
 * design is beyond all that have one. */
bool cds_comparison_turned(const cds_comparison_row *a,
                           const cds_comparison_row *b);
/* What the design that is best typically has with all classes at the best ends
 * of their ranges, and at the worst; NaN: not asked, or not within limits. */
double cds_comparison_end(const cds_comparison_row *row, cds_tech_end end);
/* Of the best design: the share of its energy that is leakage. */
double cds_comparison_leakage(const cds_comparison_row *row);
/* "optimal", "gap", "none", "interrupted"; "impossible" when not explored. */
const char *cds_comparison_status(const cds_comparison_row *row);
/* What binds longest in the best design, with its share of the time; name NULL
 * when there is none. */
cds_share cds_comparison_bottleneck(const cds_comparison_row *row);

/* False when memory is exhausted. */
bool cds_export_comparison_csv(FILE *stream, const cds_comparison *comparison,
                               cds_arena *arena);
bool cds_export_comparison_json(FILE *stream, const cds_comparison *comparison,
                                const cds_provenance *provenance);

#endif
