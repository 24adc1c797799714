/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values of a variable of a design space: lists, ranges and single values,
 * and their text. Steps are rounded to the decimal that the user would write,
 * so that 0.55 to 0.9 by 0.05 holds 0.7 and not 0.70000000000000007.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "schema/internal.h"

enum { VALUES_MAX = 100000, STEP_DIGITS = 14 };

static const char values_expected[] =
    "a list, a range such as '1 KiB to 4 KiB by x2' or '1 to 9 by 2', or one "
    "value";

/* Each variable stands for itself, so that every combination is a design. */
static const char no_variables[] = "a variable may not use variables";

/* Evaluates one item; a word that is no expression is a named choice. */
static cds_status read_item(cds_variable_value *out, const char *name,
                            const cds_yaml *node, const cds_reader *reader) {
  const cds_subject subject = {node, name, values_expected};
  CDS_TRY(cds_require_scalar(&subject, reader));
  cds_evaluation evaluation;
  const cds_status status = cds_evaluate(&evaluation, node->text, reader);
  if (status == CDS_EINPUT && evaluation.unknown_variable == NULL &&
      cds_is_name(node->text)) {
    *out = (cds_variable_value){.name = name, .text = node->text};
    return CDS_OK;
  }
  if (status == CDS_EINPUT && evaluation.unknown_variable != NULL) {
    return cds_refuse(&subject, no_variables, reader);
  }
  if (status == CDS_EINPUT) {
    return cds_refuse_evaluation(&subject, &evaluation, CDS_DIM_BITS, reader);
  }
  CDS_TRY(status);
  *out = evaluation.value;
  out->name = name;
  return CDS_OK;
}

static bool same_kind(const cds_variable_value *a,
                      const cds_variable_value *b) {
  return a->dimension == b->dimension && a->per_cycle == b->per_cycle &&
         (a->text == NULL) == (b->text == NULL);
}

static const char *kind_name(const cds_variable_value *value) {
  return value->text != NULL ? "name" : cds_dimension_name(value->dimension);
}

/* A value of a list with its place in it. */
typedef struct listed {
  const cds_variable_value *value;
  size_t index;
} listed;

static int compare_values(const cds_variable_value *a,
                          const cds_variable_value *b) {
  if (a->text != NULL && b->text != NULL) {
    return strcmp(a->text, b->text);
  }
  return (a->number > b->number) - (a->number < b->number);
}

static int compare_listed(const void *left, const void *right) {
  const listed *const a = left;
  const listed *const b = right;
  const int order = compare_values(a->value, b->value);
  return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

/* A value that stands twice would be the same designs twice. */
static cds_status check_repeats(const cds_value_list *list,
                                const cds_yaml *node,
                                const cds_reader *reader) {
  cds_status status = CDS_OK;
  listed *const sorted =
      cds_arena_array(reader->arena, list->count, sizeof *sorted);
  if (sorted == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < list->count; i++) {
    sorted[i] = (listed){&list->values[i], i};
  }
  qsort(sorted, list->count, sizeof *sorted, compare_listed);
  for (size_t i = 1; i < list->count; i++) {
    const size_t first = sorted[i - 1].index;
    const size_t second = sorted[i].index;
    if (compare_values(sorted[i - 1].value, sorted[i].value) == 0) {
      char clipped[CDS_CLIP];
      cds_diag_error(reader->diag, node->items[second]->place,
                     "value '%s' of '%s' is given twice: expected each value "
                     "once",
                     cds_clip(clipped, node->items[second]->text), list->name);
      cds_diag_note(reader->diag, node->items[first]->place,
                    "first given here");
      status = CDS_EINPUT;
    }
  }
  return status;
}

static cds_status read_list(cds_value_list *list, const cds_yaml *node,
                            const cds_reader *reader) {
  cds_status worst = CDS_OK;
  for (size_t i = 0; i < node->count; i++) {
    const cds_status status =
        read_item(&list->values[i], list->name, node->items[i], reader);
    if (status != CDS_OK) {
      worst = status;
    } else if (worst == CDS_OK &&
               !same_kind(&list->values[0], &list->values[i])) {
      cds_diag_error(reader->diag, node->items[i]->place,
                     "values of '%s' mix %s and %s: expected one kind",
                     list->name, kind_name(&list->values[0]),
                     kind_name(&list->values[i]));
      worst = CDS_EINPUT;
    }
  }
  return worst == CDS_OK ? check_repeats(list, node, reader) : worst;
}

/* The parts of "A to B by STEP". */
typedef struct range {
  cds_variable_value low, high, step;
  bool factor; /* "by x2" */
} range;

/* Reads text[0, length) as an expression with the place of the whole. */
static cds_status read_part(cds_variable_value *out, const cds_subject *whole,
                            const char *text, size_t length,
                            const cds_reader *reader) {
  const char *const copy = cds_arena_strndup(reader->arena, text, length);
  if (copy == NULL) {
    return CDS_ENOMEM;
  }
  cds_evaluation evaluation;
  const cds_status status = cds_evaluate(&evaluation, copy, reader);
  if (status == CDS_EINPUT && evaluation.unknown_variable != NULL) {
    return cds_refuse(whole, no_variables, reader);
  }
  if (status == CDS_EINPUT) {
    return cds_refuse_evaluation(whole, &evaluation, CDS_DIM_BITS, reader);
  }
  CDS_TRY(status);
  if (evaluation.value.text != NULL) {
    return cds_refuse(whole, "a range of texts", reader);
  }
  *out = evaluation.value;
  return CDS_OK;
}

static cds_status parse_range(range *out, const cds_subject *whole,
                              const char *to, const cds_reader *reader) {
  const char *const text = whole->node->text;
  const char *const by = strstr(to, " by ");
  if (by == NULL) {
    return cds_refuse(whole, "the step is missing", reader);
  }
  const char *step = by + 4;
  while (*step == ' ') {
    step++;
  }
  out->factor = *step == 'x';
  step += out->factor;
  CDS_TRY(read_part(&out->low, whole, text, (size_t)(to - text), reader));
  CDS_TRY(read_part(&out->high, whole, to + 4, (size_t)(by - to - 4), reader));
  return read_part(&out->step, whole, step, strlen(step), reader);
}

/* What is wrong with a range, or NULL. */
static const char *range_problem(const range *r) {
  if (!same_kind(&r->low, &r->high)) {
    return "the two ends have different units";
  }
  if (r->high.number < r->low.number) {
    return "the first end is above the second";
  }
  if (r->factor && (r->step.dimension != CDS_DIM_NONE || r->step.number <= 1)) {
    return "the factor must be a plain number above 1";
  }
  if (r->factor && r->low.number <= 0) {
    return "a range by a factor must start above 0";
  }
  if (!r->factor && !same_kind(&r->low, &r->step)) {
    return "the step has another unit than the ends";
  }
  if (!r->factor && r->step.number <= 0) {
    return "the step must be above 0";
  }
  return NULL;
}

static double tidy(double value) {
  return value == floor(value) ? value : cds_round_decimal(value, STEP_DIGITS);
}

static double range_value(const range *r, size_t index, double last) {
  if (r->factor) {
    return index == 0 ? r->low.number : tidy(last * r->step.number);
  }
  return tidy(r->low.number + (double)index * r->step.number);
}

/* Counts the values, and stores them when there is room. The end belongs to
 * the range even if a step misses it by a rounding error. */
static size_t range_values(const range *r, cds_variable_value *values,
                           const char *name) {
  const double slack = 1e-9;
  const double scale = r->factor ? fabs(r->high.number) : r->step.number;
  const double end = r->high.number + slack * scale;
  double value = range_value(r, 0, 0);
  size_t count = 0;
  while (value <= end && count <= VALUES_MAX) {
    if (values != NULL) {
      values[count] = r->low;
      values[count].name = name;
      values[count].number = value;
    }
    count++;
    const double next = range_value(r, count, value);
    if (next <= value) {
      return VALUES_MAX + 1; /* the step is below the resolution of a double */
    }
    value = next;
  }
  return count;
}

static cds_status read_range(cds_value_list *list, const cds_subject *whole,
                             const char *to, const cds_reader *reader) {
  range r = {.factor = false};
  CDS_TRY(parse_range(&r, whole, to, reader));
  const char *const problem = range_problem(&r);
  if (problem != NULL) {
    return cds_refuse(whole, problem, reader);
  }
  list->count = range_values(&r, NULL, list->name);
  if (list->count > VALUES_MAX) {
    return cds_refuse(whole, "more than 100000 values", reader);
  }
  list->values =
      cds_arena_array(reader->arena, list->count, sizeof *list->values);
  if (list->values == NULL) {
    return CDS_ENOMEM;
  }
  (void)range_values(&r, list->values, list->name);
  return CDS_OK;
}

static bool is_variable_name(const char *name) {
  return cds_is_name(name) && strpbrk(name, "-.") == NULL;
}

cds_status cds_schema_values(cds_value_list *out, const char *name,
                             const cds_yaml *node, const cds_reader *reader) {
  const cds_subject whole = {node, name, values_expected};
  cds_value_list list = {.name = name, .place = node->place, .count = 1};
  if (!is_variable_name(name)) {
    char clipped[CDS_CLIP];
    cds_diag_error(reader->diag, node->place,
                   "variable '%s': expected a letter, then letters, digits or "
                   "'_' as its name",
                   cds_clip(clipped, name));
    return CDS_EINPUT;
  }
  if (cds_unit_find(name, strlen(name)) != NULL) {
    cds_diag_error(reader->diag, node->place,
                   "variable '%s' has the name of a unit: expected another "
                   "name",
                   name);
    return CDS_EINPUT;
  }
  if (node->kind == CDS_YAML_SEQUENCE) {
    if (node->count == 0 || node->count > VALUES_MAX) {
      cds_diag_error(reader->diag, node->place,
                     "'%s' has %zu values: expected 1 to 100000", name,
                     node->count);
      return CDS_EINPUT;
    }
    list.count = node->count;
  } else {
    CDS_TRY(cds_require_scalar(&whole, reader));
    const char *const to = strstr(node->text, " to ");
    if (to != NULL) {
      CDS_TRY(read_range(&list, &whole, to, reader));
      *out = list;
      return CDS_OK;
    }
  }
  list.values = cds_arena_array(reader->arena, list.count, sizeof *list.values);
  if (list.values == NULL) {
    return CDS_ENOMEM;
  }
  if (node->kind == CDS_YAML_SEQUENCE) {
    CDS_TRY(read_list(&list, node, reader));
  } else {
    CDS_TRY(read_item(&list.values[0], name, node, reader));
  }
  *out = list;
  return CDS_OK;
}
