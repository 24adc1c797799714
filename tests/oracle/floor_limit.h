/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Floors and limits of the search beside what is known to be best. */
#ifndef CDS_TESTS_FLOOR_LIMIT_H
#define CDS_TESTS_FLOOR_LIMIT_H

#include "oracle/tiny_case.h"
#include "search/search.h"

/* Whether a mapping of the case takes no less than its floors: that of any
 * pair, and that of stages (search/floor_memo.h). */
bool floors_hold(const tiny_case *it, const cds_cost *cost);
/* Whether the searcher, begun with the case, finds the same again with a limit
 * just above its value, and nothing with one just below; for sums of energy and
 * time in the first space. */
bool limits_hold(const tiny_case *it, cds_searcher *searcher,
                 const cds_search_result *best);

#endif
