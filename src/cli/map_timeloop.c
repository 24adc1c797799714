/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The best mapping of each layer alone by Timeloop's accounting: what its own
 * mapper looks for, proven. Layers are searched in parallel; results and
 * messages are in their order.
 */
#include "cli/map_timeloop.h"

#include "base/parallel.h"
#include "cli/timeloop_result.h"
#include "search/timeloop_search.h"

typedef struct answer {
  cds_status status;
  cds_timeloop_result result;
} answer;

typedef struct finding {
  cds_timeloop_job *job;
  cds_timeloop_goal goal;
  cds_control control;
  answer *answer; /* one for each item */
} finding;

static cds_timeloop_goal goal_of(cds_objective objective) {
  switch (objective) {
  case CDS_OBJECTIVE_ENERGY:
    return (cds_timeloop_goal){.energy = 1, .time = 0};
  case CDS_OBJECTIVE_DELAY:
    return (cds_timeloop_goal){.energy = 0, .time = 1};
  case CDS_OBJECTIVE_ED2P:
    return (cds_timeloop_goal){.energy = 1, .time = 2};
  case CDS_OBJECTIVE_EDP:
  case CDS_OBJECTIVE_CARBON: /* not offered (cds_inputs_layer_objective) */
  case CDS_OBJECTIVE_COST:
    break;
  }
  return (cds_timeloop_goal){.energy = 1, .time = 1};
}

/* Distinct layers; those that are no einsum are left out with a warning. */
static void collect(cds_timeloop_job *job) {
  const cds_workload *workload = &job->inputs.workload;
  cds_diag *diag = job->cli->diag;
  job->item =
      cds_cli_array(job->cli->arena, workload->layers, sizeof *job->item);
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    size_t k = 0;
    while (k < job->entries && !cds_layer_same(job->item[k].layer, layer)) {
      k++;
    }
    if (k < job->entries) {
      continue;
    }
    if (layer->kind != CDS_LAYER_EINSUM) {
      cds_diag_warning(diag, layer->place,
                       "layer '%s' is left out: Timeloop's accounting has "
                       "multiply-accumulate layers only",
                       layer->name);
      continue;
    }
    job->item[job->entries++].layer = layer;
  }
}

static void find(size_t index, unsigned thread, void *payload) {
  finding *it = payload;
  cds_timeloop_job *job = it->job;
  answer *found = &it->answer[index];
  (void)thread;
  found->status = cds_timeloop_search(
      &found->result, job->inputs.arch, &job->item[index].layer->einsum,
      it->goal, job->cli->options->max_nodes, &it->control);
}

static void report(const finding *it, const cds_layer *layer,
                   cds_status status) {
  cds_diag *diag = it->job->cli->diag;
  const char *arch = it->job->inputs.arch->name;
  if (status == CDS_EINFEASIBLE) {
    cds_diag_error(diag, layer->place,
                   "no mapping of '%s' fits '%s' by Timeloop's accounting and "
                   "meets its constraints",
                   layer->name, arch);
  } else if (status == CDS_EINPUT) {
    cds_diag_error(diag, layer->place,
                   "layer '%s' cannot be mapped on '%s' by Timeloop's "
                   "accounting: expected one array at most between two levels "
                   "and a number format that covers the operands",
                   layer->name, arch);
  } else if (status == CDS_ELIMIT) {
    cds_diag_error(diag, layer->place,
                   "layer '%s' is too large to search by Timeloop's "
                   "accounting: expected fewer divisors of its ranks or "
                   "constraints on spreads",
                   layer->name);
  }
}

/* Counts what was found, for the tables. */
static cds_status count(finding *it, size_t index) {
  cds_timeloop_job *job = it->job;
  cds_timeloop_item *each = &job->item[index];
  const cds_timeloop_result *result = &it->answer[index].result;
  const cds_reader reader = {job->cli->arena, job->cli->diag, NULL, 0};
  each->mapping = result->mapping;
  each->cost = result->cost;
  each->searched = true;
  each->proven = result->proven;
  each->gap = (result->value - result->bound) / result->value;
  return cds_timeloop_count(&each->counts, job->inputs.arch,
                            &each->layer->einsum, &each->mapping,
                            each->layer->place, &reader);
}

/* Keeps the layers that have a mapping; the worst exit code. */
static int judge(finding *it) {
  cds_timeloop_job *job = it->job;
  int code = CDS_EXIT_DONE;
  size_t kept = 0;
  for (size_t i = 0; i < job->entries; i++) {
    const cds_layer *layer = job->item[i].layer;
    cds_status status = it->answer[i].status;
    status = status == CDS_OK ? count(it, i) : status;
    if (status == CDS_EINTERRUPTED) {
      cds_cli_error(job->cli,
                    "interrupted: layers without a mapping are left out");
      return cds_cli_exit_code(status);
    }
    if (status != CDS_OK) {
      report(it, layer, status);
      code = status == CDS_EINFEASIBLE || status == CDS_EINPUT ||
                     status == CDS_ELIMIT
                 ? CDS_EXIT_NO
                 : cds_cli_exit_code(status);
      continue;
    }
    job->item[kept++] = job->item[i];
    if (code == CDS_EXIT_DONE && !it->answer[i].result.proven &&
        job->cli->options->require_proof) {
      cds_cli_error(job->cli,
                    "the mapping of '%s' is not proven optimal: "
                    "'--require-proof' demands it",
                    layer->name);
      code = CDS_EXIT_LIMIT;
    }
  }
  job->entries = kept;
  return code;
}

/* Whether other options of the call go with this accounting. */
static bool check_options(cds_cli *cli) {
  const cds_options *options = cli->options;
  const struct {
    bool given;
    const char *name;
  } other[] = {
      {options->certificate != NULL, "--certificate"},
      {options->factors != 0, "--factors any"},
      {options->frontier, "--frontier"},
      {cds_inputs_asks_fuse(cli), "--fuse"},
      {options->optimizer != CDS_OPTIMIZER_EXACT, "--optimizer milp"},
  };
  for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
    if (other[i].given) {
      cds_cli_error(cli,
                    "'%s' does not go with '--accounting timeloop': expected "
                    "one of the two",
                    other[i].name);
      return false;
    }
  }
  return true;
}

int cds_map_timeloop(cds_cli *cli) {
  if (!check_options(cli)) {
    return CDS_EXIT_CALL;
  }
  cds_timeloop_job *job = cds_cli_array(cli->arena, 1, sizeof *job);
  finding it = {.job = job};
  job->cli = cli;
  job->searched = true;
  cds_signals_install(!cli->options->quiet);
  if (!cds_inputs_time(cli)) {
    return CDS_EXIT_CALL;
  }
  cds_status status = cds_inputs_read(&job->inputs, cli, 2);
  if (status == CDS_OK) {
    status = cds_inputs_layer_objective(&job->objective, &job->inputs, cli);
  }
  if (status != CDS_OK) {
    return cds_inputs_exit_code(&job->inputs, status);
  }
  it.goal = goal_of(job->objective);
  it.control.cancel = cds_signals_flag();
  it.control.hurry = cds_signals_hurry();
  collect(job);
  it.answer = cds_cli_array(cli->arena, job->entries, sizeof *it.answer);
  cds_parallel_for(job->entries,
                   cds_parallel_threads((unsigned)cli->options->jobs), find,
                   &it);
  return cds_timeloop_result_write(job, judge(&it));
}
