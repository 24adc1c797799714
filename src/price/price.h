/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * price: (counts, architecture) -> energy, time. Pure.
 *
 *   accesses = ceil(words x bits / width) for each (level, tensor, action)
 *   E = sum accesses x pJ + bits x pJ/bit + MACs x pJ + leakage x T
 *   T = max(compute, every port, network and bond) + first fill + last drain
 *       + skew of systolic arrays
 */
#ifndef CDS_PRICE_PRICE_H
#define CDS_PRICE_PRICE_H

#include "count/count.h"
#include "spec/safe.h"
#include "spec/workload.h"

typedef struct cds_cost {
  double energy_pj;  /* dynamic + leakage */
  double dynamic_pj; /* without leakage */
  double leakage_pj; /* leakage power x latency */
  double cycles;     /* core cycles; whole only when the roofs are */
  double latency_s;
  /* Dynamic energy by component */
  double level_pj[CDS_LEVELS_MAX];
  double array_pj[CDS_ARRAYS_MAX]; /* bits carried, over each link */
  double add_pj[CDS_ARRAYS_MAX];   /* spatial reductions */
  double bond_pj[CDS_BONDS_MAX];
  double compute_pj, vector_pj, host_pj;
  double outer_bits; /* read from and written to the outermost level */
  /* Roofs in cycles */
  double compute_cycles;
  double level_cycles[CDS_LEVELS_MAX];
  double array_cycles[CDS_ARRAYS_MAX];
  double bond_cycles[CDS_BONDS_MAX];
  double first_cycles, last_cycles; /* additive terms */
  double skew_cycles;               /* the same, of systolic arrays */
  /* T >= E_dyn / (P_max - P_leak), or what is safe (cds_arch.roof); 0 without a
   * limit */
  double power_cycles;
  /* Of an operation that a vector unit does: cycles in which neither ports nor
   * networks nor bonds are busy with it. */
  double quiet_cycles;
} cds_cost;

/* Bits needed at each level by a mapping (one instance), double buffering
 * charged. */
void cds_price_needs(uint64_t need_bits[CDS_LEVELS_MAX], const cds_arch *arch,
                     const cds_einsum *einsum, const cds_counts *counts);

/* A tensor and level that do not fit, for messages. */
typedef struct cds_misfit {
  unsigned level;
  unsigned tensor; /* the largest at that level */
  uint64_t need_bits, size_bits;
} cds_misfit;
/* CDS_OK when every level holds its tiles, else CDS_EINFEASIBLE. */
cds_status cds_price_fits(cds_misfit *misfit, const cds_arch *arch,
                          const cds_einsum *einsum, const cds_counts *counts);

/* The least time in which these energies by kind of die are safe, s. */
double cds_price_safe_s(const cds_safe *safe, const cds_safe_point energy_pj);
/* Prices a count vector. `power_limit_w` (INFINITY: none) is a roof on time:
 * T >= E_dyn / (limit - leakage), or where the design has a roof of its own
 * that; CDS_EINFEASIBLE when leakage alone passes it, CDS_EINPUT when the
 * compute units have no such number format. */
cds_status cds_price_einsum(cds_cost *out, const cds_arch *arch,
                            const cds_einsum *einsum, const cds_counts *counts,
                            double power_limit_w);

/* Index of the compute format that serves the einsum: the cheapest one whose
 * bits cover both operands and whose kind (float, integer) fits; UINT_MAX when
 * there is none. Unnamed widths ("8 bit") fit either kind. */
unsigned cds_compute_format(const cds_arch *arch, const cds_einsum *einsum);

/* CDS_EINPUT also when an operand is at home where the unit does not work.
 * Counts and prices an operation that is not multiply-accumulate; also fills
 * reads and so on by level for the result file (traffic at [level]). */
typedef struct cds_operation_counts {
  unsigned at;                    /* level index that the unit works on */
  const char *unit;               /* vector unit, "macs" or "host" */
  uint64_t reads[CDS_LEVELS_MAX]; /* words by level, all operands */
  uint64_t fills[CDS_LEVELS_MAX];
  uint64_t updates[CDS_LEVELS_MAX];
  uint64_t drains[CDS_LEVELS_MAX];
  double primitive_cycles;
} cds_operation_counts;
cds_status cds_price_operation(cds_cost *out, cds_operation_counts *counts,
                               const cds_arch *arch,
                               const cds_operation *operation,
                               double power_limit_w);
/* The level that its unit works on; 0 also where there is no unit. */
unsigned cds_operation_level(const cds_arch *arch,
                             const cds_operation *operation);

#endif
