/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Several processes that share one exploration, some of them killed at random
 * moments and started again, and a run that joins them: compared bit by bit
 * with one process. No record is missing, none is there that one process would
 * not have, and none twice; without claims (as on file systems without locks)
 * some are, and nothing else changes. These spaces are too small to look ahead
 * in (solve_wave.c); larger ones, of designs that take as little, are not:
 * there one question is kept from the shards, so that they must wait for it.
 *
 * A shard is this program anew, as threads' libraries need not work in a fork;
 * it draws its question once more.
 */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "explore/wave.h"
#include "support/explored.h"
#include "support/folder.h"

enum {
  CASES = 60,
  CASES_QUICK = 5,
  SHARDS_MAX = 8,
  PATH_MAX_TEXT = 300,
  LATEST_NS = 20000000, /* of a kill */
  LARGE = 8,            /* questions about large spaces, by their seeds */
  LARGE_QUICK = 2       /* of these */
};

static const char *program; /* this one */

static size_t cases(void) {
  return getenv("CODESIGN_TEST_QUICK") == NULL ? CASES : CASES_QUICK;
}

/* Of shard 0 that of the run that joins the others. */
static const char *journal_of(unsigned shard) {
  static char path[SHARDS_MAX + 1][PATH_MAX_TEXT];
  snprintf(path[shard], sizeof path[shard], "%s/journal-%u", folder, shard);
  return path[shard];
}

/* ---- large spaces ---------------------------------------------------------
 */

#define LARGE_LEVELS                                                           \
  "levels:\n"                                                                  \
  "  - {level: DRAM, size: 1 KiB, width: 8 bit, bandwidth: $bw,\n"             \
  "     energy: {read: $dram, update: $dram}}\n"                               \
  "  - {array: PE, cols: $cols, network: {kind: bus, energy: 0.5 pJ/bit,\n"    \
  "     add: 1 pJ}, multicast: true, reduction: true}\n"                       \
  "  - {level: RF, size: $rf, width: 8 bit, leakage: $rf / 1 B * 1 mW,\n"      \
  "     area: $rf / 1 B * 100 um2,\n"                                          \
  "     energy: {read: 2 pJ, fill: 3 pJ, update: 3 pJ, drain: 2 pJ}}\n"        \
  "  - {compute: MAC, energy: 1 pJ, area: 50 um2}\n"                           \
  "explore:\n"                                                                 \
  "  variables: {cols: [1, 2, 4], rf: [4 B, 5 B, 6 B],\n"                      \
  "    bw: [1 B/cycle, 1.5 B/cycle, 2 B/cycle, 3 B/cycle],\n"                  \
  "    dram: [90 pJ, 92 pJ, 94 pJ, 96 pJ, 98 pJ, 100 pJ]}\n"

/* 216 designs. */
static const char large_arch[] = "architecture: tiny\n" LARGE_LEVELS;
static const char large_cooled[] =
    "architecture: tiny\n"
    "dies: {chip: {width: 2 mm, height: 2 mm}}\n"
    "package: {cooling: {ambient: 45 degC, sink: 10 K/W}}\n" LARGE_LEVELS;

static bool is_every(uint64_t seed) { return seed % 2 == 1; }

/* Seeds below LARGE are of large spaces. */
static question draw_by(uint64_t *seed) {
  if (*seed >= LARGE) {
    return draw(seed);
  }
  const uint64_t number = *seed;
  return (question){.arch = number < LARGE / 2 ? large_arch : large_cooled,
                    .objective = (cds_objective)(number / 2 % 4),
                    .every = is_every(number),
                    .top = is_every(number) ? 1 : 48};
}

/* ---- one process of several ---------------------------------------------- */

static void share(run *r, const question *q, unsigned shard, unsigned count,
                  const char *claims_path) {
  cds_claims *claims = NULL;
  cds_sharing sharing = {.index = shard, .count = count};
  prepare(r, q, 1);
  open_journal(r, q, journal_of(shard));
  for (unsigned other = 0; other <= count; other++) {
    if (other != shard) {
      assert_int_equal(
          cds_journal_follow(r->records.journal, journal_of(other)), CDS_OK);
    }
  }
  assert_fine(&r->f, cds_claims_open(&claims, claims_path, r->f.diag));
  cds_shared_files files = {claims, r->records.journal};
  cds_sharing_by_files(&sharing, &files);
  r->records.sharing = &sharing;
  r->options.answers_only = shard > 0;
  explore(r, q);
  cds_claims_close(claims);
}

/* What is to be done by the shards of a case. */
typedef struct shards {
  uint64_t seed; /* of the question */
  unsigned count;
  bool blind; /* each sees no claims but its own */
} shards;

/* What a shard does; its arguments are those of start. */
static int be_shard(char **argument) {
  const char *at = argument[2];
  uint64_t number[4];
  snprintf(folder, sizeof folder, "%s", argument[1]);
  for (unsigned i = 0; i < 4; i++) {
    char *end = NULL;
    number[i] = strtoull(at, &end, 10);
    at = end;
  }
  const question q = draw_by(&number[0]);
  const unsigned shard = (unsigned)number[1];
  char claims[PATH_MAX_TEXT];
  run r;
  snprintf(claims, sizeof claims, "%s/claims-%u", folder,
           number[3] == 1 ? shard : 0);
  share(&r, &q, shard, (unsigned)number[2], claims);
  fixture_close(&r.f);
  return 0;
}

static pid_t start(const shards *all, unsigned shard) {
  char numbers[100];
  snprintf(numbers, sizeof numbers, "%llu %u %u %d",
           (unsigned long long)all->seed, shard, all->count, all->blind);
  const pid_t process = fork();
  assert_true(process >= 0);
  if (process == 0) {
    (void)execl(program, program, "shard", folder, numbers, (char *)NULL);
    _exit(1);
  }
  return process;
}

static void nap(uint64_t nanoseconds) {
  const struct timespec pause = {0, (long)nanoseconds};
  nanosleep(&pause, NULL);
}

static void end_well(pid_t process) {
  int status = 0;
  assert_int_equal(waitpid(process, &status, 0), process);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Runs all shards to their ends, with so many kills on the way. */
static size_t run_shards(const shards *all, unsigned kills, uint64_t *random) {
  const unsigned count = all->count;
  pid_t process[SHARDS_MAX + 1];
  size_t killed = 0;
  for (unsigned shard = 1; shard <= count; shard++) {
    process[shard] = start(all, shard);
  }
  for (unsigned i = 0; i < kills; i++) {
    const unsigned shard = 1 + (unsigned)random_below(random, count);
    int status = 0;
    nap(random_below(random, LATEST_NS));
    kill(process[shard], SIGKILL);
    assert_int_equal(waitpid(process[shard], &status, 0), process[shard]);
    killed += WIFSIGNALED(status);
    process[shard] = start(all, shard);
  }
  for (unsigned shard = 1; shard <= count; shard++) {
    end_well(process[shard]);
  }
  return killed;
}

/* ---- the properties ------------------------------------------------------ */

/* Where a line of `own` is among `all`; their number: nowhere. */
static size_t place_of(const lines *all, const lines *own, size_t line) {
  size_t at = 0;
  while (at < all->count &&
         (all->length[at] != own->length[line] ||
          memcmp(all->line[at], own->line[line], own->length[line]) != 0)) {
    at++;
  }
  return at;
}

/* All records of all shards against those of one process. `blind`: some may be
 * there twice. `ahead`: NULL, or the number of others, which no wave has asked
 * for; none of these answers the question of another record. */
static void check_records(const lines *all, unsigned count, bool blind,
                          size_t *ahead) {
  bool *found = (bool *)calloc(all->count + 1, sizeof *found);
  assert_non_null(found);
  for (unsigned shard = 0; shard <= count; shard++) {
    lines own;
    read_lines(&own, journal_of(shard));
    for (size_t i = 0; i < own.count; i++) {
      const size_t at = place_of(all, &own, i);
      if (at == all->count && ahead != NULL) {
        for (size_t k = 0; k < all->count; k++) {
          assert_memory_not_equal(all->line[k], own.line[i], CDS_JOURNAL_KEY);
        }
        ++*ahead;
        continue;
      }
      assert_true(at < all->count);
      assert_true(blind || !found[at]);
      found[at] = true;
    }
    free(own.text);
    unlink(journal_of(shard));
  }
  for (size_t i = 0; i < all->count; i++) {
    assert_true(found[i]);
  }
  free(found);
}

static void remove_locks(unsigned count) {
  char path[PATH_MAX_TEXT];
  for (unsigned shard = 0; shard <= count; shard++) {
    snprintf(path, sizeof path, "%s/claims-%u", folder, shard);
    unlink(path);
    snprintf(path, sizeof path, "%s/journal-%u.lock", folder, shard);
    unlink(path);
  }
}

/* One process, and its records. */
typedef struct one_process {
  run run;
  lines records;
} one_process;

static void ask_one(one_process *out, const question *q) {
  char path[PATH_MAX_TEXT];
  snprintf(path, sizeof path, "%s/alone", folder);
  answer(&out->run, q, path, 1);
  read_lines(&out->records, path);
  unlink(path);
}

/* A run that joins the shards against one process, which it frees; `blind` and
 * `ahead` as in check_records. */
static void check_shards(one_process *alone, const question *q, unsigned count,
                         bool blind, size_t *ahead) {
  char path[PATH_MAX_TEXT];
  run joined;
  snprintf(path, sizeof path, "%s/claims-0", folder);
  share(&joined, q, 0, count, path);
  same_run(&alone->run, &joined);
  check_records(&alone->records, count, blind, ahead);
  remove_locks(count);
  free(alone->records.text);
  fixture_close(&alone->run.f);
  fixture_close(&joined.f);
}

static size_t check_case(uint64_t *random, bool blind, unsigned kills) {
  const uint64_t seed = *random;
  const question q = draw(random);
  const unsigned count = 2 + (unsigned)random_below(random, SHARDS_MAX - 1);
  one_process alone;
  ask_one(&alone, &q);
  const shards shared = {seed, count, blind};
  const size_t killed = run_shards(&shared, kills, random);
  check_shards(&alone, &q, count, blind, NULL);
  return killed;
}

static void shards_lead_to_the_same_result(void **state) {
  (void)state;
  uint64_t random = 17;
  for (size_t i = 0; i < cases(); i++) {
    check_case(&random, false, 0);
  }
}

static void shards_may_be_killed(void **state) {
  (void)state;
  uint64_t random = 19;
  size_t killed = 0;
  for (size_t i = 0; i < cases(); i++) {
    killed += check_case(&random, false, 6);
  }
  assert_true(killed >= cases());
  printf("%zu kills\n", killed);
}

static void claims_only_save_work(void **state) {
  (void)state;
  uint64_t random = 23;
  for (size_t i = 0; i < cases(); i++) {
    check_case(&random, true, 2);
  }
}

/* ---- looking ahead --------------------------------------------------------
 */

/* Lines of a journal that is being written. */
static size_t count_lines(const char *path) {
  size_t count = 0;
  int c = 0;
  FILE *file = fopen(path, "rb");
  while (file != NULL && (c = fgetc(file)) != EOF) {
    count += c == '\n';
  }
  if (file != NULL) {
    fclose(file);
  }
  return count;
}

/* Waits until all shards have together so many records; false: they have not
 * had after so many hundredths of a second. */
static bool await_records(unsigned count, size_t records, unsigned most) {
  for (unsigned i = 0; i < most; i++) {
    size_t there = 0;
    for (unsigned shard = 1; shard <= count; shard++) {
      there += count_lines(journal_of(shard));
    }
    if (there >= records) {
      return true;
    }
    nap(10000000);
  }
  return false;
}

/* What the shards do while one question is kept from them. */
typedef struct waiting {
  uint64_t seed; /* of the question */
  size_t held;   /* the question's place among those of one process */
  size_t end; /* so many questions are those of its wave and of earlier ones */
  bool ahead; /* others are answered meanwhile */
} waiting;

/* How many records no wave has asked for. The claim is this process's. */
static size_t check_waiting(const waiting *of) {
  enum { SHARDS = 2, WAIT = 3000, SHORT = 20 };
  char path[PATH_MAX_TEXT];
  uint64_t seed = of->seed;
  const question q = draw_by(&seed);
  cds_journal_key key;
  cds_claims *claims = NULL;
  size_t vain = 0;
  one_process alone;
  ask_one(&alone, &q);
  assert_true(of->held < alone.records.count);
  memcpy(key.text, alone.records.line[of->held] + 1, sizeof key.text - 1);
  key.text[sizeof key.text - 1] = '\0';
  snprintf(path, sizeof path, "%s/claims-0", folder);
  assert_fine(&alone.run.f, cds_claims_open(&claims, path, alone.run.f.diag));
  assert_true(cds_claims_take(claims, &key));
  const shards shared = {of->seed, SHARDS, false};
  pid_t process[SHARDS + 1];
  for (unsigned shard = 1; shard <= SHARDS; shard++) {
    process[shard] = start(&shared, shard);
  }
  assert_true(await_records(SHARDS, of->end - (of->ahead ? 0 : 1), WAIT));
  if (!of->ahead) {
    assert_false(await_records(SHARDS, of->end, SHORT));
  }
  cds_claims_close(claims);
  for (unsigned shard = 1; shard <= SHARDS; shard++) {
    end_well(process[shard]);
  }
  check_shards(&alone, &q, SHARDS, false, &vain);
  return vain;
}

/* The last question of a wave is held back. Before that wave enough answers
 * have changed nothing where each design is answered anyway; where the best
 * ones are sought, better ones still come. */
static void shards_look_ahead(void **state) {
  (void)state;
  enum { EARLY = 14, STEADY = 30, LATE = 62 }; /* where waves end */
  const uint64_t seeds = cases() == CASES ? LARGE : LARGE_QUICK;
  for (uint64_t seed = 0; seed < seeds; seed++) {
    const bool every = is_every(seed);
    const waiting early = {seed, EARLY - 1, EARLY, false};
    const waiting late = {seed, (every ? STEADY : LATE) - 1,
                          every ? STEADY : LATE, every};
    assert_int_equal(check_waiting(&early), 0);
    assert_int_equal(check_waiting(&late), 0);
  }
}

int main(int argc, char **argv) {
  program = argv[0];
  if (argc == 4 && strcmp(argv[1], "shard") == 0) {
    return be_shard(argv + 1);
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shards_lead_to_the_same_result),
      cmocka_unit_test(shards_may_be_killed),
      cmocka_unit_test(claims_only_save_work),
      cmocka_unit_test(shards_look_ahead),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
