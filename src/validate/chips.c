/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Measured chips, as their files in archs/ describe them, with the mappings of
 * tests/golden/eyeriss and tests/golden/simba, and one that was simulated,
 * tests/golden/tetris. Nothing is fitted to them.
 */
#include <math.h>

#include "base/math.h"
#include "tech/tech.h"
#include "validate/models.h"

/* ---- Eyeriss ------------------------------------------------------------- */

enum { EYERISS_LAYERS = 5 };

/* Chen, Krishna, Emer, Sze, IEEE JSSC 52(1), 2017, table V: processing with all
 * DRAM traffic overlapped; traffic with run-length coding. What coding saves:
 * the same authors, ISSCC 2016. */
static const struct {
  double processing_ms, dram_mb, coding;
} eyeriss[EYERISS_LAYERS] = {{16.5, 5.0, 1.2},
                             {39.2, 4.0, 1.4},
                             {21.8, 3.0, 1.7},
                             {16.0, 2.1, 1.8},
                             {10.0, 1.3, 1.9}};

size_t cds_validate_eyeriss_cases(bool all) {
  (void)all;
  return EYERISS_LAYERS;
}

cds_status cds_validate_eyeriss(cds_validate_case *to, size_t index) {
  enum { TIME, DRAM, WORD_BYTES = 2 };
  static const char *const overlapped[] = {"link=1TB/s"};
  cds_arch *arch = cds_arena_alloc(to->arena, sizeof *arch);
  cds_validate_priced *priced = cds_arena_alloc(to->arena, sizeof *priced);
  cds_validate_layers layers;
  if (arch == NULL || priced == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_validate_arch(arch, "archs/eyeriss.yaml", overlapped, 1, to));
  CDS_TRY(cds_validate_layers_read(&layers, "eyeriss/alexnet-conv.yaml",
                                   "eyeriss/row-stationary.yaml", to));
  CDS_TRY(cds_validate_price(priced, arch, &layers, index, to));
  double words = 0;
  const cds_einsum *einsum = &layers.workload.layer[index].einsum;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    for (unsigned action = 0; action < CDS_ACTIONS; action++) {
      words += (double)priced->counts.at[0][t].words[action];
    }
  }
  cds_validate_compare(to, TIME, 1e3 * priced->cost.latency_s,
                       eyeriss[index].processing_ms);
  cds_validate_compare(to, DRAM,
                       1e-6 * WORD_BYTES * words / eyeriss[index].coding,
                       eyeriss[index].dram_mb);
  return CDS_OK;
}

/* ---- Simba --------------------------------------------------------------- */

/*
 * 0.11 pJ an operation (Zimmer et al., VLSI Circuits 2019), two of which are a
 * product and its sum. 0.42 V is the lowest supply that is quoted for the chip,
 * and 0.32 TOPS the lowest rate: the figure is taken to be at both, as its
 * authors name them together. Of one chiplet, without DRAM and the links to it,
 * at room temperature: assumptions.
 *
 * The chip's memories have its supply; ours would stay at 0.6 V, the least of
 * cells without assist circuits. So the energies are those at 0.52 V, and from
 * there as the model has them, dynamic ones with V^2 and leakage power with V
 * exp(c V), c from two supplies; the rate is the published one.
 */
static const double SIMBA_PJ = 0.11, SIMBA_V = 0.42, SIMBA_OPS = 0.32e12;
static const double ACCEPTED_V = 0.52, ABOVE_V = 0.62;
static const double ROOM_DEGC = 25, MODEL_DEGC = 85;
/* As in package/temperature.h. */
static const double LEAKAGE_PER_K = 0.03;

/* Leakage power at 0.42 V and 25 degC over that at 0.52 V and 85 degC. */
static cds_status leakage_part(double *out, cds_validate_case *to) {
  cds_tech_supply low;
  cds_tech_supply above;
  char why[CDS_TECH_WHY];
  if (cds_tech_supply_at(&low, "n16", "hp", ACCEPTED_V, why) != CDS_OK ||
      cds_tech_supply_at(&above, "n16", "hp", ABOVE_V, why) != CDS_OK) {
    cds_diag_error(to->diag, (cds_place){NULL, 0, 0}, "%s", why);
    return CDS_EINPUT;
  }
  /* ABOVE_V - ACCEPTED_V = ACCEPTED_V - SIMBA_V */
  const double step =
      (above.leakage_factor / ABOVE_V) / (low.leakage_factor / ACCEPTED_V);
  *out = SIMBA_V / ACCEPTED_V / step *
         cds_exp(LEAKAGE_PER_K * (ROOM_DEGC - MODEL_DEGC));
  return CDS_OK;
}

size_t cds_validate_simba_cases(bool all) {
  (void)all;
  return 1;
}

cds_status cds_validate_simba(cds_validate_case *to, size_t index) {
  enum { DRAM = 0, LINKS = 0 };
  static const char *const one[] = {"side=1", "vdd=0.52V"};
  cds_arch *arch = cds_arena_alloc(to->arena, sizeof *arch);
  cds_validate_priced *priced = cds_arena_alloc(to->arena, sizeof *priced);
  cds_validate_layers layers;
  double leaks = 0;
  if (arch == NULL || priced == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_validate_arch(arch, "archs/simba.yaml", one, 2, to));
  CDS_TRY(cds_validate_layers_read(&layers, "simba/conv.yaml",
                                   "simba/mapping.yaml", to));
  CDS_TRY(cds_validate_price(priced, arch, &layers, index, to));
  CDS_TRY(leakage_part(&leaks, to));
  const cds_cost *cost = &priced->cost;
  const double dynamic_pj =
      cost->dynamic_pj - cost->level_pj[DRAM] - cost->array_pj[LINKS];
  const double leakage_w = 1e-12 * cost->leakage_pj / cost->latency_s;
  const double operations = 2 * (double)priced->counts.macs;
  const double volts = SIMBA_V / ACCEPTED_V;
  const double ours = dynamic_pj * volts * volts / operations +
                      1e12 * leakage_w * leaks / SIMBA_OPS;
  cds_validate_compare(to, 0, ours, SIMBA_PJ);
  return CDS_OK;
}

/* ---- TETRIS -------------------------------------------------------------- */

size_t cds_validate_tetris_cases(bool all) {
  (void)all;
  return 1;
}

/* Of all layers, each as often as it runs. */
static cds_status run_network(double *seconds, double *pj,
                              const char *arch_name, const char *mapping,
                              cds_validate_case *in) {
  cds_arch *arch = cds_arena_alloc(in->arena, sizeof *arch);
  cds_validate_priced *priced = cds_arena_alloc(in->arena, sizeof *priced);
  cds_validate_layers layers;
  if (arch == NULL || priced == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_validate_arch(arch, arch_name, NULL, 0, in));
  CDS_TRY(cds_validate_layers_read(&layers, "tetris/vgg16.yaml", mapping, in));
  *seconds = 0;
  *pj = 0;
  for (size_t l = 0; l < layers.workload.layers; l++) {
    const double count = (double)layers.workload.layer[l].count;
    CDS_TRY(cds_validate_price(priced, arch, &layers, l, in));
    *seconds += count * priced->cost.latency_s;
    *pj += count * priced->cost.energy_pj;
  }
  return CDS_OK;
}

cds_status cds_validate_tetris(cds_validate_case *to, size_t index) {
  enum { SPEED, ENERGY };
  (void)index;
  double base_s = 0;
  double base_pj = 0;
  double seconds = 0;
  double pj = 0;
  CDS_TRY(run_network(&base_s, &base_pj, "tetris/baseline.yaml",
                      "tetris/baseline-mapping.yaml", to));
  CDS_TRY(run_network(&seconds, &pj, "tetris/tetris.yaml",
                      "tetris/tetris-mapping.yaml", to));
  cds_validate_compare(to, SPEED, base_s / seconds, 4.1);
  cds_validate_compare(to, ENERGY, base_pj / pj, 1.5);
  return CDS_OK;
}
