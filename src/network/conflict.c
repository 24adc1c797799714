/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "network/conflict.h"

#include <string.h>

#include "spec/constraints.h"

typedef struct inquiry {
  cds_searcher *searcher;
  const cds_arch *arch;
  const cds_einsum *einsum;
  double power_limit_w;
  size_t count;
  bool *left_out;
  bool undecided;
} inquiry;

static cds_status ask(const inquiry *it, const cds_arch *arch) {
  return cds_search_possible(it->searcher, arch, it->einsum, it->power_limit_w,
                             it->left_out);
}

static void leave_out_all(inquiry *it, bool all) {
  for (size_t i = 0; i < it->count; i++) {
    it->left_out[i] =
        all || !cds_constraint_concerns(&it->arch->constraints->constraint[i],
                                        it->einsum);
  }
}

/* Leaves out what is not needed for that nothing is left. */
static void shrink(inquiry *it) {
  for (size_t i = 0; i < it->count; i++) {
    if (it->left_out[i]) {
      continue;
    }
    it->left_out[i] = true;
    const cds_status status = ask(it, it->arch);
    it->left_out[i] = status == CDS_EINFEASIBLE;
    it->undecided =
        it->undecided || (status != CDS_OK && status != CDS_EINFEASIBLE);
  }
}

/* Whether levels of any size would have room for some mapping. */
static bool is_of_size(const inquiry *it, cds_arena *arena) {
  cds_arch *roomy = cds_arena_alloc(arena, sizeof *roomy);
  if (roomy == NULL) {
    return false;
  }
  *roomy = *it->arch;
  for (unsigned l = 0; l < roomy->levels; l++) {
    roomy->level[l].size_bits = UINT64_MAX;
  }
  return ask(it, roomy) == CDS_OK;
}

/* "'a', 'b' and 'c'". */
static const char *list_texts(const inquiry *it, size_t kept,
                              cds_arena *arena) {
  const char *text = "";
  size_t at = 0;
  for (size_t i = 0; i < it->count && text != NULL; i++) {
    if (!it->left_out[i]) {
      at++;
      text = cds_arena_printf(arena, "%s%s'%s'", text,
                              at == 1      ? ""
                              : at == kept ? " and "
                                           : ", ",
                              it->arch->constraints->constraint[i].text);
    }
  }
  return text == NULL ? "" : text;
}

static void tell(inquiry *it, cds_diag *diag, const cds_layer *layer,
                 cds_arena *arena) {
  const cds_constraint *constraint = it->arch->constraints->constraint;
  size_t kept = 0;
  size_t first = it->count;
  for (size_t i = it->count; i-- > 0;) {
    if (!it->left_out[i]) {
      kept++;
      first = i;
    }
  }
  if (first == it->count) {
    return;
  }
  const bool size = is_of_size(it, arena);
  cds_diag_error(diag, constraint[first].place,
                 "no mapping of '%s' on '%s' meets its constraints: %s "
                 "leave%s none%s",
                 layer->name, it->arch->name, list_texts(it, kept, arena),
                 kept == 1 ? "s" : "",
                 size ? " that fits the sizes of the levels" : "");
  for (size_t i = first + 1; i < it->count; i++) {
    if (!it->left_out[i]) {
      cds_diag_note(diag, constraint[i].place, "'%s' stands here",
                    constraint[i].text);
    }
  }
  if (it->undecided) {
    cds_diag_hint(diag, "perhaps fewer of them do: that was not decided "
                        "within the limits of the search");
  } else {
    cds_diag_hint(diag, kept == 1 ? "without it there are mappings"
                                  : "without any one of them there are "
                                    "mappings");
  }
}

static bool explain(inquiry *it, cds_diag *diag, const cds_layer *layer,
                    cds_arena *arena) {
  leave_out_all(it, true);
  if (ask(it, it->arch) != CDS_OK) {
    return false;
  }
  leave_out_all(it, false);
  if (ask(it, it->arch) != CDS_EINFEASIBLE) {
    return false;
  }
  shrink(it);
  tell(it, diag, layer, arena);
  return true;
}

bool cds_layer_conflict(cds_diag *diag, const cds_arch *arch,
                        const cds_layer *layer, double power_limit_w,
                        cds_arena *arena) {
  if (!cds_constraints_concern(arch, &layer->einsum, false)) {
    return false;
  }
  inquiry it = {.searcher = cds_searcher_new(),
                .arch = arch,
                .einsum = &layer->einsum,
                .power_limit_w = power_limit_w,
                .count = arch->constraints->count};
  it.left_out = (bool *)cds_arena_array(arena, it.count, sizeof(bool));
  const bool told = it.searcher != NULL && it.left_out != NULL &&
                    explain(&it, diag, layer, arena);
  cds_searcher_free(it.searcher);
  return told;
}

bool cds_network_conflict(cds_diag *diag, const cds_arch *arch,
                          const cds_workload *workload, double power_limit_w,
                          cds_arena *arena) {
  for (size_t i = 0; arch->constraints != NULL && i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    bool seen = layer->kind != CDS_LAYER_EINSUM;
    for (size_t k = 0; k < i && !seen; k++) {
      seen = cds_layer_same(&workload->layer[k], layer);
    }
    if (!seen && cds_layer_conflict(diag, arch, layer, power_limit_w, arena)) {
      return true;
    }
  }
  return false;
}
