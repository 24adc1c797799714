/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random search draws designs, each with the same chance, and solves those
 * whose bounds are below the best value so far, in waves: the code, what
 * threads keep of earlier designs, the bounds, the threads and the time are
 * those of the search over boxes. What differs is which designs there are in a
 * wave.
 */
#include "tests/bench/spaces.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "explore/box_bound.h"
#include "explore/exploration.h"
#include "explore/explore.h"
#include "support/random_case.h"

enum { SAMPLES = 1000 };

typedef struct spaces {
  cds_arena *arena;
  cds_diag *diag;
  cds_space *space;
  cds_workload workload;
  cds_explore_options options;
  cds_explore_result best;
  cds_limit limit[16];
  double most_s, began_s;
  int hurry;
  double taken_s;
  double told; /* gap of the last line */
} spaces;

static double clock_s(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void look_at_clock(const cds_progress *progress, void *payload) {
  spaces *it = (spaces *)payload;
  const double now_s = clock_s(CLOCK_MONOTONIC) - it->began_s;
  const double least = fmin(progress->bound, progress->best);
  const double gap = 1 - least / progress->best;
  it->hurry = now_s > it->most_s;
  if (isfinite(gap) && gap < 0.97 * it->told) { /* each time by 3 % of it */
    it->told = gap;
    printf("  %7.2f s (%7.2f s of processors): %.6g, at least %.6g, gap %.2f "
           "%%\n",
           now_s, clock_s(CLOCK_PROCESS_CPUTIME_ID), progress->best, least,
           100 * gap);
  }
}

static bool read_files(spaces *it, const char *arch, const char *workload) {
  const cds_reader reader = {.arena = it->arena, .diag = it->diag};
  const bool read =
      cds_space_read(&it->space, arch, NULL, 0, it->arena, it->diag) ==
          CDS_OK &&
      cds_workload_read(&it->workload, workload, &reader) == CDS_OK;
  if (!read) {
    cds_diag_write(it->diag, stderr, CDS_DIAG_TEXT);
    return false;
  }
  it->options =
      (cds_explore_options){.search = CDS_SEARCH_OPTIONS_INIT,
                            .objective = cds_space_objective(it->space),
                            .fuse = CDS_FUSE_ALL,
                            .boxes = true};
  for (size_t i = 0; i < cds_space_limits(it->space) && i < 16; i++) {
    it->limit[it->options.limits++] = *cds_space_limit(it->space, i);
  }
  it->options.limit = it->limit;
  return true;
}

/* ---- the search ---------------------------------------------------------- */

static bool search(spaces *it, double gap) {
  const cds_control control = {
      .progress = look_at_clock, .payload = it, .hurry = &it->hurry};
  cds_explore_options options = it->options;
  options.control = &control;
  options.gap = gap;
  it->told = (double)INFINITY;
  it->began_s = clock_s(CLOCK_MONOTONIC);
  const double cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID);
  const cds_status status = cds_explore(&it->best, it->space, &it->workload,
                                        &options, it->arena, it->diag);
  it->taken_s = clock_s(CLOCK_MONOTONIC) - it->began_s;
  if ((status != CDS_OK && status != CDS_EINTERRUPTED) || !it->best.found) {
    cds_diag_write(it->diag, stderr, CDS_DIAG_TEXT);
    return false;
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const cds_box_counts *boxes = it->best.boxes;
  printf("%" PRIu64 " designs, %zu variables\n", cds_space_designs(it->space),
         cds_space_variables(it->space));
  printf("search   %.1f s (%.1f s of processors), %ld MiB: %.6g, at least "
         "%.6g, gap %.2f %%\n",
         it->taken_s, clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_s,
         usage.ru_maxrss / 1024, it->best.value, it->best.bound,
         100 * (1 - it->best.bound / it->best.value));
  printf("         root gap %.1f %%, %" PRIu64 " boxes bounded, %" PRIu64
         " halved, %zu designs looked at alone, %" PRIu64 " mapped\n",
         100 * (1 - boxes->root / it->best.value), boxes->bounded,
         boxes->halved, it->best.records, it->best.mapped);
  return true;
}

/* ---- single designs ------------------------------------------------------ */

static uint64_t draw(const spaces *it, random_stream *random) {
  uint32_t value[CDS_VARIABLES_MAX];
  for (size_t v = 0; v < cds_space_variables(it->space); v++) {
    value[v] =
        random_below(random, (unsigned)cds_space_variable(it->space, v)->count);
  }
  return cds_space_index(it->space, value);
}

/* The value of one design; NAN if it cannot be used. */
static double solve(const spaces *it, uint64_t design) {
  cds_explore_result result;
  cds_explore_options options = it->options;
  options.only = &design;
  cds_arena *arena = cds_arena_new();
  cds_diag *diag = arena == NULL ? NULL : cds_diag_new(arena);
  const bool found =
      diag != NULL && cds_explore(&result, it->space, &it->workload, &options,
                                  arena, diag) == CDS_OK;
  const double value = found ? result.value : (double)NAN;
  cds_arena_free(arena);
  return value;
}

static bool begin_job(cds_job *job, const spaces *it) {
  if (cds_job_begin_open(job, it->space, &it->workload, &it->options, it->arena,
                         it->diag) != CDS_OK) {
    return false;
  }
  job->heated = job->open_only = true;
  return true;
}

/* A wave of designs whose bounds are below the best value so far; how many were
 * drawn for it. */
static size_t draw_wave(uint64_t design[CDS_LAST_WAVE], const spaces *it,
                        cds_exploration *run, random_stream *random,
                        size_t size, uint64_t *drawn) {
  size_t count = 0;
  while (count < size && clock_s(CLOCK_MONOTONIC) - it->began_s < it->taken_s) {
    cds_design_result one = cds_job_record(draw(it, random));
    run->job.open_only = true;
    cds_job_bound_one(&run->job, &run->job.worker[0], &one);
    run->job.open_only = false;
    ++*drawn;
    if (one.status == CDS_DESIGN_OPEN && one.bound < run->incumbent) {
      design[count++] = one.index;
    }
  }
  return count;
}

static cds_status solve_drawn(spaces *it, cds_exploration *run,
                              uint64_t *drawn) {
  random_stream random = random_start(1, 0);
  uint64_t design[CDS_LAST_WAVE];
  size_t count = 0;
  size_t size = 1;
  run->job.heated = true;
  run->round = CDS_ROUND_LAST;
  run->job.candidate = (cds_candidate *)cds_arena_array(
      it->arena, CDS_LAST_WAVE, sizeof *run->job.candidate);
  CDS_TRY(cds_ranking_begin(&run->ranking, 1, it->arena));
  while ((count = draw_wave(design, it, run, &random, size, drawn)) > 0) {
    CDS_TRY(cds_exploration_add(run, design, count, 0));
    cds_exploration_wave(run, count);
    CDS_TRY(run->job.status);
    size = cds_job_next_size(size);
  }
  return CDS_OK;
}

static bool random_search(spaces *it) {
  const cds_control control = {
      .progress = look_at_clock, .payload = it, .hurry = &it->hurry};
  cds_explore_options options = it->options;
  cds_explore_result result = {.value = (double)NAN};
  cds_exploration run = {.out = &result, .incumbent = (double)INFINITY};
  uint64_t drawn = 0;
  options.control = run.control = &control;
  it->most_s = it->taken_s;
  it->hurry = 0;
  it->began_s = clock_s(CLOCK_MONOTONIC);
  cds_status status = cds_job_begin_open(&run.job, it->space, &it->workload,
                                         &options, it->arena, it->diag);
  status = status == CDS_OK ? solve_drawn(it, &run, &drawn) : status;
  cds_job_end(&run.job);
  if (status != CDS_OK) {
    return false;
  }
  printf("random   the same time: %" PRIu64 " designs drawn, %zu solved: %.6g, "
         "%.2f %% above the best of the search, %.2f %% above the bound\n",
         drawn, run.job.designs, result.value,
         100 * (result.value / it->best.value - 1),
         100 * (result.value / it->best.bound - 1));
  return true;
}

/* Designs that no limit is proven to rule out before they are mapped. */
static bool share(spaces *it) {
  random_stream random = random_start(2, 0);
  cds_job job;
  if (!begin_job(&job, it)) {
    return false;
  }
  unsigned open = 0;
  for (unsigned i = 0; i < SAMPLES; i++) {
    cds_design_result design = cds_job_record(draw(it, &random));
    cds_job_bound_one(&job, &job.worker[0], &design);
    open += design.status == CDS_DESIGN_OPEN;
  }
  cds_job_end(&job);
  printf("feasible %.1f %% of %d random designs by limits that need no "
         "mapping\n",
         100.0 * open / SAMPLES, (int)SAMPLES);
  return true;
}

/* One variable after the other, the others as in the best design. */
static void effects(const spaces *it) {
  const size_t variables = cds_space_variables(it->space);
  cds_box box = cds_box_of(it->space, it->best.winner);
  for (size_t v = 0; v < variables; v++) {
    const cds_value_list *list = cds_space_variable(it->space, v);
    const uint32_t own = box.low[v];
    double least = (double)INFINITY;
    double most = 0;
    unsigned out = 0;
    for (uint32_t i = 0; i < list->count; i++) {
      box.low[v] = i;
      const double value = i == own
                               ? it->best.value
                               : solve(it, cds_space_index(it->space, box.low));
      out += isnan(value) ? 1 : 0;
      least = fmin(least, i == own ? least : value);
      most = fmax(most, value);
    }
    box.low[v] = own;
    printf("%-8s value %u of %zu%s: ", list->name, own + 1, (size_t)list->count,
           own == 0 || own + 1 == list->count ? "" : " (inside)");
    if (isfinite(least)) {
      printf("the others %.1f to %.1f %% above, ",
             100 * (least / it->best.value - 1),
             100 * (most / it->best.value - 1));
    }
    printf("%u outside of limits\n", out);
  }
}

bool cds_spaces_print(const char *arch, const char *workload, double most_s,
                      double gap) {
  spaces *it = (spaces *)calloc(1, sizeof *it);
  cds_arena *arena = cds_arena_new();
  cds_diag *diag = arena == NULL ? NULL : cds_diag_new(arena);
  bool done = it != NULL && diag != NULL;
  if (done) {
    it->arena = arena;
    it->diag = diag;
    it->most_s = most_s;
    (void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* it takes minutes */
    done = read_files(it, arch, workload) && search(it, gap) &&
           random_search(it) && share(it);
  }
  if (done) {
    effects(it);
  }
  cds_arena_free(arena);
  free(it);
  return done;
}
