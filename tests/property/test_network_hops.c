/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cds_network_hops against words that walk over explicit links: random kinds,
 * sizes, spreads, switches and ways. No pattern may differ.
 *
 * Usage: test_network_hops [quick] [seed N] [cases N] [case N]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count/hops.h"
#include "oracle/arguments.h"
#include "support/links.h"
#include "support/random_case.h"

enum { PATTERNS = 40000, PATTERNS_QUICK = 6000, EXTENT_MAX = 12 };
enum { KINDS = 5, DIGITS_MAX = 4 };

typedef struct pattern {
  cds_array array;
  cds_spread_digits axis[2];
  cds_way way;
} pattern;

/* Random digits whose product fits the extent. */
static cds_spread_digits random_spreads(random_stream *stream,
                                        uint64_t extent) {
  cds_spread_digits spreads = {0};
  const unsigned count = random_below(stream, DIGITS_MAX + 1);
  for (unsigned d = 0; d < count; d++) {
    const uint64_t trips = random_chance(stream, 50)
                               ? 2
                               : 1 + random_below(stream, (unsigned)extent);
    if (trips <= extent) {
      extent /= trips;
      spreads.has[spreads.count] = random_chance(stream, 50);
      spreads.trips[spreads.count++] = trips;
    }
  }
  return spreads;
}

static pattern random_pattern(random_stream *stream) {
  static const char *const rows_cols[2] = {"rows", "cols"};
  pattern p;
  memset(&p, 0, sizeof p);
  p.array.network = (cds_network_kind)random_below(stream, KINDS);
  p.array.axes = 1 + random_chance(stream, 80);
  const unsigned only = p.array.axes == 1 ? random_below(stream, 2) : 0;
  for (unsigned x = 0; x < p.array.axes; x++) {
    p.array.axis_name[x] = rows_cols[only + x];
    p.array.extent[x] = 1 + random_below(stream, EXTENT_MAX);
    p.axis[x] = random_spreads(stream, p.array.extent[x]);
  }
  p.array.ports = (cds_ports)random_below(stream, 3);
  if (p.array.network == CDS_NETWORK_SYSTOLIC &&
      p.array.ports == CDS_PORTS_CORNER) {
    p.array.ports = CDS_PORTS_COLS;
  }
  p.array.radix = 2 + random_below(stream, 3);
  p.array.multicast = random_chance(stream, 75);
  p.array.reduction = random_chance(stream, 75);
  p.way = (cds_way)random_below(stream, 3);
  return p;
}

static uint64_t used(const cds_spread_digits *axis) {
  uint64_t product = 1;
  for (unsigned d = 0; d < axis->count; d++) {
    product *= axis->trips[d];
  }
  return product;
}

/* The relevant digits of a position, as one number, and whether the lacking
 * ones are all 0. */
static uint64_t group_of(const cds_spread_digits *axis, uint64_t position,
                         bool *first) {
  uint64_t group = 0, scale = 1;
  for (unsigned d = axis->count; d-- > 0;) {
    const uint64_t digit = position % axis->trips[d];
    position /= axis->trips[d];
    if (axis->has[d]) {
      group += digit * scale;
      scale *= axis->trips[d];
    } else {
      *first = *first && digit == 0;
    }
  }
  return group;
}

static bool lacks(const cds_spread_digits *axis) {
  bool any = false;
  for (unsigned d = 0; d < axis->count; d++) {
    any = any || (!axis->has[d] && axis->trips[d] > 1);
  }
  return any;
}

/* Sends one word for each group of elements; returns the number of groups. */
static unsigned send_all(links_net *net, const pattern *p) {
  static links_place place[LINKS_ELEMENTS_MAX][LINKS_ELEMENTS_MAX];
  static size_t count[LINKS_ELEMENTS_MAX];
  static const cds_spread_digits none = {0};
  const bool flat = p->array.axes == 1;
  const bool cols_only = flat && strcmp(p->array.axis_name[0], "cols") == 0;
  const cds_spread_digits *rows = cols_only ? &none : &p->axis[0];
  const cds_spread_digits *cols = cols_only ? &p->axis[0]
                                  : flat    ? &none
                                            : &p->axis[1];
  memset(count, 0, sizeof count);
  const uint64_t across = used(cols);
  for (uint64_t row = 0; row < used(rows); row++) {
    for (uint64_t col = 0; col < across; col++) {
      bool first = true;
      const uint64_t r = group_of(rows, row, &first);
      const uint64_t group = r * across + group_of(cols, col, &first);
      if (first || p->way != CDS_WAY_BACK) {
        place[group][count[group]++] =
            (links_place){(unsigned)row, (unsigned)col};
      }
    }
  }
  const bool together = p->way == CDS_WAY_BACK ? true
                        : p->way == CDS_WAY_UP ? p->array.reduction
                                               : p->array.multicast;
  const links_word word = {.lacks_rows = p->way != CDS_WAY_BACK && lacks(rows),
                           .lacks_cols = p->way != CDS_WAY_BACK && lacks(cols)};
  unsigned groups = 0;
  for (unsigned group = 0; group < LINKS_ELEMENTS_MAX; group++) {
    if (count[group] > 0) {
      links_send(net, place[group], count[group], p->way == CDS_WAY_UP,
                 together, word);
      groups++;
    }
  }
  return groups;
}

static bool check(const pattern *p, uint64_t number) {
  static links_net net;
  links_open(&net, &p->array);
  const unsigned groups = send_all(&net, p);
  const bool up = p->way == CDS_WAY_UP;
  const links_way way = up ? LINKS_UP : LINKS_DOWN;
  cds_hops hops;
  cds_network_hops(&hops, &p->array, p->axis, p->way);
  const uint64_t words = up ? net.words_up : net.words_down;
  const uint64_t elements = used(&p->axis[0]) * used(&p->axis[1]);
  const uint64_t adds = up && p->array.reduction ? elements - groups : 0;
  if (hops.words == words && hops.links == links_total(&net, way) &&
      hops.peak[0] == links_busiest(&net, way, 0) &&
      hops.peak[1] == links_busiest(&net, way, 1) && net.adds == adds) {
    return true;
  }
  printf("pattern %" PRIu64 ": kind %d way %d ports %d, %" PRIu64 "x%" PRIu64
         " %s: words %" PRIu64 " %" PRIu64 ", links %" PRIu64 " %" PRIu64
         ", peak %" PRIu64 " %" PRIu64 " and %" PRIu64 " %" PRIu64
         ", adds %" PRIu64 " %" PRIu64 "\n",
         number, (int)p->array.network, (int)p->way, (int)p->array.ports,
         p->array.extent[0], p->array.extent[1], p->array.axis_name[0],
         hops.words, words, hops.links, links_total(&net, way), hops.peak[0],
         links_busiest(&net, way, 0), hops.peak[1], links_busiest(&net, way, 1),
         adds, net.adds);
  for (unsigned x = 0; x < p->array.axes; x++) {
    for (unsigned d = 0; d < p->axis[x].count; d++) {
      printf("  axis %u: %" PRIu64 "%s\n", x, p->axis[x].trips[d],
             p->axis[x].has[d] ? " has" : "");
    }
  }
  return false;
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 1, .cases = PATTERNS, .quick = PATTERNS_QUICK, .reports = 5};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  uint64_t wrong = 0, seen[KINDS] = {0};
  for (uint64_t i = 0; i < given.cases && wrong < given.reports; i++) {
    random_stream stream = random_start(given.seed, given.first + i);
    const pattern p = random_pattern(&stream);
    wrong += !check(&p, given.first + i);
    seen[p.array.network]++;
  }
  for (unsigned kind = 0; kind < KINDS; kind++) {
    printf("  kind %u: %" PRIu64 " patterns\n", kind, seen[kind]);
    wrong += given.cases >= PATTERNS_QUICK && seen[kind] < 1000;
  }
  printf("%" PRIu64 " patterns of seed %" PRIu64 ", %" PRIu64 " wrong\n",
         given.cases, given.seed, wrong);
  return wrong == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
