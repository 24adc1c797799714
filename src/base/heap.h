/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A binary heap over an array of the caller's: entries of equal size, the first
 * of an order in front. Time of each call: the logarithm of the count. */
#ifndef CDS_BASE_HEAP_H
#define CDS_BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a comes before b, strictly. */
typedef bool cds_heap_before(const void *a, const void *b);

/* Adds an entry of `size` bytes to `count` others; there must be room. */
void cds_heap_insert(void *heap, size_t count, size_t size, const void *entry,
                     cds_heap_before *before);
/* Moves the first of `count` > 0 entries to `out`. */
void cds_heap_take(void *out, void *heap, size_t count, size_t size,
                   cds_heap_before *before);

#endif
