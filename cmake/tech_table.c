/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Of the build, not of the program: writes the files of archs/tech/ as tables
 * of C (src/tech/data.h), so that the program carries its numbers and reads
 * none when it runs.
 *
 *   tech_table -o tech_data.c FILE.yaml...
 *
 * Each number is {min, typ, max, source}, with `projection: true` where no
 * publication was at hand. What is refused, with file and line: a number
 * without a source, min above typ or typ above max, a unit that is missing or
 * of another dimension, unknown and missing keys, a class that is given twice.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "diag/diag.h"
#include "schema/schema.h"
#include "yaml/yaml.h"

/* A number of a class. */
typedef struct column {
  const char *key;   /* in the file, and the field of the struct */
  const char *field; /* NULL: the same as the key */
  const char *term;  /* of the energy, in the text that says where it is from;
                      * "": only its source is named there */
  cds_dimension dimension;
  bool required;
  double low, high; /* in the unit of the dimension */
  const char *help;
} column;

typedef struct model {
  const char *name, *type, *estimate, *kind; /* estimate NULL: of a device */
  const column *columns;
} model;

#define HUGE_RANGE 0, 1e30
static const column dram_columns[] = {
    {"activate", NULL, "activate", CDS_DIM_ENERGY_BIT, true, HUGE_RANGE,
     "Energy of opening rows, at the row_hit given here"},
    {"move", NULL, "move", CDS_DIM_ENERGY_BIT, true, HUGE_RANGE,
     "Energy of moving a bit between the rows and the interface"},
    {"io", NULL, "I/O", CDS_DIM_ENERGY_BIT, false, HUGE_RANGE,
     "Energy of the interface; none where a bond is charged apart"},
    {"row_hit", NULL, NULL, CDS_DIM_NONE, true, 0, 0.99,
     "Share of the accesses that find their row open"},
    {"background_per_bit", "background", NULL, CDS_DIM_POWER, true, HUGE_RANGE,
     "Standby power of a bit"},
    {"refresh_per_bit", "refresh", NULL, CDS_DIM_POWER, true, HUGE_RANGE,
     "Refresh power of a bit at or below 85 degC"},
    {"latency", NULL, NULL, CDS_DIM_TIME, false, HUGE_RANGE,
     "Time of an access that opens its row"},
    {"bandwidth", NULL, NULL, CDS_DIM_BANDWIDTH, false, HUGE_RANGE,
     "Peak of one channel, device or stack"},
    {.key = NULL}};
static const column cell_columns[] = {
    {"read", NULL, "read", CDS_DIM_ENERGY_BIT, true, HUGE_RANGE,
     "Energy of reading a bit"},
    {"write", NULL, "write", CDS_DIM_ENERGY_BIT, true, HUGE_RANGE,
     "Energy of writing a bit"},
    {"read_time", NULL, NULL, CDS_DIM_TIME, true, HUGE_RANGE,
     "Time of a read of one bank"},
    {"write_time", NULL, NULL, CDS_DIM_TIME, true, HUGE_RANGE,
     "Time of a write of one bank"},
    {"area_per_bit", "area", NULL, CDS_DIM_AREA, true, HUGE_RANGE,
     "Area of a bit with its share of what drives it"},
    {"leakage_per_bit", "leakage", NULL, CDS_DIM_POWER, true, HUGE_RANGE,
     "Standing power of what drives a bit"},
    {.key = NULL}};
static const column bond_columns[] = {
    {"pitch", NULL, NULL, CDS_DIM_LENGTH, true, HUGE_RANGE,
     "Range of the pitch; typ is the default"},
    {"energy_dense", "dense", "", CDS_DIM_ENERGY_BIT, true, HUGE_RANGE,
     "Energy of a bit at the least pitch"},
    {"energy_sparse", "sparse", "", CDS_DIM_ENERGY_BIT, true, HUGE_RANGE,
     "Energy of a bit at the greatest pitch"},
    {"data_share", NULL, NULL, CDS_DIM_NONE, true, 0, 1,
     "Share of the connections that carry data"},
    {"rate", NULL, NULL, CDS_DIM_BANDWIDTH, true, HUGE_RANGE,
     "Bandwidth of one connection"},
    {"keepout_area", "keepout", NULL, CDS_DIM_AREA, false, HUGE_RANGE,
     "Area of a die that one connection keeps free of transistors"},
    {.key = NULL}};
static const column link_columns[] = {
    {"energy", NULL, "", CDS_DIM_ENERGY_BIT, true, HUGE_RANGE,
     "Energy of a bit over one link, both ends"},
    {"module_bandwidth", "module_rate", NULL, CDS_DIM_BANDWIDTH, false,
     HUGE_RANGE, "Bandwidth of a module, both directions together"},
    {"module_edge", NULL, NULL, CDS_DIM_LENGTH, false, HUGE_RANGE,
     "Edge of the die that a module takes"},
    {"module_area", NULL, NULL, CDS_DIM_AREA, false, HUGE_RANGE,
     "Area of a module, one end"},
    {.key = NULL}};

static const column edram_columns[] = {
    {"read", NULL, "read", CDS_DIM_ENERGY_BIT, true, HUGE_RANGE,
     "Energy of reading a bit"},
    {"write", NULL, "write", CDS_DIM_ENERGY_BIT, true, HUGE_RANGE,
     "Energy of writing a bit"},
    {"refresh_energy", NULL, NULL, CDS_DIM_ENERGY_BIT, true, HUGE_RANGE,
     "Energy of refreshing a bit once"},
    {"retention", NULL, NULL, CDS_DIM_TIME, true, 1e-9, 1e12,
     "Time within which a bit is refreshed at 85 degC"},
    {"halving", NULL, NULL, CDS_DIM_NONE, true, 1, 1000,
     "K by which it is warmer where the retention is half"},
    {"access_time", "access", NULL, CDS_DIM_TIME, true, HUGE_RANGE,
     "Time from an address to the data"},
    {"cycle_time", "cycle", NULL, CDS_DIM_TIME, true, HUGE_RANGE,
     "Time between two accesses of one bank"},
    {"area_per_bit", "area", NULL, CDS_DIM_AREA, true, HUGE_RANGE,
     "Area of a bit with its share of what drives it"},
    {"leakage_per_bit", "leakage", NULL, CDS_DIM_POWER, true, HUGE_RANGE,
     "Standing power of what drives a bit, without refresh"},
    {.key = NULL}};
/* Beside devices of the base, at the same supply. */
static const column device_columns[] = {
    {"energy", NULL, "", CDS_DIM_NONE, true, 1e-3, 1e3,
     "Energy of an operation"},
    {"delay", NULL, NULL, CDS_DIM_NONE, true, 1e-3, 1e3,
     "Time of an operation at nominal supply"},
    {"leakage", NULL, NULL, CDS_DIM_NONE, true, 1e-15, 1e3,
     "Leakage power at nominal supply"},
    {"area", NULL, NULL, CDS_DIM_NONE, true, 1e-3, 1e3, "Area of logic"},
    {"threshold", NULL, NULL, CDS_DIM_VOLTAGE, true, -0.5, 0.5,
     "Shift of the threshold"},
    {"swing", NULL, NULL, CDS_DIM_VOLTAGE, false, 0.001, 0.5,
     "Supply for a decade of current below the threshold"},
    {"cells", NULL, NULL, CDS_DIM_NONE, true, 0, 1,
     "1 where static RAM is made of them, 0 where not"},
    {"temperature", NULL, NULL, CDS_DIM_TEMPERATURE, false, -273.15, 125,
     "Where these figures hold; 85 degC when not given"},
    {"cooling", NULL, NULL, CDS_DIM_NONE, false, HUGE_RANGE,
     "W that a cooler takes for one W"},
    {.key = NULL}};

static const model models[] = {
    {"bond", "cds_tech_bond", "cds_tech_estimate_bond", "CDS_COMPONENT_BOND",
     bond_columns},
    {"cell", "cds_tech_cell", "cds_tech_estimate_cell", "CDS_COMPONENT_STORAGE",
     cell_columns},
    {"device", "cds_tech_flavour", NULL, NULL, device_columns},
    {"dram", "cds_tech_dram", "cds_tech_estimate_dram", "CDS_COMPONENT_STORAGE",
     dram_columns},
    {"edram", "cds_tech_edram", "cds_tech_estimate_edram",
     "CDS_COMPONENT_STORAGE", edram_columns},
    {"link", "cds_tech_link", "cds_tech_estimate_link", "CDS_COMPONENT_LINK",
     link_columns}};
enum { MODELS = sizeof models / sizeof *models, COLUMNS_MAX = 10, COMMON = 6 };

/* ---- reading ------------------------------------------------------------- */

typedef struct raw_class {
  const char *name, *help, *model, *note;
  const char *base, *on; /* of a device */
  const cds_yaml *node[COLUMNS_MAX];
} raw_class;

typedef struct raw_figure {
  const cds_yaml *min, *typ, *max;
  const char *source, *note;
  bool projection;
} raw_figure;

typedef struct figure {
  double low, typ, high;
  const char *source;
  bool projection;
} figure;

#define ROW(type, key, of, field, ...)                                         \
  {                                                                            \
    .name = (key), .kind = CDS_KEY_##of, .offset = offsetof(type, field),      \
    __VA_ARGS__                                                                \
  }

static const cds_key figure_keys[] = {
    ROW(raw_figure, "min", NODE, min, .required = true),
    ROW(raw_figure, "typ", NODE, typ, .required = true),
    ROW(raw_figure, "max", NODE, max, .required = true),
    ROW(raw_figure, "source", TEXT, source, .required = true),
    ROW(raw_figure, "projection", BOOL, projection, .fallback = "false"),
    ROW(raw_figure, "note", TEXT, note, .required = false),
    {.name = NULL}};
static const cds_schema figure_schema = {"number", "A number", figure_keys};

typedef struct job {
  cds_reader reader;
  FILE *out;
  bool wrong;
  size_t classes;
  const char *class_name[256]; /* seen so far, in all files */
} job;

static void refuse(job *it, cds_place place, const char *name,
                   const char *what) {
  cds_diag_error(it->reader.diag, place, "'%s' %s", name, what);
  it->wrong = true;
}

/* One of the three values, in the unit of the dimension. */
static double value_of(job *it, const cds_yaml *node, const column *at) {
  cds_quantity out = {.value = (double)NAN};
  if (node == NULL) {
    return out.value; /* said by the schema */
  }
  if (cds_schema_quantity(&out, at->dimension, node, at->key, &it->reader) !=
      CDS_OK) {
    it->wrong = true;
    return (double)NAN;
  }
  if (out.per_cycle) {
    refuse(it, node->place, at->key,
           "counts cycles: expected a rate by the second");
  }
  if (!(out.value >= at->low && out.value <= at->high)) {
    refuse(it, node->place, at->key, "is out of its range");
  }
  return out.value;
}

static figure read_figure(job *it, const cds_yaml *node, const column *at) {
  figure out = {(double)NAN, (double)NAN, (double)NAN, NULL, false};
  raw_figure raw = {0};
  if (node == NULL) {
    return out;
  }
  if (cds_schema_read(&raw, &figure_schema, node, &it->reader) != CDS_OK) {
    it->wrong = true;
    return out;
  }
  out = (figure){value_of(it, raw.min, at), value_of(it, raw.typ, at),
                 value_of(it, raw.max, at), raw.source, raw.projection};
  if (out.low > out.typ || out.typ > out.high) {
    refuse(it, node->place, at->key,
           "is not in order: expected min <= typ <= max");
  }
  if (strlen(raw.source) < 10) {
    refuse(it, node->place, at->key,
           "has hardly a source: expected what can be looked up");
  }
  return out;
}

/* ---- writing ------------------------------------------------------------- */

static void put_text(FILE *out, const char *text) {
  fputc('"', out);
  for (; *text != '\0'; text++) {
    const unsigned char byte = (unsigned char)*text;
    if (byte == '"' || byte == '\\') {
      fprintf(out, "\\%c", byte);
    } else if (byte < 0x20 || byte > 0x7e) {
      fprintf(out, "\\%03o", (unsigned)byte);
    } else {
      fputc(byte, out);
    }
  }
  fputc('"', out);
}

static void put_number(FILE *out, double value) {
  char text[CDS_NUMBER_TEXT];
  const char *digits = cds_format_double(text, value);
  const bool whole = strpbrk(digits, ".eE") == NULL;
  fprintf(out, "%s%s", isnan(value) ? "CDS_TECH_NONE" : digits,
          whole && !isnan(value) ? ".0" : "");
}

static void put_figure(FILE *out, const column *at, const figure *value) {
  fprintf(out, "    .%s = {", at->field == NULL ? at->key : at->field);
  put_number(out, value->low);
  fputs(", ", out);
  put_number(out, value->typ);
  fputs(", ", out);
  put_number(out, value->high);
  fputs(", ", out);
  if (value->source == NULL) {
    fputs("NULL", out);
  } else {
    put_text(out, value->source);
  }
  fprintf(out, ", %s},\n", value->projection ? "true" : "false");
}

/* "5 activate, 7 move, 6 I/O pJ/bit: ", where terms have names. */
static void put_terms(FILE *out, const column *columns, const figure *values) {
  char number[CDS_NUMBER_TEXT];
  const char *before = "";
  for (unsigned c = 0; columns[c].key != NULL; c++) {
    const char *term = columns[c].term;
    if (term != NULL && *term != '\0' && values[c].source != NULL) {
      fprintf(out, "        \"%s%s %s\"\n", before,
              cds_format_double(number, values[c].typ), term);
      before = ", ";
    }
  }
  fprintf(out, "        \"%s\"\n", *before == '\0' ? "" : " pJ/bit: ");
}

/* Whether a term of the energy before this one has the same source. */
static bool said_before(const column *columns, const figure *values,
                        unsigned at) {
  for (unsigned c = 0; c < at; c++) {
    if (columns[c].term != NULL && values[c].source != NULL &&
        strcmp(values[c].source, values[at].source) == 0) {
      return true;
    }
  }
  return false;
}

/* The terms, and each of their sources once. */
static void put_energy_source(FILE *out, const column *columns,
                              const figure *values) {
  const char *before = "";
  bool projection = false;
  fputs("    .energy_source =\n", out);
  put_terms(out, columns, values);
  for (unsigned c = 0; columns[c].key != NULL; c++) {
    if (columns[c].term == NULL || values[c].source == NULL) {
      continue;
    }
    projection = projection || values[c].projection;
    if (!said_before(columns, values, c)) {
      fprintf(out, "        \"%s\" ", before);
      put_text(out, values[c].source);
      fputc('\n', out);
      before = "; ";
    }
  }
  fprintf(out, "        \"%s\"};\n", projection ? " (projection)" : "");
}

enum { ID_ROOM = 80 };

static void identify(char id[ID_ROOM], const char *name) {
  size_t length = 0;
  for (; name[length] != '\0' && length + 1 < ID_ROOM; length++) {
    const char letter = name[length];
    id[length] = isalnum((unsigned char)letter) ? letter : '_';
  }
  id[length] = '\0';
}

static void put_device(job *it, const raw_class *raw, const model *of,
                       const figure *values) {
  char id[ID_ROOM];
  const bool low = raw->base != NULL && strcmp(raw->base, "lp") == 0;
  identify(id, raw->name);
  fprintf(it->out, "\nconst %s cds_tech_flavour_%s = {\n    .name = ", of->type,
          id);
  put_text(it->out, raw->name);
  fputs(",\n    .help = ", it->out);
  put_text(it->out, raw->help);
  fputs(",\n    .on = ", it->out);
  put_text(it->out, raw->on == NULL ? "" : raw->on);
  fprintf(it->out, ",\n    .base = %s,\n", low ? "CDS_TECH_LP" : "CDS_TECH_HP");
  for (unsigned c = 0; of->columns[c].key != NULL; c++) {
    put_figure(it->out, &of->columns[c], &values[c]);
  }
  put_energy_source(it->out, of->columns, values);
}

static void put_class(job *it, const raw_class *raw, const model *of,
                      const figure *values) {
  char id[ID_ROOM];
  identify(id, raw->name);
  fprintf(it->out, "\nstatic const %s table_%s = {\n", of->type, id);
  for (unsigned c = 0; of->columns[c].key != NULL; c++) {
    put_figure(it->out, &of->columns[c], &values[c]);
  }
  put_energy_source(it->out, of->columns, values);
  fprintf(it->out,
          "const cds_component cds_component_%s = {\n    .name = ", id);
  put_text(it->out, raw->name);
  fprintf(it->out, ",\n    .kind = %s,\n    .help = ", of->kind);
  put_text(it->out, raw->help);
  fprintf(it->out, ",\n    .estimate = %s,\n    .table = &table_%s};\n",
          of->estimate, id);
}

/* ---- classes ------------------------------------------------------------- */

static const model *model_of(job *it, const cds_yaml *node) {
  const cds_yaml *name =
      node->kind == CDS_YAML_MAPPING ? cds_yaml_get(node, "model") : NULL;
  const char *names[MODELS];
  if (name == NULL || name->kind != CDS_YAML_SCALAR) {
    refuse(it, node->place, "model",
           "is missing: expected bond, cell, device, dram, edram or link");
    return NULL;
  }
  for (unsigned m = 0; m < MODELS; m++) {
    names[m] = models[m].name;
    if (strcmp(name->text, models[m].name) == 0) {
      return &models[m];
    }
  }
  refuse(it, name->place, name->text, "is no model");
  cds_diag_suggest(it->reader.diag, name->text, names, MODELS);
  return NULL;
}

/* The keys of a class of this model: its name, and its numbers as nodes. */
static void class_keys(cds_key keys[COLUMNS_MAX + COMMON + 1],
                       const model *of) {
  static const cds_key common[] = {
      ROW(raw_class, "class", NAME, name, .required = true),
      ROW(raw_class, "model", NAME, model, .required = true),
      ROW(raw_class, "help", TEXT, help, .required = true),
      ROW(raw_class, "note", TEXT, note, .required = false),
      ROW(raw_class, "base", NAME, base, .required = true),
      ROW(raw_class, "on", TEXT, on, .required = true)};
  const unsigned shared = of->estimate == NULL ? COMMON : COMMON - 2;
  unsigned count = 0;
  for (; count < shared; count++) {
    keys[count] = common[count];
  }
  for (unsigned c = 0; of->columns[c].key != NULL; c++) {
    keys[count++] = (cds_key){.name = of->columns[c].key,
                              .kind = CDS_KEY_NODE,
                              .offset = offsetof(raw_class, node) +
                                        c * sizeof(const cds_yaml *),
                              .required = of->columns[c].required};
  }
  keys[count] = (cds_key){.name = NULL};
}

static bool is_new(job *it, const char *name, cds_place place) {
  for (size_t c = 0; c < it->classes; c++) {
    if (strcmp(it->class_name[c], name) == 0) {
      refuse(it, place, name, "is given twice: expected each class once");
      return false;
    }
  }
  if (it->classes == sizeof it->class_name / sizeof *it->class_name) {
    refuse(it, place, name, "is one class too many");
    return false;
  }
  it->class_name[it->classes++] = name;
  return true;
}

static void read_class(job *it, const cds_yaml *node) {
  cds_key keys[COLUMNS_MAX + COMMON + 1];
  figure values[COLUMNS_MAX];
  raw_class raw = {0};
  const model *of = model_of(it, node);
  if (of == NULL) {
    return;
  }
  class_keys(keys, of);
  const cds_schema schema = {"class", "A component class", keys};
  const bool read = cds_schema_read(&raw, &schema, node, &it->reader) == CDS_OK;
  it->wrong = it->wrong || !read;
  for (unsigned c = 0; of->columns[c].key != NULL; c++) {
    values[c] = read_figure(it, raw.node[c], &of->columns[c]);
  }
  if (read && raw.base != NULL && strcmp(raw.base, "hp") != 0 &&
      strcmp(raw.base, "lp") != 0) {
    refuse(it, node->place, raw.base, "is no base: expected hp or lp");
  }
  if (read && is_new(it, raw.name, node->place) && !it->wrong) {
    (of->estimate == NULL ? put_device : put_class)(it, &raw, of, values);
  }
}

static void read_file(job *it, const char *path) {
  typedef struct raw_file {
    const char *technology;
    const cds_yaml *classes;
  } raw_file;
  static const cds_key keys[] = {
      ROW(raw_file, "technology", NAME, technology, .required = true),
      ROW(raw_file, "classes", NODE, classes, .required = true),
      {.name = NULL}};
  static const cds_schema schema = {"technology", "A technology file", keys};
  const cds_yaml *root = NULL;
  raw_file raw = {0};
  if (cds_yaml_read_file(&root, path, it->reader.arena, it->reader.diag) !=
          CDS_OK ||
      cds_schema_read(&raw, &schema, root, &it->reader) != CDS_OK) {
    it->wrong = true;
    return;
  }
  if (raw.classes->kind != CDS_YAML_SEQUENCE) {
    refuse(it, raw.classes->place, "classes",
           "is no list: expected one of classes");
    return;
  }
  fprintf(it->out, "\n/* %s */\n", raw.technology);
  for (size_t c = 0; c < raw.classes->count; c++) {
    read_class(it, raw.classes->items[c]);
  }
}

/* Reads all files and writes the tables; true when nothing is wrong. */
static bool convert(FILE *out, char **files, int count, cds_arena *arena) {
  job it = {.reader = {arena, cds_diag_new(arena), NULL, 0}, .out = out};
  fputs("/* Written by cmake/tech_table.c from archs/tech: change those. */\n"
        "#include \"tech/data.h\"\n#include \"tech/internal.h\"\n",
        out);
  for (int file = 0; file < count; file++) {
    read_file(&it, files[file]);
  }
  cds_diag_write(it.reader.diag, stderr, CDS_DIAG_TEXT);
  return !it.wrong;
}

int main(int argc, char **argv) {
  if (argc < 4 || strcmp(argv[1], "-o") != 0) {
    fputs("usage: tech_table -o OUT.c FILE.yaml...\n", stderr);
    return 2;
  }
  cds_arena *arena = cds_arena_new();
  FILE *out = fopen(argv[2], "w");
  if (arena == NULL || out == NULL) {
    fprintf(stderr, "tech_table: cannot write '%s'\n", argv[2]);
    return 5;
  }
  const bool right = convert(out, argv + 3, argc - 3, arena);
  const bool written = ferror(out) == 0;
  cds_arena_free(arena);
  if (fclose(out) != 0 || !written || !right) {
    remove(argv[2]); /* so that a build does not take it for good */
    return right ? 5 : 1;
  }
  return 0;
}
