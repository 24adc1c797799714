/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Foreign descriptions in. An importer turns files of another tool into the
 * text of our own, which is then read as if the user had written it: what
 * `codesign import` writes and what a run takes are the same thing. A model is
 * one file and becomes a workload; a tool may also have several files, merged,
 * that become several documents.
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

/* What a document describes. */
typedef enum cds_import_kind {
  CDS_IMPORT_ARCHITECTURE,
  CDS_IMPORT_WORKLOAD,
  CDS_IMPORT_MAPPING,
  CDS_IMPORT_CONSTRAINTS
} cds_import_kind;
enum { CDS_IMPORT_KINDS = 4 };
/* "architecture", "workload", "mapping", "constraints": a file's root key, and
 * its name in a folder. */
const char *cds_import_kind_name(cds_import_kind kind);

typedef struct cds_import_document {
  const char *text; /* a file of ours, zero-terminated; NULL: there is none */
  size_t length;
} cds_import_document;

typedef struct cds_import {
  cds_import_document document[CDS_IMPORT_KINDS];
  size_t nodes; /* of a graph */
  const cds_import_node *node;
} cds_import;

/* One file of the other tool, whole. */
typedef struct cds_import_source {
  const char *name; /* as the user has it */
  const uint8_t *bytes;
  size_t length;
} cds_import_source;

typedef struct cds_importer {
  const char *name;   /* as `codesign import NAME` has it */
  const char *ending; /* of file names, with the dot; "": none of its own */
  const char *help;
  bool available; /* in this build */
  bool several;   /* takes several files, and gives several documents */
  /* At least one file; one where `several` is not set. */
  cds_status (*read)(cds_import *out, const cds_import_source *file,
                     size_t files, const cds_import_options *options,
                     const cds_reader *reader);
} cds_importer;

/* Rows of importers.def, sorted by name. */
size_t cds_importers(void);
const cds_importer *cds_importer_at(size_t index);
const cds_importer *cds_importer_find(const char *name); /* or NULL */
/* The importer of files with this ending, or NULL. */
const cds_importer *cds_importer_of(const char *path);

/* Imports files. Everything lives in the reader's arena. Says which packages
 * are missing when this build cannot. */
cds_status cds_import_files(cds_import *out, const cds_importer *importer,
                            const char *const *paths, size_t files,
                            const cds_import_options *options,
                            const cds_reader *reader);
cds_status cds_import_file(cds_import *out, const cds_importer *importer,
                           const char *path, const cds_import_options *options,
                           const cds_reader *reader);
/* The workload that the imported text describes. Its places are the file. */
cds_status cds_import_workload(cds_workload *out, const cds_import *import,
                               const char *path, const cds_reader *reader);

#endif
