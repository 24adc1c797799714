/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every number of archs/npu-3d.yaml reaches the architecture that is priced,
 * or a message says which step will use it. */
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
#include "spec/space.h"
#include "spec/space_walk.h"

#define PATH CDS_SOURCE_DIR "/archs/npu-3d.yaml"

enum { TEXT_MAX = 1 << 16 };

static size_t load(char text[TEXT_MAX]) {
  FILE *file = fopen(PATH, "rb");
  assert_non_null(file);
  const size_t length = fread(text, 1, TEXT_MAX - 1, file);
  assert_int_equal(fclose(file), 0);
  assert_true(length < TEXT_MAX - 1);
  text[length] = '\0';
  return length;
}

static void add(FILE *out, double value) {
  char text[CDS_NUMBER_TEXT];
  (void)fprintf(out, "%s ", cds_format_double(text, value));
}

static void add_level(FILE *out, const cds_level *level) {
  add(out, (double)level->size_bits);
  add(out, (double)level->width_bits);
  for (unsigned action = 0; action < CDS_ACTIONS; action++) {
    add(out, level->price[action].access_pj);
    add(out, level->price[action].bit_pj);
  }
  add(out, level->read_bandwidth);
  add(out, level->write_bandwidth);
  add(out, level->shared_bandwidth);
  add(out, level->leakage_w);
  add(out, level->area_um2);
}

static void add_vector(FILE *out, const cds_vector *vector) {
  add(out, (double)vector->lanes);
  for (unsigned primitive = 0; primitive < CDS_PRIMITIVES; primitive++) {
    add(out, vector->cycles[primitive]);
    add(out, vector->energy_pj[primitive]);
  }
  add(out, vector->area_um2);
}

/* Every number of the design as text. */
static char *numbers(const cds_arch *arch) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  for (unsigned level = 0; level < arch->levels; level++) {
    add_level(out, &arch->level[level]);
  }
  for (unsigned array = 0; array < arch->arrays; array++) {
    add(out, (double)arch->array[array].extent[0]);
    add(out, (double)arch->array[array].extent[1]);
    add(out, arch->array[array].bit_pj);
    add(out, arch->array[array].add_pj);
  }
  for (unsigned format = 0; format < arch->compute.formats; format++) {
    add(out, arch->compute.mac_pj[format]);
  }
  for (unsigned vector = 0; vector < arch->vectors; vector++) {
    add_vector(out, &arch->vector[vector]);
  }
  for (unsigned bond = 0; bond < arch->bonds; bond++) {
    add(out, arch->bond[bond].bit_pj * arch->bond[bond].crossings);
    add(out, arch->bond[bond].bandwidth);
  }
  for (unsigned die = 0; die < arch->dies; die++) {
    add(out, arch->die[die].body.width_um);
    add(out, arch->die[die].body.height_um);
  }
  add(out, arch->clock_hz);
  add(out, arch->ambient_degc);
  add(out, arch->sink_k_per_w);
  add(out, cds_arch_leakage_w(arch));
  add(out, cds_arch_area_um2(arch));
  assert_int_equal(fclose(out), 0);
  return text;
}

/* The numbers of the last design, NULL when the file gives a message. */
static char *last_design(const char *text) {
  cds_arena *arena = cds_arena_new();
  cds_diag *diag = cds_diag_new(arena);
  const cds_yaml *root = NULL;
  cds_space *space = NULL;
  cds_arch arch;
  char *result = NULL;
  assert_int_equal(
      cds_yaml_read_text(&root, PATH, text, strlen(text), arena, diag), CDS_OK);
  if (cds_space_of(&space, root, NULL, 0, arena, diag) == CDS_OK &&
      cds_diag_warnings(diag) == 0 &&
      cds_space_design(&arch, space, cds_space_designs(space) - 1, arena,
                       diag) == CDS_OK) {
    result = numbers(&arch);
  }
  cds_arena_free(arena);
  return result;
}

/* Start of the text of a scalar in the file. */
static size_t offset_of(const char *text, cds_place place) {
  size_t at = 0;
  for (unsigned line = 1; line < place.line; line++) {
    at += strcspn(text + at, "\n") + 1;
  }
  return at + place.column - 1;
}

/* Writes the text with the number at `at` half as large again (whole numbers
 * without unit grow by one). */
static void perturbed(char out[TEXT_MAX], const char *text, size_t at) {
  const char *end = NULL;
  double value = 0;
  char number[CDS_NUMBER_TEXT];
  assert_true(cds_parse_double(&value, text + at, &end));
  const bool unit = isalpha((unsigned char)end[strspn(end, " ")]) != 0;
  cds_format_double(number, unit && value != 1 ? value * 1.5 : value + 1);
  (void)snprintf(out, TEXT_MAX, "%.*s%s%s", (int)at, text, number, end);
}

static void every_number_moves_the_architecture_or_is_answered(void **state) {
  (void)state;
  static const char *const skipped[] = {"explore", "source", "assumption",
                                        "note", NULL};
  static char text[TEXT_MAX], changed[TEXT_MAX];
  (void)load(text);
  char *before = last_design(text);
  assert_non_null(before);
  cds_arena *arena = cds_arena_new();
  const cds_yaml *root = NULL;
  assert_int_equal(cds_yaml_read_text(&root, PATH, text, strlen(text), arena,
                                      cds_diag_new(arena)),
                   CDS_OK);
  cds_walk walk;
  unsigned seen = 0, still = 0;
  cds_walk_start(&walk, root, skipped);
  while (cds_walk_next(&walk)) {
    const cds_yaml *scalar = walk.scalar;
    if (!isdigit((unsigned char)scalar->text[0])) {
      continue;
    }
    perturbed(changed, text, offset_of(text, scalar->place));
    char *after = last_design(changed);
    if (after != NULL && strcmp(before, after) == 0) {
      print_error("%u:%u: '%s' moves nothing\n", scalar->place.line,
                  scalar->place.column, scalar->text);
      still++;
    }
    seen++;
    free(after);
  }
  assert_true(seen > 15);
  assert_int_equal(still, 0);
  free(before);
  cds_arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_number_moves_the_architecture_or_is_answered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
