/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ways to run a chain, along the border; see fused_bound.h. */
#include "verify/fused_bound.h"

#include "verify/border.h"

static cds_status ask(cds_fused_least *out, void *of, const cds_fused_aim *aim,
                      uint64_t boxes) {
  cds_fused_ways left = *(const cds_fused_ways *)of;
  left.space.boxes_most -= boxes;
  return cds_fused_ways_least(out, &left, aim);
}

cds_status cds_fused_bound(cds_walk_result *out, const cds_fused_ways *ways,
                           cds_objective objective, double bound,
                           const cds_worth *claimed) {
  cds_fused_ways own = *ways;
  const cds_border border = {
      .ask = ask, .of = &own, .objective = objective, .bound = bound};
  return cds_border_close(out, &border, claimed);
}
