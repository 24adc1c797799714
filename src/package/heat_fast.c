/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Galerkin's method for the flows through the contacts. With c the
 * coefficients of all flows, upwards, and P powers: at each contact the rise
 * below less that above is r c, tested by the same cosines. With sign + on
 * the slab above a contact and - on that below, rises are sums of sign G c and
 * of sources, so that
 *   (r + sum over slabs of sign G sign) c = -H P,   H = sign G(flow, block),
 *   rises = (D - H^T S^-1 H) P,                     D = G(block, block).
 * S is symmetric and positive definite (heat flows cost energy): Cholesky.
 */
#include "package/heat_fast.h"

#include <math.h>
#include <string.h>

#include "package/heat_joints.h"

typedef struct model {
  cds_joints joints;
  cds_arena *arena;
  cds_slab_patch *patches; /* of contacts, both sides */
  size_t patch_count;
  cds_slab_patch *targets; /* of blocks, then of probes */
  size_t block_count, target_count;
  double *system; /* S, then its upper factor U */
  double *flows;  /* H, then U^-T H: [unknown target_count + target] */
  double *gram, *scratch;
} model;

/* --- what cannot be modelled ------------------------------------------------
 */

/* Conductance sideways, of a layer as wide as long. */
static double sheet(const cds_heat_layer *layer) {
  return layer->thickness_m * cds_heat_lateral(layer);
}

static double die_sheet(const cds_heat_die *die) {
  double sum = 0;
  for (size_t layer = 0; layer < die->layer_count; layer++) {
    sum += sheet(&die->layers[layer]);
  }
  return sum;
}

static const char *refuse_die(const cds_heat_package *package, size_t index) {
  const cds_heat_die *const die = &package->dies[index];
  const double least_share = 1.0 / 24;
  if (die->active == CDS_HEAT_VOLUME) {
    return "a die is heated in its whole volume";
  }
  const double sideways = die_sheet(die) * 0.05;
  const cds_heat_layer tim = cds_heat_bond_layer(&package->tim);
  const cds_heat_layer bond = cds_heat_bond_layer(&die->bond);
  const bool stands =
      die->on != CDS_HEAT_ON_CARRIER || cds_heat_has(&package->carrier);
  if (sheet(&tim) > sideways || (stands && sheet(&bond) > sideways)) {
    return "a bond or the TIM conducts too well sideways beside a die";
  }
  for (size_t block = 0; block < die->block_count; block++) {
    const cds_heat_rect *const rect = &die->blocks[block].rect;
    if (rect->width_m < die->rect.width_m * least_share ||
        rect->height_m < die->rect.height_m * least_share) {
      return "a block is narrower than a 24th of its die";
    }
  }
  const cds_heat_rect *const roof = &cds_heat_above_tim(package)->rect;
  if (die->rect.width_m < roof->width_m / 30 ||
      die->rect.height_m < roof->height_m / 30) {
    return "a die is narrower than a 30th of the plate above it";
  }
  return NULL;
}

static const char *refuse(const cds_heat_package *package) {
  if (package->k_fill > 3) {
    return "the fill beside dies conducts too well";
  }
  for (size_t die = 0; die < package->die_count; die++) {
    const char *const reason = refuse_die(package, die);
    if (reason != NULL) {
      return reason;
    }
  }
  return NULL;
}

/* --- patches ---------------------------------------------------------------
 */

/* Projects cosines of a rectangle, within a part of it, on a slab's modes. */
static cds_status set_patch(model *to, cds_slab_patch *patch,
                            const cds_heat_rect *rect,
                            const cds_heat_rect *part) {
  const cds_slab *const slab = &to->joints.slab[patch->slab];
  double *const x =
      cds_arena_array(to->arena, patch->x_count * slab->nx, sizeof *x);
  double *const y =
      cds_arena_array(to->arena, patch->y_count * slab->ny, sizeof *y);
  if (x == NULL || y == NULL) {
    return CDS_ENOMEM;
  }
  const double along_x[2] = {rect->x_m - slab->rect.x_m, rect->width_m};
  const double part_x[2] = {part->x_m - slab->rect.x_m, part->width_m};
  const double along_y[2] = {rect->y_m - slab->rect.y_m, rect->height_m};
  const double part_y[2] = {part->y_m - slab->rect.y_m, part->height_m};
  cds_slab_project(x, patch->x_count, slab->nx, slab->rect.width_m, along_x,
                   part_x);
  cds_slab_project(y, patch->y_count, slab->ny, slab->rect.height_m, along_y,
                   part_y);
  patch->x = x;
  patch->y = y;
  return CDS_OK;
}

/* The patches of one side of a contact: its rectangle, less its holes. */
static cds_status add_side(model *to, const cds_joint *joint, bool upper) {
  const size_t slab = upper ? joint->upper : joint->lower;
  cds_slab_patch patch = {.slab = slab,
                          .plane =
                              upper ? 0 : to->joints.slab[slab].plane_count - 1,
                          .x_count = joint->kx,
                          .y_count = joint->ky,
                          .first = joint->first,
                          .sign = upper ? 1 : -1};
  CDS_TRY(set_patch(to, &patch, &joint->rect, &joint->rect));
  to->patches[to->patch_count++] = patch;
  patch.sign = -patch.sign;
  for (size_t hole = 0; hole < joint->hole_count; hole++) {
    cds_heat_rect part;
    if (cds_heat_shared(&part, &joint->holes[hole], &joint->rect)) {
      CDS_TRY(set_patch(to, &patch, &joint->rect, &part));
      to->patches[to->patch_count++] = patch;
    }
  }
  return CDS_OK;
}

static cds_status add_patches(model *to) {
  size_t room = 0;
  for (size_t i = 0; i < to->joints.joint_count; i++) {
    room += 2 + 2 * to->joints.joint[i].hole_count;
  }
  to->patches = cds_arena_array(to->arena, room, sizeof *to->patches);
  if (to->patches == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < to->joints.joint_count; i++) {
    CDS_TRY(add_side(to, &to->joints.joint[i], true));
    CDS_TRY(add_side(to, &to->joints.joint[i], false));
  }
  return CDS_OK;
}

/* Means over blocks: the constant cosine of each, divided by its norm. */
static cds_status add_block(model *to, size_t block) {
  const cds_heat_package *const package = to->joints.package;
  size_t within = 0;
  const size_t die = cds_heat_die_of(package, block, &within);
  const cds_heat_rect rect = cds_heat_block_rect(&package->dies[die], within);
  cds_slab_patch *const patch = &to->targets[block];
  *patch = (cds_slab_patch){.slab = to->joints.tower[die],
                            .plane = to->joints.plane[die],
                            .x_count = 1,
                            .y_count = 1,
                            .first = block,
                            .sign = 1 / sqrt(cds_heat_area(&rect))};
  return set_patch(to, patch, &rect, &rect);
}

static cds_status add_probe(model *to, const cds_heat_probe *probe,
                            cds_slab_patch *patch) {
  *patch = (cds_slab_patch){.slab = to->joints.tower[probe->die],
                            .plane = to->joints.plane[probe->die],
                            .x_count = 1,
                            .y_count = 1,
                            .sign = 1};
  const cds_slab *const slab = &to->joints.slab[patch->slab];
  double *const x = cds_arena_array(to->arena, slab->nx, sizeof *x);
  double *const y = cds_arena_array(to->arena, slab->ny, sizeof *y);
  if (x == NULL || y == NULL) {
    return CDS_ENOMEM;
  }
  cds_slab_point(x, slab->nx, slab->rect.width_m, probe->x_m - slab->rect.x_m);
  cds_slab_point(y, slab->ny, slab->rect.height_m, probe->y_m - slab->rect.y_m);
  patch->x = x;
  patch->y = y;
  return CDS_OK;
}

/* --- the system ------------------------------------------------------------
 */

/* The resistance of a contact to its flow: r on the diagonal, less what the
 * holes take away. */
static cds_status add_resistance(model *to, const cds_joint *joint) {
  const size_t kx = joint->kx;
  const size_t ky = joint->ky;
  double *const x = cds_arena_array(to->arena, kx * kx + ky * ky, sizeof *x);
  if (x == NULL) {
    return CDS_ENOMEM;
  }
  double *const y = x + kx * kx;
  for (size_t hole = 0; hole <= joint->hole_count; hole++) {
    const bool whole = hole == joint->hole_count;
    cds_heat_rect part;
    if (!cds_heat_shared(&part, whole ? &joint->rect : &joint->holes[hole],
                         &joint->rect)) {
      continue;
    }
    const double r = joint->resistance_k_m2_per_w * (whole ? 1 : -1);
    const double along_x[2] = {0, joint->rect.width_m};
    const double part_x[2] = {part.x_m - joint->rect.x_m, part.width_m};
    const double along_y[2] = {0, joint->rect.height_m};
    const double part_y[2] = {part.y_m - joint->rect.y_m, part.height_m};
    cds_slab_project(x, kx, kx, joint->rect.width_m, along_x, part_x);
    cds_slab_project(y, ky, ky, joint->rect.height_m, along_y, part_y);
    for (size_t i = 0; i < kx * ky; i++) {
      for (size_t j = 0; j < kx * ky; j++) {
        to->system[(joint->first + i) * to->joints.unknowns + joint->first +
                   j] += r * x[i / ky * kx + j / ky] * y[i % ky * ky + j % ky];
      }
    }
  }
  return CDS_OK;
}

static void add_pair(model *to, const cds_slab_patch *one,
                     const cds_slab_patch *other) {
  const size_t rows = one->x_count * one->y_count;
  const size_t columns = other->x_count * other->y_count;
  const size_t whole = to->joints.unknowns;
  cds_slab_gram(&to->joints.slab[one->slab], one, other, to->gram, to->scratch);
  const double sign = one->sign * other->sign;
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < columns; j++) {
      const double value = sign * to->gram[i * columns + j];
      to->system[(one->first + i) * whole + other->first + j] += value;
      if (one != other) {
        to->system[(other->first + j) * whole + one->first + i] += value;
      }
    }
  }
}

static cds_status fill_system(model *to) {
  for (size_t i = 0; i < to->joints.joint_count; i++) {
    CDS_TRY(add_resistance(to, &to->joints.joint[i]));
  }
  for (size_t p = 0; p < to->patch_count; p++) {
    const cds_slab_patch *const patch = &to->patches[p];
    for (size_t q = 0; q <= p; q++) {
      if (to->patches[q].slab == patch->slab) {
        add_pair(to, patch, &to->patches[q]);
      }
    }
    for (size_t t = 0; t < to->target_count; t++) {
      const cds_slab_patch *const target = &to->targets[t];
      if (target->slab != patch->slab) {
        continue;
      }
      cds_slab_gram(&to->joints.slab[patch->slab], patch, target, to->gram,
                    to->scratch);
      for (size_t i = 0; i < patch->x_count * patch->y_count; i++) {
        to->flows[(patch->first + i) * to->target_count + t] +=
            patch->sign * target->sign * to->gram[i];
      }
    }
  }
  return CDS_OK;
}

enum { PANEL = 4 };

/* row -= p[0] from + p[1] (from + step) + ..., `rows` of them. */
static void take_rows(double *restrict row, const double *restrict from,
                      size_t step, const double p[PANEL], size_t rows,
                      size_t count) {
  if (rows == PANEL) {
    for (size_t j = 0; j < count; j++) {
      row[j] -= (p[0] * from[j] + p[1] * from[step + j]) +
                (p[2] * from[2 * step + j] + p[3] * from[3 * step + j]);
    }
    return;
  }
  for (size_t k = 0; k < rows; k++) {
    for (size_t j = 0; j < count; j++) {
      row[j] -= p[k] * from[k * step + j];
    }
  }
}

/* Takes rows first, first + 1, ... from row i: of the factor from i on, and of
 * the flows. */
static void reduce_row(model *to, size_t first, size_t rows, size_t i) {
  const size_t count = to->joints.unknowns;
  const size_t targets = to->target_count;
  double part[PANEL] = {0};
  for (size_t k = 0; k < rows; k++) {
    part[k] = to->system[(first + k) * count + i];
  }
  take_rows(to->system + i * count + i, to->system + first * count + i, count,
            part, rows, count - i);
  take_rows(to->flows + i * targets, to->flows + first * targets, targets, part,
            rows, targets);
}

static void scale_row(model *to, size_t k, double least) {
  const size_t count = to->joints.unknowns;
  double *const row = to->system + k * count;
  const double scale = row[k] > least ? 1 / sqrt(row[k]) : 0;
  for (size_t j = k; j < count; j++) {
    row[j] *= scale;
  }
  for (size_t t = 0; t < to->target_count; t++) {
    to->flows[k * to->target_count + t] *= scale;
  }
}

/* Cholesky, the upper factor U by a few rows at a time, and U^-T H in place. A
 * flow that others span (fill around dies that leave nearly nothing of it) is
 * left out. */
static cds_status factor(model *to) {
  const size_t count = to->joints.unknowns;
  double *const least = cds_arena_array(to->arena, count, sizeof *least);
  if (least == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    least[i] = 1e-12 * to->system[i * count + i];
  }
  for (size_t first = 0; first < count; first += PANEL) {
    const size_t end = first + PANEL < count ? first + PANEL : count;
    for (size_t k = first; k < end; k++) {
      reduce_row(to, first, k - first, k);
      scale_row(to, k, least[k]);
    }
    for (size_t i = end; i < count; i++) {
      reduce_row(to, first, end - first, i);
    }
  }
  return CDS_OK;
}

/* The product of a target's function and a block's, over the plane: blocks do
 * not overlap; a probe is in a block, or not. */
static double shared_product(const model *from, const cds_heat_probe *places,
                             size_t target, size_t block) {
  const cds_heat_package *const package = from->joints.package;
  if (target < from->block_count) {
    return target == block ? 1 : 0;
  }
  size_t within = 0;
  const cds_heat_probe *const probe = &places[target - from->block_count];
  const size_t die = cds_heat_die_of(package, block, &within);
  const cds_heat_rect rect = cds_heat_block_rect(&package->dies[die], within);
  return die == probe->die && cds_heat_holds(&rect, probe->x_m, probe->y_m)
             ? 1 / sqrt(cds_heat_area(&rect))
             : 0;
}

/* The rise of a target by one W into a block. */
static double response_of(model *from, const cds_heat_probe *places,
                          size_t target, size_t block) {
  const cds_slab_patch *const one = &from->targets[target];
  const cds_slab_patch *const other = &from->targets[block];
  double rise = 0;
  if (one->slab == other->slab) {
    cds_slab_gram(&from->joints.slab[one->slab], one, other, &rise,
                  from->scratch);
    if (one->plane == other->plane) {
      rise += cds_slab_rest(&from->joints.slab[one->slab], one, other,
                            shared_product(from, places, target, block));
    }
    rise *= one->sign * other->sign;
  }
  const size_t row = from->target_count;
  for (size_t i = 0; i < from->joints.unknowns; i++) {
    rise -= from->flows[i * row + target] * from->flows[i * row + block];
  }
  return rise;
}

static cds_status make_room(model *to, const cds_heat_response *out) {
  const size_t unknowns = to->joints.unknowns;
  to->block_count = out->blocks;
  to->target_count = out->blocks + out->probes;
  size_t widest = 1;
  for (size_t i = 0; i < to->joints.joint_count; i++) {
    const size_t own = to->joints.joint[i].kx * to->joints.joint[i].ky;
    widest = own > widest ? own : widest;
  }
  size_t modes = 0;
  for (size_t i = 0; i < to->joints.slab_count; i++) {
    modes = to->joints.slab[i].ny > modes ? to->joints.slab[i].ny : modes;
  }
  to->targets =
      cds_arena_array(to->arena, to->target_count, sizeof *to->targets);
  to->system = cds_arena_array(to->arena, unknowns * unknowns, sizeof(double));
  to->flows =
      cds_arena_array(to->arena, unknowns * to->target_count, sizeof(double));
  to->gram = cds_arena_array(to->arena, widest * widest, sizeof(double));
  to->scratch = cds_arena_array(to->arena, 2 * modes, sizeof(double));
  const bool all = to->targets != NULL && to->system != NULL &&
                   to->flows != NULL && to->gram != NULL && to->scratch != NULL;
  return all ? CDS_OK : CDS_ENOMEM;
}

/* Mean rise of a die by one W evenly into it. */
static double own_rise(const cds_heat_response *response,
                       const cds_heat_die *die, size_t first) {
  double area = 0;
  double sum = 0;
  for (size_t i = 0; i < die->block_count; i++) {
    const double share = cds_heat_area(&die->blocks[i].rect);
    area += share;
    for (size_t j = 0; j < die->block_count; j++) {
      sum += share * cds_heat_area(&die->blocks[j].rect) *
             response->mean[(first + j) * response->blocks + first + i];
    }
  }
  return die->block_count > 0 ? sum / (area * area) : 0;
}

/* Whether heat matters that leaves a die by its edges into the fill. It is
 * about k a length of edge and a kelvin, whatever the thickness; the package
 * takes the die's heat for one kelvin per own_rise, less the sink's part. */
static bool edges_matter(const cds_heat_package *package,
                         const cds_heat_response *response) {
  const double most_share = 0.025;
  size_t first = 0;
  for (size_t die = 0; die < package->die_count; die++) {
    const cds_heat_rect *const rect = &package->dies[die].rect;
    const double edge_m = 2 * (rect->width_m + rect->height_m);
    const double rise = own_rise(response, &package->dies[die], first) -
                        package->sink_resistance_k_per_w;
    if (edge_m * package->k_fill * rise > most_share) {
      return true;
    }
    first += package->dies[die].block_count;
  }
  return false;
}

cds_status cds_heat_fast_response(const cds_heat_package *package,
                                  cds_arena *arena, cds_heat_response *out,
                                  const char **reason, cds_diag *diag) {
  *reason = NULL;
  CDS_TRY(cds_heat_check(package, diag));
  *reason = refuse(package);
  if (*reason != NULL) {
    return CDS_OK;
  }
  CDS_TRY(cds_heat_response_new(out, package, arena));
  model *const own = cds_arena_alloc(arena, sizeof *own);
  if (own == NULL) {
    return CDS_ENOMEM;
  }
  own->arena = arena;
  CDS_TRY(cds_joints_new(&own->joints, package, arena));
  CDS_TRY(make_room(own, out));
  CDS_TRY(add_patches(own));
  for (size_t block = 0; block < own->block_count; block++) {
    CDS_TRY(add_block(own, block));
  }
  for (size_t probe = 0; probe < out->probes; probe++) {
    CDS_TRY(add_probe(own, &out->places[probe],
                      &own->targets[out->blocks + probe]));
  }
  CDS_TRY(fill_system(own));
  CDS_TRY(factor(own));
  for (size_t block = 0; block < out->blocks; block++) {
    for (size_t other = 0; other < out->blocks; other++) {
      out->mean[block * out->blocks + other] =
          response_of(own, out->places, other, block);
    }
    for (size_t probe = 0; probe < out->probes; probe++) {
      out->probe[block * out->probes + probe] =
          response_of(own, out->places, out->blocks + probe, block);
    }
  }
  if (package->k_fill > 0 && edges_matter(package, out)) {
    *reason = "the fill takes heat from the edges of a die";
  }
  return CDS_OK;
}
