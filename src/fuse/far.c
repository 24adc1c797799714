/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Least traffic of fused groups by the room of homes; see far.h. */
#include "fuse/far.h"

#include <math.h>
#include <string.h>

#include "count/mask.h"
#include "fuse/outers.h"
#include "price/words.h"

/* Loops whose orders are tried, and ways of a tensor: away, or a place. */
enum { LOOPS_MAX = 4, WAYS_MAX = LOOPS_MAX + 2 };

/* Room for rounding where tiles just fit. */
static const double LESS = 1 - 1e-12;

/* An answer, and what it depends on. */
typedef struct cds_far_known {
  struct cds_far_known *next;
  const cds_fused_group *group;
  bool masked;
  unsigned level;
  bool doubled, adds; /* the level; the outermost one, sums */
  uint64_t size_bits;
  double bits;
} cds_far_known;

/* A stage with some trips: whether intermediates leave no level too small, and
 * bits of the level beside them. */
typedef struct stage_room {
  bool known, fits;
  double bits;
} stage_room;

/* Bits that move one way, and bits of the home that this takes. */
typedef struct far_way {
  double moved, taken;
} far_way;

/* A tensor that may move. */
typedef struct far_tensor {
  unsigned tensor;     /* of the group */
  double words;        /* all of it */
  unsigned bits, sums; /* of a word, and of a partial sum */
  bool may_stay;
  bool made;     /* by a product */
  bool brought;  /* home: by a product */
  unsigned uses; /* products that have it */
  /* With the loops at hand: */
  unsigned ways;
  far_way way[WAYS_MAX];
  double least; /* that it and those behind it move */
} far_tensor;

typedef struct far_search {
  cds_outers outers;
  unsigned level;
  stage_room *stage[CDS_STAGES_MAX];
  size_t at[CDS_LOOP_CLASSES_MAX]; /* divisors */
  cds_outer_trips vector;
  unsigned tensors;
  far_tensor tensor[CDS_FUSED_TENSORS_MAX];
  double passes, room, least;
} far_search;

static bool has_class(const far_search *it, unsigned stage, unsigned class) {
  return (it->outers.class[class].stages >> stage & 1U) != 0;
}

/* ---- room -------------------------------------------------------------- */

/* Bits of a word of an intermediate at home: sums may have less. */
static unsigned least_bits(const cds_einsum *einsum, unsigned t) {
  const unsigned stored = einsum->tensor[t].format.bits;
  const unsigned sums = einsum->tensor[t].accumulator.bits;
  return t == einsum->tensors - 1 && sums < stored ? sums : stored;
}

static cds_status make_room(stage_room *out, const far_search *it,
                            unsigned stage) {
  const cds_outers *outers = &it->outers;
  cds_outer outer;
  cds_fused_pass pass;
  cds_outers_stage_nodes(&outer, outers, &it->vector, stage);
  CDS_TRY(cds_fused_pass_set(&pass, outers->group, outers->arch, &outer, stage,
                             outers->scratch));
  /* Tiles of other stages are smaller with loops that this one lacks. */
  memset(pass.stage.taken_bits, 0, sizeof pass.stage.taken_bits);
  *out = (stage_room){true, cds_outers_homes_fit(outers, &pass),
                      (double)outers->arch->level[it->level].size_bits};
  for (unsigned t = 0; t < pass.einsum.tensors; t++) {
    const cds_home *home = &pass.stage.home[t];
    const double bits = (double)home->tile_words * least_bits(&pass.einsum, t);
    out->bits -= home->level == it->level ? bits : 0;
  }
  return CDS_OK;
}

/* Of the vector at hand. */
static cds_status get_room(const stage_room **out, far_search *it,
                           unsigned stage) {
  size_t place = 0;
  for (unsigned c = 0; c < it->outers.classes; c++) {
    if (has_class(it, stage, c)) {
      place = place * it->outers.class[c].divisors + it->at[c];
    }
  }
  stage_room *room = &it->stage[stage][place];
  if (!room->known) {
    CDS_TRY(make_room(room, it, stage));
  }
  *out = room;
  return CDS_OK;
}

/* ---- traffic ------------------------------------------------------------- */

/* Loops with more than one pass, in some order, from outside in. */
typedef struct far_order {
  unsigned loops;
  unsigned class[CDS_LOOP_CLASSES_MAX];
} far_order;

/* Bits of so many words that go there or come from there: of an output all but
 * the last of each are partial sums, which come back unless they are added
 * there. */
static double moved_bits(const far_search *it, const far_tensor *tensor,
                         double words) {
  if (!tensor->made) {
    return words * tensor->bits;
  }
  const unsigned ways = it->outers.arch->level[0].accumulate ? 1 : 2;
  return tensor->words * tensor->bits +
         fmax(0, words - tensor->words) * tensor->sums * ways;
}

/* All that a tensor may do under loops in this order: away from home, or at
 * each place where it is another tile. Loops of a mask jump, so that they may
 * bring nothing anew. */
static void list_ways(const far_search *it, far_tensor *tensor,
                      const far_order *order) {
  const bool doubled = cds_level_doubled(it->outers.arch, it->level);
  double tile = tensor->words;
  double loads = tensor->words;
  bool sums = false; /* go on from pass to pass */
  for (unsigned l = 0; l < order->loops; l++) {
    const cds_loop_class *class = &it->outers.class[order->class[l]];
    sums =
        sums || (tensor->made && (class->tensors >> tensor->tensor & 1U) == 0);
  }
  const double word = sums ? tensor->sums : tensor->bits;
  tensor->ways = 0;
  for (unsigned l = 0; l <= order->loops; l++) {
    const bool last =
        l == 0 ||
        (it->outers.class[order->class[l - 1]].tensors >> tensor->tensor &
         1U) != 0;
    const double taken = tile * word * (l > 0 && doubled ? 2 : 1) * LESS;
    if (tensor->may_stay && last && taken <= it->room) {
      const double moved = tensor->brought ? moved_bits(it, tensor, loads) : 0;
      tensor->way[tensor->ways++] = (far_way){moved, taken};
    }
    if (l == order->loops) {
      break;
    }
    const cds_loop_class *class = &it->outers.class[order->class[l]];
    const double trips = (double)it->vector.trips[order->class[l]];
    if ((class->tensors >> tensor->tensor & 1U) != 0) {
      tile /= trips;
    } else if (!cds_fused_of_mask(it->outers.group, class->rank[0])) {
      loads *= trips;
    }
  }
  const double once = it->passes * tile;
  const unsigned reads = tensor->uses - (tensor->made ? 1 : 0);
  tensor->way[tensor->ways++] =
      (far_way){(tensor->made ? moved_bits(it, tensor, once) : 0) +
                    once * tensor->bits * reads,
                0};
}

/* The least of all from tensor t on that the room has. Depth of recursion:
 * tensors. */
// NOLINTNEXTLINE(misc-no-recursion)
static void choose_ways(far_search *it, unsigned t, double moved, double room) {
  if (t == it->tensors) {
    it->least = fmin(it->least, moved);
    return;
  }
  const far_tensor *tensor = &it->tensor[t];
  const double rest = t + 1 < it->tensors ? it->tensor[t + 1].least : 0;
  for (unsigned w = 0; w < tensor->ways; w++) {
    const far_way *way = &tensor->way[w];
    if (way->taken <= room && moved + way->moved + rest < it->least) {
      choose_ways(it, t + 1, moved + way->moved, room - way->taken);
    }
  }
}

static void try_order(far_search *it, const far_order *order) {
  double least = 0;
  for (unsigned t = it->tensors; t-- > 0;) {
    far_tensor *tensor = &it->tensor[t];
    double own = (double)INFINITY;
    list_ways(it, tensor, order);
    for (unsigned w = 0; w < tensor->ways; w++) {
      own = fmin(own, tensor->way[w].moved);
    }
    tensor->least = least += own;
  }
  if (least < it->least) {
    choose_ways(it, 0, 0, it->room);
  }
}

/* The least over all orders of the loops that are left. Depth of recursion:
 * classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static void try_orders(far_search *it, far_order *order, uint32_t left) {
  if (left == 0) {
    try_order(it, order);
    return;
  }
  for (unsigned c = 0; c < it->outers.classes; c++) {
    if ((left >> c & 1U) != 0) {
      order->class[order->loops++] = c;
      try_orders(it, order, left & ~(1U << c));
      order->loops--;
    }
  }
}

static cds_status try_vector(far_search *it) {
  const cds_outers *outers = &it->outers;
  it->room = (double)INFINITY;
  for (unsigned s = 0; s < outers->group->stages; s++) {
    const stage_room *room;
    CDS_TRY(get_room(&room, it, s));
    if (!room->fits) {
      return CDS_OK;
    }
    it->room = fmin(it->room, room->bits);
  }
  it->passes = cds_outers_passes(outers, &it->vector, outers->group->stages);
  uint32_t left = 0;
  unsigned loops = 0;
  for (unsigned c = 0; c < outers->classes; c++) {
    left |= it->vector.trips[c] > 1 ? 1U << c : 0;
    loops += it->vector.trips[c] > 1;
  }
  if (loops > LOOPS_MAX) {
    return CDS_ELIMIT;
  }
  far_order order = {.loops = 0};
  try_orders(it, &order, left);
  return CDS_OK;
}

/* The next vector, an odometer over divisors; false after the last. */
static bool next_vector(far_search *it) {
  for (unsigned c = 0; c < it->outers.classes; c++) {
    const cds_loop_class *class = &it->outers.class[c];
    it->at[c] = it->at[c] + 1 < class->divisors ? it->at[c] + 1 : 0;
    it->vector.trips[c] = class->divisor[it->at[c]];
    if (it->at[c] > 0) {
      return true;
    }
  }
  return false;
}

/* The part of a tensor that passes need: all of it, unless keys of it count for
 * some of its queries only. */
static double needed_part(const cds_fused_group *group, unsigned tensor) {
  return group->mask.here &&
                 cds_fused_tensor_has(group, tensor, group->mask.query) &&
                 cds_fused_tensor_has(group, tensor, group->mask.key)
             ? cds_mask_least_part(group)
             : 1;
}

/* What products move, if it is no intermediate. */
static cds_status list_tensors(far_search *it) {
  const cds_fused_group *group = it->outers.group;
  far_tensor *of[CDS_FUSED_TENSORS_MAX] = {NULL};
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_fused_einsum *stage = &group->stage[s];
    for (unsigned t = 0; t < stage->einsum->tensors; t++) {
      const unsigned tensor = stage->tensor[t];
      uint64_t words = 0;
      if (stage->operation != NULL || group->tensor[tensor].intermediate) {
        continue;
      }
      CDS_TRY(cds_tensor_words(&words, stage->einsum, t));
      const cds_tensor *own = &stage->einsum->tensor[t];
      const double needed = (double)words * needed_part(group, tensor);
      if (of[tensor] == NULL) {
        of[tensor] = &it->tensor[it->tensors++];
        *of[tensor] =
            (far_tensor){.tensor = tensor,
                         .words = needed,
                         .bits = own->format.bits,
                         .may_stay = cds_outers_may_stay(&it->outers, tensor)};
      }
      far_tensor *out = of[tensor];
      out->uses++;
      out->words = fmin(out->words, needed);
      out->brought = out->brought || group->tensor[tensor].first == s;
      if (t == stage->einsum->tensors - 1) {
        out->made = true;
        out->sums = own->accumulator.bits;
      }
    }
  }
  return CDS_OK;
}

/* No choice moves less: each word once, or, of what may be at home and is not
 * brought there, none. */
static double all_once(const far_search *it) {
  double bits = 0;
  for (unsigned t = 0; t < it->tensors; t++) {
    const far_tensor *tensor = &it->tensor[t];
    const bool none = tensor->may_stay && !tensor->brought;
    bits += none ? 0 : tensor->words * tensor->bits;
  }
  return bits;
}

static cds_status begin(far_search *it) {
  cds_outers *outers = &it->outers;
  CDS_TRY(cds_outers_classes(outers));
  for (unsigned s = 0; s < outers->group->stages; s++) {
    size_t places = 1;
    for (unsigned c = 0; c < outers->classes; c++) {
      places *= has_class(it, s, c) ? outers->class[c].divisors : 1;
    }
    it->stage[s] = (stage_room *)cds_arena_array(outers->scratch, places,
                                                 sizeof *it->stage[s]);
    if (it->stage[s] == NULL) {
      return CDS_ENOMEM;
    }
    memset(it->stage[s], 0, places * sizeof *it->stage[s]);
  }
  for (unsigned c = 0; c < outers->classes; c++) {
    it->vector.trips[c] = 1;
  }
  it->vector.level = (uint8_t)it->level;
  it->least = (double)INFINITY;
  return list_tensors(it);
}

static cds_status search(double *out, const cds_floor_asked *asked,
                         const cds_fused_group *group, unsigned level) {
  far_search it = {.outers = {.arch = asked->arch,
                              .group = group,
                              .power_limit_w = asked->power_limit_w,
                              .arena = asked->scratch,
                              .scratch = asked->scratch},
                   .level = level};
  CDS_TRY(begin(&it));
  const double once = all_once(&it);
  do {
    CDS_TRY(try_vector(&it));
  } while (it.least > once && next_vector(&it));
  *out = it.least * (1 - 1e-12);
  return CDS_OK;
}

cds_status cds_far_bits(double *out, const cds_floor_asked *asked,
                        const cds_fused_group *group, unsigned level) {
  cds_floor_memo *memo = asked->memo;
  const uint64_t size_bits = asked->arch->level[level].size_bits;
  const bool masked = group->mask.here;
  const bool doubled = cds_level_doubled(asked->arch, level);
  const bool adds = asked->arch->level[0].accumulate;
  for (const cds_far_known *known = memo->far; known != NULL;
       known = known->next) {
    if (known->group == group && known->masked == masked &&
        known->level == level && known->doubled == doubled &&
        known->adds == adds && known->size_bits == size_bits) {
      *out = known->bits;
      return CDS_OK;
    }
  }
  cds_far_known *made =
      (cds_far_known *)cds_arena_alloc(memo->rows.arena, sizeof *made);
  if (made == NULL) {
    return CDS_ENOMEM;
  }
  *made = (cds_far_known){.next = memo->far,
                          .group = group,
                          .masked = masked,
                          .level = level,
                          .doubled = doubled,
                          .adds = adds,
                          .size_bits = size_bits};
  const cds_arena_mark mark = cds_arena_mark_get(asked->scratch);
  const cds_status status = search(&made->bits, asked, group, level);
  cds_arena_reset(asked->scratch, mark);
  if (status == CDS_ENOMEM) {
    return CDS_ENOMEM;
  }
  made->bits = status == CDS_OK ? made->bits : 0; /* of numbers too large */
  memo->far = made;
  *out = made->bits;
  return CDS_OK;
}
