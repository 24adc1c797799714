/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Windows that slide over images, shared by convolution and pooling. */
#ifndef CDS_SPEC_WORKLOAD_WINDOW_H
#define CDS_SPEC_WORKLOAD_WINDOW_H

#include "spec/workload_layers.h"

typedef struct cds_pair {
  uint64_t high, wide;
} cds_pair;

/* One number for both directions, or [high, wide]; `low` when not given. */
cds_status cds_pair_read(cds_pair *out, const cds_yaml *node, const char *what,
                         uint64_t low, const cds_reader *reader);
/* A pair that was refused is 1. */
void cds_pair_fill(cds_pair *it);
/* Output size along one direction; 0 when the window does not fit. */
uint64_t cds_window_steps(uint64_t input, uint64_t kernel, uint64_t stride,
                          uint64_t dilation, uint64_t padding);

#endif
