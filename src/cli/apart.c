/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which files a call reads and writes; see apart.h. Two paths name one file
 * when what is there of them has the same device and inode, and what is not the
 * same names: so links, "." and ".." are seen.
 */
#include "cli/apart.h"

#include <string.h>
#include <sys/stat.h>

typedef struct noted {
  struct noted *next;
  const char *path; /* as the user, or a file, named it */
  dev_t device;     /* of the longest part of it that is there */
  ino_t inode;
  const char *rest; /* what is not there, without "." and ".." */
} noted;

struct cds_touched {
  noted *input, *output;
};

/* ---- one path ------------------------------------------------------------ */

/* The names of a path, without "." and with those taken away that ".." is
 * about. */
static const char *names_of(const char *path, cds_arena *arena) {
  char *names = cds_cli_printf(arena, "/%s", path);
  size_t size = 0; /* written before what is read: never more */
  while (*path != '\0') {
    path += strspn(path, "/");
    const size_t length = strcspn(path, "/");
    if (length == 2 && strncmp(path, "..", 2) == 0) {
      while (size > 0 && names[--size] != '/') {
      }
    } else if (length > 1 || (length == 1 && *path != '.')) {
      names[size] = '/';
      memcpy(names + size + 1, path, length);
      size += length + 1;
    }
    path += length;
  }
  names[size] = '\0';
  return names;
}

/* Devices, pipes and folders hold nothing that could be lost. */
static void note(noted **list, const char *path, cds_arena *arena) {
  struct stat facts;
  if (path == NULL || *path == '\0' || strcmp(path, "-") == 0 ||
      (stat(path, &facts) == 0 && !S_ISREG(facts.st_mode))) {
    return;
  }
  char *part = cds_cli_printf(arena, "%s", path);
  size_t end = strlen(part);
  while (end > 0 && stat(part, &facts) != 0) {
    while (end > 0 && part[--end] != '/') {
    }
    part[end] = '\0';
  }
  if (end == 0 && stat(*path == '/' ? "/" : ".", &facts) != 0) {
    return; /* nothing can be written here, either */
  }
  noted *one = cds_cli_array(arena, 1, sizeof *one);
  *one = (noted){NULL, path, facts.st_dev, facts.st_ino,
                 names_of(path + end, arena)};
  while (*list != NULL) {
    list = &(*list)->next;
  }
  *list = one;
}

static bool same(const noted *a, const noted *b) {
  return a->device == b->device && a->inode == b->inode &&
         strcmp(a->rest, b->rest) == 0;
}

/* ---- all of a call ------------------------------------------------------- */

static cds_touched *touched_of(cds_cli *cli) {
  if (cli->touched == NULL) {
    cli->touched = cds_cli_array(cli->arena, 1, sizeof *cli->touched);
    *cli->touched = (cds_touched){NULL, NULL};
  }
  return cli->touched;
}

void cds_apart_input(cds_cli *cli, const char *path) {
  const bool standard = path != NULL && strcmp(path, "-") == 0;
  path = standard ? "/dev/stdin" : path; /* which may be any file */
  note(&touched_of(cli)->input, path, cli->arena);
}

void cds_apart_output(cds_cli *cli, const char *path) {
  note(&touched_of(cli)->output, path, cli->arena);
}

void cds_apart_output_in(cds_cli *cli, const char *folder, const char *name) {
  cds_apart_output(cli, cds_cli_printf(cli->arena, "%s/%s", folder, name));
}

bool cds_apart_check(cds_cli *cli) {
  const cds_touched *touched = touched_of(cli);
  for (const noted *out = touched->output; out != NULL; out = out->next) {
    for (const noted *in = touched->input; in != NULL; in = in->next) {
      if (same(out, in)) {
        cds_cli_error(cli,
                      "the output '%s' would be written over the input '%s': "
                      "expected another file",
                      out->path, in->path);
        return false;
      }
    }
    for (const noted *more = out->next; more != NULL; more = more->next) {
      if (same(out, more)) {
        cds_cli_error(cli,
                      "the outputs '%s' and '%s' are one file: expected two",
                      out->path, more->path);
        return false;
      }
    }
  }
  return true;
}

/* Words of the call that are files: not names of formats, questions, runs. */
static void files_of(size_t *from, size_t *to, const cds_cli *cli) {
  *from = 0;
  *to = cli->call.files;
  switch (cli->call.command - cds_commands) {
  case CDS_COMMAND_cluster:
  case CDS_COMMAND_export:
  case CDS_COMMAND_import:
    *from = 1;
    break;
  case CDS_COMMAND_results:
    *to = 1;
    break;
  case CDS_COMMAND_completion:
  case CDS_COMMAND_help:
  case CDS_COMMAND_schema:
  case CDS_COMMAND_tech:
  case CDS_COMMAND_validate:
    *to = 0;
    break;
  default:
    break;
  }
}

bool cds_apart_begin(cds_cli *cli) {
  const cds_options *options = cli->options;
  const cds_command *command = cli->call.command;
  size_t from, to;
  files_of(&from, &to, cli);
  for (size_t i = from; i < to; i++) {
    cds_apart_input(cli, cli->call.file[i]);
  }
  cds_apart_output(cli, options->output);
  if (cds_option_applies(&cds_option_table[CDS_OPTION_INDEX_certificate],
                         command) &&
      command != &cds_commands[CDS_COMMAND_options]) {
    cds_apart_output(cli, options->certificate);
  }
  if (command == &cds_commands[CDS_COMMAND_cluster]) {
    cds_apart_input(cli, options->hosts);
  }
  return cds_apart_check(cli);
}
