/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Node after node, from outside in: lengths of pieces by the code so far. */
#include "count/active.h"

#include <string.h>

#include "base/checked.h"

enum { STATES_MAX = 1 << 12 };

void cds_codes_open(cds_codes *out, const cds_einsum *einsum,
                    const cds_mapping *mapping, unsigned rank, unsigned k) {
  *out = (cds_codes){einsum, mapping, rank, k, 1};
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind == CDS_SPREAD && node->array == k && node->rank == rank) {
      out->codes *= node->trips;
    }
  }
}

static bool gives_code(const cds_codes *codes, const cds_node *node) {
  return node->kind == CDS_SPREAD && node->array == codes->k;
}

static bool cuts_rank(const cds_codes *codes, const cds_node *node) {
  return node->kind != CDS_HOLD && node->rank == codes->rank && node->trips > 1;
}

/* ---- indexes by code -------------------------------------------------- */

/* Pieces of one length and code. */
typedef struct cds_coded {
  uint64_t code, length, count;
} cds_coded;
typedef struct cds_coded_list {
  size_t count;
  cds_coded *coded;
} cds_coded_list;

static bool add_coded(cds_coded_list *list, size_t same_from, cds_coded one) {
  if (one.length == 0) {
    return true;
  }
  for (size_t i = same_from; i < list->count; i++) {
    cds_coded *known = &list->coded[i];
    if (known->code == one.code && known->length == one.length) {
      return cds_add_u64(&known->count, known->count, one.count);
    }
  }
  list->coded[list->count++] = one;
  return true;
}

/* The index of the next piece that is not as long as number `index`. */
static uint64_t next_length(const cds_node *node, uint64_t length,
                            uint64_t part, uint64_t index) {
  const bool blocks =
      node->kind == CDS_FOR || node->split == CDS_SPLIT_CONTIGUOUS;
  const uint64_t longer = blocks ? length / part : length % node->trips;
  return index < longer                ? longer
         : (blocks && index == longer) ? index + 1
                                       : node->trips;
}

/* Room for the pieces of every entry: two lengths each, or one a code. */
static cds_status cut_coded(cds_coded_list *list, const cds_codes *codes,
                            const cds_node *node, bool all, uint64_t part,
                            cds_arena *arena) {
  const bool code = gives_code(codes, node);
  const size_t each = code ? (size_t)node->trips : 3;
  cds_coded_list next = {
      0, cds_arena_array(arena, list->count * each + 1, sizeof *next.coded)};
  if (next.coded == NULL) {
    return CDS_ENOMEM;
  }
  size_t same_from = 0; /* entries of one code stand together */
  for (size_t i = 0; i < list->count; i++) {
    cds_coded one = list->coded[i];
    if (i > 0 && one.code != list->coded[i - 1].code) {
      same_from = next.count;
    }
    for (uint64_t index = 0; index < (all || code ? node->trips : 1);) {
      uint64_t to = next_length(node, one.length, part, index);
      to = code || !all ? index + 1 : to;
      cds_coded piece = {code ? one.code * node->trips + index : one.code,
                         cds_piece_length(node, one.length, part, index), 0};
      if (!cds_mul_u64(&piece.count, one.count, to - index) ||
          !add_coded(&next, same_from, piece)) {
        return CDS_ELIMIT;
      }
      index = to;
    }
  }
  *list = next;
  return CDS_OK;
}

cds_status cds_count_codes(uint64_t **count, const cds_codes *codes,
                           const cds_cuts *cuts, cds_arena *arena) {
  uint64_t nominal = codes->einsum->rank[codes->rank].size;
  uint64_t run = nominal;
  cds_coded whole = {0, nominal, 1};
  cds_coded_list list = {1, &whole};
  for (unsigned n = 0; n < codes->mapping->nodes; n++) {
    const cds_node *node = &codes->mapping->node[n];
    if (!cuts_rank(codes, node)) {
      continue;
    }
    nominal = cds_node_length(node, nominal);
    const cds_cut cut = cds_cut_of(codes->mapping, n, cuts);
    if (cut == CDS_CUT_LAST && node->kind == CDS_FOR) {
      const uint64_t last = cds_pieces_of(node, run, nominal) - 1;
      run = cds_piece_length(node, run, nominal, last);
      for (size_t i = 0; i < list.count; i++) {
        list.coded[i].length =
            cds_piece_length(node, list.coded[i].length, nominal, last);
      }
      continue;
    }
    run = cds_piece_length(node, run, nominal, 0);
    CDS_TRY(cut_coded(&list, codes, node, cut == CDS_CUT_ALL, nominal, arena));
  }
  *count = cds_arena_array(arena, (size_t)codes->codes, sizeof **count);
  if (*count == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < list.count; i++) {
    uint64_t indexes = 0;
    uint64_t *sum = &(*count)[list.coded[i].code];
    if (!cds_mul_u64(&indexes, list.coded[i].length, list.coded[i].count) ||
        !cds_add_u64(sum, *sum, indexes)) {
      return CDS_ELIMIT;
    }
  }
  return CDS_OK;
}

/* ---- codes that work -------------------------------------------------- */

/* Lengths by code so far, of pieces that stand at the same step and at the
 * same coordinates of other arrays. */
typedef struct cds_state {
  uint64_t times;
  uint64_t *length;
} cds_state;
typedef struct cds_states {
  unsigned count;
  uint64_t codes;
  uint64_t *spare; /* room for the lengths of one state */
  cds_state state[STATES_MAX];
} cds_states;

/* Adds a state with a copy of the lengths. */
static cds_status add_state(cds_states *to, const uint64_t *length,
                            uint64_t times, cds_arena *arena) {
  const size_t bytes = (size_t)to->codes * sizeof *length;
  if (length[0] == 0) { /* code 0 has the longest piece */
    return CDS_OK;
  }
  for (unsigned i = 0; i < to->count; i++) {
    if (memcmp(to->state[i].length, length, bytes) == 0) {
      return cds_add_u64(&to->state[i].times, to->state[i].times, times)
                 ? CDS_OK
                 : CDS_ELIMIT;
    }
  }
  if (to->count == STATES_MAX) {
    return CDS_ELIMIT;
  }
  uint64_t *kept = cds_arena_array(arena, (size_t)to->codes, sizeof *kept);
  if (kept == NULL) {
    return CDS_ENOMEM;
  }
  memcpy(kept, length, bytes);
  to->state[to->count++] = (cds_state){times, kept};
  return CDS_OK;
}

/* A spread over array k: each code becomes `trips` codes. */
static cds_status split_codes(cds_states *to, const cds_states *from,
                              const cds_node *node, uint64_t part,
                              cds_arena *arena) {
  uint64_t *length = to->spare;
  for (unsigned i = 0; i < from->count; i++) {
    for (uint64_t code = 0; code < to->codes; code++) {
      length[code] =
          cds_piece_length(node, from->state[i].length[code / node->trips],
                           part, code % node->trips);
    }
    CDS_TRY(add_state(to, length, from->state[i].times, arena));
  }
  return CDS_OK;
}

/* Another node, pieces first to last of it. */
static cds_status split_times(cds_states *to, const cds_states *from,
                              const cds_node *node, uint64_t part,
                              const uint64_t range[2], cds_arena *arena) {
  uint64_t *length = to->spare;
  for (unsigned i = 0; i < from->count; i++) {
    const uint64_t *old = from->state[i].length;
    uint64_t index = range[0];
    while (index <= range[1]) {
      uint64_t next = range[1] + 1;
      for (uint64_t code = 0; code < to->codes; code++) {
        const uint64_t change = next_length(node, old[code], part, index);
        length[code] = cds_piece_length(node, old[code], part, index);
        next = change < next ? change : next;
      }
      uint64_t times = 0;
      if (!cds_mul_u64(&times, from->state[i].times, next - index)) {
        return CDS_ELIMIT;
      }
      CDS_TRY(add_state(to, length, times, arena));
      index = next;
    }
  }
  return CDS_OK;
}

static cds_status close_states(cds_active_list *out, const cds_states *states,
                               cds_arena *arena) {
  out->count = 0;
  out->active = cds_arena_array(arena, states->count + 1, sizeof *out->active);
  if (out->active == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned i = 0; i < states->count; i++) {
    bool *at = cds_arena_array(arena, (size_t)states->codes, sizeof *at);
    if (at == NULL) {
      return CDS_ENOMEM;
    }
    bool alone = true;
    for (uint64_t code = 0; code < states->codes; code++) {
      at[code] = states->state[i].length[code] > 0;
      alone = alone && (code == 0 || !at[code]);
    }
    out->active[out->count++] = (cds_active){states->state[i].times, at, alone};
  }
  return CDS_OK;
}

cds_status cds_active_codes(cds_active_list *out, const cds_codes *codes,
                            const cds_cuts *cuts, cds_arena *arena) {
  cds_states *states = cds_arena_alloc(arena, 2 * sizeof *states);
  uint64_t *length =
      cds_arena_array(arena, (size_t)codes->codes, sizeof *length);
  if (states == NULL || length == NULL) {
    return CDS_ENOMEM;
  }
  uint64_t nominal = codes->einsum->rank[codes->rank].size;
  uint64_t run = nominal;
  unsigned now = 0;
  states[0].codes = 1;
  states[0].spare = states[1].spare = length;
  CDS_TRY(add_state(&states[0], &nominal, 1, arena));
  for (unsigned n = 0; n < codes->mapping->nodes; n++) {
    const cds_node *node = &codes->mapping->node[n];
    if (!cuts_rank(codes, node)) {
      continue;
    }
    cds_states *to = &states[1 - now];
    nominal = cds_node_length(node, nominal);
    const cds_cut cut = cds_cut_of(codes->mapping, n, cuts);
    const bool code = gives_code(codes, node);
    to->count = 0;
    to->codes = states[now].codes * (code ? node->trips : 1);
    uint64_t range[2] = {0, cut == CDS_CUT_ALL ? node->trips - 1 : 0};
    if (cut == CDS_CUT_LAST && node->kind == CDS_FOR) {
      range[0] = range[1] = cds_pieces_of(node, run, nominal) - 1;
    }
    CDS_TRY(code ? split_codes(to, &states[now], node, nominal, arena)
                 : split_times(to, &states[now], node, nominal, range, arena));
    run = cds_piece_length(node, run, nominal, range[0]);
    now = 1 - now;
  }
  return close_states(out, &states[now], arena);
}
