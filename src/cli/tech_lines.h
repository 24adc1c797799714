/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers of `codesign tech`, each with its range and source: collected, then
 * written as text or JSON. */
#ifndef CDS_CLI_TECH_LINES_H
#define CDS_CLI_TECH_LINES_H

#include "cli/cli.h"
#include "cli/page.h"
#include "schema/schema.h"
#include "tech/tech.h"

typedef struct cds_tech_line {
  const char *name, *unit;
  double value, low, high; /* low, high: NaN where there is no interval */
  const char *source;
  bool projection; /* no publication was at hand */
} cds_tech_line;

enum { CDS_TECH_LINES_MAX = 64 };

typedef struct cds_tech_lines {
  cds_cli *cli;
  cds_page page;
  const char *title;
  size_t count;
  cds_tech_line line[CDS_TECH_LINES_MAX];
} cds_tech_lines;

/* The words of the call after the first, KEY=VALUE each, by a schema. */
cds_status cds_tech_read_words(void *out, cds_cli *cli,
                               const cds_schema *schema);

/* Adds a number that is not NaN, without a range; its line, or NULL: it is
 * NaN, or there is no room. */
cds_tech_line *cds_tech_lines_add(cds_tech_lines *it, const char *name,
                                  double value, const char *unit,
                                  const char *source);
/* A number with its range, `scale` of the unit each; false when there is none.
 */
bool cds_tech_lines_figure(cds_tech_lines *it, const char *name,
                           const cds_tech_figure *of, double scale,
                           const char *unit);

/* `codesign tech process NAME KEY=VALUE...`: tech_process.c. */
cds_status cds_tech_ask_process(cds_tech_lines *it);

void cds_tech_lines_text(const cds_tech_lines *it);
void cds_tech_lines_json(const cds_tech_lines *it);

#endif
