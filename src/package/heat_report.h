/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the leakage loop of a package says, in words. */
#ifndef CDS_PACKAGE_HEAT_REPORT_H
#define CDS_PACKAGE_HEAT_REPORT_H

#include "package/heat.h"
#include "package/leakage.h"

/* Adds an error if there is thermal runaway, and one for each die that exceeds
 * its limit: where, by how much, and the highest power that is sustainable, as
 * a part of the given dynamic power. Adds nothing if all is well. `of` has a
 * node for each block of the package. Returns CDS_EINFEASIBLE if anything was
 * added. */
cds_status cds_heat_report(const cds_heat_package *package,
                           const cds_leakage *of,
                           const double *temperature_degc,
                           const cds_leakage_result *result, cds_diag *diag);

#endif
