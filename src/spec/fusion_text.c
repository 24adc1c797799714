/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "spec/fusion_text.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"

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

/* ---- reading --------------------------------------------------------- */

enum { OUTER_WORDS_MAX = CDS_FUSED_TENSORS_MAX + 3 };

typedef struct cds_outer_reading {
  cds_outer *out;
  const cds_fused_group *group;
  const cds_arch *arch;
  const cds_reader *reader;
  const cds_yaml *line;
  unsigned words;
  const char *word[OUTER_WORDS_MAX];
} cds_outer_reading;

static cds_status not_outer(const cds_outer_reading *it) {
  cds_diag_error(it->reader->diag, it->line->place,
                 "'%.160s' is no outer node: expected 'for RANK N' or 'hold "
                 "TENSOR... at LEVEL', with names and levels of the chain",
                 it->line->kind == CDS_YAML_SCALAR ? it->line->text : "");
  return CDS_EINPUT;
}

/* Cuts the line at blanks. */
static cds_status split_line(cds_outer_reading *it) {
  it->words = 0;
  if (it->line->kind != CDS_YAML_SCALAR) {
    return not_outer(it);
  }
  for (const char *at = it->line->text; *at != '\0';) {
    const size_t length = strcspn(at, " ");
    if (length > 0) {
      if (it->words == OUTER_WORDS_MAX) {
        return not_outer(it);
      }
      const char *word = cds_arena_strndup(it->reader->arena, at, length);
      if (word == NULL) {
        return CDS_ENOMEM;
      }
      it->word[it->words++] = word;
    }
    at += length + (at[length] == ' ');
  }
  return CDS_OK;
}

static cds_status add_node(const cds_outer_reading *it, cds_outer_node node) {
  if (it->out->nodes == CDS_OUTER_NODES_MAX) {
    return not_outer(it);
  }
  it->out->node[it->out->nodes++] = node;
  return CDS_OK;
}

static cds_status read_loop(const cds_outer_reading *it) {
  uint64_t trips = 0;
  for (const char *c = it->word[2]; *c != '\0'; c++) {
    if (*c < '0' || *c > '9' || !cds_mul_u64(&trips, trips, 10) ||
        !cds_add_u64(&trips, trips, (uint64_t)(*c - '0'))) {
      return not_outer(it);
    }
  }
  for (unsigned r = 0; r < it->group->ranks; r++) {
    const char *name = cds_fused_rank_name(it->group, r, it->reader->arena);
    if (name == NULL) {
      return CDS_ENOMEM;
    }
    if (strcmp(name, it->word[1]) == 0 && trips > 0) {
      return add_node(
          it,
          (cds_outer_node){.kind = CDS_OUTER_FOR, .rank = r, .trips = trips});
    }
  }
  return not_outer(it);
}

static cds_status read_hold(const cds_outer_reading *it) {
  const unsigned level = cds_arch_level(it->arch, it->word[it->words - 1]);
  for (unsigned w = 1; w + 2 < it->words; w++) {
    unsigned t = 0;
    for (; t < it->group->tensors; t++) {
      const char *name = cds_fused_tensor_name(it->group, t, it->reader->arena);
      if (name == NULL) {
        return CDS_ENOMEM;
      }
      if (strcmp(name, it->word[w]) == 0) {
        break;
      }
    }
    if (t == it->group->tensors || level == UINT_MAX) {
      return not_outer(it);
    }
    CDS_TRY(add_node(
        it,
        (cds_outer_node){.kind = CDS_OUTER_HOLD, .tensor = t, .level = level}));
  }
  return CDS_OK;
}

cds_status cds_outer_read(cds_outer *out, const cds_yaml *list,
                          const cds_fused_group *group, const cds_arch *arch,
                          const cds_reader *reader) {
  cds_outer_reading it = {out, group, arch, reader, list, 0, {NULL}};
  out->nodes = 0;
  if (list->kind != CDS_YAML_SEQUENCE) {
    return not_outer(&it);
  }
  for (size_t i = 0; i < list->count; i++) {
    it.line = list->items[i];
    CDS_TRY(split_line(&it));
    const bool loop = it.words == 3 && strcmp(it.word[0], "for") == 0;
    const bool hold = it.words > 3 && strcmp(it.word[0], "hold") == 0 &&
                      strcmp(it.word[it.words - 2], "at") == 0;
    CDS_TRY(loop ? read_loop(&it) : hold ? read_hold(&it) : not_outer(&it));
  }
  return CDS_OK;
}
