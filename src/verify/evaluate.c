/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Energy and time of a mapping, and the mapping as choices: see pair.h. */
#include <math.h>
#include <string.h>

#include "verify/lengths.h"
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

bool cds_unites(const cds_pair *pair, unsigned tensor) {
  const cds_array *array = &pair->arch->array[0];
  return tensor + 1 == CDS_VERIFY_TENSORS ? array->reduction : array->multicast;
}

/* Words of the first, or the last, tile of all passes; at home that is one,
 * where something is brought there or taken. 0: none is held. */
static double ends_words(const cds_pair *pair, const cds_choices *choices,
                         unsigned t, unsigned level) {
  const bool last = t + 1 == CDS_VERIFY_TENSORS;
  if (level == pair->home[t]) {
    const cds_home *home = &pair->einsum->stage->home[t];
    return home->loads > 0 ? (double)home->tile_words : 0;
  }
  const cds_tile *tile = &choices->tile[t][level];
  return pair->passes * (last ? tile->last : tile->words);
}

/* Bits of the first fill of an operand, or the last drain of the output. */
static void add_end(double end[CDS_APART_SIZE], const cds_pair *pair,
                    const cds_bill *bill, const cds_choices *choices,
                    unsigned t, unsigned l) {
  const unsigned parent = bill->parent[l];
  const bool across = pair->under[l] && !pair->under[parent];
  const double own = ends_words(pair, choices, t, l);
  const cds_tile *tile = &choices->tile[t][l];
  const double bits = pair->einsum->tensor[t].format.bits;
  if (t + 1 < CDS_VERIFY_TENSORS) {
    const double outer = across ? pair->passes * tile->outer : own;
    end[CDS_APART_OWN_IN] += own * bits;
    end[CDS_APART_OUT + parent] += outer * bits;
    end[CDS_APART_NET] += across ? outer * bits : 0;
    return;
  }
  const double outer = across ? pair->passes * tile->last_outer : own;
  end[CDS_APART_OWN_OUT] += own * bill->last_own[l];
  end[CDS_APART_IN + parent] += outer * bill->last_parent[l];
  end[CDS_APART_NET] += across ? outer * bill->last_net[l] : 0;
}

/* First fills (down) and last drains of the double-buffered levels. */
static double ends_cycles(const cds_pair *pair,
                          const cds_bill bill[CDS_VERIFY_TENSORS],
                          const cds_choices *choices) {
  double cycles = 0;
  for (unsigned l = 1; l < pair->levels; l++) {
    double end[2][CDS_APART_SIZE] = {{0}};
    for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
      const unsigned up = t + 1 == CDS_VERIFY_TENSORS ? 1 : 0;
      add_end(end[up], pair, &bill[t], choices, t, l);
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
    return (cds_tile){.words = pair->words[tensor]};
  }
  const cds_home *home = &pair->einsum->stage->home[tensor];
  return (cds_tile){.words = (double)home->tile_words,
                    .replaced = home->replaced};
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
  out->latency_s =
      fmax(out->latency_s, cds_safe_time_s(pair->arch, out->die_pj));
  out->energy_pj = out->dynamic_pj + pair->leakage_w * 1e12 * out->latency_s;
}

void cds_worth_of(cds_worth *out, const cds_pair *pair,
                  const cds_choices *choices) {
  double steps = pair->passes;
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    steps *= choices->steps[c];
  }
  double asks[CDS_ASKS];
  cds_asks_begin(asks, pair);
  cds_bill bill[CDS_VERIFY_TENSORS];
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    cds_handling how = {.held = choices->held[t], .whole = true};
    memcpy(how.one, choices->one[t], sizeof how.one);
    memcpy(how.all, choices->all[t], sizeof how.all);
    memcpy(how.alone, choices->alone[t], sizeof how.alone);
    cds_bill_fill(&bill[t], pair, t, &how);
    double share = 1; /* of an instance, of the words of the tensor */
    for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
      share *= c == t ? 1 : choices->steps[c] / (double)pair->size[c];
    }
    for (unsigned a = 0; a < pair->asks; a++) {
      asks[a] += bill[t].asks[a] * (pair->on_one[a] ? share : 1);
    }
  }
  cds_asks_spent(out, pair, asks);
  out->cycles =
      cds_asks_cycles(pair, asks, steps) + ends_cycles(pair, bill, choices);
  out->misfit = misfit_of(pair, bill, choices);
  cds_worth_close(out, pair);
}

void cds_choices_even(cds_choices *choices, const cds_pair *pair,
                      const uint64_t s[CDS_VERIFY_CLASSES]) {
  double units = 1;
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    units *= (double)s[c];
    const uint64_t steps = pair->size[c] / s[c];
    choices->steps[c] = (double)steps;
  }
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    for (unsigned l = 0; l <= CDS_VERIFY_LEVELS; l++) {
      const double spread = pair->under[l] ? (double)s[t] : 1;
      choices->all[t][l] = choices->one[t][l] * spread;
      choices->alone[t][l] = spread == 1;
    }
    for (unsigned l = 0; l < CDS_VERIFY_LEVELS; l++) {
      cds_tile *tile = &choices->tile[t][l];
      const double apart = cds_unites(pair, t) ? (double)s[t] : 1;
      tile->outer = tile->words * (pair->under[l] ? units / apart : 1);
      tile->last = tile->words;
      tile->last_outer = tile->outer;
    }
  }
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

/* Which pieces of a rank are asked for: loops before node `top` stand above the
 * holder, the others and perhaps spreads are inside of its tile. */
typedef struct cds_question {
  unsigned top;
  cds_follow above, spreads, inside;
} cds_question;

static bool ask(cds_lengths *out, const cds_pair *pair,
                const cds_mapping *mapping, unsigned rank,
                const cds_question *of) {
  cds_slicing nest[CDS_NODES_MAX];
  unsigned nodes = 0;
  uint64_t nominal = pair->einsum->rank[rank].size;
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind == CDS_HOLD || node->rank != rank || node->trips == 1) {
      continue;
    }
    nominal = cds_node_length(node, nominal);
    nest[nodes++] =
        (cds_slicing){.evenly = node->kind == CDS_SPREAD &&
                                node->split != CDS_SPLIT_CONTIGUOUS,
                      .trips = node->trips,
                      .part = nominal,
                      .follow = node->kind == CDS_SPREAD ? of->spreads
                                : n < of->top            ? of->above
                                                         : of->inside};
  }
  return cds_lengths_of(out, pair->einsum->rank[rank].size, nest, nodes);
}

/* A holder of tensor t, or compute. */
typedef struct cds_place_of {
  const cds_mapping *mapping;
  unsigned t, level, top;
} cds_place_of;

/* Takes in a rank that the tensor lacks. */
static bool take_lacked(cds_choices *out, const cds_pair *pair,
                        const cds_place_of *at, unsigned rank) {
  const bool under = pair->under[at->level];
  const cds_follow all = under ? CDS_FOLLOW_ALL : CDS_FOLLOW_FIRST;
  const cds_question asked[] = {
      {at->top, CDS_FOLLOW_ALL, CDS_FOLLOW_FIRST, CDS_FOLLOW_FIRST},
      {at->top, CDS_FOLLOW_ALL, all, CDS_FOLLOW_FIRST},
      {at->top, CDS_FOLLOW_FIRST, CDS_FOLLOW_ALL, CDS_FOLLOW_FIRST},
      {at->top, CDS_FOLLOW_LAST, CDS_FOLLOW_ALL, CDS_FOLLOW_FIRST}};
  cds_lengths found[4];
  for (unsigned q = 0; q < 4; q++) {
    if (!ask(&found[q], pair, at->mapping, rank, &asked[q])) {
      return false;
    }
  }
  out->one[at->t][at->level] *= found[0].pieces;
  out->all[at->t][at->level] *= found[1].pieces;
  out->alone[at->t][at->level] &= !under || found[3].pieces == 1;
  if (at->level < CDS_VERIFY_LEVELS && !cds_unites(pair, at->t)) {
    out->tile[at->t][at->level].outer *= found[2].pieces;
    out->tile[at->t][at->level].last_outer *= found[3].pieces;
  }
  return true;
}

/* Takes in a rank that it has. */
static bool take_own(cds_choices *out, const cds_pair *pair,
                     const cds_place_of *at, unsigned rank) {
  const cds_follow own =
      pair->under[at->level] ? CDS_FOLLOW_FIRST : CDS_FOLLOW_ALL;
  const cds_question asked[] = {
      {at->top, CDS_FOLLOW_FIRST, own, CDS_FOLLOW_ALL},
      {at->top, CDS_FOLLOW_FIRST, CDS_FOLLOW_ALL, CDS_FOLLOW_ALL},
      {at->top, CDS_FOLLOW_LAST, own, CDS_FOLLOW_ALL},
      {at->top, CDS_FOLLOW_LAST, CDS_FOLLOW_ALL, CDS_FOLLOW_ALL}};
  cds_lengths found[4];
  for (unsigned q = 0; q < 4; q++) {
    if (!ask(&found[q], pair, at->mapping, rank, &asked[q])) {
      return false;
    }
  }
  cds_tile *tile = &out->tile[at->t][at->level];
  tile->words *= found[0].total;
  tile->outer *= found[1].total;
  tile->last *= found[2].total;
  tile->last_outer *= found[3].total;
  return true;
}

static bool read_place(cds_choices *out, const cds_pair *pair,
                       const cds_place_of *at) {
  const cds_tensor *tensor = &pair->einsum->tensor[at->t];
  bool known = true;
  out->one[at->t][at->level] = out->all[at->t][at->level] = 1;
  out->alone[at->t][at->level] = true;
  if (at->level < CDS_VERIFY_LEVELS) {
    out->tile[at->t][at->level] =
        (cds_tile){.words = 1, .outer = 1, .last = 1, .last_outer = 1};
  }
  for (unsigned r = 0; r < pair->einsum->ranks && known; r++) {
    if (!cds_tensor_has_rank(tensor, r)) {
      known = take_lacked(out, pair, at, r);
    } else if (at->level < CDS_VERIFY_LEVELS) {
      known = take_own(out, pair, at, r);
    }
  }
  return known;
}

static bool is_replaced(const cds_mapping *mapping, const cds_tensor *tensor,
                        unsigned n) {
  bool replaced = false;
  for (unsigned m = 0; m < n; m++) {
    const cds_node *node = &mapping->node[m];
    replaced = replaced || (node->kind == CDS_FOR && node->trips > 1 &&
                            cds_tensor_has_rank(tensor, node->rank));
  }
  return replaced;
}

/* Steps in time are the pieces that the first instance meets. */
static bool read_steps(cds_choices *out, const cds_pair *pair,
                       const cds_mapping *mapping) {
  const cds_question all = {mapping->nodes, CDS_FOLLOW_ALL, CDS_FOLLOW_FIRST,
                            CDS_FOLLOW_FIRST};
  bool known = true;
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    out->steps[c] = 1;
  }
  for (unsigned r = 0; r < pair->einsum->ranks && known; r++) {
    cds_lengths steps;
    known = ask(&steps, pair, mapping, r, &all);
    out->steps[pair->class_of[r]] *= steps.pieces;
  }
  return known;
}

cds_status cds_choices_of(cds_choices *out, const cds_pair *pair,
                          const cds_mapping *mapping) {
  memset(out, 0, sizeof *out);
  bool known = read_steps(out, pair, mapping);
  for (unsigned n = 0; n < mapping->nodes && known; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind == CDS_HOLD && node->level != pair->home[node->tensor]) {
      const cds_tensor *tensor = &pair->einsum->tensor[node->tensor];
      const cds_place_of at = {mapping, node->tensor, node->level,
                               hoisted(mapping, tensor, n)};
      out->held[node->tensor] |= 1U << (node->level - 1);
      known = read_place(out, pair, &at);
      out->tile[node->tensor][node->level].replaced =
          is_replaced(mapping, tensor, n);
    }
  }
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS && known; t++) {
    const cds_place_of at = {mapping, t, CDS_VERIFY_LEVELS, mapping->nodes};
    out->one[t][0] = out->all[t][0] = 1;
    known = read_place(out, pair, &at);
  }
  return known ? CDS_OK : CDS_ELIMIT;
}
