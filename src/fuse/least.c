/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stage under outer loops takes at least what it takes without them when
 * tiles at home need no room. For put the loops right below the homes, in their
 * order, on top of the stage's own nest: that is a mapping of the whole stage
 * which brings each word of a home once at most as often, keeps tiles of other
 * tensors from one pass to the next where the loops gave them up, and so moves
 * no more words at any level and takes no more cycles; and it needs no more
 * room at any level, as homes need none. So the floor of whole stages with
 * such homes is below all of them.
 *
 * With a mask only some passes run. Whatever is counted of the stage's own nest
 * is, over P of N passes with R outputs, P x - R z with 0 <= z <= x: sums that
 * come back are not those of the first pass. The same without the mask is N x -
 * R z, so that of it
 *
 *   (P x - R z) / (N x - R z) >= (P - R) / (N - R)
 *
 * is left at least; of a stage that sums over keys, P - R is others x sum_i
 * (J(i) - 1), N - R others x Tq (Tk - 1) (count/mask.h); of others, whose
 * outputs are each of one pass, P / N, which is no less. What comes to homes is
 * not less than each word once. So of the floor at least the least such part is
 * left.
 */
#include "fuse/least.h"

#include "count/mask.h"
#include "count/online.h"
#include "fuse/far.h"
#include "fuse/outers.h"
#include "price/words.h"
#include <math.h>

/* Puts intermediates, and others of the stage's own tensors (bits), at home. */
static cds_status put_home(cds_fused_pass *pass, const cds_outers *it,
                           unsigned stage, unsigned level, unsigned others) {
  const cds_fused_einsum *own = &it->group->stage[stage];
  for (unsigned t = 0; t < own->einsum->tensors; t++) {
    const cds_fused_tensor *tensor = &it->group->tensor[own->tensor[t]];
    uint64_t words = 0;
    CDS_TRY(cds_tensor_words(&words, own->einsum, t));
    const bool home = tensor->intermediate || (others >> t & 1U) != 0;
    const bool moves = !tensor->intermediate && tensor->first == stage;
    pass->stage.home[t] = (cds_home){.level = home ? level : 0,
                                     .loads = home && moves ? words : 0};
  }
  return CDS_OK;
}

/* A softmax whose rows come in tiles does not divide its weights. What it does
 * to all tiles of a row otherwise, states and rescaling left out, is no less
 * than the same to the row as one tile (count/online.h). */
static cds_status online_floor(cds_floor *floor, const cds_outers *it,
                               const cds_fused_pass *pass, unsigned stage) {
  cds_fused_pass one = *pass;
  one.einsum.stage = &one.stage;
  one.stage.online = (cds_online){.tiles = 1,
                                  .firsts = 1,
                                  .strip_words = 1,
                                  .level = one.stage.home[0].level};
  cds_online_part part[CDS_ONLINE_STEPS];
  cds_cost cost;
  cds_operation_counts counts;
  CDS_TRY(
      cds_online_parts(part, it->group->stage[stage].operation, &one.einsum));
  CDS_TRY(cds_price_operation(&cost, &counts, it->arch,
                              &part[CDS_ONLINE_FIRST].operation,
                              it->power_limit_w));
  const double hides_s = cds_outers_hides_s(it, &cost);
  const double shown_s =
      fmin(floor->latency_s - floor->compute_s, cost.latency_s - hides_s);
  floor->dynamic_pj = fmin(floor->dynamic_pj, cost.dynamic_pj);
  floor->latency_s = fmin(floor->latency_s, cost.latency_s);
  floor->compute_s = fmax(0, floor->latency_s - shown_s);
  return CDS_OK;
}

/* Parts of rows may fit where whole ones do not: none takes room. */
static cds_status operation_floor(cds_floor *out, const cds_outers *it,
                                  const cds_floor_asked *asked,
                                  const cds_fused_pass *pass, unsigned stage) {
  cds_outers roomy = {.arch = cds_floor_roomy(asked),
                      .group = it->group,
                      .power_limit_w = it->power_limit_w,
                      .scratch = it->scratch};
  if (roomy.arch == NULL) {
    return CDS_ENOMEM;
  }
  cds_cost cost;
  cds_operation_counts counts;
  double hidden_s = 0;
  CDS_TRY(cds_outers_operation(&cost, &counts, &hidden_s, &roomy, pass, stage));
  *out = (cds_floor){cost.dynamic_pj, cost.latency_s,
                     cds_outers_hides_s(it, &cost)};
  return it->group->stage[stage].online ? online_floor(out, &roomy, pass, stage)
                                        : CDS_OK;
}

/* Of a product the least of each over all choices of what else is at home, by
 * rows of the tensors (search/floor_memo.h). Its edges are left out: those of
 * the passes are not those of the whole. */
static cds_status product_least(cds_floor *out, const cds_outers *it,
                                cds_floor_memo *memo, unsigned stage,
                                unsigned level) {
  const cds_fused_einsum *own = &it->group->stage[stage];
  cds_fused_pass pass = {.einsum = *own->einsum,
                         .stage = {.passes = 1, .repeats = 1}};
  cds_fused_pass moved = pass;
  unsigned may = 0;
  for (unsigned t = 0; t < own->einsum->tensors; t++) {
    may |= cds_outers_may_stay(it, own->tensor[t]) ? 1U << t : 0U;
  }
  pass.einsum.stage = &pass.stage;
  CDS_TRY(put_home(&pass, it, stage, level, 0));
  CDS_TRY(put_home(&moved, it, stage, level, may));
  if (!cds_search_uneven(it->arch, own->einsum)) {
    cds_outers_any_floor(out, it, &pass, moved.stage.home, may);
    return CDS_OK;
  }
  cds_problem problem;
  if (cds_problem_init(&problem, it->arch, &pass.einsum, it->power_limit_w) !=
      CDS_OK) {
    return CDS_EINFEASIBLE;
  }
  const unsigned all = (1U << CDS_MATRIX) - 1;
  return cds_floor_memo_get(out, memo, &problem, moved.stage.home, all);
}

static cds_status stage_least(cds_floor *out, const cds_outers *it,
                              const cds_floor_asked *asked, unsigned stage,
                              unsigned level) {
  const cds_fused_einsum *own = &it->group->stage[stage];
  if (own->operation == NULL) {
    return product_least(out, it, asked->memo, stage, level);
  }
  cds_fused_pass pass = {.einsum = *own->einsum,
                         .stage = {.passes = 1, .repeats = 1}};
  pass.einsum.stage = &pass.stage;
  unsigned may = 0;
  for (unsigned t = 0; t + 1 < own->einsum->tensors; t++) {
    may |= cds_outers_may_stay(it, own->tensor[t]) ? 1U << t : 0U;
  }
  /* Less moves from home. */
  CDS_TRY(put_home(&pass, it, stage, level, may));
  cds_status made = operation_floor(out, it, asked, &pass, stage);
  if (made == CDS_EINPUT && may != 0) {
    CDS_TRY(put_home(&pass, it, stage, level, 0));
    made = operation_floor(out, it, asked, &pass, stage);
  }
  /* The unit works elsewhere. */
  return made == CDS_EINPUT ? CDS_EINFEASIBLE : made;
}

/* Products at the lesser prices of the question `near`. */
static cds_status near_products(double *dynamic_pj, const cds_outers *it,
                                const cds_floor_asked *near, unsigned level) {
  cds_outers at_near = *it;
  at_near.arch = near->arch;
  *dynamic_pj = 0;
  for (unsigned s = 0; s < it->group->stages; s++) {
    cds_floor floor = {0, 0, 0};
    if (it->group->stage[s].operation == NULL) {
      CDS_TRY(product_least(&floor, &at_near, near->memo, s, level));
      *dynamic_pj += floor.dynamic_pj;
    }
  }
  return CDS_OK;
}

/* Whether far.h is asked, and says something of the group: products of the
 * first space, and words of their own formats at the outermost level. */
static bool far_is_told(const cds_outers *it, const cds_floor_asked *asked) {
  bool told = asked->memo->far_told && asked->memo->rows.forms &&
              it->arch->level[0].word_bits == 0;
  for (unsigned s = 0; s < it->group->stages; s++) {
    const cds_fused_einsum *stage = &it->group->stage[s];
    told = told && (stage->operation != NULL ||
                    cds_search_uneven(it->arch, stage->einsum));
  }
  return told;
}

/* Raises what all stages take by what has to come from far and go there.
 * `operations_pj`: of stages that are no products. With a limit on power all of
 * it takes its time. */
static cds_status raise_by_far(cds_floor *sum, const cds_outers *it,
                               const cds_floor_asked *asked, unsigned level,
                               double operations_pj) {
  const cds_level *far = &it->arch->level[0];
  const double part = cds_mask_least_part(it->group);
  cds_floor_asked near;
  double bits = 0;
  double products_pj = 0;
  CDS_TRY(cds_far_bits(&bits, asked, it->group, level));
  if (isinf(bits)) {
    return CDS_EINFEASIBLE;
  }
  CDS_TRY(cds_floor_near(&near, asked));
  CDS_TRY(near_products(&products_pj, it, &near, level));
  double bit_pj = (double)INFINITY;
  for (unsigned a = 0; a < CDS_ACTIONS; a++) {
    bit_pj = fmin(bit_pj, cds_level_bit_pj(far, (cds_action)a));
  }
  const double all_pj = ((products_pj + operations_pj) * part +
                         (1 - CDS_FLOOR_NEAR) * bit_pj * bits) *
                        (1 - 1e-12);
  const double left_w = asked->power_limit_w - cds_arch_leakage_w(it->arch);
  const double roof_s =
      isinf(asked->power_limit_w) ? 0 : all_pj * 1e-12 / left_w;
  const double port_s = bits / far->shared_bandwidth / it->arch->clock_hz;
  sum->dynamic_pj = fmax(sum->dynamic_pj, all_pj);
  sum->latency_s = fmax(sum->latency_s, fmax(roof_s, port_s) * (1 - 1e-12));
  return CDS_OK;
}

cds_status cds_fuse_least(double *dynamic_pj, double *latency_s,
                          const cds_floor_asked *asked,
                          const cds_fused_group *group) {
  const cds_arch *arch = asked->arch;
  const cds_outers it = {.arch = arch,
                         .group = group,
                         .power_limit_w = asked->power_limit_w,
                         .scratch = asked->scratch};
  const double part = cds_mask_least_part(group);
  const bool told = far_is_told(&it, asked);
  *dynamic_pj = *latency_s = (double)INFINITY;
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_fused_einsum *stage = &group->stage[s];
    if (stage->operation == NULL &&
        !cds_search_takes_stages(arch, stage->einsum)) {
      return CDS_EINFEASIBLE; /* cds_fuser_begin does not take it */
    }
  }
  for (unsigned level = 1; level < arch->levels; level++) {
    if (arch->level[level].depth > 0) {
      continue;
    }
    cds_floor sum = {0, 0, 0};
    double products_s = 0;
    double hidden_s = 0;
    double operations_pj = 0;
    cds_status status = CDS_OK;
    for (unsigned s = 0; s < group->stages && status == CDS_OK; s++) {
      cds_floor floor = {0, 0, 0};
      status = stage_least(&floor, &it, asked, s, level);
      const bool operation = group->stage[s].operation != NULL;
      sum.dynamic_pj += floor.dynamic_pj;
      sum.latency_s += floor.latency_s;
      products_s += operation ? 0 : floor.latency_s;
      hidden_s += operation ? floor.compute_s : 0;
      operations_pj += operation ? floor.dynamic_pj : 0;
    }
    sum.latency_s = (sum.latency_s - fmin(products_s, hidden_s)) * part;
    sum.dynamic_pj *= part;
    if (status == CDS_OK && told) {
      status = raise_by_far(&sum, &it, asked, level, operations_pj);
    }
    if (status == CDS_EINFEASIBLE) {
      continue;
    }
    CDS_TRY(status);
    *dynamic_pj = fmin(*dynamic_pj, sum.dynamic_pj);
    *latency_s = fmin(*latency_s, sum.latency_s);
  }
  return isinf(*latency_s) ? CDS_EINFEASIBLE : CDS_OK;
}
