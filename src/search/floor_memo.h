/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Floors of many pairs, of einsums with other sizes and homes (spec/stage.h),
 * on designs with other prices: few of the least rows of their tensors differ,
 * so that each is made once (floor_rows.h).
 *
 * They are at least those of cds_search_floor, which lets each tensor have the
 * whole array. Together the spreads of the classes have no more units than it:
 * the energy is at least that of the best rows of such spreads. With equal
 * parts, units at work divide the products of a run, and so do their parts on
 * each axis, so that a run has no fewer steps than with the most such units.
 */
#ifndef CDS_SEARCH_FLOOR_MEMO_H
#define CDS_SEARCH_FLOOR_MEMO_H

#include "search/floor_rows.h"
#include "spec/stage.h"

enum { CDS_UNITS_SLOTS = 64, CDS_ROOM_SLOTS = 256 };

/* An answer of cds_floor_room, and all that it was made of: parts of chains
 * share their stages, and many layers are the same. */
typedef struct cds_room_known {
  uint64_t prices; /* when; 0: none */
  const cds_floor_row *row[CDS_MATRIX][2];
  unsigned may, bits[CDS_MATRIX];
  bool staged;
  double mac_pj, room[CDS_STEPS];
  double least_pj;
} cds_room_known;

typedef struct cds_floor_memo {
  cds_floor_rows rows;
  /* Of the products of a run the most units that divide them, in an array of
   * this extent. */
  uint64_t products[CDS_UNITS_SLOTS], units[CDS_UNITS_SLOTS];
  uint64_t extent[2];
  cds_arch *roomy; /* see cds_floor_roomy */
  uint64_t roomy_at;
  cds_room_known room[CDS_ROOM_SLOTS];
  bool far_told; /* fused groups: what they move is looked for (fuse/far.h); it
                    takes a hundredth of a second for each group and size */
  /* See cds_floor_near; and what was found of its groups (fuse/far.h). */
  struct cds_floor_memo *near;
  cds_arch *near_arch;
  uint64_t near_at;
  struct cds_far_known *far;
} cds_floor_memo;

/* Forgets all rows; the next ones live in the arena. */
void cds_floor_memo_begin(cds_floor_memo *memo, cds_arena *arena);
/* Floors are those of this architecture from now on; at first, and whenever it
 * changes. CDS_ENOMEM. */
cds_status cds_floor_memo_price(cds_floor_memo *memo, const cds_arch *arch);
typedef struct cds_floor {
  double dynamic_pj, latency_s;
  double compute_s; /* of the products alone; in fuse, of an operation: what it
                       might hide of its time (cds_outers_hides_s) */
} cds_floor;

/* The least energy and the least time of the floors with any of these tensors
 * (bits) at its other home. The pair is one that cds_search_uneven takes, on
 * the architecture of the memo; it has a stage if any may be there. CDS_ENOMEM.
 */
cds_status cds_floor_memo_get(cds_floor *out, cds_floor_memo *memo,
                              const cds_problem *problem,
                              const cds_home other[CDS_MATRIX], unsigned may);

/* What floors are asked of. */
typedef struct cds_floor_asked {
  const cds_arch *arch;
  double power_limit_w;
  cds_floor_memo *memo; /* priced for the architecture */
  cds_arena *scratch;
} cds_floor_asked;

/* A memo for one architecture after the other, with an arena of its own. */
typedef struct cds_floor_keep {
  cds_arena *arena; /* NULL: none yet */
  cds_arena_mark empty;
  cds_floor_memo memo;
} cds_floor_keep;

/* The same question as below, of what is kept: rows of architectures before are
 * at hand, unless they were of many structures. CDS_ENOMEM. */
cds_status cds_floor_keep_ask(cds_floor_asked *out, cds_floor_keep *keep,
                              const cds_arch *arch, double power_limit_w,
                              cds_arena *scratch);
void cds_floor_keep_free(cds_floor_keep *keep);

/* A question about the architecture alone, whose memo lives in the arena too.
 * CDS_ENOMEM. */
cds_status cds_floor_ask(cds_floor_asked *out, const cds_arch *arch,
                         double power_limit_w, cds_arena *arena);
/* The architecture with levels of any size. NULL: no memory. */
const cds_arch *cds_floor_roomy(const cds_floor_asked *asked);
/* The same question with the energies of the outermost level less, by this
 * factor: what is left beside it then is told by other means. Its rows are kept
 * with those of the question. CDS_ENOMEM. */
#define CDS_FLOOR_NEAR 0.0625
cds_status cds_floor_near(cds_floor_asked *out, const cds_floor_asked *asked);
/* Rows in all. */
size_t cds_floor_memo_rows(const cds_floor_memo *memo);
/* As cds_search_floor, of whatever pair, and closer where the matrix search
 * takes it. CDS_ENOMEM. */
cds_status cds_floor_pair(double *dynamic_pj, double *latency_s,
                          const cds_floor_asked *asked,
                          const cds_einsum *einsum);

#endif
