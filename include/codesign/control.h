/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Control of long calls: cancel flag and progress callback. */
#ifndef CDS_CONTROL_H
#define CDS_CONTROL_H

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

#ifdef __cplusplus
}
#endif

#endif
