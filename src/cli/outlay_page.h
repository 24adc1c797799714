/* SPDX-License-Identifier: GPL-3.0-or-later */
/* outlay_page: the part of the summary that says what making a design takes,
 * what carbon and cost of a run are made of, and what the wall gives. */
#ifndef CDS_CLI_OUTLAY_PAGE_H
#define CDS_CLI_OUTLAY_PAGE_H

#include "cli/page.h"
#include "export/result.h"

void cds_outlay_write(const cds_page *page, const cds_report *report);

#endif
