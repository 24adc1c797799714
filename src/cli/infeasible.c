/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Designs that cannot be mapped, grouped by what is too small: a level for the
 * network, a level for tiles, or else the text of the reason. Of a group, the
 * design that needs the smallest multiple of what it has is the nearest.
 */
#include "cli/infeasible.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "network/advice.h"
#include "network/conflict.h"
#include "network/footprint_advice.h"
#include "network/plan.h"

enum {
  GROUPS_MAX = 8,   /* reasons that are told apart */
  BUILT_MAX = 4096, /* designs that are built again to find the nearest */
  MEASURED_MAX = 64 /* ... whose smallest mappings are looked at */
};

/* What a design lacks. */
typedef struct shortage {
  const char *reason; /* as the exploration gave it */
  bool known;         /* the rest says more than the reason */
  bool network;       /* the whole network does not fit the outermost level */
  unsigned level;
  double factor; /* need / size */
} shortage;

typedef struct group {
  shortage what; /* of the nearest */
  uint64_t designs;
  size_t nearest;
} group;

typedef struct explanation {
  cds_cli *cli;
  const cds_inputs *inputs;
  const cds_explore_result *result;
  cds_arena *scratch;
  cds_arch *arch; /* of the design that is looked at */
  size_t groups;
  group group[GROUPS_MAX];
  size_t built, measured;
} explanation;

static bool same_shortage(const shortage *a, const shortage *b) {
  if (a->known && b->known) {
    return a->network == b->network && a->level == b->level;
  }
  return a->known == b->known && strcmp(a->reason, b->reason) == 0;
}

/* Builds the design; false when it cannot be built. */
static bool build(explanation *it, size_t design) {
  cds_diag *unheard = cds_diag_new(it->scratch);
  return unheard != NULL &&
         cds_space_design(it->arch, it->inputs->space, design, it->scratch,
                          unheard) == CDS_OK;
}

static bool holds_network(const cds_arch *arch, const cds_workload *workload) {
  return arch->level[0].streamed ||
         workload->footprint_bits <= arch->level[0].size_bits;
}

/* What the layers of the design that is built lack: the outermost level where
 * one of them cannot fit at all, or what their smallest mappings lack, which
 * takes longer and is asked of some designs only. */
static bool find_lack(cds_misfit *lack, explanation *it) {
  const cds_workload *workload = &it->inputs->workload;
  bool found = false;
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    cds_misfit own;
    if (layer->kind == CDS_LAYER_EINSUM &&
        cds_layer_hopeless(&own, it->arch, &layer->einsum) &&
        (!found || own.level < lack->level ||
         (own.level == lack->level && own.need_bits > lack->need_bits))) {
      *lack = own;
      found = true;
    }
  }
  return found ||
         (it->measured++ < MEASURED_MAX &&
          cds_network_lack(lack, it->arch, workload, it->scratch) != NULL);
}

static shortage measure(explanation *it, const cds_design_result *design) {
  const cds_workload *workload = &it->inputs->workload;
  const cds_arena_mark mark = cds_arena_mark_get(it->scratch);
  shortage out = {.reason = design->reason, .factor = (double)INFINITY};
  cds_misfit misfit;
  if (it->built++ < BUILT_MAX && build(it, design->index)) {
    if (!holds_network(it->arch, workload)) {
      out.known = out.network = true;
      out.factor = (double)workload->footprint_bits /
                   (double)it->arch->level[0].size_bits;
    } else if (find_lack(&misfit, it)) {
      out.known = true;
      out.level = misfit.level;
      out.factor = (double)misfit.need_bits / (double)misfit.size_bits;
    }
  }
  cds_arena_reset(it->scratch, mark);
  return out;
}

static void add_design(explanation *it, const cds_design_result *design) {
  const shortage what = measure(it, design);
  size_t at = 0;
  while (at < it->groups && !same_shortage(&it->group[at].what, &what)) {
    at++;
  }
  if (at == GROUPS_MAX) {
    return;
  }
  group *into = &it->group[at];
  if (at == it->groups) {
    it->groups++;
    *into = (group){what, 0, design->index};
  }
  into->designs++;
  if (what.factor < into->what.factor) {
    into->what = what;
    into->nearest = design->index;
  }
}

/* "design 2 (cols 4, rf 1 B)". */
static const char *design_name(const explanation *it, size_t design) {
  cds_arena *arena = it->cli->arena;
  const char *text = cds_design_text(it->inputs->space, design, arena);
  return *text == '\0' ? cds_cli_printf(arena, "design %zu", design)
                       : cds_cli_printf(arena, "design %zu (%s)", design, text);
}

static void count_group(const explanation *it, const group *which) {
  cds_diag_hint(it->cli->diag,
                "%" PRIu64 " of %zu designs cannot be mapped; %s is %s: %s",
                which->designs, it->result->designs,
                which->designs == 1 ? "that" : "the nearest",
                design_name(it, which->nearest), which->what.reason);
}

/* Where the operation stands that the design cannot do. */
static cds_place operation_place(const explanation *it, cds_place otherwise) {
  const cds_workload *workload = &it->inputs->workload;
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    cds_cost cost;
    cds_operation_counts counts;
    if (layer->kind == CDS_LAYER_OPERATION &&
        cds_price_operation(&cost, &counts, it->arch, &layer->operation,
                            (double)INFINITY) != CDS_OK) {
      return layer->place;
    }
  }
  return otherwise;
}

/* The message about the nearest design, with its place and advice. */
static void tell(explanation *it, const group *which) {
  cds_cli *cli = it->cli;
  const cds_workload *workload = &it->inputs->workload;
  const char *path = it->inputs->arch_path;
  cds_place place = {.file = strcmp(path, "-") != 0 ? path : NULL};
  cds_misfit lack;
  if (!build(it, which->nearest)) {
    cds_diag_error(cli->diag, place, "%s", which->what.reason);
    return;
  }
  if (cds_network_footprint(it->arch, workload, cli->diag) != CDS_OK) {
    if (it->inputs->workload_path != NULL) {
      cds_infeasible_footprint(cli, it->arch, it->inputs->workload_path);
    }
    return;
  }
  if (cds_network_conflict(cli->diag, it->arch, workload, (double)INFINITY,
                           it->scratch)) {
    return;
  }
  const cds_layer *worst =
      cds_network_lack(&lack, it->arch, workload, it->scratch);
  if (worst == NULL) {
    place = operation_place(it, place);
    cds_diag_error(cli->diag, place, "%s", which->what.reason);
    return;
  }
  cds_layer_say_lack(cli->diag, it->arch, worst, &lack, false);
  cds_network_advise(cli->diag, it->arch, workload, it->scratch);
}

static void explain(explanation *it) {
  const cds_explore_result *result = it->result;
  const bool limits_named = cds_diag_errors(it->cli->diag) > 0;
  size_t nearest = 0;
  for (size_t i = 0; i < result->records; i++) {
    if (result->design[i].status == CDS_DESIGN_INFEASIBLE &&
        result->design[i].reason != NULL) {
      add_design(it, &result->design[i]);
    }
  }
  for (size_t i = 1; i < it->groups; i++) {
    const group *which = &it->group[i];
    nearest = which->what.factor < it->group[nearest].what.factor ? i : nearest;
  }
  const bool first = it->groups > 0 && !limits_named;
  if (first) {
    tell(it, &it->group[nearest]);
  }
  if (result->designs == 1) {
    return;
  }
  if (first) {
    const group *which = &it->group[nearest];
    cds_diag_hint(it->cli->diag,
                  "that is %s%s; %" PRIu64 " of %zu designs cannot be mapped "
                  "for this reason",
                  design_name(it, which->nearest),
                  result->infeasible > 1 ? ", the nearest" : "", which->designs,
                  result->designs);
  }
  for (size_t i = 0; i < it->groups; i++) {
    if (!first || i != nearest) {
      count_group(it, &it->group[i]);
    }
  }
}

void cds_infeasible_explain(cds_cli *cli, const cds_inputs *inputs,
                            const cds_explore_result *result) {
  explanation *it = cds_cli_array(cli->arena, 1, sizeof *it);
  it->cli = cli;
  it->inputs = inputs;
  it->result = result;
  it->arch = cds_cli_array(cli->arena, 1, sizeof *it->arch);
  it->scratch = cds_arena_new();
  if (it->scratch != NULL) {
    explain(it);
  }
  cds_arena_free(it->scratch);
}

void cds_infeasible_footprint(cds_cli *cli, const cds_arch *arch,
                              const char *path) {
  const cds_yaml *root = NULL;
  cds_diag *unheard = cds_diag_new(cli->arena);
  if (strcmp(path, "-") == 0) {
    cds_stdin_rewind();
  }
  if (unheard != NULL &&
      cds_yaml_read_file(&root, path, cli->arena, unheard) == CDS_OK) {
    cds_footprint_advise(cli->diag, arch, root, path, cli->arena);
  }
}
