/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A device beside the reference; see compare.h. */
#include "tech/compare.h"

#include "base/text.h"
#include "tech/internal.h"

static const double STEP_V = 0.001; /* of the search for the least energy */
static const double NEAR = 1e-6;    /* of a step */

static const cds_tech_figure NO_COOLER = {0, 0, 0, NULL, false};

static cds_tech_figure none_or(const cds_tech_figure *figure,
                               const cds_tech_figure *otherwise) {
  return figure->source == NULL ? *otherwise : *figure;
}

/* Leakage power of the reference over clock x energy of an operation. */
static cds_status leakage_share(double *out, const char *process,
                                char why[CDS_TECH_WHY]) {
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  cds_tech_estimate estimate;
  query.class_name = "mac";
  query.process = process;
  query.format = "int8";
  query.format_bits = 8;
  CDS_TRY(cds_tech_estimate_of(&estimate, &query, why));
  *out = estimate.leakage_w / (estimate.clock_hz * 1e-12 * estimate.mac_pj);
  return CDS_OK;
}

/* Energy with leakage over that of the reference; `at` is k / activity. */
static double total_of(double energy, double leakage, double time,
                       double cooling, double at) {
  return (1 + cooling) * (energy + at * leakage * time) / (1 + at);
}

static double break_even_of(double energy, double time, double cooling,
                            double at) {
  return ((1 + at) / (1 + cooling) - energy) / (at * time);
}

static void set_sums(cds_tech_compare *out, double at) {
  const cds_tech_figure *e = &out->energy, *l = &out->leakage, *t = &out->time;
  const cds_tech_figure *c = &out->cooling;
  const bool projection =
      e->projection || l->projection || t->projection || c->projection;
  out->total = (cds_tech_figure){
      total_of(e->low, l->low, t->low, c->low, at),
      total_of(e->typ, l->typ, t->typ, c->typ, at),
      total_of(e->high, l->high, t->high, c->high, at), e->source, projection};
  out->break_even = (cds_tech_figure){
      break_even_of(e->high, t->high, c->high, at),
      break_even_of(e->typ, t->typ, c->typ, at),
      break_even_of(e->low, t->low, c->low, at), e->source, projection};
  /* A negative one grows with 1 / time: in order all the same. */
  if (out->break_even.low > out->break_even.typ) {
    out->break_even.low = out->break_even.typ;
  }
  if (out->break_even.high < out->break_even.typ) {
    out->break_even.high = out->break_even.typ;
  }
}

static cds_tech_figure figure_times(const cds_tech_figure *device,
                                    double factor, const char *source) {
  cds_tech_figure out = cds_tech_times(*device, factor);
  out.source = device->source == NULL ? source : device->source;
  return out;
}

/* The device at a supply. */
static void at_supply(cds_tech_compare *out, const cds_tech_point *point,
                      const cds_tech_point *reference, double at) {
  const cds_tech_flavour *flavour = point->flavour;
  const cds_tech_supply *supply = &point->supply;
  const double time = reference->supply.clock_hz / supply->clock_hz;
  out->supply = *supply;
  out->energy =
      figure_times(&flavour->energy, supply->energy_factor, supply->source);
  out->leakage = figure_times(
      &flavour->leakage,
      cds_tech_logic_leakage(point, flavour->area.typ) /
          (cds_tech_logic_leakage(reference, 1) * flavour->leakage.typ),
      supply->source);
  out->time =
      figure_times(&flavour->delay, time / flavour->delay.typ, supply->source);
  out->cooling = none_or(&flavour->cooling, &NO_COOLER);
  set_sums(out, at);
}

/* The supply with the least energy, of low_v, high_v and all mV between. */
static cds_status find_least(cds_tech_compare *out, const char *process,
                             const char *device,
                             const cds_tech_point *reference, double at) {
  const double low_v = out->supply.low_v, high_v = out->supply.high_v;
  const unsigned steps = (unsigned)((high_v - low_v) / STEP_V + NEAR);
  char why[CDS_TECH_WHY];
  out->least_total = CDS_TECH_NONE;
  for (unsigned step = 0; step <= steps; step++) {
    cds_tech_point point;
    cds_tech_compare here;
    CDS_TRY(
        cds_tech_point_at(&point, process, device, low_v + step * STEP_V, why));
    at_supply(&here, &point, reference, at);
    if (!(here.total.typ >= out->least_total)) {
      out->least_total = here.total.typ;
      out->least_v = here.supply.supply_v;
    }
  }
  return CDS_OK;
}

cds_status cds_tech_compare_of(cds_tech_compare *out, const char *process,
                               const char *device, double supply_v,
                               double activity, char why[CDS_TECH_WHY]) {
  cds_tech_compare found;
  cds_tech_point point, reference;
  if (!(activity > 0 && activity <= 1)) {
    char text[CDS_NUMBER_TEXT];
    return cds_tech_refuse(why,
                           "'activity' is %s: expected more than 0, at most 1",
                           cds_format_double(text, activity));
  }
  CDS_TRY(cds_tech_point_at(&point, process, device, supply_v, why));
  if (point.process == NULL) {
    return cds_tech_refuse(why,
                           "process '%.32s' is one of DRAM: expected one "
                           "of logic",
                           process);
  }
  CDS_TRY(cds_tech_point_at(&reference, process, "hp", CDS_TECH_NONE, why));
  CDS_TRY(leakage_share(&found.share, process, why));
  const double at = found.share / activity;
  at_supply(&found, &point, &reference, at);
  CDS_TRY(find_least(&found, process, device, &reference, at));
  *out = found;
  return CDS_OK;
}
