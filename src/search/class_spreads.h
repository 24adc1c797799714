/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The spreads of one class of ranks and how they stand on two axes. */
#ifndef CDS_SEARCH_CLASS_SPREADS_H
#define CDS_SEARCH_CLASS_SPREADS_H

#include "search/options.h"

/* Fills spread, count and rows of the table of a class. CDS_ENOMEM,
 * CDS_ELIMIT. Time: the units of the array, and for each full spread the
 * length of an axis. */
cds_status cds_class_spreads_list(cds_tables *tables, unsigned class);

#endif
