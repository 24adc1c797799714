/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several processes and one folder; see case_shards.h. */
#include "cli/case_shards.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explore/writer.h"

enum { SHARDS_MOST = 10000, TEXT_MOST = 200 };

static const cds_place nowhere = {NULL, 0, 0};

static const char *path_of(const cds_explore_case *it, const char *name) {
  return cds_cli_printf(it->cli->arena, "%s/%s", it->folder, name);
}

/* ---- the option ---------------------------------------------------------- */

/* Digits up to `end`; 0: something else stands there, or it is too large. */
static unsigned read_count(const char *text, const char *end) {
  unsigned value = 0;
  for (; text < end && value <= SHARDS_MOST; text++) {
    if (*text < '0' || *text > '9') {
      return 0;
    }
    value = 10 * value + (unsigned)(*text - '0');
  }
  return value <= SHARDS_MOST ? value : 0;
}

cds_status cds_case_read_shard(cds_explore_case *it) {
  const cds_options *options = it->cli->options;
  const char *text = options->shard;
  if (text == NULL) {
    return CDS_OK;
  }
  const char *slash = strchr(text, '/');
  it->sharing.index = slash == NULL ? 0 : read_count(text, slash);
  it->sharing.count =
      slash == NULL ? 0 : read_count(slash + 1, text + strlen(text));
  it->shard = it->sharing.index > 0 && it->sharing.index <= it->sharing.count;
  it->options.answers_only = it->shard;
  if (it->shard && options->format == CDS_FORMAT_TEXT &&
      options->certificate == NULL) {
    return CDS_OK;
  }
  it->inputs.wrong_call = true;
  if (it->shard && options->certificate != NULL) {
    cds_cli_error(it->cli, "'--shard' writes no certificate: give "
                           "'--certificate' with '--resume'");
  } else if (it->shard) {
    cds_cli_error(it->cli, "'--shard' prints no result: expected no '--json' "
                           "and no '--csv'");
  } else {
    cds_cli_error(it->cli,
                  "'--shard' is '%s': expected the number of this process and "
                  "how many there are, at most %d, such as 1/8",
                  text, (int)SHARDS_MOST);
  }
  return CDS_EINPUT;
}

/* ---- the folder ---------------------------------------------------------- */

typedef struct numbers {
  size_t count, room;
  unsigned *number;
} numbers;

static int by_number(const void *left, const void *right) {
  const unsigned a = *(const unsigned *)left;
  const unsigned b = *(const unsigned *)right;
  return a < b ? -1 : a > b;
}

/* Of files "journal-<number><end>", in order. */
static numbers list_journals(const cds_explore_case *it, const char *end) {
  static const char begin[] = "journal-";
  cds_arena *arena = it->cli->arena;
  numbers out = {.number = NULL};
  DIR *open = opendir(it->folder);
  const struct dirent *entry = NULL;
  while (open != NULL && (entry = readdir(open)) != NULL) {
    const char *name = entry->d_name;
    const size_t rest = strlen(name) >= strlen(end) ? strlen(end) : 0;
    const char *stop = name + strlen(name) - rest;
    if (strncmp(name, begin, sizeof begin - 1) != 0 || strcmp(stop, end) != 0) {
      continue;
    }
    const unsigned number = read_count(name + sizeof begin - 1, stop);
    if (number == 0) {
      continue;
    }
    if (out.count == out.room) {
      const size_t room = 2 * out.room + 8;
      unsigned *more = cds_cli_array(arena, room, sizeof *more);
      if (out.count > 0) {
        memcpy(more, out.number, out.count * sizeof *more);
      }
      out.number = more;
      out.room = room;
    }
    out.number[out.count++] = number;
  }
  if (open != NULL) {
    closedir(open);
  }
  if (out.count > 0) {
    qsort(out.number, out.count, sizeof *out.number, by_number);
  }
  return out;
}

const char *cds_case_journal_path(const cds_explore_case *it, unsigned number) {
  return number == 0 ? path_of(it, "journal")
                     : cds_cli_printf(it->cli->arena, "%s/journal-%u",
                                      it->folder, number);
}

static int complain(const cds_explore_case *it, const char *what,
                    const char *path) {
  cds_diag_error(it->cli->diag, nowhere, "cannot %s '%s': %s", what, path,
                 strerror(errno));
  return CDS_EXIT_OUTPUT;
}

/* The number of a shard that is at work; 0: none is. */
static unsigned at_work(const cds_explore_case *it) {
  const numbers lock = list_journals(it, ".lock");
  for (size_t i = 0; i < lock.count; i++) {
    if (cds_writer_taken(
            cds_cli_printf(it->cli->arena, "%s.lock",
                           cds_case_journal_path(it, lock.number[i])))) {
      return lock.number[i];
    }
  }
  return 0;
}

/* Gives what was renamed its name again, unless a shard has written it anew. */
static void put_back(const char *old, const char *path) {
  if (link(old, path) == 0 || errno == EEXIST) {
    unlink(old);
  } else {
    (void)rename(old, path); /* there are no links here */
  }
}

/* A shard locks its journal before it looks at 'shards'. So one that begins
 * meanwhile is seen by the second look, or finds nothing there. */
int cds_case_leave_shards(const cds_explore_case *it) {
  const char *shards = path_of(it, "shards");
  const char *old = path_of(it, "shards.old");
  if (access(shards, F_OK) != 0) {
    return CDS_EXIT_DONE;
  }
  unsigned shard = at_work(it);
  if (shard == 0) {
    if (rename(shards, old) != 0) {
      return errno == ENOENT ? CDS_EXIT_DONE : complain(it, "write", old);
    }
    shard = at_work(it);
    if (shard == 0) {
      return CDS_EXIT_DONE;
    }
    put_back(old, shards);
  }
  cds_diag_error(it->cli->diag, nowhere,
                 "shard %u is at work in '%s': a run that begins anew would "
                 "write there, too",
                 shard, it->folder);
  cds_diag_hint(it->cli->diag, "join it with '--resume', or choose another "
                               "folder with '--output'");
  return CDS_EXIT_OUTPUT;
}

/* ---- what they explore --------------------------------------------------- */

/* The text of the file; its length, or -1. */
static ssize_t read_text(char text[TEXT_MOST], const char *path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? -1 : read(file, text, TEXT_MOST - 1);
  if (file >= 0) {
    close(file);
  }
  text[size > 0 ? size : 0] = '\0';
  return size;
}

/* Writes the file; with `once` unless it is there: whoever is first. It is
 * never seen in parts, as it gets its name when it is whole. */
static bool write_shards(const cds_explore_case *it, const char *path,
                         const char *text, bool once) {
  const char *draft = cds_cli_printf(it->cli->arena, "%s/.shards-%u",
                                     it->folder, it->sharing.index);
  const int file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) {
    return false;
  }
  const size_t size = strlen(text);
  bool good = write(file, text, size) == (ssize_t)size && fsync(file) == 0;
  good = close(file) == 0 && good;
  if (good && (!once || (link(draft, path) != 0 && errno != EEXIST))) {
    good = rename(draft, path) == 0; /* or there are no links here */
  }
  const int error = errno;
  unlink(draft);
  errno = error;
  return good;
}

/* How many shards the text of the file tells of; 0: it is damaged. */
static unsigned count_of(const char *text) {
  static const char mark[] = "\nshards ";
  const char *line = strstr(text, mark);
  const char *number = line == NULL ? "" : line + sizeof mark - 1;
  return read_count(number, number + strcspn(number, "\n"));
}

static int refuse_others(const cds_explore_case *it, const char *found) {
  cds_diag *diag = it->cli->diag;
  const unsigned count = count_of(found);
  if (it->shard && count > 0 && count != it->sharing.count) {
    cds_diag_error(diag, nowhere,
                   "'%s' is explored by %u shards: '--shard' is '%s'",
                   it->folder, count, it->cli->options->shard);
  } else {
    cds_diag_error(diag, nowhere,
                   "the shards in '%s' explore something else: other input "
                   "files, options or another version of the program",
                   it->folder);
  }
  cds_diag_hint(diag,
                "choose another folder with '--output', or remove '%s/"
                "shards' once no shard is at work there",
                it->folder);
  return CDS_EXIT_OUTPUT;
}

/* Whether the folder is one of shards that explore the same, and how many there
 * are; `*are`: whether there are any. Exit code. */
static int compare_shards(bool *are, cds_explore_case *it, const char *run) {
  const char *path = path_of(it, "shards");
  const char *own =
      cds_cli_printf(it->cli->arena, "codesign shards\nrun %s\n", run);
  char found[TEXT_MOST];
  if (it->shard) {
    own =
        cds_cli_printf(it->cli->arena, "%sshards %u\n", own, it->sharing.count);
    if (!write_shards(it, path, own, true)) {
      return complain(it, "write", path);
    }
  }
  if (read_text(found, path) < 0) {
    *are = false;
    return errno == ENOENT && !it->shard ? CDS_EXIT_DONE
                                         : complain(it, "read", path);
  }
  *are = true;
  if (strncmp(found, own, strlen(own)) != 0 || count_of(found) == 0) {
    return refuse_others(it, found);
  }
  it->sharing.count = count_of(found);
  return CDS_EXIT_DONE;
}

/* ---- joining --------------------------------------------------------------
 */

/* Journals of shards that are not at work: what is torn or damaged is named
 * and set aside, as in one's own. */
static int mend_journals(const cds_explore_case *it, const numbers *of) {
  cds_cli *cli = it->cli;
  for (size_t i = 0; i < of->count; i++) {
    const char *path = cds_case_journal_path(it, of->number[i]);
    bool at_work = false;
    const cds_status status = cds_journal_mend_left(&at_work, path, cli->diag);
    if (status != CDS_OK) {
      return cds_cli_exit_code(status);
    }
    if (at_work) {
      cds_cli_say(cli, "shard %u is at work", of->number[i]);
    }
  }
  return CDS_EXIT_DONE;
}

/* Of all shards, also of those that have not begun. */
static cds_status follow_journals(const cds_explore_case *it) {
  if (it->shard) {
    CDS_TRY(cds_journal_follow(it->journal, cds_case_journal_path(it, 0)));
  }
  for (unsigned i = 1; i <= it->sharing.count; i++) {
    if (i != it->sharing.index) {
      CDS_TRY(cds_journal_follow(it->journal, cds_case_journal_path(it, i)));
    }
  }
  return cds_journal_refresh(it->journal);
}

int cds_case_join(cds_explore_case *it, const char *run) {
  cds_cli *cli = it->cli;
  bool are = false;
  numbers journals = {.number = NULL};
  int code = compare_shards(&are, it, run);
  if (code != CDS_EXIT_DONE || !are) {
    return code;
  }
  if (!it->shard) {
    journals = list_journals(it, "");
    code = mend_journals(it, &journals);
  }
  cds_status status =
      code != CDS_EXIT_DONE
          ? CDS_OK
          : cds_claims_open(&it->claims, path_of(it, "claims"), cli->diag);
  if (code == CDS_EXIT_DONE && status == CDS_OK) {
    status = follow_journals(it);
  }
  it->files_shared = (cds_shared_files){it->claims, it->journal};
  cds_sharing_by_files(&it->sharing, &it->files_shared);
  it->records.sharing = &it->sharing;
  return code != CDS_EXIT_DONE || status == CDS_OK ? code
                                                   : cds_cli_exit_code(status);
}

/* ---- ranks of one run -----------------------------------------------------
 */

int cds_case_join_ranks(cds_explore_case *it, const char *run) {
  cds_cli *cli = it->cli;
  const unsigned most = cli->ranks->count - 1;
  const char *path = path_of(it, "shards");
  const char *own =
      cds_cli_printf(cli->arena, "codesign shards\nrun %s\n", run);
  const numbers journals = list_journals(it, "");
  const unsigned shard = at_work(it);
  char found[TEXT_MOST];
  unsigned count = 0;
  if (shard > 0) {
    cds_diag_error(cli->diag, nowhere, "shard %u is at work in '%s'", shard,
                   it->folder);
    return CDS_EXIT_OUTPUT;
  }
  if (read_text(found, path) >= 0) {
    count = count_of(found);
    if (strncmp(found, own, strlen(own)) != 0 || count == 0) {
      return refuse_others(it, found);
    }
  }
  const char *text = cds_cli_printf(cli->arena, "%sshards %u\n", own,
                                    count > most ? count : most);
  if (!write_shards(it, path, text, false)) {
    return complain(it, "write", path);
  }
  return mend_journals(it, &journals);
}

unsigned cds_case_journals(const cds_explore_case *it) {
  const unsigned most = it->cli->ranks->count - 1;
  char found[TEXT_MOST];
  const bool read = read_text(found, path_of(it, "shards")) >= 0;
  const unsigned count = read ? count_of(found) : 0;
  return count > most ? count : most;
}

/* ---- the end of a shard ---------------------------------------------------
 */

int cds_case_shard_print(cds_explore_case *it) {
  cds_cli *cli = it->cli;
  const size_t added = cds_journal_added(it->journal);
  const bool stopped = cds_case_stopped(it);
  if (stopped && cds_signals_received() != 0) {
    cds_cli_error(cli, "interrupted: what shard %u has found is in its journal",
                  it->sharing.index);
    return CDS_EXIT_SIGNAL + cds_signals_received();
  }
  if (stopped) {
    cds_diag_warning(cli->diag, nowhere,
                     "the time limit has passed: what shard %u has found is in "
                     "its journal",
                     it->sharing.index);
  }
  fprintf(stdout, "shard %u of %u: records written here %zu, read %zu\n",
          it->sharing.index, it->sharing.count, added,
          cds_journal_read(it->journal));
  if (!stopped) {
    fprintf(stdout, "once all shards have ended the same call with --resume "
                    "instead of --shard\nwrites the result\n");
  }
  return CDS_EXIT_DONE;
}
