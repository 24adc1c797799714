/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A tiny space and workload, and their optimum by trying everything. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/all_mappings.h"
#include "support/tiny_network.h"

#define LEVELS                                                                 \
  "levels:\n"                                                                  \
  "  - {level: DRAM, size: 1 KiB, width: 8 bit, bandwidth: $bw,\n"             \
  "     energy: {read: 100 pJ, update: 110 pJ}}\n"                             \
  "  - {array: PE, cols: $cols, network: {kind: bus, energy: 0.5 pJ/bit,\n"    \
  "     add: 1 pJ}, multicast: true, reduction: true}\n"                       \
  "  - {level: RF, size: $rf, width: 8 bit, leakage: $rf / 1 B * 1 mW,\n"      \
  "     area: $rf / 1 B * 100 um2,\n"                                          \
  "     energy: {read: 2 pJ, fill: 3 pJ, update: 3 pJ, drain: 2 pJ}}\n"        \
  "  - {compute: MAC, energy: 1 pJ, area: 50 um2}\n"                           \
  "explore:\n"                                                                 \
  "  variables: {cols: [1, 2, 4], rf: [4 B, 16 B], bw: [1 B/cycle, 3 "         \
  "B/cycle]}\n"

const char TINY_ARCH[] = "architecture: tiny\n" LEVELS;
const char TINY_COOLED[] =
    "architecture: tiny\n"
    "dies: {chip: {width: 2 mm, height: 2 mm}}\n"
    "package: {cooling: {ambient: 45 degC, sink: 10 K/W}}\n" LEVELS;

const char TINY_WORKLOAD[] =
    "workload: tiny\n"
    "precision: {weights: 8 bit, activations: 8 bit, accumulator: 16 bit}\n"
    "layers:\n"
    "  - {name: a, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
    "     ranks: {m: 4, n: 2, k: 2}, count: 3}\n"
    "  - {name: b, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
    "     ranks: {m: 2, n: 4, k: 2}}\n"
    "  - {name: sum, operation: add, rows: 4, length: 4}\n"
    "  - {name: c, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
    "     ranks: {m: 2, n: 4, k: 2}, count: 4}\n";

/* Layers of TINY_WORKLOAD that differ, and how often they run. */
enum { KINDS = 2 };
static const size_t KIND_LAYER[KINDS] = {0, 1};
static const double KIND_WEIGHT[KINDS] = {3, 5};
static const size_t OPERATION_LAYER = 2;

enum { PATH_ROOM = 4096 };

/* Writes a file of its own; `path` is its name. */
static void write_file(char path[PATH_ROOM], const char *text) {
  const char *folder = getenv("TMPDIR");
  const int length = snprintf(path, PATH_ROOM, "%s/codesign-test-XXXXXX",
                              folder == NULL ? "/tmp" : folder);
  assert_in_range(length, 1, PATH_ROOM - 1);
  const int file = mkstemp(path);
  assert_true(file >= 0);
  assert_int_equal(write(file, text, strlen(text)), (int)strlen(text));
  assert_int_equal(close(file), 0);
}

void tiny_read(fixture *f, cds_space **space, cds_workload *workload,
               const char *arch_text, const char *workload_text) {
  char arch_path[PATH_ROOM];
  char workload_path[PATH_ROOM];
  write_file(arch_path, arch_text);
  write_file(workload_path, workload_text);
  assert_fine(f, cds_space_read(space, arch_path, NULL, 0, f->arena, f->diag));
  assert_fine(f, cds_workload_read(workload, workload_path, &f->reader));
  unlink(arch_path);
  unlink(workload_path);
}

/* Points of both kinds on one design; designs are told apart by what the
 * variables change. */
typedef struct known_points {
  uint64_t cols, rf_bits;
  double bandwidth, power_w;
  all_points kind[KINDS];
} known_points;

static const known_points *
points_of(const cds_arch *arch, const cds_workload *workload, double power_w) {
  enum { KNOWN_MAX = 64 };
  static known_points known[KNOWN_MAX];
  static size_t count;
  const known_points key = {.cols = arch->array[0].extent[0],
                            .rf_bits = arch->level[1].size_bits,
                            .bandwidth = arch->level[0].shared_bandwidth,
                            .power_w = power_w};
  for (size_t i = 0; i < count; i++) {
    if (known[i].cols == key.cols && known[i].rf_bits == key.rf_bits &&
        known[i].bandwidth == key.bandwidth &&
        known[i].power_w == key.power_w) {
      return &known[i];
    }
  }
  assert_true(count < KNOWN_MAX);
  known_points *out = &known[count++];
  *out = key;
  for (unsigned k = 0; k < KINDS; k++) {
    all_mappings(&out->kind[k], arch, &workload->layer[KIND_LAYER[k]].einsum,
                 power_w);
    assert_true(out->kind[k].tried > 500);
  }
  return out;
}

/* Best sum over one point of each kind, within limits on sums. */
tiny_best tiny_best_of(const cds_arch *arch, const cds_workload *workload,
                       cds_objective objective, tiny_limits limits) {
  const all_points *kind = points_of(arch, workload, limits.power_w)->kind;
  cds_cost cost;
  cds_operation_counts counts;
  tiny_best out = {false, (double)INFINITY};
  const cds_layer *layer = workload->layer;
  assert_int_equal(cds_price_operation(&cost, &counts, arch,
                                       &layer[OPERATION_LAYER].operation,
                                       limits.power_w),
                   CDS_OK);
  for (size_t i = 0; i < kind[0].points; i++) {
    for (size_t j = 0; j < kind[1].points; j++) {
      const double e = KIND_WEIGHT[0] * kind[0].energy_pj[i] +
                       KIND_WEIGHT[1] * kind[1].energy_pj[j] + cost.energy_pj;
      const double t = KIND_WEIGHT[0] * kind[0].latency_s[i] +
                       KIND_WEIGHT[1] * kind[1].latency_s[j] + cost.latency_s;
      if (t <= limits.latency_s) {
        out.found = true;
        out.value = fmin(out.value, cds_objective_value(objective, e, t));
      }
    }
  }
  return out;
}
