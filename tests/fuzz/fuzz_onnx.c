/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as an ONNX model: either a workload file that reads back, or
 * messages. Without protobuf-c in the build there are only messages.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "import/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the program when a promise of the importer is broken. */
static void promise(bool kept) {
  if (!kept) {
    abort();
  }
}

static void check(const uint8_t *data, size_t size, bool lax) {
  static const cds_import_dim dims[] = {{"batch", 2}};
  cds_arena *const arena = cds_arena_new();
  cds_diag *const diag = arena != NULL ? cds_diag_new(arena) : NULL;
  FILE *const sink = fopen("/dev/null", "w");
  const cds_importer *const importer = cds_importer_find("onnx");
  promise(diag != NULL && sink != NULL && importer != NULL);
  const cds_reader reader = {arena, diag, NULL, 0};
  const cds_import_options options = {.dims = lax ? 0 : 1,
                                      .dim = dims,
                                      .precision = lax ? "int8" : NULL,
                                      .allow_uncosted = lax,
                                      .copy = !lax};
  const cds_import_source file = {"fuzz.onnx", data, size};
  cds_import import;
  const cds_status status =
      importer->read(&import, &file, 1, &options, &reader);
  promise((status == CDS_OK) == (cds_diag_errors(diag) == 0));
  if (status == CDS_OK) {
    cds_workload workload;
    const cds_status read =
        cds_import_workload(&workload, &import, "fuzz.onnx", &reader);
    promise((read == CDS_OK) == (cds_diag_errors(diag) == 0));
  }
  cds_diag_write(diag, sink, CDS_DIAG_TEXT);
  cds_diag_write(diag, sink, CDS_DIAG_JSON);
  (void)fclose(sink);
  cds_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check(data, size, false);
  check(data, size, true);
  return 0;
}
