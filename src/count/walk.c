/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "count/walk.h"

#include "base/checked.h"

#define WALK_MAX (UINT64_C(1) << 20)

typedef enum walk_sort {
  SORT_OUTER,
  SORT_ADDED,
  SORT_PASS,
  SORT_UNIT,
  SORT_FREE
} walk_sort;
enum { SORTS = SORT_FREE + 1 };

/* The nodes of the rank, from outside in. */
typedef struct walk_nodes {
  unsigned count;
  const cds_node *node[CDS_NODES_MAX];
  walk_sort sort[CDS_NODES_MAX];
  uint64_t part[CDS_NODES_MAX]; /* nominal length after the node */
  uint64_t digit[CDS_NODES_MAX];
  unsigned order[CDS_NODES_MAX]; /* by sort, outer nodes first */
} walk_nodes;

static walk_sort sort_of(const cds_holder *holder, unsigned n, unsigned place,
                         unsigned united, unsigned from) {
  const cds_node *node = &holder->mapping->node[n];
  if (node->kind == CDS_FOR) {
    return n < place ? SORT_PASS : SORT_FREE;
  }
  if (node->array >= holder->depth) {
    return SORT_FREE;
  }
  if (node->array < from) {
    return SORT_OUTER;
  }
  return (united >> node->array & 1U) != 0 ? SORT_UNIT : SORT_ADDED;
}

static void list_nodes(walk_nodes *out, const cds_holder *holder, unsigned rank,
                       unsigned united, unsigned from) {
  const unsigned place = cds_hoisted_place(holder);
  uint64_t length = holder->einsum->rank[rank].size;
  out->count = 0;
  for (unsigned n = 0; n < holder->mapping->nodes; n++) {
    const cds_node *node = &holder->mapping->node[n];
    if (node->kind == CDS_HOLD || node->rank != rank || node->trips < 2) {
      continue;
    }
    length = cds_node_length(node, length);
    out->node[out->count] = node;
    out->sort[out->count] = sort_of(holder, n, place, united, from);
    out->digit[out->count] = 0;
    out->part[out->count++] = length;
  }
  unsigned ordered = 0;
  for (unsigned sort = 0; sort < SORTS; sort++) {
    for (unsigned i = 0; i < out->count; i++) {
      if (out->sort[i] == (walk_sort)sort) {
        out->order[ordered++] = i;
      }
    }
  }
}

/* The index with these digits, if there is one. */
static bool index_of(uint32_t *out, const walk_nodes *nodes, uint64_t size) {
  uint64_t begin = 0;
  uint64_t stride = 1;
  uint64_t length = size;
  for (unsigned i = 0; i < nodes->count; i++) {
    const cds_node *node = nodes->node[i];
    const uint64_t part = nodes->part[i];
    const uint64_t digit = nodes->digit[i];
    const uint64_t own = cds_piece_length(node, length, part, digit);
    if (own == 0) {
      return false;
    }
    if (node->kind == CDS_FOR || node->split == CDS_SPLIT_CONTIGUOUS) {
      begin += digit * part * stride;
    } else if (node->split == CDS_SPLIT_CYCLIC) {
      begin += digit * stride;
      stride *= node->trips;
    } else {
      const uint64_t longer = length % node->trips;
      const uint64_t more = digit < longer ? digit : longer;
      begin += (digit * (length / node->trips) + more) * stride;
    }
    length = own;
  }
  *out = (uint32_t)begin;
  return true;
}

/* Sets the next digits in the order of sorts; false at the end. */
static bool next_digits(walk_nodes *nodes) {
  for (unsigned i = nodes->count; i-- > 0;) {
    const unsigned n = nodes->order[i];
    if (++nodes->digit[n] < nodes->node[n]->trips) {
      return true;
    }
    nodes->digit[n] = 0;
  }
  return false;
}

static uint64_t number_of(const walk_nodes *nodes, walk_sort sort) {
  uint64_t number = 0;
  for (unsigned i = 0; i < nodes->count; i++) {
    if (nodes->sort[i] == sort) {
      number = number * nodes->node[i]->trips + nodes->digit[i];
    }
  }
  return number;
}

static cds_status open_room(cds_walk *walk, const walk_nodes *nodes,
                            cds_arena *arena) {
  uint64_t count[SORTS] = {1, 1, 1, 1, 1};
  uint64_t all = 1;
  for (unsigned i = 0; i < nodes->count; i++) {
    count[nodes->sort[i]] *= nodes->node[i]->trips;
    all *= nodes->node[i]->trips;
    if (all > 4 * WALK_MAX) {
      return CDS_ELIMIT;
    }
  }
  walk->outers = count[SORT_OUTER];
  walk->addeds = count[SORT_ADDED];
  walk->passes = count[SORT_PASS];
  walk->units = count[SORT_UNIT];
  uint64_t inside = walk->passes;
  for (unsigned i = 0; i < nodes->count; i++) {
    if (nodes->sort[i] == SORT_PASS) {
      inside /= nodes->node[i]->trips;
      walk->inside[walk->loops++] = inside;
    }
  }
  const size_t cells = (size_t)(walk->outers * walk->addeds * walk->passes);
  walk->begin = cds_arena_array(arena, cells + 1, sizeof *walk->begin);
  walk->index = cds_arena_array(arena, (size_t)walk->size, sizeof *walk->index);
  walk->unit = cds_arena_array(arena, (size_t)walk->size, sizeof *walk->unit);
  walk->step = cds_arena_array(arena, (size_t)walk->passes, sizeof *walk->step);
  return walk->begin == NULL || walk->index == NULL || walk->unit == NULL ||
                 walk->step == NULL
             ? CDS_ENOMEM
             : CDS_OK;
}

cds_status cds_walk_open(cds_walk *out, const cds_holder *holder, unsigned rank,
                         unsigned united, unsigned from, cds_arena *arena) {
  walk_nodes nodes;
  *out = (cds_walk){.size = holder->einsum->rank[rank].size};
  if (out->size > WALK_MAX) {
    return CDS_ELIMIT;
  }
  list_nodes(&nodes, holder, rank, united, from);
  CDS_TRY(open_room(out, &nodes, arena));
  uint32_t found = 0;
  uint64_t cell = 0;
  do {
    uint32_t index = 0;
    if (!index_of(&index, &nodes, out->size)) {
      continue;
    }
    const uint64_t outer = number_of(&nodes, SORT_OUTER);
    const uint64_t added = number_of(&nodes, SORT_ADDED);
    const uint64_t of = (outer * out->addeds + added) * out->passes +
                        number_of(&nodes, SORT_PASS);
    while (cell < of) {
      out->begin[++cell] = found;
    }
    out->unit[found] = (uint32_t)number_of(&nodes, SORT_UNIT);
    out->index[found++] = index;
  } while (next_digits(&nodes));
  while (cell < out->outers * out->addeds * out->passes) {
    out->begin[++cell] = found;
  }
  /* The coordinates 0 have something in every pass that happens. */
  for (uint64_t pass = 0; pass < out->passes; pass++) {
    if (out->begin[pass] < out->begin[pass + 1]) {
      out->step[out->steps++] = (uint32_t)pass;
    }
  }
  return CDS_OK;
}

cds_cell cds_walk_cell(const cds_walk *walk, uint64_t outer, uint64_t added,
                       uint64_t pass) {
  const uint64_t cell = (outer * walk->addeds + added) * walk->passes + pass;
  return (cds_cell){walk->begin[cell], walk->begin[cell + 1]};
}

bool cds_next_move(cds_move *move, const cds_walk *walk) {
  /* Passes that differ in the loops inside only have one `group` number. */
  const uint64_t group =
      move->outside == 0 ? walk->passes : walk->inside[move->outside - 1];
  if (!move->own) {
    if (move->at == walk->steps) {
      return false;
    }
    move->after = walk->step[move->at];
    while (move->at < walk->steps &&
           walk->step[move->at] / group == move->after / group) {
      move->before = walk->step[move->at++];
    }
    return true;
  }
  const uint64_t inside = walk->inside[move->outside];
  while (move->at + 1 < walk->steps) {
    move->before = walk->step[move->at++];
    move->after = walk->step[move->at];
    if (move->before / group == move->after / group &&
        move->before / inside != move->after / inside) {
      return true;
    }
  }
  return false;
}
