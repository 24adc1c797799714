/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiled-in models; see models.h. */
#include "validate/models.h"

#include <math.h>
#include <string.h>

#include "validate/golden.h"

const char *cds_validate_text(const char *name, cds_arena *arena) {
  const char *const *line = cds_golden_lines(name);
  size_t length = 0;
  for (size_t i = 0; line != NULL && line[i] != NULL; i++) {
    length += strlen(line[i]) + 1;
  }
  char *out = cds_arena_alloc(arena, length + 1);
  char *at = out;
  for (size_t i = 0; out != NULL && line != NULL && line[i] != NULL; i++) {
    const size_t width = strlen(line[i]);
    memcpy(at, line[i], width);
    at[width] = '\n';
    at += width + 1;
  }
  if (out != NULL) {
    *at = '\0';
  }
  return out;
}

static cds_status read_yaml(const cds_yaml **out, const char *name,
                            cds_validate_case *in) {
  const char *text = cds_validate_text(name, in->arena);
  return text == NULL ? CDS_ENOMEM
                      : cds_yaml_read_text(out, name, text, strlen(text),
                                           in->arena, in->diag);
}

cds_status cds_validate_arch(cds_arch *out, const char *name,
                             const char *const *sets, size_t set_count,
                             cds_validate_case *in) {
  const cds_yaml *root = NULL;
  cds_space *space = NULL;
  CDS_TRY(read_yaml(&root, name, in));
  CDS_TRY(cds_space_of(&space, root, sets, set_count, in->arena, in->diag));
  return cds_space_design(out, space, 0, in->arena, in->diag);
}

cds_status cds_validate_layers_read(cds_validate_layers *out,
                                    const char *workload, const char *mapping,
                                    cds_validate_case *in) {
  const cds_reader reader = {.arena = in->arena, .diag = in->diag};
  const cds_yaml *root = NULL;
  CDS_TRY(read_yaml(&root, workload, in));
  CDS_TRY(cds_workload_read_tree(&out->workload, root, workload, &reader));
  CDS_TRY(read_yaml(&root, mapping, in));
  return cds_mapping_file_read_tree(&out->entry, &out->entries, root, &reader);
}

cds_status cds_validate_price(cds_validate_priced *out, const cds_arch *arch,
                              const cds_validate_layers *layers, size_t index,
                              cds_validate_case *in) {
  const cds_reader reader = {.arena = in->arena, .diag = in->diag};
  if (index >= layers->entries || index >= layers->workload.layers ||
      strcmp(layers->entry[index].layer, layers->workload.layer[index].name) !=
          0) {
    return CDS_EINTERNAL;
  }
  const cds_einsum *einsum = &layers->workload.layer[index].einsum;
  cds_misfit misfit;
  CDS_TRY(cds_mapping_read(&out->mapping, layers->entry[index].nest, arch,
                           einsum, &reader));
  CDS_TRY(cds_count(&out->counts, arch, einsum, &out->mapping, in->arena));
  CDS_TRY(cds_price_fits(&misfit, arch, einsum, &out->counts));
  return cds_price_einsum(&out->cost, arch, einsum, &out->counts,
                          (double)INFINITY);
}
