/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Timeloop's problem: dimensions, data spaces as lists of axes, each a sum of
 * products of a dimension and a coefficient, and the sizes of one instance.
 */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "import/timeloop.h"

enum { TEXT_SHOWN = 60, COEFFICIENTS_MAX = 32 };

typedef struct coefficients {
  unsigned count;
  const char *name[COEFFICIENTS_MAX];
  uint64_t value[COEFFICIENTS_MAX];
} coefficients;

unsigned cds_tl_dim(const cds_tl *it, const char *name) {
  unsigned dim = 0;
  while (dim < it->dims && strcmp(it->dim[dim], name) != 0) {
    dim++;
  }
  return dim;
}

static bool is_name(const char *text) {
  size_t n = 0;
  for (; text[n] != '\0'; n++) {
    const char c = text[n];
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && !(n > 0 && c >= '0' && c <= '9')) {
      return false;
    }
  }
  return n > 0 && n <= 64;
}

static void read_dims(cds_tl *it, const cds_yaml *shape) {
  const cds_yaml *dims = cds_tl_get(shape, "dimensions", NULL);
  if (dims == NULL || dims->kind != CDS_YAML_SEQUENCE) {
    cds_tl_error(it, shape->place, "no list of 'dimensions': expected one");
    return;
  }
  for (size_t i = 0; i < dims->count; i++) {
    const cds_yaml *node = dims->items[i];
    const char *name = cds_tl_text(it, node, "a dimension");
    if (name == NULL) {
      continue;
    }
    if (!is_name(name) || cds_tl_dim(it, name) < it->dims) {
      cds_tl_error(it, node->place,
                   "dimension '%.*s': expected a name of letters and digits, "
                   "once",
                   TEXT_SHOWN, name);
    } else if (it->dims == CDS_TL_DIMS_MAX) {
      cds_tl_error(it, node->place, "more than %d dimensions: expected fewer",
                   CDS_TL_DIMS_MAX);
    } else {
      it->dim[it->dims++] = name;
    }
  }
}

static void read_coefficients(coefficients *out, cds_tl *it,
                              const cds_yaml *shape, const cds_yaml *instance) {
  const cds_yaml *list = cds_tl_get(shape, "coefficients", NULL);
  out->count = 0;
  for (size_t i = 0; list != NULL && i < cds_tl_items(list); i++) {
    const cds_yaml *node = cds_tl_item(list, i);
    const cds_yaml *name = cds_tl_get(node, "name", NULL);
    const cds_yaml *usual = cds_tl_get(node, "default", NULL);
    const char *text = name == NULL ? NULL : cds_tl_text(it, name, "'name'");
    const cds_yaml *given =
        text == NULL ? NULL : cds_tl_get(instance, text, NULL);
    uint64_t value = 1;
    if (text == NULL || out->count == COEFFICIENTS_MAX) {
      cds_tl_error(it, node->place,
                   "a coefficient without a name, or more than %d: expected "
                   "'{name, default}'",
                   COEFFICIENTS_MAX);
      continue;
    }
    given = given == NULL ? usual : given;
    if (given != NULL) {
      (void)cds_tl_count(&value, it, given, text);
    }
    out->name[out->count] = text;
    out->value[out->count++] = value;
  }
}

static void read_sizes(cds_tl *it, const cds_yaml *instance) {
  for (unsigned dim = 0; dim < it->dims; dim++) {
    const cds_yaml *node = cds_tl_get(instance, it->dim[dim], NULL);
    it->size[dim] = 1;
    if (node == NULL) {
      cds_tl_error(it, instance->place,
                   "no size of dimension '%s': expected one in 'instance'",
                   it->dim[dim]);
    } else {
      (void)cds_tl_count(&it->size[dim], it, node, it->dim[dim]);
    }
  }
}

/* ---- projections -------------------------------------------------------- */

static bool coefficient_of(uint64_t *out, const coefficients *known,
                           const char *text) {
  const char *end = text;
  double value = 0.0;
  for (unsigned i = 0; i < known->count; i++) {
    if (strcmp(known->name[i], text) == 0) {
      *out = known->value[i];
      return true;
    }
  }
  if (!cds_parse_double(&value, text, &end) || *end != '\0' || value < 1.0 ||
      value > 0x1p30 || floor(value) != value) {
    return false;
  }
  *out = (uint64_t)value;
  return true;
}

/* One product, [R] or [P, stride], as "R" or "2*P". */
static const char *read_product(cds_tl *it, const coefficients *known,
                                const cds_yaml *node) {
  uint64_t factor = 1;
  unsigned dim = it->dims;
  for (size_t i = 0; i < cds_tl_items(node); i++) {
    const cds_yaml *part = cds_tl_item(node, i);
    const char *text = cds_tl_text(it, part, "a term of a projection");
    uint64_t one = 1;
    if (text == NULL) {
      return NULL;
    }
    const unsigned named = cds_tl_dim(it, text);
    if (named < it->dims && dim == it->dims) {
      dim = named;
    } else if (named < it->dims || !coefficient_of(&one, known, text) ||
               __builtin_mul_overflow(factor, one, &factor) ||
               factor > (UINT64_C(1) << 30)) {
      cds_tl_error(it, part->place,
                   "'%.*s' in a product: expected one dimension and whole "
                   "coefficients",
                   TEXT_SHOWN, text);
      return NULL;
    }
  }
  if (dim == it->dims) {
    cds_tl_error(it, node->place,
                 "a product without a dimension: expected one");
    return NULL;
  }
  it->used[dim] = true;
  return factor == 1 ? it->dim[dim]
                     : cds_tl_print(it, "%llu*%s", (unsigned long long)factor,
                                    it->dim[dim]);
}

/* One axis, a sum of products. */
static const char *read_axis(cds_tl *it, const coefficients *known,
                             const cds_yaml *node, bool result) {
  const char *axis = NULL;
  const size_t terms = cds_tl_items(node);
  if (terms == 0 || terms > CDS_TERMS_MAX || (result && terms > 1)) {
    cds_tl_error(it, node->place,
                 "an axis of %zu products is not imported: expected %s", terms,
                 result ? "one, as it is a result" : "one or two");
    return NULL;
  }
  for (size_t i = 0; i < terms; i++) {
    const char *product = read_product(it, known, cds_tl_item(node, i));
    if (product == NULL) {
      return NULL;
    }
    axis = axis == NULL ? product : cds_tl_print(it, "%s+%s", axis, product);
    if (axis == NULL) {
      return NULL;
    }
  }
  if (result && strchr(axis, '*') != NULL) {
    cds_tl_error(it, node->place,
                 "a result with a coefficient is not imported: expected none");
  }
  return axis;
}

static void read_space(cds_tl *it, const coefficients *known,
                       const cds_yaml *node) {
  static const char *const keys[] = {"name",       "projection", "ranks",
                                     "read-write", "read_write", NULL};
  const cds_yaml *name = cds_tl_get(node, "name", NULL);
  const cds_yaml *axes = cds_tl_get(node, "projection", NULL);
  const cds_yaml *written = cds_tl_get(node, "read_write", "read-write");
  const char *text = name == NULL ? NULL : cds_tl_text(it, name, "'name'");
  if (text == NULL || axes == NULL || axes->kind != CDS_YAML_SEQUENCE ||
      !is_name(text)) {
    cds_tl_error(it, node->place,
                 "a data space without a name of letters and digits, or "
                 "without a list 'projection': expected both");
    return;
  }
  cds_tl_only(it, node, keys, "a data space");
  if (it->spaces == CDS_TL_SPACES_MAX) {
    cds_tl_error(it, node->place, "more than %d data spaces: expected fewer",
                 CDS_TL_SPACES_MAX);
    return;
  }
  cds_tl_space *to = &it->space[it->spaces++];
  *to = (cds_tl_space){.name = text, .place = node->place, .axes = ""};
  to->result = written != NULL && written->kind == CDS_YAML_SCALAR &&
               (strcmp(written->text, "true") == 0 ||
                strcmp(written->text, "True") == 0);
  if (axes->count > CDS_AXES_MAX) {
    cds_tl_error(it, axes->place, "more than %d axes: expected fewer",
                 CDS_AXES_MAX);
    return;
  }
  for (size_t i = 0; i < axes->count; i++) {
    const char *axis = read_axis(it, known, axes->items[i], to->result);
    to->axes = axis == NULL ? NULL
                            : cds_tl_print(it, "%s%s%s", to->axes,
                                           i > 0 ? "," : "", axis);
    if (to->axes == NULL) {
      to->axes = "";
      it->wrong = true;
      return;
    }
  }
}

/* Data spaces in which every value counts are dense. */
static void check_densities(cds_tl *it, const cds_yaml *instance) {
  const cds_yaml *list = cds_tl_get(instance, "densities", NULL);
  for (size_t i = 0; list != NULL && i < list->count; i++) {
    const cds_yaml *node = list->items[i];
    const cds_yaml *density = node->kind == CDS_YAML_MAPPING
                                  ? cds_tl_get(node, "density", NULL)
                                  : node;
    double value = 0.0;
    if (density == NULL || density->kind != CDS_YAML_SCALAR ||
        !cds_tl_number(&value, it, density, "a density") || value < 1.0) {
      cds_tl_error(it, node->place,
                   "a density below 1 is not imported: expected dense data");
    }
  }
}

/* Sizes that mean nothing, in the instance or beside the shape. */
static void check_instance(cds_tl *it, const coefficients *known,
                           const cds_yaml *instance) {
  for (size_t i = 0; i < instance->count; i++) {
    const char *key = instance->keys[i]->text;
    unsigned at = 0;
    while (at < known->count && strcmp(known->name[at], key) != 0) {
      at++;
    }
    if (at == known->count && cds_tl_dim(it, key) == it->dims &&
        strcmp(key, "densities") != 0 && strcmp(key, "shape") != 0 &&
        strcmp(key, "version") != 0) {
      cds_diag_warning(it->reader->diag, instance->keys[i]->place,
                       "'%.*s' is left out: it is neither a dimension nor a "
                       "coefficient",
                       TEXT_SHOWN, key);
    }
  }
}

static void check_spaces(cds_tl *it) {
  unsigned results = 0;
  for (unsigned s = 0; s < it->spaces; s++) {
    it->result = it->space[s].result ? s : it->result;
    results += it->space[s].result;
    for (unsigned t = 0; t < s; t++) {
      if (strcmp(it->space[s].name, it->space[t].name) == 0) {
        cds_tl_error(it, it->space[s].place,
                     "a second data space '%s': expected other names",
                     it->space[s].name);
      }
    }
  }
  if (it->spaces < 2 || results != 1) {
    cds_tl_error(it, it->problem->place,
                 "%u data spaces, %u of them read_write: expected operands and "
                 "one result",
                 it->spaces, results);
  }
  unsigned ranks = 0;
  for (unsigned dim = 0; dim < it->dims; dim++) {
    ranks += it->used[dim];
    if (!it->used[dim] && it->size[dim] > 1) {
      cds_tl_error(it, it->problem->place,
                   "dimension '%s' is in no data space: expected a size of 1",
                   it->dim[dim]);
    }
  }
  if (ranks > CDS_RANKS_MAX) {
    cds_tl_error(it, it->problem->place,
                 "%u dimensions in data spaces: expected at most %d", ranks,
                 CDS_RANKS_MAX);
  }
}

void cds_tl_read_problem(cds_tl *it) {
  static const char *const roots[] = {"instance", "shape", "version", NULL};
  static const char *const keys[] = {
      "coefficients", "data-spaces", "data_spaces", "dimensions",
      "name",         "version",     NULL};
  if (it->problem == NULL) {
    return; /* the caller has asked for one */
  }
  const cds_yaml *shape = cds_tl_get(it->problem, "shape", NULL);
  const cds_yaml *instance = cds_tl_get(it->problem, "instance", NULL);
  const bool flat = instance == NULL; /* sizes beside the shape, as in 0.2 */
  instance = flat ? it->problem : instance;
  if (shape == NULL || instance == NULL || instance->kind != CDS_YAML_MAPPING) {
    cds_tl_error(it, it->problem->place,
                 "a problem without 'shape', or an 'instance' that is no "
                 "mapping: expected dimensions, data spaces and sizes");
    return;
  }
  if (!flat) {
    cds_tl_only(it, it->problem, roots, "a problem");
  }
  if (shape->kind != CDS_YAML_MAPPING) {
    cds_tl_error(it, shape->place,
                 "a shape by name is not imported: expected dimensions and "
                 "data spaces");
    return;
  }
  cds_tl_only(it, shape, keys, "a shape");
  const cds_yaml *name = cds_tl_get(shape, "name", NULL);
  const char *text = name == NULL ? NULL : cds_tl_text(it, name, "'name'");
  it->shape = cds_tl_name(it, text == NULL ? "problem" : text);
  coefficients known;
  read_dims(it, shape);
  read_coefficients(&known, it, shape, instance);
  read_sizes(it, instance);
  check_densities(it, instance);
  check_instance(it, &known, instance);
  const cds_yaml *spaces = cds_tl_get(shape, "data_spaces", "data-spaces");
  if (spaces == NULL || spaces->kind != CDS_YAML_SEQUENCE) {
    cds_tl_error(it, shape->place, "no list of 'data_spaces': expected one");
    return;
  }
  for (size_t i = 0; i < spaces->count; i++) {
    read_space(it, &known, spaces->items[i]);
  }
  if (!it->wrong) {
    check_spaces(it);
  }
}
