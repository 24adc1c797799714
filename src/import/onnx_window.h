/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Windows that slide over the spatial axes: convolutions and pooling. */
#ifndef CDS_IMPORT_ONNX_WINDOW_H
#define CDS_IMPORT_ONNX_WINDOW_H

#include "import/onnx_graph.h"

enum { CDS_ONNX_SPATIAL_MAX = 3 };

typedef struct cds_onnx_window {
  unsigned axes;
  uint64_t input[CDS_ONNX_SPATIAL_MAX], kernel[CDS_ONNX_SPATIAL_MAX];
  uint64_t stride[CDS_ONNX_SPATIAL_MAX], dilation[CDS_ONNX_SPATIAL_MAX];
  uint64_t before[CDS_ONNX_SPATIAL_MAX], after[CDS_ONNX_SPATIAL_MAX];
  uint64_t output[CDS_ONNX_SPATIAL_MAX];
} cds_onnx_window;

/* The window of a node: its attributes over input 0 (batch, channels, spatial
 * axes). `weight`: has kernel sizes from its axis 2 on; NULL for pooling. */
cds_status cds_onnx_window_read(cds_onnx_window *out, cds_onnx_call *call,
                                const cds_onnx_value *weight);
/* Likewise of a transposed convolution, whose output is larger. */
cds_status cds_onnx_window_transposed(cds_onnx_window *out,
                                      cds_onnx_call *call);

#endif
