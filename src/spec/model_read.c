/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From the keys of a config.json to the structure of a transformer. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "spec/model_families.h"

static bool starts_with(const char *text, const char *start) {
  return strncmp(text, start, strlen(start)) == 0;
}

/* Row of operations.def for the activation, or NULL. */
static const char *find_activation(const char *name, bool gated) {
  if (strcmp(name, "silu") == 0 || strcmp(name, "swish") == 0) {
    return gated ? "silu_mul" : NULL;
  }
  if (starts_with(name, "gelu")) {
    return gated ? "gelu_mul" : "gelu";
  }
  return strcmp(name, "relu") == 0 && !gated ? "relu" : NULL;
}

/* Blocks of `layer_types` with a window; other types are refused. */
static cds_status count_windows(uint64_t *out, const cds_yaml *types,
                                uint64_t blocks, const cds_reader *reader) {
  *out = 0;
  if (types->kind != CDS_YAML_SEQUENCE || types->count != blocks) {
    cds_diag_error(reader->diag, types->place,
                   "'layer_types' of a model: expected a list of %llu, one for "
                   "each block",
                   (unsigned long long)blocks);
    return CDS_EINPUT;
  }
  for (size_t i = 0; i < types->count; i++) {
    const cds_yaml *each = types->items[i];
    const char *text = each->kind == CDS_YAML_SCALAR ? each->text : "";
    if (strcmp(text, "sliding_attention") == 0) {
      (*out)++;
    } else if (strcmp(text, "full_attention") != 0) {
      cds_diag_error(reader->diag, each->place,
                     "type '%s' of a block is not modelled yet: expected "
                     "full_attention or sliding_attention",
                     text);
      return CDS_EINPUT;
    }
  }
  return CDS_OK;
}

/* Which blocks attend to a window only, and to how many keys. */
static cds_status read_window(cds_transformer *model,
                              const cds_model_keys *keys,
                              const cds_family *family, const cds_yaml *node,
                              const cds_reader *reader) {
  const bool given = cds_yaml_get(node, "sliding_window") != NULL;
  const bool off = (family->has & CDS_HAS_USE_WINDOW) != 0 && !keys->use_window;
  model->window = given ? keys->window : family->window;
  if ((family->has & CDS_HAS_WINDOW) == 0 || off || model->window == 0) {
    model->window = 0;
    return CDS_OK;
  }
  const uint64_t blocks = model->blocks;
  if (keys->layer_types != NULL) {
    return count_windows(&model->window_blocks, keys->layer_types, blocks,
                         reader);
  }
  model->window_blocks = blocks;
  if ((family->has & CDS_HAS_CAPS) != 0) { /* Gemma 2: every other */
    model->window_blocks = cds_ceil_div_u64(blocks, 2);
  } else if ((family->has & CDS_HAS_PATTERN) != 0) {
    const uint64_t of = keys->window_pattern == 0 ? 6 : keys->window_pattern;
    model->window_blocks = blocks - blocks / of;
  } else if ((family->has & CDS_HAS_USE_WINDOW) != 0) {
    const bool first = cds_yaml_get(node, "max_window_layers") != NULL;
    const uint64_t before = first ? keys->max_window_layers : 28;
    model->window_blocks = before < blocks ? blocks - before : 0;
  }
  return CDS_OK;
}

/* Blocks with experts: those that no key makes dense. */
static cds_status count_expert_blocks(uint64_t *out, const cds_model_keys *keys,
                                      uint64_t blocks,
                                      const cds_reader *reader) {
  const uint64_t step = keys->sparse_step == 0 ? 1 : keys->sparse_step;
  const cds_yaml *dense = keys->dense_layers;
  *out = blocks > keys->first_dense ? blocks - keys->first_dense : 0;
  if (dense != NULL && dense->kind != CDS_YAML_SEQUENCE) {
    cds_diag_error(reader->diag, dense->place,
                   "'mlp_only_layers' of a model: expected a list of numbers "
                   "of blocks");
    return CDS_EINPUT;
  }
  if (step == 1 && dense == NULL) {
    return CDS_OK;
  }
  *out = blocks / step;
  for (size_t i = 0; dense != NULL && i < dense->count; i++) {
    uint64_t block = 0;
    CDS_TRY(cds_schema_count(&block, 0, blocks - 1, dense->items[i],
                             "mlp_only_layers", reader));
    *out -= (block + 1) % step == 0 && *out > 0 ? 1 : 0;
  }
  return CDS_OK;
}

/* Choosing by groups: V2 takes the best expert of each, V3 the sum of two. */
static cds_status read_scores(cds_experts *e, const cds_model_keys *keys,
                              const cds_family *family, cds_place place,
                              const cds_reader *reader) {
  const char *scoring = keys->scoring != NULL ? keys->scoring
                        : family->sigmoid     ? "sigmoid"
                                              : "softmax";
  const char *method = keys->top_method != NULL ? keys->top_method
                       : family->sigmoid        ? "noaux_tc"
                                                : "greedy";
  const bool v3 = strcmp(method, "noaux_tc") == 0;
  if ((strcmp(scoring, "softmax") != 0 && strcmp(scoring, "sigmoid") != 0) ||
      (strcmp(method, "greedy") != 0 && !v3 &&
       strcmp(method, "group_limited_greedy") != 0) ||
      (v3 && strcmp(scoring, "sigmoid") != 0)) {
    cds_diag_error(reader->diag, place,
                   "'scoring_func' %s with 'topk_method' %s is not modelled: "
                   "expected softmax with greedy or group_limited_greedy, or "
                   "sigmoid with noaux_tc",
                   scoring, method);
    return CDS_EINPUT;
  }
  e->sigmoid = strcmp(scoring, "sigmoid") == 0;
  if (strcmp(method, "greedy") != 0 && keys->groups > 1) {
    e->groups = keys->groups;
    e->top_groups = keys->top_groups;
  }
  if (e->groups != 0 && (e->top_groups == 0 || e->top_groups > e->groups ||
                         e->count % e->groups != 0)) {
    cds_diag_error(reader->diag, place,
                   "%llu experts in %llu groups of which %llu are chosen: "
                   "expected whole groups and a choice among them",
                   (unsigned long long)e->count, (unsigned long long)e->groups,
                   (unsigned long long)e->top_groups);
    return CDS_EINPUT;
  }
  return CDS_OK;
}

static cds_status read_experts(cds_transformer *model,
                               const cds_model_keys *keys,
                               const cds_family *family,
                               const cds_reader *reader) {
  cds_experts e = {0};
  const bool local = (family->has & CDS_HAS_LOCAL_EXPERTS) != 0;
  const bool routed = (family->has & CDS_HAS_ROUTED_EXPERTS) != 0;
  e.count = local ? keys->local_experts
                  : (routed ? keys->routed_experts : keys->num_experts);
  e.count = e.count == 0 ? family->experts : e.count;
  if ((family->has & CDS_HAS_EXPERTS) == 0 || e.count == 0) {
    return CDS_OK;
  }
  e.chosen = keys->chosen == 0 ? family->chosen : keys->chosen;
  e.inner = keys->expert_inner == 0 ? keys->inner : keys->expert_inner;
  e.shared_inner = routed ? keys->shared_experts * e.inner : keys->shared_inner;
  e.shared_gate = !routed && e.shared_inner != 0;
  e.normalize = keys->normalize || local;
  e.scale = isfinite(keys->routed_scale) && keys->routed_scale != 1;
  if (e.chosen == 0 || e.chosen > e.count) {
    cds_diag_error(reader->diag, model->place,
                   "'num_experts_per_tok' is %llu of %llu experts: expected 1 "
                   "to all of them",
                   (unsigned long long)e.chosen, (unsigned long long)e.count);
    return CDS_EINPUT;
  }
  CDS_TRY(count_expert_blocks(&e.blocks, keys, model->blocks, reader));
  CDS_TRY(read_scores(&e, keys, family, model->place, reader));
  model->experts = e;
  return CDS_OK;
}

static cds_status read_latent(cds_transformer *model,
                              const cds_model_keys *keys,
                              const cds_family *family,
                              const cds_reader *reader) {
  if ((family->has & CDS_HAS_LATENT) == 0) {
    return CDS_OK;
  }
  const bool all = keys->kv_rank != 0 && keys->nope != 0 && keys->rope != 0 &&
                   keys->value != 0;
  if (!all || keys->rope % 2 != 0 || keys->attention_bias) {
    cds_diag_error(reader->diag, model->place,
                   "model_type '%s' has latent attention: expected "
                   "'kv_lora_rank', 'qk_nope_head_dim', an even "
                   "'qk_rope_head_dim' and 'v_head_dim', and no "
                   "'attention_bias'",
                   family->type);
    return CDS_EINPUT;
  }
  model->latent = (cds_latent){.rank = keys->kv_rank,
                               .query_rank = keys->query_rank,
                               .nope = keys->nope,
                               .rope = keys->rope,
                               .value = keys->value};
  model->kv_heads = model->heads;
  model->head_dim = keys->nope + keys->rope;
  return CDS_OK;
}

static const char *activation_name(const cds_model_keys *keys,
                                   const cds_family *family) {
  const char *given = keys->hidden_activation != NULL ? keys->hidden_activation
                                                      : keys->activation;
  return given != NULL ? given : family->activation;
}

static cds_status check_shape(const cds_transformer *model,
                              const cds_model_keys *keys,
                              const cds_family *family, const cds_yaml *node,
                              const cds_reader *reader) {
  cds_status status = CDS_OK;
  if (keys->head_dim == 0 && family->head_dim == 0 && model->latent.rank == 0 &&
      keys->hidden % keys->heads != 0) {
    cds_diag_error(reader->diag, model->place,
                   "width %llu of the model does not divide by its %llu heads: "
                   "expected a whole head dimension",
                   (unsigned long long)keys->hidden,
                   (unsigned long long)keys->heads);
    status = CDS_EINPUT;
  } else if (!model->learned_positions && model->latent.rank == 0 &&
             (model->rotary_dim == 0 || model->rotary_dim % 2 != 0)) {
    cds_diag_error(reader->diag, model->place,
                   "%s %llu is odd: expected an even one, rotary positions "
                   "turn pairs",
                   model->rotary_dim == model->head_dim ? "head dimension"
                                                        : "rotated part",
                   (unsigned long long)model->rotary_dim);
    status = CDS_EINPUT;
  }
  if (model->heads % model->kv_heads != 0) {
    cds_diag_error(reader->diag, model->place,
                   "%llu query heads do not divide by %llu heads of keys: "
                   "expected a whole number for each",
                   (unsigned long long)model->heads,
                   (unsigned long long)model->kv_heads);
    status = CDS_EINPUT;
  }
  if (model->activation == NULL) {
    cds_model_unknown_activation(node, activation_name(keys, family),
                                 model->gated ? "silu or gelu" : "gelu or relu",
                                 reader);
    status = CDS_EINPUT;
  }
  if (model->patch != 0 && model->image % model->patch != 0) {
    cds_diag_error(reader->diag, model->place,
                   "image of %llu in patches of %llu: expected whole patches",
                   (unsigned long long)model->image,
                   (unsigned long long)model->patch);
    status = CDS_EINPUT;
  }
  return status;
}

/* Parts of an encoder that stand outside of its blocks. */
static void set_ends(cds_transformer *model, const cds_model_keys *keys,
                     const cds_family *family) {
  if (family->schema == &cds_model_vit_schema) {
    model->image = keys->image != 0 ? keys->image : 224;
    model->patch = keys->patch != 0 ? keys->patch : 16;
    model->channels = keys->channels != 0 ? keys->channels : 3;
    model->labels = keys->labels;
    if (keys->labels == 0 && keys->label_names != NULL) {
      model->labels = keys->label_names->count;
    }
    model->qkv_bias = keys->qkv_bias;
  } else if (family->encoder) {
    model->token_types = keys->token_types != 0 ? keys->token_types : 2;
    model->pooler = true;
  }
}

static cds_transformer make_plain(const cds_model_keys *keys,
                                  const cds_family *family,
                                  const cds_yaml *node) {
  const uint64_t head_dim =
      keys->head_dim != 0 ? keys->head_dim : family->head_dim;
  const bool tied_given = cds_yaml_get(node, "tie_word_embeddings") != NULL;
  return (cds_transformer){
      .type = family->type,
      .place = node->place,
      .hidden = keys->hidden,
      .blocks = keys->blocks,
      .heads = keys->heads,
      .kv_heads = keys->kv_heads != 0 ? keys->kv_heads : keys->heads,
      .head_dim = head_dim != 0 ? head_dim : keys->hidden / keys->heads,
      .inner = keys->inner != 0 ? keys->inner : 4 * keys->hidden,
      .vocabulary = keys->vocabulary,
      .positions = keys->positions,
      .learned_positions = family->learned_positions,
      .layernorm = family->layernorm,
      .gated = family->gated,
      .activation =
          find_activation(activation_name(keys, family), family->gated),
      .qkv_bias = family->qkv_bias || keys->attention_bias,
      .output_bias = family->output_bias || keys->attention_bias,
      .mlp_bias = family->mlp_bias || keys->mlp_bias,
      .tied = tied_given ? keys->tied : family->tied,
      .qk_norm = family->qk_norm,
      .more_norms = family->more_norms,
      .norm_after = family->norm_after,
      .scale_input = family->scale_input,
      .cap_scores = keys->cap_scores > 0,
      .cap_logits = keys->cap_logits > 0,
      .encoder = family->encoder};
}

/* Gemma 2 has its soft limits unless a key is null. */
static void set_caps(cds_transformer *model, const cds_family *family,
                     const cds_yaml *node) {
  if ((family->has & CDS_HAS_CAPS) == 0) {
    return;
  }
  model->cap_scores =
      model->cap_scores || cds_yaml_get(node, "attn_logit_softcapping") == NULL;
  model->cap_logits = model->cap_logits ||
                      cds_yaml_get(node, "final_logit_softcapping") == NULL;
}

cds_status cds_transformer_read(cds_transformer *out, const cds_yaml *node,
                                const cds_reader *reader) {
  const cds_family *family = NULL;
  cds_model_keys keys = {.routed_scale = 1};
  cds_yaml known = {0};
  CDS_TRY(cds_family_find(&family, node, reader));
  const cds_status status = cds_family_filter(&known, node, family, reader);
  if (status != CDS_OK && status != CDS_EINPUT) {
    return status;
  }
  CDS_TRY(cds_schema_read(&keys, family->schema, &known, reader));
  CDS_TRY(status);
  cds_transformer model = make_plain(&keys, family, node);
  set_ends(&model, &keys, family);
  set_caps(&model, family, node);
  CDS_TRY(read_window(&model, &keys, family, node, reader));
  CDS_TRY(read_experts(&model, &keys, family, reader));
  CDS_TRY(read_latent(&model, &keys, family, reader));
  model.rotary_dim = model.head_dim;
  if (keys.rotary_part > 0 && keys.rotary_part <= 1) {
    model.rotary_dim = (uint64_t)(keys.rotary_part * (double)model.head_dim);
  }
  CDS_TRY(check_shape(&model, &keys, family, node, reader));
  *out = model;
  return CDS_OK;
}
