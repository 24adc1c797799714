/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign completion SHELL: scripts generated from the tables. */
#include <string.h>

#include "cli/cli.h"

/* Text between single quotes; `escape` is what stands for one within. A colon
 * would end a name in zsh: it gets a backslash there. */
static void write_quoted(FILE *stream, const char *text, const char *escape,
                         bool colons) {
  for (const char *at = text; *at != '\0'; at++) {
    if (*at == '\'') {
      fputs(escape, stream);
      continue;
    }
    if (colons && *at == ':') {
      fputc('\\', stream);
    }
    fputc(*at, stream);
  }
}

/* ---- bash --------------------------------------------------------------- */

static void write_bash_options(FILE *stream, const cds_command *command) {
  const char *between = "";
  for (size_t i = 0; i < CDS_OPTIONS; i++) {
    if (cds_option_applies(&cds_option_table[i], command)) {
      fprintf(stream, "%s--%s", between, cds_option_table[i].name);
      between = " ";
    }
  }
}

static void write_bash(FILE *stream) {
  fputs("# bash completion of codesign\n_codesign() {\n"
        "  local word=${COMP_WORDS[COMP_CWORD]} list=\"\"\n"
        "  if [[ $COMP_CWORD -eq 1 ]]; then\n    list=\"",
        stream);
  for (size_t i = 0; i < CDS_COMMANDS; i++) {
    if (cds_commands[i].visible) {
      fprintf(stream, "%s ", cds_commands[i].name);
    }
  }
  fputs("--help --version\"\n  elif [[ $word == -* ]]; then\n"
        "    case ${COMP_WORDS[1]} in\n",
        stream);
  for (size_t i = 0; i < CDS_COMMANDS; i++) {
    if (cds_commands[i].visible) {
      fprintf(stream, "    %s) list=\"", cds_commands[i].name);
      write_bash_options(stream, &cds_commands[i]);
      fputs("\" ;;\n", stream);
    }
  }
  fputs("    esac\n  else\n    COMPREPLY=($(compgen -f -- \"$word\"))\n"
        "    return\n  fi\n"
        "  COMPREPLY=($(compgen -W \"$list\" -- \"$word\"))\n}\n"
        "complete -o filenames -F _codesign codesign\n",
        stream);
}

/* ---- zsh ---------------------------------------------------------------- */

/* 'name:what it does', as _describe takes them. */
static void write_zsh_item(FILE *stream, const char *dashes, const char *name,
                           const char *text) {
  fprintf(stream, "      '%s%s:", dashes, name);
  write_quoted(stream, text, "'\\''", true);
  fputs("'\n", stream);
}

static void write_zsh(FILE *stream) {
  fputs("#compdef codesign\n_codesign() {\n  local -a list\n"
        "  if (( CURRENT == 2 )); then\n    list=(\n",
        stream);
  for (size_t i = 0; i < CDS_COMMANDS; i++) {
    if (cds_commands[i].visible) {
      write_zsh_item(stream, "", cds_commands[i].name, cds_commands[i].summary);
    }
  }
  fputs("    )\n    _describe command list\n    return\n  fi\n"
        "  if [[ $words[CURRENT] != -* ]]; then\n    _files\n    return\n  fi\n"
        "  case $words[2] in\n",
        stream);
  for (size_t i = 0; i < CDS_COMMANDS; i++) {
    const cds_command *command = &cds_commands[i];
    if (!command->visible) {
      continue;
    }
    fprintf(stream, "    %s)\n    list=(\n", command->name);
    for (size_t o = 0; o < CDS_OPTIONS; o++) {
      if (cds_option_applies(&cds_option_table[o], command)) {
        write_zsh_item(stream, "--", cds_option_table[o].name,
                       cds_option_table[o].help);
      }
    }
    fputs("    ) ;;\n", stream);
  }
  fputs("  esac\n  _describe -o option list\n}\n"
        "if [[ $funcstack[1] == _codesign ]]; then\n  _codesign \"$@\"\n"
        "else\n  compdef _codesign codesign\nfi\n",
        stream);
}

/* ---- fish --------------------------------------------------------------- */

static void write_fish_option(FILE *stream, const cds_command *command,
                              const cds_option *option) {
  const bool valued =
      option->type != CDS_OPTION_FLAG && option->type != CDS_OPTION_ALIAS;
  fprintf(stream,
          "complete -c codesign -n '__fish_seen_subcommand_from %s' -l %s",
          command->name, option->name);
  if (option->letter != 0) {
    fprintf(stream, " -s %c", option->letter);
  }
  fputs(valued ? " -r -d '" : " -d '", stream);
  write_quoted(stream, option->help, "\\'", false);
  fputs("'\n", stream);
}

static void write_fish(FILE *stream) {
  fputs("# fish completion of codesign\n", stream);
  for (size_t i = 0; i < CDS_COMMANDS; i++) {
    const cds_command *command = &cds_commands[i];
    if (!command->visible) {
      continue;
    }
    fprintf(stream,
            "complete -c codesign -n __fish_use_subcommand -f -a %s -d '",
            command->name);
    write_quoted(stream, command->summary, "\\'", false);
    fputs("'\n", stream);
    for (size_t o = 0; o < CDS_OPTIONS; o++) {
      if (cds_option_applies(&cds_option_table[o], command)) {
        write_fish_option(stream, command, &cds_option_table[o]);
      }
    }
  }
}

int cds_cmd_completion(cds_cli *cli) {
  static const struct {
    const char *name;
    void (*write)(FILE *stream);
  } shells[] = {{"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};
  for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
    if (strcmp(cli->call.file[0], shells[i].name) == 0) {
      cds_output out;
      if (!cds_output_begin(&out, cli)) {
        return CDS_EXIT_OUTPUT;
      }
      shells[i].write(out.stream);
      return cds_output_close(&out, cli, CDS_EXIT_DONE);
    }
  }
  cds_cli_error(cli, "unknown shell '%s': expected 'bash', 'zsh' or 'fish'",
                cli->call.file[0]);
  return CDS_EXIT_CALL;
}
