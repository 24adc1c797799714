/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * searchers: what serves all questions about one design: the answers so far,
 * a fuser for each chain, and a searcher for each kind of layers, so that what
 * it prepares for the kind, and what it has found there, is at hand for the
 * next question. Kinds beyond a limit share the last searcher, which is
 * prepared anew whenever the kind changes.
 *
 * Memory: 2 MB a kind, as seen, for each design at work. Sharing eight
 * searchers among all matrix products, which are prepared faster than
 * convolutions, saves a third of it and takes a tenth more time.
 */
#ifndef CDS_NETWORK_SEARCHERS_H
#define CDS_NETWORK_SEARCHERS_H

#include "network/answers.h"
#include "search/floor_memo.h"

enum { CDS_SEARCHERS_MAX = 64, CDS_FUSERS_MAX = 64 };

/* Nothing is prepared or answered from now on: another design. */
void cds_searchers_reset(cds_searchers *searchers);
/* How all of them search what is begun from now on; before that: exactly. */
void cds_searchers_choose(cds_searchers *searchers,
                          const cds_search_options *options);
/* Floors of the architecture. CDS_ENOMEM. */
cds_status cds_searchers_floors(cds_floor_asked *out, cds_searchers *searchers,
                                const cds_arch *arch, double power_limit_w,
                                cds_arena *scratch);
cds_answers *cds_searchers_answers(cds_searchers *searchers);
/* What is known of tensors that stay on chip (resident_search.h): nothing yet
 * of a design. NULL: no memory. */
struct cds_resident_known *cds_searchers_resident(cds_searchers *searchers);
/* Those for the same design's longer chains (cds_network_plan.longer), which
 * the searchers own. NULL: no memory. */
cds_searchers *cds_searchers_longer(cds_searchers *searchers);
/* The place of the searcher of the n-th kind. What is asked at one place
 * depends on what was asked there before, and only one thread at a time may ask
 * there. */
size_t cds_searchers_place(size_t n);
/* The searcher at the place, prepared for a kind of layers, which the einsum
 * of its first layer stands for. CDS_ENOMEM, or what cds_search_begin returns;
 * then `out` is set where there is a searcher to be asked why. */
cds_status cds_searchers_begin(cds_searcher **out, cds_searchers *searchers,
                               size_t index, const cds_arch *arch,
                               const cds_einsum *einsum, double power_limit_w);

/* The same for the n-th chain, and a group. The status of cds_fuser_begin,
 * remembered while the group is the same; CDS_ENOMEM. */
size_t cds_fusers_place(size_t n);
cds_status cds_fusers_begin(cds_fuser **out, cds_searchers *searchers,
                            size_t index, const cds_arch *arch,
                            const cds_fused_group *group, double power_limit_w);

#endif
