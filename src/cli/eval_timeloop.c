/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The numbers that Timeloop prints for a mapping (count/timeloop.h): a command
 * of its own inside of eval, as neither counts nor prices are those of native
 * results.
 */
#include "cli/eval_timeloop.h"

#include "cli/nest.h"
#include "cli/timeloop_result.h"

typedef cds_timeloop_item item;
typedef cds_timeloop_job job;

/* ---- reading and pricing ------------------------------------------------ */

static cds_status misfit(const job *it, const cds_mapping_entry *entry,
                         const item *each, const cds_misfit *what) {
  const cds_page page = {NULL, false, it->cli->arena};
  const cds_level *level = &it->inputs.arch->level[what->level];
  cds_diag_error(it->cli->diag, cds_mapping_hold_place(entry, level->name),
                 "the mapping of '%s' does not fit '%s' by Timeloop's "
                 "accounting: level '%s' needs %s, most of it for tensor "
                 "'%s', and has %s",
                 each->layer->name, it->inputs.arch->name, level->name,
                 cds_page_bits(&page, what->need_bits),
                 each->layer->einsum.tensor[what->tensor].name,
                 cds_page_bits(&page, what->size_bits));
  return CDS_EINFEASIBLE;
}

static cds_status evaluate(job *it, const cds_mapping_entry *entry,
                           item *each) {
  const cds_arch *arch = it->inputs.arch;
  const cds_reader reader = {it->cli->arena, it->cli->diag, NULL, 0};
  each->layer = cds_inputs_layer(&it->inputs.workload, entry, it->cli);
  if (each->layer == NULL) {
    return CDS_EINPUT;
  }
  const cds_einsum *einsum = &each->layer->einsum;
  CDS_TRY(cds_mapping_read(&each->mapping, entry->nest, arch, einsum, &reader));
  const cds_status counted = cds_timeloop_count(
      &each->counts, arch, einsum, &each->mapping, entry->place, &reader);
  if (counted == CDS_ELIMIT) {
    cds_diag_error(it->cli->diag, entry->place,
                   "layer '%s' is too large to count: expected counts below "
                   "2^64 and at most 2^20 elements that work below a level",
                   each->layer->name);
  }
  CDS_TRY(counted);
  cds_misfit what = {0};
  if (cds_timeloop_fits(&what, arch, einsum, &each->counts) != CDS_OK) {
    return misfit(it, entry, each, &what);
  }
  const cds_status priced =
      cds_timeloop_price(&each->cost, arch, einsum, &each->counts);
  if (priced == CDS_EINPUT) {
    cds_diag_error(it->cli->diag, each->layer->place,
                   "'%s' has no number format for layer '%s': expected one "
                   "that covers its operands",
                   arch->compute.name, each->layer->name);
    return CDS_EINFEASIBLE;
  }
  return priced;
}

static cds_status prepare(job *it) {
  cds_cli *cli = it->cli;
  const char *path = cli->call.file[2];
  const cds_reader reader = {cli->arena, cli->diag, NULL, 0};
  const cds_status inputs = cds_inputs_read(&it->inputs, cli, 3);
  const cds_status mapping =
      cds_mapping_file_read(&it->entry, &it->entries, path, &reader);
  cds_stdin_rewind();
  CDS_TRY(inputs);
  CDS_TRY(mapping);
  cds_inputs_add(&it->inputs.provenance, "mapping", path);
  it->item = cds_cli_array(cli->arena, it->entries, sizeof *it->item);
  cds_status worst = CDS_OK;
  for (size_t i = 0; i < it->entries; i++) {
    const cds_status status = evaluate(it, &it->entry[i], &it->item[i]);
    /* Wrong input outranks what does not fit. */
    worst = worst == CDS_OK || status == CDS_EINPUT ? status : worst;
  }
  return worst;
}

int cds_eval_timeloop(cds_cli *cli) {
  job *it = cds_cli_array(cli->arena, 1, sizeof *it);
  it->cli = cli;
  const cds_status status = prepare(it);
  if (status != CDS_OK) {
    return cds_inputs_exit_code(&it->inputs, status);
  }
  return cds_timeloop_result_write(it, CDS_EXIT_DONE);
}
