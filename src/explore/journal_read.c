/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading a journal. A line whose checksum is wrong is damaged; when it is its
 * newline that is, two records stand in one line: so what begins with a '#'
 * inside of a line, where no record has one, is looked at too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "explore/journal_lines.h"

/* A mark, a key and a blank; a blank and a checksum. */
enum { HEAD = 1 + CDS_JOURNAL_KEY, TAIL = CDS_JOURNAL_SUM };

typedef struct piece {
  size_t at, end; /* without the newline */
} piece;

/* What was found in the text. */
typedef struct finding {
  cds_journal *journal;
  cds_diag *diag;
  char *text;
  size_t size;
  size_t room, pieces;
  piece *good;
  size_t bad_room, bad_pieces;
  piece *bad;
  bool mended; /* a newline was missing */
  bool kept;   /* the file stays as it is */
  size_t torn; /* bytes at the end */
  unsigned line, told;
  size_t damaged; /* lines that hold such */
} finding;

enum { DAMAGED_TOLD = 10 }; /* lines by name; of the others the number */

void cds_journal_sum(char out[CDS_JOURNAL_SUM], const char *text, size_t size) {
  cds_sha256 hash;
  char all[CDS_SHA256_TEXT];
  cds_sha256_begin(&hash);
  cds_sha256_add(&hash, text, size);
  cds_sha256_end(&hash, all);
  memcpy(out, all, CDS_JOURNAL_SUM - 1);
  out[CDS_JOURNAL_SUM - 1] = '\0';
}

static bool is_key(const char *text) {
  for (unsigned i = 0; i < CDS_JOURNAL_KEY - 1; i++) {
    const char c = text[i];
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
      return false;
    }
  }
  return text[CDS_JOURNAL_KEY - 1] == ' ';
}

bool cds_journal_is_record(const char *text, size_t size) {
  char sum[CDS_JOURNAL_SUM];
  if (size < HEAD + TAIL || text[0] != '#' || !is_key(text + 1)) {
    return false;
  }
  cds_journal_sum(sum, text, size - TAIL);
  return text[size - TAIL] == ' ' &&
         memcmp(text + size - TAIL + 1, sum, TAIL - 1) == 0;
}

static bool is_whole(const finding *it, size_t at, size_t end) {
  return cds_journal_is_record(it->text + at, end > at ? end - at : 0);
}

static cds_status add(finding *it, size_t at, size_t end) {
  it->good = (piece *)cds_arena_more(it->journal->arena, it->good, it->pieces,
                                     &it->room, sizeof *it->good);
  if (it->good == NULL) {
    return CDS_ENOMEM;
  }
  it->good[it->pieces++] = (piece){at, end};
  return CDS_OK;
}

static cds_status reject(finding *it, size_t at, size_t end) {
  it->bad = (piece *)cds_arena_more(it->journal->arena, it->bad, it->bad_pieces,
                                    &it->bad_room, sizeof *it->bad);
  if (it->bad == NULL) {
    return CDS_ENOMEM;
  }
  it->bad[it->bad_pieces++] = (piece){at, end};
  it->damaged += it->told != it->line;
  if (it->told != it->line && it->damaged <= DAMAGED_TOLD) {
    const cds_place place = {it->journal->path, it->line, 1};
    if (it->kept) {
      cds_diag_warning(it->diag, place,
                       "this record is damaged: it is left out");
    } else {
      cds_diag_warning(it->diag, place,
                       "this record is damaged: it was moved to '%s.bad', and "
                       "what it held is solved again",
                       it->journal->path);
    }
  }
  it->told = it->line;
  return CDS_OK;
}

/* The rest of the text, which no newline ends. */
static cds_status take_tail(finding *it, size_t at) {
  it->mended = true;
  if (is_whole(it, at, it->size)) {
    return add(it, at, it->size);
  }
  if (is_whole(it, at, it->size - 1)) {
    return add(it, at, it->size - 1);
  }
  it->mended = false;
  it->torn = it->size - at;
  return CDS_OK;
}

/* One record, or what is none, from `*at` on; moves it behind. */
static cds_status take_piece(finding *it, size_t *at) {
  const char *text = it->text;
  const char *newline = (const char *)memchr(text + *at, '\n', it->size - *at);
  const size_t end = newline != NULL ? (size_t)(newline - text) : it->size;
  const size_t first = *at;
  if (newline != NULL && is_whole(it, first, end)) {
    *at = end + 1;
    it->line++;
    return add(it, first, end);
  }
  const char *mark =
      end > first + 1
          ? (const char *)memchr(text + first + 1, '#', end - first - 1)
          : NULL;
  if (mark != NULL) { /* a record whose newline is damaged, or worse */
    *at = (size_t)(mark - text);
    if (is_whole(it, first, *at - 1)) {
      it->mended = true;
      return add(it, first, *at - 1);
    }
    return reject(it, first, *at);
  }
  if (newline == NULL) {
    *at = it->size;
    return take_tail(it, first);
  }
  *at = end + 1;
  const cds_status status = reject(it, first, end);
  it->line++;
  return status;
}

/* ---- files --------------------------------------------------------------- */

static cds_status complain(const finding *it, const char *what,
                           const char *path, int error) {
  cds_diag_error(it->diag, (cds_place){NULL, 0, 0}, "cannot %s '%s': %s", what,
                 path, strerror(error));
  return CDS_EIO;
}

static cds_status read_all(finding *it, int file) {
  struct stat facts;
  if (fstat(file, &facts) != 0) {
    return complain(it, "read", it->journal->path, errno);
  }
  if (!S_ISREG(facts.st_mode)) {
    cds_diag_error(it->diag, (cds_place){NULL, 0, 0}, "'%s' is no regular file",
                   it->journal->path);
    return CDS_EIO;
  }
  const size_t size = (size_t)facts.st_size;
  it->text = (char *)cds_arena_alloc(it->journal->arena, size + 1);
  if (it->text == NULL) {
    return CDS_ENOMEM;
  }
  while (it->size < size) {
    const ssize_t one = read(file, it->text + it->size, size - it->size);
    if (one < 0 && errno != EINTR) {
      return complain(it, "read", it->journal->path, errno);
    }
    if (one == 0) {
      break;
    }
    it->size += one > 0 ? (size_t)one : 0;
  }
  return CDS_OK;
}

/* Writes pieces, each as a line, to a file that is forced to the disk. */
static cds_status write_pieces(const finding *it, const char *path,
                               const char *how, const piece *list,
                               size_t count) {
  FILE *stream = fopen(path, how);
  if (stream == NULL) {
    return complain(it, "write", path, errno);
  }
  bool good = true;
  for (size_t i = 0; i < count && good; i++) {
    const size_t size = list[i].end - list[i].at;
    good = fwrite(it->text + list[i].at, 1, size, stream) == size &&
           fputc('\n', stream) != EOF;
  }
  good = good && fflush(stream) == 0 && fsync(fileno(stream)) == 0;
  const int error = errno;
  if (fclose(stream) != 0 || !good) {
    return complain(it, "write", path, good ? errno : error);
  }
  return CDS_OK;
}

/* First what is damaged is safe elsewhere, then the journal is without it. */
static cds_status write_anew(const finding *it) {
  const cds_journal *journal = it->journal;
  const char *bad = cds_arena_printf(journal->arena, "%s.bad", journal->path);
  const char *anew = cds_arena_printf(journal->arena, "%s.new", journal->path);
  if (bad == NULL || anew == NULL) {
    return CDS_ENOMEM;
  }
  if (it->bad_pieces > 0) {
    CDS_TRY(write_pieces(it, bad, "a", it->bad, it->bad_pieces));
  }
  const cds_status status = write_pieces(it, anew, "w", it->good, it->pieces);
  if (status != CDS_OK) {
    unlink(anew);
    return status;
  }
  if (rename(anew, journal->path) != 0) {
    const int error = errno;
    unlink(anew);
    return complain(it, "write", journal->path, error);
  }
  return CDS_OK;
}

/* Ends each record's text before its checksum, and makes it known. */
static cds_status note_all(finding *it) {
  for (size_t i = 0; i < it->pieces; i++) {
    const piece *one = &it->good[i];
    it->text[one->end - TAIL] = '\0';
    it->journal->size += one->end - one->at + 1;
    CDS_TRY(cds_journal_note(it->journal, it->text + one->at));
  }
  it->journal->read = it->journal->records;
  return CDS_OK;
}

static cds_status take_pieces(finding *it) {
  for (size_t at = 0; at < it->size;) {
    CDS_TRY(take_piece(it, &at));
  }
  if (it->damaged > DAMAGED_TOLD) {
    cds_diag_warning(it->diag, (cds_place){it->journal->path, 0, 0},
                     "%zu more lines are damaged", it->damaged - DAMAGED_TOLD);
  }
  if (it->torn > 0) {
    cds_diag_warning(it->diag, (cds_place){it->journal->path, it->line, 1},
                     "the last record was cut short by a kill: %s",
                     it->kept ? "it is left out"
                              : "what it held is solved again");
  }
  return CDS_OK;
}

static cds_status mend(finding *it) {
  CDS_TRY(take_pieces(it));
  if (it->bad_pieces > 0 || it->mended) {
    CDS_TRY(write_anew(it));
  }
  return note_all(it);
}

/* Takes the text; without a file there is none. */
static cds_status read_file(finding *it) {
  const char *path = it->journal->path;
  const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    return errno == ENOENT ? CDS_OK : complain(it, "read", path, errno);
  }
  const cds_status status = read_all(it, file);
  close(file);
  return status;
}

cds_status cds_journal_mend(cds_journal *journal, cds_diag *diag) {
  finding it = {.journal = journal, .diag = diag, .line = 1};
  CDS_TRY(read_file(&it));
  return mend(&it);
}

static cds_status visit_all(finding *it, cds_journal_visit *visit,
                            void *payload) {
  CDS_TRY(read_file(it));
  CDS_TRY(take_pieces(it));
  for (size_t i = 0; i < it->pieces; i++) {
    const piece *one = &it->good[i];
    it->text[one->end - TAIL] = '\0';
    CDS_TRY(visit(it->text + one->at + HEAD, payload));
  }
  return CDS_OK;
}

cds_status cds_journal_scan(const char *path, cds_journal_visit *visit,
                            void *payload, cds_diag *diag) {
  cds_arena *arena = cds_arena_new();
  if (arena == NULL) {
    return CDS_ENOMEM;
  }
  cds_journal journal = {.arena = arena, .path = path, .file = -1};
  finding it = {.journal = &journal, .diag = diag, .line = 1, .kept = true};
  const cds_status status = visit_all(&it, visit, payload);
  cds_arena_free(arena);
  return status;
}
