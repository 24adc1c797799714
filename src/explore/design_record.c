/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One design's question and answer; see design_record.h. */
#include "explore/design_record.h"

#include <string.h>

static const char kind[] = "design";

void cds_design_key(cds_journal_key *out, const cds_design_question *asked,
                    const cds_records *records) {
  cds_asking asking;
  cds_asking_begin(&asking, records, kind);
  cds_asking_count(&asking, asked->round);
  cds_asking_count(&asking, asked->design);
  cds_asking_count(&asking, asked->heat_off);
  cds_asking_number(&asking, asked->incumbent);
  cds_asking_number(&asking, asked->bound);
  cds_asking_number(&asking, asked->value);
  cds_asking_numbers(&asking, asked->start_w, CDS_DIES_MAX);
  cds_asking_end(&asking, out);
}

/* The numbers of an answer, in the order of the record. */
enum { NUMBERS = 8 };
static void list_numbers(double *out[NUMBERS], cds_design_answer *answer) {
  cds_design_result *design = &answer->design;
  double *const numbers[NUMBERS] = {
      &design->value,     &design->bound,   &design->energy_pj,
      &design->latency_s, &design->power_w, &design->temperature_degc,
      &design->wall_w,    &answer->least};
  memcpy(out, numbers, sizeof numbers);
}

/* Dies beyond the last that takes power are left out. */
static uint64_t dies_of(const cds_design_answer *answer) {
  uint64_t dies = CDS_DIES_MAX;
  while (dies > 0 && answer->power_w[dies - 1] == 0) {
    dies--;
  }
  return answer->answered ? dies : 0;
}

cds_status cds_design_record(const cds_design_answer *answer,
                             const cds_design_question *asked,
                             const cds_records *records, cds_arena *arena) {
  const cds_design_result *design = &answer->design;
  cds_design_answer copy = *answer;
  cds_journal_key key;
  cds_answer_text text;
  double *number[NUMBERS];
  cds_design_key(&key, asked, records);
  cds_answer_begin(&text, kind, arena);
  cds_answer_count(&text, asked->design);
  cds_answer_count(&text, asked->round);
  cds_answer_count(&text, (uint64_t)design->status);
  list_numbers(number, &copy);
  for (unsigned i = 0; i < NUMBERS; i++) {
    cds_answer_number(&text, *number[i]);
  }
  cds_answer_count(&text, design->limit);
  cds_answer_count(&text, design->limit_proven);
  cds_answer_count(&text, answer->answered);
  cds_answer_count(&text, dies_of(answer));
  for (uint64_t d = 0; d < dies_of(answer); d++) {
    cds_answer_number(&text, answer->power_w[d]);
  }
  cds_answer_string(&text, design->reason);
  /* Nothing of this is recalled: it is known, or asked. */
  cds_answer_origin(&text, records, asked->heat_off);
  cds_answer_number(&text, design->area_um2);
  cds_answer_number(&text, design->cost_usd);
  cds_answer_number(&text, design->embodied_kg);
  cds_answer_number(&text, design->floor);
  return text.text == NULL
             ? CDS_ENOMEM
             : cds_journal_append(records->journal, &key, text.text);
}

static bool read_power(cds_design_answer *out, const char **at) {
  uint64_t answered = 0;
  uint64_t dies = 0;
  if (!cds_answer_read_count(&answered, at) ||
      !cds_answer_read_count(&dies, at) || dies > CDS_DIES_MAX) {
    return false;
  }
  out->answered = answered == 1;
  for (uint64_t d = 0; d < dies; d++) {
    if (!cds_answer_read_number(&out->power_w[d], at)) {
      return false;
    }
  }
  return true;
}

/* From the number of the design up to its reason. */
static bool read_answer(cds_design_answer *out, const char **at,
                        cds_arena *arena) {
  double *number[NUMBERS];
  uint64_t round = 0;
  uint64_t status = 0;
  uint64_t limit = 0;
  uint64_t proven = 0;
  if (!cds_answer_read(at, kind) ||
      !cds_answer_read_count(&out->design.index, at) ||
      !cds_answer_read_count(&round, at) ||
      !cds_answer_read_count(&status, at) || status > CDS_DESIGN_OPEN) {
    return false;
  }
  list_numbers(number, out);
  for (unsigned i = 0; i < NUMBERS; i++) {
    if (!cds_answer_read_number(number[i], at)) {
      return false;
    }
  }
  if (!cds_answer_read_count(&limit, at) ||
      !cds_answer_read_count(&proven, at) || !read_power(out, at) ||
      !cds_answer_read_string(&out->design.reason, at, arena)) {
    return false;
  }
  out->design.status = (cds_design_status)status;
  out->design.limit = (unsigned)limit;
  out->design.limit_proven = proven == 1;
  out->design.asked = true;
  return true;
}

bool cds_design_recall(cds_design_answer *out, const cds_design_result *known,
                       const cds_design_question *asked,
                       const cds_records *records, cds_arena *arena) {
  cds_journal_key key;
  cds_design_answer answer = {.design = *known};
  if (records == NULL) {
    return false;
  }
  cds_design_key(&key, asked, records);
  const char *at = cds_journal_find(records->journal, &key);
  if (at == NULL || !read_answer(&answer, &at, arena) ||
      answer.design.index != asked->design) {
    return false;
  }
  *out = answer;
  return true;
}

bool cds_design_record_read(cds_design_result *out, cds_record_origin *origin,
                            const char *record, cds_arena *arena) {
  cds_design_answer answer = {.answered = false};
  cds_design_result *design = &answer.design;
  const char *at = record;
  if (!read_answer(&answer, &at, arena) ||
      !cds_answer_read_origin(origin, &at, arena) ||
      !cds_answer_read_number(&design->area_um2, &at) ||
      !cds_answer_read_number(&design->cost_usd, &at) ||
      !cds_answer_read_number(&design->embodied_kg, &at) ||
      !cds_answer_read_number(&design->floor, &at)) {
    return false;
  }
  *out = *design;
  return true;
}
