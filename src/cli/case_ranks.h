/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An exploration by several ranks (ranks.h). Rank 0 has the journal of a run
 * that is alone, and writes the results; rank R has 'journal-R', as if it were
 * a shard (case_shards.h), so that any later run with --resume finds it.
 */
#ifndef CDS_CLI_CASE_RANKS_H
#define CDS_CLI_CASE_RANKS_H

#include "cli/explore_case.h"

/* Options that do not go with ranks. CDS_EINPUT with a message. */
cds_status cds_case_check_ranks(cds_explore_case *it);
/* Threads of this rank: the cores of the machine dealt out among its ranks,
 * unless the call says how many. */
unsigned cds_case_rank_threads(const cds_cli *cli);
/* Shares what the open journal has and gets with all ranks; `number`: of
 * journals beside that of rank 0. CDS_ENOMEM. */
cds_status cds_case_share(cds_explore_case *it, unsigned journals);

#endif
