/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Schema of the entries of a mapping file, for reference text. */
#ifndef CDS_SPEC_MAPPING_FILE_H
#define CDS_SPEC_MAPPING_FILE_H

#include "spec/mapping.h"

extern const cds_schema cds_mapping_file_schema;

#endif
