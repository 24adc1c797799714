/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A space of twelve tiny designs and a workload of three kinds of layers, and
 * the best that any choice of mappings reaches on a design. Include it after
 * cmocka.h.
 */
#ifndef CDS_TESTS_TINY_NETWORK_H
#define CDS_TESTS_TINY_NETWORK_H

#include "network/network.h"
#include "spec/space.h"
#include "support/messages.h"

extern const char TINY_ARCH[];
/* The same with a way for heat to leave. */
extern const char TINY_COOLED[];
/* Two products, one of them under two names, and an operation. */
extern const char TINY_WORKLOAD[];

/* Reads the texts of an architecture and a workload as files are read: from
 * two in $TMPDIR (or /tmp), which are gone afterwards. */
void tiny_read(fixture *f, cds_space **space, cds_workload *workload,
               const char *arch_text, const char *workload_text);

typedef struct tiny_best {
  bool found;
  double value;
} tiny_best;

typedef struct tiny_limits {
  double power_w, latency_s; /* INFINITY: none */
} tiny_limits;

/* Least objective over all mappings of TINY_WORKLOAD's layers. */
tiny_best tiny_best_of(const cds_arch *arch, const cds_workload *workload,
                       cds_objective objective, tiny_limits limits);

#endif
