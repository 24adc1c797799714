/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CDS_CLI_UNCERTAINTY_PAGE_H
#define CDS_CLI_UNCERTAINTY_PAGE_H

#include "cli/page.h"
#include "export/result.h"

/* How far the answer moves with the ranges of figures, and whether it stays the
 * answer (explore/uncertainty.h); nothing where that was not asked. */
void cds_uncertainty_write(const cds_page *page, const cds_report *report);

#endif
