/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chords of the border of E T^n = B; see border.h. */
#include "verify/border.h"

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
  const cds_border *of;
  cds_walk_result *out;
  cds_verify_goal goal; /* of what is bounded */
  double bound;
  unsigned delays, walks;
} cds_bounding;

static cds_status ask(cds_fused_least *out, cds_bounding *it,
                      const cds_fused_aim *aim) {
  const cds_status status = it->of->ask(out, it->of->of, aim, it->out->boxes);
  it->out->boxes += out->boxes;
  return status;
}

/* The least of a goal that adds; a point below the bound refutes it. */
static cds_status least(cds_fused_least *out, cds_bounding *it,
                        const cds_verify_goal *goal, double limit) {
  if (++it->walks > WALKS_MAX || !isfinite(limit)) {
    return CDS_ELIMIT;
  }
  CDS_TRY(ask(out, it, &(cds_fused_aim){.goal = *goal, .limit = limit}));
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
  CDS_TRY(ask(&floor, it, &aim));
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
static cds_status close_border(cds_bounding *it, const cds_worth *known_worth) {
  const double inf = (double)INFINITY;
  const bool is_known = known_worth != NULL;
  cds_border_point known = {inf, inf};
  const cds_verify_goal energy = {.objective = CDS_OBJECTIVE_ENERGY};
  const cds_verify_goal delay = {.objective = CDS_OBJECTIVE_DELAY};
  double e = 0;
  double t = 0;
  if (is_known) {
    known = on_border(it, known_worth->energy_pj, known_worth->latency_s);
  }
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
  if (isinf(e) || isinf(t) || first.t <= t) {
    return CDS_OK; /* the least of both are above the border */
  }
  if (!is_known) {
    known = on_border(it, e, t);
  }
  CDS_TRY(close_arc(it, first, known));
  return close_arc(it, known, last);
}

cds_status cds_border_close(cds_walk_result *out, const cds_border *border,
                            const cds_worth *known) {
  cds_bounding it = {.of = border,
                     .out = out,
                     .goal = {.objective = border->objective},
                     .bound = border->bound,
                     .delays = border->objective == CDS_OBJECTIVE_ED2P ? 2 : 1};
  memset(out, 0, sizeof *out);
  out->holds = true;
  if (border->objective == CDS_OBJECTIVE_ENERGY ||
      border->objective == CDS_OBJECTIVE_DELAY) {
    cds_fused_least found;
    CDS_TRY(least(&found, &it, &it.goal,
                  border->bound * (1 - CDS_VERIFY_TOLERANCE)));
    return found.found ? CDS_OK : closed(&it, &found);
  }
  const bool possible =
      known == NULL || (known->energy_pj > 0 && known->latency_s > 0);
  return possible && border->bound > 0 ? close_border(&it, known) : CDS_ELIMIT;
}
