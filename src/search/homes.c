/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/homes.h"

#include <string.h>

#include "base/checked.h"
#include "price/words.h"

/* Energy of words of an action at a level. */
static void charge(cds_homes *out, const cds_level *level, cds_action action,
                   uint64_t words, unsigned bits) {
  if (words > 0) {
    out->dynamic_pj += cds_words_energy(level, action, words, bits);
  }
}

/* What passes the way between the outermost level and a home: no array stands
 * there, but a bond may. */
static void cross(cds_homes *out, const cds_arch *arch, unsigned home,
                  double bits) {
  const unsigned from = arch->level[0].die;
  const unsigned to = arch->level[home].die;
  const uint32_t crossed =
      from == to ? 0 : cds_arch_bonds_between(arch, from, to);
  for (unsigned b = 0; b < arch->bonds; b++) {
    if ((crossed >> b & 1U) != 0) {
      out->bond_bits[b] += bits;
      out->dynamic_pj += bits * arch->bond[b].crossings * arch->bond[b].bit_pj;
    }
  }
}

static void bring(cds_homes *out, const cds_arch *arch,
                  const cds_einsum *einsum, unsigned t) {
  cds_home_bits *home = &out->tensor[t];
  const uint64_t loads = einsum->stage->home[t].loads;
  const unsigned bits = einsum->tensor[t].format.bits;
  charge(out, &arch->level[0], CDS_READ, loads, bits);
  charge(out, &arch->level[home->level], CDS_FILL, loads, bits);
  home->down = cds_words_bits(loads, bits);
}

/* All loads are drained; all but the last of each word are sums that come back.
 */
static void take(cds_homes *out, const cds_arch *arch, const cds_einsum *einsum,
                 uint64_t words) {
  const unsigned t = einsum->tensors - 1;
  cds_home_bits *home = &out->tensor[t];
  const uint64_t loads = einsum->stage->home[t].loads;
  const uint64_t results = words < loads ? words : loads;
  const uint64_t back = loads - results;
  const unsigned bits = einsum->tensor[t].format.bits;
  const unsigned wide = einsum->tensor[t].accumulator.bits;
  charge(out, &arch->level[0], CDS_UPDATE, results, bits);
  charge(out, &arch->level[0], CDS_UPDATE, back, wide);
  charge(out, &arch->level[0], CDS_READ, back, wide);
  charge(out, &arch->level[home->level], CDS_DRAIN, results, bits);
  charge(out, &arch->level[home->level], CDS_DRAIN, back, wide);
  charge(out, &arch->level[home->level], CDS_FILL, back, wide);
  home->down = cds_words_bits(back, wide);
  home->up = cds_words_bits(results, bits) + home->down;
  home->sums = home->sums || back > 0;
}

static cds_status set_home(cds_homes *out, const cds_arch *arch,
                           const cds_einsum *einsum, unsigned t,
                           uint64_t words) {
  const cds_home *given = &einsum->stage->home[t];
  cds_home_bits *home = &out->tensor[t];
  home->level = given->level;
  home->words = (double)given->tile_words;
  home->copies =
      given->replaced && cds_level_doubled(arch, given->level) ? 2 : 1;
  if (given->loads == 0) {
    return CDS_OK;
  }
  out->moves = true;
  home->once = cds_words_bits(given->tile_words, einsum->tensor[t].format.bits);
  if (t + 1 < einsum->tensors) {
    bring(out, arch, einsum, t);
  } else {
    if (!cds_mul_u64(&words, words, einsum->stage->repeats)) {
      return CDS_ELIMIT;
    }
    take(out, arch, einsum, words);
  }
  cross(out, arch, home->level, home->down + home->up);
  return CDS_OK;
}

cds_status cds_homes_set(cds_homes *out, const cds_arch *arch,
                         const cds_einsum *einsum) {
  memset(out, 0, sizeof *out);
  out->repeats = (double)cds_einsum_repeats(einsum);
  out->runs = (double)cds_einsum_passes(einsum);
  out->sums = cds_einsum_passes(einsum) > cds_einsum_repeats(einsum);
  for (unsigned t = 0; t < einsum->tensors; t++) {
    uint64_t words = 0;
    CDS_TRY(cds_tensor_words(&words, einsum, t));
    out->tensor[t] =
        (cds_home_bits){.words = (double)words,
                        .copies = 1,
                        .sums = t + 1 == einsum->tensors && out->sums};
    if (cds_einsum_home(einsum, t) > 0) {
      CDS_TRY(set_home(out, arch, einsum, t, words));
    }
  }
  return CDS_OK;
}

double cds_homes_room(const cds_homes *homes, const cds_arch *arch,
                      const cds_einsum *einsum, unsigned level) {
  double room = (double)arch->level[level].size_bits;
  if (einsum->stage != NULL) {
    room -= (double)einsum->stage->taken_bits[level];
  }
  for (unsigned t = 0; t < einsum->tensors; t++) {
    const cds_home_bits *home = &homes->tensor[t];
    const cds_tensor *tensor = &einsum->tensor[t];
    const bool output = t + 1 == einsum->tensors;
    const unsigned wide = output ? tensor->accumulator.bits : UINT32_MAX;
    const unsigned least =
        home->sums || wide < tensor->format.bits ? wide : tensor->format.bits;
    if (home->level == level) {
      room -= home->words * least * home->copies;
    }
  }
  return room;
}

cds_home_port cds_homes_port(const cds_homes *homes, unsigned tensors,
                             unsigned level) {
  cds_home_port port = {0, 0};
  for (unsigned t = 0; t < tensors; t++) {
    const cds_home_bits *home = &homes->tensor[t];
    if (level == 0 || home->level == level) {
      port.out += level == 0 ? home->down : home->up;
      port.in += level == 0 ? home->up : home->down;
    }
  }
  return port;
}
