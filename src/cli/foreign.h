/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Workloads that other tools wrote, by the importers of import/. */
#ifndef CDS_CLI_FOREIGN_H
#define CDS_CLI_FOREIGN_H

#include "cli/cli.h"
#include "import/import.h"

/* Imports files as --dim, --precision, --allow-uncosted and --copy-moves
 * say. CDS_EINPUT with a message; `wrong_call` (may be NULL) is set when an
 * option is at fault. */
cds_status cds_foreign_read(cds_import *out, bool *wrong_call, cds_cli *cli,
                            const cds_importer *importer,
                            const char *const *paths, size_t files);
/* Reads a workload file of any kind: imported when an importer has its
 * ending. */
cds_status cds_foreign_workload(cds_workload *out, bool *wrong_call,
                                cds_cli *cli, const char *path);

/* The options above that were given, "dim batch=8", for the provenance; none
 * when no importer has the ending of the file. */
size_t cds_foreign_options(const char *const **out, const cds_cli *cli,
                           const char *path);

#endif
