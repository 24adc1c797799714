/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mappings that are good, found before the search for the best one. */
#ifndef CDS_SEARCH_PROBE_H
#define CDS_SEARCH_PROBE_H

#include "search/layouts.h"

/* For a goal without a mapping: looks for one in a few layouts, then around the
 * best of these. What is found is search->probed, and search->descent.known is
 * set, but best is not: the search finds it anew, in its own order, so that
 * what is probed decides no tie. CDS_ENOMEM. */
cds_status cds_probe(cds_general_search *search);

#endif
