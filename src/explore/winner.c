/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is shown of the best design; see exploration.h. */
#include "explore/exploration.h"

#include <math.h>

/* The best design's answer once more, to the question whose record was read,
 * for what a searcher keeps of it; also when time is up, as less would be
 * another answer. */
static cds_status solve_again(cds_exploration *it) {
  cds_job *job = &it->job;
  cds_worker *worker = &job->worker[0];
  cds_diag *diag = NULL;
  cds_network_result network = {.bound = 0};
  cds_excess excess;
  cds_heated heated;
  it->control = NULL;
  CDS_TRY(cds_exploration_begin(&heated, &excess, &diag, it, worker, it->best));
  CDS_TRY(cds_exploration_ask(&network, &heated, it, worker, &it->best_asked,
                              diag));
  cds_job_keep(job, worker);
  return CDS_OK;
}

static cds_status detail_heated(cds_explore_result *out, cds_job *job,
                                const cds_worker *winner,
                                const cds_network_options *options,
                                cds_diag *diag) {
  cds_excess excess;
  cds_heated heated;
  const cds_status status = cds_heated_begin(&heated, &excess, out->arch,
                                             &winner->limits, job->arena, diag);
  if (status != CDS_OK) { /* it was within its limits before */
    return status == CDS_ENOMEM ? status : CDS_EINTERNAL;
  }
  const cds_heated_question question = {job->workload, options, job->arena,
                                        diag};
  heated.picked = job->kept.state.picked;
  CDS_TRY(cds_heated_detail(&out->network, &out->heat, &heated,
                            job->kept.touch_w, &question));
  out->layer_power_w = out->heat.layer_w;
  if (!heated.loop_closed) {
    return CDS_OK;
  }
  double run_w = 0;
  for (unsigned d = 0; d < out->arch->dies; d++) {
    if (heated.loop.placed[d] > 0) { /* what stands in no stack heats nothing */
      run_w += out->heat.power_w[d] + out->heat.heat.die_leakage_w[d];
    }
  }
  return cds_phase_heats(&out->phase_heat, &heated.loop, job->workload,
                         &out->network, run_w, job->arena);
}

/* What the wall gives for the winner, in all and in each phase. */
static cds_status find_walls(cds_explore_result *out, cds_arena *arena) {
  const cds_wall_question asked =
      cds_exploration_wall(out->arch, &out->network, &out->heat);
  const unsigned phases = out->network.phases;
  out->phase_wall =
      (cds_wall *)cds_arena_array(arena, phases, sizeof *out->phase_wall);
  if (out->phase_wall == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned phase = 0; phase < phases; phase++) {
    CDS_TRY(cds_wall_of(&out->phase_wall[phase], &asked, (int)phase, arena));
  }
  return cds_wall_of(&out->wall, &asked, CDS_ALL_PHASES, arena);
}

cds_status cds_explore_detail(cds_exploration *it, cds_diag *diag) {
  cds_job *job = &it->job;
  cds_explore_result *out = it->out;
  if (it->from_record) {
    const cds_status status = solve_again(it);
    if (status != CDS_OK) { /* else it was not answered before */
      return status == CDS_ENOMEM ? status : CDS_EINTERNAL;
    }
  }
  out->arch = (cds_arch *)cds_arena_alloc(job->arena, sizeof *out->arch);
  if (out->arch == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_job_build(out->arch, job, out->winner, job->arena, diag));
  /* Once time is up, of details too only what is found at once, unless the
   * answer was proven: less would be another one. */
  static const int now = 1;
  const cds_control *asked = job->options->control;
  const bool whole = it->best->bound >= it->best->value;
  const cds_control control = {.hurry = whole           ? NULL
                                        : it->stopped   ? &now
                                        : asked == NULL ? NULL
                                                        : asked->hurry};
  cds_worker winner = {.arena = job->arena, .arch = out->arch};
  CDS_TRY(cds_job_ask(job, &winner));
  out->outlay = winner.outlay;
  cds_network_options options = cds_job_options(job, &winner);
  options.control = &control;
  options.details = true;
  options.searchers = job->kept.searchers;
  options.again = job->kept.last_is_best;
  CDS_TRY(detail_heated(out, job, &winner, &options, diag));
  cds_design_result *design =
      &job->design[cds_exploration_record(it, it->best)];
  const double bound = design->bound;
  cds_exploration_set(design, &out->heat, &out->network, winner.price.per_pj);
  design->bound = fmin(bound, design->value);
  out->network.value = design->value;
  out->network.bound = design->bound;
  out->network.proven = design->bound == design->value;
  design->status = CDS_DESIGN_MAPPED;
  out->value = design->value;
  out->average_power_w = design->power_w;
  out->temperature_degc = design->temperature_degc;
  out->area_um2 = design->area_um2;
  CDS_TRY(find_walls(out, job->arena));
  design->wall_w = out->wall.power_w;
  return CDS_OK;
}
