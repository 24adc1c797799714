/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A model of a workload: its keys, its phases as layers, and what it weighs. */
#include <string.h>

#include "base/checked.h"
#include "spec/model_build.h"

/* The precision that the file of weights has, when no other is given. */
static cds_status read_dtype(cds_precision *out, const cds_yaml *node,
                             const cds_reader *reader) {
  static const char *const names[][2] = {
      {"bfloat16", "bf16"}, {"float16", "fp16"}, {"float32", "fp32"}};
  const cds_yaml *dtype = cds_yaml_get(node, "torch_dtype");
  if (dtype == NULL) {
    dtype = cds_yaml_get(node, "dtype");
  }
  for (unsigned i = 0; dtype != NULL && dtype->kind == CDS_YAML_SCALAR && i < 3;
       i++) {
    const cds_format *format = cds_format_find(names[i][1]);
    if (strcmp(dtype->text, names[i][0]) == 0 && format != NULL) {
      return cds_precision_uniform(out, format);
    }
  }
  cds_diag_error(reader->diag, node->place,
                 "model has no 'precision': expected 'precision: fp16' beside "
                 "'model', or 'torch_dtype' bfloat16, float16 or float32");
  return CDS_EINPUT;
}

/* Parameters and cache of the whole run; activations were kept on the way. */
static cds_status add_facts(cds_builder *builder, const cds_transformer *model,
                            const cds_precision *precision) {
  cds_workload *workload = builder->workload;
  bool fine =
      cds_transformer_parameters(&workload->parameters, model) == CDS_OK &&
      cds_mul_u64(&workload->parameter_bits, workload->parameters,
                  precision->weights.bits);
  workload->kv_bits = 0;
  for (unsigned i = 0; i < workload->phases; i++) {
    const cds_phase *phase = &workload->phase[i];
    const uint64_t length =
        phase->context + cds_transformer_tokens(model, phase);
    uint64_t bits = 0;
    fine = fine &&
           cds_transformer_cache(&workload->kv_bits_per_token, &bits, model,
                                 phase, precision->kv.bits) == CDS_OK;
    workload->kv_bits = bits > workload->kv_bits ? bits : workload->kv_bits;
    if (model->positions != 0 && length > model->positions) {
      cds_diag_warning(builder->reader->diag, workload->place,
                       "phase '%s' reaches %llu tokens: expected at most the "
                       "model's %llu positions",
                       phase->name, (unsigned long long)length,
                       (unsigned long long)model->positions);
    }
  }
  workload->model_type = model->type;
  return fine ? CDS_OK : cds_builder_too_large(builder, model->place, "model");
}

/* Encoders have phases of their own kind, and an image has its tokens. */
static cds_status check_phase(const cds_transformer *model,
                              const cds_phase *phase,
                              const cds_phase_options *options,
                              const cds_reader *reader) {
  const bool encode = phase->kind == CDS_PHASE_PLAIN;
  if (encode != model->encoder) {
    cds_diag_error(reader->diag, options->place,
                   "phase '%s' of model_type '%s', which is %s: expected %s",
                   phase->name, model->type,
                   model->encoder ? "an encoder" : "a decoder",
                   model->encoder ? "{encode: {...}}"
                                  : "{prefill: {...}} or {decode: {...}}");
    return CDS_EINPUT;
  }
  if (encode && (phase->tokens != 0) == (model->image != 0)) {
    cds_diag_error(reader->diag, options->place,
                   "phase '%s' %s 'tokens': expected %s", phase->name,
                   phase->tokens != 0 ? "has" : "has no",
                   phase->tokens != 0 ? "none, the image makes them"
                                      : "the tokens of each sequence");
    return CDS_EINPUT;
  }
  return CDS_OK;
}

static cds_status lower_phase(cds_builder *builder,
                              const cds_transformer *model,
                              const cds_precision *precision,
                              const cds_phase_options *options) {
  cds_phase *phase = &builder->workload->phase[builder->phase];
  CDS_TRY(check_phase(model, phase, options, builder->reader));
  phase->tokens = cds_transformer_tokens(model, phase);
  const cds_status status =
      cds_transformer_lower(builder, model, precision, options);
  return status == CDS_ELIMIT
             ? cds_builder_too_large(builder, model->place, "model")
             : status;
}

cds_status cds_model_read(cds_builder *builder, const cds_yaml *model_node,
                          const cds_precision *precision,
                          const cds_phase_options *options) {
  const cds_reader *reader = builder->reader;
  cds_transformer model = {0};
  cds_precision own = {0};
  if (model_node->kind != CDS_YAML_MAPPING) {
    cds_diag_error(reader->diag, model_node->place,
                   "'model' is no mapping: expected the keys of a config.json");
    return CDS_EINPUT;
  }
  const cds_status keys = cds_transformer_read(&model, model_node, reader);
  if (keys != CDS_OK && keys != CDS_EINPUT) {
    return keys;
  }
  if (precision == NULL) {
    const cds_yaml *fp8 = cds_yaml_get(model_node, "quantization_config");
    if (fp8 != NULL && fp8->kind == CDS_YAML_MAPPING && fp8->count > 0) {
      cds_diag_error(reader->diag, fp8->place,
                     "'quantization_config' of a model without 'precision': "
                     "expected one beside the model, such as {weights: fp8, "
                     "activations: bf16}");
      return CDS_EINPUT;
    }
    CDS_TRY(read_dtype(&own, model_node, reader));
    precision = &own;
  }
  CDS_TRY(keys);
  for (unsigned phase = 0; phase < builder->workload->phases; phase++) {
    builder->phase = phase;
    CDS_TRY(lower_phase(builder, &model, precision, &options[phase]));
  }
  return add_facts(builder, &model, precision);
}
