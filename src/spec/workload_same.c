/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which layers cost the same on every architecture. Names of tensors matter:
 * an architecture may keep tensors by name. Names of layers and ranks do not,
 * unless constraints tell them apart (cds_constraints_mark).
 */
#include <string.h>

#include "spec/workload.h"

static bool same_text(const char *a, const char *b) {
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_format(const cds_format *a, const cds_format *b) {
  return a->bits == b->bits && a->is_float == b->is_float &&
         same_text(a->name, b->name);
}

static bool same_axis(const cds_axis *a, const cds_axis *b) {
  if (a->terms != b->terms) {
    return false;
  }
  for (unsigned term = 0; term < a->terms; term++) {
    if (a->term[term].rank != b->term[term].rank ||
        a->term[term].coefficient != b->term[term].coefficient) {
      return false;
    }
  }
  return true;
}

static bool same_tensor(const cds_tensor *a, const cds_tensor *b) {
  if (!same_text(a->name, b->name) || a->role != b->role ||
      a->content != b->content || !same_format(&a->format, &b->format) ||
      !same_format(&a->accumulator, &b->accumulator) || a->axes != b->axes) {
    return false;
  }
  for (unsigned axis = 0; axis < a->axes; axis++) {
    if (!same_axis(&a->axis[axis], &b->axis[axis])) {
      return false;
    }
  }
  return true;
}

static bool same_einsum(const cds_einsum *a, const cds_einsum *b) {
  if (a->ranks != b->ranks || a->tensors != b->tensors ||
      a->treatment != b->treatment) {
    return false;
  }
  for (unsigned rank = 0; rank < a->ranks; rank++) {
    if (a->rank[rank].size != b->rank[rank].size) {
      return false;
    }
  }
  for (unsigned tensor = 0; tensor < a->tensors; tensor++) {
    if (!same_tensor(&a->tensor[tensor], &b->tensor[tensor])) {
      return false;
    }
  }
  return true;
}

static bool same_operand(const cds_operand *a, const cds_operand *b) {
  return a->content == b->content && same_format(&a->format, &b->format) &&
         a->words == b->words && a->row_words == b->row_words &&
         a->every_pass == b->every_pass && a->uses == b->uses;
}

static bool same_operation(const cds_operation *a, const cds_operation *b) {
  if (!same_text(a->kind, b->kind) || a->rows != b->rows ||
      a->length != b->length || a->inputs != b->inputs ||
      !same_format(&a->format, &b->format) ||
      !same_operand(&a->output, &b->output)) {
    return false;
  }
  for (unsigned input = 0; input < a->inputs; input++) {
    if (!same_operand(&a->input[input], &b->input[input])) {
      return false;
    }
  }
  return true;
}

bool cds_layer_same(const cds_layer *a, const cds_layer *b) {
  if (a->kind != b->kind || a->fusible != b->fusible) {
    return false;
  }
  return a->kind == CDS_LAYER_EINSUM
             ? same_einsum(&a->einsum, &b->einsum)
             : same_operation(&a->operation, &b->operation);
}
