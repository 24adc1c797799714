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
} cds_control;

/* Whether the caller asked to stop; `control` may be NULL. */
static inline int cds_control_cancelled(const cds_control *control) {
  return control != NULL && control->cancel != NULL &&
         __atomic_load_n(control->cancel, __ATOMIC_RELAXED) != 0;
}

#ifdef __cplusplus
}
#endif

#endif
