/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this module share. */
#ifndef CDS_SCHEMA_INTERNAL_H
#define CDS_SCHEMA_INTERNAL_H

#include "schema/schema.h"

/* A unit: value in the internal unit = number * 10^power * factor. */
typedef struct cds_unit {
  const char *name;
  cds_dimension dimension;
  bool per_cycle;
  double factor; /* a whole number */
  int power;
} cds_unit;

const cds_unit *cds_unit_find(const char *name, size_t length);
/* Hint for an unknown unit: the usual confusions, other case, near names. */
void cds_unit_suggest(cds_diag *diag, const char *name,
                      cds_dimension dimension);
/* "energy", "data size", ... */
const char *cds_dimension_name(cds_dimension dimension);
/* "a quantity in bits, such as '64 KiB'", ... */
const char *cds_dimension_expected(cds_dimension dimension);

/* What an expression gave, or why it gave nothing. */
typedef struct cds_evaluation {
  cds_variable_value value;
  const char *problem;          /* NULL: none; not a sentence of its own */
  const char *unknown_variable; /* set with the problem, for a suggestion */
  const char *unknown_unit;
  bool broken; /* it uses a variable that was refused: nothing to report */
} cds_evaluation;

/* Evaluates the text without reporting. CDS_EINPUT with a problem. */
cds_status cds_evaluate(cds_evaluation *out, const char *text,
                        const cds_reader *reader);

/* What a message is about: "'size' is '64'". */
typedef struct cds_subject {
  const cds_yaml *node;
  const char *what;     /* the key, or a phrase with quotes in it */
  const char *expected; /* "a name", ... */
} cds_subject;

/* Reports that the scalar is not what was expected, with the value of an
 * expression and its variables; returns CDS_EINPUT (or CDS_ENOMEM). */
cds_status cds_refuse(const cds_subject *subject, const char *problem,
                      const cds_reader *reader);
/* The same for a problem of an expression, with its suggestions; nothing is
 * said where it uses a variable that was refused before. */
cds_status cds_refuse_evaluation(const cds_subject *subject,
                                 const cds_evaluation *evaluation,
                                 cds_dimension dimension,
                                 const cds_reader *reader);
/* Refuses what is no scalar or has no text. */
cds_status cds_require_scalar(const cds_subject *subject,
                              const cds_reader *reader);
/* Evaluates a scalar to a number of the dimension (per_cycle included). */
cds_status cds_read_number(cds_variable_value *out, const cds_subject *subject,
                           cds_dimension dimension, const cds_reader *reader);
/* The text of a scalar, or of the text variable that it names. */
cds_status cds_read_text(const char **out, const cds_subject *subject,
                         const cds_reader *reader);
/* Low to high in the units of people: "1 KiB to 2 TiB", "at least 0.1 V". */
const char *cds_range_text(const cds_key *key, cds_arena *arena);
bool cds_is_name(const char *text);
/* At most 60 bytes of the text, whole characters; "..." shows a cut. */
enum { CDS_CLIP = 68 };
const char *cds_clip(char buffer[CDS_CLIP], const char *text);

#endif
