/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The layouts of a general search: every chain of holders with every spread of
 * each array. Each has a bound on its cycles, and, once it may matter for some
 * goal, one on its energy, which later goals find there; and the last looks
 * through it (cds_look), which bound it for other prices of time.
 *
 * Layouts are listed in bands of units in use, each down to a part of the one
 * before, and only as far as a goal asks: a layout that is not listed has fewer
 * units, hence at least so many cycles, and at least the energy of
 * cds_pair_floor.
 */
#ifndef CDS_SEARCH_LAYOUTS_H
#define CDS_SEARCH_LAYOUTS_H

#include "search/deep.h"
#include "search/descend.h"
#include "search/general_search.h"
#include "search/unequal.h"

enum {
  CDS_POOL_MAX = 64,
  CDS_OPENED_MAX = 1 << 24, /* for one goal */
  CDS_LOOKS_MAX = 256,
  CDS_LOOKS_KEPT = 2 /* by a layout */
};

/* A look through layouts for a goal E + lambda x T without limits: no mapping
 * of those that were looked through has less. E with leakage, pJ; lambda in pJ
 * a cycle. */
typedef struct cds_look {
  double lambda_pj, least_pj;
} cds_look;

typedef struct cds_layout_entry {
  double energy_pj, cycles;     /* least of every mapping of the layout */
  uint8_t look[CDS_LOOKS_KEPT]; /* the last ones; 0: none */
  bool priced;                  /* else energy_pj is that of any layout */
  bool timed;                   /* cycles know all ports and links */
  bool possible;                /* as far as is known */
  uint32_t chain;
  uint32_t spread[CDS_ARRAYS_MAX];
} cds_layout_entry;

typedef struct cds_ranked_layout {
  double bound;
  uint32_t entry;
} cds_ranked_layout;

struct cds_general_search {
  cds_arena *arena, *scratch;
  cds_arena_mark empty;
  cds_arch arch;
  cds_einsum einsum;
  cds_general general;
  size_t chains;
  cds_chain *chain;
  double listed_units; /* all layouts with as many units or more are listed */
  double floor_pj;     /* least energy of any mapping, */
  double floor_cycles; /* and time */
  size_t entries, entry_room;
  cds_layout_entry *entry;
  cds_ranked_layout *ranked;
  size_t ranked_room;
  bool looking;   /* the last look goes on */
  unsigned looks; /* 1 .. looks */
  cds_look look[CDS_LOOKS_MAX];
  size_t pooled;
  cds_incumbent pool[CDS_POOL_MAX];
  cds_descent descent;
  bool floored;         /* floors of group 1 are known (group_floor.h) */
  bool large;           /* very many layouts */
  cds_incumbent probed; /* of the goal at hand */
  cds_layout_entry at;  /* layout of what was found last */
  bool by_products;     /* the pair is searched by this one: */
  cds_deep deep;
  cds_unequal *unequal; /* afterwards, with parts that are not equal, or NULL */
  bool any_parts;       /* whether the pair has these */
};

/* Lists the chains of holders that may be possible. CDS_ELIMIT when there are
 * too many, CDS_ENOMEM. */
cds_status cds_chains_list(cds_general_search *search);
/* Layouts of so many chains. */
double cds_layouts_of(const cds_general_search *search, double chains);
/* No fewer than there are. */
double cds_layouts_most(const cds_general_search *search);
/* Lists the next band; all that is left if there is little. CDS_ELIMIT when
 * there are too many layouts, CDS_ENOMEM. */
cds_status cds_layouts_list(cds_general_search *search);
/* Sets what is known of a layout whose chain and spreads are set. */
void cds_layout_entry_begin(cds_layout_entry *entry,
                            const cds_general_search *search);
/* Bound on the goal; prices only layouts that may matter without. INFINITY: no
 * mapping. */
double cds_layout_entry_bound(cds_general_search *search,
                              cds_layout_entry *entry);
/* Ranks what is listed from entry `first` on and may matter, by rising bounds;
 * how many there are. */
size_t cds_layouts_rank(cds_general_search *search, size_t first);
/* A bound on all mappings of the layout by the ports, links and roofs that
 * bounds look at, which it sets in search->descent. */
cds_bound cds_layout_entry_look(cds_general_search *search,
                                const cds_layout_entry *entry);
/* A new look, of the goal at hand; its end, after which what is at or above
 * search->descent.beyond has been left out. */
void cds_look_begin(cds_general_search *search);
void cds_look_end(cds_general_search *search);
/* Looks through the layout, unless the goal is stopped. Statuses of
 * cds_descend. */
cds_status cds_layout_entry_open(cds_general_search *search,
                                 cds_layout_entry *entry);

#endif
