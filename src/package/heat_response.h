/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rises of a package by unit powers of its blocks: what one W into block j
 * warms the mean of block i, and a few probes of each block. Rises are linear
 * in power, so any powers cost one matrix-vector product.
 */
#ifndef CDS_PACKAGE_HEAT_RESPONSE_H
#define CDS_PACKAGE_HEAT_RESPONSE_H

#include "base/arena.h"
#include "package/heat.h"

typedef struct cds_heat_response {
  size_t blocks, probes, dies;
  double *mean;  /* K/W; of block i by block j at j blocks + i; symmetric */
  double *probe; /* K/W; of probe i by block j at j probes + i */
  size_t *probe_die;   /* whose probe it is */
  double ambient_degc;
} cds_heat_response;

/* Room for the response of a package, its probes placed (all entries 0). Where
 * a package has few blocks a block has nine probes, otherwise its middle. */
cds_status cds_heat_response_new(cds_heat_response *out,
                                 const cds_heat_package *package,
                                 cds_arena *arena);
size_t cds_heat_probe_count(const cds_heat_package *package);
/* The place of a probe in the plane of the package, and its block. */
void cds_heat_probe_at(const cds_heat_package *package, size_t probe,
                       double *x_m, double *y_m, size_t *block);

/* Mean rises of blocks, and the hottest probe of each die, for given powers.
 * A die without blocks gets 0. Either may be NULL. `scratch` has room for
 * `probes` values. */
void cds_heat_respond(const cds_heat_response *response, const double *power_w,
                      double *mean_k, double *hottest_k, double *scratch);

#endif
