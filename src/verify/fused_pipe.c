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

cds_status cds_pipe_begin(cds_stage_walker **out, cds_stage_walker *first,
                          const cds_stage *stage) {
  const cds_verify_goal *whole = &first->whole;
  const double price =
      cds_time_price(whole, first->space->arch) * (1 - cds_beside_share(stage));
  const cds_verify_goal goal = {
      .linear = true, .dynamic = true, .lambda_pj_per_s = price};
  if (!whole->linear && whole->objective == CDS_OBJECTIVE_DELAY) {
    return CDS_OK;
  }
  if (*out != NULL && (*out)->goal.lambda_pj_per_s == price) {
    return CDS_OK;
  }
  *out = *out != NULL ? *out : cds_arena_alloc(first->arena, sizeof **out);
  if (*out == NULL) {
    return CDS_ENOMEM;
  }
  cds_stage_walker_begin(*out, first->space, first->group, &goal, first->arena);
  (*out)->whole = *whole;
  (*out)->hides = false;
  return CDS_OK;
}

/* The sum of a walker; `own` has its stages. Where it is not below the limit it
 * is that. */
static cds_status solve_sum(double *sum, cds_worth own[CDS_STAGES_MAX],
                            cds_stage_walker *it,
                            const cds_stage_view view[CDS_STAGES_MAX],
                            double limit) {
  *sum = 0;
  for (unsigned round = 0; round < 2; round++) { /* operations first */
    for (unsigned s = 0; s < it->group->stages; s++) {
      cds_stage_known *found;
      if ((it->group->stage[s].operation == NULL) != (round == 1)) {
        continue;
      }
      CDS_TRY(cds_stage_ask(&found, it, &view[s], s));
      CDS_TRY(cds_stage_solve(it, found, &view[s], limit - *sum));
      if (!found->solved || *sum >= limit) {
        *sum = limit;
        return CDS_OK;
      }
      *sum += found->least;
      own[s] = found->worth;
    }
  }
  return CDS_OK;
}

cds_status cds_pipe_solve(cds_pipe_choice *out, const cds_stage_walker *first,
                          cds_stage_walker *other,
                          cds_stage_known *const known[CDS_STAGES_MAX],
                          const cds_stage_view view[CDS_STAGES_MAX],
                          double limit) {
  const cds_stage *stage = &view[0].stage;
  cds_worth own[CDS_STAGES_MAX];
  cds_worth worth;
  double sum = 0;
  out->least = 0;
  for (unsigned s = 0; s < first->group->stages; s++) {
    out->least += known[s]->least;
    own[s] = known[s]->worth;
  }
  CDS_TRY(group_worth(&out->worth, first, stage, own));
  out->value = cds_verify_value(&first->whole, &out->worth);
  if (out->value > out->least * (1 + rounding) && other != NULL) {
    CDS_TRY(solve_sum(&sum, own, other, view, limit));
    out->least = fmax(out->least, sum);
    if (sum >= limit) {
      return CDS_OK;
    }
    CDS_TRY(group_worth(&worth, first, stage, own));
    if (cds_verify_value(&first->whole, &worth) < out->value) {
      out->worth = worth;
      out->value = cds_verify_value(&first->whole, &worth);
    }
  }
  if (out->value <= out->least * (1 + rounding)) {
    out->least = out->value;
  }
  return CDS_OK;
}
