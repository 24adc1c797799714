/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The journal: what a kill, a damaged disk, a full one and a second process
 * leave of it.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "explore/journal.h"
#include "support/messages.h"

enum { RECORDS = 3, TEXT_MAX = 4096 };

typedef struct place {
  fixture f;
  char folder[256];
  char path[300], bad[320], old[320], lock[320];
} place;

static void open_place(place *p) {
  const char *base = getenv("TMPDIR");
  fixture_open(&p->f);
  snprintf(p->folder, sizeof p->folder, "%s/journal.XXXXXX",
           base == NULL ? "/tmp" : base);
  assert_non_null(mkdtemp(p->folder));
  snprintf(p->path, sizeof p->path, "%s/journal", p->folder);
  snprintf(p->bad, sizeof p->bad, "%s.bad", p->path);
  snprintf(p->old, sizeof p->old, "%s.old", p->path);
  snprintf(p->lock, sizeof p->lock, "%s.lock", p->path);
}

static void close_place(place *p) {
  unlink(p->path);
  unlink(p->bad);
  unlink(p->old);
  unlink(p->lock);
  assert_int_equal(rmdir(p->folder), 0); /* nothing else was left */
  fixture_close(&p->f);
}

static cds_journal_key key_of(unsigned number) {
  cds_journal_key key;
  cds_sha256 hash;
  cds_sha256_begin(&hash);
  cds_sha256_add(&hash, &number, sizeof number);
  cds_journal_key_end(&key, &hash);
  return key;
}

static const char *const payload[RECORDS] = {"first 1 -", "second",
                                             "third =a%23b"};

static size_t read_file(char text[TEXT_MAX], const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    return 0;
  }
  const size_t size = fread(text, 1, TEXT_MAX - 1, file);
  text[size] = '\0';
  fclose(file);
  return size;
}

static void write_file(const char *path, const char *text, size_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

static cds_journal *open_journal(place *p, bool resume) {
  cds_journal *journal = NULL;
  assert_fine(&p->f, cds_journal_open(&journal, p->path, resume, p->f.diag));
  return journal;
}

static void close_journal(place *p, cds_journal *journal) {
  assert_fine(&p->f, cds_journal_close(journal, p->f.diag));
}

/* All records, and where each of them ends in the file. */
static size_t make(place *p, char text[TEXT_MAX], size_t end[RECORDS]) {
  cds_journal *journal = open_journal(p, false);
  for (unsigned i = 0; i < RECORDS; i++) {
    const cds_journal_key key = key_of(i);
    assert_fine(&p->f, cds_journal_append(journal, &key, payload[i]));
    end[i] = read_file(text, p->path); /* it is in the file at once */
  }
  close_journal(p, journal);
  return read_file(text, p->path);
}

static bool holds(cds_journal *journal, unsigned i) {
  const cds_journal_key key = key_of(i);
  const char *found = cds_journal_find(journal, &key);
  if (found == NULL) {
    return false;
  }
  /* The payload as it was, up to the checksum's blank. */
  assert_string_equal(found, payload[i]);
  return true;
}

/* ---- what is kept ------------------------------------------------------- */

static void records_are_found_again_and_no_others(void **state) {
  (void)state;
  place p;
  char text[TEXT_MAX];
  size_t end[RECORDS];
  open_place(&p);
  make(&p, text, end);
  cds_journal *journal = open_journal(&p, true);
  assert_int_equal(cds_journal_read(journal), RECORDS);
  for (unsigned i = 0; i < 1000; i++) {
    assert_int_equal(i < RECORDS, i < RECORDS ? holds(journal, i) : 0);
    const cds_journal_key key = key_of(i);
    assert_int_equal(i < RECORDS, cds_journal_find(journal, &key) != NULL);
  }
  close_journal(&p, journal);
  char again[TEXT_MAX];
  assert_int_equal(read_file(again, p.path), end[RECORDS - 1]);
  assert_string_equal(again, text);
  assert_int_equal(access(p.lock, F_OK), -1);
  close_place(&p);
}

static void thousands_of_records_are_found(void **state) {
  (void)state;
  enum { MANY = 5000 };
  place p;
  open_place(&p);
  cds_journal *journal = open_journal(&p, false);
  for (unsigned i = 0; i < MANY; i++) {
    const cds_journal_key key = key_of(i);
    char number[16];
    snprintf(number, sizeof number, "%u", i);
    assert_fine(&p.f, cds_journal_append(journal, &key, number));
  }
  for (unsigned round = 0; round < 2; round++) {
    for (unsigned i = 0; i < MANY; i++) {
      const cds_journal_key key = key_of(i);
      const char *found = cds_journal_find(journal, &key);
      assert_non_null(found);
      assert_int_equal(strtoul(found, NULL, 10), i);
    }
    close_journal(&p, journal);
    journal = open_journal(&p, true);
    assert_int_equal(cds_journal_read(journal), MANY);
  }
  close_journal(&p, journal);
  close_place(&p);
}

static void without_resume_the_old_journal_is_set_aside(void **state) {
  (void)state;
  place p;
  char text[TEXT_MAX];
  char old[TEXT_MAX];
  size_t end[RECORDS];
  open_place(&p);
  make(&p, text, end);
  cds_journal *journal = open_journal(&p, false);
  assert_int_equal(cds_journal_read(journal), 0);
  assert_false(holds(journal, 0));
  close_journal(&p, journal);
  assert_int_equal(read_file(old, p.old), end[RECORDS - 1]);
  assert_string_equal(old, text);
  close_place(&p);
}

/* ---- what is torn or damaged --------------------------------------------- */

static void a_tail_torn_at_any_byte_is_cut_off(void **state) {
  (void)state;
  place p;
  char text[TEXT_MAX];
  char after[TEXT_MAX];
  size_t end[RECORDS];
  open_place(&p);
  const size_t size = make(&p, text, end);
  for (size_t cut = 0; cut <= size; cut++) {
    unsigned whole = 0;
    while (whole < RECORDS && end[whole] - 1 <= cut) {
      whole++; /* only its newline may be missing */
    }
    const bool torn = cut > (whole == 0 ? 0 : end[whole - 1]);
    write_file(p.path, text, cut);
    const size_t warned = cds_diag_warnings(p.f.diag);
    cds_journal *journal = open_journal(&p, true);
    assert_int_equal(cds_diag_warnings(p.f.diag) - warned, torn);
    for (unsigned i = 0; i < RECORDS; i++) {
      assert_int_equal(holds(journal, i), i < whole);
      const cds_journal_key key = key_of(i);
      if (i >= whole) {
        assert_fine(&p.f, cds_journal_append(journal, &key, payload[i]));
      }
    }
    close_journal(&p, journal);
    assert_int_equal(read_file(after, p.path), size);
    assert_string_equal(after, text);
  }
  assert_int_equal(access(p.bad, F_OK), -1);
  close_place(&p);
}

/* Of the record that the bit belongs to nothing is believed, of the others
 * nothing is lost; where it is a newline, not even the record is. */
static void check_flip(place *p, const char *text, size_t size,
                       const size_t end[RECORDS], size_t bit) {
  char damaged[TEXT_MAX];
  char bad[TEXT_MAX];
  char message[64];
  unsigned hit = 0;
  memcpy(damaged, text, size);
  damaged[bit / 8] = (char)(damaged[bit / 8] ^ (1 << bit % 8));
  while (end[hit] <= bit / 8) {
    hit++;
  }
  const bool newline = bit / 8 == end[hit] - 1;
  write_file(p->path, damaged, size);
  const size_t warned = cds_diag_warnings(p->f.diag);
  cds_journal *journal = open_journal(p, true);
  for (unsigned i = 0; i < RECORDS; i++) {
    assert_int_equal(holds(journal, i), i != hit || newline);
  }
  close_journal(p, journal);
  if (newline) {
    assert_int_equal(cds_diag_warnings(p->f.diag), warned);
  } else {
    const size_t from = hit == 0 ? 0 : end[hit - 1];
    assert_true(cds_diag_warnings(p->f.diag) > warned);
    snprintf(message, sizeof message, "/journal:%u:1: warning: this record",
             hit + 1);
    assert_message(&p->f, message);
    const size_t kept = read_file(bad, p->bad);
    assert_true(kept >= end[hit] - from);
    /* With a newline more inside where the bit made one. */
    assert_memory_equal(bad, damaged + from, bit / 8 - from);
  }
  unlink(p->bad);
  /* What is left is whole. */
  const size_t before = cds_diag_warnings(p->f.diag);
  journal = open_journal(p, true);
  assert_int_equal(cds_diag_warnings(p->f.diag), before);
  assert_int_equal(cds_journal_read(journal), newline ? RECORDS : RECORDS - 1);
  close_journal(p, journal);
}

static void any_flipped_bit_is_noticed_and_set_aside(void **state) {
  (void)state;
  place p;
  char text[TEXT_MAX];
  size_t end[RECORDS];
  open_place(&p);
  const size_t size = make(&p, text, end);
  /* Each forces files to the disk: with sanitizers and valgrind some. */
  const size_t step = getenv("CODESIGN_TEST_QUICK") == NULL ? 1 : 7;
  close_place(&p);
  for (size_t bit = 8 * end[0]; bit < 8 * end[1]; bit += step) {
    open_place(&p);
    check_flip(&p, text, size, end, bit);
    close_place(&p);
  }
}

static void what_is_no_journal_has_no_records(void **state) {
  (void)state;
  static const char *const texts[] = {
      "\n",
      "\n\n#\n",
      "#",
      "hello\nworld\n",
      "##########\n",
      "#0123456789abcdef0123456789abcdef x 0123456789abcdef\n"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    place p;
    open_place(&p);
    write_file(p.path, texts[i], strlen(texts[i]));
    cds_journal *journal = open_journal(&p, true);
    assert_int_equal(cds_journal_read(journal), 0);
    assert_true(cds_diag_warnings(p.f.diag) > 0);
    close_journal(&p, journal);
    close_place(&p);
  }
}

/* ---- one writer ---------------------------------------------------------- */

static const char *program; /* this one */

/* What that process does; it ends only where that fails. */
static int hold_path(const char *path) {
  fixture f;
  cds_journal *journal = NULL;
  const cds_journal_key key = key_of(0);
  fixture_open(&f);
  if (cds_journal_open(&journal, path, false, f.diag) == CDS_OK &&
      cds_journal_append(journal, &key, payload[0]) == CDS_OK &&
      write(STDOUT_FILENO, "x", 1) == 1) {
    for (;;) {
      pause();
    }
  }
  return 1;
}

/* A process that holds the journal until it is killed. This program anew, as
 * threads' libraries need not work in a fork. */
static pid_t hold(place *p) {
  int ready[2];
  char byte = 0;
  assert_int_equal(pipe(ready), 0);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    (void)dup2(ready[1], STDOUT_FILENO);
    (void)execl(program, program, "hold", p->path, (char *)NULL);
    _exit(1);
  }
  close(ready[1]); /* so that a child that fails ends the wait */
  assert_int_equal(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  return child;
}

static void a_second_process_is_refused_until_the_first_is_gone(void **state) {
  (void)state;
  place p;
  char holder[64];
  char before[TEXT_MAX];
  char after[TEXT_MAX];
  cds_journal *journal = NULL;
  open_place(&p);
  const pid_t child = hold(&p);
  read_file(before, p.path);
  for (unsigned resume = 0; resume < 2; resume++) {
    assert_int_equal(cds_journal_open(&journal, p.path, resume == 1, p.f.diag),
                     CDS_EIO);
    assert_null(journal);
  }
  snprintf(holder, sizeof holder, "' is being written by process %ld on '",
           (long)child);
  assert_message(&p.f, holder);
  read_file(after, p.path);
  assert_string_equal(before, after);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  assert_int_equal(access(p.lock, F_OK), 0); /* left behind; no harm */
  journal = open_journal(&p, true);
  assert_true(holds(journal, 0));
  close_journal(&p, journal);
  assert_int_equal(access(p.lock, F_OK), -1);
  close_place(&p);
}

/* ---- what cannot be written -----------------------------------------------
 */

/* A file may grow to so many bytes: like a disk that is full. */
static void limit_files(rlim_t bytes) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = bytes;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_leaves_whole_records(void **state) {
  (void)state;
  place p;
  char text[TEXT_MAX];
  char after[TEXT_MAX];
  size_t end[RECORDS];
  signal(SIGXFSZ, SIG_IGN);
  open_place(&p);
  const size_t size = make(&p, text, end);
  for (size_t room = end[0]; room < size; room++) {
    write_file(p.path, text, end[0]);
    cds_journal *journal = open_journal(&p, true);
    const cds_journal_key second = key_of(1);
    const cds_journal_key third = key_of(2);
    limit_files((rlim_t)room);
    const cds_status one = cds_journal_append(journal, &second, payload[1]);
    const cds_status two = cds_journal_append(journal, &third, payload[2]);
    limit_files(RLIM_INFINITY);
    assert_int_equal(one, room < end[1] ? CDS_EIO : CDS_OK);
    assert_int_equal(two, CDS_EIO); /* nothing more is tried after a failure */
    cds_journal_failure(journal, p.f.diag);
    assert_message(&p.f, "/journal': File too large");
    close_journal(&p, journal);
    const size_t left = read_file(after, p.path);
    assert_int_equal(left, room < end[1] ? end[0] : end[1]);
    assert_memory_equal(after, text, left);
  }
  close_place(&p);
}

static void what_cannot_be_made_is_named(void **state) {
  (void)state;
  place p;
  open_place(&p);
  cds_journal *journal = NULL;
  char path[400];
  snprintf(path, sizeof path, "%s/none/journal", p.folder);
  assert_int_equal(cds_journal_open(&journal, path, true, p.f.diag), CDS_EIO);
  assert_message(&p.f, "/none/journal.lock': No such file or directory");
  assert_int_equal(mkdir(p.path, 0777), 0);
  assert_int_equal(cds_journal_open(&journal, p.path, true, p.f.diag), CDS_EIO);
  assert_message(&p.f, "/journal' is no regular file");
  assert_int_equal(rmdir(p.path), 0);
  close_place(&p);
}

int main(int argc, char **argv) {
  program = argv[0];
  if (argc == 3 && strcmp(argv[1], "hold") == 0) {
    return hold_path(argv[2]);
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records_are_found_again_and_no_others),
      cmocka_unit_test(thousands_of_records_are_found),
      cmocka_unit_test(without_resume_the_old_journal_is_set_aside),
      cmocka_unit_test(a_tail_torn_at_any_byte_is_cut_off),
      cmocka_unit_test(any_flipped_bit_is_noticed_and_set_aside),
      cmocka_unit_test(what_is_no_journal_has_no_records),
      cmocka_unit_test(a_second_process_is_refused_until_the_first_is_gone),
      cmocka_unit_test(a_full_disk_leaves_whole_records),
      cmocka_unit_test(what_cannot_be_made_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
