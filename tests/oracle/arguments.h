/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a test on random cases was asked for: pairs of a name and a number,
 *
 *   seed N cases N case N times N reports N shrink N uneven N
 *
 * of which `case` stands for that one case, and the word `quick`: the first
 * cases only. CODESIGN_TEST_SEED and CODESIGN_TEST_CASES stand for the
 * arguments of that name, CODESIGN_TEST_QUICK=1 for `quick`.
 */
#ifndef CDS_TESTS_ARGUMENTS_H
#define CDS_TESTS_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct test_arguments {
  uint64_t seed, first, cases;
  uint64_t quick;   /* cases, when asked for the first ones */
  uint64_t reports; /* mismatches that end the test */
  uint64_t times;   /* how much larger than usual a case is */
  bool shrink;      /* look for a smaller case that shows a mismatch */
  bool uneven;      /* cases with pieces of several lengths only */
} test_arguments;

/* Sets what is given; the rest stays as it is in `usual`. Ends the program with
 * a message if an argument is not understood. */
test_arguments test_arguments_read(const test_arguments *usual, int argc,
                                   char **argv);

#endif
