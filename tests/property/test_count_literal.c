/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The closed forms of `count` against literal execution, on random triples of
 * einsum, architecture and mapping: every field of the counts, no mismatch.
 * First with perfect factors, then with any.
 *
 * Usage: test_count_literal [quick] [seed N] [cases N] [case N] [reports N]
 *                           [uneven 1]
 * `uneven 1`: the second kind only. Fewer than FEW cases need not show all.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "count/count.h"
#include "oracle/arguments.h"
#include "support/random_case.h"
#include "support/same_counts.h"
#include "support/simulate.h"

enum { CASES = 10000, CASES_QUICK = 1000, FEW = 500 };
enum {
  SHOWS_EVEN = 10,
  SHOWS_MULTICAST = 1 << 7,
  SHOWS_REDUCTION = 1 << 8,
  SHOWS_HALO = 1 << 9,  /* words of one step with different destinations */
  SHOWS_IDLE = 1 << 15, /* units that work wait for others */
  SHOWS_WAIT = 1 << 16, /* pieces that all wait, as cycles are no product */
  SHOWS_LENGTH = CASE_LENGTH, /* 1 << 17 */
  SHOWS = 20
};
static const char *const shows_name[SHOWS] = {
    "stride",       "dilation",       "groups",        "bypass",
    "two arrays",   "side by side",   "interleaved",   "multicast",
    "reduction",    "halo on links",  "uneven pieces", "contiguous",
    "cyclic",       "uneven windows", "uneven links",  "idle units",
    "short passes", "given lengths",  "rounds",        "homes"};

/* Units that idle at some step, and loops with fewer passes at times. */
static unsigned look_at_steps(const random_case *it, const cds_counts *counts) {
  uint64_t most = 1;
  for (unsigned n = 0; n < it->mapping.nodes; n++) {
    if (it->mapping.node[n].kind == CDS_FOR) {
      most *= it->mapping.node[n].trips;
    }
  }
  return (counts->units * counts->steps > counts->macs ? SHOWS_IDLE : 0U) |
         (counts->steps < most ? SHOWS_WAIT : 0U);
}

/* Multicast and reduction that saved something. */
static unsigned look_at_counts(const cds_counts *counts, unsigned tensors) {
  unsigned shows = 0;
  for (unsigned level = 0; level <= CDS_LEVELS_MAX; level++) {
    for (unsigned tensor = 0; tensor < tensors; tensor++) {
      const cds_traffic *t = &counts->at[level][tensor];
      const cds_traffic *parent = &counts->at[t->parent][tensor];
      if (tensor + 1 < tensors && t->words[CDS_FILL] > 0 &&
          t->words[CDS_FILL] > parent->words[CDS_READ]) {
        shows |= SHOWS_MULTICAST;
      }
      for (unsigned k = 0; k < CDS_ARRAYS_MAX; k++) {
        shows |= t->adds[k] > 0 ? SHOWS_REDUCTION : 0;
      }
    }
  }
  return shows;
}

static bool has_halo(const random_case *it, const cds_tensor *tensor,
                     const cds_node *spread) {
  for (unsigned a = 0; a < tensor->axes; a++) {
    const cds_axis *axis = &tensor->axis[a];
    if (axis->terms == 2 && it->einsum.rank[axis->term[0].rank].size > 1 &&
        it->einsum.rank[axis->term[1].rank].size > 1 &&
        (axis->term[0].rank == spread->rank ||
         axis->term[1].rank == spread->rank)) {
      return true;
    }
  }
  return false;
}

/* Spreads of a rank with halo over a multicasting network with links. */
static unsigned look_for_halo(const random_case *it) {
  for (unsigned n = 0; n < it->mapping.nodes; n++) {
    const cds_node *node = &it->mapping.node[n];
    if (node->kind != CDS_SPREAD || node->trips < 2 ||
        !it->arch.array[node->array].multicast ||
        it->arch.array[node->array].network == CDS_NETWORK_BUS) {
      continue;
    }
    for (unsigned t = 0; t + 1 < it->einsum.tensors; t++) {
      if (has_halo(it, &it->einsum.tensor[t], node)) {
        return SHOWS_HALO;
      }
    }
  }
  return 0;
}

/* Whether the library takes the mapping: the generator makes valid ones. */
static bool is_valid(const random_case *it, cds_arena *arena) {
  const cds_arena_mark mark = cds_arena_mark_get(arena);
  cds_diag *diag = cds_diag_new(arena);
  const cds_place nowhere = {0};
  const bool valid =
      diag != NULL && cds_mapping_validate(&it->mapping, &it->arch, &it->einsum,
                                           nowhere, diag) == CDS_OK;
  if (!valid && diag != NULL) {
    cds_diag_write(diag, stdout, CDS_DIAG_TEXT);
  }
  cds_arena_reset(arena, mark);
  return valid;
}

/* Compares one case; notes what it shows. */
static bool check_case(const random_case *it, cds_arena *arena,
                       unsigned *shows) {
  static cds_counts closed, literal;
  simulate_message message;
  difference where = {""};
  const cds_status status =
      cds_count(&closed, &it->arch, &it->einsum, &it->mapping, arena);
  bool good = false;
  if (!simulate(&literal, &it->arch, &it->einsum, &it->mapping, &message)) {
    snprintf(where.text, sizeof where.text, "simulator: %.100s", message.text);
  } else if (!is_valid(it, arena)) {
    snprintf(where.text, sizeof where.text, "the mapping is refused");
  } else if (status != CDS_OK) {
    snprintf(where.text, sizeof where.text, "cds_count: status %d",
             (int)status);
  } else {
    good = same_counts(&closed, &literal, &where);
  }
  *shows = it->shows | look_for_halo(it) | look_at_steps(it, &literal) |
           look_at_counts(&literal, it->einsum.tensors);
  if (!good) {
    printf("mismatch: %s\n  ", where.text);
    random_case_write(stdout, it);
  }
  return good;
}

/* Prints the shares and says whether each reaches 5 %. `halo` has none: it is
 * not counted where pieces are uneven. */
static bool shares_are_wide(const uint64_t seen[SHOWS], uint64_t cases,
                            unsigned shows, bool halo) {
  bool wide = true;
  for (unsigned i = 0; i < shows; i++) {
    if (1U << i == SHOWS_HALO && !halo) {
      continue;
    }
    printf("  %-14s %6" PRIu64 " cases, %4.1f %%\n", shows_name[i], seen[i],
           100.0 * (double)seen[i] / (double)cases);
    if (seen[i] * 20 < cases) {
      printf("  '%s' is shown by fewer than 5 %% of the cases\n",
             shows_name[i]);
      wide = false;
    }
  }
  return wide;
}

/* All cases of one kind; false when one of them is wrong. */
static bool check_cases(const test_arguments *o, bool uneven, cds_arena *arena,
                        random_case *it) {
  uint64_t mismatches = 0, seen[SHOWS] = {0};
  for (uint64_t i = 0; i < o->cases && mismatches < o->reports; i++) {
    unsigned shows = 0;
    if (uneven) {
      random_case_make_uneven(it, o->seed, o->first + i);
    } else {
      random_case_make(it, o->seed, o->first + i);
    }
    random_case_networks(it);
    random_case_fuse(it);
    mismatches += !check_case(it, arena, &shows);
    for (unsigned s = 0; s < SHOWS; s++) {
      seen[s] += shows >> s & 1;
    }
  }
  printf("%" PRIu64 " %s cases of seed %" PRIu64 ", %" PRIu64 " mismatches\n",
         o->cases, uneven ? "uneven" : "even", o->seed, mismatches);
  const bool wide =
      o->cases < FEW ||
      shares_are_wide(seen, o->cases, uneven ? SHOWS : SHOWS_EVEN, !uneven);
  return mismatches == 0 && wide;
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 1, .cases = CASES, .quick = CASES_QUICK, .reports = 5};
  const test_arguments o = test_arguments_read(&usual, argc, argv);
  cds_arena *arena = cds_arena_new();
  random_case *it = malloc(sizeof *it);
  if (arena == NULL || it == NULL) {
    return EXIT_FAILURE;
  }
  bool good = o.uneven || check_cases(&o, false, arena, it);
  good = check_cases(&o, true, arena, it) && good;
  free(it);
  cds_arena_free(arena);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
