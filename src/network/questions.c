/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chunks of questions, one chunk a place of searchers; see questions.h. */
#include "network/questions.h"

#include <string.h>

#include "network/advice.h"
#include "network/conflict.h"
#include "network/places.h"
#include "network/plan.h"

typedef struct layer_batch {
  const cds_asker *asker;
  cds_layer_question *question;
} layer_batch;

typedef struct chain_batch {
  const cds_asker *asker;
  cds_chain_question *question;
} chain_batch;

static const cds_layer *layer_of(const cds_asker *asker, size_t kind) {
  return &asker->plan->workload->layer[asker->plan->first[kind]];
}

cds_status cds_asker_begin(cds_asker *asker) {
  const cds_network_plan *plan = asker->plan;
  size_t count = 0;
  asker->place =
      (size_t *)cds_arena_array(asker->arena, plan->distinct, sizeof(size_t));
  asker->fuser_place =
      (size_t *)cds_arena_array(asker->arena, plan->parts, sizeof(size_t));
  if (asker->place == NULL || asker->fuser_place == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t kind = 0; kind < plan->distinct; kind++) {
    if (layer_of(asker, kind)->kind == CDS_LAYER_EINSUM) {
      asker->place[kind] = cds_searchers_place(count++);
    }
  }
  for (size_t part = 0; part < plan->parts; part++) {
    asker->fuser_place[part] = cds_fusers_place(part);
  }
  cds_searchers_choose(asker->options->searchers, &asker->options->search);
  if (!asker->options->again) {
    cds_searchers_reset(asker->options->searchers);
  }
  return CDS_OK;
}

static cds_status answer(const cds_asker *asker, cds_layer_question *question) {
  const cds_network_options *options = asker->options;
  if (cds_control_cancelled(options->control)) {
    return CDS_EINTERRUPTED;
  }
  cds_searcher *searcher = NULL;
  cds_status status = cds_searchers_begin(
      &searcher, options->searchers, asker->place[question->kind], asker->arch,
      &layer_of(asker, question->kind)->einsum, options->power_limit_w);
  if (status == CDS_OK) {
    status = cds_search_solve(question->result, searcher, question->goal,
                              options->control);
  }
  if (status == CDS_EINFEASIBLE) {
    question->misfit = cds_search_misfit(searcher);
  }
  if (status != CDS_OK) {
    return status;
  }
  if (cds_control_cancelled(options->control)) {
    return CDS_EINTERRUPTED;
  }
  return question->result->found ? CDS_OK : CDS_EINTERNAL;
}

static cds_status answer_layer(size_t index, void *payload) {
  const layer_batch *all = (const layer_batch *)payload;
  cds_layer_question *question = &all->question[index];
  question->status = answer(all->asker, question);
  return question->status;
}

/* Says what no mapping can avoid, or what the search cannot do. */
static cds_status diagnose(const cds_asker *asker,
                           const cds_layer_question *question) {
  const cds_layer *layer = layer_of(asker, question->kind);
  if (question->status == CDS_EINFEASIBLE &&
      !cds_layer_conflict(asker->diag, asker->arch, layer,
                          asker->options->power_limit_w, asker->arena)) {
    cds_layer_misfit(asker->diag, asker->arch, layer, &question->misfit,
                     asker->arena);
  }
  if (question->status == CDS_ELIMIT) {
    cds_diag_error(asker->diag, layer->place,
                   "'%s' is too large to map on '%s': its counts pass 64 bits "
                   "or a rank can be cut in more than 262144 ways: expected a "
                   "smaller layer or ranks with fewer divisors",
                   layer->name, asker->arch->name);
    return CDS_EINPUT;
  }
  return question->status;
}

/* Works on questions at their places; the first one that fails. */
static cds_status work(size_t *failed, const cds_asker *asker,
                       const cds_placed_questions *list) {
  return list->place == NULL
             ? CDS_ENOMEM
             : cds_work_by_place(failed, list, asker->options->threads,
                                 asker->arena);
}

cds_status cds_ask_layers(const cds_asker *asker, cds_layer_question *question,
                          size_t questions) {
  layer_batch all = {asker, question};
  size_t *place =
      (size_t *)cds_arena_array(asker->arena, questions, sizeof(size_t));
  for (size_t i = 0; i < questions && place != NULL; i++) {
    place[i] = asker->place[question[i].kind];
  }
  const cds_placed_questions list = {questions, place, answer_layer, &all};
  size_t failed = 0;
  CDS_TRY(work(&failed, asker, &list));
  return failed == questions ? CDS_OK : diagnose(asker, &question[failed]);
}

/* ---- chains ------------------------------------------------------------- */

/* Stopped before any mapping of a stage was found: nothing but the floor. */
static void answer_hurried(cds_chain_question *question,
                           const cds_fuser *fuser) {
  double energy_pj = 0;
  double latency_s = 0;
  cds_fuser_floor(&energy_pj, &latency_s, fuser);
  *question->result =
      (cds_fuse_result){.bound = energy_pj + question->lambda * latency_s};
}

static cds_status answer_chain(size_t index, void *payload) {
  const chain_batch *all = (const chain_batch *)payload;
  const cds_asker *asker = all->asker;
  const cds_network_options *options = asker->options;
  cds_chain_question *question = &all->question[index];
  cds_fuse_result *result = question->result;
  const cds_chain_group *chain = question->part->chain;
  cds_fuser *fuser = NULL;
  memset(result, 0, sizeof *result);
  if (cds_control_cancelled(options->control)) {
    return question->status = CDS_EINTERRUPTED;
  }
  cds_status status = CDS_EINPUT;
  if (cds_chain_asked(asker->plan, asker->arch, chain)) {
    status = cds_fusers_begin(
        &fuser, options->searchers, asker->fuser_place[question->part->number],
        asker->arch, &chain->group, options->power_limit_w);
  }
  if (status == CDS_OK) {
    cds_fuser_limit(fuser, question->limit);
    cds_fuser_slack(fuser, question->slack);
    status = cds_fuser_solve(result, fuser, question->lambda, options->control);
    if (status == CDS_EINTERRUPTED &&
        !cds_control_cancelled(options->control)) {
      answer_hurried(question, fuser);
      status = CDS_OK;
    }
  }
  question->outside = status == CDS_EINPUT || status == CDS_ELIMIT;
  if (question->outside || status == CDS_EINFEASIBLE) {
    *result = (cds_fuse_result){.proven = true, .bound = (double)INFINITY};
    status = CDS_OK;
  }
  result->found = result->found && result->value < question->limit;
  result->proven =
      result->found ? result->proven : result->bound >= question->limit;
  if (status == CDS_OK && cds_control_cancelled(options->control)) {
    status = CDS_EINTERRUPTED;
  }
  return question->status = status;
}

cds_status cds_ask_chains(const cds_asker *asker, cds_chain_question *question,
                          size_t questions) {
  chain_batch all = {asker, question};
  size_t *place =
      (size_t *)cds_arena_array(asker->arena, questions, sizeof(size_t));
  for (size_t i = 0; i < questions && place != NULL; i++) {
    place[i] = asker->fuser_place[question[i].part->number];
  }
  const cds_placed_questions list = {questions, place, answer_chain, &all};
  size_t failed = 0;
  CDS_TRY(work(&failed, asker, &list));
  return failed == questions ? CDS_OK : question[failed].status;
}
