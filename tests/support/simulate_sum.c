/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the literal simulator saw, as counts. */
#include <string.h>

#include "support/simulate_state.h"

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
                                   ? holder->zero_starts
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

void sim_sum(sim_state *sim, cds_counts *out) {
  *out = (cds_counts){.macs = sim->macs, .steps = sim->steps};
  memcpy(out->passes, sim->tile_passes, sizeof out->passes);
  sum_workers(sim, out);
  out->units = out->used[sim->arch->arrays];
  for (unsigned h = 0; h < sim->holders; h++) {
    const sim_holder *holder = &sim->holder[h];
    cds_traffic *traffic = &out->at[holder->level][holder->tensor];
    sum_holder(sim, holder, traffic);
    check_zero_starts(sim, holder, traffic);
    check_adds(sim, holder);
  }
}
