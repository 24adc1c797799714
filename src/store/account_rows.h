/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of an account: its run, what was asked, and what the winner is made of.
 */
#ifndef CDS_STORE_ACCOUNT_ROWS_H
#define CDS_STORE_ACCOUNT_ROWS_H

#include "store/account.h"

/* In place of those that are there. */
cds_status cds_account_rows_write(const cds_account *account,
                                  cds_database *database, uint64_t *changed,
                                  cds_arena *arena);

#endif
