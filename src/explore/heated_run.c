/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Costs of weighed designs, restated; see heated_run.h. */
#include "explore/heated_run.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "explore/by_die.h"

/* Halvings in the search for the power that makes a pause. */
enum { HALVINGS = 100 };

/* ---- designs ----------------------------------------------------------- */

static void weigh_prices(cds_arch *arch, const double weight[CDS_DIES_MAX]) {
  for (unsigned l = 0; l < arch->levels; l++) {
    cds_level *level = &arch->level[l];
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      level->price[a].access_pj *= weight[level->die];
      level->price[a].bit_pj *= weight[level->die];
    }
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    arch->array[k].bit_pj *= weight[arch->array[k].die];
    arch->array[k].add_pj *= weight[arch->array[k].die];
  }
  for (unsigned f = 0; f < CDS_FORMATS_MAX; f++) {
    arch->compute.mac_pj[f] *= weight[arch->compute.die];
  }
  for (unsigned v = 0; v < arch->vectors; v++) {
    for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
      arch->vector[v].energy_pj[p] *= weight[arch->vector[v].die];
    }
  }
}

/* Half of a bond's energy arises in each of its dies. */
static double bond_weight(const cds_bond *bond,
                          const double weight[CDS_DIES_MAX]) {
  return 0.5 * (weight[bond->lower] + weight[bond->upper]);
}

void cds_heated_weigh(cds_arch *out, const cds_arch *arch,
                      const double weight[CDS_DIES_MAX], double base_w) {
  static const double none[CDS_DIES_MAX] = {0};
  *out = *arch;
  weigh_prices(out, weight);
  for (unsigned b = 0; b < out->bonds; b++) {
    out->bond[b].bit_pj *= bond_weight(&out->bond[b], weight);
  }
  cds_arch_leak(out, none);
  out->fixed_leakage_w = base_w;
}

double cds_heated_roof(cds_arch *out, const double weight[CDS_DIES_MAX],
                       const cds_heated *it, cds_optimizer optimizer) {
  /* By so little that rounding makes no bound of a search too high. */
  static const double more = 1 + 1e-11;
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    out->roof.weight[d] = weight != NULL ? weight[d] : 1;
  }
  out->roof.safe = optimizer == CDS_OPTIMIZER_MILP ? NULL : it->safe;
  return cds_arch_leakage_w(out) +
         cds_safe_weighed_w(it->safe, out->roof.weight) * more;
}

/* ---- costs ------------------------------------------------------------- */

/* Whether no energy is in no component, or in two. */
static inline bool is_all_of_it(const cds_cost *cost, const cds_arch *arch) {
  double sum = cost->compute_pj + cost->vector_pj + cost->host_pj;
  for (unsigned l = 0; l < arch->levels; l++) {
    sum += cost->level_pj[l];
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    sum += cost->array_pj[k] + cost->add_pj[k];
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    sum += cost->bond_pj[b];
  }
  return fabs(sum - cost->dynamic_pj) <= 1e-9 * cost->dynamic_pj;
}

/* Takes the weights off a cost. */
static void unweigh(cds_layer_result *layer, const cds_arch *arch,
                    const double weight[CDS_DIES_MAX]) {
  cds_cost *cost = &layer->cost;
  assert(is_all_of_it(cost, arch));
  for (unsigned l = 0; l < arch->levels; l++) {
    cost->level_pj[l] /= weight[arch->level[l].die];
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    cost->array_pj[k] /= weight[arch->array[k].die];
    cost->add_pj[k] /= weight[arch->array[k].die];
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    cost->bond_pj[b] /= bond_weight(&arch->bond[b], weight);
  }
  cost->compute_pj /= weight[arch->compute.die];
  cost->vector_pj /= weight[cds_vector_die(arch, layer)];
}

/* ---- runs -------------------------------------------------------------- */

/* What layers are held to: what is safe, and a power. */
typedef struct roof {
  const cds_heated *it;
  double layer_w; /* INFINITY: any */
} roof;

/* The least time of those energies below the roof. */
static double roof_s(const roof *of, const cds_safe_point energy_pj) {
  double sum_pj = 0;
  for (unsigned k = 0; k < CDS_SAFE_KINDS; k++) {
    sum_pj += energy_pj[k];
  }
  return fmax(cds_price_safe_s(of->it->safe, energy_pj),
              sum_pj * 1e-12 / of->layer_w);
}

static void energies_of(cds_safe_point out, const cds_layer_result *layer,
                        const cds_arch *arch) {
  cds_energies_by_die(out, &layer->cost, arch, cds_vector_die(arch, layer));
  out[CDS_SAFE_OUTSIDE] = layer->cost.host_pj;
}

/* Keeps a layer below the roof. */
static void slow_down(cds_layer_result *layer, const roof *of) {
  const cds_arch *arch = of->it->arch;
  cds_cost *cost = &layer->cost;
  cds_safe_point energy_pj;
  energies_of(energy_pj, layer, arch);
  const double least_s = roof_s(of, energy_pj);
  cost->power_cycles = least_s * arch->clock_hz;
  if (cost->latency_s < least_s) {
    cost->latency_s = least_s;
    cost->cycles = cost->power_cycles;
  }
}

void cds_heated_keep_within(cds_layer_result *layer, const cds_heated *it) {
  const roof of = {it, (double)INFINITY};
  slow_down(layer, &of);
}

/* An operation beside products: its time is what it adds to theirs, so that it
 * has no power of its own; its group has (price/pipeline.h). */
static bool is_beside(const cds_layer_result *layer) {
  return layer->fused != NULL && layer->fused->outer->pipelined &&
         layer->layer->kind == CDS_LAYER_OPERATION;
}

/* How many layers from the first one on run as one pipelined group; 1: none. */
static size_t group_size(const cds_network_result *of, size_t first) {
  const cds_layer_fused *fused = of->layer[first].fused;
  size_t size = 1;
  if (fused == NULL || !fused->outer->pipelined) {
    return 1;
  }
  while (first + size < of->layers && of->layer[first + size].fused != NULL &&
         of->layer[first + size].fused->outer == fused->outer &&
         of->layer[first + size].fused->stage == fused->stage + size) {
    size++;
  }
  return size;
}

/* The time of a layer, or group, below the roof. */
static double slowed_one(const cds_network_result *in, size_t first,
                         size_t size, const roof *of) {
  cds_safe_point sum_pj = {0};
  double seconds = 0;
  for (size_t i = first; i < first + size; i++) {
    const cds_layer_result *layer = &in->layer[i];
    cds_safe_point own_pj;
    energies_of(own_pj, layer, of->it->arch);
    seconds += is_beside(layer)
                   ? layer->cost.latency_s
                   : fmax(layer->cost.latency_s, roof_s(of, own_pj));
    for (unsigned k = 0; k < CDS_SAFE_KINDS; k++) {
      sum_pj[k] += own_pj[k];
    }
  }
  return fmax(seconds, roof_s(of, sum_pj));
}

/* What slow_layers makes of the time of all layers. */
static double slowed_s(const cds_network_result *in, const roof *of) {
  double sum = 0;
  size_t size = 1;
  for (size_t i = 0; i < in->layers; i += size) {
    size = group_size(in, i);
    sum += in->layer[i].times * slowed_one(in, i, size, of);
  }
  return sum;
}

/* The greatest power of its layers that stand for themselves, and of it all. */
static double power_of(const cds_network_result *of, size_t first,
                       size_t size) {
  double pj = 0;
  double seconds = 0;
  double most = 0;
  for (size_t i = first; i < first + size; i++) {
    const cds_cost *cost = &of->layer[i].cost;
    most = is_beside(&of->layer[i])
               ? most
               : fmax(most, cost->dynamic_pj * 1e-12 / cost->latency_s);
    pj += cost->dynamic_pj;
    seconds += cost->latency_s;
  }
  return fmax(most, pj * 1e-12 / seconds);
}

/* The power under which the layers, already safe, take so much time in all, or
 * a little more. */
static double roof_for(const cds_network_result *of, const cds_heated *it,
                       double latency_s) {
  double low = 0;
  double high = 0;
  size_t size = 1;
  for (size_t i = 0; i < of->layers; i += size) {
    size = group_size(of, i);
    high = fmax(high, power_of(of, i, size));
  }
  for (unsigned i = 0; i < HALVINGS; i++) {
    const roof middle = {it, 0.5 * (low + high)};
    *(slowed_s(of, &middle) > latency_s ? &low : &high) = middle.layer_w;
  }
  return high;
}

void cds_heated_leak(cds_cost *cost, double leakage_w) {
  cost->leakage_pj = leakage_w * 1e12 * cost->latency_s;
  cost->energy_pj = cost->dynamic_pj + cost->leakage_pj;
}

/* Lets the operations of a group take what it is shorter than it has to be, by
 * what is quiet of each. */
static void slow_group(cds_layer_result *layer, size_t size, double all_s,
                       double clock_hz) {
  double lacks_s = all_s;
  double quiet = 0;
  size_t beside = 0;
  for (size_t i = 0; i < size; i++) {
    lacks_s -= layer[i].cost.latency_s;
    quiet += is_beside(&layer[i]) ? layer[i].cost.quiet_cycles : 0;
    beside += is_beside(&layer[i]);
  }
  for (size_t i = 0; i < size && lacks_s > 1e-12 * all_s; i++) {
    cds_cost *cost = &layer[i].cost;
    if (is_beside(&layer[i])) {
      cost->latency_s += lacks_s * (quiet > 0 ? cost->quiet_cycles / quiet
                                              : 1 / (double)beside);
      cost->cycles = cost->latency_s * clock_hz;
    }
  }
}

static void slow_layers(cds_network_result *out, const cds_heated *it,
                        double layer_w) {
  const roof of = {it, layer_w};
  size_t size = 1;
  for (size_t i = 0; i < out->layers; i += size) {
    size = group_size(out, i);
    const double all_s = slowed_one(out, i, size, &of);
    for (size_t k = i; k < i + size; k++) {
      if (!is_beside(&out->layer[k])) {
        slow_down(&out->layer[k], &of);
      }
    }
    slow_group(&out->layer[i], size, all_s, it->arch->clock_hz);
  }
}

/* Limits that a pause might pass: then there is none. */
static bool is_pinned(const cds_network_options *options) {
  return isfinite(options->edp_limit_pj_s) ||
         isfinite(options->first_token_limit_s) ||
         isfinite(options->token_limit_s);
}

cds_status cds_heated_run(cds_network_result *out, cds_heated_state *state,
                          cds_heated *it, const cds_heated_question *asked) {
  cds_heated_energy energy = {.host_pj = 0};
  for (size_t i = 0; i < out->layers; i++) {
    cds_layer_result *layer = &out->layer[i];
    double own[CDS_DIES_MAX];
    cds_energies_by_die(own, &layer->cost, it->arch,
                        cds_vector_die(it->arch, layer));
    layer->cost.dynamic_pj = layer->cost.host_pj;
    for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
      layer->cost.dynamic_pj += own[d];
      energy.die_pj[d] += layer->times * own[d];
    }
    energy.host_pj += layer->times * layer->cost.host_pj;
  }
  state->layer_w = it->safe_w;
  slow_layers(out, it, (double)INFINITY);
  cds_network_add_up(out, asked->workload);
  double latency_s = out->latency_s;
  if (is_pinned(asked->options)) {
    CDS_TRY(cds_heated_state_of(state, it, energy.die_pj, latency_s));
  } else {
    CDS_TRY(cds_heated_pause(&latency_s, state, it, asked->options, &energy));
  }
  latency_s =
      fmin(latency_s, fmax(asked->options->latency_limit_s, out->latency_s));
  if (latency_s > out->latency_s) {
    state->layer_w = roof_for(out, it, latency_s);
    slow_layers(out, it, state->layer_w);
    cds_network_add_up(out, asked->workload);
    CDS_TRY(cds_heated_state_of(state, it, energy.die_pj, out->latency_s));
  }
  if (state->heat.runaway) {
    return CDS_ELIMIT;
  }
  for (size_t i = 0; i < out->layers; i++) {
    cds_heated_leak(&out->layer[i].cost, state->heat.leakage_w);
  }
  cds_network_add_up(out, asked->workload);
  out->value =
      cds_network_value(asked->options, out->energy_pj, out->latency_s);
  return CDS_OK;
}

cds_status cds_heated_restate(cds_network_result *out, cds_heated_state *state,
                              cds_heated *it, const cds_heated_question *asked,
                              const double weight[CDS_DIES_MAX]) {
  for (size_t i = 0; i < out->layers; i++) {
    unweigh(&out->layer[i], it->arch, weight);
  }
  return cds_heated_run(out, state, it, asked);
}
