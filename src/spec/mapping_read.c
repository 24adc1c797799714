/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the nodes of a mapping from their words:
 *   hold A B at GLB | for k 4 | spread n 8 over PE.cols [cyclic]
 */
#include <limits.h>
#include <string.h>

#include "base/checked.h"
#include "base/text.h"
#include "spec/mapping_internal.h"

enum { WORDS_MAX = CDS_TENSORS_MAX + 4, WORD_MAX_LENGTH = 160 };

/* One item of the sequence, cut at blanks. */
typedef struct node_text {
  const cds_yaml *item;
  unsigned words;
  const char *word[WORDS_MAX];
  cds_place place[WORDS_MAX];
} node_text;

typedef struct builder {
  cds_mapping mapping;
  cds_place place[CDS_NODES_MAX]; /* of each node */
  const cds_arch *arch;
  const cds_einsum *einsum;
  const cds_reader *reader;
} builder;

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static cds_status not_a_node(const builder *nest, const cds_yaml *item) {
  cds_diag_error(nest->reader->diag, item->place,
                 "'%.*s' is no node of a mapping: expected 'hold TENSOR... at "
                 "LEVEL', 'for RANK N' or 'spread RANK N over ARRAY.AXIS'",
                 WORD_MAX_LENGTH, item->text);
  return CDS_EINPUT;
}

static cds_status split(node_text *out, const builder *nest,
                        const cds_yaml *item) {
  out->item = item;
  out->words = 0;
  const char *at = item->text;
  while (is_blank(*at)) {
    at++;
  }
  while (*at != '\0') {
    const char *start = at;
    while (*at != '\0' && !is_blank(*at)) {
      at++;
    }
    if (out->words == WORDS_MAX) {
      return not_a_node(nest, item);
    }
    const char *word =
        cds_arena_strndup(nest->reader->arena, start, (size_t)(at - start));
    if (word == NULL) {
      return CDS_ENOMEM;
    }
    out->place[out->words] = cds_yaml_place(item, (size_t)(start - item->text));
    out->word[out->words++] = word;
    while (is_blank(*at)) {
      at++;
    }
  }
  return CDS_OK;
}

/* Says that the name is not known and what is. */
static cds_status unknown(const builder *nest, const node_text *line,
                          const char *what, unsigned word,
                          const char *const *known, size_t count) {
  const char *name = line->word[word];
  cds_diag_error(nest->reader->diag, line->place[word],
                 "unknown %s '%.*s' in a mapping: expected one of this %s",
                 what, WORD_MAX_LENGTH, name,
                 what[0] == 't' || what[0] == 'r' ? "einsum" : "architecture");
  cds_diag_suggest(nest->reader->diag, name, known, count);
  return CDS_EINPUT;
}

/* A word that is always the same, or a nearly right one in its place. */
static cds_status expect_word(const builder *nest, const node_text *line,
                              unsigned word, const char *expected) {
  const char *found = line->word[word];
  if (strcmp(found, expected) == 0) {
    return CDS_OK;
  }
  if (cds_nearest(found, &expected, 1) == NULL) {
    return not_a_node(nest, line->item);
  }
  cds_diag_error(nest->reader->diag, line->place[word],
                 "'%.*s' in a node of a mapping: expected '%s'",
                 WORD_MAX_LENGTH, found, expected);
  cds_diag_suggest(nest->reader->diag, found, &expected, 1);
  return CDS_EINPUT;
}

static cds_status find_tensor(unsigned *out, const builder *nest,
                              const node_text *line, unsigned word) {
  const cds_einsum *einsum = nest->einsum;
  const char *known[CDS_TENSORS_MAX];
  const char *name = line->word[word];
  *out = cds_einsum_tensor(einsum, name);
  if (*out < einsum->tensors) {
    return CDS_OK;
  }
  for (unsigned tensor = 0; tensor < einsum->tensors; tensor++) {
    known[tensor] = einsum->tensor[tensor].name;
  }
  return unknown(nest, line, "tensor", word, known, einsum->tensors);
}

static cds_status find_rank(unsigned *out, const builder *nest,
                            const node_text *line, unsigned word) {
  const cds_einsum *einsum = nest->einsum;
  const char *known[CDS_RANKS_MAX];
  const char *name = line->word[word];
  *out = cds_einsum_rank(einsum, name);
  if (*out < einsum->ranks) {
    return CDS_OK;
  }
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    known[rank] = einsum->rank[rank].name;
  }
  return unknown(nest, line, "rank", word, known, einsum->ranks);
}

static cds_status find_level(unsigned *out, const builder *nest,
                             const node_text *line, unsigned word) {
  const cds_arch *arch = nest->arch;
  const char *known[CDS_LEVELS_MAX];
  const char *name = line->word[word];
  for (unsigned level = 0; level < arch->levels; level++) {
    known[level] = arch->level[level].name;
    if (strcmp(known[level], name) == 0) {
      *out = level;
      return CDS_OK;
    }
  }
  const char *compute = arch->compute.name;
  if ((compute != NULL && strcmp(compute, name) == 0) ||
      cds_arch_array(arch, name) < arch->arrays) {
    cds_diag_error(nest->reader->diag, line->place[word],
                   "'%s' is no level and holds nothing: expected a level",
                   name);
    cds_diag_suggest(nest->reader->diag, "", known, arch->levels);
    return CDS_EINPUT;
  }
  return unknown(nest, line, "level", word, known, arch->levels);
}

/* "PE" of a 1-D array, "PE.rows" of any. Array names may have dots. */
static bool match_fanout(cds_node *node, const cds_arch *arch, unsigned array,
                         const char *name) {
  const cds_array *which = &arch->array[array];
  const size_t length = strlen(which->name);
  if (strncmp(name, which->name, length) != 0) {
    return false;
  }
  node->array = array;
  if (name[length] == '\0') {
    node->axis = 0;
    return which->axes == 1;
  }
  if (name[length] != '.') {
    return false;
  }
  for (unsigned axis = 0; axis < which->axes; axis++) {
    if (strcmp(name + length + 1, which->axis_name[axis]) == 0) {
      node->axis = axis;
      return true;
    }
  }
  return false;
}

/* Words after which a mapping spreads: "PE", or "PE.rows" and "PE.cols". */
static cds_status fanout_names(const char **known, size_t *count,
                               const builder *nest, const cds_array *which) {
  for (unsigned axis = 0; axis < which->axes; axis++) {
    const char *name = which->name;
    if (which->axes > 1) {
      name = cds_arena_printf(nest->reader->arena, "%s.%s", which->name,
                              which->axis_name[axis]);
    }
    if (name == NULL) {
      return CDS_ENOMEM;
    }
    known[(*count)++] = name;
  }
  return CDS_OK;
}

static cds_status find_fanout(cds_node *node, const builder *nest,
                              const node_text *line, unsigned word) {
  const cds_arch *arch = nest->arch;
  const char *known[2 * CDS_ARRAYS_MAX];
  const char *name = line->word[word];
  size_t count = 0;
  for (unsigned array = 0; array < arch->arrays; array++) {
    const cds_array *which = &arch->array[array];
    if (match_fanout(node, arch, array, name)) {
      return CDS_OK;
    }
    if (strcmp(name, which->name) == 0) {
      cds_diag_error(nest->reader->diag, line->place[word],
                     "array '%s' has two axes: expected '%s.%s' or '%s.%s'",
                     name, name, which->axis_name[0], name,
                     which->axis_name[1]);
      return CDS_EINPUT;
    }
    CDS_TRY(fanout_names(known, &count, nest, which));
  }
  if (arch->arrays == 0) {
    cds_diag_error(nest->reader->diag, line->place[0],
                   "'spread' on '%s', which has no array: expected 'for'",
                   arch->name);
    return CDS_EINPUT;
  }
  return unknown(nest, line, "array", word, known, count);
}

static cds_status read_trips(uint64_t *out, const builder *nest,
                             const node_text *line, unsigned word) {
  const char *text = line->word[word];
  uint64_t value = 0;
  const char *at = text;
  while (*at >= '0' && *at <= '9' && value <= (UINT64_C(1) << 40)) {
    value = value * 10 + (uint64_t)(*at - '0');
    at++;
  }
  if (*at != '\0' || value == 0 || value > (UINT64_C(1) << 40)) {
    cds_diag_error(nest->reader->diag, line->place[word],
                   "'%.*s' in '%.*s': expected a whole number from 1 to 2^40",
                   WORD_MAX_LENGTH, text, WORD_MAX_LENGTH, line->item->text);
    return CDS_EINPUT;
  }
  *out = value;
  return CDS_OK;
}

/* `word`: what messages about the node point at. */
static cds_status add(builder *nest, const node_text *line, unsigned word,
                      const cds_node *node) {
  cds_mapping *mapping = &nest->mapping;
  if (mapping->nodes == CDS_NODES_MAX) {
    cds_diag_error(nest->reader->diag, line->place[0],
                   "mapping has more than %d nodes: expected fewer",
                   CDS_NODES_MAX);
    return CDS_ELIMIT;
  }
  nest->place[mapping->nodes] = line->place[word];
  mapping->node[mapping->nodes++] = *node;
  return CDS_OK;
}

static cds_status read_hold(builder *nest, const node_text *line) {
  if (line->words < 4) {
    return not_a_node(nest, line->item);
  }
  const unsigned last = line->words - 1;
  CDS_TRY(expect_word(nest, line, last - 1, "at"));
  cds_node node = {.kind = CDS_HOLD};
  CDS_TRY(find_level(&node.level, nest, line, last));
  for (unsigned word = 1; word < last - 1; word++) {
    CDS_TRY(find_tensor(&node.tensor, nest, line, word));
    CDS_TRY(add(nest, line, word, &node));
  }
  return CDS_OK;
}

static cds_status read_split(cds_split *out, const builder *nest,
                             const node_text *line, unsigned word) {
  const char *text = line->word[word];
  for (unsigned split = 0; split < CDS_SPLITS; split++) {
    if (strcmp(text, cds_split_word[split]) == 0) {
      *out = (cds_split)split;
      return CDS_OK;
    }
  }
  cds_diag_error(nest->reader->diag, line->place[word],
                 "'%.*s' after the array of a spread: expected 'balanced' "
                 "(which needs no word), 'contiguous' or 'cyclic'",
                 WORD_MAX_LENGTH, text);
  cds_diag_suggest(nest->reader->diag, text, cds_split_word, CDS_SPLITS);
  return CDS_EINPUT;
}

/* "length 16" at the end of a loop or a contiguous spread. */
static cds_status read_length(cds_node *node, const builder *nest,
                              const node_text *line) {
  const unsigned word = line->words - 2;
  CDS_TRY(expect_word(nest, line, word, "length"));
  CDS_TRY(read_trips(&node->length, nest, line, word + 1));
  if (node->kind == CDS_SPREAD && node->split != CDS_SPLIT_CONTIGUOUS) {
    cds_diag_error(nest->reader->diag, line->place[word],
                   "'length' of a spread that is not contiguous: expected "
                   "'contiguous length %llu', as other spreads deal out even "
                   "parts",
                   (unsigned long long)node->length);
    return CDS_EINPUT;
  }
  return CDS_OK;
}

static cds_status read_loop(builder *nest, const node_text *line,
                            cds_node_kind kind) {
  const bool spread = kind == CDS_SPREAD;
  const unsigned least = spread ? 5 : 3;
  const unsigned more = line->words < least ? 0 : line->words - least;
  const bool has_length = more >= 2;
  const bool has_split = spread && (more == 1 || more == 3);
  if (line->words < least || more > (spread ? 3U : 2U) ||
      (!spread && more == 1)) {
    return not_a_node(nest, line->item);
  }
  cds_node node = {.kind = kind};
  CDS_TRY(find_rank(&node.rank, nest, line, 1));
  CDS_TRY(read_trips(&node.trips, nest, line, 2));
  if (spread) {
    CDS_TRY(expect_word(nest, line, 3, "over"));
    CDS_TRY(find_fanout(&node, nest, line, 4));
  }
  if (has_split) {
    CDS_TRY(read_split(&node.split, nest, line, 5));
  }
  if (has_length) {
    CDS_TRY(read_length(&node, nest, line));
  }
  return add(nest, line, 2, &node);
}

static cds_status read_item(builder *nest, const cds_yaml *item) {
  static const char *const words[] = {"hold", "for", "spread"};
  node_text line = {0};
  if (item->kind != CDS_YAML_SCALAR) {
    cds_diag_error(nest->reader->diag, item->place,
                   "node of a mapping is not text: expected words such as 'for "
                   "k 4'");
    return CDS_EINPUT;
  }
  CDS_TRY(split(&line, nest, item));
  if (line.words > 0 && strcmp(line.word[0], words[0]) == 0) {
    return read_hold(nest, &line);
  }
  if (line.words > 0 && strcmp(line.word[0], words[1]) == 0) {
    return read_loop(nest, &line, CDS_FOR);
  }
  if (line.words > 0 && strcmp(line.word[0], words[2]) == 0) {
    return read_loop(nest, &line, CDS_SPREAD);
  }
  (void)not_a_node(nest, item);
  const char *near =
      line.words > 0 ? cds_nearest(line.word[0], words, 3) : NULL;
  if (near != NULL) {
    cds_diag_hint(nest->reader->diag, "did you mean '%s'?", near);
  }
  return CDS_EINPUT;
}

cds_place cds_mapping_hold_place(const cds_mapping_entry *entry,
                                 const char *level) {
  const size_t length = strlen(level);
  for (size_t i = 0; i < entry->nest->count; i++) {
    const cds_yaml *item = entry->nest->items[i];
    const char *text = item->kind == CDS_YAML_SCALAR ? item->text : "";
    size_t end = strlen(text);
    while (end > 0 && is_blank(text[end - 1])) {
      end--;
    }
    if (strncmp(text + strspn(text, " \t"), "hold", 4) == 0 && end > length &&
        is_blank(text[end - length - 1]) &&
        strncmp(text + end - length, level, length) == 0) {
      return cds_yaml_place(item, end - length);
    }
  }
  return entry->place;
}

/* Lengths that say what factors give anyway are not kept: the same nest has one
 * form. */
static void drop_lengths(cds_mapping *mapping, const cds_einsum *einsum) {
  uint64_t before[CDS_RANKS_MAX];
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    before[rank] = einsum->rank[rank].size;
  }
  for (unsigned at = 0; at < mapping->nodes; at++) {
    cds_node *node = &mapping->node[at];
    if (node->kind == CDS_HOLD) {
      continue;
    }
    const uint64_t length = cds_node_length(node, before[node->rank]);
    if (length == cds_ceil_div_u64(before[node->rank], node->trips)) {
      node->length = 0;
    }
    before[node->rank] = length;
  }
}

cds_status cds_mapping_read(cds_mapping *out, const cds_yaml *nest_node,
                            const cds_arch *arch, const cds_einsum *einsum,
                            const cds_reader *reader) {
  if (nest_node->kind != CDS_YAML_SEQUENCE) {
    cds_diag_error(reader->diag, nest_node->place,
                   "'nest' is not a list: expected nodes such as [hold A B at "
                   "DRAM, for k 4]");
    return CDS_EINPUT;
  }
  builder *nest = cds_arena_alloc(reader->arena, sizeof *nest);
  if (nest == NULL) {
    return CDS_ENOMEM;
  }
  nest->arch = arch;
  nest->einsum = einsum;
  nest->reader = reader;
  cds_status status = CDS_OK;
  for (size_t item = 0; item < nest_node->count; item++) {
    const cds_status one = read_item(nest, nest_node->items[item]);
    if (one != CDS_OK && one != CDS_EINPUT) {
      return one == CDS_ELIMIT ? CDS_EINPUT : one;
    }
    status = one != CDS_OK ? one : status;
  }
  CDS_TRY(status);
  const cds_mapping_places places = {nest_node->place, nest->place};
  CDS_TRY(
      cds_mapping_check(&nest->mapping, arch, einsum, &places, reader->diag));
  drop_lengths(&nest->mapping, einsum);
  *out = nest->mapping;
  return CDS_OK;
}
