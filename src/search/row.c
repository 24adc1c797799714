/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The counts of src/count specialised to a tensor whose axes are single ranks,
 * with a tile in each of `all` passes and instances (`one` of them in time)
 * over the class that it lacks. For an edge from parent p to child q: loads,
 * summed over instances   W all between p and q lies the array: united over it
 * W one, else summed W all The rules for outputs are those of
 * src/count/count.c. tests check that rows add up to cds_count and cds_price on
 * random mappings.
 */
#include "search/row.h"

#include <string.h>

#include "spec/stage.h"

/* An edge of the chain of holders of one tensor. */
typedef struct cds_link {
  unsigned parent, child; /* memory levels; child CDS_STEPS: compute */
  cds_passes passes;      /* over the class, above the child */
  bool between;           /* the array lies between */
} cds_link;

typedef struct cds_row_job {
  cds_row *row;
  const cds_problem *problem;
  unsigned tensor;
  bool fluid;         /* parts of an access count */
  cds_row_bits *bits; /* NULL: not asked; of fluid rows only */
} cds_row_job;

/* Energy in a kind of die; bonds have a part in each of two. */
static void note_die(cds_row_job *job, unsigned die, double plain_pj) {
  const unsigned slot = job->problem->die_slot[die];
  if (slot < CDS_SEARCH_DIES) {
    job->row->die_pj[slot] += plain_pj;
  }
}

static void spend(cds_row_job *job, unsigned die, double pj) {
  job->row->energy_pj += pj;
  if (job->problem->dies > 0) {
    note_die(job, die, pj / job->problem->arch->roof.weight[die]);
  }
}

static void spend_bond(cds_row_job *job, const cds_bond *bond, double pj) {
  job->row->energy_pj += pj;
  if (job->problem->dies > 0) {
    const double *weight = job->problem->arch->roof.weight;
    const double half = pj / (weight[bond->lower] + weight[bond->upper]);
    note_die(job, bond->lower, half);
    note_die(job, bond->upper, half);
  }
}

static void charge(cds_row_job *job, unsigned level, cds_action action,
                   uint64_t words, unsigned bits) {
  const cds_level *at = &job->problem->arch->level[level];
  if (job->fluid) {
    const double moved = cds_words_bits(words, bits);
    spend(job, at->die, moved * cds_level_bit_pj(at, action));
    if (job->bits != NULL) {
      job->bits->access[level][action] += moved;
    }
    return;
  }
  spend(job, at->die, cds_words_energy(at, action, words, bits));
}

static unsigned child_die(const cds_problem *problem, unsigned child) {
  return child == CDS_STEPS ? problem->arch->compute.die
                            : problem->arch->level[child].die;
}

static void charge_hop(cds_row_job *job, unsigned from, unsigned to,
                       double bits) {
  if (from == to) {
    return;
  }
  const cds_arch *arch = job->problem->arch;
  const uint32_t crossed = cds_arch_bonds_between(arch, from, to);
  for (unsigned b = 0; b < arch->bonds; b++) {
    if ((crossed >> b & 1U) != 0) {
      spend_bond(job, &arch->bond[b],
                 bits * arch->bond[b].crossings * arch->bond[b].bit_pj);
      if (job->bits != NULL) {
        job->bits->bond[b] += bits;
      }
    }
  }
  for (unsigned b = 0; b < job->problem->bonds; b++) {
    if ((crossed >> job->problem->bond[b] & 1U) != 0) {
      job->row->bond[b] += bits;
    }
  }
}

/* Network and bonds of an edge: bits on the network (0 when the array is not
 * between), bits at the child. */
static void charge_way(cds_row_job *job, const cds_link *link, double net_bits,
                       double child_bits) {
  const cds_arch *arch = job->problem->arch;
  const unsigned from = arch->level[link->parent].die;
  const unsigned to = child_die(job->problem, link->child);
  if (!link->between) {
    charge_hop(job, from, to, child_bits);
    return;
  }
  spend(job, arch->array[0].die, net_bits * arch->array[0].bit_pj);
  job->row->net += net_bits;
  if (link->child < CDS_STEPS) {
    job->row->edge_net[link->child] += net_bits;
  }
  charge_hop(job, from, arch->array[0].die, net_bits);
  charge_hop(job, arch->array[0].die, to, child_bits);
}

static void note_parent(cds_row_job *job, const cds_link *link, double out,
                        double in) {
  if (link->child == CDS_STEPS) {
    return;
  }
  job->row->parent[link->child] = link->parent;
  job->row->parent_scaled[link->child] = job->problem->below[link->parent];
  job->row->parent_out[link->child] = out;
  job->row->parent_in[link->child] = in;
}

static void operand_edge(cds_row_job *job, const cds_link *link) {
  const cds_problem *problem = job->problem;
  const unsigned bits = problem->einsum->tensor[job->tensor].format.bits;
  const uint64_t united = problem->moved[job->tensor] * link->passes.one;
  const uint64_t fills = problem->moved[job->tensor] * link->passes.all;
  uint64_t reads = fills;
  if (link->between && problem->arch->array[0].multicast) {
    reads = united;
  }
  charge(job, link->parent, CDS_READ, reads, bits);
  /* On one instance under the array: united, less the other spreads. */
  const double read_bits =
      cds_words_bits(problem->below[link->parent] ? united : reads, bits);
  job->row->read[link->parent] += read_bits;
  if (link->child < CDS_STEPS) {
    charge(job, link->child, CDS_FILL, fills, bits);
    job->row->fill[link->child] += cds_words_bits(united, bits);
  }
  charge_way(job, link, cds_words_bits(reads, bits),
             cds_words_bits(fills, bits));
  note_parent(job, link, read_bits, 0);
}

/* Zero starts by level, summed and of the busiest instance. */
typedef struct cds_zero_starts {
  uint64_t all[CDS_STEPS], unit[CDS_STEPS];
} cds_zero_starts;

static uint64_t less(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

/* State along the output's chain, as in count.c. `unit` values are those of
 * the busiest instance, times the other spreads under the array. */
typedef struct cds_output_state {
  uint64_t zero_starts, unit_zero_starts;
  /* Floors: zero starts at each level, of the largest multiplicities; NULL
   * for a row itself. */
  const struct cds_zero_starts *most;
  uint64_t fills; /* into the parent: partial sums that came back */
  bool complete;
} cds_output_state;

static double two_bits(uint64_t words, uint64_t results,
                       const cds_tensor *tensor) {
  return cds_words_bits(results, tensor->format.bits) +
         cds_words_bits(words - results, tensor->accumulator.bits);
}

static void charge_two(cds_row_job *job, unsigned level, cds_action action,
                       uint64_t words, uint64_t results) {
  const cds_tensor *tensor = &job->problem->einsum->tensor[job->tensor];
  charge(job, level, action, results, tensor->format.bits);
  charge(job, level, action, words - results, tensor->accumulator.bits);
}

/* What the parent sees: updates, and reads of partial sums. */
static void output_parent(cds_row_job *job, const cds_link *link,
                          const cds_output_state *state, uint64_t updates,
                          uint64_t unit_updates) {
  const cds_tensor *tensor = &job->problem->einsum->tensor[job->tensor];
  const unsigned wide = tensor->accumulator.bits;
  const uint64_t results =
      state->complete ? job->problem->words[job->tensor] : 0;
  const uint64_t reads = less(updates, state->zero_starts);
  charge_two(job, link->parent, CDS_UPDATE, updates, results);
  charge(job, link->parent, CDS_READ, reads, wide);
  job->row->update[link->parent] += two_bits(unit_updates, results, tensor);
  job->row->read[link->parent] +=
      cds_words_bits(less(unit_updates, state->unit_zero_starts), wide);
  const bool partial = updates > results || state->fills > 0;
  job->row->tile_bits[link->parent] = partial ? wide : tensor->format.bits;
  if (link->child < CDS_STEPS) {
    job->row->last_parent_bits[link->child] =
        results == 0 ? wide : tensor->format.bits;
  }
}

static void charge_adds(cds_row_job *job, double adds) {
  const cds_array *array = &job->problem->arch->array[0];
  spend(job, array->die, adds * array->add_pj);
  if (job->bits != NULL) {
    job->bits->adds += adds;
  }
}

static void output_edge(cds_row_job *job, const cds_link *link,
                        cds_output_state *state) {
  const cds_problem *problem = job->problem;
  const cds_tensor *tensor = &problem->einsum->tensor[job->tensor];
  const cds_level *parent = &problem->arch->level[link->parent];
  const uint64_t words = problem->words[job->tensor];
  const uint64_t moved = problem->moved[job->tensor];
  const uint64_t united = moved * link->passes.one;
  const bool reduces = !link->between || problem->arch->array[0].reduction;
  const uint64_t drains = moved * link->passes.all;
  const uint64_t visits = link->between ? united : drains;
  const uint64_t updates = link->between && !reduces ? drains : visits;
  const uint64_t unit_updates = problem->below[link->parent] ? united : updates;
  output_parent(job, link, state, updates, unit_updates);

  const bool through =
      state->complete && (!parent->accumulate || visits == words);
  /* The last value of a word comes from all instances of its last pass. */
  const bool alone = job->row->cut.group[link->child] == 1;
  const bool complete = through && alone;
  const uint64_t fills =
      parent->accumulate ? 0 : less(visits, state->zero_starts);
  const uint64_t unit_fills =
      parent->accumulate ? 0 : less(united, state->unit_zero_starts);
  const uint64_t ready = complete ? words : 0;
  const unsigned wide = tensor->accumulator.bits;
  if (link->child < CDS_STEPS) {
    charge_two(job, link->child, CDS_DRAIN, drains, ready);
    charge(job, link->child, CDS_FILL, fills, wide);
    job->row->drain[link->child] += two_bits(united, ready, tensor);
    job->row->fill[link->child] += cds_words_bits(unit_fills, wide);
    job->row->last_own_bits[link->child] =
        complete ? tensor->format.bits : wide;
  }
  const bool merged = through && (reduces || alone);
  const uint64_t out = merged ? words : 0;
  const double up_bits = two_bits(updates, out, tensor);
  charge_way(job, link, cds_words_bits(fills, wide) + up_bits,
             cds_words_bits(fills, wide) + two_bits(drains, ready, tensor));
  if (link->between) {
    const uint64_t adds = reduces ? moved * link->passes.shared : 0;
    charge_adds(job, (double)adds);
    if (link->child < CDS_STEPS) {
      job->row->last_net_bits[link->child] =
          merged ? tensor->format.bits : wide;
    }
  }
  const uint64_t edge_up = link->between ? updates : united;
  const uint64_t edge_ready = link->between ? out : ready;
  note_parent(job, link,
              cds_words_bits(link->between ? fills : unit_fills, wide),
              two_bits(edge_up, edge_ready, tensor));
  state->zero_starts = drains - fills;
  state->unit_zero_starts = united - unit_fills;
  if (state->most != NULL && link->child < CDS_STEPS) {
    state->zero_starts = state->most->all[link->child];
    state->unit_zero_starts = state->most->unit[link->child];
  }
  state->fills = fills;
  state->complete = complete;
}

static void add_edge(cds_row_job *job, unsigned parent, unsigned child,
                     cds_output_state *state) {
  const cds_problem *problem = job->problem;
  const cds_link link = {parent, child, job->row->cut.passes[child],
                         !problem->below[parent] && problem->below[child]};
  if (job->tensor == CDS_MATRIX - 1) {
    output_edge(job, &link, state);
  } else {
    operand_edge(job, &link);
  }
}

/* Between the outermost level and the tensor's home: as of any holder with no
 * array between it and its parent, with so many loads in the whole run. */
static void add_home_edge(cds_row_job *job, cds_output_state *state) {
  const cds_problem *problem = job->problem;
  const cds_stage *stage = problem->einsum->stage;
  if (stage == NULL || stage->home[job->tensor].loads == 0) {
    return;
  }
  const cds_tensor *tensor = &problem->einsum->tensor[job->tensor];
  const unsigned home = problem->home[job->tensor];
  const uint64_t loads = stage->home[job->tensor].loads;
  const cds_link link = {0, home, {0, 0, 0}, false};
  cds_row *row = job->row;
  if (job->tensor < CDS_MATRIX - 1) {
    const double bits = cds_words_bits(loads, tensor->format.bits);
    charge(job, 0, CDS_READ, loads, tensor->format.bits);
    charge(job, home, CDS_FILL, loads, tensor->format.bits);
    row->read[0] += bits;
    row->fill[home] += bits;
    charge_way(job, &link, 0, bits);
    note_parent(job, &link, bits, 0);
    return;
  }
  const uint64_t words = problem->words[job->tensor];
  const uint64_t back = loads - words;
  const unsigned wide = tensor->accumulator.bits;
  const double up = two_bits(loads, words, tensor);
  const double down = cds_words_bits(back, wide);
  charge_two(job, 0, CDS_UPDATE, loads, words);
  charge(job, 0, CDS_READ, back, wide);
  charge_two(job, home, CDS_DRAIN, loads, words);
  charge(job, home, CDS_FILL, back, wide);
  row->update[0] += up;
  row->read[0] += down;
  row->drain[home] += up;
  row->fill[home] += down;
  row->tile_bits[0] = back > 0 ? wide : tensor->format.bits;
  row->last_own_bits[home] = tensor->format.bits;
  row->last_parent_bits[home] = tensor->format.bits;
  charge_way(job, &link, 0, up + down);
  note_parent(job, &link, down, up);
  state->fills = back;
}

/* Fills the row along the chain of holders; notes the zero starts. */
static void fill_chain(cds_row_job *job, cds_held held, const cds_cut *cut,
                       const cds_zero_starts *most, cds_zero_starts *noted) {
  cds_row *row = job->row;
  const uint64_t words = job->problem->words[job->tensor];
  memset(row, 0, sizeof *row);
  if (job->bits != NULL) {
    memset(job->bits, 0, sizeof *job->bits);
  }
  row->cut = *cut;
  row->steps = (double)cut->passes[CDS_STEPS].one;
  for (unsigned l = 0; l < CDS_STEPS; l++) {
    row->tile_bits[l] = job->problem->einsum->tensor[job->tensor].format.bits;
  }
  cds_output_state state = {words, words, most, 0, true};
  add_home_edge(job, &state);
  unsigned parent = job->problem->home[job->tensor];
  for (unsigned level = parent + 1; level < CDS_STEPS; level++) {
    if ((held >> (level - 1) & 1U) != 0) {
      add_edge(job, parent, level, &state);
      noted->all[level] = state.zero_starts;
      noted->unit[level] = state.unit_zero_starts;
      parent = level;
    }
  }
  add_edge(job, parent, CDS_STEPS, &state);
}

void cds_row_fill(cds_row *out, const cds_problem *problem, unsigned tensor,
                  cds_held held, const cds_cut *cut) {
  cds_row_job job = {out, problem, tensor, false, NULL};
  cds_zero_starts noted = {{0}, {0}};
  fill_chain(&job, held, cut, NULL, &noted);
}

void cds_row_fill_fluid(cds_row *out, const cds_problem *problem,
                        unsigned tensor, cds_held held, const cds_cut *cut) {
  cds_row_job job = {out, problem, tensor, true, NULL};
  cds_zero_starts noted = {{0}, {0}};
  fill_chain(&job, held, cut, NULL, &noted);
}

void cds_row_floor(cds_row *out, const cds_problem *problem, unsigned tensor,
                   cds_held held, const cds_cut *low, const cds_cut *high) {
  const cds_cut *const cut[2] = {low, high};
  cds_row_floor_bits(out, NULL, problem, tensor, held, cut);
}

void cds_row_floor_bits(cds_row *out, cds_row_bits *bits,
                        const cds_problem *problem, unsigned tensor,
                        cds_held held, const cds_cut *const cut[2]) {
  /* Parts of an access count: words of results and of sums, each rounded up,
   * can be more accesses than all of them as sums. */
  cds_row_job job = {out, problem, tensor, true, bits};
  cds_zero_starts most = {{0}, {0}};
  cds_zero_starts noted = {{0}, {0}};
  if (tensor == CDS_MATRIX - 1) {
    fill_chain(&job, held, cut[1], NULL, &most);
  }
  fill_chain(&job, held, cut[0], &most, &noted);
}

static void lower(double *out, double value) {
  *out = value < *out ? value : *out;
}

void cds_row_lower(cds_row *out, const cds_row *row) {
  lower(&out->energy_pj, row->energy_pj);
  lower(&out->steps, row->steps);
  lower(&out->net, row->net);
  for (unsigned l = 0; l < CDS_STEPS; l++) {
    lower(&out->read[l], row->read[l]);
    lower(&out->update[l], row->update[l]);
    lower(&out->fill[l], row->fill[l]);
    lower(&out->drain[l], row->drain[l]);
    const bool same = out->parent[l] == row->parent[l];
    lower(&out->parent_out[l], same ? row->parent_out[l] : 0);
    lower(&out->parent_in[l], same ? row->parent_in[l] : 0);
    lower(&out->edge_net[l], same ? row->edge_net[l] : 0);
  }
  for (unsigned b = 0; b < CDS_SEARCH_BONDS; b++) {
    lower(&out->bond[b], row->bond[b]);
  }
  for (unsigned d = 0; d < CDS_SEARCH_DIES; d++) {
    lower(&out->die_pj[d], row->die_pj[d]);
  }
}
