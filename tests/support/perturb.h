/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The numbers of an input file, one by one, and the file with one of them
 * changed: for tests that every number moves something.
 */
#ifndef CDS_TESTS_PERTURB_H
#define CDS_TESTS_PERTURB_H

#include <stdbool.h>
#include <stddef.h>

#include "spec/space_walk.h"

enum { PERTURB_TEXT_MAX = 1 << 16, PERTURB_KEY_MAX = 160 };

typedef struct perturb_number {
  size_t at, length; /* in the text of the file */
  unsigned line, column;
  double value;
  bool whole;                /* without unit: a count */
  char key[PERTURB_KEY_MAX]; /* levels[GLB].bandwidth.read */
} perturb_number;

typedef struct perturb_walk {
  const char *text;
  cds_walk walk;
  size_t from; /* in the scalar that is visited */
  bool inside;
} perturb_walk;

/* Reads a file of less than PERTURB_TEXT_MAX bytes; stops the test if it
 * cannot. */
void perturb_load(char text[PERTURB_TEXT_MAX], const char *path);
/* Keys whose values are left out end with NULL; `root` is the parsed text. */
void perturb_start(perturb_walk *walk, const char *text, const cds_yaml *root,
                   const char *const *skipped);
/* The next number: no digit of a name such as n7 or fp16. False at the end. */
bool perturb_next(perturb_number *out, perturb_walk *walk);
/* Copies the text with the number times a factor (of 1, if it is 0); counts
 * stay whole and always change. */
void perturb_change(char out[PERTURB_TEXT_MAX], const char *text,
                    const perturb_number *number, double factor);

#endif
