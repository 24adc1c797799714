/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Directives: of mappings, and the like ones of constraints. */
#include <string.h>

#include "base/checked.h"
#include "import/timeloop.h"

enum { TEXT_SHOWN = 60 };

static cds_tl_type type_of(const char *text) {
  static const struct {
    const char *name;
    cds_tl_type type;
  } known[] = {{"temporal", CDS_TL_TEMPORAL}, {"Temporal", CDS_TL_TEMPORAL},
               {"spatial", CDS_TL_SPATIAL},   {"Spatial", CDS_TL_SPATIAL},
               {"datatype", CDS_TL_STORAGE},  {"dataspace", CDS_TL_STORAGE},
               {"bypass", CDS_TL_STORAGE},    {"bypassing", CDS_TL_STORAGE},
               {"Dataspace", CDS_TL_STORAGE}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(known[i].name, text) == 0) {
      return known[i].type;
    }
  }
  return CDS_TL_OTHER;
}

static bool read_target(cds_tl_directive *out, cds_tl *it,
                        const cds_yaml *node) {
  const cds_yaml *target = cds_tl_get(node, "target", "name");
  const char *text =
      target == NULL ? NULL : cds_tl_text(it, target, "'target'");
  if (text == NULL) {
    cds_tl_error(it, node->place, "no 'target': expected a component");
    return false;
  }
  uint64_t instances = 1;
  const char *plain = cds_tl_strip(&instances, it, text, target->place);
  const char *dot = strrchr(plain, '.');
  const char *known[CDS_TL_COMPONENTS_MAX];
  for (unsigned c = 0; c + 1 < it->components; c++) {
    known[c] = it->component[c].foreign;
    if (strcmp(known[c], plain) == 0 ||
        strcmp(it->component[c].path, plain) == 0 ||
        (dot != NULL && strcmp(known[c], dot + 1) == 0)) {
      out->component = c;
      return true;
    }
  }
  cds_tl_error(it, target->place,
               "'%.*s' is no memory of the architecture: expected one",
               TEXT_SHOWN, text);
  cds_diag_suggest(it->reader->diag, plain, known, it->components - 1);
  return false;
}

static unsigned read_spaces(cds_tl *it, const cds_yaml *node) {
  unsigned mask = 0;
  const char *known[CDS_TL_SPACES_MAX];
  for (unsigned s = 0; s < CDS_TL_SPACES_MAX; s++) {
    known[s] = s < it->spaces ? it->space[s].name : "";
  }
  for (size_t i = 0; node != NULL && i < cds_tl_items(node); i++) {
    const cds_yaml *item = cds_tl_item(node, i);
    const char *text = cds_tl_text(it, item, "a data space");
    unsigned s = 0;
    while (text != NULL && s < it->spaces && strcmp(known[s], text) != 0) {
      s++;
    }
    if (text != NULL && s == it->spaces) {
      cds_tl_error(it, item->place,
                   "'%.*s' is no data space of the problem: expected one",
                   TEXT_SHOWN, text);
      cds_diag_suggest(it->reader->diag, text, known, it->spaces);
    }
    mask |= s < it->spaces ? 1U << s : 0U;
  }
  return mask;
}

/* Reuse that is forbidden; our counts have no such thing. */
static void check_reuse(cds_tl *it, const cds_yaml *node) {
  const cds_yaml *no_reuse = cds_tl_get(node, "no_reuse", NULL);
  if (no_reuse != NULL && read_spaces(it, no_reuse) != 0) {
    cds_tl_error(it, no_reuse->place,
                 "'no_reuse' is not imported: expected an empty list");
  }
}

static void read_split(cds_tl_directive *out, cds_tl *it,
                       const cds_yaml *node) {
  const cds_yaml *split = cds_tl_get(node, "split", NULL);
  double value = 0.0;
  out->split = UINT64_MAX;
  if (split != NULL && cds_tl_number(&value, it, split, "'split'")) {
    out->split = value < 1e6 ? (uint64_t)value : 1000000;
  }
}

bool cds_tl_read_directive(cds_tl_directive *out, cds_tl *it,
                           const cds_yaml *node, bool constraint) {
  static const char *const keys[] = {
      "bypass",      "factors", "keep",   "name", "no_reuse",
      "permutation", "split",   "target", "type", NULL};
  if (node->kind != CDS_YAML_MAPPING) {
    cds_tl_error(it, node->place,
                 "a directive is no mapping: expected target and type");
    return false;
  }
  *out = (cds_tl_directive){.place = node->place};
  const cds_yaml *type = cds_tl_get(node, "type", NULL);
  const char *text = type != NULL ? cds_tl_text(it, type, "'type'") : node->tag;
  if (!read_target(out, it, node)) {
    return false;
  }
  out->type = text == NULL ? CDS_TL_OTHER : type_of(text);
  if (out->type == CDS_TL_OTHER) {
    cds_tl_error(it, type != NULL ? type->place : node->place,
                 "type '%.*s' of a %s is not imported: expected temporal, "
                 "spatial or datatype",
                 TEXT_SHOWN, text == NULL ? "" : text,
                 constraint ? "constraint" : "directive");
    return false;
  }
  cds_tl_only(it, node, keys, constraint ? "a constraint" : "a directive");
  const cds_yaml *factors = cds_tl_get(node, "factors", NULL);
  const cds_yaml *order = cds_tl_get(node, "permutation", NULL);
  if (factors != NULL) {
    cds_tl_read_factors(&out->loops, it, factors);
  }
  if (order != NULL) {
    cds_tl_read_order(&out->loops, it, order);
  }
  read_split(out, it, node);
  check_reuse(it, node);
  out->keep = read_spaces(it, cds_tl_get(node, "keep", NULL));
  out->bypass = read_spaces(it, cds_tl_get(node, "bypass", NULL));
  if ((out->keep & out->bypass) != 0) {
    cds_tl_error(it, node->place,
                 "a data space is kept and bypassed: expected one");
  }
  return true;
}

/* ---- the mapping -------------------------------------------------------- */

static const cds_tl_directive *find(const cds_tl *it, unsigned component,
                                    cds_tl_type type) {
  for (unsigned d = 0; d < it->directives; d++) {
    if (it->directive[d].component == component &&
        it->directive[d].type == type) {
      return &it->directive[d];
    }
  }
  return NULL;
}

/* Dimensions that the permutation leaves out come after it. */
static void complete_order(const cds_tl *it, cds_tl_loops *loops) {
  for (unsigned dim = 0; dim < it->dims; dim++) {
    unsigned at = 0;
    while (at < loops->ordered && loops->order[at] != dim) {
      at++;
    }
    if (at == loops->ordered) {
      loops->order[loops->ordered++] = dim;
    }
  }
}

/* The last passes that a factor says are those that its size gives: digit by
 * digit of the last index, the bounds being the radix, inner to outer. */
static void check_dim(cds_tl *it, unsigned dim) {
  uint64_t last = it->size[dim] - 1;
  uint64_t product = 1;
  for (unsigned c = it->components - 1; c-- > 0;) {
    for (unsigned t = 0; t < 2; t++) {
      const cds_tl_directive *at =
          find(it, c, t == 0 ? CDS_TL_SPATIAL : CDS_TL_TEMPORAL);
      if (at == NULL || !at->loops.factor[dim].given) {
        continue;
      }
      const cds_tl_factor *factor = &at->loops.factor[dim];
      const uint64_t pass = last % factor->bound + 1;
      if (!cds_mul_u64(&product, product, factor->bound)) {
        product = UINT64_MAX;
      }
      last /= factor->bound;
      if (factor->residual != 0 && factor->residual != pass) {
        cds_tl_error(it, at->place,
                     "the last pass of '%s' is %llu: expected %llu, which its "
                     "size of %llu gives",
                     it->dim[dim], (unsigned long long)factor->residual,
                     (unsigned long long)pass,
                     (unsigned long long)it->size[dim]);
        return;
      }
    }
  }
  if (last != 0) {
    cds_tl_error(it, it->mapping->place,
                 "factors of '%s' have the product %llu: expected its size, "
                 "%llu",
                 it->dim[dim], (unsigned long long)product,
                 (unsigned long long)it->size[dim]);
  }
}

static void add(cds_tl *it, const cds_tl_directive *one) {
  if (it->directives == CDS_TL_DIRECTIVES_MAX) {
    cds_tl_error(it, one->place, "more than %d directives: expected fewer",
                 CDS_TL_DIRECTIVES_MAX);
    return;
  }
  const cds_tl_directive *before = find(it, one->component, one->type);
  if (before != NULL) {
    cds_tl_error(it, one->place,
                 "a second directive of its type for '%s': expected one",
                 it->component[one->component].foreign);
    cds_diag_note(it->reader->diag, before->place, "the first stands here");
    return;
  }
  cds_tl_directive *to = &it->directive[it->directives++];
  *to = *one;
  complete_order(it, &to->loops);
  for (unsigned dim = 0; dim < it->dims; dim++) {
    cds_tl_factor *factor = &to->loops.factor[dim];
    if (factor->given && factor->bound == 0) {
      factor->bound = it->size[dim];
    }
    if (factor->sense != CDS_TL_EXACT) {
      cds_tl_error(it, one->place,
                   "a range of factors in a mapping: expected one value");
    }
  }
}

static void check_outermost(cds_tl *it) {
  const cds_tl_directive *kept = find(it, 0, CDS_TL_STORAGE);
  if (kept != NULL && kept->bypass != 0) {
    cds_tl_error(it, kept->place,
                 "the outermost memory '%s' is bypassed: expected it to keep "
                 "all data spaces",
                 it->component[0].foreign);
  }
}

void cds_tl_read_mapping(cds_tl *it) {
  if (it->mapping->kind != CDS_YAML_SEQUENCE) {
    cds_tl_error(it, it->mapping->place,
                 "'mapping' is no list: expected directives");
    return;
  }
  for (size_t i = 0; i < it->mapping->count; i++) {
    cds_tl_directive one;
    if (cds_tl_read_directive(&one, it, it->mapping->items[i], false)) {
      add(it, &one);
    }
  }
  if (it->wrong) {
    return;
  }
  check_outermost(it);
  for (unsigned dim = 0; dim < it->dims; dim++) {
    check_dim(it, dim);
  }
}
