/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What operators do: `infer` gives the outputs type and shape (and values,
 * where they are small and known), `cost` makes layers of a node. Both trust
 * that the inputs that the row of onnx_ops.def asks for are there, with shapes.
 */
#ifndef CDS_IMPORT_ONNX_OPS_H
#define CDS_IMPORT_ONNX_OPS_H

#include "import/onnx_graph.h"

/* onnx_product.c, onnx_conv.c, onnx_einsum.c: multiply-accumulate. */
cds_status cds_onnx_infer_conv(cds_onnx_call *call);
cds_status cds_onnx_infer_conv_transpose(cds_onnx_call *call);
cds_status cds_onnx_infer_einsum(cds_onnx_call *call);
cds_status cds_onnx_infer_gemm(cds_onnx_call *call);
cds_status cds_onnx_infer_matmul(cds_onnx_call *call);
cds_status cds_onnx_cost_conv(cds_onnx_call *call);
cds_status cds_onnx_cost_conv_transpose(cds_onnx_call *call);
cds_status cds_onnx_cost_einsum(cds_onnx_call *call);
cds_status cds_onnx_cost_gemm(cds_onnx_call *call);
cds_status cds_onnx_cost_matmul(cds_onnx_call *call);

/* onnx_infer.c: operations on elements, rows and windows. */
cds_status cds_onnx_infer_broadcast(cds_onnx_call *call);
cds_status cds_onnx_infer_cast(cds_onnx_call *call);
cds_status cds_onnx_infer_compare(cds_onnx_call *call);
cds_status cds_onnx_infer_dequantize(cds_onnx_call *call);
cds_status cds_onnx_infer_global_pool(cds_onnx_call *call);
cds_status cds_onnx_infer_layer_norm(cds_onnx_call *call);
cds_status cds_onnx_infer_pool(cds_onnx_call *call);
cds_status cds_onnx_infer_quantize(cds_onnx_call *call);
cds_status cds_onnx_infer_reduce(cds_onnx_call *call);
cds_status cds_onnx_infer_reduce_one(cds_onnx_call *call);
cds_status cds_onnx_infer_same(cds_onnx_call *call);
cds_status cds_onnx_infer_truth(cds_onnx_call *call);
cds_status cds_onnx_infer_where(cds_onnx_call *call);

/* onnx_operation.c: their layers. */
cds_status cds_onnx_cost_batch_norm(cds_onnx_call *call);
cds_status cds_onnx_cost_binary(cds_onnx_call *call);
cds_status cds_onnx_cost_cast(cds_onnx_call *call);
cds_status cds_onnx_cost_gather(cds_onnx_call *call);
cds_status cds_onnx_cost_global_pool(cds_onnx_call *call);
cds_status cds_onnx_cost_group_norm(cds_onnx_call *call);
cds_status cds_onnx_cost_layer_norm(cds_onnx_call *call);
cds_status cds_onnx_cost_lrn(cds_onnx_call *call);
cds_status cds_onnx_cost_pool(cds_onnx_call *call);
cds_status cds_onnx_cost_prelu(cds_onnx_call *call);
cds_status cds_onnx_cost_reduce(cds_onnx_call *call);
cds_status cds_onnx_cost_reduce_l2(cds_onnx_call *call);
cds_status cds_onnx_cost_rms_norm(cds_onnx_call *call);
cds_status cds_onnx_cost_softmax(cds_onnx_call *call);
cds_status cds_onnx_cost_unary(cds_onnx_call *call);

/* onnx_view.c, onnx_move.c: nothing is computed, or on whole numbers of shapes
 * only. */
cds_status cds_onnx_infer_concat(cds_onnx_call *call);
cds_status cds_onnx_infer_constant(cds_onnx_call *call);
cds_status cds_onnx_infer_constant_of_shape(cds_onnx_call *call);
cds_status cds_onnx_infer_depth_to_space(cds_onnx_call *call);
cds_status cds_onnx_infer_expand(cds_onnx_call *call);
cds_status cds_onnx_infer_flatten(cds_onnx_call *call);
cds_status cds_onnx_infer_gather(cds_onnx_call *call);
cds_status cds_onnx_infer_gather_elements(cds_onnx_call *call);
cds_status cds_onnx_infer_gather_nd(cds_onnx_call *call);
cds_status cds_onnx_infer_identity(cds_onnx_call *call);
cds_status cds_onnx_infer_pad(cds_onnx_call *call);
cds_status cds_onnx_infer_range(cds_onnx_call *call);
cds_status cds_onnx_infer_reshape(cds_onnx_call *call);
cds_status cds_onnx_infer_resize(cds_onnx_call *call);
cds_status cds_onnx_infer_shape(cds_onnx_call *call);
cds_status cds_onnx_infer_size(cds_onnx_call *call);
cds_status cds_onnx_infer_slice(cds_onnx_call *call);
cds_status cds_onnx_infer_space_to_depth(cds_onnx_call *call);
cds_status cds_onnx_infer_split(cds_onnx_call *call);
cds_status cds_onnx_infer_squeeze(cds_onnx_call *call);
cds_status cds_onnx_infer_tile(cds_onnx_call *call);
cds_status cds_onnx_infer_transpose(cds_onnx_call *call);
cds_status cds_onnx_infer_unsqueeze(cds_onnx_call *call);
cds_status cds_onnx_cost_move(cds_onnx_call *call);
cds_status cds_onnx_cost_resize(cds_onnx_call *call);
cds_status cds_onnx_cost_view(cds_onnx_call *call);

/* What a view or move of a weight or a cache is, it stays. */
void cds_onnx_inherit(cds_onnx_call *call, const cds_onnx_value *from);
/* The dimensions that a list of numbers gives. */
cds_status cds_onnx_list_shape(cds_onnx_shape *out, cds_onnx_call *call,
                               const cds_onnx_list *list);
/* Shape of two that are repeated along axes of size 1. */
cds_status cds_onnx_broadcast(cds_onnx_shape *out, cds_onnx_call *call,
                              const cds_onnx_shape *a, const cds_onnx_shape *b);

#endif
