/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of component classes and the one door to all of them. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tech/internal.h"

#define CDS_COMPONENT(name) extern const cds_component cds_component_##name;
#include "tech/components.def"
#undef CDS_COMPONENT

static const cds_component *const COMPONENTS[] = {
#define CDS_COMPONENT(name) &cds_component_##name,
#include "tech/components.def"
#undef CDS_COMPONENT
};
enum { COMPONENT_COUNT = sizeof COMPONENTS / sizeof COMPONENTS[0] };

const cds_component *cds_component_at(size_t index) {
  return index < COMPONENT_COUNT ? COMPONENTS[index] : NULL;
}

const cds_component *cds_component_find(const char *name) {
  for (size_t index = 0; index < COMPONENT_COUNT; index++) {
    if (strcmp(COMPONENTS[index]->name, name) == 0) {
      return COMPONENTS[index];
    }
  }
  return NULL;
}

static cds_status refuse_class(char why[CDS_TECH_WHY], const char *name) {
  const char *names[COMPONENT_COUNT];
  for (size_t index = 0; index < COMPONENT_COUNT; index++) {
    names[index] = COMPONENTS[index]->name;
  }
  const char *nearest = cds_nearest(name, names, COMPONENT_COUNT);
  if (nearest != NULL) {
    return cds_tech_refuse(why,
                           "component class '%.32s' is not known: did you mean "
                           "'%s'",
                           name, nearest);
  }
  size_t used =
      (size_t)snprintf(why, CDS_TECH_WHY,
                       "component class '%.32s' is not known: expected", name);
  for (size_t index = 0; index < COMPONENT_COUNT && used < CDS_TECH_WHY;
       index++) {
    used += (size_t)snprintf(why + used, CDS_TECH_WHY - used, "%s %s",
                             index == 0 ? "" : ",", names[index]);
  }
  return CDS_EINPUT;
}

static cds_tech_estimate empty_estimate(void) {
  cds_tech_estimate estimate = {.nominal_v = CDS_TECH_NONE,
                                .supply_v = CDS_TECH_NONE,
                                .mac_pj = CDS_TECH_NONE,
                                .add_pj = CDS_TECH_NONE,
                                .leakage_w = CDS_TECH_NONE,
                                .area_um2 = CDS_TECH_NONE,
                                .clock_hz = CDS_TECH_NONE,
                                .access_s = CDS_TECH_NONE,
                                .cycle_s = CDS_TECH_NONE,
                                .pitch_um = CDS_TECH_NONE,
                                .bandwidth_bits_per_s = CDS_TECH_NONE};
  const cds_tech_figure none = {CDS_TECH_NONE, CDS_TECH_NONE, CDS_TECH_NONE,
                                NULL, false};
  estimate.activate_pj = estimate.move_pj = estimate.io_pj = none;
  estimate.row_hit = estimate.background_w = estimate.refresh_w = none;
  estimate.read_s = estimate.write_s = estimate.bandwidth = none;
  estimate.leakage = estimate.area = estimate.keepout_um2 = none;
  estimate.access = estimate.retention_s = none;
  const cds_tech_range unknown = {CDS_TECH_NONE, CDS_TECH_NONE};
  estimate.mac_range = estimate.add_range = unknown;
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    estimate.access_pj[action] = CDS_TECH_NONE;
    estimate.bit_pj[action] = CDS_TECH_NONE;
    estimate.access_range[action] = estimate.bit_range[action] = unknown;
  }
  for (unsigned primitive = 0; primitive < CDS_TECH_PRIMITIVES; primitive++) {
    estimate.primitive_pj[primitive] = CDS_TECH_NONE;
    estimate.primitive_cycles[primitive] = CDS_TECH_NONE;
    estimate.primitive_range[primitive] = unknown;
    estimate.cycles_range[primitive] = unknown;
  }
  return estimate;
}

/* Brings `typ` and the number that stands for it to an end of the range. */
static void take_cost(cds_tech_figure *figure, double *number, bool worst) {
  if (figure->source != NULL) {
    figure->typ = worst ? figure->high : figure->low;
    if (number != NULL) {
      *number = figure->typ;
    }
  }
}

static void take_range(double *number, const cds_tech_range *range,
                       bool worst) {
  if (range->low == range->low) {
    *number = worst ? range->high : range->low;
  }
}

static void take_end(cds_tech_estimate *of, cds_tech_end end) {
  const bool worst = end == CDS_TECH_WORST;
  if (end == CDS_TECH_TYPICAL) {
    return;
  }
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    take_range(&of->bit_pj[action], &of->bit_range[action], worst);
    take_range(&of->access_pj[action], &of->access_range[action], worst);
  }
  take_range(&of->mac_pj, &of->mac_range, worst);
  take_range(&of->add_pj, &of->add_range, worst);
  for (unsigned item = 0; item < CDS_TECH_PRIMITIVES; item++) {
    take_range(&of->primitive_pj[item], &of->primitive_range[item], worst);
    take_range(&of->primitive_cycles[item], &of->cycles_range[item], worst);
  }
  take_cost(&of->activate_pj, NULL, worst);
  take_cost(&of->move_pj, NULL, worst);
  take_cost(&of->io_pj, NULL, worst);
  take_cost(&of->background_w, NULL, worst);
  take_cost(&of->refresh_w, NULL, worst);
  take_cost(&of->read_s, NULL, worst);
  take_cost(&of->write_s, NULL, worst);
  take_cost(&of->access, NULL, worst);
  take_cost(&of->retention_s, NULL, !worst);
  take_cost(&of->leakage, &of->leakage_w, worst);
  take_cost(&of->area, &of->area_um2, worst);
  take_cost(&of->keepout_um2, NULL, worst);
  take_cost(&of->bandwidth, &of->bandwidth_bits_per_s, !worst);
}

cds_status cds_tech_estimate_of(cds_tech_estimate *out,
                                const cds_tech_query *query,
                                char why[CDS_TECH_WHY]) {
  const char *name = query->class_name == NULL ? "" : query->class_name;
  const cds_component *component = cds_component_find(name);
  if (component == NULL) {
    return refuse_class(why, name);
  }
  cds_tech_point point;
  CDS_TRY(cds_tech_point_at(&point, query->process, query->device,
                            query->supply_v, why));
  cds_tech_estimate estimate = empty_estimate();
  estimate.nominal_v = point.supply.nominal_v;
  estimate.supply_v = point.supply.supply_v;
  CDS_TRY(component->estimate(component, &estimate, query, why));
  if (query->row_hit == query->row_hit && estimate.row_hit.source == NULL) {
    return cds_tech_refuse(why,
                           "class '%s' has no rows that stay open: expected no "
                           "'row_hit'",
                           component->name);
  }
  take_end(&estimate, query->end);
  *out = estimate;
  return CDS_OK;
}
