/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "oracle/depth_rules.h"

#include <limits.h>
#include <string.h>

#include "spec/stage.h"

static const char *const roles[] = {"input", "weight", "output"};

/* The region right above a level; the last for the compute units. */
static unsigned region_of(const depth_view *it, unsigned level) {
  unsigned group = 0;
  for (unsigned l = 1; l <= level && l < it->arch->levels; l++) {
    group += l == 1 ||
             it->arch->level[l].position != it->arch->level[l - 1].position;
  }
  return level >= it->arch->levels ? it->groups : group - 1;
}

static bool in_range(const cds_constraint *c, uint64_t trips, uint64_t size) {
  if (c->factor.full) {
    return trips == size;
  }
  return trips >= c->factor.least && trips <= c->factor.most;
}

static bool speaks_of(const cds_constraint *c, const char *rank) {
  if (c->name != NULL) {
    return strcmp(c->name, rank) == 0;
  }
  for (size_t i = 0; i < c->listed; i++) {
    if (strcmp(c->list[i], rank) == 0) {
      return false;
    }
  }
  return true;
}

static bool tensor_named(const cds_constraint *c, const cds_tensor *tensor) {
  return strcmp(c->name, tensor->name) == 0 ||
         strcmp(c->name, roles[tensor->role]) == 0;
}

/* ---- dataflows -------------------------------------------------------- */

typedef struct flow {
  bool possible;
  unsigned level, tensor;
  /* Row stationary: positions and kernel of each axis of the window. */
  unsigned axes, position[CDS_AXES_MAX], kernel[CDS_AXES_MAX];
  unsigned array; /* UINT_MAX: none */
} flow;

static bool must_not(const depth_view *it, unsigned level, unsigned tensor) {
  bool out = cds_level_policy(it->arch, level, &it->einsum->tensor[tensor]) ==
             CDS_MUST_NOT;
  for (size_t i = 0; i < it->arch->constraints->count; i++) {
    const cds_constraint *c = &it->arch->constraints->constraint[i];
    out = out || (c->kind == CDS_CONSTRAINT_BYPASS && c->level == level &&
                  tensor_named(c, &it->einsum->tensor[tensor]));
  }
  return out;
}

static void find_stationary(flow *out, const depth_view *it,
                            const cds_constraint *c, cds_role role) {
  unsigned count = 0;
  for (unsigned t = 0; t < it->einsum->tensors; t++) {
    if (it->einsum->tensor[t].role == role) {
      out->tensor = t;
      count++;
    }
  }
  if (count != 1) {
    return;
  }
  out->level = c->level;
  if (c->level == UINT_MAX) {
    out->level = it->arch->levels - 1;
    while (out->level > 0 && must_not(it, out->level, out->tensor)) {
      out->level--;
    }
  }
  out->possible = out->level > 0;
}

static void find_rows(flow *out, const depth_view *it,
                      const cds_constraint *c) {
  const cds_einsum *einsum = it->einsum;
  const cds_tensor *last = &einsum->tensor[einsum->tensors - 1];
  for (unsigned t = 0; t + 1 < einsum->tensors && out->axes == 0; t++) {
    for (unsigned a = 0; a < einsum->tensor[t].axes; a++) {
      const cds_axis *axis = &einsum->tensor[t].axis[a];
      if (axis->terms < 2 || einsum->rank[axis->term[0].rank].size < 2 ||
          einsum->rank[axis->term[1].rank].size < 2) {
        continue;
      }
      const unsigned p = axis->term[0].rank, r = axis->term[1].rank;
      const bool first = cds_tensor_has_rank(last, p);
      out->position[out->axes] = first ? p : r;
      out->kernel[out->axes++] = first ? r : p;
    }
  }
  out->level = c->level == UINT_MAX ? it->arch->levels - 1 : c->level;
  out->array = UINT_MAX;
  for (unsigned k = 0; k < it->arch->level[out->level].depth; k++) {
    out->array = it->arch->array[k].axes == 2 ? k : out->array;
  }
  out->possible = out->axes > 0 && out->level > 0 &&
                  (out->axes == 1 || out->array != UINT_MAX);
}

static flow find_flow(const depth_view *it, const cds_constraint *c) {
  flow out = {.possible = false};
  switch (c->dataflow) {
  case CDS_INPUT_STATIONARY:
    find_stationary(&out, it, c, CDS_INPUT);
    break;
  case CDS_OUTPUT_STATIONARY:
    find_stationary(&out, it, c, CDS_OUTPUT);
    break;
  case CDS_WEIGHT_STATIONARY:
    find_stationary(&out, it, c, CDS_WEIGHT);
    break;
  case CDS_ROW_STATIONARY:
    find_rows(&out, it, c);
    break;
  }
  return out;
}

static bool rows_lie(const depth_view *it, const flow *rows) {
  const unsigned q = rows->position[rows->axes - 1];
  const unsigned r = rows->kernel[rows->axes - 1];
  for (unsigned region = 0; region <= region_of(it, rows->level); region++) {
    if (it->loop[region][r] > 1) {
      return false;
    }
  }
  for (unsigned k = 0; k < it->arch->arrays; k++) {
    for (unsigned x = 0; x < 2; x++) {
      if (it->spread[k][x][r] > 1 || it->spread[k][x][q] > 1) {
        return false;
      }
    }
  }
  if (rows->axes < 2) {
    return true;
  }
  const unsigned p = rows->position[rows->axes - 2];
  const unsigned v = rows->kernel[rows->axes - 2];
  return it->spread[rows->array][0][v] == it->einsum->rank[v].size &&
         it->spread[rows->array][1][v] == 1 &&
         it->spread[rows->array][0][p] == 1;
}

/* ---- loops and holders ------------------------------------------------ */

static bool used_enough(const depth_view *it, const cds_constraint *c) {
  const cds_array *array = &it->arch->array[c->array];
  double used = 1, units = 1;
  for (unsigned x = 0; x < array->axes; x++) {
    units *= (double)array->extent[x];
    for (unsigned r = 0; r < it->einsum->ranks; r++) {
      used *= (double)it->spread[c->array][x][r];
    }
  }
  return used / units > c->utilisation - 1e-9;
}

static bool loops_hold(const depth_view *it, const cds_constraint *c) {
  if (c->kind == CDS_CONSTRAINT_UTILISATION) {
    return used_enough(it, c);
  }
  if (c->kind == CDS_CONSTRAINT_DATAFLOW) {
    const flow found = find_flow(it, c);
    return found.possible &&
           (c->dataflow != CDS_ROW_STATIONARY || rows_lie(it, &found));
  }
  if (c->kind != CDS_CONSTRAINT_FACTOR && c->kind != CDS_CONSTRAINT_SPREAD) {
    return true;
  }
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    const cds_rank *rank = &it->einsum->rank[r];
    const uint64_t trips = c->kind == CDS_CONSTRAINT_FACTOR
                               ? it->loop[region_of(it, c->level)][r]
                               : it->spread[c->array][c->axis][r];
    if (speaks_of(c, rank->name) && !in_range(c, trips, rank->size)) {
      return false;
    }
  }
  return true;
}

bool depth_rules_loops(const depth_view *it) {
  for (size_t i = 0; i < it->arch->constraints->count; i++) {
    if (!loops_hold(it, &it->arch->constraints->constraint[i])) {
      return false;
    }
  }
  return true;
}

static bool is_held(const depth_view *it, unsigned level, unsigned tensor) {
  return level == 0 || it->held[region_of(it, level) + 1][tensor] == level;
}

/* Every tensor that only one level of the group may keep is there. */
static bool rows_held(const depth_view *it, const flow *rows) {
  for (unsigned t = 0; t < it->einsum->tensors; t++) {
    unsigned count = 0, only = 0;
    for (unsigned l = 1; l < it->arch->levels; l++) {
      if (it->arch->level[l].position ==
              it->arch->level[rows->level].position &&
          !must_not(it, l, t)) {
        count++;
        only = l;
      }
    }
    if (count == 1 && !is_held(it, only, t)) {
      return false;
    }
  }
  return true;
}

bool depth_rules_holders(const depth_view *it) {
  for (size_t i = 0; i < it->arch->constraints->count; i++) {
    const cds_constraint *c = &it->arch->constraints->constraint[i];
    if (c->kind == CDS_CONSTRAINT_DATAFLOW &&
        c->dataflow == CDS_ROW_STATIONARY) {
      const flow found = find_flow(it, c);
      if (!found.possible || !rows_held(it, &found)) {
        return false;
      }
    }
    if (c->kind == CDS_CONSTRAINT_DATAFLOW &&
        c->dataflow != CDS_ROW_STATIONARY) {
      const flow found = find_flow(it, c);
      if (!found.possible || !is_held(it, found.level, found.tensor)) {
        return false;
      }
    }
    for (unsigned t = 0; t < it->einsum->tensors; t++) {
      const bool keep = c->kind == CDS_CONSTRAINT_KEEP;
      /* Down to its home the fused group decides. */
      const bool free = it->einsum->stage != NULL &&
                        c->level <= it->einsum->stage->home[t].level;
      if ((keep || c->kind == CDS_CONSTRAINT_BYPASS) && !free &&
          tensor_named(c, &it->einsum->tensor[t]) &&
          is_held(it, c->level, t) != keep) {
        return false;
      }
    }
  }
  return true;
}

/* ---- orders ----------------------------------------------------------- */

static int part_of(const cds_constraint *c, const char *rank) {
  int gap = -1;
  for (size_t p = 0; p < c->parts; p++) {
    gap = c->part[p].others ? (int)p : gap;
    for (size_t i = 0; i < c->part[p].ranks; i++) {
      if (strcmp(c->part[p].rank[i], rank) == 0) {
        return (int)p;
      }
    }
  }
  return gap;
}

/* Whether the constraint wants a outside of b. */
static bool outside(const depth_view *it, const cds_constraint *c,
                    unsigned region, unsigned a, unsigned b) {
  if (c->kind == CDS_CONSTRAINT_ORDER) {
    return region_of(it, c->level) == region &&
           part_of(c, it->einsum->rank[a].name) <
               part_of(c, it->einsum->rank[b].name);
  }
  if (c->kind != CDS_CONSTRAINT_DATAFLOW) {
    return false;
  }
  const flow found = find_flow(it, c);
  if (!found.possible || region_of(it, found.level) != region) {
    return false;
  }
  if (c->dataflow == CDS_ROW_STATIONARY) {
    const unsigned q = found.position[found.axes - 1];
    return b == q && a != q;
  }
  const cds_tensor *tensor = &it->einsum->tensor[found.tensor];
  return cds_tensor_has_rank(tensor, a) && !cds_tensor_has_rank(tensor, b);
}

static bool wants_outside(const depth_view *it, unsigned region, unsigned a,
                          unsigned b) {
  for (size_t i = 0; i < it->arch->constraints->count; i++) {
    if (outside(it, &it->arch->constraints->constraint[i], region, a, b)) {
      return true;
    }
  }
  return false;
}

bool depth_rules_apart(const depth_view *it, unsigned region, unsigned a,
                       unsigned b) {
  return wants_outside(it, region, a, b) || wants_outside(it, region, b, a);
}

bool depth_rules_order(const depth_view *it, unsigned region,
                       const unsigned *rank, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    for (unsigned k = i + 1; k < count; k++) {
      if (wants_outside(it, region, rank[k], rank[i])) {
        return false;
      }
    }
  }
  return true;
}
