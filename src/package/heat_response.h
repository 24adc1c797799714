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

/* A place in the heated face of a die. */
typedef struct cds_heat_probe {
  double x_m, y_m;
  size_t die;
} cds_heat_probe;

typedef struct cds_heat_response {
  size_t blocks, probes, dies;
  double *mean;  /* K/W; of block i by block j at j blocks + i; symmetric */
  double *probe; /* K/W; of probe i by block j at j probes + i */
  cds_heat_probe *places; /* of the probes */
  double ambient_degc;
} cds_heat_response;

/* Where each die is looked at for its hottest place: a few places of each of
 * its blocks, and the place nearest to the middle of each block of another die,
 * whose heat may be what is hottest there. Fills `out`, if it is not NULL, and
 * returns how many. Dies without blocks have none. */
size_t cds_heat_probes(const cds_heat_package *package, cds_heat_probe *out);
/* Room for the response of a package, its probes placed (all entries 0). */
cds_status cds_heat_response_new(cds_heat_response *out,
                                 const cds_heat_package *package,
                                 cds_arena *arena);

/* Mean rises of blocks, and the hottest probe of each die, for given powers.
 * A die without blocks gets 0. Either may be NULL. `scratch` has room for
 * `probes` values. */
void cds_heat_respond(const cds_heat_response *response, const double *power_w,
                      double *mean_k, double *hottest_k, double *scratch);

#endif
