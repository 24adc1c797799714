/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages of the leakage loop. */
#include "package/heat_report.h"

#include "base/text.h"

static const double most_scale = 1e6;
static const double most_gain = 1000; /* more says nothing more */

/* How far power could rise, or must fall. */
static cds_status hint_scale(const cds_leakage *of, bool limits,
                             cds_diag *diag) {
  double scale = 0;
  CDS_TRY(cds_leakage_scale(of, most_scale, limits, &scale));
  if (scale < 0) {
    cds_diag_hint(diag, "not sustainable even without dynamic power: leakage "
                        "or ambient is too high");
    return CDS_OK;
  }
  double power = 0;
  for (size_t i = 0; i < of->count; i++) {
    power += of->power_w[i] * scale;
  }
  char texts[2][CDS_NUMBER_TEXT];
  cds_diag_hint(diag,
                "highest sustainable dynamic power: %s W, %s times what is "
                "given",
                cds_format_double(texts[0], cds_round_decimal(power, 4)),
                cds_format_double(texts[1], cds_round_decimal(scale, 4)));
  return CDS_OK;
}

static const char *name_or_empty(const char *name) {
  return name != NULL ? name : "";
}

/* Of a die with one block its name is enough. */
static const char *block_of(const cds_heat_die *die, size_t within) {
  return die->block_count > 1 ? name_or_empty(die->blocks[within].name) : "";
}
static const char *before_block(const cds_heat_die *die) {
  return die->block_count > 1 ? ", block '" : "";
}
static const char *after_block(const cds_heat_die *die) {
  return die->block_count > 1 ? "'" : "";
}

static cds_status say_runaway(const cds_heat_package *package,
                              const cds_leakage *of,
                              const double *temperature_degc,
                              const cds_leakage_result *result,
                              cds_diag *diag) {
  size_t within = 0;
  const cds_heat_die *const die =
      &package->dies[cds_heat_die_of(package, result->block, &within)];
  char texts[2][CDS_NUMBER_TEXT];
  cds_diag_error(
      diag, die->place,
      "thermal runaway in die '%s'%s%s%s, past %s degC: a rise makes leakage "
      "that makes %s%s times that rise",
      name_or_empty(die->name), before_block(die), block_of(die, within),
      after_block(die),
      cds_format_double(texts[0],
                        cds_round_decimal(temperature_degc[result->block], 4)),
      result->gain > most_gain ? "over " : "",
      cds_format_double(
          texts[1],
          cds_round_decimal(result->gain > most_gain ? most_gain : result->gain,
                            4)));
  CDS_TRY(hint_scale(of, false, diag));
  return CDS_EINFEASIBLE;
}

/* The block of a die with the least margin. */
static size_t hottest_of(const cds_leakage *of, const double *temperature_degc,
                         size_t first, size_t count) {
  size_t worst = first;
  for (size_t i = first; i < first + count; i++) {
    if (of->limit_degc[i] - temperature_degc[i] <
        of->limit_degc[worst] - temperature_degc[worst]) {
      worst = i;
    }
  }
  return worst;
}

cds_status cds_heat_report(const cds_heat_package *package,
                           const cds_leakage *of,
                           const double *temperature_degc,
                           const cds_leakage_result *result, cds_diag *diag) {
  if (result->runaway) {
    return say_runaway(package, of, temperature_degc, result, diag);
  }
  cds_status status = CDS_OK;
  size_t first = 0;
  for (size_t index = 0; of->limit_degc != NULL && index < package->die_count;
       index++) {
    const cds_heat_die *const die = &package->dies[index];
    const size_t worst =
        hottest_of(of, temperature_degc, first, die->block_count);
    const size_t within = worst - first;
    first += die->block_count;
    if (die->block_count == 0 ||
        temperature_degc[worst] <= of->limit_degc[worst]) {
      continue;
    }
    char texts[2][CDS_NUMBER_TEXT];
    cds_diag_error(diag, die->place,
                   "die '%s'%s%s%s is at %s degC: expected at most %s degC",
                   name_or_empty(die->name), before_block(die),
                   block_of(die, within), after_block(die),
                   cds_format_double(
                       texts[0], cds_round_decimal(temperature_degc[worst], 5)),
                   cds_format_double(texts[1], of->limit_degc[worst]));
    CDS_TRY(hint_scale(of, true, diag));
    status = CDS_EINFEASIBLE;
  }
  return status;
}
