/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Explorations at ends of ranges; see uncertainty.h. */
#include "explore/uncertainty.h"

#include <math.h>
#include <string.h>

enum { RUNS_MAX = 2 + 2 * CDS_CLASSES_MAX + (1 << CDS_CORNER_CLASSES) };

/* ---- classes ------------------------------------------------------------- */

static bool same_level(const cds_level *a, const cds_level *b) {
  bool same = a->read_bandwidth == b->read_bandwidth &&
              a->write_bandwidth == b->write_bandwidth &&
              a->shared_bandwidth == b->shared_bandwidth &&
              cds_level_standing_w(a) == cds_level_standing_w(b) &&
              a->area_um2 == b->area_um2;
  for (unsigned action = 0; action < CDS_ACTIONS; action++) {
    same = same && a->price[action].access_pj == b->price[action].access_pj &&
           a->price[action].bit_pj == b->price[action].bit_pj;
  }
  return same;
}

static bool same_units(const cds_arch *a, const cds_arch *b) {
  bool same = a->compute.area_um2 == b->compute.area_um2 &&
              a->compute.leakage_w == b->compute.leakage_w;
  for (unsigned f = 0; f < CDS_FORMATS_MAX; f++) {
    same = same && a->compute.mac_pj[f] == b->compute.mac_pj[f];
  }
  for (unsigned v = 0; v < a->vectors; v++) {
    same = same && a->vector[v].area_um2 == b->vector[v].area_um2 &&
           a->vector[v].leakage_w == b->vector[v].leakage_w;
    for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
      same = same && a->vector[v].energy_pj[p] == b->vector[v].energy_pj[p];
    }
  }
  return same;
}

/* Whether two readings of one file have the same numbers from classes. */
static bool same_numbers(const cds_arch *a, const cds_arch *b) {
  bool same = a->clock_hz == b->clock_hz && same_units(a, b);
  for (unsigned l = 0; l < a->levels; l++) {
    same = same && same_level(&a->level[l], &b->level[l]);
  }
  for (unsigned k = 0; k < a->arrays; k++) {
    same = same && a->array[k].bit_pj == b->array[k].bit_pj &&
           a->array[k].add_pj == b->array[k].add_pj &&
           a->array[k].bandwidth == b->array[k].bandwidth;
  }
  for (unsigned i = 0; i < a->bonds; i++) {
    same = same && a->bond[i].bit_pj == b->bond[i].bit_pj &&
           a->bond[i].bandwidth == b->bond[i].bandwidth;
  }
  return same && cds_arch_area_um2(a) == cds_arch_area_um2(b) &&
         cds_arch_leakage_w(a) == cds_arch_leakage_w(b);
}

/* A design with one class at an end. */
static cds_status read_at(cds_arch *out, cds_space *space, uint64_t design,
                          const cds_class_ends *ends, cds_arena *arena) {
  cds_diag *unheard = cds_diag_new(arena);
  if (unheard == NULL) {
    return CDS_ENOMEM;
  }
  cds_space_set_ends(space, ends);
  return cds_space_design(out, space, design, arena, unheard);
}

static bool is_known(const char *const *names, unsigned count,
                     const char *name) {
  for (unsigned i = 0; i < count; i++) {
    if (strcmp(names[i], name) == 0) {
      return true;
    }
  }
  return false;
}

/* Lists the classes of the design that move a number of it; what was looked at
 * in other designs, `asked`, is left out. */
static cds_status add_classes(cds_uncertainty *out, cds_class_ends *asked,
                              cds_space *space, uint64_t design,
                              cds_arena *arena) {
  static const cds_class_ends none = {.classes = 0};
  cds_arch *arch = (cds_arch *)cds_arena_array(arena, 2, sizeof *arch);
  if (arch == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status built = read_at(&arch[0], space, design, &none, arena);
  if (built != CDS_OK) { /* such a design is nowhere the best */
    return built == CDS_ENOMEM ? built : CDS_OK;
  }
  for (unsigned c = 0; c < arch[0].classes; c++) {
    if (is_known(asked->name, asked->classes, arch[0].class_name[c])) {
      continue;
    }
    if (asked->classes == CDS_CLASSES_MAX) {
      return CDS_EINPUT;
    }
    asked->name[asked->classes++] = arch[0].class_name[c];
    cds_class_ends ends = {.classes = 1, .name = {arch[0].class_name[c]}};
    bool moves = false;
    for (unsigned end = CDS_TECH_BEST; end <= CDS_TECH_WORST; end++) {
      ends.end[0] = (cds_tech_end)end;
      const cds_status status = read_at(&arch[1], space, design, &ends, arena);
      if (status == CDS_ENOMEM) {
        return status;
      }
      moves = moves || status != CDS_OK || !same_numbers(&arch[0], &arch[1]);
    }
    if (moves) {
      out->class_name[out->classes++] = arch[0].class_name[c];
    }
  }
  return CDS_OK;
}

/* Variables may choose classes: those of all designs, strings in the arena. */
static cds_status find_classes(cds_uncertainty *out, cds_space *space,
                               uint64_t design, size_t designs,
                               cds_arena *arena) {
  cds_class_ends asked = {.classes = 0};
  CDS_TRY(add_classes(out, &asked, space, design, arena));
  for (uint64_t i = 0; i < designs; i++) {
    const cds_arena_mark mark = cds_arena_mark_get(arena);
    const unsigned before = asked.classes;
    CDS_TRY(add_classes(out, &asked, space, i, arena));
    if (asked.classes == before) {
      cds_arena_reset(arena, mark);
    }
  }
  return CDS_OK;
}

/* ---- points ---------------------------------------------------------------
 */

static cds_uncertain_run *add(cds_uncertainty *out) {
  cds_uncertain_run *run = &out->run[out->runs++];
  *run = (cds_uncertain_run){.value = (double)NAN, .same_value = (double)NAN};
  return run;
}

static void add_class(cds_class_ends *ends, const char *name,
                      cds_tech_end end) {
  ends->name[ends->classes] = name;
  ends->end[ends->classes++] = end;
}

/* All classes; `bits`: which are at their worst. */
static void add_corner(cds_uncertainty *out, unsigned long bits) {
  cds_uncertain_run *run = add(out);
  for (unsigned c = 0; c < out->classes; c++) {
    add_class(&run->ends, out->class_name[c],
              bits >> c & 1 ? CDS_TECH_WORST : CDS_TECH_BEST);
  }
}

static void list_runs(cds_uncertainty *out) {
  const unsigned long all = (1UL << out->classes) - 1;
  add_corner(out, 0);
  add_corner(out, all);
  /* Of one class both ends are that. */
  for (unsigned c = 0; c < out->classes && out->classes > 1 &&
                       out->question >= CDS_UNCERTAINTY_EACH;
       c++) {
    add_class(&add(out)->ends, out->class_name[c], CDS_TECH_BEST);
    add_class(&add(out)->ends, out->class_name[c], CDS_TECH_WORST);
  }
  for (unsigned long bits = 1;
       bits < all && out->question == CDS_UNCERTAINTY_CORNERS; bits++) {
    add_corner(out, bits);
  }
}

const cds_uncertain_run *cds_uncertain_alone(const cds_uncertainty *of,
                                             unsigned class, cds_tech_end end) {
  if (of->classes == 1) {
    return &of->run[end == CDS_TECH_BEST ? 0 : 1];
  }
  const size_t at = 2 + 2 * (size_t) class + (end == CDS_TECH_BEST ? 0 : 1);
  return of->question >= CDS_UNCERTAINTY_EACH && at < of->runs ? &of->run[at]
                                                               : NULL;
}

/* ---- explorations ----------------------------------------------------------
 */

/* "sram=best,dram=worst": what tells this run's records from those of others.
 */
static const char *part_of(const cds_class_ends *ends, cds_arena *arena) {
  const char *text = "ends";
  for (unsigned c = 0; c < ends->classes && text != NULL; c++) {
    text = cds_arena_printf(arena, "%s,%s=%s", text, ends->name[c],
                            ends->end[c] == CDS_TECH_BEST ? "best" : "worst");
  }
  return text;
}

/* The best design there, and what the design `same` has. */
static cds_status explore_at(cds_uncertain_run *run, cds_space *space,
                             const cds_workload *workload,
                             const cds_explore_options *options,
                             uint64_t same) {
  cds_arena *arena = cds_arena_new();
  cds_diag *unheard = arena == NULL ? NULL : cds_diag_new(arena);
  if (unheard == NULL) {
    cds_arena_free(arena);
    return CDS_ENOMEM;
  }
  cds_explore_result result;
  cds_explore_options own = *options;
  cds_records records = {.journal = NULL};
  own.top = 0;
  own.every = false;
  if (options->records != NULL) {
    records = *options->records;
    records.part = part_of(&run->ends, arena);
    own.records = &records;
  }
  cds_space_set_ends(space, &run->ends);
  cds_status status =
      options->records != NULL && records.part == NULL ? CDS_ENOMEM : CDS_OK;
  if (status == CDS_OK) {
    status = cds_explore(&result, space, workload, &own, arena, unheard);
  }
  if (status == CDS_OK) {
    run->found = true;
    run->proven = result.proven;
    run->winner = result.winner;
    run->value = run->same_value = result.value;
  }
  if (status == CDS_OK && result.winner != same) {
    own.only = &same;
    status = cds_explore(&result, space, workload, &own, arena, unheard);
    run->same_value = status == CDS_OK ? result.value : (double)NAN;
  }
  if (status == CDS_EINFEASIBLE) {
    status = CDS_OK; /* over a limit there */
  }
  run->done = status == CDS_OK;
  cds_arena_free(arena);
  return status;
}

static bool listed(const cds_uncertainty *in, uint64_t design) {
  for (size_t i = 0; i < in->contenders; i++) {
    if (in->contender[i] == design) {
      return true;
    }
  }
  return false;
}

/* Designs that are best somewhere, by index. */
static void list_contenders(cds_uncertainty *out, uint64_t typical) {
  for (size_t i = 0; i < out->runs; i++) {
    const cds_uncertain_run *run = &out->run[i];
    const bool other = run->found && run->winner != typical &&
                       (isnan(run->same_value) || run->value < run->same_value);
    if (!other || listed(out, run->winner)) {
      continue;
    }
    size_t at = out->contenders++;
    for (; at > 0 && out->contender[at - 1] > run->winner; at--) {
      out->contender[at] = out->contender[at - 1];
    }
    out->contender[at] = run->winner;
  }
}

static cds_status find(cds_uncertainty *out, cds_space *space,
                       const cds_workload *workload,
                       const cds_explore_options *options,
                       const cds_explore_result *typical, cds_arena *arena) {
  CDS_TRY(find_classes(out, space, typical->winner, typical->designs, arena));
  if (out->question == CDS_UNCERTAINTY_CORNERS &&
      out->classes > CDS_CORNER_CLASSES) {
    return CDS_EINPUT;
  }
  out->complete = true;
  if (out->classes == 0) {
    return CDS_OK;
  }
  list_runs(out);
  for (size_t i = 0; i < out->runs && out->complete; i++) {
    const cds_status status =
        explore_at(&out->run[i], space, workload, options, typical->winner);
    out->complete = status == CDS_OK;
    if (status != CDS_OK && status != CDS_EINTERRUPTED) {
      return status;
    }
  }
  list_contenders(out, typical->winner);
  return CDS_OK;
}

cds_status cds_uncertainty_find(cds_uncertainty *out, cds_space *space,
                                const cds_workload *workload,
                                const cds_explore_options *options,
                                const cds_explore_result *typical,
                                cds_arena *arena) {
  static const cds_class_ends none = {.classes = 0};
  const cds_uncertainty_question question = out->question;
  *out = (cds_uncertainty){.question = question};
  out->run =
      (cds_uncertain_run *)cds_arena_array(arena, RUNS_MAX, sizeof *out->run);
  out->contender =
      (uint64_t *)cds_arena_array(arena, RUNS_MAX, sizeof *out->contender);
  if (out->run == NULL || out->contender == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status = find(out, space, workload, options, typical, arena);
  cds_space_set_ends(space, &none);
  return status;
}
