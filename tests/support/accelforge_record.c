/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/accelforge_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool accelforge_parse(accelforge_record *out, const char *line) {
  memset(out, 0, sizeof *out);
  if (sscanf(line, "operation %39s %39s %39s %lf %lf", out->arch, out->workload,
             out->operation, &out->a, &out->b) == 5) {
    strcpy(out->kind, "operation");
    return true;
  }
  if (sscanf(line, "total %39s %39s %lf %lf", out->arch, out->workload, &out->a,
             &out->b) == 4) {
    strcpy(out->kind, "total");
    return true;
  }
  if (sscanf(line, "bits %39s %39s %39s %39s %39s %lf %lf", out->arch,
             out->workload, out->operation, out->level, out->role, &out->a,
             &out->b) == 7) {
    strcpy(out->kind, "bits");
    return true;
  }
  if (line[0] != '#') {
    fprintf(stderr, "not a record: %s", line);
    exit(EXIT_FAILURE);
  }
  return false;
}
