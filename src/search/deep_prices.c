/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one tensor costs by its holders, in energy: the prices of bounds.c for a
 * chain with the ways of this tensor alone. Prices are linear in loads, and
 * those of a tensor depend on nothing but its own holders and the spreads of
 * the class that it lacks; so they are made once for all choices that share
 * these. Where loads have a price below 0 (they save more than they cost) they
 * count as the most that there can be.
 */
#include <math.h>
#include <string.h>

#include "search/deep.h"

/* Spreads with the units of one class only, as prices see them. */
static void make_spread(cds_spread *out, double units) {
  memset(out, 0, sizeof *out);
  out->units = units;
  out->hops_back = 1;
  for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
    out->lacking[t] = units;
    out->window[t] = out->hops[t] = 1;
  }
}

/* The ways of the tensor. */
static void make_chain(cds_chain *out, const cds_deep *deep, unsigned t,
                       size_t path) {
  const cds_general *general = deep->general;
  const cds_arch *arch = general->arch;
  cds_leg outer = {.tensor = t,
                   .child = general->homes.tensor[t].level,
                   .group = general->home_group[t]};
  memset(out, 0, sizeof *out);
  for (unsigned g = 1; g <= deep->groups + 1; g++) {
    const bool compute = g > deep->groups;
    out->first_way[g] = out->ways;
    const unsigned digit =
        compute ? 1 : cds_deep_digit(deep, path, deep->groups, g);
    if (digit == 0) {
      continue;
    }
    cds_leg *way = &out->way[out->ways++];
    way->tensor = t;
    way->parent = outer.child;
    way->parent_group = outer.group;
    way->top = outer.depth;
    way->group = g;
    way->child = compute ? arch->levels : general->group[g].first + digit - 1;
    way->depth = compute ? arch->arrays : general->group[g].depth;
    outer = *way;
  }
  out->first_way[deep->groups + 2] = out->ways;
}

typedef struct cds_deep_pricer {
  cds_deep *deep;
  unsigned tensor;
  double rest; /* passes at most */
  const cds_spread *spread[CDS_ARRAYS_MAX];
  cds_deep_price *price;
  cds_chain chain;
  cds_layout layout;
} cds_deep_pricer;

/* Prices one suffix of full depth. */
static void price_path(cds_deep_pricer *it, size_t path) {
  cds_deep *deep = it->deep;
  const cds_general *general = deep->general;
  cds_layout *layout = &it->layout;
  const size_t at = deep->first[deep->groups] + path;
  double *cost = &it->price->cost[at * (deep->groups + 1)];
  make_chain(&it->chain, deep, it->tensor, path);
  cds_layout_set(layout, general, &it->chain, it->spread);
  cds_layout_energy(layout);
  cds_layout_bound(layout);
  double low = layout->fixed.value[CDS_ENERGY] - general->base_pj;
  for (unsigned w = 0; w + 1 < it->chain.ways; w++) {
    const cds_leg_price *price = &layout->price[w];
    const double each = general->tensor[it->tensor].words * price->staying *
                        (price->own[0][0] + price->above[0][0]);
    low += price->constant[0] + (each < 0 ? each * it->rest : 0);
    cost[it->chain.way[w].group] = each < 0 ? 0 : each * it->rest;
  }
  it->price->low[at] = low;
}

/* The least of what the next group outside may do. Costs of legs whose parent
 * is open are the least of each by itself; `low` makes up for it where all pass
 * once: there the sum is that of the best holders outside. */
static void lower_suffix(cds_deep_pricer *it, unsigned depth, size_t suffix) {
  const cds_deep *deep = it->deep;
  const unsigned groups = deep->groups;
  const unsigned g = groups - depth;
  const size_t at = deep->first[depth] + suffix;
  double *cost = &it->price->cost[at * (groups + 1)];
  double least = (double)INFINITY;
  for (unsigned digit = 0; digit < deep->radix[g]; digit++) {
    const size_t more =
        deep->first[depth + 1] + suffix * deep->radix[g] + digit;
    const double *with = &it->price->cost[more * (groups + 1)];
    if (isinf(it->price->low[more])) {
      continue;
    }
    double once = it->price->low[more] + with[g] / it->rest;
    for (unsigned h = g + 1; h <= groups; h++) {
      once += with[h] / it->rest;
      cost[h] = isinf(least) ? with[h] : fmin(cost[h], with[h]);
    }
    least = fmin(least, once);
  }
  for (unsigned h = g + 1; h <= groups; h++) {
    least -= cost[h] / it->rest;
  }
  it->price->low[at] = least;
}

static cds_status make_prices(cds_deep_price *out, cds_deep *deep,
                              const cds_deep_view *view, unsigned t) {
  const cds_general *general = deep->general;
  cds_arena *arena = general->arena;
  const size_t all = deep->all_suffixes;
  out->low = cds_arena_array(arena, all, sizeof *out->low);
  out->cost = cds_arena_array(arena, all * (deep->groups + 1), sizeof(double));
  const cds_arena_mark mark = cds_arena_mark_get(general->scratch);
  cds_deep_pricer *it = cds_arena_alloc(general->scratch, sizeof *it);
  cds_spread *spread =
      cds_arena_array(general->scratch, CDS_ARRAYS_MAX, sizeof *spread);
  if (out->low == NULL || out->cost == NULL || it == NULL || spread == NULL) {
    return CDS_ENOMEM;
  }
  it->deep = deep;
  it->tensor = t;
  it->rest = view->rest_size[t];
  it->price = out;
  for (unsigned k = 0; k < general->arch->arrays; k++) {
    make_spread(&spread[k],
                (double)cds_deep_divisor(deep, t, view->spread[t][k]));
    it->spread[k] = &spread[k];
  }
  for (size_t p = 0; p < deep->suffixes[deep->groups]; p++) {
    if (deep->allowed[t][p]) {
      price_path(it, p);
    } else {
      out->low[deep->first[deep->groups] + p] = (double)INFINITY;
    }
  }
  for (unsigned depth = deep->groups; depth-- > 0;) {
    for (size_t s = 0; s < deep->suffixes[depth]; s++) {
      lower_suffix(it, depth, s);
    }
  }
  cds_arena_reset(general->scratch, mark);
  return CDS_OK;
}

cds_status cds_deep_price_get(const cds_deep_price **out, cds_deep *deep,
                              const cds_deep_view *view, unsigned t) {
  uint16_t key[24] = {0};
  key[0] = (uint16_t)t;
  for (unsigned k = 0; k < deep->general->arch->arrays; k++) {
    key[1 + k] = view->spread[t][k];
  }
  cds_deep_entry *entry =
      cds_deep_find(deep->prices, key, deep->general->arena);
  if (entry == NULL) {
    return CDS_ENOMEM;
  }
  if (entry->value == NULL) {
    cds_deep_price *made = cds_arena_alloc(deep->general->arena, sizeof *made);
    if (made == NULL) {
      return CDS_ENOMEM;
    }
    CDS_TRY(make_prices(made, deep, view, t));
    entry->value = made;
  }
  *out = entry->value;
  return CDS_OK;
}
