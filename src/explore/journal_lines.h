/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of the journal: its lines, and what is known of an open one. */
#ifndef CDS_EXPLORE_JOURNAL_LINES_H
#define CDS_EXPLORE_JOURNAL_LINES_H

#include "base/arena.h"
#include "base/parallel.h"
#include "explore/journal.h"
#include "explore/writer.h"

/* Digits of the checksum, a part of SHA-256, and a zero. */
enum { CDS_JOURNAL_SUM = 17 };

struct cds_journal {
  cds_arena *arena;
  cds_lock *lock; /* for all below while threads run */
  const char *path;
  cds_writer writer;
  int file;
  size_t size; /* of the file: whole records */
  int error;   /* of the first failure; 0: none */
  double synced_s;
  double (*clock)(void); /* cds_journal_seconds; tests have others */
  size_t read, added;
  struct cds_journal_peer *peer; /* that are followed */
  cds_journal_teller *tell;      /* NULL: nobody is told */
  void *listener;
  /* Records by key, as lines without their checksums; the number of places is
   * a power of two. */
  size_t records, slots;
  const char **slot;
};

void cds_journal_sum(char out[CDS_JOURNAL_SUM], const char *text, size_t size);
/* Whether the text, without its newline, is a record with its checksum. */
bool cds_journal_is_record(const char *text, size_t size);
/* Of a clock that only grows. */
double cds_journal_seconds(void);
/* Notes a record so that it is found. CDS_ENOMEM. */
cds_status cds_journal_note(cds_journal *journal, const char *line);
/* Reads what is there, before the file is opened for writing. Only whole
 * records are in the file then, but for a tail beyond `journal->size`. CDS_EIO
 * with a message, CDS_ENOMEM. */
cds_status cds_journal_mend(cds_journal *journal, cds_diag *diag);

#endif
