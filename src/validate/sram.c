/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The structural SRAM model against runs of CACTI 7: tests/golden/sram. Runs
 * of the half `fit` had a part in its constants, those of `test` had none.
 * Runs with several ports or banks, by which five constants were chosen, are
 * left to tests/unit/test_tech_sram_model.c.
 */
#include <string.h>

#include "tech/sram_model.h"
#include "validate/cases.h"
#include "validate/golden.h"

static const char RUNS[] = "sram/runs.csv";

/* Columns of the table. */
enum {
  HALF,
  DEVICE,
  NODE_NM,
  SIZE_BYTES,
  WIDTH_BITS,
  BANKS,
  READ_WRITE,
  READ_ONLY,
  WRITE_ONLY,
  NDWL,
  NDBL,
  NSPD,
  READ_PJ,
  WRITE_PJ,
  LEAKAGE_MW,
  AREA_UM2,
  ACCESS_NS
};

/* Figures of a half and a device, in the order of sets.def. */
enum { GIVEN = 4, FIGURES = 9 };

static const double KELVIN = 273.15;

static unsigned log2_of(double power) {
  unsigned found = 0;
  while ((double)(UINT64_C(1) << found) < power && found < 62) {
    found++;
  }
  return found;
}

/* What was asked, and the organisation that CACTI chose: a bank is cut into
 * ndwl x ndbl sub-arrays, four of which are a mat here. */
static void read_run(cds_sram_query *query, cds_sram_organisation *cut,
                     const cds_golden_row *row, cds_arena *arena) {
  const double ndwl = cds_golden_number(row, NDWL);
  const double ndbl = cds_golden_number(row, NDBL);
  const double nspd = cds_golden_number(row, NSPD);
  const double width = cds_golden_number(row, WIDTH_BITS);
  const double banks = cds_golden_number(row, BANKS);
  const double bits = 8 * cds_golden_number(row, SIZE_BYTES);
  const char *process = cds_arena_printf(arena, "n%s", row->cell[NODE_NM]);
  *query = (cds_sram_query)CDS_SRAM_QUERY_INIT;
  query->process = process == NULL ? "" : process;
  query->device = row->cell[DEVICE];
  query->temperature_c =
      (strcmp(query->device, "hp") == 0 ? 360 : 300) - KELVIN;
  query->size_bits = (uint64_t)bits;
  query->width_bits = (uint64_t)width;
  query->banks = (unsigned)banks;
  query->ports.read_write = (unsigned)cds_golden_number(row, READ_WRITE);
  query->ports.read_only = (unsigned)cds_golden_number(row, READ_ONLY);
  query->ports.write_only = (unsigned)cds_golden_number(row, WRITE_ONLY);
  *cut = (cds_sram_organisation){.rows = bits / banks / (width * ndbl * nspd),
                                 .columns = width * nspd / ndwl,
                                 .log2_across = log2_of(ndwl) - 1,
                                 .log2_up = log2_of(ndbl) - 1};
}

static void compare(cds_validate_case *to, unsigned set,
                    const cds_sram_estimate *ours, const cds_golden_row *row) {
  cds_validate_compare(to, set, ours->read_pj, cds_golden_number(row, READ_PJ));
  cds_validate_compare(to, set + 1, ours->write_pj,
                       cds_golden_number(row, WRITE_PJ));
  cds_validate_compare(to, set + 2, ours->area_um2,
                       cds_golden_number(row, AREA_UM2));
  cds_validate_compare(to, set + 3, 1e9 * ours->access_s,
                       cds_golden_number(row, ACCESS_NS));
}

size_t cds_validate_sram_cases(bool all) {
  (void)all;
  return cds_golden_rows(RUNS);
}

cds_status cds_validate_sram(cds_validate_case *to, size_t index) {
  cds_golden_row row;
  cds_sram_query query;
  cds_sram_organisation cut;
  cds_sram_estimate ours;
  char why[CDS_TECH_WHY];
  if (!cds_golden_row_read(&row, RUNS, index, to->arena)) {
    return CDS_ENOMEM;
  }
  const bool fitted = strcmp(row.cell[HALF], "fit") == 0;
  if (!fitted && strcmp(row.cell[HALF], "test") != 0) {
    return CDS_OK;
  }
  const unsigned device = strcmp(row.cell[DEVICE], "hp") == 0;
  const unsigned first = ((fitted ? 0 : 2) + device) * FIGURES;
  read_run(&query, &cut, &row, to->arena);
  if (cds_sram_estimate_at(&ours, &query, &cut, why) != CDS_OK) {
    cds_diag_error(to->diag, (cds_place){NULL, 0, 0}, "%s", why);
    return CDS_EINPUT;
  }
  compare(to, first, &ours, &row);
  if (cds_sram_estimate_of(&ours, &query, why) != CDS_OK) {
    cds_diag_error(to->diag, (cds_place){NULL, 0, 0}, "%s", why);
    return CDS_EINPUT;
  }
  compare(to, first + GIVEN, &ours, &row);
  cds_validate_compare(to, first + FIGURES - 1, 1e3 * ours.leakage_w,
                       cds_golden_number(&row, LEAKAGE_MW));
  return CDS_OK;
}
