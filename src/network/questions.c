/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chunks of questions, one chunk a place of searchers; see questions.h. */
#include "network/questions.h"

#include <stdatomic.h>

#include "base/parallel.h"
#include "network/advice.h"
#include "network/conflict.h"

typedef struct batch {
  const cds_asker *asker;
  cds_layer_question *question;
  size_t questions;
  size_t *first; /* by chunk: first question at its place */
  size_t chunks;
  atomic_size_t failed; /* least question that failed; SIZE_MAX: none */
} batch;

static const cds_layer *layer_of(const cds_asker *asker, size_t kind) {
  return &asker->workload->layer[asker->plan->first[kind]];
}

cds_status cds_asker_begin(cds_asker *asker) {
  const cds_network_plan *plan = asker->plan;
  size_t count = 0;
  asker->place =
      (size_t *)cds_arena_array(asker->arena, plan->distinct, sizeof(size_t));
  if (asker->place == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t kind = 0; kind < plan->distinct; kind++) {
    const cds_layer *layer = layer_of(asker, kind);
    if (plan->twin[kind] != kind) {
      asker->place[kind] = asker->place[plan->twin[kind]];
    } else if (layer->kind == CDS_LAYER_EINSUM) {
      asker->place[kind] = cds_searchers_place(count++);
    }
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
  const size_t first = asker->plan->twin[question->kind];
  cds_status status = cds_searchers_begin(
      &searcher, options->searchers, asker->place[first], asker->arch,
      &layer_of(asker, first)->einsum, options->power_limit_w);
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

static void note_failure(batch *all, size_t question) {
  size_t failed = atomic_load(&all->failed);
  while (question < failed &&
         !atomic_compare_exchange_weak(&all->failed, &failed, question)) {
  }
}

static size_t place_of(const batch *all, size_t question) {
  return all->asker->place[all->question[question].kind];
}

/* The questions at one place, in their order. Those after a failure are of no
 * concern; all before the first failure are answered. */
static void answer_place(size_t chunk, unsigned thread, void *payload) {
  (void)thread;
  batch *all = (batch *)payload;
  const size_t first = all->first[chunk];
  for (size_t i = first; i < all->questions && i < atomic_load(&all->failed);
       i++) {
    cds_layer_question *question = &all->question[i];
    if (place_of(all, i) == place_of(all, first)) {
      question->status = answer(all->asker, question);
      if (question->status != CDS_OK) {
        note_failure(all, i);
      }
    }
  }
}

static cds_status list_places(batch *all) {
  bool seen[CDS_SEARCHERS_MAX] = {false};
  all->first = (size_t *)cds_arena_array(all->asker->arena, all->questions,
                                         sizeof(size_t));
  if (all->first == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < all->questions; i++) {
    const size_t place = place_of(all, i);
    if (!seen[place]) {
      seen[place] = true;
      all->first[all->chunks++] = i;
    }
  }
  return CDS_OK;
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

cds_status cds_ask_layers(const cds_asker *asker, cds_layer_question *question,
                          size_t questions) {
  batch all = {.asker = asker, .question = question, .questions = questions};
  atomic_init(&all.failed, SIZE_MAX);
  CDS_TRY(list_places(&all));
  cds_parallel_for(all.chunks, asker->options->threads, answer_place, &all);
  const size_t failed = atomic_load(&all.failed);
  return failed == SIZE_MAX ? CDS_OK : diagnose(asker, &question[failed]);
}
