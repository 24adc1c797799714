/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cells that keep their state without power: resistive (RRAM), phase-change
 * (PCM) and spin-torque magnetic memory (STT-MRAM). Numbers of macros with
 * what drives their cells, by the bit (archs/tech/memories.yaml):
 *
 *   read, drain = read pJ per bit    fill, update = write pJ per bit
 *   bandwidth   = width / time of one access, reads and writes apart
 *
 * One bank, one access at a time. Figures hold at the supplies of the macro
 * itself: nothing is scaled with that of the die. Limits: no dependence on
 * capacity, no wear (cells stand 1e5 to 1e14 writes) and so no levelling of it,
 * no write that is verified and repeated beyond what the figures contain.
 */
#include "tech/data.h"
#include "tech/internal.h"

static const double SIZE_RANGE_BITS[2] = {8.0, 0x1p38}; /* 1 B to 32 GiB */
enum { DEFAULT_WIDTH_BITS = 64 };

static void set_actions(cds_tech_estimate *out, const cds_tech_cell *table) {
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

cds_status cds_tech_estimate_cell(const cds_component *self,
                                  cds_tech_estimate *out,
                                  const cds_tech_query *query,
                                  char why[CDS_TECH_WHY]) {
  const cds_tech_cell *table = self->table;
  const double size = (double)query->size_bits;
  cds_tech_point point;
  CDS_TRY(cds_tech_point_at(&point, query->process, query->device,
                            query->supply_v, why));
  if (!(size >= SIZE_RANGE_BITS[0] && size <= SIZE_RANGE_BITS[1])) {
    return cds_tech_refuse_range(why, "size of this memory", size,
                                 SIZE_RANGE_BITS, "bit");
  }
  out->width_bits =
      query->width_bits == 0 ? DEFAULT_WIDTH_BITS : query->width_bits;
  set_actions(out, table);
  out->read_s = table->read_time;
  out->write_s = table->write_time;
  out->area = cds_tech_times(table->area, size);
  out->area_um2 = out->area.typ;
  out->area_source = out->area.source;
  out->leakage = cds_tech_times(table->leakage, size);
  out->leakage_w = out->leakage.typ;
  out->leakage_source = out->leakage.source;
  return CDS_OK;
}
