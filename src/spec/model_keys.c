/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Judges the keys of a config.json. Keys that decide shapes are in the schemas
 * of model_families.c; keys that change what is computed in a way that the
 * family has not here are refused by name, with the families that have them;
 * keys that change no count are passed over; others get a warning, because new
 * ones appear all the time, unless they look like a slip.
 */
#include <string.h>

#include "spec/model_families.h"

/* Keys that change no count: names, training, ranges of values. */
static const char *const harmless[] = {"_name_or_path",
                                       "architectures",
                                       "assumption",
                                       "attention_dropout",
                                       "attention_probs_dropout_prob",
                                       "attn_pdrop",
                                       "auto_map",
                                       "aux_loss_alpha",
                                       "bos_token_id",
                                       "cache_implementation",
                                       "classifier_dropout",
                                       "dtype",
                                       "embd_pdrop",
                                       "encoder_stride",
                                       "eos_token_id",
                                       "ep_size",
                                       "finetuning_task",
                                       "gradient_checkpointing",
                                       "hidden_dropout",
                                       "hidden_dropout_prob",
                                       "id2label",
                                       "image_processor_type",
                                       "initializer_range",
                                       "label2id",
                                       "layer_norm_eps",
                                       "layer_norm_epsilon",
                                       "max_window_layers",
                                       "n_ctx",
                                       "note",
                                       "original_max_position_embeddings",
                                       "output_attentions",
                                       "output_hidden_states",
                                       "output_router_logits",
                                       "pad_token_id",
                                       "pretraining_tp",
                                       "query_pre_attn_scalar",
                                       "reorder_and_upcast_attn",
                                       "resid_pdrop",
                                       "rms_norm_eps",
                                       "rope_interleaved",
                                       "rope_local_base_freq",
                                       "rope_parameters",
                                       "rope_scaling",
                                       "rope_theta",
                                       "router_aux_loss_coef",
                                       "router_jitter_noise",
                                       "scale_attn_by_inverse_layer_idx",
                                       "scale_attn_weights",
                                       "seq_aux",
                                       "source",
                                       "summary_activation",
                                       "summary_first_dropout",
                                       "summary_proj_to_labels",
                                       "summary_type",
                                       "summary_use_proj",
                                       "task_specific_params",
                                       "tokenizer_class",
                                       "torch_dtype",
                                       "torchscript",
                                       "transformers_version",
                                       "unk_token_id",
                                       "use_bfloat16",
                                       "use_cache"};

/* Keys that change the layers of every family, unless null, false, 1 times a
 * factor or absolute positions. */
static const char *const structural[] = {"add_cross_attention",
                                         "attention_chunk_size",
                                         "clip_qkv",
                                         "compression_config",
                                         "cross_attention_layers",
                                         "is_decoder",
                                         "is_encoder_decoder",
                                         "num_nextn_predict_layers",

                                         "position_embedding_type",
                                         "pruned_heads",
                                         "qk_norm",
                                         "quantization_config",
                                         "text_config",
                                         "vision_config"};

static bool listed(const char *name, const char *const *list, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(list[i], name) == 0) {
      return true;
    }
  }
  return false;
}

static bool is_null(const cds_yaml *node) {
  return node->kind == CDS_YAML_SCALAR && !node->quoted &&
         (strcmp(node->text, "null") == 0 || strcmp(node->text, "~") == 0 ||
          node->text[0] == '\0');
}

/* Whether a structural key has the value that changes nothing. */
static bool is_neutral(const cds_yaml *node) {
  if (node->kind != CDS_YAML_SCALAR) {
    return node->count == 0;
  }
  return is_null(node) || strcmp(node->text, "false") == 0 ||
         strcmp(node->text, "False") == 0 || strcmp(node->text, "0") == 0 ||
         strcmp(node->text, "1.0") == 0 || strcmp(node->text, "absolute") == 0;
}

static bool in_schema(const cds_schema *schema, const char *name) {
  for (const cds_key *key = schema->keys; key->name != NULL; key++) {
    if (strcmp(key->name, name) == 0) {
      return true;
    }
  }
  return false;
}

/* Families, those with one of the bits alone if there are any. */
static const char *family_names(unsigned has, cds_arena *arena) {
  const char *text = "";
  for (const cds_family *each = cds_families; each->type != NULL; each++) {
    if (has != 0 && (each->has & has) == 0) {
      continue;
    }
    const char *more = cds_arena_printf(
        arena, "%s%s%s", text, text[0] == '\0' ? "" : ", ", each->type);
    text = more != NULL ? more : text;
  }
  return text;
}

/* A key that only some families have, this one not. */
static cds_status judge_foreign(const cds_yaml *key, const cds_yaml *value,
                                const cds_family *family, unsigned has,
                                const cds_reader *reader) {
  if (is_neutral(value)) {
    return CDS_OK;
  }
  cds_diag_error(reader->diag, key->place,
                 "key '%s' of a model changes its layers, and model_type '%s' "
                 "has it not: expected one that has it (%s)",
                 key->text, family->type, family_names(has, reader->arena));
  return CDS_EINPUT;
}

/* Weights in fp8, with one scale a tensor or a large block: no layer more. */
static bool is_fp8(const cds_yaml *node) {
  const cds_yaml *method = node->kind == CDS_YAML_MAPPING
                               ? cds_yaml_get(node, "quant_method")
                               : NULL;
  return method != NULL && method->kind == CDS_YAML_SCALAR &&
         strcmp(method->text, "fp8") == 0;
}

static cds_status judge_other(const cds_yaml *key, const cds_yaml *value,
                              const cds_yaml *model, const cds_family *family,
                              const cds_reader *reader) {
  /* Layers that only speculative decoding runs. */
  if (strcmp(key->text, "num_nextn_predict_layers") == 0 &&
      (family->has & CDS_HAS_LATENT) != 0) {
    return CDS_OK;
  }
  /* Formats come from 'precision', which cds_model_read asks for then. */
  if (strcmp(key->text, "quantization_config") == 0 && is_fp8(value)) {
    return CDS_OK;
  }
  if (listed(key->text, structural, sizeof structural / sizeof *structural)) {
    if (is_neutral(value)) {
      return CDS_OK;
    }
    cds_diag_error(reader->diag, key->place,
                   "key '%s' of a model changes its layers and is not modelled "
                   "yet: expected a model without it",
                   key->text);
    return CDS_EINPUT;
  }
  if (listed(key->text, harmless, sizeof harmless / sizeof *harmless)) {
    return CDS_OK;
  }
  enum { HARMLESS = sizeof harmless / sizeof *harmless };
  enum { STRUCTURAL = sizeof structural / sizeof *structural };
  const char *known[HARMLESS + STRUCTURAL];
  memcpy(known, harmless, sizeof harmless);
  memcpy(known + HARMLESS, structural, sizeof structural);
  return cds_model_unknown_key(key, model, family->schema, known,
                               HARMLESS + STRUCTURAL, reader);
}

/* The keys of the schema alone; the others are judged. */
cds_status cds_family_filter(cds_yaml *out, const cds_yaml *node,
                             const cds_family *family,
                             const cds_reader *reader) {
  cds_status status = CDS_OK;
  *out = *node;
  out->count = 0;
  out->items =
      cds_arena_array(reader->arena, node->count + 1, sizeof *out->items);
  out->keys =
      cds_arena_array(reader->arena, node->count + 1, sizeof *out->keys);
  if (out->items == NULL || out->keys == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < node->count; i++) {
    const cds_yaml *key = node->keys[i];
    const cds_yaml *value = node->items[i];
    const unsigned has = cds_family_key(key->text);
    cds_status one = CDS_OK;
    if (has != 0 && (family->has & has) == 0) {
      one = judge_foreign(key, value, family, has, reader);
    } else if (!in_schema(family->schema, key->text)) {
      one = judge_other(key, value, node, family, reader);
    } else if (!is_null(value)) {
      out->keys[out->count] = node->keys[i];
      out->items[out->count] = node->items[i];
      out->count++;
    }
    status = one != CDS_OK ? one : status;
  }
  return status;
}

cds_status cds_family_find(const cds_family **out, const cds_yaml *node,
                           const cds_reader *reader) {
  static const char *const name[] = {"model_type"};
  const cds_yaml *type = cds_yaml_get(node, "model_type");
  if (type == NULL &&
      cds_schema_report_slip(node, name, 1, "a model", reader)) {
    return CDS_EINPUT;
  }
  if (type == NULL || type->kind != CDS_YAML_SCALAR) {
    cds_diag_error(reader->diag, node->place,
                   "model has no 'model_type': expected one of %s",
                   family_names(0, reader->arena));
    return CDS_EINPUT;
  }
  const char *known[64];
  size_t count = 0;
  for (const cds_family *each = cds_families; each->type != NULL; each++) {
    if (strcmp(each->type, type->text) == 0) {
      *out = each;
      return CDS_OK;
    }
    if (count < sizeof known / sizeof *known) {
      known[count++] = each->type;
    }
  }
  cds_diag_error(reader->diag, type->place,
                 "model_type '%s' is not modelled yet: expected one of %s, or "
                 "its layers under 'layers'",
                 type->text, family_names(0, reader->arena));
  cds_diag_suggest(reader->diag, type->text, known, count);
  return CDS_EINPUT;
}
