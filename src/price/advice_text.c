/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Advice in words. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "price/advice.h"

/* "it needs 12 B and fits" at the level of the advice. */
static const char *needs(const cds_advice *advice, cds_arena *arena) {
  char need[CDS_NUMBER_TEXT];
  return cds_arena_printf(
      arena, "needs %s and fits",
      cds_format_bits(need, advice->need_bits[advice->level]));
}

/* "'RF' of 24 B (now 14 B) and 'GLB' of 2 MiB (now 1 MiB)". */
static const char *sizes(const cds_advice *advice, const cds_arch *arch,
                         cds_arena *arena) {
  const char *list = "";
  for (unsigned level = 0; level < arch->levels && list != NULL; level++) {
    char need[CDS_NUMBER_TEXT];
    char size[CDS_NUMBER_TEXT];
    if ((advice->too_small >> level & 1U) != 0) {
      list =
          cds_arena_printf(arena, "%s%s'size: %s' at '%s' (now %s)", list,
                           list[0] != '\0' ? " and " : "",
                           cds_format_bits_up(need, advice->need_bits[level]),
                           arch->level[level].name,
                           cds_format_bits(size, arch->level[level].size_bits));
    }
  }
  return list;
}

/* How a level that keeps the tensor names it. */
static const char *kept_as(const cds_level *level, const cds_tensor *tensor) {
  static const char *const roles[] = {"input", "weight", "output"};
  for (unsigned i = 0; i < level->keep.names; i++) {
    if (strcmp(level->keep.name[i], tensor->name) == 0) {
      return tensor->name;
    }
  }
  return roles[tensor->role];
}

static const char *bypass_text(const cds_advice *advice, const cds_arch *arch,
                               const cds_einsum *einsum, bool written,
                               const char *fits, cds_arena *arena) {
  const cds_level *level = &arch->level[advice->level];
  const cds_tensor *tensor = &einsum->tensor[advice->tensor];
  const bool must = cds_level_policy(arch, advice->level, tensor) == CDS_MUST;
  if (!must) {
    return cds_arena_printf(arena, "without 'hold %s at %s' it %s",
                            tensor->name, level->name, fits);
  }
  return cds_arena_printf(arena, "without '%s' in 'keep' of '%s'%s it %s",
                          kept_as(level, tensor), level->name,
                          written ? ", and without that 'hold'," : "", fits);
}

static const char *format_text(const cds_advice *advice, const char *fits,
                               cds_arena *arena) {
  static const char *const keys[] = {[CDS_ACTIVATIONS] = "activations",
                                     [CDS_PARAMETERS] = "weights",
                                     [CDS_KV_CACHE] = "kv"};
  return advice->all_words
             ? cds_arena_printf(arena, "with 'precision: %s' it %s",
                                advice->format.name, fits)
             : cds_arena_printf(arena, "with '%s: %s' in 'precision' it %s",
                                keys[advice->words], advice->format.name, fits);
}

const char *cds_advice_text(const cds_advice *advice, const cds_arch *arch,
                            const cds_einsum *einsum,
                            const cds_mapping *mapping, bool written,
                            cds_arena *arena) {
  const char *level = arch->level[advice->level].name;
  const char *fits = needs(advice, arena);
  if (fits == NULL) {
    return NULL;
  }
  switch (advice->kind) {
  case CDS_ADVICE_SINGLE:
    return cds_arena_printf(arena, "with 'buffering: single' at '%s' it %s",
                            level, fits);
  case CDS_ADVICE_TILE: {
    const cds_node *node = &mapping->node[advice->node];
    const char *rank = einsum->rank[node->rank].name;
    return cds_arena_printf(arena,
                            "with the factor %" PRIu64 " of 'for %s %" PRIu64
                            "' moved above what '%s' holds (%" PRIu64
                            " of rank '%s' in a tile "
                            "instead of %" PRIu64 ") it %s",
                            advice->factor, rank, node->trips, level,
                            advice->to, rank, advice->from, fits);
  }
  case CDS_ADVICE_BYPASS:
    return bypass_text(advice, arch, einsum, written, fits, arena);
  case CDS_ADVICE_FORMAT:
    return format_text(advice, fits, arena);
  case CDS_ADVICE_STREAMED:
    return "with 'streamed: true' at the outermost level the rest comes from "
           "outside at no cost, and it fits";
  case CDS_ADVICE_SIZE:
    break;
  }
  const char *list = sizes(advice, arch, arena);
  return list == NULL ? NULL : cds_arena_printf(arena, "with %s it fits", list);
}
