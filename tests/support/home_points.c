/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All mappings with tensors at home; see home_points.h. */
#include "support/home_points.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spec/stage.h"

enum { TENSORS = HOME_TENSORS, GLB = HOME_LEVEL, LOOPS_MAX = 8 };

typedef struct mapper {
  home_points *out;
  const cds_arch *arch;
  const cds_einsum *einsum;
  cds_arena *scratch;
  unsigned left[CDS_RANKS_MAX];
  unsigned loops;
  unsigned loop[LOOPS_MAX];
  unsigned gap[TENSORS]; /* loops above the tile in GLB; > loops: none */
  unsigned spread;       /* rank over the array; none: that many ranks */
} mapper;

static void add_point(home_points *out, home_point made) {
  size_t kept = 0;
  for (size_t i = 0; i < out->count; i++) {
    const home_point *at = &out->point[i];
    if (at->energy_pj <= made.energy_pj && at->latency_s <= made.latency_s &&
        at->need_bits <= made.need_bits) {
      return;
    }
    if (at->energy_pj < made.energy_pj || at->latency_s < made.latency_s ||
        at->need_bits < made.need_bits) {
      out->point[kept++] = *at;
    }
  }
  assert_true(kept < HOME_POINTS_MAX);
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
  add_point(m->out,
            (home_point){cost.energy_pj, cost.latency_s, need_bits[GLB]});
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

void home_points_of(home_points *out, const cds_arch *arch,
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
