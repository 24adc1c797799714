/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The accelerators of archs/: each reads without a message, every number of it
 * has a source or is an assumption, its first and last design can be built,
 * and it declares as many designs as archs/README.md says.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>
#include <stdio.h>

#include <cmocka.h>

#include "spec/space.h"
#include "tests/support/close.h"

typedef struct shipped {
  const char *path;
  uint64_t designs;
} shipped;

static const shipped FILES[] = {
    {CDS_SOURCE_DIR "/archs/edge-npu.yaml", 48},
    {CDS_SOURCE_DIR "/archs/eyeriss.yaml", 1},
    {CDS_SOURCE_DIR "/archs/flat3.yaml", 1},
    {CDS_SOURCE_DIR "/archs/gemmini-like.yaml", 1},
    {CDS_SOURCE_DIR "/archs/gpu-like.yaml", 1},
    {CDS_SOURCE_DIR "/archs/npu-3d.yaml", 896},
    {CDS_SOURCE_DIR "/archs/nvdla-like.yaml", 1},
    {CDS_SOURCE_DIR "/archs/simba.yaml", 15},
    {CDS_SOURCE_DIR "/archs/toy.yaml", 1},
    {CDS_SOURCE_DIR "/archs/tpu-v4i-like.yaml", 1},
};
enum { FILE_COUNT = sizeof FILES / sizeof FILES[0] };

static void assert_silent(const cds_diag *diag) {
  if (cds_diag_errors(diag) + cds_diag_warnings(diag) > 0) {
    cds_diag_write(diag, stderr, CDS_DIAG_TEXT);
  }
  assert_int_equal(cds_diag_errors(diag), 0);
  assert_int_equal(cds_diag_warnings(diag), 0);
}

static void every_file_reads_and_has_its_sources(void **state) {
  (void)state;
  for (unsigned file = 0; file < FILE_COUNT; file++) {
    cds_arena *arena = cds_arena_new();
    cds_diag *diag = cds_diag_new(arena);
    cds_space *space = NULL;
    const cds_status status =
        cds_space_read(&space, FILES[file].path, NULL, 0, arena, diag);
    const size_t missing = cds_sources_missing(FILES[file].path, arena, diag);
    assert_silent(diag);
    assert_int_equal(status, CDS_OK);
    assert_int_equal(missing, 0);
    assert_true(cds_space_designs(space) == FILES[file].designs);
    cds_arena_free(arena);
  }
}

/* Area, leakage and clock of a design must be numbers that make sense. */
static void assert_sound(const cds_arch *arch) {
  const double area = cds_arch_area_um2(arch);
  const double leakage = cds_arch_leakage_w(arch);
  assert_true(isfinite(area) && area >= 0.0 && area < 858e6);
  assert_true(isfinite(leakage) && leakage >= 0.0 && leakage < 200.0);
  assert_true(arch->clock_hz > 1e8 && arch->clock_hz < 3e9);
  for (unsigned format = 0; format < arch->compute.formats; format++) {
    assert_true(arch->compute.mac_pj[format] > 0.0);
  }
}

static void first_and_last_design_can_be_built(void **state) {
  (void)state;
  for (unsigned file = 0; file < FILE_COUNT; file++) {
    cds_arena *arena = cds_arena_new();
    cds_diag *diag = cds_diag_new(arena);
    cds_space *space = NULL;
    assert_int_equal(
        cds_space_read(&space, FILES[file].path, NULL, 0, arena, diag), CDS_OK);
    const uint64_t ends[2] = {0, FILES[file].designs - 1};
    for (unsigned end = 0; end < 2; end++) {
      cds_arch arch;
      const cds_status status =
          cds_space_design(&arch, space, ends[end], arena, diag);
      assert_silent(diag);
      assert_int_equal(status, CDS_OK);
      assert_sound(&arch);
    }
    cds_arena_free(arena);
  }
}

/* Llama-3.1-8B in fp16: 8.03e9 weights of 2 B, 288 MiB of KV cache for 2304
 * tokens (2 x 32 layers x 8 heads x 128 x 2 B a token), and half a GiB of live
 * activations. */
static void llama_fits_where_the_comments_say_so(void **state) {
  (void)state;
  const double need_bits = 8.0 * (2 * 8.03e9 + 2304.0 * 131072 + 0.5 * 0x1p30);
  static const struct {
    const char *path;
    bool fits;
  } cases[] = {{CDS_SOURCE_DIR "/archs/npu-3d.yaml", true},
               {CDS_SOURCE_DIR "/archs/edge-npu.yaml", true},
               {CDS_SOURCE_DIR "/archs/gpu-like.yaml", true},
               {CDS_SOURCE_DIR "/archs/tpu-v4i-like.yaml", false}};
  for (unsigned file = 0; file < 4; file++) {
    cds_arena *arena = cds_arena_new();
    cds_diag *diag = cds_diag_new(arena);
    cds_space *space = NULL;
    cds_arch arch;
    assert_int_equal(
        cds_space_read(&space, cases[file].path, NULL, 0, arena, diag), CDS_OK);
    assert_int_equal(cds_space_design(&arch, space, 0, arena, diag), CDS_OK);
    assert_int_equal((double)arch.level[0].size_bits >= need_bits,
                     cases[file].fits);
    cds_arena_free(arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_file_reads_and_has_its_sources),
      cmocka_unit_test(first_and_last_design_can_be_built),
      cmocka_unit_test(llama_fits_where_the_comments_say_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
