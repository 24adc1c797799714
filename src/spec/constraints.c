/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which layers constraints are about, and constraints against a workload. */
#include "spec/constraints.h"

#include <limits.h>
#include <string.h>

#include "spec/rules.h"

static const char *const role_names[] = {"input", "weight", "output"};

/* Whether '*' of the pattern can stand for letters so that it is the name. */
static bool matches(const char *pattern, const char *name) {
  const char *star = NULL;
  const char *from = name;
  while (*name != '\0') {
    if (*pattern == '*') {
      star = pattern++;
      from = name;
    } else if (*pattern == *name) {
      pattern++;
      name++;
    } else if (star != NULL) {
      pattern = star + 1;
      name = ++from;
    } else {
      return false;
    }
  }
  while (*pattern == '*') {
    pattern++;
  }
  return *pattern == '\0';
}

static unsigned operation_of(const cds_einsum *einsum) {
  for (unsigned t = 0; t < einsum->tensors; t++) {
    for (unsigned a = 0; a < einsum->tensor[t].axes; a++) {
      cds_term term[CDS_TERMS_MAX];
      if (cds_axis_long_terms(term, einsum, &einsum->tensor[t].axis[a]) > 1) {
        return CDS_CONSTRAIN_CONV;
      }
    }
  }
  return CDS_CONSTRAIN_MATMUL;
}

bool cds_constraint_concerns(const cds_constraint *constraint,
                             const cds_einsum *einsum) {
  const cds_layer_filter *filter = &constraint->filter;
  if (filter->operations != 0 &&
      (filter->operations & operation_of(einsum)) == 0) {
    return false;
  }
  bool named = filter->patterns == 0;
  for (size_t i = 0; i < filter->patterns && !named; i++) {
    named = einsum->name != NULL && matches(filter->pattern[i], einsum->name);
  }
  return named;
}

bool cds_constraints_concern(const cds_arch *arch, const cds_einsum *einsum,
                             bool beyond_policies) {
  const cds_constraints *all = arch->constraints;
  for (size_t i = 0; all != NULL && i < all->count; i++) {
    const cds_constraint *each = &all->constraint[i];
    const bool policy = each->kind == CDS_CONSTRAINT_KEEP ||
                        each->kind == CDS_CONSTRAINT_BYPASS;
    if (!(policy && beyond_policies) && cds_constraint_concerns(each, einsum)) {
      return true;
    }
  }
  return false;
}

bool cds_constraints_concern_loops(const cds_arch *arch,
                                   const cds_einsum *einsum) {
  const cds_constraints *all = arch->constraints;
  for (size_t i = 0; all != NULL && i < all->count; i++) {
    const cds_constraint *each = &all->constraint[i];
    const bool loops = each->kind == CDS_CONSTRAINT_FACTOR ||
                       each->kind == CDS_CONSTRAINT_ORDER ||
                       each->kind == CDS_CONSTRAINT_DATAFLOW;
    if (loops && cds_constraint_concerns(each, einsum)) {
      return true;
    }
  }
  return false;
}

static bool names_tensor(const cds_constraint *constraint,
                         const cds_tensor *tensor) {
  return strcmp(tensor->name, constraint->name) == 0 ||
         strcmp(role_names[tensor->role], constraint->name) == 0;
}

bool cds_constraints_bypass(const cds_arch *arch, const cds_einsum *einsum,
                            unsigned tensor, unsigned level) {
  const cds_constraints *all = arch->constraints;
  for (size_t i = 0; all != NULL && i < all->count; i++) {
    const cds_constraint *each = &all->constraint[i];
    if (each->kind == CDS_CONSTRAINT_BYPASS && each->level == level &&
        cds_constraint_concerns(each, einsum) &&
        names_tensor(each, &einsum->tensor[tensor])) {
      return true;
    }
  }
  return false;
}

/* ---- names ------------------------------------------------------------ */

static bool has_tensor(const cds_einsum *einsum, const char *name) {
  for (unsigned t = 0; t < einsum->tensors; t++) {
    if (strcmp(einsum->tensor[t].name, name) == 0 ||
        strcmp(role_names[einsum->tensor[t].role], name) == 0) {
      return true;
    }
  }
  return false;
}

/* A name of a constraint, and what is to be known of it. */
typedef struct named {
  const cds_constraint *constraint;
  const char *name;
  bool tensor; /* else a rank */
  bool asked;  /* some layer is concerned */
  bool found;
  const cds_layer *example;
} named;

static void look_for(named *it, const cds_workload *workload) {
  for (size_t i = 0; i < workload->layers && !it->found; i++) {
    const cds_layer *layer = &workload->layer[i];
    if (layer->kind != CDS_LAYER_EINSUM ||
        !cds_constraint_concerns(it->constraint, &layer->einsum)) {
      continue;
    }
    it->example = it->asked ? it->example : layer;
    it->asked = true;
    it->found = it->tensor ? has_tensor(&layer->einsum, it->name)
                           : cds_einsum_rank(&layer->einsum, it->name) <
                                 layer->einsum.ranks;
  }
}

static bool check_name(const cds_constraint *constraint, const char *name,
                       bool tensor, const cds_workload *workload,
                       cds_diag *diag) {
  named it = {.constraint = constraint, .name = name, .tensor = tensor};
  look_for(&it, workload);
  if (!it.asked || it.found) {
    return true;
  }
  const cds_einsum *einsum = &it.example->einsum;
  const char *known[CDS_RANKS_MAX + CDS_TENSORS_MAX];
  unsigned count = 0;
  cds_diag_error(diag, constraint->place,
                 "'%s': no layer of '%s' that it is about has a %s '%s'",
                 constraint->text, workload->name,
                 tensor ? "tensor or role" : "rank", name);
  if (tensor) {
    for (; count < einsum->tensors; count++) {
      known[count] = einsum->tensor[count].name;
    }
    for (unsigned role = 0; role < 3; role++) {
      known[count++] = role_names[role];
    }
  } else {
    for (; count < einsum->ranks; count++) {
      known[count] = einsum->rank[count].name;
    }
  }
  cds_diag_suggest(diag, name, known, count);
  return false;
}

/* Ranks and tensors that a constraint names; one message. */
static bool check_names(const cds_constraint *it, const cds_workload *workload,
                        cds_diag *diag) {
  bool good = true;
  switch (it->kind) {
  case CDS_CONSTRAINT_KEEP:
  case CDS_CONSTRAINT_BYPASS:
    return check_name(it, it->name, true, workload, diag);
  case CDS_CONSTRAINT_FACTOR:
  case CDS_CONSTRAINT_SPREAD:
    if (it->name != NULL) {
      return check_name(it, it->name, false, workload, diag);
    }
    for (size_t i = 0; i < it->listed && good; i++) {
      good = check_name(it, it->list[i], false, workload, diag);
    }
    return good;
  case CDS_CONSTRAINT_ORDER:
    for (size_t p = 0; p < it->parts; p++) {
      for (size_t i = 0; i < it->part[p].ranks && good; i++) {
        good = check_name(it, it->part[p].rank[i], false, workload, diag);
      }
    }
    return good;
  case CDS_CONSTRAINT_UTILISATION:
  case CDS_CONSTRAINT_DATAFLOW:
    break;
  }
  return true;
}

/* Patterns that no layer has: most often a slip, but files of constraints
 * serve several workloads. */
static void check_filter(const cds_constraint *it, const cds_workload *workload,
                         cds_diag *diag) {
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    if (layer->kind == CDS_LAYER_EINSUM &&
        cds_constraint_concerns(it, &layer->einsum)) {
      return;
    }
  }
  cds_diag_warning(diag, it->place,
                   "'%s' is about no layer of '%s': expected 'layers' and "
                   "'operations' that name one",
                   it->text, workload->name);
}

cds_status cds_constraints_check(const cds_arch *arch,
                                 const cds_workload *workload, cds_diag *diag) {
  const cds_constraints *all = arch->constraints;
  bool good = true;
  for (size_t i = 0; all != NULL && i < all->count; i++) {
    const cds_constraint *each = &all->constraint[i];
    check_filter(each, workload, diag);
    good = check_names(each, workload, diag) && good;
  }
  cds_rules rules;
  for (size_t i = 0; all != NULL && i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    if (layer->kind == CDS_LAYER_EINSUM &&
        cds_rules_bind(&rules, arch, &layer->einsum, NULL, diag) != CDS_OK) {
      return CDS_EINPUT; /* the first layer stands for the others */
    }
  }
  return good ? CDS_OK : CDS_EINPUT;
}

/* ---- layers that are treated alike ------------------------------------ */

static bool same_names(const cds_einsum *a, const cds_einsum *b) {
  if (a->ranks != b->ranks) {
    return false;
  }
  for (unsigned r = 0; r < a->ranks; r++) {
    if (strcmp(a->rank[r].name, b->rank[r].name) != 0) {
      return false;
    }
  }
  return true;
}

static bool treated_alike(const cds_constraints *all, const cds_einsum *a,
                          const cds_einsum *b) {
  for (size_t i = 0; i < all->count; i++) {
    if (cds_constraint_concerns(&all->constraint[i], a) !=
        cds_constraint_concerns(&all->constraint[i], b)) {
      return false;
    }
  }
  return same_names(a, b);
}

cds_status cds_constraints_mark(cds_workload *workload, const cds_arch *arch,
                                cds_arena *arena) {
  const cds_constraints *all = arch->constraints;
  if (all == NULL) {
    return CDS_OK;
  }
  /* First layers of the classes, with the class before. */
  const cds_layer **first =
      cds_arena_array(arena, workload->layers + 1, sizeof *first);
  unsigned *old = cds_arena_array(arena, workload->layers + 1, sizeof *old);
  unsigned classes = 0;
  if (first == NULL || old == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < workload->layers; i++) {
    cds_layer *layer = &workload->layer[i];
    const bool concerned = layer->kind == CDS_LAYER_EINSUM &&
                           cds_constraints_concern(arch, &layer->einsum, false);
    if (!concerned && layer->einsum.treatment == 0) {
      continue;
    }
    unsigned class = 0;
    while (class < classes &&
           (old[class] != layer->einsum.treatment ||
            !treated_alike(all, &first[class]->einsum, &layer->einsum))) {
      class ++;
    }
    if (class == classes) {
      old[classes] = layer->einsum.treatment;
      first[classes++] = layer;
    }
    layer->einsum.treatment = class + 1;
  }
  return CDS_OK;
}
