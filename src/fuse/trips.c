/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Vectors of trips, each with a bound on all choices that have them.
 *
 * A stage takes at least what it takes when each of its tensors is, as is best
 * for it, either not at home, or at home as if its tile took no room and each
 * of its words came (or went) once: no place among the loops does better. (With
 * a mask, too: it leaves all keys to the last query.) Loops that a stage lacks
 * make it do the same again: all products at least. Of those of a mask the live
 * pairs count that the loops of the stage do not.
 */
#include <math.h>
#include <string.h>

#include "count/mask.h"
#include "fuse/outers.h"

/* Floors of a stage by the trips of the classes that it has. */
typedef struct cds_floors {
  bool *known;
  cds_floor *floor;
  cds_status *status;
} cds_floors;

typedef struct cds_listing_trips {
  cds_outers *outers;
  cds_floors floors[CDS_STAGES_MAX];
  unsigned stages, level;
  size_t at[CDS_LOOP_CLASSES_MAX]; /* divisors */
  /* Of the vector at hand: times, and what operations might hide. */
  double products_s, operations_s, hidden_s;
} cds_listing_trips;

static bool stage_has_class(const cds_loop_class *class, unsigned stage) {
  return (class->stages >> stage & 1U) != 0;
}

/* Number of the trips of the classes that a stage has, and of all of them. */
static size_t place_of(const cds_listing_trips *it, unsigned stage) {
  size_t place = 0;
  for (unsigned c = 0; c < it->outers->classes; c++) {
    const cds_loop_class *class = &it->outers->class[c];
    if (stage_has_class(class, stage)) {
      place = place * class->divisors + it->at[c];
    }
  }
  return place;
}

static size_t places(const cds_outers *outers, unsigned stage) {
  size_t count = 1;
  for (unsigned c = 0; c < outers->classes; c++) {
    const cds_loop_class *class = &outers->class[c];
    count *= stage_has_class(class, stage) ? class->divisors : 1;
  }
  return count;
}

/* The home of a tensor as if it took no room. */
static cds_status set_home(cds_home *out, const cds_listing_trips *it,
                           unsigned stage, unsigned t) {
  const cds_fused_einsum *own = &it->outers->group->stage[stage];
  uint64_t words = 0;
  CDS_TRY(cds_tensor_words(&words, own->einsum, t));
  const bool brings = it->outers->group->tensor[own->tensor[t]].first == stage;
  *out = (cds_home){
      .level = it->level, .tile_words = 0, .loads = brings ? words : 0};
  return CDS_OK;
}

void cds_outers_stage_nodes(cds_outer *out, const cds_outers *outers,
                            const cds_outer_trips *vector, unsigned stage) {
  cds_outer_choice choice = {.level = vector->level};
  for (unsigned c = 0; c < outers->classes; c++) {
    const uint64_t trips = vector->trips[c];
    if (trips > 1 && stage_has_class(&outers->class[c], stage)) {
      choice.class[choice.loops] = (uint8_t)c;
      choice.trips[choice.loops++] = trips;
    }
  }
  for (unsigned t = 0; t < outers->group->tensors; t++) {
    const bool made = outers->group->tensor[t].intermediate;
    choice.place[t] = made ? choice.loops : CDS_NO_PLACE;
  }
  cds_outers_nodes(out, outers, &choice);
}

/* compute_s: what it might hide of its time. */
static cds_status operation_floor(cds_floor *out, const cds_outers *outers,
                                  const cds_fused_pass *pass, unsigned stage) {
  if (!cds_outers_homes_fit(outers, pass)) {
    return CDS_EINFEASIBLE;
  }
  cds_cost cost;
  cds_operation_counts counts;
  double hidden_s = 0;
  const cds_status made =
      cds_outers_operation(&cost, &counts, &hidden_s, outers, pass, stage);
  *out = (cds_floor){cost.dynamic_pj, cost.latency_s,
                     cds_outers_hides_s(outers, &cost)};
  return made == CDS_EINPUT ? CDS_EINFEASIBLE : made;
}

/* The same with each operand that may be at home there, which others bring, or,
 * where the unit works elsewhere, with none: less moves from home, and what
 * stands there leaves rows no less room. */
static cds_status rows_floor(cds_floor *out, const cds_listing_trips *it,
                             const cds_fused_pass *pass, unsigned stage) {
  const cds_fused_einsum *own = &it->outers->group->stage[stage];
  cds_fused_pass home = *pass;
  bool any = false;
  home.einsum.stage = &home.stage;
  for (unsigned t = 0; t + 1 < own->einsum->tensors; t++) {
    if (cds_outers_may_stay(it->outers, own->tensor[t])) {
      home.stage.home[t] = (cds_home){.level = it->level};
      any = true;
    }
  }
  const cds_status status = operation_floor(out, it->outers, &home, stage);
  return any && status == CDS_EINFEASIBLE
             ? operation_floor(out, it->outers, pass, stage)
             : status;
}

static cds_status make_floor(cds_floor *out, const cds_listing_trips *it,
                             unsigned stage) {
  cds_outers *outers = it->outers;
  const cds_fused_einsum *own = &outers->group->stage[stage];
  cds_outer outer;
  cds_outer_trips vector = {.level = (uint8_t)it->level};
  for (unsigned c = 0; c < outers->classes; c++) {
    vector.trips[c] = outers->class[c].divisor[it->at[c]];
  }
  cds_outers_stage_nodes(&outer, outers, &vector, stage);
  cds_fused_pass pass;
  CDS_TRY(cds_fused_pass_set(&pass, outers->group, outers->arch, &outer, stage,
                             outers->scratch));
  /* Tiles of other stages are smaller with loops that this one lacks. */
  memset(pass.stage.taken_bits, 0, sizeof pass.stage.taken_bits);
  if (own->operation != NULL) {
    cds_outers_bring_output(&pass, it->level);
    return rows_floor(out, it, &pass, stage);
  }
  unsigned may = 0;
  cds_home other[CDS_MATRIX] = {{0}};
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    if (cds_outers_may_stay(outers, own->tensor[t])) {
      may |= 1U << t;
      CDS_TRY(set_home(&other[t], it, stage, t));
    }
  }
  return cds_outers_least_floor(out, outers, &pass, other, may);
}

double cds_outers_passes(const cds_outers *outers,
                         const cds_outer_trips *vector, unsigned stage) {
  cds_outer outer = {.nodes = 0};
  double passes = 1;
  for (unsigned c = 0; c < outers->classes; c++) {
    const cds_loop_class *class = &outers->class[c];
    if (stage < outers->group->stages && !stage_has_class(class, stage)) {
      continue;
    }
    if (cds_fused_of_mask(outers->group, class->rank[0])) {
      outer.node[outer.nodes++] = (cds_outer_node){.kind = CDS_OUTER_FOR,
                                                   .rank = class->rank[0],
                                                   .trips = vector->trips[c]};
    } else {
      passes *= (double)vector->trips[c];
    }
  }
  cds_live live;
  cds_live_set(&live, outers->group, &outer);
  return passes * (double)live.pairs;
}

/* Adds what a stage takes at least to the vector. */
static cds_status add_stage(cds_listing_trips *it, cds_outer_trips *vector,
                            unsigned stage) {
  const cds_outers *outers = it->outers;
  const cds_fused_einsum *own = &outers->group->stage[stage];
  cds_floors *floors = &it->floors[stage];
  const size_t place = place_of(it, stage);
  if (!floors->known[place]) {
    floors->status[place] = make_floor(&floors->floor[place], it, stage);
    floors->known[place] = true;
  }
  CDS_TRY(floors->status[place]);
  const cds_floor *once = &floors->floor[place];
  const double again =
      cds_outers_passes(outers, vector, outers->group->stages) /
      cds_outers_passes(outers, vector, stage);
  uint64_t macs = 0;
  CDS_TRY(cds_einsum_macs(&macs, own->einsum));
  double mac_pj = 0;
  if (own->operation == NULL) {
    const unsigned format = cds_compute_format(outers->arch, own->einsum);
    mac_pj = (double)macs * outers->arch->compute.mac_pj[format];
  }
  vector->dynamic_pj += once->dynamic_pj + (again - 1) * mac_pj * (1 - 1e-12);
  if (own->operation == NULL) {
    it->products_s += fmax(once->latency_s, again * once->compute_s);
  } else {
    it->operations_s += once->latency_s;
    it->hidden_s += once->compute_s;
  }
  return CDS_OK;
}

static cds_status add_vector(cds_listing_trips *it) {
  cds_outers *outers = it->outers;
  cds_outer_trips vector = {.level = (uint8_t)it->level};
  for (unsigned c = 0; c < outers->classes; c++) {
    vector.trips[c] = outers->class[c].divisor[it->at[c]];
  }
  it->products_s = it->operations_s = it->hidden_s = 0;
  for (unsigned s = 0; s < it->stages; s++) {
    const cds_status status = add_stage(it, &vector, s);
    if (status == CDS_EINFEASIBLE) {
      return CDS_OK;
    }
    CDS_TRY(status);
  }
  vector.latency_s =
      it->products_s + it->operations_s - fmin(it->products_s, it->hidden_s);
  if (outers->vectors == CDS_OUTERS_MAX) {
    return CDS_ELIMIT;
  }
  if (outers->vectors == outers->vector_room) {
    const size_t room = 2 * outers->vector_room + 64;
    cds_outer_trips *grown =
        (cds_outer_trips *)cds_realloc(outers->vector, room * sizeof *grown);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    outers->vector = grown;
    outers->vector_room = room;
  }
  outers->vector[outers->vectors++] = vector;
  return CDS_OK;
}

static cds_status begin_floors(cds_listing_trips *it) {
  for (unsigned s = 0; s < it->stages; s++) {
    const size_t count = places(it->outers, s);
    cds_floors *floors = &it->floors[s];
    cds_arena *arena = it->outers->arena;
    floors->known = (bool *)cds_arena_array(arena, count, sizeof(bool));
    floors->floor =
        (cds_floor *)cds_arena_array(arena, count, sizeof *floors->floor);
    floors->status =
        (cds_status *)cds_arena_array(arena, count, sizeof(cds_status));
    if (floors->known == NULL || floors->floor == NULL ||
        floors->status == NULL) {
      return CDS_ENOMEM;
    }
    memset(floors->known, 0, count * sizeof(bool));
  }
  return CDS_OK;
}

/* The next vector, an odometer over divisors; false after the last. */
static bool next_vector(cds_listing_trips *it) {
  for (unsigned c = 0; c < it->outers->classes; c++) {
    if (++it->at[c] < it->outers->class[c].divisors) {
      return true;
    }
    it->at[c] = 0;
  }
  return false;
}

cds_status cds_outers_vectors(cds_outers *outers) {
  outers->vectors = 0;
  for (unsigned l = 1; l < outers->arch->levels; l++) {
    if (outers->arch->level[l].depth > 0) {
      continue;
    }
    cds_listing_trips it = {
        .outers = outers, .stages = outers->group->stages, .level = l};
    CDS_TRY(begin_floors(&it));
    do {
      CDS_TRY(add_vector(&it));
    } while (next_vector(&it));
  }
  return CDS_OK;
}
