/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Timeloop's constraints: roots to one directive of each type for a target. */
#include <string.h>

#include "import/timeloop_constraints.h"

static bool has_factors(const cds_tl_loops *loops) {
  bool any = false;
  for (unsigned dim = 0; dim < CDS_TL_DIMS_MAX; dim++) {
    any = any || loops->factor[dim].given;
  }
  return any;
}

/* Keys that say nothing with this type would be lost. */
static void check_keys(cds_tl *it, const cds_tl_directive *one) {
  const char *key = NULL;
  if (one->type == CDS_TL_STORAGE) {
    key = has_factors(&one->loops) ? "factors"
          : one->loops.ordered > 0 ? "permutation"
                                   : NULL;
  } else if ((one->keep | one->bypass) != 0) {
    key = one->keep != 0 ? "keep" : "bypass";
  }
  if (one->type != CDS_TL_SPATIAL && one->split != UINT64_MAX) {
    key = "split";
  }
  if (key != NULL) {
    cds_tl_error(it, one->place,
                 "'%s' in a constraint of this type is not imported: expected "
                 "none",
                 key);
  }
  if (one->component == 0 && one->bypass != 0) {
    cds_tl_error(it, one->place,
                 "the outermost memory '%s' is bypassed: expected it to keep "
                 "all data spaces",
                 it->component[0].foreign);
  }
}

/* Factors above the size are the size, as Timeloop has it. */
static void cut_factors(cds_tl *it, cds_tl_directive *one) {
  for (unsigned dim = 0; dim < it->dims; dim++) {
    cds_tl_factor *factor = &one->loops.factor[dim];
    if (factor->given && factor->sense == CDS_TL_EXACT &&
        factor->residual == 0 && factor->bound > it->size[dim]) {
      cds_diag_warning(it->reader->diag, one->place,
                       "factor %llu of '%s' is taken for its size, %llu",
                       (unsigned long long)factor->bound, it->dim[dim],
                       (unsigned long long)it->size[dim]);
      factor->bound = it->size[dim];
    }
  }
}

static void check_factors(cds_tl *it, const cds_tl_directive *one) {
  for (unsigned dim = 0; dim < it->dims; dim++) {
    const cds_tl_factor *factor = &one->loops.factor[dim];
    const uint64_t size = it->size[dim];
    const uint64_t value = factor->bound == 0 ? size : factor->bound;
    if (!factor->given || !it->used[dim]) {
      continue;
    }
    if (factor->residual != 0 && factor->residual != factor->bound) {
      cds_tl_error(it, one->place,
                   "a last pass of '%s' of its own in a constraint: expected "
                   "passes of one size",
                   it->dim[dim]);
    } else if (factor->sense == CDS_TL_EXACT && size % value != 0) {
      cds_tl_error(it, one->place,
                   "factor %llu of '%s': expected a divisor of its size, %llu",
                   (unsigned long long)value, it->dim[dim],
                   (unsigned long long)size);
    } else if (factor->sense == CDS_TL_LEAST && value > size) {
      cds_tl_error(it, one->place,
                   "factor of at least %llu of '%s': expected no more than its "
                   "size, %llu",
                   (unsigned long long)value, it->dim[dim],
                   (unsigned long long)size);
    }
  }
}

static bool same_factor(const cds_tl_factor *a, const cds_tl_factor *b) {
  return a->sense == b->sense && a->bound == b->bound;
}

static bool merge_loops(cds_tl_loops *to, const cds_tl_loops *from) {
  bool agree = true;
  for (unsigned dim = 0; dim < CDS_TL_DIMS_MAX; dim++) {
    if (from->factor[dim].given) {
      agree = agree && (!to->factor[dim].given ||
                        same_factor(&to->factor[dim], &from->factor[dim]));
      to->factor[dim] = from->factor[dim];
    }
  }
  if (from->ordered > 0) {
    agree = agree && (to->ordered == 0 ||
                      (to->ordered == from->ordered &&
                       memcmp(to->order, from->order,
                              from->ordered * sizeof *to->order) == 0));
    memcpy(to->order, from->order, sizeof to->order);
    to->ordered = from->ordered;
  }
  return agree;
}

static void merge(cds_tl *it, cds_tl_directive *to,
                  const cds_tl_directive *one) {
  if (to->place.file == NULL) {
    *to = *one;
    return;
  }
  bool agree = merge_loops(&to->loops, &one->loops);
  if (one->split != UINT64_MAX) {
    agree = agree && (to->split == UINT64_MAX || to->split == one->split);
    to->split = one->split;
  }
  to->keep |= one->keep;
  to->bypass |= one->bypass;
  if (!agree || (to->keep & to->bypass) != 0) {
    cds_tl_error(it, one->place,
                 "another constraint of this type on '%s' says something else: "
                 "expected them to agree",
                 it->component[one->component].foreign);
    cds_diag_note(it->reader->diag, to->place, "the first stands here");
  }
}

/* Of all compute units, whatever the target. */
static bool read_utilisation(cds_tl_limits *out, cds_tl *it,
                             const cds_yaml *node) {
  static const char *const keys[] = {"min", "name", "target", "type", NULL};
  const cds_yaml *type = cds_tl_get(node, "type", NULL);
  if (type == NULL || type->kind != CDS_YAML_SCALAR ||
      (strcmp(type->text, "utilization") != 0 &&
       strcmp(type->text, "parallelism") != 0)) {
    return false;
  }
  const cds_yaml *min = cds_tl_get(node, "min", NULL);
  double least = 0.0;
  cds_tl_only(it, node, keys, "a constraint");
  if (min == NULL) {
    cds_tl_error(it, node->place, "no 'min': expected a number from 0 to 1");
  } else if (cds_tl_number(&least, it, min, "'min'") && least > 1.0) {
    cds_tl_error(it, min->place, "'min' is '%.20s': expected at most 1",
                 min->text);
  } else if (least > out->utilisation) {
    out->utilisation = least;
    out->utilisation_place = node->place;
  }
  return true;
}

static void read_root(cds_tl_limits *out, cds_tl *it, const cds_yaml *root) {
  static const char *const keys[] = {"targets", "version", NULL};
  const cds_yaml *targets = root->kind == CDS_YAML_SEQUENCE
                                ? root
                                : cds_tl_get(root, "targets", NULL);
  if (root->kind == CDS_YAML_MAPPING) {
    cds_tl_only(it, root, keys, "constraints");
  }
  for (size_t i = 0; targets != NULL && i < cds_tl_items(targets); i++) {
    const cds_yaml *node = cds_tl_item(targets, i);
    cds_tl_directive one;
    if (!read_utilisation(out, it, node) &&
        cds_tl_read_directive(&one, it, node, true)) {
      check_keys(it, &one);
      cut_factors(it, &one);
      check_factors(it, &one);
      merge(it, &out->target[one.component][one.type], &one);
    }
  }
}

void cds_tl_read_limits(cds_tl_limits *out, cds_tl *it) {
  memset(out, 0, sizeof *out);
  if (cds_tl_dim(it, "others") < it->dims) {
    cds_tl_error(it, it->constraints[0]->place,
                 "constraints beside a dimension 'others': expected another "
                 "name, which means the rest here");
  }
  for (size_t i = 0; i < it->constraint_roots; i++) {
    read_root(out, it, it->constraints[i]);
  }
}
