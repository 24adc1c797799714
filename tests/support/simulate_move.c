/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the literal simulator moves words: fills over multicasting networks,
 * drains over reducing ones, and what happens to partial sums at the parent.
 */
#include "support/simulate_state.h"

static bool is_partial(const sim_state *sim, uint64_t products) {
  return products < sim->reduction_size;
}

static void act(const sim_state *sim, sim_holder *holder, size_t instance,
                cds_action action, uint64_t products) {
  sim_moved *moved = &holder->moved[instance];
  moved->words[action]++;
  if (holder->output && is_partial(sim, products)) {
    moved->partial[action]++;
  }
}

static size_t parent_instance(const sim_state *sim, const sim_holder *holder,
                              size_t instance) {
  return instance / sim_span(sim, holder->parent->depth, holder->depth);
}

/* The network of array k (one for each coordinate of the arrays above). */
static sim_net *network(const sim_state *sim, const sim_holder *holder,
                        unsigned k, size_t instance) {
  return &holder->net[k][instance / sim_span(sim, k, holder->depth)];
}

/* Lets the words of the list that differ only in the coordinate of array k
 * become one (`joined`); their values add up. Returns what is left. */
static size_t meet(sim_state *sim, const sim_holder *holder, unsigned k,
                   bool joined, size_t count) {
  if (!joined) {
    return count;
  }
  const size_t below = sim_span(sim, k + 1, holder->depth);
  const size_t words = sim->words[holder->tensor];
  const uint32_t generation = ++sim->generation;
  size_t left = 0;
  for (size_t i = 0; i < count; i++) {
    sim_word word = sim->list[i];
    word.instance -= word.instance / below % sim->used[k] * below;
    const size_t key = word.instance * words + word.word;
    if (sim->mark[key] == generation) {
      sim->list[sim->where[key]].value += word.value;
      sim->list[sim->where[key]].products += word.products;
      continue;
    }
    sim->mark[key] = generation;
    sim->where[key] = left;
    sim->list[left++] = word;
  }
  return left;
}

/* One word arrives from below at the parent. `first`: no other word of this
 * name arrived before in this drain; it carries what the parent gave away. */
static void arrive(sim_state *sim, const sim_holder *holder,
                   const sim_word *word, bool first) {
  sim_holder *parent = holder->parent;
  const size_t instance = parent_instance(sim, holder, word->instance);
  sim_cell *cell = sim_cell_at(sim, parent, instance, word->word);
  if (!cell->present) {
    sim_fail(sim, "a word is drained to a parent that does not hold it",
             holder);
  }
  if (cell->valued && (parent->accumulate || !first)) {
    act(sim, parent, instance, CDS_READ, cell->products);
    cell->value += word->value;
    cell->products += word->products;
  } else {
    if (cell->valued && word->products <= cell->products) {
      sim_fail(sim, "a partial sum is lost", holder);
    }
    cell->value = word->value;
    cell->products = word->products;
  }
  cell->valued = true;
  act(sim, parent, instance, CDS_UPDATE, cell->products);
  if (is_partial(sim, cell->products)) {
    parent->partial_tile = true;
  }
}

/* Sends the list up: through each network, then to the parent. */
static void send_up(sim_state *sim, sim_holder *holder, size_t count) {
  for (unsigned k = holder->depth; k-- > holder->parent->depth;) {
    sim_route(sim, holder, k, count, true);
    const size_t left =
        meet(sim, holder, k, sim->arch->array[k].reduction, count);
    holder->adds[k] += count - left;
    count = left;
    for (size_t i = 0; i < count; i++) {
      sim_net *net = network(sim, holder, k, sim->list[i].instance);
      net->up++;
      net->up_partial += is_partial(sim, sim->list[i].products);
    }
  }
  const size_t words = sim->words[holder->tensor];
  const uint32_t generation = ++sim->generation;
  for (size_t i = 0; i < count; i++) {
    const sim_word *word = &sim->list[i];
    const size_t parent = parent_instance(sim, holder, word->instance);
    const size_t key = parent * words + word->word;
    arrive(sim, holder, word, sim->mark[key] != generation);
    sim->mark[key] = generation;
  }
}

void sim_drain(sim_state *sim, sim_holder *holder, bool all) {
  size_t count = 0, kept = 0;
  for (size_t i = 0; i < holder->tiled; i++) {
    sim_word word = holder->tile[i];
    if (!all && !holder->changes[word.instance]) {
      holder->tile[kept++] = word;
      continue;
    }
    sim_cell *cell = sim_cell_at(sim, holder, word.instance, word.word);
    if (!cell->valued) {
      sim_fail(sim, "a word without value is drained", holder);
    }
    word.value = cell->value;
    word.products = cell->products;
    act(sim, holder, word.instance, CDS_DRAIN, word.products);
    sim->list[count++] = word;
    *cell = (sim_cell){0};
  }
  holder->tiled = kept;
  if (count > 0) {
    send_up(sim, holder, count);
  }
}

/* Words of operands that are new come from the parent, each once for all
 * children that differ only in coordinates of multicasting arrays. */
static void fill_operand(sim_state *sim, sim_holder *holder) {
  sim_holder *parent = holder->parent;
  const size_t total = holder->nexts;
  size_t count = 0;
  for (size_t i = 0; i < total; i++) {
    const sim_word *word = &holder->next[i];
    sim_cell *cell = sim_cell_at(sim, holder, word->instance, word->word);
    if (!cell->present || holder->memoryless || holder->anew) {
      const sim_cell *source =
          sim_cell_at(sim, parent, parent_instance(sim, holder, word->instance),
                      word->word);
      if (!source->present) {
        sim_fail(sim, "the parent does not hold a word to read", holder);
      }
      cell->value = source->value;
      act(sim, holder, word->instance, CDS_FILL, 0);
      sim->list[count++] = *word;
    }
  }
  for (unsigned k = holder->depth; k-- > parent->depth;) {
    sim_route(sim, holder, k, count, false);
    count = meet(sim, holder, k, sim->arch->array[k].multicast, count);
    for (size_t i = 0; i < count; i++) {
      network(sim, holder, k, sim->list[i].instance)->down++;
    }
  }
  for (size_t i = 0; i < count; i++) {
    act(sim, parent, parent_instance(sim, holder, sim->list[i].instance),
        CDS_READ, 0);
  }
}

/* Output words start at zero, but for one instance of each group, which gets
 * the partial sum back, if there is one that the parent does not keep. */
static void fill_output(sim_state *sim, sim_holder *holder) {
  sim_holder *parent = holder->parent;
  const size_t total = holder->nexts;
  const size_t words = sim->words[holder->tensor];
  const uint32_t generation = ++sim->generation;
  for (size_t i = 0; i < total; i++) {
    const sim_word *word = &holder->next[i];
    sim_cell *cell = sim_cell_at(sim, holder, word->instance, word->word);
    if (cell->present) {
      continue;
    }
    const size_t instance = parent_instance(sim, holder, word->instance);
    const sim_cell *source = sim_cell_at(sim, parent, instance, word->word);
    if (!source->present) {
      sim_fail(sim, "the parent does not hold an output word", holder);
    }
    const size_t key = instance * words + word->word;
    const bool lowest = sim->mark[key] != generation;
    sim->mark[key] = generation;
    *cell = (sim_cell){.present = true};
    if (!source->valued || parent->accumulate || !lowest) {
      continue;
    }
    if (!is_partial(sim, source->products)) {
      sim_fail(sim, "a finished word comes back", holder);
    }
    cell->value = source->value;
    cell->products = source->products;
    cell->valued = true;
    act(sim, parent, instance, CDS_READ, source->products);
    act(sim, holder, word->instance, CDS_FILL, source->products);
    holder->partial_tile = true;
    for (unsigned k = parent->depth; k < holder->depth; k++) {
      network(sim, holder, k, word->instance)->down++;
      sim_route_back(sim, holder, k, word->instance);
    }
  }
}

/* Marks what is in `next` as present and the rest of the old tile as gone. */
static void replace_tile(sim_state *sim, sim_holder *holder) {
  const size_t total = holder->nexts;
  for (size_t i = 0; i < holder->tiled; i++) {
    const sim_word *word = &holder->tile[i];
    sim_cell_at(sim, holder, word->instance, word->word)->present = false;
  }
  for (size_t i = 0; i < total; i++) {
    const sim_word *word = &holder->next[i];
    sim_cell_at(sim, holder, word->instance, word->word)->present = true;
  }
  sim_word *tile = holder->tile;
  const size_t room = holder->room_tile;
  holder->tile = holder->next;
  holder->room_tile = holder->room_next;
  holder->next = tile;
  holder->room_next = room;
  holder->tiled = total;
}

void sim_fill(sim_state *sim, sim_holder *holder) {
  if (holder->output) {
    fill_output(sim, holder);
  } else {
    fill_operand(sim, holder);
  }
  replace_tile(sim, holder);
}
