/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounds of boxes of cuts, and what they are narrowed to; see any.h. */
#include "verify/any_box.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"

static uint64_t up(uint64_t a, uint64_t b) { return cds_ceil_div_u64(a, b); }
static uint64_t more_of(uint64_t a, uint64_t b) { return a > b ? a : b; }
static uint64_t less_of(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* ---- lengths ----------------------------------------------------------- */

/* Narrows an interval to values from `least` to `most`. */
static bool keep(cds_span *span, const cds_any_list *list, uint64_t least,
                 uint64_t most) {
  if (list->value[span->high] < least || list->value[span->low] > most) {
    return false;
  }
  if (list->value[span->low] < least) {
    size_t below = span->low; /* the value there is less */
    size_t at = span->high;
    while (at - below > 1) {
      const size_t middle = below + (at - below) / 2;
      *(list->value[middle] < least ? &below : &at) = middle;
    }
    span->low = at;
  }
  if (list->value[span->high] > most) {
    size_t above = span->high;
    size_t at = span->low;
    while (above - at > 1) {
      const size_t middle = at + (above - at) / 2;
      *(list->value[middle] > most ? &above : &at) = middle;
    }
    span->high = at;
  }
  return span->low <= span->high;
}

/* The values at the ends of a class's intervals. */
static void read_ends(cds_any_view *view, const cds_any *walk,
                      const cds_any_box *box, unsigned c) {
  const uint64_t *part = walk->part[c].value;
  const uint64_t *spread = walk->spread[c].value;
  view->low[c] = (cds_any_cut){spread[box->s[c].low], part[box->p[c].low],
                               part[box->r[c].low]};
  view->high[c] = (cds_any_cut){spread[box->s[c].high], part[box->p[c].high],
                                part[box->r[c].high]};
}

/* Narrows r to lengths between these, or to what the loops that are not there
 * leave of them. */
static bool keep_inner(cds_any *walk, cds_any_box *box, unsigned c,
                       uint64_t least, uint64_t most) {
  const cds_any_class *of = &walk->of[c];
  return keep(&box->r[c], &walk->part[c], of->held[1] ? 1 : least, most);
}

/* What the order of lengths in any.h leaves of the intervals. */
static bool keep_order(cds_any_view *view, cds_any *walk, cds_any_box *box,
                       unsigned c) {
  const cds_any_class *of = &walk->of[c];
  const cds_any_list *part = &walk->part[c];
  const cds_any_list *spread = &walk->spread[c];
  read_ends(view, walk, box, c);
  const cds_any_cut *low = &view->low[c];
  const cds_any_cut *high = &view->high[c];
  bool some = true;
  if (of->above == 0) {
    const uint64_t dealt = up(of->size, low->s);
    const uint64_t most = of->held[1] ? dealt : less_of(dealt, high->r);
    some = keep(&box->p[c], part, low->r, most) &&
           keep_inner(walk, box, c, low->p, high->p) &&
           (of->held[2] || keep(&box->r[c], part, 1, 1));
  } else if (of->above == 1) {
    const uint64_t least = more_of(low->s, low->s * (low->r - 1) + 1);
    const uint64_t most = of->held[1] ? of->size : high->s * high->r;
    some = keep(&box->p[c], part, least, most) &&
           keep(&box->s[c], spread, 1, high->p) &&
           keep_inner(walk, box, c, up(low->p, high->s), up(high->p, low->s)) &&
           (of->held[2] || keep(&box->r[c], part, 1, 1));
  } else {
    const uint64_t most = of->held[1] ? of->size : high->r;
    some = keep(&box->p[c], part, low->r, most) &&
           keep_inner(walk, box, c, more_of(low->p, low->s), high->p) &&
           keep(&box->r[c], part, low->s, of->held[2] ? of->size : high->s) &&
           keep(&box->s[c], spread, of->held[2] ? 1 : low->r, high->r);
  }
  read_ends(view, walk, box, c);
  return some;
}

/* Spreads together are not more than the array has. */
static bool keep_units(const cds_any *walk, cds_any_box *box) {
  double least = 1;
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    least *= (double)walk->spread[c].value[box->s[c].low];
  }
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    const uint64_t own = walk->spread[c].value[box->s[c].low];
    const double most = walk->units / least * (double)own;
    if (!keep(&box->s[c], &walk->spread[c], own,
              (uint64_t)fmin(most + 1e-6, 0x1p62))) {
      return false;
    }
  }
  return true;
}

/* ---- spreads ----------------------------------------------------------- */

/* Whether the spreads of the class and the following fit on what is left of the
 * axes; depth: the classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool fit_axes(const uint64_t s[CDS_VERIFY_CLASSES], unsigned full,
                     unsigned c, uint64_t rows, uint64_t cols) {
  if (c == CDS_VERIFY_CLASSES) {
    return true;
  }
  for (uint64_t r = 1; r <= s[c] && r <= rows; r++) {
    const bool may = (full >> c & 1U) != 0 || s[c] % r == 0;
    if (may && up(s[c], r) <= cols &&
        fit_axes(s, full, c + 1, rows / r, cols / up(s[c], r))) {
      return true;
    }
  }
  return false;
}

bool cds_any_full_fits(const cds_pair *pair, uint64_t s) {
  const cds_array *array = &pair->arch->array[0];
  return pair->arch->arrays > 0 &&
         up(s, array->extent[0]) <= (array->axes > 1 ? array->extent[1] : 1);
}

/* Classes whose longest length that is dealt out may be the spread. */
static unsigned full_classes(const cds_any *walk, const cds_any_view *view) {
  const cds_pair *pair = walk->it->pair;
  unsigned full = 0;
  for (unsigned c = 0; c < CDS_VERIFY_TENSORS; c++) {
    const cds_any_cut *low = &view->low[c];
    const unsigned above = walk->of[c].above;
    const uint64_t dealt = above == 0   ? pair->size[c]
                           : above == 1 ? low->p
                           : above == 2 ? low->r
                                        : low->s;
    full |= pair->unequal[c] && dealt == low->s ? 1U << c : 0;
  }
  const bool batch = walk->first || pair->size[3] == view->s_low;
  return full | (pair->unequal[3] && batch ? 8U : 0);
}

static bool spreads_fit(const cds_any *walk, const cds_any_view *view,
                        cds_any_box *box) {
  const cds_arch *arch = walk->it->pair->arch;
  uint64_t s[CDS_VERIFY_CLASSES];
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    if (box->s[c].low != box->s[c].high || arch->arrays == 0) {
      return true;
    }
    s[c] = walk->spread[c].value[box->s[c].low];
  }
  const unsigned full = full_classes(walk, view);
  if (box->fits == full + 1) {
    return true;
  }
  box->fits = full + 1;
  const cds_array *array = &arch->array[0];
  return fit_axes(s, full, 0, array->extent[0],
                  array->axes > 1 ? array->extent[1] : 1);
}

/* ---- room -------------------------------------------------------------- */

static unsigned in_of(const cds_descent *it, unsigned t, unsigned level,
                      unsigned d) {
  static const unsigned in[] = {CDS_IN_NONE, CDS_IN_BOTH, CDS_IN_SECOND};
  return in[it->inside[t][level][d]];
}

static cds_tile least_tile(const cds_any *walk, const cds_any_view *view,
                           unsigned t, unsigned level) {
  const cds_descent *it = walk->it;
  const bool under = it->pair->under[level];
  cds_tile tile = {.words = under ? 1 : (double)view->s_low,
                   .replaced = it->pair->size[3] > view->s_high};
  for (unsigned d = 0; d < CDS_VERIFY_TENSORS; d++) {
    if (d != t) {
      const unsigned in = in_of(it, t, level, d);
      tile.words *= view->least[d].extent[under][in];
      tile.replaced = tile.replaced || view->least[d].more[in];
    }
  }
  return tile;
}

/* Bits of a word at a level, at least: of an output those of sums where more
 * of them come in than there are results. */
static double least_bits(const cds_any *walk, const cds_any_view *view,
                         unsigned t, unsigned level) {
  const cds_pair *pair = walk->it->pair;
  const cds_tensor *tensor = &pair->einsum->tensor[t];
  if (t + 1 < CDS_VERIFY_TENSORS) {
    return tensor->format.bits;
  }
  const bool innermost = walk->it->held[t] >> level == 0;
  const bool each = pair->under[level] || !pair->under[CDS_VERIFY_LEVELS];
  const double come =
      each ? (double)pair->size[t] : view->least[t].one[CDS_VERIFY_LEVELS];
  return innermost && pair->passes * come > pair->repeats
             ? tensor->accumulator.bits
             : fmin(tensor->format.bits, tensor->accumulator.bits);
}

static bool may_fit(const cds_any *walk, const cds_any_view *view) {
  const cds_descent *it = walk->it;
  const cds_pair *pair = it->pair;
  for (unsigned l = 1; l < pair->levels; l++) {
    double need = pair->taken_bits[l];
    for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
      const bool home = pair->home[t] == l;
      if (home || cds_is_held(it, t, l)) {
        const cds_tile tile =
            home ? cds_home_tile(pair, t) : least_tile(walk, view, t, l);
        need += tile.words * least_bits(walk, view, t, l) *
                (tile.replaced && cds_doubles(pair->arch, l) ? 2 : 1);
      }
    }
    if (need > (double)pair->arch->level[l].size_bits) {
      return false;
    }
  }
  return true;
}

/* Sets what all cuts of a class have at least. False: there is none. */
static bool set_least(cds_any_view *view, cds_any *walk, unsigned c) {
  const cds_any_cut *low = &view->low[c];
  const cds_any_cut *high = &view->high[c];
  view->single[c] = low->s == high->s && low->p == high->p && low->r == high->r;
  view->known[c] = NULL;
  if (!view->single[c]) {
    cds_any_least(&view->least[c], walk->it->pair, &walk->of[c], low, high);
    return true;
  }
  if (!walk->asked[c] || memcmp(&walk->cut[c], low, sizeof *low) != 0) {
    walk->asked[c] = true;
    walk->cut[c] = *low;
    cds_any_know(&walk->known[c], walk->it->pair, &walk->of[c], low);
  }
  view->known[c] = &walk->known[c];
  view->least[c] = walk->known[c].numbers;
  return walk->known[c].possible;
}

/* Lowers the upper end of one interval to what may fit: tiles grow with each
 * length. */
static void lower_end(const cds_any_view *view, cds_any *walk, cds_span *span,
                      unsigned c, bool inner) {
  cds_any_view at = *view;
  size_t fits = span->low;
  size_t beyond = span->high + 1;
  for (size_t next = span->high; beyond - fits > 1;
       next = fits + (beyond - fits) / 2) {
    *(inner ? &at.low[c].r : &at.low[c].p) = walk->part[c].value[next];
    cds_any_least(&at.least[c], walk->it->pair, &walk->of[c], &at.low[c],
                  &view->high[c]);
    *(may_fit(walk, &at) ? &fits : &beyond) = next;
  }
  span->high = fits;
}

static bool keep_room(cds_any_view *view, cds_any *walk, cds_any_box *box) {
  if (!may_fit(walk, view)) {
    return false;
  }
  for (unsigned c = 0; c < CDS_VERIFY_TENSORS; c++) {
    if (!view->single[c]) {
      lower_end(view, walk, &box->p[c], c, false);
      lower_end(view, walk, &box->r[c], c, true);
      read_ends(view, walk, box, c);
      if (!set_least(view, walk, c)) {
        return false;
      }
    }
  }
  return true;
}

bool cds_any_narrow(cds_any_view *view, cds_any *walk, cds_any_box *box) {
  if (!keep_units(walk, box)) {
    return false;
  }
  for (unsigned c = 0; c < CDS_VERIFY_TENSORS; c++) {
    if (!keep_order(view, walk, box, c) || !set_least(view, walk, c)) {
      return false;
    }
  }
  view->s_low = walk->spread[3].value[box->s[3].low];
  view->s_high = walk->spread[3].value[box->s[3].high];
  return spreads_fit(walk, view, box) &&
         (walk->it->floor || keep_room(view, walk, box));
}

/* ---- values ------------------------------------------------------------ */

bool cds_any_narrow_sums(const cds_pair *pair) {
  const cds_tensor *output = &pair->einsum->tensor[CDS_VERIFY_TENSORS - 1];
  return output->accumulator.bits < output->format.bits;
}

/* How the tensor's class is spread, or the way that asks for less. */
static unsigned way_of(const cds_any *walk, const cds_any_view *view,
                       unsigned t) {
  const cds_pair *pair = walk->it->pair;
  if (view->high[t].s == 1) {
    return CDS_SPREAD_NOT;
  }
  if (t + 1 < CDS_VERIFY_TENSORS) {
    return CDS_SPREAD_ALONE; /* operands have no sums that meet */
  }
  bool alone = true;
  bool met = true;
  for (unsigned l = 1; view->single[t] && l <= CDS_VERIFY_LEVELS; l++) {
    if (pair->under[l]) {
      alone = alone && view->known[t]->alone[l];
      met = met && !view->known[t]->alone[l];
    }
  }
  if (view->single[t] && alone != met) {
    return alone ? CDS_SPREAD_ALONE : CDS_SPREAD_MET;
  }
  if (!pair->unequal[t] && view->low[t].s > 1) {
    return CDS_SPREAD_MET;
  }
  return cds_any_narrow_sums(pair) ? CDS_SPREAD_MET : CDS_SPREAD_ALONE;
}

/* Steps in time, of all passes: no class has less, and no more points than the
 * array has units are done in one. */
static double least_steps(const cds_any *walk, const cds_any_view *view) {
  const cds_pair *pair = walk->it->pair;
  double steps = (double)up(pair->size[3], view->s_high);
  double points = (double)pair->size[3];
  for (unsigned c = 0; c < CDS_VERIFY_TENSORS; c++) {
    steps *= view->least[c].one[CDS_VERIFY_LEVELS];
    points *= (double)pair->size[c];
  }
  return pair->passes * fmax(steps, points / walk->units);
}

double cds_any_value(cds_any *walk, const cds_any_view *view) {
  const cds_descent *it = walk->it;
  const cds_pair *pair = it->pair;
  double share[CDS_VERIFY_TENSORS];
  const double batch = (double)up(pair->size[3], view->s_high);
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    share[t] = batch / (double)pair->size[3];
    for (unsigned d = 0; d < CDS_VERIFY_TENSORS; d++) {
      share[t] *= d == t ? 1
                         : view->least[d].one[CDS_VERIFY_LEVELS] /
                               (double)pair->size[d];
    }
  }
  walk->it->steps = least_steps(walk, view);
  double asks[CDS_ASKS];
  cds_asks_begin(asks, pair);
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    const cds_any_numbers *least = &view->least[t];
    const cds_any_rate *rate =
        cds_any_rate_get(walk, t, it->held[t], way_of(walk, view, t));
    const double by[CDS_BYS] = {1,
                                least->one[1],
                                least->one[2],
                                least->one[3],
                                least->all[1],
                                least->all[2]};
    for (unsigned i = 0; i < walk->asks; i++) {
      const unsigned a = walk->ask[i];
      double sum = 0;
      for (unsigned b = 0; b < CDS_BYS; b++) {
        const double most = b == 0 ? 1 : (double)pair->size[t];
        sum += rate->by[b][a] * (rate->by[b][a] < 0 ? most : by[b]);
      }
      asks[a] += fmax(sum, 0) * (pair->on_one[a] ? share[t] : 1);
    }
  }
  return cds_asks_value(it, asks);
}

/* ---- one mapping ------------------------------------------------------- */

static uint64_t loops_below(const cds_any_view *view,
                            const cds_holder_place *place) {
  return view->known[place->tensor]->loops[place->level];
}

/* Whether no holder is hoisted further than its place says (walk.h). */
static bool settled(const cds_descent *it, const cds_any_view *view) {
  for (unsigned p = 0; p < it->holders; p++) {
    const unsigned t = it->order[p].tensor;
    unsigned above = p;
    while (above > 0 && loops_below(view, &it->order[above - 1]) == 1) {
      above--;
    }
    if (above == 0 ? view->known[t]->top > 1
                   : it->order[above - 1].tensor == t) {
      return false;
    }
  }
  return true;
}

static cds_tile tile_of(const cds_any *walk, const cds_any_view *view,
                        unsigned t, unsigned level) {
  const cds_descent *it = walk->it;
  const cds_pair *pair = it->pair;
  const bool under = pair->under[level];
  const uint64_t rest = pair->size[3] % view->s_low;
  const double batch = (double)view->s_low;
  const double last = rest == 0 ? batch : (double)rest;
  const bool apart = under && !cds_unites(pair, t);
  cds_tile tile = least_tile(walk, view, t, level);
  tile.outer = batch * (apart ? (double)view->low[t].s : 1);
  tile.last = under ? 1 : last;
  tile.last_outer = last * (apart ? view->known[t]->last_group[level] : 1);
  for (unsigned d = 0; d < CDS_VERIFY_TENSORS; d++) {
    if (d != t) {
      const unsigned in = in_of(it, t, level, d);
      tile.outer *= view->least[d].extent[0][in];
      tile.last *= view->known[d]->last[under][in];
      tile.last_outer *= view->known[d]->last[0][in];
    }
  }
  return tile;
}

double cds_any_try(cds_any *walk, const cds_any_view *view) {
  cds_descent *it = walk->it;
  cds_choices choices;
  memset(&choices, 0, sizeof choices);
  if (!settled(it, view)) {
    return (double)INFINITY;
  }
  choices.steps[3] = (double)up(it->pair->size[3], view->s_low);
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    const cds_any_known *known = view->known[t];
    choices.held[t] = it->held[t];
    choices.steps[t] = known->numbers.one[CDS_VERIFY_LEVELS];
    memcpy(choices.one[t], known->numbers.one, sizeof choices.one[t]);
    memcpy(choices.all[t], known->numbers.all, sizeof choices.all[t]);
    memcpy(choices.alone[t], known->alone, sizeof choices.alone[t]);
    for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
      if (cds_is_held(it, t, l)) {
        choices.tile[t][l] = tile_of(walk, view, t, l);
      }
    }
  }
  return cds_mapping_try(it, &choices);
}
