/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers to text and back. The decimal point of the C library depends on the
 * locale; therefore only digits and the exponent of what it prints are used,
 * and what it reads is an integer with an exponent ("125e-2" for 1.25).
 */
#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  DIGITS_MAX = 17,  /* enough to tell any two doubles apart */
  DIGITS_KEPT = 800 /* enough to round any decimal text correctly */
};

/* value = 0.d1 d2 d3 ... * 10^point, without trailing zeros. */
typedef struct decimal {
  bool negative;
  char digits[DIGITS_MAX + 1];
  int count;
  int point;
} decimal;

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Rounds a finite value to so many significant digits. */
static decimal to_decimal(double value, int digits) {
  char text[64];
  decimal d = {.negative = signbit(value) != 0};
  (void)snprintf(text, sizeof text, "%.*e", digits - 1, fabs(value));
  const char *c = text;
  for (; *c != '\0' && *c != 'e'; c++) {
    if (is_digit(*c) && d.count < DIGITS_MAX) {
      d.digits[d.count++] = *c;
    }
  }
  d.point = *c == 'e' ? (int)strtol(c + 1, NULL, 10) + 1 : 1;
  while (d.count > 1 && d.digits[d.count - 1] == '0') {
    d.count--;
  }
  d.digits[d.count] = '\0';
  return d;
}

static double from_decimal(const decimal *d) {
  char text[64];
  (void)snprintf(text, sizeof text, "%s%se%d", d->negative ? "-" : "",
                 d->digits, d->point - d->count);
  return strtod(text, NULL);
}

double cds_round_decimal(double value, unsigned digits) {
  if (!isfinite(value) || value == 0) {
    return value;
  }
  const unsigned most = digits < DIGITS_MAX ? digits : DIGITS_MAX;
  const decimal d = to_decimal(value, most > 0 ? (int)most : 1);
  return from_decimal(&d);
}

/* "1250", "12.5" or "0.00125" from the digits. */
static char *put_fixed(char *out, const decimal *d) {
  if (d->point <= 0) {
    *out++ = '0';
    *out++ = '.';
    for (int zero = d->point; zero < 0; zero++) {
      *out++ = '0';
    }
  }
  for (int i = 0; i < d->count; i++) {
    if (i == d->point && i > 0) {
      *out++ = '.';
    }
    *out++ = d->digits[i];
  }
  for (int i = d->count; i < d->point; i++) {
    *out++ = '0';
  }
  *out = '\0';
  return out;
}

/* "1.25e-07" style, with the shortest exponent: "1.25e-7". */
static char *put_scientific(char *out, const decimal *d) {
  *out++ = d->digits[0];
  if (d->count > 1) {
    *out++ = '.';
    memcpy(out, d->digits + 1, (size_t)d->count - 1);
    out += d->count - 1;
  }
  return out + snprintf(out, 8, "e%d", d->point - 1);
}

static char *put_decimal(char *out, const decimal *d) {
  if (d->negative) {
    *out++ = '-';
  }
  const bool fixed = d->point > -5 && d->point <= DIGITS_MAX;
  return fixed ? put_fixed(out, d) : put_scientific(out, d);
}

static decimal shortest(double value) {
  /* Fifteen digits cover every short decimal, but not the subnormal ones,
   * whose precision is less than that. */
  const bool subnormal = fabs(value) < 0x1p-1022 && value != 0;
  for (int digits = subnormal ? 1 : 15; digits < DIGITS_MAX; digits++) {
    const decimal d = to_decimal(value, digits);
    if (from_decimal(&d) == value) {
      return d;
    }
  }
  return to_decimal(value, DIGITS_MAX);
}

/* Writes what is not a finite number; false if it is one. */
static bool put_special(char buffer[CDS_NUMBER_TEXT], double value) {
  if (isnan(value)) {
    buffer[0] = '\0';
    return true;
  }
  if (isinf(value)) {
    (void)snprintf(buffer, CDS_NUMBER_TEXT, value < 0 ? "-inf" : "inf");
    return true;
  }
  return false;
}

const char *cds_format_double(char buffer[CDS_NUMBER_TEXT], double value) {
  if (!put_special(buffer, value)) {
    const decimal d = shortest(value);
    (void)put_decimal(buffer, &d);
  }
  return buffer;
}

static void put_unit(char *out, const char *start, const char *prefix,
                     const char *unit) {
  const size_t left = CDS_NUMBER_TEXT - (size_t)(out - start);
  (void)snprintf(out, left, "%s%s%s",
                 prefix[0] != '\0' || unit[0] != '\0' ? " " : "", prefix, unit);
}

const char *cds_format_si(char buffer[CDS_NUMBER_TEXT], double value,
                          const char *unit) {
  static const char *const prefixes[] = {"a", "f", "p", "n", "u", "m", "", "k",
                                         "M", "G", "T", "P", "E", "Z", "Y"};
  enum { NO_PREFIX = 6, LAST_PREFIX = 14 };
  if (put_special(buffer, value)) {
    return buffer;
  }
  const bool plain = unit[0] == '\0' || strcmp(unit, "%") == 0;
  decimal d = to_decimal(value, 4);
  if (value == 0 || plain) {
    if (d.point > 4 && d.point <= DIGITS_MAX) {
      d = to_decimal(value, d.point); /* all digits of a large count */
    }
    put_unit(put_decimal(buffer, &d), buffer, "", unit);
    return buffer;
  }
  /* 1 to 3 digits before the point; floor division for negative powers. */
  int thousand = (d.point - 1) / 3 - ((d.point - 1) % 3 < 0);
  const bool in_range =
      thousand >= -NO_PREFIX && thousand <= LAST_PREFIX - NO_PREFIX;
  if (!in_range) {
    thousand = 0;
  }
  d.point -= 3 * thousand;
  put_unit(put_decimal(buffer, &d), buffer, prefixes[thousand + NO_PREFIX],
           unit);
  return buffer;
}

const char *cds_format_bits(char buffer[CDS_NUMBER_TEXT], uint64_t bits) {
  static const char *const units[] = {"B",   "KiB", "MiB", "GiB",
                                      "TiB", "PiB", "EiB"};
  if (bits % 8 != 0 && bits < 8192) {
    (void)snprintf(buffer, CDS_NUMBER_TEXT, "%u bit", (unsigned)bits);
    return buffer;
  }
  unsigned power = 0;
  double amount = (double)bits / 8;
  while (amount >= 1024) {
    amount /= 1024;
    power++;
  }
  const decimal d = to_decimal(amount, 4);
  put_unit(put_decimal(buffer, &d), buffer, "", units[power]);
  return buffer;
}

const char *cds_format_bits_up(char buffer[CDS_NUMBER_TEXT], uint64_t bits) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  const uint64_t close = 1000; /* of these, rounding up adds one at most */
  if (bits % 8 != 0 && bits / 8 < close) {
    (void)snprintf(buffer, CDS_NUMBER_TEXT, "%u bit", (unsigned)bits);
    return buffer;
  }
  const uint64_t bytes = bits / 8 + (bits % 8 != 0);
  unsigned power = 4;
  while (power > 0 && bytes % (UINT64_C(1) << 10 * power) != 0 &&
         bytes >> 10 * power < close) {
    power--;
  }
  const uint64_t unit = UINT64_C(1) << 10 * power;
  (void)snprintf(buffer, CDS_NUMBER_TEXT, "%" PRIu64 " %s",
                 bytes / unit + (bytes % unit != 0), units[power]);
  return buffer;
}

/* Significant digits gathered while reading. */
typedef struct gathered {
  char text[DIGITS_KEPT + 32]; /* digits, then room for "e-2147483648" */
  size_t count;
  long exponent; /* of the last gathered digit */
  bool any;      /* a digit was seen, significant or not */
} gathered;

static void gather(gathered *g, char digit, bool fraction) {
  g->any = true;
  if (g->count == 0 && digit == '0') {
    g->exponent -= fraction;
  } else if (g->count < DIGITS_KEPT) {
    g->text[g->count++] = digit;
    g->exponent -= fraction;
  } else {
    /* Beyond what can matter but for "more than half". */
    if (digit != '0') {
      g->text[DIGITS_KEPT - 1] = '1';
    }
    g->exponent += !fraction;
  }
}

/* Reads "e-12"; moves *text behind it, or leaves it when there is none. */
static long read_exponent(const char **text) {
  const long most = 100000000;
  const char *c = *text;
  if (*c != 'e' && *c != 'E') {
    return 0;
  }
  c++;
  const bool negative = *c == '-';
  if (*c == '-' || *c == '+') {
    c++;
  }
  if (!is_digit(*c)) {
    return 0;
  }
  long value = 0;
  for (; is_digit(*c); c++) {
    value = value < most ? value * 10 + (*c - '0') : most;
  }
  *text = c;
  return negative ? -value : value;
}

bool cds_parse_double(double *out, const char *text, const char **end) {
  gathered g = {.count = 0};
  const char *c = text;
  const bool negative = *c == '-';
  if (*c == '-' || *c == '+') {
    c++;
  }
  for (; is_digit(*c); c++) {
    gather(&g, *c, false);
  }
  if (*c == '.' && (g.any || is_digit(c[1]))) {
    for (c++; is_digit(*c); c++) {
      gather(&g, *c, true);
    }
  }
  if (!g.any) {
    return false;
  }
  const long exponent = g.exponent + read_exponent(&c);
  double value = 0;
  if (g.count > 0) {
    const long most = 99999;
    const long kept = exponent > most    ? most
                      : exponent < -most ? -most
                                         : exponent;
    (void)snprintf(g.text + g.count, sizeof g.text - g.count, "e%ld", kept);
    value = strtod(g.text, NULL);
  }
  if (isinf(value)) {
    return false;
  }
  *out = negative ? -value : value;
  *end = c;
  return true;
}

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

unsigned cds_edit_distance(const char *a, const char *b) {
  enum { LONGEST = 254 };
  const size_t rows = strnlen(a, LONGEST + 1);
  const size_t columns = strnlen(b, LONGEST + 1);
  if (rows > LONGEST || columns > LONGEST) {
    return strcmp(a, b) == 0 ? 0 : LONGEST + 1;
  }
  /* Three rows of the table: a swap looks back two rows. */
  unsigned table[3][LONGEST + 1];
  for (size_t column = 0; column <= columns; column++) {
    table[0][column] = (unsigned)column;
  }
  for (size_t row = 1; row <= rows; row++) {
    unsigned *const now = table[row % 3];
    const unsigned *const last = table[(row + 2) % 3];
    const unsigned *const before = table[(row + 1) % 3];
    now[0] = (unsigned)row;
    for (size_t column = 1; column <= columns; column++) {
      const unsigned cost = a[row - 1] != b[column - 1];
      unsigned best = least(last[column] + 1, now[column - 1] + 1);
      best = least(best, last[column - 1] + cost);
      const bool swapped = row > 1 && column > 1 &&
                           a[row - 1] == b[column - 2] &&
                           a[row - 2] == b[column - 1];
      now[column] = swapped ? least(best, before[column - 2] + 1) : best;
    }
  }
  return table[rows % 3][columns];
}

/* Keys beside each letter of an English keyboard, a to z. */
static const char *const beside[] = {
    "qwsz",   "vghn", "xdfv",   "ersfcx", "wsdr",   "rtdgcv", "tyfhvb",
    "yugjbn", "uojk", "uihknm", "iojlm",  "opk",    "njk",    "bhjm",
    "ipkl",   "ol",   "wa",     "etdf",   "wedazx", "ryfg",   "yihj",
    "cfgb",   "qeas", "zsdc",   "tugh",   "asx"};

static int lower(char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

static bool on_neighbours(char a, char b) {
  const int x = lower(a);
  const int y = lower(b);
  if (is_digit(a) && is_digit(b)) {
    return x - y <= 1 && y - x <= 1;
  }
  return x == y || (x >= 'a' && x <= 'z' && y != '\0' &&
                    strchr(beside[x - 'a'], y) != NULL);
}

/* Whether a name at distance 1 is what fingers make of the candidate. */
static bool is_easy_slip(const char *name, const char *candidate) {
  const size_t length = strlen(name);
  const size_t wanted = strlen(candidate);
  size_t at = 0;
  while (at < length && name[at] == candidate[at]) {
    at++;
  }
  if (length < wanted) {
    return true;
  }
  if (length > wanted) {
    return at > 0 && name[at] == name[at - 1];
  }
  const bool swapped = at + 1 < length && name[at] == candidate[at + 1] &&
                       name[at + 1] == candidate[at];
  return swapped || on_neighbours(name[at], candidate[at]);
}

enum { RANK_NONE = 99 };

/* How far the candidate is: twice the distance, one more for what is no easy
 * slip; RANK_NONE for what is too far to be meant. */
static unsigned rank_of(const char *name, const char *candidate) {
  const size_t length = strlen(name);
  const unsigned most = length <= 4 ? 1 : 2;
  const unsigned distance = cds_edit_distance(name, candidate);
  /* Never replace every letter. */
  if (distance > most || (distance >= length && strlen(candidate) <= length)) {
    return RANK_NONE;
  }
  return 2 * distance + (distance == 1 && !is_easy_slip(name, candidate));
}

size_t cds_nearest_all(const char **out, size_t room, const char *name,
                       const char *const *candidates, size_t count) {
  unsigned nearest = RANK_NONE;
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    const unsigned rank = rank_of(name, candidates[i]);
    if (rank < nearest) {
      nearest = rank;
      found = 0;
    }
    if (rank == nearest && rank != RANK_NONE && found < room) {
      out[found++] = candidates[i];
    }
  }
  return found;
}

const char *cds_nearest(const char *name, const char *const *candidates,
                        size_t count) {
  const char *found = NULL;
  (void)cds_nearest_all(&found, 1, name, candidates, count);
  return found;
}
