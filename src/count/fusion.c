/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stage under outer loops: how long its ranks are in a pass, how often it
 * runs on the same and on other outputs, and what comes to the homes of its
 * tensors: the loads of a holder in a nest that has nothing but these loops.
 */
#include "count/fusion.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"
#include "count/loads.h"
#include "count/mask.h"

typedef struct cds_placing {
  const cds_fused_group *group;
  const cds_arch *arch;
  const cds_outer *outer;
  cds_arena *scratch;
} cds_placing;

/* The outer node that holds the tensor, moved up to behind the innermost loop
 * above it on a rank of the tensor; after all nodes if there is none. */
static unsigned place_of(const cds_placing *it, unsigned tensor,
                         unsigned *level) {
  unsigned place = 0;
  for (unsigned n = 0; n < it->outer->nodes; n++) {
    const cds_outer_node *node = &it->outer->node[n];
    if (node->kind == CDS_OUTER_HOLD && node->tensor == tensor) {
      *level = node->level;
      return place;
    }
    if (cds_outer_is_loop(node) &&
        cds_fused_tensor_has(it->group, tensor, node->rank)) {
      place = n + 1;
    }
  }
  *level = 0;
  return it->outer->nodes;
}

/* The nest of outer loops down to a place, a holder, all else inside: loops on
 * ranks that the einsum lacks stand on one more rank. */
typedef struct cds_outer_nest {
  cds_einsum einsum;
  cds_mapping mapping;
} cds_outer_nest;

static cds_status make_nest(cds_outer_nest *out, const cds_placing *it,
                            const cds_fused_einsum *stage, unsigned place) {
  out->einsum = *stage->einsum;
  out->mapping.nodes = 0;
  const unsigned again = out->einsum.ranks;
  if (again == CDS_RANKS_MAX) {
    return CDS_ELIMIT;
  }
  out->einsum.ranks++;
  out->einsum.rank[again] = (cds_rank){.name = "again", .size = 1, .real = 1};
  uint64_t left[CDS_RANKS_MAX] = {0};
  for (unsigned r = 0; r < out->einsum.ranks; r++) {
    left[r] = out->einsum.rank[r].size;
  }
  for (unsigned n = 0; n < place; n++) {
    if (!cds_outer_is_loop(&it->outer->node[n])) {
      continue;
    }
    const unsigned own = cds_fused_own_rank(stage, it->outer->node[n].rank);
    const uint64_t trips = it->outer->node[n].trips;
    cds_node *node = &out->mapping.node[out->mapping.nodes++];
    memset(node, 0, sizeof *node);
    node->kind = CDS_FOR;
    node->rank = own == UINT_MAX ? again : own;
    node->trips = trips;
    if (own == UINT_MAX) {
      uint64_t *size = &out->einsum.rank[again].size;
      if (!cds_mul_u64(size, *size, trips)) {
        return CDS_ELIMIT;
      }
    } else {
      left[own] /= trips;
    }
  }
  out->mapping.node[out->mapping.nodes++] = (cds_node){.kind = CDS_HOLD};
  for (unsigned r = 0; r < again; r++) {
    cds_node *node = &out->mapping.node[out->mapping.nodes++];
    memset(node, 0, sizeof *node);
    node->kind = CDS_FOR;
    node->rank = r;
    node->trips = left[r];
  }
  return CDS_OK;
}

/* Loops of the nest that stand above the place. */
static unsigned loops_above(const cds_placing *it, unsigned place) {
  unsigned loops = 0;
  for (unsigned n = 0; n < place; n++) {
    loops += cds_outer_is_loop(&it->outer->node[n]);
  }
  return loops;
}

/* Words of a tile that windows need or that is made, whichever is more along
 * each axis. In a pass: axes of windows are whole then, others equally long in
 * all stages. */
static cds_status window_tile(uint64_t *words, const cds_placing *it,
                              unsigned tensor) {
  uint64_t most[CDS_AXES_MAX] = {0};
  unsigned axes = 0;
  for (unsigned s = 0; s < it->group->stages; s++) {
    const cds_fused_einsum *stage = &it->group->stage[s];
    const unsigned own = cds_fused_own_tensor(stage, tensor);
    uint64_t length[CDS_RANKS_MAX];
    uint64_t positions[CDS_AXES_MAX];
    for (unsigned r = 0; r < stage->einsum->ranks; r++) {
      length[r] = stage->einsum->rank[r].size /
                  cds_outer_trips_on(it->outer, stage->rank[r]);
    }
    if (own != UINT_MAX) {
      axes = cds_fused_long_axes(positions, stage->einsum, own, length);
    }
    for (unsigned a = 0; own != UINT_MAX && a < axes; a++) {
      most[a] = positions[a] > most[a] ? positions[a] : most[a];
    }
  }
  *words = 1;
  for (unsigned a = 0; a < axes; a++) {
    if (!cds_mul_u64(words, *words, most[a])) {
      return CDS_ELIMIT;
    }
  }
  return CDS_OK;
}

/* Trips of the loops above the place that are on a rank of a stage. */
static uint64_t trips_above(const cds_placing *it,
                            const cds_fused_einsum *stage, unsigned rank,
                            unsigned place) {
  uint64_t trips = 1;
  for (unsigned n = 0; n < place; n++) {
    const cds_outer_node *node = &it->outer->node[n];
    if (cds_outer_is_loop(node) &&
        cds_fused_own_rank(stage, node->rank) == rank) {
      trips *= node->trips; /* they divide the rank */
    }
  }
  return trips;
}

/* The tile of a tensor each of whose axes is one rank, and whose ranks have one
 * axis each: parts of its ranks. Two tiles are one, or have no word in common,
 * so that a tile comes whenever a loop on a rank of the tensor goes on or
 * begins anew: once for each trip of the loops down to the innermost of these.
 * False: no such tensor, or beyond 64 bits. */
static bool set_parts(cds_home *out, const cds_placing *it,
                      const cds_fused_einsum *stage, unsigned own,
                      unsigned place) {
  const cds_tensor *tensor = &stage->einsum->tensor[own];
  uint64_t words = 1;
  uint64_t ranks = 0; /* seen, as bits */
  for (unsigned a = 0; a < tensor->axes; a++) {
    cds_term term[CDS_TERMS_MAX];
    const unsigned terms =
        cds_axis_long_terms(term, stage->einsum, &tensor->axis[a]);
    if (terms == 0) {
      continue;
    }
    const uint64_t bit = UINT64_C(1) << term[0].rank;
    const uint64_t length = stage->einsum->rank[term[0].rank].size /
                            trips_above(it, stage, term[0].rank, place);
    if (terms > 1 || (ranks & bit) != 0 ||
        !cds_mul_u64(&words, words, length)) {
      return false;
    }
    ranks |= bit;
  }
  uint64_t times = 1;
  uint64_t all = 1;
  for (unsigned n = 0; n < place; n++) {
    const cds_outer_node *node = &it->outer->node[n];
    if (!cds_outer_is_loop(node)) {
      continue;
    }
    if (!cds_mul_u64(&all, all, node->trips)) {
      return false;
    }
    const unsigned rank = cds_fused_own_rank(stage, node->rank);
    if (node->trips > 1 && rank < UINT_MAX && (ranks >> rank & 1U) != 0) {
      times = all;
    }
  }
  out->tile_words = words;
  return cds_mul_u64(&out->loads, words, times);
}

static cds_status set_home(cds_home *out, const cds_placing *it,
                           unsigned tensor) {
  const cds_fused_tensor *shared = &it->group->tensor[tensor];
  const cds_fused_einsum *first = &it->group->stage[shared->first];
  memset(out, 0, sizeof *out);
  unsigned place = place_of(it, tensor, &out->level);
  if (out->level == 0) {
    return CDS_OK;
  }
  if (shared->intermediate && shared->windows) {
    return window_tile(&out->tile_words, it, tensor);
  }
  place = shared->intermediate ? it->outer->nodes : place;
  const unsigned own = cds_fused_own_tensor(first, tensor);
  cds_outer_nest nest; /* some kilobytes: not worth zeroing */
  const cds_holder holder = {.einsum = &nest.einsum,
                             .mapping = &nest.mapping,
                             .tensor = own,
                             .position = loops_above(it, place)};
  const bool parts = set_parts(out, it, first, own, place);
  if (!parts) {
    CDS_TRY(make_nest(&nest, it, first, place));
    CDS_TRY(cds_tile_words(&out->tile_words, &holder, it->scratch));
  }
  if (shared->intermediate) {
    out->loads = 0;
    return CDS_OK;
  }
  for (unsigned n = 0; n < place; n++) {
    out->replaced =
        out->replaced ||
        (cds_outer_is_loop(&it->outer->node[n]) &&
         cds_fused_tensor_has(it->group, tensor, it->outer->node[n].rank));
  }
  if (cds_mask_outside(it->group, it->outer, place)) {
    /* All axes are ranks: a tile that is another has no word of the last. */
    return cds_mul_u64(&out->loads, out->tile_words,
                       cds_mask_tiles(it->group, it->outer, tensor, place))
               ? CDS_OK
               : CDS_ELIMIT;
  }
  return parts ? CDS_OK
               : cds_loads(&out->loads, NULL, &holder, 0, 0, it->scratch);
}

/* Tiles that a pipeline keeps beside the one that is used: of what is replaced
 * from pass to pass one for each segment that is behind. */
static uint64_t behind(const cds_placing *it, unsigned tensor,
                       const cds_home *home) {
  const bool anew = home->replaced || it->group->tensor[tensor].intermediate;
  return it->outer->pipelined && anew
             ? cds_fused_segments_over(it->group, tensor)
             : 0;
}

/* What a tensor takes of its level while a stage runs beside what the stage
 * itself accounts for: its own tensors' tiles. */
static cds_status take_room(cds_fused_pass *out, const cds_placing *it,
                            unsigned tensor, unsigned index) {
  const cds_fused_tensor *shared = &it->group->tensor[tensor];
  const cds_tensor *plain = cds_fused_plain_tensor(it->group, tensor);
  const bool own =
      cds_fused_own_tensor(&it->group->stage[index], tensor) < UINT_MAX;
  cds_home home;
  CDS_TRY(set_home(&home, it, tensor));
  const bool alive = !shared->intermediate || it->outer->pipelined ||
                     (shared->maker <= index && index <= shared->last);
  if (home.level == 0 || !alive) {
    return CDS_OK;
  }
  const bool twice = home.replaced && cds_level_doubled(it->arch, home.level);
  const uint64_t tiles =
      behind(it, tensor, &home) + (own ? 0 : (twice ? 2U : 1U));
  const unsigned bits = cds_fused_sums_go_on(it->group, it->outer, tensor)
                            ? plain->accumulator.bits
                            : plain->format.bits;
  uint64_t *taken = &out->stage.taken_bits[home.level];
  uint64_t more = 0;
  const bool fine = cds_mul_u64(&more, home.tile_words, bits * tiles) &&
                    cds_add_u64(taken, *taken, more);
  return fine ? CDS_OK : CDS_ELIMIT;
}

/* How the rows of a stage come in tiles, and the home of what its weights make.
 * Loads of an output whose sums go on are of whole strips that have all seen as
 * many passes: the loops inside of its place reach every word of the tile. So
 * of each load that is not the last of its words the states go, too, and come
 * back; the strips of a tile are its words by those of a strip. */
static cds_status set_online(cds_online *out, cds_home *home,
                             const cds_placing *it, unsigned index) {
  const cds_fused_group *group = it->group;
  memset(out, 0, sizeof *out);
  out->tiles = cds_fused_row_tiles(group, it->outer, index);
  if (out->tiles < 2) {
    return CDS_OK;
  }
  const unsigned at = cds_fused_online_user(group, index);
  const cds_fused_einsum *user = &group->stage[at];
  const unsigned output = user->einsum->tensors - 1;
  const cds_tensor *tensor = &user->einsum->tensor[output];
  CDS_TRY(set_home(home, it, user->tensor[output]));
  out->level = home->level;
  out->sums = tensor->accumulator;
  out->results = tensor->format;
  out->strip_words = 1; /* divides the output's words, which fit */
  for (unsigned r = 0; r < user->einsum->ranks; r++) {
    if (!cds_fused_stage_has(group, index, user->rank[r])) {
      out->strip_words *= user->einsum->rank[r].size /
                          cds_outer_trips_on(it->outer, user->rank[r]);
    }
  }
  if (home->level > 0) {
    uint64_t words = 0;
    CDS_TRY(cds_tensor_words(&words, user->einsum, output));
    const uint64_t strips = (home->loads - words) / out->strip_words;
    return cds_mul_u64(&out->returns, strips, CDS_STATE_WORDS) ? CDS_OK
                                                               : CDS_ELIMIT;
  }
  return CDS_OK;
}

/* Passes of an online softmax that begin a row: all rows see all tiles, or
 * those that the mask leaves them. */
static void set_firsts(cds_stage *out, const cds_placing *it, unsigned index) {
  const cds_fused_group *group = it->group;
  const uint64_t tiles = out->online.tiles;
  if (tiles < 2) {
    return;
  }
  if (group->mask.here &&
      cds_fused_row_rank(&group->stage[index]) == group->mask.key) {
    cds_live live;
    cds_live_set(&live, group, it->outer);
    out->online.firsts = out->passes / live.pairs * live.queries;
  } else {
    out->online.firsts = out->passes / tiles;
  }
}

/* Strips of a pass of the softmax: its rows, each with one. */
static uint64_t rows_of_pass(const cds_placing *it, unsigned softmax) {
  const cds_fused_einsum *stage = &it->group->stage[softmax];
  const unsigned row = cds_fused_row_rank(stage);
  uint64_t rows = 1; /* divides the weights' words, which fit */
  for (unsigned r = 0; r < stage->einsum->ranks; r++) {
    rows *= stage->rank[r] == row
                ? 1
                : stage->einsum->rank[r].size /
                      cds_outer_trips_on(it->outer, stage->rank[r]);
  }
  return rows;
}

/* Words that states take, and factors. */
static bool state_words(uint64_t *out, const cds_placing *it, unsigned softmax,
                        const cds_home *home, uint64_t strips) {
  const unsigned user = cds_fused_online_user(it->group, softmax);
  const unsigned over = cds_fused_segment(it->group, user) -
                        cds_fused_segment(it->group, softmax);
  const bool pipelined = it->outer->pipelined;
  const uint64_t tiles =
      (home->replaced && cds_level_doubled(it->arch, home->level) ? 2U : 1U) +
      (pipelined && home->replaced ? over : 0);
  const uint64_t factors = pipelined ? over * rows_of_pass(it, softmax) : 0;
  return cds_mul_u64(out, strips, CDS_STATE_WORDS * tiles) &&
         cds_add_u64(out, *out, factors);
}

/* States stand beside the tile of their output, in as many copies. */
static cds_status take_state_room(cds_fused_pass *out, const cds_placing *it,
                                  unsigned softmax) {
  cds_online online;
  cds_home home = {.level = 0};
  CDS_TRY(set_online(&online, &home, it, softmax));
  if (home.level == 0) {
    return CDS_OK;
  }
  const uint64_t strips = home.tile_words / online.strip_words;
  uint64_t *taken = &out->stage.taken_bits[home.level];
  uint64_t more = 0;
  const bool fine = state_words(&more, it, softmax, &home, strips) &&
                    cds_mul_u64(&more, more, CDS_STATE_BITS) &&
                    cds_add_u64(taken, *taken, more);
  return fine ? CDS_OK : CDS_ELIMIT;
}

/* What the rows of an operation share stands where its tensors are at home, in
 * a pipeline all the time, as products run beside it. A single row has it pass
 * through. */
static cds_status take_shared_room(cds_fused_pass *out, const cds_placing *it,
                                   unsigned index) {
  const cds_fused_einsum *stage = &it->group->stage[index];
  const cds_operation *operation = stage->operation;
  unsigned level = 0;
  for (unsigned t = 0; t < stage->einsum->tensors && level == 0; t++) {
    (void)place_of(it, stage->tensor[t], &level);
  }
  uint64_t rows = 1; /* both divide the result's words, which fit */
  uint64_t length = 1;
  for (unsigned r = 0; r < stage->einsum->ranks; r++) {
    const unsigned rank = stage->rank[r];
    *(cds_fused_row_has(stage, rank) ? &length : &rows) *=
        stage->einsum->rank[r].size / cds_outer_trips_on(it->outer, rank);
  }
  uint64_t bits = 0;
  for (unsigned i = 0; i < operation->inputs; i++) {
    const cds_operand *in = &operation->input[i];
    bits += in->row_words == 0 ? in->format.bits : 0;
  }
  uint64_t *taken = &out->stage.taken_bits[level];
  uint64_t more = 0;
  const bool fine =
      level == 0 || rows == 1 ||
      (cds_mul_u64(&more, length, bits) && cds_add_u64(taken, *taken, more));
  return fine ? CDS_OK : CDS_ELIMIT;
}

/* The live pairs of the mask: all of them are passes, and of a stage that sums
 * over keys all of a piece of queries have one output. Where a reduction has
 * outer loops, its output leaves the group, so that of the mask's ranks it can
 * only be keys (spec/fusion.h). */
static void set_live(cds_stage *out, const cds_placing *it,
                     const cds_fused_einsum *stage) {
  const cds_tensor *output = &stage->einsum->tensor[stage->einsum->tensors - 1];
  const cds_fused_mask *mask = &it->group->mask;
  cds_live live;
  cds_live_set(&live, it->group, it->outer);
  const unsigned key = cds_fused_own_rank(stage, mask->key);
  const bool reduced = mask->here && live.keys > 1 && key < UINT_MAX &&
                       !cds_tensor_has_rank(output, key);
  out->passes = live.pairs;
  out->repeats = reduced ? live.queries : live.pairs;
}

/* Lengths of a pass, passes and repeats. */
static cds_status set_passes(cds_fused_pass *out, const cds_placing *it,
                             const cds_fused_einsum *stage) {
  const cds_tensor *output = &stage->einsum->tensor[stage->einsum->tensors - 1];
  set_live(&out->stage, it, stage);
  for (unsigned n = 0; n < it->outer->nodes; n++) {
    if (!cds_outer_is_loop(&it->outer->node[n])) {
      continue;
    }
    const unsigned rank = it->outer->node[n].rank;
    const unsigned own = cds_fused_own_rank(stage, rank);
    const uint64_t trips = it->outer->node[n].trips;
    if (own < UINT_MAX) {
      out->einsum.rank[own].size /= trips;
    }
    if (cds_fused_of_mask(it->group, rank)) {
      continue;
    }
    const bool reduced = own < UINT_MAX && !cds_tensor_has_rank(output, own);
    if (!cds_mul_u64(&out->stage.passes, out->stage.passes, trips) ||
        !cds_mul_u64(&out->stage.repeats, out->stage.repeats,
                     reduced ? 1 : trips)) {
      return CDS_ELIMIT;
    }
  }
  for (unsigned r = 0; r < out->einsum.ranks; r++) {
    out->einsum.rank[r].real = out->einsum.rank[r].size;
  }
  return CDS_OK;
}

cds_status cds_fused_pass_set(cds_fused_pass *out, const cds_fused_group *group,
                              const cds_arch *arch, const cds_outer *outer,
                              unsigned index, cds_arena *scratch) {
  const cds_fused_einsum *stage = &group->stage[index];
  const cds_placing it = {group, arch, outer, scratch};
  const cds_arena_mark mark = cds_arena_mark_get(scratch);
  memset(&out->stage, 0, sizeof out->stage);
  out->stage.pipelined = outer->pipelined;
  out->stage.fills = cds_fused_segment(group, group->stages - 1);
  out->einsum = *stage->einsum;
  out->einsum.stage = &out->stage;
  cds_status status = set_passes(out, &it, stage);
  for (unsigned t = 0; status == CDS_OK && t < stage->einsum->tensors; t++) {
    cds_home *home = &out->stage.home[t];
    const unsigned tensor = stage->tensor[t];
    status = set_home(home, &it, tensor);
    if (group->tensor[tensor].first != index) {
      home->loads = 0;
    }
  }
  for (unsigned t = 0; status == CDS_OK && t < group->tensors; t++) {
    status = take_room(out, &it, t, index);
  }
  for (unsigned s = 0; status == CDS_OK && s < group->stages; s++) {
    if (group->stage[s].online) {
      status = take_state_room(out, &it, s);
    }
    if (status == CDS_OK && outer->pipelined &&
        group->stage[s].operation != NULL) {
      status = take_shared_room(out, &it, s);
    }
  }
  if (status == CDS_OK) {
    cds_home home;
    status = set_online(&out->stage.online, &home, &it, index);
    set_firsts(&out->stage, &it, index);
  }
  cds_arena_reset(scratch, mark);
  return status;
}
