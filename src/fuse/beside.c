/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Products that operations outlast; see beside.h. */
#include "fuse/beside.h"

#include <math.h>
#include <string.h>

#include "price/pipeline.h"
#include "search/frontier.h"

/* Values of one mapping are the same up to rounding. */
static const double down = 1 - 1e-11;

/* Of all operations together. */
typedef struct cds_operations_sum {
  double dynamic_pj, latency_s, hidden_s;
} cds_operations_sum;

static cds_operations_sum sum_operations(const cds_stages *it,
                                         cds_known_stage *const *stage) {
  cds_operations_sum out = {0, 0, 0};
  for (unsigned s = 0; s < it->outers->group->stages; s++) {
    if (stage[s]->operation) {
      out.dynamic_pj += stage[s]->floor.dynamic_pj;
      out.latency_s += stage[s]->floor.latency_s;
      out.hidden_s += stage[s]->hidden_s;
    }
  }
  return out;
}

double cds_beside_lacks_s(const cds_stages *stages,
                          cds_known_stage *const *stage, double products_s,
                          double products_pj) {
  const cds_outers *outers = stages->outers;
  const cds_operations_sum sum = sum_operations(stages, stage);
  const double lacks =
      cds_pipeline_lacks_s(&stage[0]->pass.stage, products_s, sum.hidden_s);
  return lacks + cds_pipeline_power_s(outers->arch, outers->power_limit_w,
                                      sum.dynamic_pj + products_pj,
                                      sum.latency_s + products_s + lacks);
}

/* E + lambda T of the group with such products. */
static double value_of(const cds_stages *it, cds_known_stage *const *stage,
                       double products_s, double products_pj) {
  const cds_operations_sum sum = sum_operations(it, stage);
  const double lacks = cds_beside_lacks_s(it, stage, products_s, products_pj);
  return cds_stages_sum(it, sum.dynamic_pj + products_pj,
                        sum.latency_s + products_s + lacks);
}

double cds_beside_value(const cds_stages *stages,
                        cds_known_stage *const *stage) {
  double products_s = 0;
  double products_pj = 0;
  for (unsigned s = 0; s < stages->outers->group->stages; s++) {
    if (!stage[s]->operation) {
      products_s += stage[s]->result->cost.latency_s;
      products_pj += stage[s]->result->cost.dynamic_pj;
    }
  }
  return value_of(stages, stage, products_s, products_pj);
}

/* The same architecture without what leaks: energies are D. */
static cds_arch *without_leakage(const cds_stages *it, double *power_limit_w) {
  cds_arch *out = (cds_arch *)cds_arena_alloc(it->scratch, sizeof *out);
  if (out == NULL) {
    return NULL;
  }
  *out = *it->outers->arch;
  out->fixed_leakage_w = out->compute.leakage_w = 0;
  for (unsigned l = 0; l < out->levels; l++) {
    out->level[l].leakage_w = 0;
    out->level[l].background_w = out->level[l].refresh_w = 0;
  }
  for (unsigned k = 0; k < out->arrays; k++) {
    out->array[k].leakage_w = 0;
  }
  for (unsigned v = 0; v < out->vectors; v++) {
    out->vector[v].leakage_w = 0;
  }
  *power_limit_w = it->outers->power_limit_w - it->leakage_w;
  return out;
}

static cds_status begin(const cds_stages *it, const cds_known_stage *stage) {
  double power_limit_w = 0;
  const cds_arch *arch = without_leakage(it, &power_limit_w);
  return arch == NULL ? CDS_ENOMEM
                      : cds_search_begin(it->searcher, arch,
                                         &stage->pass.einsum, power_limit_w);
}

static void take(cds_beside *out, const cds_stages *it, unsigned s,
                 const cds_mapping *mapping, const cds_cost *cost) {
  out->mapping[s] = mapping;
  out->cost[s] = *cost;
  cds_pipeline_shift(&out->cost[s], it->outers->arch, 0);
}

/* The least of D + W f A of one product. */
static cds_status solve_cheap(cds_stages *it, cds_known_stage *stage,
                              double price) {
  if (stage->cheap != NULL && stage->cheap_price == price) {
    return CDS_OK;
  }
  if (stage->cheap == NULL) {
    stage->cheap =
        (cds_search_result *)cds_arena_alloc(it->arena, sizeof *stage->cheap);
    if (stage->cheap == NULL) {
      return CDS_ENOMEM;
    }
  }
  CDS_TRY(begin(it, stage));
  const cds_goal goal = {.lambda_pj_per_s = price};
  CDS_TRY(cds_search_solve(stage->cheap, it->searcher, goal, it->control));
  it->nodes += stage->cheap->nodes;
  /* What was cut short is asked for again. */
  stage->cheap_price = stage->cheap->proven ? price : -1;
  return CDS_OK;
}

cds_status cds_beside_bound(double *bound, cds_beside *best, cds_stages *stages,
                            cds_known_stage *const *stage) {
  const cds_operations_sum sum = sum_operations(stages, stage);
  const cds_stage *pass = &stage[0]->pass.stage;
  const double full = cds_pipeline_full(pass);
  const double price = cds_stages_sum(stages, 0, 1) * (1 - full);
  cds_beside made = {.any = true};
  double products_s = 0;
  double products_pj = 0;
  double least = 0;
  for (unsigned s = 0; s < stages->outers->group->stages; s++) {
    if (stage[s]->operation) {
      continue;
    }
    const cds_arena_mark mark = cds_arena_mark_get(stages->scratch);
    const cds_status status = solve_cheap(stages, stage[s], price);
    cds_arena_reset(stages->scratch, mark);
    CDS_TRY(status);
    const cds_search_result *cheap = stage[s]->cheap;
    cds_mapping *mapping =
        (cds_mapping *)cds_arena_alloc(stages->arena, sizeof *mapping);
    if (mapping == NULL) {
      return CDS_ENOMEM;
    }
    *mapping = cheap->mapping;
    take(&made, stages, s, mapping, &cheap->cost);
    products_s += cheap->cost.latency_s;
    products_pj += cheap->cost.dynamic_pj;
    least += cheap->bound;
  }
  made.value = value_of(stages, stage, products_s, products_pj);
  /* f A + V + X is the time of all but (1 - f) A, with H in place of it. */
  *bound = (least + cds_stages_sum(stages, sum.dynamic_pj,
                                   sum.latency_s + sum.hidden_s)) *
           down;
  if (!best->any || made.value < best->value) {
    *best = made;
  }
  return CDS_OK;
}

/* Mappings of a product that trade D and A best, whatever the price. */
static cds_status trace(cds_stages *it, cds_known_stage *stage) {
  if (stage->traded != NULL) {
    return CDS_OK;
  }
  cds_search_frontier *made =
      (cds_search_frontier *)cds_arena_alloc(it->arena, sizeof *made);
  if (made == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(begin(it, stage));
  CDS_TRY(
      cds_search_frontier_solve(made, it->searcher, 0, it->arena, it->control));
  it->nodes += made->nodes;
  stage->traded = made->proven ? made : NULL;
  return CDS_OK;
}

cds_status cds_beside_best(bool *all, cds_beside *best, cds_stages *stages,
                           cds_known_stage *const *stage) {
  const unsigned count = stages->outers->group->stages;
  size_t at[CDS_STAGES_MAX] = {0};
  *all = true;
  for (unsigned s = 0; s < count; s++) {
    if (!stage[s]->operation) {
      const cds_arena_mark mark = cds_arena_mark_get(stages->scratch);
      const cds_status status = trace(stages, stage[s]);
      cds_arena_reset(stages->scratch, mark);
      CDS_TRY(status == CDS_EINTERRUPTED ? CDS_OK : status);
      *all = *all && stage[s]->traded != NULL;
    }
  }
  unsigned s = 0;
  while (*all && s < count) {
    double products_s = 0;
    double products_pj = 0;
    for (unsigned p = 0; p < count; p++) {
      if (!stage[p]->operation) {
        products_s += stage[p]->traded->point[at[p]].cost.latency_s;
        products_pj += stage[p]->traded->point[at[p]].cost.dynamic_pj;
      }
    }
    const double value = value_of(stages, stage, products_s, products_pj);
    if (!best->any || value < best->value) {
      best->any = true;
      best->value = value;
      for (unsigned p = 0; p < count; p++) {
        if (!stage[p]->operation) {
          const cds_frontier_point *point = &stage[p]->traded->point[at[p]];
          take(best, stages, p, &point->mapping, &point->cost);
        }
      }
    }
    for (s = 0; s < count; s++) {
      if (!stage[s]->operation && ++at[s] < stage[s]->traded->points) {
        break;
      }
      at[s] = 0;
    }
  }
  return CDS_OK;
}
