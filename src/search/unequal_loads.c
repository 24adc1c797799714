/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Words at a place of a leg: what all instances take in, or what passes a
 * network or the parent, where instances of some arrays are united (count.h).
 *
 * Without windows. Each *visit* of a tile, a digit of every loop above that is
 * not hoisted over, brings all of it: the parts of a rank that the tensor has
 * add up to its size, and the parts of one that it lacks are counted
 * (cds_parts_of). Before lengths are known: a part has at most the points that
 * the united instances have in it, U, so there are ceil(size / U) at least.
 *
 * Windows, positions c_a i + c_b j, with loops over i (the *moving* rank) above
 * and none over j. Let a visit change the part of i. Then all of it lies behind
 * all of the part before, or all in front: in each instance (lock step). If it
 * moves on, of each point i the positions of i that no smaller one has are new:
 * (i, j) meets (i - k u, j + k v) alone (cds_positions), so at least phi =
 * min(v, J) if the instance has a run of J of rank b, whose last v have no such
 * j + k v. If it moves back, likewise with those that no larger point has, the
 * first v. These positions are different for different points, so what united
 * instances take in anew are different words too: phi of each of the points
 * that they have in the visit, and phi x size in all visits. A visit that
 * changes nothing of the tensor brings the tile anew (mapping.h).
 *
 * If B united instances divide rank b, each takes its own min(v, J) anew of
 * each point; no more than m of all these pairs are at one position (below), so
 * phi = B min(v, J) / m will do, too. If u is no less than the size of rank a,
 * no pairs meet: all of what the united instances have of b is new of a point.
 *
 * If no array divides the moving rank, its innermost loop visits parts of n
 * points of a row, and P(x) positions are those of a run of x (of one instance
 * at least): a visit that advances brings P(n + n') - P(n) anew, as both parts
 * together are a run; the first of the row phi of its points. If the row is all
 * of the rank, the part before that is the last of the row: what P(n) is more
 * than that has is new, and, of two parts, P(row) - P(last), as they are
 * neighbours. If each visit moves this axis, all others stand still in the sum
 * over its parts, each with the positions of its own.
 *
 * New words of a visit: those new on the axes that moved, times the positions
 * of the other axes. Each visit moves at least one looped axis, at best the one
 * that makes it cheapest; a rank of its own that moves makes all new. If the
 * innermost loop over a rank of the tensor has two passes or more whatever is
 * decided outside (the first instance's; one with fewer idles, and loses its
 * tile), each visit moves that rank, on or back. With n
 * points in a visit, an axis that stands still has positions(n) >= ratio x phi
 * n, where the ratio falls with n, so that its largest n gives the least. In a
 * pass over the loops that the tensor lacks there are thus at least
 *
 *   product of sizes x product of phi size (looped) or of positions (others)
 *   x the least product of the ratios of all looped axes but a moved one.
 *
 * If the innermost axis moves in each visit, and around it and others (the
 * swept ones) stands a loop over a rank of the tensor's own that always moves
 * too, with none between that the tensor lacks: then the first visit after each
 * advance or restart of that loop is all new. Of positions(n) = phi n + more of
 * each axis, that is more x (positions of the other swept axes, of one point at
 * least) x positions of the axes that stand still, more than has been counted
 * of the visit; once for each visit of the rank of its own. If right outside of
 * the innermost loop stands that of another axis and always moves, a visit that
 * begins the inner row has moved both: new is what is new on the inner axis
 * times all of the other, and the rest of the inner axis times what is new on
 * the other; the latter has not been counted. Each visit of the other axis has
 * one such, so that it comes to `first` x what all moves of the other bring.
 *
 * To compute each step brings its words: of n_a and n_b points at least n_a +
 * n_b - 1, as any two sets have so many sums. With N_a and N_b parts of the
 * ranks there are N_a N_b steps, in all of which together
 *   size_a N_b + size_b N_a - N_a N_b,
 * which falls with neither, as parts are no more than points. Pairs (i, j) at
 * one position form a chain (cds_positions) in which each has another i and
 * another j, so no position has more than the fewer of the i and of the j that
 * a chain may have: m of them, and n_a n_b points at least n_a n_b / m
 * positions. Each pair is in one step: all steps together bring at least
 *   size_a size_b / m,
 * and each position in some step.
 */
#include <assert.h>
#include <math.h>

#include "search/unequal_nest.h"

static bool unites(const cds_unequal_entry *entry, unsigned k) {
  return k >= entry->from && (entry->united >> k & 1U) != 0;
}

static unsigned depth_of(const cds_unequal *it, unsigned group) {
  return group > it->general->groups ? it->general->arch->arrays
                                     : it->general->group[group].depth;
}

/* Points of a rank that the united instances have in a part at most. */
static double united_points(const cds_unequal *it,
                            const cds_unequal_place *place, unsigned rank,
                            const cds_unequal_option *at) {
  const unsigned own = depth_of(it, place->group - 1);
  double points = (double)at->tile;
  bool all = true;
  for (unsigned k = depth_of(it, place->group); k-- > 0;) {
    const bool united = unites(place->entry, k);
    if (united) {
      points *= (double)it->layout.on[k][rank];
    }
    all = all && (united || it->layout.on[k][rank] == 1);
    if (k == own && all) {
      points = (double)at->before;
    }
  }
  return fmin(points, (double)it->rank[rank].size);
}

double cds_least_parts(const cds_unequal *it, const cds_unequal_place *place,
                       unsigned rank, const cds_unequal_option *at) {
  const double points = united_points(it, place, rank, at);
  return fmax(ceil((double)it->rank[rank].size / points),
              cds_parts_apart(it, place, rank));
}

/* Of the first points all instances of one axis have some. */
double cds_parts_apart(const cds_unequal *it, const cds_unequal_place *place,
                       unsigned rank) {
  uint64_t most = 1;
  for (unsigned slot = 0; slot < 2 * depth_of(it, place->group); slot++) {
    const uint64_t s = it->layout.spread[slot][rank];
    if (!unites(place->entry, slot / 2) && s > most) {
      most = s;
    }
  }
  return (double)most;
}

/* One rank of a window at a place. */
typedef struct cds_window_side {
  double size;
  double points; /* in a visit, of the united instances, at most */
  double apart;  /* instances that are not united and have some, at least */
  double length; /* that one of them has of the rank, at least, if no loop is
                    above */
  double cover;  /* the same of all united with it */
  double united; /* instances that are united and divide it ... */
  double share;  /* ... into runs of at least so many points */
  bool run;      /* the points of a visit are one */
} cds_window_side;

static cds_window_side side_of(const cds_unequal *it,
                               const cds_unequal_place *place, unsigned rank,
                               const cds_unequal_option *at) {
  uint64_t apart = 1;
  uint64_t all = 1;
  for (unsigned k = 0; k < depth_of(it, place->group); k++) {
    all *= it->layout.on[k][rank];
    apart *= unites(place->entry, k) ? 1 : it->layout.on[k][rank];
  }
  const uint64_t size = it->rank[rank].size;
  const uint64_t united = all / apart;
  const uint64_t share = size / all; /* whole points, at least */
  cds_window_side side = {.size = (double)size,
                          .points = united_points(it, place, rank, at),
                          .united = (double)united,
                          .share = (double)share,
                          .run = all == apart};
  if (apart == 1) {
    side.apart = 1;
    side.length = (double)at->tile;
    side.cover = (double)size;
    return side;
  }
  const uint64_t least = size / all;
  side.apart = least > 0 ? (double)apart : 1;
  side.length = side.cover = least > 0 ? (double)least : 1;
  return side;
}

/* A rank that moves, and the other one of its window. */
typedef struct cds_window_pair {
  const cds_window_side *a, *b;
  uint64_t coefficient[2];
  double apart[2]; /* points of each that may be at one position: u, v */
} cds_window_pair;

/* Most pairs at one position, of n points that move. */
static double pairs_met(const cds_window_pair *it, double n) {
  const double chain =
      fmin(ceil(it->a->size / it->apart[0]), ceil(it->b->size / it->apart[1]));
  return fmin(n, chain);
}

/* Positions that a point takes in anew when it moves. */
static double fresh_of_point(const cds_window_pair *it) {
  const cds_window_side *b = it->b;
  if (it->apart[0] >= it->a->size) {
    return b->cover;
  }
  const double one = fmin(it->apart[1], b->length);
  const double all = b->united * fmin(it->apart[1], b->share);
  return fmax(one, all / pairs_met(it, it->a->points));
}

/* Positions of n points of the moving rank, not all of them in a row, with
 * `cover` of the other in one: if a step of the other is 1, a row has the
 * fewest; any two sets have as many sums as points, less one. */
static double least_positions(const cds_window_pair *it, double n) {
  const double cover = it->b->cover;
  if (it->a->run || it->coefficient[1] == 1) {
    return cds_positions(it->coefficient, n, cover);
  }
  return fmax(n + cover - 1, n * cover / pairs_met(it, n));
}

/* Positions of a row of points of the moving rank: of one instance, or of
 * those that are united. */
static double run_positions(const cds_window_pair *it, double points) {
  const cds_window_side *b = it->b;
  const double one = cds_positions(it->coefficient, points, b->length);
  return b->united == 1 ? cds_positions(it->coefficient, points, b->cover)
                        : one;
}

/* What visits of the parts of n points of a row bring if all of them move. */
typedef struct cds_part_words {
  double still; /* if none moves: all positions */
  double moved, first;
} cds_part_words;

static cds_part_words count_parts(const cds_window_pair *it, double row,
                                  double phi) {
  const double n = fmin(it->a->points, row);
  const double whole = floor(row / n);
  const double rest = row - whole * n;
  const double part = run_positions(it, n);
  const double last = rest > 0 ? run_positions(it, rest) : part;
  double on = (whole - 1) * (run_positions(it, 2 * n) - part);
  on += rest > 0 ? run_positions(it, n + rest) - part : 0;
  double first = phi * n;
  if (row == it->a->size) { /* the part before is the last of the row */
    first = fmax(first, part - last);
    first = n < row && 2 * n >= row ? fmax(first, run_positions(it, row) - last)
                                    : first;
  }
  return (cds_part_words){whole * part + (rest > 0 ? last : 0),
                          fmax(on, phi * (row - n)) + first, part - first};
}

/* Visits by parts, of a rank that no array divides: those of a loop in each row
 * of `row` points that the loop outside of it leaves. */
static void count_rows(cds_window_words *out, const cds_window_pair *it,
                       double row) {
  const double whole = floor(it->a->size / row);
  const double rest = it->a->size - whole * row;
  cds_part_words all = count_parts(it, row, out->phi);
  all.still *= whole;
  all.moved *= whole;
  if (rest > 0) {
    const cds_part_words last = count_parts(it, rest, out->phi);
    all.still += last.still;
    all.moved += last.moved;
    all.first = fmin(all.first, last.first);
  }
  out->still = fmax(out->still, all.still * it->b->apart);
  if (all.moved * it->b->apart > out->moved) {
    out->moved = all.moved * it->b->apart;
    out->first = fmax(0, all.first);
  }
}

/* Of a window of which one rank is looped. */
static void count_moving(cds_window_words *out, const cds_window_pair *it) {
  const double phi = fresh_of_point(it);
  const double points = it->a->points;
  const double still = least_positions(it, points);
  out->words = phi * it->a->size * it->b->apart;
  out->ratio = fmax(1, still / (phi * points));
  out->phi = phi;
  out->still = out->words * out->ratio;
  out->moved = out->words;
  /* Concave in the points, of which a first visit has one or more. */
  const double sums =
      it->a->run || it->coefficient[1] == 1 ? still : points + it->b->cover - 1;
  out->more = fmax(0, fmin(it->b->cover - phi, sums - phi * points));
  out->first = out->more;
}

cds_window_words cds_window_count(const cds_unequal *it,
                                  const cds_unequal_place *place,
                                  const cds_unequal_window *window,
                                  const cds_unequal_option *const at[2]) {
  cds_window_side side[2];
  for (unsigned i = 0; i < 2; i++) {
    side[i] = side_of(it, place, window->rank[i], at[i]);
  }
  const double all =
      cds_positions(window->coefficient, side[0].size, side[1].size);
  cds_window_words out = {all, 1, all, all, 0, all, 0, 0};
  if (at[0]->looped && at[1]->looped) {
    out.words = -1;
    return out;
  }
  if (!at[0]->looped && !at[1]->looped) {
    if (side[0].apart * side[1].apart > 1) {
      const double each =
          cds_positions(window->coefficient, side[0].length, side[1].length);
      out.words = fmax(all, side[0].apart * side[1].apart * each);
      out.once = out.still = out.moved = out.words;
    }
    return out;
  }
  const unsigned moving = at[0]->looped ? 0 : 1;
  const uint64_t *coefficient = window->coefficient;
  const uint64_t common = cds_common_divisor(coefficient[0], coefficient[1]);
  const uint64_t step[2] = {coefficient[1 - moving] / common,
                            coefficient[moving] / common};
  const cds_window_pair pair = {&side[moving],
                                &side[1 - moving],
                                {coefficient[moving], coefficient[1 - moving]},
                                {(double)step[0], (double)step[1]}};
  count_moving(&out, &pair);
  const uint64_t row = at[moving]->row;
  if (row > 0 && side[moving].run && side[moving].apart == 1) {
    count_rows(&out, &pair, (double)row);
  }
  return out;
}

/* ---- legs ------------------------------------------------------------ */

/* Most pairs of points at one position in a step. */
static double most_met(const cds_unequal *it, const cds_unequal_place *place,
                       const cds_unequal_window *window) {
  const uint64_t *coefficient = window->coefficient;
  const uint64_t common = cds_common_divisor(coefficient[0], coefficient[1]);
  double most = (double)INFINITY;
  for (unsigned i = 0; i < 2; i++) {
    const unsigned r = window->rank[i];
    const uint64_t apart = coefficient[1 - i] / common;
    double points = 1; /* a unit has one in a step */
    for (unsigned k = 0; k < depth_of(it, place->group); k++) {
      points *= unites(place->entry, k) ? (double)it->layout.on[k][r] : 1;
    }
    /* Coefficients are at least 1, so that their common divisor is a part. */
    const uint64_t chain =
        cds_ceil_div_u64(it->rank[r].size, apart > 0 ? apart : 1);
    most = fmin(most, fmin(points, (double)chain));
  }
  return most;
}

/* Words of an axis to compute, `parts` of each of its ranks. */
static double step_words(const cds_unequal *it, const cds_unequal_place *place,
                         const cds_unequal_window *window,
                         const double parts[2]) {
  const double size[2] = {(double)it->rank[window->rank[0]].size,
                          (double)it->rank[window->rank[1]].size};
  const double sums =
      size[0] * parts[1] + size[1] * parts[0] - parts[0] * parts[1];
  return fmax(fmax(sums, window->all),
              size[0] * size[1] / most_met(it, place, window));
}

/* Words of the axes of their own, once for each of the parts of what the tensor
 * lacks. */
static double plain_words(const cds_unequal *it,
                          const cds_unequal_tensor *tensor,
                          const double part[CDS_RANKS_MAX]) {
  double words = 1;
  for (unsigned r = 0; r < it->ranks; r++) {
    if ((tensor->whole >> r & 1U) != 0) {
      words *= (double)it->rank[r].size;
    } else if ((tensor->has >> r & 1U) == 0) {
      words *= part[r];
    }
  }
  return words;
}

/* Whatever the lengths: with each tile as large as can be. */
static void least_of_entry(double *words, const cds_unequal *it,
                           const cds_unequal_place *place) {
  const cds_unequal_tensor *tensor = &it->tensor[place->leg->way->tensor];
  const bool compute = place->group > it->general->groups;
  double part[CDS_RANKS_MAX];
  for (unsigned r = 0; r < it->ranks; r++) {
    double points = 1; /* a unit has one in a step */
    for (unsigned k = 0; k < depth_of(it, place->group); k++) {
      points *= unites(place->entry, k) ? (double)it->layout.on[k][r] : 1;
    }
    part[r] = compute ? ceil((double)it->rank[r].size / points)
                      : cds_parts_apart(it, place, r);
  }
  double product = plain_words(it, tensor, part);
  for (unsigned w = 0; w < tensor->windows; w++) {
    const cds_unequal_window *window = &tensor->window[w];
    const double two[2] = {part[window->rank[0]], part[window->rank[1]]};
    product *= compute ? step_words(it, place, window, two)
                       : cds_positions(window->coefficient,
                                       (double)it->rank[window->rank[0]].size,
                                       (double)it->rank[window->rank[1]].size);
  }
  *words = product;
}

void cds_unequal_least_words(double *words, const cds_unequal *it,
                             const cds_unequal_leg *leg) {
  for (unsigned e = 0; e < leg->entries; e++) {
    const cds_unequal_place place = {leg, &leg->entry[e], leg->way->group};
    least_of_entry(&words[e], it, &place);
  }
}

/* ---- decided ---------------------------------------------------------- */

/* The group above which the innermost loop stands that the tensor has, and the
 * place of that loop in its region; 0: none. */
static unsigned hoisted_group(const cds_unequal *it, unsigned tensor,
                              unsigned group, unsigned *at) {
  for (unsigned g = group; g >= 1; g--) {
    for (unsigned i = it->loops[g]; i-- > 0;) {
      if ((it->tensor[tensor].has >> it->order[g][i] & 1U) != 0) {
        *at = i;
        return g;
      }
    }
  }
  return 0;
}

/* Regions whose loop over the rank stands above that place. */
static unsigned regions_above(const cds_unequal *it, unsigned rank,
                              unsigned hoisted, unsigned at) {
  if (hoisted == 0) {
    return 0;
  }
  for (unsigned i = 0; i < at; i++) {
    if (it->order[hoisted][i] == rank) {
      return hoisted;
    }
  }
  return hoisted - 1;
}

double cds_unequal_passes(const cds_unequal *it, unsigned tensor,
                          unsigned group) {
  static const cds_unequal_entry all = {0, ~0U};
  unsigned at = 0;
  const unsigned hoisted = hoisted_group(it, tensor, group, &at);
  double passes = 1;
  for (unsigned r = 0; r < it->ranks; r++) {
    if ((it->tensor[tensor].has >> r & 1U) == 0) {
      passes *= cds_parts_of(it, r, group, regions_above(it, r, hoisted, at), 0,
                             &all);
    }
  }
  return passes;
}

static bool looped_above(const cds_unequal *it, unsigned rank, unsigned group) {
  for (unsigned g = 1; g <= group; g++) {
    if (it->before[g][rank] < it->tile[g - 1][rank]) {
      return true;
    }
  }
  return false;
}

/* The axis of those that visits may move alone which makes them cheapest. */
static unsigned cheapest_axis(const cds_window_words *each, unsigned windows,
                              unsigned axes) {
  unsigned best = windows;
  for (unsigned w = 0; w < windows; w++) {
    if ((axes >> w & 1U) != 0 && each[w].phi > 0 &&
        (best == windows || each[w].ratio > each[best].ratio)) {
      best = w;
    }
  }
  return best;
}

/* More than has been counted of visits that begin a row of the moved axis. */
static double first_words(const cds_window_words *each, unsigned windows,
                          cds_window_moves moves, unsigned moved) {
  const bool alone = (moves.axes & (moves.axes - 1)) == 0;
  const double first = alone ? each[moved].first : each[moved].more;
  double swept = (moves.swept >> moved & 1U) != 0 ? first : 0;
  double next = alone && moves.next != 0 ? first : 0;
  for (unsigned w = 0; w < windows; w++) {
    if (w == moved) {
      continue;
    }
    const bool anew = (moves.swept >> w & 1U) != 0 && each[w].phi > 0;
    swept *= anew ? each[w].phi + each[w].more : each[w].still;
    next *= (moves.next >> w & 1U) != 0 ? each[w].moved : each[w].still;
  }
  return fmax(swept, next);
}

double cds_windows_words(const cds_window_words *each, unsigned windows,
                         cds_window_moves moves) {
  const unsigned moved = cheapest_axis(each, windows, moves.axes);
  const bool alone = (moves.axes & (moves.axes - 1)) == 0;
  double words = 1;
  for (unsigned w = 0; w < windows; w++) {
    const bool moves_too = (moves.axes >> w & 1U) != 0;
    words *= w == moved  ? (alone ? each[w].moved : each[w].words)
             : moves_too ? each[w].words * each[w].ratio
                         : each[w].still;
  }
  return moved == windows ? words
                          : words + first_words(each, windows, moves, moved);
}

/* The shortest part that the loops outside leave to the first instance. */
static uint64_t shortest_part(const cds_unequal *it, unsigned rank,
                              unsigned group) {
  uint64_t longest = it->rank[rank].size;
  uint64_t least = longest;
  for (unsigned g = 1; g <= group; g++) {
    const uint64_t part = it->before[g][rank];
    const uint64_t rests[2] = {longest % part, least % part};
    const bool divided = least >= part;
    least = divided ? part : least;
    least = rests[0] > 0 && rests[0] < least ? rests[0] : least;
    least = divided && rests[1] > 0 && rests[1] < least ? rests[1] : least;
    longest = part;
    const unsigned end = depth_of(it, g);
    for (unsigned k = depth_of(it, g - 1); k < end; k++) {
      longest = cds_ceil_div_u64(longest, it->layout.on[k][rank]);
      least = cds_ceil_div_u64(least, it->layout.on[k][rank]);
    }
  }
  return least;
}

/* Points that the loop outside of the innermost one leaves of a rank; 0: there
 * are more loops. */
static uint64_t row_of(const cds_unequal *it, unsigned rank, unsigned group) {
  uint64_t row = it->rank[rank].size;
  unsigned loops = 0;
  for (unsigned g = 1; g <= group; g++) {
    if (it->before[g][rank] < it->tile[g - 1][rank]) {
      row = loops > 0 ? it->tile[g - 1][rank] : row;
      loops++;
    }
  }
  return loops <= 2 ? row : 0;
}

static unsigned axes_of_rank(const cds_unequal_tensor *shape, unsigned rank) {
  for (unsigned w = 0; w < shape->windows; w++) {
    if (shape->window[w].rank[0] == rank || shape->window[w].rank[1] == rank) {
      return 1U << w;
    }
  }
  return 0;
}

/* Whether a loop above a group has two passes or more whatever the loops
 * outside do. Only two lengths outside are followed, so with more regions than
 * two it is not known. */
static bool always_moves(const cds_unequal *it, unsigned rank, unsigned group) {
  return group <= 2 &&
         shortest_part(it, rank, group - 1) > it->before[group][rank];
}

/* From the innermost loop over a rank of the tensor outwards: axes that are
 * looped over until a rank of its own is, with no rank that it lacks between.
 */
static unsigned swept_axes(const cds_unequal *it, unsigned tensor,
                           unsigned hoisted, unsigned at) {
  const cds_unequal_tensor *shape = &it->tensor[tensor];
  unsigned axes = 0;
  for (unsigned i = at + 1; i-- > 0;) {
    const unsigned rank = it->order[hoisted][i];
    if ((shape->whole >> rank & 1U) != 0) {
      return always_moves(it, rank, hoisted) ? axes : 0;
    }
    if ((shape->has >> rank & 1U) == 0) {
      return 0;
    }
    axes |= axes_of_rank(shape, rank);
  }
  return 0;
}

static cds_window_moves moves_of(const cds_unequal *it, unsigned tensor,
                                 unsigned hoisted, unsigned at) {
  const cds_unequal_tensor *shape = &it->tensor[tensor];
  if (hoisted == 0) {
    return (cds_window_moves){~0U, 0, 0};
  }
  const unsigned rank = it->order[hoisted][at];
  if (!always_moves(it, rank, hoisted)) {
    return (cds_window_moves){~0U, 0, 0};
  }
  cds_window_moves moves = {axes_of_rank(shape, rank),
                            swept_axes(it, tensor, hoisted, at), 0};
  if (at > 0 && always_moves(it, it->order[hoisted][at - 1], hoisted)) {
    moves.next = axes_of_rank(shape, it->order[hoisted][at - 1]) & ~moves.axes;
  }
  return moves;
}

/* Words of the windows in a pass at least. */
static double windows_decided(const cds_unequal *it,
                              const cds_unequal_place *place,
                              cds_window_moves moves, double *once) {
  const cds_unequal_tensor *tensor = &it->tensor[place->leg->way->tensor];
  cds_window_words each[CDS_WINDOWS_MAX];
  *once = 1;
  for (unsigned w = 0; w < tensor->windows; w++) {
    cds_unequal_option at[2];
    for (unsigned i = 0; i < 2; i++) {
      const unsigned r = tensor->window[w].rank[i];
      at[i] = (cds_unequal_option){
          it->before[place->group][r], it->tile[place->group][r],
          looped_above(it, r, place->group), row_of(it, r, place->group)};
    }
    const cds_unequal_option *const two[2] = {&at[0], &at[1]};
    each[w] = cds_window_count(it, place, &tensor->window[w], two);
    *once *= each[w].once;
  }
  return cds_windows_words(each, tensor->windows, moves);
}

static double compute_decided(const cds_unequal *it,
                              const cds_unequal_place *place) {
  const cds_unequal_tensor *tensor = &it->tensor[place->leg->way->tensor];
  const unsigned depth = it->general->arch->arrays;
  double part[CDS_RANKS_MAX];
  for (unsigned r = 0; r < it->ranks; r++) {
    part[r] =
        cds_parts_of(it, r, place->group, place->group, depth, place->entry);
  }
  double product = plain_words(it, tensor, part);
  for (unsigned w = 0; w < tensor->windows; w++) {
    const cds_unequal_window *window = &tensor->window[w];
    const double two[2] = {part[window->rank[0]], part[window->rank[1]]};
    product *= step_words(it, place, window, two);
  }
  return product;
}

void cds_unequal_words(double *words, const cds_unequal *it,
                       const cds_unequal_leg *leg) {
  const unsigned t = leg->way->tensor;
  const unsigned group = leg->way->group;
  const cds_unequal_tensor *tensor = &it->tensor[t];
  unsigned at = 0;
  const unsigned hoisted = hoisted_group(it, t, group, &at);
  const cds_window_moves moves = moves_of(it, t, hoisted, at);
  for (unsigned e = 0; e < leg->entries; e++) {
    const cds_unequal_place place = {leg, &leg->entry[e], group};
    if (group > it->general->groups) {
      words[e] = compute_decided(it, &place);
      continue;
    }
    double whole = 1;
    double passes = 1;
    for (unsigned r = 0; r < it->ranks; r++) {
      if ((tensor->whole >> r & 1U) != 0) {
        whole *= (double)it->rank[r].size;
      } else if ((tensor->has >> r & 1U) == 0) {
        passes *= cds_parts_of(it, r, group, regions_above(it, r, hoisted, at),
                               leg->way->depth, place.entry);
      }
    }
    double once = 1;
    const double windows = windows_decided(it, &place, moves, &once);
    words[e] = whole * fmax(passes * windows, once);
  }
}

double cds_unequal_tile_words(const cds_unequal *it, unsigned tensor,
                              const uint64_t tile[CDS_RANKS_MAX]) {
  const cds_unequal_tensor *shape = &it->tensor[tensor];
  double words = 1;
  for (unsigned r = 0; r < it->ranks; r++) {
    if ((shape->whole >> r & 1U) != 0) {
      words *= (double)tile[r];
    }
  }
  for (unsigned w = 0; w < shape->windows; w++) {
    const cds_unequal_window *window = &shape->window[w];
    words *= cds_window_positions(window, (double)tile[window->rank[0]],
                                  (double)tile[window->rank[1]]);
  }
  return words;
}
