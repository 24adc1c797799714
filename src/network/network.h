/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * network: layers -> one network on one design. Energy and time add over
 * layers, so the optimum of (sum E)(sum T) lies on the layers' lower convex
 * hulls; they are walked in slope order, with hull points made lazily by
 * cds_search_solve at the lambda that the walk asks for.
 *
 * A chain of layers (spec/chain.h) is chosen as one: fused, or layer by layer,
 * whichever has the least E + lambda T. The hull of both together is what the
 * walk needs, so the network's optimum is exact over this choice, too.
 */
#ifndef CDS_NETWORK_NETWORK_H
#define CDS_NETWORK_NETWORK_H

#include <math.h>

#include "fuse/fuse.h"
#include "search/floor_memo.h"
#include "search/search.h"
#include "spec/chain.h"
#include "spec/space.h"
#include "spec/workload.h"

typedef enum cds_layer_status {
  CDS_LAYER_OPTIMAL, /* proven for the goal of the network */
  CDS_LAYER_GAP,     /* stopped early: value with a bound */
  CDS_LAYER_COSTED   /* an operation: nothing to choose */
} cds_layer_status;

/* A layer as a stage of a fused group; all in the arena. */
typedef struct cds_layer_fused {
  const cds_chain_group *chain;
  const cds_outer *outer;
  const cds_fused_pass *pass; /* of this stage */
  unsigned stage;
} cds_layer_fused;

/* Which tensors may stay on chip from layer to layer and from run to run
 * (resident.h). */
typedef enum cds_residency_mode { /* bits */
                                  CDS_RESIDENCY_NONE,
                                  CDS_RESIDENCY_ACTIVATIONS,
                                  CDS_RESIDENCY_WEIGHTS,
                                  CDS_RESIDENCY_CACHES = 4,
                                  CDS_RESIDENCY_ALL = 7
} cds_residency_mode;

typedef struct cds_residency {
  cds_residency_mode mode;
  uint64_t runs; /* of the workload, one after the other, that share what it
                    costs to bring the weights that stay; at least 1 */
} cds_residency;

/* A layer whose tensors, or those of others, stay on chip; in the arena. */
typedef struct cds_layer_resident {
  /* With tensors of its own at home there, else NULL: then the mapping is one
   * of the layer alone in the room that is left. */
  const cds_fused_pass *pass;
  const cds_operation *operation; /* likewise of an operation, else NULL */
  uint64_t own_bits;   /* of its own tensors that are at home there */
  uint64_t taken_bits; /* of those of others, meanwhile */
} cds_layer_resident;

typedef struct cds_layer_result {
  const cds_layer *layer;
  double times; /* how often it runs in all */
  cds_layer_status status;
  cds_mapping mapping; /* einsums */
  cds_cost cost;       /* of one run of the layer */
  cds_counts *counts;  /* einsums; in the arena; only with `details` */
  cds_operation_counts operation; /* operations */
  /* What is done once for so many runs of the workload: `cost` is the share of
   * one run, `operation` all of it. 0: the run's own. */
  uint64_t shared_by;
  size_t chain; /* number of the chain that it is in, from 1; 0: none */
  /* When it runs in a fused group, else NULL: `mapping` and `counts` are those
   * of cds_count with the pass, `cost` that of the whole run. */
  const cds_layer_fused *fused;
  /* When something stays on chip, else NULL. */
  const cds_layer_resident *resident;
  /* The layer alone (not the network): its best energy-delay product and a
   * lower bound on it, in pJ s; only with `details`, else NaN. */
  double own_edp_pj_s, own_bound_pj_s;
} cds_layer_result;

/* The einsum that the mapping is of: in a fused group that of one pass. */
static inline const cds_einsum *
cds_layer_result_einsum(const cds_layer_result *result) {
  if (result->fused != NULL) {
    return &result->fused->pass->einsum;
  }
  return result->resident != NULL && result->resident->pass != NULL
             ? &result->resident->pass->einsum
             : &result->layer->einsum;
}

/* Whether it runs as a layer alone may: not fused, nothing of it at home. */
static inline bool cds_layer_result_alone(const cds_layer_result *result) {
  return result->fused == NULL &&
         (result->resident == NULL || result->resident->pass == NULL);
}

/* Energy-delay product of one run; NaN of the share of one. */
static inline double cds_layer_result_edp(const cds_layer_result *result) {
  return result->shared_by > 0
             ? (double)NAN
             : result->cost.energy_pj * result->cost.latency_s;
}

/* Multiply-accumulates that a run of the einsum executes: all passes of a fused
 * one. */
static inline uint64_t cds_layer_result_macs(const cds_layer_result *result) {
  const cds_einsum *einsum = cds_layer_result_einsum(result);
  uint64_t macs = 0;
  (void)cds_einsum_macs(&macs, einsum); /* it was counted: it fits */
  return macs * cds_einsum_passes(einsum);
}

typedef struct cds_phase_result {
  double energy_pj, latency_s;
} cds_phase_result;

/* A vertex of the network's frontier (energy falls, latency rises). */
typedef struct cds_point {
  double energy_pj, latency_s;
} cds_point;

/* Why nothing may stay on chip. */
typedef enum cds_residency_hindrance {
  CDS_RESIDENCY_FREE,     /* something may, or it was not asked for */
  CDS_RESIDENCY_NO_LEVEL, /* no level below the outermost is above all arrays */
  CDS_RESIDENCY_LIMITS,   /* limits are on single phases */
  CDS_RESIDENCY_NO_TENSOR /* none may be there, or none fits */
} cds_residency_hindrance;

/* What stays on chip in a network, and what that saves. */
typedef struct cds_residency_result {
  cds_residency_hindrance hindrance;
  unsigned level;               /* where, hindrance or not; 0: there is none */
  uint64_t bits;                /* all that stays */
  uint64_t tensors, kept;       /* weights that might stay, and that do */
  uint64_t caches, caches_kept; /* likewise: each of keys, or of values */
  uint64_t handed;      /* results that are handed on there, in one run */
  uint64_t runs;        /* that share what it costs to bring weights */
  cds_point load;       /* weights brought once, which all runs share */
  cds_point cache_load; /* caches brought, in each run */
  cds_point none;    /* the network without: within the limits, where any choice
                        is found to meet them, else whatever they are */
  double outer_bits; /* through the outermost level without */
} cds_residency_result;

typedef struct cds_network_result {
  double energy_pj, latency_s; /* whole network, counts included */
  double value, bound;         /* of the objective */
  bool proven;
  size_t layers;
  /* In the workload's order; same layers are solved once. Where tensors stay
   * on chip: one entry for each way that some of the layers run, with their
   * number as the layer's count, and operations called 'load'. */
  cds_layer_result *layer;
  unsigned phases;
  cds_phase_result *phase; /* one run of each: weights of a mix left out */
  size_t frontier_points;
  cds_point *frontier; /* hull vertices found on the way, by energy */
  /* Chains of the workload; how many are fused; how many the search of fused
   * mappings does not take on this design, whole or in some part: what it does
   * not take runs layer by layer. `unfused`: the best choice without fusing;
   * with `details` and a chain that is fused, else the same as the network. */
  size_t chains, fused, chains_outside;
  cds_point unfused;
  cds_residency_result residency; /* all 0 where it was not asked for */
  /* Proven lower bounds on each metric alone (known without limits met). */
  double least_energy_pj, least_latency_s, least_edp_pj_s;
  /* Of the slowest phase, when there is a limit on it; else 0. */
  double least_first_token_s, least_token_s;
  /* Effort: questions that the walk put to layers, and nodes that the search
   * has opened for the answers, those of an earlier solve included. Of chains
   * the choices of outer nodes that there were, question by question, and for
   * how many of them stages were searched (fuse/fuse.h). */
  uint64_t solves, nodes, outers, outers_opened;
  double enough; /* see cds_network_options.slack */
} cds_network_result;

typedef enum cds_fuse_mode {
  CDS_FUSE_NONE,
  CDS_FUSE_ATTENTION, /* chains with a softmax */
  CDS_FUSE_ALL,
  CDS_FUSE_EVERYWHERE, /* also where products are not in the first space, whose
                          searches take long */
  CDS_FUSE_PIPELINED   /* all, and operations may run beside products */
} cds_fuse_mode;

/* Layers of a chain that may run fused, the others of it alone or in other
 * parts: all of them, or a part. */
typedef struct cds_plan_part {
  size_t first;  /* layer of the unit where it begins */
  size_t number; /* among all parts of the plan: its answers and searches */
  bool shared;   /* with others of the chain, which are the same layers */
  const cds_chain_group *chain;
} cds_plan_part;

/* What is chosen as one: a layer or a chain, with all others like it. */
typedef struct cds_network_unit {
  size_t first;  /* layer where the first one begins */
  size_t layers; /* of one */
  double weight; /* how often they run, summed */
  size_t twin;   /* first unit of the same layers, of any phase */
  const cds_chain_group *chain; /* NULL: a layer */
  size_t parts;                 /* of a chain; the first is all of it */
  const cds_plan_part *part;
} cds_network_unit;

/* Which layers are the same, and which are chosen as one: made once for a
 * workload, used for all designs. */
typedef struct cds_network_plan {
  const cds_workload *workload;
  size_t parts;    /* of all chains */
  size_t distinct; /* kinds of layers */
  size_t *first;   /* first layer of each kind, rising */
  size_t *kind;    /* of each layer */
  bool by_phase;   /* the same in two phases are two units */
  cds_fuse_mode fuse;
  cds_residency residency;
  size_t units; /* by first layer */
  cds_network_unit *unit;
  size_t *unit_of; /* of each layer */
  size_t *part;    /* its place in the unit */
  /* Where something may stay on chip: the chains without, which are longer;
   * NULL: they are the same. */
  const struct cds_network_plan *longer;
} cds_network_plan;
/* Units that are the same run with the same mapping: in the whole network, or
 * within each phase. Lives in the arena. CDS_ENOMEM. */
cds_status cds_network_plan_make(cds_network_plan *out,
                                 const cds_workload *workload,
                                 cds_fuse_mode fuse, bool by_phase,
                                 cds_arena *arena);
/* Where something may stay on chip chains run fused as a whole: they are short
 * (CDS_CHAIN_HANDED). The network without anything that stays has the longer
 * ones, too (solve.c). */
cds_status cds_network_plan_reside(cds_network_plan *out,
                                   const cds_workload *workload,
                                   cds_fuse_mode fuse, bool by_phase,
                                   const cds_residency *residency,
                                   cds_arena *arena);

/* What a frontier is compared with: points of which none dominates another, by
 * rising energy. */
typedef struct cds_known_points {
  size_t points;
  const cds_point *point;
  double gap; /* 0: all vertices that are not dominated by more than rounding */
} cds_known_points;

/* Searchers for all layers of a design and their answers; used for one design
 * after the other. */
typedef struct cds_searchers cds_searchers;
cds_searchers *cds_searchers_new(void); /* NULL: no memory */
void cds_searchers_free(cds_searchers *searchers);

typedef struct cds_network_options {
  cds_objective objective;
  /* Of objective energy: what a second costs beside it, pJ; the value is
   * E + time_pj_s T. It is no energy: neither limits nor roofs see it. */
  double time_pj_s;
  double power_limit_w; /* roof of each layer; INFINITY: none */
  double latency_limit_s, energy_limit_pj; /* INFINITY: none */
  double incumbent; /* values above it are of no interest; INFINITY */
  bool details;     /* counts of each layer, and comparisons: */
  bool alone;       /* without what layers reach alone, and without fusing */
  /* One answer is asked: that of a layer without its frontier (direct.h),
   * and, of a heated design, without comparisons of it with itself. */
  bool direct;
  const cds_control *control;
  double edp_limit_pj_s;        /* INFINITY: none */
  double first_token_limit_s;   /* of each prefill phase; INFINITY: none */
  double token_limit_s;         /* a token of each decode phase; likewise */
  cds_fuse_mode fuse;           /* of a plan that is made anew */
  cds_residency residency;      /* likewise */
  const cds_network_plan *plan; /* of the workload; NULL: made anew */
  cds_searchers *searchers;
  cds_search_options search; /* of each layer */
  unsigned threads;          /* for cds_parallel_for; 0: one per core */
  cds_known_points known;    /* for a frontier */
  /* Only whether something is at or below the incumbent is asked: CDS_ELIMIT,
   * and nothing is where the bound is above the incumbent. Searches leave out
   * what undercuts their best by no more than this part (cds_goal.slack); the
   * less of it, the higher the bound, and the longer it takes; `out->enough` is
   * an estimate of what will do. 0: the network is solved. Without what stays
   * on chip. */
  double slack;
  /* The searchers were last used for this design, whose names they refer to,
   * with this workload, plan and power limit: what is answered is not searched
   * again. */
  bool again;
} cds_network_options;
#define CDS_NETWORK_OPTIONS_INIT                                               \
  {                                                                            \
    .objective = CDS_OBJECTIVE_EDP, .power_limit_w = (double)INFINITY,         \
    .latency_limit_s = (double)INFINITY, .energy_limit_pj = (double)INFINITY,  \
    .search = CDS_SEARCH_OPTIONS_INIT, .incumbent = (double)INFINITY,          \
    .edp_limit_pj_s = (double)INFINITY,                                        \
    .first_token_limit_s = (double)INFINITY, .token_limit_s = (double)INFINITY \
  }

/* Solves the network on a design; results live in the arena. When nothing at
 * or below options->incumbent exists, or no choice of mappings was found that
 * meets the limits: CDS_ELIMIT with out->bound set (INFINITY: the limits are
 * proven to be out of reach). When a layer cannot be mapped or the footprint
 * does not fit: CDS_EINFEASIBLE with a diagnostic that names layer, tensor,
 * level, need and capacity.
 *
 * Power is a roof of each layer, so that the hull stays exact. With limits on
 * latency, energy, energy x delay or the time of a token the optimum may lie
 * off the hull: the result is then the best choice that meets them among all
 * mappings that the search has given, the bound is that of the hull, and
 * `proven` says whether they meet. Limits on tokens need a plan by phase. */
cds_status cds_network_solve(cds_network_result *out, const cds_arch *arch,
                             const cds_workload *workload, cds_arena *arena,
                             const cds_network_options *options,
                             cds_diag *diag);
/* The vertices of the convex frontier of energy and latency of a network on a
 * design that meet the limits, by rising energy, to a resolution: each vertex
 * that is left out has at least 1 / (1 + gap) of the energy and the latency of
 * one that is not, or of one of the known points. */
typedef struct cds_network_frontier {
  size_t points;
  cds_point *point;
  bool proven; /* false: vertices may be missing */
  uint64_t solves, nodes;
} cds_network_frontier;
cds_status
cds_network_frontier_solve(cds_network_frontier *out, const cds_arch *arch,
                           const cds_workload *workload, cds_arena *arena,
                           const cds_network_options *options, cds_diag *diag);
/* Phases from layers: those of one run of a chain are added up first, then
 * times their count; what is brought to stay on chip comes last
 * (docs/results.md). */
void cds_network_add_phases(cds_network_result *out);
/* Phases, and from them the energy and latency of the whole. */
void cds_network_add_up(cds_network_result *out, const cds_workload *workload);
/* One run of a workload of a mix. */
cds_phase_result cds_network_part(const cds_workload *workload,
                                  const cds_network_result *network,
                                  unsigned part);
/* Admissible floor of a design without mapping: energy and latency of the
 * network (leakage at the latency floor included). CDS_ENOMEM. */
cds_status cds_network_floor(cds_point *out, const cds_floor_asked *asked,
                             const cds_network_plan *plan);
/* Likewise the time to the first token of the slowest prefill phase, and that
 * of a token of the slowest decode phase, s; 0 without such a phase.
 * CDS_ENOMEM. */
typedef struct cds_token_floor {
  double first_token_s, token_s;
} cds_token_floor;
cds_status cds_network_token_floor(cds_token_floor *out,
                                   const cds_floor_asked *asked,
                                   const cds_network_plan *plan);
/* The same of a latency of each phase. */
void cds_network_tokens(double *first_token_s, double *token_s,
                        const cds_workload *workload, const double *latency_s);
/* E x T^n or E or T, in pJ and s; of objectives that depend on the design E. */
double cds_objective_value(cds_objective objective, double energy_pj,
                           double latency_s);
/* The same, with the price of time. */
double cds_network_value(const cds_network_options *options, double energy_pj,
                         double latency_s);

#endif
