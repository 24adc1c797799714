/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One table a struct: parsing, units, ranges, defaults, suggestions, help and
 * reference text all come from the cds_key rows.
 */
#ifndef CDS_SCHEMA_SCHEMA_H
#define CDS_SCHEMA_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "codesign/status.h"
#include "diag/diag.h"
#include "yaml/yaml.h"

/* Dimension of a quantity and, in brackets, the unit it is stored in. */
typedef enum cds_dimension {
  CDS_DIM_NONE,         /* plain number, no unit allowed; '%' allowed */
  CDS_DIM_BITS,         /* [bit]   bit, B, KiB, MiB, kB, MB, kbit, Kibit, ... */
  CDS_DIM_ENERGY,       /* [pJ]    fJ pJ nJ uJ mJ J, of one access/operation */
  CDS_DIM_ENERGY_BIT,   /* [pJ/bit] fJ/bit pJ/bit pJ/B nJ/B */
  CDS_DIM_FREQUENCY,    /* [Hz]    Hz kHz MHz GHz */
  CDS_DIM_TIME,         /* [s]     ps ns us ms s hours days years */
  CDS_DIM_POWER,        /* [W]     pW nW uW mW W kW */
  CDS_DIM_VOLTAGE,      /* [V]     mV V */
  CDS_DIM_LENGTH,       /* [um]    nm um mm */
  CDS_DIM_AREA,         /* [um2]   um2 mm2 */
  CDS_DIM_TEMPERATURE,  /* [degC]  degC */
  CDS_DIM_RESISTANCE,   /* [K/W]   K/W, degC/W */
  CDS_DIM_CONDUCTIVITY, /* [W/mK]  W/mK W/cmK, of heat */
  CDS_DIM_OHM,          /* [Ohm]   uOhm mOhm Ohm, of electricity */
  CDS_DIM_CURRENT,      /* [A]     uA mA A */
  CDS_DIM_RATE,         /* [op/s]  op/s Gop/s Top/s */
  CDS_DIM_MASS,         /* [kg]    kg, of CO2e */
  CDS_DIM_MONEY,        /* [USD]   USD */
  CDS_DIM_CARBON,       /* [g/kWh] g/kWh, CO2e of electricity */
  CDS_DIM_PRICE,        /* [USD/kWh] USD/kWh, of electricity */
  CDS_DIM_BANDWIDTH     /* [bit/cycle or bit/s] B/cycle bit/cycle GB/s TB/s */
} cds_dimension;

/* What a quantity key stores. per_cycle: only for bandwidth. per_bit: an
 * energy key that accepts both pJ and pJ/bit (CDS_KEY_ENERGY). */
typedef struct cds_quantity {
  double value; /* internal unit; NaN when not given */
  bool per_cycle;
  bool per_bit;
} cds_quantity;

/* Number formats: fp64 fp32 tf32 fp16 bf16 fp8 int32 int16 int8 int4 int2
 * int1, or "8 bit" for an unnamed width. */
typedef struct cds_format {
  const char *name; /* "fp16", or "8 bit" for unnamed ones */
  unsigned bits;
  bool is_float;
} cds_format;
const cds_format *cds_format_find(const char *name); /* NULL if unknown */

typedef enum cds_key_kind {
  CDS_KEY_TEXT,   /* const char *: free text */
  CDS_KEY_NAME,   /* const char *: letter, then letters digits _ - . ; <= 64 */
  CDS_KEY_BOOL,   /* bool: true | false */
  CDS_KEY_COUNT,  /* uint64_t: whole number in [low, high] */
  CDS_KEY_NUMBER, /* double: plain number in [low, high] */
  CDS_KEY_QUANTITY,  /* double in the dimension's unit; NaN when not given */
  CDS_KEY_BANDWIDTH, /* cds_quantity with per_cycle */
  CDS_KEY_ENERGY,    /* cds_quantity: pJ per access, or pJ/bit (per_bit) */
  CDS_KEY_CHOICE,    /* unsigned: index into choices */
  CDS_KEY_FORMAT, /* cds_format: "fp16", "int8", "8 bit"; bits 0: not given */
  CDS_KEY_NAMES,  /* cds_names: one name or a list of names */
  CDS_KEY_NODE    /* const cds_yaml *: the raw node, read by the caller */
} cds_key_kind;

typedef struct cds_names {
  size_t count;
  const char **names;
  cds_place *places;
} cds_names;

typedef struct cds_key {
  const char *name;
  cds_key_kind kind;
  cds_dimension dimension;
  size_t offset; /* offsetof the field in the struct that is filled */
  bool required;
  double low, high; /* inclusive, in the stored unit; both 0: any */
  /* Text that is parsed when the key is absent. NULL then leaves NaN in
   * NUMBER, QUANTITY, BANDWIDTH and ENERGY, NULL in TEXT, NAME and NODE, and
   * zeros in the others. */
  const char *fallback;
  const char *const *choices; /* CHOICE: NULL-terminated */
  const char *help;           /* one sentence: meaning, unit, source if any */
} cds_key;
/* A key whose name is that of its field. */
#define CDS_KEY_FIELD(keys, field, as, ...)                                    \
  {                                                                            \
    .name = #field, .kind = CDS_KEY_##as, .offset = offsetof(keys, field),     \
    __VA_ARGS__                                                                \
  }

typedef struct cds_schema {
  const char *name; /* "level", "array", ... as messages call it */
  const char *help;
  const cds_key *keys; /* ends with name NULL */
} cds_schema;

/* Values of the variables of a design space ($glb), by name. */
typedef struct cds_variable_value {
  const char *name;
  cds_dimension dimension;
  double number;    /* in the internal unit, when text is NULL */
  const char *text; /* a named choice */
  bool per_cycle;   /* bandwidth in bit/cycle, not bit/s */
  /* Its definition was refused already: what uses it fails without a message
   * of its own. With the name "" it stands for every unknown name. */
  bool broken;
} cds_variable_value;

/* What reading needs beside the node. */
typedef struct cds_reader {
  cds_arena *arena;
  cds_diag *diag;
  const cds_variable_value *variables;
  size_t variable_count;
} cds_reader;

/* Fills the struct at `out` from a mapping node. Reports all unknown,
 * duplicate, missing and malformed keys, and returns CDS_EINPUT then; the
 * fields of the wrong keys are left as those of absent ones without fallback,
 * so that the caller can look for more. Any
 * scalar may be an expression: numbers with units, $variables, + - * / ( ),
 * min(a,b), max(a,b), with dimensions checked ("2 * $glb", "$rows * 8 B").
 * A plain `source:`/`assumption:`/`note:` key is accepted in every schema that
 * lists it. */
cds_status cds_schema_read(void *out, const cds_schema *schema,
                           const cds_yaml *node, const cds_reader *reader);
/* Reports the first key that is nearly one of the names, of which the mapping
 * should have one; false when there is none. `where`: "an entry of 'levels'".
 */
bool cds_schema_report_slip(const cds_yaml *mapping, const char *const *names,
                            size_t count, const char *where,
                            const cds_reader *reader);
/* Whether a key that the schema does not have is nearly one of the names: it
 * was reported, and that the name is missing need not be said. */
bool cds_schema_has_slip(const cds_yaml *mapping, const cds_schema *schema,
                         const char *const *names, size_t count);
/* Reads one scalar node as a quantity of the dimension. `what` names it. */
cds_status cds_schema_quantity(cds_quantity *out, cds_dimension dimension,
                               const cds_yaml *node, const char *what,
                               const cds_reader *reader);
/* Reads one scalar node as a whole number in [low, high]. */
cds_status cds_schema_count(uint64_t *out, uint64_t low, uint64_t high,
                            const cds_yaml *node, const char *what,
                            const cds_reader *reader);
/* Reads one scalar as a name / a list of names. */
cds_status cds_schema_name(const char **out, const cds_yaml *node,
                           const char *what, const cds_reader *reader);
cds_status cds_schema_names(cds_names *out, const cds_yaml *node,
                            const char *what, const cds_reader *reader);

/* Values of an `explore: variables:` entry: a list, "256 KiB to 16 MiB by x2",
 * "0.55 V to 0.9 V by 0.05 V", or one value. The dimension follows from the
 * units (NONE for plain numbers; text choices when not numbers). At most
 * 100,000 values, each once; no other variables in them; the name is no
 * unit's. Stored in the arena, in the order written. */
typedef struct cds_value_list {
  const char *name;
  cds_place place;
  size_t count;
  cds_variable_value *values;
} cds_value_list;
cds_status cds_schema_values(cds_value_list *out, const char *name,
                             const cds_yaml *node, const cds_reader *reader);

/* Text of a value in the user's style: "64 KiB", "0.7 V", "16". */
const char *cds_variable_text(cds_arena *arena,
                              const cds_variable_value *value);

cds_status cds_schema_format(cds_format *out, const cds_yaml *node,
                             const char *what, const cds_reader *reader);

/* Writes the reference text of a schema (Markdown table) to the stream. */
void cds_schema_describe(const cds_schema *schema, FILE *stream);

#endif
