/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Appending, and finding by key; journal_read.c reads. See journal.h. */
#include "explore/journal_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS_FIRST = 64 };

static const cds_place nowhere = {NULL, 0, 0};

void cds_journal_key_end(cds_journal_key *out, cds_sha256 *hash) {
  char text[CDS_SHA256_TEXT];
  cds_sha256_end(hash, text);
  memcpy(out->text, text, sizeof out->text - 1);
  out->text[sizeof out->text - 1] = '\0';
}

/* ---- finding ------------------------------------------------------------- */

/* The digits of a key are as good as random. */
static size_t slot_of(const char *key, size_t slots) {
  size_t hash = 0;
  for (size_t i = 0; i < 2 * sizeof hash; i++) {
    const char c = key[i];
    hash = hash << 4 | (size_t)(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return hash & (slots - 1); /* a power of two */
}

/* Where the record of the key is, or would be. */
static const char **place_of(const char **slot, size_t slots, const char *key) {
  size_t at = slot_of(key, slots);
  while (slot[at] != NULL &&
         memcmp(slot[at] + 1, key, CDS_JOURNAL_KEY - 1) != 0) {
    at = (at + 1) & (slots - 1);
  }
  return &slot[at];
}

static cds_status grow(cds_journal *journal) {
  const size_t slots =
      journal->slots == 0 ? (size_t)SLOTS_FIRST : 2 * journal->slots;
  const char **slot =
      (const char **)cds_arena_array(journal->arena, slots, sizeof *slot);
  if (slot == NULL) {
    return CDS_ENOMEM;
  }
  memset(slot, 0, slots * sizeof *slot);
  for (size_t i = 0; i < journal->slots; i++) {
    if (journal->slot[i] != NULL) {
      *place_of(slot, slots, journal->slot[i] + 1) = journal->slot[i];
    }
  }
  journal->slot = slot;
  journal->slots = slots;
  return CDS_OK;
}

cds_status cds_journal_note(cds_journal *journal, const char *line) {
  if (2 * (journal->records + 1) > journal->slots) {
    CDS_TRY(grow(journal));
  }
  const char **place = place_of(journal->slot, journal->slots, line + 1);
  if (*place == NULL) {
    *place = line;
    journal->records++;
  }
  return CDS_OK;
}

const char *cds_journal_find(cds_journal *journal, const cds_journal_key *key) {
  cds_lock_take(journal->lock);
  const char *line = journal->slots == 0
                         ? NULL
                         : *place_of(journal->slot, journal->slots, key->text);
  cds_lock_give(journal->lock);
  return line == NULL ? NULL : line + 1 + CDS_JOURNAL_KEY;
}

/* ---- appending ----------------------------------------------------------- */

/* Appends the line, whole or not at all; what went wrong else. A write takes
 * less than all where the disk is full: the next says why. */
static int write_line(const cds_journal *journal, const char *line,
                      size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t one = write(journal->file, line + done, size - done);
    if (one > 0) {
      done += (size_t)one;
      continue;
    }
    if (one < 0 && errno == EINTR) {
      continue;
    }
    const int error = one == 0 || errno == 0 ? EIO : errno;
    const int cut = ftruncate(journal->file, (off_t)journal->size);
    (void)cut; /* else the next reader does */
    return error;
  }
  return 0;
}

double cds_journal_seconds(void) {
  struct timespec now;
  if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
    return 0;
  }
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Once a second at most, by whoever adds a record then; or always, where other
 * processes wait for it. */
static bool is_due(cds_journal *journal) {
  const double now = journal->clock();
  const bool due = journal->peer != NULL || now - journal->synced_s >= 1;
  journal->synced_s = due ? now : journal->synced_s;
  return due;
}

static cds_status append(cds_journal *journal, const cds_journal_key *key,
                         const char *payload, bool *due) {
  if (journal->error != 0) {
    return CDS_EIO;
  }
  const cds_arena_mark mark = cds_arena_mark_get(journal->arena);
  const char *body =
      cds_arena_printf(journal->arena, "#%s %s", key->text, payload);
  char sum[CDS_JOURNAL_SUM];
  if (body == NULL) {
    return CDS_ENOMEM;
  }
  cds_journal_sum(sum, body, strlen(body));
  cds_arena_reset(journal->arena, mark);
  char *line =
      cds_arena_printf(journal->arena, "#%s %s %s\n", key->text, payload, sum);
  if (line == NULL) {
    return CDS_ENOMEM;
  }
  const size_t size = strlen(line);
  journal->error = write_line(journal, line, size);
  if (journal->error != 0) {
    return CDS_EIO;
  }
  if (journal->tell != NULL) {
    line[size - 1] = '\0'; /* before the newline */
    journal->tell(journal->listener, line);
  }
  line[size - 1 - CDS_JOURNAL_SUM] = '\0'; /* before the checksum */
  journal->size += size;
  journal->added++;
  *due = is_due(journal);
  return cds_journal_note(journal, line);
}

cds_status cds_journal_append(cds_journal *journal, const cds_journal_key *key,
                              const char *payload) {
  bool due = false;
  cds_lock_take(journal->lock);
  const cds_status status = append(journal, key, payload, &due);
  cds_lock_give(journal->lock);
  if (due && fdatasync(journal->file) != 0) {
    const int error = errno;
    cds_lock_take(journal->lock);
    journal->error = error;
    cds_lock_give(journal->lock);
    return CDS_EIO;
  }
  return status;
}

void cds_journal_tell(cds_journal *journal, cds_journal_teller *tell,
                      void *payload) {
  journal->tell = tell;
  journal->listener = payload;
}

void cds_journal_failure(cds_journal *journal, cds_diag *diag) {
  if (journal->error != 0) {
    cds_diag_error(diag, nowhere, "cannot write '%s': %s", journal->path,
                   strerror(journal->error));
  }
}

size_t cds_journal_read(const cds_journal *journal) { return journal->read; }

size_t cds_journal_added(const cds_journal *journal) { return journal->added; }

/* ---- opening and closing -------------------------------------------------
 */

static cds_status say(const char *what, const char *path, cds_diag *diag) {
  cds_diag_error(diag, nowhere, "cannot %s '%s': %s", what, path,
                 strerror(errno));
  return CDS_EIO;
}

/* Sets an old journal aside; an empty one is no loss. */
static cds_status set_aside(const cds_journal *journal, cds_diag *diag) {
  struct stat facts;
  if (stat(journal->path, &facts) != 0 || facts.st_size == 0) {
    return CDS_OK;
  }
  const char *old = cds_arena_printf(journal->arena, "%s.old", journal->path);
  if (old == NULL) {
    return CDS_ENOMEM;
  }
  return rename(journal->path, old) == 0 ? CDS_OK : say("write", old, diag);
}

static cds_status open_file(cds_journal *journal, bool resume, cds_diag *diag) {
  CDS_TRY(resume ? cds_journal_mend(journal, diag) : set_aside(journal, diag));
  journal->file =
      open(journal->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (journal->file < 0) {
    return say("write", journal->path, diag);
  }
  /* A tail that was torn is cut off here. */
  if (resume && ftruncate(journal->file, (off_t)journal->size) != 0) {
    return say("write", journal->path, diag);
  }
  return CDS_OK;
}

static void release(cds_journal *journal) {
  if (journal->file >= 0) {
    close(journal->file);
  }
  cds_writer_give(&journal->writer);
  cds_lock_free(journal->lock);
  cds_arena_free(journal->arena);
}

/* `taken`: NULL, or whether another process writes there is no failure: then
 * there is no journal. */
static cds_status open_journal(cds_journal **out, const char *path, bool resume,
                               bool *taken, cds_diag *diag) {
  cds_arena *arena = cds_arena_new();
  cds_journal *journal =
      arena == NULL ? NULL
                    : (cds_journal *)cds_arena_alloc(arena, sizeof *journal);
  *out = NULL;
  if (journal == NULL) {
    cds_arena_free(arena);
    return CDS_ENOMEM;
  }
  *journal = (cds_journal){.arena = arena,
                           .file = -1,
                           .writer = {.file = -1},
                           .clock = cds_journal_seconds};
  journal->lock = cds_lock_new();
  journal->path = path;
  const char *lock = cds_arena_printf(arena, "%s.lock", path);
  cds_status status = CDS_ENOMEM;
  if (journal->lock != NULL && lock != NULL) {
    status = taken == NULL
                 ? cds_writer_take(&journal->writer, lock, path, diag)
                 : cds_writer_try(&journal->writer, taken, lock, diag);
  }
  const bool held = taken != NULL && *taken;
  if (status == CDS_OK && !held) {
    status = open_file(journal, resume, diag);
  }
  if (status != CDS_OK || held) {
    release(journal);
    return status;
  }
  journal->synced_s = journal->clock();
  *out = journal;
  return CDS_OK;
}

cds_status cds_journal_open(cds_journal **out, const char *path, bool resume,
                            cds_diag *diag) {
  return open_journal(out, path, resume, NULL, diag);
}

cds_status cds_journal_close(cds_journal *journal, cds_diag *diag) {
  cds_status status = CDS_OK;
  if (journal == NULL) {
    return CDS_OK;
  }
  if (journal->added > 0 && journal->error == 0 &&
      fdatasync(journal->file) != 0) {
    status = say("write", journal->path, diag);
  }
  release(journal);
  return status;
}

cds_status cds_journal_mend_left(bool *taken, const char *path,
                                 cds_diag *diag) {
  cds_journal *journal = NULL;
  *taken = false;
  CDS_TRY(open_journal(&journal, path, true, taken, diag));
  return cds_journal_close(journal, diag);
}
