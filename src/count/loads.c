/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The transition sum. With loops j above a holder, from outside in, trips f_j:
 *
 *   total = N_first + sum_j (prod_{i<j} f_i) (f_j - 1) N_j
 *
 * N_j counts the words that are new when loop j advances and the loops inside
 * it start again: a move by delta on each axis. A tile is a product of sets
 * over the axes, so with A_x the united tiles on axis x and F_x the united
 * positions that are new on axis x
 *
 *   N = prod_x |A_x| - prod_x (|A_x| - |F_x|)
 *
 * because spreads act on one axis each: a word is new for some instance iff
 * every coordinate is in some instance's tile and one of them is new there.
 * A loop that the tensor lacks moves nothing when no relevant loop inside it
 * starts again: that is the hoisting of a holder, without a case of its own.
 */
#include "count/loads.h"

#include <limits.h>

#include "base/checked.h"
#include "count/axis_set.h"

static bool united_array(const cds_node *node, unsigned united, unsigned from,
                         unsigned depth) {
  return node->array >= from && node->array < depth &&
         (united >> node->array & 1U) != 0;
}

static uint64_t coefficient(const cds_axis *axis, unsigned rank) {
  for (unsigned t = 0; t < axis->terms; t++) {
    if (axis->term[t].rank == rank) {
      return axis->term[t].coefficient;
    }
  }
  return 0;
}

/* Product of the trips of the nodes on the same rank inside node n. */
static uint64_t digit_stride(const cds_mapping *mapping, unsigned n) {
  uint64_t stride = 1;
  for (unsigned i = n + 1; i < mapping->nodes; i++) {
    const cds_node *node = &mapping->node[i];
    if (node->kind != CDS_HOLD && node->rank == mapping->node[n].rank) {
      stride *= node->trips;
    }
  }
  return stride;
}

static const cds_axis *axis_of(const cds_holder *holder, unsigned axis) {
  return &holder->einsum->tensor[holder->tensor].axis[axis];
}

uint64_t cds_axis_step(const cds_holder *holder, unsigned axis, unsigned n) {
  const uint64_t factor =
      coefficient(axis_of(holder, axis), holder->mapping->node[n].rank);
  return factor == 0 ? 0 : factor * digit_stride(holder->mapping, n);
}

void cds_axis_digits(cds_digits *tile, cds_digits *spread,
                     const cds_holder *holder, unsigned axis, unsigned united,
                     unsigned from) {
  const cds_mapping *mapping = holder->mapping;
  tile->count = 0;
  spread->count = 0;
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind == CDS_HOLD || node->trips < 2) {
      continue;
    }
    const cds_digit digit = {cds_axis_step(holder, axis, n), node->trips};
    if (digit.step == 0) {
      continue;
    }
    const bool free_here = node->kind == CDS_FOR ? n > holder->position
                                                 : node->array >= holder->depth;
    if (free_here) {
      tile->digit[tile->count++] = digit;
    } else if (node->kind == CDS_SPREAD &&
               united_array(node, united, from, holder->depth)) {
      spread->digit[spread->count++] = digit;
    }
  }
}

int64_t cds_axis_move(const cds_holder *holder, unsigned axis,
                      unsigned advancing) {
  int64_t move = 0;
  for (unsigned n = advancing; n < holder->position; n++) {
    const cds_node *node = &holder->mapping->node[n];
    if (node->kind != CDS_FOR) {
      continue;
    }
    const uint64_t step = cds_axis_step(holder, axis, n);
    if (n == advancing) {
      move += (int64_t)step;
    } else {
      move -= (int64_t)(step * (node->trips - 1));
    }
  }
  return move;
}

/* Words that come in a step: all of the tiles (`advancing` UINT_MAX), or what
 * is new when loop `advancing` goes on. */
static cds_status step_words(uint64_t *out, const cds_holder *holder,
                             unsigned united, unsigned from, unsigned advancing,
                             cds_arena *scratch) {
  const cds_tensor *tensor = &holder->einsum->tensor[holder->tensor];
  uint64_t every = 1;
  uint64_t known = 1;
  for (unsigned a = 0; a < tensor->axes; a++) {
    cds_digits tile;
    cds_digits spread;
    cds_axis_digits(&tile, &spread, holder, a, united, from);
    const int64_t move =
        advancing == UINT_MAX ? 0 : cds_axis_move(holder, a, advancing);
    uint64_t all = 0;
    uint64_t fresh = 0;
    CDS_TRY(cds_axis_union(&all, &fresh, &tile, &spread, move, scratch));
    if (!cds_mul_u64(&every, every, all)) {
      return CDS_ELIMIT;
    }
    known *= all - fresh; /* at most `every`: cannot overflow */
  }
  *out = advancing == UINT_MAX ? every : every - known;
  return CDS_OK;
}

cds_status cds_tile_words(uint64_t *out, const cds_holder *holder,
                          cds_arena *scratch) {
  return step_words(out, holder, 0, 0, UINT_MAX, scratch);
}

uint64_t cds_spread_product(const cds_einsum *einsum,
                            const cds_mapping *mapping, unsigned first,
                            unsigned last, unsigned tensor, bool has) {
  uint64_t product = 1;
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind != CDS_SPREAD || node->array < first ||
        node->array >= last) {
      continue;
    }
    if (tensor == UINT_MAX ||
        cds_tensor_has_rank(&einsum->tensor[tensor], node->rank) == has) {
      product *= node->trips;
    }
  }
  return product;
}

uint64_t cds_added_spreads(const cds_holder *holder, unsigned first,
                           unsigned united, unsigned from) {
  uint64_t product = 1;
  for (unsigned n = 0; n < holder->mapping->nodes; n++) {
    const cds_node *node = &holder->mapping->node[n];
    if (node->kind == CDS_SPREAD && node->array >= first &&
        node->array < holder->depth &&
        !united_array(node, united, from, holder->depth)) {
      product *= node->trips;
    }
  }
  return product;
}

cds_status cds_loads(uint64_t *total, uint64_t *first, const cds_holder *holder,
                     unsigned united, unsigned from, cds_arena *scratch) {
  uint64_t begin = 0;
  CDS_TRY(step_words(&begin, holder, united, from, UINT_MAX, scratch));
  uint64_t sum = holder->memoryless ? 0 : begin;
  uint64_t outer = 1;
  for (unsigned n = 0; n < holder->position; n++) {
    const cds_node *node = &holder->mapping->node[n];
    if (node->kind != CDS_FOR || node->trips < 2) {
      continue;
    }
    if (!holder->memoryless) {
      uint64_t words = 0;
      CDS_TRY(step_words(&words, holder, united, from, n, scratch));
      uint64_t times = 0;
      if (!cds_mul_u64(&times, outer, node->trips - 1) ||
          !cds_mul_u64(&words, words, times) ||
          !cds_add_u64(&sum, sum, words)) {
        return CDS_ELIMIT;
      }
    }
    if (!cds_mul_u64(&outer, outer, node->trips)) {
      return CDS_ELIMIT;
    }
  }
  if (holder->memoryless && !cds_mul_u64(&sum, begin, outer)) {
    return CDS_ELIMIT;
  }
  if (!cds_mul_u64(total, sum, cds_added_spreads(holder, 0, united, from))) {
    return CDS_ELIMIT;
  }
  if (first != NULL) {
    *first = begin * cds_added_spreads(holder, from, united, from);
  }
  return CDS_OK;
}
