/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Best first over layouts: every chain of holders with every spread of each
 * array has a bound on its cycles, and, once it may matter for some goal, one
 * on its energy, which later goals find there. A goal sorts them, and opens
 * them in the order of their bounds until the next one is beyond the incumbent.
 * What was found for earlier goals starts the incumbent of the next.
 *
 * Layouts are listed in bands of units in use, each down to a part of the one
 * before, and only as far as a goal asks: a layout that is not listed has fewer
 * units, hence at least so many cycles, and at least the energy of
 * cds_pair_floor.
 *
 * Where there are very many layouts (`large`), ports and links bound the cycles
 * of each before they are ranked, and a goal without a mapping first looks into
 * a few layouts for one (probe).
 */
#include "search/general_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/deep.h"
#include "search/descend.h"
#include "search/holders.h"
#include "search/spread_bands.h"

enum {
  CDS_CHAINS_MAX = 1 << 16,
  CDS_LAYOUTS_MAX = 1 << 22,
  CDS_OPENED_MAX = 1 << 24, /* for one goal */
  CDS_OPENED_FEW = 1 << 20, /* for any mapping */
  CDS_PASSES = 8,
  CDS_PASS_NODES = 1 << 15, /* of all passes, until a mapping is known */
  CDS_ROOFS_LOOKED = 1 << 10,
  CDS_POOL_MAX = 64,
  CDS_LARGE = 1 << 17,        /* layouts from which a space is large */
  CDS_PROBE_LISTED = 1 << 14, /* layouts listed before the probe */
  CDS_PROBE_OPENED = 1 << 8,  /* layouts that it opens */
  CDS_PROBE_NODES = 1 << 13,  /* nodes of all of them */
  CDS_PROBE_EFFORT = 1 << 19, /* of all of them, once a mapping is known */
  CDS_PROBE_LAYOUT = 1 << 10  /* nodes of one of them */
};

typedef struct cds_layout_entry {
  double energy_pj, cycles; /* least of every mapping of the layout */
  bool priced;              /* else energy_pj is that of any layout */
  bool timed;               /* cycles know all ports and links */
  bool possible;            /* as far as is known */
  uint32_t chain;
  uint32_t spread[CDS_ARRAYS_MAX];
} cds_layout_entry;

typedef struct cds_ranked_layout {
  double bound;
  uint32_t entry;
} cds_ranked_layout;

/* Ends of the passes of open_all: over the bound; of the second over the first,
 * and how the rest of that grows from one to the next. */
static const double first_pass = 1.02;
static const double next_pass = 1.04;
static const double growing = 3;
/* Likewise over a mapping that is known. */
static const double probed_end = 1 + 1e-9;

struct cds_general_search {
  cds_arena *arena, *scratch;
  cds_arena_mark empty;
  cds_arch arch;
  cds_einsum einsum;
  cds_general general;
  size_t chains;
  cds_chain *chain;
  double listed_units; /* all layouts with as many units or more are listed */
  double floor_pj;     /* least energy of any mapping, */
  double floor_cycles; /* and time */
  size_t entries, entry_room;
  cds_layout_entry *entry;
  cds_ranked_layout *ranked;
  size_t ranked_room;
  size_t pooled;
  cds_incumbent pool[CDS_POOL_MAX];
  cds_descent descent;
  bool large;           /* CDS_LARGE layouts or more */
  cds_incumbent probed; /* of the goal at hand */
  bool by_products;     /* the pair is searched by this one: */
  cds_deep deep;
};

cds_general_search *cds_general_search_new(void) {
  cds_general_search *search = cds_malloc(sizeof *search);
  if (search == NULL) {
    return NULL;
  }
  memset(search, 0, sizeof *search);
  search->arena = cds_arena_new();
  search->scratch = cds_arena_new();
  if (search->arena == NULL || search->scratch == NULL) {
    cds_general_search_free(search);
    return NULL;
  }
  search->empty = cds_arena_mark_get(search->arena);
  return search;
}

void cds_general_search_free(cds_general_search *search) {
  if (search == NULL) {
    return;
  }
  for (unsigned g = 0; g <= CDS_GROUPS_MAX; g++) {
    cds_free(search->descent.group[g].candidate);
    cds_free(search->descent.group[g].head);
    cds_free(search->descent.group[g].match);
  }
  cds_deep_free(&search->deep);
  cds_free(search->entry);
  cds_free(search->ranked);
  cds_arena_free(search->arena);
  cds_arena_free(search->scratch);
  cds_free(search);
}

/* ---- chains ---------------------------------------------------------- */

static void add_way(cds_chain *chain, const cds_general *general, unsigned t,
                    unsigned group, const cds_leg *outer) {
  const bool compute = group > general->groups;
  const cds_arch *arch = general->arch;
  cds_leg *way = &chain->way[chain->ways++];
  way->tensor = t;
  way->parent = outer->child;
  way->parent_group = outer->group;
  way->top = outer->depth;
  way->group = group;
  way->child = compute ? arch->levels
                       : cds_chain_holding(general, chain, group)->level[t];
  way->depth = compute ? arch->arrays : general->group[group].depth;
}

void cds_chain_fill(cds_chain *chain, const cds_general *general) {
  cds_leg last[CDS_TENSORS_MAX];
  memset(last, 0, sizeof last);
  for (unsigned t = 0; t < general->tensors; t++) {
    last[t].child = general->homes.tensor[t].level;
    last[t].group = general->home_group[t];
  }
  chain->ways = 0;
  for (unsigned g = 1; g <= general->groups + 1; g++) {
    chain->first_way[g] = chain->ways;
    for (unsigned t = 0; t < general->tensors; t++) {
      if (g > general->groups ||
          (cds_chain_holding(general, chain, g)->held >> t & 1U) != 0) {
        add_way(chain, general, t, g, &last[t]);
        last[t] = chain->way[chain->ways - 1];
      }
    }
  }
  chain->first_way[general->groups + 2] = chain->ways;
}

static cds_status list_chains(cds_general_search *search) {
  cds_general *general = &search->general;
  size_t count = 1;
  for (unsigned g = 1; g <= general->groups; g++) {
    cds_group_levels *group = &general->group[g];
    count *= group->holdings;
    if (count > CDS_CHAINS_MAX) {
      return CDS_ELIMIT;
    }
    for (size_t h = 0; h < group->holdings; h++) {
      cds_holding_measure(&group->holding[h], general);
    }
  }
  search->chains = 0;
  search->chain = cds_arena_array(search->arena, count, sizeof(cds_chain));
  if (search->chain == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    cds_chain *chain = &search->chain[search->chains];
    size_t rest = i;
    bool possible = true;
    for (unsigned g = 1; g <= general->groups; g++) {
      const cds_group_levels *group = &general->group[g];
      chain->holding[g] = (uint16_t)(rest % group->holdings);
      rest /= group->holdings;
      possible = possible && group->holding[chain->holding[g]].possible;
    }
    if (possible) {
      cds_chain_fill(chain, general);
      search->chains++;
    }
  }
  return CDS_OK;
}

/* ---- layouts --------------------------------------------------------- */

static void spreads_of(const cds_spread *spread[CDS_ARRAYS_MAX],
                       const cds_general_search *search,
                       const cds_layout_entry *entry) {
  const cds_general *general = &search->general;
  for (unsigned k = 0; k < general->arch->arrays; k++) {
    spread[k] = &general->spreads[k].spread[entry->spread[k]];
  }
}

static cds_status add_entry(cds_general_search *search,
                            const cds_layout_entry *entry) {
  if (search->entries == search->entry_room) {
    const size_t room = search->entry_room == 0 ? 1024 : 2 * search->entry_room;
    if (room > CDS_LAYOUTS_MAX) {
      return CDS_ELIMIT;
    }
    cds_layout_entry *grown = cds_realloc(search->entry, room * sizeof *grown);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    search->entry = grown;
    search->entry_room = room;
  }
  search->entry[search->entries++] = *entry;
  return CDS_OK;
}

/* Where the listing of a band stands. */
typedef struct cds_listing {
  cds_general_search *search;
  uint32_t chain;
} cds_listing;

static cds_status take_spreads(cds_spread_band *band, double units) {
  const cds_listing *listing = band->payload;
  const cds_general *general = band->general;
  cds_layout_entry entry = {.energy_pj = listing->search->floor_pj,
                            .possible = true,
                            .chain = listing->chain};
  double skew = 0;
  for (unsigned k = 0; k < general->arch->arrays; k++) {
    skew += general->spreads[k].spread[band->spread[k]].skew_cycles;
  }
  memcpy(entry.spread, band->spread, sizeof entry.spread);
  entry.cycles = fmax(general->macs / units, general->floor_cycles) + skew;
  return add_entry(listing->search, &entry);
}

static cds_status grow_ranked(cds_general_search *search) {
  if (search->ranked_room >= search->entries) {
    return CDS_OK;
  }
  cds_free(search->ranked);
  search->ranked_room = 0;
  search->ranked = cds_malloc(search->entries * sizeof *search->ranked);
  if (search->ranked == NULL) {
    return CDS_ENOMEM;
  }
  search->ranked_room = search->entries;
  return CDS_OK;
}

/* Lists the next band; all that is left if there is little. CDS_ELIMIT when
 * there are too many layouts. */
static cds_status list_band(cds_general_search *search) {
  cds_listing listing = {search, 0};
  cds_spread_band band = {
      .general = &search->general, .take = take_spreads, .payload = &listing};
  cds_spread_band_set(&band, search->listed_units, (double)search->chains);
  for (size_t c = 0; c < search->chains; c++) {
    listing.chain = (uint32_t)c;
    CDS_TRY(cds_spread_band_walk(&band));
  }
  search->listed_units = band.from;
  return grow_ranked(search);
}

/* Of so many chains. */
static double layouts_of(const cds_general_search *search, double chains) {
  double layouts = chains;
  for (unsigned k = 0; k < search->arch.arrays; k++) {
    layouts *= (double)search->general.spreads[k].count;
  }
  return layouts;
}

/* No fewer than there are. */
static double most_layouts(const cds_general_search *search) {
  double chains = 1;
  for (unsigned g = 1; g <= search->general.groups; g++) {
    chains *= (double)search->general.group[g].holdings;
  }
  return layouts_of(search, chains);
}

/* Dimensions, tiles, groups and spreads, and who searches the pair. */
static cds_status begin_pair(cds_general_search *search, const cds_arch *arch,
                             const cds_einsum *einsum, const cds_rules *rules,
                             double power_limit_w) {
  cds_deep_free(&search->deep);
  cds_arena_reset(search->arena, search->empty);
  search->arch = *arch;
  search->einsum = *einsum;
  search->pooled = 0;
  search->entries = 0;
  memset(&search->general, 0, sizeof search->general);
  search->general.arch = &search->arch;
  search->general.einsum = &search->einsum;
  search->general.rules = rules;
  search->general.power_limit_w = power_limit_w;
  search->general.arena = search->arena;
  search->general.scratch = search->scratch;
  CDS_TRY(cds_general_begin(&search->general));
  search->by_products =
      cds_deep_takes(&search->general) &&
      (cds_deep_whole(&search->general) || most_layouts(search) >= CDS_LARGE);
  return CDS_OK;
}

bool cds_general_search_often(cds_general_search *search, const cds_arch *arch,
                              const cds_einsum *einsum) {
  if (begin_pair(search, arch, einsum, NULL, (double)INFINITY) != CDS_OK) {
    return false;
  }
  return search->by_products || most_layouts(search) < CDS_LARGE;
}

cds_status cds_general_search_begin(cds_general_search *search,
                                    const cds_arch *arch,
                                    const cds_einsum *einsum,
                                    const cds_rules *rules,
                                    double power_limit_w) {
  CDS_TRY(begin_pair(search, arch, einsum, rules, power_limit_w));
  const cds_status listed = search->by_products ? CDS_OK : list_chains(search);
  search->by_products =
      search->by_products ||
      (listed == CDS_ELIMIT && cds_deep_takes(&search->general));
  if (search->by_products) {
    return cds_deep_begin(&search->deep, &search->general);
  }
  CDS_TRY(listed);
  double floor_s = 0;
  cds_pair_floor(&search->floor_pj, &floor_s, &search->arch, &search->einsum,
                 power_limit_w);
  search->floor_cycles = floor_s * search->arch.clock_hz * (1 - 1e-12);
  search->large = layouts_of(search, (double)search->chains) >= CDS_LARGE;
  search->listed_units = (double)INFINITY;
  return list_band(search);
}

/* ---- one goal -------------------------------------------------------- */

static int by_bound(const void *left, const void *right) {
  const cds_ranked_layout *a = left;
  const cds_ranked_layout *b = right;
  if (a->bound != b->bound) {
    return a->bound < b->bound ? -1 : 1;
  }
  return a->entry < b->entry ? -1 : a->entry > b->entry;
}

static double limit_of(double given) {
  return given > 0 ? given : (double)INFINITY;
}

static void begin_descent(cds_general_search *search, cds_goal goal,
                          const cds_control *control) {
  cds_descent *job = &search->descent;
  const cds_general *general = &search->general;
  const double clock = general->arch->clock_hz;
  job->general = &search->general;
  job->aim = (cds_aim){
      .time_power = goal.time_power,
      .lambda_pj = goal.time_power > 0 ? 0 : goal.lambda_pj_per_s / clock,
      .most_pj = limit_of(goal.energy_limit_pj),
      .most_cycles = limit_of(goal.latency_limit_s) * clock,
      .leakage_pj = general->leakage_w * 1e12 / clock,
      .cycles_per_pj = general->seconds_per_pj * clock,
      .clock_hz = clock};
  job->control = control;
  job->nodes = job->leaves = job->confirmed = 0;
  job->most_nodes = CDS_OPENED_MAX;
  job->enough_nodes = job->pass_nodes = UINT64_MAX;
  job->enough_effort = UINT64_MAX;
  job->effort = 0;
  job->known = false;
  job->stopped = false;
  job->any = false;
  job->best.found = false;
  job->beyond = (double)INFINITY;
  for (size_t i = 0; i < search->pooled; i++) {
    const cds_incumbent *known = &search->pool[i];
    const double value =
        cds_aim_value(&job->aim, known->dynamic_pj, known->cycles);
    if (!isinf(value) && (!job->best.found || value < job->best.value)) {
      job->best = *known;
      job->best.value = job->beyond = value;
    }
  }
}

/* Whether the smallest tile of each group may fit: what the arrays inside of it
 * spread. No other tile is smaller in any dimension. */
static bool may_fit(cds_general_search *search) {
  const cds_general *general = &search->general;
  cds_descent *job = &search->descent;
  bool never = false;
  cds_layout_products(&job->layout);
  for (unsigned g = 1; g <= general->groups && !never; g++) {
    const cds_tile *least = cds_tile_at(general, &job->layout.below[g]);
    cds_group_terms_set(&job->terms, &job->layout, g);
    (void)cds_group_fits(&never, &job->terms, general, least, 0);
  }
  return !never;
}

static void set_entry(cds_general_search *search,
                      const cds_layout_entry *entry) {
  const cds_spread *spread[CDS_ARRAYS_MAX];
  spreads_of(spread, search, entry);
  cds_layout_set(&search->descent.layout, &search->general,
                 &search->chain[entry->chain], spread);
}

/* Least energy of the layout, and whether it may be possible. */
static void price_entry(cds_general_search *search, cds_layout_entry *entry) {
  cds_layout *layout = &search->descent.layout;
  search->descent.effort++;
  set_entry(search, entry);
  entry->priced = true;
  entry->possible = may_fit(search);
  if (!entry->possible) {
    return;
  }
  cds_layout_energy(layout);
  cds_layout_bound(layout);
  entry->energy_pj =
      fmax(layout->fixed.value[CDS_ENERGY] + layout->rest[1].value[CDS_ENERGY],
           search->floor_pj);
}

/* Least cycles of the layout by ports and links, whatever the goal: a weight of
 * their own does not matter to cycles alone. */
static void time_entry(cds_general_search *search, cds_layout_entry *entry) {
  static const cds_aim any = {.clock_hz = 1};
  cds_layout *layout = &search->descent.layout;
  search->descent.effort += 3;
  set_entry(search, entry);
  cds_layout_look(layout, 1, true, NULL);
  cds_layout_bound(layout);
  cds_weights sum = layout->fixed;
  cds_weights_add(&sum, &layout->rest[1], layout->weightings);
  entry->timed = true;
  entry->cycles = fmax(entry->cycles, cds_aim_bound(&any, layout, &sum).cycles);
}

/* Bound on the goal; prices only layouts that may matter without. */
static double bound_entry(cds_general_search *search, cds_layout_entry *entry) {
  const cds_descent *job = &search->descent;
  const cds_aim *aim = &job->aim;
  double bound = cds_aim_value(aim, entry->energy_pj, entry->cycles);
  if (!entry->priced && !cds_descent_beyond(job, bound)) {
    price_entry(search, entry);
    bound = cds_aim_value(aim, entry->energy_pj, entry->cycles);
  }
  if (search->large && entry->possible && !entry->timed &&
      !cds_descent_beyond(job, bound)) {
    time_entry(search, entry);
    bound = cds_aim_value(aim, entry->energy_pj, entry->cycles);
  }
  return entry->possible ? bound : (double)INFINITY;
}

static size_t rank_layouts(cds_general_search *search, size_t first) {
  const cds_descent *job = &search->descent;
  size_t count = 0;
  for (size_t i = first; i < search->entries; i++) {
    const double bound = bound_entry(search, &search->entry[i]);
    if (!isinf(bound) && !cds_descent_beyond(job, bound)) {
      search->ranked[count++] = (cds_ranked_layout){bound, (uint32_t)i};
    }
  }
  qsort(search->ranked, count, sizeof *search->ranked, by_bound);
  return count;
}

/* Weight of a cycle of the outermost port in the layout's bounds. */
static double weight_of(const cds_descent *job, const cds_layout_entry *entry) {
  const cds_aim *aim = &job->aim;
  if (aim->time_power == 0) {
    return aim->leakage_pj + aim->lambda_pj;
  }
  const double dynamic =
      job->best.found ? job->best.dynamic_pj : entry->energy_pj;
  const double cycles = job->best.found ? job->best.cycles : entry->cycles;
  return aim->leakage_pj +
         aim->time_power * (dynamic / cycles + aim->leakage_pj);
}

/* Sets the layout and what its bounds look at. */
static void set_layout(cds_general_search *search,
                       const cds_layout_entry *entry) {
  cds_descent *job = &search->descent;
  job->effort++;
  set_entry(search, entry);
  cds_layout_look(&job->layout, weight_of(job, entry),
                  cds_aim_weighs_time(&job->aim),
                  job->best.found ? &job->best.cost : NULL);
  cds_layout_bound(&job->layout);
}

/* Of all mappings of the layout that is set. */
static cds_bound layout_bound(const cds_descent *job) {
  cds_weights sum = job->layout.fixed;
  cds_weights_add(&sum, &job->layout.rest[1], job->layout.weightings);
  return cds_aim_bound(&job->aim, &job->layout, &sum);
}

static cds_status open_layout(cds_general_search *search,
                              const cds_layout_entry *entry) {
  cds_descent *job = &search->descent;
  cds_general *general = &search->general;
  const unsigned arrays = general->arch->arrays;
  if (arrays > 0) {
    cds_spread *last = general->spreads[arrays - 1].spread;
    CDS_TRY(cds_spread_halo(general, &last[entry->spread[arrays - 1]]));
  }
  set_layout(search, entry);
  const cds_bound bound = layout_bound(job);
  if (cds_descent_hopeless(job, &bound)) {
    return CDS_OK;
  }
  cds_layout_products(&job->layout);
  return cds_descend(job);
}

/* Keeps the answer for goals to come. */
static void keep(cds_general_search *search) {
  const cds_incumbent *best = &search->descent.best;
  for (size_t i = 0; i < search->pooled; i++) {
    if (search->pool[i].dynamic_pj == best->dynamic_pj &&
        search->pool[i].cycles == best->cycles) {
      return;
    }
  }
  if (search->pooled < CDS_POOL_MAX) {
    search->pool[search->pooled++] = *best;
  }
}

/* Opens what is listed from entry `first` on, in the order of bounds. `*open`:
 * the least bound of what was left. */
static cds_status open_listed(cds_general_search *search, size_t first,
                              double *open) {
  cds_descent *job = &search->descent;
  const size_t count = rank_layouts(search, first);
  *open = (double)INFINITY;
  for (size_t i = 0; i < count; i++) {
    const cds_ranked_layout *next = &search->ranked[i];
    if (cds_descent_beyond(job, next->bound)) {
      break;
    }
    job->stopped = job->stopped || cds_descent_enough(job);
    if (!job->stopped) {
      CDS_TRY(open_layout(search, &search->entry[next->entry]));
    }
    if (job->stopped) {
      *open = next->bound;
      break;
    }
  }
  return CDS_OK;
}

/* Bound on all layouts that are not listed. */
static double unlisted_bound(const cds_general_search *search) {
  if (search->listed_units <= 0) {
    return (double)INFINITY;
  }
  const double cycles = search->general.macs / search->listed_units;
  return cds_aim_value(
      &search->descent.aim, search->floor_pj,
      fmax(cycles, fmax(search->general.floor_cycles, search->floor_cycles)));
}

/* Opens all that may matter, with values below job->beyond. `*open`: the least
 * bound of what was left. */
static cds_status open_below(cds_general_search *search, double *open) {
  cds_descent *job = &search->descent;
  if (search->by_products) {
    return cds_deep_open(open, &search->deep, job);
  }
  CDS_TRY(open_listed(search, 0, open));
  while (!job->stopped && !isinf(unlisted_bound(search)) &&
         !cds_descent_beyond(job, unlisted_bound(search))) {
    const size_t first = search->entries;
    const cds_status status = list_band(search);
    job->stopped = status == CDS_ELIMIT;
    if (status != CDS_OK && status != CDS_ELIMIT) {
      return status;
    }
    CDS_TRY(open_listed(search, first, open));
  }
  *open = fmin(*open, unlisted_bound(search));
  return CDS_OK;
}

/* A bound on all that is listed, by the roofs of the layouts with the least
 * bounds: INFINITY if none is possible. */
static double listed_bound(cds_general_search *search) {
  cds_descent *job = &search->descent;
  const size_t count = rank_layouts(search, 0);
  double least = (double)INFINITY;
  for (size_t i = 0; i < count && search->ranked[i].bound < least; i++) {
    const cds_ranked_layout *next = &search->ranked[i];
    if (i == CDS_ROOFS_LOOKED) {
      return next->bound;
    }
    set_layout(search, &search->entry[next->entry]);
    const cds_bound bound = layout_bound(job);
    least = fmin(least, fmax(bound.value, next->bound));
  }
  return least;
}

/* Some mapping, from the layouts with the least bounds: what an answer falls
 * back on that is stopped, and how far the search for the best one has to look.
 * That finds it anew, in its own order: what is probed decides no tie. */
static cds_status probe(cds_general_search *search) {
  cds_descent *job = &search->descent;
  while (search->entries < CDS_PROBE_LISTED && search->listed_units > 0) {
    const cds_status status = list_band(search);
    if (status != CDS_OK) {
      return status == CDS_ELIMIT ? CDS_OK : status;
    }
  }
  const size_t count = rank_layouts(search, 0);
  for (size_t i = 0; i < count && i < CDS_PROBE_OPENED; i++) {
    const cds_ranked_layout *next = &search->ranked[i];
    if (cds_descent_enough(job) || job->nodes >= CDS_PROBE_NODES ||
        (job->best.found && job->effort >= CDS_PROBE_EFFORT) ||
        cds_descent_beyond(job, next->bound)) {
      break;
    }
    job->most_nodes = job->nodes + CDS_PROBE_LAYOUT;
    job->stopped = false;
    CDS_TRY(open_layout(search, &search->entry[next->entry]));
  }
  search->probed = job->best;
  job->known = job->best.found;
  job->best.found = false;
  job->most_nodes = CDS_OPENED_MAX;
  job->stopped = false;
  job->beyond = (double)INFINITY;
  return CDS_OK;
}

/* Without an incumbent, most of what is opened is far from the optimum. So
 * first only values are looked for that are little above the bound on all, then
 * values up to more, until some mapping is found: all that is left then is at
 * or above the end of the pass, and the mapping below it. Within a pass the
 * order is that of one without an end, so that of equal mappings the first is
 * the same. A mapping that is known by a probe ends the first pass. */
static cds_status open_all(cds_general_search *search, double *open) {
  cds_descent *job = &search->descent;
  bool passes = !job->best.found && !job->any && !search->by_products;
  search->probed.found = false;
  if (passes && search->large) {
    CDS_TRY(probe(search));
    passes = !job->known;
  }
  double end = passes ? listed_bound(search) * first_pass : 0;
  double more = next_pass;
  for (unsigned i = 0; i < CDS_PASSES && end > 0 && !isinf(end); i++) {
    job->beyond = end;
    job->pass_nodes = CDS_PASS_NODES;
    CDS_TRY(open_below(search, open));
    if (!job->best.found && job->nodes >= CDS_PASS_NODES &&
        !cds_control_cancelled(job->control)) {
      job->stopped = false; /* an incumbent may be found sooner without */
      break;
    }
    if (job->best.found || job->stopped) {
      *open = fmin(*open, end);
      return CDS_OK;
    }
    end *= more;
    more = 1 + growing * (more - 1);
  }
  job->pass_nodes = UINT64_MAX;
  job->beyond = job->best.found ? job->best.value
                : job->known    ? search->probed.value * probed_end
                                : (double)INFINITY;
  CDS_TRY(open_below(search, open));
  if (!job->best.found && job->known) {
    job->best = search->probed;
  }
  return CDS_OK;
}

cds_status cds_general_search_possible(cds_general_search *search) {
  static const cds_goal least_energy = {.lambda_pj_per_s = 0};
  cds_descent *job = &search->descent;
  double open = (double)INFINITY;
  begin_descent(search, least_energy, NULL);
  job->any = true;
  job->most_nodes = CDS_OPENED_FEW;
  CDS_TRY(open_all(search, &open));
  if (job->best.found) {
    return CDS_OK;
  }
  return isinf(open) ? CDS_EINFEASIBLE : CDS_EINTERRUPTED;
}

cds_status cds_general_search_solve(cds_search_result *out,
                                    cds_general_search *search, cds_goal goal,
                                    const cds_search_options *limits,
                                    const cds_control *control) {
  memset(out, 0, sizeof *out);
  begin_descent(search, goal, control);
  cds_descent *job = &search->descent;
  job->enough_nodes = limits->nodes_most;
  job->enough_effort = limits->effort_most;
  double open = (double)INFINITY;
  CDS_TRY(open_all(search, &open));
  if (job->best.found && cds_descent_beyond(job, open)) {
    open = (double)INFINITY;
  }
  out->nodes = job->nodes;
  out->found = job->best.found;
  if (!out->found) {
    out->bound = open;
    return isinf(open) ? CDS_EINFEASIBLE : CDS_EINTERRUPTED;
  }
  keep(search);
  out->mapping = job->best.mapping;
  out->cost = job->best.cost;
  out->value = job->best.value;
  out->proven = !(open < out->value);
  out->bound = out->proven ? out->value : open;
  return CDS_OK;
}
