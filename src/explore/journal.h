/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * journal: answers that cost time, kept in a file as they are found, so that a
 * run that was killed goes on where it was.
 *
 * A record is a line of text: '#', a key, a payload, and at its end a checksum
 * of all of it. It is appended by one write, so that a process that is killed
 * leaves whole records, and at most the beginning of one. What a kill cannot
 * lose a power failure can: the file is forced to the disk once a second at
 * most, and when it is closed; records since then may be lost, or torn.
 *
 * A key is a digest of all that an answer depends on. Whoever asks the same
 * question finds the answer; records of other questions are never used.
 *
 * One process writes a journal: a lock that ends with the process is held
 * while it is open. Several processes share a folder by journals of their own
 * names.
 */
#ifndef CDS_EXPLORE_JOURNAL_H
#define CDS_EXPLORE_JOURNAL_H

#include "base/sha256.h"
#include "codesign/status.h"
#include "diag/diag.h"

typedef struct cds_journal cds_journal;

/* 128 bits in hexadecimal digits. */
enum { CDS_JOURNAL_KEY = 33 };
typedef struct cds_journal_key {
  char text[CDS_JOURNAL_KEY];
} cds_journal_key;

/* The key of what was hashed. */
void cds_journal_key_end(cds_journal_key *out, cds_sha256 *hash);

/* Opens the journal `path`, whose folder is there; the text lives as long as
 * the journal and the diagnostics. With `resume` its records
 * are read: what a kill has torn is cut off, what is damaged is moved to
 * "<path>.bad", each with a warning. Without, an old journal is renamed to
 * "<path>.old". CDS_EIO with a message that names file and reason: another
 * process writes here, or the file cannot be read or written. CDS_ENOMEM. */
cds_status cds_journal_open(cds_journal **out, const char *path, bool resume,
                            cds_diag *diag);
/* Writes out and frees; NULL is legal. CDS_EIO with a message. */
cds_status cds_journal_close(cds_journal *journal, cds_diag *diag);
/* As opening with `resume` and closing, for a journal of a process that has
 * ended. `*taken`: a process writes it, so nothing was done. */
cds_status cds_journal_mend_left(bool *taken, const char *path, cds_diag *diag);
/* The payload of a record, or NULL. It lives as long as the journal. */
const char *cds_journal_find(cds_journal *journal, const cds_journal_key *key);
/* Adds a record: printable characters, no '#'. CDS_EIO: the journal is then as
 * it was before, and cds_journal_failure says why; CDS_ENOMEM. */
cds_status cds_journal_append(cds_journal *journal, const cds_journal_key *key,
                              const char *payload);
/* Also reads, from now on, what another process appends to the journal `path`,
 * which lives as long; each own record is then forced to the disk at once, so
 * that others see it. CDS_ENOMEM. */
cds_status cds_journal_follow(cds_journal *journal, const char *path);
/* Reads what has been added to those; what cannot be read is left for the next
 * time. CDS_ENOMEM. */
cds_status cds_journal_refresh(cds_journal *journal);
/* From now on those are not read any more: news come in another way. */
void cds_journal_follow_end(cds_journal *journal);
/* Calls `tell` with each record that is added from now on, a line with its
 * checksum and without its newline, once it is in the file; one call at a time,
 * from any thread. It uses no journal. */
typedef void cds_journal_teller(void *payload, const char *line);
void cds_journal_tell(cds_journal *journal, cds_journal_teller *tell,
                      void *payload);
/* Makes a record of another process known, a line as above; what is none is
 * left out. CDS_ENOMEM. */
cds_status cds_journal_hear(cds_journal *journal, const char *line);
/* Adds the message of the first failure to write, if there was one. */
void cds_journal_failure(cds_journal *journal, cds_diag *diag);
/* Records that were read or followed, and those added since. */
size_t cds_journal_read(const cds_journal *journal);
size_t cds_journal_added(const cds_journal *journal);

/* Calls `visit` with the payload of each record of a file that stays as it is,
 * whoever writes it meanwhile; the text lives as long as the call. What is torn
 * or damaged is named in a warning and left out. The path lives as long as the
 * diagnostics. CDS_EIO with a message, CDS_ENOMEM, and what `visit` returns. */
typedef cds_status cds_journal_visit(const char *record, void *payload);
cds_status cds_journal_scan(const char *path, cds_journal_visit *visit,
                            void *payload, cds_diag *diag);

#endif
