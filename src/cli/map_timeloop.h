/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `codesign map --accounting timeloop`. */
#ifndef CDS_CLI_MAP_TIMELOOP_H
#define CDS_CLI_MAP_TIMELOOP_H

#include "cli/cli.h"

/* Finds the best mapping of each distinct layer by Timeloop's accounting; exit
 * code. */
int cds_map_timeloop(cds_cli *cli);

#endif
