/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options of imports, and workload files of any kind; see foreign.h. */
#include "cli/foreign.h"

#include <string.h>

static const uint64_t size_max = UINT64_C(1) << 40;

/* NAME=SIZE; the name may hold anything, even '='. */
static bool read_dim(cds_import_dim *out, cds_cli *cli, const char *text) {
  const char *mark = strrchr(text, '=');
  const char *digit = mark == NULL ? "" : mark + 1;
  uint64_t size = 0;
  bool good = mark != NULL && mark > text && *digit != '\0';
  for (; good && *digit != '\0'; digit++) {
    good = *digit >= '0' && *digit <= '9' && size <= size_max;
    size = size * 10 + (uint64_t)(*digit - '0');
  }
  if (!good || size == 0 || size > size_max) {
    cds_cli_error(cli,
                  "'--dim %s' is no dimension: expected NAME=SIZE with a size "
                  "of 1 to 2^40, such as batch=8",
                  text);
    return false;
  }
  out->name = cds_cli_printf(cli->arena, "%.*s", (int)(mark - text), text);
  out->size = size;
  return true;
}

static cds_status read_options(cds_import_options *out, cds_cli *cli) {
  const cds_texts *dims = &cli->options->dim;
  cds_import_dim *dim = cds_cli_array(cli->arena, dims->count, sizeof *dim);
  cds_status status = CDS_OK;
  for (size_t i = 0; i < dims->count; i++) {
    if (!read_dim(&dim[i], cli, dims->text[i])) {
      status = CDS_EINPUT;
    }
  }
  const char *precision = cli->options->precision;
  if (precision != NULL && cds_format_find(precision) == NULL) {
    cds_cli_error(cli,
                  "'--precision %s' is no number format: expected one such as "
                  "fp16 or int8",
                  precision);
    status = CDS_EINPUT;
  }
  *out = (cds_import_options){.dims = dims->count,
                              .dim = dim,
                              .precision = precision,
                              .allow_uncosted = cli->options->allow_uncosted,
                              .copy = cli->options->copy_moves};
  return status;
}

cds_status cds_foreign_read(cds_import *out, bool *wrong_call, cds_cli *cli,
                            const cds_importer *importer,
                            const char *const *paths, size_t files) {
  cds_import_options options;
  const cds_status status = read_options(&options, cli);
  if (status != CDS_OK) {
    if (wrong_call != NULL) {
      *wrong_call = true;
    }
    return status;
  }
  const cds_reader reader = {cli->arena, cli->diag, NULL, 0};
  return cds_import_files(out, importer, paths, files, &options, &reader);
}

cds_status cds_foreign_workload(cds_workload *out, bool *wrong_call,
                                cds_cli *cli, const char *path) {
  const cds_reader reader = {cli->arena, cli->diag, NULL, 0};
  const cds_importer *importer = cds_importer_of(path);
  if (importer == NULL) {
    return cds_workload_read(out, path, &reader);
  }
  cds_import import;
  CDS_TRY(cds_foreign_read(&import, wrong_call, cli, importer, &path, 1));
  return cds_import_workload(out, &import, path, &reader);
}

size_t cds_foreign_options(const char *const **out, const cds_cli *cli,
                           const char *path) {
  const cds_options *given = cli->options;
  size_t count = 0;
  if (cds_importer_of(path) == NULL) {
    return 0;
  }
  const char **text =
      cds_cli_array(cli->arena, given->dim.count + 3, sizeof *text);
  for (size_t i = 0; i < given->dim.count; i++) {
    text[count++] = cds_cli_printf(cli->arena, "dim %s", given->dim.text[i]);
  }
  if (given->precision != NULL) {
    text[count++] =
        cds_cli_printf(cli->arena, "precision %s", given->precision);
  }
  if (given->allow_uncosted) {
    text[count++] = "allow-uncosted";
  }
  if (given->copy_moves) {
    text[count++] = "copy-moves";
  }
  *out = text;
  return count;
}
