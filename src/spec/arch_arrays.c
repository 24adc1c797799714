/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Networks of arrays. The built-in bus needs the area of one element, which is
 * everything below, so arrays are filled from inside out.
 */
#include <math.h>

#include "spec/arch_class.h"

static bool given(double value) { return !isnan(value); }

/* Area of one element of the array: what stands below it on the same die. */
static double element_area(const cds_arch *arch, unsigned array) {
  const unsigned die = arch->array[array].die;
  const double elements = (double)cds_arch_instances(arch, array + 1);
  double sum = 0;
  for (unsigned level = 0; level < arch->levels; level++) {
    const cds_level *at = &arch->level[level];
    if (at->depth > array && at->die == die) {
      sum += at->area_um2 * (double)cds_arch_instances(arch, at->depth);
    }
  }
  for (unsigned inner = array + 1; inner < arch->arrays; inner++) {
    if (arch->array[inner].die == die) {
      sum +=
          arch->array[inner].area_um2 * (double)cds_arch_instances(arch, inner);
    }
  }
  if (arch->compute.die == die) {
    sum +=
        arch->compute.area_um2 * (double)cds_arch_instances(arch, arch->arrays);
  }
  return sum > 0 ? sum / elements : (double)NAN;
}

/* `network: bus`, or a mapping. */
static bool read_network(cds_build *build, cds_raw_network *raw,
                         const cds_yaml *node) {
  raw->energy = raw->add = raw->bandwidth.value = (double)NAN;
  if (node == NULL) {
    return true;
  }
  if (node->kind == CDS_YAML_MAPPING) {
    return cds_build_read(build, raw, &cds_schema_network, node);
  }
  return cds_class_read_one(build, raw, &cds_schema_one_network, "network",
                            node);
}

/* The built-in bus fills what is not given. Leakage and area come with its
 * energy: a network whose energy is explicit has only what is explicit. */
static void bus_class(cds_build *build, unsigned index, bool energy, bool add) {
  cds_array *array = &build->arch->array[index];
  const cds_raw_array *raw = &build->array[index];
  const cds_class_user user = {.kind = CDS_COMPONENT_NETWORK,
                               .class_name = "bus",
                               .what = "network of array",
                               .name = array->name,
                               .node = build->array_node[index],
                               .key = "network",
                               .die = array->die};
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  query.rows = array->extent[0];
  query.cols = array->axes > 1 ? array->extent[1] : 1;
  query.element_area_um2 = element_area(build->arch, index);
  cds_tech_estimate estimate;
  if (!cds_class_ask(build, &estimate, &query, &user)) {
    return;
  }
  if (!energy) {
    array->bit_pj = estimate.bit_pj[CDS_READ];
  }
  if (!add) {
    array->add_pj = estimate.add_pj;
  }
  cds_build_origin(build, array->name, "network energy", estimate.energy_source,
                   true);
  if (energy) {
    return;
  }
  if (!given(raw->leakage) && given(estimate.leakage_w)) {
    array->leakage_w = estimate.leakage_w;
    cds_build_origin(build, array->name, "leakage", estimate.leakage_source,
                     true);
  }
  if (!given(raw->area) && given(estimate.area_um2)) {
    array->area_um2 = estimate.area_um2;
    cds_build_origin(build, array->name, "area", estimate.area_source, true);
  }
}

static void fill_array(cds_build *build, unsigned index) {
  cds_array *array = &build->arch->array[index];
  const cds_raw_array *raw = &build->array[index];
  const cds_build_die *die = &build->die[array->die];
  cds_raw_network network = {0};
  cds_build_origins(build, array->name, &raw->origin);
  if (!read_network(build, &network, raw->network)) {
    return;
  }
  cds_build_origins(build, array->name, &network.origin);
  array->network = (cds_network_kind)network.kind;
  const bool energy = given(network.energy);
  const bool add = given(network.add) || !array->reduction;
  array->bit_pj = energy ? network.energy * die->energy_factor : 0;
  array->add_pj = given(network.add) ? network.add * die->energy_factor : 0;
  array->leakage_w =
      given(raw->leakage) ? raw->leakage * die->leakage_factor : 0;
  array->area_um2 = given(raw->area) ? raw->area : 0;
  if (!energy || !add) {
    bus_class(build, index, energy, add);
  }
  array->bandwidth = cds_build_bandwidth(
      build, &network.bandwidth, array->die,
      raw->network == NULL ? array->place
                           : cds_build_place(raw->network, "bandwidth"));
}

void cds_build_networks(cds_build *build) {
  for (unsigned array = 0; array < build->arch->arrays; array++) {
    cds_raw_network network = {0};
    (void)read_network(build, &network, build->array[array].network);
  }
}

void cds_build_arrays(cds_build *build) {
  for (unsigned array = build->arch->arrays; array-- > 0;) {
    fill_array(build, array);
  }
}
