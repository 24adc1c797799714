/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Networks whose weights may stay on chip, against everything: random tiny
 * designs and workloads, every mapping of each layer with its weights at home
 * and without (count and price, no search), every number of copies that stay,
 * and every combination of mappings that fit in what is left.
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

#include "network/resident.h"
#include "support/close.h"
#include "support/home_points.h"
#include "support/tiny_network.h"

enum { LAYERS = 3, TENSORS = HOME_TENSORS };
enum { WEIGHT = 1, GLB = HOME_LEVEL };

static uint64_t draw(uint64_t *state, uint64_t low, uint64_t high) {
  *state =
      *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return low + (*state >> 33) % (high - low + 1);
}

/* ---- all choices -------------------------------------------------------- */

typedef struct question {
  fixture f;
  cds_space *space;
  cds_workload workload;
  cds_arch arch;
  cds_objective objective;
  uint64_t runs, room;
  uint64_t copies[LAYERS], bits[LAYERS];
  cds_point load[LAYERS];
  home_points known[LAYERS][2]; /* without and with weights at home */
  size_t layers;
} question;

/* Bringing the words of a weight once, by hand: its words are read and fill,
 * one port after the other is no slower than the slower of both. */
static cds_point load_of(const question *q, size_t layer) {
  const cds_level *out = &q->arch.level[0];
  const cds_level *in = &q->arch.level[GLB];
  const double words = (double)q->bits[layer] / 8;
  const double energy =
      words *
      (out->price[CDS_READ].access_pj + 8 * out->price[CDS_READ].bit_pj +
       in->price[CDS_FILL].access_pj + 8 * in->price[CDS_FILL].bit_pj);
  const double bits = (double)q->bits[layer];
  const double cycles =
      fmax(bits / fmin(out->read_bandwidth, out->shared_bandwidth),
           bits / fmin(in->write_bandwidth, in->shared_bandwidth));
  const double time_s = cycles / q->arch.clock_hz;
  return (cds_point){energy + cds_arch_leakage_w(&q->arch) * 1e12 * time_s,
                     time_s};
}

typedef struct trying {
  const question *q;
  uint64_t kept[LAYERS], taken;
  double best;
} trying;

/* Every mapping of layer `at / 2`, with weights at home in odd turns. */
static void try_points(trying *it, unsigned at, double energy_pj,
                       double latency_s) {
  const question *q = it->q;
  if (at == 2 * q->layers) {
    it->best =
        fmin(it->best, cds_objective_value(q->objective, energy_pj, latency_s));
    return;
  }
  const size_t layer = at / 2;
  const bool home = at % 2 == 1;
  const uint64_t copies =
      home ? it->kept[layer] : q->copies[layer] - it->kept[layer];
  const double times = (double)copies * (double)q->workload.layer[layer].steps;
  if (copies == 0) {
    try_points(it, at + 1, energy_pj, latency_s);
    return;
  }
  if (home) {
    const double share = (double)copies / (double)q->runs;
    energy_pj += share * q->load[layer].energy_pj;
    latency_s += share * q->load[layer].latency_s;
  }
  const uint64_t others = it->taken - (home ? q->bits[layer] : 0);
  const home_points *known = &q->known[layer][home];
  for (size_t i = 0; i < known->count; i++) {
    const home_point *with = &known->point[i];
    if (with->need_bits + others <= q->room) {
      try_points(it, at + 1, energy_pj + times * with->energy_pj,
                 latency_s + times * with->latency_s);
    }
  }
}

static double brute_force(const question *q) {
  trying it = {.q = q, .best = (double)INFINITY};
  for (;;) {
    it.taken = 0;
    for (size_t i = 0; i < q->layers; i++) {
      it.taken += it.kept[i] * q->bits[i];
    }
    if (it.taken <= q->room) {
      try_points(&it, 0, 0, 0);
    }
    size_t i = 0;
    while (i < q->layers && it.kept[i] == q->copies[i]) {
      it.kept[i++] = 0;
    }
    if (i == q->layers) {
      return it.best;
    }
    it.kept[i]++;
  }
}

/* ---- cases -------------------------------------------------------------- */

static void make_question(question *q, uint64_t seed) {
  static const uint64_t sizes[] = {1, 2, 2, 4};
  uint64_t random = seed;
  char arch[2048];
  char workload[2048];
  fixture_open(&q->f);
  q->layers = draw(&random, 1, LAYERS - (seed % 4 != 0));
  q->objective = (cds_objective)draw(&random, 0, 3);
  q->runs = draw(&random, 0, 2) == 0 ? 1000 : draw(&random, 1, 5);
  q->room = 8 * draw(&random, 3, 44);
  snprintf(arch, sizeof arch,
           "architecture: small\nclock: 1 GHz\nleakage: %" PRIu64
           " mW\nlevels:\n"
           "  - {level: DRAM, size: 1 MiB, width: 8 bit,\n"
           "     bandwidth: %" PRIu64 " B/cycle,\n"
           "     energy: {read: %" PRIu64 " pJ, update: 60 pJ}}\n"
           "  - {level: GLB, size: %" PRIu64 " B, bandwidth: %" PRIu64
           " B/cycle,\n     buffering: %s, width: 8 bit,\n"
           "     energy: {read: 5 pJ, fill: 6 pJ, update: 6 pJ, drain: 5 "
           "pJ}}\n%s  - {compute: MAC, energy: 1 pJ}\n",
           draw(&random, 0, 20), draw(&random, 1, 4), draw(&random, 20, 90),
           q->room / 8, draw(&random, 1, 16),
           draw(&random, 0, 2) > 0 ? "double" : "single",
           draw(&random, 0, 1) == 0 ? "" : "  - {array: PE, cols: 2}\n");
  size_t length = (size_t)snprintf(
      workload, sizeof workload,
      "workload: tiny\nprecision: {weights: 8 bit, activations: 8 bit, "
      "accumulator: %s}\nlayers:\n",
      draw(&random, 0, 1) == 0 ? "8 bit" : "16 bit");
  for (size_t i = 0; i < q->layers; i++) {
    length += (size_t)snprintf(
        workload + length, sizeof workload - length,
        "  - {name: l%zu, einsum: \"Y[m,n] += X[m,k] * W[k,n]\",\n"
        "     ranks: {m: %" PRIu64 ", n: %" PRIu64 ", k: %" PRIu64
        "}, count: %" PRIu64 ", steps: %" PRIu64 "}\n",
        i, sizes[draw(&random, 0, 3)], sizes[draw(&random, 0, 3)],
        sizes[draw(&random, 0, 3)], draw(&random, 1, 3), draw(&random, 1, 3));
  }
  tiny_read(&q->f, &q->space, &q->workload, arch, workload);
  assert_fine(&q->f,
              cds_space_design(&q->arch, q->space, 0, q->f.arena, q->f.diag));
}

static void list_known(question *q) {
  for (size_t i = 0; i < q->layers; i++) {
    const cds_layer *layer = &q->workload.layer[i];
    cds_fused_pass pass;
    uint64_t words = 0;
    assert_int_equal(cds_tensor_words(&words, &layer->einsum, WEIGHT), CDS_OK);
    q->bits[i] = 8 * words;
    q->copies[i] = layer->count / layer->steps;
    q->load[i] = load_of(q, i);
    memset(&pass, 0, sizeof pass);
    pass.einsum = layer->einsum;
    pass.einsum.stage = &pass.stage;
    pass.stage.passes = pass.stage.repeats = 1;
    pass.stage.home[WEIGHT] = (cds_home){.level = GLB, .tile_words = words};
    home_points_of(&q->known[i][0], &q->arch, &layer->einsum);
    home_points_of(&q->known[i][1], &q->arch, &pass.einsum);
  }
}

/* Each layer costs what its counts do, fits, and all are the whole. */
static void check_result(const question *q, const cds_network_result *result) {
  double energy_pj = 0;
  double latency_s = 0;
  uint64_t count = 0;
  uint64_t kept_bits = 0;
  for (size_t i = 0; i < result->layers; i++) {
    const cds_layer_result *entry = &result->layer[i];
    energy_pj += entry->times * entry->cost.energy_pj;
    latency_s += entry->times * entry->cost.latency_s;
    if (entry->layer->kind != CDS_LAYER_EINSUM) {
      continue;
    }
    count += entry->layer->count;
    const cds_layer_resident *resident = entry->resident;
    const cds_einsum *einsum = cds_layer_result_einsum(entry);
    cds_counts counts;
    cds_cost cost;
    uint64_t need_bits[CDS_LEVELS_MAX];
    assert_int_equal(
        cds_count(&counts, &q->arch, einsum, &entry->mapping, q->f.arena),
        CDS_OK);
    assert_int_equal(
        cds_price_einsum(&cost, &q->arch, einsum, &counts, (double)INFINITY),
        CDS_OK);
    assert_true(cost.energy_pj == entry->cost.energy_pj);
    assert_true(cost.latency_s == entry->cost.latency_s);
    cds_price_needs(need_bits, &q->arch, einsum, &counts);
    assert_true(need_bits[GLB] +
                    (resident->pass == NULL ? resident->taken_bits : 0) <=
                q->room);
    assert_int_equal(resident->own_bits + resident->taken_bits,
                     result->residency.bits);
    kept_bits +=
        resident->own_bits * (entry->layer->count / entry->layer->steps);
  }
  uint64_t all = 0;
  for (size_t i = 0; i < q->layers; i++) {
    all += q->workload.layer[i].count;
  }
  assert_int_equal(count, all);
  assert_int_equal(kept_bits, result->residency.bits);
  assert_close(energy_pj, result->energy_pj, 1e-12);
  assert_close(latency_s, result->latency_s, 1e-12);
  assert_close(result->phase[0].energy_pj, result->energy_pj, 1e-12);
}

typedef struct tally {
  size_t solved, kept, partly, infeasible;
} tally;

static void compare(uint64_t seed, tally *sum) {
  static question q;
  make_question(&q, seed);
  list_known(&q);
  const double least = brute_force(&q);
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  options.objective = q.objective;
  options.details = true;
  options.residency = (cds_residency){CDS_RESIDENCY_WEIGHTS, q.runs};
  options.searchers = cds_searchers_new();
  cds_network_result result;
  const cds_status status = cds_network_solve(&result, &q.arch, &q.workload,
                                              q.f.arena, &options, q.f.diag);
  if (least == (double)INFINITY) {
    sum->infeasible++;
    assert_int_equal(status, CDS_EINFEASIBLE);
  } else {
    assert_fine(&q.f, status);
    if (!close_enough(result.value, least, 1e-11)) {
      print_error("case %" PRIu64 ": %.17g, brute force %.17g\n", seed,
                  result.value, least);
    }
    assert_close(result.value, least, 1e-11);
    assert_true(result.proven);
    cds_network_plan plan;
    cds_point floor;
    assert_fine(&q.f, cds_network_plan_make(&plan, &q.workload, CDS_FUSE_NONE,
                                            false, q.f.arena));
    plan.residency = options.residency;
    cds_floor_asked asked;
    assert_int_equal(
        cds_floor_ask(&asked, &q.arch, (double)INFINITY, q.f.arena), CDS_OK);
    assert_int_equal(cds_network_floor(&floor, &asked, &plan), CDS_OK);
    assert_true(cds_objective_value(q.objective, floor.energy_pj,
                                    floor.latency_s) <= least * (1 + 1e-12));
    if (result.residency.hindrance == CDS_RESIDENCY_FREE) {
      check_result(&q, &result);
    }
    sum->solved++;
    sum->kept += result.residency.kept > 0;
    sum->partly += result.residency.kept > 0 &&
                   result.residency.kept < result.residency.tensors;
  }
  cds_searchers_free(options.searchers);
  fixture_close(&q.f);
}

static void what_stays_is_the_least_of_all(void **state) {
  (void)state;
  const uint64_t cases = getenv("CODESIGN_TEST_QUICK") != NULL ? 30 : 300;
  tally sum = {0};
  for (uint64_t seed = 1; seed <= cases; seed++) {
    compare(seed, &sum);
  }
  print_message("%zu solved, %zu keep weights, %zu some of them, %zu "
                "infeasible\n",
                sum.solved, sum.kept, sum.partly, sum.infeasible);
  assert_true(sum.kept > sum.solved / 3);
  assert_true(sum.partly > sum.solved / 20);
}

/* ---- chains ------------------------------------------------------------- */

/* A chain, at one price of time: its copies, what each may keep and hand on. */
enum { PARTS = 3, LINKS = 2, CHAIN_COPIES = 3, SETS = 1 << 3 };

typedef struct chain_kind {
  unsigned layers, links;
  unsigned first[LINKS], last[LINKS]; /* layers of each link */
  unsigned own[LINKS][PARTS];         /* tensor of the layer; 9: none */
  unsigned weights;                   /* layers that have some: a mask */
} chain_kind;

static const chain_kind kinds[] = {
    {2, 1, {0}, {1}, {{2, 0}}, 3},
    {3, 2, {0, 1}, {2, 2}, {{2, 9, 0}, {9, 2, 1}}, 3},
    {3, 2, {0, 1}, {1, 2}, {{2, 0, 9}, {9, 1, 0}}, 0},
    {3, 2, {0, 1}, {1, 2}, {{2, 0, 9}, {9, 1, 0}}, 5}, /* with its caches */
};
enum { CACHES = sizeof kinds / sizeof *kinds - 1, KINDS = CACHES };

typedef struct chain_case {
  question q; /* architecture and workload */
  size_t at;  /* its first layer */
  const chain_kind *kind;
  uint64_t copies, steps;
  uint64_t weight_bits[PARTS], link_bits[LINKS];
  cds_point load[PARTS];
  home_points known[PARTS][1 << TENSORS]; /* by tensors at home */
  cds_chain_group chain;
  double lambda;
} chain_case;

/* Appends a product. */
static void write_product(char *text, size_t size, const char *einsum,
                          const char *handed, const char *ranks,
                          const chain_case *it) {
  const size_t length = strlen(text);
  snprintf(text + length, size - length,
           "  - {einsum: \"%s\", intermediate: [%s], ranks: {%s},\n"
           "     count: %" PRIu64 ", steps: %" PRIu64 "}\n",
           einsum, handed, ranks, it->copies, it->steps);
}

static void write_chain(char *text, size_t size, chain_case *it,
                        uint64_t *random) {
  static const unsigned sizes[] = {1, 2, 2, 4};
  const unsigned m = sizes[draw(random, 0, 3)];
  const unsigned n = sizes[draw(random, 0, 3)];
  const unsigned k = sizes[draw(random, 0, 3)];
  const unsigned p = sizes[draw(random, 0, 3)];
  char ranks[3][64];
  it->kind = &kinds[draw(random, 0, KINDS - 1)];
  it->copies = draw(random, 1, CHAIN_COPIES);
  it->steps = draw(random, 1, 3);
  snprintf(text, size,
           "workload: tiny\nprecision: {weights: 8 bit, activations: 8 bit, "
           "accumulator: fp32}\nlayers:\n");
  snprintf(ranks[0], sizeof ranks[0], "m: %u, n: %u, k: %u", m, n, k);
  snprintf(ranks[1], sizeof ranks[1], "m: %u, n: %u, p: %u", m, n, p);
  snprintf(ranks[2], sizeof ranks[2], "n: %u, p: %u, j: %u", n, p, k);
  if (it->kind == &kinds[0]) {
    write_product(text, size, "T[m,n] += X[m,k] * W[k,n]", "T", ranks[0], it);
    write_product(text, size, "Y[m,p] += T[m,n] * V[n,p]", "T", ranks[1], it);
  } else if (it->kind == &kinds[1]) {
    write_product(text, size, "G[m,n] += X[m,k] * W[k,n]", "G", ranks[0], it);
    write_product(text, size, "U[n,p] += A[n,j] * V[j,p]", "U", ranks[2], it);
    write_product(text, size, "Z[m,p] += G[m,n] * U[n,p]", "G, U", ranks[1],
                  it);
  } else {
    const size_t length = strlen(text);
    it->steps *= it->copies;
    it->copies = 1;
    snprintf(text + length, size - length,
             "  - {attention: {heads: %u, query: %u, context: %u,\n"
             "     head_dim: %u}, count: %" PRIu64 "}\n",
             k > 2 ? 2 : k, m > 2 ? 2 : m, n, p > 2 ? 2 : p, it->steps);
  }
}

static void make_arch(chain_case *it, char *arch, size_t size,
                      uint64_t *random) {
  question *q = &it->q;
  fixture_open(&q->f);
  q->room = 8 * draw(random, 4, 60);
  q->runs = draw(random, 1, 4);
  it->lambda = draw(random, 0, 4) == 0 ? 0 : 1e9 * (double)draw(random, 1, 400);
  snprintf(arch, size,
           "architecture: small\nclock: 1 GHz\nlevels:\n"
           "  - {level: DRAM, size: 1 MiB, width: 8 bit,\n"
           "     bandwidth: %" PRIu64 " B/cycle,\n"
           "     energy: {read: %" PRIu64 " pJ, update: 60 pJ}}\n"
           "  - {level: GLB, size: %" PRIu64 " B, bandwidth: %" PRIu64
           " B/cycle, width: 8 bit,\n"
           "     energy: {read: 5 pJ, fill: 6 pJ, update: 6 pJ, drain: 5 "
           "pJ}}\n%s  - {compute: MAC, energy: 1 pJ}\n"
           "  - {compute: VPU, class: vector, at: GLB, lanes: 2, formats: "
           "[fp32],\n     energy: 1 pJ}\n",
           draw(random, 1, 4), draw(random, 20, 90), q->room / 8,
           draw(random, 1, 16),
           draw(random, 0, 1) == 0 ? "" : "  - {array: PE, cols: 2}\n");
}

static void make_chain(chain_case *it, uint64_t seed) {
  uint64_t random = seed;
  char arch[2048];
  char workload[2048];
  question *q = &it->q;
  make_arch(it, arch, sizeof arch, &random);
  write_chain(workload, sizeof workload, it, &random);
  tiny_read(&q->f, &q->space, &q->workload, arch, workload);
  assert_fine(&q->f,
              cds_space_design(&q->arch, q->space, 0, q->f.arena, q->f.diag));
}

static void list_chain(chain_case *it) {
  question *q = &it->q;
  const chain_kind *kind = it->kind;
  assert_int_equal(
      cds_chain_find(&it->chain, &q->workload, it->at, CDS_CHAIN_WINDOWS),
      CDS_OK);
  for (unsigned part = 0; part < kind->layers; part++) {
    const cds_layer *layer = &q->workload.layer[it->at + part];
    uint64_t words = 0;
    if (layer->kind == CDS_LAYER_OPERATION) {
      continue;
    }
    if ((kind->weights >> part & 1U) != 0) {
      assert_int_equal(cds_tensor_words(&words, &layer->einsum, WEIGHT),
                       CDS_OK);
      it->weight_bits[part] = q->bits[part] = 8 * words;
      it->load[part] = load_of(q, part);
    }
    for (unsigned homes = 0; homes < 1 << TENSORS; homes++) {
      cds_fused_pass pass;
      memset(&pass, 0, sizeof pass);
      pass.einsum = layer->einsum;
      pass.einsum.stage = &pass.stage;
      pass.stage.passes = pass.stage.repeats = 1;
      for (unsigned t = 0; t < TENSORS; t++) {
        cds_tensor_words(&words, &layer->einsum, t);
        if ((homes >> t & 1U) != 0) {
          pass.stage.home[t] = (cds_home){.level = GLB, .tile_words = words};
        }
      }
      home_points_of(&it->known[part][homes], &q->arch, &pass.einsum);
    }
  }
  for (unsigned l = 0; l < kind->links; l++) {
    const cds_layer *maker = &q->workload.layer[it->at + kind->first[l]];
    uint64_t words = maker->operation.output.words;
    unsigned bits = maker->operation.output.format.bits;
    if (maker->kind == CDS_LAYER_EINSUM) {
      assert_int_equal(cds_tensor_words(&words, &maker->einsum, TENSORS - 1),
                       CDS_OK);
      bits = maker->einsum.tensor[TENSORS - 1].format.bits;
    }
    it->link_bits[l] = words * bits;
  }
}

/* A layer with weights and links at home, others taking so many bits. */
static double cost_of_part(const chain_case *it, unsigned part, bool kept,
                           unsigned set, uint64_t stays) {
  const question *q = &it->q;
  const cds_layer *layer = &q->workload.layer[it->at + part];
  uint64_t others = stays - (kept ? it->weight_bits[part] : 0);
  unsigned homes = kept ? 1U << WEIGHT : 0;
  uint64_t own = 0;
  for (unsigned l = 0; l < it->kind->links; l++) {
    const unsigned tensor = it->kind->own[l][part];
    if ((set >> l & 1U) == 0) {
      continue;
    }
    if (tensor < 9) {
      homes |= 1U << tensor;
      own += it->link_bits[l];
    } else if (it->kind->first[l] < part && part < it->kind->last[l]) {
      others += it->link_bits[l];
    }
  }
  double least = (double)INFINITY;
  if (layer->kind == CDS_LAYER_OPERATION) {
    cds_arch arch = q->arch;
    cds_operation operation = layer->operation;
    cds_operation_counts counts;
    cds_cost cost;
    if (own + others > q->room) {
      return least;
    }
    arch.level[GLB].size_bits -= own + others;
    operation.input[0].home = (homes & 1U) != 0 ? GLB : 0;
    operation.output.home = (homes & 2U) != 0 ? GLB : 0;
    return cds_price_operation(&cost, &counts, &arch, &operation,
                               (double)INFINITY) == CDS_OK
               ? cost.energy_pj + it->lambda * cost.latency_s
               : least;
  }
  const home_points *known = &it->known[part][homes];
  for (size_t i = 0; i < known->count; i++) {
    if (known->point[i].need_bits + others <= q->room) {
      least = fmin(least, known->point[i].energy_pj +
                              it->lambda * known->point[i].latency_s);
    }
  }
  return least;
}

/* Fused in the room that is left, as the search of fused groups has it. */
static double cost_fused(const chain_case *it, uint64_t stays) {
  cds_arch arch = it->q.arch;
  cds_fuser *fuser = cds_fuser_new();
  cds_fuse_result *result = malloc(sizeof *result);
  double value = (double)INFINITY;
  arch.level[GLB].size_bits -= stays;
  if (cds_fuser_begin(fuser, &arch, &it->chain.group, (double)INFINITY) ==
          CDS_OK &&
      cds_fuser_solve(result, fuser, it->lambda, NULL) == CDS_OK) {
    value = result->energy_pj + it->lambda * result->latency_s;
  }
  free(result);
  cds_fuser_free(fuser);
  return value;
}

/* One copy that keeps some of its weights. */
static double cost_of_copy(const chain_case *it, unsigned kept, uint64_t stays,
                           double fused) {
  double least = fused;
  double loads = 0;
  for (unsigned set = 0; set < 1U << it->kind->links; set++) {
    double sum = 0;
    for (unsigned part = 0; part < it->kind->layers; part++) {
      sum += cost_of_part(it, part, (kept >> part & 1U) != 0, set, stays);
    }
    least = fmin(least, sum);
  }
  for (unsigned part = 0; part < it->kind->layers; part++) {
    if ((kept >> part & 1U) != 0) {
      loads +=
          (it->load[part].energy_pj + it->lambda * it->load[part].latency_s) /
          (double)it->q.runs;
    }
  }
  return (double)it->steps * least + loads;
}

static double brute_chain(const chain_case *it) {
  unsigned kept[CHAIN_COPIES] = {0};
  double best = (double)INFINITY;
  for (;;) {
    uint64_t stays = 0;
    bool fits = true;
    for (unsigned c = 0; c < it->copies; c++) {
      fits = fits && (kept[c] & ~it->kind->weights) == 0;
      for (unsigned part = 0; part < it->kind->layers; part++) {
        stays += (kept[c] >> part & 1U) != 0 ? it->weight_bits[part] : 0;
      }
    }
    if (fits && stays <= it->q.room) {
      const double fused = cost_fused(it, stays);
      double sum = 0;
      for (unsigned c = 0; c < it->copies; c++) {
        sum += cost_of_copy(it, kept[c], stays, fused);
      }
      best = fmin(best, sum);
    }
    unsigned c = 0;
    while (c < it->copies && kept[c] + 1 == SETS) {
      kept[c++] = 0;
    }
    if (c == it->copies) {
      return best;
    }
    kept[c]++;
  }
}

typedef struct chain_tally {
  size_t kept, handed, fused, both;
} chain_tally;

/* What the search finds at the price of time; also whether its bounds hold and
 * its layers are the whole. */
static double solve_chains(cds_network_result *result, chain_case *it,
                           cds_network_options *options) {
  static cds_layer_result alone[LAYERS + 2 * PARTS];
  static cds_phase_result phase;
  question *q = &it->q;
  cds_network_plan plan;
  cds_arena *arena = q->f.arena;
  assert_fine(&q->f, cds_network_plan_make(&plan, &q->workload, CDS_FUSE_ALL,
                                           false, arena));
  plan.residency = (cds_residency){CDS_RESIDENCY_ALL, q->runs};
  cds_asker asker = {.arch = &q->arch,
                     .plan = &plan,
                     .options = options,
                     .arena = arena,
                     .diag = q->f.diag};
  assert_fine(&q->f, cds_asker_begin(&asker));
  cds_resident *resident = NULL;
  *result = (cds_network_result){.phases = 1, .phase = &phase};
  if (!cds_resident_possible(&q->arch, &plan)) {
    return (double)NAN;
  }
  assert_fine(&q->f, cds_resident_begin(&resident, &asker, arena));
  cds_hull_ask ask = {.lambda = it->lambda};
  assert_fine(&q->f, cds_resident_solve(&ask, 1, resident));
  assert_true(ask.answer.proven);
  for (size_t i = 0; i < q->workload.layers; i++) {
    alone[i] = (cds_layer_result){.chain = 1};
  }
  result->layer = alone;
  options->details = true;
  assert_fine(&q->f, cds_resident_fill(result, resident, ask.answer.solution));
  cds_resident_about(&result->residency, resident);
  assert_close(phase.energy_pj, ask.answer.energy_pj, 1e-12);
  const cds_hull_layer floor = cds_resident_layer(resident);
  assert_true(floor.energy_pj <= ask.answer.energy_pj * (1 + 1e-12));
  assert_true(floor.latency_s <= ask.answer.latency_s * (1 + 1e-12));
  cds_resident_end(resident);
  return ask.answer.energy_pj + it->lambda * ask.answer.latency_s;
}

static void compare_chain(uint64_t seed, chain_tally *sum) {
  static chain_case it;
  memset(&it, 0, sizeof it);
  make_chain(&it, seed);
  assert_int_equal(it.q.workload.layers, it.kind->layers);
  list_chain(&it);
  const double least = brute_chain(&it);
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  options.searchers = cds_searchers_new();
  cds_network_result result;
  const double value = solve_chains(&result, &it, &options);
  if (!isnan(value)) {
    if (!close_enough(value, least, 1e-11)) {
      print_error("chain %" PRIu64 ": %.17g, brute force %.17g\n", seed, value,
                  least);
    }
    assert_close(value, least, 1e-11);
    sum->kept += result.residency.kept > 0;
    sum->handed += result.residency.handed > 0;
    sum->fused += result.fused > 0;
    sum->both += result.residency.kept > 0 && result.residency.handed > 0;
  }
  cds_searchers_free(options.searchers);
  fixture_close(&it.q.f);
}

static void what_chains_hand_on_is_the_least_of_all(void **state) {
  (void)state;
  const uint64_t cases = getenv("CODESIGN_TEST_QUICK") != NULL ? 20 : 200;
  chain_tally sum = {0};
  for (uint64_t seed = 1; seed <= cases; seed++) {
    compare_chain(seed, &sum);
  }
  print_message("%" PRIu64 " chains: %zu keep weights, %zu hand results on, "
                "%zu both, %zu run fused\n",
                cases, sum.kept, sum.handed, sum.both, sum.fused);
  assert_true(sum.handed > 0 && sum.fused > 0 && sum.both > 0);
}

/* ---- caches ------------------------------------------------------------- */

/* Attention to caches that have come to one length or two, and a product with
 * weights before it or not. */
enum { LENGTHS = 2, MASKS = 4 };

typedef struct cache_case {
  chain_case length[LENGTHS];
  unsigned lengths;
  bool weighs;
  uint64_t copies, cached[2]; /* words of keys, of values that are brought */
  uint64_t bits[2];           /* of the longest */
  double load[2];
} cache_case;

static void write_attention(char *text, size_t size, unsigned heads,
                            unsigned context, unsigned head_dim,
                            uint64_t count) {
  const size_t length = strlen(text);
  snprintf(text + length, size - length,
           "  - {attention: {heads: %u, query: 1, context: %u,\n"
           "     head_dim: %u}, count: %" PRIu64 "}\n",
           heads, context, head_dim, count);
}

static void make_caches(cache_case *it, uint64_t seed) {
  uint64_t random = seed;
  char arch[2048];
  char workload[2048];
  chain_case *first = &it->length[0];
  question *q = &first->q;
  make_arch(first, arch, sizeof arch, &random);
  const unsigned heads = (unsigned)draw(&random, 1, 2);
  const unsigned dim = (unsigned)draw(&random, 1, 2);
  it->lengths = (unsigned)draw(&random, 1, LENGTHS);
  it->weighs = draw(&random, 0, 1) == 1;
  it->copies = draw(&random, 1, 2);
  snprintf(workload, sizeof workload,
           "workload: tiny\nprecision: {weights: 8 bit, activations: 8 bit, "
           "accumulator: fp32}\nlayers:\n%s",
           it->weighs ? "  - {einsum: \"Y[m,n] += X[m,k] * W[k,n]\",\n"
                        "     ranks: {m: 2, n: 2, k: 4}, count: 1, steps: 3}\n"
                      : "");
  for (unsigned i = 0; i < it->lengths; i++) {
    it->length[i].steps = draw(&random, 1, 3);
    write_attention(workload, sizeof workload, heads, 2U << i, dim,
                    it->copies * it->length[i].steps);
  }
  tiny_read(&q->f, &q->space, &q->workload, arch, workload);
  assert_fine(&q->f,
              cds_space_design(&q->arch, q->space, 0, q->f.arena, q->f.diag));
  const uint64_t tokens = (1U << it->lengths) + draw(&random, 0, 3);
  for (unsigned i = 0; i < it->lengths; i++) {
    for (unsigned part = 0; part < PARTS; part++) {
      cds_layer *layer = &q->workload.layer[it->weighs + PARTS * i + part];
      layer->steps = it->length[i].steps;
      layer->cache = part == 1 ? 0 : 1 + part / 2;
      layer->cache_words = tokens * heads * dim;
      layer->cache_longest = (uint64_t)(1U << it->lengths) * heads * dim;
    }
  }
  it->cached[0] = it->cached[1] = tokens * heads * dim;
}

static void list_caches(cache_case *it) {
  question *q = &it->length[0].q;
  for (unsigned i = 0; i < it->lengths; i++) {
    chain_case *length = &it->length[i];
    if (i > 0) {
      length->q = *q;
      length->lambda = it->length[0].lambda;
    }
    length->at = it->weighs + (size_t)PARTS * i;
    length->kind = &kinds[CACHES];
    list_chain(length);
  }
  for (unsigned c = 0; c < 2; c++) {
    it->bits[c] = it->length[it->lengths - 1].weight_bits[2 * c];
    q->bits[0] = 8 * it->cached[c];
    const cds_point load = load_of(q, 0);
    it->load[c] = load.energy_pj + it->length[0].lambda * load.latency_s;
  }
  if (it->weighs) {
    cds_fused_pass pass;
    memset(&pass, 0, sizeof pass);
    pass.einsum = q->workload.layer[0].einsum;
    pass.einsum.stage = &pass.stage;
    pass.stage.passes = pass.stage.repeats = 1;
    pass.stage.home[WEIGHT] = (cds_home){.level = GLB, .tile_words = 8};
    q->bits[0] = 64;
    q->load[0] = load_of(q, 0);
    home_points_of(&q->known[0][0], &q->arch, &q->workload.layer[0].einsum);
    home_points_of(&q->known[0][1], &q->arch, &pass.einsum);
  }
}

/* One copy with some of its caches on chip. */
static double cost_with_caches(const cache_case *it, unsigned kept,
                               uint64_t stays) {
  double sum = 0;
  for (unsigned i = 0; i < it->lengths; i++) {
    const chain_case *length = &it->length[i];
    double least = cost_fused(length, stays);
    for (unsigned set = 0; set < 1U << length->kind->links; set++) {
      double apart = 0;
      for (unsigned part = 0; part < PARTS; part++) {
        const bool home = part != 1 && (kept >> part / 2 & 1U) != 0;
        apart += cost_of_part(length, part, home, set, stays);
      }
      least = fmin(least, apart);
    }
    sum += (double)length->steps * least;
  }
  for (unsigned c = 0; c < 2; c++) {
    sum += (kept >> c & 1U) != 0 ? it->load[c] : 0;
  }
  return sum;
}

static double cost_of_product(const cache_case *it, bool home, uint64_t stays) {
  const question *q = &it->length[0].q;
  const double lambda = it->length[0].lambda;
  const home_points *known = &q->known[0][home];
  double least = (double)INFINITY;
  for (size_t i = 0; i < known->count; i++) {
    if (known->point[i].need_bits + stays - (home ? 64 : 0) <= q->room) {
      least = fmin(least, known->point[i].energy_pj +
                              lambda * known->point[i].latency_s);
    }
  }
  return 3 * least +
         (home ? (q->load[0].energy_pj + lambda * q->load[0].latency_s) /
                     (double)q->runs
               : 0);
}

static double brute_caches(const cache_case *it) {
  double best = (double)INFINITY;
  for (unsigned weight = 0; weight <= it->weighs; weight++) {
    for (unsigned all = 0; all < (it->copies == 2 ? MASKS * MASKS : MASKS);
         all++) {
      uint64_t stays = weight * 64;
      for (unsigned c = 0; c < it->copies; c++) {
        const unsigned kept = all / (c == 0 ? 1 : MASKS) % MASKS;
        stays += (kept & 1U) * it->bits[0] + (kept >> 1) * it->bits[1];
      }
      if (stays > it->length[0].q.room) {
        continue;
      }
      double sum = it->weighs ? cost_of_product(it, weight, stays) : 0;
      for (unsigned c = 0; c < it->copies; c++) {
        sum += cost_with_caches(it, all / (c == 0 ? 1 : MASKS) % MASKS, stays);
      }
      best = fmin(best, sum);
    }
  }
  return best;
}

typedef struct cache_tally {
  size_t kept, partly, weights;
} cache_tally;

static void compare_caches(uint64_t seed, cache_tally *sum) {
  static cache_case it;
  memset(&it, 0, sizeof it);
  make_caches(&it, seed);
  list_caches(&it);
  const double least = brute_caches(&it);
  question *q = &it.length[0].q;
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  options.searchers = cds_searchers_new();
  cds_network_result result;
  const double value = solve_chains(&result, &it.length[0], &options);
  const bool fits = it.bits[0] <= q->room && it.bits[1] <= q->room;
  if (!isnan(value)) {
    if (!close_enough(value, least, 1e-11)) {
      print_error("caches %" PRIu64 ": %.17g, brute force %.17g\n", seed, value,
                  least);
    }
    const cds_residency_result *stays = &result.residency;
    assert_close(value, least, 1e-11);
    assert_true(stays->caches == 2 * it.copies || !fits);
    sum->kept += stays->caches_kept > 0;
    sum->partly += stays->caches_kept > 0 && stays->caches_kept < stays->caches;
    sum->weights += stays->caches_kept > 0 && stays->kept > 0;
  }
  cds_searchers_free(options.searchers);
  fixture_close(&q->f);
}

static void caches_that_stay_are_the_least_of_all(void **state) {
  (void)state;
  const uint64_t cases = getenv("CODESIGN_TEST_QUICK") != NULL ? 30 : 300;
  cache_tally sum = {0};
  for (uint64_t seed = 1; seed <= cases; seed++) {
    compare_caches(seed, &sum);
  }
  print_message("%" PRIu64 " attentions: %zu keep caches, %zu some of them, "
                "%zu weights, too\n",
                cases, sum.kept, sum.partly, sum.weights);
  assert_true(sum.kept > 0 && sum.partly > 0 && sum.weights > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_chains_hand_on_is_the_least_of_all),
      cmocka_unit_test(caches_that_stay_are_the_least_of_all),
      cmocka_unit_test(what_stays_is_the_least_of_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
