/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * build: the package of an architecture, die by die, as heat sees it (heat.h).
 * What the file does not give is taken as follows, each of these an assumption:
 *
 *   outline     a square of what stands on the die; in a stack of several dies
 *               that of the largest of them, as bonded wafers have it
 *   thickness   50 um under another die, 300 um at the top of a stack, and more
 *               in lower stacks, whose tops are level with that of the highest
 *   metal       10 um of 2.25 W/mK of logic, 3 um of memory, on the side of the
 *               transistors: part of the bond there
 *   bond        3 um of 2 W/mK (hybrid), 20 um of 1.5 W/mK (others)
 *   carrier     none below a single stack; below several a substrate of 1 mm,
 *               0.7 W/mK (with bridges in it or without), or 100 um of 130 W/mK
 * (interposer), 0.7 (fanout), 1 mm larger than the dies on each side TIM 20 um,
 * 4 W/mK lid, plate  30 mm x 1 mm and 60 mm x 6.9 mm of copper, or what the
 * dies need; air 0.1 K/W: HotSpot's example configuration
 */
#ifndef CDS_PACKAGE_BUILD_H
#define CDS_PACKAGE_BUILD_H

#include "base/arena.h"
#include "package/heat.h"
#include "spec/arch.h"

/* One die of a package. */
typedef struct cds_placed_die {
  unsigned kind;  /* of arch->die */
  unsigned stack; /* of arch->package */
  unsigned layer; /* of the stack */
  bool first;     /* the lowest of its layer */
  bool top;       /* of its stack */
} cds_placed_die;

typedef struct cds_built_package {
  const cds_arch *arch;
  const cds_package *package; /* that of the file, or of the one die alone */
  size_t dies; /* stack by stack, from bottom to top; as heat.dies */
  const cds_placed_die *die;
  cds_heat_package heat; /* one block a die */
} cds_built_package;

/* Everything lives in the arena. CDS_EINPUT with a message for what cannot
 * stand like that; CDS_ENOMEM. */
cds_status cds_package_build(cds_built_package *out, const cds_arch *arch,
                             cds_arena *arena, cds_diag *diag);
/* The hottest that a die may be, degC: as given, else 105, of memory 95. */
double cds_die_limit_degc(const cds_die *die);
/* Width x height of one placed die, m2. */
double cds_placed_area_m2(const cds_built_package *package, size_t die);

#endif
