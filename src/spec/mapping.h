/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A mapping: nodes from outside in. compute stands implicitly at the end.
 *   [hold A B O at DRAM, for k 2, for m 2, spread n 2 over PE, hold A at RF]
 *
 * Meaning, used by count and by the simulator of the tests alike:
 * - The loops and spreads on one rank cut its range, from outside in. Nominal
 *   lengths: n_0 = the rank's size, n_(i+1) = ceil(n_i / f_i), the last is 1;
 *   a loop or contiguous spread may say a longer n_(i+1) (`for n 2 length 16`);
 *   no factor leaves a pass or an instance with nothing: f_i = ceil(n_i /
 *   n_(i+1)) of loops and contiguous spreads, f_i <= n_i of the other spreads.
 *   (Perfect factors, whose product is the size, are the digits of the index in
 *   mixed radix: all pieces of a node are equally long.) A piece of length l <=
 *   n_i that begins at b:
 *     for f                 pass j takes b + j c to b + min((j+1) c, l) - 1,
 *                           c = n_(i+1); passes without anything do not happen
 *     spread f ... contiguous   instance j takes what pass j would
 *     spread f (balanced)   blocks, one after the other; the first l mod f
 *                           instances take ceil(l / f), the others floor(l / f)
 *     spread f ... cyclic   instance j takes b + j, b + j + f, b + j + 2 f, ...
 *   So an index has one digit a node, and a longer piece has all the digits of
 *   a shorter one: the instance with all coordinates 0 is never idle.
 * - All instances walk the loops in lock step. A pass lasts until the busiest
 *   instance is through; one that has nothing in it idles.
 * - A level's instance is known by the coordinates of the arrays above it. The
 *   tile of `hold t at L` in an instance = projection on t of all points whose
 *   temporal digits above the node and whose spread digits of the arrays above
 *   L (wherever these spreads stand in the list) are fixed, all others free.
 * - A holder is hoisted: its place is behind the innermost loop above it on a
 *   rank that t has and with a nominal f > 1, as loops that t lacks change
 *   nothing. When a loop above that place goes on, the tile is replaced: what
 *   was in the tile just before stays (windows overlap), but nothing stays when
 *   no loop on a rank of t went on (one that t lacks did, and those of t inside
 *   of it had one pass left). An instance whose points in a pass are none, of
 *   ranks that t lacks too, idles in it: its tile is given up.
 * - A tensor's holders stand in the order of their levels, outermost first; the
 *   outermost level holds every tensor, before any loop.
 */
#ifndef CDS_SPEC_MAPPING_H
#define CDS_SPEC_MAPPING_H

#include "spec/arch.h"
#include "spec/einsum.h"

enum { CDS_NODES_MAX = 160 };

typedef enum cds_node_kind { CDS_HOLD, CDS_FOR, CDS_SPREAD } cds_node_kind;

/* How a spread deals a piece out to its instances. */
typedef enum cds_split {
  CDS_SPLIT_BALANCED,
  CDS_SPLIT_CONTIGUOUS,
  CDS_SPLIT_CYCLIC
} cds_split;

typedef struct cds_node {
  cds_node_kind kind;
  unsigned tensor; /* HOLD */
  union {
    unsigned level;  /* HOLD */
    cds_split split; /* SPREAD */
  };
  unsigned rank;  /* FOR, SPREAD */
  unsigned array; /* SPREAD */
  unsigned axis;  /* SPREAD: 0 or 1 */
  uint64_t trips; /* FOR, SPREAD: >= 1 */
  /* FOR, contiguous SPREAD: n_(i+1), where it is longer than ceil(n_i / f_i);
   * 0: it is that. */
  uint64_t length;
} cds_node;

typedef struct cds_mapping {
  unsigned nodes;
  cds_node node[CDS_NODES_MAX];
} cds_mapping;

/* Checks a mapping against einsum and architecture: names, order of holders,
 * factors, fan-outs, policies (keep, bypass), outermost holders, and that it
 * can be counted: a tensor with sliding windows must be cut evenly where the
 * spreads of the mapping use a network of links (not a bus).
 * Capacity is not checked here (count says what is needed, price compares).
 * Diagnoses at `place`; CDS_EINPUT when wrong. */
cds_status cds_mapping_validate(const cds_mapping *mapping,
                                const cds_arch *arch, const cds_einsum *einsum,
                                cds_place place, cds_diag *diag);
/* Reads the `nest:` sequence of a mapping file ("hold A B at GLB", "for k 4",
 * "spread n 8 over PE.cols", "spread n 8 over PE.cols cyclic"; a `hold` of
 * several tensors gives one node each). */
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
/* Lists the lines of so many nodes, each of which `write` makes of the node at
 * hand, and moves past it and what stands in the same line; NULL: no memory.
 * Returns the number of lines; `lines` is NULL when there is no memory. */
typedef const char *(*cds_node_writer)(unsigned *at, const void *nodes,
                                       cds_arena *arena);
size_t cds_node_lines(const char ***lines, unsigned count,
                      cds_node_writer write, const void *nodes,
                      cds_arena *arena);
/* One line of mapping text a node, neighbouring holds of one level joined:
 * the same words that cds_mapping_read takes. Returns the number of lines. */
size_t cds_mapping_lines(const char ***lines, const cds_mapping *mapping,
                         const cds_arch *arch, const cds_einsum *einsum,
                         cds_arena *arena);
/* Canonical order: fewer nodes first, then node by node (kind, then tensor,
 * level, rank, array, axis, trips, split). Less, equal, greater: -1, 0, 1. */
int cds_mapping_compare(const cds_mapping *a, const cds_mapping *b);
/* Whether the factors of every rank multiply to its size. */
bool cds_mapping_perfect(const cds_mapping *mapping, const cds_einsum *einsum);
/* n_(i+1) of a node that is not a holder, from n_i. */
uint64_t cds_node_length(const cds_node *node, uint64_t before);
/* Whether no piece of the mapping is shorter than another of its node, and
 * none is dealt out one by one where the tensor has windows (axes of two ranks
 * longer than 1): then digits and the closed forms of mixed radix do. */
bool cds_mapping_even(const cds_mapping *mapping, const cds_einsum *einsum,
                      unsigned tensor);
bool cds_tensor_has_windows(const cds_einsum *einsum, unsigned tensor);

#endif
