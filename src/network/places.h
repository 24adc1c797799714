/* SPDX-License-Identifier: GPL-3.0-or-later */
/* places: questions on threads, those at one place in their order. */
#ifndef CDS_NETWORK_PLACES_H
#define CDS_NETWORK_PLACES_H

#include "base/arena.h"
#include "codesign/status.h"

typedef cds_status (*cds_place_work)(size_t question, void *payload);

/* What is asked where: `place` of each question. */
typedef struct cds_placed_questions {
  size_t questions;
  const size_t *place;
  cds_place_work work; /* on any thread */
  void *payload;
} cds_placed_questions;

/* Works on all questions. Sets the number of the first one that fails, that of
 * all when none does; which one does not depend on threads, and all before it
 * are done. CDS_ENOMEM. */
cds_status cds_work_by_place(size_t *failed, const cds_placed_questions *list,
                             unsigned threads, cds_arena *arena);

#endif
