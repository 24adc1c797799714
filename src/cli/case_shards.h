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
/* Path of the journal of a shard or rank; 0: of a run that is alone, or joins
 * the shards, and of rank 0. */
const char *cds_case_journal_path(const cds_explore_case *it, unsigned number);
/* Of rank 0, once its journal is open and before any other rank has opened its
 * own: says in 'shards' that there are as many journals, so that any run with
 * --resume reads them, and mends those of an earlier run. Exit code. */
int cds_case_join_ranks(cds_explore_case *it, const char *run);
/* The greatest number of a journal that a run with ranks may find. */
unsigned cds_case_journals(const cds_explore_case *it);
/* Prints what a shard has done; exit code. */
int cds_case_shard_print(cds_explore_case *it);

#endif
