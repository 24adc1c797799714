/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Foreign descriptions in. An importer turns a file of another tool into the
 * text of a workload file, which is then read as if the user had written it:
 * what `codesign import` prints and what a run takes are the same thing.
 */
#ifndef CDS_IMPORT_IMPORT_H
#define CDS_IMPORT_IMPORT_H

#include "spec/workload.h"

/* What a symbolic dimension ("batch") is. */
typedef struct cds_import_dim {
  const char *name;
  uint64_t size;
} cds_import_dim;

typedef struct cds_import_options {
  size_t dims;
  const cds_import_dim *dim;
  const char *precision; /* format of all floats instead of the file's; NULL */
  bool allow_uncosted;   /* operators without a cost are listed, not refused */
  bool copy;             /* what moves data costs a copy */
} cds_import_options;

/* What became of a node of the graph. */
typedef enum cds_import_fate {
  CDS_IMPORT_LAYER,    /* one layer or several */
  CDS_IMPORT_VIEW,     /* the same words in the same order */
  CDS_IMPORT_MOVE,     /* words in another order or place: not costed */
  CDS_IMPORT_CONSTANT, /* known before the network runs */
  CDS_IMPORT_FOLDED,   /* part of the weights of the layer before */
  CDS_IMPORT_UNCOSTED  /* no cost is known */
} cds_import_fate;
/* "layer", "view", "move", "constant", "folded", "uncosted". */
const char *cds_import_fate_name(cds_import_fate fate);

enum { CDS_IMPORT_RANK_MAX = 8 };

typedef struct cds_import_value {
  const char *name;
  bool known; /* its shape */
  unsigned rank;
  const uint64_t *dim;
} cds_import_value;

typedef struct cds_import_node {
  const char *name, *type; /* type: of the operator */
  cds_import_fate fate;
  size_t outputs;
  const cds_import_value *output;
} cds_import_node;

typedef struct cds_import {
  const char *text; /* the workload file; zero-terminated */
  size_t length;
  size_t nodes;
  const cds_import_node *node;
} cds_import;

typedef struct cds_importer {
  const char *name;   /* as `codesign import NAME` has it */
  const char *ending; /* of file names, with the dot */
  const char *help;
  bool available; /* in this build */
  cds_status (*read)(cds_import *out, const char *name, const uint8_t *bytes,
                     size_t length, const cds_import_options *options,
                     const cds_reader *reader);
} cds_importer;

/* Rows of importers.def, sorted by name. */
size_t cds_importers(void);
const cds_importer *cds_importer_at(size_t index);
const cds_importer *cds_importer_find(const char *name); /* or NULL */
/* The importer of files with this ending, or NULL. */
const cds_importer *cds_importer_of(const char *path);

/* Imports a file. Everything lives in the reader's arena. Says which packages
 * are missing when this build cannot. */
cds_status cds_import_file(cds_import *out, const cds_importer *importer,
                           const char *path, const cds_import_options *options,
                           const cds_reader *reader);
/* The workload that the imported text describes. Its places are the file. */
cds_status cds_import_workload(cds_workload *out, const cds_import *import,
                               const char *path, const cds_reader *reader);

#endif
