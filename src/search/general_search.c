/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Best first over layouts (layouts.h): a goal sorts them, and opens them in the
 * order of their bounds until the next one is beyond the incumbent. What was
 * found for earlier goals starts the incumbent of the next.
 *
 * Where there are very many layouts (`large`), ports and links bound the cycles
 * of each before they are ranked, and a goal for which passes find no mapping
 * soon first looks for a good one (probe.h).
 */
#include "search/general_search.h"

#include <math.h>
#include <string.h>

#include "search/group_floor.h"
#include "search/holders.h"
#include "search/layouts.h"
#include "search/probe.h"

enum {
  CDS_OPENED_FEW = 1 << 20, /* for any mapping */
  CDS_PASSES = 8,
  CDS_PASSES_FEW = 2,        /* before floors of tiles are looked for; ... */
  CDS_TILES_FEW = 1 << 10,   /* ... at once where there are no more tiles */
  CDS_PASS_NODES = 1 << 15,  /* of all passes, until a mapping is known */
  CDS_PASS_EFFORT = 1 << 19, /* likewise, before a probe */
  CDS_ROOFS_LOOKED = 1 << 10,
  CDS_LARGE = 1 << 17 /* layouts from which a space is large */
};

/* Ends of the passes of open_all: over the bound; of the second over the first,
 * and how the rest of that grows from one to the next. */
static const double first_pass = 1.02;
static const double next_pass = 1.04;
static const double growing = 3;
/* Likewise over a mapping that is known. */
static const double probed_end = 1 + 1e-9;

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
    cds_free(search->descent.group[g].key);
    cds_free(search->descent.group[g].code);
    cds_free(search->descent.group[g].match);
  }
  cds_deep_free(&search->deep);
  cds_unequal_free(search->unequal);
  cds_free(search->entry);
  cds_free(search->ranked);
  cds_arena_free(search->arena);
  cds_arena_free(search->scratch);
  cds_free(search);
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
  search->looks = 0;
  search->floored = false;
  memset(&search->general, 0, sizeof search->general);
  search->general.arch = &search->arch;
  search->general.einsum = &search->einsum;
  search->general.rules = rules;
  search->general.power_limit_w = power_limit_w;
  search->general.arena = search->arena;
  search->general.scratch = search->scratch;
  CDS_TRY(cds_general_begin(&search->general));
  search->by_products = cds_deep_takes(&search->general) &&
                        (cds_deep_whole(&search->general) ||
                         cds_layouts_most(search) >= CDS_LARGE);
  return CDS_OK;
}

bool cds_general_search_often(cds_general_search *search, const cds_arch *arch,
                              const cds_einsum *einsum) {
  if (begin_pair(search, arch, einsum, NULL, (double)INFINITY) != CDS_OK) {
    return false;
  }
  return search->by_products || cds_layouts_most(search) < CDS_LARGE;
}

/* Parts that need not be equal, where the pair has them. */
static cds_status begin_unequal(cds_general_search *search) {
  search->any_parts = cds_unequal_takes(&search->general);
  if (!search->any_parts) {
    return CDS_OK;
  }
  if (search->unequal == NULL) {
    search->unequal = cds_unequal_new();
    if (search->unequal == NULL) {
      return CDS_ENOMEM;
    }
  }
  return cds_unequal_begin(search->unequal, &search->general);
}

cds_status cds_general_search_begin(cds_general_search *search,
                                    const cds_arch *arch,
                                    const cds_einsum *einsum,
                                    const cds_rules *rules,
                                    double power_limit_w, double many_layouts) {
  CDS_TRY(begin_pair(search, arch, einsum, rules, power_limit_w));
  CDS_TRY(begin_unequal(search));
  const cds_status listed =
      search->by_products ? CDS_OK : cds_chains_list(search);
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
  search->large =
      cds_layouts_of(search, (double)search->chains) >= many_layouts;
  search->listed_units = (double)INFINITY;
  return cds_layouts_list(search);
}

/* ---- one goal -------------------------------------------------------- */

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
  job->enough_effort = job->pass_effort = UINT64_MAX;
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
  const size_t count = cds_layouts_rank(search, first);
  *open = (double)INFINITY;
  for (size_t i = 0; i < count; i++) {
    const cds_ranked_layout *next = &search->ranked[i];
    if (cds_descent_beyond(job, next->bound)) {
      break;
    }
    job->stopped = job->stopped || cds_descent_enough(job) ||
                   (!job->best.found && job->effort >= job->pass_effort);
    if (!job->stopped) {
      CDS_TRY(cds_layout_entry_open(search, &search->entry[next->entry]));
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

static cds_status open_layouts(cds_general_search *search, double *open) {
  cds_descent *job = &search->descent;
  CDS_TRY(open_listed(search, 0, open));
  while (!job->stopped && !isinf(unlisted_bound(search)) &&
         !cds_descent_beyond(job, unlisted_bound(search))) {
    const size_t first = search->entries;
    const cds_status status = cds_layouts_list(search);
    job->stopped = status == CDS_ELIMIT;
    if (status != CDS_OK && status != CDS_ELIMIT) {
      return status;
    }
    CDS_TRY(open_listed(search, first, open));
  }
  *open = fmin(*open, unlisted_bound(search));
  return CDS_OK;
}

/* Opens all that may matter, with values below job->beyond. `*open`: the least
 * bound of what was left. */
static cds_status open_below(cds_general_search *search, double *open) {
  if (search->by_products) {
    return cds_deep_open(open, &search->deep, &search->descent);
  }
  cds_look_begin(search);
  const cds_status status = open_layouts(search, open);
  cds_look_end(search);
  return status;
}

/* A bound on all that is listed, by the roofs of the layouts with the least
 * bounds: INFINITY if none is possible. */
static double listed_bound(cds_general_search *search) {
  const size_t count = cds_layouts_rank(search, 0);
  double least = (double)INFINITY;
  for (size_t i = 0; i < count && search->ranked[i].bound < least; i++) {
    const cds_ranked_layout *next = &search->ranked[i];
    if (i == CDS_ROOFS_LOOKED) {
      return next->bound;
    }
    const cds_bound bound =
        cds_layout_entry_look(search, &search->entry[next->entry]);
    least = fmin(least, fmax(bound.value, next->bound));
  }
  return least;
}

static cds_status set_floors(cds_general_search *search) {
  search->floored = true;
  return cds_group_floors(&search->general, &search->descent.layout);
}

/* Without an incumbent, most of what is opened is far from the optimum. So
 * first only values are looked for that are little above the bound on all, then
 * values up to more, until some mapping is found: all that is left then is at
 * or above the end of the pass, and the mapping below it. Within a pass the
 * order is that of one without an end, so that of equal mappings the first is
 * the same. `*over`: nothing is left to look for. */
static cds_status open_passes(cds_general_search *search, double *open,
                              bool *over) {
  cds_descent *job = &search->descent;
  if (search->general.tiles <= CDS_TILES_FEW && !search->floored) {
    CDS_TRY(set_floors(search));
  }
  double end = listed_bound(search) * first_pass;
  double more = next_pass;
  for (unsigned i = 0; i < CDS_PASSES && end > 0 && !isinf(end); i++) {
    if (i == CDS_PASSES_FEW && !search->floored) {
      CDS_TRY(set_floors(search));
      job->beyond = (double)INFINITY;
      const double closer = listed_bound(search) * first_pass;
      more = closer > end ? next_pass : more;
      end = fmax(end, closer);
    }
    job->beyond = end;
    job->pass_nodes = CDS_PASS_NODES;
    job->pass_effort = search->large ? CDS_PASS_EFFORT : UINT64_MAX;
    CDS_TRY(open_below(search, open));
    const bool enough =
        job->nodes >= CDS_PASS_NODES || job->effort >= job->pass_effort;
    if (!job->best.found && enough && !cds_control_cancelled(job->control)) {
      job->stopped = false; /* an incumbent may be found sooner without */
      break;
    }
    if (job->best.found || job->stopped) {
      *open = fmin(*open, end);
      *over = true;
      return CDS_OK;
    }
    end *= more;
    more = 1 + growing * (more - 1);
  }
  job->pass_nodes = job->pass_effort = UINT64_MAX;
  return CDS_OK;
}

/* Where passes find nothing soon, a mapping that is known by a probe is where
 * the last one ends. */
static cds_status open_all(cds_general_search *search, double *open) {
  cds_descent *job = &search->descent;
  search->probed.found = false;
  if (!job->best.found && !job->any && !search->by_products) {
    bool over = false;
    CDS_TRY(open_passes(search, open, &over));
    if (over) {
      return CDS_OK;
    }
    if (search->large) {
      CDS_TRY(cds_probe(search));
    }
  }
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

/* Parts that are not equal, with the best of equal ones to begin with. */
static cds_status open_unequal(cds_general_search *search, double *open) {
  cds_descent *job = &search->descent;
  if (!search->any_parts || cds_control_cancelled(job->control)) {
    return CDS_OK;
  }
  double least = (double)INFINITY;
  job->stopped = false;
  job->beyond = job->best.found ? job->best.value : (double)INFINITY;
  CDS_TRY(cds_unequal_open(&least, search->unequal, job));
  *open = fmin(*open, least);
  return CDS_OK;
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
  job->outer_most = limits->outer_most;
  double open = (double)INFINITY;
  CDS_TRY(open_all(search, &open));
  CDS_TRY(open_unequal(search, &open));
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
