/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds changes that make a mapping fit: propose, apply, count, compare. */
#include "price/advice.h"

#include <limits.h>
#include <string.h>

#include "count/pieces.h"

enum { FACTOR_MAX = 65536 }; /* largest factor of a loop that is tried */

/* One mapping and room to try changes of it. */
typedef struct trial {
  cds_advice_case given, changed;
  cds_counts counts;
  cds_arena *scratch;
  cds_diag *unheard;
  cds_advice *advice;
  size_t found;
} trial;

/* ---- changes ------------------------------------------------------------ */

static void remove_node(cds_mapping *mapping, unsigned at) {
  mapping->nodes--;
  memmove(&mapping->node[at], &mapping->node[at + 1],
          (mapping->nodes - at) * sizeof *mapping->node);
}

/* The first hold at the level, or the number of nodes. */
static unsigned first_hold(const cds_mapping *mapping, unsigned level) {
  unsigned at = 0;
  while (at < mapping->nodes && (mapping->node[at].kind != CDS_HOLD ||
                                 mapping->node[at].level != level)) {
    at++;
  }
  return at;
}

/* The loop above takes the factor: one of the rank that stands right there,
 * or a new one. */
static void move_factor(cds_mapping *mapping, const cds_advice *advice) {
  cds_node *giver = &mapping->node[advice->node];
  const unsigned rank = giver->rank;
  const unsigned hold = first_hold(mapping, advice->level);
  giver->trips /= advice->factor;
  if (giver->trips == 1) {
    remove_node(mapping, advice->node);
  }
  unsigned at = hold;
  while (at > 0 && mapping->node[at - 1].kind == CDS_FOR) {
    at--;
    if (mapping->node[at].rank == rank && mapping->node[at].length == 0) {
      mapping->node[at].trips *= advice->factor;
      return;
    }
  }
  memmove(&mapping->node[hold + 1], &mapping->node[hold],
          (mapping->nodes - hold) * sizeof *mapping->node);
  mapping->node[hold] =
      (cds_node){.kind = CDS_FOR, .rank = rank, .trips = advice->factor};
  mapping->nodes++;
}

static void remove_name(cds_tensor_set *set, const char *name) {
  for (unsigned i = 0; i < set->names; i++) {
    if (strcmp(set->name[i], name) == 0) {
      set->names--;
      memmove(&set->name[i], &set->name[i + 1],
              (set->names - i) * sizeof *set->name);
      return;
    }
  }
}

/* A level that must keep the tensor no longer has to. */
static void release(cds_level *level, const cds_tensor *tensor) {
  const unsigned names = level->keep.names;
  remove_name(&level->keep, tensor->name);
  if (level->keep.names == names) {
    level->keep.roles &= ~(1U << tensor->role);
  }
}

static void bypass(cds_advice_case *out, const cds_advice *advice) {
  cds_mapping *mapping = &out->mapping;
  const cds_tensor *tensor = &out->einsum.tensor[advice->tensor];
  if (cds_level_policy(&out->arch, advice->level, tensor) == CDS_MUST) {
    release(&out->arch.level[advice->level], tensor);
  }
  for (unsigned at = mapping->nodes; at-- > 0;) {
    const cds_node *node = &mapping->node[at];
    if (node->kind == CDS_HOLD && node->level == advice->level &&
        node->tensor == advice->tensor) {
      remove_node(mapping, at);
    }
  }
}

/* Partial sums are as wide as before, and as `precision:` makes them. */
static void narrow(cds_einsum *einsum, const cds_advice *advice) {
  const cds_format *wide =
      cds_format_find(advice->format.is_float ? "fp32" : "int32");
  for (unsigned t = 0; t < einsum->tensors; t++) {
    cds_tensor *tensor = &einsum->tensor[t];
    if (!advice->all_words && tensor->content != advice->words) {
      continue;
    }
    tensor->format = advice->format;
    if (tensor->accumulator.bits < wide->bits) {
      tensor->accumulator = *wide;
    }
  }
}

void cds_advice_apply(cds_advice_case *out, const cds_advice *advice) {
  switch (advice->kind) {
  case CDS_ADVICE_SINGLE:
    out->arch.level[advice->level].buffering = CDS_BUFFER_SINGLE;
    break;
  case CDS_ADVICE_TILE:
    move_factor(&out->mapping, advice);
    break;
  case CDS_ADVICE_BYPASS:
    bypass(out, advice);
    break;
  case CDS_ADVICE_FORMAT:
    narrow(&out->einsum, advice);
    break;
  case CDS_ADVICE_STREAMED:
    out->arch.level[0].streamed = true;
    break;
  case CDS_ADVICE_SIZE:
    for (unsigned level = 0; level < out->arch.levels; level++) {
      if ((advice->too_small >> level & 1U) != 0) {
        out->arch.level[level].size_bits = advice->need_bits[level];
      }
    }
    break;
  }
}

/* ---- trying ------------------------------------------------------------- */

/* Whether the case is right and fits; fills the needs of the advice. */
static bool fits(trial *it, cds_advice_case *what, cds_advice *advice) {
  const cds_place nowhere = {0};
  cds_misfit misfit;
  if (cds_mapping_validate(&what->mapping, &what->arch, &what->einsum, nowhere,
                           it->unheard) != CDS_OK ||
      cds_count(&it->counts, &what->arch, &what->einsum, &what->mapping,
                it->scratch) != CDS_OK) {
    return false;
  }
  cds_price_needs(advice->need_bits, &what->arch, &what->einsum, &it->counts);
  return cds_price_fits(&misfit, &what->arch, &what->einsum, &it->counts) ==
         CDS_OK;
}

/* Keeps the advice if the case fits with it. */
static bool offer(trial *it, cds_advice advice) {
  if (it->found == CDS_ADVICES_MAX) {
    return false;
  }
  it->changed = it->given;
  cds_advice_apply(&it->changed, &advice);
  if (!fits(it, &it->changed, &advice)) {
    return false;
  }
  it->advice[it->found++] = advice;
  return true;
}

static void try_single(trial *it, unsigned level) {
  const cds_arch *arch = &it->given.arch;
  if (level > 0 && cds_level_doubled(arch, level)) {
    (void)offer(it, (cds_advice){.kind = CDS_ADVICE_SINGLE, .level = level});
  }
}

static void try_bypasses(trial *it, unsigned level) {
  if (level == 0) {
    return;
  }
  const cds_mapping *mapping = &it->given.mapping;
  for (unsigned at = 0; at < mapping->nodes; at++) {
    const cds_node *node = &mapping->node[at];
    if (node->kind == CDS_HOLD && node->level == level) {
      (void)offer(it, (cds_advice){.kind = CDS_ADVICE_BYPASS,
                                   .level = level,
                                   .tensor = node->tensor});
    }
  }
}

/* Extent of the rank in the largest tile of the level, whose first hold is
 * given. */
static uint64_t tile_extent(const cds_advice_case *given, unsigned level,
                            unsigned rank, cds_arena *scratch) {
  const unsigned depth = given->arch.level[level].depth;
  const cds_cuts cuts = {.place = first_hold(&given->mapping, level),
                         .depth = depth,
                         .from = depth,
                         .time = CDS_CUT_FIRST,
                         .outer = CDS_CUT_FIRST,
                         .free = CDS_CUT_ALL};
  cds_piece_sum sum = {0, 0};
  return cds_sum_pieces(&sum, &given->einsum, &given->mapping, rank, &cuts,
                        scratch) == CDS_OK
             ? sum.length
             : 0;
}

/* The smallest factor of one loop inside of the level that does; of equal
 * ones the largest tile that is left. */
static void try_tiles(trial *it, unsigned level) {
  const cds_mapping *mapping = &it->given.mapping;
  const unsigned hold = first_hold(mapping, level);
  if (level == 0 || mapping->nodes == CDS_NODES_MAX) {
    return;
  }
  const size_t before = it->found;
  cds_advice best = {.kind = CDS_ADVICE_TILE};
  for (uint64_t factor = 2; factor <= FACTOR_MAX && best.factor == 0;
       factor++) {
    for (unsigned at = hold; at < mapping->nodes; at++) {
      const cds_node *node = &mapping->node[at];
      if (node->kind != CDS_FOR || node->length > 0 ||
          node->trips % factor != 0) {
        continue;
      }
      cds_advice advice = {.kind = CDS_ADVICE_TILE,
                           .level = level,
                           .node = at,
                           .factor = factor};
      advice.from = tile_extent(&it->given, level, node->rank, it->scratch);
      if (offer(it, advice)) {
        advice = it->advice[--it->found];
        advice.to = tile_extent(&it->changed, level, node->rank, it->scratch);
        const bool larger =
            advice.need_bits[level] > best.need_bits[level] || best.factor == 0;
        best = larger ? advice : best;
      }
    }
  }
  if (best.factor != 0 && before < CDS_ADVICES_MAX) {
    it->advice[it->found++] = best;
  }
}

/* Fewer bits for words of one kind, then for all: what units can compute. */
static void try_formats(trial *it) {
  static const char *const names[] = {"fp8", "int8", "int4"};
  static const cds_content words[] = {CDS_PARAMETERS, CDS_KV_CACHE};
  bool done = false;
  for (unsigned kind = 0; kind < 3 && !done; kind++) {
    for (unsigned i = 0; i < 3 && !done; i++) {
      cds_advice advice = {.kind = CDS_ADVICE_FORMAT, .all_words = kind == 2};
      advice.words = kind < 2 ? words[kind] : CDS_ACTIVATIONS;
      advice.format = *cds_format_find(names[i]);
      it->changed.einsum = it->given.einsum;
      narrow(&it->changed.einsum, &advice);
      done = cds_compute_format(&it->given.arch, &it->changed.einsum) !=
                 UINT_MAX &&
             offer(it, advice);
    }
  }
}

static void try_size(trial *it, const uint64_t need_bits[CDS_LEVELS_MAX],
                     unsigned level) {
  cds_advice advice = {.kind = CDS_ADVICE_SIZE, .level = level};
  const cds_arch *arch = &it->given.arch;
  for (unsigned at = 0; at < arch->levels; at++) {
    const bool need_not = at == 0 && arch->level[0].streamed;
    if (need_bits[at] > arch->level[at].size_bits && !need_not) {
      advice.too_small |= 1U << at;
    }
  }
  memcpy(advice.need_bits, need_bits, sizeof advice.need_bits);
  if (need_bits[level] < UINT64_MAX) {
    (void)offer(it, advice);
  }
}

size_t cds_advise(cds_advice advice[CDS_ADVICES_MAX], const cds_arch *arch,
                  const cds_einsum *einsum, const cds_mapping *mapping,
                  cds_arena *scratch) {
  const cds_arena_mark mark = cds_arena_mark_get(scratch);
  trial *it = cds_arena_alloc(scratch, sizeof *it);
  cds_diag *unheard = cds_diag_new(scratch);
  size_t found = 0;
  if (it != NULL && unheard != NULL) {
    it->given = (cds_advice_case){*arch, *einsum, *mapping};
    it->scratch = scratch;
    it->unheard = unheard;
    it->advice = advice;
    cds_advice now = {0};
    cds_misfit misfit = {0};
    const bool good = fits(it, &it->given, &now);
    if (!good && cds_price_fits(&misfit, arch, einsum, &it->counts) != CDS_OK) {
      try_single(it, misfit.level);
      try_tiles(it, misfit.level);
      try_bypasses(it, misfit.level);
      if (misfit.level == 0) {
        try_formats(it);
        (void)offer(it, (cds_advice){.kind = CDS_ADVICE_STREAMED});
      }
      it->found -= it->found == CDS_ADVICES_MAX; /* room for the last */
      try_size(it, now.need_bits, misfit.level);
    }
    found = it->found;
  }
  cds_arena_reset(scratch, mark);
  return found;
}
