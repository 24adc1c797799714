/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search over fused groups against brute force over its space, on random
 * tiny groups: every order of the prime factors of all ranks as outer loops,
 * any number of them, every tensor at home nowhere or at any place, at every
 * level above the arrays. Stages under outer nodes are those of count/fusion.h,
 * which test_fusion_literal compares with execution; their best mappings come
 * from the searches that test_search_residual, test_search_brute and
 * test_search_depth compare.
 *
 * Usage: test_fuse_brute [quick] [seed N] [cases N] [case N] [reports N]
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuse/fuse.h"
#include "oracle/arguments.h"
#include "oracle/random_price.h"
#include "oracle/tiny_case.h"
#include "support/nest.h"

enum { CASES = 150, CASES_QUICK = 15, PRIMES_MOST = 3, STAGES_MOST = 3 };

typedef struct chain {
  unsigned stages;
  const char *text[STAGES_MOST];
  unsigned same[STAGES_MOST][CDS_TENSORS_MAX];
} chain;

static const chain chains[] = {
    {2,
     {"S[m,t] += Q[m,e] * K[e,t]; m 1, e 1, t 1",
      "O[m,f] += S[m,t] * V[t,f]; m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3, 4}}},
    {2,
     {"S[b,m,t] += Q[b,m,e] * K[b,e,t]; b 1, m 1, e 1, t 1",
      "O[b,m,f] += S[b,m,t] * V[b,t,f]; b 1, m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3, 4}}},
    {2,
     {"S[g,h,m,t] += Q[g,h,m,e] * K[g,e,t]; g 1, h 1, m 1, e 1, t 1",
      "O[g,h,m,f] += S[g,h,m,t] * V[g,t,f]; g 1, h 1, m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3, 4}}},
    {3,
     {"T[m,n] += X[m,k] * U[k,n]; m 1, k 1, n 1",
      "Y[m,p] += T[m,n] * V[n,p]; m 1, n 1, p 1",
      "Z[m,q] += Y[m,p] * W[p,q]; m 1, p 1, q 1"},
     {{0, 1, 2}, {2, 3, 4}, {4, 5, 6}}},
    {3,
     {"G[m,n] += X[m,k] * A[k,n]; m 1, k 1, n 1",
      "U[m,p] += X[m,k] * B[k,p]; m 1, k 1, p 1",
      "Z[n,p] += G[m,n] * U[m,p]; m 1, n 1, p 1"},
     {{0, 1, 2}, {0, 3, 4}, {2, 4, 5}}},
};
enum { CHAINS = sizeof chains / sizeof *chains };

typedef struct fuse_case {
  tiny_case tiny; /* architecture and goal */
  const chain *chain;
  cds_einsum einsum[STAGES_MOST];
  char names[STAGES_MOST][200];
  cds_fused_group group;
  double lambda;
} fuse_case;

/* ---- cases ----------------------------------------------------------- */

static bool has_home(const cds_arch *arch) {
  for (unsigned l = 1; l < arch->levels; l++) {
    if (arch->level[l].depth == 0) {
      return true;
    }
  }
  return false;
}

static unsigned primes_of(uint64_t n) {
  unsigned count = 0;
  for (uint64_t p = 2; n > 1; p++) {
    for (; n % p == 0; n /= p) {
      count++;
    }
  }
  return count;
}

/* Sizes of the group's ranks; those that may have outer loops stay small. */
static void draw_sizes(fuse_case *it, random_stream *stream) {
  static const uint64_t sizes[] = {1, 2, 2, 2, 3, 3, 4, 5};
  const cds_fused_group *group = &it->group;
  unsigned looped;
  uint64_t size[CDS_FUSED_RANKS_MAX];
  do {
    looped = 0;
    for (unsigned r = 0; r < group->ranks; r++) {
      size[r] = sizes[random_below(stream, 8)];
      looped += cds_fused_loop_wrong(group, r) == NULL ? primes_of(size[r]) : 0;
    }
  } while (looped == 0 || looped > PRIMES_MOST);
  for (unsigned s = 0; s < group->stages; s++) {
    for (unsigned r = 0; r < it->einsum[s].ranks; r++) {
      it->einsum[s].rank[r].size = it->einsum[s].rank[r].real =
          size[group->stage[s].rank[r]];
    }
  }
}

static void join(fuse_case *it) {
  const cds_einsum *einsum[CDS_STAGES_MAX] = {NULL};
  unsigned same[STAGES_MOST][CDS_TENSORS_MAX];
  memcpy(same, it->chain->same, sizeof same);
  for (unsigned s = 0; s < it->chain->stages; s++) {
    einsum[s] = &it->einsum[s];
  }
  if (cds_fused_group_join(&it->group, it->chain->stages, einsum, same, 0) !=
      CDS_OK) {
    fprintf(stderr, "fuse case: a chain does not join\n");
    exit(EXIT_FAILURE);
  }
}

/* What one stage makes has the format in which the next takes it. */
static void draw_formats(fuse_case *it, random_stream *stream) {
  static const unsigned bits[] = {4, 8, 16};
  cds_format format[CDS_FUSED_TENSORS_MAX];
  for (unsigned t = 0; t < it->group.tensors; t++) {
    format[t] = it->tiny.einsum.tensor[0].format;
    format[t].bits = bits[random_below(stream, 3)];
  }
  for (unsigned s = 0; s < it->chain->stages; s++) {
    cds_einsum *einsum = &it->einsum[s];
    for (unsigned t = 0; t < einsum->tensors; t++) {
      einsum->tensor[t].format = format[it->group.stage[s].tensor[t]];
      einsum->tensor[t].accumulator =
          it->tiny.einsum.tensor[it->tiny.einsum.tensors - 1].accumulator;
    }
  }
}

/* Another level inside of all, like the last one, at times below another array
 * or right beside it: then stages are not searched as matrix products on few
 * levels. */
static void deepen(cds_arch *arch, random_stream *stream) {
  cds_level *level = &arch->level[arch->levels];
  *level = level[-1];
  level->name = "L3";
  level->keep = level->bypass = (cds_tensor_set){0};
  if (arch->arrays > 0 && random_chance(stream, 50)) {
    cds_array *array = &arch->array[arch->arrays];
    *array = array[-1];
    array->name = "Y";
    array->extent[0] = 1 + random_below(stream, 3);
    array->extent[1] = 1 + random_below(stream, 2);
    arch->arrays++;
  }
  level->position = level[-1].position + 1;
  level->depth = arch->arrays;
  if (level->depth == level[-1].depth && arch->levels > 1 &&
      random_chance(stream, 30)) {
    level->position = level[-1].position;
  }
  level->accumulate = random_chance(stream, 20);
  arch->levels++;
}

static void fuse_case_make(fuse_case *it, uint64_t seed, uint64_t number) {
  random_stream stream = random_start(seed ^ 0x66757365, number);
  uint64_t draw = 16 * number;
  do {
    tiny_case_make(&it->tiny, seed, draw++);
  } while (!has_home(&it->tiny.arch));
  random_stream deeper = random_start(seed ^ 0x64656570, number);
  if (random_chance(&deeper, 40)) {
    deepen(&it->tiny.arch, &deeper);
  }
  it->chain = &chains[random_below(&stream, CHAINS)];
  for (unsigned s = 0; s < it->chain->stages; s++) {
    if (!einsum_read(&it->einsum[s], it->chain->text[s], it->names[s])) {
      exit(EXIT_FAILURE);
    }
  }
  join(it);
  draw_sizes(it, &stream);
  join(it);
  draw_formats(it, &stream);
  for (unsigned l = 1; l < it->tiny.arch.levels; l++) {
    cds_level *level = &it->tiny.arch.level[l];
    if (level->size_bits < UINT64_MAX && random_chance(&stream, 60)) {
      level->size_bits *= 3;
    }
  }
  it->lambda = it->tiny.goal.time_power == 0
                   ? it->tiny.goal.lambda_pj_per_s
                   : 1e9 * (double)(1 << random_below(&stream, 12));
}

static void fuse_case_write(const fuse_case *it, uint64_t number) {
  printf("case %" PRIu64 ", E + %.17g T\n", number, it->lambda);
  for (unsigned s = 0; s < it->chain->stages; s++) {
    fputs("  ", stdout);
    einsum_write(stdout, &it->einsum[s]);
    fputs("\n", stdout);
  }
  tiny_case_write(stdout, &it->tiny);
}

/* ---- brute force ----------------------------------------------------- */

enum { SLOTS = 1 << 14 };

typedef struct known {
  struct known *next;
  unsigned stage;
  cds_fused_pass pass;
  double value; /* INFINITY: nothing fits */
} known;

typedef struct brute {
  const fuse_case *it;
  cds_searcher *searcher;
  cds_arena *scratch;
  unsigned level, loops;
  cds_outer_node loop[PRIMES_MOST];
  uint64_t left[CDS_FUSED_RANKS_MAX];
  unsigned place[CDS_FUSED_TENSORS_MAX]; /* loops outside; more: not at home */
  double value;
  uint64_t tried, searched;
  known *slot[SLOTS];
} brute;

static bool same_home(const cds_home *a, const cds_home *b) {
  return a->level == b->level && a->tile_words == b->tile_words &&
         a->replaced == b->replaced && a->loads == b->loads;
}

static bool same_pass(const cds_fused_pass *a, const cds_fused_pass *b) {
  bool same = a->stage.rounds == b->stage.rounds &&
              a->stage.repeats == b->stage.repeats &&
              memcmp(a->stage.taken_bits, b->stage.taken_bits,
                     sizeof a->stage.taken_bits) == 0;
  for (unsigned r = 0; r < a->einsum.ranks; r++) {
    same = same && a->einsum.rank[r].size == b->einsum.rank[r].size;
  }
  for (unsigned t = 0; t < a->einsum.tensors; t++) {
    same = same && same_home(&a->stage.home[t], &b->stage.home[t]);
  }
  return same;
}

static double stage_value(brute *b, const cds_fused_pass *pass,
                          unsigned stage) {
  size_t slot = stage;
  for (unsigned t = 0; t < pass->einsum.tensors; t++) {
    slot = slot * 31 + (size_t)(pass->stage.home[t].tile_words * 7 +
                                pass->stage.home[t].loads);
  }
  for (unsigned r = 0; r < pass->einsum.ranks; r++) {
    slot = slot * 31 + (size_t)pass->einsum.rank[r].size;
  }
  known **first = &b->slot[slot % SLOTS];
  for (const known *k = *first; k != NULL; k = k->next) {
    if (k->stage == stage && same_pass(&k->pass, pass)) {
      return k->value;
    }
  }
  known *made = calloc(1, sizeof *made);
  if (made == NULL) {
    abort();
  }
  made->next = *first;
  made->stage = stage;
  made->pass = *pass;
  made->pass.einsum.stage = &made->pass.stage;
  made->value = (double)INFINITY;
  *first = made;
  static cds_search_result result;
  cds_status status =
      cds_search_begin(b->searcher, &b->it->tiny.arch, &made->pass.einsum,
                       b->it->tiny.goal.power_limit_w);
  if (status == CDS_OK) {
    const cds_goal goal = {.lambda_pj_per_s = b->it->lambda};
    status = cds_search_solve(&result, b->searcher, goal, NULL);
  }
  b->searched++;
  if (status == CDS_OK) {
    made->value = result.value;
  } else if (status != CDS_EINFEASIBLE) {
    fprintf(stderr, "brute force: status %d\n", (int)status);
    exit(EXIT_FAILURE);
  }
  return made->value;
}

static void try_nodes(brute *b) {
  const fuse_case *it = b->it;
  cds_outer outer = {.nodes = 0};
  for (unsigned i = 0; i <= b->loops; i++) {
    for (unsigned t = 0; t < it->group.tensors; t++) {
      if (b->place[t] == i) {
        outer.node[outer.nodes++] = (cds_outer_node){
            .kind = CDS_OUTER_HOLD, .tensor = t, .level = b->level};
      }
    }
    if (i < b->loops) {
      outer.node[outer.nodes++] = b->loop[i];
    }
  }
  if (cds_fused_outer_wrong(&it->group, &it->tiny.arch, &outer) != NULL) {
    return;
  }
  b->tried++;
  double value = 0;
  for (unsigned s = 0; s < it->group.stages && !isinf(value); s++) {
    cds_fused_pass pass;
    if (cds_fused_pass_set(&pass, &it->group, &it->tiny.arch, &outer, s,
                           b->scratch) != CDS_OK) {
      exit(EXIT_FAILURE);
    }
    value += stage_value(b, &pass, s);
  }
  b->value = value < b->value ? value : b->value;
}

static void choose_places(brute *b, unsigned tensor) {
  if (tensor == b->it->group.tensors) {
    try_nodes(b);
    return;
  }
  for (unsigned p = 0; p <= b->loops + 1; p++) {
    b->place[tensor] = p;
    choose_places(b, tensor + 1);
  }
}

static void choose_loops(brute *b) {
  choose_places(b, 0);
  for (unsigned r = 0; r < b->it->group.ranks; r++) {
    for (uint64_t p = 2; p <= 5; p++) {
      if (p == 4 || b->left[r] % p != 0 ||
          cds_fused_loop_wrong(&b->it->group, r) != NULL) {
        continue;
      }
      b->left[r] /= p;
      b->loop[b->loops++] =
          (cds_outer_node){.kind = CDS_OUTER_FOR, .rank = r, .trips = p};
      choose_loops(b);
      b->loops--;
      b->left[r] *= p;
    }
  }
}

static void brute_fuse(brute *b, const fuse_case *it) {
  b->it = it;
  b->value = (double)INFINITY;
  for (unsigned r = 0; r < it->group.ranks; r++) {
    b->left[r] = it->group.rank[r].size;
  }
  for (b->level = 1; b->level < it->tiny.arch.levels; b->level++) {
    if (it->tiny.arch.level[b->level].depth == 0) {
      choose_loops(b);
    }
  }
  for (unsigned i = 0; i < SLOTS; i++) {
    while (b->slot[i] != NULL) {
      known *next = b->slot[i]->next;
      free(b->slot[i]);
      b->slot[i] = next;
    }
  }
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 5, .cases = CASES, .quick = CASES_QUICK, .reports = 5};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  fuse_case *it = calloc(1, sizeof *it);
  brute *b = calloc(1, sizeof *b);
  cds_fuser *fuser = cds_fuser_new();
  cds_fuse_result *result = calloc(1, sizeof *result);
  if (it == NULL || b == NULL || fuser == NULL || result == NULL) {
    return EXIT_FAILURE;
  }
  b->searcher = cds_searcher_new();
  b->scratch = cds_arena_new();
  uint64_t mismatches = 0, feasible = 0, looped = 0, opened = 0;
  for (uint64_t i = 0; i < given.cases && mismatches < given.reports; i++) {
    memset(it, 0, sizeof *it);
    fuse_case_make(it, given.seed, given.first + i);
    brute_fuse(b, it);
    cds_status status = cds_fuser_begin(fuser, &it->tiny.arch, &it->group,
                                        it->tiny.goal.power_limit_w);
    memset(result, 0, sizeof *result);
    if (status == CDS_OK) {
      status = cds_fuser_solve(result, fuser, it->lambda, NULL);
    }
    const bool good = isinf(b->value) ? status == CDS_EINFEASIBLE
                                      : status == CDS_OK && result->proven &&
                                            fabs(result->value - b->value) <=
                                                1e-11 * b->value;
    feasible += !isinf(b->value);
    looped +=
        result->found && result->mapping.outer.node[0].kind == CDS_OUTER_FOR;
    opened += result->opened;
    if (!good) {
      mismatches++;
      printf("mismatch: brute force %.17g, search status %d, proven %d, value "
             "%.17g\n",
             b->value, (int)status, result->proven, result->value);
      fuse_case_write(it, given.first + i);
    }
  }
  printf("%" PRIu64 " groups of seed %" PRIu64 " (%" PRIu64
         " feasible, %" PRIu64 " with loops first), %" PRIu64
         " mismatches\n%" PRIu64 " sets of outer nodes tried, %" PRIu64
         " stages searched, %" PRIu64 " choices opened\n",
         given.cases, given.seed, feasible, looped, mismatches, b->tried,
         b->searched, opened);
  cds_fuser_free(fuser);
  cds_searcher_free(b->searcher);
  cds_arena_free(b->scratch);
  free(b);
  free(it);
  free(result);
  return mismatches == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
