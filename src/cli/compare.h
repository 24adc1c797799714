/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One workload on several architectures: explored one by one, compared. */
#ifndef CDS_CLI_COMPARE_H
#define CDS_CLI_COMPARE_H

#include "cli/inputs.h"

/* Explores every architecture on its own space, with nothing handed from one
 * to the next, so that each row is what the architecture alone gives. Exit
 * code of the command: 0 when at least one can run the workload. */
int cds_compare(cds_cli *cli, const cds_files *files);

#endif
