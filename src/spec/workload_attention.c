/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unfused attention: scores, softmax over the keys, weighted sum of values.
 * Keys and values have the role of weights and live in the KV cache; scores
 * have the activations' format and are full square, masked or not. Scores and
 * probabilities are what fusion would keep on chip.
 */
#include "spec/workload_layers.h"

#include <string.h>

#include "base/checked.h"

/* `cache`: the number of its keys or values; 0: not known. */
static cds_status add_product(cds_builder *builder, const cds_layer_head *head,
                              cds_einsum *einsum,
                              const cds_attention_size *size, unsigned cache,
                              const cds_precision *precision) {
  cds_tensor_be(einsum, einsum->tensor[1].name, CDS_WEIGHT,
                size->passing ? CDS_ACTIVATIONS : CDS_KV_CACHE);
  cds_einsum_formats(einsum, precision);
  CDS_TRY(cds_builder_einsum(builder, head, einsum));
  cds_workload *workload = builder->workload;
  cds_layer *layer = &workload->layer[workload->layers - 1];
  uint64_t words = 0;
  CDS_TRY(cds_tensor_words(&words, einsum, 1));
  layer->cache = cache;
  const uint64_t token = words / size->context;
  return cache == 0 ||
                 (cds_mul_u64(&layer->cache_words, token, size->cached) &&
                  cds_mul_u64(&layer->cache_longest, token, size->longest))
             ? CDS_OK
             : CDS_ELIMIT;
}

/* Which scores count. */
typedef struct attention_mask {
  bool here;
  uint64_t queries, keys; /* sizes of their ranks */
  uint64_t past;          /* keys before the first query */
} attention_mask;

/* Pads stand behind queries and keys: no query loses a key by them, and no key
 * is left without a query. */
static attention_mask mask_of(const cds_attention_size *size,
                              const cds_einsum *scores) {
  attention_mask mask = {.here = size->causal,
                         .queries = scores->rank[3].size,
                         .keys = scores->rank[4].size};
  const uint64_t padded =
      mask.keys > mask.queries ? mask.keys - mask.queries : 0;
  mask.past = size->context > size->query ? size->context - size->query : 0;
  mask.past = padded > mask.past ? padded : mask.past;
  mask.here = mask.here && mask.past + 1 < mask.keys;
  return mask;
}

static cds_status add_rows(cds_builder *builder, cds_layer_head *head,
                           const char *kind, const cds_operation_size *size,
                           const attention_mask *mask,
                           const cds_precision *precision) {
  cds_operation operation = {0};
  CDS_TRY(cds_operation_make(&operation, cds_operation_kind_find(kind), size,
                             precision));
  operation.causal = mask->here && strcmp(kind, "softmax") == 0;
  operation.past = operation.causal ? mask->past : 0;
  operation.output.intermediate = true;
  return cds_builder_operation(builder, head, &operation, 0);
}

/* Of the product just added. */
static void set_useful(cds_builder *builder, const attention_mask *mask) {
  cds_workload *workload = builder->workload;
  uint64_t *macs = &workload->layer[workload->layers - 1].useful_macs;
  if (mask->here) {
    *macs = *macs / (mask->queries * mask->keys) *
            cds_causal_pairs(mask->queries, mask->keys, mask->past);
  }
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
  const unsigned keys = size->passing ? 0 : size->cache;
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
  CDS_TRY(add_product(builder, &named, &scores, size, keys, precision));
  const uint64_t context = scores.rank[4].size;
  uint64_t words = 0;
  CDS_TRY(cds_tensor_words(&words, &scores, scores.tensors - 1));
  const cds_operation_size rows = {.rows = words / context, .length = context};
  const attention_mask mask = mask_of(size, &scores);
  set_useful(builder, &mask);
  if (names[3] != NULL) {
    named.name = names[3];
    CDS_TRY(add_rows(builder, &named, "softcap", &rows, &mask, precision));
  }
  named.name = names[1];
  CDS_TRY(add_rows(builder, &named, "softmax", &rows, &mask, precision));
  named.name = names[2];
  CDS_TRY(add_product(builder, &named, &values, size, keys == 0 ? 0 : keys + 1,
                      precision));
  set_useful(builder, &mask);
  return CDS_OK;
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
  if (keys.causal && keys.context < keys.query) {
    cds_diag_error(reader->diag, node->place,
                   "'context' is %llu and 'query' is %llu: with 'causal' each "
                   "query attends to itself, so that it has a key",
                   (unsigned long long)keys.context,
                   (unsigned long long)keys.query);
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
                                   .head_dim = cds_layer_size(keys.head_dim),
                                   .causal = keys.causal};
  return cds_attention_add(reading->builder, &reading->head, names, &size,
                           &reading->precision, &reading->pads);
}
