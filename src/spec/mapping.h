/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A mapping: nodes from outside in. compute stands implicitly at the end.
 *   [hold A B O at DRAM, for k 2, for m 2, spread n 2 over PE, hold A at RF]
 *
 * Meaning, used by count and by the simulator of the tests alike:
 * - The loops and spreads on one rank, from outside in, are the digits of its
 *   index in mixed radix (perfect factors: their product is the rank's size).
 *   A spread gives a contiguous block of what is left to each instance.
 * - A level's instance is known by the coordinates of the arrays above it. The
 *   tile of `hold t at L` in an instance = projection on t of all points whose
 *   temporal digits above the node and whose spread digits of the arrays above
 *   L (wherever these spreads stand in the list) are fixed, all others free.
 * - A tensor's holders stand in the order of their levels, outermost first; the
 *   outermost level holds every tensor, before any loop.
 */
#ifndef CDS_SPEC_MAPPING_H
#define CDS_SPEC_MAPPING_H

#include "spec/arch.h"
#include "spec/einsum.h"

enum { CDS_NODES_MAX = 160 };

typedef enum cds_node_kind { CDS_HOLD, CDS_FOR, CDS_SPREAD } cds_node_kind;

typedef struct cds_node {
  cds_node_kind kind;
  unsigned tensor; /* HOLD */
  unsigned level;  /* HOLD */
  unsigned rank;   /* FOR, SPREAD */
  unsigned array;  /* SPREAD */
  unsigned axis;   /* SPREAD: 0 or 1 */
  uint64_t trips;  /* FOR, SPREAD: >= 1 */
} cds_node;

typedef struct cds_mapping {
  unsigned nodes;
  cds_node node[CDS_NODES_MAX];
} cds_mapping;

/* Checks a mapping against einsum and architecture: names, order of holders,
 * products of factors, fan-outs, policies (keep, bypass), outermost holders.
 * Capacity is not checked here (count says what is needed, price compares).
 * Diagnoses at `place`; CDS_EINPUT when wrong. */
cds_status cds_mapping_validate(const cds_mapping *mapping,
                                const cds_arch *arch, const cds_einsum *einsum,
                                cds_place place, cds_diag *diag);
/* Reads the `nest:` sequence of a mapping file ("hold A B at GLB", "for k 4",
 * "spread n 8 over PE.cols"; a `hold` of several tensors gives one node each).
 */
cds_status cds_mapping_read(cds_mapping *out, const cds_yaml *nest,
                            const cds_arch *arch, const cds_einsum *einsum,
                            const cds_reader *reader);

/* One entry of a mapping file: which layer, and the raw nodes. */
typedef struct cds_mapping_entry {
  const char *layer;
  cds_place place;       /* of the entry */
  cds_place layer_place; /* of the layer's name */
  const cds_yaml *nest;
} cds_mapping_entry;

/* Reads `mapping: {layer: NAME, nest: [...]}`, or a list of such entries, in
 * the arena. The caller finds each layer and calls cds_mapping_read. Layers
 * are named once at most. */
cds_status cds_mapping_file_read(cds_mapping_entry **out, size_t *count,
                                 const char *path, const cds_reader *reader);
/* Likewise from a tree that was read before. */
cds_status cds_mapping_file_read_tree(cds_mapping_entry **out, size_t *count,
                                      const cds_yaml *root,
                                      const cds_reader *reader);
/* Where the entry first holds something at the level: the level's word; the
 * entry's place when it does not. */
cds_place cds_mapping_hold_place(const cds_mapping_entry *entry,
                                 const char *level);
/* One line of mapping text a node, neighbouring holds of one level joined:
 * the same words that cds_mapping_read takes. Returns the number of lines. */
size_t cds_mapping_lines(const char ***lines, const cds_mapping *mapping,
                         const cds_arch *arch, const cds_einsum *einsum,
                         cds_arena *arena);
/* Canonical order: fewer nodes first, then node by node (kind, then tensor,
 * level, rank, array, axis, trips). Less, equal, greater: -1, 0, 1. */
int cds_mapping_compare(const cds_mapping *a, const cds_mapping *b);

#endif
