/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * searchers: one for each kind of layers of the design at hand, so that what a
 * searcher prepares for a layer, and what it has found there, serves all that
 * is asked of the layer. Kinds beyond a limit share the last searcher, which is
 * prepared anew whenever the kind changes.
 */
#ifndef CDS_NETWORK_SEARCHERS_H
#define CDS_NETWORK_SEARCHERS_H

#include "network/network.h"

enum { CDS_SEARCHERS_MAX = 64 };

/* Nothing is prepared from now on: another design. */
void cds_searchers_reset(cds_searchers *searchers);
/* The place of a kind's searcher. What is asked at one place depends on what
 * was asked there before, and only one thread at a time may ask there. */
size_t cds_searchers_place(size_t kind);
/* The kind's searcher, prepared for it. CDS_ENOMEM, or what cds_search_begin
 * returns; then `out` is set where there is a searcher to be asked why. */
cds_status cds_searchers_begin(cds_searcher **out, cds_searchers *searchers,
                               size_t kind, const cds_arch *arch,
                               const cds_einsum *einsum, double power_limit_w);

#endif
