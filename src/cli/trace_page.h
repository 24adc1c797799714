/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the numbers of one layer came about. */
#ifndef CDS_CLI_TRACE_PAGE_H
#define CDS_CLI_TRACE_PAGE_H

#include "cli/page.h"
#include "network/network.h"

/* Each part of the energy as a product: words, bits, accesses, price, and what
 * the prices rest on. The parts add up to the energy of the layer. */
void cds_trace_write(const cds_page *page, const cds_arch *arch,
                     const cds_counts *counts, const cds_layer_result *layer);

#endif
