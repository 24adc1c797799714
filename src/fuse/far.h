/* SPDX-License-Identifier: GPL-3.0-or-later */
// clang-format off: equations
/*
 * What the products of a fused group move at the outermost level at least, by
 * what homes hold.
 *
 * In each pass of the outer loops a product finds its operands at home and
 * leaves its output there; what is not at home comes from the outermost level,
 * or goes there, in each pass anew (spec/fusion.h). With W(t) bits of tensor t,
 * N passes of all loops, and T(c) trips of the loops on the ranks c,
 *
 *   away     N W(t) / prod T(c), over all c that t has, for each product with t
 *   at home  W(t) prod T(c), over the loops above its place that it lacks,
 * where its tile W(t) / prod T(c), over those above that it has, fits beside
 * the intermediates of the stage
 *
 * of which t moves the least at least. Which loops are above a place depends on
 * their order, the same for all tensors: that is why not each of them can come
 * once. With a mask the passes are those that run, and loops on its ranks count
 * as bringing nothing anew. The least sum over all trips for which the
 * intermediates of each stage fit, and over all orders, is below that of every
 * fused mapping whose homes are at that level.
 *
 * It depends on sizes, not on prices. So of the energy of a mapping at prices p
 * of the outermost level, each no less than p0 a bit, and a factor f < 1,
 *
 *   E(p) = E(f p) + (1 - f) E0(p) >= floor of all stages at f p
 *                                    + (1 - f) p0 moved,
 *
 * where E0 is the part of the outermost level, linear in its prices.
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
