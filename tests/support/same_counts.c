/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/same_counts.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Fields of numbers, so that a mismatch names the field and its index. */
typedef struct field {
  const char *name;
  size_t offset;
  unsigned count;
} field;
#define FIELD(name, count)                                                     \
  { #name, offsetof(cds_traffic, name), count }
static const field fields[] = {
    FIELD(tile_words, 1),
    FIELD(words, CDS_ACTIONS),
    FIELD(peak, CDS_ACTIONS),
    FIELD(partial, CDS_ACTIONS),
    FIELD(partial_peak, CDS_ACTIONS),
    FIELD(down, CDS_ARRAYS_MAX),
    FIELD(down_peak, CDS_ARRAYS_MAX),
    FIELD(up, CDS_ARRAYS_MAX),
    FIELD(up_peak, CDS_ARRAYS_MAX),
    FIELD(up_partial, CDS_ARRAYS_MAX),
    FIELD(up_partial_peak, CDS_ARRAYS_MAX),
    FIELD(adds, CDS_ARRAYS_MAX),
    FIELD(first_parent, 1),
    FIELD(first_own, 1),
    FIELD(first_net, CDS_ARRAYS_MAX),
    FIELD(last_parent, 1),
    FIELD(last_own, 1),
    FIELD(last_net, CDS_ARRAYS_MAX),
    FIELD(hops_down, CDS_ARRAYS_MAX),
    FIELD(hops_up, CDS_ARRAYS_MAX),
    FIELD(hops_up_partial, CDS_ARRAYS_MAX),
    FIELD(link_down, CDS_ARRAYS_MAX * 2),
    FIELD(link_up, CDS_ARRAYS_MAX * 2),
    FIELD(link_up_partial, CDS_ARRAYS_MAX * 2),
    FIELD(first_link, CDS_ARRAYS_MAX * 2),
    FIELD(last_link, CDS_ARRAYS_MAX * 2),
};

static bool same_flags(const cds_traffic *a, const cds_traffic *b,
                       difference *where) {
  const char *name = a->held != b->held                   ? "held"
                     : a->parent != b->parent             ? "parent"
                     : a->replaced != b->replaced         ? "replaced"
                     : a->partial_tile != b->partial_tile ? "partial_tile"
                                                          : NULL;
  if (name != NULL) {
    snprintf(where->text, sizeof where->text,
             "%s: held %d %d, parent %u %u, replaced %d %d, partial %d %d",
             name, a->held, b->held, a->parent, b->parent, a->replaced,
             b->replaced, a->partial_tile, b->partial_tile);
  }
  return name == NULL;
}

static bool same_traffic(const cds_traffic *a, const cds_traffic *b,
                         difference *where) {
  for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
    for (unsigned i = 0; i < fields[f].count; i++) {
      uint64_t x, y;
      const size_t at = fields[f].offset + i * sizeof x;
      memcpy(&x, (const char *)a + at, sizeof x);
      memcpy(&y, (const char *)b + at, sizeof y);
      if (x != y) {
        snprintf(where->text, sizeof where->text,
                 "%s[%u]: closed form %" PRIu64 ", literal %" PRIu64,
                 fields[f].name, i, x, y);
        return false;
      }
    }
  }
  return same_flags(a, b, where);
}

static bool same_whole(const cds_counts *a, const cds_counts *b,
                       difference *where) {
  if (a->macs != b->macs || a->units != b->units || a->steps != b->steps ||
      memcmp(a->used, b->used, sizeof a->used) != 0 ||
      memcmp(a->along, b->along, sizeof a->along) != 0 ||
      memcmp(a->passes, b->passes, sizeof a->passes) != 0) {
    snprintf(where->text, sizeof where->text,
             "macs, units, steps, used, along or passes");
    return false;
  }
  return true;
}

bool same_counts(const cds_counts *a, const cds_counts *b, difference *where) {
  if (!same_whole(a, b, where)) {
    return false;
  }
  for (unsigned level = 0; level <= CDS_LEVELS_MAX; level++) {
    for (unsigned tensor = 0; tensor < CDS_TENSORS_MAX; tensor++) {
      difference inner;
      if (!same_traffic(&a->at[level][tensor], &b->at[level][tensor], &inner)) {
        snprintf(where->text, sizeof where->text, "level %u tensor %u %.80s",
                 level, tensor, inner.text);
        return false;
      }
    }
  }
  return true;
}
