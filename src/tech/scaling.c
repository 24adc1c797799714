/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fits of Stillmaker & Baas; see scaling.h. */
#include "tech/scaling.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "tech/internal.h"

typedef struct scale_fit {
  unsigned nm;
  cds_tech_device device;
  bool both; /* one kind of devices */
  double area;
  double energy[3], delay[4], power[3]; /* highest power of V first */
  double low_v, high_v;                 /* where energy and power rise */
  double delay_v; /* up to where delay falls, from low_v */
} scale_fit;

/* clang-format off */
/* Coefficients and area ratios: Stillmaker & Baas 2017, tables of fits; the
 * ends of the ranges: from the fits themselves (test_tech_scaling). */
static const scale_fit FITS[] = {
  {180, CDS_TECH_HP, true, 19, {0, 24.64, -17.98},
    {0, 97.09, -356.7, 406.5}, {0, 101000, -79720}, 0.80, 1.80, 1.80},
  {130, CDS_TECH_HP, true, 6.4, {7.171, -6.709, 2.904},
    {-76.65, 334.9, -493.4, 275.8}, {27020, -15450, 5630}, 0.50, 1.30, 1.30},
  {90, CDS_TECH_HP, true, 2.8, {4.762, -4.781, 2.092},
    {-60.34, 262.5, -384.2, 210.9}, {17320, -11230, 4328}, 0.51, 1.30, 1.30},
  {65, CDS_TECH_HP, true, 1.5, {3.755, -4.398, 1.975},
    {-53.3, 230.4, -333.9, 178.6}, {12890, -10510, 4362}, 0.60, 1.30, 1.30},
  {45, CDS_TECH_HP, false, 1, {1.018, -0.3107, 0.1539},
    {-501.6, 1567, -1619, 566.1}, {5462, -1760, 522.4}, 0.50, 1.10, 0.94},
  {32, CDS_TECH_HP, false, 0.46, {0.8367, -0.4341, 0.1701},
    {-1047, 2982, -2797, 873.5}, {4001, -1733, 533.6}, 0.50, 1.10, 0.84},
  {20, CDS_TECH_HP, false, 0.21, {0.373, -0.1582, 0.04104},
    {0, 34.63, -66.37, 41.15}, {2922, -1286, 299.9}, 0.50, 1.00, 0.95},
  {16, CDS_TECH_HP, false, 0.19, {0.2958, -0.1241, 0.03024},
    {0, 24.8, -47.52, 28.87}, {2133, -882.6, 197.7}, 0.50, 1.00, 0.95},
  {14, CDS_TECH_HP, false, 0.17, {0.2363, -0.09675, 0.02239},
    {-40.66, 109.2, -100.6, 35.92}, {1675, -711, 159}, 0.50, 1.00, 1.00},
  {10, CDS_TECH_HP, false, 0.10, {0.2068, -0.09311, 0.02375},
    {-34.95, 93.65, -85.99, 30.4}, {1456, -621.6, 143.8}, 0.50, 1.00, 1.00},
  {7, CDS_TECH_HP, false, 0.059, {0.1776, -0.09097, 0.02447},
    {-28.58, 76.6, -70.26, 24.69}, {1179, -515.7, 123.4}, 0.50, 1.00, 1.00},
  {45, CDS_TECH_LP, false, 1, {1.103, -0.362, 0.2767},
    {-285.7, 1239, -1795, 898.8}, {6297, -3009, 1124}, 0.50, 1.10, 1.10},
  {32, CDS_TECH_LP, false, 0.46, {0.9559, -0.7823, 0.471},
    {-325.9, 1374, -1922, 913.2}, {4557, -3037, 1323}, 0.50, 1.10, 1.10},
  {20, CDS_TECH_LP, false, 0.21, {0.2632, -0.14, 0.06841},
    {-160.5, 514.1, -558.6, 217.5}, {2096, -962.4, 287.1}, 0.50, 1.00, 1.00},
  {16, CDS_TECH_LP, false, 0.19, {0.2139, -0.1187, 0.05639},
    {-114.6, 366.7, -397.4, 153.6}, {1609, -715.5, 205.7}, 0.50, 1.00, 1.00},
  {14, CDS_TECH_LP, false, 0.17, {0.1556, -0.06472, 0.03066},
    {-85.37, 271.6, -292.2, 111.4}, {1259, -554.1, 152.3}, 0.50, 1.00, 1.00},
  {10, CDS_TECH_LP, false, 0.10, {0.1261, -0.0518, 0.02769},
    {-71.76, 228.6, -246.3, 93.91}, {1046, -422.7, 118.9}, 0.50, 1.00, 1.00},
  {7, CDS_TECH_LP, false, 0.059, {0.09365, -0.03409, 0.02043},
    {-61.79, 196.1, -210.3, 79.55}, {815.2, -307.3, 87.54}, 0.50, 1.00, 1.00},
};
/* clang-format on */
enum { FIT_COUNT = sizeof FITS / sizeof FITS[0] };

static const char NODES[] = "180, 130, 90, 65, 45, 32, 20, 16, 14, 10 or 7 nm";

static double at(const double *coefficient, unsigned count, double v) {
  double sum = coefficient[0];
  for (unsigned i = 1; i < count; i++) {
    sum = sum * v + coefficient[i];
  }
  return sum;
}

/* "45nm" and "n45". */
static bool names_node(const char *name, unsigned nm) {
  char text[2][16];
  (void)snprintf(text[0], sizeof text[0], "%unm", nm);
  (void)snprintf(text[1], sizeof text[1], "n%u", nm);
  return strcmp(name, text[0]) == 0 || strcmp(name, text[1]) == 0;
}

static cds_status refuse_supply(char why[CDS_TECH_WHY], double supply_v,
                                const scale_fit *fit) {
  char given[CDS_NUMBER_TEXT];
  char low[CDS_NUMBER_TEXT];
  char high[CDS_NUMBER_TEXT];
  (void)snprintf(
      why, CDS_TECH_WHY,
      "supply %s V is outside what the scaling of %u nm was fitted for: "
      "expected %s to %s V",
      cds_format_double(given, cds_round_decimal(supply_v, 4)), fit->nm,
      cds_format_double(low, fit->low_v), cds_format_double(high, fit->high_v));
  return CDS_EINPUT;
}

static cds_status find(const scale_fit **out, const cds_scale_point *point,
                       char why[CDS_TECH_WHY]) {
  const bool low = strcmp(point->device, "lp") == 0;
  if (!low && *point->device != '\0' && strcmp(point->device, "hp") != 0) {
    (void)snprintf(why, CDS_TECH_WHY,
                   "device '%s' is not known: expected hp "
                   "or lp",
                   point->device);
    return CDS_EINPUT;
  }
  for (unsigned i = 0; i < FIT_COUNT; i++) {
    const scale_fit *fit = &FITS[i];
    if (!names_node(point->process, fit->nm) ||
        (!fit->both && (fit->device == CDS_TECH_LP) != low)) {
      continue;
    }
    if (!(point->supply_v >= fit->low_v && point->supply_v <= fit->high_v)) {
      return refuse_supply(why, point->supply_v, fit);
    }
    *out = fit;
    return CDS_OK;
  }
  (void)snprintf(why, CDS_TECH_WHY,
                 "process '%s' has no fit for scaling: expected %s",
                 point->process, NODES);
  return CDS_EINPUT;
}

cds_status cds_scale(cds_scale_factors *out, const cds_scale_point *from,
                     const cds_scale_point *to, char why[CDS_TECH_WHY]) {
  const scale_fit *a = NULL;
  const scale_fit *b = NULL;
  CDS_TRY(find(&a, from, why));
  CDS_TRY(find(&b, to, why));
  const double v = from->supply_v;
  const double w = to->supply_v;
  out->energy = at(b->energy, 3, w) / at(a->energy, 3, v);
  out->power = at(b->power, 3, w) / at(a->power, 3, v);
  out->area = b->area / a->area;
  out->delay_is_known = v <= a->delay_v && w <= b->delay_v;
  out->delay = out->delay_is_known ? at(b->delay, 4, w) / at(a->delay, 4, v)
                                   : (double)NAN;
  return CDS_OK;
}
