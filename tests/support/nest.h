/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Mappings, einsums and architectures as short text in tests, independent of
 * the library's front end.
 */
#ifndef CDS_TESTS_NEST_H
#define CDS_TESTS_NEST_H

#include <stdbool.h>
#include <stdio.h>

#include "spec/mapping.h"

/* Reads "hold A B at GLB, for k 4, spread n 8 over PE.cols". False when the
 * text is not understood. Nothing else is checked. */
bool nest_read(cds_mapping *out, const char *text, const cds_arch *arch,
               const cds_einsum *einsum);
/* Writes the same words, on one line. */
void nest_write(FILE *stream, const cds_mapping *mapping, const cds_arch *arch,
                const cds_einsum *einsum);
/* "O[m,n] += A[m,k] * B[k,n]; m 4, n 4, k 4". */
void einsum_write(FILE *stream, const cds_einsum *einsum);
/* Reads the same words into a zeroed einsum whose names stay in `names`, room
 * for at least as many characters as the text. Operands are input, weight,
 * weight; every word has 8 bits. */
bool einsum_read(cds_einsum *out, const char *text, char *names);
/* What counting depends on: levels, arrays, flags. */
void arch_write(FILE *stream, const cds_arch *arch);
/* Writes what makes the einsum a stage of a fused group, if it is one: a line
 * for its runs, for each home and for the room that is taken. */
void stage_write(FILE *stream, const cds_arch *arch, const cds_einsum *einsum);

#endif
