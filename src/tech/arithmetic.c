/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Energy and area of one multiplication and one addition in a number format,
 * at the two nodes for which tables are published.
 *
 *   45 nm, 0.9 V: Horowitz, ISSCC 2014, fig. 1.1.9
 *   7 nm:         Jouppi et al., ISCA 2021, table 2 (supply not stated there;
 *                 taken as the nominal 0.75 V: assumption)
 *   area, 45 nm:  synthesis results beside Horowitz's energies in Dally,
 *                 "High-performance hardware for machine learning", NIPS 2015
 *                 tutorial: 8-bit add 36, 32-bit add 137, 8-bit multiply 282,
 *                 32-bit multiply 3495, fp16 add 1360, fp32 add 4184, fp16
 *                 multiply 1640, fp32 multiply 7700 um2
 *
 * Integer widths between and beyond are power laws through the 8- and 32-bit
 * rows: energy of a multiplier ~ bits^1.98 (45 nm) and ~ bits^2.20 (7 nm), of
 * an adder linear. Only the operator is counted: no pipeline register, clock
 * tree or control.
 *
 * Ranges: what others publish over these figures at the same node and supply.
 *
 * Least, x0.42: an fp16 operation of a vector unit at 12 nm, 0.0873 pJ
 * (constants of Cai et al., Gemini, HPCA 2024), over an fp16 sum here, 0.209
 * pJ.
 *
 * Most, x4.3 and x2.2: a 32-bit integer product of 12.68 pJ and a sum of 0.21
 * pJ at 40 nm (library of Aladdin, Shao et al., ISCA 2014, with its registers),
 * over 2.96 and 0.093 pJ here.
 *
 * Floats at most x2, for pipeline registers, clock and control: an assumption.
 * An fp16 sum, difference or product at 22 nm takes 0.5 pJ (Tang et al.,
 * SENECA, Frontiers in Neuroscience 17, 2023), here 0.28 and 0.70.
 */
#include <string.h>

#include "base/math.h"
#include "tech/internal.h"

typedef struct format_row {
  const char *name;
  cds_tech_arithmetic figures;
} format_row;

#define FLOAT_AROUND                                                           \
  { 0.42, 2.0 }
static const cds_tech_range MUL_AROUND = {0.42, 4.3};
static const cds_tech_range ADD_AROUND = {0.42, 2.2};
const cds_tech_range cds_tech_operator_area = {0.7, 1.5};

/* Sorted by name. {multiply 45, 7 nm}, {add 45, 7 nm} in pJ, then um2. The add
 * is that of the format itself. */
/* clang-format off */
static const format_row FLOATS[] = {
  /* bf16: 7 nm rows of Jouppi; 45 nm = fp16's times the ratio at 7 nm, area by
   * the square of the significand (8/11): assumption, x0.7 to x1.4 */
  {"bf16", {{0.68, 0.21}, {0.28, 0.11}, 870.0, 940.0, "fp32",
    FLOAT_AROUND, FLOAT_AROUND}},
  /* fp16: both tables */
  {"fp16", {{1.1, 0.34}, {0.4, 0.16}, 1640.0, 1360.0, "fp32",
    FLOAT_AROUND, FLOAT_AROUND}},
  /* fp32: both tables */
  {"fp32", {{3.7, 1.31}, {0.9, 0.38}, 7700.0, 4184.0, "fp32",
    FLOAT_AROUND, FLOAT_AROUND}},
  /* fp64: fp32's times (53/24)^2 for the product, 53/24 for the sum:
   * assumption, x0.5 to x1.5 */
  {"fp64", {{18.0, 6.4}, {2.0, 0.84}, 37500.0, 9240.0, "fp64",
    FLOAT_AROUND, FLOAT_AROUND}},
  /* fp8: bf16's product times (4/8)^2 plus the exponent's 8-bit adder; sum as
   * half of fp16's: assumption, x0.5 to x2 */
  {"fp8", {{0.20, 0.060}, {0.20, 0.080}, 254.0, 680.0, "fp32",
    FLOAT_AROUND, FLOAT_AROUND}},
  /* tf32: significand of fp16 (11 bit), exponent of fp32: fp16's product, sum
   * between fp16 and fp32: assumption, x0.8 to x1.3 */
  {"tf32", {{1.1, 0.34}, {0.5, 0.20}, 1640.0, 1900.0, "fp32",
    FLOAT_AROUND, FLOAT_AROUND}},
};
/* clang-format on */
enum { FLOAT_COUNT = sizeof FLOATS / sizeof FLOATS[0] };

static const double INT_RANGE_BITS[2] = {1.0, 64.0};

/* base x (bits / 8)^exponent */
static double scaled(double base, double bits, double exponent) {
  return base * cds_pow(bits / 8.0, exponent);
}

static cds_tech_arithmetic integer_figures(double bits) {
  /* Exponents: ln(3.1/0.2)/ln 4, ln(1.48/0.07)/ln 4, ln(3495/282)/ln 4; adders
   * ln(0.1/0.03)/ln 4, ln(0.03/0.007)/ln 4, ln(137/36)/ln 4. */
  return (cds_tech_arithmetic){
      .mul_pj = {scaled(0.2, bits, 1.977), scaled(0.07, bits, 2.201)},
      .add_pj = {scaled(0.03, bits, 0.868), scaled(0.007, bits, 1.050)},
      .mul_um2 = scaled(282.0, bits, 1.816),
      .add_um2 = scaled(36.0, bits, 0.964),
      .accumulator = "int32",
      .mul_around = MUL_AROUND,
      .add_around = ADD_AROUND};
}

static const format_row *find_float(const char *name) {
  for (size_t row = 0; row < FLOAT_COUNT; row++) {
    if (strcmp(name, FLOATS[row].name) == 0) {
      return &FLOATS[row];
    }
  }
  return NULL;
}

cds_status cds_tech_arithmetic_of(cds_tech_arithmetic *out, const char *format,
                                  unsigned bits, bool is_float,
                                  char why[CDS_TECH_WHY]) {
  if (is_float) {
    const format_row *row = find_float(format);
    if (row == NULL) {
      return cds_tech_refuse(why,
                             "no energy for the number format '%.32s': "
                             "expected fp64, fp32, tf32, fp16, bf16, fp8 or an "
                             "integer",
                             format);
    }
    *out = row->figures;
    return CDS_OK;
  }
  const double width = (double)bits;
  if (width < INT_RANGE_BITS[0] || width > INT_RANGE_BITS[1]) {
    return cds_tech_refuse_range(why, "width of an integer format", width,
                                 INT_RANGE_BITS, "bit");
  }
  *out = integer_figures(width);
  return CDS_OK;
}
