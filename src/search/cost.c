/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cost of three rows: the same roofs as src/price/price.c, from sums. */
#include <math.h>

#include "search/branch.h"

double cds_goal_value(const cds_problem *problem, cds_goal goal,
                      double dynamic_pj, double cycles) {
  double seconds = cycles / problem->arch->clock_hz;
  const double power = dynamic_pj * problem->seconds_per_pj;
  seconds = power > seconds ? power : seconds;
  const double energy = dynamic_pj + problem->leakage_w * 1e12 * seconds;
  return cds_goal_at(goal, energy, seconds);
}

/* The energy that is above that of the rows stands in some kind of die, of
 * which a row of safe powers takes `safe_ratio` at least. */
double cds_rows_roof(const cds_problem *problem, const cds_row *const row[3],
                     double dynamic_pj) {
  double own_pj[CDS_SEARCH_DIES] = {0};
  double known_pj = 0;
  if (problem->dies == 0) {
    return 0;
  }
  const cds_arch *arch = problem->arch;
  const unsigned at = problem->die_slot[arch->compute.die];
  if (at < CDS_SEARCH_DIES) {
    own_pj[at] = problem->mac_pj / arch->roof.weight[arch->compute.die];
  }
  for (unsigned d = 0; d < problem->dies; d++) {
    own_pj[d] += row[0]->die_pj[d] + row[1]->die_pj[d] + row[2]->die_pj[d];
    known_pj += problem->die_weight[d] * own_pj[d];
  }
  const double more_pj = fmax(0, dynamic_pj * (1 - 1e-12) - known_pj);
  double least = (double)INFINITY;
  for (unsigned r = 0; r < arch->roof.safe->regions; r++) {
    double most = 0;
    for (unsigned i = 0; i < arch->roof.safe->region[r].rows; i++) {
      double sum = more_pj * problem->safe_ratio[r][i];
      for (unsigned d = 0; d < problem->dies; d++) {
        sum += problem->safe_row[r][i][d] * own_pj[d];
      }
      most = sum > most ? sum : most;
    }
    least = most < least ? most : least;
  }
  return least * 1e-12 * arch->clock_hz;
}

static bool single(const cds_problem *problem, unsigned level) {
  return level > 0 && problem->arch->overlap == CDS_OVERLAP_NATIVE &&
         problem->arch->level[level].buffering == CDS_BUFFER_SINGLE;
}

/* Of what a tensor moves: what one instance under the array does. It has
 * steps / size of the other classes, in each run. Whole numbers stay exact.
 */
static double on_one(const cds_problem *problem, const double steps[3],
                     unsigned tensor, double moved) {
  return moved * steps[tensor] / problem->others[tensor];
}

static double level_cycles(const cds_problem *problem,
                           const cds_row *const row[3], const double steps[3],
                           unsigned level) {
  const bool apart = single(problem, level);
  double out = 0;
  double in = 0;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    double o = row[t]->read[level];
    double i = row[t]->update[level];
    if (!apart) {
      o += row[t]->drain[level];
      i += row[t]->fill[level];
    }
    const bool below = problem->below[level];
    out += below ? on_one(problem, steps, t, o) : o;
    in += below ? on_one(problem, steps, t, i) : i;
  }
  return cds_port_cycles(&problem->arch->level[level], out, in);
}

/* Time of the transfers of a single-buffered level. */
static double apart_cycles(const cds_problem *problem,
                           const cds_row *const row[3], const double steps[3],
                           unsigned level) {
  double out[CDS_STEPS] = {0};
  double in[CDS_STEPS] = {0};
  double own_out = 0;
  double own_in = 0;
  double net = 0;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    const unsigned parent = row[t]->parent[level];
    const bool scaled = row[t]->parent_scaled[level];
    const double o = row[t]->parent_out[level];
    const double i = row[t]->parent_in[level];
    out[parent] += scaled ? on_one(problem, steps, t, o) : o;
    in[parent] += scaled ? on_one(problem, steps, t, i) : i;
    const bool below = problem->below[level];
    const double own_o = row[t]->drain[level];
    const double own_i = row[t]->fill[level];
    own_out += below ? on_one(problem, steps, t, own_o) : own_o;
    own_in += below ? on_one(problem, steps, t, own_i) : own_i;
    net += row[t]->edge_net[level];
  }
  double cycles =
      cds_port_cycles(&problem->arch->level[level], own_out, own_in);
  for (unsigned p = 0; p < level; p++) {
    const double port =
        cds_port_cycles(&problem->arch->level[p], out[p], in[p]);
    cycles = port > cycles ? port : cycles;
  }
  if (problem->array) {
    const double wire = net / problem->arch->array[0].bandwidth;
    cycles = wire > cycles ? wire : cycles;
  }
  return cycles;
}

static double shared_cycles(const cds_problem *problem,
                            const cds_row *const row[3]) {
  double cycles = 0;
  if (problem->array) {
    const double bits = row[0]->net + row[1]->net + row[2]->net;
    cycles = bits / problem->arch->array[0].bandwidth;
  }
  for (unsigned b = 0; b < problem->bonds; b++) {
    const double bits = row[0]->bond[b] + row[1]->bond[b] + row[2]->bond[b];
    const double bond = bits / problem->arch->bond[problem->bond[b]].bandwidth;
    cycles = bond > cycles ? bond : cycles;
  }
  return cycles;
}

void cds_rows_cost(double *dynamic_pj, double *cycles,
                   const cds_problem *problem, const cds_row *const row[3],
                   double batch_steps) {
  *dynamic_pj = problem->mac_pj + row[0]->energy_pj + row[1]->energy_pj +
                row[2]->energy_pj;
  /* Of the classes that each tensor has. */
  const double steps[3] = {batch_steps * row[1]->steps * row[2]->steps,
                           batch_steps * row[0]->steps * row[2]->steps,
                           batch_steps * row[0]->steps * row[1]->steps};
  double time = steps[0] * row[0]->steps * problem->runs;
  for (unsigned level = problem->levels; level-- > 0;) {
    const double port = level_cycles(problem, row, steps, level);
    time = port > time ? port : time;
    if (single(problem, level)) {
      time += apart_cycles(problem, row, steps, level);
    }
  }
  const double shared = shared_cycles(problem, row);
  *cycles = shared > time ? shared : time;
}
