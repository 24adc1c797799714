/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The organisation of a bank: that of least energy of a read times the square
 * of the access time, over sub-arrays of 2^n rows and columns and grids of
 * mats. That product is what both of CACTI's recipes minimise. Ties: fewer
 * rows, then fewer columns, then fewer mats across.
 *
 * Figures of the best organisation are not monotone in capacity: twice the
 * cells may be worth another cut, slower and less hungry. Two steps make the
 * answer non-decreasing:
 *   1. at powers of two, each figure is the largest of those at the capacity
 *      and at LOOKED_BACK smaller powers of two;
 *   2. between powers of two it is interpolated.
 * Step 1 could only fail where a figure falls below one that lies further back.
 * There are finitely many cases, and tests/unit/test_tech_sram_model.c tries
 * those of one port and bank all: every process, device, width and power of
 * two; with more ports and banks, the widths that are powers of two.
 */
#include <math.h>

#include "tech/sram_array.h"

enum {
  LOG2_ROWS_LOW = 4, /* two predecoders of two address bits each; CACTI 7 */
  LOG2_ACROSS_HIGH = 5,
  LOG2_STEEP = 5, /* mats up over mats across, at most */
  LOOKED_BACK = 2,
  LOG2_PARTS = 2 /* sub-arrays of a mat */
};

static const double COLUMNS_HIGH = 2048;
static const double ROUNDING = 1 - 1e-12; /* of a bound against a cost */

/* What the figures of a capacity are searched with. */
typedef struct request {
  const cds_sram_frame *frame;
  double address_bits, moved_bits; /* moved: of address and data */
  double bits;
  unsigned log2_bits, log2_banks;
} request;

typedef struct choice {
  double cost; /* pJ ns^2 */
  cds_sram_organisation organisation;
  cds_sram_mat mat;
  cds_sram_tree tree;
} choice;

/* The canonical order of organisations of equal cost. */
static bool is_before(const cds_sram_organisation *a,
                      const cds_sram_organisation *b) {
  if (a->rows != b->rows) {
    return a->rows < b->rows;
  }
  if (a->columns != b->columns) {
    return a->columns < b->columns;
  }
  return a->log2_across < b->log2_across;
}

/* What an array of such parts does not cost less than: its cost without the
 * wires that widen mats and banks, and without a tree over banks. A mat is then
 * twice as high and wide as a part; the path is that of sram_array.c. No number
 * of wires is negative: a bank has at least two rows of accesses a mat, so that
 * its address has more bits than tell mats apart. */
static double least_cost(const request *asked, const cds_sram_part *part,
                         unsigned across, unsigned up) {
  const cds_sram_frame *frame = asked->frame;
  const double mats_across = (double)(1U << across);
  const double mats_up = (double)(1U << up);
  const double length =
      part->h * (mats_up - 1) + 2 * part->w * (mats_across - 1);
  const double branches = (double)(across + up);
  const double pj = part->read_pj +
                    asked->moved_bits *
                        (frame->tree_pj * length + frame->branch_pj * branches);
  const double ns = part->access_ns + 2 * frame->tree_ns * length +
                    frame->branch_ns * branches;
  return pj * ns * ns * ROUNDING;
}

/* Tries one grid of mats. */
static void try_grid(choice *best, const request *asked,
                     const cds_sram_organisation *cut) {
  cds_sram_mat mat;
  cds_sram_tree tree;
  cds_sram_mat_of(&mat, asked->frame, cut, asked->address_bits);
  cds_sram_tree_of(&tree, asked->frame, &mat, cut, asked->address_bits,
                   asked->log2_banks);
  const double ns = mat.access_ns + tree.round_trip_ns;
  const double pj = mat.read_pj + asked->moved_bits * tree.bit_pj;
  const double cost = pj * ns * ns;
  if (cost < best->cost ||
      (cost == best->cost && is_before(cut, &best->organisation))) {
    *best = (choice){cost, *cut, mat, tree};
  }
}

/* Tries the grids of mats of this sub-array that make up the bank. */
static void try_grids(choice *best, const request *asked, double rows,
                      double columns, unsigned log2_mats) {
  const cds_sram_part part = cds_sram_part_of(asked->frame, rows, columns);
  const unsigned steep = log2_mats > LOG2_STEEP ? log2_mats - LOG2_STEEP : 0;
  for (unsigned across = (steep + 1) / 2;
       2 * across <= log2_mats && across <= LOG2_ACROSS_HIGH; across++) {
    const unsigned up = log2_mats - across;
    if (least_cost(asked, &part, across, up) <= best->cost) {
      const cds_sram_organisation cut = {rows, columns, across, up};
      try_grid(best, asked, &cut);
    }
  }
}

/* Tries all sub-arrays with that many rows. */
static void try_rows(choice *best, const request *asked, unsigned log2_rows) {
  const double rows = (double)(1U << log2_rows);
  unsigned taken = log2_rows + LOG2_PARTS;
  double columns = 1;
  for (; taken <= asked->log2_bits && columns <= COLUMNS_HIGH; taken++) {
    /* Half of the width from each of two sub-arrays at least. */
    if (2 * columns >= asked->frame->width) {
      try_grids(best, asked, rows, columns, asked->log2_bits - taken);
    }
    columns *= 2;
  }
}

/* Tries the sub-array of another capacity: the better the first ones, the more
 * are passed over. */
static void try_again(choice *best, const request *asked,
                      const cds_sram_organisation *known) {
  const double mats = asked->bits / (4 * known->rows * known->columns);
  unsigned log2_mats = 0;
  while ((double)(1U << log2_mats) < mats) {
    log2_mats++;
  }
  try_grids(best, asked, known->rows, known->columns, log2_mats);
}

/* The best organisation of a bank of 2^log2_bits. */
static void search_power(cds_sram_array *out, choice *best,
                         const cds_sram_frame *frame, unsigned log2_bits,
                         unsigned log2_banks) {
  static const unsigned char log2_rows[] = {7, 8, 6, 9, 5, 10, 4};
  const request asked = {.frame = frame,
                         .address_bits = log2_bits - frame->log2_width,
                         .moved_bits =
                             log2_bits - frame->log2_width + frame->width,
                         .bits = (double)(UINT64_C(1) << log2_bits),
                         .log2_bits = log2_bits,
                         .log2_banks = log2_banks};
  const cds_sram_organisation known = best->organisation;
  best->cost = (double)INFINITY;
  if (known.rows > 0) {
    try_again(best, &asked, &known);
  }
  for (unsigned rows = 0; rows < sizeof log2_rows; rows++) {
    try_rows(best, &asked, log2_rows[rows]);
  }
  cds_sram_array_of(out, frame, &best->mat, &best->tree, asked.address_bits);
}

static double larger(double a, double b) { return a > b ? a : b; }

/* The first of arrays of falling capacity, no figure below those of the next
 * ones, of which there are `more`. */
static cds_sram_array held_up(const cds_sram_array *arrays, unsigned more) {
  cds_sram_array out = arrays[0];
  for (unsigned step = 1; step <= more && step <= LOOKED_BACK; step++) {
    const cds_sram_array *below = &arrays[step];
    out.read_pj = larger(out.read_pj, below->read_pj);
    out.write_pj = larger(out.write_pj, below->write_pj);
    out.area_um2 = larger(out.area_um2, below->area_um2);
    out.access_ns = larger(out.access_ns, below->access_ns);
  }
  return out;
}

static double between(double low, double high, double part) {
  return low + (high - low) * part;
}

/* log2 of the bits of the least bank that is told apart: 16 rows, columns for
 * half of the width. */
static unsigned log2_of_least(double width) {
  unsigned log2_columns = 0;
  while (2 * (double)(1U << log2_columns) < width) {
    log2_columns++;
  }
  return log2_columns + LOG2_ROWS_LOW + LOG2_PARTS;
}

void cds_sram_search(cds_sram_array *out, cds_sram_organisation *organisation,
                     const cds_sram_frame *frame, double bank_bits,
                     unsigned log2_banks) {
  const unsigned log2_least = log2_of_least(frame->width);
  unsigned log2_high = log2_least;
  while ((double)(UINT64_C(1) << log2_high) < bank_bits) {
    log2_high++;
  }
  const double high_bits = (double)(UINT64_C(1) << log2_high);
  const bool is_between = bank_bits < high_bits && log2_high > log2_least;
  const unsigned wanted = (is_between ? 1 : 0) + LOOKED_BACK;
  const unsigned more =
      wanted < log2_high - log2_least ? wanted : log2_high - log2_least;
  /* Of falling capacity. */
  cds_sram_array arrays[2 + LOOKED_BACK] = {{.read_pj = 0}};
  choice best = {.organisation = {.rows = 0}}; /* none */
  for (unsigned step = more + 1; step-- > 0;) {
    search_power(&arrays[step], &best, frame, log2_high - step, log2_banks);
  }
  *organisation = best.organisation;
  *out = held_up(arrays, more);
  if (is_between) {
    const cds_sram_array low = held_up(arrays + 1, more - 1);
    const double part = 2 * bank_bits / high_bits - 1;
    out->read_pj = between(low.read_pj, out->read_pj, part);
    out->write_pj = between(low.write_pj, out->write_pj, part);
    out->area_um2 = between(low.area_um2, out->area_um2, part);
    out->access_ns = between(low.access_ns, out->access_ns, part);
    out->cycle_ns = between(low.cycle_ns, out->cycle_ns, part);
  }
}
