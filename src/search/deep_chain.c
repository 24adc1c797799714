/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * N(g, X) is the least over t and q of a run of t over groups g to q,
 *   sum of cost(t, h) / X(t) for h from g to q + W(X),
 *   W(X) = least over X' that divide X and fit of
 *          sum over u other than t of cost(u, h) / X'(u) + N(q + 1, X').
 * X' is that of group q; the groups before it in the run have the same of the
 * other classes, and of class t may have the same too, which takes no more
 * room. The least over all divisors of X is found for all X at once, prime by
 * prime: the least of X and of X / p, from small X to large.
 */
#include "search/deep_chain.h"

#include <math.h>
#include <string.h>

cds_status cds_deep_chain_new(cds_deep *deep) {
  cds_deep_chain *chain = cds_malloc(sizeof *chain);
  if (chain == NULL) {
    return CDS_ENOMEM;
  }
  memset(chain, 0, sizeof *chain);
  chain->deep = deep;
  chain->arena = cds_arena_new();
  deep->chain = chain;
  if (chain->arena == NULL) {
    return CDS_ENOMEM;
  }
  chain->empty = cds_arena_mark_get(chain->arena);
  return CDS_OK;
}

void cds_deep_chain_free(cds_deep *deep) {
  if (deep->chain != NULL) {
    cds_arena_free(deep->chain->arena);
    cds_free(deep->chain);
  }
  deep->chain = NULL;
}

/* ---- the lattice ----------------------------------------------------- */

cds_status cds_deep_chain_begin(cds_deep *deep, const cds_deep_view *view) {
  cds_deep_chain *it = deep->chain;
  cds_arena_reset(it->arena, it->empty);
  memset(it->inner, 0, sizeof it->inner);
  it->tables = 0;
  it->places = 1;
  for (unsigned c = 0; c < CDS_DEEP_TENSORS; c++) {
    const cds_deep_parts *parts = &deep->parts[c][view->rest[c]];
    it->count[c] = parts->count;
    it->places *= parts->count;
    it->inverse[c] = cds_arena_array(it->arena, parts->count, sizeof(double));
    if (it->inverse[c] == NULL) {
      return CDS_ENOMEM;
    }
    for (unsigned i = 0; i < parts->count; i++) {
      it->inverse[c][i] = 1 / (double)cds_deep_divisor(deep, c, parts->at[i]);
    }
    it->parts[c] = parts;
  }
  it->row = cds_arena_array(it->arena, it->places, sizeof *it->row);
  it->zeros = cds_arena_array(it->arena, it->places, sizeof *it->zeros);
  return it->row == NULL || it->zeros == NULL ? CDS_ENOMEM : CDS_OK;
}

/* ---- the least of all divisors --------------------------------------- */

static inline void lower_by(double *restrict to, const double *restrict from,
                            size_t count) {
  for (size_t i = 0; i < count; i++) {
    to[i] = from[i] < to[i] ? from[i] : to[i];
  }
}

/* Goes through class 2, whose steps stand next to each other. */
static void sweep_rows(const cds_deep_chain *it, double *table) {
  const size_t count = it->count[2];
  for (unsigned p = 0; p < it->parts[2]->primes; p++) {
    const uint16_t *before = it->parts[2]->before[p];
    for (double *row = table; row < table + it->places; row += count) {
      for (size_t i = 1; i < count; i++) {
        const double less = before[i] == CDS_NONE ? row[i] : row[before[i]];
        row[i] = less < row[i] ? less : row[i];
      }
    }
  }
}

/* Goes through one class, whose steps are `stride` apart. */
static void sweep(const cds_deep_chain *it, double *table, unsigned class,
                  size_t stride) {
  const size_t count = it->count[class];
  for (unsigned p = 0; p < it->parts[class]->primes; p++) {
    const uint16_t *before = it->parts[class]->before[p];
    for (size_t block = 0; block < it->places; block += count * stride) {
      for (size_t i = 1; i < count; i++) {
        if (before[i] != CDS_NONE) {
          lower_by(table + block + i * stride,
                   table + block + before[i] * stride, stride);
        }
      }
    }
  }
}

/* ---- tables ---------------------------------------------------------- */

/* A run of `block` over groups first to last. */
typedef struct cds_deep_span {
  unsigned block, first, last;
  double cost[CDS_DEEP_TENSORS]; /* in all its groups */
} cds_deep_span;

static void set_span(cds_deep_span *out, const cds_deep_bound_input *input,
                     unsigned block, unsigned first, unsigned last) {
  *out = (cds_deep_span){.block = block, .first = first, .last = last};
  for (unsigned u = 0; u < CDS_DEEP_TENSORS; u++) {
    for (unsigned h = first; h <= last; h++) {
      out->cost[u] += input->cost[u][h];
    }
  }
}

/* W of each X' by itself: INFINITY if it does not fit the last group. */
static void fill(cds_deep_chain *it, const cds_deep_bound_input *input,
                 const cds_deep_span *span, const double *inside) {
  const cds_deep_tiles *tiles = input->tiles[span->last];
  double cost[CDS_DEEP_TENSORS];
  memcpy(cost, span->cost, sizeof cost);
  cost[span->block] = 0;
  const size_t count = it->count[2];
  const double *inverse = it->inverse[2];
  size_t pair = 0;
  for (unsigned i = 0; i < it->count[0]; i++) {
    for (unsigned j = 0; j < it->count[1]; j++, pair++) {
      const double base =
          cost[0] * it->inverse[0][i] + cost[1] * it->inverse[1][j];
      const size_t fit = tiles->fit[pair];
      double *restrict out = it->row + pair * count;
      const double *restrict more = inside + pair * count;
      for (size_t k = 0; k < fit; k++) {
        out[k] = base + cost[2] * inverse[k] + more[k];
      }
      for (size_t k = fit; k < count; k++) {
        out[k] = (double)INFINITY;
      }
      if (tiles->whole[pair]) {
        const size_t last = count - 1;
        out[last] = base + cost[2] * inverse[last] + more[last];
      }
    }
  }
}

/* Lowers the table to the span, whose block enters so often. */
static void take(cds_deep_chain *it, double *table, const cds_deep_span *span) {
  const double cost = span->cost[span->block];
  const size_t count = it->count[2];
  const double *inverse = it->inverse[2];
  const double each = span->block == 2 ? cost : 0;
  size_t pair = 0;
  for (unsigned i = 0; i < it->count[0]; i++) {
    for (unsigned j = 0; j < it->count[1]; j++, pair++) {
      const double base = span->block == 0   ? cost * it->inverse[0][i]
                          : span->block == 1 ? cost * it->inverse[1][j]
                                             : 0;
      double *restrict to = table + pair * count;
      const double *restrict row = it->row + pair * count;
      for (size_t k = 0; k < count; k++) {
        const double all = row[k] + base + each * inverse[k];
        to[k] = all < to[k] ? all : to[k];
      }
    }
  }
}

/* Whether a run of t from `first` to `last` is worth a look: see deep_bound.c.
 */
static bool runs_to(const cds_deep_bound_input *input, unsigned t,
                    unsigned first, unsigned last) {
  return first == last || input->held[t][last];
}

/* Blocks of runs from `first` to `last` of which one is the least. A tensor
 * that costs nothing in these groups need not be the block if another one may
 * be: with the same X' a block u costs cost(u) / X(u), and beside another block
 * cost(u) / X'(u), which is no less, as X' divides X. */
static unsigned blocks_of(const cds_deep_bound_input *input, unsigned first,
                          unsigned last) {
  unsigned blocks = 0;
  unsigned free = 0;
  for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
    bool costs = false;
    for (unsigned h = first; h <= last; h++) {
      costs = costs || input->cost[t][h] > 0;
    }
    if (runs_to(input, t, first, last)) {
      blocks |= costs ? 1U << t : 0;
      free = costs ? free : 1U << t;
    }
  }
  return blocks != 0 ? blocks : free;
}

static cds_deep_inner *find(cds_deep_chain *it,
                            const cds_deep_bound_input *input, unsigned group) {
  const unsigned groups = it->deep->groups;
  for (cds_deep_inner *inner = it->inner[group]; inner != NULL;
       inner = inner->next) {
    bool same = true;
    for (unsigned g = group; g <= groups && same; g++) {
      same = inner->tiles[g] == input->tiles[g];
      for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
        same = same && inner->cost[t][g] == input->cost[t][g];
      }
    }
    if (same) {
      return inner;
    }
  }
  cds_deep_inner *made = cds_arena_alloc(it->arena, sizeof *made);
  if (made == NULL) {
    return NULL;
  }
  memcpy(made->tiles, input->tiles, sizeof made->tiles);
  memcpy(made->cost, input->cost, sizeof made->cost);
  made->next = it->inner[group];
  it->inner[group] = made;
  return made;
}

/* A group that holds nothing costs nothing, and all tiles fit it: runs that
 * begin there are those that begin at the next, as N does not rise with X. */
static unsigned first_holding(const cds_deep_bound_input *input, unsigned group,
                              unsigned groups) {
  while (group <= groups && !input->held[0][group] && !input->held[1][group] &&
         !input->held[2][group]) {
    group++;
  }
  return group;
}

/* Depth: the groups. */
// NOLINTNEXTLINE(misc-no-recursion)
cds_status cds_deep_chain_get(const double **out, cds_deep *deep,
                              const cds_deep_bound_input *input,
                              unsigned group) {
  cds_deep_chain *it = deep->chain;
  group = first_holding(input, group, deep->groups);
  if (group > deep->groups) {
    *out = it->zeros;
    return CDS_OK;
  }
  cds_deep_inner *inner = find(it, input, group);
  if (inner == NULL) {
    return CDS_ENOMEM;
  }
  if (inner->least != NULL) {
    *out = inner->least;
    return CDS_OK;
  }
  double *table = cds_arena_array(it->arena, it->places, sizeof *table);
  if (table == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < it->places; i++) {
    table[i] = (double)INFINITY;
  }
  for (unsigned q = group; q <= deep->groups; q++) {
    const double *inside = NULL;
    CDS_TRY(cds_deep_chain_get(&inside, deep, input, q + 1));
    const unsigned blocks = blocks_of(input, group, q);
    for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
      if ((blocks >> t & 1U) != 0) {
        cds_deep_span span;
        set_span(&span, input, t, group, q);
        fill(it, input, &span, inside);
        sweep_rows(it, it->row);
        sweep(it, it->row, 1, it->count[2]);
        sweep(it, it->row, 0, (size_t)it->count[1] * it->count[2]);
        take(it, table, &span);
      }
    }
  }
  inner->least = table;
  it->tables++;
  *out = table;
  return CDS_OK;
}

/* Least of a span over the tiles that fit its last group, without what its
 * block costs: `further` of each tile is added. */
static double least_of(const cds_deep_bound_input *input,
                       const cds_deep_span *span, const double *inside,
                       const double *further) {
  const cds_deep_tiles *tiles = input->tiles[span->last];
  double cost[CDS_DEEP_TENSORS];
  memcpy(cost, span->cost, sizeof cost);
  cost[span->block] = 0;
  double least = (double)INFINITY;
  for (size_t i = 0; i < tiles->count; i++) {
    const double all = cost[0] * tiles->inverse[0][i] +
                       cost[1] * tiles->inverse[1][i] +
                       cost[2] * tiles->inverse[2][i] + inside[tiles->at[i]] +
                       (further == NULL ? 0 : further[i]);
    least = all < least ? all : least;
  }
  return least;
}

/* Least of spans that begin at `group` by their block, without what it costs,
 * and last group. */
typedef struct cds_deep_spans {
  unsigned count;
  double outside[CDS_DEEP_TENSORS * CDS_GROUPS_MAX]; /* cost of the block */
  unsigned block[CDS_DEEP_TENSORS * CDS_GROUPS_MAX];
  double least[CDS_DEEP_TENSORS * CDS_GROUPS_MAX];
} cds_deep_spans;

static cds_status list_spans(cds_deep_spans *out, cds_deep *deep,
                             const cds_deep_bound_input *input,
                             unsigned group) {
  out->count = 0;
  for (unsigned q = group; q <= deep->groups; q++) {
    const double *inside = NULL;
    CDS_TRY(cds_deep_chain_get(&inside, deep, input, q + 1));
    const unsigned blocks = blocks_of(input, group, q);
    for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
      if ((blocks >> t & 1U) != 0) {
        cds_deep_span span;
        set_span(&span, input, t, group, q);
        out->outside[out->count] = span.cost[t];
        out->block[out->count] = t;
        out->least[out->count++] = least_of(input, &span, inside, NULL);
      }
    }
  }
  return CDS_OK;
}

static double outside_of(const cds_deep_chain *it, const cds_deep_span *span) {
  const unsigned t = span->block;
  return span->cost[t] * it->inverse[t][it->count[t] - 1];
}

cds_status cds_deep_chain_least(double *out, cds_deep *deep,
                                const cds_deep_bound_input *input) {
  const cds_deep_chain *it = deep->chain;
  cds_deep_spans spans;
  CDS_TRY(list_spans(&spans, deep, input, input->first));
  *out = (double)INFINITY;
  for (unsigned i = 0; i < spans.count; i++) {
    const unsigned t = spans.block[i];
    *out = fmin(*out, spans.outside[i] * it->inverse[t][it->count[t] - 1] +
                          spans.least[i]);
  }
  return CDS_OK;
}

cds_status cds_deep_chain_most(double *out, cds_deep *deep,
                               const cds_deep_bound_input *input) {
  const unsigned group = input->first;
  const cds_deep_tiles *tiles = input->tiles[group];
  cds_deep_spans spans;
  CDS_TRY(list_spans(&spans, deep, input, group + 1));
  double *further = deep->scratch;
  for (size_t i = 0; i < tiles->count; i++) {
    further[i] = (double)INFINITY;
  }
  for (unsigned s = 0; s < spans.count; s++) {
    const double *inverse = tiles->inverse[spans.block[s]];
    for (size_t i = 0; i < tiles->count; i++) {
      const double all = spans.outside[s] * inverse[i] + spans.least[s];
      further[i] = all < further[i] ? all : further[i];
    }
  }
  *out = (double)INFINITY;
  for (unsigned q = group; q <= deep->groups; q++) {
    const double *inside = deep->chain->zeros;
    if (q > group) {
      CDS_TRY(cds_deep_chain_get(&inside, deep, input, q + 1));
    }
    const unsigned blocks = blocks_of(input, group, q);
    for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
      if ((blocks >> t & 1U) != 0) {
        cds_deep_span span;
        set_span(&span, input, t, group, q);
        *out = fmin(*out, outside_of(deep->chain, &span) +
                              least_of(input, &span, inside,
                                       q == group ? further : NULL));
      }
    }
  }
  return CDS_OK;
}
