/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Outputs of a call must not be written over its inputs, or over each other. */
#ifndef CDS_CLI_APART_H
#define CDS_CLI_APART_H

#include "cli/cli.h"

/* Notes the files of the call, and what --output and --certificate name; false
 * with a message, as for cds_apart_check. */
bool cds_apart_begin(cds_cli *cli);
/* Notes a file that is read ("-": standard input), or that will be written (it
 * is none); NULL: none. */
void cds_apart_input(cds_cli *cli, const char *path);
void cds_apart_output(cds_cli *cli, const char *path);
/* Notes <folder>/<name> as written. */
void cds_apart_output_in(cds_cli *cli, const char *folder, const char *name);
/* Whether no output that was noted is the same file as an input or another
 * output; else false with a message: the call is wrong. */
bool cds_apart_check(cds_cli *cli);

#endif
