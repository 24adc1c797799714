/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files that read an architecture share: the structs that the tables
 * of keys fill ("raw", as written), and the state of one reading. Internal to
 * spec/arch*.c.
 *
 * Order: top level, dies, stacks (repeats), the chain of levels, then the
 * numbers that depend on a clock or a class, bonds last (they need areas).
 *
 * One run finds all that is wrong: an entry with wrong keys stays in the chain
 * with what could be read of it, and of its numbers only the keys are checked;
 * what looks at several entries together is left out then.
 */
#ifndef CDS_SPEC_ARCH_BUILD_H
#define CDS_SPEC_ARCH_BUILD_H

#include "spec/arch.h"

typedef struct cds_raw_origin {
  const char *source, *assumption, *note;
} cds_raw_origin;

typedef struct cds_raw_arch {
  const char *name;
  const cds_yaml *dies, *package, *levels, *constraints, *host, *mac_slots;
  const cds_yaml *use, *explore;
  unsigned overlap, other_operations, figures;
  const char *accumulate;
  double clock, leakage, area;
  cds_raw_origin origin;
} cds_raw_arch;

typedef struct cds_raw_die {
  const char *process, *device;
  double supply, sram_supply, nominal, clock, size, leakage, area;
  cds_die_body body;
  const cds_yaml *power_states;
  cds_raw_origin origin;
} cds_raw_die;

typedef struct cds_raw_state {
  const char *name;
  double supply, clock, leakage, wake_time, wake_energy;
  cds_raw_origin origin;
} cds_raw_state;

typedef struct cds_raw_package {
  const cds_yaml *stacks, *links, *cooling, *carrier, *power;
  double volume;
  cds_raw_origin origin;
} cds_raw_package;

/* How the dies get their power: of it, of the regulators, of the bumps. */
typedef struct cds_raw_power {
  const cds_yaml *regulator, *bumps;
  double mains, network, budget, grid;
  bool backside;
  cds_raw_origin origin;
} cds_raw_power;

typedef struct cds_raw_regulator {
  unsigned place;
  double efficiency, input;
  cds_raw_origin origin;
} cds_raw_regulator;

typedef struct cds_raw_bumps {
  double pitch, current, resistance, share;
  cds_quantity rate;
  cds_raw_origin origin;
} cds_raw_bumps;

typedef struct cds_raw_stack {
  const char *name;
  double x, y;
  const cds_yaml *layers;
  cds_raw_origin origin;
} cds_raw_stack;

/* A layer of a stack, a bond alone, or a link. */
typedef struct cds_raw_layer {
  const char *die, *from, *to;
  uint64_t repeat;
  const char *bond;
  double pitch, shoreline, energy;
  double thickness, conductivity; /* of the bond */
  double resistance, current;     /* of one connection with power */
  unsigned face;
  cds_quantity bandwidth;
  cds_raw_origin origin;
} cds_raw_layer;

typedef struct cds_raw_cooling {
  double ambient, sink;
  const cds_yaml *tim, *lid, *plate;
  double board, fill;
  cds_raw_origin origin;
} cds_raw_cooling;

/* A plate, a carrier, or the layer between dies and lid. */
typedef struct cds_raw_plate {
  const char *kind;
  double side, thickness, conductivity;
  cds_raw_origin origin;
} cds_raw_plate;

typedef struct cds_raw_bandwidth {
  cds_quantity read, write, shared;
  cds_raw_origin origin;
} cds_raw_bandwidth;

typedef struct cds_raw_energy {
  cds_quantity action[CDS_ACTIONS];
  cds_quantity all;
  cds_raw_origin origin;
} cds_raw_energy;

typedef struct cds_raw_level {
  const char *name, *class_name, *die;
  double size, width, word;
  const cds_yaml *bandwidth, *energy;
  double leakage, background, refresh, row_hit, area;
  unsigned buffering;
  cds_names keep, bypass, may;
  bool accumulate, streamed;
  cds_raw_origin origin;
} cds_raw_level;

typedef struct cds_raw_array {
  const char *name, *die;
  uint64_t rows, cols;
  const cds_yaml *network;
  bool multicast, reduction;
  double leakage, area;
  cds_raw_origin origin;
} cds_raw_array;

typedef struct cds_raw_network {
  unsigned kind, ports, passes, drain;
  const char *class_name;
  uint64_t radix; /* 0: not given */
  double shoreline;
  double energy, add;
  cds_quantity bandwidth;
  cds_raw_origin origin;
} cds_raw_network;

typedef struct cds_raw_beside {
  const cds_yaml *levels;
  cds_raw_origin origin;
} cds_raw_beside;

/* Compute units and vector units. */
typedef struct cds_raw_compute {
  const char *name, *class_name, *die, *at;
  uint64_t lanes;
  const cds_yaml *formats, *energy, *cycles;
  double leakage, area;
  cds_raw_origin origin;
} cds_raw_compute;

/* Energy, cycles or MAC slots of each primitive; not given: NaN or 0. */
typedef struct cds_raw_primitives {
  double value[CDS_PRIMITIVES];
  cds_raw_origin origin;
} cds_raw_primitives;

typedef struct cds_raw_host {
  double energy, rate;
  const cds_yaml *link;
  cds_raw_origin origin;
} cds_raw_host;

typedef struct cds_raw_host_link {
  double energy;
  cds_quantity bandwidth;
  cds_raw_origin origin;
} cds_raw_host_link;

typedef struct cds_raw_use {
  double grid, electricity, lifetime, duty, idle;
  cds_raw_origin origin;
} cds_raw_use;

typedef struct cds_raw_explore {
  const cds_yaml *variables, *limits;
  unsigned objective;
  cds_raw_origin origin;
} cds_raw_explore;

extern const cds_schema cds_schema_arch, cds_schema_die, cds_schema_package,
    cds_schema_stack, cds_schema_layer, cds_schema_stack_bond, cds_schema_link,
    cds_schema_power, cds_schema_regulator, cds_schema_bumps, cds_schema_state,
    cds_schema_cooling, cds_schema_carrier, cds_schema_tim, cds_schema_plate,
    cds_schema_level, cds_schema_level_bandwidth, cds_schema_level_energy,
    cds_schema_one_bandwidth, cds_schema_one_energy, cds_schema_array,
    cds_schema_network, cds_schema_one_network, cds_schema_beside,
    cds_schema_compute, cds_schema_vector, cds_schema_cycles,
    cds_schema_primitive_energy, cds_schema_mac_slots, cds_schema_host,
    cds_schema_host_link, cds_schema_use, cds_schema_explore;

/* A die while it is read. */
typedef struct cds_build_die {
  const cds_yaml *node; /* NULL: the implicit die */
  cds_raw_die raw;
  double energy_factor, leakage_factor; /* of explicit, nominal numbers */
  double sram_energy_factor, sram_leakage_factor; /* of levels of class sram */
  bool sram_raised; /* no 'sram_supply', and 'supply' is below the least */
  bool wrong;       /* could not be read: nothing is asked of its process */
  bool stacked;
  bool clock_used; /* a number depends on its clock */
} cds_build_die;

/* A bond as written, before its numbers are known. */
typedef struct cds_build_bond {
  unsigned lower, upper;
  const cds_yaml *between_node; /* entry that describes this crossing */
  cds_raw_layer between;
  cds_raw_layer within[2]; /* between the repeats of lower and of upper */
  const cds_yaml *within_node[2];
} cds_build_bond;

typedef struct cds_build {
  cds_arch *arch;
  const cds_reader *reader;
  bool quiet;
  const cds_class_ends *ends; /* NULL: none */
  bool wrong;        /* a part could not be read: CDS_EINPUT at the end */
  cds_status status; /* a failure that ends the reading */
  const cds_yaml *root;
  cds_raw_arch top;
  cds_build_die die[CDS_DIES_MAX];
  unsigned bonds;
  cds_build_bond bond[CDS_BONDS_MAX];
  cds_package *package; /* NULL: none is described */
  cds_raw_level level[CDS_LEVELS_MAX];
  const cds_yaml *level_node[CDS_LEVELS_MAX];
  bool level_wrong[CDS_LEVELS_MAX]; /* some of its keys could not be read */
  cds_raw_array array[CDS_ARRAYS_MAX];
  const cds_yaml *array_node[CDS_ARRAYS_MAX];
  cds_raw_compute compute;
  const cds_yaml *compute_node; /* NULL: not seen yet */
  bool compute_wrong;
  cds_raw_compute vector[CDS_VECTORS_MAX];
  const cds_yaml *vector_node[CDS_VECTORS_MAX];
  bool vector_wrong[CDS_VECTORS_MAX];
  unsigned position;  /* of the next entry in the chain */
  unsigned entry_die; /* of the entry before; UINT_MAX: none yet */
} cds_build;

/* Notes a status; false when it is not CDS_OK. */
bool cds_build_ok(cds_build *build, cds_status status);
/* Reads a mapping with a table. */
bool cds_build_read(cds_build *build, void *out, const cds_schema *schema,
                    const cds_yaml *node);
/* Place of a key's value in a mapping, of the mapping when absent. */
cds_place cds_build_place(const cds_yaml *node, const char *key);
/* Remembers where numbers come from. */
void cds_build_origin(cds_build *build, const char *entry, const char *what,
                      const char *text, bool assumption);
void cds_build_origins(cds_build *build, const char *entry,
                       const cds_raw_origin *origin);
/* Index of a die by name, UINT_MAX after a message. */
unsigned cds_build_find_die(cds_build *build, const char *name,
                            cds_place place);
/* Bit per core cycle of a bandwidth; INFINITY when not given. Per-cycle ones
 * count the cycles of the die. */
double cds_build_bandwidth(cds_build *build, const cds_quantity *quantity,
                           unsigned die, cds_place place);
/* Whole bits of a size that was read as a double, 0 after a message. */
uint64_t cds_build_bits(cds_build *build, double value, const char *what,
                        cds_place place);

/* How the package is built and cooled (arch_body.c): the layer of a stack;
 * cooling and carrier; what stands on each die, once all of it is known. */
bool cds_build_package(cds_build *build);
void cds_build_stack_body(cds_build *build, const cds_raw_stack *raw,
                          cds_place place);
void cds_build_layer_body(cds_build *build, unsigned die,
                          const cds_raw_layer *layer,
                          const cds_raw_layer *below, cds_place place);
void cds_build_cooling_body(cds_build *build, const cds_raw_cooling *raw,
                            const cds_yaml *carrier);
void cds_build_die_bodies(cds_build *build);
/* Area of one die of a kind: what stands on it. NaN when nothing says. */
double cds_build_die_area(const cds_build *build, unsigned die);

/* How the dies get their power, and their power states once supplies and
 * clocks are known (arch_power.c). */
void cds_build_power(cds_build *build, const cds_yaml *node);
void cds_build_power_states(cds_build *build, unsigned die);
/* Where and how long it runs. */
void cds_build_use(cds_build *build);

/* The steps, in this order. */
void cds_build_dies(cds_build *build);
void cds_build_stacks(cds_build *build);
void cds_build_chain(cds_build *build);
void cds_build_clocks(cds_build *build);
void cds_build_levels(cds_build *build);
void cds_build_compute(cds_build *build);
void cds_build_arrays(cds_build *build);
void cds_build_other(cds_build *build);
void cds_build_bonds(cds_build *build);
/* What the parts must be together, and what was given for nothing. */
void cds_build_check(cds_build *build);
/* A file with something wrong: the keys of what no other step has read. */
void cds_build_networks(cds_build *build);

#endif
