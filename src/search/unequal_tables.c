/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each length that a rank may have in front of a group takes, and the
 * least that any of them does: tables of unequal_tiles.c.
 */
#include <math.h>

#include "search/unequal_list.h"

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

static cds_status fill_rank(cds_lister *l, unsigned place, unsigned rank,
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

static cds_status fill_window(cds_lister *l, unsigned place, unsigned w,
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

static cds_status fill_steps(cds_lister *l) {
  static const cds_unequal_entry all = {0, ~0U};
  cds_unequal *it = l->it;
  const cds_unequal_place place = {NULL, &all, l->group};
  for (unsigned r = 0; r < it->ranks; r++) {
    l->steps[r] = cds_arena_array(it->scratch, l->out->options[r] + 1U,
                                  sizeof *l->steps[r]);
    l->parts[r] = cds_arena_array(it->scratch, l->out->options[r] + 1U,
                                  sizeof *l->parts[r]);
    if (l->steps[r] == NULL || l->parts[r] == NULL) {
      return CDS_ENOMEM;
    }
    for (unsigned i = 0; i < l->out->options[r]; i++) {
      l->parts[r][i] = cds_least_parts(it, &place, r, &l->out->option[r][i]);
      l->steps[r][i] =
          it->any_spread
              ? 1
              : least_steps(it, l->group, r, l->out->option[r][i].before);
    }
  }
  l->all_steps[0] = 1;
  for (unsigned t = 0; t < it->general->tensors; t++) {
    l->all_parts[0][t] = 1;
  }
  return CDS_OK;
}

/* Tables of an entry of a leg, by ranks and by windows. */
static cds_status fill_entry(cds_lister *l, unsigned i, unsigned e) {
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

/* Both ranks of a window one after the other, so that its words are soon known;
 * those of windows last, since they have most to do with room. */
static void set_turns(cds_lister *l) {
  const cds_unequal *it = l->it;
  unsigned count = 0;
  unsigned windowed = 0;
  for (unsigned t = 0; t < it->general->tensors; t++) {
    windowed |= it->tensor[t].has & ~it->tensor[t].whole;
  }
  for (unsigned r = 0; r < it->ranks; r++) {
    if ((windowed >> r & 1U) == 0) {
      l->order[count++] = r;
    }
  }
  for (unsigned t = 0; t < it->general->tensors; t++) {
    for (unsigned w = 0; w < it->tensor[t].windows; w++) {
      for (unsigned i = 2; i-- > 0;) {
        const unsigned r = it->tensor[t].window[w].rank[i];
        if ((windowed >> r & 1U) != 0) {
          l->order[count++] = r;
          windowed &= ~(1U << r);
        }
      }
    }
  }
  for (unsigned n = 0; n < count; n++) {
    l->turn[l->order[n]] = n;
  }
}

static double least_of(const double *value, unsigned count) {
  double least = (double)INFINITY;
  for (unsigned i = 0; i < count; i++) {
    least = fmin(least, value[i]);
  }
  return least;
}

/* What the ranks from each turn on add at least. */
static void sum_rests(cds_lister *l) {
  const unsigned places = l->first_place[l->legs];
  const unsigned last = l->it->ranks;
  l->rest_steps[last] = 1;
  for (unsigned t = 0; t < l->it->general->tensors; t++) {
    l->rest_parts[last][t] = 1;
  }
  for (unsigned p = 0; p < places; p++) {
    l->rest_full[last][p] = l->rest_stay[last][p] = 1;
  }
  for (unsigned n = last; n-- > 0;) {
    const unsigned r = l->order[n];
    const unsigned options = l->out->options[r];
    l->rest_steps[n] = l->rest_steps[n + 1] * least_of(l->steps[r], options);
    const double parts = least_of(l->parts[r], options);
    for (unsigned t = 0; t < l->it->general->tensors; t++) {
      const bool has = (l->it->tensor[t].has >> r & 1U) != 0;
      l->rest_parts[n][t] = l->rest_parts[n + 1][t] * (has ? 1 : parts);
    }
    for (unsigned p = 0; p < places; p++) {
      l->rest_full[n][p] =
          l->rest_full[n + 1][p] * least_of(l->full[p][r], options);
      l->rest_stay[n][p] =
          l->rest_stay[n + 1][p] * least_of(l->stay[p][r], options);
    }
  }
}

/* Least words of a window by the option of the rank whose turn comes first. */
static cds_status sum_rows(cds_lister *l, unsigned place, unsigned w,
                           const cds_unequal_window *window) {
  const unsigned first = l->out->options[window->rank[0]];
  const unsigned second = l->out->options[window->rank[1]];
  const bool swapped = l->turn[window->rank[0]] > l->turn[window->rank[1]];
  const unsigned rows = swapped ? second : first;
  static const cds_window_least none = {(double)INFINITY, (double)INFINITY};
  cds_window_least *row =
      cds_arena_array(l->it->scratch, rows + 1U, sizeof *row);
  if (row == NULL) {
    return CDS_ENOMEM;
  }
  l->row[place][w] = row;
  l->any[place][w] = none;
  for (unsigned i = 0; i < rows; i++) {
    row[i] = none;
  }
  for (unsigned i = 0; i < first; i++) {
    for (unsigned j = 0; j < second; j++) {
      const cds_window_words *at = &l->window[place][w][(size_t)i * second + j];
      cds_window_least *to = &row[swapped ? j : i];
      if (at->words >= 0) {
        to->words = fmin(to->words, at->words);
        to->once = fmin(to->once, at->once);
      }
    }
  }
  for (unsigned i = 0; i < rows; i++) {
    l->any[place][w].words = fmin(l->any[place][w].words, row[i].words);
    l->any[place][w].once = fmin(l->any[place][w].once, row[i].once);
  }
  return CDS_OK;
}

static cds_status fill_leg(cds_lister *l, unsigned i) {
  const cds_unequal_tensor *tensor = &l->it->tensor[l->leg[i]->way->tensor];
  for (unsigned e = 0; e < l->leg[i]->entries; e++) {
    CDS_TRY(fill_entry(l, i, e));
    for (unsigned w = 0; w < tensor->windows; w++) {
      CDS_TRY(sum_rows(l, l->first_place[i] + e, w, &tensor->window[w]));
    }
  }
  return CDS_OK;
}

cds_status cds_lister_fill(cds_lister *l) {
  set_turns(l);
  for (unsigned i = 0; i < l->legs; i++) {
    CDS_TRY(fill_leg(l, i));
  }
  CDS_TRY(fill_steps(l));
  sum_rests(l);
  return CDS_OK;
}
