/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Waves of designs out of boxes; see exploration.h. */
#include "explore/exploration.h"

#include <math.h>
#include <stdlib.h>

cds_status cds_exploration_add(cds_exploration *it, const uint64_t *design,
                               size_t count, double bound) {
  cds_job *job = &it->job;
  const size_t best =
      it->best == NULL ? 0 : cds_exploration_record(it, it->best);
  job->candidates = 0;
  for (size_t i = 0; i < count; i++) {
    const size_t at = job->designs;
    job->design = (cds_design_result *)cds_arena_more(
        job->arena, job->design, at, &it->room[0], sizeof *job->design);
    it->power_w = (const double **)cds_arena_more(
        job->arena, (void *)it->power_w, at, &it->room[1], sizeof *it->power_w);
    if (job->design == NULL || it->power_w == NULL) {
      return CDS_ENOMEM;
    }
    it->power_w[at] = NULL;
    job->design[at] = cds_job_record(design[i]);
    job->designs++;
    cds_job_bound_one(job, &job->worker[0], &job->design[at]);
    job->candidate[job->candidates++] = (cds_candidate){bound, at};
  }
  it->best = it->best == NULL ? NULL : &job->design[best];
  return job->status;
}

/* Whether the first design has what limits ask for, as if all had it then. */
static cds_status check_known(cds_exploration *it, cds_diag *diag) {
  cds_job *job = &it->job;
  cds_worker *worker = &job->worker[0];
  cds_arch *arch = NULL;
  cds_diag *own = NULL;
  const char *unknown = NULL;
  const cds_status status = cds_job_design(&arch, &own, job, worker, 0);
  if (status != CDS_OK) {
    return status == CDS_EINPUT ? CDS_OK : status;
  }
  CDS_TRY(cds_limits_unknown(&unknown, &job->limits, job->options,
                             &worker->outlay, worker->arena));
  if (unknown == NULL) {
    return CDS_OK;
  }
  cds_diag_error(diag, worker->outlay.place, "%s", unknown);
  return CDS_EINPUT;
}

/* The designs of the next wave, none once enough were looked at. */
static cds_status next(cds_exploration *it, uint64_t *design, size_t size,
                       size_t *count) {
  const uint64_t most = it->job.options->designs_most;
  const uint64_t left = most == 0 ? UINT64_MAX : most - it->looks;
  *count = 0;
  if (left > 0) {
    CDS_TRY(cds_box_search_next(it->boxes, it->incumbent, design,
                                left < size ? (size_t)left : size, count));
  }
  it->looks += *count;
  return CDS_OK;
}

cds_status cds_explore_boxes(cds_exploration *it, cds_diag *diag) {
  cds_job *job = &it->job;
  uint64_t design[CDS_LAST_WAVE];
  size_t size = CDS_FIRST_WAVE / 2;
  size_t count = 0;
  it->round = CDS_ROUND_LAST;
  job->candidate = (cds_candidate *)cds_arena_array(job->arena, CDS_LAST_WAVE,
                                                    sizeof *job->candidate);
  if (job->candidate == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(check_known(it, diag));
  for (unsigned t = 0; t < job->threads; t++) {
    job->worker[t].memo->far_told = true; /* a box has many designs */
  }
  job->open_only = true;
  CDS_TRY(cds_box_search_new(&it->boxes, job, diag));
  CDS_TRY(next(it, design, size, &count));
  while (count > 0) {
    const double before = it->incumbent;
    job->open_only = false;
    CDS_TRY(cds_exploration_add(it, design, count,
                                cds_box_search_bound(it->boxes)));
    cds_exploration_wave(it, count);
    CDS_TRY(job->status);
    /* Each design of a wave that finds a better one is one too many. */
    size = it->incumbent < before ? size : cds_job_next_size(size);
    job->open_only = true;
    CDS_TRY(next(it, design, size, &count));
  }
  job->open_only = false;
  it->stopped = cds_job_stopped(job);
  return job->status;
}

static int by_index(const void *left, const void *right) {
  const cds_design_result *a = (const cds_design_result *)left;
  const cds_design_result *b = (const cds_design_result *)right;
  return a->index < b->index ? -1 : a->index > b->index;
}

cds_status cds_explore_count_boxes(cds_exploration *it) {
  cds_explore_result *out = it->out;
  const cds_box_counts *counts = cds_box_search_counts(it->boxes);
  cds_box_counts *kept =
      (cds_box_counts *)cds_arena_alloc(it->job.arena, sizeof *kept);
  if (kept == NULL) {
    return CDS_ENOMEM;
  }
  *kept = *counts;
  out->boxes = kept;
  if (!out->found && kept->first_infeasible != UINT64_MAX) {
    /* With its reason. */
    CDS_TRY(cds_exploration_add(it, &kept->first_infeasible, 1,
                                cds_box_search_bound(it->boxes)));
    out->design = it->job.design;
    out->records = it->job.designs;
    kept->infeasible--;
    out->infeasible++;
  }
  const double open = cds_box_search_bound(it->boxes);
  if (open <= it->incumbent) { /* only where the search was stopped */
    out->complete = out->complete && isinf(open);
  }
  out->bound = fmin(out->bound, open); /* beyond the value, or within a gap */
  const uint64_t alone =
      out->mapped + out->skipped + out->over_limit + out->infeasible;
  out->over_limit += kept->over_limit;
  out->infeasible += kept->infeasible;
  if (out->complete) {
    out->skipped += out->designs - alone - kept->over_limit - kept->infeasible;
  }
  out->proven = out->found && out->bound == out->value;
  if (out->records > 0) {
    qsort(out->design, out->records, sizeof *out->design, by_index);
  }
  return CDS_OK;
}
