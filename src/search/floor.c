/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounds without mapping, and the smallest need that nothing can avoid. */
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "search/branch.h"
#include "search/holders.h"
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
  const cds_spread_range one = {s, s};
  cds_least_row_between(out, problem, tensor, held, one);
}

unsigned cds_least_rows_between(cds_row row[CDS_LEAST_ROWS],
                                cds_row_bits bits[CDS_LEAST_ROWS],
                                const cds_problem *problem, unsigned tensor,
                                cds_held held, cds_spread_range range) {
  assert(range.low > 0 && range.low <= range.high);
  assert(range.low == range.high || problem->residual[tensor]);
  const uint64_t most = cds_ceil_div(problem->size[tensor], range.low);
  const bool inside = (held & CDS_HELD_2) != 0;
  cds_cut low;
  cds_cut high;
  cds_cut_least_between(&low, problem, tensor, range, 1, inside ? most : 1);
  if (tensor == CDS_MATRIX - 1) { /* operands have no zero starts */
    cds_cut_most(&high, problem, tensor, range.high);
  }
  const cds_cut *const cut[2] = {&low, &high};
  cds_row_floor_bits(&row[0], bits, problem, tensor, held, cut);
  if (range.low > 1 || range.high == 1) {
    return 1;
  }
  /* A spread reduction has other bits than one that is not spread. */
  for (unsigned step = 1; step <= CDS_STEPS; step++) {
    low.group[step] = problem->below[step] ? 2 : 1;
  }
  cds_row_floor_bits(&row[1], bits == NULL ? NULL : bits + 1, problem, tensor,
                     held, cut);
  return 2;
}

void cds_least_row_between(cds_row *out, const cds_problem *problem,
                           unsigned tensor, cds_held held,
                           cds_spread_range range) {
  cds_row row[CDS_LEAST_ROWS];
  const unsigned rows =
      cds_least_rows_between(row, NULL, problem, tensor, held, range);
  *out = row[0];
  if (rows > 1) {
    cds_row_lower(out, &row[1]);
  }
}

cds_spread_range cds_range_from(uint64_t first, uint64_t most, unsigned parts) {
  uint64_t octave = 1;
  while (octave <= first / 2) {
    octave *= 2;
  }
  const uint64_t part = octave / parts > 0 ? octave / parts : 1;
  const uint64_t last =
      first == octave ? first : first + part - 1 - (first - octave) % part;
  return (cds_spread_range){first, last < most ? last : most};
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

/* Residual parts: any spread up to the units, by ranges of them. */
static void add_residual(cds_least *least, const cds_problem *problem,
                         unsigned tensor, cds_held held) {
  const uint64_t size = problem->size[tensor];
  const uint64_t units = cds_array_units(problem);
  const uint64_t most = size < units ? size : units;
  for (uint64_t s = 1; s <= most;) {
    const cds_spread_range range = cds_range_from(s, most, 1);
    cds_row row;
    cds_least_row_between(&row, problem, tensor, held, range);
    add_least(least, &row);
    s = range.high + 1;
  }
}

/* Over all spreads of its class and sets of holders. */
void cds_least_of_all(cds_row *out, const cds_problem *problem,
                      unsigned tensor) {
  memset(out, 0, sizeof *out);
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

/* All units at work, whichever ranks they take: no spread does better. */
static void rows_cost(double *dynamic_pj, double *cycles,
                      const cds_problem *problem, const cds_row *const row[3]) {
  const double batch_steps =
      (double)problem->size[CDS_BATCH] / (double)cds_array_units(problem);
  cds_rows_cost(dynamic_pj, cycles, problem, row, batch_steps);
}

void cds_problem_floor(double *dynamic_pj, double *cycles,
                       const cds_problem *problem) {
  cds_row least[CDS_MATRIX];
  const cds_row *row[CDS_MATRIX];
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    cds_least_of_all(&least[t], problem, t);
    row[t] = &least[t];
  }
  rows_cost(dynamic_pj, cycles, problem, row);
}

void cds_floor_of_rows(double *dynamic_pj, double *roofs_s,
                       const cds_problem *problem,
                       const cds_row *const row[3]) {
  double cycles = 0;
  rows_cost(dynamic_pj, &cycles, problem, row);
  *dynamic_pj *= 1 - 1e-12;
  *roofs_s = cycles / problem->arch->clock_hz * (1 - 1e-12);
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
