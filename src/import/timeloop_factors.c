/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Factors and permutations:
 *   C1 M16 | C=1 M=16 | C=1,M=16 | K=4,3 (4 at most, 3 in the last pass)
 *   C<=4 | C>=2 (constraints) | [C=1, M=16] | {C: 1, M: 16}
 *   MCR | M C R | M,C,R | [M, C, R], inner to outer
 */
#include <string.h>

#include "import/timeloop.h"

enum { TEXT_SHOWN = 60 };
static const uint64_t bound_max = UINT64_C(1) << 40;

typedef struct scanner {
  cds_tl *it;
  const cds_yaml *node;
  const char *at;
} scanner;

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_gap(char c) { return c == ' ' || c == '\t' || c == '\n'; }

static void skip(scanner *s) {
  while (is_gap(*s->at)) {
    s->at++;
  }
}

static bool wrong(const scanner *s, const char *expected) {
  cds_tl_error(s->it, s->node->place, "'%.*s': expected %s", TEXT_SHOWN,
               s->node->text, expected);
  return false;
}

static bool scan_number(uint64_t *out, scanner *s) {
  *out = 0;
  if (!is_digit(*s->at)) {
    return false;
  }
  for (; is_digit(*s->at) && *out <= bound_max; s->at++) {
    *out = *out * 10 + (uint64_t)(*s->at - '0');
  }
  return *out <= bound_max;
}

/* The dimension at the start of a word: the longest whose name begins it and
 * is followed by no letter. */
static unsigned scan_dim(scanner *s) {
  unsigned best = s->it->dims;
  size_t longest = 0;
  for (unsigned dim = 0; dim < s->it->dims; dim++) {
    const size_t length = strlen(s->it->dim[dim]);
    if (length > longest && strncmp(s->at, s->it->dim[dim], length) == 0 &&
        !is_letter(s->at[length])) {
      best = dim;
      longest = length;
    }
  }
  s->at += longest;
  return best;
}

static bool scan_sense(cds_tl_factor *out, scanner *s) {
  skip(s);
  out->sense = CDS_TL_EXACT;
  if (s->at[0] == '<' || s->at[0] == '>') {
    if (s->at[1] != '=') {
      return false;
    }
    out->sense = s->at[0] == '<' ? CDS_TL_MOST : CDS_TL_LEAST;
    s->at += 2;
  } else if (s->at[0] == '=') {
    s->at++;
  }
  skip(s);
  return true;
}

static bool scan_factor(cds_tl_loops *out, scanner *s) {
  const unsigned dim = scan_dim(s);
  cds_tl_factor factor = {.given = true};
  if (dim == s->it->dims) {
    return wrong(s, "factors of dimensions, such as 'C=1 M=16'");
  }
  if (!scan_sense(&factor, s) || !scan_number(&factor.bound, s)) {
    return wrong(s, "a number from 0 to 2^40 after each dimension");
  }
  if (s->at[0] == ',' && is_digit(s->at[1])) {
    s->at++;
    if (!scan_number(&factor.residual, s) || factor.residual == 0 ||
        factor.residual > factor.bound) {
      return wrong(s, "a last pass of 1 up to the factor after its comma");
    }
  }
  if (*s->at != '\0' && *s->at != ',' && !is_gap(*s->at)) {
    return wrong(s, "factors apart by blanks");
  }
  if (out->factor[dim].given) {
    return wrong(s, "each dimension once");
  }
  out->factor[dim] = factor;
  return true;
}

static void scan_factors(cds_tl_loops *out, cds_tl *it, const cds_yaml *node) {
  scanner s = {it, node, cds_tl_text(it, node, "'factors'")};
  if (s.at == NULL) {
    return;
  }
  while (true) {
    while (is_gap(*s.at) || *s.at == ',') {
      s.at++;
    }
    if (*s.at == '\0' || !scan_factor(out, &s)) {
      return;
    }
  }
}

void cds_tl_read_factors(cds_tl_loops *out, cds_tl *it, const cds_yaml *node) {
  if (node->kind != CDS_YAML_MAPPING) {
    for (size_t i = 0; i < cds_tl_items(node); i++) {
      scan_factors(out, it, cds_tl_item(node, i));
    }
    return;
  }
  for (size_t i = 0; i < node->count; i++) {
    const unsigned dim = cds_tl_dim(it, node->keys[i]->text);
    uint64_t bound = 0;
    if (dim == it->dims) {
      cds_tl_error(it, node->keys[i]->place,
                   "'%.*s' is no dimension: expected one of the problem",
                   TEXT_SHOWN, node->keys[i]->text);
    } else if (cds_tl_count(&bound, it, node->items[i], "a factor")) {
      out->factor[dim] = (cds_tl_factor){.given = true, .bound = bound};
    }
  }
}

static void add_dim(cds_tl_loops *out, cds_tl *it, const cds_yaml *node,
                    unsigned dim) {
  bool again = dim == it->dims;
  for (unsigned i = 0; i < out->ordered; i++) {
    again = again || out->order[i] == dim;
  }
  if (again) {
    cds_tl_error(it, node->place,
                 "permutation '%.*s': expected dimensions of the problem, each "
                 "once",
                 TEXT_SHOWN, node->text);
    return;
  }
  out->order[out->ordered++] = dim;
}

static void scan_order(cds_tl_loops *out, cds_tl *it, const cds_yaml *node) {
  const char *text = cds_tl_text(it, node, "'permutation'");
  if (text == NULL) {
    return;
  }
  const unsigned whole = cds_tl_dim(it, text);
  if (whole < it->dims) {
    add_dim(out, it, node, whole);
    return;
  }
  scanner s = {it, node, text};
  const bool words = strpbrk(text, " ,\t") != NULL;
  while (*s.at != '\0' && !it->wrong) {
    if (is_gap(*s.at) || *s.at == ',') {
      s.at++;
      continue;
    }
    if (words) {
      const char *start = s.at;
      const unsigned dim = scan_dim(&s);
      if (s.at == start || (*s.at != '\0' && *s.at != ',' && !is_gap(*s.at))) {
        (void)wrong(&s, "dimensions of the problem");
        return;
      }
      add_dim(out, it, node, dim);
    } else {
      const char letter[2] = {*s.at++, '\0'};
      add_dim(out, it, node, cds_tl_dim(it, letter));
    }
  }
}

void cds_tl_read_order(cds_tl_loops *out, cds_tl *it, const cds_yaml *node) {
  for (size_t i = 0; i < cds_tl_items(node); i++) {
    scan_order(out, it, cds_tl_item(node, i));
  }
}
