/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values, attributes, shapes: what the operators share. */
#include "import/onnx_graph.h"

#include <string.h>

#include "base/checked.h"

static const uint64_t words_max = UINT64_C(1) << 62;

/* ---- messages ----------------------------------------------------------- */

cds_status cds_onnx_wrong(cds_onnx_call *call, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text =
      cds_arena_vprintf(call->graph->reader->arena, format, args);
  va_end(args);
  if (text == NULL) {
    return CDS_ENOMEM;
  }
  cds_diag_error(call->graph->reader->diag, call->graph->model->place, "%s: %s",
                 call->label, text);
  return CDS_EINPUT;
}

cds_status cds_onnx_uncosted(cds_onnx_call *call, const char *reason) {
  call->fate = CDS_IMPORT_UNCOSTED;
  if (call->graph->options->allow_uncosted) {
    return CDS_OK;
  }
  const cds_status status = cds_onnx_wrong(call, "%s", reason);
  cds_diag_hint(call->graph->reader->diag,
                "--allow-uncosted lists such nodes and leaves them out");
  return status;
}

cds_status cds_onnx_unknown(cds_onnx_call *call, const char *reason) {
  call->unknown = reason;
  return CDS_OK;
}

/* ---- inputs and attributes ---------------------------------------------- */

const cds_onnx_attribute *cds_onnx_attribute_find(const cds_onnx_call *call,
                                                  const char *name) {
  for (size_t i = 0; i < call->node->attributes; i++) {
    if (strcmp(call->node->attribute[i].name, name) == 0) {
      return &call->node->attribute[i];
    }
  }
  return NULL;
}

int64_t cds_onnx_int(const cds_onnx_call *call, const char *name,
                     int64_t fallback) {
  const cds_onnx_attribute *found = cds_onnx_attribute_find(call, name);
  return found == NULL ? fallback : found->i;
}

double cds_onnx_float(const cds_onnx_call *call, const char *name,
                      double fallback) {
  const cds_onnx_attribute *found = cds_onnx_attribute_find(call, name);
  return found == NULL ? fallback : found->f;
}

const char *cds_onnx_text(const cds_onnx_call *call, const char *name,
                          const char *fallback) {
  const cds_onnx_attribute *found = cds_onnx_attribute_find(call, name);
  return found == NULL ? fallback : found->s;
}

cds_onnx_value *cds_onnx_in(const cds_onnx_call *call, size_t index) {
  return index < call->inputs ? call->in[index] : NULL;
}

bool cds_onnx_numbers(cds_onnx_list *out, cds_onnx_call *call,
                      const char *attribute, size_t input) {
  *out = (cds_onnx_list){0};
  const cds_onnx_attribute *found = cds_onnx_attribute_find(call, attribute);
  if (found != NULL) {
    out->count = found->ints;
    out->value = found->ints_value;
    return true;
  }
  const cds_onnx_value *value = cds_onnx_in(call, input);
  if (value == NULL) {
    return false;
  }
  const bool empty = value->constant && cds_onnx_all(&value->shape) == 0;
  int64_t *copy = cds_arena_array(call->graph->reader->arena,
                                  value->numbers + 1, sizeof *copy);
  call->graph->no_memory = call->graph->no_memory || copy == NULL;
  if (copy == NULL || (value->numbers == 0 && !empty)) {
    out->unknown = true;
    return true;
  }
  for (size_t i = 0; i < value->numbers; i++) {
    copy[i] = value->number[i].whole;
  }
  out->count = value->numbers;
  out->value = copy;
  return true;
}

cds_status cds_onnx_axis(unsigned *out, cds_onnx_call *call, int64_t axis,
                         unsigned rank) {
  const int64_t from_start =
      axis < 0 && axis >= -8 ? axis + (int64_t)rank : axis;
  if (from_start < 0 || from_start >= (int64_t)rank) {
    return cds_onnx_wrong(call,
                          "axis %lld of a tensor of %u dimensions: expected "
                          "-%u to %d",
                          (long long)axis, rank, rank, (int)rank - 1);
  }
  *out = (unsigned)from_start;
  return CDS_OK;
}

/* ---- shapes ------------------------------------------------------------- */

uint64_t cds_onnx_words(const cds_onnx_shape *shape, unsigned from,
                        unsigned to) {
  uint64_t words = 1;
  for (unsigned axis = from; axis < to && axis < shape->rank; axis++) {
    words *= shape->dim[axis]; /* below 2^62: size_fits has looked */
  }
  return words;
}

uint64_t cds_onnx_all(const cds_onnx_shape *shape) {
  return cds_onnx_words(shape, 0, shape->rank);
}

/* Whether any product of the dimensions, zeros left out, stays below 2^62. */
static bool size_fits(const cds_onnx_shape *shape) {
  uint64_t words = 1;
  for (unsigned axis = 0; axis < shape->rank; axis++) {
    const uint64_t size = shape->dim[axis] == 0 ? 1 : shape->dim[axis];
    if (!cds_mul_u64(&words, words, size) || words > words_max) {
      return false;
    }
  }
  return true;
}

cds_status cds_onnx_set(cds_onnx_call *call, size_t output, int type,
                        const cds_onnx_shape *shape) {
  if (output >= call->outputs || call->out[output] == NULL) {
    return CDS_OK;
  }
  cds_onnx_value *value = call->out[output];
  if (!size_fits(shape)) {
    return cds_onnx_wrong(call,
                          "tensor '%s' has 2^62 elements or more: expected "
                          "fewer",
                          value->name);
  }
  value->known = true;
  value->type = type;
  value->shape = *shape;
  return CDS_OK;
}

cds_onnx_number *cds_onnx_fold(cds_onnx_call *call, size_t output,
                               uint64_t count) {
  if (count == 0 || count > CDS_ONNX_NUMBERS_MAX || output >= call->outputs ||
      call->out[output] == NULL) {
    return NULL;
  }
  cds_onnx_number *room =
      cds_arena_array(call->graph->reader->arena, (size_t)count, sizeof *room);
  call->graph->no_memory = call->graph->no_memory || room == NULL;
  if (room != NULL) {
    call->out[output]->number = room;
    call->out[output]->numbers = (size_t)count;
  }
  return room;
}

/* ---- symbolic dimensions ------------------------------------------------ */

static cds_status note_symbol(cds_onnx_graph *graph, const char *name) {
  cds_onnx_name *entry = cds_onnx_names_at(&graph->symbols, name);
  if (entry == NULL) {
    return CDS_ENOMEM;
  }
  if (entry->value == NULL) {
    entry->value = graph;
    if (graph->symbol_count < CDS_ONNX_SYMBOLS_MAX) {
      graph->symbol[graph->symbol_count++] = name;
    }
  }
  return CDS_OK;
}

static void assume(cds_onnx_graph *graph, const char *name) {
  for (size_t i = 0; i < graph->assumed_count; i++) {
    if (strcmp(graph->assumed[i], name) == 0) {
      return;
    }
  }
  if (graph->assumed_count < CDS_ONNX_SYMBOLS_MAX) {
    graph->assumed[graph->assumed_count++] = name;
  }
}

cds_status cds_onnx_dim_size(uint64_t *out, cds_onnx_graph *graph,
                             const char *value, const cds_onnx_dim *dim) {
  if (dim->value >= 0) {
    *out = (uint64_t)dim->value;
    return CDS_OK;
  }
  const char *name = dim->name;
  if (name == NULL) {
    name = cds_arena_printf(graph->reader->arena, "(unnamed) of %s", value);
    if (name == NULL) {
      return CDS_ENOMEM;
    }
  } else {
    CDS_TRY(note_symbol(graph, name));
  }
  *out = 1;
  for (size_t i = 0; i < graph->options->dims; i++) {
    if (strcmp(graph->options->dim[i].name, name) == 0) {
      *out = graph->options->dim[i].size;
      return CDS_OK;
    }
  }
  assume(graph, name);
  return CDS_OK;
}
