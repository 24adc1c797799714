/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads the text of an einsum:
 *   einsum = tensor ("+=" | "=") tensor {"*" tensor}      one to three operands
 *   tensor = name "[" axis {"," axis} "]"
 *   axis   = term {("+" | "-") (term | number)}
 *   term   = [number "*"] rank | rank "*" number
 * A number that stands alone is an offset. It shifts the whole axis, which
 * changes neither how many words are touched nor when they are reused, because
 * each tensor stands in an einsum once: offsets are read and left out.
 */
#include "spec/einsum.h"

#include <string.h>

enum {
  NAME_MAX_LENGTH = 64,
  TEXT_MAX_LENGTH = 4096,
  NUMBER_MAX = 1 << 30 /* of coefficients and offsets */
};

typedef struct parser {
  const char *text;
  size_t at;
  cds_place place; /* of the text's first character */
  bool failed;     /* something was wrong, but reading can go on */
  cds_arena *arena;
  cds_diag *diag;
  cds_einsum *einsum;
  cds_place axis_place[CDS_AXES_MAX]; /* of the tensor that was read last */
} parser;

/* Place of a position in the text: exact when it stands on one line. */
static cds_place place_at(const parser *p, size_t at) {
  cds_place place = p->place;
  if (place.column == 0 || strchr(p->text, '\n') != NULL) {
    return place;
  }
  for (size_t i = 0; i < at; i++) {
    /* Columns are characters: bytes inside a UTF-8 sequence do not count. */
    if (((unsigned char)p->text[i] & 0xC0) != 0x80) {
      place.column++;
    }
  }
  return place;
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static char peek(parser *p) {
  while (p->text[p->at] == ' ' || p->text[p->at] == '\t' ||
         p->text[p->at] == '\n' || p->text[p->at] == '\r') {
    p->at++;
  }
  return p->text[p->at];
}

static bool take(parser *p, char c) {
  if (peek(p) != c) {
    return false;
  }
  p->at++;
  return true;
}

/* Says what stands where `expected` was wanted. */
static cds_status unexpected(parser *p, const char *expected) {
  const char c = peek(p);
  const cds_place place = place_at(p, p->at);
  if (c == '\0') {
    cds_diag_error(p->diag, place, "einsum ends too early: expected %s",
                   expected);
  } else if (c > ' ' && c < 127) {
    cds_diag_error(p->diag, place, "'%c' in an einsum: expected %s", c,
                   expected);
  } else {
    cds_diag_error(p->diag, place,
                   "character outside of ASCII in an einsum: expected %s",
                   expected);
  }
  return CDS_EINPUT;
}

static cds_status read_name(const char **out, parser *p, const char *expected) {
  if (!is_letter(peek(p))) {
    return unexpected(p, expected);
  }
  const size_t start = p->at;
  while (is_letter(p->text[p->at]) || is_digit(p->text[p->at])) {
    p->at++;
  }
  if (p->at - start > NAME_MAX_LENGTH) {
    cds_diag_error(p->diag, place_at(p, start),
                   "name of %zu characters in an einsum: expected at most %d",
                   p->at - start, NAME_MAX_LENGTH);
    return CDS_EINPUT;
  }
  *out = cds_arena_strndup(p->arena, p->text + start, p->at - start);
  return *out == NULL ? CDS_ENOMEM : CDS_OK;
}

static cds_status read_number(uint64_t *out, parser *p) {
  if (!is_digit(peek(p))) {
    return unexpected(p, "a whole number");
  }
  const size_t start = p->at;
  uint64_t value = 0;
  while (is_digit(p->text[p->at])) {
    value = value * 10 + (uint64_t)(p->text[p->at] - '0');
    if (value > NUMBER_MAX) {
      cds_diag_error(p->diag, place_at(p, start),
                     "number in an einsum is too large: expected at most %d",
                     NUMBER_MAX);
      return CDS_EINPUT;
    }
    p->at++;
  }
  *out = value;
  return CDS_OK;
}

/* Index of the rank, which is added when it is new. */
static cds_status find_rank(unsigned *out, parser *p, const char *name,
                            cds_place place) {
  cds_einsum *einsum = p->einsum;
  unsigned rank = cds_einsum_rank(einsum, name);
  if (rank >= einsum->ranks) {
    if (einsum->ranks == CDS_RANKS_MAX) {
      cds_diag_error(p->diag, place,
                     "rank '%s' is one too many: expected at most %d ranks",
                     name, CDS_RANKS_MAX);
      return CDS_EINPUT;
    }
    rank = einsum->ranks++;
    einsum->rank[rank].name = name;
  }
  *out = rank;
  return CDS_OK;
}

static cds_status add_term(parser *p, const cds_tensor *tensor, cds_axis *axis,
                           const char *name, uint64_t coefficient,
                           cds_place place) {
  unsigned rank = 0;
  CDS_TRY(find_rank(&rank, p, name, place));
  for (unsigned term = 0; term < axis->terms; term++) {
    if (axis->term[term].rank == rank) {
      cds_diag_error(p->diag, place,
                     "rank '%s' stands twice on one axis of '%s': expected one "
                     "term with the sum of the coefficients",
                     name, tensor->name);
      return CDS_EINPUT;
    }
  }
  if (cds_tensor_has_rank(tensor, rank)) {
    cds_diag_error(p->diag, place,
                   "rank '%s' stands on two axes of '%s': expected one axis a "
                   "rank",
                   name, tensor->name);
    p->failed = true;
  }
  if (axis->terms == CDS_TERMS_MAX) {
    cds_diag_error(p->diag, place,
                   "axis of '%s' has more than two ranks: expected a sum of at "
                   "most two, such as 2*p+r",
                   tensor->name);
    return CDS_EINPUT;
  }
  axis->term[axis->terms].rank = rank;
  axis->term[axis->terms].coefficient = coefficient;
  axis->terms++;
  return CDS_OK;
}

/* A rank with or without coefficient, or an offset. */
static cds_status read_term(parser *p, const cds_tensor *tensor, cds_axis *axis,
                            bool minus) {
  static const char expected[] = "a rank, such as m or 2*p";
  const char *name = NULL;
  uint64_t coefficient = 1;
  (void)peek(p);
  cds_place place = place_at(p, p->at);
  if (is_digit(peek(p))) {
    CDS_TRY(read_number(&coefficient, p));
    if (is_letter(peek(p))) {
      return unexpected(p, "'*' between a coefficient and its rank");
    }
    if (!take(p, '*')) {
      return CDS_OK; /* an offset */
    }
    (void)peek(p);
    CDS_TRY(read_name(&name, p, expected));
  } else {
    CDS_TRY(read_name(&name, p, expected));
    if (take(p, '*')) {
      CDS_TRY(read_number(&coefficient, p));
    }
  }
  if (minus || coefficient == 0) {
    cds_diag_error(p->diag, place,
                   "coefficient of rank '%s' is %s: expected 1 or more", name,
                   minus ? "negative" : "0");
    return CDS_EINPUT;
  }
  return add_term(p, tensor, axis, name, coefficient, place);
}

static cds_status read_axis(parser *p, cds_tensor *tensor) {
  (void)peek(p);
  const cds_place place = place_at(p, p->at);
  if (tensor->axes == CDS_AXES_MAX) {
    cds_diag_error(p->diag, place, "'%s' has more than %d axes: expected fewer",
                   tensor->name, CDS_AXES_MAX);
    return CDS_EINPUT;
  }
  p->axis_place[tensor->axes] = place;
  cds_axis axis = {0};
  bool minus = false;
  do {
    CDS_TRY(read_term(p, tensor, &axis, minus));
    minus = peek(p) == '-';
  } while (take(p, '+') || take(p, '-'));
  if (axis.terms == 0) {
    cds_diag_error(p->diag, place,
                   "axis of '%s' has no rank: expected one, of size 1 if need "
                   "be",
                   tensor->name);
    return CDS_EINPUT;
  }
  tensor->axis[tensor->axes++] = axis;
  return CDS_OK;
}

static cds_status read_tensor(cds_tensor *tensor, parser *p) {
  CDS_TRY(read_name(&tensor->name, p, "the name of a tensor"));
  if (!take(p, '[')) {
    return unexpected(p, "'[' after the name of a tensor");
  }
  do {
    CDS_TRY(read_axis(p, tensor));
  } while (take(p, ','));
  if (!take(p, ']')) {
    return unexpected(p, "',', '+' or ']'");
  }
  return CDS_OK;
}

static cds_status read_operator(parser *p) {
  const bool plus = take(p, '+');
  if (plus && p->text[p->at] != '=') {
    return unexpected(p, "'+=' after the output");
  }
  return take(p, '=') ? CDS_OK : unexpected(p, "'+=' or '=' after the output");
}

static cds_status read_operands(parser *p) {
  cds_einsum *einsum = p->einsum;
  do {
    (void)peek(p);
    const cds_place place = place_at(p, p->at);
    if (einsum->tensors == CDS_TENSORS_MAX - 1) {
      cds_diag_error(p->diag, place,
                     "einsum has more than %d operands: expected one to %d",
                     CDS_TENSORS_MAX - 1, CDS_TENSORS_MAX - 1);
      return CDS_EINPUT;
    }
    cds_tensor tensor = {0};
    CDS_TRY(read_tensor(&tensor, p));
    if (cds_einsum_tensor(einsum, tensor.name) < einsum->tensors) {
      cds_diag_error(p->diag, place,
                     "tensor '%s' stands twice: expected a name of its own for "
                     "each operand",
                     tensor.name);
      p->failed = true;
    }
    tensor.role = einsum->tensors == 0 ? CDS_INPUT : CDS_WEIGHT;
    tensor.content = einsum->tensors == 0 ? CDS_ACTIVATIONS : CDS_PARAMETERS;
    einsum->tensor[einsum->tensors++] = tensor;
  } while (take(p, '*'));
  return peek(p) == '\0' ? CDS_OK : unexpected(p, "'*' or the end");
}

/* The output's axes are single ranks, which an operand has too. */
static void check_output(parser *p, const cds_tensor *output,
                         const cds_place *places) {
  const cds_einsum *einsum = p->einsum;
  for (unsigned axis = 0; axis < output->axes; axis++) {
    const cds_axis *which = &output->axis[axis];
    const char *name = einsum->rank[which->term[0].rank].name;
    if (which->terms > 1 || which->term[0].coefficient != 1) {
      cds_diag_error(p->diag, places[axis],
                     "axis of the output '%s' with rank '%s' is not a single "
                     "rank: expected single ranks with coefficient 1",
                     output->name, name);
      p->failed = true;
    }
    bool found = false;
    for (unsigned tensor = 0; tensor < einsum->tensors; tensor++) {
      found = found ||
              cds_tensor_has_rank(&einsum->tensor[tensor], which->term[0].rank);
    }
    if (!found) {
      cds_diag_error(
          p->diag, places[axis],
          "rank '%s' stands in the output '%s' alone: expected it in "
          "an operand too",
          name, output->name);
      p->failed = true;
    }
  }
  if (cds_einsum_tensor(einsum, output->name) < einsum->tensors) {
    cds_diag_error(p->diag, p->place,
                   "tensor '%s' is both output and operand: expected '+=' and "
                   "the output on the left only",
                   output->name);
    p->failed = true;
  }
}

cds_status cds_einsum_parse(cds_einsum *out, const char *text, cds_place place,
                            cds_arena *arena, cds_diag *diag) {
  cds_einsum einsum = {0};
  cds_tensor output = {0};
  parser p = {.text = text,
              .place = place,
              .arena = arena,
              .diag = diag,
              .einsum = &einsum};
  if (strlen(text) > TEXT_MAX_LENGTH) {
    cds_diag_error(diag, place, "einsum is too long: expected at most %d bytes",
                   TEXT_MAX_LENGTH);
    return CDS_EINPUT;
  }
  CDS_TRY(read_tensor(&output, &p));
  cds_place output_places[CDS_AXES_MAX];
  memcpy(output_places, p.axis_place, sizeof output_places);
  CDS_TRY(read_operator(&p));
  CDS_TRY(read_operands(&p));
  check_output(&p, &output, output_places);
  if (p.failed) {
    return CDS_EINPUT;
  }
  output.role = CDS_OUTPUT;
  output.content = CDS_ACTIVATIONS;
  einsum.tensor[einsum.tensors++] = output;
  *out = einsum;
  return CDS_OK;
}
