/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Component classes of an architecture's entries. Internal to spec/arch*.c. */
#ifndef CDS_SPEC_ARCH_CLASS_H
#define CDS_SPEC_ARCH_CLASS_H

#include "base/text.h"
#include "spec/arch_build.h"
#include "tech/tech.h"

/* Who asks. */
typedef struct cds_class_user {
  cds_component_kind kind;
  const char *class_name;
  const char *what, *name; /* "level", "GLB" */
  const cds_yaml *node;    /* messages stand at its key, when it has it */
  const char *key;         /* of the class: "class" when NULL */
  unsigned die;
} cds_class_user;

/* Asks a class for what a component costs; sets class, process, device and
 * supply of the query. False after a message: an unknown class, one of another
 * kind, or a component outside the range of its model; and without one on a
 * die that could not be read. */
bool cds_class_ask(cds_build *build, cds_tech_estimate *out,
                   cds_tech_query *query, const cds_class_user *user);
/* um2 of a die that one via keeps: of class tsv; an origin of that die. */
double cds_class_via_um2(cds_build *build, const char *die);
/* Whether the class exists and is of the kind; a message if not. */
bool cds_class_check(cds_build *build, const cds_class_user *user);
/* Reads a scalar as the only key of a table. */
bool cds_class_read_one(cds_build *build, void *out, const cds_schema *schema,
                        const char *key, const cds_yaml *scalar);
/* Reads `formats` (one, or a list) into format[]; their number, 0 after a
 * message. */
unsigned cds_class_formats(cds_build *build, cds_format *format,
                           const cds_yaml *node);

#endif
