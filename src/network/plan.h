/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What cds_network_solve checks before it searches. */
#ifndef CDS_NETWORK_PLAN_H
#define CDS_NETWORK_PLAN_H

#include "network/network.h"

/* Energy (with leakage) and latency that no mapping of the layer undercuts;
 * the exact cost of an operation, 0 when it cannot be priced. CDS_ENOMEM. */
cds_status cds_layer_floor(cds_point *out, const cds_floor_asked *asked,
                           const cds_layer *layer);
/* Whether the chain is asked for fused mappings on the architecture. */
bool cds_chain_asked(const cds_network_plan *plan, const cds_arch *arch,
                     const cds_chain_group *chain);
/* What no fused mapping of the part undercuts, leakage included; INFINITY where
 * it is not asked or there is none. CDS_ENOMEM. */
cds_status cds_part_floor(cds_point *out, const cds_floor_asked *asked,
                          const cds_network_plan *plan,
                          const cds_plan_part *part);
/* cds_layer_floor of a unit of the plan, fused or not. CDS_ENOMEM. */
cds_status cds_unit_floor(cds_point *out, const cds_floor_asked *asked,
                          const cds_network_plan *plan, size_t index);
/* Fills in what a layer is as a stage of a fused group; `at` without its pass.
 * CDS_ENOMEM, CDS_ELIMIT. */
cds_status cds_layer_result_stage(cds_layer_result *result,
                                  const cds_arch *arch,
                                  const cds_fuse_result *fused,
                                  const cds_layer_fused *at, cds_arena *arena);
/* The plan of the options, or one that is made for them. CDS_ENOMEM. */
cds_status cds_network_plan_of(const cds_network_plan **out,
                               const cds_workload *workload,
                               const cds_network_options *options,
                               cds_arena *arena);
/* cds_network_solve on the plan of the options, which is there, without the
 * longer chains. */
cds_status cds_network_solve_plan(cds_network_result *out, const cds_arch *arch,
                                  const cds_workload *workload,
                                  cds_arena *arena,
                                  const cds_network_options *options,
                                  cds_diag *diag);
/* Whether weights, KV cache and activations fit the outermost level; diagnoses
 * the sum. CDS_EINFEASIBLE. */
cds_status cds_network_footprint(const cds_arch *arch,
                                 const cds_workload *workload, cds_diag *diag);
/* Whether leakage leaves anything of the power limit. CDS_EINFEASIBLE. */
cds_status cds_network_leakage(const cds_arch *arch, double power_limit_w,
                               cds_diag *diag);

#endif
