/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Depth-first search below one choice of spreads and holders: first how much of
 * each class lies inside the level 2 holders (x), then between the holders (a)
 * and in the loops that a tensor is hoisted over (b); the rest (g) stays
 * outside. At a leaf every order of the holders is tried.
 *
 * Why a loop may stop at the first bound that is beyond the incumbent: the
 * bound is made of rows `open` and `rest`, which are below every row that the
 * loop could still come to, field by field, and so is their cost, in which
 * every field stands with a positive sign. First fill and last drain are not
 * negative and are left out of the bounds. Groups of rows (one x each, falling)
 * and rows (falling b, then a) come with rising multiplicities: M1 = g is
 * least, 1, in the first row of each group; M2 = g a is D / (s x) without
 * hoisting, D / (s x b) with it. Fields rise with M1 and M2, but for those that
 * zero starts lower (cds_row_floor), and rows of a hoisted tensor are in no
 * order of M1: there the bounds are rows of their own, from the least M1 and
 * the present M2.
 *
 * Why a class may skip the groups whose tiles do not fit alone: tiles only grow
 * with what else is chosen.
 *
 * Why the batch class (ranks that all tensors have) stays outside of all tiles:
 * no tensor is reused along it, so tile words and copies only grow with it. A
 * tile over b > 1 batches takes b times the room, of one batch at most twice.
 */
#include "search/branch.h"

#include <string.h>

/* ---- capacity -------------------------------------------------------- */

static bool below(const cds_order *order, unsigned what, unsigned t) {
  return (order->after[t] >> what & 1U) != 0;
}

/* Words of the tile of tensor t at a level, holders in the order given; classes
 * that are not chosen yet count as 1 (a lower bound). */
static double tile_words(const cds_branch *branch, unsigned level,
                         const cds_order *order, unsigned t) {
  const double *base = branch->base[level];
  double words = base[CDS_BATCH];
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    if (d == t) {
      continue;
    }
    words *= base[d];
    if (level == 1) {
      words *= branch->x[d] * (below(order, d, t) ? branch->a[d] : 1);
    } else if (below(order, d, t) ||
               (t == branch->hoisted && (branch->loose >> d & 1U) != 0)) {
      words *= branch->x[d];
    }
  }
  const bool inside =
      level == 1 && t != branch->hoisted && below(order, CDS_LOOPS, t);
  return inside ? words * branch->b : words;
}

/* Whether some order of the holders could fit, judged by what is chosen and
 * without second copies. */
static bool may_fit(const cds_branch *branch, unsigned level) {
  const double room = (double)branch->problem->arch->level[level].size_bits;
  for (size_t o = 0; o < branch->orders[level]; o++) {
    const cds_order *order = &branch->order[level][o];
    double bits = 0;
    for (unsigned i = 0; i < order->count; i++) {
      const unsigned t = order->place[i];
      if (t < CDS_MATRIX) {
        bits += tile_words(branch, level, order, t) * branch->least_bits[t];
      }
    }
    if (bits <= room) {
      return true;
    }
  }
  return branch->orders[level] == 0;
}

/* Whether the tile changes during the run: some loop above it is of a class
 * that the tensor has. */
static bool replaced(const cds_branch *branch, unsigned level,
                     const cds_order *order, unsigned t) {
  bool changes = branch->batch_loops;
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    if (d == t) {
      continue;
    }
    const cds_cut *cut = &branch->chosen[d]->cut;
    const bool before = below(order, t, d); /* d's holder stands above t's */
    if (level == 1) {
      changes = changes || cut->g > 1 || (before && cut->a > 1);
      changes = changes || (d == branch->hoisted && cut->b > 1 &&
                            below(order, t, CDS_LOOPS));
    } else {
      const bool loose = (branch->loose >> d & 1U) != 0 && t != branch->hoisted;
      changes = changes || cut->g * cut->a * cut->b > 1 ||
                ((before || loose) && cut->x > 1);
    }
  }
  return changes;
}

static bool charges_buffers(const cds_branch *branch, unsigned level) {
  const cds_arch *arch = branch->problem->arch;
  return arch->overlap == CDS_OVERLAP_NATIVE &&
         arch->level[level].buffering == CDS_BUFFER_DOUBLE;
}

static bool fits(const cds_branch *branch, unsigned level,
                 const cds_order *order) {
  const bool charged = charges_buffers(branch, level);
  double bits = 0;
  for (unsigned i = 0; i < order->count; i++) {
    const unsigned t = order->place[i];
    if (t == CDS_LOOPS) {
      continue;
    }
    const bool twice = charged && replaced(branch, level, order, t);
    bits += tile_words(branch, level, order, t) *
            branch->chosen[t]->tile_bits[level] * (twice ? 2 : 1);
  }
  return bits <= (double)branch->problem->arch->level[level].size_bits;
}

/* ---- first fill and last drain --------------------------------------- */

typedef struct cds_burst {
  double parent[CDS_STEPS];
  double own, net;
} cds_burst;

static double burst_cycles(const cds_branch *branch, const cds_burst *burst,
                           unsigned level, bool down) {
  const cds_arch *arch = branch->problem->arch;
  double cycles = down ? cds_port_cycles(&arch->level[level], 0, burst->own)
                       : cds_port_cycles(&arch->level[level], burst->own, 0);
  for (unsigned p = 0; p < level; p++) {
    const double bits = burst->parent[p];
    const double port = down ? cds_port_cycles(&arch->level[p], bits, 0)
                             : cds_port_cycles(&arch->level[p], 0, bits);
    cycles = port > cycles ? port : cycles;
  }
  if (branch->problem->array) {
    const double wire = burst->net / arch->array[0].bandwidth;
    cycles = wire > cycles ? wire : cycles;
  }
  return cycles;
}

/* Cycles of the first fill (operands) and last drain (output) of a level. */
static double edge_cycles(const cds_branch *branch, unsigned level,
                          const cds_order *order) {
  const cds_problem *problem = branch->problem;
  cds_burst first = {{0}, 0, 0};
  cds_burst last = {{0}, 0, 0};
  for (unsigned i = 0; i < order->count; i++) {
    const unsigned t = order->place[i];
    if (t == CDS_LOOPS) {
      continue;
    }
    const cds_row *row = branch->chosen[t];
    const bool output = t == CDS_MATRIX - 1;
    const double tile = tile_words(branch, level, order, t);
    const unsigned parent = row->parent[level];
    const bool between = !problem->below[parent] && problem->below[level];
    double outer = tile;
    if (between) {
      const cds_array *array = &problem->arch->array[0];
      const bool united = output ? array->reduction : array->multicast;
      outer *= branch->other[t] * (united ? 1 : (double)row->cut.s);
    }
    cds_burst *burst = output ? &last : &first;
    const unsigned bits = problem->einsum->tensor[t].format.bits;
    burst->own += tile * (output ? row->last_own_bits[level] : bits);
    burst->parent[parent] +=
        outer * (output ? row->last_parent_bits[level] : bits);
    if (between) {
      burst->net += outer * (output ? row->last_net_bits[level] : bits);
    }
  }
  return burst_cycles(branch, &first, level, true) +
         burst_cycles(branch, &last, level, false);
}

/* ---- leaves ---------------------------------------------------------- */

/* Orders that are left out because another choice is at least as good: the
 * first holder can go down through loops of its own class above it, and so can
 * the loops b when they come first; no loop fits between a tensor's own two
 * holders; loops a right above loops b belong to b. */
static bool proper(const cds_branch *branch, const cds_order *one,
                   const cds_order *two) {
  const unsigned h = branch->hoisted;
  const cds_order *top = one->count > 0 ? one : two;
  if (top->count > 0) {
    const unsigned first = top->place[0];
    const unsigned class = first == CDS_LOOPS ? h : first;
    if (branch->chosen[class]->cut.g > 1) {
      return false;
    }
  }
  for (unsigned i = 1; i < one->count && h < CDS_MATRIX; i++) {
    if (one->place[i] == CDS_LOOPS && one->place[i - 1] == h) {
      return branch->chosen[h]->cut.a == 1;
    }
  }
  return one->count == 0 || two->count == 0 ||
         one->place[one->count - 1] != two->place[0] ||
         branch->chosen[two->place[0]]->cut.a == 1;
}

/* Value, then time, then energy: -1, 0, 1 as a ranks before, with, after b. */
static int rank_compare(const cds_rank_key *a, const cds_rank_key *b) {
  if (a->value != b->value) {
    return a->value < b->value ? -1 : 1;
  }
  if (a->cycles != b->cycles) {
    return a->cycles < b->cycles ? -1 : 1;
  }
  return a->dynamic_pj < b->dynamic_pj ? -1 : a->dynamic_pj > b->dynamic_pj;
}

const cds_mapping *cds_branch_mapping(cds_branch *branch) {
  if (!branch->written) {
    cds_leaf_mapping(&branch->mapping, branch->problem, &branch->leaf);
    branch->written = true;
  }
  return &branch->mapping;
}

static void offer(cds_branch *branch, const cds_rank_key *key,
                  const cds_order *one, const cds_order *two) {
  const int rank = branch->found ? rank_compare(key, &branch->key) : -1;
  if (rank > 0) {
    return;
  }
  cds_leaf leaf;
  memset(&leaf, 0, sizeof leaf);
  memcpy(leaf.s, branch->spreads->s, sizeof leaf.s);
  memcpy(leaf.held, branch->held, sizeof leaf.held);
  leaf.hoisted = branch->hoisted;
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    leaf.cut[c] = branch->chosen[c]->cut;
  }
  leaf.order[1] = *one;
  leaf.order[2] = *two;
  if (rank < 0) {
    branch->found = true;
    branch->best = key->value;
    branch->key = *key;
    branch->leaf = leaf;
    branch->written = false; /* only ties need the mapping itself */
    return;
  }
  cds_mapping mapping;
  cds_leaf_mapping(&mapping, branch->problem, &leaf);
  if (cds_mapping_compare(&mapping, cds_branch_mapping(branch)) < 0) {
    branch->leaf = leaf;
    branch->mapping = mapping;
  }
}

static const cds_order no_holders;

/* The tensors themselves, at the outermost level. */
static bool fits_outermost(const cds_branch *branch) {
  const cds_level *outermost = &branch->problem->arch->level[0];
  double bits = 0;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    bits += (double)branch->problem->words[t] * branch->chosen[t]->tile_bits[0];
  }
  return outermost->streamed || bits <= (double)outermost->size_bits;
}

/* Cycles of first fill and last drain of a level's holders; negative: the
 * order does not fit. */
static double order_cycles(const cds_branch *branch, unsigned level,
                           const cds_order *order) {
  if (order->count == 0) {
    return 0;
  }
  if (!fits(branch, level, order)) {
    return -1;
  }
  return charges_buffers(branch, level) ? edge_cycles(branch, level, order) : 0;
}

static void try_order(cds_branch *branch, const cds_rank_key *base,
                      const cds_order *one, const cds_order *two) {
  const double first = order_cycles(branch, 1, one);
  if (first < 0 || !proper(branch, one, two)) {
    return;
  }
  const double second = order_cycles(branch, 2, two);
  if (second < 0) {
    return;
  }
  const cds_problem *problem = branch->problem;
  cds_rank_key key = {0, base->cycles + (first + second), base->dynamic_pj};
  key.value = cds_goal_value(problem, branch->goal, key.dynamic_pj, key.cycles);
  const double power =
      key.dynamic_pj * problem->seconds_per_pj * problem->arch->clock_hz;
  key.cycles = power > key.cycles ? power : key.cycles;
  if (!branch->found || key.value <= branch->best) {
    offer(branch, &key, one, two);
  }
}

static void try_orders(cds_branch *branch, double dynamic_pj, double cycles) {
  if (!fits_outermost(branch)) {
    return;
  }
  const cds_rank_key base = {0, cycles, dynamic_pj};
  const size_t ones = branch->orders[1] == 0 ? 1 : branch->orders[1];
  const size_t twos = branch->orders[2] == 0 ? 1 : branch->orders[2];
  for (size_t i = 0; i < ones; i++) {
    const cds_order *one =
        branch->orders[1] == 0 ? &no_holders : &branch->order[1][i];
    for (size_t j = 0; j < twos; j++) {
      const cds_order *two =
          branch->orders[2] == 0 ? &no_holders : &branch->order[2][j];
      try_order(branch, &base, one, two);
    }
  }
}

static double rows_bound(cds_branch *branch, const cds_row *const row[3],
                         double *dynamic_pj, double *cycles) {
  branch->nodes++;
  cds_rows_cost(dynamic_pj, cycles, branch->problem, row, branch->spreads->s);
  return cds_goal_value(branch->problem, branch->goal, *dynamic_pj, *cycles);
}

/* ---- choices --------------------------------------------------------- */

static const cds_cut no_loops = {1, 1, 1, 1, 1};

static void set_cut(cds_branch *branch, unsigned c, const cds_cut *cut) {
  branch->a[c] = (double)cut->a;
  if (c == branch->hoisted) {
    branch->b = (double)cut->b;
  }
}

/* Chooses the cuts of class c and the following, x being chosen. The depth of
 * recursion is the number of classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static void choose_a(cds_branch *branch, unsigned c) {
  double dynamic_pj = 0;
  double cycles = 0;
  if (c == CDS_MATRIX) {
    const double bound =
        rows_bound(branch, branch->chosen, &dynamic_pj, &cycles);
    if (!cds_beyond(branch, bound)) {
      try_orders(branch, dynamic_pj, cycles);
    }
    return;
  }
  const cds_group *group = branch->chosen_group[c];
  for (size_t r = branch->first_row[c]; r < group->rows; r++) {
    branch->chosen[c] = &group->row[r];
    branch->below[c] = &group->rest[r];
    for (unsigned later = c + 1; later < CDS_MATRIX; later++) {
      branch->below[later] =
          &branch->chosen_group[later]->rest[branch->first_row[later]];
    }
    if (cds_beyond(branch,
                   rows_bound(branch, branch->below, &dynamic_pj, &cycles))) {
      break;
    }
    branch->below[c] = branch->chosen[c];
    set_cut(branch, c, &group->row[r].cut);
    if (may_fit(branch, 1)) {
      choose_a(branch, c + 1);
    }
  }
  set_cut(branch, c, &no_loops);
}

/* Finds for each class the first row (the largest a) whose tiles could fit if
 * the other classes had no loops between the holders; false if there is none,
 * or if these rows together are beyond the incumbent. */
static bool limit_a(cds_branch *branch) {
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    cds_group *group = branch->chosen_group[c];
    if (group->rows == 0) {
      const cds_status made =
          branch->fill(group, branch->options[c], branch->payload);
      if (made != CDS_OK) {
        branch->status = made;
        return false;
      }
    }
    size_t r = 0;
    for (; r < group->rows; r++) {
      set_cut(branch, c, &group->row[r].cut);
      if (may_fit(branch, 1)) {
        break;
      }
    }
    set_cut(branch, c, &no_loops);
    if (r == group->rows) {
      return false;
    }
    branch->first_row[c] = r;
    branch->below[c] = &group->rest[r];
  }
  double dynamic_pj = 0;
  double cycles = 0;
  return !cds_beyond(branch,
                     rows_bound(branch, branch->below, &dynamic_pj, &cycles));
}

/* Finds for class c and the following the first group (the largest x) whose
 * tiles could fit beside what is chosen, from first[] on; false if there is
 * none. Later groups are in no tile larger, so none before it could fit either
 * when more is chosen. */
static bool limit_x(cds_branch *branch, unsigned c, size_t first[CDS_MATRIX]) {
  for (unsigned d = c; d < CDS_MATRIX; d++) {
    const cds_options *options = branch->options[d];
    for (; first[d] < options->groups; first[d]++) {
      branch->x[d] = (double)options->group[first[d]].x;
      if (may_fit(branch, 2) && may_fit(branch, 1)) {
        break;
      }
    }
    branch->x[d] = 1;
    if (first[d] == options->groups) {
      return false;
    }
  }
  return true;
}

/* Chooses x of class c and the following; `from`: groups before these do not
 * fit. The depth of recursion is the number of classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static void choose_x(cds_branch *branch, unsigned c,
                     const size_t from[CDS_MATRIX]) {
  if (c == CDS_MATRIX) {
    if (limit_a(branch)) {
      choose_a(branch, 0);
    }
    return;
  }
  size_t first[CDS_MATRIX];
  memcpy(first, from, sizeof first);
  if (!limit_x(branch, c, first)) {
    return;
  }
  const cds_row *row[CDS_MATRIX];
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    row[d] = d < c ? branch->chosen_group[d]->least
                   : branch->options[d]->group[first[d]].open;
  }
  cds_options *options = branch->options[c];
  for (size_t g = first[c]; g < options->groups; g++) {
    row[c] = options->group[g].open;
    double dynamic_pj = 0;
    double cycles = 0;
    if (cds_beyond(branch, rows_bound(branch, row, &dynamic_pj, &cycles))) {
      break;
    }
    branch->chosen_group[c] = &options->group[g];
    branch->x[c] = (double)options->group[g].x;
    choose_x(branch, c + 1, first);
  }
  branch->x[c] = 1;
}

/* Whether an order of level 1 suits the hoisted tensor: its loops b stand below
 * its own holder, and exactly the flat holders stand below them. At level 2 the
 * hoisted tensor comes first: an order with another holder before it, with no
 * loops between, can be turned round. */
static bool suits(const cds_branch *branch, unsigned level,
                  const cds_order *order) {
  const unsigned h = branch->hoisted;
  if (h == CDS_MATRIX || order->count == 0) {
    return true;
  }
  if (level == 2) {
    return order->place[0] == h;
  }
  return order->after[CDS_LOOPS] == branch->flat;
}

/* Adds the order with the given places if it is one of the level. */
static void add_order(cds_branch *branch, unsigned level, cds_order *order) {
  for (unsigned i = 0; i < order->count; i++) {
    for (unsigned j = i + 1; j < order->count; j++) {
      order->after[order->place[i]] |= 1U << order->place[j];
    }
  }
  if (order->count > 0 && suits(branch, level, order)) {
    branch->order[level][branch->orders[level]++] = *order;
  }
}

/* Lists the orders of a level: what stands there, in every order, by exchanging
 * places; depth of recursion: the places. */
// NOLINTNEXTLINE(misc-no-recursion)
static void list_orders(cds_branch *branch, unsigned level, cds_order *order,
                        unsigned from) {
  if (from + 1 >= order->count || from + 1 >= CDS_PLACES) {
    cds_order listed = *order;
    add_order(branch, level, &listed);
    return;
  }
  for (unsigned i = from; i < order->count && i < CDS_PLACES; i++) {
    const unsigned swapped = order->place[from];
    order->place[from] = order->place[i];
    order->place[i] = swapped;
    list_orders(branch, level, order, from + 1);
    order->place[i] = order->place[from];
    order->place[from] = swapped;
  }
}

static void list_level(cds_branch *branch, unsigned level) {
  const cds_held bit = level == 1 ? CDS_HELD_1 : CDS_HELD_2;
  cds_order order = {0, {0}, {0}};
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    if ((branch->held[t] & bit) != 0) {
      order.place[order.count++] = t;
    }
  }
  if (level == 1 && branch->hoisted < CDS_MATRIX) {
    order.place[order.count++] = CDS_LOOPS;
  }
  branch->orders[level] = 0;
  list_orders(branch, level, &order, 0);
}

cds_status cds_branch_run(cds_branch *branch) {
  const cds_problem *problem = branch->problem;
  const uint64_t *s = branch->spreads->s;
  double units = 1;
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    units *= (double)s[c];
  }
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    for (unsigned level = 0; level < CDS_STEPS; level++) {
      branch->base[level][c] =
          level < problem->levels && problem->below[level] ? 1 : (double)s[c];
    }
    if (c < CDS_MATRIX) {
      branch->other[c] = units / (double)s[c];
      branch->a[c] = 1;
      branch->x[c] = 1;
    }
  }
  branch->batch_loops = problem->size[CDS_BATCH] > s[CDS_BATCH];
  branch->b = 1;
  branch->loose = 0;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    const cds_tensor *tensor = &problem->einsum->tensor[t];
    const bool narrow =
        t == CDS_MATRIX - 1 && tensor->accumulator.bits < tensor->format.bits;
    branch->least_bits[t] =
        narrow ? tensor->accumulator.bits : tensor->format.bits;
    const bool held = (branch->held[t] & CDS_HELD_2) != 0;
    branch->loose |= held ? 0U : 1U << t;
  }
  branch->loose &= branch->hoisted < CDS_MATRIX ? branch->flat : 0;
  list_level(branch, 1);
  list_level(branch, 2);
  static const size_t all[CDS_MATRIX];
  branch->status = CDS_OK;
  choose_x(branch, 0, all);
  return branch->status;
}
