/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fused groups: stages that run one after the other inside of common loops, so
 * that what one makes and another uses stays on chip.
 *
 *   outer nodes, from outside in: `for RANK n`, `hold TENSOR at LEVEL`
 *   then, in each pass of all loops, every stage once: its own mapping, of the
 *   sizes that the loops leave of its ranks (factors are perfect)
 *
 * Ranks and tensors are the group's: ranks of several stages are one if a
 * tensor joins them (axis by axis; those of one position are left out), tensors
 * if one stage makes what another uses, or several use the same.
 *
 * Meaning, used by count and by the literal execution of the tests alike:
 * - Every stage runs in every pass. A stage that lacks the rank of an outer
 * loop does the same again in each of its passes (recomputation).
 * - A tensor is at home at the level of its outer `hold`, without one at the
 *   outermost level, which has all of it. Homes stand above all arrays. Stages
 *   find their operands at home and leave their output there; all other tiles
 *   of a stage are its own, taken in and given up in each pass.
 * - A tile at home holds what the passes of the loops inside of its place need,
 *   where the place is that of the `hold`, moved up to behind the innermost
 * loop above it on a rank that the tensor has. When a loop above that place
 * goes on, the tile is replaced, as in mapping.h (windows: what was in the tile
 *   just before stays, if a loop on a rank of the tensor went on): an output
 * goes to the outermost level and may come back from there, an operand comes
 * from there.
 * - An *intermediate* is made by one stage and used by later ones only, and is
 *   never in the outermost level: it is held behind all loops, made anew in
 * each pass, and given up after the last stage that uses it. It is complete
 * when it is used: no outer loop is on a rank that its maker reduces.
 * - No outer loop is on a rank that the maker of another output lacks. What is
 *   used in the group after it was made is complete in any case.
 * - Where the outermost level adds sums to what it has (accumulate), an output
 *   whose sums go on from pass to pass is not at home on chip.
 * - Where a tensor is made or used with windows (axes of two ranks, or with a
 *   step), ranks on such an axis have no outer loops, nor those that it meets.
 *   A tile of an intermediate has as many positions on that axis as it is made
 *   with, or as windows touch, padding included, whichever is more. Padding
 *   stands there from the beginning of a pass, at no cost; it is read as any
 *   words are. What is made and no window touches is made all the same.
 * - The tile of an operand that several stages use is brought by the first,
 * a product; that of an output taken by its maker. One that an operation makes
 * is at home only where it is *kept*: used in the group and wanted afterwards.
 * - No outer loop is on the rank of rows that an operation reduces, unless it
 *   is online.
 *
 * Operations. An operation works in each pass on what the pass has of its rows:
 * of rows that are cut, each part is a row of its own. Operands that are no
 * tensors of the group (parameters that all rows share, a value for each row)
 * come from the outermost level in each pass, as much of them as the pass
 * needs, and so do tensors that are not at home. They pass through the unit's
 * level row by row, as those of an operation alone (price/operation.c): once a
 * pass where a row of them and the parameters fit beside what is at home there.
 *
 * Online. A softmax may take its rows in tiles, one a pass, if its weights are
 * an intermediate that one product uses and nothing else, which sums over the
 * row's rank and no other; if the product's output has ranks as axes; and if no
 * other operation reduces rows of that rank. (Milakov and Gimelshein 2018,
 * arXiv 1805.02867; Dao et al. 2022, arXiv 2205.14135.) A *strip* is what a
 * pass has of a row of that output: f words. Its *state*, the maximum and the
 * sum of the row so far, is two words of 32 bits. With n > 1 tiles of p keys
 * each strip sees n passes, and in each of them:
 *   1. The softmax makes p weights, relative to the largest score so far, this
 *      tile's included: p maxima, p subtractions, p exponentials, p additions
 *      to the sum; a maximum and an addition less in the first pass. Scores are
 *      read twice. In all passes but the first the state is read, in each it is
 *      written.
 *   2. In all but the first it rescales as the new maximum says: one
 *      subtraction, one exponential, one product for the sum, and f for the
 *      strip, whose words are read and written as sums.
 *   3. The product adds, in its own stage.
 *   4. In the last the sum is read and divides: one reciprocal, f products on
 *      the strip, whose words are read and written as results. (Weights of
 * whole rows are divided instead, before they are used.) Steps 1, 2 and 4 are
 * the softmax stage's energy and time, one after the other; 1 and 2 go row by
 * row, so that factors need no room. The output's tile comes home before them.
 * A state stands where its strip does: at home beside the tile, in as many
 * copies, else in the outermost level. It goes to the outermost level with sums
 * that go there, and comes back with them; finished strips leave without it. A
 * loop on a rank that the softmax lacks cuts rows of the output into strips
 * that each have a state.
 *
 * Mask. Key k counts for query q if k <= q + offset: offset keys stand before
 * the first query, and none beyond that of the last. A pass all of whose pairs
 * of a query and a key are masked does not run: the loops jump over it. All
 * others run whole: masked scores, on the diagonal, are made, count as minus
 * infinity, and cost what others do. A tile at home that the next pass that
 * runs needs, too, stays. The first keys count for all queries, so rows begin
 * with their first tile; rows that are not in tiles are whole for all queries.
 * Each of the two ranks has one outer loop at most. Where a level adds sums to
 * what it has, all queries have several tiles of keys, or all have one. No tile
 * of sums over keys comes back for further keys with queries that have all
 * theirs: it is not replaced inside of a loop on keys and outside of one on
 * queries. All axes of such a group are ranks, and each stage but the one that
 * uses the weights makes an intermediate: nothing of a pass that does not run
 * is missed.
 *
 * Pipelined. Stages in a row that are all products, or all operations, are a
 * segment. Segments of a pipelined group run at once, each a pass behind the
 * one before it: while a vector unit works on a pass, the array works on one
 * after it and on one before. In each step the array runs its stages one after
 * the other, and so does the unit; then, alone, the unit rescales and divides
 * what the step's products have added to strips, by factors of one word of 32
 * bits a row that were put beside the states. While words of the unit move, the
 * array waits. So with A the time of all products, V of all operations but for
 * the rescaling and dividing, which is X, M the time of V in which ports,
 * networks or bonds are busy, and f = min(F / N, 1) of N passes, F one less
 * than there are segments,
 *
 *   T = f (A + V) + (1 - f) max(A + M, V) + X
 *
 * (The first and the last F steps, in which not all segments have work, take no
 * more than F passes of all stages one after the other: a step of either kind
 * is part of such a pass, and together they are F of them.) Operations that no
 * vector unit does do not run beside products. A strip that is rescaled is at
 * home.
 *
 * Room: tiles at home that are not intermediates stand in their level
 * all the time, two of them where the level is double buffered and they are
 * replaced; an intermediate from its maker to the last stage that uses it,
 * once. An output between passes takes its accumulator's bits if sums go on in
 * the next pass or come back; while it is made, also if its maker says so. In a
 * pipelined group intermediates stand all the time, one for each segment from
 * the maker's to that of the last user; of other tiles that are replaced, and
 * of states, one more for each segment from the first user's to that of the
 * last, as its maker leaves it (a state's: from the softmax to its user), and
 * factors of the rows of a pass, as often. Parameters that the rows of a pass
 * of one of its operations share stand once, all the time, where its tensors
 * are at home; a single row has them pass through. Other operands of its
 * operations that are not at home do not wait at the unit's level (nor do
 * parameters where none of its tensors is at home): they are read as often as
 * they are used, as products use its room.
 *
 * Energy of stages adds, and time where the group is not pipelined. A stage
 * pays for what it brings to homes and takes from there. Its first fills and
 * last drains stand in each pass, those of tiles at home once.
 */
#ifndef CDS_SPEC_FUSION_H
#define CDS_SPEC_FUSION_H

#include "spec/mapping.h"
#include "spec/stage.h"
#include "spec/workload.h"

enum {
  CDS_STAGES_MAX = 12,
  CDS_FUSED_RANKS_MAX = 24,
  CDS_FUSED_TENSORS_MAX = 28,
  CDS_OUTER_NODES_MAX = 48
};

/* A stage. One that is no product has an einsum of the same shape: its result,
 * and its operands that are rows, with the same axes, each a rank. */
typedef struct cds_fused_einsum {
  const cds_einsum *einsum;         /* whole */
  const cds_operation *operation;   /* NULL: a product */
  bool online;                      /* a softmax whose rows may come in tiles */
  unsigned rank[CDS_RANKS_MAX];     /* of the group, by rank of the einsum */
  unsigned tensor[CDS_TENSORS_MAX]; /* likewise */
} cds_fused_einsum;

typedef struct cds_fused_tensor {
  const char *name;
  unsigned maker;       /* stage, or CDS_STAGES_MAX: none */
  unsigned first, last; /* stages that use or make it */
  bool intermediate;
  bool windows; /* some stage has it with windows where another has it, too */
} cds_fused_tensor;

/* Key k counts for query q if k <= q + offset. */
typedef struct cds_fused_mask {
  bool here;           /* else all keys count for all queries */
  unsigned query, key; /* ranks of the group; key: that of a softmax's rows */
  uint64_t offset;     /* keys before the first query */
} cds_fused_mask;

typedef struct cds_fused_group {
  unsigned stages;
  cds_fused_einsum stage[CDS_STAGES_MAX];
  unsigned ranks;
  cds_rank rank[CDS_FUSED_RANKS_MAX];
  bool whole[CDS_FUSED_RANKS_MAX]; /* without outer loops: on an axis of two
                                      ranks that joins, or of whole rows */
  unsigned tensors;
  cds_fused_tensor tensor[CDS_FUSED_TENSORS_MAX];
  cds_fused_mask mask;
  bool pipelines; /* searches may pipeline it */
} cds_fused_group;

typedef enum cds_outer_kind { CDS_OUTER_FOR, CDS_OUTER_HOLD } cds_outer_kind;
typedef struct cds_outer_node {
  cds_outer_kind kind;
  unsigned rank;   /* FOR */
  uint64_t trips;  /* FOR */
  unsigned tensor; /* HOLD */
  unsigned level;  /* HOLD: not the outermost */
} cds_outer_node;

/* Loops and homes, from outside in. */
typedef struct cds_outer {
  bool pipelined;
  unsigned nodes;
  cds_outer_node node[CDS_OUTER_NODES_MAX];
} cds_outer;

typedef struct cds_fused_mapping {
  cds_outer outer;
  cds_mapping inner[CDS_STAGES_MAX]; /* of the stages' pieces
                                         (count/fusion.h) */
} cds_fused_mapping;

/* Whether what an einsum makes may be the operand of another: as many axes of
 * more than one position, each as long; with windows as long as is given, or at
 * least as they touch; and words of as many bits. */
bool cds_fused_may_join(const cds_einsum *maker, const cds_einsum *user,
                        unsigned operand);
/* Joins einsums that run one after the other. `same[s][t]`: the group's tensor
 * of operand or output t of stage s, numbered from 0 without gaps; tensors that
 * are the same have equal sizes axis by axis. `kept`: tensors (bits) that are
 * wanted after the group though they are made and used in it.
 * CDS_EINPUT when axes do not match, or one of these is used with windows,
 * CDS_ELIMIT when there are too many. */
cds_status cds_fused_group_join(cds_fused_group *out, unsigned stages,
                                const cds_einsum *const einsum[CDS_STAGES_MAX],
                                unsigned same[][CDS_TENSORS_MAX],
                                uint32_t kept);
/* Makes stage `index` an operation, whose rows are of the result's last axis,
 * or of those that it says; `online` of a softmax is known once all stages are
 * what they are. */
void cds_fused_operate(cds_fused_group *group, unsigned index,
                       const cds_operation *operation);
/* Masks the group, whose operations are known. CDS_EINPUT where it may not have
 * the mask (above). */
cds_status cds_fused_mask_set(cds_fused_group *group, unsigned query,
                              unsigned key, uint64_t offset);
/* Whether the rank is one of a mask's two. */
static inline bool cds_fused_of_mask(const cds_fused_group *group,
                                     unsigned rank) {
  return group->mask.here &&
         (rank == group->mask.query || rank == group->mask.key);
}
/* A loop that has more than one pass. */
static inline bool cds_outer_is_loop(const cds_outer_node *node) {
  return node->kind == CDS_OUTER_FOR && node->trips > 1;
}
/* Passes of the loops on a rank. */
static inline uint64_t cds_outer_trips_on(const cds_outer *outer,
                                          unsigned rank) {
  uint64_t trips = 1;
  for (unsigned n = 0; n < outer->nodes; n++) {
    const cds_outer_node *node = &outer->node[n];
    trips *= cds_outer_is_loop(node) && node->rank == rank ? node->trips : 1;
  }
  return trips;
}
/* The stage's own number of a rank or tensor of the group; UINT_MAX: it lacks
 * it. */
unsigned cds_fused_own_rank(const cds_fused_einsum *stage, unsigned rank);
unsigned cds_fused_own_tensor(const cds_fused_einsum *stage, unsigned tensor);
/* A tensor as the first stage has it that does. */
const cds_tensor *cds_fused_plain_tensor(const cds_fused_group *group,
                                         unsigned tensor);
/* Whether the tensor's maker adds sums of several passes of the outer loops. */
bool cds_fused_sums_go_on(const cds_fused_group *group, const cds_outer *outer,
                          unsigned tensor);
/* The rank of the rows of a stage that is no product; the last of several. */
unsigned cds_fused_row_rank(const cds_fused_einsum *stage);
/* Whether its rows have the rank. */
bool cds_fused_row_has(const cds_fused_einsum *stage, unsigned rank);
/* Of each axis of a tensor of a stage that has more than one position: how many
 * it has when rank r is length[r] long. Joined tensors have as many such axes,
 * in the same order. Gives their number. */
unsigned cds_fused_long_axes(uint64_t out[CDS_AXES_MAX],
                             const cds_einsum *einsum, unsigned tensor,
                             const uint64_t length[CDS_RANKS_MAX]);
/* Tiles that the rows of an operation come in: passes of the loops on their
 * rank. More than one only where it is online. */
uint64_t cds_fused_row_tiles(const cds_fused_group *group,
                             const cds_outer *outer, unsigned stage);
/* The stage that uses the weights of an online softmax. */
static inline unsigned cds_fused_online_user(const cds_fused_group *group,
                                             unsigned softmax) {
  const cds_fused_einsum *stage = &group->stage[softmax];
  return group->tensor[stage->tensor[stage->einsum->tensors - 1]].last;
}
/* The segment of a stage: stages in a row that are all products, or all
 * operations. */
unsigned cds_fused_segment(const cds_fused_group *group, unsigned stage);
/* Segments from the first to the last stage that has the tensor, less one. */
unsigned cds_fused_segments_over(const cds_fused_group *group, unsigned tensor);
/* Whether a stage, or a tensor, has a rank of the group. */
bool cds_fused_stage_has(const cds_fused_group *group, unsigned stage,
                         unsigned rank);
bool cds_fused_tensor_has(const cds_fused_group *group, unsigned tensor,
                          unsigned rank);
/* Why the rank may have no outer loops, or NULL. */
const char *cds_fused_loop_wrong(const cds_fused_group *group, unsigned rank);
/* Whether the tensor may be at home: an operation brings no operands there, and
 * leaves results only where they are used in the group. */
bool cds_fused_may_hold(const cds_fused_group *group, unsigned tensor);
/* Why the outer nodes are no fused mapping of the group (the rules above, and
 * factors that divide), or NULL. */
const char *cds_fused_outer_wrong(const cds_fused_group *group,
                                  const cds_arch *arch, const cds_outer *outer);
#endif
