/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of a claim: its run, what was asked, and what the winner is made of. */
#ifndef CDS_STORE_CLAIM_ROWS_H
#define CDS_STORE_CLAIM_ROWS_H

#include "store/claim.h"

/* In place of those that are there. */
cds_status cds_claim_rows_write(const cds_claim *claim, cds_database *database,
                                uint64_t *changed, cds_arena *arena);

#endif
