/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A package as slabs and the contacts between them. Dies of the same rectangle
 * on one another are one slab, a tower.
 */
#ifndef CDS_PACKAGE_HEAT_JOINTS_H
#define CDS_PACKAGE_HEAT_JOINTS_H

#include "package/heat_slab.h"

enum {
  CDS_JOINT_SLABS = CDS_HEAT_DIES + 3,
  CDS_JOINTS = 4 * CDS_HEAT_DIES + 4
};

/* A contact: heat flows up through its rectangle, less the holes. */
typedef struct cds_joint {
  size_t lower, upper; /* slabs */
  cds_heat_rect rect;
  double resistance_k_m2_per_w;
  size_t kx, ky; /* cosines of the flow along each axis */
  size_t first;  /* its first unknown */
  cds_heat_rect *holes;
  size_t hole_count;
  bool fill;
} cds_joint;

typedef struct cds_joints {
  const cds_heat_package *package;
  cds_heat_layout layout;
  cds_slab slab[CDS_JOINT_SLABS];
  double ground_below[CDS_JOINT_SLABS], ground_above[CDS_JOINT_SLABS];
  size_t slab_count;
  size_t tower[CDS_HEAT_DIES]; /* slab of each die */
  size_t plane[CDS_HEAT_DIES]; /* where it is heated */
  cds_joint joint[CDS_JOINTS];
  size_t joint_count;
  size_t unknowns;
} cds_joints;

/* Takes the package apart and finds the rises of all slabs. */
cds_status cds_joints_new(cds_joints *out, const cds_heat_package *package,
                          cds_arena *arena);

#endif
