/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chords of the border of E T^n = B; see fused_bound.h. */
#include "verify/fused_bound.h"

#include <math.h>
#include <string.h>

#include "base/math.h"

enum { WALKS_MAX = 64 };

/* Points of the border are a little below it, so that what is claimed, and is
 * summed in another order, is not found below the chords through it: with the
 * third power of the time, and CDS_VERIFY_STEP, less than the tolerance. */
static const double below_border = 1 - 2e-10;

typedef struct cds_border_point {
  double e, t;
} cds_border_point;

typedef struct cds_bounding {
  const cds_fused_ways *ways;
  cds_walk_result *out;
  cds_verify_goal goal; /* of what is bounded */
  double bound;
  unsigned delays, walks;
} cds_bounding;

static cds_status walk(cds_fused_least *out, cds_bounding *it,
                       const cds_fused_aim *aim) {
  cds_fused_ways left = *it->ways;
  left.space.boxes_most -= it->out->boxes;
  const cds_status status = cds_fused_ways_least(out, &left, aim);
  it->out->boxes += out->boxes;
  return status;
}

/* The least of a goal that adds; a point below the bound refutes it. */
static cds_status least(cds_fused_least *out, cds_bounding *it,
                        const cds_verify_goal *goal, double limit) {
  if (++it->walks > WALKS_MAX || !isfinite(limit)) {
    return CDS_ELIMIT;
  }
  CDS_TRY(walk(out, it, &(cds_fused_aim){.goal = *goal, .limit = limit}));
  if (out->found && cds_verify_value(&it->goal, &out->worth) <
                        it->bound * (1 - CDS_VERIFY_TOLERANCE)) {
    it->out->holds = false;
    it->out->below = out->worth;
  }
  return CDS_OK;
}

/* Nothing was found: whether nothing is below the limit. */
static cds_status closed(cds_bounding *it, const cds_fused_least *found) {
  it->out->open = found->least < found->value * (1 - 1e-11);
  return it->out->open ? CDS_ELIMIT : CDS_OK;
}

/* A floor of a goal that adds, no more than the limit. */
static cds_status floor_of(double *out, cds_bounding *it,
                           const cds_verify_goal *goal, double limit) {
  const cds_fused_aim aim = {.goal = *goal, .limit = limit, .floor = true};
  cds_fused_least floor;
  CDS_TRY(walk(&floor, it, &aim));
  *out = floor.least;
  return CDS_OK;
}

/* On the border, in the direction of a point. */
static cds_border_point on_border(const cds_bounding *it, double e, double t) {
  const cds_worth worth = {.energy_pj = e, .latency_s = t};
  const double part = it->bound / cds_verify_value(&it->goal, &worth);
  const double scale =
      it->delays == 1 ? sqrt(part) : cds_exp(cds_log(part) / 3);
  return (cds_border_point){e * scale * below_border, t * scale * below_border};
}

/* Nothing is below the border between two of its points: a has less energy. */
// NOLINTNEXTLINE(misc-no-recursion): at most as deep as there are walks
static cds_status close_arc(cds_bounding *it, cds_border_point a,
                            cds_border_point b) {
  if (!(b.e > a.e && a.t > b.t) || !it->out->holds) {
    return CDS_OK; /* nothing is between them */
  }
  const cds_verify_goal goal = {.linear = true,
                                .lambda_pj_per_s = (b.e - a.e) / (a.t - b.t)};
  cds_fused_least found;
  CDS_TRY(least(&found, it, &goal, a.e + goal.lambda_pj_per_s * a.t));
  if (!it->out->holds) {
    return CDS_OK;
  }
  if (!found.found) {
    return closed(it, &found);
  }
  const cds_border_point middle =
      on_border(it, found.worth.energy_pj, found.worth.latency_s);
  if (!(middle.e > a.e && middle.e < b.e)) {
    return CDS_ELIMIT; /* rounding is all that is left between them */
  }
  CDS_TRY(close_arc(it, a, middle));
  return close_arc(it, middle, b);
}

/* Energy and time are at least these; then along the border. */
static cds_status close_border(cds_bounding *it, const cds_worth *claimed) {
  const cds_border_point known =
      on_border(it, claimed->energy_pj, claimed->latency_s);
  const cds_verify_goal energy = {.objective = CDS_OBJECTIVE_ENERGY};
  const cds_verify_goal delay = {.objective = CDS_OBJECTIVE_DELAY};
  double e = 0;
  double t = 0;
  CDS_TRY(floor_of(&t, it, &delay, known.t));
  CDS_TRY(floor_of(&e, it, &energy, known.e));
  if (!(e > 0 && t > 0)) {
    return CDS_ELIMIT; /* the border does not end there */
  }
  const double border = it->bound * below_border * below_border *
                        (it->delays == 1 ? 1 : below_border);
  const double part = border / e;
  const cds_border_point first = {e, it->delays == 1 ? part : sqrt(part)};
  const cds_border_point last = {border / (it->delays == 1 ? t : t * t), t};
  CDS_TRY(close_arc(it, first, known));
  return close_arc(it, known, last);
}

cds_status cds_fused_bound(cds_walk_result *out, const cds_fused_ways *ways,
                           cds_objective objective, double bound,
                           const cds_worth *claimed) {
  cds_bounding it = {.ways = ways,
                     .out = out,
                     .goal = {.objective = objective},
                     .bound = bound,
                     .delays = objective == CDS_OBJECTIVE_ED2P ? 2 : 1};
  memset(out, 0, sizeof *out);
  out->holds = true;
  if (objective == CDS_OBJECTIVE_ENERGY || objective == CDS_OBJECTIVE_DELAY) {
    cds_fused_least found;
    CDS_TRY(least(&found, &it, &it.goal, bound * (1 - CDS_VERIFY_TOLERANCE)));
    return found.found ? CDS_OK : closed(&it, &found);
  }
  return claimed->energy_pj > 0 && claimed->latency_s > 0 && bound > 0
             ? close_border(&it, claimed)
             : CDS_ELIMIT;
}
