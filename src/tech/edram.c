/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Embedded DRAM: cells on a logic process that lose their state, with a
 * capacitor (1T1C) or without (gain cells). Numbers of macros by the bit
 * (archs/tech/memories.yaml):
 *
 *   read, drain = read pJ per bit    fill, update = write pJ per bit
 *   retention(T) = retention(85 degC) 2^(-(T - 85) / halving)
 *   refresh(T)   = bits x energy of refreshing one / retention(T)
 *   bandwidth    = width / cycle of one bank
 *
 * A temperature that is not given is 85 degC. The closed loop of heat has the
 * refresh of 85 degC up to there and twice that above, as for other DRAM
 * (cds_tech_refresh_factor): below 85 degC too much, and too little where it is
 * warmer than 85 degC plus the halving.
 *
 * One bank, one access at a time. Figures hold at the supplies of the macro
 * itself: nothing is scaled with that of the die or with its process. Limits:
 * no dependence on capacity, no accesses that wait for a refresh (of a macro
 * with 128 rows of 1.7 ns and 100 us: 0.2 % of the time).
 */
#include "base/math.h"
#include "tech/data.h"
#include "tech/internal.h"

static const double SIZE_RANGE_BITS[2] = {2048.0, 0x1p36}; /* 256 B to 8 GiB */
static const double WIDTH_RANGE_BITS[2] = {1.0, 65536.0};
enum { DEFAULT_WIDTH_BITS = 128 };
static const double RANGE_C[2] = {-40.0, 125.0}; /* degC; of gain cells that
                                                  * were measured: Giterman et
                                                  * al., 2020 */
static const double USUAL_C = 85.0;
static const double LN_2 = 0.69314718055994531;

static void set_actions(cds_tech_estimate *out, const cds_tech_edram *table) {
  static const bool writes[CDS_TECH_ACTIONS] = {
      [CDS_TECH_FILL] = true, [CDS_TECH_UPDATE] = true};
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    const cds_tech_figure *pj = writes[action] ? &table->write : &table->read;
    out->bit_pj[action] = pj->typ;
    out->bit_range[action] = (cds_tech_range){pj->low, pj->high};
  }
  out->energy_source = table->energy_source;
  out->energy_projection = table->read.projection || table->write.projection;
}

/* Retention where it is `warmer` K than 85 degC: the less, the steeper, above;
 * the other way round below. */
static cds_tech_figure retention_at(const cds_tech_edram *table,
                                    double warmer) {
  const cds_tech_figure *halving = &table->halving;
  const bool above = warmer > 0;
  cds_tech_figure at = table->retention;
  at.low *= cds_exp(-LN_2 * warmer / (above ? halving->low : halving->high));
  at.typ *= cds_exp(-LN_2 * warmer / halving->typ);
  at.high *= cds_exp(-LN_2 * warmer / (above ? halving->high : halving->low));
  at.projection = at.projection || halving->projection;
  return at;
}

/* W of a memory of this size. */
static cds_tech_figure refresh_of(const cds_tech_edram *table,
                                  const cds_tech_figure *retention,
                                  double size_bits) {
  const double joules = 1e-12 * size_bits;
  const cds_tech_figure *energy = &table->refresh_energy;
  return (cds_tech_figure){joules * energy->low / retention->high,
                           joules * energy->typ / retention->typ,
                           joules * energy->high / retention->low,
                           energy->source,
                           energy->projection || retention->projection};
}

cds_status cds_tech_estimate_edram(const cds_component *self,
                                   cds_tech_estimate *out,
                                   const cds_tech_query *query,
                                   char why[CDS_TECH_WHY]) {
  const cds_tech_edram *table = self->table;
  const double size = (double)query->size_bits;
  const bool given = query->temperature_c == query->temperature_c;
  const double degrees = given ? query->temperature_c : USUAL_C;
  cds_tech_point point;
  CDS_TRY(cds_tech_logic_point(&point, query, why));
  out->width_bits =
      query->width_bits == 0 ? DEFAULT_WIDTH_BITS : query->width_bits;
  const double width = (double)out->width_bits;
  if (!(size >= SIZE_RANGE_BITS[0] && size <= SIZE_RANGE_BITS[1])) {
    return cds_tech_refuse_range(why, "size of embedded DRAM", size,
                                 SIZE_RANGE_BITS, "bit");
  }
  if (!(width >= WIDTH_RANGE_BITS[0] && width <= WIDTH_RANGE_BITS[1])) {
    return cds_tech_refuse_range(why, "width of embedded DRAM", width,
                                 WIDTH_RANGE_BITS, "bit");
  }
  if (!(degrees >= RANGE_C[0] && degrees <= RANGE_C[1])) {
    return cds_tech_refuse_range(why, "temperature of embedded DRAM", degrees,
                                 RANGE_C, "degC");
  }
  set_actions(out, table);
  out->access = table->access;
  out->read_s = out->write_s = table->cycle;
  out->retention_s = retention_at(table, degrees - USUAL_C);
  out->refresh_w = refresh_of(table, &out->retention_s, size);
  out->area = cds_tech_times(table->area, size);
  out->area_um2 = out->area.typ;
  out->area_source = out->area.source;
  out->leakage = cds_tech_times(table->leakage, size);
  out->leakage_w = out->leakage.typ;
  out->leakage_source = out->leakage.source;
  return CDS_OK;
}
