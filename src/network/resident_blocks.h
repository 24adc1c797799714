/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resident_blocks: what may stay on chip in a workload on a design, as a
 * problem of reside.h; all but what it costs.
 *
 * Tensors that may stay (*items*): the parameters of a layer, where it is known
 * how often each layer of its kind runs with the same ones (cds_layer.steps). A
 * layer that stands for `copies` layers has as many such tensors. Layers of two
 * phases that differ in the phase's name only have the same parameters.
 *
 * And caches of keys or values (cds_layer.cache), which the attention layers of
 * a decode phase have in common, whatever length they have come to: one that
 * stays takes the room of the longest all the time. Each run of the phase
 * brings it anew: every word that is ever in it comes from the outermost level
 * once, whether it is there before the first step or is new in one; what makes
 * new ones writes them there as ever.
 *
 * A *block* is a layer or a chain where it stands in the workload. Blocks that
 * have tensors in common, in different phases, make a cell of reside.h, whose
 * instances are the copies. A block runs count / copies times for each.
 *
 * What a layer of a chain hands to a later one (an intermediate of the chain)
 * may be at home on chip from the layer that makes it to the last that uses it
 * (a *link*): whole, never brought from the outermost level nor taken there.
 * Layers between these leave it its room. A chain that runs layer by layer has
 * one way for each set of its links.
 */
#ifndef CDS_NETWORK_RESIDENT_BLOCKS_H
#define CDS_NETWORK_RESIDENT_BLOCKS_H

#include "network/network.h"
#include "network/reside.h"

/* Tensors of one cell: more do not stay. */
enum { CDS_RESIDENT_ITEMS_MAX = 6 };

typedef struct cds_resident_item {
  size_t layer; /* the first that has it */
  unsigned tensor;
  bool cache;       /* is brought in each run */
  uint64_t bits;    /* of one copy */
  uint64_t brought; /* words, once or in each run */
  uint64_t copies;
  size_t cell;
  unsigned number; /* in the cell */
} cds_resident_item;

typedef struct cds_resident_block {
  size_t first; /* layer of the workload */
  const cds_network_unit *unit;
  size_t cell;
} cds_resident_block;

/* What one search answers: a layer with tensors at home, or a chain fused. */
typedef struct cds_resident_question {
  size_t kind;       /* of layers */
  size_t unit;       /* of the chain; SIZE_MAX: a layer */
  uint32_t homes;    /* tensors at home: of the einsum; of an operation those
                        that go row by row, its result the last */
  uint64_t own_bits; /* of these, as long as they are in this layer */
} cds_resident_question;

typedef struct cds_resident_blocks {
  const cds_network_plan *plan;
  unsigned level;  /* where tensors stay; 0: nowhere */
  size_t *item_of; /* by layer; SIZE_MAX: nothing of it may stay */
  size_t items, blocks, questions;
  cds_resident_item *item;
  cds_resident_block *block;
  cds_resident_question *question;
  bool *late;
  /* The arrays of the problem, for the costs to be filled in. */
  cds_reside_term *term;
  cds_reside_way *way;
  cds_reside_use *use;
  cds_reside_option *option;
  cds_reside_cell *cell;
  uint32_t *mask;       /* by option: items of the cell that stay */
  unsigned *handed;     /* by way: links that are at home */
  size_t *block_of_use; /* by use */
  cds_reside_problem problem;
} cds_resident_blocks;

/* The largest level above all arrays; 0: there is none below the outermost. */
unsigned cds_resident_level(const cds_arch *arch);
/* The tensor of the layer that may stay at the level, or UINT_MAX. */
unsigned cds_resident_tensor(const cds_arch *arch, const cds_layer *layer,
                             unsigned level);
/* The einsum with tensors at home at the level, never brought there nor taken
 * away. `out` must stay where it is. */
void cds_resident_pass(cds_fused_pass *out, const cds_einsum *einsum,
                       uint32_t homes, unsigned level);
/* The operation likewise. */
void cds_resident_operation(cds_operation *out, const cds_operation *operation,
                            uint32_t homes, unsigned level);
/* Whether anything may stay or be handed on, as the plan asks for. */
bool cds_resident_possible(const cds_arch *arch, const cds_network_plan *plan);
/* Tensors of a layer of a unit that may be at home there. */
uint32_t cds_resident_homes(const cds_arch *arch, const cds_network_plan *plan,
                            const cds_network_unit *unit, size_t part);
/* Everything lives in the arena. CDS_ENOMEM. */
cds_status cds_resident_list(cds_resident_blocks *out, const cds_arch *arch,
                             const cds_network_plan *plan, cds_arena *arena);

#endif
