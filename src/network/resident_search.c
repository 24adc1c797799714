/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One search a question and room; see resident_search.h. */
#include "network/resident_search.h"

#include <limits.h>
#include <string.h>

#include "network/places.h"

cds_status cds_resident_search_begin(cds_resident_search *out,
                                     const cds_asker *asker,
                                     const cds_resident_blocks *blocks) {
  *out = (cds_resident_search){
      .asker = asker,
      .blocks = blocks,
      .known = cds_searchers_resident(asker->options->searchers),
      .searchers = cds_searchers_new()};
  if (out->known == NULL || out->searchers == NULL) {
    cds_resident_search_end(out);
    return CDS_ENOMEM;
  }
  cds_searchers_choose(out->searchers, &asker->options->search);
  return CDS_OK;
}

void cds_resident_search_end(cds_resident_search *search) {
  cds_searchers_free(search->searchers);
  search->searchers = NULL;
}

/* ---- places ------------------------------------------------------------- */

static const cds_layer *layer_of(const cds_resident_search *it,
                                 const cds_resident_question *question) {
  const cds_network_plan *plan = it->blocks->plan;
  return &plan->workload->layer[plan->first[question->kind]];
}

/* The place of a question in a room, made when it is new. */
static cds_status find_place(cds_resident_place **out, cds_resident_search *it,
                             size_t question, uint64_t taken) {
  cds_resident_known *known = it->known;
  for (size_t i = 0; i < known->places; i++) {
    if (known->place[i]->question == question &&
        known->place[i]->taken == taken) {
      *out = known->place[i];
      return CDS_OK;
    }
  }
  const cds_resident_question *put = &it->blocks->question[question];
  cds_resident_place *made =
      (cds_resident_place *)cds_arena_alloc(known->arena, sizeof *made);
  known->place = (cds_resident_place **)cds_arena_more(
      known->arena, known->place, known->places, &known->place_room,
      sizeof *known->place);
  if (made == NULL || known->place == NULL) {
    return CDS_ENOMEM;
  }
  made->question = question;
  made->taken = taken;
  made->arch = *it->asker->arch;
  made->arch.level[it->blocks->level].size_bits -= taken;
  if (put->unit != SIZE_MAX) {
    made->group = it->blocks->plan->unit[put->unit].chain->group;
  } else if (layer_of(it, put)->kind == CDS_LAYER_OPERATION) {
    cds_resident_operation(&made->operation, &layer_of(it, put)->operation,
                           put->homes, it->blocks->level);
  } else if (put->homes != 0) {
    cds_resident_pass(&made->pass, &layer_of(it, put)->einsum, put->homes,
                      it->blocks->level);
  } else {
    made->pass.einsum = layer_of(it, put)->einsum;
  }
  known->place[known->places++] = made;
  *out = made;
  return CDS_OK;
}

/* ---- searches ----------------------------------------------------------- */

typedef struct batch {
  cds_resident_search *search;
  const cds_reside_ask *ask;
  cds_resident_answer **answer;
  double weight;
} batch;

static void price(cds_resident_answer *answer, double weight) {
  answer->value = answer->energy_pj + weight * answer->latency_s;
}

/* Where the mapping still fits. */
static cds_status find_most(cds_resident_answer *answer,
                            const cds_resident_search *it) {
  uint64_t need_bits[CDS_LEVELS_MAX];
  cds_arena *scratch = cds_arena_new();
  cds_counts *counts =
      scratch == NULL ? NULL
                      : (cds_counts *)cds_arena_alloc(scratch, sizeof *counts);
  cds_status status = CDS_ENOMEM;
  if (counts != NULL) {
    status = cds_count(counts, &answer->place->arch,
                       &answer->place->pass.einsum, &answer->mapping, scratch);
  }
  if (status == CDS_OK) {
    const unsigned level = it->blocks->level;
    cds_price_needs(need_bits, &answer->place->arch,
                    &answer->place->pass.einsum, counts);
    answer->most = it->blocks->problem.room - need_bits[level];
    status = need_bits[level] <= answer->place->arch.level[level].size_bits
                 ? CDS_OK
                 : CDS_EINTERNAL;
  }
  cds_arena_free(scratch);
  return status;
}

/* No mapping: nothing in the space, or none that can be searched with tensors
 * at home. */
static cds_status nothing(cds_resident_answer *answer) {
  answer->proven = true;
  answer->value = answer->bound = (double)INFINITY;
  return CDS_OK;
}

static cds_status search_layer(cds_resident_answer *answer, const batch *all,
                               size_t index) {
  const cds_resident_search *it = all->search;
  const cds_network_options *options = it->asker->options;
  cds_searcher *searcher = NULL;
  cds_search_result result;
  cds_status status = cds_searchers_begin(
      &searcher, it->searchers, cds_searchers_place(all->ask[index].question),
      &answer->place->arch, &answer->place->pass.einsum,
      options->power_limit_w);
  if (status == CDS_OK) {
    const cds_goal goal = {.lambda_pj_per_s = all->weight};
    status = cds_search_solve(&result, searcher, goal, options->control);
  }
  if (status == CDS_EINFEASIBLE || status == CDS_EINPUT ||
      status == CDS_ELIMIT) {
    return nothing(answer);
  }
  CDS_TRY(status);
  if (cds_control_cancelled(options->control) || !result.found) {
    return CDS_EINTERRUPTED;
  }
  answer->found = true;
  answer->proven = result.proven;
  answer->mapping = result.mapping;
  answer->cost = result.cost;
  answer->energy_pj = result.cost.energy_pj;
  answer->latency_s = result.cost.latency_s;
  answer->nodes = result.nodes;
  price(answer, all->weight);
  answer->bound = result.proven ? fmin(answer->value, result.value)
                                : fmin(answer->value, result.bound);
  return find_most(answer, it);
}

static cds_status price_operation(cds_resident_answer *answer,
                                  const batch *all) {
  const cds_status status = cds_price_operation(
      &answer->cost, &answer->operation, &answer->place->arch,
      &answer->place->operation, all->search->asker->options->power_limit_w);
  if (status != CDS_OK) {
    return nothing(answer);
  }
  answer->found = answer->proven = true;
  answer->energy_pj = answer->cost.energy_pj;
  answer->latency_s = answer->cost.latency_s;
  price(answer, all->weight);
  answer->bound = answer->value;
  answer->most = answer->place->taken;
  return CDS_OK;
}

static void floor_only(cds_resident_answer *answer, const cds_fuser *fuser,
                       double weight) {
  double energy_pj = 0;
  double latency_s = 0;
  cds_fuser_floor(&energy_pj, &latency_s, fuser);
  answer->value = (double)INFINITY;
  answer->bound = energy_pj + weight * latency_s;
}

static cds_status search_chain(cds_resident_answer *answer, const batch *all,
                               size_t index) {
  const cds_resident_search *it = all->search;
  const cds_network_options *options = it->asker->options;
  const cds_reside_ask *ask = &all->ask[index];
  cds_fuser *fuser = NULL;
  cds_status status = cds_fusers_begin(
      &fuser, it->searchers, cds_fusers_place(ask->question),
      &answer->place->arch, &answer->place->group, options->power_limit_w);
  if (status == CDS_OK) {
    cds_fuser_limit(fuser, ask->limit);
    status =
        cds_fuser_solve(answer->fused, fuser, all->weight, options->control);
  }
  if (status == CDS_EINPUT || status == CDS_ELIMIT ||
      status == CDS_EINFEASIBLE) {
    return nothing(answer);
  }
  if (status == CDS_EINTERRUPTED && !cds_control_cancelled(options->control)) {
    floor_only(answer, fuser, all->weight); /* hurried */
    return CDS_OK;
  }
  CDS_TRY(status);
  if (cds_control_cancelled(options->control)) {
    return CDS_EINTERRUPTED;
  }
  const cds_fuse_result *fused = answer->fused;
  answer->found = fused->found && fused->value < ask->limit;
  answer->proven = fused->proven;
  answer->bound = fused->bound;
  answer->value = (double)INFINITY;
  answer->nodes = fused->nodes;
  answer->most = answer->place->taken;
  if (answer->found) {
    answer->energy_pj = fused->energy_pj;
    answer->latency_s = fused->latency_s;
    price(answer, all->weight);
    answer->bound = fmin(answer->bound, answer->value);
  } else if (answer->proven && answer->bound < ask->limit) {
    answer->bound = ask->limit; /* up to rounding */
  }
  return CDS_OK;
}

static cds_status answer_one(size_t index, const batch *all) {
  const cds_resident_search *it = all->search;
  const cds_resident_question *question =
      &it->blocks->question[all->ask[index].question];
  cds_resident_answer *answer = all->answer[index];
  if (cds_control_cancelled(it->asker->options->control)) {
    return CDS_EINTERRUPTED;
  }
  if (cds_control_hurried(it->asker->options->control)) {
    answer->value = (double)INFINITY; /* to prepare a search takes too long */
    return CDS_OK;
  }
  if (question->unit != SIZE_MAX) {
    return search_chain(answer, all, index);
  }
  const cds_layer *layer = layer_of(it, question);
  return layer->kind == CDS_LAYER_EINSUM ? search_layer(answer, all, index)
                                         : price_operation(answer, all);
}

static cds_status work_on(size_t index, void *payload) {
  const batch *all = (const batch *)payload;
  all->answer[index]->status = answer_one(index, all);
  return all->answer[index]->status;
}

static cds_status prepare(cds_resident_answer **answer, size_t *place,
                          cds_resident_search *it, const cds_reside_ask *ask) {
  const cds_resident_question *question = &it->blocks->question[ask->question];
  cds_resident_place *at = NULL;
  CDS_TRY(find_place(&at, it, ask->question, ask->taken));
  cds_arena *arena = it->known->arena;
  *answer = (cds_resident_answer *)cds_arena_alloc(arena, sizeof **answer);
  if (*answer == NULL) {
    return CDS_ENOMEM;
  }
  (*answer)->place = at;
  *place = cds_searchers_place(ask->question);
  if (question->unit != SIZE_MAX) {
    *place = CDS_SEARCHERS_MAX + cds_fusers_place(ask->question);
    (*answer)->fused =
        (cds_fuse_result *)cds_arena_alloc(arena, sizeof *(*answer)->fused);
    return (*answer)->fused == NULL ? CDS_ENOMEM : CDS_OK;
  }
  return CDS_OK;
}

cds_status cds_resident_search_ask(cds_resident_search *search,
                                   cds_reside_ask *ask, size_t asks,
                                   double weight) {
  batch all = {.search = search, .ask = ask, .weight = weight};
  cds_resident_known *known = search->known;
  size_t *place = (size_t *)cds_arena_array(known->arena, asks, sizeof(size_t));
  all.answer = (cds_resident_answer **)cds_arena_array(known->arena, asks,
                                                       sizeof *all.answer);
  if (place == NULL || all.answer == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < asks; i++) {
    CDS_TRY(prepare(&all.answer[i], &place[i], search, &ask[i]));
  }
  const cds_placed_questions list = {asks, place, work_on, &all};
  size_t failed = 0;
  CDS_TRY(cds_work_by_place(&failed, &list, search->asker->options->threads,
                            known->arena));
  if (failed < asks) {
    return all.answer[failed]->status;
  }
  for (size_t i = 0; i < asks; i++) {
    const cds_resident_answer *answer = all.answer[i];
    ask[i].answer = (cds_reside_answer){.value = answer->value,
                                        .bound = answer->bound,
                                        .most = answer->most,
                                        .solution = known->answers};
    known->answer = (cds_resident_answer **)cds_arena_more(
        known->arena, known->answer, known->answers, &known->answer_room,
        sizeof *known->answer);
    if (known->answer == NULL) {
      return CDS_ENOMEM;
    }
    known->answer[known->answers++] = all.answer[i];
  }
  return CDS_OK;
}
