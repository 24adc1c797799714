/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One architecture of an exploration: from its files to its results. */
#ifndef CDS_CLI_EXPLORE_CASE_H
#define CDS_CLI_EXPLORE_CASE_H

#include "cli/inputs.h"
#include "explore/wave.h"

enum { CDS_CASE_FILES = 4 };

typedef struct cds_explore_case {
  cds_cli *cli;     /* messages about this architecture go to its diagnostics */
  const char *path; /* of the architecture */
  cds_inputs inputs;
  cds_explore_options options;
  cds_journal *journal; /* of its folder; NULL: not open (case_journal.h) */
  cds_records records;
  bool shard; /* one of several processes (case_shards.h) */
  cds_sharing sharing;
  cds_claims *claims; /* NULL: nobody else works in the folder by files */
  cds_shared_files files_shared;
  bool explored; /* false: `result` holds nothing */
  bool unknown;  /* as a figure that was asked for is not known */
  cds_explore_result result;
  bool with_heat_off;
  cds_explore_result heat_off; /* the same without heat */
  cds_uncertainty uncertainty; /* question NONE: not asked */
  bool with_pareto;
  cds_pareto_question question; /* of the Pareto set */
  cds_pareto_result pareto;
  cds_report report;
  const char *folder;
  unsigned files; /* three, and pareto.csv where it was asked for */
  const char *paths[CDS_CASE_FILES];
} cds_explore_case;

/* Reads the files of one architecture, and what is asked; the folder is that of
 * the call, or out/<architecture>--<workload>. */
cds_status cds_case_read(cds_explore_case *it, const cds_files *files);
/* Objective and limits of the case, after its files were read. */
cds_status cds_case_prepare(cds_explore_case *it);
/* Whether what is written in the folder are no inputs and not the certificate;
 * a wrong call otherwise. */
cds_status cds_case_check_outputs(cds_explore_case *it);
/* Explores; an interrupted or fruitless exploration is CDS_OK too: it has its
 * records. */
cds_status cds_case_explore(cds_explore_case *it);
/* Why an exploration that nobody has interrupted ended early. */
const char *cds_case_cut(bool looked);
/* Whether the exploration, or what was asked beside it, ended before its end.
 */
bool cds_case_stopped(const cds_explore_case *it);
/* "<base>/<architecture>--<workload>"; names are letters, digits, '_', '-',
 * '.'. `name` stands for the architecture. */
const char *cds_case_folder(const cds_cli *cli, const char *base,
                            const char *name, const char *workload);
/* All files are complete under temporary names before one is renamed;
 * exit code. Messages go to `cli`. */
int cds_case_write(cds_explore_case *it, cds_cli *cli);
/* Prints the result in the format of the call; exit code. */
int cds_case_print(const cds_explore_case *it, bool written);

#endif
