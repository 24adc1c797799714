/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Power states of the dies in IEEE 1801 (UPF): a power domain of each die, its
 * supply with the voltages of its states, off where they are gated, and a table
 * of states. A part of the standard: upf_version, create_power_domain,
 * create_supply_port, create_supply_net, connect_supply_net,
 * set_domain_supply_net, add_port_state, create_pst, add_pst_state. Clocks and
 * what leaks have no place in it; switches, isolation and retention are for
 * those who know the design.
 */
#include <ctype.h>

#include "base/builder.h"
#include "base/text.h"
#include "export/exporter.h"

typedef struct writer {
  cds_builder to;
  cds_diag *diag;
} writer;

/* A name as the language takes it: letters, digits and _. */
static const char *word(writer *w, const char *name) {
  char *text = cds_arena_printf(w->to.arena, "%s", name);
  for (char *at = text; at != NULL && *at != '\0'; at++) {
    *at = isalnum((unsigned char)*at) ? *at : '_';
  }
  w->to.failed = w->to.failed || text == NULL;
  return text == NULL ? "" : text;
}

static void put_domain(writer *w, const char *die) {
  cds_builder_print(&w->to,
                    "\ncreate_power_domain PD_%s -elements {%s}\n"
                    "create_supply_port VDD_%s\n"
                    "create_supply_net VDD_%s -domain PD_%s\n"
                    "connect_supply_net VDD_%s -ports {VDD_%s}\n"
                    "create_supply_net VSS -domain PD_%s -reuse\n"
                    "set_domain_supply_net PD_%s -primary_power_net VDD_%s "
                    "-primary_ground_net VSS\n",
                    die, die, die, die, die, die, die, die, die, die);
}

static void put_voltage(writer *w, const char *state, double volts) {
  char text[CDS_NUMBER_TEXT];
  cds_builder_print(&w->to, " -state {%s %s}", state,
                    cds_format_double(text, volts));
}

static void put_states(writer *w, const cds_die *of) {
  const char *die = word(w, of->name);
  cds_builder_print(&w->to, "add_port_state VDD_%s", die);
  put_voltage(w, "running", of->supply_v);
  for (unsigned s = 0; s < of->states; s++) {
    const cds_power_state *state = &of->state[s];
    if (state->leakage > 0) {
      put_voltage(w, word(w, state->name), state->supply_v);
    } else {
      cds_builder_print(&w->to, " -state {%s off}", word(w, state->name));
    }
  }
  cds_builder_print(&w->to,
                    "\ncreate_pst states_%s -supplies {VDD_%s VSS}\n"
                    "add_pst_state running -pst states_%s -state {running "
                    "ground}\n",
                    die, die, die);
  for (unsigned s = 0; s < of->states; s++) {
    const char *name = word(w, of->state[s].name);
    cds_builder_print(&w->to,
                      "add_pst_state %s -pst states_%s -state {%s ground}\n",
                      name, die, name);
  }
}

cds_status cds_export_upf(cds_export *out, const cds_export_subject *subject,
                          const cds_reader *reader) {
  writer w = {.to = {.arena = reader->arena}, .diag = reader->diag};
  const cds_arch *arch = subject->arch;
  bool any = false;
  cds_builder_put(&w.to, "# Written by codesign\nupf_version 2.1\n"
                         "create_power_domain TOP -include_scope\n"
                         "create_supply_port VSS\n"
                         "create_supply_net VSS -domain TOP\n"
                         "connect_supply_net VSS -ports {VSS}\n"
                         "add_port_state VSS -state {ground 0}\n");
  for (unsigned d = 0; d < arch->dies; d++) {
    const cds_die *die = &arch->die[d];
    if (die->states == 0) {
      continue;
    }
    if (!(die->supply_v > 0)) {
      cds_diag_error(w.diag, die->place,
                     "the supply of die '%s' is not known: expected 'supply' "
                     "or 'process'",
                     die->name);
      return CDS_EINPUT;
    }
    any = true;
    put_domain(&w, word(&w, die->name));
    put_states(&w, die);
  }
  if (!any) {
    cds_diag_error(w.diag, arch->place,
                   "no die of '%s' has power states: expected 'power_states' "
                   "of a die",
                   arch->name);
    return CDS_EINPUT;
  }
  if (w.to.failed) {
    return CDS_ENOMEM;
  }
  *out = (cds_export){.documents = 1, .document = {{"power.upf", w.to.start}}};
  return CDS_OK;
}
