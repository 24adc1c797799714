/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An ONNX model as plain data: what is needed of it, without the weights.
 * onnx_file.c makes it from the bytes of a file (the only user of protobuf-c);
 * everything else works on this.
 */
#ifndef CDS_IMPORT_ONNX_H
#define CDS_IMPORT_ONNX_H

#include "import/import.h"

#ifdef CDS_HAVE_ONNX
#define CDS_ONNX_AVAILABLE true
#else
#define CDS_ONNX_AVAILABLE false
#endif

enum {
  CDS_ONNX_NODES_MAX = 1 << 16,
  CDS_ONNX_NUMBERS_MAX = 256 /* of a constant whose values are kept */
};

/* TensorProto.DataType; newer than Debian's onnx.proto from 17 on. */
typedef enum cds_onnx_type {
  CDS_ONNX_UNDEFINED,
  CDS_ONNX_FLOAT,
  CDS_ONNX_UINT8,
  CDS_ONNX_INT8,
  CDS_ONNX_UINT16,
  CDS_ONNX_INT16,
  CDS_ONNX_INT32,
  CDS_ONNX_INT64,
  CDS_ONNX_STRING,
  CDS_ONNX_BOOL,
  CDS_ONNX_FLOAT16,
  CDS_ONNX_DOUBLE,
  CDS_ONNX_UINT32,
  CDS_ONNX_UINT64,
  CDS_ONNX_COMPLEX64,
  CDS_ONNX_COMPLEX128,
  CDS_ONNX_BFLOAT16,
  CDS_ONNX_FLOAT8E4M3FN,
  CDS_ONNX_FLOAT8E4M3FNUZ,
  CDS_ONNX_FLOAT8E5M2,
  CDS_ONNX_FLOAT8E5M2FNUZ,
  CDS_ONNX_UINT4,
  CDS_ONNX_INT4,
  CDS_ONNX_FLOAT4E2M1
} cds_onnx_type;

typedef struct cds_onnx_shape {
  unsigned rank;
  uint64_t dim[CDS_IMPORT_RANK_MAX];
} cds_onnx_shape;

/* A value of a small constant. For floating point `whole` is cut off. */
typedef struct cds_onnx_number {
  int64_t whole;
  double real;
} cds_onnx_number;

typedef struct cds_onnx_tensor {
  const char *name;
  int type;
  cds_onnx_shape shape;
  size_t numbers; /* 0: not kept */
  cds_onnx_number *number;
} cds_onnx_tensor;

static inline cds_onnx_number cds_onnx_whole(int64_t value) {
  return (cds_onnx_number){value, (double)value};
}
static inline cds_onnx_number cds_onnx_real(double value) {
  const bool fits = value > -9e18 && value < 9e18;
  return (cds_onnx_number){fits ? (int64_t)value : 0, value};
}

typedef struct cds_onnx_attribute {
  const char *name;
  int64_t i;
  double f;
  const char *s; /* "" when it is none */
  size_t ints, floats;
  int64_t *ints_value;
  double *floats_value;
  cds_onnx_tensor *tensor; /* or NULL */
} cds_onnx_attribute;

typedef struct cds_onnx_node {
  const char *name, *type, *domain;
  size_t inputs, outputs, attributes;
  const char **input, **output;
  cds_onnx_attribute *attribute;
} cds_onnx_node;

/* A dimension: a number, a name, or neither (-1, NULL). */
typedef struct cds_onnx_dim {
  int64_t value;
  const char *name;
} cds_onnx_dim;

/* What the file says about a value. */
typedef struct cds_onnx_info {
  const char *name;
  int type;
  bool shaped;
  unsigned rank;
  cds_onnx_dim dim[CDS_IMPORT_RANK_MAX];
} cds_onnx_info;

typedef struct cds_onnx_model {
  cds_place place;
  int64_t opset;
  const char *name, *producer;
  size_t nodes, constants, inputs, outputs, infos;
  cds_onnx_node *node;
  cds_onnx_tensor *constant;
  cds_onnx_info *input, *output, *info;
} cds_onnx_model;

/* Whether messages nest within limits and none stands twice where one may:
 * protobuf-c descends and merges without limit. NULL, or what is wrong. */
const char *cds_onnx_guard(const uint8_t *bytes, size_t length);

/* Reads the bytes of a file. CDS_EINPUT with a message. */
cds_status cds_onnx_read(cds_onnx_model *out, const char *name,
                         const uint8_t *bytes, size_t length,
                         const cds_reader *reader);
/* The importer. */
cds_status cds_import_onnx(cds_import *out, const cds_import_source *file,
                           size_t files, const cds_import_options *options,
                           const cds_reader *reader);

#endif
