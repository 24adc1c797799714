/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the literal simulator cuts ranks into pieces, and the tiles that follow:
 * lists of indexes that are dealt out one by one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/simulate_state.h"

static void *room(size_t count, size_t size) {
  void *block = calloc(count > 0 ? count : 1, size);
  if (block == NULL) {
    fprintf(stderr, "simulator: out of memory\n");
    exit(EXIT_FAILURE);
  }
  return block;
}

/* ---- digits ----------------------------------------------------------- */

/* The next node on the rank from `n` on, or the number of nodes. */
static unsigned next_node(const cds_mapping *mapping, unsigned rank,
                          unsigned n) {
  while (n < mapping->nodes &&
         (mapping->node[n].kind == CDS_HOLD || mapping->node[n].rank != rank)) {
    n++;
  }
  return n;
}

/* Who gets number `at` of `count` indexes in order. Blocks as long as the
 * longest piece of the whole rank needs, or equal shares, or one by one. */
static uint64_t owner(const cds_node *node, size_t at, size_t count,
                      size_t block) {
  if (node->kind == CDS_FOR || node->split == CDS_SPLIT_CONTIGUOUS) {
    return at / block;
  }
  if (node->split == CDS_SPLIT_CYCLIC) {
    return at % node->trips;
  }
  size_t begin = 0;
  for (uint64_t who = 0;; who++) {
    size_t share = count / node->trips;
    share += who < count % node->trips ? 1 : 0;
    begin += share;
    if (at < begin) {
      return who;
    }
  }
}

/* Deals the indexes of one piece out at node n, and so on inside of it. */
static void deal(sim_state *sim, unsigned rank, unsigned n,
                 const uint64_t *index, size_t count, size_t longest) {
  n = next_node(sim->mapping, rank, n);
  if (n == sim->mapping->nodes) {
    return;
  }
  const cds_node *node = &sim->mapping->node[n];
  const size_t block = node->length > 0
                           ? (size_t)node->length
                           : (longest + node->trips - 1) / node->trips;
  uint64_t *part = room(count, sizeof *part);
  for (uint64_t who = 0; who < node->trips; who++) {
    size_t got = 0;
    for (size_t at = 0; at < count; at++) {
      if (owner(node, at, count, block) == who) {
        sim->digits[n][index[at]] = who;
        part[got++] = index[at];
      }
    }
    if (got > 0) {
      deal(sim, rank, n + 1, part, got, block);
    }
  }
  free(part);
}

void sim_cut(sim_state *sim) {
  for (unsigned n = 0; n < sim->mapping->nodes; n++) {
    const cds_node *node = &sim->mapping->node[n];
    if (node->kind != CDS_HOLD) {
      sim->digits[n] = room((size_t)sim->einsum->rank[node->rank].size,
                            sizeof *sim->digits[n]);
      sim->cut[node->rank][sim->cuts[node->rank]++] = n;
    }
  }
  for (unsigned r = 0; r < sim->einsum->ranks; r++) {
    const size_t size = (size_t)sim->einsum->rank[r].size;
    uint64_t *all = room(size, sizeof *all);
    for (size_t x = 0; x < size; x++) {
      all[x] = x;
    }
    deal(sim, r, 0, all, size, size);
    sim->pass[r] = all;
    sim->own[r] = room(size, sizeof *sim->own[r]);
  }
}

uint64_t sim_spread_digit(const sim_state *sim, unsigned depth, size_t instance,
                          unsigned spread) {
  const unsigned k = sim->mapping->node[spread].array;
  uint64_t coordinate =
      instance / sim_span(sim, k + 1, depth) % (size_t)sim->used[k];
  for (unsigned n = sim->mapping->nodes; n-- > spread + 1;) {
    const cds_node *node = &sim->mapping->node[n];
    if (node->kind == CDS_SPREAD && node->array == k) {
      coordinate /= node->trips;
    }
  }
  return coordinate % sim->mapping->node[spread].trips;
}

/* Whether index x of the rank is in the present pass of the loops before
 * `place`. */
static bool in_pass(const sim_state *sim, unsigned rank, uint64_t x,
                    unsigned place) {
  for (unsigned i = 0; i < sim->cuts[rank]; i++) {
    const unsigned n = sim->cut[rank][i];
    if (n < place && sim->mapping->node[n].kind == CDS_FOR &&
        sim->digits[n][x] != sim->digit[n]) {
      return false;
    }
  }
  return true;
}

bool sim_has_pass(const sim_state *sim, unsigned loop, uint64_t digit) {
  const unsigned rank = sim->mapping->node[loop].rank;
  for (uint64_t x = 0; x < sim->einsum->rank[rank].size; x++) {
    if (sim->digits[loop][x] == digit && in_pass(sim, rank, x, loop)) {
      return true;
    }
  }
  return false;
}

/* ---- tiles ------------------------------------------------------------ */

/* Indexes of each rank. */
typedef struct members {
  size_t count[CDS_RANKS_MAX];
  uint64_t *index[CDS_RANKS_MAX];
} members;

/* Of those in the pass, the indexes that the instance has; false: idle. */
static bool find_members(const sim_state *sim, const sim_holder *holder,
                         size_t instance, const members *pass, members *own) {
  const cds_mapping *mapping = sim->mapping;
  const uint64_t *coordinate = &holder->coordinate[instance * mapping->nodes];
  for (unsigned r = 0; r < sim->einsum->ranks; r++) {
    own->count[r] = 0;
    for (size_t i = 0; i < pass->count[r]; i++) {
      const uint64_t x = pass->index[r][i];
      bool mine = true;
      for (unsigned c = 0; mine && c < sim->cuts[r]; c++) {
        const unsigned n = sim->cut[r][c];
        const cds_node *node = &mapping->node[n];
        mine = node->kind != CDS_SPREAD || node->array >= holder->depth ||
               sim->digits[n][x] == coordinate[n];
      }
      if (mine) {
        own->index[r][own->count[r]++] = x;
      }
    }
    if (own->count[r] == 0) {
      return false;
    }
  }
  return true;
}

static void add_word(sim_state *sim, sim_holder *holder, size_t instance,
                     size_t word) {
  if (sim->seen[word] == sim->sight) {
    return;
  }
  sim->seen[word] = sim->sight;
  if (holder->nexts == holder->room_next) {
    holder->room_next = 2 * holder->room_next + 16;
    holder->next =
        realloc(holder->next, holder->room_next * sizeof *holder->next);
    if (holder->next == NULL) {
      abort();
    }
  }
  holder->next[holder->nexts++] =
      (sim_word){.instance = instance, .word = word};
}

/* The projection of all points whose indexes are the instance's. */
static void list_words(sim_state *sim, sim_holder *holder, size_t instance,
                       const members *own) {
  const cds_tensor *tensor = &sim->einsum->tensor[holder->tensor];
  size_t at[CDS_RANKS_MAX] = {0};
  unsigned r;
  sim->sight++;
  do {
    size_t word = 0;
    for (r = 0; r < sim->einsum->ranks; r++) {
      word += sim->weight[holder->tensor][r] * (size_t)own->index[r][at[r]];
    }
    add_word(sim, holder, instance, word);
    for (r = 0; r < sim->einsum->ranks; r++) {
      if (cds_tensor_has_rank(tensor, r) && ++at[r] < own->count[r]) {
        break;
      }
      at[r] = 0;
    }
  } while (r < sim->einsum->ranks);
}

/* Whether no loop on a rank of the tensor went on since the tile before. */
static bool stands_still(const sim_state *sim, const sim_holder *holder) {
  for (unsigned n = 0; n < holder->place; n++) {
    const cds_node *node = &sim->mapping->node[n];
    if (node->kind == CDS_FOR && holder->before[n] != sim->digit[n] &&
        cds_tensor_has_rank(&sim->einsum->tensor[holder->tensor], node->rank)) {
      return false;
    }
  }
  return holder->started;
}

/* What of the old tile the instance leaves. */
static void note_change(sim_state *sim, sim_holder *holder, size_t instance,
                        size_t first, size_t old) {
  size_t kept = 0;
  const size_t words = holder->nexts - first;
  for (size_t i = first; i < holder->nexts; i++) {
    kept += sim_cell_at(sim, holder, instance, holder->next[i].word)->present;
  }
  holder->largest = words > holder->largest ? words : holder->largest;
  holder->changes[instance] =
      holder->idle[instance] ? old > 0
                             : kept < words || words != old || holder->anew;
  if (holder->output && !holder->memoryless && kept > 0 && kept < words) {
    sim_fail(sim, "an output tile changes in part", holder);
  }
}

/* The indexes in the present pass of the loops before `place`. */
static void list_pass(sim_state *sim, unsigned place) {
  for (unsigned r = 0; sim->pass_place != place + 1 && r < sim->einsum->ranks;
       r++) {
    sim->passes[r] = 0;
    for (uint64_t x = 0; x < sim->einsum->rank[r].size; x++) {
      if (in_pass(sim, r, x, place)) {
        sim->pass[r][sim->passes[r]++] = x;
      }
    }
  }
  sim->pass_place = place + 1;
}

/* The next tile in all instances, by instance. */
void sim_next_tile(sim_state *sim, sim_holder *holder) {
  members pass, own;
  size_t *old = room(holder->instances, sizeof *old);
  list_pass(sim, holder->place);
  for (unsigned r = 0; r < sim->einsum->ranks; r++) {
    pass.index[r] = sim->pass[r];
    pass.count[r] = sim->passes[r];
    own.index[r] = sim->own[r];
  }
  for (size_t i = 0; i < holder->tiled; i++) {
    old[holder->tile[i].instance]++;
  }
  holder->anew = stands_still(sim, holder);
  holder->nexts = 0;
  for (size_t instance = 0; instance < holder->instances; instance++) {
    const size_t first = holder->nexts;
    holder->idle[instance] = !find_members(sim, holder, instance, &pass, &own);
    if (!holder->idle[instance]) {
      list_words(sim, holder, instance, &own);
    }
    note_change(sim, holder, instance, first, old[instance]);
  }
  holder->started = true;
  memcpy(holder->before, sim->digit, sizeof holder->before);
  free(old);
}
