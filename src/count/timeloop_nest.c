/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks of loops by level, and boxes of tensors. */
#include "count/timeloop_nest.h"

#include <limits.h>

#include "base/checked.h"

/* What the reading of a mapping shares. */
typedef struct reading {
  cds_timeloop_nest *nest;
  const cds_mapping *mapping;
  cds_place place;
  cds_diag *diag;
  unsigned begin[CDS_LEVELS_MAX + 1]; /* first node of each level's block */
} reading;

static bool is_loop(const cds_node *node, cds_node_kind kind) {
  return node->kind == kind && node->trips > 1;
}

static cds_status refuse(const reading *it, const char *what, unsigned level) {
  cds_diag_error(it->diag, it->place,
                 "Timeloop has no such mapping: %s '%s': expected the holders "
                 "of a level at one place, then its loops, then its spreads",
                 what, it->nest->arch->level[level].name);
  return CDS_EINPUT;
}

/* The first and the last node that hold something at the level. */
static bool find_holds(unsigned *first, unsigned *last, const reading *it,
                       unsigned level) {
  bool found = false;
  for (unsigned n = 0; n < it->mapping->nodes; n++) {
    const cds_node *node = &it->mapping->node[n];
    if (node->kind == CDS_HOLD && node->level == level) {
      *first = found ? *first : n;
      *last = n;
      found = true;
    }
  }
  return found;
}

/* Where the block of a level without holders begins: behind the spreads over
 * the arrays above it. Where there are none, its loops may as well be those of
 * the level above: counts are the same. */
static unsigned after_spreads(const reading *it, unsigned level) {
  unsigned begin = it->begin[level - 1];
  for (unsigned n = begin; n < it->mapping->nodes; n++) {
    const cds_node *node = &it->mapping->node[n];
    if (is_loop(node, CDS_SPREAD) &&
        node->array < it->nest->arch->level[level].depth) {
      begin = n + 1;
    }
  }
  return begin;
}

static cds_status find_blocks(reading *it) {
  const unsigned levels = it->nest->arch->levels;
  it->begin[0] = 0;
  it->begin[levels] = it->mapping->nodes;
  for (unsigned level = 1; level < levels; level++) {
    unsigned first = 0;
    unsigned last = 0;
    if (!find_holds(&first, &last, it, level)) {
      it->begin[level] = after_spreads(it, level);
      continue;
    }
    for (unsigned n = first; n < last; n++) {
      const cds_node *node = &it->mapping->node[n];
      if (node->kind != CDS_HOLD && node->trips > 1) {
        return refuse(it, "loops stand between the holders of level", level);
      }
    }
    it->begin[level] = first;
  }
  return CDS_OK;
}

/* Levels in order: loops between two holders may be of trip one only. */
static cds_status check_order(reading *it) {
  for (unsigned level = 1; level < it->nest->arch->levels; level++) {
    for (unsigned n = it->begin[level]; n < it->begin[level - 1]; n++) {
      const cds_node *node = &it->mapping->node[n];
      if (node->kind != CDS_HOLD && node->trips > 1) {
        return refuse(it, "loops of an outer level stand inside of level",
                      level);
      }
    }
    if (it->begin[level] < it->begin[level - 1]) {
      it->begin[level] = it->begin[level - 1];
    }
  }
  return CDS_OK;
}

static cds_status read_block(reading *it, unsigned level) {
  cds_timeloop_nest *nest = it->nest;
  const cds_arch *arch = nest->arch;
  cds_timeloop_block *block = &nest->block[level];
  const unsigned above = arch->level[level].depth;
  const unsigned below =
      level + 1 < arch->levels ? arch->level[level + 1].depth : arch->arrays;
  *block = (cds_timeloop_block){.first = nest->loops,
                                .spread = nest->loops,
                                .fanout = 1,
                                .cols = 1,
                                .rows = 1,
                                .used_cols = 1};
  if (below > above + 1) {
    return refuse(it, "several arrays stand below level", level);
  }
  for (unsigned axis = 0; below > above && axis < arch->array[above].axes;
       axis++) {
    const bool rows = cds_array_direction(&arch->array[above], axis) == 0;
    *(rows ? &block->rows : &block->cols) = arch->array[above].extent[axis];
  }
  for (unsigned n = it->begin[level]; n < it->begin[level + 1]; n++) {
    const cds_node *node = &it->mapping->node[n];
    if (node->kind == CDS_HOLD || node->trips == 1) {
      continue;
    }
    cds_timeloop_loop *loop = &nest->loop[nest->loops++];
    *loop = (cds_timeloop_loop){.rank = node->rank, .trips = node->trips};
    if (node->kind == CDS_FOR) {
      if (block->fanout > 1) {
        return refuse(it, "a loop stands inside of the spreads of level",
                      level);
      }
      block->spread = nest->loops;
      continue;
    }
    if (node->array < above || node->array >= below) {
      return refuse(it, "spreads of another level stand in the loops of level",
                    level);
    }
    loop->rows =
        cds_array_direction(&arch->array[node->array], node->axis) == 0;
    block->fanout *= node->trips;
    block->used_cols *= loop->rows ? 1 : node->trips;
  }
  block->end = nest->loops;
  return CDS_OK;
}

/* The last passes: digits of the last index of each rank, inner to outer. */
static cds_status set_last(cds_timeloop_nest *nest) {
  uint64_t rest[CDS_RANKS_MAX];
  nest->perfect = true;
  for (unsigned rank = 0; rank < nest->einsum->ranks; rank++) {
    rest[rank] = nest->einsum->rank[rank].size - 1;
  }
  for (unsigned at = nest->loops; at-- > 0;) {
    cds_timeloop_loop *loop = &nest->loop[at];
    loop->last = rest[loop->rank] % loop->trips + 1;
    rest[loop->rank] /= loop->trips;
    nest->perfect = nest->perfect && loop->last == loop->trips;
  }
  for (unsigned rank = 0; rank < nest->einsum->ranks; rank++) {
    if (rest[rank] != 0) {
      return CDS_EINTERNAL; /* a mapping that validation refuses */
    }
  }
  return CDS_OK;
}

/* Whether our pieces are those of Timeloop, whose factors are the radix of the
 * index: as long as the product of the factors inside, and dealt out one after
 * the other. */
static cds_status check_pieces(const reading *it, const cds_node *node,
                               const cds_timeloop_loop *loop, uint64_t before) {
  const uint64_t length = cds_node_length(node, before);
  const bool even = before == length * node->trips;
  const char *rank = it->nest->einsum->rank[node->rank].name;
  if (node->kind == CDS_SPREAD && node->split != CDS_SPLIT_CONTIGUOUS &&
      !even) {
    cds_diag_error(it->diag, it->place,
                   "Timeloop has no such mapping: 'spread %s %llu' deals %llu "
                   "out evenly: expected 'contiguous'",
                   rank, (unsigned long long)node->trips,
                   (unsigned long long)before);
    return CDS_EINPUT;
  }
  if (length != loop->stride) {
    cds_diag_error(it->diag, it->place,
                   "Timeloop has no such mapping: '%s %s %llu' cuts %llu into "
                   "pieces of %llu: expected 'length %llu', the product of the "
                   "factors inside of it",
                   node->kind == CDS_FOR ? "for" : "spread", rank,
                   (unsigned long long)node->trips, (unsigned long long)before,
                   (unsigned long long)length,
                   (unsigned long long)loop->stride);
    return CDS_EINPUT;
  }
  return CDS_OK;
}

/* Loops stand in the order of their nodes. */
static cds_status check_all_pieces(const reading *it) {
  uint64_t before[CDS_RANKS_MAX];
  unsigned loops = 0;
  for (unsigned rank = 0; rank < it->nest->einsum->ranks; rank++) {
    before[rank] = it->nest->einsum->rank[rank].size;
  }
  for (unsigned n = 0; n < it->mapping->nodes; n++) {
    const cds_node *node = &it->mapping->node[n];
    if (node->kind == CDS_HOLD || node->trips == 1) {
      continue;
    }
    CDS_TRY(
        check_pieces(it, node, &it->nest->loop[loops++], before[node->rank]));
    before[node->rank] = cds_node_length(node, before[node->rank]);
  }
  return CDS_OK;
}

static cds_status set_strides(cds_timeloop_nest *nest) {
  uint64_t extent[CDS_RANKS_MAX];
  for (unsigned rank = 0; rank < CDS_RANKS_MAX; rank++) {
    extent[rank] = 1;
  }
  for (unsigned at = nest->loops; at-- > 0;) {
    cds_timeloop_loop *loop = &nest->loop[at];
    loop->stride = extent[loop->rank];
    if (!cds_mul_u64(&extent[loop->rank], loop->stride, loop->trips)) {
      return CDS_ELIMIT;
    }
  }
  return set_last(nest);
}

cds_status cds_timeloop_nest_read(cds_timeloop_nest *out, const cds_arch *arch,
                                  const cds_einsum *einsum,
                                  const cds_mapping *mapping, cds_place place,
                                  cds_diag *diag) {
  reading it = {.nest = out, .mapping = mapping, .place = place, .diag = diag};
  out->arch = arch;
  out->einsum = einsum;
  out->loops = 0;
  CDS_TRY(find_blocks(&it));
  CDS_TRY(check_order(&it));
  for (unsigned level = 0; level < arch->levels; level++) {
    CDS_TRY(read_block(&it, level));
  }
  CDS_TRY(set_strides(out));
  return check_all_pieces(&it);
}

/* ---- boxes -------------------------------------------------------------- */

cds_status cds_timeloop_hull(cds_timeloop_box *out, uint64_t *words,
                             const cds_timeloop_nest *nest, unsigned tensor,
                             unsigned first) {
  const cds_tensor *which = &nest->einsum->tensor[tensor];
  uint64_t last[CDS_RANKS_MAX] = {0};    /* largest index of each rank */
  bool outside[CDS_RANKS_MAX] = {false}; /* loops of it have more passes */
  for (unsigned at = 0; at < first; at++) {
    const cds_timeloop_loop *loop = &nest->loop[at];
    outside[loop->rank] = outside[loop->rank] || loop->last > 1;
  }
  for (unsigned at = first; at < nest->loops; at++) {
    const cds_timeloop_loop *loop = &nest->loop[at];
    last[loop->rank] +=
        ((outside[loop->rank] ? loop->trips : loop->last) - 1) * loop->stride;
  }
  out->axes = which->axes;
  *words = 1;
  for (unsigned axis = 0; axis < which->axes; axis++) {
    uint64_t size = 1;
    for (unsigned term = 0; term < which->axis[axis].terms; term++) {
      const cds_term *at = &which->axis[axis].term[term];
      uint64_t reach = 0;
      if (!cds_mul_u64(&reach, at->coefficient, last[at->rank]) ||
          !cds_add_u64(&size, size, reach)) {
        return CDS_ELIMIT;
      }
    }
    out->size[axis] = size;
    if (size > INT64_MAX || !cds_mul_u64(words, *words, size)) {
      return CDS_ELIMIT;
    }
  }
  return CDS_OK;
}

cds_timeloop_move cds_timeloop_step(const cds_timeloop_nest *nest,
                                    unsigned tensor, unsigned loop) {
  const cds_tensor *which = &nest->einsum->tensor[tensor];
  const cds_timeloop_loop *at = &nest->loop[loop];
  cds_timeloop_move move = {{0}};
  for (unsigned axis = 0; axis < which->axes; axis++) {
    for (unsigned term = 0; term < which->axis[axis].terms; term++) {
      if (which->axis[axis].term[term].rank == at->rank) {
        move.by[axis] +=
            (int64_t)(which->axis[axis].term[term].coefficient * at->stride);
      }
    }
  }
  return move;
}

bool cds_timeloop_same_move(const cds_timeloop_move *a,
                            const cds_timeloop_move *b, unsigned axes) {
  for (unsigned axis = 0; axis < axes; axis++) {
    if (a->by[axis] != b->by[axis]) {
      return false;
    }
  }
  return true;
}
