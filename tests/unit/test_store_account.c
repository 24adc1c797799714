/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much a result says of its run, by how it ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/account.h"
#include "support/folder.h"

/* An ending as result.json has it. */
typedef struct ending {
  const char *timed; /* or "" */
  const char *status, *proven, *value, *bound, *gap;
  const char *asked;   /* what `--gap` asked for */
  unsigned ranked;     /* designs */
  const char *ranking; /* whether that is proven; NULL: no such member */
  unsigned level;
} ending;

#define TIMED ", \"reproducible\": false"

static void level_is_that_of_the_ending(void **state) {
  (void)state;
  static const ending endings[] = {
      {"", "optimal", "true", "5", "5", "0", "0", 1, NULL, 2},
      {"", "gap", "false", "5", "4", "0.2", "0", 1, NULL, 2},
      {"", "gap", "false", "5", "4", "0.2", "0", 3, "false", 2},
      {"", "none", "false", "null", "null", "null", "0", 0, NULL, 2},
      {"", "none", "false", "null", "4", "null", "0", 0, NULL, 2},
      {"", "interrupted", "false", "5", "4", "0.2", "0", 1, NULL, 1},
      {"", "interrupted", "false", "5", "4", "0.2", "25 %", 1, NULL, 1},
      /* A time that was enough. */
      {TIMED, "optimal", "true", "5", "5", "0", "0", 1, NULL, 2},
      {TIMED, "optimal", "true", "5", "5", "0", "0", 3, "true", 2},
      {TIMED, "gap", "false", "5", "4", "0.2", "25 %", 1, NULL, 2},
      {TIMED, "gap", "false", "5", "4", "0.2", "20", 1, NULL, 2},
      {TIMED, "none", "false", "null", "null", "null", "0", 0, NULL, 2},
      /* One that perhaps was not. */
      {TIMED, "gap", "false", "5", "4", "0.2", "0", 1, NULL, 1},
      {TIMED, "gap", "false", "5", "4", "0.2", "19 %", 1, NULL, 1},
      {TIMED, "optimal", "true", "5", "5", "0", "0", 3, "false", 1},
      {TIMED, "optimal", "true", "5", "5", "0", "0", 3, NULL, 1},
      {TIMED, "none", "false", "null", "4", "null", "0", 0, NULL, 1},
      {TIMED, "interrupted", "true", "5", "5", "0", "0", 1, NULL, 1},
      {TIMED, "interrupted", "false", "5", "4", "0.2", "0", 1, NULL, 1}};
  char path[FOLDER_TEXT + 40];
  snprintf(path, sizeof path, "%s/result.json", folder);
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    const ending *of = &endings[i];
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fprintf(stream,
            "{\"schema_version\": 2, \"architecture\": \"a\", \"workload\": "
            "\"w\", \"objective\": {\"name\": \"edp\", \"unit\": \"pJ s\"}, "
            "\"status\": \"%s\", "
            "\"proven\": %s, \"value\": %s, \"bound\": %s, \"gap\": %s, "
            "\"space\": {\"designs\": 9}, \"designs\": {\"ranked\": %u},",
            of->status, of->proven, of->value, of->bound, of->gap, of->ranked);
    if (of->ranking != NULL) {
      fprintf(stream, " \"ranking\": {\"proven\": %s},", of->ranking);
    }
    fprintf(stream,
            " \"provenance\": {\"question\": \"q\", \"options\": {%s%s%s}},\n"
            "  \"run\": {\"threads\": 1%s}}\n",
            *of->asked == '0' ? "" : "\"gap\": \"",
            *of->asked == '0' ? "" : of->asked, *of->asked == '0' ? "" : "\"",
            of->timed);
    fclose(stream);
    cds_arena *arena = cds_arena_new();
    cds_diag *diag = cds_diag_new(arena);
    cds_account account;
    assert_int_equal(cds_account_read(&account, path, arena, diag), CDS_OK);
    if (account.level != of->level) {
      fail_msg("ending %zu: level %u, expected %u", i, account.level,
               of->level);
    }
    cds_arena_free(arena);
  }
  unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(level_is_that_of_the_ending)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
