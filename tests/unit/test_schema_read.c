/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A struct of every kind of key: values, defaults, messages, reference text,
 * and every allocation failing in turn.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "schema/schema.h"

#include "support/messages.h"

typedef struct level {
  const char *name, *note;
  double size_bits, width_bits, clock_hz, used;
  cds_quantity bandwidth, energy;
  uint64_t rows;
  bool multicast;
  unsigned network;
  cds_format format;
  cds_names keep;
  const cds_yaml *raw;
} level;

static const char *const networks[] = {"bus", "mesh", "tree", NULL};

#define KEY(NAME, KIND, FIELD, ...)                                            \
  {                                                                            \
    .name = NAME, .kind = CDS_KEY_##KIND, .offset = offsetof(level, FIELD),    \
    __VA_ARGS__                                                                \
  }
static const cds_key keys[] = {
    KEY("level", NAME, name, .required = true, .help = "name of the level"),
    KEY("size", QUANTITY, size_bits, .dimension = CDS_DIM_BITS,
        .required = true, .low = 1, .high = 0x1p50, .help = "capacity"),
    KEY("width", QUANTITY, width_bits, .dimension = CDS_DIM_BITS, .low = 1,
        .high = 65536, .fallback = "64 bit", .help = "bits of one access"),
    KEY("clock", QUANTITY, clock_hz, .dimension = CDS_DIM_FREQUENCY, .low = 1e3,
        .high = (double)INFINITY, .help = "clock"),
    KEY("bandwidth", BANDWIDTH, bandwidth, .help = "of the port"),
    KEY("energy", ENERGY, energy, .low = 0, .high = 1e9,
        .help = "of an access"),
    KEY("rows", COUNT, rows, .low = 1, .high = 65536, .fallback = "1",
        .help = "rows of the array"),
    KEY("multicast", BOOL, multicast, .fallback = "true", .help = "a | b"),
    KEY("network", CHOICE, network, .choices = networks, .fallback = "mesh",
        .help = "kind of network"),
    KEY("format", FORMAT, format, .help = "number format"),
    KEY("keep", NAMES, keep, .help = "tensors that stay"),
    KEY("used", NUMBER, used, .low = 0, .high = 1, .help = "share"),
    KEY("note", TEXT, note, .help = "free text"),
    KEY("raw", NODE, raw, .help = "read by the caller"),
    {.name = NULL}};
static const cds_schema schema = {"level", "A level of storage.", keys};

static const cds_variable_value variables[] = {
    {.name = "glb", .dimension = CDS_DIM_BITS, .number = 8388608},
    {.name = "rows", .number = 16},
    {.name = "net", .text = "tree"},
    {.name = "form", .text = "fp16"},
    {.name = "cast", .text = "false"},
};

static fixture f;

static int open_fixture(void **state) {
  (void)state;
  fixture_open(&f);
  f.reader.variables = variables;
  f.reader.variable_count = sizeof variables / sizeof *variables;
  return 0;
}

static int close_fixture(void **state) {
  (void)state;
  fixture_close(&f);
  return 0;
}

static cds_status read_level(level *out, const char *text) {
  const cds_yaml *node = NULL;
  assert_fine(
      &f, cds_yaml_read_text(&node, "a", text, strlen(text), f.arena, f.diag));
  return cds_schema_read(out, &schema, node, &f.reader);
}

static void every_kind_of_key_is_read(void **state) {
  (void)state;
  level l;
  assert_fine(&f, read_level(&l, "level: GLB\n"
                                 "size: 64 KiB\n"
                                 "width: 8 B\n"
                                 "clock: 1.2 GHz\n"
                                 "bandwidth: 64 B/cycle\n"
                                 "energy: 0.5 pJ/bit\n"
                                 "rows: 8\n"
                                 "multicast: false\n"
                                 "network: bus\n"
                                 "format: 5 bit\n"
                                 "keep: [A, B]\n"
                                 "used: 90%\n"
                                 "note: any text, $ too\n"
                                 "raw: {a: 1}\n"));
  assert_string_equal(l.name, "GLB");
  assert_true(l.size_bits == 524288 && l.width_bits == 64);
  assert_true(l.clock_hz == 1.2e9);
  assert_true(l.bandwidth.value == 512 && l.bandwidth.per_cycle);
  assert_true(l.energy.value == 0.5 && l.energy.per_bit);
  assert_int_equal(l.rows, 8);
  assert_false(l.multicast);
  assert_int_equal(l.network, 0);
  assert_string_equal(l.format.name, "5 bit");
  assert_int_equal(l.format.bits, 5);
  assert_int_equal(l.keep.count, 2);
  assert_string_equal(l.keep.names[1], "B");
  assert_int_equal(l.keep.places[1].column, 11);
  assert_true(l.used == 0.9);
  assert_string_equal(l.note, "any text, $ too");
  assert_string_equal(cds_yaml_get(l.raw, "a")->text, "1");
}

static void absent_keys_have_their_defaults(void **state) {
  (void)state;
  level l;
  memset(&l, 0x55, sizeof l);
  assert_fine(&f, read_level(&l, "{level: L, size: 1 B}"));
  assert_true(l.width_bits == 64 && l.rows == 1 && l.multicast);
  assert_int_equal(l.network, 1);
  assert_true(isnan(l.clock_hz) && isnan(l.used));
  assert_true(isnan(l.bandwidth.value) && isnan(l.energy.value));
  assert_false(l.energy.per_bit || l.bandwidth.per_cycle);
  assert_int_equal(l.format.bits, 0);
  assert_int_equal(l.keep.count, 0);
  assert_null(l.note);
  assert_null(l.raw);
}

static void every_kind_of_key_takes_a_variable(void **state) {
  (void)state;
  level l;
  assert_fine(&f, read_level(&l, "{level: $net, size: $glb / 2, rows: $rows, "
                                 "bandwidth: $rows * 8 B/cycle, network: "
                                 "$net, format: $form, keep: [$form], used: "
                                 "1 / $rows, multicast: $cast, note: '$net', "
                                 "energy: '2 * 3 pJ'}"));
  assert_string_equal(l.name, "tree");
  assert_true(l.size_bits == 4194304);
  assert_int_equal(l.rows, 16);
  assert_true(l.bandwidth.value == 1024 && l.bandwidth.per_cycle);
  assert_int_equal(l.network, 2);
  assert_string_equal(l.format.name, "fp16");
  assert_true(l.format.is_float);
  assert_string_equal(l.keep.names[0], "fp16");
  assert_true(l.used == 1.0 / 16);
  assert_false(l.multicast);
  assert_string_equal(l.note, "tree");
  assert_true(l.energy.value == 6 && !l.energy.per_bit);
}

static void names_may_be_one_or_none(void **state) {
  (void)state;
  level l;
  assert_fine(&f, read_level(&l, "{level: L, size: 1 B, keep: input}"));
  assert_int_equal(l.keep.count, 1);
  assert_string_equal(l.keep.names[0], "input");
  assert_fine(&f, read_level(&l, "{level: L, size: 1 B, keep: []}"));
  assert_int_equal(l.keep.count, 0);
}

static void all_errors_of_a_mapping_are_reported(void **state) {
  (void)state;
  level l;
  assert_int_equal(read_level(&l, "level: GLB\n"
                                  "siez: 64 KiB\n"
                                  "wdith: 3\n"
                                  "clock: 1 Hz\n"
                                  "bandwidth: 1 GB\n"
                                  "energy: -1 pJ\n"
                                  "rows: 1.5\n"
                                  "multicast: yes\n"
                                  "network: mehs\n"
                                  "format: fp15\n"
                                  "keep: [1, A, {a: b}]\n"
                                  "used: 1.5\n"
                                  "note:\n"),
                   CDS_EINPUT);
  assert_string_equal(
      fixture_messages(&f),
      "a:2:1: error: unknown key 'siez' in level 'GLB'\n"
      "  hint: did you mean 'size'?\n"
      "a:3:1: error: unknown key 'wdith' in level 'GLB'\n"
      "  hint: did you mean 'width'?\n"
      "a:4:8: error: 'clock' is '1 Hz': expected at least 1 kHz\n"
      "a:5:12: error: 'bandwidth' is '1 GB': expected a bandwidth, such as "
      "'64 B/cycle' or '1 TB/s'\n"
      "a:6:9: error: 'energy' is '-1 pJ': expected 0 pJ to 1 mJ\n"
      "a:7:7: error: 'rows' is '1.5': expected a whole number, 1 to 65536\n"
      "a:8:12: error: 'multicast' is 'yes': expected 'true' or 'false'\n"
      "a:9:10: error: 'network' is 'mehs': expected 'bus', 'mesh' or 'tree'\n"
      "  hint: did you mean 'mesh'?\n"
      "a:10:9: error: 'format' is 'fp15': expected a number format, such as "
      "'int8', 'fp16' or '8 bit'\n"
      "  hint: did you mean 'fp16'?\n"
      "a:11:8: error: 'keep' is '1': expected a name: a letter, then at most "
      "63 letters, digits, '_', '-' or '.'\n"
      "a:11:14: error: 'keep' is a mapping: expected a name: a letter, then "
      "at most 63 letters, digits, '_', '-' or '.'\n"
      "a:12:7: error: 'used' is '1.5': expected 0 to 1\n"
      "a:13:6: error: 'note' has no value: expected a text\n");
}

static void a_missing_key_is_reported_unless_it_was_misspelt(void **state) {
  (void)state;
  level l;
  assert_int_equal(read_level(&l, "{level: GLB, rows: 2}"), CDS_EINPUT);
  assert_int_equal(read_level(&l, "{level: GLB, siez: 2 B}"), CDS_EINPUT);
  assert_string_equal(
      fixture_messages(&f),
      "a:1:1: error: missing key 'size' in level 'GLB': expected a quantity "
      "in bits, such as '64 KiB'\n"
      "a:1:14: error: unknown key 'siez' in level 'GLB'\n"
      "  hint: did you mean 'size'?\n");
}

static void ranges_are_in_the_units_of_people(void **state) {
  (void)state;
  level l;
  assert_int_equal(read_level(&l, "{level: L, size: 0 B, width: 9 KiB}"),
                   CDS_EINPUT);
  assert_message(&f, "'size' is '0 B': expected 1 bit to 128 TiB\n");
  assert_message(&f, "'width' is '9 KiB': expected 1 bit to 8 KiB\n");
}

static void not_a_number_and_infinity_are_refused(void **state) {
  (void)state;
  static const char *const texts[] = {".nan", ".inf", "nan",
                                      "inf",  "NaN",  "1e999"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char text[100];
    level l;
    (void)snprintf(text, sizeof text, "{level: L, size: 1 B, used: %s}",
                   texts[i]);
    assert_int_equal(read_level(&l, text), CDS_EINPUT);
    (void)snprintf(text, sizeof text, "'used' is '%s': ", texts[i]);
    assert_message(&f, text);
  }
}

static void wrong_variables_are_refused(void **state) {
  (void)state;
  level l;
  assert_int_equal(read_level(&l, "{level: $rows, size: $net, network: $glb, "
                                  "format: $rows, multicast: $net, keep: "
                                  "$nett}"),
                   CDS_EINPUT);
  assert_message(&f,
                 "'level' is '$rows' = 16: that is a number: expected a name");
  assert_message(&f, "'size' is '$net': that variable is the text 'tree': "
                     "expected a quantity in bits");
  assert_message(
      &f, "'network' is '$glb' = 1 MiB: that is a number: expected 'bus'");
  assert_message(&f, "'format' is '$rows' = 16: expected a number format");
  assert_message(&f,
                 "'multicast' is '$net' = tree: expected 'true' or 'false'");
  assert_message(&f, "'keep' is '$nett': unknown variable '$nett': expected");
  assert_message(&f, "  hint: did you mean '$net'?\n");
}

static void expressions_out_of_range_show_their_value(void **state) {
  (void)state;
  level l;
  assert_int_equal(
      read_level(&l, "{level: a, size: 0 * $glb, rows: 4100 * $rows, used: "
                     "$rows, width: 2 * 0 bit, clock: 1 Hz * ($rows - 2)}"),
      CDS_EINPUT);
  assert_message(&f, "'size' is '0 * $glb' = 0 bit (with glb = 1 MiB): "
                     "expected 1 bit to 128 TiB\n");
  assert_message(&f, "'rows' is '4100 * $rows' = 65600 (with rows = 16): "
                     "expected a whole number, 1 to 65536\n");
  assert_message(&f, "'used' is '$rows' = 16: expected 0 to 1\n");
  assert_message(&f, "'width' is '2 * 0 bit' = 0 bit: expected");
  assert_message(&f, "'clock' is '1 Hz * ($rows - 2)' = 14 Hz (with rows = 16)"
                     ": expected at least 1 kHz\n");
}

/* A variable that was refused brings no more messages, nor do unknown names
 * when the variables themselves could not be read. */
static void broken_variables_bring_no_second_message(void **state) {
  (void)state;
  static const cds_variable_value broken[] = {{.name = "glb", .broken = true},
                                              {.name = "", .broken = true}};
  const char *const text =
      "{level: $glb, size: 2 * $glb, rows: $any, network: $any, format: $glb, "
      "keep: [$any], multicast: $glb, bandwidth: $any, note: $any}";
  for (size_t count = 1; count <= 2; count++) {
    level l;
    fixture g;
    const cds_yaml *node = NULL;
    fixture_open(&g);
    g.reader.variables = broken;
    g.reader.variable_count = count;
    assert_int_equal(
        cds_yaml_read_text(&node, "a", text, strlen(text), g.arena, g.diag),
        CDS_OK);
    assert_int_equal(cds_schema_read(&l, &schema, node, &g.reader), CDS_EINPUT);
    assert_int_equal(cds_diag_errors(g.diag), count == 1 ? 5 : 0);
    assert_true(isnan(l.size_bits));
    assert_null(l.name);
    fixture_close(&g);
  }
}

static void widths_of_formats_are_limited(void **state) {
  (void)state;
  level l;
  assert_int_equal(read_level(&l, "{level: L, size: 1 B, format: 0 bit}"),
                   CDS_EINPUT);
  assert_message(&f, "'format' is '0 bit': a value has 1 to 1024 bits: "
                     "expected a number format");
  assert_int_equal(read_level(&l, "{level: L, size: 1 B, format: 8}"),
                   CDS_EINPUT);
  assert_message(&f, "'format' is '8': expected a number format");
}

static void formats_have_their_widths(void **state) {
  (void)state;
  static const struct {
    const char *name;
    unsigned bits;
    bool is_float;
  } known[] = {{"fp64", 64, true},   {"fp32", 32, true},   {"tf32", 32, true},
               {"fp16", 16, true},   {"bf16", 16, true},   {"fp8", 8, true},
               {"int32", 32, false}, {"int16", 16, false}, {"int8", 8, false},
               {"int4", 4, false},   {"int2", 2, false},   {"int1", 1, false}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    const cds_format *const format = cds_format_find(known[i].name);
    assert_non_null(format);
    assert_string_equal(format->name, known[i].name);
    assert_int_equal(format->bits, known[i].bits);
    assert_int_equal(format->is_float, known[i].is_float);
  }
  assert_null(cds_format_find("fp15"));
  assert_null(cds_format_find(""));
}

static void a_struct_must_be_a_mapping(void **state) {
  (void)state;
  level l;
  assert_int_equal(read_level(&l, "[1, 2]"), CDS_EINPUT);
  assert_int_equal(read_level(&l, "GLB"), CDS_EINPUT);
  assert_string_equal(fixture_messages(&f),
                      "a:1:1: error: level is a list: expected a mapping of "
                      "keys to values\n"
                      "a:1:1: error: level is a single value: expected a "
                      "mapping of keys to values\n");
}

static void the_reference_text_lists_every_key(void **state) {
  (void)state;
  char *text = NULL;
  size_t size = 0;
  FILE *const stream = open_memstream(&text, &size);
  assert_non_null(stream);
  cds_schema_describe(&schema, stream);
  assert_int_equal(fclose(stream), 0);
  static const char *const rows[] = {
      "## level\n\nA level of storage.\n\n| key | type | range | default | "
      "meaning |\n|---|---|---|---|---|\n",
      "| `size` | data size | 1 bit to 128 TiB | required | capacity |\n",
      "| `width` | data size | 1 bit to 8 KiB | `64 bit` | bits of one access "
      "|\n",
      "| `clock` | frequency | at least 1 kHz | | clock |\n",
      "| `energy` | energy, or energy per bit | 0 pJ to 1 mJ | | of an access "
      "|\n",
      "| `rows` | whole number | 1 to 65536 | `1` | rows of the array |\n",
      "| `multicast` | true or false | | `true` | a \\| b |\n",
      "| `network` | choice | `bus`, `mesh`, `tree` | `mesh` | kind of network "
      "|\n",
      "| `raw` | structure | | | read by the caller |\n"};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (strstr(text, rows[i]) == NULL) {
      fail_msg("missing: %s\nin:\n%s", rows[i], text);
    }
  }
  free(text);
}

/* Parses, reads and writes messages; whatever fails, nothing crashes. */
static cds_status whole_run(const char *text, bool values) {
  cds_arena *const arena = cds_arena_new();
  if (arena == NULL) {
    return CDS_ENOMEM;
  }
  cds_diag *const diag = cds_diag_new(arena);
  cds_status status = CDS_ENOMEM;
  if (diag != NULL) {
    const cds_reader reader = {arena, diag, variables, 5};
    const cds_yaml *node = NULL;
    level l;
    cds_value_list list;
    status = cds_yaml_read_text(&node, "a", text, strlen(text), arena, diag);
    if (status == CDS_OK) {
      status = values ? cds_schema_values(&list, "x", node, &reader)
                      : cds_schema_read(&l, &schema, node, &reader);
    }
    FILE *const sink = fopen("/dev/null", "w");
    assert_non_null(sink);
    cds_diag_write(diag, sink, CDS_DIAG_TEXT);
    assert_int_equal(fclose(sink), 0);
  }
  cds_arena_free(arena);
  return status;
}

static void assert_survives(const char *text, bool values, cds_status wanted) {
  const uint64_t most = 2000;
  for (uint64_t n = 1; n < most; n++) {
    const uint64_t before = cds_alloc_count();
    cds_alloc_fail_after(n);
    const cds_status status = whole_run(text, values);
    cds_alloc_fail_after(0);
    /* A message without its words is still an error. */
    assert_true(status == CDS_ENOMEM || status == wanted);
    if (status == wanted && cds_alloc_count() - before < n) {
      return;
    }
  }
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  static const char right[] =
      "level: GLB\nsize: '2 * $glb'\nkeep: &k [A, B, C]\nformat: 8 bit\n"
      "network: $net\nraw: *k\nbandwidth: $rows * 8 B/cycle\n";
  static const char wrong[] =
      "level: GLB\nsiez: 2\nsize: 64 KB\nkeep: [1, B]\nformat: 8 bite\n"
      "network: $nett\nrows: 0\nwidth: 9 KiB\nnote:\nused: 1 / (2\n";
  assert_survives(right, false, CDS_OK);
  assert_survives(wrong, false, CDS_EINPUT);
  assert_survives("a: 1\na: 2\n", false, CDS_EINPUT);
  assert_survives("256 KiB to 16 MiB by x2", true, CDS_OK);
  assert_survives("[hp, lp, 3]", true, CDS_EINPUT);
}

#define TEST(name)                                                             \
  cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(every_kind_of_key_is_read),
      TEST(absent_keys_have_their_defaults),
      TEST(every_kind_of_key_takes_a_variable),
      TEST(names_may_be_one_or_none),
      TEST(all_errors_of_a_mapping_are_reported),
      TEST(a_missing_key_is_reported_unless_it_was_misspelt),
      TEST(ranges_are_in_the_units_of_people),
      TEST(not_a_number_and_infinity_are_refused),
      TEST(wrong_variables_are_refused),
      TEST(expressions_out_of_range_show_their_value),
      TEST(broken_variables_bring_no_second_message),
      TEST(widths_of_formats_are_limited),
      TEST(formats_have_their_widths),
      TEST(a_struct_must_be_a_mapping),
      TEST(the_reference_text_lists_every_key),
      TEST(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
