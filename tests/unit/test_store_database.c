/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two that have one new file open: the second finds the tables of the first,
 * and an empty file is removed under nobody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/database.h"
#include "support/folder.h"

typedef struct fixture {
  char path[FOLDER_TEXT + 40];
  cds_arena *arena;
  cds_diag *diag;
} fixture;

static int set_up(void **state) {
  fixture *f = (fixture *)calloc(1, sizeof *f);
  assert_non_null(f);
  snprintf(f->path, sizeof f->path, "%s/x.db", folder);
  f->arena = cds_arena_new();
  f->diag = cds_diag_new(f->arena);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = (fixture *)*state;
  unlink(f->path); /* remove_folder sees that nothing else is left */
  cds_arena_free(f->arena);
  free(f);
  return 0;
}

static cds_database *opened(const fixture *f) {
  cds_database *database = NULL;
  assert_int_equal(cds_database_open(&database, f->path, true, f->diag),
                   CDS_OK);
  return database;
}

static bool is_there(const fixture *f) { return access(f->path, F_OK) == 0; }

/* A transaction that adds a folder. */
static void add(cds_database *database, const char *name) {
  const cds_cell cell = cds_cell_text(name);
  assert_int_equal(cds_database_begin(database), CDS_OK);
  assert_int_equal(cds_database_run(database,
                                    "INSERT INTO folders (run, folder, file) "
                                    "VALUES ('r', ?1, 'f')",
                                    &cell, 1, NULL, NULL),
                   CDS_OK);
  assert_int_equal(cds_database_commit(database), CDS_OK);
}

static cds_status take(const cds_cell *cell, size_t cells, void *payload) {
  assert_int_equal(cells, 1);
  *(int64_t *)payload = cell[0].count;
  return CDS_OK;
}

static int64_t folders(const fixture *f) {
  cds_database *database = NULL;
  int64_t count = -1;
  assert_int_equal(cds_database_open(&database, f->path, false, f->diag),
                   CDS_OK);
  assert_int_equal(cds_database_run(database, "SELECT count(*) FROM folders",
                                    NULL, 0, take, &count),
                   CDS_OK);
  cds_database_close(database);
  return count;
}

static void the_second_finds_tables(void **state) {
  const fixture *f = (const fixture *)*state;
  cds_database *first = opened(f);
  cds_database *second = opened(f);
  cds_database *third = opened(f);
  add(first, "a");
  add(second, "b");
  add(first, "c");
  cds_database_close(third); /* which has seen an empty file */
  assert_true(is_there(f));
  cds_database_close(first);
  add(second, "d");
  cds_database_close(second);
  assert_int_equal(folders(f), 4);
  assert_int_equal(cds_diag_errors(f->diag), 0);
}

static void an_empty_file_goes(void **state) {
  const fixture *f = (const fixture *)*state;
  cds_database *database = opened(f);
  cds_database_close(database);
  assert_false(is_there(f));
  database = opened(f); /* also after a transaction that is taken back */
  assert_int_equal(cds_database_begin(database), CDS_OK);
  cds_database_rollback(database);
  cds_database_close(database);
  assert_false(is_there(f));
}

static void a_file_that_was_there_stays(void **state) {
  const fixture *f = (const fixture *)*state;
  FILE *stream = fopen(f->path, "w");
  assert_non_null(stream);
  fclose(stream);
  cds_database_close(opened(f));
  assert_true(is_there(f));
}

/* One has failed while another is about to write: in any order of closing. */
static void nobody_loses_the_file(void **state) {
  const fixture *f = (const fixture *)*state;
  for (unsigned order = 0; order < 4; order++) {
    cds_database *one = opened(f);
    cds_database *other = opened(f);
    cds_database *fails = order % 2 == 0 ? one : other;
    cds_database *writes = order % 2 == 0 ? other : one;
    if (order < 2) {
      assert_int_equal(cds_database_begin(fails), CDS_OK);
      cds_database_rollback(fails);
    }
    cds_database_close(fails);
    add(writes, "a");
    cds_database_close(writes);
    assert_int_equal(cds_diag_errors(f->diag), 0);
    assert_int_equal(folders(f), 1);
    unlink(f->path);
  }
}

int main(void) {
  cds_arena *arena = cds_arena_new();
  cds_diag *diag = cds_diag_new(arena);
  cds_database *database = NULL;
  const cds_status status =
      cds_database_open(&database, "/nowhere/x.db", true, diag);
  cds_arena_free(arena);
  if (status == CDS_EINPUT) {
    puts("skipped: built without SQLite");
    return 77;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(the_second_finds_tables, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(an_empty_file_goes, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_file_that_was_there_stays, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(nobody_loses_the_file, set_up,
                                      tear_down)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
