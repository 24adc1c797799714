/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of what the lengths of a group take (unequal_tiles.c). */
#ifndef CDS_SEARCH_UNEQUAL_LIST_H
#define CDS_SEARCH_UNEQUAL_LIST_H

#include "search/unequal_nest.h"

/* Factors of each place: (leg of the group, entry). */
enum { CDS_PLACES_MAX = CDS_TENSORS_MAX * CDS_ENTRIES_MAX };

/* Words of a window at least: in a pass, of all positions once. */
typedef struct cds_window_least {
  double words, once;
} cds_window_least;

typedef struct cds_lister {
  cds_unequal *it;
  cds_unequal_group *out;
  unsigned group;
  cds_unequal_sum others; /* of all other groups */
  double others_pj, others_cycles, waits, least_steps;
  unsigned legs;
  const cds_unequal_leg *leg[CDS_TENSORS_MAX];
  unsigned first_place[CDS_TENSORS_MAX + 1];
  /* By place and rank: of each option. */
  double *full[CDS_PLACES_MAX][CDS_RANKS_MAX];
  double *stay[CDS_PLACES_MAX][CDS_RANKS_MAX];
  cds_window_words *window[CDS_PLACES_MAX][CDS_WINDOWS_MAX];
  double *steps[CDS_RANKS_MAX];
  double *parts[CDS_RANKS_MAX]; /* that loops above make of a rank, at least */
  bool inner;   /* the groups inside are listed: `others` do without the next */
  size_t most;  /* candidates; 0: any number */
  bool seeking; /* nothing is listed but the least key */
  double least_key;
  /* Ranks in the order in which they are chosen, and the place of each. */
  unsigned order[CDS_RANKS_MAX], turn[CDS_RANKS_MAX];
  /* Least of what the ranks from a turn on may add, as products. */
  double rest_full[CDS_RANKS_MAX + 1][CDS_PLACES_MAX];
  double rest_stay[CDS_RANKS_MAX + 1][CDS_PLACES_MAX];
  double rest_steps[CDS_RANKS_MAX + 1];
  double rest_parts[CDS_RANKS_MAX + 1][CDS_TENSORS_MAX]; /* that it lacks */
  /* Least words of a window by the option of its rank that is chosen first, and
   * whatever that is. */
  cds_window_least *row[CDS_PLACES_MAX][CDS_WINDOWS_MAX];
  cds_window_least any[CDS_PLACES_MAX][CDS_WINDOWS_MAX];
  /* Of the ranks chosen so far: */
  double all_full[CDS_RANKS_MAX + 1][CDS_PLACES_MAX];
  double all_stay[CDS_RANKS_MAX + 1][CDS_PLACES_MAX];
  double all_steps[CDS_RANKS_MAX + 1];
  double all_parts[CDS_RANKS_MAX + 1][CDS_TENSORS_MAX];
  uint16_t at[CDS_RANKS_MAX];
  /* Room. */
  double bits[CDS_TENSORS_MAX]; /* of a word, by leg */
  double wide[CDS_TENSORS_MAX]; /* likewise if it is known to be a sum */
  double copies[CDS_TENSORS_MAX];
  double staying; /* words of the output that the next holder may keep */
  uint64_t tile[CDS_RANKS_MAX];
  /* Words of the tile by turn and leg, but for what the rank of the turn adds;
   * ranks that are not chosen have their least. */
  double beside[CDS_RANKS_MAX][CDS_TENSORS_MAX];
  unsigned looped; /* ranks, as bits */
  /* Words of each place by pattern, of the candidate at hand. */
  double words[CDS_PATTERNS_MAX][CDS_PLACES_MAX];
  cds_status status;
} cds_lister;

/* Fills the tables of the legs, whose options are listed. CDS_ENOMEM. */
cds_status cds_lister_fill(cds_lister *l);

#endif
