/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fused groups, executed: passes, homes, and the final checks. */
#include "support/execute_group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/execute_state.h"

void group_fail(group_run *run, unsigned tensor, const char *what) {
  if (!run->failed) {
    snprintf(run->message->text, SIMULATE_MESSAGE, "tensor %u of the group: %s",
             tensor, what);
  }
  run->failed = true;
}

bool group_is_softmax(const group_run *run, unsigned s) {
  const cds_operation *operation = run->group->stage[s].operation;
  return operation != NULL && strcmp(operation->kind, "softmax") == 0;
}

void *group_room(size_t count, size_t size) {
  void *block = calloc(count > 0 ? count : 1, size);
  if (block == NULL) {
    fprintf(stderr, "execution: out of memory\n");
    exit(EXIT_FAILURE);
  }
  return block;
}

/* ---- preparation ------------------------------------------------------ */

static uint64_t operand_value(unsigned tensor, size_t word) {
  uint64_t value = ((uint64_t)word + 7) * 0xd1342543de82ef95u + tensor;
  value ^= value >> 32;
  value *= 0x9e3779b97f4a7c15u;
  return value ^ value >> 29;
}

static bool has_rank(const group_tensor *t, const cds_fused_group *group,
                     unsigned rank) {
  for (unsigned r = 0; r < t->einsum->ranks; r++) {
    if (group->stage[t->stage].rank[r] == rank &&
        cds_tensor_has_rank(&t->einsum->tensor[t->index], r)) {
      return true;
    }
  }
  return false;
}

/* Where the tile at home is decided: an intermediate's in each pass, another's
 * behind the innermost loop on a rank of it that stands before its `hold`. */
static void place_home(group_run *run, unsigned tensor, unsigned node) {
  group_tensor *t = &run->tensor[tensor];
  t->level = run->mapping->outer.node[node].level;
  t->home = group_room(t->words, sizeof *t->home);
  t->place =
      run->group->tensor[tensor].intermediate ? run->mapping->outer.nodes : 0;
  for (unsigned n = 0; n < node; n++) {
    const cds_outer_node *at = &run->mapping->outer.node[n];
    if (at->kind == CDS_OUTER_FOR && at->trips > 1 && n >= t->place &&
        has_rank(t, run->group, at->rank)) {
      t->place = n + 1;
    }
  }
}

static void prepare_tensor(group_run *run, unsigned tensor) {
  group_tensor *t = &run->tensor[tensor];
  const cds_fused_group *group = run->group;
  for (unsigned s = group->stages; s-- > 0;) {
    const cds_fused_einsum *stage = &group->stage[s];
    for (unsigned i = stage->einsum->tensors; i-- > 0;) {
      if (stage->tensor[i] == tensor) {
        t->einsum = stage->einsum;
        t->stage = s;
        t->index = i;
      }
    }
  }
  group_set_box(run, tensor);
  t->outermost = group_room(t->words, sizeof *t->outermost);
  t->wanted = group_room(t->words, sizeof *t->wanted);
  t->products = group_room(t->words, sizeof *t->products);
  for (unsigned n = 0; n < run->mapping->outer.nodes; n++) {
    const cds_outer_node *node = &run->mapping->outer.node[n];
    if (node->kind == CDS_OUTER_HOLD && node->tensor == tensor) {
      place_home(run, tensor, n);
    }
  }
}

/* Operands are in the outermost level from the beginning, outputs get there. */
static void load_outermost(group_run *run, unsigned tensor) {
  group_tensor *t = &run->tensor[tensor];
  const bool made = run->group->tensor[tensor].maker != CDS_STAGES_MAX;
  const size_t count = group_list_tile(run, tensor, 0);
  for (size_t i = 0; i < count; i++) {
    const size_t word = run->tile[i];
    sim_cell *cell = &t->outermost[word];
    cell->present = !run->group->tensor[tensor].intermediate;
    cell->value = made ? 0 : operand_value(tensor, word);
    t->wanted[word] = cell->value;
  }
}

bool group_counts(const group_run *run, uint64_t query, uint64_t key) {
  return !run->group->mask.here || key <= query + run->group->mask.offset;
}

/* Whether any pair of a query and a key of the pieces counts. */
static bool any_counts(const group_run *run, uint64_t query, uint64_t queries,
                       uint64_t key, uint64_t keys) {
  for (uint64_t i = 0; i < queries; i++) {
    for (uint64_t j = 0; j < keys; j++) {
      if (group_counts(run, query + i, key + j)) {
        return true;
      }
    }
  }
  return false;
}

/* Whether the pass that has a point of the stage runs. */
static bool point_runs(const group_run *run, const cds_fused_einsum *stage,
                       const uint64_t *point) {
  const cds_fused_mask *mask = &run->group->mask;
  uint64_t begin[2] = {0}, length[2] = {0};
  for (unsigned r = 0; mask->here && r < stage->einsum->ranks; r++) {
    for (unsigned i = 0; i < 2; i++) {
      if (stage->rank[r] == (i == 0 ? mask->query : mask->key)) {
        (void)group_piece_of(run, stage->rank[r], run->mapping->outer.nodes,
                             &length[i]);
        begin[i] = point[r] / length[i] * length[i];
      }
    }
  }
  return length[0] == 0 || length[1] == 0 ||
         any_counts(run, begin[0], length[0], begin[1], length[1]);
}

/* The einsums, one after the other. */
static void compute_stage(group_run *run, unsigned s) {
  const cds_fused_einsum *stage = &run->group->stage[s];
  const cds_einsum *einsum = stage->einsum;
  const unsigned output = einsum->tensors - 1;
  if (stage->operation != NULL) {
    if (group_is_softmax(run, s)) {
      softmax_compute(run, s);
    } else {
      operation_compute(run, s);
    }
    return;
  }
  group_tensor *made = &run->tensor[stage->tensor[output]];
  uint64_t point[CDS_RANKS_MAX] = {0}, begin[CDS_RANKS_MAX] = {0};
  uint64_t length[CDS_RANKS_MAX];
  for (unsigned r = 0; r < einsum->ranks; r++) {
    length[r] = einsum->rank[r].size;
  }
  do {
    uint64_t product = 1;
    for (unsigned t = 0; t < output; t++) {
      product *=
          run->tensor[stage->tensor[t]].wanted[group_word_at(run, s, t, point)];
    }
    const size_t word = group_word_at(run, s, output, point);
    made->wanted[word] += product;
    made->products[word] += point_runs(run, stage, point);
  } while (group_next_point(point, begin, length, einsum->ranks));
}

static void prepare_stage(group_run *run, unsigned s) {
  group_stage *stage = &run->stage[s];
  const cds_fused_einsum *from = &run->group->stage[s];
  stage->piece = *from->einsum;
  stage->piece.stage = NULL;
  for (unsigned r = 0; r < stage->piece.ranks; r++) {
    (void)group_piece_of(run, from->rank[r], run->mapping->outer.nodes,
                         &stage->piece.rank[r].size);
  }
  softmax_prepare(run, s);
  if (from->operation != NULL) {
    return;
  }
  stage->sim =
      sim_open(run->arch, &stage->piece, &run->mapping->inner[s], run->message);
  for (unsigned t = 0; t < stage->piece.tensors; t++) {
    if (sim_home(stage->sim, t)->level != run->tensor[from->tensor[t]].level) {
      group_fail(run, from->tensor[t], "a stage has it at home elsewhere");
    }
  }
}

/* ---- tiles at home ----------------------------------------------------- */

/* Loops on other ranks may have gone on. */
static bool stands(const group_run *run, const group_tensor *t) {
  bool same = t->here;
  for (unsigned n = 0; n < t->place; n++) {
    const cds_outer_node *node = &run->mapping->outer.node[n];
    same =
        same && (node->kind != CDS_OUTER_FOR || t->digit[n] == run->digit[n] ||
                 !has_rank(t, run->group, node->rank));
  }
  return same;
}

static void set_here(const group_run *run, group_tensor *t, size_t words) {
  t->here = true;
  memcpy(t->digit, run->digit, sizeof t->digit);
  t->largest = words > t->largest ? words : t->largest;
}

static void note(uint64_t *words, uint64_t *partial, cds_action action,
                 bool is_partial) {
  words[action]++;
  partial[action] += is_partial;
}

static void bring_operand(group_run *run, unsigned tensor, home_moves *moves) {
  group_tensor *t = &run->tensor[tensor];
  if (stands(run, t)) {
    return;
  }
  const size_t count = group_list_tile(run, tensor, t->place);
  sim_cell *old = t->home;
  t->home = group_room(t->words, sizeof *t->home);
  for (size_t i = 0; i < count; i++) {
    const size_t word = run->tile[i];
    if (!t->outermost[word].present) {
      group_fail(run, tensor, "a word to bring is not in the outermost level");
    }
    t->home[word] = t->outermost[word];
    if (old[word].present) {
      continue; /* windows overlap */
    }
    note(moves->above, moves->above_partial, CDS_READ, false);
    note(moves->at, moves->at_partial, CDS_FILL, false);
  }
  free(old);
  moves->any = true;
  if (t->here) {
    t->replaced = true;
  } else {
    moves->first += count;
  }
  set_here(run, t, count);
}

/* The output's tile goes to the outermost level, which adds, or gets what was
 * brought from there and went on. */
static size_t take_output(group_run *run, unsigned tensor, home_moves *moves) {
  group_tensor *t = &run->tensor[tensor];
  const bool adds = run->arch->level[0].accumulate;
  size_t count = 0;
  for (size_t word = 0; word < t->words; word++) {
    sim_cell *cell = &t->home[word];
    sim_cell *above = &t->outermost[word];
    if (!cell->present) {
      continue;
    }
    if (!cell->valued) {
      group_fail(run, tensor, "a word without value leaves home");
    }
    note(moves->at, moves->at_partial, CDS_DRAIN,
         cell->products < t->products[word]);
    softmax_leave(run, tensor, word);
    if (above->valued && adds) {
      note(moves->above, moves->above_partial, CDS_READ, true);
      above->value += cell->value;
      above->products += cell->products;
    } else {
      if (above->valued && above->products >= cell->products) {
        group_fail(run, tensor, "a partial sum is lost");
      }
      above->value = cell->value;
      above->products = cell->products;
    }
    above->valued = true;
    note(moves->above, moves->above_partial, CDS_UPDATE,
         above->products < t->products[word]);
    *cell = (sim_cell){0};
    count++;
  }
  moves->any = true;
  return count;
}

/* Room for the tile of an output. Sums that went to the outermost level come
 * back, if it does not add. */
static void begin_output(group_run *run, unsigned tensor, home_moves *moves) {
  group_tensor *t = &run->tensor[tensor];
  if (stands(run, t)) {
    return;
  }
  if (t->here) {
    (void)take_output(run, tensor, moves);
    t->replaced = true;
  }
  const size_t count = group_list_tile(run, tensor, t->place);
  for (size_t i = 0; i < count; i++) {
    const sim_cell *from = &t->outermost[run->tile[i]];
    sim_cell *cell = &t->home[run->tile[i]];
    *cell = (sim_cell){.present = true};
    if (!from->valued || run->arch->level[0].accumulate) {
      continue;
    }
    if (from->products >= t->products[run->tile[i]]) {
      group_fail(run, tensor, "a finished word comes back");
    }
    *cell = *from;
    note(moves->above, moves->above_partial, CDS_READ, true);
    note(moves->at, moves->at_partial, CDS_FILL, true);
    softmax_return(run, tensor, run->tile[i]);
    run->came_back = true;
  }
  softmax_tile(run, tensor, run->tile, count);
  set_here(run, t, count);
}

/* Padding, which nothing makes, is there. */
static void begin_intermediate(group_run *run, unsigned tensor) {
  group_tensor *t = &run->tensor[tensor];
  const size_t count = group_list_tile(run, tensor, t->place);
  memset(t->home, 0, t->words * sizeof *t->home);
  for (size_t i = 0; i < count; i++) {
    t->home[run->tile[i]].present = true;
    t->home[run->tile[i]].valued = t->products[run->tile[i]] == 0;
  }
  set_here(run, t, count);
}

/* All homes of a stage's tensors are as this pass needs them. */
static void bring_homes(group_run *run, unsigned s) {
  const cds_fused_einsum *stage = &run->group->stage[s];
  const unsigned output = stage->einsum->tensors - 1;
  for (unsigned i = 0; i <= output; i++) {
    const unsigned tensor = stage->tensor[i];
    home_moves *moves = &run->stage[s].moves[i];
    if (run->tensor[tensor].home == NULL) {
      continue;
    }
    if (i == output) {
      if (run->group->tensor[tensor].intermediate) {
        begin_intermediate(run, tensor);
      } else {
        begin_output(run, tensor, moves);
      }
    } else if (run->group->tensor[tensor].maker == CDS_STAGES_MAX) {
      bring_operand(run, tensor, moves);
    }
  }
  const group_softmax *softmax = &run->softmax[s];
  if (softmax->tiled && run->tensor[softmax->output].home != NULL) {
    group_stage *user = &run->stage[softmax->user];
    begin_output(run, softmax->output, &user->moves[user->piece.tensors - 1]);
  }
}

/* ---- one pass ---------------------------------------------------------- */

sim_cell *group_cells_of(group_tensor *t) {
  return t->home == NULL ? t->outermost : t->home;
}

/* Weights of tiles are relative to the maximum then. */
static bool relative(const group_run *run, unsigned tensor) {
  const unsigned maker = run->group->tensor[tensor].maker;
  return maker < run->group->stages && run->softmax[maker].tiled;
}

/* What another stage made is complete, and as computed directly. */
void group_check_made(group_run *run, unsigned tensor, const sim_cell *cell,
                      size_t word) {
  const group_tensor *t = &run->tensor[tensor];
  if (!cell->valued || cell->products != t->products[word]) {
    group_fail(run, tensor, "a sum is used that is not complete");
  } else if (!relative(run, tensor) && cell->value != t->wanted[word]) {
    group_fail(run, tensor, "a result that is used is not the einsum's");
  }
}

static size_t first_word(sim_state *sim, unsigned t) {
  size_t word = 0;
  while (!sim_home(sim, t)->cell[word].present) {
    word++;
  }
  return word;
}

static void run_stage(group_run *run, unsigned s) {
  const cds_fused_einsum *stage = &run->group->stage[s];
  if (stage->operation != NULL) {
    if (group_is_softmax(run, s)) {
      softmax_run(run, s);
    } else {
      operation_run(run, s);
    }
    return;
  }
  sim_state *sim = run->stage[s].sim;
  const unsigned output = stage->einsum->tensors - 1;
  for (unsigned i = 0; i <= output; i++) {
    const unsigned tensor = stage->tensor[i];
    const bool made = run->group->tensor[tensor].maker != CDS_STAGES_MAX;
    sim_cell *cell = sim_home(sim, i)->cell;
    for (size_t word = 0; word < sim->words[i]; word++) {
      const size_t whole = group_whole_word(run, s, i, word);
      const bool needed = cell[word].present;
      cell[word] = group_cells_of(&run->tensor[tensor])[whole];
      if (needed && !cell[word].present) {
        group_fail(run, tensor, "a word of a pass is not at home");
      }
      cell[word].present = needed;
      if (made && i != output && needed) {
        group_check_made(run, tensor, &cell[word], whole);
      }
    }
  }
  /* Sums go on in later passes, those of a pass in equally many. */
  group_tensor *made = &run->tensor[stage->tensor[output]];
  sim->reduction_size =
      made->products[group_whole_word(run, s, output, first_word(sim, output))];
  sim_pass(sim);
  const sim_cell *cell = sim_home(sim, output)->cell;
  for (size_t word = 0; word < sim->words[output]; word++) {
    if (cell[word].present) {
      group_cells_of(made)[group_whole_word(run, s, output, word)] = cell[word];
    }
  }
}

static void note_room(group_run *run, unsigned s) {
  for (unsigned i = 0; i < run->group->tensors; i++) {
    const group_tensor *t = &run->tensor[i];
    size_t words = 0;
    for (size_t word = 0; t->home != NULL && word < t->words; word++) {
      words += t->home[word].present;
    }
    run->live[s][i] = words > run->live[s][i] ? words : run->live[s][i];
  }
}

/* Intermediates are given up after their last stage. Which outputs are partial
 * sums now, after their stage? */
static void end_stage(group_run *run, unsigned s) {
  for (unsigned i = 0; i < run->group->tensors; i++) {
    group_tensor *t = &run->tensor[i];
    const cds_fused_tensor *tensor = &run->group->tensor[i];
    if (t->home == NULL) {
      continue;
    }
    if (tensor->intermediate && tensor->last == s) {
      memset(t->home, 0, t->words * sizeof *t->home);
    }
    for (size_t word = 0; tensor->maker == s && word < t->words; word++) {
      const sim_cell *cell = &t->home[word];
      t->partial_kept = t->partial_kept ||
                        (cell->valued && cell->products < t->products[word]);
    }
  }
}

static bool step(group_run *run) {
  for (unsigned n = run->mapping->outer.nodes; n-- > 0;) {
    const cds_outer_node *node = &run->mapping->outer.node[n];
    if (node->kind == CDS_OUTER_FOR) {
      if (++run->digit[n] < node->trips) {
        return true;
      }
      run->digit[n] = 0;
    }
  }
  return false;
}

/* The next pass that is not masked as a whole. */
static bool advance(group_run *run) {
  const cds_fused_mask *mask = &run->group->mask;
  const unsigned nodes = run->mapping->outer.nodes;
  while (step(run)) {
    uint64_t queries = 1, keys = 1;
    const uint64_t query =
        mask->here ? group_piece_of(run, mask->query, nodes, &queries) : 0;
    const uint64_t key =
        mask->here ? group_piece_of(run, mask->key, nodes, &keys) : 0;
    if (any_counts(run, query, queries, key, keys)) {
      return true;
    }
    run->skipped++;
  }
  return false;
}

/* ---- the end ----------------------------------------------------------- */

/* Outputs that are at home leave, and are what was computed directly. */
static void end_run(group_run *run) {
  for (unsigned i = 0; i < run->group->tensors; i++) {
    const cds_fused_tensor *tensor = &run->group->tensor[i];
    group_tensor *t = &run->tensor[i];
    if (tensor->maker == CDS_STAGES_MAX || tensor->intermediate) {
      continue;
    }
    if (t->home != NULL) {
      group_stage *maker = &run->stage[tensor->maker];
      home_moves *moves = &maker->moves[maker->piece.tensors - 1];
      moves->last += take_output(run, i, moves);
    }
    const size_t count = group_list_tile(run, i, 0);
    for (size_t word = 0; word < count; word++) {
      group_check_made(run, i, &t->outermost[run->tile[word]], run->tile[word]);
    }
  }
}

/* What the stage brought and took away, beside what its passes moved. */
static void add_moves(const group_run *run, unsigned s, unsigned i,
                      cds_counts *out) {
  const unsigned tensor = run->group->stage[s].tensor[i];
  const group_tensor *t = &run->tensor[tensor];
  const home_moves *moves = &run->stage[s].moves[i];
  if (t->home == NULL) {
    return;
  }
  cds_traffic *at = &out->at[t->level][i];
  cds_traffic *above = &out->at[0][i];
  at->tile_words = t->largest;
  at->replaced = t->replaced;
  for (unsigned a = 0; a < CDS_ACTIONS; a++) {
    at->words[a] += moves->at[a];
    at->peak[a] += moves->at[a];
    at->partial[a] += moves->at_partial[a];
    at->partial_peak[a] += moves->at_partial[a];
    above->words[a] += moves->above[a];
    above->peak[a] += moves->above[a];
    above->partial[a] += moves->above_partial[a];
    above->partial_peak[a] += moves->above_partial[a];
  }
  above->partial_tile = moves->above_partial[CDS_UPDATE] > 0;
  at->partial_tile = at->partial_tile || moves->at_partial[CDS_FILL] > 0;
  at->first_parent += moves->first;
  at->first_own += moves->first;
  at->last_parent += moves->last;
  at->last_own += moves->last;
  if (moves->any) {
    above->held = true;
    at->parent = 0;
  }
}

/* Times that the unit changes between two stages of a pass. */
static unsigned changes(const group_run *run, unsigned first, unsigned last) {
  unsigned count = 0;
  for (unsigned s = first; s < last; s++) {
    const bool operation = run->group->stage[s].operation != NULL;
    count += operation != (run->group->stage[s + 1].operation != NULL);
  }
  return count;
}

/* An intermediate in a pipeline: each pass that some part between its maker and
 * its last user works on has a tile; the one that is being made is as wide as
 * its maker says. */
static uint64_t pipelined_bits(group_run *run, uint64_t bits, unsigned s,
                               unsigned i) {
  const group_tensor *t = &run->tensor[i];
  const cds_fused_tensor *tensor = &run->group->tensor[i];
  size_t words = 0;
  for (unsigned u = 0; u < run->group->stages; u++) {
    words = run->live[u][i] > words ? run->live[u][i] : words;
  }
  const uint64_t complete = t->einsum->tensor[t->index].format.bits * words;
  return changes(run, tensor->maker, tensor->last) * complete +
         (tensor->maker == s ? bits * words : complete);
}

/* Bits of the tile at home while stage s runs. */
static uint64_t home_bits(group_run *run, const executed *out, unsigned s,
                          unsigned i) {
  const group_tensor *t = &run->tensor[i];
  const cds_fused_tensor *tensor = &run->group->tensor[i];
  const cds_level *level = &run->arch->level[t->level];
  const cds_tensor *words = &t->einsum->tensor[t->index];
  bool partial = t->partial_kept;
  if (tensor->maker == s) {
    const cds_einsum *einsum = run->group->stage[s].einsum;
    partial = partial ||
              out->counts[s].at[t->level][einsum->tensors - 1].partial_tile;
  }
  const uint64_t bits = (partial ? words->accumulator : words->format).bits;
  const bool twice = t->replaced && level->buffering == CDS_BUFFER_DOUBLE;
  const bool pipelined = run->mapping->outer.pipelined;
  if (tensor->intermediate) {
    return pipelined ? pipelined_bits(run, bits, s, i) : bits * run->live[s][i];
  }
  const bool behind = pipelined && t->replaced;
  const unsigned more = behind ? changes(run, tensor->first, tensor->last) : 0;
  /* Tiles that wait for later segments are as their maker left them. */
  const uint64_t left =
      (t->partial_kept ? words->accumulator : words->format).bits;
  uint64_t sum = t->largest * (bits * (twice ? 2 : 1) + left * more);
  const group_softmax *softmax = softmax_of(run, i);
  if (softmax != NULL) {
    const unsigned own = (unsigned)(softmax - run->softmax);
    sum += softmax->strips * 2 * 32 *
           ((twice ? 2 : 1) + (behind ? changes(run, own, softmax->user) : 0));
    sum += pipelined
               ? softmax->pass_rows * 32 * changes(run, own, softmax->user)
               : 0;
  }
  return sum;
}

/* What an operation made goes from home to the outermost level, word by word.
 */
static void add_row_moves(const group_run *run, unsigned s,
                          executed_rows *out) {
  const cds_fused_einsum *stage = &run->group->stage[s];
  const unsigned result = stage->einsum->tensors - 1;
  const group_tensor *t = &run->tensor[stage->tensor[result]];
  const home_moves *moves = &run->stage[s].moves[result];
  for (unsigned a = 0; t->home != NULL && a < CDS_ACTIONS; a++) {
    out->words[t->level][a][stage->operation->inputs] += moves->at[a];
    out->words[0][a][stage->operation->inputs] += moves->above[a];
  }
}

static void sum_up(group_run *run, executed *out) {
  memset(out->need_bits, 0, sizeof out->need_bits);
  for (unsigned s = 0; s < run->group->stages; s++) {
    out->softmax[s] = run->softmax[s].moved;
    out->rows[s] = run->rows[s];
    if (run->group->stage[s].operation != NULL && !group_is_softmax(run, s)) {
      add_row_moves(run, s, &out->rows[s]);
    }
    memset(&out->counts[s], 0, sizeof out->counts[s]);
    if (run->stage[s].sim != NULL) {
      sim_sum(run->stage[s].sim, &out->counts[s]);
      for (unsigned i = 0; i < run->stage[s].piece.tensors; i++) {
        add_moves(run, s, i, &out->counts[s]);
      }
      run->failed = run->failed || run->stage[s].sim->failed;
    }
    for (unsigned i = 0; i < run->group->tensors; i++) {
      if (run->tensor[i].home != NULL) {
        out->need_bits[s][run->tensor[i].level] += home_bits(run, out, s, i);
      }
    }
    for (unsigned o = 0; o < run->group->stages; o++) {
      out->need_bits[s][run->arch->vector[0].level] += run->shared_bits[o];
    }
  }
  out->came_back = run->came_back;
  out->skipped = run->skipped;
}

static void give_back(group_run *run) {
  for (unsigned s = 0; s < run->group->stages; s++) {
    if (run->stage[s].sim != NULL) {
      sim_close(run->stage[s].sim);
    }
    softmax_give_back(run, s);
  }
  for (unsigned i = 0; i < run->group->tensors; i++) {
    free(run->tensor[i].outermost);
    free(run->tensor[i].home);
    free(run->tensor[i].wanted);
    free(run->tensor[i].products);
  }
  free(run->tile);
  free(run);
}

bool execute_group(executed *out, const cds_arch *arch,
                   const cds_fused_group *group,
                   const cds_fused_mapping *mapping,
                   simulate_message *message) {
  group_run *run = group_room(1, sizeof *run);
  run->arch = arch;
  run->group = group;
  run->mapping = mapping;
  run->message = message;
  memcpy(run->left_bits, out->left_bits, sizeof run->left_bits);
  out->passes = 0;
  for (unsigned i = 0; i < group->tensors; i++) {
    prepare_tensor(run, i);
    load_outermost(run, i);
  }
  for (unsigned s = 0; s < group->stages; s++) {
    compute_stage(run, s);
    prepare_stage(run, s);
  }
  do {
    for (unsigned s = 0; s < group->stages; s++) {
      bring_homes(run, s);
      note_room(run, s);
      run_stage(run, s);
      softmax_end(run, s);
      end_stage(run, s);
    }
    out->passes++;
  } while (advance(run));
  end_run(run);
  sum_up(run, out);
  const bool good = !run->failed;
  give_back(run);
  return good;
}
