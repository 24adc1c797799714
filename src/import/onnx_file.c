/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the bytes of an .onnx file to plain data, by protobuf-c and the code
 * that protoc-c makes of onnx.proto when this is built. The messages live in
 * an arena with a limit and are gone at the end: nothing of the weights stays.
 */
#include "import/onnx.h"

#ifndef CDS_HAVE_ONNX

cds_status cds_onnx_read(cds_onnx_model *out, const char *name,
                         const uint8_t *bytes, size_t length,
                         const cds_reader *reader) {
  (void)out;
  (void)bytes;
  (void)length;
  cds_diag_error(reader->diag, (cds_place){.file = name},
                 "this build cannot read ONNX files: expected protobuf-c and "
                 "onnx.proto when it was built");
  cds_diag_hint(reader->diag,
                "Debian, Ubuntu: sudo apt-get install protobuf-c-compiler "
                "libprotobuf-c-dev libonnx-dev; then rm -r out/build/release "
                "and run again");
  return CDS_EINPUT;
}

#else

#include <string.h>

#include "base/checked.h"
#include "onnx.pb-c.h"

/* ---- memory of the messages --------------------------------------------- */

typedef struct pool {
  cds_arena *arena;
  size_t left;
  bool no_memory; /* the machine's, not the limit */
} pool;

static void *pool_alloc(void *payload, size_t size) {
  pool *from = payload;
  if (size > from->left) {
    return NULL;
  }
  from->left -= size;
  void *block = cds_arena_alloc(from->arena, size);
  from->no_memory = from->no_memory || block == NULL;
  return block;
}

static void pool_free(void *payload, void *block) {
  (void)payload;
  (void)block;
}

/* ---- pieces ------------------------------------------------------------- */

typedef struct reading {
  cds_onnx_model *model;
  const cds_reader *reader;
  cds_status status; /* the first failure */
} reading;

static void fail(reading *it, cds_status status) {
  it->status = it->status == CDS_OK ? status : it->status;
}

static void *room(reading *it, size_t count, size_t size) {
  void *block = cds_arena_array(it->reader->arena, count + 1, size);
  if (block == NULL) {
    fail(it, CDS_ENOMEM);
  }
  return block;
}

/* Bytes of the UTF-8 sequence that starts here; 0: it is none. */
static size_t sequence(const char *text) {
  const unsigned char first = (unsigned char)text[0];
  const size_t length = first < 0x80                    ? 1
                        : first >= 0xC2 && first < 0xE0 ? 2
                        : first >= 0xE0 && first < 0xF0 ? 3
                        : first >= 0xF0 && first < 0xF5 ? 4
                                                        : 0;
  for (size_t i = 1; i < length; i++) {
    if (((unsigned char)text[i] & 0xC0) != 0x80) {
      return 0;
    }
  }
  return length;
}

/* A copy without control characters and broken UTF-8: it goes into messages. */
static const char *text_of(reading *it, const char *from) {
  char *text = cds_arena_strdup(it->reader->arena, from == NULL ? "" : from);
  if (text == NULL) {
    fail(it, CDS_ENOMEM);
    return "";
  }
  for (char *at = text; *at != '\0';) {
    const size_t length = sequence(at);
    if (length == 0 || (unsigned char)*at < ' ' || *at == 127) {
      *at = '?';
    }
    at += length == 0 ? 1 : length;
  }
  return text;
}

static const char *bytes_text(reading *it, const ProtobufCBinaryData *from) {
  char *text = room(it, from->len, 1);
  if (text == NULL) {
    return "";
  }
  if (from->len > 0) {
    memcpy(text, from->data, from->len);
  }
  return text_of(it, text);
}

static bool wrong_rank(reading *it, const char *name, size_t rank) {
  if (rank <= CDS_IMPORT_RANK_MAX) {
    return false;
  }
  cds_diag_error(it->reader->diag, it->model->place,
                 "tensor '%s' has %zu dimensions: expected at most %d", name,
                 rank, CDS_IMPORT_RANK_MAX);
  fail(it, CDS_EINPUT);
  return true;
}

/* ---- tensors ------------------------------------------------------------ */

static uint64_t little_endian(const uint8_t *from, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; i++) {
    value |= (uint64_t)from[i] << (8 * i);
  }
  return value;
}

static double float_of(uint64_t bits) {
  const uint32_t narrow = (uint32_t)bits;
  float value = 0;
  memcpy(&value, &narrow, sizeof value);
  return (double)value;
}

static double double_of(uint64_t bits) {
  double value = 0;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Bytes of a value in raw_data, for the types whose values are of use. */
static size_t value_size(int type) {
  switch (type) {
  case CDS_ONNX_BOOL:
  case CDS_ONNX_INT8:
  case CDS_ONNX_UINT8:
    return 1;
  case CDS_ONNX_INT32:
  case CDS_ONNX_UINT32:
  case CDS_ONNX_FLOAT:
    return 4;
  case CDS_ONNX_INT64:
  case CDS_ONNX_UINT64:
  case CDS_ONNX_DOUBLE:
    return 8;
  default:
    return 0;
  }
}

static cds_onnx_number number_of(uint64_t bits, int type) {
  switch (type) {
  case CDS_ONNX_FLOAT:
    return cds_onnx_real(float_of(bits));
  case CDS_ONNX_DOUBLE:
    return cds_onnx_real(double_of(bits));
  case CDS_ONNX_INT8:
    return cds_onnx_whole((int8_t)bits);
  case CDS_ONNX_INT32:
    return cds_onnx_whole((int32_t)bits);
  default:
    return cds_onnx_whole((int64_t)bits);
  }
}

static void take_raw(cds_onnx_tensor *out, const Onnx__TensorProto *from,
                     size_t count) {
  const size_t size = value_size(out->type);
  if (from->raw_data.len != count * size) {
    return;
  }
  for (size_t i = 0; i < count; i++) {
    out->number[i] = number_of(
        little_endian(from->raw_data.data + i * size, size), out->type);
  }
  out->numbers = count;
}

static void take_typed(cds_onnx_tensor *out, const Onnx__TensorProto *from,
                       size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (from->n_float_data == count) {
      out->number[i] = cds_onnx_real((double)from->float_data[i]);
    } else if (from->n_double_data == count) {
      out->number[i] = cds_onnx_real(from->double_data[i]);
    } else if (from->n_int64_data == count) {
      out->number[i] = cds_onnx_whole(from->int64_data[i]);
    } else if (from->n_int32_data == count) {
      out->number[i] = cds_onnx_whole(from->int32_data[i]);
    } else if (from->n_uint64_data == count) {
      out->number[i] = cds_onnx_whole((int64_t)from->uint64_data[i]);
    } else {
      return;
    }
  }
  out->numbers = count;
}

/* Keeps the values of small tensors of whole numbers and floats. */
static void take_numbers(reading *it, cds_onnx_tensor *out,
                         const Onnx__TensorProto *from) {
  uint64_t count = 1;
  for (unsigned axis = 0; axis < out->shape.rank; axis++) {
    if (!cds_mul_u64(&count, count, out->shape.dim[axis])) {
      return;
    }
  }
  if (count == 0 || count > CDS_ONNX_NUMBERS_MAX ||
      value_size(out->type) == 0) {
    return;
  }
  out->number = room(it, (size_t)count, sizeof *out->number);
  if (out->number == NULL) {
    return;
  }
  if (from->has_raw_data && from->raw_data.len > 0) {
    take_raw(out, from, (size_t)count);
  } else {
    take_typed(out, from, (size_t)count);
  }
}

static void read_tensor(reading *it, cds_onnx_tensor *out,
                        const Onnx__TensorProto *from) {
  out->name = text_of(it, from->name);
  out->type = from->data_type;
  if (wrong_rank(it, out->name, from->n_dims)) {
    return;
  }
  out->shape.rank = (unsigned)from->n_dims;
  for (unsigned axis = 0; axis < out->shape.rank; axis++) {
    if (from->dims[axis] < 0) {
      cds_diag_error(it->reader->diag, it->model->place,
                     "dimension %u of tensor '%s' is negative: expected 0 or "
                     "more",
                     axis, out->name);
      fail(it, CDS_EINPUT);
      return;
    }
    out->shape.dim[axis] = (uint64_t)from->dims[axis];
  }
  take_numbers(it, out, from);
}

/* ---- nodes -------------------------------------------------------------- */

static void read_attribute(reading *it, cds_onnx_attribute *out,
                           const Onnx__AttributeProto *from) {
  out->name = text_of(it, from->name);
  out->i = from->has_i ? from->i : 0;
  out->f = from->has_f ? (double)from->f : 0;
  out->s = from->has_s ? bytes_text(it, &from->s) : "";
  out->ints_value = room(it, from->n_ints, sizeof *out->ints_value);
  out->floats_value = room(it, from->n_floats, sizeof *out->floats_value);
  if (it->status != CDS_OK) {
    return;
  }
  out->ints = from->n_ints;
  out->floats = from->n_floats;
  for (size_t i = 0; i < out->ints; i++) {
    out->ints_value[i] = from->ints[i];
  }
  for (size_t i = 0; i < out->floats; i++) {
    out->floats_value[i] = (double)from->floats[i];
  }
  if (from->t != NULL) {
    out->tensor = room(it, 1, sizeof *out->tensor);
    if (out->tensor != NULL) {
      read_tensor(it, out->tensor, from->t);
    }
  }
}

static const char **read_names(reading *it, size_t count, char **from) {
  const char **names = room(it, count, sizeof *names);
  for (size_t i = 0; names != NULL && i < count; i++) {
    names[i] = text_of(it, from[i]);
  }
  return names;
}

static void read_node(reading *it, cds_onnx_node *out,
                      const Onnx__NodeProto *from) {
  out->name = text_of(it, from->name);
  out->type = text_of(it, from->op_type);
  out->domain = text_of(it, from->domain);
  out->inputs = from->n_input;
  out->outputs = from->n_output;
  out->input = read_names(it, from->n_input, from->input);
  out->output = read_names(it, from->n_output, from->output);
  out->attribute = room(it, from->n_attribute, sizeof *out->attribute);
  for (size_t i = 0; it->status == CDS_OK && i < from->n_attribute; i++) {
    read_attribute(it, &out->attribute[out->attributes++], from->attribute[i]);
  }
}

/* ---- shapes that the file states ---------------------------------------- */

static void read_info(reading *it, cds_onnx_info *out,
                      const Onnx__ValueInfoProto *from) {
  out->name = text_of(it, from->name);
  const Onnx__TypeProto *type = from->type;
  if (type == NULL || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ||
      type->tensor_type == NULL) {
    return;
  }
  out->type = type->tensor_type->elem_type;
  const Onnx__TensorShapeProto *shape = type->tensor_type->shape;
  if (shape == NULL || wrong_rank(it, out->name, shape->n_dim)) {
    return;
  }
  out->shaped = true;
  out->rank = (unsigned)shape->n_dim;
  for (unsigned axis = 0; axis < out->rank; axis++) {
    const Onnx__TensorShapeProto__Dimension *dim = shape->dim[axis];
    cds_onnx_dim *to = &out->dim[axis];
    *to = (cds_onnx_dim){.value = -1};
    if (dim->value_case ==
        ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE) {
      to->value = dim->dim_value;
    } else if (dim->value_case ==
                   ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM &&
               dim->dim_param[0] != '\0') {
      to->name = text_of(it, dim->dim_param);
    }
  }
}

static cds_onnx_info *read_infos(reading *it, size_t count,
                                 Onnx__ValueInfoProto **from) {
  cds_onnx_info *infos = room(it, count, sizeof *infos);
  for (size_t i = 0; infos != NULL && i < count; i++) {
    read_info(it, &infos[i], from[i]);
  }
  return infos;
}

static void read_graph(reading *it, const Onnx__GraphProto *from) {
  cds_onnx_model *model = it->model;
  model->name = text_of(it, from->name);
  model->nodes = from->n_node;
  model->node = room(it, from->n_node, sizeof *model->node);
  model->constants = from->n_initializer;
  model->constant = room(it, from->n_initializer, sizeof *model->constant);
  if (it->status != CDS_OK) {
    return;
  }
  for (size_t i = 0; it->status == CDS_OK && i < from->n_node; i++) {
    read_node(it, &model->node[i], from->node[i]);
  }
  for (size_t i = 0; it->status == CDS_OK && i < from->n_initializer; i++) {
    read_tensor(it, &model->constant[i], from->initializer[i]);
  }
  model->inputs = from->n_input;
  model->outputs = from->n_output;
  model->infos = from->n_value_info;
  model->input = read_infos(it, from->n_input, from->input);
  model->output = read_infos(it, from->n_output, from->output);
  model->info = read_infos(it, from->n_value_info, from->value_info);
}

/* The version of the standard operators. */
static int64_t opset_of(const Onnx__ModelProto *from) {
  for (size_t i = 0; i < from->n_opset_import; i++) {
    const Onnx__OperatorSetIdProto *set = from->opset_import[i];
    if (set->domain == NULL || set->domain[0] == '\0' ||
        strcmp(set->domain, "ai.onnx") == 0) {
      return set->version;
    }
  }
  return 1;
}

static cds_status wrong(const reading *it, const char *reason) {
  cds_diag_error(it->reader->diag, it->model->place,
                 "cannot be read: %s: expected an ONNX model", reason);
  return CDS_EINPUT;
}

static cds_status read_model(reading *it, const Onnx__ModelProto *from) {
  if (from == NULL) {
    return wrong(it, "its messages are broken or take too much memory");
  }
  if (from->graph == NULL || from->graph->n_node == 0) {
    return wrong(it, "it has no graph");
  }
  if (from->graph->n_node > CDS_ONNX_NODES_MAX) {
    return wrong(it, "it has more than 65536 nodes");
  }
  it->model->opset = opset_of(from);
  it->model->producer = text_of(it, from->producer_name);
  read_graph(it, from->graph);
  return it->status;
}

cds_status cds_onnx_read(cds_onnx_model *out, const char *name,
                         const uint8_t *bytes, size_t length,
                         const cds_reader *reader) {
  cds_onnx_model model = {.place = {.file = name}};
  reading it = {.model = &model, .reader = reader};
  const char *reason = cds_onnx_guard(bytes, length);
  if (reason != NULL) {
    return wrong(&it, reason);
  }
  /* The weights are copied once; the rest are structs around small texts. */
  pool memory = {cds_arena_new(), 2 * length + ((size_t)256 << 20), false};
  if (memory.arena == NULL) {
    return CDS_ENOMEM;
  }
  ProtobufCAllocator allocator = {pool_alloc, pool_free, &memory};
  const Onnx__ModelProto *from =
      onnx__model_proto__unpack(&allocator, length, bytes);
  const cds_status status =
      memory.no_memory ? CDS_ENOMEM : read_model(&it, from);
  cds_arena_free(memory.arena);
  CDS_TRY(status);
  *out = model;
  return CDS_OK;
}

#endif
