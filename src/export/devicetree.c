/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Power states of the dies as a device tree source: states with a clock as
 * operating points (binding operating-points-v2 of the Linux kernel: opp-hz,
 * opp-microvolt, clock-latency-ns), among them that of the die itself; stopped
 * ones as domain-idle-states (entry-, exit- and min-residency-us), where it is
 * worth to be in the state for as long as its break-even time with the leakage
 * of the die and a stopped clock (package/states.h).
 */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>

#include "base/builder.h"
#include "export/exporter.h"
#include "package/states.h"

/* Largest value of a cell. */
static const double CELL_MAX = 4294967295.0;

typedef struct writer {
  cds_builder to;
  const cds_arch *arch;
  cds_diag *diag;
} writer;

static uint64_t cell(double value) {
  return (uint64_t)(value < CELL_MAX ? value : CELL_MAX);
}

/* A name as nodes have it: small letters, digits and -. */
static const char *node_name(writer *w, const char *name) {
  char *text = cds_arena_printf(w->to.arena, "%s", name);
  for (char *at = text; at != NULL && *at != '\0'; at++) {
    *at = isalnum((unsigned char)*at) ? (char)tolower((unsigned char)*at) : '-';
  }
  w->to.failed = w->to.failed || text == NULL;
  return text == NULL ? "" : text;
}

static void put_point(writer *w, double clock_hz, double supply_v,
                      double latency) {
  const uint64_t hz = (uint64_t)round(clock_hz);
  cds_builder_print(&w->to,
                    "\t\topp-%" PRIu64 " {\n"
                    "\t\t\topp-hz = /bits/ 64 <%" PRIu64 ">;\n"
                    "\t\t\topp-microvolt = <%" PRIu64 ">;\n"
                    "\t\t\tclock-latency-ns = <%" PRIu64 ">;\n"
                    "\t\t};\n",
                    hz, hz, cell(round(1e6 * supply_v)),
                    cell(ceil(1e9 * latency)));
}

/* Whether the die, or a state before, has the clock already, of which a table
 * has one voltage. */
static bool is_taken(const cds_die *die, unsigned state) {
  const double hz = round(die->state[state].clock_hz);
  bool taken = hz == round(die->clock_hz);
  for (unsigned s = 0; s < state; s++) {
    taken = taken || hz == round(die->state[s].clock_hz);
  }
  return taken;
}

/* The longest way to a state (-1: running) from another that has a clock: what
 * leaving that one takes. */
static double latency_s(const cds_die *die, int to) {
  double longest = 0;
  for (unsigned s = 0; s < die->states; s++) {
    const cds_power_state *from = &die->state[s];
    if ((int)s != to && from->clock_hz > 0 && from->wake_s > longest) {
      longest = from->wake_s;
    }
  }
  return longest;
}

static void put_points(writer *w, const cds_die *die) {
  if (!(die->supply_v > 0)) {
    cds_diag_warning(w->diag, die->place,
                     "no operating points of die '%s', as its supply is not "
                     "known",
                     die->name);
    return;
  }
  cds_builder_print(&w->to,
                    "\topp-table-%s {\n"
                    "\t\tcompatible = \"operating-points-v2\";\n",
                    node_name(w, die->name));
  put_point(w, die->clock_hz, die->supply_v, latency_s(die, CDS_STATE_RUNNING));
  for (unsigned s = 0; s < die->states; s++) {
    const cds_power_state *state = &die->state[s];
    if (!(state->clock_hz > 0)) {
      continue;
    }
    if (is_taken(die, s)) {
      cds_diag_warning(w->diag, state->place,
                       "power state '%s' of die '%s' is left out, as another "
                       "has its clock",
                       state->name, die->name);
      continue;
    }
    put_point(w, state->clock_hz, state->supply_v, latency_s(die, (int)s));
  }
  cds_builder_put(&w->to, "\t};\n");
}

static void put_idle(writer *w, const cds_die *die) {
  for (unsigned s = 0; s < die->states; s++) {
    const cds_power_state *state = &die->state[s];
    const double worth_s = cds_state_break_even_s(die, s, 0);
    if (state->clock_hz > 0) {
      continue;
    }
    if (isinf(worth_s)) {
      cds_diag_warning(w->diag, state->place,
                       "power state '%s' of die '%s' is left out, as it never "
                       "takes less than the leakage of the die",
                       state->name, die->name);
      continue;
    }
    cds_builder_print(&w->to,
                      "\t\tdomain-%s-%s {\n"
                      "\t\t\tcompatible = \"domain-idle-state\";\n"
                      "\t\t\tentry-latency-us = <0>;\n"
                      "\t\t\texit-latency-us = <%" PRIu64 ">;\n"
                      "\t\t\tmin-residency-us = <%" PRIu64 ">;\n"
                      "\t\t};\n",
                      node_name(w, die->name), node_name(w, state->name),
                      cell(ceil(1e6 * state->wake_s)),
                      cell(ceil(1e6 * worth_s)));
  }
}

cds_status cds_export_devicetree(cds_export *out,
                                 const cds_export_subject *subject,
                                 const cds_reader *reader) {
  writer w = {.to = {.arena = reader->arena},
              .arch = subject->arch,
              .diag = reader->diag};
  bool any = false;
  bool stopped = false;
  cds_builder_put(&w.to, "// Written by codesign\n/dts-v1/;\n\n/ {\n");
  for (unsigned d = 0; d < w.arch->dies; d++) {
    const cds_die *die = &w.arch->die[d];
    any = any || die->states > 0;
    for (unsigned s = 0; s < die->states; s++) {
      stopped = stopped || !(die->state[s].clock_hz > 0);
    }
    if (!die->memory && die->states > 0) {
      put_points(&w, die);
    }
  }
  if (!any) {
    cds_diag_error(w.diag, w.arch->place,
                   "no die of '%s' has power states: expected 'power_states' "
                   "of a die",
                   w.arch->name);
    return CDS_EINPUT;
  }
  if (stopped) {
    cds_builder_put(&w.to, "\tdomain-idle-states {\n");
    for (unsigned d = 0; d < w.arch->dies; d++) {
      put_idle(&w, &w.arch->die[d]);
    }
    cds_builder_put(&w.to, "\t};\n");
  }
  cds_builder_put(&w.to, "};\n");
  if (w.to.failed) {
    return CDS_ENOMEM;
  }
  *out = (cds_export){.documents = 1, .document = {{"power.dts", w.to.start}}};
  return CDS_OK;
}
