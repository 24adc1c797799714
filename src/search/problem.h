/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pair (architecture, einsum) as the search sees it.
 *
 * Three tensors t = 0, 1, 2 (the output last). Ranks fall into classes: class
 * c < 3 holds the ranks that tensor c lacks, class 3 those that all tensors
 * have. Every rank of a matrix product lies in exactly one class. Ranks of one
 * class are merged into one of the product size: with perfect factors the
 * merged chains of divisors are exactly the products of the chains of the
 * ranks (assign the exponents of each prime to the ranks one after the other),
 * and counts depend on products only.
 */
#ifndef CDS_SEARCH_PROBLEM_H
#define CDS_SEARCH_PROBLEM_H

#include "price/words.h"
#include "search/search.h"

enum {
  CDS_CLASSES = 4,      /* lacked by tensor 0, 1, 2, and by none */
  CDS_BATCH = 3,        /* the class that all tensors have */
  CDS_MATRIX = 3,       /* tensors */
  CDS_STEPS = 3,        /* memory levels: outermost, level 1, level 2 */
  CDS_SEARCH_BONDS = 4, /* bonds with a bandwidth limit */
  CDS_SEARCH_DIES = 4,  /* kinds of dies whose energies are told apart */
  CDS_PRIMES_MAX = 16,  /* distinct primes of a 64-bit number: 15 */
  CDS_CUTS_MAX = 262144 /* ways to cut one class that are tabulated */
};

/* Distinct primes of a class's size. */
typedef struct cds_primes {
  unsigned count;
  uint64_t prime[CDS_PRIMES_MAX];
} cds_primes;

typedef struct cds_problem {
  const cds_arch *arch;
  const cds_einsum *einsum;
  double power_limit_w;
  unsigned levels;           /* memory levels: 1 to 3 */
  bool array;                /* whether there is one */
  bool below[CDS_STEPS + 1]; /* level (or compute, [3]) under the array */
  unsigned class_of[CDS_RANKS_MAX];
  uint64_t size[CDS_CLASSES];     /* product of the ranks' sizes */
  bool residual[CDS_CLASSES];     /* its parts need not be equal */
  cds_primes primes[CDS_CLASSES]; /* of these sizes */
  uint64_t words[CDS_MATRIX];     /* of each tensor, times repeats (stage.h) */
  uint64_t moved[CDS_MATRIX];     /* the same times passes: none stays */
  double runs;                    /* passes */
  double others[CDS_MATRIX]; /* words of one: sizes of the classes it has */
  cds_policy policy[CDS_STEPS][CDS_MATRIX];
  unsigned home[CDS_MATRIX];       /* the tensor's outermost level */
  unsigned least_bits[CDS_MATRIX]; /* of a word: stored, or a sum if less */
  /* Bits of a level for tiles: its size less what is taken and the tensors at
   * home there, as if no sums were among them. */
  double room[CDS_STEPS];
  /* Whether a pass that one instance more makes alone costs no less than the
   * addition in the array that it saves, so that energy does not fall with such
   * passes and is least with the fewest. */
  bool adds_pay;
  double mac_pj; /* all multiply-accumulates */
  double macs;
  double leakage_w;
  double seconds_per_pj; /* power roof: T >= E_dyn x this; 0: none */
  unsigned bonds;        /* with a bandwidth limit */
  unsigned bond[CDS_SEARCH_BONDS];
  /* Of a design with a roof of its own (cds_arch.roof): the kinds of dies, less
   * than all of them if there are many; 0: it has none. `ratio`: of a row of
   * safe powers, the least of it over all kinds for each weighed pJ. */
  unsigned dies;
  bool dies_hidden;                /* some are not told apart */
  unsigned die_slot[CDS_DIES_MAX]; /* CDS_SEARCH_DIES: not told apart */
  double die_weight[CDS_SEARCH_DIES];
  double safe_row[CDS_SAFE_REGIONS][CDS_SAFE_ROWS][CDS_SEARCH_DIES];
  double safe_ratio[CDS_SAFE_REGIONS][CDS_SAFE_ROWS];
} cds_problem;

/* Whether the matrix search (search.c) takes the pair: a matrix or batched
 * matrix product, up to three levels, one array on a bus, and sums added at the
 * innermost level only, none apart (arch.h). All others go to the general
 * search. */
bool cds_problem_matrix(const cds_arch *arch, const cds_einsum *einsum);
/* Fills the problem; the caller has checked cds_problem_matrix. */
cds_status cds_problem_init(cds_problem *out, const cds_arch *arch,
                            const cds_einsum *einsum, double power_limit_w);
/* Words that a tensor takes at its home, copies counted. */
double cds_home_words(const cds_problem *problem, unsigned tensor);
/* Class of a rank: 0..3, or CDS_CLASSES when the rank is in no class. */
unsigned cds_rank_class(const cds_einsum *einsum, unsigned rank);
/* Number of divisors of n, a divisor of the number whose primes are given. */
size_t cds_divisor_count(const cds_primes *primes, uint64_t n);
/* Stores them in increasing order; `out` has room for all. */
void cds_divisors(uint64_t *out, const cds_primes *primes, uint64_t n);

#endif
