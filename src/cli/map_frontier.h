/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `map --frontier`: of each layer all mappings that trade energy and latency
 * best. */
#ifndef CDS_CLI_MAP_FRONTIER_H
#define CDS_CLI_MAP_FRONTIER_H

#include "cli/inputs.h"

/* Exit code. `control`: with the flag of signals. */
int cds_map_frontier(cds_cli *cli, cds_inputs *inputs,
                     const cds_search_options *search, double power_limit_w,
                     const cds_control *control);

#endif
