/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Speed of one thread: mappings evaluated a second (count and price), and the
 * time to prove the optimum of some matrix products. Seconds depend on the
 * machine and on what else it does; each is printed beside its ratio to a
 * fixed arithmetic loop timed in the same run, which is what to compare.
 *
 *   codesign_bench ARCH WORKLOAD
 *   codesign_bench bars      proofs against bars (bars.h)
 *   codesign_bench chains ARCH WORKLOAD [NAME=VALUE]...
 *                            fused groups (chains.h)
 *   codesign_bench workers ARCH WORKLOAD top|all FOLDER
 *                            processes that share an exploration (sharing.h)
 *   codesign_bench sram      estimates of static RAM (memories.h)
 *
 * CODESIGN_BENCH_ANY in the environment: ranks are cut into any parts.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "search/search.h"
#include "spec/space.h"
#include "spec/workload.h"
#include "tests/bench/bars.h"
#include "tests/bench/chains.h"
#include "tests/bench/memories.h"
#include "tests/bench/sharing.h"
#include "tests/bench/spaces.h"

enum { REPEATS = 5, EVALUATIONS = 20000 };

typedef struct bench {
  cds_arch arch;
  cds_workload workload;
  cds_searcher *searcher;
  cds_arena *arena;
  double reference_s; /* time of the reference loop */
  bool any;           /* parts need not be equal */
} bench;

static double now_s(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sorts the times; prints their median, spread and ratio to the reference. */
static double report(const char *name, double times[REPEATS],
                     double reference_s) {
  qsort(times, REPEATS, sizeof(times[0]), compare);
  const double median = times[REPEATS / 2];
  printf("%-28s %10.3f ms  (%.3f to %.3f)  %9.4f x reference\n", name,
         1e3 * median, 1e3 * times[0], 1e3 * times[REPEATS - 1],
         median / reference_s);
  return median;
}

/* The reference: a chain of 10^8 dependent integer steps. */
static double reference(void) {
  double times[REPEATS];
  for (unsigned repeat = 0; repeat < REPEATS; ++repeat) {
    const double start = now_s();
    volatile uint64_t seed = repeat;
    uint64_t value = seed;
    for (uint64_t step = 0; step < 100000000; ++step) {
      value = value * UINT64_C(6364136223846793005) + step;
    }
    seed = value;
    times[repeat] = now_s() - start;
  }
  qsort(times, REPEATS, sizeof(times[0]), compare);
  return report("reference loop", times, times[REPEATS / 2]);
}

/* Time to the proven optimum of the layer; false when there is none. */
static bool prove(bench *b, const cds_layer *layer, cds_search_result *result) {
  double times[REPEATS];
  for (unsigned repeat = 0; repeat < REPEATS; ++repeat) {
    const cds_goal goal = {.time_power = 1};
    const double start = now_s();
    if (cds_search_begin(b->searcher, &b->arch, &layer->einsum,
                         (double)INFINITY) != CDS_OK ||
        cds_search_solve(result, b->searcher, goal, NULL) != CDS_OK ||
        !result->proven) {
      fprintf(stderr, "codesign_bench: no proof for '%s'\n", layer->name);
      return false;
    }
    times[repeat] = now_s() - start;
  }
  report(layer->name, times, b->reference_s);
  return true;
}

/* Count and price of one mapping, again and again. */
static bool evaluate(bench *b, const cds_einsum *einsum,
                     const cds_mapping *mapping) {
  double times[REPEATS];
  for (unsigned repeat = 0; repeat < REPEATS; ++repeat) {
    const double start = now_s();
    const cds_arena_mark mark = cds_arena_mark_get(b->arena);
    for (unsigned step = 0; step < EVALUATIONS; ++step) {
      cds_arena_reset(b->arena, mark);
      cds_counts counts;
      cds_cost cost;
      if (cds_count(&counts, &b->arch, einsum, mapping, b->arena) != CDS_OK ||
          cds_price_einsum(&cost, &b->arch, einsum, &counts,
                           (double)INFINITY) != CDS_OK) {
        return false;
      }
    }
    times[repeat] = now_s() - start;
  }
  const double median = report("20000 evaluations", times, b->reference_s);
  printf("%-28s %10.0f a second\n", "evaluations", EVALUATIONS / median);
  return true;
}

static bool read_inputs(bench *b, char **argv) {
  cds_diag *const diag = cds_diag_new(b->arena);
  const cds_reader reader = {.arena = b->arena, .diag = diag};
  cds_space *space = NULL;
  const bool read =
      cds_space_read(&space, argv[1], NULL, 0, b->arena, diag) == CDS_OK &&
      cds_space_design(&b->arch, space, 0, b->arena, diag) == CDS_OK &&
      cds_workload_read(&b->workload, argv[2], &reader) == CDS_OK;
  b->arch.any_factors = b->any;
  cds_diag_write(diag, stderr, CDS_DIAG_TEXT);
  return read;
}

static bool run(bench *b) {
  cds_search_result result;
  const cds_layer *last = NULL;
  b->reference_s = reference();
  for (size_t i = 0; i < b->workload.layers; ++i) {
    const cds_layer *layer = &b->workload.layer[i];
    if (layer->kind != CDS_LAYER_EINSUM) {
      continue;
    }
    if (!prove(b, layer, &result)) {
      return false;
    }
    last = layer;
  }
  if (last == NULL) {
    fprintf(stderr, "codesign_bench: no layer of multiply-accumulates\n");
    return false;
  }
  if (!evaluate(b, &last->einsum, &result.mapping)) {
    return false;
  }
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("%-28s %10ld KiB\n", "peak memory", usage.ru_maxrss);
  return true;
}

int main(int argc, char **argv) {
  if ((argc == 2 || argc == 3) && strcmp(argv[1], "bars") == 0) {
    return cds_bars_print(argc == 3 ? argv[2] : "") ? EXIT_SUCCESS
                                                    : EXIT_FAILURE;
  }
  if (argc == 2 && strcmp(argv[1], "sram") == 0) {
    return cds_memories_print() ? EXIT_SUCCESS : EXIT_FAILURE;
  }
  if (argc >= 4 && strcmp(argv[1], "chains") == 0) {
    return cds_chains_print(argv[2], argv[3], (const char *const *)argv + 4,
                            (unsigned)argc - 4)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
  }
  if (argc == 6 && strcmp(argv[1], "workers") == 0) {
    return cds_sharing_print(argv[2], argv[3], strcmp(argv[4], "all") == 0,
                             argv[5])
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
  }
  if (argc == 6 && strcmp(argv[1], "space") == 0) {
    return cds_spaces_print(argv[2], argv[3], atof(argv[4]),
                            atof(argv[5]) / 100)
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
  }
  if (argc != 3) {
    fprintf(stderr,
            "usage: codesign_bench ARCH WORKLOAD | bars [PART] | "
            "chains ARCH WORKLOAD [NAME=VALUE]... | space ARCH WORKLOAD "
            "SECONDS GAP | workers ARCH WORKLOAD top|all FOLDER | sram\n");
    return 2;
  }
  bench b = {.any = getenv("CODESIGN_BENCH_ANY") != NULL,
             .arena = cds_arena_new(),
             .searcher = cds_searcher_new()};
  const bool done =
      b.arena != NULL && b.searcher != NULL && read_inputs(&b, argv) && run(&b);
  cds_searcher_free(b.searcher);
  cds_arena_free(b.arena);
  return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
