/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Devices beside the reference: published factors, and break-even leakage by
 * its definition. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "tech/compare.h"
#include "tests/support/close.h"

static cds_tech_compare compare(const char *process, const char *device,
                                double volts, double activity) {
  cds_tech_compare out;
  char why[CDS_TECH_WHY];
  assert_int_equal(
      cds_tech_compare_of(&out, process, device, volts, activity, why), CDS_OK);
  return out;
}

static cds_tech_estimate mac(const char *process, const char *device,
                             double volts) {
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  cds_tech_estimate out;
  char why[CDS_TECH_WHY];
  query.class_name = "mac";
  query.process = process;
  query.device = device;
  query.supply_v = volts;
  query.format = "int8";
  query.format_bits = 8;
  assert_int_equal(cds_tech_estimate_of(&out, &query, why), CDS_OK);
  return out;
}

static bool within(const cds_tech_figure *figure, double value) {
  return figure->low <= value && value <= figure->high;
}

static void the_reference_beside_itself_is_one(void **state) {
  (void)state;
  for (unsigned rarely = 1; rarely < 10000; rarely *= 7) {
    const double activity = 1.0 / rarely;
    const cds_tech_compare at = compare("n7", "hp", CDS_TECH_NONE, activity);
    assert_close(at.energy.typ, 1, 1e-12);
    assert_close(at.leakage.typ, 1, 1e-12);
    assert_close(at.time.typ, 1, 1e-12);
    assert_close(at.total.typ, 1, 1e-12);
    assert_close(at.break_even.typ, 1, 1e-9);
  }
}

/* Energy of an operation from the class itself: dynamic, and leakage for the
 * time that it takes. */
static double joules(const cds_tech_estimate *of, double leakage_w,
                     double activity) {
  return 1e-12 * of->mac_pj + leakage_w / (of->clock_hz * activity);
}

static void sums_and_break_even_are_those_of_the_classes(void **state) {
  (void)state;
  size_t processes = 0, devices = 0;
  const char *const *process = cds_tech_process_names(&processes);
  const char *const *device = cds_tech_device_names(&devices);
  unsigned seen = 0;
  for (size_t p = 0; p < processes; p++) {
    for (size_t d = 0; d < devices; d++) {
      for (unsigned rarely = 1; rarely < 1000; rarely *= 10) {
        const double activity = 1.0 / rarely;
        cds_tech_compare at;
        char why[CDS_TECH_WHY];
        if (cds_tech_compare_of(&at, process[p], device[d], CDS_TECH_NONE,
                                activity, why) != CDS_OK) {
          continue;
        }
        seen++;
        const cds_tech_estimate hp = mac(process[p], "hp", CDS_TECH_NONE);
        const cds_tech_estimate other =
            mac(process[p], device[d], CDS_TECH_NONE);
        const double cooled = 1 + at.cooling.typ;
        const double reference = joules(&hp, hp.leakage_w, activity);
        /* Of the same unit, on whatever area it takes. */
        const double leaks = at.leakage.typ * hp.leakage_w;
        assert_close(leaks, other.leakage_w, 1e-9);
        assert_close(cooled * joules(&other, leaks, activity) / reference,
                     at.total.typ, 1e-9);
        const double even = at.break_even.typ * hp.leakage_w;
        assert_close(cooled * joules(&other, even, activity) / reference, 1.0,
                     1e-9);
        assert_true(within(&at.total, at.total.typ) &&
                    within(&at.break_even, at.break_even.typ));
        /* It saves energy where, and only where, it leaks less than that. */
        assert_true((at.leakage.typ < at.break_even.typ) ==
                        (at.total.typ < 1) ||
                    fabs(at.total.typ - 1) < 1e-9);
      }
    }
  }
  assert_true(seen > 150);
}

static void published_factors_lie_within(void **state) {
  (void)state;
  /* Song & Lim, JICCE 13(3), 2015: 5.91x delay and 3.87x power at 45 nm, 6.44x
   * and 3.01x at 20 nm. */
  const cds_tech_compare tubes = compare("n45", "cnfet", CDS_TECH_NONE, 1);
  assert_true(within(&tubes.energy, 1 / 3.87) &&
              within(&tubes.energy, 1 / 3.01));
  assert_true(within(&tubes.time, 1 / 5.91));
  /* TSMC: N2 over N3E, 25 to 30 % less power at equal speed. */
  const cds_tech_compare sheets = compare("n3", "nanosheet", CDS_TECH_NONE, 1);
  assert_close(sheets.energy.low, 0.70, 1e-9);
  assert_close(sheets.energy.high, 0.75, 1e-9);
  /* Bol et al., JLPEA 4(3), 2014: 28 nm FD-SOI takes 64 % less energy a cycle
   * than 65 nm bulk at one supply. */
  const double bulk = mac("n65", "hp", 0.8).mac_pj;
  const cds_tech_range soi = mac("n28", "fdsoi", 0.8).mac_range;
  const cds_tech_estimate plain = mac("n28", "hp", 0.8);
  const double least = soi.low / plain.mac_range.low * plain.mac_pj / bulk;
  assert_close(least, 0.36, 0.05);
  assert_true(plain.mac_pj / bulk > 0.36);
  /* Jacquet et al., JSSC 49(4), 2014: 85 mV of threshold a volt of bias. */
  const double forward =
      compare("n28", "fdsoi-fbb", CDS_TECH_NONE, 1).supply.low_v;
  const double none = compare("n28", "fdsoi", CDS_TECH_NONE, 1).supply.low_v;
  const double reverse =
      compare("n28", "fdsoi-rbb", CDS_TECH_NONE, 1).supply.low_v;
  assert_close(none - forward, 0.085, 1e-9);
  assert_close(reverse - none, 0.085, 1e-9);
  /* 2.33e-18 A/um of ITZO (PMC11739972) over 100 nA/um (DSENT). */
  const cds_tech_compare oxide = compare("n28", "oxide", CDS_TECH_NONE, 1);
  assert_true(within(&oxide.leakage, 2.33e-18 / 1e-7));
}

/* No cooler is better than Carnot's, and none of its watts is in the energies.
 */
static void coolers_count_in_sums_alone(void **state) {
  (void)state;
  static const struct {
    const char *device;
    double kelvin;
  } rows[] = {{"cryo-77k", 77}, {"cryo-4k", 4.2}};
  for (unsigned row = 0; row < 2; row++) {
    const cds_tech_compare at =
        compare("n7", rows[row].device, CDS_TECH_NONE, 1);
    const double carnot = (300 - rows[row].kelvin) / rows[row].kelvin;
    assert_true(at.cooling.low > carnot && at.cooling.low <= at.cooling.typ);
    assert_close(at.supply.temperature_c + 273.15, rows[row].kelvin, 1e-6);
    assert_close(at.supply.cooling_w, at.cooling.typ, 0);
    assert_close(mac("n7", rows[row].device, CDS_TECH_NONE).mac_pj,
                 mac("n7", "hp", CDS_TECH_NONE).mac_pj, 1e-12);
    /* At the same supply a cooler is never paid back by leakage of a hundredth
     * of the energy. */
    assert_true(at.break_even.high < 0 && at.total.typ > 1);
  }
  assert_true(isnan(compare("n7", "lp", CDS_TECH_NONE, 1).supply.cooling_w));
}

static void what_cannot_be_compared_is_refused(void **state) {
  (void)state;
  cds_tech_compare out;
  char why[CDS_TECH_WHY];
  assert_int_equal(cds_tech_compare_of(&out, "n7", "hp", CDS_TECH_NONE, 0, why),
                   CDS_EINPUT);
  assert_string_equal(why, "'activity' is 0: expected more than 0, at most 1");
  assert_int_equal(
      cds_tech_compare_of(&out, "dram-1b", "", CDS_TECH_NONE, 1, why),
      CDS_EINPUT);
  assert_string_equal(
      why, "process 'dram-1b' is one of DRAM: expected one of logic");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_reference_beside_itself_is_one),
      cmocka_unit_test(sums_and_break_even_are_those_of_the_classes),
      cmocka_unit_test(published_factors_lie_within),
      cmocka_unit_test(coolers_count_in_sums_alone),
      cmocka_unit_test(what_cannot_be_compared_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
