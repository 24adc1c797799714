/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entry of the program: reads the call, runs the command, checks that all
 * output was written, and says how it went with the exit code. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parallel.h"
#include "base/text.h"
#include "cli/apart.h"
#include "cli/cli.h"
#include "codesign/version.h"
#include "export/json.h"

static const cds_place NOWHERE = {NULL, 0, 0};

int cds_cli_exit_code(cds_status status) {
  switch (status) {
  case CDS_OK:
    return CDS_EXIT_DONE;
  case CDS_EINPUT:
    return CDS_EXIT_INPUT;
  case CDS_EINFEASIBLE:
  case CDS_ELIMIT:
    return CDS_EXIT_NO;
  case CDS_EINTERRUPTED:
    return CDS_EXIT_SIGNAL + cds_signals_received();
  case CDS_EIO:
    return CDS_EXIT_OUTPUT;
  case CDS_ENOMEM:
    return CDS_EXIT_MEMORY;
  case CDS_EINTERNAL:
    break;
  }
  return CDS_EXIT_BUG;
}

void cds_cli_out_of_memory(void) {
  fputs("codesign: error: memory is exhausted\n", stderr);
  exit(CDS_EXIT_MEMORY);
}

char *cds_cli_printf(cds_arena *arena, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = cds_arena_vprintf(arena, format, args);
  va_end(args);
  if (text == NULL) {
    cds_cli_out_of_memory();
  }
  return text;
}

void *cds_cli_array(cds_arena *arena, size_t count, size_t size) {
  void *array = cds_arena_array(arena, count == 0 ? 1 : count, size);
  if (array == NULL) {
    cds_cli_out_of_memory();
  }
  return array;
}

void cds_cli_error(cds_cli *cli, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = cds_arena_vprintf(cli->arena, format, args);
  va_end(args);
  if (text == NULL) {
    cds_cli_out_of_memory();
  }
  cds_diag_error(cli->diag, NOWHERE, "%s", text);
}

void cds_cli_say(const cds_cli *cli, const char *format, ...) {
  if (!cli->options->verbose || cli->mute) {
    return;
  }
  va_list args;
  va_start(args, format);
  fputs("codesign: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
}

void cds_cli_flush_messages(cds_cli *cli) {
  const cds_diag_format format =
      cli->options->diagnostics == 1 ? CDS_DIAG_JSON : CDS_DIAG_TEXT;
  const bool warnings = !cli->options->quiet;
  if (!warnings) {
    cds_diag_mute_warnings(cli->diag);
  }
  if (!cli->mute && (cds_diag_errors(cli->diag) > 0 ||
                     (warnings && cds_diag_warnings(cli->diag) > 0))) {
    cds_diag_write(cli->diag, stderr, format);
  }
  cli->diag = cds_diag_new(cli->arena);
  if (cli->diag == NULL) {
    cds_cli_out_of_memory();
  }
}

void cds_cli_suggest(cds_diag *diag, const char *name,
                     const char *const *candidates, size_t count,
                     const char *otherwise) {
  if (cds_nearest(name, candidates, count) != NULL) {
    cds_diag_suggest(diag, name, candidates, count);
  } else {
    cds_diag_hint(diag, "%s", otherwise);
  }
}

/* A closed descriptor 0, 1 or 2 would be taken by the next file that is
 * opened, which would then receive what is printed. */
static void occupy_standard_descriptors(void) {
  for (int descriptor = 0; descriptor <= 2; descriptor++) {
    if (fcntl(descriptor, F_GETFD) == -1 && errno == EBADF) {
      /* Opened the wrong way round, so that its use still fails. */
      const int taken =
          open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY);
      if (taken != descriptor && taken > 2) {
        close(taken);
      }
    }
  }
}

/* Of ranks: what starts them gives them a terminal whatever its own output is.
 */
static bool use_colour(const cds_cli *cli) {
  const unsigned choice = cli->options->color;
  if (choice != CDS_AUTO) {
    return choice == CDS_ALWAYS;
  }
  if (cli->ranks != NULL) {
    return false;
  }
  const char *no_colour = getenv("NO_COLOR");
  const char *terminal = getenv("TERM");
  return isatty(STDOUT_FILENO) && (no_colour == NULL || *no_colour == '\0') &&
         terminal != NULL && strcmp(terminal, "dumb") != 0;
}

static int print_help(cds_cli *cli) {
  bool brief = false;
  const char *origin = cli->options->origin[CDS_OPTION_INDEX_help];
  if (strcmp(origin, "-h") == 0) {
    brief = true;
  }
  cds_help_write(stdout, cli->call.command, brief, cli->arena);
  return CDS_EXIT_DONE;
}

int cds_cmd_help(cds_cli *cli) {
  const cds_command *command = NULL;
  if (cli->call.files > 0) {
    command = cds_command_find(cli->call.file[0]);
    if (command == NULL) {
      cds_option_unknown_command(cli->diag, cli->call.file[0]);
      return CDS_EXIT_CALL;
    }
  }
  cds_output out;
  if (!cds_output_begin(&out, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  cds_help_write(out.stream, command, false, cli->arena);
  return cds_output_close(&out, cli, CDS_EXIT_DONE);
}

int cds_cmd_version(cds_cli *cli) {
  cds_output out;
  if (!cds_output_begin(&out, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  if (cli->options->format == CDS_FORMAT_JSON) {
    cds_json json;
    cds_json_begin(&json, out.stream);
    cds_json_object(&json, NULL);
    cds_json_text(&json, "version", CDS_VERSION);
    cds_json_count(&json, "model_version", CDS_MODEL_VERSION);
    cds_json_boolean(&json, "openmp", cds_parallel_available());
    cds_json_end(&json);
    cds_json_finish(&json);
  } else {
    fprintf(out.stream, "codesign %s (model %d%s)\n", CDS_VERSION,
            CDS_MODEL_VERSION,
            cds_parallel_available() ? ""
                                     : "; one thread: built without "
                                       "OpenMP");
  }
  return cds_output_close(&out, cli, CDS_EXIT_DONE);
}

static int run(cds_cli *cli) {
  if (cli->ranks != NULL && cli->ranks->rank > 0 &&
      (cli->options->help || cli->options->version)) {
    return CDS_EXIT_DONE; /* rank 0 prints it */
  }
  if (cli->options->help) {
    return print_help(cli);
  }
  if (cli->options->version) {
    return cds_cmd_version(cli);
  }
  if (cli->ranks != NULL &&
      cli->call.command != &cds_commands[CDS_COMMAND_explore]) {
    cds_cli_error(cli, "'%s' takes one process: only 'explore' takes several",
                  cli->call.command->name);
    return CDS_EXIT_CALL;
  }
  return cds_apart_begin(cli) ? cli->call.command->run(cli) : CDS_EXIT_CALL;
}

/* ---- several processes (ranks.h) ----------------------------------------- */

int cds_cli_gate(cds_cli *cli, int code, const char *with) {
  const cds_ranks *ranks = cli->ranks;
  const cds_talk_verdict verdict = ranks->gate(ranks->self, code, with);
  if (verdict.differ) {
    cds_cli_error(cli, "not all processes explore the same: other input "
                       "files, options or another version of the program");
    return CDS_EXIT_INPUT;
  }
  return verdict.code;
}

/* Nothing is said before all have left: then it is known who speaks. The others
 * end as if all were well, as what starts the ranks may kill all at the first
 * that does not, before it has spoken. Exit code. */
static int leave_others(cds_cli *cli, int code) {
  const cds_ranks *ranks = cli->ranks;
  if (ranks == NULL) {
    return code;
  }
  const unsigned own = ranks->rank;
  const cds_talk_verdict verdict = ranks->leave(ranks->self, code);
  cli->mute = verdict.code == 0 ? own != 0 : own != verdict.who;
  cli->ranks = NULL;
  return cli->mute ? CDS_EXIT_DONE : code;
}

/* The last of the three lines that a wrong call gets. */
static void point_to_help(const cds_cli *cli) {
  if (cli->options->diagnostics == 0 && !cli->mute) {
    const cds_command *command = cli->call.command;
    fprintf(stderr, "try 'codesign%s%s --help'\n", command == NULL ? "" : " ",
            command == NULL ? "" : command->name);
  }
}

/* An unwritten result is an error, whatever the command said. */
static int finish_output(cds_cli *cli, int code) {
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout)) {
    return code;
  }
  if (code != CDS_EXIT_OUTPUT) {
    cds_cli_error(cli, "cannot write 'standard output': %s",
                  strerror(errno == 0 ? EIO : errno));
    cds_cli_flush_messages(cli);
  }
  return CDS_EXIT_OUTPUT;
}

int main(int argc, char **argv) {
  occupy_standard_descriptors();
  /* Writing then fails with a reason, which is reported. */
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  cds_cli cli = {.ranks = cds_ranks_begin()};
  cli.mute = cli.ranks != NULL && cli.ranks->rank > 0;
  cli.arena = cds_arena_new();
  cli.diag = cli.arena == NULL ? NULL : cds_diag_new(cli.arena);
  if (cli.diag == NULL) {
    cds_cli_out_of_memory();
  }
  cli.options = &cli.call.options;
  int code = cds_options_parse(&cli.call, argc, argv, cli.arena, cli.diag);
  if (code != CDS_EXIT_DONE) {
    code = leave_others(&cli, code);
    cds_cli_flush_messages(&cli);
  } else {
    cli.colour = use_colour(&cli);
    code = run(&cli);
    code = leave_others(&cli, code);
    cds_cli_flush_messages(&cli);
    code = finish_output(&cli, code);
  }
  if (code == CDS_EXIT_CALL) {
    point_to_help(&cli);
  }
  cds_arena_free(cli.arena);
  return code;
}
