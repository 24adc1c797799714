/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tree of a file, its places, and every refusal of the YAML reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "yaml/yaml.h"

#include "support/messages.h"

static fixture f;

static int open_fixture(void **state) {
  (void)state;
  fixture_open(&f);
  return 0;
}

static int close_fixture(void **state) {
  (void)state;
  fixture_close(&f);
  return 0;
}

static const cds_yaml *read_bytes(const char *text, size_t length) {
  const cds_yaml *root = NULL;
  assert_fine(
      &f, cds_yaml_read_text(&root, "t.yaml", text, length, f.arena, f.diag));
  return root;
}

static const cds_yaml *read_right(const char *text) {
  return read_bytes(text, strlen(text));
}

/* The whole output must be `messages`, and out untouched. */
static void expect_wrong_bytes(const char *text, size_t length,
                               const char *messages) {
  const cds_yaml mine = {.count = 7};
  const cds_yaml *root = &mine;
  assert_int_equal(
      cds_yaml_read_text(&root, "t.yaml", text, length, f.arena, f.diag),
      CDS_EINPUT);
  assert_ptr_equal(root, &mine);
  assert_string_equal(fixture_messages(&f), messages);
}

static void expect_wrong(const char *text, const char *messages) {
  expect_wrong_bytes(text, strlen(text), messages);
}

static void assert_place(const cds_yaml *node, unsigned line, unsigned column) {
  assert_string_equal(node->place.file, "t.yaml");
  assert_int_equal(node->place.line, line);
  assert_int_equal(node->place.column, column);
}

static void nodes_know_their_kind_and_place(void **state) {
  (void)state;
  const cds_yaml *const root = read_right("a: 1\nb: [x, 'y', \"z\"]\n"
                                          "é: {k: x}\nblock: |\n  text\n");
  assert_int_equal(root->kind, CDS_YAML_MAPPING);
  assert_int_equal(root->count, 4);
  assert_true(cds_yaml_get(root, "block")->quoted);
  assert_place(root, 1, 1);
  assert_place(root->keys[1], 2, 1);
  const cds_yaml *const list = cds_yaml_get(root, "b");
  assert_int_equal(list->kind, CDS_YAML_SEQUENCE);
  assert_int_equal(list->count, 3);
  assert_null(list->keys);
  assert_place(list->items[1], 2, 8);
  assert_false(list->items[0]->quoted);
  assert_true(list->items[1]->quoted && list->items[2]->quoted);
  assert_string_equal(cds_yaml_get(root, "a")->text, "1");
  assert_null(cds_yaml_get(root, "c"));
  assert_null(cds_yaml_get(list, "c"));
  assert_place(cds_yaml_get(root, "é"), 3, 4);
}

/* Where the second 'x' of each text is said to stand. */
static void characters_inside_of_scalars_have_places(void **state) {
  (void)state;
  static const struct {
    const char *text;
    unsigned line, column;
  } cases[] = {
      {"a: x x\n", 1, 6},
      {"a: 'x x'\n", 1, 7},
      {"a: \"é x x\"\n", 1, 9},
      {"a: é x x\n", 1, 8},
      {"a: [x  x]\n", 1, 8},
      /* where the scalar starts: escapes, several lines, anchors, blocks */
      {"a: \"\\x41 x x\"\n", 1, 4},
      {"a: 'it''s x x'\n", 1, 4},
      {"a: x\n  x\n", 1, 4},
      {"a: &b x x\n", 1, 4},
      {"a: |\n  x x\n", 1, 4},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const cds_yaml *value = cds_yaml_get(read_right(cases[i].text), "a");
    if (value->kind == CDS_YAML_SEQUENCE) {
      value = value->items[0];
    }
    const size_t offset = (size_t)(strrchr(value->text, 'x') - value->text);
    const cds_place place = cds_yaml_place(value, offset);
    assert_int_equal(place.line, cases[i].line);
    assert_int_equal(place.column, cases[i].column);
  }
}

static void columns_count_characters(void **state) {
  (void)state;
  const cds_yaml *const root = read_right("{\"äöü€\": x}");
  assert_place(root->items[0], 1, 10);
}

static void byte_order_marks_and_crlf_are_fine(void **state) {
  (void)state;
  const cds_yaml *const root = read_right("\xef\xbb\xbf"
                                          "a: 1\r\nb: 2\r\n");
  assert_string_equal(cds_yaml_get(root, "a")->text, "1");
  assert_place(cds_yaml_get(root, "b"), 2, 4);
}

static void json_is_read(void **state) {
  (void)state;
  const cds_yaml *const root =
      read_right("{\"hidden_size\": 4096,\n \"tie\": false, \"list\": "
                 "[1e-5, null], \"text\": \"a\\u00e9\\n\"}");
  assert_string_equal(cds_yaml_get(root, "hidden_size")->text, "4096");
  assert_string_equal(cds_yaml_get(root, "text")->text, "aé\n");
}

static void anchors_are_shared(void **state) {
  (void)state;
  const cds_yaml *const root =
      read_right("a: &x {k: 1}\nb: *x\nc: &x 2\nd: *x\n");
  assert_ptr_equal(cds_yaml_get(root, "a"), cds_yaml_get(root, "b"));
  assert_string_equal(cds_yaml_get(root, "d")->text, "2");
}

static void tags_of_the_core_are_accepted(void **state) {
  (void)state;
  const cds_yaml *const root =
      read_right("{a: !!str 5, b: !!int 3, c: !!seq [], d: !!map {}, e: ! 7}");
  assert_true(cds_yaml_get(root, "a")->quoted);
  assert_string_equal(cds_yaml_get(root, "a")->text, "5");
}

static void duplicate_keys_are_refused_with_the_first_place(void **state) {
  (void)state;
  expect_wrong("fanout: 1\nb: {x: 1, y: 2, x: 3}\n'fanout': 2\nfanout: 3\n",
               "t.yaml:2:17: error: duplicate key 'x'\n"
               "  note: t.yaml:2:5: first given here\n"
               "t.yaml:3:1: error: duplicate key 'fanout'\n"
               "  note: t.yaml:1:1: first given here\n"
               "t.yaml:4:1: error: duplicate key 'fanout'\n"
               "  note: t.yaml:1:1: first given here\n");
}

static void merge_keys_are_refused(void **state) {
  (void)state;
  expect_wrong("a: &x {k: 1}\nb: {<<: *x}\n",
               "t.yaml:2:5: error: merge key '<<': expected every key written "
               "out\n");
}

static const cds_yaml *read_foreign(const char *text) {
  const cds_yaml *root = NULL;
  assert_fine(&f, cds_yaml_read_foreign(&root, "t.yaml", text, strlen(text),
                                        f.arena, f.diag));
  return root;
}

static void foreign_files_may_merge(void **state) {
  (void)state;
  const cds_yaml *const root = read_foreign(
      "a: &a {x: 1, y: {p: 1, q: 2}}\nb: &b {x: 2, z: 3}\n"
      "c: {x: 0, <<: [*a, *b]}\nd: {<<: *b, <<<: *a, y: {q: 0}}\n");
  const cds_yaml *const c = cds_yaml_get(root, "c");
  assert_int_equal(c->count, 3);
  assert_string_equal(cds_yaml_get(c, "x")->text, "0");
  assert_string_equal(cds_yaml_get(c, "z")->text, "3");
  assert_int_equal(cds_yaml_get(c, "y")->count, 2);
  const cds_yaml *const d = cds_yaml_get(root, "d");
  assert_int_equal(d->count, 3);
  assert_string_equal(cds_yaml_get(d, "x")->text, "2");
  assert_string_equal(cds_yaml_get(cds_yaml_get(d, "y"), "p")->text, "1");
  assert_string_equal(cds_yaml_get(cds_yaml_get(d, "y"), "q")->text, "0");
  /* What was merged is not changed. */
  const cds_yaml *const a = cds_yaml_get(root, "a");
  assert_string_equal(cds_yaml_get(cds_yaml_get(a, "y"), "q")->text, "2");
}

static void foreign_files_may_have_tags(void **state) {
  (void)state;
  const cds_yaml *const root =
      read_foreign("a: !Component {x: !here 1}\nb: [2]\n");
  assert_string_equal(cds_yaml_get(root, "a")->tag, "Component");
  assert_string_equal(cds_yaml_get(cds_yaml_get(root, "a"), "x")->tag, "here");
  assert_null(cds_yaml_get(root, "b")->tag);
}

static void merge_keys_take_mappings(void **state) {
  (void)state;
  static const char text[] = "a: &a [1]\nb: {<<: *a}\n";
  const cds_yaml *root = NULL;
  assert_int_equal(cds_yaml_read_foreign(&root, "t.yaml", text, strlen(text),
                                         f.arena, f.diag),
                   CDS_EINPUT);
  assert_string_equal(
      fixture_messages(&f),
      "t.yaml:1:8: error: a merge key has a value that is no mapping: expected "
      "an alias of a mapping, or a list of them\n");
}

static void a_quoted_merge_sign_is_a_key(void **state) {
  (void)state;
  assert_non_null(cds_yaml_get(read_right("'<<': 1"), "<<"));
}

static void unknown_tags_are_refused(void **state) {
  (void)state;
  expect_wrong("a: !Component {k: 1}\nb: !!binary aa\nc: !!map [1]\n",
               "t.yaml:1:4: error: tag '!Component': expected no tag\n"
               "t.yaml:2:4: error: tag '!!binary': expected no tag\n"
               "t.yaml:3:4: error: tag '!!map': expected no tag\n");
}

static void keys_must_be_scalars(void **state) {
  (void)state;
  expect_wrong("{[a]: 1, {b: c}: 2, x: 1, x: 2}",
               "t.yaml:1:2: error: a key is a list: expected a plain text as "
               "key\n"
               "t.yaml:1:10: error: a key is a mapping: expected a plain text "
               "as key\n"
               "t.yaml:1:27: error: duplicate key 'x'\n"
               "  note: t.yaml:1:21: first given here\n");
}

static void several_documents_are_refused(void **state) {
  (void)state;
  expect_wrong("a: 1\n---\nb: 2\n",
               "t.yaml:2:1: error: a second document: expected one document a "
               "file\n");
}

static void empty_files_are_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"", "\n", "# only a comment\n", "---\n"};
  for (size_t i = 0; i < 4; i++) {
    const cds_yaml *root = NULL;
    assert_int_equal(cds_yaml_read_text(&root, "t.yaml", texts[i],
                                        strlen(texts[i]), f.arena, f.diag),
                     CDS_EINPUT);
    assert_message(&f, "t.yaml: error: nothing in it: expected a YAML "
                       "document\n");
  }
  assert_int_equal(cds_diag_errors(f.diag), 4);
}

static void broken_yaml_is_located(void **state) {
  (void)state;
  expect_wrong("a: [1, 2\nb: 3\n",
               "t.yaml:2:2: error: did not find expected ',' or ']': expected "
               "valid YAML\n"
               "  note: t.yaml:1:4: while parsing a flow sequence\n");
}

static void nested_values_without_braces_are_located(void **state) {
  (void)state;
  expect_wrong("a: b: c\n",
               "t.yaml:1:5: error: mapping values are not allowed in this "
               "context: expected valid YAML\n");
}

static void invalid_utf8_is_located(void **state) {
  (void)state;
  expect_wrong("ok: 1\n\xc3\xa9: \xff\n",
               "t.yaml:2:4: error: invalid leading UTF-8 octet: expected text "
               "in UTF-8\n");
}

static void raw_control_characters_are_located(void **state) {
  (void)state;
  expect_wrong_bytes("a: b\0c", 6,
                     "t.yaml:1:5: error: control characters are not allowed: "
                     "expected text in UTF-8\n");
}

static void escaped_nul_is_refused(void **state) {
  (void)state;
  expect_wrong("a: \"x\\0y\"\n",
               "t.yaml:1:4: error: text with a NUL character: expected "
               "printable text\n");
}

static void cycles_are_refused(void **state) {
  (void)state;
  expect_wrong("a: &x [1, *x]\n",
               "t.yaml:1:11: error: alias '*x' stands inside its own value: "
               "expected no cycle\n"
               "  note: t.yaml:1:4: the value starts here\n");
}

static void unknown_aliases_are_refused(void **state) {
  (void)state;
  expect_wrong("a: *y\n",
               "t.yaml:1:4: error: unknown alias '*y': expected an anchor '&y' "
               "above\n");
}

static void alias_bombs_are_refused(void **state) {
  (void)state;
  /* Each list holds ten of the one before: 10^7 values at the end. */
  char text[2000] = "a0: &a0 1\n";
  size_t used = strlen(text);
  for (int i = 1; i <= 7; i++) {
    used +=
        (size_t)snprintf(text + used, sizeof text - used, "a%d: &a%d [", i, i);
    for (int j = 0; j < 10; j++) {
      used += (size_t)snprintf(text + used, sizeof text - used, "%s*a%d",
                               j > 0 ? "," : "", i - 1);
    }
    used += (size_t)snprintf(text + used, sizeof text - used, "]\n");
  }
  const cds_yaml *root = NULL;
  assert_int_equal(
      cds_yaml_read_text(&root, "t.yaml", text, used, f.arena, f.diag),
      CDS_EINPUT);
  assert_message(&f, "error: more than 1000000 values when aliases are "
                     "followed: expected a smaller file\n");
}

static char *nested(size_t depth, char open, char close) {
  char *const text = malloc(2 * depth + 1);
  assert_non_null(text);
  memset(text, open, depth);
  memset(text + depth, close, depth);
  text[2 * depth] = '\0';
  return text;
}

static void sixty_four_levels_are_the_limit(void **state) {
  (void)state;
  char *const right = nested(64, '[', ']');
  (void)read_right(right);
  free(right);
  char *const wrong = nested(65, '[', ']');
  expect_wrong(wrong, "t.yaml:1:65: error: nested too deeply: expected at most "
                      "64 levels\n");
  free(wrong);
}

static void a_hundred_thousand_levels_are_refused_at_once(void **state) {
  (void)state;
  char *const wrong = nested(100000, '[', ']');
  expect_wrong(wrong, "t.yaml:1:65: error: nested too deeply: expected at most "
                      "64 levels\n");
  free(wrong);
}

static void aliases_count_as_levels(void **state) {
  (void)state;
  /* The anchor is 40 levels high and the alias stands at level 26. */
  char *const low = nested(40, '[', ']');
  char *const high = nested(25, '[', ']');
  char text[300];
  (void)snprintf(text, sizeof text, "a: &x %s\nb: %.25s*x%.25s\n", low, high,
                 high + 25);
  expect_wrong(text, "t.yaml:2:29: error: nested too deeply: expected at most "
                     "64 levels\n");
  free(low);
  free(high);
}

static void too_many_nodes_are_refused(void **state) {
  (void)state;
  const size_t count = 1000001;
  char *const text = malloc(2 * count + 3);
  assert_non_null(text);
  text[0] = '[';
  for (size_t i = 0; i < count; i++) {
    memcpy(text + 1 + 2 * i, "1,", 2);
  }
  memcpy(text + 1 + 2 * count, "]", 2);
  const cds_yaml *root = NULL;
  assert_int_equal(
      cds_yaml_read_text(&root, "t.yaml", text, strlen(text), f.arena, f.diag),
      CDS_EINPUT);
  assert_message(&f, "t.yaml:1:2000000: error: more than 1000000 values");
  free(text);
}

static void files_above_16_mib_are_refused(void **state) {
  (void)state;
  const size_t size = ((size_t)16 << 20) + 1;
  char *const text = malloc(size + 1);
  assert_non_null(text);
  memset(text, ' ', size);
  text[size] = '\0';
  expect_wrong(text, "t.yaml: error: larger than 16 MiB: expected a smaller "
                     "file\n");
  free(text);
}

/* Sorting the keys keeps the time low; every one but the first is reported. */
static void many_duplicate_keys_are_counted(void **state) {
  (void)state;
  const size_t count = 30000;
  char *const text = malloc(9 * count + 32);
  assert_non_null(text);
  size_t used = 0;
  for (size_t i = 0; i < count; i++) {
    used += (size_t)snprintf(text + used, 32, "%c%04zu: 1\n",
                             (char)('a' + (int)(i % 2)), i / 10);
  }
  const cds_yaml *root = NULL;
  assert_int_equal(
      cds_yaml_read_text(&root, "t.yaml", text, used, f.arena, f.diag),
      CDS_EINPUT);
  assert_int_equal(cds_diag_errors(f.diag), count - 6000);
  free(text);
}

static void unreadable_files_say_why(void **state) {
  (void)state;
  const cds_yaml *root = NULL;
  assert_int_equal(
      cds_yaml_read_file(&root, "/nonexistent/a.yaml", f.arena, f.diag),
      CDS_EINPUT);
  assert_int_equal(cds_yaml_read_file(&root, "/", f.arena, f.diag), CDS_EINPUT);
  assert_int_equal(cds_yaml_read_file(&root, "/dev/null", f.arena, f.diag),
                   CDS_EINPUT);
  assert_string_equal(
      fixture_messages(&f),
      "/nonexistent/a.yaml: error: cannot read: No such file or directory: "
      "expected a readable YAML file\n"
      "/: error: cannot read: it is a directory: expected a readable YAML "
      "file\n"
      "/dev/null: error: cannot read: it is no regular file: expected a "
      "readable YAML file\n"
      "  hint: use '-' for the standard input, as in 'command | codesign check "
      "-'\n");
}

/* Opening it would wait for somebody who writes. */
static void pipes_are_refused_with_a_hint(void **state) {
  (void)state;
  const cds_yaml *root = NULL;
  char folder[] = "/tmp/codesign-test-XXXXXX";
  char path[64];
  assert_non_null(mkdtemp(folder));
  (void)snprintf(path, sizeof path, "%s/pipe", folder);
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_int_equal(cds_yaml_read_file(&root, path, f.arena, f.diag),
                   CDS_EINPUT);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rmdir(folder), 0);
  assert_message(&f, "cannot read: it is a pipe, which can be read only once: "
                     "expected a readable YAML file\n"
                     "  hint: use '-' for the standard input");
}

static void files_are_read_whole(void **state) {
  (void)state;
  char path[] = "/tmp/codesign-test-XXXXXX";
  const int file = mkstemp(path);
  assert_true(file >= 0);
  /* More than one step of the reading buffer. */
  for (int line = 0; line < 20000; line++) {
    assert_int_equal(dprintf(file, "key%05d: %05d\n", line, line), 16);
  }
  assert_int_equal(close(file), 0);
  const cds_yaml *root = NULL;
  assert_fine(&f, cds_yaml_read_file(&root, path, f.arena, f.diag));
  assert_int_equal(unlink(path), 0);
  assert_int_equal(root->count, 20000);
  assert_string_equal(root->items[19999]->text, "19999");
  assert_string_equal(root->place.file, path);
}

#define TEST(name)                                                             \
  cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(nodes_know_their_kind_and_place),
      TEST(characters_inside_of_scalars_have_places),
      TEST(columns_count_characters),
      TEST(byte_order_marks_and_crlf_are_fine),
      TEST(json_is_read),
      TEST(anchors_are_shared),
      TEST(tags_of_the_core_are_accepted),
      TEST(duplicate_keys_are_refused_with_the_first_place),
      TEST(merge_keys_are_refused),
      TEST(foreign_files_may_merge),
      TEST(foreign_files_may_have_tags),
      TEST(merge_keys_take_mappings),
      TEST(a_quoted_merge_sign_is_a_key),
      TEST(unknown_tags_are_refused),
      TEST(keys_must_be_scalars),
      TEST(several_documents_are_refused),
      TEST(empty_files_are_refused),
      TEST(broken_yaml_is_located),
      TEST(nested_values_without_braces_are_located),
      TEST(invalid_utf8_is_located),
      TEST(raw_control_characters_are_located),
      TEST(escaped_nul_is_refused),
      TEST(cycles_are_refused),
      TEST(unknown_aliases_are_refused),
      TEST(alias_bombs_are_refused),
      TEST(sixty_four_levels_are_the_limit),
      TEST(a_hundred_thousand_levels_are_refused_at_once),
      TEST(aliases_count_as_levels),
      TEST(too_many_nodes_are_refused),
      TEST(files_above_16_mib_are_refused),
      TEST(many_duplicate_keys_are_counted),
      TEST(unreadable_files_say_why),
      TEST(pipes_are_refused_with_a_hint),
      TEST(files_are_read_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
