/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads `layers:`, the layers that a user writes one by one. */
#include "spec/workload_layers.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"

enum { LAYERS_WRITTEN_MAX = 4096 };

static const uint64_t size_max = UINT64_C(1) << 40;

cds_status cds_layer_note(cds_layer_reading *reading, cds_status status) {
  reading->wrong = reading->wrong || status == CDS_EINPUT;
  return status == CDS_EINPUT ? CDS_OK : status;
}

cds_status cds_layer_form(cds_layer_reading *reading, void *out,
                          const cds_schema *schema, const cds_yaml *node) {
  return cds_layer_note(
      reading, cds_schema_read(out, schema, node, reading->builder->reader));
}

uint64_t cds_layer_size(uint64_t size) { return size == 0 ? 1 : size; }

uint64_t cds_layer_batch(const cds_layer_reading *reading, uint64_t batch) {
  return cds_layer_size(batch != 0 ? batch : reading->builder->batch);
}

/* Whether the node is a mapping; says so if not. */
static bool is_mapping(const cds_yaml *node, const char *what,
                       const char *example, const cds_reader *reader) {
  if (node->kind == CDS_YAML_MAPPING) {
    return true;
  }
  cds_diag_error(reader->diag, node->place,
                 "'%s' is no mapping: expected one such as %s", what, example);
  return false;
}

static cds_status read_pads(cds_layer_reading *reading) {
  const cds_yaml *node = reading->keys.pad;
  const cds_reader *reader = reading->builder->reader;
  if (node == NULL) {
    return CDS_OK;
  }
  if (!is_mapping(node, "pad", "{m: 128}", reader)) {
    return CDS_EINPUT;
  }
  cds_pad *pad = cds_arena_array(reader->arena, node->count + 1, sizeof *pad);
  if (pad == NULL) {
    return CDS_ENOMEM;
  }
  cds_status status = CDS_OK;
  for (size_t i = 0; i < node->count; i++) {
    pad[i].name = node->keys[i]->text;
    pad[i].place = node->keys[i]->place;
    pad[i].multiple = 1;
    const cds_status one = cds_schema_count(&pad[i].multiple, 1, size_max,
                                            node->items[i], "pad", reader);
    status = one != CDS_OK ? one : status;
  }
  reading->pads.pad = pad;
  reading->pads.count = node->count;
  return status;
}

/* Every rank named in `pad:` must be one of the layer's. */
static cds_status check_pads(const cds_layer_reading *reading) {
  cds_status status = CDS_OK;
  for (size_t i = 0; i < reading->pads.count; i++) {
    if (!reading->pads.pad[i].used) {
      cds_diag_error(reading->builder->reader->diag, reading->pads.pad[i].place,
                     "'pad' of '%s': expected a rank of layer '%s'",
                     reading->pads.pad[i].name, reading->head.name);
      status = CDS_EINPUT;
    }
  }
  return status;
}

static cds_status unknown_name(const cds_reader *reader, const cds_yaml *key,
                               const char *what, const char *const *known,
                               size_t count) {
  cds_diag_error(reader->diag, key->place,
                 "unknown %s '%s': expected one of the einsum's", what,
                 key->text);
  cds_diag_suggest(reader->diag, key->text, known, count);
  return CDS_EINPUT;
}

static cds_status unknown_rank(const cds_reader *reader, const cds_yaml *key,
                               const cds_einsum *einsum) {
  const char *known[CDS_RANKS_MAX];
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    known[rank] = einsum->rank[rank].name;
  }
  return unknown_name(reader, key, "rank", known, einsum->ranks);
}

static cds_status unknown_tensor(const cds_reader *reader, const cds_yaml *key,
                                 const cds_einsum *einsum) {
  const char *known[CDS_TENSORS_MAX];
  for (unsigned tensor = 0; tensor < einsum->tensors; tensor++) {
    known[tensor] = einsum->tensor[tensor].name;
  }
  return unknown_name(reader, key, "tensor", known, einsum->tensors);
}

/* Gives each rank of a quoted einsum its size. */
static cds_status read_ranks(cds_einsum *einsum, cds_layer_reading *reading) {
  const cds_reader *reader = reading->builder->reader;
  const cds_yaml *ranks = reading->keys.ranks;
  if (ranks == NULL) {
    cds_diag_error(reader->diag, reading->keys.einsum->place,
                   "'einsum' without 'ranks': expected the size of each rank, "
                   "such as {m: 128, k: 64}");
    return CDS_EINPUT;
  }
  if (!is_mapping(ranks, "ranks", "{m: 128, k: 64}", reader)) {
    return CDS_EINPUT;
  }
  cds_status status = CDS_OK;
  for (size_t i = 0; i < ranks->count; i++) {
    const unsigned rank = cds_einsum_rank(einsum, ranks->keys[i]->text);
    uint64_t size = 0;
    cds_status one = CDS_OK;
    if (rank == UINT_MAX) {
      one = unknown_rank(reader, ranks->keys[i], einsum);
    } else {
      const char *what =
          cds_arena_printf(reader->arena, "rank %s", einsum->rank[rank].name);
      one = what == NULL ? CDS_ENOMEM
                         : cds_schema_count(&size, 1, size_max, ranks->items[i],
                                            what, reader);
      if (one == CDS_OK) {
        one = cds_einsum_size(einsum, rank, size, &reading->pads);
      }
    }
    status = one != CDS_OK ? one : status;
  }
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    if (cds_yaml_get(ranks, einsum->rank[rank].name) == NULL) {
      cds_diag_error(reader->diag, ranks->place,
                     "rank '%s' of the einsum has no size: expected it in "
                     "'ranks'",
                     einsum->rank[rank].name);
      status = CDS_EINPUT;
    }
  }
  return status;
}

/* The sizes beside an einsum that could not be read. */
static cds_status check_sizes(cds_layer_reading *reading) {
  const cds_yaml *ranks = reading->keys.ranks;
  uint64_t size = 0;
  cds_status status = CDS_EINPUT;
  for (size_t i = 0; ranks != NULL && ranks->kind == CDS_YAML_MAPPING &&
                     i < ranks->count && status == CDS_EINPUT;
       i++) {
    const cds_status one = cds_schema_count(&size, 1, size_max, ranks->items[i],
                                            "ranks", reading->builder->reader);
    status = one == CDS_OK ? status : one;
  }
  return status;
}

/* Sizes that were not read are 1. */
static void fill_sizes(cds_einsum *einsum) {
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    cds_rank *which = &einsum->rank[rank];
    which->size = cds_layer_size(which->size);
    which->real = cds_layer_size(which->real);
  }
}

static cds_status read_quoted(cds_einsum *out, cds_layer_reading *reading) {
  const cds_yaml *node = reading->keys.einsum;
  const cds_reader *reader = reading->builder->reader;
  if (node->kind != CDS_YAML_SCALAR) {
    cds_diag_error(reader->diag, node->place,
                   "'einsum' is no text: expected one such as \"O[m,n] += "
                   "A[m,k] * B[k,n]\"");
    return CDS_EINPUT;
  }
  cds_place place = node->place;
  place.column += node->quoted && strchr(node->text, '\n') == NULL ? 1 : 0;
  if (!node->verbatim && strchr(node->text, '\n') == NULL) {
    place.column = 0; /* folded from several lines: only the first is known */
  }
  const cds_status parsed =
      cds_einsum_parse(out, node->text, place, reader->arena, reader->diag);
  if (parsed != CDS_OK) {
    return parsed == CDS_EINPUT ? check_sizes(reading) : parsed;
  }
  CDS_TRY(cds_layer_note(reading, read_ranks(out, reading)));
  fill_sizes(out);
  return CDS_OK;
}

static cds_status read_matmul(cds_einsum *out, cds_layer_reading *reading) {
  cds_matmul_keys keys = {0};
  CDS_TRY(
      cds_layer_form(reading, &keys, &cds_matmul_schema, reading->keys.matmul));
  const cds_yaml *node = reading->keys.matmul;
  if (node->kind == CDS_YAML_MAPPING && cds_yaml_get(node, "m") == NULL &&
      reading->builder->batch == 0) {
    cds_diag_error(reading->builder->reader->diag, node->place,
                   "missing key 'm' in matmul: expected the rows of the "
                   "result, or 'batch' of the workload");
    reading->wrong = true;
  }
  const uint64_t sizes[] = {cds_layer_batch(reading, keys.m),
                            cds_layer_size(keys.n), cds_layer_size(keys.k)};
  return cds_builder_parse(out, reading->builder, "Y[m,n] += X[m,k] * W[k,n]",
                           sizes, &reading->pads);
}

static cds_status read_batched(cds_einsum *out, cds_layer_reading *reading) {
  cds_matmul_keys keys = {0};
  CDS_TRY(cds_layer_form(reading, &keys, &cds_batched_matmul_schema,
                         reading->keys.batched_matmul));
  const uint64_t sizes[] = {cds_layer_size(keys.b), cds_layer_size(keys.m),
                            cds_layer_size(keys.n), cds_layer_size(keys.k)};
  return cds_builder_parse(out, reading->builder,
                           "Y[b,m,n] += X[b,m,k] * W[b,k,n]", sizes,
                           &reading->pads);
}

static cds_status read_role(cds_einsum *einsum, const cds_yaml *key,
                            const cds_yaml *value, const cds_reader *reader) {
  static const char *const words[] = {"input", "weight", "kv", "activation"};
  static const cds_role roles[] = {CDS_INPUT, CDS_WEIGHT, CDS_WEIGHT,
                                   CDS_WEIGHT};
  static const cds_content contents[] = {CDS_ACTIVATIONS, CDS_PARAMETERS,
                                         CDS_KV_CACHE, CDS_ACTIVATIONS};
  const unsigned tensor = cds_einsum_tensor(einsum, key->text);
  if (tensor == UINT_MAX) {
    return unknown_tensor(reader, key, einsum);
  }
  if (tensor == einsum->tensors - 1) {
    cds_diag_error(reader->diag, key->place,
                   "'roles' of the output '%s': expected operands only",
                   key->text);
    return CDS_EINPUT;
  }
  for (unsigned i = 0; value->kind == CDS_YAML_SCALAR && i < 4; i++) {
    if (strcmp(value->text, words[i]) == 0) {
      einsum->tensor[tensor].role = roles[i];
      einsum->tensor[tensor].content = contents[i];
      return CDS_OK;
    }
  }
  const char *text = value->kind == CDS_YAML_SCALAR ? value->text : "";
  cds_diag_error(reader->diag, value->place,
                 "role of '%s' is '%.60s': expected input, weight, kv or "
                 "activation",
                 key->text, text);
  (void)cds_diag_did_you_mean(reader->diag, text, words,
                              sizeof words / sizeof *words);
  return CDS_EINPUT;
}

static cds_status read_roles(cds_einsum *einsum,
                             const cds_layer_reading *reading) {
  const cds_yaml *node = reading->keys.roles;
  const cds_reader *reader = reading->builder->reader;
  if (node == NULL) {
    return CDS_OK;
  }
  if (!is_mapping(node, "roles", "{A: weight}", reader)) {
    return CDS_EINPUT;
  }
  cds_status status = CDS_OK;
  for (size_t i = 0; i < node->count; i++) {
    const cds_status one =
        read_role(einsum, node->keys[i], node->items[i], reader);
    status = one != CDS_OK ? one : status;
  }
  return status;
}

/* Partial sums become results: they have no fewer bits. */
static cds_status check_accumulator(const cds_tensor *output,
                                    const cds_yaml *node,
                                    const cds_reader *reader) {
  if (output->accumulator.bits >= output->format.bits) {
    return CDS_OK;
  }
  cds_diag_error(reader->diag, node->place,
                 "format of output '%s' has %u bit and its accumulator %u: "
                 "expected an 'accumulator' of at least as many in "
                 "'precision'",
                 output->name, output->format.bits, output->accumulator.bits);
  return CDS_EINPUT;
}

static cds_status read_formats(cds_einsum *einsum,
                               const cds_layer_reading *reading) {
  const cds_yaml *node = reading->keys.formats;
  const cds_reader *reader = reading->builder->reader;
  if (node == NULL) {
    return CDS_OK;
  }
  if (!is_mapping(node, "formats", "{A: int4}", reader)) {
    return CDS_EINPUT;
  }
  cds_status status = CDS_OK;
  for (size_t i = 0; i < node->count; i++) {
    const cds_yaml *key = node->keys[i];
    const unsigned tensor = cds_einsum_tensor(einsum, key->text);
    cds_status one = CDS_OK;
    if (tensor == UINT_MAX) {
      one = unknown_tensor(reader, key, einsum);
    } else {
      cds_tensor *which = &einsum->tensor[tensor];
      one =
          cds_schema_format(&which->format, node->items[i], key->text, reader);
      if (which->role != CDS_OUTPUT) {
        which->accumulator = which->format;
      } else if (one == CDS_OK) {
        one = check_accumulator(which, node->items[i], reader);
      }
    }
    status = one != CDS_OK ? one : status;
  }
  return status;
}

static cds_status read_intermediates(cds_einsum *einsum,
                                     const cds_layer_reading *reading) {
  const cds_yaml *node = reading->keys.intermediate;
  const cds_reader *reader = reading->builder->reader;
  if (node == NULL) {
    return CDS_OK;
  }
  if (node->kind != CDS_YAML_SEQUENCE) {
    cds_diag_error(reader->diag, node->place,
                   "'intermediate' is no list: expected tensors, such as [%s]",
                   einsum->tensor[einsum->tensors - 1].name);
    return CDS_EINPUT;
  }
  cds_status status = CDS_OK;
  for (size_t i = 0; i < node->count; i++) {
    const cds_yaml *name = node->items[i];
    if (name->kind != CDS_YAML_SCALAR) {
      cds_diag_error(reader->diag, name->place,
                     "'intermediate' has more than names: expected tensors, "
                     "such as [%s]",
                     einsum->tensor[einsum->tensors - 1].name);
      return CDS_EINPUT;
    }
    const unsigned tensor = cds_einsum_tensor(einsum, name->text);
    if (tensor == UINT_MAX) {
      status = unknown_tensor(reader, name, einsum);
    } else {
      einsum->tensor[tensor].intermediate = true;
    }
  }
  return status;
}

static cds_status read_einsum_form(cds_layer_reading *reading) {
  cds_einsum einsum = {0};
  const cds_layer_keys *keys = &reading->keys;
  if (keys->einsum != NULL) {
    CDS_TRY(read_quoted(&einsum, reading));
  } else if (keys->matmul != NULL) {
    CDS_TRY(read_matmul(&einsum, reading));
  } else if (keys->batched_matmul != NULL) {
    CDS_TRY(read_batched(&einsum, reading));
  } else {
    CDS_TRY(cds_conv2d_read(&einsum, reading));
  }
  CDS_TRY(cds_layer_note(reading, read_roles(&einsum, reading)));
  cds_einsum_formats(&einsum, &reading->precision);
  CDS_TRY(cds_layer_note(reading, read_formats(&einsum, reading)));
  CDS_TRY(cds_layer_note(reading, read_intermediates(&einsum, reading)));
  bool *handed = &einsum.tensor[einsum.tensors - 1].intermediate;
  const bool on = *handed;
  *handed = on || keys->then != NULL;
  CDS_TRY(cds_builder_einsum(reading->builder, &reading->head, &einsum));
  if (keys->then != NULL) {
    CDS_TRY(cds_then_read(reading, &einsum));
    if (on && !reading->wrong) {
      cds_builder_hand_on(reading->builder);
    }
  }
  return CDS_OK;
}

/* Whether the key stands there, right or wrong. */
static bool is_given(const cds_layer_reading *reading, const char *key) {
  return cds_yaml_get(reading->node, key) != NULL;
}

/* Where the key stands; the layer when it does not. */
static cds_place key_place(const cds_layer_reading *reading, const char *key) {
  for (size_t i = 0; i < reading->node->count; i++) {
    if (strcmp(reading->node->keys[i]->text, key) == 0) {
      return reading->node->keys[i]->place;
    }
  }
  return reading->node->place;
}

/* Keys that an operation needs and has not, or has and does not use. */
static cds_status check_operation(const cds_layer_reading *reading,
                                  const cds_operation_kind *kind) {
  const cds_layer_keys *keys = &reading->keys;
  bool head = false;
  for (unsigned i = 0; i < CDS_OPERANDS_MAX; i++) {
    head = head || kind->input[i].shape == CDS_SHAPE_HEAD;
  }
  const struct {
    const char *name;
    bool wanted;
  } rules[] = {{"rows", true},
               {"length", true},
               {"head_dim", head},
               {"table", kind->gather},
               {"to", strcmp(kind->name, "convert") == 0}};
  cds_status status = CDS_OK;
  for (unsigned i = 0; i < sizeof rules / sizeof rules[0]; i++) {
    if (is_given(reading, rules[i].name) == rules[i].wanted) {
      continue;
    }
    cds_diag_error(
        reading->builder->reader->diag, key_place(reading, rules[i].name),
        "key '%s' of operation '%s': expected it to be %s", rules[i].name,
        kind->name, rules[i].wanted ? "given" : "left out");
    status = CDS_EINPUT;
  }
  if (keys->head_dim != 0 && keys->length != 0 && status == CDS_OK &&
      (keys->head_dim % 2 != 0 || keys->length % keys->head_dim != 0)) {
    cds_diag_error(reading->builder->reader->diag,
                   key_place(reading, "head_dim"),
                   "'head_dim' of operation '%s': expected an even number that "
                   "divides 'length'",
                   kind->name);
    status = CDS_EINPUT;
  }
  return status;
}

cds_status cds_operation_unknown(const cds_reader *reader, const char *name,
                                 cds_place place) {
  const char *known[64];
  size_t count = 0;
  for (; count < cds_operation_kinds() && count < 64; count++) {
    known[count] = cds_operation_kind_at(count)->name;
  }
  cds_diag_error(reader->diag, place,
                 "unknown operation '%s': expected one whose cost is known",
                 name);
  cds_diag_suggest(reader->diag, name, known, count);
  return CDS_EINPUT;
}

static cds_status read_operation(cds_layer_reading *reading) {
  const cds_layer_keys *keys = &reading->keys;
  const cds_reader *reader = reading->builder->reader;
  const cds_operation_kind *kind = cds_operation_kind_find(keys->operation);
  if (kind == NULL) {
    const cds_yaml *node = cds_yaml_get(reading->node, "operation");
    return cds_operation_unknown(reader, keys->operation,
                                 node != NULL ? node->place
                                              : reading->head.place);
  }
  CDS_TRY(cds_layer_note(reading, check_operation(reading, kind)));
  const cds_operation_size size = {
      cds_layer_size(keys->rows), cds_layer_size(keys->length), keys->head_dim};
  cds_operation operation = {0};
  const cds_status status =
      cds_operation_make(&operation, kind, &size, &reading->precision);
  if (status == CDS_ELIMIT) {
    return cds_builder_too_large(reading->builder, reading->head.place,
                                 reading->head.name);
  }
  CDS_TRY(status);
  if (keys->to.bits != 0) {
    operation.output.format = keys->to;
  }
  return cds_builder_operation(reading->builder, &reading->head, &operation,
                               keys->table);
}

/* The first key that belongs to another form; the layer if it is not among
 * those that are told apart here. */
static cds_place foreign_place(const cds_layer_reading *reading) {
  static const struct {
    const char *key, *form;
  } owners[] = {{"ranks", "einsum"},     {"rows", "operation"},
                {"length", "operation"}, {"head_dim", "operation"},
                {"table", "operation"},  {"to", "operation"}};
  for (size_t i = 0; i < sizeof owners / sizeof *owners; i++) {
    if (is_given(reading, owners[i].key) &&
        !is_given(reading, owners[i].form)) {
      return key_place(reading, owners[i].key);
    }
  }
  return reading->node->place;
}

/* Exactly one form, and no key that belongs to another. */
static cds_status check_form(const cds_layer_reading *reading) {
  static const char *const forms[] = {"einsum",   "matmul", "batched_matmul",
                                      "conv2d",   "pool2d", "attention",
                                      "operation"};
  static const char *const operation_keys[] = {"rows", "length", "head_dim",
                                               "table", "to"};
  cds_diag *diag = reading->builder->reader->diag;
  unsigned count = 0;
  for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) {
    count += is_given(reading, forms[i]);
  }
  if (count == 0 && cds_schema_has_slip(reading->node, &cds_layer_schema, forms,
                                        sizeof forms / sizeof *forms)) {
    return CDS_EINPUT; /* it was reported */
  }
  if (count != 1) {
    cds_diag_error(diag, reading->node->place,
                   "layer '%s' has %s form: expected exactly one of 'einsum', "
                   "'matmul', 'batched_matmul', 'conv2d', 'pool2d', "
                   "'attention' and 'operation'",
                   reading->head.name, count == 0 ? "no" : "more than one");
    return CDS_EINPUT;
  }
  const bool operation = is_given(reading, "operation");
  const bool pool = is_given(reading, "pool2d");
  const bool einsum = !operation && !pool && !is_given(reading, "attention");
  bool wrong =
      (is_given(reading, "ranks") && !is_given(reading, "einsum")) ||
      ((is_given(reading, "roles") || is_given(reading, "formats") ||
        is_given(reading, "intermediate")) &&
       !einsum) ||
      (is_given(reading, "then") && (!einsum || is_given(reading, "einsum"))) ||
      (is_given(reading, "pad") && (operation || pool));
  for (unsigned i = 0; i < sizeof operation_keys / sizeof *operation_keys;
       i++) {
    wrong = wrong || (!operation && is_given(reading, operation_keys[i]));
  }
  if (wrong) {
    cds_diag_error(diag, foreign_place(reading),
                   "layer '%s' has keys of another form: expected 'ranks' with "
                   "'einsum' only, 'roles', 'formats' and 'intermediate' with "
                   "einsums only, "
                   "'pad' not with 'operation' and 'pool2d', 'then' with "
                   "'conv2d', 'matmul' and 'batched_matmul' only, 'rows', "
                   "'length', 'head_dim', 'table' and 'to' with 'operation' "
                   "only",
                   reading->head.name);
    return CDS_EINPUT;
  }
  return CDS_OK;
}

static cds_status read_form(cds_layer_reading *reading) {
  const cds_layer_keys *keys = &reading->keys;
  CDS_TRY(cds_layer_note(reading, check_form(reading)));
  CDS_TRY(cds_layer_note(reading, read_pads(reading)));
  if (keys->operation != NULL) {
    return read_operation(reading);
  }
  if (keys->pool2d != NULL) {
    return cds_pool2d_read(reading);
  }
  if (keys->attention != NULL) {
    CDS_TRY(cds_attention_read(reading));
  } else if (keys->einsum != NULL || keys->matmul != NULL ||
             keys->batched_matmul != NULL || keys->conv2d != NULL) {
    CDS_TRY(read_einsum_form(reading));
  } else {
    return CDS_EINPUT;
  }
  return check_pads(reading);
}

/* `precision:` of the layer, or of the workload. `precision` is NULL when the
 * workload has none. */
static cds_status find_precision(cds_layer_reading *reading,
                                 const cds_precision *precision) {
  const cds_reader *reader = reading->builder->reader;
  const cds_format *any = cds_format_find("fp32");
  if (any == NULL) {
    return CDS_EINTERNAL;
  }
  CDS_TRY(cds_precision_uniform(&reading->precision, any));
  if (reading->keys.precision != NULL) {
    return cds_precision_read(&reading->precision, reading->keys.precision,
                              reader);
  }
  if (precision != NULL) {
    reading->precision = *precision;
    return CDS_OK;
  }
  cds_diag_error(reader->diag, reading->node->place,
                 "layer '%s' has no 'precision', nor has the workload: "
                 "expected one, such as 'precision: int8'",
                 reading->head.name);
  return CDS_EINPUT;
}

/* Stands for a layer that could not be read, for the check of names. */
static cds_status add_placeholder(cds_layer_reading *reading) {
  const cds_operation_size size = {.rows = 1, .length = 1};
  cds_operation operation = {0};
  CDS_TRY(cds_operation_make(&operation, cds_operation_kind_find("add"), &size,
                             &reading->precision));
  return cds_builder_operation(reading->builder, &reading->head, &operation, 0);
}

static cds_status read_head(cds_layer_reading *reading, size_t number) {
  const cds_layer_keys *keys = &reading->keys;
  cds_builder *builder = reading->builder;
  reading->head.name = keys->name;
  reading->head.place = reading->node->place;
  if (reading->head.name == NULL) {
    reading->head.name =
        cds_arena_printf(builder->reader->arena, "layer-%zu", number);
  }
  if (reading->head.name == NULL) {
    return CDS_ENOMEM;
  }
  reading->head.copies = cds_layer_size(keys->count);
  reading->head.steps = cds_layer_size(keys->steps);
  if (!cds_mul_u64(&reading->head.count, reading->head.copies,
                   cds_layer_size(keys->steps))) {
    reading->head.count = 1;
    return cds_builder_too_large(builder, reading->node->place,
                                 reading->head.name);
  }
  return CDS_OK;
}

static cds_status read_layer(cds_builder *builder, const cds_yaml *node,
                             size_t number, const cds_precision *precision) {
  cds_layer_reading reading = {.builder = builder, .node = node};
  const size_t layers = builder->workload->layers;
  CDS_TRY(
      cds_layer_note(&reading, cds_schema_read(&reading.keys, &cds_layer_schema,
                                               node, builder->reader)));
  if (node->kind != CDS_YAML_MAPPING) {
    return CDS_EINPUT;
  }
  CDS_TRY(cds_layer_note(&reading, read_head(&reading, number)));
  CDS_TRY(cds_layer_note(&reading, find_precision(&reading, precision)));
  cds_status status = read_form(&reading);
  if (status == CDS_ELIMIT) {
    status = cds_builder_too_large(builder, node->place, reading.head.name);
  }
  CDS_TRY(cds_layer_note(&reading, status));
  if (builder->workload->layers == layers && reading.wrong) {
    CDS_TRY(add_placeholder(&reading));
  }
  return reading.wrong ? CDS_EINPUT : CDS_OK;
}

/* Mapping files name layers: a name stands once. */
static cds_status check_names(const cds_builder *builder) {
  const cds_workload *workload = builder->workload;
  cds_status status = CDS_OK;
  for (size_t a = 1; a < workload->layers; a++) {
    for (size_t b = 0; b < a; b++) {
      if (strcmp(workload->layer[a].name, workload->layer[b].name) == 0) {
        cds_diag_error(builder->reader->diag, workload->layer[a].place,
                       "two layers are named '%s': expected each name once",
                       workload->layer[a].name);
        cds_diag_note(builder->reader->diag, workload->layer[b].place,
                      "first given here");
        status = CDS_EINPUT;
        break;
      }
    }
  }
  return status;
}

cds_status cds_layers_read(cds_builder *builder, const cds_yaml *layers,
                           const cds_precision *precision) {
  const cds_reader *reader = builder->reader;
  if (layers->kind != CDS_YAML_SEQUENCE || layers->count == 0 ||
      layers->count > LAYERS_WRITTEN_MAX) {
    cds_diag_error(reader->diag, layers->place,
                   "'layers' is no list of layers: expected 1 to %d of them",
                   LAYERS_WRITTEN_MAX);
    return CDS_EINPUT;
  }
  cds_written_layer *written = (cds_written_layer *)cds_arena_array(
      reader->arena, layers->count, sizeof *written);
  if (written == NULL) {
    return CDS_ENOMEM;
  }
  cds_status status = CDS_OK;
  for (size_t i = 0; i < layers->count; i++) {
    written[i] = (cds_written_layer){.node = layers->items[i],
                                     .first = builder->workload->layers};
    const cds_status one =
        read_layer(builder, layers->items[i], i + 1, precision);
    if (one != CDS_OK && one != CDS_EINPUT) {
      return one;
    }
    written[i].last = builder->workload->layers - 1;
    status = one != CDS_OK ? one : status;
  }
  const cds_status names = check_names(builder);
  status = status == CDS_OK ? names : status;
  if (status == CDS_OK) {
    cds_values_link(builder);
  }
  return status == CDS_OK ? cds_handed_check(builder->workload, written,
                                             layers->count, reader)
                          : status;
}
