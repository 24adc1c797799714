/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines of `eval --trace`; see trace_page.h. */
#include "cli/trace_page.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "price/words.h"

typedef struct trace {
  const cds_page *page;
  const cds_arch *arch;
  const cds_einsum *einsum;
  const cds_counts *counts;
  const cds_cost *cost;
} trace;

/* "DRAM        reads    A     16 words x 8 bit, ... = 1.6 nJ". */
static void write_line(const trace *it, const char *name, const char *what,
                       const char *text, double pj) {
  fputs("  ", it->page->stream);
  cds_page_cell(it->page, cds_page_clip(it->page, name, 11), -12);
  cds_page_cell(it->page, what, -14);
  cds_help_wrap(it->page->stream,
                cds_cli_printf(it->page->arena, "%s = %s", text,
                               cds_page_si(it->page, 1e-12 * pj, "J")),
                28, 28);
}

/* "100 pJ", "2.5 pJ/bit": with all digits. */
static const char *price_text(const trace *it, double pj, const char *per) {
  char text[CDS_NUMBER_TEXT];
  return cds_cli_printf(it->page->arena, "%s pJ%s", cds_format_double(text, pj),
                        per);
}

/* ---- levels -------------------------------------------------------------- */

typedef struct words {
  uint64_t count;
  unsigned bits;
  bool partial; /* sums that are not done */
} words;

static void write_words(const trace *it, unsigned level, unsigned tensor,
                        cds_action action, const words *of) {
  static const char *const names[CDS_ACTIONS] = {"read", "fill", "update",
                                                 "drain"};
  const cds_level *place = &it->arch->level[level];
  const cds_access_price *price = &place->price[action];
  cds_arena *arena = it->page->arena;
  if (of->count == 0) {
    return;
  }
  const char *text =
      cds_cli_printf(arena, "%" PRIu64 " %s x %u bit", of->count,
                     of->partial ? "partial sums" : "words", of->bits);
  if (price->access_pj > 0) {
    text = cds_cli_printf(
        arena, "%s in accesses of %" PRIu64 " bit: %s x %s", text,
        place->width_bits,
        cds_page_count(it->page, cds_words_accesses(of->count, of->bits,
                                                    place->width_bits)),
        price_text(it, price->access_pj, ""));
  }
  if (price->bit_pj > 0) {
    text = cds_cli_printf(arena, "%s%sx %s", text,
                          price->access_pj > 0 ? ", and " : " ",
                          price_text(it, price->bit_pj, "/bit"));
  }
  if (!(price->access_pj > 0) && !(price->bit_pj > 0)) {
    text = cds_cli_printf(arena, "%s x 0 pJ", text);
  }
  write_line(it, place->name,
             cds_cli_printf(arena, "%s %s", names[action],
                            it->einsum->tensor[tensor].name),
             text, cds_words_energy(place, action, of->count, of->bits));
}

static void write_level(const trace *it, unsigned level) {
  for (unsigned t = 0; t < it->einsum->tensors; t++) {
    const cds_traffic *entry = &it->counts->at[level][t];
    const cds_tensor *tensor = &it->einsum->tensor[t];
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      const uint64_t partial = entry->partial[a];
      const words whole = {entry->words[a] - partial, tensor->format.bits,
                           false};
      const words sums = {partial, tensor->accumulator.bits, true};
      write_words(it, level, t, (cds_action)a, &whole);
      write_words(it, level, t, (cds_action)a, &sums);
    }
  }
}

/* ---- the rest -------------------------------------------------------------
 */

/* Bits times a price by the bit, told from their product. */
static void write_bits(const trace *it, const char *name, const char *what,
                       double pj, double bit_pj) {
  if (pj > 0) {
    write_line(it, name, what,
               cds_cli_printf(it->page->arena, "%s bit x %s",
                              cds_page_count(it->page, pj / bit_pj),
                              price_text(it, bit_pj, "/bit")),
               pj);
  }
}

static void write_networks(const trace *it) {
  for (unsigned k = 0; k < it->arch->arrays; k++) {
    const cds_array *array = &it->arch->array[k];
    write_bits(it, array->name,
               array->network == CDS_NETWORK_BUS ? "network" : "links crossed",
               it->cost->array_pj[k], array->bit_pj);
    if (it->cost->add_pj[k] > 0) {
      write_line(it, array->name, "reduction",
                 cds_cli_printf(it->page->arena, "%s additions x %s",
                                cds_page_count(it->page, it->cost->add_pj[k] /
                                                             array->add_pj),
                                price_text(it, array->add_pj, "")),
                 it->cost->add_pj[k]);
    }
  }
  for (unsigned b = 0; b < it->arch->bonds; b++) {
    write_bits(it, it->arch->bond[b].name, "bonds crossed",
               it->cost->bond_pj[b], it->arch->bond[b].bit_pj);
  }
}

static void write_compute(const trace *it) {
  const cds_compute *compute = &it->arch->compute;
  const double macs = (double)it->counts->macs;
  if (it->cost->compute_pj > 0) {
    write_line(it, compute->name, "compute",
               cds_cli_printf(it->page->arena, "%s multiply-accumulates x %s",
                              cds_page_count(it->page, macs),
                              price_text(it, it->cost->compute_pj / macs, "")),
               it->cost->compute_pj);
  }
}

static void write_leakage(const trace *it) {
  if (it->cost->leakage_pj > 0) {
    write_line(
        it, "all dies", "leakage",
        cds_cli_printf(it->page->arena, "%s x %s",
                       cds_page_si(it->page, cds_arch_leakage_w(it->arch), "W"),
                       cds_page_si(it->page, it->cost->latency_s, "s")),
        it->cost->leakage_pj);
  }
}

/* What the prices of the entries above rest on. */
static void write_origins(const trace *it) {
  const cds_page *page = it->page;
  fputs("\n  prices\n", page->stream);
  for (unsigned i = 0; i < it->arch->origins; i++) {
    const cds_origin *origin = &it->arch->origin[i];
    const bool whole = *origin->what == '\0';
    if (!whole && strcmp(origin->what, "energy") != 0 &&
        strcmp(origin->what, "leakage") != 0) {
      continue;
    }
    fputs("  ", page->stream);
    cds_page_cell(page, cds_page_clip(page, origin->entry, 11), -12);
    cds_page_cell(page, whole ? "as given" : origin->what, -14);
    cds_help_wrap(page->stream,
                  cds_cli_printf(page->arena, "%s%s", origin->text,
                                 origin->assumption ? " (assumption)" : ""),
                  28, 28);
  }
}

void cds_trace_write(const cds_page *page, const cds_arch *arch,
                     const cds_counts *counts, const cds_layer_result *layer) {
  const trace it = {page, arch, &layer->layer->einsum, counts, &layer->cost};
  fputs("\n  trace of the energy\n", page->stream);
  for (unsigned level = 0; level < arch->levels; level++) {
    write_level(&it, level);
  }
  write_networks(&it);
  write_compute(&it);
  write_leakage(&it);
  fputs("  ", page->stream);
  cds_page_cell(page, "in all", -26);
  fprintf(page->stream, "%s\n",
          cds_page_si(page, 1e-12 * layer->cost.energy_pj, "J"));
  write_origins(&it);
}
