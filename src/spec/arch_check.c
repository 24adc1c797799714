/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of an architecture must be together, and numbers that were
 * given for nothing. */
#include <math.h>
#include <string.h>

#include "spec/arch_build.h"

/* A tensor passes through one of the levels side by side, so that only one of
 * them can insist on it. */
static void check_beside(cds_build *build, unsigned first, unsigned second) {
  static const char *const roles[] = {"input", "weight", "output"};
  const cds_level *a = &build->arch->level[first];
  const cds_level *b = &build->arch->level[second];
  const unsigned both = a->keep.roles & b->keep.roles;
  for (unsigned role = 0; role < 3; role++) {
    if ((both >> role & 1U) != 0) {
      cds_diag_error(
          build->reader->diag,
          cds_build_place(build->level_node[second], "keep"),
          "levels '%s' and '%s' stand side by side and both keep '%s': "
          "expected it in one of them",
          a->name, b->name, roles[role]);
    }
  }
}

/* Two dies of stacks that nothing joins could exchange nothing. */
static void check_way(cds_build *build, unsigned a, unsigned b,
                      const cds_yaml *node) {
  const cds_arch *arch = build->arch;
  if (a != b && build->die[a].stacked && build->die[b].stacked &&
      cds_arch_bonds_between(arch, a, b) == 0) {
    cds_diag_error(build->reader->diag, node->place,
                   "dies '%s' and '%s' stand in stacks that nothing joins: "
                   "expected a link between them in 'links'",
                   arch->die[a].name, arch->die[b].name);
  }
}

static void warn_clock(cds_build *build, unsigned index) {
  const cds_build_die *die = &build->die[index];
  if (!build->quiet && !die->clock_used && die->node != NULL &&
      !isnan(die->raw.clock) && index != build->arch->compute.die) {
    cds_diag_warning(build->reader->diag, cds_build_place(die->node, "clock"),
                     "'clock' of die '%s' is not used: no bandwidth there is "
                     "given by the cycle",
                     build->arch->die[index].name);
  }
}

/* The clock of the top level serves the dies without one of their own. */
static void warn_top_clock(cds_build *build) {
  if (build->quiet || isnan(build->top.clock)) {
    return;
  }
  for (unsigned die = 0; die < build->arch->dies; die++) {
    if (!build->arch->die[die].memory && isnan(build->die[die].raw.clock)) {
      return;
    }
  }
  cds_diag_warning(build->reader->diag, cds_build_place(build->root, "clock"),
                   "'clock' of the architecture is not used: every die has "
                   "its own");
}

static void warn_add(cds_build *build, unsigned index) {
  const cds_yaml *network = build->array[index].network;
  if (!build->quiet && !build->arch->array[index].reduction &&
      network != NULL && network->kind == CDS_YAML_MAPPING &&
      cds_yaml_get(network, "add") != NULL) {
    cds_diag_warning(build->reader->diag, cds_build_place(network, "add"),
                     "'add' of array '%s' is not used: its 'reduction' is "
                     "false",
                     build->arch->array[index].name);
  }
}

/* Whether a vector unit works at the level. */
static bool has_vector(const cds_arch *arch, unsigned level) {
  for (unsigned vector = 0; vector < arch->vectors; vector++) {
    if (arch->vector[vector].level == level) {
      return true;
    }
  }
  return false;
}

/* A level where every role must stay out and no name may come in. */
static void warn_unreachable(cds_build *build, unsigned level) {
  const cds_level *at = &build->arch->level[level];
  const unsigned every = 1U << CDS_INPUT | 1U << CDS_WEIGHT | 1U << CDS_OUTPUT;
  const unsigned may =
      at->may_given ? at->may.roles : every & ~at->bypass.roles;
  const cds_yaml *node = build->level_node[level];
  if (!build->quiet && level > 0 && (at->keep.roles | may) == 0 &&
      at->keep.names + at->may.names == 0 && !has_vector(build->arch, level)) {
    cds_diag_warning(build->reader->diag,
                     cds_build_place(node, at->may_given ? "may" : "bypass"),
                     "no tensor may be held at level '%s': expected a role in "
                     "'keep' or 'may', or fewer in 'bypass'",
                     at->name);
  }
}

/* An array of one element, unless variables made it so. */
static void warn_single(cds_build *build, unsigned index) {
  static const char *const keys[] = {"rows", "cols"};
  const cds_array *array = &build->arch->array[index];
  const cds_yaml *node = build->array_node[index];
  bool single = !build->quiet;
  for (unsigned axis = 0; axis < array->axes; axis++) {
    single = single && array->extent[axis] == 1;
  }
  for (unsigned key = 0; key < 2; key++) {
    const cds_yaml *value = cds_yaml_get(node, keys[key]);
    single = single && (value == NULL || value->text == NULL ||
                        strchr(value->text, '$') == NULL);
  }
  if (single) {
    cds_diag_warning(build->reader->diag, array->place,
                     "array '%s' has one element: expected more, as nothing "
                     "can be spread over it",
                     array->name);
  }
}

void cds_build_check(cds_build *build) {
  const cds_arch *arch = build->arch;
  for (unsigned level = 1; level < arch->levels; level++) {
    for (unsigned before = 0; before < level; before++) {
      if (arch->level[before].position == arch->level[level].position) {
        check_beside(build, before, level);
      }
    }
    check_way(build, arch->level[level - 1].die, arch->level[level].die,
              build->level_node[level]);
    warn_unreachable(build, level);
  }
  check_way(build, arch->level[arch->levels - 1].die, arch->compute.die,
            build->compute_node);
  for (unsigned array = 0; array < arch->arrays; array++) {
    warn_add(build, array);
    warn_single(build, array);
  }
  for (unsigned die = 0; die < arch->dies; die++) {
    warn_clock(build, die);
  }
  warn_top_clock(build);
}
