/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What dataflows expand to.
 *
 * input_, output_ and weight_stationary, of the tensor t with that role, at
 * level L (the innermost that may keep t, if none is named): L keeps t, and of
 * the loops right above L those over ranks that t lacks stand innermost, so
 * that t's tile stays while they run. C = A B: weights (B) stay over m, outputs
 * over k, inputs over n. Convolutions: weights over batch and output positions,
 * outputs over input channels and the kernel, inputs over output channels.
 *
 * row_stationary (Eyeriss: Chen et al., ISCA 2016), of a window whose last axis
 * is s q + r: L is the innermost level if none is named, A the innermost array
 * of two axes above it. A row of the kernel stays in L and slides along the row
 * of its inputs: L and the levels beside it keep each tensor that only one of
 * them may keep; all trips of r stand below their holders; r and q are not
 * spread; q stands innermost above L. With a window of two axes (u p + v, then
 * s q + r) rows of the kernel lie on the rows of A (v full there) and rows of
 * outputs on its columns (p not on the rows, v not on the columns), so that
 * inputs meet on diagonals and outputs add up along columns.
 */
#include <limits.h>

#include "spec/rules_build.h"

static const char *const role_names[] = {"input", "weight", "output"};

/* The only tensor of a role; UINT_MAX after a message. */
static unsigned tensor_of_role(cds_rules_build *it, cds_role role) {
  const cds_einsum *einsum = it->einsum;
  unsigned found = UINT_MAX;
  unsigned count = 0;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    if (einsum->tensor[t].role == role) {
      found = t;
      count++;
    }
  }
  if (count == 1) {
    return found;
  }
  if (cds_rules_error(it, "'%s' needs one %s: '%s' has %u", it->now->text,
                      role_names[role], einsum->name, count)) {
    cds_diag_hint(it->diag, "'layers' or 'operations' say which layers an "
                            "entry is about");
  }
  return UINT_MAX;
}

/* The innermost level that may keep the tensor; 0: none below the outermost. */
static unsigned innermost_for(const cds_rules_build *it, unsigned tensor) {
  unsigned level = it->arch->levels - 1;
  while (level > 0 && it->out->policy[level][tensor] == CDS_MUST_NOT) {
    level--;
  }
  return level;
}

static void stationary(cds_rules_build *it, cds_role role) {
  const cds_einsum *einsum = it->einsum;
  const unsigned tensor = tensor_of_role(it, role);
  if (tensor == UINT_MAX) {
    return;
  }
  const unsigned level =
      it->now->level != UINT_MAX ? it->now->level : innermost_for(it, tensor);
  if (level == 0) {
    (void)cds_rules_error(it,
                          "'%s' of '%s': no level below the outermost may keep "
                          "tensor '%s'",
                          it->now->text, einsum->name,
                          einsum->tensor[tensor].name);
    return;
  }
  unsigned part[CDS_RANKS_MAX];
  for (unsigned r = 0; r < einsum->ranks; r++) {
    part[r] = cds_tensor_has_rank(&einsum->tensor[tensor], r) ? 0 : 1;
  }
  cds_rules_policy(it, level, tensor, CDS_MUST);
  cds_rules_order(it, it->out->region_of[level], part);
}

/* ---- rows ------------------------------------------------------------ */

/* An axis of a window: the rank of positions, which the output has, and that
 * of the kernel. */
typedef struct window_axis {
  unsigned position, kernel;
} window_axis;

static unsigned list_axes(window_axis out[CDS_AXES_MAX],
                          const cds_einsum *einsum) {
  const cds_tensor *output = &einsum->tensor[einsum->tensors - 1];
  for (unsigned t = 0; t + 1 < einsum->tensors; t++) {
    unsigned count = 0;
    const cds_tensor *tensor = &einsum->tensor[t];
    for (unsigned a = 0; a < tensor->axes; a++) {
      cds_term term[CDS_TERMS_MAX];
      if (cds_axis_long_terms(term, einsum, &tensor->axis[a]) < 2) {
        continue;
      }
      const bool first = cds_tensor_has_rank(output, term[0].rank);
      out[count++] =
          (window_axis){term[first ? 0 : 1].rank, term[first ? 1 : 0].rank};
    }
    if (count > 0) {
      return count;
    }
  }
  return 0;
}

static void not_spread(cds_rules_build *it, unsigned rank) {
  const cds_range one = {1, 1};
  for (unsigned k = 0; k < it->arch->arrays; k++) {
    for (unsigned x = 0; x < it->arch->array[k].axes; x++) {
      const unsigned axis[2] = {k, x};
      cds_rules_spread(it, axis, rank, one);
    }
  }
}

/* The innermost array of two axes above the level; UINT_MAX: none. */
static unsigned array_above(const cds_rules_build *it, unsigned level) {
  for (unsigned k = it->arch->level[level].depth; k-- > 0;) {
    if (it->arch->array[k].axes > 1) {
      return k;
    }
  }
  return UINT_MAX;
}

static void rows_on_array(cds_rules_build *it, const window_axis *rows,
                          unsigned level) {
  const cds_range one = {1, 1};
  const uint64_t size = it->einsum->rank[rows->kernel].size;
  const unsigned array = array_above(it, level);
  if (array == UINT_MAX) {
    (void)cds_rules_error(it,
                          "'%s' of '%s' needs an array with rows and columns "
                          "above level '%s': '%s' has none",
                          it->now->text, it->einsum->name,
                          it->arch->level[level].name, it->arch->name);
    return;
  }
  const unsigned on_rows[2] = {array, 0};
  const unsigned on_cols[2] = {array, 1};
  cds_rules_spread(it, on_rows, rows->kernel, (cds_range){size, size});
  cds_rules_spread(it, on_cols, rows->kernel, one);
  cds_rules_spread(it, on_rows, rows->position, one);
}

/* Tensors that one level beside this one may keep are kept there. */
static void keep_rows(cds_rules_build *it, unsigned level) {
  const cds_arch *arch = it->arch;
  for (unsigned t = 0; t < it->einsum->tensors; t++) {
    unsigned only = 0;
    unsigned count = 0;
    for (unsigned l = 1; l < arch->levels; l++) {
      if (arch->level[l].position == arch->level[level].position &&
          it->out->policy[l][t] != CDS_MUST_NOT) {
        only = l;
        count++;
      }
    }
    if (count == 1) {
      cds_rules_policy(it, only, t, CDS_MUST);
    }
  }
}

static void row_stationary(cds_rules_build *it) {
  const cds_einsum *einsum = it->einsum;
  window_axis axis[CDS_AXES_MAX];
  const unsigned axes = list_axes(axis, einsum);
  if (axes == 0) {
    if (cds_rules_error(it,
                        "'%s' needs a sliding window (an axis of two ranks "
                        "longer than 1): '%s' has none",
                        it->now->text, einsum->name)) {
      cds_diag_hint(it->diag, "'operations: [conv]' limits the entry to layers "
                              "that have one");
    }
    return;
  }
  const unsigned level =
      it->now->level != UINT_MAX ? it->now->level : it->arch->levels - 1;
  if (level == 0) {
    (void)cds_rules_error(it,
                          "'%s' needs a level below the outermost: '%s' "
                          "has none",
                          it->now->text, it->arch->name);
    return;
  }
  keep_rows(it, level);
  const window_axis *row = &axis[axes - 1];
  const unsigned region = it->out->region_of[level];
  unsigned part[CDS_RANKS_MAX] = {0};
  for (unsigned r = 1; r <= region; r++) {
    cds_rules_loop(it, r, row->kernel, (cds_range){1, 1});
  }
  not_spread(it, row->kernel);
  not_spread(it, row->position);
  part[row->position] = 1;
  cds_rules_order(it, region, part);
  if (axes > 1) {
    rows_on_array(it, &axis[axes - 2], level);
  }
}

void cds_rules_dataflow(cds_rules_build *it) {
  switch (it->now->dataflow) {
  case CDS_INPUT_STATIONARY:
    stationary(it, CDS_INPUT);
    break;
  case CDS_OUTPUT_STATIONARY:
    stationary(it, CDS_OUTPUT);
    break;
  case CDS_WEIGHT_STATIONARY:
    stationary(it, CDS_WEIGHT);
    break;
  case CDS_ROW_STATIONARY:
    row_stationary(it);
    break;
  }
}
