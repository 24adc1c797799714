/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of operators; see onnx_ops.def. */
#include "import/onnx_ops.h"

#include <string.h>

#define cds_onnx_cost_none NULL
#define CDS_ONNX_OP(name, infer, cost, kind, inputs)                           \
  {#name, cds_onnx_infer_##infer, cds_onnx_cost_##cost, kind, inputs},
static const cds_onnx_op ops[] = {
#include "import/onnx_ops.def"
};
#undef CDS_ONNX_OP

const cds_onnx_op *cds_onnx_op_find(const char *name) {
  for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
    if (strcmp(ops[i].name, name) == 0) {
      return &ops[i];
    }
  }
  return NULL;
}
