/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scaling: what a figure that is published at one process and supply is at
 * another, by the fits of Stillmaker & Baas (Integration 58, 2017, with its
 * corrigendum) to simulated inverters of 180 to 7 nm. With separate supplies at
 * both ends:
 *
 *   energy  e(V) = a V^2 + b V + c              to: x e_to(V_to) /
 * e_from(V_from) delay   d(V) = p3 V^3 + p2 V^2 + p1 V + p0  likewise power
 * w(V) = q V^2 + r V + s              likewise area    by published ratios to
 * 45 nm
 *
 * A fit says something where it was made: between 0.5 V and the process's usual
 * supply, and there only as far as energy rises, and delay falls, with V; above
 * 1.3 V at 180 nm only. Elsewhere it turns round, or becomes negative:
 * that is refused.
 */
#ifndef CDS_TECH_SCALING_H
#define CDS_TECH_SCALING_H

#include "tech/tech.h"

/* "45nm" or "n45", "hp" or "lp" ("": hp; nodes from 65 nm up have one kind). */
typedef struct cds_scale_point {
  const char *process, *device;
  double supply_v;
} cds_scale_point;

typedef struct cds_scale_factors {
  double energy, delay, power;
  double area;         /* of logic */
  bool delay_is_known; /* false: one of the supplies is outside the fit of
                          delay; then delay is NaN */
} cds_scale_factors;

/* Multiply a figure at `from` by them. CDS_EINPUT with a text in `why`. */
cds_status cds_scale(cds_scale_factors *out, const cds_scale_point *from,
                     const cds_scale_point *to, char why[CDS_TECH_WHY]);

#endif
