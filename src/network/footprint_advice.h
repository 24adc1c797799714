/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Advice where a workload does not fit the outermost level: one key of its
 * file with another value. Each change is made in the parsed tree and the
 * workload is read again before it is offered.
 */
#ifndef CDS_NETWORK_FOOTPRINT_ADVICE_H
#define CDS_NETWORK_FOOTPRINT_ADVICE_H

#include "network/network.h"

/* Adds hints to the last message of `diag`: a narrower format of weights, KV
 * cache or all words that the compute units can take, the largest batch, the
 * largest context. `root` is the tree of the workload's file, `path` its name.
 * The arena may be that of the messages. */
void cds_footprint_advise(cds_diag *diag, const cds_arch *arch,
                          const cds_yaml *root, const char *path,
                          cds_arena *arena);

#endif
