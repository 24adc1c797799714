/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How far the models are from what others measured, published or computed: one
 * row a set (sets.def), each with a bar. Figures to compare with are compiled
 * in (golden.h). No model calls this module.
 *
 * Errors are those of the literature's numbers, never of our own earlier
 * output. Of sets with calibrated constants the half of the data that was used
 * for them and the other half are sets of their own.
 */
#ifndef CDS_VALIDATE_VALIDATE_H
#define CDS_VALIDATE_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "codesign/status.h"
#include "diag/diag.h"

typedef enum cds_validate_kind {
  CDS_VALIDATE_CALIBRATED,   /* constants were chosen by these data */
  CDS_VALIDATE_UNCALIBRATED, /* measured, or another model's: nothing fitted */
  /* The same equations solved in another way: says that they are solved, not
   * that they are true. */
  CDS_VALIDATE_ANALYTIC,
  CDS_VALIDATE_INFORMATION /* no bar */
} cds_validate_kind;
enum { CDS_VALIDATE_KINDS = 4 };

typedef enum cds_validate_judge {
  CDS_VALIDATE_MEAN, /* the mean of absolute errors is at most `high` */
  CDS_VALIDATE_EACH  /* each error is from `low` to `high` */
} cds_validate_judge;

typedef struct cds_validate_set {
  const char *name;
  cds_validate_kind kind;
  cds_validate_judge judge;
  double low, high;
  bool kelvin; /* errors are K; else parts of the figure: ours/theirs - 1 */
  const char *compares, *source;
} cds_validate_set;

/* Of absolute errors. */
typedef struct cds_validate_result {
  size_t n;
  double mean, p95, most;
  size_t missed; /* errors beyond the bar; of a mean: 0 or 1 */
  bool passed;
} cds_validate_result;

typedef struct cds_validate_options {
  unsigned threads; /* 0: one for each core */
  bool all;         /* also the cases that take long */
} cds_validate_options;

/* All sets, in the order of the table; stores their number. */
const cds_validate_set *cds_validate_sets(size_t *count);
/* Whether a word names a set: all of its name, or what stands before one of
 * its points, such as "sram" or "heat.fast". */
bool cds_validate_names(const cds_validate_set *set, const char *word);

/* Mean, 95th percentile (the smallest error that 95 of 100 do not exceed) and
 * greatest of absolute errors, and whether the bar is met: never by no error,
 * nor by one that is no number; always where there is no bar. Sorts `error`. */
void cds_validate_judge_errors(cds_validate_result *out,
                               const cds_validate_set *set, double *error,
                               size_t count);

/* Runs the sets that are wanted; `out` and `wanted` by the index of the set.
 * The same bits for any number of threads. A case that cannot be computed ends
 * it, with a message. */
cds_status cds_validate_run(cds_validate_result *out, const bool *wanted,
                            const cds_validate_options *options,
                            cds_arena *arena, cds_diag *diag);

#endif
