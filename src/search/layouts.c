/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists, bounds and opens layouts; see layouts.h. */
#include "search/layouts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/holders.h"
#include "search/spread_bands.h"

enum { CDS_CHAINS_MAX = 1 << 16, CDS_LAYOUTS_MAX = 1 << 22 };

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

cds_status cds_chains_list(cds_general_search *search) {
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

void cds_layout_entry_begin(cds_layout_entry *entry,
                            const cds_general_search *search) {
  const cds_general *general = &search->general;
  double units = 1;
  double skew = 0;
  for (unsigned k = 0; k < general->arch->arrays; k++) {
    const cds_spread *spread = &general->spreads[k].spread[entry->spread[k]];
    units *= spread->units;
    skew += spread->skew_cycles;
  }
  entry->energy_pj = search->floor_pj;
  entry->cycles = fmax(general->macs / units, general->floor_cycles) + skew;
  memset(entry->look, 0, sizeof entry->look);
  entry->priced = entry->timed = false;
  entry->possible = true;
}

/* Where the listing of a band stands. */
typedef struct cds_listing {
  cds_general_search *search;
  uint32_t chain;
} cds_listing;

static cds_status take_spreads(cds_spread_band *band, double units) {
  const cds_listing *listing = band->payload;
  (void)units;
  cds_layout_entry entry = {.chain = listing->chain};
  memcpy(entry.spread, band->spread, sizeof entry.spread);
  cds_layout_entry_begin(&entry, listing->search);
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

cds_status cds_layouts_list(cds_general_search *search) {
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

double cds_layouts_of(const cds_general_search *search, double chains) {
  double layouts = chains;
  for (unsigned k = 0; k < search->arch.arrays; k++) {
    layouts *= (double)search->general.spreads[k].count;
  }
  return layouts;
}

double cds_layouts_most(const cds_general_search *search) {
  double chains = 1;
  for (unsigned g = 1; g <= search->general.groups; g++) {
    chains *= (double)search->general.group[g].holdings;
  }
  return cds_layouts_of(search, chains);
}

/* ---- bounds ------------------------------------------------------------ */

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

/* What the looks through the layout leave of the goal. */
static double bound_by_looks(const cds_general_search *search,
                             const cds_layout_entry *entry) {
  const cds_aim *aim = &search->descent.aim;
  double bound = 0;
  for (unsigned i = 0; i < CDS_LOOKS_KEPT; i++) {
    const cds_look *look = &search->look[entry->look[i]];
    if (entry->look[i] > 0) {
      bound = fmax(bound, cds_aim_beside(aim, entry->energy_pj, entry->cycles,
                                         look->least_pj, look->lambda_pj));
    }
  }
  return bound;
}

double cds_layout_entry_bound(cds_general_search *search,
                              cds_layout_entry *entry) {
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
  return entry->possible ? fmax(bound, bound_by_looks(search, entry))
                         : (double)INFINITY;
}

static int by_bound(const void *left, const void *right) {
  const cds_ranked_layout *a = left;
  const cds_ranked_layout *b = right;
  if (a->bound != b->bound) {
    return a->bound < b->bound ? -1 : 1;
  }
  return a->entry < b->entry ? -1 : a->entry > b->entry;
}

size_t cds_layouts_rank(cds_general_search *search, size_t first) {
  const cds_descent *job = &search->descent;
  size_t count = 0;
  for (size_t i = first; i < search->entries; i++) {
    const double bound = cds_layout_entry_bound(search, &search->entry[i]);
    if (!isinf(bound) && !cds_descent_beyond(job, bound)) {
      search->ranked[count++] = (cds_ranked_layout){bound, (uint32_t)i};
    }
  }
  if (count > 0) {
    qsort(search->ranked, count, sizeof *search->ranked, by_bound);
  }
  return count;
}

/* ---- opening ----------------------------------------------------------- */

/* The answer that is known to the goal at hand; NULL: none. */
static const cds_incumbent *known_of(const cds_general_search *search) {
  const cds_descent *job = &search->descent;
  return job->best.found ? &job->best : job->known ? &search->probed : NULL;
}

/* Weight of a cycle of the outermost port in the layout's bounds. */
static double weight_of(const cds_aim *aim, const cds_layout_entry *entry,
                        const cds_incumbent *known) {
  if (aim->time_power == 0) {
    return aim->leakage_pj + aim->lambda_pj;
  }
  const double dynamic = known != NULL ? known->dynamic_pj : entry->energy_pj;
  const double cycles = known != NULL ? known->cycles : entry->cycles;
  return aim->leakage_pj +
         aim->time_power * (dynamic / cycles + aim->leakage_pj);
}

cds_bound cds_layout_entry_look(cds_general_search *search,
                                const cds_layout_entry *entry) {
  cds_descent *job = &search->descent;
  const cds_incumbent *known = known_of(search);
  job->effort++;
  set_entry(search, entry);
  cds_layout_look(&job->layout, weight_of(&job->aim, entry, known),
                  cds_aim_weighs_time(&job->aim),
                  known != NULL ? &known->cost : NULL);
  cds_layout_bound(&job->layout);
  cds_weights sum = job->layout.fixed;
  cds_weights_add(&sum, &job->layout.rest[1], job->layout.weightings);
  return cds_aim_bound(&job->aim, &job->layout, &sum);
}

/* Limits leave out what other goals may take. */
static bool is_kept(const cds_aim *aim) {
  return aim->time_power == 0 && isinf(aim->most_pj) && isinf(aim->most_cycles);
}

void cds_look_begin(cds_general_search *search) {
  search->looking = is_kept(&search->descent.aim) && !search->descent.any &&
                    search->looks + 1 < CDS_LOOKS_MAX;
  if (search->looking) {
    search->look[++search->looks] =
        (cds_look){search->descent.aim.lambda_pj, 0};
  }
}

void cds_look_end(cds_general_search *search) {
  const double beyond = search->descent.beyond;
  if (search->looking) {
    search->look[search->looks].least_pj =
        isinf(beyond) ? 0 : beyond * (1 - 1e-11);
  }
  search->looking = false;
}

cds_status cds_layout_entry_open(cds_general_search *search,
                                 cds_layout_entry *entry) {
  cds_descent *job = &search->descent;
  cds_general *general = &search->general;
  const unsigned arrays = general->arch->arrays;
  if (arrays > 0) {
    cds_spread *last = general->spreads[arrays - 1].spread;
    CDS_TRY(cds_spread_halo(general, &last[entry->spread[arrays - 1]]));
  }
  const double before = job->beyond;
  const cds_bound bound = cds_layout_entry_look(search, entry);
  if (!cds_descent_hopeless(job, &bound)) {
    cds_layout_products(&job->layout);
    job->look = bound.value;
    CDS_TRY(cds_descend(job));
  }
  if (job->beyond < before) {
    search->at = *entry;
  }
  if (search->looking && !job->stopped) {
    memmove(entry->look + 1, entry->look, CDS_LOOKS_KEPT - 1);
    entry->look[0] = (uint8_t)search->looks;
  }
  return CDS_OK;
}
