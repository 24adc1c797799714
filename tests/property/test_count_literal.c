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

typedef struct difference {
  char text[120];
} difference;

/* Fields of numbers, so that a mismatch names the field and its index. */
typedef struct field {
  const char *name;
  size_t offset;
  unsigned count;
} field;
#define FIELD(name, count)                                                     \
  { #name, offsetof(cds_traffic, name), count }
static const field fields[] = {
    FIELD(tile_words, 1),
    FIELD(words, CDS_ACTIONS),
    FIELD(peak, CDS_ACTIONS),
    FIELD(partial, CDS_ACTIONS),
    FIELD(partial_peak, CDS_ACTIONS),
    FIELD(down, CDS_ARRAYS_MAX),
    FIELD(down_peak, CDS_ARRAYS_MAX),
    FIELD(up, CDS_ARRAYS_MAX),
    FIELD(up_peak, CDS_ARRAYS_MAX),
    FIELD(up_partial, CDS_ARRAYS_MAX),
    FIELD(up_partial_peak, CDS_ARRAYS_MAX),
    FIELD(adds, CDS_ARRAYS_MAX),
    FIELD(first_parent, 1),
    FIELD(first_own, 1),
    FIELD(first_net, CDS_ARRAYS_MAX),
    FIELD(last_parent, 1),
    FIELD(last_own, 1),
    FIELD(last_net, CDS_ARRAYS_MAX),
    FIELD(hops_down, CDS_ARRAYS_MAX),
    FIELD(hops_up, CDS_ARRAYS_MAX),
    FIELD(hops_up_partial, CDS_ARRAYS_MAX),
    FIELD(link_down, CDS_ARRAYS_MAX * 2),
    FIELD(link_up, CDS_ARRAYS_MAX * 2),
    FIELD(link_up_partial, CDS_ARRAYS_MAX * 2),
    FIELD(first_link, CDS_ARRAYS_MAX * 2),
    FIELD(last_link, CDS_ARRAYS_MAX * 2),
};

static bool same_flags(const cds_traffic *a, const cds_traffic *b,
                       difference *where) {
  const char *name = a->held != b->held                   ? "held"
                     : a->parent != b->parent             ? "parent"
                     : a->replaced != b->replaced         ? "replaced"
                     : a->partial_tile != b->partial_tile ? "partial_tile"
                                                          : NULL;
  if (name != NULL) {
    snprintf(where->text, sizeof where->text,
             "%s: held %d %d, parent %u %u, replaced %d %d, partial %d %d",
             name, a->held, b->held, a->parent, b->parent, a->replaced,
             b->replaced, a->partial_tile, b->partial_tile);
  }
  return name == NULL;
}

static bool same_traffic(const cds_traffic *a, const cds_traffic *b,
                         difference *where) {
  for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
    for (unsigned i = 0; i < fields[f].count; i++) {
      uint64_t x, y;
      const size_t at = fields[f].offset + i * sizeof x;
      memcpy(&x, (const char *)a + at, sizeof x);
      memcpy(&y, (const char *)b + at, sizeof y);
      if (x != y) {
        snprintf(where->text, sizeof where->text,
                 "%s[%u]: closed form %" PRIu64 ", literal %" PRIu64,
                 fields[f].name, i, x, y);
        return false;
      }
    }
  }
  return same_flags(a, b, where);
}

static bool same_whole(const cds_counts *a, const cds_counts *b,
                       difference *where) {
  if (a->macs != b->macs || a->units != b->units || a->steps != b->steps ||
      memcmp(a->used, b->used, sizeof a->used) != 0 ||
      memcmp(a->along, b->along, sizeof a->along) != 0 ||
      memcmp(a->passes, b->passes, sizeof a->passes) != 0) {
    snprintf(where->text, sizeof where->text,
             "macs, units, steps, used, along or passes");
    return false;
  }
  return true;
}

/* The first difference of the two counts, if any. */
static bool same_counts(const cds_counts *a, const cds_counts *b,
                        difference *where) {
  if (!same_whole(a, b, where)) {
    return false;
  }
  for (unsigned level = 0; level <= CDS_LEVELS_MAX; level++) {
    for (unsigned tensor = 0; tensor < CDS_TENSORS_MAX; tensor++) {
      difference inner;
      if (!same_traffic(&a->at[level][tensor], &b->at[level][tensor], &inner)) {
        snprintf(where->text, sizeof where->text, "level %u tensor %u %.80s",
                 level, tensor, inner.text);
        return false;
      }
    }
  }
  return true;
}

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
