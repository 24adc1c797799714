/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may follow the groups that are decided: tiles, runs, and bounds of each.
 */
#include <math.h>

#include "search/deep_chain.h"
#include "search/deep_descend.h"

/* Least cycles of what costs so much. */
double cds_deep_cycles(const cds_layout *layout, const cds_weights *sum) {
  double cycles = layout->least_cycles;
  for (unsigned i = 1; i < layout->weightings; i++) {
    const cds_weighting *weighting = &layout->weighting[i];
    if (weighting->energy > 0) {
      continue;
    }
    const double behind =
        weighting->roof->kind == CDS_ROOF_APART ? layout->compute_cycles : 0;
    cycles = fmax(cycles, sum->value[i] / layout->weight + behind);
  }
  return cycles;
}

const cds_tile *cds_deep_tile(const cds_deep_job *it, unsigned g,
                              const uint16_t at[CDS_DEEP_TENSORS]) {
  const cds_deep *deep = it->deep;
  size_t index = 0;
  for (unsigned c = 0; c < CDS_DEEP_CLASSES; c++) {
    const uint16_t below = it->view->below[g][c];
    const uint16_t inside =
        c == CDS_DEEP_BATCH ? below : cds_deep_product(deep, c, at[c], below);
    index += deep->stride[c] * inside;
  }
  return &deep->general->tile[index];
}

void cds_deep_decide(cds_weights *out, const cds_deep_job *it, unsigned g,
                     const cds_deep_step *step,
                     const double inverse[CDS_DEEP_TENSORS],
                     const cds_tile *tile) {
  static const double share[CDS_TENSORS_MAX] = {1, 1, 1};
  const cds_layout *layout = &it->job->layout;
  for (unsigned i = 0; i < layout->weightings; i++) {
    for (unsigned u = 0; u < CDS_DEEP_TENSORS; u++) {
      out->value[i] += it->input[i].cost[u][g] *
                       (u == step->block ? step->passing : inverse[u]);
    }
  }
  if (layout->weightings > 1) {
    cds_weights_wait(
        out, layout,
        cds_group_edges(&it->terms[g], it->deep->general, tile, share));
  }
}

/* Least of the groups inside of g, whose X are 1 / inverse, in a run of t that
 * passes 1 / `passing` times. */
static double inside_of(const cds_deep_job *it, unsigned weighting, unsigned g,
                        const double inverse[CDS_DEEP_TENSORS], unsigned t,
                        double passing) {
  const cds_deep_bound_input *input = &it->input[weighting];
  const cds_deep_runs *runs = &it->runs[weighting];
  const unsigned groups = it->deep->groups;
  double least = cds_deep_bound_from(runs, input, groups, g + 1, inverse);
  /* The run goes on to q, with the same X of the others. */
  double cost = 0;
  for (unsigned q = g + 1; q <= groups; q++) {
    for (unsigned u = 0; u < CDS_DEEP_TENSORS; u++) {
      cost += input->cost[u][q] * (u == t ? passing : inverse[u]);
    }
    if (it->held[t][q]) {
      const double all =
          cost + cds_deep_bound_from(runs, input, groups, q + 1, inverse);
      least = all < least ? all : least;
    }
  }
  return least;
}

static double chain_of(const cds_deep_job *it, unsigned g, size_t place) {
  return it->inside_pj[g][place];
}

/* The same of energy, the tiles of all groups inside dividing this one. */
static double energy_inside(const cds_deep_job *it, unsigned g,
                            const uint16_t at[CDS_DEEP_TENSORS], unsigned t,
                            double passing) {
  const cds_deep_bound_input *input = &it->input[CDS_ENERGY];
  size_t place = 0;
  for (unsigned c = 0; c < CDS_DEEP_TENSORS; c++) {
    place += it->place_of[c][at[c]];
  }
  double least = chain_of(it, g + 1, place);
  double cost = 0;
  for (unsigned q = g + 1; q <= it->deep->groups; q++) {
    for (unsigned u = 0; u < CDS_DEEP_TENSORS; u++) {
      cost += input->cost[u][q] * (u == t ? passing : it->inverse_of[u][at[u]]);
    }
    if (it->held[t][q]) {
      least = fmin(least, cost + chain_of(it, q + 1, place));
    }
  }
  return least;
}

/* ---- what may follow ------------------------------------------------- */

/* Dimensions with loops outside of the tile, as bits. */
static unsigned looped(const cds_deep_job *it,
                       const uint16_t at[CDS_DEEP_TENSORS]) {
  unsigned dims = 0;
  for (unsigned c = 0; c < CDS_DEEP_CLASSES; c++) {
    const bool loops = c == CDS_DEEP_BATCH ? it->view->rest_size[c] > 1
                                           : at[c] != it->view->rest[c];
    dims |= loops ? 1U << it->deep->dim[c] : 0;
  }
  return dims;
}

static void push(cds_deep_job *it, const cds_deep_step *step) {
  if (it->steps == it->step_room) {
    const size_t room = 2 * it->step_room + 256;
    cds_deep_step *grown = cds_realloc(it->step, room * sizeof *grown);
    if (grown == NULL) {
      it->job->status = CDS_ENOMEM;
      return;
    }
    it->step = grown;
    it->step_room = room;
  }
  it->step[it->steps++] = *step;
}

/* Adds a step if it fits and may lead to something better; its energy is. */
static void weigh(cds_deep_job *it, unsigned g, cds_deep_step *step,
                  const double inverse[CDS_DEEP_TENSORS]) {
  const cds_descent *job = it->job;
  const cds_tile *tile = cds_deep_tile(it, g, step->at);
  bool never = false;
  if (!cds_group_fits(&never, &it->terms[g], it->deep->general, tile,
                      looped(it, step->at))) {
    return;
  }
  cds_weights sum = it->sum[g - 1];
  cds_deep_decide(&sum, it, g, step, inverse, tile);
  sum.value[CDS_ENERGY] +=
      energy_inside(it, g, step->at, step->block, step->passing);
  for (unsigned i = 1; i < job->layout.weightings; i++) {
    sum.value[i] += inside_of(it, i, g, inverse, step->block, step->passing);
  }
  step->bound = cds_aim_bound(&job->aim, &job->layout, &sum).value;
  step->energy_pj = sum.value[CDS_ENERGY];
  step->cycles = cds_deep_cycles(&job->layout, &sum);
  if (!cds_deep_beyond(job, step->bound, step->energy_pj, step->cycles)) {
    push(it, step);
  }
}

/* X of one class that a group may take. */
typedef struct cds_deep_range {
  unsigned count;
  const uint16_t *at;
} cds_deep_range;

static cds_deep_range range_of(const cds_deep_job *it, unsigned g, unsigned c,
                               bool same) {
  const cds_deep_parts *parts = &it->deep->parts[c][it->at[g - 1][c]];
  if (same) {
    return (cds_deep_range){1, &parts->at[parts->count - 1]};
  }
  return (cds_deep_range){parts->count, parts->at};
}

/* Whether a run may begin so: see deep.h. */
static bool may_begin(const cds_deep_job *it, unsigned g,
                      const cds_deep_step *step) {
  bool any = false;
  bool others = false;
  for (unsigned c = 0; c < CDS_DEEP_TENSORS; c++) {
    const bool loops = step->at[c] != it->at[g - 1][c];
    any = any || loops;
    others = others || (loops && c != step->block);
  }
  if (step->at[step->block] == it->at[g - 1][step->block]) {
    return g == 1 && !any && step->block == 0;
  }
  return g == 1 || step->block != it->block[g - 1] || others;
}

/* Steps with one X of the two other tensors, u the slower. */
typedef struct cds_deep_scan {
  unsigned g, block, u, v;
  bool same; /* the run goes on */
  double passing;
  double decided; /* energy without that of u and v */
  double inside;  /* least energy of the groups inside */
} cds_deep_scan;

static void scan_pair(cds_deep_job *it, const cds_deep_scan *scan,
                      cds_deep_step *step, double inverse[CDS_DEEP_TENSORS],
                      double decided) {
  const cds_deep_range range = range_of(it, scan->g, scan->block, false);
  for (unsigned i = range.count; i-- > 0;) {
    step->at[scan->block] = range.at[i];
    inverse[scan->block] = it->inverse_of[scan->block][range.at[i]];
    const double least = decided + inside_of(it, 0, scan->g, inverse,
                                             scan->block, scan->passing);
    if (least > it->most_pj) {
      continue;
    }
    if (scan->same || may_begin(it, scan->g, step)) {
      weigh(it, scan->g, step, inverse);
    }
  }
}

static void scan_steps(cds_deep_job *it, const cds_deep_scan *scan) {
  const unsigned u = scan->u;
  const unsigned v = scan->v;
  const cds_deep_range range_u = range_of(it, scan->g, u, scan->same);
  const cds_deep_range range_v = range_of(it, scan->g, v, scan->same);
  const double *cost_u = &it->input[0].cost[u][scan->g];
  const double *cost_v = &it->input[0].cost[v][scan->g];
  const double least_v = *cost_v * it->inverse_of[v][it->at[scan->g - 1][v]];
  cds_deep_step step = {.block = (uint8_t)scan->block,
                        .goes_on = scan->same,
                        .passing = scan->passing};
  double inverse[CDS_DEEP_TENSORS];
  for (unsigned i = range_u.count; i-- > 0;) {
    step.at[u] = range_u.at[i];
    inverse[u] = it->inverse_of[u][range_u.at[i]];
    const double with_u = scan->decided + *cost_u * inverse[u];
    if (with_u + least_v + scan->inside > it->most_pj) {
      break;
    }
    for (unsigned j = range_v.count; j-- > 0;) {
      step.at[v] = range_v.at[j];
      inverse[v] = it->inverse_of[v][range_v.at[j]];
      const double with_v = with_u + *cost_v * inverse[v];
      if (with_v + scan->inside > it->most_pj) {
        break;
      }
      scan_pair(it, scan, &step, inverse, with_v);
    }
  }
}

void cds_deep_list_steps(cds_deep_job *it, unsigned g) {
  for (unsigned b = 0; b < 2 * CDS_DEEP_TENSORS; b++) {
    const unsigned block = b % CDS_DEEP_TENSORS;
    const bool same = b >= CDS_DEEP_TENSORS;
    if (same && (g == 1 || it->block[g - 1] != block)) {
      continue;
    }
    cds_deep_scan scan = {.g = g, .block = block, .same = same};
    scan.u = block == 0 ? 1 : 0;
    scan.v = block == 2 ? 1 : 2;
    scan.passing =
        same ? it->passing[g - 1] : it->inverse_of[block][it->at[g - 1][block]];
    scan.decided =
        it->sum[g - 1].value[0] + it->input[0].cost[block][g] * scan.passing;
    /* Larger tiles of g than that of the group outside there are none. */
    scan.inside = energy_inside(it, g, it->at[g - 1], block, scan.passing);
    scan_steps(it, &scan);
  }
}
