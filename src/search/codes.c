/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/codes.h"

enum { CODE_BITS = 64 };

static unsigned exponent_of(uint64_t value, uint64_t prime) {
  unsigned exponent = 0;
  for (; value % prime == 0; value /= prime) {
    exponent++;
  }
  return exponent;
}

/* Adds the field of a prime from bit `*next` on; false: no room. */
static bool add_field(cds_general *general, cds_dim *dim, uint64_t prime,
                      unsigned *next) {
  unsigned bits = 0;
  for (unsigned most = exponent_of(dim->size, prime); most > 0; most >>= 1U) {
    bits++;
  }
  if (*next + bits + 1 > CODE_BITS) {
    return false;
  }
  for (unsigned i = 0; i < dim->divisors; i++) {
    dim->code[i] += (uint64_t)exponent_of(dim->divisor[i], prime) << *next;
  }
  general->guards |= (uint64_t)1 << (*next + bits);
  *next += bits + 1;
  return true;
}

cds_status cds_codes_list(cds_general *general) {
  unsigned next = 0;
  general->coded = true; // until a field has no room
  general->guards = 0;
  for (unsigned d = 0; d < general->dims; d++) {
    cds_dim *dim = &general->dim[d];
    dim->code =
        cds_arena_array(general->arena, dim->divisors, sizeof *dim->code);
    if (dim->code == NULL) {
      return CDS_ENOMEM;
    }
    for (unsigned i = 0; i < dim->divisors; i++) {
      dim->code[i] = 0;
    }
    for (unsigned i = 1; i < dim->divisors && general->coded; i++) {
      if (dim->prime[i] == dim->divisor[i]) {
        general->coded = add_field(general, dim, dim->divisor[i], &next);
      }
    }
  }
  return CDS_OK;
}
