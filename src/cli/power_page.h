/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power delivery of a package, printed. */
#ifndef CDS_CLI_POWER_PAGE_H
#define CDS_CLI_POWER_PAGE_H

#include "cli/page.h"
#include "export/json.h"
#include "package/delivery.h"

/* `why`: why there is none, else NULL. */
void cds_power_page(const cds_page *page, const cds_delivery *of,
                    const cds_delivered *delivered, const char *why);
/* Member "power_delivery"; null where there is none. */
void cds_power_json(cds_json *json, const cds_delivery *of,
                    const cds_delivered *delivered, const char *why);

#endif
