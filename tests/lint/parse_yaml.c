/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads YAML files as codesign does, for the lint of the blocks in pages:
 * exit 1 and the messages on stderr if one is not accepted. */
#include <stdio.h>

#include "base/arena.h"
#include "diag/diag.h"
#include "yaml/yaml.h"

int main(int argc, char **argv) {
  int status = 0;
  for (int file = 1; file < argc; ++file) {
    cds_arena *const arena = cds_arena_new();
    if (arena == NULL) {
      return 2;
    }
    cds_diag *const diag = cds_diag_new(arena);
    const cds_yaml *root = NULL;
    if (cds_yaml_read_file(&root, argv[file], arena, diag) != CDS_OK) {
      cds_diag_write(diag, stderr, CDS_DIAG_TEXT);
      status = 1;
    }
    cds_arena_free(arena);
  }
  return status;
}
