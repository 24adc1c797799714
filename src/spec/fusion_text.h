/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Outer loops and homes of fused groups in words. */
#ifndef CDS_SPEC_FUSION_TEXT_H
#define CDS_SPEC_FUSION_TEXT_H

#include "spec/fusion.h"

/* The name that the first stage with the rank, or the first product with the
 * tensor, gives it; with the number of the first stage that has it, as in
 * "n@1", where another of the group has the same name. NULL: no memory. */
const char *cds_fused_rank_name(const cds_fused_group *group, unsigned rank,
                                cds_arena *arena);
const char *cds_fused_tensor_name(const cds_fused_group *group, unsigned tensor,
                                  cds_arena *arena);
/* "for b 4", "hold K V at GLB": a line for each loop, and for neighbouring
 * holds. Returns the number of lines; `lines` is NULL when there is no memory.
 */
size_t cds_outer_lines(const char ***lines, const cds_fused_group *group,
                       const cds_arch *arch, const cds_outer *outer,
                       cds_arena *arena);
/* Reads such lines from a sequence. CDS_EINPUT with messages, CDS_ENOMEM;
 * whether the nodes are right is for cds_fused_outer_wrong to say. */
cds_status cds_outer_read(cds_outer *out, const cds_yaml *list,
                          const cds_fused_group *group, const cds_arch *arch,
                          const cds_reader *reader);

#endif
