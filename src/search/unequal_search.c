/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layouts by rising bounds, and what is below each; see unequal.h. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "search/holders.h"
#include "search/unequal_nest.h"

enum {
  CHAINS_MAX = 1 << 12,
  VECTORS_MAX = 1 << 21,
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
    if (arch->array[k].network != CDS_NETWORK_BUS) {
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
       part = part == 1 ? 0
                        : cds_up(rank->size, cds_up(rank->size, part - 1))) {
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
    part = part == 1 ? 1 : cds_up(rank->size, cds_up(rank->size, part - 1));
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

static void set_tensor(cds_unequal *it, unsigned t) {
  const cds_einsum *einsum = it->general->einsum;
  const cds_tensor *tensor = &einsum->tensor[t];
  cds_unequal_tensor *out = &it->tensor[t];
  *out = (cds_unequal_tensor){.bits = (double)tensor->format.bits,
                              .wide = (double)tensor->accumulator.bits};
  uint64_t words = 0;
  (void)cds_tensor_words(&words, einsum, t); /* begun before: it fits */
  out->words = (double)words;
  for (unsigned a = 0; a < tensor->axes; a++) {
    cds_term term[CDS_TERMS_MAX];
    const unsigned terms = cds_axis_long_terms(term, einsum, &tensor->axis[a]);
    cds_unequal_window window = {{0, 0}, {0, 0}};
    for (unsigned i = 0; i < terms; i++) {
      const unsigned r = index_of(it, term[i].rank);
      out->has |= 1U << r;
      out->whole |= terms == 1 ? 1U << r : 0;
      window.rank[i] = r;
      window.coefficient[i] = term[i].coefficient;
      it->rank[r].partial = it->rank[r].partial || terms == 2;
    }
    if (terms == 2) {
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
  return list_chains(it);
}

/* ---- spreads ---------------------------------------------------------- */

typedef struct spread_walk {
  cds_unequal *it;
  double floor_pj;
  uint16_t vector[CDS_SLOTS_MAX * CDS_RANKS_MAX];
  uint64_t on[CDS_RANKS_MAX]; /* all slots so far */
  cds_status status;
} spread_walk;

static void take_vector(spread_walk *walk) {
  cds_unequal *it = walk->it;
  const size_t each = (size_t)it->slots * it->ranks;
  if (it->vectors == it->vector_room) {
    const size_t room = it->vector_room == 0 ? 1024 : 2 * it->vector_room;
    if (room > VECTORS_MAX) {
      walk->status = CDS_ELIMIT;
      return;
    }
    uint16_t *grown =
        cds_realloc(it->vector, (room * each + 1) * sizeof *grown);
    if (grown == NULL) {
      walk->status = CDS_ENOMEM;
      return;
    }
    it->vector = grown;
    it->vector_room = room;
  }
  memcpy(it->vector + it->vectors * each, walk->vector,
         each * sizeof *walk->vector);
  it->vectors++;
}

/* Whether all vectors that go on from here take too long: what is left of the
 * axes divides the steps at best. */
static bool too_slow(const spread_walk *walk, double room) {
  const cds_unequal *it = walk->it;
  double steps = 1;
  for (unsigned r = 0; r < it->ranks; r++) {
    steps *= (double)cds_up(it->rank[r].size, walk->on[r]);
  }
  return cds_descent_beyond(
      it->job, cds_aim_value(&it->job->aim, walk->floor_pj, steps / room));
}

/* Whether some length can be dealt out so. */
static bool deals(const cds_unequal_rank *rank, uint64_t s) {
  for (unsigned i = 0; i < rank->lengths; i++) {
    const uint64_t length = rank->length[i];
    if (s <= length && cds_up(length, cds_up(length, s)) == s) {
      return true;
    }
  }
  return false;
}

/* `room`: instances that are left, of this slot and of all later ones. Depth
 * of recursion: slots x ranks. */
// NOLINTNEXTLINE(misc-no-recursion)
static void walk_spreads(spread_walk *walk, unsigned slot, unsigned rank,
                         uint64_t room, double later) {
  const cds_unequal *it = walk->it;
  if (slot == it->slots) {
    take_vector(walk);
    return;
  }
  if (rank == it->ranks) {
    const unsigned next = slot + 1;
    const uint64_t extent = next < it->slots ? it->slot_extent[next] : 1;
    if (!too_slow(walk, later)) {
      walk_spreads(walk, next, 0, extent,
                   next < it->slots ? later / (double)extent : 1);
    }
    return;
  }
  const cds_unequal_rank *at = &it->rank[rank];
  const uint64_t before = walk->on[rank];
  for (uint64_t s = 1; s <= room && s * before < 2 * at->size; s++) {
    if (walk->status != CDS_OK || (s > 1 && !deals(at, s))) {
      continue;
    }
    walk->vector[slot * it->ranks + rank] = (uint16_t)s;
    walk->on[rank] = before * s;
    if (!too_slow(walk, (double)(room / s) * later)) {
      walk_spreads(walk, slot, rank + 1, room / s, later);
    }
  }
  walk->on[rank] = before;
}

/* What both axes of an array make of each length that a rank may have: whether
 * two ways to divide a spread over the axes are the same to all mappings (rows
 * and columns of a bus; r x c instances take what one axis of r c would, part
 * by part, as in cut.h). */
static bool deal_alike(const cds_unequal_rank *rank, const uint16_t a[2],
                       const uint16_t b[2]) {
  if (a[0] * a[1] != b[0] * b[1]) {
    return false;
  }
  for (unsigned i = 0; i < rank->lengths; i++) {
    const uint64_t length = rank->length[i];
    if (cds_dealt_by(length, a) != cds_dealt_by(length, b)) {
      return false;
    }
  }
  return true;
}

/* The first of the ways to divide a spread that are alike. */
static uint16_t first_alike(const cds_unequal *it, unsigned rank,
                            const uint16_t by[2], unsigned array) {
  const cds_array *on = &it->general->arch->array[array];
  for (uint16_t rows = 1; rows < by[0]; rows++) {
    const unsigned all = (unsigned)by[0] * by[1];
    const uint16_t cols = (uint16_t)(all / rows);
    const uint16_t other[2] = {rows, cols};
    if (all % rows == 0 && cols <= on->extent[1] &&
        deal_alike(&it->rank[rank], other, by)) {
      return rows;
    }
  }
  return by[0];
}

/* Sorts vectors by what is told apart of them. */
static int by_words(const void *left, const void *right) {
  const uint16_t *const *a = left;
  const uint16_t *const *b = right;
  const size_t count = (*a)[-1];
  const int order = memcmp(*a, *b, count * sizeof **a);
  return order != 0 ? order : (*a < *b ? -1 : *a > *b);
}

/* Leaves one of the vectors that are alike: the first. */
static cds_status drop_alike(cds_unequal *it) {
  const size_t each = (size_t)it->slots * it->ranks;
  const cds_arena_mark mark = cds_arena_mark_get(it->scratch);
  uint16_t *key =
      cds_arena_array(it->scratch, it->vectors * (each + 1) + 1, sizeof *key);
  const uint16_t **sorted =
      cds_arena_array(it->scratch, it->vectors + 1, sizeof *sorted);
  if (key == NULL || sorted == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t v = 0; v < it->vectors; v++) {
    uint16_t *to = key + v * (each + 1);
    *to++ = (uint16_t)each;
    sorted[v] = to;
    memcpy(to, it->vector + v * each, each * sizeof *to);
    for (unsigned i = 0; i + 1 < it->slots; i++) {
      const unsigned array = it->slot_array[i] / 2;
      for (unsigned r = 0; array == it->slot_array[i + 1] / 2 && r < it->ranks;
           r++) {
        uint16_t *rows = &to[i * it->ranks + r];
        uint16_t *cols = &to[(i + 1) * it->ranks + r];
        const uint16_t by[2] = {*rows, *cols};
        *rows = first_alike(it, r, by, array);
        *cols = (uint16_t)(by[0] * by[1] / *rows);
      }
    }
  }
  qsort(sorted, it->vectors, sizeof *sorted, by_words);
  size_t kept = 0;
  for (size_t v = 0; v < it->vectors; v++) {
    if (v == 0 ||
        memcmp(sorted[v], sorted[v - 1], each * sizeof **sorted) != 0) {
      sorted[kept++] = sorted[v];
    }
  }
  /* Back to the order in which they were listed. */
  bool *keep = cds_arena_array(it->scratch, it->vectors + 1, sizeof *keep);
  if (keep == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < kept; i++) {
    keep[(size_t)(sorted[i] - 1 - key) / (each + 1)] = true;
  }
  size_t count = 0;
  for (size_t v = 0; v < it->vectors; v++) {
    if (keep[v]) {
      memmove(it->vector + count++ * each, it->vector + v * each,
              each * sizeof *it->vector);
    }
  }
  it->vectors = count;
  cds_arena_reset(it->scratch, mark);
  return CDS_OK;
}

static cds_status list_vectors(cds_unequal *it, double floor_pj) {
  spread_walk walk = {.it = it, .floor_pj = floor_pj};
  double later = 1;
  for (unsigned i = 1; i < it->slots; i++) {
    later *= (double)it->slot_extent[i];
  }
  for (unsigned r = 0; r < it->ranks; r++) {
    walk.on[r] = 1;
  }
  it->vectors = 0;
  it->vector_room = it->vectors;
  cds_free(it->vector);
  it->vector = NULL;
  walk_spreads(&walk, 0, 0, it->slots > 0 ? it->slot_extent[0] : 1, later);
  CDS_TRY(walk.status);
  return drop_alike(it);
}

/* ---- layouts ----------------------------------------------------------- */

static bool set_layout(cds_unequal *it, uint32_t chain, uint32_t vector) {
  it->layout.chain = &it->chain[chain];
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

static cds_status list_layouts(cds_unequal *it, chain_least *least) {
  it->ranked = 0;
  for (uint32_t c = 0; c < it->chains; c++) {
    least[c].steps = (double)INFINITY;
    least[c].inside.at[CDS_ENERGY] = (double)INFINITY;
    for (uint32_t v = 0; v < it->vectors; v++) {
      if (!set_layout(it, c, v)) {
        continue;
      }
      const cds_unequal_layout *layout = &it->layout;
      const double bound =
          cds_unequal_value(it, &layout->least[1], layout->steps);
      if (cds_descent_beyond(it->job, bound)) {
        continue;
      }
      least[c].steps = fmin(least[c].steps, layout->steps);
      least[c].inside.at[CDS_ENERGY] =
          fmin(least[c].inside.at[CDS_ENERGY], layout->least[2].at[CDS_ENERGY]);
      CDS_TRY(add_layout(it, (cds_unequal_ranked){bound, c, v}));
    }
  }
  if (it->ranked > 0) {
    qsort(it->entry, it->ranked, sizeof *it->entry, by_bound);
  }
  return CDS_OK;
}

/* ---- below a layout ----------------------------------------------------- */

static bool job_over(cds_unequal *it) {
  cds_descent *job = it->job;
  if (job->nodes >= job->most_nodes || cds_descent_enough(job)) {
    job->stopped = true;
  }
  return job->stopped || job->status != CDS_OK;
}

/* Energy of the groups from here on at least. */
static double inside_pj(const cds_unequal *it, unsigned group) {
  double pj = 0;
  for (unsigned g = group; g <= it->general->groups + 1; g++) {
    pj += it->group_pj[g];
  }
  return pj;
}

/* Adds all but energy of the groups from here on at least. */
static void add_least(cds_unequal_sum *sum, const cds_unequal *it,
                      unsigned group) {
  const cds_unequal_sum *least = &it->layout.least[group];
  for (unsigned s = 1; s < CDS_SUMS_MAX; s++) {
    sum->at[s] += least->at[s];
  }
  for (unsigned g = group; g <= it->general->groups; g++) {
    sum->wait[g] = least->wait[g];
  }
}

/* Steps of all ranks: group by group decided down to `group`. */
static double steps_decided(const cds_unequal *it, unsigned group) {
  static const cds_unequal_entry all = {0, ~0U};
  double steps = 1;
  for (unsigned r = 0; r < it->ranks; r++) {
    uint64_t inside = 1;
    const unsigned depth = it->general->group[group].depth;
    for (unsigned k = depth; k < it->general->arch->arrays; k++) {
      inside *= it->layout.on[k][r];
    }
    /* Parts of the first instance, each of `tile` points but for shorter ones
     * that take one step for `inside` points at best. */
    const double parts = cds_parts_of(it, r, group, group, 0, &all);
    const double each = (double)cds_up(it->tile[group][r], inside);
    uint64_t outside = 1;
    for (unsigned k = 0; k < depth; k++) {
      outside *= it->layout.on[k][r];
    }
    const double points = ceil((double)it->rank[r].size / (double)outside);
    double least = fmax(parts, ceil(points / (double)inside));
    if (group == 1 && depth == 0) {
      const uint64_t tile = it->tile[1][r];
      least = (double)(it->rank[r].size / tile) * each +
              (double)cds_up(it->rank[r].size % tile, inside);
    }
    steps *= least;
  }
  return steps;
}

static double steps_of_all(const cds_unequal *it) {
  static const cds_unequal_entry all = {0, ~0U};
  const unsigned last = it->general->groups + 1;
  double steps = 1;
  for (unsigned r = 0; r < it->ranks; r++) {
    steps *= cds_parts_of(it, r, last, last, 0, &all);
  }
  return steps;
}

/* ---- leaves -------------------------------------------------------------- */

static void write_node(cds_mapping *out, cds_node node) {
  out->node[out->nodes++] = node;
}

static void write_loops(cds_mapping *out, const cds_unequal *it,
                        unsigned group) {
  for (unsigned i = 0; i < it->loops[group]; i++) {
    const unsigned r = it->order[group][i];
    write_node(out, (cds_node){.kind = CDS_FOR,
                               .rank = it->rank[r].rank,
                               .trips = cds_up(it->tile[group - 1][r],
                                               it->before[group][r])});
  }
}

static void write_spreads(cds_mapping *out, const cds_unequal *it,
                          unsigned first, unsigned end) {
  for (unsigned slot = 2 * first; slot < 2 * end; slot++) {
    for (unsigned r = 0; r < it->ranks; r++) {
      if (it->layout.spread[slot][r] > 1) {
        write_node(out, (cds_node){.kind = CDS_SPREAD,
                                   .rank = it->rank[r].rank,
                                   .array = slot / 2,
                                   .axis = slot % 2,
                                   .trips = it->layout.spread[slot][r]});
      }
    }
  }
}

static void write_mapping(cds_mapping *out, const cds_unequal *it) {
  const cds_general *general = it->general;
  out->nodes = 0;
  for (unsigned t = 0; t < general->tensors; t++) {
    write_node(out, (cds_node){.kind = CDS_HOLD, .tensor = t, .level = 0});
  }
  for (unsigned g = 1; g <= general->groups + 1; g++) {
    const bool last = g > general->groups;
    write_loops(out, it, g);
    write_spreads(out, it, general->group[g - 1].depth,
                  last ? general->arch->arrays : general->group[g].depth);
    const cds_holding *holding =
        last ? NULL : cds_chain_holding(general, it->layout.chain, g);
    for (unsigned t = 0; !last && t < general->tensors; t++) {
      if (holding->level[t] != CDS_NONE) {
        write_node(out, (cds_node){.kind = CDS_HOLD,
                                   .tensor = t,
                                   .level = holding->level[t]});
      }
    }
  }
}

#ifndef NDEBUG
enum { CONFIRM_EVERY = 64 };
#endif

static bool may_be_better(const cds_unequal *it, const cds_bound *bound) {
#ifndef NDEBUG
  if (it->job->leaves % CONFIRM_EVERY == 0) {
    return true;
  }
#endif
  return !cds_descent_hopeless(it->job, bound);
}

static void leaf(cds_unequal *it) {
  const cds_general *general = it->general;
  cds_descent *job = it->job;
  const cds_chain *chain = it->layout.chain;
  const unsigned last = general->groups + 1;
  double words[CDS_LEGS_MAX][CDS_ENTRIES_MAX];
  job->leaves++;
  for (unsigned w = chain->first_way[last]; w < chain->ways; w++) {
    cds_unequal_words(words[w], it, &it->layout.leg[w]);
  }
  cds_unequal_sum *sum = &it->sum[last];
  *sum = it->sum[last - 1];
  cds_unequal_group_add(sum, it, last, (const double(*)[CDS_ENTRIES_MAX])words);
  const double steps = steps_of_all(it);
  const double pj = general->base_pj + sum->at[CDS_ENERGY];
  const double cycles = cds_unequal_cycles(it, sum, steps);
  const cds_bound bound = {cds_aim_value(&job->aim, pj, cycles), pj, cycles};
  if (may_be_better(it, &bound)) {
    cds_mapping mapping;
    write_mapping(&mapping, it);
    job->status = cds_confirm_mapping(job, &mapping, pj, cycles);
  }
}

/* Every way to cut what is left in front of the arrays below all levels. */
// NOLINTNEXTLINE(misc-no-recursion)
static void choose_innermost(cds_unequal *it, unsigned rank) {
  const unsigned last = it->general->groups + 1;
  if (rank == it->ranks) {
    leaf(it);
    return;
  }
  const cds_unequal_group *list = &it->group[last];
  const unsigned loops = it->loops[last];
  for (unsigned i = 0; i < list->options[rank] && !job_over(it); i++) {
    const uint64_t before = list->option[rank][i].before;
    const uint64_t trips = cds_trips_between(it->tile[last - 1][rank], before);
    if (trips == 0) {
      continue;
    }
    it->before[last][rank] = before;
    it->tile[last][rank] = 1;
    it->loops[last] = loops;
    if (trips > 1) {
      it->order[last][it->loops[last]++] = rank;
    }
    choose_innermost(it, rank + 1);
  }
  it->loops[last] = loops;
}

/* ---- orders ----------------------------------------------------------------
 */

/* Blocks and slides of the loops above a group, in the order of ranks. */
typedef struct region {
  unsigned loops;
  unsigned rank[CDS_RANKS_MAX];
  unsigned blocks;
  unsigned block[CDS_RANKS_MAX + 1];
  unsigned slides;
  unsigned slide[CDS_RANKS_MAX + 1];
} region;

static void list_orders(region *out, const cds_unequal *it, unsigned group) {
  out->loops = out->blocks = out->slides = 0;
  for (unsigned r = 0; r < it->ranks; r++) {
    if (it->before[group][r] == it->tile[group - 1][r]) {
      continue;
    }
    out->rank[out->loops++] = r;
    const unsigned lacks = it->rank[r].lacks;
    unsigned b = 0;
    while (b < out->blocks && out->block[b] != lacks) {
      b++;
    }
    if (lacks != 0 && b == out->blocks) {
      out->block[out->blocks++] = lacks;
    }
    if (it->rank[r].partial) {
      out->slide[out->slides++] = r;
    }
  }
  if (out->blocks == 0) {
    out->block[out->blocks++] = 0;
  }
  if (out->slides == 0) {
    out->slide[out->slides++] = CDS_RANKS_MAX;
  }
}

static void set_order(cds_unequal *it, unsigned group, const region *loops,
                      unsigned block, unsigned slide) {
  unsigned *order = it->order[group];
  unsigned count = 0;
  for (unsigned part = 0; part < 4; part++) {
    bool last = false;
    for (unsigned i = 0; i < loops->loops; i++) {
      const unsigned r = loops->rank[i];
      const bool inner = block != 0 && it->rank[r].lacks == block;
      if (inner != (part >= 2) || it->rank[r].partial != (part % 2 == 1)) {
        continue;
      }
      if (r == slide) {
        last = true;
      } else {
        order[count++] = r;
      }
    }
    if (last) {
      order[count++] = slide;
    }
  }
  it->loops[group] = count;
}

static void open_group(cds_unequal *it, unsigned group);

/* Cycles of the first fills of the group's double-buffered levels at least. */
static double first_fills(const cds_unequal *it, unsigned group) {
  const cds_arch *arch = it->general->arch;
  const cds_chain *chain = it->layout.chain;
  double out[CDS_LEVELS_MAX] = {0};
  double in[CDS_LEVELS_MAX] = {0};
  bool any = false;
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    const cds_leg *way = &chain->way[w];
    if (way->tensor == it->general->output || it->layout.leg[w].apart ||
        arch->overlap != CDS_OVERLAP_NATIVE) {
      continue;
    }
    const double bits =
        cds_unequal_tile_words(it, way->tensor, it->tile[group]) *
        it->tensor[way->tensor].bits;
    out[way->parent] += bits;
    in[way->child] += bits;
    any = true;
  }
  double cycles = 0;
  for (unsigned l = 0; any && l < arch->levels; l++) {
    cycles = fmax(cycles, cds_port_cycles(&arch->level[l], out[l], 0));
    cycles = fmax(cycles, cds_port_cycles(&arch->level[l], 0, in[l]));
  }
  return cycles;
}

/* Whether a level of a group whose lengths are set has room if the output's
 * tile there holds sums. */
static bool sums_fit(const cds_unequal *it, unsigned group, unsigned level) {
  const cds_general *general = it->general;
  const cds_holding *holding =
      cds_chain_holding(general, it->layout.chain, group);
  double need = 0;
  for (unsigned t = 0; t < general->tensors; t++) {
    if (holding->level[t] != level) {
      continue;
    }
    bool looped = false;
    for (unsigned r = 0; r < it->ranks; r++) {
      looped = looped || ((it->tensor[t].has >> r & 1U) != 0 &&
                          it->before[group][r] < it->tile[group - 1][r]);
    }
    const double copies =
        looped && cds_level_doubled(general->arch, level) ? 2 : 1;
    need += copies * cds_unequal_tile_words(it, t, it->tile[group]) *
            (t == general->output ? it->tensor[t].wide : it->tensor[t].bits);
  }
  return need <= general->room[level] * (1 + 1e-12);
}

/* Whether the output's holder outside of the leg has room for sums, if so many
 * updates make its tile one. */
static bool outer_fits(const cds_unequal *it, const cds_leg *way,
                       double updates) {
  const double words = it->tensor[it->general->output].words;
  return way->parent == 0 || updates <= words * (1 + 1e-9) ||
         sums_fit(it, way->parent_group, way->parent);
}

/* The same of the holder in the outermost group, whose candidates are listed
 * whatever is spread. */
static bool own_fits(const cds_unequal *it) {
  const cds_chain *chain = it->layout.chain;
  for (unsigned w = chain->first_way[1]; w < chain->first_way[2]; w++) {
    const cds_leg *way = &chain->way[w];
    if (way->tensor == it->general->output && way->parent_group == 0 &&
        way->child < it->general->arch->levels &&
        cds_unequal_holds_sums(it, way)) {
      return sums_fit(it, 1, way->child);
    }
  }
  return true;
}

/* Goes on with the loops of the region above the group in their order. */
// NOLINTNEXTLINE(misc-no-recursion)
static void try_order(cds_unequal *it, unsigned group, double steps) {
  const cds_chain *chain = it->layout.chain;
  const unsigned groups = it->general->groups;
  double words[CDS_LEGS_MAX][CDS_ENTRIES_MAX];
  it->job->nodes++;
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    cds_unequal_words(words[w], it, &it->layout.leg[w]);
    if (chain->way[w].tensor == it->general->output &&
        !outer_fits(it, &chain->way[w], words[w][0])) {
      return;
    }
  }
  cds_unequal_sum *sum = &it->sum[group];
  *sum = it->sum[group - 1];
  cds_unequal_group_add(sum, it, group,
                        (const double(*)[CDS_ENTRIES_MAX])words);
  sum->edges += first_fills(it, group);
  cds_unequal_sum all = *sum;
  add_least(&all, it, group + 1);
  all.at[CDS_ENERGY] += inside_pj(it, group + 2);
  all.at[CDS_ENERGY] += group == groups ? it->group_pj[group + 1]
                                        : cds_unequal_rest(it, group + 1, true);
  if (!cds_descent_beyond(it->job, cds_unequal_value(it, &all, steps))) {
    open_group(it, group + 1);
  }
}

/* Sets the lengths of a candidate; false if loops do not lead there. */
static bool set_lengths(cds_unequal *it, unsigned group,
                        const cds_unequal_candidate *candidate) {
  for (unsigned r = 0; r < it->ranks; r++) {
    const cds_unequal_option *at =
        &it->group[group].option[r][candidate->at[r]];
    if (cds_trips_between(it->tile[group - 1][r], at->before) == 0 ||
        at->tile < it->layout.need[group + 1][r]) {
      return false;
    }
    it->before[group][r] = at->before;
    it->tile[group][r] = at->tile;
  }
  return true;
}

// NOLINTNEXTLINE(misc-no-recursion)
static void try_candidate(cds_unequal *it, unsigned group, double steps) {
  region loops;
  list_orders(&loops, it, group);
  for (unsigned b = 0; b < loops.blocks; b++) {
    for (unsigned s = 0; s < loops.slides && !job_over(it); s++) {
      set_order(it, group, &loops, loops.block[b], loops.slide[s]);
      try_order(it, group, steps);
    }
  }
}

/* Energy of a group, and what passes its tiles, by the pattern that is
 * innermost above it; one entry if there is no loop. */
typedef struct outer_costs {
  unsigned count;
  double pj[CDS_PATTERNS_MAX], cycles[CDS_PATTERNS_MAX];
  double passes[CDS_PATTERNS_MAX][CDS_TENSORS_MAX];
  double all[CDS_TENSORS_MAX]; /* of all loops that a tensor lacks */
} outer_costs;

/* Of a candidate whose lengths are set. `outside`: passes of the loops outside
 * that a tile stays for. */
static void cost_outer(outer_costs *out, const cds_unequal *it, unsigned group,
                       const cds_unequal_candidate *candidate,
                       const double outside[CDS_TENSORS_MAX]) {
  bool looped = false;
  for (unsigned r = 0; r < it->ranks; r++) {
    looped = looped || it->before[group][r] < it->tile[group - 1][r];
  }
  out->count = looped ? it->patterns : 1;
  memcpy(out->all, candidate->passes, sizeof out->all);
  for (unsigned p = 0; p < out->count; p++) {
    out->pj[p] = looped ? candidate->cost[p] : candidate->key;
    out->cycles[p] = looped ? candidate->cycles[p] : candidate->least_cycles;
    for (unsigned t = 0; t < it->general->tensors; t++) {
      const bool stays = !looped || (it->pattern[p] >> t & 1U) != 0;
      out->passes[p][t] = stays ? outside[t] : candidate->passes[t];
    }
  }
}

/* The least value with the group inside, whatever it has; `pj` and `cycles` of
 * all else. */
static double least_with_rest(const outer_costs *outer, const cds_unequal *it,
                              unsigned group, double pj, double cycles) {
  double least = (double)INFINITY;
  for (unsigned p = 0; p < outer->count; p++) {
    const double rest = cds_unequal_rest_after(it, group + 1, outer->passes[p]);
    least = fmin(least, cds_aim_value(&it->job->aim, pj + outer->pj[p] + rest,
                                      fmax(cycles, outer->cycles[p])));
  }
  return least;
}

/* The same if the group inside has this candidate. A tensor with a loop between
 * the two stays for none that is further out. */
static double least_with(const outer_costs *outer, const cds_unequal *it,
                         unsigned group, const cds_unequal_candidate *inner,
                         double pj, double cycles) {
  double least = (double)INFINITY;
  unsigned looped = 0;
  for (unsigned r = 0; r < it->ranks; r++) {
    const uint64_t before = it->group[group].option[r][inner->at[r]].before;
    looped |= before < it->tile[group - 1][r] ? 1U << r : 0;
  }
  for (unsigned p = 0; p < outer->count; p++) {
    for (unsigned q = 0; q < it->patterns; q++) {
      double cost = pj + outer->pj[p] + inner->cost[q];
      for (unsigned t = 0; t < it->general->tensors; t++) {
        const double passes = (looped & it->tensor[t].has) != 0
                                  ? outer->all[t]
                                  : outer->passes[p][t];
        cost +=
            (it->pattern[q] >> t & 1U) != 0 ? inner->pass[t] * (passes - 1) : 0;
      }
      const double time =
          fmax(cycles, fmax(outer->cycles[p], inner->cycles[q]));
      least = fmin(least, cds_aim_value(&it->job->aim, cost, time));
    }
  }
  return least;
}

static size_t length_index(const cds_unequal_rank *rank, uint64_t length) {
  size_t low = 0;
  size_t high = rank->lengths;
  while (high - low > 1) {
    const size_t middle = (low + high) / 2;
    if (rank->length[middle] <= length) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

/* Lists the candidates of the group that loops lead to from the lengths outside
 * and that may be part of something better with what is outside: `pj` of all
 * but the two groups. */
static void match_inner(cds_unequal *it, unsigned group,
                        const outer_costs *outer, double pj, double cycles) {
  cds_unequal_group *list = &it->group[group];
  const uint64_t *bits[CDS_RANKS_MAX];
  for (unsigned r = 0; r < it->ranks; r++) {
    const size_t index = length_index(&it->rank[r], it->tile[group - 1][r]);
    bits[r] = list->reach[r] + index * list->words;
  }
  list->matches = 0;
  for (size_t w = 0; w < list->words; w++) {
    uint64_t all = ~UINT64_C(0);
    for (unsigned r = 0; r < it->ranks; r++) {
      all &= bits[r][w];
    }
    for (; all != 0; all &= all - 1) {
      const size_t c = 64 * w + (size_t)__builtin_ctzll(all);
      if (c < list->count &&
          !cds_descent_beyond(
              it->job,
              least_with(outer, it, group, &list->candidate[c], pj, cycles))) {
        list->match[list->matches++] = (uint32_t)c;
      }
    }
  }
}

/* Whether the candidate whose lengths are set may be part of something better.
 * `pj`: of all groups but this one. */
static bool leads_on(cds_unequal *it, unsigned group,
                     const cds_unequal_candidate *candidate,
                     const double outside[CDS_TENSORS_MAX], double pj,
                     double cycles) {
  if (group == it->general->groups) {
    return !cds_descent_beyond(
        it->job, cds_aim_value(&it->job->aim, pj + candidate->key,
                               fmax(cycles, candidate->least_cycles)));
  }
  outer_costs outer;
  cost_outer(&outer, it, group, candidate, outside);
  pj -= it->group_pj[group + 1];
  if (cds_descent_beyond(it->job,
                         least_with_rest(&outer, it, group, pj, cycles))) {
    return false;
  }
  if (it->group[group + 1].matched) {
    match_inner(it, group + 1, &outer, pj, cycles);
    return it->group[group + 1].matches > 0;
  }
  return true;
}

// NOLINTNEXTLINE(misc-no-recursion)
static void open_group(cds_unequal *it, unsigned group) {
  const cds_aim *aim = &it->job->aim;
  if (group > it->general->groups) {
    it->loops[group] = 0;
    choose_innermost(it, 0);
    return;
  }
  cds_unequal_sum all = it->sum[group - 1];
  add_least(&all, it, group);
  const double pj =
      it->general->base_pj + all.at[CDS_ENERGY] + inside_pj(it, group + 1);
  const double cycles = cds_unequal_cycles(it, &all, it->layout.steps);
  double waits = all.edges;
  for (unsigned g = 1; g <= it->general->groups; g++) {
    waits += all.wait[g];
  }
  double outside[CDS_TENSORS_MAX];
  for (unsigned t = 0; t < it->general->tensors; t++) {
    outside[t] = cds_unequal_passes(it, t, group - 1);
  }
  const cds_unequal_group *list = &it->group[group];
  const bool matched = group > 1 && list->matched;
  const size_t count = matched ? list->matches : list->count;
  for (size_t i = 0; i < count && !job_over(it); i++) {
    const cds_unequal_candidate *next =
        &list->candidate[matched ? list->match[i] : i];
    if (cds_descent_beyond(it->job,
                           cds_aim_value(aim, pj + next->key, cycles))) {
      break;
    }
    if (!set_lengths(it, group, next) || (group == 1 && !own_fits(it))) {
      continue;
    }
    const double steps = fmax(it->layout.steps, steps_decided(it, group));
    if (leads_on(it, group, next, outside, pj, fmax(cycles, steps + waits))) {
      try_candidate(it, group, steps);
    }
  }
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
  if (outer) {
    CDS_TRY(list_outer(it, chain, least));
    it->group_pj[1] = fmax(it->group_pj[1], cds_unequal_rest(it, 1, false));
    *any = it->group[1].count > 0;
  }
  for (unsigned g = groups; *any && g >= (outer ? 2U : 1U); g--) {
    cds_unequal_sum others;
    all_but(&others, it, g);
    CDS_TRY(cds_unequal_candidates(it, g, &others, it->layout.steps));
    CDS_TRY(cds_unequal_reach(it, g));
    *any = it->group[g].count > 0;
    it->job->nodes += it->group[g].count / 64;
    it->group_pj[g] = fmax(it->group_pj[g], cds_unequal_rest(it, g, false));
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
  if (!any) {
    return CDS_OK;
  }
  cds_unequal_sum all;
  all_but(&all, it, 0);
  if (!cds_descent_beyond(job, cds_unequal_value(it, &all, it->layout.steps))) {
    open_group(it, 1);
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
    if (!job_over(it)) {
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
  *open = (double)INFINITY;
  const cds_arena_mark mark = cds_arena_mark_get(it->scratch);
  chain_least *least =
      cds_arena_array(it->scratch, it->chains + 1, sizeof *least);
  it->opened = cds_arena_mark_get(it->scratch);
  cds_status status = least == NULL ? CDS_ENOMEM : list_vectors(it, floor_pj);
  if (status == CDS_OK) {
    status = list_layouts(it, least);
  }
  if (status == CDS_OK) {
    status = open_listed(open, it, least);
  }
  if (status == CDS_ELIMIT) {
    /* Too much to list: nothing but the floor is known. */
    *open = fmin(*open, cds_aim_value(&job->aim, floor_pj,
                                      floor_s * general->arch->clock_hz));
    job->stopped = true;
    status = CDS_OK;
  }
  cds_arena_reset(it->scratch, mark);
  return status;
}
