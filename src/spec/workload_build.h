/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Building a workload layer by layer, shared by the forms that a user writes
 * (workload_layers.c) and by the lowering of models (model_lower.c).
 */
#ifndef CDS_SPEC_WORKLOAD_BUILD_H
#define CDS_SPEC_WORKLOAD_BUILD_H

#include "spec/operations.h"

enum { CDS_LAYERS_MAX = 20000 };

typedef struct cds_builder {
  const cds_reader *reader;
  cds_workload *workload;
  size_t capacity; /* room for layers */
  unsigned phase;  /* of the layers that are added */
  uint64_t batch;  /* of layers that do not say; 0: not given */
  /* Live activations beside those of the layer that is added, in bits. */
  uint64_t live_bits;
  unsigned values; /* numbers of values that are given away */
} cds_builder;

/* What a layer is called, where it stands, how often it runs. */
typedef struct cds_layer_head {
  const char *name;
  cds_place place;
  uint64_t count;  /* runs in the phase */
  uint64_t copies; /* of its parameters: layers of this shape */
  uint64_t steps;  /* runs of each with the same parameters; 0: not known */
} cds_layer_head;

/* Rounds a rank of the einsums up to a multiple. */
typedef struct cds_pad {
  const char *name;
  cds_place place;
  uint64_t multiple;
  bool used;
} cds_pad;
typedef struct cds_pads {
  size_t count;
  cds_pad *pad;
} cds_pads;

/* Parses text that is known to be right and gives its ranks, in order of
 * appearance, the sizes; pads may be NULL. */
cds_status cds_builder_parse(cds_einsum *out, const cds_builder *builder,
                             const char *text, const uint64_t *sizes,
                             cds_pads *pads);
/* Sets the size of a rank, padded. CDS_ELIMIT when it passes 64 bits. */
cds_status cds_einsum_size(cds_einsum *einsum, unsigned rank, uint64_t size,
                           cds_pads *pads);
/* Number formats by content; the output gets the accumulator's too. */
void cds_einsum_formats(cds_einsum *einsum, const cds_precision *precision);
/* Says what a tensor is: sets role and content. */
void cds_tensor_be(cds_einsum *einsum, const char *tensor, cds_role role,
                   cds_content content);

/* Appends a layer and adds its words to parameters, parameter_bits, kv_bits
 * and activation_bits of the workload. */
cds_status cds_builder_einsum(cds_builder *builder, const cds_layer_head *head,
                              const cds_einsum *einsum);
/* Likewise; `table_rows`: rows of the table of a gathering operation. */
cds_status cds_builder_operation(cds_builder *builder,
                                 const cds_layer_head *head,
                                 const cds_operation *operation,
                                 uint64_t table_rows);
/* The result of the last layer goes to the next layers only, which may run
 * fused with it. */
void cds_builder_hand_on(cds_builder *builder);
/* A new value (cds_layer.makes). */
unsigned cds_builder_value(cds_builder *builder);
/* The last layer makes the value; `used_up`: only layers that say so take it.
 */
void cds_builder_makes(cds_builder *builder, unsigned value, bool used_up);
/* An operand of the last layer is the value. */
void cds_builder_takes(cds_builder *builder, unsigned operand, unsigned value);
/* Whether the result of a layer does. */
bool cds_layer_hands_on(const cds_layer *layer);
/* Reports a number that passes 64 bits. */
cds_status cds_builder_too_large(const cds_builder *builder, cds_place place,
                                 const char *name);

/* Reads `precision:`: one format for all, or by kind of word. */
extern const cds_schema cds_precision_schema;
cds_status cds_precision_read(cds_precision *out, const cds_yaml *node,
                              const cds_reader *reader);
/* All words in one format; the accumulator follows from it: fp32 for smaller
 * float formats, int32 for smaller integers, the same for unnamed widths. */
cds_status cds_precision_uniform(cds_precision *out, const cds_format *format);

/* Reads `layers:` (a sequence). `precision` may be NULL: each layer needs one
 * then. */
extern const cds_schema cds_layer_schema, cds_matmul_schema,
    cds_batched_matmul_schema, cds_conv2d_schema, cds_pool2d_schema,
    cds_attention_schema;
cds_status cds_layers_read(cds_builder *builder, const cds_yaml *layers,
                           const cds_precision *precision);

/* Reads `model:` (keys of a Hugging Face config.json) for the phases, which
 * are read before, and appends their layers. `precision` may be NULL: the
 * model's torch_dtype is taken. `options` has an entry a phase. */
typedef struct cds_phase_options {
  cds_place place;
  bool logits_all;
} cds_phase_options;
extern const cds_schema cds_model_schema, cds_model_gpt2_schema,
    cds_model_bert_schema, cds_model_vit_schema;
cds_status cds_model_read(cds_builder *builder, const cds_yaml *model,
                          const cds_precision *precision,
                          const cds_phase_options *options);

#endif
