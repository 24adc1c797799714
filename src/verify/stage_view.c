/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often the tile behind a place among the outer loops is another one. From
 * one pass to the next exactly one loop goes on, and those inside of it begin
 * again. So with the steps of each loop above the place,
 *
 *   tiles = 1 + sum over the loops of their steps that change the tile
 *
 * and a step changes it if the loop is on a rank of the tensor, or one inside
 * of it is and had another digit before it began again. Loops that cut what
 * windows slide over are not covered (cds_stage_view_foreign), so that a tile
 * that is another has no word of the last.
 */
#include "verify/stage_view.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"
#include "spec/operations.h"

/* ---- mask ------------------------------------------------------------ */

static const uint64_t pieces_most = UINT64_C(1) << 22;

/* Pieces of keys that piece i of the queries needs: up to its last query. */
static uint64_t keys_of(const cds_fused_mask *mask, const cds_left *left,
                        const uint64_t length[2], uint64_t i) {
  const uint64_t keys = length[1] * left->pieces[1];
  const uint64_t past = mask->offset < keys ? mask->offset : keys;
  const uint64_t last = (i + 1) * length[0] - 1 + past;
  const uint64_t needed = last / length[1] + 1;
  return needed < left->pieces[1] ? needed : left->pieces[1];
}

cds_status cds_left_set(cds_left *out, const cds_fused_group *group,
                        const cds_outer *outer) {
  const cds_fused_mask *mask = &group->mask;
  *out = (cds_left){{1, 1}, 1, {0, 0}, {0, 0}};
  if (!mask->here) {
    return CDS_OK;
  }
  const unsigned rank[2] = {mask->query, mask->key};
  uint64_t length[2];
  for (unsigned x = 0; x < 2; x++) {
    out->pieces[x] = cds_outer_trips_on(outer, rank[x]);
    length[x] = group->rank[rank[x]].size / out->pieces[x];
    if (out->pieces[x] > pieces_most) {
      return CDS_ELIMIT;
    }
  }
  out->pairs = 0;
  uint64_t begun = 0; /* pieces of keys that some piece of queries has had */
  for (uint64_t i = 0; i < out->pieces[0]; i++) {
    const uint64_t keys = keys_of(mask, out, length, i);
    const bool last = i + 1 == out->pieces[0];
    out->pairs += keys;
    out->several[0] += keys > 1;
    out->moves[0] += !last && keys > 1; /* from the last of them to the first */
    /* Pieces begun..keys - 1 of keys have queries from i to the last. */
    out->several[1] += last ? 0 : keys - begun;
    /* To such a piece, from the last queries: but piece 0 comes from none. */
    out->moves[1] += last ? 0 : keys - begun - (begun == 0);
    begun = keys;
  }
  return CDS_OK;
}

/* ---- tiles at home --------------------------------------------------- */

typedef struct cds_viewing {
  const cds_fused_group *group;
  const cds_arch *arch;
  const cds_outer *outer;
  const cds_left *left;
} cds_viewing;

static bool is_loop(const cds_viewing *it, unsigned n) {
  return cds_outer_is_loop(&it->outer->node[n]);
}

static bool on_tensor(const cds_viewing *it, unsigned n, unsigned tensor) {
  return is_loop(it, n) &&
         cds_fused_tensor_has(it->group, tensor, it->outer->node[n].rank);
}

/* Nodes that stand before the tensor's home; its level. */
static unsigned place_of(const cds_viewing *it, unsigned tensor,
                         unsigned *level) {
  unsigned hold = 0;
  while (hold < it->outer->nodes &&
         (it->outer->node[hold].kind != CDS_OUTER_HOLD ||
          it->outer->node[hold].tensor != tensor)) {
    hold++;
  }
  *level = hold < it->outer->nodes ? it->outer->node[hold].level : 0;
  if (it->group->tensor[tensor].intermediate) {
    return it->outer->nodes; /* made anew in each pass */
  }
  while (hold > 0 && !on_tensor(it, hold - 1, tensor)) {
    hold--;
  }
  return hold;
}

/* The steps of one loop above the place, and those that change the tile. */
typedef struct cds_stepping {
  const cds_viewing *it;
  unsigned tensor, place;
  bool masked;      /* both loops of the mask stand above the place: */
  unsigned seen;    /* of the two, outside of the loop at hand */
  unsigned outside; /* which of them comes first: 0 queries, 1 keys */
} cds_stepping;

static bool of_mask(const cds_stepping *by, unsigned n) {
  return by->masked &&
         cds_fused_of_mask(by->it->group, by->it->outer->node[n].rank);
}

/* Whether a loop further in, but one of the mask, is on a rank of the tensor.
 */
static bool moved_inside(const cds_stepping *by, unsigned n) {
  bool moved = false;
  for (unsigned m = n + 1; m < by->place; m++) {
    moved = moved || (on_tensor(by->it, m, by->tensor) && !of_mask(by, m));
  }
  return moved;
}

/* Steps of loop n that change the tile, in each pass of the loops outside of it
 * but those of the mask. */
static uint64_t changes(const cds_stepping *by, unsigned n) {
  const cds_viewing *it = by->it;
  const cds_left *left = it->left;
  const uint64_t more = it->outer->node[n].trips - 1;
  const bool moved = on_tensor(it, n, by->tensor) || moved_inside(by, n);
  if (!by->masked) {
    return moved ? more : 0;
  }
  const cds_fused_mask *mask = &it->group->mask;
  const uint64_t pieces = left->pieces[by->outside];
  const bool query = cds_fused_tensor_has(it->group, by->tensor, mask->query);
  const bool key = cds_fused_tensor_has(it->group, by->tensor, mask->key);
  const bool inner = by->outside == 0 ? key : query;
  const bool loop_of_mask = of_mask(by, n);
  if (by->seen == 0 && !loop_of_mask) { /* both begin again at their first */
    return moved || query || key ? more : 0;
  }
  if (by->seen == 0) {
    return moved ? pieces - 1 : inner ? left->moves[by->outside] : 0;
  }
  if (by->seen == 1 && !loop_of_mask) { /* under each piece of the outer one */
    return more * (moved ? pieces : inner ? left->several[by->outside] : 0);
  }
  if (by->seen == 1) {
    return moved ? left->pairs - pieces : 0;
  }
  return moved ? more * left->pairs : 0;
}

static cds_status count_tiles(uint64_t *out, const cds_viewing *it,
                              unsigned tensor, unsigned place) {
  cds_stepping by = {.it = it, .tensor = tensor, .place = place};
  unsigned loops = 0;
  for (unsigned n = place; n-- > 0 && it->group->mask.here;) {
    const unsigned rank = it->outer->node[n].rank;
    if (is_loop(it, n) && cds_fused_of_mask(it->group, rank)) {
      loops++;
      by.outside = rank == it->group->mask.key;
    }
  }
  by.masked = loops == 2;
  uint64_t times = 1;
  *out = 1;
  for (unsigned n = 0; n < place; n++) {
    if (!is_loop(it, n)) {
      continue;
    }
    uint64_t more = 0;
    if (!cds_mul_u64(&more, times, changes(&by, n)) ||
        !cds_add_u64(out, *out, more)) {
      return CDS_ELIMIT;
    }
    if (of_mask(&by, n)) {
      by.seen++;
    } else if (!cds_mul_u64(&times, times, it->outer->node[n].trips)) {
      return CDS_ELIMIT;
    }
  }
  return CDS_OK;
}

/* Length of a rank of the group inside of so many outer nodes. */
static uint64_t length_of(const cds_viewing *it, unsigned rank,
                          unsigned place) {
  uint64_t length = it->group->rank[rank].size;
  for (unsigned n = 0; n < place; n++) {
    const cds_outer_node *node = &it->outer->node[n];
    length /= is_loop(it, n) && node->rank == rank ? node->trips : 1;
  }
  return length;
}

/* Positions from the first to the last of an axis, of a pass, or of all. */
static uint64_t reach(const cds_viewing *it, const cds_fused_einsum *stage,
                      const cds_axis *axis, bool whole) {
  uint64_t positions = 1;
  for (unsigned i = 0; i < axis->terms; i++) {
    const cds_term *term = &axis->term[i];
    const unsigned place = whole ? 0 : it->outer->nodes;
    const uint64_t length = length_of(it, stage->rank[term->rank], place);
    positions += term->coefficient * (length - 1);
  }
  return positions;
}

/* An intermediate that windows slide over: as much along each axis as is made,
 * or as they touch, whichever is more. Stages agree on the order of the axes
 * that have more than one position. */
static cds_status window_words(uint64_t *out, const cds_viewing *it,
                               unsigned tensor) {
  uint64_t most[CDS_AXES_MAX] = {0};
  unsigned axes = 0;
  for (unsigned s = 0; s < it->group->stages; s++) {
    const cds_fused_einsum *stage = &it->group->stage[s];
    const unsigned own = cds_fused_own_tensor(stage, tensor);
    unsigned at = 0;
    for (unsigned a = 0; own != UINT_MAX && a < stage->einsum->tensor[own].axes;
         a++) {
      const cds_axis *axis = &stage->einsum->tensor[own].axis[a];
      if (reach(it, stage, axis, true) > 1) {
        const uint64_t positions = reach(it, stage, axis, false);
        most[at] = positions > most[at] ? positions : most[at];
        at++;
      }
    }
    axes = at > axes ? at : axes;
  }
  *out = 1;
  for (unsigned a = 0; a < axes; a++) {
    if (!cds_mul_u64(out, *out, most[a])) {
      return CDS_ELIMIT;
    }
  }
  return CDS_OK;
}

/* Words of the tile inside of so many outer nodes, as its first stage has it.
 */
static cds_status tile_words(uint64_t *out, const cds_viewing *it,
                             unsigned tensor, unsigned place) {
  const cds_fused_tensor *shared = &it->group->tensor[tensor];
  const cds_fused_einsum *stage = &it->group->stage[shared->first];
  if (shared->intermediate && shared->windows) {
    return window_words(out, it, tensor);
  }
  cds_einsum part = *stage->einsum;
  for (unsigned r = 0; r < part.ranks; r++) {
    part.rank[r].size = part.rank[r].real =
        length_of(it, stage->rank[r], place);
  }
  return cds_tensor_words(out, &part, cds_fused_own_tensor(stage, tensor));
}

static cds_status set_home(cds_home *out, const cds_viewing *it,
                           unsigned tensor) {
  memset(out, 0, sizeof *out);
  const unsigned place = place_of(it, tensor, &out->level);
  if (out->level == 0) {
    return CDS_OK;
  }
  CDS_TRY(tile_words(&out->tile_words, it, tensor, place));
  if (it->group->tensor[tensor].intermediate) {
    return CDS_OK;
  }
  uint64_t tiles = 0;
  CDS_TRY(count_tiles(&tiles, it, tensor, place));
  for (unsigned n = 0; n < place; n++) {
    out->replaced = out->replaced || on_tensor(it, n, tensor);
  }
  return cds_mul_u64(&out->loads, out->tile_words, tiles) ? CDS_OK : CDS_ELIMIT;
}

/* ---- online softmax -------------------------------------------------- */

static const cds_tensor *output_of(const cds_fused_einsum *stage) {
  return &stage->einsum->tensor[stage->einsum->tensors - 1];
}

/* How rows come in tiles, and the home of the output that they make. */
static cds_status set_online(cds_online *out, cds_home *home,
                             const cds_viewing *it, unsigned softmax) {
  const cds_fused_group *group = it->group;
  memset(out, 0, sizeof *out);
  memset(home, 0, sizeof *home);
  out->tiles = cds_fused_row_tiles(group, it->outer, softmax);
  if (out->tiles < 2) {
    return CDS_OK;
  }
  const cds_fused_einsum *user =
      &group->stage[cds_fused_online_user(group, softmax)];
  const cds_einsum *product = user->einsum;
  const unsigned output = user->tensor[product->tensors - 1];
  CDS_TRY(set_home(home, it, output));
  out->level = home->level;
  out->sums = output_of(user)->accumulator;
  out->results = output_of(user)->format;
  out->strip_words = 1;
  for (unsigned r = 0; r < product->ranks; r++) {
    const unsigned rank = user->rank[r];
    if (!cds_fused_stage_has(group, softmax, rank)) {
      out->strip_words *=
          product->rank[r].size / cds_outer_trips_on(it->outer, rank);
    }
  }
  if (home->level > 0) { /* with all strips but those that are finished */
    uint64_t words = 0;
    CDS_TRY(cds_tensor_words(&words, product, product->tensors - 1));
    out->returns = (home->loads - words) / out->strip_words * CDS_STATE_WORDS;
  }
  return CDS_OK;
}

/* ---- passes ---------------------------------------------------------- */

/* Lengths in a pass, passes, and outputs: loops on ranks that the stage reduces
 * add to the same one. */
static cds_status set_passes(cds_stage_view *out, const cds_viewing *it,
                             const cds_fused_einsum *stage) {
  const cds_fused_mask *mask = &it->group->mask;
  const cds_left *left = it->left;
  const unsigned key =
      mask->here ? cds_fused_own_rank(stage, mask->key) : UINT_MAX;
  const bool sums_keys = left->pieces[1] > 1 && key != UINT_MAX &&
                         !cds_tensor_has_rank(output_of(stage), key);
  out->stage.passes = left->pairs;
  out->stage.repeats = sums_keys ? left->pieces[0] : left->pairs;
  for (unsigned n = 0; n < it->outer->nodes; n++) {
    const cds_outer_node *node = &it->outer->node[n];
    if (!is_loop(it, n)) {
      continue;
    }
    const unsigned own = cds_fused_own_rank(stage, node->rank);
    const bool reduced =
        own != UINT_MAX && !cds_tensor_has_rank(output_of(stage), own);
    const bool counted = cds_fused_of_mask(it->group, node->rank);
    if (own != UINT_MAX) {
      out->einsum.rank[own].size /= node->trips;
    }
    if (!counted &&
        (!cds_mul_u64(&out->stage.passes, out->stage.passes, node->trips) ||
         !cds_mul_u64(&out->stage.repeats, out->stage.repeats,
                      reduced ? 1 : node->trips))) {
      return CDS_ELIMIT;
    }
  }
  for (unsigned r = 0; r < out->einsum.ranks; r++) {
    out->einsum.rank[r].real = out->einsum.rank[r].size;
  }
  return CDS_OK;
}

/* Passes in which a softmax of tiles sees the first tile of its rows. */
static uint64_t first_passes(const cds_viewing *it, const cds_stage *stage,
                             unsigned softmax) {
  const cds_fused_group *group = it->group;
  if (stage->online.tiles < 2) {
    return 0;
  }
  return group->mask.here &&
                 cds_fused_row_rank(&group->stage[softmax]) == group->mask.key
             ? stage->passes / it->left->pairs * it->left->pieces[0]
             : stage->passes / stage->online.tiles;
}

/* ---- room ------------------------------------------------------------ */

static cds_status take(uint64_t *taken, const cds_home *home, uint64_t words,
                       uint64_t bits) {
  uint64_t more = 0;
  return cds_mul_u64(&more, words, bits) &&
                 cds_add_u64(&taken[home->level], taken[home->level], more)
             ? CDS_OK
             : CDS_ELIMIT;
}

/* Tiles that stand where one is at home. */
static uint64_t standing(const cds_viewing *it, const cds_home *home) {
  return home->replaced && cds_level_doubled(it->arch, home->level) ? 2 : 1;
}

/* And those beside it in a pipeline, of what is another from pass to pass: one
 * for each segment that is still behind. */
static uint64_t behind(const cds_viewing *it, unsigned t,
                       const cds_home *home) {
  const bool anew = home->replaced || it->group->tensor[t].intermediate;
  return it->outer->pipelined && anew ? cds_fused_segments_over(it->group, t)
                                      : 0;
}

/* Of a tensor, beside the tiles that are the stage's own: a pipeline's stand
 * all the time, else an intermediate from its maker to the last that uses it.
 */
static cds_status take_tensor(cds_stage *out, const cds_viewing *it,
                              unsigned index, unsigned t) {
  const cds_fused_group *group = it->group;
  const cds_fused_tensor *tensor = &group->tensor[t];
  const cds_tensor *plain = cds_fused_plain_tensor(group, t);
  const bool own = cds_fused_own_tensor(&group->stage[index], t) != UINT_MAX;
  const bool alive = !tensor->intermediate || it->outer->pipelined ||
                     (tensor->maker <= index && index <= tensor->last);
  const bool sums = cds_fused_sums_go_on(group, it->outer, t);
  cds_home home;
  CDS_TRY(set_home(&home, it, t));
  const uint64_t tiles = behind(it, t, &home) + (own ? 0 : standing(it, &home));
  return home.level == 0 || !alive
             ? CDS_OK
             : take(out->taken_bits, &home, home.tile_words,
                    tiles *
                        (sums ? plain->accumulator.bits : plain->format.bits));
}

/* Rows that a pass of a softmax has. */
static uint64_t rows_of_pass(const cds_viewing *it, unsigned softmax) {
  const cds_fused_einsum *stage = &it->group->stage[softmax];
  uint64_t rows = 1; /* divides the weights' words, which fit */
  for (unsigned r = 0; r < stage->einsum->ranks; r++) {
    rows *= cds_fused_row_has(stage, stage->rank[r])
                ? 1
                : length_of(it, stage->rank[r], it->outer->nodes);
  }
  return rows;
}

/* States, and in a pipeline the factors of the rows of a pass. */
static cds_status take_states(cds_stage *out, const cds_viewing *it,
                              unsigned softmax) {
  cds_online online;
  cds_home home;
  CDS_TRY(set_online(&online, &home, it, softmax));
  if (home.level == 0) {
    return CDS_OK;
  }
  const uint64_t over =
      it->outer->pipelined
          ? cds_fused_segment(it->group,
                              cds_fused_online_user(it->group, softmax)) -
                cds_fused_segment(it->group, softmax)
          : 0;
  const uint64_t tiles = standing(it, &home) + (home.replaced ? over : 0);
  CDS_TRY(take(out->taken_bits, &home, home.tile_words / online.strip_words,
               tiles * CDS_STATE_WORDS * CDS_STATE_BITS));
  return take(out->taken_bits, &home, rows_of_pass(it, softmax),
              over * CDS_STATE_BITS);
}

/* Parameters of a pipeline's operation, at the level of its homes: one for each
 * element of a row of the pass, unless that is its only one. */
static cds_status take_parameters(cds_stage *out, const cds_viewing *it,
                                  unsigned operation) {
  const cds_fused_einsum *stage = &it->group->stage[operation];
  const cds_operation_kind *kind =
      cds_operation_kind_find(stage->operation->kind);
  const uint64_t rows = rows_of_pass(it, operation);
  cds_home home = {.level = 0};
  uint64_t elements = 1; /* no more than the result's words */
  for (unsigned t = 0; t < stage->einsum->tensors && home.level == 0; t++) {
    CDS_TRY(set_home(&home, it, stage->tensor[t]));
  }
  for (unsigned r = 0; r < stage->einsum->ranks; r++) {
    elements *= length_of(it, stage->rank[r], it->outer->nodes);
  }
  for (unsigned i = 0; home.level > 0 && rows > 1 && kind != NULL &&
                       i < stage->operation->inputs;
       i++) {
    if (kind->input[i].shape == CDS_SHAPE_SHARED) {
      CDS_TRY(take(out->taken_bits, &home, elements / rows,
                   stage->operation->input[i].format.bits));
    }
  }
  return CDS_OK;
}

/* Room of what the stage does not have itself. */
static cds_status take_room(cds_stage *out, const cds_viewing *it,
                            unsigned index) {
  for (unsigned t = 0; t < it->group->tensors; t++) {
    CDS_TRY(take_tensor(out, it, index, t));
  }
  for (unsigned s = 0; s < it->group->stages; s++) {
    if (it->group->stage[s].operation != NULL) {
      CDS_TRY(take_states(out, it, s));
      CDS_TRY(it->outer->pipelined ? take_parameters(out, it, s) : CDS_OK);
    }
  }
  return CDS_OK;
}

/* ---- what is covered ------------------------------------------------- */

/* Whether the rank slides along an axis of the tensor. */
static bool slides(const cds_einsum *einsum, unsigned tensor, unsigned rank) {
  bool any = false;
  for (unsigned a = 0; a < einsum->tensor[tensor].axes; a++) {
    cds_term term[CDS_TERMS_MAX];
    const unsigned terms =
        cds_axis_long_terms(term, einsum, &einsum->tensor[tensor].axis[a]);
    for (unsigned i = 0; i < terms && terms > 1; i++) {
      any = any || term[i].rank == rank;
    }
  }
  return any;
}

const char *cds_stage_view_foreign(const cds_fused_group *group,
                                   const cds_outer *outer) {
  const cds_viewing it = {group, NULL, outer, NULL};
  for (unsigned t = 0; t < group->tensors; t++) {
    const cds_fused_einsum *stage = &group->stage[group->tensor[t].first];
    unsigned level = 0;
    const unsigned place = place_of(&it, t, &level);
    for (unsigned n = 0; n < place && level > 0; n++) {
      const unsigned own = is_loop(&it, n)
                               ? cds_fused_own_rank(stage, outer->node[n].rank)
                               : UINT_MAX;
      if (own != UINT_MAX &&
          slides(stage->einsum, cds_fused_own_tensor(stage, t), own)) {
        return "a loop cuts what windows slide over at home";
      }
    }
  }
  return NULL;
}

cds_status cds_stage_view_set(cds_stage_view *out, const cds_fused_group *group,
                              const cds_arch *arch, const cds_outer *outer,
                              const cds_left *left, unsigned index) {
  const cds_fused_einsum *stage = &group->stage[index];
  const cds_viewing it = {group, arch, outer, left};
  memset(&out->stage, 0, sizeof out->stage);
  out->stage.pipelined = outer->pipelined;
  out->stage.fills = cds_fused_segment(group, group->stages - 1);
  out->einsum = *stage->einsum;
  out->einsum.stage = &out->stage;
  CDS_TRY(set_passes(out, &it, stage));
  for (unsigned t = 0; t < stage->einsum->tensors; t++) {
    cds_home *home = &out->stage.home[t];
    CDS_TRY(set_home(home, &it, stage->tensor[t]));
    if (group->tensor[stage->tensor[t]].first != index) {
      home->loads = 0; /* it is there already */
    }
  }
  CDS_TRY(take_room(&out->stage, &it, index));
  if (stage->operation != NULL) {
    cds_home home;
    CDS_TRY(set_online(&out->stage.online, &home, &it, index));
    out->stage.online.firsts = first_passes(&it, &out->stage, index);
  }
  return CDS_OK;
}
