/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Duplicate keys of a mapping. Keys are sorted by text and position with a
 * bottom-up merge sort: its time does not depend on the input, as that of a
 * hash table would.
 */
#include <stdint.h>
#include <string.h>

#include "yaml/internal.h"

/* Text of a key; a key that is no scalar was reported already. */
static const char *text_of(const cds_yaml *key) {
  return key->text != NULL ? key->text : "";
}

/* Order of two keys: by text; equal texts stay in file order. */
static bool goes_first(const cds_yaml *a, const cds_yaml *b) {
  return strcmp(text_of(a), text_of(b)) <= 0;
}

/* Merges from[start, middle) and from[middle, end) into `to`. */
static void merge(size_t *to, const size_t *from, const cds_yaml **keys,
                  const size_t bounds[3]) {
  size_t left = bounds[0];
  size_t right = bounds[1];
  for (size_t i = bounds[0]; i < bounds[2]; i++) {
    const bool take_left =
        left < bounds[1] &&
        (right >= bounds[2] || goes_first(keys[from[left]], keys[from[right]]));
    to[i] = take_left ? from[left++] : from[right++];
  }
}

/* Sorts the indexes 0..count-1; returns the buffer that holds the result. */
static size_t *sort_keys(size_t *a, size_t *b, const cds_yaml **keys,
                         size_t count) {
  for (size_t i = 0; i < count; i++) {
    a[i] = i;
  }
  for (size_t width = 1; width < count; width *= 2) {
    for (size_t start = 0; start < count; start += 2 * width) {
      const size_t middle = start + width < count ? start + width : count;
      const size_t end = start + 2 * width < count ? start + 2 * width : count;
      merge(b, a, keys, (const size_t[3]){start, middle, end});
    }
    size_t *const swapped = a;
    a = b;
    b = swapped;
  }
  return a;
}

cds_status cds_yaml_duplicates(const cds_yaml *mapping, cds_diag *diag) {
  const size_t count = mapping->count;
  const cds_yaml **const keys = mapping->keys;
  if (count < 2) {
    return CDS_OK;
  }
  size_t *const space = cds_malloc(2 * count * sizeof *space);
  if (space == NULL) {
    return CDS_ENOMEM;
  }
  const size_t *const sorted = sort_keys(space, space + count, keys, count);
  size_t *const first = sorted == space ? space + count : space;
  for (size_t i = 0, start = 0; i < count; i++) {
    if (strcmp(text_of(keys[sorted[i]]), text_of(keys[sorted[start]])) != 0) {
      start = i;
    }
    first[sorted[i]] = sorted[start];
  }
  for (size_t i = 0; i < count; i++) {
    if (first[i] != i && keys[i]->text != NULL) {
      cds_diag_error(diag, keys[i]->place, "duplicate key '%.60s'",
                     keys[i]->text);
      cds_diag_note(diag, keys[first[i]]->place, "first given here");
    }
  }
  cds_free(space);
  return CDS_OK;
}
