/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a certificate. Whatever is certified has a finite energy, and no
 * bound above its value; whatever is refused has a message.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "verify/certificate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BOXES_MOST = 2000 };

/* Stops the program when a promise is broken. */
static void promise(bool kept) {
  if (!kept) {
    abort();
  }
}

static cds_status other(cds_worth *out, const cds_arch *arch,
                        const cds_einsum *einsum, const cds_mapping *mapping,
                        double power_limit_w) {
  (void)einsum;
  (void)mapping;
  (void)power_limit_w;
  *out = (cds_worth){.energy_pj = 1, .latency_s = 1, .misfit = arch->levels};
  return CDS_OK;
}

static void check(const cds_yaml *root, cds_arena *arena, cds_diag *diag) {
  const cds_verify_options options = {
      .threads = 1, .boxes_most = BOXES_MOST, .other = other};
  cds_verified verified;
  const cds_status status =
      cds_certificate_check(&verified, root, &options, arena, diag);
  promise(status == CDS_OK || cds_diag_errors(diag) > 0);
  const size_t count = status == CDS_OK ? verified.layers + verified.chains : 0;
  for (size_t i = 0; i < count; i++) {
    const cds_verified_layer *layer =
        i < verified.layers ? &verified.layer[i]
                            : &verified.chain[i - verified.layers];
    promise(layer->verdict != CDS_VERDICT_REFUSED || cds_diag_errors(diag) > 0);
    if (layer->verdict == CDS_VERDICT_CERTIFIED) {
      promise(isfinite(layer->energy_pj) && isfinite(layer->latency_s));
      promise(!(layer->bound > layer->value + 1e-6 * fabs(layer->value)));
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  cds_arena *arena = cds_arena_new();
  cds_diag *diag = arena == NULL ? NULL : cds_diag_new(arena);
  const cds_yaml *root = NULL;
  if (diag != NULL && cds_yaml_read_text(&root, "fuzz.json", (const char *)data,
                                         size, arena, diag) == CDS_OK) {
    check(root, arena, diag);
  }
  cds_arena_free(arena);
  return 0;
}
