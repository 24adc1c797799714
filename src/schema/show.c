/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Quantities as people write them, ranges of keys, and the reference text of
 * a schema.
 */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "schema/internal.h"

/* Units for output, smallest first; one is used from `from` upwards. */
typedef struct shown_unit {
  cds_dimension dimension;
  bool per_cycle;
  const char *name;
  double from; /* in the internal unit */
} shown_unit;

static const shown_unit shown[] = {
    {CDS_DIM_BITS, false, "bit", 0},
    {CDS_DIM_BITS, false, "B", 8},
    {CDS_DIM_BITS, false, "KiB", 0x1p13},
    {CDS_DIM_BITS, false, "MiB", 0x1p23},
    {CDS_DIM_BITS, false, "GiB", 0x1p33},
    {CDS_DIM_BITS, false, "TiB", 0x1p43},
    {CDS_DIM_ENERGY, false, "fJ", 0},
    {CDS_DIM_ENERGY, false, "pJ", 0.1},
    {CDS_DIM_ENERGY, false, "nJ", 1e4},
    {CDS_DIM_ENERGY, false, "uJ", 1e6},
    {CDS_DIM_ENERGY, false, "mJ", 1e9},
    {CDS_DIM_ENERGY, false, "J", 1e12},
    {CDS_DIM_ENERGY_BIT, false, "fJ/bit", 0},
    {CDS_DIM_ENERGY_BIT, false, "pJ/bit", 0.01},
    {CDS_DIM_ENERGY_BIT, false, "nJ/bit", 1e4},
    {CDS_DIM_FREQUENCY, false, "Hz", 0},
    {CDS_DIM_FREQUENCY, false, "kHz", 1e3},
    {CDS_DIM_FREQUENCY, false, "MHz", 1e6},
    {CDS_DIM_FREQUENCY, false, "GHz", 1e9},
    {CDS_DIM_TIME, false, "ps", 0},
    {CDS_DIM_TIME, false, "ns", 1e-9},
    {CDS_DIM_TIME, false, "us", 1e-6},
    {CDS_DIM_TIME, false, "ms", 1e-3},
    {CDS_DIM_TIME, false, "s", 1},
    {CDS_DIM_TIME, false, "hours", 36e3},
    {CDS_DIM_TIME, false, "days", 864e3},
    {CDS_DIM_TIME, false, "years", 365 * 86400},
    {CDS_DIM_POWER, false, "pW", 0},
    {CDS_DIM_POWER, false, "nW", 1e-9},
    {CDS_DIM_POWER, false, "uW", 1e-6},
    {CDS_DIM_POWER, false, "mW", 1e-3},
    {CDS_DIM_POWER, false, "W", 0.1},
    {CDS_DIM_POWER, false, "kW", 1e4},
    {CDS_DIM_VOLTAGE, false, "mV", 0},
    {CDS_DIM_VOLTAGE, false, "V", 0.01},
    {CDS_DIM_LENGTH, false, "nm", 0},
    {CDS_DIM_LENGTH, false, "um", 0.1},
    {CDS_DIM_LENGTH, false, "mm", 1e3},
    {CDS_DIM_AREA, false, "um2", 0},
    {CDS_DIM_AREA, false, "mm2", 1e4},
    {CDS_DIM_TEMPERATURE, false, "degC", 0},
    {CDS_DIM_RESISTANCE, false, "K/W", 0},
    {CDS_DIM_CONDUCTIVITY, false, "W/mK", 0},
    {CDS_DIM_OHM, false, "uOhm", 0},
    {CDS_DIM_OHM, false, "mOhm", 1e-3},
    {CDS_DIM_OHM, false, "Ohm", 1},
    {CDS_DIM_CURRENT, false, "mA", 0},
    {CDS_DIM_CURRENT, false, "A", 1},
    {CDS_DIM_RATE, false, "op/s", 0},
    {CDS_DIM_RATE, false, "Gop/s", 1e8},
    {CDS_DIM_RATE, false, "Top/s", 1e12},
    {CDS_DIM_MASS, false, "kg", 0},
    {CDS_DIM_MONEY, false, "USD", 0},
    {CDS_DIM_CARBON, false, "g/kWh", 0},
    {CDS_DIM_PRICE, false, "USD/kWh", 0},
    {CDS_DIM_BANDWIDTH, true, "bit/cycle", 0},
    {CDS_DIM_BANDWIDTH, true, "B/cycle", 8},
    {CDS_DIM_BANDWIDTH, false, "bit/s", 0},
    {CDS_DIM_BANDWIDTH, false, "kB/s", 8e3},
    {CDS_DIM_BANDWIDTH, false, "MB/s", 8e6},
    {CDS_DIM_BANDWIDTH, false, "GB/s", 8e9},
    {CDS_DIM_BANDWIDTH, false, "TB/s", 8e12},
};
enum { SHOWN = sizeof shown / sizeof *shown };

/* The number in the unit, back to the decimal that the user wrote. */
static double in_unit(double value, const cds_unit *unit) {
  double power = 1;
  for (int i = 0; i < unit->power || i < -unit->power; i++) {
    power *= 10;
  }
  const double scaled = unit->power < 0 ? value * power : value / power;
  return cds_round_decimal(scaled / unit->factor, 15);
}

static const shown_unit *choose_unit(const cds_variable_value *value) {
  const shown_unit *chosen = NULL;
  /* Zero has no size of its own: it takes the internal unit. */
  const double size = value->number != 0 ? fabs(value->number) : 1;
  for (size_t i = 0; i < SHOWN; i++) {
    const bool fits = shown[i].dimension == value->dimension &&
                      shown[i].per_cycle == value->per_cycle;
    if (fits && (chosen == NULL || size >= shown[i].from)) {
      chosen = &shown[i];
    }
  }
  return chosen;
}

const char *cds_variable_text(cds_arena *arena,
                              const cds_variable_value *value) {
  if (value->text != NULL) {
    return value->text;
  }
  char number[CDS_NUMBER_TEXT];
  const shown_unit *const unit = choose_unit(value);
  if (unit == NULL) {
    return cds_arena_strdup(arena, cds_format_double(number, value->number));
  }
  const cds_unit *const known = cds_unit_find(unit->name, strlen(unit->name));
  (void)cds_format_double(number, known != NULL ? in_unit(value->number, known)
                                                : value->number);
  return cds_arena_printf(arena, "%s %s", number, unit->name);
}

static cds_dimension dimension_of(const cds_key *key) {
  switch (key->kind) {
  case CDS_KEY_BANDWIDTH:
    return CDS_DIM_BANDWIDTH;
  case CDS_KEY_ENERGY:
    return CDS_DIM_ENERGY;
  case CDS_KEY_QUANTITY:
    return key->dimension;
  case CDS_KEY_TEXT:
  case CDS_KEY_NAME:
  case CDS_KEY_BOOL:
  case CDS_KEY_COUNT:
  case CDS_KEY_NUMBER:
  case CDS_KEY_CHOICE:
  case CDS_KEY_FORMAT:
  case CDS_KEY_NAMES:
  case CDS_KEY_NODE:
    break;
  }
  return CDS_DIM_NONE;
}

const char *cds_range_text(const cds_key *key, cds_arena *arena) {
  cds_variable_value low = {.number = key->low, .dimension = dimension_of(key)};
  cds_variable_value high = low;
  high.number = key->high;
  const char *const from = cds_variable_text(arena, &low);
  const char *const to = cds_variable_text(arena, &high);
  if (from == NULL || to == NULL) {
    return NULL;
  }
  const double unlimited = 0x1p63; /* of a count */
  if (isinf(key->high) ||
      (key->kind == CDS_KEY_COUNT && key->high >= unlimited)) {
    return cds_arena_printf(arena, "at least %s", from);
  }
  if (isinf(key->low)) {
    return cds_arena_printf(arena, "at most %s", to);
  }
  return cds_arena_printf(arena, "%s to %s", from, to);
}

static const char *type_name(const cds_key *key) {
  static const char *const names[] = {[CDS_KEY_TEXT] = "text",
                                      [CDS_KEY_NAME] = "name",
                                      [CDS_KEY_BOOL] = "true or false",
                                      [CDS_KEY_COUNT] = "whole number",
                                      [CDS_KEY_NUMBER] = "number",
                                      [CDS_KEY_QUANTITY] = NULL,
                                      [CDS_KEY_BANDWIDTH] = "bandwidth",
                                      [CDS_KEY_ENERGY] =
                                          "energy, or energy per bit",
                                      [CDS_KEY_CHOICE] = "choice",
                                      [CDS_KEY_FORMAT] = "number format",
                                      [CDS_KEY_NAMES] = "name or list of names",
                                      [CDS_KEY_NODE] = "structure"};
  return key->kind == CDS_KEY_QUANTITY ? cds_dimension_name(key->dimension)
                                       : names[key->kind];
}

/* A cell of a table: the stroke would end it. */
static void put_cell(FILE *stream, const char *text) {
  for (const char *c = text; *c != '\0'; c++) {
    if (*c == '|') {
      (void)fputc('\\', stream);
    }
    (void)fputc(*c, stream);
  }
}

static void put_range(FILE *stream, const cds_key *key, cds_arena *arena) {
  if (key->kind == CDS_KEY_CHOICE) {
    for (size_t i = 0; key->choices[i] != NULL; i++) {
      (void)fprintf(stream, "%s`%s`", i > 0 ? ", " : " ", key->choices[i]);
    }
  } else if (key->low != 0 || key->high != 0) {
    const char *const range = cds_range_text(key, arena);
    (void)fprintf(stream, " %s", range != NULL ? range : "");
  }
}

void cds_schema_describe(const cds_schema *schema, FILE *stream) {
  cds_arena *const arena = cds_arena_new();
  if (arena == NULL) {
    return;
  }
  (void)fprintf(stream, "## %s\n\n%s\n\n", schema->name, schema->help);
  (void)fputs("| key | type | range | default | meaning |\n"
              "|---|---|---|---|---|\n",
              stream);
  for (const cds_key *key = schema->keys; key->name != NULL; key++) {
    (void)fprintf(stream, "| `%s` | %s |", key->name, type_name(key));
    put_range(stream, key, arena);
    if (key->required) {
      (void)fputs(" | required | ", stream);
    } else if (key->fallback != NULL) {
      (void)fprintf(stream, " | `%s` | ", key->fallback);
    } else {
      (void)fputs(" | | ", stream);
    }
    put_cell(stream, key->help);
    (void)fputs(" |\n", stream);
  }
  (void)fputc('\n', stream);
  cds_arena_free(arena);
}
