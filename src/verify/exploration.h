/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The certificate of an exploration: that of all designs of a declared space
 * none is better than the best one.
 *
 * The space is expanded anew from the architecture file that the certificate
 * holds, so that no design can be left out: each must be claimed once. What is
 * claimed of a design is held against what is found of it (design_shown.h):
 *
 *   derived   it is found anew that the design cannot win
 *   claimed   that is not found, as its bound is outside of what is covered, or
 *             too low; the claim says so, and nothing speaks against it
 *   unshown   the certificate itself leaves it open
 *
 * A design that is found to be better, or a claim that cannot be so, is refused
 * at its place. The best design is one of them: nothing on it is below its own
 * value; that its mappings have that value is checked as in a result
 * (result.h).
 */
#ifndef CDS_VERIFY_EXPLORATION_H
#define CDS_VERIFY_EXPLORATION_H

#include "verify/design_shown.h"
#include "verify/result.h"

enum {
  CDS_DESIGN_CLAIM_BEST,
  CDS_DESIGN_CLAIM_INFEASIBLE,
  CDS_DESIGN_CLAIM_OPEN,
  CDS_DESIGN_CLAIM_OVER,
  CDS_DESIGN_CLAIM_WORSE
};

typedef struct cds_design_claim {
  uint64_t design;
  unsigned status;
  const char *limit, *why;
  double lower_bound; /* NaN: none */
} cds_design_claim;

typedef struct cds_exploration_keys {
  uint64_t certificate, model_version;
  const char *version;
  unsigned factors, fuse;
  const cds_yaml *sets, *inputs, *result, *designs;
} cds_exploration_keys;

/* A claim, and what was found. */
typedef struct cds_designed {
  const cds_yaml *node; /* NULL: nothing is claimed */
  cds_design_claim claim;
  cds_status status;
  cds_shown shown;
  cds_status fits_status; /* of claims that nothing fits: */
  bool none_fits;
} cds_designed;

typedef struct cds_exploring {
  const cds_verify_options *options;
  const cds_reader *reader;
  cds_exploration_keys keys;
  cds_certified inputs;
  cds_shown_question question;
  size_t limits;
  cds_limit limit[CDS_LIMITS_MAX];
  size_t designs;
  cds_designed *design; /* by index */
} cds_exploring;

/* The names of cds_fusing. */
extern const char *const cds_fuse_choices[];
/* What the result says of space, limits and the best design; refused where that
 * is not what the inputs say. */
cds_status cds_exploration_read_result(cds_exploring *it);
/* One claim for each design. */
cds_status cds_exploration_read_claims(cds_exploring *it);
/* Tells what is not so; the verdicts. */
cds_status cds_exploration_judge(cds_verified_designs *out, cds_exploring *it);

#endif
