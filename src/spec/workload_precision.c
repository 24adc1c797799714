/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Number formats of a layer or of a whole workload: `precision:`. */
#include "spec/workload_build.h"

static const cds_key precision_keys[] = {
    {.name = "weights",
     .kind = CDS_KEY_FORMAT,
     .offset = offsetof(cds_precision, weights),
     .required = true,
     .help = "Number format of stored parameters, such as int4 or '4 bit'. "
             "Units take both operands as they are stored, where they have a "
             "format that covers both: no conversion is counted."},
    {.name = "activations",
     .kind = CDS_KEY_FORMAT,
     .offset = offsetof(cds_precision, activations),
     .required = true,
     .help = "Number format of inputs and results of layers."},
    {.name = "kv",
     .kind = CDS_KEY_FORMAT,
     .offset = offsetof(cds_precision, kv),
     .help = "Number format of the KV cache; that of the activations if not "
             "given. Another one costs a model a 'convert' of each value that "
             "is appended, and none when the cache is read, as keys and values "
             "are multiplied as they are stored."},
    {.name = "accumulator",
     .kind = CDS_KEY_FORMAT,
     .offset = offsetof(cds_precision, accumulator),
     .help = "Number format of partial sums and of other operations; if not "
             "given, fp32 for float formats, int32 for integers, and the "
             "activations' width when that is unnamed ('8 bit')."},
    {0}};

const cds_schema cds_precision_schema = {
    .name = "precision",
    .help = "One number format for all words ('precision: fp16'), or one for "
            "each kind of word.",
    .keys = precision_keys};

/* Unnamed widths are written as a number: "8 bit". */
static bool is_unnamed(const cds_format *format) {
  return format->name == NULL ||
         (format->name[0] >= '0' && format->name[0] <= '9');
}

/* fp32 or int32 unless the words are wider already. */
static cds_status follow(cds_precision *precision) {
  const cds_format *words = &precision->activations;
  const bool is_float = words->is_float || precision->weights.is_float;
  if (is_unnamed(words) && !is_float) {
    precision->accumulator = *words;
    return CDS_OK;
  }
  const cds_format *wide = cds_format_find(is_float ? "fp32" : "int32");
  if (wide == NULL) {
    return CDS_EINTERNAL;
  }
  precision->accumulator = words->bits > wide->bits ? *words : *wide;
  return CDS_OK;
}

cds_status cds_precision_uniform(cds_precision *out, const cds_format *format) {
  cds_precision precision = {
      .weights = *format, .activations = *format, .kv = *format};
  CDS_TRY(follow(&precision));
  *out = precision;
  return CDS_OK;
}

cds_status cds_precision_read(cds_precision *out, const cds_yaml *node,
                              const cds_reader *reader) {
  if (node->kind != CDS_YAML_MAPPING) {
    cds_format format = {0};
    CDS_TRY(cds_schema_format(&format, node, "precision", reader));
    return cds_precision_uniform(out, &format);
  }
  cds_precision precision = {0};
  CDS_TRY(cds_schema_read(&precision, &cds_precision_schema, node, reader));
  if (precision.kv.bits == 0) {
    precision.kv = precision.activations;
  }
  if (precision.accumulator.bits == 0) {
    CDS_TRY(follow(&precision));
  }
  const cds_yaml *accumulator = cds_yaml_get(node, "accumulator");
  if (precision.accumulator.bits < precision.activations.bits &&
      accumulator != NULL) {
    cds_diag_error(reader->diag, accumulator->place,
                   "'accumulator' has %u bit and the results that it is "
                   "stored as have %u: expected at least as many",
                   precision.accumulator.bits, precision.activations.bits);
    return CDS_EINPUT;
  }
  *out = precision;
  return CDS_OK;
}
