/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of a database of results, printed. */
#ifndef CDS_CLI_GRID_H
#define CDS_CLI_GRID_H

#include "cli/cli.h"
#include "store/table.h"

/* Columns by name that text leaves out, or shortens: digests. */
typedef struct cds_grid {
  const cds_table *table;
  const char *const *hidden; /* ends with NULL; of text */
  const char *empty;         /* what text says without rows */
} cds_grid;

/* Writes the table where the call wants it, in its form; exit code. */
int cds_grid_write(cds_cli *cli, const cds_grid *grid);

#endif
