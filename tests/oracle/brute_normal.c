/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The normal form of mappings that the search writes, rebuilt from what its
 * comments say. Ranks fall into classes by the tensor that lacks them; those
 * that all tensors have are the batch class.
 *   hold all at level 0, loops (batch class, then the class of each tensor),
 *   holders in any order that keeps each tensor's levels in turn, each followed
 *   by loops of its own tensor's class only; spreads right below the last
 * holder of a level above the array. No holder stands where it would hoist:
 * looking up through holders without loops it meets no loop of its own class,
 * and what would meet the loops on top has none of its class there. Inside a
 * class each factor takes its primes from the last rank that still has them,
 * innermost factor first (x, cols, rows, a, g).
 */
#include <string.h>

#include "oracle/brute_force.h"
#include "spec/stage.h"

enum { X, COLS, ROWS, A, G, DIGITS };
enum { HOLDERS_MAX = 2 * BRUTE_TENSORS };

typedef struct holder {
  unsigned tensor, level;
  int gap;
} holder;

typedef struct normal {
  const cds_arch *arch;
  const cds_einsum *einsum;
  const brute_raw *raw;
  cds_mapping *least;
  bool *found;
  brute_accept *accept;
  void *payload;
  unsigned holders;
  holder holder[HOLDERS_MAX];
  uint64_t digit[BRUTE_CLASSES][DIGITS];
  uint64_t share[DIGITS][CDS_RANKS_MAX];
} normal;

/* Loops of the gaps [from, to) all belong to one class? Multiplies them in. */
static bool take_gap(normal *it, int from, int to, unsigned class,
                     unsigned digit) {
  for (int i = from; i < to; i++) {
    const brute_loop *loop = &it->raw->loop[i];
    const unsigned of = brute_class(it->einsum, loop->rank);
    if (class != BRUTE_CLASSES && of != class) {
      return false;
    }
    it->digit[of][digit] *= loop->trips;
  }
  return true;
}

/* What would meet the loops on top has none of its own class there. */
static bool allowed_digits(const normal *it) {
  for (unsigned h = 0; h < it->holders; h++) {
    const holder *at = &it->holder[h];
    if (it->digit[at->tensor][G] > 1) {
      return false;
    }
    if (it->digit[at->tensor][at->level == 1 ? A : X] > 1) {
      break;
    }
  }
  return true;
}

/* Digits of every class under this order of holders; false when it is not the
 * normal form. */
static bool take_digits(normal *it) {
  const int loops = (int)it->raw->loops;
  for (unsigned c = 0; c < BRUTE_CLASSES; c++) {
    for (unsigned d = 0; d < DIGITS; d++) {
      it->digit[c][d] = 1;
    }
  }
  take_gap(it, 0, it->holders > 0 ? it->holder[0].gap : loops, BRUTE_CLASSES,
           G);
  for (unsigned h = 0; h < it->holders; h++) {
    const holder *at = &it->holder[h];
    const int end = h + 1 == it->holders ? loops : it->holder[h + 1].gap;
    if (!take_gap(it, at->gap, end, at->tensor, at->level == 1 ? A : X)) {
      return false;
    }
  }
  return allowed_digits(it);
}

static uint64_t least_prime(uint64_t n) {
  uint64_t p = 2;
  while (n % p != 0) {
    p++;
  }
  return p;
}

static void share_primes(normal *it) {
  uint64_t left[CDS_RANKS_MAX];
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    left[r] = it->einsum->rank[r].size;
  }
  for (unsigned d = 0; d < DIGITS; d++) {
    for (unsigned r = 0; r < it->einsum->ranks; r++) {
      it->share[d][r] = 1;
    }
    for (unsigned c = 0; c < BRUTE_CLASSES; c++) {
      uint64_t rest = it->digit[c][d];
      while (rest > 1) {
        const uint64_t p = least_prime(rest);
        unsigned r = it->einsum->ranks - 1;
        while (brute_class(it->einsum, r) != c || left[r] % p != 0) {
          r--;
        }
        it->share[d][r] *= p;
        left[r] /= p;
        rest /= p;
      }
    }
  }
}

static void add_node(cds_mapping *out, cds_node node) {
  out->node[out->nodes++] = node;
}

static void add_loops(cds_mapping *out, const normal *it, unsigned class,
                      unsigned digit) {
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    if (brute_class(it->einsum, r) == class && it->share[digit][r] > 1) {
      add_node(
          out,
          (cds_node){.kind = CDS_FOR, .rank = r, .trips = it->share[digit][r]});
    }
  }
}

static void add_spreads(cds_mapping *out, const normal *it) {
  for (unsigned axis = 0; axis < 2; axis++) {
    for (unsigned r = 0; r < it->einsum->ranks; r++) {
      const uint64_t trips = it->share[axis == 0 ? ROWS : COLS][r];
      if (trips > 1) {
        add_node(out, (cds_node){.kind = CDS_SPREAD,
                                 .rank = r,
                                 .axis = axis,
                                 .trips = trips});
      }
    }
  }
}

/* Trips of the loops of its own class that a holder hoists over: those above
 * it, through any holders, up to the first loop that its tensor has. */
static uint64_t hoisted_over(const normal *it, const cds_mapping *mapping,
                             unsigned n) {
  uint64_t trips = 1;
  for (unsigned above = n - 1; above >= BRUTE_TENSORS; above--) {
    const cds_node *up = &mapping->node[above];
    if (up->kind == CDS_FOR) {
      if (brute_class(it->einsum, up->rank) != mapping->node[n].tensor) {
        break;
      }
      trips *= up->trips;
    }
  }
  return trips;
}

/* Whether every holder is as high as it can be. */
static bool is_raised(const normal *it, const cds_mapping *mapping) {
  for (unsigned n = BRUTE_TENSORS; n < mapping->nodes; n++) {
    if (mapping->node[n].kind == CDS_HOLD && hoisted_over(it, mapping, n) > 1) {
      return false;
    }
  }
  return true;
}

/* Holders down to the last one of a level above the array. */
static unsigned holders_above(const normal *it) {
  unsigned above = 0;
  for (unsigned h = 0; h < it->holders; h++) {
    if (it->arch->level[it->holder[h].level].depth == 0) {
      above = h + 1;
    }
  }
  return above;
}

static void offer(normal *it) {
  cds_mapping mapping = {0};
  const unsigned above = holders_above(it);
  share_primes(it);
  for (unsigned t = 0; t < BRUTE_TENSORS; t++) {
    add_node(&mapping, (cds_node){.kind = CDS_HOLD,
                                  .tensor = t,
                                  .level = cds_einsum_home(it->einsum, t)});
  }
  if (above == 0) {
    add_spreads(&mapping, it);
  }
  add_loops(&mapping, it, BRUTE_BATCH, G);
  for (unsigned c = 0; c < BRUTE_TENSORS; c++) {
    add_loops(&mapping, it, c, G);
  }
  for (unsigned h = 0; h < it->holders; h++) {
    const holder *at = &it->holder[h];
    add_node(
        &mapping,
        (cds_node){.kind = CDS_HOLD, .tensor = at->tensor, .level = at->level});
    if (above == h + 1) {
      add_spreads(&mapping, it);
    }
    add_loops(&mapping, it, at->tensor, at->level == 1 ? A : X);
  }
  if (is_raised(it, &mapping) &&
      (!*it->found || cds_mapping_compare(&mapping, it->least) < 0) &&
      it->accept(&mapping, it->payload)) {
    *it->least = mapping;
    *it->found = true;
  }
}

/* All ways to divide the spreads of the classes from c on over the axes. */
static void divide_spreads(normal *it, unsigned c, uint64_t rows,
                           uint64_t cols) {
  if (c == BRUTE_CLASSES) {
    offer(it);
    return;
  }
  uint64_t spread = 1;
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    spread *= brute_class(it->einsum, r) == c ? it->raw->spread[r] : 1;
  }
  for (uint64_t f = 1; f <= spread; f++) {
    if (spread % f == 0 && f <= rows && spread / f <= cols) {
      it->digit[c][ROWS] = f;
      it->digit[c][COLS] = spread / f;
      divide_spreads(it, c + 1, rows / f, cols / (spread / f));
    }
  }
}

static void finish_order(normal *it) {
  if (!take_digits(it)) {
    return;
  }
  const cds_array *array = &it->arch->array[0];
  const bool any = it->arch->arrays > 0;
  divide_spreads(it, 0, any ? array->extent[0] : 1,
                 any && array->axes > 1 ? array->extent[1] : 1);
}

static bool same_place(const holder *a, const holder *b) {
  return a->gap == b->gap;
}

/* Whether the levels of each tensor stand in turn. */
static bool in_turn(const normal *it) {
  for (unsigned h = 0; h < it->holders; h++) {
    for (unsigned i = h + 1; i < it->holders; i++) {
      if (it->holder[h].tensor == it->holder[i].tensor &&
          it->holder[h].level > it->holder[i].level) {
        return false;
      }
    }
  }
  return true;
}

/* Every order of holders that share a gap. */
static void order_holders(normal *it, unsigned first) {
  if (first >= it->holders) {
    if (in_turn(it)) {
      finish_order(it);
    }
    return;
  }
  for (unsigned h = first; h < it->holders; h++) {
    const holder a = it->holder[first], b = it->holder[h];
    if (same_place(&a, &b)) {
      it->holder[first] = b;
      it->holder[h] = a;
      order_holders(it, first + 1);
      it->holder[first] = a;
      it->holder[h] = b;
    }
  }
}

void brute_normal_form(cds_mapping *least, bool *found, const brute_raw *raw,
                       const brute_space *space) {
  normal it = {.arch = space->arch,
               .einsum = space->einsum,
               .raw = raw,
               .least = least,
               .found = found,
               .accept = space->accept,
               .payload = space->payload};
  for (int gap = 0; gap <= (int)raw->loops; gap++) {
    for (unsigned level = 1; level < it.arch->levels; level++) {
      for (unsigned t = 0; t < BRUTE_TENSORS; t++) {
        if (raw->gap[t][level] == gap) {
          it.holder[it.holders++] = (holder){t, level, gap};
        }
      }
    }
  }
  order_holders(&it, 0);
}
