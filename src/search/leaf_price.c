/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The price of decided tiles and loops: the counts of src/count/count.c and the
 * price of src/price/price.c without a mapping, from the loads of each way. It
 * ranks; what ranks first is counted and priced by those modules (confirm.c),
 * and tests hold the two against each other.
 */
#include <math.h>
#include <string.h>

#include "search/descend.h"

/* Transfers of one kind into and out of a group, in bits. */
typedef struct cds_link_load {
  double way[2][2]; /* down and up; by axis. A bus: [0][0] */
} cds_link_load;

typedef struct cds_flow_bits {
  bool any;
  double parent_out[CDS_LEVELS_MAX], parent_in[CDS_LEVELS_MAX];
  double own_out[CDS_LEVELS_MAX], own_in[CDS_LEVELS_MAX];
  cds_link_load net[CDS_ARRAYS_MAX];
} cds_flow_bits;

typedef struct cds_leaf_job {
  const cds_descent *job;
  const cds_general *general;
  const cds_layout *layout;
  double dynamic_pj;
  /* On the busiest instance */
  double read[CDS_LEVELS_MAX], update[CDS_LEVELS_MAX];
  double fill[CDS_LEVELS_MAX], drain[CDS_LEVELS_MAX];
  cds_link_load net[CDS_ARRAYS_MAX];
  double bond[CDS_BONDS_MAX];
  double need[CDS_LEVELS_MAX];      /* capacity */
  cds_flow_bits apart, first, last; /* of the group at hand */
  double apart_cycles[CDS_GROUPS_MAX + 1];
  double edge_cycles; /* first fills and last drains */
  /* Of the output */
  double zero, zero_peak;
  bool complete;
  double output_fills;       /* of its last holder */
  double tile_words, copies; /* of its last holder's tile */
  /* Words that an element right below each array takes in or gives up. */
  double shifted[CDS_ARRAYS_MAX];
} cds_leaf_job;

static void charge(cds_leaf_job *it, unsigned level, cds_action action,
                   double words, unsigned bits) {
  if (words > 0) {
    it->dynamic_pj += cds_words_energy(&it->general->arch->level[level], action,
                                       (uint64_t)(words + 0.5), bits);
  }
}

static void cross(cds_leaf_job *it, unsigned from, unsigned to, double bits) {
  if (from == to) {
    return;
  }
  const cds_arch *arch = it->general->arch;
  it->dynamic_pj += bits * it->general->die_bit_pj[from][to];
  const uint32_t crossed = cds_arch_bonds_between(arch, from, to);
  for (unsigned b = 0; b < arch->bonds; b++) {
    it->bond[b] += (crossed >> b & 1U) != 0 ? bits : 0;
  }
}

static bool is_level(const cds_leaf_job *it, const cds_leg *way) {
  return way->child < it->general->arch->levels;
}

static unsigned child_die(const cds_leaf_job *it, const cds_leg *way) {
  const cds_arch *arch = it->general->arch;
  return is_level(it, way) ? arch->level[way->child].die : arch->compute.die;
}

static bool is_bus(const cds_leaf_job *it, unsigned k) {
  return it->general->arch->array[k].network == CDS_NETWORK_BUS;
}

/* Loads the busiest links of network k with bits that enter one network; of
 * windows that are spread over links, with what is known to pass: at least. */
static void load_links(cds_link_load *load, const cds_leaf_job *it, unsigned k,
                       const cds_leg *way, double bits, bool simple) {
  if (is_bus(it, k)) {
    load->way[0][0] += bits;
    return;
  }
  for (unsigned x = 0; x < 2; x++) {
    load->way[way->tensor == it->general->output ? 1 : 0][x] +=
        bits * cds_layout_peak(it->layout, way, k, x, simple);
  }
}

static void load_back(cds_link_load *load, const cds_leaf_job *it, unsigned k,
                      double bits) {
  const cds_spread *spread = it->layout->spread[k];
  load->way[0][0] += bits * (is_bus(it, k) ? 1 : spread->peak_back[0]);
  load->way[0][1] += is_bus(it, k) ? 0 : bits * spread->peak_back[1];
}

static double link_cycles(const cds_link_load *load, const cds_array *array) {
  const double down = fmax(load->way[0][0], load->way[0][1]);
  const double up = fmax(load->way[1][0], load->way[1][1]);
  return fmax(down, up) / array->bandwidth;
}

/* Copies of the tile that the child of a way holds. */
static double copies(const cds_leaf_job *it, const cds_leg *way) {
  const cds_general *general = it->general;
  if (general->arch->overlap != CDS_OVERLAP_NATIVE ||
      general->arch->level[way->child].buffering != CDS_BUFFER_DOUBLE) {
    return 1;
  }
  for (unsigned i = 0; i < it->job->frame[way->group].loops; i++) {
    if (!cds_lacks(general, it->job->loop[i].dim, way->tensor)) {
      return 2;
    }
  }
  return 1;
}

/* Notes words that an element of the array right above the child takes in or
 * gives up. */
static void shift(cds_leaf_job *it, const cds_leg *way, double words) {
  if (way->depth > 0) {
    it->shifted[way->depth - 1] += words;
  }
}

/* ---- operands -------------------------------------------------------- */

/* Words that enter the networks from array k on; the first of them, in a run.
 */
static double entering(const cds_leaf_job *it, const cds_leg *way, unsigned k,
                       double *first) {
  const cds_general *general = it->general;
  const cds_layout *layout = it->layout;
  const bool level = is_level(it, way);
  double apart = 1; /* spreads without multicast */
  for (unsigned b = k; b < way->depth; b++) {
    if (!general->arch->array[b].multicast) {
      apart *= layout->spread[b]->units;
    }
  }
  double loads = 0;
  const bool sliding = general->tensor[way->tensor].windows > 0;
  loads = cds_loads_of(first, it->job, way->tensor, way->group, k);
  *first *= apart;
  if (!level) {
    loads = *first * (general->macs / layout->units);
    *first = 0;
    return loads * layout->used[k];
  }
  if (!sliding) {
    const double hoisted =
        it->job->frame[way->group].passes.hoisted[way->tensor];
    loads = general->tensor[way->tensor].words * hoisted *
            layout->lacking[way->tensor][k];
    for (unsigned b = k; b < way->depth; b++) {
      loads *= general->arch->array[b].multicast
                   ? 1
                   : layout->spread[b]->lacking[way->tensor];
    }
    return loads;
  }
  return loads * apart * layout->used[k] * general->homes.runs;
}

static void move_operand(cds_leaf_job *it, unsigned w) {
  const cds_general *general = it->general;
  const cds_layout *layout = it->layout;
  const cds_arch *arch = general->arch;
  const cds_leg *way = &layout->chain->way[w];
  const unsigned bits = general->tensor[way->tensor].bits;
  const bool level = is_level(it, way);
  const double fills = level ? it->job->loads[w] : general->macs;
  const double tile = level ? it->job->tile[way->group]->words[way->tensor] : 0;
  const bool simple =
      !level || cds_leg_known_simple(layout, w, it->job->tile[way->group]);
  double above = fills;
  double first = tile;
  unsigned die = child_die(it, way);
  cds_flow_bits *flow = NULL;
  if (level) {
    flow = cds_hides_nothing(general, way->child) ? &it->apart : &it->first;
    flow->any = true;
  }
  for (unsigned k = way->depth; k-- > way->top;) {
    cross(it, arch->array[k].die, die, above * bits);
    die = arch->array[k].die;
    above = entering(it, way, k, &first);
    const cds_links links = cds_leg_links(layout, way, k, simple);
    it->dynamic_pj += (above * links.entering + fills * links.each) * bits *
                      arch->array[k].bit_pj;
    const double each = above / layout->used[k] * bits;
    load_links(&it->net[k], it, k, way, each, simple);
    if (flow != NULL) {
      load_links(&flow->net[k], it, k, way,
                 flow == &it->apart ? each : first * bits,
                 simple || flow == &it->first);
    }
  }
  cross(it, arch->level[way->parent].die, die, above * bits);
  charge(it, way->parent, CDS_READ, above, bits);
  const double out = above / layout->used[way->top] * bits;
  it->read[way->parent] += out;
  if (!level) {
    return;
  }
  charge(it, way->child, CDS_FILL, fills, bits);
  shift(it, way, fills / layout->used[way->depth]);
  it->need[way->child] += tile * bits * copies(it, way);
  const double own = fills / layout->used[way->depth] * bits;
  it->fill[way->child] += own;
  const bool all = flow == &it->apart;
  flow->parent_out[way->parent] += all ? out : first * bits;
  flow->own_in[way->child] += all ? own : tile * bits;
}

/* ---- output ---------------------------------------------------------- */

typedef struct cds_output_move {
  const cds_leg *way;
  double drains, drains_peak, fills, fills_peak;
  double updates, results;
  double apart; /* instances that have sums of one word apart */
  bool through, complete;
} cds_output_move;

/* Of the arrays first .. last - 1: see cds_arch. */
static double sums_apart(const cds_leaf_job *it, const cds_leg *way,
                         unsigned first, unsigned last) {
  const cds_arch *arch = it->general->arch;
  double apart = 1;
  if (!arch->sums_apart || arch->level[way->parent].accumulate) {
    return 1;
  }
  for (unsigned k = first; k < last; k++) {
    apart *= arch->array[k].reduction
                 ? 1
                 : it->layout->spread[k]->lacking[it->general->output];
  }
  return apart;
}

static double two_bits(const cds_leaf_job *it, double words, double results) {
  const cds_operand_shape *shape = &it->general->tensor[it->general->output];
  return results * shape->bits + (words - results) * shape->wide;
}

static void charge_two(cds_leaf_job *it, unsigned level, cds_action action,
                       double words, double results) {
  const cds_operand_shape *shape = &it->general->tensor[it->general->output];
  charge(it, level, action, results, shape->bits);
  charge(it, level, action, words - results, shape->wide);
}

/* Networks and bonds from the child up, and back. */
static void carry_output(cds_leaf_job *it, cds_output_move *move,
                         cds_flow_bits *flow) {
  const cds_layout *layout = it->layout;
  const cds_arch *arch = it->general->arch;
  const cds_leg *way = move->way;
  const unsigned t = it->general->output;
  const cds_operand_shape *shape = &it->general->tensor[t];
  const double back = move->fills * shape->wide;
  double words = move->drains;
  double results = move->complete ? it->general->results : 0;
  double last = is_level(it, way) ? it->job->tile[way->group]->words[t] : 0;
  bool merged = true;
  double groups = 1; /* of instances that read back apart, above array k */
  for (unsigned k = way->top; k < way->depth; k++) {
    groups *= layout->spread[k]->units / layout->spread[k]->lacking[t] *
              sums_apart(it, way, k, k + 1);
  }
  unsigned die = child_die(it, way);
  for (unsigned k = way->depth; k-- > way->top;) {
    const cds_array *array = &arch->array[k];
    const double lacking = layout->spread[k]->lacking[t];
    cross(it, array->die, die, back + two_bits(it, words, results));
    die = array->die;
    const double below = words;
    words = array->reduction ? words / lacking : words;
    merged = merged && (array->reduction || lacking == 1);
    last *= array->reduction ? layout->spread[k]->units / lacking
                             : layout->spread[k]->units;
    results = move->through && merged && layout->lacking[t][k] == 1
                  ? it->general->results
                  : 0;
    groups /=
        layout->spread[k]->units / lacking * sums_apart(it, way, k, k + 1);
    /* On links results keep the bits of sums until the port. */
    const double ready = is_bus(it, k) || below == words ? results : 0;
    const double used = layout->used[k];
    const double up = two_bits(it, words / used, ready / used);
    const double down = move->fills_peak / groups * shape->wide;
    it->dynamic_pj +=
        (back * layout->spread[k]->hops_back +
         two_bits(it, words, ready) * layout->spread[k]->hops[t]) *
            array->bit_pj +
        (below - words) * array->add_pj;
    load_links(&it->net[k], it, k, way, up, false);
    load_back(&it->net[k], it, k, down);
    if (flow == &it->apart) {
      load_links(&flow->net[k], it, k, way, up, false);
      load_back(&flow->net[k], it, k, down);
    } else if (flow != NULL) {
      load_links(&flow->net[k], it, k, way,
                 last * (ready > 0 ? shape->bits : shape->wide), false);
    }
  }
  cross(it, arch->level[way->parent].die, die,
        back + two_bits(it, words, results));
  move->updates = words;
  move->results = results;
  if (flow == &it->last) {
    flow->parent_in[way->parent] +=
        last * (it->complete ? shape->bits : shape->wide);
  }
}

static void note_apart(cds_leaf_job *it, const cds_output_move *move) {
  const cds_layout *layout = it->layout;
  const cds_leg *way = move->way;
  const double wide = it->general->tensor[it->general->output].wide;
  const double used = layout->used[way->top];
  const bool array = way->top < way->depth;
  it->apart.parent_out[way->parent] += move->fills_peak * wide;
  const double results =
      array ? move->results : (move->complete ? it->general->results : 0);
  it->apart.parent_in[way->parent] +=
      two_bits(it, move->updates / used, results / used);
}

static void move_output(cds_leaf_job *it, unsigned w) {
  const cds_general *general = it->general;
  const cds_layout *layout = it->layout;
  const cds_leg *way = &layout->chain->way[w];
  const unsigned t = general->output;
  const cds_operand_shape *shape = &general->tensor[t];
  const bool level = is_level(it, way);
  const bool adds = general->arch->level[way->parent].accumulate;
  const double used = layout->used[way->depth];
  const double top = layout->used[way->top];
  cds_output_move move = {.way = way,
                          .drains = level ? it->job->loads[w] : general->macs};
  move.apart = sums_apart(it, way, way->top, way->depth);
  const double lacked =
      layout->lacking[t][way->depth] / layout->lacking[t][way->top];
  const double visits = move.drains / lacked * move.apart;
  const double groups = used / top / lacked * move.apart;
  const double zero = it->zero * move.apart;
  const double zero_peak = it->zero_peak * move.apart;
  move.drains_peak = move.drains / used;
  move.fills = adds ? 0 : visits - zero;
  move.fills_peak = adds ? 0 : visits / top - zero_peak;
  move.through = it->complete && (!adds || visits == general->results);
  move.complete = move.through && layout->lacking[t][way->depth] == 1;
  cds_flow_bits *flow = NULL;
  if (level) {
    flow = cds_hides_nothing(general, way->child) ? &it->apart : &it->last;
    flow->any = true;
  }
  carry_output(it, &move, flow);
  const double reads = move.updates - zero;
  const double results = it->complete ? general->results : 0;
  charge_two(it, way->parent, CDS_UPDATE, move.updates, results);
  charge(it, way->parent, CDS_READ, reads, shape->wide);
  it->update[way->parent] += two_bits(it, move.updates / top, results / top);
  it->read[way->parent] += (move.updates / top - zero_peak) * shape->wide;
  const bool partial = move.updates > results || it->output_fills > 0;
  it->need[way->parent] +=
      it->tile_words * (partial ? shape->wide : shape->bits) * it->copies;
  if (level) {
    const double ready = move.complete ? general->results : 0;
    charge_two(it, way->child, CDS_DRAIN, move.drains, ready);
    charge(it, way->child, CDS_FILL, move.fills, shape->wide);
    const bool direct =
        way->depth > 0 && general->arch->array[way->depth - 1].drains_direct;
    shift(it, way, move.fills_peak / groups + (direct ? 0 : move.drains_peak));
    const double out = two_bits(it, move.drains_peak, ready / used);
    const double in = move.fills_peak / groups * shape->wide;
    it->drain[way->child] += out;
    it->fill[way->child] += in;
    it->output_fills = move.fills;
    it->copies = copies(it, way);
    it->tile_words = it->job->tile[way->group]->words[t];
    if (flow == &it->apart) {
      flow->own_out[way->child] += out;
      flow->own_in[way->child] += in;
      note_apart(it, &move);
    } else {
      flow->own_out[way->child] += it->job->tile[way->group]->words[t] *
                                   (ready > 0 ? shape->bits : shape->wide);
    }
  }
  it->zero = move.drains - move.fills;
  it->zero_peak = move.drains_peak - move.fills_peak / groups;
  it->complete = move.complete;
}

/* ---- time ------------------------------------------------------------ */

static double flow_cycles(cds_flow_bits *flow, const cds_arch *arch) {
  double cycles = 0;
  if (!flow->any) {
    return 0;
  }
  for (unsigned l = 0; l < arch->levels; l++) {
    const cds_level *level = &arch->level[l];
    const double parent =
        cds_port_cycles(level, flow->parent_out[l], flow->parent_in[l]);
    const double own =
        cds_port_cycles(level, flow->own_out[l], flow->own_in[l]);
    cycles = fmax(cycles, fmax(parent, own));
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    cycles = fmax(cycles, link_cycles(&flow->net[k], &arch->array[k]));
  }
  memset(flow, 0, sizeof *flow);
  return cycles;
}

static double level_roof(const cds_leaf_job *it, unsigned level) {
  double out = it->read[level];
  double in = it->update[level];
  if (!(level > 0 && cds_hides_nothing(it->general, level))) {
    out += it->drain[level];
    in += it->fill[level];
  }
  return cds_port_cycles(&it->general->arch->level[level], out, in);
}

/* How often a tile right below array k is another one; 0: nothing is held. */
static double passes_below(const cds_leaf_job *it, unsigned k) {
  const cds_general *general = it->general;
  double passes = 0;
  for (unsigned g = 1; g <= general->groups; g++) {
    if (general->group[g].depth != k + 1) {
      continue;
    }
    const unsigned held =
        cds_chain_holding(general, it->layout->chain, g)->held;
    double here = held != 0 ? 1 : 0;
    double all = 1; /* trips of the loops so far */
    for (unsigned i = 0; held != 0 && i < it->job->frame[g].loops; i++) {
      const cds_loop *loop = &it->job->loop[i];
      all *= (double)loop->trips;
      here = (held & ~general->dim[loop->dim].lacks) != 0 ? all : here;
    }
    passes = fmax(passes, here);
  }
  return passes * general->homes.runs;
}

/* Cycles between the passes of arrays that run them apart, and the skew of
 * those that have no passes because nothing is held below them. */
static double between_passes(double *skew, const cds_leaf_job *it) {
  double cycles = 0;
  *skew = 0;
  for (unsigned k = 0; k < it->general->arch->arrays; k++) {
    const cds_array *array = &it->general->arch->array[k];
    if (!array->passes_apart) {
      continue;
    }
    const double passes = passes_below(it, k);
    if (cds_passes_apart(array, passes)) {
      cycles += cds_pass_cycles(array, passes, it->shifted[k]);
    } else {
      *skew += it->layout->spread[k]->corner_cycles;
    }
  }
  return cycles;
}

static double total_cycles(const cds_leaf_job *it) {
  const cds_general *general = it->general;
  const cds_arch *arch = general->arch;
  double skew = 0;
  double cycles = it->layout->compute_cycles + between_passes(&skew, it);
  for (unsigned g = general->groups + 1; g-- > 0;) {
    const cds_group_levels *group = &general->group[g];
    for (unsigned l = group->first + group->levels; l-- > group->first;) {
      cycles = fmax(cycles, level_roof(it, l));
    }
    cycles += it->apart_cycles[g];
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    cycles = fmax(cycles, link_cycles(&it->net[k], &arch->array[k]));
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    cycles = fmax(cycles, it->bond[b] / arch->bond[b].bandwidth);
  }
  return cycles + it->edge_cycles + it->layout->skew_cycles + skew;
}

/* What comes to the homes at levels of a group and goes from there: first fills
 * and last drains once in all runs. */
static void move_homes(cds_leaf_job *it, unsigned group) {
  const cds_general *general = it->general;
  for (unsigned t = 0; t < general->tensors; t++) {
    const cds_home_bits *home = &general->homes.tensor[t];
    if (general->home_group[t] != group || home->down + home->up <= 0) {
      continue;
    }
    const bool output = t == general->output;
    const bool apart = cds_hides_nothing(general, home->level);
    const double once = home->once / general->homes.runs;
    cds_flow_bits *flow = apart ? &it->apart : output ? &it->last : &it->first;
    flow->any = true;
    flow->parent_out[0] += apart ? home->down : output ? 0 : once;
    flow->parent_in[0] += apart ? home->up : output ? once : 0;
    flow->own_in[home->level] += apart ? home->down : output ? 0 : once;
    flow->own_out[home->level] += apart ? home->up : output ? once : 0;
    it->read[0] += home->down;
    it->update[0] += home->up;
    it->fill[home->level] += home->down;
    it->drain[home->level] += home->up;
  }
}

/* Energy is in general->base_pj. */
static void begin_homes(cds_leaf_job *it) {
  const cds_general *general = it->general;
  const cds_arch *arch = general->arch;
  const cds_stage *stage = general->einsum->stage;
  for (unsigned l = 0; stage != NULL && l < arch->levels; l++) {
    it->need[l] = (double)stage->taken_bits[l];
  }
  for (unsigned t = 0; t < general->output; t++) {
    const cds_home_bits *home = &general->homes.tensor[t];
    it->need[home->level] +=
        home->words * general->tensor[t].bits * home->copies;
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    it->bond[b] = general->homes.bond_bits[b];
  }
  const cds_home_bits *home = &general->homes.tensor[general->output];
  it->tile_words = home->words;
  it->copies = home->copies;
  it->output_fills = home->down;
}

static bool all_fit(const cds_leaf_job *it) {
  const cds_general *general = it->general;
  const cds_arch *arch = general->arch;
  for (unsigned l = 0; l < arch->levels; l++) {
    if (it->need[l] > (double)arch->level[l].size_bits &&
        !(l == 0 && arch->level[0].streamed)) {
      return false;
    }
  }
  return true;
}

void cds_leaf_price(double *dynamic_pj, double *cycles, bool *fits,
                    const cds_descent *job) {
  const cds_general *general = job->general;
  const cds_chain *chain = job->layout.chain;
  cds_leaf_job it;
  memset(&it, 0, sizeof it);
  it.job = job;
  it.general = general;
  it.layout = &job->layout;
  it.dynamic_pj = general->base_pj;
  it.zero = it.zero_peak = general->results;
  it.complete = true;
  begin_homes(&it);
  const bool native = general->arch->overlap == CDS_OVERLAP_NATIVE;
  for (unsigned g = 1; g <= general->groups + 1; g++) {
    if (general->homes.moves) {
      move_homes(&it, g);
    }
    for (unsigned w = chain->first_way[g]; w < chain->first_way[g + 1]; w++) {
      if (chain->way[w].tensor == general->output) {
        move_output(&it, w);
      } else {
        move_operand(&it, w);
      }
    }
    if (g <= general->groups) {
      it.apart_cycles[g] = flow_cycles(&it.apart, general->arch);
      const double edges = flow_cycles(&it.first, general->arch) +
                           flow_cycles(&it.last, general->arch);
      it.edge_cycles += native ? edges * general->homes.runs : 0;
    }
  }
  *dynamic_pj = it.dynamic_pj;
  *cycles = total_cycles(&it);
  *fits = all_fit(&it);
}
