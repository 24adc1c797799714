/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which tiles fit a group, as far as spreads and its holders tell.
 *
 * Of tiles that fit only those matter to bounds of which no multiple fits:
 * costs fall with extents, and what may stand inside of a tile may stand inside
 * of a multiple. For each X of class 0 and 1 it is noted up to which X of class
 * 2 fit; while the output has the same bits, what fits beside more also fits
 * beside less: a tile that is replaced and so held twice is at most half of one
 * that is not.
 *
 * Bits of the output (group_terms.c says why): those of partial sums if parts
 * of a word come up from more than one instance, step or round of a stage. `X2`
 * below the rest means that there are loops of reductions outside, and the next
 * holder inside is filled anew with them, because the list is used where no run
 * of the output goes on inside of the group (deep_bound.c).
 */
#include <math.h>
#include <string.h>

#include "search/deep.h"

typedef struct cds_deep_fit {
  const cds_deep *deep;
  const cds_deep_view *view;
  unsigned group;
  unsigned level[CDS_DEEP_TENSORS]; /* or CDS_NONE */
  double points[CDS_DEEP_CLASSES];  /* of X = 1 */
  double whole[CDS_DEEP_TENSORS];   /* the rests */
  double bits[CDS_DEEP_TENSORS];
  double narrow, wide; /* of the output without reductions outside, and with */
  double copies[CDS_DEEP_TENSORS];
  bool batches; /* loops of the batch stand outside */
} cds_deep_fit;

/* Units of the output's class on arrays from `first` on, of those that add
 * up or of all. */
static double reductions(const cds_deep_view *view, unsigned first,
                         unsigned last, bool all) {
  const cds_deep *deep = view->deep;
  const unsigned t = deep->general->output;
  double units = 1;
  for (unsigned k = first; k < last; k++) {
    if (all || deep->general->arch->array[k].reduction) {
      units *= (double)cds_deep_divisor(deep, t, view->spread[t][k]);
    }
  }
  return units;
}

static void set_output(cds_deep_fit *it, const cds_deep_held *held) {
  const cds_general *general = it->deep->general;
  const unsigned t = general->output;
  const cds_operand_shape *shape = &general->tensor[t];
  const unsigned depth = general->group[it->group].depth;
  it->wide = shape->wide;
  if (shape->wide < shape->bits || general->homes.sums) {
    it->narrow = shape->wide;
  } else if (held->output_inside) {
    const bool parts = reductions(it->view, 0, depth, true) > 1;
    it->narrow = parts ? shape->wide : shape->bits;
  } else {
    const double merged =
        reductions(it->view, depth, general->arch->arrays, false);
    it->narrow =
        general->macs / merged > general->results ? shape->wide : shape->bits;
    it->wide = it->narrow;
  }
}

static void set_fit(cds_deep_fit *it, const cds_deep_view *view,
                    const cds_deep_held *held) {
  const cds_deep *deep = view->deep;
  const cds_general *general = deep->general;
  const cds_arch *arch = general->arch;
  it->deep = deep;
  it->view = view;
  it->group = held->group;
  it->batches = view->rest_size[CDS_DEEP_BATCH] > 1;
  for (unsigned c = 0; c < CDS_DEEP_CLASSES; c++) {
    it->points[c] =
        (double)cds_deep_divisor(deep, c, view->below[held->group][c]);
  }
  for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
    const unsigned digit = held->digit[t];
    it->whole[t] = view->rest_size[t];
    it->bits[t] = general->tensor[t].bits;
    it->level[t] =
        digit == 0 ? CDS_NONE : general->group[held->group].first + digit - 1;
    it->copies[t] = digit > 0 && cds_level_doubled(arch, it->level[t]) ? 2 : 1;
  }
  set_output(it, held);
}

/* Bits of the tensor's tile. */
static double need_of(const cds_deep_fit *it, unsigned t,
                      const double x[CDS_DEEP_TENSORS]) {
  const unsigned output = it->deep->general->output;
  double words = it->points[CDS_DEEP_BATCH];
  bool replaced = it->batches;
  for (unsigned c = 0; c < CDS_DEEP_TENSORS; c++) {
    if (c != t) {
      words *= x[c] * it->points[c];
      replaced = replaced || x[c] < it->whole[c];
    }
  }
  const double bits = t != output                ? it->bits[t]
                      : x[t] < it->whole[output] ? it->wide
                                                 : it->narrow;
  return words * bits * (replaced ? it->copies[t] : 1);
}

static bool fits(const cds_deep_fit *it, const double x[CDS_DEEP_TENSORS]) {
  double need[CDS_DEEP_TENSORS] = {0};
  for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
    if (it->level[t] == CDS_NONE) {
      continue;
    }
    unsigned first = t; /* of those in the same level */
    for (unsigned u = t; u-- > 0;) {
      first = it->level[u] == it->level[t] ? u : first;
    }
    need[first] += need_of(it, t, x);
    if (need[first] > it->deep->general->room[it->level[t]]) {
      return false;
    }
  }
  return true;
}

/* ---- lists ----------------------------------------------------------- */

typedef struct cds_deep_lister {
  cds_deep_fit fit;
  const cds_deep_parts *parts[CDS_DEEP_TENSORS];
  double *size[CDS_DEEP_TENSORS];
  cds_deep_tiles *tiles;
} cds_deep_lister;

/* Notes what X of class 2 fit beside the i-th of class 0, larger ones of class
 * 1 first, as these leave less room. */
static void note_row(cds_deep_lister *it, unsigned i) {
  const unsigned count = it->parts[2]->count;
  unsigned known = 0; /* so many fit */
  for (unsigned j = it->parts[1]->count; j-- > 0;) {
    const size_t pair = (size_t)i * it->parts[1]->count + j;
    double x[CDS_DEEP_TENSORS] = {it->size[0][i], it->size[1][j], 0};
    for (; known < count; known++) {
      x[2] = it->size[2][known];
      if (!fits(&it->fit, x)) {
        break;
      }
    }
    bool whole = known == count;
    if (!whole && it->fit.narrow < it->fit.wide) {
      x[2] = it->size[2][count - 1];
      whole = fits(&it->fit, x);
    }
    it->tiles->fit[pair] = (uint16_t)known;
    it->tiles->whole[pair] = whole;
  }
}

static bool noted(const cds_deep_lister *it, const unsigned at[3]) {
  const size_t pair = (size_t)at[0] * it->parts[1]->count + at[1];
  return at[2] < it->tiles->fit[pair] ||
         (at[2] + 1 == it->parts[2]->count && it->tiles->whole[pair]);
}

/* Whether the tile fits and none that is larger by a prime does. */
static bool is_largest(const cds_deep_lister *it, unsigned at[3]) {
  if (!noted(it, at)) {
    return false;
  }
  for (unsigned c = CDS_DEEP_TENSORS; c-- > 0;) {
    const unsigned here = at[c];
    for (unsigned p = 0; p < it->parts[c]->primes; p++) {
      at[c] = it->parts[c]->after[p][here];
      const bool larger = at[c] != CDS_NONE && noted(it, at);
      at[c] = here;
      if (larger) {
        return false;
      }
    }
  }
  return true;
}

/* X of class 2 before this fit beside more of class 0 or of class 1, too, so
 * that they are of no largest tile. */
static unsigned first_largest(const cds_deep_lister *it, unsigned i,
                              unsigned j) {
  const uint16_t *fit = it->tiles->fit;
  const size_t count = it->parts[1]->count;
  unsigned first = 0;
  for (unsigned p = 0; p < it->parts[0]->primes; p++) {
    const unsigned more = it->parts[0]->after[p][i];
    const unsigned here = more == CDS_NONE ? 0 : fit[more * count + j];
    first = here > first ? here : first;
  }
  for (unsigned p = 0; p < it->parts[1]->primes; p++) {
    const unsigned more = it->parts[1]->after[p][j];
    const unsigned here = more == CDS_NONE ? 0 : fit[i * count + more];
    first = here > first ? here : first;
  }
  return first;
}

/* Counts them if there is no room for them yet. */
static void list_row(cds_deep_lister *it, unsigned i) {
  const unsigned count = it->parts[2]->count;
  for (unsigned j = 0; j < it->parts[1]->count; j++) {
    const size_t pair = (size_t)i * it->parts[1]->count + j;
    for (unsigned k = first_largest(it, i, j); k < count; k++) {
      unsigned at[CDS_DEEP_TENSORS] = {i, j, k};
      if (k >= it->tiles->fit[pair] && k + 1 < count) {
        k = it->tiles->whole[pair] ? count - 2 : count;
        continue;
      }
      if (!is_largest(it, at)) {
        continue;
      }
      cds_deep_tiles *out = it->tiles;
      if (out->at != NULL) {
        out->at[out->count] = (uint32_t)(pair * count + k);
        out->inverse[0][out->count] = 1 / it->size[0][i];
        out->inverse[1][out->count] = 1 / it->size[1][j];
        out->inverse[2][out->count] = 1 / it->size[2][k];
      }
      out->count++;
    }
  }
}

static void list_rows(cds_deep_lister *it) {
  it->tiles->count = 0;
  for (unsigned i = 0; i < it->parts[0]->count; i++) {
    list_row(it, i);
  }
}

/* Room for as many as were counted. */
static cds_status make_lists(cds_deep_tiles *out, cds_arena *arena) {
  out->at = cds_arena_array(arena, out->count + 1, sizeof *out->at);
  if (out->at == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned c = 0; c < CDS_DEEP_TENSORS; c++) {
    out->inverse[c] = cds_arena_array(arena, out->count + 1, sizeof(double));
    if (out->inverse[c] == NULL) {
      return CDS_ENOMEM;
    }
  }
  return CDS_OK;
}

static cds_status make_room(cds_deep_lister *it, const cds_deep_view *view,
                            cds_arena *scratch) {
  const cds_deep *deep = view->deep;
  for (unsigned c = 0; c < CDS_DEEP_TENSORS; c++) {
    it->parts[c] = &deep->parts[c][view->rest[c]];
    it->size[c] = cds_arena_array(scratch, it->parts[c]->count, sizeof(double));
    if (it->size[c] == NULL) {
      return CDS_ENOMEM;
    }
    for (unsigned i = 0; i < it->parts[c]->count; i++) {
      it->size[c][i] = (double)cds_deep_divisor(deep, c, it->parts[c]->at[i]);
    }
  }
  const size_t pairs = (size_t)it->parts[0]->count * it->parts[1]->count;
  cds_arena *arena = deep->general->arena;
  it->tiles->fit = cds_arena_array(arena, pairs, sizeof *it->tiles->fit);
  it->tiles->whole = cds_arena_array(arena, pairs, sizeof *it->tiles->whole);
  return it->tiles->fit == NULL || it->tiles->whole == NULL ? CDS_ENOMEM
                                                            : CDS_OK;
}

static cds_status list_tiles(cds_deep_tiles *out, cds_deep *deep,
                             const cds_deep_view *view,
                             const cds_deep_held *held) {
  cds_general *general = deep->general;
  const cds_arena_mark mark = cds_arena_mark_get(general->scratch);
  cds_deep_lister *it = cds_arena_alloc(general->scratch, sizeof *it);
  if (it == NULL) {
    return CDS_ENOMEM;
  }
  it->tiles = out;
  set_fit(&it->fit, view, held);
  CDS_TRY(make_room(it, view, general->scratch));
  for (unsigned i = 0; i < it->parts[0]->count; i++) {
    note_row(it, i);
  }
  list_rows(it);
  CDS_TRY(make_lists(out, general->arena));
  list_rows(it);
  cds_arena_reset(general->scratch, mark);
  return CDS_OK;
}

static cds_status make_scratch(cds_deep *deep, size_t count) {
  if (deep->scratch_room >= count) {
    return CDS_OK;
  }
  cds_free(deep->scratch);
  deep->scratch_room = 0;
  deep->scratch = cds_malloc(count * sizeof *deep->scratch);
  if (deep->scratch == NULL) {
    return CDS_ENOMEM;
  }
  deep->scratch_room = count;
  return CDS_OK;
}

cds_status cds_deep_tiles_get(const cds_deep_tiles **out, cds_deep *deep,
                              const cds_deep_view *view,
                              const cds_deep_held *held) {
  uint16_t key[24] = {0};
  const unsigned t = deep->general->output;
  unsigned at = 0;
  key[at++] = (uint16_t)held->group;
  key[at++] = held->output_inside ? 1 : 0;
  key[at++] = view->rest_size[CDS_DEEP_BATCH] > 1 ? 1 : 0;
  for (unsigned c = 0; c < CDS_DEEP_TENSORS; c++) {
    key[at++] = (uint16_t)held->digit[c];
    key[at++] = view->rest[c];
  }
  for (unsigned c = 0; c < CDS_DEEP_CLASSES; c++) {
    key[at++] = view->below[held->group][c];
  }
  for (unsigned k = 0; k < deep->general->arch->arrays; k++) {
    key[at++] = view->spread[t][k];
  }
  cds_deep_entry *entry = cds_deep_find(deep->tiles, key, deep->general->arena);
  if (entry == NULL) {
    return CDS_ENOMEM;
  }
  if (entry->value == NULL) {
    cds_deep_tiles *made = cds_arena_alloc(deep->general->arena, sizeof *made);
    if (made == NULL) {
      return CDS_ENOMEM;
    }
    CDS_TRY(list_tiles(made, deep, view, held));
    CDS_TRY(make_scratch(deep, made->count));
    entry->value = made;
  }
  *out = entry->value;
  return CDS_OK;
}
