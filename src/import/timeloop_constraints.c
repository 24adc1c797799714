/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Timeloop's constraints to a file of ours (docs/constraints.md):
 *
 *   constraints:
 *     - {level: GLB, keep: [Inputs], bypass: [Weights]}
 *     - {level: RF, factors: {K: 4, C: "<= 4"}, order: [..., M, C]}
 *     - {array: RF-array, rows: {C: 4, others: 1}, cols: [M]}
 *
 * Loops of a target there are loops of the next level inside that keeps
 * something here, or of the compute units. A level that all data spaces bypass
 * has no loops here: its own and those of the target before are one group.
 * What a group or an axis cannot say exactly is written as the nearest that
 * admits more, with a warning.
 */
#include "import/timeloop_constraints.h"

#include <string.h>

#include "base/checked.h"

/* ---- entries ------------------------------------------------------------ */

void cds_tl_begin(cds_tl_writer *w, const char *about, const char *name) {
  w->about = about;
  w->name = name;
  w->open = false;
}

void cds_tl_put_key(cds_tl_writer *w, const char *key) {
  if (!w->open) {
    cds_builder_print(&w->to, "  - {%s: %s", w->about, w->name);
    w->open = true;
    w->entries++;
  }
  cds_builder_print(&w->to, ", %s: ", key);
}

/* An entry without a key is not written. */
void cds_tl_end(cds_tl_writer *w, cds_place place) {
  if (w->open) {
    cds_builder_print(&w->to, "} # %s, line %u\n",
                      cds_tl_file(w->it, place.file), place.line);
  }
}

void cds_tl_warn_entry(const cds_tl_writer *w, cds_place place,
                       const char *text) {
  cds_diag_warning(w->it->reader->diag, place, "%s", text);
}

uint64_t cds_tl_value(const cds_tl *it, unsigned dim,
                      const cds_tl_factor *factor) {
  return factor->bound == 0 ? it->size[dim] : factor->bound;
}

bool cds_tl_is_one(const cds_tl *it, unsigned dim,
                   const cds_tl_factor *factor) {
  return it->size[dim] == 1 ||
         (factor->given && factor->sense != CDS_TL_LEAST &&
          cds_tl_value(it, dim, factor) == 1);
}

static void put_spaces(cds_tl_writer *w, const char *key, unsigned mask) {
  const char *between = "";
  if (mask == 0) {
    return;
  }
  cds_tl_put_key(w, key);
  cds_builder_put(&w->to, "[");
  for (unsigned s = 0; s < w->it->spaces; s++) {
    if ((mask & 1U << s) != 0) {
      cds_builder_print(&w->to, "%s%s", between, w->it->space[s].name);
      between = ", ";
    }
  }
  cds_builder_put(&w->to, "]");
}

void cds_tl_put_bound(cds_tl_writer *w, unsigned dim,
                      const cds_tl_factor *factor) {
  const unsigned long long value = cds_tl_value(w->it, dim, factor);
  cds_builder_print(&w->to, "%s: ", w->it->dim[dim]);
  if (!factor->given) {
    cds_builder_put(&w->to, "any");
  } else if (factor->sense != CDS_TL_EXACT) {
    cds_builder_print(&w->to, "\"%s %llu\"",
                      factor->sense == CDS_TL_MOST ? "<=" : ">=", value);
  } else if (factor->bound == 0) {
    cds_builder_put(&w->to, "full");
  } else {
    cds_builder_print(&w->to, "%llu", value);
  }
}

/* ---- loops in time ------------------------------------------------------ */

static void put_factors(cds_tl_writer *w, const cds_tl_bounds factor) {
  const char *between = "";
  for (unsigned dim = 0; dim < w->it->dims; dim++) {
    if (factor[dim].given && w->it->used[dim]) {
      if (between[0] == '\0') {
        cds_tl_put_key(w, "factors");
      }
      cds_builder_put(&w->to, between[0] == '\0' ? "{" : between);
      cds_tl_put_bound(w, dim, &factor[dim]);
      between = ", ";
    }
  }
  if (between[0] != '\0') {
    cds_builder_put(&w->to, "}");
  }
}

/* A permutation there names the innermost loops, inner to outer. */
static void put_order(cds_tl_writer *w, const cds_tl_loops *loops) {
  bool named[CDS_TL_DIMS_MAX] = {false};
  bool any = false;
  const char *between = "";
  for (unsigned n = 0; n < loops->ordered; n++) {
    named[loops->order[n]] = true;
    any = any || w->it->used[loops->order[n]];
  }
  if (!any) {
    return;
  }
  cds_tl_put_key(w, "order");
  cds_builder_put(&w->to, "[");
  for (unsigned dim = 0; dim < w->it->dims && between[0] == '\0'; dim++) {
    if (w->it->used[dim] && !named[dim]) {
      cds_builder_put(&w->to, "...");
      between = ", ";
    }
  }
  for (unsigned n = loops->ordered; n-- > 0;) {
    if (w->it->used[loops->order[n]]) {
      cds_builder_print(&w->to, "%s%s", between, w->it->dim[loops->order[n]]);
      between = ", ";
    }
  }
  cds_builder_put(&w->to, "]");
}

/* What a dimension may have at the targets first .. end - 1 together: the
 * product. Sets *inexact where that admits more than they do. */
static cds_tl_factor product_of(const cds_tl_writer *w, unsigned first,
                                unsigned end, unsigned dim, bool *inexact) {
  cds_tl_factor all = {.given = true, .bound = 1};
  bool most = true;
  bool exact = true;
  uint64_t low = 1;
  for (unsigned c = first; c < end; c++) {
    const cds_tl_factor *one =
        &w->limits->target[c][CDS_TL_TEMPORAL].loops.factor[dim];
    const uint64_t value = cds_tl_value(w->it, dim, one);
    exact = exact && one->given && one->sense == CDS_TL_EXACT;
    most = most && one->given && one->sense != CDS_TL_LEAST;
    if (one->given && !cds_mul_u64(&all.bound, all.bound, value)) {
      all.bound = UINT64_MAX;
    }
    if (one->given && one->sense != CDS_TL_MOST) {
      low = cds_mul_u64(&low, low, value) ? low : UINT64_MAX;
    }
  }
  if (exact) {
    return all;
  }
  *inexact = *inexact || all.bound > 1;
  if (most) {
    all.sense = CDS_TL_MOST;
    all.bound = all.bound > w->it->size[dim] ? w->it->size[dim] : all.bound;
    return all;
  }
  all = (cds_tl_factor){.given = low > 1, .sense = CDS_TL_LEAST, .bound = low};
  return all;
}

/* The target of the group that alone has loops where orders matter, or `end`
 * with a warning. */
static unsigned ordered_target(const cds_tl_writer *w, unsigned first,
                               unsigned end) {
  unsigned found = end;
  unsigned loops = 0;
  for (unsigned c = first; c < end; c++) {
    const cds_tl_directive *at = &w->limits->target[c][CDS_TL_TEMPORAL];
    bool ones = true;
    for (unsigned dim = 0; dim < w->it->dims; dim++) {
      ones = ones && (!w->it->used[dim] ||
                      cds_tl_is_one(w->it, dim, &at->loops.factor[dim]));
    }
    loops += ones ? 0 : 1;
    found = at->loops.ordered > 0 && !ones ? c : found;
  }
  if (found < end && loops > 1) {
    cds_tl_warn_entry(
        w, w->limits->target[found][CDS_TL_TEMPORAL].place,
        "the permutation is left out: a level that keeps nothing has no loops "
        "of its own, and those of its neighbour stand among them");
    return end;
  }
  return found;
}

/* Loops of targets first .. end - 1, which are those right above `end`. */
static void put_group(cds_tl_writer *w, unsigned first, unsigned end_) {
  const cds_tl *it = w->it;
  cds_tl_bounds factor = {{0}};
  bool inexact = false;
  cds_place place = {0};
  for (unsigned c = end_; c-- > first;) {
    const cds_tl_directive *at = &w->limits->target[c][CDS_TL_TEMPORAL];
    place = at->place.file != NULL ? at->place : place;
  }
  if (place.file == NULL) {
    return;
  }
  for (unsigned dim = 0; dim < it->dims && end_ - first == 1; dim++) {
    factor[dim] = w->limits->target[first][CDS_TL_TEMPORAL].loops.factor[dim];
  }
  for (unsigned dim = 0; dim < it->dims && end_ - first > 1; dim++) {
    factor[dim] = product_of(w, first, end_, dim, &inexact);
    const bool exact = factor[dim].given && factor[dim].sense == CDS_TL_EXACT;
    if (exact && it->used[dim] && it->size[dim] % factor[dim].bound != 0) {
      cds_tl_error(w->it, place,
                   "factors of '%s' have the product %llu here: expected a "
                   "divisor of its size, %llu",
                   it->dim[dim], (unsigned long long)factor[dim].bound,
                   (unsigned long long)it->size[dim]);
    }
  }
  if (inexact) {
    cds_tl_warn_entry(
        w, place,
        "factors of several targets are one here, and exact only where all of "
        "them are: a level that keeps nothing has no loops of its own");
  }
  cds_tl_begin(w, "level", it->component[end_].name);
  put_factors(w, factor);
  const unsigned ordered = ordered_target(w, first, end_);
  if (ordered < end_) {
    put_order(w, &w->limits->target[ordered][CDS_TL_TEMPORAL].loops);
  }
  cds_tl_end(w, place);
}

/* ---- the document ------------------------------------------------------- */

static void put_all(cds_tl_writer *w) {
  const cds_tl *it = w->it;
  const unsigned every = (1U << it->spaces) - 1;
  unsigned first = 0;
  for (unsigned c = 0; c + 1 < it->components; c++) {
    const cds_tl_directive *kept = &w->limits->target[c][CDS_TL_STORAGE];
    cds_tl_begin(w, "level", it->component[c].name);
    put_spaces(w, "keep", kept->keep);
    put_spaces(w, "bypass", kept->bypass);
    cds_tl_end(w, kept->place);
    const bool last = c + 2 == it->components;
    const unsigned inside =
        last ? 0 : w->limits->target[c + 1][CDS_TL_STORAGE].bypass;
    if (last || inside != every) {
      put_group(w, first, c + 1);
      first = c + 1;
    }
    const cds_tl_directive *spread = &w->limits->target[c][CDS_TL_SPATIAL];
    if (spread->place.file != NULL) {
      cds_tl_put_spatial(w, spread);
    }
  }
  cds_tl_put_utilisation(w);
}

cds_status cds_tl_write_constraints(cds_import_document *out, cds_tl *it) {
  cds_tl_writer w = {.it = it, .to = {.arena = it->reader->arena}};
  cds_tl_limits *limits = cds_arena_alloc(it->reader->arena, sizeof *limits);
  if (limits == NULL) {
    return CDS_ENOMEM;
  }
  cds_tl_read_limits(limits, it);
  w.limits = limits;
  cds_builder_print(
      &w.to,
      "# Imported by codesign from Timeloop's input: constraints of %s\n",
      it->files);
  cds_builder_put(&w.to, "constraints:\n");
  put_all(&w);
  if (w.entries == 0) {
    cds_builder_put(&w.to, "  []\n");
  }
  return cds_tl_close(out, &w.to);
}
