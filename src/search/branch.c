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
 * are not negative and are left out of the bounds.
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

/* Nodes between two looks at whether the user wants to stop. */
enum { CDS_NODES_BETWEEN = 1 << 14 };

/* ---- capacity -------------------------------------------------------- */

/* Words of the tile of the holder at place p of an order; classes that are not
 * chosen yet have their least extent (a lower bound). */
static double tile_words(const cds_branch *branch,
                         const cds_order_place *place) {
  const unsigned under = branch->problem->below[place->level] ? 1 : 0;
  double words = under == 1 ? 1 : (double)branch->spreads->s[CDS_BATCH];
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    if (d != place->tensor) {
      words *= branch->extent[d][under][place->inside[d]];
    }
  }
  return words;
}

/* Whether an order fits, judged by what is chosen and without second copies. */
static bool order_may_fit(const cds_branch *branch, const cds_order *order) {
  double bits[CDS_STEPS] = {0};
  for (unsigned p = 0; p < order->count; p++) {
    const cds_order_place *place = &order->place[p];
    bits[place->level] +=
        tile_words(branch, place) * branch->least_bits[place->tensor];
  }
  for (unsigned level = 1; level < branch->problem->levels; level++) {
    if (bits[level] > (double)branch->problem->arch->level[level].size_bits) {
      return false;
    }
  }
  return true;
}

static bool may_fit(cds_branch *branch) {
  if (branch->stopped) {
    return false;
  }
  if (order_may_fit(branch, branch->order[branch->fitting])) {
    return true;
  }
  for (unsigned o = 0; o < branch->orders; o++) {
    if (o != branch->fitting && order_may_fit(branch, branch->order[o])) {
      branch->fitting = o;
      return true;
    }
  }
  return false;
}

/* Whether the tile changes during the run: some loop above it is of a class
 * that the tensor has. */
static bool replaced(const cds_branch *branch, const cds_order_place *place) {
  bool changes = branch->batch_steps > 1;
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    if (d == place->tensor) {
      continue;
    }
    const cds_trips *trips = &branch->chosen[d]->cut.trips;
    const unsigned inside = place->inside[d];
    changes = changes || trips->g > 1 ||
              (inside != CDS_INSIDE_BOTH && trips->a > 1) ||
              (inside == CDS_INSIDE_NONE && trips->x > 1);
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
  for (unsigned p = 0; p < order->count; p++) {
    const cds_order_place *place = &order->place[p];
    if (place->level == level) {
      const bool twice = charged && replaced(branch, place);
      bits += tile_words(branch, place) *
              branch->chosen[place->tensor]->tile_bits[level] * (twice ? 2 : 1);
    }
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

/* Words of the first tile of an operand, or of the last one of the output. */
static double burst_words(const cds_branch *branch,
                          const cds_order_place *place, unsigned under) {
  const bool output = place->tensor == CDS_MATRIX - 1;
  double words = 1;
  if (under == 0) {
    words =
        output ? branch->last_batches : (double)branch->spreads->s[CDS_BATCH];
  }
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    if (d != place->tensor) {
      const cds_cut *cut = &branch->chosen[d]->cut;
      words *= (output ? cut->last : cut->extent)[under][place->inside[d]];
    }
  }
  return words;
}

/* What the parent of a holder above the array sees of it: that of every
 * instance, once where the network unites them. */
static double outer_words(const cds_branch *branch,
                          const cds_order_place *place) {
  const cds_array *array = &branch->problem->arch->array[0];
  const bool output = place->tensor == CDS_MATRIX - 1;
  const bool united = output ? array->reduction : array->multicast;
  const cds_cut *own = &branch->chosen[place->tensor]->cut;
  const double words = burst_words(branch, place, 0);
  if (united) {
    return words;
  }
  return words * (double)(output ? own->group[place->level] : own->trips.s);
}

/* Cycles of the first fill (operands) and last drain (output) of a level. */
static double edge_cycles(const cds_branch *branch, unsigned level,
                          const cds_order *order) {
  const cds_problem *problem = branch->problem;
  cds_burst first = {{0}, 0, 0};
  cds_burst last = {{0}, 0, 0};
  for (unsigned p = 0; p < order->count; p++) {
    const cds_order_place *place = &order->place[p];
    const unsigned t = place->tensor;
    if (place->level != level) {
      continue;
    }
    const cds_row *row = branch->chosen[t];
    const bool output = t == CDS_MATRIX - 1;
    const unsigned parent = row->parent[level];
    const bool under = problem->below[level];
    const bool between = !problem->below[parent] && under;
    const double tile = burst_words(branch, place, under ? 1 : 0);
    const double outer = between ? outer_words(branch, place) : tile;
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
                  const cds_order *order) {
  const int rank = branch->found ? rank_compare(key, &branch->key) : -1;
  if (rank > 0) {
    return;
  }
  cds_leaf leaf;
  memset(&leaf, 0, sizeof leaf);
  memcpy(leaf.s, branch->spreads->s, sizeof leaf.s);
  memcpy(leaf.held, branch->held, sizeof leaf.held);
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    leaf.trips[c] = branch->chosen[c]->cut.trips;
  }
  leaf.order = *order;
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

/* The tensors themselves, at the outermost level. */
static bool fits_outermost(const cds_branch *branch) {
  const cds_level *outermost = &branch->problem->arch->level[0];
  double bits = 0;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    bits += (double)branch->problem->words[t] * branch->chosen[t]->tile_bits[0];
  }
  return outermost->streamed || bits <= (double)outermost->size_bits;
}

/* Cycles of first fill and last drain of a level's holders; negative: they do
 * not fit. */
static double order_cycles(const cds_branch *branch, unsigned level,
                           const cds_order *order) {
  if (!fits(branch, level, order)) {
    return -1;
  }
  return charges_buffers(branch, level) ? edge_cycles(branch, level, order) : 0;
}

static void try_order(cds_branch *branch, const cds_rank_key *base,
                      const cds_order *order) {
  const cds_trips *trips[CDS_MATRIX];
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    trips[c] = &branch->chosen[c]->cut.trips;
  }
  if (!order_may_fit(branch, order) || !cds_order_proper(order, trips)) {
    return;
  }
  const cds_problem *problem = branch->problem;
  cds_rank_key key = *base;
  double cycles = 0;
  for (unsigned level = 1; level < problem->levels; level++) {
    const double added = order_cycles(branch, level, order);
    if (added < 0) {
      return;
    }
    cycles += added;
  }
  key.cycles += cycles;
  key.value = cds_goal_value(problem, branch->goal, key.dynamic_pj, key.cycles);
  const double power =
      key.dynamic_pj * problem->seconds_per_pj * problem->arch->clock_hz;
  key.cycles = power > key.cycles ? power : key.cycles;
  if (!branch->found || key.value <= branch->best) {
    offer(branch, &key, order);
  }
}

static void try_orders(cds_branch *branch, double dynamic_pj, double cycles) {
  if (!fits_outermost(branch)) {
    return;
  }
  const cds_rank_key base = {0, cycles, dynamic_pj};
  for (unsigned o = 0; o < branch->orders; o++) {
    try_order(branch, &base, branch->order[o]);
  }
}

static double rows_bound(cds_branch *branch, const cds_row *const row[3],
                         double *dynamic_pj, double *cycles) {
  if (++branch->nodes % CDS_NODES_BETWEEN == 0 ||
      branch->nodes >= branch->nodes_most) {
    branch->stopped = branch->stopped || cds_branch_enough(branch);
  }
  cds_rows_cost(dynamic_pj, cycles, branch->problem, row, branch->batch_steps);
  return cds_goal_value(branch->problem, branch->goal, *dynamic_pj, *cycles);
}

/* ---- what capacity costs --------------------------------------------- */

/* Least energy of the passes at level 1 of the open classes, by what is chosen.
 */
static double passes_pj(const cds_branch *branch) {
  const unsigned under = branch->problem->below[1] ? 1 : 0;
  double least = branch->tiles == 0 ? 0 : (double)INFINITY;
  for (unsigned i = 0; i < branch->tiles; i++) {
    const cds_tile_order *tile = &branch->tile[i];
    cds_known known;
    for (unsigned c = 0; c < CDS_MATRIX; c++) {
      const double *extent = branch->extent[c][under];
      known.slope[c] =
          branch->open[c] ? branch->slopes[c]->energy_pj.slope[1] : 0;
      known.extent[c] = extent[CDS_INSIDE_BOTH];
      known.least[c] = (tile->inside >> c & 1U) != 0 ? extent[CDS_INSIDE_X]
                                                     : extent[CDS_INSIDE_NONE];
    }
    const double bound =
        cds_order_bound(&branch->room, &known, tile->permutation);
    least = bound < least ? bound : least;
  }
  return least;
}

/* What a class costs at least if its x is that of the group, without the passes
 * at level 1. */
static void set_open(cds_branch *branch, unsigned c, const cds_group *group) {
  const cds_affine *energy = &branch->slopes[c]->energy_pj;
  branch->open[c] = true;
  branch->open_pj[c] =
      energy->base + energy->slope[2] * (double)group->least->cut.passes[2].one;
}

/* Whether what is chosen is beyond the incumbent because of what the rest costs
 * in energy. `cycles`: no mapping takes fewer. */
static bool too_tight(const cds_branch *branch, double cycles) {
  double energy = branch->problem->mac_pj;
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    energy +=
        branch->open[c] ? branch->open_pj[c] : branch->chosen[c]->energy_pj;
  }
  energy = (energy + passes_pj(branch)) * (1 - 1e-11);
  cycles = cycles > branch->least_cycles ? cycles : branch->least_cycles;
  return isinf(energy) ||
         cds_beyond(branch, cds_goal_value(branch->problem, branch->goal,
                                           energy, cycles));
}

static void list_tiles(cds_branch *branch) {
  branch->tiles = 0;
  if (branch->problem->levels < 2 || branch->room.held == 0) {
    return;
  }
  for (unsigned o = 0; o < branch->orders; o++) {
    const cds_order *order = branch->order[o];
    cds_tile_order tile = {order->permutation[1], (1U << CDS_MATRIX) - 1};
    for (unsigned p = 0; p < order->count; p++) {
      const cds_order_place *place = &order->place[p];
      for (unsigned c = 0; c < CDS_MATRIX && place->level == 1; c++) {
        if (c != place->tensor && place->inside[c] == CDS_INSIDE_NONE) {
          tile.inside &= ~(1U << c);
        }
      }
    }
    unsigned known = 0;
    while (known < branch->tiles &&
           (branch->tile[known].permutation != tile.permutation ||
            branch->tile[known].inside != tile.inside)) {
      known++;
    }
    if (known == branch->tiles) {
      branch->tile[branch->tiles++] = tile;
    }
  }
}

/* ---- choices --------------------------------------------------------- */

/* Sets the least extents of a class of which x (a group) or nothing is chosen.
 */
static void set_group(cds_branch *branch, unsigned c, const cds_group *group) {
  const double s = (double)branch->spreads->s[c];
  double(*extent)[CDS_INSIDES] = branch->extent[c];
  extent[0][CDS_INSIDE_BOTH] = group == NULL ? s : group->extent;
  extent[0][CDS_INSIDE_X] = extent[0][CDS_INSIDE_BOTH];
  extent[0][CDS_INSIDE_NONE] = s;
  extent[1][CDS_INSIDE_BOTH] = group == NULL ? 1 : (double)group->x;
  extent[1][CDS_INSIDE_X] = extent[1][CDS_INSIDE_BOTH];
  extent[1][CDS_INSIDE_NONE] = 1;
}

static void set_row(cds_branch *branch, unsigned c, const cds_row *row) {
  memcpy(branch->extent[c], row->cut.extent, sizeof row->cut.extent);
}

/* Chooses the cuts of class c and the following, x being chosen. The depth of
 * recursion is the number of classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static void choose_row(cds_branch *branch, unsigned c) {
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
    set_row(branch, c, &group->row[r]);
    branch->open[c] = false;
    if ((c + 1 == CDS_MATRIX || !too_tight(branch, cycles)) &&
        may_fit(branch)) {
      choose_row(branch, c + 1);
    }
  }
  branch->open[c] = true;
  set_group(branch, c, group);
}

/* Finds for each class the first row (the least g) whose tiles could fit if
 * the other classes had no loops between the holders; false if there is none,
 * or if these rows together are beyond the incumbent. */
static bool limit_rows(cds_branch *branch) {
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
    size_t r = 0;
    for (; r < group->rows; r++) {
      set_row(branch, c, &group->row[r]);
      if (may_fit(branch)) {
        break;
      }
    }
    set_group(branch, c, group);
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
      set_group(branch, d, &options->group[first[d]]);
      if (may_fit(branch)) {
        break;
      }
    }
    set_group(branch, d, NULL);
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
    if (limit_rows(branch)) {
      choose_row(branch, 0);
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
    set_group(branch, c, &options->group[g]);
    set_open(branch, c, &options->group[g]);
    for (unsigned d = c + 1; d < CDS_MATRIX; d++) {
      set_open(branch, d, &branch->options[d]->group[first[d]]);
    }
    if (!too_tight(branch, cycles)) {
      choose_x(branch, c + 1, first);
    }
  }
  set_group(branch, c, NULL);
}

/* Searches the orders first .. first + orders - 1, which agree. */
static cds_status run_orders(cds_branch *branch) {
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    const cds_choice choice = {c, branch->spreads->index[c], branch->held[c],
                               branch->order[0]->above[c]};
    CDS_TRY(cds_options_get(&branch->options[c], branch->tables, &choice));
    CDS_TRY(cds_slopes_get(&branch->slopes[c], branch->tables, c, choice.index,
                           choice.held));
    set_group(branch, c, NULL);
  }
  list_tiles(branch);
  static const size_t all[CDS_MATRIX];
  branch->fitting = 0;
  branch->status = CDS_OK;
  choose_x(branch, 0, all);
  return branch->status;
}

/* Whether the order may hold something of interest. */
static bool promising(const cds_branch *branch, const cds_order *order,
                      const cds_tile_bound *bound, double cycles) {
  double energy = bound->base_pj;
  for (unsigned level = 1; level < branch->problem->levels; level++) {
    energy += bound->level_pj[level][order->permutation[level]];
  }
  return !isinf(energy) &&
         !cds_beyond(branch, cds_goal_value(branch->problem, branch->goal,
                                            energy * (1 - 1e-11), cycles));
}

cds_status cds_branch_run(cds_branch *branch, const cds_order_list *orders,
                          const cds_tile_bound *bound, double cycles) {
  const cds_problem *problem = branch->problem;
  branch->batch_steps = cds_batch_steps(problem, branch->spreads->s[CDS_BATCH]);
  branch->last_batches =
      (double)problem->size[CDS_BATCH] -
      (branch->batch_steps - 1) * (double)branch->spreads->s[CDS_BATCH];
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    const cds_tensor *tensor = &problem->einsum->tensor[t];
    const bool narrow =
        t == CDS_MATRIX - 1 && tensor->accumulator.bits < tensor->format.bits;
    branch->least_bits[t] =
        narrow ? tensor->accumulator.bits : tensor->format.bits;
  }
  branch->least_cycles = cycles;
  if (problem->levels > 1) {
    cds_room_fill(&branch->room, problem, 1, branch->held, branch->spreads->s);
  }
  for (unsigned next = 0; next < orders->count;) {
    const cds_order *first = &orders->order[next];
    branch->orders = 0;
    for (; next < orders->count; next++) {
      const cds_order *order = &orders->order[next];
      if (memcmp(order->above, first->above, sizeof first->above) != 0) {
        break;
      }
      if (promising(branch, order, bound, cycles)) {
        branch->order[branch->orders++] = order;
      }
    }
    if (branch->orders > 0) {
      CDS_TRY(run_orders(branch));
    }
  }
  return CDS_OK;
}
