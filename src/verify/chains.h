/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Claims about chains of layers, whatever file they stand in: that they run
 * fused, as a whole or in parts, or layer by layer, and that no other way takes
 * less. */
#ifndef CDS_VERIFY_CHAINS_H
#define CDS_VERIFY_CHAINS_H

#include "spec/chain.h"
#include "verify/claims.h"
#include "verify/fused_ways.h"
#include "verify/stage_view.h"

typedef struct cds_stage_claim {
  const cds_yaml *node, *nest; /* nest: NULL, of an operation */
  const char *name;
  double energy_pj, latency_s;
  const cds_layer *layer;
  const cds_stage_view *view; /* in a part; NULL: it runs alone */
  const cds_einsum *einsum;   /* of a pass, or of the layer */
  cds_mapping *mapping;       /* NULL: an operation */
  const char *foreign;        /* why the evaluator does not take it */
  cds_worth worth;            /* what was found */
} cds_stage_claim;

/* Layers in a row that run fused; in the arena. */
typedef struct cds_part_claim {
  const cds_yaml *node, *outer_lines;
  const char *name; /* of its first layer */
  unsigned first, stages;
  bool pipelined;
  cds_chain_group chain;
  cds_outer outer;
  cds_stage_view view[CDS_STAGES_MAX];
} cds_part_claim;

enum { CDS_PART_CLAIMS_MAX = CDS_STAGES_MAX / 2 };

enum { CDS_RUN_APART, CDS_RUN_FUSED, CDS_RUN_PARTS };

struct cds_chain_claim { /* named in claims.h */
  const cds_yaml *node;
  const char *name, *phase;
  unsigned run, status;
  /* Of the whole chain; NaN: it is not said. */
  double energy_pj, latency_s, value, lower_bound;
  const cds_chain_group *chain; /* NULL: refused already */
  cds_arch *arch;
  unsigned parts; /* that run fused */
  cds_part_claim *part[CDS_PART_CLAIMS_MAX];
  unsigned stages;
  cds_stage_claim stage[CDS_STAGES_MAX];
  /* All parts that might, in the arena; the first is the whole chain. */
  unsigned may;
  cds_fused_part *may_part;
  const char *unknown; /* why not even the mapping is evaluated */
  const char *foreign; /* why the bound is not certified */
  cds_status found;    /* of the evaluation */
  cds_worth worth;
  cds_status walked;
  cds_walk_result walk;
};

/* Adds a part that runs fused; its layers are known by cds_chain_bind.
 * CDS_ENOMEM; CDS_EINPUT with a message: there are too many. */
cds_status cds_chain_add_part(const cds_checking *it, cds_chain_claim *claim,
                              const cds_part_claim *part);
/* Finds the chain that begins with the layer that the claim names, and reads
 * outer nodes of its parts and mappings of its stages, whose nodes are set.
 * `chain` stays NULL with a message where that is wrong. CDS_ENOMEM. */
cds_status cds_chain_bind(const cds_checking *it, cds_chain_claim *claim);
/* A message about the chain; CDS_EINPUT. */
cds_status cds_chain_wrong(const cds_checking *it, const cds_yaml *node,
                           const char *what, const char *name);
/* Reads the list of a certificate. CDS_ENOMEM. */
cds_status cds_chains_read(cds_checking *it, const cds_yaml *list);
/* Evaluates, and walks through the space; several claims at once. */
void cds_chain_check(const cds_checking *it, cds_chain_claim *claim);
/* Tells what is not so; the verdict. An outcome of its own is left to the
 * caller. */
cds_status cds_chain_judge(const cds_checking *it, const cds_chain_claim *claim,
                           cds_verified_layer *out);

#endif
