/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Routes of hops.h, one set of destinations after the other. A way along a
 * branch begins at the trunk, so that what ends at or behind a position has
 * crossed the link before it: loads are sums of `ends` from outside in.
 */
#include "count/halo_links.h"

#include "base/checked.h"

static uint64_t used_of(const cds_spread_digits *axis) {
  uint64_t used = 1;
  for (unsigned d = 0; d < axis->count; d++) {
    used *= axis->trips[d];
  }
  return used;
}

cds_status cds_halo_open(cds_halo_links *out, const cds_array *array,
                         const cds_spread_digits axis[2], cds_way way,
                         cds_arena *arena) {
  const bool mesh = array->network == CDS_NETWORK_MESH ||
                    array->network == CDS_NETWORK_SYSTOLIC;
  *out = (cds_halo_links){
      .array = array, .used = {1, 1}, .extent = {1, 1}, .trunk = 0};
  for (unsigned x = 0; x < array->axes; x++) {
    const unsigned direction = cds_array_direction(array, x);
    out->used[direction] = used_of(&axis[x]);
    out->extent[direction] = array->extent[x];
  }
  if (mesh) {
    out->trunk = cds_network_trunk(array, axis, way);
    out->corner =
        array->network == CDS_NETWORK_MESH && array->ports == CDS_PORTS_CORNER;
  }
  const size_t trunk = (size_t)out->used[out->trunk];
  const size_t all = (size_t)(out->used[0] * out->used[1]);
  out->port = cds_arena_array(arena, trunk, sizeof *out->port);
  out->along = cds_arena_array(arena, trunk, sizeof *out->along);
  out->ends = cds_arena_array(arena, all, sizeof *out->ends);
  return out->port == NULL || out->along == NULL || out->ends == NULL
             ? CDS_ENOMEM
             : CDS_OK;
}

static bool taken_at(const cds_halo_links *links, const bool *taken,
                     uint64_t trunk, uint64_t branch) {
  const uint64_t row = links->trunk == 0 ? trunk : branch;
  const uint64_t col = links->trunk == 0 ? branch : trunk;
  return taken[row * links->used[1] + col];
}

/* Last destination on the branch at `trunk`; UINT64_MAX: none. */
static uint64_t last_on(const cds_halo_links *links, const bool *taken,
                        uint64_t trunk) {
  for (uint64_t branch = links->used[1 - links->trunk]; branch-- > 0;) {
    if (taken_at(links, taken, trunk, branch)) {
      return branch;
    }
  }
  return UINT64_MAX;
}

/* Links of the mesh tree; notes its loads. */
static uint64_t mesh_route(cds_halo_links *links, const bool *taken,
                           uint64_t words) {
  const uint64_t branches = links->used[1 - links->trunk];
  uint64_t first = UINT64_MAX;
  uint64_t last = 0;
  uint64_t crossed = 1;
  for (uint64_t p = 0; p < links->used[links->trunk]; p++) {
    const uint64_t end = last_on(links, taken, p);
    if (end != UINT64_MAX) {
      first = first == UINT64_MAX ? p : first;
      last = p;
      crossed += end;
      links->ends[p * branches + end] += words;
    }
  }
  first = links->corner ? 0 : first;
  links->port[first] += words;
  for (uint64_t p = first; p < last; p++) {
    links->along[p] += words;
  }
  return crossed + (last - first);
}

/* Nodes of one height and above, below the root, over the flagged leaves. */
static uint64_t tree_nodes(const cds_halo_links *links, const bool *flag,
                           uint64_t used, uint64_t extent) {
  uint64_t nodes = 0;
  for (uint64_t block = 1; block < extent; block *= links->array->radix) {
    uint64_t before = UINT64_MAX;
    for (uint64_t leaf = 0; leaf < used; leaf++) {
      if (flag[leaf]) {
        nodes += leaf / block != before;
        before = leaf / block;
      }
    }
  }
  return nodes;
}

/* Nodes over the rows that have a destination. */
static uint64_t row_nodes(const cds_halo_links *links, const bool *taken) {
  uint64_t nodes = 0;
  for (uint64_t block = 1; block < links->extent[0];
       block *= links->array->radix) {
    uint64_t before = UINT64_MAX;
    for (uint64_t row = 0; row < links->used[0]; row++) {
      if (last_on(links, taken, row) != UINT64_MAX) {
        nodes += row / block != before;
        before = row / block;
      }
    }
  }
  return nodes;
}

static uint64_t tree_route(const cds_halo_links *links, const bool *taken) {
  uint64_t crossed = 1 + row_nodes(links, taken);
  for (uint64_t row = 0; row < links->used[0]; row++) {
    crossed += tree_nodes(links, &taken[row * links->used[1]], links->used[1],
                          links->extent[1]);
  }
  return crossed;
}

static uint64_t count_taken(const cds_halo_links *links, const bool *taken) {
  uint64_t count = 0;
  for (uint64_t e = 0; e < links->used[0] * links->used[1]; e++) {
    count += taken[e];
  }
  return count;
}

cds_status cds_halo_route(cds_halo_links *links, const bool *taken,
                          uint64_t words) {
  uint64_t crossed = 1; /* a bus */
  /* No load passes the sum of all words. */
  if (!cds_add_u64(&links->words, links->words, words)) {
    return CDS_ELIMIT;
  }
  switch (links->array->network) {
  case CDS_NETWORK_BUS:
    break;
  case CDS_NETWORK_MESH:
  case CDS_NETWORK_SYSTOLIC:
    crossed = mesh_route(links, taken, words);
    break;
  case CDS_NETWORK_TREE:
    crossed = tree_route(links, taken);
    break;
  case CDS_NETWORK_CROSSBAR:
    crossed = 1 + count_taken(links, taken);
    break;
  }
  return cds_mul_u64(&crossed, crossed, words) &&
                 cds_add_u64(&links->hops, links->hops, crossed)
             ? CDS_OK
             : CDS_ELIMIT;
}

/* Levels of the tree over `extent` leaves below its root. */
static uint64_t tree_height(uint64_t extent, uint64_t radix) {
  uint64_t height = 0;
  for (uint64_t block = 1; block < extent; block *= radix) {
    height++;
  }
  return height;
}

cds_status cds_halo_route_one(cds_halo_links *links, uint64_t row, uint64_t col,
                              uint64_t words) {
  const uint64_t trunk = links->trunk == 0 ? row : col;
  const uint64_t branch = links->trunk == 0 ? col : row;
  uint64_t crossed = 1;
  if (!cds_add_u64(&links->words, links->words, words)) {
    return CDS_ELIMIT;
  }
  switch (links->array->network) {
  case CDS_NETWORK_BUS:
    break;
  case CDS_NETWORK_MESH:
  case CDS_NETWORK_SYSTOLIC:
    links->ends[trunk * links->used[1 - links->trunk] + branch] += words;
    links->port[links->corner ? 0 : trunk] += words;
    for (uint64_t p = 0; links->corner && p < trunk; p++) {
      links->along[p] += words;
    }
    crossed += branch + (links->corner ? trunk : 0);
    break;
  case CDS_NETWORK_TREE:
    crossed += tree_height(links->extent[0], links->array->radix) +
               tree_height(links->extent[1], links->array->radix);
    break;
  case CDS_NETWORK_CROSSBAR:
    crossed = 2;
    break;
  }
  return cds_mul_u64(&crossed, crossed, words) &&
                 cds_add_u64(&links->hops, links->hops, crossed)
             ? CDS_OK
             : CDS_ELIMIT;
}

static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }

void cds_halo_peaks(uint64_t peak[2], const cds_halo_links *links) {
  peak[0] = links->words;
  peak[1] = 0;
  if (links->array->network != CDS_NETWORK_MESH &&
      links->array->network != CDS_NETWORK_SYSTOLIC) {
    return;
  }
  const unsigned trunk = links->trunk;
  const uint64_t branches = links->used[1 - trunk];
  const unsigned port = links->corner ? trunk : 1 - trunk;
  peak[0] = 0;
  for (uint64_t p = 0; p < links->used[trunk]; p++) {
    uint64_t on_branch = 0; /* over the first link, the busiest one */
    for (uint64_t branch = 1; branch < branches; branch++) {
      on_branch += links->ends[p * branches + branch];
    }
    peak[1 - trunk] = most(peak[1 - trunk], on_branch);
    peak[trunk] = most(peak[trunk], links->along[p]);
    peak[port] = most(peak[port], links->port[p]);
  }
}
