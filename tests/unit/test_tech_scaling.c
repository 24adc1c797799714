/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scaling between processes: the example that its authors print, both ways,
 * over a way through a third, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tech/scaling.h"

static char why[CDS_TECH_WHY];

static const char *const NODES[] = {"180nm", "130nm", "90nm", "65nm",
                                    "45nm",  "32nm",  "20nm", "16nm",
                                    "14nm",  "10nm",  "7nm"};
enum { NODE_COUNT = sizeof NODES / sizeof NODES[0] };

static bool scales(cds_scale_factors *out, const char *from, const char *device,
                   double from_v, const char *to, const char *to_device,
                   double to_v) {
  const cds_scale_point a = {from, device, from_v};
  const cds_scale_point b = {to, to_device, to_v};
  return cds_scale(out, &a, &b, why) == CDS_OK;
}

/* Corrigendum: 1 pJ at 65 nm and 1.3 V is 0.1755 pJ at 32 nm HP and 0.9 V. */
static void the_published_example_comes_out(void **state) {
  (void)state;
  cds_scale_factors f;
  assert_true(scales(&f, "65nm", "", 1.3, "32nm", "hp", 0.9));
  assert_true(fabs(f.energy / 0.1755 - 1) < 1e-3);
  assert_true(fabs(f.area - 0.46 / 1.5) < 1e-15);
  assert_false(f.delay_is_known);
  assert_true(isnan(f.delay));
  assert_true(scales(&f, "n65", "lp", 1.3, "n32", "", 0.9));
  assert_true(fabs(f.energy / 0.1755 - 1) < 1e-3);
}

/* Wherever a supply is taken energy and power rise with it and delay falls;
 * what is beyond the ends is refused; there and back is nothing; over a third
 * process is the same. */
static void fits_are_used_where_they_mean_something(void **state) {
  (void)state;
  static const char *const devices[] = {"hp", "lp"};
  for (unsigned n = 0; n < NODE_COUNT; n++) {
    for (unsigned d = 0; d < 2; d++) {
      cds_scale_factors last = {0};
      unsigned taken = 0;
      for (unsigned mv = 300; mv <= 2000; mv += 5) {
        cds_scale_factors f;
        const double v = mv / 1000.0;
        if (!scales(&f, "45nm", "hp", 0.9, NODES[n], devices[d], v)) {
          assert_non_null(strstr(why, "expected"));
          continue;
        }
        assert_true(v >= 0.5 && v <= (n == 0 ? 1.8 : 1.3));
        assert_true(f.energy > 0 && f.power > 0);
        assert_true(taken == 0 ||
                    (f.energy > last.energy && f.power > last.power));
        if (f.delay_is_known) {
          assert_true(f.delay > 0);
          assert_true(taken == 0 || f.delay < last.delay);
        }
        cds_scale_factors back;
        cds_scale_factors half;
        assert_true(scales(&back, NODES[n], devices[d], v, "45nm", "hp", 0.9));
        assert_true(fabs(f.energy * back.energy - 1) < 1e-12);
        assert_true(fabs(f.area * back.area - 1) < 1e-12);
        assert_true(scales(&back, NODES[n], devices[d], v, "7nm", "lp", 0.7));
        assert_true(scales(&half, "45nm", "hp", 0.9, "7nm", "lp", 0.7));
        assert_true(fabs(f.power * back.power / half.power - 1) < 1e-12);
        last = f;
        taken++;
      }
      assert_true(taken > 50);
    }
  }
}

static void what_was_not_fitted_is_refused(void **state) {
  (void)state;
  cds_scale_factors f;
  assert_false(scales(&f, "5nm", "", 0.7, "7nm", "", 0.7));
  assert_non_null(strstr(why, "process '5nm' has no fit for scaling"));
  assert_false(scales(&f, "7nm", "", 0.45, "7nm", "", 0.7));
  assert_non_null(strstr(why, "supply 0.45 V"));
  assert_false(scales(&f, "7nm", "", 0.7, "7nm", "", (double)NAN));
  assert_false(scales(&f, "7nm", "ulp", 0.7, "7nm", "", 0.7));
  assert_non_null(strstr(why, "device 'ulp'"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_published_example_comes_out),
      cmocka_unit_test(fits_are_used_where_they_mean_something),
      cmocka_unit_test(what_was_not_fitted_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
