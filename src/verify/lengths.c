/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/lengths.h"

#include "base/checked.h"

typedef struct cds_length_list {
  unsigned count;
  bool full;
  uint64_t length[CDS_LENGTHS_MAX], pieces[CDS_LENGTHS_MAX];
} cds_length_list;

/* Adds pieces; there are never more than points of the rank. */
static void add(cds_length_list *list, uint64_t length, uint64_t pieces) {
  unsigned at = 0;
  if (length == 0 || pieces == 0) {
    return;
  }
  while (at < list->count && list->length[at] != length) {
    at++;
  }
  if (at == CDS_LENGTHS_MAX) {
    list->full = true;
    return;
  }
  if (at == list->count) {
    list->length[list->count] = length;
    list->pieces[list->count++] = 0;
  }
  list->pieces[at] += pieces;
}

/* Length of the piece at an index; 0: nothing is left for it. */
static uint64_t length_at(const cds_slicing *node, uint64_t length,
                          uint64_t index) {
  if (node->evenly) {
    return length / node->trips + (index < length % node->trips ? 1 : 0);
  }
  const uint64_t before = index * node->part;
  const uint64_t left = length > before ? length - before : 0;
  return left < node->part ? left : node->part;
}

static void add_all(cds_length_list *list, const cds_slicing *node,
                    uint64_t length, uint64_t pieces) {
  if (node->evenly) {
    const uint64_t longer = length % node->trips;
    add(list, length / node->trips + 1, pieces * longer);
    add(list, length / node->trips, pieces * (node->trips - longer));
  } else {
    add(list, node->part, pieces * (length / node->part));
    add(list, length % node->part, pieces);
  }
}

bool cds_lengths_of(cds_lengths *out, uint64_t size, const cds_slicing *node,
                    unsigned nodes) {
  cds_length_list list[2];
  cds_length_list *from = &list[0];
  cds_length_list *to = &list[1];
  uint64_t run = size; /* of the first instance, in the pass that is followed */
  from->count = 0;
  from->full = false;
  add(from, size, 1);
  for (unsigned n = 0; n < nodes && !from->full; n++) {
    const uint64_t index = node[n].follow == CDS_FOLLOW_LAST
                               ? cds_ceil_div_u64(run, node[n].part) - 1
                               : 0;
    run = length_at(&node[n], run, index);
    to->count = 0;
    to->full = false;
    for (unsigned i = 0; i < from->count; i++) {
      if (node[n].follow == CDS_FOLLOW_ALL) {
        add_all(to, &node[n], from->length[i], from->pieces[i]);
      } else {
        add(to, length_at(&node[n], from->length[i], index), from->pieces[i]);
      }
    }
    cds_length_list *swap = from;
    from = to;
    to = swap;
  }
  *out = (cds_lengths){0, 0};
  for (unsigned i = 0; i < from->count; i++) {
    out->pieces += (double)from->pieces[i];
    out->total += (double)from->length[i] * (double)from->pieces[i];
  }
  return !from->full;
}
