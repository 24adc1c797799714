/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Factors, orders and parts in use, as constraints write them. */
#include <string.h>

#include "base/text.h"
#include "spec/constraints_keys.h"

#define FACTOR_HIGH (UINT64_C(1) << 40)

static const char others[] = "others";
static const char gap[] = "...";

/* What is left of a scalar from a byte on. */
static cds_yaml rest_of(const cds_yaml *node, const char *from) {
  cds_yaml rest = *node;
  rest.place = cds_yaml_place(node, (size_t)(from - node->text));
  rest.text = from;
  return rest;
}

static const char *skip_blanks(const char *at) { return at + strspn(at, " "); }

static cds_status read_count(uint64_t *out, const cds_yaml *node,
                             const char *from, const char *what,
                             const cds_reader *reader) {
  const cds_yaml rest = rest_of(node, skip_blanks(from));
  return cds_schema_count(out, 1, FACTOR_HIGH, &rest, what, reader);
}

/* "2 to 8": the place of the word between blanks, or NULL. */
static const char *find_to(const char *text) {
  const char *at = strstr(text, " to ");
  return at != NULL && at != text ? at : NULL;
}

/* Reads "4", "<= 16", ">= 2", "2 to 8", "full" or "any". */
static cds_status read_factor(cds_factor *out, const cds_yaml *node,
                              const char *what, const cds_reader *reader) {
  *out = (cds_factor){.least = 1, .most = UINT64_MAX};
  const char *text = node->kind == CDS_YAML_SCALAR ? node->text : "";
  if (strcmp(text, "any") == 0) {
    return CDS_OK;
  }
  if (strcmp(text, "full") == 0) {
    out->full = true;
    return CDS_OK;
  }
  if (strspn(text, "0123456789$(<>") == 0) {
    cds_diag_error(reader->diag, node->place,
                   "%s is no factor: expected one such as 4, <= 16, '>= 2', 2 "
                   "to 8, full or any",
                   what);
    return CDS_EINPUT;
  }
  if (strncmp(text, "<=", 2) == 0) {
    return read_count(&out->most, node, text + 2, what, reader);
  }
  if (strncmp(text, ">=", 2) == 0) {
    return read_count(&out->least, node, text + 2, what, reader);
  }
  const char *to = find_to(text);
  if (to == NULL) {
    CDS_TRY(read_count(&out->least, node, text, what, reader));
    out->most = out->least;
    return CDS_OK;
  }
  const char *first =
      cds_arena_strndup(reader->arena, text, (size_t)(to - text));
  if (first == NULL) {
    return CDS_ENOMEM;
  }
  cds_yaml low = *node;
  low.text = first;
  CDS_TRY(cds_schema_count(&out->least, 1, FACTOR_HIGH, &low, what, reader));
  CDS_TRY(read_count(&out->most, node, to + 4, what, reader));
  if (out->least > out->most) {
    cds_diag_error(reader->diag, node->place,
                   "%s is '%s': expected the smaller number first", what, text);
    return CDS_EINPUT;
  }
  return CDS_OK;
}

static cds_status read_rank(const char **out, const cds_yaml *node,
                            const cds_reader *reader) {
  return cds_schema_name(out, node, "rank", reader);
}

/* No rank twice in a list. */
static cds_status check_once(const char *const *list, size_t count,
                             const cds_yaml *node, const cds_reader *reader) {
  for (size_t i = 0; i + 1 < count; i++) {
    if (strcmp(list[i], list[count - 1]) == 0) {
      cds_diag_error(reader->diag, node->place,
                     "rank '%s' is named twice: expected it once", list[i]);
      return CDS_EINPUT;
    }
  }
  return CDS_OK;
}

static bool add_factor(cds_constraint_reader *it, cds_constraint made,
                       const char *name, const cds_factor *factor,
                       const char *text, const char *where) {
  made.name = name;
  made.factor = *factor;
  made.text = cds_arena_printf(it->reader->arena, "%s: %s %s",
                               name == NULL ? others : name, text, where);
  return made.text != NULL && cds_constraint_add(it, made);
}

/* [k, n]: the others have none. */
static cds_status read_only(cds_constraint_reader *it, const cds_yaml *node,
                            cds_constraint made, const char *where) {
  const cds_reader *reader = it->reader;
  const cds_factor one = {.least = 1, .most = 1};
  const char *text = "";
  made.list = cds_arena_array(reader->arena, node->count + 1, sizeof(char *));
  if (made.list == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < node->count; i++) {
    CDS_TRY(read_rank(&made.list[made.listed], node->items[i], reader));
    made.listed++;
    CDS_TRY(check_once(made.list, made.listed, node->items[i], reader));
    text = cds_arena_printf(reader->arena, "%s%s%s", text, i > 0 ? ", " : "",
                            made.list[i]);
  }
  made.place = node->place;
  made.factor = one;
  made.text = cds_arena_printf(reader->arena, "only [%s] %s", text, where);
  return made.text != NULL && cds_constraint_add(it, made) ? CDS_OK
                                                           : CDS_ENOMEM;
}

cds_status cds_constraint_factors(cds_constraint_reader *it,
                                  const cds_yaml *node, cds_constraint made,
                                  const char *where) {
  const cds_reader *reader = it->reader;
  if (node->kind == CDS_YAML_SEQUENCE) {
    return read_only(it, node, made, where);
  }
  if (node->kind != CDS_YAML_MAPPING) {
    cds_diag_error(reader->diag, node->place,
                   "factors are no mapping: expected {k: 4, n: <= 16} or a "
                   "list of ranks");
    return CDS_EINPUT;
  }
  made.list = cds_arena_array(reader->arena, node->count + 1, sizeof(char *));
  if (made.list == NULL) {
    return CDS_ENOMEM;
  }
  cds_status status = CDS_OK;
  for (size_t i = 0; i < node->count; i++) {
    if (strcmp(node->keys[i]->text, others) != 0) {
      const cds_status one =
          read_rank(&made.list[made.listed], node->keys[i], reader);
      status = one != CDS_OK ? one : status;
      made.listed += one == CDS_OK ? 1 : 0;
    }
  }
  CDS_TRY(status);
  for (size_t i = 0; i < node->count; i++) {
    const char *name = node->keys[i]->text;
    const char *what =
        cds_arena_printf(reader->arena, "'%s' in a constraint", name);
    cds_factor factor;
    if (what == NULL) {
      return CDS_ENOMEM;
    }
    const cds_status one = read_factor(&factor, node->items[i], what, reader);
    if (one != CDS_OK) {
      status = one;
      continue;
    }
    made.place = node->keys[i]->place;
    if (!add_factor(it, made, strcmp(name, others) == 0 ? NULL : name, &factor,
                    node->items[i]->text, where)) {
      return CDS_ENOMEM;
    }
  }
  return status;
}

/* ---- orders ---------------------------------------------------------- */

typedef struct order_text {
  const char *text;
  size_t ranks;
  const char *rank[2 * CDS_RANKS_MAX];
  bool gap;
} order_text;

static cds_status add_rank(order_text *all, cds_order_part *part,
                           const cds_yaml *node, const cds_reader *reader) {
  const char *name = NULL;
  if (all->ranks == 2 * (size_t)CDS_RANKS_MAX) {
    cds_diag_error(reader->diag, node->place,
                   "'order' has too many ranks: expected at most %d",
                   2 * CDS_RANKS_MAX);
    return CDS_EINPUT;
  }
  CDS_TRY(read_rank(&name, node, reader));
  all->rank[all->ranks++] = name;
  CDS_TRY(check_once(all->rank, all->ranks, node, reader));
  part->rank[part->ranks++] = name;
  return CDS_OK;
}

/* A rank, "..." or a list of ranks. */
static cds_status read_part(order_text *all, cds_order_part *part,
                            const cds_yaml *node, const cds_reader *reader) {
  const bool list = node->kind == CDS_YAML_SEQUENCE;
  part->rank = cds_arena_array(reader->arena, list ? node->count + 1 : 1,
                               sizeof(char *));
  if (part->rank == NULL) {
    return CDS_ENOMEM;
  }
  if (node->kind == CDS_YAML_SCALAR && strcmp(node->text, gap) == 0) {
    if (all->gap) {
      cds_diag_error(reader->diag, node->place,
                     "'...' stands twice in 'order': expected it once");
      return CDS_EINPUT;
    }
    all->gap = part->others = true;
    all->text = cds_arena_printf(reader->arena, "%s, ...", all->text);
    return all->text == NULL ? CDS_ENOMEM : CDS_OK;
  }
  for (size_t i = 0; list && i < node->count; i++) {
    CDS_TRY(add_rank(all, part, node->items[i], reader));
    all->text = cds_arena_printf(reader->arena, "%s%s%s", all->text,
                                 i == 0 ? ", [" : ", ", part->rank[i]);
  }
  if (!list) {
    CDS_TRY(add_rank(all, part, node, reader));
  }
  all->text = list ? cds_arena_printf(reader->arena, "%s]", all->text)
                   : cds_arena_printf(reader->arena, "%s, %s", all->text,
                                      part->rank[0]);
  return all->text == NULL ? CDS_ENOMEM : CDS_OK;
}

cds_status cds_constraint_order(cds_constraint_reader *it,
                                const cds_yaml *node) {
  const cds_reader *reader = it->reader;
  if (node->kind != CDS_YAML_SEQUENCE || node->count == 0) {
    cds_diag_error(reader->diag, node->place,
                   "'order' is no list of ranks: expected one such as [m, k] "
                   "or [..., k], outermost first");
    return CDS_EINPUT;
  }
  order_text all = {.text = ""};
  cds_constraint made = it->head;
  made.kind = CDS_CONSTRAINT_ORDER;
  made.place = node->place;
  made.part = cds_arena_array(reader->arena, node->count, sizeof *made.part);
  if (made.part == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < node->count; i++) {
    CDS_TRY(read_part(&all, &made.part[i], node->items[i], reader));
    made.parts++;
  }
  made.text = cds_arena_printf(reader->arena, "order [%s] above %s",
                               all.text + 2, it->target);
  return made.text != NULL && cds_constraint_add(it, made) ? CDS_OK
                                                           : CDS_ENOMEM;
}

/* ---- utilisation ------------------------------------------------------ */

cds_status cds_constraint_utilisation(cds_constraint_reader *it,
                                      const cds_yaml *node) {
  const cds_reader *reader = it->reader;
  cds_constraint made = it->head;
  cds_quantity part = {.value = -1};
  if (node->kind == CDS_YAML_SCALAR && strncmp(node->text, ">=", 2) == 0) {
    const cds_yaml rest = rest_of(node, skip_blanks(node->text + 2));
    CDS_TRY(
        cds_schema_quantity(&part, CDS_DIM_NONE, &rest, "utilisation", reader));
  }
  if (!(part.value >= 0 && part.value <= 1)) {
    cds_diag_error(reader->diag, node->place,
                   "'utilisation' is no least part of an array: expected one "
                   "such as '>= 0.5' or '>= 50 %%'");
    return CDS_EINPUT;
  }
  made.kind = CDS_CONSTRAINT_UTILISATION;
  made.place = node->place;
  made.utilisation = part.value;
  made.text = cds_arena_printf(reader->arena, "utilisation %s of %s",
                               node->text, it->target);
  return made.text != NULL && cds_constraint_add(it, made) ? CDS_OK
                                                           : CDS_ENOMEM;
}
