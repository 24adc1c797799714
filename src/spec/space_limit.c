/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Limits: "area <= 100 mm2" to a metric and a bound in the internal unit. */
#include <string.h>

#include "base/text.h"
#include "spec/space.h"

enum { METRICS = 11 };

static const char *const metric_names[METRICS] = {
    "area",        "power", "temperature", "energy",   "latency", "edp",
    "first_token", "token", "cost",        "embodied", "wall"};
static const cds_dimension metric_dimensions[METRICS] = {
    CDS_DIM_AREA,  CDS_DIM_POWER,  CDS_DIM_TEMPERATURE, CDS_DIM_ENERGY,
    CDS_DIM_TIME,  CDS_DIM_ENERGY, CDS_DIM_TIME,        CDS_DIM_TIME,
    CDS_DIM_MONEY, CDS_DIM_MASS,   CDS_DIM_POWER};

typedef struct limit_text {
  const char *text;
  cds_place place;
  cds_reader reader;
} limit_text;

/* The place of a later character of the text. */
static cds_place place_at(const limit_text *limit, const char *at) {
  cds_place place = limit->place;
  if (place.line > 0) {
    place.column += (unsigned)(at - limit->text);
  }
  return place;
}

static cds_status quantity(double *out, const limit_text *limit,
                           const char *text, const char *at, unsigned metric) {
  cds_yaml node = {.kind = CDS_YAML_SCALAR, .text = text};
  node.place = place_at(limit, at);
  cds_quantity value;
  CDS_TRY(cds_schema_quantity(&value, metric_dimensions[metric], &node,
                              metric_names[metric], &limit->reader));
  *out = value.value;
  return CDS_OK;
}

static cds_status bad_edp(const limit_text *limit, const char *at) {
  cds_diag_error(limit->reader.diag, place_at(limit, at),
                 "'edp' is '%s': expected energy x time, such as 2 J s", at);
  return CDS_EINPUT;
}

/* "2 mJ s": the last unit is a time, joined by a space or '*'. */
static cds_status edp_bound(double *out, const limit_text *limit,
                            const char *at) {
  const size_t length = strlen(at);
  size_t unit = length;
  while (unit > 0 && at[unit - 1] != ' ' && at[unit - 1] != '*') {
    unit--;
  }
  size_t end = unit;
  while (end > 0 && (at[end - 1] == ' ' || at[end - 1] == '*')) {
    end--;
  }
  static const char *const units[] = {"s", "ms", "us", "ns", "ps", NULL};
  static const double seconds[] = {1, 1e-3, 1e-6, 1e-9, 1e-12};
  size_t found = 0;
  while (units[found] != NULL && strcmp(units[found], at + unit) != 0) {
    found++;
  }
  const char *energy = cds_arena_strndup(limit->reader.arena, at, end);
  if (energy == NULL) {
    return CDS_ENOMEM;
  }
  const char *rest = NULL;
  double number;
  if (units[found] == NULL || !cds_parse_double(&number, energy, &rest) ||
      *rest == '\0') {
    return bad_edp(limit, at);
  }
  CDS_TRY(quantity(out, limit, energy, at, CDS_METRIC_EDP));
  *out *= seconds[found];
  return CDS_OK;
}

static cds_status find_metric(unsigned *out, const limit_text *limit,
                              const char *name) {
  for (unsigned metric = 0; metric < METRICS; metric++) {
    if (strcmp(metric_names[metric], name) == 0) {
      *out = metric;
      return CDS_OK;
    }
  }
  cds_diag_error(limit->reader.diag, limit->place,
                 "limit '%s' is on an unknown metric '%s'", limit->text, name);
  cds_diag_suggest(limit->reader.diag, name, metric_names, METRICS);
  return CDS_EINPUT;
}

cds_status cds_limit_parse(cds_limit *out, const char *text, cds_place place,
                           cds_arena *arena, cds_diag *diag) {
  const limit_text limit = {
      .text = text, .place = place, .reader = {.arena = arena, .diag = diag}};
  const char *relation = strstr(text, "<=");
  if (relation == NULL) {
    cds_diag_error(diag, place,
                   "limit '%s' compares nothing: expected METRIC <= QUANTITY, "
                   "such as area <= 100 mm2",
                   text);
    return CDS_EINPUT;
  }
  const char *start = text + strspn(text, " ");
  size_t length = (size_t)(relation - start);
  while (length > 0 && start[length - 1] == ' ') {
    length--;
  }
  const char *name = cds_arena_strndup(arena, start, length);
  const char *copy = cds_arena_strdup(arena, text);
  if (name == NULL || copy == NULL) {
    return CDS_ENOMEM;
  }
  unsigned metric = 0;
  CDS_TRY(find_metric(&metric, &limit, name));
  const char *at = relation + 2;
  at += strspn(at, " ");
  double bound = 0;
  CDS_TRY(metric == CDS_METRIC_EDP ? edp_bound(&bound, &limit, at)
                                   : quantity(&bound, &limit, at, at, metric));
  if (metric != CDS_METRIC_TEMPERATURE && !(bound > 0)) {
    cds_diag_error(diag, place_at(&limit, at),
                   "limit '%s' is not above zero: no design could meet it",
                   text);
    return CDS_EINPUT;
  }
  *out = (cds_limit){.metric = (cds_metric)metric,
                     .bound = bound,
                     .text = copy,
                     .place = place};
  return CDS_OK;
}
