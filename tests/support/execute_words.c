/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which words of a group's tensors are where: pieces of ranks, names of words.
 *
 * A word's name is its place in a box that holds all that any stage has of the
 * tensor. Axes of one position are left out, so that stages may differ in them.
 * On an axis where some stage has windows, what is made stands in the middle of
 * what they touch: as much padding before as behind, or one less.
 */
#include <stdlib.h>
#include <string.h>

#include "support/execute_state.h"

uint64_t group_piece_of(const group_run *run, unsigned rank, unsigned place,
                        uint64_t *length) {
  uint64_t begin = 0;
  *length = run->group->rank[rank].size;
  for (unsigned n = 0; n < place; n++) {
    const cds_outer_node *node = &run->mapping->outer.node[n];
    if (node->kind == CDS_OUTER_FOR && node->rank == rank) {
      *length /= node->trips;
      begin += run->digit[n] * *length;
    }
  }
  return begin;
}

uint64_t group_axis_length(const cds_einsum *einsum, const cds_axis *axis) {
  uint64_t length = 1;
  for (unsigned i = 0; i < axis->terms; i++) {
    const cds_term *term = &axis->term[i];
    length += term->coefficient * (einsum->rank[term->rank].size - 1);
  }
  return length;
}

/* Axes of more than one position. */
static unsigned named_axes(const cds_axis *out[CDS_AXES_MAX],
                           const cds_einsum *einsum, unsigned t) {
  unsigned count = 0;
  for (unsigned a = 0; a < einsum->tensor[t].axes; a++) {
    if (group_axis_length(einsum, &einsum->tensor[t].axis[a]) > 1) {
      out[count++] = &einsum->tensor[t].axis[a];
    }
  }
  return count;
}

/* Whether each position is one index of one rank. */
static bool is_plain(const cds_einsum *einsum, const cds_axis *axis) {
  uint64_t longest = 1;
  for (unsigned i = 0; i < axis->terms; i++) {
    const uint64_t size = einsum->rank[axis->term[i].rank].size;
    longest = size > longest ? size : longest;
  }
  return group_axis_length(einsum, axis) == longest;
}

void group_set_box(group_run *run, unsigned tensor) {
  group_tensor *it = &run->tensor[tensor];
  uint64_t plain[CDS_AXES_MAX] = {0}, windows[CDS_AXES_MAX] = {0};
  for (unsigned s = 0; s < run->group->stages; s++) {
    const cds_fused_einsum *stage = &run->group->stage[s];
    for (unsigned t = 0; t < stage->einsum->tensors; t++) {
      const cds_axis *axis[CDS_AXES_MAX];
      it->axes = stage->tensor[t] == tensor ? named_axes(axis, stage->einsum, t)
                                            : it->axes;
      for (unsigned a = 0; stage->tensor[t] == tensor && a < it->axes; a++) {
        const uint64_t length = group_axis_length(stage->einsum, axis[a]);
        uint64_t *most =
            is_plain(stage->einsum, axis[a]) ? &plain[a] : &windows[a];
        *most = length > *most ? length : *most;
      }
    }
  }
  it->words = 1;
  for (unsigned a = 0; a < it->axes; a++) {
    it->windows[a] = windows[a] > 0;
    it->before[a] =
        plain[a] > 0 && windows[a] > plain[a] ? (windows[a] - plain[a]) / 2 : 0;
    it->box[a] = plain[a] > windows[a] ? plain[a] : windows[a];
    it->words *= (size_t)it->box[a];
  }
}

/* The name of the word at these positions of a stage's own axes. */
static size_t name_of(const group_run *run, unsigned s, unsigned t,
                      const uint64_t position[CDS_AXES_MAX]) {
  const cds_fused_einsum *stage = &run->group->stage[s];
  const group_tensor *it = &run->tensor[stage->tensor[t]];
  const cds_axis *axis[CDS_AXES_MAX];
  size_t word = 0;
  (void)named_axes(axis, stage->einsum, t);
  for (unsigned a = 0; a < it->axes; a++) {
    const uint64_t before =
        is_plain(stage->einsum, axis[a]) ? it->before[a] : 0;
    word = word * (size_t)it->box[a] + (size_t)(position[a] + before);
  }
  return word;
}

size_t group_word_at(const group_run *run, unsigned s, unsigned t,
                     const uint64_t point[CDS_RANKS_MAX]) {
  const cds_axis *axis[CDS_AXES_MAX];
  uint64_t position[CDS_AXES_MAX] = {0};
  const unsigned axes = named_axes(axis, run->group->stage[s].einsum, t);
  for (unsigned a = 0; a < axes; a++) {
    for (unsigned i = 0; i < axis[a]->terms; i++) {
      const cds_term *term = &axis[a]->term[i];
      position[a] += term->coefficient * point[term->rank];
    }
  }
  return name_of(run, s, t, position);
}

bool group_next_point(uint64_t *point, const uint64_t *begin,
                      const uint64_t *length, unsigned ranks) {
  for (unsigned r = 0; r < ranks; r++) {
    if (++point[r] < begin[r] + length[r]) {
      return true;
    }
    point[r] = begin[r];
  }
  return false;
}

static int compare_words(const void *a, const void *b) {
  const size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return x < y ? -1 : x > y;
}

/* Words that have their places where a tile does, whatever they have on axes of
 * windows: `words` of it, one of each. Gives how many there are. */
static size_t widen(group_run *run, const group_tensor *it, size_t words) {
  for (unsigned a = 0; a < it->axes; a++) {
    size_t stride = 1;
    for (unsigned b = a + 1; b < it->axes; b++) {
      stride *= (size_t)it->box[b];
    }
    if (!it->windows[a]) {
      continue;
    }
    const size_t length = (size_t)it->box[a];
    size_t *wide = group_room(words * length, sizeof *wide);
    for (size_t i = 0; i < words; i++) {
      const size_t first =
          run->tile[i] - run->tile[i] / stride % length * stride;
      for (size_t x = 0; x < length; x++) {
        wide[i * length + x] = first + x * stride;
      }
    }
    free(run->tile);
    run->tile = wide;
    words *= length;
    qsort(run->tile, words, sizeof *run->tile, compare_words);
    size_t kept = 0;
    for (size_t i = 0; i < words; i++) {
      if (i == 0 || run->tile[i] != run->tile[kept - 1]) {
        run->tile[kept++] = run->tile[i];
      }
    }
    words = kept;
  }
  return words;
}

size_t group_list_tile(group_run *run, unsigned tensor, unsigned place) {
  const group_tensor *t = &run->tensor[tensor];
  const cds_einsum *einsum = t->einsum;
  uint64_t begin[CDS_RANKS_MAX] = {0}, length[CDS_RANKS_MAX];
  uint64_t point[CDS_RANKS_MAX];
  for (unsigned r = 0; r < einsum->ranks; r++) {
    length[r] = 1;
    if (cds_tensor_has_rank(&einsum->tensor[t->index], r)) {
      begin[r] = group_piece_of(run, run->group->stage[t->stage].rank[r], place,
                                &length[r]);
    }
  }
  memcpy(point, begin, sizeof point);
  size_t points = 1;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    points *= (size_t)length[r];
  }
  free(run->tile);
  run->tile = group_room(points, sizeof *run->tile);
  size_t count = 0;
  do {
    run->tile[count++] = group_word_at(run, t->stage, t->index, point);
  } while (group_next_point(point, begin, length, einsum->ranks));
  qsort(run->tile, count, sizeof *run->tile, compare_words);
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    if (i == 0 || run->tile[i] != run->tile[kept - 1]) {
      run->tile[kept++] = run->tile[i];
    }
  }
  return run->group->tensor[tensor].intermediate ? widen(run, t, kept) : kept;
}

/* The stage's simulator names words by their places in the box of the piece, on
 * all axes. */
size_t group_whole_word(const group_run *run, unsigned s, unsigned t,
                        size_t word) {
  const cds_fused_einsum *from = &run->group->stage[s];
  const cds_einsum *piece = &run->stage[s].piece;
  const cds_tensor *tensor = &piece->tensor[t];
  uint64_t position[CDS_AXES_MAX] = {0}, all[CDS_AXES_MAX] = {0};
  for (unsigned a = tensor->axes; a-- > 0;) {
    const cds_axis *axis = &tensor->axis[a];
    const size_t length = (size_t)group_axis_length(piece, axis);
    all[a] = word % length;
    word /= length;
    for (unsigned i = 0; i < axis->terms; i++) {
      uint64_t ignored;
      all[a] += axis->term[i].coefficient *
                group_piece_of(run, from->rank[axis->term[i].rank],
                               run->mapping->outer.nodes, &ignored);
    }
  }
  unsigned named = 0;
  for (unsigned a = 0; a < tensor->axes; a++) {
    if (group_axis_length(from->einsum, &tensor->axis[a]) > 1) {
      position[named++] = all[a];
    }
  }
  return name_of(run, s, t, position);
}
