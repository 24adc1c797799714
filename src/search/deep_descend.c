/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tiles and runs of one choice, from the outermost group inwards: what is
 * decided costs what it does, what is open the least of deep_bound.c. What may
 * follow a group is listed and opened in the order of its bounds.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/deep_chain.h"
#include "search/deep_descend.h"

static bool beyond(const cds_deep_job *it, const cds_weights *sum,
                   double bound) {
  const cds_descent *job = it->job;
  return cds_deep_beyond(job, bound, sum->value[CDS_ENERGY],
                         cds_deep_cycles(&job->layout, sum));
}

/* ---- descent --------------------------------------------------------- */

static int by_bound(const void *left, const void *right) {
  const cds_deep_step *a = left;
  const cds_deep_step *b = right;
  if (a->bound != b->bound) {
    return a->bound < b->bound ? -1 : 1;
  }
  const int order = memcmp(a->at, b->at, sizeof a->at);
  return order != 0 ? order : a->block - b->block;
}

static void count_node(cds_descent *job) {
  enum { CHECK_EVERY = 1024 };
  job->nodes++;
  if ((job->nodes % CHECK_EVERY == 0 || job->nodes >= job->enough_nodes) &&
      cds_descent_enough(job)) {
    job->stopped = true;
  }
  job->stopped = job->stopped || job->nodes >= job->most_nodes;
}

static void take(cds_deep_job *it, unsigned g, const cds_deep_step *step) {
  it->block[g] = step->block;
  it->passing[g] = step->passing;
  for (unsigned c = 0; c < CDS_DEEP_TENSORS; c++) {
    it->at[g][c] = step->at[c];
    it->inverse[g][c] = it->inverse_of[c][step->at[c]];
  }
  it->sum[g] = it->sum[g - 1];
  cds_deep_decide(&it->sum[g], it, g, step, it->inverse[g],
                  cds_deep_tile(it, g, step->at));
}

/* All that may follow the groups outside of g. Depth: the groups. */
// NOLINTNEXTLINE(misc-no-recursion)
static void open_group(cds_deep_job *it, unsigned g) {
  cds_descent *job = it->job;
  if (g > it->deep->groups) {
    cds_deep_leaf(it);
    return;
  }
  const size_t first = it->steps;
  cds_deep_list_steps(it, g);
  const size_t end = it->steps;
  if (end - first > 1) {
    qsort(it->step + first, end - first, sizeof *it->step, by_bound);
  }
  for (size_t i = first; i < end; i++) {
    const cds_deep_step step = it->step[i];
    if (job->stopped || job->status != CDS_OK) {
      break;
    }
    if (cds_deep_beyond(job, step.bound, step.energy_pj, step.cycles)) {
      continue;
    }
    count_node(job);
    take(it, g, &step);
    open_group(it, g + 1);
  }
  it->steps = first;
}

/* ---- begin ----------------------------------------------------------- */

static void set_chain(cds_deep_job *it, const cds_deep_choice *choice) {
  const cds_deep *deep = it->deep;
  for (unsigned g = 1; g <= deep->groups; g++) {
    size_t at = 0;
    for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
      const unsigned digit =
          cds_deep_digit(deep, choice->suffix[t], deep->groups, g);
      at = at * deep->radix[g] + digit;
      it->held[t][g] = digit > 0;
    }
    it->chain.holding[g] = deep->holding[g][at];
  }
  cds_chain_fill(&it->chain, deep->general);
}

/* Costs of all weightings, and bounds from them. */
static void set_costs(cds_deep_job *it) {
  cds_deep *deep = it->deep;
  const cds_layout *layout = &it->job->layout;
  const cds_general *general = deep->general;
  it->sum[0] = layout->fixed;
  for (unsigned i = 0; i < layout->weightings; i++) {
    cds_deep_bound_input *input = &it->input[i];
    input->first = 1;
    memcpy(input->tiles, it->tiles, sizeof input->tiles);
    memcpy(input->held, it->held, sizeof input->held);
    memset(input->cost, 0, sizeof input->cost);
    for (unsigned w = 0; w < it->chain.first_way[deep->groups + 1]; w++) {
      const cds_leg *way = &it->chain.way[w];
      const cds_leg_price *price = &layout->price[w];
      const double most = general->tensor[way->tensor].words * price->staying *
                          it->view->rest_size[way->tensor];
      const double all = most * (price->own[0][i] + price->above[0][i]);
      it->sum[0].value[i] += price->constant[i] + (all < 0 ? all : 0);
      input->cost[way->tensor][way->group] = all < 0 ? 0 : all;
    }
    cds_deep_bound(&it->runs[i], deep, input);
  }
}

/* Takes the energies of the choice's own prices, whose tables are known. */
static cds_status set_energy(cds_deep_job *it, const cds_deep_choice *choice) {
  cds_deep *deep = it->deep;
  const unsigned groups = deep->groups;
  cds_deep_bound_input *input = &it->input[CDS_ENERGY];
  it->sum[0].value[CDS_ENERGY] = deep->general->base_pj;
  for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
    const size_t at = deep->first[groups] + choice->suffix[t];
    const cds_deep_price *price = it->view->price[t];
    it->sum[0].value[CDS_ENERGY] += price->low[at];
    memcpy(input->cost[t], &price->cost[at * (groups + 1)],
           (groups + 1) * sizeof(double));
  }
  for (unsigned g = 2; g <= groups + 1; g++) {
    CDS_TRY(cds_deep_chain_get(&it->inside_pj[g], deep, input, g));
  }
  return CDS_OK;
}

static cds_status set_tiles(cds_deep_job *it, const cds_deep_choice *choice) {
  bool inside = false;
  for (unsigned g = it->deep->groups; g >= 1; g--) {
    cds_deep_held held = {.group = g, .output_inside = inside};
    for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
      held.digit[t] =
          cds_deep_digit(it->deep, choice->suffix[t], it->deep->groups, g);
    }
    CDS_TRY(cds_deep_tiles_get(&it->tiles[g], it->deep, it->view, &held));
    inside = inside || it->held[it->deep->general->output][g];
    cds_group_terms_set(&it->terms[g], &it->job->layout, g);
  }
  return CDS_OK;
}

/* Weight of a cycle in the bounds. */
static double weight_of(const cds_deep_job *it) {
  const cds_descent *job = it->job;
  const cds_aim *aim = &job->aim;
  if (aim->time_power == 0) {
    return aim->leakage_pj + aim->lambda_pj;
  }
  const double dynamic =
      job->best.found ? job->best.dynamic_pj : it->deep->general->base_pj;
  const double cycles =
      job->best.found ? job->best.cycles : it->view->spreads->cycles;
  return aim->leakage_pj +
         aim->time_power * (dynamic / cycles + aim->leakage_pj);
}

static void set_layout(cds_deep_job *it) {
  cds_descent *job = it->job;
  const cds_general *general = it->deep->general;
  const cds_spread *spread[CDS_ARRAYS_MAX] = {NULL};
  for (unsigned k = 0; k < general->arch->arrays; k++) {
    spread[k] = &general->spreads[k].spread[it->view->spreads->spread[k]];
  }
  cds_layout_set(&job->layout, general, &it->chain, spread);
  cds_layout_look(&job->layout, weight_of(it), cds_aim_weighs_time(&job->aim),
                  job->best.found ? &job->best.cost : NULL);
  cds_layout_bound(&job->layout);
}

static void begin_outside(cds_deep_job *it) {
  for (unsigned c = 0; c < CDS_DEEP_TENSORS; c++) {
    it->at[0][c] = it->view->rest[c];
    it->inverse[0][c] = 1 / it->view->rest_size[c];
  }
  size_t stride = 1;
  for (unsigned c = CDS_DEEP_TENSORS; c-- > 0;) {
    const cds_deep_parts *parts = &it->deep->parts[c][it->view->rest[c]];
    for (unsigned i = 0; i < parts->count; i++) {
      it->place_of[c][parts->at[i]] = i * stride;
    }
    stride *= parts->count;
  }
}

cds_status cds_deep_descend(cds_deep *deep, cds_descent *job,
                            const cds_deep_view *view,
                            const cds_deep_choice *choice) {
  cds_deep_job *it = deep->job;
  it->deep = deep;
  it->job = job;
  it->view = view;
  job->status = CDS_OK;
  set_chain(it, choice);
  set_layout(it);
  CDS_TRY(set_tiles(it, choice));
  set_costs(it);
  CDS_TRY(set_energy(it, choice));
  begin_outside(it);
  cds_deep_set_most(it);
  cds_weights sum = it->sum[0];
  sum.value[CDS_ENERGY] = choice->energy_pj;
  for (unsigned i = 1; i < job->layout.weightings; i++) {
    sum.value[i] += cds_deep_bound_from(&it->runs[i], &it->input[i],
                                        deep->groups, 1, it->inverse[0]);
  }
  if (beyond(it, &sum, cds_aim_bound(&job->aim, &job->layout, &sum).value)) {
    return CDS_OK;
  }
  cds_layout_products(&job->layout);
  open_group(it, 1);
  return job->status;
}

cds_status cds_deep_job_new(cds_deep *deep) {
  cds_deep_job *it = cds_arena_alloc(deep->general->arena, sizeof *it);
  deep->job = it;
  if (it == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned c = 0; c < CDS_DEEP_TENSORS; c++) {
    const unsigned d = deep->dim[c];
    const unsigned count =
        d == CDS_DEEP_NO_DIM ? 1 : deep->general->dim[d].divisors;
    it->inverse_of[c] =
        cds_arena_array(deep->general->arena, count, sizeof(double));
    it->place_of[c] =
        cds_arena_array(deep->general->arena, count, sizeof(size_t));
    if (it->inverse_of[c] == NULL || it->place_of[c] == NULL) {
      return CDS_ENOMEM;
    }
    for (unsigned i = 0; i < count; i++) {
      it->inverse_of[c][i] = 1 / (double)cds_deep_divisor(deep, c, i);
    }
  }
  return CDS_OK;
}

void cds_deep_job_free(cds_deep *deep) {
  if (deep->job != NULL) {
    cds_free(deep->job->step);
  }
  deep->job = NULL;
}
