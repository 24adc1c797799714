/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Help and manual page, generated from the tables. */
#include <ctype.h>
#include <string.h>

#include "cli/cli.h"
#include "codesign/version.h"

enum { WIDTH = 79, OPTION_COLUMN = 26 };

static const char *const group_titles[CDS_GROUPS] = {"What is asked", "Output",
                                                     "Run", "Messages", "Help"};

/* Length of what must stay on one line: a word, with the unit after a number
 * ("12 GiB", "8.3 %"). */
static unsigned unbroken(const char *text) {
  size_t length = strcspn(text, " ");
  while (length > 0 && isdigit((unsigned char)text[length - 1]) &&
         text[length] == ' ' && text[length + 1] != '\0') {
    length += 1 + strcspn(text + length + 1, " ");
  }
  return (unsigned)length;
}

void cds_help_wrap(FILE *stream, const char *text, unsigned column,
                   unsigned indent) {
  bool first = true;
  for (const char *at = text; *at != '\0';) {
    at += strspn(at, " ");
    const unsigned length = unbroken(at);
    if (!first && column + 1 + length > WIDTH) {
      fprintf(stream, "\n%*s", (int)indent, "");
      column = indent;
    } else if (!first) {
      fputc(' ', stream);
      column++;
    }
    fwrite(at, 1, length, stream);
    column += length;
    at += length;
    first = false;
  }
  fputc('\n', stream);
}

static void write_examples(FILE *stream, const cds_command *command) {
  for (const char *at = command->examples; *at != '\0'; at += strlen(at) + 1) {
    fputs("  codesign ", stream);
    cds_help_wrap(stream, at, 11, 6);
  }
}

/* "-o, --output PATH". */
static const char *option_label(const cds_option *option, cds_arena *arena) {
  const bool valued =
      option->type != CDS_OPTION_FLAG && option->type != CDS_OPTION_ALIAS;
  const char *unit = option->type == CDS_OPTION_CHOICE ? "WORD" : option->unit;
  const char *label = cds_cli_printf(arena, "--%s%s%s", option->name,
                                     valued ? " " : "", valued ? unit : "");
  return option->letter == 0
             ? cds_cli_printf(arena, "    %s", label)
             : cds_cli_printf(arena, "-%c, %s", option->letter, label);
}

static const char *option_help(const cds_option *option, cds_arena *arena) {
  if (option->type == CDS_OPTION_CHOICE) {
    return cds_cli_printf(arena, "%s (%s; default %s)", option->help,
                          option->unit, option->fallback);
  }
  if (option->type == CDS_OPTION_COUNT) {
    return cds_cli_printf(arena, "%s (default %s)", option->help,
                          option->fallback);
  }
  return option->help;
}

static void write_option(FILE *stream, const cds_option *option,
                         cds_arena *arena) {
  const char *label = option_label(option, arena);
  fprintf(stream, "  %-*s", OPTION_COLUMN - 2, label);
  if (strlen(label) > OPTION_COLUMN - 3) {
    fprintf(stream, "\n%*s", OPTION_COLUMN, "");
  }
  cds_help_wrap(stream, option_help(option, arena), OPTION_COLUMN,
                OPTION_COLUMN);
}

static void write_options(FILE *stream, const cds_command *command,
                          cds_arena *arena) {
  for (unsigned group = 0; group < CDS_GROUPS; group++) {
    bool title = false;
    for (size_t i = 0; i < CDS_OPTIONS; i++) {
      const cds_option *option = &cds_option_table[i];
      if ((unsigned)option->group != group ||
          !cds_option_applies(option, command)) {
        continue;
      }
      if (!title) {
        fprintf(stream, "\n%s:\n", group_titles[group]);
        title = true;
      }
      write_option(stream, option, arena);
    }
  }
}

static void write_brief_options(FILE *stream, const cds_command *command,
                                cds_arena *arena) {
  const char *line = "options:";
  for (size_t i = 0; i < CDS_OPTIONS; i++) {
    const cds_option *option = &cds_option_table[i];
    if (cds_option_applies(option, command)) {
      line = cds_cli_printf(arena, "%s --%s", line, option->name);
    }
  }
  cds_help_wrap(stream, line, 0, 9);
}

static void write_command_help(FILE *stream, const cds_command *command,
                               bool brief, cds_arena *arena) {
  if (!brief) {
    fputs("Examples:\n", stream);
    write_examples(stream, command);
    fputc('\n', stream);
  }
  fprintf(stream, "usage: codesign %s [options]%s%s\n", command->name,
          *command->files == '\0' ? "" : " ", command->files);
  if (brief) {
    cds_help_wrap(stream, command->summary, 0, 0);
    write_brief_options(stream, command, arena);
    fprintf(stream, "'codesign %s --help' says more\n", command->name);
    return;
  }
  cds_help_wrap(stream, command->about, 0, 0);
  write_options(stream, command, arena);
  fputs("\nAn option may stand before or after files; '--' ends the options; "
        "'-' is\nstandard input or output. Options count more than "
        "CODESIGN_<OPTION> in the\nenvironment, that more than codesign.yaml "
        "beside or above the first file, that\nmore than "
        "~/.config/codesign/config.yaml; 'codesign options' shows them.\n",
        stream);
}

static void write_exit_codes(FILE *stream) {
  fputs("\nExit codes:\n"
        "  0  done\n"
        "  1  ran, but the answer is no: infeasible, or a check failed\n"
        "  2  wrong command line\n"
        "  3  wrong or unreadable input file\n"
        "  4  not proven optimal, and --require-proof was given\n"
        "  5  output could not be written\n"
        "  70 bug in codesign     71 out of memory     130, 143 interrupted\n",
        stream);
}

static void write_commands(FILE *stream) {
  fputs("\nCommands:\n", stream);
  for (size_t i = 0; i < CDS_COMMANDS; i++) {
    if (cds_commands[i].visible) {
      fprintf(stream, "  %-9s %s\n", cds_commands[i].name,
              cds_commands[i].summary);
    }
  }
}

void cds_help_write(FILE *stream, const cds_command *command, bool brief,
                    cds_arena *arena) {
  if (command != NULL) {
    write_command_help(stream, command, brief, arena);
    return;
  }
  if (!brief) {
    fputs("Examples:\n"
          "  codesign explore archs/npu-3d.yaml workloads/llm.yaml\n"
          "  codesign map archs/edge-npu.yaml workloads/gemm16.yaml\n"
          "  codesign check archs/edge-npu.yaml workloads/gemm16.yaml\n\n",
          stream);
  }
  fputs("usage: codesign COMMAND [options] FILE...\n"
        "Finds the accelerator, memory hierarchy and mapping that need the "
        "least\nenergy x delay for an AI workload, and proves it.\n",
        stream);
  write_commands(stream);
  if (brief) {
    fputs("\n'codesign --help' and 'codesign COMMAND --help' say more\n",
          stream);
    return;
  }
  write_options(stream, NULL, arena);
  write_exit_codes(stream);
}

/* A text as roff: '-' and a leading '.' or apostrophe would mean something. */
static void write_roff(FILE *stream, const char *text) {
  for (const char *at = text; *at != '\0'; at++) {
    if (*at == '\\' || *at == '-') {
      fputc('\\', stream);
    }
    fputc(*at, stream);
    if (*at == '\\') {
      fputc('e', stream);
    }
  }
}

static void write_man_options(FILE *stream, cds_arena *arena) {
  fputs(".SH OPTIONS\n", stream);
  for (size_t i = 0; i < CDS_OPTIONS; i++) {
    const cds_option *option = &cds_option_table[i];
    const char *label = option_label(option, arena);
    fputs(".TP\n.B ", stream);
    write_roff(stream, label + strspn(label, " "));
    fputc('\n', stream);
    write_roff(stream, option_help(option, arena));
    fputc('\n', stream);
  }
}

int cds_cmd_man(cds_cli *cli) {
  cds_output out;
  if (!cds_output_begin(&out, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  fprintf(out.stream,
          ".TH CODESIGN 1 \"\" \"codesign %s\" \"User commands\"\n"
          ".SH NAME\ncodesign \\- explore hardware/software co\\-designs of "
          "AI accelerators\n"
          ".SH SYNOPSIS\n.B codesign\n.I command\n[options] [files]\n"
          ".SH COMMANDS\n",
          CDS_VERSION);
  for (size_t i = 0; i < CDS_COMMANDS; i++) {
    const cds_command *command = &cds_commands[i];
    if (!command->visible) {
      continue;
    }
    fprintf(out.stream, ".TP\n.B %s %s\n", command->name, command->files);
    write_roff(out.stream, command->about);
    fputc('\n', out.stream);
  }
  write_man_options(out.stream, cli->arena);
  fputs(".SH EXIT STATUS\n0 done; 1 the answer is no; 2 wrong command line; 3 "
        "wrong input;\n4 not proven with \\-\\-require\\-proof; 5 output not "
        "written; 70 bug;\n71 out of memory; 130 and 143 interrupted.\n",
        out.stream);
  return cds_output_close(&out, cli, CDS_EXIT_DONE);
}
