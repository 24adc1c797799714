/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Peak rates, clocks and areas of the accelerators of archs/ against published
 * figures. A peak is 2 x multipliers x clock. An area has a lump for all that
 * is no entry of the file, so that only two things say something: that the
 * whole is still the published one, and which part of it the models of tech/
 * explain.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "spec/space.h"
#include "tests/support/close.h"

enum { SETS_MAX = 2 };

typedef struct published {
  const char *path;
  const char *set[SETS_MAX];
  double tops, tops_within; /* 10^12 operations a second, two a MAC */
  double area_mm2;          /* NaN: none is published */
  double chips;             /* that area is of one of so many */
  const char *source;
} published;

static const published figures[] = {
    {"eyeriss",
     {NULL},
     2 * 33.6e-3,
     1e-9,
     16.0,
     1,
     "33.6 GMAC/s at 200 MHz, die of 4 x 4 mm: Chen et al., JSSC 2017"},
    {"simba",
     {"side=1", "vdd=1.2V"},
     4.01,
     1e-3,
     6.0,
     1,
     "4.01 TOPS: Zimmer et al., VLSI Circuits 2019; die of 2.5 x 2.4 mm: "
     "NVIDIA "
     "at Hot Chips 31"},
    {"simba",
     {"side=6", "vdd=1V"},
     127.8,
     2e-3,
     6.0,
     36,
     "127.8 TOPS of 36 chiplets: Zimmer et al., VLSI Circuits 2019; at 1 V the "
     "clock is what the model of the supply allows"},
    {"nvdla-like",
     {NULL},
     2 * 2.048,
     1e-9,
     5.5,
     1,
     "2048 MACs, 5.5 mm2 in 28 nm: nvdla.org, primer; 1 GHz assumed"},
    {"gpu-like",
     {NULL},
     312,
     1e-3,
     826,
     1,
     "312 TFLOPS in fp16, 826 mm2: NVIDIA A100 whitepaper, 2020"},
    {"gemmini-like",
     {NULL},
     2 * 256 * 0.5e-3,
     1e-9,
     (double)NAN,
     1,
     "16 x 16 multipliers, 500 MHz assumed"},
    {"tpu-v4i-like",
     {NULL},
     138,
     5e-3,
     (double)NAN,
     1,
     "138 TFLOPS in bf16: Jouppi et al., ISCA 2021, table "
     "1"},
};
enum { FIGURES = sizeof figures / sizeof *figures };

static void design(cds_arch *out, const published *it, cds_arena *arena) {
  cds_diag *diag = cds_diag_new(arena);
  const char *path =
      cds_arena_printf(arena, CDS_SOURCE_DIR "/archs/%s.yaml", it->path);
  const size_t sets = it->set[0] == NULL ? 0 : SETS_MAX;
  cds_space *space = NULL;
  const cds_status status =
      cds_space_read(&space, path, it->set, sets, arena, diag);
  if (status != CDS_OK || cds_diag_warnings(diag) > 0) {
    cds_diag_write(diag, stderr, CDS_DIAG_TEXT);
  }
  assert_int_equal(status, CDS_OK);
  assert_int_equal(cds_space_design(out, space, 0, arena, diag), CDS_OK);
}

static double tops(const cds_arch *arch) {
  const uint64_t units = cds_arch_instances(arch, arch->arrays);
  return 2e-12 * (double)units * arch->clock_hz;
}

static void peaks_are_the_published_ones(void **state) {
  (void)state;
  for (unsigned i = 0; i < FIGURES; i++) {
    cds_arena *arena = cds_arena_new();
    cds_arch arch;
    design(&arch, &figures[i], arena);
    print_message("%-13s %8.3f TOPS at %.3f GHz, published %.3f (%s)\n",
                  figures[i].path, tops(&arch), 1e-9 * arch.clock_hz,
                  figures[i].tops, figures[i].source);
    assert_close(tops(&arch), figures[i].tops, figures[i].tops_within);
    cds_arena_free(arena);
  }
}

/* Area of what the models of tech/ price: levels, multipliers, vector units. */
static double explained_um2(const cds_arch *arch) {
  double area =
      arch->compute.area_um2 * (double)cds_arch_instances(arch, arch->arrays);
  for (unsigned level = 0; level < arch->levels; level++) {
    area += arch->level[level].area_um2 *
            (double)cds_arch_instances(arch, arch->level[level].depth);
  }
  for (unsigned vector = 0; vector < arch->vectors; vector++) {
    area += arch->vector[vector].area_um2;
  }
  return area;
}

static void areas_are_the_published_ones(void **state) {
  (void)state;
  for (unsigned i = 0; i < FIGURES; i++) {
    cds_arena *arena = cds_arena_new();
    cds_arch arch;
    design(&arch, &figures[i], arena);
    const double area = 1e-6 * cds_arch_area_um2(&arch);
    const double explained = 1e-6 * explained_um2(&arch);
    const double whole = figures[i].area_mm2 * figures[i].chips;
    if (!isnan(whole)) {
      print_message("%-13s %7.2f mm2, published %7.2f; %2.0f %% explained\n",
                    figures[i].path, area, whole, 100 * explained / whole);
      assert_close(area, whole, 0.03);
      assert_true(explained > 0.1 * whole && explained < 0.8 * whole);
    }
    cds_arena_free(arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(peaks_are_the_published_ones),
      cmocka_unit_test(areas_are_the_published_ones),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
