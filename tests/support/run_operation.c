/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Moves the words of an operation and counts them: see the header. */
#include "support/run_operation.h"

#include <math.h>
#include <string.h>

#include "support/run_unit.h"

static unsigned copies(const run_operation *it) {
  return it->twice ? RUN_COPIES : 1;
}

/* ---- the outermost level ---- */

/* Accesses that the next word of a sweep takes: those not yet open. */
static void sweep(run_operation *it, run_operand *operand, bool start) {
  const uint64_t width = it->outer_width;
  uint64_t open = (operand->swept_bits + width - 1) / width;
  if (start) {
    operand->swept_bits = open * width;
  }
  operand->swept_bits += operand->bits;
  operand->accesses += (operand->swept_bits + width - 1) / width - open;
}

static double fetch(run_operation *it, run_operand *operand, unsigned row,
                    unsigned index) {
  const bool picked = operand->shape == RUN_PICKED;
  operand->outer_reads++;
  sweep(it, operand, picked && index == 0);
  return operand->value[picked                         ? it->pick[row]
                        : operand->shape == RUN_SHARED ? 0
                                                       : row][index];
}

static void store(run_operation *it, unsigned row, unsigned index,
                  double value) {
  it->result.outer_updates++;
  sweep(it, &it->result, false);
  it->result.value[row][index] = value;
}

/* ---- the level of the unit ---- */

static run_buffer *buffer(run_operation *it, run_operand *operand,
                          unsigned row) {
  const unsigned copy = operand->shape == RUN_SHARED ? 0 : row % copies(it);
  operand->used |= 1U << copy;
  return &operand->copy[copy];
}

static void load(run_operation *it, run_operand *operand, unsigned row) {
  run_buffer *to = buffer(it, operand, row);
  to->row = row + 1;
  for (unsigned index = 0; index < operand->words; index++) {
    operand->fills++;
    to->value[index] = fetch(it, operand, row, index);
  }
}

static void load_row(run_operation *it, unsigned row) {
  for (unsigned i = 0; i < it->inputs; i++) {
    if (it->input[i].shape != RUN_SHARED) {
      load(it, &it->input[i], row);
    }
  }
}

static void drain_row(run_operation *it, unsigned row) {
  run_buffer *from = buffer(it, &it->result, row);
  it->broken = it->broken || from->row != row + 1;
  from->row = 0;
  for (unsigned index = 0; index < it->result.words; index++) {
    it->result.drains++;
    store(it, row, index, from->value[index]);
  }
}

double run_read(run_operation *it, unsigned input, unsigned row,
                unsigned index) {
  run_operand *operand = &it->input[input];
  if (!it->inner) {
    return fetch(it, operand, row, index);
  }
  operand->reads++;
  if (!it->resident) {
    operand->fills++;
    return fetch(it, operand, row, index);
  }
  const run_buffer *from = buffer(it, operand, row);
  const unsigned holds = operand->shape == RUN_SHARED ? 1 : row + 1;
  it->broken = it->broken || from->row != holds;
  return from->value[index];
}

void run_write(run_operation *it, unsigned row, unsigned index, double value) {
  if (!it->inner) {
    store(it, row, index, value);
    return;
  }
  it->result.updates++;
  if (!it->resident) {
    it->result.drains++;
    store(it, row, index, value);
    return;
  }
  run_buffer *to = buffer(it, &it->result, row);
  it->broken = it->broken || (to->row != 0 && to->row != row + 1);
  to->row = row + 1;
  to->value[index] = value;
}

/* ---- schedules ---- */

static void start(run_operation *it) {
  for (unsigned i = 0; i <= it->inputs; i++) {
    run_operand *operand = i < it->inputs ? &it->input[i] : &it->result;
    memset(operand->copy, 0, sizeof operand->copy);
    operand->used = 0;
    operand->outer_reads = operand->outer_updates = operand->reads = 0;
    operand->fills = operand->updates = operand->drains = 0;
    operand->accesses = operand->swept_bits = 0;
  }
  memset(it->primitive, 0, sizeof it->primitive);
  memset(it->beyond, 0, sizeof it->beyond);
  it->broken = false;
}

/* One row is computed while the next one comes and the last one leaves. */
static void run_overlapped(run_operation *it) {
  load_row(it, 0);
  for (unsigned row = 0; row < it->rows; row++) {
    if (row + 1 < it->rows) {
      load_row(it, row + 1);
    }
    run_unit(it, row);
    if (row > 0) {
      drain_row(it, row - 1);
    }
  }
  drain_row(it, it->rows - 1);
}

static void run_in_turn(run_operation *it) {
  for (unsigned row = 0; row < it->rows; row++) {
    load_row(it, row);
    run_unit(it, row);
    drain_row(it, row);
  }
}

static void run_resident(run_operation *it) {
  for (unsigned i = 0; i < it->inputs; i++) {
    if (it->input[i].shape == RUN_SHARED) {
      load(it, &it->input[i], 0);
    }
  }
  if (it->twice) {
    run_overlapped(it);
  } else {
    run_in_turn(it);
  }
}

/* Bits of all buffers that were in use. */
static uint64_t allotted(const run_operation *it) {
  uint64_t bits = 0;
  for (unsigned i = 0; i <= it->inputs; i++) {
    const run_operand *operand = i < it->inputs ? &it->input[i] : &it->result;
    for (unsigned copy = 0; copy < RUN_COPIES; copy++) {
      const bool used = (operand->used >> copy & 1) != 0;
      bits += used ? (uint64_t)operand->words * operand->bits : 0;
    }
  }
  return bits;
}

void run_literally(run_operation *it) {
  start(it);
  it->allotted_bits = 0;
  it->resident = it->inner;
  if (it->inner) {
    run_resident(it);
    it->allotted_bits = allotted(it);
    if (it->allotted_bits <= it->capacity_bits) {
      return;
    }
    it->resident = false;
    start(it);
  }
  for (unsigned row = 0; row < it->rows; row++) {
    run_unit(it, row);
  }
}
