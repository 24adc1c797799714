/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions of the walk, put to layers and chains; see choose.h. */
#include "network/choose.h"

/* Energy and time of a chain that runs layer by layer, or of one layer. */
typedef struct cds_apart {
  double energy_pj, latency_s, bound; /* bound: of E + lambda T, or T */
  bool proven;
  double from; /* the greatest weight of its answers at INFINITY */
} cds_apart;

size_t cds_unit_kind(const cds_chooser *it, const cds_network_unit *unit,
                     size_t part) {
  return it->plan->kind[unit->first + part];
}

bool cds_kind_is_product(const cds_chooser *it, size_t kind) {
  return it->plan->workload->layer[it->plan->first[kind]].kind ==
         CDS_LAYER_EINSUM;
}

/* Where the answers of a chain stand. */
static size_t chain_kind(const cds_chooser *it, const cds_network_unit *unit) {
  return it->plan->distinct + unit->twin;
}

/* A finite lambda that stands for infinity: energy then weighs 2^-60 of what
 * time does, and decides only between equal times. */
static double endless_lambda(const cds_hull_layer *layer) {
  const double scale = layer->energy_pj > 0 && layer->latency_s > 0
                           ? layer->energy_pj / layer->latency_s
                           : 1;
  return scale * 0x1p60;
}

/* The lambda that the search is asked for. */
static double weight_of(const cds_chooser *it, const cds_hull_ask *ask) {
  return ask->lambda == (double)INFINITY ? endless_lambda(&it->hull[ask->layer])
                                         : ask->lambda;
}

static bool is_known(const cds_chooser *it, size_t kind, double lambda) {
  return cds_answers_find(it->answers, kind, lambda) < it->answers->answers;
}

cds_answer *cds_choose_answer(const cds_chooser *it, size_t kind,
                              double lambda) {
  return it->answers->answer[cds_answers_find(it->answers, kind, lambda)];
}

/* Bound on E + lambda T, or on T at INFINITY, of one on E + weight T. */
static double bound_at(const cds_answer *answer, double bound) {
  return answer->lambda == (double)INFINITY
             ? bound / answer->weight * (1 - 0x1p-50)
             : bound;
}

/* Adds a question about each product of the unit that has no answer yet. */
static cds_status list_questions(cds_layer_question *question,
                                 size_t *questions, cds_chooser *it,
                                 const cds_hull_ask *ask) {
  const cds_network_unit *unit = &it->plan->unit[ask->layer];
  for (size_t part = 0; part < unit->layers; part++) {
    const size_t kind = cds_unit_kind(it, unit, part);
    if (!cds_kind_is_product(it, kind) || is_known(it, kind, ask->lambda)) {
      continue;
    }
    cds_answer *answer = cds_answers_add(it->answers, kind, ask->lambda);
    if (answer == NULL) {
      return CDS_ENOMEM;
    }
    answer->weight = weight_of(it, ask);
    question[(*questions)++] =
        (cds_layer_question){.kind = kind,
                             .goal = {.lambda_pj_per_s = answer->weight},
                             .result = &answer->result};
  }
  return CDS_OK;
}

/* Searches what was not answered yet of layers. Same layers of other units
 * share answers. */
static cds_status search_layers(cds_chooser *it, const cds_hull_ask *ask,
                                size_t asks) {
  const size_t known = it->answers->answers;
  cds_layer_question *question = (cds_layer_question *)cds_arena_array(
      it->arena, asks * CDS_STAGES_MAX, sizeof *question);
  if (question == NULL) {
    return CDS_ENOMEM;
  }
  size_t questions = 0;
  for (size_t i = 0; i < asks; i++) {
    CDS_TRY(list_questions(question, &questions, it, &ask[i]));
  }
  CDS_TRY(cds_ask_layers(&it->asker, question, questions));
  for (size_t i = 0; i < questions; i++) {
    cds_answer *answer = it->answers->answer[known + i];
    answer->bound = bound_at(answer, answer->result.bound);
  }
  return CDS_OK;
}

/* Layer by layer, all of which are answered. */
static void add_apart(cds_apart *out, const cds_chooser *it,
                      const cds_network_unit *unit, double lambda) {
  *out = (cds_apart){.proven = true};
  for (size_t part = 0; part < unit->layers; part++) {
    const size_t kind = cds_unit_kind(it, unit, part);
    const cds_cost *cost = &it->cost[kind];
    double bound = isinf(lambda) ? cost->latency_s
                                 : cost->energy_pj + lambda * cost->latency_s;
    if (cds_kind_is_product(it, kind)) {
      const cds_answer *answer = cds_choose_answer(it, kind, lambda);
      cost = &answer->result.cost;
      bound = answer->bound;
      out->proven = out->proven && answer->result.proven;
      out->from = fmax(out->from, answer->weight);
    }
    out->energy_pj += cost->energy_pj;
    out->latency_s += cost->latency_s;
    out->bound += bound;
  }
}

/* Asks whether chains are better fused; their layers are answered. */
static cds_status search_chains(cds_chooser *it, const cds_hull_ask *ask,
                                size_t asks) {
  const size_t known = it->answers->answers;
  cds_chain_question *question =
      (cds_chain_question *)cds_arena_array(it->arena, asks, sizeof *question);
  if (question == NULL) {
    return CDS_ENOMEM;
  }
  size_t questions = 0;
  for (size_t i = 0; i < asks && !it->apart; i++) {
    const cds_network_unit *unit = &it->plan->unit[ask[i].layer];
    if (unit->chain == NULL ||
        is_known(it, chain_kind(it, unit), ask[i].lambda)) {
      continue;
    }
    cds_answer *answer =
        cds_answers_add(it->answers, chain_kind(it, unit), ask[i].lambda);
    if (answer == NULL) {
      return CDS_ENOMEM;
    }
    answer->fused = (cds_fuse_result *)cds_arena_alloc(it->answers->arena,
                                                       sizeof *answer->fused);
    if (answer->fused == NULL) {
      return CDS_ENOMEM;
    }
    cds_apart apart;
    add_apart(&apart, it, unit, ask[i].lambda);
    answer->weight = isinf(ask[i].lambda) ? apart.from : ask[i].lambda;
    question[questions++] = (cds_chain_question){
        .unit = unit->twin,
        .lambda = answer->weight,
        .limit = apart.energy_pj + answer->weight * apart.latency_s,
        .result = answer->fused};
  }
  CDS_TRY(cds_ask_chains(&it->asker, question, questions));
  for (size_t i = 0; i < questions; i++) {
    cds_answer *answer = it->answers->answer[known + i];
    answer->bound = bound_at(answer, answer->fused->bound);
    answer->outside = question[i].outside;
  }
  return CDS_OK;
}

static void count_nodes(cds_chooser *it, cds_answer *answer, uint64_t nodes) {
  it->nodes += answer->counted ? 0 : nodes;
  answer->counted = true;
}

static void count_fused(cds_chooser *it, cds_answer *answer) {
  const cds_fuse_result *fused = answer->fused;
  it->outers += answer->counted ? 0 : fused->choices;
  it->outers_opened += answer->counted ? 0 : fused->opened;
  count_nodes(it, answer, fused->nodes);
}

/* The lesser of fused and layer by layer; the number of the answer that stands
 * for it: that of the chain, or of the layer. */
static cds_hull_answer choose(cds_chooser *it, const cds_hull_ask *ask) {
  const cds_network_unit *unit = &it->plan->unit[ask->layer];
  const bool endless = ask->lambda == (double)INFINITY;
  cds_apart apart;
  add_apart(&apart, it, unit, ask->lambda);
  cds_hull_answer out = {.energy_pj = apart.energy_pj,
                         .latency_s = apart.latency_s,
                         .bound = apart.bound,
                         .proven = apart.proven,
                         .from = endless ? apart.from : 0};
  for (size_t part = 0; part < unit->layers; part++) {
    const size_t kind = cds_unit_kind(it, unit, part);
    if (cds_kind_is_product(it, kind)) {
      cds_answer *answer = cds_choose_answer(it, kind, ask->lambda);
      count_nodes(it, answer, answer->result.nodes);
    }
  }
  if (unit->chain == NULL || it->apart) {
    out.solution =
        cds_answers_find(it->answers, cds_unit_kind(it, unit, 0), ask->lambda);
    return out;
  }
  out.solution =
      cds_answers_find(it->answers, chain_kind(it, unit), ask->lambda);
  cds_answer *answer = it->answers->answer[out.solution];
  const cds_fuse_result *fused = answer->fused;
  count_fused(it, answer);
  out.bound = fmin(out.bound, answer->bound);
  out.proven = out.proven && fused->proven;
  if (fused->found) {
    out.energy_pj = fused->energy_pj;
    out.latency_s = fused->latency_s;
  }
  return out;
}

cds_status cds_choose(cds_hull_ask *ask, size_t asks, void *payload) {
  cds_chooser *it = (cds_chooser *)payload;
  const cds_arena_mark mark = cds_arena_mark_get(it->arena);
  cds_status status = search_layers(it, ask, asks);
  if (status == CDS_OK) {
    status = search_chains(it, ask, asks);
  }
  if (status != CDS_OK) {
    cds_answers_forget(it->answers);
    return status;
  }
  cds_arena_reset(it->arena, mark);
  for (size_t i = 0; i < asks; i++) {
    ask[i].answer = choose(it, &ask[i]);
  }
  return CDS_OK;
}
