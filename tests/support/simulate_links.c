/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulator's words on the explicit links of links.h. */
#include <stdlib.h>

#include "support/simulate_state.h"

/* Row and column of a coordinate of array k: its spreads are digits, the inner
 * ones least significant. */
static links_place place_of(const sim_state *sim, unsigned k,
                            size_t coordinate) {
  const cds_array *array = &sim->arch->array[k];
  uint64_t position[2] = {0, 0}, stride[2] = {1, 1};
  for (unsigned n = sim->mapping->nodes; n-- > 0;) {
    const cds_node *node = &sim->mapping->node[n];
    if (node->kind == CDS_SPREAD && node->array == k) {
      position[node->axis] += coordinate % node->trips * stride[node->axis];
      stride[node->axis] *= node->trips;
      coordinate /= node->trips;
    }
  }
  const bool only_cols = array->axes == 1 && array->axis_name[0][0] == 'c';
  return (links_place){(unsigned)position[only_cols ? 1 : 0],
                       (unsigned)position[only_cols ? 0 : 1]};
}

static size_t coordinate_of(const sim_state *sim, const sim_holder *holder,
                            unsigned k, size_t instance) {
  return instance / sim_span(sim, k + 1, holder->depth) % (size_t)sim->used[k];
}

/* The axes of array k on which the tensor lacks a spread. */
static links_word word_of(const sim_state *sim, const sim_holder *holder,
                          unsigned k) {
  const cds_tensor *tensor = &sim->einsum->tensor[holder->tensor];
  links_word word = {false, false, false};
  for (unsigned n = 0; n < sim->mapping->nodes; n++) {
    const cds_node *node = &sim->mapping->node[n];
    if (node->kind == CDS_SPREAD && node->array == k && node->trips > 1 &&
        !cds_tensor_has_rank(tensor, node->rank)) {
      const char *axis = sim->arch->array[k].axis_name[node->axis];
      *(axis[0] == 'c' ? &word.lacks_cols : &word.lacks_rows) = true;
    }
  }
  return word;
}

/* A word between the port and some elements. */
typedef struct trip {
  const links_place *place;
  size_t count;
  bool up, together;
  links_word word;
} trip;

static void send(sim_state *sim, sim_holder *holder, unsigned k,
                 size_t instance, const trip *t) {
  const bool first = instance < sim_span(sim, k, holder->depth);
  for (unsigned which = 0; which < (first ? 2 : 1); which++) {
    links_send(holder->links[k][which], t->place, t->count, t->up, t->together,
               t->word);
  }
}

/* A word with its name but for the coordinate of the array. */
typedef struct routed {
  size_t instance, word, coordinate;
  uint64_t products;
} routed;

static int compare(const void *a, const void *b) {
  const routed *x = a;
  const routed *y = b;
  if (x->instance != y->instance) {
    return x->instance < y->instance ? -1 : 1;
  }
  if (x->word != y->word) {
    return x->word < y->word ? -1 : 1;
  }
  return x->coordinate < y->coordinate   ? -1
         : x->coordinate > y->coordinate ? 1
                                         : 0;
}

void sim_route(sim_state *sim, sim_holder *holder, unsigned k, size_t count,
               bool up) {
  const cds_array *array = &sim->arch->array[k];
  const bool together = up ? array->reduction : array->multicast;
  const size_t below = sim_span(sim, k + 1, holder->depth);
  links_word word = word_of(sim, holder, k);
  routed *all = calloc(count + 1, sizeof *all);
  links_place place[LINKS_ELEMENTS_MAX];
  if (all == NULL) {
    abort();
  }
  for (size_t i = 0; i < count; i++) {
    const sim_word *one = &sim->list[i];
    const size_t at = coordinate_of(sim, holder, k, one->instance);
    all[i] = (routed){one->instance - at * below, one->word, at, one->products};
  }
  qsort(all, count, sizeof *all, compare);
  for (size_t i = 0; i < count;) {
    size_t n = 0;
    uint64_t products = 0;
    const routed *first = &all[i];
    do {
      products += all[i].products;
      place[n++] = place_of(sim, k, all[i++].coordinate);
    } while (together && i < count && all[i].instance == first->instance &&
             all[i].word == first->word);
    word.partial = products < sim->reduction_size ||
                   (n > 1 && array->network != CDS_NETWORK_BUS);
    send(sim, holder, k, first->instance,
         &(trip){place, n, up, together, word});
  }
  free(all);
}

void sim_route_back(sim_state *sim, sim_holder *holder, unsigned k,
                    size_t instance) {
  const links_place place =
      place_of(sim, k, coordinate_of(sim, holder, k, instance));
  send(sim, holder, k, instance,
       &(trip){&place, 1, false, true, {false, false, true}});
}
