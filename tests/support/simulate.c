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

/* Operands stand in the outermost level before the run starts. */
static void load_outermost(sim_state *sim) {
  for (unsigned h = 0; h < sim->holders; h++) {
    sim_holder *holder = &sim->holder[h];
    if (holder->parent != NULL) {
      continue;
    }
    sim_next_tile(sim, holder);
    for (size_t i = 0; i < holder->nexts; i++) {
      const size_t word = holder->next[i].word;
      sim_cell *cell = sim_cell_at(sim, holder, 0, word);
      cell->present = true;
      if (!holder->output) {
        cell->value = operand_value(holder->tensor, word, 0);
      }
    }
  }
}

/* Another round on the same output: all tiles are gone, and other operands are
 * at home. */
static void begin_round(sim_state *sim, uint64_t round) {
  for (unsigned h = 0; h < sim->holders; h++) {
    sim_holder *holder = &sim->holder[h];
    const bool home = holder->parent == NULL;
    if (home && !holder->output) {
      for (size_t word = 0; word < sim->words[holder->tensor]; word++) {
        holder->cell[word].value = operand_value(holder->tensor, word, round);
      }
    }
    for (size_t i = 0; !home && i < holder->tiled; i++) {
      const sim_word *word = &holder->tile[i];
      *sim_cell_at(sim, holder, word->instance, word->word) = (sim_cell){0};
    }
    if (!home) {
      holder->tiled = 0;
      holder->started = false;
    }
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
  sim->reduction_size = cds_einsum_rounds(einsum);
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
  load_outermost(sim);
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
    output->cell[unit].value += product;
    output->cell[unit].products++;
    output->cell[unit].valued = true;
  }
  sim_drain(sim, output, true);
}

/* Fills at the beginning of the run, for the additive terms of time. */
static void fill_first(sim_state *sim, sim_holder *holder) {
  sim_fill(sim, holder);
  holder->first_parent = holder->parent->moved[0].words[CDS_READ];
  holder->first_own = holder->moved[0].words[CDS_FILL];
  for (unsigned k = holder->parent->depth; k < holder->depth; k++) {
    holder->first_net[k] = holder->net[k][0].down;
    for (unsigned x = 0; x < 2; x++) {
      holder->first_link[k][x] =
          links_busiest(holder->links[k][1], LINKS_DOWN, x);
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
    if (first && sim->round == 0) {
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

/* The end of the run: what outputs are left go up, from inside out. */
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
      links_note_up(holder->links[k][1]);
    }
    sim_drain(sim, holder, true);
    holder->last_parent = above->words[CDS_UPDATE] - parent;
    holder->last_own = holder->moved[0].words[CDS_DRAIN] - own;
    for (unsigned k = holder->parent->depth; k < holder->depth; k++) {
      holder->last_net[k] = holder->net[k][0].up - net[k];
      for (unsigned x = 0; x < 2; x++) {
        holder->last_link[k][x] =
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
  const sim_holder *holder = NULL;
  for (unsigned h = sim->holders; h-- > 0;) {
    if (sim->holder[h].output) {
      holder = &sim->holder[h];
    }
  }
  sim_cell *wanted = room(sim->words[output], sizeof *wanted);
  for (uint64_t round = 0; round < cds_einsum_rounds(einsum); round++) {
    add_products(sim, wanted, round);
  }
  for (size_t word = 0; holder != NULL && word < sim->words[output]; word++) {
    const sim_cell *cell = &holder->cell[word];
    if (cell->value != wanted[word].value ||
        cell->products != wanted[word].products ||
        cell->products != sim->reduction_size) {
      sim_fail(sim, "the result is not the einsum's", holder);
    }
  }
  free(wanted);
}

static void sum_links(const sim_holder *holder, unsigned k, cds_traffic *out) {
  const links_net *all = holder->links[k][0];
  const links_net *first = holder->links[k][1];
  out->hops_down[k] = links_total(all, LINKS_DOWN);
  out->hops_up[k] = links_total(all, LINKS_UP);
  out->hops_up_partial[k] = links_total(all, LINKS_UP_PARTIAL);
  for (unsigned x = 0; x < 2; x++) {
    out->link_down[k][x] = links_busiest(first, LINKS_DOWN, x);
    out->link_up[k][x] = links_busiest(first, LINKS_UP, x);
    out->link_up_partial[k][x] = links_busiest(first, LINKS_UP_PARTIAL, x);
    out->first_link[k][x] = holder->first_link[k][x];
    out->last_link[k][x] = holder->last_link[k][x];
  }
  if (first->array->network == CDS_NETWORK_BUS) {
    out->link_down[k][0] = out->down_peak[k]; /* its one link */
  }
}

/* Words of one sort in instance 0 and in the busiest one. Only windows, where
 * idling loses an overlap, may make another one busier. */
static uint64_t busiest(sim_state *sim, const sim_holder *holder, uint64_t zero,
                        uint64_t most) {
  if (most > zero && !cds_tensor_has_windows(sim->einsum, holder->tensor)) {
    sim_fail(sim, "instance 0 is not the busiest", holder);
  }
  return most;
}

static uint64_t most(uint64_t a, uint64_t b) { return a > b ? a : b; }

static void sum_networks(sim_state *sim, const sim_holder *holder,
                         cds_traffic *out) {
  for (unsigned k = 0; k < holder->depth; k++) {
    uint64_t down = 0, up = 0;
    for (size_t i = 0; i < sim_span(sim, 0, k); i++) {
      down = most(down, holder->net[k][i].down);
      up = most(up, holder->net[k][i].up);
      out->down[k] += holder->net[k][i].down;
      out->up[k] += holder->net[k][i].up;
      out->up_partial[k] += holder->net[k][i].up_partial;
    }
    const sim_net *zero = &holder->net[k][0];
    out->down_peak[k] = busiest(sim, holder, zero->down, down);
    out->up_peak[k] = busiest(sim, holder, zero->up, up);
    out->up_partial_peak[k] = zero->up_partial;
    out->adds[k] = holder->adds[k];
    out->first_net[k] = holder->first_net[k];
    out->last_net[k] = holder->last_net[k];
    sum_links(holder, k, out);
  }
}

static void sum_holder(sim_state *sim, const sim_holder *holder,
                       cds_traffic *out) {
  /* Compute keeps nothing: its words are replaced at every step. */
  out->held = !holder->memoryless;
  out->replaced = holder->memoryless || holder->replaced;
  out->partial_tile = !holder->memoryless && holder->partial_tile;
  out->parent = holder->parent == NULL ? holder->level : holder->parent->level;
  out->tile_words = holder->largest;
  uint64_t peak[CDS_ACTIONS] = {0};
  for (size_t i = 0; i < holder->instances; i++) {
    const sim_moved *moved = &holder->moved[i];
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      out->words[a] += moved->words[a];
      out->partial[a] += moved->partial[a];
      peak[a] = most(peak[a], moved->words[a]);
    }
  }
  for (unsigned a = 0; a < CDS_ACTIONS; a++) {
    out->peak[a] = busiest(sim, holder, holder->moved[0].words[a], peak[a]);
  }
  memcpy(out->partial_peak, holder->moved[0].partial, sizeof out->partial_peak);
  out->first_parent = holder->first_parent;
  out->first_own = holder->first_own;
  out->last_parent = holder->last_parent;
  out->last_own = holder->last_own;
  sum_networks(sim, holder, out);
}

/* The links add as often as the networks did. */
static void check_adds(sim_state *sim, const sim_holder *holder) {
  for (unsigned k = 0; k < holder->depth; k++) {
    if (holder->links[k][0]->adds != holder->adds[k]) {
      sim_fail(sim, "the links add another number of times", holder);
    }
  }
}

/* reads = updates - zero starts; zero starts = drains - fills. */
static void check_zero_starts(sim_state *sim, const sim_holder *holder,
                              const cds_traffic *t) {
  const uint64_t zero_starts = holder->parent == NULL
                                   ? holder->largest
                                   : t->words[CDS_DRAIN] - t->words[CDS_FILL];
  if (holder->output && !holder->memoryless &&
      t->words[CDS_READ] + zero_starts != t->words[CDS_UPDATE]) {
    sim_fail(sim, "reads are not updates less zero starts", holder);
  }
}

/* Instances that ever worked, and positions up to the last of them. */
static void sum_workers(const sim_state *sim, cds_counts *out) {
  const size_t units = sim_span(sim, 0, sim->arch->arrays);
  for (unsigned depth = 0; depth <= sim->arch->arrays; depth++) {
    const size_t below = sim_span(sim, depth, sim->arch->arrays);
    for (size_t i = 0; i < units; i += below) {
      bool any = false;
      for (size_t unit = i; unit < i + below; unit++) {
        any = any || sim->worked[unit];
      }
      out->used[depth] += any;
    }
  }
  for (unsigned k = 0; k < sim->arch->arrays; k++) {
    for (unsigned x = 0; x < 2; x++) {
      for (size_t unit = 0; unit < units; unit++) {
        uint64_t at = 0;
        for (unsigned n = 0; n < sim->mapping->nodes; n++) {
          const cds_node *node = &sim->mapping->node[n];
          if (node->kind == CDS_SPREAD && node->array == k && node->axis == x) {
            at = at * node->trips +
                 sim_spread_digit(sim, sim->arch->arrays, unit, n);
          }
        }
        if (sim->worked[unit]) {
          out->along[k][x] = most(out->along[k][x], at + 1);
        }
      }
    }
  }
}

/* The first fill and the last drain of every round, which are alike. */
static void repeat_ends(const sim_state *sim, cds_traffic *traffic) {
  const uint64_t rounds = cds_einsum_rounds(sim->einsum);
  traffic->first_parent *= rounds;
  traffic->first_own *= rounds;
  traffic->last_parent *= rounds;
  traffic->last_own *= rounds;
  for (unsigned k = 0; k < sim->arch->arrays; k++) {
    traffic->first_net[k] *= rounds;
    traffic->last_net[k] *= rounds;
    for (unsigned x = 0; x < 2; x++) {
      traffic->first_link[k][x] *= rounds;
      traffic->last_link[k][x] *= rounds;
    }
  }
}

static void sum_up(sim_state *sim, cds_counts *out) {
  *out =
      (cds_counts){.macs = cds_einsum_rounds(sim->einsum), .steps = sim->steps};
  memcpy(out->passes, sim->tile_passes, sizeof out->passes);
  for (unsigned r = 0; r < sim->einsum->ranks; r++) {
    out->macs *= sim->einsum->rank[r].size;
  }
  sum_workers(sim, out);
  out->units = out->used[sim->arch->arrays];
  for (unsigned h = 0; h < sim->holders; h++) {
    const sim_holder *holder = &sim->holder[h];
    cds_traffic *traffic = &out->at[holder->level][holder->tensor];
    sum_holder(sim, holder, traffic);
    repeat_ends(sim, traffic);
    check_zero_starts(sim, holder, traffic);
    check_adds(sim, holder);
  }
}

static void give_back(sim_state *sim) {
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

bool simulate(cds_counts *out, const cds_arch *arch, const cds_einsum *einsum,
              const cds_mapping *mapping, simulate_message *message) {
  sim_state *sim = room(1, sizeof *sim);
  sim->arch = arch;
  sim->einsum = einsum;
  sim->mapping = mapping;
  sim->message = message;
  message->text[0] = '\0';
  prepare(sim);
  for (; sim->round < cds_einsum_rounds(einsum); sim->round++) {
    unsigned outermost = 0;
    bool first = true;
    if (sim->round > 0) {
      begin_round(sim, sim->round);
    }
    do {
      step(sim, outermost, first);
      first = false;
    } while (advance(sim, &outermost));
    drain_last(sim);
  }
  check_product(sim);
  sum_up(sim, out);
  const bool ok = !sim->failed;
  give_back(sim);
  return ok;
}
