/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An architecture as AccelForge's accounting sees it. Its counts are ours but
 * for partial sums of instances that no network adds up (arch.h: sums_apart);
 * everything else is a choice that our files can say, too: every component runs
 * all the time (perfect overlap), and actions are bits.
 */
#include "spec/arch.h"

static void price_by_bit(cds_level *level) {
  for (unsigned action = 0; action < CDS_ACTIONS; action++) {
    cds_access_price *price = &level->price[action];
    price->bit_pj += price->access_pj / (double)level->width_bits;
    price->access_pj = 0;
  }
}

cds_status cds_arch_accelforge(cds_arch *arch, cds_diag *diag) {
  bool good = true;
  for (unsigned k = 0; k < arch->arrays; k++) {
    const cds_array *array = &arch->array[k];
    if (array->network != CDS_NETWORK_BUS) {
      cds_diag_error(diag, array->place,
                     "array '%s' has links, which AccelForge's accounting does "
                     "not know: expected 'network: bus'",
                     array->name);
      good = false;
    }
  }
  for (unsigned level = 0; level < arch->levels; level++) {
    price_by_bit(&arch->level[level]);
  }
  arch->overlap = CDS_OVERLAP_PERFECT;
  arch->sums_apart = true;
  return good ? CDS_OK : CDS_EINPUT;
}
