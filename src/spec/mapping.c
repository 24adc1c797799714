/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checks mappings against einsum and architecture, writes them as lines of
 * text and orders them canonically. Reading is in mapping_read.c.
 */
#include "spec/mapping.h"

#include "base/checked.h"
#include "spec/mapping_internal.h"
#include "spec/stage.h"

const char *const cds_split_word[CDS_SPLITS] = {"balanced", "contiguous",
                                                "cyclic"};

/* What the checks share. */
typedef struct checker {
  const cds_mapping *mapping;
  const cds_arch *arch;
  const cds_einsum *einsum;
  cds_place place;         /* of the whole mapping */
  const cds_place *places; /* of each node; NULL: unknown */
  cds_diag *diag;
  bool failed;
} checker;

static cds_place node_place(const checker *c, unsigned node) {
  const bool known = c->places != NULL && node < c->mapping->nodes;
  return known ? c->places[node] : c->place;
}

static const char *tensor_name(const checker *c, unsigned tensor) {
  return c->einsum->tensor[tensor].name;
}

static const char *level_name(const checker *c, unsigned level) {
  return c->arch->level[level].name;
}

/* Product that stays at the largest number instead of wrapping. */
static uint64_t saturated_product(uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return cds_mul_u64(&product, a, b) ? product : UINT64_MAX;
}

/* Indexes and trips, so that everything after may use them blindly. */
static void check_node(checker *c, unsigned at) {
  const cds_node *node = &c->mapping->node[at];
  bool fine = false;
  switch (node->kind) {
  case CDS_HOLD:
    fine = node->tensor < c->einsum->tensors && node->level < c->arch->levels;
    break;
  case CDS_FOR:
    fine = node->rank < c->einsum->ranks && node->trips >= 1;
    break;
  case CDS_SPREAD:
    fine = node->rank < c->einsum->ranks && node->trips >= 1 &&
           (unsigned)node->split < CDS_SPLITS &&
           (node->length == 0 || node->split == CDS_SPLIT_CONTIGUOUS) &&
           node->array < c->arch->arrays &&
           node->axis < c->arch->array[node->array].axes;
    break;
  }
  if (!fine) {
    cds_diag_error(c->diag, node_place(c, at),
                   "node %u of the mapping names no such tensor, level, rank "
                   "or array, or has no trips: expected indexes of '%s' and "
                   "'%s'",
                   at + 1, c->einsum->name != NULL ? c->einsum->name : "einsum",
                   c->arch->name != NULL ? c->arch->name : "architecture");
    c->failed = true;
  }
}

/* A holder against the holder of the same tensor that stands before it. */
static void check_order(checker *c, unsigned outer, unsigned at) {
  const unsigned tensor = c->mapping->node[at].tensor;
  const cds_level *above = &c->arch->level[c->mapping->node[outer].level];
  const cds_level *here = &c->arch->level[c->mapping->node[at].level];
  if (above->position < here->position) {
    return;
  }
  c->failed = true;
  if (above == here) {
    cds_diag_error(c->diag, node_place(c, at),
                   "tensor '%s' is held twice at '%s': expected one 'hold'",
                   tensor_name(c, tensor), here->name);
  } else if (above->position == here->position) {
    cds_diag_error(c->diag, node_place(c, at),
                   "tensor '%s' is held at '%s' and at '%s', which stand side "
                   "by side: expected one of them",
                   tensor_name(c, tensor), above->name, here->name);
  } else {
    cds_diag_error(c->diag, node_place(c, at),
                   "tensor '%s' is held at '%s' inside of '%s': expected the "
                   "holders of a tensor in the order of their levels, "
                   "outermost first",
                   tensor_name(c, tensor), here->name, above->name);
  }
}

/* The node that holds the tensor at the level, or the number of nodes. */
static unsigned first_holder(const checker *c, unsigned tensor,
                             unsigned level) {
  unsigned at = 0;
  while (at < c->mapping->nodes && (c->mapping->node[at].kind != CDS_HOLD ||
                                    c->mapping->node[at].tensor != tensor ||
                                    c->mapping->node[at].level != level)) {
    at++;
  }
  return at;
}

static void check_holders(checker *c, unsigned tensor) {
  const unsigned home = cds_einsum_home(c->einsum, tensor);
  bool outermost = false;
  bool looped = false;
  bool found = false;
  unsigned outer = 0;
  for (unsigned at = 0; at < c->mapping->nodes; at++) {
    const cds_node *node = &c->mapping->node[at];
    if (node->kind != CDS_HOLD) {
      looped = true;
      continue;
    }
    if (node->tensor != tensor) {
      continue;
    }
    outermost = outermost || (node->level == home && !looped && !found);
    if (found) {
      check_order(c, outer, at);
    }
    found = true;
    outer = at;
  }
  if (!outermost) {
    const unsigned first = first_holder(c, tensor, home);
    cds_diag_error(c->diag, node_place(c, first),
                   "tensor '%s' is not held at '%s' before the first loop: "
                   "expected 'hold %s at %s' there",
                   tensor_name(c, tensor), level_name(c, home),
                   tensor_name(c, tensor), level_name(c, home));
    c->failed = true;
  }
}

static void note_level(const checker *c, unsigned level) {
  if (c->arch->level[level].place.file != NULL) {
    cds_diag_note(c->diag, c->arch->level[level].place,
                  "'%s' with what it keeps stands here", level_name(c, level));
  }
}

/* Keep and bypass of the levels below the tensor's home. */
static void check_policies(checker *c, unsigned tensor) {
  const unsigned home = cds_einsum_home(c->einsum, tensor);
  for (unsigned level = home + 1; level < c->arch->levels; level++) {
    const cds_policy policy =
        cds_level_policy(c->arch, level, &c->einsum->tensor[tensor]);
    const unsigned at = first_holder(c, tensor, level);
    const bool held = at < c->mapping->nodes;
    if (policy == CDS_MUST && !held) {
      cds_diag_error(c->diag, c->place,
                     "tensor '%s' is not held at '%s', which must keep it: "
                     "expected 'hold %s at %s'",
                     tensor_name(c, tensor), level_name(c, level),
                     tensor_name(c, tensor), level_name(c, level));
      note_level(c, level);
      c->failed = true;
    } else if (policy == CDS_MUST_NOT && held) {
      cds_diag_error(c->diag, node_place(c, at),
                     "tensor '%s' is held at '%s', which must not keep it: "
                     "expected no 'hold' of it there",
                     tensor_name(c, tensor), level_name(c, level));
      note_level(c, level);
      c->failed = true;
    }
  }
}

static const char *loop_word(const cds_node *node) {
  return node->kind == CDS_FOR ? "for" : "spread";
}

/* Says how many pieces the node makes, and how many it should. */
static void refuse_factor(const checker *c, unsigned at, uint64_t length,
                          uint64_t pieces) {
  const cds_node *node = &c->mapping->node[at];
  const char *name = c->einsum->rank[node->rank].name;
  if (length == 1) {
    cds_diag_error(c->diag, node_place(c, at),
                   "'%s %s %llu' has nothing left to cut: expected 1, as the "
                   "factors before it leave pieces of 1",
                   loop_word(node), name, (unsigned long long)node->trips);
    return;
  }
  const bool loop = node->kind == CDS_FOR;
  const uint64_t empty = node->trips - pieces;
  const bool many = empty > 1;
  cds_diag_error(c->diag, node_place(c, at),
                 "'%s %s %llu' leaves nothing to the last %.0llu%s%s%s: "
                 "expected %llu, which cuts %llu into pieces of %llu",
                 loop_word(node), name, (unsigned long long)node->trips,
                 (unsigned long long)(many ? empty : 0), many ? " " : "",
                 loop ? "pass" : "instance",
                 !many  ? ""
                 : loop ? "es"
                        : "s",
                 (unsigned long long)pieces, (unsigned long long)length,
                 (unsigned long long)cds_ceil_div_u64(length, node->trips));
}

/* Says how many pieces of a length that was given there are. */
static void refuse_length(const checker *c, unsigned at, uint64_t before) {
  const cds_node *node = &c->mapping->node[at];
  const char *name = c->einsum->rank[node->rank].name;
  const unsigned long long trips = (unsigned long long)node->trips;
  const unsigned long long length = (unsigned long long)node->length;
  if (node->length > before) {
    cds_diag_error(c->diag, node_place(c, at),
                   "'%s %s %llu length %llu' cuts %llu: expected a length of "
                   "at most that",
                   loop_word(node), name, trips, length,
                   (unsigned long long)before);
    return;
  }
  cds_diag_error(
      c->diag, node_place(c, at),
      "'%s %s %llu length %llu' cuts %llu: expected %llu pieces of that length",
      loop_word(node), name, trips, length, (unsigned long long)before,
      (unsigned long long)cds_ceil_div_u64(before, node->length));
}

/* The factor that leaves no pass and no instance without anything: a spread
 * that deals out what there is one by one keeps as many instances busy. */
static uint64_t full_factor(const cds_node *node, uint64_t before,
                            uint64_t length) {
  const bool dealt =
      node->kind == CDS_SPREAD && node->split != CDS_SPLIT_CONTIGUOUS;
  if (dealt) {
    return node->trips < before ? node->trips : before;
  }
  return cds_ceil_div_u64(before, length);
}

/* The lengths n_0, n_1, ... of mapping.h, from outside in. */
static void check_rank(checker *c, unsigned rank) {
  const uint64_t size = c->einsum->rank[rank].size;
  const char *name = c->einsum->rank[rank].name;
  uint64_t length = size;
  uint64_t before = size;
  unsigned last = c->mapping->nodes;
  for (unsigned at = 0; at < c->mapping->nodes; at++) {
    const cds_node *node = &c->mapping->node[at];
    if (node->kind == CDS_HOLD || node->rank != rank) {
      continue;
    }
    before = length;
    length = cds_node_length(node, before);
    last = at;
    const uint64_t pieces = full_factor(node, before, length);
    if (pieces != node->trips || length > before) {
      if (node->length > 0) {
        refuse_length(c, at, before);
      } else {
        refuse_factor(c, at, before, pieces);
      }
      c->failed = true;
      return;
    }
  }
  if (length == 1) {
    return;
  }
  c->failed = true;
  cds_diag_error(c->diag, node_place(c, last),
                 "factors of rank '%s' cut its %llu into pieces of %llu: "
                 "expected pieces of 1",
                 name, (unsigned long long)size, (unsigned long long)length);
  if (last < c->mapping->nodes) {
    const cds_node *node = &c->mapping->node[last];
    cds_diag_hint(c->diag, "'%s %s %llu' instead of '%s %s %llu' completes it",
                  loop_word(node), name, (unsigned long long)before,
                  loop_word(node), name, (unsigned long long)node->trips);
  } else {
    cds_diag_hint(c->diag, "another 'for %s %llu' completes it", name,
                  (unsigned long long)length);
  }
}

/* ---- what can be counted --------------------------------------------- */

/* The spread whose words would have to be followed from link to link. */
static void check_links(checker *c, unsigned tensor) {
  if (!cds_tensor_has_windows(c->einsum, tensor) ||
      cds_mapping_even(c->mapping, c->einsum, tensor)) {
    return;
  }
  for (unsigned at = 0; at < c->mapping->nodes; at++) {
    const cds_node *node = &c->mapping->node[at];
    if (node->kind != CDS_SPREAD || node->trips < 2 ||
        c->arch->array[node->array].network == CDS_NETWORK_BUS) {
      continue;
    }
    const cds_array *array = &c->arch->array[node->array];
    cds_diag_error(c->diag, node_place(c, at),
                   "overlapping tiles of '%s' are followed over the links of "
                   "'%s' for even pieces only: expected factors of each rank "
                   "whose product is its size, and no 'cyclic'",
                   tensor_name(c, tensor), array->name);
    c->failed = true;
    return;
  }
}

/* The largest part of the spread that the array has room for. */
static void hint_spread(const checker *c, unsigned at, uint64_t room) {
  const cds_node *node = &c->mapping->node[at];
  const uint64_t tried_max = 65536;
  uint64_t most = node->trips < room ? node->trips : room;
  most = most < tried_max ? most : tried_max;
  while (most > 1 && node->trips % most != 0) {
    most--;
  }
  const char *rank = c->einsum->rank[node->rank].name;
  if (most > 1) {
    cds_diag_hint(c->diag,
                  "'spread %s %llu' and 'for %s %llu' have the same product",
                  rank, (unsigned long long)most, rank,
                  (unsigned long long)(node->trips / most));
  } else {
    cds_diag_hint(c->diag, "'for %s %llu' instead has the same product", rank,
                  (unsigned long long)node->trips);
  }
}

static void check_fanout(checker *c, unsigned array, unsigned axis) {
  uint64_t product = 1;
  unsigned last = c->mapping->nodes;
  for (unsigned at = 0; at < c->mapping->nodes; at++) {
    const cds_node *node = &c->mapping->node[at];
    if (node->kind == CDS_SPREAD && node->array == array &&
        node->axis == axis) {
      product = saturated_product(product, node->trips);
      last = at;
    }
  }
  const cds_array *which = &c->arch->array[array];
  if (product > which->extent[axis]) {
    cds_diag_error(c->diag, node_place(c, last),
                   "spreads over '%s%s%s' have the product %llu: expected at "
                   "most %llu",
                   which->name, which->axes > 1 ? "." : "",
                   which->axes > 1 ? which->axis_name[axis] : "",
                   (unsigned long long)product,
                   (unsigned long long)which->extent[axis]);
    hint_spread(c, last,
                which->extent[axis] / (product / c->mapping->node[last].trips));
    c->failed = true;
  }
}

cds_status cds_mapping_check(const cds_mapping *mapping, const cds_arch *arch,
                             const cds_einsum *einsum,
                             const cds_mapping_places *places, cds_diag *diag) {
  checker c = {.mapping = mapping,
               .arch = arch,
               .einsum = einsum,
               .place = places->whole,
               .places = places->node,
               .diag = diag};
  if (mapping->nodes > CDS_NODES_MAX) {
    cds_diag_error(diag, c.place, "mapping has %u nodes: expected at most %d",
                   mapping->nodes, CDS_NODES_MAX);
    return CDS_EINPUT;
  }
  for (unsigned at = 0; at < mapping->nodes; at++) {
    check_node(&c, at);
  }
  if (c.failed) {
    return CDS_EINPUT;
  }
  for (unsigned tensor = 0; tensor < einsum->tensors; tensor++) {
    check_holders(&c, tensor);
    check_policies(&c, tensor);
  }
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    check_rank(&c, rank);
  }
  for (unsigned array = 0; array < arch->arrays; array++) {
    for (unsigned axis = 0; axis < arch->array[array].axes; axis++) {
      check_fanout(&c, array, axis);
    }
  }
  for (unsigned tensor = 0; !c.failed && tensor < einsum->tensors; tensor++) {
    check_links(&c, tensor);
  }
  return c.failed ? CDS_EINPUT : CDS_OK;
}

cds_status cds_mapping_validate(const cds_mapping *mapping,
                                const cds_arch *arch, const cds_einsum *einsum,
                                cds_place place, cds_diag *diag) {
  const cds_mapping_places places = {place, NULL};
  return cds_mapping_check(mapping, arch, einsum, &places, diag);
}

/* "hold A B at GLB" from the run of holds that starts at `first`; moves it to
 * the run's end. */
static const char *hold_line(unsigned *first, const cds_mapping *mapping,
                             const cds_arch *arch, const cds_einsum *einsum,
                             cds_arena *arena) {
  const unsigned level = mapping->node[*first].level;
  const char *line = "hold";
  while (line != NULL && *first < mapping->nodes &&
         mapping->node[*first].kind == CDS_HOLD &&
         mapping->node[*first].level == level) {
    line = cds_arena_printf(arena, "%s %s", line,
                            einsum->tensor[mapping->node[*first].tensor].name);
    ++*first;
  }
  return line == NULL ? NULL
                      : cds_arena_printf(arena, "%s at %s", line,
                                         arch->level[level].name);
}

static const char *loop_line(const cds_node *node, const cds_arch *arch,
                             const cds_einsum *einsum, cds_arena *arena) {
  const char *rank = einsum->rank[node->rank].name;
  const unsigned long long trips = (unsigned long long)node->trips;
  const char *length = node->length == 0
                           ? ""
                           : cds_arena_printf(arena, " length %llu",
                                              (unsigned long long)node->length);
  if (length == NULL) {
    return NULL;
  }
  if (node->kind == CDS_FOR) {
    return cds_arena_printf(arena, "for %s %llu%s", rank, trips, length);
  }
  const cds_array *array = &arch->array[node->array];
  const bool axis = array->axes > 1;
  const bool split = node->split != CDS_SPLIT_BALANCED;
  return cds_arena_printf(
      arena, "spread %s %llu over %s%s%s%s%s%s", rank, trips, array->name,
      axis ? "." : "", axis ? array->axis_name[node->axis] : "",
      split ? " " : "", split ? cds_split_word[node->split] : "", length);
}

size_t cds_node_lines(const char ***lines, unsigned count,
                      cds_node_writer write, const void *nodes,
                      cds_arena *arena) {
  const char **text = cds_arena_array(arena, (size_t)count + 1, sizeof *text);
  size_t made = 0;
  for (unsigned at = 0; text != NULL && at < count;) {
    text[made] = write(&at, nodes, arena);
    if (text[made++] == NULL) {
      text = NULL;
      made = 0;
    }
  }
  *lines = text;
  return made;
}

/* Whose nodes are written. */
typedef struct cds_written_mapping {
  const cds_mapping *mapping;
  const cds_arch *arch;
  const cds_einsum *einsum;
} cds_written_mapping;

static const char *node_line(unsigned *at, const void *nodes,
                             cds_arena *arena) {
  const cds_written_mapping *it = nodes;
  return it->mapping->node[*at].kind == CDS_HOLD
             ? hold_line(at, it->mapping, it->arch, it->einsum, arena)
             : loop_line(&it->mapping->node[(*at)++], it->arch, it->einsum,
                         arena);
}

size_t cds_mapping_lines(const char ***lines, const cds_mapping *mapping,
                         const cds_arch *arch, const cds_einsum *einsum,
                         cds_arena *arena) {
  const cds_written_mapping it = {mapping, arch, einsum};
  return cds_node_lines(lines, mapping->nodes, node_line, &it, arena);
}

static int compare_numbers(uint64_t a, uint64_t b) {
  return a < b ? -1 : (a > b ? 1 : 0);
}

/* First difference of two nodes, over the fields that their kind uses. */
static int compare_nodes(const cds_node *a, const cds_node *b) {
  if (a->kind != b->kind) {
    return compare_numbers(a->kind, b->kind);
  }
  int order = 0;
  if (a->kind == CDS_HOLD) {
    order = compare_numbers(a->tensor, b->tensor);
    return order != 0 ? order : compare_numbers(a->level, b->level);
  }
  order = compare_numbers(a->rank, b->rank);
  if (order == 0 && a->kind == CDS_SPREAD) {
    order = compare_numbers(a->array, b->array);
    order = order != 0 ? order : compare_numbers(a->axis, b->axis);
  }
  order = order != 0 ? order : compare_numbers(a->trips, b->trips);
  order = order != 0 ? order : compare_numbers(a->length, b->length);
  return order != 0 || a->kind != CDS_SPREAD
             ? order
             : compare_numbers(a->split, b->split);
}

int cds_mapping_compare(const cds_mapping *a, const cds_mapping *b) {
  int order = compare_numbers(a->nodes, b->nodes);
  for (unsigned at = 0; order == 0 && at < a->nodes; at++) {
    order = compare_nodes(&a->node[at], &b->node[at]);
  }
  return order;
}
