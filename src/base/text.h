/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers to text and back, the same under every locale. */
#ifndef CDS_BASE_TEXT_H
#define CDS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CDS_NUMBER_TEXT = 40 };

/* Shortest decimal text (at most 17 digits) that reads back to the same
 * double; "" for NaN ("not computed"), "inf" and "-inf". Returns buffer. */
const char *cds_format_double(char buffer[CDS_NUMBER_TEXT], double value);
/* Four significant digits with an SI prefix and the unit: "1.234 mJ" from
 * (1.234e-3, "J"); without prefix for unit "" or "%". Returns buffer. */
const char *cds_format_si(char buffer[CDS_NUMBER_TEXT], double value,
                          const char *unit);
/* Data sizes with binary prefixes: "64 KiB", "14 B", "3 bit". */
const char *cds_format_bits(char buffer[CDS_NUMBER_TEXT], uint64_t bits);
/* A whole number of the largest unit that exceeds the size by less than one
 * per mille, never less than it: what a user may write for 'size'. */
const char *cds_format_bits_up(char buffer[CDS_NUMBER_TEXT], uint64_t bits);
/* Reads a decimal number at the start of text ('.' as point, optional sign and
 * exponent; no hexadecimal, inf or nan). Stores the end. False if none or if
 * it overflows. */
bool cds_parse_double(double *out, const char *text, const char **end);
/* The value rounded to `digits` (1 to 17) significant decimal digits: takes the
 * dust off 0.55 + 3 * 0.05. Infinite and NaN values are kept. */
double cds_round_decimal(double value, unsigned digits);
/* Edit distance (insert, delete, replace, swap of neighbours), at most 255. */
unsigned cds_edit_distance(const char *a, const char *b);
/* Nearest candidate within distance 2 (1 for names of four letters or fewer),
 * or NULL. Of equal distances, one letter that is easily mistyped (left out,
 * doubled, swapped with the next, beside it on the keyboard) comes first. */
const char *cds_nearest(const char *name, const char *const *candidates,
                        size_t count);
/* All candidates that are as near as the nearest, at most `room`; how many. */
size_t cds_nearest_all(const char **out, size_t room, const char *name,
                       const char *const *candidates, size_t count);

#endif
