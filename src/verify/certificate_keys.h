/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of a certificate, and what its inputs say. */
#ifndef CDS_VERIFY_CERTIFICATE_KEYS_H
#define CDS_VERIFY_CERTIFICATE_KEYS_H

#include "spec/constraints.h"
#include "verify/certificate.h"

typedef struct cds_certificate_keys {
  uint64_t certificate, model_version;
  const char *version;
  unsigned objective, factors;
  double power_limit_w; /* NaN: none */
  bool pipelined;
  const cds_yaml *sets, *inputs, *layers, *chains; /* chains: or NULL */
} cds_certificate_keys;

enum {
  CDS_ROLE_ARCHITECTURE,
  CDS_ROLE_CONFIG,
  CDS_ROLE_CONSTRAINTS,
  CDS_ROLE_WORKLOAD
};
typedef struct cds_certificate_input {
  unsigned role;
  const char *path, *sha256;
  const cds_yaml *text;
} cds_certificate_input;

enum { CDS_CLAIM_GAP, CDS_CLAIM_INFEASIBLE, CDS_CLAIM_OPTIMAL };
typedef struct cds_certificate_layer {
  const char *name, *phase;
  unsigned status;
  double energy_pj, latency_s, value, lower_bound; /* NaN: not given */
  const cds_yaml *mapping;
} cds_certificate_layer;

/* What the claims are about. */
typedef struct cds_certified {
  cds_space *space;
  cds_arch *arch;
  cds_workload workload;
} cds_certified;

extern const char *const cds_factors_choices[];
/* Reads the inputs from their texts. A text that does not have its digest is
 * told, and read. */
cds_status cds_certified_read(cds_certified *out,
                              const cds_certificate_keys *keys,
                              const cds_reader *reader);
/* Tells a power limit that is not the one of the architecture file, which holds
 * for each layer. */
void cds_certified_check_power(const cds_certified *out, const cds_yaml *root,
                               const cds_certificate_keys *keys,
                               cds_diag *diag);

#endif
