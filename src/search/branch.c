/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Depth-first search below one choice of spreads and holders: first how much of
 * each class lies inside the level 2 holders (x), then between the holders (a);
 * the rest (g) stays outside. At a leaf every order of the holders is tried.
 *
 * Why a loop over falling x or a may stop at the first bound that is beyond the
 * incumbent: the bound is made of rows `open` and `rest`, which are below every
 * row that the loop could still come to, field by field (cds_row_floor), and so
 * is their cost, in which every field stands with a positive sign. Along the
 * loops the multiplicities M1 = g and M2 (g a, or less when hoisted) rise: of
 * all rows with a given x the one with the largest a has the least M1 = 1 and
 * the same M2 = D / (s x), which falls with x; within a group M2 is fixed and
 * M1 rises as a falls. First fill and last drain are not negative and are left
 * out of the bounds.
 *
 * Why the batch class (ranks that all tensors have) stays outside of all tiles:
 * no tensor is reused along it, so tile words and copies only grow with it. A
 * tile over b > 1 batches takes b times the room, of one batch at most twice.
 */
#include "search/branch.h"

#include <string.h>

/* ---- capacity -------------------------------------------------------- */

static unsigned place_of(const cds_order *order, unsigned tensor) {
  unsigned place = 0;
  while (place < order->count && order->tensor[place] != tensor) {
    place++;
  }
  return place;
}

/* Words of the tile of tensor t at a level, holders in the order given; classes
 * that are not chosen yet count as 1 (a lower bound). */
static double tile_words(const cds_branch *branch, unsigned level,
                         const cds_order *order, unsigned t) {
  const double *base = branch->base[level];
  const double *inside = level == 1 ? branch->a : branch->x;
  /* Loops x of a class whose tensor level 2 does not hold stand inside all. */
  const unsigned after =
      order->after[t] | (level == 2 ? branch->not_held_2 : 0);
  double words = base[CDS_BATCH];
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    if (d != t) {
      const double below = level == 1 ? branch->x[d] : 1;
      words *= base[d] * below * ((after >> d & 1U) != 0 ? inside[d] : 1);
    }
  }
  return words;
}

/* Whether some order of the holders could fit, judged by what is chosen and
 * without second copies. */
static bool may_fit(const cds_branch *branch, unsigned level) {
  const double room = (double)branch->problem->arch->level[level].size_bits;
  for (size_t o = 0; o < branch->orders[level]; o++) {
    const cds_order *order = &branch->order[level][o];
    double bits = 0;
    for (unsigned i = 0; i < order->count; i++) {
      const unsigned t = order->tensor[i];
      bits += tile_words(branch, level, order, t) *
              branch->problem->einsum->tensor[t].format.bits;
    }
    if (bits <= room) {
      return true;
    }
  }
  return branch->orders[level] == 0;
}

/* Whether the tile changes during the run. */
static bool replaced(const cds_branch *branch, unsigned level,
                     const cds_order *order, unsigned t) {
  if (branch->batch_loops) {
    return true;
  }
  const unsigned place = place_of(order, t);
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    if (d == t) {
      continue;
    }
    const cds_cut *cut = &branch->chosen[d]->cut;
    const uint64_t above = level == 1 ? cut->g : cut->g * cut->a;
    const uint64_t between = level == 1 ? cut->a : cut->x;
    if (above > 1 || (place_of(order, d) < place && between > 1)) {
      return true;
    }
  }
  return false;
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
    const unsigned t = order->tensor[i];
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
    const unsigned t = order->tensor[i];
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

/* A hoisted tensor is the first of level 2 (an order with a loop-less holder
 * before it can be turned round), and exactly the flat level 1 holders come
 * after its own. */
static bool hoists(const cds_branch *branch, const cds_order *one,
                   const cds_order *two) {
  const unsigned h = branch->hoisted;
  if (two->count == 0 || two->tensor[0] != h) {
    return false;
  }
  const unsigned own = place_of(one, h);
  for (unsigned i = 0; i < one->count; i++) {
    const bool after = own == one->count || i > own;
    if (i != own && after != ((branch->flat >> one->tensor[i] & 1U) != 0)) {
      return false;
    }
  }
  return true;
}

/* Orders that are left out because another choice is at least as good: the
 * first holder can go down through loops of its own tensor (its class has no
 * loop above), and no loop fits between a tensor's own two holders. */
static bool proper(const cds_branch *branch, const cds_order *one,
                   const cds_order *two) {
  const cds_order *top = one->count > 0 ? one : two;
  if (top->count > 0 && branch->chosen[top->tensor[0]]->cut.g > 1) {
    return false;
  }
  if (branch->hoisted < CDS_MATRIX) {
    return hoists(branch, one, two);
  }
  return one->count == 0 || two->count == 0 ||
         one->tensor[one->count - 1] != two->tensor[0] ||
         branch->chosen[two->tensor[0]]->cut.a == 1;
}

static void offer(cds_branch *branch, double value, const cds_order *one,
                  const cds_order *two) {
  cds_leaf leaf;
  memset(&leaf, 0, sizeof leaf);
  memcpy(leaf.s, branch->spreads->s, sizeof leaf.s);
  memcpy(leaf.held, branch->held, sizeof leaf.held);
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    leaf.cut[c] = branch->chosen[c]->cut;
  }
  leaf.order[1] = *one;
  leaf.order[2] = *two;
  cds_mapping mapping;
  cds_leaf_mapping(&mapping, branch->problem, &leaf);
  if (branch->found && value >= branch->best &&
      cds_mapping_compare(&mapping, &branch->mapping) >= 0) {
    return;
  }
  branch->found = true;
  branch->best = value;
  branch->leaf = leaf;
  branch->mapping = mapping;
}

static const cds_order no_holders;

static void try_orders(cds_branch *branch, double dynamic_pj, double cycles) {
  const size_t ones = branch->orders[1] == 0 ? 1 : branch->orders[1];
  const size_t twos = branch->orders[2] == 0 ? 1 : branch->orders[2];
  for (size_t i = 0; i < ones; i++) {
    const cds_order *one =
        branch->orders[1] == 0 ? &no_holders : &branch->order[1][i];
    if (one->count > 0 && !fits(branch, 1, one)) {
      continue;
    }
    const double first = one->count > 0 && charges_buffers(branch, 1)
                             ? edge_cycles(branch, 1, one)
                             : 0;
    for (size_t j = 0; j < twos; j++) {
      const cds_order *two =
          branch->orders[2] == 0 ? &no_holders : &branch->order[2][j];
      if (!proper(branch, one, two) ||
          (two->count > 0 && !fits(branch, 2, two))) {
        continue;
      }
      const double second = two->count > 0 && charges_buffers(branch, 2)
                                ? edge_cycles(branch, 2, two)
                                : 0;
      const double value = cds_goal_value(
          branch->problem, branch->goal, dynamic_pj, cycles + (first + second));
      if (!branch->found || value <= branch->best) {
        offer(branch, value, one, two);
      }
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

/* Chooses the cuts of class c and the following, x being chosen. The depth of
 * recursion is the number of classes. */
static void choose_a(cds_branch *branch, unsigned c) {
  double dynamic_pj = 0;
  double cycles = 0;
  if (c == CDS_MATRIX) {
    const double bound =
        rows_bound(branch, branch->chosen, &dynamic_pj, &cycles);
    if (!branch->found || !cds_beyond(bound, branch->best)) {
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
    if (branch->found &&
        cds_beyond(rows_bound(branch, branch->below, &dynamic_pj, &cycles),
                   branch->best)) {
      break;
    }
    branch->a[c] = (double)group->row[r].cut.a;
    branch->below[c] = branch->chosen[c];
    if (may_fit(branch, 1)) {
      choose_a(branch, c + 1);
    }
  }
  branch->a[c] = 1;
}

/* Finds for each class the first row (the largest a) whose tiles could fit if
 * the other classes had no loops between the holders; false if there is none,
 * or if these rows together are beyond the incumbent. */
static bool limit_a(cds_branch *branch) {
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    const cds_group *group = branch->chosen_group[c];
    size_t r = 0;
    for (; r < group->rows; r++) {
      branch->a[c] = (double)group->row[r].cut.a;
      if (may_fit(branch, 1)) {
        break;
      }
    }
    branch->a[c] = 1;
    if (r == group->rows) {
      return false;
    }
    branch->first_row[c] = r;
    branch->below[c] = &group->rest[r];
  }
  double dynamic_pj = 0;
  double cycles = 0;
  return !branch->found ||
         !cds_beyond(rows_bound(branch, branch->below, &dynamic_pj, &cycles),
                     branch->best);
}

static void choose_x(cds_branch *branch, unsigned c) {
  if (c == CDS_MATRIX) {
    if (limit_a(branch)) {
      choose_a(branch, 0);
    }
    return;
  }
  const cds_options *options = branch->options[c];
  for (size_t g = 0; g < options->groups; g++) {
    branch->chosen_group[c] = &options->group[g];
    const cds_row *row[CDS_MATRIX];
    for (unsigned d = 0; d < CDS_MATRIX; d++) {
      row[d] = d < c ? branch->chosen_group[d]->rest : branch->least[d];
    }
    row[c] = options->group[g].open;
    double dynamic_pj = 0;
    double cycles = 0;
    if (branch->found &&
        cds_beyond(rows_bound(branch, row, &dynamic_pj, &cycles),
                   branch->best)) {
      break;
    }
    branch->x[c] = (double)options->group[g].x;
    if (may_fit(branch, 2) && may_fit(branch, 1)) {
      choose_x(branch, c + 1);
    }
  }
  branch->x[c] = 1;
}

static void list_orders(cds_branch *branch, unsigned level) {
  static const unsigned permutation[6][CDS_MATRIX] = {
      {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  const cds_held bit = level == 1 ? CDS_HELD_1 : CDS_HELD_2;
  branch->orders[level] = 0;
  for (unsigned p = 0; p < 6; p++) {
    cds_order order = {0, {0}, {0}};
    for (unsigned i = 0; i < CDS_MATRIX; i++) {
      const unsigned t = permutation[p][i];
      if ((branch->held[t] & bit) != 0) {
        order.tensor[order.count++] = t;
      }
    }
    for (unsigned i = 0; i < order.count; i++) {
      for (unsigned j = i + 1; j < order.count; j++) {
        order.after[order.tensor[i]] |= 1U << order.tensor[j];
      }
    }
    bool known = order.count == 0;
    for (size_t o = 0; o < branch->orders[level]; o++) {
      known =
          known || memcmp(&branch->order[level][o], &order, sizeof order) == 0;
    }
    if (!known) {
      branch->order[level][branch->orders[level]++] = order;
    }
  }
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
  branch->not_held_2 = 0;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    const bool held = (branch->held[t] & CDS_HELD_2) != 0;
    branch->not_held_2 |= held ? 0U : 1U << t;
  }
  list_orders(branch, 1);
  list_orders(branch, 2);
  choose_x(branch, 0);
  return CDS_OK;
}
