/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What holds whatever stays on chip, on random tiny designs and workloads of
 * products, chains and attention: it is never worse than nothing that stays,
 * within limits and when time is up after some questions, too; what more may
 * stay is no worse; bounds are below; and rows of the result add up, by words
 * and prices that are written down here.
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "export/breakdown.h"
#include "network/resident.h"
#include "support/close.h"
#include "support/tiny_network.h"

enum { GLB = 1, MODES = 8, TEXT = 4096 };

static uint64_t draw(uint64_t *state, uint64_t low, uint64_t high) {
  *state =
      *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return low + (*state >> 33) % (high - low + 1);
}

static bool quick(void) { return getenv("CODESIGN_TEST_QUICK") != NULL; }

/* ---- cases -------------------------------------------------------------- */

typedef struct question {
  fixture f;
  cds_space *space;
  cds_workload workload;
  cds_arch arch;
  cds_objective objective;
  uint64_t runs, random;
} question;

static void write_arch(char *text, question *q) {
  uint64_t *random = &q->random;
  snprintf(text, TEXT,
           "architecture: small\nclock: 1 GHz\nleakage: %" PRIu64
           " mW\nlevels:\n"
           "  - {level: DRAM, size: 1 MiB, width: 8 bit,\n"
           "     bandwidth: %" PRIu64 " B/cycle,\n"
           "     energy: {read: %" PRIu64 " pJ, update: 60 pJ}}\n"
           "  - {level: GLB, size: %" PRIu64 " B, bandwidth: %" PRIu64
           " B/cycle, width: 8 bit,\n     buffering: %s,\n"
           "     energy: {read: 5 pJ, fill: 6 pJ, update: 6 pJ, drain: 5 "
           "pJ}}\n%s  - {compute: MAC, energy: 1 pJ}\n"
           "  - {compute: VPU, class: vector, at: GLB, lanes: 2, formats: "
           "[fp32],\n     energy: 1 pJ}\n",
           draw(random, 0, 20), draw(random, 1, 4), draw(random, 20, 90),
           draw(random, 12, 160), draw(random, 1, 16),
           draw(random, 0, 1) > 0 ? "double" : "single",
           draw(random, 0, 1) == 0 ? "" : "  - {array: PE, cols: 2}\n");
}

static void add_text(char *text, const char *more) {
  const size_t length = strlen(text);
  snprintf(text + length, TEXT - length, "%s", more);
}

static void write_layer(char *text, uint64_t *random, unsigned number) {
  static const unsigned sizes[] = {1, 2, 4, 4};
  const unsigned m = sizes[draw(random, 0, 3)];
  const unsigned n = sizes[draw(random, 0, 3)];
  const unsigned k = sizes[draw(random, 0, 3)];
  const unsigned p = sizes[draw(random, 0, 3)];
  const unsigned count = (unsigned)draw(random, 1, 4);
  const unsigned steps = (unsigned)draw(random, 1, 2);
  char more[TEXT / 4];
  switch (draw(random, 0, 3)) {
  case 0:
    snprintf(more, sizeof more,
             "  - {name: a%u, attention: {heads: %u, query: %u, context: %u,\n"
             "     head_dim: %u}, count: %u}\n",
             number, k > 2 ? 2 : k, m > 2 ? 2 : m, n, p > 2 ? 2 : p, count);
    break;
  case 1:
    snprintf(more, sizeof more,
             "  - {name: t%u, einsum: \"T[m,n] += X[m,k] * W[k,n]\",\n"
             "     intermediate: [T], ranks: {m: %u, n: %u, k: %u},\n"
             "     count: %u, steps: %u}\n"
             "  - {name: y%u, einsum: \"Y[m,p] += T[m,n] * V[n,p]\",\n"
             "     intermediate: [T], ranks: {m: %u, n: %u, p: %u},\n"
             "     count: %u, steps: %u}\n",
             number, m, n, k, count, steps, number, m, n, p, count, steps);
    break;
  default:
    snprintf(more, sizeof more,
             "  - {name: l%u, einsum: \"Y[m,n] += X[m,k] * W[k,n]\",\n"
             "     ranks: {m: %u, n: %u, k: %u}, count: %u, steps: %u}\n",
             number, m, n, k, count, steps);
    break;
  }
  add_text(text, more);
}

/* Some attention layers get caches of their own. */
static void add_caches(question *q) {
  unsigned caches = 0;
  for (size_t i = 0; i + 2 < q->workload.layers; i++) {
    cds_layer *layer = &q->workload.layer[i];
    if (layer->name[0] != 'a' || draw(&q->random, 0, 2) == 0) {
      i += layer->name[0] == 'a' ? 2 : 0;
      continue;
    }
    for (unsigned part = 0; part < 3; part++, i++) {
      layer = &q->workload.layer[i];
      layer->steps = layer->count % 2 == 0 ? layer->count / 2 : layer->count;
      if (part == 1) {
        continue;
      }
      assert_int_equal(cds_tensor_words(&layer->cache_words, &layer->einsum, 1),
                       CDS_OK);
      layer->cache = ++caches;
      layer->cache_longest = layer->cache_words;
      layer->cache_words += draw(&q->random, 0, 5);
    }
    i--;
  }
}

static void make_question(question *q, uint64_t seed) {
  char arch[TEXT];
  char workload[TEXT];
  memset(q, 0, sizeof *q);
  q->random = seed;
  fixture_open(&q->f);
  q->objective = (cds_objective)draw(&q->random, 0, 3);
  q->runs = draw(&q->random, 0, 2) == 0 ? 1000 : draw(&q->random, 1, 5);
  write_arch(arch, q);
  snprintf(workload, sizeof workload,
           "workload: tiny\nprecision: {weights: 8 bit, activations: 8 bit, "
           "accumulator: fp32}\nlayers:\n");
  const unsigned layers = (unsigned)draw(&q->random, 1, 3);
  for (unsigned i = 0; i < layers; i++) {
    write_layer(workload, &q->random, i);
  }
  tiny_read(&q->f, &q->space, &q->workload, arch, workload);
  add_caches(q);
  assert_fine(&q->f,
              cds_space_design(&q->arch, q->space, 0, q->f.arena, q->f.diag));
}

static cds_network_options options_of(const question *q, unsigned mode) {
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  options.objective = q->objective;
  options.fuse = CDS_FUSE_ALL;
  options.details = true;
  options.threads = 1;
  options.residency = (cds_residency){(cds_residency_mode)mode, q->runs};
  return options;
}

static cds_status solve(cds_network_result *out, question *q,
                        cds_network_options *options) {
  options->searchers = cds_searchers_new();
  const cds_status status = cds_network_solve(out, &q->arch, &q->workload,
                                              q->f.arena, options, q->f.diag);
  cds_searchers_free(options->searchers);
  return status;
}

/* ---- rows --------------------------------------------------------------- */

/* Of a product's weights: each index of them is a rank. */
static double bits_of_weight(const cds_layer *layer) {
  double words = 1;
  for (unsigned t = 0; t < layer->einsum.tensors; t++) {
    const cds_tensor *tensor = &layer->einsum.tensor[t];
    for (unsigned a = 0; a < tensor->axes; a++) {
      const unsigned rank = tensor->axis[a].term[0].rank;
      words *= tensor->content == CDS_PARAMETERS
                   ? (double)layer->einsum.rank[rank].size
                   : 1;
    }
  }
  return 8 * words;
}

/* Bringing a weight, or a cache, which no other run shares, by hand: its words
 * are read and filled at one price each, as long as the slower of both ports
 * takes, with leakage. */
static void check_load(const question *q, const cds_layer_result *entry) {
  const cds_level *out = &q->arch.level[0];
  const cds_level *in = &q->arch.level[GLB];
  const bool cache = entry->layer->cache != 0;
  const double runs = cache ? 1 : (double)q->runs;
  const double bits = cache ? 8 * (double)entry->layer->cache_words
                            : bits_of_weight(entry->layer);
  const double energy_pj =
      bits / 8 *
      (out->price[CDS_READ].access_pj + 8 * out->price[CDS_READ].bit_pj +
       in->price[CDS_FILL].access_pj + 8 * in->price[CDS_FILL].bit_pj);
  const double cycles =
      fmax(bits / fmin(out->read_bandwidth, out->shared_bandwidth),
           bits / fmin(in->write_bandwidth, in->shared_bandwidth));
  const double time_s = cycles / q->arch.clock_hz;
  const double leakage_pj = cds_arch_leakage_w(&q->arch) * 1e12 * time_s;
  assert_close(entry->cost.energy_pj * runs, energy_pj + leakage_pj, 1e-12);
  assert_close(entry->cost.latency_s * runs, time_s, 1e-12);
  assert_close(entry->cost.outer_bits * runs, bits, 1e-12);
  assert_int_equal(entry->shared_by, cache ? 1 : q->runs);
  assert_true((double)(8 * entry->operation.reads[0]) == bits);
  assert_true((double)(8 * entry->operation.fills[GLB]) == bits);
  assert_true(isnan(cds_layer_result_edp(entry)));
}

typedef struct sums {
  double energy_pj, latency_s, outer_bits;
  double load_energy_pj, load_latency_s; /* of weights and caches */
  uint64_t kept, loaded; /* tensors that layers have at home; brought */
} sums;

/* A row: no word of what is at home crosses the outermost level; fusion could
 * remove no more than what does. */
static void check_row(const question *q, const cds_layer_result *entry,
                      sums *all) {
  const cds_layer_resident *resident = entry->resident;
  const cds_removable removable = cds_removable_by_fusion(&q->arch, entry);
  assert_true(removable.bits <= entry->cost.outer_bits * (1 + 1e-12));
  assert_true(removable.energy_pj <= entry->cost.energy_pj * (1 + 1e-12));
  all->energy_pj += entry->times * entry->cost.energy_pj;
  all->latency_s += entry->times * entry->cost.latency_s;
  all->outer_bits += entry->times * entry->cost.outer_bits;
  if (entry->shared_by > 0) {
    const double runs = (double)entry->shared_by;
    check_load(q, entry);
    all->load_energy_pj += entry->times * runs * entry->cost.energy_pj;
    all->load_latency_s += entry->times * runs * entry->cost.latency_s;
    all->loaded += entry->layer->count;
    return;
  }
  if (entry->fused != NULL || resident == NULL || resident->pass == NULL) {
    return;
  }
  for (unsigned t = 0; t < entry->layer->einsum.tensors; t++) {
    if (resident->pass->stage.home[t].level != GLB) {
      continue;
    }
    for (unsigned action = 0; action < CDS_ACTIONS; action++) {
      assert_int_equal(entry->counts->at[0][t].words[action], 0);
    }
    const cds_content content = entry->layer->einsum.tensor[t].content;
    if (content == CDS_PARAMETERS || content == CDS_KV_CACHE) {
      all->kept += entry->layer->count / entry->layer->steps;
    }
  }
}

static void check_rows(const question *q, const cds_network_result *result) {
  sums all = {0};
  for (size_t i = 0; i < result->layers; i++) {
    check_row(q, &result->layer[i], &all);
  }
  assert_close(all.energy_pj, result->energy_pj, 1e-12);
  assert_close(all.latency_s, result->latency_s, 1e-12);
  assert_close(result->phase[0].energy_pj, result->energy_pj, 1e-12);
  assert_close(result->phase[0].latency_s, result->latency_s, 1e-12);
  const cds_residency_result *stays = &result->residency;
  assert_close(all.load_energy_pj,
               stays->load.energy_pj + stays->cache_load.energy_pj, 1e-12);
  assert_close(all.load_latency_s,
               stays->load.latency_s + stays->cache_load.latency_s, 1e-12);
  assert_int_equal(all.loaded, stays->kept + stays->caches_kept);
  assert_int_equal(all.kept, stays->kept + stays->caches_kept);
  assert_true(result->bound <= result->value);
}

/* ---- never worse -------------------------------------------------------- */

typedef struct tally {
  size_t solved, kept, caches, handed, fused, limited, cut, better;
} tally;

static bool meets(const cds_network_result *result,
                  const cds_network_options *options) {
  return result->energy_pj <= options->energy_limit_pj &&
         result->latency_s <= options->latency_limit_s &&
         result->energy_pj * result->latency_s <= options->edp_limit_pj_s;
}

/* No worse than without, and than what has less to choose from: the modes are
 * sets of what may stay. Without limits all are proven. */
static void compare_modes(question *q, tally *sum, cds_network_result *result) {
  for (unsigned mode = 0; mode < MODES; mode++) {
    cds_network_options options = options_of(q, mode);
    assert_fine(&q->f, solve(&result[mode], q, &options));
    assert_true(result[mode].proven);
    check_rows(q, &result[mode]);
    for (unsigned less = 0; less < mode; less++) {
      assert_true((less & mode) != less ||
                  result[mode].value <= result[less].value * (1 + 1e-12));
    }
  }
  const cds_residency_result *all = &result[MODES - 1].residency;
  sum->solved++;
  sum->kept += all->kept > 0;
  sum->caches += all->caches_kept > 0;
  sum->handed += all->handed > 0;
  sum->fused += result[MODES - 1].fused > 0;
  sum->better += result[MODES - 1].value < result[0].value * (1 - 1e-9);
  assert_true(result[MODES - 1].value >= result[0].value * (1 - 1e-12) ||
              all->kept > 0 || all->caches_kept > 0 || all->handed > 0);
  assert_true((all->kept == 0 && all->caches_kept == 0 && all->handed == 0) ||
              result[MODES - 1].value < result[0].value);
}

static void put_limit(cds_network_options *options, question *q,
                      const cds_network_result *none) {
  const double times = 0.9 + 0.02 * (double)draw(&q->random, 0, 10);
  options->objective = (cds_objective)draw(&q->random, 0, 3);
  switch (draw(&q->random, 0, 2)) {
  case 0:
    options->latency_limit_s = times * none->latency_s;
    break;
  case 1:
    options->energy_limit_pj = times * none->energy_pj;
    break;
  default:
    options->edp_limit_pj_s = times * none->energy_pj * none->latency_s;
    break;
  }
}

/* Within a limit near to what the best of another objective takes. */
static void compare_limited(question *q, tally *sum,
                            const cds_network_result *free) {
  cds_network_options limited = options_of(q, 0);
  put_limit(&limited, q, &free[0]);
  cds_network_result none;
  const cds_status status = solve(&none, q, &limited);
  assert_true(status == CDS_OK || status == CDS_ELIMIT);
  sum->limited += status == CDS_OK;
  sum->cut += status == CDS_ELIMIT;
  for (unsigned mode = 1; mode < MODES; mode++) {
    cds_network_options options = limited;
    cds_network_result result;
    options.residency = (cds_residency){(cds_residency_mode)mode, q->runs};
    const cds_status found = solve(&result, q, &options);
    if (status == CDS_ELIMIT && found == CDS_ELIMIT) {
      continue;
    }
    assert_fine(&q->f, found);
    assert_true(meets(&result, &options));
    check_rows(q, &result);
    if (status == CDS_OK) {
      assert_true(meets(&none, &options));
      assert_true(result.value <= none.value * (1 + 1e-12));
      assert_true(result.bound <= none.value);
    }
  }
}

/* Time is up at once: no worse than without, likewise; bounds hold. What was
 * solved before is known when the design is solved again. */
static void compare_hurried(question *q, const cds_network_result *free) {
  static const int now = 1;
  const cds_control control = {.hurry = &now};
  cds_network_options options = options_of(q, 0);
  options.control = &control;
  cds_network_result none;
  assert_fine(&q->f, solve(&none, q, &options));
  for (unsigned mode = 1; mode < MODES; mode++) {
    cds_network_result result;
    options = options_of(q, mode);
    options.control = &control;
    assert_fine(&q->f, solve(&result, q, &options));
    assert_true(result.value <= none.value * (1 + 1e-12));
    assert_true(result.bound <= free[mode].value * (1 + 1e-12));
    check_rows(q, &result);
    options = options_of(q, mode);
    options.details = false;
    options.searchers = cds_searchers_new();
    assert_fine(&q->f, cds_network_solve(&result, &q->arch, &q->workload,
                                         q->f.arena, &options, q->f.diag));
    options.again = options.details = true;
    options.control = &control;
    assert_fine(&q->f, cds_network_solve(&result, &q->arch, &q->workload,
                                         q->f.arena, &options, q->f.diag));
    cds_searchers_free(options.searchers);
    assert_true(result.value == free[mode].value);
    assert_true(result.proven);
    check_rows(q, &result);
  }
}

static void what_stays_is_never_worse(void **state) {
  (void)state;
  static question q;
  tally sum = {0};
  const uint64_t cases = quick() ? 25 : 250;
  for (uint64_t seed = 1; seed <= cases; seed++) {
    cds_network_result result[MODES];
    make_question(&q, seed);
    compare_modes(&q, &sum, result);
    compare_limited(&q, &sum, result);
    compare_hurried(&q, result);
    fixture_close(&q.f);
  }
  print_message(
      "%zu solved: %zu better than without, %zu keep weights, %zu caches, "
      "%zu hand results on, %zu run fused; %zu within limits, %zu beyond\n",
      sum.solved, sum.better, sum.kept, sum.caches, sum.handed, sum.fused,
      sum.limited, sum.cut);
  assert_true(sum.better > cases / 4 && sum.handed > 0 && sum.fused > 0);
  assert_true(sum.caches > 0 || quick());
  assert_true(sum.limited > cases / 4 && sum.cut > 0);
}

/* ---- time is up after some questions ------------------------------------ */

enum { PRICES = 6 };

/* The network at some prices of time, one after the other; from one on, time is
 * up. Answers are no worse than the network without, and bounds hold. */
static void ask_prices(question *q, cds_hull_answer *answer, unsigned last,
                       cds_point without) {
  volatile int hurry = 0;
  const cds_control control = {.hurry = &hurry};
  cds_network_options options = options_of(q, CDS_RESIDENCY_ALL);
  cds_network_plan plan;
  cds_resident *resident = NULL;
  options.control = &control;
  options.searchers = cds_searchers_new();
  assert_fine(&q->f, cds_network_plan_make(&plan, &q->workload, CDS_FUSE_ALL,
                                           false, q->f.arena));
  plan.residency = options.residency;
  cds_asker asker = {.arch = &q->arch,
                     .plan = &plan,
                     .options = &options,
                     .arena = q->f.arena,
                     .diag = q->f.diag};
  assert_fine(&q->f, cds_asker_begin(&asker));
  assert_fine(&q->f, cds_resident_begin(&resident, &asker, q->f.arena));
  cds_resident_set_without(resident, without);
  for (unsigned i = 0; i < PRICES; i++) {
    cds_hull_ask ask = {.lambda = 1e9 * (double)(i * i * i)};
    hurry = i >= last;
    assert_fine(&q->f, cds_resident_solve(&ask, 1, resident));
    answer[i] = ask.answer;
    const double value =
        ask.answer.energy_pj + ask.lambda * ask.answer.latency_s;
    assert_true(value <= (without.energy_pj + ask.lambda * without.latency_s) *
                             (1 + 1e-12));
    assert_true(ask.answer.proven || ask.answer.bound <= value);
  }
  cds_resident_end(resident);
  cds_searchers_free(options.searchers);
}

static void what_is_known_is_answered_when_time_is_up(void **state) {
  (void)state;
  static question q;
  size_t open = 0;
  const uint64_t cases = quick() ? 15 : 150;
  for (uint64_t seed = 1; seed <= cases; seed++) {
    cds_hull_answer all[PRICES];
    cds_hull_answer answer[PRICES];
    cds_network_result none;
    make_question(&q, seed);
    cds_network_options options = options_of(&q, CDS_RESIDENCY_NONE);
    assert_fine(&q.f, solve(&none, &q, &options));
    const cds_point without = {none.energy_pj, none.latency_s};
    cds_network_plan plan;
    assert_fine(&q.f, cds_network_plan_make(&plan, &q.workload, CDS_FUSE_ALL,
                                            false, q.f.arena));
    plan.residency = (cds_residency){CDS_RESIDENCY_ALL, q.runs};
    if (cds_resident_possible(&q.arch, &plan)) {
      ask_prices(&q, all, PRICES, without);
      const unsigned last = (unsigned)draw(&q.random, 0, PRICES - 1);
      ask_prices(&q, answer, last, without);
      for (unsigned i = 0; i < PRICES; i++) {
        const double lambda = 1e9 * (double)(i * i * i);
        const double least = all[i].energy_pj + lambda * all[i].latency_s;
        const double value = answer[i].energy_pj + lambda * answer[i].latency_s;
        assert_true(all[i].proven);
        assert_true(i >= last || value == least);
        assert_true(value >= least * (1 - 1e-12));
        assert_true(answer[i].proven ? close_enough(value, least, 1e-11)
                                     : answer[i].bound <= least * (1 + 1e-12));
        open += !answer[i].proven;
      }
    }
    fixture_close(&q.f);
  }
  print_message("%zu answers are not proven\n", open);
  assert_true(open > cases / 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_known_is_answered_when_time_is_up),
      cmocka_unit_test(what_stays_is_never_worse),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
