/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A certificate: what a run of `codesign map` claims, with the text of all its
 * inputs (docs/certificate.md). Checking it believes nothing but the reading of
 * the inputs (schema, spec, tech).
 */
#ifndef CDS_VERIFY_CERTIFICATE_H
#define CDS_VERIFY_CERTIFICATE_H

#include "spec/workload.h"
#include "verify/walk.h"

enum { CDS_CERTIFICATE_VERSION = 1 };

typedef enum cds_verdict {
  CDS_VERDICT_REFUSED,    /* a message says where and why */
  CDS_VERDICT_CERTIFIED,  /* mapping and bound */
  CDS_VERDICT_NONE_FITS,  /* that there is no mapping */
  CDS_VERDICT_UNCERTIFIED /* the mapping; the bound is claimed only */
} cds_verdict;

typedef struct cds_verified_layer {
  const char *name, *phase;
  cds_verdict verdict;
  const char *why; /* UNCERTIFIED: what the verifier does not do */
  double energy_pj, latency_s, value, bound;
  uint64_t boxes;
} cds_verified_layer;

/* How far it was shown that a design is not better than the best one. */
typedef enum cds_design_verdict {
  CDS_VERDICT_DESIGN_DERIVED, /* found anew */
  CDS_VERDICT_DESIGN_CLAIMED, /* it is claimed, and nothing speaks against it */
  CDS_VERDICT_DESIGN_UNSHOWN, /* it is not even claimed */
  CDS_VERDICT_DESIGN_REFUSED  /* a message says where and why */
} cds_design_verdict;

/* What was found of a design (design_shown.h). */
typedef enum cds_found_as {
  CDS_FOUND_UNBUILT,   /* it cannot be built */
  CDS_FOUND_TOO_LARGE, /* the workload does not fit the outermost level */
  CDS_FOUND_UNKNOWN,   /* something is not known that is asked */
  CDS_FOUND_OVER,      /* a limit is not met */
  CDS_FOUND_UNABLE,    /* it cannot run a layer */
  CDS_FOUND_NO_BETTER, /* nothing is below the value */
  CDS_FOUND_BETTER,    /* something is: `below` */
  CDS_FOUND_OPEN       /* none of this is shown: `why` */
} cds_found_as;
enum { CDS_FOUND_KINDS = CDS_FOUND_OPEN + 1 };

typedef struct cds_verified_design {
  uint64_t design;
  cds_design_verdict verdict;
  cds_found_as as;
  const char *text; /* its variables; CLAIMED, UNSHOWN */
  const char *why;  /* likewise: why it is not derived */
} cds_verified_design;

/* A space of designs. */
typedef struct cds_verified_designs {
  uint64_t designs;
  uint64_t count[CDS_VERDICT_DESIGN_REFUSED + 1];
  uint64_t derived_as[CDS_FOUND_KINDS]; /* DERIVED, by what was found */
  size_t listed;                        /* all that are not derived */
  cds_verified_design *list;
  size_t limits; /* that they are held against */
  const char **limit;
  const char *fuse, *factors;
  bool heat_off;
  size_t sets; /* variables that were set, "rows=8": another space */
  const char **set;
  double value;
  uint64_t best;
  const char *best_text; /* its variables */
  uint64_t boxes;
} cds_verified_designs;

typedef struct cds_verified {
  const char *architecture, *workload;
  cds_objective objective;
  cds_objective of_layers; /* of values and bounds of layers and chains: in a
                              result energy x delay, whatever is least */
  size_t layers;
  cds_verified_layer *layer;
  size_t chains; /* fused or not; what is said of each as of a layer */
  cds_verified_layer *chain;
  bool claimed_whole; /* a result: what it says of the whole is claimed only */
  cds_verified_designs *explored; /* of an exploration; NULL: it is none */
} cds_verified;

/* Energy and latency of a mapping of a pair that the verifier's own evaluator
 * does not take (cds_pair_foreign). Called from several threads. */
typedef cds_status cds_verify_other(cds_worth *out, const cds_arch *arch,
                                    const cds_einsum *einsum,
                                    const cds_mapping *mapping,
                                    double power_limit_w);

/* The same of an operation that is not an einsum: nothing is chosen there. */
typedef cds_status cds_verify_operation(cds_worth *out, const cds_arch *arch,
                                        const cds_operation *operation,
                                        double power_limit_w);

typedef struct cds_verify_options {
  unsigned threads;
  uint64_t boxes_most; /* of a layer; beyond that its bound is uncertified */
  const cds_control *control;
  cds_verify_other *other;
  cds_verify_operation *operation; /* for results */
  /* The text of a file, in the arena; NULL: it cannot be read. For results. */
  const char *(*text)(const char *path, cds_arena *arena);
} cds_verify_options;

/* Checks the certificate whose tree this is. Everything that is refused is
 * told, at its place; the verdicts are in the order of the certificate.
 * CDS_EINPUT: it is no certificate, or its inputs cannot be read: nothing was
 * checked. Everything lives in the arena. */
cds_status cds_certificate_check(cds_verified *out, const cds_yaml *root,
                                 const cds_verify_options *options,
                                 cds_arena *arena, cds_diag *diag);
/* Likewise a result.json of `codesign explore` (docs/results.md), which does
 * not hold its inputs: the files must be where they were, as they were. Checked
 * are all layers of the winner, their own lower bounds on energy x delay, and
 * the sums; that no other choice of mappings and no other design is better is
 * claimed only. */
cds_status cds_result_check(cds_verified *out, const cds_yaml *root,
                            const cds_verify_options *options, cds_arena *arena,
                            cds_diag *diag);
/* Likewise the certificate of an exploration: the winner as in a result, and of
 * each design of the space, which is expanded anew, that it is not better. */
cds_status cds_exploration_check(cds_verified *out, const cds_yaml *root,
                                 const cds_verify_options *options,
                                 cds_arena *arena, cds_diag *diag);
/* The text of an input: its lines, joined. NULL: it is no list of lines, or
 * there is no memory. */
const char *cds_certificate_text(const cds_yaml *lines, cds_arena *arena);

extern const cds_schema cds_exploration_schema, cds_exploration_design_schema,
    cds_certificate_schema, cds_certificate_input_schema,
    cds_certificate_layer_schema, cds_certificate_chain_schema,
    cds_certificate_part_schema, cds_certificate_stage_schema;

#endif
