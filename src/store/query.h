/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * query: what a database of results knows, as tables. Metrics are columns of a
 * list here; what a user writes is bound to statements, never a part of them.
 */
#ifndef CDS_STORE_QUERY_H
#define CDS_STORE_QUERY_H

#include "store/database.h"
#include "store/front.h"
#include "store/table.h"

typedef struct cds_store {
  cds_database *database;
  const char *path; /* of it, for messages */
  cds_arena *arena;
  cds_diag *diag;
} cds_store;

/* Names of metrics: area, cost, edp, embodied, energy, latency, power,
 * temperature, wall; ends with NULL. */
extern const char *const cds_store_metrics[];
/* Index of the name of this length; false: it is none. */
bool cds_store_metric(unsigned *out, const char *name, size_t length);

/* The runs that are named: by the beginning of a digest, or by
 * "<architecture>--<workload>" where that is one run; all, by their names,
 * when none is. CDS_EINPUT with a message. */
cds_status cds_store_runs(const char ***out, size_t *runs,
                          const cds_store *store, const char *const *name,
                          size_t names);

/* A row a run: what was asked, how far it is, the best that was found. */
cds_status cds_store_list(cds_table *out, const cds_store *store,
                          const char *const *run, size_t runs);
/* The `top` best designs of each run by its objective. */
cds_status cds_store_best(cds_table *out, const cds_store *store,
                          const char *const *run, size_t runs, size_t top);
/* The `top` best of all these runs together by a metric, each design once. */
cds_status cds_store_best_by(cds_table *out, const cds_store *store,
                             const char *const *run, size_t runs, size_t top,
                             unsigned metric);
/* Designs and points that trade these metrics best. */
cds_status cds_store_front(cds_table *out, const cds_store *store,
                           const char *const *run, size_t runs,
                           const unsigned *metric, size_t metrics);
/* What differs between two runs (diff.c). */
cds_status cds_store_diff(cds_table *out, const cds_store *store,
                          const char *first, const char *second);

/* "cols=2 rf=14 B": the values of a design's variables. */
cds_status cds_store_design(const char **out, const cds_store *store,
                            const char *run, int64_t design);

#endif
