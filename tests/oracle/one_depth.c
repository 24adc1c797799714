/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Raw enumeration of the mappings with one depth a level. */
#include "oracle/one_depth.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/brute_force.h"
#include "oracle/depth_rules.h"
#include "spec/rules.h"
#include "spec/stage.h"
#include "support/random_case.h"

enum {
  LEVELS_MAX = 8,
  REGIONS_MAX = LEVELS_MAX + 1, /* one to spare */
  AXES_MAX = 2 * CDS_ARRAYS_MAX,
  SLOTS_MAX = REGIONS_MAX + AXES_MAX,
  CHOICES_MAX = 64,
  ORDERS_MAX = 5040,
  OTHERS_MAX = 2,
  NONE = 0
};

/* Which level of each inner group holds a tensor; 0: none. */
typedef struct hold_choice {
  unsigned at[REGIONS_MAX];
} hold_choice;

/* Counts of one tensor. */
typedef struct column {
  cds_traffic row[LEVELS_MAX + 1];
} column;

/* A loop order of one region: ranks from outside in; whether it is in the space
 * under the constraints of each region that may own it, as bits. */
typedef struct loop_order {
  unsigned rank[CDS_RANKS_MAX];
  unsigned offered;
} loop_order;

typedef struct walk {
  const cds_arch *arch;
  const cds_einsum *einsum;
  const depth_options *options;
  depth_result *out;
  cds_arena *scratch;
  random_stream stream;
  unsigned groups;                                       /* inner ones */
  unsigned first[REGIONS_MAX + 1], end[REGIONS_MAX + 1]; /* levels of each */
  unsigned lacking[CDS_RANKS_MAX]; /* tensors without the rank: bits */
  bool partial[CDS_RANKS_MAX];
  unsigned choices[CDS_TENSORS_MAX];
  hold_choice choice[CDS_TENSORS_MAX][CHOICES_MAX];
  /* Digits: regions 0 .. groups, then the axes of the arrays. */
  unsigned slots;
  uint64_t room[SLOTS_MAX]; /* what is left of an axis */
  uint64_t digit[CDS_RANKS_MAX][SLOTS_MAX];
  /* Loops of each region under the present digits. */
  unsigned active[REGIONS_MAX];
  unsigned orders[REGIONS_MAX];
  loop_order order[REGIONS_MAX][ORDERS_MAX];
  unsigned chosen[REGIONS_MAX];   /* order of each region */
  unsigned held[CDS_TENSORS_MAX]; /* choice of each tensor */
  column column[CDS_TENSORS_MAX][CHOICES_MAX];
  cds_counts counts;
  /* With constraints: */
  bool ruled;
  depth_view view;
  cds_rules rules;
  bool bound; /* the constraints do not contradict each other */
} walk;

static void stop(const char *what) {
  fprintf(stderr, "one depth: %s\n", what);
  exit(EXIT_FAILURE);
}

double depth_value(cds_goal goal, const cds_cost *cost) {
  const brute_goal own = {.time_power = goal.time_power,
                          .lambda_pj_per_s = goal.lambda_pj_per_s};
  return brute_goal_value(&own, cost->energy_pj, cost->latency_s);
}

/* ---- the pair -------------------------------------------------------- */

static bool stands_on(const cds_einsum *einsum, unsigned t, unsigned rank,
                      bool *partial) {
  const cds_tensor *tensor = &einsum->tensor[t];
  bool has = false;
  for (unsigned a = 0; a < tensor->axes; a++) {
    const cds_axis *axis = &tensor->axis[a];
    unsigned ranks = 0; /* longer than 1 */
    for (unsigned i = 0; i < axis->terms; i++) {
      ranks += einsum->rank[axis->term[i].rank].size > 1;
    }
    for (unsigned i = 0; i < axis->terms; i++) {
      if (axis->term[i].rank == rank) {
        has = true;
        *partial = *partial || ranks > 1;
      }
    }
  }
  return has;
}

static void look_at_ranks(walk *it) {
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    for (unsigned t = 0; t < it->einsum->tensors; t++) {
      if (!stands_on(it->einsum, t, r, &it->partial[r])) {
        it->lacking[r] |= 1u << t;
      }
    }
  }
}

static void look_at_levels(walk *it) {
  const cds_arch *arch = it->arch;
  if (arch->levels > LEVELS_MAX) {
    stop("too many levels");
  }
  it->end[0] = 1;
  for (unsigned l = 1; l < arch->levels; l++) {
    if (l == 1 || arch->level[l].position != arch->level[l - 1].position) {
      it->first[++it->groups] = l;
    }
    it->end[it->groups] = l + 1;
  }
  it->slots = it->groups + 1;
  for (unsigned k = 0; k < arch->arrays; k++) {
    for (unsigned x = 0; x < arch->array[k].axes; x++) {
      it->room[it->slots++] = arch->array[k].extent[x];
    }
  }
}

/* The slot of an axis. */
static unsigned slot_of(const walk *it, unsigned array, unsigned axis) {
  unsigned slot = it->groups + 1 + axis;
  for (unsigned k = 0; k < array; k++) {
    slot += it->arch->array[k].axes;
  }
  return slot;
}

/* Every way to hold the tensor in the groups from `group` on. */
static void list_holds(walk *it, unsigned tensor, unsigned group,
                       hold_choice *now) {
  if (group > it->groups) {
    if (it->choices[tensor] == CHOICES_MAX) {
      stop("too many ways to hold a tensor");
    }
    it->choice[tensor][it->choices[tensor]++] = *now;
    return;
  }
  const unsigned home = cds_einsum_home(it->einsum, tensor);
  for (unsigned at = it->first[group] - 1; at < it->end[group]; at++) {
    const unsigned holder = at < it->first[group] ? NONE : at;
    bool allowed = holder == NONE || it->first[group] > home;
    for (unsigned l = it->first[group]; l < it->end[group]; l++) {
      if (l <= home) {
        continue;
      }
      const cds_policy policy =
          cds_level_policy(it->arch, l, &it->einsum->tensor[tensor]);
      allowed = allowed && policy != (l == holder ? CDS_MUST_NOT : CDS_MUST);
    }
    if (allowed) {
      now->at[group] = holder;
      list_holds(it, tensor, group + 1, now);
    }
  }
}

/* ---- nests ----------------------------------------------------------- */

static void add_node(cds_mapping *mapping, cds_node node) {
  if (mapping->nodes == CDS_NODES_MAX) {
    stop("too many nodes");
  }
  mapping->node[mapping->nodes++] = node;
}

static void add_loops(cds_mapping *out, const walk *it, unsigned region) {
  const loop_order *order = &it->order[region][it->chosen[region]];
  for (unsigned i = 0; i < it->active[region]; i++) {
    const unsigned rank = order->rank[i];
    add_node(out, (cds_node){.kind = CDS_FOR,
                             .rank = rank,
                             .trips = it->digit[rank][region]});
  }
}

/* The spreads of the arrays above a depth that have none yet. */
static void add_spreads(cds_mapping *out, const walk *it, unsigned from,
                        unsigned depth) {
  for (unsigned k = from; k < depth; k++) {
    for (unsigned x = 0; x < it->arch->array[k].axes; x++) {
      const unsigned slot = slot_of(it, k, x);
      for (unsigned r = 0; r < it->einsum->ranks; r++) {
        if (it->digit[r][slot] > 1) {
          add_node(out, (cds_node){.kind = CDS_SPREAD,
                                   .rank = r,
                                   .array = k,
                                   .axis = x,
                                   .trips = it->digit[r][slot]});
        }
      }
    }
  }
}

/* The mapping of the present digits, orders and holders. */
static void make_mapping(cds_mapping *out, const walk *it) {
  out->nodes = 0;
  for (unsigned t = 0; t < it->einsum->tensors; t++) {
    add_node(out, (cds_node){.kind = CDS_HOLD,
                             .tensor = t,
                             .level = cds_einsum_home(it->einsum, t)});
  }
  add_loops(out, it, 0);
  unsigned depth = 0;
  for (unsigned g = 1; g <= it->groups; g++) {
    const unsigned below = it->arch->level[it->first[g]].depth;
    add_spreads(out, it, depth, below);
    depth = below;
    for (unsigned t = 0; t < it->einsum->tensors; t++) {
      const unsigned level = it->choice[t][it->held[t]].at[g];
      if (level != NONE) {
        add_node(out,
                 (cds_node){.kind = CDS_HOLD, .tensor = t, .level = level});
      }
    }
    add_loops(out, it, g);
  }
  add_spreads(out, it, depth, it->arch->arrays);
}

/* ---- values ---------------------------------------------------------- */

static void price_point(depth_point *point, const walk *it) {
  const cds_status status =
      cds_price_einsum(&point->cost, it->arch, it->einsum, &it->counts,
                       it->options->power_limit_w);
  if (status != CDS_OK && status != CDS_EINFEASIBLE) {
    stop("no price");
  }
  point->meets = status == CDS_OK;
}

/* Where to keep the present mapping as a sample, or NULL; each has the same
 * probability. */
static depth_point *sample_place(walk *it) {
  depth_result *out = it->out;
  if (out->samples < DEPTH_SAMPLES) {
    return &out->sample[out->samples++];
  }
  const unsigned at = random_below(&it->stream, (unsigned)out->mappings);
  return at < DEPTH_SAMPLES ? &out->sample[at] : NULL;
}

static void keep_point(depth_point *out, const depth_point *point,
                       const walk *it) {
  out->fits = point->fits;
  out->meets = point->meets;
  out->cost = point->cost;
  make_mapping(&out->mapping, it);
}

/* Ties of the value go to less time, then to less energy. */
static bool better(const depth_result *out, unsigned goal, double value,
                   const cds_cost *cost) {
  const cds_cost *best = &out->best[goal].cost;
  if (out->fitting == 1 || value != out->value[goal]) {
    return out->fitting == 1 || value < out->value[goal];
  }
  return cost->cycles != best->cycles ? cost->cycles < best->cycles
                                      : cost->dynamic_pj < best->dynamic_pj;
}

/* Passes are of all tensors at once; they cost something where they stand
 * apart. */
static void count_passes(walk *it) {
  bool apart = false;
  for (unsigned k = 0; k < it->arch->arrays; k++) {
    apart = apart || it->arch->array[k].passes_apart;
  }
  if (!apart) {
    return;
  }
  static cds_mapping mapping;
  static cds_counts whole;
  make_mapping(&mapping, it);
  const cds_arena_mark mark = cds_arena_mark_get(it->scratch);
  if (cds_count(&whole, it->arch, it->einsum, &mapping, it->scratch) !=
      CDS_OK) {
    stop("no passes");
  }
  cds_arena_reset(it->scratch, mark);
  memcpy(it->counts.passes, whole.passes, sizeof whole.passes);
}

static void offer(walk *it) {
  static depth_point point;
  count_passes(it);
  depth_result *out = it->out;
  cds_misfit misfit;
  point.fits =
      cds_price_fits(&misfit, it->arch, it->einsum, &it->counts) == CDS_OK;
  out->mappings++;
  depth_point *place = sample_place(it);
  if (place != NULL || point.fits) {
    price_point(&point, it);
  }
  if (place != NULL) {
    keep_point(place, &point, it);
  }
  if (!point.fits || !point.meets) {
    return;
  }
  out->fitting++;
  if (it->options->frontier != NULL) {
    pareto_add(it->options->frontier, point.cost.energy_pj,
               point.cost.latency_s);
  }
  for (unsigned g = 0; g < it->options->goals; g++) {
    const double value = depth_value(it->options->goal[g], &point.cost);
    if (better(out, g, value, &point.cost)) {
      out->value[g] = value;
      keep_point(&out->best[g], &point, it);
    }
  }
  out->found = true;
}

/* Puts the counts of a tensor under its choice in place. */
static void place_column(walk *it, unsigned tensor) {
  const column *from = &it->column[tensor][it->held[tensor]];
  for (unsigned l = 0; l <= it->arch->levels; l++) {
    it->counts.at[l][tensor] = from->row[l];
  }
}

/* Sets by region whose loops they are: those of the next group inside that
 * holds something. */
static void find_owners(unsigned owner[REGIONS_MAX], walk *it) {
  unsigned next = it->groups;
  for (unsigned region = it->groups + 1; region-- > 0;) {
    const unsigned g = region + 1;
    for (unsigned t = 0; g <= it->groups && t < it->einsum->tensors; t++) {
      it->view.held[g][t] = it->choice[t][it->held[t]].at[g];
      next = it->view.held[g][t] != NONE ? region : next;
    }
    owner[region] = next;
  }
}

/* Whether the loops of each owner, taken together, are as constraints say. */
static bool loops_admitted(walk *it, const unsigned owner[REGIONS_MAX]) {
  unsigned rank[REGIONS_MAX * CDS_RANKS_MAX];
  bool admitted = true;
  for (unsigned mine = 0; mine <= it->groups; mine++) {
    unsigned count = 0;
    for (unsigned r = 0; r < it->einsum->ranks; r++) {
      it->view.loop[mine][r] = 1;
    }
    for (unsigned region = 0; region <= it->groups; region++) {
      const loop_order *order = &it->order[region][it->chosen[region]];
      for (unsigned i = 0; owner[region] == mine && i < it->active[region];
           i++) {
        it->view.loop[mine][order->rank[i]] *=
            it->digit[order->rank[i]][region];
        rank[count++] = order->rank[i];
      }
    }
    admitted = admitted && depth_rules_order(&it->view, mine, rank, count);
  }
  return admitted && depth_rules_loops(&it->view);
}

/* Whether constraints admit the present mapping and it is in the space. The
 * predicate of src/spec is asked too. */
static bool in_space(walk *it) {
  unsigned owner[REGIONS_MAX];
  find_owners(owner, it);
  const bool admitted =
      loops_admitted(it, owner) && depth_rules_holders(&it->view);
  bool offered = admitted;
  for (unsigned region = 0; region <= it->groups; region++) {
    const loop_order *order = &it->order[region][it->chosen[region]];
    offered = offered && (order->offered >> owner[region] & 1u) != 0;
  }
  cds_mapping mapping;
  make_mapping(&mapping, it);
  const bool known =
      it->bound && cds_rules_admit(&it->rules, it->arch, &mapping);
  if (admitted != known) {
    it->out->misjudged++;
    it->out->misjudged_mapping = mapping;
  }
  return offered;
}

/* Every way to hold the tensors from `tensor` on. */
static void hold_all(walk *it, unsigned tensor) {
  if (tensor >= it->einsum->tensors || tensor >= CDS_TENSORS_MAX) {
    if (!it->ruled || in_space(it)) {
      offer(it);
    }
    return;
  }
  for (unsigned c = 0; c < it->choices[tensor]; c++) {
    it->held[tensor] = c;
    place_column(it, tensor);
    hold_all(it, tensor + 1);
  }
}

/* Counts every choice of every tensor once, several tensors at a time. */
static void count_columns(walk *it) {
  unsigned most = 0;
  for (unsigned t = 0; t < it->einsum->tensors; t++) {
    most = it->choices[t] > most ? it->choices[t] : most;
  }
  for (unsigned c = 0; c < most; c++) {
    cds_mapping mapping;
    for (unsigned t = 0; t < it->einsum->tensors; t++) {
      it->held[t] = c % it->choices[t];
    }
    make_mapping(&mapping, it);
    const cds_arena_mark mark = cds_arena_mark_get(it->scratch);
    if (cds_count(&it->counts, it->arch, it->einsum, &mapping, it->scratch) !=
        CDS_OK) {
      stop("no counts");
    }
    cds_arena_reset(it->scratch, mark);
    it->out->counted++;
    for (unsigned t = 0; t < it->einsum->tensors; t++) {
      for (unsigned l = 0; l <= it->arch->levels; l++) {
        it->column[t][it->held[t]].row[l] = it->counts.at[l][t];
      }
    }
  }
}

/* ---- orders ---------------------------------------------------------- */

static void add_order(walk *it, unsigned region, const loop_order *order) {
  const size_t size = it->active[region] * sizeof order->rank[0];
  for (unsigned o = 0; o < it->orders[region]; o++) {
    if (memcmp(it->order[region][o].rank, order->rank, size) == 0) {
      return;
    }
  }
  if (it->orders[region] == ORDERS_MAX) {
    stop("too many orders");
  }
  it->order[region][it->orders[region]++] = *order;
}

/* ---- orders under constraints ------------------------------------------ */

static void canonical_orders(walk *it, unsigned region,
                             const bool active[CDS_RANKS_MAX]);

/* Whether the ranks that constraints of a region do not tell apart from this
 * one stand in a canonical order of their own. */
static bool part_is_canonical(walk *it, unsigned region, unsigned owner,
                              const loop_order *order, unsigned rank) {
  const unsigned spare = it->groups + 1; /* a region for its orders */
  unsigned own[CDS_RANKS_MAX];
  bool active[CDS_RANKS_MAX] = {false};
  unsigned count = 0;
  for (unsigned i = 0; i < it->active[region]; i++) {
    const unsigned other = order->rank[i];
    if (!depth_rules_apart(&it->view, owner, rank, other)) {
      active[other] = true;
      own[count++] = other;
    }
  }
  it->active[spare] = count;
  it->orders[spare] = 0;
  canonical_orders(it, spare, active);
  for (unsigned o = 0; o < it->orders[spare]; o++) {
    if (memcmp(it->order[spare][o].rank, own, count * sizeof own[0]) == 0) {
      return true;
    }
  }
  return false;
}

/* Whether an order of a region is in the space if its loops are those of the
 * owner: each part in a canonical order; without parts that is the region. */
static bool is_offered(walk *it, unsigned region, unsigned owner,
                       const loop_order *order) {
  bool offered =
      depth_rules_order(&it->view, owner, order->rank, it->active[region]);
  for (unsigned i = 0; i < it->active[region] && offered; i++) {
    offered = region == it->groups ||
              part_is_canonical(it, region, owner, order, order->rank[i]);
  }
  return offered;
}

/* Keeps of all permutations those in the space, and a few others for the
 * predicate. In the last region the order has no effect on the cost. */
static void judge_orders(walk *it, unsigned region) {
  unsigned kept = 0;
  unsigned others = 0;
  for (unsigned o = 0; o < it->orders[region]; o++) {
    loop_order *order = &it->order[region][o];
    order->offered = 0;
    for (unsigned owner = region; owner <= it->groups; owner++) {
      if (is_offered(it, region, owner, order)) {
        order->offered |= 1u << owner;
      }
    }
    const bool again = region == it->groups && kept > others;
    order->offered = again ? 0 : order->offered;
    if (order->offered != 0 || others < OTHERS_MAX) {
      others += order->offered == 0;
      it->order[region][kept++] = *order;
    }
  }
  it->orders[region] = kept;
}

/* A canonical order: which ranks have loops, the block of ranks that stands
 * inside (a set that no rank lacks: none) and the slide. */
typedef struct order_rule {
  const bool *active;
  unsigned block, slide;
} order_rule;

/* Ranks in or out of the block, partial or not, the slide last. */
static void append(loop_order *order, unsigned *count, const walk *it,
                   const order_rule *rule, bool inside, bool partial) {
  const unsigned ranks = it->einsum->ranks;
  for (unsigned i = 0; i <= ranks; i++) {
    const unsigned r = i < ranks ? i : rule->slide;
    if (r < ranks && rule->active[r] &&
        (it->lacking[r] == rule->block) == inside &&
        it->partial[r] == partial && (r == rule->slide) == (i == ranks)) {
      order->rank[(*count)++] = r;
    }
  }
}

static void canonical_order(walk *it, unsigned region, const order_rule *rule) {
  loop_order order = {.rank = {0}};
  unsigned count = 0;
  append(&order, &count, it, rule, false, false);
  append(&order, &count, it, rule, false, true);
  append(&order, &count, it, rule, true, false);
  append(&order, &count, it, rule, true, true);
  if (count != it->active[region]) {
    stop("an order without all loops");
  }
  add_order(it, region, &order);
}

/* Every slide, the number of ranks standing for none. */
static void slide_orders(walk *it, unsigned region,
                         const bool active[CDS_RANKS_MAX], unsigned block) {
  for (unsigned s = 0; s <= it->einsum->ranks; s++) {
    if (s == it->einsum->ranks || (active[s] && it->partial[s])) {
      /* No block: a set that no rank lacks. */
      const order_rule rule = {active, block == 0 ? ~0u : block, s};
      canonical_order(it, region, &rule);
    }
  }
}

static void canonical_orders(walk *it, unsigned region,
                             const bool active[CDS_RANKS_MAX]) {
  bool any = false;
  for (unsigned block = 1; block < 1u << it->einsum->tensors; block++) {
    bool occurs = false;
    for (unsigned r = 0; r < it->einsum->ranks; r++) {
      occurs = occurs || (active[r] && it->lacking[r] == block);
    }
    if (occurs) {
      any = true;
      slide_orders(it, region, active, block);
    }
  }
  if (!any) {
    slide_orders(it, region, active, 0);
  }
}

static void permute(walk *it, unsigned region, loop_order *order,
                    unsigned from) {
  if (from >= it->active[region]) {
    add_order(it, region, order);
    return;
  }
  for (unsigned i = from; i < it->active[region]; i++) {
    const unsigned a = order->rank[from], b = order->rank[i];
    order->rank[from] = b;
    order->rank[i] = a;
    permute(it, region, order, from + 1);
    order->rank[from] = a;
    order->rank[i] = b;
  }
}

static void list_orders(walk *it, unsigned region) {
  bool active[CDS_RANKS_MAX] = {false};
  loop_order sorted = {.rank = {0}};
  it->active[region] = it->orders[region] = 0;
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    active[r] = it->digit[r][region] > 1;
    if (active[r]) {
      sorted.rank[it->active[region]++] = r;
    }
  }
  if (it->ruled) {
    permute(it, region, &sorted, 0);
    judge_orders(it, region);
  } else if (region == it->groups) {
    add_order(it, region, &sorted);
  } else if (it->options->all_orders) {
    permute(it, region, &sorted, 0);
  } else {
    canonical_orders(it, region, active);
  }
}

/* Whether some holders from `tensor` on make a mapping of the space. */
static bool offers_any(walk *it, unsigned tensor) {
  if (tensor >= it->einsum->tensors) {
    return in_space(it);
  }
  for (unsigned c = 0; c < it->choices[tensor]; c++) {
    it->held[tensor] = c;
    if (offers_any(it, tensor + 1)) {
      return true;
    }
  }
  return false;
}

static void order_all(walk *it, unsigned region) {
  if (region > it->groups) {
    if (it->ruled && !offers_any(it, 0)) {
      return;
    }
    count_columns(it);
    hold_all(it, 0);
    return;
  }
  for (unsigned o = 0; o < it->orders[region]; o++) {
    it->chosen[region] = o;
    order_all(it, region + 1);
  }
}

/* ---- digits ---------------------------------------------------------- */

/* What constraints look at. */
static void view_spreads(walk *it) {
  depth_view *view = &it->view;
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    for (unsigned k = 0; k < it->arch->arrays; k++) {
      view->spread[k][0][r] = view->spread[k][1][r] = 1;
      for (unsigned x = 0; x < it->arch->array[k].axes; x++) {
        view->spread[k][x][r] = it->digit[r][slot_of(it, k, x)];
      }
    }
  }
}

static void take_digits(walk *it) {
  if (it->ruled) {
    view_spreads(it);
  }
  for (unsigned region = 0; region <= it->groups; region++) {
    list_orders(it, region);
  }
  order_all(it, 0);
}

/* Every way to write what is left of a rank as digits in the slots from
 * `slot` on, then the next ranks. */
static void divide(walk *it, unsigned rank, unsigned slot, uint64_t left) {
  if (rank == it->einsum->ranks) {
    take_digits(it);
    return;
  }
  if (slot == it->slots) {
    if (left == 1) {
      divide(it, rank + 1, 0,
             rank + 1 < it->einsum->ranks ? it->einsum->rank[rank + 1].size
                                          : 1);
    }
    return;
  }
  const bool axis = slot > it->groups;
  const uint64_t room = it->room[slot];
  for (uint64_t trips = 1; trips <= left && (!axis || trips <= room); trips++) {
    if (left % trips == 0) {
      it->digit[rank][slot] = trips;
      it->room[slot] = room / trips;
      divide(it, rank, slot + 1, left / trips);
      it->room[slot] = room;
    }
  }
}

static void start(walk *it, const cds_arch *arch, const cds_einsum *einsum) {
  it->arch = arch;
  it->einsum = einsum;
  look_at_ranks(it);
  look_at_levels(it);
  it->ruled = arch->constraints != NULL;
  if (it->ruled) {
    it->view.arch = arch;
    it->view.einsum = einsum;
    it->view.groups = it->groups;
    it->bound = cds_rules_bind(&it->rules, arch, einsum, NULL, NULL) == CDS_OK;
    cds_rules_free_homes(&it->rules, einsum);
  }
  for (unsigned t = 0; t < einsum->tensors; t++) {
    hold_choice now = {{0}};
    list_holds(it, t, 1, &now);
  }
}

static walk *new_walk(void) {
  walk *it = calloc(1, sizeof *it);
  if (it == NULL) {
    stop("out of memory");
  }
  return it;
}

void one_depth(depth_result *out, const cds_arch *arch,
               const cds_einsum *einsum, const depth_options *options) {
  memset(out, 0, sizeof *out);
  walk *it = new_walk();
  it->options = options;
  it->out = out;
  it->stream = random_start(options->seed, 0);
  it->scratch = cds_arena_new();
  if (it->scratch == NULL) {
    stop("out of memory");
  }
  start(it, arch, einsum);
  bool holds = true;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    holds = holds && it->choices[t] > 0; /* a level beside its home must not */
  }
  if (holds) {
    divide(it, 0, 0, einsum->rank[0].size);
  }
  cds_arena_free(it->scratch);
  free(it);
}

/* Ways to write n as a product of `slots` digits. */
static double ways(uint64_t n, unsigned slots) {
  double product = 1;
  for (uint64_t p = 2; n > 1; p++) {
    for (unsigned i = 1; n % p == 0; i++) {
      n /= p;
      product *= (double)(slots - 1 + i) / i;
    }
  }
  return product;
}

double one_depth_size(const cds_arch *arch, const cds_einsum *einsum) {
  walk *it = new_walk();
  start(it, arch, einsum);
  double size = 1;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    size *= it->choices[t];
  }
  for (unsigned r = 0; r < einsum->ranks; r++) {
    size *= ways(einsum->rank[r].size, it->slots);
  }
  free(it);
  return fmin(size, 1e18);
}
