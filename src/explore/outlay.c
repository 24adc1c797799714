/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What it takes to make a design; see outlay.h. */
#include "explore/outlay.h"

#include <math.h>

static cds_interval in_kg(cds_interval g) {
  return (cds_interval){1e-3 * g.low, 1e-3 * g.typical, 1e-3 * g.high};
}

/* The first die of the package of which nothing is known. */
static cds_status say_missing(cds_outlay *out, const cds_making *making,
                              const cds_arch *arch, cds_arena *arena) {
  for (unsigned d = 0; d < arch->dies; d++) {
    const cds_made_die *made = &making->die[d];
    if (!making->in_package[d]) {
      continue;
    }
    if (!made->known && out->no_usd == NULL) {
      out->no_usd = cds_arena_printf(arena, "die '%s' has no price: %s",
                                     arch->die[d].name, made->source);
    }
    if (isnan(made->carbon_g) && out->no_embodied == NULL) {
      out->no_embodied = cds_arena_printf(
          arena,
          "embodied carbon of die '%s' is not known: expected a process from "
          "n28 to n3, or a memory with its 'size'",
          arch->die[d].name);
    }
  }
  if (out->no_embodied == NULL && isnan(making->carbon_g.typical)) {
    out->no_embodied = out->no_usd;
  }
  const bool told =
      (out->no_usd != NULL) == isnan(making->usd.typical) &&
      (out->no_embodied != NULL) == isnan(making->carbon_g.typical);
  return told ? CDS_OK : CDS_ENOMEM;
}

cds_status cds_outlay_of(cds_outlay *out, const cds_arch *arch,
                         cds_arena *arena) {
  static const cds_interval none = {(double)NAN, (double)NAN, (double)NAN};
  cds_diag *diag = cds_diag_new(arena);
  cds_built_package package;
  cds_making making;
  *out = (cds_outlay){.usd = none, .embodied_kg = none};
  if (diag == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status = cds_package_build(&package, arch, arena, diag);
  if (status == CDS_EINPUT) {
    out->no_usd = out->no_embodied = cds_diag_first_error(diag);
    return CDS_OK;
  }
  CDS_TRY(status);
  cds_package_making(&making, &package);
  out->usd = making.usd;
  out->embodied_kg = in_kg(making.carbon_g);
  return say_missing(out, &making, arch, arena);
}
