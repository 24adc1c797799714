/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Softmax in a fused group, whole rows or tiles of them: what its unit does,
 * one primitive at a time.
 *
 * Numbers are those of the simulator, modulo 2^64. In place of e^x stands g^x
 * with g odd: g^(a + b) = g^a g^b holds exactly, whatever the order of the
 * tiles and their maxima, and so do sums of weights times values. In place of 1
 * / x stands the inverse of 2 x + 1, which there always is. So what is rescaled
 * wrongly, or divided twice, or by the sum at another time, differs from the
 * row computed as a whole in the end, and is seen.
 */
#include <stdlib.h>
#include <string.h>

#include "support/execute_state.h"

static uint64_t add(group_softmax *it, uint64_t a, uint64_t b) {
  it->moved.primitive[CDS_ADD]++;
  return a + b;
}

static uint64_t mul(group_softmax *it, uint64_t a, uint64_t b) {
  it->moved.primitive[CDS_MUL]++;
  return a * b;
}

static uint64_t larger(group_softmax *it, uint64_t a, uint64_t b) {
  it->moved.primitive[CDS_MAX]++;
  return a > b ? a : b;
}

static uint64_t power(uint64_t exponent) {
  uint64_t result = 1, base = 0x9e3779b97f4a7c15u;
  for (; exponent > 0; exponent >>= 1) {
    result *= exponent & 1 ? base : 1;
    base *= base;
  }
  return result;
}

static uint64_t exponential(group_softmax *it, uint64_t x) {
  it->moved.primitive[CDS_EXP]++;
  return power(x);
}

/* Newton's steps double the right bits: 3 at first. */
static uint64_t inverse(uint64_t x) {
  const uint64_t odd = 2 * x + 1;
  uint64_t result = odd;
  for (unsigned i = 0; i < 5; i++) {
    result *= 2 - odd * result;
  }
  return result;
}

static uint64_t reciprocal(group_softmax *it, uint64_t x) {
  it->moved.primitive[CDS_RECIP]++;
  return inverse(x);
}

/* ---- words --------------------------------------------------------------- */

static void note(group_softmax *it, unsigned level, cds_action action,
                 executed_words which) {
  it->moved.words[level][action][which]++;
}

/* The unit reads a word at its level, which has it or fetches it. */
static void unit_reads(group_softmax *it, unsigned home, executed_words which) {
  if (home == 0) {
    note(it, 0, CDS_READ, which);
    note(it, it->at, CDS_FILL, which);
  }
  note(it, it->at, CDS_READ, which);
}

static void unit_writes(group_softmax *it, unsigned home,
                        executed_words which) {
  note(it, it->at, CDS_UPDATE, which);
  if (home == 0) {
    note(it, it->at, CDS_DRAIN, which);
    note(it, 0, CDS_UPDATE, which);
  }
}

static softmax_state *states_of(group_run *run, group_softmax *it) {
  return run->tensor[it->output].home == NULL ? it->outermost : it->home;
}

/* ---- strips -------------------------------------------------------------- */

/* The point of the user's space where the words of a strip begin, and how many
 * indexes of each rank it has: the row's own, all that a pass has of ranks that
 * the row lacks, any of the row's rank. `point` is the row's. */
static void strip_begin(const group_run *run, unsigned s, const uint64_t *point,
                        uint64_t *begin, uint64_t *length) {
  const cds_fused_einsum *stage = &run->group->stage[s];
  const group_softmax *it = &run->softmax[s];
  const cds_fused_einsum *user = &run->group->stage[it->user];
  for (unsigned r = 0; r < user->einsum->ranks; r++) {
    bool own = false;
    length[r] = 1;
    for (unsigned q = 0; q < stage->einsum->ranks; q++) {
      if (stage->rank[q] == user->rank[r]) {
        begin[r] = point[q];
        own = true;
      }
    }
    if (!own) {
      begin[r] = group_piece_of(run, user->rank[r], run->mapping->outer.nodes,
                                &length[r]);
    }
  }
}

/* Whether the word begins a strip. */
static bool begins_strip(const group_run *run, const group_softmax *it,
                         unsigned s, size_t word) {
  const cds_fused_einsum *stage = &run->group->stage[s];
  const cds_fused_einsum *user = &run->group->stage[it->user];
  const cds_tensor *output = &user->einsum->tensor[user->einsum->tensors - 1];
  bool begins = true;
  for (unsigned a = output->axes; a-- > 0;) {
    const unsigned rank = user->rank[output->axis[a].term[0].rank];
    const uint64_t positions =
        group_axis_length(user->einsum, &output->axis[a]);
    bool own = false;
    for (unsigned q = 0; q < stage->einsum->ranks; q++) {
      own = own || stage->rank[q] == rank;
    }
    uint64_t length;
    (void)group_piece_of(run, rank, run->mapping->outer.nodes, &length);
    begins = begins && (own || word % positions % length == 0);
    word /= (size_t)positions;
  }
  return begins;
}

/* ---- preparation --------------------------------------------------------- */

void softmax_prepare(group_run *run, unsigned s) {
  const cds_fused_einsum *stage = &run->group->stage[s];
  group_softmax *it = &run->softmax[s];
  if (!group_is_softmax(run, s)) {
    return;
  }
  const cds_tensor *weights = &stage->einsum->tensor[1];
  it->here = true;
  it->at = run->arch->vector[0].level;
  it->row = stage->rank[weights->axis[weights->axes - 1].term[0].rank];
  for (unsigned n = 0; n < run->mapping->outer.nodes; n++) {
    const cds_outer_node *node = &run->mapping->outer.node[n];
    it->tiled = it->tiled || (node->kind == CDS_OUTER_FOR && node->trips > 1 &&
                              node->rank == it->row);
  }
  for (unsigned u = 0; u < run->group->stages; u++) {
    const cds_einsum *einsum = run->group->stage[u].einsum;
    for (unsigned t = 0; t + 1 < einsum->tensors; t++) {
      if (run->group->stage[u].tensor[t] == stage->tensor[1]) {
        it->user = u;
        it->output = run->group->stage[u].tensor[einsum->tensors - 1];
      }
    }
  }
  it->home = group_room(run->tensor[it->output].words, sizeof *it->home);
  it->outermost = group_room(run->tensor[it->output].words, sizeof *it->home);
}

void softmax_give_back(group_run *run, unsigned s) {
  free(run->softmax[s].home);
  free(run->softmax[s].outermost);
}

/* Ranks of the stage but the row's, as rows are found. */
static void rows_of(const group_run *run, unsigned s, unsigned place,
                    uint64_t *begin, uint64_t *length) {
  const cds_fused_einsum *stage = &run->group->stage[s];
  for (unsigned r = 0; r < stage->einsum->ranks; r++) {
    begin[r] = group_piece_of(run, stage->rank[r], place, &length[r]);
  }
}

static unsigned row_of(const group_run *run, unsigned s) {
  const cds_tensor *weights = &run->group->stage[s].einsum->tensor[1];
  return weights->axis[weights->axes - 1].term[0].rank;
}

/* Whether the mask leaves the score at a point. */
static bool key_counts(const group_run *run, unsigned s,
                       const uint64_t *point) {
  const cds_fused_einsum *stage = &run->group->stage[s];
  uint64_t query = 0;
  for (unsigned r = 0; r < stage->einsum->ranks; r++) {
    query = stage->rank[r] == run->group->mask.query ? point[r] : query;
  }
  return stage->rank[row_of(run, s)] != run->group->mask.key ||
         group_counts(run, query, point[row_of(run, s)]);
}

void softmax_compute(group_run *run, unsigned s) {
  const cds_fused_einsum *stage = &run->group->stage[s];
  const uint64_t *scores = run->tensor[stage->tensor[0]].wanted;
  uint64_t *weights = run->tensor[stage->tensor[1]].wanted;
  uint64_t begin[CDS_RANKS_MAX], length[CDS_RANKS_MAX], point[CDS_RANKS_MAX];
  rows_of(run, s, 0, begin, length);
  const unsigned row = row_of(run, s);
  const uint64_t keys = length[row];
  length[row] = 1;
  memcpy(point, begin, sizeof point);
  do {
    uint64_t most = 0, sum = 0;
    for (point[row] = 0; point[row] < keys; point[row]++) {
      const uint64_t x = scores[group_word_at(run, s, 0, point)];
      most = x > most && key_counts(run, s, point) ? x : most;
    }
    for (point[row] = 0; point[row] < keys; point[row]++) {
      const uint64_t x = scores[group_word_at(run, s, 0, point)];
      sum += key_counts(run, s, point) ? power(x - most) : 0;
    }
    for (point[row] = 0; point[row] < keys; point[row]++) {
      const uint64_t x = scores[group_word_at(run, s, 0, point)];
      const size_t word = group_word_at(run, s, 1, point);
      const bool counts = key_counts(run, s, point);
      weights[word] = counts ? power(x - most) * inverse(sum) : 0;
      run->tensor[stage->tensor[1]].products[word] = 1;
    }
    point[row] = 0;
  } while (group_next_point(point, begin, length, stage->einsum->ranks));
}

/* ---- one pass ------------------------------------------------------------ */

/* A row, or the tile of one, in this pass. */
typedef struct softmax_row {
  unsigned stage;
  uint64_t point[CDS_RANKS_MAX];
  uint64_t begin, keys; /* on the row's rank */
} softmax_row;

static uint64_t score(group_run *run, softmax_row *row, uint64_t key) {
  const cds_fused_einsum *stage = &run->group->stage[row->stage];
  group_tensor *scores = &run->tensor[stage->tensor[0]];
  row->point[row_of(run, row->stage)] = row->begin + key;
  const size_t word = group_word_at(run, row->stage, 0, row->point);
  const sim_cell *cell = &group_cells_of(scores)[word];
  if (!cell->present) {
    group_fail(run, stage->tensor[0], "a score of a pass is not at home");
  }
  group_check_made(run, stage->tensor[0], cell, word);
  unit_reads(&run->softmax[row->stage], scores->level, EXECUTED_SCORES);
  return cell->value;
}

/* The next score of the row in the running maximum; a masked one is compared,
 * too, as less than all. The first of a row counts. */
static uint64_t next_larger(group_run *run, softmax_row *row, uint64_t most,
                            uint64_t key) {
  const uint64_t x = score(run, row, key);
  const bool counts = key_counts(run, row->stage, row->point);
  const uint64_t more = larger(&run->softmax[row->stage], most, x);
  return counts ? more : most;
}

/* The weight of a key; a masked one is 0, as e to minus infinity is. */
static uint64_t weigh(group_run *run, softmax_row *row, uint64_t most,
                      uint64_t key) {
  group_softmax *it = &run->softmax[row->stage];
  const uint64_t x = score(run, row, key);
  const uint64_t weight = exponential(it, add(it, x, -most));
  return key_counts(run, row->stage, row->point) ? weight : 0;
}

static void put_weight(group_run *run, const softmax_row *row, uint64_t value) {
  const cds_fused_einsum *stage = &run->group->stage[row->stage];
  group_tensor *weights = &run->tensor[stage->tensor[1]];
  const size_t word = group_word_at(run, row->stage, 1, row->point);
  sim_cell *cell = &group_cells_of(weights)[word];
  if (!cell->present) {
    group_fail(run, stage->tensor[1], "no room for a weight");
  }
  cell->value = value;
  cell->products = 1;
  cell->valued = true;
  unit_writes(&run->softmax[row->stage], weights->level, EXECUTED_WEIGHTS);
}

static void whole_row(group_run *run, softmax_row *row) {
  group_softmax *it = &run->softmax[row->stage];
  uint64_t most = score(run, row, 0), sum = 0;
  for (uint64_t i = 1; i < row->keys; i++) {
    most = next_larger(run, row, most, i);
  }
  uint64_t *weight = group_room((size_t)row->keys, sizeof *weight);
  for (uint64_t i = 0; i < row->keys; i++) {
    weight[i] = weigh(run, row, most, i);
    sum = i == 0 ? weight[i] : add(it, sum, weight[i]);
  }
  const uint64_t scale = reciprocal(it, sum);
  for (uint64_t i = 0; i < row->keys; i++) {
    row->point[row_of(run, row->stage)] = row->begin + i;
    put_weight(run, row, mul(it, weight[i], scale));
  }
  free(weight);
}

/* Multiplies the words of the row's strip. */
static void scale_strip(group_run *run, const softmax_row *row, uint64_t factor,
                        bool complete) {
  group_softmax *it = &run->softmax[row->stage];
  const cds_einsum *user = run->group->stage[it->user].einsum;
  group_tensor *output = &run->tensor[it->output];
  const executed_words which = complete ? EXECUTED_RESULTS : EXECUTED_SUMS;
  uint64_t begin[CDS_RANKS_MAX], length[CDS_RANKS_MAX], point[CDS_RANKS_MAX];
  strip_begin(run, row->stage, row->point, begin, length);
  memcpy(point, begin, sizeof point);
  do {
    const size_t word = group_word_at(run, it->user, user->tensors - 1, point);
    sim_cell *cell = &group_cells_of(output)[word];
    if (!cell->present || !cell->valued ||
        (cell->products == output->products[word]) != complete) {
      group_fail(run, it->output, "a strip to scale is not as it should be");
    }
    unit_reads(it, output->level, which);
    cell->value = mul(it, cell->value, factor);
    unit_writes(it, output->level, which);
  } while (group_next_point(point, begin, length, user->ranks));
}

static softmax_state *state_at(group_run *run, const softmax_row *row) {
  group_softmax *it = &run->softmax[row->stage];
  const cds_einsum *user = run->group->stage[it->user].einsum;
  uint64_t begin[CDS_RANKS_MAX], length[CDS_RANKS_MAX];
  strip_begin(run, row->stage, row->point, begin, length);
  const size_t word = group_word_at(run, it->user, user->tensors - 1, begin);
  return &states_of(run, it)[word];
}

static void tile_of_row(group_run *run, softmax_row *row) {
  group_softmax *it = &run->softmax[row->stage];
  softmax_state *state = state_at(run, row);
  const unsigned home = run->tensor[it->output].level;
  const softmax_state before = *state;
  if (before.valued) {
    unit_reads(it, home, EXECUTED_STATES);
    unit_reads(it, home, EXECUTED_STATES);
  }
  uint64_t sum = 0, most = before.valued ? next_larger(run, row, before.most, 0)
                                         : score(run, row, 0);
  for (uint64_t i = 1; i < row->keys; i++) {
    most = next_larger(run, row, most, i);
  }
  if (before.valued) {
    const uint64_t factor = exponential(it, add(it, before.most, -most));
    sum = mul(it, before.sum, factor);
    if (run->mapping->outer.pipelined) { /* it is put down for later */
      unit_writes(it, home, EXECUTED_STATES);
      unit_reads(it, home, EXECUTED_STATES);
    }
    scale_strip(run, row, factor, false);
    it->moved.rescaled++;
  }
  for (uint64_t i = 0; i < row->keys; i++) {
    const uint64_t weight = weigh(run, row, most, i);
    sum = i == 0 && !before.valued ? weight : add(it, sum, weight);
    put_weight(run, row, weight);
  }
  *state = (softmax_state){true, most, sum};
  unit_writes(it, home, EXECUTED_STATES);
  unit_writes(it, home, EXECUTED_STATES);
}

/* Every row of the pass. */
static void each_row(group_run *run, unsigned s,
                     void (*body)(group_run *run, softmax_row *row)) {
  uint64_t begin[CDS_RANKS_MAX], length[CDS_RANKS_MAX];
  softmax_row row = {.stage = s};
  const unsigned own = row_of(run, s);
  rows_of(run, s, run->mapping->outer.nodes, begin, length);
  row.begin = begin[own];
  row.keys = length[own];
  length[own] = 1;
  memcpy(row.point, begin, sizeof row.point);
  do {
    body(run, &row);
    row.point[own] = row.begin;
  } while (group_next_point(row.point, begin, length,
                            run->group->stage[s].einsum->ranks));
}

static void count_row(group_run *run, softmax_row *row) {
  run->softmax[row->stage].moved.rows++;
  run->softmax[row->stage].pass_rows++;
}

void softmax_run(group_run *run, unsigned s) {
  each_row(run, s, run->softmax[s].tiled ? tile_of_row : whole_row);
  run->softmax[s].pass_rows = 0; /* as many in each pass */
  each_row(run, s, count_row);
}

static void end_row(group_run *run, softmax_row *row) {
  group_softmax *it = &run->softmax[row->stage];
  group_tensor *output = &run->tensor[it->output];
  softmax_state *state = state_at(run, row);
  const size_t word = (size_t)(state - states_of(run, it));
  if (group_cells_of(output)[word].products < output->products[word]) {
    return;
  }
  unit_reads(it, output->level, EXECUTED_STATES);
  scale_strip(run, row, reciprocal(it, state->sum), true);
  *state = (softmax_state){.valued = false};
}

void softmax_end(group_run *run, unsigned s) {
  for (unsigned u = 0; u < run->group->stages; u++) {
    const group_softmax *it = &run->softmax[u];
    if (it->here && it->tiled && it->user == s) {
      each_row(run, u, end_row);
    }
  }
}

/* ---- on the way ---------------------------------------------------------- */

group_softmax *softmax_of(group_run *run, unsigned output) {
  for (unsigned s = 0; s < run->group->stages; s++) {
    group_softmax *it = &run->softmax[s];
    if (it->here && it->tiled && it->output == output) {
      return it;
    }
  }
  return NULL;
}

static void move(group_softmax *it, bool leaves) {
  const unsigned level = it->at;
  for (unsigned i = 0; i < 2; i++) {
    note(it, leaves ? level : 0, leaves ? CDS_DRAIN : CDS_READ,
         EXECUTED_STATES);
    note(it, leaves ? 0 : level, leaves ? CDS_UPDATE : CDS_FILL,
         EXECUTED_STATES);
  }
  it->moved.returned += !leaves;
}

void softmax_leave(group_run *run, unsigned output, size_t word) {
  group_softmax *it = softmax_of(run, output);
  if (it != NULL && it->home[word].valued) {
    it->outermost[word] = it->home[word];
    it->home[word].valued = false;
    move(it, true);
  }
}

void softmax_return(group_run *run, unsigned output, size_t word) {
  group_softmax *it = softmax_of(run, output);
  if (it != NULL && it->outermost[word].valued) {
    it->home[word] = it->outermost[word];
    it->outermost[word].valued = false;
    move(it, false);
  }
}

void softmax_tile(group_run *run, unsigned output, const size_t *word,
                  size_t words) {
  group_softmax *it = softmax_of(run, output);
  size_t strips = 0;
  for (size_t i = 0; it != NULL && i < words; i++) {
    strips += begins_strip(run, it, (unsigned)(it - run->softmax), word[i]);
  }
  if (it != NULL && strips > it->strips) {
    it->strips = strips;
  }
}
