/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions of the walk, put to layers and chains; see choose.h. */
#include "network/choose.h"

/* Energy and time of layers of a chain that run one by one, or of one layer. */
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

/* Where the answers of a part, and of a chain, stand. */
static size_t part_kind(const cds_chooser *it, const cds_plan_part *part) {
  return it->plan->distinct + part->number;
}

static size_t chain_kind(const cds_chooser *it, const cds_network_unit *unit) {
  return it->plan->distinct + it->plan->parts + unit->twin;
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
                             .goal = {.lambda_pj_per_s = answer->weight,
                                      .low_pj_per_s = ask->low,
                                      .high_pj_per_s = ask->high,
                                      .slack = it->asker.options->slack},
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

/* One layer, which is answered. */
static void layer_apart(cds_apart *out, const cds_chooser *it,
                        const cds_network_unit *unit, size_t part,
                        double lambda) {
  const size_t kind = cds_unit_kind(it, unit, part);
  const cds_cost *cost = &it->cost[kind];
  *out = (cds_apart){.bound = isinf(lambda)
                                  ? cost->latency_s
                                  : cost->energy_pj + lambda * cost->latency_s,
                     .proven = true};
  if (cds_kind_is_product(it, kind)) {
    const cds_answer *answer = cds_choose_answer(it, kind, lambda);
    cost = &answer->result.cost;
    out->bound = answer->bound;
    out->proven = answer->result.proven;
    out->from = answer->weight;
  }
  out->energy_pj = cost->energy_pj;
  out->latency_s = cost->latency_s;
}

/* Layers first .. end - 1, one by one. */
static void add_apart(cds_apart *out, const cds_chooser *it,
                      const cds_network_unit *unit, double lambda,
                      const size_t range[2]) {
  *out = (cds_apart){.proven = true};
  for (size_t part = range[0]; part < range[1]; part++) {
    cds_apart layer;
    layer_apart(&layer, it, unit, part, lambda);
    out->energy_pj += layer.energy_pj;
    out->latency_s += layer.latency_s;
    out->bound += layer.bound;
    out->proven = out->proven && layer.proven;
    out->from = fmax(out->from, layer.from);
  }
}

/* The weight of time in a chain at lambda. */
static double chain_weight(const cds_chooser *it, const cds_network_unit *unit,
                           double lambda) {
  cds_apart apart;
  add_apart(&apart, it, unit, lambda, (const size_t[]){0, unit->layers});
  return isinf(lambda) ? apart.from : lambda;
}

/* Nothing that the layer takes alone, or the part fused, is below, in E +
 * weight T. */
static double layer_least(const cds_chooser *it, const cds_network_unit *unit,
                          size_t layer, const cds_hull_ask *ask,
                          double weight) {
  const size_t kind = cds_unit_kind(it, unit, layer);
  const cds_cost *cost = &it->cost[kind];
  return cds_kind_is_product(it, kind)
             ? cds_choose_answer(it, kind, ask->lambda)->result.bound
             : cost->energy_pj + weight * cost->latency_s;
}

static double part_least(const cds_chooser *it, const cds_plan_part *part,
                         double weight) {
  const cds_point *floor = &it->floor[part->number];
  return floor->energy_pj + weight * floor->latency_s;
}

/* Whether it is known what the part takes: it has fewer layers than those that
 * are asked now. */
static bool is_shorter(const cds_chooser *it, const cds_plan_part *part,
                       const cds_hull_ask *ask, size_t layers) {
  return part->chain->layers < layers &&
         is_known(it, part_kind(it, part), ask->lambda);
}

/* What the other layers take at least in any way to run them. */
static double least_beside(const cds_chooser *it, const cds_network_unit *unit,
                           const cds_plan_part *without,
                           const cds_hull_ask *ask, double weight) {
  double least[CDS_STAGES_MAX + 1] = {0}; /* of the first layers */
  const size_t end = without->first + without->chain->layers;
  for (size_t i = 0; i < unit->layers; i++) {
    const bool own = without->first <= i && i < end;
    least[i + 1] = least[i] + (own ? 0 : layer_least(it, unit, i, ask, weight));
    for (size_t p = 0; p < unit->parts; p++) {
      const cds_plan_part *part = &unit->part[p];
      const size_t last = part->first + part->chain->layers;
      if (last == i + 1 && (last <= without->first || part->first >= end)) {
        least[i + 1] = fmin(least[i + 1],
                            least[part->first] + part_least(it, part, weight));
      }
    }
  }
  return least[unit->layers];
}

/* The best that is known of layers of a chain, each alone or in a part of fewer
 * than so many layers. */
static double best_known(const cds_chooser *it, const cds_network_unit *unit,
                         const cds_hull_ask *ask, double weight,
                         const size_t range[2], size_t layers) {
  double best[CDS_STAGES_MAX + 1] = {0}; /* of those before */
  for (size_t end = range[0] + 1; end <= range[1]; end++) {
    cds_apart layer;
    layer_apart(&layer, it, unit, end - 1, ask->lambda);
    best[end] = best[end - 1] + layer.energy_pj + weight * layer.latency_s;
    for (size_t p = 0; p < unit->parts; p++) {
      const cds_plan_part *part = &unit->part[p];
      if (part->first < range[0] || part->first + part->chain->layers != end ||
          !is_shorter(it, part, ask, layers)) {
        continue;
      }
      const cds_fuse_result *fused =
          cds_choose_answer(it, part_kind(it, part), ask->lambda)->fused;
      if (fused->found) {
        best[end] = fmin(best[end], best[part->first] + fused->energy_pj +
                                        weight * fused->latency_s);
      }
    }
  }
  return best[range[1]];
}

/* What a part must be below so that anything is won: what its layers take in
 * the best way that is known, and what the best way of the whole chain leaves.
 * A little more is looked at, so that rounding leaves out nothing. Of a part
 * that stands in several places its layers count one by one. */
static double part_limit(const cds_chooser *it, const cds_network_unit *unit,
                         const cds_plan_part *part, const cds_hull_ask *ask,
                         double weight) {
  const size_t layers = part->chain->layers;
  const size_t range[] = {part->first, part->first + layers};
  const size_t whole[] = {0, unit->layers};
  if (part->shared) {
    return best_known(it, unit, ask, weight, range, 0);
  }
  const double best = best_known(it, unit, ask, weight, whole, layers);
  const double own = best_known(it, unit, ask, weight, range, layers);
  const double left = best - least_beside(it, unit, part, ask, weight);
  return fmin(best_known(it, unit, ask, weight, range, 0),
              fmin(own, fmax(left, 0)) + best * 1e-9);
}

/* Questions, and the answers that they fill. */
typedef struct cds_asking_parts {
  size_t questions;
  cds_chain_question *question;
  cds_answer **answer;
} cds_asking_parts;

/* Adds a question about each part of so many layers that has no answer yet. */
static cds_status list_parts(cds_asking_parts *to, cds_chooser *it,
                             const cds_hull_ask *ask, size_t layers) {
  const cds_network_unit *unit = &it->plan->unit[ask->layer];
  for (size_t p = 0; p < unit->parts; p++) {
    const cds_plan_part *part = &unit->part[p];
    if (part->chain->layers != layers ||
        is_known(it, part_kind(it, part), ask->lambda)) {
      continue;
    }
    cds_answer *answer =
        cds_answers_add(it->answers, part_kind(it, part), ask->lambda);
    if (answer == NULL) {
      return CDS_ENOMEM;
    }
    answer->fused = (cds_fuse_result *)cds_arena_alloc(it->answers->arena,
                                                       sizeof *answer->fused);
    if (answer->fused == NULL) {
      return CDS_ENOMEM;
    }
    answer->weight = chain_weight(it, unit, ask->lambda);
    const double limit = part_limit(it, unit, part, ask, answer->weight);
    const double least = part_least(it, part, answer->weight);
    if (!isinf(least) && least > limit) {
      *answer->fused = (cds_fuse_result){.proven = true, .bound = least};
      answer->bound = bound_at(answer, least);
      continue;
    }
    to->answer[to->questions] = answer;
    to->question[to->questions++] =
        (cds_chain_question){.part = part,
                             .lambda = answer->weight,
                             .limit = limit,
                             .slack = it->asker.options->slack,
                             .result = answer->fused};
  }
  return CDS_OK;
}

/* Asks whether parts of so many layers are better fused; their layers are
 * answered, and shorter parts. */
static cds_status search_parts(cds_chooser *it, const cds_hull_ask *ask,
                               size_t asks, size_t layers) {
  const size_t most = asks * CDS_CHAIN_PARTS_MAX;
  cds_asking_parts list = {.question = (cds_chain_question *)cds_arena_array(
                               it->arena, most, sizeof *list.question),
                           .answer = (cds_answer **)cds_arena_array(
                               it->arena, most, sizeof(cds_answer *))};
  if (list.question == NULL || list.answer == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < asks; i++) {
    CDS_TRY(list_parts(&list, it, &ask[i], layers));
  }
  CDS_TRY(cds_ask_chains(&it->asker, list.question, list.questions));
  for (size_t i = 0; i < list.questions; i++) {
    cds_answer *answer = list.answer[i];
    const double least = part_least(it, list.question[i].part, answer->weight);
    answer->bound = bound_at(answer, fmax(answer->fused->bound, least));
    answer->outside = list.question[i].outside;
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

/* The least of the first layers of a chain: the last of them alone, or the last
 * of a part that is fused. */
typedef struct cds_least {
  double value, bound;
  size_t from; /* layers before the last, or the last part */
  size_t part; /* SIZE_MAX: a layer alone */
} cds_least;

/* Fills least[0 .. layers]. */
static void find_least(cds_least *least, cds_chooser *it,
                       const cds_network_unit *unit, double lambda,
                       cds_hull_answer *out) {
  const double weight = chain_weight(it, unit, lambda);
  least[0] = (cds_least){0, 0, 0, SIZE_MAX};
  for (size_t end = 1; end <= unit->layers; end++) {
    cds_apart layer;
    layer_apart(&layer, it, unit, end - 1, lambda);
    out->proven = out->proven && layer.proven;
    least[end] = (cds_least){
        least[end - 1].value + layer.energy_pj + weight * layer.latency_s,
        least[end - 1].bound + layer.bound, end - 1, SIZE_MAX};
    for (size_t p = 0; p < unit->parts; p++) {
      const cds_plan_part *part = &unit->part[p];
      if (part->first + part->chain->layers != end) {
        continue;
      }
      cds_answer *answer = cds_choose_answer(it, part_kind(it, part), lambda);
      const cds_fuse_result *fused = answer->fused;
      const cds_least *before = &least[part->first];
      const double value =
          before->value + fused->energy_pj + weight * fused->latency_s;
      count_fused(it, answer);
      out->proven = out->proven && fused->proven;
      least[end].bound = fmin(least[end].bound, before->bound + answer->bound);
      if (fused->found && value < least[end].value) {
        least[end].value = value;
        least[end].from = part->first;
        least[end].part = p;
      }
    }
  }
}

/* Sums in the order of layers; `chosen`: the parts, as bits. */
static uint32_t add_chosen(cds_hull_answer *out, const cds_chooser *it,
                           const cds_network_unit *unit, double lambda,
                           const cds_least *least) {
  uint32_t chosen = 0;
  size_t part_of[CDS_STAGES_MAX] = {0};
  for (size_t end = unit->layers; end > 0; end = least[end].from) {
    for (size_t i = least[end].from; i < end; i++) {
      part_of[i] = least[end].part;
    }
    chosen |= least[end].part == SIZE_MAX ? 0 : 1U << least[end].part;
  }
  out->energy_pj = out->latency_s = 0;
  for (size_t i = 0; i < unit->layers; i++) {
    cds_apart layer;
    layer_apart(&layer, it, unit, i, lambda);
    if (part_of[i] < SIZE_MAX) {
      const cds_plan_part *part = &unit->part[part_of[i]];
      const cds_cost *cost = &cds_choose_answer(it, part_kind(it, part), lambda)
                                  ->fused->cost[i - part->first];
      layer.energy_pj = cost->energy_pj;
      layer.latency_s = cost->latency_s;
    }
    out->energy_pj += layer.energy_pj;
    out->latency_s += layer.latency_s;
  }
  return chosen;
}

/* The best choice of parts; the number of the answer that says which. */
static cds_status choose_parts(cds_hull_answer *out, cds_chooser *it,
                               const cds_hull_ask *ask) {
  const cds_network_unit *unit = &it->plan->unit[ask->layer];
  cds_least least[CDS_STAGES_MAX + 1];
  find_least(least, it, unit, ask->lambda, out);
  out->bound = least[unit->layers].bound;
  const uint32_t chosen = add_chosen(out, it, unit, ask->lambda, least);
  const size_t kind = chain_kind(it, unit);
  out->solution = cds_answers_find(it->answers, kind, ask->lambda);
  if (out->solution < it->answers->answers) {
    return CDS_OK;
  }
  cds_answer *answer = cds_answers_add(it->answers, kind, ask->lambda);
  if (answer == NULL) {
    return CDS_ENOMEM;
  }
  answer->chosen = chosen;
  answer->outside = false;
  for (size_t p = 0; p < unit->parts; p++) {
    const size_t of = part_kind(it, &unit->part[p]);
    answer->outside =
        answer->outside || cds_choose_answer(it, of, ask->lambda)->outside;
  }
  return CDS_OK;
}

/* The least of all that the unit may do; the number of the answer that stands
 * for it: that of the chain, or of the layer. */
static cds_status choose(cds_hull_answer *out, cds_chooser *it,
                         const cds_hull_ask *ask) {
  const cds_network_unit *unit = &it->plan->unit[ask->layer];
  const bool endless = ask->lambda == (double)INFINITY;
  cds_apart apart;
  add_apart(&apart, it, unit, ask->lambda, (const size_t[]){0, unit->layers});
  *out = (cds_hull_answer){.energy_pj = apart.energy_pj,
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
  if (unit->chain != NULL && !it->apart) {
    return choose_parts(out, it, ask);
  }
  out->solution =
      cds_answers_find(it->answers, cds_unit_kind(it, unit, 0), ask->lambda);
  return CDS_OK;
}

cds_status cds_choose(cds_hull_ask *ask, size_t asks, void *payload) {
  cds_chooser *it = (cds_chooser *)payload;
  const cds_arena_mark mark = cds_arena_mark_get(it->arena);
  cds_status status = search_layers(it, ask, asks);
  for (size_t layers = 2;
       layers <= CDS_STAGES_MAX && !it->apart && status == CDS_OK; layers++) {
    status = search_parts(it, ask, asks, layers);
  }
  if (status != CDS_OK) {
    cds_answers_forget(it->answers);
    return status;
  }
  cds_arena_reset(it->arena, mark);
  for (size_t i = 0; i < asks && status == CDS_OK; i++) {
    status = choose(&ask[i].answer, it, &ask[i]);
  }
  return status;
}

const cds_plan_part *cds_chosen_part(const cds_chooser *it,
                                     const cds_network_unit *unit,
                                     const cds_answer *answer, size_t layer,
                                     const cds_fuse_result **fused) {
  for (size_t p = 0; p < unit->parts; p++) {
    const cds_plan_part *part = &unit->part[p];
    if ((answer->chosen >> p & 1U) != 0 && part->first <= layer &&
        layer < part->first + part->chain->layers) {
      *fused =
          cds_choose_answer(it, part_kind(it, part), answer->lambda)->fused;
      return part;
    }
  }
  *fused = NULL;
  return NULL;
}
