/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Advice where no mapping of a layer fits: of its smallest mappings (one word
 * of each tensor that a level must keep) that with the least need stands for
 * all, and what makes it fit is offered. A change that is offered has been
 * evaluated on that mapping, which lies in the space of the search.
 */
#ifndef CDS_NETWORK_ADVICE_H
#define CDS_NETWORK_ADVICE_H

#include "diag/diag.h"
#include "network/network.h"
#include "price/advice.h"

/* What the smallest mapping of the einsum lacks: false when it fits, or when
 * it cannot be counted. `mapping` may be NULL; `scratch` is given back. */
bool cds_layer_lack(cds_misfit *lack, cds_mapping *mapping,
                    const cds_arch *arch, const cds_einsum *einsum,
                    cds_arena *scratch);
/* Whether no mapping at all can fit: one word of each tensor that a level must
 * keep, or the tensors themselves at the outermost level, are too much.
 * O(levels x tensors). */
bool cds_layer_hopeless(cds_misfit *least, const cds_arch *arch,
                        const cds_einsum *einsum);
/* Adds hints to the last message of `diag`: what makes the layer fit. The
 * arena may be that of the messages: nothing is given back. */
void cds_layer_advise(cds_diag *diag, const cds_arch *arch,
                      const cds_einsum *einsum, cds_arena *arena);
/* The einsum layer that lacks the most at the outermost level where any lacks
 * something; NULL when each has a mapping that fits. */
const cds_layer *cds_network_lack(cds_misfit *lack, const cds_arch *arch,
                                  const cds_workload *workload,
                                  cds_arena *scratch);
/* cds_layer_advise for that layer, with changes that serve all layers. */
void cds_network_advise(cds_diag *diag, const cds_arch *arch,
                        const cds_workload *workload, cds_arena *arena);
/* Says that no mapping of the layer fits for want of that. */
void cds_layer_say_lack(cds_diag *diag, const cds_arch *arch,
                        const cds_layer *layer, const cds_misfit *lack,
                        bool at_least);
/* Says that no mapping of the layer fits, at the level that is too small, with
 * advice. `least` is what the search knows that no mapping can avoid: a need
 * above the size, or nothing. */
void cds_layer_misfit(cds_diag *diag, const cds_arch *arch,
                      const cds_layer *layer, const cds_misfit *least,
                      cds_arena *arena);

#endif
