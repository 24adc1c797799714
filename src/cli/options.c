/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parsing of the command line from the tables; see options.h. */
#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "yaml/yaml.h"

const cds_command cds_commands[CDS_COMMANDS + 1] = {
#define CDS_COMMAND(name, visible, least, most, files, formats, summary,       \
                    about, examples)                                           \
  {#name,   visible, least, most,     files,                                   \
   formats, summary, about, examples, cds_cmd_##name},
#include "cli/commands.def"
#undef CDS_COMMAND
    {0}};

#define FOR(name) (1u << CDS_COMMAND_##name)
#define FOR_ALL ((1u << CDS_COMMANDS) - 1)

const cds_option cds_option_table[CDS_OPTIONS] = {
#define CDS_OPTION(group, field, name, letter, type, unit, fallback, low,      \
                   high, commands, help)                                       \
  {CDS_GROUP_##group,                                                          \
   name,                                                                       \
   letter,                                                                     \
   CDS_OPTION_##type,                                                          \
   unit,                                                                       \
   fallback,                                                                   \
   low,                                                                        \
   high,                                                                       \
   commands,                                                                   \
   help,                                                                       \
   offsetof(cds_options, field)},
#include "cli/options.def"
#undef CDS_OPTION
};

bool cds_option_typed(const cds_options *options, const char *name) {
  for (size_t i = 0; i < CDS_OPTIONS; i++) {
    if (strcmp(cds_option_table[i].name, name) == 0) {
      return options->origin[i][0] == '-';
    }
  }
  return false;
}

/* Folders above an input that may hold a configuration file. */
enum { FOLDERS_MAX = 64 };

/* State of one parse. `rank` is the precedence of what set each option. */
typedef struct parser {
  cds_call *call;
  cds_arena *arena;
  cds_diag *diag;
  const char *origin[CDS_OPTIONS];
  cds_place place; /* in a configuration file; none for flags */
} parser;

static const cds_place NOWHERE = {NULL, 0, 0};

const cds_command *cds_command_find(const char *name) {
  for (size_t i = 0; i < CDS_COMMANDS; i++) {
    if (strcmp(cds_commands[i].name, name) == 0) {
      return &cds_commands[i];
    }
  }
  return NULL;
}

bool cds_option_applies(const cds_option *option, const cds_command *command) {
  if (command == NULL || command == &cds_commands[CDS_COMMAND_options]) {
    return true; /* 'options' shows what any of them would do */
  }
  const cds_command *cluster = &cds_commands[CDS_COMMAND_cluster];
  const bool asked = command == cluster && option->group == CDS_GROUP_QUESTION;
  const unsigned own = (unsigned)(command - cds_commands);
  return (option->commands >> own & 1) != 0 ||
         (asked && (option->commands & FOR(explore)) != 0); /* passed on */
}

static void *field_of(const cds_option *option, cds_options *options) {
  return (char *)options + option->offset;
}

const char *cds_option_choice(const cds_option *option, unsigned index,
                              cds_arena *arena) {
  const char *at = option->unit;
  for (; index > 0; index--) {
    at = strchr(at, '|') + 1;
  }
  return cds_arena_strndup(arena, at, strcspn(at, "|"));
}

const char *cds_option_text(const cds_option *option,
                            const cds_options *options, cds_arena *arena) {
  const char *at = (const char *)options + option->offset;
  switch (option->type) {
  case CDS_OPTION_FLAG:
    return *(const bool *)(const void *)at ? "true" : "false";
  case CDS_OPTION_COUNT:
    return cds_arena_printf(
        arena, "%llu", (unsigned long long)*(const uint64_t *)(const void *)at);
  case CDS_OPTION_TEXT: {
    const char *text = *(const char *const *)(const void *)at;
    return text == NULL ? "" : text;
  }
  case CDS_OPTION_CHOICE:
    return cds_option_choice(option, *(const unsigned *)(const void *)at,
                             arena);
  case CDS_OPTION_LIST: {
    const cds_texts *list = (const void *)at;
    const char *all = "";
    for (size_t i = 0; i < list->count; i++) {
      all = cds_cli_printf(arena, "%s%s%s", all, i > 0 ? "; " : "",
                           list->text[i]);
    }
    return all;
  }
  case CDS_OPTION_ALIAS:
    break;
  }
  return "";
}

/* The names that a CHOICE accepts, as an array for suggestions. */
static size_t choices_of(const char ***out, const cds_option *option,
                         cds_arena *arena) {
  size_t count = 1;
  for (const char *at = option->unit; (at = strchr(at, '|')) != NULL; at++) {
    count++;
  }
  const char **names = cds_arena_array(arena, count, sizeof *names);
  for (unsigned i = 0; names != NULL && i < count; i++) {
    names[i] = cds_option_choice(option, i, arena);
  }
  *out = names;
  return names == NULL ? 0 : count;
}

/* What a message calls an option: as it was given, or by its name in a file,
 * where the place says the rest. */
static const char *label(const parser *p, const cds_option *option,
                         const char *origin) {
  return p->place.file != NULL ? option->name : origin;
}

static bool set_choice(parser *p, const cds_option *option, const char *text,
                       const char *origin) {
  const char **names;
  const size_t count = choices_of(&names, option, p->arena);
  for (unsigned i = 0; i < count; i++) {
    if (strcmp(names[i], text) == 0) {
      *(unsigned *)field_of(option, &p->call->options) = i;
      return true;
    }
  }
  cds_diag_error(p->diag, p->place, "'%s' is '%s': expected %s",
                 label(p, option, origin), text, option->unit);
  cds_diag_suggest(p->diag, text, names, count);
  return false;
}

static bool set_count(parser *p, const cds_option *option, const char *text,
                      const char *origin) {
  char *end = NULL;
  const bool digits = isdigit((unsigned char)*text);
  errno = 0;
  const unsigned long long value = digits ? strtoull(text, &end, 10) : 0;
  if (!digits || *end != '\0' || errno == ERANGE || value < option->low ||
      value > option->high) {
    cds_diag_error(p->diag, p->place,
                   "'%s' is '%s': expected a whole number from %llu to %llu",
                   label(p, option, origin), text,
                   (unsigned long long)option->low,
                   (unsigned long long)option->high);
    cds_diag_hint(p->diag, "%s", option->help);
    return false;
  }
  *(uint64_t *)field_of(option, &p->call->options) = value;
  return true;
}

static bool set_flag(parser *p, const cds_option *option, const char *text,
                     const char *origin) {
  static const char *const words[] = {"0",  "1",   "false", "true",
                                      "no", "yes", "off",   "on"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (strcmp(text, words[i]) == 0) {
      *(bool *)field_of(option, &p->call->options) = i % 2 == 1;
      return true;
    }
  }
  cds_diag_error(p->diag, p->place, "'%s' is '%s': expected true or false",
                 label(p, option, origin), text);
  cds_diag_suggest(p->diag, text, words + 2, 2);
  return false;
}

/* Appends to a list; a list from a source of lower rank is replaced. */
static bool add_to_list(parser *p, const cds_option *option, const char *text,
                        const char *origin) {
  const size_t row = (size_t)(option - cds_option_table);
  cds_texts *list = field_of(option, &p->call->options);
  if (strcmp(p->origin[row], origin) != 0) {
    list->count = 0;
  }
  const char **grown =
      cds_arena_array(p->arena, list->count + 1, sizeof *grown);
  if (grown == NULL) {
    return false;
  }
  for (size_t i = 0; i < list->count; i++) {
    grown[i] = list->text[i];
  }
  grown[list->count] = text;
  list->text = grown;
  list->count++;
  return true;
}

static const cds_option *find_option(const char *name, size_t length) {
  for (size_t i = 0; i < CDS_OPTIONS; i++) {
    const char *known = cds_option_table[i].name;
    if (strlen(known) == length && strncmp(known, name, length) == 0) {
      return &cds_option_table[i];
    }
  }
  return NULL;
}

static bool set_option(parser *p, const cds_option *option, const char *text,
                       const char *origin) {
  bool good = false;
  if (option->type == CDS_OPTION_ALIAS) {
    const char *equals = strchr(option->unit, '=');
    option = find_option(option->unit, (size_t)(equals - option->unit));
    text = equals + 1;
  }
  switch (option->type) {
  case CDS_OPTION_FLAG:
    good = set_flag(p, option, text, origin);
    break;
  case CDS_OPTION_COUNT:
    good = set_count(p, option, text, origin);
    break;
  case CDS_OPTION_TEXT:
    *(const char **)field_of(option, &p->call->options) = text;
    good = true;
    break;
  case CDS_OPTION_LIST:
    good = add_to_list(p, option, text, origin);
    break;
  case CDS_OPTION_CHOICE:
    good = set_choice(p, option, text, origin);
    break;
  case CDS_OPTION_ALIAS:
    break;
  }
  p->origin[option - cds_option_table] = origin;
  return good;
}

static bool set_defaults(parser *p) {
  memset(&p->call->options, 0, sizeof p->call->options);
  for (size_t i = 0; i < CDS_OPTIONS; i++) {
    const cds_option *option = &cds_option_table[i];
    p->origin[i] = "default";
    if (option->fallback != NULL &&
        !set_option(p, option, option->fallback, "default")) {
      return false;
    }
  }
  return true;
}

/* CODESIGN_REQUIRE_PROOF for require-proof. */
static const char *environment_name(const cds_option *option,
                                    cds_arena *arena) {
  char *name = cds_cli_printf(arena, "CODESIGN_%s", option->name);
  for (char *at = name; at != NULL && *at != '\0'; at++) {
    const int upper = toupper((unsigned char)*at);
    *at = '_';
    if (upper != '-') {
      *at = (char)upper;
    }
  }
  return name;
}

/* ---- configuration files ------------------------------------------------ */

/* One key of a configuration file: an option's name and value, or a list. */
static bool set_from_key(parser *p, const cds_yaml *key,
                         const cds_yaml *value) {
  const cds_option *option = find_option(key->text, strlen(key->text));
  p->place = key->place;
  if (option == NULL || option->group == CDS_GROUP_HELP) {
    const char *names[CDS_OPTIONS];
    for (size_t i = 0; i < CDS_OPTIONS; i++) {
      names[i] = cds_option_table[i].name;
    }
    cds_diag_error(p->diag, key->place, "unknown option '%s'", key->text);
    cds_cli_suggest(p->diag, key->text, names, CDS_OPTIONS,
                    "'codesign options' lists them");
    return false;
  }
  const char *origin =
      cds_cli_printf(p->arena, "%s:%u", key->place.file, key->place.line);
  if (value->kind == CDS_YAML_SCALAR) {
    p->place = value->place;
    return set_option(p, option, value->text, origin);
  }
  bool good =
      option->type == CDS_OPTION_LIST && value->kind == CDS_YAML_SEQUENCE;
  for (size_t i = 0; i < value->count && good; i++) {
    good = value->items[i]->kind == CDS_YAML_SCALAR &&
           set_option(p, option, value->items[i]->text, origin);
  }
  if (!good && cds_diag_errors(p->diag) == 0) {
    cds_diag_error(p->diag, value->place,
                   "option '%s' has no plain value: expected %s", option->name,
                   option->type == CDS_OPTION_LIST ? "a list of texts"
                                                   : "one value");
  }
  return good;
}

static bool read_configuration(parser *p, const char *path) {
  const cds_yaml *root = NULL;
  if (access(path, R_OK) != 0) {
    return true;
  }
  if (cds_yaml_read_file(&root, path, p->arena, p->diag) != CDS_OK) {
    return false;
  }
  if (root->kind != CDS_YAML_MAPPING) {
    cds_diag_error(p->diag, root->place,
                   "a configuration file holds no mapping: expected options "
                   "and their values");
    return false;
  }
  bool good = true;
  for (size_t i = 0; i < root->count && good; i++) {
    good = set_from_key(p, root->keys[i], root->items[i]);
  }
  p->place = NOWHERE;
  return good;
}

static bool read_user_configuration(parser *p) {
  const char *folder = getenv("XDG_CONFIG_HOME");
  const char *home = getenv("HOME");
  if (folder != NULL && *folder != '\0') {
    return read_configuration(
        p, cds_cli_printf(p->arena, "%s/codesign/config.yaml", folder));
  }
  return home == NULL || *home == '\0' ||
         read_configuration(
             p,
             cds_cli_printf(p->arena, "%s/.config/codesign/config.yaml", home));
}

/* codesign.yaml in the folder of the first input or the nearest above it. */
static bool read_project_configuration(parser *p, const char *input) {
  const char *slash = input == NULL ? NULL : strrchr(input, '/');
  const char *folder =
      slash == NULL
          ? ""
          : cds_cli_printf(p->arena, "%.*s", (int)(slash - input + 1), input);
  for (unsigned up = 0; up < FOLDERS_MAX; up++) {
    const char *path = cds_cli_printf(p->arena, "%scodesign.yaml", folder);
    if (access(path, R_OK) == 0) {
      return read_configuration(p, path);
    }
    /* The folder above the topmost one is that one again. */
    struct stat here, above;
    const char *parent = cds_cli_printf(p->arena, "%s../", folder);
    if (stat(*folder == '\0' ? "." : folder, &here) != 0 ||
        stat(parent, &above) != 0 ||
        (here.st_dev == above.st_dev && here.st_ino == above.st_ino)) {
      break;
    }
    folder = parent;
  }
  return true;
}

/* ---- environment -------------------------------------------------------- */

/* Lists in the environment are separated by ';'. */
static bool set_from_list(parser *p, const cds_option *option, const char *text,
                          const char *origin) {
  for (const char *at = text; *at != '\0';) {
    at += strspn(at, "; ");
    const size_t length = strcspn(at, ";");
    if (length > 0) {
      const char *item = cds_arena_strndup(p->arena, at, length);
      if (item == NULL || !set_option(p, option, item, origin)) {
        return false;
      }
    }
    at += length;
  }
  return true;
}

static bool read_environment(parser *p) {
  for (size_t i = 0; i < CDS_OPTIONS; i++) {
    const cds_option *option = &cds_option_table[i];
    if (option->group == CDS_GROUP_HELP || option->type == CDS_OPTION_ALIAS) {
      continue;
    }
    const char *name = environment_name(option, p->arena);
    const char *text = name == NULL ? NULL : getenv(name);
    if (text == NULL || *text == '\0') {
      continue;
    }
    const bool good = option->type == CDS_OPTION_LIST
                          ? set_from_list(p, option, text, name)
                          : set_option(p, option, text, name);
    if (!good) {
      return false;
    }
  }
  return true;
}

static bool takes_value(const cds_option *option) {
  return option->type != CDS_OPTION_FLAG && option->type != CDS_OPTION_ALIAS;
}

static bool unknown_option(parser *p, const char *name, size_t length) {
  const char *names[CDS_OPTIONS];
  for (size_t i = 0; i < CDS_OPTIONS; i++) {
    names[i] = cds_cli_printf(p->arena, "--%s", cds_option_table[i].name);
  }
  const char *given = cds_arena_strndup(p->arena, name, length);
  cds_diag_error(p->diag, NOWHERE, "unknown option '%s'", given);
  cds_cli_suggest(p->diag, given, names, CDS_OPTIONS,
                  "'codesign --help' lists the options");
  return false;
}

static bool missing_value(parser *p, const char *given,
                          const cds_option *option) {
  cds_diag_error(p->diag, NOWHERE, "option '%s' needs a value", given);
  cds_diag_hint(p->diag, "--%s %s: %s", option->name, option->unit,
                option->help);
  return false;
}

/* --name, --name=value, --name value. Advances *at over what it uses. */
static bool parse_long(parser *p, int argc, char **argv, int *at) {
  const char *given = argv[*at];
  const char *name = given + 2;
  const size_t length = strcspn(name, "=");
  const cds_option *option = find_option(name, length);
  if (option == NULL) {
    return unknown_option(p, given, length + 2);
  }
  const char *value = name[length] == '=' ? name + length + 1 : NULL;
  const char *origin = cds_cli_printf(p->arena, "--%s", option->name);
  if (!takes_value(option)) {
    if (value != NULL && option->type == CDS_OPTION_ALIAS) {
      cds_diag_error(p->diag, NOWHERE, "option '%s' takes no value", origin);
      cds_diag_hint(p->diag, "%s", option->help);
      return false;
    }
    return set_option(p, option, value == NULL ? "true" : value, origin);
  }
  if (value == NULL) {
    if (*at + 1 >= argc) {
      return missing_value(p, origin, option);
    }
    (*at)++;
    value = argv[*at];
  }
  return set_option(p, option, value, origin);
}

static const cds_option *find_letter(char letter) {
  for (size_t i = 0; i < CDS_OPTIONS; i++) {
    if (cds_option_table[i].letter == letter) {
      return &cds_option_table[i];
    }
  }
  return NULL;
}

/* -qv, -j4, -j 4. */
static bool parse_short(parser *p, int argc, char **argv, int *at) {
  const char *letters = argv[*at] + 1;
  for (; *letters != '\0'; letters++) {
    const cds_option *option = find_letter(*letters);
    if (option == NULL) {
      const char given[3] = {'-', *letters, '\0'};
      return unknown_option(p, given, 2);
    }
    const char *origin = cds_cli_printf(p->arena, "-%c", *letters);
    if (!takes_value(option)) {
      if (!set_option(p, option, "true", origin)) {
        return false;
      }
      continue;
    }
    if (letters[1] != '\0') {
      return set_option(p, option, letters + 1, origin);
    }
    if (*at + 1 >= argc) {
      return missing_value(p, origin, option);
    }
    (*at)++;
    return set_option(p, option, argv[*at], origin);
  }
  return true;
}

void cds_option_unknown_command(cds_diag *diag, const char *word) {
  const char *names[CDS_COMMANDS];
  size_t count = 0;
  for (size_t i = 0; i < CDS_COMMANDS; i++) {
    if (cds_commands[i].visible) {
      names[count++] = cds_commands[i].name;
    }
  }
  cds_diag_error(diag, NOWHERE, "unknown command '%s'", word);
  cds_diag_suggest(diag, word, names, count);
}

/* The first word that is no option names the command; the others are files. */
static bool take_word(parser *p, const char *word) {
  if (p->call->command != NULL) {
    p->call->file[p->call->files++] = word;
    return true;
  }
  p->call->command = cds_command_find(word);
  if (p->call->command != NULL) {
    return true;
  }
  cds_option_unknown_command(p->diag, word);
  return false;
}

static bool read_arguments(parser *p, int argc, char **argv) {
  bool options_ended = false;
  for (int at = 1; at < argc; at++) {
    const char *word = argv[at];
    bool good;
    if (options_ended || word[0] != '-' || word[1] == '\0') {
      good = take_word(p, word);
    } else if (word[1] != '-') {
      good = parse_short(p, argc, argv, &at);
    } else if (word[2] != '\0') {
      good = parse_long(p, argc, argv, &at);
    } else {
      options_ended = true;
      good = true;
    }
    if (!good) {
      return false;
    }
  }
  return true;
}

/* Flags (not the environment) must be of use to the command. */
static bool check_applies(const parser *p) {
  const cds_command *command = p->call->command;
  for (size_t i = 0; i < CDS_OPTIONS; i++) {
    const cds_option *option = &cds_option_table[i];
    if (p->origin[i][0] != '-' || cds_option_applies(option, command)) {
      continue;
    }
    cds_diag_error(p->diag, NOWHERE, "option '%s' is not for '%s'",
                   p->origin[i], command->name);
    cds_diag_hint(p->diag, "--%s: %s", option->name, option->help);
    return false;
  }
  return true;
}

static bool check_format(const parser *p) {
  static const char letters[] = "tjc";
  const cds_command *command = p->call->command;
  const unsigned format = p->call->options.format;
  if (strchr(command->formats, letters[format]) != NULL) {
    return true;
  }
  if (p->origin[CDS_OPTION_INDEX_format][0] != '-') {
    p->call->options.format = CDS_FORMAT_TEXT;
    return true;
  }
  const cds_option *option = &cds_option_table[CDS_OPTION_INDEX_format];
  cds_diag_error(p->diag, NOWHERE, "'%s' has no %s form", command->name,
                 cds_option_choice(option, format, p->arena));
  cds_diag_hint(p->diag, "its forms are text%s%s",
                strchr(command->formats, 'j') ? ", json" : "",
                strchr(command->formats, 'c') ? ", csv" : "");
  return false;
}

static bool check_files(const parser *p) {
  const cds_call *call = p->call;
  const cds_command *command = call->command;
  if (call->files >= command->least && call->files <= command->most) {
    return true;
  }
  if (call->files > command->most) {
    cds_diag_error(p->diag, NOWHERE, "'%s' is one file too many for '%s'",
                   call->file[command->most], command->name);
  } else {
    cds_diag_error(p->diag, NOWHERE, "'%s' needs %zu file%s but got %zu",
                   command->name, command->least,
                   command->least == 1 ? "" : "s", call->files);
  }
  cds_diag_hint(p->diag, "codesign %s [options] %s", command->name,
                command->files);
  return false;
}

static bool check_call(const parser *p) {
  if (p->call->options.help || p->call->options.version) {
    return true;
  }
  if (p->call->command == NULL) {
    cds_diag_error(p->diag, NOWHERE, "no command given");
    cds_diag_hint(p->diag, "the main one is 'codesign explore ARCH WORKLOAD'");
    return false;
  }
  return check_applies(p) && check_format(p) && check_files(p);
}

/* Reads flags and files once to learn which input there is, and again over
 * what configuration and environment say. */
static int parse_all(parser *p, int argc, char **argv) {
  cds_call *call = p->call;
  if (!set_defaults(p) || !read_arguments(p, argc, argv)) {
    return CDS_EXIT_CALL;
  }
  const char *input = call->files > 0 ? call->file[0] : NULL;
  call->command = NULL;
  call->files = 0;
  if (!set_defaults(p)) {
    return CDS_EXIT_BUG;
  }
  if (!read_user_configuration(p) || !read_project_configuration(p, input)) {
    return CDS_EXIT_INPUT;
  }
  return read_environment(p) && read_arguments(p, argc, argv) && check_call(p)
             ? CDS_EXIT_DONE
             : CDS_EXIT_CALL;
}

int cds_options_parse(cds_call *out, int argc, char **argv, cds_arena *arena,
                      cds_diag *diag) {
  parser p = {out, arena, diag, {NULL}, NOWHERE};
  memset(out, 0, sizeof *out);
  out->file = cds_cli_array(arena, (size_t)argc + 1, sizeof *out->file);
  const int code = parse_all(&p, argc, argv);
  const char **origin = cds_cli_array(arena, CDS_OPTIONS, sizeof *origin);
  memcpy(origin, p.origin, sizeof p.origin);
  out->options.origin = origin;
  return code;
}
