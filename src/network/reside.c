/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rounds of the least lower bound and questions where it stands; see reside.h.
 */
#include "network/reside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "network/pack.h"

/* Values of one mapping are the same up to rounding. */
static const double NEAR = 1e-12;
/* Ways that cost the same, up to this; less than that, so that the first of
 * them, whose questions are settled to this, still proves the choice. */
static const double TIE = 1e-13;

typedef struct known {
  uint64_t taken, most;
  double value, bound;
  double lower; /* greatest bound up to here */
  bool all;     /* asked without a limit */
  size_t solution;
} known;

/* What is known of one question, by `taken`. */
typedef struct curve {
  size_t count, room;
  known *at;
} curve;

typedef struct residing {
  const cds_reside_problem *problem;
  cds_reside_result *out;
  cds_arena *arena; /* of the curves and the result */
  cds_arena *scratch;
  curve *curve;
  cds_pack_cell *cell;
  cds_pack_option *option; /* costs at one q */
  uint64_t bits;           /* of the choice of this round */
  uint64_t *count;         /* that choice */
  size_t *way;
} residing;

/* ---- what is known ------------------------------------------------------ */

static double lower(const curve *known_of, uint64_t taken) {
  double bound = 0;
  for (size_t i = 0; i < known_of->count; i++) {
    if (known_of->at[i].taken > taken) {
      break;
    }
    bound = known_of->at[i].lower;
  }
  return bound;
}

/* The best that fits, or NULL. */
static const known *best_at(const curve *known_of, uint64_t taken) {
  const known *best = NULL;
  for (size_t i = 0; i < known_of->count; i++) {
    const known *at = &known_of->at[i];
    if (at->most >= taken && at->value < (double)INFINITY &&
        (best == NULL || at->value < best->value)) {
      best = at;
    }
  }
  return best;
}

/* What it is known to cost; INFINITY: nothing is known to fit. */
static double upper(const curve *known_of, uint64_t taken) {
  const known *best = best_at(known_of, taken);
  return best == NULL ? (double)INFINITY : best->value;
}

static const known *asked_at(const curve *known_of, uint64_t taken) {
  for (size_t i = 0; i < known_of->count; i++) {
    if (known_of->at[i].taken == taken) {
      return &known_of->at[i];
    }
  }
  return NULL;
}

/* Whether another question there tells nothing. */
static bool settled(const curve *known_of, uint64_t taken) {
  const known *asked = asked_at(known_of, taken);
  const double value = upper(known_of, taken);
  return (asked != NULL && asked->all) ||
         (value < (double)INFINITY &&
          value <= lower(known_of, taken) * (1 + TIE));
}

/* The rounding of a sum may have put a bound a little above a value. */
static void raise_lower(curve *of) {
  double least = 0;
  for (size_t i = 0; i < of->count; i++) {
    least = fmax(least, of->at[i].bound);
    of->at[i].lower = least;
  }
}

static cds_status take_in(residing *it, const cds_reside_ask *ask) {
  curve *of = &it->curve[ask->question];
  of->at = (known *)cds_arena_more(it->arena, of->at, of->count, &of->room,
                                   sizeof(known));
  if (of->at == NULL) {
    return CDS_ENOMEM;
  }
  size_t at = 0;
  while (at < of->count && of->at[at].taken < ask->taken) {
    at++;
  }
  if (at == of->count || of->at[at].taken != ask->taken) {
    memmove(&of->at[at + 1], &of->at[at], (of->count - at) * sizeof(known));
    of->count++;
  }
  const cds_reside_answer *answer = &ask->answer;
  of->at[at] = (known){.taken = ask->taken,
                       .most = answer->most,
                       .value = answer->value,
                       .bound = answer->bound,
                       .all = ask->limit == (double)INFINITY,
                       .solution = answer->solution};
  raise_lower(of);
  return CDS_OK;
}

/* ---- the least lower bound ---------------------------------------------- */

static uint64_t bits_of_shift(const cds_reside_term *term) {
  return term->shift < 0 ? (uint64_t)0 - (uint64_t)term->shift
                         : (uint64_t)term->shift;
}

/* What others take at q; false: more than there is. */
static bool taken_at(uint64_t *taken, const residing *it, uint64_t q,
                     const cds_reside_term *term) {
  const uint64_t by = bits_of_shift(term);
  if (term->shift < 0) {
    *taken = q > by ? q - by : 0;
    return true;
  }
  *taken = q + by;
  return by <= it->problem->room && q <= it->problem->room - by;
}

/* A side of what is known of questions. */
typedef double (*side)(const curve *known_of, uint64_t taken);

static double cost_of_way(const residing *it, uint64_t q, size_t way, side of) {
  const cds_reside_way *which = &it->problem->way[way];
  double sum = 0;
  for (size_t t = which->first; t < which->first + which->terms; t++) {
    const cds_reside_term *term = &it->problem->term[t];
    uint64_t taken = 0;
    if (!taken_at(&taken, it, q, term)) {
      return (double)INFINITY;
    }
    sum += of(&it->curve[term->question], taken);
  }
  return sum;
}

/* The least lower bound of the ways. */
static double least_of_use(const residing *it, uint64_t q, size_t use) {
  const cds_reside_use *which = &it->problem->use[use];
  double least = (double)INFINITY;
  for (size_t w = which->first; w < which->first + which->ways; w++) {
    least = fmin(least, cost_of_way(it, q, w, lower));
  }
  return least;
}

/* The first of the ways whose lower bound is the least but for rounding. */
static size_t best_way(const residing *it, uint64_t q, size_t use) {
  const double least = least_of_use(it, q, use);
  size_t way = it->problem->use[use].first;
  while (!(cost_of_way(it, q, way, lower) <= least * (1 + TIE))) {
    way++;
  }
  return way;
}

static void price_options(residing *it, uint64_t q) {
  const cds_reside_problem *problem = it->problem;
  for (size_t m = 0; m < problem->options; m++) {
    const cds_reside_option *option = &problem->option[m];
    double cost = option->cost;
    for (size_t u = option->first; u < option->first + option->uses; u++) {
      cost += problem->use[u].weight * least_of_use(it, q, u);
    }
    it->option[m] = (cds_pack_option){option->bits, cost};
  }
}

/* Where pieces end. */
typedef struct piece {
  uint64_t q;
  double bound;
} piece;

static int by_place(const void *a, const void *b) {
  const piece *x = (const piece *)a;
  const piece *y = (const piece *)b;
  return x->q > y->q ? -1 : x->q < y->q;
}

static int by_bound(const void *a, const void *b) {
  const piece *x = (const piece *)a;
  const piece *y = (const piece *)b;
  if (x->bound != y->bound) {
    return x->bound < y->bound ? -1 : 1;
  }
  return by_place(a, b);
}

/* The last q before the term passes a step; false: there is none. */
static bool end_before(uint64_t *q, const residing *it,
                       const cds_reside_term *term, size_t step) {
  const known *at = &it->curve[term->question].at[step];
  if (at->taken == 0 || (step > 0 && at->lower <= at[-1].lower)) {
    return false;
  }
  const uint64_t by = bits_of_shift(term);
  if (term->shift < 0) {
    *q = at->taken - 1 + by;
    return *q < it->problem->room;
  }
  *q = at->taken - 1 - by;
  return at->taken > by;
}

static cds_status list_pieces(piece **out, size_t *pieces, const residing *it) {
  const cds_reside_problem *problem = it->problem;
  size_t most = 1 + problem->terms;
  for (size_t t = 0; t < problem->terms; t++) {
    most += it->curve[problem->term[t].question].count;
  }
  piece *list = (piece *)cds_arena_array(it->scratch, most, sizeof(piece));
  if (list == NULL) {
    return CDS_ENOMEM;
  }
  list[0].q = problem->room;
  size_t count = 1;
  for (size_t t = 0; t < problem->terms; t++) {
    const cds_reside_term *term = &problem->term[t];
    for (size_t i = 0; i < it->curve[term->question].count; i++) {
      count += end_before(&list[count].q, it, term, i);
    }
    if (term->shift > 0 && (uint64_t)term->shift <= problem->room) {
      list[count++].q = problem->room - (uint64_t)term->shift;
    }
  }
  qsort(list, count, sizeof *list, by_place);
  *pieces = 0;
  for (size_t i = 0; i < count; i++) {
    if (i == 0 || list[i].q != list[i - 1].q) {
      list[(*pieces)++] = list[i];
    }
  }
  *out = list;
  return CDS_OK;
}

static cds_pack_problem pack_at(residing *it, uint64_t q, double limit) {
  price_options(it, q);
  return (cds_pack_problem){.cells = it->problem->cells,
                            .cell = it->cell,
                            .option = it->option,
                            .room = q,
                            .limit = limit,
                            .control = it->problem->control};
}

static bool stopped(const residing *it) {
  return cds_control_hurried(it->problem->control) ||
         cds_control_cancelled(it->problem->control);
}

/* Bounds of the pieces, the least first. False: time is up. */
static cds_status relax_pieces(bool *all, piece *list, size_t pieces,
                               residing *it) {
  *all = false;
  for (size_t i = 0; i < pieces; i++) {
    if (stopped(it)) {
      return CDS_OK;
    }
    const cds_pack_problem pack = pack_at(it, list[i].q, (double)INFINITY);
    CDS_TRY(cds_pack_relax(&list[i].bound, &pack, it->scratch));
  }
  qsort(list, pieces, sizeof *list, by_bound);
  *all = true;
  return CDS_OK;
}

/* The least G of the lower sides, or a bound of it once time is up; and its
 * choice: if none is `chosen`, none fits, or time is up. */
static cds_status find_least(double *bound, bool *chosen, residing *it) {
  piece *list = NULL;
  size_t pieces = 0;
  double best = (double)INFINITY;
  bool all = false;
  *bound = 0;
  *chosen = false;
  CDS_TRY(list_pieces(&list, &pieces, it));
  CDS_TRY(relax_pieces(&all, list, pieces, it));
  if (!all) {
    return CDS_OK;
  }
  *bound = (double)INFINITY;
  for (size_t i = 0; i < pieces && list[i].bound < best; i++) {
    if (stopped(it)) {
      *bound = fmin(*bound, list[i].bound); /* no later one has less */
      return CDS_OK;
    }
    const cds_arena_mark mark = cds_arena_mark_get(it->scratch);
    const cds_pack_problem pack = pack_at(it, list[i].q, best);
    cds_pack_result found;
    CDS_TRY(cds_pack_least(&found, &pack, it->scratch));
    *bound = fmin(*bound, found.bound);
    if (found.found && found.value < best) {
      best = found.value;
      *chosen = true;
      it->bits = found.bits;
      memcpy(it->count, found.count, it->problem->options * sizeof(uint64_t));
    }
    cds_arena_reset(it->scratch, mark);
  }
  return CDS_OK;
}

/* ---- the choice --------------------------------------------------------- */

typedef struct round_asks {
  size_t count, room;
  cds_reside_ask *ask;
} round_asks;

/* What the best other way is known to cost, and a little more: a way that costs
 * the same is found, and one that is not found is no longer equal to it. */
static double limit_of(const residing *it, uint64_t q, size_t use, size_t way) {
  const cds_reside_use *which = &it->problem->use[use];
  double least = (double)INFINITY;
  for (size_t w = which->first; w < which->first + which->ways; w++) {
    if (w != way) {
      least = fmin(least, cost_of_way(it, q, w, upper));
    }
  }
  return least * (1 + 2 * TIE);
}

static void put(round_asks *asks, size_t question, uint64_t taken,
                double limit) {
  for (size_t i = 0; i < asks->count; i++) {
    if (asks->ask[i].question == question && asks->ask[i].taken == taken) {
      asks->ask[i].limit = fmax(asks->ask[i].limit, limit);
      return;
    }
  }
  if (asks->count < asks->room) {
    asks->ask[asks->count++] =
        (cds_reside_ask){.question = question, .taken = taken, .limit = limit};
  }
}

/* Questions of a way that are not settled. */
static void put_way(round_asks *asks, const residing *it, uint64_t q,
                    size_t use, size_t way) {
  const cds_reside_way *which = &it->problem->way[way];
  for (size_t t = which->first; t < which->first + which->terms; t++) {
    const cds_reside_term *term = &it->problem->term[t];
    const curve *of = &it->curve[term->question];
    uint64_t taken = 0;
    if (!taken_at(&taken, it, q, term) || settled(of, taken)) {
      continue;
    }
    const bool late = it->problem->late[term->question];
    const bool first = late && of->count == 0;
    const bool limited =
        late && which->terms == 1 && asked_at(of, taken) == NULL;
    /* With all the room first: that bounds it everywhere. */
    put(asks, term->question, first ? 0 : taken,
        limited ? limit_of(it, q, use, way) : (double)INFINITY);
  }
}

/* What the choice of this round is known to cost, and what to ask about it. */
static double weigh(round_asks *asks, residing *it) {
  const cds_reside_problem *problem = it->problem;
  const uint64_t q = it->bits;
  double value = 0;
  for (size_t m = 0; m < problem->options; m++) {
    const cds_reside_option *option = &problem->option[m];
    if (it->count[m] == 0) {
      continue;
    }
    double cost = option->cost;
    for (size_t u = option->first; u < option->first + option->uses; u++) {
      const size_t way = best_way(it, q, u);
      put_way(asks, it, q, u, way);
      it->way[u] = way;
      cost += problem->use[u].weight * cost_of_way(it, q, way, upper);
    }
    value += (double)it->count[m] * cost;
  }
  return value;
}

/* Keeps the choice with the mappings that it is known to have. */
static void keep(residing *it, double value) {
  const cds_reside_problem *problem = it->problem;
  cds_reside_result *out = it->out;
  out->found = true;
  out->value = value;
  out->bits = it->bits;
  memcpy(out->count, it->count, problem->options * sizeof(uint64_t));
  memcpy(out->way, it->way, problem->uses * sizeof(size_t));
  for (size_t m = 0; m < problem->options; m++) {
    const cds_reside_option *option = &problem->option[m];
    for (size_t u = option->first;
         u < option->first + option->uses && it->count[m] > 0; u++) {
      const cds_reside_way *way = &problem->way[it->way[u]];
      for (size_t t = way->first; t < way->first + way->terms; t++) {
        uint64_t taken = 0;
        taken_at(&taken, it, it->bits, &problem->term[t]);
        const known *best =
            best_at(&it->curve[problem->term[t].question], taken);
        out->solution[t] = best != NULL ? best->solution : SIZE_MAX;
      }
    }
  }
}

static cds_status send(residing *it, round_asks *asks) {
  CDS_TRY(it->problem->solve(asks->ask, asks->count, it->problem->payload));
  for (size_t i = 0; i < asks->count; i++) {
    CDS_TRY(take_in(it, &asks->ask[i]));
  }
  it->out->rounds++;
  it->out->asks += asks->count;
  asks->count = 0;
  return CDS_OK;
}

static cds_status ask_first(residing *it, round_asks *asks) {
  for (size_t v = 0; v < it->problem->questions; v++) {
    if (!it->problem->late[v]) {
      put(asks, v, 0, (double)INFINITY);
    }
  }
  return send(it, asks);
}

static cds_status make_room(residing *it, round_asks *asks) {
  const cds_reside_problem *problem = it->problem;
  cds_reside_result *out = it->out;
  asks->room = problem->questions + problem->terms;
  asks->ask = (cds_reside_ask *)cds_arena_array(it->scratch, asks->room,
                                                sizeof *asks->ask);
  it->curve =
      (curve *)cds_arena_array(it->arena, problem->questions, sizeof(curve));
  it->cell = (cds_pack_cell *)cds_arena_array(it->scratch, problem->cells,
                                              sizeof *it->cell);
  it->option = (cds_pack_option *)cds_arena_array(it->scratch, problem->options,
                                                  sizeof *it->option);
  it->count = (uint64_t *)cds_arena_array(it->scratch, problem->options,
                                          sizeof *it->count);
  it->way =
      (size_t *)cds_arena_array(it->scratch, problem->uses, sizeof *it->way);
  out->count = (uint64_t *)cds_arena_array(it->arena, problem->options,
                                           sizeof *out->count);
  out->way =
      (size_t *)cds_arena_array(it->arena, problem->uses, sizeof *out->way);
  out->solution = (size_t *)cds_arena_array(it->arena, problem->terms,
                                            sizeof *out->solution);
  if (asks->ask == NULL || it->curve == NULL || it->cell == NULL ||
      it->option == NULL || it->count == NULL || it->way == NULL ||
      out->count == NULL || out->way == NULL || out->solution == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t c = 0; c < problem->cells; c++) {
    it->cell[c] =
        (cds_pack_cell){problem->cell[c].instances, problem->cell[c].first,
                        problem->cell[c].options};
  }
  return CDS_OK;
}

/* One round: the choice of the least lower bound, and what to ask about it. */
static cds_status look(residing *it, round_asks *asks, bool *fits) {
  cds_reside_result *out = it->out;
  const cds_arena_mark mark = cds_arena_mark_get(it->scratch);
  double bound = 0;
  bool chosen = false;
  CDS_TRY(find_least(&bound, &chosen, it));
  cds_arena_reset(it->scratch, mark);
  *fits = bound < (double)INFINITY;
  out->bound = fmax(out->bound, bound);
  if (!chosen) {
    return CDS_OK;
  }
  /* Of choices that are the least but for rounding, that of this round: its
   * ways are the first of equal ones. */
  const double value = weigh(asks, it);
  if (value < out->value || value <= out->bound * (1 + NEAR)) {
    keep(it, value);
  }
  out->proven = out->found && out->value <= out->bound * (1 + NEAR);
  return CDS_OK;
}

static cds_status work(residing *it) {
  round_asks asks = {0, 0, NULL};
  cds_reside_result *out = it->out;
  bool fits = true;
  CDS_TRY(make_room(it, &asks));
  if (!stopped(it)) {
    CDS_TRY(ask_first(it, &asks));
  }
  while (!stopped(it)) {
    CDS_TRY(look(it, &asks, &fits));
    if (!fits || out->proven || asks.count == 0) {
      break;
    }
    CDS_TRY(send(it, &asks));
  }
  out->found = out->found && fits;
  out->bound = out->found ? fmin(out->bound, out->value) : out->bound;
  return cds_control_cancelled(it->problem->control) ? CDS_EINTERRUPTED
                                                     : CDS_OK;
}

cds_status cds_reside_solve(cds_reside_result *out,
                            const cds_reside_problem *problem,
                            cds_arena *arena) {
  *out = (cds_reside_result){.value = (double)INFINITY};
  cds_arena *scratch = cds_arena_new();
  if (scratch == NULL) {
    return CDS_ENOMEM;
  }
  residing it = {
      .problem = problem, .out = out, .arena = arena, .scratch = scratch};
  const cds_status status = work(&it);
  cds_arena_free(scratch);
  return status;
}
