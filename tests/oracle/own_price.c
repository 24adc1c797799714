/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Price rules for the tests, shared with nothing in the library. */
#include "oracle/own_price.h"
#include "spec/stage.h"

#include <math.h>
#include <string.h>

/* One tensor on one edge, with its two word sizes. */
typedef struct edge {
  const cds_arch *arch;
  const cds_traffic *own, *parent;
  unsigned level, depth; /* level = arch->levels: compute */
  unsigned top;          /* depth of the parent */
  uint64_t word, wide;   /* bits of a stored word and of a partial sum */
  bool output;
} edge;

static double larger(double a, double b) { return a > b ? a : b; }

static double mixed(const edge *e, uint64_t words, uint64_t partial) {
  return (double)((words - partial) * e->word + partial * e->wide);
}

static double peak(const edge *e, const cds_traffic *at, cds_action action) {
  return mixed(e, at->peak[action], at->partial_peak[action]);
}

static double whole(const edge *e, const cds_traffic *at, cds_action action) {
  return mixed(e, at->words[action], at->partial[action]);
}

/* Words that go down to an output's holder are partial sums. */
static double down_bits(const edge *e, uint64_t words) {
  return (double)(words * (e->output ? e->wide : e->word));
}

/* Accesses of the level's width, final words and partial sums apart. */
static double access_energy(const edge *e, cds_action action) {
  const cds_level *level = &e->arch->level[e->level];
  const cds_access_price *price = &level->price[action];
  const uint64_t partial = e->own->partial[action];
  const uint64_t bits[2] = {(e->own->words[action] - partial) * e->word,
                            partial * e->wide};
  double energy = 0;
  for (unsigned i = 0; i < 2; i++) {
    const uint64_t width = level->width_bits;
    const uint64_t accesses = bits[i] / width + (bits[i] % width != 0);
    energy += (double)accesses * price->access_pj;
    energy += (double)bits[i] * price->bit_pj;
  }
  return energy;
}

static bool hides_nothing(const cds_arch *arch, unsigned level) {
  return arch->overlap == CDS_OVERLAP_NATIVE && level > 0 &&
         arch->level[level].buffering == CDS_BUFFER_SINGLE;
}

/* First level of the same position. */
static unsigned group_of(const cds_arch *arch, unsigned level) {
  while (level > 0 &&
         arch->level[level - 1].position == arch->level[level].position) {
    level--;
  }
  return level;
}

/* The level's own actions: energy, port, capacity. */
static void bill_level(bill *out, const edge *e) {
  const cds_arch *arch = e->arch;
  const unsigned level = e->level;
  for (unsigned a = 0; a < CDS_ACTIONS; a++) {
    out->energy_pj += access_energy(e, (cds_action)a);
  }
  out->out[level] += peak(e, e->own, CDS_READ);
  out->in[level] += peak(e, e->own, CDS_UPDATE);
  if (!hides_nothing(arch, level)) {
    out->out[level] += peak(e, e->own, CDS_DRAIN);
    out->in[level] += peak(e, e->own, CDS_FILL);
  }
  const bool twice = e->own->replaced && arch->overlap == CDS_OVERLAP_NATIVE &&
                     arch->level[level].buffering == CDS_BUFFER_DOUBLE;
  out->need[level] += e->own->tile_words *
                      (e->own->partial_tile ? e->wide : e->word) *
                      (twice ? 2 : 1);
}

/* Charges the bonds on the straight way from one die to another. */
static void bill_bonds(bill *out, const edge *e, unsigned from, unsigned to,
                       double bits) {
  for (unsigned b = 0; b < e->arch->bonds; b++) {
    if (cds_arch_bonds_between(e->arch, from, to) >> b & 1) {
      const cds_bond *bond = &e->arch->bond[b];
      out->energy_pj += bits * bond->crossings * bond->bit_pj;
      out->bond[b] += bits;
    }
  }
}

/* Networks and bonds between the parent and the level (or compute). */
static void bill_way(bill *out, const edge *e, unsigned parent_die) {
  unsigned die = parent_die;
  for (unsigned k = e->top; k < e->depth; k++) {
    const cds_array *array = &e->arch->array[k];
    const double bits = down_bits(e, e->own->down[k]) +
                        mixed(e, e->own->up[k], e->own->up_partial[k]);
    out->energy_pj += bits * array->bit_pj;
    out->energy_pj += (double)e->own->adds[k] * array->add_pj;
    out->net[k] += down_bits(e, e->own->down_peak[k]) +
                   mixed(e, e->own->up_peak[k], e->own->up_partial_peak[k]);
    bill_bonds(out, e, die, array->die, bits);
    die = array->die;
  }
  const unsigned last = e->level == e->arch->levels
                            ? e->arch->compute.die
                            : e->arch->level[e->level].die;
  bill_bonds(out, e, die, last,
             whole(e, e->own, CDS_FILL) + whole(e, e->own, CDS_DRAIN));
}

/* All transfers into and out of the level, where they are not hidden: words
 * that the parent gives to and takes from this edge, its networks and itself.
 */
static void flow_all(bill_flow *flow, const edge *e) {
  const unsigned parent = e->own->parent;
  if (e->top == e->depth) {
    flow->parent_out[parent] += peak(e, e->own, CDS_FILL);
    flow->parent_in[parent] += peak(e, e->own, CDS_DRAIN);
  } else {
    flow->parent_out[parent] += down_bits(e, e->own->down_peak[e->top]);
    flow->parent_in[parent] +=
        mixed(e, e->own->up_peak[e->top], e->own->up_partial_peak[e->top]);
  }
  flow->own_in[e->level] += peak(e, e->own, CDS_FILL);
  flow->own_out[e->level] += peak(e, e->own, CDS_DRAIN);
  for (unsigned k = e->top; k < e->depth; k++) {
    flow->net[k] += down_bits(e, e->own->down_peak[k]) +
                    mixed(e, e->own->up_peak[k], e->own->up_partial_peak[k]);
  }
}

static void flow_first(bill_flow *flow, const edge *e) {
  flow->parent_out[e->own->parent] += (double)(e->own->first_parent * e->word);
  flow->own_in[e->level] += (double)(e->own->first_own * e->word);
  for (unsigned k = e->top; k < e->depth; k++) {
    flow->net[k] += (double)(e->own->first_net[k] * e->word);
  }
}

/* The last drain has stored words, unless only partial sums ever pass there. */
static double last_bits(const edge *e, uint64_t words, uint64_t all,
                        uint64_t partial) {
  return (double)(words * (partial == all ? e->wide : e->word));
}

static void flow_last(bill_flow *flow, const edge *e) {
  flow->parent_in[e->own->parent] +=
      last_bits(e, e->own->last_parent, e->parent->words[CDS_UPDATE],
                e->parent->partial[CDS_UPDATE]);
  flow->own_out[e->level] +=
      last_bits(e, e->own->last_own, e->own->words[CDS_DRAIN],
                e->own->partial[CDS_DRAIN]);
  for (unsigned k = e->top; k < e->depth; k++) {
    flow->net[k] +=
        last_bits(e, e->own->last_net[k], e->own->up[k], e->own->up_partial[k]);
  }
}

void bill_tensor(bill *out, const cds_arch *arch, const cds_einsum *einsum,
                 const cds_counts *counts, unsigned tensor) {
  const cds_tensor *t = &einsum->tensor[tensor];
  memset(out, 0, sizeof *out);
  for (unsigned level = 0; level <= arch->levels; level++) {
    const cds_traffic *own = &counts->at[level][tensor];
    const bool compute = level == arch->levels;
    if (!compute && !own->held) {
      continue;
    }
    const bool output = tensor == einsum->tensors - 1;
    const edge e = {.arch = arch,
                    .own = own,
                    .parent = &counts->at[own->parent][tensor],
                    .level = level,
                    .depth = compute ? arch->arrays : arch->level[level].depth,
                    .top = arch->level[own->parent].depth,
                    .word = t->format.bits,
                    .wide = output ? t->accumulator.bits : t->format.bits,
                    .output = output};
    if (!compute) {
      bill_level(out, &e);
    }
    if (!compute && own->parent == level) {
      continue;
    }
    bill_way(out, &e, arch->level[own->parent].die);
    if (compute || arch->overlap == CDS_OVERLAP_PERFECT) {
      continue;
    }
    const unsigned group = group_of(arch, level);
    if (hides_nothing(arch, level)) {
      flow_all(&out->apart[group], &e);
    } else {
      flow_first(&out->first[group], &e);
      flow_last(&out->last[group], &e);
    }
  }
}

static void flow_add(bill_flow *sum, const bill_flow *part,
                     const cds_arch *arch) {
  for (unsigned l = 0; l < arch->levels; l++) {
    sum->parent_out[l] += part->parent_out[l];
    sum->parent_in[l] += part->parent_in[l];
    sum->own_out[l] += part->own_out[l];
    sum->own_in[l] += part->own_in[l];
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    sum->net[k] += part->net[k];
  }
}

void bill_add(bill *sum, const bill *part, const cds_arch *arch) {
  sum->energy_pj += part->energy_pj;
  for (unsigned l = 0; l < arch->levels; l++) {
    sum->out[l] += part->out[l];
    sum->in[l] += part->in[l];
    sum->need[l] += part->need[l];
    if (arch->overlap == CDS_OVERLAP_NATIVE && l > 0) {
      flow_add(&sum->apart[l], &part->apart[l], arch);
      flow_add(&sum->first[l], &part->first[l], arch);
      flow_add(&sum->last[l], &part->last[l], arch);
    }
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    sum->net[k] += part->net[k];
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    sum->bond[b] += part->bond[b];
  }
}

static double port(const cds_level *level, double out, double in) {
  return larger(
      (out + in) / level->shared_bandwidth,
      larger(out / level->read_bandwidth, in / level->write_bandwidth));
}

/* The busiest resource of a flow. */
static double flow_cycles(const bill_flow *flow, const cds_arch *arch) {
  double cycles = 0;
  for (unsigned l = 0; l < arch->levels; l++) {
    const cds_level *level = &arch->level[l];
    cycles =
        larger(cycles, port(level, flow->parent_out[l], flow->parent_in[l]));
    cycles = larger(cycles, port(level, flow->own_out[l], flow->own_in[l]));
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    cycles = larger(cycles, flow->net[k] / arch->array[k].bandwidth);
  }
  return cycles;
}

/* From inside out; what a single-buffered level does not hide is added. */
static double cycles_of(const bill *sum, const cds_arch *arch, uint64_t steps) {
  double cycles = (double)steps, ends = 0;
  for (unsigned l = arch->levels; l-- > 0;) {
    cycles = larger(cycles, port(&arch->level[l], sum->out[l], sum->in[l]));
    if (l > 0 && group_of(arch, l) == l) {
      cycles += flow_cycles(&sum->apart[l], arch);
      ends += flow_cycles(&sum->first[l], arch);
      ends += flow_cycles(&sum->last[l], arch);
    }
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    cycles = larger(cycles, sum->net[k] / arch->array[k].bandwidth);
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    cycles = larger(cycles, sum->bond[b] / arch->bond[b].bandwidth);
  }
  return cycles + ends;
}

static double instances(const cds_arch *arch, unsigned depth) {
  double product = 1;
  for (unsigned k = 0; k < depth; k++) {
    for (unsigned x = 0; x < arch->array[k].axes; x++) {
      product *= (double)arch->array[k].extent[x];
    }
  }
  return product;
}

double own_leakage_w(const cds_arch *arch) {
  double sum = arch->fixed_leakage_w;
  for (unsigned l = 0; l < arch->levels; l++) {
    sum += arch->level[l].leakage_w * instances(arch, arch->level[l].depth);
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    sum += arch->array[k].leakage_w * instances(arch, k);
  }
  sum += arch->compute.leakage_w * instances(arch, arch->arrays);
  for (unsigned v = 0; v < arch->vectors; v++) {
    const unsigned level = arch->vector[v].level;
    sum +=
        arch->vector[v].leakage_w * instances(arch, arch->level[level].depth);
  }
  return sum;
}

own_cost bill_total(const bill *sum, const cds_arch *arch, uint64_t macs,
                    uint64_t steps, double power_limit_w) {
  own_cost cost = {.fits = true, .meets = true};
  const double leakage_w = own_leakage_w(arch);
  for (unsigned l = 0; l < arch->levels; l++) {
    const bool streamed = l == 0 && arch->level[l].streamed;
    if (!streamed && sum->need[l] > arch->level[l].size_bits) {
      cost.fits = false;
    }
  }
  cost.dynamic_pj = sum->energy_pj + (double)macs * arch->compute.mac_pj[0];
  cost.cycles = cycles_of(sum, arch, steps);
  if (isfinite(power_limit_w)) {
    const double spare_pj_s = (power_limit_w - leakage_w) * 1e12;
    cost.meets = spare_pj_s > 0;
    cost.cycles =
        larger(cost.cycles, cost.dynamic_pj / spare_pj_s * arch->clock_hz);
  }
  cost.latency_s = cost.cycles / arch->clock_hz;
  cost.energy_pj = cost.dynamic_pj + leakage_w * cost.latency_s * 1e12;
  return cost;
}
