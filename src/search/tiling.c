/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tiles weighed by what is chosen, and the walks over sizes; see tiling.h. */
#include "search/tiling.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- tiles ------------------------------------------------------------ */

/* The tile of a holder with nothing inside yet: its bits of a word and, above
 * the array, the batches of all instances. */
static cds_stack_tile plain_tile(const cds_branch *branch,
                                 const cds_order_place *place) {
  const unsigned side = branch->problem->below[place->level] ? 1 : 0;
  const double batches = side == 1 ? 1 : (double)branch->spreads->s[CDS_BATCH];
  const cds_stack_tile tile = {branch->problem->least_bits[place->tensor] *
                                   batches,
                               place->level,
                               side,
                               0,
                               branch->batch_steps > 1,
                               false};
  return tile;
}

/* Multiplies the weight by the extent of a class, of which it is known. */
static void put_known(cds_stack_tile *tile, const cds_branch *branch,
                      unsigned class, unsigned inside) {
  tile->weight *= branch->extent[class][tile->side][inside];
  tile->always = tile->always || branch->cut_outside[class][inside];
}

static void set_rooms(cds_stack *stack, const cds_branch *branch) {
  const cds_problem *problem = branch->problem;
  for (unsigned level = 1; level < problem->levels; level++) {
    stack->room[level] = problem->room[level];
    stack->charged[level] = branch->charged[level];
  }
}

/* The weights of a tiling's tiles, by what is chosen. */
static void weigh(const cds_branch *branch, cds_tiling *tiling) {
  cds_stack *stack = &tiling->stack;
  unsigned at[CDS_MATRIX]; /* place of a class in the tiling */
  for (unsigned p = 0; p < CDS_MATRIX; p++) {
    const unsigned c = tiling->tensor[p];
    at[c] = p;
    stack->least[p][0] = branch->extent[c][0][CDS_INSIDE_BOTH];
    stack->least[p][1] = branch->extent[c][1][CDS_INSIDE_BOTH];
  }
  for (unsigned p = 0; p < tiling->places; p++) {
    const cds_order_place *place = &tiling->place[p];
    cds_stack_tile *tile = &stack->tile[p];
    *tile = plain_tile(branch, place);
    for (unsigned d = 0; d < CDS_MATRIX; d++) {
      const unsigned inside = place->inside[d];
      if (d != place->tensor && inside == CDS_INSIDE_BOTH) {
        tile->inside |= 1U << at[d];
      } else if (d != place->tensor) {
        put_known(tile, branch, d, inside);
      }
    }
  }
}

/* The classes that can have loops below holders of level 2, after the others:
 * with two of them all pairs of cuts are looked at, with three the first is
 * that of the outermost holder. */
static void inner_classes(const cds_branch *branch, const cds_order *order,
                          unsigned tensor[CDS_MATRIX]) {
  unsigned count = 0;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    if ((branch->held[t] & CDS_HELD_2) == 0) {
      tensor[count++] = t;
    }
  }
  for (unsigned p = 0; p < order->count; p++) {
    if (order->place[p].level == 2) {
      tensor[count++] = order->place[p].tensor;
    }
  }
  assert(count == CDS_MATRIX);
}

/* The tiles of an order of holders by what is chosen and by x of each class
 * that is open. */
static void weigh_inner(const cds_branch *branch, const cds_order *order,
                        cds_stack *stack, const unsigned tensor[CDS_MATRIX]) {
  memset(stack, 0, sizeof *stack);
  for (unsigned p = 0; p < CDS_MATRIX; p++) {
    stack->walked[p] = true;
  }
  unsigned at[CDS_MATRIX];
  for (unsigned p = 0; p < CDS_MATRIX; p++) {
    at[tensor[p]] = p;
  }
  set_rooms(stack, branch);
  for (unsigned p = 0; p < order->count; p++) {
    const cds_order_place *place = &order->place[p];
    cds_stack_tile *tile = &stack->tile[stack->tiles++];
    *tile = plain_tile(branch, place);
    for (unsigned d = 0; d < CDS_MATRIX; d++) {
      const unsigned inside = place->inside[d];
      if (d == place->tensor) {
        continue;
      }
      if (inside != CDS_INSIDE_NONE && (branch->held[d] & CDS_HELD_2) != 0) {
        tile->inside |= 1U << at[d];
        tile->stays = tile->stays || inside == CDS_INSIDE_BOTH;
      } else {
        put_known(tile, branch, d, inside);
      }
    }
  }
}

/* ---- tilings ---------------------------------------------------------- */

/* Whether a tile has all loops of a class below g inside. */
static bool has_both(const cds_order_place *place) {
  bool has = false;
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    has = has || (d != place->tensor && place->inside[d] == CDS_INSIDE_BOTH);
  }
  return has;
}

/* Whether some tile has all loops of a class below g inside. */
static bool in_tiles(const cds_tiling *tiling, unsigned class) {
  bool has = false;
  for (unsigned p = 0; p < tiling->places; p++) {
    const cds_order_place *place = &tiling->place[p];
    has = has ||
          (place->tensor != class && place->inside[class] == CDS_INSIDE_BOTH);
  }
  return has;
}

/* Of two holders of level 1 the outer one takes the turn of a third, so that
 * all pairs of cuts are walked (stack.h). */
static void walk_all_pairs(cds_tiling *out) {
  const unsigned outer = out->tensor[0];
  out->tensor[0] = out->tensor[2];
  out->tensor[2] = outer;
  out->stack.walked[0] = false;
  out->stack.walked[2] = true;
}

static void set_tiling(cds_tiling *out, const cds_branch *branch,
                       const cds_order *order) {
  memset(out, 0, sizeof *out);
  cds_stack *stack = &out->stack;
  unsigned held = 0;
  bool deep = false;
  set_rooms(stack, branch);
  for (unsigned p = 0; p < order->count; p++) {
    const cds_order_place *place = &order->place[p];
    if (place->level == 1) {
      stack->walked[held] = true;
      out->tensor[held++] = place->tensor;
    }
    deep = deep || (place->level == 2 && has_both(place));
  }
  for (unsigned p = 0; p < order->count; p++) {
    if (order->place[p].level == 1 || deep) {
      out->place[out->places++] = order->place[p];
    }
  }
  stack->tiles = out->places;
  unsigned count = held;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    if ((branch->held[t] & CDS_HELD_1) == 0) {
      out->tensor[count++] = t;
    }
  }
  if (held == 2 && in_tiles(out, out->tensor[0])) {
    walk_all_pairs(out);
  }
}

static bool same_tiling(const cds_tiling *a, const cds_tiling *b) {
  return memcmp(a->tensor, b->tensor, sizeof a->tensor) == 0 &&
         a->places == b->places &&
         memcmp(a->place, b->place, a->places * sizeof *a->place) == 0;
}

/* Adds an order to those of level 2, if it is not among them. */
static void add_inner(const cds_branch *branch, cds_tiling *tiling,
                      const cds_order *order) {
  unsigned i = 0;
  while (i < tiling->inners &&
         branch->order[tiling->first + tiling->inner[i]]->permutation[2] !=
             order->permutation[2]) {
    i++;
  }
  if (i == tiling->inners && i < CDS_PERMUTATIONS) {
    tiling->inner[tiling->inners++] = (uint8_t)tiling->orders;
  }
}

/* The number of the tiling of an order, among those known or as a new one. */
static unsigned tiling_of(cds_branch *branch, const cds_order *order) {
  cds_tiling *made = &branch->tiling[branch->tilings];
  set_tiling(made, branch, order);
  unsigned i = 0;
  while (!same_tiling(&branch->tiling[i], made)) {
    i++;
  }
  branch->tilings += i == branch->tilings ? 1 : 0;
  return i;
}

void cds_tilings_list(cds_branch *branch) {
  uint8_t number[CDS_ORDERS_MAX];
  const cds_order *order[CDS_ORDERS_MAX];
  branch->tilings = 0;
  for (unsigned o = 0; o < branch->orders; o++) {
    order[o] = branch->order[o];
    number[o] = (uint8_t)tiling_of(branch, order[o]);
  }
  unsigned next = 0;
  for (unsigned i = 0; i < branch->tilings; i++) {
    cds_tiling *tiling = &branch->tiling[i];
    tiling->first = next;
    for (unsigned o = 0; o < branch->orders; o++) {
      if (number[o] == i) {
        branch->order[next++] = order[o];
        add_inner(branch, tiling, order[o]);
        tiling->orders++;
      }
    }
  }
}

/* ---- bounds ----------------------------------------------------------- */

void cds_tiling_walk(cds_branch *branch, cds_tiling *tiling,
                     cds_stack_walk *walk, cds_toll *others) {
  const cds_sizes *sizes[CDS_MATRIX];
  weigh(branch, tiling);
  *others = (cds_toll){branch->problem->mac_pj, 0, 0};
  for (unsigned p = 0; p < CDS_MATRIX; p++) {
    sizes[p] = branch->sizes[tiling->tensor[p]];
    if (!tiling->stack.walked[p]) {
      *others = cds_toll_add(*others, sizes[p]->size[0].rest);
    }
  }
  cds_stack_begin(walk, &tiling->stack, sizes);
}

bool cds_toll_beyond(const cds_branch *branch, cds_toll toll) {
  const cds_problem *problem = branch->problem;
  const double less = 1 - 1e-11; /* slopes are rounded */
  double cycles = cds_port_cycles(&problem->arch->level[0], toll.out * less,
                                  toll.in * less);
  cycles = cycles > branch->floor_cycles ? cycles : branch->floor_cycles;
  cycles += branch->floor_edges;
  return isinf(toll.energy_pj) ||
         cds_cost_beyond(branch, toll.energy_pj * less, cycles);
}

/* Energy above which everything is beyond the incumbent, as nothing in question
 * takes fewer cycles than the floor; with room for rounding. */
static double most_energy_for(const cds_branch *branch, const cds_best *best) {
  const cds_problem *problem = branch->problem;
  if (!best->found) {
    return (double)INFINITY;
  }
  const double cycles = branch->floor_cycles + branch->floor_edges;
  const double seconds = cycles / problem->arch->clock_hz;
  const double leakage = problem->leakage_w * 1e12 * seconds;
  double energy = best->key.value * best->keep;
  for (unsigned i = 0; i < best->goal.time_power; i++) {
    energy /= seconds;
  }
  const double paid = best->goal.time_power == 0
                          ? leakage + best->goal.lambda_pj_per_s * seconds
                          : leakage;
  const double room = fabs(energy) + paid; /* for rounding */
  energy -= paid;
  return energy + 1e-10 * room;
}

/* The same for every goal. */
static double most_energy(const cds_branch *branch) {
  double most = (double)-INFINITY;
  for (unsigned i = 0; i < branch->goals; i++) {
    most = fmax(most, most_energy_for(branch, &branch->best[i]));
  }
  return most;
}

bool cds_sizes_beyond(cds_branch *branch, cds_tiling *tiling) {
  cds_stack_walk walk;
  cds_toll others;
  cds_branch_count(branch);
  cds_tiling_walk(branch, tiling, &walk, &others);
  const double most = most_energy(branch);
  while (cds_stack_next(&walk)) {
    cds_toll rest;
    if (cds_stack_rest(&rest, &walk) &&
        cds_toll_beyond(branch, cds_toll_add(others, rest))) {
      cds_stack_skip(&walk);
      continue;
    }
    const cds_toll toll = cds_toll_add(others, cds_stack_toll(&walk));
    if (toll.energy_pj <= most && !cds_toll_beyond(branch, toll)) {
      return false;
    }
  }
  return true;
}

/* The least of a walk, each by itself; INFINITY: nothing fits. */
static cds_toll walk_toll(cds_stack_walk *walk) {
  cds_toll least = {(double)INFINITY, (double)INFINITY, (double)INFINITY};
  while (cds_stack_next(walk)) {
    cds_toll toll;
    if (cds_stack_rest(&toll, walk)) {
      cds_stack_skip(walk);
    } else {
      toll = cds_stack_toll(walk);
    }
    least = cds_toll_least(least, toll);
  }
  return least;
}

/* What the passes at level 2 cost at least with an order of its holders, when
 * each class has one of the groups of `inner`. */
static cds_toll inner_toll(const cds_branch *branch, const cds_order *order,
                           const cds_sizes inner[CDS_MATRIX]) {
  cds_stack stack;
  unsigned tensor[CDS_MATRIX];
  inner_classes(branch, order, tensor);
  weigh_inner(branch, order, &stack, tensor);
  const cds_sizes *sizes[CDS_MATRIX];
  for (unsigned p = 0; p < CDS_MATRIX; p++) {
    sizes[p] = &inner[tensor[p]];
  }
  cds_stack_walk walk;
  cds_stack_begin(&walk, &stack, sizes);
  return walk_toll(&walk);
}

/* What level 1 costs with so much of level 2, and what stands apart. */
static bool with_inner_beyond(const cds_branch *branch, cds_toll outer,
                              cds_toll inner) {
  return cds_toll_beyond(branch, cds_toll_add(outer, inner));
}

/* First level 1 beside the least of all groups, then the orders of level 2 one
 * by one: what is least so far only falls, so that it is not beyond the
 * incumbent in the end if it is not now. */
bool cds_levels_beyond(cds_branch *branch, cds_tiling *tiling,
                       const cds_sizes inner[CDS_MATRIX]) {
  cds_branch_count(branch);
  cds_toll least = {0, 0, 0};
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    branch->sizes[c] = &branch->options[c]->outer;
    least = cds_toll_add(least, inner[c].size[0].rest);
  }
  cds_stack_walk walk;
  cds_toll others;
  cds_tiling_walk(branch, tiling, &walk, &others);
  const cds_toll outer = cds_toll_add(others, walk_toll(&walk));
  if (with_inner_beyond(branch, outer, least)) {
    return true;
  }
  least = (cds_toll){(double)INFINITY, (double)INFINITY, (double)INFINITY};
  for (unsigned i = 0; i < tiling->inners; i++) {
    const cds_order *order = branch->order[tiling->first + tiling->inner[i]];
    least = cds_toll_least(least, inner_toll(branch, order, inner));
    if (!with_inner_beyond(branch, outer, least)) {
      return false;
    }
  }
  return true;
}
