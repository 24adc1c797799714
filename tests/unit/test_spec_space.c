/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Design spaces: variables, values, designs, limits, missing sources. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/parallel.h"
#include "spec/space.h"
#include "support/close.h"

static cds_arena *arena;
static cds_space *space;
static char *written;

static const cds_yaml *parse(const char *text, cds_diag *diag) {
  const cds_yaml *root = NULL;
  assert_int_equal(
      cds_yaml_read_text(&root, "s.yaml", text, strlen(text), arena, diag),
      CDS_OK);
  return root;
}

/* Leaves the messages in `written`. */
static void write_messages(const cds_diag *diag) {
  size_t size = 0;
  free(written);
  FILE *stream = open_memstream(&written, &size);
  assert_non_null(stream);
  cds_diag_write(diag, stream, CDS_DIAG_TEXT);
  assert_int_equal(fclose(stream), 0);
}

static cds_status read_sets(const char *text, const char *const *sets,
                            size_t set_count) {
  cds_diag *diag = cds_diag_new(arena);
  const cds_status status =
      cds_space_of(&space, parse(text, diag), sets, set_count, arena, diag);
  write_messages(diag);
  return status;
}

static void read_right(const char *text) {
  const cds_status status = read_sets(text, NULL, 0);
  if (status != CDS_OK) {
    fail_msg("%s", written);
  }
}

static void expect_wrong(const char *text, const char *message) {
  assert_int_equal(read_sets(text, NULL, 0), CDS_EINPUT);
  if (strstr(written, message) == NULL) {
    fail_msg("expected: %s\nwritten:\n%s", message, written);
  }
}

#define LEVELS                                                                 \
  "levels:\n"                                                                  \
  "  - {level: DRAM, energy: 10 pJ}\n"                                         \
  "  - {level: GLB, size: $glb, energy: 1 pJ}\n"                               \
  "  - {array: PE, rows: $rows, cols: 2 * $rows, network: {energy: 0 pJ/bit,"  \
  " add: 0 pJ}}\n"                                                             \
  "  - {compute: MAC, energy: 1 pJ}\n"
#define HEAD "architecture: grid\n" LEVELS
#define GRID                                                                   \
  HEAD "explore:\n"                                                            \
       "  variables: {rows: [4, 8, 16], glb: 64 KiB to 256 KiB by x2}\n"

static void designs_are_the_product_of_the_values(void **state) {
  (void)state;
  read_right(GRID);
  assert_string_equal(cds_space_name(space), "grid");
  assert_int_equal(cds_space_variables(space), 2);
  assert_int_equal(cds_space_designs(space), 9);
  assert_string_equal(cds_space_variable(space, 0)->name, "rows");
  assert_int_equal(cds_space_variable(space, 1)->count, 3);
  assert_int_equal(cds_space_objective(space), CDS_OBJECTIVE_EDP);
}

static void the_last_variable_goes_fastest(void **state) {
  (void)state;
  read_right(GRID);
  cds_variable_value values[2];
  cds_space_values(values, space, 0);
  assert_close(values[0].number, 4, 0);
  assert_close(values[1].number, 65536 * 8, 0);
  cds_space_values(values, space, 1);
  assert_close(values[0].number, 4, 0);
  assert_close(values[1].number, 131072 * 8, 0);
  cds_space_values(values, space, 8);
  assert_close(values[0].number, 16, 0);
  assert_close(values[1].number, 262144 * 8, 0);
  assert_string_equal(values[0].name, "rows");
}

static void a_design_has_the_values_of_its_index(void **state) {
  (void)state;
  read_right(GRID);
  cds_diag *diag = cds_diag_new(arena);
  cds_arch arch;
  for (uint64_t index = 0; index < 9; index++) {
    const uint64_t rows = (uint64_t)4 << index / 3;
    const cds_arena_mark mark = cds_arena_mark_get(arena);
    assert_int_equal(cds_space_design(&arch, space, index, arena, diag),
                     CDS_OK);
    assert_int_equal(arch.array[0].extent[0], rows);
    assert_int_equal(arch.array[0].extent[1], 2 * rows);
    assert_int_equal(arch.level[1].size_bits, (uint64_t)65536 * 8 << index % 3);
    cds_arena_reset(arena, mark);
  }
  assert_int_equal(cds_diag_warnings(diag), 0);
}

static void a_file_without_variables_is_one_design(void **state) {
  (void)state;
  read_right("architecture: one\nlevels:\n"
             "  - {level: L, energy: 1 pJ}\n"
             "  - {compute: MAC, energy: 1 pJ}\n");
  assert_int_equal(cds_space_designs(space), 1);
  assert_int_equal(cds_space_variables(space), 0);
  cds_arch arch;
  assert_int_equal(
      cds_space_design(&arch, space, 0, arena, cds_diag_new(arena)), CDS_OK);
}

static void a_set_fixes_a_variable(void **state) {
  (void)state;
  static const char *const sets[] = {"glb=1MiB", "rows=32"};
  assert_int_equal(read_sets(GRID, sets, 2), CDS_OK);
  assert_int_equal(cds_space_designs(space), 1);
  cds_arch arch;
  assert_int_equal(
      cds_space_design(&arch, space, 0, arena, cds_diag_new(arena)), CDS_OK);
  assert_int_equal(arch.level[1].size_bits, (uint64_t)1 << 23);
  assert_int_equal(arch.array[0].extent[0], 32);
  static const char *const spaced[] = {"glb=1 MiB"};
  assert_int_equal(read_sets(GRID, spaced, 1), CDS_OK);
  assert_int_equal(cds_space_designs(space), 3);
}

static void a_wrong_set_says_what_was_expected(void **state) {
  (void)state;
  static const struct {
    const char *set, *message;
  } wrong[] = {
      {"gbl=1MiB", "'--set gbl=1MiB': unknown variable 'gbl'"},
      {"gbl=1MiB", "did you mean 'glb'"},
      {"glb", "'--set glb' sets nothing: expected NAME=VALUE"},
      {"glb=4", "'--set glb=4' is no value of 'glb': expected one such as 64"},
      {"rows=1 V", "'--set rows=1 V' is no value of 'rows'"},
  };
  for (size_t index = 0; index < sizeof wrong / sizeof wrong[0]; index++) {
    assert_int_equal(read_sets(GRID, &wrong[index].set, 1), CDS_EINPUT);
    if (strstr(written, wrong[index].message) == NULL) {
      fail_msg("expected: %s\nwritten:\n%s", wrong[index].message, written);
    }
  }
}

static void limits_are_in_internal_units(void **state) {
  (void)state;
  read_right("package: {cooling: {sink: 0.1 K/W}}\n" GRID
             "  limits: [area <= 100 mm2, power <= 25 W, temperature <= 95"
             " degC, energy <= 2 mJ, latency <= 3 ms, edp <= 2 mJ ms]\n"
             "  objective: ed2p\n");
  static const double bounds[] = {1e8, 25, 95, 2e9, 3e-3, 2e9 * 1e-3};
  assert_int_equal(cds_space_limits(space), 6);
  for (unsigned limit = 0; limit < 6; limit++) {
    assert_int_equal(cds_space_limit(space, limit)->metric, limit);
    assert_close(cds_space_limit(space, limit)->bound, bounds[limit], 1e-12);
  }
  assert_string_equal(cds_space_limit(space, 0)->text, "area <= 100 mm2");
  assert_int_equal(cds_space_objective(space), CDS_OBJECTIVE_ED2P);
}

static void limits_on_making_and_the_wall_have_units(void **state) {
  (void)state;
  read_right(GRID "  limits: [cost <= 300 USD, embodied <= 20 kg, wall <= 40 "
                  "W]\n"
                  "  objective: carbon\n");
  assert_int_equal(cds_space_limits(space), 3);
  static const double bounds[] = {300, 20, 40};
  for (unsigned limit = 0; limit < 3; limit++) {
    assert_int_equal(cds_space_limit(space, limit)->metric,
                     CDS_METRIC_COST + limit);
    assert_close(cds_space_limit(space, limit)->bound, bounds[limit], 1e-12);
  }
  assert_int_equal(cds_space_objective(space), CDS_OBJECTIVE_CARBON);
  expect_wrong(GRID "  limits: [cost <= 300]\n",
               "an amount of money, such as '300 USD'");
  expect_wrong(GRID "  limits: [embodied <= 20 USD]\n",
               "a mass, such as '20 kg'");
}

static void a_limit_of_the_command_line_needs_no_place(void **state) {
  (void)state;
  cds_limit limit;
  const cds_place nowhere = {0};
  cds_diag *diag = cds_diag_new(arena);
  assert_int_equal(cds_limit_parse(&limit, "edp<=5 pJ*s", nowhere, arena, diag),
                   CDS_OK);
  assert_close(limit.bound, 5, 1e-12);
  assert_int_equal(cds_limit_parse(&limit, "area <= 1 W", nowhere, arena, diag),
                   CDS_EINPUT);
  assert_int_equal(cds_limit_parse(&limit, "edp <= 5 pJ", nowhere, arena, diag),
                   CDS_EINPUT);
  assert_int_equal(cds_limit_parse(&limit, "edp <= s", nowhere, arena, diag),
                   CDS_EINPUT);
  assert_int_equal(cds_limit_parse(&limit, "<=", nowhere, arena, diag),
                   CDS_EINPUT);
  assert_int_equal(cds_limit_parse(&limit, "", nowhere, arena, diag),
                   CDS_EINPUT);
}

static void wrong_spaces_have_their_messages(void **state) {
  (void)state;
  expect_wrong(HEAD "explore: {variables: {rows: [4], glb: [1 KiB],"
                    " cols: [1, 2]}}\n",
               "error: unused variable 'cols'");
  expect_wrong(HEAD "explore: {variables: {rows: [4], glbs: [1 KiB]}}\n",
               "glb");
  expect_wrong(HEAD, "rows");
  expect_wrong(HEAD "explore: {variables: {rows: [4], glb: 64 KiB to 1 MiB by"
                    " -1 KiB}}\n",
               "s.yaml:7:");
  expect_wrong(HEAD "explore: {variables: {rows: [4], glb: 64 KiB to 1 MiB by"
                    " x1}}\n",
               "s.yaml:7:");
  expect_wrong(GRID "  limits: [speed <= 5 W]\n", "unknown metric 'speed'");
  expect_wrong(GRID "  limits: [powr <= 5 W]\n", "did you mean 'power'");
  expect_wrong(GRID "  limits: [power <= 5 mm2]\n", "s.yaml:9:");
  expect_wrong(GRID "  limits: [power < 5 W]\n", "compares nothing");
  expect_wrong(GRID "  limits: [power <= 0 W]\n", "is not above zero");
  expect_wrong(GRID "  limits: [temperature <= 95 degC]\n",
               "needs a thermal resistance");
  expect_wrong(GRID "  limits: {power: 5 W}\n", "'limits' is no list");
  expect_wrong(GRID "  objective: speed\n", "objective");
  expect_wrong(GRID "  objectives: edp\n", "unknown key 'objectives'");
  expect_wrong("workload: w\nlayers: []\n",
               "the file describes a workload: expected an architecture");
  expect_wrong(HEAD "explore: {variables: {a-b: [4]}}\n",
               "variable 'a-b' has a '-'");
  expect_wrong(GRID "  limits: [[power <= 5 W]]\n", "a limit is no text");
  expect_wrong(GRID "  source: 5\n  limit: 5\n", "unknown key 'limit'");
  expect_wrong(HEAD "explore: [rows]\n", "'explore' is no mapping");
  expect_wrong(HEAD "explore: {variables: [rows]}\n",
               "'variables' is no mapping");
}

static void designs_beyond_64_bits_are_counted_as_such(void **state) {
  (void)state;
  char text[4096] = "architecture: many\nlevels:\n";
  char sum[512] = "";
  char variables[2048] = "";
  for (unsigned index = 0; index < 5; index++) {
    char part[128];
    (void)snprintf(part, sizeof part, "%s$v%u", index == 0 ? "" : " + ", index);
    (void)strncat(sum, part, sizeof sum - strlen(sum) - 1);
    (void)snprintf(part, sizeof part, "    v%u: 1 to 50000 by 1\n", index);
    (void)strncat(variables, part, sizeof variables - strlen(variables) - 1);
  }
  const size_t used = strlen(text);
  (void)snprintf(text + used, sizeof text - used,
                 "  - {level: L, energy: 1 pJ}\n"
                 "  - {array: PE, cols: %s, network: {energy: 0 pJ/bit, add: 0"
                 " pJ}}\n"
                 "  - {compute: MAC, energy: 1 pJ}\n"
                 "explore:\n  variables:\n%s",
                 sum, variables);
  read_right(text);
  assert_true(cds_space_designs(space) == UINT64_MAX);
}

static void files_are_read_by_their_path(void **state) {
  (void)state;
  cds_diag *diag = cds_diag_new(arena);
  const char *path = CDS_SOURCE_DIR "/archs/npu-3d.yaml";
  assert_int_equal(cds_space_read(&space, path, NULL, 0, arena, diag), CDS_OK);
  assert_true(cds_space_designs(space) >= 800);
  assert_int_equal(cds_sources_missing(path, arena, diag), 0);
  assert_int_equal(cds_diag_errors(diag) + cds_diag_warnings(diag), 0);
}

static void variables_choose_names_and_wrong_designs_are_said(void **state) {
  (void)state;
  read_right(
      "architecture: names\n"
      "dies: {logic: {process: $node, device: $flavour, supply: 0.4 V}}\n"
      "levels:\n"
      "  - {level: L, energy: 1 pJ}\n"
      "  - {compute: MAC, class: mac, formats: [int8]}\n"
      "explore:\n"
      "  variables: {node: [n7, n65], flavour: [hp, lp]}\n");
  cds_arch arch;
  cds_diag *diag = cds_diag_new(arena);
  assert_int_equal(cds_space_design(&arch, space, 1, arena, diag), CDS_OK);
  assert_string_equal(arch.die[0].process, "n7");
  assert_string_equal(arch.die[0].device, "lp");
  /* 0.4 V is below the threshold of the second devices of 65 nm. */
  assert_int_equal(cds_space_design(&arch, space, 2, arena, diag), CDS_OK);
  assert_int_equal(cds_space_design(&arch, space, 3, arena, diag), CDS_EINPUT);
  write_messages(diag);
  assert_non_null(strstr(written, "s.yaml:2:"));
}

static void an_unreadable_file_is_said(void **state) {
  (void)state;
  cds_diag *diag = cds_diag_new(arena);
  assert_int_equal(
      cds_space_read(&space, "/nonexistent/a.yaml", NULL, 0, arena, diag),
      CDS_EINPUT);
  assert_int_equal(cds_diag_errors(diag), 1);
  assert_int_equal(cds_sources_missing("/nonexistent/a.yaml", arena, diag), 0);
}

static void every_failing_allocation_is_survived(void **state) {
  (void)state;
  bool failed = true;
  for (uint64_t nth = 1; failed; nth++) {
    cds_arena *own = cds_arena_new();
    cds_diag *diag = cds_diag_new(own);
    const cds_yaml *root = NULL;
    cds_space *other = NULL;
    if (cds_yaml_read_text(&root, "s.yaml", GRID, strlen(GRID), own, diag) ==
        CDS_OK) {
      cds_alloc_fail_after(nth);
      const cds_status status = cds_space_of(&other, root, NULL, 0, own, diag);
      cds_alloc_fail_after(0);
      assert_true(status == CDS_OK || status == CDS_ENOMEM);
      failed = status != CDS_OK;
    }
    cds_arena_free(own);
  }
}

/* ---- threads ---- */

typedef struct job {
  cds_arch *arch; /* one for each design */
  cds_status status[9];
  cds_arena *own[9];
} job;

static void build_one(size_t chunk, unsigned thread, void *payload) {
  (void)thread;
  job *all = payload;
  cds_diag *diag = cds_diag_new(all->own[chunk]);
  all->status[chunk] =
      cds_space_design(&all->arch[chunk], space, chunk, all->own[chunk], diag);
}

static void designs_are_built_side_by_side(void **state) {
  (void)state;
  read_right(GRID);
  job all = {.arch = cds_arena_array(arena, 9, sizeof *all.arch)};
  for (unsigned design = 0; design < 9; design++) {
    all.own[design] = cds_arena_new();
  }
  cds_parallel_for(9, 3, build_one, &all);
  for (unsigned design = 0; design < 9; design++) {
    assert_int_equal(all.status[design], CDS_OK);
    assert_int_equal(all.arch[design].array[0].extent[0], 4U << design / 3);
    cds_arena_free(all.own[design]);
  }
}

/* ---- sources ---- */

static size_t missing(const char *text) {
  cds_diag *diag = cds_diag_new(arena);
  const size_t count = cds_sources_missing_in(parse(text, diag), diag);
  assert_int_equal(count, cds_diag_errors(diag));
  write_messages(diag);
  return count;
}

static void a_number_without_a_source_is_found(void **state) {
  (void)state;
  assert_int_equal(missing("architecture: a\n"
                           "clock: 1 GHz\n"
                           "levels:\n"
                           "  - {level: L, size: 1 KiB, energy: {read: 1 pJ,"
                           " fill: 2 pJ}}\n"
                           "  - {compute: MAC, formats: [int8, 8 bit],"
                           " energy: 1 pJ, source: paper}\n"),
                   4);
  assert_non_null(strstr(written, "s.yaml:2:8: error: 'clock' is '1 GHz' "
                                  "without a source"));
  assert_non_null(strstr(written, "'fill' is '2 pJ'"));
}

static void a_source_covers_its_own_entry(void **state) {
  (void)state;
  assert_int_equal(missing("architecture: a\n"
                           "clock: 1 GHz\n"
                           "source: paper\n"
                           "dies: {x: {process: n7, clock: 1 GHz, source: s}}\n"
                           "levels:\n"
                           "  - {level: L, size: 1 KiB, energy: {read: 1 pJ},"
                           " assumption: guess}\n"
                           "  - {level: M, size: 2 KiB}\n"
                           "  - {compute: MAC, energy: {int8: 1 pJ,"
                           " source: t}}\n"),
                   1);
  assert_non_null(strstr(written, "'size' is '2 KiB'"));
}

static void an_assumption_at_the_top_covers_the_file(void **state) {
  (void)state;
  assert_int_equal(missing("architecture: a\nassumption: a toy\nlevels:\n"
                           "  - {level: L, size: 1 KiB}\n"),
                   0);
}

static void choices_and_names_need_no_source(void **state) {
  (void)state;
  assert_int_equal(missing("architecture: npu-3d\n"
                           "levels:\n"
                           "  - {level: L2, class: dram-1b, size: $glb,"
                           " note: 5 of 6}\n"
                           "explore: {variables: {glb: [1 KiB, 2 KiB]},"
                           " limits: [area <= 1 mm2]}\n"),
                   0);
}

static void workloads_are_walked_too(void **state) {
  (void)state;
  assert_int_equal(missing("workload: llm\n"
                           "model: {model_type: llama, hidden_size: 4096}\n"
                           "precision: {weights: 8 bit}\n"
                           "phases: [{prefill: {batch: 1, tokens: 2048}}]\n"),
                   1);
  assert_int_equal(missing("workload: llm\n"
                           "model: {model_type: llama, hidden_size: 4096,"
                           " source: model card}\n"),
                   0);
  assert_int_equal(missing("workload: w\nsource: paper, table 3\n"
                           "layers: [{name: l1, ranks: {m: 4}}]\n"),
                   0);
}

static int set_up(void **state) {
  (void)state;
  arena = cds_arena_new();
  return arena == NULL;
}

static int tear_down(void **state) {
  (void)state;
  cds_arena_free(arena);
  free(written);
  written = NULL;
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(designs_are_the_product_of_the_values),
      cmocka_unit_test(the_last_variable_goes_fastest),
      cmocka_unit_test(a_design_has_the_values_of_its_index),
      cmocka_unit_test(a_file_without_variables_is_one_design),
      cmocka_unit_test(a_set_fixes_a_variable),
      cmocka_unit_test(a_wrong_set_says_what_was_expected),
      cmocka_unit_test(limits_are_in_internal_units),
      cmocka_unit_test(limits_on_making_and_the_wall_have_units),
      cmocka_unit_test(a_limit_of_the_command_line_needs_no_place),
      cmocka_unit_test(wrong_spaces_have_their_messages),
      cmocka_unit_test(designs_beyond_64_bits_are_counted_as_such),
      cmocka_unit_test(files_are_read_by_their_path),
      cmocka_unit_test(variables_choose_names_and_wrong_designs_are_said),
      cmocka_unit_test(an_unreadable_file_is_said),
      cmocka_unit_test(every_failing_allocation_is_survived),
      cmocka_unit_test(designs_are_built_side_by_side),
      cmocka_unit_test(a_number_without_a_source_is_found),
      cmocka_unit_test(a_source_covers_its_own_entry),
      cmocka_unit_test(an_assumption_at_the_top_covers_the_file),
      cmocka_unit_test(choices_and_names_need_no_source),
      cmocka_unit_test(workloads_are_walked_too),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
