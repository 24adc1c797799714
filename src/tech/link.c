/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Links between dies that stand side by side, and out of the package: physical
 * layers on an organic substrate, a fan-out, a bridge or a silicon interposer,
 * long electrical lanes and optics (archs/tech/links.yaml). Energy of a bit
 * over one link, transmitter and receiver together; bandwidth and area by
 * modules, of which a piece of the die's edge ("shoreline") takes as many as
 * fit.
 *
 *   modules   = floor(shoreline / module edge), 1 when no shoreline is given
 *   bandwidth = modules x bits per second, both directions together
 *   area      = links x 2 ends x modules x area of a module
 *
 * Figures hold at the supply of the interface itself, which is not that of the
 * die: nothing is scaled. Limits: no latency, no idle power, no retries; no
 * wire length beyond what the figure was published for.
 */
#include "tech/data.h"
#include "tech/internal.h"

static const char UNKNOWN_AREA[] =
    "no area is known for this interface: nothing charged, assumption";
static const char NO_LEAKAGE[] =
    "idle power of the interface is not modelled: nothing charged, assumption";

static bool known(double value) { return value == value; }

static cds_status modules_of(double *out, const cds_component *self,
                             const cds_tech_query *query,
                             char why[CDS_TECH_WHY]) {
  const cds_tech_link *table = self->table;
  *out = 1.0;
  if (!known(query->shoreline_um)) {
    return CDS_OK;
  }
  if (!known(table->module_edge.typ)) {
    return cds_tech_refuse(why,
                           "no bandwidth of class '%s' by the edge that it "
                           "takes is known: expected no 'shoreline'",
                           self->name);
  }
  const double fit = query->shoreline_um / table->module_edge.typ;
  if (!(fit >= 1.0 && fit <= 1e6)) {
    const double range[2] = {table->module_edge.typ,
                             table->module_edge.typ * 1e6};
    return cds_tech_refuse_range(why, "shoreline of a link",
                                 query->shoreline_um, range, "um");
  }
  *out = (double)(uint64_t)fit;
  return CDS_OK;
}

cds_status cds_tech_estimate_link(const cds_component *self,
                                  cds_tech_estimate *out,
                                  const cds_tech_query *query,
                                  char why[CDS_TECH_WHY]) {
  const cds_tech_link *table = self->table;
  double modules = 0.0;
  CDS_TRY(modules_of(&modules, self, query, why));
  cds_tech_point point;
  CDS_TRY(cds_tech_point_at(&point, query->process, query->device,
                            query->supply_v, why));
  if (point.process != NULL) {
    CDS_TRY(cds_tech_network_rest(out, &point, query, why));
    out->clock_hz = CDS_TECH_NONE;
    out->clock_source = NULL;
  }
  cds_tech_same_bits(out, &table->energy, table->energy_source);
  cds_tech_set_bandwidth(out, cds_tech_times(table->module_rate, modules));
  const double links = query->links == 0 ? 1.0 : (double)query->links;
  out->area = cds_tech_times(table->module_area, links * 2.0 * modules);
  const bool has_area = out->area.source != NULL;
  out->area_um2 = has_area ? out->area.typ : 0.0;
  out->area_source = has_area ? out->area.source : UNKNOWN_AREA;
  out->leakage_w = 0.0;
  out->leakage_source = NO_LEAKAGE;
  return CDS_OK;
}
