/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of importers, reading of whole files, and what they hold. */
#include "import/import.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "import/onnx.h"
#include "import/timeloop.h"

/* A model with its weights inside may be large; protobuf stops at 2 GiB. */
static const uint64_t file_max = UINT64_C(1) << 31;

#define CDS_IMPORTER(name, ending, available, several, help)                   \
  {#name, ending, help, available, several, cds_import_##name},
static const cds_importer importers[] = {
#include "import/importers.def"
};
#undef CDS_IMPORTER

size_t cds_importers(void) { return sizeof importers / sizeof importers[0]; }

const cds_importer *cds_importer_at(size_t index) { return &importers[index]; }

const cds_importer *cds_importer_find(const char *name) {
  for (size_t i = 0; i < cds_importers(); i++) {
    if (strcmp(importers[i].name, name) == 0) {
      return &importers[i];
    }
  }
  return NULL;
}

const cds_importer *cds_importer_of(const char *path) {
  const size_t length = strlen(path);
  for (size_t i = 0; i < cds_importers(); i++) {
    const size_t ending = strlen(importers[i].ending);
    if (ending > 0 && length > ending &&
        strcmp(path + length - ending, importers[i].ending) == 0) {
      return &importers[i];
    }
  }
  return NULL;
}

const char *cds_import_fate_name(cds_import_fate fate) {
  static const char *const names[] = {"layer",    "view",   "move",
                                      "constant", "folded", "uncosted"};
  return names[fate];
}

const char *cds_import_kind_name(cds_import_kind kind) {
  static const char *const names[] = {"architecture", "workload", "mapping",
                                      "constraints"};
  return names[kind];
}

static cds_status unreadable(const cds_reader *reader, const char *path,
                             const char *reason) {
  cds_diag_error(reader->diag, (cds_place){.file = path},
                 "cannot read: %s: expected a readable file", reason);
  return CDS_EINPUT;
}

/* The whole file, in memory of its own. */
static cds_status read_bytes(uint8_t **out, size_t *length, const char *path,
                             const cds_reader *reader) {
  struct stat about;
  if (stat(path, &about) != 0) {
    return unreadable(reader, path, strerror(errno));
  }
  if (!S_ISREG(about.st_mode)) {
    return unreadable(reader, path, "it is no regular file");
  }
  if ((uint64_t)about.st_size > file_max) {
    return unreadable(reader, path, "it has more than 2 GiB");
  }
  const size_t size = (size_t)about.st_size;
  uint8_t *bytes = cds_malloc(size + 1);
  if (bytes == NULL) {
    return CDS_ENOMEM;
  }
  FILE *file = fopen(path, "rb");
  const size_t got = file == NULL ? 0 : fread(bytes, 1, size, file);
  const bool good = file != NULL && !ferror(file);
  const int error = errno;
  if (file != NULL) {
    (void)fclose(file);
  }
  if (!good) {
    cds_free(bytes);
    return unreadable(reader, path, strerror(error));
  }
  *out = bytes;
  *length = got;
  return CDS_OK;
}

cds_status cds_import_files(cds_import *out, const cds_importer *importer,
                            const char *const *paths, size_t files,
                            const cds_import_options *options,
                            const cds_reader *reader) {
  cds_import_source *source =
      cds_arena_array(reader->arena, files, sizeof *source);
  uint8_t **bytes = cds_arena_array(reader->arena, files, sizeof *bytes);
  cds_status status = source == NULL || bytes == NULL ? CDS_ENOMEM : CDS_OK;
  for (size_t i = 0; status == CDS_OK && i < files; i++) {
    source[i].name = cds_arena_strdup(reader->arena, paths[i]);
    status = source[i].name == NULL ? CDS_ENOMEM
                                    : read_bytes(&bytes[i], &source[i].length,
                                                 source[i].name, reader);
    source[i].bytes = bytes[i];
  }
  if (status == CDS_OK) {
    status = importer->read(out, source, files, options, reader);
  }
  for (size_t i = 0; bytes != NULL && i < files; i++) {
    cds_free(bytes[i]);
  }
  return status;
}

cds_status cds_import_file(cds_import *out, const cds_importer *importer,
                           const char *path, const cds_import_options *options,
                           const cds_reader *reader) {
  return cds_import_files(out, importer, &path, 1, options, reader);
}

cds_status cds_import_workload(cds_workload *out, const cds_import *import,
                               const char *path, const cds_reader *reader) {
  const char *name = cds_arena_printf(reader->arena, "%s (imported)", path);
  if (name == NULL) {
    return CDS_ENOMEM;
  }
  const cds_yaml *root = NULL;
  cds_workload workload;
  const cds_import_document *document = &import->document[CDS_IMPORT_WORKLOAD];
  CDS_TRY(cds_yaml_read_text(&root, name, document->text, document->length,
                             reader->arena, reader->diag));
  CDS_TRY(cds_workload_read_tree(&workload, root, path, reader));
  const char *file = cds_arena_strdup(reader->arena, path);
  if (file == NULL) {
    return CDS_ENOMEM;
  }
  workload.place = (cds_place){.file = file};
  for (size_t i = 0; i < workload.layers; i++) {
    workload.layer[i].place = workload.place;
  }
  *out = workload;
  return CDS_OK;
}
