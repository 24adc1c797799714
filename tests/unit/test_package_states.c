/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power states: idle intervals against literal sums, break-even times against
 * where these cross, and what is refused when they are read. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "package/states.h"
#include "support/messages.h"
#include "tech/tech.h"

#define LEVELS                                                                 \
  "levels:\n"                                                                  \
  "  - {level: M, size: 1 GiB, energy: 60 pJ}\n"                               \
  "  - {compute: MAC, energy: 1 pJ}\n"

static bool near(double a, double b) {
  return fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

/* 100 mW that leak, 60 mW of clock. */
static const cds_power_state states[] = {
    {.name = "slow",
     .supply_v = 0.6,
     .clock_hz = 5e8,
     .leakage = 1,
     .leakage_factor = 0.5,
     .wake_s = 1e-6,
     .wake_pj = 2e5},
    {.name = "gated",
     .supply_v = 0.8,
     .leakage = 0.1,
     .leakage_factor = 1,
     .wake_s = 1e-5,
     .wake_pj = 5e6},
    {.name = "costly",
     .supply_v = 0.8,
     .leakage = 1,
     .leakage_factor = 2,
     .wake_s = 0,
     .wake_pj = 0},
};
static const cds_die DIE = {.name = "d",
                            .supply_v = 0.8,
                            .clock_hz = 1e9,
                            .leakage_w = 0.1,
                            .states = 3,
                            .state = states};

static void powers_are_leakage_and_clock(void **state) {
  (void)state;
  assert_true(near(cds_state_power_w(&DIE, CDS_STATE_RUNNING, 0.06), 0.16));
  /* 50 mW, and 60 mW x (3/4)^2 / 2. */
  assert_true(near(cds_state_power_w(&DIE, 0, 0.06), 0.05 + 0.016875));
  assert_true(near(cds_state_power_w(&DIE, 1, 0.06), 0.01));
  assert_true(near(cds_state_power_w(&DIE, 2, 0.06), 0.2));
}

static void intervals_are_literal_sums(void **state) {
  (void)state;
  /* 1 ms: 160 uJ; 999 us at 66.875 mW and 0.2 uJ; 990 us at 10 mW and 5 uJ. */
  assert_true(
      near(cds_state_interval_pj(&DIE, CDS_STATE_RUNNING, 0.06, 1e-3), 160e6));
  assert_true(
      near(cds_state_interval_pj(&DIE, 0, 0.06, 1e-3), 66.808125e6 + 0.2e6));
  assert_true(near(cds_state_interval_pj(&DIE, 1, 0.06, 1e-3), 14.9e6));
  /* Too short to come back. */
  assert_true(isinf(cds_state_interval_pj(&DIE, 1, 0.06, 9e-6)));
  assert_true(near(cds_state_interval_pj(&DIE, 1, 0.06, 1e-5), 5e6));
}

/* At the break-even time both take the same, before it the state takes more. */
static void break_even_is_where_lines_cross(void **state) {
  (void)state;
  for (unsigned s = 0; s < 2; s++) {
    const double t = cds_state_break_even_s(&DIE, s, 0.06);
    assert_true(t >= states[s].wake_s);
    assert_true(near(cds_state_interval_pj(&DIE, (int)s, 0.06, t),
                     cds_state_interval_pj(&DIE, -1, 0.06, t)));
    assert_true(cds_state_interval_pj(&DIE, (int)s, 0.06, 1.01 * t) <
                cds_state_interval_pj(&DIE, -1, 0.06, 1.01 * t));
    assert_true(cds_state_interval_pj(&DIE, (int)s, 0.06, 0.99 * t) >
                cds_state_interval_pj(&DIE, -1, 0.06, 0.99 * t));
  }
  /* (5 uJ - 10 mW x 10 us) / 150 mW */
  assert_true(near(cds_state_break_even_s(&DIE, 1, 0.06), 4.9e-6 / 0.15));
  assert_true(isinf(cds_state_break_even_s(&DIE, 2, 0.06)));
  /* Free to leave: as soon as there is time for it. */
  cds_power_state free_state = states[1];
  cds_die die = DIE;
  free_state.wake_pj = 0;
  die.states = 1;
  die.state = &free_state;
  assert_true(near(cds_state_break_even_s(&die, 0, 0.06), 1e-5));
}

static void the_best_state_is_the_least_of_all(void **state) {
  (void)state;
  unsigned seen = 0;
  for (unsigned step = 0; step < 400; step++) {
    const double idle_s = 1e-7 * pow(1.05, step);
    const int best = cds_state_best(&DIE, 0.06, idle_s);
    for (int s = -1; s < 3; s++) {
      assert_true(cds_state_interval_pj(&DIE, best, 0.06, idle_s) <=
                  cds_state_interval_pj(&DIE, s, 0.06, idle_s));
    }
    seen |= 1U << (best + 1);
  }
  assert_int_equal(seen, 7); /* running, slow, gated */
  assert_int_equal(cds_state_best(&DIE, 0.06, 0), CDS_STATE_RUNNING);
}

/* ---- as files have them -------------------------------------------------- */

typedef struct desk {
  fixture f;
  cds_arch arch;
  cds_status status;
} desk;

static void read_states(desk *d, const char *list) {
  char text[2048];
  const cds_yaml *root = NULL;
  memset(d, 0, sizeof *d);
  fixture_open(&d->f);
  (void)snprintf(text, sizeof text,
                 "architecture: a\n"
                 "dies:\n"
                 "  top:\n"
                 "    process: n7\n"
                 "    supply: 0.75 V\n"
                 "    clock: 1 GHz\n"
                 "    power_states:\n%s" LEVELS,
                 list);
  assert_fine(&d->f, cds_yaml_read_text(&root, "test.yaml", text, strlen(text),
                                        d->f.arena, d->f.diag));
  d->status = cds_arch_read(&d->arch, root, &d->f.reader, true);
}

static void states_are_read_with_their_defaults(void **state) {
  (void)state;
  desk d;
  read_states(&d, "      - {name: slow, supply: 0.6 V, clock: 300 MHz,\n"
                  "          wake_time: 5 us, wake_energy: 1 uJ}\n"
                  "      - {name: gated, leakage: 3 %}\n");
  assert_fine(&d.f, d.status);
  const cds_die *die = &d.arch.die[0];
  cds_tech_supply low;
  cds_tech_supply own;
  char why[CDS_TECH_WHY];
  assert_int_equal(cds_tech_supply_at(&low, "n7", "", 0.6, why), CDS_OK);
  assert_int_equal(cds_tech_supply_at(&own, "n7", "", 0.75, why), CDS_OK);
  assert_int_equal(die->states, 2);
  assert_true(near(die->state[0].supply_v, 0.6));
  assert_true(near(die->state[0].clock_hz, 300e6));
  assert_true(near(die->state[0].wake_s, 5e-6));
  assert_true(near(die->state[0].wake_pj, 1e6));
  assert_true(near(die->state[0].leakage, 1));
  assert_true(near(die->state[0].leakage_factor,
                   low.leakage_factor / own.leakage_factor));
  assert_true(near(die->state[1].supply_v, 0.75));
  assert_true(die->state[1].clock_hz == 0 && die->state[1].wake_s == 0);
  assert_true(near(die->state[1].leakage, 0.03));
  assert_true(near(die->state[1].leakage_factor, 1));
  fixture_close(&d.f);
}

static void what_cannot_be_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *list, *message;
  } wrong[] = {
      {"      - {name: low, supply: 0.2 V}\n",
       "power state 'low' of die 'top': supply below threshold, 0.2 V on "
       "process 'n7': expected "},
      {"      - {name: fast, supply: 0.6 V, clock: 1.6 GHz}\n",
       "power state 'fast' of die 'top' has a clock of 1600 MHz at 0.6 V: "
       "expected at most "},
      {"      - {name: off, leakage: 0, clock: 1 MHz}\n",
       "power state 'off' of die 'top' is gated, but has a clock"},
      {"      - {name: off, leakage: 120 %}\n", "'leakage'"},
      {"      - {name: off}\n      - {name: off}\n",
       "power state 'off' of die 'top' stands twice"},
      {"      - {name: running}\n", "is called 'running'"},
      {"      {name: off}\n", "'power_states' of die 'top' is no list"},
      {"      - {supply: 0.6 V}\n", "'name'"},
  };
  for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    desk d;
    read_states(&d, wrong[i].list);
    assert_int_equal(d.status, CDS_EINPUT);
    assert_int_equal(cds_diag_errors(d.f.diag), 1);
    assert_non_null(strstr(cds_diag_first_error(d.f.diag), wrong[i].message));
    fixture_close(&d.f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(powers_are_leakage_and_clock),
      cmocka_unit_test(intervals_are_literal_sums),
      cmocka_unit_test(break_even_is_where_lines_cross),
      cmocka_unit_test(the_best_state_is_the_least_of_all),
      cmocka_unit_test(states_are_read_with_their_defaults),
      cmocka_unit_test(what_cannot_be_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
