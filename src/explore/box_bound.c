/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Relaxed designs and their floors; see box_bound.h. */
#include "explore/box_bound.h"

#include <math.h>
#include <string.h>

#include "network/plan.h"

/* Quotients and products of numbers of records are rounded. */
static const double LESS = 1 - 1e-12;
static const double MORE = 1 + 1e-12;
/* A bond with a limit that is never met. */
static const double NO_LIMIT = 1e250;

const char *cds_box_refused(const cds_explore_options *options) {
  const cds_objective objective = options->objective;
  if (objective == CDS_OBJECTIVE_COST || objective == CDS_OBJECTIVE_CARBON) {
    return "the objective is not energy, delay or a product of them";
  }
  return options->search.optimizer != CDS_OPTIMIZER_EXACT
             ? "the optimizer is not the exact one"
         : options->every ? "all of them are to be solved"
                          : NULL;
}

typedef struct relaxing {
  cds_arch *arch;
  const cds_box_table *table;
  double least_n[CDS_ARRAYS_MAX + 1]; /* instances at a depth, at least */
  double clock_hz, cool;
  double leakage_w, area_um2;
} relaxing;

/* Bit per cycle of the relaxed clock. */
static double per_cycle(const relaxing *it, double turned_per_s) {
  return isinf(turned_per_s) ? (double)INFINITY
                             : -turned_per_s / it->clock_hz * MORE;
}

static void stands(relaxing *it, double leakage_w, double area_um2,
                   unsigned depth) {
  it->leakage_w += it->cool * leakage_w * it->least_n[depth];
  it->area_um2 += area_um2 * it->least_n[depth];
}

static void relax_frame(relaxing *it, const double *least) {
  cds_arch *arch = it->arch;
  it->clock_hz = arch->clock_hz = -least[CDS_BOX_CLOCK];
  it->leakage_w = least[CDS_BOX_FIXED_W];
  it->area_um2 = least[CDS_BOX_FIXED_UM2];
  it->cool = least[CDS_BOX_COOL];
  arch->ambient_degc = least[CDS_BOX_AMBIENT];
  arch->sink_k_per_w = 0;
  arch->package = NULL;
  arch->host = (cds_host){
      .operation_pj = least[CDS_BOX_HOST_PJ],
      .operations_per_cycle = per_cycle(it, least[CDS_BOX_HOST_RATE]),
      .link_bit_pj = least[CDS_BOX_HOST_LINK_PJ],
      .link_bandwidth = per_cycle(it, least[CDS_BOX_HOST_LINK])};
  memcpy(arch->mac_slots, least + CDS_BOX_SLOTS, sizeof arch->mac_slots);
}

static void relax_level(relaxing *it, const cds_level *from, unsigned index,
                        const double *least) {
  cds_level *level = &it->arch->level[index];
  *level = *from;
  level->size_bits =
      isinf(least[CDS_BOX_SIZE]) ? UINT64_MAX : (uint64_t)-least[CDS_BOX_SIZE];
  for (unsigned a = 0; a < CDS_ACTIONS; a++) {
    level->price[a].access_pj = least[CDS_BOX_ACCESS_PJ + a];
    level->price[a].bit_pj = least[CDS_BOX_ACCESS_PJ + CDS_ACTIONS + a];
  }
  level->read_bandwidth = per_cycle(it, least[CDS_BOX_READ]);
  level->write_bandwidth = per_cycle(it, least[CDS_BOX_WRITE]);
  level->shared_bandwidth = per_cycle(it, least[CDS_BOX_SHARED]);
  level->leakage_w = level->background_w = level->refresh_w = 0;
  level->area_um2 = 0;
  stands(it, least[CDS_BOX_LEVEL_W], least[CDS_BOX_LEVEL_UM2], from->depth);
}

static void relax_shape(relaxing *it, const cds_array *from, unsigned index,
                        const double *least) {
  cds_array *array = &it->arch->array[index];
  *array = *from;
  double elements = 1;
  for (unsigned axis = 0; axis < array->axes; axis++) {
    array->extent[axis] = (uint64_t)-least[CDS_BOX_MOST + axis];
    elements *= least[CDS_BOX_LEAST + axis];
  }
  it->least_n[index + 1] = it->least_n[index] * elements;
}

static void relax_array(relaxing *it, unsigned index, const double *least) {
  cds_array *array = &it->arch->array[index];
  array->bit_pj = least[CDS_BOX_NET_PJ];
  array->add_pj = least[CDS_BOX_ADD_PJ];
  array->bandwidth = per_cycle(it, least[CDS_BOX_NET]);
  array->leakage_w = array->area_um2 = 0;
  stands(it, least[CDS_BOX_NET_W], least[CDS_BOX_NET_UM2], index);
}

static void relax_compute(relaxing *it, const cds_compute *from,
                          const double *least) {
  cds_compute *compute = &it->arch->compute;
  *compute = *from;
  memcpy(compute->mac_pj, least + CDS_BOX_MAC_PJ, sizeof compute->mac_pj);
  compute->leakage_w = compute->area_um2 = 0;
  stands(it, least[CDS_BOX_MAC_W], least[CDS_BOX_MAC_UM2], it->arch->arrays);
}

static void relax_vector(relaxing *it, const cds_vector *from, unsigned index,
                         const double *least) {
  cds_vector *vector = &it->arch->vector[index];
  *vector = *from;
  /* More lanes take fewer cycles, but their sums more steps. */
  vector->lanes = (uint64_t)-least[CDS_BOX_LANES];
  vector->summed_lanes = (uint64_t)least[CDS_BOX_SUMMED_LANES];
  memcpy(vector->cycles, least + CDS_BOX_CYCLES, sizeof vector->cycles);
  memcpy(vector->energy_pj, least + CDS_BOX_PRIMITIVE_PJ,
         sizeof vector->energy_pj);
  vector->leakage_w = vector->area_um2 = 0;
  stands(it, least[CDS_BOX_VECTOR_W], least[CDS_BOX_VECTOR_UM2],
         it->arch->level[vector->level].depth);
}

static void relax_bond(relaxing *it, const cds_bond *from, unsigned index,
                       const double *least) {
  cds_bond *bond = &it->arch->bond[index];
  *bond = *from;
  bond->crossings = 1;
  bond->bit_pj = least[CDS_BOX_BOND_PJ];
  const double given = per_cycle(it, least[CDS_BOX_GIVEN]);
  if (!isinf(from->bandwidth)) {
    bond->bandwidth = isinf(given) ? NO_LIMIT : given;
  }
}

/* Parts come in the order of box_parts.h: what others need is there before. */
static void relax_part(relaxing *it, unsigned part,
                       const cds_box_record *record) {
  const cds_box_part *which = &cds_box_table_parts(it->table)->part[part];
  const cds_arch *from =
      cds_box_table_exemplar(it->table, part, record->exemplar);
  const unsigned i = which->index;
  switch (which->kind) {
  case CDS_BOX_FRAME:
    *it->arch = *from;
    relax_frame(it, record->least);
    break;
  case CDS_BOX_LEVEL:
    relax_level(it, &from->level[i], i, record->least);
    break;
  case CDS_BOX_SHAPE:
    relax_shape(it, &from->array[i], i, record->least);
    break;
  case CDS_BOX_ARRAY:
    relax_array(it, i, record->least);
    break;
  case CDS_BOX_COMPUTE:
    relax_compute(it, &from->compute, record->least);
    break;
  case CDS_BOX_VECTOR:
    relax_vector(it, &from->vector[i], i, record->least);
    break;
  case CDS_BOX_BOND:
    relax_bond(it, &from->bond[i], i, record->least);
    break;
  }
}

/* Combinations of what the part depends on. */
static double combinations(const cds_box_part *part, const cds_box *box) {
  double count = 1;
  for (uint32_t left = part->reads; left != 0; left &= left - 1) {
    const unsigned v = (unsigned)__builtin_ctz(left);
    count *= (double)(box->high[v] - box->low[v] + 1);
  }
  return count;
}

/* Networks that cost nothing and limit nothing: below all of them. */
static void no_network(cds_box_record *out) {
  *out = (cds_box_record){.exemplar = 0};
  out->least[CDS_BOX_NET] = -(double)INFINITY;
}

/* A variable of the box with several values: the one that was found, or the
 * first that the part depends on, or any. */
static unsigned splittable(const cds_box *box, unsigned found, uint32_t reads) {
  if (found < CDS_VARIABLES_MAX && box->low[found] < box->high[found]) {
    return found;
  }
  unsigned any = 0;
  for (unsigned v = CDS_VARIABLES_MAX; v-- > 0;) {
    any = box->low[v] < box->high[v] ? v : any;
  }
  for (uint32_t left = reads; left != 0; left &= left - 1) {
    const unsigned v = (unsigned)__builtin_ctz(left);
    if (box->low[v] < box->high[v]) {
      return v;
    }
  }
  return any;
}

static cds_status get_record(cds_box_record *out, cds_box_table *table,
                             unsigned part, const cds_box *box,
                             cds_arena *arena) {
  const cds_box_part *which = &cds_box_table_parts(table)->part[part];
  const bool many = combinations(which, box) > CDS_BOX_TABLED;
  if (many && which->kind == CDS_BOX_ARRAY) {
    no_network(out);
    return CDS_OK;
  }
  if (many && combinations(which, box) > (double)CDS_BOX_TABLED * 16) {
    *out =
        (cds_box_record){.exemplar = CDS_BOX_MIXED, .split = CDS_VARIABLES_MAX};
    return CDS_OK;
  }
  return cds_box_table_get(out, table, part, box, arena);
}

cds_status cds_box_relax(cds_arch *arch, unsigned *split, cds_box_table *table,
                         const cds_box *box, cds_arena *arena) {
  const cds_box_parts *parts = cds_box_table_parts(table);
  relaxing it = {.arch = arch, .table = table, .least_n = {1}};
  cds_box_record *record =
      (cds_box_record *)cds_arena_array(arena, parts->parts, sizeof *record);
  if (record == NULL) {
    return CDS_ENOMEM;
  }
  *split = CDS_VARIABLES_MAX;
  for (unsigned p = 0; p < parts->parts; p++) {
    CDS_TRY(get_record(&record[p], table, p, box, arena));
    if (record[p].exemplar == CDS_BOX_MIXED) {
      *split = splittable(box, record[p].split, parts->part[p].reads);
      return CDS_OK;
    }
  }
  /* Shapes first: how many instances there are at least. */
  for (unsigned p = 0; p < parts->parts; p++) {
    if (parts->part[p].kind == CDS_BOX_FRAME ||
        parts->part[p].kind == CDS_BOX_SHAPE) {
      relax_part(&it, p, &record[p]);
    }
  }
  for (unsigned p = 0; p < parts->parts; p++) {
    if (parts->part[p].kind != CDS_BOX_FRAME &&
        parts->part[p].kind != CDS_BOX_SHAPE) {
      relax_part(&it, p, &record[p]);
    }
  }
  arch->fixed_leakage_w = it.leakage_w * LESS;
  arch->fixed_area_um2 = it.area_um2 * LESS;
  return CDS_OK;
}

cds_status cds_box_bound_of(cds_box_bound *out, cds_job *job,
                            cds_worker *worker, cds_box_table *table,
                            const cds_box *box) {
  cds_arena_reset(worker->arena, worker->empty);
  *out = (cds_box_bound){.status = CDS_BOX_OPEN};
  CDS_TRY(cds_box_relax(worker->arch, &out->split, table, box, worker->arena));
  if (out->split != CDS_VARIABLES_MAX) {
    out->status = CDS_BOX_MIXED_PARTS;
    return CDS_OK;
  }
  cds_floors floor;
  cds_diag *diag = cds_diag_new(worker->arena);
  if (diag == NULL) {
    return CDS_ENOMEM;
  }
  worker->outlay = (cds_outlay){.usd = {0, 0, 0}, .embodied_kg = {0, 0, 0}};
  worker->limits = job->limits;
  worker->limits.bound[CDS_METRIC_WALL] = (double)INFINITY;
  worker->price = (cds_run_price){1, 0};
  CDS_TRY(cds_job_price_floors(worker));
  CDS_TRY(cds_job_floor(&out->bound, &floor, job, worker));
  out->bound *= LESS;
  if (cds_limits_exceeded(&out->excess, &worker->limits, worker->arch,
                          &worker->outlay, &floor)) {
    out->status = CDS_BOX_OVER_LIMIT;
  } else if (cds_network_footprint(worker->arch, job->workload, diag) !=
             CDS_OK) {
    out->status = CDS_BOX_INFEASIBLE;
  }
  return CDS_OK;
}
