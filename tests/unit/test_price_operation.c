/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A softmax of two rows of eight values, a norm with shared weights and a
 * gather, on DRAM, a buffer and a vector unit of four lanes: counted by hand.
 * One 8-bit value is one access at both levels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "price/price.h"
#include "support/close.h"

enum { DRAM, GLB };

static cds_arch small(uint64_t buffer_bits) {
  cds_arch arch = {
      .name = "small",
      .levels = 2,
      .level = {{.name = "DRAM",
                 .size_bits = 8192,
                 .width_bits = 8,
                 .price = {[CDS_READ] = {100, 0}, [CDS_UPDATE] = {110, 0}},
                 .read_bandwidth = (double)INFINITY,
                 .write_bandwidth = (double)INFINITY,
                 .shared_bandwidth = 16},
                {.name = "GLB",
                 .position = 1,
                 .size_bits = buffer_bits,
                 .width_bits = 8,
                 .price = {{2, 0}, {3, 0}, {5, 0}, {7, 0}},
                 .read_bandwidth = (double)INFINITY,
                 .write_bandwidth = (double)INFINITY,
                 .shared_bandwidth = (double)INFINITY}},
      .compute = {.name = "MAC", .mac_pj = {1}},
      .vectors = 1,
      .vector = {{.name = "VPU",
                  .level = GLB,
                  .lanes = 4,
                  .cycles = {1, 1, 1, 4, 4, 4, 8, 1},
                  .energy_pj = {1, 2, 1, 10, 10, 10, 20, 1}}},
      .mac_slots = {1, 1, 1, 8, 6, 6, 12, 1},
      .dies = 1,
      .clock_hz = 1e9,
  };
  return arch;
}

static const cds_format byte = {"8 bit", 8, false};

static cds_operation softmax(void) {
  return (cds_operation){
      .kind = "softmax",
      .rows = 2,
      .length = 8,
      .passes = 2,
      .reduces = true,
      /* t-1 max, 2t-1 add, t exp, 1 recip, t mul a row */
      .primitives = {[CDS_MAX] = 14,
                     [CDS_ADD] = 30,
                     [CDS_EXP] = 16,
                     [CDS_RECIP] = 2,
                     [CDS_MUL] = 16},
      .format = byte,
      .inputs = 1,
      .input = {{.name = "x",
                 .content = CDS_ACTIVATIONS,
                 .format = byte,
                 .words = 16,
                 .row_words = 8,
                 .every_pass = true}},
      .output = {.name = "y",
                 .content = CDS_ACTIVATIONS,
                 .format = byte,
                 .words = 16,
                 .row_words = 8,
                 .every_pass = false},
  };
}

static void a_row_that_fits_is_fetched_once(void **state) {
  (void)state;
  cds_cost cost;
  cds_operation_counts counts;
  /* Two copies of a row and its result: 2 x (64 + 64) bits. */
  const cds_arch arch = small(256);
  const cds_operation operation = softmax();
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_OK);
  assert_string_equal(counts.unit, "VPU");
  assert_int_equal(counts.reads[DRAM], 16);
  assert_int_equal(counts.updates[DRAM], 16);
  assert_int_equal(counts.fills[GLB], 16);
  assert_int_equal(counts.reads[GLB], 32);
  assert_int_equal(counts.updates[GLB], 16);
  assert_int_equal(counts.drains[GLB], 16);
  assert_close(cost.level_pj[DRAM], 16 * 100 + 16 * 110, 0);
  assert_close(cost.level_pj[GLB], 32 * 2 + 16 * 3 + 16 * 5 + 16 * 7, 0);
  assert_close(cost.vector_pj, 14 + 30 + 160 + 20 + 32, 0);
  /* (14 + 30 + 64 + 8 + 16) / 4 lanes = 33 cycles against 32 words in 16, and
   * log2(4) for each of the two reduced rows. */
  assert_close(counts.primitive_cycles, 33, 0);
  assert_close(cost.level_cycles[DRAM], 16, 0);
  assert_close(cost.cycles, 33 + 4, 0);
}

static void a_row_that_does_not_fit_is_fetched_in_each_pass(void **state) {
  (void)state;
  cds_cost cost;
  cds_operation_counts counts;
  const cds_arch arch = small(255);
  const cds_operation operation = softmax();
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_OK);
  assert_int_equal(counts.reads[DRAM], 32);
  assert_int_equal(counts.fills[GLB], 32);
  assert_int_equal(counts.reads[GLB], 32);
}

/* Rows that are made and used on chip cost nothing above their level, whatever
 * its room. */
static void rows_at_home_do_not_travel(void **state) {
  (void)state;
  cds_cost cost;
  cds_operation_counts counts;
  cds_operation operation = softmax();
  cds_arch arch = small(1);
  operation.input[0].home = operation.output.home = GLB;
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_OK);
  assert_int_equal(counts.reads[DRAM] + counts.updates[DRAM], 0);
  assert_int_equal(counts.fills[GLB] + counts.drains[GLB], 0);
  assert_int_equal(counts.reads[GLB], 32);
  assert_int_equal(counts.updates[GLB], 16);
}

static void rows_at_home_elsewhere_are_refused(void **state) {
  (void)state;
  cds_cost cost;
  cds_operation_counts counts;
  cds_operation operation = softmax();
  cds_arch arch = small(1024);
  operation.output.home = GLB + 1;
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_EINPUT);
}

static void shared_weights_are_fetched_once_if_they_fit(void **state) {
  (void)state;
  cds_cost cost;
  cds_operation_counts counts;
  cds_operation operation = softmax();
  operation.inputs = 2;
  operation.input[1] = (cds_operand){
      .name = "weight", .content = CDS_PARAMETERS, .format = byte, .words = 8};
  cds_arch arch = small(256 + 64);
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_OK);
  assert_int_equal(counts.reads[DRAM], 16 + 8);
  assert_int_equal(counts.reads[GLB], 32 + 2 * 8);
  arch = small(256 + 63);
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_OK);
  assert_int_equal(counts.reads[DRAM], 32 + 16);
}

static void gathered_rows_take_whole_accesses(void **state) {
  (void)state;
  cds_cost cost;
  cds_operation_counts counts;
  cds_arch arch = small(4096);
  arch.level[DRAM].width_bits = 48; /* a row of 64 bits takes two */
  const cds_operation operation = {
      .kind = "embedding",
      .rows = 3,
      .length = 8,
      .passes = 1,
      .gather = true,
      .format = byte,
      .inputs = 1,
      .input = {{.name = "table",
                 .content = CDS_PARAMETERS,
                 .format = byte,
                 .words = 24,
                 .row_words = 8,
                 .every_pass = false}},
      .output = {.name = "x",
                 .content = CDS_ACTIVATIONS,
                 .format = byte,
                 .words = 24,
                 .row_words = 8,
                 .every_pass = false},
  };
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_OK);
  assert_int_equal(counts.reads[DRAM], 24);
  /* 3 rows x 2 accesses; written in ceil(192 / 48). */
  assert_close(cost.level_pj[DRAM], 6 * 100 + 4 * 110, 0);
  assert_close(cost.vector_pj, 0, 0);
}

/* Five words under two windows of three, of which one is shared. */
static void overlapping_windows_are_read_whole_and_fetched_once(void **state) {
  (void)state;
  cds_cost cost;
  cds_operation_counts counts;
  const cds_operation operation = {
      .kind = "max_pool",
      .rows = 2,
      .length = 3,
      .passes = 1,
      .primitives = {[CDS_MAX] = 4},
      .format = byte,
      .inputs = 1,
      .input = {{.name = "x",
                 .content = CDS_ACTIVATIONS,
                 .format = byte,
                 .words = 5,
                 .row_words = 5,
                 .uses = 6}},
      .output = {.name = "z",
                 .content = CDS_ACTIVATIONS,
                 .format = byte,
                 .words = 2,
                 .row_words = 1,
                 .every_pass = false},
  };
  cds_arch arch = small(96); /* twice five words and a result */
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_OK);
  assert_int_equal(counts.reads[DRAM], 5);
  assert_int_equal(counts.fills[GLB], 5);
  assert_int_equal(counts.reads[GLB], 6);
  arch = small(95);
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_OK);
  assert_int_equal(counts.reads[DRAM], 6);
}

static void macs_serve_without_a_vector_unit(void **state) {
  (void)state;
  cds_cost cost;
  cds_operation_counts counts;
  cds_arch arch = small(256);
  arch.vectors = 0;
  cds_operation operation = softmax();
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_OK);
  assert_string_equal(counts.unit, "macs");
  /* 14 + 30 + 16 x 8 + 2 x 6 + 16 slots of the one MAC at 1 pJ. */
  assert_close(cost.compute_pj, 200, 0);
  assert_close(cost.cycles, 200, 0);
  arch.compute.formats = 1;
  arch.compute.format[0] = (cds_format){"int8", 8, false};
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_EINPUT); /* integers have no exp */
  arch.other_operations = CDS_OTHER_HOST;
  arch.host = (cds_host){4, 2, 1, 8};
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_OK);
  /* 78 primitives; each pass over the link: (32 + 16) x 8 bits. */
  assert_close(cost.host_pj, 78 * 4 + 384, 0);
  assert_close(cost.cycles, 48, 0);
  arch.other_operations = CDS_OTHER_REFUSE;
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_EINPUT);
}

/* 32 words read and 16 returned, 8 bits each, spread evenly over 2 x 2 MACs. */
static void words_of_macs_cross_the_links_of_their_array(void **state) {
  (void)state;
  cds_cost cost;
  cds_operation_counts counts;
  cds_arch arch = small(256);
  const cds_operation operation = softmax();
  arch.vectors = 0;
  arch.arrays = 1;
  arch.array[0] = (cds_array){.name = "PE",
                              .axes = 2,
                              .axis_name = {"rows", "cols"},
                              .extent = {2, 2},
                              .bit_pj = 0.5,
                              .bandwidth = 4};
  static const struct {
    cds_network_kind network;
    cds_ports ports;
    double links;   /* mean of a word */
    double busiest; /* share of the words on a link */
  } kinds[] = {
      {CDS_NETWORK_BUS, CDS_PORTS_CORNER, 1, 1},
      {CDS_NETWORK_MESH, CDS_PORTS_CORNER, (1 + 2 + 2 + 3) / 4.0, 1},
      {CDS_NETWORK_SYSTOLIC, CDS_PORTS_COLS, (1 + 1 + 2 + 2) / 4.0, 0.5},
      {CDS_NETWORK_TREE, CDS_PORTS_CORNER, 3, 1},
      {CDS_NETWORK_CROSSBAR, CDS_PORTS_CORNER, 2, 1},
  };
  for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
    arch.array[0].network = kinds[kind].network;
    arch.array[0].ports = kinds[kind].ports;
    arch.array[0].radix = 2;
    assert_int_equal(cds_price_operation(&cost, &counts, &arch, &operation,
                                         (double)INFINITY),
                     CDS_OK);
    assert_close(cost.array_pj[0], 384 * 0.5 * kinds[kind].links, 0);
    assert_close(cost.array_cycles[0], 384 * kinds[kind].busiest / 4, 0);
  }
}

static void whole_number_macs_take_no_fractions(void **state) {
  (void)state;
  cds_cost cost;
  cds_operation_counts counts;
  cds_arch arch = small(4096);
  arch.vectors = 0;
  arch.compute.formats = 1;
  arch.compute.format[0] = (cds_format){"int8", 8, false};
  cds_operation operation = {
      .kind = "add",
      .rows = 1,
      .length = 8,
      .passes = 1,
      .primitives = {[CDS_ADD] = 8},
      .format = {"fp16", 16, true},
      .inputs = 1,
      .input = {{.name = "x",
                 .content = CDS_ACTIVATIONS,
                 .format = byte,
                 .words = 8,
                 .row_words = 8,
                 .every_pass = false}},
      .output = {.name = "z",
                 .content = CDS_ACTIVATIONS,
                 .format = byte,
                 .words = 8,
                 .row_words = 8,
                 .every_pass = false},
  };
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_EINPUT);
  operation.format = (cds_format){"int32", 32, false};
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_OK);
}

static void a_vector_unit_without_the_format_is_no_way_out(void **state) {
  (void)state;
  cds_cost cost;
  cds_operation_counts counts;
  cds_arch arch = small(256);
  arch.vector[0].formats = 1;
  arch.vector[0].format[0] = (cds_format){"fp16", 16, true};
  cds_operation operation = softmax();
  operation.format = (cds_format){"fp32", 32, true};
  assert_int_equal(
      cds_price_operation(&cost, &counts, &arch, &operation, (double)INFINITY),
      CDS_EINPUT);
}

static void power_is_a_roof_on_time(void **state) {
  (void)state;
  cds_cost cost;
  cds_operation_counts counts;
  cds_arch arch = small(256);
  arch.level[GLB].leakage_w = 1;
  const cds_operation operation = softmax();
  assert_int_equal(cds_price_operation(&cost, &counts, &arch, &operation, 1.01),
                   CDS_OK);
  /* 10 mW are left for 3920 pJ: 392 ns; the whole run then draws the limit. */
  assert_close(cost.dynamic_pj, 3360 + 304 + 256, 0);
  assert_close(cost.latency_s, 392e-9, 1e-12);
  assert_close(cost.energy_pj * 1e-12 / cost.latency_s, 1.01, 1e-12);
  assert_int_equal(cds_price_operation(&cost, &counts, &arch, &operation, 1),
                   CDS_EINFEASIBLE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_row_that_fits_is_fetched_once),
      cmocka_unit_test(a_row_that_does_not_fit_is_fetched_in_each_pass),
      cmocka_unit_test(rows_at_home_do_not_travel),
      cmocka_unit_test(rows_at_home_elsewhere_are_refused),
      cmocka_unit_test(shared_weights_are_fetched_once_if_they_fit),
      cmocka_unit_test(gathered_rows_take_whole_accesses),
      cmocka_unit_test(overlapping_windows_are_read_whole_and_fetched_once),
      cmocka_unit_test(macs_serve_without_a_vector_unit),
      cmocka_unit_test(words_of_macs_cross_the_links_of_their_array),
      cmocka_unit_test(whole_number_macs_take_no_fractions),
      cmocka_unit_test(a_vector_unit_without_the_format_is_no_way_out),
      cmocka_unit_test(power_is_a_roof_on_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
