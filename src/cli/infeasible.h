/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Why no design of an exploration can be mapped, and what comes nearest. */
#ifndef CDS_CLI_INFEASIBLE_H
#define CDS_CLI_INFEASIBLE_H

#include "cli/inputs.h"
#include "explore/explore.h"

/* Adds one message, with the designs counted by reason, the one that lacks
 * least and what would make it fit. Where limits were named already (there are
 * errors), it adds hints to their message instead. */
void cds_infeasible_explain(cds_cli *cli, const cds_inputs *inputs,
                            const cds_explore_result *result);
/* Hints for a workload that does not fit the outermost level: keys of its
 * file with other values. `path` is that file. */
void cds_infeasible_footprint(cds_cli *cli, const cds_arch *arch,
                              const char *path);

#endif
