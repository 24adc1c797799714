/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the bounds of a layout look at. Time is the most of many terms: ports,
 * links, compute. A bound may look at any of them; sums for all would cost more
 * than they tell, so a few are chosen that seem to take longest. Any choice is
 * admissible.
 */
#include <math.h>

#include "search/bounds.h"

/* Words that pass a leg at the child at least. */
static double least_loads(const cds_layout *layout, const cds_leg *way) {
  const cds_general *general = layout->general;
  return way->child == general->arch->levels
             ? general->macs
             : general->tensor[way->tensor].words *
                   layout->lacking[way->tensor][way->depth];
}

/* Bits that pass an instance of each level at least. */
typedef struct cds_port_bits {
  double out[CDS_LEVELS_MAX], in[CDS_LEVELS_MAX];
} cds_port_bits;

/* Adds what comes to homes at levels of the group and goes from there. */
static void add_homes(cds_port_bits *bits, const cds_general *general,
                      unsigned group, bool apart) {
  for (unsigned t = 0; t < general->tensors; t++) {
    const cds_home_bits *home = &general->homes.tensor[t];
    if (general->home_group[t] == group &&
        cds_hides_nothing(general, home->level) == apart) {
      bits->out[0] += home->down;
      bits->in[0] += home->up;
      bits->out[home->level] += home->up;
      bits->in[home->level] += home->down;
    }
  }
}

/* Adds the transfers of a leg: at the parent, and at the child if it is a
 * level. */
static void add_leg(cds_port_bits *bits, const cds_layout *layout,
                    const cds_leg *way, bool at_child) {
  const cds_general *general = layout->general;
  const bool output = way->tensor == general->output;
  const cds_operand_shape *shape = &general->tensor[way->tensor];
  const double each = least_loads(layout, way) *
                      (output ? fmin(shape->bits, shape->wide) : shape->bits);
  const double parent = each / cds_leg_shared(layout, way, output, false) /
                        layout->used[way->top];
  *(output ? &bits->in[way->parent] : &bits->out[way->parent]) += parent;
  if (at_child && way->child < general->arch->levels) {
    *(output ? &bits->out[way->child] : &bits->in[way->child]) +=
        each / layout->used[way->depth];
  }
}

/* Looks at the port that is busy for longest in the transfers of the group's
 * single-buffered levels. */
static void choose_port(cds_layout *layout, unsigned group) {
  const cds_general *general = layout->general;
  const cds_arch *arch = general->arch;
  const cds_chain *chain = layout->chain;
  cds_port_bits bits = {{0}, {0}};
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    if (cds_hides_nothing(general, chain->way[w].child)) {
      add_leg(&bits, layout, &chain->way[w], true);
    }
  }
  if (general->homes.moves) {
    add_homes(&bits, general, group, true);
  }
  cds_apart_port *best = &layout->apart[group];
  *best = (cds_apart_port){.level = arch->levels};
  double most = 0;
  for (unsigned l = 0; l < arch->levels; l++) {
    const cds_level *level = &arch->level[l];
    const cds_apart_port each[3] = {
        {l, true, true, 1 / level->shared_bandwidth},
        {l, true, false, 1 / level->read_bandwidth},
        {l, false, true, 1 / level->write_bandwidth}};
    for (unsigned i = 0; i < 3; i++) {
      const double cycles = each[i].cycles * ((each[i].out ? bits.out[l] : 0) +
                                              (each[i].in ? bits.in[l] : 0));
      if (cycles > most) {
        most = cycles;
        *best = each[i];
      }
    }
  }
}

/* Bits on the busiest links of one network, down and up; both on a bus. */
typedef struct cds_busy_links {
  double way[CDS_ARRAYS_MAX][2];
} cds_busy_links;

/* Looks at the axis of each network and way that words load most. */
static void choose_links(cds_layout *layout, cds_busy_links *busy) {
  const cds_general *general = layout->general;
  const cds_chain *chain = layout->chain;
  double load[CDS_ARRAYS_MAX][2][2] = {{{0}}};
  for (unsigned w = 0; w < chain->ways; w++) {
    const cds_leg *way = &chain->way[w];
    const bool output = way->tensor == general->output;
    double bits = least_loads(layout, way) * general->tensor[way->tensor].bits;
    for (unsigned k = way->depth; k-- > way->top;) {
      const cds_array *array = &general->arch->array[k];
      const cds_spread *spread = layout->spread[k];
      if (output ? array->reduction : array->multicast) {
        bits /= spread->lacking[way->tensor];
      }
      const bool bus = array->network == CDS_NETWORK_BUS;
      for (unsigned x = 0; x < 2; x++) {
        load[k][output && !bus ? 1 : 0][x] +=
            bits * cds_layout_peak(layout, way, k, x, true);
      }
    }
  }
  for (unsigned k = 0; k < general->arch->arrays; k++) {
    for (unsigned up = 0; up < 2; up++) {
      const unsigned axis = load[k][up][1] > load[k][up][0] ? 1 : 0;
      layout->busy_axis[k][up] = axis;
      busy->way[k][up] = load[k][up][axis] / layout->used[k];
    }
  }
}

/* Part of the time that the roof takes: of the least in this layout, and of the
 * known answer. */
static double part_of(const cds_layout *layout, const cds_roof *roof,
                      const cds_port_bits *bits, const cds_busy_links *links,
                      const cds_cost *known) {
  if (roof->kind == CDS_ROOF_APART) {
    return (double)INFINITY;
  }
  const bool net = roof->kind == CDS_ROOF_NET;
  double least = 0;
  if (net) {
    least = links->way[roof->index][roof->up ? 1 : 0];
  } else {
    least = (roof->kind == CDS_ROOF_IN ? 0 : bits->out[roof->index]) +
            (roof->kind == CDS_ROOF_OUT ? 0 : bits->in[roof->index]);
  }
  least *= roof->cycles / layout->least_cycles;
  if (known == NULL) {
    return least;
  }
  const double cycles =
      net ? known->array_cycles[roof->index] : known->level_cycles[roof->index];
  return fmax(least, cycles / known->cycles);
}

/* The roofs with the largest parts, in falling order. */
static unsigned choose_roofs(const cds_roof *chosen[CDS_ROOFS_CHOSEN],
                             const cds_layout *layout,
                             const cds_port_bits *bits,
                             const cds_busy_links *links,
                             const cds_cost *known) {
  const cds_general *general = layout->general;
  double part[CDS_ROOFS_CHOSEN];
  unsigned count = 0;
  for (unsigned i = 0; i < general->roofs; i++) {
    const double mine = part_of(layout, &general->roof[i], bits, links, known);
    unsigned at = count;
    while (at > 0 && part[at - 1] < mine) {
      at--;
    }
    if (at == CDS_ROOFS_CHOSEN) {
      continue;
    }
    count += count < CDS_ROOFS_CHOSEN ? 1 : 0;
    for (unsigned j = count - 1; j > at; j--) {
      part[j] = part[j - 1];
      chosen[j] = chosen[j - 1];
    }
    part[at] = mine;
    chosen[at] = &general->roof[i];
  }
  return count;
}

void cds_layout_energy(cds_layout *layout) {
  layout->weight = 0;
  layout->weightings = 1;
  layout->weighting[CDS_ENERGY] = (cds_weighting){1, NULL};
}

void cds_layout_look(cds_layout *layout, double weight, bool alone,
                     const cds_cost *known) {
  const cds_general *general = layout->general;
  const cds_chain *chain = layout->chain;
  cds_layout_energy(layout);
  layout->weight = weight;
  if (weight <= 0) {
    return;
  }
  for (unsigned g = 1; g <= general->groups; g++) {
    choose_port(layout, g);
  }
  cds_busy_links links;
  choose_links(layout, &links);
  cds_port_bits bits = {{0}, {0}};
  for (unsigned w = 0; w < chain->ways; w++) {
    const cds_leg *way = &chain->way[w];
    const bool waits = way->child < general->arch->levels &&
                       cds_hides_nothing(general, way->child);
    add_leg(&bits, layout, way, !waits);
  }
  for (unsigned g = 1; g <= general->groups && general->homes.moves; g++) {
    add_homes(&bits, general, g, false);
  }
  const cds_roof *chosen[CDS_ROOFS_CHOSEN];
  const unsigned roofs = choose_roofs(chosen, layout, &bits, &links, known);
  for (unsigned i = 0; i < roofs; i++) {
    layout->weighting[layout->weightings++] = (cds_weighting){1, chosen[i]};
  }
  for (unsigned i = 0; i < roofs && alone; i++) {
    layout->weighting[layout->weightings++] = (cds_weighting){0, chosen[i]};
  }
}
