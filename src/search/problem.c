/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What this version of the search takes, and the pair in its own terms. */
#include "search/problem.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "spec/constraints.h"
#include "spec/stage.h"

unsigned cds_rank_class(const cds_einsum *einsum, unsigned rank) {
  unsigned lacks = 0;
  unsigned class = CDS_BATCH;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    if (!cds_tensor_has_rank(&einsum->tensor[t], rank)) {
      lacks++;
      class = t;
    }
  }
  return lacks <= 1 && class < CDS_CLASSES ? class : CDS_CLASSES;
}

static unsigned exponent(uint64_t *n, uint64_t prime) {
  unsigned times = 0;
  while (*n % prime == 0) {
    *n /= prime;
    times++;
  }
  return times;
}

/* Adds the primes of n. Ranks are at most 2^40: 2^20 trial divisions. */
static void add_primes(cds_primes *primes, uint64_t n) {
  for (unsigned p = 0; p < primes->count; p++) {
    exponent(&n, primes->prime[p]);
  }
  for (uint64_t d = 2; n > 1; d++) {
    if (d > n / d) {
      d = n; /* what is left is prime */
    }
    if (exponent(&n, d) > 0 && primes->count < CDS_PRIMES_MAX) {
      primes->prime[primes->count++] = d;
    }
  }
}

size_t cds_divisor_count(const cds_primes *primes, uint64_t n) {
  size_t count = 1;
  for (unsigned p = 0; p < primes->count; p++) {
    count *= 1 + exponent(&n, primes->prime[p]);
  }
  return count;
}

static int by_size(const void *left, const void *right) {
  const uint64_t a = *(const uint64_t *)left;
  const uint64_t b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

void cds_divisors(uint64_t *out, const cds_primes *primes, uint64_t n) {
  size_t count = 1;
  out[0] = 1;
  for (unsigned p = 0; p < primes->count; p++) {
    const unsigned times = exponent(&n, primes->prime[p]);
    const size_t known = count;
    for (size_t i = 0; i < known * times; i++) {
      out[count] = out[count - known] * primes->prime[p];
      count++;
    }
  }
  qsort(out, count, sizeof *out, by_size);
}

/* Whether levels, arrays and bonds are those of the matrix search. */
static bool matrix_arch(const cds_arch *arch) {
  if (arch->levels > CDS_STEPS || arch->arrays > 1 ||
      (arch->arrays == 1 && arch->array[0].network != CDS_NETWORK_BUS) ||
      (arch->arrays == 1 && !arch->array[0].reduction && arch->sums_apart)) {
    return false;
  }
  for (unsigned l = 0; l + 1 < arch->levels; l++) {
    /* Hoisting is no longer always at least as good where sums are added. */
    if (arch->level[l].accumulate ||
        arch->level[l + 1].position == arch->level[l].position) {
      return false;
    }
  }
  unsigned limited = 0;
  for (unsigned b = 0; b < arch->bonds; b++) {
    limited += !isinf(arch->bond[b].bandwidth);
  }
  return limited <= CDS_SEARCH_BONDS;
}

bool cds_problem_matrix(const cds_arch *arch, const cds_einsum *einsum) {
  if (einsum->tensors != CDS_MATRIX || !matrix_arch(arch)) {
    return false;
  }
  for (unsigned t = 0; t < einsum->tensors; t++) {
    for (unsigned a = 0; a < einsum->tensor[t].axes; a++) {
      cds_term term[CDS_TERMS_MAX];
      if (cds_axis_long_terms(term, einsum, &einsum->tensor[t].axis[a]) > 1) {
        return false;
      }
    }
  }
  for (unsigned r = 0; r < einsum->ranks; r++) {
    if (einsum->rank[r].size > 1 && cds_rank_class(einsum, r) == CDS_CLASSES) {
      return false;
    }
  }
  return true;
}

bool cds_search_uneven(const cds_arch *arch, const cds_einsum *einsum) {
  return cds_problem_matrix(arch, einsum) &&
         !cds_constraints_concern(arch, einsum, true);
}

cds_status cds_search_supports(const cds_arch *arch, const cds_einsum *einsum,
                               cds_diag *diag) {
  if (cds_compute_format(arch, einsum) == UINT_MAX) {
    cds_diag_error(diag, arch->compute.place,
                   "'%s' has no format for '%s' (%s x %s): expected one that "
                   "covers both operands",
                   arch->compute.name, einsum->name,
                   einsum->tensor[0].format.name,
                   einsum->tensor[1].format.name);
    return CDS_EINPUT;
  }
  return CDS_OK;
}

static cds_status init_sizes(cds_problem *out) {
  const cds_einsum *einsum = out->einsum;
  unsigned ranks[CDS_CLASSES] = {0};
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    out->size[c] = 1;
  }
  for (unsigned r = 0; r < einsum->ranks; r++) {
    const unsigned class = cds_rank_class(einsum, r);
    out->class_of[r] = class == CDS_CLASSES ? CDS_BATCH : class;
    uint64_t *size = &out->size[out->class_of[r]];
    ranks[out->class_of[r]] += einsum->rank[r].size > 1;
    if (!cds_mul_u64(size, *size, einsum->rank[r].size)) {
      return CDS_ELIMIT;
    }
    add_primes(&out->primes[out->class_of[r]], einsum->rank[r].size);
  }
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    out->residual[c] = out->arch->any_factors && ranks[c] == 1;
  }
  const uint64_t passes = cds_einsum_passes(einsum);
  const uint64_t repeats = cds_einsum_repeats(einsum);
  out->runs = (double)passes;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    CDS_TRY(cds_tensor_words(&out->words[t], einsum, t));
    out->others[t] = (double)out->words[t];
    if (!cds_mul_u64(&out->moved[t], out->words[t], passes) ||
        !cds_mul_u64(&out->words[t], out->words[t], repeats)) {
      return CDS_ELIMIT;
    }
  }
  uint64_t macs = 0;
  CDS_TRY(cds_einsum_macs(&macs, einsum));
  out->macs = (double)macs * out->runs;
  return CDS_OK;
}

double cds_home_words(const cds_problem *problem, unsigned tensor) {
  const cds_stage *stage = problem->einsum->stage;
  const unsigned level = problem->home[tensor];
  if (stage == NULL || level == 0) {
    return problem->others[tensor];
  }
  const bool twice =
      stage->home[tensor].replaced && cds_level_doubled(problem->arch, level);
  return (double)stage->home[tensor].tile_words * (twice ? 2 : 1);
}

static void init_homes(cds_problem *out) {
  for (unsigned l = 0; l < out->levels; l++) {
    const cds_stage *stage = out->einsum->stage;
    const double taken = stage == NULL ? 0 : (double)stage->taken_bits[l];
    out->room[l] = (double)out->arch->level[l].size_bits - taken;
  }
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    const cds_tensor *tensor = &out->einsum->tensor[t];
    const unsigned bits = tensor->format.bits;
    const unsigned sums = tensor->accumulator.bits;
    out->home[t] = cds_einsum_home(out->einsum, t);
    out->least_bits[t] = t == CDS_MATRIX - 1 && sums < bits ? sums : bits;
    out->room[out->home[t]] -= cds_home_words(out, t) * out->least_bits[t];
  }
}

static bool adds_pay(const cds_problem *problem) {
  const cds_arch *arch = problem->arch;
  const unsigned bits = problem->least_bits[CDS_MATRIX - 1];
  for (unsigned l = 0; problem->array && l < problem->levels; l++) {
    const cds_access_price *price = &arch->level[l].price[CDS_UPDATE];
    const double bit_pj =
        price->access_pj / (double)arch->level[l].width_bits + price->bit_pj;
    if (!problem->below[l] &&
        bits * (bit_pj + arch->array[0].bit_pj) < arch->array[0].add_pj) {
      return false;
    }
  }
  return true;
}

/* Which dies a matrix product may take energy in. */
static void mark_dies(bool used[CDS_DIES_MAX], const cds_arch *arch) {
  used[arch->compute.die] = true;
  for (unsigned l = 0; l < arch->levels; l++) {
    used[arch->level[l].die] = true;
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    used[arch->array[k].die] = true;
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    used[arch->bond[b].lower] = used[arch->bond[b].upper] = true;
  }
}

static void init_dies(cds_problem *out) {
  const cds_arch *arch = out->arch;
  const cds_safe *safe = arch->roof.safe;
  bool used[CDS_DIES_MAX] = {false};
  if (safe == NULL) {
    return;
  }
  mark_dies(used, arch);
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    const bool told = used[d] && out->dies < CDS_SEARCH_DIES;
    out->die_slot[d] = told ? out->dies : CDS_SEARCH_DIES;
    out->dies_hidden = out->dies_hidden || (used[d] && !told);
    if (told) {
      out->die_weight[out->dies++] = arch->roof.weight[d];
    }
  }
  for (unsigned r = 0; r < safe->regions; r++) {
    for (unsigned i = 0; i < safe->region[r].rows; i++) {
      const double *row = safe->region[r].row[i];
      double least = (double)INFINITY;
      for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
        if (used[d]) {
          least = fmin(least, row[d] / arch->roof.weight[d]);
        }
        if (out->die_slot[d] < CDS_SEARCH_DIES) {
          out->safe_row[r][i][out->die_slot[d]] = row[d];
        }
      }
      out->safe_ratio[r][i] = least;
    }
  }
}

cds_status cds_problem_init(cds_problem *out, const cds_arch *arch,
                            const cds_einsum *einsum, double power_limit_w) {
  memset(out, 0, sizeof *out);
  out->arch = arch;
  out->einsum = einsum;
  out->power_limit_w = power_limit_w;
  out->levels = arch->levels;
  out->array = arch->arrays > 0;
  CDS_TRY(init_sizes(out));
  for (unsigned l = 0; l < arch->levels; l++) {
    out->below[l] = arch->level[l].depth > 0;
    for (unsigned t = 0; t < CDS_MATRIX; t++) {
      out->policy[l][t] = cds_level_policy(arch, l, &einsum->tensor[t]);
    }
  }
  out->below[CDS_STEPS] = out->array;
  init_homes(out);
  out->adds_pay = adds_pay(out);
  out->mac_pj =
      out->macs * arch->compute.mac_pj[cds_compute_format(arch, einsum)];
  out->leakage_w = cds_arch_leakage_w(arch);
  if (!isinf(power_limit_w)) {
    if (out->leakage_w >= power_limit_w) {
      return CDS_EINFEASIBLE;
    }
    out->seconds_per_pj = 1e-12 / (power_limit_w - out->leakage_w);
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    if (!isinf(arch->bond[b].bandwidth)) {
      out->bond[out->bonds++] = b;
    }
  }
  init_dies(out);
  return CDS_OK;
}
