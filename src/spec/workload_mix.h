/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A mix: several workloads that one design serves, each with a weight that says
 * how often it runs. It is a workload whose phases and layers are those of all;
 * a phase knows the weight of its part. Energy and latency of a mix are the
 * sums of weight x energy and weight x latency.
 */
#ifndef CDS_SPEC_WORKLOAD_MIX_H
#define CDS_SPEC_WORKLOAD_MIX_H

#include "spec/workload.h"

enum { CDS_MIX_MAX = 16 };

extern const cds_schema cds_mix_schema, cds_mix_entry_schema;

/* What becomes a part of a mix. */
typedef struct cds_mix_member {
  const cds_workload *workload;
  double weight;
} cds_mix_member;

typedef struct cds_mix {
  const char *name;
  cds_place place;
  bool together; /* all lie in the outermost level at once */
  size_t members;
  const cds_mix_member *member;
} cds_mix;

/* Layers and phases of all, named "<workload>.<layer>"; a workload without
 * phases of its own is a phase of its name. The footprint is that of the
 * largest part, since they run one at a time; together: parameters and caches
 * of all stay, with the largest activations. CDS_EINPUT: equal names, or more
 * phases or bits than there can be. */
cds_status cds_workload_mix(cds_workload *out, const cds_mix *mix,
                            const cds_reader *reader);
/* Reads a mix file from its tree; paths in it are relative to `path`. */
cds_status cds_mix_read_tree(cds_workload *out, const cds_yaml *root,
                             const char *path, const cds_reader *reader);
/* The path of a part, as seen from the mix file. */
const char *cds_mix_path(const char *mix, const char *part, cds_arena *arena);

#endif
