/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two bounds of a pipelined group; see fused_pipe.h. */
#include "verify/fused_pipe.h"

#include <math.h>

#include "verify/pipeline.h"

/* Of sums in another order: what is equal up to it is equal. */
static const double rounding = 1e-11;

/* The group's worth when its stages are these, each by itself. */
static cds_status group_worth(cds_worth *out, const cds_stage_walker *stages,
                              const cds_stage *stage,
                              const cds_worth own[CDS_STAGES_MAX]) {
  cds_worth copy[CDS_STAGES_MAX];
  cds_worth *worth[CDS_STAGES_MAX];
  for (unsigned s = 0; s < stages->group->stages; s++) {
    copy[s] = own[s];
    worth[s] = &copy[s];
  }
  CDS_TRY(cds_pipeline_close(worth, stages->group, stages->space->arch, stage,
                             stages->space->power_limit_w));
  *out = (cds_worth){.energy_pj = 0};
  for (unsigned s = 0; s < stages->group->stages; s++) {
    out->energy_pj += copy[s].energy_pj;
    out->latency_s += copy[s].latency_s;
  }
  return CDS_OK;
}

/* The walker at this price of time, and of dynamic energy. */
static cds_status take_walker(cds_pipe_walker *it,
                              const cds_stage_walker *stages, double price) {
  const cds_verify_goal goal = {
      .linear = true, .dynamic = true, .lambda_pj_per_s = price};
  if (it->cheap != NULL && it->cheap->goal.lambda_pj_per_s == price) {
    return CDS_OK;
  }
  if (it->cheap == NULL) {
    it->cheap = cds_arena_alloc(stages->arena, sizeof *it->cheap);
  }
  if (it->cheap == NULL) {
    return CDS_ENOMEM;
  }
  cds_stage_walker_begin(it->cheap, stages->space, stages->group, &goal,
                         stages->arena);
  return CDS_OK;
}

/* The second sum; `own` has its products. The limit: it is not below. */
static cds_status solve_cheap(double *sum, cds_worth own[CDS_STAGES_MAX],
                              cds_stage_walker *cheap,
                              const cds_stage_view view[CDS_STAGES_MAX],
                              double limit) {
  for (unsigned s = 0; s < cheap->group->stages; s++) {
    cds_stage_known *found;
    if (cheap->group->stage[s].operation != NULL) {
      continue;
    }
    CDS_TRY(cds_stage_ask(&found, cheap, &view[s], s));
    CDS_TRY(cds_stage_solve(cheap, found, &view[s], limit - *sum));
    if (!found->solved) {
      *sum = limit;
      return CDS_OK;
    }
    *sum += found->least;
    own[s] = found->worth;
  }
  return CDS_OK;
}

cds_status cds_pipe_solve(cds_pipe_choice *out, cds_pipe_walker *it,
                          cds_stage_walker *stages,
                          cds_stage_known *const known[CDS_STAGES_MAX],
                          const cds_stage_view view[CDS_STAGES_MAX],
                          double limit) {
  const cds_stage *stage = &view[0].stage;
  const cds_verify_goal *goal = &stages->goal;
  cds_worth own[CDS_STAGES_MAX];
  double operations = 0; /* at W (V + X) */
  out->least = 0;
  for (unsigned s = 0; s < stages->group->stages; s++) {
    out->least += known[s]->least;
    own[s] = known[s]->worth;
    operations += stages->group->stage[s].operation == NULL
                      ? 0
                      : cds_verify_value(goal, &own[s]);
  }
  CDS_TRY(group_worth(&out->worth, stages, stage, own));
  out->value = cds_verify_value(goal, &out->worth);
  if (out->value <= out->least * (1 + rounding)) {
    out->least = out->value;
    return CDS_OK;
  }
  if (!goal->linear && goal->objective == CDS_OBJECTIVE_DELAY) {
    return CDS_OK; /* left open */
  }
  const double price =
      cds_time_price(goal, stages->space->arch) * (1 - cds_beside_share(stage));
  double sum = operations;
  cds_worth worth;
  CDS_TRY(take_walker(it, stages, price));
  it->cheap->boxes = stages->boxes;
  const cds_status status = solve_cheap(&sum, own, it->cheap, view, limit);
  stages->boxes = it->cheap->boxes;
  if (status != CDS_OK) {
    return status;
  }
  out->least = fmax(out->least, sum);
  if (sum >= limit) {
    return CDS_OK;
  }
  CDS_TRY(group_worth(&worth, stages, stage, own));
  if (cds_verify_value(goal, &worth) < out->value) {
    out->worth = worth;
    out->value = cds_verify_value(goal, &worth);
  }
  if (out->value <= out->least * (1 + rounding)) {
    out->least = out->value;
  }
  return CDS_OK;
}
