/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tiles and runs that are decided, as the loops of cds_descent, and their
 * price.
 */
#include <assert.h>
#include <math.h>

#include "search/deep_descend.h"

/* Dynamic energy above which nothing is of interest. */
void cds_deep_set_most(cds_deep_job *it) {
  const cds_descent *job = it->job;
  const cds_aim *aim = &job->aim;
  const double cycles = job->layout.least_cycles;
  double most = aim->most_pj - aim->leakage_pj * cycles;
  if (job->best.found && aim->time_power == 0) {
    const double each = aim->leakage_pj + aim->lambda_pj;
    most = fmin(most, job->best.value - each * cycles);
  } else if (job->best.found) {
    const cds_goal goal = {.time_power = aim->time_power};
    const double times = cds_goal_at(goal, 1, cycles / aim->clock_hz);
    most = fmin(most, job->best.value / times - aim->leakage_pj * cycles);
  }
  it->most_pj = most + 1e-11 * fabs(most);
}

/* ---- leaves ---------------------------------------------------------- */

static void write_loop(cds_deep_job *it, unsigned g, unsigned c) {
  const cds_deep *deep = it->deep;
  cds_descent *job = it->job;
  const bool batch = c == CDS_DEEP_BATCH;
  if (deep->dim[c] == CDS_DEEP_NO_DIM || (batch && g > 1)) {
    return;
  }
  const cds_dim *dim = &deep->general->dim[deep->dim[c]];
  const uint16_t outer = batch ? it->view->rest[c] : it->at[g - 1][c];
  const uint16_t inner = batch ? 0 : it->at[g][c];
  const uint16_t trips = cds_quotient(dim, outer, inner);
  if (trips > 0) {
    job->loop[job->loops++] = (cds_loop){
        deep->dim[c], dim->divisor[trips],
        dim->divisor[cds_product(dim, inner, it->view->below[g - 1][c])]};
  }
}

/* Loops of the region above group g, in the order of the dimensions, those of
 * the block last. */
static void write_region(cds_deep_job *it, unsigned g) {
  const cds_deep *deep = it->deep;
  const cds_general *general = deep->general;
  for (unsigned d = 0; d < general->dims; d++) {
    for (unsigned c = 0; c < CDS_DEEP_CLASSES; c++) {
      if (deep->dim[c] == d && c != it->block[g]) {
        write_loop(it, g, c);
      }
    }
  }
  write_loop(it, g, it->block[g]);
}

/* Passes of each tensor below the loops so far. */
static void write_frame(cds_deep_job *it, unsigned g) {
  cds_descent *job = it->job;
  const cds_general *general = it->deep->general;
  cds_frame *frame = &job->frame[g];
  *frame = job->frame[g - 1];
  for (unsigned i = frame->loops; i < job->loops; i++) {
    for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
      if (cds_lacks(general, job->loop[i].dim, t)) {
        frame->passes.lacked[t] *= (double)job->loop[i].trips;
      } else {
        frame->passes.hoisted[t] = frame->passes.lacked[t];
      }
    }
  }
  frame->loops = job->loops;
}

static void write_leaf(cds_deep_job *it) {
  cds_descent *job = it->job;
  const cds_chain *chain = &it->chain;
  job->tile[0] = &it->deep->general->whole;
  job->loops = 0;
  job->frame[0] = (cds_frame){0};
  for (unsigned t = 0; t < CDS_DEEP_TENSORS; t++) {
    job->frame[0].passes.lacked[t] = job->frame[0].passes.hoisted[t] = 1;
  }
  for (unsigned g = 1; g <= it->deep->groups; g++) {
    write_region(it, g);
    write_frame(it, g);
    job->tile[g] = cds_deep_tile(it, g, it->at[g]);
    for (unsigned w = chain->first_way[g]; w < chain->first_way[g + 1]; w++) {
      const unsigned t = chain->way[w].tensor;
      job->loads[w] = it->deep->general->tensor[t].words *
                      job->frame[g].passes.hoisted[t] *
                      job->layout.price[w].staying;
    }
  }
}

void cds_deep_leaf(cds_deep_job *it) {
  cds_descent *job = it->job;
  double dynamic_pj = 0;
  double cycles = 0;
  bool fits = true;
  write_leaf(it);
  job->leaves++;
  cds_leaf_price(&dynamic_pj, &cycles, &fits, job);
  const double value = cds_aim_value(&job->aim, dynamic_pj, cycles);
  assert(cds_aim_bound(&job->aim, &job->layout, &it->sum[it->deep->groups])
             .value <= value * (1 + 1e-9));
  if (fits && !cds_deep_beyond(job, value, dynamic_pj, cycles)) {
    job->status = cds_confirm(job, dynamic_pj, cycles);
    cds_deep_set_most(it);
  }
}
