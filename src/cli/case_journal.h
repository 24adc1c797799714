/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal of an exploration, in the folder of its results. */
#ifndef CDS_CLI_CASE_JOURNAL_H
#define CDS_CLI_CASE_JOURNAL_H

#include "cli/explore_case.h"

/* Path of the journal that this process writes. */
const char *cds_case_journal(const cds_explore_case *it);
/* Makes the folder, makes sure that no other process writes there, and opens
 * the journal: with --resume that of an earlier run. Exit code. */
int cds_case_open(cds_explore_case *it);
/* Legal after a failure, too. Exit code. */
int cds_case_close(cds_explore_case *it);

#endif
