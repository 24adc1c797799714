/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads a whole regular file, or the standard input, into memory. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "yaml/internal.h"

/* A file to read: its name, and what it should be. */
typedef struct cds_wanted {
  const char *file, *expected;
} cds_wanted;

static cds_status unreadable(cds_diag *diag, const cds_wanted *wanted,
                             const char *reason) {
  cds_diag_error(diag, (cds_place){.file = wanted->file},
                 "cannot read: %s: expected %s", reason, wanted->expected);
  return CDS_EINPUT;
}

/* Reads at most one byte more than is allowed, so that the limit is seen. */
static cds_status read_all(char **out, size_t *length, FILE *stream) {
  const size_t most = (size_t)CDS_YAML_SIZE_MAX + 1;
  char *text = NULL;
  size_t used = 0;
  size_t room = 0;
  while (!feof(stream) && used < most) {
    if (used == room) {
      room = room > 0 ? room * 2 : 1 << 16;
      room = room < most ? room : most;
      char *const more = cds_realloc(text, room);
      if (more == NULL) {
        cds_free(text);
        return CDS_ENOMEM;
      }
      text = more;
    }
    used += fread(text + used, 1, room - used, stream);
    if (ferror(stream)) {
      cds_free(text);
      return CDS_EIO;
    }
  }
  *out = text;
  *length = used;
  return CDS_OK;
}

static cds_status read_stream(const cds_yaml **out, const cds_wanted *wanted,
                              FILE *stream, cds_arena *arena, cds_diag *diag) {
  char *text = NULL;
  size_t length = 0;
  const cds_status status = read_all(&text, &length, stream);
  if (status == CDS_EIO) {
    return unreadable(diag, wanted, strerror(errno));
  }
  CDS_TRY(status);
  const cds_status parsed =
      cds_yaml_read_text(out, wanted->file, text, length, arena, diag);
  cds_free(text);
  return parsed;
}

/* Files are read more than once (their digest goes into the results), so what
 * can be read only once is refused; the standard input is kept by `-`. */
static cds_status not_regular(cds_diag *diag, const cds_wanted *wanted,
                              mode_t mode) {
  if (S_ISDIR(mode)) {
    return unreadable(diag, wanted, "it is a directory");
  }
  const bool once = S_ISFIFO(mode) || S_ISCHR(mode);
  const cds_status status =
      unreadable(diag, wanted,
                 S_ISFIFO(mode) ? "it is a pipe, which can be read only once"
                                : "it is no regular file");
  if (once) {
    cds_diag_hint(diag, "use '-' for the standard input, as in 'command | "
                        "codesign check -'");
  }
  return status;
}

cds_status cds_yaml_read_file(const cds_yaml **out, const char *path,
                              cds_arena *arena, cds_diag *diag) {
  return cds_yaml_read_expected(out, path, "a readable YAML file", arena, diag);
}

cds_status cds_yaml_read_expected(const cds_yaml **out, const char *path,
                                  const char *expected, cds_arena *arena,
                                  cds_diag *diag) {
  const cds_wanted wanted = {cds_arena_strdup(arena, path), expected};
  if (wanted.file == NULL) {
    return CDS_ENOMEM;
  }
  if (strcmp(path, "-") == 0) {
    return read_stream(out, &wanted, stdin, arena, diag);
  }
  struct stat about;
  if (stat(path, &about) != 0) {
    return unreadable(diag, &wanted, strerror(errno));
  }
  if (!S_ISREG(about.st_mode)) {
    return not_regular(diag, &wanted, about.st_mode);
  }
  FILE *const stream = fopen(path, "rb");
  if (stream == NULL) {
    return unreadable(diag, &wanted, strerror(errno));
  }
  const cds_status status = read_stream(out, &wanted, stream, arena, diag);
  (void)fclose(stream);
  return status;
}
