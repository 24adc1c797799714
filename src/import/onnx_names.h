/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table from texts to anything; nothing walks through it. */
#ifndef CDS_IMPORT_ONNX_NAMES_H
#define CDS_IMPORT_ONNX_NAMES_H

#include <stddef.h>

#include "base/arena.h"

typedef struct cds_onnx_name {
  const char *text; /* NULL: free */
  void *value;
} cds_onnx_name;

typedef struct cds_onnx_names {
  cds_arena *arena;
  size_t used, room;
  cds_onnx_name *name;
} cds_onnx_names;

/* What the text stands for; NULL: nothing. */
void *cds_onnx_names_find(const cds_onnx_names *names, const char *text);
/* The entry of the text, made if need be; NULL without memory. The text is not
 * copied; the entry may move when another is made. */
cds_onnx_name *cds_onnx_names_at(cds_onnx_names *names, const char *text);

#endif
