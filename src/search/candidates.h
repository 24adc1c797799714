/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tiles that a group may take in a layout, from the innermost group
 * outwards, and lower bounds on all groups from one inwards that know what
 * stands above: where the tile outside is small, no tensor stays for long.
 *
 * The bounds need that no dimension is lacked by two tensors (general->single).
 * Then a region has one block for each tensor u: the loops that u lacks. Let y
 * be how often loops outside the region that u lacks make it load again, its
 * *passes*. With T the tile of group g, and D_u, X_u(T), A_u the products of
 * the dimensions that u lacks, of their extents in T, and of their spreads
 * above, the loads of a tensor that the group holds are over all instances at
 * least
 *
 *   pass_v(T) D_v / X_v(T)  of v != u: it passes all loops above that it lacks;
 *   pass_u(T) y A_u         of u, which stays while its block runs.
 *
 * With c_v the cost of so many loads and e(T) that of the edges, at least
 *
 *   R_g(u, y) = min over T of  sum of c_v (v != u) + c_u + e(T)
 *               + min(R_(g+1)(v, D_v / (X_v(T) A_v)) for v != u, R_(g+1)(u, y))
 *
 * is the cost of group g and all inside. The last term: if the next region has
 * loops of u's block only, u stays over both. No other tensor does: it stays
 * over a region only if it lacks all loops of it; then the region's block is
 * its own, or the region is empty, and of all tensors only the one whose block
 * stood innermost outside stays any further.
 *
 * R_g grows with y, so that y may be rounded down to a number of a list.
 *
 * Below a tile that is decided (cds_rest), with all loops outside of it, more
 * is known. Let l_t be the trips of those loops that t lacks, and h_t of those
 * above the innermost one that t has: h_t is less than l_t of the one tensor at
 * most that stays so far. If the region of group g that follows
 * - is empty, or has loops that u lacks alone, and u stays: R_g(u, h_u) holds;
 * - else has a loop innermost that u lacks: some extent that u lacks is left to
 *   loops there and inside, and R_g(u, l_u) holds, hence R_g(u, h_u);
 * - else no tensor stays over the region: all pass all loops that they lack, so
 *   that R_g(t, h_t) holds for every t.
 * So the least of R_g(u, h_u) holds over u with h_u < l_u or with such extents
 * left, or if there are none of those over all u. And R_g only knows what loops
 * outside of each T demand, but T stands in the tile that is decided: at least
 * l_v of them concern v != u, h_u concern u. So of each such u the cost of
 *
 *   min over T of pass_v(T), times l_v A_v (v != u) or h_u A_u (v = u)
 *
 * loads of all tensors that the group holds, with the least of all groups
 * further inside, holds as well.
 *
 * pass_v of a tensor with windows. An instance visits, with W trips over whole
 * dimensions and T over ranks of windows, T tiles for each of the W (and for
 * each pass), at best one after the other: what is visited between them makes
 * the next tile all new. When the innermost loop, over rank x, advances, the
 * window moves by its step, and a_x of its positions are new: min(s_x, N) of a
 * run of N, for other tiles see window_moves.h (the least over the regions that
 * the loop may stand in). Of its trips, f or more, all but one are such, f the
 * smallest prime of the trips over that rank; in group 1, with one region
 * outside, f is all of them. When an outer loop advances and the inner ones
 * start again the window moves by at least one step of x, so that a run takes
 * in a_x new positions at least and any other set one; only if both of its
 * ranks are looped over may it stand still, when one goes back as far as the
 * other goes on. So with o = a_x or 1 or 0 positions then, a_x - (a_x - o) / f
 * for each of the T tiles, x the rank of the innermost loop, whichever makes it
 * least.
 */
#ifndef CDS_SEARCH_CANDIDATES_H
#define CDS_SEARCH_CANDIDATES_H

#include "search/group_terms.h"

/* A tile of a group. */
typedef struct cds_candidate {
  double key;       /* bound on the goal */
  cds_weights cost; /* at least; with all groups inside if the bounds are known,
                       else of the group alone */
  double edges;     /* cycles */
  double pass[CDS_TENSORS_MAX];
  uint32_t tile;
  cds_divisors_at inside; /* the tile and the spreads right above it */
} cds_candidate;

typedef struct cds_candidates {
  size_t count, room;
  cds_candidate *candidate;
  /* What is looked at of every candidate: its key, and the code of `inside`. */
  double *key;
  uint64_t *code;
  size_t open; /* so many at the front are not beyond the incumbent */
  /* Indexes of those of the first `scanned` that divide the tile outside, as
   * far as it was looked at (descend.c); NULL: none yet. */
  const cds_tile *outer;
  uint32_t *match;
  size_t matches, scanned;
  /* Of each tensor that the group holds, whatever the tile: loads of a pass at
   * least, and loads and the share of its windows at most. */
  cds_leg_loads loads[CDS_TENSORS_MAX];
  size_t stays_room;
} cds_candidates;

typedef struct cds_block_bounds {
  bool known;
  /* R of a group by the tensor of the block and the number of passes (see
   * cds_pass_list); 0 inside of the last group. */
  cds_weights rest[CDS_GROUPS_MAX + 2][CDS_TENSORS_MAX][CDS_PASSES_MAX];
  /* Of the group at hand, by the tensor of the block: numbers of passes, its
   * way (CDS_LEGS_MAX: not held), whether its cost depends on the tile and else
   * that of the first number; least cost of all else without what is inside and
   * with what is inside under another block. */
  unsigned numbers[CDS_TENSORS_MAX], way[CDS_TENSORS_MAX];
  bool varies[CDS_TENSORS_MAX];
  cds_weights first[CDS_TENSORS_MAX];
  cds_weights alone[CDS_TENSORS_MAX], inside[CDS_TENSORS_MAX];
} cds_block_bounds;

/* Divisors of each dimension that the tiles of a group may take between the
 * spreads above and below, rising. */
typedef struct cds_tile_range {
  unsigned count[CDS_DIMS_MAX];
  uint16_t whole[CDS_DIMS_MAX]; /* leaves no loops outside */
  uint16_t at[CDS_DIMS_MAX][CDS_DIVISORS_MAX];
} cds_tile_range;

typedef struct cds_descent cds_descent;

/* By tensor, product of the trips of loops that it lacks: of all that stand
 * outside, and of those above the innermost one that it has. */
typedef struct cds_outside {
  double lacked[CDS_TENSORS_MAX];
  double hoisted[CDS_TENSORS_MAX];
} cds_outside;

/* Passes of each tensor, and whether no dimension is lacked by two. CDS_ENOMEM.
 */
cds_status cds_passes_list(cds_general *general);
/* Lists the candidates of all groups of the job's layout, and their bounds:
 * tiles that may be part of something better than the incumbent, by rising key.
 * A group without any ends it. CDS_ENOMEM. */
cds_status cds_candidates_list(cds_descent *job);
/* Forgets what is known of windows in tiles: to be called before a group whose
 * tiles are asked for, or a layout, is another one. */
void cds_windows_forget(const cds_general *general);
/* Loads of all instances of a tensor's holder in each pass at least, with the
 * layout's products of spreads. */
double cds_pass_of(const cds_layout *layout, unsigned group,
                   const cds_tile *tile, unsigned t);
/* Least cost of the group and all inside, below the tile of the group outside;
 * group at most groups + 1. */
void cds_rest(cds_weights *out, const cds_descent *job, unsigned group,
              const cds_outside *above);

#endif
