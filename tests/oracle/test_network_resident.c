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
#include "support/tiny_network.h"

enum { LAYERS = 3, TENSORS = 3, LOOPS_MAX = 8, POINTS_MAX = 512 };
enum { WEIGHT = 1, GLB = 1 };

static uint64_t draw(uint64_t *state, uint64_t low, uint64_t high) {
  *state =
      *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return low + (*state >> 33) % (high - low + 1);
}

/* ---- all mappings ------------------------------------------------------- */

typedef struct point {
  double energy_pj, latency_s;
  uint64_t need_bits;
} point;

/* Of a layer with or without its weights at home: what no other is better
 * than in all three. */
typedef struct points {
  size_t count;
  point point[POINTS_MAX];
} points;

typedef struct mapper {
  points *out;
  const cds_arch *arch;
  const cds_einsum *einsum;
  cds_arena *scratch;
  unsigned left[CDS_RANKS_MAX];
  unsigned loops;
  unsigned loop[LOOPS_MAX];
  unsigned gap[TENSORS]; /* loops above the tile in GLB; > loops: none */
  unsigned spread;       /* rank over the array; none: that many ranks */
} mapper;

static void add_point(points *out, point made) {
  size_t kept = 0;
  for (size_t i = 0; i < out->count; i++) {
    const point *at = &out->point[i];
    if (at->energy_pj <= made.energy_pj && at->latency_s <= made.latency_s &&
        at->need_bits <= made.need_bits) {
      return;
    }
    if (at->energy_pj < made.energy_pj || at->latency_s < made.latency_s ||
        at->need_bits < made.need_bits) {
      out->point[kept++] = *at;
    }
  }
  assert_true(kept < POINTS_MAX);
  out->point[kept++] = made;
  out->count = kept;
}

static void add_node(cds_mapping *mapping, cds_node node) {
  mapping->node[mapping->nodes++] = node;
}

static void try_mapping(const mapper *m) {
  cds_mapping mapping = {.nodes = 0};
  cds_counts counts;
  cds_cost cost;
  uint64_t need_bits[CDS_LEVELS_MAX];
  for (unsigned t = 0; t < TENSORS; t++) {
    add_node(&mapping, (cds_node){.kind = CDS_HOLD,
                                  .tensor = t,
                                  .level = cds_einsum_home(m->einsum, t)});
  }
  for (unsigned place = 0; place <= m->loops; place++) {
    for (unsigned t = 0; t < TENSORS; t++) {
      if (m->gap[t] == place && cds_einsum_home(m->einsum, t) < GLB) {
        add_node(&mapping,
                 (cds_node){.kind = CDS_HOLD, .tensor = t, .level = GLB});
      }
    }
    if (place < m->loops) {
      add_node(&mapping,
               (cds_node){.kind = CDS_FOR, .rank = m->loop[place], .trips = 2});
    }
  }
  if (m->spread < m->einsum->ranks) {
    add_node(&mapping,
             (cds_node){.kind = CDS_SPREAD, .rank = m->spread, .trips = 2});
  }
  const cds_arena_mark mark = cds_arena_mark_get(m->scratch);
  assert_int_equal(cds_count(&counts, m->arch, m->einsum, &mapping, m->scratch),
                   CDS_OK);
  cds_arena_reset(m->scratch, mark);
  cds_price_needs(need_bits, m->arch, m->einsum, &counts);
  assert_int_equal(
      cds_price_einsum(&cost, m->arch, m->einsum, &counts, (double)INFINITY),
      CDS_OK);
  add_point(m->out, (point){cost.energy_pj, cost.latency_s, need_bits[GLB]});
}

static void place_tiles(mapper *m, unsigned tensor) {
  if (tensor == TENSORS) {
    try_mapping(m);
    return;
  }
  const bool home = cds_einsum_home(m->einsum, tensor) == GLB;
  for (unsigned gap = 0; gap <= m->loops + 1; gap++) {
    m->gap[tensor] = gap;
    place_tiles(m, tensor + 1);
    if (home) {
      break;
    }
  }
}

static void place_loops(mapper *m) {
  bool placed = false;
  for (unsigned r = 0; r < m->einsum->ranks; r++) {
    if (m->left[r] > 0) {
      placed = true;
      m->left[r]--;
      m->loop[m->loops++] = r;
      place_loops(m);
      m->loops--;
      m->left[r]++;
    }
  }
  if (!placed) {
    place_tiles(m, 0);
  }
}

static void all_points_of(points *out, const cds_arch *arch,
                          const cds_einsum *einsum) {
  mapper m = {
      .out = out, .arch = arch, .einsum = einsum, .scratch = cds_arena_new()};
  out->count = 0;
  for (m.spread = 0; m.spread <= einsum->ranks; m.spread++) {
    if (m.spread < einsum->ranks &&
        (arch->arrays == 0 || einsum->rank[m.spread].size < 2)) {
      continue;
    }
    for (unsigned r = 0; r < einsum->ranks; r++) {
      m.left[r] = 0;
      for (uint64_t rest = einsum->rank[r].size / (m.spread == r ? 2 : 1);
           rest > 1; rest /= 2) {
        m.left[r]++;
      }
    }
    place_loops(&m);
  }
  cds_arena_free(m.scratch);
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
  points known[LAYERS][2]; /* without and with weights at home */
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
  const points *known = &q->known[layer][home];
  for (size_t i = 0; i < known->count; i++) {
    const point *with = &known->point[i];
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
    all_points_of(&q->known[i][0], &q->arch, &layer->einsum);
    all_points_of(&q->known[i][1], &q->arch, &pass.einsum);
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
    cds_network_floor(&floor, &q.arch, &plan, (double)INFINITY, q.f.arena);
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
};
enum { KINDS = sizeof kinds / sizeof *kinds };

typedef struct chain_case {
  question q; /* architecture and workload */
  const chain_kind *kind;
  uint64_t copies, steps;
  uint64_t weight_bits[PARTS], link_bits[LINKS];
  cds_point load[PARTS];
  points known[PARTS][1 << TENSORS]; /* by tensors at home */
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

static void make_chain(chain_case *it, uint64_t seed) {
  uint64_t random = seed;
  char arch[2048];
  char workload[2048];
  question *q = &it->q;
  fixture_open(&q->f);
  q->room = 8 * draw(&random, 4, 60);
  q->runs = draw(&random, 1, 4);
  it->lambda =
      draw(&random, 0, 4) == 0 ? 0 : 1e9 * (double)draw(&random, 1, 400);
  snprintf(arch, sizeof arch,
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
           draw(&random, 1, 4), draw(&random, 20, 90), q->room / 8,
           draw(&random, 1, 16),
           draw(&random, 0, 1) == 0 ? "" : "  - {array: PE, cols: 2}\n");
  write_chain(workload, sizeof workload, it, &random);
  tiny_read(&q->f, &q->space, &q->workload, arch, workload);
  assert_fine(&q->f,
              cds_space_design(&q->arch, q->space, 0, q->f.arena, q->f.diag));
  assert_int_equal(q->workload.layers, it->kind->layers);
}

static void list_chain(chain_case *it) {
  question *q = &it->q;
  const chain_kind *kind = it->kind;
  assert_int_equal(
      cds_chain_find(&it->chain, &q->workload, 0, CDS_CHAIN_WINDOWS), CDS_OK);
  for (unsigned part = 0; part < kind->layers; part++) {
    const cds_layer *layer = &q->workload.layer[part];
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
      all_points_of(&it->known[part][homes], &q->arch, &pass.einsum);
    }
  }
  for (unsigned l = 0; l < kind->links; l++) {
    const cds_layer *maker = &q->workload.layer[kind->first[l]];
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
  const cds_layer *layer = &q->workload.layer[part];
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
  const points *known = &it->known[part][homes];
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

static void compare_chain(uint64_t seed, chain_tally *sum) {
  static chain_case it;
  memset(&it, 0, sizeof it);
  make_chain(&it, seed);
  list_chain(&it);
  question *q = &it.q;
  const double least = brute_chain(&it);
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  options.searchers = cds_searchers_new();
  cds_network_plan plan;
  assert_fine(&q->f, cds_network_plan_make(&plan, &q->workload, CDS_FUSE_ALL,
                                           false, q->f.arena));
  plan.residency = (cds_residency){CDS_RESIDENCY_ALL, q->runs};
  cds_asker asker = {.arch = &q->arch,
                     .plan = &plan,
                     .options = &options,
                     .arena = q->f.arena,
                     .diag = q->f.diag};
  assert_fine(&q->f, cds_asker_begin(&asker));
  cds_resident *resident = NULL;
  if (cds_resident_possible(&q->arch, &plan)) {
    assert_fine(&q->f, cds_resident_begin(&resident, &asker, q->f.arena));
    cds_hull_ask ask = {.lambda = it.lambda};
    assert_fine(&q->f, cds_resident_solve(&ask, 1, resident));
    const double value =
        ask.answer.energy_pj + it.lambda * ask.answer.latency_s;
    if (!close_enough(value, least, 1e-11)) {
      print_error("chain %" PRIu64 ": %.17g, brute force %.17g\n", seed, value,
                  least);
    }
    assert_close(value, least, 1e-11);
    assert_true(ask.answer.proven);
    cds_network_result result = {.phases = 1};
    cds_phase_result phase;
    cds_layer_result alone[PARTS] = {{.chain = 1}};
    result.phase = &phase;
    result.layer = alone;
    options.details = true;
    assert_fine(&q->f,
                cds_resident_fill(&result, resident, ask.answer.solution));
    assert_close(phase.energy_pj, ask.answer.energy_pj, 1e-12);
    sum->kept += result.residency.kept > 0;
    sum->handed += result.residency.handed > 0;
    sum->fused += result.fused > 0;
    sum->both += result.residency.kept > 0 && result.residency.handed > 0;
    const cds_hull_layer floor = cds_resident_layer(resident);
    assert_true(floor.energy_pj <= ask.answer.energy_pj * (1 + 1e-12));
    assert_true(floor.latency_s <= ask.answer.latency_s * (1 + 1e-12));
    cds_resident_end(resident);
  }
  cds_searchers_free(options.searchers);
  fixture_close(&q->f);
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_chains_hand_on_is_the_least_of_all),
      cmocka_unit_test(what_stays_is_the_least_of_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
