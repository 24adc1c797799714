/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Least energy of all chains of holders with one vector of spreads, and with
 * all vectors that spread more on the axes that are not decided.
 *
 * One vector. The energy of a tensor is a constant and a sum over places of a
 * price times the least words there (cds_unequal_least_words). Neither depends
 * on the spreads, but for prices of the output, and these only by which arrays
 * spread a reduction: pass_zero asks for nothing else (unequal_legs.c). So
 * prices are made once for each way in which chains hold a tensor, and for each
 * set of such arrays (and by whether these take all reductions in one step:
 * adds_below); words are found once for each place. A chain takes the
 * sum of its tensors, hence all of them at least the sum of the least of each.
 *
 * More vectors. What is not decided multiplies the instances by `room` at most,
 * x_r of them for rank r. At compute the parts of a rank of size D are
 * ceil(D / (U x_r)) >= D / (U x_r), U the points that the united instances have
 * so far. Words are a product of parts over the ranks that the tensor lacks,
 * and for each window of a and b with parts p and q of
 *
 *   max(a q + b p - p q, a b / m, n),
 *
 * n its positions. The first rises with p <= a and q <= b, so that it is
 *   >= a q / x_b + b p / x_a - p q / (x_a x_b)
 *   >= (a q + b p - p q) / (x_a x_b),
 * and m, which is no more than the points of either rank, grows at most by the
 * lesser of x_a and x_b, so that x_a x_b divides the largest of the three at
 * most. So, unless two windows share a rank, words are at least those with
 * parts D / U, divided by all x_r, whose product is no more than `room`; and no
 * less than all positions once. At holders words do not fall when more is
 * spread. Prices of words are not below 0. Of the output's prices those of any
 * set of arrays may come to be that has the arrays known to spread a reduction.
 */
#include <math.h>
#include <string.h>

#include "search/unequal_nest.h"

/* ---- holders and places ------------------------------------------------- */

static bool same_holders(const cds_chain *a, const cds_chain *b, unsigned t) {
  unsigned i = 0;
  unsigned j = 0;
  while (i <= a->ways) {
    while (i < a->ways && a->way[i].tensor != t) {
      i++;
    }
    while (j < b->ways && b->way[j].tensor != t) {
      j++;
    }
    if (i == a->ways || j == b->ways) {
      return i == a->ways && j == b->ways;
    }
    if (a->way[i++].child != b->way[j++].child) {
      return false;
    }
  }
  return false;
}

static cds_status find_kinds(cds_unequal *it, unsigned t) {
  cds_unequal_floor *out = &it->floor[t];
  *out = (cds_unequal_floor){.kinds = 0};
  out->of = cds_arena_array(it->scratch, it->chains + 1, sizeof *out->of);
  uint16_t *first = cds_arena_array(it->scratch, it->chains + 1, sizeof *first);
  out->first = first;
  out->pj = cds_arena_array(it->scratch, it->chains + 1, sizeof *out->pj);
  if (out->of == NULL || first == NULL || out->pj == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t c = 0; c < it->chains; c++) {
    unsigned kind = 0;
    while (kind < out->kinds &&
           !same_holders(&it->chain[c], &it->chain[first[kind]], t)) {
      kind++;
    }
    if (kind == out->kinds) {
      first[out->kinds++] = (uint16_t)c;
    }
    out->of[c] = (uint16_t)kind;
  }
  return CDS_OK;
}

static unsigned united_by(const cds_unequal_entry *entry, unsigned depth) {
  const unsigned above = (1U << depth) - 1;
  const unsigned from = (1U << entry->from) - 1;
  return entry->united & above & ~from;
}

/* The place of an entry among those of its tensor. */
static unsigned place_of(cds_unequal_floor *out, const cds_leg *way,
                         const cds_unequal_entry *entry, bool compute) {
  const cds_floor_place place = {compute, way->depth,
                                 united_by(entry, way->depth)};
  unsigned p = 0;
  while (p < out->places && (out->place[p].compute != place.compute ||
                             out->place[p].depth != place.depth ||
                             out->place[p].united != place.united)) {
    p++;
  }
  if (p == out->places) {
    out->place[out->places++] = place;
  }
  return p;
}

/* Prices of a tensor's places, and last the constant, with the spreads of the
 * layout at hand. */
static void price_kind(double *price, cds_unequal *it, unsigned t) {
  const cds_chain *chain = it->layout.chain;
  cds_unequal_floor *out = &it->floor[t];
  cds_unequal_tensor_price(it, t);
  for (unsigned p = 0; p <= CDS_FLOOR_PLACES_MAX; p++) {
    price[p] = 0;
  }
  for (unsigned w = 0; w < chain->ways; w++) {
    const cds_leg *way = &chain->way[w];
    if (way->tensor != t) {
      continue;
    }
    const cds_unequal_leg *leg = &it->layout.leg[w];
    price[CDS_FLOOR_PLACES_MAX] += leg->constant[CDS_ENERGY];
    for (unsigned e = 0; e < leg->entries; e++) {
      const unsigned p =
          place_of(out, way, &leg->entry[e], way->group > it->general->groups);
      price[p] += leg->pj[e];
    }
  }
}

/* Of each set of arrays that spread a reduction, and each kind. */
static cds_status price_kinds(cds_unequal *it, unsigned t) {
  cds_unequal_floor *out = &it->floor[t];
  const unsigned arrays = it->general->arch->arrays;
  unsigned lacked = it->ranks;
  for (unsigned r = 0; r < it->ranks && t == it->general->output; r++) {
    lacked = (it->tensor[t].has >> r & 1U) == 0 ? r : lacked;
  }
  out->sets = lacked < it->ranks ? 2U << arrays : 1;
  out->price = cds_arena_array(it->scratch, (size_t)out->sets * out->kinds,
                               sizeof *out->price);
  if (out->price == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned set = 0; set < out->sets; set++) {
    it->layout.sums_at_once = (set >> arrays & 1U) == 0;
    for (unsigned k = 0; k < arrays && lacked < it->ranks; k++) {
      it->layout.on[k][lacked] = (set >> k & 1U) != 0 ? 2 : 1;
    }
    for (unsigned kind = 0; kind < out->kinds; kind++) {
      it->layout.chain = &it->chain[out->first[kind]];
      price_kind(out->price[(size_t)set * out->kinds + kind].at, it, t);
    }
  }
  for (unsigned k = 0; k < arrays && lacked < it->ranks; k++) {
    it->layout.on[k][lacked] = 1;
  }
  return CDS_OK;
}

cds_status cds_unequal_floors(cds_unequal *it) {
  cds_unequal_spreads_none(it);
  for (unsigned t = 0; t < it->general->tensors; t++) {
    CDS_TRY(find_kinds(it, t));
    CDS_TRY(price_kinds(it, t));
  }
  return CDS_OK;
}

/* ---- words -------------------------------------------------------------- */

/* Parts of each rank at compute at least; `room` above 1: not rounded up. */
static void set_parts(double part[CDS_RANKS_MAX], const cds_unequal *it,
                      unsigned united, double room) {
  for (unsigned r = 0; r < it->ranks; r++) {
    double points = 1;
    for (unsigned k = 0; united >> k != 0; k++) {
      points *= (united >> k & 1U) != 0 ? (double)it->layout.on[k][r] : 1;
    }
    const double size = (double)it->rank[r].size;
    part[r] = room > 1 ? fmin(size / points, size) : ceil(size / points);
  }
}

/* Words of a window at compute, `part` of each of its ranks. */
static double steps_of(const cds_unequal *it, const cds_unequal_window *window,
                       unsigned united, const double part[CDS_RANKS_MAX]) {
  const unsigned a = window->rank[0];
  const unsigned b = window->rank[1];
  const double p = part[a];
  const double q = part[b];
  double met = fmin(window->chain[0], window->chain[1]);
  for (unsigned i = 0; i < 2; i++) {
    double points = 1;
    for (unsigned k = 0; united >> k != 0; k++) {
      points *= (united >> k & 1U) != 0
                    ? (double)it->layout.on[k][window->rank[i]]
                    : 1;
    }
    met = fmin(met, points);
  }
  const double size[2] = {(double)it->rank[a].size, (double)it->rank[b].size};
  return fmax(fmax(size[0] * q + size[1] * p - p * q, window->all),
              size[0] * size[1] / met);
}

static double compute_words(const cds_unequal *it,
                            const cds_unequal_tensor *tensor, unsigned united,
                            const double part[CDS_RANKS_MAX], double room) {
  double words = 1;
  double least = 1; /* all positions once */
  for (unsigned r = 0; r < it->ranks; r++) {
    if ((tensor->whole >> r & 1U) != 0) {
      words *= (double)it->rank[r].size;
      least *= (double)it->rank[r].size;
    } else if ((tensor->has >> r & 1U) == 0) {
      words *= part[r];
    }
  }
  for (unsigned w = 0; w < tensor->windows; w++) {
    const cds_unequal_window *window = &tensor->window[w];
    words *= steps_of(it, window, united, part);
    least *= window->all;
  }
  return room > 1 && tensor->shared ? least : fmax(least, words / room);
}

/* As least_of_entry (unequal_loads.c). */
static double holder_words(const cds_unequal *it,
                           const cds_unequal_tensor *tensor,
                           const cds_floor_place *place) {
  double words = tensor->words;
  for (unsigned r = 0; r < it->ranks; r++) {
    uint64_t most = 1;
    if ((tensor->has >> r & 1U) != 0) {
      continue;
    }
    for (unsigned slot = 0; slot < 2 * place->depth; slot++) {
      const uint64_t s = it->layout.spread[slot][r];
      const bool apart = (place->united >> slot / 2 & 1U) == 0;
      most = apart && s > most ? s : most;
    }
    words *= (double)most;
  }
  return words;
}

/* ---- energy ------------------------------------------------------------- */

/* Of the layout at hand: arrays that spread a reduction, and a bit more if that
 * does not take all of it in one step. */
static unsigned reducing(const cds_unequal *it) {
  const unsigned has = it->tensor[it->general->output].has;
  unsigned set = 0;
  for (unsigned k = 0; k < it->general->arch->arrays; k++) {
    for (unsigned r = 0; r < it->ranks; r++) {
      const bool lacked = (has >> r & 1U) == 0;
      set |= lacked && it->layout.on[k][r] > 1 ? 1U << k : 0;
    }
  }
  const bool once = cds_unequal_sums_at_once(it, &it->layout);
  return set | (once ? 0 : 1U << it->general->arch->arrays);
}

/* Whether more spreads may lead from one to the other. */
static bool leads_to(const cds_unequal *it, unsigned known, unsigned set) {
  const unsigned several = 1U << it->general->arch->arrays;
  return (known & ~several & ~set) == 0 && (set & several & ~known) == 0;
}

/* Least energy of each kind with the prices of a set. */
static double price_words(const cds_unequal_floor *floor, double *least,
                          unsigned set,
                          const double words[CDS_FLOOR_PLACES_MAX]) {
  double all = (double)INFINITY;
  for (unsigned kind = 0; kind < floor->kinds; kind++) {
    const double *price = floor->price[(size_t)set * floor->kinds + kind].at;
    double pj = price[CDS_FLOOR_PLACES_MAX];
    for (unsigned p = 0; p < floor->places; p++) {
      pj += price[p] * words[p];
    }
    least[kind] = fmin(least[kind], pj);
    all = fmin(all, least[kind]);
  }
  return all;
}

double cds_unequal_floor_pj(cds_unequal *it, double room) {
  const unsigned known = reducing(it);
  double part[1U << CDS_ARRAYS_MAX][CDS_RANKS_MAX]; /* by what is united */
  uint64_t made = 0;
  double pj = it->general->base_pj;
  for (unsigned t = 0; t < it->general->tensors; t++) {
    cds_unequal_floor *floor = &it->floor[t];
    const cds_unequal_tensor *tensor = &it->tensor[t];
    double words[CDS_FLOOR_PLACES_MAX];
    for (unsigned p = 0; p < floor->places; p++) {
      const cds_floor_place *place = &floor->place[p];
      if (place->compute && (made >> place->united & 1U) == 0) {
        set_parts(part[place->united], it, place->united, room);
        made |= UINT64_C(1) << place->united;
      }
      words[p] = place->compute ? compute_words(it, tensor, place->united,
                                                part[place->united], room)
                                : holder_words(it, tensor, place);
    }
    for (unsigned kind = 0; kind < floor->kinds; kind++) {
      floor->pj[kind] = (double)INFINITY;
    }
    double least = (double)INFINITY;
    const unsigned own = floor->sets > 1 ? known : 0;
    for (unsigned set = 0; set < floor->sets; set++) {
      if (room > 1 ? leads_to(it, own, set) : set == own) {
        least = fmin(least, price_words(floor, floor->pj, set, words));
      }
    }
    pj += least;
  }
  return pj > 0 ? pj * (1 - 1e-9) : pj;
}

double cds_unequal_chain_pj(const cds_unequal *it, size_t chain) {
  double pj = it->general->base_pj;
  for (unsigned t = 0; t < it->general->tensors; t++) {
    pj += it->floor[t].pj[it->floor[t].of[chain]];
  }
  return pj > 0 ? pj * (1 - 1e-9) : pj;
}
