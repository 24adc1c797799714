/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands while the tiles and runs of one choice are searched. */
#ifndef CDS_SEARCH_DEEP_DESCEND_H
#define CDS_SEARCH_DEEP_DESCEND_H

#include "search/deep.h"
#include "search/group_terms.h"

/* A tile of a group, and the run that it is in. */
typedef struct cds_deep_step {
  double bound;                  /* of the goal */
  double energy_pj, cycles;      /* at least */
  double passing;                /* 1 / X outside of the run, of its tensor */
  uint16_t at[CDS_DEEP_TENSORS]; /* X, as divisors */
  uint8_t block;
  bool goes_on; /* in the run of the group outside */
} cds_deep_step;

typedef struct cds_deep_job {
  cds_deep *deep;
  cds_descent *job;
  const cds_deep_view *view;
  cds_chain chain;
  bool held[CDS_DEEP_TENSORS][CDS_GROUPS_MAX + 1];
  const cds_deep_tiles *tiles[CDS_GROUPS_MAX + 1];
  cds_group_terms terms[CDS_GROUPS_MAX + 1];
  double *inverse_of[CDS_DEEP_TENSORS]; /* 1 / divisor, by index */
  /* Energy of a group and all inside, by place of the tile outside of it; where
   * each divisor of a class stands, times the stride of the class. */
  const double *inside_pj[CDS_GROUPS_MAX + 2];
  size_t *place_of[CDS_DEEP_TENSORS];
  /* By weighting of the layout: */
  cds_deep_bound_input input[CDS_WEIGHTINGS_MAX];
  cds_deep_runs runs[CDS_WEIGHTINGS_MAX];
  double most_pj; /* dynamic energy that may be of interest */
  /* By group, of what is decided: */
  uint16_t at[CDS_GROUPS_MAX + 1][CDS_DEEP_TENSORS];
  double inverse[CDS_GROUPS_MAX + 1][CDS_DEEP_TENSORS];
  unsigned block[CDS_GROUPS_MAX + 1];
  double passing[CDS_GROUPS_MAX + 1];
  cds_weights sum[CDS_GROUPS_MAX + 1];
  size_t steps, step_room; /* what may follow, by group */
  cds_deep_step *step;
} cds_deep_job;

/* The tile of group g with these X. */
const cds_tile *cds_deep_tile(const cds_deep_job *it, unsigned g,
                              const uint16_t at[CDS_DEEP_TENSORS]);
/* Adds what a step of group g costs. */
void cds_deep_decide(cds_weights *out, const cds_deep_job *it, unsigned g,
                     const cds_deep_step *step,
                     const double inverse[CDS_DEEP_TENSORS],
                     const cds_tile *tile);
/* Least cycles of what costs so much. */
double cds_deep_cycles(const cds_layout *layout, const cds_weights *sum);
/* Adds to it->step what may follow the groups outside of g. */
void cds_deep_list_steps(cds_deep_job *it, unsigned g);
/* Sets it->most_pj by the incumbent. */
void cds_deep_set_most(cds_deep_job *it);
/* Prices what is decided, and confirms it if it may be better. */
void cds_deep_leaf(cds_deep_job *it);

cds_status cds_deep_job_new(cds_deep *deep);
void cds_deep_job_free(cds_deep *deep);

#endif
