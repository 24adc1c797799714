/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A design, a layer and its mapping as Timeloop's input: the lowered form of
 * version 0.4, with energies and areas as tables. Words of a level are its
 * `word`, or the widest tensor's bits; energies by the bit become those of a
 * whole access. What Timeloop has no word for is left out with a warning (first
 * fills, drains, buses, vector units) or refused (several arrays between two
 * levels, two loops over one rank at a level).
 */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/builder.h"
#include "base/text.h"
#include "count/timeloop_nest.h"
#include "export/exporter.h"
#include "price/price.h"

typedef struct writer {
  const cds_arch *arch;
  const cds_einsum *einsum;
  const cds_mapping *mapping;
  const cds_reader *reader;
  cds_place place;
  cds_timeloop_nest nest;
  cds_builder to;
  bool wrong;
} writer;

static const char *number(writer *w, double value) {
  const char *text =
      cds_builder_number(w->reader->arena, cds_round_decimal(value, 15));
  w->to.failed = w->to.failed || text == NULL;
  return text == NULL ? "" : text;
}

static unsigned word_of(const writer *w, unsigned level) {
  unsigned bits = w->arch->level[level].word_bits;
  if (bits > 0) {
    return bits;
  }
  bits = w->einsum->tensor[w->einsum->tensors - 1].accumulator.bits;
  for (unsigned t = 0; t < w->einsum->tensors; t++) {
    const unsigned own = w->einsum->tensor[t].format.bits;
    bits = own > bits ? own : bits;
  }
  return bits > 0 ? bits : 1;
}

static uint64_t block_of(const writer *w, unsigned level) {
  const uint64_t block = w->arch->level[level].width_bits / word_of(w, level);
  return block > 0 ? block : 1;
}

/* ---- architecture and tables -------------------------------------------- */

typedef struct mesh {
  uint64_t x, y;
} mesh;

/* Instances at a level; of the compute units for `levels`. */
static mesh mesh_at(const writer *w, unsigned level) {
  mesh all = {1, 1};
  for (unsigned above = 0; above < level; above++) {
    all.x *= w->nest.block[above].cols;
    all.y *= w->nest.block[above].rows;
  }
  return all;
}

static void put_bandwidth(writer *w, const char *key, double bits,
                          unsigned word) {
  if (isfinite(bits)) {
    cds_builder_print(&w->to, ", %s: %s", key, number(w, bits / word));
  }
}

static const cds_array *array_below(const writer *w, unsigned level) {
  const cds_arch *arch = w->arch;
  const unsigned above = arch->level[level].depth;
  const unsigned below =
      level + 1 < arch->levels ? arch->level[level + 1].depth : arch->arrays;
  return below > above ? &arch->array[above] : NULL;
}

static void put_network(writer *w, unsigned level) {
  const cds_array *array = array_below(w, level);
  if (array == NULL) {
    return;
  }
  if (array->network == CDS_NETWORK_MESH && array->bit_pj > 0.0) {
    cds_builder_print(&w->to, ", energy_per_hop: %s",
                      number(w, array->bit_pj * word_of(w, level)));
  } else if (array->bit_pj > 0.0) {
    cds_diag_warning(w->reader->diag, array->place,
                     "the energy of array '%s' is left out: Timeloop prices "
                     "hops over a mesh only",
                     array->name);
  }
  cds_builder_print(&w->to, ", reduction_supported: %s",
                    array->reduction ? "true" : "false");
}

static void put_level(writer *w, unsigned level) {
  const cds_level *at = &w->arch->level[level];
  const mesh all = mesh_at(w, level);
  const unsigned long long instances = all.x * all.y;
  const unsigned word = word_of(w, level);
  const unsigned long long width = block_of(w, level) * word;
  cds_builder_print(&w->to,
                    "    - name: %s[1..%llu]\n      class: %s\n"
                    "      attributes: {meshX: %llu, meshY: %llu, width: %llu, "
                    "datawidth: %u",
                    at->name, instances,
                    level == 0                               ? "DRAM"
                    : strcmp(at->class_name, "regfile") == 0 ? "regfile"
                                                             : "SRAM",
                    (unsigned long long)all.x, (unsigned long long)all.y, width,
                    word);
  if (at->size_bits != UINT64_MAX) {
    cds_builder_print(&w->to, ", entries: %llu",
                      (unsigned long long)(at->size_bits / word));
  }
  put_bandwidth(w, "read_bandwidth", at->read_bandwidth, word);
  put_bandwidth(w, "write_bandwidth", at->write_bandwidth, word);
  put_bandwidth(w, "shared_bandwidth", at->shared_bandwidth, word);
  put_network(w, level);
  cds_builder_put(&w->to, "}\n");
}

static void put_architecture(writer *w) {
  const mesh all = mesh_at(w, w->arch->levels);
  const unsigned long long instances = all.x * all.y;
  cds_builder_print(
      &w->to,
      "architecture:\n  version: '0.4'\n  subtree:\n  - name: %s\n"
      "    attributes: {global_cycle_seconds: %s}\n    local:\n",
      w->arch->name, number(w, 1.0 / w->arch->clock_hz));
  for (unsigned level = 0; level < w->arch->levels; level++) {
    put_level(w, level);
  }
  cds_builder_print(&w->to,
                    "    - name: %s[1..%llu]\n      class: intmac\n"
                    "      attributes: {meshX: %llu, meshY: %llu}\n",
                    w->arch->compute.name, instances, (unsigned long long)all.x,
                    (unsigned long long)all.y);
}

static void put_action(writer *w, const char *name, double energy) {
  cds_builder_print(&w->to, "    - {name: %s, arguments: {}, energy: %s}\n",
                    name, number(w, energy));
}

static void put_energies(writer *w, unsigned format) {
  static const char *const names[] = {"read", "fill", "update"};
  cds_builder_put(&w->to, "ERT:\n  version: '0.4'\n  tables:\n");
  for (unsigned level = 0; level < w->arch->levels; level++) {
    const cds_level *at = &w->arch->level[level];
    const double bits = (double)block_of(w, level) * (double)word_of(w, level);
    cds_builder_print(&w->to, "  - name: %s.%s\n    actions:\n", w->arch->name,
                      at->name);
    for (unsigned action = 0; action < 3; action++) {
      put_action(w, names[action],
                 at->price[action].access_pj + at->price[action].bit_pj * bits);
    }
    put_action(w, "leak", cds_level_standing_w(at) * 1e12 / w->arch->clock_hz);
  }
  cds_builder_print(&w->to, "  - name: %s.%s\n    actions:\n", w->arch->name,
                    w->arch->compute.name);
  put_action(w, "compute", w->arch->compute.mac_pj[format]);
}

static void put_areas(writer *w) {
  cds_builder_put(&w->to, "ART:\n  version: '0.4'\n  tables:\n");
  for (unsigned level = 0; level < w->arch->levels; level++) {
    cds_builder_print(&w->to, "  - {name: %s.%s, area: %s}\n", w->arch->name,
                      w->arch->level[level].name,
                      number(w, w->arch->level[level].area_um2));
  }
  cds_builder_print(&w->to, "  - {name: %s.%s, area: %s}\n", w->arch->name,
                    w->arch->compute.name,
                    number(w, w->arch->compute.area_um2));
}

/* ---- problem ------------------------------------------------------------ */

static void put_axis(writer *w, const cds_axis *axis) {
  cds_builder_put(&w->to, "        - [");
  for (unsigned term = 0; term < axis->terms; term++) {
    const char *rank = w->einsum->rank[axis->term[term].rank].name;
    const uint64_t factor = axis->term[term].coefficient;
    cds_builder_print(&w->to, "%s[%s", term > 0 ? ", " : "", rank);
    if (factor > 1) {
      cds_builder_print(&w->to, ", x%llu", (unsigned long long)factor);
    }
    cds_builder_put(&w->to, "]");
  }
  cds_builder_put(&w->to, "]\n");
}

/* Coefficients have names in Timeloop: x2 is 2. */
static void put_coefficients(writer *w) {
  uint64_t known[CDS_TENSORS_MAX * CDS_AXES_MAX * CDS_TERMS_MAX];
  size_t count = 0;
  for (unsigned t = 0; t < w->einsum->tensors; t++) {
    const cds_tensor *tensor = &w->einsum->tensor[t];
    for (unsigned a = 0; a < tensor->axes; a++) {
      for (unsigned term = 0; term < tensor->axis[a].terms; term++) {
        const uint64_t factor = tensor->axis[a].term[term].coefficient;
        size_t at = 0;
        while (at < count && known[at] != factor) {
          at++;
        }
        if (factor > 1 && at == count) {
          cds_builder_print(&w->to, "%s    - {name: x%llu, default: %llu}\n",
                            count == 0 ? "    coefficients:\n" : "",
                            (unsigned long long)factor,
                            (unsigned long long)factor);
          known[count++] = factor;
        }
      }
    }
  }
}

static void put_problem(writer *w, const char *name) {
  const cds_einsum *einsum = w->einsum;
  cds_builder_print(&w->to,
                    "problem:\n  version: '0.4'\n  shape:\n    name: %s\n"
                    "    dimensions: [",
                    name);
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    cds_builder_print(&w->to, "%s%s", rank > 0 ? ", " : "",
                      einsum->rank[rank].name);
  }
  cds_builder_put(&w->to, "]\n");
  put_coefficients(w);
  cds_builder_put(&w->to, "    data_spaces:\n");
  for (unsigned t = 0; t < einsum->tensors; t++) {
    cds_builder_print(&w->to, "    - name: %s\n      projection:\n",
                      einsum->tensor[t].name);
    for (unsigned axis = 0; axis < einsum->tensor[t].axes; axis++) {
      put_axis(w, &einsum->tensor[t].axis[axis]);
    }
    if (t + 1 == einsum->tensors) {
      cds_builder_put(&w->to, "      read_write: true\n");
    }
  }
  cds_builder_put(&w->to, "  instance: {");
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    cds_builder_print(&w->to, "%s%s: %llu", rank > 0 ? ", " : "",
                      einsum->rank[rank].name,
                      (unsigned long long)einsum->rank[rank].size);
  }
  cds_builder_put(&w->to, "}\n");
}

/* ---- mapping ------------------------------------------------------------ */

static bool keeps(const writer *w, unsigned tensor, unsigned level) {
  for (unsigned n = 0; n < w->mapping->nodes; n++) {
    const cds_node *node = &w->mapping->node[n];
    if (node->kind == CDS_HOLD && node->tensor == tensor &&
        node->level == level) {
      return true;
    }
  }
  return false;
}

static void put_spaces(writer *w, unsigned level, bool kept) {
  const char *between = "";
  cds_builder_print(&w->to, ", %s: [", kept ? "keep" : "bypass");
  for (unsigned t = 0; t < w->einsum->tensors; t++) {
    if (keeps(w, t, level) == kept) {
      cds_builder_print(&w->to, "%s%s", between, w->einsum->tensor[t].name);
      between = ", ";
    }
  }
  cds_builder_put(&w->to, "]");
}

/* A rank has one factor a directive. */
static void check_once(writer *w, unsigned level, unsigned first,
                       unsigned end) {
  for (unsigned a = first; a < end; a++) {
    for (unsigned b = a + 1; b < end; b++) {
      const unsigned rank = w->nest.loop[a].rank;
      if (rank == w->nest.loop[b].rank) {
        cds_diag_error(w->reader->diag, w->place,
                       "rank '%s' has two loops at '%s': expected one, as "
                       "Timeloop has one factor a level",
                       w->einsum->rank[rank].name, w->arch->level[level].name);
        w->wrong = true;
        return;
      }
    }
  }
}

/* Loops first .. end - 1, inner to outer; of spreads those along the columns
 * (`rows` 0), then those along the rows. */
static void put_order(writer *w, unsigned first, unsigned end, bool spreads) {
  const char *between = "";
  for (unsigned pass = 0; pass < (spreads ? 2U : 1U); pass++) {
    for (unsigned at = end; at-- > first;) {
      const cds_timeloop_loop *loop = &w->nest.loop[at];
      if (!spreads || loop->rows == (pass == 1)) {
        cds_builder_print(&w->to, "%s%s", between,
                          w->einsum->rank[loop->rank].name);
        between = ",";
      }
    }
  }
}

static void put_loops(writer *w, unsigned level, bool spreads) {
  const cds_timeloop_block *block = &w->nest.block[level];
  const unsigned first = spreads ? block->spread : block->first;
  const unsigned end = spreads ? block->end : block->spread;
  const char *between = "";
  unsigned columns = 0;
  check_once(w, level, first, end);
  if (first == end) {
    return;
  }
  cds_builder_print(&w->to, "- {target: %s, type: %s, factors: \"",
                    w->arch->level[level].name,
                    spreads ? "spatial" : "temporal");
  for (unsigned at = first; at < end; at++) {
    const cds_timeloop_loop *loop = &w->nest.loop[at];
    cds_builder_print(&w->to, "%s%s=%llu", between,
                      w->einsum->rank[loop->rank].name,
                      (unsigned long long)loop->trips);
    if (loop->last != loop->trips) {
      cds_builder_print(&w->to, ",%llu", (unsigned long long)loop->last);
    }
    between = " ";
    columns += !loop->rows;
  }
  cds_builder_put(&w->to, "\", permutation: \"");
  put_order(w, first, end, spreads);
  cds_builder_put(&w->to, "\"");
  if (spreads) {
    cds_builder_print(&w->to, ", split: %u", columns);
  }
  cds_builder_put(&w->to, "}\n");
}

static void put_mapping(writer *w) {
  cds_builder_put(&w->to, "mapping:\n");
  for (unsigned level = w->arch->levels; level-- > 0;) {
    cds_builder_print(&w->to, "- {target: %s, type: datatype",
                      w->arch->level[level].name);
    put_spaces(w, level, true);
    put_spaces(w, level, false);
    cds_builder_put(&w->to, "}\n");
    put_loops(w, level, true);
    put_loops(w, level, false);
  }
}

/* ---- documents ---------------------------------------------------------- */

static void begin(writer *w) {
  w->to = (cds_builder){.arena = w->reader->arena, .failed = w->to.failed};
  cds_builder_put(&w->to, "# Written by codesign for Timeloop\n");
}

static void finish(cds_export *out, writer *w, const char *file) {
  out->document[out->documents++] = (cds_export_document){file, w->to.start};
}

cds_status cds_export_timeloop(cds_export *out,
                               const cds_export_subject *subject,
                               const cds_reader *reader) {
  writer *w = cds_arena_alloc(reader->arena, sizeof *w);
  cds_export result = {0};
  if (w == NULL) {
    return CDS_ENOMEM;
  }
  w->arch = subject->arch;
  w->einsum = &subject->layer->einsum;
  w->mapping = subject->mapping;
  w->place = subject->place;
  w->reader = reader;
  CDS_TRY(cds_timeloop_nest_read(&w->nest, w->arch, w->einsum, w->mapping,
                                 w->place, reader->diag));
  const unsigned format = cds_compute_format(w->arch, w->einsum);
  if (format == UINT_MAX) {
    cds_diag_error(reader->diag, subject->layer->place,
                   "'%s' has no number format for layer '%s': expected one "
                   "that covers its operands",
                   w->arch->compute.name, subject->layer->name);
    return CDS_EINPUT;
  }
  begin(w);
  put_architecture(w);
  finish(&result, w, "arch.yaml");
  begin(w);
  put_problem(w, subject->layer->name);
  finish(&result, w, "problem.yaml");
  begin(w);
  put_mapping(w);
  finish(&result, w, "mapping.yaml");
  begin(w);
  put_energies(w, format);
  finish(&result, w, "ERT.yaml");
  begin(w);
  put_areas(w);
  finish(&result, w, "ART.yaml");
  if (w->to.failed || w->wrong) {
    return w->to.failed ? CDS_ENOMEM : CDS_EINPUT;
  }
  *out = result;
  return CDS_OK;
}
