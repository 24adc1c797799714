/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Without windows a count is a product over the ranks. A tile is a product of
 * one piece of each rank of the tensor; it is brought in by an instance at a
 * step when no rank, of those that the tensor lacks too, has an empty piece
 * there. So
 *
 *   words = prod over ranks of the tensor (sum of the lengths of the pieces)
 *           x prod over the other ranks (pieces that are not empty)
 *
 * with the pieces that differ in the loops above the hoisted holder and in the
 * spreads that are added. The lengths of all pieces sum to the rank's size.
 *
 * The instance with all coordinates 0 is the busiest: at each step its piece
 * of each rank is at least as long as any other's.
 */
#include "count/pieces.h"

#include "base/checked.h"

uint64_t cds_pieces_of(const cds_node *node, uint64_t length, uint64_t part) {
  if (node->kind == CDS_FOR || node->split == CDS_SPLIT_CONTIGUOUS) {
    return cds_ceil_div_u64(length, part);
  }
  return length < node->trips ? length : node->trips;
}

uint64_t cds_piece_length(const cds_node *node, uint64_t length, uint64_t part,
                          uint64_t index) {
  if (node->kind == CDS_FOR || node->split == CDS_SPLIT_CONTIGUOUS) {
    const uint64_t left =
        index < cds_ceil_div_u64(length, part) ? length - index * part : 0;
    return left < part ? left : part;
  }
  return length / node->trips + (index < length % node->trips);
}

unsigned cds_hoisted_place(const cds_holder *holder) {
  if (holder->memoryless) {
    return holder->position;
  }
  const cds_tensor *tensor = &holder->einsum->tensor[holder->tensor];
  unsigned place = holder->position;
  while (place > 0) {
    const cds_node *node = &holder->mapping->node[place - 1];
    if (node->kind == CDS_FOR && node->trips > 1 &&
        cds_tensor_has_rank(tensor, node->rank)) {
      break;
    }
    place--;
  }
  return place;
}

cds_cut cds_cut_of(const cds_mapping *mapping, unsigned node,
                   const cds_cuts *cuts) {
  const cds_node *at = &mapping->node[node];
  if (at->kind == CDS_FOR) {
    return node < cuts->place ? cuts->time : cuts->free;
  }
  if (at->array >= cuts->depth) {
    return cuts->free;
  }
  if (at->array < cuts->from) {
    return cuts->outer;
  }
  return (cuts->united >> at->array & 1U) != 0 ? cuts->free : CDS_CUT_ALL;
}

/* ---- distinct lengths ------------------------------------------------- */

typedef struct cds_piece {
  uint64_t length, count;
} cds_piece;

typedef struct cds_piece_list {
  unsigned count;
  cds_piece *piece;
} cds_piece_list;

static bool add_pieces(cds_piece_list *list, uint64_t length, uint64_t count) {
  if (length == 0 || count == 0) {
    return true;
  }
  for (unsigned i = 0; i < list->count; i++) {
    if (list->piece[i].length == length) {
      return cds_add_u64(&list->piece[i].count, list->piece[i].count, count);
    }
  }
  list->piece[list->count++] = (cds_piece){length, count};
  return true;
}

/* All pieces that the node cuts `from` into: of two lengths at most. */
static bool cut_all(cds_piece_list *to, const cds_node *node, cds_piece from,
                    uint64_t part) {
  uint64_t longer = from.length % node->trips;
  uint64_t shorter = node->trips - longer;
  uint64_t length = from.length / node->trips + 1;
  uint64_t rest = length - 1;
  if (node->kind == CDS_FOR || node->split == CDS_SPLIT_CONTIGUOUS) {
    longer = from.length / part;
    shorter = 1;
    length = part;
    rest = from.length % part;
  }
  return cds_mul_u64(&longer, longer, from.count) &&
         cds_mul_u64(&shorter, shorter, from.count) &&
         add_pieces(to, length, longer) && add_pieces(to, rest, shorter);
}

/* `run`: the length of the piece that the run walks through; it becomes that
 * of the piece after this node. */
static cds_status cut_node(cds_piece_list *list, const cds_node *node,
                           cds_cut cut, uint64_t part, uint64_t *run,
                           cds_arena *scratch) {
  const uint64_t index = cut == CDS_CUT_LAST && node->kind == CDS_FOR
                             ? cds_pieces_of(node, *run, part) - 1
                             : 0;
  *run = cds_piece_length(node, *run, part, index);
  cds_piece_list next = {
      0, cds_arena_array(scratch, 2 * list->count + 1, sizeof *next.piece)};
  if (next.piece == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned i = 0; i < list->count; i++) {
    const cds_piece from = list->piece[i];
    const bool fine =
        cut == CDS_CUT_ALL
            ? cut_all(&next, node, from, part)
            : add_pieces(&next,
                         cds_piece_length(node, from.length, part, index),
                         from.count);
    if (!fine) {
      return CDS_ELIMIT;
    }
  }
  *list = next;
  return CDS_OK;
}

static cds_status cut_rank(cds_piece_list *list, const cds_einsum *einsum,
                           const cds_mapping *mapping, unsigned rank,
                           const cds_cuts *cuts, cds_arena *scratch) {
  uint64_t nominal = einsum->rank[rank].size;
  uint64_t run = nominal;
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind == CDS_HOLD || node->rank != rank || node->trips < 2) {
      continue;
    }
    nominal = cds_node_length(node, nominal);
    CDS_TRY(cut_node(list, node, cds_cut_of(mapping, n, cuts), nominal, &run,
                     scratch));
  }
  return CDS_OK;
}

cds_status cds_sum_pieces(cds_piece_sum *out, const cds_einsum *einsum,
                          const cds_mapping *mapping, unsigned rank,
                          const cds_cuts *cuts, cds_arena *scratch) {
  const cds_arena_mark mark = cds_arena_mark_get(scratch);
  cds_piece whole = {einsum->rank[rank].size, 1};
  cds_piece_list list = {1, &whole};
  const cds_status status =
      cut_rank(&list, einsum, mapping, rank, cuts, scratch);
  *out = (cds_piece_sum){0, 0};
  bool fine = true;
  for (unsigned i = 0; status == CDS_OK && i < list.count; i++) {
    uint64_t length = 0;
    fine = fine &&
           cds_mul_u64(&length, list.piece[i].length, list.piece[i].count) &&
           cds_add_u64(&out->length, out->length, length) &&
           cds_add_u64(&out->pieces, out->pieces, list.piece[i].count);
  }
  cds_arena_reset(scratch, mark);
  return fine ? status : CDS_ELIMIT;
}

/* ---- loads ------------------------------------------------------------ */

/* Product over the ranks: lengths of those of the tensor, numbers of pieces of
 * the others. */
static cds_status rank_product(uint64_t *out, const cds_holder *holder,
                               cds_cuts cuts, cds_arena *scratch) {
  const cds_tensor *tensor = &holder->einsum->tensor[holder->tensor];
  uint64_t product = 1;
  for (unsigned rank = 0; rank < holder->einsum->ranks; rank++) {
    const bool has = cds_tensor_has_rank(tensor, rank);
    cds_piece_sum sum;
    cuts.free = has ? CDS_CUT_ALL : CDS_CUT_FIRST;
    CDS_TRY(cds_sum_pieces(&sum, holder->einsum, holder->mapping, rank, &cuts,
                           scratch));
    if (!cds_mul_u64(&product, product, has ? sum.length : sum.pieces)) {
      return CDS_ELIMIT;
    }
  }
  *out = product;
  return CDS_OK;
}

cds_status cds_piece_loads(cds_uneven_loads *out, const cds_holder *holder,
                           unsigned united, unsigned from, cds_arena *scratch) {
  cds_cuts cuts = {.place = cds_hoisted_place(holder),
                   .depth = holder->depth,
                   .from = from,
                   .united = united,
                   .time = CDS_CUT_ALL,
                   .outer = CDS_CUT_ALL};
  CDS_TRY(rank_product(&out->total, holder, cuts, scratch));
  cuts.outer = CDS_CUT_FIRST;
  CDS_TRY(rank_product(&out->peak, holder, cuts, scratch));
  cuts.time = CDS_CUT_FIRST;
  CDS_TRY(rank_product(&out->first, holder, cuts, scratch));
  cuts.time = CDS_CUT_LAST;
  return rank_product(&out->last, holder, cuts, scratch);
}

cds_status cds_piece_words(uint64_t *out, const cds_holder *holder,
                           unsigned from, cds_arena *scratch) {
  const cds_tensor *tensor = &holder->einsum->tensor[holder->tensor];
  const cds_cuts cuts = {
      .depth = from, .from = from, .outer = CDS_CUT_FIRST, .free = CDS_CUT_ALL};
  *out = 1;
  for (unsigned rank = 0; rank < holder->einsum->ranks; rank++) {
    cds_piece_sum sum;
    if (!cds_tensor_has_rank(tensor, rank)) {
      continue;
    }
    CDS_TRY(cds_sum_pieces(&sum, holder->einsum, holder->mapping, rank, &cuts,
                           scratch));
    if (!cds_mul_u64(out, *out, sum.length)) {
      return CDS_ELIMIT;
    }
  }
  return CDS_OK;
}

cds_status cds_last_group(uint64_t *out, const cds_holder *holder,
                          unsigned united, unsigned from, cds_arena *scratch) {
  const cds_tensor *tensor = &holder->einsum->tensor[holder->tensor];
  const cds_cuts cuts = {.place = cds_hoisted_place(holder),
                         .depth = holder->depth,
                         .from = from,
                         .united = united,
                         .time = CDS_CUT_LAST,
                         .outer = CDS_CUT_ALL,
                         .free = CDS_CUT_FIRST};
  *out = 1;
  for (unsigned rank = 0; rank < holder->einsum->ranks; rank++) {
    cds_piece_sum sum;
    if (cds_tensor_has_rank(tensor, rank)) {
      continue;
    }
    CDS_TRY(cds_sum_pieces(&sum, holder->einsum, holder->mapping, rank, &cuts,
                           scratch));
    if (!cds_mul_u64(out, *out, sum.pieces)) {
      return CDS_ELIMIT;
    }
  }
  return CDS_OK;
}

/* ---- the whole run ---------------------------------------------------- */

static cds_status all_pieces(uint64_t *out, const cds_einsum *einsum,
                             const cds_mapping *mapping, const cds_cuts *cuts,
                             cds_arena *scratch) {
  *out = 1;
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    cds_piece_sum sum;
    CDS_TRY(cds_sum_pieces(&sum, einsum, mapping, rank, cuts, scratch));
    if (!cds_mul_u64(out, *out, sum.pieces)) {
      return CDS_ELIMIT;
    }
  }
  return CDS_OK;
}

cds_status cds_piece_passes(uint64_t *out, const cds_einsum *einsum,
                            const cds_mapping *mapping, unsigned place,
                            cds_arena *scratch) {
  const cds_cuts cuts = {
      .place = place, .time = CDS_CUT_ALL, .free = CDS_CUT_FIRST};
  return all_pieces(out, einsum, mapping, &cuts, scratch);
}

cds_status cds_piece_steps(uint64_t *out, const cds_einsum *einsum,
                           const cds_mapping *mapping, cds_arena *scratch) {
  return cds_piece_passes(out, einsum, mapping, mapping->nodes, scratch);
}

cds_status cds_piece_used(uint64_t *out, const cds_einsum *einsum,
                          const cds_mapping *mapping, unsigned depth,
                          cds_arena *scratch) {
  const cds_cuts cuts = {.depth = depth,
                         .from = depth,
                         .outer = CDS_CUT_ALL,
                         .free = CDS_CUT_FIRST};
  return all_pieces(out, einsum, mapping, &cuts, scratch);
}

/* The digits on the axis are those of its spreads, the outer ones more
 * significant: each in turn as large as there is a piece. */
uint64_t cds_piece_along(const cds_einsum *einsum, const cds_mapping *mapping,
                         unsigned k, unsigned axis) {
  uint64_t nominal[CDS_RANKS_MAX];
  uint64_t length[CDS_RANKS_MAX];
  uint64_t last = 0;
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    nominal[rank] = length[rank] = einsum->rank[rank].size;
  }
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind == CDS_HOLD || node->trips < 2) {
      continue;
    }
    const unsigned rank = node->rank;
    const uint64_t part = cds_node_length(node, nominal[rank]);
    uint64_t digit = 0;
    if (node->kind == CDS_SPREAD && node->array == k && node->axis == axis) {
      digit = cds_pieces_of(node, length[rank], part) - 1;
      last = last * node->trips + digit;
    }
    length[rank] = cds_piece_length(node, length[rank], part, digit);
    nominal[rank] = part;
  }
  return last + 1;
}
