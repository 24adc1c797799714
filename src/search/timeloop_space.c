/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dimensions, divisors, policies and sizes: see timeloop_space.h. */
#include "search/timeloop_space.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "price/words.h"

/* Divisors of a size up to 2^40: 2^20 divisions. */
static cds_status list_divisors(cds_tl_dim *dim, uint64_t size,
                                cds_arena *arena) {
  uint64_t *list = cds_arena_array(arena, CDS_TL_DIVISORS, sizeof *list);
  size_t count = 0;
  if (list == NULL) {
    return CDS_ENOMEM;
  }
  for (uint64_t i = 1; i <= size / i; i++) {
    if (size % i != 0) {
      continue;
    }
    if (count + 2 > CDS_TL_DIVISORS) {
      return CDS_ELIMIT;
    }
    list[count++] = i;
    if (i != size / i) {
      list[count++] = size / i;
    }
  }
  cds_divisors_sort(list, count);
  dim->divisor = list;
  dim->count = (unsigned)count;
  return CDS_OK;
}

static cds_status list_quotients(cds_tl_dim *dim, cds_arena *arena) {
  cds_divisor_tables tables;
  CDS_TRY(cds_divisors_tables(&tables, dim->divisor, dim->count, arena));
  dim->quotient = tables.quotient;
  dim->product = tables.product;
  return CDS_OK;
}

static cds_status list_dims(cds_tl_space *space) {
  const cds_einsum *einsum = space->einsum;
  space->dims = 0;
  space->single = true;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    if (einsum->rank[r].size == 1) {
      continue;
    }
    cds_tl_dim *dim = &space->dim[space->dims];
    *dim = (cds_tl_dim){.rank = r};
    for (unsigned t = 0; t < einsum->tensors; t++) {
      if (cds_tensor_has_rank(&einsum->tensor[t], r)) {
        space->has[t] |= 1U << space->dims;
      } else {
        dim->lacks |= 1U << t;
      }
    }
    space->single = space->single && (dim->lacks & (dim->lacks - 1)) == 0;
    CDS_TRY(list_divisors(dim, einsum->rank[r].size, space->arena));
    CDS_TRY(list_quotients(dim, space->arena));
    space->dims++;
  }
  return CDS_OK;
}

static unsigned dim_of(const cds_tl_space *space, unsigned rank) {
  unsigned d = 0;
  while (d < space->dims && space->dim[d].rank != rank) {
    d++;
  }
  return d;
}

static void list_axes(cds_tl_space *space, unsigned tensor) {
  const cds_tensor *which = &space->einsum->tensor[tensor];
  space->axes[tensor] = which->axes;
  for (unsigned a = 0; a < which->axes; a++) {
    cds_tl_axis *axis = &space->axis[tensor][a];
    axis->terms = 0;
    for (unsigned i = 0; i < which->axis[a].terms; i++) {
      const cds_term *term = &which->axis[a].term[i];
      const unsigned d = dim_of(space, term->rank);
      if (d < space->dims) {
        axis->dim[axis->terms] = d;
        axis->coefficient[axis->terms++] = term->coefficient;
      }
    }
  }
}

double cds_tl_hull(const cds_tl_space *space, unsigned tensor,
                   const cds_tl_vector *at) {
  double words = 1;
  for (unsigned a = 0; a < space->axes[tensor]; a++) {
    const cds_tl_axis *axis = &space->axis[tensor][a];
    uint64_t size = 1;
    for (unsigned i = 0; i < axis->terms; i++) {
      size +=
          axis->coefficient[i] * (cds_tl_value(space, at, axis->dim[i]) - 1);
    }
    words *= (double)size;
  }
  return words;
}

/* Whether the tensor has windows, or positions apart from each other: hulls of
 * its tiles then are no products of extents. */
static bool has_gaps(const cds_tl_space *space, unsigned tensor) {
  for (unsigned a = 0; a < space->axes[tensor]; a++) {
    const cds_tl_axis *axis = &space->axis[tensor][a];
    if (axis->terms > 1 || (axis->terms == 1 && axis->coefficient[0] > 1)) {
      return true;
    }
  }
  return false;
}

static void shape_tensors(cds_tl_space *space) {
  cds_tl_vector whole;
  for (unsigned d = 0; d < space->dims; d++) {
    whole.at[d] = (uint16_t)(space->dim[d].count - 1);
  }
  for (unsigned t = 0; t < space->tensors; t++) {
    list_axes(space, t);
    space->window[t] = has_gaps(space, t);
    space->windows = space->windows || space->window[t];
    space->words[t] = cds_tl_hull(space, t, &whole);
  }
}

/* Whether an axis of the tensor is this one with other dimensions. */
static bool has_axis(const cds_tl_space *space, unsigned tensor,
                     const cds_tl_axis *of, const unsigned *mirror) {
  for (unsigned a = 0; a < space->axes[tensor]; a++) {
    const cds_tl_axis *axis = &space->axis[tensor][a];
    unsigned found = 0;
    for (unsigned i = 0; i < of->terms; i++) {
      for (unsigned k = 0; k < axis->terms; k++) {
        found += axis->dim[k] == mirror[of->dim[i]] &&
                 axis->coefficient[k] == of->coefficient[i];
      }
    }
    if (axis->terms == of->terms && found == of->terms) {
      return true;
    }
  }
  return false;
}

static bool same_einsum(const cds_tl_space *space, const unsigned *mirror) {
  for (unsigned t = 0; t < space->tensors; t++) {
    for (unsigned a = 0; a < space->axes[t]; a++) {
      if (!has_axis(space, t, &space->axis[t][a], mirror)) {
        return false;
      }
    }
  }
  return true;
}

/* Swaps the dimensions of two windows of one tensor, as far as they differ. */
static bool swap_windows(unsigned *mirror, const cds_tl_space *space,
                         const cds_tl_axis *a, const cds_tl_axis *b) {
  if (a->terms != b->terms || a->terms < 2) {
    return false;
  }
  for (unsigned i = 0; i < a->terms; i++) {
    const unsigned x = a->dim[i];
    const unsigned y = b->dim[i];
    if (space->dim[x].count != space->dim[y].count ||
        space->dim[x].divisor[space->dim[x].count - 1] !=
            space->dim[y].divisor[space->dim[y].count - 1]) {
      return false;
    }
    mirror[x] = y;
    mirror[y] = x;
  }
  return true;
}

/* Rows and columns of images may be swapped, if constraints do not tell them
 * apart. */
static void find_mirror(cds_tl_space *space) {
  for (unsigned d = 0; d < space->dims; d++) {
    space->mirror[d] = d;
  }
  for (unsigned t = 0; t < space->tensors; t++) {
    for (unsigned a = 0; a + 1 < space->axes[t]; a++) {
      unsigned mirror[CDS_TL_DIMS];
      memcpy(mirror, space->mirror, sizeof mirror);
      if (swap_windows(mirror, space, &space->axis[t][a],
                       &space->axis[t][a + 1]) &&
          same_einsum(space, mirror) &&
          (space->rules == NULL || !space->rules->loops)) {
        memcpy(space->mirror, mirror, sizeof mirror);
        return;
      }
    }
  }
}

static unsigned word_bits(const cds_tl_space *space, unsigned level,
                          unsigned tensor) {
  const unsigned own = space->arch->level[level].word_bits;
  return own > 0 ? own
                 : cds_word_bits(&space->einsum->tensor[tensor],
                                 tensor == space->output);
}

/* Words that a level holds, if it counts in them, else bits. */
static double capacity_of(const cds_level *level) {
  const uint64_t unit = level->word_bits > 0 ? level->word_bits : 1;
  const uint64_t whole = level->size_bits / unit;
  return level->size_bits == UINT64_MAX ? HUGE_VAL : (double)whole;
}

static cds_status shape_levels(cds_tl_space *space) {
  const cds_arch *arch = space->arch;
  for (unsigned l = 0; l < arch->levels; l++) {
    const cds_level *level = &arch->level[l];
    const unsigned below =
        l + 1 < arch->levels ? arch->level[l + 1].depth : arch->arrays;
    if (below > level->depth + 1) {
      return CDS_EINPUT;
    }
    space->below[l] = below > level->depth ? (int)level->depth : -1;
    space->capacity[l] = capacity_of(level);
    const double word = level->word_bits > 0 ? level->word_bits : 1;
    space->bandwidth[l][0] = level->read_bandwidth / word;
    space->bandwidth[l][1] = level->write_bandwidth / word;
    space->bandwidth[l][2] = level->shared_bandwidth / word;
    space->busy[l] = !isinf(space->bandwidth[l][0]) ||
                     !isinf(space->bandwidth[l][1]) ||
                     !isinf(space->bandwidth[l][2]);
    if (space->busy[l]) {
      space->port[space->ports].level = l;
      for (unsigned i = 0; i < 3; i++) {
        space->port[space->ports].cycles[i] = 1 / space->bandwidth[l][i];
      }
      space->ports++;
    }
    for (unsigned t = 0; t < space->tensors; t++) {
      space->policy[l][t] =
          l == 0 ? CDS_MUST
                 : cds_level_policy(arch, l, &space->einsum->tensor[t]);
      space->scale[l][t] = level->word_bits > 0 ? 1 : word_bits(space, l, t);
    }
  }
  return CDS_OK;
}

cds_status cds_tl_space_begin(cds_tl_space *space) {
  const unsigned format = cds_compute_format(space->arch, space->einsum);
  uint64_t macs = 0;
  space->levels = space->arch->levels;
  space->tensors = space->einsum->tensors;
  space->output = space->tensors - 1;
  if (format == UINT_MAX) {
    return CDS_EINPUT;
  }
  CDS_TRY(cds_einsum_macs(&macs, space->einsum));
  space->macs = (double)macs;
  space->mac_pj = space->macs * space->arch->compute.mac_pj[format];
  CDS_TRY(list_dims(space));
  shape_tensors(space);
  find_mirror(space);
  return shape_levels(space);
}
