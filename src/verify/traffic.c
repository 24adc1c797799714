/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one tensor's words cost, edge by edge along its chain of holders, the
 * outermost level first and compute last.
 *
 * With W words, and a tile that is brought in `one` times to the first instance
 * over the class that the tensor lacks and `all` times to all instances of the
 * spread of that class, a child under the array receives W all words over all
 * instances, one above it W one. The network unites what all instances of the
 * spread get at once (multicast) or give (reduction): W one, as the first
 * instance is never idle while another works.
 *
 * Outputs go up as often as they are dropped, W all, and come back but for the
 * first time: each word starts at zero once at the outermost level; where the
 * array lies on the edge all instances but one of a group start at zero too. So
 * with z zero starts at the parent the child gets W one - z back (of the group
 * of instances together), and has (its drains) - (its fills) itself.
 *
 * A stage of a fused group does this in each of P passes, for R outputs: what
 * is written W above is W P but where results are counted, W R, as each output
 * starts at zero once and is complete once. The first edge goes from the
 * outermost level to the tensor's home, if that is another, and carries what is
 * loaded there in the whole run.
 *
 * Every word count here is linear in one[0 .. 3] and all[0 .. 3], [0] standing
 * for the constant 1: bounds take the coefficients from calls in which one of
 * them is not 0.
 */
#include <math.h>
#include <string.h>

#include "verify/pair.h"

typedef struct cds_edge {
  unsigned parent, child; /* child CDS_VERIFY_LEVELS: compute */
  bool across;            /* the array lies between */
  double loads, all; /* words that one instance of the child gets; all do */
  bool alone;        /* the child's last value of a word is of one */
} cds_edge;

typedef struct cds_billing {
  cds_bill *bill;
  const cds_pair *pair;
  const cds_tensor *tensor;
  double results; /* words of all outputs */
  cds_added added;
  bool whole;
  /* Of the output, at the parent: */
  double zero_starts, fills;
  bool complete; /* each word's last value there is the result */
} cds_billing;

/* Words of a known width and, at the accumulator's, of partial sums. */
typedef struct cds_load {
  double results, partial;
} cds_load;

static double bits_of(const cds_billing *it, cds_load load) {
  return load.results * it->tensor->format.bits +
         load.partial * it->tensor->accumulator.bits;
}

static void note_die(cds_billing *it, unsigned die, double pj) {
  if (it->pair->die_ask[die] > 0) {
    it->bill->asks[it->pair->die_ask[die]] += pj;
  }
}

/* Energy in a kind of die. */
static void spend(cds_billing *it, unsigned die, double pj) {
  it->bill->asks[CDS_ASKS_ENERGY] += pj;
  note_die(it, die, pj);
}

static void access(cds_billing *it, unsigned level, cds_action action,
                   double bits) {
  const cds_level *at = &it->pair->arch->level[level];
  const double accesses = bits / (double)at->width_bits;
  spend(it, at->die,
        (it->whole ? ceil(accesses) : accesses) * at->price[action].access_pj +
            bits * at->price[action].bit_pj);
}

static void access_load(cds_billing *it, unsigned level, cds_action action,
                        cds_load load) {
  access(it, level, action, load.results * it->tensor->format.bits);
  access(it, level, action, load.partial * it->tensor->accumulator.bits);
}

static void cross_bonds(cds_billing *it, unsigned from, unsigned to,
                        double bits) {
  const cds_arch *arch = it->pair->arch;
  const uint32_t crossed =
      from == to ? 0 : cds_arch_bonds_between(arch, from, to);
  for (unsigned b = 0; crossed != 0 && b < arch->bonds; b++) {
    if ((crossed >> b & 1U) != 0) {
      const double pj = bits * arch->bond[b].crossings * arch->bond[b].bit_pj;
      it->bill->asks[CDS_ASKS_ENERGY] += pj;
      note_die(it, arch->bond[b].lower, pj / 2);
      note_die(it, arch->bond[b].upper, pj / 2);
    }
  }
  for (unsigned b = 0; crossed != 0 && b < it->pair->bonds; b++) {
    if ((crossed >> it->pair->bond[b] & 1U) != 0) {
      it->bill->asks[CDS_ASKS_BOND + b] += bits;
    }
  }
}

/* Everything between the two ends of an edge: bits of the side of the parent
 * and of the child, both ways together. */
static void cross(cds_billing *it, const cds_edge *edge, double above,
                  double below) {
  const cds_arch *arch = it->pair->arch;
  const unsigned from = arch->level[edge->parent].die;
  const unsigned to = edge->child == CDS_VERIFY_LEVELS
                          ? arch->compute.die
                          : arch->level[edge->child].die;
  if (!edge->across) {
    cross_bonds(it, from, to, below);
    return;
  }
  spend(it, arch->array[0].die, above * arch->array[0].bit_pj);
  it->bill->asks[CDS_ASKS_NET] += above;
  cross_bonds(it, from, arch->array[0].die, above);
  cross_bonds(it, arch->array[0].die, to, below);
}

/* What the child takes in and gives, in bits of one instance, and what its
 * parent and the network see of it. */
typedef struct cds_passage {
  double fills, drains, parent_out, parent_in, net;
} cds_passage;

static void child_ports(cds_billing *it, const cds_edge *edge,
                        const cds_passage *passage) {
  const cds_arch *arch = it->pair->arch;
  double *asks = it->bill->asks;
  if (edge->child == CDS_VERIFY_LEVELS) {
    return;
  }
  it->bill->parent[edge->child] = edge->parent;
  if (arch->overlap != CDS_OVERLAP_NATIVE ||
      arch->level[edge->child].buffering != CDS_BUFFER_SINGLE) {
    asks[CDS_ASKS_IN + edge->child] += passage->fills;
    asks[CDS_ASKS_OUT + edge->child] += passage->drains;
    return;
  }
  double *apart = asks + cds_apart(edge->child);
  apart[CDS_APART_OWN_IN] += passage->fills;
  apart[CDS_APART_OWN_OUT] += passage->drains;
  apart[CDS_APART_OUT + edge->parent] += passage->parent_out;
  apart[CDS_APART_IN + edge->parent] += passage->parent_in;
  apart[CDS_APART_NET] += edge->across ? passage->net : 0;
}

static void operand_edge(cds_billing *it, const cds_edge *edge) {
  const double bits = it->tensor->format.bits;
  const double once = edge->loads * bits; /* as one instance sees it */
  const double child = edge->all * bits;
  const bool united = edge->across && it->pair->arch->array[0].multicast;
  const double parent = united ? once : child;
  const double peak = it->pair->under[edge->parent] ? once : parent;
  access(it, edge->parent, CDS_READ, parent);
  it->bill->asks[CDS_ASKS_OUT + edge->parent] += peak;
  if (edge->child < CDS_VERIFY_LEVELS) {
    access(it, edge->child, CDS_FILL, child);
  }
  cross(it, edge, parent, child);
  child_ports(it, edge, &(cds_passage){once, 0, peak, 0, parent});
}

/* A load of which all words of the outputs are results once, or none. */
static cds_load load_of(const cds_billing *it, double words, bool results) {
  const double done = results ? it->results : 0;
  return (cds_load){done, words - done};
}

/* What an edge moves of the output, in words. */
typedef struct cds_sums {
  double once;            /* as one instance of the child sees it */
  double drains, updates; /* below and above the network */
  double fills;           /* back to the child */
  double again;           /* back to one instance: all but the first time */
  bool merged;            /* what enters the parent last is the result */
  bool ready;             /* what leaves the child last is */
} cds_sums;

static cds_sums sums_of(const cds_billing *it, const cds_edge *edge) {
  const cds_arch *arch = it->pair->arch;
  const bool adds = arch->level[edge->parent].accumulate;
  const bool reduces = !edge->across || arch->array[0].reduction;
  const double once = edge->loads;
  const double drains = edge->all;
  const double groups = it->pair->under[edge->parent] ? edge->all : once;
  const bool alone = edge->alone;
  const bool once_only = it->added == CDS_ADDED_COUNTED
                             ? groups == it->results
                             : it->added == CDS_ADDED_RESULTS;
  const bool through = it->complete && (!adds || once_only);
  return (cds_sums){.once = once,
                    .drains = drains,
                    .updates = reduces ? groups : drains,
                    .fills = adds ? 0 : groups - it->zero_starts,
                    .again = adds ? 0 : once - it->results,
                    .merged = through && (reduces || alone),
                    .ready = through && alone};
}

static void output_parent(cds_billing *it, const cds_edge *edge,
                          const cds_sums *sums) {
  const bool under = it->pair->under[edge->parent];
  const unsigned bits = it->tensor->format.bits;
  const unsigned wide = it->tensor->accumulator.bits;
  const cds_load taken = load_of(it, sums->updates, it->complete);
  const cds_load peak =
      load_of(it, under ? sums->once : sums->updates, it->complete);
  const double reads = sums->updates - it->zero_starts;
  access_load(it, edge->parent, CDS_UPDATE, taken);
  access(it, edge->parent, CDS_READ, reads * wide);
  it->bill->asks[CDS_ASKS_IN + edge->parent] += bits_of(it, peak);
  it->bill->asks[CDS_ASKS_OUT + edge->parent] +=
      (under ? sums->once - it->results : reads) * wide;
  it->bill->tile_bits[edge->parent] =
      taken.partial > 0 || it->fills > 0 ? wide : bits;
  if (edge->child < CDS_VERIFY_LEVELS) {
    it->bill->last_parent[edge->child] = it->complete ? bits : wide;
    it->bill->last_net[edge->child] = sums->merged ? bits : wide;
    it->bill->last_own[edge->child] = sums->ready ? bits : wide;
  }
}

static void output_edge(cds_billing *it, const cds_edge *edge) {
  const cds_sums sums = sums_of(it, edge);
  const unsigned wide = it->tensor->accumulator.bits;
  const cds_load below = load_of(it, sums.drains, sums.ready);
  const double back = sums.fills * wide;
  const double up = bits_of(it, load_of(it, sums.updates, sums.merged));
  const double own = bits_of(it, load_of(it, sums.once, sums.ready));
  const double returned = sums.again * wide;
  output_parent(it, edge, &sums);
  if (edge->child < CDS_VERIFY_LEVELS) {
    access_load(it, edge->child, CDS_DRAIN, below);
    access(it, edge->child, CDS_FILL, back);
  }
  cross(it, edge, back + up, back + bits_of(it, below));
  if (edge->across) { /* what it unites, it adds */
    spend(it, it->pair->arch->array[0].die,
          (sums.drains - sums.updates) * it->pair->arch->array[0].add_pj);
  }
  child_ports(it, edge,
              &(cds_passage){returned, own, edge->across ? back : returned,
                             edge->across ? up : own, back + up});
  it->zero_starts = sums.drains - sums.fills;
  it->fills = sums.fills;
  it->complete = sums.ready;
}

static void add_edge(cds_billing *it, unsigned tensor, cds_edge edge) {
  edge.across = !it->pair->under[edge.parent] && it->pair->under[edge.child];
  if (tensor == CDS_VERIFY_TENSORS - 1) {
    output_edge(it, &edge);
  } else {
    operand_edge(it, &edge);
  }
}

void cds_bill_fill(cds_bill *out, const cds_pair *pair, unsigned tensor,
                   const cds_handling *how) {
  memset(out, 0, sizeof *out);
  const cds_tensor *of = &pair->einsum->tensor[tensor];
  const cds_stage *stage = pair->einsum->stage;
  const unsigned home = pair->home[tensor];
  const double words = pair->words[tensor] * pair->passes;
  const double results = pair->words[tensor] * pair->repeats * how->one[0];
  cds_billing it = {.bill = out,
                    .pair = pair,
                    .tensor = of,
                    .results = results,
                    .added = how->added,
                    .whole = how->whole,
                    .zero_starts = results,
                    .complete = true};
  for (unsigned level = 0; level < CDS_VERIFY_LEVELS; level++) {
    out->tile_bits[level] = of->format.bits;
  }
  if (home > 0 && stage->home[tensor].loads > 0) {
    const double loads = (double)stage->home[tensor].loads * how->one[0];
    add_edge(&it, tensor, (cds_edge){0, home, false, loads, loads, true});
  }
  unsigned parent = home;
  for (unsigned child = 1; child <= CDS_VERIFY_LEVELS; child++) {
    if (child == CDS_VERIFY_LEVELS || (how->held >> (child - 1) & 1U) != 0) {
      add_edge(&it, tensor,
               (cds_edge){.parent = parent,
                          .child = child,
                          .loads = words * how->one[child],
                          .all = words * how->all[child],
                          .alone = how->alone[child]});
      parent = child;
    }
  }
}
