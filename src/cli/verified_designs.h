/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What verify says of the designs of a space. */
#ifndef CDS_CLI_VERIFIED_DESIGNS_H
#define CDS_CLI_VERIFIED_DESIGNS_H

#include "cli/page.h"
#include "export/json.h"
#include "verify/certificate.h"

void cds_verified_designs_write(const cds_page *page, const cds_verified *of);
/* Member "designs". */
void cds_verified_designs_json(cds_json *json, const cds_verified_designs *of);

#endif
