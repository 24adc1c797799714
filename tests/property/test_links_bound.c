/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bound of src/search/links.c on links that words of overlapping tiles
 * cross, against the exact count of random mappings: never above.
 *
 * Usage: test_links_bound [quick] [seed N] [cases N] [case N]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count/count.h"
#include "count/halo.h"
#include "oracle/arguments.h"
#include "search/general.h"
#include "support/random_case.h"

enum { CASES = 300000, CASES_QUICK = 40000 };

typedef struct tally {
  uint64_t bounded; /* edges and arrays with a bound, by what it is */
  uint64_t whole, part, simple, tight;
  uint64_t wrong;
} tally;

static bool spreads(const cds_node *node, unsigned array) {
  return node->kind == CDS_SPREAD && node->array == array && node->trips > 1;
}

/* Moves the spreads of each array together, right above the first holder below
 * it, as the search has them. */
static void move_spreads(random_case *it) {
  cds_mapping moved = {.nodes = 0};
  unsigned done = 0; /* arrays */
  for (unsigned n = 0; n <= it->mapping.nodes; n++) {
    const cds_node *node = &it->mapping.node[n];
    const unsigned depth = n == it->mapping.nodes ? it->arch.arrays
                           : node->kind == CDS_HOLD
                               ? it->arch.level[node->level].depth
                               : 0;
    for (; done < depth; done++) {
      for (unsigned i = 0; i < it->mapping.nodes; i++) {
        const cds_node *spread = &it->mapping.node[i];
        if (spread->kind == CDS_SPREAD && spread->array == done) {
          moved.node[moved.nodes++] = *spread;
        }
      }
    }
    if (n < it->mapping.nodes && node->kind != CDS_SPREAD) {
      moved.node[moved.nodes++] = *node;
    }
  }
  it->mapping = moved;
}

static uint64_t some_factor(uint64_t of, uint64_t most, random_stream *stream) {
  uint64_t factor = 1 + random_below(stream, (unsigned)(of < most ? of : most));
  while (of % factor != 0) {
    factor--;
  }
  return factor;
}

/* Windows as most convolutions have them: steps of 1 or 2, no dilation. */
static void ease_windows(cds_einsum *einsum, random_stream *stream) {
  for (unsigned t = 0; t < einsum->tensors; t++) {
    for (unsigned a = 0; a < einsum->tensor[t].axes; a++) {
      cds_axis *axis = &einsum->tensor[t].axis[a];
      if (axis->terms == 2) {
        axis->term[0].coefficient = 1 + random_below(stream, 2);
        axis->term[1].coefficient = 1;
      }
    }
  }
}

/* A rank of the output that windows slide along; else any. */
static unsigned window_rank(const cds_einsum *einsum, random_stream *stream) {
  const cds_tensor *tensor = &einsum->tensor[random_below(stream, 2)];
  const cds_axis *axis = &tensor->axis[random_below(stream, tensor->axes)];
  return axis->terms == 2 ? axis->term[0].rank
                          : random_below(stream, einsum->ranks);
}

/* Another mapping of the case: spreads of any ranks over the first array, loops
 * in any order above it, and one holder of each tensor below it. */
static void draw_spreads(random_case *it, random_stream *stream) {
  const cds_array *array = &it->arch.array[0];
  uint64_t room[2] = {array->extent[0], array->axes > 1 ? array->extent[1] : 1};
  uint64_t left[CDS_RANKS_MAX];
  cds_mapping spreads = {.nodes = 0};
  cds_mapping *out = &it->mapping;
  out->nodes = 0;
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    out->node[out->nodes++] = (cds_node){.kind = CDS_HOLD, .tensor = t};
  }
  for (unsigned i = 0; i < it->einsum.ranks; i++) {
    left[i] = it->einsum.rank[i].size;
  }
  for (unsigned i = 0; i < 2 * it->einsum.ranks; i++) {
    const unsigned r = window_rank(&it->einsum, stream);
    const unsigned x = array->axes > 1 ? random_below(stream, 2) : 0;
    const uint64_t trips = some_factor(left[r], room[x], stream);
    if (trips > 1 && spreads.nodes < 6) {
      spreads.node[spreads.nodes++] =
          (cds_node){.kind = CDS_SPREAD, .rank = r, .axis = x, .trips = trips};
      room[x] /= trips;
      left[r] /= trips;
    }
  }
  for (unsigned i = 0; i < 2 * it->einsum.ranks; i++) {
    const unsigned r = random_below(stream, it->einsum.ranks);
    const uint64_t trips = some_factor(left[r], left[r], stream);
    if (trips > 1) {
      out->node[out->nodes++] =
          (cds_node){.kind = CDS_FOR, .rank = r, .trips = trips};
      left[r] /= trips;
    }
  }
  for (unsigned i = 0; i < spreads.nodes; i++) {
    out->node[out->nodes++] = spreads.node[i];
  }
  unsigned level = 1;
  while (level < it->arch.levels && it->arch.level[level].depth == 0) {
    level++;
  }
  for (unsigned t = 0; t < it->einsum.tensors && level < it->arch.levels; t++) {
    out->node[out->nodes++] =
        (cds_node){.kind = CDS_HOLD, .tensor = t, .level = level};
  }
  for (unsigned r = 0; r < it->einsum.ranks; r++) {
    if (left[r] > 1) {
      out->node[out->nodes++] =
          (cds_node){.kind = CDS_FOR, .rank = r, .trips = left[r]};
    }
  }
}

/* Whether loops over ranks of the tensor's windows stand between spreads of
 * one of the arrays from k on, or between those of arrays inside and the
 * holder: then tiles leave gaps. */
static bool leaves_gaps(const random_case *it, const cds_holder *holder,
                        unsigned k) {
  const cds_mapping *mapping = &it->mapping;
  bool inside = false;        /* a spread of an array inside of k was met */
  bool mine = false;          /* of k */
  bool loops_in_mine = false; /* since then */
  for (unsigned n = 0; n < mapping->nodes && n < holder->position; n++) {
    const cds_node *node = &mapping->node[n];
    const bool concerns =
        (node->kind == CDS_FOR || node->kind == CDS_SPREAD) &&
        node->trips > 1 &&
        cds_tensor_has_rank(&it->einsum.tensor[holder->tensor], node->rank);
    if (!concerns) {
      continue;
    }
    if (node->kind == CDS_FOR) {
      loops_in_mine = mine;
      if (inside) {
        return true;
      }
    } else if (spreads(node, k)) {
      if (loops_in_mine) {
        return true;
      }
      mine = true;
    } else if (node->array > k && node->array < holder->depth) {
      inside = true;
      if (!it->arch.array[node->array].multicast) {
        return true;
      }
    }
  }
  return false;
}

/* Axes of which a part, but not all, is new when the loop goes on, among those
 * that array k spreads. */
static unsigned partly_new(const random_case *it, const cds_holder *holder,
                           unsigned k, unsigned advancing, cds_arena *arena) {
  const cds_tensor *tensor = &it->einsum.tensor[holder->tensor];
  unsigned united = 0;
  for (unsigned b = 0; b < it->arch.arrays; b++) {
    united |= it->arch.array[b].multicast ? 1U << b : 0U;
  }
  unsigned count = 0;
  for (unsigned a = 0; a < tensor->axes; a++) {
    bool here = false;
    for (unsigned n = 0; n < it->mapping.nodes; n++) {
      here = here || (spreads(&it->mapping.node[n], k) &&
                      cds_axis_step(holder, a, n) > 0);
    }
    cds_digits tile;
    cds_digits spread;
    uint64_t all = 0;
    uint64_t fresh = 0;
    cds_axis_digits(&tile, &spread, holder, a, united, k + 1);
    if (here &&
        cds_axis_union(&all, &fresh, &tile, &spread,
                       cds_axis_move(holder, a, advancing), arena) == CDS_OK) {
      count += fresh > 0 && fresh < all ? 1 : 0;
    }
  }
  return count;
}

static bool is_simple(const random_case *it, const cds_holder *holder,
                      unsigned k, cds_arena *arena) {
  for (unsigned n = 0; n < holder->position && !holder->memoryless; n++) {
    const cds_node *node = &it->mapping.node[n];
    if (node->kind == CDS_FOR && node->trips > 1 &&
        partly_new(it, holder, k, n, arena) > 1) {
      return false;
    }
  }
  return true;
}

/* The bound on one array for what an edge carries down. */
static bool holds(tally *out, const random_case *it, const cds_holder *holder,
                  const cds_traffic *at, unsigned k, cds_arena *arena) {
  uint64_t trips[CDS_RANKS_MAX];
  for (unsigned r = 0; r < it->einsum.ranks; r++) {
    trips[r] = 1;
  }
  for (unsigned n = 0; n < it->mapping.nodes; n++) {
    if (spreads(&it->mapping.node[n], k)) {
      trips[it->mapping.node[n].rank] *= it->mapping.node[n].trips;
    }
  }
  cds_spread_digits axis[2];
  cds_hops hops;
  cds_holder_spreads(axis, holder, k);
  cds_network_hops(&hops, &it->arch.array[k], axis, CDS_WAY_DOWN);
  const double words = (double)hops.words;
  double part = leaves_gaps(it, holder, k)
                    ? 0
                    : cds_windows_part(&it->einsum, holder->tensor, trips);
  if (part > 0 && part < 1 && is_simple(it, holder, k, arena)) {
    part = 1;
    out->simple++;
  } else {
    out->part += part > 0 && part < 1;
    out->whole += part >= 1;
  }
  out->bounded += part > 0;
  const double margin = 1 + 1e-9;
  const double least = part * (double)hops.links / words * (double)at->down[k];
  bool good = least <= (double)at->hops_down[k] * margin;
  out->tight += part > 0 && least * margin >= (double)at->hops_down[k];
  for (unsigned x = 0; x < 2; x++) {
    const double share = (double)hops.peak[x] / words;
    const double most = share >= 1 ? 1 : part * share;
    good = good && most * (double)at->down_peak[k] <=
                       (double)at->link_down[k][x] * margin;
  }
  return good;
}

static void check_tensor(tally *out, const random_case *it, unsigned t,
                         const cds_counts *counts, cds_arena *arena) {
  const cds_arch *arch = &it->arch;
  unsigned top = 0;
  for (unsigned n = 0; n <= it->mapping.nodes; n++) {
    const cds_node *node = &it->mapping.node[n];
    const bool compute = n == it->mapping.nodes;
    if (!compute && (node->kind != CDS_HOLD || node->tensor != t)) {
      continue;
    }
    const unsigned child = compute ? arch->levels : node->level;
    const cds_holder holder = {.einsum = &it->einsum,
                               .mapping = &it->mapping,
                               .tensor = t,
                               .position = n,
                               .depth = compute ? arch->arrays
                                                : arch->level[child].depth,
                               .memoryless = compute};
    for (unsigned k = top; k < holder.depth; k++) {
      const cds_array *array = &arch->array[k];
      if (array->network != CDS_NETWORK_BUS && array->multicast &&
          cds_holder_halo(&holder, k) &&
          !holds(out, it, &holder, &counts->at[child][t], k, arena)) {
        out->wrong++;
        printf("case %" PRIu64 ": tensor %u, array %u, child %u\n", it->number,
               t, k, child);
        random_case_write(stdout, it);
      }
    }
    top = holder.depth;
  }
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 1, .cases = CASES, .quick = CASES_QUICK, .reports = 3};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  cds_arena *arena = cds_arena_new();
  tally out = {0};
  static random_case it;
  static cds_counts counts;
  for (uint64_t n = 0;
       arena != NULL && n < given.cases && out.wrong < given.reports; n++) {
    const uint64_t i = given.first + n;
    const cds_arena_mark mark = cds_arena_mark_get(arena);
    random_case_make(&it, given.seed, i);
    random_case_networks(&it);
    random_stream stream = random_start(given.seed + 2000, i);
    if (i % 4 == 1) {
      move_spreads(&it);
    } else if (i % 4 > 1 && it.arch.arrays > 0) {
      ease_windows(&it.einsum, &stream);
      for (unsigned x = 0; x < it.arch.array[0].axes; x++) {
        it.arch.array[0].extent[x] = 2 + random_below(&stream, 3);
      }
      draw_spreads(&it, &stream);
    }
    if (cds_count(&counts, &it.arch, &it.einsum, &it.mapping, arena) ==
        CDS_OK) {
      for (unsigned t = 0; t + 1 < it.einsum.tensors; t++) {
        check_tensor(&out, &it, t, &counts, arena);
      }
    }
    cds_arena_reset(arena, mark);
  }
  cds_arena_free(arena);
  printf("%" PRIu64 " cases of seed %" PRIu64 ": %" PRIu64
         " bounds (one window %" PRIu64 ", several %" PRIu64
         ", of which simple %" PRIu64 "), %" PRIu64 " met, %" PRIu64 " wrong\n",
         given.cases, given.seed, out.bounded, out.whole, out.part + out.simple,
         out.simple, out.tight, out.wrong);
  /* Enough of every kind */
  const bool good =
      given.cases < CASES_QUICK || (out.bounded >= 2000 && out.simple >= 100 &&
                                    (given.cases < CASES || out.part >= 5));
  return out.wrong == 0 && good ? EXIT_SUCCESS : EXIT_FAILURE;
}
