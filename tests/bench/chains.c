/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CPU time of one thread for each chain: begin, and each price of time. */
#include "tests/bench/chains.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fuse/fuse.h"
#include "spec/chain.h"
#include "spec/space.h"

/* Times E/T, in the order in which they are asked. */
static const double prices[] = {1, 2, 0.5, 1.25, 0.8};
enum { PRICES = sizeof prices / sizeof *prices };

typedef struct chains {
  cds_arch arch;
  cds_workload workload;
  cds_arena *arena;
  cds_searcher *searcher;
  cds_fuser *fuser;
  cds_chain_group chain;
  cds_fuse_result result;
  double first_s, all_s; /* of all chains: one price, all prices */
  double limited_first_s, limited_s;
  double unfused_s; /* the same layers by themselves, all prices */
} chains;

static double cpu_s(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* The least of the goal of each layer of the chain by itself, summed up. */
static bool unfused(double *energy_pj, double *latency_s, chains *it,
                    cds_goal goal) {
  *energy_pj = *latency_s = 0;
  for (size_t i = 0; i < it->chain.layers; i++) {
    const cds_layer *layer = &it->workload.layer[it->chain.first + i];
    static cds_search_result result;
    cds_operation_counts counts;
    if (layer->kind == CDS_LAYER_EINSUM &&
        cds_compute_format(&it->arch, &layer->einsum) == UINT_MAX) {
      fprintf(stderr, "codesign_bench: no unit for '%s'\n", layer->name);
      return false;
    }
    const bool done =
        layer->kind == CDS_LAYER_OPERATION
            ? cds_price_operation(&result.cost, &counts, &it->arch,
                                  &layer->operation, (double)INFINITY) == CDS_OK
            : cds_search_begin(it->searcher, &it->arch, &layer->einsum,
                               (double)INFINITY) == CDS_OK &&
                  cds_search_solve(&result, it->searcher, goal, NULL) == CDS_OK;
    if (!done) {
      return false;
    }
    *energy_pj += result.cost.energy_pj;
    *latency_s += result.cost.latency_s;
  }
  return true;
}

static bool same_chain(const chains *it, size_t a, size_t b, size_t layers) {
  bool same = true;
  for (size_t i = 0; same && i < layers; i++) {
    same =
        cds_layer_same(&it->workload.layer[a + i], &it->workload.layer[b + i]);
  }
  return same;
}

static bool is_first(const chains *it) {
  for (size_t before = 0; before < it->chain.first; before++) {
    if (same_chain(it, before, it->chain.first, it->chain.layers)) {
      return false;
    }
  }
  return true;
}

/* One price; false when the search says that something is wrong. */
static bool solve(chains *it, double lambda, double limit) {
  cds_fuse_result *r = &it->result;
  const double start = cpu_s();
  cds_fuser_limit(it->fuser, limit);
  const cds_status status = cds_fuser_solve(r, it->fuser, lambda, NULL);
  const double gone = cpu_s() - start;
  printf("    %-9s lambda %-11.5g %9.3f ms  choices %7" PRIu64
         " opened %6" PRIu64 " nodes %8" PRIu64 "  ",
         isinf(limit) ? "" : "limited", lambda, 1e3 * gone, r->choices,
         r->opened, r->nodes);
  if (r->found) {
    printf("%s%.15g\n", r->proven ? "" : "not proven ", r->value);
  } else {
    printf("%s, bound/unfused %.5f\n", r->proven ? "none" : "not proven",
           r->bound / limit);
  }
  return status == CDS_OK || status == CDS_EINFEASIBLE;
}

static bool solve_all(chains *it, double lambda, bool limited) {
  double first_s = 0;
  double start = cpu_s();
  const cds_status status =
      cds_fuser_begin(it->fuser, &it->arch, &it->chain.group, (double)INFINITY);
  double all_s = cpu_s() - start;
  printf("    %-9s begin              %9.3f ms  %s\n", limited ? "limited" : "",
         1e3 * all_s, status == CDS_OK ? "" : "nothing fits");
  for (unsigned i = 0; status == CDS_OK && i < PRICES; i++) {
    const cds_goal goal = {.lambda_pj_per_s = prices[i] * lambda};
    double energy_pj = 0;
    double latency_s = 0;
    double limit = (double)INFINITY;
    start = cpu_s();
    if (limited && unfused(&energy_pj, &latency_s, it, goal)) {
      limit = energy_pj + goal.lambda_pj_per_s * latency_s;
    }
    it->unfused_s += cpu_s() - start;
    start = cpu_s();
    if (!solve(it, goal.lambda_pj_per_s, limit)) {
      return false;
    }
    all_s += cpu_s() - start;
    first_s = i == 0 ? all_s : first_s;
  }
  *(limited ? &it->limited_first_s : &it->first_s) += first_s;
  *(limited ? &it->limited_s : &it->all_s) += all_s;
  return status == CDS_OK || status == CDS_EINFEASIBLE;
}

static bool run(chains *it) {
  for (size_t i = 0; i < it->workload.layers; i++) {
    double energy_pj = 0;
    double latency_s = 0;
    if (cds_chain_find(&it->chain, &it->workload, i, CDS_CHAIN_WINDOWS) !=
            CDS_OK ||
        !is_first(it)) {
      continue;
    }
    if (!unfused(&energy_pj, &latency_s, it, (cds_goal){.time_power = 1})) {
      return false;
    }
    printf("%s\n", it->workload.layer[i].name);
    if (!solve_all(it, energy_pj / latency_s, false) ||
        !solve_all(it, energy_pj / latency_s, true)) {
      return false;
    }
  }
  printf("all chains, ms: one price %.1f, all %.1f; limited: one price %.1f, "
         "all %.1f; layers by themselves %.1f\n",
         1e3 * it->first_s, 1e3 * it->all_s, 1e3 * it->limited_first_s,
         1e3 * it->limited_s, 1e3 * it->unfused_s);
  return true;
}

bool cds_chains_print(const char *arch, const char *workload,
                      const char *const *set, unsigned sets) {
  chains *it = calloc(1, sizeof *it);
  bool done = it != NULL;
  if (done) {
    it->arena = cds_arena_new();
    it->searcher = cds_searcher_new();
    it->fuser = cds_fuser_new();
    done = it->arena != NULL && it->searcher != NULL && it->fuser != NULL;
  }
  if (done) {
    cds_diag *const diag = cds_diag_new(it->arena);
    const cds_reader reader = {.arena = it->arena, .diag = diag};
    cds_space *space = NULL;
    done = cds_space_read(&space, arch, set, sets, it->arena, diag) == CDS_OK &&
           cds_space_design(&it->arch, space, 0, it->arena, diag) == CDS_OK &&
           cds_workload_read(&it->workload, workload, &reader) == CDS_OK;
    cds_diag_write(diag, stderr, CDS_DIAG_TEXT);
    done = done && run(it);
  }
  if (it != NULL) {
    cds_fuser_free(it->fuser);
    cds_searcher_free(it->searcher);
    cds_arena_free(it->arena);
  }
  free(it);
  return done;
}
