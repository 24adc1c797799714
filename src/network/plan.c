/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Same layers and chains are found once; floors and the memory footprint of a
 * network. */
#include "network/plan.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "fuse/least.h"
#include "network/resident.h"

/* Which layers are the same. */
static cds_status list_kinds(cds_network_plan *out,
                             const cds_workload *workload, cds_arena *arena) {
  const size_t layers = workload->layers;
  out->first = (size_t *)cds_arena_array(arena, layers, sizeof *out->first);
  out->kind = (size_t *)cds_arena_array(arena, layers, sizeof *out->kind);
  if (out->first == NULL || out->kind == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < layers; i++) {
    size_t kind = 0;
    while (kind < out->distinct &&
           !cds_layer_same(&workload->layer[out->first[kind]],
                           &workload->layer[i])) {
      kind++;
    }
    if (kind == out->distinct) {
      out->first[out->distinct++] = i;
    }
    out->kind[i] = kind;
  }
  return CDS_OK;
}

/* The chain that begins at the layer, or NULL. */
static cds_status chain_at(const cds_chain_group **out,
                           const cds_workload *workload, size_t first,
                           cds_fuse_mode fuse, unsigned flags,
                           cds_arena *arena) {
  *out = NULL;
  if (fuse == CDS_FUSE_NONE) {
    return CDS_OK;
  }
  const cds_arena_mark mark = cds_arena_mark_get(arena);
  cds_chain_group *chain =
      (cds_chain_group *)cds_arena_alloc(arena, sizeof *chain);
  if (chain == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status = cds_chain_find(chain, workload, first, flags);
  if (status == CDS_OK &&
      (fuse != CDS_FUSE_ATTENTION || cds_chain_has_softmax(chain))) {
    chain->group.pipelines = fuse == CDS_FUSE_PIPELINED;
    *out = chain;
    return CDS_OK;
  }
  cds_arena_reset(arena, mark);
  return status == CDS_ENOMEM ? status : CDS_OK;
}

/* Whether their stages have the same tensors in common, and the same mask. */
static bool same_joints(const cds_chain_group *a, const cds_chain_group *b) {
  if (a == NULL || b == NULL) {
    return a == b;
  }
  const cds_fused_mask *m = &a->group.mask;
  const cds_fused_mask *n = &b->group.mask;
  if (a->group.tensors != b->group.tensors || m->here != n->here ||
      m->query != n->query || m->key != n->key || m->offset != n->offset) {
    return false;
  }
  for (unsigned t = 0; t < a->group.tensors; t++) {
    if (a->group.tensor[t].intermediate != b->group.tensor[t].intermediate) {
      return false;
    }
  }
  for (unsigned s = 0; s < a->group.stages; s++) {
    const cds_fused_einsum *x = &a->group.stage[s];
    const cds_fused_einsum *y = &b->group.stage[s];
    if (x->operation != NULL &&
        x->operation->row_axes != y->operation->row_axes) {
      return false;
    }
    for (unsigned t = 0; t < x->einsum->tensors; t++) {
      if (x->tensor[t] != y->tensor[t]) {
        return false;
      }
    }
  }
  return true;
}

/* Whether what they have may stay on chip likewise, and so their floors are the
 * same. */
static bool stay_alike(const cds_layer *a, const cds_layer *b) {
  return (a->steps != 0) == (b->steps != 0) &&
         (a->cache != 0) == (b->cache != 0) &&
         (a->steps == 0 || a->count % a->steps == 0) ==
             (b->steps == 0 || b->count % b->steps == 0);
}

static bool same_unit(const cds_network_plan *plan, const cds_network_unit *a,
                      const cds_network_unit *b) {
  const cds_layer *layer = plan->workload->layer;
  const bool stays = plan->residency.mode != CDS_RESIDENCY_NONE;
  bool same = a->layers == b->layers;
  for (size_t i = 0; i < a->layers && same; i++) {
    const size_t x = a->first + i;
    const size_t y = b->first + i;
    same = plan->kind[x] == plan->kind[y] &&
           (!stays || stay_alike(&layer[x], &layer[y]));
  }
  return same && same_joints(a->chain, b->chain);
}

/* A part of the chain that has the same layers has its number, too. */
static void number_part(cds_network_plan *out, const cds_network_unit *unit,
                        cds_plan_part *part, size_t parts) {
  cds_plan_part *made = &part[parts];
  for (size_t p = 0; p < parts; p++) {
    bool same = part[p].chain->layers == made->chain->layers &&
                same_joints(part[p].chain, made->chain);
    for (size_t i = 0; i < made->chain->layers && same; i++) {
      same = out->kind[unit->first + part[p].first + i] ==
             out->kind[unit->first + made->first + i];
    }
    if (same) {
      part[p].shared = made->shared = true;
      made->number = part[p].number;
      return;
    }
  }
  made->number = out->parts++;
}

/* Lists the parts of a chain. */
static cds_status add_parts(cds_network_plan *out, cds_network_unit *unit,
                            cds_arena *arena) {
  const cds_fused_group *group = &unit->chain->group;
  cds_plan_part *part = (cds_plan_part *)cds_arena_array(
      arena, CDS_CHAIN_PARTS_MAX, sizeof *part);
  if (part == NULL) {
    return CDS_ENOMEM;
  }
  unit->part = part;
  part[0] = (cds_plan_part){.chain = unit->chain};
  number_part(out, unit, part, unit->parts++);
  for (unsigned first = 0; first < group->stages; first++) {
    for (unsigned end = first + 2; end <= group->stages; end++) {
      if (unit->parts == CDS_CHAIN_PARTS_MAX ||
          !cds_chain_has_part(unit->chain, first, end)) {
        continue;
      }
      cds_chain_group *made =
          (cds_chain_group *)cds_arena_alloc(arena, sizeof *made);
      if (made == NULL) {
        return CDS_ENOMEM;
      }
      if (cds_chain_part(made, out->workload, unit->first + first, end - first,
                         unit->chain->flags) == CDS_OK) {
        made->group.pipelines = group->pipelines;
        part[unit->parts] = (cds_plan_part){.first = first, .chain = made};
        number_part(out, unit, part, unit->parts++);
      }
    }
  }
  return CDS_OK;
}

/* The number of the unit, which is new if no other is the same. */
static cds_status add_unit(size_t *number, cds_network_plan *out,
                           const cds_network_unit *made, cds_arena *arena) {
  const cds_workload *workload = out->workload;
  const unsigned phase = workload->layer[made->first].phase;
  size_t twin = SIZE_MAX;
  for (size_t u = 0; u < out->units; u++) {
    if (!same_unit(out, &out->unit[u], made)) {
      continue;
    }
    twin = twin == SIZE_MAX ? u : twin;
    if (!out->by_phase || workload->layer[out->unit[u].first].phase == phase) {
      *number = u;
      return CDS_OK;
    }
  }
  *number = out->units++;
  cds_network_unit *unit = &out->unit[*number];
  *unit = *made;
  unit->twin = twin == SIZE_MAX ? *number : twin;
  unit->parts = out->unit[unit->twin].parts;
  unit->part = out->unit[unit->twin].part;
  return unit->twin == *number && unit->chain != NULL
             ? add_parts(out, unit, arena)
             : CDS_OK;
}

/* With what may stay set, and all else that is no unit. */
static cds_status list_units(cds_network_plan *out, cds_arena *arena) {
  const cds_workload *workload = out->workload;
  const cds_fuse_mode fuse = out->fuse;
  const size_t layers = workload->layers;
  const unsigned flags =
      (fuse == CDS_FUSE_EVERYWHERE ? (unsigned)CDS_CHAIN_WINDOWS : 0U) |
      (out->residency.mode != CDS_RESIDENCY_NONE ? (unsigned)CDS_CHAIN_HANDED
                                                 : 0U);
  CDS_TRY(list_kinds(out, workload, arena));
  out->unit =
      (cds_network_unit *)cds_arena_array(arena, layers, sizeof *out->unit);
  out->unit_of = (size_t *)cds_arena_array(arena, layers, sizeof(size_t));
  out->part = (size_t *)cds_arena_array(arena, layers, sizeof(size_t));
  if (out->unit == NULL || out->unit_of == NULL || out->part == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < layers;) {
    cds_network_unit made = {.first = i, .layers = 1};
    CDS_TRY(chain_at(&made.chain, workload, i, fuse, flags, arena));
    made.layers = made.chain != NULL ? made.chain->layers : 1;
    size_t unit = 0;
    CDS_TRY(add_unit(&unit, out, &made, arena));
    const cds_layer *layer = &workload->layer[i];
    out->unit[unit].weight +=
        cds_phase_weight(&workload->phase[layer->phase]) * (double)layer->count;
    for (size_t part = 0; part < made.layers; part++) {
      out->unit_of[i] = unit;
      out->part[i++] = part;
    }
  }
  return CDS_OK;
}

cds_status cds_network_plan_make(cds_network_plan *out,
                                 const cds_workload *workload,
                                 cds_fuse_mode fuse, bool by_phase,
                                 cds_arena *arena) {
  *out = (cds_network_plan){
      .workload = workload, .by_phase = by_phase, .fuse = fuse};
  return list_units(out, arena);
}

/* Whether chains begin and end at the same layers. */
static bool same_units(const cds_network_plan *a, const cds_network_plan *b) {
  bool same = true;
  for (size_t i = 0; same && i < a->workload->layers; i++) {
    const cds_network_unit *x = &a->unit[a->unit_of[i]];
    const cds_network_unit *y = &b->unit[b->unit_of[i]];
    same = a->part[i] == b->part[i] && x->layers == y->layers &&
           x->parts == y->parts;
  }
  return same;
}

cds_status cds_network_plan_reside(cds_network_plan *out,
                                   const cds_workload *workload,
                                   cds_fuse_mode fuse, bool by_phase,
                                   const cds_residency *residency,
                                   cds_arena *arena) {
  if (residency->mode == CDS_RESIDENCY_NONE) {
    return cds_network_plan_make(out, workload, fuse, by_phase, arena);
  }
  cds_network_plan *longer =
      (cds_network_plan *)cds_arena_alloc(arena, sizeof *longer);
  if (longer == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_network_plan_make(longer, workload, fuse, by_phase, arena));
  *out = (cds_network_plan){.workload = workload,
                            .by_phase = by_phase,
                            .fuse = fuse,
                            .residency = *residency};
  CDS_TRY(list_units(out, arena));
  out->longer = same_units(out, longer) ? NULL : longer;
  return CDS_OK;
}

cds_status cds_network_plan_of(const cds_network_plan **out,
                               const cds_workload *workload,
                               const cds_network_options *options,
                               cds_arena *arena) {
  *out = options->plan;
  if (options->plan != NULL) {
    return CDS_OK;
  }
  cds_network_plan *made =
      (cds_network_plan *)cds_arena_alloc(arena, sizeof *made);
  if (made == NULL) {
    return CDS_ENOMEM;
  }
  *out = made;
  return cds_network_plan_reside(made, workload, options->fuse,
                                 isfinite(options->first_token_limit_s) ||
                                     isfinite(options->token_limit_s),
                                 &options->residency, arena);
}

cds_status cds_layer_floor(cds_point *out, const cds_floor_asked *asked,
                           const cds_layer *layer) {
  if (layer->kind == CDS_LAYER_OPERATION) {
    cds_cost cost;
    cds_operation_counts counts;
    *out = (cds_point){0, 0};
    if (cds_price_operation(&cost, &counts, asked->arch, &layer->operation,
                            asked->power_limit_w) == CDS_OK) {
      *out = (cds_point){cost.energy_pj, cost.latency_s};
    }
    return CDS_OK;
  }
  double dynamic_pj = 0;
  double latency_s = 0;
  CDS_TRY(cds_floor_pair(&dynamic_pj, &latency_s, asked, &layer->einsum));
  out->energy_pj =
      dynamic_pj + cds_arch_leakage_w(asked->arch) * 1e12 * latency_s;
  out->latency_s = latency_s;
  return CDS_OK;
}

bool cds_chain_asked(const cds_network_plan *plan, const cds_arch *arch,
                     const cds_chain_group *chain) {
  bool quick = true;
  for (unsigned s = 0; s < chain->group.stages; s++) {
    const cds_fused_einsum *stage = &chain->group.stage[s];
    quick = quick && (stage->operation != NULL ||
                      cds_search_uneven(arch, stage->einsum));
  }
  return quick || plan->fuse == CDS_FUSE_EVERYWHERE;
}

cds_status cds_part_floor(cds_point *out, const cds_floor_asked *asked,
                          const cds_network_plan *plan,
                          const cds_plan_part *part) {
  double dynamic_pj = 0;
  double latency_s = 0;
  *out = (cds_point){(double)INFINITY, (double)INFINITY};
  if (!cds_chain_asked(plan, asked->arch, part->chain)) {
    return CDS_OK;
  }
  const cds_status status =
      cds_fuse_least(&dynamic_pj, &latency_s, asked, &part->chain->group);
  if (status == CDS_OK) {
    out->energy_pj =
        dynamic_pj + cds_arch_leakage_w(asked->arch) * 1e12 * latency_s;
    out->latency_s = latency_s;
  }
  return status == CDS_ENOMEM ? status : CDS_OK;
}

/* Parts of the unit that end behind so many of its first layers, fused. */
static cds_status lower_by_parts(cds_point *least, const cds_floor_asked *asked,
                                 const cds_network_plan *plan,
                                 const cds_network_unit *unit, size_t end) {
  for (size_t p = 0; p < unit->parts; p++) {
    const cds_plan_part *part = &unit->part[p];
    if (part->first + part->chain->layers == end) {
      cds_point floor;
      CDS_TRY(cds_part_floor(&floor, asked, plan, part));
      const cds_point *from = &least[part->first];
      cds_point *to = &least[end];
      to->energy_pj = fmin(to->energy_pj, from->energy_pj + floor.energy_pj);
      to->latency_s = fmin(to->latency_s, from->latency_s + floor.latency_s);
    }
  }
  return CDS_OK;
}

cds_status cds_unit_floor(cds_point *out, const cds_floor_asked *asked,
                          const cds_network_plan *plan, size_t index) {
  const cds_network_unit *unit = &plan->unit[index];
  cds_point least[CDS_STAGES_MAX + 1]; /* of the first layers */
  least[0] = (cds_point){0, 0};
  for (size_t i = 0; i < unit->layers; i++) {
    cds_point floor;
    const cds_layer *layer = &plan->workload->layer[unit->first + i];
    CDS_TRY(cds_layer_floor(&floor, asked, layer));
    if (plan->residency.mode != CDS_RESIDENCY_NONE) {
      CDS_TRY(cds_resident_floor(&floor, asked, plan, unit, i));
    }
    least[i + 1] = (cds_point){least[i].energy_pj + floor.energy_pj,
                               least[i].latency_s + floor.latency_s};
    CDS_TRY(lower_by_parts(least, asked, plan, unit, i + 1));
  }
  *out = least[unit->layers];
  return CDS_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): once, for longer chains
cds_status cds_network_floor(cds_point *out, const cds_floor_asked *asked,
                             const cds_network_plan *plan) {
  *out = (cds_point){0, 0};
  for (size_t u = 0; u < plan->units; u++) {
    const cds_network_unit *unit = &plan->unit[u];
    cds_point floor;
    CDS_TRY(cds_unit_floor(&floor, asked, plan, u));
    out->energy_pj += unit->weight * floor.energy_pj;
    out->latency_s += unit->weight * floor.latency_s;
  }
  if (plan->longer != NULL) {
    cds_point other;
    CDS_TRY(cds_network_floor(&other, asked, plan->longer));
    out->energy_pj = fmin(out->energy_pj, other.energy_pj);
    out->latency_s = fmin(out->latency_s, other.latency_s);
  }
  return CDS_OK;
}

void cds_network_tokens(double *first_token_s, double *token_s,
                        const cds_workload *workload, const double *latency_s) {
  *first_token_s = 0;
  *token_s = 0;
  for (unsigned i = 0; i < workload->phases; i++) {
    const cds_phase *phase = &workload->phase[i];
    if (phase->kind == CDS_PHASE_PREFILL) {
      *first_token_s = fmax(*first_token_s, latency_s[i]);
    } else if (phase->kind == CDS_PHASE_DECODE) {
      *token_s = fmax(*token_s, latency_s[i] / (double)phase->tokens);
    }
  }
}

// NOLINTNEXTLINE(misc-no-recursion): once, for longer chains
cds_status cds_network_token_floor(cds_token_floor *out,
                                   const cds_floor_asked *asked,
                                   const cds_network_plan *plan) {
  const cds_workload *workload = plan->workload;
  double latency_s[CDS_PHASES_MAX] = {0};
  for (size_t u = 0; u < plan->units; u++) {
    const cds_network_unit *unit = &plan->unit[u];
    const unsigned phase = workload->layer[unit->first].phase;
    cds_point floor;
    CDS_TRY(cds_unit_floor(&floor, asked, plan, u));
    latency_s[phase] += unit->weight * floor.latency_s /
                        cds_phase_weight(&workload->phase[phase]);
  }
  cds_network_tokens(&out->first_token_s, &out->token_s, workload, latency_s);
  if (plan->longer != NULL) {
    cds_token_floor other;
    CDS_TRY(cds_network_token_floor(&other, asked, plan->longer));
    out->first_token_s = fmin(out->first_token_s, other.first_token_s);
    out->token_s = fmin(out->token_s, other.token_s);
  }
  return CDS_OK;
}

cds_status cds_network_footprint(const cds_arch *arch,
                                 const cds_workload *workload, cds_diag *diag) {
  const cds_level *level = &arch->level[0];
  if (level->streamed || workload->footprint_bits <= level->size_bits) {
    return CDS_OK;
  }
  char text[5][CDS_NUMBER_TEXT];
  cds_diag_error(
      diag, level->place,
      "workload '%s' does not fit '%s' of '%s': weights %s, KV cache %s and "
      "live activations %s need %s, it has %s",
      workload->name, level->name, arch->name,
      cds_format_bits(text[0], workload->parameter_bits),
      cds_format_bits(text[1], workload->kv_bits),
      cds_format_bits(text[2], workload->activation_bits),
      cds_format_bits(text[3], workload->footprint_bits),
      cds_format_bits(text[4], level->size_bits));
  cds_diag_hint(diag, "with 'size: %s' at '%s' (now %s) it fits",
                cds_format_bits_up(text[3], workload->footprint_bits),
                level->name, cds_format_bits(text[4], level->size_bits));
  cds_diag_hint(diag, "'streamed: true' at the level lets the rest come from "
                      "outside at no cost");
  return CDS_EINFEASIBLE;
}

cds_status cds_network_leakage(const cds_arch *arch, double power_limit_w,
                               cds_diag *diag) {
  const double leakage_w = cds_arch_leakage_w(arch);
  if (leakage_w < power_limit_w) {
    return CDS_OK;
  }
  char text[2][CDS_NUMBER_TEXT];
  cds_diag_error(diag, arch->place,
                 "leakage of '%s' alone takes %s: the power limit is %s",
                 arch->name, cds_format_si(text[0], leakage_w, "W"),
                 cds_format_si(text[1], power_limit_w, "W"));
  return CDS_EINFEASIBLE;
}
