/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Best first over layouts (who keeps what, what is spread), each with a bound
 * that lets every tensor pass once.
 */
#include "search/timeloop_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/timeloop_descend.h"

enum { ENTRIES_MAX = 1 << 22, KEPT_MAX = 1 << 16, NODES_MAX = 1 << 26 };

typedef struct entry {
  double bound;
  uint32_t kept;
  uint32_t spread[CDS_ARRAYS_MAX];
  uint32_t stays;
} entry;

typedef struct kept_sets {
  unsigned level[CDS_LEVELS_MAX];
} kept_sets;

typedef struct search {
  cds_tl_space space;
  cds_tl_descent descent;
  cds_arch arch;
  cds_rules rules;
  size_t sets;
  kept_sets *set;
  cds_tl_inner **inner; /* by set */
  cds_tl_outer *outer;
  size_t entries, room;
  entry *entry;
  entry now;
  cds_tl_spread *spread[CDS_ARRAYS_MAX];
} search;

/* ---- layouts ----------------------------------------------------------------
 */

/* Whether no tensor is kept by two levels side by side. */
static bool keeps_once(const cds_tl_space *space, const kept_sets *set) {
  for (unsigned a = 0; a < space->levels; a++) {
    for (unsigned b = a + 1; b < space->levels; b++) {
      if (space->arch->level[a].position == space->arch->level[b].position &&
          (set->level[a] & set->level[b]) != 0) {
        return false;
      }
    }
  }
  return true;
}

/* Every set of tensors that each level may keep. */
static cds_status list_sets(search *it) {
  const cds_tl_space *space = &it->space;
  const unsigned subsets = 1U << space->tensors;
  size_t count = 1;
  unsigned allowed[CDS_LEVELS_MAX][1U << CDS_TENSORS_MAX];
  unsigned choices[CDS_LEVELS_MAX];
  for (unsigned l = 0; l < space->levels; l++) {
    choices[l] = 0;
    for (unsigned set = 0; set < subsets; set++) {
      bool may = true;
      for (unsigned t = 0; t < space->tensors; t++) {
        const bool held = (set >> t & 1U) != 0;
        const cds_policy policy = space->policy[l][t];
        may = may && !(policy == CDS_MUST && !held) &&
              !(policy == CDS_MUST_NOT && held);
      }
      if (may) {
        allowed[l][choices[l]++] = set;
      }
    }
    count *= choices[l];
    if (count > KEPT_MAX) {
      return CDS_ELIMIT;
    }
  }
  it->set = cds_arena_array(space->arena, count, sizeof *it->set);
  it->sets = 0;
  for (size_t i = 0; i < count && it->set != NULL; i++) {
    size_t rest = i;
    kept_sets *set = &it->set[it->sets];
    for (unsigned l = 0; l < space->levels; l++) {
      set->level[l] = allowed[l][rest % choices[l]];
      rest /= choices[l];
    }
    it->sets += keeps_once(space, set) ? 1 : 0;
  }
  it->inner = cds_arena_array(space->arena, count, sizeof *it->inner);
  it->outer = cds_arena_array(space->arena, count, sizeof *it->outer);
  return it->set == NULL || it->inner == NULL || it->outer == NULL ? CDS_ENOMEM
                                                                   : CDS_OK;
}

/* With the bound that lets every tensor pass once. */
static cds_status add_entry(search *it, unsigned stays) {
  const cds_tl_layout *layout = &it->descent.layout;
  cds_tl_row first;
  cds_tl_row_first(&first);
  const cds_tl_total total = cds_tl_total_of(layout, &first, 0, stays, 0);
  if (it->entries == it->room) {
    const size_t room = it->room == 0 ? 1024 : 2 * it->room;
    entry *more =
        room > ENTRIES_MAX ? NULL : cds_realloc(it->entry, room * sizeof *more);
    if (more == NULL) {
      return room > ENTRIES_MAX ? CDS_ELIMIT : CDS_ENOMEM;
    }
    it->entry = more;
    it->room = room;
  }
  it->now.bound = cds_tl_bound(it->descent.aim, layout, &total);
  it->now.stays = stays;
  it->entry[it->entries++] = it->now;
  return CDS_OK;
}

/* Whether the layout with rows and columns of images swapped comes before this
 * one; it costs the same. */
static bool is_mirrored(const search *it) {
  const cds_tl_space *space = &it->space;
  for (unsigned k = 0; k < space->arch->arrays; k++) {
    for (unsigned d = 0; d < space->dims; d++) {
      const uint16_t mine = it->spread[k]->at.at[d];
      const uint16_t other = it->spread[k]->at.at[space->mirror[d]];
      if (mine != other) {
        return other < mine;
      }
    }
  }
  return false;
}

/* Where compute hands words on, one entry for each tensor whose loops may stand
 * innermost. */
static cds_status add_layout(search *it) {
  cds_tl_descent *job = &it->descent;
  cds_tl_layout *layout = &job->layout;
  if (is_mirrored(it)) {
    return CDS_OK;
  }
  if (!cds_tl_layout_set(layout, &it->space, it->set[it->now.kept].level,
                         it->spread)) {
    return CDS_OK;
  }
  if (!layout->handed || !it->space.single) {
    return add_entry(it, CDS_TL_ANYBODY);
  }
  for (unsigned t = 0; t < it->space.tensors; t++) {
    CDS_TRY(add_entry(it, t));
  }
  return CDS_OK;
}

/* Depth: the arrays. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status list_layouts(search *it, unsigned array) {
  if (array == it->space.arch->arrays || array == CDS_ARRAYS_MAX) {
    return add_layout(it);
  }
  cds_tl_spreads *list = &it->space.spreads[array];
  for (size_t i = 0; i < list->count; i++) {
    it->now.spread[array] = (uint32_t)i;
    it->spread[array] = &list->spread[i];
    CDS_TRY(list_layouts(it, array + 1));
  }
  return CDS_OK;
}

static int by_bound(const void *left, const void *right) {
  const entry *a = left;
  const entry *b = right;
  if (a->bound != b->bound) {
    return a->bound < b->bound ? -1 : 1;
  }
  if (a->kept != b->kept) {
    return a->kept < b->kept ? -1 : 1;
  }
  const int order = memcmp(a->spread, b->spread, sizeof a->spread);
  return order != 0 ? order : (a->stays > b->stays) - (a->stays < b->stays);
}

/* What stands inside of the last array, when first asked. */
static cds_status set_inner(search *it, uint32_t kept) {
  cds_tl_descent *job = &it->descent;
  cds_tl_inner **slot = &it->inner[kept];
  if (*slot == NULL) {
    cds_tl_inner *made = cds_arena_array(it->space.arena, 1, sizeof *made);
    if (made == NULL) {
      return CDS_ENOMEM;
    }
    CDS_TRY(cds_tl_inner_begin(made, &it->space, it->set[kept].level));
    *slot = made;
  }
  cds_tl_outer *outer = &it->outer[kept];
  if (outer->tile == NULL) {
    CDS_TRY(cds_tl_outer_begin(outer, &job->layout));
  }
  job->outer = outer->possible ? outer : NULL;
  job->inner = (*slot)->possible ? *slot : NULL;
  if (job->inner != NULL && job->rank_room < job->inner->nodes) {
    cds_free(job->rank);
    job->rank_room = 0;
    job->rank = cds_malloc(job->inner->nodes * sizeof *job->rank);
    if (job->rank == NULL) {
      return CDS_ENOMEM;
    }
    job->rank_room = job->inner->nodes;
  }
  return CDS_OK;
}

static cds_status open_entry(search *it, const entry *of) {
  cds_tl_descent *job = &it->descent;
  for (unsigned k = 0; k < it->space.arch->arrays; k++) {
    it->spread[k] = &it->space.spreads[k].spread[of->spread[k]];
    if (!it->space.windows) {
      CDS_TRY(cds_tl_spread_open(&it->space, k, it->spread[k]));
    }
  }
  if (!cds_tl_layout_set(&job->layout, &it->space, it->set[of->kept].level,
                         it->spread)) {
    return CDS_EINTERNAL;
  }
  job->stays = of->stays;
  CDS_TRY(set_inner(it, of->kept));
  return cds_tl_descend(job);
}

/* Brings the layouts that may win to the front, in the order of their bounds;
 * how many. */
static size_t sort_rest(search *it) {
  size_t count = 0;
  for (size_t i = 0; i < it->entries; i++) {
    if (!cds_tl_beyond(&it->descent, it->entry[i].bound)) {
      it->entry[count++] = it->entry[i];
    }
  }
  if (count > 0) {
    qsort(it->entry, count, sizeof *it->entry, by_bound);
  }
  return count;
}

/* Opens layouts until the rest is beyond, the most promising one first;
 * `*open`: the least bound left. */
static cds_status open_all(search *it, double *open) {
  cds_tl_descent *job = &it->descent;
  size_t first = 0;
  *open = (double)INFINITY;
  for (size_t i = 1; i < it->entries; i++) {
    first = by_bound(&it->entry[i], &it->entry[first]) < 0 ? i : first;
  }
  if (it->entries > 0) {
    CDS_TRY(open_entry(it, &it->entry[first]));
    if (job->stopped) {
      *open = it->entry[first].bound;
      return CDS_OK;
    }
    it->entry[first] = it->entry[--it->entries];
  }
  const size_t count = sort_rest(it);
  for (size_t i = 0; i < count; i++) {
    if (cds_tl_beyond(job, it->entry[i].bound)) {
      break;
    }
    CDS_TRY(open_entry(it, &it->entry[i]));
    if (job->stopped) {
      *open = it->entry[i].bound;
      break;
    }
  }
  return CDS_OK;
}

/* Room for what windows fetch at place 1. */
static cds_status keep_first(search *it) {
  enum { FIRST_MAX = 1 << 18 };
  cds_tl_space *space = &it->space;
  size_t lattice = CDS_TL_ANYBODY + 1;
  for (unsigned d = 0; d < space->dims; d++) {
    lattice *= space->dim[d].count;
    if (lattice > FIRST_MAX) {
      return CDS_OK;
    }
  }
  for (unsigned t = 0; t < space->tensors; t++) {
    if (space->window[t] && space->levels > 1 && space->below[0] < 0) {
      it->descent.first[t] =
          cds_arena_array(space->arena, lattice, sizeof *it->descent.first[t]);
      if (it->descent.first[t] == NULL) {
        return CDS_ENOMEM;
      }
    }
  }
  return CDS_OK;
}

static cds_status run(search *it, cds_timeloop_result *out) {
  double open = (double)INFINITY;
  CDS_TRY(cds_tl_space_begin(&it->space));
  CDS_TRY(cds_tl_spreads_list(&it->space));
  CDS_TRY(list_sets(it));
  CDS_TRY(keep_first(it));
  memset(&it->now, 0, sizeof it->now);
  for (size_t s = 0; s < it->sets; s++) {
    it->now.kept = (uint32_t)s;
    CDS_TRY(list_layouts(it, 0));
  }
  CDS_TRY(open_all(it, &open));
  const cds_tl_best *best = &it->descent.best;
  out->nodes = it->descent.nodes;
  out->found = best->found;
  out->bound = open;
  if (!best->found) {
    return isinf(open) ? CDS_EINFEASIBLE : CDS_EINTERRUPTED;
  }
  out->value = best->value;
  out->proven = !(open < best->value);
  out->bound = out->proven ? out->value : open;
  out->mapping = best->mapping;
  out->cost = best->cost;
  return CDS_OK;
}

static cds_status begin(search *it, const cds_arch *arch,
                        const cds_einsum *einsum) {
  it->arch = *arch;
  it->space.arch = &it->arch;
  it->space.einsum = einsum;
  it->descent.space = &it->space;
  CDS_TRY(cds_rules_bind(&it->rules, arch, einsum, NULL, NULL));
  cds_rules_apply(&it->arch, &it->rules, einsum);
  it->space.rules = &it->rules;
  return CDS_OK;
}

cds_status cds_timeloop_search(cds_timeloop_result *out, const cds_arch *arch,
                               const cds_einsum *einsum, cds_timeloop_goal goal,
                               uint64_t nodes_most,
                               const cds_control *control) {
  cds_arena *arena = cds_arena_new();
  cds_arena *scratch = cds_arena_new();
  search *it = arena == NULL ? NULL : cds_arena_array(arena, 1, sizeof *it);
  cds_status status = it == NULL || scratch == NULL ? CDS_ENOMEM : CDS_OK;
  memset(out, 0, sizeof *out);
  if (status == CDS_OK) {
    it->space.arena = arena;
    it->space.scratch = scratch;
    it->descent.aim = (cds_tl_aim){goal.energy, goal.time};
    it->descent.control = control;
    it->descent.most_nodes = nodes_most > 0 ? nodes_most : NODES_MAX;
    it->descent.diag = cds_diag_new(arena);
    status = it->descent.diag == NULL ? CDS_ENOMEM : begin(it, arch, einsum);
  }
  if (status == CDS_OK) {
    status = run(it, out);
  }
  if (it != NULL) {
    cds_tl_descent_free(&it->descent);
    cds_free(it->entry);
  }
  cds_arena_free(scratch);
  cds_arena_free(arena);
  return status;
}
