/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Energies (ERT) and areas (ART) of components. Of several names that an
 * action may have, the first that a table has counts; of several entries with
 * one name, the largest.
 */
#include <math.h>
#include <string.h>

#include "import/timeloop.h"

enum { TEXT_SHOWN = 60 };

/* "system.PE[0..15].RF[1..16]" without its ranges. */
static const char *plain_path(cds_tl *it, const char *from) {
  char *path = cds_tl_print(it, "%s", from);
  char *to = path;
  bool range = false;
  for (const char *at = from; path[0] != '\0' && *at != '\0'; at++) {
    range = *at == '[' || (range && *at != ']');
    if (!range && *at != ']') {
      *to++ = *at;
    }
  }
  *to = '\0';
  return path;
}

/* The component of a path, or of its last part; or NULL. */
static cds_tl_component *find(cds_tl *it, const char *path) {
  const char *dot = strrchr(path, '.');
  const char *last = dot == NULL ? path : dot + 1;
  cds_tl_component *found = NULL;
  for (unsigned c = 0; c < it->components; c++) {
    if (strcmp(it->component[c].path, path) == 0) {
      return &it->component[c];
    }
    if (strcmp(it->component[c].foreign, last) == 0) {
      found = &it->component[c];
    }
  }
  return found;
}

/* The largest energy of actions with the name; NaN: none. */
static double energy_of(cds_tl *it, const cds_yaml *actions, const char *name) {
  double energy = (double)NAN;
  for (size_t i = 0; i < cds_tl_items(actions); i++) {
    const cds_yaml *action = cds_tl_item(actions, i);
    const cds_yaml *key = cds_tl_get(action, "name", NULL);
    const cds_yaml *value = cds_tl_get(action, "energy", NULL);
    double one = 0.0;
    if (key == NULL || key->kind != CDS_YAML_SCALAR || value == NULL ||
        strcmp(key->text, name) != 0 ||
        !cds_tl_number(&one, it, value, "'energy'")) {
      continue;
    }
    energy = isnan(energy) || one > energy ? one : energy;
  }
  return energy;
}

static void take_energies(cds_tl *it, cds_tl_component *to,
                          const cds_yaml *actions) {
  static const char *const names[CDS_TL_ACTIONS][6] = {
      {"random_read", "read"},
      {"random_fill", "random_write", "fill", "write"},
      {"random_update", "random_write", "update", "write"},
      {"mac_random", "mult_random", "mac", "mult", "compute"},
      {"leak"}};
  for (unsigned a = 0; a < CDS_TL_ACTIONS; a++) {
    double energy = (double)NAN;
    for (size_t n = 0; names[a][n] != NULL && isnan(energy); n++) {
      energy = energy_of(it, actions, names[a][n]);
    }
    /* An energy among the attributes goes first. */
    if (isnan(to->energy_pj[a])) {
      to->energy_pj[a] = energy;
    }
  }
}

static void read_table(cds_tl *it, const cds_yaml *table, bool areas) {
  const cds_yaml *name = cds_tl_get(table, "name", NULL);
  const char *text = name == NULL ? NULL : cds_tl_text(it, name, "'name'");
  const char *path = text == NULL ? NULL : plain_path(it, text);
  if (path == NULL) {
    cds_tl_error(it, table->place, "a table without a name: expected one");
    return;
  }
  cds_tl_component *to = find(it, path);
  const cds_yaml *what = cds_tl_get(table, areas ? "area" : "actions", NULL);
  if (to == NULL) {
    return; /* of a component that Timeloop leaves out, too */
  }
  if (what == NULL) {
    cds_tl_error(it, table->place, "table of '%.*s' without '%s': expected it",
                 TEXT_SHOWN, text, areas ? "area" : "actions");
  } else if (areas) {
    (void)cds_tl_number(&to->area_um2, it, what, "'area'");
  } else {
    take_energies(it, to, what);
  }
}

static void read_tables(cds_tl *it, const cds_yaml *root, bool areas) {
  const cds_yaml *tables = cds_tl_get(root, "tables", NULL);
  if (tables == NULL || tables->kind != CDS_YAML_SEQUENCE) {
    cds_tl_error(it, root->place, "no list of 'tables': expected one");
    return;
  }
  for (size_t i = 0; i < tables->count; i++) {
    read_table(it, tables->items[i], areas);
  }
}

void cds_tl_read_tables(cds_tl *it) {
  if (it->ert != NULL) {
    read_tables(it, it->ert, false);
  }
  if (it->art != NULL) {
    read_tables(it, it->art, true);
  }
}
