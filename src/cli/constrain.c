/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/constrain.h"

#include <string.h>

#include "cli/foreign.h"
#include "spec/constraints.h"

bool cds_is_constraints(const cds_yaml *root) {
  return root->kind == CDS_YAML_MAPPING &&
         cds_yaml_get(root, "constraints") != NULL &&
         cds_yaml_get(root, "architecture") == NULL &&
         cds_yaml_get(root, "workload") == NULL &&
         cds_yaml_get(root, "mapping") == NULL;
}

/* A file that cannot be read is none; who reads it will say why. */
static bool holds_constraints(cds_cli *cli, const char *path) {
  cds_diag *unheard = cds_diag_new(cli->arena);
  const cds_yaml *root = NULL;
  const bool good =
      unheard != NULL && cds_importer_of(path) == NULL &&
      cds_yaml_read_file(&root, path, cli->arena, unheard) == CDS_OK &&
      cds_is_constraints(root);
  cds_stdin_rewind();
  return good;
}

cds_status cds_constrain_take(cds_cli *cli, size_t wanted) {
  cds_call *call = &cli->call;
  const cds_command *command = call->command;
  size_t left = 0;
  cli->constraint = cds_cli_array(cli->arena, call->files, sizeof(char *));
  for (size_t i = 0; i < call->files; i++) {
    const char *path = call->file[i];
    if (holds_constraints(cli, path)) {
      cli->constraint[cli->constraints++] = path;
    } else {
      call->file[left++] = path;
    }
  }
  call->files = left;
  if (wanted == 0 || left == wanted) {
    return CDS_OK;
  }
  if (left > wanted) {
    cds_cli_error(cli, "'%s' is one file too many for '%s'", call->file[wanted],
                  command->name);
  } else {
    cds_cli_error(cli, "'%s' needs %zu files beside constraints but got %zu",
                  command->name, wanted, left);
  }
  cds_diag_hint(cli->diag, "codesign %s [options] %s", command->name,
                command->files);
  return CDS_EINPUT;
}

cds_status cds_constrain_space(cds_space *space, cds_cli *cli) {
  for (size_t i = 0; i < cli->constraints; i++) {
    const cds_yaml *root = NULL;
    cds_cli_say(cli, "reading constraints '%s'", cli->constraint[i]);
    const cds_status read =
        cds_yaml_read_file(&root, cli->constraint[i], cli->arena, cli->diag);
    cds_stdin_rewind();
    CDS_TRY(read);
    CDS_TRY(cds_space_constrain(space, root, cli->arena, cli->diag));
  }
  return CDS_OK;
}

cds_status cds_constrain_inputs(cds_inputs *inputs, cds_cli *cli) {
  CDS_TRY(cds_constraints_check(inputs->arch, &inputs->workload, cli->diag));
  return cds_constraints_mark(&inputs->workload, inputs->arch, cli->arena);
}
