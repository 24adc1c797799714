/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Locks on bytes of a file; see claims.h. */
#include "explore/claims.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"

struct cds_claims {
  int file;
};

/* Digits of a key that make an offset: 60 bits, which every off_t holds. */
enum { OFFSET_DIGITS = 15 };

static off_t offset_of(const cds_journal_key *key) {
  off_t offset = 0;
  for (unsigned i = 0; i < OFFSET_DIGITS; i++) {
    const char c = key->text[i];
    offset = offset * 16 + (c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return offset;
}

static int set_lock(const cds_claims *claims, const cds_journal_key *key,
                    short type) {
  struct flock lock;
  memset(&lock, 0, sizeof lock);
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = offset_of(key);
  lock.l_len = 1;
  return fcntl(claims->file, F_SETLK, &lock);
}

cds_status cds_claims_open(cds_claims **out, const char *path, cds_diag *diag) {
  cds_claims *claims = (cds_claims *)cds_malloc(sizeof *claims);
  if (claims == NULL) {
    return CDS_ENOMEM;
  }
  claims->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (claims->file < 0) {
    cds_diag_error(diag, (cds_place){NULL, 0, 0}, "cannot write '%s': %s", path,
                   strerror(errno));
    cds_free(claims);
    return CDS_EIO;
  }
  *out = claims;
  return CDS_OK;
}

void cds_claims_close(cds_claims *claims) {
  if (claims != NULL) {
    close(claims->file);
    cds_free(claims);
  }
}

/* What cannot be locked is free for all. */
bool cds_claims_take(const cds_claims *claims, const cds_journal_key *key) {
  return set_lock(claims, key, F_WRLCK) == 0 ||
         (errno != EACCES && errno != EAGAIN);
}

void cds_claims_give(const cds_claims *claims, const cds_journal_key *key) {
  const int given = set_lock(claims, key, F_UNLCK);
  (void)given; /* else it ends with the process */
}
