/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every number of archs/npu-3d.yaml moves a result, or a message at its place
 * names the step that will use it. Each number is changed alone, by several
 * factors until something moves; results are those of an exploration: designs
 * and values of the variables, area, energy, latency, power and temperature of
 * a small workload that uses every part of the architecture, whether a large
 * one fits, whether the limits of the file are met, and the outlines of the
 * package's dies. The table that is
 * printed says what moved.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "explore/explore.h"
#include "package/build.h"
#include "spec/space_walk.h"

#define PATH CDS_SOURCE_DIR "/archs/npu-3d.yaml"

enum { TEXT_MAX = 1 << 16, RESULT_MAX = 1 << 13, KEY_MAX = 160 };

/* Two matrix products whose operands do not fit the buffers and every kind of
 * function that the vector unit has a price for. */
static const char small[] =
    "workload: small\n"
    "precision: {weights: fp16, activations: fp16}\n"
    "layers:\n"
    "  - {name: up, matmul: {m: 64, n: 2048, k: 512}}\n"
    "  - {name: down, matmul: {m: 64, n: 512, k: 2048}}\n"
    "  - {name: softmax, operation: softmax, rows: 64, length: 512}\n"
    "  - {name: norm, operation: rmsnorm, rows: 64, length: 512}\n"
    "  - {name: gelu, operation: gelu, rows: 64, length: 512}\n";

/* 20 GiB of weights: fits the DRAM as it is, and not one of half the size. */
static const char large[] =
    "workload: large\n"
    "precision: {weights: fp16, activations: fp16}\n"
    "layers:\n"
    "  - {name: gemv, matmul: {m: 1, n: 1024, k: 1024}, count: 10240}\n";

/* Designs where no number hides behind another: of two sizes, at a supply that
 * allows more than the clock and at one that allows less. */
enum { POINTS = 2, SETS = 4 };
static const char *const points[POINTS][SETS] = {
    {"rows=8", "cols=8", "glb=256KiB", "vdd=0.9V"},
    {"rows=64", "cols=32", "glb=4MiB", "vdd=0.6V"},
};

/* Lines that are taken out so that what stands behind them shows: the size of
 * the level hides that of the dies. */
enum { CUTS = 2 };
static const char *const cuts[CUTS] = {"", "    size: 24 GiB\n"};

static const double factors[] = {1.1, 0.9, 2, 0.5, 10, 0.1, 100, 0.01};
enum { FACTORS = sizeof factors / sizeof *factors };

typedef enum result {
  DESIGNS,
  VALUES,
  AREA,
  ENERGY,
  LATENCY,
  POWER,
  TEMPERATURE,
  CAPACITY,
  LIMITS,
  PACKAGE,
  RESULTS
} result;
static const char *const result_name[RESULTS] = {
    "designs", "values",      "area",     "energy", "latency",
    "power",   "temperature", "capacity", "limits", "package"};

/* Results with all their digits, as text. */
typedef struct results {
  bool read; /* false: the file is refused */
  char text[RESULTS][RESULT_MAX];
  char messages[RESULT_MAX];
} results;

static void add(results *out, result which, const char *text) {
  char *end = out->text[which];
  const size_t used = strlen(end);
  assert_true(used + strlen(text) + 2 < RESULT_MAX);
  (void)snprintf(end + used, RESULT_MAX - used, "%s ", text);
}

static void add_number(results *out, result which, double value) {
  char text[CDS_NUMBER_TEXT];
  add(out, which, cds_format_double(text, value));
}

/* One file that is read and explored. */
typedef struct session {
  cds_arena *arena;
  cds_diag *diag;
  const cds_yaml *root;
  results *out;
} session;

static cds_workload workload_of(session *job, const char *text) {
  const cds_reader reader = {.arena = job->arena, .diag = job->diag};
  const cds_yaml *root = NULL;
  cds_workload workload;
  assert_int_equal(cds_yaml_read_text(&root, "workload", text, strlen(text),
                                      job->arena, job->diag),
                   CDS_OK);
  assert_int_equal(cds_workload_read_tree(&workload, root, "workload", &reader),
                   CDS_OK);
  return workload;
}

/* Explores the one design of a point; the record of the design is borrowed
 * from the arena. */
static const cds_design_result *explore(session *job, unsigned point,
                                        const char *text, bool limited) {
  cds_space *space = NULL;
  if (cds_space_of(&space, job->root, points[point], SETS, job->arena,
                   job->diag) != CDS_OK) {
    return NULL;
  }
  assert_int_equal(cds_space_designs(space), 1);
  const cds_workload workload = workload_of(job, text);
  cds_limit limits[CDS_LIMITS_MAX];
  cds_explore_options options = {
      .objective = cds_space_objective(space), .limit = limits, .threads = 1};
  while (limited && options.limits < cds_space_limits(space)) {
    limits[options.limits] = *cds_space_limit(space, options.limits);
    options.limits++;
  }
  static cds_explore_result found;
  memset(&found, 0, sizeof found);
  const cds_status status =
      cds_explore(&found, space, &workload, &options, job->arena, job->diag);
  assert_true(status == CDS_OK || status == CDS_EINFEASIBLE);
  assert_int_equal(found.designs, 1);
  return &found.design[0];
}

static void add_space(session *job, const cds_space *space) {
  add_number(job->out, DESIGNS, (double)cds_space_designs(space));
  for (size_t v = 0; v < cds_space_variables(space); v++) {
    const cds_value_list *list = cds_space_variable(space, v);
    for (size_t i = 0; i < list->count; i++) {
      add_number(job->out, VALUES, list->values[i].number);
    }
  }
}

/* Outlines of the dies of a point's package. */
static void add_package(session *job, unsigned point) {
  cds_space *space = NULL;
  cds_built_package package;
  cds_arch *arch = (cds_arch *)cds_arena_alloc(job->arena, sizeof *arch);
  assert_non_null(arch);
  assert_int_equal(cds_space_of(&space, job->root, points[point], SETS,
                                job->arena, job->diag),
                   CDS_OK);
  if (cds_space_design(arch, space, 0, job->arena, job->diag) != CDS_OK ||
      cds_package_build(&package, arch, job->arena, job->diag) != CDS_OK) {
    return;
  }
  for (size_t d = 0; d < package.dies; d++) {
    add_number(job->out, PACKAGE, package.heat.dies[d].rect.width_m);
    add_number(job->out, PACKAGE, package.heat.dies[d].rect.height_m);
  }
}

static bool add_results(session *job) {
  results *out = job->out;
  cds_space *space = NULL;
  if (cds_space_of(&space, job->root, NULL, 0, job->arena, job->diag) !=
      CDS_OK) {
    return false;
  }
  add_space(job, space);
  for (unsigned point = 0; point < POINTS; point++) {
    const cds_design_result *free = explore(job, point, small, false);
    if (free == NULL) {
      return false;
    }
    add_number(out, AREA, free->area_um2);
    add_number(out, ENERGY, free->energy_pj);
    add_number(out, LATENCY, free->latency_s);
    add_number(out, POWER, free->power_w);
    add_number(out, TEMPERATURE, free->temperature_degc);
    const cds_design_result *limited = explore(job, point, small, true);
    add_number(out, LIMITS, limited->status);
    if (limited->status == CDS_DESIGN_OVER_LIMIT) {
      add_number(out, LIMITS, limited->limit);
    }
    add_number(out, CAPACITY, explore(job, point, large, false)->status);
    add_package(job, point);
  }
  return true;
}

static void evaluate(results *out, const char *text) {
  session job = {.out = out, .arena = cds_arena_new()};
  assert_non_null(job.arena);
  job.diag = cds_diag_new(job.arena);
  memset(out, 0, sizeof *out);
  if (cds_yaml_read_text(&job.root, PATH, text, strlen(text), job.arena,
                         job.diag) == CDS_OK) {
    out->read = add_results(&job);
  }
  FILE *stream = fmemopen(out->messages, RESULT_MAX, "w");
  assert_non_null(stream);
  cds_diag_write(job.diag, stream, CDS_DIAG_TEXT);
  assert_int_equal(fclose(stream), 0);
  cds_arena_free(job.arena);
}

/* ---- one number ---- */

typedef struct number {
  size_t at, length; /* in the text of the file */
  unsigned line, column;
  double value;
  bool whole; /* without unit: a count */
  char key[KEY_MAX];
  const char *last; /* the innermost key */
} number;

/* Takes a line out of the text; false when it is not there. */
static bool take_out(char text[TEXT_MAX], const char *cut) {
  char *found = strstr(text, cut);
  if (found != NULL) {
    memmove(found, found + strlen(cut), strlen(found + strlen(cut)) + 1);
  }
  return found != NULL;
}

/* Copies the text with another number. */
static void change(char out[TEXT_MAX], const char *text, const number *it,
                   double factor) {
  char digits[CDS_NUMBER_TEXT];
  double value = cds_round_decimal(it->value * factor, 12);
  if (it->whole) {
    value = (double)(int64_t)(value + 0.5);
    value += value == it->value ? (factor > 1 ? 1 : -1) : 0;
  }
  (void)snprintf(out, TEXT_MAX, "%.*s%s%s", (int)it->at, text,
                 cds_format_double(digits, value), text + it->at + it->length);
}

/* Names of the results that differ; false: none does. */
static bool moved(char names[RESULT_MAX], const results *before,
                  const results *after) {
  names[0] = '\0';
  for (unsigned r = 0; after->read && r < RESULTS; r++) {
    if (strcmp(before->text[r], after->text[r]) != 0) {
      const size_t used = strlen(names);
      (void)snprintf(names + used, RESULT_MAX - used, " %s", result_name[r]);
    }
  }
  return names[0] != '\0';
}

/* The message at the number's line that names its key and a step. */
static bool answered(char message[RESULT_MAX], const number *it,
                     const results *after) {
  char place[40], key[KEY_MAX];
  (void)snprintf(place, sizeof place, "npu-3d.yaml:%u:", it->line);
  (void)snprintf(key, sizeof key, "'%s'", it->last);
  (void)snprintf(message, RESULT_MAX, "%s", after->messages);
  for (char *line = strtok(message, "\n"); line != NULL;
       line = strtok(NULL, "\n")) {
    if (strstr(line, place) != NULL && strstr(line, key) != NULL &&
        strstr(line, " step") != NULL) {
      memmove(message, line, strlen(line) + 1);
      return true;
    }
  }
  return false;
}

/* Whether the number moves a result or is answered; `what` then says which, and
 * else what was said instead. */
static bool shows(char what[RESULT_MAX], const char *text, const number *it,
                  const results before[CUTS]) {
  static char changed[TEXT_MAX], names[RESULT_MAX], message[RESULT_MAX];
  static results after;
  bool answer = false;
  what[0] = '\0';
  for (unsigned i = 0; i < CUTS * FACTORS; i++) {
    const unsigned cut = i / FACTORS;
    change(changed, text, it, factors[i % FACTORS]);
    if (!take_out(changed, cuts[cut])) {
      continue;
    }
    evaluate(&after, changed);
    if (moved(names, &before[cut], &after)) {
      (void)snprintf(what, RESULT_MAX, "x%-5.3g%.200s%s", factors[i % FACTORS],
                     names, cut == 0 ? "" : " (without the level's size)");
      return true;
    }
    if (!answer) {
      answer = answered(message, it, &after);
      memcpy(what, answer ? message : after.messages, RESULT_MAX);
    }
  }
  return answer;
}

/* ---- all numbers of the file ---- */

static void load(char text[TEXT_MAX]) {
  FILE *file = fopen(PATH, "rb");
  assert_non_null(file);
  const size_t length = fread(text, 1, TEXT_MAX - 1, file);
  assert_int_equal(fclose(file), 0);
  assert_true(length < TEXT_MAX - 1);
  text[length] = '\0';
}

/* Start of the text of a scalar in the file. */
static size_t offset_of(const char *text, cds_place place) {
  size_t at = 0;
  for (unsigned line = 1; line < place.line; line++) {
    at += strcspn(text + at, "\n") + 1;
  }
  return at + place.column - 1;
}

/* Where the scalar stands: keys, and the first value of each entry of a list:
 * levels[GLB].bandwidth.read. */
static void name_key(number *it, const cds_walk *walk) {
  it->key[0] = '\0';
  it->last = "";
  for (unsigned d = 0; d < walk->depth; d++) {
    const cds_yaml *node = walk->node[d];
    const size_t item = walk->next[d] - 1;
    const size_t used = strlen(it->key);
    char *end = it->key + used;
    if (node->kind == CDS_YAML_MAPPING) {
      it->last = node->keys[item]->text;
      (void)snprintf(end, KEY_MAX - used, "%s%s", used == 0 ? "" : ".",
                     it->last);
      continue;
    }
    const cds_yaml *entry = node->items[item];
    if (entry->kind == CDS_YAML_MAPPING &&
        entry->items[0]->kind == CDS_YAML_SCALAR) {
      (void)snprintf(end, KEY_MAX - used, "[%s]", entry->items[0]->text);
    } else {
      (void)snprintf(end, KEY_MAX - used, "[%zu]", item);
    }
  }
}

/* The next number in a scalar from `from`: not a digit of a name such as n7 or
 * fp16, but the factor of "by x2". */
static bool find_number(number *it, const char *text, const cds_walk *walk,
                        size_t from) {
  const cds_yaml *scalar = walk->scalar;
  const size_t start = offset_of(text, scalar->place);
  for (size_t i = from; scalar->text[i] != '\0'; i++) {
    const bool factor =
        i >= 2 && scalar->text[i - 1] == 'x' && scalar->text[i - 2] == ' ';
    const bool begins = i == 0 || strchr(" (", scalar->text[i - 1]) != NULL;
    const char *end = NULL;
    if (!isdigit((unsigned char)scalar->text[i]) || !(begins || factor)) {
      continue;
    }
    assert_memory_equal(text + start, scalar->text, strlen(scalar->text));
    assert_true(cds_parse_double(&it->value, text + start + i, &end));
    it->at = start + i;
    it->length = (size_t)(end - text) - it->at;
    it->line = scalar->place.line;
    it->column = scalar->place.column + (unsigned)i;
    it->whole = !isalpha((unsigned char)end[strspn(end, " ")]);
    name_key(it, walk);
    return true;
  }
  return false;
}

/* Looks at all numbers of a file and prints a table, or at that of one key;
 * returns how many are silent, and how many there are. */
static unsigned look(unsigned *seen, const char *text, const char *only) {
  static const char *const skipped[] = {"source", "assumption", "note", NULL};
  static char cut[TEXT_MAX], what[RESULT_MAX];
  static results before[CUTS];
  cds_arena *arena = cds_arena_new();
  const cds_yaml *root = NULL;
  assert_int_equal(cds_yaml_read_text(&root, PATH, text, strlen(text), arena,
                                      cds_diag_new(arena)),
                   CDS_OK);
  for (unsigned c = 0; c < CUTS; c++) {
    memcpy(cut, text, TEXT_MAX);
    assert_true(take_out(cut, cuts[c]));
    evaluate(&before[c], cut);
    assert_true(before[c].read);
  }
  unsigned silent = 0;
  cds_walk walk;
  cds_walk_start(&walk, root, skipped);
  while (cds_walk_next(&walk)) {
    number it = {0};
    for (size_t from = 0; find_number(&it, text, &walk, from);
         from = it.column - walk.scalar->place.column + it.length) {
      if (only != NULL && strcmp(it.key, only) != 0) {
        continue;
      }
      ++*seen;
      const bool fine = shows(what, text, &it, before);
      silent += fine ? 0 : 1;
      if (only == NULL && fine) {
        print_message("%4u:%-3u %-38s %s\n", it.line, it.column, it.key, what);
      } else if (only == NULL) {
        print_error("%s:%u:%u: '%s' moves nothing and no message says when it "
                    "will\n%s",
                    PATH, it.line, it.column, it.key, what);
      }
    }
  }
  cds_arena_free(arena);
  return silent;
}

static void every_number_moves_a_result_or_is_answered(void **state) {
  (void)state;
  static char text[TEXT_MAX];
  unsigned seen = 0;
  load(text);
  const unsigned silent = look(&seen, text, NULL);
  print_message("%u numbers, %u silent\n", seen, silent);
  assert_true(seen > 30);
  assert_int_equal(silent, 0);
}

/* The clock of a memory die serves nothing, which the file is told, but no
 * step will use it. */
static void a_number_that_moves_nothing_is_found(void **state) {
  (void)state;
  static const char line[] = "    size: 3 GiB";
  static char text[TEXT_MAX], more[TEXT_MAX];
  unsigned seen = 0;
  load(text);
  const char *at = strstr(text, line);
  assert_non_null(at);
  (void)snprintf(more, TEXT_MAX, "%.*s    clock: 400 MHz\n%s", (int)(at - text),
                 text, at);
  assert_int_equal(look(&seen, more, "dies.dram.clock"), 1);
  assert_int_equal(seen, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_number_moves_a_result_or_is_answered),
      cmocka_unit_test(a_number_that_moves_nothing_is_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
