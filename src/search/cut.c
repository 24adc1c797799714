/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Passes and extents of a cut, part by part. A part of length L meets, from
 * outside in, nodes that are fixed (loops above the holder; the spread, where
 * the level stands under the array) or free (inside the tile).
 *
 * Tiles that are not empty:
 *   fixed loop, parts of c      floor(L / c) tiles(c) + tiles(L mod c)
 *   fixed spread, one instance  tiles(ceil(L / s))
 *   fixed spread, all           (L mod s) tiles(ceil) + the others tiles(floor)
 *   free                        tiles of the largest part: the digits that a
 *                               shorter part reaches are among those
 * Extent of the first tile, which is the largest: fixed, that of the largest
 * part; free, summed over the parts. Of the last tile: fixed loops, that of the
 * last part. The passes of an instance are those of the longest one; one with
 * less has no last pass if its length makes fewer parts.
 */
#include "search/cut.h"

#include <assert.h>
#include <string.h>

enum { CDS_CUT_NODES = 4 };

typedef struct cds_cut_node {
  bool spread, fixed;
  uint64_t trips;
  uint64_t part; /* of a loop: nominal extent inside */
} cds_cut_node;

typedef struct cds_cut_nest {
  cds_cut_node node[CDS_CUT_NODES];
} cds_cut_nest;

enum { LOOP_G, LOOP_A, LOOP_X, LOOPS };

/* The nodes of the trips in their order; fixed loops: those before `loops`. */
static void make_nest(cds_cut_nest *nest, uint64_t size, const cds_trips *trips,
                      unsigned loops, bool under) {
  const uint64_t trip[LOOPS] = {trips->g, trips->a, trips->x};
  uint64_t nominal = size;
  unsigned count = 0;
  for (unsigned l = 0; l <= LOOPS; l++) {
    if (l == trips->above || (l == LOOPS && trips->above > LOOPS)) {
      nominal = cds_ceil_div(nominal, trips->s);
      nest->node[count++] = (cds_cut_node){true, under, trips->s, nominal};
    }
    if (l < LOOPS) {
      nominal = cds_ceil_div(nominal, trip[l]);
      nest->node[count++] = (cds_cut_node){false, l < loops, trip[l], nominal};
    }
  }
}

/* Depth of recursion: the nodes. */
// NOLINTNEXTLINE(misc-no-recursion)
static uint64_t tiles(const cds_cut_nest *nest, unsigned n, uint64_t length,
                      bool all) {
  while (n < CDS_CUT_NODES && nest->node[n].trips == 1) {
    n++;
  }
  if (n == CDS_CUT_NODES || length == 1) {
    return 1;
  }
  const cds_cut_node *node = &nest->node[n];
  if (!node->spread) {
    const uint64_t part = length < node->part ? length : node->part;
    if (!node->fixed) {
      return tiles(nest, n + 1, part, all);
    }
    const uint64_t rest = length % part;
    return length / part * tiles(nest, n + 1, part, all) +
           (rest > 0 ? tiles(nest, n + 1, rest, all) : 0);
  }
  const uint64_t most = cds_ceil_div(length, node->trips);
  if (!node->fixed || !all) {
    return tiles(nest, n + 1, most, all);
  }
  const uint64_t least = length / node->trips;
  const uint64_t longer = length % node->trips;
  const uint64_t shorter = node->trips - longer;
  return (longer > 0 ? longer * tiles(nest, n + 1, most, all) : 0) +
         (least > 0 ? shorter * tiles(nest, n + 1, least, all) : 0);
}

// NOLINTNEXTLINE(misc-no-recursion)
static uint64_t extent(const cds_cut_nest *nest, unsigned n, uint64_t length) {
  while (n < CDS_CUT_NODES && nest->node[n].trips == 1) {
    n++;
  }
  if (n == CDS_CUT_NODES) {
    return 1;
  }
  const cds_cut_node *node = &nest->node[n];
  const uint64_t most = node->spread ? cds_ceil_div(length, node->trips)
                        : length < node->part ? length
                                              : node->part;
  if (node->fixed) {
    return extent(nest, n + 1, most);
  }
  if (!node->spread) {
    const uint64_t rest = length % most;
    return length / most * extent(nest, n + 1, most) +
           (rest > 0 ? extent(nest, n + 1, rest) : 0);
  }
  const uint64_t least = length / node->trips;
  const uint64_t longer = length % node->trips;
  return (longer > 0 ? longer * extent(nest, n + 1, most) : 0) +
         (least > 0 ? (node->trips - longer) * extent(nest, n + 1, least) : 0);
}

/* What is left of a length in the pass `parts` - 1 of a loop; 0: nothing. */
static uint64_t length_in_pass(uint64_t length, uint64_t part, uint64_t parts) {
  const uint64_t before = (parts - 1) * part;
  return length > before ? length - before : 0;
}

/* Last pass over the fixed loops: extent of the tile, and the instances that
 * take part. */
static uint64_t last_tile(const cds_cut_nest *nest, uint64_t size,
                          unsigned loops, bool under, uint64_t *group) {
  uint64_t most = size;
  uint64_t least = 0;
  uint64_t longer = 1;
  uint64_t shorter = 0;
  unsigned n = 0;
  for (unsigned passed = 0; passed < loops; n++) {
    const cds_cut_node *node = &nest->node[n];
    if (node->spread) {
      least = most / node->trips;
      longer = most % node->trips;
      shorter = node->trips - longer;
      most = cds_ceil_div(most, node->trips);
      if (longer == 0) {
        longer = shorter;
        shorter = 0;
      }
      continue;
    }
    const uint64_t parts = cds_ceil_div(most, node->part);
    most = length_in_pass(most, node->part, parts);
    assert(most > 0);
    least = length_in_pass(least, node->part, parts);
    passed++;
  }
  const uint64_t others = least > 0 ? shorter : 0;
  *group = longer + others;
  if (n > loops) { /* the spread has passed */
    return under ? most : longer * most + others * least;
  }
  uint64_t dealt = most;
  for (; n < CDS_CUT_NODES && !nest->node[n].spread; n++) {
    const uint64_t part = nest->node[n].part;
    dealt = dealt < part ? dealt : part;
  }
  const uint64_t s = nest->node[n].trips;
  *group = dealt < s ? dealt : s;
  return extent(nest, loops, most);
}

static void fill_last(cds_cut *out, const cds_problem *problem, uint64_t size) {
  cds_cut_nest nest;
  uint64_t group = 0;
  for (unsigned under = 0; under < 2; under++) {
    for (unsigned i = 0; i < CDS_INSIDES; i++) {
      make_nest(&nest, size, &out->trips, i + 1, under == 1);
      out->last[under][i] =
          (double)last_tile(&nest, size, i + 1, under == 1, &group);
      out->group[i + 1] = problem->below[i + 1] ? group : 1;
    }
  }
}

static void fill_residual(cds_cut *out, const cds_problem *problem,
                          uint64_t size) {
  cds_cut_nest nest;
  for (unsigned step = 1; step <= CDS_STEPS; step++) {
    make_nest(&nest, size, &out->trips, step, problem->below[step]);
    const uint64_t one = tiles(&nest, 0, size, false);
    const uint64_t all = problem->below[step] && out->trips.s > 1
                             ? tiles(&nest, 0, size, true)
                             : one;
    out->passes[step] = (cds_passes){one, all, all - one};
  }
  for (unsigned under = 0; under < 2; under++) {
    for (unsigned i = 0; i < CDS_INSIDES; i++) {
      make_nest(&nest, size, &out->trips, i + 1, under == 1);
      out->extent[under][i] = (double)extent(&nest, 0, size);
    }
  }
  fill_last(out, problem, size);
}

static void fill_perfect(cds_cut *out, const cds_problem *problem) {
  const cds_trips *trips = &out->trips;
  const uint64_t one[CDS_STEPS + 1] = {1, trips->g, trips->g * trips->a,
                                       trips->g * trips->a * trips->x};
  const uint64_t inside[CDS_INSIDES] = {trips->a * trips->x, trips->x, 1};
  for (unsigned step = 1; step <= CDS_STEPS; step++) {
    const uint64_t more = problem->below[step] ? trips->s - 1 : 0;
    const uint64_t shared = one[step] * more;
    out->passes[step] = (cds_passes){one[step], one[step] + shared, shared};
    out->group[step] = problem->below[step] ? trips->s : 1;
  }
  for (unsigned i = 0; i < CDS_INSIDES; i++) {
    out->extent[0][i] = (double)(inside[i] * trips->s);
    out->extent[1][i] = (double)inside[i];
  }
  memcpy(out->last, out->extent, sizeof out->last);
}

void cds_cut_fill(cds_cut *out, const cds_problem *problem, unsigned class,
                  const cds_trips *trips) {
  const uint64_t size = problem->size[class];
  out->trips = *trips;
  out->passes[0] = (cds_passes){1, 1, 0};
  if (trips->g * trips->a * trips->x * trips->s == size) {
    fill_perfect(out, problem);
  } else {
    fill_residual(out, problem, size);
  }
}

bool cds_trips_possible(const cds_problem *problem, unsigned class,
                        const cds_trips *trips) {
  const uint64_t trip[LOOPS] = {trips->g, trips->a, trips->x};
  uint64_t nominal = problem->size[class];
  for (unsigned l = 0; l <= LOOPS; l++) {
    if (l == trips->above) {
      if (trips->s > nominal) {
        return false;
      }
      nominal = cds_ceil_div(nominal, trips->s);
    }
    if (l < LOOPS) {
      const uint64_t part = cds_ceil_div(nominal, trip[l]);
      if (cds_ceil_div(nominal, part) != trip[l]) {
        return false;
      }
      nominal = part;
    }
  }
  return nominal == 1;
}

uint64_t cds_trips_dealt(const cds_problem *problem, unsigned class,
                         const cds_trips *trips) {
  const uint64_t trip[LOOPS] = {trips->g, trips->a, trips->x};
  uint64_t nominal = problem->size[class];
  for (unsigned l = 0; l < LOOPS && l < trips->above; l++) {
    nominal = cds_ceil_div(nominal, trip[l]);
  }
  return nominal;
}

void cds_cut_least(cds_cut *out, const cds_problem *problem, unsigned class,
                   uint64_t s, uint64_t g, uint64_t x) {
  const cds_spread_range one = {s, s};
  cds_cut_least_between(out, problem, class, one, g, x);
}

void cds_cut_least_between(cds_cut *out, const cds_problem *problem,
                           unsigned class, cds_spread_range range, uint64_t g,
                           uint64_t x) {
  const uint64_t size = problem->size[class];
  const uint64_t s = range.low;
  const uint64_t steps = cds_ceil_div(size, range.high);
  /* An instance has at least ceil(D / s) points, x of them in a tile at most;
   * in a full part each of the s instances has a tile. */
  const uint64_t tiles_one = cds_ceil_div(steps, x);
  const uint64_t tiles_all = cds_ceil_div(size, x);
  const uint64_t inner = g > tiles_one ? g : tiles_one;
  const uint64_t spread_g = g > s ? g : s;
  const uint64_t spread_inner = tiles_all > spread_g ? tiles_all : spread_g;
  memset(out, 0, sizeof *out);
  out->trips = (cds_trips){g, 1, s, x, 0};
  out->passes[0] = (cds_passes){1, 1, 0};
  out->passes[1] = (cds_passes){g, problem->below[1] ? spread_g : g, 0};
  out->passes[2] =
      (cds_passes){inner, problem->below[2] ? spread_inner : inner, 0};
  out->passes[CDS_STEPS] =
      (cds_passes){steps, problem->below[CDS_STEPS] ? size : steps, 0};
  const cds_tensor *output = &problem->einsum->tensor[CDS_MATRIX - 1];
  const bool narrow = output->accumulator.bits < output->format.bits;
  const bool residual = problem->residual[class];
  for (unsigned step = 1; step <= CDS_STEPS; step++) {
    /* A last pass of one instance holds results, which may have fewer bits. */
    const bool alone = !problem->below[step] || (residual && !narrow);
    out->group[step] = alone ? 1 : s;
  }
  if (residual && !problem->adds_pay) {
    return; /* a pass of one instance shares nothing */
  }
  for (unsigned step = 1; step <= CDS_STEPS; step++) {
    cds_passes *passes = &out->passes[step];
    const uint64_t more = problem->below[step] ? s - 1 : 0;
    passes->shared = residual ? passes->all - passes->one : passes->one * more;
  }
}

void cds_cut_most(cds_cut *out, const cds_problem *problem, unsigned class,
                  uint64_t s) {
  const uint64_t size = problem->size[class];
  const uint64_t one = size / s;
  memset(out, 0, sizeof *out);
  out->trips = (cds_trips){1, 1, s, 1, 0};
  for (unsigned step = 0; step <= CDS_STEPS; step++) {
    const bool under = step > 0 && problem->below[step];
    out->passes[step] =
        (cds_passes){one, under ? size : one, under ? size - one : 0};
  }
}
