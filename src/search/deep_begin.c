/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the search of deep products prepares for a pair. */
#include <math.h>
#include <string.h>

#include "search/deep_chain.h"
#include "search/deep_descend.h"

/* ---- pairs ----------------------------------------------------------- */

/* Whether every dimension is of one class, with no window. */
static bool is_product(const cds_general *general) {
  if (general->tensors != CDS_DEEP_TENSORS) {
    return false;
  }
  unsigned seen = 0; /* classes, as bits */
  for (unsigned d = 0; d < general->dims; d++) {
    const cds_dim *dim = &general->dim[d];
    if (dim->size == 1) {
      continue;
    }
    const unsigned lacks = dim->lacks;
    const unsigned class = lacks == 0 ? 1U << CDS_DEEP_BATCH : lacks;
    if (dim->partial || (lacks & (lacks - 1)) != 0 || (seen & class) != 0) {
      return false;
    }
    seen |= class;
  }
  for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
    if (general->tensor[t].windows > 0) {
      return false;
    }
  }
  return true;
}

/* Whether parts of sums that leave one holder for the next start anew at zero
 * the more often they leave. They do not where all that leave come back: words
 * that start at zero are those of the output then, however often it leaves
 * (count.c: Z = D - F with F = D - |O|). They do where the outer level adds, so
 * that none comes back, and where an array adds up what several instances hand
 * on, so that only one of them gets it back. */
static bool all_come_back(const cds_arch *arch, unsigned level) {
  bool all = true;
  for (unsigned l = 0; l < level; l++) {
    all = all && !arch->level[l].accumulate;
  }
  for (unsigned k = 0; k < arch->level[level].depth; k++) {
    all = all && !arch->array[k].reduction;
  }
  return all;
}

/* Whether a tile that is filled again costs at least as much as one that stays.
 * What starts at zero is not read at its level, does not pass the networks
 * below, and is not filled into inner levels: of that energy and time nothing
 * is known but for the innermost level of all. There it is the read alone, and
 * for each read that is spared a word drains at the same port. */
static bool staying_pays(const cds_general *general) {
  const cds_arch *arch = general->arch;
  for (unsigned l = 1; l < arch->levels; l++) {
    const cds_access_price *drain = &arch->level[l].price[CDS_DRAIN];
    const cds_access_price *read = &arch->level[l].price[CDS_READ];
    const bool innermost =
        l + 1 == arch->levels && arch->level[l].depth == arch->arrays;
    const bool covered =
        drain->access_pj >= read->access_pj && drain->bit_pj >= read->bit_pj;
    if (!all_come_back(arch, l) && !(innermost && covered)) {
      return false;
    }
  }
  return !arch->sums_apart;
}

bool cds_deep_takes(const cds_general *general) {
  const cds_arch *arch = general->arch;
  if (general->rules != NULL || general->groups == 0 || !is_product(general)) {
    return false;
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    if (arch->array[k].network != CDS_NETWORK_BUS) {
      return false;
    }
  }
  size_t paths = 1;
  for (unsigned g = 1; g <= general->groups; g++) {
    paths *= general->group[g].levels + 1;
    if (paths > CDS_DEEP_PATHS_MAX) {
      return false;
    }
  }
  return true;
}

bool cds_deep_whole(const cds_general *general) {
  bool batch = false;
  for (unsigned d = 0; d < general->dims; d++) {
    batch = batch || (general->dim[d].size > 1 && general->dim[d].lacks == 0);
  }
  return !batch || staying_pays(general);
}

/* ---- classes --------------------------------------------------------- */

static unsigned place_of(const cds_deep_parts *parts, uint16_t at) {
  unsigned i = 0;
  while (i < parts->count && parts->at[i] != at) {
    i++;
  }
  return i < parts->count ? i : CDS_NONE;
}

/* Steps by a prime, whose index is given. */
static cds_status list_steps(cds_deep_parts *out, const cds_dim *dim,
                             uint16_t prime, cds_arena *arena) {
  uint16_t *before = cds_arena_array(arena, out->count, sizeof *before);
  uint16_t *after = cds_arena_array(arena, out->count, sizeof *after);
  if (before == NULL || after == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned i = 0; i < out->count; i++) {
    before[i] = (uint16_t)place_of(out, cds_quotient(dim, out->at[i], prime));
    after[i] = (uint16_t)place_of(out, cds_product(dim, out->at[i], prime));
  }
  out->before[out->primes] = before;
  out->after[out->primes++] = after;
  return CDS_OK;
}

/* Divisors of the i-th divisor. */
static cds_status list_parts_of(cds_deep_parts *out, const cds_dim *dim,
                                unsigned i, cds_arena *arena) {
  out->at = cds_arena_array(arena, i + 1, sizeof *out->at);
  if (out->at == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned j = 0; j <= i; j++) {
    if (dim == NULL ||
        cds_quotient(dim, (uint16_t)i, (uint16_t)j) != CDS_NONE) {
      out->at[out->count++] = (uint16_t)j;
    }
  }
  for (unsigned j = 1; j < out->count && dim != NULL; j++) {
    const uint16_t at = out->at[j];
    if (dim->prime[at] == dim->divisor[at]) {
      CDS_TRY(list_steps(out, dim, at, arena));
    }
  }
  return CDS_OK;
}

static cds_status list_parts(cds_deep *out, unsigned class) {
  cds_arena *arena = out->general->arena;
  const unsigned d = out->dim[class];
  const cds_dim *dim = d == CDS_DEEP_NO_DIM ? NULL : &out->general->dim[d];
  const unsigned divisors = dim == NULL ? 1 : dim->divisors;
  out->parts[class] = cds_arena_array(arena, divisors, sizeof(cds_deep_parts));
  if (out->parts[class] == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned i = 0; i < divisors; i++) {
    CDS_TRY(list_parts_of(&out->parts[class][i], dim, i, arena));
  }
  return CDS_OK;
}

static cds_status find_classes(cds_deep *out) {
  const cds_general *general = out->general;
  for (unsigned c = 0; c < CDS_DEEP_CLASSES; c++) {
    out->dim[c] = CDS_DEEP_NO_DIM;
  }
  size_t stride = 1;
  for (unsigned d = 0; d < general->dims; d++) {
    const cds_dim *dim = &general->dim[d];
    if (dim->size > 1) {
      unsigned class = CDS_DEEP_BATCH;
      for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
        class = dim->lacks == 1U << t ? t : class;
      }
      out->dim[class] = d;
      out->stride[class] = stride;
    }
    stride *= dim->divisors;
  }
  for (unsigned c = 0; c < CDS_DEEP_CLASSES; c++) {
    CDS_TRY(list_parts(out, c));
  }
  return CDS_OK;
}

/* ---- holders --------------------------------------------------------- */

/* Whether its home and the policies let the tensor have these holders. */
static bool path_allowed(const cds_deep *deep, unsigned t, size_t path) {
  const cds_general *general = deep->general;
  for (unsigned g = 1; g <= deep->groups; g++) {
    const cds_group_levels *group = &general->group[g];
    const unsigned digit = cds_deep_digit(deep, path, deep->groups, g);
    if (g <= general->home_group[t] && digit > 0) {
      return false;
    }
    for (unsigned i = 0; i < group->levels; i++) {
      if (group->first + i <= general->homes.tensor[t].level) {
        continue;
      }
      const cds_policy policy = cds_level_policy(
          general->arch, group->first + i, &general->einsum->tensor[t]);
      const bool here = digit == i + 1;
      if ((policy == CDS_MUST && !here) || (policy == CDS_MUST_NOT && here)) {
        return false;
      }
    }
  }
  return true;
}

/* Numbers of the group's holdings by digits. */
static cds_status list_holdings(cds_deep *out, unsigned g) {
  const cds_group_levels *group = &out->general->group[g];
  const size_t radix = out->radix[g];
  out->holding[g] = cds_arena_array(out->general->arena, radix * radix * radix,
                                    sizeof *out->holding[g]);
  if (out->holding[g] == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t h = 0; h < group->holdings; h++) {
    size_t at = 0;
    for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
      const unsigned level = group->holding[h].level[t];
      at = at * radix + (level == CDS_NONE ? 0 : level - group->first + 1);
    }
    out->holding[g][at] = (uint16_t)h;
  }
  return CDS_OK;
}

static cds_status list_paths(cds_deep *out) {
  const cds_general *general = out->general;
  out->groups = general->groups;
  out->suffixes[0] = 1;
  out->first[0] = 0;
  out->all_suffixes = 1;
  for (unsigned g = 1; g <= out->groups; g++) {
    out->radix[g] = general->group[g].levels + 1;
    CDS_TRY(list_holdings(out, g));
  }
  for (unsigned d = 1; d <= out->groups; d++) {
    out->suffixes[d] = out->suffixes[d - 1] * out->radix[out->groups - d + 1];
    out->first[d] = out->all_suffixes;
    out->all_suffixes += out->suffixes[d];
  }
  for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
    const size_t paths = out->suffixes[out->groups];
    out->allowed[t] =
        cds_arena_array(general->arena, paths, sizeof *out->allowed[t]);
    if (out->allowed[t] == NULL) {
      return CDS_ENOMEM;
    }
    for (size_t p = 0; p < paths; p++) {
      out->allowed[t][p] = path_allowed(out, t, p);
    }
  }
  return CDS_OK;
}

cds_status cds_deep_begin(cds_deep *out, cds_general *general) {
  memset(out, 0, sizeof *out);
  out->general = general;
  CDS_TRY(find_classes(out));
  CDS_TRY(list_paths(out));
  out->prices = cds_arena_alloc(general->arena, sizeof *out->prices);
  out->tiles = cds_arena_alloc(general->arena, sizeof *out->tiles);
  if (out->prices == NULL || out->tiles == NULL) {
    return CDS_ENOMEM;
  }
  out->listed_units = (double)INFINITY;
  CDS_TRY(cds_deep_chain_new(out));
  return cds_deep_job_new(out);
}

void cds_deep_free(cds_deep *deep) {
  cds_deep_job_free(deep);
  cds_free(deep->list);
  cds_deep_chain_free(deep);
  cds_free(deep->open.choice);
  cds_free(deep->inside.choice);
  cds_free(deep->scratch);
  memset(deep, 0, sizeof *deep);
}

/* ---- tables ---------------------------------------------------------- */

cds_deep_entry *cds_deep_find(cds_deep_table *table, const uint16_t key[24],
                              cds_arena *arena) {
  uint64_t word[6];
  memcpy(word, key, sizeof word);
  uint64_t hash = 0;
  for (unsigned i = 0; i < 6; i++) {
    hash = (hash ^ word[i]) * 0x9e3779b97f4a7c15U;
    hash ^= hash >> 29;
  }
  cds_deep_entry **place = &table->bucket[hash % CDS_DEEP_BUCKETS];
  for (cds_deep_entry *entry = *place; entry != NULL; entry = entry->next) {
    if (memcmp(entry->key, key, sizeof entry->key) == 0) {
      return entry;
    }
  }
  cds_deep_entry *made = cds_arena_alloc(arena, sizeof *made);
  if (made == NULL) {
    return NULL;
  }
  memcpy(made->key, key, sizeof made->key);
  made->next = *place;
  *place = made;
  return made;
}

/* ---- spreads --------------------------------------------------------- */

static bool look_at_class(cds_deep_view *out, unsigned class) {
  const cds_deep *deep = out->deep;
  const cds_general *general = deep->general;
  const unsigned d = deep->dim[class];
  uint16_t all = 0; /* index of 1 */
  unsigned k = general->arch->arrays;
  for (unsigned g = deep->groups + 1; g-- > 0;) {
    const unsigned depth = general->group[g].depth;
    for (; k > depth; k--) {
      const cds_spread *spread =
          &general->spreads[k - 1].spread[out->spreads->spread[k - 1]];
      out->spread[class][k - 1] = d == CDS_DEEP_NO_DIM ? 0 : spread->at.at[d];
      all = cds_deep_product(deep, class, all, out->spread[class][k - 1]);
      if (all == CDS_NONE) {
        return false;
      }
    }
    out->below[g][class] = all;
  }
  out->rest[class] =
      d == CDS_DEEP_NO_DIM
          ? 0
          : cds_quotient(&general->dim[d],
                         (uint16_t)(general->dim[d].divisors - 1), all);
  out->rest_size[class] =
      (double)cds_deep_divisor(deep, class, out->rest[class]);
  return true;
}

bool cds_deep_look(cds_deep_view *out, cds_deep *deep,
                   const cds_deep_spreads *spreads, cds_status *status) {
  out->deep = deep;
  out->spreads = spreads;
  *status = CDS_OK;
  for (unsigned c = 0; c < CDS_DEEP_CLASSES; c++) {
    if (!look_at_class(out, c)) {
      return false;
    }
  }
  for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
    *status = cds_deep_price_get(&out->price[t], deep, out, t);
    if (*status != CDS_OK) {
      return false;
    }
  }
  return true;
}
