/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the operators that are multiply-accumulate share. */
#ifndef CDS_IMPORT_ONNX_PRODUCT_H
#define CDS_IMPORT_ONNX_PRODUCT_H

#include "import/onnx_ops.h"

/* Y[b,m,n] += X[b,m,k] * W[b,k,n]: axes that the operands share in the same
 * way are one rank. */
typedef struct cds_onnx_product {
  uint64_t b, m, n, k;
} cds_onnx_product;

/* Adds the layer of a product; x or w may be the one that is constant. */
cds_status cds_onnx_add_product(cds_onnx_call *call, cds_onnx_product p,
                                const cds_onnx_value *x,
                                const cds_onnx_value *w);
/* Text for `roles:` of a second operand: what it is, if it is computed. */
const char *cds_onnx_role(const cds_onnx_value *value);

/* QLinearConv and QLinearMatMul give scale and zero point of each tensor after
 * it; ConvInteger and MatMulInteger keep the sums. */
bool cds_onnx_is_quantized(const cds_onnx_call *call);
/* The second operand, the type of the result. */
const cds_onnx_value *cds_onnx_second(const cds_onnx_call *call);
int cds_onnx_result_type(const cds_onnx_call *call);

#endif
