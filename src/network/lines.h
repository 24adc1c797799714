/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lines: what is known of one layer, as supporting lines E + lambda T >= b by
 * rising lambda. The first stands at lambda 0 (E >= b), the last at INFINITY
 * (T >= b); until they are asked for they are floors without a point. The
 * segment between two neighbours is where the layer's hull turns from one to
 * the other; its apex is their intersection. A segment is closed when the
 * apex is a point of the layer.
 */
#ifndef CDS_NETWORK_LINES_H
#define CDS_NETWORK_LINES_H

#include "network/hull.h"

typedef struct cds_line_point {
  double energy_pj, latency_s;
  size_t solution;
} cds_line_point;

typedef enum cds_segment_state {
  CDS_SEGMENT_CLOSED,
  CDS_SEGMENT_OPEN,
  CDS_SEGMENT_STUCK /* unproven answers: no question helps */
} cds_segment_state;

typedef struct cds_line {
  struct cds_line *previous, *next;
  size_t layer;
  double lambda, bound;
  bool real;   /* has points; a floor has none */
  bool proven; /* the points are on the line */
  /* Points of the layer on the line: of greatest and of least T known. */
  cds_line_point left, right;
  /* The segment from here to `next`. */
  cds_segment_state state;
  double apex_energy_pj, apex_latency_s;
  unsigned tries; /* questions since the last new point */
} cds_line;

typedef struct cds_lines_layer {
  cds_line *first;
} cds_lines_layer;

typedef struct cds_question {
  bool ask;
  bool chord; /* lambda is the slope of the chord between the ends' points */
  double lambda;
  double low, high; /* lambdas that may be asked for next; 0: not known */
} cds_question;

/* The two floors of a layer. CDS_ENOMEM. */
cds_status cds_lines_start(cds_lines_layer *out, size_t index,
                           const cds_hull_layer *layer, cds_arena *arena);
/* The lambdas that matter to the network: `at` is the slope of its objective
 * at the vertex in question; between `low` and `high` lies what can win. */
typedef struct cds_interest {
  double low, at, high;
} cds_interest;

/* The lambda at which a question about the segment helps most. Without `ask`
 * the segment has been closed or given up instead. */
cds_question cds_lines_question(cds_line *segment,
                                const cds_interest *interest);
/* Takes in the answer. `out`: the new inner line, or NULL when a floor became
 * real. CDS_ENOMEM. */
cds_status cds_lines_insert(cds_line **out, cds_line *segment,
                            const cds_question *question,
                            const cds_hull_answer *answer, cds_arena *arena);
/* The better known point at the ends of a segment for lambda; for NAN the
 * point of a closed segment. NULL when there is none. */
const cds_line_point *cds_lines_pick(const cds_line *segment, double lambda);
/* E + lambda T of a point, or T at INFINITY. */
double cds_lines_value(const cds_line_point *point, double lambda);
/* How far the apex lies below the known points at lambda (in E + lambda T, or
 * T): what a question can gain. */
double cds_lines_gap(const cds_line *segment, double lambda);

#endif
