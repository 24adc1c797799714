/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "oracle/features.h"

#include <inttypes.h>
#include <math.h>

static bool is_whole(double price) { return price * 64 == floor(price * 64); }

static bool prices_are_whole(const cds_arch *arch) {
  bool whole = is_whole(arch->compute.mac_pj[0]);
  for (unsigned l = 0; l < arch->levels; l++) {
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      const cds_access_price *price = &arch->level[l].price[a];
      whole = whole && is_whole(price->access_pj) && is_whole(price->bit_pj);
    }
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    whole = whole && is_whole(arch->array[k].bit_pj) &&
            is_whole(arch->array[k].add_pj);
  }
  return whole;
}

/* A holder of a level stands below one of a level further in. */
static bool is_interleaved(const cds_mapping *mapping, const cds_arch *arch) {
  unsigned deepest = 0;
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind != CDS_HOLD) {
      continue;
    }
    const unsigned position = arch->level[node->level].position;
    if (position < deepest) {
      return true;
    }
    deepest = position;
  }
  return false;
}

void features_add(features *it, const cds_arch *arch,
                  const cds_mapping *mapping) {
  bool twice = false;
  bool beside = false;
  for (unsigned l = 1; l < arch->levels; l++) {
    twice = twice || arch->level[l].buffering == CDS_BUFFER_DOUBLE;
    beside = beside || arch->level[l].position == arch->level[l - 1].position;
  }
  it->pairs++;
  it->levels[arch->levels]++;
  it->double_buffered += twice && arch->overlap == CDS_OVERLAP_NATIVE;
  it->beside += beside;
  it->spread += arch->arrays > 0;
  it->whole_prices += prices_are_whole(arch);
  it->interleaved += mapping != NULL && is_interleaved(mapping, arch);
}

void features_write(FILE *stream, const features *it) {
  fputs("levels:", stream);
  for (unsigned l = 1; l <= CDS_LEVELS_MAX; l++) {
    if (it->levels[l] > 0) {
      fprintf(stream, " %u in %" PRIu64 ",", l, it->levels[l]);
    }
  }
  fprintf(stream,
          " side by side in %" PRIu64 "; double buffers in %" PRIu64
          ", arrays in %" PRIu64 ", whole prices in %" PRIu64
          ", interleaved answers in %" PRIu64 " of %" PRIu64 "\n",
          it->beside, it->double_buffered, it->spread, it->whole_prices,
          it->interleaved, it->pairs);
}
