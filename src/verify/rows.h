/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What operations on rows cost that are not multiply-accumulate, alone or as
 * stages of fused groups: an evaluator that shares nothing with price. Each row
 * is read at the level of the unit that works on it, and its result written
 * there; what is not at home there comes from the outermost level and goes
 * there.
 */
#ifndef CDS_VERIFY_ROWS_H
#define CDS_VERIFY_ROWS_H

#include "verify/pair.h"
#include "verify/stage_view.h"

/* Why the evaluator does not know what the operation does, or NULL. */
const char *cds_rows_foreign(const cds_arch *arch,
                             const cds_operation *operation);
/* The same of one that runs alone, whatever it does. */
const char *cds_rows_alone_foreign(const cds_arch *arch);
/* One operation. CDS_EINPUT: no unit takes it, or it does not work where its
 * operands are at home. */
cds_status cds_rows_worth(cds_worth *out, const cds_arch *arch,
                          const cds_operation *operation, double power_limit_w);
/* All passes of a stage; `operation` is whole. Misfit as of pairs. */
cds_status cds_rows_stage_worth(cds_worth *out, const cds_arch *arch,
                                const cds_stage_view *view,
                                const cds_operation *operation,
                                double power_limit_w);

#endif
