/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Foreign descriptions out: a design, or a design, a layer and its mapping, as
 * the files of another tool.
 */
#ifndef CDS_EXPORT_EXPORTER_H
#define CDS_EXPORT_EXPORTER_H

#include "spec/mapping.h"
#include "spec/workload.h"

enum { CDS_EXPORT_DOCUMENTS_MAX = 8 };

typedef struct cds_export_document {
  const char *file; /* its name in a folder */
  const char *text; /* zero-terminated, in the reader's arena */
} cds_export_document;

typedef struct cds_export {
  size_t documents;
  cds_export_document document[CDS_EXPORT_DOCUMENTS_MAX];
} cds_export;

/* What is exported: an architecture, and for some a mapping of an einsum layer
 * that was validated. */
typedef struct cds_export_subject {
  const cds_arch *arch;
  const cds_layer *layer;     /* or NULL */
  const cds_mapping *mapping; /* or NULL */
  cds_place place;            /* of the mapping, for messages */
} cds_export_subject;

typedef struct cds_exporter {
  const char *name; /* as `codesign export NAME` has it */
  unsigned files;   /* 1: an architecture; 3: also a workload and a mapping */
  const char *help;
  /* CDS_EINPUT with messages where the tool cannot say it; what it leaves out
   * without harm is a warning. */
  cds_status (*write)(cds_export *out, const cds_export_subject *subject,
                      const cds_reader *reader);
} cds_exporter;

/* Rows of exporters.def, sorted by name. */
size_t cds_exporters(void);
const cds_exporter *cds_exporter_at(size_t index);
const cds_exporter *cds_exporter_find(const char *name); /* or NULL */

#define CDS_EXPORTER(name, files, help)                                        \
  cds_status cds_export_##name(cds_export *out,                                \
                               const cds_export_subject *subject,              \
                               const cds_reader *reader);
#include "export/exporters.def"
#undef CDS_EXPORTER

#endif
