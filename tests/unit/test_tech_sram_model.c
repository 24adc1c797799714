/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The structural SRAM model: against CACTI 7 on runs that were not used for the
 * fit (tests/golden/sram/), its search against trying all organisations, and
 * what sram_model.h promises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "tech/sram_model.h"
#include "tests/support/close.h"

static const char *const PROCESSES[] = {"n90", "n65", "n45", "n40", "n32",
                                        "n28", "n22", "n16", "n14", "n12",
                                        "n10", "n7",  "n5",  "n3"};
enum { PROCESS_COUNT = sizeof PROCESSES / sizeof PROCESSES[0] };
static const char *const DEVICES[] = {"hp", "lp"};
enum { DEVICE_COUNT = 2 };
static const cds_sram_ports PORTS[] = {
    {1, 0, 0}, {0, 1, 1}, {2, 0, 0}, {4, 0, 0}};
enum { PORT_COUNT = sizeof PORTS / sizeof PORTS[0] };
enum { LOG2_BITS_LOW = 11, LOG2_BITS_HIGH = 28 };
static const double KELVIN = 273.15;

static cds_sram_query query_of(const char *process, const char *device,
                               uint64_t size_bits, uint64_t width_bits) {
  cds_sram_query query = CDS_SRAM_QUERY_INIT;
  query.process = process;
  query.device = device;
  query.size_bits = size_bits;
  query.width_bits = width_bits;
  return query;
}

static cds_sram_estimate estimate(const cds_sram_query *query) {
  cds_sram_estimate out;
  char why[CDS_TECH_WHY] = "";
  if (cds_sram_estimate_of(&out, query, why) != CDS_OK) {
    print_error("%s\n", why);
    fail();
  }
  return out;
}

/* ---- runs of CACTI ---- */

typedef struct run {
  char half[8], device[4], process[8];
  cds_sram_query query;
  cds_sram_organisation organisation;
  double read_pj, write_pj, leakage_w, area_um2, access_s, cycle_s;
} run;

enum { RUNS_MOST = 400 };
static run runs[RUNS_MOST];
static unsigned run_count;

static unsigned log2_of(unsigned power) {
  unsigned found = 0;
  while ((1U << found) < power) {
    found++;
  }
  return found;
}

static double next_number(char **text) {
  const char *end = NULL;
  double value = 0;
  assert_true(cds_parse_double(&value, *text, &end));
  *text += (end - *text) + (*end == ',');
  return value;
}

static unsigned next_count(char **text) { return (unsigned)next_number(text); }

static void next_word(char **text, char *out, size_t room) {
  char *end = strchr(*text, ',');
  assert_non_null(end);
  assert_true((size_t)(end - *text) < room);
  memcpy(out, *text, (size_t)(end - *text));
  out[end - *text] = '\0';
  *text = end + 1;
}

static void read_run(run *out, char *line) {
  next_word(&line, out->half, sizeof out->half);
  next_word(&line, out->device, sizeof out->device);
  (void)snprintf(out->process, sizeof out->process, "n%u", next_count(&line));
  const uint64_t bytes = (uint64_t)next_number(&line);
  const uint64_t width = (uint64_t)next_number(&line);
  out->query = query_of(out->process, out->device, 8 * bytes, width);
  out->query.banks = next_count(&line);
  out->query.ports.read_write = next_count(&line);
  out->query.ports.read_only = next_count(&line);
  out->query.ports.write_only = next_count(&line);
  out->query.temperature_c =
      (strcmp(out->device, "hp") == 0 ? 360 : 300) - KELVIN;
  const unsigned ndwl = next_count(&line), ndbl = next_count(&line);
  const double nspd = next_number(&line);
  const double bank_bits =
      (double)out->query.size_bits / (double)out->query.banks;
  out->organisation =
      (cds_sram_organisation){.rows = bank_bits / ((double)width * ndbl * nspd),
                              .columns = (double)width * nspd / ndwl,
                              .log2_across = log2_of(ndwl) - 1,
                              .log2_up = log2_of(ndbl) - 1};
  out->read_pj = next_number(&line);
  out->write_pj = next_number(&line);
  out->leakage_w = 1e-3 * next_number(&line);
  out->area_um2 = next_number(&line);
  out->access_s = 1e-9 * next_number(&line);
  out->cycle_s = 1e-9 * next_number(&line);
}

static int read_runs(void **state) {
  (void)state;
  FILE *file = fopen(CDS_SOURCE_DIR "/tests/golden/sram/runs.csv", "r");
  assert_non_null(file);
  char line[256];
  assert_non_null(fgets(line, sizeof line, file));
  while (fgets(line, sizeof line, file) != NULL) {
    assert_true(run_count < RUNS_MOST);
    read_run(&runs[run_count++], line);
  }
  (void)fclose(file);
  return 0;
}

/* Sums of absolute relative errors. */
typedef struct errors {
  double read, write, area, access, cycle, leakage;
  unsigned count;
} errors;

static double miss(double ours, double theirs) {
  return fabs(ours / theirs - 1);
}

static void add_errors(errors *sum, const cds_sram_estimate *ours,
                       const run *theirs) {
  sum->read += miss(ours->read_pj, theirs->read_pj);
  sum->write += miss(ours->write_pj, theirs->write_pj);
  sum->area += miss(ours->area_um2, theirs->area_um2);
  sum->access += miss(ours->access_s, theirs->access_s);
  sum->cycle += miss(ours->cycle_s, theirs->cycle_s);
  sum->leakage += miss(ours->leakage_w, theirs->leakage_w);
  sum->count++;
}

static void assert_mean(const char *what, const char *process,
                        const char *device, double sum, unsigned count,
                        double most) {
  if (!(sum / count <= most)) {
    print_error("%s %s %s: mean error %.4g, bar %.4g\n", process, device, what,
                sum / count, most);
    fail();
  }
}

typedef cds_status estimator(cds_sram_estimate *out, const run *of,
                             char why[CDS_TECH_WHY]);

static cds_status at_given(cds_sram_estimate *out, const run *of,
                           char why[CDS_TECH_WHY]) {
  return cds_sram_estimate_at(out, &of->query, &of->organisation, why);
}

static cds_status searched(cds_sram_estimate *out, const run *of,
                           char why[CDS_TECH_WHY]) {
  return cds_sram_estimate_of(out, &of->query, why);
}

static errors errors_of(const char *half, const char *process,
                        const char *device, estimator *estimate_run) {
  errors sum = {.count = 0};
  for (unsigned index = 0; index < run_count; index++) {
    const run *each = &runs[index];
    if (strcmp(each->half, half) == 0 && strcmp(each->device, device) == 0 &&
        strcmp(each->process, process) == 0) {
      cds_sram_estimate ours;
      char why[CDS_TECH_WHY] = "";
      assert_int_equal(estimate_run(&ours, each, why), CDS_OK);
      add_errors(&sum, &ours, each);
    }
  }
  return sum;
}

static const char *const FITTED[] = {"n22", "n32", "n45", "n65", "n90"};
enum { FITTED_COUNT = sizeof FITTED / sizeof FITTED[0] };
/* Read, write, area, access time, leakage. */
static const double GIVEN_BARS[] = {0.10, 0.08, 0.08, 0.08};
static const double SEARCHED_BARS[] = {0.18, 0.10, 0.10, 0.12, 0.10};

static void unused_runs_at_their_organisation(void **state) {
  (void)state;
  for (unsigned node = 0; node < FITTED_COUNT; node++) {
    for (unsigned device = 0; device < DEVICE_COUNT; device++) {
      const char *process = FITTED[node], *kind = DEVICES[device];
      const errors sum = errors_of("test", process, kind, at_given);
      assert_in_range(sum.count, 11, 15);
      assert_mean("read", process, kind, sum.read, sum.count, GIVEN_BARS[0]);
      assert_mean("write", process, kind, sum.write, sum.count, GIVEN_BARS[1]);
      assert_mean("area", process, kind, sum.area, sum.count, GIVEN_BARS[2]);
      assert_mean("access", process, kind, sum.access, sum.count,
                  GIVEN_BARS[3]);
      assert_mean("cycle", process, kind, sum.cycle, sum.count, 0.18);
    }
  }
}

static void unused_runs_from_capacity_and_width(void **state) {
  (void)state;
  for (unsigned node = 0; node < FITTED_COUNT; node++) {
    for (unsigned device = 0; device < DEVICE_COUNT; device++) {
      const char *process = FITTED[node], *kind = DEVICES[device];
      const errors sum = errors_of("test", process, kind, searched);
      assert_mean("read", process, kind, sum.read, sum.count, SEARCHED_BARS[0]);
      assert_mean("write", process, kind, sum.write, sum.count,
                  SEARCHED_BARS[1]);
      assert_mean("area", process, kind, sum.area, sum.count, SEARCHED_BARS[2]);
      assert_mean("access", process, kind, sum.access, sum.count,
                  SEARCHED_BARS[3]);
      assert_mean("leakage", process, kind, sum.leakage, sum.count,
                  SEARCHED_BARS[4]);
    }
  }
}

static void runs_with_several_ports_or_banks(void **state) {
  (void)state;
  const errors sum = errors_of("ports", "n32", "lp", at_given);
  assert_int_equal(sum.count, 6);
  assert_mean("read", "n32", "lp", sum.read, sum.count, GIVEN_BARS[0]);
  assert_mean("write", "n32", "lp", sum.write, sum.count, GIVEN_BARS[1]);
  assert_mean("area", "n32", "lp", sum.area, sum.count, GIVEN_BARS[2]);
  assert_mean("access", "n32", "lp", sum.access, sum.count, GIVEN_BARS[3]);
  assert_mean("leakage", "n32", "lp", sum.leakage, sum.count, 0.08);
}

/* Ratios to the temperature at which the device was fitted. */
static void leakage_follows_six_temperatures_at_45_nm(void **state) {
  (void)state;
  FILE *file = fopen(CDS_SOURCE_DIR "/tests/golden/sram/temperature.csv", "r");
  assert_non_null(file);
  char line[256];
  assert_non_null(fgets(line, sizeof line, file));
  unsigned rows = 0;
  double at[DEVICE_COUNT][6], kelvin[6];
  while (fgets(line, sizeof line, file) != NULL) {
    char *text = strstr(line, ",45,65536,64,");
    assert_non_null(text);
    text += strlen(",45,65536,64,");
    kelvin[rows % 6] = next_number(&text);
    at[strncmp(line, "hp,", 3) == 0 ? 0 : 1][rows % 6] = next_number(&text);
    rows++;
  }
  (void)fclose(file);
  assert_int_equal(rows, 12);
  for (unsigned device = 0; device < DEVICE_COUNT; device++) {
    const unsigned reference = device == 0 ? 3 : 0; /* 360 K, 300 K */
    cds_sram_query query = query_of("n45", DEVICES[device], 524288, 64);
    query.temperature_c = kelvin[reference] - KELVIN;
    const double ours = estimate(&query).leakage_w;
    for (unsigned row = 0; row < 6; row++) {
      query.temperature_c = kelvin[row] - KELVIN;
      assert_close(estimate(&query).leakage_w / ours,
                   at[device][row] / at[device][reference],
                   device == 0 ? 0.05 : 0.11);
    }
  }
}

/* ---- the search ---- */

/* Least energy times squared delay over all organisations, one by one. */
static cds_sram_organisation best_of_all(const cds_sram_query *query) {
  double least = (double)INFINITY;
  cds_sram_organisation best = {.rows = 0};
  const double bits = (double)query->size_bits / query->banks;
  for (unsigned rows = 4; rows <= 10; rows++) {
    for (unsigned columns = 0; columns <= 11; columns++) {
      for (unsigned across = 0; across <= 5; across++) {
        cds_sram_organisation cut = {(double)(1U << rows),
                                     (double)(1U << columns), across, across};
        for (; cut.log2_up <= across + 5; cut.log2_up++) {
          cds_sram_estimate found;
          char why[CDS_TECH_WHY];
          if (4 * cut.rows * cut.columns * (1U << across) *
                      (1U << cut.log2_up) !=
                  bits ||
              cds_sram_estimate_at(&found, query, &cut, why) != CDS_OK) {
            continue;
          }
          const double cost = found.read_pj * found.access_s * found.access_s;
          if (cost < least) {
            least = cost;
            best = cut;
          }
        }
      }
    }
  }
  return best;
}

static void search_finds_the_best_of_all_organisations(void **state) {
  (void)state;
  static const uint64_t widths[] = {8, 24, 64, 256, 1000};
  for (unsigned process = 0; process < PROCESS_COUNT; process += 3) {
    for (unsigned log2_bits = 15; log2_bits <= LOG2_BITS_HIGH; log2_bits++) {
      for (unsigned width = 0; width < 5; width++) {
        cds_sram_query query =
            query_of(PROCESSES[process], DEVICES[width % 2],
                     UINT64_C(1) << log2_bits, widths[width]);
        query.banks = width == 2 && log2_bits > 20 ? 4 : 1;
        query.ports = PORTS[(log2_bits + width) % PORT_COUNT];
        const cds_sram_organisation best = best_of_all(&query);
        const cds_sram_organisation found = estimate(&query).organisation;
        assert_true(best.rows == found.rows);
        assert_true(best.columns == found.columns);
        assert_int_equal(best.log2_across, found.log2_across);
        assert_int_equal(best.log2_up, found.log2_up);
      }
    }
  }
}

/* ---- promises ---- */

static void assert_no_less(const cds_sram_estimate *large,
                           const cds_sram_estimate *small) {
  assert_true(large->read_pj >= small->read_pj);
  assert_true(large->write_pj >= small->write_pj);
  assert_true(large->area_um2 >= small->area_um2);
  assert_true(large->access_s >= small->access_s);
  assert_true(large->leakage_w > small->leakage_w);
}

static void rises_with_capacity(cds_sram_query query) {
  cds_sram_estimate below = {.read_pj = 0};
  bool first = true;
  for (unsigned log2_bits = LOG2_BITS_LOW; log2_bits <= LOG2_BITS_HIGH;
       log2_bits++) {
    query.size_bits = UINT64_C(1) << log2_bits;
    cds_sram_estimate at;
    char why[CDS_TECH_WHY];
    if (query.size_bits / query.banks < query.width_bits) {
      continue;
    }
    assert_int_equal(cds_sram_estimate_of(&at, &query, why), CDS_OK);
    if (!first) {
      assert_no_less(&at, &below);
    }
    below = at;
    first = false;
  }
}

/* The case that no proof covers, whole: see sram_search.c. */
static void all_figures_rise_with_capacity(void **state) {
  (void)state;
  const unsigned step = getenv("CODESIGN_TEST_QUICK") != NULL ? 17 : 1;
  for (unsigned process = 0; process < PROCESS_COUNT; process++) {
    for (unsigned device = 0; device < DEVICE_COUNT; device++) {
      for (unsigned width = 8; width <= 1024; width += step) {
        rises_with_capacity(
            query_of(PROCESSES[process], DEVICES[device], 0, width));
      }
      for (unsigned width = 8; width <= 1024; width *= 2) {
        cds_sram_query query =
            query_of(PROCESSES[process], DEVICES[device], 0, width);
        for (unsigned port = 0; port < PORT_COUNT; port++) {
          query.ports = PORTS[port];
          for (query.banks = 1; query.banks <= 8; query.banks *= 2) {
            rises_with_capacity(query);
          }
        }
      }
    }
  }
}

static void capacities_between_powers_of_two_lie_between(void **state) {
  (void)state;
  for (unsigned process = 0; process < PROCESS_COUNT; process++) {
    cds_sram_query query = query_of(PROCESSES[process], "hp", 8192, 72);
    cds_sram_estimate below = estimate(&query);
    while (query.size_bits < 8 * 8388608) {
      query.size_bits += query.size_bits / 7 + 1;
      const cds_sram_estimate at = estimate(&query);
      assert_no_less(&at, &below);
      below = at;
    }
  }
}

/* One that is bought by nobody: rows of fewer than 16 cells. */
static void wide_and_tiny_is_priced_as_sixteen_rows(void **state) {
  (void)state;
  const cds_sram_query tiny = query_of("n45", "hp", 2048, 1024);
  const cds_sram_query least = query_of("n45", "hp", 32 * 1024, 1024);
  assert_close(estimate(&tiny).read_pj, estimate(&least).read_pj, 0);
  assert_close(estimate(&tiny).area_um2, estimate(&least).area_um2, 0);
  assert_true(estimate(&tiny).leakage_w < estimate(&least).leakage_w);
  assert_true(estimate(&tiny).organisation.rows == 16);
}

static void supply_and_temperature_act_as_they_should(void **state) {
  (void)state;
  for (unsigned process = 0; process < PROCESS_COUNT; process++) {
    for (unsigned device = 0; device < DEVICE_COUNT; device++) {
      cds_sram_query query =
          query_of(PROCESSES[process], DEVICES[device], 1 << 23, 64);
      const cds_sram_estimate nominal = estimate(&query);
      query.supply_v = nominal.nominal_v;
      assert_close(estimate(&query).access_s, nominal.access_s, 1e-12);
      assert_true(nominal.low_v < nominal.nominal_v);
      assert_true(nominal.nominal_v <= nominal.high_v);
      cds_sram_estimate below = {.read_pj = 0, .access_s = (double)INFINITY};
      for (int step = 0; step <= 20; step++) {
        query.supply_v =
            nominal.low_v + (nominal.high_v - nominal.low_v) * step / 20;
        const cds_sram_estimate at = estimate(&query);
        const double ratio = query.supply_v / nominal.nominal_v;
        assert_close(at.read_pj, nominal.read_pj * ratio * ratio, 1e-12);
        assert_close(at.write_pj, nominal.write_pj * ratio * ratio, 1e-12);
        assert_true(at.access_s < below.access_s);
        assert_true(at.leakage_w > below.leakage_w);
        assert_true(at.area_um2 == nominal.area_um2);
        below = at;
      }
      below.leakage_w = 0;
      for (int degrees = -20; degrees <= 140; degrees += 5) {
        query.temperature_c = degrees;
        const cds_sram_estimate at = estimate(&query);
        assert_true(at.leakage_w > below.leakage_w);
        assert_true(at.access_s == below.access_s);
        below = at;
      }
    }
  }
}

/* Far above the threshold the law is the alpha-power law: 45 nm hp between 1.0
 * and 1.15 V, threshold 0.34 V, exponent 1.3. */
static void delay_is_that_of_the_alpha_power_law_at_high_supply(void **state) {
  (void)state;
  cds_sram_query query = query_of("n45", "hp", 1 << 23, 64);
  query.supply_v = 1.0;
  const double slow = estimate(&query).access_s;
  query.supply_v = 1.15;
  const double fast = estimate(&query).access_s;
  const double law = 1.15 / 1.0 * pow((1.0 - 0.34) / (1.15 - 0.34), 1.3);
  assert_close(fast / slow, law, 0.01);
}

static void below_22_nm_is_a_projection_with_an_interval(void **state) {
  (void)state;
  /* Published cells, um2: smallest and largest. */
  static const struct {
    const char *process;
    double cell[2];
  } cells[] = {{"n16", {0.070, 0.070}}, {"n14", {0.0588, 0.064}},
               {"n10", {0.042, 0.042}}, {"n7", {0.027, 0.027}},
               {"n5", {0.021, 0.021}},  {"n3", {0.0199, 0.021}}};
  for (unsigned row = 0; row < sizeof cells / sizeof cells[0]; row++) {
    const cds_sram_query query =
        query_of(cells[row].process, "hp", 1 << 25, 128);
    const cds_sram_estimate at = estimate(&query);
    assert_true(at.projection);
    assert_non_null(strstr(at.source, "projection"));
    /* Cells take 55 to 85 per cent of an array of 4 MiB. */
    const double per_bit = at.area_um2 / (1 << 25);
    assert_true(0.55 * per_bit < cells[row].cell[1]);
    assert_true(0.85 * per_bit > cells[row].cell[0]);
    assert_true(at.area_range.low < 1 && at.area_range.high > 1);
    assert_true(at.energy_range.low < 1 && at.energy_range.high > 1);
  }
  /* 14 pJ for 64 bit of 1 MiB at 7 nm: Jouppi et al., ISCA 2021, table 2. */
  const cds_sram_query query = query_of("n7", "hp", 1 << 23, 64);
  const cds_sram_estimate at = estimate(&query);
  assert_true(at.read_pj * at.energy_range.low < 14);
  assert_true(at.read_pj * at.energy_range.high > 14);
  const cds_sram_query fitted = query_of("n22", "hp", 1 << 23, 64);
  assert_false(estimate(&fitted).projection);
}

static void between_fitted_nodes_lies_between(void **state) {
  (void)state;
  static const char *const nodes[] = {"n22", "n28", "n32", "n40", "n45"};
  for (unsigned device = 0; device < DEVICE_COUNT; device++) {
    for (unsigned node = 1; node < 5; node += 2) {
      cds_sram_estimate at[3];
      for (unsigned side = 0; side < 3; side++) {
        const cds_sram_query query =
            query_of(nodes[node - 1 + side], DEVICES[device], 1 << 23, 64);
        at[side] = estimate(&query);
      }
      assert_true(at[0].read_pj < at[1].read_pj);
      assert_true(at[1].read_pj < at[2].read_pj);
      assert_true(at[0].area_um2 < at[1].area_um2);
      assert_true(at[1].area_um2 < at[2].area_um2);
      assert_true(at[0].access_s < at[1].access_s);
      assert_true(at[1].access_s < at[2].access_s);
    }
  }
}

/* ---- refusals ---- */

static void assert_refused(const cds_sram_query *query, const char *text) {
  cds_sram_estimate out;
  char why[CDS_TECH_WHY] = "";
  assert_int_equal(cds_sram_estimate_of(&out, query, why), CDS_EINPUT);
  if (strstr(why, text) == NULL) {
    print_error("'%s' lacks '%s'\n", why, text);
    fail();
  }
}

static void what_is_out_of_range_is_refused(void **state) {
  (void)state;
  const cds_sram_query usual = query_of("n45", "hp", 1 << 20, 64);
  cds_sram_query query = usual;
  query.supply_v = 0.65;
  assert_refused(&query, "supply of an sram on process 'n45' is 0.65 V: "
                         "expected 0.7 to 1.15 V");
  query = usual;
  query.temperature_c = 200;
  assert_refused(&query, "temperature of an sram is 200 degC: expected -23 to "
                         "147 degC");
  query = usual;
  query.process = "n130";
  assert_refused(&query, "process 'n130' is not known");
  query.process = "dram-1b";
  assert_refused(&query, "sram on the DRAM process 'dram-1b'");
  query = usual;
  query.device = "lop";
  assert_refused(&query, "device 'lop' is not known");
  query = usual;
  query.size_bits = 8;
  assert_refused(&query, "size of an sram is 8 bit: expected 2048 to");
  query = usual;
  query.width_bits = 4096;
  assert_refused(&query, "width of an sram is 4096 bit: expected 8 to 1024");
  query = usual;
  query.banks = 3;
  assert_refused(&query, "3 banks of an sram: expected a power of two");
  query.banks = 0;
  assert_refused(&query, "0 banks of an sram");
  query = usual;
  query.size_bits = 2048;
  query.banks = 64;
  assert_refused(&query, "a bank of an sram of this width is 32 bit");
  query = usual;
  query.ports = (cds_sram_ports){0, 1, 0};
  assert_refused(&query, "expected one that reads, one that writes");
  query.ports = (cds_sram_ports){4, 1, 0};
  assert_refused(&query, "at most 4 in all");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unused_runs_at_their_organisation),
      cmocka_unit_test(unused_runs_from_capacity_and_width),
      cmocka_unit_test(runs_with_several_ports_or_banks),
      cmocka_unit_test(leakage_follows_six_temperatures_at_45_nm),
      cmocka_unit_test(search_finds_the_best_of_all_organisations),
      cmocka_unit_test(all_figures_rise_with_capacity),
      cmocka_unit_test(capacities_between_powers_of_two_lie_between),
      cmocka_unit_test(wide_and_tiny_is_priced_as_sixteen_rows),
      cmocka_unit_test(supply_and_temperature_act_as_they_should),
      cmocka_unit_test(delay_is_that_of_the_alpha_power_law_at_high_supply),
      cmocka_unit_test(below_22_nm_is_a_projection_with_an_interval),
      cmocka_unit_test(between_fitted_nodes_lies_between),
      cmocka_unit_test(what_is_out_of_range_is_refused),
  };
  return cmocka_run_group_tests(tests, read_runs, NULL);
}
