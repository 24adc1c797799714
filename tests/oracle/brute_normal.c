/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The normal form of mappings that the search writes, rebuilt from what its
 * comments say. Ranks fall into classes by the tensor that lacks them; those
 * that all tensors have are the batch class.
 *   hold all at level 0, loops (batch class, then the class of each tensor),
 *   holders of level 1, then of level 2, each followed by loops of its own
 *   tensor's class only; spreads before the first holder under the array.
 * One tensor may be hoisted across level 1: it is the first at level 2, and the
 * level 1 holders right above it have no loops, so that it looks through them
 * to loops b of its own class. These stand after the loops of the holder above
 * (of another tensor), or last on top. Right below the hoisted holder may then
 * stand loops of the classes of the loop-less holders, if level 2 does not hold
 * their tensors.
 * The first holder's class has no loop before it, and the last holder of level
 * 1 has none after it if its tensor is also the first at level 2. Inside a
 * class each factor takes its primes from the last rank that still has them,
 * innermost factor first (x, cols, rows, b, a, g). What comes first, a holder
 * or the loops b, has no loop of its class on top.
 */
#include <string.h>

#include "oracle/brute_force.h"

enum { BATCH = BRUTE_TENSORS, CLASSES };
enum { X, COLS, ROWS, B, A, G, DIGITS };
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
  unsigned hoisted;    /* tensor, or BRUTE_TENSORS: none */
  unsigned flat;       /* tensors of the holders that it looks through: bits */
  unsigned first_flat; /* the first of these holders */
  uint64_t digit[CLASSES][DIGITS];
  uint64_t share[DIGITS][CDS_RANKS_MAX];
} normal;

static bool has_rank(const cds_tensor *tensor, unsigned rank) {
  for (unsigned a = 0; a < tensor->axes; a++) {
    if (tensor->axis[a].term[0].rank == rank) {
      return true;
    }
  }
  return false;
}

static unsigned class_of(const cds_einsum *einsum, unsigned rank) {
  for (unsigned t = 0; t < BRUTE_TENSORS; t++) {
    if (!has_rank(&einsum->tensor[t], rank)) {
      return t;
    }
  }
  return BATCH;
}

/* Loops of the gaps [from, to) all belong to one class? Multiplies them in. */
static bool take_gap(normal *it, int from, int to, unsigned class,
                     unsigned digit) {
  for (int i = from; i < to; i++) {
    const brute_loop *loop = &it->raw->loop[i];
    const unsigned of = class_of(it->einsum, loop->rank);
    if (class != CLASSES && of != class) {
      return false;
    }
    it->digit[of][digit] *= loop->trips;
  }
  return true;
}

static bool held_at(const normal *it, unsigned tensor, unsigned level) {
  for (unsigned h = 0; h < it->holders; h++) {
    if (it->holder[h].tensor == tensor && it->holder[h].level == level) {
      return true;
    }
  }
  return false;
}

/* Finds the first tensor of level 2 and the loop-less holders of level 1 right
 * above it, that it looks through. */
static void find_hoisted(normal *it) {
  unsigned first = 0;
  while (first < it->holders && it->holder[first].level == 1) {
    first++;
  }
  it->flat = 0;
  it->hoisted = BRUTE_TENSORS;
  it->first_flat = first;
  if (first == it->holders) {
    return;
  }
  const holder *at = &it->holder[first];
  while (it->first_flat > 0) {
    const holder *up = &it->holder[it->first_flat - 1];
    if (up->tensor == at->tensor || up->gap != at->gap) {
      break;
    }
    it->flat |= 1u << up->tensor;
    it->first_flat--;
  }
  if (it->flat != 0) {
    it->hoisted = at->tensor;
  }
}

/* Which digit a loop of class `of` below holder h is; DIGITS: none. */
static unsigned digit_below(const normal *it, unsigned h, unsigned of) {
  const holder *at = &it->holder[h];
  const bool before_flat = it->hoisted < BRUTE_TENSORS &&
                           h + 1 == it->first_flat && of == it->hoisted;
  if (before_flat) {
    return B;
  }
  if (of == at->tensor) {
    return at->level == 1 ? A : X;
  }
  const bool loose = at->level == 2 && at->tensor == it->hoisted &&
                     of < BRUTE_TENSORS && (it->flat >> of & 1u) != 0 &&
                     !held_at(it, of, 2);
  return loose ? X : DIGITS;
}

/* Whether the digits are of the normal form. */
static bool allowed_digits(const normal *it) {
  const unsigned h = it->hoisted;
  bool loose = false;
  for (unsigned c = 0; c < BRUTE_TENSORS; c++) {
    loose = loose || (!held_at(it, c, 2) && it->digit[c][X] > 1);
  }
  if (loose && (h == BRUTE_TENSORS || it->digit[h][B] == 1)) {
    return false; /* nothing is hoisted */
  }
  for (unsigned i = 0; i + 1 < it->holders; i++) {
    const holder *at = &it->holder[i];
    if (at->level == 1 && at[1].level == 2 && at[1].tensor == at->tensor &&
        it->digit[at->tensor][A] > 1) {
      return false;
    }
  }
  const bool loops_first =
      h < BRUTE_TENSORS && it->first_flat == 0 && it->digit[h][B] > 1;
  return it->holders == 0 || loops_first ||
         it->digit[it->holder[0].tensor][G] == 1;
}

/* Digits of every class under this order of holders; false when it is not the
 * normal form. */
static bool take_digits(normal *it) {
  const int loops = (int)it->raw->loops;
  for (unsigned c = 0; c < CLASSES; c++) {
    for (unsigned d = 0; d < DIGITS; d++) {
      it->digit[c][d] = 1;
    }
  }
  find_hoisted(it);
  take_gap(it, 0, it->holders > 0 ? it->holder[0].gap : loops, CLASSES, G);
  if (it->hoisted < BRUTE_TENSORS && it->first_flat == 0) {
    it->digit[it->hoisted][B] = it->digit[it->hoisted][G];
    it->digit[it->hoisted][G] = 1;
  }
  for (unsigned h = 0; h < it->holders; h++) {
    const int end = h + 1 == it->holders ? loops : it->holder[h + 1].gap;
    for (int i = it->holder[h].gap; i < end; i++) {
      const brute_loop *loop = &it->raw->loop[i];
      const unsigned of = class_of(it->einsum, loop->rank);
      const unsigned digit = digit_below(it, h, of);
      if (digit == DIGITS) {
        return false;
      }
      it->digit[of][digit] *= loop->trips;
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
    for (unsigned c = 0; c < CLASSES; c++) {
      uint64_t rest = it->digit[c][d];
      while (rest > 1) {
        const uint64_t p = least_prime(rest);
        unsigned r = it->einsum->ranks - 1;
        while (class_of(it->einsum, r) != c || left[r] % p != 0) {
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
    if (class_of(it->einsum, r) == class && it->share[digit][r] > 1) {
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
      if (class_of(it->einsum, up->rank) != mapping->node[n].tensor) {
        break;
      }
      trips *= up->trips;
    }
  }
  return trips;
}

/* Whether every holder is as high as it can be: only the hoisted one of level
 * 2 hoists, and over its loops b. */
static bool is_raised(const normal *it, const cds_mapping *mapping) {
  for (unsigned n = BRUTE_TENSORS; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind != CDS_HOLD) {
      continue;
    }
    const bool hoisted = node->level == 2 && node->tensor == it->hoisted;
    if (hoisted_over(it, mapping, n) !=
        (hoisted ? it->digit[node->tensor][B] : 1)) {
      return false;
    }
  }
  return true;
}

static void offer(normal *it) {
  cds_mapping mapping = {0};
  share_primes(it);
  for (unsigned t = 0; t < BRUTE_TENSORS; t++) {
    add_node(&mapping, (cds_node){.kind = CDS_HOLD, .tensor = t});
  }
  add_loops(&mapping, it, BATCH, G);
  for (unsigned c = 0; c < BRUTE_TENSORS; c++) {
    add_loops(&mapping, it, c, G);
  }
  bool spread = false;
  for (unsigned h = 0; h < it->holders; h++) {
    const holder *at = &it->holder[h];
    if (!spread && it->arch->level[at->level].depth > 0) {
      add_spreads(&mapping, it);
      spread = true;
    }
    if (it->hoisted < BRUTE_TENSORS && h == it->first_flat) {
      add_loops(&mapping, it, it->hoisted, B);
    }
    add_node(
        &mapping,
        (cds_node){.kind = CDS_HOLD, .tensor = at->tensor, .level = at->level});
    add_loops(&mapping, it, at->tensor, at->level == 1 ? A : X);
    for (unsigned c = 0; c < BRUTE_TENSORS; c++) {
      if (at->level == 2 && at->tensor == it->hoisted && !held_at(it, c, 2)) {
        add_loops(&mapping, it, c, X);
      }
    }
  }
  if (!spread) {
    add_spreads(&mapping, it);
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
  if (c == CLASSES) {
    offer(it);
    return;
  }
  uint64_t spread = 1;
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    spread *= class_of(it->einsum, r) == c ? it->raw->spread[r] : 1;
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
  return a->gap == b->gap && a->level == b->level;
}

/* Every order of holders that share a level and a gap. */
static void order_holders(normal *it, unsigned first) {
  if (first >= it->holders) {
    finish_order(it);
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
