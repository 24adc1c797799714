/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Binds constraints to a pair; see rules.h. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "spec/rules_build.h"
#include "spec/stage.h"

enum { MESSAGE = 512 };

static const char *const role_names[] = {"input", "weight", "output"};

/* ---- messages --------------------------------------------------------- */

bool cds_rules_error(cds_rules_build *it, const char *format, ...) {
  it->wrong = true;
  if (it->diag == NULL) {
    return false;
  }
  char text[MESSAGE];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  cds_diag_error(it->diag, it->now->place, "%s", text);
  return true;
}

static void note_other(const cds_rules_build *it,
                       const cds_constraint *const *other, size_t count) {
  for (size_t i = 0; i < count; i++) {
    bool told = other[i] == NULL || other[i] == it->now;
    for (size_t k = 0; k < i && !told; k++) {
      told = other[k] == other[i];
    }
    if (!told) {
      cds_diag_note(it->diag, other[i]->place, "'%s' stands here",
                    other[i]->text);
    }
  }
}

/* ---- policies --------------------------------------------------------- */

void cds_rules_policy(cds_rules_build *it, unsigned level, unsigned tensor,
                      cds_policy policy) {
  cds_policy *known = &it->out->policy[level][tensor];
  const cds_constraint **owner = &it->policy[level][tensor];
  it->out->policies = true;
  if (*known == CDS_MAY || *known == policy) {
    *known = policy;
    *owner = *owner == NULL ? it->now : *owner;
    return;
  }
  const char *name = it->einsum->tensor[tensor].name;
  const char *where = it->arch->level[level].name;
  if (*owner != NULL) {
    if (cds_rules_error(it, "'%s' contradicts '%s' for tensor '%s' of '%s'",
                        it->now->text, (*owner)->text, name,
                        it->einsum->name)) {
      note_other(it, owner, 1);
    }
    return;
  }
  if (cds_rules_error(it,
                      "'%s' contradicts level '%s', which must%s keep tensor "
                      "'%s' of '%s'",
                      it->now->text, where, *known == CDS_MUST ? "" : " not",
                      name, it->einsum->name)) {
    cds_diag_note(it->diag, it->arch->level[level].place,
                  "'%s' with what it keeps stands here", where);
  }
}

static void bind_policy(cds_rules_build *it) {
  const cds_constraint *now = it->now;
  const bool keep = now->kind == CDS_CONSTRAINT_KEEP;
  for (unsigned t = 0; t < it->einsum->tensors; t++) {
    const cds_tensor *tensor = &it->einsum->tensor[t];
    if (it->einsum->stage != NULL &&
        now->level <= cds_einsum_home(it->einsum, t)) {
      continue; /* the group's choice (cds_rules_free_homes) */
    }
    if (strcmp(tensor->name, now->name) == 0 ||
        strcmp(role_names[tensor->role], now->name) == 0) {
      cds_rules_policy(it, now->level, t, keep ? CDS_MUST : CDS_MUST_NOT);
    }
  }
}

/* One of the levels side by side holds a tensor. */
static void check_beside(cds_rules_build *it) {
  const cds_arch *arch = it->arch;
  for (unsigned a = 1; a < arch->levels; a++) {
    for (unsigned b = a + 1; b < arch->levels; b++) {
      for (unsigned t = 0; t < it->einsum->tensors; t++) {
        const cds_constraint *owner =
            it->policy[b][t] != NULL ? it->policy[b][t] : it->policy[a][t];
        if (arch->level[a].position != arch->level[b].position ||
            it->out->policy[a][t] != CDS_MUST ||
            it->out->policy[b][t] != CDS_MUST || owner == NULL) {
          continue;
        }
        it->now = owner;
        (void)cds_rules_error(
            it,
            "'%s': levels '%s' and '%s' stand side by side and both must keep "
            "tensor '%s' of '%s'",
            owner->text, arch->level[a].name, arch->level[b].name,
            it->einsum->tensor[t].name, it->einsum->name);
      }
    }
  }
}

/* ---- factors ---------------------------------------------------------- */

/* The least divisor of n that is at least `from`, 0 if none is; n is at most
 * 2^40. */
static uint64_t divisor_from(uint64_t n, uint64_t from) {
  uint64_t best = 0;
  for (uint64_t d = 1; d <= n / d; d++) {
    if (n % d == 0) {
      const uint64_t pair[2] = {d, n / d};
      for (unsigned i = 0; i < 2; i++) {
        if (pair[i] >= from && (best == 0 || pair[i] < best)) {
          best = pair[i];
        }
      }
    }
  }
  return best;
}

static void no_divisor(cds_rules_build *it, unsigned rank, cds_range range) {
  const cds_rank *which = &it->einsum->rank[rank];
  const unsigned long long size = which->size;
  if (range.least == range.most) {
    (void)cds_rules_error(
        it, "'%s': %llu does not divide the size of rank '%s' in '%s', %llu",
        it->now->text, (unsigned long long)range.least, which->name,
        it->einsum->name, size);
  } else {
    (void)cds_rules_error(
        it, "'%s': no such number divides the size of rank '%s' in '%s', %llu",
        it->now->text, which->name, it->einsum->name, size);
  }
}

static bool has_divisor(uint64_t size, cds_range range) {
  if (range.least <= 1) {
    return true;
  }
  const uint64_t found = divisor_from(size, range.least);
  return found != 0 && found <= range.most;
}

static void narrow(cds_rules_build *it, cds_range *known,
                   cds_owned_range *owner, unsigned rank, cds_range range) {
  const uint64_t size = it->einsum->rank[rank].size;
  if (!has_divisor(size, range)) {
    no_divisor(it, rank, range);
    return;
  }
  if (range.least > 1 || range.most < size) {
    it->out->named[rank] = true;
  }
  if (range.least > known->least) {
    known->least = range.least;
    owner->least = it->now;
  }
  if (range.most < known->most) {
    known->most = range.most;
    owner->most = it->now;
  }
  if (has_divisor(size, *known) && known->least <= known->most) {
    return;
  }
  const cds_constraint *const other[2] = {owner->least, owner->most};
  if (cds_rules_error(it,
                      "'%s' contradicts what was said before of rank '%s' "
                      "there: no divisor of %llu meets both in '%s'",
                      it->now->text, it->einsum->rank[rank].name,
                      (unsigned long long)size, it->einsum->name)) {
    note_other(it, other, 2);
  }
  *known = range; /* one message is enough */
}

void cds_rules_loop(cds_rules_build *it, unsigned region, unsigned rank,
                    cds_range range) {
  it->out->loops = true;
  narrow(it, &it->out->loop[region][rank], &it->loop[region][rank], rank,
         range);
}

void cds_rules_spread(cds_rules_build *it, const unsigned axis[2],
                      unsigned rank, cds_range range) {
  it->out->loops = true;
  narrow(it, &it->out->spread[axis[0]][axis[1]][rank],
         &it->spread[axis[0]][axis[1]][rank], rank, range);
}

static bool is_listed(const cds_constraint *now, const char *name) {
  for (size_t i = 0; i < now->listed; i++) {
    if (strcmp(now->list[i], name) == 0) {
      return true;
    }
  }
  return false;
}

static void bind_factor(cds_rules_build *it) {
  const cds_constraint *now = it->now;
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    const cds_rank *rank = &it->einsum->rank[r];
    const bool mine = now->name != NULL ? strcmp(now->name, rank->name) == 0
                                        : !is_listed(now, rank->name);
    if (!mine) {
      continue;
    }
    const cds_range range =
        now->factor.full ? (cds_range){rank->size, rank->size}
                         : (cds_range){now->factor.least, now->factor.most};
    if (now->kind == CDS_CONSTRAINT_FACTOR) {
      cds_rules_loop(it, it->out->region_of[now->level], r, range);
    } else {
      const unsigned axis[2] = {now->array, now->axis};
      cds_rules_spread(it, axis, r, range);
    }
  }
}

/* What factors of a rank must be at least, multiplied; of those that are given
 * exactly alone. */
typedef struct least_product {
  uint64_t least, exact;
  size_t owners;
  const cds_constraint *owner[CDS_REGIONS_MAX + 1 + 2 * CDS_ARRAYS_MAX];
} least_product;

static void multiply(uint64_t *product, uint64_t by) {
  if (!cds_mul_u64(product, *product, by)) {
    *product = UINT64_MAX;
  }
}

static void add_least(least_product *sum, cds_range range,
                      const cds_owned_range *owner) {
  if (range.least > 1) {
    sum->owner[sum->owners++] = owner->least;
    multiply(&sum->least, range.least);
    multiply(&sum->exact, range.least == range.most ? range.least : 1);
  }
}

/* The least factors of a rank must leave room for each other. */
static void check_product(cds_rules_build *it, unsigned rank) {
  const cds_rules *rules = it->out;
  least_product sum = {.least = 1, .exact = 1};
  for (unsigned r = 1; r <= rules->regions; r++) {
    add_least(&sum, rules->loop[r][rank], &it->loop[r][rank]);
  }
  for (unsigned k = 0; k < it->arch->arrays; k++) {
    for (unsigned x = 0; x < 2; x++) {
      add_least(&sum, rules->spread[k][x][rank], &it->spread[k][x][rank]);
    }
  }
  const cds_rank *which = &it->einsum->rank[rank];
  if (sum.owners == 0 ||
      (sum.least <= which->size && which->size % sum.exact == 0)) {
    return;
  }
  it->now = sum.owner[0];
  if (cds_rules_error(it,
                      "'%s': the factors of rank '%s' together do not divide "
                      "its size in '%s', %llu",
                      it->now->text, which->name, it->einsum->name,
                      (unsigned long long)which->size)) {
    note_other(it, sum.owner, sum.owners);
  }
}

/* ---- orders ----------------------------------------------------------- */

void cds_rules_order(cds_rules_build *it, unsigned region,
                     const unsigned part[CDS_RANKS_MAX]) {
  cds_loop_order *order = &it->out->order[region];
  const unsigned ranks = it->einsum->ranks;
  unsigned refined[CDS_RANKS_MAX] = {0};
  it->out->loops = true;
  order->any = true;
  for (unsigned a = 0; a < ranks; a++) {
    for (unsigned b = 0; b < ranks; b++) {
      const bool before = order->part[b] < order->part[a];
      const bool same = order->part[b] == order->part[a];
      if ((before && part[b] > part[a]) ||
          (order->part[b] > order->part[a] && part[b] < part[a])) {
        order->excludes[a] |= 1U << b;
      }
      /* Ranks that stand before it: each counts once. */
      refined[a] += before || (same && part[b] < part[a]) ? 1 : 0;
    }
    it->out->named[a] = true;
  }
  memcpy(order->part, refined, sizeof refined);
}

/* Whether the order names the rank; its part, that of "..." otherwise, or
 * UINT_MAX. */
static unsigned part_of(const cds_constraint *now, const char *rank) {
  unsigned others = UINT_MAX;
  for (size_t p = 0; p < now->parts; p++) {
    const cds_order_part *part = &now->part[p];
    others = part->others ? (unsigned)p : others;
    for (size_t i = 0; i < part->ranks; i++) {
      if (strcmp(part->rank[i], rank) == 0) {
        return (unsigned)p;
      }
    }
  }
  return others;
}

static bool names_rank(const cds_constraint *now, const cds_einsum *einsum) {
  for (size_t p = 0; p < now->parts; p++) {
    for (size_t i = 0; i < now->part[p].ranks; i++) {
      if (cds_einsum_rank(einsum, now->part[p].rank[i]) < einsum->ranks) {
        return true;
      }
    }
  }
  return false;
}

static void bind_order(cds_rules_build *it) {
  const cds_einsum *einsum = it->einsum;
  unsigned part[CDS_RANKS_MAX] = {0};
  if (!names_rank(it->now, einsum)) {
    return; /* it is about other layers */
  }
  for (unsigned r = 0; r < einsum->ranks; r++) {
    part[r] = part_of(it->now, einsum->rank[r].name);
    if (part[r] != UINT_MAX) {
      continue;
    }
    if (einsum->rank[r].size > 1) {
      if (cds_rules_error(it, "'%s' does not name rank '%s' of '%s'",
                          it->now->text, einsum->rank[r].name, einsum->name)) {
        cds_diag_hint(it->diag, "'...' in an order stands for all ranks that "
                                "it does not name");
      }
      return;
    }
    part[r] = 0;
  }
  cds_rules_order(it, it->out->region_of[it->now->level], part);
}

/* ---- all -------------------------------------------------------------- */

static void begin(cds_rules_build *it) {
  const cds_arch *arch = it->arch;
  cds_rules *out = it->out;
  const cds_range any = {1, UINT64_MAX};
  memset(out, 0, sizeof *out);
  for (unsigned l = 1; l < arch->levels; l++) {
    if (l == 1 || arch->level[l].position != arch->level[l - 1].position) {
      out->regions++;
    }
    out->region_of[l] = out->regions;
  }
  out->region_of[arch->levels] = ++out->regions;
  for (unsigned l = 0; l < arch->levels; l++) {
    for (unsigned t = 0; t < it->einsum->tensors; t++) {
      out->policy[l][t] = cds_level_policy(arch, l, &it->einsum->tensor[t]);
    }
  }
  for (unsigned r = 0; r < CDS_RANKS_MAX; r++) {
    for (unsigned region = 0; region <= CDS_REGIONS_MAX; region++) {
      out->loop[region][r] = any;
    }
    for (unsigned k = 0; k < CDS_ARRAYS_MAX; k++) {
      out->spread[k][0][r] = out->spread[k][1][r] = any;
    }
  }
}

static void bind_one(cds_rules_build *it) {
  const cds_constraint *now = it->now;
  switch (now->kind) {
  case CDS_CONSTRAINT_KEEP:
  case CDS_CONSTRAINT_BYPASS:
    bind_policy(it);
    break;
  case CDS_CONSTRAINT_FACTOR:
  case CDS_CONSTRAINT_SPREAD:
    bind_factor(it);
    break;
  case CDS_CONSTRAINT_ORDER:
    bind_order(it);
    break;
  case CDS_CONSTRAINT_UTILISATION:
    it->out->loops = true;
    if (now->utilisation > it->out->utilisation[now->array]) {
      it->out->utilisation[now->array] = now->utilisation;
    }
    break;
  case CDS_CONSTRAINT_DATAFLOW:
    cds_rules_dataflow(it);
    break;
  }
}

static bool is_policy(const cds_constraint *now) {
  return now->kind == CDS_CONSTRAINT_KEEP || now->kind == CDS_CONSTRAINT_BYPASS;
}

cds_status cds_rules_bind(cds_rules *out, const cds_arch *arch,
                          const cds_einsum *einsum, const bool *left_out,
                          cds_diag *diag) {
  cds_rules_build it;
  memset(&it, 0, sizeof it);
  it.out = out;
  it.arch = arch;
  it.einsum = einsum;
  it.diag = diag;
  begin(&it);
  const size_t count = arch->constraints == NULL ? 0 : arch->constraints->count;
  /* Dataflows look at the policies. */
  for (unsigned pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < count; i++) {
      it.now = &arch->constraints->constraint[i];
      if (is_policy(it.now) == (pass == 0) &&
          (left_out == NULL || !left_out[i]) &&
          cds_constraint_concerns(it.now, einsum)) {
        bind_one(&it);
      }
    }
  }
  if (!it.wrong) {
    check_beside(&it);
    for (unsigned r = 0; r < einsum->ranks; r++) {
      check_product(&it, r);
    }
  }
  return it.wrong ? CDS_EINPUT : CDS_OK;
}

void cds_rules_apply(cds_arch *arch, const cds_rules *rules,
                     const cds_einsum *einsum) {
  for (unsigned l = 1; l < arch->levels && rules->policies; l++) {
    cds_level *level = &arch->level[l];
    level->keep = level->bypass = level->may = (cds_tensor_set){0};
    for (unsigned t = 0; t < einsum->tensors; t++) {
      const cds_policy policy = rules->policy[l][t];
      cds_tensor_set *set = policy == CDS_MUST       ? &level->keep
                            : policy == CDS_MUST_NOT ? &level->bypass
                                                     : &level->may;
      set->name[set->names++] = einsum->tensor[t].name;
    }
  }
}
