/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounds, propagation and splits of boxes; see walk.h. */
#include "verify/box.h"

#include <math.h>
#include <string.h>

double cds_verify_value(const cds_verify_goal *goal, double energy_pj,
                        double latency_s) {
  if (goal->linear) {
    return energy_pj + goal->lambda_pj_per_s * latency_s;
  }
  switch (goal->objective) {
  case CDS_OBJECTIVE_ENERGY:
    return energy_pj;
  case CDS_OBJECTIVE_DELAY:
    return latency_s;
  case CDS_OBJECTIVE_ED2P:
    return energy_pj * latency_s * latency_s;
  case CDS_OBJECTIVE_EDP:
    break;
  }
  return energy_pj * latency_s;
}

static bool is_held(const cds_descent *it, unsigned t, unsigned level) {
  return level > 0 && (it->held[t] >> (level - 1) & 1U) != 0;
}

static double y_at(const cds_descent *it, unsigned t, size_t index) {
  return (double)it->divisor[t][index];
}

void cds_box_all(cds_box *out, const cds_descent *it) {
  memset(out, 0, sizeof *out);
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
      out->y[t][l].high = is_held(it, t, l) ? it->divisors[t] - 1 : 0;
    }
  }
}

/* ---- tiles ----------------------------------------------------------- */

/* Bits of a word in a tile, at least. */
static double word_bits(const cds_descent *it, unsigned t) {
  const cds_tensor *tensor = &it->pair->einsum->tensor[t];
  return t + 1 == CDS_VERIFY_TENSORS
             ? fmin(tensor->format.bits, tensor->accumulator.bits)
             : tensor->format.bits;
}

/* Words of a tile that a choice of y cannot change: the spreads inside. */
static double spread_words(const cds_descent *it, unsigned t, unsigned level) {
  double words = 1;
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    words *= c == t || it->pair->under[level] ? 1 : (double)it->s[c];
  }
  return words;
}

/* Least tile of the box, and whether it is replaced in all of it. */
static cds_tile least_tile(const cds_descent *it, const cds_box *box,
                           unsigned t, unsigned level) {
  cds_tile tile = {spread_words(it, t, level), it->pair->size[3] > it->s[3]};
  for (unsigned d = 0; d < CDS_VERIFY_TENSORS; d++) {
    const unsigned l = it->inside[t][level][d];
    const cds_span *y = &box->y[d][l];
    if (d == t) {
      continue;
    }
    tile.words *= l == 0 ? 1 : (double)it->loops[d] / y_at(it, d, y->high);
    tile.replaced = tile.replaced || (l == 0 ? it->loops[d] > 1 : y->low > 0);
  }
  return tile;
}

static double tile_bits(const cds_descent *it, const cds_box *box, unsigned t,
                        unsigned level) {
  const cds_tile tile = least_tile(it, box, t, level);
  const cds_arch *arch = it->pair->arch;
  const bool twice = tile.replaced && arch->overlap == CDS_OVERLAP_NATIVE &&
                     arch->level[level].buffering == CDS_BUFFER_DOUBLE;
  return tile.words * word_bits(it, t) * (twice ? 2 : 1);
}

/* Bits that the level has left beside the least tiles of the others. */
static double room_beside(const cds_descent *it, const cds_box *box, unsigned t,
                          unsigned level) {
  double room = (double)it->pair->arch->level[level].size_bits;
  for (unsigned u = 0; u < CDS_VERIFY_TENSORS; u++) {
    room -= u != t && is_held(it, u, level) ? tile_bits(it, box, u, level) : 0;
  }
  return room;
}

static bool may_fit(const cds_descent *it, const cds_box *box) {
  for (unsigned l = 1; l < it->pair->levels; l++) {
    if (room_beside(it, box, CDS_VERIFY_TENSORS, l) < 0) {
      return false;
    }
  }
  return true;
}

/* ---- amounts --------------------------------------------------------- */

/* Two y whose product is at least `product`; level 0: none, as if it were 1. */
typedef struct cds_demand {
  unsigned tensor[2], level[2];
  double product;
} cds_demand;

typedef struct cds_interval {
  double cost, low, high;
} cds_interval;

static cds_interval interval(const cds_descent *it, const cds_box *box,
                             const cds_demand *demand, unsigned i,
                             unsigned ask) {
  const unsigned t = demand->tensor[i];
  const unsigned l = demand->level[i];
  if (l == 0) {
    return (cds_interval){0, 1, 1};
  }
  const double scale = it->pair->on_one[ask] ? it->share[t] : 1;
  return (cds_interval){it->rate[t]->by[l][ask] * scale,
                        y_at(it, t, box->y[t][l].low),
                        y_at(it, t, box->y[t][l].high)};
}

/* By how much the demand raises an amount above that of the corner. */
static double lift(const cds_descent *it, const cds_box *box,
                   const cds_demand *demand, unsigned ask) {
  const cds_interval a = interval(it, box, demand, 0, ask);
  const cds_interval b = interval(it, box, demand, 1, ask);
  const double p = demand->product;
  if (a.cost < 0 || b.cost < 0 || a.low * b.low >= p) {
    return 0;
  }
  /* a.cost x + b.cost p / x is convex in x. */
  double x = a.cost > 0 ? sqrt(p * b.cost / a.cost) : a.high;
  x = fmin(fmax(x, fmax(a.low, p / b.high)), fmin(a.high, p / b.low));
  const double other = fmax(b.low, p / x);
  return fmax(0, a.cost * (x - a.low) + b.cost * (other - b.low));
}

static void corner(double asks[CDS_ASKS], const cds_descent *it,
                   const cds_box *box) {
  memset(asks, 0, CDS_ASKS * sizeof *asks);
  asks[CDS_ASKS_ENERGY] = it->pair->mac_pj;
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    const cds_rate *rate = it->rate[t];
    double low[CDS_VERIFY_LEVELS];
    double high[CDS_VERIFY_LEVELS];
    for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
      low[l] = y_at(it, t, box->y[t][l].low);
      high[l] = y_at(it, t, box->y[t][l].high);
    }
    for (unsigned a = 0; a < CDS_ASKS; a++) {
      const double one = rate->by[1][a];
      const double two = rate->by[2][a];
      const double sum = rate->base.asks[a] + one * (one < 0 ? high : low)[1] +
                         two * (two < 0 ? high : low)[2];
      asks[a] += sum * (it->pair->on_one[a] ? it->share[t] : 1);
    }
  }
}

/* Whether the amounts make every value of the box at least the bound. */
static bool beyond(const cds_descent *it, const double asks[CDS_ASKS],
                   double ends) {
  cds_evaluation cost = {.dynamic_pj = asks[CDS_ASKS_ENERGY],
                         .cycles =
                             cds_asks_cycles(it->pair, asks, it->steps) + ends};
  cds_evaluation_close(&cost, it->pair);
  return cds_verify_value(it->goal, cost.energy_pj, cost.latency_s) >=
         it->least;
}

/* ---- any order ------------------------------------------------------- */

/* What the level demands if its holder of t stands above its others: their
 * classes are inside, as much as their y leave or more; of the tiles of the
 * others at least one word. */
static cds_demand top_demand(const cds_descent *it, unsigned t,
                             unsigned level) {
  double room = (double)it->pair->arch->level[level].size_bits;
  double least = spread_words(it, t, level) * word_bits(it, t);
  cds_demand demand = {{0, 0}, {0, 0}, 0};
  for (unsigned d = 0, i = 0; d < CDS_VERIFY_TENSORS; d++) {
    if (d == t) {
      continue;
    }
    demand.tensor[i] = d;
    if (is_held(it, d, level)) {
      demand.level[i] = level;
      least *= (double)it->loops[d];
      room -= spread_words(it, d, level) * word_bits(it, d);
    }
    i++;
  }
  demand.product = room > 0 ? least / room : (double)INFINITY;
  return demand;
}

/* Adds what the level demands of the amounts, whichever holder is on top. */
static void add_level(double asks[CDS_ASKS], const cds_descent *it,
                      const cds_box *box, unsigned level) {
  double least[CDS_ASKS];
  bool any = false;
  bool possible = false;
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    if (!is_held(it, t, level)) {
      continue;
    }
    const cds_demand demand = top_demand(it, t, level);
    any = true;
    if (interval(it, box, &demand, 0, 0).high *
            interval(it, box, &demand, 1, 0).high <
        demand.product) {
      continue; /* it does not fit there */
    }
    for (unsigned a = 0; a < CDS_ASKS; a++) {
      const double more = lift(it, box, &demand, a);
      least[a] = possible ? fmin(least[a], more) : more;
    }
    possible = true;
  }
  for (unsigned a = 0; a < CDS_ASKS && any; a++) {
    asks[a] += possible ? least[a] : (double)INFINITY;
  }
}

bool cds_holders_closed(const cds_descent *it, const cds_box *box) {
  double asks[CDS_ASKS];
  corner(asks, it, box);
  if (beyond(it, asks, 0)) {
    return true;
  }
  for (unsigned l = 1; l < it->pair->levels; l++) {
    add_level(asks, it, box, l);
  }
  return isinf(asks[CDS_ASKS_ENERGY]) || beyond(it, asks, 0);
}

/* ---- one order ------------------------------------------------------- */

/* The demand of one holder's tile beside the least of the others. */
static cds_demand tile_demand(const cds_descent *it, const cds_box *box,
                              unsigned t, unsigned level) {
  cds_demand demand = {{0, 0}, {0, 0}, tile_bits(it, box, t, level)};
  for (unsigned d = 0, i = 0; d < CDS_VERIFY_TENSORS; d++) {
    const unsigned l = it->inside[t][level][d];
    if (d == t) {
      continue;
    }
    demand.tensor[i] = d;
    demand.level[i++] = l;
    demand.product *= l == 0 ? 1 : y_at(it, d, box->y[d][l].high);
  }
  demand.product /= room_beside(it, box, t, level);
  return demand;
}

static bool overlaps(const cds_demand *a, const cds_demand *b) {
  for (unsigned i = 0; i < 4; i++) {
    if (a->level[i / 2] > 0 && a->level[i / 2] == b->level[i % 2] &&
        a->tensor[i / 2] == b->tensor[i % 2]) {
      return true;
    }
  }
  return false;
}

/* For each level the demand that costs the most energy, of different y. */
static void add_demands(double asks[CDS_ASKS], const cds_descent *it,
                        const cds_box *box) {
  cds_demand chosen[CDS_VERIFY_LEVELS];
  unsigned count = 0;
  for (unsigned l = 1; l < it->pair->levels; l++) {
    double most = 0;
    for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
      if (!is_held(it, t, l)) {
        continue;
      }
      const cds_demand demand = tile_demand(it, box, t, l);
      const double more = lift(it, box, &demand, CDS_ASKS_ENERGY);
      if (more > most &&
          !(count > 0 && l > 1 && overlaps(&chosen[0], &demand))) {
        most = more;
        chosen[l == 1 ? 0 : count] = demand;
      }
    }
    count += most > 0 ? 1 : 0;
  }
  for (unsigned i = 0; i < count; i++) {
    for (unsigned a = 0; a < CDS_ASKS; a++) {
      asks[a] += lift(it, box, &chosen[i], a);
    }
  }
}

static double least_ends(const cds_descent *it, const cds_box *box) {
  cds_choices choices;
  const cds_bill *bill[CDS_VERIFY_TENSORS];
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    choices.s[c] = (double)it->s[c];
  }
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    choices.held[t] = it->held[t];
    bill[t] = &it->rate[t]->base;
    for (unsigned l = 1; l < it->pair->levels; l++) {
      if (is_held(it, t, l)) {
        choices.tile[t][l] = least_tile(it, box, t, l);
      }
    }
  }
  return cds_ends_cycles(it->pair, bill, &choices);
}

static bool box_closed(const cds_descent *it, const cds_box *box) {
  double asks[CDS_ASKS];
  corner(asks, it, box);
  const double ends = least_ends(it, box);
  if (beyond(it, asks, ends)) {
    return true;
  }
  add_demands(asks, it, box);
  return beyond(it, asks, ends);
}

/* ---- mappings -------------------------------------------------------- */

/* Loops right below a holder. */
static double loops_below(const cds_choices *choices, const cds_stop *stop) {
  const double *times = choices->times[stop->tensor];
  const bool two = stop->level == 1 && (choices->held[stop->tensor] & 2U) != 0;
  return times[two ? 2 : CDS_VERIFY_LEVELS] / times[stop->level];
}

/* Whether no holder is hoisted further than its place says. */
static bool settled(const cds_descent *it, const cds_choices *choices) {
  for (unsigned p = 0; p < it->holders; p++) {
    const cds_stop *stop = &it->order[p];
    unsigned up = p;
    while (up > 0 && loops_below(choices, &it->order[up - 1]) == 1) {
      up--;
    }
    const double *times = choices->times[stop->tensor];
    const double above = choices->held[stop->tensor] & 1U ? times[1] : times[2];
    if (up == 0 ? above > 1 : it->order[up - 1].tensor == stop->tensor) {
      return false;
    }
  }
  return true;
}

static void evaluate_leaf(cds_descent *it, const cds_box *box) {
  cds_choices choices;
  memset(&choices, 0, sizeof choices);
  for (unsigned c = 0; c < CDS_VERIFY_CLASSES; c++) {
    choices.s[c] = (double)it->s[c];
  }
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    choices.held[t] = it->held[t];
    choices.times[t][0] = 1;
    choices.times[t][CDS_VERIFY_LEVELS] = (double)it->loops[t];
    for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
      if (is_held(it, t, l)) {
        choices.times[t][l] = y_at(it, t, box->y[t][l].low);
        choices.tile[t][l] = least_tile(it, box, t, l);
      }
    }
    if (it->held[t] == 3 &&
        fmod(choices.times[t][2], choices.times[t][1]) != 0) {
      return; /* no loop lies between */
    }
  }
  cds_evaluation cost;
  cds_verify_evaluate(&cost, it->pair, &choices);
  if (cost.misfit == it->pair->levels && settled(it, &choices) &&
      cds_verify_value(it->goal, cost.energy_pj, cost.latency_s) < it->least) {
    it->out->holds = false;
    it->out->below = choices;
    it->out->cost = cost;
  }
}

/* ---- walk ------------------------------------------------------------ */

/* Raises the lower ends to what may fit; false: nothing does. */
static bool raise_ends(const cds_descent *it, cds_box *box) {
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
      cds_span *y = &box->y[t][l];
      const size_t high = y->high;
      if (l == 2 && it->held[t] == 3 && y->low < box->y[t][1].low) {
        y->low = box->y[t][1].low;
      }
      size_t most = high;
      while (y->low < most) {
        const size_t middle = y->low + (most - y->low) / 2;
        y->high = middle;
        if (may_fit(it, box)) {
          most = middle;
        } else {
          y->low = middle + 1;
        }
      }
      y->high = high;
      if (y->low > y->high) {
        return false;
      }
    }
  }
  return may_fit(it, box);
}

/* Whether no amount falls when y[t][l] rises. */
static bool only_rises(const cds_descent *it, unsigned t, unsigned l) {
  for (unsigned a = 0; a < CDS_ASKS; a++) {
    if (it->rate[t]->by[l][a] < 0) {
      return false;
    }
  }
  return true;
}

/* Lowers the upper ends to what may be below the bound. */
static void lower_ends(const cds_descent *it, cds_box *box) {
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    for (unsigned l = CDS_VERIFY_LEVELS - 1; l > 0; l--) {
      cds_span *y = &box->y[t][l];
      const size_t low = y->low;
      if (l == 1 && it->held[t] == 3 && y->high > box->y[t][2].high) {
        y->high = box->y[t][2].high;
      }
      while (low < y->high && only_rises(it, t, l)) {
        double asks[CDS_ASKS];
        const size_t middle = low + (y->high - low + 1) / 2;
        y->low = middle;
        corner(asks, it, box);
        const bool closed = beyond(it, asks, 0);
        y->low = low;
        if (!closed) {
          break;
        }
        y->high = middle - 1;
      }
    }
  }
}

/* The y whose interval is widest; false: all are decided. */
static bool widest(const cds_descent *it, const cds_box *box, unsigned *tensor,
                   unsigned *level) {
  double most = 1;
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
      const cds_span *y = &box->y[t][l];
      const double width = y_at(it, t, y->high) / y_at(it, t, y->low);
      if (width > most) {
        most = width;
        *tensor = t;
        *level = l;
      }
    }
  }
  return most > 1;
}

/* Depth: each step halves an interval of divisors, of which a 64-bit number has
 * less than 2^17. */
// NOLINTNEXTLINE(misc-no-recursion)
cds_status cds_box_walk(cds_descent *it, const cds_box *from) {
  cds_box box = *from;
  if (++it->out->boxes > it->boxes_most) {
    return CDS_ELIMIT;
  }
  if (it->out->boxes % 4096 == 0 && cds_control_cancelled(it->control)) {
    return CDS_EINTERRUPTED;
  }
  if (!raise_ends(it, &box)) {
    return CDS_OK;
  }
  lower_ends(it, &box);
  if (box_closed(it, &box)) {
    return CDS_OK;
  }
  unsigned t = 0;
  unsigned l = 0;
  if (!widest(it, &box, &t, &l)) {
    evaluate_leaf(it, &box);
    return CDS_OK;
  }
  cds_span *y = &box.y[t][l];
  const cds_span whole = *y;
  const size_t middle = whole.low + (whole.high - whole.low) / 2;
  *y = (cds_span){whole.low, middle};
  CDS_TRY(cds_box_walk(it, &box));
  if (!it->out->holds) {
    return CDS_OK;
  }
  *y = (cds_span){middle + 1, whole.high};
  return cds_box_walk(it, &box);
}
