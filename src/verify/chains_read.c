/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads what is claimed of chains; see chains.h. */
#include <math.h>
#include <string.h>

#include "spec/fusion_text.h"
#include "spec/rules.h"
#include "verify/chains.h"
#include "verify/rows.h"

/* ---- keys ------------------------------------------------------------ */

static const char *const run_choices[] = {"apart", "fused", "parts", NULL};
static const char *const status_choices[] = {"gap", "optimal", NULL};

typedef struct chain_keys {
  const char *name, *phase;
  unsigned run, status;
  double energy_pj, latency_s, value, lower_bound;
  bool pipelined;
  const cds_yaml *outer, *parts, *stages;
} chain_keys;
static const cds_key chain_rows[] = {
    CDS_KEY_FIELD(chain_keys, name, TEXT, .required = true,
                  .help = "Its first layer."),
    CDS_KEY_FIELD(chain_keys, phase, TEXT, .required = true,
                  .help = "Its phase."),
    CDS_KEY_FIELD(
        chain_keys, run, CHOICE, .required = true, .choices = run_choices,
        .help = "Whether it runs fused, or layer by layer, or in parts."),
    CDS_KEY_FIELD(chain_keys, status, CHOICE, .required = true,
                  .choices = status_choices,
                  .help = "Whether the value is the least of all ways."),
    CDS_KEY_FIELD(chain_keys, energy_pj, NUMBER, .required = true,
                  .help = "Of the chain."),
    CDS_KEY_FIELD(chain_keys, latency_s, NUMBER, .required = true,
                  .help = "Of the chain."),
    CDS_KEY_FIELD(chain_keys, value, NUMBER, .required = true,
                  .help = "Of the objective, in pJ and s."),
    CDS_KEY_FIELD(chain_keys, lower_bound, NUMBER, .required = true,
                  .help = "No way to run it takes less."),
    CDS_KEY_FIELD(
        chain_keys, outer, NODE,
        .help = "Lines: outer loops and homes of a chain that runs fused."),
    CDS_KEY_FIELD(chain_keys, pipelined, BOOL,
                  .help = "Whether a chain that runs fused is a pipeline."),
    CDS_KEY_FIELD(chain_keys, parts, NODE,
                  .help = "Its parts that run fused, in turn."),
    CDS_KEY_FIELD(chain_keys, stages, NODE, .required = true,
                  .help = "Each layer in turn."),
    {0}};
const cds_schema cds_certificate_chain_schema = {
    .name = "chain",
    .help = "What is claimed of a chain of layers.",
    .keys = chain_rows};

typedef struct part_keys {
  const char *name;
  uint64_t stages;
  bool pipelined;
  const cds_yaml *outer;
} part_keys;
static const cds_key part_rows[] = {
    CDS_KEY_FIELD(part_keys, name, TEXT, .required = true,
                  .help = "Its first layer."),
    CDS_KEY_FIELD(part_keys, stages, COUNT, .required = true, .low = 2,
                  .high = CDS_STAGES_MAX, .help = "How many layers it has."),
    CDS_KEY_FIELD(part_keys, pipelined, BOOL,
                  .help = "Whether it is a pipeline."),
    CDS_KEY_FIELD(part_keys, outer, NODE, .required = true,
                  .help = "Lines: outer loops and homes."),
    {0}};
const cds_schema cds_certificate_part_schema = {
    .name = "part",
    .help = "What is claimed of a part of a chain that runs fused.",
    .keys = part_rows};

typedef struct stage_keys {
  const char *name;
  double energy_pj, latency_s;
  const cds_yaml *mapping;
} stage_keys;
static const cds_key stage_rows[] = {
    CDS_KEY_FIELD(stage_keys, name, TEXT, .required = true,
                  .help = "Name of the layer."),
    CDS_KEY_FIELD(stage_keys, energy_pj, NUMBER, .required = true,
                  .help = "In the chain."),
    CDS_KEY_FIELD(stage_keys, latency_s, NUMBER, .required = true,
                  .help = "In the chain."),
    CDS_KEY_FIELD(stage_keys, mapping, NODE, .help = "Lines; of a product."),
    {0}};
const cds_schema cds_certificate_stage_schema = {
    .name = "stage",
    .help = "What is claimed of a layer of a chain.",
    .keys = stage_rows};

/* ---- reading --------------------------------------------------------- */

cds_status cds_chain_wrong(const cds_checking *it, const cds_yaml *node,
                           const char *what, const char *name) {
  cds_diag_error(it->reader->diag, node->place, "chain '%s': %s", name, what);
  return CDS_EINPUT;
}

cds_status cds_chain_add_part(const cds_checking *it, cds_chain_claim *claim,
                              const cds_part_claim *part) {
  if (part->pipelined && !isnan(claim->lower_bound) && !it->pipelines) {
    return cds_chain_wrong(it, part->node,
                           "it is a pipeline, and bounds are not for these: "
                           "expected 'pipelined' of the certificate",
                           claim->name);
  }
  if (claim->parts == CDS_PART_CLAIMS_MAX) {
    return cds_chain_wrong(it, part->node, "it has no so many parts",
                           claim->name);
  }
  cds_part_claim *made = cds_arena_alloc(it->reader->arena, sizeof *made);
  if (made == NULL) {
    return CDS_ENOMEM;
  }
  *made = *part;
  claim->part[claim->parts++] = made;
  return CDS_OK;
}

/* ---- what is covered ------------------------------------------------- */

/* Why the evaluator here does not know what the group does. */
static const char *unknown_group(const cds_arch *arch,
                                 const cds_fused_group *group) {
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_fused_einsum *stage = &group->stage[s];
    const char *foreign = stage->operation == NULL
                              ? NULL
                              : cds_rows_foreign(arch, stage->operation);
    if (foreign != NULL) {
      return foreign;
    }
  }
  return NULL;
}

static const char *foreign_layer(const cds_arch *arch, const cds_layer *layer) {
  if (layer->kind == CDS_LAYER_OPERATION) {
    return cds_rows_foreign(arch, &layer->operation);
  }
  return cds_pair_foreign(arch, &layer->einsum);
}

/* Why the walk does not know all ways to run the chain. */
static const char *foreign_chain(const cds_chain_claim *claim) {
  const char *foreign = NULL;
  for (unsigned s = 0; s < claim->stages && foreign == NULL; s++) {
    const cds_layer *layer = claim->stage[s].layer;
    foreign = claim->stage[s].foreign;
    if (foreign == NULL && layer->kind == CDS_LAYER_EINSUM &&
        cds_constraints_concern(claim->arch, &layer->einsum, false)) {
      foreign = "constraints concern it";
    }
  }
  return foreign;
}

/* ---- chains and parts ------------------------------------------------ */

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
    return cds_chain_wrong(
        it, claim->node,
        "no chain of the workload begins with this layer in this "
        "phase",
        claim->name);
  }
  if (!part) {
    return cds_chain_wrong(it, claim->node,
                           "expected as many stages as it has layers",
                           claim->name);
  }
  for (unsigned s = 0; s < claim->stages; s++) {
    cds_stage_claim *own = &claim->stage[s];
    own->layer = &workload->layer[first + s];
    own->einsum = &own->layer->einsum;
    own->foreign = foreign_layer(it->inputs.arch, own->layer);
    if (strcmp(own->name, own->layer->name) != 0) {
      return cds_chain_wrong(it, own->node,
                             "expected its layers in their order", claim->name);
    }
  }
  return CDS_OK;
}

/* The layers of a part, which stand after those of the part before. */
static cds_status find_part(const cds_checking *it, cds_chain_claim *claim,
                            const cds_chain_group *chain, unsigned number) {
  cds_part_claim *part = claim->part[number];
  const cds_part_claim *before = number > 0 ? claim->part[number - 1] : NULL;
  unsigned first = before == NULL ? 0 : before->first + before->stages;
  while (first < claim->stages &&
         strcmp(claim->stage[first].name, part->name) != 0) {
    first++;
  }
  const unsigned end = first + part->stages;
  part->first = first;
  if (end > claim->stages ||
      (part->stages < claim->stages &&
       !cds_chain_has_part(chain, first, end)) ||
      cds_chain_part(&part->chain, &it->inputs.workload, chain->first + first,
                     part->stages, 0) != CDS_OK) {
    return cds_chain_wrong(it, part->node,
                           "these layers are no part of it that may run fused",
                           claim->name);
  }
  return CDS_OK;
}

/* The stages of a part under its outer nodes. */
static cds_status view_part(const cds_checking *it, cds_chain_claim *claim,
                            cds_part_claim *part) {
  const cds_fused_group *group = &part->chain.group;
  const cds_yaml *lines = part->outer_lines;
  if (lines == NULL) {
    return cds_chain_wrong(it, part->node,
                           "expected 'outer' of a fused mapping", claim->name);
  }
  CDS_TRY(cds_outer_read(&part->outer, lines, group, claim->arch, it->reader));
  part->outer.pipelined = part->pipelined;
  const char *not_right =
      cds_fused_outer_wrong(group, claim->arch, &part->outer);
  if (not_right != NULL) {
    return cds_chain_wrong(it, lines, not_right, claim->name);
  }
  claim->unknown = cds_stage_view_foreign(group, &part->outer);
  if (claim->unknown != NULL) {
    return CDS_OK;
  }
  cds_left left;
  cds_status status = cds_left_set(&left, group, &part->outer);
  for (unsigned s = 0; s < group->stages && status == CDS_OK; s++) {
    cds_stage_claim *own = &claim->stage[part->first + s];
    status = cds_stage_view_set(&part->view[s], group, claim->arch,
                                &part->outer, &left, s);
    own->view = &part->view[s];
    own->einsum = &part->view[s].einsum;
  }
  return status == CDS_OK
             ? CDS_OK
             : cds_chain_wrong(it, lines, "too many passes to count",
                               claim->name);
}

/* ---- binding --------------------------------------------------------- */

/* The mapping of a product, and whether it meets the constraints. */
static cds_status bind_stage(const cds_checking *it, cds_chain_claim *claim,
                             cds_stage_claim *own) {
  const cds_constraint *broken = NULL;
  if (own->nest == NULL) {
    return cds_chain_wrong(it, own->node, "a product lacks 'mapping'",
                           claim->name);
  }
  own->mapping = cds_arena_alloc(it->reader->arena, sizeof *own->mapping);
  if (own->mapping == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_mapping_read(own->mapping, own->nest, claim->arch, own->einsum,
                           it->reader));
  if (own->foreign == NULL && !claim->arch->any_factors &&
      !cds_mapping_perfect(own->mapping, own->einsum)) {
    return cds_chain_wrong(
        it, own->nest, "its mapping cuts a rank into parts that are not equal",
        claim->name);
  }
  if (!cds_constraints_admit(&broken, claim->arch, own->einsum, own->mapping)) {
    return cds_chain_wrong(it, own->nest, "its mapping violates a constraint",
                           claim->name);
  }
  return CDS_OK;
}

static cds_status bind(const cds_checking *it, cds_chain_claim *claim,
                       cds_chain_group *chain) {
  claim->arch = it->inputs.arch;
  CDS_TRY(find_chain(it, claim, chain));
  CDS_TRY(cds_fused_parts_list(&claim->may_part, &claim->may, chain,
                               &it->inputs.workload, it->reader->arena));
  claim->foreign = foreign_chain(claim);
  for (unsigned p = 0; p < claim->parts; p++) {
    CDS_TRY(find_part(it, claim, chain, p));
    if (claim->unknown == NULL) {
      claim->unknown = unknown_group(claim->arch, &claim->part[p]->chain.group);
    }
  }
  if (claim->unknown != NULL) {
    return CDS_OK;
  }
  for (unsigned p = 0; p < claim->parts && claim->unknown == NULL; p++) {
    CDS_TRY(view_part(it, claim, claim->part[p]));
  }
  for (unsigned s = 0; s < claim->stages && claim->unknown == NULL; s++) {
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

/* ---- certificates ---------------------------------------------------- */

static cds_status read_parts(const cds_checking *it, cds_chain_claim *claim,
                             const chain_keys *keys) {
  const bool parts = claim->run == CDS_RUN_PARTS;
  if (parts != (keys->parts != NULL) ||
      (parts && keys->parts->kind != CDS_YAML_SEQUENCE)) {
    return cds_chain_wrong(it, claim->node,
                           "expected a list 'parts' where it runs in parts, "
                           "else none",
                           claim->name);
  }
  if (claim->run == CDS_RUN_FUSED) {
    const cds_part_claim whole = {.node = claim->node,
                                  .outer_lines = keys->outer,
                                  .name = claim->name,
                                  .stages = claim->stages,
                                  .pipelined = keys->pipelined};
    return cds_chain_add_part(it, claim, &whole);
  }
  for (size_t p = 0; parts && p < keys->parts->count; p++) {
    part_keys own = {0};
    CDS_TRY(cds_schema_read(&own, &cds_certificate_part_schema,
                            keys->parts->items[p], it->reader));
    const cds_part_claim part = {.node = keys->parts->items[p],
                                 .outer_lines = own.outer,
                                 .name = own.name,
                                 .stages = (unsigned)own.stages,
                                 .pipelined = own.pipelined};
    CDS_TRY(cds_chain_add_part(it, claim, &part));
  }
  return CDS_OK;
}

static cds_status read_stages(const cds_checking *it, cds_chain_claim *claim,
                              const chain_keys *from) {
  const cds_yaml *list = from->stages;
  if (list->kind != CDS_YAML_SEQUENCE || list->count > CDS_STAGES_MAX) {
    return cds_chain_wrong(it, list, "expected a list of its layers",
                           claim->name);
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
  CDS_TRY(read_parts(it, claim, from));
  return cds_chain_bind(it, claim);
}

/* Whether a claim before is about the same chain, which is wrong. */
static bool claimed_before(const cds_checking *it, const cds_chain_claim *of) {
  bool before = false;
  for (const cds_chain_claim *other = it->chain; other < of; other++) {
    before = before || (other->phase != NULL && of->phase != NULL &&
                        strcmp(other->name, of->name) == 0 &&
                        strcmp(other->phase, of->phase) == 0);
  }
  return before;
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
                               .name = keys.name == NULL ? "" : keys.name,
                               .phase = keys.phase,
                               .run = keys.run,
                               .status = keys.status,
                               .energy_pj = keys.energy_pj,
                               .latency_s = keys.latency_s,
                               .value = keys.value,
                               .lower_bound = keys.lower_bound};
    if (claimed_before(it, claim)) {
      (void)cds_chain_wrong(it, claim->node, "expected each chain once",
                            claim->name);
    }
    if (status == CDS_OK && read_stages(it, claim, &keys) == CDS_ENOMEM) {
      return CDS_ENOMEM;
    }
  }
  return CDS_OK;
}
