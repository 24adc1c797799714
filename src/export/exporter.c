/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of exporters. */
#include "export/exporter.h"

#include <string.h>

#define CDS_EXPORTER(name, files, help)                                        \
  {#name, (files), help, cds_export_##name},
static const cds_exporter exporters[] = {
#include "export/exporters.def"
};
#undef CDS_EXPORTER

size_t cds_exporters(void) { return sizeof exporters / sizeof exporters[0]; }

const cds_exporter *cds_exporter_at(size_t index) { return &exporters[index]; }

const cds_exporter *cds_exporter_find(const char *name) {
  for (size_t i = 0; i < cds_exporters(); i++) {
    if (strcmp(exporters[i].name, name) == 0) {
      return &exporters[i];
    }
  }
  return NULL;
}
