/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Claims about layers, whatever file they stand in, and what is found. */
#ifndef CDS_VERIFY_CLAIMS_H
#define CDS_VERIFY_CLAIMS_H

#include "verify/certificate_keys.h"

/* One claim, and what was found. */
typedef struct cds_claim {
  const cds_yaml *node;
  cds_certificate_layer keys;
  const cds_layer *layer; /* NULL: refused already */
  cds_arch *arch;         /* with the policies of its constraints */
  cds_mapping *mapping;   /* NULL: none is claimed */
  const char *foreign;
  cds_status status;
  cds_worth worth;
  cds_walk_result walk;
} cds_claim;

typedef struct cds_chain_claim cds_chain_claim; /* chains.h */

typedef struct cds_checking {
  const cds_verify_options *options;
  const cds_reader *reader;
  cds_certified inputs;
  const char *value_key, *bound_key; /* as the file calls them */
  cds_verify_goal goal;
  double power_limit_w;
  bool pipelines;        /* bounds of chains are for them, too */
  bool bounds_elsewhere; /* chains without a bound are fine */
  size_t claims;
  cds_claim *claim;
  size_t chains;
  cds_chain_claim *chain;
} cds_checking;

/* The place of a key of the claim. */
cds_place cds_claim_place(const cds_claim *claim, const char *key);
/* Whether two numbers are equal, up to rounding. */
bool cds_claim_close(double a, double b);
/* Tells a number that is not what was found. */
bool cds_claim_same(const cds_checking *it, const cds_claim *claim,
                    const char *key, double claimed, double found);
/* The layer of the workload that the keys name; SIZE_MAX with a message. */
size_t cds_claim_layer(const cds_checking *it, const cds_claim *claim);
/* Reads the mapping and holds it against constraints. CDS_EINPUT with a
 * message, CDS_ENOMEM. */
cds_status cds_claim_bind(const cds_checking *it, cds_claim *claim);
/* Evaluates all claims, those of chains too, and walks through their spaces, in
 * parallel; then tells what is not so, and fills the verdicts. */
cds_status cds_claims_judge(cds_verified *out, cds_checking *it);

#endif
