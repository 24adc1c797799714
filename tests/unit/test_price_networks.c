/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A 4 x 4 x 4 matrix product on DRAM and 2 x 2 PEs with each kind of network,
 * link by link with a pencil. All values have 8 bits and a bit costs 0.5 pJ a
 * link, so that a word costs 4 pJ a link.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "price/price.h"
#include "support/close.h"
#include "support/nest.h"

enum { DRAM, RF, PE = 0, O = 2 };

/* Rows have their own A, columns their own B, each PE its own O: in two steps
 * of k, 8 words of A and 8 of B each; O leaves once, 4 words a PE. */
static const char stationary[] =
    "hold A B O at DRAM, for k 2, spread m 2 over PE.rows,"
    "spread n 2 over PE.cols, hold A B O at RF, for m 2, for n 2, for k 2";
/* The rows add up: O of a column leaves once, 8 words. */
static const char adding[] =
    "hold A B O at DRAM, spread k 2 over PE.rows, spread n 2 over PE.cols,"
    "hold A B O at RF, for m 4, for n 2, for k 2";

static cds_arch square(cds_network_kind kind, cds_ports ports) {
  const double no_limit = (double)INFINITY;
  cds_arch arch = {
      .name = "square",
      .levels = 2,
      .level = {{.name = "DRAM",
                 .size_bits = 8192,
                 .width_bits = 8,
                 .read_bandwidth = no_limit,
                 .write_bandwidth = no_limit,
                 .shared_bandwidth = no_limit},
                {.name = "RF",
                 .position = 1,
                 .depth = 1,
                 .size_bits = 8192,
                 .width_bits = 8,
                 .read_bandwidth = no_limit,
                 .write_bandwidth = no_limit,
                 .shared_bandwidth = no_limit}},
      .arrays = 1,
      .array = {{.name = "PE",
                 .axes = 2,
                 .axis_name = {"rows", "cols"},
                 .extent = {2, 2},
                 .network = kind,
                 .ports = ports,
                 .radix = 2,
                 .bit_pj = 0.5,
                 .add_pj = 1,
                 .multicast = true,
                 .reduction = true,
                 .bandwidth = 2}},
      .compute = {.name = "MAC"},
      .dies = 1,
      .overlap = CDS_OVERLAP_PERFECT,
      .clock_hz = 1e9,
  };
  return arch;
}

typedef struct run {
  cds_einsum einsum;
  cds_mapping mapping;
  cds_counts counts;
  cds_cost cost;
  char names[100];
} run;

static void price(run *out, const cds_arch *arch, const char *nest,
                  unsigned accumulator_bits) {
  cds_arena *scratch = cds_arena_new();
  assert_true(einsum_read(
      &out->einsum, "O[m,n] += A[m,k] * B[k,n]; m 4, n 4, k 4", out->names));
  out->einsum.tensor[O].accumulator.bits = accumulator_bits;
  assert_true(nest_read(&out->mapping, nest, arch, &out->einsum));
  assert_int_equal(
      cds_count(&out->counts, arch, &out->einsum, &out->mapping, scratch),
      CDS_OK);
  assert_int_equal(cds_price_einsum(&out->cost, arch, &out->einsum,
                                    &out->counts, (double)INFINITY),
                   CDS_OK);
  cds_arena_free(scratch);
}

/* A: 16 words in, each crosses the link in, row 0 to column 1, and both columns
 * down to its row: 2 links to row 0, 4 to row 1. B: 1 + column + 1. O: 1 + row
 * + column. The link in carries all 32 words of 8 bits, at 2 bit a cycle. */
static void mesh_with_a_corner_port(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = square(CDS_NETWORK_MESH, CDS_PORTS_CORNER);
  price(&r, &arch, stationary, 8);
  assert_close(r.cost.array_pj[PE],
               4 * (8 * 2 + 8 * 4 + 8 * 2 + 8 * 3 + 4 * (1 + 2 + 2 + 3)), 0);
  assert_close(r.cost.array_cycles[PE], 32 * 8 / 2.0, 0);
  assert_close(r.cost.cycles, 128, 0);
  assert_close(r.cost.skew_cycles, 0, 0);
}

/* Ports above the columns. A enters above column 0, goes to column 1 and down
 * both: as before. B and O stay in their column: 2 links, and 1 + row. The port
 * of column 0 carries 16 words of A and 8 of B; row 0 16 words of A. */
static void mesh_with_ports_above_the_columns(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = square(CDS_NETWORK_MESH, CDS_PORTS_COLS);
  price(&r, &arch, stationary, 8);
  assert_close(r.cost.array_pj[PE],
               4 * (8 * 2 + 8 * 4 + 16 * 2 + 4 * (1 + 1 + 2 + 2)), 0);
  assert_close(r.cost.array_cycles[PE], (16 + 8) * 8 / 2.0, 0);
}

/* A enters beside its row and passes along it, B above its column: 2 links a
 * word. O leaves above its column: 1 + row. No port carries more than 8 words.
 * The last PE starts 1 + 1 cycles late. */
static void systolic_array_feeds_rows_and_columns(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = square(CDS_NETWORK_SYSTOLIC, CDS_PORTS_COLS);
  price(&r, &arch, stationary, 8);
  assert_close(r.cost.array_pj[PE], 4 * (16 * 2 + 16 * 2 + 4 * (1 + 1 + 2 + 2)),
               0);
  assert_close(r.cost.array_cycles[PE], 8 * 8 / 2.0, 0);
  assert_close(r.cost.skew_cycles, 2, 0);
  assert_close(r.cost.cycles, 32 + 2, 0);
}

/* Port to root, root to row, row to column. A: 1 + 1 + 2, B: 1 + 2 + 2, O: 3.
 */
static void tree_splits_at_its_nodes(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = square(CDS_NETWORK_TREE, CDS_PORTS_CORNER);
  price(&r, &arch, stationary, 8);
  assert_close(r.cost.array_pj[PE], 4 * (16 * 4 + 16 * 5 + 16 * 3), 0);
  assert_close(r.cost.array_cycles[PE], 32 * 8 / 2.0, 0);
}

/* A line in and two lines out for A and B, one out of each PE and one to the
 * port for O. Without multicast two copies of each operand word, 2 lines each.
 */
static void crossbar_drives_one_line_a_destination(void **state) {
  (void)state;
  static run r;
  cds_arch arch = square(CDS_NETWORK_CROSSBAR, CDS_PORTS_CORNER);
  price(&r, &arch, stationary, 8);
  assert_close(r.cost.array_pj[PE], 4 * (16 * 3 + 16 * 3 + 16 * 2), 0);
  arch.array[PE].multicast = false;
  price(&r, &arch, stationary, 8);
  assert_close(r.cost.array_pj[PE], 4 * (32 * 2 + 32 * 2 + 16 * 2), 0);
  assert_close(r.cost.array_cycles[PE], 64 * 8 / 2.0, 0);
}

/* The same words on a bus: one crossing each, both ways on the one link. */
static void bus_carries_each_word_once(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = square(CDS_NETWORK_BUS, CDS_PORTS_CORNER);
  price(&r, &arch, stationary, 8);
  assert_close(r.cost.array_pj[PE], 4 * (16 + 16 + 16), 0);
  assert_close(r.cost.array_cycles[PE], 48 * 8 / 2.0, 0);
}

/* O of column c: row 1 up to row 0, row 0 to column 0, out: 2 + c links, one
 * addition a word, with 32-bit partial sums on all of them. A: 8 words a row
 * to one row each, both columns; B: 4 words a PE. */
static void mesh_adds_on_the_way_up(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = square(CDS_NETWORK_MESH, CDS_PORTS_CORNER);
  price(&r, &arch, adding, 32);
  const double a = 8 * 2 + 8 * 4;
  const double b = 4 * (1 + 2 + 2 + 3);
  const double o = 8 * 2 + 8 * 3;
  assert_close(r.cost.array_pj[PE], 0.5 * (8 * (a + b) + 32 * o), 0);
  assert_close(r.cost.add_pj[PE], 16, 0);
  /* Up: 16 words of 32 bits; down: 32 words of 8. */
  assert_close(r.cost.array_cycles[PE], 16 * 32 / 2.0, 0);
  /* A bus adds before it carries: the result has its own 8 bits. */
  const cds_arch bus = square(CDS_NETWORK_BUS, CDS_PORTS_CORNER);
  price(&r, &bus, adding, 32);
  assert_close(r.cost.array_pj[PE], 4 * (16 + 16 + 16), 0);
}

/* First fill (4 words of A and B for each row and column, over the port) and
 * last drain (16 words up) on the links. */
static void first_fill_and_last_drain_take_the_links(void **state) {
  (void)state;
  static run r;
  cds_arch arch = square(CDS_NETWORK_MESH, CDS_PORTS_CORNER);
  arch.overlap = CDS_OVERLAP_NATIVE;
  price(&r, &arch, stationary, 8);
  assert_close(r.cost.first_cycles, 16 * 8 / 2.0, 0);
  assert_close(r.cost.last_cycles, 16 * 8 / 2.0, 0);
  arch = square(CDS_NETWORK_SYSTOLIC, CDS_PORTS_COLS);
  arch.overlap = CDS_OVERLAP_NATIVE;
  price(&r, &arch, stationary, 8);
  /* Rows and columns have their own links: 4 words each; up 8 a column. */
  assert_close(r.cost.first_cycles, 4 * 8 / 2.0, 0);
  assert_close(r.cost.last_cycles, 8 * 8 / 2.0, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mesh_with_a_corner_port),
      cmocka_unit_test(mesh_with_ports_above_the_columns),
      cmocka_unit_test(systolic_array_feeds_rows_and_columns),
      cmocka_unit_test(tree_splits_at_its_nodes),
      cmocka_unit_test(crossbar_drives_one_line_a_destination),
      cmocka_unit_test(bus_carries_each_word_once),
      cmocka_unit_test(mesh_adds_on_the_way_up),
      cmocka_unit_test(first_fill_and_last_drain_take_the_links),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
