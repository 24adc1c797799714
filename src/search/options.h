/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ways to cut one class, given its spread, which levels hold the tensor
 * that lacks it, and where the spread stands: rows in groups of equal x.
 */
#ifndef CDS_SEARCH_OPTIONS_H
#define CDS_SEARCH_OPTIONS_H

#include "search/holders.h"
#include "search/stack.h"
#include "search/tile_bound.h"

enum { CDS_ABOVE_MAX = 4 }; /* 0 to 3 loops above the spread */

/* Rows of one x: g rises, tiles shrink. */
typedef struct cds_group {
  uint64_t x;
  double extent;        /* least of a tile above the array with x inside */
  const cds_row *least; /* below every row of this group */
  const cds_row *open;  /* below every row of this group and the following */
  /* Made when the group is first opened: */
  bool made;
  size_t rows;
  const cds_row *row;
  const cds_row *rest; /* rest[i]: below every row from the i-th on */
  cds_sizes sizes;
  cds_sizes outline; /* bounds without rows (outline.h); when first asked */
} cds_group;

/* What the cuts of a class depend on. */
typedef struct cds_choice {
  unsigned class;
  unsigned index; /* of its spread */
  cds_held held;
  unsigned above; /* loops above the spread */
  bool full;      /* only cuts whose longest part the spread deals one by one */
} cds_choice;

/* Groups of falling x. */
typedef struct cds_options {
  cds_choice choice;
  size_t groups;
  cds_group *group;
  /* Costs are the sum of what passes at each level cost at least: at level 1 by
   * g, with what does not depend on passes; at level 2 by x (one size a group).
   */
  cds_sizes outer, inner;
} cds_options;

/* Those of one spread; not full, full. */
typedef struct cds_options_slots {
  cds_options *of[CDS_HELD_SETS][CDS_ABOVE_MAX][2];
} cds_options_slots;

typedef struct cds_rows_list {
  uint32_t *first_rows;
  uint64_t *on_rows;
} cds_rows_list;

/* Spreads of one class; what depends on them is made when first asked. */
typedef struct cds_class_table {
  size_t count;
  uint64_t *spread; /* rising */
  /* Of each spread: its factors that fit on the rows while the rest fits on the
   * columns, on_rows[first_rows[i]] to on_rows[first_rows[i + 1] - 1]; with
   * residual parts also those that do if it is full ([1], cut.h), of which the
   * columns take the quotient rounded up: if it is as long as some part, else
   * none. */
  cds_rows_list rows[2];
  uint32_t *run; /* the first spread with as many steps, ceil(D / s) */
  cds_row *(*least)[CDS_HELD_SETS];     /* made when first asked */
  cds_slopes *(*slopes)[CDS_HELD_SETS]; /* made when first asked */
  cds_options_slots **options;          /* likewise */
} cds_class_table;

typedef struct cds_tables {
  const cds_problem *problem;
  cds_arena *arena;   /* of the tables */
  cds_arena *scratch; /* used and given back */
  cds_class_table class[CDS_CLASSES];
} cds_tables;

/* Lists the spreads of all classes. CDS_ENOMEM. */
cds_status cds_tables_begin(cds_tables *out, const cds_problem *problem,
                            cds_arena *arena, cds_arena *scratch);
/* A row below all of a tensor with spread `index` and these holders. */
cds_status cds_least_get(const cds_row **out, cds_tables *tables,
                         unsigned tensor, unsigned index, cds_held held);
/* The slopes of a tensor with spread `index`, made at the first call. */
cds_status cds_slopes_get(const cds_slopes **out, cds_tables *tables,
                          unsigned tensor, unsigned index, cds_held held);
/* The options of a choice, made at the first call. There may be none. */
cds_status cds_options_get(cds_options **out, cds_tables *tables,
                           const cds_choice *choice);
/* Makes the rows of a group. CDS_ELIMIT: more than CDS_CUTS_MAX. */
cds_status cds_group_make(cds_group *group, const cds_options *options,
                          cds_tables *tables);

#endif
