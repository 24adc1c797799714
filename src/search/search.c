/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Best-first search with proof.
 *
 * Normal form of the space. Loops that a tensor has can move above its holder:
 * its tile shrinks and its fills stay; loops that the next holder's tensor
 * lacks can move below that holder (it is raised): its tile and fills stay. No
 * other holder is touched, but for the hoisting below. So between two holders
 * only the loops of the class that the upper one's tensor lacks remain, and a
 * mapping is given by the spreads, the sets and orders of holders, and for each
 * class a cut g x a x s x x (row.h).
 *
 * A holder of level 2 cannot be raised past those of level 1, but it looks
 * through them, and hoists over loops b of its own class above them, when no
 * loop between concerns its tensor (row.h). Moves that would put such a loop
 * there are not free. So besides the choices without b there are those with one
 * hoisted tensor h, first at level 2: b has a place among the level 1 holders,
 * those below it are `flat` (a = 1), and the loops of their classes that would
 * be in the way stand inside h's tile (x). Only one tensor can be hoisted:
 * below its loops b stand no loops that it has, and the other's b would be
 * such.
 *
 * The moves make residences of an output fewer, never more. Under an array that
 * spreads a reduction a residence also saves s - 1 reads of partial sums, which
 * start at zero; where that outweighs s drains, an update and what comes back,
 * an order with less reuse could cost less. Such orders are outside the space
 * (search.h); brute force over all orders has not met a case.
 *
 * Order of work: every vector of spreads gets an admissible bound (the least
 * row of each tensor over its sets of holders, added up; each field of the
 * bound is below the field of every mapping). Vectors are opened in the order
 * of their bounds, inside one the sets of holders likewise, and below that
 * branch.c goes depth first. The search ends when the next bound is beyond the
 * incumbent: then the incumbent is optimal. Vectors and sets whose bound equals
 * the incumbent are opened, so that ties are broken by time, energy and the
 * canonical order of mappings and the answer depends on nothing else.
 */
#include "search/search.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/branch.h"
#include "search/general_search.h"
#include "search/holders.h"
#include "search/milp_search.h"

typedef struct cds_ranked {
  double bound;
  uint32_t index;
} cds_ranked;

/* Spreads of one class, with least rows and lazily made options. */
typedef struct cds_class_table {
  size_t count;
  uint64_t *spread;
  cds_row (*least)[CDS_HELD_SETS];
  cds_options *(*options)[CDS_HELD_SETS][CDS_VARIANTS];
} cds_class_table;

struct cds_searcher {
  cds_arena *tables; /* of the pair that was begun */
  cds_arena *scratch;
  cds_arena_mark empty;
  cds_arch arch;
  cds_einsum einsum;
  cds_problem problem;
  cds_class_table table[CDS_CLASSES];
  size_t spreads;
  size_t spread_room;
  cds_spreads *spread;
  cds_ranked *ranked;
  cds_branch branch;
  bool matrix;                 /* whether this search takes the pair */
  cds_general_search *general; /* else this one; made when needed */
  cds_search_options options;
  bool by_programs;      /* the pair is searched by this one: */
  cds_milp_search *milp; /* made when needed */
};

cds_searcher *cds_searcher_new(void) {
  cds_searcher *searcher = cds_malloc(sizeof *searcher);
  if (searcher == NULL) {
    return NULL;
  }
  memset(searcher, 0, sizeof *searcher);
  searcher->options = (cds_search_options)CDS_SEARCH_OPTIONS_INIT;
  searcher->tables = cds_arena_new();
  searcher->scratch = cds_arena_new();
  if (searcher->tables == NULL || searcher->scratch == NULL) {
    cds_searcher_free(searcher);
    return NULL;
  }
  searcher->empty = cds_arena_mark_get(searcher->tables);
  return searcher;
}

void cds_searcher_free(cds_searcher *searcher) {
  if (searcher == NULL) {
    return;
  }
  cds_general_search_free(searcher->general);
  cds_milp_search_free(searcher->milp);
  cds_arena_free(searcher->tables);
  cds_arena_free(searcher->scratch);
  cds_free(searcher);
}

void cds_searcher_choose(cds_searcher *searcher,
                         const cds_search_options *options) {
  searcher->options = *options;
}

/* Divisors of n, a divisor of the class's size, rising, in the scratch arena.
 */
static cds_status divisors_of(uint64_t **out, size_t *count,
                              cds_searcher *searcher, unsigned class,
                              uint64_t n) {
  const cds_primes *primes = &searcher->problem.primes[class];
  *count = cds_divisor_count(primes, n);
  *out = cds_arena_array(searcher->scratch, *count, sizeof **out);
  if (*out == NULL) {
    return CDS_ENOMEM;
  }
  cds_divisors(*out, primes, n);
  return CDS_OK;
}

static cds_status make_class(cds_searcher *searcher, unsigned c) {
  const cds_problem *problem = &searcher->problem;
  cds_class_table *table = &searcher->table[c];
  const cds_arena_mark mark = cds_arena_mark_get(searcher->scratch);
  size_t all = 0;
  uint64_t *divisor = NULL;
  CDS_TRY(divisors_of(&divisor, &all, searcher, c, problem->size[c]));
  const uint64_t units = cds_array_units(problem);
  table->count = 0;
  while (table->count < all && divisor[table->count] <= units) {
    table->count++;
  }
  table->spread =
      cds_arena_array(searcher->tables, table->count, sizeof *table->spread);
  table->least =
      cds_arena_array(searcher->tables, table->count, sizeof *table->least);
  table->options =
      cds_arena_array(searcher->tables, table->count, sizeof *table->options);
  if (table->spread == NULL || table->least == NULL || table->options == NULL) {
    return CDS_ENOMEM;
  }
  memcpy(table->spread, divisor, table->count * sizeof *divisor);
  cds_arena_reset(searcher->scratch, mark);
  for (size_t i = 0; i < table->count && c < CDS_MATRIX; i++) {
    for (cds_held held = 0; held < CDS_HELD_SETS; held++) {
      if (cds_held_allowed(problem, c, held)) {
        cds_least_row(&table->least[i][held], problem, c, held,
                      table->spread[i]);
      }
    }
  }
  return CDS_OK;
}

/* ---- spreads --------------------------------------------------------- */

/* Whether spreads fit on the axes: some division of each s into a factor on
 * the rows and one on the columns. Depth of recursion: the classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool divide_axes(const uint64_t s[CDS_CLASSES], unsigned c,
                        uint64_t rows, uint64_t cols) {
  if (c == CDS_CLASSES) {
    return true;
  }
  for (uint64_t on_rows = 1; on_rows <= s[c] && on_rows <= rows; on_rows++) {
    if (s[c] % on_rows == 0 && s[c] / on_rows <= cols &&
        divide_axes(s, c + 1, rows / on_rows, cols / (s[c] / on_rows))) {
      return true;
    }
  }
  return false;
}

static bool axes_hold(const cds_problem *problem, const uint64_t s[CDS_CLASSES],
                      uint64_t product) {
  if (!problem->array) {
    return product == 1;
  }
  const cds_array *array = &problem->arch->array[0];
  const uint64_t cols = array->axes > 1 ? array->extent[1] : 1;
  const uint64_t rows = array->extent[0];
  if (product <= rows || product <= cols) {
    return true;
  }
  return product <= rows * cols && divide_axes(s, 0, rows, cols);
}

/* Least row of a tensor over its sets of holders, field by field. */
static void merge_least(cds_row *out, const cds_searcher *searcher,
                        unsigned tensor, unsigned index) {
  bool first = true;
  for (cds_held held = 0; held < CDS_HELD_SETS; held++) {
    if (!cds_held_allowed(&searcher->problem, tensor, held)) {
      continue;
    }
    const cds_row *row = &searcher->table[tensor].least[index][held];
    if (first) {
      *out = *row;
      first = false;
      continue;
    }
    cds_row_lower(out, row);
  }
}

static void bound_spreads(cds_searcher *searcher, cds_spreads *spreads,
                          cds_row *const merged[CDS_MATRIX]) {
  const cds_row *row[CDS_MATRIX];
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    row[t] = &merged[t][spreads->index[t]];
  }
  cds_rows_cost(&spreads->energy_pj, &spreads->cycles, &searcher->problem, row,
                spreads->s);
}

static cds_status add_spreads(cds_searcher *searcher,
                              const cds_spreads *spreads) {
  if (searcher->spreads == searcher->spread_room) {
    const size_t room =
        searcher->spread_room == 0 ? 256 : 2 * searcher->spread_room;
    cds_spreads *grown = cds_arena_array(searcher->tables, room, sizeof *grown);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    if (searcher->spreads > 0) {
      memcpy(grown, searcher->spread, searcher->spreads * sizeof *grown);
    }
    searcher->spread = grown;
    searcher->spread_room = room;
  }
  searcher->spread[searcher->spreads++] = *spreads;
  return CDS_OK;
}

/* Goes on to the next vector of indexes; `over`: the product of the present
 * one is too large, and so is every one with a larger index of the lowest class
 * that is not at its first: go on with the class after it. */
static bool next_spreads(unsigned index[CDS_CLASSES],
                         const cds_class_table table[CDS_CLASSES], bool over) {
  unsigned c = 0;
  if (over) {
    while (c < CDS_CLASSES && index[c] == 0) {
      c++;
    }
    if (c < CDS_CLASSES) {
      index[c++] = 0;
    }
  }
  for (; c < CDS_CLASSES; c++) {
    if (index[c] + 1 < table[c].count) {
      index[c]++;
      return true;
    }
    index[c] = 0;
  }
  return false;
}

static cds_status list_spreads(cds_searcher *searcher,
                               cds_row *const merged[CDS_MATRIX]) {
  const uint64_t units = cds_array_units(&searcher->problem);
  cds_spreads at;
  memset(&at, 0, sizeof at);
  bool over = false;
  do {
    uint64_t product = 1;
    for (unsigned c = 0; c < CDS_CLASSES; c++) {
      at.s[c] = searcher->table[c].spread[at.index[c]];
      product = product > units ? product : product * at.s[c];
    }
    over = product > units;
    if (!over && axes_hold(&searcher->problem, at.s, product)) {
      bound_spreads(searcher, &at, merged);
      CDS_TRY(add_spreads(searcher, &at));
    }
  } while (next_spreads(at.index, searcher->table, over));
  return CDS_OK;
}

static cds_status begin_general(cds_searcher *searcher, const cds_arch *arch,
                                const cds_einsum *einsum,
                                double power_limit_w) {
  if (searcher->general == NULL) {
    searcher->general = cds_general_search_new();
    if (searcher->general == NULL) {
      return CDS_ENOMEM;
    }
  }
  return cds_general_search_begin(searcher->general, arch, einsum,
                                  power_limit_w);
}

static cds_status begin_programs(cds_searcher *searcher, double power_limit_w) {
  if (searcher->milp == NULL) {
    searcher->milp = cds_milp_search_new();
    if (searcher->milp == NULL) {
      return CDS_ENOMEM;
    }
  }
  return cds_milp_search_begin(searcher->milp, &searcher->arch,
                               &searcher->einsum, power_limit_w);
}

cds_status cds_search_begin(cds_searcher *searcher, const cds_arch *arch,
                            const cds_einsum *einsum, double power_limit_w) {
  const cds_optimizer optimizer = searcher->options.optimizer;
  searcher->by_programs = optimizer == CDS_OPTIMIZER_MILP;
  if (cds_optimizer_lacks(optimizer) != NULL ||
      (searcher->by_programs && !cds_problem_matrix(arch, einsum))) {
    return CDS_EINPUT;
  }
  searcher->matrix = cds_problem_matrix(arch, einsum);
  if (!searcher->matrix) {
    searcher->arch = *arch;
    searcher->einsum = *einsum;
    return begin_general(searcher, arch, einsum, power_limit_w);
  }
  cds_arena_reset(searcher->tables, searcher->empty);
  searcher->arch = *arch;
  searcher->einsum = *einsum;
  searcher->spreads = 0;
  searcher->spread_room = 0;
  searcher->spread = NULL;
  if (searcher->by_programs) {
    return begin_programs(searcher, power_limit_w);
  }
  CDS_TRY(cds_problem_init(&searcher->problem, &searcher->arch,
                           &searcher->einsum, power_limit_w));
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    CDS_TRY(make_class(searcher, c));
  }
  cds_row *merged[CDS_MATRIX];
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    const size_t count = searcher->table[t].count;
    merged[t] = cds_arena_array(searcher->tables, count, sizeof *merged[t]);
    if (merged[t] == NULL) {
      return CDS_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
      merge_least(&merged[t][i], searcher, t, (unsigned)i);
    }
  }
  CDS_TRY(list_spreads(searcher, merged));
  searcher->ranked = cds_arena_array(searcher->tables, searcher->spreads,
                                     sizeof *searcher->ranked);
  return searcher->ranked == NULL ? CDS_ENOMEM : CDS_OK;
}

/* ---- options --------------------------------------------------------- */

/* Lists the ways to divide cut.g into g, a and b, falling b, then falling a;
 * only counts them if out is NULL. `divisor`: those of cut.g, rising. */
static size_t list_cuts(cds_cut *out, const cds_choice *choice, cds_cut cut,
                        const uint64_t *divisor, size_t divisors) {
  const uint64_t rest = cut.g;
  const bool hoisted = choice->variant == CDS_CUTS_HOISTED;
  const bool cut_a =
      (choice->held & CDS_HELD_1) != 0 && choice->variant != CDS_CUTS_FLAT;
  size_t count = 0;
  /* A hoisted tensor has loops b, another one none: g x a is the rest. */
  const size_t first = hoisted ? 0 : divisors - 1;
  const size_t last = hoisted ? divisors - 1 : divisors;
  for (size_t i = first; i < last; i++) {
    cut.b = rest / divisor[i];
    for (size_t j = cut_a ? 0 : i; j <= i; j++) {
      if (divisor[i] % divisor[j] == 0) {
        cut.g = divisor[j];
        cut.a = divisor[i] / cut.g;
        if (out != NULL) {
          out[count] = cut;
        }
        count++;
      }
    }
  }
  return count;
}

/* The least multiplicities of the rows from this one on. */
static cds_cut least_from(const cds_choice *choice, cds_cut cut) {
  if (choice->variant == CDS_CUTS_HOISTED && (choice->held & CDS_HELD_1) != 0) {
    cut.a *= cut.g;
    cut.g = 1;
  }
  return cut;
}

/* Whether rows are no bounds of the rows after them: those of a hoisted tensor
 * are in no order of both multiplicities, and under an array that spreads a
 * reduction (s > 1) zero starts of the output rise with them. Else every field
 * rises along the rows and groups. */
static bool needs_floors(const cds_choice *choice, const cds_cut *cut) {
  return choice->variant == CDS_CUTS_HOISTED ||
         (choice->class == CDS_MATRIX - 1 && cut->s > 1);
}

static cds_cut whole_cut(const cds_searcher *searcher, const cds_choice *choice,
                         uint64_t x) {
  const uint64_t s = searcher->table[choice->class].spread[choice->index];
  const uint64_t size = searcher->problem.size[choice->class];
  return (cds_cut){size / s / x, 1, 1, s, x};
}

/* Makes the rows of one x (cds_branch.fill). */
static cds_status fill_group(cds_group *group, const cds_options *options,
                             void *payload) {
  cds_searcher *searcher = payload;
  const cds_choice *choice = &options->choice;
  const cds_problem *problem = &searcher->problem;
  const cds_arena_mark mark = cds_arena_mark_get(searcher->scratch);
  const cds_cut cut = whole_cut(searcher, choice, group->x);
  size_t divisors = 0;
  uint64_t *divisor = NULL;
  CDS_TRY(divisors_of(&divisor, &divisors, searcher, choice->class, cut.g));
  const size_t count = list_cuts(NULL, choice, cut, divisor, divisors);
  if (count > CDS_CUTS_MAX) {
    return CDS_ELIMIT;
  }
  const bool apart = needs_floors(choice, &cut);
  cds_cut *cuts = cds_arena_array(searcher->scratch, count, sizeof *cuts);
  cds_row *row =
      cds_arena_array(searcher->tables, apart ? 2 * count : count, sizeof *row);
  if (cuts == NULL || row == NULL) {
    return CDS_ENOMEM;
  }
  list_cuts(cuts, choice, cut, divisor, divisors);
  for (size_t i = 0; i < count; i++) {
    cds_row_fill(&row[i], problem, choice->class, choice->held, cuts[i]);
    if (apart) {
      const cds_cut low = least_from(choice, cuts[i]);
      cds_row_floor(&row[count + i], problem, choice->class, choice->held, &low,
                    &cut);
    }
  }
  cds_arena_reset(searcher->scratch, mark);
  group->row = row;
  group->rest = apart ? row + count : row;
  group->rows = count;
  return CDS_OK;
}

/* The cut with the least multiplicities of a group. */
static cds_cut first_cut(const cds_choice *choice, cds_cut cut) {
  if (choice->variant == CDS_CUTS_HOISTED) {
    cut.b = cut.g;
    cut.g = 1;
  } else if (choice->variant == CDS_CUTS_ALL &&
             (choice->held & CDS_HELD_1) != 0) {
    cut.a = cut.g;
    cut.g = 1;
  }
  return cut;
}

/* Begins a group with the bounds on its rows. */
static cds_status begin_group(cds_searcher *searcher, cds_group *group,
                              const cds_choice *choice, uint64_t x) {
  const cds_problem *problem = &searcher->problem;
  const cds_cut cut = whole_cut(searcher, choice, x);
  const cds_cut last = whole_cut(searcher, choice, 1);
  const cds_cut first = first_cut(choice, cut);
  const bool apart = needs_floors(choice, &cut);
  cds_row *row = cds_arena_array(searcher->tables, apart ? 2 : 1, sizeof *row);
  if (row == NULL) {
    return CDS_ENOMEM;
  }
  if (apart) {
    cds_row_floor(&row[0], problem, choice->class, choice->held, &first, &cut);
    cds_row_floor(&row[1], problem, choice->class, choice->held, &first, &last);
  } else {
    cds_row_fill(&row[0], problem, choice->class, choice->held, first);
  }
  *group = (cds_group){x, &row[0], apart ? &row[1] : &row[0], 0, NULL, NULL};
  return CDS_OK;
}

static cds_status make_options(cds_options **out, cds_searcher *searcher,
                               const cds_choice *choice) {
  cds_class_table *table = &searcher->table[choice->class];
  cds_options **slot =
      &table->options[choice->index][choice->held][choice->variant];
  *out = *slot;
  if (*slot != NULL) {
    return CDS_OK;
  }
  const uint64_t rest = whole_cut(searcher, choice, 1).g;
  const cds_arena_mark mark = cds_arena_mark_get(searcher->scratch);
  cds_options *options = cds_arena_alloc(searcher->tables, sizeof *options);
  if (options == NULL) {
    return CDS_ENOMEM;
  }
  size_t count = 1;
  uint64_t *divisor = NULL;
  if ((choice->held & CDS_HELD_2) != 0 ||
      (choice->variant == CDS_CUTS_FLAT && (choice->held & CDS_HELD_1) != 0)) {
    CDS_TRY(divisors_of(&divisor, &count, searcher, choice->class, rest));
  }
  options->choice = *choice;
  options->group =
      cds_arena_array(searcher->tables, count, sizeof *options->group);
  if (options->group == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    const uint64_t x = divisor == NULL ? 1 : divisor[count - 1 - i];
    if (choice->variant == CDS_CUTS_HOISTED && x == rest) {
      continue; /* no loops to hoist over */
    }
    CDS_TRY(begin_group(searcher, &options->group[options->groups], choice, x));
    options->groups++;
  }
  cds_arena_reset(searcher->scratch, mark);
  *slot = options;
  *out = options;
  return CDS_OK;
}

/* ---- solve ----------------------------------------------------------- */

static int by_bound(const void *left, const void *right) {
  const cds_ranked *a = left;
  const cds_ranked *b = right;
  if (a->bound != b->bound) {
    return a->bound < b->bound ? -1 : 1;
  }
  return a->index < b->index ? -1 : a->index > b->index;
}

/* Sets of holders of the three tensors, packed: two bits each. */
enum { CDS_HELD_COMBINATIONS = 64 };

static size_t rank_holders(cds_ranked ranked[CDS_HELD_COMBINATIONS],
                           cds_searcher *searcher, const cds_spreads *at) {
  const cds_problem *problem = &searcher->problem;
  size_t count = 0;
  for (uint32_t packed = 0; packed < CDS_HELD_COMBINATIONS; packed++) {
    const cds_row *row[CDS_MATRIX];
    bool possible = true;
    for (unsigned t = 0; t < CDS_MATRIX; t++) {
      const cds_held held = packed >> (2 * t) & 3U;
      possible = possible && cds_held_allowed(problem, t, held);
      row[t] = &searcher->table[t].least[at->index[t]][held];
    }
    if (!possible) {
      continue;
    }
    double dynamic_pj = 0;
    double cycles = 0;
    cds_rows_cost(&dynamic_pj, &cycles, problem, row, at->s);
    ranked[count++] = (cds_ranked){
        cds_goal_value(problem, searcher->branch.goal, dynamic_pj, cycles),
        packed};
  }
  qsort(ranked, count, sizeof *ranked, by_bound);
  return count;
}

static cds_status run_branch(cds_searcher *searcher, const cds_spreads *at) {
  cds_branch *branch = &searcher->branch;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    cds_choice choice = {t, at->index[t], branch->held[t], CDS_CUTS_ALL};
    if (t == branch->hoisted) {
      choice.variant = CDS_CUTS_HOISTED;
    } else if ((branch->flat >> t & 1U) != 0) {
      choice.variant = CDS_CUTS_FLAT;
    }
    CDS_TRY(make_options(&branch->options[t], searcher, &choice));
  }
  return cds_branch_run(branch);
}

/* All mappings with these spreads and holders: without a hoisted tensor, and
 * with each one that can be: level 2 holds it, and it looks through a set
 * `flat` of holders of level 1 without loops of their own. Two cannot be
 * hoisted: between the loops b of one and its holder stands no loop that it
 * has, and the other's loops b are such. */
static cds_status open_holders(cds_searcher *searcher, const cds_spreads *at) {
  cds_branch *branch = &searcher->branch;
  branch->hoisted = CDS_MATRIX;
  branch->flat = 0;
  CDS_TRY(run_branch(searcher, at));
  unsigned held_1 = 0;
  unsigned held_2 = 0;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    held_1 |= (branch->held[t] & CDS_HELD_1) != 0 ? 1U << t : 0U;
    held_2 |= (branch->held[t] & CDS_HELD_2) != 0 ? 1U << t : 0U;
  }
  for (unsigned choice = 0; choice < CDS_MATRIX << CDS_MATRIX; choice++) {
    branch->hoisted = choice >> CDS_MATRIX;
    branch->flat = choice & ((1U << CDS_MATRIX) - 1U);
    const unsigned own = 1U << branch->hoisted;
    if ((held_2 & own) != 0 && branch->flat != 0 &&
        (branch->flat & ~(held_1 & ~own)) == 0) {
      CDS_TRY(run_branch(searcher, at));
    }
  }
  return CDS_OK;
}

static cds_status open_spreads(cds_searcher *searcher, const cds_spreads *at) {
  cds_branch *branch = &searcher->branch;
  cds_ranked ranked[CDS_HELD_COMBINATIONS];
  const size_t count = rank_holders(ranked, searcher, at);
  branch->spreads = at;
  for (size_t i = 0; i < count; i++) {
    if (cds_beyond(branch, ranked[i].bound)) {
      break;
    }
    for (unsigned t = 0; t < CDS_MATRIX; t++) {
      const cds_held held = ranked[i].index >> (2 * t) & 3U;
      branch->held[t] = held;
    }
    CDS_TRY(open_holders(searcher, at));
  }
  return CDS_OK;
}

static cds_status finish(cds_search_result *out, cds_searcher *searcher,
                         double bound) {
  cds_branch *branch = &searcher->branch;
  out->nodes = branch->nodes;
  out->found = branch->found;
  out->bound = bound;
  if (!branch->found) {
    return isinf(bound) ? CDS_EINFEASIBLE : CDS_EINTERRUPTED;
  }
  out->mapping = *cds_branch_mapping(branch);
  cds_counts *counts = cds_arena_alloc(searcher->scratch, sizeof *counts);
  if (counts == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_count(counts, &searcher->arch, &searcher->einsum, &out->mapping,
                    searcher->scratch));
  CDS_TRY(cds_price_einsum(&out->cost, &searcher->arch, &searcher->einsum,
                           counts, searcher->problem.power_limit_w));
  out->value = cds_goal_value(&searcher->problem, branch->goal,
                              out->cost.dynamic_pj, out->cost.cycles);
  if (fabs(out->value - branch->best) > 1e-9 * out->value) {
    return CDS_EINTERNAL; /* rows and counts disagree */
  }
  out->proven = !(bound < branch->best);
  out->bound = out->proven || bound > out->value ? out->value : bound;
  return CDS_OK;
}

cds_status cds_search_solve(cds_search_result *out, cds_searcher *searcher,
                            cds_goal goal, const cds_control *control) {
  if (searcher->by_programs) {
    return cds_milp_search_solve(out, searcher->milp, goal,
                                 searcher->options.nodes_most, control);
  }
  if (!searcher->matrix) {
    return cds_general_search_solve(out, searcher->general, goal, control);
  }
  memset(out, 0, sizeof *out);
  cds_branch *branch = &searcher->branch;
  memset(branch, 0, sizeof *branch);
  branch->problem = &searcher->problem;
  branch->fill = fill_group;
  branch->payload = searcher;
  branch->goal = goal;
  for (size_t i = 0; i < searcher->spreads; i++) {
    const cds_spreads *at = &searcher->spread[i];
    searcher->ranked[i] = (cds_ranked){
        cds_goal_value(&searcher->problem, goal, at->energy_pj, at->cycles),
        (uint32_t)i};
  }
  qsort(searcher->ranked, searcher->spreads, sizeof *searcher->ranked,
        by_bound);
  double open = (double)INFINITY; /* least bound that was not looked into */
  for (size_t i = 0; i < searcher->spreads; i++) {
    const cds_ranked *next = &searcher->ranked[i];
    if (cds_beyond(branch, next->bound)) {
      break;
    }
    if (cds_control_cancelled(control)) {
      open = next->bound;
      break;
    }
    CDS_TRY(open_spreads(searcher, &searcher->spread[next->index]));
  }
  const cds_arena_mark mark = cds_arena_mark_get(searcher->scratch);
  const cds_status status = finish(out, searcher, open);
  cds_arena_reset(searcher->scratch, mark);
  return status;
}

cds_misfit cds_search_misfit(const cds_searcher *searcher) {
  return cds_pair_misfit(&searcher->arch, &searcher->einsum);
}
