/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The general search of one pair, over the space of general.h. */
#ifndef CDS_SEARCH_GENERAL_SEARCH_H
#define CDS_SEARCH_GENERAL_SEARCH_H

#include "search/search.h"
#include "spec/rules.h"

typedef struct cds_general_search cds_general_search; /* one a thread */
cds_general_search *cds_general_search_new(void);
void cds_general_search_free(cds_general_search *search);
/* Whether the pair may be asked often: products by their own search (deep.h),
 * or few layouts. The search must be begun before it solves. */
bool cds_general_search_often(cds_general_search *search, const cds_arch *arch,
                              const cds_einsum *einsum);
/* Tables that all goals share. Statuses of cds_search_begin. `rules` (NULL:
 * none) stay where they are. From `many_layouts` on a goal first looks for a
 * good mapping (probe.h). */
cds_status cds_general_search_begin(cds_general_search *search,
                                    const cds_arch *arch,
                                    const cds_einsum *einsum,
                                    const cds_rules *rules,
                                    double power_limit_w, double many_layouts);
/* Whether the space has a mapping at all; as cds_search_possible. The search
 * must be begun again before it solves. */
cds_status cds_general_search_possible(cds_general_search *search);
/* As cds_search_solve, within the limits too. */
cds_status cds_general_search_solve(cds_search_result *out,
                                    cds_general_search *search, cds_goal goal,
                                    const cds_search_options *limits,
                                    const cds_control *control);

#endif
