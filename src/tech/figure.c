/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers with ranges: what the classes of archs/tech/ share. */
#include "tech/internal.h"

cds_tech_figure cds_tech_times(cds_tech_figure figure, double factor) {
  figure.low *= factor;
  figure.typ *= factor;
  figure.high *= factor;
  return figure;
}

cds_tech_range cds_tech_around(double typ, double low, double high,
                               const cds_tech_figure *device) {
  return (cds_tech_range){typ * low * (device->low / device->typ),
                          typ * high * (device->high / device->typ)};
}

static cds_tech_figure figure_of(double typ, const cds_tech_range *range,
                                 const char *source, bool projection) {
  return (cds_tech_figure){range->low, typ, range->high, source, projection};
}

void cds_tech_set_area(cds_tech_estimate *out, const cds_tech_point *point,
                       double um2, const cds_tech_range *around,
                       const char *source) {
  const cds_tech_figure *device = &point->flavour->area;
  const cds_tech_range range =
      cds_tech_around(um2, around->low, around->high, device);
  out->area_um2 = um2;
  out->area_source = source;
  out->area = figure_of(um2, &range, source, device->projection);
}

/* Range of the leakage of logic per area: process.c. */
static const double LEAKAGE_AROUND[2] = {0.3, 3.0};

void cds_tech_set_logic_leakage(cds_tech_estimate *out,
                                const cds_tech_point *point,
                                const char *source) {
  const cds_tech_figure *device = &point->flavour->leakage;
  const double watts = cds_tech_logic_leakage(point, out->area_um2);
  cds_tech_range range =
      cds_tech_around(watts, LEAKAGE_AROUND[0], LEAKAGE_AROUND[1], device);
  out->leakage_w = watts;
  out->leakage_source = source;
  out->leakage = figure_of(watts, &range, source, device->projection);
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
