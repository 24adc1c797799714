/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fused groups as loop trees that a person can read. */
#ifndef CDS_CLI_TREE_H
#define CDS_CLI_TREE_H

#include "cli/page.h"
#include "network/network.h"

/* Writes the loops and homes that the stages have in common, with the tile of
 * each home, and below them the nest of each stage. `stage`: the layers of one
 * fused chain, in their order, with counts. */
void cds_tree_write(const cds_page *page, const cds_arch *arch,
                    const cds_layer_result *stage);

#endif
