/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the commands share. Only this module touches the terminal, the clock,
 * signals and the environment.
 */
#ifndef CDS_CLI_CLI_H
#define CDS_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/options.h"
#include "cli/ranks.h"
#include "codesign/control.h"
#include "codesign/status.h"
#include "spec/space.h"
#include "spec/workload.h"

/* Exit codes of the program. */
enum {
  CDS_EXIT_DONE = 0,
  CDS_EXIT_NO = 1,     /* ran, but the answer is no */
  CDS_EXIT_CALL = 2,   /* wrong command line */
  CDS_EXIT_INPUT = 3,  /* wrong or unreadable input file */
  CDS_EXIT_LIMIT = 4,  /* not proven, and --require-proof was given */
  CDS_EXIT_OUTPUT = 5, /* output could not be written */
  CDS_EXIT_BUG = 70,
  CDS_EXIT_MEMORY = 71,
  CDS_EXIT_SIGNAL = 128 /* plus the signal's number */
};

typedef struct cds_touched cds_touched;

struct cds_cli {
  cds_arena *arena;
  cds_diag *diag;
  cds_call call;
  const cds_options *options; /* of call */
  bool colour;                /* of what is printed */
  const cds_ranks *ranks;     /* NULL: this process is alone */
  bool mute;                  /* another rank says what there is to say */
  size_t constraints;         /* files of constraints, taken out of the call */
  const char **constraint;
  cds_touched *touched; /* files that are read and written (apart.h) */
};

/* The commands. */
#define CDS_COMMAND(name, visible, least, most, files, formats, summary,       \
                    about, examples)                                           \
  int cds_cmd_##name(cds_cli *cli);
#include "cli/commands.def"
#undef CDS_COMMAND

/* main.c -------------------------------------------------------------- */

/* Exit code for a status; interruption gives 128 + signal. */
int cds_cli_exit_code(cds_status status);
/* Says that memory is exhausted, and ends the program (71). */
void cds_cli_out_of_memory(void) __attribute__((noreturn));
/* Of a rank that has come to where all wait for one another, with a code that
 * is not 0 if it has failed, and what must be the same for all, or NULL. Exit
 * code: that of the first failure; the rank it happened to says why. */
int cds_cli_gate(cds_cli *cli, int code, const char *with);
/* Message without a place: "codesign: error: ...". */
void cds_cli_error(cds_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Writes and forgets the diagnostics so far. */
void cds_cli_flush_messages(cds_cli *cli);
/* Line on standard error with --verbose. */
void cds_cli_say(const cds_cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* cds_arena_printf and cds_arena_array that end the program (71) without
 * memory. */
char *cds_cli_printf(cds_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));
void *cds_cli_array(cds_arena *arena, size_t count, size_t size)
    __attribute__((returns_nonnull));
/* Hint: the nearest candidate, or `otherwise`. */
void cds_cli_suggest(cds_diag *diag, const char *name,
                     const char *const *candidates, size_t count,
                     const char *otherwise);

/* help.c -------------------------------------------------------------- */

/* Whole help of a command, or of the program when NULL; <= 80 columns. */
void cds_help_write(FILE *stream, const cds_command *command, bool brief,
                    cds_arena *arena);
/* Writes text wrapped at 79 columns with `indent` blanks before each line but
 * the first; `column` is where the first line begins. */
void cds_help_wrap(FILE *stream, const char *text, unsigned column,
                   unsigned indent);

/* output.c ------------------------------------------------------------ */

/* One output: standard output, or a file that appears whole or not at all. */
typedef struct cds_output {
  FILE *stream;
  const char *path; /* NULL: standard output */
  char *temporary;  /* NULL: written in place */
} cds_output;

/* Opens a file (NULL and "-": standard output). False with a message. */
bool cds_output_open(cds_output *out, const char *path, cds_cli *cli);
/* Writes out what is buffered, down to the disk; the file still has its
 * temporary name. False with a message that names file and reason. */
bool cds_output_finish(cds_output *out, cds_cli *cli);
/* Gives a finished file its name. */
bool cds_output_commit(cds_output *out, cds_cli *cli);
/* Removes what was written; legal after any of the above. */
void cds_output_discard(cds_output *out);
/* finish and commit; exit code. */
int cds_output_close(cds_output *out, cds_cli *cli, int exit_code);
/* Makes a folder and its parents. */
bool cds_output_folder(const char *path, cds_cli *cli);
/* Whether the file could be written now; false with a message. Asked before
 * long work. */
bool cds_output_possible(const char *path, cds_cli *cli);
/* Opens what -o names, for commands with a single output. */
bool cds_output_begin(cds_output *out, cds_cli *cli);

/* signals.c ----------------------------------------------------------- */

/* From here on the first SIGINT or SIGTERM sets the flag below, the second
 * ends the program at once (temporary files are removed). */
void cds_signals_install(bool announce);
/* Flags for cds_control: cancelled, and after the time below. */
const volatile int *cds_signals_flag(void);
const volatile int *cds_signals_hurry(void);
/* Sets the second flag after so many seconds; false: there is no timer. */
bool cds_signals_after(double seconds);
/* Number of the signal that came, or 0. */
int cds_signals_received(void);
/* Another rank has received it, or (0) fails: sets the flag for cancelled. */
void cds_signals_told(int signal_number);
/* Files to remove when a second signal comes; at most four at a time. */
void cds_signals_guard(const char *path);
void cds_signals_release(const char *path);

/* progress.c ---------------------------------------------------------- */

/* Prepares a control whose callback shows progress on standard error.
 * `unit` and `scale` say how the objective is printed. */
void cds_progress_begin(cds_control *control, const cds_cli *cli,
                        const char *unit, double scale);
/* Removes the progress line. */
void cds_progress_end(void);
/* Seconds of a monotonic clock. */
double cds_clock(void);

#endif
