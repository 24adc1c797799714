/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pareto_record: what one design adds to a Pareto set, as a record. */
#ifndef CDS_EXPLORE_PARETO_RECORD_H
#define CDS_EXPLORE_PARETO_RECORD_H

#include "explore/pareto.h"

/* What a design gave; its points live until they are merged. */
typedef struct cds_pareto_answer {
  size_t points;
  cds_pareto_point *point;
  double open; /* as of the set */
} cds_pareto_answer;

/* All that it depends on, but for what the records are of. */
typedef struct cds_pareto_asked {
  const cds_metric *metric; /* two */
  unsigned way, single;
  uint64_t design;
  bool heat_off;
  double gap;
  size_t values; /* of the points that are known */
  const double *value;
} cds_pareto_asked;

/* The key of its record. */
void cds_pareto_key(cds_journal_key *out, const cds_pareto_asked *asked,
                    const cds_records *records);
/* Reads the answer, and what it makes of the design. False: there is none. */
bool cds_pareto_recall(cds_pareto_answer *out, cds_design_result *design,
                       const cds_pareto_asked *asked,
                       const cds_records *records, cds_arena *arena);
/* Adds it. CDS_EIO, CDS_ENOMEM. */
cds_status cds_pareto_record(const cds_pareto_answer *answer,
                             const cds_design_result *design,
                             const cds_pareto_asked *asked,
                             const cds_records *records, cds_arena *arena);
/* Reads a record of any run, and which it is of; false: it is none of a Pareto
 * set, or of an older version that does not say. It lives in the arena. */
bool cds_pareto_record_read(cds_pareto_answer *out, cds_record_origin *origin,
                            const char *record, cds_arena *arena);

#endif
