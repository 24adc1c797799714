/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counts, cycles and energies by Timeloop's accounting against what
 * timeloop-model printed for the same inputs: tests/golden/timeloop.
 */
#include "price/timeloop.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "import/import.h"
#include "validate/golden.h"
#include "validate/models.h"

static const char RECORD[] = "timeloop/recorded.txt";

enum { WORDS, ENERGY, FIELDS = 13 };

/* A line of the record, cut at blanks. */
typedef struct line {
  size_t fields;
  const char *field[FIELDS];
} line;

typedef struct run {
  cds_arch arch;
  cds_workload workload;
  cds_mapping mapping;
  cds_timeloop_counts counts;
  cds_timeloop_cost cost;
} run;

static bool cut(line *out, const char *text, cds_arena *arena) {
  char *at = cds_arena_strdup(arena, text);
  *out = (line){.fields = 0};
  while (at != NULL && *at != '\0' && out->fields < FIELDS) {
    out->field[out->fields++] = at;
    at = strchr(at, ' ');
    if (at != NULL) {
      *at++ = '\0';
    }
  }
  return out->fields > 0;
}

static double number(const line *of, size_t field) {
  const char *end = NULL;
  double value = 0;
  return field < of->fields && cds_parse_double(&value, of->field[field], &end)
             ? value
             : (double)NAN;
}

/* Whether a line begins a run: "total CASE ARCHITECTURE ...". */
static bool is_total(const char *text) {
  return strncmp(text, "total ", 6) == 0;
}

size_t cds_validate_timeloop_cases(bool all) {
  (void)all;
  const char *const *text = cds_golden_lines(RECORD);
  size_t runs = 0;
  for (size_t i = 0; text != NULL && text[i] != NULL; i++) {
    runs += is_total(text[i]);
  }
  return runs;
}

/* ---- importing ----------------------------------------------------------- */

static cds_status document(const cds_yaml **out, const cds_import *from,
                           cds_import_kind kind, const cds_reader *reader) {
  const cds_import_document *of = &from->document[kind];
  return of->text == NULL
             ? CDS_EINTERNAL
             : cds_yaml_read_text(out, cds_import_kind_name(kind), of->text,
                                  of->length, reader->arena, reader->diag);
}

static cds_status import_run(run *out, const line *total,
                             cds_validate_case *in) {
  if (total->fields < 3) {
    return CDS_EINTERNAL;
  }
  const cds_reader reader = {.arena = in->arena, .diag = in->diag};
  const cds_import_options options = {0};
  const cds_importer *importer = cds_importer_find("timeloop");
  const cds_yaml *root = NULL;
  cds_mapping_entry *entry = NULL;
  size_t entries = 0;
  cds_import import = {0};
  cds_import_source source[2];
  for (unsigned i = 0; i < 2; i++) {
    const char *name =
        cds_arena_printf(in->arena, "timeloop/%s.yaml", total->field[2 - i]);
    const char *text = name == NULL ? NULL : cds_validate_text(name, in->arena);
    if (text == NULL) {
      return CDS_ENOMEM;
    }
    source[i] = (cds_import_source){
        .name = name, .bytes = (const uint8_t *)text, .length = strlen(text)};
  }
  CDS_TRY(importer->read(&import, source, 2, &options, &reader));
  CDS_TRY(document(&root, &import, CDS_IMPORT_ARCHITECTURE, &reader));
  CDS_TRY(cds_arch_read(&out->arch, root, &reader, false));
  CDS_TRY(
      cds_import_workload(&out->workload, &import, source[1].name, &reader));
  CDS_TRY(document(&root, &import, CDS_IMPORT_MAPPING, &reader));
  CDS_TRY(cds_mapping_file_read_tree(&entry, &entries, root, &reader));
  const cds_einsum *einsum = &out->workload.layer[0].einsum;
  CDS_TRY(cds_mapping_read(&out->mapping, entry[0].nest, &out->arch, einsum,
                           &reader));
  CDS_TRY(cds_timeloop_count(&out->counts, &out->arch, einsum, &out->mapping,
                             (cds_place){0}, &reader));
  return cds_timeloop_price(&out->cost, &out->arch, einsum, &out->counts);
}

/* ---- comparing ----------------------------------------------------------- */

static void same(cds_validate_case *to, double ours, double printed) {
  cds_validate_add(to, WORDS, printed == ours ? 0 : ours / printed - 1);
}

/* 0 within half of the second decimal, of each of `terms` that the record is a
 * sum of. */
static void decimals(cds_validate_case *to, double ours, double printed,
                     double terms) {
  const double room = 0.00501 * terms + 1e-12 * printed;
  cds_validate_add(to, ENERGY,
                   fabs(ours - printed) <= room ? 0 : ours / printed - 1);
}

static void compare_words(cds_validate_case *to, const run *of, const line *at,
                          unsigned level) {
  const unsigned tensor =
      cds_einsum_tensor(&of->workload.layer[0].einsum, at->field[3]);
  if (tensor >= CDS_TENSORS_MAX) {
    same(to, (double)NAN, 0);
    return;
  }
  const cds_timeloop_traffic *ours = &of->counts.at[level][tensor];
  const double words[] = {
      (double)ours->tile_words, (double)ours->partition_words,
      (double)ours->reads,      (double)ours->fills,
      (double)ours->updates,    (double)ours->reductions};
  for (unsigned w = 0; w < 6; w++) {
    same(to, words[w], number(at, 5 + w));
  }
  decimals(to, of->cost.tensor_pj[level][tensor], number(at, 11), 1);
}

static void compare_line(cds_validate_case *to, const run *of, const line *at) {
  enum { SUM_TERMS = 20 };
  if (strcmp(at->field[0], "total") == 0) {
    same(to, of->cost.cycles, number(at, 3));
    decimals(to, of->cost.energy_pj, number(at, 4), SUM_TERMS);
    return;
  }
  const unsigned level = cds_arch_level(&of->arch, at->field[2]);
  if (level >= of->arch.levels) {
    same(to, (double)NAN, 0);
  } else if (strcmp(at->field[0], "level") == 0) {
    same(to, of->cost.level_cycles[level], number(at, 3));
    decimals(to, of->cost.leakage_pj[level], number(at, 5), 1);
  } else if (strcmp(at->field[0], "words") == 0) {
    compare_words(to, of, at, level);
  }
}

cds_status cds_validate_timeloop(cds_validate_case *to, size_t index) {
  const char *const *text = cds_golden_lines(RECORD);
  run *of = cds_arena_alloc(to->arena, sizeof *of);
  line at;
  size_t first = 0;
  if (of == NULL) {
    return CDS_ENOMEM;
  }
  if (text == NULL) {
    return CDS_EINTERNAL;
  }
  for (size_t runs = 0; text[first] != NULL; first++) {
    runs += is_total(text[first]);
    if (runs == index + 1) {
      break;
    }
  }
  const char *total = text[first];
  if (total == NULL) {
    return CDS_EINTERNAL;
  }
  if (!cut(&at, total, to->arena)) {
    return CDS_ENOMEM;
  }
  CDS_TRY(import_run(of, &at, to));
  for (const char *each = total; each != NULL; each = text[++first]) {
    if (each != total && is_total(each)) {
      break;
    }
    if (each[0] != '#' && cut(&at, each, to->arena) && at.fields > 2) {
      compare_line(to, of, &at);
    }
  }
  return CDS_OK;
}
