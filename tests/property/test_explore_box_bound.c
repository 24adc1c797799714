/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bounds of boxes against designs in them: random boxes of spaces of many
 * variables, and in each a random design.
 *
 *   - the bound of a box is not above that of the design, which the first pass
 *     finds on the design itself; a box that is closed holds no open design
 *   - what tables say of one combination is what the design has, to the bit,
 *     whatever the variables have of which the parts are told not to depend
 *
 *   test_explore_box_bound [cases N] [seed N]
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "explore/box_bound.h"
#include "support/box_spaces.h"
#include "support/random_case.h"
#include "support/tiny_network.h"

static unsigned cases = 150000;
static unsigned seed = 1;

/* What was seen. */
typedef struct tally {
  unsigned boxes, bounded, closed, mixed, parts;
  double nearest, sum; /* bound of the box / that of the design */
} tally;

/* A range, of one value more often than not. */
static cds_box draw_box(const cds_space *space, random_stream *random) {
  cds_box box = cds_box_all(space);
  const unsigned narrow = 20 + 20 * random_below(random, 5);
  for (size_t v = 0; v < cds_space_variables(space); v++) {
    const unsigned count = (unsigned)cds_space_variable(space, v)->count;
    const uint32_t a = random_below(random, count);
    const uint32_t b = random_below(random, count);
    box.low[v] = a < b ? a : b;
    box.high[v] = random_chance(random, narrow) ? box.low[v] : a < b ? b : a;
  }
  return box;
}

static uint64_t draw_member(const cds_box *box, const cds_space *space,
                            random_stream *random) {
  uint32_t value[CDS_VARIABLES_MAX];
  for (size_t v = 0; v < cds_space_variables(space); v++) {
    value[v] =
        box->low[v] + random_below(random, box->high[v] - box->low[v] + 1);
  }
  return cds_space_index(space, value);
}

static void check_parts(tally *seen, cds_job *job, cds_box_table *table,
                        uint64_t design) {
  cds_worker *worker = &job->worker[0];
  const cds_box box = cds_box_of(job->space, design);
  const cds_box_parts *parts = cds_box_table_parts(table);
  cds_arena_reset(worker->arena, worker->empty);
  cds_arch *arch = cds_arena_alloc(worker->arena, sizeof *arch);
  cds_diag *diag = cds_diag_new(worker->arena);
  if (cds_job_build(arch, job, design, worker->arena, diag) != CDS_OK) {
    return;
  }
  for (unsigned p = 0; p < parts->parts; p++) {
    cds_box_record record;
    double own[CDS_BOX_FIELDS];
    assert_int_equal(cds_box_table_get(&record, table, p, &box, worker->arena),
                     CDS_OK);
    if (record.exemplar == CDS_BOX_MIXED) {
      continue; /* no design could be built that the table has tried */
    }
    cds_box_fields(own, &parts->part[p], arch);
    const cds_arch *like = cds_box_table_exemplar(table, p, record.exemplar);
    assert_true(cds_box_alike(&parts->part[p], arch, like, parts->constrained));
    for (unsigned f = 0; f < CDS_BOX_FIELDS; f++) {
      if (!(own[f] == record.least[f])) {
        print_error("design %llu, part %u (kind %u, %u), field %u\n",
                    (unsigned long long)design, p, parts->part[p].kind,
                    parts->part[p].index, f);
      }
      assert_true(own[f] == record.least[f]);
    }
    seen->parts++;
  }
}

static void check_bound(tally *seen, cds_job *job, cds_box_table *table,
                        random_stream *random) {
  const cds_box box = draw_box(job->space, random);
  const uint64_t member = draw_member(&box, job->space, random);
  cds_worker *worker = &job->worker[0];
  cds_box_bound bound;
  assert_int_equal(cds_box_bound_of(&bound, job, worker, table, &box), CDS_OK);
  cds_design_result design = cds_job_record(member);
  cds_job_bound_one(job, worker, &design);
  assert_int_equal(job->status, CDS_OK);
  seen->boxes++;
  if (bound.status == CDS_BOX_MIXED_PARTS) {
    seen->mixed++;
    return;
  }
  if (design.status == CDS_DESIGN_OPEN) {
    if (bound.status != CDS_BOX_OPEN || !(bound.bound <= design.bound)) {
      print_error("design %llu: %a, its box %u: %a (%u %a)\n",
                  (unsigned long long)member, design.bound, bound.status,
                  bound.bound, bound.excess.metric, bound.excess.least);
    }
    assert_int_equal(bound.status, CDS_BOX_OPEN);
    assert_true(bound.bound <= design.bound);
    seen->bounded++;
    seen->nearest = fmax(seen->nearest, bound.bound / design.bound);
    seen->sum += bound.bound / design.bound;
  } else {
    seen->closed += bound.status != CDS_BOX_OPEN;
  }
  if (seen->boxes % 8 == 0) {
    check_parts(seen, job, table, member);
  }
}

/* Limits that close some designs and leave others. */
static void draw_limits(cds_explore_options *options, cds_limit limit[3],
                        fixture *f, cds_job *job, random_stream *random) {
  static const char *const texts[][3] = {
      {"area <= 2 mm2", "area <= 8 mm2", "area <= 30 mm2"},
      {"power <= 0.2 W", "power <= 1 W", "power <= 5 W"},
      {"latency <= 1 us", "latency <= 20 us", "latency <= 1 ms"}};
  (void)job;
  for (unsigned i = 0; i < 3; i++) {
    if (random_chance(random, 40)) {
      const char *text = texts[i][random_below(random, 3)];
      assert_fine(f, cds_limit_parse(&limit[options->limits++], text,
                                     (cds_place){0}, f->arena, f->diag));
    }
  }
  options->limit = limit;
}

static void check_space(tally *seen, unsigned which, unsigned count,
                        random_stream *random) {
  static char text[BOX_TEXT], variables[BOX_TEXT], workload_text[BOX_TEXT];
  static const cds_objective objectives[] = {
      CDS_OBJECTIVE_EDP, CDS_OBJECTIVE_ENERGY, CDS_OBJECTIVE_DELAY,
      CDS_OBJECTIVE_ED2P};
  fixture f;
  fixture_open(&f);
  cds_space *space = NULL;
  cds_workload workload;
  cds_job job;
  cds_box_table *table = NULL;
  cds_limit limit[3];
  cds_explore_options options = {.objective =
                                     objectives[random_below(random, 4)],
                                 .search = CDS_SEARCH_OPTIONS_INIT,
                                 .heat_off = random_chance(random, 30),
                                 .threads = 1};
  box_space_text(text, which);
  box_space_variables(variables, which);
  strncat(text, variables, sizeof text - strlen(text) - 1);
  box_workload_text(workload_text, which, random);
  tiny_read(&f, &space, &workload, text, workload_text);
  cds_space_set_factors(space, random_chance(random, 30));
  draw_limits(&options, limit, &f, &job, random);
  assert_fine(&f, cds_job_begin_open(&job, space, &workload, &options, f.arena,
                                     f.diag));
  job.heated = true;
  job.open_only = true;
  assert_fine(&f, cds_box_table_new(&table, &job, f.diag));
  for (unsigned i = 0; i < count; i++) {
    check_bound(seen, &job, table, random);
  }
  cds_box_table_free(table);
  cds_job_end(&job);
  fixture_close(&f);
}

static void bounds_of_boxes_are_below_their_designs(void **state) {
  (void)state;
  enum { EACH = 250 };
  tally all[BOX_SPACES] = {{0}};
  unsigned total = 0;
  for (unsigned n = 0; n * EACH * BOX_SPACES < cases; n++) {
    for (unsigned which = 0; which < BOX_SPACES; which++) {
      random_stream random = random_start(seed, n * BOX_SPACES + which);
      check_space(&all[which], which, EACH, &random);
    }
  }
  for (unsigned which = 0; which < BOX_SPACES; which++) {
    const tally *seen = &all[which];
    print_message("%s: %u boxes, %u bounds below a design's (on average %u %%, "
                  "at most %u ppm), %u closed beside closed designs, %u mixed, "
                  "%u parts as in tables\n",
                  box_space_names[which], seen->boxes, seen->bounded,
                  (unsigned)(100 * seen->sum / seen->bounded),
                  (unsigned)(1e6 * seen->nearest), seen->closed, seen->mixed,
                  seen->parts);
    assert_true(seen->bounded > seen->boxes / 8);
    total += seen->boxes - seen->mixed;
  }
  print_message("%u boxes in all\n", total);
}

int main(int argc, char **argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    *(strcmp(argv[i], "seed") == 0 ? &seed : &cases) =
        (unsigned)strtoul(argv[i + 1], NULL, 10);
  }
  if (getenv("CODESIGN_TEST_QUICK") != NULL) {
    cases = 4000;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bounds_of_boxes_are_below_their_designs)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
