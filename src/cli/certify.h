/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writing of certificates (--certificate). */
#ifndef CDS_CLI_CERTIFY_H
#define CDS_CLI_CERTIFY_H

#include "cli/inputs.h"
#include "export/certificate.h"

/* Whether the inputs can stand in a certificate: one workload file of our own.
 * Else CDS_EINPUT with a message. */
cds_status cds_certify_check(const cds_inputs *inputs, cds_cli *cli);
/* Writes the file that --certificate names, with the text of the inputs; exit
 * code. */
int cds_certify_write(cds_certificate *certificate, const cds_inputs *inputs,
                      cds_cli *cli);
/* Whether an exploration can have one: as above, and what is asked can be
 * checked. CDS_EINPUT with a message. */
cds_status cds_certify_explored_check(const cds_inputs *inputs,
                                      const cds_explore_options *options,
                                      cds_cli *cli);
/* Writes that of an exploration with a winner; exit code. */
int cds_certify_explored(const cds_report *report, cds_cli *cli);
/* The text of a file ("-": standard input); NULL: it cannot be read. */
const char *cds_certify_text(const char *path, cds_arena *arena);

#endif
