/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers of levels: what the user gives, at the nominal supply of the die,
 * then what the component class implies, each marked as an assumption.
 */
#include "spec/arch_build.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/text.h"
#include "spec/arch_class.h"

/* Bits of an access where neither the user nor a class says. */
enum { DEFAULT_WIDTH_BITS = 64 };

typedef struct level_fill {
  cds_build *build;
  unsigned index;
  const cds_raw_level *raw;
  const cds_yaml *node;
  cds_level *level;
  const cds_build_die *die;
  bool has_class;
  cds_tech_estimate estimate;
} level_fill;

static bool given(double value) { return !isnan(value); }

/* ---- size ---- */

/* What all dies of this kind in the stack hold, 0 when not declared. */
static uint64_t die_capacity(const cds_die *die) {
  uint64_t capacity = 0;
  return cds_mul_u64(&capacity, die->size_bits, die->repeat) ? capacity
                                                             : UINT64_MAX;
}

static void fill_size(level_fill *fill) {
  cds_build *build = fill->build;
  const cds_die *die = &build->arch->die[fill->level->die];
  if (given(fill->raw->size)) {
    fill->level->size_bits = cds_build_bits(
        build, fill->raw->size, "size", cds_build_place(fill->node, "size"));
    return;
  }
  fill->level->size_bits = UINT64_MAX;
  if (die->size_bits > 0) {
    fill->level->size_bits =
        die_capacity(die) / cds_arch_instances(build->arch, fill->level->depth);
  } else if (fill->level->position > 0) {
    cds_diag_error(build->reader->diag, fill->node->place,
                   "level '%s' has no 'size': expected one, such as 64 KiB",
                   fill->level->name);
    build->wrong = true;
  }
}

/* The levels on a memory die must fit in what its dies hold together. */
static void check_capacity(cds_build *build, unsigned index) {
  const cds_arch *arch = build->arch;
  const cds_die *die = &arch->die[index];
  uint64_t need = 0;
  unsigned last = CDS_LEVELS_MAX;
  for (unsigned level = 0; level < arch->levels; level++) {
    const cds_level *at = &arch->level[level];
    uint64_t all;
    if (at->die != index || at->size_bits == UINT64_MAX) {
      continue;
    }
    last = level;
    if (!cds_mul_u64(&all, at->size_bits,
                     cds_arch_instances(arch, at->depth)) ||
        !cds_add_u64(&need, need, all)) {
      need = UINT64_MAX;
    }
  }
  const uint64_t capacity = die_capacity(die);
  if (die->size_bits == 0 || need == capacity) {
    return;
  }
  char have_text[CDS_NUMBER_TEXT], need_text[CDS_NUMBER_TEXT];
  cds_format_bits(have_text, capacity);
  cds_format_bits(need_text, need);
  if (need > capacity) {
    const cds_yaml *node = build->level_node[last];
    cds_diag_error(build->reader->diag, cds_build_place(node, "size"),
                   "levels on die '%s' need %s: expected at most %s, the "
                   "'size' of %llu %s",
                   die->name, need_text, have_text,
                   (unsigned long long)die->repeat,
                   die->repeat == 1 ? "die" : "dies");
    build->wrong = true;
  } else if (!build->quiet) {
    cds_diag_warning(build->reader->diag,
                     cds_build_place(build->die[index].node, "size"),
                     "the levels on die '%s' use %s of the %s that its 'size' "
                     "gives",
                     die->name, need_text, have_text);
  }
}

/* ---- class ---- */

static cds_class_user class_user(const level_fill *fill) {
  return (cds_class_user){.kind = CDS_COMPONENT_STORAGE,
                          .class_name = fill->level->class_name,
                          .what = "level",
                          .name = fill->level->name,
                          .node = fill->node,
                          .die = fill->level->die};
}

static void ask_class(level_fill *fill) {
  const cds_level *level = fill->level;
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  query.size_bits = level->size_bits == UINT64_MAX ? 0 : level->size_bits;
  query.width_bits = level->width_bits;
  query.row_hit = fill->raw->row_hit;
  const cds_class_user user = class_user(fill);
  fill->has_class = cds_class_ask(fill->build, &fill->estimate, &query, &user);
}

/* ---- energy ---- */

static bool read_energy(level_fill *fill, cds_quantity out[CDS_ACTIONS]) {
  const cds_yaml *node = fill->raw->energy;
  cds_raw_energy raw;
  for (unsigned action = 0; action < CDS_ACTIONS; action++) {
    out[action].value = (double)NAN;
  }
  if (node == NULL) {
    return true;
  }
  if (node->kind == CDS_YAML_MAPPING) {
    if (!cds_build_read(fill->build, &raw, &cds_schema_level_energy, node)) {
      return false;
    }
    cds_build_origins(fill->build, fill->level->name, &raw.origin);
    for (unsigned action = 0; action < CDS_ACTIONS; action++) {
      out[action] = raw.action[action];
    }
    return true;
  }
  if (!cds_class_read_one(fill->build, &raw, &cds_schema_one_energy, "energy",
                          node)) {
    return false;
  }
  for (unsigned action = 0; action < CDS_ACTIONS; action++) {
    out[action] = raw.all;
  }
  return true;
}

/* Both writes stand in for one another, and both ways of reading. */
static void mirror(cds_quantity energy[CDS_ACTIONS]) {
  static const cds_action twin[CDS_ACTIONS] = {CDS_DRAIN, CDS_UPDATE, CDS_FILL,
                                               CDS_READ};
  for (unsigned action = 0; action < CDS_ACTIONS; action++) {
    if (!given(energy[action].value)) {
      energy[action] = energy[twin[action]];
    }
  }
}

/* A device of a dram family on a logic die is a device of its own, with a
 * supply of its own; it is known by its price for a bit. */
static bool device_supply(const level_fill *fill) {
  return !fill->build->arch->die[fill->level->die].memory && fill->has_class &&
         given(fill->estimate.bit_pj[CDS_READ]);
}

static bool is_sram(const cds_level *level) {
  return strcmp(level->class_name, "sram") == 0;
}

/* What a number that is stated at the nominal supply of the die is multiplied
 * by: levels of class sram stand on a rail of their own. */
static double factor_of(const level_fill *fill, double logic, double sram) {
  return device_supply(fill) ? 1 : is_sram(fill->level) ? sram : logic;
}

static bool class_energy(level_fill *fill, unsigned action) {
  if (!fill->has_class) {
    return false;
  }
  const double access_pj = fill->estimate.access_pj[action];
  const double bit_pj = fill->estimate.bit_pj[action];
  cds_access_price *price = &fill->level->price[action];
  price->access_pj = given(access_pj) ? access_pj : 0;
  price->bit_pj = given(bit_pj) ? bit_pj : 0;
  return given(access_pj) || given(bit_pj);
}

static void fill_energy(level_fill *fill) {
  static const char *const names[] = {"read", "fill", "update", "drain"};
  cds_quantity energy[CDS_ACTIONS];
  if (!read_energy(fill, energy)) {
    return;
  }
  mirror(energy);
  const double factor =
      factor_of(fill, fill->die->energy_factor, fill->die->sram_energy_factor);
  bool assumed = false;
  for (unsigned action = 0; action < CDS_ACTIONS; action++) {
    cds_access_price *price = &fill->level->price[action];
    if (given(energy[action].value)) {
      const double value = energy[action].value * factor;
      price->access_pj = energy[action].per_bit ? 0 : value;
      price->bit_pj = energy[action].per_bit ? value : 0;
    } else if (class_energy(fill, action)) {
      assumed = true;
    } else {
      cds_diag_error(fill->build->reader->diag,
                     cds_build_place(fill->node, "energy"),
                     "level '%s' has no energy of '%s': expected 'energy', or "
                     "a 'class' that implies it",
                     fill->level->name, names[action]);
      fill->build->wrong = true;
      return;
    }
  }
  if (assumed) {
    cds_build_origin(fill->build, fill->level->name, "energy",
                     fill->estimate.energy_source, true);
  }
}

/* ---- width, bandwidth, leakage, area ---- */

static void fill_width(level_fill *fill) {
  cds_level *level = fill->level;
  if (level->width_bits > 0) {
    return;
  }
  if (fill->has_class && fill->estimate.width_bits > 0) {
    level->width_bits = fill->estimate.width_bits;
    cds_build_origin(fill->build, level->name, "width",
                     "width of an access that the class implies", true);
    return;
  }
  level->width_bits = DEFAULT_WIDTH_BITS;
  cds_build_origin(fill->build, level->name, "width",
                   "64 bit, as no 'width' is given", true);
}

/* Cells whose class knows the time of an access, and of one bank. */
static void one_access_at_a_time(level_fill *fill) {
  cds_level *level = fill->level;
  const cds_tech_estimate *estimate = &fill->estimate;
  const double clock_hz = fill->build->arch->clock_hz;
  const double width = (double)level->width_bits;
  level->read_bandwidth = width / (estimate->read_s.typ * clock_hz);
  level->write_bandwidth = width / (estimate->write_s.typ * clock_hz);
  cds_build_origin(fill->build, level->name, "bandwidth",
                   estimate->write_s.source, true);
}

static void fill_bandwidth(level_fill *fill) {
  cds_build *build = fill->build;
  const cds_yaml *node = fill->raw->bandwidth;
  cds_level *level = fill->level;
  level->read_bandwidth = level->write_bandwidth = level->shared_bandwidth =
      (double)INFINITY;
  if (node == NULL) {
    const double class_bandwidth =
        fill->has_class ? fill->estimate.bandwidth_bits_per_s : (double)NAN;
    if (given(class_bandwidth)) {
      level->shared_bandwidth = class_bandwidth / build->arch->clock_hz;
      cds_build_origin(build, level->name, "bandwidth",
                       fill->estimate.bandwidth_source, true);
    } else if (fill->has_class && given(fill->estimate.write_s.typ)) {
      one_access_at_a_time(fill);
    }
    return;
  }
  cds_raw_bandwidth raw;
  if (node->kind != CDS_YAML_MAPPING) {
    if (cds_class_read_one(build, &raw, &cds_schema_one_bandwidth, "bandwidth",
                           node)) {
      level->shared_bandwidth =
          cds_build_bandwidth(build, &raw.shared, level->die, node->place);
    }
    return;
  }
  if (!cds_build_read(build, &raw, &cds_schema_level_bandwidth, node)) {
    return;
  }
  if (given(raw.shared.value) &&
      (given(raw.read.value) || given(raw.write.value))) {
    cds_diag_error(build->reader->diag, node->place,
                   "'bandwidth' of level '%s' is both shared and apart: "
                   "expected 'shared', or 'read' and 'write'",
                   level->name);
    build->wrong = true;
  }
  cds_build_origins(build, level->name, &raw.origin);
  level->read_bandwidth = cds_build_bandwidth(build, &raw.read, level->die,
                                              cds_build_place(node, "read"));
  level->write_bandwidth = cds_build_bandwidth(build, &raw.write, level->die,
                                               cds_build_place(node, "write"));
  level->shared_bandwidth = cds_build_bandwidth(
      build, &raw.shared, level->die, cds_build_place(node, "shared"));
}

/* Standby or refresh of DRAM: as given, or what the class implies where the
 * user gave no 'leakage' that stands for it. */
static double standing_of(level_fill *fill, double raw_w,
                          const cds_tech_figure *implied, const char *what) {
  if (given(raw_w)) {
    return raw_w * factor_of(fill, fill->die->leakage_factor,
                             fill->die->sram_leakage_factor);
  }
  if (!fill->has_class || given(fill->raw->leakage) || !given(implied->typ)) {
    return 0;
  }
  cds_build_origin(fill->build, fill->level->name, what, implied->source, true);
  return implied->typ;
}

static void fill_standing(level_fill *fill) {
  cds_build *build = fill->build;
  cds_level *level = fill->level;
  const cds_tech_estimate *estimate = &fill->estimate;
  if (given(fill->raw->leakage)) {
    level->leakage_w =
        fill->raw->leakage * factor_of(fill, fill->die->leakage_factor,
                                       fill->die->sram_leakage_factor);
  } else if (fill->has_class && given(estimate->leakage_w)) {
    level->leakage_w = estimate->leakage_w;
    cds_build_origin(build, level->name, "leakage", estimate->leakage_source,
                     true);
  }
  level->background_w = standing_of(fill, fill->raw->background,
                                    &estimate->background_w, "background");
  level->refresh_w =
      standing_of(fill, fill->raw->refresh, &estimate->refresh_w, "refresh");
  if (given(fill->raw->area)) {
    level->area_um2 = fill->raw->area;
  } else if (fill->has_class && given(estimate->area_um2)) {
    level->area_um2 = estimate->area_um2;
    cds_build_origin(build, level->name, "area", estimate->area_source, true);
  }
}

/* Of a level whose numbers cannot be filled: the keys inside of its own. */
static void look_inside(level_fill *fill) {
  cds_quantity energy[CDS_ACTIONS];
  (void)read_energy(fill, energy);
  fill_bandwidth(fill);
}

static void fill_level(cds_build *build, unsigned index) {
  cds_level *level = &build->arch->level[index];
  level_fill fill = {.build = build,
                     .index = index,
                     .raw = &build->level[index],
                     .node = build->level_node[index],
                     .level = level,
                     .die = &build->die[level->die]};
  cds_build_origins(build, level->name, &fill.raw->origin);
  if (build->level_wrong[index] || build->die[level->die].wrong) {
    if (level->class_name[0] != '\0') {
      const cds_class_user user = class_user(&fill);
      (void)cds_class_check(build, &user);
    }
    look_inside(&fill);
    return;
  }
  fill_size(&fill);
  if (given(fill.raw->width)) {
    level->width_bits = cds_build_bits(build, fill.raw->width, "width",
                                       cds_build_place(fill.node, "width"));
  }
  if (level->size_bits == 0 ||
      (given(fill.raw->width) && level->width_bits == 0)) {
    look_inside(&fill);
    return;
  }
  if (level->class_name[0] != '\0') {
    ask_class(&fill);
    if (!fill.has_class) {
      look_inside(&fill);
      return;
    }
  } else if (given(fill.raw->row_hit)) {
    cds_diag_error(build->reader->diag, cds_build_place(fill.node, "row_hit"),
                   "'row_hit' of level '%s', which has no class: expected "
                   "'class', such as hbm3",
                   level->name);
    build->wrong = true;
  }
  if (given(fill.raw->word)) {
    level->word_bits = (unsigned)cds_build_bits(
        build, fill.raw->word, "word", cds_build_place(fill.node, "word"));
  }
  fill_width(&fill);
  fill_energy(&fill);
  fill_bandwidth(&fill);
  fill_standing(&fill);
}

static bool has_sram(const cds_arch *arch, unsigned die) {
  for (unsigned level = 0; level < arch->levels; level++) {
    if (arch->level[level].die == die && is_sram(&arch->level[level])) {
      return true;
    }
  }
  return false;
}

/* Says when arrays take another supply than the die's, and when one was given
 * for nothing. */
static void tell_sram_supply(cds_build *build, unsigned index) {
  const cds_die *die = &build->arch->die[index];
  const cds_build_die *from = &build->die[index];
  const bool used = has_sram(build->arch, index);
  if (used && from->sram_raised) {
    char volts[CDS_NUMBER_TEXT], logic[CDS_NUMBER_TEXT];
    const char *text = cds_arena_printf(
        build->reader->arena,
        "%s V, the least supply at which cells of static RAM work on this "
        "process without assist circuits, as 'supply' is %s V",
        cds_format_double(volts, cds_round_decimal(die->sram_supply_v, 4)),
        cds_format_double(logic, cds_round_decimal(die->supply_v, 4)));
    if (text == NULL) {
      (void)cds_build_ok(build, CDS_ENOMEM);
      return;
    }
    cds_build_origin(build, die->name, "sram_supply", text, true);
  }
  if (!used && given(from->raw.sram_supply) && die->process[0] != '\0' &&
      !build->quiet && !build->wrong) {
    cds_diag_warning(build->reader->diag,
                     cds_build_place(from->node, "sram_supply"),
                     "'sram_supply' of die '%s' is not used: no level of class "
                     "'sram' stands there",
                     die->name);
  }
}

void cds_build_levels(cds_build *build) {
  for (unsigned level = 0; level < build->arch->levels; level++) {
    fill_level(build, level);
  }
  for (unsigned die = 0; die < build->arch->dies; die++) {
    tell_sram_supply(build, die);
    if (!build->wrong) {
      check_capacity(build, die);
    }
  }
}
