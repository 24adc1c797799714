/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign merge DIR... -o FILE: results of many runs in one database. */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"
#include "export/json.h"
#include "store/fold.h"

typedef struct merging {
  cds_cli *cli;
  cds_database *database;
  size_t folders;
  uint64_t changed;
  bool wrong; /* some folder was left out */
  cds_json json;
} merging;

/* ---- what is said -------------------------------------------------------- */

static void tell(merging *it, const char *folder, const cds_folded *folded) {
  it->folders++;
  it->changed += folded->changed;
  if (it->cli->options->format == CDS_FORMAT_JSON) {
    cds_json_object(&it->json, NULL);
    cds_json_text(&it->json, "folder", folder);
    cds_json_array_line(&it->json, "runs");
    for (size_t i = 0; i < folded->runs; i++) {
      cds_json_text(&it->json, NULL, folded->run[2 * i + 1]);
    }
    cds_json_end(&it->json);
    cds_json_count(&it->json, "rows_changed", folded->changed);
    cds_json_end(&it->json);
    return;
  }
  for (size_t i = 0; i < folded->runs; i++) {
    printf("%s: %s, run %.10s\n", folder, folded->run[2 * i],
           folded->run[2 * i + 1]);
  }
  if (folded->changed == 0) {
    printf("%s: nothing new\n", folder);
  } else {
    printf("%s: %" PRIu64 " rows added or changed\n", folder, folded->changed);
  }
}

static void begin(merging *it) {
  if (it->cli->options->format == CDS_FORMAT_JSON) {
    cds_json_begin(&it->json, stdout);
    cds_json_object(&it->json, NULL);
    cds_json_text(&it->json, "database", it->cli->options->output);
    cds_json_array(&it->json, "folders");
  }
}

static int finish(merging *it, int code) {
  const char *path = it->cli->options->output;
  if (it->cli->options->format == CDS_FORMAT_JSON) {
    cds_json_end(&it->json);
    cds_json_count(&it->json, "rows_changed", it->changed);
    cds_json_end(&it->json);
    cds_json_finish(&it->json);
  } else if (it->folders > 0) {
    printf("%s: %zu folder%s\n", path, it->folders,
           it->folders == 1 ? "" : "s");
  }
  cds_output out; /* stdout, which is asked whether it took all */
  if (!cds_output_open(&out, NULL, it->cli)) {
    return CDS_EXIT_OUTPUT;
  }
  return cds_output_close(&out, it->cli,
                          code == CDS_EXIT_DONE && it->wrong ? CDS_EXIT_INPUT
                                                             : code);
}

/* ---- folders ------------------------------------------------------------- */

/* A folder is taken whole or not at all. */
static cds_status go_on(const merging *it) {
  if (*cds_signals_flag() == 0) {
    return CDS_OK;
  }
  cds_cli_error(it->cli,
                "interrupted: %zu folder%s merged, the others are left out",
                it->folders, it->folders == 1 ? " was" : "s were");
  return CDS_EINTERRUPTED;
}

/* A folder that is wrong is named and left out: the others go on. */
static cds_status fold(merging *it, const cds_folder *folder) {
  cds_folded folded;
  CDS_TRY(go_on(it));
  cds_arena *arena = cds_arena_new();
  if (arena == NULL) {
    return CDS_ENOMEM;
  }
  cds_status status =
      cds_store_fold(&folded, folder, it->database, arena, it->cli->diag);
  if (status == CDS_OK) {
    tell(it, folder->path, &folded);
  }
  if (status == CDS_EINPUT) {
    it->wrong = true;
    status = CDS_OK;
  }
  cds_cli_flush_messages(it->cli);
  cds_arena_free(arena);
  return status;
}

static cds_status fold_named(merging *it, const char *path) {
  cds_cli *cli = it->cli;
  cds_folder folder;
  const char *const *inner = NULL;
  size_t count = 0;
  cds_status status = cds_folder_look(&folder, path, cli->arena, cli->diag);
  if (status == CDS_OK && (folder.result || folder.journals > 0)) {
    return fold(it, &folder);
  }
  if (status == CDS_OK) {
    status =
        cds_folder_list(&inner, &count, folder.path, cli->arena, cli->diag);
  }
  if (status == CDS_OK && count == 0) {
    cds_diag_error(
        cli->diag, (cds_place){folder.path, 0, 0},
        "neither a result.json nor a journal is in this folder, or "
        "in those in it: expected one that 'codesign explore' wrote");
    status = CDS_EINPUT;
  }
  for (size_t i = 0; i < count && status == CDS_OK; i++) {
    status = cds_folder_look(&folder, inner[i], cli->arena, cli->diag);
    if (status == CDS_OK) {
      status = fold(it, &folder);
    }
  }
  if (status == CDS_EINPUT) {
    it->wrong = true;
    status = CDS_OK;
  }
  return status;
}

int cds_cmd_merge(cds_cli *cli) {
  merging it = {.cli = cli};
  const char *path = cli->options->output;
  if (path == NULL || strcmp(path, "-") == 0) {
    cds_cli_error(cli, path == NULL
                           ? "'merge' without a file: expected -o FILE, the "
                             "database"
                           : "'--output' is '-': expected a file, the "
                             "database, which cannot be printed");
    return CDS_EXIT_CALL;
  }
  cds_signals_install(!cli->options->quiet);
  cds_status status = cds_database_open(&it.database, path, true, cli->diag);
  if (status != CDS_OK) {
    return status == CDS_EIO ? CDS_EXIT_OUTPUT : cds_cli_exit_code(status);
  }
  begin(&it);
  for (size_t i = 0; i < cli->call.files && status == CDS_OK; i++) {
    status = fold_named(&it, cli->call.file[i]);
  }
  cds_database_close(it.database);
  return finish(&it,
                status == CDS_OK ? CDS_EXIT_DONE : cds_cli_exit_code(status));
}
