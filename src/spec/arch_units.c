/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compute units, vector units, and who does other operations without one. */
#include <math.h>
#include <string.h>

#include "spec/arch_class.h"

static bool given(double value) { return !isnan(value); }

/* ---- compute ---- */

/* Energies by format: {int8: 0.1 pJ, fp16: 0.5 pJ}. Without `formats` these
 * are the formats. */
static bool energy_by_format(cds_build *build, const cds_yaml *node,
                             double energy[CDS_FORMATS_MAX]) {
  cds_compute *compute = &build->arch->compute;
  cds_diag *diag = build->reader->diag;
  const bool names = compute->formats == 0;
  bool good = true;
  for (size_t pair = 0; pair < node->count; pair++) {
    cds_format format;
    cds_quantity value;
    if (!cds_build_ok(build, cds_schema_format(&format, node->keys[pair],
                                               "energy", build->reader)) ||
        !cds_build_ok(build, cds_schema_quantity(&value, CDS_DIM_ENERGY,
                                                 node->items[pair], format.name,
                                                 build->reader))) {
      good = false;
      continue;
    }
    unsigned index = 0;
    while (index < compute->formats &&
           strcmp(compute->format[index].name, format.name) != 0) {
      index++;
    }
    if (index == CDS_FORMATS_MAX || (index == compute->formats && !names)) {
      cds_diag_error(diag, node->keys[pair]->place,
                     "'energy' names format '%s': expected one of 'formats'",
                     format.name);
      build->wrong = true;
      good = false;
      continue;
    }
    if (value.value < 0) {
      cds_diag_error(diag, node->items[pair]->place,
                     "'energy' of '%s' is below zero: expected 0 pJ or more",
                     format.name);
      build->wrong = true;
      good = false;
    }
    if (index == compute->formats) {
      compute->format[compute->formats++] = format;
    }
    energy[index] = value.value;
  }
  return good;
}

static bool compute_energy(cds_build *build, double energy[CDS_FORMATS_MAX]) {
  const cds_yaml *node = build->compute.energy;
  const cds_compute *compute = &build->arch->compute;
  for (unsigned format = 0; format < CDS_FORMATS_MAX; format++) {
    energy[format] = (double)NAN;
  }
  if (node != NULL && node->kind == CDS_YAML_MAPPING) {
    return energy_by_format(build, node, energy);
  }
  if (node == NULL) {
    return true;
  }
  cds_raw_energy raw;
  if (!cds_class_read_one(build, &raw, &cds_schema_one_energy, "energy",
                          node)) {
    return false;
  }
  if (raw.all.per_bit) {
    cds_diag_error(build->reader->diag, node->place,
                   "'energy' of '%s' is a quantity per bit: expected that of "
                   "one multiply-accumulate, such as 1 pJ",
                   compute->name);
    build->wrong = true;
    return false;
  }
  for (unsigned format = 0; format < CDS_FORMATS_MAX; format++) {
    energy[format] = raw.all.value;
  }
  return true;
}

/* Leakage and area of a unit of several formats: those of the costliest. */
static void raise(double *sum, double value) {
  if (given(value) && !(*sum >= value)) {
    *sum = value;
  }
}

static cds_class_user compute_user(const cds_build *build) {
  const cds_compute *compute = &build->arch->compute;
  return (cds_class_user){.kind = CDS_COMPONENT_MAC,
                          .class_name = compute->class_name,
                          .what = "compute",
                          .name = compute->name,
                          .node = build->compute_node,
                          .die = compute->die};
}

/* What the class implies, format by format. */
static bool compute_class(cds_build *build, double energy[CDS_FORMATS_MAX],
                          double *leakage_w, double *area_um2) {
  cds_compute *compute = &build->arch->compute;
  const cds_class_user user = compute_user(build);
  cds_tech_estimate estimate = {0};
  bool energy_assumed = false;
  if (compute->formats == 0) {
    cds_diag_error(build->reader->diag, build->compute_node->place,
                   "compute '%s' of class '%s' names no format: expected "
                   "'formats', such as [int8, fp16]",
                   compute->name, compute->class_name);
    build->wrong = true;
    return false;
  }
  for (unsigned format = 0; format < compute->formats; format++) {
    cds_tech_query query = CDS_TECH_QUERY_INIT;
    query.format = compute->format[format].name;
    query.format_bits = compute->format[format].bits;
    query.format_is_float = compute->format[format].is_float;
    if (!cds_class_ask(build, &estimate, &query, &user)) {
      return false;
    }
    if (!given(energy[format])) {
      energy[format] = estimate.mac_pj;
      energy_assumed = true;
    }
    raise(leakage_w, estimate.leakage_w);
    raise(area_um2, estimate.area_um2);
  }
  cds_build_origin(build, compute->name, "energy",
                   energy_assumed ? estimate.energy_source : NULL, true);
  cds_build_origin(
      build, compute->name, "leakage",
      given(build->compute.leakage) ? NULL : estimate.leakage_source, true);
  cds_build_origin(build, compute->name, "area",
                   given(build->compute.area) ? NULL : estimate.area_source,
                   true);
  return true;
}

static void no_energy(cds_build *build, unsigned format) {
  const cds_compute *compute = &build->arch->compute;
  cds_diag *diag = build->reader->diag;
  const cds_place place = build->compute_node->place;
  build->wrong = true;
  if (compute->formats == 0) {
    cds_diag_error(diag, place,
                   "compute '%s' has no energy: expected 'energy', or 'class: "
                   "mac' and 'formats'",
                   compute->name);
    return;
  }
  cds_diag_error(diag, place,
                 "compute '%s' has no energy of format '%s': expected "
                 "'energy', or 'class: mac'",
                 compute->name, compute->format[format].name);
}

/* Every format has its energy; a unit that names none takes any at one. */
static void set_energy(cds_build *build, const double energy[CDS_FORMATS_MAX]) {
  cds_compute *compute = &build->arch->compute;
  const unsigned count = compute->formats == 0 ? 1 : compute->formats;
  for (unsigned format = 0; format < count; format++) {
    compute->mac_pj[format] = energy[format];
    if (!given(energy[format])) {
      no_energy(build, format);
      return;
    }
  }
}

static void fill_compute(cds_build *build) {
  cds_compute *compute = &build->arch->compute;
  const cds_raw_compute *raw = &build->compute;
  const cds_build_die *die = &build->die[compute->die];
  double energy[CDS_FORMATS_MAX];
  double leakage_w = (double)NAN, area_um2 = (double)NAN;
  bool good = true;
  cds_build_origins(build, compute->name, &raw->origin);
  if (raw->formats != NULL) {
    compute->formats = cds_class_formats(build, compute->format, raw->formats);
    good = compute->formats > 0;
  }
  good = compute_energy(build, energy) && good;
  if (!good || build->compute_wrong || die->wrong) {
    const cds_class_user user = compute_user(build);
    (void)(compute->class_name[0] == '\0' || cds_class_check(build, &user));
    return;
  }
  for (unsigned format = 0; format < CDS_FORMATS_MAX; format++) {
    energy[format] *= die->energy_factor;
  }
  if (compute->class_name[0] != '\0') {
    if (!compute_class(build, energy, &leakage_w, &area_um2)) {
      return;
    }
  }
  set_energy(build, energy);
  if (given(raw->leakage)) {
    leakage_w = raw->leakage * die->leakage_factor;
  }
  if (given(raw->area)) {
    area_um2 = raw->area;
  }
  compute->leakage_w = given(leakage_w) ? leakage_w : 0;
  compute->area_um2 = given(area_um2) ? area_um2 : 0;
}

/* ---- vector units ---- */

/* Cycles of a primitive that neither user nor class gives; an assumption. */
static const double default_cycles[CDS_PRIMITIVES] = {1, 1, 1, 4, 4, 4, 8, 1};

static bool read_primitives(cds_build *build, cds_raw_primitives *raw,
                            const cds_schema *schema, const cds_yaml *node) {
  for (unsigned primitive = 0; primitive < CDS_PRIMITIVES; primitive++) {
    raw->value[primitive] = (double)NAN;
  }
  return node == NULL || cds_build_read(build, raw, schema, node);
}

static bool vector_energy(cds_build *build, cds_raw_primitives *energy,
                          const cds_yaml *node) {
  if (node == NULL || node->kind == CDS_YAML_MAPPING) {
    return read_primitives(build, energy, &cds_schema_primitive_energy, node);
  }
  cds_quantity all;
  if (!cds_build_ok(build, cds_schema_quantity(&all, CDS_DIM_ENERGY, node,
                                               "energy", build->reader))) {
    return false;
  }
  if (!(all.value >= 0)) {
    cds_diag_error(build->reader->diag, node->place,
                   "'energy' is below zero: expected 0 pJ or more");
    build->wrong = true;
    return false;
  }
  for (unsigned primitive = 0; primitive < CDS_PRIMITIVES; primitive++) {
    energy->value[primitive] = all.value;
  }
  return true;
}

/* The widest format: results are kept in the accumulator's. */
static const cds_format *widest(const cds_vector *vector) {
  const cds_format *best = &vector->format[0];
  for (unsigned format = 1; format < vector->formats; format++) {
    if (vector->format[format].bits > best->bits) {
      best = &vector->format[format];
    }
  }
  return best;
}

static bool vector_class(cds_build *build, unsigned index,
                         cds_tech_estimate *estimate) {
  const cds_vector *vector = &build->arch->vector[index];
  const cds_format *format = widest(vector);
  const char *given_class = build->vector[index].class_name;
  const char *class_name = given_class == NULL ? "vector" : given_class;
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  query.format = format->name;
  query.format_bits = format->bits;
  query.format_is_float = format->is_float;
  query.lanes = vector->lanes;
  return cds_class_ask(build, estimate, &query,
                       &(cds_class_user){.kind = CDS_COMPONENT_VECTOR,
                                         .class_name = class_name,
                                         .what = "vector unit",
                                         .name = vector->name,
                                         .node = build->vector_node[index],
                                         .die = vector->die});
}

/* Without an estimate only the keys are checked. */
static void vector_primitives(cds_build *build, unsigned index,
                              const cds_tech_estimate *estimate) {
  cds_vector *vector = &build->arch->vector[index];
  const cds_raw_compute *raw = &build->vector[index];
  cds_raw_primitives cycles, energy;
  const bool good =
      read_primitives(build, &cycles, &cds_schema_cycles, raw->cycles);
  if (!vector_energy(build, &energy, raw->energy) || !good ||
      estimate == NULL) {
    return;
  }
  bool energy_assumed = false, cycles_assumed = false;
  for (unsigned primitive = 0; primitive < CDS_PRIMITIVES; primitive++) {
    const double class_cycles = estimate->primitive_cycles[primitive];
    if (cycles.value[primitive] > 0) {
      vector->cycles[primitive] = cycles.value[primitive];
    } else {
      vector->cycles[primitive] =
          given(class_cycles) ? class_cycles : default_cycles[primitive];
      cycles_assumed = true;
    }
    if (given(energy.value[primitive])) {
      vector->energy_pj[primitive] =
          energy.value[primitive] * build->die[vector->die].energy_factor;
    } else {
      vector->energy_pj[primitive] = estimate->primitive_pj[primitive];
      energy_assumed = true;
    }
  }
  cds_build_origin(build, vector->name, "energy",
                   energy_assumed ? estimate->energy_source : NULL, true);
  const char *cycles_source = estimate->cycles_source == NULL
                                  ? "cycles of one primitive in one lane"
                                  : estimate->cycles_source;
  cds_build_origin(build, vector->name, "cycles",
                   cycles_assumed ? cycles_source : NULL, true);
}

/* Vector units always have the built-in class behind them: no primitive is
 * free because nobody gave its energy. */
static void fill_vector(cds_build *build, unsigned index) {
  cds_vector *vector = &build->arch->vector[index];
  const cds_raw_compute *raw = &build->vector[index];
  const cds_build_die *die = &build->die[vector->die];
  cds_build_origins(build, vector->name, &raw->origin);
  if (raw->formats == NULL) {
    vector->formats = 1;
    vector->format[0] = *cds_format_find("fp32");
  } else {
    vector->formats = cds_class_formats(build, vector->format, raw->formats);
  }
  cds_tech_estimate estimate = {0};
  if (vector->formats == 0 || build->vector_wrong[index] || die->wrong ||
      !vector_class(build, index, &estimate)) {
    vector_primitives(build, index, NULL);
    return;
  }
  vector_primitives(build, index, &estimate);
  if (given(raw->leakage)) {
    vector->leakage_w = raw->leakage * die->leakage_factor;
  } else if (given(estimate.leakage_w)) {
    vector->leakage_w = estimate.leakage_w;
    cds_build_origin(build, vector->name, "leakage", estimate.leakage_source,
                     true);
  }
  if (given(raw->area)) {
    vector->area_um2 = raw->area;
  } else if (given(estimate.area_um2)) {
    vector->area_um2 = estimate.area_um2;
    cds_build_origin(build, vector->name, "area", estimate.area_source, true);
  }
}

void cds_build_compute(cds_build *build) {
  if (build->compute_node != NULL) {
    fill_compute(build);
  }
  for (unsigned vector = 0; vector < build->arch->vectors; vector++) {
    fill_vector(build, vector);
  }
}

/* ---- without a vector unit ---- */

/* An addition, multiplication, comparison or conversion takes one slot; the
 * others as iterations of it (range: half to twice). */
static const double default_slots[CDS_PRIMITIVES] = {1, 1, 1, 8, 6, 6, 12, 1};

static void read_slots(cds_build *build) {
  cds_arch *arch = build->arch;
  cds_raw_primitives raw;
  if (!read_primitives(build, &raw, &cds_schema_mac_slots,
                       build->top.mac_slots)) {
    return;
  }
  for (unsigned primitive = 0; primitive < CDS_PRIMITIVES; primitive++) {
    arch->mac_slots[primitive] = raw.value[primitive] > 0
                                     ? raw.value[primitive]
                                     : default_slots[primitive];
  }
  if (build->top.mac_slots != NULL) {
    cds_build_origins(build, "mac_slots", &raw.origin);
  } else if (arch->vectors == 0 && arch->other_operations == CDS_OTHER_MACS) {
    cds_build_origin(build, "mac_slots", "",
                     "MAC slots of a primitive: add, mul, max, convert 1, exp "
                     "8, recip and rsqrt 6, erf 12; range x0.5 to x2",
                     true);
  }
}

static void read_host(cds_build *build) {
  cds_host *host = &build->arch->host;
  const double clock_hz = build->arch->clock_hz;
  cds_raw_host raw;
  host->link_bandwidth = (double)INFINITY;
  if (build->top.host == NULL ||
      (!cds_build_read(build, &raw, &cds_schema_host, build->top.host) &&
       build->top.host->kind != CDS_YAML_MAPPING)) {
    return;
  }
  cds_build_origins(build, "host", &raw.origin);
  host->operation_pj = raw.energy;
  host->operations_per_cycle = raw.rate / clock_hz;
  cds_raw_host_link link;
  if (raw.link != NULL &&
      cds_build_read(build, &link, &cds_schema_host_link, raw.link)) {
    cds_build_origins(build, "host link", &link.origin);
    host->link_bit_pj = link.energy;
    host->link_bandwidth =
        cds_build_bandwidth(build, &link.bandwidth, build->arch->compute.die,
                            cds_build_place(raw.link, "bandwidth"));
  }
}

/* A key that says how other operations are done, where it cannot matter. */
static void warn_unused(cds_build *build, const char *key, const char *why) {
  if (!build->quiet && cds_yaml_get(build->root, key) != NULL) {
    cds_diag_warning(build->reader->diag, cds_build_place(build->root, key),
                     "'%s' is not used: %s", key, why);
  }
}

/* Whether a vector unit computes in all formats that accumulators have. */
static bool vectors_do_all(const cds_arch *arch) {
  for (unsigned vector = 0; vector < arch->vectors; vector++) {
    const cds_format *format = widest(&arch->vector[vector]);
    if (format->is_float && format->bits >= 32) {
      return true;
    }
  }
  return false;
}

void cds_build_other(cds_build *build) {
  const cds_arch *arch = build->arch;
  read_slots(build);
  read_host(build);
  if (vectors_do_all(arch)) {
    const char *why = "a vector unit does the other operations";
    warn_unused(build, "other_operations", why);
    warn_unused(build, "mac_slots", why);
    warn_unused(build, "host", why);
    return;
  }
  if (arch->other_operations != CDS_OTHER_MACS) {
    warn_unused(build, "mac_slots", "'other_operations' is not 'macs'");
  }
  if (arch->other_operations != CDS_OTHER_HOST) {
    warn_unused(build, "host", "'other_operations' is not 'host'");
  } else if (build->top.host == NULL) {
    cds_diag_error(build->reader->diag,
                   cds_build_place(build->root, "other_operations"),
                   "'other_operations' is 'host', which is not described: "
                   "expected 'host: {energy: ..., rate: ...}'");
    build->wrong = true;
  }
}
