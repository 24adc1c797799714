/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Arithmetic that a file may contain, by recursive descent with limits:
 *   sum     = product { ("+" | "-") product }
 *   product = factor { ("*" | "/") factor }
 *   factor  = { "+" | "-" } ( number [unit] | "$" name | "(" sum ")"
 *                           | ("min" | "max") "(" sum "," sum ")" )
 * Dimensions are checked at each step; units that are written with a stroke
 * ("B/cycle") bind tighter than the division.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "schema/internal.h"

enum { DEPTH_MAX = 32, LENGTH_MAX = 256 };

typedef struct parser {
  const char *at;
  const cds_reader *reader;
  cds_evaluation *result;
  unsigned depth;
  bool no_memory;
} parser;

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

static void skip_blanks(parser *p) {
  while (is_blank(*p->at)) {
    p->at++;
  }
}

static bool take(parser *p, char wanted) {
  skip_blanks(p);
  if (*p->at != wanted) {
    return false;
  }
  p->at++;
  return true;
}

/* Keeps the first problem; always false. */
__attribute__((format(printf, 2, 3))) static bool
fail(parser *p, const char *format, ...) {
  if (p->result->problem != NULL) {
    return false;
  }
  va_list args;
  va_start(args, format);
  p->result->problem = cds_arena_vprintf(p->reader->arena, format, args);
  va_end(args);
  p->no_memory = p->no_memory || p->result->problem == NULL;
  return false;
}

/* Copies a part of the text for a message. */
static const char *part(parser *p, const char *start, const char *end) {
  const char *const copy =
      cds_arena_strndup(p->reader->arena, start, (size_t)(end - start));
  p->no_memory = p->no_memory || copy == NULL;
  return copy != NULL ? copy : "";
}

/* End of the unit at `start`: letters and digits, one stroke with letters
 * behind it, or '%'. */
static const char *unit_end(const char *start) {
  const char *c = start;
  if (*c == '%') {
    return c + 1;
  }
  if (is_digit(*c) || *c == '^') {
    return start;
  }
  /* Bytes of other scripts (a Greek mu) belong to the wrong unit. */
  while (is_letter(*c) || is_digit(*c) || ((unsigned char)*c & 0x80) != 0 ||
         *c == '^') {
    c++;
  }
  if (*c == '/' && c[1] == '\0' && c > start) {
    return c + 1; /* nothing to divide by: half a unit */
  }
  if (*c == '/' && is_letter(c[1])) {
    const char *behind = c + 1;
    while (is_letter(*behind) || is_digit(*behind)) {
      behind++;
    }
    const bool whole = cds_unit_find(start, (size_t)(behind - start)) != NULL;
    const bool front = cds_unit_find(start, (size_t)(c - start)) != NULL;
    return whole || !front || *behind != '(' ? behind : c;
  }
  return c;
}

/* The literal start[0, end) times 10^power, rounded once. */
static bool scaled(double *out, const char *start, const char *end, int power) {
  char text[LENGTH_MAX + 32];
  const char *mantissa_end = start;
  while (mantissa_end < end && *mantissa_end != 'e' && *mantissa_end != 'E') {
    mantissa_end++;
  }
  long exponent = mantissa_end < end ? strtol(mantissa_end + 1, NULL, 10) : 0;
  const long most = 1000000;
  exponent = exponent > most ? most : exponent < -most ? -most : exponent;
  (void)snprintf(text, sizeof text, "%.*se%ld", (int)(mantissa_end - start),
                 start, exponent + power);
  const char *parsed = NULL;
  return cds_parse_double(out, text, &parsed);
}

static bool parse_number(parser *p, cds_variable_value *out) {
  const char *const start = p->at;
  const char *end = start;
  double number = 0;
  if (!cds_parse_double(&number, start, &end)) {
    return fail(p, "a number is too large");
  }
  p->at = end;
  skip_blanks(p);
  const char *const unit_start = p->at;
  const char *const behind = unit_end(unit_start);
  *out = (cds_variable_value){.number = number};
  if (behind == unit_start) {
    p->at = end;
    return true;
  }
  const cds_unit *const unit =
      cds_unit_find(unit_start, (size_t)(behind - unit_start));
  if (unit == NULL) {
    const char *const name = part(p, unit_start, behind);
    p->result->unknown_unit = name;
    return fail(p, "unknown unit '%.30s'", name);
  }
  if (!scaled(&number, start, end, unit->power)) {
    return fail(p, "a number is too large");
  }
  p->at = behind;
  out->number = number * unit->factor;
  out->dimension = unit->dimension;
  out->per_cycle = unit->per_cycle;
  return true;
}

/* A variable that stands for all that could not be read. */
static bool find_wildcard(const cds_reader *reader) {
  for (size_t i = 0; i < reader->variable_count; i++) {
    if (reader->variables[i].name[0] == '\0' && reader->variables[i].broken) {
      return true;
    }
  }
  return false;
}

static bool parse_variable(parser *p, cds_variable_value *out) {
  const char *const start = ++p->at;
  while (is_letter(*p->at) || is_digit(*p->at) || *p->at == '_') {
    p->at++;
  }
  const size_t length = (size_t)(p->at - start);
  for (size_t i = 0; i < p->reader->variable_count; i++) {
    const cds_variable_value *const v = &p->reader->variables[i];
    if (strncmp(v->name, start, length) == 0 && v->name[length] == '\0') {
      *out = *v;
      p->result->broken = p->result->broken || v->broken;
      return !v->broken;
    }
  }
  if (find_wildcard(p->reader)) {
    p->result->broken = true;
    return false;
  }
  const char *const name = part(p, start, p->at);
  p->result->unknown_variable = name;
  return fail(p, "unknown variable '$%.60s'", name);
}

/* The depth of what follows is limited in parse_sum, through which every
 * cycle of calls goes. */
// NOLINTBEGIN(misc-no-recursion)
static bool parse_sum(parser *p, cds_variable_value *out);

static bool same_kind(const cds_variable_value *a,
                      const cds_variable_value *b) {
  return a->dimension == b->dimension && a->per_cycle == b->per_cycle;
}

static bool no_match(parser *p, const char *doing, const cds_variable_value *a,
                     const cds_variable_value *b) {
  if (a->dimension == b->dimension && doing[0] != 'm') {
    return fail(p, "cannot %s bandwidth by the cycle and by the second", doing);
  }
  return fail(p, "cannot %s %s and %s", doing, cds_dimension_name(a->dimension),
              cds_dimension_name(b->dimension));
}

/* "min" or "max" and its two arguments. */
static bool parse_function(parser *p, cds_variable_value *out) {
  const bool is_min = p->at[1] == 'i';
  p->at += 3;
  cds_variable_value a = {0};
  cds_variable_value b = {0};
  if (!take(p, '(')) {
    return fail(p, "missing '(' after '%s'", is_min ? "min" : "max");
  }
  if (!parse_sum(p, &a)) {
    return false;
  }
  if (!take(p, ',')) {
    return fail(p, "missing ',' in '%s'", is_min ? "min" : "max");
  }
  if (!parse_sum(p, &b)) {
    return false;
  }
  if (!take(p, ')')) {
    return fail(p, "missing ')'");
  }
  if (!same_kind(&a, &b)) {
    return no_match(p, "compare", &a, &b);
  }
  *out = (a.number <= b.number) == is_min ? a : b;
  return true;
}

static bool parse_primary(parser *p, cds_variable_value *out) {
  const char c = *p->at;
  if (is_digit(c) || (c == '.' && is_digit(p->at[1]))) {
    return parse_number(p, out);
  }
  if (c == '$') {
    if (!parse_variable(p, out)) {
      return false;
    }
    if (out->text != NULL) {
      return fail(p, "'$%.60s' is the text '%.60s'", out->name, out->text);
    }
    return true;
  }
  if (c == '(') {
    p->at++;
    return parse_sum(p, out) && (take(p, ')') || fail(p, "missing ')'"));
  }
  if (strncmp(p->at, "min", 3) == 0 || strncmp(p->at, "max", 3) == 0) {
    return parse_function(p, out);
  }
  if (c == '\0') {
    return fail(p, "something is missing at the end");
  }
  return fail(p, "no number or variable at '%.20s'", p->at);
}

static bool parse_factor(parser *p, cds_variable_value *out) {
  bool negative = false;
  skip_blanks(p);
  while (*p->at == '-' || *p->at == '+') {
    negative = negative != (*p->at == '-');
    p->at++;
    skip_blanks(p);
  }
  if (!parse_primary(p, out)) {
    return false;
  }
  if (negative) {
    out->number = -out->number;
  }
  return true;
}

static bool multiply(parser *p, cds_variable_value *a,
                     const cds_variable_value *b) {
  if (a->dimension != CDS_DIM_NONE && b->dimension != CDS_DIM_NONE) {
    return no_match(p, "multiply", a, b);
  }
  const cds_variable_value *const kind = a->dimension != CDS_DIM_NONE ? a : b;
  *a = (cds_variable_value){.number = a->number * b->number,
                            .dimension = kind->dimension,
                            .per_cycle = kind->per_cycle};
  return true;
}

static bool divide(parser *p, cds_variable_value *a,
                   const cds_variable_value *b) {
  if (b->number == 0) {
    return fail(p, "division by zero");
  }
  if (b->dimension == CDS_DIM_NONE) {
    a->number /= b->number;
    return true;
  }
  if (!same_kind(a, b)) {
    return fail(p, "cannot divide %s by %s", cds_dimension_name(a->dimension),
                cds_dimension_name(b->dimension));
  }
  *a = (cds_variable_value){.number = a->number / b->number};
  return true;
}

static bool parse_product(parser *p, cds_variable_value *out) {
  if (!parse_factor(p, out)) {
    return false;
  }
  for (;;) {
    cds_variable_value next;
    const bool times = take(p, '*');
    if (!times && !take(p, '/')) {
      return true;
    }
    if (!parse_factor(p, &next) ||
        !(times ? multiply(p, out, &next) : divide(p, out, &next))) {
      return false;
    }
  }
}

static bool add(parser *p, cds_variable_value *a, const cds_variable_value *b,
                bool negative) {
  if (!same_kind(a, b)) {
    return no_match(p, negative ? "subtract" : "add", a, b);
  }
  a->number = negative ? a->number - b->number : a->number + b->number;
  return true;
}

static bool parse_sum(parser *p, cds_variable_value *out) {
  if (p->depth == DEPTH_MAX) {
    return fail(p, "nested deeper than %d levels", DEPTH_MAX);
  }
  p->depth++;
  if (!parse_product(p, out)) {
    return false;
  }
  for (;;) {
    cds_variable_value next;
    const bool plus = take(p, '+');
    if (!plus && !take(p, '-')) {
      break;
    }
    if (!parse_product(p, &next) || !add(p, out, &next, !plus)) {
      return false;
    }
  }
  p->depth--;
  return true;
}

// NOLINTEND(misc-no-recursion)

/* A variable alone may be a text; everything else is arithmetic. */
static bool parse_whole(parser *p, cds_variable_value *out) {
  skip_blanks(p);
  const char *const start = p->at;
  if (*start == '$') {
    if (!parse_variable(p, out)) {
      return false;
    }
    skip_blanks(p);
    if (*p->at == '\0') {
      return true;
    }
    p->at = start;
  }
  if (!parse_sum(p, out)) {
    return false;
  }
  skip_blanks(p);
  if (*p->at != '\0') {
    return fail(p, "cannot read on at '%.20s'", p->at);
  }
  return isfinite(out->number) || fail(p, "the result is too large");
}

cds_status cds_evaluate(cds_evaluation *out, const char *text,
                        const cds_reader *reader) {
  *out = (cds_evaluation){.problem = NULL};
  parser p = {.at = text, .reader = reader, .result = out};
  if (strnlen(text, LENGTH_MAX + 1) > LENGTH_MAX) {
    (void)fail(&p, "longer than %d characters", LENGTH_MAX);
    return p.no_memory ? CDS_ENOMEM : CDS_EINPUT;
  }
  cds_variable_value value = {.number = 0};
  const bool done = parse_whole(&p, &value);
  if (p.no_memory) {
    return CDS_ENOMEM;
  }
  out->value = value;
  return done ? CDS_OK : CDS_EINPUT;
}
