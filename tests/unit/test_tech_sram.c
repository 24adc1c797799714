/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The smooth SRAM formula against CACTI 7 (HewlettPackard/cacti, ITRS-HP cells
 * and periphery, 360 K, one port, one bank), and its promises: energy and area
 * non-decreasing in capacity and width, leakage strictly rising.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "tech/tech.h"
#include "tests/support/close.h"

typedef struct cacti_run {
  const char *process;
  double supply_v; /* CACTI's ITRS-HP supply of the node */
  uint64_t bytes, width_bits;
  double read_pj, write_pj, leakage_w, area_um2;
} cacti_run;

/* Single runs of CACTI 7 at 64 and 256 bit. */
static const cacti_run RUNS[] = {
    {"n45", 1.0, 1024, 64, 1.43, 2.91, 1.26e-3, 3601},
    {"n45", 1.0, 4096, 64, 2.92, 5.35, 5.51e-3, 13520},
    {"n45", 1.0, 65536, 64, 29.0, 17.2, 69.1e-3, 183700},
    {"n45", 1.0, 262144, 64, 40.6, 28.8, 276e-3, 796300},
    {"n45", 1.0, 1048576, 64, 67.7, 55.9, 1.10, 3.170e6},
    {"n45", 1.0, 1048576, 256, 180, 171, 1.05, 3.675e6},
    {"n45", 1.0, 4194304, 64, 122, 110, 4.41, 12.40e6},
    {"n45", 1.0, 4194304, 256, 378, 361, 4.18, 13.20e6},
    {"n45", 1.0, 16777216, 64, 231, 219, 17.7, 48.69e6},
    {"n45", 1.0, 16777216, 256, 732, 715, 16.7, 51.11e6},
    {"n22", 0.8, 65536, 64, 4.69, 4.01, 19.0e-3, 0},
    {"n22", 0.8, 1048576, 64, 18.4, 16.0, 278e-3, 0},
    {"n22", 0.8, 16777216, 64, 69.8, 65.0, 4.42, 0},
};
enum { RUN_COUNT = sizeof RUNS / sizeof RUNS[0] };

static cds_tech_estimate sram(const char *process, double supply_v,
                              uint64_t bytes, uint64_t width_bits) {
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  query.class_name = "sram";
  query.process = process;
  query.device = "hp";
  query.supply_v = supply_v;
  query.size_bits = 8 * bytes;
  query.width_bits = width_bits;
  cds_tech_estimate out;
  char why[CDS_TECH_WHY];
  assert_int_equal(cds_tech_estimate_of(&out, &query, why), CDS_OK);
  return out;
}

static double relative_error(double estimate, double truth) {
  return fabs(estimate / truth - 1.0);
}

typedef struct error_sum {
  double sum, worst;
  unsigned count;
} error_sum;

static void add_error(error_sum *errors, double estimate, double truth) {
  if (truth > 0.0) {
    const double error = relative_error(estimate, truth);
    errors->sum += error;
    errors->worst = fmax(errors->worst, error);
    errors->count++;
  }
}

static void fit_is_as_close_to_cacti_as_its_comment_says(void **state) {
  (void)state;
  error_sum read = {0}, write = {0}, leakage = {0}, area = {0};
  for (unsigned run = 0; run < RUN_COUNT; run++) {
    const cacti_run *truth = &RUNS[run];
    const cds_tech_estimate found =
        sram(truth->process, truth->supply_v, truth->bytes, truth->width_bits);
    add_error(&read, found.access_pj[CDS_TECH_READ], truth->read_pj);
    add_error(&write, found.access_pj[CDS_TECH_UPDATE], truth->write_pj);
    add_error(&leakage, found.leakage_w, truth->leakage_w);
    add_error(&area, found.area_um2, truth->area_um2);
  }
  print_message("mean (worst) error over %d CACTI runs: read %.3f (%.3f), "
                "write %.3f (%.3f), leakage %.3f (%.3f), area %.3f (%.3f)\n",
                (int)RUN_COUNT, read.sum / read.count, read.worst,
                write.sum / write.count, write.worst,
                leakage.sum / leakage.count, leakage.worst,
                area.sum / area.count, area.worst);
  assert_true(read.sum / read.count <= 0.22 && read.worst <= 0.60);
  assert_true(write.sum / write.count <= 0.12 && write.worst <= 0.35);
  /* 45 nm leakage is brought from 0.9 V back to 1.0 V by the supply law. */
  assert_true(leakage.sum / leakage.count <= 0.15 && leakage.worst <= 0.30);
  assert_true(area.sum / area.count <= 0.10 && area.worst <= 0.31);
}

static void assert_not_below(const cds_tech_estimate *larger,
                             const cds_tech_estimate *smaller) {
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    assert_true(larger->access_pj[action] >= smaller->access_pj[action]);
  }
  assert_true(larger->area_um2 >= smaller->area_um2);
}

static void energy_area_and_leakage_rise_with_capacity(void **state) {
  (void)state;
  for (uint64_t width = 8; width <= 1024; width *= 2) {
    for (uint64_t bytes = 256; bytes < UINT64_C(33554432); bytes *= 2) {
      const cds_tech_estimate small = sram("n7", 0.75, bytes, width);
      const cds_tech_estimate large = sram("n7", 0.75, 2 * bytes, width);
      assert_not_below(&large, &small);
      assert_true(large.leakage_w > small.leakage_w);
    }
  }
}

static void energy_and_area_do_not_fall_with_width(void **state) {
  (void)state;
  for (uint64_t bytes = 256; bytes <= UINT64_C(33554432); bytes *= 4) {
    for (uint64_t width = 8; width < 1024; width *= 2) {
      const cds_tech_estimate narrow = sram("n16", 0.8, bytes, width);
      const cds_tech_estimate wide = sram("n16", 0.8, bytes, 2 * width);
      assert_not_below(&wide, &narrow);
    }
  }
}

static void leakage_rises_strictly_with_the_supply(void **state) {
  (void)state;
  double before = 0.0;
  for (unsigned step = 0; step <= 8; step++) {
    const double volts = 0.55 + 0.05 * step;
    const cds_tech_estimate found = sram("n7", volts, 1048576, 64);
    assert_true(found.leakage_w > before);
    before = found.leakage_w;
  }
}

static void one_mebibyte_at_7_nm_costs_what_tpuv4i_says(void **state) {
  (void)state;
  /* Jouppi et al., ISCA 2021, table 2: 14 pJ for 64 bit. */
  const cds_tech_estimate found = sram("n7", 0.75, 1048576, 64);
  assert_close(found.access_pj[CDS_TECH_READ], 14.0, 0.01);
}

static void sizes_outside_the_fit_are_refused(void **state) {
  (void)state;
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  query.class_name = "sram";
  query.size_bits = 8;
  query.width_bits = 64;
  cds_tech_estimate out = {.mac_pj = 7.0};
  char why[CDS_TECH_WHY];
  assert_int_equal(cds_tech_estimate_of(&out, &query, why), CDS_EINPUT);
  assert_string_equal(
      why, "size of class 'sram' is 8 bit: expected 2048 to 268435456 bit");
  assert_close(out.mac_pj, 7.0, 0.0);
  query.size_bits = UINT64_C(1) << 20;
  query.width_bits = 4096;
  assert_int_equal(cds_tech_estimate_of(&out, &query, why), CDS_EINPUT);
  assert_string_equal(
      why, "width of class 'sram' is 4096 bit: expected 8 to 1024 bit");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fit_is_as_close_to_cacti_as_its_comment_says),
      cmocka_unit_test(energy_area_and_leakage_rise_with_capacity),
      cmocka_unit_test(energy_and_area_do_not_fall_with_width),
      cmocka_unit_test(leakage_rises_strictly_with_the_supply),
      cmocka_unit_test(one_mebibyte_at_7_nm_costs_what_tpuv4i_says),
      cmocka_unit_test(sizes_outside_the_fit_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
