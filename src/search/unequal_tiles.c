/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lengths that a group may have, each with a bound on the energy of the
 * ways into it.
 *
 * One pattern of lacking tensors has the innermost loop of the region above.
 * Only its tensors may stay over loops; of them one pass at least is counted.
 * All others pass all loops above that they lack. With no loop in the region
 * the pattern is that of the region outside. So if what is outside is decided
 * and makes a tensor pass y times, a group takes at least
 *
 *   min over patterns b of  least[b] + sum over t of b of (y_t - 1) again[t],
 *
 * again[t] being the least of what one pass of it costs, as its words are at
 * least y times those of a pass.
 *
 * In front of the outermost group a loop has two passes or more, so that each
 * visit moves the innermost rank that the tensor has: one of the pattern, if
 * the tensor is not of it.
 *
 * Steps. A loop leaves parts of `before` but for one shorter part of each part
 * outside, of which the first is no shorter than `before`: so of M points that
 * the first instance has, at least (M - before + 1) / (2 before - 1) parts are
 * full, and the others take one step for as many points as the arrays have
 * instances at best. In front of the outermost group, and below groups that are
 * decided, parts are counted.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/unequal_nest.h"

enum { LISTED_MAX = 1 << 19, REACHED_MAX = 1 << 12 };

/* Factors of each place: (leg of the group, entry). */
enum { PLACES_MAX = CDS_TENSORS_MAX * CDS_ENTRIES_MAX };

typedef struct lister {
  cds_unequal *it;
  cds_unequal_group *out;
  unsigned group;
  cds_unequal_sum others; /* of all other groups */
  double others_pj, others_cycles, waits, least_steps;
  unsigned legs;
  const cds_unequal_leg *leg[CDS_TENSORS_MAX];
  unsigned first_place[CDS_TENSORS_MAX + 1];
  /* By place and rank: of each option. */
  double *full[PLACES_MAX][CDS_RANKS_MAX];
  double *stay[PLACES_MAX][CDS_RANKS_MAX];
  cds_window_words *window[PLACES_MAX][CDS_WINDOWS_MAX];
  double *steps[CDS_RANKS_MAX];
  /* Of the ranks chosen so far: */
  double all_full[CDS_RANKS_MAX + 1][PLACES_MAX];
  double all_stay[CDS_RANKS_MAX + 1][PLACES_MAX];
  double all_steps[CDS_RANKS_MAX + 1];
  uint16_t at[CDS_RANKS_MAX];
  /* Room. */
  double bits[CDS_TENSORS_MAX]; /* of a word, by leg */
  double wide[CDS_TENSORS_MAX]; /* likewise if it is known to be a sum */
  double copies[CDS_TENSORS_MAX];
  double staying; /* words of the output that the next holder may keep */
  uint64_t tile[CDS_RANKS_MAX];
  unsigned looped; /* ranks, as bits */
  /* Words of each place by pattern, of the candidate at hand. */
  double words[CDS_PATTERNS_MAX][PLACES_MAX];
  cds_status status;
} lister;

/* ---- options ---------------------------------------------------------- */

cds_status cds_unequal_options(cds_unequal *it, unsigned group) {
  cds_unequal_layout *layout = &it->layout;
  cds_unequal_group *out = &it->group[group];
  for (unsigned r = 0; r < it->ranks; r++) {
    const cds_unequal_rank *rank = &it->rank[r];
    const uint64_t need =
        group > it->general->groups ? 1 : layout->need[group + 1][r];
    out->options[r] = 0;
    out->option[r] =
        cds_arena_array(it->scratch, rank->lengths, sizeof *out->option[r]);
    if (out->option[r] == NULL) {
      return CDS_ENOMEM;
    }
    const uint64_t most = layout->most_before[group][r];
    for (unsigned i = 0; i < rank->lengths && rank->length[i] <= most; i++) {
      const uint64_t before = rank->length[i];
      const uint64_t tile = cds_dealt_out(it, layout, group, r, before);
      const bool last = group > it->general->groups;
      if (tile >= need && (!last || tile == 1)) {
        out->option[r][out->options[r]++] = (cds_unequal_option){
            before, tile, before < most, group == 1 ? rank->size : 0};
      }
    }
  }
  return CDS_OK;
}

/* Instances of the arrays inside a group's loops, and outside of them. */
static void split_units(uint64_t *inside, uint64_t *outside,
                        const cds_unequal *it, unsigned group, unsigned rank) {
  *inside = *outside = 1;
  for (unsigned k = 0; k < it->general->arch->arrays; k++) {
    const bool in = k >= it->general->group[group - 1].depth;
    *(in ? inside : outside) *= it->layout.on[k][rank];
  }
}

static double least_steps(const cds_unequal *it, unsigned group, unsigned rank,
                          uint64_t before) {
  uint64_t inside = 1;
  uint64_t outside = 1;
  split_units(&inside, &outside, it, group, rank);
  const uint64_t size = it->rank[rank].size;
  const double each = (double)cds_ceil_div_u64(before, inside);
  if (group == 1) {
    const uint64_t whole = size / before;
    return (double)whole * each +
           (double)cds_ceil_div_u64(size % before, inside);
  }
  const double points = (double)cds_ceil_div_u64(size, outside);
  const double part = (double)before;
  const double best = fmin((double)inside, part);
  const double full = fmax(1, ceil((points - part + 1) / (2 * part - 1)));
  return fmax(ceil(points / best),
              ceil(points / best + full * (each - part / best) - 1e-9));
}

/* ---- tables ------------------------------------------------------------ */

static cds_status fill_rank(lister *l, unsigned place, unsigned rank,
                            const cds_unequal_place *at) {
  const cds_unequal *it = l->it;
  const cds_unequal_tensor *tensor = &it->tensor[at->leg->way->tensor];
  const unsigned options = l->out->options[rank];
  const bool has = (tensor->has >> rank & 1U) != 0;
  const bool whole = (tensor->whole >> rank & 1U) != 0;
  double *full = cds_arena_array(it->scratch, options + 1, sizeof *full);
  double *stay = cds_arena_array(it->scratch, options + 1, sizeof *stay);
  if (full == NULL || stay == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned i = 0; i < options; i++) {
    const cds_unequal_option *option = &l->out->option[rank][i];
    full[i] = whole ? (double)it->rank[rank].size
              : has ? 1
                    : cds_least_parts(it, at, rank, option);
    stay[i] = has ? full[i] : cds_parts_apart(it, at, rank);
  }
  l->full[place][rank] = full;
  l->stay[place][rank] = stay;
  return CDS_OK;
}

static cds_status fill_window(lister *l, unsigned place, unsigned w,
                              const cds_unequal_place *at) {
  const cds_unequal *it = l->it;
  const cds_unequal_window *window =
      &it->tensor[at->leg->way->tensor].window[w];
  const unsigned first = l->out->options[window->rank[0]];
  const unsigned second = l->out->options[window->rank[1]];
  cds_window_words *words =
      cds_arena_array(it->scratch, (size_t)first * second + 1, sizeof *words);
  if (words == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned i = 0; i < first; i++) {
    for (unsigned j = 0; j < second; j++) {
      const cds_unequal_option *const two[2] = {
          &l->out->option[window->rank[0]][i],
          &l->out->option[window->rank[1]][j]};
      words[(size_t)i * second + j] = cds_window_count(it, at, window, two);
    }
  }
  l->window[place][w] = words;
  return CDS_OK;
}

static cds_status fill_steps(lister *l) {
  cds_unequal *it = l->it;
  for (unsigned r = 0; r < it->ranks; r++) {
    l->steps[r] = cds_arena_array(it->scratch, l->out->options[r] + 1U,
                                  sizeof *l->steps[r]);
    if (l->steps[r] == NULL) {
      return CDS_ENOMEM;
    }
    for (unsigned i = 0; i < l->out->options[r]; i++) {
      l->steps[r][i] =
          it->any_spread
              ? 1
              : least_steps(it, l->group, r, l->out->option[r][i].before);
    }
  }
  l->all_steps[0] = 1;
  return CDS_OK;
}

/* Tables of an entry of a leg, by ranks and by windows. */
static cds_status fill_entry(lister *l, unsigned i, unsigned e) {
  const cds_unequal *it = l->it;
  const cds_unequal_leg *leg = l->leg[i];
  const cds_unequal_place at = {leg, &leg->entry[e], l->group};
  const unsigned place = l->first_place[i] + e;
  for (unsigned r = 0; r < it->ranks; r++) {
    CDS_TRY(fill_rank(l, place, r, &at));
  }
  for (unsigned w = 0; w < it->tensor[leg->way->tensor].windows; w++) {
    CDS_TRY(fill_window(l, place, w, &at));
  }
  l->all_full[0][place] = l->all_stay[0][place] = 1;
  return CDS_OK;
}

static cds_status fill_tables(lister *l) {
  for (unsigned i = 0; i < l->legs; i++) {
    for (unsigned e = 0; e < l->leg[i]->entries; e++) {
      CDS_TRY(fill_entry(l, i, e));
    }
  }
  return fill_steps(l);
}

/* ---- room -------------------------------------------------------------- */

/* Whether arrays with all their instances may add up all that the tensor lacks.
 */
static bool adds_all(const cds_unequal *it, const cds_leg *way) {
  const cds_arch *arch = it->general->arch;
  double left = 1;
  for (unsigned r = 0; r < it->ranks; r++) {
    const bool has = (it->tensor[way->tensor].has >> r & 1U) != 0;
    left *= has ? 1 : (double)it->rank[r].size;
  }
  for (unsigned k = way->top; k < way->depth; k++) {
    for (unsigned x = 0; x < arch->array[k].axes; x++) {
      left /= (double)arch->array[k].extent[x];
    }
  }
  return left <= 1 + 1e-9;
}

bool cds_unequal_holds_sums(const cds_unequal *it, const cds_leg *outer) {
  const cds_chain *chain = it->layout.chain;
  const cds_unequal_tensor *tensor = &it->tensor[outer->tensor];
  for (unsigned k = 0; k < outer->depth; k++) {
    for (unsigned r = 0; r < it->ranks; r++) {
      if ((tensor->has >> r & 1U) == 0 && it->layout.on[k][r] > 1) {
        return true;
      }
    }
  }
  for (unsigned w = 0; w < chain->ways; w++) {
    const cds_leg *way = &chain->way[w];
    if (way->tensor == outer->tensor && way->parent == outer->child &&
        way->child == it->general->arch->levels) {
      double words[CDS_ENTRIES_MAX];
      cds_unequal_least_words(words, it, &it->layout.leg[w]);
      return it->any_spread ? !adds_all(it, way) : words[0] > tensor->words;
    }
  }
  return false;
}

/* Words of the output that all instances of its next holder inside have room
 * for. */
static double room_inside(const cds_unequal *it, const cds_unequal_leg *leg) {
  const cds_chain *chain = it->layout.chain;
  const cds_unequal_tensor *tensor = &it->tensor[leg->way->tensor];
  for (unsigned w = 0; w < chain->ways; w++) {
    const cds_leg *way = &chain->way[w];
    if (way->tensor != leg->way->tensor || way->parent != leg->way->child ||
        way->child == it->general->arch->levels) {
      continue;
    }
    double words =
        it->general->room[way->child] / fmin(tensor->bits, tensor->wide);
    for (unsigned k = way->top; k < way->depth; k++) {
      const cds_array *array = &it->general->arch->array[k];
      for (unsigned x = 0; it->any_spread && x < array->axes; x++) {
        words *= (double)array->extent[x];
      }
      for (unsigned r = 0; !it->any_spread && r < it->ranks; r++) {
        const bool has = (tensor->has >> r & 1U) != 0;
        words *= has ? (double)it->layout.on[k][r] : 1;
      }
    }
    return words * (1 + 1e-9);
  }
  return (double)INFINITY;
}

/* Words of the output's tile are sums if reductions are looped over outside,
 * and not all of the tile can stay further inside meanwhile: then some words
 * come up more than once. */
static void set_room(lister *l) {
  const cds_unequal *it = l->it;
  l->staying = (double)INFINITY;
  for (unsigned i = 0; i < l->legs; i++) {
    const cds_unequal_leg *leg = l->leg[i];
    const cds_unequal_tensor *tensor = &it->tensor[leg->way->tensor];
    const bool output = leg->way->tensor == it->general->output;
    l->bits[i] = !output ? tensor->bits
                 : cds_unequal_holds_sums(it, leg->way)
                     ? tensor->wide
                     : fmin(tensor->bits, tensor->wide);
    l->wide[i] = output ? fmax(l->bits[i], tensor->wide) : l->bits[i];
    l->staying = output ? room_inside(it, leg) : l->staying;
    l->copies[i] =
        cds_level_doubled(it->general->arch, leg->way->child) ? 2 : 1;
  }
}

/* Whether the tile fits; ranks that are not chosen have their least. */
static bool fits(const lister *l) {
  const cds_unequal *it = l->it;
  double need[CDS_LEVELS_MAX] = {0};
  for (unsigned i = 0; i < l->legs; i++) {
    const cds_leg *way = l->leg[i]->way;
    const bool replaced = (l->looped & it->tensor[way->tensor].has) != 0;
    const double words = cds_unequal_tile_words(it, way->tensor, l->tile);
    const bool sums =
        (l->looped & ~it->tensor[way->tensor].has) != 0 && words > l->staying;
    need[way->child] += words * (sums ? l->wide[i] : l->bits[i]) *
                        (replaced ? l->copies[i] : 1);
    if (need[way->child] > it->general->room[way->child]) {
      return false;
    }
  }
  return true;
}

/* ---- candidates -------------------------------------------------------- */

/* Of a tensor at a place: its windows, and words of all positions once. */
typedef struct window_sum {
  double once;
  cds_window_words each[CDS_WINDOWS_MAX];
} window_sum;

/* False: the lengths are none of the space. */
static bool sum_windows(window_sum *out, const lister *l, unsigned leg,
                        unsigned place) {
  const cds_unequal_tensor *tensor = &l->it->tensor[l->leg[leg]->way->tensor];
  out->once = 1;
  for (unsigned w = 0; w < tensor->windows; w++) {
    const cds_unequal_window *window = &tensor->window[w];
    const size_t index =
        (size_t)l->at[window->rank[0]] * l->out->options[window->rank[1]] +
        l->at[window->rank[1]];
    out->each[w] = l->window[place][w][index];
    if (out->each[w].words < 0) {
      return false;
    }
    out->once *= out->each[w].once;
  }
  return true;
}

/* How visits move the windows of a tensor if the pattern is innermost in front
 * of the outermost group: its loops over ranks of the tensor's own stand
 * outside of those over windows, and none that the tensor lacks is among them.
 */
static cds_window_moves moves_of(const lister *l, unsigned pattern,
                                 unsigned tensor) {
  const cds_unequal *it = l->it;
  const cds_unequal_tensor *shape = &it->tensor[tensor];
  const unsigned lacks = it->pattern[pattern];
  if (l->group > 1 || (lacks >> tensor & 1U) != 0 || lacks == 0) {
    return (cds_window_moves){~0U, 0, 0};
  }
  unsigned inner = 0; /* loops of the pattern */
  unsigned partial = 0;
  for (unsigned r = 0; r < it->ranks; r++) {
    const bool loop = (l->looped >> r & 1U) != 0;
    inner |= loop && it->rank[r].lacks == lacks ? 1U << r : 0;
    partial |= it->rank[r].partial ? 1U << r : 0;
  }
  if (inner == 0) {
    return (cds_window_moves){~0U, 0, 0}; /* there is no such loop */
  }
  unsigned axes = 0;
  for (unsigned w = 0; w < shape->windows; w++) {
    const unsigned ranks =
        1U << shape->window[w].rank[0] | 1U << shape->window[w].rank[1];
    axes |= (inner & ranks) != 0 ? 1U << w : 0;
  }
  /* Ranks of its own that are partial to others stand among the windows. */
  const bool own = (inner & shape->whole & ~partial) != 0 &&
                   (inner & shape->whole & partial) == 0;
  return (cds_window_moves){axes, own ? axes : 0, 0};
}

static cds_status grow(cds_unequal_group *out) {
  if (out->count < out->room) {
    return CDS_OK;
  }
  const size_t room = out->room == 0 ? 1024 : 2 * out->room;
  if (room > LISTED_MAX) {
    return CDS_ELIMIT;
  }
  cds_unequal_candidate *grown =
      cds_realloc(out->candidate, room * sizeof *grown);
  if (grown == NULL) {
    return CDS_ENOMEM;
  }
  out->candidate = grown;
  out->room = room;
  return CDS_OK;
}

/* Least energy of the legs by the pattern that is innermost, and of one pass
 * of each tensor. */
static bool cost_of(double cost[CDS_PATTERNS_MAX], double pass[CDS_TENSORS_MAX],
                    lister *l) {
  const cds_unequal *it = l->it;
  const unsigned last = it->ranks;
  for (unsigned p = 0; p < it->patterns; p++) {
    cost[p] = 0;
  }
  for (unsigned i = 0; i < l->legs; i++) {
    const unsigned t = l->leg[i]->way->tensor;
    const unsigned windows = it->tensor[t].windows;
    pass[t] = 0;
    for (unsigned p = 0; p < it->patterns; p++) {
      cost[p] += l->leg[i]->constant[CDS_ENERGY];
    }
    for (unsigned e = 0; e < l->leg[i]->entries; e++) {
      const unsigned place = l->first_place[i] + e;
      const double pj = l->leg[i]->pj[e];
      window_sum sum;
      if (!sum_windows(&sum, l, i, place)) {
        return false;
      }
      const double once = l->all_stay[last][place] * sum.once;
      const double any =
          cds_windows_words(sum.each, windows, (cds_window_moves){~0U, 0, 0});
      pass[t] += pj * l->all_stay[last][place] * any;
      for (unsigned p = 0; p < it->patterns; p++) {
        const double moved =
            windows == 0
                ? 1
                : cds_windows_words(sum.each, windows, moves_of(l, p, t));
        l->words[p][place] = (it->pattern[p] >> t & 1U) != 0
                                 ? l->all_stay[last][place] * any
                                 : fmax(l->all_full[last][place] * moved, once);
        cost[p] += pj * l->words[p][place];
      }
    }
  }
  return true;
}

/* Cycles of all if a pattern is innermost. */
static double cycles_of(const lister *l, unsigned pattern) {
  const cds_unequal *it = l->it;
  double words[CDS_LEGS_MAX][CDS_ENTRIES_MAX];
  const unsigned first = it->layout.chain->first_way[l->group];
  for (unsigned i = 0; i < l->legs; i++) {
    for (unsigned e = 0; e < l->leg[i]->entries; e++) {
      words[first + i][e] = l->words[pattern][l->first_place[i] + e];
    }
  }
  cds_unequal_sum sum = l->others;
  cds_unequal_group_add(&sum, it, l->group,
                        (const double(*)[CDS_ENTRIES_MAX])words);
  return cds_unequal_cycles(it, &sum,
                            fmax(l->least_steps, l->all_steps[it->ranks]));
}

/* Times that the loops pass a tile at least, of those that a tensor lacks. */
static void set_passes(cds_unequal_candidate *made, const lister *l) {
  static const cds_unequal_entry all = {0, ~0U};
  const cds_unequal *it = l->it;
  const cds_unequal_place place = {NULL, &all, l->group};
  for (unsigned t = 0; t < it->general->tensors; t++) {
    made->passes[t] = 1;
    for (unsigned r = 0; r < it->ranks; r++) {
      if ((it->tensor[t].has >> r & 1U) == 0) {
        made->passes[t] *=
            cds_least_parts(it, &place, r, &l->out->option[r][l->at[r]]);
      }
    }
  }
}

static void take(lister *l) {
  const cds_unequal *it = l->it;
  cds_unequal_group *out = l->out;
  double cost[CDS_PATTERNS_MAX] = {0};
  double pass[CDS_TENSORS_MAX] = {0};
  if (!cost_of(cost, pass, l)) {
    return;
  }
  double key = cost[0];
  for (unsigned p = 1; p < it->patterns; p++) {
    key = fmin(key, cost[p]);
  }
  const double cycles =
      fmax(l->others_cycles, l->all_steps[it->ranks] + l->waits);
  if (cds_descent_beyond(
          it->job, cds_aim_value(&it->job->aim, l->others_pj + key, cycles))) {
    return;
  }
  double of[CDS_PATTERNS_MAX] = {0};
  double value = (double)INFINITY;
  double least = (double)INFINITY;
  for (unsigned p = 0; p < it->patterns; p++) {
    of[p] = fmax(cycles, cycles_of(l, p));
    least = fmin(least, of[p]);
    value = fmin(value,
                 cds_aim_value(&it->job->aim, l->others_pj + cost[p], of[p]));
  }
  if (cds_descent_beyond(it->job, value)) {
    return;
  }
  l->status = grow(out);
  if (l->status != CDS_OK) {
    return;
  }
  cds_unequal_candidate *made = &out->candidate[out->count++];
  made->key = key;
  made->least_cycles = least;
  memcpy(made->cycles, of, sizeof of);
  memcpy(made->cost, cost, sizeof cost);
  memcpy(made->pass, pass, sizeof pass);
  memcpy(made->at, l->at, sizeof made->at);
  set_passes(made, l);
  for (unsigned p = 0; p < it->patterns; p++) {
    out->least[p] = fmin(out->least[p], cost[p]);
  }
  for (unsigned i = 0; i < l->legs; i++) {
    const unsigned t = l->leg[i]->way->tensor;
    out->again[t] = fmin(out->again[t], pass[t]);
  }
}

/* Depth of recursion: the ranks. */
// NOLINTNEXTLINE(misc-no-recursion)
static void choose(lister *l, unsigned rank) {
  if (rank == l->it->ranks) {
    take(l);
    return;
  }
  const cds_unequal_option *option = l->out->option[rank];
  const unsigned places = l->first_place[l->legs];
  const uint64_t least = l->tile[rank];
  const unsigned looped = l->looped;
  for (unsigned i = 0; i < l->out->options[rank] && l->status == CDS_OK; i++) {
    l->tile[rank] = option[i].tile;
    l->looped = looped | (option[i].looped ? 1U << rank : 0);
    l->at[rank] = (uint16_t)i;
    if (!fits(l)) {
      /* The longest of all need not stand there twice. */
      if (option[i].looped) {
        l->looped = looped;
        if (!fits(l)) {
          break;
        }
      }
      continue;
    }
    for (unsigned p = 0; p < places; p++) {
      l->all_full[rank + 1][p] = l->all_full[rank][p] * l->full[p][rank][i];
      l->all_stay[rank + 1][p] = l->all_stay[rank][p] * l->stay[p][rank][i];
    }
    l->all_steps[rank + 1] = l->all_steps[rank] * l->steps[rank][i];
    choose(l, rank + 1);
  }
  l->tile[rank] = least;
  l->looped = looped;
}

static int by_key(const void *left, const void *right) {
  const cds_unequal_candidate *a = left;
  const cds_unequal_candidate *b = right;
  if (a->key != b->key) {
    return a->key < b->key ? -1 : 1;
  }
  return memcmp(a->at, b->at, sizeof a->at);
}

cds_status cds_unequal_candidates(cds_unequal *it, unsigned group,
                                  const cds_unequal_sum *others, double steps) {
  cds_unequal_group *out = &it->group[group];
  lister *l = cds_arena_alloc(it->scratch, sizeof *l);
  if (l == NULL) {
    return CDS_ENOMEM;
  }
  l->it = it;
  l->out = out;
  l->group = group;
  l->others_pj = it->general->base_pj + others->at[CDS_ENERGY];
  l->others_cycles = cds_unequal_cycles(it, others, steps);
  l->waits = others->edges;
  for (unsigned g = 1; g <= it->general->groups; g++) {
    l->waits += others->wait[g];
  }
  /* Of the group itself nothing is in the others. */
  l->others = *others;
  l->least_steps = steps;
  for (unsigned s = 0; s < CDS_SUMS_MAX && !it->any_spread; s++) {
    l->others.at[s] -=
        it->layout.least[group].at[s] - it->layout.least[group + 1].at[s];
  }
  l->others.wait[group] = 0;
  CDS_TRY(cds_unequal_options(it, group));
  const cds_chain *chain = it->layout.chain;
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    l->leg[l->legs++] = &it->layout.leg[w];
    l->first_place[l->legs] =
        l->first_place[l->legs - 1] + it->layout.leg[w].entries;
  }
  CDS_TRY(fill_tables(l));
  set_room(l);
  out->count = 0;
  for (unsigned p = 0; p < it->patterns; p++) {
    out->least[p] = (double)INFINITY;
  }
  for (unsigned t = 0; t < it->general->tensors; t++) {
    out->again[t] = (double)INFINITY;
  }
  bool any = true;
  for (unsigned r = 0; r < it->ranks; r++) {
    any = any && out->options[r] > 0;
    l->tile[r] = any ? out->option[r][0].tile : 1;
  }
  if (any) {
    choose(l, 0);
  }
  CDS_TRY(l->status);
  if (out->count > 0) {
    qsort(out->candidate, out->count, sizeof *out->candidate, by_key);
  }
  return CDS_OK;
}

cds_status cds_unequal_reach(cds_unequal *it, unsigned group) {
  cds_unequal_group *list = &it->group[group];
  list->matched = list->count <= REACHED_MAX;
  list->matches = 0;
  if (!list->matched) {
    return CDS_OK;
  }
  list->words = (list->count + 63) / 64;
  list->match = cds_arena_array(it->scratch, list->count + 1, sizeof(uint32_t));
  if (list->match == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned r = 0; r < it->ranks; r++) {
    const cds_unequal_rank *rank = &it->rank[r];
    list->reach[r] = cds_arena_array(
        it->scratch, list->words * rank->lengths + 1, sizeof(uint64_t));
    bool *from = cds_arena_array(it->scratch, list->options[r] + 1U, 1);
    if (list->reach[r] == NULL || from == NULL) {
      return CDS_ENOMEM;
    }
    for (unsigned i = 0; i < rank->lengths; i++) {
      uint64_t *bits = list->reach[r] + i * list->words;
      for (unsigned o = 0; o < list->options[r]; o++) {
        from[o] =
            cds_trips_between(rank->length[i], list->option[r][o].before) > 0;
      }
      for (size_t c = 0; c < list->count; c++) {
        if (from[list->candidate[c].at[r]]) {
          bits[c / 64] |= UINT64_C(1) << (c % 64);
        }
      }
    }
  }
  return CDS_OK;
}

double cds_unequal_rest_after(const cds_unequal *it, unsigned group,
                              const double passes[CDS_TENSORS_MAX]) {
  const cds_unequal_group *list = &it->group[group];
  double least = (double)INFINITY;
  for (unsigned p = 0; p < it->patterns; p++) {
    double cost = list->least[p];
    for (unsigned t = 0; t < it->general->tensors; t++) {
      if ((it->pattern[p] >> t & 1U) != 0 && !isinf(list->again[t])) {
        cost += list->again[t] * (passes[t] - 1);
      }
    }
    least = fmin(least, cost);
  }
  return least;
}

double cds_unequal_rest(const cds_unequal *it, unsigned group, bool decided) {
  double passes[CDS_TENSORS_MAX];
  for (unsigned t = 0; t < it->general->tensors; t++) {
    passes[t] = decided ? cds_unequal_passes(it, t, group - 1) : 1;
  }
  return cds_unequal_rest_after(it, group, passes);
}
