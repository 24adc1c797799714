/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Attention of a few queries to a long context in parts that are joined
 * afterwards (partial outputs with their maxima and sums go to the outermost
 * level and come back), against rows in tiles whose strips stay at home: with
 * the same parts, on one array and one unit, the second takes no more energy
 * nor time where words of the outermost level cost no less than those at home
 * (docs/fusion.md). Both are priced stage by stage, on random accelerators; the
 * scores are the same in both and left out.
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

#include "count/online.h"
#include "fuse/fuse.h"
#include "price/price.h"
#include "spec/operations.h"
#include "support/messages.h"
#include "support/random_case.h"
#include "support/tiny_network.h"

enum { CASES = 300, HOME = 1 };

static const char WORKLOAD[] =
    "workload: w\nprecision: 8 bit\nlayers:\n"
    "  - {name: a, attention: {heads: 1, query: %u, context: %u, head_dim: "
    "%u}}\n";

/* Energies and bandwidths of home, and how many times those of DRAM are as
 * dear. */
static const char ARCH[] =
    "architecture: a\nclock: 1 GHz\nlevels:\n"
    "  - {level: DRAM, size: 1 GiB, bandwidth: %u B/cycle, width: 8 bit,\n"
    "     energy: {read: %u pJ, fill: 1 pJ, update: %u pJ, drain: 1 pJ}}\n"
    "  - {level: GLB, size: 1 MiB, bandwidth: %u B/cycle, width: 8 bit,\n"
    "     energy: {read: %u pJ, fill: %u pJ, update: %u pJ, drain: %u pJ}}\n"
    "  - {array: PE, rows: 4, cols: 4}\n"
    "  - {level: RF, size: 32 B, bandwidth: 8 B/cycle,\n"
    "     energy: {read: 1 pJ, fill: 1 pJ, update: 1 pJ, drain: 1 pJ}}\n"
    "  - {compute: MAC, energy: 1 pJ}\n"
    "  - {compute: VPU, class: vector, at: GLB, lanes: %u, formats: [fp32],\n"
    "     energy: 1 pJ}\n";

/* `tiles` parts of `keys` keys for each of `blocks` blocks of `queries`
 * queries, with outputs of `words` words. */
typedef struct sizes {
  unsigned blocks, queries, tiles, keys, words;
} sizes;

typedef struct desk {
  fixture f;
  cds_space *space;
  cds_workload workload;
  cds_arch arch;
  cds_searcher *searcher;
  double lambda;
  double energy_pj, latency_s; /* summed */
} desk;

static void open_case(desk *d, const sizes *of, random_stream *stream) {
  fixture_open(&d->f);
  const unsigned cheap[] = {
      1 + random_below(stream, 8), 1 + random_below(stream, 8),
      1 + random_below(stream, 8), 1 + random_below(stream, 8)};
  unsigned most = 0;
  for (unsigned i = 0; i < 4; i++) {
    most = cheap[i] > most ? cheap[i] : most;
  }
  const unsigned wide = 1U << random_below(stream, 5);
  const unsigned narrow = wide >> random_below(stream, 3);
  const char *arch = cds_arena_printf(
      d->f.arena, ARCH, narrow > 0 ? narrow : 1,
      most + random_below(stream, 40), most + random_below(stream, 40), wide,
      cheap[0], cheap[1], cheap[2], cheap[3], 1U << random_below(stream, 5));
  const char *text =
      cds_arena_printf(d->f.arena, WORKLOAD, of->queries, of->keys, of->words);
  tiny_read(&d->f, &d->space, &d->workload, arch, text);
  assert_fine(&d->f,
              cds_space_design(&d->arch, d->space, 0, d->f.arena, d->f.diag));
}

static void add_operation(desk *d, const cds_operation *operation,
                          uint64_t times) {
  cds_cost cost;
  cds_operation_counts counts;
  assert_int_equal(cds_price_operation(&cost, &counts, &d->arch, operation,
                                       (double)INFINITY),
                   CDS_OK);
  d->energy_pj += cost.energy_pj * (double)times;
  d->latency_s += cost.latency_s * (double)times;
}

/* The weighted values: strips at home, each of `repeats` outputs whole; where
 * parts are joined later each part has one, of partial sums. */
static void add_values(desk *d, const sizes *of, bool split) {
  cds_einsum einsum = d->workload.layer[2].einsum;
  const uint64_t passes = (uint64_t)of->blocks * of->tiles;
  const uint64_t strip = (uint64_t)of->queries * of->words;
  const cds_stage stage = {
      .passes = passes,
      .repeats = split ? passes : of->blocks,
      .home = {{.level = HOME, .tile_words = (uint64_t)of->queries * of->keys},
               {.level = 0},
               {.level = HOME,
                .tile_words = strip,
                .replaced = split || of->blocks > 1,
                .loads = strip * (split ? passes : of->blocks)}}};
  static cds_search_result result;
  einsum.stage = &stage;
  einsum.tensor[2].format =
      split ? einsum.tensor[2].accumulator : einsum.tensor[2].format;
  const cds_goal goal = {.lambda_pj_per_s = d->lambda};
  assert_int_equal(
      cds_search_begin(d->searcher, &d->arch, &einsum, (double)INFINITY),
      CDS_OK);
  assert_int_equal(cds_search_solve(&result, d->searcher, goal, NULL), CDS_OK);
  d->energy_pj += result.cost.energy_pj;
  d->latency_s += result.cost.latency_s;
}

/* The softmax; of parts each is as the first of a row, whose state leaves. */
static void add_weights(desk *d, const sizes *of, bool split) {
  const cds_operation *softmax = &d->workload.layer[1].operation;
  cds_online_part part[CDS_ONLINE_STEPS];
  cds_einsum shape = d->workload.layer[0].einsum;
  const cds_tensor *output = &d->workload.layer[2].einsum.tensor[2];
  const uint64_t passes = (uint64_t)of->blocks * of->tiles;
  const uint64_t rows = passes * of->queries;
  const uint64_t tile = (uint64_t)of->queries * of->keys;
  const cds_stage stage = {
      .passes = passes,
      .repeats = passes,
      .home = {{.level = HOME, .tile_words = tile},
               {.level = HOME, .tile_words = tile}},
      .online = {.tiles = of->tiles,
                 .firsts = split ? passes : of->blocks,
                 .strip_words = of->words,
                 .level = HOME,
                 .sums = output->accumulator,
                 .results = output->format,
                 .returns = split ? CDS_STATE_WORDS * rows : 0}};
  shape.tensor[0] = shape.tensor[1] = shape.tensor[2];
  shape.tensors = 2;
  shape.stage = &stage;
  assert_int_equal(cds_online_parts(part, softmax, &shape), CDS_OK);
  for (unsigned i = 0; i < CDS_ONLINE_STEPS; i++) {
    if (part[i].times > 0 && !(split && i == CDS_ONLINE_END)) {
      add_operation(d, &part[i].operation, part[i].times);
    }
  }
}

/* Each strip's parts come back and are added, scaled by what their maxima say,
 * and divided by the sum: all in one sweep, which is the least. */
static void add_joins(desk *d, const sizes *of) {
  const cds_operation *softmax = &d->workload.layer[1].operation;
  const cds_tensor *output = &d->workload.layer[2].einsum.tensor[2];
  const uint64_t strips = (uint64_t)of->blocks * of->queries;
  const uint64_t joins = strips * (of->tiles - 1);
  cds_operation join = {.kind = "softmax",
                        .rows = strips,
                        .length = of->words,
                        .passes = 1,
                        .format = softmax->format,
                        .inputs = 1};
  join.primitives[CDS_MAX] = joins;
  join.primitives[CDS_EXP] = joins;
  join.primitives[CDS_ADD] = joins * (of->words + 2);
  join.primitives[CDS_MUL] = joins * (of->words + 1) + strips * of->words;
  join.primitives[CDS_RECIP] = strips;
  join.input[0] = (cds_operand){.format = output->accumulator,
                                .words = strips * of->tiles * of->words,
                                .row_words = (uint64_t)of->tiles * of->words};
  join.output = (cds_operand){.format = output->format,
                              .words = strips * of->words,
                              .row_words = of->words};
  add_operation(d, &join, 1);
}

static void parts_that_are_joined_take_no_less(void **state) {
  (void)state;
  desk d = {.searcher = cds_searcher_new()};
  double least = (double)INFINITY;
  assert_non_null(d.searcher);
  for (uint64_t number = 0; number < CASES; number++) {
    random_stream stream = random_start(21, number);
    const sizes of = {
        1 + random_below(&stream, 3), 1 + random_below(&stream, 3),
        2 + random_below(&stream, 7), 2U << random_below(&stream, 4),
        2U << random_below(&stream, 5)};
    open_case(&d, &of, &stream);
    d.lambda = 1e12 * pow(4, (double)random_below(&stream, 8) - 3);
    double value[2];
    for (unsigned split = 0; split < 2; split++) {
      d.energy_pj = d.latency_s = 0;
      add_values(&d, &of, split == 1);
      add_weights(&d, &of, split == 1);
      if (split == 1) {
        add_joins(&d, &of);
      }
      value[split] = d.energy_pj + d.lambda * d.latency_s;
    }
    assert_true(value[0] <= value[1] * (1 + 1e-12));
    least = fmin(least, value[1] / value[0]);
    fixture_close(&d.f);
  }
  print_message("parts take %.4g times as much at least\n", least);
  cds_searcher_free(d.searcher);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parts_that_are_joined_take_no_less),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
