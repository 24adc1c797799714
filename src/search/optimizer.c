/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The optimisers by name, and what each takes. */
#include "search/milp.h"
#include "search/problem.h"

static bool exact_available(void) { return true; }

typedef struct row {
  const char *name;
  bool (*available)(void);
  const char *package;
} row;

static const row optimizers[CDS_OPTIMIZERS] = {
#define CDS_OPTIMIZER(symbol, name, available, package)                        \
  {name, available, package},
#include "search/optimizers.def"
#undef CDS_OPTIMIZER
};

const char *cds_optimizer_name(cds_optimizer optimizer) {
  return optimizers[optimizer].name;
}

const char *cds_optimizer_lacks(cds_optimizer optimizer) {
  return optimizers[optimizer].available() ? NULL
                                           : optimizers[optimizer].package;
}

cds_status cds_optimizer_supports(cds_optimizer optimizer, const cds_arch *arch,
                                  const cds_einsum *einsum, cds_diag *diag) {
  CDS_TRY(cds_search_supports(arch, einsum, diag));
  if (optimizer == CDS_OPTIMIZER_EXACT || cds_search_uneven(arch, einsum)) {
    return CDS_OK;
  }
  if (cds_problem_matrix(arch, einsum)) {
    cds_diag_error(diag, (cds_place){0},
                   "optimiser '%s' takes no constraints but keep and bypass: "
                   "expected none of the others here, or 'exact'",
                   cds_optimizer_name(optimizer));
    return CDS_EINPUT;
  }
  cds_diag_error(diag, (cds_place){0},
                 "optimiser '%s' takes matrix and batched matrix products on "
                 "at most three levels and one array on a bus, with sums added "
                 "at the innermost level only: expected that, or 'exact'",
                 cds_optimizer_name(optimizer));
  return CDS_EINPUT;
}
