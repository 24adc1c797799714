/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Networks of arrays. The built-in classes need the area of one element, which
 * is everything below, so arrays are filled from inside out.
 */
#include <math.h>
#include <string.h>

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
  raw->energy = raw->add = raw->shoreline = raw->bandwidth.value = (double)NAN;
  if (node == NULL) {
    return true;
  }
  if (node->kind == CDS_YAML_MAPPING) {
    return cds_build_read(build, raw, &cds_schema_network, node);
  }
  return cds_class_read_one(build, raw, &cds_schema_one_network, "network",
                            node);
}

/* ---- what a kind of network has ---- */

static const char *const kind_name[] = {[CDS_NETWORK_BUS] = "bus",
                                        [CDS_NETWORK_MESH] = "mesh",
                                        [CDS_NETWORK_SYSTOLIC] = "systolic",
                                        [CDS_NETWORK_TREE] = "tree",
                                        [CDS_NETWORK_CROSSBAR] = "crossbar"};

static void refuse_key(cds_build *build, const cds_array *array,
                       const cds_yaml *node, const char *key,
                       const char *expected) {
  if (node != NULL && node->kind == CDS_YAML_MAPPING &&
      cds_yaml_get(node, key) != NULL) {
    cds_diag_error(build->reader->diag, cds_build_place(node, key),
                   "network of array '%s' is a %s%s, which has no '%s': "
                   "expected it of %s",
                   array->name, kind_name[array->network],
                   array->network == CDS_NETWORK_SYSTOLIC ? " array" : "", key,
                   expected);
    build->wrong = true;
  }
}

static void check_extents(cds_build *build, const cds_array *array,
                          const cds_yaml *node) {
  for (unsigned axis = 0; axis < array->axes; axis++) {
    if (array->extent[axis] > CDS_LINKS_EXTENT_MAX) {
      cds_diag_error(build->reader->diag,
                     cds_build_place(node, array->axis_name[axis]),
                     "array '%s' has %llu %s in a %s: expected at most %u, as "
                     "its links are counted",
                     array->name, (unsigned long long)array->extent[axis],
                     array->axis_name[axis], kind_name[array->network],
                     CDS_LINKS_EXTENT_MAX);
      build->wrong = true;
    }
  }
}

/* The edge that a link takes is asked of its class. */
static void check_shoreline(cds_build *build, const cds_array *array,
                            const cds_yaml *node, const char *class_name) {
  const cds_component *class =
      class_name == NULL ? NULL : cds_component_find(class_name);
  if (node == NULL || node->kind != CDS_YAML_MAPPING ||
      cds_yaml_get(node, "shoreline") == NULL ||
      (class_name != NULL && class == NULL) ||
      (class != NULL && class->kind == CDS_COMPONENT_LINK)) {
    return;
  }
  cds_diag_error(build->reader->diag, cds_build_place(node, "shoreline"),
                 "network of array '%s' has no class of a link between dies, "
                 "which 'shoreline' is for: expected 'class', such as 'ucie-s'",
                 array->name);
  build->wrong = true;
}

/* Kind, ports and radix. */
static void shape_network(cds_build *build, unsigned index,
                          const cds_raw_network *raw) {
  cds_array *array = &build->arch->array[index];
  const cds_yaml *node = build->array[index].network;
  array->network = (cds_network_kind)raw->kind;
  array->radix = raw->radix == 0 ? 2 : raw->radix;
  array->ports = (cds_ports)raw->ports;
  const bool mesh = array->network == CDS_NETWORK_MESH;
  const bool systolic = array->network == CDS_NETWORK_SYSTOLIC;
  if (array->network != CDS_NETWORK_BUS) {
    check_extents(build, array, build->array_node[index]);
  }
  if (array->network != CDS_NETWORK_TREE) {
    refuse_key(build, array, node, "radix", "a tree");
  }
  check_shoreline(build, array, node, raw->class_name);
  if (!mesh && !systolic) {
    refuse_key(build, array, node, "ports", "a mesh or a systolic array");
  }
  array->passes_apart = raw->passes == 1;
  array->drains_direct = raw->drain == 1;
  if (!systolic) {
    refuse_key(build, array, node, "passes", "a systolic array");
  }
  if (!array->passes_apart) {
    refuse_key(build, array, node, "drain",
               "a systolic array with 'passes: apart'");
  }
  if (systolic && array->ports == CDS_PORTS_CORNER) {
    if (node != NULL && node->kind == CDS_YAML_MAPPING &&
        cds_yaml_get(node, "ports") != NULL) {
      cds_diag_error(build->reader->diag, cds_build_place(node, "ports"),
                     "'ports' of array '%s' is 'corner': expected 'cols' or "
                     "'rows', as a systolic array is fed along its edges",
                     array->name);
      build->wrong = true;
    }
    array->ports = CDS_PORTS_COLS;
  }
}

/* ---- numbers that the class implies ---- */

static uint64_t extent_of(const cds_array *array, unsigned direction) {
  if (array->axes == 2) {
    return array->extent[direction];
  }
  const bool cols = strcmp(array->axis_name[0], "cols") == 0;
  return cols == (direction == 1) ? array->extent[0] : 1;
}

/* Links of a tree over `leaves` below its root; adds its height. */
static uint64_t tree_links(uint64_t leaves, uint64_t radix, unsigned *height) {
  uint64_t links = 0;
  for (uint64_t block = 1; block < leaves; block *= radix) {
    links += (leaves + block - 1) / block;
    (*height)++;
  }
  return links;
}

/* Links of one network, and links from its port to an element of a tree. */
static uint64_t count_links(const cds_array *array, unsigned *height) {
  const uint64_t rows = extent_of(array, 0);
  const uint64_t cols = extent_of(array, 1);
  const uint64_t between = rows * (cols - 1) + cols * (rows - 1);
  *height = 1;
  switch (array->network) {
  case CDS_NETWORK_BUS:
    return 1;
  case CDS_NETWORK_MESH:
    return between + (array->ports == CDS_PORTS_CORNER ? 1
                      : array->ports == CDS_PORTS_COLS ? cols
                                                       : rows);
  case CDS_NETWORK_SYSTOLIC:
    return between + rows + cols;
  case CDS_NETWORK_TREE: {
    const uint64_t upper = tree_links(rows, array->radix, height);
    return 1 + upper + rows * tree_links(cols, array->radix, height);
  }
  case CDS_NETWORK_CROSSBAR:
    return 1 + rows * cols;
  }
  return 1;
}

static bool ask_class(cds_build *build, cds_tech_estimate *estimate,
                      unsigned index, const cds_raw_network *network) {
  const cds_array *array = &build->arch->array[index];
  const cds_yaml *node = build->array[index].network;
  cds_class_user user = {.kind = CDS_COMPONENT_NETWORK,
                         .class_name = kind_name[array->network],
                         .what = "network of array",
                         .name = array->name,
                         .node = build->array_node[index],
                         .key = "network",
                         .die = array->die};
  if (network->class_name != NULL) {
    user.class_name = network->class_name;
    user.node = node;
    user.key = "class";
    if (!cds_class_check(build, &user)) {
      return false;
    }
    const cds_component *class = cds_component_find(user.class_name);
    if (class->kind == CDS_COMPONENT_NETWORK &&
        strcmp(class->name, kind_name[array->network]) != 0) {
      cds_diag_error(build->reader->diag, cds_build_place(node, "class"),
                     "class '%s' is not for the %s of array '%s': expected "
                     "'%s', or a link between dies",
                     class->name, kind_name[array->network], array->name,
                     kind_name[array->network]);
      build->wrong = true;
      return false;
    }
  }
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  query.rows = array->extent[0];
  query.cols = array->axes > 1 ? array->extent[1] : 1;
  query.links = count_links(array, &query.height);
  query.element_area_um2 = element_area(build->arch, index);
  query.shoreline_um = network->shoreline;
  return cds_class_ask(build, estimate, &query, &user);
}

/* The class fills what is not given. Leakage and area of the class of the kind
 * come with its energy: a network whose energy is explicit has only what is
 * explicit. A class that is named fills all. */
static void network_class(cds_build *build, unsigned index,
                          const cds_raw_network *network) {
  cds_array *array = &build->arch->array[index];
  const cds_raw_array *raw = &build->array[index];
  const bool energy = given(network->energy);
  const bool add = given(network->add) || !array->reduction;
  const bool named = network->class_name != NULL;
  cds_tech_estimate estimate;
  if ((energy && add && !named) ||
      !ask_class(build, &estimate, index, network)) {
    return;
  }
  if (!energy) {
    array->bit_pj = estimate.bit_pj[CDS_READ];
  }
  if (!add && given(estimate.add_pj)) {
    array->add_pj = estimate.add_pj;
  }
  if (!energy || !add) {
    cds_build_origin(build, array->name, "network energy",
                     estimate.energy_source, true);
  }
  if (named && !given(network->bandwidth.value) &&
      given(estimate.bandwidth_bits_per_s)) {
    array->bandwidth =
        estimate.bandwidth_bits_per_s / build->arch->clock_hz / 2;
    cds_build_origin(build, array->name, "bandwidth", estimate.bandwidth_source,
                     true);
  }
  if (energy && !named) {
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
  shape_network(build, index, &network);
  array->bit_pj =
      given(network.energy) ? network.energy * die->energy_factor : 0;
  array->add_pj = given(network.add) ? network.add * die->energy_factor : 0;
  array->leakage_w =
      given(raw->leakage) ? raw->leakage * die->leakage_factor : 0;
  array->area_um2 = given(raw->area) ? raw->area : 0;
  array->bandwidth = cds_build_bandwidth(
      build, &network.bandwidth, array->die,
      raw->network == NULL ? array->place
                           : cds_build_place(raw->network, "bandwidth"));
  network_class(build, index, &network);
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
