/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stage under outer loops: how long its ranks are in a pass, how often it
 * runs on the same and on other outputs, and what comes to the homes of its
 * tensors: the loads of a holder in a nest that has nothing but these loops.
 */
#include "count/fusion.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"
#include "count/loads.h"

typedef struct cds_placing {
  const cds_fused_group *group;
  const cds_arch *arch;
  const cds_outer_node *outer;
  unsigned outers;
  cds_arena *scratch;
} cds_placing;

static bool is_loop(const cds_outer_node *node) {
  return node->kind == CDS_OUTER_FOR && node->trips > 1;
}

/* The outer node that holds the tensor, moved up to behind the innermost loop
 * above it on a rank of the tensor; `outers` if there is none. */
static unsigned place_of(const cds_placing *it, unsigned tensor,
                         unsigned *level) {
  unsigned place = 0;
  for (unsigned n = 0; n < it->outers; n++) {
    const cds_outer_node *node = &it->outer[n];
    if (node->kind == CDS_OUTER_HOLD && node->tensor == tensor) {
      *level = node->level;
      return place;
    }
    if (is_loop(node) && cds_fused_tensor_has(it->group, tensor, node->rank)) {
      place = n + 1;
    }
  }
  *level = 0;
  return it->outers;
}

/* The rank of an einsum that is one of the group; UINT_MAX: none. */
static unsigned own_rank(const cds_fused_einsum *stage, unsigned rank) {
  for (unsigned r = 0; r < stage->einsum->ranks; r++) {
    if (stage->rank[r] == rank) {
      return r;
    }
  }
  return UINT_MAX;
}

/* The nest of outer loops down to a place, a holder, all else inside: loops on
 * ranks that the einsum lacks stand on one more rank. */
typedef struct cds_outer_nest {
  cds_einsum einsum;
  cds_mapping mapping;
} cds_outer_nest;

static cds_status make_nest(cds_outer_nest *out, const cds_placing *it,
                            const cds_fused_einsum *stage, unsigned place) {
  out->einsum = *stage->einsum;
  out->mapping.nodes = 0;
  const unsigned again = out->einsum.ranks;
  if (again == CDS_RANKS_MAX) {
    return CDS_ELIMIT;
  }
  out->einsum.ranks++;
  out->einsum.rank[again] = (cds_rank){.name = "again", .size = 1, .real = 1};
  uint64_t left[CDS_RANKS_MAX];
  for (unsigned r = 0; r < out->einsum.ranks; r++) {
    left[r] = out->einsum.rank[r].size;
  }
  for (unsigned n = 0; n < place; n++) {
    if (!is_loop(&it->outer[n])) {
      continue;
    }
    const unsigned own = own_rank(stage, it->outer[n].rank);
    const uint64_t trips = it->outer[n].trips;
    cds_node *node = &out->mapping.node[out->mapping.nodes++];
    memset(node, 0, sizeof *node);
    node->kind = CDS_FOR;
    node->rank = own == UINT_MAX ? again : own;
    node->trips = trips;
    if (own == UINT_MAX) {
      uint64_t *size = &out->einsum.rank[again].size;
      if (!cds_mul_u64(size, *size, trips)) {
        return CDS_ELIMIT;
      }
    } else {
      left[own] /= trips;
    }
  }
  out->mapping.node[out->mapping.nodes++] = (cds_node){.kind = CDS_HOLD};
  for (unsigned r = 0; r < again; r++) {
    cds_node *node = &out->mapping.node[out->mapping.nodes++];
    memset(node, 0, sizeof *node);
    node->kind = CDS_FOR;
    node->rank = r;
    node->trips = left[r];
  }
  return CDS_OK;
}

/* Loops of the nest that stand above the place. */
static unsigned loops_above(const cds_placing *it, unsigned place) {
  unsigned loops = 0;
  for (unsigned n = 0; n < place; n++) {
    loops += is_loop(&it->outer[n]);
  }
  return loops;
}

static cds_status set_home(cds_home *out, const cds_placing *it,
                           unsigned tensor) {
  const cds_fused_tensor *shared = &it->group->tensor[tensor];
  const cds_fused_einsum *first = &it->group->stage[shared->first];
  memset(out, 0, sizeof *out);
  unsigned place = place_of(it, tensor, &out->level);
  if (out->level == 0) {
    return CDS_OK;
  }
  unsigned own = 0;
  while (first->tensor[own] != tensor) {
    own++;
  }
  place = shared->intermediate ? it->outers : place;
  cds_outer_nest *nest = cds_arena_alloc(it->scratch, sizeof *nest);
  if (nest == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(make_nest(nest, it, first, place));
  const cds_holder holder = {.einsum = &nest->einsum,
                             .mapping = &nest->mapping,
                             .tensor = own,
                             .position = loops_above(it, place)};
  CDS_TRY(cds_tile_words(&out->tile_words, &holder, it->scratch));
  if (shared->intermediate) {
    return CDS_OK;
  }
  for (unsigned n = 0; n < place; n++) {
    out->replaced = out->replaced || (is_loop(&it->outer[n]) &&
                                      cds_fused_tensor_has(it->group, tensor,
                                                           it->outer[n].rank));
  }
  return cds_loads(&out->loads, NULL, &holder, 0, 0, it->scratch);
}

/* Whether the output is left with sums between two passes. */
static bool left_with_sums(const cds_placing *it, unsigned tensor) {
  const cds_fused_tensor *shared = &it->group->tensor[tensor];
  for (unsigned n = 0; n < it->outers; n++) {
    if (is_loop(&it->outer[n]) && shared->maker < it->group->stages &&
        !cds_fused_tensor_has(it->group, tensor, it->outer[n].rank) &&
        cds_fused_stage_has(it->group, shared->maker, it->outer[n].rank)) {
      return true;
    }
  }
  return false;
}

static const cds_tensor *plain_tensor(const cds_fused_group *group,
                                      unsigned tensor) {
  const cds_fused_einsum *first = &group->stage[group->tensor[tensor].first];
  unsigned own = 0;
  while (first->tensor[own] != tensor) {
    own++;
  }
  return &first->einsum->tensor[own];
}

/* What a tensor of other stages takes of its level meanwhile. */
static cds_status take_room(cds_fused_pass *out, const cds_placing *it,
                            unsigned tensor, unsigned index) {
  const cds_fused_tensor *shared = &it->group->tensor[tensor];
  const cds_tensor *plain = plain_tensor(it->group, tensor);
  cds_home home;
  CDS_TRY(set_home(&home, it, tensor));
  const bool alive = !shared->intermediate ||
                     (shared->maker <= index && index <= shared->last);
  if (home.level == 0 || !alive) {
    return CDS_OK;
  }
  const cds_level *level = &it->arch->level[home.level];
  const bool twice = home.replaced && it->arch->overlap == CDS_OVERLAP_NATIVE &&
                     level->buffering == CDS_BUFFER_DOUBLE;
  const unsigned bits =
      left_with_sums(it, tensor) ? plain->accumulator.bits : plain->format.bits;
  uint64_t *taken = &out->stage.taken_bits[home.level];
  uint64_t more = 0;
  const bool fine =
      cds_mul_u64(&more, home.tile_words, (uint64_t)bits * (twice ? 2 : 1)) &&
      cds_add_u64(taken, *taken, more);
  return fine ? CDS_OK : CDS_ELIMIT;
}

static bool has_tensor(const cds_fused_einsum *stage, unsigned tensor) {
  for (unsigned t = 0; t < stage->einsum->tensors; t++) {
    if (stage->tensor[t] == tensor) {
      return true;
    }
  }
  return false;
}

/* Lengths of a pass, rounds and repeats. */
static cds_status set_passes(cds_fused_pass *out, const cds_placing *it,
                             const cds_fused_einsum *stage) {
  const cds_tensor *output = &stage->einsum->tensor[stage->einsum->tensors - 1];
  out->stage.rounds = out->stage.repeats = 1;
  for (unsigned n = 0; n < it->outers; n++) {
    if (!is_loop(&it->outer[n])) {
      continue;
    }
    const unsigned own = own_rank(stage, it->outer[n].rank);
    const uint64_t trips = it->outer[n].trips;
    const bool reduced = own < UINT_MAX && !cds_tensor_has_rank(output, own);
    uint64_t *times = reduced ? &out->stage.rounds : &out->stage.repeats;
    if (!cds_mul_u64(times, *times, trips)) {
      return CDS_ELIMIT;
    }
    if (own < UINT_MAX) {
      out->einsum.rank[own].size /= trips;
    }
  }
  for (unsigned r = 0; r < out->einsum.ranks; r++) {
    out->einsum.rank[r].real = out->einsum.rank[r].size;
  }
  return CDS_OK;
}

cds_status cds_fused_pass_set(cds_fused_pass *out, const cds_fused_group *group,
                              const cds_arch *arch, const cds_outer_node *outer,
                              unsigned outers, unsigned index,
                              cds_arena *scratch) {
  const cds_fused_einsum *stage = &group->stage[index];
  const cds_placing it = {group, arch, outer, outers, scratch};
  const cds_arena_mark mark = cds_arena_mark_get(scratch);
  memset(&out->stage, 0, sizeof out->stage);
  out->einsum = *stage->einsum;
  out->einsum.stage = &out->stage;
  cds_status status = set_passes(out, &it, stage);
  for (unsigned t = 0; status == CDS_OK && t < stage->einsum->tensors; t++) {
    cds_home *home = &out->stage.home[t];
    const unsigned tensor = stage->tensor[t];
    status = set_home(home, &it, tensor);
    if (group->tensor[tensor].first != index) {
      home->loads = 0;
    }
  }
  for (unsigned t = 0; status == CDS_OK && t < group->tensors; t++) {
    if (!has_tensor(stage, t)) {
      status = take_room(out, &it, t, index);
    }
  }
  cds_arena_reset(scratch, mark);
  return status;
}
