/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Small models whose chains have norms and results that are kept: what the
 * network chooses against all ways to run each chain, each layer alone or in
 * one part. The best E T^n is least in E + lambda T, too, for lambda = n E / T:
 * if E' + lambda T' were less, E' T'^n would be, as means go. So at its own
 * price of time each unit does what takes least, whatever the others do.
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

#include "network/plan.h"
#include "network/searchers.h"
#include "support/messages.h"
#include "support/tiny_network.h"

static const char ARCH[] =
    "architecture: small\nclock: 1 GHz\nlevels:\n"
    "  - {level: DRAM, size: 1 MiB, bandwidth: 4 B/cycle,\n"
    "     energy: {read: 60 pJ, fill: 60 pJ, update: 60 pJ, drain: 60 pJ}}\n"
    "  - {level: GLB, size: $glb, bandwidth: 16 B/cycle, buffering: $buffers,\n"
    "     energy: {read: 5 pJ, fill: 6 pJ, update: 6 pJ, drain: 5 pJ}}\n"
    "  - {array: PE, rows: 2, cols: 2}\n"
    "  - {level: RF, size: 8 B, bandwidth: 8 B/cycle,\n"
    "     energy: {read: 1 pJ, fill: 1 pJ, update: 1 pJ, drain: 1 pJ}}\n"
    "  - {compute: MAC, energy: 1 pJ}\n"
    "  - {compute: VPU, class: vector, at: GLB, lanes: 4, formats: [fp32],\n"
    "     energy: 1 pJ}\n"
    "explore:\n  variables: {glb: [24 B, 128 B, 1 KiB],\n"
    "    buffers: [single, double]}\n";
enum { DESIGNS = 6 };

#define MODEL(KEYS, PHASE)                                                     \
  "workload: w\nprecision: 8 bit\nmodel: {" KEYS ", hidden_size: 8, "          \
  "num_hidden_layers: 2, num_attention_heads: 2, vocab_size: 8}\n"             \
  "phases: [{" PHASE "}]\n"
static const char *const MODELS[] = {
    MODEL("model_type: llama, num_key_value_heads: 1, intermediate_size: 12",
          "prefill: {batch: 1, tokens: 4}"),
    MODEL("model_type: llama, num_key_value_heads: 1, intermediate_size: 12",
          "decode: {batch: 4, context: 4, tokens: 1}"),
    MODEL("model_type: bert, intermediate_size: 12, "
          "max_position_embeddings: 8",
          "encode: {batch: 2, tokens: 3}"),
    MODEL("model_type: gemma2, num_key_value_heads: 1, head_dim: 4, "
          "intermediate_size: 12, sliding_window: 64",
          "prefill: {batch: 1, tokens: 4}"),
    MODEL("model_type: mixtral, num_key_value_heads: 1, intermediate_size: 12, "
          "num_local_experts: 2, num_experts_per_tok: 1",
          "prefill: {batch: 1, tokens: 4}")};
enum { MODELS_ALL = sizeof MODELS / sizeof *MODELS };

typedef struct desk {
  fixture f;
  cds_space *space;
  cds_workload workload;
  cds_arch arch;
  cds_searchers *searchers;
  cds_searcher *searcher;
  cds_fuser *fuser;
  cds_network_options options;
  cds_network_result result;
  cds_network_plan plan;
} desk;

/* E + lambda T of one layer. */
static double layer_value(desk *d, size_t index, double lambda) {
  const cds_layer *layer = &d->workload.layer[index];
  static cds_search_result result;
  cds_cost cost;
  cds_operation_counts counts;
  if (layer->kind == CDS_LAYER_OPERATION) {
    assert_int_equal(cds_price_operation(&cost, &counts, &d->arch,
                                         &layer->operation, (double)INFINITY),
                     CDS_OK);
    return cost.energy_pj + lambda * cost.latency_s;
  }
  const cds_goal goal = {.lambda_pj_per_s = lambda};
  assert_int_equal(
      cds_search_begin(d->searcher, &d->arch, &layer->einsum, (double)INFINITY),
      CDS_OK);
  assert_int_equal(cds_search_solve(&result, d->searcher, goal, NULL), CDS_OK);
  return result.cost.energy_pj + lambda * result.cost.latency_s;
}

static double part_value(desk *d, const cds_chain_group *chain, double lambda) {
  static cds_fuse_result fused;
  return cds_fuser_begin(d->fuser, &d->arch, &chain->group, (double)INFINITY) ==
                     CDS_OK &&
                 cds_fuser_solve(&fused, d->fuser, lambda, NULL) == CDS_OK
             ? fused.energy_pj + lambda * fused.latency_s
             : (double)INFINITY;
}

/* The least over all ways to run layers `from` on. Depth of recursion: layers.
 */
// NOLINTNEXTLINE(misc-no-recursion)
static double best_way(const cds_network_unit *unit, const double *layer,
                       const double *part, size_t from) {
  if (from == unit->layers) {
    return 0;
  }
  double best = layer[from] + best_way(unit, layer, part, from + 1);
  for (size_t p = 0; p < unit->parts; p++) {
    if (unit->part[p].first == from) {
      best = fmin(best, part[p] + best_way(unit, layer, part,
                                           from + unit->part[p].chain->layers));
    }
  }
  return best;
}

static double unit_value(desk *d, const cds_network_unit *unit, double lambda) {
  double layer[CDS_STAGES_MAX];
  double part[CDS_CHAIN_PARTS_MAX];
  for (size_t i = 0; i < unit->layers; i++) {
    layer[i] = layer_value(d, unit->first + i, lambda);
  }
  for (size_t p = 0; p < unit->parts; p++) {
    part[p] = part_value(d, unit->part[p].chain, lambda);
  }
  return best_way(unit, layer, part, 0);
}

/* How chains run: layers alone, all of a chain, or in parts. */
typedef struct ways {
  size_t alone, whole, parts, kept;
  size_t longer, stays; /* with tensors that may stay */
} ways;

static void look_at(ways *out, const desk *d) {
  for (size_t u = 0; u < d->plan.units; u++) {
    const cds_network_unit *unit = &d->plan.unit[u];
    const cds_layer_result *layer = &d->result.layer[unit->first];
    if (unit->chain == NULL) {
      continue;
    }
    size_t fused = 0;
    for (size_t i = 0; i < unit->layers; i++) {
      const cds_layer_fused *own = layer[i].fused;
      fused += own != NULL;
      for (unsigned t = 0; own != NULL && t < own->chain->group.tensors; t++) {
        const cds_fused_tensor *tensor = &own->chain->group.tensor[t];
        out->kept += tensor->maker == own->stage && !tensor->intermediate &&
                     tensor->last > tensor->maker;
      }
    }
    const bool whole =
        fused == unit->layers && layer[0].fused->chain->layers == unit->layers;
    out->whole += whole;
    out->parts += fused > 0 && !whole;
    out->alone += fused == 0;
  }
}

/* With tensors that may stay, in chains that end before norms, or without in
 * those that do not: the better of both, each solved by itself. */
static void check_residency(ways *seen, desk *d) {
  const double none = d->result.value;
  cds_network_options options = d->options;
  cds_network_plan plan;
  cds_network_result result;
  options.residency = (cds_residency){CDS_RESIDENCY_ALL, 10};
  assert_fine(&d->f,
              cds_network_plan_reside(&plan, &d->workload, options.fuse, false,
                                      &options.residency, d->f.arena));
  assert_non_null(plan.longer);
  plan.longer = NULL;
  options.plan = &plan;
  assert_fine(&d->f, cds_network_solve(&result, &d->arch, &d->workload,
                                       d->f.arena, &options, d->f.diag));
  const double shorter = result.value;
  const bool proven = result.proven;
  options.plan = NULL;
  assert_fine(&d->f, cds_network_solve(&result, &d->arch, &d->workload,
                                       d->f.arena, &options, d->f.diag));
  const double least = none < shorter ? none : shorter;
  assert_true(proven && result.proven);
  assert_true(fabs(result.value - least) <= 1e-12 * least);
  assert_true(result.residency.none.energy_pj == d->result.energy_pj);
  const bool stays = result.residency.kept > 0 ||
                     result.residency.caches_kept > 0 ||
                     result.residency.handed > 0;
  assert_false(stays && none < shorter);
  seen->longer += none < shorter * (1 - 1e-9);
  seen->stays += stays;
  /* Time is up before it is solved again: both are known. */
  static const int now = 1;
  const cds_control control = {.hurry = &now};
  options.control = &control;
  options.again = true;
  const double value = result.value;
  assert_fine(&d->f, cds_network_solve(&result, &d->arch, &d->workload,
                                       d->f.arena, &options, d->f.diag));
  assert_true(result.value == value && result.proven);
}

static void check_design(ways *seen, desk *d, uint64_t design,
                         cds_objective objective, double power) {
  d->options.objective = objective;
  assert_fine(&d->f, cds_space_design(&d->arch, d->space, design, d->f.arena,
                                      d->f.diag));
  assert_fine(&d->f, cds_network_solve(&d->result, &d->arch, &d->workload,
                                       d->f.arena, &d->options, d->f.diag));
  assert_true(d->result.proven);
  const double lambda = power * d->result.energy_pj / d->result.latency_s;
  double least = 0;
  for (size_t u = 0; u < d->plan.units; u++) {
    least += d->plan.unit[u].weight * unit_value(d, &d->plan.unit[u], lambda);
  }
  const double value = d->result.energy_pj + lambda * d->result.latency_s;
  assert_true(fabs(value - least) <= 1e-9 * least);
  look_at(seen, d);
  check_residency(seen, d);
}

static void norms_and_parts_are_chosen_exactly(void **state) {
  (void)state;
  /* Fewer with sanitizers: two designs of each model. */
  const uint64_t step = getenv("CODESIGN_TEST_QUICK") != NULL ? 3 : 1;
  ways seen = {0};
  for (unsigned m = 0; m < MODELS_ALL; m++) {
    desk d = {.searchers = cds_searchers_new(),
              .searcher = cds_searcher_new(),
              .fuser = cds_fuser_new()};
    assert_true(d.searchers != NULL && d.searcher != NULL && d.fuser != NULL);
    fixture_open(&d.f);
    tiny_read(&d.f, &d.space, &d.workload, ARCH, MODELS[m]);
    assert_int_equal(cds_space_designs(d.space), DESIGNS);
    d.options = (cds_network_options)CDS_NETWORK_OPTIONS_INIT;
    d.options.searchers = d.searchers;
    d.options.fuse = m % 2 == 0 ? CDS_FUSE_ALL : CDS_FUSE_PIPELINED;
    assert_fine(&d.f, cds_network_plan_make(&d.plan, &d.workload,
                                            d.options.fuse, false, d.f.arena));
    for (uint64_t design = m % step; design < DESIGNS; design += step) {
      const bool late = (design + m) % 2 == 1;
      check_design(&seen, &d, design,
                   late ? CDS_OBJECTIVE_ED2P : CDS_OBJECTIVE_EDP, late ? 2 : 1);
    }
    cds_searchers_free(d.searchers);
    cds_searcher_free(d.searcher);
    cds_fuser_free(d.fuser);
    fixture_close(&d.f);
  }
  print_message("%zu chains layer by layer, %zu as a whole, %zu in parts; %zu "
                "results kept\n",
                seen.alone, seen.whole, seen.parts, seen.kept);
  print_message("%zu times longer chains beat what stays, %zu times not\n",
                seen.longer, seen.stays);
  assert_true(seen.alone > 0 && seen.whole > 0 && seen.parts > 0 &&
              seen.kept > 0 && seen.longer > 0 && seen.stays > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(norms_and_parts_are_chosen_exactly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
