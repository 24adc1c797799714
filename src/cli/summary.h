/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an exploration found, for people. */
#ifndef CDS_CLI_SUMMARY_H
#define CDS_CLI_SUMMARY_H

#include "cli/page.h"
#include "export/result.h"

/* Writes the summary; at most 80 columns wide. */
void cds_summary_write(const cds_page *page, const cds_report *report);
/* "3 assumptions, 12 sources" of the architecture's numbers. */
const char *cds_origins_text(const cds_page *page, const cds_arch *arch);
/* Unit and factor in which a value of the objective is shown: J s, ... */
const char *cds_shown_unit(cds_objective objective, double *scale);

#endif
