/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loop nests that a person can read. */
#ifndef CDS_CLI_NEST_H
#define CDS_CLI_NEST_H

#include "cli/page.h"
#include "count/count.h"

/* Writes the nest, indented by so much, with the tile of each held tensor and
 * how full each level is. */
void cds_nest_write(const cds_page *page, const cds_arch *arch,
                    const cds_einsum *einsum, const cds_mapping *mapping,
                    const cds_counts *counts, int indent);
/* "O[m,n] += A[m,k] * B[k,n]" of an einsum. */
const char *cds_einsum_text(const cds_page *page, const cds_einsum *einsum);
/* "m 4, n 4, k 4". */
const char *cds_ranks_text(const cds_page *page, const cds_einsum *einsum);

#endif
