/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * DRAM families (numbers: archs/tech/memories.yaml): energy of a bit in three
 * terms, standing power by capacity, peak bandwidth of one channel or stack.
 *
 *   energy  = activate x (1 - row hit) / (1 - row hit of the source)
 *             + move + io                                     pJ per bit
 *   power   = (background + refresh) x bits                   W, to 85 degC
 *
 * Opening a row costs the same however much of it is used, so that its share
 * of a bit goes with the accesses that find their row closed. Above 85 degC
 * refresh doubles (cds_tech_refresh_factor). Reads and writes cost the same at
 * this order. No area: a DRAM die is not the logic die's silicon. DRAM stacked
 * on logic has no io term: its bond is charged by the package.
 */
#include "base/text.h"
#include "tech/data.h"
#include "tech/internal.h"

static cds_tech_figure plus(cds_tech_figure a, const cds_tech_figure *b) {
  if (b->source != NULL) {
    a.low += b->low;
    a.typ += b->typ;
    a.high += b->high;
    a.projection = a.projection || b->projection;
  }
  return a;
}

/* The activate term at the row hit that is asked for; when none is, at that
 * of the source, and its range covers that of the row hit, too. */
static cds_status activate_at(cds_tech_figure *out, cds_tech_figure *row_hit,
                              const cds_tech_dram *table, double asked,
                              char why[CDS_TECH_WHY]) {
  const cds_tech_figure *own = &table->row_hit;
  const double closed = 1.0 - own->typ; /* > 0: the tool of the build sees to */
  *out = table->activate;
  *row_hit = *own;
  if (!(asked == asked)) {
    out->low *= (1.0 - own->high) / closed;
    out->high *= (1.0 - own->low) / closed;
    return CDS_OK;
  }
  if (!(asked >= 0.0 && asked <= 1.0)) {
    char text[CDS_NUMBER_TEXT];
    return cds_tech_refuse(why, "'row_hit' is %s: expected 0 to 1",
                           cds_format_double(text, asked));
  }
  *out = cds_tech_times(*out, (1.0 - asked) / closed);
  row_hit->low = row_hit->typ = row_hit->high = asked;
  return CDS_OK;
}

cds_status cds_tech_estimate_dram(const cds_component *self,
                                  cds_tech_estimate *out,
                                  const cds_tech_query *query,
                                  char why[CDS_TECH_WHY]) {
  const cds_tech_dram *table = self->table;
  cds_tech_point point;
  CDS_TRY(cds_tech_point_at(&point, query->process, query->device,
                            query->supply_v, why));
  /* A device of its own on no DRAM process keeps its own supply. */
  const bool own_supply = point.process != NULL;
  const double energy = own_supply ? 1.0 : point.supply.energy_factor;
  const double power = (own_supply ? 1.0 : point.supply.leakage_factor) *
                       (double)query->size_bits;
  cds_tech_figure activate;
  CDS_TRY(activate_at(&activate, &out->row_hit, table, query->row_hit, why));
  out->activate_pj = cds_tech_times(activate, energy);
  out->move_pj = cds_tech_times(table->move, energy);
  out->io_pj = cds_tech_times(table->io, energy);
  const cds_tech_figure sum =
      plus(plus(out->activate_pj, &out->move_pj), &out->io_pj);
  cds_tech_same_bits(out, &sum, table->energy_source);
  out->width_bits = query->width_bits;
  if (query->size_bits > 0) { /* of nothing it is not known */
    out->background_w = cds_tech_times(table->background, power);
    out->refresh_w = cds_tech_times(table->refresh, power);
  }
  out->read_s = table->latency;
  cds_tech_set_bandwidth(out, table->bandwidth);
  return CDS_OK;
}
