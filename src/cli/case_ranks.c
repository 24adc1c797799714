/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ranks of one run in one folder; see case_ranks.h. */
#include "cli/case_ranks.h"

#include <unistd.h>

#include "base/parallel.h"
#include "cli/case_shards.h"

cds_status cds_case_check_ranks(cds_explore_case *it) {
  const cds_ranks *ranks = it->cli->ranks;
  if (ranks == NULL) {
    return CDS_OK;
  }
  if (it->shard) {
    it->inputs.wrong_call = true;
    cds_cli_error(it->cli, "'--shard' does not go with several processes of "
                           "one run: expected one of both");
    return CDS_EINPUT;
  }
  it->sharing.index = ranks->rank + 1;
  it->sharing.count = ranks->count;
  it->options.answers_only = ranks->rank > 0;
  it->options.threads = cds_case_rank_threads(it->cli);
  return CDS_OK;
}

unsigned cds_case_rank_threads(const cds_cli *cli) {
  const unsigned wanted = (unsigned)cli->options->jobs;
  const unsigned most = cds_parallel_threads(wanted);
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  if (wanted > 0 || cores < 1) {
    return most;
  }
  const unsigned share = (unsigned)cores / cli->ranks->here;
  return share < 1 ? 1 : share < most ? share : most;
}

/* Once, after all have mended their own: what is added comes by messages. */
static cds_status read_journals(cds_explore_case *it, unsigned journals) {
  for (unsigned i = 0; i <= journals; i++) {
    if (i != it->cli->ranks->rank) {
      CDS_TRY(cds_journal_follow(it->journal, cds_case_journal_path(it, i)));
    }
  }
  CDS_TRY(cds_journal_refresh(it->journal));
  cds_journal_follow_end(it->journal);
  return CDS_OK;
}

cds_status cds_case_share(cds_explore_case *it, unsigned journals) {
  const cds_ranks *ranks = it->cli->ranks;
  ranks->share(ranks->self, &it->sharing, it->journal);
  it->records.sharing = &it->sharing;
  return read_journals(it, journals);
}
