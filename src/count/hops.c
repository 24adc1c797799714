/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hops in closed form. Without halo, the elements that share their words are
 * products of one set on each axis: relevant digits y fixed, lacking digits
 * free. With n groups on an axis, strides s and trips f of its digits,
 *
 *   largest position of a group   y + L,   L = sum over lacking (f - 1) s
 *   sum over groups of y          n sum over relevant (f - 1) s / 2
 *
 * so that the links of a mesh tree with trunk t and branches b,
 *   1 + (max of t, or its span L) + |set of t| x (max of b),
 * sum to products of sums over each axis.
 */
#include "count/hops.h"

#include <string.h>

/* What is made of the digits of an axis. */
typedef enum cds_lacking {
  CDS_LACKING_FREE,  /* all elements of the group */
  CDS_LACKING_FIRST, /* only the first one */
  CDS_LACKING_ALONE  /* each element is a group of its own */
} cds_lacking;

/* One axis; sums run over its groups. */
typedef struct cds_line {
  uint64_t groups;
  uint64_t elements; /* sum of the sizes of the sets */
  uint64_t last;     /* sum of the largest positions */
  uint64_t span;     /* largest less smallest position, the same in each */
  uint64_t past;     /* groups that reach beyond position 0 */
  /* Spans that cover the busiest place between neighbours: `span` consecutive
   * places for the smallest position hold at most the groups of the digits
   * inside the outermost lacking one. */
  uint64_t over;
} cds_line;

static cds_line line_of(const cds_spread_digits *axis, cds_lacking lacking) {
  cds_line line = {.groups = 1, .elements = 1};
  uint64_t stride = 1;
  for (unsigned d = axis->count; d-- > 0;) {
    const uint64_t trips = axis->trips[d];
    if (axis->has[d] || lacking == CDS_LACKING_ALONE) {
      line.last =
          line.last * trips + line.groups * (trips * (trips - 1) / 2) * stride;
      line.groups *= trips;
      line.elements *= trips;
    } else if (lacking == CDS_LACKING_FREE && trips > 1) {
      line.over = line.groups;
      line.last += line.groups * (trips - 1) * stride;
      line.span += (trips - 1) * stride;
      line.elements *= trips;
    }
    stride *= trips;
  }
  line.past = line.span > 0 ? line.groups : line.groups - 1;
  return line;
}

static bool lacks(const cds_spread_digits *axis) {
  for (unsigned d = 0; d < axis->count; d++) {
    if (!axis->has[d] && axis->trips[d] > 1) {
      return true;
    }
  }
  return false;
}

unsigned cds_array_direction(const cds_array *array, unsigned axis) {
  return array->axes == 1 && strcmp(array->axis_name[0], "cols") == 0 ? 1
                                                                      : axis;
}

/* Index of the rows (0) or cols (1) in the array's axes; `axes` if none. */
static unsigned axis_of(const cds_array *array, unsigned direction) {
  return array->axes == 2                             ? direction
         : cds_array_direction(array, 0) == direction ? 0
                                                      : 1;
}

static cds_lacking lacking_rule(const cds_array *array, cds_way way) {
  const bool together = way == CDS_WAY_UP ? array->reduction : array->multicast;
  return way == CDS_WAY_BACK ? CDS_LACKING_FIRST
         : together          ? CDS_LACKING_FREE
                             : CDS_LACKING_ALONE;
}

/* ---- mesh and systolic ----------------------------------------------- */

/* Trunk and branch are directions: 0 rows, 1 cols. */
static void mesh_hops(cds_hops *out, const cds_line line[2], unsigned trunk,
                      bool corner) {
  const cds_line *t = &line[trunk];
  const cds_line *b = &line[1 - trunk];
  const uint64_t along = corner ? t->last : t->groups * t->span;
  out->words = t->groups * b->groups;
  out->links = out->words + b->groups * along + t->elements * b->last;
  out->peak[trunk] = corner ? out->words : b->groups * t->over;
  out->peak[1 - trunk] = corner ? b->past : b->groups;
}

unsigned cds_network_trunk(const cds_array *array,
                           const cds_spread_digits axis[2], cds_way way) {
  if (array->network == CDS_NETWORK_SYSTOLIC &&
      lacking_rule(array, way) == CDS_LACKING_FREE) {
    bool lacking[2] = {false, false};
    for (unsigned x = 0; x < array->axes; x++) {
      lacking[cds_array_direction(array, x)] = lacks(&axis[x]);
    }
    if (lacking[0] != lacking[1]) {
      return lacking[1] ? 0 : 1;
    }
  }
  return array->ports == CDS_PORTS_ROWS ? 0 : 1;
}

/* ---- tree ------------------------------------------------------------ */

/* Position of group or member number `index`, from the digits of one sort. */
static uint64_t position_of(const cds_spread_digits *axis, bool relevant,
                            uint64_t index) {
  uint64_t position = 0;
  uint64_t stride = 1;
  for (unsigned d = axis->count; d-- > 0;) {
    if (axis->has[d] == relevant) {
      position += index % axis->trips[d] * stride;
      index /= axis->trips[d];
    }
    stride *= axis->trips[d];
  }
  return position;
}

/* Nodes over `block` positions each that a group reaches, summed over the
 * groups, one member after the other in ascending order. */
static uint64_t nodes_by_walk(const cds_spread_digits *axis,
                              const cds_line *line, uint64_t block) {
  const uint64_t members = line->elements / line->groups;
  uint64_t nodes = 0;
  for (uint64_t group = 0; group < line->groups; group++) {
    const uint64_t first = position_of(axis, true, group);
    uint64_t before = UINT64_MAX;
    for (uint64_t member = 0; member < members; member++) {
      const uint64_t node = (first + position_of(axis, false, member)) / block;
      nodes += node != before;
      before = node;
    }
  }
  return nodes;
}

/* The same: closed where the blocks begin and end with the digits, so that
 * every node holds the same groups. */
static uint64_t nodes_of(const cds_spread_digits *axis, const cds_line *line,
                         uint64_t block) {
  if (line->elements == line->groups) {
    return line->groups;
  }
  if (line->groups == 1) {
    return (line->elements + block - 1) / block;
  }
  uint64_t stride = 1;
  uint64_t inside = 1; /* groups that one block holds */
  for (unsigned d = axis->count; d-- > 0;) {
    const uint64_t trips = axis->trips[d];
    if (block < stride * trips) {
      const uint64_t part = block / stride;
      if (block % stride != 0 || trips % part != 0) {
        return nodes_by_walk(axis, line, block);
      }
      inside *= axis->has[d] ? part : 1;
      uint64_t blocks = trips / part;
      while (d-- > 0) {
        blocks *= axis->trips[d];
      }
      return blocks * inside;
    }
    inside *= axis->has[d] ? trips : 1;
    stride *= trips;
  }
  return line->groups; /* one node over all positions */
}

/* Links of the tree over an axis, one above each node that a group reaches
 * below the root, summed over the groups. */
static uint64_t tree_links(const cds_spread_digits *axis, const cds_line *line,
                           uint64_t extent, uint64_t radix) {
  uint64_t links = 0;
  for (uint64_t block = 1; block < extent; block *= radix) {
    links += nodes_of(axis, line, block);
  }
  return links;
}

static void tree_hops(cds_hops *out, const cds_array *array,
                      const cds_spread_digits *const axis[2],
                      const cds_line line[2]) {
  uint64_t links[2] = {0, 0};
  for (unsigned direction = 0; direction < 2; direction++) {
    const unsigned x = axis_of(array, direction);
    if (x < array->axes) {
      links[direction] = tree_links(axis[direction], &line[direction],
                                    array->extent[x], array->radix);
    }
  }
  out->words = line[0].groups * line[1].groups;
  out->links =
      out->words + line[1].groups * links[0] + line[0].elements * links[1];
  out->peak[0] = out->words;
}

/* ---- all kinds ------------------------------------------------------- */

void cds_network_hops(cds_hops *out, const cds_array *array,
                      const cds_spread_digits axis[2], cds_way way) {
  static const cds_spread_digits none = {0};
  const cds_spread_digits *by[2];
  cds_line line[2];
  for (unsigned direction = 0; direction < 2; direction++) {
    const unsigned x = axis_of(array, direction);
    by[direction] = x < array->axes ? &axis[x] : &none;
    line[direction] = line_of(by[direction], lacking_rule(array, way));
  }
  *out = (cds_hops){.words = line[0].groups * line[1].groups};
  switch (array->network) {
  case CDS_NETWORK_BUS:
    out->links = out->words;
    out->peak[0] = out->words;
    return;
  case CDS_NETWORK_MESH:
  case CDS_NETWORK_SYSTOLIC:
    mesh_hops(out, line, cds_network_trunk(array, axis, way),
              array->network == CDS_NETWORK_MESH &&
                  array->ports == CDS_PORTS_CORNER);
    return;
  case CDS_NETWORK_TREE:
    tree_hops(out, array, by, line);
    return;
  case CDS_NETWORK_CROSSBAR:
    out->links = out->words + line[0].elements * line[1].elements;
    out->peak[0] = out->words;
    return;
  }
}
