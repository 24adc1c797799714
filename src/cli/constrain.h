/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files of constraints on the command line. */
#ifndef CDS_CLI_CONSTRAIN_H
#define CDS_CLI_CONSTRAIN_H

#include "cli/inputs.h"

/* Whether the keys of a file say that it holds constraints. */
bool cds_is_constraints(const cds_yaml *root);
/* Takes the files of constraints out of those of the call, and remembers them
 * in it. `wanted` others must be left (0: any number); else CDS_EINPUT with a
 * message, which is a wrong call. */
cds_status cds_constrain_take(cds_cli *cli, size_t wanted);
/* Adds those that were taken to the space of an architecture. */
cds_status cds_constrain_space(cds_space *space, cds_cli *cli);
/* After both were read: checks the constraints of the architecture against the
 * workload, and tells its layers apart by them. */
cds_status cds_constrain_inputs(cds_inputs *inputs, cds_cli *cli);

#endif
