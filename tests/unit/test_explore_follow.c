/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Journals of other processes, and claims. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "explore/claims.h"
#include "explore/journal_lines.h"
#include "explore/wave.h"
#include "support/folder.h"
#include "support/messages.h"

enum { PATH_MAX_TEXT = 300 };

static const char *in_folder(char path[PATH_MAX_TEXT], const char *name) {
  snprintf(path, PATH_MAX_TEXT, "%s/%s", folder, name);
  return path;
}

static cds_journal_key key_of(const char *text) {
  cds_sha256 hash;
  cds_journal_key key;
  cds_sha256_begin(&hash);
  cds_sha256_add(&hash, text, strlen(text));
  cds_journal_key_end(&key, &hash);
  return key;
}

static void append(cds_journal *journal, const char *name) {
  const cds_journal_key key = key_of(name);
  assert_int_equal(cds_journal_append(journal, &key, name), CDS_OK);
}

static bool knows(cds_journal *journal, const char *name) {
  const cds_journal_key key = key_of(name);
  assert_int_equal(cds_journal_refresh(journal), CDS_OK);
  const char *found = cds_journal_find(journal, &key);
  assert_true(found == NULL || strcmp(found, name) == 0);
  return found != NULL;
}

typedef struct pair {
  fixture f;
  char path[2][PATH_MAX_TEXT];
  cds_journal *own, *other;
} pair;

static void open_pair(pair *p) {
  fixture_open(&p->f);
  for (unsigned i = 0; i < 2; i++) {
    in_folder(p->path[i], i == 0 ? "own" : "other");
  }
  assert_fine(&p->f, cds_journal_open(&p->own, p->path[0], true, p->f.diag));
  assert_int_equal(cds_journal_follow(p->own, p->path[1]), CDS_OK);
}

static void close_pair(pair *p) {
  assert_fine(&p->f, cds_journal_close(p->own, p->f.diag));
  unlink(p->path[0]);
  unlink(p->path[1]);
  fixture_close(&p->f);
}

static void open_other(pair *p) {
  assert_fine(&p->f, cds_journal_open(&p->other, p->path[1], true, p->f.diag));
}

static void close_other(pair *p) {
  assert_fine(&p->f, cds_journal_close(p->other, p->f.diag));
}

/* Adds bytes to the other journal, as a process that is killed leaves them. */
static void add_bytes(const pair *p, const char *text, size_t size) {
  FILE *file = fopen(p->path[1], "ab");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

static size_t read_bytes(const pair *p, char *text, size_t most) {
  FILE *file = fopen(p->path[1], "rb");
  assert_non_null(file);
  const size_t size = fread(text, 1, most, file);
  fclose(file);
  return size;
}

static void records_of_others_are_found_as_they_come(void **state) {
  (void)state;
  pair p;
  open_pair(&p);
  assert_false(knows(p.own, "first")); /* there is no such file yet */
  open_other(&p);
  append(p.other, "first");
  assert_true(knows(p.own, "first"));
  assert_false(knows(p.own, "second"));
  append(p.own, "mine");
  append(p.other, "second");
  append(p.other, "third");
  assert_true(knows(p.own, "third"));
  assert_true(knows(p.own, "second"));
  assert_true(knows(p.own, "mine"));
  assert_int_equal(cds_journal_read(p.own), 3);
  assert_int_equal(cds_journal_added(p.own), 1);
  close_other(&p);
  close_pair(&p);
}

static void a_line_counts_when_it_is_whole(void **state) {
  (void)state;
  char text[1000];
  pair p;
  open_pair(&p);
  open_other(&p);
  append(p.other, "first");
  append(p.other, "second");
  close_other(&p);
  const size_t size = read_bytes(&p, text, sizeof text);
  const size_t first = (size_t)((const char *)memchr(text, '\n', size) - text);
  unlink(p.path[1]);
  for (size_t i = 0; i < size; i++) {
    assert_false(knows(p.own, "second"));
    assert_true(knows(p.own, "first") == (i > first));
    add_bytes(&p, text + i, 1);
  }
  assert_true(knows(p.own, "second"));
  close_pair(&p);
}

/* A wrong line hides nothing behind it, and is no answer. */
static void what_is_damaged_is_left_out(void **state) {
  (void)state;
  char text[1000];
  pair p;
  open_pair(&p);
  open_other(&p);
  append(p.other, "first");
  append(p.other, "second");
  append(p.other, "third");
  close_other(&p);
  const size_t size = read_bytes(&p, text, sizeof text);
  char *second = strstr(text, "second");
  assert_non_null(second);
  second[0] = 'S';
  unlink(p.path[1]);
  add_bytes(&p, text, size);
  assert_true(knows(p.own, "first"));
  assert_false(knows(p.own, "second"));
  assert_true(knows(p.own, "third"));
  /* Once the rest of what was written is seen it counts. */
  second[0] = 's';
  FILE *file = fopen(p.path[1], "r+b");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
  assert_true(knows(p.own, "second"));
  assert_int_equal(cds_journal_read(p.own), 3);
  close_pair(&p);
}

/* A process that starts again cuts off what is torn, or writes the file anew
 * without what is damaged. */
static void a_journal_may_be_mended_meanwhile(void **state) {
  (void)state;
  pair p;
  char bad[PATH_MAX_TEXT];
  open_pair(&p);
  open_other(&p);
  append(p.other, "first");
  close_other(&p);
  add_bytes(&p, "#0123", 5);
  assert_true(knows(p.own, "first"));
  open_other(&p);
  append(p.other, "second");
  close_other(&p);
  assert_true(knows(p.own, "second"));
  add_bytes(&p, "what is this\n", 13);
  assert_false(knows(p.own, "third"));
  open_other(&p);
  append(p.other, "third");
  close_other(&p);
  assert_true(knows(p.own, "third"));
  assert_true(knows(p.own, "first"));
  unlink(in_folder(bad, "other.bad"));
  close_pair(&p);
}

static void a_journal_may_be_replaced(void **state) {
  (void)state;
  pair p;
  char old[PATH_MAX_TEXT];
  open_pair(&p);
  open_other(&p);
  append(p.other, "first");
  assert_true(knows(p.own, "first"));
  close_other(&p);
  assert_int_equal(rename(p.path[1], in_folder(old, "old")), 0);
  open_other(&p);
  append(p.other, "a longer record");
  append(p.other, "second");
  close_other(&p);
  assert_true(knows(p.own, "a longer record"));
  assert_true(knows(p.own, "second"));
  assert_true(knows(p.own, "first"));
  unlink(old);
  close_pair(&p);
}

/* ---- records that come by messages ------------------------------------------
 */

/* What a journal tells of, the last one first. */
typedef struct told {
  unsigned count;
  char line[2][300];
} told;

static void note_told(void *payload, const char *line) {
  told *all = (told *)payload;
  memcpy(all->line[1], all->line[0], sizeof all->line[0]);
  snprintf(all->line[0], sizeof all->line[0], "%s", line);
  all->count++;
}

static void records_are_told_and_heard(void **state) {
  (void)state;
  told all = {.count = 0};
  const cds_journal_key key = key_of("second");
  pair p;
  open_pair(&p);
  open_other(&p);
  cds_journal_follow_end(p.own); /* only by messages */
  append(p.other, "before");
  cds_journal_tell(p.other, note_told, &all);
  append(p.other, "first");
  append(p.other, "second");
  assert_int_equal(all.count, 2);
  assert_false(knows(p.own, "first"));
  assert_int_equal(cds_journal_hear(p.own, all.line[1]), CDS_OK);
  assert_int_equal(cds_journal_hear(p.own, all.line[1]), CDS_OK);
  assert_true(knows(p.own, "first"));
  assert_int_equal(cds_journal_read(p.own), 1); /* once */
  assert_int_equal(cds_journal_added(p.own), 0);
  /* What is damaged on its way is no answer. */
  char *letter = strstr(all.line[0], "second");
  assert_non_null(letter);
  *letter = 'S';
  assert_int_equal(cds_journal_hear(p.own, all.line[0]), CDS_OK);
  assert_int_equal(cds_journal_hear(p.own, ""), CDS_OK);
  assert_null(cds_journal_find(p.own, &key));
  *letter = 's';
  assert_int_equal(cds_journal_hear(p.own, all.line[0]), CDS_OK);
  assert_true(knows(p.own, "second"));
  assert_false(knows(p.own, "before"));
  close_other(&p);
  close_pair(&p);
}

/* ---- how long wrong lines are waited for ----------------------------------
 */

static double now_s;
static double clock_of_test(void) { return now_s; }

/* Records of the other journal, at the same places whether they are right or
 * not. */
enum { WHOLE = 4, WHOLE_MAX = 1000 };
static const char *const record[WHOLE] = {"one", "two", "three", "four"};

typedef struct whole {
  pair p;
  char text[WHOLE_MAX];
  size_t size;
} whole;

static void open_whole(whole *w) {
  open_pair(&w->p);
  w->p.own->clock = clock_of_test;
  now_s = 1000;
  open_other(&w->p);
  for (unsigned i = 0; i < WHOLE; i++) {
    append(w->p.other, record[i]);
  }
  close_other(&w->p);
  w->size = read_bytes(&w->p, w->text, sizeof w->text);
  unlink(w->p.path[1]);
}

/* Shows what there is until so many seconds after the first time; a letter of
 * each of `wrong` is not the one that was written. With a new file, or in the
 * old one. */
static void show(whole *w, double after_s, const char *wrong, unsigned lines) {
  char text[WHOLE_MAX];
  memcpy(text, w->text, w->size);
  size_t end = 0;
  for (unsigned i = 0; i < lines; i++) {
    text[end + 40] ^= strchr(wrong, (char)('1' + i)) == NULL ? 0 : 1;
    end =
        (size_t)((const char *)memchr(text + end, '\n', w->size - end) - text) +
        1;
  }
  FILE *file = fopen(w->p.path[1], "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, end, file), end);
  assert_int_equal(fclose(file), 0);
  now_s = 1000 + after_s;
  assert_int_equal(cds_journal_refresh(w->p.own), CDS_OK);
}

/* Whether just these records are known, by their numbers. */
static void known_are(whole *w, const char *numbers) {
  for (unsigned i = 0; i < WHOLE; i++) {
    const cds_journal_key key = key_of(record[i]);
    assert_int_equal(cds_journal_find(w->p.own, &key) != NULL,
                     strchr(numbers, (char)('1' + i)) != NULL);
  }
}

static void a_wrong_line_is_given_up_in_the_end(void **state) {
  (void)state;
  whole w;
  open_whole(&w);
  show(&w, 0, "2", 2);
  show(&w, 4.9, "2", 2);
  known_are(&w, "1");
  show(&w, 5, "2", 2);
  show(&w, 5.1, "", 2); /* too late */
  known_are(&w, "1");
  show(&w, 5.1, "", 3); /* what comes behind it counts */
  known_are(&w, "13");
  close_pair(&w.p);
}

static void each_wrong_line_has_its_time(void **state) {
  (void)state;
  whole w;
  /* One after the other. */
  open_whole(&w);
  show(&w, 0, "1", 1);
  show(&w, 1, "", 1);
  known_are(&w, "1");
  show(&w, 10, "2", 2);
  show(&w, 14, "2", 2);
  show(&w, 14, "", 2);
  known_are(&w, "12");
  close_pair(&w.p);
  /* The second is wrong before the first is right. */
  open_whole(&w);
  show(&w, 0, "1", 1);
  show(&w, 3, "12", 2);
  show(&w, 4, "2", 2);
  show(&w, 8, "2", 2);
  known_are(&w, "1");
  show(&w, 8.5, "", 2);
  known_are(&w, "12");
  close_pair(&w.p);
  /* It is waited for once the first was given up. */
  open_whole(&w);
  show(&w, 0, "12", 2);
  show(&w, 5, "12", 2);
  show(&w, 9, "12", 2);
  show(&w, 9, "1", 2);
  known_are(&w, "2");
  close_pair(&w.p);
  /* What was wrong may be gone, and something wrong stand in its place. */
  open_whole(&w);
  show(&w, 0, "2", 2);
  show(&w, 1, "", 1);
  show(&w, 10, "2", 2);
  show(&w, 11, "", 2);
  known_are(&w, "12");
  close_pair(&w.p);
  /* Or its end may be gone for a while. */
  open_whole(&w);
  const char *newline = (const char *)memchr(w.text, '\n', w.size);
  const off_t first = newline + 1 - w.text;
  show(&w, 0, "2", 2);
  now_s = 1001;
  assert_int_equal(truncate(w.p.path[1], first + 20), 0);
  assert_int_equal(cds_journal_refresh(w.p.own), CDS_OK);
  show(&w, 10, "2", 2);
  show(&w, 11, "", 2);
  known_are(&w, "12");
  close_pair(&w.p);
}

static void a_new_file_has_a_new_time(void **state) {
  (void)state;
  char old[PATH_MAX_TEXT];
  whole w;
  open_whole(&w);
  show(&w, 0, "2", 2);
  assert_int_equal(rename(w.p.path[1], in_folder(old, "old")), 0);
  show(&w, 10, "2", 2); /* in the new one at the same place */
  show(&w, 11, "", 2);
  known_are(&w, "12");
  unlink(old);
  close_pair(&w.p);
}

/* ---- journals that were left -----------------------------------------------
 */

/* Another process opens the journal and keeps it until it is killed. */
static pid_t write_elsewhere(const char *path) {
  int ready[2];
  char said = 0;
  assert_int_equal(pipe(ready), 0);
  const pid_t process = fork();
  assert_true(process >= 0);
  if (process == 0) {
    fixture f;
    cds_journal *journal = NULL;
    fixture_open(&f);
    said = cds_journal_open(&journal, path, true, f.diag) == CDS_OK ? 'y' : 'n';
    if (write(ready[1], &said, 1) == 1) {
      pause();
    }
    _exit(1);
  }
  assert_int_equal(read(ready[0], &said, 1), 1);
  assert_int_equal(said, 'y');
  close(ready[0]);
  close(ready[1]);
  return process;
}

/* Who writes it mends it; without one it is mended here. */
static void a_journal_at_work_is_left_alone(void **state) {
  (void)state;
  char text[WHOLE_MAX];
  bool taken = false;
  whole w;
  open_whole(&w);
  show(&w, 0, "", 2);
  const pid_t process = write_elsewhere(w.p.path[1]);
  add_bytes(&w.p, "#0123", 5);
  const size_t size = read_bytes(&w.p, text, sizeof text);
  assert_int_equal(cds_journal_mend_left(&taken, w.p.path[1], w.p.f.diag),
                   CDS_OK);
  assert_true(taken);
  assert_null(cds_diag_first_error(w.p.f.diag));
  assert_int_equal(cds_diag_warnings(w.p.f.diag), 0);
  assert_int_equal(read_bytes(&w.p, text, sizeof text), size);
  int status = 0;
  kill(process, SIGKILL);
  assert_int_equal(waitpid(process, &status, 0), process);
  assert_int_equal(cds_journal_mend_left(&taken, w.p.path[1], w.p.f.diag),
                   CDS_OK);
  assert_false(taken);
  assert_int_equal(read_bytes(&w.p, text, sizeof text), size - 5);
  known_are(&w, "12");
  close_pair(&w.p);
}

/* ---- claims ----------------------------------------------------------------
 */

/* Another process takes the claim and keeps it until it is killed. */
static pid_t claim_elsewhere(const char *path, const char *name) {
  int ready[2];
  char said = 0;
  assert_int_equal(pipe(ready), 0);
  const pid_t process = fork();
  assert_true(process >= 0);
  if (process == 0) {
    fixture f;
    cds_claims *claims = NULL;
    const cds_journal_key key = key_of(name);
    fixture_open(&f);
    const bool taken = cds_claims_open(&claims, path, f.diag) == CDS_OK &&
                       cds_claims_take(claims, &key);
    said = taken ? 'y' : 'n';
    if (write(ready[1], &said, 1) == 1) {
      pause();
    }
    _exit(1);
  }
  assert_int_equal(read(ready[0], &said, 1), 1);
  assert_int_equal(said, 'y');
  close(ready[0]);
  close(ready[1]);
  return process;
}

static void a_claim_ends_with_its_process(void **state) {
  (void)state;
  char path[PATH_MAX_TEXT];
  cds_claims *claims = NULL;
  fixture f;
  fixture_open(&f);
  in_folder(path, "claims");
  const cds_journal_key one = key_of("one");
  const cds_journal_key two = key_of("two");
  const pid_t process = claim_elsewhere(path, "one");
  assert_fine(&f, cds_claims_open(&claims, path, f.diag));
  assert_false(cds_claims_take(claims, &one));
  assert_true(cds_claims_take(claims, &two));
  cds_claims_give(claims, &two);
  /* What was given back another process may take. */
  const pid_t next = claim_elsewhere(path, "two");
  assert_false(cds_claims_take(claims, &two));
  int status = 0;
  kill(process, SIGKILL);
  assert_int_equal(waitpid(process, &status, 0), process);
  assert_true(cds_claims_take(claims, &one));
  kill(next, SIGKILL);
  assert_int_equal(waitpid(next, &status, 0), next);
  cds_claims_close(claims);
  unlink(path);
  fixture_close(&f);
}

static void a_claim_needs_a_file(void **state) {
  (void)state;
  char path[PATH_MAX_TEXT];
  cds_claims *claims = NULL;
  fixture f;
  fixture_open(&f);
  in_folder(path, "missing/claims");
  assert_int_equal(cds_claims_open(&claims, path, f.diag), CDS_EIO);
  assert_null(claims);
  assert_non_null(cds_diag_first_error(f.diag));
  cds_claims_close(NULL);
  fixture_close(&f);
}

/* Claims the question, and a moment later ends with these bytes in the journal
 * of the other. Threads' libraries need not work
 * there, so it does no more. */
static pid_t say_elsewhere(const pair *p, const char *claims_path,
                           const cds_journal_key *key, const char *text,
                           size_t size) {
  int ready[2];
  char said = 0;
  assert_int_equal(pipe(ready), 0);
  const pid_t process = fork();
  assert_true(process >= 0);
  if (process == 0) {
    const struct timespec moment = {0, 50000000};
    cds_claims *claims = NULL;
    if (cds_claims_open(&claims, claims_path, p->f.diag) != CDS_OK ||
        !cds_claims_take(claims, key) || write(ready[1], "y", 1) != 1) {
      _exit(1);
    }
    nanosleep(&moment, NULL);
    const int file = open(p->path[1], O_WRONLY | O_CREAT | O_APPEND, 0666);
    _exit(file >= 0 && write(file, text, size) == (ssize_t)size ? 0 : 1);
  }
  assert_int_equal(read(ready[0], &said, 1), 1);
  close(ready[0]);
  close(ready[1]);
  return process;
}

/* Which answers belong to what: said by one process of two that begin at once.
 */
static void what_is_asked_is_said_once(void **state) {
  (void)state;
  static const char run[] = "run";
  char path[PATH_MAX_TEXT];
  char text[WHOLE_MAX];
  cds_claims *claims = NULL;
  cds_journal_key key;
  int status = 0;
  pair p;
  open_pair(&p);
  cds_arena *arena = cds_arena_new();
  open_other(&p);
  const cds_records others = {.journal = p.other, .run = run};
  assert_int_equal(cds_wave_describe(&others, false, "a", arena), CDS_OK);
  close_other(&p);
  const size_t size = read_bytes(&p, text, sizeof text);
  unlink(p.path[1]);
  cds_records_question(&key, run, false);
  in_folder(path, "claims");
  const pid_t process = say_elsewhere(&p, path, &key, text, size);
  assert_fine(&p.f, cds_claims_open(&claims, path, p.f.diag));
  cds_sharing sharing = {.index = 2, .count = 2};
  cds_shared_files files = {claims, p.own};
  cds_sharing_by_files(&sharing, &files);
  const cds_records records = {
      .journal = p.own, .run = run, .sharing = &sharing};
  assert_int_equal(cds_wave_describe(&records, false, "a", arena), CDS_OK);
  assert_int_equal(cds_journal_added(p.own), 0);
  assert_int_equal(cds_journal_read(p.own), 1);
  assert_int_equal(waitpid(process, &status, 0), process);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  cds_claims_close(claims);
  unlink(path);
  cds_arena_free(arena);
  close_pair(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records_of_others_are_found_as_they_come),
      cmocka_unit_test(a_line_counts_when_it_is_whole),
      cmocka_unit_test(what_is_damaged_is_left_out),
      cmocka_unit_test(a_journal_may_be_mended_meanwhile),
      cmocka_unit_test(a_journal_may_be_replaced),
      cmocka_unit_test(records_are_told_and_heard),
      cmocka_unit_test(a_wrong_line_is_given_up_in_the_end),
      cmocka_unit_test(each_wrong_line_has_its_time),
      cmocka_unit_test(a_new_file_has_a_new_time),
      cmocka_unit_test(a_journal_at_work_is_left_alone),
      cmocka_unit_test(a_claim_ends_with_its_process),
      cmocka_unit_test(a_claim_needs_a_file),
      cmocka_unit_test(what_is_asked_is_said_once),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
