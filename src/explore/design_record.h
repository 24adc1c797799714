/* SPDX-License-Identifier: GPL-3.0-or-later */
/* design_record: what one design was asked, and what was found, as a record. */
#ifndef CDS_EXPLORE_DESIGN_RECORD_H
#define CDS_EXPLORE_DESIGN_RECORD_H

#include "explore/explore.h"

/* All that the answer depends on, but for what the records are of. */
typedef struct cds_design_question {
  unsigned round;
  uint64_t design;
  bool heat_off;
  double incumbent;      /* of earlier waves */
  double bound, value;   /* that are known of the design */
  const double *start_w; /* by die, where the first tangent touches; NULL */
} cds_design_question;

/* All that later steps take from it. */
typedef struct cds_design_answer {
  cds_design_result design;
  double least;  /* of a limit that is not met: see cds_limits_diagnose */
  bool answered; /* by mappings, which take this power: */
  double power_w[CDS_DIES_MAX];
} cds_design_answer;

/* The key of its record. */
void cds_design_key(cds_journal_key *out, const cds_design_question *asked,
                    const cds_records *records);
/* Reads the answer; what needs no mapping is that of `known`. False: there is
 * none. Text lives in the arena. */
bool cds_design_recall(cds_design_answer *out, const cds_design_result *known,
                       const cds_design_question *asked,
                       const cds_records *records, cds_arena *arena);
/* Adds it. CDS_EIO, CDS_ENOMEM. */
cds_status cds_design_record(const cds_design_answer *answer,
                             const cds_design_question *asked,
                             const cds_records *records, cds_arena *arena);
/* Reads a record of any run, and which it is of; false: it is none of a design,
 * or of an older version that does not say. Text lives in the arena. */
bool cds_design_record_read(cds_design_result *out, cds_record_origin *origin,
                            const char *record, cds_arena *arena);

#endif
