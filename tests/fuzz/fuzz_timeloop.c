/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as Timeloop's input: either files of ours that read back, or
 * messages. A line of four dashes parts the bytes into several files.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/import.h"
#include "price/timeloop.h"
#include "spec/constraints.h"

enum { FILES_MAX = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the program when a promise of the importer is broken. */
static void promise(bool kept) {
  if (!kept) {
    abort();
  }
}

/* The files in the bytes; how many. */
static size_t part(cds_import_source file[FILES_MAX], const uint8_t *data,
                   size_t size) {
  static const char mark[] = "\n----\n";
  size_t files = 0;
  size_t start = 0;
  for (size_t at = 0; files + 1 < FILES_MAX && at + 6 <= size; at++) {
    if (memcmp(data + at, mark, 6) == 0) {
      file[files++] =
          (cds_import_source){"part.yaml", data + start, at + 1 - start};
      start = at + 6;
    }
  }
  file[files++] = (cds_import_source){"last.yaml", data + start, size - start};
  return files;
}

static cds_status read_document(const cds_yaml **out, const cds_import *import,
                                cds_import_kind kind,
                                const cds_reader *reader) {
  const cds_import_document *document = &import->document[kind];
  return cds_yaml_read_text(out, cds_import_kind_name(kind), document->text,
                            document->length, reader->arena, reader->diag);
}

/* Constraints suit the architecture and the workload beside them. */
static void read_constraints(const cds_import *import, cds_arch *arch,
                             const cds_reader *reader) {
  const cds_yaml *root = NULL;
  cds_workload workload = {0};
  if (import->document[CDS_IMPORT_CONSTRAINTS].text == NULL ||
      cds_import_workload(&workload, import, "fuzz", reader) != CDS_OK ||
      read_document(&root, import, CDS_IMPORT_ARCHITECTURE, reader) != CDS_OK ||
      cds_arch_read(arch, root, reader, false) != CDS_OK) {
    return;
  }
  promise(read_document(&root, import, CDS_IMPORT_CONSTRAINTS, reader) ==
          CDS_OK);
  promise(cds_constraints_read_file(arch, root, reader) == CDS_OK);
  promise(cds_constraints_check(arch, &workload, reader->diag) == CDS_OK);
}

/* What is written is well formed, whatever numbers stand in it; where all of
 * it is there and fits, it can be counted. */
static void read_back(const cds_import *import, const cds_reader *reader) {
  const cds_yaml *root = NULL;
  cds_workload workload = {0};
  cds_arch *arch = cds_arena_alloc(reader->arena, sizeof *arch);
  cds_mapping *mapping = cds_arena_alloc(reader->arena, sizeof *mapping);
  cds_timeloop_counts *counts = cds_arena_alloc(reader->arena, sizeof *counts);
  promise(arch != NULL && mapping != NULL && counts != NULL);
  for (unsigned kind = 0; kind < CDS_IMPORT_KINDS; kind++) {
    if (import->document[kind].text != NULL) {
      promise(read_document(&root, import, (cds_import_kind)kind, reader) ==
              CDS_OK);
    }
  }
  read_constraints(import, arch, reader);
  if (import->document[CDS_IMPORT_MAPPING].text == NULL ||
      cds_import_workload(&workload, import, "fuzz", reader) != CDS_OK ||
      read_document(&root, import, CDS_IMPORT_ARCHITECTURE, reader) != CDS_OK ||
      cds_arch_read(arch, root, reader, false) != CDS_OK) {
    return;
  }
  cds_mapping_entry *entry = NULL;
  size_t entries = 0;
  promise(read_document(&root, import, CDS_IMPORT_MAPPING, reader) == CDS_OK);
  const cds_einsum *einsum = &workload.layer[0].einsum;
  if (cds_mapping_file_read_tree(&entry, &entries, root, reader) == CDS_OK &&
      cds_mapping_read(mapping, entry->nest, arch, einsum, reader) == CDS_OK) {
    const cds_status counted = cds_timeloop_count(counts, arch, einsum, mapping,
                                                  (cds_place){0}, reader);
    promise(counted == CDS_OK || counted == CDS_ELIMIT);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  cds_arena *const arena = cds_arena_new();
  cds_diag *const diag = arena != NULL ? cds_diag_new(arena) : NULL;
  FILE *const sink = fopen("/dev/null", "w");
  const cds_importer *const importer = cds_importer_find("timeloop");
  promise(diag != NULL && sink != NULL && importer != NULL);
  const cds_reader reader = {arena, diag, NULL, 0};
  const cds_import_options options = {0};
  cds_import_source file[FILES_MAX];
  cds_import import;
  const size_t files = part(file, data, size);
  const cds_status status =
      importer->read(&import, file, files, &options, &reader);
  promise((status == CDS_OK) == (cds_diag_errors(diag) == 0));
  if (status == CDS_OK) {
    read_back(&import, &reader);
  }
  cds_diag_write(diag, sink, CDS_DIAG_TEXT);
  cds_diag_write(diag, sink, CDS_DIAG_JSON);
  (void)fclose(sink);
  cds_arena_free(arena);
  return 0;
}
