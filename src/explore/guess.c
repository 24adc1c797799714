/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layers alone, by equal parts, in waves; see guess.h. */
#include "explore/guess.h"

#include <math.h>
#include <string.h>

#include "network/plan.h"

/* Of one question of a search that knows limits of effort, in microseconds. */
static const uint64_t effort = UINT64_C(1) << 14;
/* Of fewer designs the order makes no difference. */
enum { GUESSED_LEAST = CDS_FIRST_WAVE + 1 };

typedef struct guess_job {
  cds_job *job;
  cds_guesses *out;
  cds_network_plan plan; /* without chains */
  size_t wave;           /* first candidate of the present wave */
  double best;           /* of the finished waves */
} guess_job;

static void keep(guess_job *it, const cds_worker *worker, size_t design,
                 double value) {
  cds_job *job = it->job;
  cds_lock_take(job->lock);
  double *power_w =
      (double *)cds_arena_array(job->arena, CDS_DIES_MAX, sizeof *power_w);
  it->out->value[design] = value;
  if (power_w != NULL) { /* else the first tangent touches elsewhere */
    memcpy(power_w, worker->state.power_w, sizeof worker->state.power_w);
    it->out->power_w[design] = power_w;
  }
  cds_lock_give(job->lock);
}

static cds_status solve(cds_network_result *out, guess_job *it,
                        cds_worker *worker, size_t design) {
  cds_job *job = it->job;
  cds_arch *arch = NULL;
  cds_diag *diag = NULL;
  cds_excess excess;
  cds_heated heated;
  CDS_TRY(cds_job_design(&arch, &diag, job, worker, design));
  arch->any_factors = false;
  CDS_TRY(cds_heated_begin(&heated, &excess, arch, &worker->limits,
                           worker->arena, diag));
  cds_network_options options = cds_job_options(job, worker);
  options.plan = &it->plan;
  options.incumbent = it->best / worker->price.per_pj;
  options.control = job->options->control;
  options.searchers = worker->searchers;
  options.search.effort_most = effort;
  const cds_heated_question question = {job->workload, &options, worker->arena,
                                        diag};
  heated.tangents = 1;
  return cds_heated_solve(out, &worker->state, &heated, NULL, &question);
}

static void guess_chunk(size_t chunk, unsigned thread, void *payload) {
  guess_job *it = (guess_job *)payload;
  cds_job *job = it->job;
  if (cds_job_stopped(job)) {
    return;
  }
  cds_worker *worker = &job->worker[thread];
  const size_t design = job->candidate[it->wave + chunk].design;
  cds_network_result network = {.bound = 0};
  const cds_status status = solve(&network, it, worker, design);
  if (status == CDS_OK) {
    keep(it, worker, design, worker->price.per_pj * network.value);
  } else if (status == CDS_ENOMEM || status == CDS_EINTERNAL) {
    cds_job_fail(job, status);
  }
}

static void guess_all(guess_job *it) {
  cds_job *job = it->job;
  size_t size = CDS_FIRST_WAVE;
  while (it->wave < job->candidates && !cds_job_stopped(job)) {
    const size_t count = cds_job_wave(job, it->wave, size, it->best);
    if (count == 0) {
      break;
    }
    cds_parallel_for(count, job->threads, guess_chunk, it);
    for (size_t i = 0; i < count; i++) {
      const size_t design = job->candidate[it->wave + i].design;
      it->best = fmin(it->best, it->out->value[design]); /* NaN: the other */
    }
    it->wave += count;
    size = cds_job_next_size(size);
  }
}

/* Whether the proofs of a design take much longer than a guess. */
static bool pays(const cds_job *job, const cds_arch *arch) {
  const cds_network_plan *plan = &job->plan;
  const cds_workload *workload = job->workload;
  bool longer = arch->any_factors;
  bool quick = true;
  for (size_t u = 0; u < plan->units; u++) {
    const cds_network_unit *unit = &plan->unit[u];
    longer = longer ||
             (unit->chain != NULL && cds_chain_asked(plan, arch, unit->chain));
  }
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    quick = quick && (layer->kind != CDS_LAYER_EINSUM ||
                      cds_search_uneven(arch, &layer->einsum));
  }
  return longer && (quick || arch->any_factors) &&
         job->options->search.optimizer == CDS_OPTIMIZER_EXACT;
}

cds_status cds_guess(cds_guesses *out, cds_job *job) {
  guess_job it = {.job = job, .out = out, .best = (double)INFINITY};
  if (job->candidates < GUESSED_LEAST) {
    return CDS_OK;
  }
  cds_arch *arch = NULL; /* all have the same levels and arrays */
  cds_diag *diag = NULL;
  CDS_TRY(cds_job_design(&arch, &diag, job, &job->worker[0],
                         job->candidate[0].design));
  if (!pays(job, arch)) {
    return CDS_OK;
  }
  out->value =
      (double *)cds_arena_array(job->arena, job->designs, sizeof(double));
  out->power_w = (const double **)cds_arena_array(job->arena, job->designs,
                                                  sizeof *out->power_w);
  if (out->value == NULL || out->power_w == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < job->designs; i++) {
    out->value[i] = (double)NAN;
  }
  CDS_TRY(cds_network_plan_make(&it.plan, job->workload, CDS_FUSE_NONE,
                                cds_limits_on_tokens(&job->limits),
                                job->arena));
  guess_all(&it);
  return job->status;
}

void cds_guess_first(cds_job *job, const double *value, size_t most) {
  for (size_t front = 0; front < most; front++) {
    size_t best = job->candidates;
    for (size_t i = front; i < job->candidates; i++) {
      const double own = value[job->candidate[i].design];
      if (!isnan(own) && (best == job->candidates ||
                          own < value[job->candidate[best].design])) {
        best = i;
      }
    }
    if (best == job->candidates) {
      return;
    }
    const cds_candidate first = job->candidate[best];
    memmove(&job->candidate[front + 1], &job->candidate[front],
            (best - front) * sizeof first);
    job->candidate[front] = first;
  }
}
