/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Energy and time of a mapping, and the mapping as choices: see pair.h. */
#include <math.h>
#include <string.h>

#include "verify/pair.h"

bool cds_doubles(const cds_arch *arch, unsigned level) {
  return level > 0 && arch->overlap == CDS_OVERLAP_NATIVE &&
         arch->level[level].buffering == CDS_BUFFER_DOUBLE;
}

/* ---- time ------------------------------------------------------------ */

static double port_cycles(const cds_level *level, double out, double in) {
  return fmax((out + in) / level->shared_bandwidth,
              fmax(out / level->read_bandwidth, in / level->write_bandwidth));
}

/* Whatever a single-buffered level does not hide: nothing else goes on. */
static double apart_cycles(const cds_pair *pair, const double *apart,
                           unsigned level) {
  const cds_arch *arch = pair->arch;
  double cycles = port_cycles(&arch->level[level], apart[CDS_APART_OWN_OUT],
                              apart[CDS_APART_OWN_IN]);
  for (unsigned p = 0; p < level; p++) {
    cycles = fmax(cycles, port_cycles(&arch->level[p], apart[CDS_APART_OUT + p],
                                      apart[CDS_APART_IN + p]));
  }
  return arch->arrays == 0
             ? cycles
             : fmax(cycles, apart[CDS_APART_NET] / arch->array[0].bandwidth);
}

double cds_asks_cycles(const cds_pair *pair, const double asks[CDS_ASKS],
                       double steps) {
  const cds_arch *arch = pair->arch;
  double cycles = steps;
  for (unsigned l = pair->levels; l-- > 0;) {
    cycles = fmax(cycles, port_cycles(&arch->level[l], asks[CDS_ASKS_OUT + l],
                                      asks[CDS_ASKS_IN + l]));
    if (l > 0) { /* nothing where the level is double buffered */
      const double *apart = asks + cds_apart(l);
      cycles += apart_cycles(pair, apart, l);
    }
  }
  if (arch->arrays > 0) {
    cycles = fmax(cycles, asks[CDS_ASKS_NET] / arch->array[0].bandwidth);
  }
  for (unsigned b = 0; b < pair->bonds; b++) {
    cycles = fmax(cycles, asks[CDS_ASKS_BOND + b] /
                              arch->bond[pair->bond[b]].bandwidth);
  }
  return cycles;
}

/* Words of the tiles of all instances, as the parent sees them. */
static double outer_words(const cds_pair *pair, const cds_choices *choices,
                          unsigned t, unsigned level) {
  const cds_array *array = &pair->arch->array[0];
  const bool united =
      t + 1 == CDS_VERIFY_TENSORS ? array->reduction : array->multicast;
  double words = choices->tile[t][level].words;
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    words *= c == t && united ? 1 : choices->s[c];
  }
  return words;
}

/* Words of the first, or the last, tile of all passes; at home that is one,
 * where something is brought there or taken. 0: none is held. */
static double ends_words(const cds_pair *pair, const cds_choices *choices,
                         unsigned t, unsigned level) {
  if (level == pair->home[t]) {
    const cds_home *home = &pair->einsum->stage->home[t];
    return home->loads > 0 ? (double)home->tile_words : 0;
  }
  return pair->passes * choices->tile[t][level].words;
}

/* First fills (down) and last drains of the double-buffered levels. */
static double ends_cycles(const cds_pair *pair, const cds_bill bill[3],
                          const cds_choices *choices) {
  double cycles = 0;
  for (unsigned l = 1; l < pair->levels; l++) {
    double end[2][CDS_APART_SIZE] = {{0}};
    for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
      const unsigned parent = bill[t].parent[l];
      const bool across = pair->under[l] && !pair->under[parent];
      const double own = ends_words(pair, choices, t, l);
      const double outer =
          across ? pair->passes * outer_words(pair, choices, t, l) : own;
      const bool up = t + 1 == CDS_VERIFY_TENSORS;
      const unsigned bits = pair->einsum->tensor[t].format.bits;
      end[up][up ? CDS_APART_OWN_OUT : CDS_APART_OWN_IN] +=
          own * (up ? bill[t].last_own[l] : bits);
      end[up][(up ? CDS_APART_IN : CDS_APART_OUT) + parent] +=
          outer * (up ? bill[t].last_parent[l] : bits);
      end[up][CDS_APART_NET] +=
          across ? outer * (up ? bill[t].last_net[l] : bits) : 0;
    }
    if (cds_doubles(pair->arch, l)) {
      cycles += apart_cycles(pair, end[0], l) + apart_cycles(pair, end[1], l);
    }
  }
  return cycles;
}

/* ---- all of it ------------------------------------------------------- */

cds_tile cds_home_tile(const cds_pair *pair, unsigned tensor) {
  if (pair->home[tensor] == 0) {
    return (cds_tile){pair->words[tensor], false};
  }
  const cds_home *home = &pair->einsum->stage->home[tensor];
  return (cds_tile){(double)home->tile_words, home->replaced};
}

/* The outermost level whose tiles need more than it has. */
static unsigned misfit_of(const cds_pair *pair, const cds_bill bill[3],
                          const cds_choices *choices) {
  for (unsigned l = 0; l < pair->levels; l++) {
    const cds_level *level = &pair->arch->level[l];
    double need = pair->taken_bits[l];
    for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
      const cds_tile tile =
          l == pair->home[t] ? cds_home_tile(pair, t) : choices->tile[t][l];
      const bool twice = tile.replaced && cds_doubles(pair->arch, l);
      need += tile.words * bill[t].tile_bits[l] * (twice ? 2 : 1);
    }
    if (need > (double)level->size_bits && !(l == 0 && level->streamed)) {
      return l;
    }
  }
  return pair->levels;
}

void cds_worth_close(cds_worth *out, const cds_pair *pair) {
  out->latency_s = fmax(out->cycles / pair->arch->clock_hz,
                        out->dynamic_pj * pair->seconds_per_pj);
  out->energy_pj = out->dynamic_pj + pair->leakage_w * 1e12 * out->latency_s;
}

void cds_worth_of(cds_worth *out, const cds_pair *pair,
                  const cds_choices *choices) {
  double units = 1;
  double steps = pair->passes;
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    units *= choices->s[c];
    steps *= (double)pair->size[c] / choices->s[c];
  }
  double asks[CDS_ASKS] = {pair->mac_pj};
  cds_bill bill[CDS_VERIFY_TENSORS];
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    cds_handling how = {choices->held[t], choices->s[t], {0}, true};
    memcpy(how.times, choices->times[t], sizeof how.times);
    cds_bill_fill(&bill[t], pair, t, &how);
    for (unsigned a = 0; a < CDS_ASKS; a++) {
      asks[a] +=
          bill[t].asks[a] * (pair->on_one[a] ? choices->s[t] / units : 1);
    }
  }
  out->dynamic_pj = asks[CDS_ASKS_ENERGY];
  out->cycles =
      cds_asks_cycles(pair, asks, steps) + ends_cycles(pair, bill, choices);
  out->misfit = misfit_of(pair, bill, choices);
  cds_worth_close(out, pair);
}

/* ---- a mapping ------------------------------------------------------- */

/* Where loops on top of the holder at node n begin to count: it is hoisted over
 * those that its tensor lacks, up to the first that it has. */
static unsigned hoisted(const cds_mapping *mapping, const cds_tensor *tensor,
                        unsigned n) {
  while (n > 0 && (mapping->node[n - 1].kind != CDS_FOR ||
                   mapping->node[n - 1].trips == 1 ||
                   !cds_tensor_has_rank(tensor, mapping->node[n - 1].rank))) {
    n--;
  }
  return n;
}

static void read_holder(cds_choices *out, const cds_pair *pair,
                        const cds_mapping *mapping, unsigned n) {
  const unsigned t = mapping->node[n].tensor;
  const unsigned level = mapping->node[n].level;
  const cds_tensor *tensor = &pair->einsum->tensor[t];
  const unsigned top = hoisted(mapping, tensor, n);
  double times = 1;
  double tiles = 1; /* that the tensor is cut into */
  for (unsigned m = 0; m < mapping->nodes; m++) {
    const cds_node *node = &mapping->node[m];
    const bool loop = node->kind == CDS_FOR;
    if (node->kind == CDS_HOLD) {
      continue;
    }
    const bool own = cds_tensor_has_rank(tensor, node->rank);
    times *= loop && m < top && !own ? (double)node->trips : 1;
    const bool cuts = loop ? m < n : pair->under[level];
    tiles *= own && cuts ? (double)node->trips : 1;
    out->tile[t][level].replaced |= own && loop && m < n && node->trips > 1;
  }
  out->times[t][level] = times;
  out->tile[t][level].words = pair->words[t] / tiles;
}

void cds_choices_of(cds_choices *out, const cds_pair *pair,
                    const cds_mapping *mapping) {
  memset(out, 0, sizeof *out);
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    out->s[c] = 1;
  }
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind == CDS_SPREAD) {
      out->s[pair->class_of[node->rank]] *= (double)node->trips;
    }
    if (node->kind == CDS_HOLD && node->level != pair->home[node->tensor]) {
      out->held[node->tensor] |= 1U << (node->level - 1);
      read_holder(out, pair, mapping, n);
    }
  }
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    out->times[t][0] = 1;
    out->times[t][CDS_VERIFY_LEVELS] = (double)pair->size[t] / out->s[t];
  }
}
