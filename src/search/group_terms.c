/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/group_terms.h"

#include <math.h>
#include <string.h>

/* ---- bits of the output ---------------------------------------------- */

/* The leg of the output whose parent is its holder in the group. */
static const cds_leg *leg_inside(const cds_layout *layout, unsigned group) {
  const cds_chain *chain = layout->chain;
  const cds_leg *found = &chain->way[chain->ways - 1];
  for (unsigned w = chain->ways; w-- > 0;) {
    const cds_leg *way = &chain->way[w];
    if (way->tensor == layout->general->output && way->parent_group == group) {
      found = way;
    }
  }
  return found;
}

/* Words of the output that its next holder inside may hold, on all its
 * instances together. */
static double room_inside(const cds_layout *layout, const cds_leg *inside) {
  const cds_general *general = layout->general;
  const cds_operand_shape *shape = &general->tensor[general->output];
  const double instances = layout->used[inside->depth] /
                           layout->used[inside->top] /
                           cds_leg_shared(layout, inside, true, true);
  return general->room[inside->child] / fmin(shape->bits, shape->wide) *
         (instances * (1 + 1e-9));
}

/* Bits of a word of the output's tile at least: in `narrow`, or in out->wide
 * where it holds partial sums, because words come up to it more than once:
 * - from compute, if reductions are left that no network merges;
 * - from a holder inside, if there are reductions outside of the tile: spreads
 *   leave parts on other instances, and over loops only what the holder inside
 *   keeps need not come up, which must then be all of the tile, since a loop of
 *   the output between the two would make it change its tile. */
static double set_output(cds_group_terms *out, const cds_layout *layout,
                         unsigned group) {
  const cds_general *general = layout->general;
  const unsigned t = general->output;
  const cds_operand_shape *shape = &general->tensor[t];
  const cds_leg *inside = leg_inside(layout, group);
  out->wide = shape->wide;
  out->staying_words = (double)INFINITY;
  out->reductions = general->whole.inside[t];
  if (shape->wide < shape->bits) {
    return shape->wide;
  }
  if (general->homes.sums) {
    return shape->wide; /* those of a pass come up to those of another */
  }
  if (inside->child == general->arch->levels) {
    const double merged = cds_leg_shared(layout, inside, true, false);
    return general->macs / merged > general->results ? shape->wide
                                                     : shape->bits;
  }
  out->staying_words = room_inside(layout, inside);
  return layout->lacking[t][inside->top] > 1 ? shape->wide : shape->bits;
}

double cds_output_stays(const cds_layout *layout, unsigned group) {
  const cds_operand_shape *shape =
      &layout->general->tensor[layout->general->output];
  cds_group_terms terms;
  return set_output(&terms, layout, group) > fmin(shape->bits, shape->wide)
             ? 0
             : terms.staying_words;
}

/* ---- edges ----------------------------------------------------------- */

static double slower(double bandwidth, double shared) {
  return fmax(1 / bandwidth, 1 / shared);
}

/* Cycles of a bit that leaves (or enters) a level. */
static double port_cycles(const cds_level *level, bool out) {
  return slower(out ? level->read_bandwidth : level->write_bandwidth,
                level->shared_bandwidth);
}

/* The edge of a port or of links. */
static cds_edge *edge_of(cds_group_terms *out, int resource[CDS_EDGES_MAX],
                         int id) {
  unsigned e = 0;
  while (e < out->edges && resource[e] != id) {
    e++;
  }
  if (e == out->edges) {
    out->edges++;
    resource[e] = id;
    memset(&out->edge[e], 0, sizeof out->edge[e]);
  }
  return &out->edge[e];
}

/* Of the operands together, of the output alone. */
static void add_edge(cds_group_terms *out, int resource[CDS_EDGES_MAX], int id,
                     bool shared, unsigned tensor, double cycles) {
  if (cycles > 0) {
    cds_edge *edge = edge_of(out, resource, id);
    edge->shared = shared;
    edge->cycles[tensor] += cycles;
  }
}

/* Tells resources apart: a port by its level, links by array and axis. */
enum { AT_PARENT = 0, AT_CHILD = 1000, ON_LINKS = 2000 };

static void add_leg(cds_group_terms *out, int resource[CDS_EDGES_MAX],
                    const cds_layout *layout, const cds_leg *way, double bits) {
  const cds_general *general = layout->general;
  const cds_arch *arch = general->arch;
  const unsigned t = way->tensor;
  const bool output = t == general->output;
  add_edge(out, resource, AT_CHILD + (int)way->child, false, t,
           bits * port_cycles(&arch->level[way->child], output));
  for (unsigned k = way->depth; k-- > way->top;) {
    const cds_array *array = &arch->array[k];
    bits *= layout->spread[k]->units;
    if (output ? array->reduction : array->multicast) {
      bits /= layout->spread[k]->lacking[t];
    }
    for (unsigned x = 0; x < 2; x++) {
      const double part = array->network != CDS_NETWORK_BUS
                              ? cds_layout_peak(layout, way, k, x, true)
                          : x == 0 ? 1
                                   : 0;
      add_edge(out, resource, ON_LINKS + (int)(2 * k + x), true, t,
               bits * part / array->bandwidth);
    }
  }
  add_edge(out, resource, AT_PARENT + (int)way->parent, true, t,
           bits * port_cycles(&arch->level[way->parent], !output));
}

/* Homes of tensors at levels of the group. */
static void add_homes(cds_group_terms *out, int resource[CDS_EDGES_MAX],
                      const cds_general *general, unsigned group) {
  const cds_arch *arch = general->arch;
  for (unsigned t = 0; t < general->tensors; t++) {
    const cds_home_bits *home = &general->homes.tensor[t];
    if (general->home_group[t] != group || home->once <= 0 ||
        arch->overlap != CDS_OVERLAP_NATIVE ||
        cds_hides_nothing(general, home->level)) {
      continue;
    }
    const bool output = t == general->output;
    const double own = port_cycles(&arch->level[home->level], output);
    const double outer = port_cycles(&arch->level[0], !output);
    edge_of(out, resource, AT_CHILD + (int)home->level)->home[output] +=
        home->once * own;
    edge_of(out, resource, AT_PARENT)->home[output] += home->once * outer;
  }
}

/* ---- all of a group -------------------------------------------------- */

static unsigned place_of(cds_group_terms *out, unsigned level[CDS_LEVELS_MAX],
                         unsigned child, const cds_general *general) {
  unsigned p = 0;
  while (p < out->places && level[p] != child) {
    p++;
  }
  if (p == out->places) {
    level[out->places++] = child;
    out->room[p] = general->room[child];
  }
  return p;
}

void cds_group_terms_set(cds_group_terms *out, const cds_layout *layout,
                         unsigned group) {
  const cds_general *general = layout->general;
  const cds_arch *arch = general->arch;
  const cds_chain *chain = layout->chain;
  unsigned level[CDS_LEVELS_MAX] = {0};
  int resource[CDS_EDGES_MAX];
  out->tensors = out->places = out->edges = 0;
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    const cds_leg *way = &chain->way[w];
    const unsigned t = way->tensor;
    const cds_operand_shape *shape = &general->tensor[t];
    const cds_buffering buffering = arch->level[way->child].buffering;
    const bool native = arch->overlap == CDS_OVERLAP_NATIVE;
    const unsigned i = out->tensors++;
    out->tensor[i] = t;
    out->place[i] = place_of(out, level, way->child, general);
    out->bits[i] =
        t == general->output ? set_output(out, layout, group) : shape->bits;
    out->copies[i] = native && buffering == CDS_BUFFER_DOUBLE ? 2 : 1;
    if (native && buffering != CDS_BUFFER_SINGLE) {
      const double bits =
          t == general->output ? fmin(shape->bits, shape->wide) : shape->bits;
      add_leg(out, resource, layout, way, bits * general->homes.runs);
    }
  }
  if (general->homes.moves) {
    add_homes(out, resource, general, group);
  }
}

/* Bits of a word of the i-th tensor of the group. */
static inline double bits_of(const cds_group_terms *terms,
                             const cds_general *general, unsigned i,
                             const cds_tile *tile) {
  const unsigned t = general->output;
  const bool narrow = terms->tensor[i] != t ||
                      tile->words[t] <= terms->staying_words ||
                      tile->inside[t] == terms->reductions;
  return narrow ? terms->bits[i] : terms->wide;
}

bool cds_group_fits(bool *never, const cds_group_terms *terms,
                    const cds_general *general, const cds_tile *tile,
                    unsigned looped) {
  double once[CDS_LEVELS_MAX];
  double all[CDS_LEVELS_MAX];
  for (unsigned p = 0; p < terms->places; p++) {
    once[p] = all[p] = 0;
  }
  for (unsigned i = 0; i < terms->tensors; i++) {
    const unsigned t = terms->tensor[i];
    const bool replaced = (looped & general->tensor[t].has) != 0;
    once[terms->place[i]] += tile->words[t] * terms->bits[i];
    all[terms->place[i]] += tile->words[t] * bits_of(terms, general, i, tile) *
                            (replaced ? terms->copies[i] : 1);
  }
  bool fits = true;
  *never = false;
  for (unsigned p = 0; p < terms->places; p++) {
    fits = fits && all[p] <= terms->room[p];
    *never = *never || once[p] > terms->room[p];
  }
  return fits;
}

double cds_group_edges(const cds_group_terms *terms, const cds_general *general,
                       const cds_tile *tile,
                       const double share[CDS_TENSORS_MAX]) {
  double fills = 0;
  double drains = 0;
  if (terms->edges == 0) {
    return 0;
  }
  double once[CDS_TENSORS_MAX];
  for (unsigned i = 0; i < terms->tensors; i++) {
    const unsigned t = terms->tensor[i];
    once[t] = tile->words[t] / share[t];
  }
  for (unsigned e = 0; e < terms->edges; e++) {
    const cds_edge *edge = &terms->edge[e];
    double fill = edge->home[0];
    drains = edge->home[1] > drains ? edge->home[1] : drains;
    for (unsigned i = 0; i < terms->tensors; i++) {
      const unsigned t = terms->tensor[i];
      const double cycles =
          edge->cycles[t] * (edge->shared ? once[t] : tile->words[t]);
      if (t != general->output) {
        fill += cycles;
      } else if (cycles > drains) {
        drains = cycles;
      }
    }
    fills = fill > fills ? fill : fills;
  }
  return fills + drains;
}
