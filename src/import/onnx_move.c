/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Operators that compute nothing but give words another place (a move). Small
 * whole numbers are followed through them too.
 */
#include <string.h>

#include "base/checked.h"
#include "import/onnx_ops.h"

/* ---- costs -------------------------------------------------------------- */

cds_status cds_onnx_cost_view(cds_onnx_call *call) {
  call->fate = CDS_IMPORT_VIEW;
  return CDS_OK;
}

cds_status cds_onnx_cost_move(cds_onnx_call *call) {
  if (!call->graph->options->copy) {
    call->fate = CDS_IMPORT_MOVE;
    return CDS_OK;
  }
  for (size_t i = 0; i < call->outputs; i++) {
    if (call->out[i] != NULL) {
      CDS_TRY(cds_onnx_operation(call, "", "copy", 1,
                                 cds_onnx_all(&call->out[i]->shape), NULL));
    }
  }
  return CDS_OK;
}

/* What a view or move of a weight or a cache is, it stays. */
void cds_onnx_inherit(cds_onnx_call *call, const cds_onnx_value *from) {
  for (size_t i = 0; i < call->outputs; i++) {
    if (call->out[i] != NULL) {
      call->out[i]->weight = from->weight;
      call->out[i]->cache = from->cache;
    }
  }
}

/* A part of a weight is another one; of a cache it is a cache. */
static void inherit_part(cds_onnx_call *call, const cds_onnx_value *from) {
  for (size_t i = 0; i < call->outputs; i++) {
    if (call->out[i] != NULL) {
      call->out[i]->cache = from->cache;
    }
  }
}

/* The dimensions that a list of numbers gives. */
cds_status cds_onnx_list_shape(cds_onnx_shape *out, cds_onnx_call *call,
                               const cds_onnx_list *list) {
  if (list->count > CDS_IMPORT_RANK_MAX) {
    return cds_onnx_wrong(call, "shape of %zu dimensions: expected at most %d",
                          list->count, CDS_IMPORT_RANK_MAX);
  }
  cds_onnx_shape shape = {.rank = (unsigned)list->count};
  for (unsigned axis = 0; axis < shape.rank; axis++) {
    if (list->value[axis] < 0) {
      return cds_onnx_wrong(call, "dimension %lld: expected 0 or more",
                            (long long)list->value[axis]);
    }
    shape.dim[axis] = (uint64_t)list->value[axis];
  }
  *out = shape;
  return CDS_OK;
}

/* ---- moves -------------------------------------------------------------- */

cds_status cds_onnx_infer_transpose(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  const cds_onnx_attribute *perm = cds_onnx_attribute_find(call, "perm");
  const unsigned rank = x->shape.rank;
  cds_onnx_shape shape = {.rank = rank};
  if (perm != NULL && perm->ints != rank) {
    return cds_onnx_wrong(call, "'perm' has %zu axes: expected %u", perm->ints,
                          rank);
  }
  bool seen[CDS_IMPORT_RANK_MAX] = {false};
  for (unsigned axis = 0; axis < rank; axis++) {
    unsigned from = rank - 1 - axis;
    if (perm != NULL) {
      CDS_TRY(cds_onnx_axis(&from, call, perm->ints_value[axis], rank));
    }
    if (seen[from]) {
      return cds_onnx_wrong(call,
                            "'perm' has axis %u twice: expected each "
                            "once",
                            from);
    }
    seen[from] = true;
    shape.dim[axis] = x->shape.dim[from];
  }
  cds_onnx_inherit(call, x);
  return cds_onnx_set(call, 0, x->type, &shape);
}

/* Keeps the parts of a list of numbers that is joined. */
static void fold_concat(cds_onnx_call *call) {
  const cds_onnx_value *out = call->outputs > 0 ? call->out[0] : NULL;
  if (out == NULL || out->shape.rank != 1) {
    return;
  }
  for (size_t i = 0; i < call->inputs; i++) {
    if (call->in[i] == NULL ||
        call->in[i]->numbers != cds_onnx_all(&call->in[i]->shape)) {
      return;
    }
  }
  cds_onnx_number *to = cds_onnx_fold(call, 0, cds_onnx_all(&out->shape));
  size_t at = 0;
  for (size_t i = 0; to != NULL && i < call->inputs; i++) {
    for (size_t k = 0; k < call->in[i]->numbers; k++) {
      to[at++] = call->in[i]->number[k];
    }
  }
}

cds_status cds_onnx_infer_concat(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  cds_onnx_shape shape = x->shape;
  unsigned axis = 0;
  CDS_TRY(
      cds_onnx_axis(&axis, call, cds_onnx_int(call, "axis", 1), shape.rank));
  bool cache = x->cache;
  for (size_t i = 1; i < call->inputs; i++) {
    const cds_onnx_value *y = call->in[i];
    bool fits = y != NULL && y->shape.rank == shape.rank;
    for (unsigned k = 0; fits && k < shape.rank; k++) {
      fits = k == axis || y->shape.dim[k] == shape.dim[k];
    }
    if (!fits ||
        !cds_add_u64(&shape.dim[axis], shape.dim[axis], y->shape.dim[axis])) {
      return cds_onnx_wrong(call,
                            "input %zu has another shape: expected one "
                            "that differs along axis %u only",
                            i + 1, axis);
    }
    cache = cache || y->cache;
  }
  CDS_TRY(cds_onnx_set(call, 0, x->type, &shape));
  if (call->outputs > 0 && call->out[0] != NULL) {
    call->out[0]->cache = cache;
  }
  fold_concat(call);
  return CDS_OK;
}

static cds_status set_part(cds_onnx_call *call, size_t output, unsigned axis,
                           uint64_t start, uint64_t size) {
  const cds_onnx_value *x = call->in[0];
  cds_onnx_shape shape = x->shape;
  shape.dim[axis] = size;
  CDS_TRY(cds_onnx_set(call, output, x->type, &shape));
  if (shape.rank == 1 && x->numbers == x->shape.dim[0]) {
    cds_onnx_number *to = cds_onnx_fold(call, output, size);
    for (uint64_t i = 0; to != NULL && i < size; i++) {
      to[i] = x->number[start + i];
    }
  }
  return CDS_OK;
}

cds_status cds_onnx_infer_split(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  unsigned axis = 0;
  CDS_TRY(
      cds_onnx_axis(&axis, call, cds_onnx_int(call, "axis", 0), x->shape.rank));
  cds_onnx_list sizes;
  (void)cds_onnx_numbers(&sizes, call, "split", 1);
  if (sizes.unknown) {
    return cds_onnx_unknown(call, "the parts are computed by the network");
  }
  const uint64_t all = x->shape.dim[axis];
  const uint64_t even =
      cds_ceil_div_u64(all, call->outputs > 0 ? call->outputs : 1);
  uint64_t start = 0;
  if (sizes.count > 0 && sizes.count != call->outputs) {
    return cds_onnx_wrong(call, "%zu parts for %zu outputs: expected as many",
                          sizes.count, call->outputs);
  }
  inherit_part(call, x);
  for (size_t i = 0; i < call->outputs; i++) {
    uint64_t size = even < all - start ? even : all - start;
    if (sizes.count > 0) {
      size = sizes.value[i] < 0 ? all + 1 : (uint64_t)sizes.value[i];
    }
    if (size > all - start) {
      return cds_onnx_wrong(call,
                            "the parts do not fit: expected them to sum "
                            "to %llu",
                            (unsigned long long)all);
    }
    CDS_TRY(set_part(call, i, axis, start, size));
    start += size;
  }
  return start == all ? CDS_OK
                      : cds_onnx_wrong(call,
                                       "the parts do not fit: expected "
                                       "them to sum to %llu",
                                       (unsigned long long)all);
}

/* Start, end and step of a slice along one axis, made to fit. */
typedef struct slice {
  int64_t start, end, step;
} slice;

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
  return value < low ? low : value > high ? high : value;
}

/* Elements of the slice; `start` becomes the first one. */
static uint64_t fit_slice(slice *s, uint64_t dim) {
  const int64_t size = (int64_t)dim;
  const bool up = s->step > 0;
  int64_t start =
      s->start < 0 && s->start >= -size ? s->start + size : s->start;
  int64_t end = s->end < 0 && s->end >= -size ? s->end + size : s->end;
  start = clamp(start, 0, up ? size : size - 1);
  end = up ? clamp(end, 0, size) : clamp(end, -1, size - 1);
  if (!up && s->end < -size) {
    end = -1;
  }
  s->start = start;
  if (size == 0 || (up ? start >= end : start <= end)) {
    return 0;
  }
  const uint64_t distance =
      up ? (uint64_t)(end - start) : (uint64_t)(start - end);
  const uint64_t step = up ? (uint64_t)s->step : 0 - (uint64_t)s->step;
  return (distance - 1) / step + 1;
}

static void fold_slice(cds_onnx_call *call, const slice *s, uint64_t count) {
  const cds_onnx_value *x = call->in[0];
  if (x->shape.rank != 1 || x->numbers != x->shape.dim[0]) {
    return;
  }
  cds_onnx_number *to = cds_onnx_fold(call, 0, count);
  for (uint64_t i = 0; to != NULL && i < count; i++) {
    to[i] = x->number[s->start + (int64_t)i * s->step];
  }
}

cds_status cds_onnx_infer_slice(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  cds_onnx_list starts, ends, axes, steps;
  const bool given = cds_onnx_numbers(&starts, call, "starts", 1) &&
                     cds_onnx_numbers(&ends, call, "ends", 2);
  const bool has_axes = cds_onnx_numbers(&axes, call, "axes", 3);
  const bool has_steps = cds_onnx_numbers(&steps, call, "steps", 4);
  if (!given || starts.unknown || ends.unknown || axes.unknown ||
      steps.unknown) {
    return cds_onnx_unknown(call, "the slice is computed by the network");
  }
  if (ends.count != starts.count || (has_axes && axes.count != starts.count) ||
      (has_steps && steps.count != starts.count)) {
    return cds_onnx_wrong(call, "starts, ends, axes and steps differ in "
                                "number: expected as many of each");
  }
  cds_onnx_shape shape = x->shape;
  slice s = {0, 0, 1};
  for (size_t i = 0; i < starts.count; i++) {
    unsigned axis = 0;
    CDS_TRY(cds_onnx_axis(&axis, call, has_axes ? axes.value[i] : (int64_t)i,
                          shape.rank));
    s = (slice){starts.value[i], ends.value[i], has_steps ? steps.value[i] : 1};
    if (s.step == 0) {
      return cds_onnx_wrong(call, "step 0: expected another number");
    }
    shape.dim[axis] = fit_slice(&s, x->shape.dim[axis]);
  }
  inherit_part(call, x);
  CDS_TRY(cds_onnx_set(call, 0, x->type, &shape));
  if (starts.count == 1) {
    fold_slice(call, &s, shape.dim[0]);
  }
  return CDS_OK;
}

/* Values picked from a list. */
static void fold_gather(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0], *index = call->in[1];
  if (x->shape.rank != 1 || x->numbers == 0 || index->numbers == 0 ||
      x->numbers != x->shape.dim[0]) {
    return;
  }
  cds_onnx_number *to = cds_onnx_fold(call, 0, index->numbers);
  for (size_t i = 0; to != NULL && i < index->numbers; i++) {
    int64_t at = index->number[i].whole;
    at += at < 0 ? (int64_t)x->numbers : 0;
    if (at < 0 || at >= (int64_t)x->numbers) {
      call->out[0]->numbers = 0;
      return;
    }
    to[i] = x->number[at];
  }
}

cds_status cds_onnx_infer_gather(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0], *index = call->in[1];
  unsigned axis = 0;
  CDS_TRY(
      cds_onnx_axis(&axis, call, cds_onnx_int(call, "axis", 0), x->shape.rank));
  if (x->shape.rank - 1 + index->shape.rank > CDS_IMPORT_RANK_MAX) {
    return cds_onnx_wrong(call, "more than %d dimensions: expected fewer",
                          CDS_IMPORT_RANK_MAX);
  }
  cds_onnx_shape shape = {0};
  for (unsigned i = 0; i < x->shape.rank; i++) {
    if (i != axis) {
      shape.dim[shape.rank++] = x->shape.dim[i];
      continue;
    }
    for (unsigned k = 0; k < index->shape.rank; k++) {
      shape.dim[shape.rank++] = index->shape.dim[k];
    }
  }
  CDS_TRY(cds_onnx_set(call, 0, x->type, &shape));
  fold_gather(call);
  return CDS_OK;
}

cds_status cds_onnx_infer_gather_elements(cds_onnx_call *call) {
  return cds_onnx_set(call, 0, call->in[0]->type, &call->in[1]->shape);
}

/* The last axis of the indices is a place in the data, after the batch. */
cds_status cds_onnx_infer_gather_nd(cds_onnx_call *call) {
  const cds_onnx_shape *x = &call->in[0]->shape, *index = &call->in[1]->shape;
  const int64_t batch = cds_onnx_int(call, "batch_dims", 0);
  const uint64_t place = index->rank == 0 ? 0 : index->dim[index->rank - 1];
  if (index->rank == 0 || batch < 0 || batch >= (int64_t)index->rank ||
      place > x->rank || (uint64_t)batch + place > x->rank ||
      index->rank - 1 + x->rank - (uint64_t)batch - place >
          CDS_IMPORT_RANK_MAX) {
    return cds_onnx_wrong(call,
                          "indices of %llu numbers into a tensor of %u "
                          "dimensions: expected as many at most",
                          (unsigned long long)place, x->rank);
  }
  cds_onnx_shape shape = {0};
  for (unsigned axis = 0; axis + 1 < index->rank; axis++) {
    shape.dim[shape.rank++] = index->dim[axis];
  }
  for (unsigned axis = (unsigned)((uint64_t)batch + place); axis < x->rank;
       axis++) {
    shape.dim[shape.rank++] = x->dim[axis];
  }
  return cds_onnx_set(call, 0, call->in[0]->type, &shape);
}

cds_status cds_onnx_infer_expand(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  cds_onnx_list list;
  (void)cds_onnx_numbers(&list, call, "", 1);
  if (list.unknown) {
    return cds_onnx_unknown(call, "the shape is computed by the network");
  }
  cds_onnx_shape wanted = {0}, shape = {0};
  CDS_TRY(cds_onnx_list_shape(&wanted, call, &list));
  CDS_TRY(cds_onnx_broadcast(&shape, call, &x->shape, &wanted));
  CDS_TRY(cds_onnx_set(call, 0, x->type, &shape));
  const uint64_t count = cds_onnx_all(&shape);
  if (x->numbers == 1) {
    cds_onnx_number *to = cds_onnx_fold(call, 0, count);
    for (uint64_t i = 0; to != NULL && i < count; i++) {
      to[i] = x->number[0];
    }
  }
  return CDS_OK;
}

cds_status cds_onnx_infer_tile(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  cds_onnx_list list;
  (void)cds_onnx_numbers(&list, call, "", 1);
  if (list.unknown) {
    return cds_onnx_unknown(call, "the repeats are computed by the network");
  }
  cds_onnx_shape repeats = {0}, shape = x->shape;
  CDS_TRY(cds_onnx_list_shape(&repeats, call, &list));
  if (repeats.rank != shape.rank) {
    return cds_onnx_wrong(call, "%u repeats of %u dimensions: expected as many",
                          repeats.rank, shape.rank);
  }
  for (unsigned axis = 0; axis < shape.rank; axis++) {
    if (!cds_mul_u64(&shape.dim[axis], shape.dim[axis], repeats.dim[axis])) {
      return cds_onnx_wrong(call, "2^64 elements: expected fewer");
    }
  }
  return cds_onnx_set(call, 0, x->type, &shape);
}

enum { PAD_MAX = 1 << 30 };

cds_status cds_onnx_infer_pad(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  const char *old =
      cds_onnx_attribute_find(call, "paddings") != NULL ? "paddings" : "pads";
  cds_onnx_list pads, axes;
  (void)cds_onnx_numbers(&pads, call, old, 1);
  const bool some = cds_onnx_numbers(&axes, call, "axes", 3);
  if (pads.unknown || axes.unknown) {
    return cds_onnx_unknown(call, "the padding is computed by the network");
  }
  const size_t count = some ? axes.count : x->shape.rank;
  if (pads.count != 2 * count) {
    return cds_onnx_wrong(call, "%zu pads: expected %zu", pads.count,
                          2 * count);
  }
  cds_onnx_shape shape = x->shape;
  for (size_t i = 0; i < count; i++) {
    unsigned axis = 0;
    CDS_TRY(cds_onnx_axis(&axis, call, some ? axes.value[i] : (int64_t)i,
                          shape.rank));
    const int64_t before = pads.value[i], after = pads.value[i + count];
    const bool sane = before > -PAD_MAX && before < PAD_MAX &&
                      after > -PAD_MAX && after < PAD_MAX;
    const int64_t size = sane ? (int64_t)shape.dim[axis] + before + after : -1;
    if (size < 0) {
      return cds_onnx_wrong(call,
                            "pads %lld and %lld: expected some that leave "
                            "a size of 0 or more",
                            (long long)before, (long long)after);
    }
    shape.dim[axis] = (uint64_t)size;
  }
  return cds_onnx_set(call, 0, x->type, &shape);
}

static cds_status set_blocks(cds_onnx_call *call, bool to_space) {
  const cds_onnx_value *x = call->in[0];
  const int64_t block = cds_onnx_int(call, "blocksize", 0);
  cds_onnx_shape shape = x->shape;
  const uint64_t b = block > 0 && block < 65536 ? (uint64_t)block : 0;
  const bool fits = shape.rank == 4 && b > 0 &&
                    (to_space ? shape.dim[1] % (b * b) == 0
                              : shape.dim[2] % b == 0 && shape.dim[3] % b == 0);
  if (!fits) {
    return cds_onnx_wrong(call,
                          "'blocksize' %lld does not fit the input: "
                          "expected it to divide",
                          (long long)block);
  }
  shape.dim[1] = to_space ? shape.dim[1] / (b * b) : shape.dim[1] * b * b;
  shape.dim[2] = to_space ? shape.dim[2] * b : shape.dim[2] / b;
  shape.dim[3] = to_space ? shape.dim[3] * b : shape.dim[3] / b;
  return cds_onnx_set(call, 0, x->type, &shape);
}

cds_status cds_onnx_infer_depth_to_space(cds_onnx_call *call) {
  return set_blocks(call, true);
}

cds_status cds_onnx_infer_space_to_depth(cds_onnx_call *call) {
  return set_blocks(call, false);
}

/* Resize: scales (or, from operator set 11 on, sizes) of all axes, or of some
 * from 18 on. Upsample: scales as input or attribute. */
cds_status cds_onnx_infer_resize(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  const cds_onnx_attribute *old = cds_onnx_attribute_find(call, "scales");
  const bool early = call->graph->model->opset < 11 ||
                     strcmp(call->node->type, "Upsample") == 0;
  const cds_onnx_value *scales = cds_onnx_in(call, early ? 1 : 2);
  cds_onnx_list sizes, axes;
  const bool by_size = cds_onnx_numbers(&sizes, call, "", 3);
  const bool some = cds_onnx_numbers(&axes, call, "axes", SIZE_MAX);
  const size_t count = some ? axes.count : x->shape.rank;
  const bool by_scale = scales != NULL && scales->numbers == count;
  if (cds_onnx_attribute_find(call, "keep_aspect_ratio_policy") != NULL ||
      (old == NULL && !by_scale && (!by_size || sizes.unknown)) ||
      (old != NULL && old->floats != count) ||
      (old == NULL && !by_scale && sizes.count != count)) {
    return cds_onnx_unknown(call, "the sizes are computed by the network");
  }
  cds_onnx_shape shape = x->shape;
  for (size_t i = 0; i < count; i++) {
    unsigned axis = 0;
    CDS_TRY(cds_onnx_axis(&axis, call, some ? axes.value[i] : (int64_t)i,
                          shape.rank));
    const double scale = old != NULL ? old->floats_value[i]
                         : by_scale  ? scales->number[i].real
                                     : 1;
    const double size = (double)shape.dim[axis] * scale;
    const int64_t whole =
        old == NULL && !by_scale ? sizes.value[i] : cds_onnx_real(size).whole;
    if (whole < 0) {
      return cds_onnx_wrong(call, "size %lld: expected 0 or more",
                            (long long)whole);
    }
    shape.dim[axis] = (uint64_t)whole;
  }
  return cds_onnx_set(call, 0, x->type, &shape);
}

/* Repeating the nearest word moves data. Interpolation is a sum of two words
 * along each axis that changes, which no row of the table says. */
cds_status cds_onnx_cost_resize(cds_onnx_call *call) {
  if (strcmp(cds_onnx_text(call, "mode", "nearest"), "nearest") == 0) {
    return cds_onnx_cost_move(call);
  }
  return cds_onnx_uncosted(
      call, "no cost of interpolation is known: expected mode 'nearest'");
}
