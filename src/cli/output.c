/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files that appear whole or not at all: they are written under a temporary
 * name in their folder, forced to the disk and renamed. A full disk leaves the
 * file that was there before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

static void complain(cds_cli *cli, const char *path, int error) {
  cds_cli_error(cli, "cannot write '%s': %s",
                path == NULL ? "standard output" : path, strerror(error));
}

/* Devices and pipes are written in place: there is nothing to replace. */
static bool is_special(const char *path) {
  struct stat facts;
  return stat(path, &facts) == 0 && !S_ISREG(facts.st_mode);
}

static FILE *open_temporary(char *name) {
  const int descriptor = mkstemp(name);
  if (descriptor < 0) {
    return NULL;
  }
  /* mkstemp makes the file private; a result is as readable as any file. */
  const mode_t mask = umask(0);
  umask(mask);
  if (fchmod(descriptor, 0666 & ~mask) != 0) {
    /* Some file systems have no modes: the file stays private there. */
    errno = 0;
  }
  FILE *stream = fdopen(descriptor, "w");
  if (stream == NULL) {
    const int error = errno;
    close(descriptor);
    unlink(name);
    errno = error;
  }
  return stream;
}

static bool open_file(cds_output *out, const char *path, cds_cli *cli) {
  if (is_special(path)) {
    out->stream = fopen(path, "w");
  } else {
    const char *slash = strrchr(path, '/');
    const int folder = slash == NULL ? 0 : (int)(slash - path + 1);
    out->temporary = cds_cli_printf(cli->arena, "%.*s.%s.XXXXXX", folder, path,
                                    path + folder);
    out->stream = open_temporary(out->temporary);
    if (out->stream != NULL) {
      cds_signals_guard(out->temporary);
    }
  }
  if (out->stream == NULL) {
    complain(cli, path, errno);
    out->temporary = NULL;
  }
  return out->stream != NULL;
}

bool cds_output_open(cds_output *out, const char *path, cds_cli *cli) {
  memset(out, 0, sizeof *out);
  if (path == NULL || strcmp(path, "-") == 0) {
    out->stream = stdout;
    return true;
  }
  out->path = path;
  return open_file(out, path, cli);
}

bool cds_output_possible(const char *path, cds_cli *cli) {
  cds_output out;
  if (path == NULL || strcmp(path, "-") == 0) {
    return true;
  }
  struct stat facts;
  if (!is_special(path)) {
    const bool good = cds_output_open(&out, path, cli);
    cds_output_discard(&out);
    return good;
  }
  const bool folder = stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
  if (folder || access(path, W_OK) != 0) {
    complain(cli, path, folder ? EISDIR : errno);
    return false;
  }
  return true;
}

bool cds_output_begin(cds_output *out, cds_cli *cli) {
  return cds_output_open(out, cli->options->output, cli);
}

bool cds_output_finish(cds_output *out, cds_cli *cli) {
  errno = 0;
  bool good = fflush(out->stream) == 0 && !ferror(out->stream);
  if (good && out->temporary != NULL) {
    good = fsync(fileno(out->stream)) == 0;
  }
  int error = errno;
  if (out->path != NULL) {
    if (fclose(out->stream) != 0 && good) {
      error = errno;
      good = false;
    }
    out->stream = NULL;
  }
  if (!good) {
    complain(cli, out->path, error == 0 ? EIO : error);
    cds_output_discard(out);
  }
  return good;
}

bool cds_output_commit(cds_output *out, cds_cli *cli) {
  if (out->temporary == NULL) {
    return true;
  }
  if (rename(out->temporary, out->path) != 0) {
    complain(cli, out->path, errno);
    cds_output_discard(out);
    return false;
  }
  cds_signals_release(out->temporary);
  out->temporary = NULL;
  return true;
}

void cds_output_discard(cds_output *out) {
  if (out->stream != NULL && out->path != NULL) {
    fclose(out->stream);
  }
  out->stream = NULL;
  if (out->temporary != NULL) {
    unlink(out->temporary);
    cds_signals_release(out->temporary);
    out->temporary = NULL;
  }
}

int cds_output_close(cds_output *out, cds_cli *cli, int exit_code) {
  if (!cds_output_finish(out, cli) || !cds_output_commit(out, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  return exit_code;
}

bool cds_output_folder(const char *path, cds_cli *cli) {
  char *copy = cds_cli_printf(cli->arena, "%s", path);
  for (char *at = copy + 1;; at++) {
    if (*at != '/' && *at != '\0') {
      continue;
    }
    const char kept = *at;
    *at = '\0';
    struct stat facts;
    if (mkdir(copy, 0777) != 0 && (errno != EEXIST || stat(copy, &facts) != 0 ||
                                   !S_ISDIR(facts.st_mode))) {
      cds_cli_error(cli, "cannot make folder '%s': %s", copy,
                    strerror(errno == EEXIST ? ENOTDIR : errno));
      return false;
    }
    *at = kept;
    if (kept == '\0') {
      return true;
    }
  }
}
