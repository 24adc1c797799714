/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/fused_outer.h"

#include "base/checked.h"

/* ---- classes --------------------------------------------------------- */

static cds_outer_class class_of(const cds_fused_group *group, unsigned rank) {
  cds_outer_class out = {.ranks = 1, .rank = {rank}};
  out.size = group->rank[rank].size;
  for (unsigned t = 0; t < group->tensors; t++) {
    out.tensors |= cds_fused_tensor_has(group, t, rank) ? 1U << t : 0;
  }
  for (unsigned s = 0; s < group->stages; s++) {
    out.stages |= cds_fused_stage_has(group, s, rank) ? 1U << s : 0;
    out.rows |= group->stage[s].operation != NULL &&
                        cds_fused_row_has(&group->stage[s], rank)
                    ? 1U << s
                    : 0;
  }
  return out;
}

unsigned cds_outer_classes(cds_outer_class out[CDS_OUTER_CLASSES],
                           const cds_fused_group *group) {
  unsigned classes = 0;
  for (unsigned r = 0; r < group->ranks; r++) {
    const cds_outer_class made = class_of(group, r);
    if (made.size == 1 || cds_fused_loop_wrong(group, r) != NULL) {
      continue;
    }
    unsigned c = 0;
    while (c < classes &&
           (cds_fused_of_mask(group, r) ||
            cds_fused_of_mask(group, out[c].rank[0]) ||
            out[c].tensors != made.tensors || out[c].stages != made.stages ||
            out[c].rows != made.rows)) {
      c++;
    }
    if (c == CDS_OUTER_CLASSES) {
      return c + 1;
    }
    if (c == classes) {
      out[classes++] = made;
    } else {
      out[c].rank[out[c].ranks++] = r;
      out[c].size *= made.size;
    }
  }
  return classes;
}

/* ---- nodes ----------------------------------------------------------- */

/* The trips of a class as loops on its ranks. */
static void put_loops(cds_outer *out, const cds_outer_choice *it, unsigned c) {
  uint64_t left = it->trips[c];
  for (unsigned i = 0; i < it->class[c].ranks; i++) {
    const unsigned rank = it->class[c].rank[i];
    const uint64_t trips = cds_common_divisor(left, it->group->rank[rank].size);
    left /= trips;
    if (trips > 1) {
      out->node[out->nodes++] =
          (cds_outer_node){.kind = CDS_OUTER_FOR, .rank = rank, .trips = trips};
    }
  }
}

/* Homes after so many loops of these tensors (bits); others are nowhere, but
 * for intermediates. */
static void put_homes(cds_outer *out, const cds_outer_choice *it,
                      unsigned loops, uint32_t tensors) {
  for (unsigned t = 0; t < it->group->tensors; t++) {
    const bool made = it->group->tensor[t].intermediate;
    const bool asked = (tensors >> t & 1U) != 0;
    if (made ? loops == it->loops : asked && it->place[t][it->at[t]] == loops) {
      out->node[out->nodes++] = (cds_outer_node){
          .kind = CDS_OUTER_HOLD, .tensor = t, .level = it->level};
    }
  }
}

void cds_outer_put(cds_outer *out, const cds_outer_choice *it,
                   uint32_t tensors) {
  out->pipelined = it->pipelined;
  out->nodes = 0;
  for (unsigned n = 0; n <= it->loops; n++) {
    put_homes(out, it, n, tensors);
    if (n < it->loops) {
      put_loops(out, it, it->order[n]);
    }
  }
}

/* ---- places ---------------------------------------------------------- */

bool cds_outer_may_stay(const cds_fused_group *group, unsigned tensor) {
  return !group->tensor[tensor].intermediate &&
         cds_fused_may_hold(group, tensor);
}

static void list_places(cds_outer_choice *it, unsigned tensor) {
  unsigned *list = it->place[tensor];
  unsigned count = 0;
  list[count++] = CDS_NOWHERE;
  for (unsigned n = 0; n <= it->loops; n++) {
    const uint32_t above = n == 0 ? ~0U : it->class[it->order[n - 1]].tensors;
    if (cds_outer_may_stay(it->group, tensor) && (above >> tensor & 1U) != 0) {
      list[count++] = n;
    }
  }
  it->places[tensor] = count;
}

void cds_outer_list_places(cds_outer_choice *it) {
  for (unsigned t = 0; t < it->group->tensors; t++) {
    list_places(it, t);
  }
}
