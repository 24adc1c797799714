/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said of runs; see account.h. */
#include "store/account.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "export/result.h"
#include "store/account_rows.h"
#include "store/tree.h"

/* ---- reading ------------------------------------------------------------- */

static cds_status refuse(const cds_account *account, const cds_yaml *node,
                         const char *what, cds_diag *diag) {
  cds_diag_error(diag,
                 node != NULL ? node->place : (cds_place){account->path, 0, 0},
                 "%s", what);
  return CDS_EINPUT;
}

/* The whole file, at most as long as a tree may be. */
static cds_status read_text(const char **out, size_t *length, const char *path,
                            cds_arena *arena, cds_diag *diag) {
  enum { ROOM = 16 << 20 };
  FILE *stream = fopen(path, "rb");
  if (stream == NULL) {
    cds_diag_error(diag, (cds_place){path, 0, 0}, "cannot read it: %s",
                   strerror(errno));
    return CDS_EINPUT;
  }
  char *text = (char *)cds_malloc(ROOM + 1);
  const size_t size = text == NULL ? 0 : fread(text, 1, ROOM + 1, stream);
  const bool good = !ferror(stream);
  fclose(stream);
  cds_status status = text == NULL ? CDS_ENOMEM : CDS_OK;
  if (status == CDS_OK && (!good || size > ROOM)) {
    cds_diag_error(diag, (cds_place){path, 0, 0},
                   "cannot read it: expected at most 16 MiB");
    status = CDS_EINPUT;
  }
  if (status == CDS_OK) {
    *out = cds_arena_strndup(arena, text, size);
    *length = size;
    status = *out == NULL ? CDS_ENOMEM : CDS_OK;
  }
  cds_free(text);
  return status;
}

static void digest(char out[CDS_SHA256_TEXT], const char *text, size_t size) {
  cds_sha256 hash;
  cds_sha256_begin(&hash);
  cds_sha256_add(&hash, text, size);
  cds_sha256_end(&hash, out);
}

static bool says(const cds_yaml *node, const char *key, const char *what) {
  const char *text = cds_tree_text(node, key);
  return text != NULL && strcmp(text, what) == 0;
}

/* Whether the gap is one that `--gap` allows: "2" or "2 %". */
static bool within_gap(const cds_yaml *root) {
  const cds_yaml *provenance = cds_tree_member(root, "provenance");
  const char *text =
      cds_tree_text(cds_tree_member(provenance, "options"), "gap");
  const char *end = NULL;
  double percent = 0;
  return text != NULL && cds_parse_double(&percent, text, &end) &&
         cds_tree_number(root, "gap") <= percent / 100;
}

/*
 * Whether more time could say nothing else, whatever there was of it: the value
 * is proven, and of several best designs their ranks; or as near as it was
 * asked for; or nothing may be used, and no bound is left below infinity. A gap
 * without a time limit is that of the question, with one perhaps that of the
 * time.
 */
static bool is_settled(const cds_account *account) {
  const cds_yaml *root = account->root;
  if (strcmp(account->status, "none") == 0) {
    return isnan(cds_tree_number(root, "bound"));
  }
  const bool one =
      cds_tree_number(cds_tree_member(root, "designs"), "ranked") <= 1;
  return (says(root, "proven", "true") || within_gap(root)) &&
         (one || says(cds_tree_member(root, "ranking"), "proven", "true"));
}

static unsigned level_of(const cds_account *account) {
  const bool timed =
      says(cds_tree_member(account->root, "run"), "reproducible", "false");
  return strcmp(account->status, "interrupted") == 0 ||
                 (timed && !is_settled(account))
             ? CDS_ACCOUNT_CUT
             : CDS_ACCOUNT_COMPLETE;
}

/* Whether name and unit are those of an objective of this program. */
static bool is_objective(const cds_yaml *node) {
  for (unsigned i = 0; i <= CDS_OBJECTIVE_COST; i++) {
    if (says(node, "name", cds_objective_name((cds_objective)i)) &&
        says(node, "unit", cds_objective_unit((cds_objective)i))) {
      return true;
    }
  }
  return false;
}

/* What both kinds must have. */
static cds_status check(const cds_account *account, cds_diag *diag) {
  const cds_yaml *root = account->root;
  const cds_yaml *version = cds_tree_member(root, "schema_version");
  const cds_yaml *space = cds_tree_member(root, "space");
  if (cds_tree_number_of(version) != CDS_RESULT_SCHEMA_VERSION) {
    return refuse(account, version,
                  "'schema_version' is not 2: expected a result of 'codesign "
                  "explore'",
                  diag);
  }
  if (cds_tree_text(root, "architecture") == NULL ||
      cds_tree_text(root, "workload") == NULL ||
      cds_tree_text(cds_tree_member(root, "objective"), "unit") == NULL ||
      cds_tree_member(root, "provenance") == NULL) {
    return refuse(account, root,
                  "no 'architecture', 'workload', 'objective' or 'provenance': "
                  "expected a result of 'codesign explore'",
                  diag);
  }
  const cds_yaml *objective = cds_tree_member(root, "objective");
  if (!is_objective(objective)) {
    return refuse(account, objective,
                  "unknown 'objective': expected 'edp', 'energy', 'delay', "
                  "'ed2p', 'carbon' or 'cost' with its unit",
                  diag);
  }
  if (cds_tree_count_cell(space, "designs").kind != CDS_CELL_COUNT) {
    return refuse(account, space,
                  "a space without 'designs', or with 2^63 or more: expected "
                  "fewer",
                  diag);
  }
  return CDS_OK;
}

cds_status cds_account_read(cds_account *out, const char *path,
                            cds_arena *arena, cds_diag *diag) {
  const char *text = NULL;
  size_t length = 0;
  *out = (cds_account){.file = "result.json", .path = path};
  CDS_TRY(read_text(&text, &length, path, arena, diag));
  CDS_TRY(cds_yaml_read_text(&out->root, path, text, length, arena, diag));
  out->status = cds_tree_text(out->root, "status");
  CDS_TRY(check(out, diag));
  if (out->status == NULL) {
    return refuse(out, NULL, "no 'status': expected a result", diag);
  }
  const char *run = strstr(text, "\n  \"run\": {");
  digest(out->sha256, text, run == NULL ? length : (size_t)(run - text));
  out->level = level_of(out);
  out->run =
      cds_tree_text(cds_tree_member(out->root, "provenance"), "question");
  if (out->run == NULL) { /* of another version, or of standard input: it is
                             known by what it says */
    enum { DIGITS = 32 };
    out->run = cds_arena_strndup(arena, out->sha256, DIGITS);
  }
  return out->run == NULL ? CDS_ENOMEM : CDS_OK;
}

cds_status cds_account_of_question(cds_account *out, const char *run,
                                   const char *path, const char *text,
                                   cds_arena *arena, cds_diag *diag) {
  *out = (cds_account){.run = run,
                       .file = "journal",
                       .path = path,
                       .level = CDS_ACCOUNT_OPEN,
                       .status = "open"};
  digest(out->sha256, text, strlen(text));
  CDS_TRY(
      cds_yaml_read_text(&out->root, path, text, strlen(text), arena, diag));
  return check(out, diag);
}

/* ---- which account knows more ----------------------------------------------
 */

/* What the database has of a run. */
typedef struct kept {
  bool there;
  unsigned level;
  double proven, bound, value;
  char sha256[CDS_SHA256_TEXT];
} kept;

static cds_status take_kept(const cds_cell *cell, size_t cells, void *payload) {
  kept *out = (kept *)payload;
  (void)cells;
  out->there = true;
  out->level = (unsigned)cell[0].count;
  out->proven = cds_cell_value(&cell[1]);
  out->bound = cds_cell_value(&cell[2]);
  out->value = cds_cell_value(&cell[3]);
  const char *text = cell[4].kind == CDS_CELL_TEXT ? cell[4].text : "";
  strncpy(out->sha256, text, sizeof out->sha256 - 1);
  return CDS_OK;
}

/* -1, 0, 1: a NaN is above all. */
static int compare(double a, double b) {
  if (isnan(a) || isnan(b)) {
    return isnan(a) - isnan(b);
  }
  return (a > b) - (a < b);
}

static bool knows_more(const cds_account *account, const kept *old) {
  const cds_yaml *root = account->root;
  const double is_proven = says(root, "proven", "true");
  if (account->level != old->level) {
    return account->level > old->level;
  }
  if (is_proven != old->proven) {
    return is_proven > old->proven;
  }
  const double bound = cds_tree_number(root, "bound");
  const int bounds =
      compare(isnan(bound) ? -(double)INFINITY : bound,
              isnan(old->bound) ? -(double)INFINITY : old->bound);
  if (bounds != 0) {
    return bounds > 0;
  }
  const int values = compare(cds_tree_number(root, "value"), old->value);
  return values != 0 ? values < 0 : strcmp(account->sha256, old->sha256) < 0;
}

cds_status cds_account_write(const cds_account *account, cds_database *database,
                             uint64_t *changed, cds_arena *arena) {
  kept old = {.there = false};
  const cds_cell run = cds_cell_text(account->run);
  CDS_TRY(cds_database_run(
      database,
      "SELECT level, proven, bound, value, sha256 FROM runs WHERE run = ?1",
      &run, 1, take_kept, &old));
  if (old.there && !knows_more(account, &old)) {
    return CDS_OK;
  }
  return cds_account_rows_write(account, database, changed, arena);
}
