/* SPDX-License-Identifier: GPL-3.0-or-later */
// clang-format off: equations
/*
 * What the products of a fused group move at the outermost level at least, by
 * what homes hold.
 *
 * In each pass of the outer loops a product finds its operands at home and
 * leaves its output there; what is not at home comes from the outermost level,
 * or goes there, in each pass anew (spec/fusion.h). With W(t) words of tensor
 * t, N passes of all loops, and T(c) trips of the loops on the ranks c, these
 * many words of an operand or output go there or come from there at least:
 *
 *   away     N W(t) / prod T(c), over all c that t has, for each product that
 *            has it: what a stage has of it in a pass moves once and more
 *   at home  W(t) prod T(c), over the loops above its place that it lacks, by
 *            the first product that has it; nothing where that is none
 *
 * Of V words of an output all but the last of each are partial sums, which come
 * back, unless the outermost level adds them: W results, V - W sums one way or
 * both. (Each word is of one pass first, and of one last.)
 *
 * At home t takes its tile, W(t) / prod T(c) over the loops above its place
 * that it has: two of them where the level is double buffered and one of these
 * loops replaces it, and bits of sums where a loop on a rank that its maker
 * reduces lets them go on. All tiles of tensors that are no intermediates stand
 * there all the time, beside the intermediates that a stage has while it runs:
 * those have the tiles that all loops leave. So for each stage
 *
 *   sum of the tiles at home + its own intermediates <= room of the level.
 *
 * Room that pipelines, states and others' intermediates take is left out. With
 * a mask N is the passes that run, and loops on its ranks count as bringing
 * nothing anew: each piece of keys and of queries is of a pass that runs, so
 * that all words come once; of a tensor that has both of its ranks only as
 * great a part as passes that run are at least (count/mask.h).
 *
 * The least sum over all trips, all orders of the loops and all choices of what
 * is at home where that fit is below every fused mapping whose homes are at
 * that level, whatever its stages do.
 *
 * It depends on sizes, not on prices. So of the energy of a mapping at prices p
 * of the outermost level, each no less than p0 a bit, and a factor f < 1,
 *
 *   E(p) = E(f p) + (1 - f) E0(p) >= floor of all stages at f p
 *                                    + (1 - f) p0 moved,
 *
 * where E0 is the part of the outermost level, linear in its prices. Of a box
 * of designs the relaxed one has the largest levels and the least prices: its
 * floor is no more than that of any of them.
 */
// clang-format on
#ifndef CDS_FUSE_FAR_H
#define CDS_FUSE_FAR_H

#include "search/floor_memo.h"
#include "spec/fusion.h"

/* Bits that products move at the outermost level at least, with homes at
 * `level`; INFINITY: nothing fits there; 0: nothing is known. Answers are kept
 * with the memo. CDS_ENOMEM. */
cds_status cds_far_bits(double *out, const cds_floor_asked *asked,
                        const cds_fused_group *group, unsigned level);

#endif
