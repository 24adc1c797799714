/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line of the summary about what stays on chip. */
#ifndef CDS_CLI_RESIDENCY_H
#define CDS_CLI_RESIDENCY_H

#include "cli/page.h"
#include "export/result.h"

/* Nothing where it was not asked for. */
void cds_residency_write(const cds_page *page, const cds_report *report);

#endif
