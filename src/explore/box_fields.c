/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What parts of designs have; see box_table.h. */
#include <math.h>
#include <string.h>

#include "explore/box_table.h"

/* ---- numbers ------------------------------------------------------------- */

/* What no temperature undercuts: nothing is warmer than the ambient. */
static double cool_factor(const cds_arch *arch) {
  return arch->sink_k_per_w > 0 ? cds_heat_loop_least_factor(arch) : 1;
}

static double fixed_w(const cds_arch *arch, double factor) {
  double fixed = arch->fixed_leakage_w;
  for (unsigned d = 0; d < arch->dies; d++) {
    fixed += arch->die[d].own_leakage_w * (factor - 1);
  }
  return fmax(fixed, 0);
}

static void frame_fields(double *out, const cds_arch *arch) {
  const double factor = cool_factor(arch);
  out[CDS_BOX_CLOCK] = -arch->clock_hz;
  out[CDS_BOX_FIXED_W] = fixed_w(arch, factor);
  out[CDS_BOX_FIXED_UM2] = arch->fixed_area_um2;
  out[CDS_BOX_COOL] = factor;
  out[CDS_BOX_AMBIENT] = arch->ambient_degc;
  out[CDS_BOX_HOST_PJ] = arch->host.operation_pj;
  out[CDS_BOX_HOST_RATE] = -arch->host.operations_per_cycle * arch->clock_hz;
  out[CDS_BOX_HOST_LINK_PJ] = arch->host.link_bit_pj;
  out[CDS_BOX_HOST_LINK] = -arch->host.link_bandwidth * arch->clock_hz;
  memcpy(out + CDS_BOX_SLOTS, arch->mac_slots, sizeof arch->mac_slots);
}

static void level_fields(double *out, const cds_arch *arch,
                         const cds_level *level) {
  /* Above this not every whole number is a double. */
  const bool exact = level->size_bits <= UINT64_C(1) << 53;
  out[CDS_BOX_SIZE] = exact ? -(double)level->size_bits : -(double)INFINITY;
  for (unsigned a = 0; a < CDS_ACTIONS; a++) {
    out[CDS_BOX_ACCESS_PJ + a] = level->price[a].access_pj;
    out[CDS_BOX_ACCESS_PJ + CDS_ACTIONS + a] = level->price[a].bit_pj;
  }
  out[CDS_BOX_READ] = -level->read_bandwidth * arch->clock_hz;
  out[CDS_BOX_WRITE] = -level->write_bandwidth * arch->clock_hz;
  out[CDS_BOX_SHARED] = -level->shared_bandwidth * arch->clock_hz;
  out[CDS_BOX_LEVEL_W] = cds_level_standing_w(level);
  out[CDS_BOX_LEVEL_UM2] = level->area_um2;
}

static void shape_fields(double *out, const cds_array *array) {
  for (unsigned axis = 0; axis < 2; axis++) {
    const double extent = axis < array->axes ? (double)array->extent[axis] : 1;
    out[CDS_BOX_MOST + axis] = -extent;
    out[CDS_BOX_LEAST + axis] = extent;
  }
}

static void array_fields(double *out, const cds_arch *arch,
                         const cds_array *array) {
  out[CDS_BOX_NET_PJ] = array->bit_pj;
  out[CDS_BOX_ADD_PJ] = array->add_pj;
  out[CDS_BOX_NET] = -array->bandwidth * arch->clock_hz;
  out[CDS_BOX_NET_W] = array->leakage_w;
  out[CDS_BOX_NET_UM2] = array->area_um2;
}

static void compute_fields(double *out, const cds_compute *compute) {
  memcpy(out + CDS_BOX_MAC_PJ, compute->mac_pj, sizeof compute->mac_pj);
  out[CDS_BOX_MAC_W] = compute->leakage_w;
  out[CDS_BOX_MAC_UM2] = compute->area_um2;
}

static void vector_fields(double *out, const cds_vector *vector) {
  memcpy(out + CDS_BOX_CYCLES, vector->cycles, sizeof vector->cycles);
  memcpy(out + CDS_BOX_PRIMITIVE_PJ, vector->energy_pj,
         sizeof vector->energy_pj);
  out[CDS_BOX_VECTOR_W] = vector->leakage_w;
  out[CDS_BOX_VECTOR_UM2] = vector->area_um2;
  out[CDS_BOX_LANES] = -(double)vector->lanes;
  out[CDS_BOX_SUMMED_LANES] = (double)vector->lanes;
}

static void bond_fields(double *out, const cds_bond *bond) {
  out[CDS_BOX_BOND_PJ] = bond->crossings * bond->bit_pj;
  out[CDS_BOX_GIVEN] = isnan(bond->given_bits_per_s) ? -(double)INFINITY
                                                     : -bond->given_bits_per_s;
}

void cds_box_fields(double least[CDS_BOX_FIELDS], const cds_box_part *part,
                    const cds_arch *arch) {
  memset(least, 0, CDS_BOX_FIELDS * sizeof *least);
  switch (part->kind) {
  case CDS_BOX_FRAME:
    frame_fields(least, arch);
    break;
  case CDS_BOX_LEVEL:
    level_fields(least, arch, &arch->level[part->index]);
    break;
  case CDS_BOX_SHAPE:
    shape_fields(least, &arch->array[part->index]);
    break;
  case CDS_BOX_ARRAY:
    array_fields(least, arch, &arch->array[part->index]);
    break;
  case CDS_BOX_COMPUTE:
    compute_fields(least, &arch->compute);
    break;
  case CDS_BOX_VECTOR:
    vector_fields(least, &arch->vector[part->index]);
    break;
  case CDS_BOX_BOND:
    bond_fields(least, &arch->bond[part->index]);
    break;
  }
}

/* ---- what must be the same ----------------------------------------------- */

static bool same_text(const char *a, const char *b) {
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_set(const cds_tensor_set *a, const cds_tensor_set *b) {
  bool same = a->roles == b->roles && a->names == b->names;
  for (unsigned i = 0; same && i < a->names; i++) {
    same = same_text(a->name[i], b->name[i]);
  }
  return same;
}

static bool same_formats(const cds_format *a, const cds_format *b,
                         unsigned formats) {
  bool same = true;
  for (unsigned f = 0; same && f < formats; f++) {
    same = same_text(a[f].name, b[f].name) && a[f].bits == b[f].bits &&
           a[f].is_float == b[f].is_float;
  }
  return same;
}

static bool same_frame(const cds_arch *a, const cds_arch *b, bool constrained) {
  bool same =
      a->levels == b->levels && a->arrays == b->arrays &&
      a->vectors == b->vectors && a->dies == b->dies && a->bonds == b->bonds &&
      a->overlap == b->overlap && a->other_operations == b->other_operations &&
      a->any_factors == b->any_factors && a->sums_apart == b->sums_apart &&
      a->level[0].streamed == b->level[0].streamed;
  return same && !constrained; /* what they demand may differ */
}

static bool same_level(const cds_level *a, const cds_level *b,
                       bool constrained) {
  return same_text(a->name, b->name) && a->position == b->position &&
         a->depth == b->depth && a->die == b->die &&
         a->width_bits == b->width_bits && a->word_bits == b->word_bits &&
         a->buffering == b->buffering && a->accumulate == b->accumulate &&
         a->streamed == b->streamed && same_set(&a->keep, &b->keep) &&
         same_set(&a->bypass, &b->bypass) && same_set(&a->may, &b->may) &&
         a->may_given == b->may_given &&
         (!constrained || a->size_bits == b->size_bits);
}

static bool same_array(const cds_array *a, const cds_array *b,
                       bool constrained) {
  const bool exact = constrained || a->network != CDS_NETWORK_BUS;
  bool same = same_text(a->name, b->name) && a->die == b->die &&
              a->axes == b->axes && a->network == b->network &&
              a->ports == b->ports && a->radix == b->radix &&
              a->multicast == b->multicast && a->reduction == b->reduction &&
              a->passes_apart == b->passes_apart &&
              a->drains_direct == b->drains_direct;
  for (unsigned axis = 0; same && axis < a->axes; axis++) {
    same = same_text(a->axis_name[axis], b->axis_name[axis]) &&
           (!exact || a->extent[axis] == b->extent[axis]);
  }
  return same;
}

static bool same_compute(const cds_compute *a, const cds_compute *b) {
  return a->die == b->die && a->formats == b->formats &&
         same_formats(a->format, b->format, a->formats);
}

static bool same_vector(const cds_vector *a, const cds_vector *b) {
  return a->die == b->die && a->level == b->level && a->formats == b->formats &&
         same_formats(a->format, b->format, a->formats);
}

/* Searches tell bonds with a limit from those without. */
static bool same_bond(const cds_bond *a, const cds_bond *b) {
  const bool limited = !isinf(a->bandwidth);
  return a->lower == b->lower && a->upper == b->upper &&
         limited == !isinf(b->bandwidth);
}

bool cds_box_alike(const cds_box_part *part, const cds_arch *a,
                   const cds_arch *b, bool constrained) {
  const unsigned i = part->index;
  switch (part->kind) {
  case CDS_BOX_FRAME:
    return same_frame(a, b, constrained);
  case CDS_BOX_LEVEL:
    return same_level(&a->level[i], &b->level[i], constrained);
  case CDS_BOX_SHAPE:
    return same_array(&a->array[i], &b->array[i], constrained);
  case CDS_BOX_ARRAY:
    return true; /* its shape says */
  case CDS_BOX_COMPUTE:
    return same_compute(&a->compute, &b->compute);
  case CDS_BOX_VECTOR:
    return same_vector(&a->vector[i], &b->vector[i]);
  case CDS_BOX_BOND:
    return same_bond(&a->bond[i], &b->bond[i]);
  }
  return false;
}
