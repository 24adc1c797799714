/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "oracle/arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void stop(const char *text) {
  fprintf(stderr,
          "'%s': expected 'quick', or pairs of a name and a whole number, the "
          "names being seed, cases, case, times, reports, shrink and uneven\n",
          text);
  exit(EXIT_FAILURE);
}

static uint64_t number_of(const char *text) {
  char *end = NULL;
  const uint64_t number = strtoull(text, &end, 10);
  if (end == text || *end != '\0' || *text == '-') {
    stop(text);
  }
  return number;
}

static void from_environment(uint64_t *out, const char *name) {
  const char *text = getenv(name);
  if (text != NULL && *text != '\0') {
    *out = number_of(text);
  }
}

static void set(test_arguments *out, const char *name, uint64_t number) {
  if (strcmp(name, "seed") == 0) {
    out->seed = number;
  } else if (strcmp(name, "cases") == 0) {
    out->cases = number;
  } else if (strcmp(name, "case") == 0) {
    out->first = number;
    out->cases = 1;
  } else if (strcmp(name, "times") == 0) {
    out->times = number;
  } else if (strcmp(name, "reports") == 0) {
    out->reports = number;
  } else if (strcmp(name, "shrink") == 0) {
    out->shrink = number != 0;
  } else if (strcmp(name, "uneven") == 0) {
    out->uneven = number != 0;
  } else {
    stop(name);
  }
}

test_arguments test_arguments_read(const test_arguments *usual, int argc,
                                   char **argv) {
  test_arguments out = *usual;
  const char *quick = getenv("CODESIGN_TEST_QUICK");
  if (quick != NULL && strcmp(quick, "1") == 0) {
    out.cases = out.quick;
  }
  from_environment(&out.seed, "CODESIGN_TEST_SEED");
  from_environment(&out.cases, "CODESIGN_TEST_CASES");
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "quick") == 0) {
      out.cases = out.quick;
    } else if (i + 1 == argc) {
      stop(argv[i]);
    } else {
      set(&out, argv[i], number_of(argv[i + 1]));
      i++;
    }
  }
  return out;
}
