/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The units that users may write. Names are exact and case-sensitive: 'mW' is
 * not 'MW'. Each unit is a whole factor times a power of ten, so that decimal
 * texts are scaled without rounding twice.
 */
#include <string.h>

#include "schema/internal.h"

#define KI 1024.0
#define MI (KI * KI)
#define GI (MI * KI)
#define TI (GI * KI)
#define PI_ (TI * KI)

/* Sorted by dimension, then size. */
static const cds_unit units[] = {
    {"%", CDS_DIM_NONE, false, 1, -2},
    {"bit", CDS_DIM_BITS, false, 1, 0},
    {"bits", CDS_DIM_BITS, false, 1, 0},
    {"B", CDS_DIM_BITS, false, 8, 0},
    {"kbit", CDS_DIM_BITS, false, 1, 3},
    {"Kibit", CDS_DIM_BITS, false, KI, 0},
    {"kB", CDS_DIM_BITS, false, 8, 3},
    {"KiB", CDS_DIM_BITS, false, 8 * KI, 0},
    {"Mbit", CDS_DIM_BITS, false, 1, 6},
    {"Mibit", CDS_DIM_BITS, false, MI, 0},
    {"MB", CDS_DIM_BITS, false, 8, 6},
    {"MiB", CDS_DIM_BITS, false, 8 * MI, 0},
    {"Gbit", CDS_DIM_BITS, false, 1, 9},
    {"Gibit", CDS_DIM_BITS, false, GI, 0},
    {"GB", CDS_DIM_BITS, false, 8, 9},
    {"GiB", CDS_DIM_BITS, false, 8 * GI, 0},
    {"Tbit", CDS_DIM_BITS, false, 1, 12},
    {"Tibit", CDS_DIM_BITS, false, TI, 0},
    {"TB", CDS_DIM_BITS, false, 8, 12},
    {"TiB", CDS_DIM_BITS, false, 8 * TI, 0},
    {"PB", CDS_DIM_BITS, false, 8, 15},
    {"PiB", CDS_DIM_BITS, false, 8 * PI_, 0},
    {"aJ", CDS_DIM_ENERGY, false, 1, -6},
    {"fJ", CDS_DIM_ENERGY, false, 1, -3},
    {"pJ", CDS_DIM_ENERGY, false, 1, 0},
    {"nJ", CDS_DIM_ENERGY, false, 1, 3},
    {"uJ", CDS_DIM_ENERGY, false, 1, 6},
    {"mJ", CDS_DIM_ENERGY, false, 1, 9},
    {"J", CDS_DIM_ENERGY, false, 1, 12},
    {"kJ", CDS_DIM_ENERGY, false, 1, 15},
    {"MJ", CDS_DIM_ENERGY, false, 1, 18},
    {"aJ/bit", CDS_DIM_ENERGY_BIT, false, 1, -6},
    {"fJ/bit", CDS_DIM_ENERGY_BIT, false, 1, -3},
    {"fJ/B", CDS_DIM_ENERGY_BIT, false, 125, -6},
    {"pJ/bit", CDS_DIM_ENERGY_BIT, false, 1, 0},
    {"pJ/B", CDS_DIM_ENERGY_BIT, false, 125, -3},
    {"nJ/bit", CDS_DIM_ENERGY_BIT, false, 1, 3},
    {"nJ/B", CDS_DIM_ENERGY_BIT, false, 125, 0},
    {"Hz", CDS_DIM_FREQUENCY, false, 1, 0},
    {"kHz", CDS_DIM_FREQUENCY, false, 1, 3},
    {"MHz", CDS_DIM_FREQUENCY, false, 1, 6},
    {"GHz", CDS_DIM_FREQUENCY, false, 1, 9},
    {"THz", CDS_DIM_FREQUENCY, false, 1, 12},
    {"fs", CDS_DIM_TIME, false, 1, -15},
    {"ps", CDS_DIM_TIME, false, 1, -12},
    {"ns", CDS_DIM_TIME, false, 1, -9},
    {"us", CDS_DIM_TIME, false, 1, -6},
    {"ms", CDS_DIM_TIME, false, 1, -3},
    {"s", CDS_DIM_TIME, false, 1, 0},
    {"hours", CDS_DIM_TIME, false, 3600, 0},
    {"days", CDS_DIM_TIME, false, 86400, 0},
    {"years", CDS_DIM_TIME, false, 365 * 86400, 0},
    {"fW", CDS_DIM_POWER, false, 1, -15},
    {"pW", CDS_DIM_POWER, false, 1, -12},
    {"nW", CDS_DIM_POWER, false, 1, -9},
    {"uW", CDS_DIM_POWER, false, 1, -6},
    {"mW", CDS_DIM_POWER, false, 1, -3},
    {"W", CDS_DIM_POWER, false, 1, 0},
    {"kW", CDS_DIM_POWER, false, 1, 3},
    {"MW", CDS_DIM_POWER, false, 1, 6},
    {"uV", CDS_DIM_VOLTAGE, false, 1, -6},
    {"mV", CDS_DIM_VOLTAGE, false, 1, -3},
    {"V", CDS_DIM_VOLTAGE, false, 1, 0},
    {"nm", CDS_DIM_LENGTH, false, 1, -3},
    {"um", CDS_DIM_LENGTH, false, 1, 0},
    {"mm", CDS_DIM_LENGTH, false, 1, 3},
    {"cm", CDS_DIM_LENGTH, false, 1, 4},
    {"nm2", CDS_DIM_AREA, false, 1, -6},
    {"um2", CDS_DIM_AREA, false, 1, 0},
    {"mm2", CDS_DIM_AREA, false, 1, 6},
    {"cm2", CDS_DIM_AREA, false, 1, 8},
    {"degC", CDS_DIM_TEMPERATURE, false, 1, 0},
    {"mK/W", CDS_DIM_RESISTANCE, false, 1, -3},
    {"K/W", CDS_DIM_RESISTANCE, false, 1, 0},
    {"degC/W", CDS_DIM_RESISTANCE, false, 1, 0},
    {"W/mK", CDS_DIM_CONDUCTIVITY, false, 1, 0},
    {"W/cmK", CDS_DIM_CONDUCTIVITY, false, 1, 2},
    {"uOhm", CDS_DIM_OHM, false, 1, -6},
    {"mOhm", CDS_DIM_OHM, false, 1, -3},
    {"Ohm", CDS_DIM_OHM, false, 1, 0},
    {"uA", CDS_DIM_CURRENT, false, 1, -6},
    {"mA", CDS_DIM_CURRENT, false, 1, -3},
    {"A", CDS_DIM_CURRENT, false, 1, 0},
    {"op/s", CDS_DIM_RATE, false, 1, 0},
    {"kop/s", CDS_DIM_RATE, false, 1, 3},
    {"Mop/s", CDS_DIM_RATE, false, 1, 6},
    {"Gop/s", CDS_DIM_RATE, false, 1, 9},
    {"Top/s", CDS_DIM_RATE, false, 1, 12},
    {"Pop/s", CDS_DIM_RATE, false, 1, 15},
    {"kg", CDS_DIM_MASS, false, 1, 0},
    {"USD", CDS_DIM_MONEY, false, 1, 0},
    {"g/kWh", CDS_DIM_CARBON, false, 1, 0},
    {"kg/kWh", CDS_DIM_CARBON, false, 1, 3},
    {"USD/kWh", CDS_DIM_PRICE, false, 1, 0},
    {"bit/cycle", CDS_DIM_BANDWIDTH, true, 1, 0},
    {"bits/cycle", CDS_DIM_BANDWIDTH, true, 1, 0},
    {"B/cycle", CDS_DIM_BANDWIDTH, true, 8, 0},
    {"KiB/cycle", CDS_DIM_BANDWIDTH, true, 8 * KI, 0},
    {"bit/s", CDS_DIM_BANDWIDTH, false, 1, 0},
    {"B/s", CDS_DIM_BANDWIDTH, false, 8, 0},
    {"kbit/s", CDS_DIM_BANDWIDTH, false, 1, 3},
    {"kB/s", CDS_DIM_BANDWIDTH, false, 8, 3},
    {"KiB/s", CDS_DIM_BANDWIDTH, false, 8 * KI, 0},
    {"Mbit/s", CDS_DIM_BANDWIDTH, false, 1, 6},
    {"MB/s", CDS_DIM_BANDWIDTH, false, 8, 6},
    {"MiB/s", CDS_DIM_BANDWIDTH, false, 8 * MI, 0},
    {"Gbit/s", CDS_DIM_BANDWIDTH, false, 1, 9},
    {"GB/s", CDS_DIM_BANDWIDTH, false, 8, 9},
    {"GiB/s", CDS_DIM_BANDWIDTH, false, 8 * GI, 0},
    {"Tbit/s", CDS_DIM_BANDWIDTH, false, 1, 12},
    {"TB/s", CDS_DIM_BANDWIDTH, false, 8, 12},
    {"TiB/s", CDS_DIM_BANDWIDTH, false, 8 * TI, 0},
    {"PB/s", CDS_DIM_BANDWIDTH, false, 8, 15},
};
enum { UNITS = sizeof units / sizeof *units };

/* Units that people write and that mean two things. */
static const char *const traps[][2] = {
    {"KB", "write 'KiB' for 1024 bytes or 'kB' for 1000 bytes"},
    {"K", "write 'KiB' for 1024 bytes, or 'degC' for a temperature"},
    {"M", "write 'MiB' for 1048576 bytes or 'MB' for 10^6 bytes"},
    {"G", "write 'GiB' for 2^30 bytes or 'GB' for 10^9 bytes"},
    {"Kb", "write 'Kibit' for 1024 bits or 'kbit' for 1000 bits"},
    {"kb", "write 'kbit' for 1000 bits or 'kB' for 1000 bytes"},
    {"Kbit", "write 'Kibit' for 1024 bits or 'kbit' for 1000 bits"},
    {"b", "write 'bit' or 'B'"},
    {"Mb", "write 'Mbit' for 10^6 bits or 'MB' for 10^6 bytes"},
    {"Gb", "write 'Gbit' for 10^9 bits or 'GB' for 10^9 bytes"},
    {"Tb", "write 'Tbit' for 10^12 bits or 'TB' for 10^12 bytes"},
    {"mb", "write 'MiB' for 1048576 bytes or 'MB' for 10^6 bytes"},
    {"gb", "write 'GiB' for 2^30 bytes or 'GB' for 10^9 bytes"},
    {"Gb/s", "write 'Gbit/s' for 10^9 bits or 'GB/s' for 10^9 bytes"},
    {"Gbps", "write 'Gbit/s' for 10^9 bits or 'GB/s' for 10^9 bytes"},
    {"GBps", "write 'GB/s'"},
    {"C", "write 'degC'"},
    {"mm^2", "write 'mm2'"},
    {"um^2", "write 'um2'"},
    {"W/K", "write 'K/W': resistances, not conductances"},
};
enum { TRAPS = sizeof traps / sizeof *traps };

static const struct {
  const char *name, *expected;
} dimensions[] = {
    [CDS_DIM_NONE] = {"plain number", "a plain number without unit"},
    [CDS_DIM_BITS] = {"data size", "a quantity in bits, such as '64 KiB'"},
    [CDS_DIM_ENERGY] = {"energy", "an energy, such as '3.5 pJ'"},
    [CDS_DIM_ENERGY_BIT] = {"energy per bit",
                            "an energy per bit, such as '0.5 pJ/bit'"},
    [CDS_DIM_FREQUENCY] = {"frequency", "a frequency, such as '1.2 GHz'"},
    [CDS_DIM_TIME] = {"time", "a time, such as '10 s' or '5 ms'"},
    [CDS_DIM_POWER] = {"power", "a power, such as '25 W'"},
    [CDS_DIM_VOLTAGE] = {"voltage", "a voltage, such as '0.7 V'"},
    [CDS_DIM_LENGTH] = {"length", "a length, such as '9 um'"},
    [CDS_DIM_AREA] = {"area", "an area, such as '100 mm2'"},
    [CDS_DIM_TEMPERATURE] = {"temperature", "a temperature, such as '45 degC'"},
    [CDS_DIM_RESISTANCE] = {"thermal resistance",
                            "a thermal resistance, such as '0.1 K/W'"},
    [CDS_DIM_CONDUCTIVITY] = {"thermal conductivity",
                              "a thermal conductivity, such as '4 W/mK'"},
    [CDS_DIM_OHM] = {"electrical resistance",
                     "an electrical resistance, such as '50 uOhm'"},
    [CDS_DIM_CURRENT] = {"current", "a current, such as '150 mA'"},
    [CDS_DIM_RATE] = {"rate", "a rate of operations, such as '1 Gop/s'"},
    [CDS_DIM_MASS] = {"mass", "a mass, such as '20 kg'"},
    [CDS_DIM_MONEY] = {"money", "an amount of money, such as '300 USD'"},
    [CDS_DIM_CARBON] = {"carbon intensity",
                        "a carbon intensity, such as '400 g/kWh'"},
    [CDS_DIM_PRICE] = {"price of energy",
                       "a price of energy, such as '0.1 USD/kWh'"},
    [CDS_DIM_BANDWIDTH] = {"bandwidth",
                           "a bandwidth, such as '64 B/cycle' or '1 TB/s'"},
};

const char *cds_dimension_name(cds_dimension dimension) {
  return dimensions[dimension].name;
}

const char *cds_dimension_expected(cds_dimension dimension) {
  return dimensions[dimension].expected;
}

const cds_unit *cds_unit_find(const char *name, size_t length) {
  for (size_t i = 0; i < UNITS; i++) {
    if (strncmp(units[i].name, name, length) == 0 &&
        units[i].name[length] == '\0') {
      return &units[i];
    }
  }
  return NULL;
}

static int lower(char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; }

static bool same_letters(const char *a, const char *b) {
  while (*a != '\0' && lower(*a) == lower(*b)) {
    a++;
    b++;
  }
  return *a == *b;
}

void cds_unit_suggest(cds_diag *diag, const char *name,
                      cds_dimension dimension) {
  const bool kelvin = dimension == CDS_DIM_RESISTANCE; /* "K" is half of it */
  for (size_t i = 0; i < TRAPS; i++) {
    if (strcmp(traps[i][0], name) == 0 && !(kelvin && name[0] == 'K')) {
      cds_diag_hint(diag, "%s", traps[i][1]);
      return;
    }
  }
  if (dimension == CDS_DIM_NONE) {
    return; /* nobody who writes a unit means '%' */
  }
  const char *of_dimension[UNITS];
  size_t count = 0;
  size_t own = 0;
  for (size_t i = 0; i < UNITS; i++) {
    /* Keys of energies mostly take energies per bit as well. */
    const bool per_bit =
        dimension == CDS_DIM_ENERGY && units[i].dimension == CDS_DIM_ENERGY_BIT;
    if (units[i].dimension != dimension && !per_bit) {
      continue;
    }
    of_dimension[count++] = units[i].name;
    own += !per_bit;
    if (same_letters(units[i].name, name)) {
      cds_diag_hint(diag, "did you mean '%s'?", units[i].name);
      return;
    }
  }
  if (!cds_diag_did_you_mean(diag, name, of_dimension, count)) {
    cds_diag_suggest(diag, name, of_dimension, own);
  }
}
