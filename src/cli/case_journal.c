/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the answers of a run depend on, and where they are kept. */
#include "cli/case_journal.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/case_ranks.h"
#include "cli/case_shards.h"
#include "explore/wave.h"

/* Options of a question that no answer about a single design depends on: how
 * many are asked, until when, and what else is. What of them is put to a design
 * stands in its own question. */
static const char *const other[] = {
    "all",           "heat",   "max-designs", "pareto", "pareto-gap",
    "require-proof", "resume", "time-limit",  "top",    "uncertainty"};

static bool matters(const cds_option *option) {
  bool found = option->group == CDS_GROUP_QUESTION &&
               cds_option_applies(option, &cds_commands[CDS_COMMAND_explore]);
  for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
    found = found && strcmp(option->name, other[i]) != 0;
  }
  return found;
}

static void add(cds_sha256 *hash, const char *text) {
  cds_sha256_add(hash, text, strlen(text) + 1);
}

/* Every byte that is read, every option that changes answers, and the model;
 * NULL: the content of some file is not known. */
static const char *digest_of(const cds_explore_case *it) {
  const cds_provenance *from = &it->inputs.provenance;
  cds_arena *arena = it->cli->arena;
  cds_sha256 hash;
  char *text = cds_cli_array(arena, CDS_SHA256_TEXT, 1);
  cds_sha256_begin(&hash);
  add(&hash, "codesign explore");
  add(&hash, from->version);
  add(&hash, cds_cli_printf(arena, "%u", from->model_version));
  if (from->inputs == CDS_INPUTS_MAX) { /* others may be left out */
    return NULL;
  }
  for (unsigned i = 0; i < from->inputs; i++) {
    if (*from->input[i].sha256 == '\0') {
      return NULL;
    }
    add(&hash, from->input[i].role);
    add(&hash, from->input[i].sha256);
  }
  for (size_t i = 0; i < from->imports; i++) {
    add(&hash, from->import[i]);
  }
  for (unsigned i = 0; i < CDS_OPTIONS; i++) {
    const cds_option *option = &cds_option_table[i];
    if (matters(option)) {
      add(&hash, option->name);
      add(&hash, cds_option_text(option, it->cli->options, arena));
    }
  }
  /* Its default depends on what else is asked. */
  add(&hash, cds_cli_printf(arena, "%u", (unsigned)it->options.fuse));
  cds_sha256_end(&hash, text);
  return text;
}

/* Notes what result and journal say of the question: its digest, in which heat
 * counts, and the options that are not their defaults. */
static void note_question(cds_explore_case *it) {
  cds_provenance *from = &it->inputs.provenance;
  cds_arena *arena = it->cli->arena;
  const char **option =
      cds_cli_array(arena, 2 * (size_t)CDS_OPTIONS, sizeof *option);
  for (unsigned i = 0; i < CDS_OPTIONS; i++) {
    const cds_option *one = &cds_option_table[i];
    const char *value = cds_option_text(one, it->cli->options, arena);
    const char *fallback = one->fallback == NULL ? "" : one->fallback;
    const bool heat = i == CDS_OPTION_INDEX_heat && it->options.heat_off;
    const bool given = matters(one) && strcmp(value, fallback) != 0 &&
                       (one->type != CDS_OPTION_FLAG || *value == 't');
    if (heat || given) {
      option[2 * from->options] = one->name;
      option[2 * from->options++ + 1] = value;
    }
  }
  from->option = option;
  cds_journal_key key;
  cds_records_question(&key, it->records.run, it->options.heat_off);
  from->question = cds_cli_printf(arena, "%s", key.text);
}

/* Says in the journal what is asked, so that who reads its answers knows what
 * they are of; once. */
static cds_status keep_question(cds_explore_case *it) {
  cds_arena *arena = it->cli->arena;
  const cds_explore_result nothing = {.designs = 0};
  const cds_report report = {.space = it->inputs.space,
                             .workload = &it->inputs.workload,
                             .options = &it->options,
                             .result = &nothing,
                             .provenance = it->inputs.provenance};
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  if (stream == NULL) {
    return CDS_ENOMEM;
  }
  bool good = cds_export_question_json(stream, &report, arena);
  good = fclose(stream) == 0 && good;
  const cds_status status =
      good ? cds_wave_describe(&it->records, it->options.heat_off, text, arena)
           : CDS_ENOMEM;
  free(text);
  return status;
}

/* Files that a killed process has not given their names yet (output.c). */
static void remove_left(const char *folder, cds_arena *arena) {
  static const char *const names[] = {"designs.csv", "layers.csv",
                                      "result.json", "pareto.csv"};
  enum { RANDOM = 6 }; /* letters of mkstemp */
  DIR *open = opendir(folder);
  const struct dirent *entry = NULL;
  while (open != NULL && (entry = readdir(open)) != NULL) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
      const char *name = entry->d_name;
      const size_t size = strlen(names[i]);
      if (name[0] == '.' && strncmp(name + 1, names[i], size) == 0 &&
          name[1 + size] == '.' && strlen(name) == 2 + size + RANDOM) {
        unlink(cds_cli_printf(arena, "%s/%s", folder, name));
      }
    }
  }
  if (open != NULL) {
    closedir(open);
  }
}

/* What several processes have in common that explore the same: also which
 * questions are asked, but not until when. */
static const char *question_of(const cds_explore_case *it, const char *run) {
  static const char *const own[] = {"require-proof", "resume", "time-limit"};
  cds_arena *arena = it->cli->arena;
  cds_sha256 hash;
  char *text = cds_cli_array(arena, CDS_SHA256_TEXT, 1);
  cds_sha256_begin(&hash);
  add(&hash, run);
  for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
    bool asked = true;
    for (size_t k = 0; k < sizeof own / sizeof *own; k++) {
      asked = asked && strcmp(other[i], own[k]) != 0;
    }
    for (unsigned o = 0; o < CDS_OPTIONS && asked; o++) {
      if (strcmp(cds_option_table[o].name, other[i]) == 0) {
        add(&hash,
            cds_option_text(&cds_option_table[o], it->cli->options, arena));
      }
    }
  }
  cds_sha256_end(&hash, text);
  return text;
}

/* Joins others where there are any. Exit code. */
static int join(cds_explore_case *it) {
  const char *run = it->records.run;
  if (run != NULL) {
    it->options.records = &it->records;
    return it->shard || it->cli->options->resume
               ? cds_case_join(it, question_of(it, run))
               : CDS_EXIT_DONE;
  }
  if (it->shard) {
    cds_cli_error(it->cli, "'--shard' needs a journal: not every input is a "
                           "file that can be read twice");
    return CDS_EXIT_CALL;
  }
  if (it->cli->options->resume) {
    cds_diag_warning(it->cli->diag, (cds_place){NULL, 0, 0},
                     "no journal is used: not every input is a file that can "
                     "be read twice");
  }
  return CDS_EXIT_DONE;
}

/* Of the journal of this process. */
static unsigned own_number(const cds_explore_case *it) {
  const cds_ranks *ranks = it->cli->ranks;
  return it->shard ? it->sharing.index : ranks != NULL ? ranks->rank : 0;
}

const char *cds_case_journal(const cds_explore_case *it) {
  return cds_case_journal_path(it, own_number(it));
}

/* Opens the journal of this process. Exit code. */
static int open_own(cds_explore_case *it, bool resume) {
  cds_cli *cli = it->cli;
  const unsigned number = own_number(it);
  if (!cds_output_folder(it->folder, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  const int left =
      resume || number > 0 ? CDS_EXIT_DONE : cds_case_leave_shards(it);
  if (left != CDS_EXIT_DONE) {
    return left;
  }
  const char *path = cds_case_journal_path(it, number);
  const cds_status status =
      cds_journal_open(&it->journal, path, resume, cli->diag);
  if (status != CDS_OK) {
    return cds_cli_exit_code(status);
  }
  if (number == 0) {
    remove_left(it->folder, cli->arena); /* nobody else writes results now */
  }
  it->records.journal = it->journal;
  return CDS_EXIT_DONE;
}

/* One rank of several: first rank 0, which may set aside what is there, then
 * the others. Exit code. */
static int open_ranks(cds_explore_case *it) {
  cds_cli *cli = it->cli;
  const bool first = cli->ranks->rank == 0;
  const bool resume = cli->options->resume;
  const char *run = it->records.run;
  int code = CDS_EXIT_DONE;
  if (run == NULL) {
    cds_cli_error(cli, "several processes need a journal: not every input is a "
                       "file that can be read twice");
    return CDS_EXIT_CALL;
  }
  const char *question = question_of(it, run);
  if (first) {
    code = open_own(it, resume);
    code = code == CDS_EXIT_DONE ? cds_case_join_ranks(it, question) : code;
  }
  code = cds_cli_gate(cli, code, question);
  if (code != CDS_EXIT_DONE) {
    return code;
  }
  code = cds_cli_gate(cli, first ? code : open_own(it, resume), NULL);
  if (code != CDS_EXIT_DONE) {
    return code;
  }
  it->options.records = &it->records;
  const cds_status status = cds_case_share(it, cds_case_journals(it));
  return status == CDS_OK ? CDS_EXIT_DONE : cds_cli_exit_code(status);
}

static int open_alone(cds_explore_case *it) {
  const int code = open_own(it, it->cli->options->resume || it->shard);
  return code == CDS_EXIT_DONE ? join(it) : code;
}

int cds_case_open(cds_explore_case *it) {
  cds_cli *cli = it->cli;
  it->records.run = digest_of(it);
  const int opened = cli->ranks == NULL ? open_alone(it) : open_ranks(it);
  if (opened != CDS_EXIT_DONE) {
    return opened;
  }
  cds_cli_say(cli, "'%s' has %zu records",
              cds_case_journal_path(it, own_number(it)),
              cds_journal_read(it->journal));
  if (it->records.run == NULL) {
    return CDS_EXIT_DONE;
  }
  note_question(it);
  const cds_status kept = keep_question(it);
  if (kept == CDS_EIO) {
    cds_journal_failure(it->journal, cli->diag);
  }
  return kept == CDS_OK ? CDS_EXIT_DONE : cds_cli_exit_code(kept);
}

int cds_case_close(cds_explore_case *it) {
  cds_cli *cli = it->cli;
  if (it->journal == NULL) {
    return CDS_EXIT_DONE;
  }
  cds_cli_say(cli, "%zu records were added to the journal",
              cds_journal_added(it->journal));
  const cds_status status = cds_journal_close(it->journal, cli->diag);
  it->journal = NULL;
  it->options.records = NULL;
  cds_claims_close(it->claims);
  it->claims = NULL;
  return status == CDS_OK ? CDS_EXIT_DONE : cds_cli_exit_code(status);
}
