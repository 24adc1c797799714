/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Timeloop's constraints as read: one directive of each type for a target. */
#ifndef CDS_IMPORT_TIMELOOP_CONSTRAINTS_H
#define CDS_IMPORT_TIMELOOP_CONSTRAINTS_H

#include "import/timeloop.h"

/* All roots together. Where the place of a directive has no file, there is
 * none. */
typedef struct cds_tl_limits {
  cds_tl_directive target[CDS_TL_COMPONENTS_MAX][CDS_TL_OTHER];
  double utilisation; /* least part of all arrays in use; 0: none */
  cds_place utilisation_place;
} cds_tl_limits;

/* Reads the roots of constraints; errors are added to `it`. */
void cds_tl_read_limits(cds_tl_limits *out, cds_tl *it);

/* ---- writing ------------------------------------------------------------ */

typedef cds_tl_factor cds_tl_bounds[CDS_TL_DIMS_MAX];

typedef struct cds_tl_writer {
  cds_tl *it;
  const cds_tl_limits *limits;
  cds_builder to;
  size_t entries;
  const char *about, *name; /* of the entry: "level", "GLB" */
  bool open;                /* it has a key */
} cds_tl_writer;

/* An entry, its keys, its end; without a key it is not written. */
void cds_tl_begin(cds_tl_writer *w, const char *about, const char *name);
void cds_tl_put_key(cds_tl_writer *w, const char *key);
void cds_tl_end(cds_tl_writer *w, cds_place place);
void cds_tl_warn_entry(const cds_tl_writer *w, cds_place place,
                       const char *text);

uint64_t cds_tl_value(const cds_tl *it, unsigned dim,
                      const cds_tl_factor *factor);
/* Whether a dimension has no loop of more than one trip. */
bool cds_tl_is_one(const cds_tl *it, unsigned dim, const cds_tl_factor *factor);
/* "K: 4" */
void cds_tl_put_bound(cds_tl_writer *w, unsigned dim,
                      const cds_tl_factor *factor);

/* timeloop_spreads.c */
void cds_tl_put_spatial(cds_tl_writer *w, const cds_tl_directive *at);
void cds_tl_put_utilisation(cds_tl_writer *w);

#endif
