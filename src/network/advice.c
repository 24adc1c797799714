/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Smallest mappings. A tile of one word needs every loop of its tensor's ranks
 * above it; loops that the tensor lacks may stand below. Shapes that matter:
 * the output's holds above the loops of a reduction or not; sums that are made
 * at the innermost level that may hold them, so that no level above has to hold
 * partial ones, or not; ranks dealt out over the arrays, so that tiles need
 * not change, or not.
 */
#include "network/advice.h"

#include "base/checked.h"
#include "base/text.h"

static bool add(cds_mapping *mapping, cds_node node) {
  if (mapping->nodes == CDS_NODES_MAX) {
    return false;
  }
  mapping->node[mapping->nodes++] = node;
  return true;
}

/* The largest divisor of the size that is at most `room`. */
static uint64_t largest_part(uint64_t size, uint64_t room) {
  const uint64_t tried_max = 4096;
  uint64_t part = size < room ? size : room;
  part = part < tried_max ? part : tried_max;
  while (size % part != 0) {
    part--;
  }
  return part;
}

/* Deals out ranks over all arrays as far as there is room; what is left of
 * each. A tensor whose ranks are all dealt out is never replaced. */
static bool add_spreads(cds_mapping *mapping, uint64_t left[CDS_RANKS_MAX],
                        const cds_arch *arch, const cds_einsum *einsum) {
  bool room = true;
  for (unsigned a = 0; a < arch->arrays; a++) {
    for (unsigned axis = 0; axis < arch->array[a].axes; axis++) {
      uint64_t extent = arch->array[a].extent[axis];
      for (unsigned rank = 0; rank < einsum->ranks && room; rank++) {
        const uint64_t part = largest_part(left[rank], extent);
        extent /= part;
        left[rank] /= part;
        if (part > 1) {
          room = add(mapping, (cds_node){.kind = CDS_SPREAD,
                                         .rank = rank,
                                         .array = a,
                                         .axis = axis,
                                         .trips = part});
        }
      }
    }
  }
  return room;
}

/* Loops of what is left of the ranks that the output has, or lacks. */
static bool add_loops(cds_mapping *mapping, const uint64_t left[CDS_RANKS_MAX],
                      const cds_einsum *einsum, bool of_output) {
  const cds_tensor *output = &einsum->tensor[einsum->tensors - 1];
  bool room = true;
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    if (cds_tensor_has_rank(output, rank) == of_output && left[rank] > 1) {
      room =
          room &&
          add(mapping,
              (cds_node){.kind = CDS_FOR, .rank = rank, .trips = left[rank]});
    }
  }
  return room;
}

/* Holds of a level that must keep the tensors [first, last). */
static bool add_holds(cds_mapping *mapping, const cds_arch *arch,
                      const cds_einsum *einsum, unsigned level,
                      const unsigned range[2]) {
  bool room = true;
  for (unsigned t = range[0]; t < range[1]; t++) {
    if (cds_level_policy(arch, level, &einsum->tensor[t]) == CDS_MUST) {
      room = room &&
             add(mapping,
                 (cds_node){.kind = CDS_HOLD, .tensor = t, .level = level});
    }
  }
  return room;
}

/* The first level below the outermost that must keep an operand, or the number
 * of levels. */
static unsigned first_operand_level(const cds_arch *arch,
                                    const cds_einsum *einsum) {
  for (unsigned level = 1; level < arch->levels; level++) {
    for (unsigned t = 0; t + 1 < einsum->tensors; t++) {
      if (cds_level_policy(arch, level, &einsum->tensor[t]) == CDS_MUST) {
        return level;
      }
    }
  }
  return arch->levels;
}

/* The innermost level that may hold the output, 0 for the outermost. */
static unsigned innermost_for_output(const cds_arch *arch,
                                     const cds_einsum *einsum) {
  const cds_tensor *output = &einsum->tensor[einsum->tensors - 1];
  unsigned level = arch->levels - 1;
  while (level > 0 && cds_level_policy(arch, level, output) == CDS_MUST_NOT) {
    level--;
  }
  return level;
}

/* What the smallest mappings differ in. */
enum { OUTPUT_ABOVE = 1, ACCUMULATE = 2, SPREAD = 4, SHAPES = 8 };

/* Holders of a level stand above those of the next, as in the search. */
static bool smallest(cds_mapping *out, const cds_arch *arch,
                     const cds_einsum *einsum, unsigned shape) {
  const unsigned output = einsum->tensors - 1;
  const unsigned results[2] = {output, output + 1};
  const unsigned operands[2] = {0, output};
  const unsigned every[2] = {0, output + 1};
  const unsigned split =
      (shape & OUTPUT_ABOVE) != 0 ? first_operand_level(arch, einsum) : 0;
  const unsigned sums = (shape & ACCUMULATE) != 0
                            ? innermost_for_output(arch, einsum)
                            : arch->levels;
  uint64_t left[CDS_RANKS_MAX];
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    left[rank] = einsum->rank[rank].size;
  }
  out->nodes = 0;
  bool room = add_holds(out, arch, einsum, 0, every);
  if ((shape & SPREAD) != 0) {
    room = room && add_spreads(out, left, arch, einsum);
  }
  room = room && add_loops(out, left, einsum, true);
  if (split == 0) {
    room = room && add_loops(out, left, einsum, false);
  }
  for (unsigned level = 1; level < arch->levels && room; level++) {
    const cds_node sum = {.kind = CDS_HOLD, .tensor = output, .level = level};
    const unsigned before = out->nodes;
    room = add_holds(out, arch, einsum, level, results);
    if (level == sums && out->nodes == before) {
      room = room && add(out, sum);
    }
    room = room && (level != split || add_loops(out, left, einsum, false)) &&
           add_holds(out, arch, einsum, level, operands);
  }
  return room && (split != arch->levels || add_loops(out, left, einsum, false));
}

/* What a search of smallest mappings keeps. */
typedef struct lack_search {
  cds_mapping mapping, best;
  cds_counts counts;
  double missing; /* of the best */
} lack_search;

/* What all levels together lack. */
static double missing_bits(const cds_arch *arch, const cds_einsum *einsum,
                           const cds_counts *counts) {
  uint64_t need[CDS_LEVELS_MAX];
  double missing = 0;
  cds_price_needs(need, arch, einsum, counts);
  for (unsigned level = 0; level < arch->levels; level++) {
    const uint64_t size = arch->level[level].size_bits;
    if (need[level] > size && !(level == 0 && arch->level[0].streamed)) {
      missing += (double)(need[level] - size);
    }
  }
  return missing;
}

bool cds_layer_lack(cds_misfit *lack, cds_mapping *mapping,
                    const cds_arch *arch, const cds_einsum *einsum,
                    cds_arena *scratch) {
  const cds_arena_mark mark = cds_arena_mark_get(scratch);
  lack_search *it = cds_arena_alloc(scratch, sizeof *it);
  bool lacks = false;
  bool fits = it == NULL;
  for (unsigned shape = SHAPES; shape-- > 0 && !fits;) {
    cds_misfit misfit;
    if (!smallest(&it->mapping, arch, einsum, shape) ||
        cds_count(&it->counts, arch, einsum, &it->mapping, scratch) != CDS_OK) {
      continue;
    }
    fits = cds_price_fits(&misfit, arch, einsum, &it->counts) == CDS_OK;
    const double missing = missing_bits(arch, einsum, &it->counts);
    if (!fits && (!lacks || missing < it->missing)) {
      *lack = misfit;
      it->missing = missing;
      it->best = it->mapping;
      lacks = true;
    }
  }
  if (lacks && !fits && mapping != NULL) {
    *mapping = it->best;
  }
  cds_arena_reset(scratch, mark);
  return lacks && !fits;
}

/* Fewest bits that a tensor takes at a level that must keep it, on its own. */
static uint64_t least_bits(const cds_einsum *einsum, unsigned tensor,
                           unsigned level) {
  const cds_tensor *which = &einsum->tensor[tensor];
  uint64_t words = 1;
  uint64_t bits = 0;
  const bool whole = level == 0;
  if ((whole && cds_tensor_words(&words, einsum, tensor) != CDS_OK) ||
      !cds_mul_u64(&bits, words, which->format.bits)) {
    return UINT64_MAX;
  }
  return bits;
}

bool cds_layer_hopeless(cds_misfit *least, const cds_arch *arch,
                        const cds_einsum *einsum) {
  for (unsigned level = 0; level < arch->levels; level++) {
    cds_misfit need = {.level = level,
                       .size_bits = arch->level[level].size_bits};
    uint64_t largest = 0;
    for (unsigned t = 0; t < einsum->tensors; t++) {
      if (cds_level_policy(arch, level, &einsum->tensor[t]) != CDS_MUST) {
        continue;
      }
      const uint64_t own = least_bits(einsum, t, level);
      need.tensor = own > largest ? t : need.tensor;
      largest = own > largest ? own : largest;
      if (!cds_add_u64(&need.need_bits, need.need_bits, own)) {
        need.need_bits = UINT64_MAX;
      }
    }
    if (need.need_bits > need.size_bits &&
        !(level == 0 && arch->level[0].streamed)) {
      *least = need;
      return true;
    }
  }
  return false;
}

/* Whether every layer of the workload fits with the change, which is about a
 * level and a tensor of `einsum`. */
static bool serves_all(const cds_advice *advice, const cds_arch *arch,
                       const cds_einsum *einsum, const cds_workload *workload,
                       cds_arena *arena) {
  cds_advice_case *changed = cds_arena_alloc(arena, sizeof *changed);
  if (changed == NULL || advice->kind == CDS_ADVICE_FORMAT) {
    return false; /* formats are the workload's, not one layer's */
  }
  changed->arch = *arch;
  changed->einsum = *einsum;
  cds_advice_apply(changed, advice);
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    cds_misfit lack;
    if (layer->kind == CDS_LAYER_EINSUM &&
        cds_layer_lack(&lack, NULL, &changed->arch, &layer->einsum, arena)) {
      return false;
    }
  }
  return true;
}

/* Adds the advice for the layer's smallest mapping; with `others`, that which
 * serves all layers of the workload. */
static void hint_layer(cds_diag *diag, const cds_arch *arch,
                       const cds_einsum *einsum, const cds_workload *others,
                       cds_arena *arena) {
  cds_mapping *mapping = cds_arena_alloc(arena, sizeof *mapping);
  cds_advice *advice = cds_arena_array(arena, CDS_ADVICES_MAX, sizeof *advice);
  cds_misfit lack;
  if (mapping == NULL || advice == NULL ||
      !cds_layer_lack(&lack, mapping, arch, einsum, arena)) {
    return;
  }
  const size_t count = cds_advise(advice, arch, einsum, mapping, arena);
  for (size_t i = 0; i < count; i++) {
    if (others != NULL &&
        !serves_all(&advice[i], arch, einsum, others, arena)) {
      continue;
    }
    const char *text =
        cds_advice_text(&advice[i], arch, einsum, mapping, false, arena);
    if (text != NULL) {
      cds_diag_hint(diag, "%s", text);
    }
  }
}

void cds_layer_advise(cds_diag *diag, const cds_arch *arch,
                      const cds_einsum *einsum, cds_arena *arena) {
  hint_layer(diag, arch, einsum, NULL, arena);
}

const cds_layer *cds_network_lack(cds_misfit *lack, const cds_arch *arch,
                                  const cds_workload *workload,
                                  cds_arena *scratch) {
  const cds_layer *worst = NULL;
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    cds_misfit own;
    if (layer->kind == CDS_LAYER_EINSUM &&
        cds_layer_lack(&own, NULL, arch, &layer->einsum, scratch) &&
        (worst == NULL || own.level < lack->level ||
         (own.level == lack->level && own.need_bits > lack->need_bits))) {
      *lack = own;
      worst = layer;
    }
  }
  return worst;
}

void cds_network_advise(cds_diag *diag, const cds_arch *arch,
                        const cds_workload *workload, cds_arena *arena) {
  cds_misfit lack;
  const cds_layer *worst = cds_network_lack(&lack, arch, workload, arena);
  if (worst != NULL) {
    hint_layer(diag, arch, &worst->einsum, workload, arena);
  }
}

void cds_layer_say_lack(cds_diag *diag, const cds_arch *arch,
                        const cds_layer *layer, const cds_misfit *lack,
                        bool at_least) {
  char need[CDS_NUMBER_TEXT];
  char size[CDS_NUMBER_TEXT];
  cds_diag_error(
      diag, arch->level[lack->level].place,
      "no mapping of '%s' fits '%s': tensor '%s' and what must lie beside it "
      "need %s%s at '%s', which has %s",
      layer->name, arch->name, layer->einsum.tensor[lack->tensor].name,
      at_least ? "at least " : "", cds_format_bits(need, lack->need_bits),
      arch->level[lack->level].name, cds_format_bits(size, lack->size_bits));
}

void cds_layer_misfit(cds_diag *diag, const cds_arch *arch,
                      const cds_layer *layer, const cds_misfit *least,
                      cds_arena *arena) {
  const cds_einsum *einsum = &layer->einsum;
  cds_misfit lack = *least;
  bool proven = least->need_bits > least->size_bits;
  const bool lacks = cds_layer_lack(&lack, NULL, arch, einsum, arena);
  /* What a mapping shows to do with less is no least need. */
  proven = proven && !(lacks && lack.level == least->level &&
                       lack.need_bits < least->need_bits);
  if (proven) {
    lack = *least;
  }
  if (!proven && !lacks) {
    cds_diag_error(diag, arch->place,
                   "no mapping of '%s' fits '%s': no division of its ranks by "
                   "whole factors fits every level",
                   layer->name, arch->name);
    return;
  }
  cds_layer_say_lack(diag, arch, layer, &lack, proven);
  cds_layer_advise(diag, arch, einsum, arena);
}
