/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Commands and options: structs, parsing and help all come from commands.def
 * and options.def.
 */
#ifndef CDS_CLI_OPTIONS_H
#define CDS_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "diag/diag.h"

typedef struct cds_cli cds_cli;

typedef struct cds_command {
  const char *name;
  bool visible;
  size_t least, most; /* files */
  const char *files;  /* as the usage line names them */
  const char *formats;
  const char *summary, *about;
  const char *examples; /* zero-terminated each, an empty one ends */
  int (*run)(cds_cli *cli);
} cds_command;

enum {
#define CDS_COMMAND(name, visible, least, most, files, formats, summary,       \
                    about, examples)                                           \
  CDS_COMMAND_##name,
#include "cli/commands.def"
#undef CDS_COMMAND
  CDS_COMMANDS
};
/* Ends with name NULL. */
extern const cds_command cds_commands[CDS_COMMANDS + 1];
const cds_command *cds_command_find(const char *name);

typedef struct cds_texts {
  size_t count;
  const char **text;
} cds_texts;

typedef enum cds_option_type {
  CDS_OPTION_FLAG,
  CDS_OPTION_COUNT,
  CDS_OPTION_TEXT,
  CDS_OPTION_LIST,
  CDS_OPTION_CHOICE,
  CDS_OPTION_ALIAS
} cds_option_type;

typedef enum cds_option_group {
  CDS_GROUP_QUESTION,
  CDS_GROUP_OUTPUT,
  CDS_GROUP_RUN,
  CDS_GROUP_MESSAGES,
  CDS_GROUP_HELP
} cds_option_group;
enum { CDS_GROUPS = 5 };

#define CDS_STORE_FLAG(field) bool field;
#define CDS_STORE_COUNT(field) uint64_t field;
#define CDS_STORE_TEXT(field) const char *field;
#define CDS_STORE_LIST(field) cds_texts field;
#define CDS_STORE_CHOICE(field) unsigned field;
#define CDS_STORE_ALIAS(field) bool field;

/* The values, and for each option where its value comes from. */
typedef struct cds_options {
#define CDS_OPTION(group, field, name, letter, type, unit, fallback, low,      \
                   high, commands, help)                                       \
  CDS_STORE_##type(field)
#include "cli/options.def"
#undef CDS_OPTION
  const char *const *origin; /* by row of cds_option_table */
} cds_options;

typedef struct cds_option {
  cds_option_group group;
  const char *name;
  char letter; /* 0: none */
  cds_option_type type;
  const char *unit, *fallback;
  uint64_t low, high;
  unsigned commands; /* bit mask of CDS_COMMAND_<name> */
  const char *help;
  size_t offset;
} cds_option;

enum {
#define CDS_OPTION(group, field, name, letter, type, unit, fallback, low,      \
                   high, commands, help)                                       \
  CDS_OPTION_INDEX_##field,
#include "cli/options.def"
#undef CDS_OPTION
  CDS_OPTIONS
};
extern const cds_option cds_option_table[CDS_OPTIONS];
/* Whether the option stands in the call itself; its name as in the table. */
bool cds_option_typed(const cds_options *options, const char *name);

/* Indexes into the names of the CHOICE rows. */
enum { CDS_AUTO, CDS_ALWAYS, CDS_NEVER };
enum { CDS_FORMAT_TEXT, CDS_FORMAT_JSON, CDS_FORMAT_CSV };
enum {
  CDS_ACCOUNTING_NATIVE,
  CDS_ACCOUNTING_TIMELOOP,
  CDS_ACCOUNTING_ACCELFORGE
};

/* A parsed call. */
typedef struct cds_call {
  const cds_command *command; /* NULL: none given */
  size_t files;
  const char **file;
  cds_options options;
} cds_call;

/* Reads, each over the one before: $XDG_CONFIG_HOME/codesign/config.yaml,
 * codesign.yaml in the folder of the first file or above, the environment
 * (CODESIGN_<OPTION>), the arguments. Exit code: 0, or 2 (call) or 3
 * (configuration file) after an error with a hint. */
int cds_options_parse(cds_call *out, int argc, char **argv, cds_arena *arena,
                      cds_diag *diag);
/* Message about a command that does not exist, with the nearest one. */
void cds_option_unknown_command(cds_diag *diag, const char *word);
/* Whether the option is of use to the command (any, when NULL). */
bool cds_option_applies(const cds_option *option, const cds_command *command);
/* Name of the chosen value of a CHOICE row: borrowed, in the arena. */
const char *cds_option_choice(const cds_option *option, unsigned index,
                              cds_arena *arena);
/* Value as text, as a flag would take it; "" for none. */
const char *cds_option_text(const cds_option *option,
                            const cds_options *options, cds_arena *arena);

#endif
