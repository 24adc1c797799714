/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Certificates: what is claimed of the layers of a workload on one design, with
 * the text of every input, for `codesign verify` (docs/certificate.md); or of
 * all designs of a space.
 */
#ifndef CDS_EXPORT_CERTIFICATE_H
#define CDS_EXPORT_CERTIFICATE_H

#include "export/result.h"

enum { CDS_CERTIFICATE_FORMAT = 1 };

/* One distinct layer that is an einsum. */
typedef struct cds_claimed_layer {
  const cds_layer *layer;
  const cds_layer_result *result; /* NULL: no mapping fits */
  double value, bound;            /* of the objective, in pJ and s */
  bool proven;
} cds_claimed_layer;

/* A distinct chain of layers, fused or not. */
typedef struct cds_claimed_chain {
  const cds_layer *layer; /* its first; the others follow */
  size_t layers;
  const cds_network_result *result;
} cds_claimed_chain;

typedef struct cds_certificate {
  const cds_arch *arch;
  const cds_workload *workload;
  cds_objective objective;
  double power_limit_w; /* INFINITY: none */
  bool pipelined;       /* bounds of chains are for pipelines, too */
  const cds_provenance *provenance;
  const char *const *text; /* of each of its inputs */
  size_t layers;
  const cds_claimed_layer *layer;
  size_t chains;
  const cds_claimed_chain *chain;
} cds_certificate;

/* What an exploration claims: its result, and a claim about each design. */
typedef struct cds_explored {
  const cds_report *report;
  const char *const *text; /* of each of the inputs of its provenance */
} cds_explored;

/* Designs of which a certificate can have a claim each. */
enum { CDS_EXPLORED_MOST = 100000 };

/* False when memory is exhausted. */
bool cds_export_explored(FILE *stream, const cds_explored *explored,
                         cds_arena *arena);
bool cds_export_certificate(FILE *stream, const cds_certificate *certificate,
                            cds_arena *arena);

#endif
