/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cases: what sets are computed from. A group of sets (sets.def) has one
 * function that counts its cases and one that computes one case by itself, so
 * that threads share them; a case gives errors to sets of its group.
 */
#ifndef CDS_VALIDATE_CASES_H
#define CDS_VALIDATE_CASES_H

#include <stdint.h>

#include "validate/validate.h"

typedef struct cds_validate_error {
  unsigned set; /* within the group */
  double error;
} cds_validate_error;

enum { CDS_VALIDATE_ERRORS = 128 }; /* of one case, at most */

typedef struct cds_validate_case {
  size_t errors;
  cds_validate_error error[CDS_VALIDATE_ERRORS];
  cds_arena *arena; /* of this case alone */
  cds_diag *diag;
} cds_validate_case;

/* Adds an error to a set of the group; too many are a bug here. */
void cds_validate_add(cds_validate_case *to, unsigned set, double error);
/* Likewise ours/theirs - 1. */
void cds_validate_compare(cds_validate_case *to, unsigned set, double ours,
                          double theirs);
/* Likewise, but 0 where ours, rounded, is what is printed: `printed` with the
 * digits that it has. */
void cds_validate_compare_printed(cds_validate_case *to, unsigned set,
                                  double ours, const char *printed);

/* A fraction from 0 to 1 of a stream that begins with a seed: Marsaglia's
 * xorshift64. */
double cds_validate_random(uint64_t *stream);
/* The stream of a seed. */
uint64_t cds_validate_stream(uint64_t seed);

/* The groups. */
#define CDS_GROUP(name, source)                                                \
  size_t cds_validate_##name##_cases(bool all);                                \
  cds_status cds_validate_##name(cds_validate_case *to, size_t index);
#define CDS_SET(group, name, kind, judge, low, high, kelvin, compares)
#include "validate/sets.def"
#undef CDS_GROUP
#undef CDS_SET

#endif
