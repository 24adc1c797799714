/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bounds and splits of boxes, and the mappings that are left; see walk.h. */
#include "verify/box.h"

#include <math.h>
#include <string.h>

enum { CDS_BOXES_BETWEEN = 4096 }; /* two looks at the control */

double cds_verify_value(const cds_verify_goal *goal, const cds_worth *worth) {
  static const unsigned delays[] = {
      [CDS_OBJECTIVE_EDP] = 1,    [CDS_OBJECTIVE_ENERGY] = 0,
      [CDS_OBJECTIVE_DELAY] = 1,  [CDS_OBJECTIVE_ED2P] = 2,
      [CDS_OBJECTIVE_CARBON] = 0, [CDS_OBJECTIVE_COST] = 0};
  if (goal->linear) {
    return (goal->dynamic ? worth->dynamic_pj : worth->energy_pj) +
           goal->lambda_pj_per_s * worth->latency_s;
  }
  double value = goal->objective == CDS_OBJECTIVE_DELAY ? 1 : worth->energy_pj;
  for (unsigned i = 0; i < delays[goal->objective]; i++) {
    value *= worth->latency_s;
  }
  return value;
}

double cds_time_price(const cds_verify_goal *goal, const cds_arch *arch) {
  const double leaks = cds_arch_leakage_w(arch) * 1e12;
  if (goal->linear) {
    return goal->lambda_pj_per_s + (goal->dynamic ? 0 : leaks);
  }
  return goal->objective == CDS_OBJECTIVE_DELAY ? 1 : leaks;
}

cds_status cds_box_count(cds_descent *it) {
  if (++it->out->boxes > it->boxes_most) {
    return CDS_ELIMIT;
  }
  return it->out->boxes % CDS_BOXES_BETWEEN == 0 &&
                 cds_control_cancelled(it->control)
             ? CDS_EINTERRUPTED
             : CDS_OK;
}

/* ---- values ---------------------------------------------------------- */

double cds_asks_value(const cds_descent *it, const double asks[CDS_ASKS]) {
  cds_worth worth = {.cycles = cds_asks_cycles(it->pair, asks, it->steps)};
  cds_asks_spent(&worth, it->pair, asks);
  cds_worth_close(&worth, it->pair);
  return cds_verify_value(it->goal, &worth);
}

double cds_corner_value(const cds_descent *it,
                        const double *const corner[CDS_VERIFY_TENSORS]) {
  double asks[CDS_ASKS];
  cds_asks_begin(asks, it->pair);
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    for (unsigned a = 0; a < it->pair->asks; a++) {
      asks[a] += corner[t][a] * (it->pair->on_one[a] ? it->share[t] : 1);
    }
  }
  return cds_asks_value(it, asks);
}

double cds_box_value(const cds_descent *it, const cds_box *box) {
  double asks[CDS_ASKS];
  cds_asks_begin(asks, it->pair);
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    const cds_rate *rate = it->rate[t];
    double low[CDS_VERIFY_LEVELS] = {1};
    double high[CDS_VERIFY_LEVELS] = {1};
    for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
      low[l] = (double)it->divisor[t][box->y[t][l].low];
      high[l] = (double)it->divisor[t][box->y[t][l].high];
    }
    for (unsigned a = 0; a < it->pair->asks; a++) {
      double sum = 0;
      for (unsigned l = 0; l < CDS_VERIFY_LEVELS; l++) {
        sum += rate->by[l][a] * (rate->by[l][a] < 0 ? high : low)[l];
      }
      asks[a] += sum * (it->pair->on_one[a] ? it->share[t] : 1);
    }
  }
  return cds_asks_value(it, asks);
}

/* ---- tiles ----------------------------------------------------------- */

/* Least tile of the box, and whether it is replaced in all of it. */
static cds_tile least_tile(const cds_descent *it, const cds_box *box,
                           unsigned t, unsigned level) {
  const bool under = it->pair->under[level];
  cds_tile tile = {.words = under ? 1 : (double)it->s[3],
                   .replaced = it->pair->size[3] > it->s[3]};
  for (unsigned d = 0; d < CDS_VERIFY_TENSORS; d++) {
    const unsigned l = it->inside[t][level][d];
    const cds_span *y = &box->y[d][l];
    if (d == t) {
      continue;
    }
    tile.words *= under ? 1 : (double)it->s[d];
    const uint64_t within = l == 0 ? 1 : it->loops[d] / it->divisor[d][y->high];
    tile.words *= (double)within;
    tile.replaced = tile.replaced || (l == 0 ? it->loops[d] > 1 : y->low > 0);
  }
  return tile;
}

static bool may_fit(const cds_descent *it, const cds_box *box) {
  const cds_arch *arch = it->pair->arch;
  for (unsigned l = 1; l < it->pair->levels; l++) {
    double need = it->pair->taken_bits[l];
    for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
      const bool home = it->pair->home[t] == l;
      const cds_tensor *tensor = &it->pair->einsum->tensor[t];
      const double bits =
          t + 1 == CDS_VERIFY_TENSORS
              ? fmin(tensor->format.bits, tensor->accumulator.bits)
              : tensor->format.bits;
      if (home || cds_is_held(it, t, l)) {
        const cds_tile tile =
            home ? cds_home_tile(it->pair, t) : least_tile(it, box, t, l);
        need +=
            tile.words * bits * (tile.replaced && cds_doubles(arch, l) ? 2 : 1);
      }
    }
    if (need > (double)arch->level[l].size_bits) {
      return false;
    }
  }
  return true;
}

/* Raises the lower ends to what may fit (tiles shrink as y rises); false:
 * nothing does. */
static bool raise_ends(const cds_descent *it, cds_box *box) {
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
      cds_span *y = &box->y[t][l];
      const size_t high = y->high;
      size_t most = high;
      while (y->low < most) {
        y->high = y->low + (most - y->low) / 2;
        if (may_fit(it, box)) {
          most = y->high;
        } else {
          y->low = y->high + 1;
        }
      }
      y->high = high;
    }
  }
  return may_fit(it, box);
}

/* ---- mappings -------------------------------------------------------- */

double cds_mapping_try(cds_descent *it, const cds_choices *choices) {
  cds_worth worth;
  cds_worth_of(&worth, it->pair, choices);
  const double value = worth.misfit == it->pair->levels
                           ? cds_verify_value(it->goal, &worth)
                           : (double)INFINITY;
  if (value < it->least) {
    it->out->holds = false;
    it->out->below = worth;
    it->least = it->to_the_end ? value * (1 - CDS_VERIFY_STEP) : it->least;
  }
  return value;
}

/* Loops right below a holder. */
static double loops_below(const cds_choices *choices,
                          const cds_holder_place *place) {
  const double *times = choices->one[place->tensor];
  const bool two = place->level == 1 && choices->held[place->tensor] == 3;
  return times[two ? 2 : CDS_VERIFY_LEVELS] / times[place->level];
}

/* Whether no holder is hoisted further than its place says. */
static bool settled(const cds_descent *it, const cds_choices *choices) {
  for (unsigned p = 0; p < it->holders; p++) {
    const unsigned t = it->order[p].tensor;
    const double *times = choices->one[t];
    unsigned up = p;
    while (up > 0 && loops_below(choices, &it->order[up - 1]) == 1) {
      up--;
    }
    if (up == 0 ? times[(it->held[t] & 1U) != 0 ? 1 : 2] > 1
                : it->order[up - 1].tensor == t) {
      return false;
    }
  }
  return true;
}

static void evaluate(cds_descent *it, const cds_box *box) {
  cds_choices choices;
  memset(&choices, 0, sizeof choices);
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    choices.held[t] = it->held[t];
    choices.one[t][0] = 1;
    choices.one[t][CDS_VERIFY_LEVELS] = (double)it->loops[t];
    for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
      if (cds_is_held(it, t, l)) {
        choices.one[t][l] = (double)it->divisor[t][box->y[t][l].low];
        choices.tile[t][l] = least_tile(it, box, t, l);
      }
    }
    if (it->held[t] == 3 && fmod(choices.one[t][2], choices.one[t][1]) != 0) {
      return; /* no whole number of loops lies between */
    }
  }
  cds_choices_even(&choices, it->pair, it->s);
  if (settled(it, &choices)) {
    (void)cds_mapping_try(it, &choices);
  }
}

/* ---- walk ------------------------------------------------------------ */

/* The y whose interval is widest; NULL: all are decided. */
static cds_span *widest(const cds_descent *it, cds_box *box) {
  double most = 1;
  cds_span *found = NULL;
  for (unsigned t = 0; t < CDS_VERIFY_TENSORS; t++) {
    for (unsigned l = 1; l < CDS_VERIFY_LEVELS; l++) {
      cds_span *y = &box->y[t][l];
      const double width =
          (double)it->divisor[t][y->high] / (double)it->divisor[t][y->low];
      if (width > most) {
        most = width;
        found = y;
      }
    }
  }
  return found;
}

/* Depth: each step halves an interval of divisors, of which a 64-bit number has
 * less than 2^17. */
// NOLINTNEXTLINE(misc-no-recursion)
cds_status cds_box_walk(cds_descent *it, const cds_box *from) {
  cds_box box = *from;
  CDS_TRY(cds_box_count(it));
  if (!raise_ends(it, &box) || cds_box_value(it, &box) >= it->least) {
    return CDS_OK;
  }
  cds_span *y = widest(it, &box);
  if (y == NULL) {
    evaluate(it, &box);
    return CDS_OK;
  }
  const cds_span whole = *y;
  const size_t middle = whole.low + (whole.high - whole.low) / 2;
  *y = (cds_span){whole.low, middle};
  CDS_TRY(cds_box_walk(it, &box));
  *y = (cds_span){middle + 1, whole.high};
  return cds_goes_on(it) ? cds_box_walk(it, &box) : CDS_OK;
}
