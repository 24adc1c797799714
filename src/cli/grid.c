/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prints tables; see grid.h. */
#include "cli/grid.h"

#include <inttypes.h>
#include <string.h>

#include "cli/forms.h"
#include "export/csv.h"
#include "export/json.h"

/* ---- text ---------------------------------------------------------------- */

enum { DIGEST_SHOWN = 10 };

static bool is_shown(const cds_grid *grid, size_t column) {
  const cds_table *table = grid->table;
  for (size_t i = 0; grid->hidden[i] != NULL; i++) {
    if (strcmp(grid->hidden[i], table->column[column]) == 0) {
      return false;
    }
  }
  for (size_t row = 0; row < table->rows; row++) { /* all empty: left out */
    if (cds_table_row(table, row)[column].kind != CDS_CELL_NONE) {
      return true;
    }
  }
  return false;
}

static const char *shown(const cds_page *page, const cds_table *table,
                         size_t row, size_t column) {
  const cds_cell *cell = &cds_table_row(table, row)[column];
  const bool digest = strcmp(table->column[column], "run") == 0;
  switch (cell->kind) {
  case CDS_CELL_TEXT:
    return digest ? cds_cli_printf(page->arena, "%.*s", (int)DIGEST_SHOWN,
                                   cell->text)
                  : cell->text;
  case CDS_CELL_NUMBER:
    return cds_cli_printf(page->arena, "%.5g", cell->number);
  case CDS_CELL_COUNT:
    return cds_cli_printf(page->arena, "%" PRId64, cell->count);
  case CDS_CELL_NONE:
    break;
  }
  return "-";
}

/* Texts to the left, numbers to the right. */
static bool is_text(const cds_table *table, size_t column) {
  for (size_t row = 0; row < table->rows; row++) {
    if (cds_table_row(table, row)[column].kind == CDS_CELL_TEXT) {
      return true;
    }
  }
  return false;
}

static void write_line(const cds_page *page, const cds_grid *grid,
                       const int *width, size_t row, bool heading) {
  const cds_table *table = grid->table;
  const char *gap = "";
  for (size_t c = 0; c < table->columns; c++) {
    if (width[c] == 0) {
      continue;
    }
    const char *text = heading ? table->column[c] : shown(page, table, row, c);
    fputs(gap, page->stream);
    const unsigned used = cds_text_width(text);
    const unsigned all = (unsigned)(width[c] < 0 ? -width[c] : width[c]);
    const int blanks = (int)(all > used ? all - used : 0);
    bool last = true;
    for (size_t n = c + 1; n < table->columns; n++) {
      last = last && width[n] == 0;
    }
    fprintf(page->stream, "%*s%s%*s", width[c] < 0 ? 0 : blanks, "", text,
            width[c] < 0 && !last ? blanks : 0, "");
    gap = "  ";
  }
  fputc('\n', page->stream);
}

static void write_text(const cds_page *page, const void *answer) {
  const cds_grid *grid = answer;
  const cds_table *table = grid->table;
  int *width = cds_cli_array(page->arena, table->columns + 1, sizeof *width);
  if (table->rows == 0) {
    fprintf(page->stream, "%s\n", grid->empty);
    return;
  }
  for (size_t c = 0; c < table->columns; c++) {
    int most = is_shown(grid, c) ? (int)cds_text_width(table->column[c]) : 0;
    for (size_t row = 0; row < table->rows && most > 0; row++) {
      const int one = (int)cds_text_width(shown(page, table, row, c));
      most = one > most ? one : most;
    }
    width[c] = is_text(table, c) ? -most : most;
  }
  write_line(page, grid, width, 0, true);
  for (size_t row = 0; row < table->rows; row++) {
    write_line(page, grid, width, row, false);
  }
}

/* ---- records ------------------------------------------------------------- */

static void write_csv(FILE *stream, const void *answer) {
  const cds_grid *grid = answer;
  const cds_table *table = grid->table;
  cds_csv csv;
  cds_csv_begin(&csv, stream);
  for (size_t c = 0; c < table->columns; c++) {
    cds_csv_text(&csv, table->column[c]);
  }
  cds_csv_end_record(&csv);
  for (size_t row = 0; row < table->rows; row++) {
    for (size_t c = 0; c < table->columns; c++) {
      const cds_cell *cell = &cds_table_row(table, row)[c];
      if (cell->kind == CDS_CELL_COUNT && cell->count >= 0) {
        cds_csv_count(&csv, (uint64_t)cell->count);
      } else if (cell->kind == CDS_CELL_NUMBER) {
        cds_csv_number(&csv, cell->number);
      } else {
        cds_csv_text(&csv, cell->kind == CDS_CELL_TEXT ? cell->text : NULL);
      }
    }
    cds_csv_end_record(&csv);
  }
}

static void write_json(FILE *stream, const void *answer) {
  const cds_grid *grid = answer;
  const cds_table *table = grid->table;
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  cds_json_array(&json, table->name);
  for (size_t row = 0; row < table->rows; row++) {
    cds_json_object(&json, NULL);
    for (size_t c = 0; c < table->columns; c++) {
      const cds_cell *cell = &cds_table_row(table, row)[c];
      const char *key = table->column[c];
      if (cell->kind == CDS_CELL_COUNT && cell->count >= 0) {
        cds_json_count(&json, key, (uint64_t)cell->count);
      } else if (cell->kind == CDS_CELL_NUMBER) {
        cds_json_number(&json, key, cell->number);
      } else {
        cds_json_text(&json, key,
                      cell->kind == CDS_CELL_TEXT ? cell->text : NULL);
      }
    }
    cds_json_end(&json);
  }
  cds_json_end(&json);
  cds_json_end(&json);
  cds_json_finish(&json);
}

int cds_grid_write(cds_cli *cli, const cds_grid *grid) {
  static const cds_forms forms = {write_text, write_json, write_csv};
  return cds_forms_write(cli, &forms, grid, CDS_EXIT_DONE);
}
