/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The sets, and how they are run and judged; see validate.h. */
#include "validate/validate.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "base/text.h"
#include "validate/cases.h"

typedef struct group {
  size_t (*cases)(bool all);
  cds_status (*run)(cds_validate_case *to, size_t index);
} group;

enum {
#define CDS_GROUP(name, source) GROUP_##name,
#define CDS_SET(group, name, kind, judge, low, high, kelvin, compares)
#include "validate/sets.def"
#undef CDS_GROUP
#undef CDS_SET
  GROUPS
};

static const group groups[GROUPS] = {
#define CDS_GROUP(name, source)                                                \
  {cds_validate_##name##_cases, cds_validate_##name},
#define CDS_SET(group, name, kind, judge, low, high, kelvin, compares)
#include "validate/sets.def"
#undef CDS_GROUP
#undef CDS_SET
};

/* The group of each set, and below the sets themselves. */
static const unsigned group_of[] = {
#define CDS_GROUP(name, source)
#define CDS_SET(group, name, kind, judge, low, high, kelvin, compares)         \
  GROUP_##group,
#include "validate/sets.def"
#undef CDS_GROUP
#undef CDS_SET
};
enum { SETS = sizeof group_of / sizeof *group_of };

/* Sources, by the names of their groups. */
#define CDS_GROUP(name, source) static const char source_##name[] = source;
#define CDS_SET(group, name, kind, judge, low, high, kelvin, compares)
#include "validate/sets.def"
#undef CDS_GROUP
#undef CDS_SET

static const cds_validate_set sets[SETS] = {
#define CDS_GROUP(name, source)
#define CDS_SET(group, name, kind, judge, low, high, kelvin, compares)         \
  {name,     CDS_VALIDATE_##kind, CDS_VALIDATE_##judge, low, high, kelvin,     \
   compares, source_##group},
#include "validate/sets.def"
#undef CDS_GROUP
#undef CDS_SET
};

const cds_validate_set *cds_validate_sets(size_t *count) {
  *count = SETS;
  return sets;
}

bool cds_validate_names(const cds_validate_set *set, const char *word) {
  const size_t length = strlen(word);
  return length > 0 && strncmp(set->name, word, length) == 0 &&
         (set->name[length] == '\0' || set->name[length] == '.');
}

/* ---- errors of a case ---------------------------------------------------- */

void cds_validate_add(cds_validate_case *to, unsigned set, double error) {
  assert(to->errors < CDS_VALIDATE_ERRORS);
  if (to->errors < CDS_VALIDATE_ERRORS) {
    to->error[to->errors++] = (cds_validate_error){set, error};
  }
}

void cds_validate_compare(cds_validate_case *to, unsigned set, double ours,
                          double theirs) {
  cds_validate_add(to, set, ours / theirs - 1);
}

void cds_validate_compare_printed(cds_validate_case *to, unsigned set,
                                  double ours, const char *printed) {
  const char *point = strchr(printed, '.');
  const char *end = NULL;
  double theirs = (double)NAN;
  double digit = 1;
  for (size_t i = 1; point != NULL && point[i] != '\0'; i++) {
    digit /= 10;
  }
  const bool read = cds_parse_double(&theirs, printed, &end);
  /* The printed decimal is no binary fraction: room for its last bit. */
  const bool same = read && fabs(ours - theirs) <= 0.5 * digit * (1 + 1e-9);
  cds_validate_add(to, set, same ? 0 : ours / theirs - 1);
}

uint64_t cds_validate_stream(uint64_t seed) {
  uint64_t stream = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
  for (int i = 0; i < 8; i++) {
    (void)cds_validate_random(&stream);
  }
  return stream;
}

double cds_validate_random(uint64_t *stream) {
  *stream ^= *stream << 13;
  *stream ^= *stream >> 7;
  *stream ^= *stream << 17;
  return (double)(*stream >> 11) * 0x1p-53;
}

/* ---- judging ------------------------------------------------------------- */

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

void cds_validate_judge_errors(cds_validate_result *out,
                               const cds_validate_set *set, double *error,
                               size_t count) {
  *out = (cds_validate_result){.n = count};
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    const bool within = error[i] >= set->low && error[i] <= set->high;
    out->missed += set->judge == CDS_VALIDATE_EACH && !within;
    /* No number is worse than any. */
    error[i] = isnan(error[i]) ? (double)INFINITY : fabs(error[i]);
    sum += error[i];
  }
  if (count == 0) {
    out->mean = out->p95 = out->most = (double)NAN;
    return;
  }
  qsort(error, count, sizeof *error, by_size);
  out->mean = sum / (double)count;
  out->p95 = error[(count * 95 + 99) / 100 - 1];
  out->most = error[count - 1];
  if (set->kind == CDS_VALIDATE_INFORMATION) {
    out->missed = 0;
  } else if (set->judge == CDS_VALIDATE_MEAN) {
    out->missed = !(out->mean <= set->high);
  }
  out->passed = out->missed == 0;
}

/* ---- running ------------------------------------------------------------- */

typedef struct job {
  unsigned group;
  size_t index;
  cds_validate_case of;
  cds_status status;
} job;

static void run_job(size_t chunk, unsigned thread, void *payload) {
  (void)thread;
  job *it = &((job *)payload)[chunk];
  it->status = CDS_ENOMEM;
  it->of.arena = cds_arena_new();
  if (it->of.arena != NULL) {
    it->of.diag = cds_diag_new(it->of.arena);
  }
  if (it->of.diag != NULL) {
    it->status = groups[it->group].run(&it->of, it->index);
  }
}

/* Errors of a set over all jobs, in their order. */
static size_t gather(double *out, const job *jobs, size_t count,
                     unsigned of_group, unsigned within) {
  size_t errors = 0;
  for (size_t j = 0; j < count; j++) {
    for (size_t e = 0; jobs[j].group == of_group && e < jobs[j].of.errors;
         e++) {
      if (jobs[j].of.error[e].set == within) {
        out[errors++] = jobs[j].of.error[e].error;
      }
    }
  }
  return errors;
}

static cds_status judge_all(cds_validate_result *out, const bool *wanted,
                            const job *jobs, size_t count, cds_arena *arena) {
  double *error =
      cds_arena_array(arena, count * CDS_VALIDATE_ERRORS + 1, sizeof *error);
  unsigned within = 0;
  if (error == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t s = 0; s < SETS; s++) {
    within = s > 0 && group_of[s] == group_of[s - 1] ? within + 1 : 0;
    if (wanted[s]) {
      const size_t errors = gather(error, jobs, count, group_of[s], within);
      cds_validate_judge_errors(&out[s], &sets[s], error, errors);
    }
  }
  return CDS_OK;
}

/* One job for each case of the groups in which a set is wanted. */
static job *list_jobs(size_t *count, const bool *wanted, bool all,
                      cds_arena *arena) {
  size_t cases[GROUPS] = {0};
  *count = 0;
  for (size_t s = 0; s < SETS; s++) {
    if (wanted[s] && cases[group_of[s]] == 0) {
      cases[group_of[s]] = groups[group_of[s]].cases(all);
      *count += cases[group_of[s]];
    }
  }
  job *jobs = cds_arena_array(arena, *count + 1, sizeof *jobs);
  size_t next = 0;
  for (unsigned g = 0; jobs != NULL && g < GROUPS; g++) {
    for (size_t c = 0; c < cases[g]; c++) {
      jobs[next].group = g;
      jobs[next++].index = c;
    }
  }
  return jobs;
}

cds_status cds_validate_run(cds_validate_result *out, const bool *wanted,
                            const cds_validate_options *options,
                            cds_arena *arena, cds_diag *diag) {
  size_t count = 0;
  cds_status status = CDS_OK;
  job *jobs = list_jobs(&count, wanted, options->all, arena);
  if (jobs == NULL) {
    return CDS_ENOMEM;
  }
  cds_parallel_for(count, options->threads, run_job, jobs);
  for (size_t j = 0; j < count && status == CDS_OK; j++) {
    status = jobs[j].status;
    if (status != CDS_OK && jobs[j].of.diag != NULL) {
      cds_diag_append(diag, jobs[j].of.diag);
    }
  }
  if (status == CDS_OK) {
    status = judge_all(out, wanted, jobs, count, arena);
  }
  for (size_t j = 0; j < count; j++) {
    if (jobs[j].of.arena != NULL) {
      cds_arena_free(jobs[j].of.arena);
    }
  }
  return status;
}
