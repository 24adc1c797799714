/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every number of the accelerators that follow published ones moves a result:
 * energy or cycles of a mapping that uses every part, whether what is mapped
 * fits, area, standing power, temperature of the run, or what is explored. Each
 * number is changed alone, by several factors until something moves.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "price/price.h"
#include "spec/space.h"
#include "support/nest.h"
#include "support/perturb.h"

enum { RESULT_MAX = 1 << 14, LAYERS = 2, SETS_MAX = 2 };

/* A file, the design that is looked at, and two layers with their mappings: a
 * small one, and one that fills the outermost memory. */
typedef struct subject {
  const char *name;
  const char *set[SETS_MAX];
  size_t sets;
  const char *workload;
  const char *nest[LAYERS];
} subject;

#define OPERATIONS                                                             \
  "  - {name: softmax, operation: softmax, rows: 65536, length: 2}\n"          \
  "  - {name: norm, operation: rmsnorm, rows: 65536, length: 2}\n"             \
  "  - {name: gelu, operation: gelu, rows: 65536, length: 2}\n"
/* Many additions, products, comparisons or conversions for each byte. */
#define SIMPLE_OPERATIONS                                                      \
  "  - {name: lrn, operation: lrn, rows: 4096, length: 32}\n"                  \
  "  - {name: swish, operation: hard_swish, rows: 4096, length: 32}\n"         \
  "  - {name: cast, operation: convert, rows: 4096, length: 32, to: int8, "    \
  "precision: int8}\n"

static const subject subjects[] = {
    {"eyeriss",
     {"link=480MB/s"},
     1,
     "workload: w\n"
     "precision: int16\n"
     "layers:\n"
     "  - {name: small, conv2d: {batch: 4, channels: 16, filters: 128, input: "
     "13, kernel: 3, padding: 1}}\n"
     "  - {name: large, conv2d: {batch: 16384, channels: 16, filters: 128, "
     "input: 13, kernel: 3, padding: 1}}\n" OPERATIONS SIMPLE_OPERATIONS,
     {"hold I W O at DRAM, for m 2, hold O at GLB, for c 4, hold I at GLB,"
      "hold W at GLBW, spread r 3 over PE.rows, spread m 4 over PE.rows,"
      "spread p 13 over PE.cols, hold W at WGT, for b 4, for q 13,"
      "hold O at PSUM, hold I at IFM, for c 4, for s 3, for m 16",
      "hold I W O at DRAM, for b 4096, for m 2, hold O at GLB, for c 4,"
      "hold I at GLB, hold W at GLBW, spread r 3 over PE.rows,"
      "spread m 4 over PE.rows, spread p 13 over PE.cols, hold W at WGT,"
      "for b 4, for q 13, hold O at PSUM, hold I at IFM, for c 4, for s 3,"
      "for m 16"}},
    {"simba",
     {"side=2", "vdd=1V"},
     2,
     "workload: w\n"
     "precision: {weights: int8, activations: int8, accumulator: 24 bit}\n"
     "layers:\n"
     "  - {name: small, matmul: {m: 64, n: 512, k: 512}}\n"
     "  - {name: large, matmul: {m: 65536, n: 98304, k: 512}}\n" OPERATIONS,
     {"hold X W Y at DRAM, spread m 2 over CHIP.rows,"
      "spread k 2 over CHIP.cols, for n 4, hold X Y at GB,"
      "spread n 4 over PE.rows, spread k 4 over PE.cols, hold W at WBUF,"
      "for m 4, hold X at IBUF, hold Y at ABUF, for n 4, for k 8,"
      "spread n 8 over LANE.rows, spread k 8 over LANE.cols,"
      "hold W at WREG, for m 8",
      "hold X W Y at DRAM, spread m 2 over CHIP.rows,"
      "spread n 2 over CHIP.cols, for m 1024, for n 384, hold X Y at GB,"
      "spread n 4 over PE.rows, spread k 4 over PE.cols, hold W at WBUF,"
      "for m 4, hold X at IBUF, hold Y at ABUF, for n 4, for k 16,"
      "spread n 8 over LANE.rows, spread k 8 over LANE.cols,"
      "hold W at WREG, for m 8"}},
    {"nvdla-like",
     {NULL},
     0,
     "workload: w\n"
     "precision: {weights: int8, activations: int8, accumulator: int32}\n"
     "layers:\n"
     "  - {name: small, matmul: {m: 128, n: 256, k: 512}}\n"
     "  - {name: large, matmul: {m: 49152, n: 65536, k: 64}}\n" OPERATIONS,
     {"hold X W Y at DRAM, for m 2, hold X W at CBUF, for n 8, hold Y at CACC,"
      "for k 8, spread n 32 over MACS.rows, spread k 64 over MACS.cols,"
      "hold W at WREG, for m 64",
      "hold X W Y at DRAM, for m 768, for n 2048, hold X W at CBUF,"
      "hold Y at CACC, spread n 32 over MACS.rows, spread k 64 over MACS.cols,"
      "hold W at WREG, for m 64"}},
    {"gemmini-like",
     {NULL},
     0,
     "workload: w\n"
     "precision: {weights: int8, activations: int8, accumulator: int32}\n"
     "layers:\n"
     "  - {name: small, matmul: {m: 64, n: 64, k: 64}}\n"
     "  - {name: large, matmul: {m: 49152, n: 65536, k: 64}}\n" OPERATIONS,
     {"hold X W Y at DRAM, for n 2, hold X W at SPAD, hold Y at ACC, for n 2,"
      "for k 4, spread n 16 over MESH.rows, spread k 16 over MESH.cols,"
      "hold W at WREG, for m 64",
      "hold X W Y at DRAM, for m 768, for n 2048, hold X W at SPAD,"
      "hold Y at ACC, for n 2, for k 4, spread n 16 over MESH.rows,"
      "spread k 16 over MESH.cols, hold W at WREG, for m 64"}},
    {"gpu-like",
     {NULL},
     0,
     "workload: w\n"
     "precision: fp16\n"
     "layers:\n"
     "  - {name: small, matmul: {m: 1536, n: 1152, k: 1024}}\n"
     "  - {name: large, matmul: {m: 196608, n: 73728, k: 32}}\n" OPERATIONS,
     {"hold X W Y at HBM, for m 2, hold X W Y at L2, spread m 12 over SM.rows,"
      "spread n 9 over SM.cols, for k 32, hold X W at L1, spread n 4 over TC,"
      "hold X W Y at REG, for m 4, for n 2, spread m 16 over FMA.rows,"
      "spread n 16 over FMA.cols, for k 32",
      "hold X W Y at HBM, for m 256, for n 64, hold X W Y at L2,"
      "spread m 12 over SM.rows, spread n 9 over SM.cols, hold X W at L1,"
      "spread n 4 over TC, hold X W Y at REG, for m 4, for n 2,"
      "spread m 16 over FMA.rows, spread n 16 over FMA.cols, for k 32"}},
};
enum { SUBJECTS = sizeof subjects / sizeof *subjects };

static const double factors[] = {1.1, 0.9, 2, 0.5, 10, 0.1, 100, 0.01};
enum { FACTORS = sizeof factors / sizeof *factors };

/* ---- results of a file, as text ---- */

typedef struct session {
  cds_arena *arena;
  cds_diag *diag;
  const subject *subject;
  cds_workload workload;
  FILE *out;
} session;

static void add(session *it, const char *what, double value) {
  char text[CDS_NUMBER_TEXT];
  (void)fprintf(it->out, "%s %s\n", what, cds_format_double(text, value));
}

static void add_cost(session *it, const cds_arch *arch, const cds_cost *cost) {
  add(it, "energy", cost->energy_pj);
  add(it, "cycles", cost->cycles);
  add(it, "latency", cost->latency_s);
  const double watt = 1e-12 * cost->energy_pj / cost->latency_s;
  add(it, "temperature", arch->ambient_degc + arch->sink_k_per_w * watt);
}

/* What each level needs must fit; the answer alone is a result. */
static void add_layer(session *it, const cds_arch *arch, unsigned index) {
  static cds_mapping mapping;
  static cds_counts counts;
  cds_cost cost;
  uint64_t need_bits[CDS_LEVELS_MAX];
  const cds_layer *layer = &it->workload.layer[index];
  const cds_einsum *einsum = &layer->einsum;
  assert_true(nest_read(&mapping, it->subject->nest[index], arch, einsum));
  if (cds_mapping_validate(&mapping, arch, einsum, layer->place, it->diag) !=
      CDS_OK) {
    (void)fprintf(it->out, "%s cannot be mapped\n", layer->name);
    return;
  }
  assert_int_equal(cds_count(&counts, arch, einsum, &mapping, it->arena),
                   CDS_OK);
  cds_price_needs(need_bits, arch, einsum, &counts);
  for (unsigned level = 0; level < arch->levels; level++) {
    const cds_level *at = &arch->level[level];
    (void)fprintf(it->out, "capacity %s %d\n", at->name,
                  need_bits[level] <= at->size_bits);
  }
  assert_int_equal(
      cds_price_einsum(&cost, arch, einsum, &counts, (double)INFINITY), CDS_OK);
  add_cost(it, arch, &cost);
}

static void add_operations(session *it, const cds_arch *arch) {
  for (size_t i = LAYERS; i < it->workload.layers; i++) {
    cds_cost cost;
    cds_operation_counts counts;
    assert_int_equal(cds_price_operation(&cost, &counts, arch,
                                         &it->workload.layer[i].operation,
                                         (double)INFINITY),
                     CDS_OK);
    add_cost(it, arch, &cost);
  }
}

static void add_space(session *it, const cds_space *space) {
  add(it, "designs", (double)cds_space_designs(space));
  for (size_t v = 0; v < cds_space_variables(space); v++) {
    const cds_value_list *list = cds_space_variable(space, v);
    for (size_t i = 0; i < list->count; i++) {
      add(it, "value", list->values[i].number);
    }
  }
  for (size_t limit = 0; limit < cds_space_limits(space); limit++) {
    add(it, "limit", cds_space_limit(space, limit)->bound);
  }
}

/* False when the file is refused, or something in it is said to be unused. */
static bool add_results(session *it, const cds_yaml *root) {
  cds_space *space = NULL, *all = NULL;
  cds_arch arch;
  const subject *what = it->subject;
  if (cds_space_of(&all, root, NULL, 0, it->arena, it->diag) != CDS_OK ||
      cds_space_of(&space, root, what->set, what->sets, it->arena, it->diag) !=
          CDS_OK ||
      cds_space_design(&arch, space, 0, it->arena, it->diag) != CDS_OK) {
    return false;
  }
  add_space(it, all);
  add(it, "area", cds_arch_area_um2(&arch));
  add(it, "leakage", cds_arch_leakage_w(&arch));
  for (unsigned layer = 0; layer < LAYERS; layer++) {
    add_layer(it, &arch, layer);
  }
  add_operations(it, &arch);
  return cds_diag_warnings(it->diag) == 0;
}

static bool evaluate(char results[RESULT_MAX], const subject *what,
                     const char *text) {
  session it = {.arena = cds_arena_new(), .subject = what};
  it.diag = cds_diag_new(it.arena);
  const cds_reader reader = {.arena = it.arena, .diag = it.diag};
  const cds_yaml *root = NULL, *work = NULL;
  it.out = fmemopen(results, RESULT_MAX, "w");
  assert_non_null(it.out);
  assert_int_equal(cds_yaml_read_text(&work, "workload", what->workload,
                                      strlen(what->workload), it.arena,
                                      it.diag),
                   CDS_OK);
  assert_int_equal(
      cds_workload_read_tree(&it.workload, work, "workload", &reader), CDS_OK);
  const bool good = cds_yaml_read_text(&root, what->name, text, strlen(text),
                                       it.arena, it.diag) == CDS_OK &&
                    add_results(&it, root);
  assert_int_equal(fclose(it.out), 0);
  cds_arena_free(it.arena);
  return good;
}

/* ---- all numbers of a file ---- */

/* Name of the first result that differs, in `name`; false: none does. */
static bool differs(char name[RESULT_MAX], const char *before,
                    const char *after) {
  while (*before != '\0' || *after != '\0') {
    const size_t a = strcspn(before, "\n"), b = strcspn(after, "\n");
    if (a != b || memcmp(before, after, a) != 0) {
      (void)snprintf(name, RESULT_MAX, "%.*s", (int)strcspn(after, "\n"),
                     after);
      return true;
    }
    before += a + (before[a] != '\0');
    after += b + (after[b] != '\0');
  }
  return false;
}

static bool moves(char what[RESULT_MAX], const subject *it, const char *text,
                  const perturb_number *number, const char *before) {
  static char changed[PERTURB_TEXT_MAX], after[RESULT_MAX];
  for (unsigned i = 0; i < FACTORS; i++) {
    perturb_change(changed, text, number, factors[i]);
    if (evaluate(after, it, changed) && differs(what, before, after)) {
      return true;
    }
  }
  return false;
}

/* Returns how many numbers move nothing. */
static unsigned look(const subject *it, const char *text) {
  static const char *const skipped[] = {"source", "assumption", "note", NULL};
  static char before[RESULT_MAX], what[RESULT_MAX];
  cds_arena *arena = cds_arena_new();
  const cds_yaml *root = NULL;
  assert_int_equal(cds_yaml_read_text(&root, it->name, text, strlen(text),
                                      arena, cds_diag_new(arena)),
                   CDS_OK);
  assert_true(evaluate(before, it, text));
  perturb_walk walk;
  perturb_number number;
  unsigned seen = 0, silent = 0;
  perturb_start(&walk, text, root, skipped);
  while (perturb_next(&number, &walk)) {
    seen++;
    if (!moves(what, it, text, &number, before)) {
      print_error("archs/%s.yaml:%u:%u: '%s' moves nothing\n", it->name,
                  number.line, number.column, number.key);
      silent++;
    }
  }
  print_message("%s: %u numbers, %u silent\n", it->name, seen, silent);
  assert_true(seen > 15);
  cds_arena_free(arena);
  return silent;
}

static void every_number_moves_a_result(void **state) {
  (void)state;
  static char text[PERTURB_TEXT_MAX];
  unsigned silent = 0;
  for (unsigned i = 0; i < SUBJECTS; i++) {
    char path[sizeof CDS_SOURCE_DIR + 64];
    (void)snprintf(path, sizeof path, CDS_SOURCE_DIR "/archs/%s.yaml",
                   subjects[i].name);
    perturb_load(text, path);
    silent += look(&subjects[i], text);
  }
  assert_int_equal(silent, 0);
}

/* The roof of a link that is far out of reach. */
static void a_number_that_moves_nothing_is_found(void **state) {
  (void)state;
  static const char roof[] = "bandwidth: 1 GB/s\n";
  static char text[PERTURB_TEXT_MAX], more[PERTURB_TEXT_MAX];
  perturb_load(text, CDS_SOURCE_DIR "/archs/eyeriss.yaml");
  const char *at = strstr(text, roof);
  assert_non_null(at);
  (void)snprintf(more, sizeof more, "%.*sbandwidth: 1000000 GB/s\n%s",
                 (int)(at - text), text, at + strlen(roof));
  assert_int_equal(look(&subjects[0], more), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_number_moves_a_result),
      cmocka_unit_test(a_number_that_moves_nothing_is_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
