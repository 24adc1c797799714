/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines of the summary about heat. */
#ifndef CDS_CLI_HEAT_PAGE_H
#define CDS_CLI_HEAT_PAGE_H

#include "cli/page.h"
#include "export/result.h"

/* How warm the dies of the best design get, in all and phase by phase, and what
 * would be best without heat, where that was asked; nothing without cooling. */
void cds_heat_write(const cds_page *page, const cds_report *report);

/* One line of a layer, or chain, alone: what it leaks at the temperatures that
 * it makes, and which those are. */
void cds_heat_note(const cds_page *page, const cds_arch *arch,
                   const cds_heated_state *state, const cds_cost *cost);

#endif
