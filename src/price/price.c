/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Energy and time of an einsum's counts.
 *
 * Energy. Each (level, tensor, action) pays its accesses; each network pays
 * its additions and the bits that cross its links (count/hops.h; a bus: that
 * enter it from above and leave it upwards); each bond pays the bits that cross
 * it; each MAC pays its format's energy.
 *
 * Time, in core cycles, from the inside out:
 *   t = compute steps, with what stands between passes of systolic arrays that
 *       run them apart
 *   for each level, innermost first:
 *     t = max(t, port roof of the level)
 *     if the level is single buffered: t += X, the time of its own fills and
 *     drains on the parent's port, the networks and its own port (whose roof
 *     then leaves them out)
 *   t = max(t, roof of each network and bond over the whole run)
 *   for each double-buffered level below the outermost:
 *     t += first fill + last drain
 *   for each other systolic array, once: t += rows used - 1 + cols used - 1, as
 *     its far corner starts so much later (the tiles that follow come without
 *     gap)
 * The roof of a network is that of its busiest link, each way and axis apart:
 * the sum over tensors of the busiest link of each. That is exact for all kinds
 * with one port, whose link carries every word; along edges it may be high, as
 * tensors may load different links. A bisection never binds before it: of all
 * links that cross a cut the busiest one carries at least the mean. Links are
 * pipelined: their latency is not charged.
 * Bonds are roofs only: neither X nor the first fill and last drain wait for
 * them. The last drain counts in the output's bits unless all words that leave
 * there are partial sums.
 * With `overlap: perfect` every level counts as double buffered, and neither
 * the second copy nor the first fill and last drain are charged.
 */
#include "price/price.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "price/words.h"

typedef struct cds_pricing {
  cds_cost *cost;
  const cds_arch *arch;
  const cds_einsum *einsum;
  const cds_counts *counts;
} cds_pricing;

static double max2(double a, double b) { return a > b ? a : b; }

/* Bits of an action at a level on its busiest instance. */
static double peak_bits(const cds_pricing *job, unsigned level, unsigned tensor,
                        cds_action action) {
  const cds_traffic *entry = &job->counts->at[level][tensor];
  const cds_tensor *t = &job->einsum->tensor[tensor];
  const uint64_t partial = entry->partial_peak[action];
  return cds_words_bits(entry->peak[action] - partial, t->format.bits) +
         cds_words_bits(partial, t->accumulator.bits);
}

static double total_bits(const cds_pricing *job, unsigned level,
                         unsigned tensor, cds_action action) {
  const cds_traffic *entry = &job->counts->at[level][tensor];
  const cds_tensor *t = &job->einsum->tensor[tensor];
  const uint64_t partial = entry->partial[action];
  return cds_words_bits(entry->words[action] - partial, t->format.bits) +
         cds_words_bits(partial, t->accumulator.bits);
}

/* ---- energy ---------------------------------------------------------- */

static void price_level(cds_pricing *job, unsigned level) {
  const cds_level *place = &job->arch->level[level];
  double energy = 0;
  for (unsigned t = 0; t < job->einsum->tensors; t++) {
    const cds_tensor *tensor = &job->einsum->tensor[t];
    const cds_traffic *entry = &job->counts->at[level][t];
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      const uint64_t partial = entry->partial[a];
      energy += cds_words_energy(
          place, (cds_action)a, entry->words[a] - partial, tensor->format.bits);
      energy += cds_words_energy(place, (cds_action)a, partial,
                                 tensor->accumulator.bits);
    }
  }
  job->cost->level_pj[level] = energy;
  job->cost->dynamic_pj += energy;
}

/* Bits that pass network k of one edge: all networks, or the busiest one. */
static double net_bits(const cds_pricing *job, unsigned child, unsigned tensor,
                       unsigned k, bool busiest) {
  const cds_traffic *entry = &job->counts->at[child][tensor];
  const cds_tensor *t = &job->einsum->tensor[tensor];
  const bool output = tensor == job->einsum->tensors - 1;
  const uint64_t down = busiest ? entry->down_peak[k] : entry->down[k];
  const uint64_t up = busiest ? entry->up_peak[k] : entry->up[k];
  const uint64_t partial =
      busiest ? entry->up_partial_peak[k] : entry->up_partial[k];
  return cds_words_bits(down, cds_word_bits(t, output)) +
         cds_words_bits(up - partial, t->format.bits) +
         cds_words_bits(partial, t->accumulator.bits);
}

/* The same times the links that they cross. */
static double hop_bits(const cds_pricing *job, unsigned child, unsigned tensor,
                       unsigned k) {
  const cds_traffic *entry = &job->counts->at[child][tensor];
  const cds_tensor *t = &job->einsum->tensor[tensor];
  const bool output = tensor == job->einsum->tensors - 1;
  const uint64_t partial = entry->hops_up_partial[k];
  return cds_words_bits(entry->hops_down[k], cds_word_bits(t, output)) +
         cds_words_bits(entry->hops_up[k] - partial, t->format.bits) +
         cds_words_bits(partial, t->accumulator.bits);
}

/* Bits on the busiest links of a network: by way (down, up) and axis. A bus has
 * one link for both ways. */
typedef struct cds_link_bits {
  double way[2][2];
} cds_link_bits;

static void add_link_bits(cds_link_bits *bits, const cds_pricing *job,
                          unsigned child, unsigned tensor, unsigned k) {
  const cds_traffic *entry = &job->counts->at[child][tensor];
  const cds_tensor *t = &job->einsum->tensor[tensor];
  const bool output = tensor == job->einsum->tensors - 1;
  if (job->arch->array[k].network == CDS_NETWORK_BUS) {
    bits->way[0][0] += net_bits(job, child, tensor, k, true);
    return;
  }
  for (unsigned x = 0; x < 2; x++) {
    const uint64_t partial = entry->link_up_partial[k][x];
    bits->way[0][x] +=
        cds_words_bits(entry->link_down[k][x], cds_word_bits(t, output));
    bits->way[1][x] +=
        cds_words_bits(entry->link_up[k][x] - partial, t->format.bits) +
        cds_words_bits(partial, t->accumulator.bits);
  }
}

static double link_cycles(const cds_link_bits *bits, const cds_array *array) {
  double cycles = bits->way[0][0] / array->bandwidth;
  cycles = max2(cycles, bits->way[0][1] / array->bandwidth);
  cycles = max2(cycles, bits->way[1][0] / array->bandwidth);
  return max2(cycles, bits->way[1][1] / array->bandwidth);
}

static void price_array(cds_pricing *job, unsigned k) {
  const cds_array *array = &job->arch->array[k];
  cds_link_bits busiest = {{{0, 0}, {0, 0}}};
  double bits = 0;
  double adds = 0;
  for (unsigned child = 0; child <= job->arch->levels; child++) {
    for (unsigned t = 0; t < job->einsum->tensors; t++) {
      bits += array->network == CDS_NETWORK_BUS
                  ? net_bits(job, child, t, k, false)
                  : hop_bits(job, child, t, k);
      add_link_bits(&busiest, job, child, t, k);
      adds += (double)job->counts->at[child][t].adds[k];
    }
  }
  job->cost->array_pj[k] = bits * array->bit_pj;
  job->cost->add_pj[k] = adds * array->add_pj;
  job->cost->array_cycles[k] = link_cycles(&busiest, array);
  job->cost->dynamic_pj += job->cost->array_pj[k];
  job->cost->dynamic_pj += job->cost->add_pj[k];
}

void cds_price_bonds(cds_cost *cost, const cds_arch *arch, unsigned from_die,
                     unsigned to_die, double bits) {
  if (from_die == to_die) {
    return;
  }
  const uint32_t crossed = cds_arch_bonds_between(arch, from_die, to_die);
  for (unsigned b = 0; b < arch->bonds; b++) {
    if ((crossed >> b & 1U) == 0) {
      continue;
    }
    const cds_bond *bond = &arch->bond[b];
    const double energy = bits * bond->crossings * bond->bit_pj;
    cost->bond_pj[b] += energy;
    cost->dynamic_pj += energy;
    cost->bond_cycles[b] += bits / bond->bandwidth;
  }
}

/* Walks parent -> networks -> child and charges the bonds between their dies.
 */
static void price_edge_bonds(cds_pricing *job, unsigned child,
                             unsigned tensor) {
  const cds_arch *arch = job->arch;
  const cds_traffic *entry = &job->counts->at[child][tensor];
  const unsigned depth =
      child == arch->levels ? arch->arrays : arch->level[child].depth;
  unsigned die = arch->level[entry->parent].die;
  for (unsigned k = arch->level[entry->parent].depth; k < depth; k++) {
    cds_price_bonds(job->cost, arch, die, arch->array[k].die,
                    net_bits(job, child, tensor, k, false));
    die = arch->array[k].die;
  }
  const unsigned last =
      child == arch->levels ? arch->compute.die : arch->level[child].die;
  cds_price_bonds(job->cost, arch, die, last,
                  total_bits(job, child, tensor, CDS_FILL) +
                      total_bits(job, child, tensor, CDS_DRAIN));
}

static void price_bonds(cds_pricing *job) {
  if (job->arch->bonds == 0) {
    return;
  }
  for (unsigned child = 0; child <= job->arch->levels; child++) {
    for (unsigned t = 0; t < job->einsum->tensors; t++) {
      const cds_traffic *entry = &job->counts->at[child][t];
      const bool edge =
          child == job->arch->levels || (entry->held && entry->parent != child);
      if (edge) {
        price_edge_bonds(job, child, t);
      }
    }
  }
}

/* ---- time ------------------------------------------------------------ */

static bool hides_nothing(const cds_arch *arch, unsigned level) {
  return level > 0 && arch->overlap == CDS_OVERLAP_NATIVE &&
         arch->level[level].buffering == CDS_BUFFER_SINGLE;
}

static double level_roof(double *bits, const cds_pricing *job, unsigned level) {
  double out = 0;
  double in = 0;
  const bool own_apart = hides_nothing(job->arch, level);
  for (unsigned t = 0; t < job->einsum->tensors; t++) {
    out += peak_bits(job, level, t, CDS_READ);
    in += peak_bits(job, level, t, CDS_UPDATE);
    if (!own_apart) {
      out += peak_bits(job, level, t, CDS_DRAIN);
      in += peak_bits(job, level, t, CDS_FILL);
    }
  }
  *bits = out + in;
  return cds_port_cycles(&job->arch->level[level], out, in);
}

/* Bits of one kind of transfer into or out of the levels at one position:
 * everything, the first fill, or the last drain. */
typedef enum cds_transfer {
  CDS_ALL_OF_IT,
  CDS_FIRST_FILL,
  CDS_LAST_DRAIN
} cds_transfer;

typedef struct cds_flow {
  double down_parent[CDS_LEVELS_MAX], up_parent[CDS_LEVELS_MAX];
  double own_in[CDS_LEVELS_MAX], own_out[CDS_LEVELS_MAX];
  cds_link_bits net[CDS_ARRAYS_MAX];
} cds_flow;

/* Words that cross from the parent's side: equals what enters the first
 * network below it, or the child itself. */
static void add_all(cds_flow *flow, const cds_pricing *job, unsigned level,
                    unsigned t) {
  const cds_arch *arch = job->arch;
  const cds_traffic *entry = &job->counts->at[level][t];
  const cds_tensor *tensor = &job->einsum->tensor[t];
  const bool output = t == job->einsum->tensors - 1;
  const unsigned parent = entry->parent;
  const unsigned top = arch->level[parent].depth;
  uint64_t down = entry->peak[CDS_FILL];
  uint64_t up = entry->peak[CDS_DRAIN];
  uint64_t part = entry->partial_peak[CDS_DRAIN];
  if (top < arch->level[level].depth) {
    down = entry->down_peak[top];
    up = entry->up_peak[top];
    part = entry->up_partial_peak[top];
  }
  flow->down_parent[parent] +=
      cds_words_bits(down, cds_word_bits(tensor, output));
  flow->up_parent[parent] += cds_words_bits(up - part, tensor->format.bits) +
                             cds_words_bits(part, tensor->accumulator.bits);
  flow->own_in[level] += peak_bits(job, level, t, CDS_FILL);
  flow->own_out[level] += peak_bits(job, level, t, CDS_DRAIN);
  for (unsigned k = top; k < arch->level[level].depth; k++) {
    add_link_bits(&flow->net[k], job, level, t, k);
  }
}

static void add_first(cds_flow *flow, const cds_pricing *job, unsigned level,
                      unsigned t) {
  const cds_traffic *entry = &job->counts->at[level][t];
  const unsigned bits = job->einsum->tensor[t].format.bits;
  flow->down_parent[entry->parent] += cds_words_bits(entry->first_parent, bits);
  flow->own_in[level] += cds_words_bits(entry->first_own, bits);
  for (unsigned k = 0; k < job->arch->arrays; k++) {
    if (job->arch->array[k].network == CDS_NETWORK_BUS) {
      flow->net[k].way[0][0] += cds_words_bits(entry->first_net[k], bits);
      continue;
    }
    for (unsigned x = 0; x < 2; x++) {
      flow->net[k].way[0][x] += cds_words_bits(entry->first_link[k][x], bits);
    }
  }
}

static void add_last(cds_flow *flow, const cds_pricing *job, unsigned level,
                     unsigned t) {
  const cds_traffic *entry = &job->counts->at[level][t];
  const cds_traffic *parent = &job->counts->at[entry->parent][t];
  const cds_tensor *tensor = &job->einsum->tensor[t];
  const bool above = parent->partial[CDS_UPDATE] == parent->words[CDS_UPDATE];
  const bool own = entry->partial[CDS_DRAIN] == entry->words[CDS_DRAIN];
  flow->up_parent[entry->parent] +=
      cds_words_bits(entry->last_parent, cds_word_bits(tensor, above));
  flow->own_out[level] +=
      cds_words_bits(entry->last_own, cds_word_bits(tensor, own));
  for (unsigned k = 0; k < job->arch->arrays; k++) {
    if (job->arch->array[k].network == CDS_NETWORK_BUS) {
      const bool part = entry->up_partial[k] == entry->up[k];
      flow->net[k].way[0][0] +=
          cds_words_bits(entry->last_net[k], cds_word_bits(tensor, part));
      continue;
    }
    const bool part = entry->hops_up_partial[k] == entry->hops_up[k];
    for (unsigned x = 0; x < 2; x++) {
      flow->net[k].way[1][x] +=
          cds_words_bits(entry->last_link[k][x], cds_word_bits(tensor, part));
    }
  }
}

/* Busiest resource of a flow, in cycles. */
static double flow_cycles(const cds_flow *flow, const cds_arch *arch) {
  double cycles = 0;
  for (unsigned level = 0; level < arch->levels; level++) {
    const cds_level *place = &arch->level[level];
    cycles = max2(cycles, cds_port_cycles(place, flow->down_parent[level],
                                          flow->up_parent[level]));
    cycles = max2(cycles, cds_port_cycles(place, flow->own_out[level],
                                          flow->own_in[level]));
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    cycles = max2(cycles, link_cycles(&flow->net[k], &arch->array[k]));
  }
  return cycles;
}

/* Time of the transfers of the levels that share the position of `level` and
 * are single buffered (CDS_ALL_OF_IT) or double buffered (the others). */
static double position_cycles(const cds_pricing *job, unsigned level,
                              cds_transfer transfer) {
  const cds_arch *arch = job->arch;
  cds_flow flow;
  memset(&flow, 0, sizeof flow);
  for (unsigned l = 0; l < arch->levels; l++) {
    const bool apart = hides_nothing(arch, l);
    if (arch->level[l].position != arch->level[level].position ||
        apart != (transfer == CDS_ALL_OF_IT)) {
      continue;
    }
    for (unsigned t = 0; t < job->einsum->tensors; t++) {
      if (!job->counts->at[l][t].held) {
        continue;
      }
      if (transfer == CDS_ALL_OF_IT) {
        add_all(&flow, job, l, t);
      } else if (transfer == CDS_FIRST_FILL) {
        add_first(&flow, job, l, t);
      } else {
        add_last(&flow, job, l, t);
      }
    }
  }
  return flow_cycles(&flow, arch);
}

static bool last_of_position(const cds_arch *arch, unsigned level) {
  return level + 1 == arch->levels ||
         arch->level[level + 1].position != arch->level[level].position;
}

/* Words that an element below array k takes in or gives up, of tiles that stay
 * there. */
static double shifted_words(const cds_pricing *job, unsigned k) {
  const cds_array *array = &job->arch->array[k];
  double words = 0;
  for (unsigned level = 0; level < job->arch->levels; level++) {
    const bool below = job->arch->level[level].depth == k + 1;
    for (unsigned t = 0; below && t < job->einsum->tensors; t++) {
      const cds_traffic *entry = &job->counts->at[level][t];
      words += (double)entry->peak[CDS_FILL];
      words += array->drains_direct ? 0 : (double)entry->peak[CDS_DRAIN];
    }
  }
  return words;
}

/* What stands between the passes of arrays whose passes stand apart. */
static double between_passes(const cds_pricing *job) {
  double cycles = 0;
  for (unsigned k = 0; k < job->arch->arrays; k++) {
    const double passes = (double)job->counts->passes[k];
    if (cds_passes_apart(&job->arch->array[k], passes)) {
      cycles +=
          cds_pass_cycles(&job->arch->array[k], passes, shifted_words(job, k));
    }
  }
  return cycles;
}

/* Cycles by which the far corners of systolic arrays lag. */
static double skew(const cds_pricing *job) {
  double cycles = 0;
  for (unsigned k = 0; k < job->arch->arrays; k++) {
    if (job->arch->array[k].network == CDS_NETWORK_SYSTOLIC &&
        !cds_passes_apart(&job->arch->array[k],
                          (double)job->counts->passes[k])) {
      cycles += (double)(job->counts->along[k][0] - 1) +
                (double)(job->counts->along[k][1] - 1);
    }
  }
  return cycles;
}

static double price_time(cds_pricing *job) {
  const cds_arch *arch = job->arch;
  cds_cost *cost = job->cost;
  cost->compute_cycles = (double)job->counts->steps + between_passes(job);
  double cycles = cost->compute_cycles;
  for (unsigned level = arch->levels; level-- > 0;) {
    double bits = 0;
    cost->level_cycles[level] = level_roof(&bits, job, level);
    cost->outer_bits = level == 0 ? bits : cost->outer_bits;
    cycles = max2(cycles, cost->level_cycles[level]);
    if (level > 0 &&
        arch->level[level - 1].position == arch->level[level].position) {
      continue; /* the transfers wait for all levels side by side */
    }
    if (level > 0) {
      cycles += position_cycles(job, level, CDS_ALL_OF_IT);
    }
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    cycles = max2(cycles, cost->array_cycles[k]);
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    cycles = max2(cycles, cost->bond_cycles[b]);
  }
  if (arch->overlap == CDS_OVERLAP_NATIVE) {
    for (unsigned level = 1; level < arch->levels; level++) {
      if (last_of_position(arch, level)) {
        cost->first_cycles += position_cycles(job, level, CDS_FIRST_FILL);
        cost->last_cycles += position_cycles(job, level, CDS_LAST_DRAIN);
      }
    }
  }
  cost->skew_cycles = skew(job);
  return cycles + (cost->first_cycles + cost->last_cycles) + cost->skew_cycles;
}

double cds_price_safe_s(const cds_safe *safe, const cds_safe_point energy_pj) {
  double least = (double)INFINITY;
  for (unsigned r = 0; r < safe->regions; r++) {
    const cds_safe_region *region = &safe->region[r];
    double most = 0;
    for (unsigned i = 0; i < region->rows; i++) {
      double sum = 0;
      for (unsigned k = 0; k < CDS_SAFE_KINDS; k++) {
        sum += region->row[i][k] * energy_pj[k];
      }
      most = max2(most, sum);
    }
    least = fmin(least, most);
  }
  return least * 1e-12;
}

/* Dynamic energies by kind of die on the design that this one stands for
 * (cds_arch.roof): each component without the weight of its die. Half of a
 * bond's energy arises in each of its dies. */
static void plain_energies(cds_safe_point out, const cds_cost *cost,
                           const cds_arch *arch, unsigned vector_die) {
  const double *weight = arch->roof.weight;
  memset(out, 0, sizeof(cds_safe_point));
  out[CDS_SAFE_OUTSIDE] = cost->host_pj;
  for (unsigned l = 0; l < arch->levels; l++) {
    out[arch->level[l].die] += cost->level_pj[l];
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    out[arch->array[k].die] += cost->array_pj[k] + cost->add_pj[k];
  }
  out[arch->compute.die] += cost->compute_pj;
  out[vector_die] += cost->vector_pj;
  for (unsigned d = 0; d < arch->dies; d++) {
    out[d] /= weight[d];
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    const cds_bond *bond = &arch->bond[b];
    const double half =
        cost->bond_pj[b] / (weight[bond->lower] + weight[bond->upper]);
    out[bond->lower] += half;
    out[bond->upper] += half;
  }
}

cds_status cds_price_close(cds_cost *cost, const cds_arch *arch, double cycles,
                           double power_limit_w, unsigned vector_die) {
  const double leakage_w = cds_arch_leakage_w(arch);
  cost->power_cycles = 0;
  if (leakage_w >= power_limit_w) {
    return CDS_EINFEASIBLE;
  }
  if (arch->roof.safe != NULL) {
    cds_safe_point energy_pj;
    plain_energies(energy_pj, cost, arch, vector_die);
    cost->power_cycles =
        cds_price_safe_s(arch->roof.safe, energy_pj) * arch->clock_hz;
  } else if (!isinf(power_limit_w)) {
    cost->power_cycles =
        cost->dynamic_pj * 1e-12 / (power_limit_w - leakage_w) * arch->clock_hz;
  }
  cost->cycles = max2(cycles, cost->power_cycles);
  cost->latency_s = cost->cycles / arch->clock_hz;
  cost->leakage_pj = leakage_w * 1e12 * cost->latency_s;
  cost->energy_pj = cost->dynamic_pj + cost->leakage_pj;
  return CDS_OK;
}

/* ---- compute --------------------------------------------------------- */

/* Whether a unit of format `unit` can multiply values of format `value`. */
static bool covers(const cds_format *unit, const cds_format *value) {
  const bool unnamed = cds_format_find(value->name) == NULL ||
                       cds_format_find(unit->name) == NULL;
  return unit->bits >= value->bits &&
         (unnamed || unit->is_float == value->is_float);
}

unsigned cds_compute_format(const cds_arch *arch, const cds_einsum *einsum) {
  const cds_compute *compute = &arch->compute;
  if (compute->formats == 0) {
    return 0;
  }
  unsigned best = UINT_MAX;
  for (unsigned f = 0; f < compute->formats; f++) {
    bool fits = true;
    for (unsigned t = 0; t + 1 < einsum->tensors; t++) {
      fits = fits && covers(&compute->format[f], &einsum->tensor[t].format);
    }
    if (fits &&
        (best == UINT_MAX || compute->mac_pj[f] < compute->mac_pj[best])) {
      best = f;
    }
  }
  return best;
}

cds_status cds_price_einsum(cds_cost *out, const cds_arch *arch,
                            const cds_einsum *einsum, const cds_counts *counts,
                            double power_limit_w) {
  memset(out, 0, sizeof *out);
  const unsigned format = cds_compute_format(arch, einsum);
  if (format == UINT_MAX) {
    return CDS_EINPUT;
  }
  cds_pricing job = {out, arch, einsum, counts};
  out->compute_pj = (double)counts->macs * arch->compute.mac_pj[format];
  out->dynamic_pj = out->compute_pj;
  for (unsigned level = 0; level < arch->levels; level++) {
    price_level(&job, level);
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    price_array(&job, k);
  }
  price_bonds(&job);
  return cds_price_close(out, arch, price_time(&job), power_limit_w, 0);
}
