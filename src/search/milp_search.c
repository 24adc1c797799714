/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs for all spreads, and lines for products; see milp_search.h. */
#include "search/milp_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/holders.h"
#include "search/milp.h"
#include "search/milp_model.h"

/* Values of goals are of this order: the solver takes a slope of less than
 * CDS_MILP_TOLERANCE for none. */
#define FINE 1e4

/* Between what the solver says and what is counted no more is its rounding. */
#define DISAGREE 1e-5

/* Values that differ by less are equal. */
#define EQUAL 1e-9

/* A mapping that is better by this part is worth a program of fewer cuts. */
#define WORTH 2e-2

enum {
  LINES_MAX = 64,  /* of one product */
  POINTS_MAX = 64, /* mappings that are kept to begin with */
  MISFITS_MAX = 64 /* solutions of one program that do not fit */
};

typedef struct spreads {
  uint64_t s[CDS_CLASSES];
  const cds_milp_least *least[CDS_MATRIX];
  double dynamic_pj, cycles; /* nothing is below */
  double bound;              /* of the present goal */
} spreads;

/* A supporting line: E + lambda T >= least. */
typedef struct line {
  double lambda, least;
} line;

struct cds_milp_search {
  cds_arena *tables, *scratch;
  cds_arena_mark empty;
  cds_problem problem;
  struct {
    size_t count; /* spreads that the array has room for */
    uint64_t *s;
    cds_milp_least *least; /* not of the batch class */
  } class[CDS_CLASSES];
  size_t count, room;
  spreads *spread;
  size_t points; /* the best mappings of what was asked so far */
  cds_search_result *point;
  /* Of the present solve: */
  uint64_t nodes_most, nodes;
  const cds_control *control;
  bool stopped;
};

cds_milp_search *cds_milp_search_new(void) {
  cds_milp_search *search = cds_malloc(sizeof *search);
  if (search == NULL) {
    return NULL;
  }
  memset(search, 0, sizeof *search);
  search->tables = cds_arena_new();
  search->scratch = cds_arena_new();
  if (search->tables == NULL || search->scratch == NULL) {
    cds_milp_search_free(search);
    return NULL;
  }
  search->empty = cds_arena_mark_get(search->tables);
  return search;
}

void cds_milp_search_free(cds_milp_search *search) {
  if (search == NULL) {
    return;
  }
  cds_arena_free(search->tables);
  cds_arena_free(search->scratch);
  cds_free(search);
}

/* ---- spreads ----------------------------------------------------------- */

/* Whether the spreads of classes c and on fit on so many rows and columns. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool on_axes(const uint64_t s[CDS_CLASSES], unsigned c, uint64_t rows,
                    uint64_t cols) {
  if (c == CDS_CLASSES) {
    return true;
  }
  for (uint64_t r = 1; r <= rows && r <= s[c]; r++) {
    if (s[c] % r == 0 && s[c] / r <= cols &&
        on_axes(s, c + 1, rows / r, cols / (s[c] / r))) {
      return true;
    }
  }
  return false;
}

static cds_status add_spreads(cds_milp_search *search,
                              const unsigned index[CDS_CLASSES],
                              const uint64_t s[CDS_CLASSES]) {
  if (search->count == search->room) {
    const size_t room = search->room == 0 ? 64 : 2 * search->room;
    spreads *more = cds_arena_array(search->tables, room, sizeof *more);
    if (more == NULL) {
      return CDS_ENOMEM;
    }
    if (search->count > 0) {
      memcpy(more, search->spread, search->count * sizeof *more);
    }
    search->spread = more;
    search->room = room;
  }
  spreads *at = &search->spread[search->count++];
  memcpy(at->s, s, sizeof at->s);
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    at->least[t] = &search->class[t].least[index[t]];
  }
  cds_milp_bound(&at->dynamic_pj, &at->cycles, &search->problem, s, at->least);
  return CDS_OK;
}

/* Lists what classes c and on may spread over so many units; the depth of
 * recursion is the number of classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status list_spreads(cds_milp_search *search,
                               unsigned index[CDS_CLASSES],
                               uint64_t s[CDS_CLASSES], unsigned c,
                               uint64_t units) {
  const cds_problem *problem = &search->problem;
  if (c == CDS_CLASSES) {
    const cds_array *array = &problem->arch->array[0];
    const bool fits =
        !problem->array ||
        on_axes(s, 0, array->extent[0], array->axes > 1 ? array->extent[1] : 1);
    return fits ? add_spreads(search, index, s) : CDS_OK;
  }
  for (unsigned i = 0; i < search->class[c].count; i++) {
    index[c] = i;
    s[c] = search->class[c].s[i];
    if (s[c] <= units) {
      CDS_TRY(list_spreads(search, index, s, c + 1, units / s[c]));
    }
  }
  return CDS_OK;
}

static cds_status make_class(cds_milp_search *search, unsigned c) {
  const cds_problem *problem = &search->problem;
  const uint64_t units = cds_array_units(problem);
  const size_t count = cds_divisor_count(&problem->primes[c], problem->size[c]);
  uint64_t *s = cds_arena_array(search->tables, count, sizeof *s);
  if (s == NULL) {
    return CDS_ENOMEM;
  }
  cds_divisors(s, &problem->primes[c], problem->size[c]);
  search->class[c].s = s;
  search->class[c].count = 0;
  while (search->class[c].count < count && s[search->class[c].count] <= units) {
    search->class[c].count++;
  }
  if (c == CDS_BATCH) {
    return CDS_OK;
  }
  cds_milp_least *least =
      cds_arena_array(search->tables, search->class[c].count, sizeof *least);
  if (least == NULL) {
    return CDS_ENOMEM;
  }
  search->class[c].least = least;
  for (size_t i = 0; i < search->class[c].count; i++) {
    CDS_TRY(cds_milp_least_make(&least[i], problem, c, s[i], search->scratch));
  }
  return CDS_OK;
}

cds_status cds_milp_search_begin(cds_milp_search *search, const cds_arch *arch,
                                 const cds_einsum *einsum,
                                 double power_limit_w) {
  cds_arena_reset(search->tables, search->empty);
  search->count = 0;
  search->room = 0;
  search->spread = NULL;
  search->points = 0;
  search->point =
      cds_arena_array(search->tables, POINTS_MAX, sizeof *search->point);
  if (search->point == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_problem_init(&search->problem, arch, einsum, power_limit_w));
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    CDS_TRY(make_class(search, c));
  }
  unsigned index[CDS_CLASSES];
  uint64_t s[CDS_CLASSES];
  return list_spreads(search, index, s, 0, cds_array_units(&search->problem));
}

/* ---- a linear goal ----------------------------------------------------- */

static cds_goal linear(double lambda) {
  return (cds_goal){.lambda_pj_per_s = lambda};
}

static double value_of(const cds_milp_search *search, cds_goal goal,
                       const cds_cost *cost) {
  return cds_goal_value(&search->problem, goal, cost->dynamic_pj, cost->cycles);
}

static int by_bound(const void *left, const void *right) {
  const spreads *a = left;
  const spreads *b = right;
  if (a->bound != b->bound) {
    return a->bound < b->bound ? -1 : 1;
  }
  return memcmp(a->s, b->s, sizeof a->s);
}

/* Counts and prices the mapping of a solution; `found`: it fits. */
static cds_status price(cds_search_result *out, cds_milp_search *search,
                        const cds_milp_model *model, const double *x) {
  const cds_problem *problem = &search->problem;
  cds_leaf leaf;
  cds_milp_model_leaf(&leaf, model, x);
  cds_leaf_mapping(&out->mapping, problem, &leaf);
  cds_counts *counts = cds_arena_alloc(search->scratch, sizeof *counts);
  if (counts == NULL) {
    return CDS_ENOMEM;
  }
  cds_misfit misfit;
  CDS_TRY(cds_count(counts, problem->arch, problem->einsum, &out->mapping,
                    search->scratch));
  out->found =
      cds_price_fits(&misfit, problem->arch, problem->einsum, counts) == CDS_OK;
  if (!out->found &&
      (double)misfit.need_bits > (double)misfit.size_bits * (1 + DISAGREE)) {
    return CDS_EINTERNAL; /* rows of the program and counts disagree */
  }
  return cds_price_einsum(&out->cost, problem->arch, problem->einsum, counts,
                          problem->power_limit_w);
}

/* Prices a solution of which the solver says so much, and takes it for the best
 * if it is; `fits`: whether it does when counted. */
static cds_status offer(cds_search_result *best, bool *fits,
                        cds_milp_search *search, const cds_milp_model *model,
                        const double *x, double said) {
  static const cds_search_result none;
  const cds_milp_aim *aim = &model->aim;
  cds_search_result *next = cds_arena_alloc(search->scratch, sizeof *next);
  if (next == NULL) {
    return CDS_ENOMEM;
  }
  *next = none;
  CDS_TRY(price(next, search, model, x));
  next->value = value_of(search, linear(aim->lambda_pj_per_s), &next->cost);
  /* Less is no surprise: counting hoists wherever it can, and the same mapping
   * is also in the space as what it then is. */
  if (next->found && next->value > said * aim->scale * (1 + DISAGREE)) {
    return CDS_EINTERNAL; /* rows of the program and counts disagree */
  }
  *fits = next->found;
  if (next->found && (!best->found || next->value < best->value)) {
    *best = *next;
  }
  return CDS_OK;
}

/* Solves a program; solutions that do not fit when counted are forbidden. */
static cds_status solve_model(cds_search_result *best, cds_milp_answer *answer,
                              cds_milp_search *search, cds_milp_model *model) {
  const cds_milp_aim *aim = &model->aim;
  double *x =
      cds_arena_array(search->scratch, model->program.columns, sizeof *x);
  if (x == NULL) {
    return CDS_ENOMEM;
  }
  const uint64_t left = search->nodes < search->nodes_most
                            ? search->nodes_most - search->nodes
                            : 0;
  const cds_milp_limits limits = {
      best->found ? left : UINT64_MAX,
      best->found ? best->value * (1 - WORTH) / aim->scale : (double)INFINITY,
      search->control};
  bool fits = false;
  for (unsigned misfits = 0; misfits < MISFITS_MAX && !fits; misfits++) {
    CDS_TRY(cds_milp_solve(answer, x, &model->program, &limits));
    search->nodes += answer->nodes;
    fits = true;
    if (answer->found) {
      CDS_TRY(offer(best, &fits, search, model, x, answer->value));
    }
    if (!fits) {
      cds_milp_model_forbid(model, x);
    }
  }
  answer->end = fits ? answer->end : CDS_MILP_STOPPED;
  return CDS_OK;
}

/* Solves the program of one vector of spreads, down to below the best; `bound`
 * is lowered to what it leaves open. A mapping that is much better starts the
 * program anew, with fewer cuts. */
static cds_status solve_spreads(cds_search_result *best, double *bound,
                                cds_milp_search *search, const spreads *at,
                                double lambda) {
  cds_milp_answer answer = {.end = CDS_MILP_ENOUGH};
  while (answer.end == CDS_MILP_ENOUGH) {
    const cds_arena_mark mark = cds_arena_mark_get(search->scratch);
    const cds_milp_aim aim = {lambda, at->bound > 0 ? at->bound / FINE : 1,
                              best->found ? best->value * (1 - EQUAL)
                                          : (double)INFINITY};
    cds_milp_model model;
    cds_status status = cds_milp_model_make(&model, &search->problem, at->s,
                                            at->least, &aim, search->scratch);
    if (status == CDS_OK) {
      status = solve_model(best, &answer, search, &model);
    }
    cds_arena_reset(search->scratch, mark);
    CDS_TRY(status);
    if (answer.end == CDS_MILP_STOPPED) {
      search->stopped = true;
      *bound = fmin(*bound, fmax(answer.bound * aim.scale, at->bound));
    }
  }
  return CDS_OK;
}

static void keep_point(cds_milp_search *search,
                       const cds_search_result *point) {
  if (search->points < POINTS_MAX) {
    search->point[search->points++] = *point;
  }
}

/* The known mapping that is best for a goal. */
static void best_known(cds_search_result *out, const cds_milp_search *search,
                       cds_goal goal) {
  memset(out, 0, sizeof *out);
  for (size_t i = 0; i < search->points; i++) {
    const double value = value_of(search, goal, &search->point[i].cost);
    if (!out->found || value < out->value) {
      *out = search->point[i];
      out->value = value;
    }
  }
}

/* Least E + lambda T: the best of all programs and of what is known. The bound
 * is the value if all were solved. */
static cds_status solve_linear(cds_search_result *out, cds_milp_search *search,
                               double lambda) {
  const cds_goal goal = linear(lambda);
  best_known(out, search, goal);
  for (size_t i = 0; i < search->count; i++) {
    spreads *at = &search->spread[i];
    at->bound =
        cds_goal_value(&search->problem, goal, at->dynamic_pj, at->cycles);
  }
  qsort(search->spread, search->count, sizeof *search->spread, by_bound);
  double bound = (double)INFINITY;
  for (size_t i = 0; i < search->count; i++) {
    const spreads *at = &search->spread[i];
    if (out->found && at->bound * (1 - 1e-12) > out->value) {
      break;
    }
    if (cds_control_cancelled(search->control) ||
        (out->found && (search->nodes >= search->nodes_most ||
                        cds_control_hurried(search->control)))) {
      search->stopped = true;
      bound = fmin(bound, at->bound);
      break;
    }
    CDS_TRY(solve_spreads(out, &bound, search, at, lambda));
  }
  out->bound = out->found ? fmin(bound, out->value) : bound;
  if (out->found) {
    keep_point(search, out);
  }
  return CDS_OK;
}

/* ---- products ---------------------------------------------------------- */

/* Where two lines meet; false if they do not. */
static bool meet(const line *a, const line *b, double *energy, double *time) {
  if (isinf(b->lambda)) { /* T >= least */
    *time = b->least;
    *energy = a->least - a->lambda * *time;
    return !isinf(a->lambda);
  }
  if (a->lambda == b->lambda || isinf(a->lambda)) {
    return false;
  }
  *time = (a->least - b->least) / (a->lambda - b->lambda);
  *energy = a->least - a->lambda * *time;
  return true;
}

static bool above(const line *it, double energy, double time) {
  const double at = isinf(it->lambda) ? time : energy + it->lambda * time;
  return at >= it->least * (1 - 1e-12);
}

/* The corner of the region above the lines that has the least product. */
static double least_corner(cds_goal product, const line *it, size_t lines,
                           double *energy, double *time) {
  double least = (double)INFINITY;
  for (size_t i = 0; i < lines; i++) {
    for (size_t j = 0; j < lines; j++) {
      double e = 0;
      double t = 0;
      if (i == j || !meet(&it[i], &it[j], &e, &t) || e < 0 || t < 0 ||
          cds_goal_at(product, e, t) >= least) {
        continue;
      }
      bool inside = true;
      for (size_t k = 0; k < lines && inside; k++) {
        inside = k == i || k == j || above(&it[k], e, t);
      }
      if (inside) {
        least = cds_goal_at(product, e, t);
        *energy = e;
        *time = t;
      }
    }
  }
  return least;
}

/* E >= and T >= what no spreads pass. */
static void first_lines(line out[2], const cds_milp_search *search) {
  const cds_problem *problem = &search->problem;
  double dynamic_pj = (double)INFINITY;
  double cycles = (double)INFINITY;
  for (size_t i = 0; i < search->count; i++) {
    dynamic_pj = fmin(dynamic_pj, search->spread[i].dynamic_pj);
    cycles = fmin(cycles, search->spread[i].cycles);
  }
  out[0] = (line){0, cds_goal_value(problem, linear(0), dynamic_pj, cycles)};
  const double time = fmax(cycles / problem->arch->clock_hz,
                           dynamic_pj * problem->seconds_per_pj);
  out[1] = (line){(double)INFINITY, time};
}

static cds_status solve_product(cds_search_result *out, cds_milp_search *search,
                                cds_goal product) {
  const double n = product.time_power;
  line lines[LINES_MAX + 2];
  first_lines(lines, search);
  size_t count = 2;
  double energy = lines[0].least;
  double time = lines[1].least;
  double bound = cds_goal_at(product, energy, time);
  bool reached = false;
  while (count < LINES_MAX + 2 && !search->stopped && !reached) {
    cds_search_result next;
    const double lambda = n * energy / time; /* of the level line */
    CDS_TRY(solve_linear(&next, search, lambda));
    if (!next.found) {
      *out = next;
      return CDS_OK; /* nothing fits */
    }
    if (!out->found || value_of(search, product, &next.cost) < out->value) {
      *out = next;
      out->value = value_of(search, product, &next.cost);
    }
    lines[count++] = (line){lambda, next.bound};
    reached = !search->stopped && next.bound <= (1 + n) * energy * (1 + EQUAL);
    bound = reached ? out->value
                    : least_corner(product, lines, count, &energy, &time);
    reached = reached || bound >= out->value * (1 - EQUAL);
  }
  search->stopped = search->stopped || !reached;
  out->bound = fmin(bound, out->value);
  return CDS_OK;
}

cds_status cds_milp_search_solve(cds_search_result *out,
                                 cds_milp_search *search, cds_goal goal,
                                 uint64_t nodes, const cds_control *control) {
  memset(out, 0, sizeof *out);
  search->nodes_most = nodes;
  search->nodes = 0;
  search->control = control;
  search->stopped = false;
  CDS_TRY(goal.time_power > 0
              ? solve_product(out, search, goal)
              : solve_linear(out, search, goal.lambda_pj_per_s));
  out->nodes = search->nodes;
  if (!out->found) {
    return search->stopped ? CDS_EINTERRUPTED : CDS_EINFEASIBLE;
  }
  out->proven = !search->stopped;
  out->bound = out->proven ? out->value : fmin(out->bound, out->value);
  return CDS_OK;
}
