/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of a stage, priced one by one. */
#include "price/passes.h"

#include <string.h>

#include "base/checked.h"
#include "count/online.h"
#include "spec/operations.h"

static bool add_words(uint64_t sum[CDS_LEVELS_MAX],
                      const uint64_t more[CDS_LEVELS_MAX], uint64_t times) {
  bool fine = true;
  for (unsigned level = 0; level < CDS_LEVELS_MAX; level++) {
    uint64_t words = 0;
    fine = cds_mul_u64(&words, more[level], times) &&
           cds_add_u64(&sum[level], sum[level], words) && fine;
  }
  return fine;
}

static bool add_counts(cds_operation_counts *sum,
                       const cds_operation_counts *more, uint64_t times) {
  const bool fine = add_words(sum->reads, more->reads, times) &&
                    add_words(sum->fills, more->fills, times) &&
                    add_words(sum->updates, more->updates, times) &&
                    add_words(sum->drains, more->drains, times);
  sum->at = more->at;
  sum->unit = more->unit;
  sum->primitive_cycles += more->primitive_cycles * (double)times;
  return fine;
}

/* A cost is doubles only. */
static void add_cost(cds_cost *sum, const cds_cost *more, uint64_t times) {
  double *field = (double *)sum;
  const double *part = (const double *)more;
  for (size_t i = 0; i < sizeof *sum / sizeof *field; i++) {
    field[i] += part[i] * (double)times;
  }
}

/* How much of a row a pass has. */
static uint64_t row_length(const cds_tensor *rows, const cds_einsum *stage,
                           const cds_operation *operation) {
  const uint32_t axes =
      operation->row_axes != 0 ? operation->row_axes : 1U << (rows->axes - 1);
  uint64_t length = 1; /* divides the words of the result, which fit */
  for (unsigned a = 0; a < rows->axes; a++) {
    length *= (axes >> a & 1U) != 0
                  ? stage->rank[rows->axis[a].term[0].rank].size
                  : 1;
  }
  return length;
}

/* Bits at home at the unit's level, of this stage and of others. */
static bool taken_bits(uint64_t *bits, const cds_arch *arch,
                       const cds_einsum *stage, unsigned level) {
  bool fine = true;
  *bits = stage->stage->taken_bits[level];
  for (unsigned t = 0; t < stage->tensors; t++) {
    const cds_home *home = &stage->stage->home[t];
    const bool twice = home->replaced && cds_level_doubled(arch, home->level);
    const unsigned each = stage->tensor[t].format.bits * (twice ? 2 : 1);
    uint64_t more = 0;
    fine = fine && (home->level == 0 || home->level != level ||
                    (cds_mul_u64(&more, home->tile_words, each) &&
                     cds_add_u64(bits, *bits, more)));
  }
  return fine;
}

/* In a pipeline products use the room meanwhile: rows do not wait, and what
 * they share has room of its own where the operation has tensors at home
 * (count/fusion.c). */
static void leave_room(cds_operation *part, const cds_einsum *stage) {
  part->taken_bits = UINT64_MAX;
  for (unsigned t = 0; t < stage->tensors; t++) {
    part->shared_waits = part->shared_waits || stage->stage->home[t].level > 0;
  }
}

/* All passes do the same to rows. */
static cds_status all_rows(cds_online_part *out, const cds_arch *arch,
                           const cds_einsum *stage,
                           const cds_operation *operation) {
  const unsigned result = stage->tensors - 1;
  uint64_t words = 0;
  CDS_TRY(cds_tensor_words(&words, stage, result));
  const uint64_t length = row_length(&stage->tensor[result], stage, operation);
  const cds_operation_size size = {.rows = words / length, .length = length};
  const cds_precision formats = {.accumulator = operation->format};
  cds_operation *part = &out->operation;
  CDS_TRY(cds_operation_make(part, cds_operation_kind_find(operation->kind),
                             &size, &formats));
  unsigned operand = 0;
  for (unsigned i = 0; i < part->inputs; i++) {
    part->input[i].format = operation->input[i].format;
    part->input[i].content = operation->input[i].content;
    if (cds_operation_takes_rows(part, i)) {
      const cds_home *home = &stage->stage->home[operand++];
      part->input[i].home = home->level;
    }
  }
  part->output.format = operation->output.format;
  part->output.content = operation->output.content;
  part->output.home = stage->stage->home[result].level;
  /* What is kept: no other pass makes the same words. */
  part->output.moved =
      stage->stage->home[result].loads > 0 ? part->output.words : 0;
  const unsigned level = cds_operation_level(arch, part);
  if (!taken_bits(&part->taken_bits, arch, stage, level)) {
    return CDS_ELIMIT;
  }
  if (stage->stage->pipelined) {
    leave_room(part, stage);
  }
  out->times = stage->stage->passes;
  return CDS_OK;
}

cds_status cds_price_passes(cds_cost *out, cds_operation_counts *counts,
                            const cds_arch *arch, const cds_einsum *stage,
                            const cds_operation *operation,
                            double power_limit_w) {
  const bool online = stage->stage->online.tiles > 1;
  double quiet_cycles = 0;
  cds_online_part part[CDS_ONLINE_STEPS];
  memset(out, 0, sizeof *out);
  memset(counts, 0, sizeof *counts);
  CDS_TRY(online ? cds_online_parts(part, operation, stage)
                 : all_rows(part, arch, stage, operation));
  for (unsigned i = 0; i < (online ? CDS_ONLINE_STEPS : 1U); i++) {
    cds_cost cost;
    cds_operation_counts once;
    if (part[i].times == 0) {
      continue;
    }
    CDS_TRY(cds_price_operation(&cost, &once, arch, &part[i].operation,
                                power_limit_w));
    if (!add_counts(counts, &once, part[i].times)) {
      return CDS_ELIMIT;
    }
    add_cost(out, &cost, part[i].times);
    quiet_cycles += online && cds_online_alone((cds_online_step)i)
                        ? 0
                        : cost.quiet_cycles * (double)part[i].times;
  }
  out->quiet_cycles = quiet_cycles;
  return CDS_OK;
}
