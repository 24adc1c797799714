/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The numbers of an input file, and the file with one of them changed. */
#include "support/perturb.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

void perturb_load(char text[PERTURB_TEXT_MAX], const char *path) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  const size_t length = fread(text, 1, PERTURB_TEXT_MAX - 1, file);
  assert_int_equal(fclose(file), 0);
  assert_true(length < PERTURB_TEXT_MAX - 1);
  text[length] = '\0';
}

void perturb_start(perturb_walk *walk, const char *text, const cds_yaml *root,
                   const char *const *skipped) {
  walk->text = text;
  walk->inside = false;
  cds_walk_start(&walk->walk, root, skipped);
}

/* Start of the text of a scalar in the file. */
static size_t offset_of(const char *text, cds_place place) {
  size_t at = 0;
  for (unsigned line = 1; line < place.line; line++) {
    at += strcspn(text + at, "\n") + 1;
  }
  return at + place.column - 1;
}

/* Keys, and the first value of each entry of a list. */
static void name_key(perturb_number *out, const cds_walk *walk) {
  out->key[0] = '\0';
  for (unsigned d = 0; d < walk->depth; d++) {
    const cds_yaml *node = walk->node[d];
    const size_t item = walk->next[d] - 1;
    const size_t used = strlen(out->key);
    char *end = out->key + used;
    const size_t room = PERTURB_KEY_MAX - used;
    if (node->kind == CDS_YAML_MAPPING) {
      (void)snprintf(end, room, "%s%s", used == 0 ? "" : ".",
                     node->keys[item]->text);
      continue;
    }
    const cds_yaml *entry = node->items[item];
    if (entry->kind == CDS_YAML_MAPPING &&
        entry->items[0]->kind == CDS_YAML_SCALAR) {
      (void)snprintf(end, room, "[%s]", entry->items[0]->text);
    } else {
      (void)snprintf(end, room, "[%zu]", item);
    }
  }
}

/* Whether a number begins at `i` of a scalar: after a blank or a bracket, or as
 * the factor of "by x2". */
static bool begins(const char *text, size_t i) {
  if (!isdigit((unsigned char)text[i])) {
    return false;
  }
  const bool factor = i >= 2 && text[i - 1] == 'x' && text[i - 2] == ' ';
  return i == 0 || strchr(" (", text[i - 1]) != NULL || factor;
}

static bool find(perturb_number *out, perturb_walk *walk) {
  const cds_yaml *scalar = walk->walk.scalar;
  const size_t start = offset_of(walk->text, scalar->place);
  for (size_t i = walk->from; scalar->text[i] != '\0'; i++) {
    const char *end = NULL;
    if (!begins(scalar->text, i)) {
      continue;
    }
    assert_memory_equal(walk->text + start, scalar->text, strlen(scalar->text));
    assert_true(cds_parse_double(&out->value, walk->text + start + i, &end));
    out->at = start + i;
    out->length = (size_t)(end - walk->text) - out->at;
    out->line = scalar->place.line;
    out->column = scalar->place.column + (unsigned)i;
    out->whole = !isalpha((unsigned char)end[strspn(end, " ")]);
    name_key(out, &walk->walk);
    walk->from = i + out->length;
    return true;
  }
  return false;
}

bool perturb_next(perturb_number *out, perturb_walk *walk) {
  while (!walk->inside || !find(out, walk)) {
    walk->inside = cds_walk_next(&walk->walk);
    walk->from = 0;
    if (!walk->inside) {
      return false;
    }
  }
  return true;
}

void perturb_change(char out[PERTURB_TEXT_MAX], const char *text,
                    const perturb_number *number, double factor) {
  char digits[CDS_NUMBER_TEXT];
  const double base = number->value == 0 ? 1 : number->value;
  double value = cds_round_decimal(base * factor, 12);
  if (number->whole) {
    value = (double)(int64_t)(value + 0.5);
    value += value == number->value ? (factor > 1 ? 1 : -1) : 0;
  }
  (void)snprintf(out, PERTURB_TEXT_MAX, "%.*s%s%s", (int)number->at, text,
                 cds_format_double(digits, value),
                 text + number->at + number->length);
}
