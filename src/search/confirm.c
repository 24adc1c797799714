/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From decided tiles and loops to a mapping, and its cost by src/count and
 * src/price: the only numbers that an answer is made of.
 */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "search/constrain.h"

/* How the digits of each dimension are divided over its ranks. */
typedef struct cds_nest_writer {
  cds_mapping *mapping;
  const cds_descent *job;
  uint64_t left[CDS_RANKS_MAX]; /* of each rank, not yet given out */
} cds_nest_writer;

static void write_node(cds_nest_writer *it, cds_node node) {
  it->mapping->node[it->mapping->nodes++] = node;
}

/* Writes a digit of a dimension: each rank takes the primes that it has left.
 * The digits of a dimension multiply to its size, so nothing is left over. */
static void write_digit(cds_nest_writer *it, unsigned dim, uint64_t trips,
                        cds_node node) {
  const cds_dim *d = &it->job->general->dim[dim];
  for (unsigned i = 0; i < d->ranks && trips > 1; i++) {
    const unsigned rank = d->rank[i];
    const uint64_t part = cds_common_divisor(trips, it->left[rank]);
    if (part > 1) {
      node.rank = rank;
      node.trips = part;
      write_node(it, node);
      trips /= part;
      it->left[rank] /= part;
    }
  }
}

static void write_hold(cds_nest_writer *it, unsigned tensor, unsigned level) {
  cds_node node;
  memset(&node, 0, sizeof node);
  node.kind = CDS_HOLD;
  node.tensor = tensor;
  node.level = level;
  write_node(it, node);
}

static void write_spread(cds_nest_writer *it, unsigned array) {
  const cds_general *general = it->job->general;
  const cds_spread *spread = it->job->layout.spread[array];
  for (unsigned axis = 0; axis < 2; axis++) {
    for (unsigned d = 0; d < general->dims; d++) {
      const uint64_t rows = cds_extent(general, &spread->rows, d);
      const uint64_t all = cds_extent(general, &spread->at, d);
      cds_node node;
      memset(&node, 0, sizeof node);
      node.kind = CDS_SPREAD;
      node.array = array;
      node.axis = axis;
      write_digit(it, d, axis == 0 ? rows : all / rows, node);
    }
  }
}

static void write_loop(cds_nest_writer *it, unsigned dim, uint64_t trips) {
  cds_node node;
  memset(&node, 0, sizeof node);
  node.kind = CDS_FOR;
  write_digit(it, dim, trips, node);
}

static void write_group(cds_nest_writer *it, unsigned group) {
  const cds_descent *job = it->job;
  const cds_general *general = job->general;
  const unsigned first = job->frame[group - 1].loops;
  for (unsigned i = first; i < job->frame[group].loops; i++) {
    write_loop(it, job->loop[i].dim, job->loop[i].trips);
  }
  for (unsigned k = general->group[group - 1].depth;
       k < general->group[group].depth; k++) {
    write_spread(it, k);
  }
  const cds_holding *holding =
      cds_chain_holding(general, job->layout.chain, group);
  for (unsigned t = 0; t < general->tensors; t++) {
    if (holding->level[t] != CDS_NONE) {
      write_hold(it, t, holding->level[t]);
    }
  }
}

/* Loops below all holders: nothing depends on their order but constraints. */
static void write_innermost(cds_nest_writer *it) {
  const cds_descent *job = it->job;
  const cds_general *general = job->general;
  const unsigned last = general->groups;
  const unsigned parts = general->rules == NULL ? 1 : CDS_RANKS_MAX;
  for (unsigned part = 0; part < parts; part++) {
    for (unsigned d = 0; d < general->dims; d++) {
      const uint64_t spread =
          cds_extent(general, &job->layout.between[last + 1], d);
      if (cds_order_part_of(general, last + 1, d) == part) {
        write_loop(it, d,
                   cds_extent(general, &job->tile[last]->at, d) / spread);
      }
    }
  }
}

void cds_descent_mapping(cds_mapping *out, const cds_descent *job) {
  const cds_general *general = job->general;
  cds_nest_writer it = {.mapping = out, .job = job};
  out->nodes = 0;
  for (unsigned r = 0; r < general->einsum->ranks; r++) {
    it.left[r] = general->einsum->rank[r].size;
  }
  for (unsigned t = 0; t < general->tensors; t++) {
    write_hold(&it, t, general->homes.tensor[t].level);
  }
  for (unsigned g = 1; g <= general->groups; g++) {
    write_group(&it, g);
  }
  const unsigned last = general->groups;
  write_innermost(&it);
  for (unsigned k = general->group[last].depth; k < general->arch->arrays;
       k++) {
    write_spread(&it, k);
  }
}

/* Ties of the value go to less time, then to less energy; what is found first
 * stays otherwise. */
static bool better(const cds_incumbent *best, double value, double cycles,
                   double dynamic_pj) {
  if (!best->found || value != best->value) {
    return !best->found || value < best->value;
  }
  return cycles != best->cycles ? cycles < best->cycles
                                : dynamic_pj < best->dynamic_pj;
}

/* Microseconds of a count with overlapping tiles on links, about. */
enum { CDS_EFFORT_CONFIRM = 1000 };

cds_status cds_confirm(cds_descent *job, double dynamic_pj, double cycles) {
  cds_mapping mapping;
  cds_descent_mapping(&mapping, job);
  return cds_confirm_mapping(job, &mapping, dynamic_pj, cycles);
}

cds_status cds_confirm_mapping(cds_descent *job, const cds_mapping *mapping,
                               double dynamic_pj, double cycles) {
  cds_general *general = job->general;
  job->confirmed++;
  job->effort += CDS_EFFORT_CONFIRM;
  const cds_arena_mark mark = cds_arena_mark_get(general->scratch);
  cds_counts *counts = cds_arena_alloc(general->scratch, sizeof *counts);
  if (counts == NULL) {
    return CDS_ENOMEM;
  }
  cds_cost cost;
  cds_misfit misfit;
  cds_status status = cds_count(counts, general->arch, general->einsum, mapping,
                                general->scratch);
  if (status == CDS_OK && cds_price_fits(&misfit, general->arch,
                                         general->einsum, counts) == CDS_OK) {
    status = cds_price_einsum(&cost, general->arch, general->einsum, counts,
                              general->power_limit_w);
    if (status == CDS_OK) {
      assert(cost.dynamic_pj * (1 + 1e-9) >= dynamic_pj);
      assert(cost.cycles * (1 + 1e-9) >= cycles);
      (void)dynamic_pj;
      (void)cycles;
      const double value =
          cds_aim_value(&job->aim, cost.dynamic_pj, cost.cycles);
      /* What a pass found beyond its end is left to the next (open_all). */
      if (!isinf(value) && (job->best.found || value < job->beyond) &&
          better(&job->best, value, cost.cycles, cost.dynamic_pj)) {
        job->best.found = true;
        job->best.value = job->beyond = value;
        job->best.cycles = cost.cycles;
        job->best.dynamic_pj = cost.dynamic_pj;
        job->best.mapping = *mapping;
        job->best.cost = cost;
        job->stopped = job->stopped || job->any;
      }
    }
  }
  cds_arena_reset(general->scratch, mark);
  return status;
}
