/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layouts by rising bounds, and what is below each; see unequal.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/holders.h"
#include "search/unequal_nest.h"

enum {
  CHAINS_MAX = 1 << 12,
  LAYOUTS_MAX = 1 << 22,
  NODES_MAX = 1 << 23, /* of a goal */
  SIZE_MAX_TAKEN = 1 << 20
};

/* ---- the pair --------------------------------------------------------- */

bool cds_unequal_takes(const cds_general *general) {
  const cds_arch *arch = general->arch;
  const cds_einsum *einsum = general->einsum;
  if (!arch->any_factors || arch->sums_apart || general->rules != NULL ||
      einsum->stage != NULL) {
    return false;
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    const cds_array *array = &arch->array[k];
    const bool fits = array->extent[0] <= UINT16_MAX &&
                      (array->axes == 1 || array->extent[1] <= UINT16_MAX);
    if (array->network != CDS_NETWORK_BUS || !fits) {
      return false;
    }
  }
  for (unsigned r = 0; r < einsum->ranks; r++) {
    if (einsum->rank[r].size > SIZE_MAX_TAKEN) {
      return false;
    }
  }
  return true;
}

cds_unequal *cds_unequal_new(void) {
  cds_unequal *it = cds_malloc(sizeof *it);
  if (it == NULL) {
    return NULL;
  }
  memset(it, 0, sizeof *it);
  it->arena = cds_arena_new();
  it->scratch = cds_arena_new();
  if (it->arena == NULL || it->scratch == NULL) {
    cds_unequal_free(it);
    return NULL;
  }
  it->empty = cds_arena_mark_get(it->arena);
  return it;
}

void cds_unequal_free(cds_unequal *it) {
  if (it == NULL) {
    return;
  }
  for (unsigned g = 0; g < CDS_GROUPS_MAX + 2; g++) {
    cds_free(it->group[g].candidate);
  }
  cds_free(it->vector);
  cds_free(it->entry);
  cds_arena_free(it->arena);
  cds_arena_free(it->scratch);
  cds_free(it);
}

static cds_status add_rank(cds_unequal *it, unsigned r) {
  const cds_einsum *einsum = it->general->einsum;
  cds_unequal_rank *rank = &it->rank[it->ranks++];
  *rank = (cds_unequal_rank){.rank = r, .size = einsum->rank[r].size};
  for (uint64_t part = rank->size; part > 0;
       part = part == 1
                  ? 0
                  : cds_ceil_div_u64(rank->size,
                                     cds_ceil_div_u64(rank->size, part - 1))) {
    rank->lengths++;
  }
  rank->length =
      cds_arena_array(it->arena, rank->lengths, sizeof *rank->length);
  if (rank->length == NULL) {
    return CDS_ENOMEM;
  }
  uint64_t part = rank->size;
  for (unsigned i = rank->lengths; i-- > 0;) {
    rank->length[i] = part;
    part = part == 1 ? 1
                     : cds_ceil_div_u64(rank->size,
                                        cds_ceil_div_u64(rank->size, part - 1));
  }
  return CDS_OK;
}

static unsigned index_of(const cds_unequal *it, unsigned r) {
  unsigned i = 0;
  while (i < it->ranks && it->rank[i].rank != r) {
    i++;
  }
  return i;
}

/* Pairs at one position go on by the coefficient of the other rank over the
 * common divisor (cds_positions). */
static void set_chain(cds_unequal_window *window, const cds_unequal *it) {
  const uint64_t *coefficient = window->coefficient;
  const uint64_t common = cds_common_divisor(coefficient[0], coefficient[1]);
  for (unsigned i = 0; i < 2; i++) {
    const uint64_t apart = coefficient[1 - i] / common;
    window->step[i] = (double)apart;
    window->chain[i] = (double)cds_ceil_div_u64(it->rank[window->rank[i]].size,
                                                apart > 0 ? apart : 1);
  }
  window->all =
      cds_positions(coefficient, (double)it->rank[window->rank[0]].size,
                    (double)it->rank[window->rank[1]].size);
}

static void set_tensor(cds_unequal *it, unsigned t) {
  const cds_einsum *einsum = it->general->einsum;
  const cds_tensor *tensor = &einsum->tensor[t];
  cds_unequal_tensor *out = &it->tensor[t];
  *out = (cds_unequal_tensor){.bits = (double)tensor->format.bits,
                              .wide = (double)tensor->accumulator.bits};
  unsigned windowed = 0;
  uint64_t words = 0;
  (void)cds_tensor_words(&words, einsum, t); /* begun before: it fits */
  out->words = (double)words;
  for (unsigned a = 0; a < tensor->axes; a++) {
    cds_term term[CDS_TERMS_MAX];
    const unsigned terms = cds_axis_long_terms(term, einsum, &tensor->axis[a]);
    cds_unequal_window window = {{0, 0}, {0, 0}, {0, 0}, {0, 0}, 0};
    for (unsigned i = 0; i < terms; i++) {
      const unsigned r = index_of(it, term[i].rank);
      out->has |= 1U << r;
      out->whole |= terms == 1 ? 1U << r : 0;
      window.rank[i] = r;
      window.coefficient[i] = term[i].coefficient;
      it->rank[r].partial = it->rank[r].partial || terms == 2;
    }
    if (terms == 2) {
      set_chain(&window, it);
      for (unsigned i = 0; i < 2; i++) {
        out->shared = out->shared || (windowed >> window.rank[i] & 1U) != 0;
        windowed |= 1U << window.rank[i];
      }
      out->window[out->windows++] = window;
    }
  }
  for (unsigned r = 0; r < it->ranks; r++) {
    it->rank[r].lacks |= (out->has >> r & 1U) != 0 ? 0 : 1U << t;
  }
}

static void list_patterns(cds_unequal *it) {
  it->patterns = 0;
  for (unsigned r = 0; r < it->ranks; r++) {
    unsigned p = 0;
    while (p < it->patterns && it->pattern[p] != it->rank[r].lacks) {
      p++;
    }
    if (p == it->patterns && it->rank[r].lacks != 0) {
      it->pattern[it->patterns++] = it->rank[r].lacks;
    }
  }
  if (it->patterns == 0) {
    it->pattern[it->patterns++] = 0;
  }
}

static cds_status list_chains(cds_unequal *it) {
  const cds_general *general = it->general;
  size_t count = 1;
  for (unsigned g = 1; g <= general->groups; g++) {
    count *= general->group[g].holdings;
    if (count > CHAINS_MAX) {
      return CDS_ELIMIT;
    }
  }
  it->chains = count;
  it->chain = cds_arena_array(it->arena, count + 1, sizeof *it->chain);
  if (it->chain == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    size_t rest = i;
    for (unsigned g = 1; g <= general->groups; g++) {
      const size_t holdings = general->group[g].holdings;
      it->chain[i].holding[g] = (uint16_t)(rest % holdings);
      rest /= holdings;
    }
    cds_chain_fill(&it->chain[i], general);
  }
  return CDS_OK;
}

cds_status cds_unequal_begin(cds_unequal *it, cds_general *general) {
  const cds_einsum *einsum = general->einsum;
  const cds_arch *arch = general->arch;
  cds_arena_reset(it->arena, it->empty);
  it->general = general;
  it->ranks = it->slots = 0;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    if (einsum->rank[r].size > 1) {
      CDS_TRY(add_rank(it, r));
    }
  }
  for (unsigned t = 0; t < general->tensors; t++) {
    set_tensor(it, t);
  }
  list_patterns(it);
  for (unsigned k = 0; k < arch->arrays; k++) {
    for (unsigned x = 0; x < arch->array[k].axes; x++) {
      it->slot_array[it->slots] = 2 * k + x;
      it->slot_extent[it->slots++] = arch->array[k].extent[x];
    }
  }
  const cds_status status = list_chains(it);
  it->limited = status == CDS_ELIMIT;
  return it->limited ? CDS_OK : status;
}

/* ---- layouts ----------------------------------------------------------- */

static bool set_layout(cds_unequal *it, uint32_t chain, uint32_t vector) {
  it->layout.chain = &it->chain[chain];
  it->steps.known = false;
  const size_t each = (size_t)it->slots * it->ranks;
  if (!cds_unequal_spreads_set(&it->layout, it, it->vector + vector * each)) {
    return false;
  }
  cds_unequal_legs_set(it);
  return true;
}

static cds_status add_layout(cds_unequal *it, cds_unequal_ranked entry) {
  if (it->ranked == it->ranked_room) {
    const size_t room = it->ranked_room == 0 ? 1024 : 2 * it->ranked_room;
    if (room > LAYOUTS_MAX) {
      return CDS_ELIMIT;
    }
    cds_unequal_ranked *grown = cds_realloc(it->entry, room * sizeof *grown);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    it->entry = grown;
    it->ranked_room = room;
  }
  it->entry[it->ranked++] = entry;
  return CDS_OK;
}

static int by_bound(const void *left, const void *right) {
  const cds_unequal_ranked *a = left;
  const cds_unequal_ranked *b = right;
  if (a->bound != b->bound) {
    return a->bound < b->bound ? -1 : 1;
  }
  return a->spread != b->spread ? (a->spread < b->spread ? -1 : 1)
         : a->chain != b->chain ? (a->chain < b->chain ? -1 : 1)
                                : 0;
}

/* Of all layouts of a chain: what all of them cost inside of the outermost
 * group at least. */
typedef struct chain_least {
  cds_unequal_sum inside;
  double steps;
} chain_least;

/* Whether a chain is of no interest with the spreads of the layout at hand by
 * energy and steps alone: less than set_layout finds. */
static bool chain_beyond(const cds_unequal *it, size_t chain) {
  return cds_descent_beyond(
      it->job, cds_aim_value(&it->job->aim, cds_unequal_chain_pj(it, chain),
                             it->layout.steps));
}

static cds_status list_layout(cds_unequal *it, chain_least *least, uint32_t c,
                              uint32_t v) {
  if (!set_layout(it, c, v)) {
    return CDS_OK;
  }
  const cds_unequal_layout *layout = &it->layout;
  const double bound = cds_unequal_value(it, &layout->least[1], layout->steps);
  if (cds_descent_beyond(it->job, bound)) {
    return CDS_OK;
  }
  least[c].steps = fmin(least[c].steps, layout->steps);
  least[c].inside.at[CDS_ENERGY] =
      fmin(least[c].inside.at[CDS_ENERGY], layout->least[2].at[CDS_ENERGY]);
  return add_layout(it, (cds_unequal_ranked){bound, c, v});
}

/* All chains with one vector of spreads. */
static cds_status list_vector(cds_unequal *it, chain_least *least, uint32_t v) {
  const size_t each = (size_t)it->slots * it->ranks;
  if (cds_descent_enough(it->job)) {
    return CDS_ELIMIT; /* as if there were too many */
  }
  if (!cds_unequal_spreads_set(&it->layout, it, it->vector + v * each)) {
    return CDS_OK;
  }
  (void)cds_unequal_floor_pj(it, 1);
  for (uint32_t c = 0; c < it->chains; c++) {
    if (!chain_beyond(it, c)) {
      CDS_TRY(list_layout(it, least, c, v));
    }
  }
  return CDS_OK;
}

static cds_status list_layouts(cds_unequal *it, chain_least *least) {
  it->ranked = 0;
  for (uint32_t c = 0; c < it->chains; c++) {
    least[c].steps = (double)INFINITY;
    least[c].inside.at[CDS_ENERGY] = (double)INFINITY;
  }
  for (uint32_t v = 0; v < it->vectors; v++) {
    CDS_TRY(list_vector(it, least, v));
  }
  if (it->ranked > 0) {
    qsort(it->entry, it->ranked, sizeof *it->entry, by_bound);
  }
  return CDS_OK;
}

/* ---- opening a layout -------------------------------------------------- */

/* The least of all groups but one. */
static void all_but(cds_unequal_sum *out, const cds_unequal *it,
                    unsigned group) {
  *out = it->layout.least[1];
  out->at[CDS_ENERGY] = 0;
  for (unsigned g = 1; g <= it->general->groups + 1; g++) {
    out->at[CDS_ENERGY] += g == group ? 0 : it->group_pj[g];
  }
}

/* Whether the least of all groups leaves nothing of interest. */
static bool groups_beyond(const cds_unequal *it) {
  cds_unequal_sum all;
  all_but(&all, it, 0);
  return cds_descent_beyond(it->job,
                            cds_unequal_value(it, &all, it->layout.steps));
}

static cds_status list_outer(cds_unequal *it, uint32_t chain,
                             const chain_least *least) {
  if (it->outer_listed && it->outer_chain == chain) {
    return CDS_OK;
  }
  cds_arena_reset(it->scratch, it->opened);
  cds_unequal_layout *layout = &it->layout;
  /* Whatever is spread inside. */
  uint64_t need[CDS_RANKS_MAX];
  memcpy(need, layout->need[2], sizeof need);
  for (unsigned r = 0; r < it->ranks; r++) {
    layout->need[2][r] = 1;
  }
  it->any_spread = true;
  const cds_status status =
      cds_unequal_candidates(it, 1, &least->inside, least->steps);
  it->any_spread = false;
  memcpy(layout->need[2], need, sizeof need);
  CDS_TRY(status);
  it->kept = cds_arena_mark_get(it->scratch);
  it->outer_long = it->group[1].long_list;
  it->outer_pj =
      it->outer_long ? it->group[1].least_pj : cds_unequal_rest(it, 1, false);
  it->job->nodes += it->group[1].count / 64;
  it->outer_listed = true;
  it->outer_chain = chain;
  return CDS_OK;
}

/* Lists the candidates of all groups, from inside out; false if some group has
 * none. */
static cds_status list_groups(bool *any, cds_unequal *it, uint32_t chain,
                              const chain_least *least) {
  const unsigned groups = it->general->groups;
  const bool outer = groups > 0 && it->general->group[1].depth == 0;
  for (unsigned g = 1; g <= groups + 1; g++) {
    it->group_pj[g] = it->layout.least[g].at[CDS_ENERGY] -
                      it->layout.least[g + 1].at[CDS_ENERGY];
  }
  *any = true;
  bool listed = false; /* the outermost group */
  if (outer) {
    CDS_TRY(list_outer(it, chain, least));
    listed = !it->outer_long;
    it->group_pj[1] = fmax(it->group_pj[1], it->outer_pj);
    *any = !isinf(it->outer_pj) && !groups_beyond(it);
  }
  for (unsigned g = groups; *any && g >= (listed ? 2U : 1U); g--) {
    cds_unequal_sum others;
    all_but(&others, it, g);
    CDS_TRY(cds_unequal_candidates(it, g, &others, it->layout.steps));
    CDS_TRY(g > 1 ? cds_unequal_reach(it, g) : CDS_OK);
    *any = it->group[g].count > 0;
    it->job->nodes += it->group[g].count / 64;
    it->group_pj[g] = fmax(it->group_pj[g], cds_unequal_rest(it, g, false));
    *any = *any && !groups_beyond(it);
  }
  return *any ? cds_unequal_options(it, groups + 1) : CDS_OK;
}

static cds_status open_layout(cds_unequal *it, const cds_unequal_ranked *entry,
                              const chain_least *least) {
  cds_descent *job = it->job;
  if (!set_layout(it, entry->chain, entry->spread)) {
    return CDS_OK;
  }
  job->nodes++;
  bool any = false;
  const unsigned ranks = it->ranks;
  it->sum[0] = (cds_unequal_sum){{0}, {0}, 0};
  for (unsigned r = 0; r < ranks; r++) {
    it->tile[0][r] = it->before[0][r] = it->rank[r].size;
  }
  CDS_TRY(list_groups(&any, it, entry->chain, &least[entry->chain]));
  if (any) {
    cds_unequal_descend(it, 1);
  }
  return job->status;
}

/* Opens what is listed, by rising bounds. */
static cds_status open_listed(double *open, cds_unequal *it,
                              const chain_least *least) {
  cds_descent *job = it->job;
  for (size_t i = 0; i < it->ranked; i++) {
    if (cds_descent_beyond(job, it->entry[i].bound)) {
      break;
    }
    if (!cds_unequal_over(it)) {
      cds_arena_reset(it->scratch, it->outer_listed ? it->kept : it->opened);
      CDS_TRY(open_layout(it, &it->entry[i], least));
    }
    if (job->stopped) {
      *open = it->entry[i].bound;
      break;
    }
  }
  return CDS_OK;
}

cds_status cds_unequal_open(double *open, cds_unequal *it, cds_descent *job) {
  const cds_general *general = it->general;
  double floor_pj = 0;
  double floor_s = 0;
  cds_pair_floor(&floor_pj, &floor_s, general->arch, general->einsum,
                 general->power_limit_w);
  it->job = job;
  job->status = CDS_OK;
  job->most_nodes = job->nodes + NODES_MAX;
  it->outer_listed = false;
  it->uncounted = *open = (double)INFINITY;
  const cds_arena_mark mark = cds_arena_mark_get(it->scratch);
  it->chains = it->limited ? 0 : it->chains;
  chain_least *least =
      cds_arena_array(it->scratch, it->chains + 1, sizeof *least);
  cds_status status = least == NULL ? CDS_ENOMEM : cds_unequal_floors(it);
  it->opened = cds_arena_mark_get(it->scratch);
  if (status == CDS_OK) {
    status = cds_unequal_vectors(it, floor_pj);
  }
  if (status == CDS_OK) {
    status = list_layouts(it, least);
  }
  if (status == CDS_OK) {
    status = open_listed(open, it, least);
  }
  *open = fmin(*open, it->uncounted);
  if (status == CDS_ELIMIT || it->limited) {
    /* Too much to list: nothing but the floor is known. */
    *open = fmin(*open, cds_aim_value(&job->aim, floor_pj,
                                      floor_s * general->arch->clock_hz));
    job->stopped = true;
    status = CDS_OK;
  }
  cds_arena_reset(it->scratch, mark);
  return status;
}
