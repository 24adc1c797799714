/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Static RAM with one read-write port, one bank, by the geometry of its
 * sub-arrays (sram_model.h): energies, area, leakage, access time and cycle.
 *
 * Supply: the arrays stand on a rail of their own, which is that of the die's
 * logic where nothing else is given and cells work there
 * (cds_tech_array_supply). Energies, leakage and times hold at the rail.
 * Leakage: at 85 degC, to which the model brings what was fitted at 360 or 300
 * K.
 *
 * Clock: that of the logic, at the supply of the logic. Neither the access time
 * nor the cycle of a bank is charged to it, as either would be wrong: reads are
 * pipelined along the H-tree, so that the access time is a latency, which this
 * model of throughput hides; a memory that needs more accesses than one bank
 * gives has several, which an architecture does not say and whose number would
 * cancel the limit; and the cycle is that of the cut that is best in energy and
 * access time, not the shortest, and falls from one capacity to the next (2.1
 * ns at 1 MiB, 0.8 ns at 8 MiB of 64 bit, 45 nm), so that a larger memory would
 * be called faster.
 *
 * Limits: those of the model (one port, no sleep mode, no assist circuits, no
 * redundancy). Fitted from 1 KiB to 16 MiB and 32 to 512 bit; accepted up to 2x
 * beyond in both, and down to 256 B and 8 bit, where fewer than 16 rows are
 * priced as 16.
 */
#include "tech/internal.h"
#include "tech/sram_model.h"

static const double SIZE_RANGE_BITS[2] = {2048.0, 268435456.0}; /* 256 B to 32
                                                                 * MiB */
static const double WIDTH_RANGE_BITS[2] = {8.0, 1024.0};
enum { DEFAULT_WIDTH_BITS = 64 };

static const char CLOCK_SOURCE[] =
    "clock of the logic of the process, at its supply: reads are pipelined and "
    "banks take turns, so that neither access nor cycle of a bank limits it: "
    "assumption";

static cds_tech_figure figure_of(double typ, const cds_sram_range *around,
                                 const char *source, bool projection) {
  return (cds_tech_figure){typ * around->low, typ, typ * around->high, source,
                           projection};
}

static void fill_in(cds_tech_estimate *out, const cds_sram_estimate *found) {
  const cds_sram_range *energy = &found->energy_range;
  out->supply_v = found->supply_v;
  out->access_pj[CDS_TECH_READ] = out->access_pj[CDS_TECH_DRAIN] =
      found->read_pj;
  out->access_pj[CDS_TECH_FILL] = out->access_pj[CDS_TECH_UPDATE] =
      found->write_pj;
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    out->access_range[action] =
        (cds_tech_range){out->access_pj[action] * energy->low,
                         out->access_pj[action] * energy->high};
  }
  out->energy_projection = found->projection;
  out->area_um2 = found->area_um2;
  out->area = figure_of(found->area_um2, &found->area_range, found->source,
                        found->projection);
  out->leakage_w = found->leakage_w;
  out->leakage = figure_of(found->leakage_w, &found->leakage_range,
                           found->leakage_source, found->projection);
  out->access_s = found->access_s;
  out->cycle_s = found->cycle_s;
  out->energy_source = out->area_source = out->delay_source = found->source;
  out->leakage_source = found->leakage_source;
}

static cds_status estimate_sram(const cds_component *self,
                                cds_tech_estimate *out,
                                const cds_tech_query *query,
                                char why[CDS_TECH_WHY]) {
  (void)self;
  cds_tech_point point;
  CDS_TRY(cds_tech_logic_point(&point, query, why));
  out->width_bits =
      query->width_bits == 0 ? DEFAULT_WIDTH_BITS : query->width_bits;
  const double size = (double)query->size_bits;
  const double width = (double)out->width_bits;
  if (size < SIZE_RANGE_BITS[0] || size > SIZE_RANGE_BITS[1]) {
    return cds_tech_refuse_range(why, "size of class 'sram'", size,
                                 SIZE_RANGE_BITS, "bit");
  }
  if (width < WIDTH_RANGE_BITS[0] || width > WIDTH_RANGE_BITS[1]) {
    return cds_tech_refuse_range(why, "width of class 'sram'", width,
                                 WIDTH_RANGE_BITS, "bit");
  }
  cds_sram_query asked = CDS_SRAM_QUERY_INIT;
  cds_sram_estimate found;
  CDS_TRY(cds_tech_array_supply(&asked.supply_v, &point.supply,
                                query->sram_supply_v, point.process->name,
                                why));
  asked.process = query->process;
  asked.device = query->device;
  asked.size_bits = query->size_bits;
  asked.width_bits = out->width_bits;
  CDS_TRY(cds_sram_estimate_of(&found, &asked, why));
  fill_in(out, &found);
  out->clock_hz = point.supply.clock_hz;
  out->clock_source = CLOCK_SOURCE;
  return CDS_OK;
}

const cds_component cds_component_sram = {
    .name = "sram",
    .kind = CDS_COMPONENT_STORAGE,
    .help = "static RAM, one port: 256 B to 32 MiB, accesses of 8 to 1024 bit "
            "(default 64), by the geometry of its sub-arrays, fitted to CACTI "
            "7; on a supply rail of its own",
    .estimate = estimate_sram};
