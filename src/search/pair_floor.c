/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Floor of the pairs of the general search: bounds on energy and time without
 * mapping. Let W be the words of a tensor and M the multiply-accumulates, both
 * of all runs (spec/stage.h).
 *
 * Legs between holders. A tensor's holders are a chain from its home inwards,
 * of levels that policies allow, and of all that must keep it. On each leg
 * every word is read at the parent, crosses each network between and fills the
 * child at least once in each run; an output is drained, crosses and updates.
 * At most |O| words times the repeats leave as results, the others with the
 * bits of sums, and what comes up but does not start at zero is read: of a home
 * all but |O| times the repeats.
 *
 * Ways to compute, from the innermost holder at depth d. Units that lack a rank
 * of the tensor share its words, on arrays from d on that multicast (or add
 * up): so of M words M / x pass at the holder, x at most the product of these
 * arrays' units, and of the sizes of the ranks that the tensor lacks (with
 * windows, of which units share words otherwise, the first alone). An inner
 * holder of the output starts at zero no more often than it is drained, so of
 * its updates beyond W each costs a read or a drain.
 *
 * The arrays inside of the innermost level serve all tensors: if no rank is
 * lacked by two, a unit that more of one tensor's words are shared by is one
 * less for the others, and the product of the x there is at most their units U.
 * The least of sum of c(t) / x(t) with 1 <= x(t) <= m(t) and that product is
 * at least, for each price p >= 0 of sharing,
 *   sum over t of min over x of (c(t) / x + p log x)  -  p log U,
 * in which each tensor chooses its holders by itself; p is set to about the
 * best.
 */
#include <limits.h>
#include <math.h>

#include "base/math.h"
#include "price/words.h"
#include "search/holders.h"
#include "search/homes.h"

/* A tensor as the floor sees it. */
typedef struct cds_floor_tensor {
  const cds_arch *arch;
  const cds_tensor *tensor;
  bool output;
  unsigned home;
  double words, results; /* of all runs; of an output, that are not sums */
  double macs;
  double lacked; /* sizes of the ranks that it lacks, multiplied */
  bool must[CDS_LEVELS_MAX], may[CDS_LEVELS_MAX];
  double legs_pj[CDS_LEVELS_MAX]; /* from its home to here; INFINITY: never */
} cds_floor_tensor;

/* Energy of ways to compute: `each` times M / x, and `once`. */
typedef struct cds_floor_way {
  double each, once;
} cds_floor_way;

/* ---- words ------------------------------------------------------------ */

static double bit_price(const cds_level *level, cds_action action) {
  const cds_access_price *price = &level->price[action];
  return price->access_pj / (double)level->width_bits + price->bit_pj;
}

/* Bits of so many words that move one way: no more than `results` of an output
 * have the bits of its format. */
static double bits_of(const cds_floor_tensor *it, double words) {
  const double bits = it->tensor->format.bits;
  const double wide = it->output ? it->tensor->accumulator.bits : bits;
  return wide > bits ? words * wide - it->results * (wide - bits)
                     : words * wide;
}

static bool together(const cds_floor_tensor *it, unsigned k) {
  const cds_array *array = &it->arch->array[k];
  return it->output ? array->reduction : array->multicast;
}

static double array_units(const cds_array *array) {
  return (double)array->extent[0] *
         (array->axes > 1 ? (double)array->extent[1] : 1);
}

/* Units of arrays first to last - 1; of those that share words of the tensor,
 * unless it is NULL. */
static double units_of(const cds_arch *arch, const cds_floor_tensor *it,
                       unsigned first, unsigned last) {
  double units = 1;
  for (unsigned k = first; k < last; k++) {
    units *= it == NULL || together(it, k) ? array_units(&arch->array[k]) : 1;
  }
  return units;
}

/* Energy of a bit that passes the network once. */
static double net_price(const cds_array *array) {
  return array->bit_pj * (array->network == CDS_NETWORK_CROSSBAR ? 2 : 1);
}

/* ---- legs ------------------------------------------------------------- */

static double leg_energy(const cds_floor_tensor *it, unsigned parent,
                         unsigned child) {
  const cds_arch *arch = it->arch;
  const cds_level *above = &arch->level[parent];
  const cds_level *below = &arch->level[child];
  double price = bit_price(above, it->output ? CDS_UPDATE : CDS_READ) +
                 bit_price(below, it->output ? CDS_DRAIN : CDS_FILL);
  for (unsigned k = above->depth; k < below->depth; k++) {
    price += net_price(&arch->array[k]);
  }
  double energy = bits_of(it, it->words) * price;
  if (it->output && parent == it->home && !arch->sums_apart) {
    energy += (it->words - it->results) * it->tensor->accumulator.bits *
              bit_price(above, CDS_READ);
  }
  return energy;
}

/* Whether a level that must keep the tensor stands from `parent` on, to `child`
 * (`levels`: compute), and is neither of them. */
static bool passes_keeper(const cds_floor_tensor *it, unsigned parent,
                          unsigned child) {
  const cds_arch *arch = it->arch;
  const unsigned first = arch->level[parent].position;
  const unsigned last =
      child < arch->levels ? arch->level[child].position : UINT_MAX;
  for (unsigned l = it->home + 1; l < arch->levels; l++) {
    const unsigned position = arch->level[l].position;
    if (it->must[l] && l != parent && l != child && first <= position &&
        position <= last) {
      return true;
    }
  }
  return false;
}

static void set_legs(cds_floor_tensor *it) {
  const cds_arch *arch = it->arch;
  for (unsigned l = 0; l < arch->levels; l++) {
    const cds_policy policy = cds_level_policy(arch, l, it->tensor);
    it->must[l] = l > it->home && policy == CDS_MUST;
    it->may[l] = l == it->home || (l > it->home && policy != CDS_MUST_NOT);
    it->legs_pj[l] = l == it->home ? 0 : (double)INFINITY;
    for (unsigned p = it->home; it->may[l] && p < l; p++) {
      if (arch->level[p].position < arch->level[l].position &&
          !isinf(it->legs_pj[p]) && !passes_keeper(it, p, l)) {
        it->legs_pj[l] =
            fmin(it->legs_pj[l], it->legs_pj[p] + leg_energy(it, p, l));
      }
    }
  }
}

/* ---- ways to compute -------------------------------------------------- */

/* Price of a bit that comes up to a holder of the output again: it is read, or
 * the one before was drained, whose price at home is that of all. */
static double again_price(const cds_floor_tensor *it, unsigned holder) {
  const cds_level *level = &it->arch->level[holder];
  const double read = bit_price(level, CDS_READ);
  return holder == it->home ? read : fmin(read, bit_price(level, CDS_DRAIN));
}

/* Of M / x words that pass at the holder, arrays from its own depth to `inner`
 * - 1 sharing words beside x: they cross the networks from there to that of
 * `inner`. What crosses networks further in is constant. */
static cds_floor_way way_energy(const cds_floor_tensor *it, unsigned holder,
                                unsigned inner) {
  const cds_arch *arch = it->arch;
  const cds_level *level = &arch->level[holder];
  const double bits = it->tensor->format.bits;
  const double wide = it->output ? it->tensor->accumulator.bits : bits;
  const double most = wide > bits ? it->results * (wide - bits) : 0;
  cds_floor_way out = {0, 0};
  double price = bit_price(level, it->output ? CDS_UPDATE : CDS_READ);
  if (it->output && !arch->sums_apart) {
    const double again = again_price(it, holder);
    const double fresh = holder == it->home ? it->results : it->words;
    out.each += again * wide / units_of(arch, it, level->depth, inner);
    out.once -= again * wide * fresh;
  }
  out.each += price * wide / units_of(arch, it, level->depth, inner);
  out.once -= price * most;
  for (unsigned k = level->depth; k < arch->arrays; k++) {
    price = net_price(&arch->array[k]);
    out.once -= price * most;
    if (k <= inner) {
      out.each += price * wide / units_of(arch, it, k, inner);
    } else {
      const double shared =
          fmin(units_of(arch, it, k, arch->arrays), it->lacked);
      out.once += price * wide * fmax(it->words, it->macs / shared);
    }
  }
  return out;
}

/* Least of c / x + p log x, 1 <= x <= most. */
static double least_share(double c, double p, double most) {
  const double best = p > 0 ? c / p : most;
  const double x = best > most ? most : best < 1 ? 1 : best;
  return c / x + (p > 0 ? p * cds_log(x) : 0);
}

/* Whether the level may be the innermost holder. */
static bool may_be_last(const cds_floor_tensor *it, unsigned level) {
  return !isinf(it->legs_pj[level]) &&
         !passes_keeper(it, level, it->arch->levels);
}

/* Words that pass network k at least, or all networks from k on, when the
 * tensor has all units to itself. */
static double passing(const cds_floor_tensor *it, unsigned k) {
  const double shared =
      fmin(units_of(it->arch, it, k, it->arch->arrays), it->lacked);
  return fmax(it->words, it->macs / shared);
}

/* Least energy of the tensor when it has all units to itself. */
static double energy_alone(const cds_floor_tensor *it) {
  const cds_arch *arch = it->arch;
  double least = (double)INFINITY;
  for (unsigned l = it->home; l < arch->levels; l++) {
    const cds_level *level = &arch->level[l];
    if (!may_be_last(it, l)) {
      continue;
    }
    const double words = passing(it, level->depth);
    double energy =
        it->legs_pj[l] + bit_price(level, it->output ? CDS_UPDATE : CDS_READ) *
                             bits_of(it, words);
    if (it->output && !arch->sums_apart) {
      const double fresh = l == it->home ? it->results : it->words;
      energy +=
          (words - fresh) * it->tensor->accumulator.bits * again_price(it, l);
    }
    for (unsigned k = level->depth; k < arch->arrays; k++) {
      energy += net_price(&arch->array[k]) * bits_of(it, passing(it, k));
    }
    least = fmin(least, energy);
  }
  return least;
}

/* ---- all tensors ------------------------------------------------------ */

/* What a tensor may cost: `once`, and `each` / x. */
typedef struct cds_shared_cost {
  double once, each;
} cds_shared_cost;

/* The least sum of a cost of each tensor, x at most `most` and all together at
 * most the units inside of a depth. */
typedef struct cds_sharing {
  const cds_floor_tensor *tensor;
  unsigned tensors, inner;
  double units;
  double most[CDS_TENSORS_MAX];
  unsigned costs[CDS_TENSORS_MAX];
  cds_shared_cost cost[CDS_TENSORS_MAX][CDS_LEVELS_MAX];
} cds_sharing;

/* The sum at a price of sharing. */
static double sum_at(const cds_sharing *it, double p) {
  double sum = p > 0 ? -p * cds_log(it->units) : 0;
  for (unsigned t = 0; t < it->tensors; t++) {
    double least = (double)INFINITY;
    for (unsigned i = 0; i < it->costs[t]; i++) {
      const cds_shared_cost *cost = &it->cost[t][i];
      least = fmin(least, cost->once + least_share(cost->each, p, it->most[t]));
    }
    sum += least;
  }
  return sum;
}

/* The most of the sums for some prices: concave in the price, which is looked
 * for by steps of a golden section. Any price gives a bound. */
static double sum_of(const cds_sharing *it) {
  enum { STEPS = 24 };
  static const double part = 0.6180339887498949;
  double low = 0;
  double high = 0;
  for (unsigned t = 0; t < it->tensors; t++) {
    for (unsigned i = 0; i < it->costs[t]; i++) {
      high = fmax(high, it->cost[t][i].each);
    }
  }
  double a = high - part * high;
  double b = part * high;
  double at_a = sum_at(it, a);
  double at_b = sum_at(it, b);
  double most = fmax(sum_at(it, 0), fmax(at_a, at_b));
  for (unsigned i = 0; i < STEPS; i++) {
    if (at_a < at_b) {
      low = a;
      a = b;
      at_a = at_b;
      b = low + part * (high - low);
      at_b = sum_at(it, b);
      most = fmax(most, at_b);
    } else {
      high = b;
      b = a;
      at_b = at_a;
      a = high - part * (high - low);
      at_a = sum_at(it, a);
      most = fmax(most, at_a);
    }
  }
  return most;
}

/* Whether no rank is lacked by two tensors, and no axis has two ranks. */
static bool shares_apart(const cds_einsum *einsum) {
  for (unsigned r = 0; r < einsum->ranks; r++) {
    unsigned lacks = 0;
    for (unsigned t = 0; t < einsum->tensors; t++) {
      lacks += !cds_tensor_has_rank(&einsum->tensor[t], r);
    }
    if (lacks > 1 && einsum->rank[r].size > 1) {
      return false;
    }
  }
  for (unsigned t = 0; t < einsum->tensors; t++) {
    if (cds_tensor_has_windows(einsum, t)) {
      return false;
    }
  }
  return true;
}

/* The most arrays above a level that may hold something. */
static unsigned inner_depth(const cds_floor_tensor *tensor, unsigned tensors) {
  unsigned depth = 0;
  for (unsigned t = 0; t < tensors; t++) {
    for (unsigned l = 0; l < tensor[t].arch->levels; l++) {
      const unsigned own = tensor[t].arch->level[l].depth;
      depth = tensor[t].may[l] && own > depth ? own : depth;
    }
  }
  return depth;
}

static void begin_sharing(cds_sharing *out, const cds_floor_tensor *tensor,
                          unsigned tensors) {
  const cds_arch *arch = tensor[0].arch;
  *out = (cds_sharing){.tensor = tensor, .tensors = tensors};
  out->inner = inner_depth(tensor, tensors);
  out->units = units_of(arch, NULL, out->inner, arch->arrays);
  for (unsigned t = 0; t < tensors; t++) {
    out->most[t] = fmin(units_of(arch, &tensor[t], out->inner, arch->arrays),
                        tensor[t].lacked);
  }
}

/* Energy of all tensors' words. */
static double words_energy(const cds_floor_tensor *tensor, unsigned tensors,
                           bool apart) {
  double alone = 0;
  for (unsigned t = 0; t < tensors; t++) {
    alone += energy_alone(&tensor[t]);
  }
  if (!apart || isinf(alone)) {
    return alone;
  }
  cds_sharing all;
  begin_sharing(&all, tensor, tensors);
  for (unsigned t = 0; t < tensors; t++) {
    const cds_floor_tensor *it = &tensor[t];
    for (unsigned l = it->home; l < it->arch->levels; l++) {
      if (may_be_last(it, l)) {
        const cds_floor_way way = way_energy(it, l, all.inner);
        all.cost[t][all.costs[t]++] =
            (cds_shared_cost){it->legs_pj[l] + way.once, way.each * it->macs};
      }
    }
  }
  return fmax(alone, sum_of(&all));
}

/* ---- time ------------------------------------------------------------- */

/* Whether the level is the innermost holder of the tensor in all mappings. */
static bool always_last(const cds_floor_tensor *it, unsigned level) {
  for (unsigned l = 0; l < it->arch->levels; l++) {
    if (it->may[l] && l != level &&
        it->arch->level[l].position >= it->arch->level[level].position) {
      return false;
    }
  }
  return it->must[level] || (level == it->home && it->may[level]);
}

/* Cycles that the ports of a level right above the innermost arrays are busy
 * with ways to compute: of its instances one takes the mean at least. An output
 * is read or drained as often as it is updated, at home but for what starts
 * there at zero; drains of a level that waits for them are apart. */
static double way_cycles(const cds_sharing *all, unsigned level, bool waits) {
  const cds_arch *arch = all->tensor[0].arch;
  const cds_level *place = &arch->level[level];
  const double instances = units_of(arch, NULL, 0, place->depth);
  cds_sharing out = *all;
  cds_sharing both = *all;
  double in = 0;
  double less = 0;
  for (unsigned t = 0; t < all->tensors; t++) {
    const cds_floor_tensor *it = &all->tensor[t];
    const double bits = it->tensor->format.bits;
    const double least =
        it->output ? fmin(bits, it->tensor->accumulator.bits) : bits;
    const double cost = always_last(it, level) ? it->macs * least : 0;
    const bool home = level == it->home;
    const bool leaves = !it->output || (!arch->sums_apart && (home || !waits));
    out.costs[t] = both.costs[t] = 1;
    out.cost[t][0] = (cds_shared_cost){0, leaves ? cost : 0};
    both.cost[t][0] =
        (cds_shared_cost){0, (leaves ? cost : 0) + (it->output ? cost : 0)};
    if (it->output) {
      in = cost / all->most[t];
      less = home ? it->results * least : 0;
    }
  }
  const double away = fmax(0, sum_of(&out) - less);
  const double shared = fmax(0, sum_of(&both) - less);
  return fmax(cds_port_cycles(place, away / instances, 0),
              fmax(cds_port_cycles(place, 0, in / instances),
                   shared / instances / place->shared_bandwidth));
}

static bool waits_for(const cds_arch *arch, unsigned level) {
  return level > 0 && arch->overlap == CDS_OVERLAP_NATIVE &&
         arch->level[level].buffering == CDS_BUFFER_SINGLE;
}

/* Bits at least that leave and enter each level's port, of all runs: words at
 * their homes, and what comes there and goes; a level that waits for its
 * transfers has those apart. */
typedef struct cds_least_bits {
  double out[CDS_LEVELS_MAX], in[CDS_LEVELS_MAX];
} cds_least_bits;

static void add_homes(cds_least_bits *bits, const cds_homes *homes,
                      const cds_arch *arch, unsigned tensors) {
  for (unsigned l = 0; l < arch->levels && homes->moves; l++) {
    const bool apart = waits_for(arch, l);
    const cds_home_port port = cds_homes_port(homes, tensors, l);
    bits->out[l] += apart ? 0 : port.out;
    bits->in[l] += apart ? 0 : port.in;
  }
}

static double ports_cycles(const cds_least_bits *bits, const cds_arch *arch) {
  double cycles = 0;
  for (unsigned l = 0; l < arch->levels; l++) {
    cycles = fmax(cycles,
                  cds_port_cycles(&arch->level[l], bits->out[l], bits->in[l]));
  }
  return cycles;
}

/* Whether all words pass the first array: no inner level stands above it. */
static bool enters_array(const cds_arch *arch) {
  return arch->arrays > 0 && (arch->levels == 1 || arch->level[1].depth > 0);
}

/* Cycles of the way into the first array for so many bits down and up. Each
 * word crosses one link at least, and all words of a way that has one only: a
 * bus, both ways together, or the port at a corner, each way. */
static double entry_cycles(const cds_array *array, double down, double up) {
  if (array->network == CDS_NETWORK_BUS) {
    return (down + up) / array->bandwidth;
  }
  const bool corner =
      array->network == CDS_NETWORK_MESH && array->ports == CDS_PORTS_CORNER;
  return corner || array->network == CDS_NETWORK_CROSSBAR
             ? fmax(down, up) / array->bandwidth
             : 0;
}

static double least_cycles(const cds_floor_tensor *tensor, unsigned tensors,
                           const cds_homes *homes, bool apart) {
  const cds_arch *arch = tensor[0].arch;
  cds_least_bits bits = {{0}, {0}};
  for (unsigned t = 0; t < tensors; t++) {
    const cds_floor_tensor *it = &tensor[t];
    const double own = it->tensor->format.bits;
    if (it->output) {
      bits.in[it->home] += it->words * fmin(own, it->tensor->accumulator.bits);
    } else {
      bits.out[it->home] += it->words * own;
    }
  }
  add_homes(&bits, homes, arch, tensors);
  double cycles = fmax(tensor[0].macs / units_of(arch, NULL, 0, arch->arrays),
                       ports_cycles(&bits, arch));
  if (enters_array(arch)) { /* then all tensors are at home outside of it */
    cycles =
        fmax(cycles, entry_cycles(&arch->array[0], bits.out[0], bits.in[0]));
  }
  if (apart) {
    cds_sharing all;
    begin_sharing(&all, tensor, tensors);
    for (unsigned l = 0; l < arch->levels; l++) {
      if (arch->level[l].depth == all.inner) {
        cycles = fmax(cycles, way_cycles(&all, l, waits_for(arch, l)));
      }
    }
  }
  return cycles;
}

/* ---- the pair --------------------------------------------------------- */

static cds_status set_tensor(cds_floor_tensor *out, const cds_arch *arch,
                             const cds_einsum *einsum, const cds_homes *homes,
                             unsigned t) {
  uint64_t words = 0;
  CDS_TRY(cds_tensor_words(&words, einsum, t));
  *out = (cds_floor_tensor){.arch = arch,
                            .tensor = &einsum->tensor[t],
                            .output = t + 1 == einsum->tensors,
                            .home = homes->tensor[t].level,
                            .words = (double)words * homes->runs,
                            .results = (double)words * homes->repeats,
                            .lacked = 1};
  for (unsigned r = 0; r < einsum->ranks; r++) {
    if (!cds_tensor_has_rank(&einsum->tensor[t], r)) {
      out->lacked *= (double)einsum->rank[r].size;
    }
  }
  if (cds_tensor_has_windows(einsum, t)) {
    out->lacked = (double)INFINITY;
  }
  set_legs(out);
  return CDS_OK;
}

void cds_pair_floor(double *dynamic_pj, double *latency_s, const cds_arch *arch,
                    const cds_einsum *einsum, double power_limit_w) {
  uint64_t macs = 0;
  const unsigned format = cds_compute_format(arch, einsum);
  *dynamic_pj = 0;
  *latency_s = 0;
  cds_homes homes;
  if (format == UINT_MAX || cds_einsum_macs(&macs, einsum) != CDS_OK ||
      cds_homes_set(&homes, arch, einsum) != CDS_OK) {
    return;
  }
  cds_floor_tensor tensor[CDS_TENSORS_MAX];
  const double all = (double)macs * homes.runs;
  unsigned t = 0;
  do { /* there is one at least */
    if (set_tensor(&tensor[t], arch, einsum, &homes, t) != CDS_OK) {
      return;
    }
    tensor[t].macs = all;
  } while (++t < einsum->tensors);
  const bool apart = shares_apart(einsum);
  const double energy = all * arch->compute.mac_pj[format] + homes.dynamic_pj +
                        words_energy(tensor, einsum->tensors, apart);
  if (isinf(energy)) {
    return; /* no chain of holders is allowed */
  }
  const double cycles = least_cycles(tensor, einsum->tensors, &homes, apart);
  const double leakage = cds_arch_leakage_w(arch);
  *dynamic_pj = energy * (1 - 1e-12);
  *latency_s = cycles / arch->clock_hz * (1 - 1e-12);
  if (!isinf(power_limit_w) && leakage < power_limit_w) {
    *latency_s =
        fmax(*latency_s, *dynamic_pj * 1e-12 / (power_limit_w - leakage));
  }
}
