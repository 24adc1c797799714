/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The time of a pipelined group (spec/fusion.h) against its schedule, step by
 * step, on random stages: what each step takes of the array and of the unit is
 * summed as it happens. No schedule takes longer than the closed form, two
 * parts without words that move take exactly as long, and with many passes what
 * is too long goes to nothing.
 *
 * Usage: test_pipeline_schedule [quick] [seed N] [cases N]
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "oracle/arguments.h"
#include "price/pipeline.h"
#include "support/random_case.h"

enum { CASES = 20000, CASES_QUICK = 4000, STAGES = 6 };

typedef struct pipe_case {
  unsigned stages, fills;
  uint64_t passes;
  bool operation[STAGES];
  unsigned part[STAGES];
  /* Of one pass: time, of that with words that move, and what the unit does
   * alone after it. */
  double time[STAGES], moving[STAGES], alone[STAGES];
} pipe_case;

static pipe_case draw(uint64_t seed, uint64_t number) {
  random_stream stream = random_start(seed + 9000, number);
  pipe_case it = {.stages = 2 + (unsigned)random_below(&stream, STAGES - 1),
                  .passes = 1 + random_below(&stream, 12)};
  const bool moves = random_chance(&stream, 70);
  for (unsigned s = 0; s < it.stages; s++) {
    it.operation[s] = random_chance(&stream, 50);
    it.part[s] =
        s == 0 ? 0 : it.part[s - 1] + (it.operation[s] != it.operation[s - 1]);
    it.time[s] = 1 + (double)random_below(&stream, 40);
    if (it.operation[s] && moves) {
      it.moving[s] = (double)random_below(&stream, (unsigned)it.time[s] + 1);
      it.alone[s] =
          random_chance(&stream, 30) ? (double)random_below(&stream, 10) : 0;
    }
  }
  it.fills = it.part[it.stages - 1];
  return it;
}

/* Every part works on the pass that the part before it had a step ago. */
static double schedule(const pipe_case *it) {
  double sum = 0;
  for (uint64_t step = 0; step < it->passes + it->fills; step++) {
    double array = 0, unit = 0, alone = 0;
    for (unsigned s = 0; s < it->stages; s++) {
      if (step < it->part[s] || step - it->part[s] >= it->passes) {
        continue; /* no such pass */
      }
      if (it->operation[s]) {
        unit += it->time[s];
        array += it->moving[s]; /* it waits */
        alone += it->alone[s];
      } else {
        array += it->time[s];
      }
    }
    sum += (array > unit ? array : unit) + alone;
  }
  return sum;
}

/* As the search sums it up. */
static double closed(const pipe_case *it) {
  const cds_stage stage = {
      .passes = it->passes, .pipelined = true, .fills = it->fills};
  const cds_arch arch = {.clock_hz = 1};
  const double passes = (double)it->passes;
  double products = 0, hidden = 0, operations = 0;
  for (unsigned s = 0; s < it->stages; s++) {
    if (!it->operation[s]) {
      products += passes * it->time[s];
      continue;
    }
    cds_cost cost = {.latency_s = passes * (it->time[s] + it->alone[s]),
                     .quiet_cycles = passes * (it->time[s] - it->moving[s])};
    const double hides = cds_pipeline_hidden_s(&arch, &cost, &stage);
    cds_pipeline_shift(&cost, &arch, -hides);
    operations += cost.latency_s;
    hidden += hides;
  }
  return products + operations + cds_pipeline_lacks_s(&stage, products, hidden);
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 1, .cases = CASES, .quick = CASES_QUICK, .reports = 5};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  uint64_t longer = 0, other = 0, far = 0, exact = 0, shorter = 0;
  for (uint64_t i = 0; i < given.cases; i++) {
    pipe_case it = draw(given.seed, given.first + i);
    const double literal = schedule(&it);
    const double form = closed(&it);
    double serial = 0;
    bool plain = it.fills <= 1;
    for (unsigned s = 0; s < it.stages; s++) {
      serial += (double)it.passes * (it.time[s] + it.alone[s]);
      plain = plain && !(it.moving[s] > 0);
    }
    longer += literal > form * (1 + 1e-12) || form > serial * (1 + 1e-12);
    other += plain && fabs(literal - form) > 1e-12 * form;
    exact += plain;
    shorter += form < serial * 0.95;
    it.passes = 2000;
    far += closed(&it) > schedule(&it) * 1.01;
  }
  printf("%" PRIu64 " pipelines of seed %" PRIu64 ": %" PRIu64
         " take longer than they should, %" PRIu64 " of %" PRIu64
         " others than in two parts, %" PRIu64
         " are far apart after many passes; %" PRIu64
         " are much shorter than their stages in a row\n",
         given.cases, given.seed, longer, other, exact, far, shorter);
  return longer + other + far == 0 && shorter > given.cases / 10 ? EXIT_SUCCESS
                                                                 : EXIT_FAILURE;
}
