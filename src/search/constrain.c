/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/constrain.h"

#include <string.h>

static bool any_limit(const cds_dim *dim,
                      const cds_range ranges[CDS_RANKS_MAX]) {
  return !cds_range_allows(dim, ranges, 1) ||
         !cds_range_allows(dim, ranges, dim->size);
}

cds_status cds_constrain_begin(cds_general *general) {
  if (general->rules == NULL) {
    return CDS_OK;
  }
  for (unsigned d = 0; d < general->dims; d++) {
    const cds_dim *dim = &general->dim[d];
    for (unsigned r = 1; r <= general->groups + 1; r++) {
      const cds_range *ranges = general->rules->loop[r];
      if (!any_limit(dim, ranges)) {
        continue; /* NULL: all trips are allowed */
      }
      bool *allowed =
          cds_arena_array(general->arena, dim->divisors, sizeof *allowed);
      if (allowed == NULL) {
        return CDS_ENOMEM;
      }
      for (unsigned i = 0; i < dim->divisors; i++) {
        allowed[i] = cds_range_allows(dim, ranges, dim->divisor[i]);
      }
      general->allowed[r][d] = allowed;
    }
    for (unsigned g = 0; g <= general->groups; g++) {
      general->reached[g][d] =
          cds_arena_array(general->arena, dim->divisors, sizeof(bool));
      if (general->reached[g][d] == NULL) {
        return CDS_ENOMEM;
      }
    }
  }
  return CDS_OK;
}

/* Whether the trips from an extent to what is inside are allowed. */
static bool trips_allowed(const cds_general *general, unsigned region,
                          unsigned d, uint16_t outer, uint16_t inside) {
  const uint16_t trips = cds_quotient(&general->dim[d], outer, inside);
  const bool *allowed = general->allowed[region][d];
  return trips != CDS_NONE && (allowed == NULL || allowed[trips]);
}

/* Marks the extents of a group that some extent of the group outside leads to.
 */
static void reach_inwards(const cds_general *general, const cds_layout *layout,
                          unsigned group, unsigned d) {
  const cds_dim *dim = &general->dim[d];
  const bool *outer = general->reached[group - 1][d];
  bool *here = general->reached[group][d];
  for (unsigned i = 0; i < dim->divisors; i++) {
    const uint16_t inside =
        cds_product(dim, (uint16_t)i, layout->between[group].at[d]);
    here[i] = false;
    for (unsigned o = 0; o < dim->divisors && inside != CDS_NONE && !here[i];
         o++) {
      here[i] =
          outer[o] && trips_allowed(general, group, d, (uint16_t)o, inside);
    }
  }
}

/* Takes out those that lead to no extent of the group inside. */
static bool reach_outwards(const cds_general *general, const cds_layout *layout,
                           unsigned group, unsigned d) {
  const cds_dim *dim = &general->dim[d];
  bool *here = general->reached[group][d];
  const bool last = group == general->groups;
  const uint16_t spread = layout->between[group + 1].at[d];
  bool any = false;
  for (unsigned o = 0; o < dim->divisors; o++) {
    if (!here[o]) {
      continue;
    }
    here[o] = last && trips_allowed(general, group + 1, d, (uint16_t)o, spread);
    for (unsigned i = 0; i < dim->divisors && !last && !here[o]; i++) {
      const uint16_t inside = cds_product(dim, (uint16_t)i, spread);
      here[o] = general->reached[group + 1][d][i] && inside != CDS_NONE &&
                trips_allowed(general, group + 1, d, (uint16_t)o, inside);
    }
    any = any || here[o];
  }
  return any;
}

bool cds_constrain_layout(cds_descent *job) {
  const cds_general *general = job->general;
  if (general->rules == NULL) {
    return true;
  }
  for (unsigned d = 0; d < general->dims; d++) {
    const cds_dim *dim = &general->dim[d];
    memset(general->reached[0][d], 0, dim->divisors * sizeof(bool));
    general->reached[0][d][dim->divisors - 1] = true;
    for (unsigned g = 1; g <= general->groups; g++) {
      reach_inwards(general, &job->layout, g, d);
    }
    for (unsigned g = general->groups + 1; g-- > 0;) {
      if (!reach_outwards(general, &job->layout, g, d)) {
        return false;
      }
    }
  }
  return true;
}

bool cds_constrain_region(const cds_general *general, unsigned region,
                          const cds_divisors_at *outer,
                          const cds_divisors_at *inside) {
  if (general->rules == NULL) {
    return true;
  }
  const cds_loop_order *order = &general->rules->order[region];
  unsigned excluded = 0;
  for (unsigned d = 0; d < general->dims; d++) {
    const cds_dim *dim = &general->dim[d];
    const uint16_t trips = cds_quotient(dim, outer->at[d], inside->at[d]);
    const bool *allowed = general->allowed[region][d];
    if (trips == CDS_NONE || (allowed != NULL && !allowed[trips])) {
      return false;
    }
    if (trips > 0) {
      if ((excluded >> dim->rank[0] & 1U) != 0) {
        return false;
      }
      excluded |= order->excludes[dim->rank[0]];
    }
  }
  return true;
}
