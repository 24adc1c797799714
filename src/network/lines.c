/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Supporting lines of one layer: apexes, questions and answers. */
#include "network/lines.h"

#include <float.h>

enum {
  TANGENTS = 1, /* questions at the network's lambda before the chord's */
  TOWARDS = 3,  /* questions towards a floor before its end is asked for */
  GIVE_UP = 3   /* questions beside unproven answers */
};

/* E + lambda T, or T at infinity. */
static double value_at(double lambda, double energy_pj, double latency_s) {
  return lambda == (double)INFINITY ? latency_s
                                    : energy_pj + lambda * latency_s;
}

static double point_at(double lambda, const cds_line_point *point) {
  return value_at(lambda, point->energy_pj, point->latency_s);
}

static bool same_point(const cds_line_point *a, const cds_line_point *b) {
  return a->energy_pj == b->energy_pj && a->latency_s == b->latency_s;
}

static bool exact(const cds_line *line) { return line->real && line->proven; }

/* Intersection of two lines. Rounding is turned towards lower T, which lies
 * below the true polyhedron: never too high a bound. */
static void set_apex(cds_line *a, const cds_line *b) {
  double latency_s;
  if (b->lambda == (double)INFINITY) {
    latency_s = b->bound;
  } else {
    const double step = b->lambda - a->lambda;
    const double error =
        4 * DBL_EPSILON * (fabs(a->bound) + fabs(b->bound)) / step;
    latency_s = (b->bound - a->bound) / step - error;
    if (exact(b)) {
      latency_s = fmax(latency_s, b->left.latency_s);
    }
  }
  if (exact(a)) {
    latency_s = fmin(latency_s, a->right.latency_s);
  }
  a->apex_latency_s = latency_s;
  a->apex_energy_pj =
      a->lambda == 0 ? a->bound : a->bound - a->lambda * latency_s;
}

static void update_segment(cds_line *segment) {
  const cds_line *next = segment->next;
  if (exact(segment) && exact(next) &&
      same_point(&segment->right, &next->left)) {
    segment->state = CDS_SEGMENT_CLOSED;
    segment->apex_energy_pj = segment->right.energy_pj;
    segment->apex_latency_s = segment->right.latency_s;
    return;
  }
  const bool weak =
      (segment->real && !segment->proven) || (next->real && !next->proven);
  segment->state =
      weak && segment->tries >= GIVE_UP ? CDS_SEGMENT_STUCK : CDS_SEGMENT_OPEN;
  set_apex(segment, next);
}

cds_status cds_lines_start(cds_lines_layer *out, size_t index,
                           const cds_hull_layer *layer, cds_arena *arena) {
  cds_line *line = (cds_line *)cds_arena_array(arena, 2, sizeof *line);
  if (line == NULL) {
    return CDS_ENOMEM;
  }
  line[0] =
      (cds_line){.layer = index, .next = &line[1], .bound = layer->energy_pj};
  line[1] = (cds_line){.layer = index,
                       .previous = &line[0],
                       .lambda = (double)INFINITY,
                       .bound = layer->latency_s};
  update_segment(&line[0]);
  out->first = &line[0];
  return CDS_OK;
}

static bool between(const cds_line *a, double lambda) {
  return a->lambda < lambda && lambda < a->next->lambda;
}

/* A lambda towards a floor: where the network's interest ends, so that one
 * answer settles the side; when that keeps failing, the end itself. */
static cds_question towards_floor(const cds_line *a,
                                  const cds_interest *interest) {
  const cds_line *b = a->next;
  double lambda = interest->at;
  if (a->real) {
    lambda = interest->high > a->lambda ? interest->high : 2 * a->lambda;
  } else if (b->real) {
    lambda = interest->low < b->lambda ? interest->low : b->lambda / 2;
  }
  if (!between(a, lambda) || a->tries >= TOWARDS) {
    const bool right = a->real || (!b->real && interest->at > 0);
    lambda = right ? (double)INFINITY : 0;
  }
  return (cds_question){.ask = true, .lambda = lambda};
}

static cds_question at_chord(cds_line *a) {
  cds_line *b = a->next;
  const double rise = b->left.energy_pj - a->right.energy_pj;
  const double fall = a->right.latency_s - b->left.latency_s;
  const double lambda = rise / fall;
  if (fall > 0 && between(a, lambda)) {
    return (cds_question){.ask = true, .chord = true, .lambda = lambda};
  }
  /* The chord lies on one of the two lines (always so for ties at an end,
   * else by rounding): the other's point is then on both. */
  if (fall > 0 ? lambda >= b->lambda : rise >= 0) {
    b->left = a->right;
  } else {
    a->right = b->left;
  }
  update_segment(a);
  return (cds_question){.ask = false};
}

/* Between unproven answers: halve the interval of lambda. */
static cds_question at_middle(cds_line *a) {
  const cds_line *b = a->next;
  double lambda = 0.5 * (a->lambda + b->lambda);
  if (a->lambda > 0) {
    lambda = b->lambda == (double)INFINITY ? 2 * a->lambda
                                           : sqrt(a->lambda) * sqrt(b->lambda);
  } else if (b->lambda == (double)INFINITY) {
    lambda = a->apex_energy_pj / a->apex_latency_s;
  }
  if (a->tries < GIVE_UP && between(a, lambda)) {
    return (cds_question){.ask = true, .lambda = lambda};
  }
  a->tries = GIVE_UP;
  a->state = CDS_SEGMENT_STUCK;
  return (cds_question){.ask = false};
}

cds_question cds_lines_question(cds_line *segment,
                                const cds_interest *interest) {
  const cds_line *next = segment->next;
  if (!segment->real || !next->real) {
    return towards_floor(segment, interest);
  }
  if (between(segment, interest->at) && segment->tries < TANGENTS) {
    return (cds_question){.ask = true, .lambda = interest->at};
  }
  if (!exact(segment) || !exact(next)) {
    return at_middle(segment);
  }
  return at_chord(segment);
}

/* Notes which of the neighbours' points lie on the new line and whether its
 * point lies on theirs. */
static void touch(cds_line *line, bool chord) {
  cds_line *a = line->previous;
  cds_line *b = line->next;
  const cds_line_point point = line->left;
  if (a != NULL && exact(a)) {
    if (chord || point_at(line->lambda, &a->right) <= line->bound) {
      line->left = a->right;
    } else if (point_at(a->lambda, &point) <= a->bound &&
               point.latency_s < a->right.latency_s) {
      a->right = point;
    }
  }
  if (b != NULL && exact(b)) {
    if (chord || point_at(line->lambda, &b->left) <= line->bound) {
      line->right = b->left;
    } else if (point_at(b->lambda, &point) <= b->bound &&
               point.energy_pj < b->left.energy_pj) {
      b->left = point;
    }
  }
}

/* Whether the chord's question found nothing below the chord. The comparisons
 * of T only end what rounding has left of a segment. */
static bool chord_closed(const cds_line_point *a, const cds_line_point *b,
                         double lambda, const cds_line_point *point) {
  const double value = point_at(lambda, point);
  return value >= point_at(lambda, a) || value >= point_at(lambda, b) ||
         point->latency_s > a->latency_s || point->latency_s < b->latency_s;
}

static void set_answer(cds_line *line, const cds_hull_answer *answer,
                       double apex_value) {
  line->left =
      (cds_line_point){answer->energy_pj, answer->latency_s, answer->solution};
  line->right = line->left;
  line->real = true;
  line->proven = answer->proven;
  /* The support function is concave: between two lines it is at least what
   * their apex says, which an unproven bound may fail to reach. */
  line->bound = answer->proven ? point_at(line->lambda, &line->left)
                               : fmax(answer->bound, apex_value);
}

/* The end of the layer that was a floor until now. */
static void make_real(cds_line *end, const cds_hull_answer *answer) {
  set_answer(end, answer, end->bound);
  if (end->proven) {
    touch(end, false);
  }
}

static void count_try(cds_line *a, cds_line *line, const cds_line_point *point,
                      unsigned tries) {
  const bool known = (a->real && same_point(point, &a->right)) ||
                     (line->next->real && same_point(point, &line->next->left));
  const unsigned next = known || !line->proven ? tries + 1 : 0;
  a->tries = next;
  line->tries = next;
}

/* An answer at infinity that holds from a finite slope on is a line there, too:
 * nothing is left to ask between the two. */
static cds_status settle_end(cds_line **out, cds_line *segment,
                             const cds_hull_answer *answer, cds_arena *arena) {
  cds_line *end = segment->next;
  if (!answer->proven || !(answer->from > segment->lambda) ||
      answer->from == (double)INFINITY) {
    return CDS_OK;
  }
  cds_line *line = (cds_line *)cds_arena_alloc(arena, sizeof *line);
  if (line == NULL) {
    return CDS_ENOMEM;
  }
  *line = (cds_line){.previous = segment,
                     .next = end,
                     .layer = segment->layer,
                     .lambda = answer->from,
                     .tries = segment->tries};
  set_answer(line, answer, 0);
  segment->next = line;
  end->previous = line;
  touch(line, false);
  end->left = line->right;
  update_segment(line);
  *out = line;
  return CDS_OK;
}

cds_status cds_lines_insert(cds_line **out, cds_line *segment,
                            const cds_question *question,
                            const cds_hull_answer *answer, cds_arena *arena) {
  cds_line *next = segment->next;
  *out = NULL;
  if (question->lambda == 0 || question->lambda == (double)INFINITY) {
    const bool end = question->lambda > 0;
    make_real(end ? next : segment, answer);
    segment->tries++;
    if (end) {
      CDS_TRY(settle_end(out, segment, answer, arena));
    }
    update_segment(segment);
    return CDS_OK;
  }
  cds_line *line = (cds_line *)cds_arena_alloc(arena, sizeof *line);
  if (line == NULL) {
    return CDS_ENOMEM;
  }
  *line = (cds_line){.previous = segment,
                     .next = next,
                     .layer = segment->layer,
                     .lambda = question->lambda};
  set_answer(line, answer,
             value_at(question->lambda, segment->apex_energy_pj,
                      segment->apex_latency_s));
  const cds_line_point point = line->left;
  const bool closed =
      question->chord && answer->proven &&
      chord_closed(&segment->right, &next->left, question->lambda, &point);
  segment->next = line;
  next->previous = line;
  count_try(segment, line, &point, segment->tries);
  if (line->proven) {
    touch(line, closed);
  }
  if (segment->previous != NULL) {
    update_segment(segment->previous);
  }
  update_segment(segment);
  update_segment(line);
  if (next->next != NULL) {
    update_segment(next);
  }
  *out = line;
  return CDS_OK;
}

const cds_line_point *cds_lines_pick(const cds_line *segment, double lambda) {
  const cds_line *next = segment->next;
  if (!segment->real || !next->real) {
    return segment->real ? &segment->right : next->real ? &next->left : NULL;
  }
  if (isnan(lambda)) {
    return &segment->right;
  }
  return point_at(lambda, &segment->right) <= point_at(lambda, &next->left)
             ? &segment->right
             : &next->left;
}

double cds_lines_value(const cds_line_point *point, double lambda) {
  return point_at(lambda, point);
}

double cds_lines_gap(const cds_line *segment, double lambda) {
  const double apex =
      value_at(lambda, segment->apex_energy_pj, segment->apex_latency_s);
  const cds_line_point *point = cds_lines_pick(segment, lambda);
  return point == NULL ? apex : point_at(lambda, point) - apex;
}
