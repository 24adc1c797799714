/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mappings: reading, checking, writing, order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spec/mapping.h"
#include "support/messages.h"

/* DRAM, array PE (rows 2, cols 4), IFM beside WGT, array LANE (8), RF. */
static cds_arch make_arch(void) {
  cds_arch arch = {.name = "toy", .levels = 4, .arrays = 2};
  arch.level[0] = (cds_level){.name = "DRAM", .position = 0};
  arch.level[1] = (cds_level){.name = "IFM", .position = 1, .depth = 1};
  arch.level[2] = (cds_level){.name = "WGT", .position = 1, .depth = 1};
  arch.level[3] = (cds_level){.name = "RF", .position = 2, .depth = 2};
  arch.array[0] = (cds_array){
      .name = "PE", .axes = 2, .axis_name = {"rows", "cols"}, .extent = {2, 4}};
  arch.array[1] = (cds_array){
      .name = "LANE", .axes = 1, .axis_name = {"cols"}, .extent = {8, 1}};
  return arch;
}

typedef struct mapping_case {
  fixture f;
  cds_arch arch;
  cds_einsum einsum;
  cds_mapping mapping;
} mapping_case;

static void open_case(mapping_case *c) {
  static const cds_place place = {"w.yaml", 1, 1};
  fixture_open(&c->f);
  c->arch = make_arch();
  assert_fine(&c->f, cds_einsum_parse(&c->einsum, "O[m,n] += A[m,k] * B[k,n]",
                                      place, c->f.arena, c->f.diag));
  c->einsum.name = "gemm";
  c->einsum.rank[0].size = 4;
  c->einsum.rank[1].size = 8;
  c->einsum.rank[2].size = 6;
}

/* Reads "[...]" as the nest of a file of its own. */
static cds_status read_nest(mapping_case *c, const char *text) {
  const cds_yaml *nest = NULL;
  assert_fine(&c->f, cds_yaml_read_text(&nest, "map.yaml", text, strlen(text),
                                        c->f.arena, c->f.diag));
  return cds_mapping_read(&c->mapping, nest, &c->arch, &c->einsum,
                          &c->f.reader);
}

static void refuse(const char *text, const char *message) {
  mapping_case c;
  open_case(&c);
  assert_int_equal(read_nest(&c, text), CDS_EINPUT);
  assert_message(&c.f, message);
  fixture_close(&c.f);
}

static const char good[] =
    "[hold A B O at DRAM, for k 3, spread m 2 over PE.rows, hold A at IFM, "
    "hold B at WGT, spread n 8 over LANE, for m 2, hold O at RF, for k 2]";

static void mapping_is_read_node_by_node(void **state) {
  (void)state;
  mapping_case c;
  open_case(&c);
  assert_fine(&c.f, read_nest(&c, good));
  assert_int_equal(c.mapping.nodes, 11);
  assert_int_equal(c.mapping.node[2].kind, CDS_HOLD);
  assert_int_equal(c.mapping.node[2].tensor, 2);
  assert_int_equal(c.mapping.node[2].level, 0);
  assert_int_equal(c.mapping.node[3].kind, CDS_FOR);
  assert_int_equal(c.mapping.node[3].rank, 2);
  assert_int_equal(c.mapping.node[3].trips, 3);
  assert_int_equal(c.mapping.node[4].kind, CDS_SPREAD);
  assert_int_equal(c.mapping.node[4].array, 0);
  assert_int_equal(c.mapping.node[4].axis, 0);
  assert_int_equal(c.mapping.node[7].array, 1);
  assert_int_equal(c.mapping.node[6].level, 2);
  fixture_close(&c.f);
}

static void lines_are_the_words_that_are_read(void **state) {
  (void)state;
  static const char *const expected[] = {"hold A B O at DRAM",
                                         "for k 3",
                                         "spread m 2 over PE.rows",
                                         "hold A at IFM",
                                         "hold B at WGT",
                                         "spread n 8 over LANE",
                                         "for m 2",
                                         "hold O at RF",
                                         "for k 2"};
  mapping_case c;
  const char **lines = NULL;
  open_case(&c);
  assert_fine(&c.f, read_nest(&c, good));
  const size_t count =
      cds_mapping_lines(&lines, &c.mapping, &c.arch, &c.einsum, c.f.arena);
  assert_int_equal(count, sizeof expected / sizeof *expected);
  for (size_t i = 0; i < count; i++) {
    assert_string_equal(lines[i], expected[i]);
  }
  fixture_close(&c.f);
}

static void an_axis_may_be_named_or_left_out_if_it_is_the_only_one(void **s) {
  (void)s;
  mapping_case c;
  open_case(&c);
  assert_fine(&c.f, read_nest(&c, "[hold A B O at DRAM, for m 4, for k 6, "
                                  "spread n 8 over LANE.cols]"));
  fixture_close(&c.f);
  refuse("[hold A B O at DRAM, for m 4, for k 6, spread n 2 over PE, for n 4]",
         "array 'PE' has two axes: expected 'PE.rows' or 'PE.cols'");
}

static void words_that_are_no_node_are_refused(void **state) {
  (void)state;
  refuse("[hodl A at DRAM]",
         "map.yaml:1:2: error: 'hodl A at DRAM' is no node "
         "of a mapping: expected 'hold TENSOR... at LEVEL'");
  refuse("[hold A in DRAM]", "is no node of a mapping");
  refuse("[for k]", "is no node of a mapping");
  refuse("[spread k 2 PE.rows]", "is no node of a mapping");
  refuse("[for k 0]", "'0' in 'for k 0': expected a whole number from 1");
  refuse("[for k -1]", "expected a whole number from 1 to 2^40");
  refuse("[for k 99999999999999999999]", "expected a whole number");
  refuse("[hold C at DRAM]", "unknown tensor 'C' in a mapping");
  refuse("[hold A at DRAW]", "did you mean 'DRAM'?");
  refuse("[for z 2]", "unknown rank 'z' in a mapping");
  refuse("[[for k 2]]", "node of a mapping is not text");
  refuse("{a: b}", "'nest' is not a list");
}

static void factors_must_leave_pieces_of_one(void **state) {
  (void)state;
  refuse("[hold A B O at DRAM, for m 4, for k 2, for k 2, for n 8]",
         "map.yaml:1:46: error: factors of rank 'k' cut its 6 into pieces of "
         "2: expected pieces of 1\n"
         "  hint: 'for k 3' instead of 'for k 2' completes it");
  refuse("[hold A B O at DRAM, for m 4, for k 6]",
         "factors of rank 'n' cut its 8 into pieces of 8: expected pieces of "
         "1\n  hint: another 'for n 8' completes it");
}

static void factors_must_be_the_smallest_with_their_quotient(void **state) {
  (void)state;
  refuse("[hold A B O at DRAM, for m 4, for k 6, for n 5, for n 2]",
         "map.yaml:1:46: error: 'for n 5' leaves nothing to the last pass: "
         "expected 4, which cuts 8 into pieces of 2");
  refuse("[hold A B O at DRAM, for m 4, spread k 4 over PE.cols contiguous, "
         "for k 2, for n 8]",
         "'spread k 4' leaves nothing to the last instance: expected 3, which "
         "cuts 6 into pieces of 2");
  refuse("[hold A B O at DRAM, for k 3, spread k 3 over PE.cols, for m 4, "
         "for n 8]",
         "'spread k 3' leaves nothing to the last instance: expected 2, which "
         "cuts 2 into pieces of 1");
  refuse("[hold A B O at DRAM, for m 4, for m 2, for k 6, for n 8]",
         "'for m 2' has nothing left to cut: expected 1, as the factors before "
         "it leave pieces of 1");
  mapping_case c;
  open_case(&c);
  assert_fine(&c.f, read_nest(&c, "[hold A B O at DRAM, for m 4, spread k 4 "
                                  "over PE.cols, for k 2, for n 8]"));
  assert_fine(&c.f,
              read_nest(&c, "[hold A B O at DRAM, for m 2, for m 2, "
                            "for k 2, for k 2, for k 2, for n 3, for n 3]"));
  fixture_close(&c.f);
}

/* Tiles of I overlap: which of their words go where on a mesh is counted for
 * equal pieces only. */
static void uneven_windows_are_refused_on_links(void **state) {
  static const char *const nests[] = {
      "[hold I W O at DRAM, spread p 2 over PE.cols, for p 2, for r 3]",
      "[hold I W O at DRAM, for p 3, spread r 3 over PE.cols cyclic]",
      "[hold I W O at DRAM, for p 2, spread r 3 over PE.cols, for p 2]"};
  static const cds_place place = {"w.yaml", 1, 1};
  (void)state;
  for (unsigned i = 0; i < 3; i++) {
    for (unsigned mesh = 0; mesh < 2; mesh++) {
      mapping_case c;
      open_case(&c);
      c.arch.array[0].network = mesh ? CDS_NETWORK_MESH : CDS_NETWORK_BUS;
      assert_fine(&c.f, cds_einsum_parse(&c.einsum, "O[p] += I[p+r] * W[r]",
                                         place, c.f.arena, c.f.diag));
      c.einsum.rank[0].size = 3;
      c.einsum.rank[1].size = 3;
      if (!mesh) {
        assert_fine(&c.f, read_nest(&c, nests[i]));
      } else {
        assert_int_equal(read_nest(&c, nests[i]), CDS_EINPUT);
        assert_message(&c.f,
                       "overlapping tiles of 'I' are followed over the links "
                       "of 'PE' for even pieces only: expected factors of each "
                       "rank whose product is its size, and no 'cyclic'");
      }
      fixture_close(&c.f);
    }
  }
}

static void splits_are_read_and_written(void **state) {
  (void)state;
  mapping_case c;
  open_case(&c);
  assert_fine(&c.f,
              read_nest(&c, "[hold A B O at DRAM, spread m 2 over PE.cols "
                            "balanced, spread k 2 over PE.cols cyclic, "
                            "spread n 2 over PE.rows contiguous, for m 2, "
                            "for k 3, for n 4]"));
  const char **lines = NULL;
  assert_int_equal(
      cds_mapping_lines(&lines, &c.mapping, &c.arch, &c.einsum, c.f.arena), 7);
  assert_string_equal(lines[1], "spread m 2 over PE.cols");
  assert_string_equal(lines[2], "spread k 2 over PE.cols cyclic");
  assert_string_equal(lines[3], "spread n 2 over PE.rows contiguous");
  fixture_close(&c.f);
  refuse("[hold A B O at DRAM, spread m 2 over PE.cols cylic, for m 2, for k "
         "6, for n 8]",
         "map.yaml:1:46: error: 'cylic' after the array of a spread: expected "
         "'balanced' (which needs no word), 'contiguous' or 'cyclic'\n"
         "  hint: did you mean 'cyclic'?");
  refuse("[spread m 2 over PE.cols cyclic cyclic]", "is no node of a mapping");
}

static void spreads_must_fit_their_axis(void **state) {
  (void)state;
  refuse("[hold A B O at DRAM, spread m 2 over PE.rows, spread m 2 over "
         "PE.rows, for k 6, for n 8]",
         "map.yaml:1:56: error: spreads over 'PE.rows' have the product 4: "
         "expected at most 2");
  mapping_case c;
  open_case(&c);
  assert_fine(&c.f, read_nest(&c, "[hold A B O at DRAM, spread m 2 over "
                                  "PE.cols, spread n 2 over PE.cols, for m 2, "
                                  "for k 6, for n 4]"));
  fixture_close(&c.f);
}

static void holders_stand_in_the_order_of_levels(void **state) {
  (void)state;
  refuse("[hold A B O at DRAM, hold A at RF, hold A at IFM, for m 4, for k 6, "
         "for n 8]",
         "tensor 'A' is held at 'IFM' inside of 'RF': expected the holders of "
         "a tensor in the order of their levels");
  refuse("[hold A B O at DRAM, hold A at RF, for m 4, hold A at RF, for k 6, "
         "for n 8]",
         "tensor 'A' is held twice at 'RF'");
  refuse("[hold A B O at DRAM, hold A at IFM, hold A at WGT, for m 4, for k 6, "
         "for n 8]",
         "tensor 'A' is held at 'IFM' and at 'WGT', which stand side by side: "
         "expected one of them");
  refuse("[hold A B at DRAM, for m 4, hold O at DRAM, for k 6, for n 8]",
         "tensor 'O' is not held at 'DRAM' before the first loop: expected "
         "'hold O at DRAM' there");
  refuse("[hold A B at DRAM, spread m 2 over PE.rows, for m 2, for k 6, for n "
         "8]",
         "tensor 'O' is not held at 'DRAM' before the first loop");
}

static void keep_and_bypass_bind(void **state) {
  (void)state;
  mapping_case c;
  open_case(&c);
  c.arch.level[1].keep.roles = 1U << CDS_INPUT;
  c.arch.level[2].bypass.names = 1;
  c.arch.level[2].bypass.name[0] = "O";
  assert_int_equal(read_nest(&c, "[hold A B O at DRAM, hold O at WGT, for m 4, "
                                 "for k 6, for n 8]"),
                   CDS_EINPUT);
  assert_message(&c.f, "tensor 'A' is not held at 'IFM', which must keep it: "
                       "expected 'hold A at IFM'");
  assert_message(&c.f, "map.yaml:1:27: error: tensor 'O' is held at 'WGT', "
                       "which must not keep it");
  fixture_close(&c.f);
}

static void all_errors_of_a_mapping_are_found_at_once(void **state) {
  (void)state;
  mapping_case c;
  open_case(&c);
  assert_int_equal(read_nest(&c, "[hold A B at DRAM, for m 3]"), CDS_EINPUT);
  assert_int_equal(cds_diag_errors(c.f.diag), 4);
  fixture_close(&c.f);
}

static void indexes_out_of_range_are_refused(void **state) {
  (void)state;
  const cds_place place = {"made", 0, 0};
  mapping_case c;
  open_case(&c);
  c.mapping.nodes = 1;
  c.mapping.node[0] = (cds_node){.kind = CDS_FOR, .rank = 9, .trips = 1};
  assert_int_equal(
      cds_mapping_validate(&c.mapping, &c.arch, &c.einsum, place, c.f.diag),
      CDS_EINPUT);
  c.mapping.node[0] =
      (cds_node){.kind = CDS_SPREAD, .array = 1, .axis = 1, .trips = 1};
  assert_int_equal(
      cds_mapping_validate(&c.mapping, &c.arch, &c.einsum, place, c.f.diag),
      CDS_EINPUT);
  c.mapping.nodes = CDS_NODES_MAX + 1;
  assert_int_equal(
      cds_mapping_validate(&c.mapping, &c.arch, &c.einsum, place, c.f.diag),
      CDS_EINPUT);
  assert_message(&c.f, "mapping has 161 nodes: expected at most 160");
  fixture_close(&c.f);
}

static void canonical_order_is_nodes_then_fields(void **state) {
  (void)state;
  const cds_mapping none = {0};
  const cds_mapping hold = {1, {{.kind = CDS_HOLD, .tensor = 1, .level = 2}}};
  const cds_mapping lower = {1, {{.kind = CDS_HOLD, .tensor = 1, .level = 3}}};
  const cds_mapping loop = {1, {{.kind = CDS_FOR, .rank = 0, .trips = 2}}};
  /* Fields that the kind does not use do not count. */
  const cds_mapping twin = {
      1, {{.kind = CDS_FOR, .rank = 0, .trips = 2, .tensor = 3, .level = 1}}};
  const cds_mapping more = {1, {{.kind = CDS_FOR, .rank = 0, .trips = 4}}};
  const cds_mapping *order[] = {&none, &hold, &lower, &loop, &more};
  for (size_t a = 0; a < 5; a++) {
    for (size_t b = 0; b < 5; b++) {
      assert_int_equal(cds_mapping_compare(order[a], order[b]),
                       a < b ? -1 : (a > b ? 1 : 0));
    }
  }
  assert_int_equal(cds_mapping_compare(&loop, &twin), 0);
}

static void mapping_files_have_one_entry_or_a_list(void **state) {
  (void)state;
  fixture f;
  cds_mapping_entry *entry = NULL;
  size_t count = 0;
  fixture_open(&f);
  assert_fine(&f, cds_mapping_file_read(
                      &entry, &count,
                      CDS_SOURCE_DIR "/workloads/toy-mapping.yaml", &f.reader));
  assert_int_equal(count, 1);
  assert_string_equal(entry[0].layer, "gemm");
  assert_int_equal(entry[0].nest->count, 8);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mapping_is_read_node_by_node),
      cmocka_unit_test(lines_are_the_words_that_are_read),
      cmocka_unit_test(an_axis_may_be_named_or_left_out_if_it_is_the_only_one),
      cmocka_unit_test(words_that_are_no_node_are_refused),
      cmocka_unit_test(factors_must_leave_pieces_of_one),
      cmocka_unit_test(factors_must_be_the_smallest_with_their_quotient),
      cmocka_unit_test(uneven_windows_are_refused_on_links),
      cmocka_unit_test(splits_are_read_and_written),
      cmocka_unit_test(spreads_must_fit_their_axis),
      cmocka_unit_test(holders_stand_in_the_order_of_levels),
      cmocka_unit_test(keep_and_bypass_bind),
      cmocka_unit_test(all_errors_of_a_mapping_are_found_at_once),
      cmocka_unit_test(indexes_out_of_range_are_refused),
      cmocka_unit_test(canonical_order_is_nodes_then_fields),
      cmocka_unit_test(mapping_files_have_one_entry_or_a_list)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
