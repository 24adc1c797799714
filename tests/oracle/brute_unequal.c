/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every mapping, one by one. */
#include "oracle/brute_unequal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  GROUPS_MAX = 8,
  SLOTS_MAX = GROUPS_MAX + 1 + 2 * CDS_ARRAYS_MAX,
  NONE = 0 /* a level that holds nothing inside */
};

/* A place of a loop or of a spread, from outside in. */
typedef struct slot {
  bool loop;
  unsigned region;      /* of a loop */
  unsigned array, axis; /* of a spread */
} slot;

typedef struct walk {
  const cds_arch *arch;
  const cds_einsum *einsum;
  const depth_options *options;
  unequal_result *out;
  cds_arena *scratch;
  uint64_t most;
  bool only_count;
  unsigned groups;
  unsigned group_of[CDS_LEVELS_MAX];
  unsigned slots;
  slot slot[SLOTS_MAX];
  uint64_t room[SLOTS_MAX];
  uint64_t trips[CDS_RANKS_MAX][SLOTS_MAX];
  unsigned lacks[CDS_RANKS_MAX];
  bool partial[CDS_RANKS_MAX];
  unsigned held[CDS_TENSORS_MAX][GROUPS_MAX]; /* level, or NONE */
  unsigned order[GROUPS_MAX][CDS_RANKS_MAX];
  unsigned loops[GROUPS_MAX];
} walk;

static bool too_many(const walk *it) { return it->out->mappings > it->most; }

/* ---- one mapping -------------------------------------------------------- */

static void add(cds_mapping *mapping, cds_node node) {
  mapping->node[mapping->nodes++] = node;
}

static unsigned slot_of_region(const walk *it, unsigned region) {
  unsigned s = 0;
  while (!it->slot[s].loop || it->slot[s].region != region) {
    s++;
  }
  return s;
}

static void write(cds_mapping *mapping, const walk *it) {
  mapping->nodes = 0;
  for (unsigned t = 0; t < it->einsum->tensors; t++) {
    add(mapping, (cds_node){.kind = CDS_HOLD, .tensor = t, .level = 0});
  }
  unsigned group = 0;
  for (unsigned s = 0; s < it->slots; s++) {
    const slot *at = &it->slot[s];
    if (at->loop && at->region > 0) {
      group = at->region;
      for (unsigned t = 0; t < it->einsum->tensors; t++) {
        if (it->held[t][group] != NONE) {
          add(mapping, (cds_node){.kind = CDS_HOLD,
                                  .tensor = t,
                                  .level = it->held[t][group]});
        }
      }
    }
    for (unsigned i = 0; at->loop && i < it->loops[at->region]; i++) {
      const unsigned r = it->order[at->region][i];
      add(mapping,
          (cds_node){.kind = CDS_FOR, .rank = r, .trips = it->trips[r][s]});
    }
    for (unsigned r = 0; !at->loop && r < it->einsum->ranks; r++) {
      if (it->trips[r][s] > 1) {
        add(mapping, (cds_node){.kind = CDS_SPREAD,
                                .rank = r,
                                .array = at->array,
                                .axis = at->axis,
                                .trips = it->trips[r][s]});
      }
    }
  }
}

/* No holder may have loops over both ranks of a window above it. */
static bool both_looped(const walk *it) {
  for (unsigned t = 0; t < it->einsum->tensors; t++) {
    unsigned last = 0; /* the innermost group that holds it */
    for (unsigned g = 1; g <= it->groups; g++) {
      last = it->held[t][g] != NONE ? g : last;
    }
    const cds_tensor *tensor = &it->einsum->tensor[t];
    for (unsigned a = 0; a < tensor->axes; a++) {
      cds_term term[CDS_TERMS_MAX];
      if (cds_axis_long_terms(term, it->einsum, &tensor->axis[a]) < 2) {
        continue;
      }
      bool looped[2] = {false, false};
      for (unsigned region = 0; region < last; region++) {
        const unsigned s = slot_of_region(it, region);
        looped[0] = looped[0] || it->trips[term[0].rank][s] > 1;
        looped[1] = looped[1] || it->trips[term[1].rank][s] > 1;
      }
      if (looped[0] && looped[1]) {
        return true;
      }
    }
  }
  return false;
}

static void try_mapping(walk *it) {
  static cds_counts counts;
  static cds_mapping mapping;
  if (both_looped(it)) {
    return;
  }
  it->out->mappings++;
  if (it->only_count) {
    return;
  }
  write(&mapping, it);
  if (cds_count(&counts, it->arch, it->einsum, &mapping, it->scratch) !=
      CDS_OK) {
    fprintf(stderr, "brute force: a mapping cannot be counted\n");
    exit(EXIT_FAILURE);
  }
  it->out->uneven += !cds_mapping_perfect(&mapping, it->einsum);
  cds_misfit misfit;
  cds_cost cost;
  if (cds_price_fits(&misfit, it->arch, it->einsum, &counts) != CDS_OK ||
      cds_price_einsum(&cost, it->arch, it->einsum, &counts,
                       it->options->power_limit_w) != CDS_OK) {
    return;
  }
  for (unsigned g = 0; g < it->options->goals; g++) {
    const double value = depth_value(it->options->goal[g], &cost);
    if (!it->out->found || value < it->out->value[g]) {
      it->out->value[g] = value;
      it->out->best[g] = mapping;
    }
  }
  it->out->found = true;
}

/* ---- orders ---------------------------------------------------------------
 */

static void choose_order(walk *it, unsigned region);

/* The loops of a region with a block and a slide: outside of the block, then in
 * it; in both whole ranks before partial ones, the slide last. */
static void place(walk *it, unsigned region, unsigned s, unsigned block,
                  unsigned slide) {
  unsigned count = 0;
  for (unsigned part = 0; part < 6; part++) {
    for (unsigned r = 0; r < it->einsum->ranks; r++) {
      const bool inner = block != 0 && it->lacks[r] == block;
      const unsigned of =
          (inner ? 3U : 0U) + (it->partial[r] ? (r == slide ? 2U : 1U) : 0U);
      if (it->trips[r][s] > 1 && of == part) {
        it->order[region][count++] = r;
      }
    }
  }
  it->loops[region] = count;
}

static void choose_order(walk *it, unsigned region) {
  if (too_many(it)) {
    return;
  }
  if (region > it->groups) {
    try_mapping(it);
    return;
  }
  const unsigned s = slot_of_region(it, region);
  /* Blocks and slides of the loops that there are; below all holders the order
   * does not matter. */
  unsigned blocks[CDS_RANKS_MAX] = {0};
  unsigned slides[CDS_RANKS_MAX] = {CDS_RANKS_MAX};
  unsigned b = 0;
  unsigned n = 0;
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    if (it->trips[r][s] < 2) {
      continue;
    }
    bool known = it->lacks[r] == 0;
    for (unsigned i = 0; i < b; i++) {
      known = known || blocks[i] == it->lacks[r];
    }
    if (!known) {
      blocks[b++] = it->lacks[r];
    }
    if (it->partial[r]) {
      slides[n++] = r;
    }
  }
  const bool last = region == it->groups;
  for (unsigned i = 0; i < (b == 0 || last ? 1 : b); i++) {
    for (unsigned j = 0; j < (n == 0 || last ? 1 : n); j++) {
      place(it, region, s, blocks[i], slides[j]);
      choose_order(it, region + 1);
    }
  }
}

/* ---- holders --------------------------------------------------------------
 */

static void choose_holders(walk *it, unsigned tensor, unsigned group) {
  if (too_many(it)) {
    return;
  }
  if (tensor == it->einsum->tensors) {
    choose_order(it, 0);
    return;
  }
  if (group > it->groups) {
    choose_holders(it, tensor + 1, 1);
    return;
  }
  const cds_tensor *which = &it->einsum->tensor[tensor];
  for (unsigned holder = 0; holder < it->arch->levels; holder++) {
    if (holder != NONE && it->group_of[holder] != group) {
      continue;
    }
    bool allowed = true;
    for (unsigned l = 1; l < it->arch->levels; l++) {
      const cds_policy policy = cds_level_policy(it->arch, l, which);
      if (it->group_of[l] == group &&
          ((policy == CDS_MUST && l != holder) ||
           (policy == CDS_MUST_NOT && l == holder))) {
        allowed = false;
      }
    }
    if (allowed) {
      it->held[tensor][group] = holder;
      choose_holders(it, tensor, group + 1);
    }
  }
}

/* ---- parts ----------------------------------------------------------------
 */

static uint64_t up(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

static void divide(walk *it, unsigned rank, unsigned s, uint64_t left) {
  if (too_many(it)) {
    return;
  }
  if (rank == it->einsum->ranks) {
    choose_holders(it, 0, 1);
    return;
  }
  if (s == it->slots) {
    if (left == 1) {
      const unsigned next = rank + 1;
      divide(it, next, 0,
             next < it->einsum->ranks ? it->einsum->rank[next].size : 1);
    }
    return;
  }
  const uint64_t room = it->room[s];
  for (uint64_t n = 1; n <= left && (it->slot[s].loop || n <= room); n++) {
    const uint64_t part = up(left, n);
    if (up(left, part) == n) {
      it->trips[rank][s] = n;
      it->room[s] = room / n;
      divide(it, rank, s + 1, part);
      it->room[s] = room;
    }
  }
}

/* ---- the pair ---------------------------------------------------------------
 */

static void list_slots(walk *it) {
  const cds_arch *arch = it->arch;
  unsigned depth = 0;
  for (unsigned l = 0; l <= arch->levels; l++) {
    const bool new_group =
        l > 0 && (l == arch->levels || l == 1 ||
                  arch->level[l].position != arch->level[l - 1].position);
    if (new_group) {
      it->slot[it->slots++] = (slot){.loop = true, .region = it->groups};
      const unsigned below =
          l == arch->levels ? arch->arrays : arch->level[l].depth;
      for (; depth < below; depth++) {
        for (unsigned x = 0; x < arch->array[depth].axes; x++) {
          it->room[it->slots] = arch->array[depth].extent[x];
          it->slot[it->slots++] = (slot){.array = depth, .axis = x};
        }
      }
      it->groups += l < arch->levels;
    }
    if (l < arch->levels) {
      it->group_of[l] = it->groups;
    }
  }
}

static void look_at_ranks(walk *it) {
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    for (unsigned t = 0; t < it->einsum->tensors; t++) {
      const cds_tensor *tensor = &it->einsum->tensor[t];
      bool has = false;
      for (unsigned a = 0; a < tensor->axes; a++) {
        cds_term term[CDS_TERMS_MAX];
        const unsigned terms =
            cds_axis_long_terms(term, it->einsum, &tensor->axis[a]);
        for (unsigned i = 0; i < terms; i++) {
          has = has || term[i].rank == r;
          it->partial[r] = it->partial[r] || (term[i].rank == r && terms > 1);
        }
      }
      it->lacks[r] |= has ? 0 : 1U << t;
    }
  }
}

bool brute_unequal(unequal_result *out, const cds_arch *arch,
                   const cds_einsum *einsum, const depth_options *options,
                   uint64_t most) {
  walk *it = calloc(1, sizeof *it);
  memset(out, 0, sizeof *out);
  it->arch = arch;
  it->einsum = einsum;
  it->options = options;
  it->out = out;
  it->most = most;
  it->scratch = cds_arena_new();
  list_slots(it);
  look_at_ranks(it);
  it->only_count = true;
  divide(it, 0, 0, einsum->rank[0].size);
  const bool few = !too_many(it);
  out->mappings = 0;
  it->only_count = false;
  if (few) {
    divide(it, 0, 0, einsum->rank[0].size);
  }
  cds_arena_free(it->scratch);
  free(it);
  return few;
}
