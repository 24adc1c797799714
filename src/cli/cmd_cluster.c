/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign cluster ENGINE ARCH WORKLOAD... */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/apart.h"
#include "cli/certify.h"
#include "cli/cli.h"
#include "cli/cluster_script.h"
#include "cli/explore_case.h"

typedef struct engine {
  const char *name, *script, *next;
  void (*write)(FILE *stream, const cds_cluster_call *call);
} engine;

static const engine engines[] = {
    {"parallel", "parallel.sh", "starts the shards, and then merges them",
     cds_cluster_parallel},
    {"slurm", "slurm.sh", "submits the shards, and the job that merges them",
     cds_cluster_slurm},
};
enum { ENGINES = sizeof engines / sizeof *engines };

static const engine *find_engine(cds_cli *cli) {
  const char *name = cli->call.file[0];
  const char *names[ENGINES];
  for (size_t i = 0; i < ENGINES; i++) {
    names[i] = engines[i].name;
    if (strcmp(name, engines[i].name) == 0) {
      return &engines[i];
    }
  }
  cds_cli_error(cli, "unknown engine '%s': expected 'parallel' or 'slurm'",
                name);
  cds_diag_suggest(cli->diag, name, names, ENGINES);
  return NULL;
}

static bool goes_together(cds_cli *cli, const engine *with) {
  const cds_options *options = cli->options;
  const bool slurm = strcmp(with->name, "slurm") == 0;
  const char *other = slurm && options->hosts != NULL       ? "--hosts"
                      : !slurm && options->sbatch.count > 0 ? "--sbatch"
                                                            : NULL;
  if (other != NULL) {
    cds_cli_error(cli, "'%s' is not for '%s'", other, with->name);
    return false;
  }
  for (size_t i = 0; i < options->sbatch.count; i++) {
    if (options->sbatch.text[i][0] != '-') {
      cds_cli_error(cli,
                    "'--sbatch' is '%s': expected an option of sbatch, such as "
                    "--sbatch=--partition=long",
                    options->sbatch.text[i]);
      return false;
    }
  }
  for (size_t i = 1; i < cli->call.files; i++) {
    if (strcmp(cli->call.file[i], "-") == 0) {
      cds_cli_error(cli, "'-' cannot be read by each process: expected a file");
      return false;
    }
  }
  if (options->output != NULL && strcmp(options->output, "-") == 0) {
    cds_cli_error(cli, "'--output' is '-': expected a folder");
    return false;
  }
  return true;
}

/* ---- what is passed on ----------------------------------------------------
 */

static bool is_default(const cds_option *option, const char *text) {
  return option->type == CDS_OPTION_FLAG
             ? strcmp(text, "false") == 0
             : strcmp(text, option->fallback == NULL ? "" : option->fallback) ==
                   0;
}

/* The files, and the options of the question that are not at their defaults,
 * wherever they come from: the environment of a job may be another one. */
static void list_arguments(cds_cluster_call *out, const cds_cli *cli) {
  cds_arena *arena = cli->arena;
  const cds_options *options = cli->options;
  size_t most = cli->call.files + CDS_OPTIONS;
  for (size_t i = 0; i < CDS_OPTIONS; i++) {
    if (cds_option_table[i].type == CDS_OPTION_LIST) {
      const cds_texts *list =
          (const void *)((const char *)options + cds_option_table[i].offset);
      most += list->count;
    }
  }
  const char **word = cds_cli_array(arena, most, sizeof *word);
  out->argument = word;
  for (size_t i = 1; i < cli->call.files; i++) {
    word[out->arguments++] = cli->call.file[i];
  }
  for (size_t i = 0; i < CDS_OPTIONS; i++) {
    const cds_option *option = &cds_option_table[i];
    const char *text = cds_option_text(option, options, arena);
    if (option->group != CDS_GROUP_QUESTION ||
        !cds_option_applies(option, &cds_commands[CDS_COMMAND_explore]) ||
        is_default(option, text)) {
      continue;
    }
    if (option->type == CDS_OPTION_LIST) {
      const cds_texts *list =
          (const void *)((const char *)options + option->offset);
      for (size_t k = 0; k < list->count; k++) {
        word[out->arguments++] =
            cds_cli_printf(arena, "--%s=%s", option->name, list->text[k]);
      }
    } else {
      word[out->arguments++] =
          option->type == CDS_OPTION_FLAG
              ? cds_cli_printf(arena, "--%s", option->name)
              : cds_cli_printf(arena, "--%s=%s", option->name, text);
    }
  }
}

/* ---- the script ------------------------------------------------------------
 */

/* The absolute path of what is there; NULL with a message. */
static const char *absolute(const char *path, cds_cli *cli) {
  char here[PATH_MAX];
  if (access(path, F_OK) != 0 || getcwd(here, sizeof here) == NULL) {
    cds_cli_error(cli, "cannot read '%s': %s", path, strerror(errno));
    return NULL;
  }
  return *path == '/' ? path
         : strcmp(path, ".") == 0
             ? cds_cli_printf(cli->arena, "%s", here)
             : cds_cli_printf(cli->arena, "%s/%s", here, path);
}

/* This program, wherever that is known; else as PATH finds it. */
static const char *program_of(const cds_cli *cli) {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
  if (size <= 0) {
    return "codesign";
  }
  path[size] = '\0';
  return cds_cli_printf(cli->arena, "%s", path);
}

/* Whether the file names a host: a line that is neither empty nor a comment. */
static bool has_hosts(const char *path, cds_cli *cli) {
  const char *text = path == NULL ? NULL : cds_certify_text(path, cli->arena);
  if (path != NULL && text == NULL) {
    cds_cli_error(cli, "cannot read '%s': %s", path, strerror(errno));
    return false;
  }
  for (const char *at = text; at != NULL && *at != '\0';) {
    at += strspn(at, " \t\r\n");
    if (*at != '#' && *at != '\0') {
      return true;
    }
    at += strcspn(at, "\n");
  }
  if (path != NULL) {
    cds_cli_error(cli, "no host is in '%s': expected one a line", path);
  }
  return path == NULL;
}

static int write_script(cds_cluster_call *call, const engine *with,
                        const char *folder, cds_cli *cli) {
  const cds_options *options = cli->options;
  if (!has_hosts(options->hosts, cli)) {
    return CDS_EXIT_INPUT;
  }
  if (!cds_output_folder(folder, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  call->folder = absolute(folder, cli);
  call->here = absolute(".", cli);
  call->hosts = options->hosts == NULL ? NULL : absolute(options->hosts, cli);
  if (call->folder == NULL || call->here == NULL ||
      (options->hosts != NULL && call->hosts == NULL)) {
    return CDS_EXIT_INPUT;
  }
  call->nodes = (unsigned)options->nodes;
  call->threads = (unsigned)options->jobs;
  if (with->write == cds_cluster_parallel && call->hosts == NULL &&
      call->threads == 0) {
    call->threads = 1; /* all share the cores of this host */
  }
  call->program = program_of(cli);
  call->sbatch = &options->sbatch;
  call->script =
      cds_cli_printf(cli->arena, "%s/%s", call->folder, with->script);
  cds_apart_output_in(cli, folder, with->script);
  if (!cds_apart_check(cli)) {
    return CDS_EXIT_CALL;
  }
  cds_output out;
  if (!cds_output_open(&out, call->script, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  with->write(out.stream, call);
  return cds_output_close(&out, cli, CDS_EXIT_DONE);
}

static int submit(const char *script, cds_cli *cli) {
  char shell[] = "bash";
  char *path = cds_cli_printf(cli->arena, "%s", script);
  char *const words[] = {shell, path, NULL};
  cds_cli_flush_messages(cli);
  if (fflush(stdout) != 0) {
    return CDS_EXIT_OUTPUT;
  }
  signal(SIGPIPE, SIG_DFL); /* what is ignored stays so over exec */
  signal(SIGXFSZ, SIG_DFL);
  execvp(shell, words);
  cds_cli_error(cli, "cannot start 'bash': %s", strerror(errno));
  return CDS_EXIT_NO;
}

/* Everything that a shard would refuse is refused here. */
static int check_case(cds_explore_case *it, cds_cli *cli) {
  cds_files files;
  cli->call.file++;
  cli->call.files--;
  it->cli = cli;
  if (cds_inputs_sort(&files, cli) != CDS_OK) {
    return CDS_EXIT_INPUT;
  }
  if (files.archs > 1) {
    cds_cli_error(cli, "'cluster' takes one architecture at a time");
    return CDS_EXIT_CALL;
  }
  it->path = files.arch[0];
  const cds_status status = cds_case_read(it, &files);
  return status == CDS_OK ? CDS_EXIT_DONE
                          : cds_inputs_exit_code(&it->inputs, status);
}

int cds_cmd_cluster(cds_cli *cli) {
  const engine *with = find_engine(cli);
  cds_cluster_call call = {.nodes = 0};
  if (with == NULL || !goes_together(cli, with)) {
    return CDS_EXIT_CALL;
  }
  list_arguments(&call, cli);
  cds_explore_case *it = cds_cli_array(cli->arena, 1, sizeof *it);
  int code = check_case(it, cli);
  if (code == CDS_EXIT_DONE) {
    code = write_script(&call, with, it->folder, cli);
  }
  if (code != CDS_EXIT_DONE) {
    return code;
  }
  fprintf(stdout, "written       %s/%s\n", it->folder, with->script);
  if (cli->options->submit) {
    return submit(call.script, cli);
  }
  const char *path =
      cds_cli_printf(cli->arena, "%s/%s", it->folder, with->script);
  const char *quote = cds_cluster_is_plain(path) ? "'" : "";
  fprintf(stdout, "              %sbash ", quote);
  cds_cluster_word(stdout, path);
  fprintf(stdout, "%s %s\n", quote, with->next);
  return CDS_EXIT_DONE;
}
