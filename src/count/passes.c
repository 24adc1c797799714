/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "count/passes.h"

#include "count/pieces.h"

/* The loops before this node decide about the tiles right below array k; false
 * if nothing is held there. */
static bool innermost_place(unsigned *out, const cds_arch *arch,
                            const cds_einsum *einsum,
                            const cds_mapping *mapping, unsigned k) {
  bool held = false;
  *out = 0;
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind != CDS_HOLD || arch->level[node->level].depth != k + 1) {
      continue;
    }
    const cds_holder holder = {.einsum = einsum,
                               .mapping = mapping,
                               .tensor = node->tensor,
                               .position = n,
                               .depth = k + 1};
    const unsigned place = cds_hoisted_place(&holder);
    *out = place > *out ? place : *out;
    held = true;
  }
  return held;
}

cds_status cds_count_passes(cds_counts *out, const cds_arch *arch,
                            const cds_einsum *einsum,
                            const cds_mapping *mapping, cds_arena *scratch) {
  for (unsigned k = 0; k < arch->arrays; k++) {
    unsigned place = 0;
    out->passes[k] = 0;
    if (innermost_place(&place, arch, einsum, mapping, k)) {
      CDS_TRY(
          cds_piece_passes(&out->passes[k], einsum, mapping, place, scratch));
    }
  }
  return CDS_OK;
}
