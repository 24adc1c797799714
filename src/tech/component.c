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
                                .pitch_um = CDS_TECH_NONE,
                                .bandwidth_bits_per_s = CDS_TECH_NONE};
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    estimate.access_pj[action] = CDS_TECH_NONE;
    estimate.bit_pj[action] = CDS_TECH_NONE;
  }
  for (unsigned primitive = 0; primitive < CDS_TECH_PRIMITIVES; primitive++) {
    estimate.primitive_pj[primitive] = CDS_TECH_NONE;
    estimate.primitive_cycles[primitive] = CDS_TECH_NONE;
  }
  return estimate;
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
  *out = estimate;
  return CDS_OK;
}
