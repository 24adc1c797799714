/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The price of a load.
 *
 * Operands. F words enter the child, F / m leave the parent, where m is what
 * the arrays between spread and multicast of dimensions that the tensor lacks.
 * Tiles of a window overlap between instances: then at least F / (m share)
 * leave it, if a word is common to at most `share` of them (shares.c).
 *
 * Output. With D drains of a child, r what the arrays between spread of
 * reductions, and the rules of src/count/count.c,
 *   U = D / r (where they reduce), V = D / r, F = V - Z_parent or 0,
 *   reads = U - Z_parent, Z_child = D - F, Z_home = |O|,
 * all linear; in a stage with D of all runs, and |O| times the repeats. Going
 * outwards, g is the price of Z at the child from all ways inside; the price of
 * D is then that of its own actions plus g, and Z of the parent gets -read -
 * (fill - g). The sum over the legs is the energy of the output without
 * rounding to whole accesses; only where a price would fall below 0 a part of
 * what comes back is left out (limit_returns). Results are charged in their own
 * bits wherever they may be. With sums apart (arch.h) and c the spreads of
 * reductions over arrays that do not reduce, V = c D / r and Z_parent counts c
 * times.
 */
#include "search/bounds.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "search/group_terms.h"

/* ---- layout ---------------------------------------------------------- */

/* Spreads that pass no dimension together. */
static void multiply(cds_divisors_at *out, const cds_general *general,
                     const cds_divisors_at *by) {
  for (unsigned d = 0; d < general->dims; d++) {
    out->at[d] = cds_product(&general->dim[d], out->at[d], by->at[d]);
    assert(out->at[d] != CDS_NONE);
  }
}

static unsigned depth_of(const cds_general *general, unsigned group) {
  return group > general->groups ? general->arch->arrays
                                 : general->group[group].depth;
}

void cds_layout_products(cds_layout *out) {
  const cds_general *general = out->general;
  memset(out->between, 0, sizeof out->between);
  memset(out->above, 0, sizeof out->above);
  memset(out->below, 0, sizeof out->below);
  const unsigned last = general->groups + 1;
  for (unsigned g = 1; g <= last; g++) {
    out->above[g] = out->above[g - 1];
    const unsigned end = depth_of(general, g);
    for (unsigned k = depth_of(general, g - 1); k < end; k++) {
      multiply(&out->between[g], general, &out->spread[k]->at);
      multiply(&out->above[g], general, &out->spread[k]->at);
    }
  }
  for (unsigned g = last; g-- > 0;) {
    out->below[g] = out->below[g + 1];
    multiply(&out->below[g], general, &out->between[g + 1]);
  }
}

void cds_layout_set(cds_layout *out, const cds_general *general,
                    const cds_chain *chain,
                    const cds_spread *const spread[CDS_ARRAYS_MAX]) {
  out->general = general;
  out->chain = chain;
  out->used[0] = 1;
  for (unsigned t = 0; t < general->tensors; t++) {
    out->lacking[t][0] = out->window[t][0] = 1;
  }
  for (unsigned k = 0; k < general->arch->arrays; k++) {
    out->spread[k] = spread[k];
    out->used[k + 1] = out->used[k] * spread[k]->units;
    for (unsigned t = 0; t < general->tensors; t++) {
      out->lacking[t][k + 1] = out->lacking[t][k] * spread[k]->lacking[t];
      out->window[t][k + 1] = out->window[t][k] * spread[k]->window[t];
    }
  }
  for (unsigned w = chain->first_way[general->groups + 1]; w < chain->ways;
       w++) {
    const cds_leg *way = &chain->way[w];
    out->straight[way->tensor] = way->top < general->arch->arrays;
  }
  out->units = out->used[general->arch->arrays];
  out->compute_cycles = general->macs / out->units;
  out->skew_cycles = 0;
  for (unsigned k = 0; k < general->arch->arrays; k++) {
    out->skew_cycles += spread[k]->skew_cycles;
  }
  out->least_cycles =
      fmax(out->compute_cycles, general->floor_cycles) + out->skew_cycles;
}

/* ---- prices ---------------------------------------------------------- */

static double bit_price(const cds_level *level, cds_action action) {
  const cds_access_price *price = &level->price[action];
  return price->access_pj / (double)level->width_bits + price->bit_pj;
}

static bool in_roof(cds_roof_kind kind, cds_action action) {
  const bool out = action == CDS_READ || action == CDS_DRAIN;
  return kind == CDS_ROOF_PORT || (kind == CDS_ROOF_OUT && out) ||
         (kind == CDS_ROOF_IN && !out);
}

/* Price of a bit of an action at a level, in a weighting; 0 at compute. What
 * fills and drains a single-buffered level is no part of its roof. */
static double action_price(const cds_layout *layout, unsigned level,
                           cds_action action, unsigned weighting) {
  const cds_general *general = layout->general;
  if (level == general->arch->levels) {
    return 0;
  }
  const cds_level *place = &general->arch->level[level];
  const cds_roof *roof = layout->weighting[weighting].roof;
  double price = layout->weighting[weighting].energy * bit_price(place, action);
  const bool apart = level > 0 && cds_hides_nothing(general, level) &&
                     (action == CDS_FILL || action == CDS_DRAIN);
  if (roof != NULL && roof->kind <= CDS_ROOF_PORT && roof->index == level &&
      in_roof(roof->kind, action) && !apart) {
    price += layout->weight * roof->cycles / layout->used[place->depth];
  }
  return price;
}

/* What a bit of a single-buffered group's transfers adds to the time beside the
 * roofs inside it, by the port that is looked at. */
static double apart_price(const cds_layout *layout, const cds_leg *way,
                          cds_action action, unsigned weighting) {
  const cds_general *general = layout->general;
  const cds_roof *roof = layout->weighting[weighting].roof;
  if (roof == NULL || way->group > roof->group ||
      way->child == general->arch->levels ||
      !cds_hides_nothing(general, way->child)) {
    return 0;
  }
  const cds_apart_port *port = &layout->apart[way->group];
  const bool above = action == CDS_READ || action == CDS_UPDATE;
  const bool out = action == CDS_READ || action == CDS_DRAIN;
  if (port->level != (above ? way->parent : way->child) ||
      !(out ? port->out : port->in)) {
    return 0;
  }
  return layout->weight * port->cycles /
         layout->used[above ? way->top : way->depth];
}

/* Cycles that what comes to homes and goes from there adds to the time beside
 * the roof: of each group of single-buffered levels outside of it the port that
 * is looked at. */
static double homes_apart(const cds_layout *layout, const cds_roof *roof) {
  const cds_general *general = layout->general;
  double cycles = 0;
  for (unsigned t = 0; t < general->tensors; t++) {
    const cds_home_bits *home = &general->homes.tensor[t];
    const unsigned g = general->home_group[t];
    if (g == 0 || g > roof->group || !cds_hides_nothing(general, home->level)) {
      continue;
    }
    const cds_apart_port *port = &layout->apart[g];
    const bool outer = port->level == 0;
    if (outer || port->level == home->level) {
      const double out = outer ? home->down : home->up;
      const double in = outer ? home->up : home->down;
      cycles += port->cycles * ((port->out ? out : 0) + (port->in ? in : 0));
    }
  }
  return cycles;
}

/* What all mappings of the layout have in common but what goes to compute. */
double cds_layout_base(const cds_layout *layout, unsigned weighting) {
  const cds_general *general = layout->general;
  const cds_roof *roof = layout->weighting[weighting].roof;
  const double base = layout->weighting[weighting].energy * general->base_pj;
  if (roof == NULL || !general->homes.moves) {
    return base;
  }
  double cycles = homes_apart(layout, roof);
  const unsigned l = roof->index;
  if (roof->kind <= CDS_ROOF_PORT &&
      (l == 0 || !cds_hides_nothing(general, l))) {
    const cds_home_port port =
        cds_homes_port(&general->homes, general->tensors, l);
    cycles += roof->cycles * ((roof->kind == CDS_ROOF_IN ? 0 : port.out) +
                              (roof->kind == CDS_ROOF_OUT ? 0 : port.in));
  }
  return base + layout->weight * cycles;
}

/* Words of a leg on the links of an array. */
typedef struct cds_crossing {
  const cds_leg *leg;
  cds_way way;
  bool simple; /* of simple tiles */
  double hops;
} cds_crossing;

/* Part of the words that passes the busiest link of a roof. */
static double link_peak(const cds_layout *layout, const cds_roof *roof,
                        const cds_crossing *it) {
  const unsigned k = roof->index;
  const unsigned axis = layout->busy_axis[k][roof->up ? 1 : 0];
  if (layout->general->arch->array[k].network == CDS_NETWORK_BUS) {
    return 1;
  }
  if (roof->up != (it->way == CDS_WAY_UP)) {
    return 0;
  }
  return it->way == CDS_WAY_BACK
             ? layout->spread[k]->peak_back[axis]
             : cds_layout_peak(layout, it->leg, k, axis, it->simple);
}

/* Price of a bit that enters (or leaves) network k. */
static double net_price(const cds_layout *layout, unsigned k,
                        const cds_crossing *it, unsigned weighting) {
  const cds_roof *roof = layout->weighting[weighting].roof;
  double price = layout->weighting[weighting].energy *
                 layout->general->arch->array[k].bit_pj * it->hops;
  if (roof != NULL && roof->kind == CDS_ROOF_NET && roof->index == k) {
    price += layout->weight * roof->cycles * link_peak(layout, roof, it) /
             layout->used[k];
  }
  return price;
}

static unsigned child_die(const cds_general *general, const cds_leg *way) {
  return way->child == general->arch->levels
             ? general->arch->compute.die
             : general->arch->level[way->child].die;
}

/* Networks and bonds of a bit that passes the way down (or up). Per bit at the
 * child. */
static double carry_price(const cds_layout *layout, const cds_leg *way, bool up,
                          bool simple, unsigned weighting) {
  const cds_general *general = layout->general;
  const cds_arch *arch = general->arch;
  const unsigned t = way->tensor;
  const double energy = layout->weighting[weighting].energy;
  double price = 0;
  double bits = 1; /* above the arrays looked at so far, from inside out */
  unsigned die = child_die(general, way);
  for (unsigned k = way->depth; k-- > way->top;) {
    const cds_array *array = &arch->array[k];
    price += energy * bits * general->die_bit_pj[array->die][die];
    const double inside = bits;
    if (up ? array->reduction : array->multicast) {
      bits /= layout->spread[k]->lacking[t];
    }
    const cds_crossing crossing = {
        way, up ? CDS_WAY_UP : CDS_WAY_DOWN, simple,
        cds_leg_links(layout, way, k, simple).entering};
    price += bits * net_price(layout, k, &crossing, weighting);
    if (up) {
      price += energy * (inside - bits) * array->add_pj /
               (double)general->tensor[t].wide;
    }
    die = array->die;
  }
  return price +
         energy * bits * general->die_bit_pj[arch->level[way->parent].die][die];
}

double cds_leg_shared(const cds_layout *layout, const cds_leg *way, bool up,
                      bool all) {
  double product = 1;
  for (unsigned k = way->top; k < way->depth; k++) {
    const cds_array *array = &layout->general->arch->array[k];
    const cds_spread *spread = layout->spread[k];
    if (all || (up ? array->reduction : array->multicast)) {
      product *= spread->lacking[way->tensor];
    }
  }
  return product;
}

/* A simple tile costs what any tile does. */
static void copy_prices(cds_leg_price *price, unsigned weightings) {
  for (unsigned i = 0; i < weightings; i++) {
    price->own[1][i] = price->own[0][i];
    price->above[1][i] = price->above[0][i];
  }
}

/* Prices of any tile, or of a simple one. */
static void price_carried(cds_layout *layout, unsigned w, bool simple) {
  const cds_general *general = layout->general;
  const cds_leg *way = &layout->chain->way[w];
  const double bits = general->tensor[way->tensor].bits;
  cds_leg_price *price = &layout->price[w];
  const double parts = cds_leg_shared(layout, way, false, false);
  double *own = price->own[simple ? 1 : 0];
  double *above = price->above[simple ? 1 : 0];
  if (simple && !price->overlaps) {
    copy_prices(price, layout->weightings);
    return;
  }
  const unsigned last = way->depth - 1;
  const double delivery = way->depth > way->top
                              ? cds_leg_links(layout, way, last, simple).each *
                                    general->arch->array[last].bit_pj
                              : 0;
  for (unsigned i = 0; i < layout->weightings; i++) {
    const double read = action_price(layout, way->parent, CDS_READ, i) +
                        apart_price(layout, way, CDS_READ, i);
    own[i] = bits * (action_price(layout, way->child, CDS_FILL, i) +
                     apart_price(layout, way, CDS_FILL, i) +
                     layout->weighting[i].energy * delivery);
    above[i] =
        bits * (carry_price(layout, way, false, simple, i) + read / parts);
  }
}

static void price_operand(cds_layout *layout, unsigned w) {
  const cds_general *general = layout->general;
  const cds_leg *way = &layout->chain->way[w];
  cds_leg_price *price = &layout->price[w];
  price->least = general->tensor[way->tensor].words *
                 cds_leg_shared(layout, way, false, false);
  price->sliding = false;
  price->overlaps = false;
  for (unsigned k = way->top; k < way->depth; k++) {
    const cds_array *array = &general->arch->array[k];
    const bool spread = layout->spread[k]->window[way->tensor] > 1;
    price->sliding = price->sliding || (array->multicast && spread);
    price->overlaps =
        price->overlaps || (spread && array->network != CDS_NETWORK_BUS);
  }
  for (unsigned simple = 0; simple < 2; simple++) {
    price_carried(layout, w, simple == 1);
  }
  for (unsigned i = 0; i < layout->weightings; i++) {
    price->constant[i] = 0;
  }
}

/* Networks and bonds of a word that passes each once: a partial sum on its way
 * back, a result on its way up (on links that add up all words have the bits of
 * sums). */
static double once_price(const cds_layout *layout, const cds_leg *way,
                         bool back, unsigned weighting) {
  const cds_general *general = layout->general;
  const cds_arch *arch = general->arch;
  const double energy = layout->weighting[weighting].energy;
  double price = 0;
  unsigned die = arch->level[way->parent].die;
  for (unsigned k = way->top; k < way->depth; k++) {
    const cds_spread *spread = layout->spread[k];
    price += energy * general->die_bit_pj[die][arch->array[k].die];
    const cds_crossing crossing = {way, back ? CDS_WAY_BACK : CDS_WAY_UP, false,
                                   back ? spread->hops_back
                                        : spread->hops[way->tensor]};
    const bool sums = !back && arch->array[k].network != CDS_NETWORK_BUS &&
                      spread->lacking[way->tensor] > 1;
    price += sums ? 0 : net_price(layout, k, &crossing, weighting);
    die = arch->array[k].die;
  }
  return price + energy * general->die_bit_pj[die][child_die(general, way)];
}

/* Of the leg of the output inside the one at hand. */
typedef struct cds_inner_leg {
  bool any;
  unsigned leg;
  double zero[CDS_WEIGHTINGS_MAX];    /* price of a zero start at its parent */
  double returns[CDS_WEIGHTINGS_MAX]; /* part of its price for a drain: what
                                         comes back */
} cds_inner_leg;

/* What comes back inside is never negative, so any share of its price may be
 * left out. Takes as much of it as keeps the price of this leg's drains from
 * falling below 0: `rest` + zero (1 - 1 / visits). */
static void limit_returns(cds_layout *layout, cds_inner_leg *inner,
                          unsigned weighting, double rest, double visits) {
  const double saved = -inner->zero[weighting] * (1 - 1 / visits);
  if (!inner->any || saved <= rest || rest < 0) {
    return;
  }
  const double part = rest / saved;
  inner->zero[weighting] *= part;
  layout->price[inner->leg].above[0][weighting] -=
      (1 - part) * inner->returns[weighting];
}

/* Prices a leg of the output; `inner` becomes this leg. */
static void price_output(cds_layout *layout, unsigned w, cds_inner_leg *inner) {
  const cds_general *general = layout->general;
  const cds_leg *way = &layout->chain->way[w];
  const cds_operand_shape *shape = &general->tensor[way->tensor];
  cds_leg_price *price = &layout->price[w];
  const double wide = shape->wide;
  const double results =
      wide > shape->bits ? general->results * (wide - shape->bits) : 0;
  const double merged = cds_leg_shared(layout, way, true, false);
  const bool adds = general->arch->level[way->parent].accumulate;
  const double lacked = cds_leg_shared(layout, way, true, true);
  const double apart = general->arch->sums_apart && !adds ? lacked / merged : 1;
  const double visits = lacked / apart;
  price->sliding = false;
  price->overlaps = false;
  price->least = 0;
  for (unsigned i = 0; i < layout->weightings; i++) {
    const double drain = action_price(layout, way->child, CDS_DRAIN, i) +
                         apart_price(layout, way, CDS_DRAIN, i);
    const double up = wide * (drain + carry_price(layout, way, true, false, i));
    const double back =
        adds ? 0
             : wide * (action_price(layout, way->child, CDS_FILL, i) +
                       once_price(layout, way, true, i) +
                       apart_price(layout, way, CDS_READ, i));
    const double read = wide * action_price(layout, way->parent, CDS_READ, i);
    const double update = action_price(layout, way->parent, CDS_UPDATE, i) +
                          apart_price(layout, way, CDS_UPDATE, i);
    const double rest = up + (wide * update + read) / merged + back / visits;
    limit_returns(layout, inner, i, rest, adds ? (double)INFINITY : visits);
    const double zero = inner->zero[i];
    const double fill = adds ? 0 : back - zero;
    price->own[0][i] = 0;
    price->above[0][i] =
        up + (wide * update + read) / merged + zero + fill / visits;
    price->constant[i] =
        -results * ((price->complete ? drain : 0) +
                    (price->merged ? once_price(layout, way, false, i) : 0) +
                    (price->ready ? update : 0));
    inner->returns[i] = read / merged + fill / visits;
    inner->zero[i] = apart * (-read - fill);
  }
  inner->any = true;
  inner->leg = w;
}

/* ---- results ---------------------------------------------------------- */

/* Where words of the output may travel in the bits of results: what spreads of
 * reductions leave to add up further out are partial sums, until the level that
 * adds the last of them. */
static void mark_results(cds_layout *layout) {
  const cds_general *general = layout->general;
  const cds_chain *chain = layout->chain;
  const unsigned t = general->output;
  bool complete = true; /* of the leg outside */
  for (unsigned w = 0; w < chain->ways; w++) {
    const cds_leg *way = &chain->way[w];
    if (way->tensor != t) {
      continue;
    }
    bool merged = true;
    for (unsigned k = way->top; k < way->depth; k++) {
      merged = merged && (general->arch->array[k].reduction ||
                          layout->spread[k]->lacking[t] == 1);
    }
    layout->price[w].ready = complete;
    layout->price[w].merged = complete && merged;
    complete = complete && layout->lacking[t][way->depth] == 1;
    layout->price[w].complete = complete;
  }
}

/* ---- all legs -------------------------------------------------------- */

static void price_legs(cds_layout *layout) {
  const cds_general *general = layout->general;
  const cds_chain *chain = layout->chain;
  cds_inner_leg inner;
  memset(&inner, 0, sizeof inner);
  mark_results(layout);
  for (unsigned w = chain->ways; w-- > 0;) {
    const cds_leg *way = &chain->way[w];
    layout->price[w].staying = layout->lacking[way->tensor][way->depth];
    if (way->tensor != general->output) {
      price_operand(layout, w);
      continue;
    }
    price_output(layout, w, &inner);
  }
  for (unsigned i = 0; i < layout->weightings; i++) {
    layout->price[inner.leg].constant[i] += inner.zero[i] * general->results;
  }
  for (unsigned w = 0; w < chain->ways; w++) {
    cds_leg_price *price = &layout->price[w];
    if (chain->way[w].tensor == general->output) {
      copy_prices(price, layout->weightings);
    }
  }
}

/* ---- sums ------------------------------------------------------------ */

static void tile_cost(cds_weights *out, const cds_layout *layout,
                      unsigned group, unsigned pattern, const cds_tile *tile) {
  const cds_chain *chain = layout->chain;
  const unsigned lacks = layout->general->pattern[pattern];
  for (unsigned i = 0; i < layout->weightings; i++) {
    out->value[i] = 0;
  }
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    const unsigned t = chain->way[w].tensor;
    const double loads = (lacks >> t & 1U) != 0
                             ? tile->stay[t] * layout->price[w].staying
                             : tile->loads[t];
    const cds_leg_loads known = {loads, tile->loads[t],
                                 cds_leg_share(layout, w, tile),
                                 cds_leg_known_simple(layout, w, tile)};
    for (unsigned i = 0; i < layout->weightings; i++) {
      out->value[i] += cds_leg_cost(layout, w, i, &known);
    }
  }
}

static void lower(cds_weights *out, const cds_weights *by,
                  unsigned weightings) {
  for (unsigned i = 0; i < weightings; i++) {
    out->value[i] = fmin(out->value[i], by->value[i]);
  }
}

void cds_layout_tile(cds_weights *out, const cds_layout *layout, unsigned group,
                     const cds_tile *tile) {
  tile_cost(out, layout, group, 0, tile);
  for (unsigned p = 1; p < layout->general->patterns; p++) {
    cds_weights other;
    tile_cost(&other, layout, group, p, tile);
    lower(out, &other, layout->weightings);
  }
}

/* Whatever the tile. */
static double most_share(const cds_layout *layout, unsigned w) {
  const cds_leg *way = &layout->chain->way[w];
  double share = 1;
  for (unsigned k = way->top; k < way->depth && layout->price[w].sliding; k++) {
    share *= layout->spread[k]->window[way->tensor];
  }
  return share;
}

/* Of the tiles of group 1 with the least loads (group_floor.h). */
static void floor_cost(cds_weights *out, const cds_layout *layout,
                       const cds_holding *holding) {
  const cds_general *general = layout->general;
  const cds_chain *chain = layout->chain;
  const double staying = cds_output_stays(layout, 1);
  double share[CDS_TENSORS_MAX];
  for (unsigned w = chain->first_way[1]; w < chain->first_way[2]; w++) {
    share[chain->way[w].tensor] = most_share(layout, w);
  }
  for (unsigned i = 0; i < layout->weightings; i++) {
    double least = (double)INFINITY;
    for (size_t f = 0; f < holding->floors; f++) {
      if (holding->floor[f].staying > staying) {
        continue;
      }
      double sum = 0;
      for (unsigned w = chain->first_way[1]; w < chain->first_way[2]; w++) {
        const unsigned t = chain->way[w].tensor;
        const cds_leg_loads known = {
            fmax(general->tensor[t].words, holding->floor[f].of[t]),
            holding->most[t], share[t], false};
        sum += cds_leg_cost(layout, w, i, &known);
      }
      least = sum < least ? sum : least;
    }
    out->value[i] = least;
  }
}

/* Of any tile: no instance does without its words. */
static void least_cost(cds_weights *out, const cds_layout *layout,
                       unsigned group) {
  const cds_general *general = layout->general;
  const cds_chain *chain = layout->chain;
  const cds_holding *holding = cds_chain_holding(general, chain, group);
  if (group == 1 && holding->floors > 0) {
    floor_cost(out, layout, holding);
    return;
  }
  for (unsigned i = 0; i < layout->weightings; i++) {
    out->value[i] = 0;
  }
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    const unsigned t = chain->way[w].tensor;
    const cds_leg_loads known = {
        general->tensor[t].words * layout->price[w].staying, holding->most[t],
        most_share(layout, w), false};
    for (unsigned i = 0; i < layout->weightings; i++) {
      out->value[i] += cds_leg_cost(layout, w, i, &known);
    }
  }
}

void cds_layout_bound(cds_layout *layout) {
  const cds_general *general = layout->general;
  const cds_chain *chain = layout->chain;
  price_legs(layout);
  for (unsigned i = 0; i < layout->weightings; i++) {
    layout->fixed.value[i] = cds_layout_base(layout, i);
    for (unsigned w = chain->first_way[general->groups + 1]; w < chain->ways;
         w++) {
      const cds_leg_loads known = {general->macs, general->macs,
                                   cds_leg_share(layout, w, &general->one),
                                   true};
      layout->fixed.value[i] += cds_leg_cost(layout, w, i, &known);
    }
  }
  for (unsigned i = 0; i < layout->weightings; i++) {
    layout->rest[general->groups + 1].value[i] = 0;
  }
  for (unsigned g = general->groups; g >= 1; g--) {
    least_cost(&layout->least[g], layout, g);
    for (unsigned i = 0; i < layout->weightings; i++) {
      layout->rest[g].value[i] =
          layout->rest[g + 1].value[i] + layout->least[g].value[i];
    }
  }
}
