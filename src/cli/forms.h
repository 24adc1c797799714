/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An answer in the form that the call asks for: text, JSON or CSV. */
#ifndef CDS_CLI_FORMS_H
#define CDS_CLI_FORMS_H

#include "cli/cli.h"
#include "cli/page.h"

/* How an answer is written; `answer` is what the caller hands on. */
typedef struct cds_forms {
  void (*text)(const cds_page *page, const void *answer);
  void (*json)(FILE *stream, const void *answer);
  void (*csv)(FILE *stream, const void *answer);
} cds_forms;

/* Writes it where the call wants it. `code`, or that of an output that cannot
 * be written. */
int cds_forms_write(cds_cli *cli, const cds_forms *forms, const void *answer,
                    int code);

#endif
