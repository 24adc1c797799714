/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Slots: a block of loops for each level, each axis of each array. A mapping is
 * a set of kept tensors for each level, a factor of each rank in each slot, and
 * an order of the ranks in each slot. Nothing is left out for reasons of cost.
 */
#include "oracle/timeloop_brute.h"

#include <math.h>
#include <string.h>

enum { SLOTS = CDS_LEVELS_MAX + 2 * CDS_ARRAYS_MAX };

typedef struct slot {
  bool spread, closed; /* closed: no loops may stand there */
  unsigned level;      /* whose block it is, or above the array */
  unsigned array, axis;
  uint64_t room;
  unsigned ranks;
  unsigned rank[CDS_RANKS_MAX];
} slot;

typedef struct brute {
  timeloop_brute *out;
  const cds_arch *arch;
  const cds_einsum *einsum;
  uint64_t most;
  unsigned kept[CDS_LEVELS_MAX];
  unsigned slots;
  slot slot[SLOTS];
  uint64_t factor[SLOTS][CDS_RANKS_MAX];
  cds_arena *arena;
  cds_diag *diag;
} brute;

static cds_node *add(cds_mapping *mapping, cds_node_kind kind) {
  cds_node *node = &mapping->node[mapping->nodes++];
  memset(node, 0, sizeof *node);
  node->kind = kind;
  return node;
}

static void write(cds_mapping *mapping, const brute *it) {
  mapping->nodes = 0;
  for (unsigned s = 0; s < it->slots; s++) {
    const slot *at = &it->slot[s];
    for (unsigned t = 0; t < it->einsum->tensors && !at->spread; t++) {
      if ((it->kept[at->level] >> t & 1U) != 0) {
        cds_node *node = add(mapping, CDS_HOLD);
        node->tensor = t;
        node->level = at->level;
      }
    }
    for (unsigned i = 0; i < at->ranks; i++) {
      cds_node *node = add(mapping, at->spread ? CDS_SPREAD : CDS_FOR);
      node->rank = at->rank[i];
      node->trips = it->factor[s][at->rank[i]];
      node->array = at->array;
      node->axis = at->axis;
    }
  }
}

static void look_at(brute *it) {
  timeloop_brute *out = it->out;
  const cds_arena_mark mark = cds_arena_mark_get(it->arena);
  const cds_reader reader = {.arena = it->arena, .diag = it->diag};
  const cds_place nowhere = {0};
  cds_mapping mapping;
  cds_timeloop_counts counts;
  cds_timeloop_cost cost;
  cds_misfit misfit;
  write(&mapping, it);
  out->too_many = ++out->mappings > it->most;
  if (cds_timeloop_count(&counts, it->arch, it->einsum, &mapping, nowhere,
                         &reader) == CDS_OK &&
      cds_timeloop_fits(&misfit, it->arch, it->einsum, &counts) == CDS_OK &&
      cds_timeloop_price(&cost, it->arch, it->einsum, &counts) == CDS_OK) {
    for (unsigned g = 0; g < TIMELOOP_GOALS; g++) {
      const double value =
          pow(cost.energy_pj, out->energy[g]) * pow(cost.cycles, out->time[g]);
      out->value[g] = out->found ? fmin(out->value[g], value) : value;
    }
    out->found = true;
  }
  cds_arena_reset(it->arena, mark);
}

/* Every order of the ranks of slot s from place i on, and of all slots further
 * in. */
static void order(brute *it, unsigned s, unsigned i) {
  if (it->out->too_many) {
    return;
  }
  if (s == it->slots) {
    look_at(it);
    return;
  }
  slot *at = &it->slot[s];
  if (i >= at->ranks) {
    order(it, s + 1, 0);
    return;
  }
  for (unsigned k = i; k < at->ranks; k++) {
    const unsigned a = at->rank[i];
    at->rank[i] = at->rank[k];
    at->rank[k] = a;
    order(it, s, i + 1);
    at->rank[k] = at->rank[i];
    at->rank[i] = a;
  }
}

static void list_orders(brute *it) {
  for (unsigned s = 0; s < it->slots; s++) {
    it->slot[s].ranks = 0;
    for (unsigned r = 0; r < it->einsum->ranks; r++) {
      if (it->factor[s][r] > 1) {
        it->slot[s].rank[it->slot[s].ranks++] = r;
      }
    }
  }
  order(it, 0, 0);
}

/* Every factor of rank r in slot s, so much of it being left. */
static void factors(brute *it, unsigned r, unsigned s, uint64_t left) {
  if (it->out->too_many) {
    return;
  }
  if (r == it->einsum->ranks) {
    list_orders(it);
    return;
  }
  if (s == it->slots) {
    if (left == 1) {
      const bool last = r + 1 == it->einsum->ranks;
      factors(it, r + 1, 0, last ? 1 : it->einsum->rank[r + 1].size);
    }
    return;
  }
  slot *at = &it->slot[s];
  for (uint64_t f = 1; f <= left && f <= at->room; f++) {
    if (left % f != 0 || (at->closed && f > 1)) {
      continue;
    }
    const uint64_t room = at->room;
    at->room = at->spread ? room / f : room;
    it->factor[s][r] = f;
    factors(it, r, s + 1, left / f);
    at->room = room;
  }
}

static void list_slots(brute *it) {
  const cds_arch *arch = it->arch;
  it->slots = 0;
  for (unsigned l = 0; l < arch->levels; l++) {
    const bool last = l + 1 == arch->levels;
    const unsigned below = last ? arch->arrays : arch->level[l + 1].depth;
    it->slot[it->slots++] =
        (slot){.level = l,
               .closed = !last &&
                         arch->level[l].position == arch->level[l + 1].position,
               .room = UINT64_MAX};
    for (unsigned k = arch->level[l].depth; k < below; k++) {
      for (unsigned x = 0; x < arch->array[k].axes; x++) {
        it->slot[it->slots++] = (slot){.spread = true,
                                       .level = l,
                                       .array = k,
                                       .axis = x,
                                       .room = arch->array[k].extent[x]};
      }
    }
  }
}

static bool may_keep(const brute *it, unsigned level, unsigned set) {
  for (unsigned t = 0; t < it->einsum->tensors; t++) {
    const bool held = (set >> t & 1U) != 0;
    const cds_policy policy =
        level == 0 ? CDS_MUST
                   : cds_level_policy(it->arch, level, &it->einsum->tensor[t]);
    if ((policy == CDS_MUST && !held) || (policy == CDS_MUST_NOT && held)) {
      return false;
    }
    for (unsigned l = 0; l < level && held; l++) {
      if (it->arch->level[l].position == it->arch->level[level].position &&
          (it->kept[l] >> t & 1U) != 0) {
        return false;
      }
    }
  }
  return true;
}

/* Every set of tensors for the levels from l on. */
static void keep(brute *it, unsigned l) {
  if (l == it->arch->levels) {
    factors(it, 0, 0, it->einsum->rank[0].size);
    return;
  }
  for (unsigned set = 0; set < 1U << it->einsum->tensors; set++) {
    if (may_keep(it, l, set)) {
      it->kept[l] = set;
      keep(it, l + 1);
    }
  }
}

void timeloop_brute_run(timeloop_brute *out, const cds_arch *arch,
                        const cds_einsum *einsum, uint64_t most) {
  static const double energy[TIMELOOP_GOALS] = {1, 1, 0, 1};
  static const double time[TIMELOOP_GOALS] = {1, 0, 1, 2};
  cds_arena *arena = cds_arena_new();
  brute it = {.out = out,
              .arch = arch,
              .einsum = einsum,
              .most = most,
              .arena = arena,
              .diag = cds_diag_new(arena)};
  memset(out, 0, sizeof *out);
  memcpy(out->energy, energy, sizeof energy);
  memcpy(out->time, time, sizeof time);
  list_slots(&it);
  keep(&it, 0);
  cds_arena_free(arena);
}
