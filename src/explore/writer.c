/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Record locks of POSIX, which network file systems know too; see writer.h. */
#include "explore/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 21 }; /* half a second */

static const cds_place nowhere = {NULL, 0, 0};

/* The whole file. */
static struct flock whole(void) {
  struct flock lock;
  memset(&lock, 0, sizeof lock);
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

/* Whoever held the lock before may have removed the file meanwhile: then what
 * is locked is no longer what others will find. */
static bool is_there(int file, const char *path) {
  struct stat own;
  struct stat named;
  return fstat(file, &own) == 0 && stat(path, &named) == 0 &&
         own.st_dev == named.st_dev && own.st_ino == named.st_ino;
}

static void refuse(int file, const char *what, cds_diag *diag) {
  char holder[128] = "";
  const ssize_t size = pread(file, holder, sizeof holder - 1, 0);
  holder[size > 0 ? size : 0] = '\0';
  holder[strcspn(holder, "\n")] = '\0';
  cds_diag_error(diag, nowhere, "'%s' is being written by %s", what,
                 holder[0] == '\0' ? "another process" : holder);
  cds_diag_hint(diag, "wait until it has ended, or choose another folder with "
                      "'--output'");
}

/* For the message that others get; that it cannot be written does no harm. */
static void sign(int file) {
  char host[64] = "";
  char text[128];
  if (gethostname(host, sizeof host - 1) != 0) {
    host[0] = '\0';
  }
  const int size = snprintf(text, sizeof text, "process %ld on '%s'\n",
                            (long)getpid(), host);
  if (ftruncate(file, 0) == 0 && size > 0) {
    const ssize_t written = pwrite(file, text, (size_t)size, 0);
    (void)written;
  }
}

static bool held_elsewhere(int error) {
  return error == EACCES || error == EAGAIN;
}

/* Tries so often: a process that was killed takes some milliseconds until it is
 * gone. False with the error. */
static bool lock_file(int file, unsigned tries, int *error) {
  const struct timespec pause = {0, 25000000};
  for (;; tries--) {
    struct flock lock = whole();
    if (fcntl(file, F_SETLK, &lock) == 0) {
      return true;
    }
    *error = errno;
    if (!held_elsewhere(*error) || tries == 1) {
      return false;
    }
    nanosleep(&pause, NULL);
  }
}

static bool unknown_here(int error) {
  return error == ENOSYS || error == ENOTSUP || error == ENOLCK;
}

/* `what`: NULL, or is named where another process holds the lock, which is a
 * failure then. */
static cds_status take(cds_writer *out, bool *taken, const char *path,
                       const char *what, cds_diag *diag) {
  *taken = false;
  *out = (cds_writer){.file = -1, .path = path};
  for (;;) {
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) {
      cds_diag_error(diag, nowhere, "cannot write '%s': %s", path,
                     strerror(errno));
      return CDS_EIO;
    }
    int error = 0;
    const bool locked = lock_file(file, what == NULL ? 1 : TRIES, &error);
    if (!locked && unknown_here(error)) {
      cds_diag_warning(diag, nowhere,
                       "'%s' cannot be locked: %s: nothing else may write here",
                       path, strerror(error));
    } else if (!locked && !held_elsewhere(error)) {
      cds_diag_error(diag, nowhere, "cannot lock '%s': %s", path,
                     strerror(error));
      close(file);
      return CDS_EIO;
    } else if (!locked) {
      *taken = true;
      if (what != NULL) {
        refuse(file, what, diag);
      }
      close(file);
      return what == NULL ? CDS_OK : CDS_EIO;
    }
    if (is_there(file, path)) {
      sign(file);
      out->file = file;
      return CDS_OK;
    }
    close(file);
  }
}

cds_status cds_writer_take(cds_writer *out, const char *path, const char *what,
                           cds_diag *diag) {
  bool taken = false;
  return take(out, &taken, path, what, diag);
}

cds_status cds_writer_try(cds_writer *out, bool *taken, const char *path,
                          cds_diag *diag) {
  return take(out, taken, path, NULL, diag);
}

bool cds_writer_taken(const char *path) {
  struct flock lock = whole();
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) {
    return false;
  }
  const bool taken = fcntl(file, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  close(file);
  return taken;
}

void cds_writer_give(cds_writer *writer) {
  if (writer->file >= 0) {
    unlink(writer->path); /* while it is locked: see is_there */
    close(writer->file);
    writer->file = -1;
  }
}
