/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The literal simulator: preparation, time steps, and the final checks. */
#include "support/simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/stage.h"
#include "support/simulate_state.h"

void sim_fail(sim_state *sim, const char *what, const sim_holder *holder) {
  if (!sim->failed) {
    snprintf(sim->message->text, SIMULATE_MESSAGE, "level %u, tensor %u: %s",
             holder->level, holder->tensor, what);
  }
  sim->failed = true;
}

size_t sim_span(const sim_state *sim, unsigned first, unsigned last) {
  size_t span = 1;
  for (unsigned k = first; k < last; k++) {
    span *= (size_t)sim->used[k];
  }
  return span;
}

sim_holder *sim_home(sim_state *sim, unsigned tensor) {
  unsigned h = 0;
  while (sim->holder[h].tensor != tensor) {
    h++;
  }
  return &sim->holder[h];
}

sim_cell *sim_cell_at(const sim_state *sim, const sim_holder *holder,
                      size_t instance, size_t word) {
  if (holder->memoryless) {
    return &holder->cell[instance];
  }
  return &holder->cell[instance * sim->words[holder->tensor] + word];
}

/* Room for count items; a test cannot go on without it. */
static void *room(size_t count, size_t size) {
  void *block = calloc(count > 0 ? count : 1, size);
  if (block == NULL) {
    fprintf(stderr, "simulator: out of memory\n");
    exit(EXIT_FAILURE);
  }
  return block;
}

/* Names of words: places in the bounding box of the tensor. */
static void name_words(sim_state *sim, unsigned t) {
  const cds_tensor *tensor = &sim->einsum->tensor[t];
  sim->words[t] = 1;
  for (unsigned a = tensor->axes; a-- > 0;) {
    const cds_axis *axis = &tensor->axis[a];
    size_t length = 1;
    for (unsigned i = 0; i < axis->terms; i++) {
      const cds_term *term = &axis->term[i];
      sim->weight[t][term->rank] += sim->words[t] * (size_t)term->coefficient;
      length += (size_t)term->coefficient *
                ((size_t)sim->einsum->rank[term->rank].size - 1);
    }
    sim->words[t] *= length;
  }
}

/* Loops that the tensor lacks change nothing: the holder stands behind the
 * innermost loop above it that cuts one of the tensor's ranks. */
static unsigned hoist(const sim_state *sim, const sim_holder *holder) {
  unsigned place = 0;
  for (unsigned n = 0; n < holder->node; n++) {
    const cds_node *node = &sim->mapping->node[n];
    if (node->kind == CDS_FOR && node->trips > 1 &&
        cds_tensor_has_rank(&sim->einsum->tensor[holder->tensor], node->rank)) {
      place = n + 1;
    }
  }
  return holder->memoryless ? holder->node : place;
}

static void prepare_holder(sim_state *sim, unsigned level, unsigned tensor,
                           unsigned node) {
  sim_holder *holder = &sim->holder[sim->holders];
  const unsigned compute = sim->arch->levels;
  holder->level = level;
  holder->tensor = tensor;
  holder->node = node;
  holder->memoryless = level == compute;
  holder->depth =
      level == compute ? sim->arch->arrays : sim->arch->level[level].depth;
  holder->output = tensor == sim->einsum->tensors - 1;
  holder->accumulate = level != compute && sim->arch->level[level].accumulate;
  for (unsigned h = 0; h < sim->holders; h++) {
    if (sim->holder[h].tensor == tensor) {
      holder->parent = &sim->holder[h];
    }
  }
  holder->instances = sim_span(sim, 0, holder->depth);
  holder->place = hoist(sim, holder);
  const size_t cells = holder->memoryless ? 1 : sim->words[tensor];
  holder->cell = room(holder->instances * cells, sizeof *holder->cell);
  holder->changes = room(holder->instances, sizeof *holder->changes);
  holder->idle = room(holder->instances, sizeof *holder->idle);
  const unsigned nodes = sim->mapping->nodes;
  holder->coordinate =
      room(holder->instances * nodes, sizeof *holder->coordinate);
  for (size_t i = 0; i < holder->instances; i++) {
    for (unsigned n = 0; n < nodes; n++) {
      const cds_node *at = &sim->mapping->node[n];
      if (at->kind == CDS_SPREAD && at->array < holder->depth) {
        holder->coordinate[i * nodes + n] =
            sim_spread_digit(sim, holder->depth, i, n);
      }
    }
  }
  holder->moved = room(holder->instances, sizeof *holder->moved);
  for (unsigned k = 0; k < holder->depth; k++) {
    holder->net[k] = room(sim_span(sim, 0, k), sizeof *holder->net[k]);
    for (unsigned which = 0; which < 2; which++) {
      holder->links[k][which] = malloc(sizeof *holder->links[k][which]);
      if (holder->links[k][which] == NULL) {
        abort();
      }
      links_open(holder->links[k][which], &sim->arch->array[k]);
    }
  }
  sim->holders++;
}

/* The value of an operand's word: any fixed scatter will do. */
static uint64_t operand_value(unsigned tensor, size_t word, uint64_t round) {
  uint64_t value = (uint64_t)word * 0x9e3779b97f4a7c15u + tensor + 1;
  value += round << 40;
  value ^= value >> 29;
  value *= 0xbf58476d1ce4e5b9u;
  return value ^ value >> 32;
}

/* What stands at home before the run starts: the words, without values. */
static void load_homes(sim_state *sim) {
  for (unsigned h = 0; h < sim->holders; h++) {
    sim_holder *holder = &sim->holder[h];
    if (holder->parent != NULL) {
      continue;
    }
    sim_next_tile(sim, holder);
    for (size_t i = 0; i < holder->nexts; i++) {
      sim_cell_at(sim, holder, 0, holder->next[i].word)->present = true;
    }
  }
}

/* The operands of a round come to their homes. */
static void load_operands(sim_state *sim, uint64_t round) {
  for (unsigned t = 0; t + 1 < sim->einsum->tensors; t++) {
    sim_cell *cell = sim_home(sim, t)->cell;
    for (size_t word = 0; word < sim->words[t]; word++) {
      cell[word].value = operand_value(t, word, round);
    }
  }
}

/* All tiles but those at home are gone. */
static void begin_pass(sim_state *sim) {
  for (unsigned h = 0; h < sim->holders; h++) {
    sim_holder *holder = &sim->holder[h];
    if (holder->parent == NULL) {
      for (size_t i = 0; holder->output && i < sim->words[holder->tensor];
           i++) {
        const sim_cell *cell = &holder->cell[i];
        holder->zero_starts += cell->present && !cell->valued;
      }
      continue;
    }
    for (size_t i = 0; i < holder->tiled; i++) {
      const sim_word *word = &holder->tile[i];
      *sim_cell_at(sim, holder, word->instance, word->word) = (sim_cell){0};
    }
    holder->tiled = 0;
    holder->started = false;
  }
}

static void prepare(sim_state *sim) {
  const cds_mapping *mapping = sim->mapping;
  const cds_einsum *einsum = sim->einsum;
  const cds_tensor *output = &einsum->tensor[einsum->tensors - 1];
  for (unsigned k = 0; k < sim->arch->arrays; k++) {
    sim->used[k] = 1;
  }
  for (unsigned n = 0; n < mapping->nodes; n++) {
    if (mapping->node[n].kind == CDS_SPREAD) {
      sim->used[mapping->node[n].array] *= mapping->node[n].trips;
    }
  }
  sim_cut(sim);
  sim->reduction_size = cds_einsum_passes(einsum);
  for (unsigned r = 0; r < einsum->ranks; r++) {
    bool kept = false;
    for (unsigned a = 0; a < output->axes; a++) {
      kept = kept || output->axis[a].term[0].rank == r;
    }
    sim->reduction_size *= kept ? 1 : einsum->rank[r].size;
  }
  size_t largest = 1;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    name_words(sim, t);
    largest = sim->words[t] > largest ? sim->words[t] : largest;
  }
  sim->seen = room(largest, sizeof *sim->seen);
  sim->worked = room(sim_span(sim, 0, sim->arch->arrays), sizeof *sim->worked);
  for (unsigned n = 0; n < mapping->nodes; n++) {
    if (mapping->node[n].kind == CDS_HOLD) {
      prepare_holder(sim, mapping->node[n].level, mapping->node[n].tensor, n);
    }
  }
  for (unsigned t = 0; t < einsum->tensors; t++) {
    prepare_holder(sim, sim->arch->levels, t, mapping->nodes);
  }
  const size_t marks = largest * sim_span(sim, 0, sim->arch->arrays);
  sim->list = room(marks, sizeof *sim->list);
  sim->mark = room(marks, sizeof *sim->mark);
  sim->where = room(marks, sizeof *sim->where);
  load_homes(sim);
}

/* Every compute unit that has something to do multiplies and adds once. */
static void compute(sim_state *sim) {
  sim_holder *all = &sim->holder[sim->holders - sim->einsum->tensors];
  sim_holder *output = &all[sim->einsum->tensors - 1];
  for (unsigned t = 0; t < sim->einsum->tensors; t++) {
    sim_next_tile(sim, &all[t]);
    sim_fill(sim, &all[t]);
  }
  sim->steps++;
  for (size_t unit = 0; unit < output->instances; unit++) {
    if (output->idle[unit]) {
      continue;
    }
    sim->worked[unit] = true;
    uint64_t product = 1;
    for (unsigned t = 0; t + 1 < sim->einsum->tensors; t++) {
      product *= all[t].cell[unit].value;
    }
    sim->macs++;
    output->cell[unit].value += product;
    output->cell[unit].products++;
    output->cell[unit].valued = true;
  }
  sim_drain(sim, output, true);
}

/* Fills at the beginning of a pass, for the additive terms of time. Partial
 * sums that come back are none of them. */
static void fill_first(sim_state *sim, sim_holder *holder) {
  const sim_moved *above = &holder->parent->moved[0];
  const uint64_t parent = above->words[CDS_READ];
  const uint64_t own = holder->moved[0].words[CDS_FILL];
  uint64_t net[CDS_ARRAYS_MAX] = {0};
  if (holder->output) {
    sim_fill(sim, holder);
    return;
  }
  for (unsigned k = holder->parent->depth; k < holder->depth; k++) {
    net[k] = holder->net[k][0].down;
    links_note(holder->links[k][1]);
  }
  sim_fill(sim, holder);
  holder->first_parent += above->words[CDS_READ] - parent;
  holder->first_own += holder->moved[0].words[CDS_FILL] - own;
  for (unsigned k = holder->parent->depth; k < holder->depth; k++) {
    holder->first_net[k] += holder->net[k][0].down - net[k];
    for (unsigned x = 0; x < 2; x++) {
      holder->first_link[k][x] +=
          links_busiest(holder->links[k][1], LINKS_DOWN_SINCE, x);
    }
  }
}

/* One time step; `outermost` is the outermost loop that advanced. */
static void step(sim_state *sim, unsigned outermost, bool first) {
  const unsigned holders = sim->holders - sim->einsum->tensors;
  for (unsigned k = 0; k < sim->arch->arrays; k++) {
    bool pass = false;
    for (unsigned h = 0; h < holders; h++) {
      const sim_holder *holder = &sim->holder[h];
      pass = pass ||
             (holder->depth == k + 1 && (first || holder->place > outermost));
    }
    sim->tile_passes[k] += pass ? 1 : 0;
  }
  for (unsigned h = holders; h-- > 0;) {
    sim_holder *holder = &sim->holder[h];
    if (holder->parent == NULL || (!first && holder->place <= outermost)) {
      continue;
    }
    sim_next_tile(sim, holder);
    for (size_t i = 0; !first && i < holder->instances; i++) {
      holder->replaced = holder->replaced || holder->changes[i];
    }
    if (holder->output) {
      sim_drain(sim, holder, false);
    }
  }
  for (unsigned h = 0; h < holders; h++) {
    sim_holder *holder = &sim->holder[h];
    if (holder->parent == NULL || (!first && holder->place <= outermost)) {
      continue;
    }
    if (first) {
      fill_first(sim, holder);
    } else {
      sim_fill(sim, holder);
    }
  }
  compute(sim);
}

/* Advances the temporal loops, innermost first; false at the end of the run.
 * `outermost` becomes the outermost loop that advanced. */
static bool advance(sim_state *sim, unsigned *outermost) {
  sim->pass_place = 0; /* no pass is listed */
  for (unsigned n = sim->mapping->nodes; n-- > 0;) {
    const cds_node *node = &sim->mapping->node[n];
    if (node->kind != CDS_FOR) {
      continue;
    }
    if (sim_has_pass(sim, n, ++sim->digit[n])) {
      *outermost = n;
      return true;
    }
    sim->digit[n] = 0;
  }
  return false;
}

/* The end of a pass: what outputs are left go up, from inside out. */
static void drain_last(sim_state *sim) {
  for (unsigned h = sim->holders; h-- > 0;) {
    sim_holder *holder = &sim->holder[h];
    if (!holder->output || holder->parent == NULL || holder->memoryless) {
      continue;
    }
    const sim_moved *above = &holder->parent->moved[0];
    const uint64_t parent = above->words[CDS_UPDATE];
    const uint64_t own = holder->moved[0].words[CDS_DRAIN];
    uint64_t net[CDS_ARRAYS_MAX] = {0};
    for (unsigned k = holder->parent->depth; k < holder->depth; k++) {
      net[k] = holder->net[k][0].up;
      links_note(holder->links[k][1]);
    }
    sim_drain(sim, holder, true);
    holder->last_parent += above->words[CDS_UPDATE] - parent;
    holder->last_own += holder->moved[0].words[CDS_DRAIN] - own;
    for (unsigned k = holder->parent->depth; k < holder->depth; k++) {
      holder->last_net[k] += holder->net[k][0].up - net[k];
      for (unsigned x = 0; x < 2; x++) {
        holder->last_link[k][x] +=
            links_busiest(holder->links[k][1], LINKS_UP_SINCE, x);
      }
    }
  }
}

/* The word of a tensor that a point of the iteration space uses. */
static size_t word_of(const sim_state *sim, unsigned t,
                      const uint64_t point[CDS_RANKS_MAX]) {
  const cds_tensor *tensor = &sim->einsum->tensor[t];
  size_t word = 0, stride = 1;
  for (unsigned a = tensor->axes; a-- > 0;) {
    size_t length = 1;
    for (unsigned i = 0; i < tensor->axis[a].terms; i++) {
      const cds_term *term = &tensor->axis[a].term[i];
      word += stride * (size_t)(term->coefficient * point[term->rank]);
      length += (size_t)(term->coefficient *
                         (sim->einsum->rank[term->rank].size - 1));
    }
    stride *= length;
  }
  return word;
}

/* The einsum computed directly, of the operands of one round. */
static void add_products(const sim_state *sim, sim_cell *wanted,
                         uint64_t round) {
  const cds_einsum *einsum = sim->einsum;
  const unsigned output = einsum->tensors - 1;
  uint64_t point[CDS_RANKS_MAX] = {0};
  unsigned r;
  do {
    uint64_t product = 1;
    for (unsigned t = 0; t < output; t++) {
      product *= operand_value(t, word_of(sim, t, point), round);
    }
    sim_cell *cell = &wanted[word_of(sim, output, point)];
    cell->value += product;
    cell->products++;
    for (r = 0; r < einsum->ranks && ++point[r] == einsum->rank[r].size; r++) {
      point[r] = 0;
    }
  } while (r < einsum->ranks);
}

/* Compares the outermost output with it. */
static void check_product(sim_state *sim) {
  const cds_einsum *einsum = sim->einsum;
  const unsigned output = einsum->tensors - 1;
  const sim_holder *holder = sim_home(sim, output);
  sim_cell *wanted = room(sim->words[output], sizeof *wanted);
  for (uint64_t round = 0; round < cds_einsum_passes(einsum); round++) {
    add_products(sim, wanted, round);
  }
  for (size_t word = 0; word < sim->words[output]; word++) {
    const sim_cell *cell = &holder->cell[word];
    if (cell->value != wanted[word].value ||
        cell->products != wanted[word].products ||
        cell->products != sim->reduction_size) {
      sim_fail(sim, "the result is not the einsum's", holder);
    }
  }
  free(wanted);
}

void sim_close(sim_state *sim) {
  for (unsigned h = 0; h < sim->holders; h++) {
    sim_holder *holder = &sim->holder[h];
    free(holder->idle);
    free(holder->coordinate);
    free(holder->cell);
    free(holder->tile);
    free(holder->next);
    free(holder->changes);
    free(holder->moved);
    for (unsigned k = 0; k < holder->depth; k++) {
      free(holder->net[k]);
      free(holder->links[k][0]);
      free(holder->links[k][1]);
    }
  }
  free(sim->list);
  free(sim->mark);
  free(sim->where);
  free(sim->seen);
  free(sim->worked);
  for (unsigned n = 0; n < sim->mapping->nodes; n++) {
    free(sim->digits[n]);
  }
  for (unsigned r = 0; r < sim->einsum->ranks; r++) {
    free(sim->pass[r]);
    free(sim->own[r]);
  }
  free(sim);
}

sim_state *sim_open(const cds_arch *arch, const cds_einsum *einsum,
                    const cds_mapping *mapping, simulate_message *message) {
  sim_state *sim = room(1, sizeof *sim);
  sim->arch = arch;
  sim->einsum = einsum;
  sim->mapping = mapping;
  sim->message = message;
  message->text[0] = '\0';
  prepare(sim);
  return sim;
}

void sim_pass(sim_state *sim) {
  unsigned outermost = 0;
  bool first = true;
  begin_pass(sim);
  do {
    step(sim, outermost, first);
    first = false;
  } while (advance(sim, &outermost));
  drain_last(sim);
}

bool simulate(cds_counts *out, const cds_arch *arch, const cds_einsum *einsum,
              const cds_mapping *mapping, simulate_message *message) {
  sim_state *sim = sim_open(arch, einsum, mapping, message);
  for (uint64_t round = 0; round < cds_einsum_passes(einsum); round++) {
    load_operands(sim, round);
    sim_pass(sim);
  }
  check_product(sim);
  sim_sum(sim, out);
  const bool ok = !sim->failed;
  sim_close(sim);
  return ok;
}
