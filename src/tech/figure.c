/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers with ranges: what the classes of archs/tech/ share. */
#include "tech/internal.h"

cds_tech_figure cds_tech_times(cds_tech_figure figure, double factor) {
  figure.low *= factor;
  figure.typ *= factor;
  figure.high *= factor;
  return figure;
}

void cds_tech_same_bits(cds_tech_estimate *out, const cds_tech_figure *pj,
                        const char *source) {
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    out->bit_pj[action] = pj->typ;
    out->bit_range[action] = (cds_tech_range){pj->low, pj->high};
  }
  out->energy_source = source;
  out->energy_projection = pj->projection;
}

void cds_tech_set_bandwidth(cds_tech_estimate *out, cds_tech_figure bandwidth) {
  out->bandwidth = bandwidth;
  if (bandwidth.source != NULL) {
    out->bandwidth_bits_per_s = bandwidth.typ;
    out->bandwidth_source = bandwidth.source;
  }
}
