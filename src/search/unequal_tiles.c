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

#include "search/unequal_list.h"

enum { LISTED_MAX = 1 << 19, REACHED_MAX = 1 << 12 };

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
static void set_room(cds_lister *l) {
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

static bool is_in(const cds_unequal_window *window, unsigned rank) {
  return window->rank[0] == rank || window->rank[1] == rank;
}

static double positions_of(const cds_lister *l,
                           const cds_unequal_window *window) {
  return cds_window_positions(window, (double)l->tile[window->rank[0]],
                              (double)l->tile[window->rank[1]]);
}

/* Before the options of a turn: words of tiles without its rank. */
static void set_beside(cds_lister *l, unsigned turn) {
  const cds_unequal *it = l->it;
  const unsigned rank = l->order[turn];
  for (unsigned i = 0; i < l->legs; i++) {
    const cds_unequal_tensor *tensor = &it->tensor[l->leg[i]->way->tensor];
    double words = 1;
    for (unsigned r = 0; r < it->ranks; r++) {
      const bool other = r != rank && (tensor->whole >> r & 1U) != 0;
      words *= other ? (double)l->tile[r] : 1;
    }
    for (unsigned w = 0; w < tensor->windows; w++) {
      const cds_unequal_window *window = &tensor->window[w];
      words *= is_in(window, rank) ? 1 : positions_of(l, window);
    }
    l->beside[turn][i] = words;
  }
}

/* Words of the tile of a leg, as cds_unequal_tile_words: all are whole numbers,
 * so that the order of factors makes no difference below 2^53, and what is more
 * has room nowhere. */
static double tile_words(const cds_lister *l, unsigned turn, unsigned leg) {
  const cds_unequal_tensor *tensor = &l->it->tensor[l->leg[leg]->way->tensor];
  const unsigned rank = l->order[turn];
  double words = l->beside[turn][leg];
  if ((tensor->has >> rank & 1U) == 0) {
    return words;
  }
  words *= (tensor->whole >> rank & 1U) != 0 ? (double)l->tile[rank] : 1;
  for (unsigned w = 0; w < tensor->windows; w++) {
    const cds_unequal_window *window = &tensor->window[w];
    words *= is_in(window, rank) ? positions_of(l, window) : 1;
  }
  return words;
}

/* Whether the tile fits with the option of a turn; ranks that are not chosen
 * have their least. */
static bool fits(const cds_lister *l, unsigned turn) {
  const cds_unequal *it = l->it;
  double need[CDS_LEVELS_MAX];
  for (unsigned i = 0; i < l->legs; i++) {
    need[l->leg[i]->way->child] = 0;
  }
  for (unsigned i = 0; i < l->legs; i++) {
    const cds_leg *way = l->leg[i]->way;
    const bool replaced = (l->looped & it->tensor[way->tensor].has) != 0;
    const double words = tile_words(l, turn, i);
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
static bool sum_windows(window_sum *out, const cds_lister *l, unsigned leg,
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
static cds_window_moves moves_of(const cds_lister *l, unsigned pattern,
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
                    cds_lister *l) {
  const cds_unequal *it = l->it;
  const unsigned last = it->ranks;
  for (unsigned p = 0; p < it->patterns; p++) {
    cost[p] = 0;
  }
  for (unsigned t = 0; t < it->general->tensors; t++) {
    pass[t] = 0;
  }
  for (unsigned i = 0; i < l->legs; i++) {
    const unsigned t = l->leg[i]->way->tensor;
    const unsigned windows = it->tensor[t].windows;
    cds_window_moves moves[CDS_PATTERNS_MAX]; /* of all axes: as `any` */
    for (unsigned p = 0; p < it->patterns; p++) {
      moves[p] = moves_of(l, p, t);
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
            windows == 0 || moves[p].axes == ~0U
                ? any
                : cds_windows_words(sum.each, windows, moves[p]);
        l->words[p][place] =
            (it->pattern[p] >> t & 1U) != 0
                ? l->all_stay[last][place] * any
                : cds_more_of(l->all_full[last][place] * moved, once);
        cost[p] += pj * l->words[p][place];
      }
    }
  }
  return true;
}

/* Cycles of all if a pattern is innermost. */
static double cycles_of(const cds_lister *l, unsigned pattern) {
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

/* Least energy of the next group inside if a pattern is innermost above this
 * one: its tensors may stay over all loops, the others pass those that they
 * lack, as often as their parts say. 0: it is among the others. */
static double inside_pj(const cds_lister *l, unsigned turns, unsigned pattern) {
  const cds_unequal *it = l->it;
  double passes[CDS_TENSORS_MAX];
  if (!l->inner) {
    return 0;
  }
  for (unsigned t = 0; t < it->general->tensors; t++) {
    passes[t] = (it->pattern[pattern] >> t & 1U) != 0
                    ? 1
                    : l->all_parts[turns][t] * l->rest_parts[turns][t];
  }
  return cds_unequal_rest_after(it, l->group + 1, passes);
}

/* Adds a candidate that may be part of something better. */
static void add_candidate(cds_lister *l, double key,
                          const double cost[CDS_PATTERNS_MAX],
                          const double cycles[CDS_PATTERNS_MAX],
                          const double pass[CDS_TENSORS_MAX]) {
  const cds_unequal *it = l->it;
  cds_unequal_group *out = l->out;
  const bool full = l->most > 0 && out->count == l->most;
  l->status = full ? CDS_ELIMIT : grow(out);
  if (l->status != CDS_OK) {
    return;
  }
  cds_unequal_candidate *made = &out->candidate[out->count++];
  made->key = key;
  made->least_cycles = (double)INFINITY;
  for (unsigned p = 0; p < it->patterns; p++) {
    made->cost[p] = cost[p];
    made->cycles[p] = cycles[p];
    made->least_cycles = fmin(made->least_cycles, cycles[p]);
    out->least[p] = fmin(out->least[p], cost[p]);
  }
  memcpy(made->at, l->at, sizeof made->at);
  for (unsigned t = 0; t < it->general->tensors; t++) {
    made->pass[t] = pass[t];
    made->passes[t] = l->all_parts[it->ranks][t];
  }
  for (unsigned i = 0; i < l->legs; i++) {
    const unsigned t = l->leg[i]->way->tensor;
    out->again[t] = fmin(out->again[t], pass[t]);
  }
}

static void take(cds_lister *l) {
  const cds_unequal *it = l->it;
  const cds_aim *aim = &it->job->aim;
  double cost[CDS_PATTERNS_MAX];
  double inside[CDS_PATTERNS_MAX];
  double pass[CDS_TENSORS_MAX];
  if (!cost_of(cost, pass, l)) {
    return;
  }
  double key = (double)INFINITY;
  double least = (double)INFINITY;
  for (unsigned p = 0; p < it->patterns; p++) {
    inside[p] = inside_pj(l, it->ranks, p);
    key = cds_less_of(key, cost[p]);
    least = cds_less_of(least, cost[p] + inside[p]);
  }
  const double cycles =
      cds_more_of(l->others_cycles, l->all_steps[it->ranks] + l->waits);
  if ((l->seeking && key >= l->least_key) ||
      cds_descent_beyond(it->job,
                         cds_aim_value(aim, l->others_pj + least, cycles))) {
    return;
  }
  double of[CDS_PATTERNS_MAX];
  double value = (double)INFINITY;
  for (unsigned p = 0; p < it->patterns; p++) {
    const double pj = l->others_pj + cost[p] + inside[p];
    of[p] = cycles;
    if (cds_descent_beyond(it->job, cds_aim_value(aim, pj, cycles))) {
      continue; /* whatever its cycles are */
    }
    of[p] = cds_more_of(cycles, cycles_of(l, p));
    value = cds_less_of(value, cds_aim_value(aim, pj, of[p]));
  }
  if (cds_descent_beyond(it->job, value)) {
    return;
  }
  if (l->seeking) {
    l->least_key = key;
    return;
  }
  add_candidate(l, key, cost, of, pass);
}

/* Words of a window at least after so many turns. */
static cds_window_least window_after(const cds_lister *l, unsigned turns,
                                     unsigned place, unsigned w,
                                     const cds_unequal_window *window) {
  const unsigned a = window->rank[0];
  const unsigned b = window->rank[1];
  const bool chosen[2] = {l->turn[a] < turns, l->turn[b] < turns};
  if (chosen[0] && chosen[1]) {
    const cds_window_words *at =
        &l->window[place][w][(size_t)l->at[a] * l->out->options[b] + l->at[b]];
    return at->words < 0
               ? (cds_window_least){(double)INFINITY, (double)INFINITY}
               : (cds_window_least){at->words, at->once};
  }
  return chosen[0]   ? l->row[place][w][l->at[a]]
         : chosen[1] ? l->row[place][w][l->at[b]]
                     : l->any[place][w];
}

/* Whether no choice of the ranks that are left is of interest after so many
 * turns. What a candidate takes is a product over the ranks, and over the
 * windows (cds_windows_words: words of each at least); with the least factors
 * of the ranks and windows that are left it is not more than `take` finds. */
static bool turns_beyond(const cds_lister *l, unsigned turns) {
  const cds_unequal *it = l->it;
  double stays[CDS_TENSORS_MAX];
  double moves[CDS_TENSORS_MAX];
  double fixed = 0;
  for (unsigned i = 0; i < l->legs; i++) {
    const cds_unequal_tensor *tensor = &it->tensor[l->leg[i]->way->tensor];
    stays[i] = moves[i] = 0;
    fixed += l->leg[i]->constant[CDS_ENERGY];
    for (unsigned e = 0; e < l->leg[i]->entries; e++) {
      const unsigned p = l->first_place[i] + e;
      const double full = l->all_full[turns][p] * l->rest_full[turns][p];
      const double stay = l->all_stay[turns][p] * l->rest_stay[turns][p];
      cds_window_least least = {1, 1};
      for (unsigned w = 0; w < tensor->windows; w++) {
        const cds_window_least at =
            window_after(l, turns, p, w, &tensor->window[w]);
        least.words *= at.words;
        least.once *= at.once;
      }
      stays[i] += l->leg[i]->pj[e] * stay * least.words;
      moves[i] +=
          l->leg[i]->pj[e] * cds_more_of(full * least.words, stay * least.once);
    }
  }
  double key = (double)INFINITY;
  for (unsigned b = 0; b < it->patterns; b++) {
    double cost = fixed;
    for (unsigned i = 0; i < l->legs; i++) {
      const unsigned t = l->leg[i]->way->tensor;
      cost += (it->pattern[b] >> t & 1U) != 0 ? stays[i] : moves[i];
    }
    key = cds_less_of(key, cost + inside_pj(l, turns, b));
  }
  if (l->seeking && key >= l->least_key) {
    return true;
  }
  const double steps = l->all_steps[turns] * l->rest_steps[turns];
  return cds_descent_beyond(
      it->job, cds_aim_value(&it->job->aim, l->others_pj + key,
                             cds_more_of(l->others_cycles, steps + l->waits)));
}

/* Depth of recursion: the ranks. */
// NOLINTNEXTLINE(misc-no-recursion)
static void choose(cds_lister *l, unsigned turn) {
  if (turn == l->it->ranks) {
    take(l);
    return;
  }
  const unsigned rank = l->order[turn];
  const cds_unequal_option *option = l->out->option[rank];
  const unsigned places = l->first_place[l->legs];
  const uint64_t least = l->tile[rank];
  const unsigned looped = l->looped;
  set_beside(l, turn);
  for (unsigned i = 0; i < l->out->options[rank] && l->status == CDS_OK; i++) {
    l->tile[rank] = option[i].tile;
    l->looped = looped | (option[i].looped ? 1U << rank : 0);
    l->at[rank] = (uint16_t)i;
    if (!fits(l, turn)) {
      /* The longest of all need not stand there twice. */
      if (option[i].looped) {
        l->looped = looped;
        if (!fits(l, turn)) {
          break;
        }
      }
      continue;
    }
    for (unsigned p = 0; p < places; p++) {
      l->all_full[turn + 1][p] = l->all_full[turn][p] * l->full[p][rank][i];
      l->all_stay[turn + 1][p] = l->all_stay[turn][p] * l->stay[p][rank][i];
    }
    l->all_steps[turn + 1] = l->all_steps[turn] * l->steps[rank][i];
    for (unsigned t = 0; t < l->it->general->tensors; t++) {
      const bool has = (l->it->tensor[t].has >> rank & 1U) != 0;
      l->all_parts[turn + 1][t] =
          l->all_parts[turn][t] * (has ? 1 : l->parts[rank][i]);
    }
    if (turn + 1 == l->it->ranks || !turns_beyond(l, turn + 1)) {
      choose(l, turn + 1);
    }
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

/* What all candidates of the group have in common. */
static cds_status begin_list(cds_lister *l, cds_unequal *it, unsigned group,
                             const cds_unequal_sum *others, double steps) {
  const cds_chain *chain = it->layout.chain;
  l->it = it;
  l->out = &it->group[group];
  l->group = group;
  l->inner = !it->any_spread && group < it->general->groups;
  l->others_pj = it->general->base_pj + others->at[CDS_ENERGY] -
                 (l->inner ? it->group_pj[group + 1] : 0);
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
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    l->leg[l->legs++] = &it->layout.leg[w];
    l->first_place[l->legs] =
        l->first_place[l->legs - 1] + it->layout.leg[w].entries;
  }
  CDS_TRY(cds_lister_fill(l));
  set_room(l);
  return CDS_OK;
}

static void list_all(cds_lister *l) {
  const cds_unequal *it = l->it;
  cds_unequal_group *out = l->out;
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
  if (any && !turns_beyond(l, 0)) {
    choose(l, 0);
  }
}

cds_status cds_unequal_candidates(cds_unequal *it, unsigned group,
                                  const cds_unequal_sum *others, double steps) {
  cds_unequal_group *out = &it->group[group];
  cds_lister *l = cds_arena_alloc(it->scratch, sizeof *l);
  if (l == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(begin_list(l, it, group, others, steps));
  l->most = it->any_spread ? it->job->outer_most : 0;
  list_all(l);
  out->long_list = l->most > 0 && l->status == CDS_ELIMIT;
  if (out->long_list) {
    l->status = CDS_OK;
    l->seeking = true;
    l->least_key = (double)INFINITY;
    list_all(l);
    out->least_pj = l->least_key;
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
