/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bars on the time of proofs: CPU time of one thread, from the pair to the
 * proven optimum. Layers that take less than a fifth of a second are searched
 * again and again; their time is the mean. A timer of CPU time ends each entry:
 * what is not proven by then is said to be.
 */
#include "tests/bench/bars.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "network/network.h"

#define BENCH CDS_SOURCE_DIR "/tests/bench/"
#define ARCHS CDS_SOURCE_DIR "/archs/"
#define WORKLOADS CDS_SOURCE_DIR "/workloads/"
#define ZIGZAG CDS_SOURCE_DIR "/tests/golden/zigzag/"

enum { SETS = 4, CONVOLUTION_RANKS = 7, POOLED = 128 };
/* A layer is searched again until so much time has gone: clocks of CPU time
 * may tick in milliseconds. */
static const double least_s = 0.2;

typedef struct bar {
  const char *what, *arch, *workload;
  const char *set[SETS]; /* as of --set */
  bool any;              /* parts need not be equal */
  bool network;          /* all layers at once, for the EDP of their sums */
  unsigned ranks;        /* only layers of at least so many */
  const char *pool; /* the last of entries in a row whose layers are one bar */
  /* 0: no bar. Of a layer; of the whole network. */
  double median_ms, worst_ms;
  double value_pj_cycles; /* at 1 GHz */
  unsigned limit_s;       /* of the entry */
} bar;

static const bar bars[] = {
    {.what = "products, proof-tpu",
     .arch = BENCH "proof-tpu.yaml",
     .workload = BENCH "products.yaml",
     .median_ms = 1,
     .worst_ms = 5,
     .limit_s = 5},
    {.what = "products, proof-eyeriss",
     .arch = BENCH "proof-eyeriss.yaml",
     .workload = BENCH "products.yaml",
     .median_ms = 1,
     .worst_ms = 5,
     .limit_s = 5},
    {.what = "products, proof-edge",
     .arch = BENCH "proof-edge.yaml",
     .workload = BENCH "products.yaml",
     .pool = "products, these three",
     .median_ms = 1,
     .worst_ms = 5,
     .limit_s = 5},
    {.what = "products, proof-tpu, any",
     .arch = BENCH "proof-tpu.yaml",
     .workload = BENCH "products.yaml",
     .any = true,
     .median_ms = 60,
     .worst_ms = 1000,
     .limit_s = 30},
    {.what = "products, proof-eyeriss, any",
     .arch = BENCH "proof-eyeriss.yaml",
     .workload = BENCH "products.yaml",
     .any = true,
     .median_ms = 60,
     .worst_ms = 1000,
     .limit_s = 30},
    {.what = "products, proof-edge, any",
     .arch = BENCH "proof-edge.yaml",
     .workload = BENCH "products.yaml",
     .any = true,
     .pool = "products, these three, any",
     .median_ms = 60,
     .worst_ms = 1000,
     .limit_s = 30},
    {.what = "ResNet-50 convolutions, eyeriss",
     .arch = ARCHS "eyeriss.yaml",
     .workload = WORKLOADS "resnet50.yaml",
     .ranks = CONVOLUTION_RANKS,
     .worst_ms = 50,
     .limit_s = 60},
    {.what = "llm, a design of npu-3d",
     .arch = ARCHS "npu-3d.yaml",
     .workload = WORKLOADS "llm.yaml",
     .set = {"rows=32", "cols=32", "glb=4MiB", "vdd=0.7V"},
     .network = true,
     .worst_ms = 100,
     .limit_s = 20},
    {.what = "five levels, two arrays",
     .arch = BENCH "five-levels.yaml",
     .workload = BENCH "five-levels-product.yaml",
     .worst_ms = 200,
     .limit_s = 30},
    {.what = "five levels, native overlap",
     .arch = BENCH "deep-npu.yaml",
     .workload = BENCH "deep-products.yaml",
     .worst_ms = 200,
     .limit_s = 30},
    {.what = "buffers side by side, two arrays",
     .arch = BENCH "deep-beside.yaml",
     .workload = BENCH "deep-products.yaml",
     .worst_ms = 200,
     .limit_s = 30},
    {.what = "ResNet-18, ZigZag's TPU-like",
     .arch = ZIGZAG "tpu-like.yaml",
     .workload = ZIGZAG "resnet18.yaml",
     .network = true,
     .worst_ms = 1000,
     .value_pj_cycles = 6.9091e15,
     .limit_s = 30},
};

static volatile int hurry; /* set by the timer */

static void ring(int number) {
  (void)number;
  hurry = 1;
}

static void start_timer(unsigned limit_s) {
  const struct itimerval limit = {.it_value = {.tv_sec = limit_s}};
  hurry = 0;
  signal(SIGPROF, ring);
  setitimer(ITIMER_PROF, &limit, NULL);
}

static double cpu_s(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* What was measured of an entry: seconds of each layer, or of the network. */
typedef struct outcome {
  size_t times;
  double *time_s;
  size_t unproven;
  const char *slowest; /* layer */
  double value_pj_s;   /* of the network */
} outcome;

typedef struct pair {
  const bar *bar;
  cds_arch arch;
  cds_workload workload;
  cds_arena *arena;
  cds_control control;
} pair;

static int rising(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *times, size_t count) {
  qsort(times, count, sizeof(times[0]), rising);
  return times[count / 2];
}

static bool read_pair(pair *p) {
  cds_diag *const diag = cds_diag_new(p->arena);
  const cds_reader reader = {.arena = p->arena, .diag = diag};
  cds_space *space = NULL;
  size_t sets = 0;
  while (sets < SETS && p->bar->set[sets] != NULL) {
    ++sets;
  }
  const bool read =
      cds_space_read(&space, p->bar->arch, p->bar->set, sets, p->arena, diag) ==
          CDS_OK &&
      cds_space_design(&p->arch, space, 0, p->arena, diag) == CDS_OK &&
      cds_workload_read(&p->workload, p->bar->workload, &reader) == CDS_OK;
  p->arch.any_factors = p->bar->any;
  cds_diag_write(diag, stderr, CDS_DIAG_TEXT);
  return read;
}

static bool search_once(cds_search_result *out, cds_searcher *searcher,
                        const pair *p, const cds_layer *layer) {
  const cds_goal goal = {.time_power = 1};
  const bool done =
      cds_search_begin(searcher, &p->arch, &layer->einsum, (double)INFINITY) ==
          CDS_OK &&
      cds_search_solve(out, searcher, goal, &p->control) == CDS_OK;
  if (!done) {
    fprintf(stderr, "codesign_bench: no mapping of '%s'\n", layer->name);
  }
  return done;
}

/* A layer that an earlier one equals is not looked at again. */
static bool is_first(const pair *p, size_t layer) {
  for (size_t before = 0; before < layer; ++before) {
    if (cds_layer_same(&p->workload.layer[before], &p->workload.layer[layer])) {
      return false;
    }
  }
  return true;
}

static bool search_layer(outcome *out, cds_searcher *searcher, const pair *p,
                         const cds_layer *layer) {
  cds_search_result result;
  unsigned searches = 0;
  double gone_s;
  const double start = cpu_s();
  do {
    if (!search_once(&result, searcher, p, layer)) {
      return false;
    }
    ++searches;
    gone_s = cpu_s() - start;
  } while (gone_s < least_s && !hurry);
  const double time_s = gone_s / searches;
  bool slowest = true;
  for (size_t i = 0; i < out->times; ++i) {
    slowest = slowest && out->time_s[i] <= time_s;
  }
  out->slowest = slowest ? layer->name : out->slowest;
  out->time_s[out->times++] = time_s;
  out->unproven += result.proven ? 0 : 1;
  return true;
}

static bool search_layers(outcome *out, const pair *p) {
  cds_searcher *const searcher = cds_searcher_new();
  bool done = searcher != NULL;
  for (size_t i = 0; done && i < p->workload.layers; ++i) {
    const cds_layer *const layer = &p->workload.layer[i];
    if (layer->kind == CDS_LAYER_EINSUM && is_first(p, i) &&
        layer->einsum.ranks >= p->bar->ranks) {
      done = search_layer(out, searcher, p, layer);
    }
  }
  cds_searcher_free(searcher);
  return done;
}

static bool solve_with(outcome *out, const pair *p, cds_diag *diag,
                       cds_network_options *options) {
  cds_network_result result;
  const double start = cpu_s();
  options->searchers = cds_searchers_new();
  if (options->searchers == NULL ||
      cds_network_solve(&result, &p->arch, &p->workload, p->arena, options,
                        diag) != CDS_OK) {
    return false;
  }
  out->time_s[out->times++] = cpu_s() - start;
  out->unproven = result.proven ? 0 : 1;
  out->slowest = "the network";
  out->value_pj_s = result.value;
  return true;
}

static bool solve_network(outcome *out, const pair *p) {
  cds_diag *const diag = cds_diag_new(p->arena);
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  options.control = &p->control;
  options.threads = 1;
  const bool done = solve_with(out, p, diag, &options);
  cds_searchers_free(options.searchers);
  cds_diag_write(diag, stderr, CDS_DIAG_TEXT);
  return done;
}

static void print_line(const char *what, const char *part, double measured,
                       double most, const char *unit, bool proven) {
  char name[64];
  snprintf(name, sizeof name, "%s, %s", what, part);
  printf("%-46s %11.5g %-9s %9.5g  %s\n", name, measured, unit, most,
         !proven            ? "not met: no proof"
         : measured <= most ? "met"
                            : "not met");
}

static void print_outcome(const bar *b, outcome *out) {
  const bool proven = out->unproven == 0;
  const double middle_ms = 1e3 * median(out->time_s, out->times); /* sorts */
  const double worst_ms = 1e3 * out->time_s[out->times - 1];
  if (b->median_ms > 0) {
    print_line(b->what, "median", middle_ms, b->median_ms, "ms", true);
  }
  print_line(b->what, b->network ? "time" : "worst", worst_ms, b->worst_ms,
             "ms", proven);
  if (b->value_pj_cycles > 0) {
    print_line(b->what, "EDP", 1e9 * out->value_pj_s, b->value_pj_cycles,
               "pJ cycles", true);
  }
  if (!b->network && worst_ms > b->worst_ms) {
    size_t over = 0;
    while (over < out->times &&
           1e3 * out->time_s[out->times - 1 - over] > b->worst_ms) {
      ++over;
    }
    printf("    %zu of %zu layers take longer, the slowest is %s", over,
           out->times, out->slowest);
    if (!proven) {
      printf("; %zu not proven in %u s", out->unproven, b->limit_s);
    }
    putchar('\n');
  }
  fflush(stdout);
}

/* Times of the layers of entries with a bar on the median. */
typedef struct pool {
  size_t times;
  double time_s[POOLED];
} pool;

static void add_to_pool(pool *out, const bar *b, const outcome *from) {
  for (size_t i = 0; i < from->times && out->times < POOLED; ++i) {
    out->time_s[out->times++] = from->time_s[i];
  }
  if (b->pool != NULL) {
    print_line(b->pool, "median", 1e3 * median(out->time_s, out->times),
               b->median_ms, "ms", true);
    print_line(b->pool, "worst", 1e3 * out->time_s[out->times - 1], b->worst_ms,
               "ms", true);
    out->times = 0;
  }
}

static bool run_bar(const bar *b, pool *pooled) {
  pair p = {.bar = b, .arena = cds_arena_new(), .control = {.hurry = &hurry}};
  outcome out = {0};
  bool done = p.arena != NULL && read_pair(&p);
  if (done) {
    out.time_s = calloc(p.workload.layers + 1, sizeof *out.time_s);
    start_timer(b->limit_s);
    done = out.time_s != NULL &&
           (b->network ? solve_network(&out, &p) : search_layers(&out, &p)) &&
           out.times > 0;
  }
  if (done) {
    print_outcome(b, &out);
    if (b->median_ms > 0) {
      add_to_pool(pooled, b, &out);
    }
  }
  free(out.time_s);
  cds_arena_free(p.arena);
  return done;
}

bool cds_bars_print(const char *part) {
  bool done = true;
  pool pooled = {0};
  printf("%-46s %11s %-9s %9s\n", "what (CPU time, one thread)", "measured", "",
         "bar");
  for (size_t i = 0; i < sizeof bars / sizeof *bars; ++i) {
    if (strstr(bars[i].what, part) != NULL) {
      done = run_bar(&bars[i], &pooled) && done;
    }
  }
  return done;
}
