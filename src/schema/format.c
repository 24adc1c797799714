/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Number formats by name. `bits` is what a value occupies in memory: tf32
 * computes with 19 bits and is stored in 32 (NVIDIA A100 architecture white
 * paper, 2020).
 */
#include <string.h>

#include "schema/internal.h"

static const cds_format formats[] = {
    {"bf16", 16, true},   {"fp16", 16, true}, {"fp32", 32, true},
    {"fp64", 64, true},   {"fp8", 8, true},   {"int1", 1, false},
    {"int16", 16, false}, {"int2", 2, false}, {"int32", 32, false},
    {"int4", 4, false},   {"int8", 8, false}, {"tf32", 32, true},
};
enum { FORMATS = sizeof formats / sizeof *formats, WIDTH_MAX = 1024 };

const cds_format *cds_format_find(const char *name) {
  for (size_t i = 0; i < FORMATS; i++) {
    if (strcmp(formats[i].name, name) == 0) {
      return &formats[i];
    }
  }
  return NULL;
}

/* An unnamed width: "8 bit". */
static cds_status read_width(cds_format *out, const cds_subject *subject,
                             const cds_reader *reader) {
  cds_variable_value value;
  CDS_TRY(cds_read_number(&value, subject, CDS_DIM_BITS, reader));
  if (value.number < 1 || value.number > WIDTH_MAX) {
    return cds_refuse(subject, "a value has 1 to 1024 bits", reader);
  }
  const unsigned bits = (unsigned)value.number;
  const char *const name = cds_arena_printf(reader->arena, "%u bit", bits);
  if (name == NULL) {
    return CDS_ENOMEM;
  }
  *out = (cds_format){.name = name, .bits = bits};
  return CDS_OK;
}

cds_status cds_schema_format(cds_format *out, const cds_yaml *node,
                             const char *what, const cds_reader *reader) {
  const cds_subject subject = {
      node, what, "a number format, such as 'int8', 'fp16' or '8 bit'"};
  CDS_TRY(cds_require_scalar(&subject, reader));
  const char *text = node->text;
  cds_evaluation evaluation = {.problem = NULL};
  if (text[0] == '$') {
    const cds_status status = cds_evaluate(&evaluation, text, reader);
    if (status == CDS_ENOMEM) {
      return status;
    }
    text = evaluation.value.text != NULL ? evaluation.value.text : text;
  }
  const cds_format *const found = cds_format_find(text);
  if (found != NULL) {
    *out = *found;
    return CDS_OK;
  }
  if (!cds_is_name(text)) {
    return read_width(out, &subject, reader);
  }
  const char *names[FORMATS];
  for (size_t i = 0; i < FORMATS; i++) {
    names[i] = formats[i].name;
  }
  const cds_status status = cds_refuse(&subject, NULL, reader);
  cds_diag_suggest(reader->diag, text, names, FORMATS);
  return status;
}
