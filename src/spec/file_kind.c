/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "spec/file_kind.h"

#include <string.h>

static const char *article(const char *kind) {
  if (strcmp(kind, "constraints") == 0) {
    return "";
  }
  return kind[0] == 'a' ? "an " : "a ";
}

cds_status cds_file_kind_check(const cds_yaml *root, const char *wanted,
                               cds_diag *diag) {
  static const char *const kinds[] = {"architecture", "workload", "mapping",
                                      "mix", "constraints"};
  if (root->kind != CDS_YAML_MAPPING || cds_yaml_get(root, wanted) != NULL) {
    return CDS_OK;
  }
  for (unsigned kind = 0; kind < 5; kind++) {
    if (cds_yaml_get(root, kinds[kind]) != NULL) {
      cds_diag_error(
          diag, root->place, "the file describes %s%s: expected %s%s",
          article(kinds[kind]), kinds[kind], article(wanted), wanted);
      return CDS_EINPUT;
    }
  }
  return CDS_OK;
}
