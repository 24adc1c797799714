/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parts of an architecture must be together, and numbers that were
 * given for nothing. */
#include <math.h>

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
  }
  check_way(build, arch->level[arch->levels - 1].die, arch->compute.die,
            build->compute_node);
  for (unsigned array = 0; array < arch->arrays; array++) {
    warn_add(build, array);
  }
  for (unsigned die = 0; die < arch->dies; die++) {
    warn_clock(build, die);
  }
  warn_top_clock(build);
}
