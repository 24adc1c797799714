/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libyaml events to a read-only tree of located nodes, within limits: 64
 * levels, 16 MiB, 10^6 nodes (aliases shared, counted again when followed).
 * Knows no domain word. JSON is read by the same code.
 */
#ifndef CDS_YAML_YAML_H
#define CDS_YAML_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "codesign/status.h"
#include "diag/diag.h"

typedef enum cds_yaml_kind {
  CDS_YAML_SCALAR,
  CDS_YAML_SEQUENCE,
  CDS_YAML_MAPPING
} cds_yaml_kind;

typedef struct cds_yaml cds_yaml;
struct cds_yaml {
  cds_yaml_kind kind;
  cds_place place;
  bool quoted;            /* scalar written with quotes or as a block */
  bool verbatim;          /* scalar on one line, character by character */
  const char *text;       /* scalar: zero-terminated, no embedded zero */
  size_t count;           /* sequence: items; mapping: pairs */
  const cds_yaml **items; /* sequence items, or mapping values */
  const cds_yaml **keys;  /* mapping keys (scalars), NULL otherwise */
  const char *tag;        /* foreign files: without the '!'; NULL: none */
};

/* Reads the single document of a file ("-": standard input) or text into the
 * arena. Duplicate keys, several documents, unknown tags, merge keys, alias
 * cycles and bombs are refused. CDS_EINPUT with diagnostics (also for a file
 * that cannot be opened). An empty document is refused too. */
cds_status cds_yaml_read_file(const cds_yaml **out, const char *path,
                              cds_arena *arena, cds_diag *diag);
/* Likewise; when the file cannot be read, the message says that `expected` was:
 * "a certificate". */
cds_status cds_yaml_read_expected(const cds_yaml **out, const char *path,
                                  const char *expected, cds_arena *arena,
                                  cds_diag *diag);
cds_status cds_yaml_read_text(const cds_yaml **out, const char *name,
                              const char *text, size_t length, cds_arena *arena,
                              cds_diag *diag);
/* Likewise a file of another tool, from its text. Local tags are kept with
 * their nodes. Merge keys are carried out: `<<` adds the pairs of a mapping (or
 * of a list of them, the first first) whose keys are not there; `<<<` also
 * merges mappings that both have, key by key. */
cds_status cds_yaml_read_foreign(const cds_yaml **out, const char *name,
                                 const char *text, size_t length,
                                 cds_arena *arena, cds_diag *diag);
/* Place of the character at byte `offset` of a scalar's text; where the scalar
 * starts when it is not verbatim (several lines, escapes, an anchor). */
cds_place cds_yaml_place(const cds_yaml *scalar, size_t offset);
/* Value of the key in a mapping, or NULL. */
const cds_yaml *cds_yaml_get(const cds_yaml *mapping, const char *key);

#endif
