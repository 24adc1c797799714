/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is claimed of chains, and what is found; see chains.h. */
#include "verify/chains.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "spec/fusion_text.h"
#include "spec/rules.h"
#include "verify/fused_bound.h"
#include "verify/rows.h"

/* ---- keys ------------------------------------------------------------ */

static const char *const run_choices[] = {"apart", "fused", NULL};
static const char *const status_choices[] = {"gap", "optimal", NULL};
enum { STATUS_OPTIMAL = 1 };

#define KEY(keys, field, as, ...)                                              \
  {                                                                            \
    .name = #field, .kind = CDS_KEY_##as, .offset = offsetof(keys, field),     \
    __VA_ARGS__                                                                \
  }

typedef struct chain_keys {
  const char *name, *phase;
  unsigned run, status;
  double energy_pj, latency_s, value, lower_bound;
  const cds_yaml *outer, *stages;
} chain_keys;
static const cds_key chain_rows[] = {
    KEY(chain_keys, name, TEXT, .required = true, .help = "Its first layer."),
    KEY(chain_keys, phase, TEXT, .required = true, .help = "Its phase."),
    KEY(chain_keys, run, CHOICE, .required = true, .choices = run_choices,
        .help = "Whether it runs fused, or layer by layer."),
    KEY(chain_keys, status, CHOICE, .required = true, .choices = status_choices,
        .help = "Whether the value is the least of both."),
    KEY(chain_keys, energy_pj, NUMBER, .required = true,
        .help = "Of the chain."),
    KEY(chain_keys, latency_s, NUMBER, .required = true,
        .help = "Of the chain."),
    KEY(chain_keys, value, NUMBER, .required = true,
        .help = "Of the objective, in pJ and s."),
    KEY(chain_keys, lower_bound, NUMBER, .required = true,
        .help = "Neither fused nor layer by layer takes less."),
    KEY(chain_keys, outer, NODE, .help = "Lines: outer loops and homes."),
    KEY(chain_keys, stages, NODE, .required = true,
        .help = "Each layer in turn."),
    {0}};
const cds_schema cds_certificate_chain_schema = {
    .name = "chain",
    .help = "What is claimed of a chain of layers.",
    .keys = chain_rows};

typedef struct stage_keys {
  const char *name;
  double energy_pj, latency_s;
  const cds_yaml *mapping;
} stage_keys;
static const cds_key stage_rows[] = {
    KEY(stage_keys, name, TEXT, .required = true, .help = "Name of the layer."),
    KEY(stage_keys, energy_pj, NUMBER, .required = true,
        .help = "In the chain."),
    KEY(stage_keys, latency_s, NUMBER, .required = true,
        .help = "In the chain."),
    KEY(stage_keys, mapping, NODE, .help = "Lines; of a product."),
    {0}};
const cds_schema cds_certificate_stage_schema = {
    .name = "stage",
    .help = "What is claimed of a layer of a chain.",
    .keys = stage_rows};

/* ---- reading --------------------------------------------------------- */

static cds_status wrong(const cds_checking *it, const cds_yaml *node,
                        const char *what, const char *name) {
  cds_diag_error(it->reader->diag, node->place, "chain '%s': %s", name, what);
  return CDS_EINPUT;
}

static bool plain(const cds_einsum *einsum) {
  bool all = true;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    for (unsigned a = 0; a < einsum->tensor[t].axes; a++) {
      const cds_axis *axis = &einsum->tensor[t].axis[a];
      all = all && axis->terms == 1 && axis->term[0].coefficient == 1;
    }
  }
  return all;
}

/* Why the evaluator here does not know what the group does. */
static const char *unknown_group(const cds_arch *arch,
                                 const cds_fused_group *group) {
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_fused_einsum *stage = &group->stage[s];
    if (!plain(stage->einsum)) {
      return "it has sliding windows";
    }
    if (stage->operation == NULL) {
      continue;
    }
    const char *foreign = cds_rows_foreign(arch, stage->operation);
    if (foreign != NULL) {
      return foreign;
    }
    for (unsigned t = 0; t < stage->einsum->tensors; t++) {
      if (!group->tensor[stage->tensor[t]].intermediate) {
        return "an operation takes or makes what is no intermediate";
      }
    }
  }
  return NULL;
}

static const char *foreign_group(const cds_arch *arch,
                                 const cds_fused_group *group) {
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_einsum *einsum = group->stage[s].einsum;
    const char *foreign = group->stage[s].operation != NULL
                              ? NULL
                              : cds_pair_foreign(arch, einsum);
    if (foreign != NULL) {
      return foreign;
    }
    if (cds_constraints_concern(arch, einsum, false)) {
      return "constraints concern it";
    }
  }
  return arch->any_factors ? "parts need not be equal" : NULL;
}

static cds_status find_chain(const cds_checking *it, cds_chain_claim *claim,
                             cds_chain_group *chain) {
  const cds_workload *workload = &it->inputs.workload;
  size_t first = 0;
  while (first < workload->layers &&
         (strcmp(workload->layer[first].name, claim->name) != 0 ||
          strcmp(workload->phase[workload->layer[first].phase].name,
                 claim->phase) != 0)) {
    first++;
  }
  const bool part =
      first < workload->layers &&
      cds_chain_part(chain, workload, first, claim->stages, 0) == CDS_OK;
  if (first == workload->layers ||
      (!part &&
       cds_chain_find(chain, workload, first, CDS_CHAIN_WINDOWS) != CDS_OK)) {
    return wrong(it, claim->node,
                 "no chain of the workload begins with this layer in this "
                 "phase",
                 claim->name);
  }
  if (!part) {
    return wrong(it, claim->node, "expected as many stages as it has layers",
                 claim->name);
  }
  for (unsigned s = 0; s < claim->stages; s++) {
    cds_stage_claim *own = &claim->stage[s];
    own->layer = &workload->layer[first + s];
    own->einsum = &own->layer->einsum;
    if (strcmp(own->name, own->layer->name) != 0) {
      return wrong(it, own->node, "expected its layers in their order",
                   claim->name);
    }
  }
  return CDS_OK;
}

/* The stages under the outer nodes. */
static cds_status view_stages(const cds_checking *it, cds_chain_claim *claim,
                              const cds_fused_group *group) {
  const cds_yaml *lines = claim->outer_lines;
  if (lines == NULL) {
    return wrong(it, claim->node, "expected 'outer' of a fused mapping",
                 claim->name);
  }
  CDS_TRY(cds_outer_read(&claim->outer, lines, group, claim->arch, it->reader));
  const char *not_right =
      cds_fused_outer_wrong(group, claim->arch, &claim->outer);
  if (not_right != NULL) {
    return wrong(it, lines, not_right, claim->name);
  }
  claim->view =
      cds_arena_array(it->reader->arena, group->stages, sizeof *claim->view);
  if (claim->view == NULL) {
    return CDS_ENOMEM;
  }
  cds_left left;
  cds_status status = cds_left_set(&left, group, &claim->outer);
  for (unsigned s = 0; s < group->stages && status == CDS_OK; s++) {
    status = cds_stage_view_set(&claim->view[s], group, claim->arch,
                                &claim->outer, &left, s);
    claim->stage[s].einsum = &claim->view[s].einsum;
  }
  return status == CDS_OK
             ? CDS_OK
             : wrong(it, lines, "too many passes to count", claim->name);
}

/* The mapping of a product, and whether it meets the constraints. */
static cds_status bind_stage(const cds_checking *it, cds_chain_claim *claim,
                             cds_stage_claim *own) {
  const cds_constraint *broken = NULL;
  if (own->nest == NULL) {
    return wrong(it, own->node, "a product lacks 'mapping'", claim->name);
  }
  own->mapping = cds_arena_alloc(it->reader->arena, sizeof *own->mapping);
  if (own->mapping == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_mapping_read(own->mapping, own->nest, claim->arch, own->einsum,
                           it->reader));
  if (claim->foreign == NULL &&
      !cds_mapping_perfect(own->mapping, own->einsum)) {
    return wrong(it, own->nest,
                 "its mapping cuts a rank into parts that are not equal",
                 claim->name);
  }
  if (!cds_constraints_admit(&broken, claim->arch, own->einsum, own->mapping)) {
    return wrong(it, own->nest, "its mapping violates a constraint",
                 claim->name);
  }
  return CDS_OK;
}

static cds_status bind(const cds_checking *it, cds_chain_claim *claim,
                       cds_chain_group *chain) {
  CDS_TRY(find_chain(it, claim, chain));
  claim->arch = it->inputs.arch;
  claim->unknown = claim->run == CDS_RUN_PIPELINED
                       ? "its operations run beside products"
                       : unknown_group(claim->arch, &chain->group);
  claim->foreign = foreign_group(claim->arch, &chain->group);
  if (claim->unknown != NULL) {
    return CDS_OK;
  }
  if (claim->run == CDS_RUN_FUSED) {
    CDS_TRY(view_stages(it, claim, &chain->group));
  }
  for (unsigned s = 0; s < claim->stages; s++) {
    if (chain->group.stage[s].operation == NULL) {
      CDS_TRY(bind_stage(it, claim, &claim->stage[s]));
    }
  }
  return CDS_OK;
}

cds_status cds_chain_bind(const cds_checking *it, cds_chain_claim *claim) {
  cds_chain_group *chain = cds_arena_alloc(it->reader->arena, sizeof *chain);
  if (chain == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status = bind(it, claim, chain);
  claim->chain = status == CDS_OK ? chain : NULL;
  return status == CDS_EINPUT ? CDS_OK : status;
}

static cds_status read_stages(const cds_checking *it, cds_chain_claim *claim,
                              const cds_yaml *list) {
  if (list->kind != CDS_YAML_SEQUENCE || list->count > CDS_STAGES_MAX) {
    return wrong(it, list, "expected a list of its layers", claim->name);
  }
  claim->stages = (unsigned)list->count;
  for (unsigned s = 0; s < claim->stages; s++) {
    stage_keys keys = {0};
    CDS_TRY(cds_schema_read(&keys, &cds_certificate_stage_schema,
                            list->items[s], it->reader));
    claim->stage[s] = (cds_stage_claim){.node = list->items[s],
                                        .nest = keys.mapping,
                                        .name = keys.name,
                                        .energy_pj = keys.energy_pj,
                                        .latency_s = keys.latency_s};
  }
  return cds_chain_bind(it, claim);
}

cds_status cds_chains_read(cds_checking *it, const cds_yaml *list) {
  it->chains = list->kind == CDS_YAML_SEQUENCE ? list->count : 0;
  it->chain = cds_arena_array(it->reader->arena, it->chains, sizeof *it->chain);
  if (it->chain == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < it->chains; i++) {
    cds_chain_claim *claim = &it->chain[i];
    chain_keys keys = {0};
    const cds_status status = cds_schema_read(
        &keys, &cds_certificate_chain_schema, list->items[i], it->reader);
    *claim = (cds_chain_claim){.node = list->items[i],
                               .outer_lines = keys.outer,
                               .name = keys.name == NULL ? "" : keys.name,
                               .phase = keys.phase,
                               .run = keys.run,
                               .status = keys.status,
                               .energy_pj = keys.energy_pj,
                               .latency_s = keys.latency_s,
                               .value = keys.value,
                               .lower_bound = keys.lower_bound};
    if (status == CDS_OK && read_stages(it, claim, keys.stages) == CDS_ENOMEM) {
      return CDS_ENOMEM;
    }
  }
  return CDS_OK;
}

/* ---- finding --------------------------------------------------------- */

static cds_status stage_worth(const cds_checking *it, cds_chain_claim *claim,
                              unsigned s) {
  cds_stage_claim *own = &claim->stage[s];
  if (own->mapping == NULL) {
    const cds_operation *operation = &own->layer->operation;
    return claim->run == CDS_RUN_FUSED
               ? cds_rows_stage_worth(&own->worth, claim->arch, &claim->view[s],
                                      operation, it->power_limit_w)
               : cds_rows_worth(&own->worth, claim->arch, operation,
                                it->power_limit_w);
  }
  if (claim->foreign != NULL) {
    return it->options->other(&own->worth, claim->arch, own->einsum,
                              own->mapping, it->power_limit_w);
  }
  cds_pair pair;
  cds_choices choices;
  CDS_TRY(cds_pair_init(&pair, claim->arch, own->einsum, it->power_limit_w));
  cds_choices_of(&choices, &pair, own->mapping);
  cds_worth_of(&own->worth, &pair, &choices);
  return CDS_OK;
}

void cds_chain_check(const cds_checking *it, cds_chain_claim *claim) {
  claim->walk.holds = true;
  if (claim->chain == NULL || claim->unknown != NULL) {
    return;
  }
  for (unsigned s = 0; s < claim->stages && claim->found == CDS_OK; s++) {
    claim->found = stage_worth(it, claim, s);
    claim->worth.energy_pj += claim->stage[s].worth.energy_pj;
    claim->worth.latency_s += claim->stage[s].worth.latency_s;
  }
  if (claim->found == CDS_ELIMIT) {
    claim->unknown = "counts are beyond 2^53";
  }
  if (claim->foreign == NULL) {
    claim->foreign =
        it->goal.objective == CDS_OBJECTIVE_DELAY
            ? "fused mappings that take about the same time are too many"
            : cds_fused_walk_foreign(&claim->chain->group);
  }
  if (claim->foreign == NULL && claim->found == CDS_OK &&
      !isnan(claim->lower_bound)) {
    const cds_fused_space space = {.arch = claim->arch,
                                   .group = &claim->chain->group,
                                   .power_limit_w = it->power_limit_w,
                                   .boxes_most = it->options->boxes_most,
                                   .control = it->options->control};
    claim->walked = cds_fused_bound(&claim->walk, &space, it->goal.objective,
                                    claim->lower_bound, &claim->worth);
  }
}

/* ---- comparing ------------------------------------------------------- */

/* Tells a number of the object that is not what was found; NaN: none is said.
 */
static bool same(const cds_checking *it, const cds_chain_claim *claim,
                 const cds_yaml *node, const char *key, double claimed,
                 double found) {
  char one[CDS_NUMBER_TEXT];
  char two[CDS_NUMBER_TEXT];
  const cds_yaml *at = cds_yaml_get(node, key);
  if (cds_claim_close(claimed, found)) {
    return true;
  }
  cds_diag_error(it->reader->diag, at == NULL ? node->place : at->place,
                 "'%s' in chain '%s' is %s: the mapping has %s", key,
                 claim->name, cds_format_double(one, claimed),
                 cds_format_double(two, found));
  return false;
}

static bool compare_stages(const cds_checking *it,
                           const cds_chain_claim *claim) {
  bool good = true;
  for (unsigned s = 0; s < claim->stages; s++) {
    const cds_stage_claim *own = &claim->stage[s];
    if (own->worth.misfit < claim->arch->levels) {
      cds_diag_error(it->reader->diag, own->node->place,
                     "the mapping of '%s' in chain '%s' does not fit level "
                     "'%s': expected one that does",
                     own->name, claim->name,
                     claim->arch->level[own->worth.misfit].name);
      good = false;
      continue;
    }
    good = same(it, claim, own->node, "energy_pj", own->energy_pj,
                own->worth.energy_pj) &&
           good;
    good = same(it, claim, own->node, "latency_s", own->latency_s,
                own->worth.latency_s) &&
           good;
  }
  return good;
}

static bool compare_whole(const cds_checking *it,
                          const cds_chain_claim *claim) {
  const double value = cds_verify_value(&it->goal, &claim->worth);
  bool good = same(it, claim, claim->node, "energy_pj", claim->energy_pj,
                   claim->worth.energy_pj);
  good = same(it, claim, claim->node, "latency_s", claim->latency_s,
              claim->worth.latency_s) &&
         good;
  good = same(it, claim, claim->node, "value", claim->value, value) && good;
  if (claim->lower_bound > value * (1 + CDS_VERIFY_TOLERANCE)) {
    return wrong(it, claim->node,
                 "'lower_bound' is above 'value': expected a lower bound",
                 claim->name) == CDS_OK;
  }
  if (claim->status == STATUS_OPTIMAL &&
      claim->lower_bound < value * (1 - CDS_VERIFY_TOLERANCE)) {
    return wrong(it, claim->node,
                 "'status' is 'optimal', but its lower bound is below its "
                 "value: expected 'gap'",
                 claim->name) == CDS_OK;
  }
  return good;
}

static bool compare_bound(const cds_checking *it,
                          const cds_chain_claim *claim) {
  const cds_yaml *at = cds_yaml_get(claim->node, "lower_bound");
  char one[CDS_NUMBER_TEXT];
  char two[CDS_NUMBER_TEXT];
  if (claim->walk.holds) {
    return true;
  }
  cds_diag_error(
      it->reader->diag, at == NULL ? claim->node->place : at->place,
      "'lower_bound' of chain '%s' is %s: mappings have the value "
      "%s",
      claim->name, cds_format_double(one, claim->lower_bound),
      cds_format_double(two, cds_verify_value(&it->goal, &claim->walk.below)));
  return false;
}

cds_status cds_chain_judge(const cds_checking *it, const cds_chain_claim *claim,
                           cds_verified_layer *out) {
  const bool whole = !isnan(claim->lower_bound);
  const cds_worth said = {.energy_pj = claim->energy_pj,
                          .latency_s = claim->latency_s};
  const cds_worth *worth = claim->unknown == NULL ? &claim->worth : &said;
  *out = (cds_verified_layer){
      .name = claim->name,
      .phase = claim->phase,
      .energy_pj = claim->energy_pj,
      .latency_s = claim->latency_s,
      .value = whole ? claim->value : cds_verify_value(&it->goal, worth),
      .bound = claim->lower_bound,
      .boxes = claim->walk.boxes};
  if (claim->chain == NULL) {
    return CDS_OK; /* refused */
  }
  out->name = cds_arena_printf(it->reader->arena, "%s to %s", claim->name,
                               claim->stage[claim->stages - 1].name);
  if (claim->unknown != NULL) {
    out->verdict = CDS_VERDICT_UNCERTIFIED;
    out->why = cds_arena_printf(it->reader->arena, "not evaluated: %s",
                                claim->unknown);
    return out->name == NULL || out->why == NULL ? CDS_ENOMEM : CDS_OK;
  }
  if (claim->found == CDS_EINPUT || claim->found == CDS_EINFEASIBLE) {
    (void)wrong(it, claim->node,
                "cannot be evaluated: expected number formats that the units "
                "have, tensors at home where an operation's unit works, and "
                "leakage below the power limit",
                claim->name);
    return CDS_OK;
  }
  if (claim->found != CDS_OK) {
    return claim->found;
  }
  if (claim->walked != CDS_OK && claim->walked != CDS_ELIMIT) {
    return claim->walked;
  }
  bool good = compare_stages(it, claim);
  good = (!whole || compare_whole(it, claim)) && good;
  good = compare_bound(it, claim) && good;
  out->why = !whole                        ? "no bound is claimed of a chain"
             : claim->walked == CDS_ELIMIT ? "the limit on boxes was reached"
                                           : claim->foreign;
  out->verdict = !good              ? CDS_VERDICT_REFUSED
                 : out->why != NULL ? CDS_VERDICT_UNCERTIFIED
                                    : CDS_VERDICT_CERTIFIED;
  return out->name == NULL ? CDS_ENOMEM : CDS_OK;
}
