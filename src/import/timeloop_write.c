/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Architecture, workload and mapping of ours from what Timeloop's files say. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/text.h"
#include "import/timeloop.h"

static void head(cds_builder *to, const cds_tl *it, const char *what) {
  cds_builder_print(to,
                    "# Imported by codesign from Timeloop's input: %s of %s\n",
                    what, it->files);
}

/* Products of decimal numbers, without their dust. */
static const char *number(cds_tl *it, double value) {
  const char *text =
      cds_builder_number(it->reader->arena, cds_round_decimal(value, 15));
  it->no_memory = it->no_memory || text == NULL;
  return text == NULL ? "" : text;
}

/* ---- architecture ------------------------------------------------------- */

/* `read` and `write` in bits a cycle; what is not given has no limit. */
static void put_bandwidth(cds_builder *to, cds_tl *it,
                          const cds_tl_component *at) {
  const double word = at->word_bits;
  if (!isnan(at->shared_bw)) {
    cds_builder_print(to, "    bandwidth: %s bit/cycle # %s words, shared\n",
                      number(it, at->shared_bw * word),
                      number(it, at->shared_bw));
    return;
  }
  if (isnan(at->read_bw) && isnan(at->write_bw)) {
    return;
  }
  cds_builder_put(to, "    bandwidth: {");
  if (!isnan(at->read_bw)) {
    cds_builder_print(to, "read: %s bit/cycle", number(it, at->read_bw * word));
  }
  if (!isnan(at->write_bw)) {
    cds_builder_print(to, "%swrite: %s bit/cycle",
                      isnan(at->read_bw) ? "" : ", ",
                      number(it, at->write_bw * word));
  }
  cds_builder_put(to, "} # of one instance\n");
}

static void put_energy(cds_builder *to, cds_tl *it,
                       const cds_tl_component *at) {
  static const char *const names[] = {"read", "fill", "update"};
  const char *between = "";
  for (unsigned a = 0; a < 3; a++) {
    if (!isnan(at->energy_pj[a])) {
      cds_builder_print(to, "%s%s: %s pJ",
                        between[0] == '\0' ? "    energy: {" : between,
                        names[a], number(it, at->energy_pj[a]));
      between = ", ";
    }
  }
  if (between[0] != '\0') {
    const double words = at->width_bits / at->word_bits;
    cds_builder_print(to, "} # of an access of %s word%s\n", number(it, words),
                      words > 1.0 ? "s" : "");
  }
}

/* Whether the tables have no energy of the component at all. */
static bool unpriced(const cds_tl_component *at) {
  if (at->compute) {
    return isnan(at->energy_pj[CDS_TL_COMPUTE]);
  }
  return isnan(at->energy_pj[CDS_TL_READ]) &&
         isnan(at->energy_pj[CDS_TL_FILL]) &&
         isnan(at->energy_pj[CDS_TL_UPDATE]);
}

/* The narrowest format of the class of multiply-accumulate units that is as
 * wide as their words. */
static const char *compute_format(const cds_tl_component *at) {
  const bool floating = strcmp(at->class_name, "fpmac") == 0;
  const double bits = at->word_bits;
  return bits <= 8.0    ? (floating ? "fp8" : "int8")
         : bits <= 16.0 ? (floating ? "fp16" : "int16")
                        : (floating ? "fp32" : "int32");
}

/* Where the tables say nothing, our classes do. */
static void put_class(cds_builder *to, cds_tl *it, const cds_tl_component *at) {
  if (unpriced(at)) {
    const char *name = at->compute ? "mac" : at->class_name;
    cds_builder_print(to, "    class: %s # no energies are given\n", name);
    if (at->compute) {
      cds_builder_print(to, "    formats: [%s]\n", compute_format(at));
    }
    cds_diag_warning(it->reader->diag, at->place,
                     "no energies of '%s' are given: those of class '%s' are "
                     "taken",
                     at->foreign, name);
  }
}

static void put_standing(cds_builder *to, cds_tl *it,
                         const cds_tl_component *at) {
  const double leak = at->energy_pj[CDS_TL_LEAK];
  if (!isnan(leak)) {
    /* pJ a cycle x cycles a second = 1e-9 mW */
    cds_builder_print(to, "    leakage: %s mW # %s pJ a cycle\n",
                      number(it, leak * it->clock_hz * 1e-9), number(it, leak));
  }
  if (!isnan(at->area_um2)) {
    cds_builder_print(to, "    area: %s um2\n", number(it, at->area_um2));
  }
  cds_builder_print(to, "    source: \"Timeloop's input, %s line %u\"\n",
                    cds_tl_file(it, at->place.file), at->place.line);
}

static void put_level(cds_builder *to, cds_tl *it, unsigned c) {
  const cds_tl_component *at = &it->component[c];
  cds_builder_print(to, "  - level: %s # %s, line %u\n", at->name,
                    cds_tl_file(it, at->place.file), at->place.line);
  put_class(to, it, at);
  if (at->size_words > 0.0) {
    cds_builder_print(to, "    size: %s bit # %s words\n",
                      number(it, at->size_words * at->word_bits),
                      number(it, at->size_words));
  } else if (c > 0) {
    cds_builder_put(to, "    size: 1152921504606846976 bit # no limit given\n");
  }
  cds_builder_print(to, "    width: %s bit\n    word: %s bit\n",
                    number(it, at->width_bits), number(it, at->word_bits));
  put_bandwidth(to, it, at);
  put_energy(to, it, at);
  put_standing(to, it, at);
}

static void put_array(cds_builder *to, cds_tl *it, unsigned c) {
  uint64_t cols = 1;
  uint64_t rows = 1;
  const char *name = cds_tl_array(&cols, &rows, it, c);
  const cds_tl_component *above = &it->component[c - 1];
  if (name == NULL) {
    return;
  }
  cds_builder_print(to, "  - array: %s # meshX, meshY below %s\n", name,
                    above->name);
  if (rows > 1) {
    cds_builder_print(to, "    rows: %llu\n", (unsigned long long)rows);
  }
  if (cols > 1) {
    cds_builder_print(to, "    cols: %llu\n", (unsigned long long)cols);
  }
  const char *adds = above->reduction ? ", add: 0 pJ" : "";
  if (above->hop_pj > 0.0) {
    cds_builder_print(
        to,
        "    network: {kind: mesh, energy: %s pJ/bit%s} # %s pJ a word and "
        "hop\n",
        number(it, above->hop_pj / above->word_bits), adds,
        number(it, above->hop_pj));
  } else {
    cds_builder_print(
        to,
        "    network: {kind: bus, energy: 0 pJ/bit%s} # no energy "
        "is given\n",
        adds);
  }
  if (!above->reduction) {
    cds_builder_put(to, "    reduction: false # memory above does not add\n");
  }
  cds_builder_print(to, "    source: \"Timeloop's input, %s line %u\"\n",
                    cds_tl_file(it, above->place.file), above->place.line);
}

cds_status cds_tl_write_architecture(cds_import_document *out, cds_tl *it) {
  cds_builder to = {.arena = it->reader->arena};
  const cds_tl_component *last = &it->component[it->components - 1];
  head(&to, it, "architecture, ERT and ART");
  cds_builder_print(&to, "architecture: %s\n", it->name);
  cds_builder_put(&to,
                  "overlap: perfect # Timeloop waits for the slowest level "
                  "only\n");
  cds_builder_print(&to, "clock: %s MHz # global_cycle_seconds\n",
                    number(it, it->clock_hz * 1e-6));
  cds_builder_print(&to, "source: \"Timeloop's input, %s\"\n", it->files);
  cds_builder_put(&to, "levels:\n");
  for (unsigned c = 0; c < it->components; c++) {
    if (c > 0) {
      put_array(&to, it, c);
    }
    if (!it->component[c].compute) {
      put_level(&to, it, c);
    }
  }
  cds_builder_print(&to, "  - compute: %s # %s, line %u\n", last->name,
                    cds_tl_file(it, last->place.file), last->place.line);
  put_class(&to, it, last);
  if (!unpriced(last)) {
    cds_builder_print(&to, "    energy: %s pJ\n",
                      number(it, last->energy_pj[CDS_TL_COMPUTE]));
  }
  if (!isnan(last->area_um2)) {
    cds_builder_print(&to, "    area: %s um2\n", number(it, last->area_um2));
  }
  cds_builder_print(&to, "    source: \"Timeloop's input, %s line %u\"\n",
                    cds_tl_file(it, last->place.file), last->place.line);
  return cds_tl_close(out, &to);
}

/* ---- workload ----------------------------------------------------------- */

/* Whether an operand goes by a name of weights. */
static bool is_weight(const char *name) {
  return strstr(name, "eight") != NULL || strstr(name, "ilter") != NULL;
}

/* Data spaces of Timeloop have no formats, its memories have words: values are
 * as the outermost stores them, sums as the widest memory does. */
static void put_formats(cds_builder *to, cds_tl *it) {
  double stored = 16.0;
  double widest = 16.0;
  if (it->architecture != NULL) {
    stored = widest = it->component[0].word_bits;
    for (unsigned c = 0; c + 1 < it->components; c++) {
      const double word = it->component[c].word_bits;
      widest = word > widest ? word : widest;
    }
  }
  cds_builder_print(to,
                    "precision: {weights: %s bit, activations: %s bit, "
                    "accumulator: %s bit} # words of the outermost memory and "
                    "of the widest\n",
                    number(it, stored), number(it, stored), number(it, widest));
}

static void put_roles(cds_builder *to, const cds_tl *it) {
  bool any = false;
  for (unsigned s = 0; s < it->spaces; s++) {
    any = any || (s != it->result && is_weight(it->space[s].name));
  }
  const char *between = "";
  for (unsigned s = 0; any && s < it->spaces; s++) {
    if (s != it->result) {
      cds_builder_print(
          to, "%s%s: %s", between[0] == '\0' ? "    roles: {" : between,
          it->space[s].name, is_weight(it->space[s].name) ? "weight" : "input");
      between = ", ";
    }
  }
  if (any) {
    cds_builder_put(to, "} # by their names\n");
  }
}

cds_status cds_tl_write_workload(cds_import_document *out, cds_tl *it) {
  cds_builder to = {.arena = it->reader->arena};
  const char *between = "";
  head(&to, it, "problem");
  cds_builder_print(&to, "workload: %s\n", it->shape);
  put_formats(&to, it);
  cds_builder_print(&to, "source: \"Timeloop's input, %s\"\n", it->files);
  cds_builder_print(&to, "layers:\n  - name: %s # %s, line %u\n", it->shape,
                    cds_tl_file(it, it->problem->place.file),
                    it->problem->place.line);
  cds_builder_print(&to, "    einsum: \"%s[%s] +=", it->space[it->result].name,
                    it->space[it->result].axes);
  for (unsigned s = 0; s < it->spaces; s++) {
    if (s != it->result) {
      cds_builder_print(&to, "%s %s[%s]", between, it->space[s].name,
                        it->space[s].axes);
      between = " *";
    }
  }
  cds_builder_put(&to, "\"\n    ranks: {");
  between = "";
  for (unsigned dim = 0; dim < it->dims; dim++) {
    if (it->used[dim]) {
      cds_builder_print(&to, "%s%s: %llu", between, it->dim[dim],
                        (unsigned long long)it->size[dim]);
      between = ", ";
    }
  }
  cds_builder_put(&to, "}\n");
  put_roles(&to, it);
  return cds_tl_close(out, &to);
}

/* ---- mapping ------------------------------------------------------------ */

static const cds_tl_directive *find(const cds_tl *it, unsigned component,
                                    cds_tl_type type) {
  for (unsigned d = 0; d < it->directives; d++) {
    if (it->directive[d].component == component &&
        it->directive[d].type == type) {
      return &it->directive[d];
    }
  }
  return NULL;
}

static void put_hold(cds_builder *to, const cds_tl *it, unsigned c) {
  const cds_tl_directive *kept = find(it, c, CDS_TL_STORAGE);
  const unsigned bypass = kept == NULL ? 0 : kept->bypass;
  bool any = false;
  for (unsigned s = 0; s < it->spaces; s++) {
    if ((bypass & 1U << s) == 0) {
      cds_builder_print(to, "%s %s", any ? "" : "    - hold",
                        it->space[s].name);
      any = true;
    }
  }
  if (any) {
    cds_builder_print(to, " at %s\n", it->component[c].name);
  } else {
    cds_builder_print(to, "    # nothing is kept at %s\n",
                      it->component[c].name);
  }
}

/* What a factor cuts a dimension into, from n_i: bounds are the radix of the
 * index, so a piece is as long as the product of the bounds inside, or as n_i.
 */
typedef struct cds_tl_cut {
  uint64_t pieces, length;
  bool even;  /* all pieces of the dimension are */
  bool plain; /* the length is that which the number of pieces gives */
} cds_tl_cut;

static uint64_t bound_of(const cds_tl *it, unsigned place, unsigned dim) {
  const cds_tl_directive *at =
      find(it, place / 2, place % 2 == 0 ? CDS_TL_TEMPORAL : CDS_TL_SPATIAL);
  const bool given = at != NULL && at->loops.factor[dim].given;
  return given ? at->loops.factor[dim].bound : 1;
}

/* Product of the bounds from a place inwards; it stays at the largest number.
 * Places: the loops of component 0, its spreads, the loops of 1, ... */
static uint64_t inner_bounds(const cds_tl *it, unsigned place, unsigned dim) {
  uint64_t product = 1;
  for (unsigned p = 2 * (it->components - 1); p-- > place;) {
    if (!cds_mul_u64(&product, product, bound_of(it, p, dim))) {
      return UINT64_MAX;
    }
  }
  return product;
}

static cds_tl_cut cut_of(const cds_tl *it, unsigned place, unsigned dim) {
  uint64_t before = it->size[dim];
  for (unsigned p = 0; p < place; p++) {
    const uint64_t inside = inner_bounds(it, p + 1, dim);
    before = inside < before ? inside : before;
  }
  const uint64_t inside = inner_bounds(it, place + 1, dim);
  cds_tl_cut cut = {.length = inside < before ? inside : before};
  if (cut.length == 0) {
    return (cds_tl_cut){1, 1, true, true}; /* not reached: sizes are >= 1 */
  }
  cut.pieces = cds_ceil_div_u64(before, cut.length);
  cut.plain = cut.length == cds_ceil_div_u64(before, cut.pieces);
  cut.even = inner_bounds(it, 0, dim) == it->size[dim];
  return cut;
}

/* A factor that is larger than there are pieces at any time. */
static void warn_of_nothing(cds_tl *it, const cds_tl_directive *at,
                            unsigned place, unsigned dim,
                            const cds_tl_cut *cut) {
  const uint64_t bound = bound_of(it, place, dim);
  if (cut->pieces < bound) {
    cds_diag_warning(it->reader->diag, at->place,
                     "the factor %llu of '%s' has something in %llu of its "
                     "passes at most and becomes that: Timeloop's cycles count "
                     "the others too",
                     (unsigned long long)bound, it->dim[dim],
                     (unsigned long long)cut->pieces);
  }
}

static void put_length(cds_builder *to, const cds_tl_cut *cut) {
  if (!cut->plain) {
    cds_builder_print(to, " length %llu", (unsigned long long)cut->length);
  }
  cds_builder_put(to, "\n");
}

static void put_loops(cds_builder *to, cds_tl *it, unsigned c) {
  const cds_tl_directive *at = find(it, c, CDS_TL_TEMPORAL);
  for (unsigned n = at == NULL ? 0 : at->loops.ordered; n-- > 0;) {
    const unsigned dim = at->loops.order[n];
    const cds_tl_factor *factor = &at->loops.factor[dim];
    if (!it->used[dim] || !factor->given || factor->bound == 1) {
      continue;
    }
    const cds_tl_cut cut = cut_of(it, 2 * c, dim);
    warn_of_nothing(it, at, 2 * c, dim, &cut);
    if (cut.pieces > 1) {
      cds_builder_print(to, "    - for %s %llu", it->dim[dim],
                        (unsigned long long)cut.pieces);
      put_length(to, &cut);
    }
  }
}

/* Spreads: the first `split` dimensions of the permutation are on X, our
 * columns, inside of those on Y, our rows. */
static void put_spreads(cds_builder *to, cds_tl *it, unsigned c) {
  const cds_tl_directive *at = find(it, c, CDS_TL_SPATIAL);
  uint64_t cols = 1;
  uint64_t rows = 1;
  const char *name = cds_tl_array(&cols, &rows, it, c + 1);
  for (unsigned n = at == NULL ? 0 : at->loops.ordered; n-- > 0;) {
    const unsigned dim = at->loops.order[n];
    const cds_tl_factor *factor = &at->loops.factor[dim];
    const bool x = n < at->split; /* without a split all are on X */
    if (!it->used[dim] || !factor->given || factor->bound == 1) {
      continue;
    }
    if (name == NULL || (x ? cols : rows) == 1) {
      cds_tl_error(it, at->place,
                   "'%s' is spread over %s below '%s', which has one element "
                   "there: expected a factor of 1",
                   it->dim[dim], x ? "X" : "Y", it->component[c].foreign);
      continue;
    }
    const cds_tl_cut cut = cut_of(it, 2 * c + 1, dim);
    warn_of_nothing(it, at, 2 * c + 1, dim, &cut);
    if (cut.pieces == 1) {
      continue;
    }
    cds_builder_print(to, "    - spread %s %llu over %s%s%s", it->dim[dim],
                      (unsigned long long)cut.pieces, name,
                      cols == 1 || rows == 1 ? ""
                      : x                    ? ".cols"
                                             : ".rows",
                      cut.even ? "" : " contiguous");
    put_length(to, &cut);
  }
}

cds_status cds_tl_write_mapping(cds_import_document *out, cds_tl *it) {
  cds_builder to = {.arena = it->reader->arena};
  head(&to, it, "mapping");
  cds_builder_print(&to, "mapping:\n  layer: %s\n  nest:\n", it->shape);
  for (unsigned c = 0; c + 1 < it->components; c++) {
    put_hold(&to, it, c);
    put_loops(&to, it, c);
    put_spreads(&to, it, c);
  }
  return cds_tl_close(out, &to);
}
