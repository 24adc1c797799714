/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounds without mapping, and the smallest need that nothing can avoid. */
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "search/branch.h"
#include "search/holders.h"
#include "search/homes.h"
#include "spec/stage.h"

bool cds_held_allowed(const cds_problem *problem, unsigned tensor,
                      cds_held held) {
  for (unsigned level = 1; level < CDS_STEPS; level++) {
    const bool here = (held >> (level - 1) & 1U) != 0;
    if (level >= problem->levels || level <= problem->home[tensor]) {
      if (here) {
        return false;
      }
      continue;
    }
    const cds_policy policy = problem->policy[level][tensor];
    if ((policy == CDS_MUST && !here) || (policy == CDS_MUST_NOT && here)) {
      return false;
    }
  }
  return true;
}

void cds_least_row(cds_row *out, const cds_problem *problem, unsigned tensor,
                   cds_held held, uint64_t s) {
  assert(s > 0);
  const uint64_t steps = cds_ceil_div(problem->size[tensor], s);
  const bool inside = (held & CDS_HELD_2) != 0;
  cds_cut low;
  cds_cut high;
  cds_cut_least(&low, problem, tensor, s, 1, inside ? steps : 1);
  cds_cut_most(&high, problem, tensor, s);
  cds_row_floor(out, problem, tensor, held, &low, &high);
}

uint64_t cds_array_units(const cds_problem *problem) {
  if (!problem->array) {
    return 1;
  }
  const cds_array *array = &problem->arch->array[0];
  return array->extent[0] * (array->axes > 1 ? array->extent[1] : 1);
}

/* Goes on to the next divisor of a class's size, an odometer over the exponents
 * of its primes; false after the last. */
static bool next_divisor(uint64_t *divisor, const cds_primes *primes,
                         uint64_t size) {
  for (unsigned p = 0; p < primes->count; p++) {
    const uint64_t prime = primes->prime[p];
    if (size / *divisor % prime == 0) {
      *divisor *= prime;
      return true;
    }
    while (*divisor % prime == 0) {
      *divisor /= prime;
    }
  }
  return false;
}

typedef struct cds_least {
  cds_row *out;
  bool first;
} cds_least;

static void add_least(cds_least *least, const cds_row *row) {
  if (least->first) {
    *least->out = *row;
    least->first = false;
  }
  cds_row_lower(least->out, row);
}

/* Residual parts: any spread up to the units; the passes of all of them at
 * once. A spread reduction has other bits than one that is not spread. */
static void add_residual(cds_least *least, const cds_problem *problem,
                         unsigned tensor, cds_held held) {
  const uint64_t size = problem->size[tensor];
  const uint64_t units = cds_array_units(problem);
  const uint64_t most = size < units ? size : units;
  cds_cut low;
  cds_cut high;
  cds_row row;
  cds_cut_most(&high, problem, tensor, most);
  for (uint64_t s = 1; s <= 2 && s <= most; s++) {
    cds_cut_least(&low, problem, tensor, most, 1, size);
    for (unsigned step = 1; step < CDS_STEPS; step++) {
      low.passes[step] = (cds_passes){1, 1, 0};
    }
    for (unsigned step = 1; step <= CDS_STEPS; step++) {
      low.group[step] = problem->below[step] ? s : 1;
    }
    cds_row_floor(&row, problem, tensor, held, &low, &high);
    add_least(least, &row);
  }
}

/* Least row of a tensor over all spreads of its class and sets of holders. */
static void least_of_all(cds_row *out, const cds_problem *problem,
                         unsigned tensor) {
  const uint64_t units = cds_array_units(problem);
  const uint64_t size = problem->size[tensor];
  cds_least least = {out, true};
  for (cds_held held = 0; held < CDS_HELD_SETS; held++) {
    if (!cds_held_allowed(problem, tensor, held)) {
      continue;
    }
    if (problem->residual[tensor]) {
      add_residual(&least, problem, tensor, held);
      continue;
    }
    uint64_t s = 1;
    do {
      if (s <= units) {
        cds_row row;
        cds_least_row(&row, problem, tensor, held, s);
        add_least(&least, &row);
      }
    } while (next_divisor(&s, &problem->primes[tensor], size));
  }
  out->steps = (double)size;
}

void cds_problem_floor(double *dynamic_pj, double *cycles,
                       const cds_problem *problem) {
  cds_row least[CDS_MATRIX];
  const cds_row *row[CDS_MATRIX];
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    memset(&least[t], 0, sizeof least[t]);
    least_of_all(&least[t], problem, t);
    row[t] = &least[t];
  }
  /* All units at work, whichever ranks they take: no spread does better. */
  const double batch_steps =
      (double)problem->size[CDS_BATCH] / (double)cds_array_units(problem);
  cds_rows_cost(dynamic_pj, cycles, problem, row, batch_steps);
}

void cds_search_floor(double *dynamic_pj, double *latency_s,
                      const cds_arch *arch, const cds_einsum *einsum,
                      double power_limit_w) {
  cds_problem problem;
  *dynamic_pj = 0;
  *latency_s = 0;
  if (!cds_search_uneven(arch, einsum)) {
    cds_pair_floor(dynamic_pj, latency_s, arch, einsum, power_limit_w);
    return;
  }
  if (cds_problem_init(&problem, arch, einsum, power_limit_w) != CDS_OK) {
    return;
  }
  double cycles = 0;
  cds_problem_floor(dynamic_pj, &cycles, &problem);
  *latency_s = cycles / arch->clock_hz;
  *latency_s = fmax(*latency_s, *dynamic_pj * problem.seconds_per_pj);
  *dynamic_pj *= 1 - 1e-12;
  *latency_s *= 1 - 1e-12;
}

/* One word of each tensor that must be there, twice where tiles change. */
static cds_misfit least_need(const cds_arch *arch, const cds_einsum *einsum,
                             unsigned level) {
  const bool twice = level > 0 && cds_level_doubled(arch, level);
  cds_misfit need = {level, 0, 0, arch->level[level].size_bits};
  uint64_t largest = 0;
  if (level == 0 && arch->level[0].streamed) {
    return need; /* need not fit */
  }
  for (unsigned t = 0; t < einsum->tensors; t++) {
    const unsigned home = cds_einsum_home(einsum, t);
    if (level < home ||
        (level > home &&
         cds_level_policy(arch, level, &einsum->tensor[t]) != CDS_MUST)) {
      continue;
    }
    uint64_t words = 0;
    if (cds_tensor_words(&words, einsum, t) != CDS_OK) {
      words = UINT64_MAX;
    }
    const unsigned bits = einsum->tensor[t].format.bits;
    const uint64_t copies = twice && level > home && words > 1 ? 2 : 1;
    uint64_t own = 0;
    if (!cds_mul_u64(&own, level == home ? words : 1, bits * copies) ||
        !cds_add_u64(&need.need_bits, need.need_bits, own)) {
      need.need_bits = UINT64_MAX;
      own = UINT64_MAX;
    }
    if (own > largest) {
      largest = own;
      need.tensor = t;
    }
  }
  return need;
}

cds_misfit cds_pair_misfit(const cds_arch *arch, const cds_einsum *einsum) {
  cds_misfit worst = least_need(arch, einsum, 0);
  for (unsigned level = 1; level < arch->levels; level++) {
    if (worst.need_bits > worst.size_bits) {
      return worst;
    }
    worst = least_need(arch, einsum, level);
  }
  return worst;
}

/* ---- floor of the general search ------------------------------------- */

static double bit_price(const cds_level *level, cds_action action) {
  const cds_access_price *price = &level->price[action];
  return price->access_pj / (double)level->width_bits + price->bit_pj;
}

/* Units of the arrays below a depth. */
static double units_below(const cds_arch *arch, unsigned depth) {
  double units = 1;
  for (unsigned k = depth; k < arch->arrays; k++) {
    const cds_array *array = &arch->array[k];
    units *= (double)array->extent[0] *
             (array->axes > 1 ? (double)array->extent[1] : 1);
  }
  return units;
}

/* Each word passes its home once in each run, each multiply-accumulate takes it
 * from the tensor's innermost holder, at most all units below it sharing one
 * word. Least over the levels that may be the innermost holder. `words`,
 * `macs`: of all runs. */
static double least_energy(const cds_arch *arch, const cds_einsum *einsum,
                           unsigned t, double words, double macs) {
  const unsigned home = cds_einsum_home(einsum, t);
  const cds_tensor *tensor = &einsum->tensor[t];
  const bool output = t == einsum->tensors - 1;
  const cds_action action = output ? CDS_UPDATE : CDS_READ;
  const double bits = output && tensor->accumulator.bits < tensor->format.bits
                          ? tensor->accumulator.bits
                          : tensor->format.bits;
  const double outer = bit_price(&arch->level[home], action);
  double least = fmax(words, macs / units_below(arch, 0)) * outer;
  for (unsigned l = home + 1; l < arch->levels; l++) {
    if (cds_level_policy(arch, l, tensor) != CDS_MUST_NOT) {
      const double reads = macs / units_below(arch, arch->level[l].depth);
      least = fmin(least,
                   words * outer + reads * bit_price(&arch->level[l], action));
    }
  }
  return least * bits;
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
  return corner ? fmax(down, up) / array->bandwidth : 0;
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
    const bool apart = l > 0 && arch->overlap == CDS_OVERLAP_NATIVE &&
                       arch->level[l].buffering == CDS_BUFFER_SINGLE;
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
  const double all = (double)macs * homes.runs;
  double energy = all * arch->compute.mac_pj[format] + homes.dynamic_pj;
  cds_least_bits bits = {{0}, {0}};
  for (unsigned t = 0; t < einsum->tensors; t++) {
    uint64_t words = 0;
    if (cds_tensor_words(&words, einsum, t) != CDS_OK) {
      return;
    }
    const double moved = (double)words * homes.runs;
    energy += least_energy(arch, einsum, t, moved, all);
    const cds_tensor *tensor = &einsum->tensor[t];
    const unsigned home = homes.tensor[t].level;
    if (t + 1 < einsum->tensors) {
      bits.out[home] += moved * tensor->format.bits;
    } else {
      bits.in[home] +=
          moved * fmin(tensor->format.bits, tensor->accumulator.bits);
    }
  }
  add_homes(&bits, &homes, arch, einsum->tensors);
  double cycles = fmax(all / units_below(arch, 0), ports_cycles(&bits, arch));
  if (enters_array(arch)) { /* then all tensors are at home outside of it */
    energy += (bits.out[0] + bits.in[0]) * arch->array[0].bit_pj;
    cycles =
        fmax(cycles, entry_cycles(&arch->array[0], bits.out[0], bits.in[0]));
  }
  const double leakage = cds_arch_leakage_w(arch);
  *dynamic_pj = energy * (1 - 1e-12);
  *latency_s = cycles / arch->clock_hz * (1 - 1e-12);
  if (!isinf(power_limit_w) && leakage < power_limit_w) {
    *latency_s =
        fmax(*latency_s, *dynamic_pj * 1e-12 / (power_limit_w - leakage));
  }
}
