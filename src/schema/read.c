/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fills a struct from a mapping by its table of keys. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "schema/internal.h"

/* One reading of a mapping. */
typedef struct pass {
  const cds_schema *schema;
  const cds_yaml *node;
  const cds_reader *reader;
  unsigned char *out;
  const char *title; /* "level 'GLB'" */
} pass;

static size_t key_count(const cds_schema *schema) {
  size_t count = 0;
  while (schema->keys[count].name != NULL) {
    count++;
  }
  return count;
}

/* The schema's name with the name that the user gave to this one. */
static const char *title_of(const cds_schema *schema, const cds_yaml *node,
                            cds_arena *arena) {
  const cds_yaml *name = cds_yaml_get(node, schema->name);
  if (name == NULL) {
    name = cds_yaml_get(node, "name");
  }
  if (name == NULL || name->kind != CDS_YAML_SCALAR) {
    return schema->name;
  }
  char clipped[CDS_CLIP];
  return cds_arena_printf(arena, "%s '%s'", schema->name,
                          cds_clip(clipped, name->text));
}

static void report_unknown(const pass *p, const cds_yaml *key) {
  const size_t count = key_count(p->schema);
  const char **const names =
      cds_arena_array(p->reader->arena, count, sizeof *names);
  char clipped[CDS_CLIP];
  cds_diag_error(p->reader->diag, key->place, "unknown key '%s' in %s",
                 cds_clip(clipped, key->text), p->title);
  if (names == NULL) {
    return;
  }
  for (size_t i = 0; i < count; i++) {
    names[i] = p->schema->keys[i].name;
  }
  cds_diag_suggest(p->reader->diag, key->text, names, count);
}

static bool has_range(const cds_key *key) {
  return key->low != 0 || key->high != 0;
}

static cds_status check_range(const cds_key *key, const cds_subject *subject,
                              double value, const cds_reader *reader) {
  if (!has_range(key) || (value >= key->low && value <= key->high)) {
    return CDS_OK;
  }
  const cds_subject ranged = {subject->node, subject->what,
                              cds_range_text(key, reader->arena)};
  return ranged.expected != NULL ? cds_refuse(&ranged, NULL, reader)
                                 : CDS_ENOMEM;
}

/* NUMBER, QUANTITY, BANDWIDTH and ENERGY. */
static cds_status read_quantity(const pass *p, const cds_key *key,
                                const cds_yaml *node) {
  cds_dimension dimension = key->dimension;
  const char *expected = NULL;
  if (key->kind == CDS_KEY_BANDWIDTH) {
    dimension = CDS_DIM_BANDWIDTH;
  } else if (key->kind == CDS_KEY_ENERGY) {
    dimension = CDS_DIM_ENERGY;
    expected = "an energy, such as '3.5 pJ' or '0.5 pJ/bit'";
  } else if (key->kind == CDS_KEY_NUMBER) {
    dimension = CDS_DIM_NONE;
  }
  if (expected == NULL) {
    expected = cds_dimension_expected(dimension);
  }
  const cds_subject subject = {node, key->name, expected};
  cds_variable_value value;
  CDS_TRY(cds_read_number(&value, &subject, dimension, p->reader));
  const bool per_bit = value.dimension == CDS_DIM_ENERGY_BIT;
  if (per_bit && key->kind != CDS_KEY_ENERGY &&
      dimension != CDS_DIM_ENERGY_BIT) {
    return cds_refuse(&subject, NULL, p->reader);
  }
  CDS_TRY(check_range(key, &subject, value.number, p->reader));
  if (key->kind == CDS_KEY_BANDWIDTH || key->kind == CDS_KEY_ENERGY) {
    const cds_quantity quantity = {value.number, value.per_cycle, per_bit};
    memcpy(p->out + key->offset, &quantity, sizeof quantity);
  } else {
    memcpy(p->out + key->offset, &value.number, sizeof value.number);
  }
  return CDS_OK;
}

static cds_status read_count(const pass *p, const cds_key *key,
                             const cds_yaml *node) {
  /* 2^64 and beyond means no upper limit. */
  const double two_to_64 = 0x1p64;
  uint64_t low = 0;
  uint64_t high = UINT64_MAX;
  if (has_range(key)) {
    low = key->low > 0 ? (uint64_t)key->low : 0;
    high = key->high < two_to_64 ? (uint64_t)key->high : UINT64_MAX;
  }
  uint64_t count = 0;
  CDS_TRY(cds_schema_count(&count, low, high, node, key->name, p->reader));
  memcpy(p->out + key->offset, &count, sizeof count);
  return CDS_OK;
}

static cds_status read_bool(const pass *p, const cds_key *key,
                            const cds_yaml *node) {
  const cds_subject subject = {node, key->name, "'true' or 'false'"};
  const char *text = NULL;
  CDS_TRY(cds_read_text(&text, &subject, p->reader));
  const bool value = strcmp(text, "true") == 0;
  if (!value && strcmp(text, "false") != 0) {
    return cds_refuse(&subject, NULL, p->reader);
  }
  memcpy(p->out + key->offset, &value, sizeof value);
  return CDS_OK;
}

/* "'bus', 'mesh' or 'tree'". */
static const char *choices_text(const cds_key *key, cds_arena *arena) {
  const char *list = "";
  for (size_t i = 0; key->choices[i] != NULL && list != NULL; i++) {
    const bool last = key->choices[i + 1] == NULL;
    const char *const separator = i == 0 ? "" : last ? " or " : ", ";
    list =
        cds_arena_printf(arena, "%s%s'%s'", list, separator, key->choices[i]);
  }
  return list;
}

static cds_status read_choice(const pass *p, const cds_key *key,
                              const cds_yaml *node) {
  const cds_subject subject = {node, key->name,
                               choices_text(key, p->reader->arena)};
  if (subject.expected == NULL) {
    return CDS_ENOMEM;
  }
  const char *text = NULL;
  CDS_TRY(cds_read_text(&text, &subject, p->reader));
  unsigned choice = 0;
  while (key->choices[choice] != NULL &&
         strcmp(key->choices[choice], text) != 0) {
    choice++;
  }
  if (key->choices[choice] == NULL) {
    const cds_status status = cds_refuse(&subject, NULL, p->reader);
    (void)cds_diag_did_you_mean(p->reader->diag, text, key->choices, choice);
    return status;
  }
  memcpy(p->out + key->offset, &choice, sizeof choice);
  return CDS_OK;
}

static cds_status read_words(const pass *p, const cds_key *key,
                             const cds_yaml *node) {
  const char *text = NULL;
  if (key->kind == CDS_KEY_NAME) {
    CDS_TRY(cds_schema_name(&text, node, key->name, p->reader));
  } else {
    const cds_subject subject = {node, key->name, "a text"};
    CDS_TRY(cds_require_scalar(&subject, p->reader));
    text = node->text;
    if (text[0] == '$' && cds_is_name(text + 1)) {
      CDS_TRY(cds_read_text(&text, &subject, p->reader));
    }
  }
  memcpy(p->out + key->offset, &text, sizeof text);
  return CDS_OK;
}

static cds_status read_key(const pass *p, const cds_key *key,
                           const cds_yaml *node) {
  cds_format format = {.bits = 0};
  cds_names names = {.count = 0};
  switch (key->kind) {
  case CDS_KEY_TEXT:
  case CDS_KEY_NAME:
    return read_words(p, key, node);
  case CDS_KEY_BOOL:
    return read_bool(p, key, node);
  case CDS_KEY_COUNT:
    return read_count(p, key, node);
  case CDS_KEY_NUMBER:
  case CDS_KEY_QUANTITY:
  case CDS_KEY_BANDWIDTH:
  case CDS_KEY_ENERGY:
    return read_quantity(p, key, node);
  case CDS_KEY_CHOICE:
    return read_choice(p, key, node);
  case CDS_KEY_FORMAT:
    CDS_TRY(cds_schema_format(&format, node, key->name, p->reader));
    memcpy(p->out + key->offset, &format, sizeof format);
    return CDS_OK;
  case CDS_KEY_NAMES:
    CDS_TRY(cds_schema_names(&names, node, key->name, p->reader));
    memcpy(p->out + key->offset, &names, sizeof names);
    return CDS_OK;
  case CDS_KEY_NODE:
    break;
  }
  memcpy(p->out + key->offset, &node, sizeof node);
  return CDS_OK;
}

/* What an absent key without a fallback leaves behind. */
static void clear_key(const pass *p, const cds_key *key) {
  static const union {
    cds_names names;
    cds_format format;
    cds_quantity quantity;
    uint64_t count;
  } zero;
  static const size_t sizes[] = {[CDS_KEY_TEXT] = sizeof(const char *),
                                 [CDS_KEY_NAME] = sizeof(const char *),
                                 [CDS_KEY_BOOL] = sizeof(bool),
                                 [CDS_KEY_COUNT] = sizeof(uint64_t),
                                 [CDS_KEY_NUMBER] = sizeof(double),
                                 [CDS_KEY_QUANTITY] = sizeof(double),
                                 [CDS_KEY_BANDWIDTH] = sizeof(cds_quantity),
                                 [CDS_KEY_ENERGY] = sizeof(cds_quantity),
                                 [CDS_KEY_CHOICE] = sizeof(unsigned),
                                 [CDS_KEY_FORMAT] = sizeof(cds_format),
                                 [CDS_KEY_NAMES] = sizeof(cds_names),
                                 [CDS_KEY_NODE] = sizeof(const cds_yaml *)};
  const double none = (double)NAN;
  const cds_quantity no_quantity = {.value = none};
  unsigned char *const field = p->out + key->offset;
  if (key->kind == CDS_KEY_NUMBER || key->kind == CDS_KEY_QUANTITY) {
    memcpy(field, &none, sizeof none);
  } else if (key->kind == CDS_KEY_BANDWIDTH || key->kind == CDS_KEY_ENERGY) {
    memcpy(field, &no_quantity, sizeof no_quantity);
  } else {
    memcpy(field, &zero, sizes[key->kind]);
  }
}

static const char *expected_text(const cds_key *key) {
  static const char *const texts[] = {
      [CDS_KEY_TEXT] = "a text",
      [CDS_KEY_NAME] = "a name",
      [CDS_KEY_BOOL] = "'true' or 'false'",
      [CDS_KEY_COUNT] = "a whole number",
      [CDS_KEY_NUMBER] = "a plain number without unit",
      [CDS_KEY_QUANTITY] = NULL,
      [CDS_KEY_BANDWIDTH] = "a bandwidth, such as '64 B/cycle' or '1 TB/s'",
      [CDS_KEY_ENERGY] = "an energy, such as '3.5 pJ' or '0.5 pJ/bit'",
      [CDS_KEY_CHOICE] = "a choice",
      [CDS_KEY_FORMAT] = "a number format, such as 'int8' or '8 bit'",
      [CDS_KEY_NAMES] = "a name or a list of names",
      [CDS_KEY_NODE] = "a value"};
  return key->kind == CDS_KEY_QUANTITY ? cds_dimension_expected(key->dimension)
                                       : texts[key->kind];
}

static const cds_key *find_key(const cds_schema *schema, const char *name) {
  for (const cds_key *key = schema->keys; key->name != NULL; key++) {
    if (strcmp(key->name, name) == 0) {
      return key;
    }
  }
  return NULL;
}

static cds_status read_absent(const pass *p, const cds_key *key) {
  if (key->required && cds_schema_has_slip(p->node, p->schema, &key->name, 1)) {
    return CDS_EINPUT;
  }
  if (key->required) {
    const char *expected = expected_text(key);
    if (key->kind == CDS_KEY_CHOICE) {
      expected = choices_text(key, p->reader->arena);
    }
    if (expected == NULL) {
      return CDS_ENOMEM;
    }
    cds_diag_error(p->reader->diag, p->node->place,
                   "missing key '%s' in %s: expected %s", key->name, p->title,
                   expected);
    return CDS_EINPUT;
  }
  if (key->fallback == NULL || key->kind == CDS_KEY_NODE) {
    clear_key(p, key);
    return CDS_OK;
  }
  cds_yaml *const node = cds_arena_alloc(p->reader->arena, sizeof *node);
  if (node == NULL) {
    return CDS_ENOMEM;
  }
  node->place = p->node->place;
  node->text = key->fallback;
  return read_key(p, key, node);
}

bool cds_schema_has_slip(const cds_yaml *mapping, const cds_schema *schema,
                         const char *const *names, size_t count) {
  for (size_t i = 0; i < mapping->count; i++) {
    const char *text = mapping->keys[i]->text;
    if (find_key(schema, text) == NULL &&
        cds_nearest(text, names, count) != NULL) {
      return true;
    }
  }
  return false;
}

bool cds_schema_report_slip(const cds_yaml *mapping, const char *const *names,
                            size_t count, const char *where,
                            const cds_reader *reader) {
  for (size_t i = 0; i < mapping->count; i++) {
    const cds_yaml *key = mapping->keys[i];
    if (cds_nearest(key->text, names, count) != NULL) {
      char clipped[CDS_CLIP];
      cds_diag_error(reader->diag, key->place, "unknown key '%s' in %s",
                     cds_clip(clipped, key->text), where);
      cds_diag_suggest(reader->diag, key->text, names, count);
      return true;
    }
  }
  return false;
}

cds_status cds_schema_read(void *out, const cds_schema *schema,
                           const cds_yaml *node, const cds_reader *reader) {
  if (node->kind != CDS_YAML_MAPPING) {
    cds_diag_error(reader->diag, node->place,
                   "%s is a %s: expected a mapping of keys to values",
                   schema->name,
                   node->kind == CDS_YAML_SEQUENCE ? "list" : "single value");
    return CDS_EINPUT;
  }
  pass p = {schema, node, reader, out, title_of(schema, node, reader->arena)};
  if (p.title == NULL) {
    return CDS_ENOMEM;
  }
  cds_status worst = CDS_OK;
  for (size_t i = 0; i < node->count; i++) {
    const cds_key *const key = find_key(schema, node->keys[i]->text);
    cds_status status = CDS_EINPUT;
    if (key == NULL) {
      report_unknown(&p, node->keys[i]);
    } else {
      status = read_key(&p, key, node->items[i]);
    }
    if (key != NULL && status != CDS_OK) {
      clear_key(&p, key);
    }
    worst = status > worst ? status : worst;
  }
  for (const cds_key *key = schema->keys; key->name != NULL; key++) {
    if (cds_yaml_get(node, key->name) == NULL) {
      const cds_status status = read_absent(&p, key);
      if (status != CDS_OK) {
        clear_key(&p, key);
      }
      worst = status > worst ? status : worst;
    }
  }
  return worst;
}
