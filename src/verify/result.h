/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tree of a result.json, on its own or in a certificate. */
#ifndef CDS_VERIFY_RESULT_H
#define CDS_VERIFY_RESULT_H

#include "verify/certificate_keys.h"

/* A member by its path of two keys (the second may be NULL); NULL: absent. */
const cds_yaml *cds_result_member(const cds_yaml *root, const char *first,
                                  const char *second);
/* "": there is no such text. NaN: there is no such number. */
const char *cds_result_text(const cds_yaml *root, const char *key);
double cds_result_number(const cds_yaml *root, const char *key);

/* Of the result; CDS_EINPUT with a message. */
cds_status cds_result_objective(cds_objective *out, const cds_yaml *root,
                                cds_diag *diag);

/* Inputs that were read, and which design of theirs the winner is. */
typedef struct cds_result_given {
  const cds_certified *inputs;
  uint64_t winner;
} cds_result_given;

/* As cds_result_check. With inputs that are given bounds of the whole are
 * checked elsewhere: chains need none of their own. */
cds_status cds_result_check_given(cds_verified *out, const cds_yaml *root,
                                  const cds_result_given *given,
                                  const cds_verify_options *options,
                                  cds_arena *arena, cds_diag *diag);

#endif
