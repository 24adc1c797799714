/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * claims: which questions are being answered just now, so that processes which
 * share a folder do not answer one twice. A claim is a lock of the operating
 * system on one byte of a file that stays empty: the byte's offset is a digest
 * of the question. The lock ends with the process, however that ends, so a
 * process that was killed leaves no claim behind.
 *
 * Claims save work, and no more: where the file system knows no locks, or where
 * two questions have the same offset, answers are the same.
 */
#ifndef CDS_EXPLORE_CLAIMS_H
#define CDS_EXPLORE_CLAIMS_H

#include "explore/journal.h"

typedef struct cds_claims cds_claims;

/* Opens the file, made where it is missing; a process opens it once. CDS_EIO
 * with a message, CDS_ENOMEM. */
cds_status cds_claims_open(cds_claims **out, const char *path, cds_diag *diag);
void cds_claims_close(cds_claims *claims); /* NULL is legal */
/* Claims a question, from any thread; one thread of a process asks for it at a
 * time. False: another process has it. */
bool cds_claims_take(const cds_claims *claims, const cds_journal_key *key);
void cds_claims_give(const cds_claims *claims, const cds_journal_key *key);

#endif
