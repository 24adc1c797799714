/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the parts of the search with unequal parts share (unequal.h).
 *
 * Lengths of a rank, from outside in: tile[0] is its size; the loop of the
 * region above group g leaves before[g], the arrays right above the group leave
 * tile[g]. Group groups + 1 is compute: tile 1.
 */
#ifndef CDS_SEARCH_UNEQUAL_NEST_H
#define CDS_SEARCH_UNEQUAL_NEST_H

#include "base/checked.h"
#include "search/unequal.h"

enum {
  CDS_SLOTS_MAX = 2 * CDS_ARRAYS_MAX,   /* axes of arrays */
  CDS_ENTRIES_MAX = CDS_ARRAYS_MAX + 2, /* places where words are counted */
  CDS_SUMS_MAX = 1 + 2 * CDS_LEVELS_MAX + CDS_ARRAYS_MAX,
  CDS_TERMS_OF_LEG = 6 * CDS_ENTRIES_MAX,
  CDS_FLOOR_PLACES_MAX = CDS_ENTRIES_MAX * (CDS_ARRAYS_MAX + 2)
};

/* A rank longer than 1. */
typedef struct cds_unequal_rank {
  unsigned rank;
  uint64_t size;
  unsigned lacks; /* tensors without it, as bits */
  bool partial;   /* some tensor has it in a window */
  unsigned lengths;
  uint64_t *length; /* all ceil(size / i), rising */
} cds_unequal_rank;

/* An axis of two of these ranks. */
typedef struct cds_unequal_window {
  unsigned rank[2];
  uint64_t coefficient[2];
  double step[2];  /* pairs at one position are so far from one another */
  double chain[2]; /* most points of each rank at one position */
  double all;      /* positions */
} cds_unequal_window;

typedef struct cds_unequal_tensor {
  unsigned has;   /* ranks, as bits */
  unsigned whole; /* those outside of windows */
  unsigned windows;
  bool shared; /* two windows have the same rank */
  cds_unequal_window window[CDS_WINDOWS_MAX];
  double bits, wide; /* of a word; of a partial sum */
  double words;
} cds_unequal_tensor;

/* What the tables of words are made of: what a place of a leg sees. */
typedef struct cds_unequal_entry {
  unsigned from;   /* arrays from here on are united if they are of `united` */
  unsigned united; /* arrays, as bits */
} cds_unequal_entry;

/* Adds `per` for each word at an entry to a sum. */
typedef struct cds_unequal_term {
  unsigned sum, entry;
  bool flow; /* a transfer of a single-buffered level, not of roofs */
  double per;
} cds_unequal_term;

typedef struct cds_unequal_leg {
  const cds_leg *way;
  unsigned entries;
  cds_unequal_entry entry[CDS_ENTRIES_MAX];
  unsigned terms;
  cds_unequal_term term[CDS_TERMS_OF_LEG];
  double constant[CDS_SUMS_MAX];
  double constant_flow[CDS_SUMS_MAX];
  double pj[CDS_ENTRIES_MAX]; /* energy of a word at each entry, >= 0 */
  bool apart;                 /* the child is single buffered */
} cds_unequal_leg;

/* Sums: energy, bits out of and into an instance of each level, bits on an
 * instance of each network; and cycles that stand beside all of them. */
typedef struct cds_unequal_sum {
  double at[CDS_SUMS_MAX];
  double wait[CDS_GROUPS_MAX + 2]; /* transfers of single-buffered levels */
  double edges;
} cds_unequal_sum;

typedef struct cds_unequal_layout {
  const cds_chain *chain;
  uint64_t spread[CDS_SLOTS_MAX][CDS_RANKS_MAX];
  uint64_t on[CDS_ARRAYS_MAX][CDS_RANKS_MAX]; /* both axes */
  double used[CDS_ARRAYS_MAX + 1];
  /* Without loops: tile[g] and before[g]. */
  uint64_t most_tile[CDS_GROUPS_MAX + 2][CDS_RANKS_MAX];
  uint64_t most_before[CDS_GROUPS_MAX + 2][CDS_RANKS_MAX];
  uint64_t need[CDS_GROUPS_MAX + 3][CDS_RANKS_MAX]; /* least before[g] */
  double steps;                                     /* at least */
  /* The arrays take all that the output lacks in one step. */
  bool sums_at_once;
  cds_unequal_leg leg[CDS_LEGS_MAX];
  cds_unequal_sum least[CDS_GROUPS_MAX + 3]; /* of groups from here on */
} cds_unequal_layout;

/* What a rank may be in front of a group. */
typedef struct cds_unequal_option {
  uint64_t before, tile;
  bool looped;  /* some loop stands above */
  uint64_t row; /* what the loop outside of the innermost leaves; 0: unknown */
} cds_unequal_option;

typedef struct cds_unequal_candidate {
  double key; /* energy of the ways into the group at least */
  /* By the pattern that is innermost: that, and cycles of all. */
  double cost[CDS_PATTERNS_MAX], cycles[CDS_PATTERNS_MAX];
  double least_cycles;
  double passes[CDS_TENSORS_MAX]; /* over all loops that a tensor lacks */
  double pass[CDS_TENSORS_MAX];   /* energy of one of a tensor */
  uint16_t at[CDS_RANKS_MAX];
} cds_unequal_candidate;

typedef struct cds_unequal_group {
  unsigned options[CDS_RANKS_MAX];
  cds_unequal_option *option[CDS_RANKS_MAX];
  size_t count, room;
  cds_unequal_candidate *candidate;
  /* With any spreads: there are too many to list, and the least key of all. */
  bool long_list;
  double least_pj;
  /* Least energy of those listed by the pattern whose tensors stay, and what
   * each pass over the loops outside adds for a tensor. */
  double least[CDS_PATTERNS_MAX];
  double again[CDS_TENSORS_MAX];
  /* Candidates that loops may lead to from a length outside, as bits: `words`
   * for each length of a rank; NULL: there are too many. */
  size_t words;
  uint64_t *reach[CDS_RANKS_MAX];
  /* Those of interest below what is decided outside, in their order. */
  bool matched;
  size_t matches;
  uint32_t *match;
} cds_unequal_group;

typedef struct cds_unequal_ranked {
  double bound;
  uint32_t chain, spread;
} cds_unequal_ranked;

/* Words of windows to compute by tensor, counted with these lengths. */
typedef struct cds_unequal_steps {
  bool known;
  uint64_t before[CDS_GROUPS_MAX + 2][CDS_RANKS_MAX];
  double words[CDS_TENSORS_MAX][CDS_ENTRIES_MAX];
} cds_unequal_steps;

/* Where words of a tensor are counted: at compute or at a holder below so many
 * arrays, those of `united` united. */
typedef struct cds_floor_place {
  bool compute;
  unsigned depth, united;
} cds_floor_place;

/* Prices of words at the places of a tensor, and a constant. */
typedef struct cds_floor_price {
  double at[CDS_FLOOR_PLACES_MAX + 1];
} cds_floor_price;

/* Least energy of a tensor by how chains hold it (unequal_floor.c). */
typedef struct cds_unequal_floor {
  unsigned kinds;       /* ways to hold it */
  uint16_t *of, *first; /* of each chain; the first chain of each */
  double *pj;           /* of each, as found last */
  unsigned places;
  cds_floor_place place[CDS_FLOOR_PLACES_MAX];
  unsigned sets; /* of arrays that spread a reduction; then the same again if
                    they do not take all of it in one step */
  cds_floor_price *price; /* sets x kinds */
} cds_unequal_floor;

struct cds_unequal {
  cds_general *general;
  cds_arena *arena, *scratch;
  cds_arena_mark empty;
  cds_descent *job;
  unsigned ranks;
  cds_unequal_rank rank[CDS_RANKS_MAX];
  cds_unequal_tensor tensor[CDS_TENSORS_MAX];
  unsigned patterns;
  unsigned pattern[CDS_PATTERNS_MAX];
  unsigned slots;
  unsigned slot_array[CDS_SLOTS_MAX];
  uint64_t slot_extent[CDS_SLOTS_MAX];
  size_t chains;
  cds_chain *chain;
  size_t vectors, vector_room;
  uint16_t *vector; /* slots x ranks of each */
  size_t ranked, ranked_room;
  cds_unequal_ranked *entry;
  bool limited;     /* there are too many chains of holders */
  double uncounted; /* least bound of mappings that count cannot count */
  cds_unequal_layout layout;
  cds_unequal_floor floor[CDS_TENSORS_MAX];
  cds_unequal_group group[CDS_GROUPS_MAX + 2];
  double group_pj[CDS_GROUPS_MAX + 2]; /* at least, of the layout at hand */
  /* The outermost group, where no array is above it: listed once a chain. */
  bool outer_listed;
  bool any_spread; /* it is being listed, whatever is spread inside */
  uint32_t outer_chain;
  bool outer_long; /* no: too many; only their least energy is known */
  double outer_pj;
  cds_arena_mark opened, kept; /* of the scratch: nothing; it alone */
  /* Decided: */
  uint64_t before[CDS_GROUPS_MAX + 2][CDS_RANKS_MAX];
  uint64_t tile[CDS_GROUPS_MAX + 2][CDS_RANKS_MAX];
  unsigned loops[CDS_GROUPS_MAX + 2]; /* of the region above the group */
  unsigned order[CDS_GROUPS_MAX + 2][CDS_RANKS_MAX];
  double words[CDS_LEGS_MAX][CDS_ENTRIES_MAX]; /* at the entries of legs */
  cds_unequal_steps steps;
  cds_unequal_sum sum[CDS_GROUPS_MAX + 2];
};

/* ---- unequal_lengths.c ------------------------------------------------ */

/* Trips that cut a length into parts of another one; 0: none do. */
uint64_t cds_trips_between(uint64_t length, uint64_t part);
/* What the arrays right above a group leave of a length; 0: some of them
 * cannot deal it out so. */
uint64_t cds_dealt_out(const cds_unequal *it, const cds_unequal_layout *layout,
                       unsigned group, unsigned rank, uint64_t length);
/* What two axes leave of a length; likewise. */
uint64_t cds_dealt_by(uint64_t length, const uint16_t by[2]);
/* Sets what a layout's spreads demand of lengths; false if they cannot be. */
bool cds_unequal_spreads_set(cds_unequal_layout *layout, const cds_unequal *it,
                             const uint16_t *vector);
/* Whether the arrays take all that the output lacks in one step. */
bool cds_unequal_sums_at_once(const cds_unequal *it,
                              const cds_unequal_layout *layout);
/* Nothing is spread. */
void cds_unequal_spreads_none(cds_unequal *it);
/* Distinct positions of c0 i + c1 j, i < a, j < b. */
double cds_positions(const uint64_t coefficient[2], double a, double b);
/* The same of a window. */
static inline double cds_window_positions(const cds_unequal_window *window,
                                          double a, double b) {
  const double u = a - window->step[0];
  const double v = b - window->step[1];
  return a * b - (u > 0 && v > 0 ? u * v : 0);
}
/* fmin and fmax of what is a number, without a call. */
static inline double cds_less_of(double a, double b) { return a < b ? a : b; }
static inline double cds_more_of(double a, double b) { return a > b ? a : b; }
/* Parts of a rank that are not empty, above group `group` whose lengths are
 * decided: loops of the first `regions` regions, and instances of the arrays
 * above `depth` that the entry does not unite. */
double cds_parts_of(const cds_unequal *it, unsigned rank, unsigned group,
                    unsigned regions, unsigned depth,
                    const cds_unequal_entry *entry);

/* ---- unequal_legs.c ------------------------------------------------- */

/* Prices the legs of the layout, and sums the least of each group up. */
void cds_unequal_legs_set(cds_unequal *it);
/* Prices the legs of a tensor alone, which depend on its own holders and on the
 * spreads. */
void cds_unequal_tensor_price(cds_unequal *it, unsigned tensor);
/* Adds the legs into a group with so many words at their entries to a sum. */
void cds_unequal_group_add(cds_unequal_sum *sum, const cds_unequal *it,
                           unsigned group,
                           const double words[][CDS_ENTRIES_MAX]);
double cds_unequal_cycles(const cds_unequal *it, const cds_unequal_sum *sum,
                          double steps);
double cds_unequal_value(const cds_unequal *it, const cds_unequal_sum *sum,
                         double steps);

/* ---- unequal_loads.c ------------------------------------------------ */

/* What is counted of one place. */
typedef struct cds_unequal_place {
  const cds_unequal_leg *leg;
  const cds_unequal_entry *entry;
  unsigned group;
} cds_unequal_place;
/* Words of a window's axis at an entry: by all visits of one pass over the
 * loops that the tensor lacks. */
typedef struct cds_window_words {
  double words; /* at least, if this axis moves in each visit */
  double ratio; /* times this if it need not */
  double still; /* of all visits if it moves in none of them, at least */
  double moved; /* as words, and not below; ... */
  double first; /* ... more of a first visit than that counts, at least */
  double once;  /* of all positions once */
  double phi;   /* of a point that moves */
  double more;  /* positions of a visit less phi of its points, at least */
} cds_window_words;
/* Which windows of a tensor visits move. */
typedef struct cds_window_moves {
  unsigned axes;  /* some visit may move one of these alone; 0: none does */
  unsigned swept; /* axes with loops inside of a rank of its own, all of whose
                     visits begin with all of them anew; 0: not known */
  unsigned next;  /* the axis whose loop stands right outside of that of `axes`
                     and always moves; 0: none is known */
} cds_window_moves;
/* Words of the windows in a pass over the loops that the tensor lacks. */
double cds_windows_words(const cds_window_words *each, unsigned windows,
                         cds_window_moves moves);
cds_window_words cds_window_count(const cds_unequal *it,
                                  const cds_unequal_place *place,
                                  const cds_unequal_window *window,
                                  const cds_unequal_option *const at[2]);
/* Least number of parts of a rank that the tensor lacks. */
double cds_least_parts(const cds_unequal *it, const cds_unequal_place *place,
                       unsigned rank, const cds_unequal_option *at);
/* Instances that are not united: product of the rank's spreads. */
double cds_parts_apart(const cds_unequal *it, const cds_unequal_place *place,
                       unsigned rank);
/* Least words of a leg at its entries whatever the lengths. */
void cds_unequal_least_words(double *words, const cds_unequal *it,
                             const cds_unequal_leg *leg);
/* Words of a leg at its entries, at least, where all above is decided; exact
 * without windows. */
void cds_unequal_words(double *words, const cds_unequal *it,
                       const cds_unequal_leg *leg);
/* Passes over the loops above that keep a tensor's tile waiting, as a product;
 * those above group `group`. */
double cds_unequal_passes(const cds_unequal *it, unsigned tensor,
                          unsigned group);
/* Words of a tensor's tile. */
double cds_unequal_tile_words(const cds_unequal *it, unsigned tensor,
                              const uint64_t tile[CDS_RANKS_MAX]);

/* ---- unequal_exact.c ------------------------------------------------ */

/* The mapping of what is decided down to a group; one loop over each rank
 * stands for what is not. */
void cds_unequal_mapping(cds_mapping *out, const cds_unequal *it,
                         unsigned group);
/* Words of windows at the entries of a leg into a group that is decided; false
 * without windows. Where there is too much to count words stay as they are. */
bool cds_unequal_exact(double *words, const cds_unequal *it,
                       const cds_unequal_leg *leg);

/* ---- unequal_tiles.c ------------------------------------------------ */

/* Lists the candidates of a group of the layout that may be part of something
 * better if all else costs `others` at least. */
cds_status cds_unequal_candidates(cds_unequal *it, unsigned group,
                                  const cds_unequal_sum *others, double steps);
/* Whether the output's tile at the child of a leg is known to hold sums. */
bool cds_unequal_holds_sums(const cds_unequal *it, const cds_leg *outer);
/* Which of them are in reach of lengths outside. CDS_ENOMEM. */
cds_status cds_unequal_reach(cds_unequal *it, unsigned group);
/* Sets the options of a group alone. */
cds_status cds_unequal_options(cds_unequal *it, unsigned group);
/* Least energy of the group after the loops above it. */
double cds_unequal_rest(const cds_unequal *it, unsigned group, bool decided);
/* The same where tensors pass so often. */
double cds_unequal_rest_after(const cds_unequal *it, unsigned group,
                              const double passes[CDS_TENSORS_MAX]);

/* ---- unequal_floor.c -------------------------------------------------- */

/* Prepares the least energies of all chains, and spreads nothing. CDS_ENOMEM.
 */
cds_status cds_unequal_floors(cds_unequal *it);
/* Least energy of all chains with the spreads of the layout at hand; `room`
 * above 1: and up to so many times as many instances. */
double cds_unequal_floor_pj(cds_unequal *it, double room);
/* Of one chain, with the spreads for which this was found last. */
double cds_unequal_chain_pj(const cds_unequal *it, size_t chain);

/* ---- unequal_spreads.c ------------------------------------------------ */

/* Lists the vectors of spreads that may matter if any mapping takes `floor_pj`.
 * CDS_ELIMIT, CDS_ENOMEM. */
cds_status cds_unequal_vectors(cds_unequal *it, double floor_pj);

/* ---- unequal_descend.c ------------------------------------------------ */

/* Whether to stop. */
bool cds_unequal_over(cds_unequal *it);
/* Looks through what is below the lengths of the groups outside. */
void cds_unequal_descend(cds_unequal *it, unsigned group);

#endif
