/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/tech_lines.h"

#include <math.h>
#include <string.h>

#include "export/json.h"

static const cds_yaml *scalar(cds_cli *cli, const char *text) {
  cds_yaml *node = cds_cli_array(cli->arena, 1, sizeof *node);
  *node = (cds_yaml){.kind = CDS_YAML_SCALAR, .text = text};
  return node;
}

/* Whether a key stands before that word; says so. */
static bool stands_before(cds_cli *cli, const cds_yaml *all, size_t word) {
  for (size_t i = 0; i < word; i++) {
    if (strcmp(all->keys[i]->text, all->keys[word]->text) == 0) {
      cds_cli_error(cli,
                    "'%s' has key '%s' once more, after '%s': expected each "
                    "key once",
                    cli->call.file[word + 1], all->keys[word]->text,
                    cli->call.file[i + 1]);
      return true;
    }
  }
  return false;
}

/* The words after the first, KEY=VALUE each, as a mapping; NULL with a
 * message. */
static const cds_yaml *words(cds_cli *cli) {
  const size_t count = cli->call.files - 1;
  cds_yaml *all = cds_cli_array(cli->arena, 1, sizeof *all);
  *all = (cds_yaml){.kind = CDS_YAML_MAPPING, .count = count};
  all->keys = cds_cli_array(cli->arena, count + 1, sizeof(cds_yaml *));
  all->items = cds_cli_array(cli->arena, count + 1, sizeof(cds_yaml *));
  for (size_t i = 0; i < count; i++) {
    const char *word = cli->call.file[i + 1];
    const char *equals = strchr(word, '=');
    if (equals == NULL) {
      cds_cli_error(cli, "'%s' has no value: expected KEY=VALUE", word);
      return NULL;
    }
    all->keys[i] = scalar(
        cli, cds_cli_printf(cli->arena, "%.*s", (int)(equals - word), word));
    all->items[i] = scalar(cli, equals + 1);
    if (stands_before(cli, all, i)) {
      return NULL;
    }
  }
  return all;
}

cds_status cds_tech_read_words(void *out, cds_cli *cli,
                               const cds_schema *schema) {
  const cds_reader reader = {cli->arena, cli->diag, NULL, 0};
  const cds_yaml *all = words(cli);
  return all == NULL ? CDS_EINPUT : cds_schema_read(out, schema, all, &reader);
}

cds_tech_line *cds_tech_lines_add(cds_tech_lines *it, const char *name,
                                  double value, const char *unit,
                                  const char *source) {
  if (isnan(value) || it->count == CDS_TECH_LINES_MAX) {
    return NULL;
  }
  cds_tech_line *line = &it->line[it->count++];
  *line = (cds_tech_line){.name = name,
                          .unit = unit,
                          .value = value,
                          .low = (double)NAN,
                          .high = (double)NAN,
                          .source = source};
  return line;
}

bool cds_tech_lines_figure(cds_tech_lines *it, const char *name,
                           const cds_tech_figure *of, double scale,
                           const char *unit) {
  if (of->source == NULL) {
    return false;
  }
  cds_tech_line *line =
      cds_tech_lines_add(it, name, scale * of->typ, unit, of->source);
  if (line != NULL) {
    line->low = scale * of->low;
    line->high = scale * of->high;
    line->projection = of->projection;
  }
  return true;
}

/* Areas have no prefixes: mm2, or um2 of small ones. */
static const char *number(const cds_tech_lines *it, const cds_tech_line *at,
                          double value) {
  if (strcmp(at->unit, "mm2") != 0) {
    return cds_page_si(&it->page, value, at->unit);
  }
  return at->value < 0.01 ? cds_page_plain(&it->page, 1e6 * value, "um2")
                          : cds_page_plain(&it->page, value, at->unit);
}

void cds_tech_lines_text(const cds_tech_lines *it) {
  FILE *out = it->page.stream;
  fprintf(out, "%s\n\n", it->title);
  for (size_t i = 0; i < it->count; i++) {
    const cds_tech_line *at = &it->line[i];
    cds_page_cell(&it->page, cds_cli_printf(it->page.arena, "  %s", at->name),
                  -24);
    cds_page_cell(&it->page, number(it, at, at->value), 14);
    if (!isnan(at->low) && (at->low < at->value || at->high > at->value)) {
      fprintf(out, "   (%s to %s)", number(it, at, at->low),
              number(it, at, at->high));
    }
    fputs(at->projection ? "   projection" : "", out);
    fputc('\n', out);
  }
  /* Each source once; those of terms stand in that of their sum. */
  for (size_t i = 0; i < it->count; i++) {
    bool seen = it->line[i].source == NULL;
    for (size_t k = 0; k < i && !seen; k++) {
      seen = it->line[k].source != NULL &&
             strstr(it->line[k].source, it->line[i].source) != NULL;
    }
    if (!seen) {
      fprintf(out, "\n%s\n    ", it->line[i].name);
      cds_help_wrap(out, it->line[i].source, 4, 4);
    }
  }
}

void cds_tech_lines_json(const cds_tech_lines *it) {
  cds_json json;
  cds_json_begin(&json, it->page.stream);
  cds_json_object(&json, NULL);
  cds_json_text(&json, "component", it->title);
  cds_json_array(&json, "numbers");
  for (size_t i = 0; i < it->count; i++) {
    const cds_tech_line *at = &it->line[i];
    cds_json_object_line(&json, NULL);
    cds_json_text(&json, "name", at->name);
    cds_json_number(&json, "value", at->value);
    cds_json_number(&json, "low", at->low);
    cds_json_number(&json, "high", at->high);
    cds_json_text(&json, "unit", at->unit);
    cds_json_text(&json, "source", at->source == NULL ? "" : at->source);
    cds_json_boolean(&json, "projection", at->projection);
    cds_json_end(&json);
  }
  cds_json_end(&json);
  cds_json_end(&json);
  cds_json_finish(&json);
}
