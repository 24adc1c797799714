/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Structs that the schemas of layers fill. */
#ifndef CDS_SPEC_WORKLOAD_LAYERS_H
#define CDS_SPEC_WORKLOAD_LAYERS_H

#include "spec/workload_build.h"

typedef struct cds_layer_keys {
  const char *name;
  const cds_yaml *einsum, *ranks, *matmul, *batched_matmul, *conv2d, *pool2d,
      *attention;
  const char *operation;
  uint64_t rows, length, head_dim, table;
  cds_format to;
  uint64_t count, steps;
  const cds_yaml *precision, *pad, *roles, *formats, *intermediate, *then;
  const char *note; /* documentation for readers of the file */
} cds_layer_keys;

typedef struct cds_matmul_keys {
  uint64_t b, m, n, k;
} cds_matmul_keys;

typedef struct cds_conv2d_keys {
  uint64_t batch, channels, filters, groups;
  const cds_yaml *input, *kernel, *stride, *dilation, *padding;
  bool depthwise;
} cds_conv2d_keys;

typedef struct cds_pool2d_keys {
  unsigned kind; /* 0: max, 1: average */
  uint64_t batch, channels;
  const cds_yaml *input, *kernel, *stride, *padding;
} cds_pool2d_keys;

typedef struct cds_attention_keys {
  uint64_t batch, heads, kv_heads, head_dim, query, context;
  bool causal;
} cds_attention_keys;

/* A layer while it is read. */
typedef struct cds_layer_reading {
  cds_builder *builder;
  const cds_yaml *node;
  cds_layer_keys keys;
  cds_layer_head head;
  cds_precision precision;
  cds_pads pads;
  /* Something was refused. Reading goes on with 1 for a wrong size, so that
   * one run shows everything; the layers that come of it are never used. */
  bool wrong;
} cds_layer_reading;

/* Notes wrong input and goes on; gives other failures back. */
cds_status cds_layer_note(cds_layer_reading *reading, cds_status status);
/* Reads the table of a form of layer; sets wrong. False when nothing could be
 * read. */
cds_status cds_layer_form(cds_layer_reading *reading, void *out,
                          const cds_schema *schema, const cds_yaml *node);
/* The size, or 1 for one that was refused. */
uint64_t cds_layer_size(uint64_t size);

/* What the layer says, or `batch:` of the workload, or 1. */
uint64_t cds_layer_batch(const cds_layer_reading *reading, uint64_t batch);

/* Forms that need more than a few lines: workload_conv.c, workload_pool.c,
 * workload_attention.c. */
cds_status cds_conv2d_read(cds_einsum *out, cds_layer_reading *reading);
cds_status cds_pool2d_read(cds_layer_reading *reading);
cds_status cds_attention_read(cds_layer_reading *reading);
/* Says that no row of operations.def has the name. */
cds_status cds_operation_unknown(const cds_reader *reader, const char *name,
                                 cds_place place);
/* An entry of `layers:`, and its layers of the workload. */
typedef struct cds_written_layer {
  const cds_yaml *node;
  size_t first, last;
} cds_written_layer;
/* Whether results that are handed on meet their users: workload_handed.c. All
 * entries were read. */
cds_status cds_handed_check(const cds_workload *workload,
                            const cds_written_layer *written, size_t layers,
                            const cds_reader *reader);
/* What einsums that are read say of values: workload_values.c. */
void cds_values_link(cds_builder *builder);
/* `then:`, the operations on the result of a layer: workload_then.c. */
cds_status cds_then_read(cds_layer_reading *reading, const cds_einsum *einsum);
/* The layers QK, softmax and AV of unfused attention, called names[0] to
 * names[2], with ranks of these sizes; used by models too. `head` gives place
 * and counts. A names[3] that is not NULL is a soft limit of the scores. */
typedef struct cds_attention_size {
  uint64_t sequences, kv_heads, group, query, context, head_dim;
  uint64_t value_dim; /* elements of a head of values; 0: head_dim */
  bool passing;       /* keys and values are made for this layer, not cached */
  unsigned cache;   /* number of the keys (cds_layer.cache), that of the values
                       being the next; 0: not known */
  uint64_t cached;  /* tokens that are in it once or longer */
  uint64_t longest; /* tokens that are in it at once, at most */
  bool causal; /* a query attends to no key after it, the last of the context
                  being the last query's */
} cds_attention_size;
cds_status cds_attention_add(cds_builder *builder, const cds_layer_head *head,
                             const char *const names[4],
                             const cds_attention_size *size,
                             const cds_precision *precision, cds_pads *pads);

#endif
