/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live pieces, and tiles along them. */
#include "count/mask.h"

/* sum of floor((a i + b) / m) over i < n, as Euclid's algorithm has it: whole
 * parts of a / m and b / m leave a < m and b < m, then the points below the
 * line are counted along the other axis. The sum fits. */
static uint64_t floor_sum(uint64_t n, uint64_t m, uint64_t a, uint64_t b) {
  uint64_t sum = 0;
  while (n > 0) {
    sum += n * (n - 1) / 2 * (a / m) + n * (b / m);
    a %= m;
    b %= m;
    const uint64_t highest = a * n + b;
    if (highest < m) {
      break;
    }
    n = highest / m;
    b = highest % m;
    const uint64_t swapped = a;
    a = m;
    m = swapped;
  }
  return sum;
}

/* The pieces and the keys before the first query. */
typedef struct cds_pieces_of {
  uint64_t queries, query; /* pieces, and how long each is */
  uint64_t keys, key;
  uint64_t offset;
} cds_pieces_of;

/* Pieces of queries with no more than `few` pieces of keys (fewer than all):
 * i q + q - 1 + offset < few p. */
static uint64_t pieces_with(const cds_pieces_of *it, uint64_t few) {
  const uint64_t reach = few * it->key;
  const uint64_t first =
      it->query + it->offset; /* the last key of piece 0 + 1 */
  const uint64_t count = reach < first ? 0 : 1 + (reach - first) / it->query;
  return count < it->queries ? count : it->queries;
}

/* sum_i (J(i) - 1). Those with all keys come last. */
static uint64_t more_pairs(const cds_pieces_of *it) {
  const uint64_t all = it->keys - 1;
  const uint64_t part = all == 0 ? 0 : pieces_with(it, all);
  return floor_sum(part, it->key, it->query, it->query - 1 + it->offset) +
         (it->queries - part) * all;
}

/* An offset beyond all keys masks as little as all of them. */
static cds_pieces_of pieces_of(const cds_fused_group *group, uint64_t queries,
                               uint64_t keys) {
  const cds_fused_mask *mask = &group->mask;
  const uint64_t size = group->rank[mask->key].size;
  return (cds_pieces_of){.queries = queries,
                         .query = group->rank[mask->query].size / queries,
                         .keys = keys,
                         .key = size / keys,
                         .offset = mask->offset < size ? mask->offset : size};
}

void cds_live_set(cds_live *out, const cds_fused_group *group,
                  const cds_outer *outer) {
  *out = (cds_live){1, 1, 1, 0, 0};
  if (!group->mask.here) {
    return;
  }
  const cds_pieces_of it =
      pieces_of(group, cds_outer_trips_on(outer, group->mask.query),
                cds_outer_trips_on(outer, group->mask.key));
  out->queries = it.queries;
  out->keys = it.keys;
  out->pairs = it.queries + more_pairs(&it);
  out->wide = it.keys < 2 ? 0 : it.queries - pieces_with(&it, 1);
  if (it.queries > 1) { /* those of the last but one piece of queries */
    const uint64_t last = (it.queries - 1) * it.query - 1 + it.offset;
    const uint64_t keys = 1 + last / it.key;
    out->tall = keys < it.keys ? keys : it.keys;
  }
}

/* J(i) of larger pieces of queries is that of their last query, the largest: no
 * part is less than with a query each. */
static double more_part(const cds_fused_group *group, uint64_t trips) {
  const uint64_t queries = group->rank[group->mask.query].size;
  const cds_pieces_of it = pieces_of(group, queries, trips);
  return trips < 2 ? 1
                   : (double)more_pairs(&it) /
                         ((double)queries * (double)(trips - 1)) * (1 - 1e-12);
}

double cds_mask_least_part(const cds_fused_group *group) {
  double least = 1;
  if (!group->mask.here) {
    return least;
  }
  const uint64_t keys = group->rank[group->mask.key].size;
  for (uint64_t d = 1; d <= keys / d; d++) {
    if (keys % d == 0) {
      const double one = more_part(group, d);
      const double other = more_part(group, keys / d);
      least = one < least ? one : least;
      least = other < least ? other : least;
    }
  }
  return least;
}

/* ---- tiles at home --------------------------------------------------- */

/*
 * Loops before the place, those of the mask among them, from outside in. A tile
 * is another one when a loop on a rank of the tensor has another digit. When
 * loop l goes on, those inside of it start again; a loop of n > 1 passes then
 * goes from its last digit to its first, another one. The inner loop of the two
 * of the mask has as many passes as the outer one's digit says: it goes on
 *
 *   queries outside   from J(i) - 1 to 0, the same where J(i) = 1
 *   keys outside      from Tq - 1 to the first query of the next digit, the
 *                     same where that is the last
 *
 * so in `turns` = wide or tall of the outer digits it moves when it starts
 * again under the same digit; and when the outer loop goes on, in turns - 1 of
 * the Tq - 1 (Tk - 1) times: the last piece of queries has several pieces of
 * keys and starts nothing again, the first piece of keys has several of queries
 * and is not started again from another. When both start again, from the last
 * pair to (0, 0), both move.
 */
typedef struct cds_mask_walk {
  const cds_fused_group *group;
  const cds_outer *outer;
  unsigned tensor;
  cds_live live;
  unsigned seen; /* loops of the mask outside, or at hand */
  bool keys_outside;
} cds_mask_walk;

/* Whether a loop inside of node n, other than the two of the mask, moves the
 * tile. */
static bool moved_inside(const cds_mask_walk *it, unsigned n, unsigned place) {
  bool moved = false;
  for (unsigned i = n + 1; i < place; i++) {
    const cds_outer_node *node = &it->outer->node[i];
    moved = moved || (cds_outer_is_loop(node) &&
                      !cds_fused_of_mask(it->group, node->rank) &&
                      cds_fused_tensor_has(it->group, it->tensor, node->rank));
  }
  return moved;
}

/* How often loop n moves the tile, in each pass of the other loops outside. */
static uint64_t moves(const cds_mask_walk *it, unsigned n, unsigned place) {
  const cds_outer_node *node = &it->outer->node[n];
  const cds_fused_mask *mask = &it->group->mask;
  const cds_live *live = &it->live;
  const uint64_t outer = it->keys_outside ? live->keys : live->queries;
  const uint64_t turns = it->keys_outside ? live->tall : live->wide;
  const bool moved = moved_inside(it, n, place) ||
                     cds_fused_tensor_has(it->group, it->tensor, node->rank);
  const bool inner = cds_fused_tensor_has(
      it->group, it->tensor, it->keys_outside ? mask->query : mask->key);
  const bool any =
      inner || cds_fused_tensor_has(it->group, it->tensor,
                                    it->keys_outside ? mask->key : mask->query);
  if (cds_fused_of_mask(it->group, node->rank)) {
    if (it->seen == 2) {
      return moved ? live->pairs - outer : 0;
    }
    return moved ? outer - 1 : inner ? turns - 1 : 0;
  }
  const uint64_t more = node->trips - 1;
  switch (it->seen) {
  case 0:
    return moved || any ? more : 0;
  case 1:
    return more * (moved ? outer : inner ? turns : 0);
  default:
    return moved ? more * live->pairs : 0;
  }
}

/* Nothing passes 64 bits: no count is more than that of all passes. */
uint64_t cds_mask_tiles(const cds_fused_group *group, const cds_outer *outer,
                        unsigned tensor, unsigned place) {
  cds_mask_walk it = {.group = group, .outer = outer, .tensor = tensor};
  cds_live_set(&it.live, group, outer);
  uint64_t tiles = 1;
  uint64_t times = 1; /* passes of the loops outside but those of the mask */
  for (unsigned n = 0; n < place; n++) {
    const cds_outer_node *node = &outer->node[n];
    if (!cds_outer_is_loop(node)) {
      continue;
    }
    if (cds_fused_of_mask(group, node->rank)) {
      it.keys_outside =
          it.seen == 0 ? node->rank == group->mask.key : it.keys_outside;
      it.seen++;
    }
    tiles += times * moves(&it, n, place);
    times *= cds_fused_of_mask(group, node->rank) ? 1 : node->trips;
  }
  return tiles;
}

bool cds_mask_outside(const cds_fused_group *group, const cds_outer *outer,
                      unsigned place) {
  unsigned loops = 0;
  for (unsigned n = 0; n < place && group->mask.here; n++) {
    const cds_outer_node *node = &outer->node[n];
    loops += cds_outer_is_loop(node) && cds_fused_of_mask(group, node->rank);
  }
  return loops == 2;
}
