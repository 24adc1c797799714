/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * explore: all designs of a declared space, in parallel; admissible bounds
 * skip what cannot win. The answer does not depend on the number of threads.
 */
#ifndef CDS_EXPLORE_EXPLORE_H
#define CDS_EXPLORE_EXPLORE_H

#include "explore/outlay.h"
#include "explore/phase_heat.h"
#include "explore/records.h"
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
  double floor;       /* the bound before any mapping; INFINITY: none is told */
  bool asked;         /* for mappings: else its status needs none */
  uint32_t rank;      /* among the best that were asked for, from 1; 0: none */
} cds_design_result;

/* What is told of a design: the same in whatever order designs were looked at.
 */
typedef enum cds_shown_status {
  CDS_SHOWN_RANKED,     /* one of the best: its values are exact */
  CDS_SHOWN_UNRANKED,   /* none of them, for whatever reason */
  CDS_SHOWN_OVER_LIMIT, /* known without a mapping, or all were asked */
  CDS_SHOWN_INFEASIBLE, /* likewise */
  CDS_SHOWN_OPEN        /* not known before the interruption */
} cds_shown_status;

/* How the dies are in the steady state of a run. */
typedef struct cds_heated_state {
  double power_w[CDS_DIES_MAX]; /* dynamic, all dies of the kind */
  cds_heat_state heat; /* of a design without cooling only its leakage, that at
                          85 degC, and the ambient as the warmest place */
  double layer_w; /* the dynamic power of a layer, at most; INFINITY: any */
  bool picked;    /* no tangent alone has led to the answer */
} cds_heated_state;

/* Of a space that was searched by boxes (box_search.h). */
typedef struct cds_box_counts {
  uint64_t bounded, halved; /* boxes */
  double root;              /* bound of the box of all designs; 0: none known */
  /* Designs without a record: in boxes over a limit, by limit of the options
   * too; that cannot be built, or in which the workload does not fit. */
  uint64_t over_limit, by_limit[CDS_LIMITS_MAX], infeasible;
  double least[CDS_LIMITS_MAX];     /* of them, of what the limit is on */
  uint64_t nearest[CDS_LIMITS_MAX]; /* a design of a box with the least */
  uint64_t first_infeasible;        /* the first of a box; UINT64_MAX: none */
} cds_box_counts;

/* Of more designs not each has a record. */
enum { CDS_DESIGNS_LISTED = 1000000 };

typedef struct cds_explore_options {
  cds_objective objective;
  size_t limits;
  const cds_limit *limit;
  cds_search_options search;
  cds_fuse_mode fuse;      /* which chains may be fused */
  cds_residency residency; /* not with limits on tokens, nor for Pareto sets */
  bool heat_off;           /* as if the file gave no cooling */
  const uint64_t *only;    /* this design alone; NULL: all */
  size_t top; /* so many of the best designs are proven; 0: the best one */
  bool every; /* all designs are solved, whatever the best ones are */
  /* Of the best one alone: the search ends when nothing undercuts it by more
   * than this part of its value. Then it is proven to be so good, and no
   * better. 0: the best one is found. */
  double gap;
  /* So many designs are looked at alone, a guess apart, then the search ends
   * with the best of them and a bound on all. 0: there is no such limit. */
  uint64_t designs_most;
  const cds_records *records; /* of answers; NULL: none are kept */
  /* The answers are for the journal: of the best design no details are made,
   * and where there is none no message. */
  bool answers_only;
  bool boxes;       /* as if there were too many designs to list */
  unsigned threads; /* 0: one per core */
  const cds_control *control;
} cds_explore_options;

typedef struct cds_explore_result {
  bool found;
  bool complete;   /* false: interrupted, or */
  bool looked;     /* so many designs were looked at (options.designs_most) */
  bool proven;     /* the winner's value equals the bound over all designs */
  uint64_t winner; /* design index */
  double value, bound;
  size_t designs;
  /* Of each design, by index; of a space that was searched by boxes those that
   * were looked at alone. Order-independent content. */
  size_t records;
  cds_design_result *design;
  const cds_box_counts *boxes; /* NULL: each design has a record */
  cds_arch *arch;              /* of the winner */
  cds_network_result network;  /* of the winner, with details */
  double average_power_w, temperature_degc, area_um2;
  cds_heated_state heat;      /* of the winner */
  cds_phase_heat *phase_heat; /* of each phase; NULL: no cooling is given */
  double layer_power_w;       /* the dynamic power of a layer of it, at most */
  cds_outlay outlay;          /* of the winner */
  cds_wall wall;              /* likewise */
  cds_wall *phase_wall;       /* likewise, phase by phase */
  uint64_t mapped, skipped, over_limit, infeasible;
  size_t ranked;       /* the best designs: options.top of them, or all that
                          can be used */
  bool ranking_proven; /* these, their values and their order */
  bool every;          /* each design was solved whatever the best ones are */
  uint64_t replayed;   /* answers that the records had */
} cds_explore_result;

cds_shown_status cds_design_shown(const cds_explore_result *result,
                                  const cds_design_result *design);
/* Why a space of so many designs cannot be explored so; NULL: it can. */
const char *cds_explore_refused(const cds_explore_options *options);

/* Everything lives in the arena. What is said of a design does not depend on
 * the thread count: a design is skipped when its bound is above the value of
 * the last of the best ones (options.top) of earlier, fixed waves, hence above
 * that of the last in the end. With `records` answers that are in the journal
 * are taken from it, and those that are found are added. Power and temperature
 * limits are roofs: each layer runs as slowly as they demand, so that they hold
 * in the steady state of every layer. `progress` is called after each design,
 * one call at a time, from any thread.
 *
 * CDS_OK: found and complete. CDS_EINFEASIBLE: no design can be mapped within
 * the limits; the diagnostics name binding limits with the nearest design.
 * CDS_EINTERRUPTED: cancelled; `out` holds the best so far, and designs that
 * were not looked at are open. Otherwise (CDS_EINPUT: too many designs,
 * CDS_EIO: the journal cannot be written, which its failure explains,
 * CDS_ENOMEM, CDS_EINTERNAL) `out` holds nothing. */
cds_status cds_explore(cds_explore_result *out, const cds_space *space,
                       const cds_workload *workload,
                       const cds_explore_options *options, cds_arena *arena,
                       cds_diag *diag);

#endif
