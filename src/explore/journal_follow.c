/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Records of other processes: journals that these write are read as they grow,
 * or lines come in another way. Nothing of them is changed. A line counts once
 * its newline is there and its checksum is right. One that is wrong is read
 * again for a while: network file systems may show a part of what was written
 * before the rest.
 *
 * A file is opened anew each time, because that is when such file systems ask
 * their servers what is new.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "explore/journal_lines.h"

enum {
  TAIL = CDS_JOURNAL_SUM,
  PATIENCE_S = 5 /* with a line that is wrong */
};

struct cds_journal_peer {
  struct cds_journal_peer *next;
  const char *path;
  ino_t file;     /* that `at` belongs to */
  off_t at;       /* where the next line begins */
  off_t wrong_at; /* where the first line begins that is wrong */
  double wrong_s; /* since when it has been; 0: none is */
};

cds_status cds_journal_follow(cds_journal *journal, const char *path) {
  struct cds_journal_peer *peer =
      (struct cds_journal_peer *)cds_arena_alloc(journal->arena, sizeof *peer);
  if (peer == NULL) {
    return CDS_ENOMEM;
  }
  *peer = (struct cds_journal_peer){.next = journal->peer, .path = path};
  journal->peer = peer;
  return CDS_OK;
}

void cds_journal_follow_end(cds_journal *journal) { journal->peer = NULL; }

static cds_status hear(cds_journal *journal, const char *line) {
  const size_t size = strlen(line);
  if (!cds_journal_is_record(line, size)) {
    return CDS_OK;
  }
  const size_t before = journal->records;
  const char *text = cds_arena_strndup(journal->arena, line, size - TAIL);
  if (text == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_journal_note(journal, text));
  journal->read += journal->records - before;
  return CDS_OK;
}

cds_status cds_journal_hear(cds_journal *journal, const char *line) {
  cds_lock_take(journal->lock);
  const cds_status status = hear(journal, line);
  cds_lock_give(journal->lock);
  return status;
}

/* Whether the first wrong line, which begins there, has been so for long enough
 * to be given up. Each has a time of its own. */
static bool give_up(const cds_journal *journal, struct cds_journal_peer *peer,
                    off_t at) {
  const double now = journal->clock();
  if (!(peer->wrong_s > 0) || peer->wrong_at != at) {
    peer->wrong_at = at;
    peer->wrong_s = now;
  }
  return now - peer->wrong_s >= PATIENCE_S;
}

/* Notes whole lines of `text`; how much of it need not be read again. */
static cds_status take_lines(size_t *taken, cds_journal *journal,
                             struct cds_journal_peer *peer, char *text,
                             size_t size) {
  size_t at = 0;
  bool waits = false; /* for a line before */
  const char *newline = NULL;
  while ((newline = (const char *)memchr(text + at, '\n', size - at)) != NULL) {
    const size_t length = (size_t)(newline - text) - at;
    if (cds_journal_is_record(text + at, length)) {
      const size_t before = journal->records;
      text[at + length - TAIL] = '\0';
      CDS_TRY(cds_journal_note(journal, text + at));
      journal->read += journal->records - before;
    } else {
      waits = waits || !give_up(journal, peer, peer->at + (off_t)at);
    }
    at += length + 1;
    *taken = waits ? *taken : at;
  }
  peer->wrong_s = waits ? peer->wrong_s : 0;
  return CDS_OK;
}

static cds_status read_rest(cds_journal *journal, struct cds_journal_peer *peer,
                            int file, size_t size) {
  const cds_arena_mark mark = cds_arena_mark_get(journal->arena);
  char *text = (char *)cds_arena_alloc(journal->arena, size);
  if (text == NULL) {
    return CDS_ENOMEM;
  }
  const ssize_t got = pread(file, text, size, peer->at);
  const size_t before = journal->records;
  size_t taken = 0;
  if (got > 0) { /* else at the next time */
    CDS_TRY(take_lines(&taken, journal, peer, text, (size_t)got));
  }
  peer->at += (off_t)taken;
  if (journal->records == before) {
    cds_arena_reset(journal->arena, mark);
  }
  return CDS_OK;
}

static cds_status read_peer(cds_journal *journal,
                            struct cds_journal_peer *peer) {
  struct stat facts;
  const int file = open(peer->path, O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return CDS_OK; /* it is not there yet, or not for us */
  }
  cds_status status = CDS_OK;
  if (fstat(file, &facts) == 0 && S_ISREG(facts.st_mode)) {
    if (facts.st_ino != peer->file || facts.st_size < peer->at) {
      peer->file = facts.st_ino; /* it was mended: records are noted once */
      peer->at = 0;
      peer->wrong_s = 0;
    }
    if (facts.st_size > peer->at) {
      status =
          read_rest(journal, peer, file, (size_t)(facts.st_size - peer->at));
    } else {
      peer->wrong_s = 0; /* whatever was wrong is gone */
    }
  }
  close(file);
  return status;
}

cds_status cds_journal_refresh(cds_journal *journal) {
  cds_status status = CDS_OK;
  cds_lock_take(journal->lock);
  for (struct cds_journal_peer *peer = journal->peer;
       peer != NULL && status == CDS_OK; peer = peer->next) {
    status = read_peer(journal, peer);
  }
  cds_lock_give(journal->lock);
  return status;
}
