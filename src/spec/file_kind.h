/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a file describes: files are easily given in the wrong order. */
#ifndef CDS_SPEC_FILE_KIND_H
#define CDS_SPEC_FILE_KIND_H

#include "codesign/status.h"
#include "yaml/yaml.h"

/* CDS_EINPUT with a message when the root lacks `wanted` ("architecture",
 * "workload", "mapping") and has the key of another kind. */
cds_status cds_file_kind_check(const cds_yaml *root, const char *wanted,
                               cds_diag *diag);

#endif
