/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A tiny space and workload, and their optimum by trying everything. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/all_mappings.h"
#include "support/tiny_network.h"

const char TINY_ARCH[] =
    "architecture: tiny\n"
    "package: {cooling: {ambient: 45 degC, sink: 10 K/W}}\n"
    "levels:\n"
    "  - {level: DRAM, size: 1 KiB, width: 8 bit, bandwidth: $bw,\n"
    "     energy: {read: 100 pJ, update: 110 pJ}}\n"
    "  - {array: PE, cols: $cols, network: {kind: bus, energy: 0.5 pJ/bit,\n"
    "     add: 1 pJ}, multicast: true, reduction: true}\n"
    "  - {level: RF, size: $rf, width: 8 bit, leakage: $rf / 1 B * 1 mW,\n"
    "     area: $rf / 1 B * 100 um2,\n"
    "     energy: {read: 2 pJ, fill: 3 pJ, update: 3 pJ, drain: 2 pJ}}\n"
    "  - {compute: MAC, energy: 1 pJ, area: 50 um2}\n"
    "explore:\n"
    "  variables: {cols: [1, 2, 4], rf: [4 B, 16 B], bw: [1 B/cycle, 3 "
    "B/cycle]}\n";

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

void tiny_write_file(char *path, const char *text) {
  const int file = mkstemp(path);
  assert_true(file >= 0);
  assert_int_equal(write(file, text, strlen(text)), (int)strlen(text));
  assert_int_equal(close(file), 0);
}

/* Best sum over one point of each kind, within limits on sums. */
tiny_best tiny_best_of(const cds_arch *arch, const cds_workload *workload,
                       cds_objective objective, tiny_limits limits) {
  static all_points kind[KINDS];
  cds_cost cost;
  cds_operation_counts counts;
  tiny_best out = {false, (double)INFINITY};
  const cds_layer *layer = workload->layer;
  assert_int_equal(cds_price_operation(&cost, &counts, arch,
                                       &layer[OPERATION_LAYER].operation,
                                       limits.power_w),
                   CDS_OK);
  for (unsigned k = 0; k < KINDS; k++) {
    all_mappings(&kind[k], arch, &layer[KIND_LAYER[k]].einsum, limits.power_w);
    assert_true(kind[k].tried > 500);
  }
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
