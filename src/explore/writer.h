/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * writer: one process writes to a place at a time. The lock is one of the
 * operating system on a small file; it ends with the process, however that
 * ends. The file says who holds it, and goes away with a process that ends as
 * it should; one that was killed leaves it behind, which does no harm.
 */
#ifndef CDS_EXPLORE_WRITER_H
#define CDS_EXPLORE_WRITER_H

#include "codesign/status.h"
#include "diag/diag.h"

typedef struct cds_writer {
  int file; /* -1: not locked */
  const char *path;
} cds_writer;

/* Takes the lock; `what` is named in the message, `path` lives as long as the
 * lock. CDS_EIO with a message: another process holds it for half a second, or
 * the file cannot be made. Where the file system knows no locks it is taken
 * with a warning. */
cds_status cds_writer_take(cds_writer *out, const char *path, const char *what,
                           cds_diag *diag);
/* Likewise, but once, and that another process holds it is no failure:
 * `*taken`. */
cds_status cds_writer_try(cds_writer *out, bool *taken, const char *path,
                          cds_diag *diag);
/* Whether another process holds the lock. */
bool cds_writer_taken(const char *path);
void cds_writer_give(cds_writer *writer);

#endif
