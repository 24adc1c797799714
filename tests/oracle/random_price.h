/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random prices, ports, buffers, bonds and word sizes for a random structure.
 * Prices are whole or quarters, so that energies are exact in any order.
 */
#ifndef CDS_TESTS_RANDOM_PRICE_H
#define CDS_TESTS_RANDOM_PRICE_H

#include "support/random_case.h"

/* Gives the levels, arrays and compute units of an architecture their numbers
 * (not the sizes of the levels, which stay unlimited), and the tensors of an
 * einsum their bits. */
void random_price(cds_arch *arch, cds_einsum *einsum, random_stream *stream);
/* Writes the numbers that random_price gave. */
void price_write(FILE *stream, const cds_arch *arch, const cds_einsum *einsum);

#endif
