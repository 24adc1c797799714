/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What stays on chip, against all choices: random small problems whose
 * questions have all their mappings known; and the knapsack against all counts,
 * and, where the build has it, the same integer program by GLPK.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "network/pack.h"
#include "network/reside.h"
#include "search/milp.h"
#include "support/close.h"

enum {
  QUESTIONS = 6,
  POINTS = 5,
  TERMS = 64,
  WAYS = 48,
  USES = 24,
  OPTIONS = 12,
  CELLS = 3,
  ROOM = 40,
  TABLE = 2000
};

static uint64_t draw(uint64_t *state, uint64_t low, uint64_t high) {
  *state =
      *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return low + (*state >> 33) % (high - low + 1);
}

static bool quick(void) { return getenv("CODESIGN_TEST_QUICK") != NULL; }

/* ---- the whole ---------------------------------------------------------- */

/* A mapping of a question: what it costs, and what it needs of the room. */
typedef struct point {
  double value;
  uint64_t need;
} point;

typedef struct puzzle {
  uint64_t random;
  point point[QUESTIONS][POINTS];
  bool late[QUESTIONS];
  cds_reside_term term[TERMS];
  cds_reside_way way[WAYS];
  cds_reside_use use[USES];
  cds_reside_option option[OPTIONS];
  cds_reside_cell cell[CELLS];
  cds_reside_problem problem;
  uint64_t asked, most; /* questions; time is up after so many */
  volatile int hurry;
} puzzle;

static double least_of(const puzzle *p, size_t question, uint64_t taken,
                       size_t *best) {
  double least = (double)INFINITY;
  for (size_t i = 0; i < POINTS; i++) {
    const point *at = &p->point[question][i];
    if (at->need + taken <= p->problem.room && at->value < least) {
      least = at->value;
      *best = i;
    }
  }
  return least;
}

static cds_status answer(cds_reside_ask *ask, size_t asks, void *payload) {
  puzzle *p = (puzzle *)payload;
  for (size_t i = 0; i < asks; i++) {
    size_t best = 0;
    const double least = least_of(p, ask[i].question, ask[i].taken, &best);
    p->hurry = ++p->asked > p->most;
    ask[i].answer =
        (cds_reside_answer){.value = least, .bound = least, .solution = best};
    if (least < (double)INFINITY) {
      ask[i].answer.most =
          p->problem.room - p->point[ask[i].question][best].need;
    }
    if (least > ask[i].limit) {
      ask[i].answer.value = (double)INFINITY;
      ask[i].answer.bound = ask[i].limit;
    }
  }
  return CDS_OK;
}

static void add_way(puzzle *p, uint64_t own) {
  cds_reside_problem *problem = &p->problem;
  cds_reside_way *way = &p->way[problem->ways++];
  way->first = problem->terms;
  way->terms = draw(&p->random, 1, 2);
  for (size_t t = 0; t < way->terms; t++) {
    p->term[problem->terms++] =
        (cds_reside_term){.question = draw(&p->random, 0, QUESTIONS - 1),
                          .shift = (int64_t)draw(&p->random, 0, 6) -
                                   (int64_t)draw(&p->random, 0, own)};
  }
}

static void add_option(puzzle *p, uint64_t bits) {
  cds_reside_problem *problem = &p->problem;
  cds_reside_option *option = &p->option[problem->options++];
  option->bits = bits;
  option->cost = bits > 0 ? (double)draw(&p->random, 0, 8) : 0;
  option->first = problem->uses;
  option->uses = draw(&p->random, 1, 2);
  for (size_t u = 0; u < option->uses; u++) {
    cds_reside_use *use = &p->use[problem->uses++];
    use->first = problem->ways;
    use->ways = draw(&p->random, 1, 2);
    use->weight = (double)draw(&p->random, 1, 4);
    for (size_t w = 0; w < use->ways; w++) {
      add_way(p, bits);
    }
  }
}

static void make_puzzle(puzzle *p, uint64_t seed) {
  memset(p, 0, sizeof *p);
  p->random = seed;
  for (size_t v = 0; v < QUESTIONS; v++) {
    p->late[v] = draw(&p->random, 0, 4) == 0;
    for (size_t i = 0; i < POINTS; i++) {
      p->point[v][i] = (point){(double)draw(&p->random, 1, 60),
                               draw(&p->random, 0, i == 0 ? 8 : ROOM)};
    }
  }
  cds_reside_problem *problem = &p->problem;
  problem->room = draw(&p->random, 10, ROOM);
  problem->questions = QUESTIONS;
  problem->late = p->late;
  problem->cells = draw(&p->random, 1, CELLS);
  for (size_t c = 0; c < problem->cells; c++) {
    p->cell[c].instances = draw(&p->random, 1, 3);
    p->cell[c].first = problem->options;
    p->cell[c].options = draw(&p->random, 1, 4);
    for (size_t m = 0; m < p->cell[c].options; m++) {
      add_option(p, m == 0 ? 0 : draw(&p->random, 1, 16));
    }
  }
  problem->term = p->term;
  problem->way = p->way;
  problem->use = p->use;
  problem->option = p->option;
  problem->cell = p->cell;
  problem->solve = answer;
  problem->payload = p;
  p->most = UINT64_MAX;
}

/* A way as it is written down, with so many bits pinned. */
static double cost_of_way(const puzzle *p, size_t way, uint64_t bits) {
  double sum = 0;
  for (size_t t = p->way[way].first; t < p->way[way].first + p->way[way].terms;
       t++) {
    size_t best = 0;
    const int64_t taken = (int64_t)bits + p->term[t].shift;
    sum += least_of(p, p->term[t].question, taken < 0 ? 0 : (uint64_t)taken,
                    &best);
  }
  return sum;
}

/* A choice as it is written down: nothing but the definition. */
static double cost_of(const puzzle *p, const uint64_t *count, uint64_t bits) {
  double sum = 0;
  for (size_t m = 0; m < p->problem.options; m++) {
    const cds_reside_option *option = &p->option[m];
    double cost = option->cost;
    for (size_t u = option->first; u < option->first + option->uses; u++) {
      double least = (double)INFINITY;
      for (size_t w = p->use[u].first; w < p->use[u].first + p->use[u].ways;
           w++) {
        least = fmin(least, cost_of_way(p, w, bits));
      }
      cost += p->use[u].weight * least;
    }
    sum += count[m] > 0 ? (double)count[m] * cost : 0;
  }
  return sum;
}

/* The next way to spread a cell's instances over its options. */
static bool next_count(uint64_t *count, size_t options, uint64_t instances) {
  for (size_t m = 1; m < options; m++) {
    count[m]++;
    uint64_t sum = 0;
    for (size_t k = 1; k < options; k++) {
      sum += count[k];
    }
    if (sum <= instances) {
      count[0] = instances - sum;
      return true;
    }
    count[m] = 0;
  }
  count[0] = instances;
  return false;
}

static bool next_choice(const puzzle *p, uint64_t *count) {
  for (size_t c = 0; c < p->problem.cells; c++) {
    if (next_count(&count[p->cell[c].first], p->cell[c].options,
                   p->cell[c].instances)) {
      return true;
    }
  }
  return false;
}

static void first_choice(const puzzle *p, uint64_t *count) {
  memset(count, 0, OPTIONS * sizeof *count);
  for (size_t c = 0; c < p->problem.cells; c++) {
    count[p->cell[c].first] = p->cell[c].instances;
  }
}

static uint64_t bits_of(const puzzle *p, const uint64_t *count) {
  uint64_t bits = 0;
  for (size_t m = 0; m < p->problem.options; m++) {
    bits += count[m] * p->option[m].bits;
  }
  return bits;
}

static double brute_force(const puzzle *p) {
  uint64_t count[OPTIONS];
  double least = (double)INFINITY;
  first_choice(p, count);
  do {
    const uint64_t bits = bits_of(p, count);
    if (bits <= p->problem.room) {
      least = fmin(least, cost_of(p, count, bits));
    }
  } while (next_choice(p, count));
  return least;
}

/* The mappings that the result names cost what it says, and fit. */
static void check_choice(const puzzle *p, const cds_reside_result *result) {
  double value = 0;
  assert_int_equal(bits_of(p, result->count), result->bits);
  for (size_t m = 0; m < p->problem.options; m++) {
    const cds_reside_option *option = &p->option[m];
    double cost = option->cost;
    if (result->count[m] == 0) {
      continue;
    }
    for (size_t u = option->first; u < option->first + option->uses; u++) {
      const cds_reside_way *way = &p->way[result->way[u]];
      for (size_t t = way->first; t < way->first + way->terms; t++) {
        const cds_reside_term *term = &p->term[t];
        const point *at = &p->point[term->question][result->solution[t]];
        const int64_t taken = (int64_t)result->bits + term->shift;
        assert_true((int64_t)at->need + (taken < 0 ? 0 : taken) <=
                    (int64_t)p->problem.room);
        cost += p->use[u].weight * at->value;
      }
    }
    value += (double)result->count[m] * cost;
  }
  assert_close(value, result->value, 1e-12);
}

/* Uses that take the first of two equal ways, and the later one. */
typedef struct ties {
  size_t first, later;
} ties;

/* Each use of the choice runs a way that costs the least. */
static void count_ties(ties *sum, const puzzle *p,
                       const cds_reside_result *result) {
  for (size_t m = 0; m < p->problem.options; m++) {
    const cds_reside_option *option = &p->option[m];
    for (size_t u = option->first;
         u < option->first + option->uses && result->count[m] > 0; u++) {
      const size_t way = result->way[u];
      const double cost = cost_of_way(p, way, result->bits);
      for (size_t w = p->use[u].first; w < p->use[u].first + p->use[u].ways;
           w++) {
        const double other = cost_of_way(p, w, result->bits);
        assert_true(other >= cost);
        sum->first += w > way && other == cost;
        sum->later += w < way && other == cost;
      }
    }
  }
}

static void the_choice_is_the_least_of_all(void **state) {
  (void)state;
  static puzzle p;
  size_t none = 0;
  size_t pinned = 0;
  ties sum = {0, 0};
  uint64_t rounds = 0;
  const uint64_t cases = quick() ? 500 : 20000;
  for (uint64_t seed = 1; seed <= cases; seed++) {
    cds_arena *arena = cds_arena_new();
    cds_reside_result result;
    make_puzzle(&p, seed);
    const double least = brute_force(&p);
    assert_int_equal(cds_reside_solve(&result, &p.problem, arena), CDS_OK);
    assert_int_equal(result.found, least < (double)INFINITY);
    if (result.found) {
      assert_true(result.proven);
      assert_close(result.value, least, 1e-12);
      assert_true(result.bound <= result.value);
      assert_close(result.bound, least, 1e-11);
      check_choice(&p, &result);
      count_ties(&sum, &p, &result);
      pinned += result.bits > 0;
    } else {
      none++;
      assert_true(result.bound == (double)INFINITY);
    }
    rounds += result.rounds;
    cds_arena_free(arena);
  }
  print_message("%zu of %llu choices pin something, %zu fit nowhere, %.1f "
                "rounds each\n",
                pinned, (unsigned long long)cases, none,
                (double)rounds / (double)cases);
  assert_true(pinned > cases / 3);
  /* A later way is kept where nothing is known to fit of the first one. */
  assert_true(sum.first > cases / 50 && sum.later <= sum.first / 100);
  assert_true(none > 0 && none < cases / 2);
}

/* Whatever was asked until then: what is found is a choice, and no choice is
 * below the bound. */
static void the_bound_holds_when_time_is_up(void **state) {
  (void)state;
  static puzzle p;
  size_t found = 0;
  size_t open = 0;
  const uint64_t cases = quick() ? 500 : 10000;
  for (uint64_t seed = 1; seed <= cases; seed++) {
    cds_arena *arena = cds_arena_new();
    cds_reside_result result;
    make_puzzle(&p, seed);
    const cds_control control = {.hurry = &p.hurry};
    const double least = brute_force(&p);
    p.problem.control = &control;
    p.most = draw(&p.random, 0, 24);
    p.hurry = p.most == 0;
    assert_int_equal(cds_reside_solve(&result, &p.problem, arena), CDS_OK);
    assert_true(p.hurry == 0 ||
                p.asked <= p.most + p.problem.terms + QUESTIONS);
    assert_true(result.bound <= least * (1 + 1e-12));
    if (result.found) {
      assert_true(result.value >= least * (1 - 1e-12));
      check_choice(&p, &result);
    }
    found += result.found;
    open += !result.proven && least < (double)INFINITY;
    cds_arena_free(arena);
  }
  print_message("%zu of %llu have a choice, %zu are open\n", found,
                (unsigned long long)cases, open);
  assert_true(found > cases / 4 && open > cases / 4 && found > cases - open);
}

static void a_cancelled_search_is_interrupted(void **state) {
  (void)state;
  static puzzle p;
  static const int stop = 1;
  const cds_control control = {.cancel = &stop};
  cds_arena *arena = cds_arena_new();
  cds_reside_result result;
  make_puzzle(&p, 1);
  p.problem.control = &control;
  assert_int_equal(cds_reside_solve(&result, &p.problem, arena),
                   CDS_EINTERRUPTED);
  assert_int_equal(p.asked, 0);
  cds_arena_free(arena);
}

/* ---- the knapsack ------------------------------------------------------- */

typedef struct sack {
  cds_pack_cell cell[CELLS];
  cds_pack_option option[OPTIONS];
  cds_pack_problem problem;
} sack;

static void make_sack(sack *s, uint64_t seed) {
  uint64_t random = seed;
  memset(s, 0, sizeof *s);
  s->problem.cells = draw(&random, 1, CELLS);
  const uint64_t scale = draw(&random, 0, 2) == 0 ? 1000003 : 1;
  size_t options = 0;
  for (size_t c = 0; c < s->problem.cells; c++) {
    s->cell[c] =
        (cds_pack_cell){draw(&random, 1, 5), options, draw(&random, 1, 4)};
    for (size_t m = 0; m < s->cell[c].options; m++) {
      s->option[options++] = (cds_pack_option){
          scale * draw(&random, 0, 12), draw(&random, 0, 12) == 0
                                            ? (double)INFINITY
                                            : (double)draw(&random, 0, 40)};
    }
  }
  s->problem.cell = s->cell;
  s->problem.option = s->option;
  s->problem.room = scale * draw(&random, 0, 60);
  s->problem.limit = (double)INFINITY;
}

static double brute_sack(const sack *s) {
  uint64_t count[OPTIONS] = {0};
  double least = (double)INFINITY;
  for (size_t c = 0; c < s->problem.cells; c++) {
    count[s->cell[c].first] = s->cell[c].instances;
  }
  for (;;) {
    uint64_t bits = 0;
    double cost = 0;
    for (size_t m = 0; m < OPTIONS; m++) {
      bits += count[m] * s->option[m].bits;
      cost += count[m] > 0 ? (double)count[m] * s->option[m].cost : 0;
    }
    least = bits <= s->problem.room ? fmin(least, cost) : least;
    size_t c = 0;
    while (c < s->problem.cells &&
           !next_count(&count[s->cell[c].first], s->cell[c].options,
                       s->cell[c].instances)) {
      c++;
    }
    if (c == s->problem.cells) {
      return least;
    }
  }
}

/* The program as it is in pack.h, row by row. */
static double by_glpk(const sack *s, cds_arena *arena) {
  cds_program program;
  cds_milp_answer solved;
  double x[OPTIONS + 1];
  cds_program_begin(&program, arena);
  const size_t room = cds_program_row_add(&program, -(double)INFINITY,
                                          (double)s->problem.room / 1e6);
  for (size_t c = 0; c < s->problem.cells; c++) {
    const double instances = (double)s->cell[c].instances;
    const size_t all = cds_program_row_add(&program, instances, instances);
    for (size_t m = 0; m < s->cell[c].options; m++) {
      const cds_pack_option *option = &s->option[s->cell[c].first + m];
      const bool usable = option->cost < (double)INFINITY;
      const size_t column =
          cds_program_column_add(&program, 0, usable ? instances : 0);
      program.column[column].integer = true;
      program.column[column].goal = usable ? option->cost : 0;
      cds_program_put(&program, room, column, (double)option->bits / 1e6);
      cds_program_put(&program, all, column, 1);
    }
  }
  assert_int_equal(program.status, CDS_OK);
  const cds_milp_limits limits = {.nodes = 1000000, .enough = -1e30};
  assert_int_equal(cds_milp_solve(&solved, x, &program, &limits), CDS_OK);
  if (solved.end == CDS_MILP_NONE) {
    return (double)INFINITY;
  }
  assert_int_equal(solved.end, CDS_MILP_SOLVED);
  return solved.value;
}

static void the_knapsack_is_the_least_of_all(void **state) {
  (void)state;
  const uint64_t cases = quick() ? 2000 : 50000;
  const uint64_t programs = quick() ? 200 : 3000;
  size_t none = 0;
  for (uint64_t seed = 1; seed <= cases; seed++) {
    cds_arena *arena = cds_arena_new();
    cds_pack_result result;
    double relaxed = 0;
    sack s;
    make_sack(&s, seed);
    const double least = brute_sack(&s);
    assert_int_equal(cds_pack_least(&result, &s.problem, arena), CDS_OK);
    assert_int_equal(cds_pack_relax(&relaxed, &s.problem, arena), CDS_OK);
    assert_int_equal(result.found, least < (double)INFINITY);
    assert_true(relaxed <= least);
    if (result.found) {
      assert_close(result.value, least, 1e-12);
      assert_true(result.bound == result.value);
      assert_true(result.bits <= s.problem.room);
    }
    none += !result.found;
    if (seed <= programs && cds_milp_available()) {
      const double solved = by_glpk(&s, arena);
      assert_int_equal(solved < (double)INFINITY, result.found);
      if (result.found) {
        assert_true(fabs(solved - least) < 1e-6 * (1 + least));
      }
    }
    /* A limit below the least leaves nothing, one at it the least. */
    if (result.found && least > 0) {
      s.problem.limit = least;
      assert_int_equal(cds_pack_least(&result, &s.problem, arena), CDS_OK);
      assert_true(result.found && result.value == least);
    }
    cds_arena_free(arena);
  }
  print_message("%zu of %llu fit nowhere\n", none, (unsigned long long)cases);
  assert_true(none > 0 && none < cases / 2);
}

/* Least costs within each room with one instance more, of a cell. */
static void add_instance(double *next, const double *now, const sack *s,
                         size_t cell) {
  for (uint64_t room = 0; room <= s->problem.room; room++) {
    next[room] = (double)INFINITY;
    for (size_t m = 0; m < s->cell[cell].options; m++) {
      const cds_pack_option *option = &s->option[s->cell[cell].first + m];
      if (option->bits <= room) {
        next[room] = fmin(next[room], now[room - option->bits] + option->cost);
      }
    }
  }
}

/* One instance after the other; nothing but the definition. */
static double by_table(const sack *s) {
  static double least[2][TABLE + 1];
  double *now = least[0];
  double *next = least[1];
  for (uint64_t room = 0; room <= s->problem.room; room++) {
    now[room] = 0;
  }
  for (size_t c = 0; c < s->problem.cells; c++) {
    for (uint64_t i = 0; i < s->cell[c].instances; i++) {
      add_instance(next, now, s, c);
      double *done = now;
      now = next;
      next = done;
    }
  }
  return now[s->problem.room];
}

/* Cells of many alike instances: of two options each, or of some more. */
static void make_alike(sack *s, uint64_t seed, bool many) {
  uint64_t random = seed;
  memset(s, 0, sizeof *s);
  s->problem.cells = draw(&random, 1, CELLS);
  size_t options = 0;
  for (size_t c = 0; c < s->problem.cells; c++) {
    s->cell[c] = (cds_pack_cell){draw(&random, 1, many ? 900 : 40), options,
                                 many ? 2 : draw(&random, 2, 4)};
    for (size_t m = 0; m < s->cell[c].options; m++) {
      s->option[options++] = (cds_pack_option){
          m == 0 ? 0 : draw(&random, 1, 30), (double)draw(&random, 1, 200)};
    }
  }
  s->problem.cell = s->cell;
  s->problem.option = s->option;
  s->problem.room = draw(&random, 0, TABLE);
  s->problem.limit = (double)INFINITY;
}

static void alike_instances_are_the_least_of_all(void **state) {
  (void)state;
  static const int now = 1;
  const cds_control hurried = {.hurry = &now};
  const uint64_t cases = quick() ? 60 : 1500;
  size_t open = 0;
  for (uint64_t seed = 1; seed <= cases; seed++) {
    cds_arena *arena = cds_arena_new();
    cds_pack_result result;
    sack s;
    make_alike(&s, seed, seed % 8 == 0);
    const double least = by_table(&s);
    assert_int_equal(cds_pack_least(&result, &s.problem, arena), CDS_OK);
    assert_true(result.found && result.value == least);
    assert_true(result.bound == least && result.bits <= s.problem.room);
    uint64_t bits = 0;
    for (size_t c = 0; c < s.problem.cells; c++) {
      uint64_t instances = 0;
      for (size_t m = 0; m < s.cell[c].options; m++) {
        const size_t option = s.cell[c].first + m;
        instances += result.count[option];
        bits += result.count[option] * s.option[option].bits;
      }
      assert_int_equal(instances, s.cell[c].instances);
    }
    assert_int_equal(bits, result.bits);
    s.problem.control = &hurried;
    assert_int_equal(cds_pack_least(&result, &s.problem, arena), CDS_OK);
    assert_true(result.found && result.value >= least);
    assert_true(result.bound <= least && result.bits <= s.problem.room);
    open += result.bound < result.value;
    cds_arena_free(arena);
  }
  assert_true(open > cases / 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_knapsack_is_the_least_of_all),
      cmocka_unit_test(alike_instances_are_the_least_of_all),
      cmocka_unit_test(the_choice_is_the_least_of_all),
      cmocka_unit_test(the_bound_holds_when_time_is_up),
      cmocka_unit_test(a_cancelled_search_is_interrupted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
