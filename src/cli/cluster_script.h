/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scripts of 'codesign cluster': bash, for Slurm and for GNU parallel. */
#ifndef CDS_CLI_CLUSTER_SCRIPT_H
#define CDS_CLI_CLUSTER_SCRIPT_H

#include "cli/cli.h"

/* What stands in a script; paths are absolute. */
typedef struct cds_cluster_call {
  unsigned nodes, threads; /* threads 0: as many as there are */
  const char *program, *here, *folder, *script;
  const char *hosts; /* NULL: this one */
  size_t arguments;
  const char *const *argument; /* of explore, but for -j, -o, --shard */
  const cds_texts *sbatch;
} cds_cluster_call;

/* Whether the text is one word of bash as it is; writes it as one. */
bool cds_cluster_is_plain(const char *text);
void cds_cluster_word(FILE *stream, const char *text);
void cds_cluster_slurm(FILE *stream, const cds_cluster_call *call);
void cds_cluster_parallel(FILE *stream, const cds_cluster_call *call);

#endif
