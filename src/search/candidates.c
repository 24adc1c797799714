/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/candidates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/codes.h"
#include "search/descend.h"
#include "search/window_moves.h"

/* ---- numbers of passes ----------------------------------------------- */

static int by_number(const void *left, const void *right) {
  const double a = *(const double *)left;
  const double b = *(const double *)right;
  return a < b ? -1 : a > b;
}

/* Keeps of rising numbers the first, and those that are at least `apart` times
 * the one kept before. */
static size_t thin(double *number, size_t count, double apart) {
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    if (kept == 0 || number[i] >= apart * number[kept - 1]) {
      number[kept++] = number[i];
    }
  }
  return kept;
}

/* Products of divisors of the dimensions that the tensor lacks. */
static cds_status list_numbers(cds_pass_list *out, const cds_general *general,
                               unsigned tensor) {
  const size_t room = (size_t)CDS_PASSES_MAX * CDS_DIVISORS_MAX;
  double *number = cds_arena_array(general->scratch, room, sizeof *number);
  if (number == NULL) {
    return CDS_ENOMEM;
  }
  size_t count = 1;
  number[0] = 1;
  out->all = 1;
  for (unsigned d = 0; d < general->dims; d++) {
    const cds_dim *dim = &general->dim[d];
    if (!cds_lacks(general, d, tensor)) {
      continue;
    }
    out->all *= (double)dim->size;
    const size_t known = count;
    for (unsigned i = 1; i < dim->divisors; i++) {
      for (size_t k = 0; k < known; k++) {
        number[count++] = number[k] * (double)dim->divisor[i];
      }
    }
    qsort(number, count, sizeof *number, by_number);
    count = thin(number, count, 1 + 1e-9);
    double apart = 1.01;
    while (count > CDS_PASSES_MAX) {
      count = thin(number, count, apart);
      apart *= 1.05;
    }
  }
  out->count = (unsigned)count;
  memcpy(out->passes, number, count * sizeof *number);
  return CDS_OK;
}

/* Whether a region may have a block of the tensor. */
static inline bool has_block(const cds_general *general, unsigned t) {
  return general->passes[t].all > 1;
}

cds_status cds_passes_list(cds_general *general) {
  general->single = true;
  for (unsigned d = 0; d < general->dims; d++) {
    const unsigned lacks = general->dim[d].size > 1 ? general->dim[d].lacks : 0;
    general->single = general->single && (lacks & (lacks - 1)) == 0;
  }
  bool any = false;
  for (unsigned t = 0; t < general->tensors && general->single; t++) {
    const cds_arena_mark mark = cds_arena_mark_get(general->scratch);
    const cds_status status = list_numbers(&general->passes[t], general, t);
    cds_arena_reset(general->scratch, mark);
    CDS_TRY(status);
    any = any || has_block(general, t);
  }
  general->single = any;
  return CDS_OK;
}

/* The last of the numbers that is not above this one. */
static unsigned number_of(const cds_pass_list *list, double passes) {
  const double some_more = passes * (1 + 1e-9);
  unsigned low = 0;
  unsigned high = list->count;
  while (high - low > 1) {
    const unsigned middle = (low + high) / 2;
    if (list->passes[middle] <= some_more) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

/* ---- what a tile costs ------------------------------------------------ */

static void lower_to(cds_weights *least, const cds_weights *sum,
                     unsigned weightings) {
  for (unsigned i = 0; i < weightings; i++) {
    least->value[i] =
        sum->value[i] < least->value[i] ? sum->value[i] : least->value[i];
  }
}

static void set_all(cds_weights *out, double value, unsigned weightings) {
  for (unsigned i = 0; i < weightings; i++) {
    out->value[i] = value;
  }
}

/* A tile of a group at hand. */
typedef struct cds_tile_costs {
  const cds_tile *tile;
  unsigned held;
  unsigned way[CDS_TENSORS_MAX];
  double pass[CDS_TENSORS_MAX], loads[CDS_TENSORS_MAX];
  double share[CDS_TENSORS_MAX];
  bool simple[CDS_TENSORS_MAX];
  double edges;
  /* Of the ways to compute that this tile decides (cds_layout_past). */
  unsigned decided;
  cds_weights past[CDS_TENSORS_MAX];
  cds_weights others[CDS_TENSORS_MAX]; /* all but the tensor of the block, and
                                          the edges */
  cds_weights inner[CDS_TENSORS_MAX];  /* inside, if the next block is another
                                          tensor's */
} cds_tile_costs;

/* So many loads of a tensor that the group holds, as its leg is priced. */
static cds_leg_loads loads_of(const cds_descent *job, const cds_tile_costs *it,
                              unsigned t, double loads) {
  const cds_layout *layout = &job->layout;
  const double least =
      layout->general->tensor[t].words * layout->price[it->way[t]].staying;
  return (cds_leg_loads){loads > least ? loads : least, it->tile->loads[t],
                         it->share[t], it->simple[t]};
}

/* Their cost. */
static void cost_of(cds_weights *out, const cds_descent *job,
                    const cds_tile_costs *it, unsigned t, double loads) {
  const cds_layout *layout = &job->layout;
  const unsigned w = it->way[t];
  const cds_leg_loads known = loads_of(job, it, t, loads);
  for (unsigned i = 0; i < layout->weightings; i++) {
    out->value[i] = cds_leg_cost(layout, w, i, &known);
  }
}

/* Trips of loops above a tile of the group over a dimension, as a divisor. */
static uint16_t trips_above(const cds_layout *layout, unsigned group,
                            const cds_tile *tile, unsigned d) {
  const cds_dim *dim = &layout->general->dim[d];
  const uint16_t inside =
      cds_product(dim, tile->at.at[d], layout->above[group].at[d]);
  return cds_quotient(dim, (uint16_t)(dim->divisors - 1), inside);
}

/* Positions that are new at least when the innermost loop over a rank of a
 * window goes on, in whatever region it stands: spreads between regions make
 * its steps longer. */
static double innermost_moves(const cds_layout *layout, unsigned group,
                              const cds_tile *tile, const cds_window *window,
                              unsigned i) {
  const cds_general *general = layout->general;
  const unsigned d = window->dim[i];
  const uint16_t at[2] = {tile->at.at[window->dim[0]],
                          tile->at.at[window->dim[1]]};
  uint16_t inside = at[i];
  double least = (double)INFINITY;
  for (unsigned g = group; g >= 1; g--) {
    const uint16_t spread = layout->between[g].at[d];
    if (spread > 0 || g == group) {
      inside = cds_product(&general->dim[d], inside, spread);
      const double moved = cds_window_moved(general, window, at, i, inside);
      least = moved < least ? moved : least;
    }
  }
  return least;
}

/* Least part of a window's positions that is new in each tile, whichever of its
 * ranks has the innermost loop; 1 without loops. */
static double new_part(const cds_layout *layout, unsigned group,
                       const cds_tile *tile, const cds_window *window) {
  const cds_general *general = layout->general;
  uint16_t trips[2];
  for (unsigned i = 0; i < 2; i++) {
    trips[i] = trips_above(layout, group, tile, window->dim[i]);
  }
  const size_t here = cds_window_at(general, window, &tile->at);
  const double size = (double)window->size[here];
  double least = 1;
  for (unsigned i = 0; i < 2; i++) {
    const cds_dim *dim = &general->dim[window->dim[i]];
    if (trips[i] == 0) {
      continue;
    }
    const double moved = innermost_moves(layout, group, tile, window, i);
    const double others = trips[1 - i] > 0 ? 0 : window->run[here] ? moved : 1;
    /* Above group 1 a rank has one loop. */
    const double often =
        (double)(group == 1 ? dim->divisor[trips[i]] : dim->prime[trips[i]]);
    const double part = (moved - (moved - others) / often) / size;
    least = part < least ? part : least;
  }
  return least;
}

void cds_windows_forget(const cds_general *general) {
  for (unsigned t = 0; t < general->tensors; t++) {
    for (unsigned w = 0; w < general->tensor[t].windows; w++) {
      const cds_window *window = &general->tensor[t].window[w];
      const size_t tiles = (size_t)general->dim[window->dim[0]].divisors *
                           general->dim[window->dim[1]].divisors;
      for (size_t i = 0; i < tiles; i++) {
        window->part[i] = window->shared[i] = -1;
      }
    }
  }
}

double cds_pass_of(const cds_layout *layout, unsigned group,
                   const cds_tile *tile, unsigned t) {
  const cds_general *general = layout->general;
  const cds_operand_shape *shape = &general->tensor[t];
  if (shape->windows == 0) {
    return tile->pass[t];
  }
  double part = 1;
  for (unsigned w = 0; w < shape->windows; w++) {
    const cds_window *window = &shape->window[w];
    double *known = &window->part[cds_window_at(general, window, &tile->at)];
    if (*known < 0) {
      *known = new_part(layout, group, tile, window);
    }
    part = *known < part ? *known : part;
  }
  const double pass = tile->apart[t] * part * general->homes.runs;
  return pass > tile->pass[t] ? pass : tile->pass[t];
}

/* Loads of the tile's holders, and all else that no weighting changes. */
static void measure(cds_tile_costs *out, const cds_descent *job, unsigned group,
                    const cds_tile *tile) {
  const cds_layout *layout = &job->layout;
  const cds_chain *chain = layout->chain;
  out->tile = tile;
  out->held = 0;
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    const unsigned v = chain->way[w].tensor;
    out->held |= 1U << v;
    out->way[v] = w;
    out->pass[v] = cds_pass_of(layout, group, tile, v);
    const double loads =
        out->pass[v] * layout->general->whole.inside[v] / tile->inside[v];
    out->loads[v] = loads > tile->loads[v] ? loads : tile->loads[v];
    out->share[v] = cds_leg_share(layout, w, tile);
    out->simple[v] = cds_leg_known_simple(layout, w, tile);
  }
  out->edges = cds_group_edges(&job->terms, layout->general, tile, out->share);
  out->decided = cds_layout_decided(out->past, layout, group, tile);
}

/* Costs of a tile that is measured. */
static void begin_costs(cds_tile_costs *out, const cds_descent *job,
                        unsigned group) {
  const cds_layout *layout = &job->layout;
  const cds_chain *chain = layout->chain;
  const unsigned tensors = layout->general->tensors;
  for (unsigned t = 0; t < tensors; t++) {
    set_all(&out->others[t], 0, layout->weightings);
    set_all(&out->inner[t], (double)INFINITY, layout->weightings);
  }
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    const unsigned v = chain->way[w].tensor;
    cds_weights own;
    cost_of(&own, job, out, v, out->loads[v]);
    for (unsigned t = 0; t < tensors; t++) {
      if (t != v) {
        cds_weights_add(&out->others[t], &own, layout->weightings);
      }
    }
  }
  for (unsigned t = 0; t < tensors; t++) {
    cds_weights_wait(&out->others[t], layout, out->edges);
    for (unsigned p = 0; p < out->decided; p++) {
      cds_weights_add(&out->others[t], &out->past[p], layout->weightings);
    }
  }
}

/* Number of the passes that loops of a tensor's block above the next group make
 * at most. */
static unsigned inner_number(const cds_descent *job, const cds_tile *tile,
                             unsigned group, unsigned v) {
  const cds_general *general = job->general;
  const cds_pass_list *list = &general->passes[v];
  const double lacking = job->layout.lacking[v][general->group[group].depth];
  return number_of(list, list->all / (tile->inside[v] * lacking));
}

/* Least cost inside of the group under the blocks of the next region. */
static void add_inner(cds_tile_costs *out, const cds_descent *job,
                      unsigned group) {
  const cds_layout *layout = &job->layout;
  const cds_general *general = layout->general;
  for (unsigned v = 0; v < general->tensors; v++) {
    if (!has_block(general, v)) {
      continue;
    }
    const cds_weights *rest =
        &job->bounds.rest[group + 1][v][inner_number(job, out->tile, group, v)];
    for (unsigned t = 0; t < general->tensors; t++) {
      if (t != v) {
        lower_to(&out->inner[t], rest, layout->weightings);
      }
    }
  }
}

/* Lowers `least` to the cost of the group and all inside, when the tensor of
 * the block has this number of passes. */
static void lower_to_block(cds_weights *least, const cds_descent *job,
                           const cds_tile_costs *it, unsigned group, unsigned t,
                           unsigned number) {
  const cds_layout *layout = &job->layout;
  const cds_weights *further = &job->bounds.rest[group + 1][t][number];
  cds_weights sum;
  set_all(&sum, 0, layout->weightings);
  if ((it->held >> t & 1U) != 0) {
    const double passes = layout->general->passes[t].passes[number];
    cost_of(&sum, job, it, t,
            it->pass[t] * passes * layout->price[it->way[t]].staying);
  }
  for (unsigned i = 0; i < layout->weightings; i++) {
    const double inner = it->inner[t].value[i] < further->value[i]
                             ? it->inner[t].value[i]
                             : further->value[i];
    sum.value[i] += it->others[t].value[i] + inner;
  }
  lower_to(least, &sum, layout->weightings);
}

/* ---- R of the group ----------------------------------------------------- */

/* How many numbers of passes the spreads leave to loops. */
static unsigned numbers_left(const cds_descent *job, unsigned t) {
  const cds_general *general = job->general;
  const cds_pass_list *list = &general->passes[t];
  const double spread = job->layout.lacking[t][general->arch->arrays];
  return has_block(general, t) ? number_of(list, list->all / spread) + 1 : 0;
}

/* What the loads of a block's tensor without windows cost, whatever the tile:
 * all of the tensor in each pass. */
static void add_block(cds_weights *sum, const cds_descent *job, unsigned way,
                      unsigned t, unsigned number) {
  const cds_layout *layout = &job->layout;
  const cds_general *general = job->general;
  const double words = general->tensor[t].words;
  const double least = words * layout->price[way].staying;
  const double loads =
      words * general->passes[t].passes[number] * layout->price[way].staying;
  const cds_leg_loads known = {loads > least ? loads : least, 0, 1, false};
  for (unsigned i = 0; i < layout->weightings; i++) {
    sum->value[i] += cds_leg_cost(layout, way, i, &known);
  }
}

/* Whether the cost of a block's tensor that the group holds depends on the
 * tile: new parts of windows do, and the most loads, which matter where the
 * price is below 0. */
static bool block_varies(const cds_descent *job, unsigned way, unsigned t) {
  const cds_layout *layout = &job->layout;
  bool varies = job->general->tensor[t].windows > 0;
  for (unsigned i = 0; i < layout->weightings; i++) {
    varies = varies || layout->price[way].above[0][i] < 0;
  }
  return varies;
}

/* As lower_to_block with the first number. */
static void lower_to_first(cds_weights *least, const cds_descent *job,
                           const cds_tile_costs *it, unsigned group,
                           unsigned t) {
  const cds_block_bounds *bounds = &job->bounds;
  if (bounds->varies[t]) {
    lower_to_block(least, job, it, group, t, 0);
    return;
  }
  const cds_weights *further = &bounds->rest[group + 1][t][0];
  cds_weights sum = bounds->first[t];
  for (unsigned i = 0; i < job->layout.weightings; i++) {
    const double inner = it->inner[t].value[i] < further->value[i]
                             ? it->inner[t].value[i]
                             : further->value[i];
    sum.value[i] += it->others[t].value[i] + inner;
  }
  lower_to(least, &sum, job->layout.weightings);
}

static void rest_begin(cds_descent *job, unsigned group) {
  const cds_layout *layout = &job->layout;
  const cds_chain *chain = layout->chain;
  cds_block_bounds *bounds = &job->bounds;
  for (unsigned t = 0; t < job->general->tensors; t++) {
    bounds->varies[t] = false;
    bounds->way[t] = CDS_LEGS_MAX;
    bounds->numbers[t] = numbers_left(job, t);
    set_all(&bounds->inside[t], (double)INFINITY, layout->weightings);
    set_all(&bounds->alone[t], (double)INFINITY, layout->weightings);
    set_all(&bounds->first[t], 0, layout->weightings);
    for (unsigned k = 0; k < bounds->numbers[t]; k++) {
      set_all(&bounds->rest[group][t][k], (double)INFINITY, layout->weightings);
    }
  }
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    const unsigned t = chain->way[w].tensor;
    bounds->way[t] = w;
    bounds->varies[t] = block_varies(job, w, t);
    if (bounds->numbers[t] > 0 && !bounds->varies[t]) {
      add_block(&bounds->first[t], job, w, t, 0);
    }
  }
}

/* A tile whose costs are begun. Where the cost c of the tensor of the block
 * does not depend on the tile, with o that of all others,
 *
 *   R = c + min over T of (o(T) + min(inner(T), further))
 *     = c + min(min over T of (o(T) + inner(T)), min over T of o(T) + further),
 *
 * whatever the number of passes, on which c and `further` depend. Rounded sums
 * keep the order of what is added, so that this is the same to the last bit. */
static void rest_take(cds_descent *job, unsigned group,
                      const cds_tile_costs *it) {
  cds_block_bounds *bounds = &job->bounds;
  const unsigned weightings = job->layout.weightings;
  for (unsigned t = 0; t < job->general->tensors; t++) {
    if (!bounds->varies[t]) {
      cds_weights sum = it->others[t];
      lower_to(&bounds->alone[t], &sum, weightings);
      cds_weights_add(&sum, &it->inner[t], weightings);
      lower_to(&bounds->inside[t], &sum, weightings);
      continue;
    }
    for (unsigned k = 0; k < bounds->numbers[t]; k++) {
      lower_to_block(&bounds->rest[group][t][k], job, it, group, t, k);
    }
  }
}

/* R of all tiles that were taken. */
static void rest_end(cds_descent *job, unsigned group) {
  cds_block_bounds *bounds = &job->bounds;
  const unsigned weightings = job->layout.weightings;
  for (unsigned t = 0; t < job->general->tensors; t++) {
    for (unsigned k = 0; k < bounds->numbers[t] && !bounds->varies[t]; k++) {
      cds_weights sum = {{0}};
      if (bounds->way[t] < CDS_LEGS_MAX) {
        add_block(&sum, job, bounds->way[t], t, k);
      }
      const cds_weights *further = &bounds->rest[group + 1][t][k];
      for (unsigned i = 0; i < weightings; i++) {
        const double alone = bounds->alone[t].value[i] + further->value[i];
        sum.value[i] += alone < bounds->inside[t].value[i]
                            ? alone
                            : bounds->inside[t].value[i];
      }
      bounds->rest[group][t][k] = sum;
    }
  }
}

/* ---- in one weighting -------------------------------------------------- */

enum { CDS_NUMBERS_KEPT = 32 };

/* What is asked of every tile first: its cost in one weighting, all others with
 * the least of any tile. */
typedef struct cds_lead {
  unsigned weighting;
  /* The last numbers of passes inside, by a hash of the extents: tiles come
   * with many of them alike. */
  double inside[CDS_TENSORS_MAX][CDS_NUMBERS_KEPT];
  unsigned number[CDS_TENSORS_MAX][CDS_NUMBERS_KEPT];
  double outside; /* least of all but this group and those inside */
  double beyond;  /* a sum in the weighting that leaves nothing of interest */
} cds_lead;

static bool sum_hopeless(const cds_descent *job, cds_weights sum,
                         unsigned weighting, double value) {
  sum.value[weighting] = value;
  const cds_bound bound = cds_aim_bound(&job->aim, &job->layout, &sum);
  return cds_descent_hopeless(job, &bound);
}

/* A sum in the weighting from which on nothing is of interest, little above the
 * least such, if all others are these; INFINITY: none is known. The bound only
 * grows with each sum. */
static double least_beyond(const cds_descent *job, const cds_weights *least,
                           unsigned weighting) {
  enum { DOUBLED = 64, HALVED = 32 };
  double low = least->value[weighting];
  if (sum_hopeless(job, *least, weighting, low)) {
    return low;
  }
  double more = fmax(fabs(low), 1) / 16;
  unsigned steps = 0;
  while (!sum_hopeless(job, *least, weighting, low + more)) {
    if (++steps == DOUBLED) {
      return (double)INFINITY;
    }
    more *= 2;
  }
  double high = low + more;
  for (unsigned i = 0; i < HALVED; i++) {
    const double middle = low + (high - low) / 2;
    *(sum_hopeless(job, *least, weighting, middle) ? &high : &low) = middle;
  }
  return high;
}

/* In the weighting of the largest sum. */
static void lead_begin(cds_lead *out, const cds_descent *job, unsigned group) {
  const cds_layout *layout = &job->layout;
  cds_weights least = layout->fixed;
  for (unsigned g = 1; g < group; g++) {
    cds_weights_add(&least, &layout->least[g], layout->weightings);
  }
  const cds_weights outside = least;
  cds_weights_add(&least, &layout->rest[group], layout->weightings);
  double most = 0;
  out->weighting = CDS_ENERGY;
  for (unsigned i = 1; i < layout->weightings; i++) {
    const cds_weighting *weighting = &layout->weighting[i];
    const bool apart = weighting->roof->kind == CDS_ROOF_APART;
    const double sum =
        least.value[i] + layout->weight * (apart ? layout->compute_cycles : 0);
    if (weighting->energy > 0 && sum > most) {
      out->weighting = i;
      most = sum;
    }
  }
  out->outside = outside.value[out->weighting];
  out->beyond = least_beyond(job, &least, out->weighting);
  memset(out->inside, 0, sizeof out->inside);
}

/* As inner_number. */
static unsigned lead_number(cds_lead *lead, const cds_descent *job,
                            const cds_tile *tile, unsigned group, unsigned v) {
  uint64_t hash = 0;
  memcpy(&hash, &tile->inside[v], sizeof hash);
  hash *= UINT64_C(0x9e3779b97f4a7c15);
  const size_t at = (size_t)(hash >> 59);
  if (lead->inside[v][at] != tile->inside[v]) {
    lead->inside[v][at] = tile->inside[v];
    lead->number[v][at] = inner_number(job, tile, group, v);
  }
  return lead->number[v][at];
}

/* Cost of so many loads of a tensor in the weighting; as cost_of. */
static double lead_cost(const cds_descent *job, const cds_tile_costs *it,
                        unsigned t, double loads, unsigned weighting) {
  const cds_leg_loads known = loads_of(job, it, t, loads);
  return cds_leg_cost(&job->layout, it->way[t], weighting, &known);
}

/* Whether the least of R (candidates.h) over blocks, in the weighting, leaves
 * nothing of interest with a tile that is measured: what set_cost finds in this
 * weighting, up to rounding, and less in all others. */
static bool lead_hopeless(cds_lead *lead, const cds_descent *job,
                          unsigned group, const cds_tile_costs *it) {
  const cds_general *general = job->general;
  const cds_layout *layout = &job->layout;
  const unsigned i = lead->weighting;
  double own[CDS_TENSORS_MAX] = {0};
  double inner[CDS_TENSORS_MAX];
  double all = 0;
  for (unsigned p = 0; p < it->decided; p++) {
    all += it->past[p].value[i];
  }
  all += i > 0 ? layout->weight * it->edges : 0;
  for (unsigned v = 0; v < general->tensors; v++) {
    if ((it->held >> v & 1U) != 0) {
      own[v] = lead_cost(job, it, v, it->loads[v], i);
      all += own[v];
    }
    inner[v] = (double)INFINITY;
    if (has_block(general, v)) {
      const unsigned number = lead_number(lead, job, it->tile, group, v);
      inner[v] = job->bounds.rest[group + 1][v][number].value[i];
    }
  }
  double least = (double)INFINITY;
  for (unsigned t = 0; t < general->tensors; t++) {
    if (!has_block(general, t)) {
      continue;
    }
    double inside = job->bounds.rest[group + 1][t][0].value[i];
    for (unsigned v = 0; v < general->tensors; v++) {
      inside = v != t && inner[v] < inside ? inner[v] : inside;
    }
    double sum = all - own[t] + inside;
    if ((it->held >> t & 1U) != 0) {
      sum += lead_cost(job, it, t,
                       it->pass[t] * layout->price[it->way[t]].staying, i);
    }
    least = sum < least ? sum : least;
  }
  return lead->outside + least >= lead->beyond;
}

/* ---- candidates ------------------------------------------------------ */

static int by_key(const void *left, const void *right) {
  const cds_candidate *a = left;
  const cds_candidate *b = right;
  if (a->key != b->key) {
    return a->key < b->key ? -1 : 1;
  }
  return a->tile < b->tile ? -1 : a->tile > b->tile;
}

static size_t list_range(cds_tile_range *out, const cds_descent *job,
                         unsigned group) {
  const cds_general *general = job->general;
  const cds_layout *layout = &job->layout;
  size_t tiles = 1;
  for (unsigned d = 0; d < general->dims; d++) {
    const cds_dim *dim = &general->dim[d];
    out->count[d] = 0;
    out->whole[d] = cds_quotient(dim, (uint16_t)(dim->divisors - 1),
                                 layout->above[group].at[d]);
    for (unsigned i = layout->below[group].at[d]; i < dim->divisors; i++) {
      const uint16_t at = (uint16_t)i;
      if (cds_quotient(dim, at, layout->below[group].at[d]) != CDS_NONE &&
          cds_product(dim, at, layout->above[group].at[d]) != CDS_NONE &&
          (general->rules == NULL || general->reached[group][d][i])) {
        out->at[d][out->count[d]++] = at;
      }
    }
    tiles *= out->count[d];
  }
  return tiles;
}

static cds_status make_room(cds_candidates *list, size_t count) {
  if (list->room >= count) {
    return CDS_OK;
  }
  cds_candidate *grown = cds_realloc(list->candidate, count * sizeof *grown);
  if (grown == NULL) {
    return CDS_ENOMEM;
  }
  list->candidate = grown;
  double *keys = cds_realloc(list->key, count * sizeof *keys);
  if (keys == NULL) {
    return CDS_ENOMEM;
  }
  list->key = keys;
  uint64_t *codes = cds_realloc(list->code, count * sizeof *codes);
  if (codes == NULL) {
    return CDS_ENOMEM;
  }
  list->code = codes;
  uint32_t *matches = cds_realloc(list->match, count * sizeof *matches);
  if (matches == NULL) {
    return CDS_ENOMEM;
  }
  list->match = matches;
  list->room = count;
  return CDS_OK;
}

/* A bound on the goal when a group and, if the bounds are known, all inside
 * have this cost, and the others their least. */
static cds_bound bound_with(const cds_descent *job, unsigned group,
                            const cds_weights *cost) {
  const cds_layout *layout = &job->layout;
  cds_weights sum = layout->fixed;
  cds_weights_add(&sum, cost, layout->weightings);
  for (unsigned g = 1; g <= job->general->groups; g++) {
    if (g < group || (g > group && !job->bounds.known)) {
      cds_weights_add(&sum, &layout->least[g], layout->weightings);
    }
  }
  return cds_aim_bound(&job->aim, layout, &sum);
}

static void set_cost(cds_candidate *made, const cds_descent *job,
                     unsigned group, cds_tile_costs *costs) {
  const cds_general *general = job->general;
  made->edges = costs->edges;
  for (unsigned t = 0; t < general->tensors; t++) {
    made->pass[t] = (costs->held >> t & 1U) != 0 ? costs->pass[t] : 0;
  }
  if (!job->bounds.known) {
    cds_layout_tile(&made->cost, &job->layout, group, costs->tile);
    cds_weights_wait(&made->cost, &job->layout, made->edges);
    cds_layout_past(&made->cost, &job->layout, group, costs->tile);
    return;
  }
  begin_costs(costs, job, group);
  add_inner(costs, job, group);
  set_all(&made->cost, (double)INFINITY, job->layout.weightings);
  for (unsigned t = 0; t < general->tensors; t++) {
    if (has_block(general, t)) {
      lower_to_first(&made->cost, job, costs, group, t);
    }
  }
}

/* The list's tiles with this one. */
static void widen(cds_candidates *list, const cds_descent *job,
                  const cds_tile_costs *it) {
  for (unsigned t = 0; t < job->general->tensors; t++) {
    if ((it->held >> t & 1U) == 0) {
      continue;
    }
    const bool first = list->count == 0;
    cds_leg_loads *all = &list->loads[t];
    const double most = it->tile->loads[t];
    all->least = first || it->pass[t] < all->least ? it->pass[t] : all->least;
    all->most = first || most > all->most ? most : all->most;
    all->share = first || it->share[t] > all->share ? it->share[t] : all->share;
    all->simple = false;
  }
}

/* Adds the tile if it may be part of something better. */
static void add_candidate(cds_descent *job, unsigned group, size_t index,
                          cds_lead *lead) {
  const cds_general *general = job->general;
  const cds_tile *tile = &general->tile[index];
  cds_tile_costs costs;
  measure(&costs, job, group, tile);
  if (job->bounds.known && lead_hopeless(lead, job, group, &costs)) {
    return;
  }
  cds_candidate made;
  made.tile = (uint32_t)index;
  set_cost(&made, job, group, &costs);
  const cds_bound least = bound_with(job, group, &made.cost);
  made.key = least.value;
  if (cds_descent_hopeless(job, &least)) {
    return;
  }
  for (unsigned d = 0; d < general->dims; d++) {
    made.inside.at[d] = cds_product(&general->dim[d], tile->at.at[d],
                                    job->layout.between[group].at[d]);
  }
  cds_candidates *list = &job->group[group];
  if (job->bounds.known && group > 1) {
    rest_take(job, group, &costs);
  }
  widen(list, job, &costs);
  list->candidate[list->count++] = made;
}

/* Tiles of the range, by digits: dimension 0 counts fastest. */
typedef struct cds_tile_walk {
  unsigned digit[CDS_DIMS_MAX];
  size_t stride[CDS_DIMS_MAX]; /* of the index, by divisor */
  size_t index;                /* of the tile */
  unsigned looped;             /* dimensions with loops outside, as bits */
} cds_tile_walk;

static void set_digit(cds_tile_walk *walk, const cds_descent *job, unsigned d,
                      unsigned digit) {
  const cds_tile_range *range = &job->range;
  const uint16_t at = range->at[d][digit];
  walk->index -= walk->stride[d] * range->at[d][walk->digit[d]];
  walk->index += walk->stride[d] * at;
  walk->looped =
      (walk->looped & ~(1U << d)) | (at != range->whole[d] ? 1U << d : 0U);
  walk->digit[d] = digit;
}

/* The first tile; false if there is none. */
static bool first_tile(cds_tile_walk *walk, const cds_descent *job) {
  const cds_general *general = job->general;
  size_t stride = 1;
  memset(walk, 0, sizeof *walk);
  for (unsigned d = 0; d < general->dims; d++) {
    if (job->range.count[d] == 0) {
      return false;
    }
    walk->stride[d] = stride;
    walk->index += stride * job->range.at[d][0];
    stride *= general->dim[d].divisors;
    set_digit(walk, job, d, 0);
  }
  return true;
}

/* The next tile; without `larger`, past all that are as large as this one in
 * every dimension, as long as they come next: where the fastest digits are 0,
 * those are all with the next digit as large or larger. */
static bool next_tile(cds_tile_walk *walk, const cds_descent *job,
                      bool larger) {
  const cds_tile_range *range = &job->range;
  const unsigned dims = job->general->dims;
  unsigned d = 0;
  if (!larger) {
    while (d < dims && walk->digit[d] == 0) {
      d++;
    }
    if (d == dims) {
      return false;
    }
    set_digit(walk, job, d++, 0);
  }
  for (; d < dims; d++) {
    if (walk->digit[d] + 1 < range->count[d]) {
      set_digit(walk, job, d, walk->digit[d] + 1);
      return true;
    }
    set_digit(walk, job, d, 0);
  }
  return false;
}

static cds_status list_group(cds_descent *job, unsigned group) {
  const cds_general *general = job->general;
  cds_candidates *list = &job->group[group];
  const size_t tiles = list_range(&job->range, job, group);
  CDS_TRY(make_room(list, tiles));
  list->count = 0;
  cds_windows_forget(general);
  if (job->bounds.known) {
    rest_begin(job, group);
  }
  cds_lead lead;
  lead_begin(&lead, job, group);
  cds_tile_walk walk;
  bool never = false;
  bool more = first_tile(&walk, job);
  while (more) {
    if (cds_group_fits(&never, &job->terms, general, &general->tile[walk.index],
                       walk.looped)) {
      add_candidate(job, group, walk.index, &lead);
    }
    more = next_tile(&walk, job, !never);
  }
  job->effort += 1 + tiles / 8 + list->count;
  qsort(list->candidate, list->count, sizeof *list->candidate, by_key);
  for (size_t i = 0; i < list->count; i++) {
    list->key[i] = list->candidate[i].key;
    list->code[i] = cds_code_of(general, &list->candidate[i].inside);
  }
  list->open = list->count;
  return CDS_OK;
}

/* The least of all candidates, and its sum with that of the groups inside. */
static void sum_least(cds_descent *job, unsigned group) {
  cds_layout *layout = &job->layout;
  const cds_candidates *list = &job->group[group];
  cds_weights *least = &layout->least[group];
  set_all(least, (double)INFINITY, layout->weightings);
  for (size_t i = 0; i < list->count; i++) {
    lower_to(least, &list->candidate[i].cost, layout->weightings);
  }
  layout->rest[group] = layout->rest[group + 1];
  cds_weights_add(&layout->rest[group], least, layout->weightings);
}

cds_status cds_candidates_list(cds_descent *job) {
  const cds_general *general = job->general;
  job->bounds.known = general->single;
  for (unsigned g = 1; g <= general->groups; g++) {
    job->group[g].outer = NULL;
  }
  for (unsigned t = 0; t < general->tensors && job->bounds.known; t++) {
    for (unsigned k = 0; k < general->passes[t].count; k++) {
      set_all(&job->bounds.rest[general->groups + 1][t][k], 0,
              job->layout.weightings);
    }
  }
  for (unsigned g = general->groups; g >= 1; g--) {
    cds_group_terms_set(&job->terms, &job->layout, g);
    CDS_TRY(list_group(job, g));
    if (job->group[g].count == 0) {
      job->group[1].count = job->group[1].open = 0;
      return CDS_OK;
    }
    if (!job->bounds.known) {
      sum_least(job, g);
    } else if (g > 1) {
      rest_end(job, g);
    }
  }
  return CDS_OK;
}

/* ---- below a tile that is decided --------------------------------------- */

/* Whether the region above the group may have a block of the tensor. */
static bool block_follows(const cds_descent *job, unsigned group, unsigned t) {
  const cds_general *general = job->general;
  const cds_divisors_at *outside = &job->tile[group - 1]->at;
  const cds_divisors_at *least = &job->layout.below[group - 1];
  bool follows = false;
  for (unsigned d = 0; d < general->dims; d++) {
    follows =
        follows || (cds_lacks(general, d, t) && outside->at[d] != least->at[d]);
  }
  return follows;
}

/* Raises the cost of the group and all inside to that of passes, whatever the
 * tile: tensor u stays, all others pass all loops outside that they lack. */
static void raise_to_passes(cds_weights *out, const cds_descent *job,
                            unsigned group, unsigned u,
                            const cds_outside *above) {
  const cds_layout *layout = &job->layout;
  const cds_chain *chain = layout->chain;
  cds_weights sum = layout->rest[group + 1];
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    const unsigned t = chain->way[w].tensor;
    const double staying = layout->price[w].staying;
    const double least = job->general->tensor[t].words * staying;
    cds_leg_loads loads = job->group[group].loads[t];
    loads.least *= (t == u ? above->hoisted[t] : above->lacked[t]) * staying;
    loads.least = loads.least > least ? loads.least : least;
    for (unsigned i = 0; i < layout->weightings; i++) {
      sum.value[i] += cds_leg_cost(layout, w, i, &loads);
    }
  }
  for (unsigned i = 0; i < layout->weightings; i++) {
    out->value[i] = sum.value[i] > out->value[i] ? sum.value[i] : out->value[i];
  }
}

/* Lowers `least` to the cost of the group and all inside with the tensor's
 * block next. */
static void lower_to_rest(cds_weights *least, const cds_descent *job,
                          unsigned group, unsigned t,
                          const cds_outside *above) {
  const unsigned k = number_of(&job->general->passes[t], above->hoisted[t]);
  cds_weights rest = job->bounds.rest[group][t][k];
  raise_to_passes(&rest, job, group, t, above);
  lower_to(least, &rest, job->layout.weightings);
}

void cds_rest(cds_weights *out, const cds_descent *job, unsigned group,
              const cds_outside *above) {
  const cds_general *general = job->general;
  if (!job->bounds.known) {
    *out = job->layout.rest[group];
    return;
  }
  set_all(out, group > general->groups ? 0 : (double)INFINITY,
          job->layout.weightings);
  if (group > general->groups) {
    return;
  }
  bool any = false;
  for (unsigned t = 0; t < general->tensors; t++) {
    if (above->hoisted[t] < above->lacked[t] || block_follows(job, group, t)) {
      any = true;
      lower_to_rest(out, job, group, t, above);
    }
  }
  for (unsigned t = 0; t < general->tensors && !any; t++) {
    if (has_block(general, t)) {
      lower_to_rest(out, job, group, t, above);
    }
  }
}
