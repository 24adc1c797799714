/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * records: questions about designs and their answers, in a journal.
 *
 * The key of a record is a digest of the whole question: of everything that the
 * run was asked (its text, cds_records.run), and of what is asked of a design
 * in it, value by value. Numbers are kept bit by bit. So an answer that is read
 * back is the one that the same question would give again, and a run that
 * reads some of its answers takes the same steps as one that finds them all.
 */
#ifndef CDS_EXPLORE_RECORDS_H
#define CDS_EXPLORE_RECORDS_H

#include <stdint.h>

#include "base/arena.h"
#include "explore/journal.h"

struct cds_sharing; /* sharing.h */

typedef struct cds_records {
  cds_journal *journal;
  const char *run;  /* a digest: inputs, options that change answers, version */
  const char *part; /* of the run, such as figures at the ends of ranges; NULL:
                       the run itself */
  const struct cds_sharing *sharing; /* with other processes; NULL: with none */
} cds_records;

/* A question, put together value by value. */
typedef struct cds_asking {
  cds_sha256 hash;
} cds_asking;
void cds_asking_begin(cds_asking *out, const cds_records *records,
                      const char *kind);
void cds_asking_count(cds_asking *asking, uint64_t value);
/* -0 is 0, and every NaN the same. */
void cds_asking_number(cds_asking *asking, double value);
/* NULL, none, is not zeros. */
void cds_asking_numbers(cds_asking *asking, const double *value, size_t count);
void cds_asking_end(cds_asking *asking, cds_journal_key *key);

/* An answer as text, and back; without memory `text` becomes NULL. */
typedef struct cds_answer_text {
  cds_arena *arena;
  char *text;
  size_t size, room;
} cds_answer_text;
void cds_answer_begin(cds_answer_text *out, const char *kind, cds_arena *arena);
void cds_answer_count(cds_answer_text *answer, uint64_t value);
void cds_answer_number(cds_answer_text *answer, double value);
/* Any text, or NULL. */
void cds_answer_string(cds_answer_text *answer, const char *value);
/* Which run, which part of it, and whether its designs are without heat: for
 * readers that did not ask. */
void cds_answer_origin(cds_answer_text *answer, const cds_records *records,
                       bool heat_off);

/* The same, read back. */
typedef struct cds_record_origin {
  const char *run, *part;
  bool heat_off;
} cds_record_origin;
/* A digest of the run, which its designs without heat do not share. */
void cds_records_question(cds_journal_key *out, const char *run, bool heat_off);
/* Adds a record that says what is asked, for readers that did not ask, unless
 * there is one: of kind "question", with the run, whether its designs are
 * without heat, and `text`. CDS_EIO, CDS_ENOMEM. */
cds_status cds_records_describe(const cds_records *records, bool heat_off,
                                const char *text, cds_arena *arena);

/* Reads what was written, in its order; false once something else stands
 * there. */
bool cds_answer_read(const char **at, const char *kind);
bool cds_answer_read_count(uint64_t *out, const char **at);
bool cds_answer_read_number(double *out, const char **at);
bool cds_answer_read_string(const char **out, const char **at,
                            cds_arena *arena);
bool cds_answer_read_origin(cds_record_origin *out, const char **at,
                            cds_arena *arena);
/* What cds_records_describe wrote; false: it is another record. */
bool cds_records_read_question(cds_record_origin *out, const char **text,
                               const char *record, cds_arena *arena);

#endif
