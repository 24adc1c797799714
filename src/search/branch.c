/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Depth-first search below one choice of spreads and holders, for the orders
 * that agree where the spreads stand: first how much of each class lies inside
 * the level 2 holders (x), then above level 1 and between the holders (g, a).
 * At a leaf every order of the holders is tried.
 *
 * Why a loop may stop at the first bound that is beyond the incumbent: the
 * bound is made of rows `open` and `rest`, which are below every row that the
 * loop could still come to, field by field (options.c), and so is their cost,
 * in which every field stands with a positive sign. First fill and last drain
 * (edges.h) come on top: they rise with the tiles, of which the branch knows
 * least extents. Those are of one row once it is chosen, so bounds of rows that
 * follow it leave edges out.
 *
 * Why a class may skip the groups whose tiles do not fit alone: tiles only grow
 * with what else is chosen.
 *
 * Why the batch class (ranks that all tensors have) stays outside of all tiles:
 * no tensor is reused along it, so tile words and copies only grow with it. A
 * tile over b > 1 batches takes b times the room, of one batch at most twice.
 */
#include "search/branch.h"

#include <math.h>
#include <string.h>

#include "search/branch_fit.h"
#include "search/edges.h"
#include "search/outline.h"
#include "search/tiling.h"

/* ---- leaves ---------------------------------------------------------- */

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

const cds_mapping *cds_best_mapping(cds_best *best,
                                    const cds_problem *problem) {
  if (!best->written) {
    cds_leaf_mapping(&best->mapping, problem, &best->leaf);
    best->written = true;
  }
  return &best->mapping;
}

/* The leaf with an order of its holders, as it is chosen now. */
static void set_leaf(cds_leaf *out, const cds_branch *branch,
                     const cds_order *order) {
  memset(out, 0, sizeof *out);
  memcpy(out->s, branch->spreads->s, sizeof out->s);
  memcpy(out->held, branch->held, sizeof out->held);
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    out->trips[c] = branch->chosen[c]->cut.trips;
  }
  out->order = *order;
}

/* Hands the mapping to the visitor. */
static void visit(cds_branch *branch, const cds_order *order) {
  if (branch->stopped) {
    return; /* the first status ends the list */
  }
  cds_leaf leaf;
  cds_mapping mapping;
  set_leaf(&leaf, branch, order);
  cds_leaf_mapping(&mapping, branch->problem, &leaf);
  const cds_status status =
      branch->visit->visitor(&mapping, branch->visit->payload);
  if (status != CDS_OK) {
    branch->status = status;
    branch->stopped = true;
  }
}

static void offer(cds_branch *branch, cds_best *best, const cds_rank_key *key,
                  const cds_order *order) {
  if (branch->visit != NULL) {
    visit(branch, order);
    return;
  }
  const int rank = best->found ? rank_compare(key, &best->key) : -1;
  if (rank > 0) {
    return;
  }
  cds_leaf leaf;
  set_leaf(&leaf, branch, order);
  if (rank < 0) {
    best->found = true;
    best->key = *key;
    best->leaf = leaf;
    best->written = false; /* only ties need the mapping itself */
    return;
  }
  cds_mapping mapping;
  cds_leaf_mapping(&mapping, branch->problem, &leaf);
  if (cds_mapping_compare(&mapping, cds_best_mapping(best, branch->problem)) <
      0) {
    best->leaf = leaf;
    best->mapping = mapping;
  }
}

/* Cycles of a leaf on a design that stands for another, where what is safe for
 * the other may be a roof that is above that of weighed energies: by count and
 * price. */
static double roofed_cycles(cds_branch *branch, const cds_rank_key *key,
                            const cds_order *order) {
  const cds_problem *problem = branch->problem;
  const cds_arch *arch = problem->arch;
  const double most =
      key->dynamic_pj * 1e-12 / arch->roof.safe->wherever_w * arch->clock_hz;
  if (most <= key->cycles) { /* no weight is less than 1 */
    return key->cycles;
  }
  cds_arena *scratch = branch->tables->scratch;
  const cds_arena_mark mark = cds_arena_mark_get(scratch);
  cds_counts *counts = cds_arena_alloc(scratch, sizeof *counts);
  cds_leaf leaf;
  cds_mapping mapping;
  cds_cost cost = {.cycles = key->cycles};
  set_leaf(&leaf, branch, order);
  cds_leaf_mapping(&mapping, problem, &leaf);
  cds_status status = counts == NULL ? CDS_ENOMEM
                                     : cds_count(counts, arch, problem->einsum,
                                                 &mapping, scratch);
  if (status == CDS_OK) {
    status = cds_price_einsum(&cost, arch, problem->einsum, counts,
                              problem->power_limit_w);
  }
  cds_arena_reset(scratch, mark);
  if (status != CDS_OK) {
    branch->status = status;
    branch->stopped = true;
  }
  return fmax(cost.cycles, key->cycles);
}

static void try_order(cds_branch *branch, const cds_rank_key *base,
                      const cds_order *order) {
  const cds_trips *trips[CDS_MATRIX];
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    trips[c] = &branch->chosen[c]->cut.trips;
  }
  if (!cds_branch_order_may_fit(branch, order) ||
      !cds_order_proper(order, trips)) {
    return;
  }
  const cds_problem *problem = branch->problem;
  cds_rank_key key = *base;
  double cycles = 0;
  for (unsigned level = 1; level < problem->levels; level++) {
    const double added = cds_branch_order_cycles(branch, level, order);
    if (added < 0) {
      return;
    }
    cycles += added;
  }
  key.cycles += cycles;
  const double power =
      key.dynamic_pj * problem->seconds_per_pj * problem->arch->clock_hz;
  cycles = key.cycles;
  key.cycles = power > cycles ? power : cycles;
  if (problem->arch->roof.safe != NULL) {
    cycles = key.cycles = fmax(key.cycles, branch->roof);
    if (problem->dies_hidden &&
        !cds_cost_beyond(branch, key.dynamic_pj, key.cycles)) {
      cycles = key.cycles = roofed_cycles(branch, &key, order);
    }
  }
  for (unsigned i = 0; i < branch->goals; i++) {
    cds_best *best = &branch->best[i];
    key.value = cds_goal_value(problem, best->goal, key.dynamic_pj, cycles);
    if (!isinf(key.value) && (!best->found || key.value <= best->key.value)) {
      offer(branch, best, &key, order);
    }
  }
}

static void try_orders(cds_branch *branch, const cds_tiling *tiling,
                       double dynamic_pj, double cycles) {
  if (!cds_branch_fits_outermost(branch)) {
    return;
  }
  const cds_rank_key base = {0, cycles, dynamic_pj};
  branch->roof = cds_rows_roof(branch->problem, branch->chosen, dynamic_pj);
  for (unsigned o = 0; o < tiling->orders; o++) {
    try_order(branch, &base, branch->order[tiling->first + o]);
  }
}

/* Whether the rows are beyond the incumbent. */
static bool rows_beyond(cds_branch *branch, const cds_row *const row[3],
                        double *dynamic_pj, double *cycles) {
  cds_branch_count(branch);
  cds_rows_cost(dynamic_pj, cycles, branch->problem, row, branch->batch_steps);
  const double roof = cds_rows_roof(branch->problem, row, *dynamic_pj);
  return cds_cost_beyond(branch, *dynamic_pj,
                         fmax(*cycles, roof * CDS_ROOF_LESS));
}

/* Whether the same are beyond it with their edges, whose extents are set. */
static bool edges_beyond(cds_branch *branch, const cds_tiling *tiling,
                         double dynamic_pj, double cycles) {
  if (!branch->edged) {
    return false;
  }
  return cds_cost_beyond(branch, dynamic_pj,
                         cycles + cds_branch_edges(branch, tiling));
}

/* ---- choices --------------------------------------------------------- */

/* Sets the least extents of a class of which x (a group) is chosen. */
static void set_group(cds_branch *branch, unsigned c, const cds_group *group) {
  const uint64_t left = branch->dealt[c];
  branch->cut_outside[c][CDS_INSIDE_BOTH] = false;
  branch->cut_outside[c][CDS_INSIDE_NONE] = left > 1;
  branch->cut_outside[c][CDS_INSIDE_X] = group->x < left;
  const double none[2] = {(double)branch->spreads->s[c], 1};
  const double with_x[2] = {group->extent, (double)group->x};
  const bool equal = !branch->problem->residual[c];
  for (unsigned side = 0; side < 2; side++) {
    double *extent = branch->extent[c][side];
    extent[CDS_INSIDE_BOTH] = extent[CDS_INSIDE_X] = with_x[side];
    extent[CDS_INSIDE_NONE] = none[side];
    double *last = branch->last[c][side];
    last[CDS_INSIDE_BOTH] = last[CDS_INSIDE_X] = equal ? with_x[side] : 1;
    last[CDS_INSIDE_NONE] = equal ? none[side] : 1;
  }
}

static void set_row(cds_branch *branch, unsigned c, const cds_row *row) {
  memcpy(branch->extent[c], row->cut.extent, sizeof row->cut.extent);
  memcpy(branch->last[c], row->cut.last, sizeof row->cut.last);
  const cds_trips *trips = &row->cut.trips;
  bool *cut = branch->cut_outside[c];
  cut[CDS_INSIDE_BOTH] = trips->g > 1;
  cut[CDS_INSIDE_X] = cut[CDS_INSIDE_BOTH] || trips->a > 1;
  cut[CDS_INSIDE_NONE] = cut[CDS_INSIDE_X] || trips->x > 1;
}

static bool below_beyond(cds_branch *branch) {
  double dynamic_pj = 0;
  double cycles = 0;
  return rows_beyond(branch, branch->below, &dynamic_pj, &cycles);
}

/* Sets the row of a class. */
static void choose(cds_branch *branch, unsigned c, size_t r) {
  const cds_group *group = branch->chosen_group[c];
  branch->below[c] = branch->chosen[c] = &group->row[r];
  set_row(branch, c, &group->row[r]);
}

/* Whether what is chosen is beyond the incumbent with its edges. */
static bool chosen_beyond(cds_branch *branch, const cds_tiling *tiling) {
  double dynamic_pj = 0;
  double cycles = 0;
  return branch->edged &&
         (rows_beyond(branch, branch->below, &dynamic_pj, &cycles) ||
          edges_beyond(branch, tiling, dynamic_pj, cycles));
}

/* Opens the rows of a class again, from `first` on. */
static void unchoose(cds_branch *branch, unsigned c, size_t first) {
  branch->below[c] = &branch->chosen_group[c]->rest[first];
  set_group(branch, c, branch->chosen_group[c]);
}

/* The first row of a class that may fit: by bisection over extents that no row
 * up to it is below. */
static size_t first_fitting(cds_branch *branch, const cds_left *left) {
  const cds_sizes *sizes = &branch->chosen_group[left->class]->sizes;
  double(*extent)[CDS_INSIDES] = branch->extent[left->class];
  size_t low = left->first;
  size_t high = left->end;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    for (unsigned side = 0; side < 2; side++) {
      const double most = sizes->size[middle].extent[side];
      const double least = extent[side][CDS_INSIDE_X];
      extent[side][CDS_INSIDE_BOTH] = most > least ? most : least;
    }
    branch->cut_outside[left->class][CDS_INSIDE_BOTH] = middle >= sizes->whole;
    if (cds_branch_may_fit(branch)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  /* With g = 1 a tile may fit that with more does not, as it stays. */
  return low > sizes->whole && left->first < sizes->whole ? left->first : low;
}

/* Chooses the rows of the first `count` classes that are left. The depth of
 * recursion is the number of classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static void choose_left(cds_branch *branch, const cds_tiling *tiling,
                        unsigned count) {
  if (count == 0) {
    double dynamic_pj = 0;
    double cycles = 0;
    if (!rows_beyond(branch, branch->chosen, &dynamic_pj, &cycles)) {
      try_orders(branch, tiling, dynamic_pj, cycles);
    }
    return;
  }
  const cds_left *left = &branch->left[count - 1];
  for (size_t r = first_fitting(branch, left); r < left->end; r++) {
    branch->below[left->class] = &branch->chosen_group[left->class]->rest[r];
    if (below_beyond(branch)) {
      break;
    }
    choose(branch, left->class, r);
    if (cds_branch_may_fit(branch) && !chosen_beyond(branch, tiling)) {
      choose_left(branch, tiling, count - 1);
    }
  }
  unchoose(branch, left->class, left->first);
}

/* Makes the rows of the chosen groups. */
static bool make_rows(cds_branch *branch) {
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    cds_group *group = branch->chosen_group[c];
    if (!group->made) {
      const cds_status made =
          cds_group_make(group, branch->options[c], branch->tables);
      if (made != CDS_OK) {
        branch->status = made;
        return false;
      }
    }
    if (group->rows == 0) {
      return false;
    }
  }
  return true;
}

/* Adds a class to those that are left, with these rows. */
static void leave(cds_branch *branch, unsigned *left, unsigned c, size_t first,
                  size_t end) {
  branch->left[(*left)++] = (cds_left){c, first, end};
  branch->below[c] = &branch->chosen_group[c]->rest[first];
}

/* Chooses rows of the groups: those of the third holder of level 1, then those
 * of the second that fit beside, then the others. */
static void choose_rows(cds_branch *branch, cds_tiling *tiling) {
  const cds_stack *stack = &tiling->stack;
  const cds_sizes *sizes[CDS_MATRIX];
  for (unsigned p = 0; p < CDS_MATRIX; p++) {
    const unsigned c = tiling->tensor[p];
    sizes[p] = branch->sizes[c] = &branch->chosen_group[c]->sizes;
  }
  const unsigned third = tiling->tensor[2];
  cds_stack_walk walk;
  cds_toll others;
  cds_tiling_walk(branch, tiling, &walk, &others);
  while (!branch->stopped && cds_stack_next(&walk)) {
    if (cds_toll_beyond(branch, cds_toll_add(others, cds_stack_toll(&walk)))) {
      continue;
    }
    unsigned left = 0;
    for (unsigned p = 0; p < CDS_MATRIX; p++) {
      if (p != 1 && (p != 2 || !stack->walked[2])) {
        leave(branch, &left, tiling->tensor[p], p == 0 ? walk.at1 : 0,
              sizes[p]->count);
      }
    }
    const bool second = stack->walked[1];
    leave(branch, &left, tiling->tensor[1], second ? walk.at2 : 0,
          second ? walk.end2 : sizes[1]->count);
    if (stack->walked[2]) {
      branch->below[third] = &branch->chosen_group[third]->row[walk.at3];
      if (below_beyond(branch)) {
        continue;
      }
      choose(branch, third, walk.at3);
      if (chosen_beyond(branch, tiling)) {
        continue;
      }
    }
    choose_left(branch, tiling, left);
  }
  if (stack->walked[2]) {
    unchoose(branch, third, 0);
  }
}

/* Sets the turns of the classes: of equally wide ones a box is split by the
 * first, of which x is inside the most tiles, as what is known of it says the
 * most about the others. */
static void set_turns(cds_branch *branch, const cds_tiling *tiling) {
  unsigned tiles[CDS_MATRIX] = {0, 0, 0};
  const cds_order *order = branch->order[tiling->first];
  for (unsigned p = 0; p < order->count; p++) {
    const cds_order_place *place = &order->place[p];
    for (unsigned d = 0; d < CDS_MATRIX; d++) {
      const bool has = d != place->tensor &&
                       place->inside[d] != CDS_INSIDE_NONE &&
                       branch->options[d]->groups > 1;
      tiles[d] += has ? 1 : 0;
    }
  }
  for (unsigned i = 0; i < CDS_MATRIX; i++) {
    unsigned at = i;
    for (; at > 0 && tiles[branch->turn[at - 1]] < tiles[i]; at--) {
      branch->turn[at] = branch->turn[at - 1];
    }
    branch->turn[at] = i;
  }
}

/* Groups of each class that are in question: from low[] to before high[]; the
 * rows that are below theirs, and what these cost. */
typedef struct cds_box {
  size_t low[CDS_MATRIX], high[CDS_MATRIX];
  const cds_row *row[CDS_MATRIX];
  double dynamic_pj, cycles, roof; /* roof: as of cds_rows_roof */
} cds_box;

enum { ALL_LIMITED = (1U << CDS_MATRIX) - 1 };

/* Sets the least extents of a class with one of the groups of the box, which
 * are those of the last. */
static void set_window(cds_branch *branch, unsigned c, const cds_box *box) {
  const cds_group *group = branch->options[c]->group;
  set_group(branch, c, &group[box->high[c] - 1]);
  branch->cut_outside[c][CDS_INSIDE_X] =
      group[box->low[c]].x < branch->dealt[c];
}

/* Takes the groups from the box whose tiles do not fit beside the least of the
 * other classes; false if none is left. Later groups are in no tile larger.
 * `limited`, as bits: classes of which that was done with the same least of the
 * others. */
static bool limit_box(cds_branch *branch, cds_box *box, unsigned limited) {
  if (limited == ALL_LIMITED) {
    return true;
  }
  if (!cds_branch_may_fit(branch)) {
    return false;
  }
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    if ((limited >> c & 1U) != 0) {
      continue;
    }
    size_t low = box->low[c];
    size_t high = box->high[c] - 1; /* this one may fit */
    if (low < high) {
      set_group(branch, c, &branch->options[c]->group[low]);
      high = cds_branch_may_fit(branch) ? low : high;
      low += low < high ? 1 : 0;
    }
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      set_group(branch, c, &branch->options[c]->group[middle]);
      if (cds_branch_may_fit(branch)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    box->low[c] = low;
    set_window(branch, c, box);
  }
  return true;
}

/* Whether all choices in the box are beyond the incumbent, by what the levels
 * cost each by itself, and, with residual parts, by the sizes of the first
 * groups, which cost no more than those of later ones. */
static bool box_beyond(cds_branch *branch, cds_tiling *tiling,
                       const cds_box *box) {
  cds_sizes inner[CDS_MATRIX];
  bool open = false;
  bool residual = false;
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    const cds_sizes *all = &branch->options[c]->inner;
    const size_t count = box->high[c] - box->low[c];
    inner[c] = (cds_sizes){count, box->low[c] == 0 ? all->whole : 0,
                           all->size + box->low[c]};
    open = open || count > 1;
    residual = residual || branch->problem->residual[c];
  }
  if ((open || !residual) && cds_levels_beyond(branch, tiling, inner)) {
    return true;
  }
  if (!residual) {
    return false;
  }
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    cds_options *options = branch->options[c];
    const cds_status status =
        cds_outline_get(&branch->sizes[c], &options->group[box->low[c]],
                        options, branch->tables);
    if (status != CDS_OK) {
      branch->status = status;
      branch->stopped = true;
      return true;
    }
  }
  return cds_sizes_beyond(branch, tiling);
}

/* The class to split a box by: the one whose x is open the most; CDS_MATRIX:
 * each has one group. */
static unsigned widest(const cds_branch *branch, const cds_box *box) {
  unsigned class = CDS_MATRIX;
  double most = 1;
  for (unsigned i = 0; i < CDS_MATRIX; i++) {
    const unsigned c = branch->turn[i];
    const cds_group *group = branch->options[c]->group;
    const double ratio =
        (double)group[box->low[c]].x / (double)group[box->high[c] - 1].x;
    if (ratio > most) {
      most = ratio;
      class = c;
    }
  }
  return class;
}

/* Where to split the groups of a class: at the middle of the ratio of x. */
static size_t split_at(const cds_branch *branch, const cds_box *box,
                       unsigned c) {
  const cds_group *group = branch->options[c]->group;
  const double first = (double)group[box->low[c]].x;
  const double last = (double)group[box->high[c] - 1].x;
  size_t low = box->low[c] + 1;
  size_t high = box->high[c] - 1;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    const double x = (double)group[middle].x;
    if (x * x <= first * last) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/* Whether all choices in the box are beyond the incumbent by their rows. The
 * half of a box with its first groups mostly has the same rows. */
static bool box_rows_beyond(const cds_branch *branch, cds_box *box) {
  bool known = true;
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    const cds_group *group = &branch->options[d]->group[box->low[d]];
    const bool one = box->high[d] - box->low[d] == 1;
    const cds_row *row = one ? group->least : group->open;
    known = known && row == box->row[d];
    box->row[d] = row;
  }
  if (!known) {
    cds_rows_cost(&box->dynamic_pj, &box->cycles, branch->problem, box->row,
                  branch->batch_steps);
    box->roof = cds_rows_roof(branch->problem, box->row, box->dynamic_pj) *
                CDS_ROOF_LESS;
  }
  return cds_cost_beyond(branch, box->dynamic_pj, fmax(box->cycles, box->roof));
}

/* Chooses x of all classes, by boxes that are halved: the first half of a class
 * leaves less room to the others, the second half does not. The depth of
 * recursion is the number of halvings. */
// NOLINTNEXTLINE(misc-no-recursion)
static void choose_x(cds_branch *branch, cds_tiling *tiling,
                     const cds_box *open, unsigned limited) {
  if (branch->stopped) {
    return;
  }
  cds_box box = *open;
  cds_branch_count(branch);
  if (box_rows_beyond(branch, &box)) {
    return;
  }
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    set_window(branch, d, &box);
  }
  branch->floor_cycles =
      box.cycles > branch->least_cycles ? box.cycles : branch->least_cycles;
  branch->floor_edges = branch->edged ? cds_branch_edges(branch, tiling) : 0;
  if (cds_cost_beyond(branch, box.dynamic_pj,
                      branch->floor_cycles + branch->floor_edges) ||
      box_beyond(branch, tiling, &box) || !limit_box(branch, &box, limited) ||
      (memcmp(open->low, box.low, sizeof box.low) != 0 &&
       box_rows_beyond(branch, &box))) {
    return;
  }
  const unsigned c = widest(branch, &box);
  if (c == CDS_MATRIX) {
    for (unsigned d = 0; d < CDS_MATRIX; d++) {
      branch->chosen_group[d] = &branch->options[d]->group[box.low[d]];
      set_group(branch, d, branch->chosen_group[d]);
    }
    if (make_rows(branch)) {
      choose_rows(branch, tiling);
    }
    return;
  }
  const size_t middle = split_at(branch, &box, c);
  const size_t high = box.high[c];
  box.high[c] = middle;
  choose_x(branch, tiling, &box, 1U << c);
  box.high[c] = high;
  box.low[c] = middle;
  choose_x(branch, tiling, &box, ALL_LIMITED);
}

/* Searches the orders first .. first + orders - 1, which agree. */
static cds_status run_orders(cds_branch *branch) {
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    const cds_choice choice = {c, branch->spreads->index[c], branch->held[c],
                               branch->order[0]->above[c],
                               (branch->spreads->full >> c & 1U) != 0};
    CDS_TRY(cds_options_get(&branch->options[c], branch->tables, &choice));
    if (branch->options[c]->groups == 0) {
      return CDS_OK;
    }
  }
  cds_tilings_list(branch);
  cds_box all = {.cycles = 0};
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    all.high[c] = branch->options[c]->groups;
  }
  branch->status = CDS_OK;
  if (box_rows_beyond(branch, &all)) {
    return CDS_OK;
  }
  for (unsigned i = 0; i < branch->tilings && !branch->stopped; i++) {
    branch->first_order = branch->tiling[i].first;
    branch->orders = branch->tiling[i].orders;
    branch->fitting = branch->first_order;
    set_turns(branch, &branch->tiling[i]);
    choose_x(branch, &branch->tiling[i], &all, 0);
  }
  return branch->status;
}

/* Whether the spread of the batch class is full, if it has to be: below its
 * loops it is (options.c), above them if there are none. */
static bool batch_is_dealt(const cds_branch *branch, const cds_order *order) {
  return (branch->spreads->full >> CDS_BATCH & 1U) == 0 || order->spread > 0 ||
         branch->batch_steps <= 1;
}

/* Whether the order may hold something of interest. */
static bool promising(const cds_branch *branch, const cds_order *order,
                      const cds_set_bound *bound) {
  double energy = bound->tile.base_pj;
  for (unsigned level = 1; level < branch->problem->levels; level++) {
    energy += bound->tile.level_pj[level][order->permutation[level]];
  }
  return !isinf(energy) && !cds_cost_beyond(branch, energy * (1 - 1e-11),
                                            bound->cycles + bound->edges);
}

cds_status cds_branch_run(cds_branch *branch, const cds_order_list *orders,
                          const cds_set_bound *bound) {
  const cds_problem *problem = branch->problem;
  branch->batch_steps = cds_batch_steps(problem, branch->spreads->s[CDS_BATCH]);
  branch->last_batches =
      cds_last_batches(problem, branch->spreads->s[CDS_BATCH]);
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    branch->dealt[c] = cds_ceil_div(problem->size[c], branch->spreads->s[c]);
  }
  branch->least_cycles = bound->cycles;
  branch->edged = false;
  for (unsigned level = 1; level < problem->levels; level++) {
    branch->charged[level] = cds_level_doubled(problem->arch, level);
    branch->edged = branch->edged || branch->charged[level];
  }
  for (unsigned next = 0; next < orders->count;) {
    const cds_order *first = &orders->order[next];
    branch->first_order = 0;
    branch->orders = 0;
    for (; next < orders->count; next++) {
      const cds_order *order = &orders->order[next];
      if (memcmp(order->above, first->above, sizeof first->above) != 0) {
        break;
      }
      if (batch_is_dealt(branch, order) && promising(branch, order, bound)) {
        branch->order[branch->orders++] = order;
      }
    }
    if (branch->orders > 0) {
      CDS_TRY(run_orders(branch));
    }
  }
  return CDS_OK;
}
