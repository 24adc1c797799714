/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Coefficients from counts (count/timeloop.c) and prices (price/timeloop.c).
 *
 * With s(l) what array l spreads of dimensions that t has, S(c) the product
 * above place c, W words and y(c) passes: an instance of place c fetches
 *   F(c) = W / S(c) x y(c),
 * and its parent p reads (is updated by) F(c) x s(c-1) x ... x s(p). Whole
 * accesses cost at least words x price / words of an access.
 */
#include "search/timeloop_layout.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "price/words.h"

static double net_bits(const cds_tl_space *space, unsigned level,
                       unsigned tensor) {
  const unsigned own = space->arch->level[level].word_bits;
  return own > 0 ? own
                 : cds_word_bits(&space->einsum->tensor[tensor],
                                 tensor == space->output);
}

/* pJ of a word at least. */
static double word_pj(const cds_tl_space *space, unsigned level,
                      unsigned tensor, cds_action action) {
  const cds_level *at = &space->arch->level[level];
  const unsigned bits = (unsigned)net_bits(space, level, tensor);
  const uint64_t block = at->width_bits > bits ? at->width_bits / bits : 1;
  return at->price[action].access_pj / (double)block +
         bits * at->price[action].bit_pj;
}

/* Notes words of an action: constant + passes x each. */
static void add_op(cds_tl_layout *it, unsigned level, cds_action action,
                   const cds_tl_op *words) {
  const cds_tl_space *space = it->space;
  const cds_level *at = &space->arch->level[level];
  const unsigned bits = (unsigned)net_bits(space, level, words->tensor);
  const uint64_t block = at->width_bits > bits ? at->width_bits / bits : 1;
  if (space->window[words->tensor]) {
    return;
  }
  cds_tl_op *op = &it->op[it->ops++];
  *op = *words;
  op->level = level;
  op->write = action != CDS_READ;
  op->block = (double)block;
  op->access_pj = it->used[level] * at->price[action].access_pj;
}

/* Trips of the array below a level that the tensor has, groups of elements, or
 * trips that it lacks. */
static double has_of(const cds_tl_layout *it, unsigned level, unsigned t) {
  return it->spread[level] == NULL ? 1 : it->spread[level]->has[t];
}
static double lacking_of(const cds_tl_layout *it, unsigned level, unsigned t) {
  return it->spread[level] == NULL ? 1 : it->spread[level]->lacking[t];
}
/* Words that a level sends for each that an instance below takes in, at least:
 * of windows those that neighbours share may be sent once. */
static double sent_of(const cds_tl_layout *it, unsigned level, unsigned t) {
  if (it->spread[level] == NULL) {
    return 1;
  }
  if (!it->space->window[t]) {
    return it->spread[level]->has[t];
  }
  return it->spread[level]->groups[t];
}

/* Energy and ports of a word that enters the networks of a leg; at the parent,
 * and in buses and additions on the way. `sent`: at the child. */
typedef struct way {
  double pj;
  double words;  /* at an instance of the parent */
  double add_pj; /* of pj: additions in the network right above the child */
} way;

static way carry(const cds_tl_layout *it, unsigned t, unsigned parent,
                 unsigned child) {
  const cds_tl_space *space = it->space;
  const bool result = t == space->output;
  way out = {0, 1, 0};
  for (unsigned l = child; l-- > parent;) {
    out.words *= sent_of(it, l, t);
    if (space->below[l] < 0) {
      continue;
    }
    const cds_array *array = &space->arch->array[space->below[l]];
    const double ways =
        result && !array->reduction && array->network == CDS_NETWORK_BUS ? 2
                                                                         : 1;
    if (array->network == CDS_NETWORK_BUS) {
      out.pj += out.words * it->used[l] * ways * net_bits(space, l, t) *
                array->bit_pj;
    }
    if (result) {
      const double adds =
          out.words * (lacking_of(it, l, t) - 1) * it->used[l] * array->add_pj;
      out.pj += adds;
      out.add_pj = l + 1 == child ? adds : out.add_pj;
    }
  }
  const double price = result ? word_pj(space, parent, t, CDS_UPDATE) +
                                    word_pj(space, parent, t, CDS_READ)
                              : word_pj(space, parent, t, CDS_READ);
  out.pj += out.words * it->used[parent] * price;
  return out;
}

/* Words of the output that an instance of a level handles in all. */
static double partition_of(const cds_tl_layout *it, unsigned level) {
  double words = it->space->words[it->space->output];
  for (unsigned l = 0; l < level; l++) {
    words /= has_of(it, l, it->space->output);
  }
  return words;
}

/* What comes back for the first time is not read: constants of the output. */
static void add_elisions(cds_tl_layout *it, unsigned parent, unsigned child) {
  const cds_tl_space *space = it->space;
  const unsigned t = space->output;
  const double part = partition_of(it, parent);
  it->base_pj -= part * it->used[parent] * word_pj(space, parent, t, CDS_READ);
  it->base_read[parent][t] -= part * space->scale[parent][t];
  if (child < space->levels) {
    const double mine = partition_of(it, child);
    it->base_pj -= mine * it->used[child] * word_pj(space, child, t, CDS_FILL);
    it->base_write[child][t] -= mine * space->scale[child][t];
  }
  /* Without reduction in the network: there and back, but for the first. */
  for (unsigned l = parent; l < child; l++) {
    const cds_array *array =
        space->below[l] < 0 ? NULL : &space->arch->array[space->below[l]];
    if (array != NULL && !array->reduction &&
        array->network == CDS_NETWORK_BUS && (it->kept[l] >> t & 1U) != 0) {
      it->base_pj -= partition_of(it, l) * it->used[l] * net_bits(space, l, t) *
                     array->bit_pj;
    }
  }
}

/* Notes the actions of a leg: words at an instance of the parent and of the
 * child, of which `part` are in any case. */
static void add_ops(cds_tl_layout *it, const cds_tl_op *sent,
                    const cds_tl_op *fetched, unsigned parent, unsigned child) {
  const cds_tl_space *space = it->space;
  cds_tl_op op = *sent;
  if (sent->tensor != space->output) {
    add_op(it, parent, CDS_READ, &op);
  } else {
    add_op(it, parent, CDS_UPDATE, &op);
    op.constant -= partition_of(it, parent);
    add_op(it, parent, CDS_READ, &op);
  }
  if (child < space->levels) {
    assert(fetched != NULL); /* only compute takes in words unnoted */
    op = *fetched;
    op.constant -= sent->tensor == space->output ? partition_of(it, child) : 0;
    add_op(it, child, CDS_FILL, &op);
  }
}

/* Words of each step at compute. */
static void set_compute(cds_tl_layout *it, unsigned t, unsigned parent) {
  const cds_tl_space *space = it->space;
  const unsigned last = space->levels - 1;
  const way carried = carry(it, t, parent, space->levels);
  const cds_tl_spread *spread = it->spread[last];
  const double scale = space->scale[parent][t];
  const bool result = t == space->output;
  double part = 1; /* of the words that are sent in every step */
  if (spread != NULL && spread->units > 1) {
    part = spread->staying[t] / spread->groups[t];
    it->ordered = it->ordered || part < 1;
  }
  const double words = carried.words * it->steps * scale;
  /* Groups that neighbours serve in part have fewer words to add. */
  const double adds = part < 1 ? carried.add_pj * it->steps * part : 0;
  it->base_pj += carried.pj * it->steps * part - adds;
  it->base_read[parent][t] += words * part;
  it->base_write[parent][t] += result ? words * part : 0;
  cds_tl_leg *leg = &it->leg[t][space->levels];
  *leg = (cds_tl_leg){.any = true, .parent = parent, .child = parent};
  if (part < 1 && !space->window[t]) {
    const double rest = (1 - part) / it->all[t];
    leg->energy_pj = carried.pj * it->steps * rest + adds / it->all[t];
    leg->read = words * rest;
    leg->write = result ? words * rest : 0;
    it->handed = true;
  }
  const cds_tl_op sent = {.tensor = t,
                          .place = space->levels,
                          .constant = carried.words * it->steps * part,
                          .each = carried.words * it->steps * (1 - part) /
                                  it->all[t]};
  add_ops(it, &sent, NULL, parent, space->levels);
}

/* Of a leg between levels, for each word that an instance of the child takes
 * in. */
static void set_leg(cds_tl_layout *it, unsigned t, unsigned parent,
                    unsigned child, double fetched) {
  const cds_tl_space *space = it->space;
  const way carried = carry(it, t, parent, child);
  const bool result = t == space->output;
  cds_tl_leg *leg = &it->leg[t][child];
  const double scale = space->scale[parent][t];
  leg->any = true;
  leg->parent = parent;
  leg->child = child;
  leg->child_pj = it->used[child] * word_pj(space, child, t, CDS_FILL);
  leg->parent_pj = carried.pj;
  leg->read = carried.words * scale;
  leg->write = result ? carried.words * scale : 0;
  leg->fill = space->scale[child][t];
  if (space->window[t]) {
    const cds_tl_spread *spread = it->spread[child - 1];
    leg->linked = spread != NULL && spread->units > 1;
    it->windows = true;
    return;
  }
  const cds_tl_op sent = {
      .tensor = t, .place = child, .each = carried.words * fetched};
  const cds_tl_op filled = {.tensor = t, .place = child, .each = fetched};
  add_ops(it, &sent, &filled, parent, child);
  leg->energy_pj += (leg->child_pj + leg->parent_pj) * fetched;
  leg->read *= fetched;
  leg->write *= fetched;
  leg->fill *= fetched;
}

/* Words over links are those of the place right below, kept there or not. */
static void set_hops(cds_tl_layout *it, unsigned t, unsigned place,
                     double fetched) {
  const cds_tl_space *space = it->space;
  const unsigned level = place - 1;
  const cds_tl_spread *spread = it->spread[level];
  cds_tl_leg *leg = &it->leg[t][place];
  it->hops[level][t] = spread == NULL ? 0 : spread->hops[t];
  *leg = (cds_tl_leg){0};
  if (spread != NULL && spread->units > 1 &&
      cds_tl_has_links(space, (unsigned)space->below[level])) {
    leg->hops_pj = (space->window[t] ? 1 : fetched) * it->used[level] *
                   net_bits(space, level, t) *
                   space->arch->array[space->below[level]].bit_pj;
    leg->energy_pj = space->window[t] ? 0 : leg->hops_pj * spread->hops[t];
  }
}

/* An instance fetches each position of its whole axes at least: see
 * timeloop_slide.c. */
static double least_words(const cds_tl_layout *it, unsigned t, unsigned place) {
  const cds_tl_space *space = it->space;
  double words = 1;
  for (unsigned a = 0; a < space->axes[t]; a++) {
    if (space->axis[t][a].terms != 1) {
      continue;
    }
    const unsigned d = space->axis[t][a].dim[0];
    words *= (double)space->dim[d].divisor[space->dim[d].count - 1];
    for (unsigned l = 0; l < place; l++) {
      if (it->spread[l] != NULL) {
        words /= (double)cds_tl_value(space, &it->spread[l]->at, d);
      }
    }
  }
  return words;
}

static void set_tensor(cds_tl_layout *it, unsigned t) {
  const cds_tl_space *space = it->space;
  unsigned parent = 0;
  double fetched = space->words[t]; /* of a place, in one pass */
  for (unsigned place = 1; place < space->levels; place++) {
    fetched /= has_of(it, place - 1, t);
    set_hops(it, t, place, fetched);
    if ((it->kept[place] >> t & 1U) == 0) {
      continue;
    }
    set_leg(it, t, parent, place, fetched);
    it->leg[t][place].least =
        fmax(0, least_words(it, t, place) - cds_tl_rounded(&it->leg[t][place]));
    if (t == space->output) {
      add_elisions(it, parent, place);
    }
    parent = place;
  }
  set_compute(it, t, parent);
  if (t == space->output) {
    add_elisions(it, parent, space->levels);
  }
}

static bool set_spreads(cds_tl_layout *it,
                        cds_tl_spread *const spread[CDS_ARRAYS_MAX]) {
  const cds_tl_space *space = it->space;
  const cds_arch *arch = space->arch;
  double used = 1;
  it->leak_pj = 0;
  memset(&it->below[space->levels], 0, sizeof it->below[0]);
  for (unsigned l = 0; l < space->levels; l++) {
    it->spread[l] = space->below[l] < 0 ? NULL : spread[space->below[l]];
    it->used[l] = used;
    it->leak_pj +=
        cds_level_standing_w(&arch->level[l]) * 1e12 / arch->clock_hz * used;
    used *= it->spread[l] == NULL ? 1 : it->spread[l]->units;
  }
  it->used[space->levels] = used;
  it->steps = space->macs / used;
  /* below[c]: spreads of the arrays below levels c and further in. */
  for (unsigned l = space->levels; l-- > 0;) {
    it->below[l] = it->below[l + 1];
    for (unsigned d = 0; d < space->dims && it->spread[l] != NULL; d++) {
      it->below[l].at[d] = cds_tl_product(&space->dim[d], it->below[l].at[d],
                                          it->spread[l]->at.at[d]);
      if (it->below[l].at[d] == CDS_TL_NONE) {
        return false;
      }
    }
  }
  return true;
}

bool cds_tl_layout_set(cds_tl_layout *it, cds_tl_space *space,
                       const unsigned kept[CDS_LEVELS_MAX],
                       cds_tl_spread *const spread[CDS_ARRAYS_MAX]) {
  it->space = space;
  memcpy(it->kept, kept, sizeof it->kept);
  if (!set_spreads(it, spread)) {
    return false;
  }
  it->base_pj = space->mac_pj;
  it->handed = it->windows = it->ordered = false;
  it->ops = 0;
  memset(it->base_read, 0, sizeof it->base_read);
  memset(it->base_write, 0, sizeof it->base_write);
  for (unsigned t = 0; t < space->tensors; t++) {
    it->all[t] = 1;
    for (unsigned d = 0; d < space->dims; d++) {
      const cds_tl_dim *dim = &space->dim[d];
      if (!cds_tl_has(space, t, d)) {
        it->all[t] *= (double)dim->divisor[dim->count - 1] /
                      (double)dim->divisor[it->below[0].at[d]];
      }
    }
  }
  it->costs = 0;
  for (unsigned t = 0; t < space->tensors; t++) {
    set_tensor(it, t);
    for (unsigned c = 1; c <= space->levels; c++) {
      const cds_tl_leg *leg = &it->leg[t][c];
      const bool slides = space->window[t] && leg->any && c < space->levels;
      if (slides || leg->energy_pj > 0 || leg->read > 0 || leg->write > 0 ||
          leg->fill > 0) {
        it->cost[it->costs].tensor = (unsigned char)t;
        it->cost[it->costs++].place = (unsigned char)c;
      }
    }
  }
  return true;
}

cds_status cds_tl_layout_open(cds_tl_layout *layout, cds_tl_space *space) {
  cds_tl_spread *spread[CDS_ARRAYS_MAX] = {NULL};
  unsigned kept[CDS_LEVELS_MAX];
  bool all = true;
  for (unsigned l = 0; l < space->levels; l++) {
    if (layout->spread[l] != NULL) {
      const unsigned array = (unsigned)space->below[l];
      spread[array] = layout->spread[l];
      all = all && layout->spread[l]->divisions > 0;
      CDS_TRY(cds_tl_spread_open(space, array, layout->spread[l]));
    }
  }
  memcpy(kept, layout->kept, sizeof kept);
  return all || cds_tl_layout_set(layout, space, kept, spread) ? CDS_OK
                                                               : CDS_EINTERNAL;
}

/* ---- sums ---------------------------------------------------------------- */

/* Words of an instance by tensor: read, and written. */
typedef struct port_words {
  double read[CDS_TENSORS_MAX], write[CDS_TENSORS_MAX];
} port_words;

/* time_level of price/timeloop.c, operation by operation: words that are less
 * give cycles that are not more, with its rounding. */
static double port_cycles(const cds_tl_layout *layout, unsigned l,
                          const port_words *words) {
  const cds_tl_space *space = layout->space;
  double reads = 0;
  double writes = 0;
  for (unsigned t = 0; t < space->tensors; t++) {
    reads += words->read[t] / layout->steps;
    writes += words->write[t] / layout->steps;
  }
  double slowdown = 1;
  if (reads > 0) {
    slowdown = fmin(slowdown, space->bandwidth[l][0] / reads);
  }
  if (writes > 0) {
    slowdown = fmin(slowdown, space->bandwidth[l][1] / writes);
  }
  if (reads + writes > 0) {
    slowdown = fmin(slowdown, space->bandwidth[l][2] / (reads + writes));
  }
  return slowdown < 1 ? ceil(layout->steps / slowdown) : layout->steps;
}

/* Ports that are far from busy take no exact look. */
static double all_cycles(const cds_tl_layout *layout,
                         const port_words words[CDS_LEVELS_MAX]) {
  const cds_tl_space *space = layout->space;
  const double idle = layout->steps * (1 - 1e-9);
  double cycles = layout->steps;
  for (unsigned i = 0; i < space->ports; i++) {
    const unsigned l = space->port[i].level;
    double reads = 0;
    double writes = 0;
    for (unsigned t = 0; t < space->tensors; t++) {
      reads += words[l].read[t];
      writes += words[l].write[t];
    }
    if (reads * space->port[i].cycles[0] > idle ||
        writes * space->port[i].cycles[1] > idle ||
        (reads + writes) * space->port[i].cycles[2] > idle) {
      const double mine = port_cycles(layout, l, &words[l]);
      cycles = mine > cycles ? mine : cycles;
    }
  }
  return cycles;
}

double cds_tl_rounding(double *cycles, const cds_tl_layout *layout,
                       const cds_tl_row *row) {
  const cds_tl_space *space = layout->space;
  port_words words[CDS_LEVELS_MAX];
  double pj = 0;
  memset(words, 0, space->levels * sizeof *words);
  for (unsigned i = 0; i < layout->ops; i++) {
    const cds_tl_op *op = &layout->op[i];
    const double exact =
        op->constant + op->each * row[op->place].passes[op->tensor];
    const double count = floor(exact + 0.5);
    const double accesses = exact / op->block;
    const double rest = ceil(accesses * (1 - 1e-12)) - accesses;
    pj += rest > 0 ? rest * op->access_pj : 0;
    *(op->write ? &words[op->level].write[op->tensor]
                : &words[op->level].read[op->tensor]) +=
        count * space->scale[op->level][op->tensor];
  }
  if (!space->windows) {
    *cycles = fmax(*cycles, all_cycles(layout, words));
  }
  return pj;
}

/* Words that come to whole numbers, whatever sums of products make of them. */
static double at_least(double words) { return ceil(words * (1 - 1e-12)); }

/* Of a tensor with windows. */
static void add_slide(cds_tl_total *total, port_words *words,
                      const cds_tl_space *space, const cds_tl_leg *leg,
                      unsigned t, const cds_tl_fetch *slide) {
  const cds_tl_fetch least = {
      leg->least, leg->linked ? 0 : leg->least,
      leg->least * (leg->child_pj + (leg->linked ? 0 : leg->parent_pj)), 0, 0};
  const cds_tl_fetch *of = slide == NULL ? &least : slide;
  total->pj += of->pj;
  if (space->busy[leg->child]) {
    words[leg->child].write[t] += leg->fill * of->words;
  }
  if (space->busy[leg->parent]) {
    words[leg->parent].read[t] += leg->read * of->sent;
  }
}

/* Passes of a leg at least: see cds_tl_total_of. */
static double passes_of(const cds_tl_layout *layout, const cds_tl_row *row,
                        unsigned t, unsigned place, unsigned known,
                        unsigned stays) {
  if (place <= known) {
    return row[place].passes[t];
  }
  const bool limited =
      place == layout->space->levels && t != stays && stays < CDS_TENSORS_MAX;
  return limited ? layout->all[t] : row[known].passes[t];
}

cds_tl_total cds_tl_energy_of(const cds_tl_layout *layout,
                              const cds_tl_row *row, unsigned known,
                              unsigned stays, unsigned split) {
  const cds_tl_space *space = layout->space;
  cds_tl_total total = {layout->base_pj, layout->steps, layout->base_pj};
  for (unsigned i = 0; i < layout->costs; i++) {
    const unsigned t = layout->cost[i].tensor;
    const unsigned place = layout->cost[i].place;
    const cds_tl_leg *leg = &layout->leg[t][place];
    double pj = 0;
    if (!space->window[t]) {
      pj = leg->energy_pj * passes_of(layout, row, t, place, known, stays);
    } else if (place <= known) {
      pj = row[place].slide[t].pj;
    } else {
      pj = leg->least * (leg->child_pj + (leg->linked ? 0 : leg->parent_pj));
    }
    total.pj += pj;
    total.outer_pj += place < split ? pj : 0;
  }
  return total;
}

cds_tl_total cds_tl_total_of(const cds_tl_layout *layout, const cds_tl_row *row,
                             unsigned known, unsigned stays, unsigned split) {
  const cds_tl_space *space = layout->space;
  port_words words[CDS_LEVELS_MAX];
  cds_tl_total total = {.pj = layout->base_pj, .outer_pj = layout->base_pj};
  for (unsigned i = 0; i < space->ports; i++) {
    const unsigned l = space->port[i].level;
    memcpy(words[l].read, layout->base_read[l], sizeof words[l].read);
    memcpy(words[l].write, layout->base_write[l], sizeof words[l].write);
  }
  for (unsigned i = 0; i < layout->costs; i++) {
    const unsigned t = layout->cost[i].tensor;
    const unsigned place = layout->cost[i].place;
    const cds_tl_leg *leg = &layout->leg[t][place];
    const bool further = place > known;
    const double before = total.pj;
    if (space->window[t]) {
      add_slide(&total, words, space, leg, t,
                further ? NULL : &row[place].slide[t]);
      total.outer_pj += place < split ? total.pj - before : 0;
      continue;
    }
    const double passes = passes_of(layout, row, t, place, known, stays);
    total.pj += leg->energy_pj * passes;
    total.outer_pj += place < split ? leg->energy_pj * passes : 0;
    if (space->busy[leg->parent]) {
      words[leg->parent].read[t] += leg->read * passes;
      words[leg->parent].write[t] += leg->write * passes;
    }
    if (space->busy[leg->child]) {
      words[leg->child].write[t] += leg->fill * passes;
    }
  }
  for (unsigned i = 0; i < space->ports; i++) {
    port_words *at = &words[space->port[i].level];
    for (unsigned t = 0; t < space->tensors; t++) {
      at->read[t] = at_least(at->read[t]);
      at->write[t] = at_least(at->write[t]);
    }
  }
  total.cycles = all_cycles(layout, words);
  return total;
}

double cds_tl_value_of(cds_tl_aim aim, double pj, double cycles) {
  double value = 1;
  for (unsigned i = 0; i < aim.energy; i++) {
    value *= pj;
  }
  for (unsigned i = 0; i < aim.time; i++) {
    value *= cycles;
  }
  return value;
}
