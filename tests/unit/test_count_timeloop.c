/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Timeloop's accounting: its rules one by one on nests that can be followed by
 * hand, nests that are not perfect (recorded from timeloop-model, as
 * tests/golden/timeloop has it), and random nests against two iterations of
 * each loop run literally.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "count/timeloop_nest.h"
#include "price/timeloop.h"
#include "tests/support/close.h"

enum { DRAM, GLB, RF, LEVELS };

typedef struct fixture {
  cds_arena *arena;
  cds_diag *diag;
  cds_arch arch;
  cds_einsum einsum;
  cds_mapping mapping;
  cds_timeloop_counts counts;
} fixture;

/* DRAM, GLB, `elements` of RF and MAC. */
static void open_fixture(fixture *f, const char *einsum, uint64_t elements) {
  static const char *const names[] = {"DRAM", "GLB", "RF"};
  memset(f, 0, sizeof *f);
  f->arena = cds_arena_new();
  f->diag = cds_diag_new(f->arena);
  f->arch.name = "test";
  f->arch.levels = LEVELS;
  for (unsigned level = 0; level < LEVELS; level++) {
    f->arch.level[level].name = names[level];
    f->arch.level[level].position = level;
    f->arch.level[level].size_bits = UINT64_MAX;
  }
  if (elements > 1) {
    f->arch.arrays = 1;
    f->arch.array[0] = (cds_array){.name = "PE",
                                   .axes = 1,
                                   .axis_name = {"cols"},
                                   .extent = {elements},
                                   .multicast = true,
                                   .reduction = true};
    f->arch.level[RF].depth = 1;
  }
  assert_int_equal(
      cds_einsum_parse(&f->einsum, einsum, (cds_place){0}, f->arena, f->diag),
      CDS_OK);
}

static void close_fixture(fixture *f) { cds_arena_free(f->arena); }

static void set_size(fixture *f, const char *rank, uint64_t size) {
  f->einsum.rank[cds_einsum_rank(&f->einsum, rank)].size = size;
}

static void add_hold(fixture *f, unsigned level) {
  for (unsigned t = 0; t < f->einsum.tensors; t++) {
    f->mapping.node[f->mapping.nodes++] =
        (cds_node){.kind = CDS_HOLD, .tensor = t, .level = level};
  }
}

static void add_loop(fixture *f, cds_node_kind kind, const char *rank,
                     uint64_t trips) {
  f->mapping.node[f->mapping.nodes++] = (cds_node){
      .kind = kind, .rank = cds_einsum_rank(&f->einsum, rank), .trips = trips};
}

static cds_status count(fixture *f) {
  const cds_reader reader = {f->arena, f->diag, NULL, 0};
  return cds_timeloop_count(&f->counts, &f->arch, &f->einsum, &f->mapping,
                            (cds_place){0}, &reader);
}

static const cds_timeloop_traffic *at(const fixture *f, unsigned level,
                                      const char *tensor) {
  return &f->counts.at[level][cds_einsum_tensor(&f->einsum, tensor)];
}

#define CONV "O[K,P] += I[P+R] * W[K,R]"

/* The window moves along P by one, all of the way: 3 + 15 x 1. */
static void halo_is_kept_along_one_axis(void **state) {
  (void)state;
  fixture f;
  open_fixture(&f, CONV, 1);
  set_size(&f, "P", 16);
  set_size(&f, "R", 3);
  set_size(&f, "K", 1);
  add_hold(&f, DRAM);
  add_hold(&f, GLB);
  add_loop(&f, CDS_FOR, "P", 16);
  add_hold(&f, RF);
  add_loop(&f, CDS_FOR, "R", 3);
  assert_int_equal(count(&f), CDS_OK);
  assert_int_equal(at(&f, RF, "I")->fills, 18);
  assert_int_equal(at(&f, RF, "I")->reads, 48);
  close_fixture(&f);
}

/* R then P: 4 + 1 + 1 for each P, as the way back is another direction. */
static void halo_is_dropped_when_the_direction_changes(void **state) {
  (void)state;
  fixture f;
  open_fixture(&f, CONV, 1);
  set_size(&f, "P", 16);
  set_size(&f, "R", 3);
  set_size(&f, "K", 1);
  add_hold(&f, DRAM);
  add_hold(&f, GLB);
  add_loop(&f, CDS_FOR, "P", 4);
  add_loop(&f, CDS_FOR, "R", 3);
  add_hold(&f, RF);
  add_loop(&f, CDS_FOR, "P", 4);
  assert_int_equal(count(&f), CDS_OK);
  assert_int_equal(at(&f, RF, "I")->fills, 24);
  close_fixture(&f);
}

/* P over 16 elements and four passes of two kernels: 16 x 3 words a pass. */
static void spatial_halo_is_not_shared(void **state) {
  (void)state;
  fixture f;
  open_fixture(&f, CONV, 16);
  set_size(&f, "P", 64);
  set_size(&f, "R", 3);
  set_size(&f, "K", 2);
  add_hold(&f, DRAM);
  add_hold(&f, GLB);
  add_loop(&f, CDS_FOR, "K", 2);
  add_loop(&f, CDS_FOR, "P", 4);
  add_loop(&f, CDS_SPREAD, "P", 16);
  add_hold(&f, RF);
  add_loop(&f, CDS_FOR, "R", 3);
  assert_int_equal(count(&f), CDS_OK);
  assert_int_equal(at(&f, GLB, "I")->reads, 384);
  assert_int_equal(at(&f, GLB, "I")->fills, 66);
  close_fixture(&f);
}

/* R over 16 elements, P in time: after the first step, 15 of 16 elements have
 * their word from a neighbour. Peers are 225 / 16, rounded down. */
static void neighbours_hand_words_on(void **state) {
  (void)state;
  fixture f;
  open_fixture(&f, CONV, 16);
  set_size(&f, "P", 16);
  set_size(&f, "R", 16);
  set_size(&f, "K", 1);
  add_hold(&f, DRAM);
  add_hold(&f, GLB);
  add_loop(&f, CDS_FOR, "P", 16);
  add_loop(&f, CDS_SPREAD, "R", 16);
  add_hold(&f, RF);
  assert_int_equal(count(&f), CDS_OK);
  assert_int_equal(at(&f, GLB, "I")->reads, 31);
  assert_close(at(&f, GLB, "I")->links, 225.0, 1e-12);
  assert_int_equal(at(&f, RF, "I")->reads, 16 + 14);
  assert_int_equal(at(&f, RF, "I")->fills, 1 + 14);
  close_fixture(&f);
}

static void interleaved_levels_are_refused(void **state) {
  (void)state;
  fixture f;
  open_fixture(&f, CONV, 1);
  set_size(&f, "P", 16);
  set_size(&f, "R", 3);
  set_size(&f, "K", 1);
  add_hold(&f, DRAM);
  f.mapping.node[f.mapping.nodes++] =
      (cds_node){.kind = CDS_HOLD, .tensor = 0, .level = GLB};
  add_loop(&f, CDS_FOR, "P", 16);
  f.mapping.node[f.mapping.nodes++] =
      (cds_node){.kind = CDS_HOLD, .tensor = 1, .level = GLB};
  add_loop(&f, CDS_FOR, "R", 3);
  assert_int_equal(count(&f), CDS_EINPUT);
  assert_int_equal(cds_diag_errors(f.diag), 1);
  close_fixture(&f);
}

/* ---- nests that are not perfect ----------------------------------------- */

#define GEMM "O[M,N] += I[M,K] * W[K,N]"

/* m16 of tests/golden/timeloop: 20 columns over 16 elements, 16 and then 4. */
static void residual_spreads_are_averages(void **state) {
  (void)state;
  fixture f;
  open_fixture(&f, GEMM, 16);
  set_size(&f, "M", 10);
  set_size(&f, "N", 20);
  set_size(&f, "K", 7);
  add_hold(&f, DRAM);
  add_loop(&f, CDS_FOR, "N", 2);
  f.mapping.node[f.mapping.nodes - 1].length = 16;
  add_hold(&f, GLB);
  add_loop(&f, CDS_FOR, "M", 10);
  add_loop(&f, CDS_SPREAD, "N", 16);
  add_hold(&f, RF);
  add_loop(&f, CDS_FOR, "K", 7);
  assert_int_equal(count(&f), CDS_OK);
  assert_int_equal(f.counts.macs, 1400);
  assert_int_equal(f.counts.steps, 140);
  assert_close(f.counts.used[RF], 10.0, 1e-12);
  static const struct {
    unsigned level;
    const char *tensor;
    uint64_t tile, partition, reads, fills, updates;
  } printed[] = {
      {RF, "I", 7, 70, 140, 87, 0},      {RF, "W", 7, 8, 140, 8, 0},
      {RF, "O", 1, 12, 128, 1, 140},     {GLB, "I", 70, 70, 140, 70, 0},
      {GLB, "W", 112, 140, 140, 140, 0}, {GLB, "O", 160, 200, 0, 0, 200},
      {DRAM, "I", 70, 70, 70, 0, 0},     {DRAM, "W", 140, 140, 140, 0, 0},
      {DRAM, "O", 200, 200, 0, 0, 200},
  };
  for (size_t i = 0; i < sizeof printed / sizeof *printed; i++) {
    const cds_timeloop_traffic *ours =
        at(&f, printed[i].level, printed[i].tensor);
    assert_int_equal(ours->tile_words, printed[i].tile);
    assert_int_equal(ours->partition_words, printed[i].partition);
    assert_int_equal(ours->reads, printed[i].reads);
    assert_int_equal(ours->fills, printed[i].fills);
    assert_int_equal(ours->updates, printed[i].updates);
  }
  /* Below the global buffer: mean hops 9, 6.3 and 6.3. */
  assert_close(at(&f, GLB, "I")->hops / at(&f, GLB, "I")->ingresses, 9.0,
               1e-12);
  assert_close(at(&f, GLB, "W")->hops / at(&f, GLB, "W")->ingresses, 6.3,
               1e-12);
  assert_close(at(&f, GLB, "O")->hops / at(&f, GLB, "O")->ingresses, 6.3,
               1e-12);
  close_fixture(&f);
}

/* K of 7 in passes of 4 and 3: 1400 products in the time of 1600. */
static void residual_passes_take_the_time_of_full_ones(void **state) {
  (void)state;
  fixture f;
  open_fixture(&f, GEMM, 1);
  set_size(&f, "M", 10);
  set_size(&f, "N", 20);
  set_size(&f, "K", 7);
  add_hold(&f, DRAM);
  add_hold(&f, GLB);
  add_loop(&f, CDS_FOR, "N", 20);
  add_loop(&f, CDS_FOR, "M", 10);
  add_loop(&f, CDS_FOR, "K", 2);
  add_hold(&f, RF);
  add_loop(&f, CDS_FOR, "K", 4);
  assert_int_equal(count(&f), CDS_OK);
  assert_int_equal(f.counts.macs, 1400);
  assert_int_equal(f.counts.steps, 1600);
  assert_int_equal(at(&f, RF, "I")->reads, 1400);
  assert_int_equal(at(&f, RF, "O")->updates, 1400);
  assert_int_equal(at(&f, RF, "I")->tile_words, 4);
  assert_int_equal(at(&f, GLB, "I")->reads, 1400);
  assert_int_equal(at(&f, GLB, "I")->fills, 70);
  close_fixture(&f);
}

/* ---- random nests, literally -------------------------------------------- */

/* What one tensor fetches for the innermost level, with an array of its own
 * accounting: tiles as ranges of indexes, one step after another. */
typedef struct literal {
  const fixture *f;
  unsigned loops; /* in time, outer to inner */
  cds_node loop[CDS_NODES_MAX];
  uint64_t stride[CDS_NODES_MAX];
  uint64_t inside[CDS_RANKS_MAX]; /* extent of the tile */
  unsigned tensor;
  uint64_t index[CDS_NODES_MAX];
  bool any, remembers;
  int64_t low[CDS_AXES_MAX], move[CDS_AXES_MAX];
  uint64_t fetched;
} literal;

static uint64_t size_on(const literal *it, unsigned axis) {
  const cds_axis *on = &it->f->einsum.tensor[it->tensor].axis[axis];
  uint64_t size = 1;
  for (unsigned t = 0; t < on->terms; t++) {
    size += on->term[t].coefficient * (it->inside[on->term[t].rank] - 1);
  }
  return size;
}

static int64_t low_on(const literal *it, unsigned axis) {
  const cds_axis *on = &it->f->einsum.tensor[it->tensor].axis[axis];
  uint64_t low = 0;
  for (unsigned t = 0; t < on->terms; t++) {
    for (unsigned l = 0; l < it->loops; l++) {
      if (it->loop[l].rank == on->term[t].rank) {
        low += on->term[t].coefficient * it->index[l] * it->stride[l];
      }
    }
  }
  return (int64_t)low;
}

static void literal_step(literal *it, uint64_t weight) {
  const unsigned axes = it->f->einsum.tensor[it->tensor].axes;
  uint64_t all = 1, fresh = 0;
  unsigned moved = 0;
  bool same = true, apart = false;
  int64_t move[CDS_AXES_MAX] = {0};
  for (unsigned a = 0; a < axes; a++) {
    all *= size_on(it, a);
    move[a] = low_on(it, a) - it->low[a];
    same = same && move[a] == it->move[a];
  }
  for (unsigned a = 0; a < axes; a++) {
    const uint64_t far = (uint64_t)(move[a] < 0 ? -move[a] : move[a]);
    moved += far > 0;
    apart = apart || far >= size_on(it, a);
    fresh += all / size_on(it, a) * far;
  }
  const bool drops = it->any && moved > 0 && it->remembers && !same;
  const bool whole = !it->any || drops || apart || moved > 1;
  it->fetched += weight * (whole ? all : fresh);
  if (it->any && moved > 0) {
    it->remembers = !drops;
    memcpy(it->move, move, sizeof move);
  }
  it->any = true;
  for (unsigned a = 0; a < axes; a++) {
    it->low[a] += move[a];
  }
}

static void literal_run(literal *it, unsigned l, uint64_t weight) {
  if (l == it->loops) {
    literal_step(it, weight);
    return;
  }
  for (it->index[l] = 0; it->index[l] < 2; it->index[l]++) {
    literal_run(it, l + 1,
                it->index[l] == 0 ? weight : weight * (it->loop[l].trips - 1));
  }
  it->index[l] = 0;
}

static uint32_t draw(uint32_t *seed, uint32_t below) {
  *seed = *seed * 1664525U + 1013904223U;
  return (*seed >> 8) % below;
}

/* Loops of random ranks around and inside of the innermost level. */
static void random_case(fixture *f, literal *it, uint32_t *seed) {
  static const char *const einsums[] = {
      "O[k,p,q] += I[c,p+r,q+s] * W[k,c,r,s]",
      "O[k,p,q] += I[c,2*p+r,3*q+2*s] * W[k,c,r,s]",
      "O[m,n] += A[m,k] * B[k,n]"};
  open_fixture(f, einsums[draw(seed, 3)], 1);
  uint64_t size[CDS_RANKS_MAX];
  add_hold(f, DRAM);
  const unsigned outside = 1 + draw(seed, 8);
  const unsigned inside = draw(seed, 5);
  for (unsigned l = 0; l < outside + inside; l++) {
    if (l == outside / 2) {
      add_hold(f, GLB);
    }
    if (l == outside) {
      add_hold(f, RF);
    }
    f->mapping.node[f->mapping.nodes++] =
        (cds_node){.kind = CDS_FOR,
                   .rank = draw(seed, f->einsum.ranks),
                   .trips = 2 + draw(seed, 3)};
  }
  if (inside == 0) {
    add_hold(f, RF);
  }
  *it = (literal){.f = f};
  for (unsigned r = 0; r < f->einsum.ranks; r++) {
    size[r] = it->inside[r] = 1;
  }
  unsigned left = outside + inside;
  for (unsigned n = f->mapping.nodes; n-- > 0;) {
    const cds_node *node = &f->mapping.node[n];
    if (node->kind != CDS_FOR) {
      continue;
    }
    if (--left < outside) {
      it->loop[left] = *node;
      it->stride[left] = size[node->rank];
    } else {
      it->inside[node->rank] *= node->trips;
    }
    size[node->rank] *= node->trips;
  }
  it->loops = outside;
  for (unsigned r = 0; r < f->einsum.ranks; r++) {
    f->einsum.rank[r].size = size[r];
  }
}

static void random_nests_are_those_of_two_iterations(void **state) {
  (void)state;
  uint32_t seed = 7;
  for (unsigned round = 0; round < 2000; round++) {
    fixture f;
    literal it;
    random_case(&f, &it, &seed);
    assert_int_equal(count(&f), CDS_OK);
    for (unsigned t = 0; t + 1 < f.einsum.tensors; t++) {
      literal one = it;
      one.tensor = t;
      literal_run(&one, 0, 1);
      assert_int_equal(f.counts.at[GLB][t].reads, one.fetched);
      assert_int_equal(f.counts.at[RF][t].fills, one.fetched);
    }
    close_fixture(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(halo_is_kept_along_one_axis),
      cmocka_unit_test(halo_is_dropped_when_the_direction_changes),
      cmocka_unit_test(spatial_halo_is_not_shared),
      cmocka_unit_test(neighbours_hand_words_on),
      cmocka_unit_test(interleaved_levels_are_refused),
      cmocka_unit_test(residual_spreads_are_averages),
      cmocka_unit_test(residual_passes_take_the_time_of_full_ones),
      cmocka_unit_test(random_nests_are_those_of_two_iterations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
