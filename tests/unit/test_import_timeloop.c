/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Timeloop's files: merged in any order, cut anywhere, without memory. What
 * they become is in tests/cli/import and tests/golden/timeloop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "import/import.h"

#include "support/messages.h"

#define FOLDER CDS_SOURCE_DIR "/tests/golden/timeloop/"

static const char *const files[] = {FOLDER "simba.yaml", FOLDER
                                    "c06_gpt3_175b_qkv_decode_simba.yaml"};
static const cds_import_options plain = {0};

static const cds_importer *timeloop(void) {
  const cds_importer *found = cds_importer_find("timeloop");
  assert_non_null(found);
  assert_true(found->several && found->available);
  return found;
}

static cds_status import(cds_import *out, fixture *f, const char *const *paths,
                         size_t count) {
  const cds_reader reader = {f->arena, f->diag, NULL, 0};
  return cds_import_files(out, timeloop(), paths, count, &plain, &reader);
}

static void roots_may_come_in_any_order(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  const char *const turned[] = {files[1], files[0]};
  cds_import one = {0}, other = {0};
  assert_fine(&f, import(&one, &f, files, 2));
  assert_fine(&f, import(&other, &f, turned, 2));
  for (unsigned kind = 0; kind < CDS_IMPORT_KINDS; kind++) {
    /* The first line names the files in their order. */
    assert_non_null(one.document[kind].text);
    assert_int_equal(one.document[kind].length, other.document[kind].length);
  }
  assert_string_equal(strstr(one.document[CDS_IMPORT_MAPPING].text, "nest:"),
                      strstr(other.document[CDS_IMPORT_MAPPING].text, "nest:"));
  fixture_close(&f);
}

static void what_is_there_becomes_a_document(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  cds_import part = {0};
  assert_fine(&f, import(&part, &f, files, 1));
  assert_non_null(part.document[CDS_IMPORT_ARCHITECTURE].text);
  assert_null(part.document[CDS_IMPORT_WORKLOAD].text);
  assert_null(part.document[CDS_IMPORT_MAPPING].text);
  assert_null(part.document[CDS_IMPORT_CONSTRAINTS].text);
  fixture_close(&f);
}

static void files_may_be_cut_anywhere(void **state) {
  (void)state;
  static uint8_t bytes[8192];
  FILE *file = fopen(files[0], "rb");
  assert_non_null(file);
  const size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  assert_in_range(size, 1000, 8000);
  for (size_t length = 0; length < size; length += 3) {
    fixture f;
    fixture_open(&f);
    const cds_reader reader = {f.arena, f.diag, NULL, 0};
    const cds_import_source part = {"part.yaml", bytes, length};
    cds_import import = {0};
    const cds_status status =
        timeloop()->read(&import, &part, 1, &plain, &reader);
    assert_true((status == CDS_OK) == (cds_diag_errors(f.diag) == 0));
    fixture_close(&f);
  }
}

static void memory_may_run_out_anywhere(void **state) {
  (void)state;
  cds_status status = CDS_ENOMEM;
  unsigned failures = 0;
  for (uint64_t n = 1; status != CDS_OK; n++) {
    fixture f;
    fixture_open(&f);
    cds_import out = {0};
    cds_alloc_fail_after(n);
    status = import(&out, &f, files, 2);
    cds_alloc_fail_after(0);
    assert_true(status == CDS_OK || status == CDS_ENOMEM);
    failures += status == CDS_ENOMEM;
    fixture_close(&f);
  }
  assert_true(failures > 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(roots_may_come_in_any_order),
      cmocka_unit_test(what_is_there_becomes_a_document),
      cmocka_unit_test(files_may_be_cut_anywhere),
      cmocka_unit_test(memory_may_run_out_anywhere),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
