/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Processes and supplies: the laws worked by hand, names, ranges. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "tech/tech.h"
#include "tests/support/close.h"

static cds_tech_supply supply(const char *process, const char *device,
                              double volts) {
  cds_tech_supply out;
  char why[CDS_TECH_WHY];
  assert_int_equal(cds_tech_supply_at(&out, process, device, volts, why),
                   CDS_OK);
  return out;
}

static void nominal_supply_changes_nothing(void **state) {
  (void)state;
  size_t count = 0;
  const char *const *names = cds_tech_process_names(&count);
  assert_true(count > 10);
  for (size_t index = 0; index < count; index++) {
    const cds_tech_supply at = supply(names[index], "hp", CDS_TECH_NONE);
    assert_close(at.supply_v, at.nominal_v, 0.0);
    assert_close(at.energy_factor, 1.0, 1e-12);
    assert_close(at.leakage_factor, 1.0, 1e-12);
    assert_true(at.low_v < at.nominal_v && at.nominal_v < at.high_v);
    assert_non_null(at.source);
    if (strncmp(names[index], "dram", 4) == 0) {
      assert_true(isnan(at.clock_hz));
    } else {
      assert_close(at.clock_factor, 1.0, 1e-12);
      assert_true(at.clock_hz > 1e8);
    }
  }
}

/* 0.7 V to 22 nm, 0.6 V below, but not less than the process takes. */
static void arrays_of_static_ram_have_a_least_supply(void **state) {
  (void)state;
  static const struct {
    const char *process;
    double least_v;
  } rows[] = {{"n90", 0.8}, {"n65", 0.75}, {"n45", 0.7}, {"n40", 0.7},
              {"n32", 0.7}, {"n28", 0.7},  {"n22", 0.7}, {"n16", 0.6},
              {"n14", 0.6}, {"n12", 0.6},  {"n10", 0.6}, {"n7", 0.6},
              {"n5", 0.6},  {"n3", 0.6}};
  for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
    const char *process = rows[row].process;
    cds_tech_supply at = supply(process, "lp", CDS_TECH_NONE);
    const double least = rows[row].least_v;
    double volts = 0;
    char why[CDS_TECH_WHY];
    assert_close(at.array_low_v, least, 0);
    assert_true(at.array_low_v < at.nominal_v);
    at = supply(process, "lp", at.low_v);
    assert_int_equal(
        cds_tech_array_supply(&volts, &at, CDS_TECH_NONE, process, why),
        CDS_OK);
    assert_close(volts, least, 0);
    assert_int_equal(
        cds_tech_array_supply(&volts, &at, at.high_v, process, why), CDS_OK);
    assert_close(volts, at.high_v, 0);
    assert_int_equal(
        cds_tech_array_supply(&volts, &at, least - 0.01, process, why),
        CDS_EINPUT);
    assert_non_null(strstr(why, "supply of an sram on process"));
  }
  const cds_tech_supply memory = supply("dram-1b", "", CDS_TECH_NONE);
  double volts = 0;
  char why[CDS_TECH_WHY];
  assert_true(isnan(memory.array_low_v));
  assert_int_equal(cds_tech_array_supply(&volts, &memory, 1.1, "dram-1b", why),
                   CDS_EINPUT);
  assert_string_equal(why, "supply of an sram on the DRAM process 'dram-1b': "
                           "expected a logic process");
}

static void factors_equal_the_laws_worked_by_hand(void **state) {
  (void)state;
  /* n7 hp at 0.6 V: nominal 0.75 V, Vth 0.30 V, alpha 1.3, 0.125 V/V, 0.095
   * V/decade. (0.6/0.75)^2 = 0.64. Clock: (0.30/0.45)^1.3 x 0.75/0.6 =
   * 0.590312 x 1.25. Leakage: 0.8 x 10^(-0.125 x 0.15 / 0.095) = 0.8 x
   * 10^-0.197368 = 0.8 x 0.634793. */
  const cds_tech_supply at = supply("n7", "hp", 0.6);
  assert_close(at.energy_factor, 0.64, 1e-12);
  assert_close(at.clock_factor, 0.590312 * 1.25, 1e-5);
  assert_close(at.leakage_factor, 0.8 * 0.634793, 1e-5);
  assert_close(at.clock_hz, 1.6e9 * 0.590312 * 1.25, 1e-5);
}

static void clocks_of_a_measured_7_nm_chip_are_met(void **state) {
  (void)state;
  /* Lee et al., IEEE JSSC 57(1), 2022: 1.0 GHz at 0.55 V, 1.6 at 0.75 V. */
  assert_close(supply("n7", "hp", 0.55).clock_hz, 1.0e9, 0.03);
  assert_close(supply("n7", "hp", 0.75).clock_hz, 1.6e9, 0.03);
}

static void energy_clock_and_leakage_rise_with_the_supply(void **state) {
  (void)state;
  static const char *const devices[] = {"hp", "lp"};
  size_t count = 0;
  const char *const *names = cds_tech_process_names(&count);
  for (size_t index = 0; index < count; index++) {
    for (unsigned device = 0; device < 2; device++) {
      const cds_tech_supply range =
          supply(names[index], devices[device], CDS_TECH_NONE);
      cds_tech_supply before =
          supply(names[index], devices[device], range.low_v);
      for (unsigned step = 1; step <= 20; step++) {
        const double share = step / 20.0;
        const double volts = range.low_v * (1.0 - share) + range.high_v * share;
        const cds_tech_supply at =
            supply(names[index], devices[device], fmin(volts, range.high_v));
        assert_true(at.energy_factor > before.energy_factor);
        assert_true(at.leakage_factor > before.leakage_factor);
        assert_true(isnan(at.clock_hz) || at.clock_hz > before.clock_hz);
        before = at;
      }
    }
  }
}

static void both_spellings_and_the_default_name_a_process(void **state) {
  (void)state;
  assert_close(supply("7nm", "", 0.6).clock_hz,
               supply("n7", "hp", 0.6).clock_hz, 0.0);
  assert_close(supply("", "", 0.8).clock_hz, supply("n45", "hp", 0.8).clock_hz,
               0.0);
  assert_true(supply("n7", "lp", 0.75).clock_hz <
              supply("n7", "hp", 0.75).clock_hz);
}

static void assert_refused(const char *process, const char *device,
                           double volts, const char *text) {
  cds_tech_supply out = {.nominal_v = 7.0};
  char why[CDS_TECH_WHY];
  assert_int_equal(cds_tech_supply_at(&out, process, device, volts, why),
                   CDS_EINPUT);
  assert_string_equal(why, text);
  assert_close(out.nominal_v, 7.0, 0.0);
}

static void what_is_not_known_is_refused_with_a_reason(void **state) {
  (void)state;
  assert_refused("n7", "hp", 0.29,
                 "supply below threshold, 0.29 V on process 'n7': expected 0.3 "
                 "to 0.95 V");
  assert_refused("n7", "hp", (double)INFINITY,
                 "supply of process 'n7' is inf V: expected 0.3 to 0.95 V");
  assert_refused("n7", "ulp", 0.7,
                 "device 'ulp' is not known: expected hp, lp, cnfet, cryo-4k, "
                 "cryo-77k, fdsoi, fdsoi-fbb, fdsoi-rbb, nanosheet or oxide");
  assert_refused("n7", "fdsoi", 0.7,
                 "device 'fdsoi' on process 'n7': expected one of the "
                 "processes that have it: n28 n22");
  assert_refused("dram-1d", "", 1.1,
                 "process 'dram-1d' is not known: did you mean 'dram-1c'");
  assert_refused("gaas", "", 1.1,
                 "process 'gaas' is not known: expected n90, n65, n45, n40, "
                 "n32, n28, n22, n16, n14, n12, n10, n7, n5, n3 or dram-1a to "
                 "dram-1z");
  assert_refused("dram-1b", "", 0.6,
                 "supply of a DRAM process is 0.6 V: expected 1 to 1.2 V");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nominal_supply_changes_nothing),
      cmocka_unit_test(arrays_of_static_ram_have_a_least_supply),
      cmocka_unit_test(factors_equal_the_laws_worked_by_hand),
      cmocka_unit_test(clocks_of_a_measured_7_nm_chip_are_met),
      cmocka_unit_test(energy_clock_and_leakage_rise_with_the_supply),
      cmocka_unit_test(both_spellings_and_the_default_name_a_process),
      cmocka_unit_test(what_is_not_known_is_refused_with_a_reason),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
