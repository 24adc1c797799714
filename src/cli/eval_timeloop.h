/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `codesign eval --accounting timeloop`. */
#ifndef CDS_CLI_EVAL_TIMELOOP_H
#define CDS_CLI_EVAL_TIMELOOP_H

#include "cli/cli.h"

/* Counts and prices a mapping as Timeloop does; exit code. */
int cds_eval_timeloop(cds_cli *cli);

#endif
