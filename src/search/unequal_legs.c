/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What words on a leg cost: src/count/count.c and src/price/price.c as sums
 * that are linear in the words at the entries of a leg, so that words that are
 * not above those of a mapping give a cost that is not.
 *
 * Entries of an operand: words entering the network of each array k from `top`
 * on, that is united over the arrays from k on that multicast; the first is
 * what the parent reads; the last, where none is united, what the child takes
 * in. Of the output the same upwards with the arrays that reduce (updates at
 * the parent, drains of the child), and one more, visits: united over all.
 *
 * Output. Of U updates and V visits, Z start at zero: the parent reads U - Z,
 * and V - Z come back to the child, none where the parent adds. At the home Z
 * are the words of the output; at a child, Z = D - (V - Z of the parent), or D
 * where the parent adds. As long as no array above spreads a reduction, D = V
 * and Z is that of the home. Else Z is put in with the D and V of all legs
 * outside: the price of D there falls, that of V rises. As no U - Z or V - Z is
 * below 0, any part of their price may be left out: as much is taken as keeps
 * all prices of D from falling below 0; and all of it on ports. So many words
 * of the output have the bits of results at each place at most, all others
 * those of sums; none from units to a parent that adds, if they give it a word
 * more than once (adds_below; `through` in count.c).
 *
 * Additions of array k are words below it less words above it. Where that makes
 * the price of an entry fall below 0, its words are taken to be those of the
 * next entry inside, which are no less.
 *
 * A port is that of a mean instance, which is not above the busiest.
 */
#include <math.h>

#include "search/unequal_nest.h"

static unsigned out_of(unsigned level) { return 1 + level; }
static unsigned into(const cds_unequal *it, unsigned level) {
  return 1 + it->general->arch->levels + level;
}
static unsigned net_of(const cds_unequal *it, unsigned array) {
  return 1 + 2 * it->general->arch->levels + array;
}
static unsigned sums_of(const cds_unequal *it) {
  return 1 + 2 * it->general->arch->levels + it->general->arch->arrays;
}

static double bit_price(const cds_level *level, cds_action action) {
  const cds_access_price *price = &level->price[action];
  return price->access_pj / (double)level->width_bits + price->bit_pj;
}

/* What goes on while a leg is priced. */
typedef struct cds_leg_making {
  const cds_unequal *it;
  cds_unequal_leg *leg;
  double used_parent, used_child;
  double bits;    /* of a word */
  double results; /* bits that results save, at each place ... */
  double below;   /* ... and at those below the parent's port */
  double zero;    /* words that start at zero; below 0: not known */
} cds_leg_making;

static void add_term(cds_leg_making *m, unsigned sum, unsigned entry, bool flow,
                     double per, double constant) {
  if (per == 0 && constant == 0) {
    return;
  }
  m->leg->term[m->leg->terms++] =
      (cds_unequal_term){.sum = sum, .entry = entry, .flow = flow, .per = per};
  double *to = flow ? m->leg->constant_flow : m->leg->constant;
  to[sum] += constant;
}

/* Bits of all words at an entry through a port of a level. */
static void add_port(cds_leg_making *m, unsigned level, cds_action action,
                     unsigned entry, bool apart) {
  const cds_arch *arch = m->it->general->arch;
  const bool out = action == CDS_READ || action == CDS_DRAIN;
  const bool child = action == CDS_FILL || action == CDS_DRAIN;
  const double used = child ? m->used_child : m->used_parent;
  const bool sums = action == CDS_UPDATE || action == CDS_DRAIN;
  const double less = sums ? m->results : 0;
  const double price = bit_price(&arch->level[level], action);
  const unsigned port = out ? out_of(level) : into(m->it, level);
  add_term(m, CDS_ENERGY, entry, false, price * m->bits, -price * less);
  if (!child || !apart) {
    add_term(m, port, entry, false, m->bits / used, -less / used);
  }
  if (apart) {
    add_term(m, port, entry, true, m->bits / used, -less / used);
  }
}

static double bond_price(const cds_unequal *it, unsigned a, unsigned b) {
  return it->general->die_bit_pj[a][b];
}

/* Bits of the words at the entry of array k on its network, and on the bond
 * in front of it. */
static void add_net(cds_leg_making *m, unsigned k, unsigned entry, unsigned die,
                    double less) {
  const cds_array *array = &m->it->general->arch->array[k];
  const double price = array->bit_pj + bond_price(m->it, die, array->die);
  const double used = m->it->layout.used[k];
  add_term(m, CDS_ENERGY, entry, false, price * m->bits, -price * less);
  add_term(m, net_of(m->it, k), entry, false, m->bits / used, -less / used);
  if (m->leg->apart) {
    add_term(m, net_of(m->it, k), entry, true, m->bits / used, -less / used);
  }
}

static unsigned child_die(const cds_arch *arch, const cds_leg *way) {
  return way->child == arch->levels ? arch->compute.die
                                    : arch->level[way->child].die;
}

static unsigned arrays_of(const cds_arch *arch, bool up) {
  unsigned mask = 0;
  for (unsigned k = 0; k < arch->arrays; k++) {
    const bool on = up ? arch->array[k].reduction : arch->array[k].multicast;
    mask |= on ? 1U << k : 0;
  }
  return mask;
}

static void set_entries(cds_leg_making *m, bool up) {
  const cds_arch *arch = m->it->general->arch;
  const cds_leg *way = m->leg->way;
  const unsigned united = arrays_of(arch, up);
  for (unsigned k = way->top; k <= way->depth; k++) {
    m->leg->entry[m->leg->entries++] = (cds_unequal_entry){k, united};
  }
  if (up) {
    m->leg->entry[m->leg->entries++] = (cds_unequal_entry){way->top, ~0U};
  }
}

/* All networks and bonds between parent and child. */
static void add_networks(cds_leg_making *m) {
  const cds_arch *arch = m->it->general->arch;
  const cds_leg *way = m->leg->way;
  unsigned die = arch->level[way->parent].die;
  for (unsigned k = way->top; k < way->depth; k++) {
    add_net(m, k, k - way->top, die, m->below);
    die = arch->array[k].die;
  }
  const double price = bond_price(m->it, die, child_die(arch, way));
  add_term(m, CDS_ENERGY, way->depth - way->top, false, price * m->bits,
           -price * m->below);
}

static void price_operand(cds_leg_making *m) {
  const cds_leg *way = m->leg->way;
  set_entries(m, false);
  add_port(m, way->parent, CDS_READ, 0, m->leg->apart);
  add_networks(m);
  if (way->child < m->it->general->arch->levels) {
    add_port(m, way->child, CDS_FILL, way->depth - way->top, m->leg->apart);
  }
}

/* What comes back to the child: the same words on all networks. */
static void price_returns(cds_leg_making *m) {
  const cds_arch *arch = m->it->general->arch;
  const cds_leg *way = m->leg->way;
  const unsigned visits = m->leg->entries - 1;
  const double less = m->zero * m->bits;
  unsigned die = arch->level[way->parent].die;
  for (unsigned k = way->top; k < way->depth; k++) {
    add_net(m, k, visits, die, less);
    die = arch->array[k].die;
  }
  double price = bond_price(m->it, die, child_die(arch, way));
  if (way->child < arch->levels) {
    price += bit_price(&arch->level[way->child], CDS_FILL);
    add_term(m, into(m->it, way->child), visits, m->leg->apart,
             m->bits / m->used_child, -less / m->used_child);
  }
  add_term(m, CDS_ENERGY, visits, false, price * m->bits, -price * less);
  if (m->leg->apart) {
    add_term(m, out_of(way->parent), visits, true, m->bits / m->used_parent,
             -less / m->used_parent);
  }
}

static void price_output(cds_leg_making *m) {
  const cds_arch *arch = m->it->general->arch;
  const cds_leg *way = m->leg->way;
  const unsigned inside = way->depth - way->top;
  set_entries(m, true);
  add_port(m, way->parent, CDS_UPDATE, 0, m->leg->apart);
  add_networks(m);
  for (unsigned k = way->top; k < way->depth; k++) {
    const double add = arch->array[k].add_pj;
    add_term(m, CDS_ENERGY, k - way->top, false, -add, 0);
    add_term(m, CDS_ENERGY, k - way->top + 1, false, add, 0);
  }
  if (way->child < arch->levels) {
    add_port(m, way->child, CDS_DRAIN, inside, m->leg->apart);
  }
  if (m->zero >= 0) {
    const double less = m->zero * m->bits;
    const double price = bit_price(&arch->level[way->parent], CDS_READ);
    add_term(m, CDS_ENERGY, 0, false, price * m->bits, -price * less);
    add_term(m, out_of(way->parent), 0, false, m->bits / m->used_parent,
             -less / m->used_parent);
    if (!arch->level[way->parent].accumulate) {
      price_returns(m);
    }
  }
}

/* Gathers the energy of a word at each entry; none is below 0. */
static void gather_energy(cds_unequal_leg *leg) {
  for (unsigned e = 0; e < leg->entries; e++) {
    leg->pj[e] = 0;
  }
  unsigned kept = 0;
  for (unsigned i = 0; i < leg->terms; i++) {
    const cds_unequal_term term = leg->term[i];
    if (term.sum == CDS_ENERGY) {
      leg->pj[term.entry] += term.per;
    } else {
      leg->term[kept++] = term;
    }
  }
  leg->terms = kept;
  for (unsigned e = 0; e + 1 < leg->entries; e++) {
    if (leg->pj[e] < 0) {
      leg->pj[e + 1] += leg->pj[e];
      leg->pj[e] = 0;
    }
  }
}

/* Whether all that comes up to a parent that adds are known to be sums: the
 * units give a word more than once if the arrays do not take all that the
 * output lacks in one step. */
static bool adds_below(const cds_unequal *it, const cds_leg *way) {
  const cds_arch *arch = it->general->arch;
  return way->child == arch->levels && arch->level[way->parent].accumulate &&
         !it->layout.sums_at_once;
}

static void price_leg(cds_unequal *it, unsigned w, double zero) {
  const cds_general *general = it->general;
  const cds_leg *way = &it->layout.chain->way[w];
  const unsigned t = way->tensor;
  const bool output = t == general->output;
  const cds_unequal_tensor *tensor = &it->tensor[t];
  cds_unequal_leg *leg = &it->layout.leg[w];
  leg->way = way;
  leg->entries = leg->terms = 0;
  leg->apart = way->child < general->arch->levels &&
               cds_hides_nothing(general, way->child);
  for (unsigned s = 0; s < sums_of(it); s++) {
    leg->constant[s] = leg->constant_flow[s] = 0;
  }
  cds_leg_making m = {.it = it,
                      .leg = leg,
                      .used_parent = it->layout.used[way->top],
                      .used_child = it->layout.used[way->depth],
                      .bits = output ? tensor->wide : tensor->bits};
  if (output) {
    m.results = tensor->words * fmax(0, tensor->wide - tensor->bits);
    m.below = adds_below(it, way) ? 0 : m.results;
    m.zero = zero;
    price_output(&m);
  } else {
    price_operand(&m);
  }
  gather_energy(leg);
}

/* Zero starts at the parent of a leg: a constant, and D and -V of the legs
 * outside of it. */
typedef struct cds_zero {
  bool known; /* it is the constant */
  double words;
  unsigned legs;
  unsigned leg[CDS_GROUPS_MAX + 1];
  bool less_visits[CDS_GROUPS_MAX + 1];
} cds_zero;

static unsigned drains_of(const cds_unequal_leg *leg) {
  return leg->way->depth - leg->way->top;
}

/* Energy of U - Z and V - Z of a leg whose Z is no constant. */
static void price_zero(cds_unequal *it, unsigned w, const cds_zero *zero) {
  const cds_arch *arch = it->general->arch;
  cds_unequal_leg *leg = &it->layout.leg[w];
  const cds_leg *way = leg->way;
  const double wide = it->tensor[way->tensor].wide;
  const double read = wide * bit_price(&arch->level[way->parent], CDS_READ);
  double back = 0;
  if (!arch->level[way->parent].accumulate) {
    unsigned die = arch->level[way->parent].die;
    for (unsigned k = way->top; k < way->depth; k++) {
      back += arch->array[k].bit_pj + bond_price(it, die, arch->array[k].die);
      die = arch->array[k].die;
    }
    back += bond_price(it, die, child_die(arch, way));
    back += way->child < arch->levels
                ? bit_price(&arch->level[way->child], CDS_FILL)
                : 0;
    back *= wide;
  }
  double part = 1;
  for (unsigned i = 0; i < zero->legs; i++) {
    const cds_unequal_leg *outer = &it->layout.leg[zero->leg[i]];
    const double drain = outer->pj[drains_of(outer)];
    part = read + back > 0 ? fmin(part, drain / (read + back)) : part;
  }
  leg->pj[0] += part * read;
  leg->pj[leg->entries - 1] += part * back;
  leg->constant[CDS_ENERGY] -= part * (read + back) * zero->words;
  for (unsigned i = 0; i < zero->legs; i++) {
    cds_unequal_leg *outer = &it->layout.leg[zero->leg[i]];
    double *drain = &outer->pj[drains_of(outer)];
    *drain = fmax(0, *drain - part * (read + back));
    outer->pj[outer->entries - 1] +=
        zero->less_visits[i] ? part * (read + back) : 0;
  }
}

/* From the parent of a leg to its child. */
static void pass_zero(cds_zero *zero, const cds_unequal *it, unsigned w) {
  const cds_leg *way = &it->layout.chain->way[w];
  const bool adds = it->general->arch->level[way->parent].accumulate;
  bool alone = !adds;
  for (unsigned k = 0; k < way->depth; k++) {
    for (unsigned r = 0; r < it->ranks; r++) {
      alone = alone && ((it->tensor[way->tensor].has >> r & 1U) != 0 ||
                        it->layout.on[k][r] == 1);
    }
  }
  if (alone) {
    return; /* D = V */
  }
  if (adds) {
    zero->words = 0;
    zero->legs = 0;
  }
  zero->known = false;
  zero->less_visits[zero->legs] = !adds;
  zero->leg[zero->legs++] = w;
}

/* Transfers of single-buffered levels go to `flow`. */
static void leg_add(cds_unequal_sum *sum, double flow[CDS_SUMS_MAX],
                    const cds_unequal_leg *leg, const double *words) {
  for (unsigned e = 0; e < leg->entries; e++) {
    sum->at[CDS_ENERGY] += leg->pj[e] * words[e];
  }
  for (unsigned i = 0; i < leg->terms; i++) {
    const cds_unequal_term *term = &leg->term[i];
    double *to = term->flow ? flow : sum->at;
    to[term->sum] += term->per * words[term->entry];
  }
}

static void add_constants(cds_unequal_sum *sum, double flow[CDS_SUMS_MAX],
                          const cds_unequal *it, const cds_unequal_leg *leg) {
  for (unsigned s = 0; s < sums_of(it); s++) {
    sum->at[s] += leg->constant[s];
    flow[s] += leg->constant_flow[s];
  }
}

/* Cycles of the busiest port or network in a flow. */
static double flow_cycles(const cds_unequal *it,
                          const double flow[CDS_SUMS_MAX]) {
  const cds_arch *arch = it->general->arch;
  double cycles = 0;
  for (unsigned l = 0; l < arch->levels; l++) {
    cycles = fmax(cycles, cds_port_cycles(&arch->level[l], flow[out_of(l)],
                                          flow[into(it, l)]));
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    cycles = fmax(cycles, flow[net_of(it, k)] / arch->array[k].bandwidth);
  }
  return cycles;
}

void cds_unequal_group_add(cds_unequal_sum *sum, const cds_unequal *it,
                           unsigned group,
                           const double words[][CDS_ENTRIES_MAX]) {
  const cds_chain *chain = it->layout.chain;
  double flow[CDS_SUMS_MAX] = {0};
  bool apart = false;
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    const cds_unequal_leg *leg = &it->layout.leg[w];
    leg_add(sum, flow, leg, words[w]);
    add_constants(sum, flow, it, leg);
    apart = apart || leg->apart;
  }
  sum->wait[group] = apart ? flow_cycles(it, flow) : 0;
}

/* Prices a leg; `zero` goes from its parent to its child. */
static void set_leg(cds_unequal *it, unsigned w, cds_zero *zero) {
  price_leg(it, w, zero->known ? zero->words : -1);
  if (it->layout.chain->way[w].tensor == it->general->output) {
    if (!zero->known) {
      price_zero(it, w, zero);
    }
    pass_zero(zero, it, w);
  }
}

static cds_zero all_zero(const cds_unequal *it) {
  return (cds_zero){.known = true,
                    .words = it->tensor[it->general->output].words};
}

void cds_unequal_legs_set(cds_unequal *it) {
  cds_unequal_layout *layout = &it->layout;
  const cds_chain *chain = layout->chain;
  const unsigned last = it->general->groups + 1;
  cds_zero zero = all_zero(it);
  double words[CDS_LEGS_MAX][CDS_ENTRIES_MAX];
  for (unsigned w = 0; w < chain->ways; w++) {
    set_leg(it, w, &zero);
    cds_unequal_least_words(words[w], it, &layout->leg[w]);
  }
  layout->least[last + 1] = (cds_unequal_sum){{0}, {0}, 0};
  for (unsigned g = last; g >= 1; g--) {
    layout->least[g] = layout->least[g + 1];
    cds_unequal_group_add(&layout->least[g], it, g,
                          (const double(*)[CDS_ENTRIES_MAX])words);
  }
}

void cds_unequal_tensor_price(cds_unequal *it, unsigned tensor) {
  const cds_chain *chain = it->layout.chain;
  cds_zero zero = all_zero(it);
  for (unsigned w = 0; w < chain->ways; w++) {
    if (chain->way[w].tensor == tensor) {
      set_leg(it, w, &zero);
    }
  }
}

/* ---- time ------------------------------------------------------------- */

double cds_unequal_cycles(const cds_unequal *it, const cds_unequal_sum *sum,
                          double steps) {
  const cds_general *general = it->general;
  const cds_arch *arch = general->arch;
  double cycles = steps;
  for (unsigned g = general->groups + 1; g-- > 0;) {
    const unsigned first = g == 0 ? 0 : general->group[g].first;
    const unsigned levels = g == 0 ? 1 : general->group[g].levels;
    for (unsigned l = first; l < first + levels; l++) {
      cycles = cds_more_of(cycles,
                           cds_port_cycles(&arch->level[l], sum->at[out_of(l)],
                                           sum->at[into(it, l)]));
    }
    cycles += g == 0 ? 0 : sum->wait[g];
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    cycles = fmax(cycles, sum->at[net_of(it, k)] / arch->array[k].bandwidth);
  }
  return cycles + sum->edges;
}

double cds_unequal_value(const cds_unequal *it, const cds_unequal_sum *sum,
                         double steps) {
  return cds_aim_value(&it->job->aim,
                       it->general->base_pj + sum->at[CDS_ENERGY],
                       cds_unequal_cycles(it, sum, steps));
}
