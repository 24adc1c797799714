/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "spec/fusion_text.h"

#include <limits.h>
#include <string.h>

/* The first stage that has the rank. */
static unsigned rank_stage(const cds_fused_group *group, unsigned rank) {
  unsigned stage = 0;
  while (cds_fused_own_rank(&group->stage[stage], rank) == UINT_MAX) {
    stage++;
  }
  return stage;
}

static const char *plain_rank_name(const cds_fused_group *group,
                                   unsigned rank) {
  const cds_fused_einsum *stage = &group->stage[rank_stage(group, rank)];
  return stage->einsum->rank[cds_fused_own_rank(stage, rank)].name;
}

static const char *with_stage(const char *name, bool alone, unsigned stage,
                              cds_arena *arena) {
  return alone ? name : cds_arena_printf(arena, "%s@%u", name, stage);
}

const char *cds_fused_rank_name(const cds_fused_group *group, unsigned rank,
                                cds_arena *arena) {
  const char *name = plain_rank_name(group, rank);
  bool alone = true;
  for (unsigned r = 0; r < group->ranks; r++) {
    alone =
        alone && (r == rank || strcmp(plain_rank_name(group, r), name) != 0);
  }
  return with_stage(name, alone, rank_stage(group, rank), arena);
}

/* Operations call what they make `z`: a product knows the model's name. */
static const char *plain_tensor_name(const cds_fused_group *group,
                                     unsigned tensor) {
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_fused_einsum *stage = &group->stage[s];
    const unsigned own = cds_fused_own_tensor(stage, tensor);
    if (own != UINT_MAX && stage->operation == NULL) {
      return stage->einsum->tensor[own].name;
    }
  }
  return group->tensor[tensor].name;
}

const char *cds_fused_tensor_name(const cds_fused_group *group, unsigned tensor,
                                  cds_arena *arena) {
  const char *name = plain_tensor_name(group, tensor);
  bool alone = true;
  for (unsigned t = 0; t < group->tensors; t++) {
    alone = alone &&
            (t == tensor || strcmp(plain_tensor_name(group, t), name) != 0);
  }
  return with_stage(name, alone, group->tensor[tensor].first, arena);
}

/* Whose nodes are written. */
typedef struct cds_written_outer {
  const cds_fused_group *group;
  const cds_arch *arch;
  const cds_outer *outer;
} cds_written_outer;

/* Neighbouring holds of one level; moves to the node after them. */
static const char *hold_line(unsigned *at, const cds_written_outer *it,
                             cds_arena *arena) {
  const unsigned level = it->outer->node[*at].level;
  const char *text = "hold";
  for (; *at < it->outer->nodes && text != NULL; ++*at) {
    const cds_outer_node *node = &it->outer->node[*at];
    if (node->kind != CDS_OUTER_HOLD || node->level != level) {
      break;
    }
    const char *name = cds_fused_tensor_name(it->group, node->tensor, arena);
    text = name == NULL ? NULL : cds_arena_printf(arena, "%s %s", text, name);
  }
  return text == NULL ? NULL
                      : cds_arena_printf(arena, "%s at %s", text,
                                         it->arch->level[level].name);
}

static const char *node_line(unsigned *at, const void *nodes,
                             cds_arena *arena) {
  const cds_written_outer *it = (const cds_written_outer *)nodes;
  const cds_outer_node *node = &it->outer->node[*at];
  if (node->kind == CDS_OUTER_HOLD) {
    return hold_line(at, it, arena);
  }
  const char *name = cds_fused_rank_name(it->group, node->rank, arena);
  ++*at;
  return name == NULL ? NULL
                      : cds_arena_printf(arena, "for %s %llu", name,
                                         (unsigned long long)node->trips);
}

size_t cds_outer_lines(const char ***lines, const cds_fused_group *group,
                       const cds_arch *arch, const cds_outer *outer,
                       cds_arena *arena) {
  const cds_written_outer it = {group, arch, outer};
  return cds_node_lines(lines, outer->nodes, node_line, &it, arena);
}
