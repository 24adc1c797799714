/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Greenhouse gases of dies against what ECO-CHIP reports for its test cases:
 * tests/golden/carbon. It counts by area and yield as package/carbon.h does,
 * with g/mm2 of its own, and adds the gases of what is left over at the rim of
 * a wafer of 450 mm, which we do not count: that is added here, by its rule,
 *
 *   (area of the wafer - whole dies x A) x g/mm2 / dies
 */
#include "package/carbon.h"

#include <math.h>

#include "package/yield.h"
#include "validate/cases.h"
#include "validate/golden.h"

static const char DIES[] = "carbon/eco-chip.csv";

enum { DESIGN, BLOCK, NODE_NM, MM2, FACTOR, PER_CM2, G_PER_MM2, KG };

/* Of its defects; all processes. */
static const double CLUSTERING = 10;
static const double PI = 0x1.921fb54442d18p+1;

size_t cds_validate_carbon_cases(bool all) {
  (void)all;
  return cds_golden_rows(DIES);
}

cds_status cds_validate_carbon(cds_validate_case *to, size_t index) {
  const cds_wafer wafer = {.diameter_mm = 450, .edge_mm = 0, .scribe_mm = 0};
  cds_golden_row row;
  if (!cds_golden_row_read(&row, DIES, index, to->arena)) {
    return CDS_ENOMEM;
  }
  const double mm2 =
      cds_golden_number(&row, MM2) * cds_golden_number(&row, FACTOR);
  const double g_mm2 = cds_golden_number(&row, G_PER_MM2);
  /* All of its gases are by area. */
  const cds_fab_carbon fab = {0, 100 * g_mm2, 0};
  const double yield =
      cds_die_yield(mm2, cds_golden_number(&row, PER_CM2), CLUSTERING);
  const double dies = cds_dies_per_wafer(mm2, &wafer);
  const double rim =
      PI / 4 * wafer.diameter_mm * wafer.diameter_mm - floor(dies) * mm2;
  const double grams =
      cds_die_carbon_g(mm2, yield, 0, &fab) + rim * g_mm2 / dies;
  cds_validate_compare(to, 0, 1e-3 * grams, cds_golden_number(&row, KG));
  return CDS_OK;
}
