/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Composes the tree from libyaml's events. The parser's own document API is
 * not used: it accepts duplicate keys and cyclic aliases, and expands nothing,
 * so that a walker of its tree can be made to run for ever.
 *
 * Nodes that wait for their collection to end lie on one stack; a frame
 * remembers where its collection started. Every node knows how many nodes and
 * levels a walker meets below it, so that following aliases stays in the
 * limits too.
 */
#include "yaml/yaml.h"

#include <stdint.h>
#include <string.h>

#include <yaml.h>

#include "yaml/internal.h"

enum { DEPTH_MAX = 64, NODES_MAX = 1000000 };

/* A node with what following it costs; the public part comes first. */
typedef struct node {
  cds_yaml public;
  size_t weight; /* nodes met by a walker, itself included */
  unsigned height;
} node;

typedef struct frame {
  node *collection;
  size_t start;  /* of its nodes on the stack */
  size_t anchor; /* index, or SIZE_MAX */
} frame;

typedef struct anchor {
  const char *name;
  cds_place place;
  node *node; /* NULL while its collection is open */
} anchor;

typedef struct cds_yaml_text {
  const char *text;
  size_t length;
  bool foreign;
} cds_yaml_text;

typedef struct composer {
  const char *name;
  cds_arena *arena;
  cds_diag *diag;
  bool foreign; /* tags and merge keys are taken */
  yaml_parser_t parser;
  frame frames[DEPTH_MAX];
  unsigned depth;
  const node **stack;
  size_t stacked, stack_room;
  anchor *anchors;
  size_t anchor_count, anchor_room;
  size_t nodes; /* counted as a walker meets them */
  node *root;
} composer;

static cds_place place_of(const composer *c, yaml_mark_t mark) {
  return (cds_place){c->name, (unsigned)mark.line + 1,
                     (unsigned)mark.column + 1};
}

/* Makes room for one more item. */
static bool grow(void **items, size_t *room, size_t used, size_t item_size) {
  if (used < *room) {
    return true;
  }
  const size_t wanted = *room > 0 ? *room * 2 : 64;
  void *const more = cds_realloc(*items, wanted * item_size);
  if (more == NULL) {
    return false;
  }
  *items = more;
  *room = wanted;
  return true;
}

static cds_status count_nodes(composer *c, size_t weight, cds_place place) {
  c->nodes += weight;
  if (c->nodes > NODES_MAX) {
    cds_diag_error(c->diag, place,
                   "more than 1000000 values when aliases are followed: "
                   "expected a smaller file");
    return CDS_EINPUT;
  }
  return CDS_OK;
}

static cds_status too_deep(const composer *c, cds_place place) {
  cds_diag_error(c->diag, place,
                 "nested too deeply: expected at most %d levels", DEPTH_MAX);
  return CDS_EINPUT;
}

/* Whether the next node is the key of a mapping. */
static bool at_key(const composer *c) {
  if (c->depth == 0) {
    return false;
  }
  const frame *const top = &c->frames[c->depth - 1];
  return top->collection->public.kind == CDS_YAML_MAPPING &&
         (c->stacked - top->start) % 2 == 0;
}

static void check_key(const composer *c, const cds_yaml *key) {
  if (key->kind != CDS_YAML_SCALAR) {
    cds_diag_error(c->diag, key->place,
                   "a key is a %s: expected a plain text as key",
                   key->kind == CDS_YAML_MAPPING ? "mapping" : "list");
  } else if (!c->foreign && !key->quoted && strcmp(key->text, "<<") == 0) {
    cds_diag_error(c->diag, key->place,
                   "merge key '<<': expected every key written out");
  }
}

/* Hands a finished node to the collection that is open, or makes it the root.
 */
static cds_status place_node(composer *c, node *item) {
  if (at_key(c)) {
    check_key(c, &item->public);
  }
  if (c->depth == 0) {
    c->root = item;
    return CDS_OK;
  }
  void *stack = c->stack;
  const bool room = grow(&stack, &c->stack_room, c->stacked, sizeof *c->stack);
  c->stack = stack;
  if (!room) {
    return CDS_ENOMEM;
  }
  c->stack[c->stacked++] = item;
  node *const parent = c->frames[c->depth - 1].collection;
  parent->weight += item->weight;
  if (parent->height < item->height + 1) {
    parent->height = item->height + 1;
  }
  return CDS_OK;
}

/* Remembers an anchor; a name given again means the later node. */
static cds_status add_anchor(composer *c, size_t *index, const char *name,
                             cds_place place, node *target) {
  *index = SIZE_MAX;
  if (name == NULL) {
    return CDS_OK;
  }
  void *anchors = c->anchors;
  const bool room =
      grow(&anchors, &c->anchor_room, c->anchor_count, sizeof *c->anchors);
  c->anchors = anchors;
  const char *const copy = room ? cds_arena_strdup(c->arena, name) : NULL;
  if (copy == NULL) {
    return CDS_ENOMEM;
  }
  *index = c->anchor_count++;
  c->anchors[*index] = (anchor){copy, place, target};
  return CDS_OK;
}

/* The tags that say what the node is anyway, and those of other tools. */
static cds_status take_tag(const composer *c, const char *tag, cds_yaml *n) {
  static const char *const known[][4] = {
      {"str", "int", "float", "bool"}, {"seq"}, {"map"}};
  static const char core[] = "tag:yaml.org,2002:";
  if (tag == NULL || strcmp(tag, "!") == 0) {
    return CDS_OK;
  }
  if (c->foreign && tag[0] == '!') {
    n->tag = cds_arena_strdup(c->arena, tag + 1);
    return n->tag != NULL ? CDS_OK : CDS_ENOMEM;
  }
  const bool is_core = strncmp(tag, core, sizeof core - 1) == 0;
  const char *const name = is_core ? tag + sizeof core - 1 : tag;
  for (size_t i = 0; is_core && i < 4; i++) {
    const char *const candidate = known[n->kind][i];
    if (candidate != NULL && strcmp(candidate, name) == 0) {
      return CDS_OK;
    }
  }
  cds_diag_error(c->diag, n->place, "tag '%s%.60s': expected no tag",
                 is_core ? "!!" : "", name);
  return CDS_OK;
}

static node *new_node(composer *c, cds_yaml_kind kind, yaml_mark_t mark) {
  node *const fresh = cds_arena_alloc(c->arena, sizeof *fresh);
  if (fresh != NULL) {
    fresh->public.kind = kind;
    fresh->public.place = place_of(c, mark);
    fresh->weight = 1;
  }
  return fresh;
}

static size_t characters(const char *text, size_t length) {
  size_t count = 0;
  for (size_t i = 0; i < length; i++) {
    count += ((unsigned char)text[i] & 0xC0) != 0x80;
  }
  return count;
}

/* Whether the text stands in the file as it is, between quotes if any. */
static bool is_verbatim(const yaml_event_t *event) {
  const yaml_scalar_style_t style = event->data.scalar.style;
  const size_t quotes = style == YAML_PLAIN_SCALAR_STYLE ? 0 : 2;
  const yaml_mark_t start = event->start_mark;
  const yaml_mark_t end = event->end_mark;
  return start.line == end.line &&
         end.column - start.column ==
             quotes + characters((const char *)event->data.scalar.value,
                                 event->data.scalar.length);
}

static cds_status add_scalar(composer *c, const yaml_event_t *event) {
  node *const fresh = new_node(c, CDS_YAML_SCALAR, event->start_mark);
  if (fresh == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(count_nodes(c, 1, fresh->public.place));
  const char *const text = (const char *)event->data.scalar.value;
  const char *const tag = (const char *)event->data.scalar.tag;
  const size_t length = event->data.scalar.length;
  fresh->public.quoted =
      event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || tag != NULL;
  fresh->public.verbatim = is_verbatim(event);
  fresh->public.text = cds_arena_strndup(c->arena, text, length);
  if (fresh->public.text == NULL) {
    return CDS_ENOMEM;
  }
  if (memchr(text, '\0', length) != NULL) {
    cds_diag_error(c->diag, fresh->public.place,
                   "text with a NUL character: expected printable text");
  }
  CDS_TRY(take_tag(c, tag, &fresh->public));
  size_t index = 0;
  CDS_TRY(add_anchor(c, &index, (const char *)event->data.scalar.anchor,
                     fresh->public.place, fresh));
  return place_node(c, fresh);
}

static cds_status open_collection(composer *c, const yaml_event_t *event) {
  const bool mapping = event->type == YAML_MAPPING_START_EVENT;
  node *const fresh = new_node(
      c, mapping ? CDS_YAML_MAPPING : CDS_YAML_SEQUENCE, event->start_mark);
  if (fresh == NULL) {
    return CDS_ENOMEM;
  }
  if (c->depth == DEPTH_MAX) {
    return too_deep(c, fresh->public.place);
  }
  CDS_TRY(count_nodes(c, 1, fresh->public.place));
  const yaml_char_t *const tag =
      mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag;
  const yaml_char_t *const name = mapping ? event->data.mapping_start.anchor
                                          : event->data.sequence_start.anchor;
  CDS_TRY(take_tag(c, (const char *)tag, &fresh->public));
  frame *const top = &c->frames[c->depth];
  top->collection = fresh;
  top->start = c->stacked;
  CDS_TRY(add_anchor(c, &top->anchor, (const char *)name, fresh->public.place,
                     NULL));
  c->depth++;
  return CDS_OK;
}

/* Moves the nodes of the open collection from the stack into the arena. */
static cds_status close_collection(composer *c) {
  c->depth--;
  const frame *const top = &c->frames[c->depth];
  node *const done = top->collection;
  const size_t parts = done->public.kind == CDS_YAML_MAPPING ? 2 : 1;
  const size_t count = (c->stacked - top->start) / parts;
  const cds_yaml **const items =
      cds_arena_array(c->arena, count, sizeof *items);
  const cds_yaml **const keys =
      parts == 2 ? cds_arena_array(c->arena, count, sizeof *keys) : NULL;
  if (items == NULL || (parts == 2 && keys == NULL)) {
    return CDS_ENOMEM;
  }
  /* An empty collection may find no stack at all. */
  const node *const *next = count > 0 ? c->stack + top->start : NULL;
  for (size_t i = 0; i < count; i++) {
    if (keys != NULL) {
      keys[i] = &(*next++)->public;
    }
    items[i] = &(*next++)->public;
  }
  done->public.count = count;
  done->public.items = items;
  done->public.keys = keys;
  c->stacked = top->start;
  if (top->anchor != SIZE_MAX) {
    c->anchors[top->anchor].node = done;
  }
  if (keys != NULL) {
    CDS_TRY(cds_yaml_duplicates(&done->public, c->diag));
  }
  if (keys != NULL && c->foreign) {
    CDS_TRY(cds_yaml_merge(&done->public, c->arena, c->diag));
  }
  return place_node(c, done);
}

static cds_status add_alias(composer *c, const yaml_event_t *event) {
  const char *const name = (const char *)event->data.alias.anchor;
  const cds_place place = place_of(c, event->start_mark);
  const anchor *found = NULL;
  for (size_t i = c->anchor_count; i > 0 && found == NULL; i--) {
    if (strcmp(c->anchors[i - 1].name, name) == 0) {
      found = &c->anchors[i - 1];
    }
  }
  if (found == NULL) {
    cds_diag_error(c->diag, place,
                   "unknown alias '*%.60s': expected an anchor '&%.60s' above",
                   name, name);
    return CDS_EINPUT;
  }
  if (found->node == NULL) {
    cds_diag_error(c->diag, place,
                   "alias '*%.60s' stands inside its own value: expected no "
                   "cycle",
                   name);
    cds_diag_note(c->diag, found->place, "the value starts here");
    return CDS_EINPUT;
  }
  if (c->depth + found->node->height > DEPTH_MAX) {
    return too_deep(c, place);
  }
  CDS_TRY(count_nodes(c, found->node->weight, place));
  return place_node(c, found->node);
}

/* Line and column of a byte of the input. */
static cds_place place_of_byte(const composer *c, const char *text,
                               size_t offset) {
  cds_place place = {c->name, 1, 1};
  for (size_t i = 0; i < offset; i++) {
    if (text[i] == '\n') {
      place.line++;
      place.column = 1;
    } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
      place.column++;
    }
  }
  return place;
}

static cds_status parser_error(const composer *c, const char *text,
                               size_t length) {
  const yaml_parser_t *const p = &c->parser;
  const char *const problem = p->problem != NULL ? p->problem : "syntax error";
  if (p->error == YAML_MEMORY_ERROR) {
    return CDS_ENOMEM;
  }
  if (p->error == YAML_READER_ERROR) {
    const size_t offset =
        p->problem_offset < length ? p->problem_offset : length;
    cds_diag_error(c->diag, place_of_byte(c, text, offset),
                   "%s: expected text in UTF-8", problem);
    return CDS_EINPUT;
  }
  cds_diag_error(c->diag, place_of(c, p->problem_mark),
                 "%s: expected valid YAML", problem);
  if (p->context != NULL) {
    cds_diag_note(c->diag, place_of(c, p->context_mark), "%s", p->context);
  }
  return CDS_EINPUT;
}

static cds_status take_event(composer *c, const yaml_event_t *event) {
  switch (event->type) {
  case YAML_SCALAR_EVENT:
    return add_scalar(c, event);
  case YAML_ALIAS_EVENT:
    return add_alias(c, event);
  case YAML_SEQUENCE_START_EVENT:
  case YAML_MAPPING_START_EVENT:
    return open_collection(c, event);
  case YAML_SEQUENCE_END_EVENT:
  case YAML_MAPPING_END_EVENT:
    return close_collection(c);
  case YAML_DOCUMENT_START_EVENT:
    if (c->root != NULL) {
      cds_diag_error(c->diag, place_of(c, event->start_mark),
                     "a second document: expected one document a file");
      return CDS_EINPUT;
    }
    return CDS_OK;
  case YAML_NO_EVENT:
  case YAML_STREAM_START_EVENT:
  case YAML_STREAM_END_EVENT:
  case YAML_DOCUMENT_END_EVENT:
    break;
  }
  return CDS_OK;
}

static cds_status compose(composer *c, const char *text, size_t length) {
  for (bool done = false; !done;) {
    yaml_event_t event;
    if (!yaml_parser_parse(&c->parser, &event)) {
      return parser_error(c, text, length);
    }
    const cds_status status = take_event(c, &event);
    done = event.type == YAML_STREAM_END_EVENT;
    yaml_event_delete(&event);
    CDS_TRY(status);
  }
  const cds_yaml *const root = c->root != NULL ? &c->root->public : NULL;
  const bool empty = root == NULL || (root->kind == CDS_YAML_SCALAR &&
                                      !root->quoted && root->text[0] == '\0');
  if (empty) {
    cds_diag_error(c->diag, (cds_place){.file = c->name},
                   "nothing in it: expected a YAML document");
    return CDS_EINPUT;
  }
  return CDS_OK;
}

static cds_status read_text(const cds_yaml **out, const char *name,
                            const cds_yaml_text *from, cds_arena *arena,
                            cds_diag *diag) {
  const char *const text = from->text;
  const size_t length = from->length;
  const char *const file = cds_arena_strdup(arena, name);
  if (file == NULL) {
    return CDS_ENOMEM;
  }
  if (length > CDS_YAML_SIZE_MAX) {
    cds_diag_error(diag, (cds_place){.file = file},
                   "larger than 16 MiB: expected a smaller file");
    return CDS_EINPUT;
  }
  composer c = {
      .name = file, .arena = arena, .diag = diag, .foreign = from->foreign};
  if (!yaml_parser_initialize(&c.parser)) {
    return CDS_ENOMEM;
  }
  yaml_parser_set_input_string(&c.parser, (const yaml_char_t *)text, length);
  const size_t errors = cds_diag_errors(diag);
  cds_status status = compose(&c, text, length);
  yaml_parser_delete(&c.parser);
  cds_free(c.stack);
  cds_free(c.anchors);
  if (status == CDS_OK && cds_diag_errors(diag) > errors) {
    status = CDS_EINPUT;
  }
  if (status == CDS_OK) {
    *out = &c.root->public;
  }
  return status;
}

cds_status cds_yaml_read_text(const cds_yaml **out, const char *name,
                              const char *text, size_t length, cds_arena *arena,
                              cds_diag *diag) {
  const cds_yaml_text from = {text, length, false};
  return read_text(out, name, &from, arena, diag);
}

cds_status cds_yaml_read_foreign(const cds_yaml **out, const char *name,
                                 const char *text, size_t length,
                                 cds_arena *arena, cds_diag *diag) {
  const cds_yaml_text from = {text, length, true};
  return read_text(out, name, &from, arena, diag);
}

cds_place cds_yaml_place(const cds_yaml *scalar, size_t offset) {
  cds_place place = scalar->place;
  if (scalar->verbatim) {
    place.column +=
        (scalar->quoted ? 1U : 0U) + (unsigned)characters(scalar->text, offset);
  }
  return place;
}

const cds_yaml *cds_yaml_get(const cds_yaml *mapping, const char *key) {
  for (size_t i = 0; mapping->keys != NULL && i < mapping->count; i++) {
    if (strcmp(mapping->keys[i]->text, key) == 0) {
      return mapping->items[i];
    }
  }
  return NULL;
}
