/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Visits the scalars of a parsed tree, without recursion. Internal to
 * spec/space*.c. */
#ifndef CDS_SPEC_SPACE_WALK_H
#define CDS_SPEC_SPACE_WALK_H

#include "yaml/yaml.h"

/* The front end allows 64 levels of nesting. */
enum { CDS_WALK_DEPTH = 80 };

typedef struct cds_walk {
  const char *const *skipped; /* keys whose values are left out */
  unsigned depth;
  const cds_yaml *node[CDS_WALK_DEPTH]; /* mappings and sequences around */
  size_t next[CDS_WALK_DEPTH];
  const cds_yaml *scalar; /* the one that is visited */
  const cds_yaml *root;   /* when it is a scalar itself */
} cds_walk;

/* Keys end with NULL. */
void cds_walk_start(cds_walk *walk, const cds_yaml *root,
                    const char *const *skipped);
/* Goes to the next scalar value; false at the end. node[0 .. depth - 1] are
 * the nodes around it, next[i] - 1 the item of each. */
bool cds_walk_next(cds_walk *walk);

#endif
