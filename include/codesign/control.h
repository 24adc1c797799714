/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Control of long calls: cancel flag and progress callback. */
#ifndef CDS_CONTROL_H
#define CDS_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cds_progress {
  uint64_t done, total; /* designs looked at, designs declared */
  double best;          /* objective of the best so far; NaN: none yet */
  double bound;         /* nothing is better than this */
} cds_progress;

typedef struct cds_control {
  /* Set to non-zero (from a signal handler too) to stop soon. */
  const volatile int *cancel; /* may be NULL */
  void (*progress)(const cds_progress *progress, void *payload); /* or NULL */
  void *payload;
  /* Set to non-zero when time is up: each search then ends with the best
   * mapping that it has, or with the first that it finds, and with a lower
   * bound. May be NULL. */
  const volatile int *hurry;
} cds_control;

/* Whether the caller asked to stop; `control` may be NULL. */
static inline int cds_control_cancelled(const cds_control *control) {
  return control != NULL && control->cancel != NULL &&
         __atomic_load_n(control->cancel, __ATOMIC_RELAXED) != 0;
}

/* Whether time is up; `control` may be NULL. */
static inline int cds_control_hurried(const cds_control *control) {
  return control != NULL && control->hurry != NULL &&
         __atomic_load_n(control->hurry, __ATOMIC_RELAXED) != 0;
}

#ifdef __cplusplus
}
#endif

#endif
