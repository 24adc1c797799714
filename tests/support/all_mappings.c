/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Three nested enumerations: factors of the ranks on the axes of the array,
 * orders of the loops that are left (each of two trips), places of the inner
 * level's holders among the loops or none.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/all_mappings.h"

enum { RANKS = 3, TENSORS = 3, LOOPS_MAX = 8 };

typedef struct mapper {
  all_points *out;
  const cds_arch *arch;
  const cds_einsum *einsum;
  double power_limit_w;
  all_mappings_visit *visit;
  void *payload;
  cds_arena *scratch;
  cds_diag *diag;
  uint64_t spread[RANKS][2];
  unsigned left[RANKS]; /* loops of two trips to place */
  unsigned loops;
  unsigned loop[LOOPS_MAX]; /* rank of each loop, from outside in */
  unsigned gap[TENSORS];    /* loops above the holder; > loops: bypassed */
} mapper;

static void add_point(const cds_cost *cost, void *payload) {
  all_points *out = (all_points *)payload;
  const double energy_pj = cost->energy_pj;
  const double latency_s = cost->latency_s;
  size_t kept = 0;
  for (size_t i = 0; i < out->points; i++) {
    if (out->energy_pj[i] <= energy_pj && out->latency_s[i] <= latency_s) {
      return;
    }
    if (out->energy_pj[i] < energy_pj || out->latency_s[i] < latency_s) {
      out->energy_pj[kept] = out->energy_pj[i];
      out->latency_s[kept++] = out->latency_s[i];
    }
  }
  assert_true(kept < ALL_POINTS_MAX);
  out->energy_pj[kept] = energy_pj;
  out->latency_s[kept++] = latency_s;
  out->points = kept;
}

static void add_node(cds_mapping *mapping, cds_node node) {
  mapping->node[mapping->nodes++] = node;
}

static void build(cds_mapping *out, const mapper *m) {
  out->nodes = 0;
  for (unsigned t = 0; t < TENSORS; t++) {
    add_node(out, (cds_node){.kind = CDS_HOLD, .tensor = t});
  }
  for (unsigned r = 0; r < RANKS; r++) {
    for (unsigned axis = 0; axis < 2; axis++) {
      if (m->spread[r][axis] > 1) {
        add_node(out, (cds_node){.kind = CDS_SPREAD,
                                 .rank = r,
                                 .axis = axis,
                                 .trips = m->spread[r][axis]});
      }
    }
  }
  for (unsigned place = 0; place <= m->loops; place++) {
    for (unsigned t = 0; t < TENSORS; t++) {
      if (m->gap[t] == place) {
        add_node(out, (cds_node){.kind = CDS_HOLD, .tensor = t, .level = 1});
      }
    }
    if (place < m->loops) {
      add_node(out,
               (cds_node){.kind = CDS_FOR, .rank = m->loop[place], .trips = 2});
    }
  }
}

static void try_mapping(mapper *m) {
  cds_mapping mapping;
  cds_counts counts;
  cds_misfit misfit;
  cds_cost cost;
  build(&mapping, m);
  if (m->out->tried++ % 64 == 0) { /* the rest differ by permutation only */
    assert_int_equal(cds_mapping_validate(&mapping, m->arch, m->einsum,
                                          (cds_place){0}, m->diag),
                     CDS_OK);
  }
  const cds_arena_mark mark = cds_arena_mark_get(m->scratch);
  assert_int_equal(cds_count(&counts, m->arch, m->einsum, &mapping, m->scratch),
                   CDS_OK);
  cds_arena_reset(m->scratch, mark);
  if (cds_price_fits(&misfit, m->arch, m->einsum, &counts) != CDS_OK) {
    return;
  }
  if (cds_price_einsum(&cost, m->arch, m->einsum, &counts, m->power_limit_w) !=
      CDS_OK) {
    return;
  }
  m->out->fitting++;
  m->visit(&cost, m->payload);
}

static void place_holders(mapper *m, unsigned tensor) {
  if (tensor == TENSORS) {
    try_mapping(m);
    return;
  }
  const cds_policy policy =
      cds_level_policy(m->arch, 1, &m->einsum->tensor[tensor]);
  for (unsigned gap = 0; gap <= m->loops + 1; gap++) {
    const bool held = gap <= m->loops;
    if ((held && policy == CDS_MUST_NOT) || (!held && policy == CDS_MUST)) {
      continue;
    }
    m->gap[tensor] = gap;
    place_holders(m, tensor + 1);
  }
}

static void place_loops(mapper *m) {
  bool placed = false;
  for (unsigned r = 0; r < RANKS; r++) {
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
    place_holders(m, 0);
  }
}

static void place_spreads(mapper *m, unsigned rank, uint64_t rows,
                          uint64_t cols) {
  if (rank == RANKS) {
    place_loops(m);
    return;
  }
  const uint64_t size = m->einsum->rank[rank].size;
  for (uint64_t a = 1; a <= rows && a <= size; a *= 2) {
    for (uint64_t b = 1; b <= cols && a * b <= size; b *= 2) {
      m->spread[rank][0] = a;
      m->spread[rank][1] = b;
      unsigned loops = 0;
      for (uint64_t rest = size / a / b; rest > 1; rest /= 2) {
        loops++;
      }
      m->left[rank] = loops;
      place_spreads(m, rank + 1, rows / a, cols / b);
    }
  }
}

static void run(mapper *m) {
  const cds_arch *arch = m->arch;
  assert_int_equal(m->einsum->ranks, RANKS);
  assert_int_equal(m->einsum->tensors, TENSORS);
  assert_int_equal(arch->levels, 2);
  assert_true(arch->arrays <= 1);
  m->scratch = cds_arena_new();
  m->diag = cds_diag_new(m->scratch);
  const bool array = arch->arrays > 0;
  const bool plane = array && arch->array[0].axes > 1;
  place_spreads(m, 0, array ? arch->array[0].extent[0] : 1,
                plane ? arch->array[0].extent[1] : 1);
  cds_arena_free(m->scratch);
}

void all_mappings(all_points *out, const cds_arch *arch,
                  const cds_einsum *einsum, double power_limit_w) {
  mapper m = {.out = out,
              .arch = arch,
              .einsum = einsum,
              .power_limit_w = power_limit_w,
              .visit = add_point,
              .payload = out};
  out->points = 0;
  out->tried = 0;
  out->fitting = 0;
  run(&m);
}

uint64_t all_mappings_each(const cds_arch *arch, const cds_einsum *einsum,
                           all_mappings_visit *visit, void *payload) {
  static all_points count;
  mapper m = {.out = &count,
              .arch = arch,
              .einsum = einsum,
              .power_limit_w = (double)INFINITY,
              .visit = visit,
              .payload = payload};
  count.tried = count.fitting = 0;
  run(&m);
  return count.fitting;
}
