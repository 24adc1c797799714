/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is asked, checked, and brought to a supply and a temperature.
 *
 *   energy   ~ V^2
 *   delay    ~ V / I, I = ln(1 + exp((V - Vth) / (alpha n vT)))^alpha
 *              far above the threshold this is the alpha-power law (Sakurai &
 *              Newton, JSSC 25(2), 1990), far below the exponential law, and
 *              smooth between; alpha = 2 is that of Enz, Krummenacher & Vittoz
 *              (1995). n vT from the process's swing at 85 degC
 *   leakage  ~ V 10^(DIBL (V - Vnom) / swing) exp(b (1/Tref - 1/T))
 *              b = slope x 300 K x 400 K: then the mean slope of its logarithm
 *              between 300 and 400 K is the given one. Within 5 per cent of
 *              CACTI's six temperatures at 45 nm hp, 11 per cent at lp
 *
 * Delay falls strictly with V. With s = alpha n vT and x = (V - Vth) / s, the
 * slope of ln I is 1 / (n vT u(x)), where u(x) = (1 + e^-x) ln(1 + e^x). V / I
 * falls where that is more than 1 / V, that is u(x) < V / (n vT). u rises, is
 * 1.387 at 0, and u(x) - x falls above 0: so u <= 1.4 + max(x, 0), and
 * n vT (1.4 + max(x, 0)) <= 1.4 n vT + max(V - Vth, 0) / alpha, which is less
 * than V for all V above 1.4 n vT (0.073 V at most) and Vth: alpha >= 1 and Vth
 * > 1.4 n vT.
 *
 * The organisation is that of nominal supply: an array is built once. All
 * delays scale alike, although those of wires scale less: above nominal supply
 * the model is a little fast. No corners, no body bias, no sleep mode.
 */
#include <math.h>
#include <stdio.h>

#include "base/math.h"
#include "base/text.h"
#include "tech/sram_array.h"

static const double SIZE_RANGE_BITS[2] = {2048.0, 268435456.0}; /* 256 B to 32
                                                                 * MiB */
static const double WIDTH_RANGE_BITS[2] = {8.0, 1024.0};
static const double KELVIN = 273.15;
static const double RANGE_C[2] = {-23.0, 147.0}; /* 250 to 420 K */
static const double USUAL_C = 85.0;
static const double SLOPE_K2 = 300.0 * 400.0;
static const double LN_10 = 2.3025850929940457;
static const double LN_2 = 0.69314718055994531;
enum { PORTS_MOST = 4, LOG2_BANKS_MOST = 6, LOG2_MATS_MOST = 12 };

/* CACTI's figures over ours, from capacity and width: 19 of 20 runs lie within
 * (0.74 to 1.14 of reads, 0.92 to 1.24 of writes, 0.92 to 1.16 of times). */
static const cds_sram_range FITTED_ENERGY = {0.74, 1.24};
static const cds_sram_range FITTED_DELAY = {0.90, 1.16};
static const cds_sram_range FITTED_LEAKAGE = {0.3, 3.0}; /* assumption: devices
                                                          * of one node differ
                                                          * more than runs do */
/* Assumptions; at 7 nm the published 14 pJ for 64 bit of 1 MiB (Jouppi et al.,
 * ISCA 2021, table 2) lie within them. */
static const cds_sram_range PROJECTED_ENERGY = {0.5, 1.6};
static const cds_sram_range PROJECTED_DELAY = {0.6, 1.6};
static const cds_sram_range PROJECTED_LEAKAGE = {0.3, 5.0};

static const char FITTED_SOURCE[] =
    "sub-array model fitted to CACTI 7 (ITRS-HP at 360 K, ITRS-LSTP at 300 K), "
    "tested on runs that were not used: mean error of reads 3 to 13 %, of "
    "writes, area, access time and leakage 2 to 8 %";
static const char INTERPOLATED_SOURCE[] =
    "sub-array model, constants interpolated between nodes that were fitted to "
    "CACTI 7 (ITRS-HP at 360 K, ITRS-LSTP at 300 K)";
static const char PROJECTED_SOURCE[] =
    "projection: sub-array model of 22 nm (CACTI 7) with published bit cells, "
    "capacitance per length kept, E ~ V^2";
static const char FITTED_LEAKAGE_SOURCE[] =
    "sub-array model fitted to CACTI 7 at 360 K (ITRS-HP) or 300 K "
    "(ITRS-LSTP), brought to the junction's temperature, 85 degC where none is "
    "given, by the mean slope of its off-currents; range x0.3 to x3";
static const char PROJECTED_LEAKAGE_SOURCE[] =
    "projection: order of ASAP7 cells at 85 degC (Clark et al. 2016), brought "
    "to other temperatures by a decade in 100 K (DSENT, NOCS 2012); range x0.3 "
    "to x5";

/* A query that passed. */
typedef struct checked {
  cds_tech_point point; /* at nominal supply of the process */
  cds_sram_constants constants;
  bool projection;
  double size_bits, bank_bits, width_bits;
  unsigned log2_banks;
  double supply_v, range_v[2], temperature_k;
} checked;

static cds_status check_ports(const cds_sram_ports *ports,
                              char why[CDS_TECH_WHY]) {
  const bool few =
      ports->read_write <= PORTS_MOST && ports->read_only <= PORTS_MOST &&
      ports->write_only <= PORTS_MOST &&
      ports->read_write + ports->read_only + ports->write_only <= PORTS_MOST;
  if (!few || ports->read_write + ports->read_only == 0 ||
      ports->read_write + ports->write_only == 0) {
    return cds_tech_refuse(
        why,
        "sram with %u read-write, %u read and %u write "
        "ports: expected one that reads, one that writes, at "
        "most %d in all",
        ports->read_write, ports->read_only, ports->write_only,
        (int)PORTS_MOST);
  }
  return CDS_OK;
}

static cds_status check_banks(unsigned *log2_banks, unsigned banks,
                              char why[CDS_TECH_WHY]) {
  unsigned log2_found = 0;
  while (log2_found < LOG2_BANKS_MOST && (1U << log2_found) < banks) {
    log2_found++;
  }
  if ((1U << log2_found) != banks) {
    return cds_tech_refuse(
        why, "%u banks of an sram: expected a power of two up to %u", banks,
        1U << LOG2_BANKS_MOST);
  }
  *log2_banks = log2_found;
  return CDS_OK;
}

static cds_status check_size(checked *out, const cds_sram_query *query,
                             char why[CDS_TECH_WHY]) {
  out->size_bits = (double)query->size_bits;
  out->width_bits = (double)query->width_bits;
  if (out->size_bits < SIZE_RANGE_BITS[0] ||
      out->size_bits > SIZE_RANGE_BITS[1]) {
    return cds_tech_refuse_range(why, "size of an sram", out->size_bits,
                                 SIZE_RANGE_BITS, "bit");
  }
  if (out->width_bits < WIDTH_RANGE_BITS[0] ||
      out->width_bits > WIDTH_RANGE_BITS[1]) {
    return cds_tech_refuse_range(why, "width of an sram", out->width_bits,
                                 WIDTH_RANGE_BITS, "bit");
  }
  out->bank_bits = out->size_bits / (double)query->banks;
  const double range[2] = {out->width_bits, SIZE_RANGE_BITS[1]};
  if (out->bank_bits < range[0]) {
    return cds_tech_refuse_range(why, "a bank of an sram of this width",
                                 out->bank_bits, range, "bit");
  }
  return CDS_OK;
}

static bool is_given(double value) { return value == value; }

static cds_status check_conditions(checked *out, const cds_sram_query *query,
                                   char why[CDS_TECH_WHY]) {
  const cds_tech_process *process = out->point.process;
  const cds_tech_supply *supply = &out->point.supply;
  out->range_v[0] = supply->array_low_v;
  out->range_v[1] = supply->high_v;
  CDS_TRY(cds_tech_array_supply(
      &out->supply_v, supply,
      is_given(query->supply_v) ? query->supply_v : out->constants.nominal_v,
      process->name, why));
  const double degrees =
      is_given(query->temperature_c) ? query->temperature_c : USUAL_C;
  if (is_given(query->temperature_c) &&
      out->point.flavour->temperature.source != NULL) {
    return cds_tech_refuse(why,
                           "temperature of an sram of '%s' devices, whose "
                           "leakage is that of their own: expected none",
                           out->point.flavour->name);
  }
  if (degrees < RANGE_C[0] || degrees > RANGE_C[1]) {
    return cds_tech_refuse_range(why, "temperature of an sram", degrees,
                                 RANGE_C, "degC");
  }
  out->temperature_k = degrees + KELVIN;
  return CDS_OK;
}

static cds_status check(checked *out, const cds_sram_query *query,
                        char why[CDS_TECH_WHY]) {
  CDS_TRY(cds_tech_point_at(&out->point, query->process, query->device,
                            CDS_TECH_NONE, why));
  if (out->point.process == NULL) {
    return cds_tech_refuse(
        why, "sram on the DRAM process '%.32s': expected a logic process",
        query->process);
  }
  if (!(out->point.flavour->cells.typ > 0)) {
    return cds_tech_refuse(
        why,
        "sram of '%s' devices: expected others, as no cells are made of "
        "them",
        out->point.flavour->name);
  }
  CDS_TRY(check_ports(&query->ports, why));
  CDS_TRY(check_banks(&out->log2_banks, query->banks, why));
  CDS_TRY(check_size(out, query, why));
  out->projection = cds_sram_constants_of(&out->constants, out->point.process,
                                          out->point.device);
  return check_conditions(out, query, why);
}

/* V / I, in arbitrary units. */
static double gate_delay(const checked *of, double volts) {
  const cds_tech_process *process = of->point.process;
  const cds_tech_flavour *flavour = of->point.flavour;
  const double thermal_v = cds_tech_swing(process, flavour) / LN_10;
  const double above = (volts - cds_tech_threshold(process, flavour)) /
                       (process->alpha * thermal_v);
  return volts / cds_pow(cds_log(1 + cds_exp(above)), process->alpha);
}

static double leakage_factor(const checked *of) {
  const cds_tech_process *process = of->point.process;
  const cds_sram_constants *k = &of->constants;
  const double decades = process->dibl * (of->supply_v - k->nominal_v) /
                         cds_tech_swing(process, of->point.flavour);
  const double warmer =
      k->slope_per_k * SLOPE_K2 * (1 / k->reference_k - 1 / of->temperature_k);
  return of->supply_v / k->nominal_v * cds_exp(LN_10 * decades + warmer);
}

/* A range that also has what is not known of the device. */
static cds_sram_range widened(cds_sram_range range,
                              const cds_tech_figure *device) {
  range.low *= device->low / device->typ;
  range.high *= device->high / device->typ;
  return range;
}

static void set_ranges(cds_sram_estimate *out, const checked *of) {
  const bool projection = of->projection;
  out->projection = projection;
  out->energy_range = projection ? PROJECTED_ENERGY : FITTED_ENERGY;
  out->delay_range = projection ? PROJECTED_DELAY : FITTED_DELAY;
  out->leakage_range = projection ? PROJECTED_LEAKAGE : FITTED_LEAKAGE;
  out->delay_range = widened(out->delay_range, &of->point.flavour->delay);
  out->leakage_range = widened(out->leakage_range, &of->point.flavour->leakage);
  out->area_range = cds_sram_area_range(of->point.process);
  out->source = projection                              ? PROJECTED_SOURCE
                : cds_sram_is_fitted(of->point.process) ? FITTED_SOURCE
                                                        : INTERPOLATED_SOURCE;
  out->leakage_source =
      projection ? PROJECTED_LEAKAGE_SOURCE : FITTED_LEAKAGE_SOURCE;
}

static void at_conditions(cds_sram_estimate *out, const checked *of,
                          const cds_sram_array *array,
                          const cds_sram_ports *ports) {
  const double nominal_v = of->constants.nominal_v;
  const bool is_nominal = of->supply_v == nominal_v;
  const double ratio = of->supply_v / nominal_v;
  const double energy = ratio * ratio;
  const double slower =
      is_nominal ? 1 : gate_delay(of, of->supply_v) / gate_delay(of, nominal_v);
  out->nominal_v = nominal_v;
  out->supply_v = of->supply_v;
  out->low_v = of->range_v[0];
  out->high_v = of->range_v[1];
  out->read_pj = array->read_pj * energy;
  out->write_pj = array->write_pj * energy;
  const cds_tech_flavour *flavour = of->point.flavour;
  out->access_s = 1e-9 * array->access_ns * slower * flavour->delay.typ;
  out->cycle_s = 1e-9 * array->cycle_ns * slower * flavour->delay.typ;
  out->leakage_w = cds_sram_leakage(&of->constants, ports, of->size_bits) *
                   leakage_factor(of) * flavour->leakage.typ;
  out->area_um2 = array->area_um2;
  set_ranges(out, of);
}

cds_status cds_sram_estimate_of(cds_sram_estimate *out,
                                const cds_sram_query *query,
                                char why[CDS_TECH_WHY]) {
  checked of;
  CDS_TRY(check(&of, query, why));
  cds_sram_frame frame;
  cds_sram_frame_of(&frame, &of.constants, &query->ports, of.width_bits);
  cds_sram_array array;
  cds_sram_search(&array, &out->organisation, &frame, of.bank_bits,
                  of.log2_banks);
  at_conditions(out, &of, &array, &query->ports);
  return CDS_OK;
}

cds_status cds_sram_estimate_at(cds_sram_estimate *out,
                                const cds_sram_query *query,
                                const cds_sram_organisation *organisation,
                                char why[CDS_TECH_WHY]) {
  checked of;
  CDS_TRY(check(&of, query, why));
  const unsigned across = organisation->log2_across;
  const unsigned up = organisation->log2_up;
  const bool in_range = across <= LOG2_MATS_MOST && up <= LOG2_MATS_MOST;
  const double cells = in_range
                           ? 4 * organisation->rows * organisation->columns *
                                 (double)(1U << across) * (double)(1U << up)
                           : 0;
  if (cells != of.bank_bits || !(organisation->rows >= 1) ||
      !(2 * organisation->columns >= of.width_bits)) {
    char rows[CDS_NUMBER_TEXT];
    char columns[CDS_NUMBER_TEXT];
    char bits[CDS_NUMBER_TEXT];
    return cds_tech_refuse(why,
                           "organisation of %s x %s cells in 4 x 2^%u x 2^%u "
                           "sub-arrays: expected that they make up a bank of "
                           "%s bit, with columns for half an access",
                           cds_format_double(rows, organisation->rows),
                           cds_format_double(columns, organisation->columns),
                           across, up, cds_format_double(bits, of.bank_bits));
  }
  cds_sram_frame frame;
  cds_sram_frame_of(&frame, &of.constants, &query->ports, of.width_bits);
  const double address_bits = cds_log(of.bank_bits) / LN_2 - frame.log2_width;
  cds_sram_mat mat;
  cds_sram_tree tree;
  cds_sram_array array;
  cds_sram_mat_of(&mat, &frame, organisation, address_bits);
  cds_sram_tree_of(&tree, &frame, &mat, organisation, address_bits,
                   of.log2_banks);
  cds_sram_array_of(&array, &frame, &mat, &tree, address_bits);
  out->organisation = *organisation;
  at_conditions(out, &of, &array, &query->ports);
  return CDS_OK;
}
