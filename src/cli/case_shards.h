/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shards: several processes that explore one space in one folder (wave.h). Each
 * has a journal of its own there, 'journal-<shard>'; the file 'shards' says
 * what they explore, and 'claims' holds no bytes, only locks. A run with
 * --resume joins them: it reads all journals, finds what is missing, and writes
 * the result.
 */
#ifndef CDS_CLI_CASE_SHARDS_H
#define CDS_CLI_CASE_SHARDS_H

#include "cli/explore_case.h"

/* Reads --shard, and what it does not go with. CDS_EINPUT with a message. */
cds_status cds_case_read_shard(cds_explore_case *it);
/* Before the journal of the case is opened: a run that begins anew sets shards
 * aside that are not at work. Exit code. */
int cds_case_leave_shards(const cds_explore_case *it);
/* Once the journal is open, by a shard or with --resume: joins the shards of
 * the folder, if there are any. `run` says what is explored. Exit code. */
int cds_case_join(cds_explore_case *it, const char *run);
/* Prints what a shard has done; exit code. */
int cds_case_shard_print(cds_explore_case *it);

#endif
