/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first design of an architecture, with its loop of power, heat and
 * leakage. */
#ifndef CDS_TESTS_OPENED_LOOP_H
#define CDS_TESTS_OPENED_LOOP_H

#include "package/loop.h"
#include "support/messages.h"
#include "support/tiny_network.h"

typedef struct opened {
  fixture f;
  cds_arch *arch;
  cds_heat_loop loop;
} opened;

static inline void open_loop(opened *it, const char *text, double limit_degc) {
  cds_space *space = NULL;
  cds_workload workload;
  fixture_open(&it->f);
  tiny_read(&it->f, &space, &workload, text, TINY_WORKLOAD);
  it->arch = (cds_arch *)cds_arena_alloc(it->f.arena, sizeof *it->arch);
  assert_non_null(it->arch);
  assert_fine(&it->f,
              cds_space_design(it->arch, space, 0, it->f.arena, it->f.diag));
  assert_fine(&it->f, cds_heat_loop_begin(&it->loop, it->arch, limit_degc,
                                          it->f.arena, it->f.diag));
}

#endif
