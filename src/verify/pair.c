/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pair in the verifier's terms, and what makes one foreign to it. */
#include "verify/pair.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "spec/constraints.h"

/* Words are counted in doubles: whole up to here. */
static const double exact_most = 0x1p53;

/* The one tensor that lacks the rank; class 3: none; 4: several. */
static unsigned class_of(const cds_einsum *einsum, unsigned rank) {
  unsigned class = 3;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    if (!cds_tensor_has_rank(&einsum->tensor[t], rank)) {
      class = class == 3 ? t : 4;
    }
  }
  return class;
}

static const char *foreign_einsum(const cds_einsum *einsum) {
  double macs = 1;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    for (unsigned a = 0; a < einsum->tensor[t].axes; a++) {
      cds_term term[CDS_TERMS_MAX];
      if (cds_axis_long_terms(term, einsum, &einsum->tensor[t].axis[a]) > 1) {
        return "it has sliding windows";
      }
    }
  }
  for (unsigned r = 0; r < einsum->ranks; r++) {
    macs *= (double)einsum->rank[r].size;
    if (einsum->rank[r].size > 1 && class_of(einsum, r) > 3) {
      return "a rank is of one tensor only";
    }
  }
  if (einsum->tensors != CDS_VERIFY_TENSORS) {
    return "it is no product of two tensors";
  }
  return macs > exact_most ? "it has more than 2^53 multiply-accumulates"
                           : NULL;
}

const char *cds_pair_foreign(const cds_arch *arch, const cds_einsum *einsum) {
  unsigned limited = 0;
  if (arch->levels > CDS_VERIFY_LEVELS || arch->arrays > 1) {
    return "the architecture has more than three levels or one array";
  }
  if (arch->arrays == 1 && arch->array[0].network != CDS_NETWORK_BUS) {
    return "the network of the array is no bus";
  }
  for (unsigned l = 0; l + 1 < arch->levels; l++) {
    if (arch->level[l].accumulate ||
        arch->level[l + 1].position == arch->level[l].position) {
      return "a level adds partial sums above the innermost one, or stands "
             "beside another";
    }
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    limited += isfinite(arch->bond[b].bandwidth) ? 1 : 0;
  }
  if (limited > CDS_VERIFY_BONDS) {
    return "more than four bonds limit the bandwidth";
  }
  if (cds_constraints_concern(arch, einsum, true)) {
    return "constraints limit more than what levels keep";
  }
  return foreign_einsum(einsum);
}

/* The cheapest format of the compute units that both operands fit. */
static bool find_mac_pj(double *out, const cds_compute *compute,
                        const cds_einsum *einsum) {
  *out = compute->formats == 0 ? compute->mac_pj[0] : (double)INFINITY;
  for (unsigned f = 0; f < compute->formats; f++) {
    const cds_format *unit = &compute->format[f];
    bool fits = true;
    for (unsigned t = 0; t + 1 < einsum->tensors; t++) {
      const cds_format *of = &einsum->tensor[t].format;
      const bool named = cds_format_find(of->name) != NULL &&
                         cds_format_find(unit->name) != NULL;
      fits = fits && unit->bits >= of->bits &&
             (!named || unit->is_float == of->is_float);
    }
    *out = fits ? fmin(*out, compute->mac_pj[f]) : *out;
  }
  return isfinite(*out);
}

/* Whether the levels of the set, and no others, may hold the tensor; those
 * outside of its home, and the home, do not count. */
static bool may_hold(const cds_arch *arch, const cds_tensor *tensor,
                     unsigned home, unsigned held) {
  for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
    const bool here = (held >> (l - 1) & 1U) != 0;
    const cds_policy policy = l <= home || l >= arch->levels
                                  ? CDS_MUST_NOT
                                  : cds_level_policy(arch, l, tensor);
    if (policy == (here ? CDS_MUST_NOT : CDS_MUST)) {
      return false;
    }
  }
  return true;
}

static void mark_amounts(cds_pair *out) {
  for (unsigned l = 0; l < CDS_VERIFY_LEVELS; l++) {
    out->on_one[CDS_ASKS_OUT + l] = out->under[l];
    out->on_one[CDS_ASKS_IN + l] = out->under[l];
    if (l == 0) {
      continue;
    }
    bool *apart = out->on_one + cds_apart(l);
    apart[CDS_APART_OWN_OUT] = apart[CDS_APART_OWN_IN] = out->under[l];
    for (unsigned p = 0; p < 2; p++) {
      apart[CDS_APART_OUT + p] = apart[CDS_APART_IN + p] = out->under[p];
    }
  }
}

/* Each kind of die that something may take energy in. */
static void ask_dies(cds_pair *out) {
  const cds_arch *arch = out->arch;
  bool used[CDS_DIES_MAX] = {false};
  out->asks = CDS_ASKS_DIE;
  if (arch->roof.safe == NULL) {
    return;
  }
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
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    if (used[d]) {
      out->die_ask[d] = out->asks++;
    }
  }
}

void cds_asks_begin(double asks[CDS_ASKS], const cds_pair *pair) {
  memset(asks, 0, CDS_ASKS * sizeof *asks);
  asks[CDS_ASKS_ENERGY] = pair->mac_pj;
  if (pair->asks > CDS_ASKS_DIE) {
    asks[pair->die_ask[pair->arch->compute.die]] = pair->mac_pj;
  }
}

bool cds_is_weighed(const cds_arch *arch) {
  bool weighed = false;
  for (unsigned d = 0; d < CDS_DIES_MAX && arch->roof.safe != NULL; d++) {
    weighed = weighed || arch->roof.weight[d] != 1;
  }
  return weighed;
}

double cds_weighed_pj(const cds_arch *arch, const double die_pj[CDS_DIES_MAX]) {
  double sum = 0;
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    sum += arch->roof.weight[d] * die_pj[d];
  }
  return sum;
}

void cds_asks_spent(cds_worth *out, const cds_pair *pair,
                    const double asks[CDS_ASKS]) {
  out->dynamic_pj = asks[CDS_ASKS_ENERGY];
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    out->die_pj[d] = pair->die_ask[d] > 0 ? asks[pair->die_ask[d]] : 0;
  }
  if (pair->weighed) {
    out->dynamic_pj = cds_weighed_pj(pair->arch, out->die_pj);
  }
}

double cds_safe_time_s(const cds_arch *arch,
                       const double die_pj[CDS_DIES_MAX]) {
  const cds_safe *safe = arch->roof.safe;
  double least = safe == NULL ? 0 : (double)INFINITY;
  for (unsigned r = 0; safe != NULL && r < safe->regions; r++) {
    double within = 0;
    for (unsigned i = 0; i < safe->region[r].rows; i++) {
      const double *row = safe->region[r].row[i];
      double sum = 0;
      for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
        sum += die_pj[d] * 1e-12 * row[d];
      }
      within = fmax(within, sum);
    }
    least = fmin(least, within);
  }
  return least;
}

cds_status cds_power_set(double *seconds_per_pj, const cds_arch *arch,
                         double power_limit_w) {
  const double spare_w = power_limit_w - cds_arch_leakage_w(arch);
  *seconds_per_pj = isfinite(power_limit_w) ? 1e-12 / spare_w : 0;
  return spare_w > 0 ? CDS_OK : CDS_EINFEASIBLE;
}

cds_status cds_pair_init(cds_pair *out, const cds_arch *arch,
                         const cds_einsum *einsum, double power_limit_w) {
  memset(out, 0, sizeof *out);
  out->arch = arch;
  out->einsum = einsum;
  out->levels = arch->levels;
  double macs = 1;
  if (cds_pair_foreign(arch, einsum) != NULL ||
      !find_mac_pj(&out->mac_pj, &arch->compute, einsum)) {
    return CDS_EINPUT;
  }
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    out->size[c] = 1;
  }
  out->any = arch->any_factors;
  unsigned ranks[CDS_VERIFY_CLASSES] = {0};
  for (unsigned r = 0; r < einsum->ranks; r++) {
    const unsigned class = class_of(einsum, r);
    out->class_of[r] = class > 3 ? 3 : class; /* a rank of size 1 */
    out->size[out->class_of[r]] *= einsum->rank[r].size;
    ranks[out->class_of[r]] += einsum->rank[r].size > 1;
    macs *= (double)einsum->rank[r].size;
  }
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    out->unequal[c] = out->any && ranks[c] == 1;
  }
  const cds_stage *stage = einsum->stage;
  out->passes = (double)cds_einsum_passes(einsum);
  out->repeats = (double)cds_einsum_repeats(einsum);
  if (macs * out->passes > exact_most) {
    return CDS_ELIMIT;
  }
  out->mac_pj *= macs * out->passes;
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    out->words[t] = macs / (double)out->size[t];
    out->home[t] = cds_einsum_home(einsum, t);
    for (unsigned held = 0; held < 4; held++) {
      out->may[t][held] =
          may_hold(arch, &einsum->tensor[t], out->home[t], held);
    }
  }
  for (unsigned l = 0; l < arch->levels; l++) {
    out->under[l] = arch->level[l].depth > 0;
    out->taken_bits[l] = stage == NULL ? 0 : (double)stage->taken_bits[l];
  }
  out->under[CDS_VERIFY_LEVELS] = arch->arrays > 0;
  mark_amounts(out);
  ask_dies(out);
  out->weighed = cds_is_weighed(arch);
  for (unsigned b = 0; b < arch->bonds; b++) {
    if (isfinite(arch->bond[b].bandwidth)) {
      out->bond[out->bonds++] = b;
    }
  }
  out->leakage_w = cds_arch_leakage_w(arch);
  return cds_power_set(&out->seconds_per_pj, arch, power_limit_w);
}
