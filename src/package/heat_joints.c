/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Slabs and contacts. The flow through a contact is a sum of kx ky cosines,
 * found by the linear system of heat_fast.c. Where a contact is the whole face
 * of a slab, the modes of that face beyond these meet what a wide neighbour
 * would be for them: such short waves do not reach its edges.
 */
#include "package/heat_joints.h"

#include <math.h>

enum {
  DIE_COSINES = 8,
  PLATE_COSINES = 8,
  FILL_COSINES = 5,
  LEAST_MODES = 12,
  MOST_MODES = 128
};
static const double modes_of_contact = 14; /* for each contact along a slab */
static const double modes_of_block = 8;
/* A leak that gives slabs without ground a mean: of the way through the sink.
 */
static const double leak = 1e-8;
static const double same_m = 2e-9;

static bool same_rect(const cds_heat_rect *a, const cds_heat_rect *b) {
  return fabs(a->x_m - b->x_m) < same_m && fabs(a->y_m - b->y_m) < same_m &&
         fabs(a->width_m - b->width_m) < same_m &&
         fabs(a->height_m - b->height_m) < same_m;
}

/* --- slabs -----------------------------------------------------------------
 */

static size_t dies_on(const cds_heat_package *package, int on) {
  size_t count = 0;
  for (size_t die = 0; die < package->die_count; die++) {
    count += package->dies[die].on == on;
  }
  return count;
}

static void add_layer(cds_slab *slab, const cds_heat_layer *layer) {
  if (layer->thickness_m > 0) {
    slab->parts[slab->part_count++] = *layer;
  }
}

static cds_status add_slab(cds_joints *out, const cds_heat_rect *rect,
                           size_t parts, cds_arena *arena) {
  cds_slab *const slab = &out->slab[out->slab_count++];
  slab->rect = *rect;
  slab->parts = cds_arena_array(arena, parts, sizeof *slab->parts);
  return slab->parts == NULL ? CDS_ENOMEM : CDS_OK;
}

/* Adds a plane below the next part; planes come in rising order, but for the
 * top of one die and the bottom of the next. */
static size_t plane_at(cds_slab *slab, size_t part) {
  for (size_t plane = 0; plane < slab->plane_count; plane++) {
    if (slab->planes[plane] == part) {
      return plane;
    }
  }
  slab->planes[slab->plane_count] = part;
  return slab->plane_count++;
}

static cds_status add_die(cds_joints *out, size_t index, cds_arena *arena) {
  const cds_heat_package *const package = out->package;
  const cds_heat_die *const die = &package->dies[index];
  const bool grows = die->on != CDS_HEAT_ON_CARRIER &&
                     dies_on(package, die->on) == 1 &&
                     same_rect(&die->rect, &package->dies[die->on].rect);
  if (!grows) {
    out->tower[index] = out->slab_count;
    CDS_TRY(add_slab(out, &die->rect,
                     package->die_count * (CDS_HEAT_LAYERS + 2), arena));
    plane_at(&out->slab[out->tower[index]], 0);
  } else {
    out->tower[index] = out->tower[die->on];
  }
  cds_slab *const slab = &out->slab[out->tower[index]];
  if (grows) {
    const cds_heat_layer bond = cds_heat_bond_layer(&die->bond);
    add_layer(slab, &bond);
  }
  if (die->active == CDS_HEAT_BOTTOM) {
    out->plane[index] = plane_at(slab, slab->part_count);
  }
  for (size_t layer = 0; layer < die->layer_count; layer++) {
    add_layer(slab, &die->layers[layer]);
  }
  if (die->active != CDS_HEAT_BOTTOM) {
    out->plane[index] = plane_at(slab, slab->part_count);
  }
  return CDS_OK;
}

static cds_status add_plate(cds_joints *out, const cds_heat_plate *plate,
                            cds_arena *arena) {
  CDS_TRY(add_slab(out, &plate->rect, 1, arena));
  cds_slab *const slab = &out->slab[out->slab_count - 1];
  plane_at(slab, 0);
  add_layer(slab, &plate->layer);
  return CDS_OK;
}

/* --- contacts --------------------------------------------------------------
 */

static void add_joint(cds_joints *out, const cds_joint *joint, size_t cosines) {
  cds_joint *const added = &out->joint[out->joint_count++];
  *added = *joint;
  added->kx = cosines;
  added->ky = cosines;
  added->first = out->unknowns;
  out->unknowns += cosines * cosines;
}

static size_t roof_of(const cds_joints *joints, size_t lid, size_t sink) {
  return cds_heat_has(&joints->package->lid) ? lid : sink;
}

/* Fill between what dies stand on, outside of them, and the plate above. */
static cds_status add_fill(cds_joints *out, const cds_joint *below, int on,
                           double height_m, cds_arena *arena) {
  const cds_heat_package *const package = out->package;
  const size_t count = dies_on(package, on);
  cds_joint joint = *below;
  if (package->k_fill <= 0 || count == 0 ||
      !cds_heat_shared(&joint.rect, &out->slab[below->lower].rect,
                       &out->slab[below->upper].rect)) {
    return CDS_OK;
  }
  joint.holes = cds_arena_array(arena, count, sizeof *joint.holes);
  if (joint.holes == NULL) {
    return CDS_ENOMEM;
  }
  double area = cds_heat_area(&joint.rect);
  const double whole = area;
  for (size_t die = 0; die < package->die_count; die++) {
    if (package->dies[die].on == on) {
      joint.holes[joint.hole_count++] = package->dies[die].rect;
      area -= cds_heat_area(&package->dies[die].rect);
    }
  }
  if (area < whole * 1e-3) {
    return CDS_OK;
  }
  joint.fill = true;
  joint.resistance_k_m2_per_w =
      (out->layout.tim_top_m - height_m) / package->k_fill;
  add_joint(out, &joint, FILL_COSINES);
  return CDS_OK;
}

/* What joins a die to what it stands on and to what is above it. */
static cds_status join_die(cds_joints *out, size_t index, size_t carrier,
                           size_t roof, cds_arena *arena) {
  const cds_heat_package *const package = out->package;
  const cds_heat_die *const die = &package->dies[index];
  const size_t tower = out->tower[index];
  cds_joint joint = {.rect = die->rect, .upper = tower};
  const cds_heat_layer bond = cds_heat_bond_layer(&die->bond);
  joint.resistance_k_m2_per_w = cds_heat_resistance(&bond);
  if (die->on != CDS_HEAT_ON_CARRIER && out->tower[die->on] != tower) {
    joint.lower = out->tower[die->on];
    add_joint(out, &joint, DIE_COSINES);
  } else if (die->on == CDS_HEAT_ON_CARRIER &&
             cds_heat_has(&package->carrier)) {
    joint.lower = carrier;
    add_joint(out, &joint, DIE_COSINES);
  }
  joint.lower = tower;
  joint.upper = roof;
  const double top_m = out->layout.top_m[index];
  if (!out->layout.covered[index]) {
    const cds_heat_layer tim =
        cds_heat_tim_layer(package, out->layout.tim_top_m - top_m);
    joint.resistance_k_m2_per_w = cds_heat_resistance(&tim);
    add_joint(out, &joint, DIE_COSINES);
    return CDS_OK;
  }
  for (size_t other = index + 1; other < package->die_count; other++) {
    if (package->dies[other].on == (int)index &&
        out->tower[other] == out->tower[index]) {
      return CDS_OK; /* covered by its like */
    }
  }
  return add_fill(out, &joint, (int)index, top_m, arena);
}

static cds_status join_all(cds_joints *out, size_t carrier, size_t lid,
                           size_t sink, cds_arena *arena) {
  const cds_heat_package *const package = out->package;
  const size_t roof = roof_of(out, lid, sink);
  for (size_t die = 0; die < package->die_count; die++) {
    CDS_TRY(join_die(out, die, carrier, roof, arena));
  }
  if (cds_heat_has(&package->lid) && cds_heat_has(&package->sink)) {
    cds_joint joint = {.lower = lid, .upper = sink};
    cds_heat_shared(&joint.rect, &package->lid.rect, &package->sink.rect);
    const cds_heat_layer bond = cds_heat_bond_layer(&package->lid_bond);
    joint.resistance_k_m2_per_w = cds_heat_resistance(&bond);
    add_joint(out, &joint, PLATE_COSINES);
  }
  if (cds_heat_has(&package->carrier)) {
    const cds_joint joint = {.lower = carrier, .upper = roof};
    CDS_TRY(add_fill(out, &joint, CDS_HEAT_ON_CARRIER,
                     out->layout.carrier_top_m, arena));
  }
  return CDS_OK;
}

/* --- modes -----------------------------------------------------------------
 */

static void need_modes(cds_slab *slab, const cds_heat_rect *part,
                       double density, size_t extra) {
  const double along_x = density * slab->rect.width_m / part->width_m;
  const double along_y = density * slab->rect.height_m / part->height_m;
  const size_t nx = along_x < MOST_MODES ? (size_t)along_x + extra : MOST_MODES;
  const size_t ny = along_y < MOST_MODES ? (size_t)along_y + extra : MOST_MODES;
  slab->nx = nx > slab->nx ? nx : slab->nx;
  slab->ny = ny > slab->ny ? ny : slab->ny;
}

static void need_contact(cds_slab *slab, const cds_joint *joint) {
  if (same_rect(&slab->rect, &joint->rect)) {
    need_modes(slab, &joint->rect, (double)joint->kx, 2);
  } else {
    need_modes(slab, &joint->rect, modes_of_contact, joint->kx);
  }
  for (size_t hole = 0; hole < joint->hole_count; hole++) {
    need_modes(slab, &joint->holes[hole], modes_of_contact, joint->kx);
  }
}

static void count_modes(cds_joints *out) {
  for (size_t i = 0; i < out->slab_count; i++) {
    out->slab[i].nx = LEAST_MODES;
    out->slab[i].ny = LEAST_MODES;
  }
  for (size_t i = 0; i < out->joint_count; i++) {
    need_contact(&out->slab[out->joint[i].lower], &out->joint[i]);
    need_contact(&out->slab[out->joint[i].upper], &out->joint[i]);
  }
  for (size_t die = 0; die < out->package->die_count; die++) {
    const cds_heat_die *const part = &out->package->dies[die];
    for (size_t block = 0; block < part->block_count; block++) {
      need_modes(&out->slab[out->tower[die]], &part->blocks[block].rect,
                 modes_of_block, 1);
    }
  }
  for (size_t i = 0; i < out->slab_count; i++) {
    cds_slab *const slab = &out->slab[i];
    slab->nx = slab->nx > MOST_MODES ? MOST_MODES : slab->nx;
    slab->ny = slab->ny > MOST_MODES ? MOST_MODES : slab->ny;
  }
}

/* The contact that is the whole upper (or lower) face of a slab, or NULL. */
static const cds_joint *whole_face(const cds_joints *joints, size_t slab,
                                   bool upper) {
  for (size_t i = 0; i < joints->joint_count; i++) {
    const cds_joint *const joint = &joints->joint[i];
    const size_t own = upper ? joint->lower : joint->upper;
    if (own == slab && !joint->fill &&
        same_rect(&joint->rect, &joints->slab[slab].rect)) {
      return joint;
    }
  }
  return NULL;
}

/* What a short wave meets beyond a whole face, on as far as faces are whole:
 * conductance per area. */
static double seen_beyond(const cds_joints *joints, const cds_joint *joint,
                          bool upwards, double gamma) {
  const cds_joint *path[CDS_JOINT_SLABS];
  size_t length = 0;
  while (joint != NULL && length < CDS_JOINT_SLABS) {
    path[length++] = joint;
    const size_t next = upwards ? joint->upper : joint->lower;
    joint = whole_face(joints, next, upwards);
  }
  double seen = 0;
  for (size_t i = length; i-- > 0;) {
    const size_t next = upwards ? path[i]->upper : path[i]->lower;
    const cds_slab *const slab = &joints->slab[next];
    if (i + 1 == length) {
      seen = upwards ? joints->ground_above[next] : joints->ground_below[next];
    }
    const cds_slab_chain chain =
        cds_slab_chain_of(slab, 0, slab->part_count, gamma);
    seen = upwards ? cds_slab_seen_from_below(&chain, seen)
                   : cds_slab_seen_from_above(&chain, seen);
    seen = seen / (1 + seen * path[i]->resistance_k_m2_per_w);
  }
  return seen;
}

static cds_slab_ends short_ends(const cds_joints *joints, size_t index,
                                double gamma) {
  const cds_joint *const above = whole_face(joints, index, true);
  const cds_joint *const below = whole_face(joints, index, false);
  cds_slab_ends ends = {joints->ground_below[index],
                        joints->ground_above[index]};
  if (above != NULL) {
    ends.above = seen_beyond(joints, above, true, gamma);
  }
  if (below != NULL) {
    ends.below = seen_beyond(joints, below, false, gamma);
  }
  return ends;
}

/* Modes beyond the last one weigh as 1/m^2: the mean over them of what falls as
 * 1/m is that at twice the last one, and what does not fall is the same there.
 */
static void fill_beyond(cds_joints *joints, size_t index) {
  cds_slab *const slab = &joints->slab[index];
  const double along_x = cds_slab_gamma(slab, 2 * slab->nx, 0);
  const double along_y = cds_slab_gamma(slab, 0, 2 * slab->ny);
  const cds_slab_ends x_ends = short_ends(joints, index, along_x);
  const cds_slab_ends y_ends = short_ends(joints, index, along_y);
  for (size_t plane = 0; plane < slab->plane_count; plane++) {
    slab->beyond[plane] = (cds_slab_self(slab, plane, along_x, &x_ends) +
                           cds_slab_self(slab, plane, along_y, &y_ends)) /
                          2;
  }
}

static void fill_modes(cds_joints *joints, size_t index) {
  cds_slab *const slab = &joints->slab[index];
  const cds_joint *const above = whole_face(joints, index, true);
  const cds_joint *const below = whole_face(joints, index, false);
  for (size_t m = 0; m < slab->nx; m++) {
    for (size_t n = 0; n < slab->ny; n++) {
      const double gamma = cds_slab_gamma(slab, m, n);
      cds_slab_ends ends = {joints->ground_below[index],
                            joints->ground_above[index]};
      if (above != NULL && (m >= above->kx || n >= above->ky)) {
        ends.above = seen_beyond(joints, above, true, gamma);
      }
      if (below != NULL && (m >= below->kx || n >= below->ky)) {
        ends.below = seen_beyond(joints, below, false, gamma);
      }
      cds_slab_fill_mode(slab, m, n, &ends);
    }
  }
}

static void set_grounds(cds_joints *out, size_t carrier) {
  const cds_heat_package *const package = out->package;
  const cds_heat_plate *const cooled = cds_heat_cooled(package);
  const double air = 1 / package->sink_resistance_k_per_w;
  const size_t last = out->slab_count - 1;
  for (size_t slab = 0; slab < out->slab_count; slab++) {
    out->ground_below[slab] = leak * air / cds_heat_area(&out->slab[slab].rect);
  }
  out->ground_above[last] = air / cds_heat_area(&cooled->rect);
  if (package->board_resistance_k_per_w <= 0) {
    return;
  }
  const double board =
      1 / (package->board_resistance_k_per_w * cds_heat_lowest_area(package));
  if (cds_heat_has(&package->carrier)) {
    out->ground_below[carrier] = board;
    return;
  }
  for (size_t die = 0; die < package->die_count; die++) {
    if (package->dies[die].on == CDS_HEAT_ON_CARRIER) {
      out->ground_below[out->tower[die]] = board;
    }
  }
}

cds_status cds_joints_new(cds_joints *out, const cds_heat_package *package,
                          cds_arena *arena) {
  *out = (cds_joints){.package = package};
  cds_heat_lay_out(&out->layout, package);
  for (size_t die = 0; die < package->die_count; die++) {
    CDS_TRY(add_die(out, die, arena));
  }
  const size_t carrier = out->slab_count;
  if (cds_heat_has(&package->carrier)) {
    CDS_TRY(add_plate(out, &package->carrier, arena));
  }
  const size_t lid = out->slab_count;
  if (cds_heat_has(&package->lid)) {
    CDS_TRY(add_plate(out, &package->lid, arena));
  }
  const size_t sink = out->slab_count;
  if (cds_heat_has(&package->sink)) {
    CDS_TRY(add_plate(out, &package->sink, arena));
  }
  for (size_t slab = 0; slab < out->slab_count; slab++) {
    plane_at(&out->slab[slab], out->slab[slab].part_count);
  }
  CDS_TRY(join_all(out, carrier, lid, sink, arena));
  set_grounds(out, carrier);
  count_modes(out);
  for (size_t slab = 0; slab < out->slab_count; slab++) {
    CDS_TRY(cds_slab_room(&out->slab[slab], arena));
    fill_modes(out, slab);
    fill_beyond(out, slab);
  }
  return CDS_OK;
}
