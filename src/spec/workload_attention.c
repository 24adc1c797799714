/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unfused attention: scores, softmax over the keys, weighted sum of values.
 * Keys and values have the role of weights and live in the KV cache; scores
 * have the activations' format and are full square. Scores and probabilities
 * are what fusion would keep on chip.
 */
#include "spec/workload_layers.h"

static cds_status add_product(cds_builder *builder, const cds_layer_head *head,
                              cds_einsum *einsum, cds_content content,
                              const cds_precision *precision) {
  cds_tensor_be(einsum, einsum->tensor[1].name, CDS_WEIGHT, content);
  cds_einsum_formats(einsum, precision);
  return cds_builder_einsum(builder, head, einsum);
}

static cds_status add_rows(cds_builder *builder, cds_layer_head *head,
                           const char *name, const char *kind,
                           const cds_operation_size *size,
                           const cds_precision *precision) {
  cds_operation operation = {0};
  head->name = name;
  CDS_TRY(cds_operation_make(&operation, cds_operation_kind_find(kind), size,
                             precision));
  return cds_builder_operation(builder, head, &operation, 0);
}

cds_status cds_attention_add(cds_builder *builder, const cds_layer_head *head,
                             const char *const names[4],
                             const cds_attention_size *size,
                             const cds_precision *precision, cds_pads *pads) {
  const uint64_t value_dim =
      size->value_dim != 0 ? size->value_dim : size->head_dim;
  const uint64_t scores_sizes[] = {size->sequences, size->kv_heads,
                                   size->group,     size->query,
                                   size->context,   size->head_dim};
  const uint64_t values_sizes[] = {size->sequences, size->kv_heads,
                                   size->group,     size->query,
                                   value_dim,       size->context};
  const cds_content content = size->passing ? CDS_ACTIVATIONS : CDS_KV_CACHE;
  cds_layer_head named = *head;
  cds_einsum scores = {0};
  cds_einsum values = {0};
  CDS_TRY(cds_builder_parse(&scores, builder,
                            "S[b,h,g,s,t] += Q[b,h,g,s,e] * K[b,h,t,e]",
                            scores_sizes, pads));
  CDS_TRY(cds_builder_parse(&values, builder,
                            "O[b,h,g,s,e] += P[b,h,g,s,t] * V[b,h,t,e]",
                            values_sizes, pads));
  scores.tensor[scores.tensors - 1].intermediate = true;
  values.tensor[0].intermediate = true;
  named.name = names[0];
  CDS_TRY(add_product(builder, &named, &scores, content, precision));

  const uint64_t context = scores.rank[4].size;
  uint64_t words = 0;
  CDS_TRY(cds_tensor_words(&words, &scores, scores.tensors - 1));
  const cds_operation_size rows = {.rows = words / context, .length = context};
  if (names[3] != NULL) {
    CDS_TRY(add_rows(builder, &named, names[3], "softcap", &rows, precision));
  }
  CDS_TRY(add_rows(builder, &named, names[1], "softmax", &rows, precision));

  named.name = names[2];
  return add_product(builder, &named, &values, content, precision);
}

cds_status cds_attention_read(cds_layer_reading *reading) {
  const cds_reader *reader = reading->builder->reader;
  const cds_yaml *node = reading->keys.attention;
  cds_attention_keys keys = {0};
  CDS_TRY(cds_layer_form(reading, &keys, &cds_attention_schema, node));
  if (keys.kv_heads == 0 || keys.heads == 0) {
    keys.heads = cds_layer_size(keys.heads);
    keys.kv_heads = keys.heads;
  }
  if (keys.heads % keys.kv_heads != 0) {
    cds_diag_error(reader->diag, node->place,
                   "'heads' is %llu and 'kv_heads' is %llu: expected a whole "
                   "number of query heads for each",
                   (unsigned long long)keys.heads,
                   (unsigned long long)keys.kv_heads);
    reading->wrong = true;
  }
  const char *names[4] = {NULL};
  static const char *const parts[] = {"qk", "softmax", "av"};
  for (unsigned part = 0; part < 3; part++) {
    names[part] = cds_arena_printf(reader->arena, "%s.%s", reading->head.name,
                                   parts[part]);
    if (names[part] == NULL) {
      return CDS_ENOMEM;
    }
  }
  const cds_attention_size size = {.sequences =
                                       cds_layer_batch(reading, keys.batch),
                                   .kv_heads = keys.kv_heads,
                                   .group = keys.heads / keys.kv_heads,
                                   .query = cds_layer_size(keys.query),
                                   .context = cds_layer_size(keys.context),
                                   .head_dim = cds_layer_size(keys.head_dim)};
  return cds_attention_add(reading->builder, &reading->head, names, &size,
                           &reading->precision, &reading->pads);
}
