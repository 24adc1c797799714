/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * First the layouts with the least bounds of those with most units. Then along
 * lines: all spreads of one array, or all chains, with the rest of the best
 * layout so far, until no line has a better one. In a line, too, layouts are
 * opened by rising bounds. What is found is a mapping like any other; only how
 * soon depends on where is looked.
 */
#include "search/probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  LISTED = 1 << 14,       /* layouts listed before the first look */
  OPENED = 1 << 8,        /* layouts that it opens */
  NODES = 1 << 13,        /* nodes of all of them */
  EFFORT = 1 << 19,       /* of all of them, once a mapping is known */
  LAYOUT_NODES = 1 << 10, /* nodes of one of them */
  LINE_OPENED = 1 << 5,   /* layouts that a line opens */
  ROUNDS = 4
};

/* Opens a layout, but not for long. */
static cds_status try_layout(cds_general_search *search,
                             cds_layout_entry *entry) {
  cds_descent *job = &search->descent;
  job->most_nodes = job->nodes + LAYOUT_NODES;
  job->stopped = false;
  return cds_layout_entry_open(search, entry);
}

static cds_status look_first(cds_general_search *search) {
  cds_descent *job = &search->descent;
  const uint64_t nodes = job->nodes;
  const uint64_t effort = job->effort;
  while (search->entries < LISTED && search->listed_units > 0) {
    const cds_status status = cds_layouts_list(search);
    if (status != CDS_OK) {
      return status == CDS_ELIMIT ? CDS_OK : status;
    }
  }
  const size_t count = cds_layouts_rank(search, 0);
  for (size_t i = 0; i < count && i < OPENED; i++) {
    const cds_ranked_layout *next = &search->ranked[i];
    if (cds_descent_enough(job) || job->nodes - nodes >= NODES ||
        (job->best.found && job->effort - effort >= EFFORT) ||
        cds_descent_beyond(job, next->bound)) {
      break;
    }
    CDS_TRY(try_layout(search, &search->entry[next->entry]));
  }
  return CDS_OK;
}

/* ---- lines ------------------------------------------------------------- */

typedef struct cds_line_layout {
  double bound;
  cds_layout_entry entry;
} cds_line_layout;

static int by_bound(const void *left, const void *right) {
  const cds_line_layout *a = left;
  const cds_line_layout *b = right;
  if (a->bound != b->bound) {
    return a->bound < b->bound ? -1 : 1;
  }
  const int spreads =
      memcmp(a->entry.spread, b->entry.spread, sizeof a->entry.spread);
  return spreads != 0                      ? spreads
         : a->entry.chain < b->entry.chain ? -1
                                           : a->entry.chain > b->entry.chain;
}

/* Whether the spreads pass no dimension together. */
static bool go_together(const cds_general *general,
                        const cds_layout_entry *entry) {
  for (unsigned d = 0; d < general->dims; d++) {
    uint16_t all = 0; /* the divisor 1 */
    for (unsigned k = 0; k < general->arch->arrays && all != CDS_NONE; k++) {
      all = cds_product(&general->dim[d], all,
                        general->spreads[k].spread[entry->spread[k]].at.at[d]);
    }
    if (all == CDS_NONE) {
      return false;
    }
  }
  return true;
}

/* Of the line of array k, or of chains (k = arrays). */
static size_t line_length(const cds_general_search *search, unsigned k) {
  return k < search->arch.arrays ? search->general.spreads[k].count
                                 : search->chains;
}

static size_t list_line(cds_line_layout *line, cds_general_search *search,
                        unsigned k) {
  const cds_layout_entry from = search->at;
  const size_t length = line_length(search, k);
  size_t count = 0;
  for (size_t i = 0; i < length; i++) {
    cds_line_layout *next = &line[count];
    next->entry = from;
    if (k < search->arch.arrays) {
      next->entry.spread[k] = (uint32_t)i;
    } else {
      next->entry.chain = (uint32_t)i;
    }
    if (!go_together(&search->general, &next->entry)) {
      continue;
    }
    cds_layout_entry_begin(&next->entry, search);
    next->bound = cds_layout_entry_bound(search, &next->entry);
    count += cds_descent_beyond(&search->descent, next->bound) ? 0 : 1;
  }
  qsort(line, count, sizeof *line, by_bound);
  return count;
}

static cds_status look_along(cds_general_search *search, cds_line_layout *line,
                             unsigned k) {
  cds_descent *job = &search->descent;
  const size_t count = list_line(line, search, k);
  for (size_t i = 0; i < count && i < LINE_OPENED; i++) {
    if (cds_descent_enough(job) || cds_descent_beyond(job, line[i].bound)) {
      break;
    }
    CDS_TRY(try_layout(search, &line[i].entry));
  }
  return CDS_OK;
}

static cds_status look_around(cds_general_search *search) {
  const cds_descent *job = &search->descent;
  const unsigned arrays = search->arch.arrays;
  size_t most = 0;
  for (unsigned k = 0; k <= arrays; k++) {
    const size_t length = line_length(search, k);
    most = length > most ? length : most;
  }
  cds_line_layout *line = cds_malloc(most * sizeof *line);
  if (line == NULL) {
    return CDS_ENOMEM;
  }
  cds_status status = CDS_OK;
  unsigned idle = 0; /* lines without anything better */
  for (unsigned i = 0; i < ROUNDS * (arrays + 1) && idle <= arrays; i++) {
    const double before = job->beyond;
    status = look_along(search, line, i % (arrays + 1));
    if (status != CDS_OK || cds_descent_enough(job)) {
      break;
    }
    idle = job->beyond < before ? 0 : idle + 1;
  }
  cds_free(line);
  return status;
}

cds_status cds_probe(cds_general_search *search) {
  cds_descent *job = &search->descent;
  job->beyond = (double)INFINITY;
  cds_look_begin(search);
  CDS_TRY(look_first(search));
  if (job->best.found) {
    CDS_TRY(look_around(search));
  }
  cds_look_end(search);
  search->probed = job->best;
  job->known = job->best.found;
  job->best.found = false;
  job->most_nodes = CDS_OPENED_MAX;
  job->stopped = false;
  job->beyond = (double)INFINITY;
  return CDS_OK;
}
