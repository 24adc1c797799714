/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands before and after the blocks of a transformer. */
#include "base/checked.h"
#include "spec/model_build.h"

/* Patches of an image as one convolution without overlap, the class token
 * beside them (ViT, Dosovitskiy et al. 2020, arXiv 2010.11929). */
static cds_status add_patches(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const uint64_t side = model->image / model->patch;
  const uint64_t sizes[] = {
      l->phase->batch, 1,           model->hidden, side, side, model->channels,
      model->patch,    model->patch};
  const char *text = cds_arena_printf(
      l->builder->reader->arena,
      "O[b,g,m,p,q] += I[b,g,c,%llu*p+r,%llu*q+s] * W[g,m,c,r,s]",
      (unsigned long long)model->patch, (unsigned long long)model->patch);
  if (text == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_lower_einsum(l, "patch_embedding", text, sizes));
  const cds_operation_size patches = {.rows = l->phase->batch * side * side,
                                      .length = model->hidden};
  CDS_TRY(
      cds_lower_operation(l, "patch_bias", "bias", &patches, CDS_ACTIVATIONS));
  const cds_operation_size token = {.rows = l->phase->batch,
                                    .length = model->hidden};
  return cds_lower_operation(l, "class_token", "embedding", &token,
                             CDS_ACTIVATIONS);
}

cds_status cds_lower_embeddings(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const uint64_t d = model->hidden;
  CDS_TRY(model->image != 0 ? add_patches(l)
                            : cds_lower_rows(l, "embedding", "embedding", d));
  if (model->scale_input) {
    CDS_TRY(cds_lower_rows(l, "embedding_scale", "scale", d));
  }
  if (model->learned_positions) {
    CDS_TRY(cds_lower_rows(l, "positions", "positions", d));
  }
  if (model->token_types != 0) {
    CDS_TRY(cds_lower_rows(l, "token_types", "positions", d));
  }
  return model->norm_after ? cds_lower_norm(l, "embedding_norm") : CDS_OK;
}

/* A product with bias for one token of each sequence. */
static cds_status add_one_token(cds_lowering *l, const char *name,
                                const char *bias, uint64_t out) {
  const cds_projection p = {.name = name,
                            .rows = l->phase->batch,
                            .in = l->model->hidden,
                            .out = out,
                            .bias = bias,
                            .content = CDS_ACTIVATIONS};
  return cds_lower_projection(l, &p);
}

static cds_status add_encoder_heads(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const cds_operation_size size = {.rows = l->phase->batch,
                                   .length = model->hidden};
  if (!model->norm_after) {
    CDS_TRY(cds_lower_norm(l, "final_norm"));
  }
  if (model->pooler) {
    CDS_TRY(add_one_token(l, "pooler", "pooler_bias", model->hidden));
    CDS_TRY(
        cds_lower_operation(l, "pooler_tanh", "tanh", &size, CDS_ACTIVATIONS));
  }
  return model->labels != 0
             ? add_one_token(l, "classifier", "classifier_bias", model->labels)
             : CDS_OK;
}

/* Logits of the last token of each sequence, or of all; the next token. */
cds_status cds_lower_heads(cds_lowering *l, const cds_phase_options *options) {
  const cds_transformer *model = l->model;
  if (model->encoder) {
    return add_encoder_heads(l);
  }
  cds_projection logits = {.name = "lm_head",
                           .rows =
                               options->logits_all ? l->rows : l->phase->batch,
                           .in = model->hidden,
                           .out = model->vocabulary,
                           .content = CDS_ACTIVATIONS};
  const cds_operation_size caps = {.rows = logits.rows,
                                   .length = model->vocabulary};
  const cds_operation_size choice = {.rows = l->phase->batch,
                                     .length = model->vocabulary};
  CDS_TRY(cds_lower_norm(l, "final_norm"));
  cds_builder_takes(l->builder, 0, cds_builder_value(l->builder));
  if (logits.rows == l->rows) {
    logits.takes = cds_builder_value(l->builder);
    cds_builder_makes(l->builder, logits.takes, true);
  }
  CDS_TRY(cds_lower_projection(l, &logits));
  if (model->cap_logits) {
    CDS_TRY(cds_lower_operation(l, "logits_softcap", "softcap", &caps,
                                CDS_ACTIVATIONS));
  }
  return cds_lower_operation(l, "argmax", "argmax", &choice, CDS_ACTIVATIONS);
}
