/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `figures: best` and `worst` enclose what is typical: time, energy and each
 * part of it, of random mappings on random architectures whose numbers are all
 * those of classes. `typical` is what stands there without the key, to the bit.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "price/price.h"
#include "spec/arch.h"
#include "support/nest.h"
#include "support/random_case.h"
#include "yaml/yaml.h"

enum { TEXT_MAX = 2048, ENDS = 4, SEED = 11 };

static const char *pick(random_stream *stream, const char *const *words,
                        unsigned count) {
  return words[random_below(stream, count)];
}
#define PICK(stream, ...)                                                      \
  pick(stream, (const char *const[]){__VA_ARGS__},                             \
       sizeof(const char *const[]){__VA_ARGS__} / sizeof(char *))

/* Everything but the line of figures. */
static void draw_arch(char text[TEXT_MAX], random_stream *stream) {
  static const char *const dies[] = {
      "process: n7, supply: 0.4 V",
      "process: n7, device: lp, supply: 0.6 V",
      "process: n3, device: nanosheet",
      "process: n7, device: cryo-77k, supply: 0.45 V",
      "process: n28, device: fdsoi-fbb, supply: 0.35 V",
      "process: n28, device: fdsoi",
      "process: n16, device: lp",
      "process: n45",
      "process: n45, device: cnfet",
      "process: n65, supply: 0.5 V"};
  const unsigned length = (unsigned)snprintf(
      text, TEXT_MAX,
      "architecture: drawn\n"
      "clock: 100 MHz\n"
      "dies:\n"
      "  logic: {%s}\n"
      "levels:\n"
      "  - {level: DRAM, class: %s, size: 4 GiB}\n"
      "  - {level: GLB, class: %s, size: 64 KiB, width: 128 bit}\n"
      "  - {array: PE, rows: 4, cols: 4, network: {kind: %s}, multicast: true,"
      " reduction: true}\n"
      "  - {level: RF, class: regfile, size: 512 B, width: 16 bit}\n"
      "  - {compute: MAC, class: mac, formats: [%s]}\n"
      "  - {compute: VEC, class: vector, lanes: 16}\n",
      pick(stream, dies, sizeof dies / sizeof *dies),
      PICK(stream, "hbm3", "lpddr5", "ddr4"),
      PICK(stream, "sram", "edram", "gain-cell", "rram", "oxide-gain-cell"),
      PICK(stream, "bus", "mesh", "systolic", "tree", "crossbar"),
      PICK(stream, "int8", "int8, fp16", "int16"));
  assert_true(length < TEXT_MAX);
}

static const char ranks[3] = {'m', 'n', 'k'};

/* Loops of these halvings, those of one left out. */
static void add_loops(char text[TEXT_MAX], const unsigned halvings[3]) {
  for (unsigned r = 0; r < 3; r++) {
    const size_t at = strlen(text);
    if (halvings[r] > 0) {
      (void)snprintf(text + at, TEXT_MAX - at, ", for %c %u", ranks[r],
                     1U << halvings[r]);
    }
  }
}

static void add_words(char text[TEXT_MAX], const char *words) {
  const size_t at = strlen(text);
  (void)snprintf(text + at, TEXT_MAX - at, "%s", words);
}

/* Extents of 64 each, cut at random into loops at DRAM, GLB, the array and RF.
 */
static void draw_nest(char text[TEXT_MAX], random_stream *stream) {
  unsigned outer[3], middle[3], inner[3];
  char spread[80];
  const unsigned rows = random_below(stream, 3);
  const unsigned cols = (rows + 1 + random_below(stream, 2)) % 3;
  for (unsigned r = 0; r < 3; r++) {
    unsigned left = r == rows || r == cols ? 4 : 6;
    inner[r] = random_below(stream, 3);
    left -= inner[r];
    outer[r] = random_below(stream, left + 1);
    middle[r] = left - outer[r];
  }
  *text = '\0';
  add_words(text, "hold X W Y at DRAM");
  add_loops(text, outer);
  add_words(text, ", hold X W Y at GLB");
  add_loops(text, middle);
  (void)snprintf(spread, sizeof spread,
                 ", spread %c 4 over PE.rows, spread %c 4 over PE.cols",
                 ranks[rows], ranks[cols]);
  add_words(text, spread);
  add_words(text, ", hold X W Y at RF");
  add_loops(text, inner);
}

typedef struct priced {
  cds_cost product, softmax;
  double area_um2, leakage_w;
} priced;

static void read_arch(cds_arch *arch, const char *first, const char *text,
                      cds_arena *arena) {
  char all[TEXT_MAX + 64];
  const cds_yaml *root = NULL;
  cds_diag *diag = cds_diag_new(arena);
  const cds_reader reader = {.arena = arena, .diag = diag};
  (void)snprintf(all, sizeof all, "%s%s", first, text);
  cds_status status =
      cds_yaml_read_text(&root, "drawn", all, strlen(all), arena, diag);
  if (status == CDS_OK) {
    status = cds_arch_read(arch, root, &reader, false);
  }
  if (status != CDS_OK) {
    cds_diag_write(diag, stderr, CDS_DIAG_TEXT);
    print_error("%s", all);
  }
  assert_int_equal(status, CDS_OK);
}

static bool price(priced *out, const cds_arch *arch, const char *nest,
                  cds_arena *arena) {
  static const char work[] =
      "workload: w\n"
      "precision: {weights: int8, activations: int8, accumulator: int32}\n"
      "layers:\n"
      "  - {name: mm, matmul: {m: 64, n: 64, k: 64}}\n"
      "  - {name: sm, operation: softmax, rows: 64, length: 64}\n";
  static cds_workload workload;
  static cds_mapping mapping;
  static cds_counts counts;
  cds_diag *diag = cds_diag_new(arena);
  const cds_reader reader = {.arena = arena, .diag = diag};
  const cds_yaml *root = NULL;
  cds_operation_counts operations;
  assert_int_equal(
      cds_yaml_read_text(&root, "w", work, strlen(work), arena, diag), CDS_OK);
  assert_int_equal(cds_workload_read_tree(&workload, root, "w", &reader),
                   CDS_OK);
  const cds_layer *layer = &workload.layer[0];
  const cds_einsum *einsum = &layer->einsum;
  assert_true(nest_read(&mapping, nest, arch, einsum));
  if (cds_mapping_validate(&mapping, arch, einsum, layer->place, diag) !=
      CDS_OK) {
    return false;
  }
  assert_int_equal(cds_count(&counts, arch, einsum, &mapping, arena), CDS_OK);
  assert_int_equal(
      cds_price_einsum(&out->product, arch, einsum, &counts, (double)INFINITY),
      CDS_OK);
  assert_int_equal(cds_price_operation(&out->softmax, &operations, arch,
                                       &workload.layer[1].operation,
                                       (double)INFINITY),
                   CDS_OK);
  out->area_um2 = cds_arch_area_um2(arch);
  out->leakage_w = cds_arch_leakage_w(arch);
  return true;
}

static void assert_cost_no_more(const cds_cost *low, const cds_cost *high) {
  assert_true(low->energy_pj <= high->energy_pj);
  assert_true(low->dynamic_pj <= high->dynamic_pj);
  assert_true(low->leakage_pj <= high->leakage_pj);
  assert_true(low->compute_pj <= high->compute_pj);
  assert_true(low->latency_s <= high->latency_s);
  for (unsigned level = 0; level < 3; level++) {
    assert_true(low->level_pj[level] <= high->level_pj[level]);
  }
  assert_true(low->array_pj[0] <= high->array_pj[0]);
  assert_true(low->add_pj[0] <= high->add_pj[0]);
}

static void assert_no_more(const priced *low, const priced *high) {
  assert_cost_no_more(&low->product, &high->product);
  assert_cost_no_more(&low->softmax, &high->softmax);
  assert_true(low->area_um2 <= high->area_um2);
  assert_true(low->leakage_w <= high->leakage_w);
}

/* False when the mapping is none there. */
static bool look(random_stream *stream) {
  static const char *const ends[ENDS] = {
      "figures: best\n", "figures: typical\n", "", "figures: worst\n"};
  char text[TEXT_MAX], nest[TEXT_MAX];
  priced of[ENDS];
  cds_arena *arena = cds_arena_new();
  bool mapped = true;
  draw_arch(text, stream);
  draw_nest(nest, stream);
  for (unsigned end = 0; end < ENDS; end++) {
    cds_arch *arch = cds_arena_alloc(arena, sizeof *arch);
    read_arch(arch, ends[end], text, arena);
    mapped = price(&of[end], arch, nest, arena) && mapped;
  }
  if (mapped) {
    assert_no_more(&of[0], &of[1]);
    assert_no_more(&of[1], &of[2]);
    assert_no_more(&of[2], &of[1]);
    assert_no_more(&of[1], &of[3]);
    /* Each has an interval. */
    assert_true(of[0].product.energy_pj < 0.9 * of[1].product.energy_pj);
    assert_true(of[3].product.energy_pj > 1.1 * of[1].product.energy_pj);
    assert_true(of[0].softmax.energy_pj < 0.9 * of[1].softmax.energy_pj);
    assert_true(of[3].softmax.energy_pj > 1.1 * of[1].softmax.energy_pj);
    assert_true(of[0].product.compute_pj < of[1].product.compute_pj);
    assert_true(of[0].product.level_pj[1] < of[1].product.level_pj[1]);
    assert_true(of[0].product.level_pj[2] < of[1].product.level_pj[2]);
    assert_true(of[0].product.array_pj[0] < of[1].product.array_pj[0]);
  }
  cds_arena_free(arena);
  return mapped;
}

static void the_ends_enclose_random_mappings(void **state) {
  (void)state;
  const unsigned draws = getenv("CODESIGN_TEST_QUICK") != NULL ? 150 : 1500;
  unsigned mapped = 0;
  for (unsigned draw = 0; draw < draws; draw++) {
    random_stream stream = random_start(SEED, draw);
    mapped += look(&stream) ? 1 : 0;
  }
  print_message("%u of %u mappings\n", mapped, draws);
  assert_true(mapped > draws / 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_ends_enclose_random_mappings),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
