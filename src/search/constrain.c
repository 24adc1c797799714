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

/* ---- whose rules ------------------------------------------------------ */

static bool holds_something(const cds_descent *job, unsigned group) {
  return group == 0 || group > job->general->groups ||
         cds_chain_holding(job->general, job->layout.chain, group)->held != 0;
}

/* Sets by group whose rules its loops keep, and the last group outside that
 * holds something. False where a group must have loops and holds nothing. */
static bool find_owners(cds_descent *job) {
  const cds_general *general = job->general;
  const unsigned last = general->groups + 1;
  unsigned owner = last;
  for (unsigned g = last; g > 0; g--) {
    owner = holds_something(job, g) ? g : owner;
    job->owner[g] = owner;
  }
  unsigned outer = 0;
  for (unsigned g = 1; g <= last; g++) {
    job->outer[g] = outer;
    outer = job->owner[g] == g ? g : outer;
    for (unsigned d = 0; d < general->dims && job->owner[g] != g; d++) {
      const bool *allowed = general->allowed[g][d];
      if (allowed != NULL && !allowed[0]) {
        return false;
      }
    }
  }
  return true;
}

/* ---- extents that can be reached --------------------------------------- */

/* Spreads between two groups, and an extent inside them. */
static uint16_t with_spreads(const cds_descent *job, unsigned outer,
                             unsigned group, unsigned d, uint16_t extent) {
  const cds_dim *dim = &job->general->dim[d];
  for (unsigned g = outer + 1; g <= group && extent != CDS_NONE; g++) {
    extent = cds_product(dim, extent, job->layout.between[g].at[d]);
  }
  return extent;
}

/* Whether loops may lead from an extent of one group to one of another further
 * in. If these are all loops that the latter owns, rules say how many trips. */
static bool leads_to(const cds_descent *job, const unsigned pair[2], unsigned d,
                     const uint16_t extent[2]) {
  const cds_general *general = job->general;
  const unsigned group = pair[1];
  const uint16_t inside = with_spreads(job, pair[0], group, d, extent[1]);
  if (inside == CDS_NONE) {
    return false;
  }
  const uint16_t trips = cds_quotient(&general->dim[d], extent[0], inside);
  const bool owns = job->owner[group] == group && job->outer[group] == pair[0];
  const bool *allowed = owns ? general->allowed[group][d] : NULL;
  return trips != CDS_NONE && (allowed == NULL || allowed[trips]);
}

/* The group whose extents decide about those of this one, outwards. */
static unsigned group_outside(const cds_descent *job, unsigned group) {
  return job->owner[group] == group ? job->outer[group] : group - 1;
}

static void reach_inwards(const cds_descent *job, unsigned group, unsigned d) {
  const cds_general *general = job->general;
  const unsigned divisors = general->dim[d].divisors;
  const unsigned pair[2] = {group_outside(job, group), group};
  const bool *outer = general->reached[pair[0]][d];
  bool *here = general->reached[group][d];
  for (unsigned i = 0; i < divisors; i++) {
    here[i] = false;
    for (unsigned o = 0; o < divisors && !here[i]; o++) {
      const uint16_t extent[2] = {(uint16_t)o, (uint16_t)i};
      here[i] = outer[o] && leads_to(job, pair, d, extent);
    }
  }
}

/* Whether an extent leads to some extent of the group inside. */
static bool leads_on(const cds_descent *job, unsigned group, unsigned d,
                     uint16_t at) {
  const cds_general *general = job->general;
  const bool holds = group == 0 || job->owner[group] == group;
  const unsigned inner = holds ? job->owner[group + 1] : group + 1;
  const unsigned pair[2] = {group, inner};
  if (inner > general->groups) {
    const uint16_t one[2] = {at, 0};
    return leads_to(job, pair, d, one);
  }
  for (unsigned i = 0; i < general->dim[d].divisors; i++) {
    const uint16_t extent[2] = {at, (uint16_t)i};
    if (general->reached[inner][d][i] && leads_to(job, pair, d, extent)) {
      return true;
    }
  }
  return false;
}

static bool reach_outwards(const cds_descent *job, unsigned group, unsigned d) {
  bool *here = job->general->reached[group][d];
  bool any = false;
  for (unsigned o = 0; o < job->general->dim[d].divisors; o++) {
    here[o] = here[o] && leads_on(job, group, d, (uint16_t)o);
    any = any || here[o];
  }
  return any;
}

bool cds_constrain_layout(cds_descent *job) {
  const cds_general *general = job->general;
  if (general->rules == NULL) {
    return true;
  }
  if (!find_owners(job)) {
    return false;
  }
  for (unsigned d = 0; d < general->dims; d++) {
    const cds_dim *dim = &general->dim[d];
    memset(general->reached[0][d], 0, dim->divisors * sizeof(bool));
    general->reached[0][d][dim->divisors - 1] = true;
    for (unsigned g = 1; g <= general->groups; g++) {
      reach_inwards(job, g, d);
    }
    for (unsigned g = general->groups + 1; g-- > 0;) {
      if (!reach_outwards(job, g, d)) {
        return false;
      }
    }
  }
  return true;
}

/* ---- loops that are decided -------------------------------------------- */

/* Loops of one owner, from outside in. */
typedef struct cds_owned_loops {
  const cds_loop_order *order;
  unsigned part;     /* of the last */
  unsigned excluded; /* ranks */
} cds_owned_loops;

/* Whether a loop may stand inside of those before. */
static bool may_stand(const cds_owned_loops *loops, unsigned rank) {
  return loops->order->part[rank] >= loops->part &&
         (loops->excluded >> rank & 1U) == 0;
}

/* The loops of the owner of a group's loops that are decided. */
static cds_owned_loops decided_loops(const cds_descent *job, unsigned group) {
  const cds_general *general = job->general;
  cds_owned_loops out = {&general->rules->order[job->owner[group]], 0, 0};
  const unsigned first = job->frame[job->outer[group]].loops;
  for (unsigned i = first; i < job->frame[group - 1].loops; i++) {
    const unsigned rank = general->dim[job->loop[i].dim].rank[0];
    out.part = out.order->part[rank];
    out.excluded |= out.order->excludes[rank];
  }
  return out;
}

bool cds_constrain_loops(const cds_descent *job, unsigned group,
                         const cds_divisors_at *tile) {
  const cds_general *general = job->general;
  if (general->rules == NULL) {
    return true;
  }
  const cds_owned_loops before = decided_loops(job, group);
  const unsigned outer = job->outer[group];
  const unsigned pair[2] = {outer, group};
  unsigned looped = 0;
  unsigned excluded = 0;
  for (unsigned d = 0; d < general->dims; d++) {
    const cds_dim *dim = &general->dim[d];
    const uint16_t inside =
        cds_product(dim, tile->at[d], job->layout.between[group].at[d]);
    const uint16_t above = job->tile[group - 1]->at.at[d];
    const uint16_t extent[2] = {job->tile[outer]->at.at[d], tile->at[d]};
    if (inside == CDS_NONE || !leads_to(job, pair, d, extent)) {
      return false;
    }
    const uint16_t trips = cds_quotient(dim, above, inside);
    if (trips == CDS_NONE) {
      return false;
    }
    if (trips > 0) {
      if (!may_stand(&before, dim->rank[0])) {
        return false;
      }
      looped |= 1U << dim->rank[0];
      excluded |= before.order->excludes[dim->rank[0]];
    }
  }
  return (looped & excluded) == 0;
}
