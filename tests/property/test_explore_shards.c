/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Several processes that share one exploration, some of them killed at random
 * moments and started again, and a run that joins them: compared bit by bit
 * with one process. No record is missing, none is there that one process would
 * not have, and none twice; without claims (as on file systems without locks)
 * some are, and nothing else changes.
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
  LATEST_NS = 20000000 /* of a kill */
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
  sharing.claims = claims;
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
  const question q = draw(&number[0]);
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
    int status = 0;
    assert_int_equal(waitpid(process[shard], &status, 0), process[shard]);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  return killed;
}

/* ---- the properties ------------------------------------------------------ */

/* All records of all shards against those of one process. */
static void check_records(const lines *all, unsigned count, bool blind) {
  bool *found = (bool *)calloc(all->count + 1, sizeof *found);
  assert_non_null(found);
  for (unsigned shard = 0; shard <= count; shard++) {
    lines own;
    read_lines(&own, journal_of(shard));
    for (size_t i = 0; i < own.count; i++) {
      size_t at = 0;
      while (at < all->count &&
             (all->length[at] != own.length[i] ||
              memcmp(all->line[at], own.line[i], own.length[i]) != 0)) {
        at++;
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

static size_t check_case(uint64_t *random, bool blind, unsigned kills) {
  char path[PATH_MAX_TEXT];
  const uint64_t seed = *random;
  const question q = draw(random);
  const unsigned count = 2 + (unsigned)random_below(random, SHARDS_MAX - 1);
  run alone;
  run joined;
  lines all;
  snprintf(path, sizeof path, "%s/alone", folder);
  answer(&alone, &q, path, 1);
  read_lines(&all, path);
  unlink(path);
  const shards shared = {seed, count, blind};
  const size_t killed = run_shards(&shared, kills, random);
  snprintf(path, sizeof path, "%s/claims-0", folder);
  share(&joined, &q, 0, count, path);
  same_run(&alone, &joined);
  check_records(&all, count, blind);
  for (unsigned shard = 0; shard <= count; shard++) {
    snprintf(path, sizeof path, "%s/claims-%u", folder, shard);
    unlink(path);
    snprintf(path, sizeof path, "%s/journal-%u.lock", folder, shard);
    unlink(path);
  }
  free(all.text);
  fixture_close(&alone.f);
  fixture_close(&joined.f);
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

int main(int argc, char **argv) {
  program = argv[0];
  if (argc == 4 && strcmp(argv[1], "shard") == 0) {
    return be_shard(argv + 1);
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shards_lead_to_the_same_result),
      cmocka_unit_test(shards_may_be_killed),
      cmocka_unit_test(claims_only_save_work),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
