/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resident: a network whose weights may stay on chip over its steps and runs,
 * and whose chains may hand results on there, layer by layer.
 *
 * What counts. A weight that stays (is *pinned*) is at home, whole, at one
 * level (resident_blocks.h) in each run of its layer: not a word of it comes
 * from the outermost level then (spec/stage.h, loads 0). It takes its room
 * there in all layers of the network, those of other phases included: their
 * mappings must fit in what is left. Before the first of `runs` runs of the
 * workload it is brought once: its words are read at the outermost level, pass
 * the bonds on the way and fill the home, as long as the busiest port or bond
 * needs, while nothing else happens; with leakage, and as slowly as a power
 * limit demands. A run carries 1 / runs of that. Nothing is written back.
 *
 * Each layer of a kind has its own weights, so that some of them may stay and
 * others not. A chain may run fused in the room that is left; it then takes its
 * weights from the outermost level.
 *
 * Exactness. At a price of time the best choice is that of reside.h. The whole
 * network is one layer of hull.h whose points are the choices and whose
 * questions are answered so: the least of the objective lies on the lower hull
 * of its points, as there.
 *
 * Never worse. The best network without anything that stays, within the same
 * limits, is one of the points (cds_resident_set_without): it is answered where
 * nothing takes less, but for rounding, and where time is up. The walk of
 * network.c has it as its incumbent and ends with it unless something is better
 * by more than rounding: under limits, too, whose best choice may lie off the
 * hull, and however early the searches stop.
 */
#ifndef CDS_NETWORK_RESIDENT_H
#define CDS_NETWORK_RESIDENT_H

#include "network/hull.h"
#include "network/resident_search.h"

/* The solution that is the network without anything that stays. */
#define CDS_RESIDENT_WITHOUT SIZE_MAX

typedef struct cds_resident cds_resident;

/* Where something may stay. The arena outlives it; asker and plan stay where
 * they are. CDS_ENOMEM; CDS_EINPUT as cds_price_einsum. */
cds_status cds_resident_begin(cds_resident **out, const cds_asker *asker,
                              cds_arena *arena);
void cds_resident_end(cds_resident *resident);
/* A choice in hand: once time is up, it is the answer to what is not answered
 * yet. */
void cds_resident_set_without(cds_resident *resident, cds_point without);
/* The whole network as a layer of the hull. */
cds_hull_layer cds_resident_layer(const cds_resident *resident);
/* A cds_hull_solver of that layer: the payload is a resident. */
cds_status cds_resident_solve(cds_hull_ask *ask, size_t asks, void *payload);
/* The layers of a solution, into a result that has those of the network
 * without; details as there. CDS_ENOMEM, CDS_ELIMIT. */
cds_status cds_resident_fill(cds_network_result *result, cds_resident *resident,
                             size_t solution);
/* How many weights might stay, and for how many runs. */
void cds_resident_about(cds_residency_result *out,
                        const cds_resident *resident);
/* Nodes opened by its searches. */
uint64_t cds_resident_nodes(const cds_resident *resident);
/* What no mapping of a layer of a unit undercuts, whatever is at home; `out` is
 * that of the layer alone, and becomes the least of both. */
cds_status cds_resident_floor(cds_point *out, const cds_floor_asked *asked,
                              const cds_network_plan *plan,
                              const cds_network_unit *unit, size_t part);

#endif
