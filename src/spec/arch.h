/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An architecture with every number resolved: one chain of levels (outermost
 * first) with arrays between them, the compute units at the end, and vector
 * units at the side. Plain data; nothing here computes.
 *
 * Position: `depth` of a level is the number of arrays above it, so
 * array[0] .. array[depth-1] multiply its instances. Levels side by side have
 * the same `position` in the chain; otherwise positions increase.
 */
#ifndef CDS_SPEC_ARCH_H
#define CDS_SPEC_ARCH_H

#include <stdbool.h>
#include <stdint.h>

#include "spec/einsum.h"
#include "spec/package.h"
#include "tech/tech.h"

enum {
  CDS_LEVELS_MAX = 16,
  CDS_ARRAYS_MAX = 6,
  CDS_DIES_MAX = 16,
  CDS_BONDS_MAX = 32,
  CDS_VECTORS_MAX = 4,
  CDS_NAMED_MAX = 16,
  CDS_FORMATS_MAX = 8,
  CDS_ORIGINS_MAX = 256
};

/* What happens to a word at a level (WORKED_EXAMPLE vocabulary). */
typedef enum cds_action {
  CDS_READ,   /* leaves downwards, to a child or to compute */
  CDS_FILL,   /* arrives from the parent */
  CDS_UPDATE, /* a result arrives from below */
  CDS_DRAIN   /* a result leaves upwards */
} cds_action;
enum { CDS_ACTIONS = 4 };

typedef enum cds_buffering {
  CDS_BUFFER_DOUBLE, /* a tile that is replaced is held twice */
  CDS_BUFFER_SINGLE  /* fills and drains are not hidden */
} cds_buffering;

typedef enum cds_overlap {
  CDS_OVERLAP_NATIVE, /* as each level's buffering says */
  CDS_OVERLAP_PERFECT /* lower bound: neither capacity nor time is charged */
} cds_overlap;

/* Which tensors a level must keep or must not: by role and by name. */
typedef struct cds_tensor_set {
  unsigned roles; /* bit 1 << cds_role */
  unsigned names;
  const char *name[CDS_NAMED_MAX];
} cds_tensor_set;

typedef enum cds_policy { CDS_MAY, CDS_MUST, CDS_MUST_NOT } cds_policy;

/* A price of moving words: per access of the level's width, or per bit. */
typedef struct cds_access_price {
  double access_pj; /* for each access of `width` bits */
  double bit_pj;    /* for each bit */
} cds_access_price;

typedef struct cds_level {
  const char *name;
  const char *class_name; /* "dram", "sram", "regfile", "" for explicit */
  cds_place place;
  unsigned position; /* in the chain; equal for levels side by side */
  unsigned depth;    /* arrays above */
  unsigned die;
  uint64_t size_bits; /* of one instance; UINT64_MAX: unlimited */
  uint64_t width_bits;
  /* Of each value, whatever its format, for Timeloop's accounting (its levels
   * have words of their own); 0: the tensor's format. */
  unsigned word_bits;
  cds_access_price price[CDS_ACTIONS];
  double read_bandwidth;   /* bit per core cycle and instance: reads, drains */
  double write_bandwidth;  /* fills and updates; INFINITY: never limits */
  double shared_bandwidth; /* all four actions together */
  double leakage_w;        /* one instance, at its supply, 85 degC */
  /* Of DRAM, one instance, likewise at all times: standby, and refresh at or
   * below 85 degC (cds_tech_refresh_factor of tech.h above it). */
  double background_w, refresh_w;
  double area_um2; /* one instance */
  cds_buffering buffering;
  bool accumulate; /* partial results are added here and never come back */
  bool streamed;   /* outermost: the network need not fit */
  cds_tensor_set keep, bypass, may; /* may: nothing named = all others */
  bool may_given;
} cds_level;

/* Which links a network has, and how words go over them: count/hops.h. */
typedef enum cds_network_kind {
  CDS_NETWORK_BUS,
  CDS_NETWORK_MESH,
  CDS_NETWORK_SYSTOLIC,
  CDS_NETWORK_TREE,
  CDS_NETWORK_CROSSBAR
} cds_network_kind;

/* Where the parent is attached to a mesh or a systolic array. */
typedef enum cds_ports {
  CDS_PORTS_CORNER, /* one port, at the router of row 0 and column 0 */
  CDS_PORTS_COLS,   /* one above each column, at row 0 */
  CDS_PORTS_ROWS    /* one beside each row, at column 0 */
} cds_ports;

/* Longest axis of an array whose links are counted: every kind but bus. */
#define CDS_LINKS_EXTENT_MAX 65536U

typedef struct cds_array {
  const char *name;
  cds_place place;
  unsigned die;
  unsigned axes;            /* 1 or 2 */
  const char *axis_name[2]; /* "rows", "cols" */
  uint64_t extent[2];       /* of each axis */
  cds_network_kind network;
  cds_ports ports; /* mesh, systolic */
  uint64_t radix;  /* tree: children of a node */
  double bit_pj;   /* energy of one bit carried once (bus), over one link */
  double add_pj;   /* energy of one addition of a spatial reduction */
  bool multicast, reduction;
  /* Systolic: the words of a tile that changes are shifted in (results out)
   * before the next pass begins, and each pass has a skew of its own; else
   * passes follow each other without a gap. */
  bool passes_apart;
  bool drains_direct; /* with passes apart, results that stayed in the elements
                         are not shifted out: they leave where they are */
  /* Bit per core cycle; INFINITY: no limit. Bus: of one network, both ways
   * together; other kinds: of one link, each way. */
  double bandwidth;
  double leakage_w; /* network of one array */
  double area_um2;
} cds_array;

typedef struct cds_compute {
  const char *name;
  const char *class_name;
  cds_place place;
  unsigned die;
  unsigned formats; /* 0: any format, at mac_pj[0] */
  cds_format format[CDS_FORMATS_MAX];
  double mac_pj[CDS_FORMATS_MAX]; /* one multiply-accumulate in the format */
  double leakage_w, area_um2;     /* one unit */
} cds_compute;

/* Primitives of operations that are not multiply-accumulate. */
typedef enum cds_primitive {
  CDS_ADD,
  CDS_MUL,
  CDS_MAX,
  CDS_EXP,
  CDS_RECIP,
  CDS_RSQRT,
  CDS_ERF,
  CDS_CONVERT
} cds_primitive;
enum { CDS_PRIMITIVES = 8 };

typedef struct cds_vector {
  const char *name;
  cds_place place;
  unsigned die;
  unsigned level; /* index of the level that it reads and writes */
  uint64_t lanes;
  /* Those that the sum of a row goes over; 0: all of them. Only relaxed designs
   * (explore/box_bound.h) have fewer here. */
  uint64_t summed_lanes;
  unsigned formats;
  cds_format format[CDS_FORMATS_MAX];
  double cycles[CDS_PRIMITIVES];    /* lane cycles of one primitive */
  double energy_pj[CDS_PRIMITIVES]; /* in the accumulator's format */
  double leakage_w, area_um2;
} cds_vector;

/* Without a vector unit: who does the other operations. */
typedef enum cds_other {
  CDS_OTHER_MACS,
  CDS_OTHER_HOST,
  CDS_OTHER_REFUSE
} cds_other;

typedef struct cds_host {
  double operation_pj; /* one primitive */
  double operations_per_cycle;
  double link_bit_pj;
  double link_bandwidth; /* bit per core cycle; INFINITY: no limit */
} cds_host;

typedef struct cds_die {
  const char *name;
  cds_place place;
  const char *process;  /* "n7", "dram-1b", ... "" when not given */
  const char *device;   /* "hp", "lp" */
  double supply_v;      /* as given (a variable, often) */
  double sram_supply_v; /* of its levels of class sram; NaN: no process */
  double nominal_v;     /* at which the prices are stated */
  double clock_hz;      /* min(given, f_max(supply)) */
  double given_clock_hz;
  uint64_t size_bits; /* capacity of one memory die; 0: not given */
  uint64_t repeat;    /* how many of it the stack has; 1 outside stacks */
  bool memory;        /* a memory process: supply and clock do not apply */
  /* Of one die: area of what stands on it, and its leakage at its supply and 85
   * degC. */
  double area_um2, leakage_w;
  /* What the file gives beside its entries, of all dies of the kind; part of
   * fixed_leakage_w. */
  double own_leakage_w;
  cds_die_body body;
  unsigned states; /* beside running */
  const cds_power_state *state;
} cds_die;

/* A bond between neighbours of a stack, or between a stack and the board. */
typedef struct cds_bond {
  const char *name;
  unsigned lower, upper; /* dies */
  double bit_pj;
  double bandwidth; /* bit per core cycle, both directions; INFINITY */
  /* Mean number of times that a bit crosses it: (m + n) / 2 between m lower
   * and n upper dies, traffic spread evenly over them. bit_pj is the mean
   * over these crossings; bandwidth is that of the busiest one, in terms of
   * all bits that pass between the two kinds of die. */
  double crossings;
  double given_bits_per_s; /* as the file gives it; NaN: it does not */
} cds_bond;

/* Where a number comes from: what the user wrote as source or assumption, or
 * the built-in model that filled it. */
typedef struct cds_origin {
  const char *entry; /* name of the level, array, die, ... */
  const char *what;  /* "energy", "area", ... "" for the whole entry */
  const char *text;
  bool assumption;
} cds_origin;

enum { CDS_CLASSES_MAX = 24 }; /* of an architecture; more are not listed */

/* Classes whose numbers are taken from an end of their ranges, whatever the
 * file says; see tech.h. */
typedef struct cds_class_ends {
  unsigned classes;
  const char *name[CDS_CLASSES_MAX];
  cds_tech_end end[CDS_CLASSES_MAX];
} cds_class_ends;

typedef struct cds_arch {
  const char *name;
  cds_place place;
  unsigned levels;
  cds_level level[CDS_LEVELS_MAX];
  unsigned arrays;
  cds_array array[CDS_ARRAYS_MAX];
  cds_compute compute;
  unsigned vectors;
  cds_vector vector[CDS_VECTORS_MAX];
  cds_other other_operations;
  cds_host host;
  double mac_slots[CDS_PRIMITIVES]; /* MAC slots of a primitive, OTHER_MACS */
  unsigned dies;
  cds_die die[CDS_DIES_MAX];
  unsigned bonds;
  cds_bond bond[CDS_BONDS_MAX];
  cds_overlap overlap;
  bool any_factors; /* mappings may cut ranks into parts that are not equal */
  /* AccelForge's accounting: every instance of an array without reduction has
   * partial sums of its own, as if the outer level held them apart: the first
   * read of each is skipped, all later ones come back. Words are the same where
   * no such array spreads a reduction. Never set by a file; see
   * cds_arch_accelforge. */
  bool sums_apart;
  double clock_hz;            /* of the compute units: the model's cycle */
  double ambient_degc;        /* package cooling */
  double sink_k_per_w;        /* 0: not given */
  const cds_package *package; /* NULL: the file has none */
  cds_use use;
  double fixed_leakage_w; /* leakage that belongs to no entry */
  double fixed_area_um2;
  unsigned classes; /* that were asked for numbers, each once */
  const char *class_name[CDS_CLASSES_MAX];
  /* All numbers of levels, arrays and units are there, even if the parts do not
   * go together. */
  bool filled;
  /* Of a design that stands for another (explore/heated.h): its prices are
   * those of the other times `weight`, by die, and layers keep what is safe
   * for the other (spec/safe.h). NULL: the design stands for itself. */
  struct {
    const struct cds_safe *safe;
    double weight[CDS_DIES_MAX];
  } roof;
  unsigned origins; /* sources and assumptions, in the order of the file */
  cds_origin *origin;
  const struct cds_constraints *constraints; /* on mappings; NULL: none */
} cds_arch;

/* Resolves a parsed architecture file into `out`, with the variable values of
 * the reader; all strings live in the reader's arena or in the tree. Diagnoses
 * everything that is wrong and returns CDS_EINPUT then. `quiet` leaves out the
 * warnings: they are the same for all designs of a space. */
cds_status cds_arch_read(cds_arch *out, const cds_yaml *root,
                         const cds_reader *reader, bool quiet);
/* The same with some classes at ends of their ranges. NULL: none. */
cds_status cds_arch_read_at(cds_arch *out, const cds_yaml *root,
                            const cds_reader *reader, bool quiet,
                            const cds_class_ends *ends);
/* Every table of keys of an architecture file, ending with NULL. */
extern const cds_schema *const cds_arch_schemas[];

/* Makes the architecture one that AccelForge's accounting sees: perfect
 * overlap, energies by the bit, partial sums apart. CDS_EINPUT, with a message,
 * where an array has links, which that accounting does not know. */
cds_status cds_arch_accelforge(cds_arch *arch, cds_diag *diag);
/* Index of the named level or array, or UINT_MAX. */
unsigned cds_arch_level(const cds_arch *arch, const char *name);
unsigned cds_arch_array(const cds_arch *arch, const char *name);
/* Instances of a level, of an array, of the compute units (arch->arrays). */
uint64_t cds_arch_instances(const cds_arch *arch, unsigned depth);
/* Whether double buffers are charged: a tile that is replaced stands there
 * twice, and the first fill and last drain add to the time. */
static inline bool cds_level_doubled(const cds_arch *arch, unsigned level) {
  return arch->overlap == CDS_OVERLAP_NATIVE &&
         arch->level[level].buffering == CDS_BUFFER_DOUBLE;
}
/* Standing power of one instance, at 85 degC. */
static inline double cds_level_standing_w(const cds_level *level) {
  return level->leakage_w + level->background_w + level->refresh_w;
}
/* What the level says of the tensor. The outermost level keeps all. */
cds_policy cds_level_policy(const cds_arch *arch, unsigned level,
                            const cds_tensor *tensor);
/* Bonds crossed between two dies, as a bit mask over arch->bond. */
uint32_t cds_arch_bonds_between(const cds_arch *arch, unsigned a, unsigned b);
/* Sums over all instances at the die supplies; W and um2. */
double cds_arch_leakage_w(const cds_arch *arch);
double cds_arch_area_um2(const cds_arch *arch);
/* Turns the leakage of a design, entry by entry, into that at other
 * temperatures: times a factor by kind of die. */
void cds_arch_leak(cds_arch *arch, const double factor[CDS_DIES_MAX]);

#endif
