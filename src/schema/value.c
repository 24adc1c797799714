/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads one scalar: quantities, counts, names. The messages for all of them. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "schema/internal.h"

const char *cds_clip(char buffer[CDS_CLIP], const char *text) {
  const size_t most = 60;
  size_t length = strnlen(text, most + 1);
  const bool cut = length > most;
  if (cut) {
    length = most;
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
      length--; /* not in the middle of a character */
    }
  }
  memcpy(buffer, text, length);
  memcpy(buffer + length, cut ? "..." : "", cut ? 4 : 1);
  return buffer;
}

/* Quotes around a key, none around a phrase that has its own. */
static const char *quote(const char *what) {
  return strchr(what, '\'') != NULL ? "" : "'";
}

static bool in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_';
}

/* Whether the text uses the variable as $name. */
static bool uses(const char *text, const char *name) {
  const size_t length = strlen(name);
  for (const char *at = strchr(text, '$'); at != NULL;
       at = strchr(at + 1, '$')) {
    if (strncmp(at + 1, name, length) == 0 && !in_name(at[1 + length])) {
      return true;
    }
  }
  return false;
}

/* What an expression gives, " = 0 bit (with c = 0 bit)", and "" for texts that
 * say it themselves, or whose value the message explains. NULL when memory is
 * exhausted. */
static const char *result_text(const char *text, bool explained,
                               const cds_reader *reader) {
  cds_evaluation evaluation;
  if (strpbrk(text, "$*(") == NULL) {
    return "";
  }
  const cds_status status = cds_evaluate(&evaluation, text, reader);
  if (status != CDS_OK) {
    return status == CDS_EINPUT ? "" : NULL;
  }
  if (evaluation.value.text != NULL && explained) {
    return "";
  }
  const char *result = cds_variable_text(reader->arena, &evaluation.value);
  result =
      result != NULL ? cds_arena_printf(reader->arena, " = %s", result) : NULL;
  if (text[0] == '$' && cds_is_name(text + 1)) {
    return result;
  }
  const char *start = " (with";
  bool any = false;
  for (size_t i = 0; i < reader->variable_count && result != NULL; i++) {
    const cds_variable_value *const v = &reader->variables[i];
    if (!v->broken && uses(text, v->name)) {
      const char *const value = cds_variable_text(reader->arena, v);
      result = value == NULL ? NULL
                             : cds_arena_printf(reader->arena, "%s%s %s = %s",
                                                result, start, v->name, value);
      start = ",";
      any = true;
    }
  }
  return any && result != NULL ? cds_arena_printf(reader->arena, "%s)", result)
                               : result;
}

cds_status cds_refuse(const cds_subject *subject, const char *problem,
                      const cds_reader *reader) {
  char clipped[CDS_CLIP];
  const char *const q = quote(subject->what);
  const char *const text = cds_clip(clipped, subject->node->text);
  const char *const result =
      result_text(subject->node->text, problem != NULL, reader);
  if (result == NULL) {
    return CDS_ENOMEM;
  }
  if (problem == NULL) {
    cds_diag_error(reader->diag, subject->node->place,
                   "%s%s%s is '%s'%s: expected %s", q, subject->what, q, text,
                   result, subject->expected);
  } else {
    cds_diag_error(reader->diag, subject->node->place,
                   "%s%s%s is '%s'%s: %s: expected %s", q, subject->what, q,
                   text, result, problem, subject->expected);
  }
  return CDS_EINPUT;
}

static void suggest_variable(const char *name, const cds_reader *reader) {
  const size_t count = reader->variable_count;
  const char **const names =
      cds_arena_array(reader->arena, count, sizeof *names);
  if (names == NULL) {
    return;
  }
  for (size_t i = 0; i < count; i++) {
    names[i] =
        cds_arena_printf(reader->arena, "$%s", reader->variables[i].name);
    if (names[i] == NULL) {
      return;
    }
  }
  const char *const wrong = cds_arena_printf(reader->arena, "$%s", name);
  if (wrong != NULL) {
    cds_diag_suggest(reader->diag, wrong, names, count);
  }
}

cds_status cds_refuse_evaluation(const cds_subject *subject,
                                 const cds_evaluation *evaluation,
                                 cds_dimension dimension,
                                 const cds_reader *reader) {
  if (evaluation->broken) {
    return CDS_EINPUT;
  }
  const char first = subject->node->text[0];
  const bool is_word = evaluation->unknown_variable == NULL &&
                       cds_is_name(subject->node->text) && first != '$';
  const cds_status status =
      cds_refuse(subject, is_word ? NULL : evaluation->problem, reader);
  if (status == CDS_ENOMEM) {
    return status;
  }
  if (evaluation->unknown_unit != NULL) {
    cds_unit_suggest(reader->diag, evaluation->unknown_unit, dimension);
  } else if (evaluation->unknown_variable != NULL) {
    suggest_variable(evaluation->unknown_variable, reader);
  }
  return CDS_EINPUT;
}

cds_status cds_require_scalar(const cds_subject *subject,
                              const cds_reader *reader) {
  const cds_yaml *const node = subject->node;
  const char *const q = quote(subject->what);
  if (node->kind != CDS_YAML_SCALAR) {
    cds_diag_error(reader->diag, node->place, "%s%s%s is a %s: expected %s", q,
                   subject->what, q,
                   node->kind == CDS_YAML_SEQUENCE ? "list" : "mapping",
                   subject->expected);
    return CDS_EINPUT;
  }
  if (node->text[0] == '\0') {
    cds_diag_error(reader->diag, node->place,
                   "%s%s%s has no value: expected %s", q, subject->what, q,
                   subject->expected);
    return CDS_EINPUT;
  }
  return CDS_OK;
}

cds_status cds_read_number(cds_variable_value *out, const cds_subject *subject,
                           cds_dimension dimension, const cds_reader *reader) {
  CDS_TRY(cds_require_scalar(subject, reader));
  cds_evaluation evaluation;
  const cds_status status =
      cds_evaluate(&evaluation, subject->node->text, reader);
  if (status == CDS_EINPUT) {
    return cds_refuse_evaluation(subject, &evaluation, dimension, reader);
  }
  CDS_TRY(status);
  if (evaluation.value.text != NULL) {
    const char *const problem =
        cds_arena_printf(reader->arena, "that variable is the text '%.60s'",
                         evaluation.value.text);
    return problem != NULL ? cds_refuse(subject, problem, reader) : CDS_ENOMEM;
  }
  const bool energy_either = dimension == CDS_DIM_ENERGY &&
                             evaluation.value.dimension == CDS_DIM_ENERGY_BIT;
  if (evaluation.value.dimension != dimension && !energy_either) {
    return cds_refuse(subject, NULL, reader);
  }
  if (dimension == CDS_DIM_BITS &&
      evaluation.value.number != floor(evaluation.value.number)) {
    return cds_refuse(subject, "not a whole number of bits", reader);
  }
  *out = evaluation.value;
  return CDS_OK;
}

cds_status cds_schema_quantity(cds_quantity *out, cds_dimension dimension,
                               const cds_yaml *node, const char *what,
                               const cds_reader *reader) {
  const cds_subject subject = {node, what, cds_dimension_expected(dimension)};
  cds_variable_value value = {0};
  CDS_TRY(cds_read_number(&value, &subject, dimension, reader));
  if (value.dimension != dimension) {
    return cds_refuse(&subject, NULL, reader);
  }
  *out = (cds_quantity){.value = value.number,
                        .per_cycle = value.per_cycle,
                        .per_bit = dimension == CDS_DIM_ENERGY_BIT};
  return CDS_OK;
}

/* Digits alone are read exactly, beyond what a double can hold. */
static bool parse_digits(uint64_t *out, const char *text) {
  uint64_t value = 0;
  const char *c = text;
  for (; *c >= '0' && *c <= '9'; c++) {
    if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
        __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value)) {
      return false;
    }
  }
  *out = value;
  return c != text && *c == '\0';
}

/* "65536", or "2^40" for large powers of two. */
static const char *count_text(uint64_t value, cds_arena *arena) {
  if (value >= UINT64_C(1) << 20 && (value & (value - 1)) == 0) {
    return cds_arena_printf(arena, "2^%d", __builtin_ctzll(value));
  }
  return cds_arena_printf(arena, "%" PRIu64, value);
}

/* "a whole number, 1 to 2^40". */
static const char *count_expected(uint64_t low, uint64_t high,
                                  cds_arena *arena) {
  const char *const from = count_text(low, arena);
  const char *const to = count_text(high, arena);
  if (from == NULL || to == NULL) {
    return NULL;
  }
  return high == UINT64_MAX
             ? cds_arena_printf(arena, "a whole number, at least %s", from)
             : cds_arena_printf(arena, "a whole number, %s to %s", from, to);
}

cds_status cds_schema_count(uint64_t *out, uint64_t low, uint64_t high,
                            const cds_yaml *node, const char *what,
                            const cds_reader *reader) {
  const char *const expected = count_expected(low, high, reader->arena);
  if (expected == NULL) {
    return CDS_ENOMEM;
  }
  const cds_subject subject = {node, what, expected};
  CDS_TRY(cds_require_scalar(&subject, reader));
  uint64_t count = 0;
  if (!parse_digits(&count, node->text)) {
    cds_variable_value value = {.number = 0};
    CDS_TRY(cds_read_number(&value, &subject, CDS_DIM_NONE, reader));
    const double exact_max = 0x1p53;
    if (value.number < 0 || value.number > exact_max ||
        value.number != floor(value.number)) {
      return cds_refuse(&subject, NULL, reader);
    }
    count = (uint64_t)value.number;
  }
  if (count < low || count > high) {
    return cds_refuse(&subject, NULL, reader);
  }
  *out = count;
  return CDS_OK;
}

bool cds_is_name(const char *text) {
  const size_t most = 64;
  size_t length = 0;
  for (; text[length] != '\0'; length++) {
    const char c = text[length];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool other =
        (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (!letter && (length == 0 || !other)) {
      return false;
    }
  }
  return length > 0 && length <= most;
}

cds_status cds_read_text(const char **out, const cds_subject *subject,
                         const cds_reader *reader) {
  CDS_TRY(cds_require_scalar(subject, reader));
  const char *const text = subject->node->text;
  if (text[0] != '$') {
    *out = text;
    return CDS_OK;
  }
  cds_evaluation evaluation;
  const cds_status status = cds_evaluate(&evaluation, text, reader);
  if (status == CDS_EINPUT) {
    return cds_refuse_evaluation(subject, &evaluation, CDS_DIM_NONE, reader);
  }
  CDS_TRY(status);
  if (evaluation.value.text == NULL) {
    return cds_refuse(subject, "that is a number", reader);
  }
  *out = evaluation.value.text;
  return CDS_OK;
}

static const char name_expected[] =
    "a name: a letter, then at most 63 letters, digits, '_', '-' or '.'";

cds_status cds_schema_name(const char **out, const cds_yaml *node,
                           const char *what, const cds_reader *reader) {
  const cds_subject subject = {node, what, name_expected};
  const char *text = NULL;
  CDS_TRY(cds_read_text(&text, &subject, reader));
  if (text == NULL || !cds_is_name(text)) {
    return cds_refuse(&subject, NULL, reader);
  }
  *out = text;
  return CDS_OK;
}

cds_status cds_schema_names(cds_names *out, const cds_yaml *node,
                            const char *what, const cds_reader *reader) {
  if (node->kind == CDS_YAML_MAPPING) {
    const cds_subject subject = {node, what, "a name or a list of names"};
    return cds_require_scalar(&subject, reader);
  }
  const bool single = node->kind == CDS_YAML_SCALAR;
  const size_t count = single ? 1 : node->count;
  cds_names names = {
      .count = count,
      .names = cds_arena_array(reader->arena, count, sizeof *names.names),
      .places = cds_arena_array(reader->arena, count, sizeof *names.places)};
  if (names.names == NULL || names.places == NULL) {
    return CDS_ENOMEM;
  }
  cds_status worst = CDS_OK;
  for (size_t i = 0; i < count; i++) {
    const cds_yaml *const item = single ? node : node->items[i];
    const cds_status status =
        cds_schema_name(&names.names[i], item, what, reader);
    names.places[i] = item->place;
    if (status != CDS_OK) {
      worst = status;
    }
  }
  if (worst == CDS_OK) {
    *out = names;
  }
  return worst;
}
