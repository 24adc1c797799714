/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * explore: all designs of a declared space, in parallel; admissible bounds
 * skip what cannot win. The answer does not depend on the number of threads.
 */
#ifndef CDS_EXPLORE_EXPLORE_H
#define CDS_EXPLORE_EXPLORE_H

#include "explore/outlay.h"
#include "explore/phase_heat.h"
#include "explore/wall.h"
#include "network/network.h"
#include "package/loop.h"

typedef enum cds_design_status {
  CDS_DESIGN_MAPPED,     /* solved: energy and latency are exact */
  CDS_DESIGN_SKIPPED,    /* its bound is above the best: cannot win */
  CDS_DESIGN_OVER_LIMIT, /* a limit is not met; `limit` says which */
  CDS_DESIGN_INFEASIBLE, /* something does not fit; `reason` says what */
  CDS_DESIGN_OPEN        /* interrupted before it was looked at */
} cds_design_status;

typedef struct cds_design_result {
  uint64_t index;
  cds_design_status status;
  double energy_pj, latency_s; /* NaN when not mapped */
  double value;                /* objective; NaN when not mapped */
  double bound;                /* lower bound on the objective, always given */
  double area_um2, power_w, temperature_degc; /* power, T: NaN if not mapped */
  double cost_usd, embodied_kg; /* of making its package; NaN: not known */
  double wall_w;  /* average at the wall; NaN: not mapped, or not known */
  unsigned limit; /* OVER_LIMIT: index of the binding limit */
  /* OVER_LIMIT: no mapping at all meets it (else: none on the hull does). */
  bool limit_proven;
  const char *reason; /* INFEASIBLE: one line */
} cds_design_result;

/* How the dies are in the steady state of a run. */
typedef struct cds_heated_state {
  double power_w[CDS_DIES_MAX]; /* dynamic, all dies of the kind */
  cds_heat_state heat; /* of a design without cooling only its leakage, that at
                          85 degC, and the ambient as the warmest place */
  double layer_w; /* the dynamic power of a layer, at most; INFINITY: any */
  bool picked;    /* no tangent alone has led to the answer */
} cds_heated_state;

typedef struct cds_explore_options {
  cds_objective objective;
  size_t limits;
  const cds_limit *limit;
  cds_search_options search;
  cds_fuse_mode fuse;      /* which chains may be fused */
  cds_residency residency; /* not with limits on tokens, nor for Pareto sets */
  bool heat_off;           /* as if the file gave no cooling */
  const uint64_t *only;    /* this design alone; NULL: all */
  unsigned threads;        /* 0: one per core */
  const cds_control *control;
} cds_explore_options;

typedef struct cds_explore_result {
  bool found;
  bool complete;   /* false: interrupted */
  bool proven;     /* the winner's value equals the bound over all designs */
  uint64_t winner; /* design index */
  double value, bound;
  size_t designs;
  cds_design_result *design;  /* by index; order-independent content */
  cds_arch *arch;             /* of the winner */
  cds_network_result network; /* of the winner, with details */
  double average_power_w, temperature_degc, area_um2;
  cds_heated_state heat;      /* of the winner */
  cds_phase_heat *phase_heat; /* of each phase; NULL: no cooling is given */
  double layer_power_w;       /* the dynamic power of a layer of it, at most */
  cds_outlay outlay;          /* of the winner */
  cds_wall wall;              /* likewise */
  cds_wall *phase_wall;       /* likewise, phase by phase */
  uint64_t mapped, skipped, over_limit, infeasible;
} cds_explore_result;

/* Everything lives in the arena. What a record says does not depend on the
 * thread count: a design is skipped when its bound is above the best value of
 * earlier, fixed waves, hence above the winner's. Power and temperature limits
 * are roofs: each layer runs as slowly as they demand, so that they hold in the
 * steady state of every layer. `progress` is called after each design, one
 * call at a time, from any thread.
 *
 * CDS_OK: found and complete. CDS_EINFEASIBLE: no design can be mapped within
 * the limits; the diagnostics name binding limits with the nearest design.
 * CDS_EINTERRUPTED: cancelled; `out` holds the best so far, and designs that
 * were not looked at are open. Otherwise (CDS_EINPUT: too many designs,
 * CDS_ENOMEM, CDS_EINTERNAL) `out` holds nothing. */
cds_status cds_explore(cds_explore_result *out, const cds_space *space,
                       const cds_workload *workload,
                       const cds_explore_options *options, cds_arena *arena,
                       cds_diag *diag);

#endif
