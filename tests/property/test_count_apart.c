/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * AccelForge's partial sums (arch.h: sums_apart) against literal execution of
 * another product: where k is spread over an array that does not add up, the
 * sums of its instances are apart as if the result had the part of k that is
 * spread as a rank of its own. So O[m,n] += A[m,k] B[k,n], k = z x l, counts
 * like P[m,n,z] += A[m,z,l] B[z,l,n] when z is what is spread there; only the
 * tiles of the levels above the array are other ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "count/count.h"
#include "support/nest.h"
#include "support/simulate.h"

enum { M, N, K, RANKS };
enum { DRAM, GLB, LB, RF, LEVELS };

/* DRAM > GLB > array Z > LB > array PE > RF. */
static void make_arch(cds_arch *arch, bool apart) {
  static const char *const name[LEVELS] = {"DRAM", "GLB", "LB", "RF"};
  *arch = (cds_arch){.name = "test", .levels = LEVELS, .arrays = 2};
  for (unsigned l = 0; l < LEVELS; l++) {
    arch->level[l].name = name[l];
    arch->level[l].position = l;
    arch->level[l].depth = l < LB ? 0 : l - GLB;
  }
  static const char *const axis[] = {"cols"};
  static const char *const array[] = {"Z", "PE"};
  for (unsigned k = 0; k < 2; k++) {
    arch->array[k] = (cds_array){.name = array[k],
                                 .axes = 1,
                                 .axis_name = {axis[0]},
                                 .extent = {8, 1},
                                 .multicast = k == 1,
                                 .reduction = k == 1};
  }
  arch->sums_apart = apart;
}

static unsigned draw(unsigned *state, unsigned below) {
  *state = *state * 1664525U + 1013904223U;
  return (*state >> 16) % below;
}

/* One mapping in the words of both products: what is spread of k over Z is z
 * there, all else of k is l. */
typedef struct pair {
  char one[512], other[512];
} pair;

/* A loop, or a spread over the axis. */
static void put(pair *out, const char *rank, const char *other, unsigned trips,
                const char *over) {
  const char *const name[2] = {rank, other};
  char *const text[2] = {out->one, out->other};
  for (unsigned i = 0; i < 2; i++) {
    char line[64];
    (void)snprintf(line, sizeof line, ", %s %s %u%s%s",
                   over == NULL ? "for" : "spread", name[i], trips,
                   over == NULL ? "" : " over ", over == NULL ? "" : over);
    strcat(text[i], line);
  }
}

static void both(pair *out, const char *one, const char *other) {
  strcat(out->one, one);
  strcat(out->other, other);
}

static void loops(pair *out, unsigned *left, unsigned *state) {
  static const char *const name[RANKS] = {"m", "n", "k"};
  static const char *const other[RANKS] = {"m", "n", "l"};
  const unsigned first = draw(state, RANKS);
  for (unsigned i = 0; i < RANKS; i++) {
    const unsigned r = (first + i) % RANKS;
    if (left[r] % 2 == 0 && draw(state, 2) == 0) {
      left[r] /= 2;
      put(out, name[r], other[r], 2, NULL);
    }
  }
}

static void finish(pair *out, const unsigned *left) {
  static const char *const name[RANKS] = {"m", "n", "k"};
  static const char *const other[RANKS] = {"m", "n", "l"};
  for (unsigned r = 0; r < RANKS; r++) {
    put(out, name[r], other[r], left[r], NULL);
  }
}

static void draw_pair(pair *out, unsigned z, unsigned *state) {
  unsigned left[RANKS] = {4, 4, 8 / z};
  out->one[0] = out->other[0] = '\0';
  both(out, "hold A B O at DRAM", "hold A B O at DRAM");
  loops(out, left, state);
  if (draw(state, 2) == 0) {
    both(out, ", hold O at GLB", ", hold O at GLB");
    loops(out, left, state);
  }
  put(out, "k", "z", z, "Z.cols");
  if (left[M] > 1 && draw(state, 2) == 0) {
    left[M] /= 2;
    put(out, "m", "m", 2, "Z.cols");
  }
  both(out, ", hold A O at LB", ", hold A O at LB");
  loops(out, left, state);
  if (left[K] > 1 && draw(state, 2) == 0) {
    left[K] /= 2;
    put(out, "k", "l", 2, "PE.cols");
  }
  both(out, ", hold B at RF", ", hold B at RF");
  finish(out, left);
}

static void read_case(cds_einsum *einsum, cds_mapping *mapping, char *names,
                      const cds_arch *arch, const char *product,
                      const char *nest) {
  assert_true(einsum_read(einsum, product, names));
  if (!nest_read(mapping, nest, arch, einsum)) {
    fail_msg("not a nest: %s", nest);
  }
}

/* Where the result lies, words moved are the same; tiles above Z are not. */
static void compare(const cds_counts *closed, const cds_counts *literal,
                    const char *nest) {
  for (unsigned level = 0; level <= LEVELS; level++) {
    for (unsigned t = 0; t < 3; t++) {
      const cds_traffic *a = &closed->at[level][t];
      const cds_traffic *b = &literal->at[level][t];
      /* The result of GLB is one there and z here: what it hands up. */
      const bool merged = t == 2 && level <= GLB && closed->at[GLB][2].held;
      for (unsigned action = 0; action < CDS_ACTIONS; action++) {
        const bool below = action == CDS_READ || action == CDS_UPDATE;
        if (merged && (level == DRAM || !below)) {
          continue;
        }
        if (a->words[action] != b->words[action] ||
            a->peak[action] != b->peak[action]) {
          fail_msg("%s: level %u, tensor %u, action %u: %llu, literally %llu",
                   nest, level, t, action, (unsigned long long)a->words[action],
                   (unsigned long long)b->words[action]);
        }
      }
    }
  }
}

static void counts_are_those_of_a_result_with_the_rank(void **state) {
  (void)state;
  static cds_arch apart, plain;
  static cds_counts closed, literal;
  cds_arena *arena = cds_arena_new();
  unsigned stream = 1;
  unsigned returned = 0;
  make_arch(&apart, true);
  make_arch(&plain, false);
  for (unsigned number = 0; number < 500; number++) {
    const unsigned z = 2U << draw(&stream, 2);
    pair nest;
    char names[2][128];
    char product[128];
    cds_einsum einsum, other;
    static cds_mapping mapping, other_mapping;
    simulate_message message;
    draw_pair(&nest, z, &stream);
    read_case(&einsum, &mapping, names[0], &apart,
              "O[m,n] += A[m,k] * B[k,n]; m 4, n 4, k 8", nest.one);
    (void)snprintf(product, sizeof product,
                   "O[m,n,z] += A[m,z,l] * B[z,l,n]; m 4, n 4, z %u, l %u", z,
                   8 / z);
    read_case(&other, &other_mapping, names[1], &plain, product, nest.other);
    assert_int_equal(cds_count(&closed, &apart, &einsum, &mapping, arena),
                     CDS_OK);
    if (!simulate(&literal, &plain, &other, &other_mapping, &message)) {
      fail_msg("simulator: %s", message.text);
    }
    compare(&closed, &literal, nest.one);
    returned += closed.at[LB][2].words[CDS_FILL] > 0;
  }
  assert_true(returned > 50);
  cds_arena_free(arena);
}

/* Natively one instance of four gets a sum back and the parent reads it for the
 * others; AccelForge's get theirs, and the first of each is nothing. */
static void the_term_is_that_of_the_accounting_alone(void **state) {
  (void)state;
  static cds_arch arch;
  static cds_counts counts;
  static cds_mapping mapping;
  cds_einsum einsum;
  char names[64];
  cds_arena *arena = cds_arena_new();
  make_arch(&arch, false);
  read_case(&einsum, &mapping, names, &arch,
            "O[m,n] += A[m,k] * B[k,n]; m 1, n 2, k 8",
            "hold A B O at DRAM, for k 2, for n 2, spread k 4 over Z.cols, "
            "hold A O at LB, hold B at RF, for m 1, for k 1");
  assert_int_equal(cds_count(&counts, &arch, &einsum, &mapping, arena), CDS_OK);
  assert_int_equal(counts.at[DRAM][2].words[CDS_UPDATE], 16);
  assert_int_equal(counts.at[DRAM][2].words[CDS_READ], 14);
  assert_int_equal(counts.at[LB][2].words[CDS_FILL], 2);
  make_arch(&arch, true);
  assert_int_equal(cds_count(&counts, &arch, &einsum, &mapping, arena), CDS_OK);
  assert_int_equal(counts.at[DRAM][2].words[CDS_UPDATE], 16);
  assert_int_equal(counts.at[DRAM][2].words[CDS_READ], 8);
  assert_int_equal(counts.at[LB][2].words[CDS_FILL], 8);
  cds_arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counts_are_those_of_a_result_with_the_rank),
      cmocka_unit_test(the_term_is_that_of_the_accounting_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
