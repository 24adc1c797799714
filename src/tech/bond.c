/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Vertical connections between two dies: hybrid bonds, micro-bumps, through-
 * silicon vias (numbers: archs/tech/links.yaml). Energy of a bit by pitch,
 * log-interpolated between published points; bandwidth of a face by pads, share
 * of data pads and rate per pad; a via keeps silicon free of transistors.
 *
 *   bandwidth = area / pitch^2 x data share x rate           bit/s, both ways
 *
 * Figures hold at the process's nominal supply and go with V^2. Limits: no
 * latency, no yield, no pads taken by power delivery beyond the data share.
 */
#include "base/math.h"
#include "tech/data.h"
#include "tech/internal.h"

/* Between the energies at both ends of the range of pitches; log in both. */
static double between(double dense, double sparse, double share) {
  return dense * cds_pow(sparse / dense, share);
}

cds_status cds_tech_estimate_bond(const cds_component *self,
                                  cds_tech_estimate *out,
                                  const cds_tech_query *query,
                                  char why[CDS_TECH_WHY]) {
  const cds_tech_bond *table = self->table;
  const cds_tech_figure *dense = &table->dense, *sparse = &table->sparse;
  cds_tech_point point;
  CDS_TRY(cds_tech_point_at(&point, query->process, query->device,
                            query->supply_v, why));
  const double range[2] = {table->pitch.low, table->pitch.high};
  const bool given = query->pitch_um == query->pitch_um;
  const double pitch = given ? query->pitch_um : table->pitch.typ;
  if (!(pitch >= range[0] && pitch <= range[1])) {
    return cds_tech_refuse_range(why, "pitch of this bond", pitch, range, "um");
  }
  const double share = cds_log(pitch / range[0]) / cds_log(range[1] / range[0]);
  const cds_tech_figure energy = cds_tech_times(
      (cds_tech_figure){between(dense->low, sparse->low, share),
                        between(dense->typ, sparse->typ, share),
                        between(dense->high, sparse->high, share),
                        dense->source, dense->projection || sparse->projection},
      point.supply.energy_factor);
  cds_tech_same_bits(out, &energy, table->energy_source);
  out->keepout_um2 = table->keepout;
  out->pitch_um = pitch;
  if (query->bond_area_um2 == query->bond_area_um2) {
    const double pads = query->bond_area_um2 / (pitch * pitch);
    const cds_tech_figure *data = &table->data_share;
    const cds_tech_figure *rate = &table->rate;
    cds_tech_set_bandwidth(
        out, (cds_tech_figure){pads * data->low * rate->low,
                               pads * data->typ * rate->typ,
                               pads * data->high * rate->high, rate->source,
                               data->projection || rate->projection});
  }
  return CDS_OK;
}
