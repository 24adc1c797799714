/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Timeloop's input files to our own: what the files of this importer share.
 *
 * Read is the form that its programs read after all scripts have run: versions
 * 0.2 to 0.4 with `subtree` and `local`, any number of files merged by their
 * root keys. What cannot be said in our files is an error, never left out; what
 * only other programs read (the mapper's settings, estimators' attributes) is
 * left out with a warning or listed in timeloop_arch.c.
 */
#ifndef CDS_IMPORT_TIMELOOP_H
#define CDS_IMPORT_TIMELOOP_H

#include "base/builder.h"
#include "import/import.h"
#include "spec/mapping.h"

enum {
  CDS_TL_COMPONENTS_MAX = CDS_LEVELS_MAX + 1,
  CDS_TL_DIMS_MAX = 32,
  CDS_TL_SPACES_MAX = CDS_TENSORS_MAX,
  CDS_TL_DIRECTIVES_MAX = 4 * CDS_TL_COMPONENTS_MAX
};

typedef enum cds_tl_action {
  CDS_TL_READ,
  CDS_TL_FILL,
  CDS_TL_UPDATE,
  CDS_TL_COMPUTE,
  CDS_TL_LEAK
} cds_tl_action;
enum { CDS_TL_ACTIONS = 5 };

/* A memory, or the compute units. Words are those of the component. */
typedef struct cds_tl_component {
  const char *name;       /* as our files have it, without the range */
  const char *foreign;    /* as directives have it, without the range */
  const char *path;       /* "system.PE.RF", of ERT and ART */
  const char *class_name; /* "dram", "sram", "regfile"; "mac" or "fpmac" */
  cds_place place;
  bool compute;
  uint64_t instances, mesh_x, mesh_y;
  double word_bits, width_bits;
  double size_words;                   /* 0: no limit */
  double read_bw, write_bw, shared_bw; /* words a cycle; NaN: no limit */
  double hop_pj;                    /* a word over a link below it; 0: none */
  bool reduction;                   /* results are added on the way to it */
  double energy_pj[CDS_TL_ACTIONS]; /* of an access; NaN: not given */
  double area_um2;                  /* NaN: not given */
} cds_tl_component;

typedef struct cds_tl_space {
  const char *name;
  cds_place place;
  bool result;
  const char *axes; /* "C,2*P+R": of our einsum */
} cds_tl_space;

/* One directive of a mapping, or a constraint. */
typedef enum cds_tl_type {
  CDS_TL_TEMPORAL,
  CDS_TL_SPATIAL,
  CDS_TL_STORAGE, /* which data spaces are kept */
  CDS_TL_OTHER
} cds_tl_type;

typedef enum cds_tl_sense {
  CDS_TL_EXACT,
  CDS_TL_MOST,
  CDS_TL_LEAST
} cds_tl_sense;

typedef struct cds_tl_factor {
  bool given;
  cds_tl_sense sense;
  uint64_t bound;    /* 0: whole dimension */
  uint64_t residual; /* of the last pass; 0: the bound */
} cds_tl_factor;

typedef struct cds_tl_loops {
  cds_tl_factor factor[CDS_TL_DIMS_MAX]; /* by dimension */
  unsigned ordered;                      /* dimensions of the permutation */
  unsigned order[CDS_TL_DIMS_MAX];       /* inner to outer */
} cds_tl_loops;

typedef struct cds_tl_directive {
  cds_place place;
  cds_tl_type type;
  unsigned component;
  cds_tl_loops loops;
  uint64_t split;        /* UINT64_MAX: not given */
  unsigned keep, bypass; /* bit masks of data spaces */
} cds_tl_directive;

/* All that the files say. */
typedef struct cds_tl {
  const cds_reader *reader;
  const char *files; /* their names, for comments */
  /* Nodes of the roots; NULL: not there. */
  const cds_yaml *architecture, *problem, *mapping;
  size_t constraint_roots;
  const cds_yaml *constraints[8];
  const cds_yaml *ert, *art;
  bool wrong;      /* something was reported */
  bool no_memory;  /* texts may be wrong */
  char nothing[1]; /* an empty text */

  const char *name; /* of the architecture */
  double clock_hz;
  unsigned components; /* outermost first, compute units last */
  cds_tl_component component[CDS_TL_COMPONENTS_MAX];

  const char *shape;
  unsigned dims;
  const char *dim[CDS_TL_DIMS_MAX];
  uint64_t size[CDS_TL_DIMS_MAX];
  bool used[CDS_TL_DIMS_MAX]; /* by a data space */
  unsigned spaces;
  cds_tl_space space[CDS_TL_SPACES_MAX];
  unsigned result; /* which space */

  unsigned directives;
  cds_tl_directive directive[CDS_TL_DIRECTIVES_MAX];
} cds_tl;

/* ---- timeloop.c --------------------------------------------------------- */

/* The importer. */
cds_status cds_import_timeloop(cds_import *out, const cds_import_source *file,
                               size_t files, const cds_import_options *options,
                               const cds_reader *reader);
/* Adds an error; the import fails in the end. */
void cds_tl_error(cds_tl *it, cds_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Formatted text in the arena; "" without memory, which is noted. */
char *cds_tl_print(cds_tl *it, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));
/* Value of the key, or of the other spelling of it, in a mapping; or NULL. */
const cds_yaml *cds_tl_get(const cds_yaml *mapping, const char *key,
                           const char *also);
/* The text of a scalar; NULL with an error for anything else. */
const char *cds_tl_text(cds_tl *it, const cds_yaml *node, const char *what);
/* A number, >= 0; false with an error. Whole numbers: up to 2^40. */
bool cds_tl_number(double *out, cds_tl *it, const cds_yaml *node,
                   const char *what);
bool cds_tl_count(uint64_t *out, cds_tl *it, const cds_yaml *node,
                  const char *what);
/* Items of a list, or the one item that stands instead of it. */
size_t cds_tl_items(const cds_yaml *node);
const cds_yaml *cds_tl_item(const cds_yaml *node, size_t index);
/* A name by the rules of our files. */
const char *cds_tl_name(cds_tl *it, const char *from);
/* Name of a file without its folders, fit for comments and quoted text. */
const char *cds_tl_file(cds_tl *it, const char *path);
/* An error for each key that is not in the NULL-terminated list. */
void cds_tl_only(cds_tl *it, const cds_yaml *mapping, const char *const *known,
                 const char *what);

/* ---- one file each ------------------------------------------------------ */

void cds_tl_read_architecture(cds_tl *it);
/* Attributes of a component whose other fields are set; NULL: none. */
void cds_tl_read_attributes(cds_tl_component *to, cds_tl *it,
                            const cds_yaml *attributes);
/* Name without range, and how many instances the range has. */
const char *cds_tl_strip(uint64_t *instances, cds_tl *it, const char *name,
                         cds_place place);
void cds_tl_read_tables(cds_tl *it); /* ERT and ART */
void cds_tl_read_problem(cds_tl *it);
unsigned cds_tl_dim(const cds_tl *it, const char *name); /* or it->dims */

/* Factors and permutation of a directive. */
void cds_tl_read_factors(cds_tl_loops *out, cds_tl *it, const cds_yaml *node);
void cds_tl_read_order(cds_tl_loops *out, cds_tl *it, const cds_yaml *node);
/* A directive's target, type and all that follows from it; false with an
 * error. */
bool cds_tl_read_directive(cds_tl_directive *out, cds_tl *it,
                           const cds_yaml *node, bool constraint);
void cds_tl_read_mapping(cds_tl *it);

/* Texts of the documents. */
cds_status cds_tl_write_architecture(cds_import_document *out, cds_tl *it);
cds_status cds_tl_write_workload(cds_import_document *out, cds_tl *it);
cds_status cds_tl_write_mapping(cds_import_document *out, cds_tl *it);
cds_status cds_tl_write_constraints(cds_import_document *out, cds_tl *it);
/* Name of the array between a component and the one before it; NULL when they
 * have as many instances. Sets its columns and rows. */
const char *cds_tl_array(uint64_t *cols, uint64_t *rows, cds_tl *it,
                         unsigned component);
cds_status cds_tl_close(cds_import_document *out, const cds_builder *text);

#endif
