/* SPDX-License-Identifier: GPL-3.0-or-later */
/* State of one binding of constraints. Internal to rules*.c. */
#ifndef CDS_SPEC_RULES_BUILD_H
#define CDS_SPEC_RULES_BUILD_H

#include "spec/rules.h"

/* A range with what set its ends, for messages; NULL: nothing. */
typedef struct cds_owned_range {
  const cds_constraint *least, *most;
} cds_owned_range;

typedef struct cds_rules_build {
  cds_rules *out;
  const cds_arch *arch;
  const cds_einsum *einsum;
  cds_diag *diag; /* NULL: silent */
  const cds_constraint *now;
  const cds_constraint *policy[CDS_LEVELS_MAX][CDS_TENSORS_MAX];
  cds_owned_range loop[CDS_REGIONS_MAX + 1][CDS_RANKS_MAX];
  cds_owned_range spread[CDS_ARRAYS_MAX][2][CDS_RANKS_MAX];
  bool wrong;
} cds_rules_build;

/* Adds an error at the constraint at hand; false where none is wanted. */
bool cds_rules_error(cds_rules_build *it, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Sets the policy of the constraint at hand. */
void cds_rules_policy(cds_rules_build *it, unsigned level, unsigned tensor,
                      cds_policy policy);
/* Narrows the trips of a rank in a region, or on an axis. */
void cds_rules_loop(cds_rules_build *it, unsigned region, unsigned rank,
                    cds_range range);
void cds_rules_spread(cds_rules_build *it, const unsigned axis[2],
                      unsigned rank, cds_range range);
/* Refines the order of a region by parts of the ranks. */
void cds_rules_order(cds_rules_build *it, unsigned region,
                     const unsigned part[CDS_RANKS_MAX]);
/* Expands the dataflow at hand. */
void cds_rules_dataflow(cds_rules_build *it);

#endif
