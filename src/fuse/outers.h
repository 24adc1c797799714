/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All choices of outer nodes of a group, each with floors of its stages. */
#ifndef CDS_FUSE_OUTERS_H
#define CDS_FUSE_OUTERS_H

#include "fuse/fuse.h"
#include "search/floor_memo.h"

enum {
  CDS_LOOP_CLASSES_MAX = 8,
  CDS_OUTERS_MAX = 1 << 20, /* choices */
  CDS_NO_PLACE = 0xff
};

/* Ranks that the same tensors and stages have, as one, but for those of a mask:
 * each is alone. Ranks of an operation's rows and others are apart: loops on
 * the first leave a pass parts of its parameters. */
typedef struct cds_loop_class {
  unsigned ranks;
  unsigned rank[CDS_FUSED_RANKS_MAX];
  uint64_t size;
  uint32_t tensors, stages; /* that have them, as bits */
  uint32_t rows;            /* stages that have them in their rows */
  size_t divisors;
  uint64_t *divisor; /* rising */
} cds_loop_class;

typedef struct cds_outer_choice {
  bool pipelined;
  uint8_t level; /* home of all that is at home */
  uint8_t loops;
  uint8_t class[CDS_LOOP_CLASSES_MAX]; /* from outside in */
  uint64_t trips[CDS_LOOP_CLASSES_MAX];
  uint8_t place[CDS_FUSED_TENSORS_MAX]; /* loops outside; CDS_NO_PLACE: not at
                                           home */
  double dynamic_pj, latency_s;         /* no less in all stages together */
} cds_outer_choice;

/* All choices with the same trips: opened only where they may matter. */
typedef struct cds_outer_trips {
  uint64_t trips[CDS_LOOP_CLASSES_MAX]; /* of each class */
  uint8_t level;
  double dynamic_pj, latency_s; /* no less in any of them */
  bool listed;
  size_t first, count; /* of its choices, once they are listed */
} cds_outer_trips;

typedef struct cds_outers {
  const cds_arch *arch;
  const cds_fused_group *group;
  double power_limit_w;
  cds_arena *arena, *scratch;
  cds_floor_keep floors; /* of all stages, and of those before */
  cds_floor_memo *memo;  /* of them, priced */
  unsigned classes;
  cds_loop_class class[CDS_LOOP_CLASSES_MAX];
  size_t vectors, vector_room;
  cds_outer_trips *vector; /* heap memory */
  size_t count, room;
  cds_outer_choice *choice; /* heap memory */
} cds_outers;

/* Lists all vectors of trips; arch, group, power_limit_w and arenas are set. */
cds_status cds_outers_begin(cds_outers *outers);
/* Lists the choices of a vector. */
cds_status cds_outers_list(cds_outers *outers, size_t vector);
void cds_outers_free(cds_outers *outers);
/* The vectors, with their bounds, once classes are made (trips.c). */
cds_status cds_outers_vectors(cds_outers *outers);
/* The classes of ranks that loops may stand on. CDS_ENOMEM, CDS_ELIMIT. */
cds_status cds_outers_classes(cds_outers *outers);
/* Of a vector the loops that the stage has, and homes of all intermediates. */
void cds_outers_stage_nodes(cds_outer *out, const cds_outers *outers,
                            const cds_outer_trips *vector, unsigned stage);
/* Passes of the loops that a stage has, all others left out; of all loops where
 * it is no stage. */
double cds_outers_passes(const cds_outers *outers,
                         const cds_outer_trips *vector, unsigned stage);
/* Whether tiles of a tensor that is no intermediate may stay at home. */
bool cds_outers_may_stay(const cds_outers *outers, unsigned tensor);
/* Writes the nodes of a choice. */
void cds_outers_nodes(cds_outer *out, const cds_outers *outers,
                      const cds_outer_choice *choice);
/* The cost and the words of a stage that is no product, of all passes; in a
 * pipelined group without the time that it hides (price/pipeline.h), which is
 * `hidden_s`. */
cds_status cds_outers_operation(cds_cost *out, cds_operation_counts *counts,
                                double *hidden_s, const cds_outers *outers,
                                const cds_fused_pass *pass, unsigned stage);
/* Puts the output that an online softmax rescales where that takes least: at
 * home, for good. Elsewhere the same words are moved there, and more. */
void cds_outers_bring_output(cds_fused_pass *pass, unsigned level);
/* Whether what is at home leaves no level too small. */
bool cds_outers_homes_fit(const cds_outers *outers, const cds_fused_pass *pass);
/* What a stage takes at least under outer nodes: bounds for a product, the cost
 * for another operation, which hides `hidden_s`. CDS_EINFEASIBLE when not even
 * what must be there fits. */
cds_status cds_outers_floor(cds_floor *out, double *hidden_s,
                            cds_outers *outers, const cds_fused_pass *pass,
                            unsigned stage);
/* Time that an operation might hide in a pipelined group, where the group may
 * be one, s. A pipeline takes no less than all stages one after the other less
 * what operations hide, and no less than its operations take. */
double cds_outers_hides_s(const cds_outers *outers, const cds_cost *cost);
/* The floor of a product that is no pair of the first space, with the least of
 * what any of these tensors (bits) at its other home takes. */
void cds_outers_any_floor(cds_floor *out, const cds_outers *outers,
                          const cds_fused_pass *pass, const cds_home *other,
                          unsigned may);
/* The same of a product with the least energy and the least time of what any of
 * these tensors (bits) at its other home takes. */
cds_status cds_outers_least_floor(cds_floor *out, cds_outers *outers,
                                  const cds_fused_pass *pass,
                                  const cds_home *other, unsigned may);

#endif
