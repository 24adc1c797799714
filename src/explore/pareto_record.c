/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One design's part of a Pareto set; see pareto_record.h. */
#include "explore/pareto_record.h"

#include <string.h>

static const char kind[] = "pareto";

void cds_pareto_key(cds_journal_key *out, const cds_pareto_asked *asked,
                    const cds_records *records) {
  cds_asking asking;
  cds_asking_begin(&asking, records, kind);
  cds_asking_count(&asking, (uint64_t)asked->metric[0]);
  cds_asking_count(&asking, (uint64_t)asked->metric[1]);
  cds_asking_count(&asking, asked->way);
  cds_asking_count(&asking, asked->single);
  cds_asking_count(&asking, asked->design);
  cds_asking_count(&asking, asked->heat_off);
  cds_asking_number(&asking, asked->gap);
  cds_asking_numbers(&asking, asked->value, asked->values);
  cds_asking_end(&asking, out);
}

/* The numbers of a point, in the order of the record. */
enum { NUMBERS = 10 };
static void list_numbers(double *out[NUMBERS], cds_pareto_point *point) {
  double *const numbers[NUMBERS] = {
      &point->value[0],         &point->value[1],  &point->energy_pj,
      &point->latency_s,        &point->area_um2,  &point->power_w,
      &point->temperature_degc, &point->leakage_w, &point->cost_usd,
      &point->embodied_kg};
  memcpy(out, numbers, sizeof numbers);
}

cds_status cds_pareto_record(const cds_pareto_answer *answer,
                             const cds_design_result *design,
                             const cds_pareto_asked *asked,
                             const cds_records *records, cds_arena *arena) {
  cds_journal_key key;
  cds_answer_text text;
  double *number[NUMBERS];
  cds_pareto_key(&key, asked, records);
  cds_answer_begin(&text, kind, arena);
  cds_answer_count(&text, asked->design);
  cds_answer_count(&text, (uint64_t)design->status);
  cds_answer_count(&text, design->limit);
  cds_answer_count(&text, design->limit_proven);
  cds_answer_number(&text, answer->open);
  cds_answer_count(&text, answer->points);
  for (size_t i = 0; i < answer->points; i++) {
    cds_pareto_point point = answer->point[i];
    list_numbers(number, &point);
    for (unsigned n = 0; n < NUMBERS; n++) {
      cds_answer_number(&text, *number[n]);
    }
  }
  cds_answer_string(&text, design->reason);
  cds_answer_origin(&text, records, asked->heat_off); /* not recalled */
  return text.text == NULL
             ? CDS_ENOMEM
             : cds_journal_append(records->journal, &key, text.text);
}

static bool read_points(cds_pareto_answer *out, uint64_t design,
                        const char **at, cds_arena *arena) {
  uint64_t points = 0;
  double *number[NUMBERS];
  if (!cds_answer_read_number(&out->open, at) ||
      !cds_answer_read_count(&points, at) || points > strlen(*at)) {
    return false;
  }
  out->points = (size_t)points;
  out->point = (cds_pareto_point *)cds_arena_array(arena, out->points + 1,
                                                   sizeof *out->point);
  if (out->point == NULL) {
    return false;
  }
  for (size_t i = 0; i < out->points; i++) {
    out->point[i].design = design;
    list_numbers(number, &out->point[i]);
    for (unsigned n = 0; n < NUMBERS; n++) {
      if (!cds_answer_read_number(number[n], at)) {
        return false;
      }
    }
  }
  return true;
}

/* From the number of the design up to its reason. */
static bool read_answer(cds_pareto_answer *out, cds_design_result *design,
                        const char **at, cds_arena *arena) {
  uint64_t index = 0;
  uint64_t status = 0;
  uint64_t limit = 0;
  uint64_t proven = 0;
  const char *reason = NULL;
  if (!cds_answer_read(at, kind) || !cds_answer_read_count(&index, at) ||
      !cds_answer_read_count(&status, at) ||
      !cds_answer_read_count(&limit, at) ||
      !cds_answer_read_count(&proven, at) || status > CDS_DESIGN_OPEN ||
      !read_points(out, index, at, arena) ||
      !cds_answer_read_string(&reason, at, arena)) {
    return false;
  }
  design->index = index;
  design->status = (cds_design_status)status;
  design->limit = (unsigned)limit;
  design->limit_proven = proven == 1;
  design->reason = reason;
  return true;
}

bool cds_pareto_recall(cds_pareto_answer *out, cds_design_result *design,
                       const cds_pareto_asked *asked,
                       const cds_records *records, cds_arena *arena) {
  cds_journal_key key;
  cds_pareto_answer answer = {.points = 0};
  cds_design_result found = *design;
  if (records == NULL) {
    return false;
  }
  cds_pareto_key(&key, asked, records);
  const char *at = cds_journal_find(records->journal, &key);
  if (at == NULL || !read_answer(&answer, &found, &at, arena) ||
      found.index != asked->design) {
    return false;
  }
  *out = answer;
  *design = found;
  return true;
}

bool cds_pareto_record_read(cds_pareto_answer *out, cds_record_origin *origin,
                            const char *record, cds_arena *arena) {
  cds_pareto_answer answer = {.points = 0};
  cds_design_result design = {.index = 0};
  const char *at = record;
  if (!read_answer(&answer, &design, &at, arena) ||
      !cds_answer_read_origin(origin, &at, arena)) {
    return false;
  }
  *out = answer;
  return true;
}
