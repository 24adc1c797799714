/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the pieces of a mapping are all alike. */
#include "base/checked.h"
#include "spec/mapping.h"

uint64_t cds_node_length(const cds_node *node, uint64_t before) {
  return node->length > 0 ? node->length
                          : cds_ceil_div_u64(before, node->trips);
}

bool cds_mapping_perfect(const cds_mapping *mapping, const cds_einsum *einsum) {
  uint64_t product[CDS_RANKS_MAX];
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    product[rank] = 1;
  }
  for (unsigned at = 0; at < mapping->nodes; at++) {
    const cds_node *node = &mapping->node[at];
    if (node->kind != CDS_HOLD) {
      if (!cds_mul_u64(&product[node->rank], product[node->rank],
                       node->trips)) {
        return false;
      }
    }
  }
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    if (product[rank] != einsum->rank[rank].size) {
      return false;
    }
  }
  return true;
}

/* Whether the rank and another long one share an axis of the tensor. */
static bool in_window(const cds_einsum *einsum, unsigned tensor,
                      unsigned rank) {
  const cds_tensor *which = &einsum->tensor[tensor];
  for (unsigned axis = 0; axis < which->axes; axis++) {
    cds_term term[CDS_TERMS_MAX];
    const unsigned terms =
        cds_axis_long_terms(term, einsum, &which->axis[axis]);
    for (unsigned t = 0; terms > 1 && t < terms; t++) {
      if (term[t].rank == rank) {
        return true;
      }
    }
  }
  return false;
}

bool cds_tensor_has_windows(const cds_einsum *einsum, unsigned tensor) {
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    if (in_window(einsum, tensor, rank)) {
      return true;
    }
  }
  return false;
}

bool cds_mapping_even(const cds_mapping *mapping, const cds_einsum *einsum,
                      unsigned tensor) {
  for (unsigned at = 0; at < mapping->nodes; at++) {
    const cds_node *node = &mapping->node[at];
    if (node->kind == CDS_SPREAD && node->split == CDS_SPLIT_CYCLIC &&
        node->trips > 1 && in_window(einsum, tensor, node->rank)) {
      return false;
    }
  }
  return cds_mapping_perfect(mapping, einsum);
}
