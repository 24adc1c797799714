/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ranks that talk, simulated: thousands of small runs in which messages arrive
 * at random moments (those of a pair of ranks in their order) and ranks work
 * at random speeds, fail, or cannot answer. Each question is answered once,
 * nobody waits for ever, and all learn the same at each gate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "explore/talk.h"

enum {
  CASES = 5000,
  CASES_QUICK = 500,
  RANKS = 6,
  WAVES = 4,
  WIDTH = 6, /* questions of a wave */
  HANDS = 3, /* questions that a rank is at, at once */
  LONGEST = 10,
  STEPS_MOST = 200000
};

/* Below `end`; as in splitmix64. */
static uint64_t random_below(uint64_t *state, uint64_t end) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return (z ^ z >> 31) % end;
}

/* ---- what carries messages ------------------------------------------------
 */

typedef struct message {
  struct message *next;
  char text[];
} message;

typedef struct queue {
  message *first, **last;
} queue;

typedef struct world world;
typedef struct rank_of {
  world *in;
  unsigned number;
  cds_talk *talk;
  unsigned wave;
  bool known[WAVES][WIDTH];
  bool given_back[WAVES][WIDTH]; /* by this rank, which asks no more for it */
  /* Of each hand: the question, and for how long; 0: none. */
  unsigned question[HANDS], left[HANDS];
  unsigned fails_at; /* steps from now; 0: never */
  unsigned code;
  unsigned came; /* gates */
  bool at_gate, gone;
  cds_talk_verdict verdict[2];
} rank_of;

struct world {
  unsigned count, waves, width;
  uint64_t random;
  bool gives_back; /* some questions are, for others to answer */
  queue between[RANKS][RANKS];
  size_t on_the_way;
  rank_of rank[RANKS];
  unsigned answered[WAVES][WIDTH];
  bool at_work[WAVES][WIDTH];
};

static bool carry(void *payload, unsigned to, const char *text) {
  rank_of *from = (rank_of *)payload;
  queue *of = &from->in->between[from->number][to];
  const size_t size = strlen(text) + 1;
  message *one = (message *)malloc(sizeof *one + size);
  assert_non_null(one);
  assert_true(to != from->number && to < from->in->count);
  one->next = NULL;
  memcpy(one->text, text, size);
  *of->last = one;
  of->last = &one->next;
  from->in->on_the_way++;
  return true;
}

static void deliver(world *it, unsigned from, unsigned to) {
  queue *of = &it->between[from][to];
  message *one = of->first;
  of->first = one->next;
  if (of->first == NULL) {
    of->last = &of->first;
  }
  it->on_the_way--;
  cds_talk_hear(it->rank[to].talk, from, one->text);
  free(one);
}

static bool deliver_some(world *it) {
  const unsigned all = it->count * it->count;
  const unsigned first = (unsigned)random_below(&it->random, all);
  for (unsigned i = 0; i < all; i++) {
    const unsigned at = (first + i) % all;
    if (it->between[at / it->count][at % it->count].first != NULL) {
      deliver(it, at / it->count, at % it->count);
      return true;
    }
  }
  return false;
}

/* ---- one rank -------------------------------------------------------------
 */

static cds_journal_key key_of(unsigned wave, unsigned question) {
  static cds_journal_key known[WAVES][WIDTH];
  cds_journal_key *key = &known[wave][question];
  if (key->text[0] == '\0') {
    char text[50];
    cds_sha256 hash;
    snprintf(text, sizeof text, "%u %u", wave, question);
    cds_sha256_begin(&hash);
    cds_sha256_add(&hash, text, strlen(text));
    cds_journal_key_end(key, &hash);
  }
  return *key;
}

static void take_records(rank_of *r) {
  for (cds_talk_record *one = cds_talk_records(r->talk); one != NULL;) {
    cds_talk_record *next = one->next;
    char *rest = NULL;
    assert_int_equal(one->line[0], '#');
    const unsigned long wave = strtoul(one->line + 1, &rest, 10);
    const unsigned long question = strtoul(rest, NULL, 10);
    assert_true(wave < WAVES && question < WIDTH);
    assert_false(r->known[wave][question]); /* nothing is told twice */
    r->known[wave][question] = true;
    cds_free(one);
    one = next;
  }
}

static bool wave_is_done(const rank_of *r) {
  for (unsigned i = 0; i < r->in->width; i++) {
    if (!r->known[r->wave][i]) {
      return false;
    }
  }
  return true;
}

/* A question of the wave that no other hand is at, and that is this rank's. */
static bool begin_some(rank_of *r, unsigned hand) {
  world *it = r->in;
  const unsigned first = (unsigned)random_below(&it->random, it->width);
  for (unsigned i = 0; i < it->width; i++) {
    const unsigned question = (first + i) % it->width;
    const cds_journal_key key = key_of(r->wave, question);
    bool taken =
        r->known[r->wave][question] || r->given_back[r->wave][question];
    for (unsigned h = 0; h < HANDS; h++) {
      taken = taken || (r->left[h] > 0 && r->question[h] == question);
    }
    if (!taken && cds_talk_ask(r->talk, &key) == CDS_TALK_OWN) {
      assert_false(it->at_work[r->wave][question]);
      assert_int_equal(it->answered[r->wave][question], 0);
      it->at_work[r->wave][question] = true;
      r->question[hand] = question;
      r->left[hand] = 1 + (unsigned)random_below(&it->random, LONGEST);
      return true;
    }
  }
  return false;
}

static void finish(rank_of *r, unsigned hand, bool answers) {
  char line[50];
  world *it = r->in;
  const unsigned question = r->question[hand];
  const cds_journal_key key = key_of(r->wave, question);
  r->left[hand] = 0;
  it->at_work[r->wave][question] = false;
  if (!answers) {
    r->given_back[r->wave][question] = true;
    cds_talk_give_back(r->talk, &key);
    return;
  }
  it->answered[r->wave][question]++;
  r->known[r->wave][question] = true;
  snprintf(line, sizeof line, "#%u %u", r->wave, question);
  cds_talk_tell(r->talk, line);
}

static void come(rank_of *r, unsigned code) {
  for (unsigned hand = 0; hand < HANDS; hand++) {
    if (r->left[hand] > 0) {
      finish(r, hand, false);
    }
  }
  r->code = code;
  r->at_gate = true;
  cds_talk_come(r->talk, (int)code, "the same", r->came == 1);
}

/* What a rank at a gate does: waits. Whether it was opened. */
static bool look_at_gate(rank_of *r) {
  if (!cds_talk_opened(r->talk, &r->verdict[r->came])) {
    return false;
  }
  r->at_gate = false;
  if (++r->came == 1) {
    come(r, (unsigned)r->verdict[0].code);
  } else {
    r->gone = true;
  }
  return true;
}

/* One step; whether there was anything to do. */
static bool act(rank_of *r) {
  world *it = r->in;
  int signal = 0;
  if (r->gone || r->at_gate) {
    return !r->gone && look_at_gate(r);
  }
  take_records(r);
  if (r->fails_at > 0 && --r->fails_at == 0) {
    come(r, 1 + r->number);
    return true;
  }
  if (cds_talk_stopped(r->talk, &signal)) {
    come(r, 0);
    return true;
  }
  const unsigned hand = (unsigned)random_below(&it->random, HANDS);
  if (r->left[hand] > 0) {
    if (--r->left[hand] == 0) {
      const bool can = r->question[hand] % it->count == r->number;
      finish(r, hand,
             !it->gives_back || can || random_below(&it->random, 4) > 0);
    }
    return true;
  }
  if (wave_is_done(r)) {
    if (++r->wave == it->waves) {
      come(r, 0);
    }
    return true;
  }
  return begin_some(r, hand) || r->fails_at > 0;
}

/* ---- the properties -------------------------------------------------------
 */

static void begin(world *it, uint64_t *random) {
  *it = (world){.random = *random};
  it->count = 1 + (unsigned)random_below(random, RANKS);
  it->waves = 1 + (unsigned)random_below(random, WAVES);
  it->width = 1 + (unsigned)random_below(random, WIDTH);
  for (unsigned i = 0; i < it->count; i++) {
    rank_of *r = &it->rank[i];
    r->in = it;
    r->number = i;
    r->talk = cds_talk_new(i, it->count, carry, r);
    assert_non_null(r->talk);
    for (unsigned k = 0; k < it->count; k++) {
      it->between[i][k].last = &it->between[i][k].first;
    }
  }
}

static bool all_gone(const world *it) {
  for (unsigned i = 0; i < it->count; i++) {
    if (!it->rank[i].gone) {
      return false;
    }
  }
  return true;
}

/* To the end. Nobody waits for what does not come: while no message is on its
 * way some rank has something to do. */
static void run(world *it) {
  for (size_t steps = 0; !all_gone(it); steps++) {
    assert_true(steps < STEPS_MOST);
    if (random_below(&it->random, 2) == 0 && deliver_some(it)) {
      continue;
    }
    const unsigned chosen = (unsigned)random_below(&it->random, it->count);
    if (act(&it->rank[chosen]) || it->on_the_way > 0) {
      continue;
    }
    /* A rank's hands are looked at one by one. */
    bool any = false;
    for (unsigned i = 0; i < it->count * HANDS * 20 && !any; i++) {
      any = act(&it->rank[i % it->count]) || it->on_the_way > 0;
    }
    assert_true(any || all_gone(it));
  }
}

static void end(world *it) {
  for (unsigned i = 0; i < it->count; i++) {
    assert_false(cds_talk_broken(it->rank[i].talk));
  }
  while (deliver_some(it)) { /* records that nobody needed any more */
  }
  for (unsigned i = 0; i < it->count; i++) {
    cds_talk_free(it->rank[i].talk);
  }
}

static size_t cases(void) {
  return getenv("CODESIGN_TEST_QUICK") == NULL ? CASES : CASES_QUICK;
}

static void check_all_answered(const world *it) {
  for (unsigned i = 0; i < it->count; i++) {
    const rank_of *r = &it->rank[i];
    assert_int_equal(r->verdict[0].code, 0);
    assert_int_equal(r->verdict[1].code, 0);
    assert_false(r->verdict[0].differ);
    for (unsigned wave = 0; wave < it->waves; wave++) {
      for (unsigned k = 0; k < it->width; k++) {
        assert_true(r->known[wave][k]);
        assert_int_equal(it->answered[wave][k], 1);
      }
    }
  }
}

static void each_question_is_answered_once(void **state) {
  (void)state;
  uint64_t random = 41;
  for (size_t i = 0; i < cases(); i++) {
    world it;
    begin(&it, &random);
    run(&it);
    check_all_answered(&it);
    end(&it);
  }
}

static void what_is_given_back_is_answered_by_another(void **state) {
  (void)state;
  uint64_t random = 43;
  for (size_t i = 0; i < cases(); i++) {
    world it;
    begin(&it, &random);
    it.gives_back = true;
    run(&it);
    check_all_answered(&it);
    end(&it);
  }
}

/* Some ranks fail, at random moments: all end, and all learn of the same one,
 * which is one of those that have. */
static void a_failure_ends_all(void **state) {
  (void)state;
  uint64_t random = 47;
  size_t seen = 0;
  for (size_t i = 0; i < cases(); i++) {
    world it;
    begin(&it, &random);
    for (unsigned k = 0; k < it.count; k++) {
      if (random_below(&random, 3) == 0) {
        it.rank[k].fails_at = 1 + (unsigned)random_below(&random, 60);
      }
    }
    run(&it);
    const cds_talk_verdict first = it.rank[0].verdict[0];
    unsigned lowest = RANKS;
    for (unsigned k = it.count; k-- > 0;) {
      const rank_of *r = &it.rank[k];
      lowest = r->code > 0 && (unsigned)first.code == 1 + k ? k : lowest;
      for (unsigned gate = 0; gate < 2; gate++) {
        assert_int_equal(r->verdict[gate].code, first.code);
        assert_int_equal(r->verdict[gate].who, first.who);
      }
    }
    if (first.code != 0) {
      seen++;
      assert_int_equal(first.who, lowest);
      assert_int_equal(first.code, 1 + first.who);
    }
    end(&it);
  }
  assert_true(seen > cases() / 3);
}

/* ---- by hand ---------------------------------------------------------------
 */

static void with_three(world *it) {
  uint64_t random = 1;
  begin(it, &random);
  for (unsigned i = 0; i < it->count; i++) {
    cds_talk_free(it->rank[i].talk);
  }
  *it = (world){.count = 3};
  for (unsigned i = 0; i < 3; i++) {
    it->rank[i] = (rank_of){.in = it, .number = i};
    it->rank[i].talk = cds_talk_new(i, 3, carry, &it->rank[i]);
    assert_non_null(it->rank[i].talk);
    for (unsigned k = 0; k < 3; k++) {
      it->between[i][k].last = &it->between[i][k].first;
    }
  }
}

static void deliver_all(world *it) {
  while (deliver_some(it)) {
  }
}

static void ranks_that_differ_are_told(void **state) {
  (void)state;
  world it;
  cds_talk_verdict verdict;
  with_three(&it);
  for (unsigned i = 0; i < 3; i++) {
    cds_talk_come(it.rank[i].talk, 0, i == 1 ? "that" : "this", false);
  }
  deliver_all(&it);
  for (unsigned i = 0; i < 3; i++) {
    assert_true(cds_talk_opened(it.rank[i].talk, &verdict));
    assert_true(verdict.differ);
    assert_int_equal(verdict.code, 0);
    assert_false(cds_talk_opened(it.rank[i].talk, &verdict));
  }
  end(&it);
}

/* It came to no gate; the others learn of it at theirs. */
static void a_rank_may_leave_before_a_gate(void **state) {
  (void)state;
  world it;
  int signal = 0;
  cds_talk_verdict verdict;
  with_three(&it);
  cds_talk_come(it.rank[2].talk, 5, NULL, true);
  deliver_all(&it);
  assert_false(cds_talk_opened(it.rank[2].talk, &verdict));
  for (unsigned i = 0; i < 2; i++) {
    assert_true(cds_talk_stopped(it.rank[i].talk, &signal));
    assert_int_equal(signal, 0);
    cds_talk_come(it.rank[i].talk, 0, "this", false);
  }
  deliver_all(&it);
  for (unsigned i = 0; i < 2; i++) {
    assert_true(cds_talk_opened(it.rank[i].talk, &verdict));
    assert_int_equal(verdict.code, 5);
    assert_int_equal(verdict.who, 2);
    assert_false(cds_talk_opened(it.rank[2].talk, &verdict));
    cds_talk_come(it.rank[i].talk, 5, NULL, true);
  }
  deliver_all(&it);
  for (unsigned i = 0; i < 3; i++) {
    assert_true(cds_talk_opened(it.rank[i].talk, &verdict));
    assert_int_equal(verdict.code, 5);
    assert_int_equal(verdict.who, 2); /* and no other says why */
  }
  end(&it);
}

static void a_signal_reaches_all(void **state) {
  (void)state;
  world it;
  int signal = 0;
  with_three(&it);
  cds_talk_stop(it.rank[1].talk, 15);
  deliver_all(&it);
  for (unsigned i = 0; i < 3; i++) {
    assert_true(cds_talk_stopped(it.rank[i].talk, &signal));
    assert_int_equal(signal, 15);
  }
  end(&it);
}

/* Whatever allocation fails, it is noticed: by no talk at all, or by one that
 * is broken. */
static void no_memory_is_noticed(void **state) {
  (void)state;
  bool noticed = true;
  for (unsigned n = 1; noticed; n++) {
    world it;
    cds_talk_verdict verdict;
    const cds_journal_key key = key_of(0, 0);
    noticed = false;
    it = (world){.count = 1};
    it.rank[0] = (rank_of){.in = &it};
    cds_alloc_fail_after(n);
    cds_talk *talk = cds_talk_new(0, 1, carry, &it.rank[0]);
    if (talk == NULL) {
      noticed = true;
      continue;
    }
    (void)cds_talk_ask(talk, &key);
    cds_talk_hear(talk, 0, "#a record");
    cds_talk_come(talk, 0, "with", false);
    noticed = cds_talk_broken(talk);
    assert_true(noticed || cds_talk_opened(talk, &verdict));
    cds_alloc_fail_after(0);
    cds_talk_free(talk);
    assert_true(n < 100);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_question_is_answered_once),
      cmocka_unit_test(what_is_given_back_is_answered_by_another),
      cmocka_unit_test(a_failure_ends_all),
      cmocka_unit_test(ranks_that_differ_are_told),
      cmocka_unit_test(a_rank_may_leave_before_a_gate),
      cmocka_unit_test(a_signal_reaches_all),
      cmocka_unit_test(no_memory_is_noticed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
