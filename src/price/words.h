/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prices and times of moving words, shared by einsums, operations and the
 * tables of the search: one formula, one place. */
#ifndef CDS_PRICE_WORDS_H
#define CDS_PRICE_WORDS_H

#include "price/price.h"

/* words x bits as a double (exact below 2^53, correctly rounded above). */
static inline double cds_words_bits(uint64_t words, unsigned bits) {
  return (double)words * (double)bits;
}

/* ceil(words x bits / width): whole accesses of a level. Split so that the
 * product stays in 64 bits: words = q x width + r; beyond that q x bits is
 * rounded like any other double. */
static inline double cds_words_accesses(uint64_t words, unsigned bits,
                                        uint64_t width) {
  const uint64_t whole = words / width;
  const uint64_t rest = ((words % width) * bits + width - 1) / width;
  uint64_t accesses = 0;
  if (__builtin_mul_overflow(whole, (uint64_t)bits, &accesses) ||
      __builtin_add_overflow(accesses, rest, &accesses)) {
    return (double)whole * (double)bits + (double)rest;
  }
  return (double)accesses;
}

/* Energy of a bit that is moved by one action of a level, if parts of an access
 * could be made, in pJ. */
static inline double cds_level_bit_pj(const cds_level *level,
                                      cds_action action) {
  const cds_access_price *price = &level->price[action];
  return price->access_pj / (double)level->width_bits + price->bit_pj;
}

/* Energy of moving the words by one action of a level, in pJ. */
static inline double cds_words_energy(const cds_level *level, cds_action action,
                                      uint64_t words, unsigned bits) {
  const cds_access_price *price = &level->price[action];
  double energy = 0;
  if (price->access_pj > 0) {
    energy +=
        cds_words_accesses(words, bits, level->width_bits) * price->access_pj;
  }
  if (price->bit_pj > 0) {
    energy += cds_words_bits(words, bits) * price->bit_pj;
  }
  return energy;
}

/* Cycles that the port of a level is busy with so many bits (one instance). */
static inline double cds_port_cycles(const cds_level *level, double out_bits,
                                     double in_bits) {
  double cycles = (out_bits + in_bits) / level->shared_bandwidth;
  const double out_cycles = out_bits / level->read_bandwidth;
  const double in_cycles = in_bits / level->write_bandwidth;
  cycles = out_cycles > cycles ? out_cycles : cycles;
  return in_cycles > cycles ? in_cycles : cycles;
}

/* Whether passes of array k stand apart: some tile below it stays for a while.
 */
static inline bool cds_passes_apart(const cds_array *array, double passes) {
  return array->passes_apart && passes > 0;
}

/* What stands between the passes of such an array, in cycles. With R and C its
 * length along and across the way from its ports, each pass goes through all of
 * it, R - 1 + C - 1, and each word that an element takes in or gives up is
 * shifted along, R. */
static inline double cds_pass_cycles(const cds_array *array, double passes,
                                     double words) {
  double along = 1;
  double across = 1;
  for (unsigned axis = 0; axis < array->axes; axis++) {
    const bool rows = cds_array_direction(array, axis) == 0;
    *(rows == (array->ports == CDS_PORTS_COLS) ? &along : &across) =
        (double)array->extent[axis];
  }
  return passes * (along - 1 + across - 1) + words * along;
}

/* Bits of a word of the tensor: stored, or as a partial sum. */
static inline unsigned cds_word_bits(const cds_tensor *tensor, bool partial) {
  return partial ? tensor->accumulator.bits : tensor->format.bits;
}

/* Turns the roofs into latency, leakage and total energy: the last step of
 * every price. `vector_die`: where the vector unit stands that did it, if any.
 * CDS_EINFEASIBLE when leakage alone passes the power limit. */
cds_status cds_price_close(cds_cost *cost, const cds_arch *arch, double cycles,
                           double power_limit_w, unsigned vector_die);
/* Charges bits that go from one die to another, one way or the other. */
void cds_price_bonds(cds_cost *cost, const cds_arch *arch, unsigned from_die,
                     unsigned to_die, double bits);

#endif
