/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Einsum: a product of matrices where its letters allow, else a quoted einsum;
 * of one operand a sum, or a move.
 */
#include <string.h>

#include "import/onnx_product.h"

enum { LETTERS_MAX = 7, LABELS = 128 };

/* The subscripts of a term: letters, with '0' to '7' for what "..." covers. */
typedef struct subscripts {
  unsigned count;
  char letter[2 * CDS_IMPORT_RANK_MAX];
} subscripts;

typedef struct equation {
  unsigned operands;
  subscripts operand[2], output;
  uint64_t size[LABELS]; /* of a letter; 0: not seen */
} equation;

/* Reads a term up to ',', '-' or the end; `rank` tells what "..." covers. */
static bool read_term(subscripts *out, const char **at, unsigned rank) {
  unsigned letters = 0;
  for (const char *c = *at; *c != '\0' && *c != ',' && *c != '-'; c++) {
    letters += *c != ' ' && *c != '.';
  }
  const unsigned covered = rank > letters ? rank - letters : 0;
  for (; **at != '\0' && **at != ',' && **at != '-'; (*at)++) {
    const char c = **at;
    if (c == '.') {
      if ((*at)[1] != '.' || (*at)[2] != '.') {
        return false;
      }
      *at += 2;
      /* Counted from the last, so that operands align there. */
      for (unsigned i = covered; i > 0 && out->count < CDS_IMPORT_RANK_MAX;
           i--) {
        out->letter[out->count++] = (char)('0' + i - 1);
      }
    } else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      if (out->count == CDS_IMPORT_RANK_MAX) {
        return false;
      }
      out->letter[out->count++] = c;
    } else if (c != ' ') {
      return false;
    }
  }
  return true;
}

static unsigned times_in(const subscripts *term, char letter) {
  unsigned times = 0;
  for (unsigned i = 0; i < term->count; i++) {
    times += term->letter[i] == letter;
  }
  return times;
}

/* Without "->": what "..." covers, then letters that stand once, in order. */
static void implied_output(equation *e) {
  for (char c = '7'; c >= '0'; c--) {
    if (e->size[(unsigned char)c] != 0) {
      e->output.letter[e->output.count++] = c;
    }
  }
  for (unsigned code = 'A'; code <= 'z'; code++) {
    const char c = (char)code;
    const unsigned times =
        times_in(&e->operand[0], c) + times_in(&e->operand[1], c);
    if (times == 1 && e->output.count < CDS_IMPORT_RANK_MAX) {
      e->output.letter[e->output.count++] = c;
    }
  }
}

static cds_status take_sizes(equation *e, cds_onnx_call *call,
                             unsigned operand) {
  const cds_onnx_shape *shape = &call->in[operand]->shape;
  const subscripts *term = &e->operand[operand];
  if (term->count != shape->rank) {
    return cds_onnx_wrong(call,
                          "operand %u has %u dimensions: expected %u as "
                          "the equation has",
                          operand + 1, shape->rank, term->count);
  }
  for (unsigned axis = 0; axis < term->count; axis++) {
    uint64_t *size = &e->size[(unsigned char)term->letter[axis]];
    if (*size > 1 && shape->dim[axis] != *size && shape->dim[axis] != 1) {
      return cds_onnx_wrong(call, "'%c' is %llu and %llu: expected one size",
                            term->letter[axis], (unsigned long long)*size,
                            (unsigned long long)shape->dim[axis]);
    }
    *size = *size > 1 ? *size : shape->dim[axis];
  }
  return CDS_OK;
}

static cds_status read_equation(equation *out, cds_onnx_call *call) {
  const char *text = cds_onnx_text(call, "equation", "");
  const char *at = text;
  equation e = {0};
  bool good = call->inputs == 1 || call->inputs == 2;
  if (!good) {
    return cds_onnx_unknown(call, "an Einsum of one or two operands is "
                                  "expected");
  }
  for (e.operands = 0; good && e.operands < call->inputs; e.operands++) {
    good = cds_onnx_in(call, e.operands) != NULL &&
           read_term(&e.operand[e.operands], &at,
                     call->in[e.operands]->shape.rank);
    at += *at == ',' ? 1 : 0;
  }
  for (unsigned i = 0; good && i < e.operands; i++) {
    CDS_TRY(take_sizes(&e, call, i));
  }
  if (good && at[0] == '-' && at[1] == '>') {
    unsigned covered = 0;
    for (unsigned code = '0'; code <= '7'; code++) {
      covered += e.size[code] != 0;
    }
    at += 2;
    unsigned letters = 0;
    for (const char *c = at; *c != '\0'; c++) {
      letters += *c != ' ' && *c != '.';
    }
    good = read_term(&e.output, &at, letters + covered);
  } else if (good) {
    implied_output(&e);
  }
  for (unsigned i = 0; i < e.output.count; i++) {
    good = good && e.size[(unsigned char)e.output.letter[i]] != 0;
  }
  if (!good || *at != '\0') {
    return cds_onnx_wrong(call,
                          "equation '%s' cannot be read: expected one "
                          "such as 'bij,bjk->bik'",
                          text);
  }
  *out = e;
  return CDS_OK;
}

cds_status cds_onnx_infer_einsum(cds_onnx_call *call) {
  equation e = {0};
  CDS_TRY(read_equation(&e, call));
  if (call->unknown != NULL) {
    return CDS_OK;
  }
  cds_onnx_shape out = {.rank = e.output.count};
  for (unsigned axis = 0; axis < out.rank; axis++) {
    out.dim[axis] = e.size[(unsigned char)e.output.letter[axis]];
  }
  return cds_onnx_set(call, 0, call->in[0]->type, &out);
}

/* Whether the operand varies along the letter: a size of 1 is repeated. */
static bool has(const equation *e, const cds_onnx_call *call, unsigned operand,
                char letter) {
  const subscripts *term = &e->operand[operand];
  for (unsigned axis = 0; axis < term->count; axis++) {
    if (term->letter[axis] == letter &&
        call->in[operand]->shape.dim[axis] > 1) {
      return true;
    }
  }
  return false;
}

/* Letters of a term as further axes, ",a,b,c"; those of "..." are e0, e1. */
static const char *axes_text(cds_onnx_call *call, const equation *e,
                             const bool *keep) {
  char text[3 * LABELS + 1] = "";
  size_t at = 0;
  for (unsigned c = 0; c < LABELS; c++) {
    if (keep[c] && e->size[c] > 1) {
      text[at++] = ',';
      if (c < 'A') {
        text[at++] = 'e';
      }
      text[at++] = (char)c;
    }
  }
  text[at] = '\0';
  return cds_arena_strdup(call->graph->reader->arena, text);
}

static cds_status add_quoted(cds_onnx_call *call, const equation *e,
                             bool (*in)[LABELS], const bool *output) {
  cds_arena *arena = call->graph->reader->arena;
  const char *ranks = "one: 1";
  unsigned count = 0;
  for (unsigned c = 0; c < LABELS; c++) {
    if (e->size[c] > 1) {
      count++;
      ranks =
          cds_arena_printf(arena, "%s, %s%c: %llu", ranks, c < 'A' ? "e" : "",
                           (char)c, (unsigned long long)e->size[c]);
    }
    if (ranks == NULL) {
      return CDS_ENOMEM;
    }
  }
  if (count > LETTERS_MAX) {
    return cds_onnx_wrong(call, "equation has %u letters: expected at most %d",
                          count, LETTERS_MAX);
  }
  const char *o = axes_text(call, e, output);
  const char *x = axes_text(call, e, in[0]);
  const char *w = axes_text(call, e, in[1]);
  const char *body =
      o == NULL || x == NULL || w == NULL
          ? NULL
          : cds_arena_printf(
                arena,
                "einsum: \"Y[one%s] += X[one%s] * W[one%s]\", ranks: "
                "{%s}%s",
                o, x, w, ranks, cds_onnx_role(call->in[1]));
  return cds_onnx_add(
      call, "", call->in[1],
      cds_onnx_types(call, call->in[1]->type, call->in[0]->type), body);
}

/* Each letter stands in both operands and the output (b), in one operand and
 * the output (m, n) or in both operands only (k): a product of matrices. What
 * is summed in one operand alone is not. */
static cds_status cost_two(cds_onnx_call *call, const equation *e) {
  cds_onnx_product p = {1, 1, 1, 1};
  bool in[2][LABELS] = {{false}}, output[LABELS] = {false};
  bool plain = true;
  for (unsigned c = 0; c < LABELS; c++) {
    if (e->size[c] < 2) {
      continue;
    }
    in[0][c] = has(e, call, 0, (char)c);
    in[1][c] = has(e, call, 1, (char)c);
    output[c] = times_in(&e->output, (char)c) > 0;
    uint64_t *rank = in[0][c] && in[1][c] ? (output[c] ? &p.b : &p.k)
                     : in[0][c]           ? &p.m
                                          : &p.n;
    plain = plain && (output[c] || (in[0][c] && in[1][c]));
    *rank *= e->size[c];
  }
  return plain ? cds_onnx_add_product(call, p, call->in[0], call->in[1])
               : add_quoted(call, e, in, output);
}

cds_status cds_onnx_cost_einsum(cds_onnx_call *call) {
  equation e = {0};
  if (call->unknown != NULL) {
    return cds_onnx_uncosted(call, call->unknown);
  }
  CDS_TRY(read_equation(&e, call));
  for (unsigned i = 0; i < e.operands; i++) {
    for (unsigned axis = 0; axis < e.operand[i].count; axis++) {
      if (e.operands == 2 &&
          times_in(&e.operand[i], e.operand[i].letter[axis]) > 1) {
        return cds_onnx_wrong(call,
                              "'%c' stands twice in an operand: expected "
                              "no diagonals in products",
                              e.operand[i].letter[axis]);
      }
    }
  }
  if (e.operands == 2) {
    return cost_two(call, &e);
  }
  const uint64_t words = cds_onnx_all(&call->in[0]->shape);
  const uint64_t kept = cds_onnx_all(&call->out[0]->shape);
  bool summed = false;
  for (unsigned axis = 0; axis < e.operand[0].count; axis++) {
    summed = summed || times_in(&e.output, e.operand[0].letter[axis]) == 0;
  }
  return summed && kept > 0 ? cds_onnx_operation(call, "", "reduce_sum", kept,
                                                 words / kept, NULL)
                            : cds_onnx_cost_move(call);
}
