/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sums over a workload; see network_least.h. */
#include "verify/network_least.h"

#include <math.h>
#include <string.h>

#include "spec/rules.h"
#include "verify/rows.h"

/* Of what is missing to a limit, so that rounding leaves nothing over. */
static const double a_little_more = 1 + 1e-12;

/* ---- the plan -------------------------------------------------------- */

/* The chain that begins at a layer and may run fused, or NULL. */
static cds_status find_chain(const cds_chain_group **out,
                             const cds_workload *workload, size_t first,
                             cds_fusing fusing, cds_arena *arena) {
  *out = NULL;
  if (fusing == CDS_FUSING_NONE) {
    return CDS_OK;
  }
  const unsigned flags =
      fusing == CDS_FUSING_EVERYWHERE ? CDS_CHAIN_WINDOWS : 0;
  cds_chain_group *chain = cds_arena_alloc(arena, sizeof *chain);
  if (chain == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status = cds_chain_find(chain, workload, first, flags);
  if (status == CDS_OK &&
      (fusing != CDS_FUSING_ATTENTION || cds_chain_has_softmax(chain))) {
    *out = chain;
  }
  return status == CDS_ENOMEM ? status : CDS_OK;
}

static cds_sum_item *same_item(const cds_sum_plan *plan,
                               const cds_layer *layer) {
  for (size_t i = 0; i < plan->items; i++) {
    if (plan->item[i].chain == NULL &&
        cds_layer_same(plan->item[i].layer, layer)) {
      return &plan->item[i];
    }
  }
  return NULL;
}

/* A layer with others that are the same, or a chain. */
static cds_status add_item(cds_sum_plan *plan, cds_sum_item *made, bool delays,
                           const cds_workload *workload, cds_arena *arena) {
  cds_sum_item *same =
      made->chain == NULL ? same_item(plan, made->layer) : NULL;
  if (same != NULL) {
    same->times += made->times;
    return CDS_OK;
  }
  if (made->chain != NULL) {
    made->foreign =
        delays ? "fused mappings that take about the same time are too many"
               : NULL;
    CDS_TRY(cds_fused_parts_list(&made->part, &made->parts, made->chain,
                                 workload, arena));
    for (unsigned p = 0; p < made->parts && made->foreign == NULL; p++) {
      made->foreign = cds_fused_walk_foreign(made->part[p].group);
    }
  }
  plan->item[plan->items++] = *made;
  return CDS_OK;
}

cds_status cds_sum_plan_make(cds_sum_plan *out, const cds_workload *workload,
                             cds_fusing fusing, bool delays, cds_arena *arena) {
  *out = (cds_sum_plan){.pipelines = fusing == CDS_FUSING_PIPELINED};
  out->item = cds_arena_array(arena, workload->layers, sizeof *out->item);
  if (out->item == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < workload->layers;) {
    const cds_layer *layer = &workload->layer[i];
    cds_sum_item made = {.times =
                             cds_phase_weight(&workload->phase[layer->phase]) *
                             (double)layer->count,
                         .layer = layer};
    CDS_TRY(find_chain(&made.chain, workload, i, fusing, arena));
    CDS_TRY(add_item(out, &made, delays, workload, arena));
    i += made.chain == NULL ? 1 : made.chain->layers;
  }
  return CDS_OK;
}

/* ---- what no mapping leaves out -------------------------------------- */

static double units_of(const cds_arch *arch) {
  return (double)cds_arch_instances(arch, arch->arrays);
}

static double cheapest_mac_pj(const cds_compute *compute) {
  double least = compute->mac_pj[0];
  for (unsigned f = 1; f < compute->formats; f++) {
    least = fmin(least, compute->mac_pj[f]);
  }
  return least;
}

/* Words of a tensor whose axes are single ranks; 0: it has others. */
static double plain_words(const cds_einsum *einsum, const cds_tensor *tensor) {
  double words = 1;
  for (unsigned a = 0; a < tensor->axes; a++) {
    cds_term term[CDS_TERMS_MAX];
    const unsigned terms = cds_axis_long_terms(term, einsum, &tensor->axis[a]);
    words *= terms > 1    ? 0
             : terms == 1 ? (double)einsum->rank[term[0].rank].size
                          : 1;
  }
  return words;
}

/* pJ of a bit at a level, whole accesses apart. */
static double bit_pj(const cds_level *level, cds_action action) {
  const cds_access_price *price = &level->price[action];
  return price->bit_pj + price->access_pj / (double)level->width_bits;
}

/* What words of a tensor take where multiply-accumulates take them, or put
 * them: each once a multiply-accumulate, but for those that units below one
 * instance share. `first`: the outermost level that counts. */
static double least_bit_pj(const cds_arch *arch, cds_action action,
                           unsigned first, unsigned end) {
  double least = (double)INFINITY;
  for (unsigned l = first; l < end; l++) {
    const double instances =
        (double)cds_arch_instances(arch, arch->level[l].depth);
    least = fmin(least,
                 bit_pj(&arch->level[l], action) * instances / units_of(arch));
  }
  return least;
}

/* Dynamic energy of one tensor, with its words at the outermost level where
 * they begin or end there. */
static double tensor_pj(const cds_arch *arch, const cds_tensor *tensor,
                        cds_action action, double macs, double moved_bits) {
  const unsigned own = tensor->format.bits;
  const unsigned sums = tensor->accumulator.bits;
  const bool made = action == CDS_UPDATE;
  const double bits = macs * (made && sums > 0 && sums < own ? sums : own);
  const double outer_pj = moved_bits * bit_pj(&arch->level[0], action);
  const double at_outer = bits * least_bit_pj(arch, action, 0, 1);
  const double inside =
      outer_pj + bits * least_bit_pj(arch, action, 1, arch->levels);
  for (unsigned l = 0; l < arch->levels; l++) {
    if (arch->level[l].accumulate && made) {
      return outer_pj; /* sums are added where they are */
    }
  }
  return fmin(inside, fmax(at_outer, outer_pj));
}

/* What of a product stands in for all of its mappings. */
typedef struct cds_rough_product {
  const cds_einsum *einsum;
  double macs;
  bool outer[CDS_TENSORS_MAX]; /* its words come from the outermost level, or
                                  go there, and nobody else has them */
} cds_rough_product;

static void add_roughly(cds_worth *out, double bits[2], const cds_arch *arch,
                        const cds_rough_product *of) {
  const cds_einsum *einsum = of->einsum;
  out->dynamic_pj += of->macs * cheapest_mac_pj(&arch->compute);
  for (unsigned t = 0; t < einsum->tensors; t++) {
    const cds_tensor *tensor = &einsum->tensor[t];
    const bool made = t + 1 == einsum->tensors;
    const double moved =
        of->outer[t] ? plain_words(einsum, tensor) * tensor->format.bits : 0;
    out->dynamic_pj +=
        tensor_pj(arch, tensor, made ? CDS_UPDATE : CDS_READ, of->macs, moved);
    bits[made] += moved;
  }
  out->cycles += of->macs / units_of(arch);
}

static double macs_of(const cds_einsum *einsum) {
  double macs = 1;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    macs *= (double)einsum->rank[r].size;
  }
  return macs;
}

/* A layer alone. */
static void add_layer(cds_worth *out, const cds_arch *arch,
                      const cds_einsum *einsum) {
  double bits[2] = {0, 0}; /* read, written at the outermost level */
  const cds_level *level = &arch->level[0];
  cds_rough_product of = {.einsum = einsum, .macs = macs_of(einsum)};
  for (unsigned t = 0; t < einsum->tensors; t++) {
    of.outer[t] = true;
  }
  add_roughly(out, bits, arch, &of);
  out->cycles =
      fmax(out->cycles, (bits[0] + bits[1]) / level->shared_bandwidth);
  out->cycles = fmax(out->cycles, bits[0] / level->read_bandwidth);
  out->cycles = fmax(out->cycles, bits[1] / level->write_bandwidth);
}

/* A chain, however it runs: its products one after the other; what it does not
 * make itself comes once, from the outermost level. With a mask only what no
 * mask makes vain counts. */
static void add_chain(cds_worth *out, const cds_arch *arch,
                      const cds_sum_item *item) {
  const cds_fused_group *group = &item->chain->group;
  const cds_level *level = &arch->level[0];
  bool seen[CDS_FUSED_TENSORS_MAX] = {false};
  double bits[2] = {0, 0};
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_layer *layer = &item->layer[s];
    if (layer->kind != CDS_LAYER_EINSUM) {
      continue;
    }
    cds_rough_product of = {.einsum = &layer->einsum,
                            .macs = macs_of(&layer->einsum)};
    of.macs =
        group->mask.here ? fmin(of.macs, (double)layer->useful_macs) : of.macs;
    for (unsigned t = 0; t < layer->einsum.tensors; t++) {
      const unsigned in_group = group->stage[s].tensor[t];
      const cds_fused_tensor *tensor = &group->tensor[in_group];
      const bool made_before =
          tensor->maker != CDS_STAGES_MAX && tensor->maker != s;
      of.outer[t] = !group->mask.here && !tensor->intermediate &&
                    !made_before && !seen[in_group];
      seen[in_group] = true;
    }
    add_roughly(out, bits, arch, &of);
  }
  out->cycles =
      fmax(out->cycles, (bits[0] + bits[1]) / level->shared_bandwidth);
  out->cycles = fmax(out->cycles, bits[0] / level->read_bandwidth);
  out->cycles = fmax(out->cycles, bits[1] / level->write_bandwidth);
}

static void close_roughly(cds_worth *out, const cds_sum *it) {
  const cds_arch *arch = it->arch;
  const double leakage_w = cds_arch_leakage_w(arch);
  out->latency_s = out->cycles / arch->clock_hz;
  if (isfinite(it->power_limit_w)) {
    out->latency_s = fmax(out->latency_s, out->dynamic_pj * 1e-12 /
                                              (it->power_limit_w - leakage_w));
  }
  out->energy_pj = out->dynamic_pj + leakage_w * 1e12 * out->latency_s;
}

/* ---- a design -------------------------------------------------------- */

static cds_status begin_operation(cds_sum_known *known, cds_sum *it,
                                  const cds_operation *operation) {
  const char *foreign = cds_rows_alone_foreign(it->arch);
  known->fixed = true;
  known->worth = (cds_worth){.energy_pj = 0};
  cds_status status = CDS_OK;
  if (foreign == NULL) {
    status =
        cds_rows_worth(&known->worth, it->arch, operation, it->power_limit_w);
  } else if (it->by_model) {
    status = it->options->operation(&known->worth, it->arch, operation,
                                    it->power_limit_w);
  }
  it->left_out = foreign != NULL ? foreign : it->left_out;
  return status == CDS_EINPUT ? CDS_EINFEASIBLE : status;
}

/* Gives the layer an architecture with what constraints say of it. */
static cds_status constrain(cds_sum_known *known, cds_sum *it,
                            const cds_einsum *einsum, const char **foreign) {
  known->arch = it->arch;
  *foreign = cds_pair_foreign(it->arch, einsum);
  if (!cds_constraints_concern(it->arch, einsum, false)) {
    return CDS_OK;
  }
  cds_arch *arch = cds_arena_alloc(it->arena, sizeof *arch);
  cds_rules *rules = cds_arena_alloc(it->arena, sizeof *rules);
  if (arch == NULL || rules == NULL) {
    return CDS_ENOMEM;
  }
  *arch = *it->arch;
  known->arch = arch;
  if (cds_rules_bind(rules, arch, einsum, NULL, NULL) == CDS_OK) {
    cds_rules_apply(arch, rules, einsum);
  } else {
    *foreign = "its constraints contradict each other";
  }
  return CDS_OK;
}

static cds_status begin_product(cds_sum_known *known, cds_sum *it,
                                const cds_einsum *einsum) {
  const char *foreign = NULL;
  CDS_TRY(constrain(known, it, einsum, &foreign));
  if (foreign == NULL) {
    cds_pair *pair = cds_arena_alloc(it->arena, sizeof *pair);
    if (pair == NULL) {
      return CDS_ENOMEM;
    }
    known->pair = pair;
    const cds_status status =
        cds_pair_init(pair, known->arch, einsum, it->power_limit_w);
    if (status != CDS_ELIMIT) {
      return status == CDS_EINPUT ? CDS_EINFEASIBLE : status;
    }
    foreign = "counts are beyond 2^53";
  }
  it->rough = foreign;
  known->rough = true;
  known->worth = (cds_worth){.energy_pj = 0};
  add_layer(&known->worth, it->arch, einsum);
  close_roughly(&known->worth, it);
  return CDS_OK;
}

/* Of a chain: whether the walk covers all of its layers on this design. */
static const char *foreign_chain(const cds_sum *it, const cds_sum_item *item) {
  const char *foreign = item->foreign;
  for (size_t i = 0; i < item->chain->layers && foreign == NULL; i++) {
    const cds_layer *layer = &item->layer[i];
    foreign = layer->kind == CDS_LAYER_OPERATION
                  ? cds_rows_foreign(it->arch, &layer->operation)
              : cds_constraints_concern(it->arch, &layer->einsum, false)
                  ? "constraints are on a layer of a chain"
                  : cds_pair_foreign(it->arch, &layer->einsum);
  }
  return foreign;
}

static cds_status begin_chain(cds_sum_known *known, cds_sum *it,
                              const cds_sum_item *item) {
  const char *foreign = foreign_chain(it, item);
  known->rough = foreign != NULL;
  it->rough = foreign != NULL ? foreign : it->rough;
  known->floor = (cds_worth){.energy_pj = 0};
  add_chain(&known->floor, it->arch, item);
  close_roughly(&known->floor, it);
  known->worth = known->floor;
  return CDS_OK;
}

cds_status cds_sum_begin(cds_sum *sum) {
  const cds_sum_plan *plan = sum->plan;
  sum->boxes_most = sum->options->boxes_most;
  sum->left_out = sum->rough = NULL;
  sum->known = cds_arena_array(sum->arena, plan->items, sizeof *sum->known);
  sum->order = cds_arena_array(sum->arena, plan->items, sizeof *sum->order);
  if (sum->known == NULL || sum->order == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < plan->items; i++) {
    const cds_sum_item *item = &plan->item[i];
    cds_sum_known *known = &sum->known[i];
    *known = (cds_sum_known){.arch = sum->arch};
    CDS_TRY(item->chain != NULL ? begin_chain(known, sum, item)
            : item->layer->kind == CDS_LAYER_OPERATION
                ? begin_operation(known, sum, &item->layer->operation)
                : begin_product(known, sum, &item->layer->einsum));
  }
  return CDS_OK;
}

/* ---- sums ------------------------------------------------------------ */

typedef struct cds_summing {
  cds_sum *it;
  const cds_fused_aim *aim;
  cds_fused_least *out;
  uint64_t boxes; /* before */
  double sum;
} cds_summing;

static uint64_t boxes_left(const cds_summing *at) {
  const uint64_t opened = at->boxes + at->out->boxes;
  return at->it->boxes_most > opened ? at->it->boxes_most - opened : 0;
}

static cds_status ask_chain(cds_fused_least *out, const cds_summing *at,
                            const cds_sum_item *item, double limit) {
  const cds_sum *it = at->it;
  const cds_fused_ways ways = {.space = {.arch = it->arch,
                                         .power_limit_w = it->power_limit_w,
                                         .pipelines = it->plan->pipelines,
                                         .boxes_most = boxes_left(at),
                                         .control = it->options->control},
                               .chain = &item->chain->group,
                               .parts = item->parts,
                               .part = item->part};
  cds_fused_aim aim = *at->aim;
  aim.limit = limit;
  const cds_status status = cds_fused_ways_least(out, &ways, &aim);
  at->out->boxes += out->boxes;
  return status;
}

/* What an item is not below, by spreads and holders alone, or roughly. */
static cds_status set_floor(cds_summing *at, size_t index) {
  const cds_sum_item *item = &at->it->plan->item[index];
  cds_sum_known *known = &at->it->known[index];
  if (known->fixed || known->rough) {
    known->least = cds_verify_value(&at->aim->goal, &known->worth);
    return CDS_OK;
  }
  if (item->chain != NULL) {
    known->least = cds_verify_value(&at->aim->goal, &known->floor);
    return CDS_OK;
  }
  cds_walk_result floor;
  const cds_status status =
      cds_walk_floor(&floor, known->pair, &at->aim->goal, boxes_left(at),
                     at->it->options->control);
  at->out->boxes += floor.boxes;
  known->least = floor.least;
  return status;
}

/* The least of an item, unless it is no less than the limit. */
static cds_status set_least(bool *found, cds_summing *at, size_t index,
                            double limit) {
  const cds_sum_item *item = &at->it->plan->item[index];
  cds_sum_known *known = &at->it->known[index];
  *found = false;
  if (item->chain != NULL) {
    cds_fused_least least;
    CDS_TRY(ask_chain(&least, at, item, limit));
    known->least = fmax(known->least, least.least);
    known->worth = least.worth;
    *found = least.found;
    return least.found && least.least < least.value * (1 - 1e-11) ? CDS_ELIMIT
                                                                  : CDS_OK;
  }
  cds_walk_result walk;
  const cds_status status =
      cds_walk_least(&walk, known->pair, &at->aim->goal, limit, boxes_left(at),
                     at->it->options->control);
  at->out->boxes += walk.boxes;
  known->least = fmax(known->least, walk.least);
  known->worth = walk.below;
  *found = !walk.holds;
  return status;
}

static void add_worth(cds_worth *sum, const cds_worth *worth, double times) {
  sum->energy_pj += times * worth->energy_pj;
  sum->latency_s += times * worth->latency_s;
  sum->dynamic_pj += times * worth->dynamic_pj;
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    sum->die_pj[d] += times * worth->die_pj[d];
  }
}

static double share_of(const cds_sum *it, size_t index) {
  return it->plan->item[index].times * it->known[index].least;
}

/* Largest shares first: by insertion, as items are few. */
static void sort_items(cds_sum *it) {
  for (size_t i = 0; i < it->plan->items; i++) {
    size_t at = i;
    for (; at > 0 && share_of(it, it->order[at - 1]) < share_of(it, i); at--) {
      it->order[at] = it->order[at - 1];
    }
    it->order[at] = i;
  }
}

/* Raises the sum item by item, until it is at the limit or all is known. */
static cds_status raise_sum(cds_summing *at) {
  cds_sum *it = at->it;
  cds_worth worth = {.energy_pj = 0};
  bool unknown = false;
  sort_items(it);
  for (size_t i = 0; i < it->plan->items && at->sum < at->aim->limit; i++) {
    const size_t index = it->order[i];
    const double times = it->plan->item[index].times;
    cds_sum_known *known = &it->known[index];
    unknown = unknown || known->rough;
    if (!known->fixed && !known->rough) {
      const double before = known->least;
      const double missing = (at->aim->limit - at->sum) / times;
      bool found = false;
      CDS_TRY(set_least(&found, at, index, (before + missing) * a_little_more));
      at->sum += times * (known->least - before);
      if (!found && at->sum < at->aim->limit) {
        return CDS_ELIMIT; /* rounding is all that is left */
      }
    }
    add_worth(&worth, &known->worth, times);
  }
  if (at->sum < at->aim->limit) {
    CDS_TRY(unknown ? CDS_ELIMIT : CDS_OK);
    at->out->found = true;
    at->out->worth = worth;
    at->out->value = at->sum;
    at->out->least = at->sum;
  }
  return CDS_OK;
}

cds_status cds_sum_least(cds_fused_least *out, void *sum,
                         const cds_fused_aim *aim, uint64_t boxes) {
  cds_summing at = {.it = sum, .aim = aim, .out = out, .boxes = boxes};
  *out = (cds_fused_least){.least = aim->limit, .value = aim->limit};
  for (size_t i = 0; i < at.it->plan->items; i++) {
    CDS_TRY(set_floor(&at, i));
    at.sum += share_of(at.it, i);
  }
  if (aim->floor) {
    out->least = fmin(at.sum, aim->limit);
    return CDS_OK;
  }
  return at.sum < aim->limit ? raise_sum(&at) : CDS_OK;
}

cds_status cds_sum_none_fits(bool *out, const cds_sum *it) {
  static const cds_verify_goal energy = {.objective = CDS_OBJECTIVE_ENERGY};
  bool all = it->rough == NULL; /* are looked at */
  *out = false;
  for (size_t i = 0; i < it->plan->items && !*out; i++) {
    all = all && it->plan->item[i].chain == NULL; /* may fit fused only */
    if (it->known[i].pair == NULL || it->known[i].rough) {
      continue;
    }
    cds_walk_result walk;
    CDS_TRY(cds_walk(&walk, it->known[i].pair, &energy, (double)INFINITY,
                     it->boxes_most, it->options->control));
    *out = walk.holds;
  }
  return *out || all ? CDS_OK : CDS_ELIMIT;
}
