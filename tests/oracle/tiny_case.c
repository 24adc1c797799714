/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tiny random searches. */
#include "oracle/tiny_case.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/random_price.h"
#include "support/nest.h"

/* Plain, batched, shared weights, grouped queries, two reduction ranks: the
 * last three have several ranks of one class. */
static const char *const texts[] = {
    "O[m,n] += A[m,k] * B[k,n]; m 1, n 1, k 1",
    "O[m,n] += A[m,k] * B[k,n]; m 1, n 1, k 1",
    "O[b,m,n] += A[b,m,k] * B[b,k,n]; b 1, m 1, n 1, k 1",
    "O[b,m,n] += A[b,m,k] * B[k,n]; b 1, m 1, n 1, k 1",
    "O[g,h,m,n] += Q[g,h,m,k] * K[g,n,k]; g 1, h 1, m 1, n 1, k 1",
    "O[m,n] += A[m,k,l] * B[k,l,n]; m 1, n 1, k 1, l 1",
};
enum { TEXTS = sizeof texts / sizeof *texts };

static unsigned primes_of(uint64_t n) {
  unsigned count = 0;
  for (uint64_t p = 2; n > 1; p++) {
    for (; n % p == 0; n /= p) {
      count++;
    }
  }
  return count;
}

static void draw_sizes(cds_einsum *einsum, unsigned most,
                       random_stream *stream) {
  static const uint64_t sizes[] = {1, 2, 2, 2, 3, 3, 4, 4, 5, 6};
  unsigned primes;
  do {
    primes = 0;
    for (unsigned r = 0; r < einsum->ranks; r++) {
      const uint64_t size = sizes[random_below(stream, 10)];
      einsum->rank[r].size = einsum->rank[r].real = size;
      primes += primes_of(size);
    }
  } while (primes > most || primes < 2);
}

/* Half of the levels leave little free: then holders of different levels get
 * in each other's way. */
static void draw_policy(cds_level *level, random_stream *stream) {
  const bool strict = random_chance(stream, 50);
  const unsigned keep = strict ? 35 : 15;
  const unsigned bypass = strict ? 80 : 85;
  for (unsigned role = CDS_INPUT; role <= CDS_OUTPUT; role++) {
    const unsigned pick = random_below(stream, 100);
    level->keep.roles |= pick < keep ? 1u << role : 0;
    level->bypass.roles |= pick >= bypass ? 1u << role : 0;
  }
}

static uint64_t draw_size(random_stream *stream) {
  return random_chance(stream, 20)
             ? UINT64_MAX
             : 8 * (uint64_t)(1 + random_below(stream, 48));
}

static void draw_arch(cds_arch *arch, random_stream *stream) {
  static const char *const name[] = {"L0", "L1", "L2"};
  const unsigned levels = random_chance(stream, 40) ? 2 : 3;
  const unsigned array_below =
      random_chance(stream, 75) ? random_below(stream, levels) : levels;
  unsigned position = 0;
  arch->name = "tiny";
  for (unsigned l = 0; l < levels; l++) {
    cds_level *level = &arch->level[arch->levels++];
    level->name = name[l];
    level->class_name = "";
    level->position = position++;
    level->depth = arch->arrays;
    /* Above the innermost level the search refuses it by name. */
    level->accumulate = random_chance(stream, 25) && l + 1 == levels;
    level->size_bits = UINT64_MAX;
    if (l > 0) {
      level->size_bits = draw_size(stream);
      draw_policy(level, stream);
    }
    if (l == array_below) {
      cds_array *array = &arch->array[arch->arrays++];
      array->name = "PE";
      array->axes = 1 + random_below(stream, 2);
      array->axis_name[0] = "rows";
      array->axis_name[1] = "cols";
      array->multicast = random_chance(stream, 60);
      array->reduction = random_chance(stream, 60);
      for (unsigned x = 0; x < array->axes; x++) {
        array->extent[x] = 1 + random_below(stream, array->axes == 1 ? 6 : 4);
      }
      position++;
    }
  }
}

static void draw_goal(brute_goal *goal, random_stream *stream) {
  goal->time_power =
      random_chance(stream, 50) ? 1 + random_below(stream, 2) : 0;
  if (goal->time_power == 0 && random_chance(stream, 80)) {
    goal->lambda_pj_per_s = 1e9 * (double)(1 << random_below(stream, 12));
  }
  goal->power_limit_w = (double)INFINITY;
  if (random_chance(stream, 20)) {
    goal->power_limit_w = 0.125 * (1 + random_below(stream, 12));
  }
}

void tiny_case_make(tiny_case *out, uint64_t seed, uint64_t number) {
  random_stream stream = random_start(seed, number);
  memset(out, 0, sizeof *out);
  out->seed = seed;
  out->number = number;
  if (!einsum_read(&out->einsum, texts[random_below(&stream, TEXTS)],
                   out->names)) {
    fprintf(stderr, "tiny case: an einsum is not understood\n");
    exit(EXIT_FAILURE);
  }
  draw_arch(&out->arch, &stream);
  const unsigned most = random_chance(&stream, 35) ? 5 : 4;
  draw_sizes(&out->einsum, most, &stream);
  random_price(&out->arch, &out->einsum, &stream);
  draw_goal(&out->goal, &stream);
}

void tiny_case_fuse(tiny_case *it) {
  random_stream stream = random_start(it->seed ^ 0x686f6d65, it->number);
  if (random_chance(&stream, 50)) {
    return;
  }
  it->stage = (cds_stage){.repeats = 1};
  it->einsum.stage = &it->stage;
  it->stage.passes = 1 + random_below(&stream, 3);
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    const unsigned level = 1 + random_below(&stream, 2);
    if (random_chance(&stream, 40) && level < it->arch.levels &&
        it->arch.level[level].depth == 0) {
      cds_home *home = &it->stage.home[t];
      home->level = level;
      if (cds_tensor_words(&home->tile_words, &it->einsum, t) != CDS_OK) {
        abort();
      }
    }
  }
}

void tiny_case_repeat(tiny_case *it) {
  random_stream stream = random_start(it->seed ^ 0x72657065, it->number);
  cds_stage *stage = &it->stage;
  if (it->einsum.stage == NULL) {
    return;
  }
  stage->repeats = 1 + random_below(&stream, 3);
  stage->passes *= stage->repeats;
  if (random_chance(&stream, 50)) { /* outputs of more passes than others */
    stage->passes += random_below(&stream, (unsigned)stage->repeats);
  }
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    cds_home *home = &stage->home[t];
    const bool output = t == it->einsum.tensors - 1;
    const uint64_t all = home->tile_words * stage->repeats;
    const uint64_t times = random_below(&stream, 4);
    home->loads = output ? all * times : home->tile_words * times;
    home->replaced = home->loads > 0 && random_chance(&stream, 50);
  }
  for (unsigned l = 1; l < it->arch.levels; l++) {
    stage->taken_bits[l] =
        random_chance(&stream, 30) ? random_below(&stream, 64) : 0;
  }
}

static void policy_write(FILE *stream, const cds_level *level) {
  static const char *const role[] = {"input", "weight", "output"};
  for (unsigned r = 0; r < 3; r++) {
    const bool keep = level->keep.roles >> r & 1;
    if (keep || (level->bypass.roles >> r & 1)) {
      fprintf(stream, "  %s: %s %s\n", level->name, keep ? "keep" : "bypass",
              role[r]);
    }
  }
}

void tiny_case_write(FILE *stream, const tiny_case *it) {
  fprintf(stream, "case %" PRIu64 " of seed %" PRIu64 "\n  ", it->number,
          it->seed);
  einsum_write(stream, &it->einsum);
  fputs("\n  ", stream);
  arch_write(stream, &it->arch);
  fputs("\n", stream);
  price_write(stream, &it->arch, &it->einsum);
  for (unsigned l = 1; l < it->arch.levels; l++) {
    policy_write(stream, &it->arch.level[l]);
  }
  stage_write(stream, &it->arch, &it->einsum);
  if (it->goal.time_power > 0) {
    fprintf(stream, "  goal: energy x time^%u", it->goal.time_power);
  } else {
    fprintf(stream, "  goal: energy + %.17g pJ/s x time",
            it->goal.lambda_pj_per_s);
  }
  if (isfinite(it->goal.power_limit_w)) {
    fprintf(stream, ", power <= %.17g W", it->goal.power_limit_w);
  }
  fputs("\n", stream);
}
