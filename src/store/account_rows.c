/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of an account; see account_rows.h. */
#include "store/account_rows.h"

#include <string.h>

#include "store/tree.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

typedef struct writing {
  const cds_account *account;
  cds_database *database;
  uint64_t *changed;
  cds_arena *arena;
} writing;

static cds_status put(const writing *it, const char *sql, const cds_cell *cell,
                      size_t cells) {
  CDS_TRY(cds_database_run(it->database, sql, cell, cells, NULL, NULL));
  *it->changed += cds_database_changes(it->database);
  return CDS_OK;
}

static cds_cell run_of(const writing *it) {
  return cds_cell_text(it->account->run);
}

/* ---- what was asked ------------------------------------------------------ */

static cds_cell truth(const cds_yaml *node, const char *key) {
  const char *text = cds_tree_text(node, key);
  return cds_cell_count(text != NULL && strcmp(text, "true") == 0);
}

static cds_status write_run(const writing *it) {
  const cds_yaml *root = it->account->root;
  const cds_yaml *objective = cds_tree_member(root, "objective");
  const cds_yaml *space = cds_tree_member(root, "space");
  const cds_yaml *provenance = cds_tree_member(root, "provenance");
  const cds_cell cell[] = {
      run_of(it),
      cds_tree_text_cell(root, "architecture"),
      cds_tree_text_cell(root, "workload"),
      cds_tree_text_cell(objective, "name"),
      cds_tree_text_cell(objective, "unit"),
      cds_cell_text(it->account->status),
      truth(root, "proven"),
      cds_tree_number_cell(root, "value"),
      cds_tree_number_cell(root, "bound"),
      cds_tree_number_cell(root, "gap"),
      cds_tree_count_cell(cds_tree_member(root, "winner"), "index"),
      cds_tree_count_cell(space, "designs"),
      cds_tree_text_cell(space, "mappings"),
      cds_tree_text_cell(space, "fusion"),
      cds_tree_text_cell(space, "residency"),
      cds_tree_text_cell(space, "heat"),
      cds_tree_text_cell(provenance, "version"),
      cds_tree_count_cell(provenance, "model_version"),
      cds_cell_count(it->account->level),
      cds_cell_text(it->account->sha256)};
  return put(it,
             "INSERT INTO runs (run, architecture, workload, objective, unit, "
             "status, proven, value, bound, gap, winner, designs, mappings, "
             "fusion, residency, heat, version, model_version, level, sha256) "
             "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
             "?14, ?15, ?16, ?17, ?18, ?19, ?20)",
             cell, COUNT_OF(cell));
}

static cds_status write_inputs(const writing *it) {
  const cds_yaml *provenance = cds_tree_member(it->account->root, "provenance");
  const cds_yaml *inputs = cds_tree_member(provenance, "inputs");
  const cds_yaml *options = cds_tree_member(provenance, "options");
  for (size_t i = 0; i < cds_tree_count(inputs); i++) {
    const cds_yaml *input = inputs->items[i];
    const cds_cell cell[] = {
        run_of(it), cds_cell_count(i), cds_tree_text_cell(input, "role"),
        cds_tree_text_cell(input, "path"), cds_tree_text_cell(input, "sha256")};
    CDS_TRY(put(it,
                "INSERT INTO inputs (run, place, role, path, sha256) VALUES "
                "(?1, ?2, ?3, ?4, ?5)",
                cell, COUNT_OF(cell)));
  }
  for (size_t i = 0; options != NULL && options->kind == CDS_YAML_MAPPING &&
                     i < options->count;
       i++) {
    const cds_cell cell[] = {
        run_of(it), cds_cell_text(options->keys[i]->text),
        cds_cell_text(cds_tree_text_of(options->items[i]))};
    CDS_TRY(put(it,
                "INSERT INTO options (run, name, value) VALUES (?1, ?2, ?3)",
                cell, COUNT_OF(cell)));
  }
  return CDS_OK;
}

static cds_status write_limits(const writing *it) {
  const cds_yaml *limits =
      cds_tree_member(cds_tree_member(it->account->root, "space"), "limits");
  for (size_t i = 0; i < cds_tree_count(limits); i++) {
    const cds_cell cell[] = {run_of(it), cds_cell_count(i),
                             cds_cell_text(cds_tree_text_of(limits->items[i]))};
    CDS_TRY(put(it,
                "INSERT INTO limits (run, place, limit_text) VALUES (?1, ?2, "
                "?3)",
                cell, COUNT_OF(cell)));
  }
  return CDS_OK;
}

static cds_status write_values(const writing *it, size_t place,
                               const cds_yaml *variable) {
  const cds_yaml *values = cds_tree_member(variable, "values");
  const cds_yaml *numbers = cds_tree_member(variable, "numbers");
  for (size_t i = 0; i < cds_tree_count(values); i++) {
    const cds_cell cell[] = {
        run_of(it), cds_cell_count(place), cds_cell_count(i),
        cds_cell_text(cds_tree_text_of(values->items[i])),
        cds_cell_number(i < cds_tree_count(numbers)
                            ? cds_tree_number_of(numbers->items[i])
                            : (double)NAN)};
    CDS_TRY(put(it,
                "INSERT INTO variable_values (run, variable, place, text, "
                "number) VALUES (?1, ?2, ?3, ?4, ?5)",
                cell, COUNT_OF(cell)));
  }
  return CDS_OK;
}

/* A design's number has its values as digits, that of the last one lowest. The
 * product of the counts is the number of designs, which is below 2^63. */
static cds_status write_variables(const writing *it) {
  const cds_yaml *variables =
      cds_tree_member(cds_tree_member(it->account->root, "space"), "variables");
  uint64_t stride = 1;
  for (size_t left = cds_tree_count(variables); left > 0; left--) {
    const cds_yaml *variable = variables->items[left - 1];
    const size_t count = cds_tree_count(cds_tree_member(variable, "values"));
    const cds_cell cell[] = {run_of(it),
                             cds_cell_count(left - 1),
                             cds_tree_text_cell(variable, "name"),
                             cds_tree_text_cell(variable, "unit"),
                             cds_cell_count(stride),
                             cds_cell_count(count)};
    CDS_TRY(put(it,
                "INSERT INTO variables (run, place, name, unit, stride, count) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                cell, COUNT_OF(cell)));
    CDS_TRY(write_values(it, left - 1, variable));
    stride *= count;
  }
  return CDS_OK;
}

/* ---- what the winner is made of ------------------------------------------ */

/* The lines, separated by commas. */
static cds_status join(cds_cell *out, const cds_yaml *lines, cds_arena *arena) {
  const char *all = cds_tree_count(lines) > 0 ? "" : NULL;
  for (size_t i = 0; i < cds_tree_count(lines); i++) {
    const char *line = cds_tree_text_of(lines->items[i]);
    all = cds_arena_printf(arena, "%s%s%s", all, i > 0 ? ", " : "",
                           line == NULL ? "" : line);
    if (all == NULL) {
      return CDS_ENOMEM;
    }
  }
  *out = cds_cell_text(all);
  return CDS_OK;
}

static cds_status write_components(const writing *it, size_t place,
                                   const cds_yaml *layer) {
  const cds_yaml *parts = cds_tree_member(layer, "energy_by_component");
  for (size_t i = 0; i < cds_tree_count(parts); i++) {
    const cds_cell cell[] = {
        run_of(it), cds_cell_count(place),
        cds_tree_text_cell(parts->items[i], "kind"),
        cds_tree_text_cell(parts->items[i], "name"),
        cds_tree_number_cell(parts->items[i], "energy_pj")};
    CDS_TRY(put(
        it,
        "INSERT OR REPLACE INTO components (run, layer, kind, name, energy_pj) "
        "VALUES (?1, ?2, ?3, ?4, ?5)",
        cell, COUNT_OF(cell)));
  }
  return CDS_OK;
}

static cds_status write_layer(const writing *it, size_t place,
                              const cds_yaml *layer) {
  cds_cell mapping = {.kind = CDS_CELL_NONE};
  CDS_TRY(join(&mapping, cds_tree_member(layer, "mapping"), it->arena));
  const cds_cell cell[] = {
      run_of(it),
      cds_cell_count(place),
      cds_tree_text_cell(layer, "name"),
      cds_tree_text_cell(layer, "kind"),
      cds_tree_text_cell(layer, "phase"),
      cds_tree_count_cell(layer, "count"),
      cds_tree_text_cell(layer, "status"),
      cds_tree_number_cell(layer, "energy_pj"),
      cds_tree_number_cell(layer, "latency_s"),
      cds_tree_number_cell(layer, "edp_pj_s"),
      cds_tree_number_cell(layer, "lower_bound_pj_s"),
      cds_tree_number_cell(layer, "gap"),
      cds_tree_count_cell(layer, "macs"),
      cds_tree_count_cell(layer, "useful_macs"),
      cds_tree_number_cell(layer, "cycles"),
      cds_tree_text_cell(cds_tree_member(layer, "bottleneck"), "name"),
      cds_tree_count_cell(layer, "chain"),
      mapping};
  CDS_TRY(put(it,
              "INSERT INTO layers (run, place, name, kind, phase, count, "
              "status, energy_pj, latency_s, edp_pj_s, lower_bound_pj_s, gap, "
              "macs, useful_macs, cycles, bottleneck, chain, mapping) VALUES "
              "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "
              "?15, ?16, ?17, ?18)",
              cell, COUNT_OF(cell)));
  return write_components(it, place, layer);
}

static cds_status write_phase(const writing *it, size_t place,
                              const cds_yaml *phase) {
  const cds_cell cell[] = {run_of(it),
                           cds_cell_count(place),
                           cds_tree_text_cell(phase, "name"),
                           cds_tree_text_cell(phase, "kind"),
                           cds_tree_count_cell(phase, "batch"),
                           cds_tree_count_cell(phase, "tokens"),
                           cds_tree_count_cell(phase, "context"),
                           cds_tree_number_cell(phase, "runs"),
                           cds_tree_number_cell(phase, "energy_pj"),
                           cds_tree_number_cell(phase, "latency_s"),
                           cds_tree_number_cell(phase, "power_w"),
                           cds_tree_number_cell(phase, "wall_w"),
                           cds_tree_number_cell(phase, "time_to_first_token_s"),
                           cds_tree_number_cell(phase, "time_per_token_s"),
                           cds_tree_number_cell(phase, "energy_per_token_j")};
  return put(it,
             "INSERT INTO phases (run, place, name, kind, batch, tokens, "
             "context, runs, energy_pj, latency_s, power_w, wall_w, "
             "time_to_first_token_s, time_per_token_s, energy_per_token_j) "
             "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
             "?14, ?15)",
             cell, COUNT_OF(cell));
}

static cds_status write_network(const writing *it) {
  const cds_yaml *layers = cds_tree_member(it->account->root, "layers");
  const cds_yaml *phases = cds_tree_member(it->account->root, "phases");
  for (size_t i = 0; i < cds_tree_count(layers); i++) {
    CDS_TRY(write_layer(it, i, layers->items[i]));
  }
  for (size_t i = 0; i < cds_tree_count(phases); i++) {
    CDS_TRY(write_phase(it, i, phases->items[i]));
  }
  return CDS_OK;
}

/* ---- all of it ----------------------------------------------------------- */

static cds_status clear(const writing *it) {
  static const char *const statements[] = {
      "DELETE FROM runs WHERE run = ?1",
      "DELETE FROM inputs WHERE run = ?1",
      "DELETE FROM options WHERE run = ?1",
      "DELETE FROM limits WHERE run = ?1",
      "DELETE FROM variables WHERE run = ?1",
      "DELETE FROM variable_values WHERE run = ?1",
      "DELETE FROM layers WHERE run = ?1",
      "DELETE FROM components WHERE run = ?1",
      "DELETE FROM phases WHERE run = ?1"};
  const cds_cell run = run_of(it);
  for (size_t i = 0; i < COUNT_OF(statements); i++) {
    CDS_TRY(cds_database_run(it->database, statements[i], &run, 1, NULL, NULL));
  }
  return CDS_OK;
}

cds_status cds_account_rows_write(const cds_account *account,
                                  cds_database *database, uint64_t *changed,
                                  cds_arena *arena) {
  const writing it = {account, database, changed, arena};
  CDS_TRY(clear(&it));
  CDS_TRY(write_run(&it));
  CDS_TRY(write_inputs(&it));
  CDS_TRY(write_limits(&it));
  CDS_TRY(write_variables(&it));
  return write_network(&it);
}
