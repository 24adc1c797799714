/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pair (architecture, einsum) as the verifier sees it, and what a mapping
 * of it costs: an evaluator of its own, which shares nothing with count, price
 * and search but the plain data of spec.
 *
 * Three tensors, the output last. Every rank is lacked by exactly one tensor,
 * t = 0, 1, 2 (class t), or by none (class 3). What tensor t moves depends on
 * nothing but how often its tiles are brought in over the loops of class t: at
 * the level l so often to the busiest instance (one[l]), which is the first,
 * and so often to all instances of the spread of class t together (all[l]). A
 * tile is brought in where no rank that the tensor lacks has an empty piece
 * there, and the pieces of a rank that it has sum to the size of the rank.
 *
 * With perfect factors all pieces are alike: with s[c] the spread of class c
 * over the array, D[c] = s[c] x (all loops of class c), and all = s one.
 *
 * The einsum may be a stage of a fused group (spec/stage.h): then all this is
 * one of its passes, which are alike, and each tensor has a home, where its
 * chain of holders begins.
 */
#ifndef CDS_VERIFY_PAIR_H
#define CDS_VERIFY_PAIR_H

#include "spec/mapping.h"
#include "spec/safe.h"
#include "spec/space.h"
#include "spec/stage.h"

enum {
  CDS_VERIFY_TENSORS = 3,
  CDS_VERIFY_CLASSES = 4, /* lacked by tensor 0, 1, 2; by none */
  CDS_VERIFY_LEVELS = 3,
  CDS_VERIFY_BONDS = 4 /* with a bandwidth limit */
};

/* What the traffic of a tensor asks for: dynamic energy (pJ), and bits on the
 * busiest instance of each port, on the network, and on bonds with a limit. For
 * a single-buffered level l also the bits of its own fills and drains: at its
 * parent p, on the network, on its own port. Where the architecture says which
 * powers are safe, also the energy in each kind of die. */
enum {
  CDS_ASKS_ENERGY,
  CDS_ASKS_OUT,                                     /* + level */
  CDS_ASKS_IN = CDS_ASKS_OUT + CDS_VERIFY_LEVELS,   /* + level */
  CDS_ASKS_NET = CDS_ASKS_IN + CDS_VERIFY_LEVELS,   /* */
  CDS_ASKS_BOND,                                    /* + bond */
  CDS_ASKS_APART = CDS_ASKS_BOND + CDS_VERIFY_BONDS /* + 7 (level - 1) + */
};
enum {
  CDS_APART_NET,
  CDS_APART_OWN_OUT,
  CDS_APART_OWN_IN,
  CDS_APART_OUT,                    /* + parent */
  CDS_APART_IN = CDS_APART_OUT + 2, /* + parent */
  CDS_APART_SIZE = CDS_APART_IN + 2
};
enum {
  CDS_ASKS_DIE = CDS_ASKS_APART + 2 * CDS_APART_SIZE, /* + kind of cds_pair */
  CDS_ASKS = CDS_ASKS_DIE + CDS_DIES_MAX
};
/* Where those of the level begin. */
static inline size_t cds_apart(unsigned level) {
  return (size_t)CDS_ASKS_APART + (size_t)CDS_APART_SIZE * (level - 1);
}

typedef struct cds_pair {
  const cds_arch *arch;
  const cds_einsum *einsum;
  double passes, repeats; /* of a stage (spec/stage.h), else 1 */
  unsigned levels;
  bool under[CDS_VERIFY_LEVELS + 1]; /* the array; [3]: compute */
  unsigned class_of[CDS_RANKS_MAX];
  uint64_t size[CDS_VERIFY_CLASSES];
  bool any;                         /* parts need not be equal, ... */
  bool unequal[CDS_VERIFY_CLASSES]; /* ... of the one rank of a class */
  double words[CDS_VERIFY_TENSORS]; /* of a pass */
  unsigned home[CDS_VERIFY_TENSORS];
  bool may[CDS_VERIFY_TENSORS][4]; /* sets of levels 1 (bit 0) and 2 (bit 1) */
  bool on_one[CDS_ASKS];           /* an amount under the array */
  unsigned asks;                   /* of these are asked for */
  unsigned die_ask[CDS_DIES_MAX];  /* where the energy of a kind is asked */
  bool weighed;                    /* these count times arch->roof.weight */
  unsigned bonds, bond[CDS_VERIFY_BONDS];
  double taken_bits[CDS_VERIFY_LEVELS]; /* of levels, by what is no tile of
                                           this stage */
  double mac_pj;                        /* all of them */
  double leakage_w;                     /* all that is built */
  double seconds_per_pj; /* T >= this x dynamic energy; 0: no power limit */
} cds_pair;

/* Whether tiles of the level that are replaced are held twice. */
bool cds_doubles(const cds_arch *arch, unsigned level);
/* Why the verifier cannot certify bounds for the pair (its space is not the one
 * that walk.h describes), or NULL. */
const char *cds_pair_foreign(const cds_arch *arch, const cds_einsum *einsum);
/* CDS_EINFEASIBLE: leakage passes the power limit (INFINITY: none). CDS_EINPUT:
 * no number format, or the pair is a foreign one. */
cds_status cds_pair_init(cds_pair *out, const cds_arch *arch,
                         const cds_einsum *einsum, double power_limit_w);

/* What one tensor asks for, and how many bits its words have where tiles and
 * last drains need it. */
typedef struct cds_bill {
  double asks[CDS_ASKS];
  unsigned parent[CDS_VERIFY_LEVELS];
  unsigned tile_bits[CDS_VERIFY_LEVELS];
  unsigned last_own[CDS_VERIFY_LEVELS], last_net[CDS_VERIFY_LEVELS];
  unsigned last_parent[CDS_VERIFY_LEVELS];
} cds_bill;

/* How often in a pass: [0] is 1, [l] as above, [3] over all loops of the class.
 */
typedef double cds_times[CDS_VERIFY_LEVELS + 1];

/* Whether what a level that adds sums up gets from below is one value for each
 * word (results) or more (sums): as the numbers say, or taken to be so. */
typedef enum cds_added {
  CDS_ADDED_COUNTED,
  CDS_ADDED_RESULTS,
  CDS_ADDED_SUMS
} cds_added;

typedef struct cds_handling {
  unsigned held;      /* levels, as bits */
  cds_times one, all; /* as above; the same above the array */
  /* Whether the last value of a word comes from one instance of the spread. */
  bool alone[CDS_VERIFY_LEVELS + 1];
  cds_added added;
  bool whole; /* each access is (ceil) */
} cds_handling;

/* The bill of a tensor. Without `whole` its amounts are linear in `one` and
 * `all`, with [0] for the constant; amounts under the array are as if nothing
 * else were spread. */
void cds_bill_fill(cds_bill *out, const cds_pair *pair, unsigned tensor,
                   const cds_handling *how);

/* What a level holds of a tensor. */
typedef struct cds_tile {
  double words;  /* in one instance, the largest; 0: not held */
  bool replaced; /* during the run */
  /* The first tile (which is the largest) as a parent above the array sees it,
   * and the last one as one instance and as that parent does. */
  double outer, last, last_outer;
} cds_tile;

/* The tile at home, or of the outermost level. */
cds_tile cds_home_tile(const cds_pair *pair, unsigned tensor);

/* What is known of a mapping when everything is. */
typedef struct cds_choices {
  double steps[CDS_VERIFY_CLASSES]; /* in time */
  unsigned held[CDS_VERIFY_TENSORS];
  cds_times one[CDS_VERIFY_TENSORS], all[CDS_VERIFY_TENSORS];
  bool alone[CDS_VERIFY_TENSORS][CDS_VERIFY_LEVELS + 1];
  cds_tile tile[CDS_VERIFY_TENSORS][CDS_VERIFY_LEVELS];
} cds_choices;

/* Completes choices with equal parts: given `held`, `one`, words of tiles and
 * whether they are replaced, and the spreads of the classes. */
void cds_choices_even(cds_choices *choices, const cds_pair *pair,
                      const uint64_t s[CDS_VERIFY_CLASSES]);
/* Whether the network unites what instances get (or give) of a tensor. */
bool cds_unites(const cds_pair *pair, unsigned tensor);

typedef struct cds_worth {
  double energy_pj, latency_s, dynamic_pj, cycles;
  double die_pj[CDS_DIES_MAX]; /* dynamic, where it is of concern */
  unsigned misfit; /* a level that its tiles do not fit; pair->levels: none */
  double quiet_s;  /* of an operation: while none of its words move */
} cds_worth;

/* Whole accesses, all terms: the cost of a mapping. */
void cds_worth_of(cds_worth *out, const cds_pair *pair,
                  const cds_choices *choices);
/* The sums of amounts before any tensor's. */
void cds_asks_begin(double asks[CDS_ASKS], const cds_pair *pair);
/* Whether the design stands for one that it heats (tangent.h): its dynamic
 * energy is the sum of those by kind of die times arch->roof.weight. */
bool cds_is_weighed(const cds_arch *arch);
double cds_weighed_pj(const cds_arch *arch, const double die_pj[CDS_DIES_MAX]);
/* Dynamic energy, in all and by kind of die, of sums of amounts. */
void cds_asks_spent(cds_worth *out, const cds_pair *pair,
                    const double asks[CDS_ASKS]);
/* The least time that is safe for those energies by kind of die, s; 0 where the
 * architecture says nothing of it. */
double cds_safe_time_s(const cds_arch *arch, const double die_pj[CDS_DIES_MAX]);
/* Energy, latency from dynamic energy and cycles: leakage, power limit. */
void cds_worth_close(cds_worth *out, const cds_pair *pair);
/* Seconds for each pJ of dynamic energy that a limit on power demands.
 * CDS_EINFEASIBLE: leakage passes it. */
cds_status cds_power_set(double *seconds_per_pj, const cds_arch *arch,
                         double power_limit_w);
/* Cycles of amounts summed over the tensors (amounts under the array on one
 * instance); without first fills and last drains. Rises with every amount. */
double cds_asks_cycles(const cds_pair *pair, const double asks[CDS_ASKS],
                       double steps);
/* The choices that a valid mapping makes. CDS_ELIMIT: its parts have too many
 * lengths (lengths.h). */
cds_status cds_choices_of(cds_choices *out, const cds_pair *pair,
                          const cds_mapping *mapping);

#endif
