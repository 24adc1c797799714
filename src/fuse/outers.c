/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loops, their order, and who is at home where; see outers.h. */
#include "fuse/outers.h"

#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "price/passes.h"
#include "price/pipeline.h"
#include "price/words.h"

/* ---- classes of ranks ------------------------------------------------ */

static uint32_t tensors_with(const cds_fused_group *group, unsigned rank) {
  uint32_t mask = 0;
  for (unsigned t = 0; t < group->tensors; t++) {
    mask |= cds_fused_tensor_has(group, t, rank) ? 1U << t : 0;
  }
  return mask;
}

static uint32_t stages_with(const cds_fused_group *group, unsigned rank) {
  uint32_t mask = 0;
  for (unsigned s = 0; s < group->stages; s++) {
    mask |= cds_fused_stage_has(group, s, rank) ? 1U << s : 0;
  }
  return mask;
}

/* Operations whose rows have the rank. */
static uint32_t rows_with(const cds_fused_group *group, unsigned rank) {
  uint32_t mask = 0;
  for (unsigned s = 0; s < group->stages; s++) {
    const bool has = group->stage[s].operation != NULL &&
                     cds_fused_row_has(&group->stage[s], rank);
    mask |= has ? 1U << s : 0;
  }
  return mask;
}

static bool has_all(const cds_outers *it, const cds_loop_class *class) {
  return class->tensors == (1U << it->group->tensors) - 1;
}

static bool same_class(const cds_outers *it, const cds_loop_class *a,
                       const cds_loop_class *b) {
  return a->tensors == b->tensors && a->stages == b->stages &&
         a->rows == b->rows && !cds_fused_of_mask(it->group, a->rank[0]) &&
         !cds_fused_of_mask(it->group, b->rank[0]);
}

static cds_status list_divisors(cds_loop_class *class, cds_arena *arena) {
  for (unsigned pass = 0; pass < 2; pass++) {
    class->divisors = 0;
    for (uint64_t d = 1; d <= class->size / d; d++) {
      if (class->size % d == 0) {
        if (pass == 1) {
          class->divisor[class->divisors] = d;
        }
        class->divisors++;
      }
    }
    const size_t small = class->divisors;
    for (size_t i = small; pass == 1 && i-- > 0;) {
      const uint64_t other = class->size / class->divisor[i];
      if (other != class->divisor[i]) {
        class->divisor[class->divisors++] = other;
      }
    }
    if (pass == 0) {
      class->divisor =
          (uint64_t *)cds_arena_array(arena, 2 * small, sizeof(uint64_t));
      if (class->divisor == NULL) {
        return CDS_ENOMEM;
      }
    }
  }
  return CDS_OK;
}

/* Those that all tensors have come first. */
cds_status cds_outers_classes(cds_outers *it) {
  it->classes = 0;
  for (unsigned round = 0; round < 2; round++) {
    for (unsigned r = 0; r < it->group->ranks; r++) {
      cds_loop_class made = {.ranks = 1,
                             .rank = {r},
                             .size = it->group->rank[r].size,
                             .tensors = tensors_with(it->group, r),
                             .stages = stages_with(it->group, r),
                             .rows = rows_with(it->group, r)};
      if (has_all(it, &made) != (round == 0) || made.size == 1 ||
          cds_fused_loop_wrong(it->group, r) != NULL) {
        continue;
      }
      unsigned c = 0;
      while (c < it->classes && !same_class(it, &it->class[c], &made)) {
        c++;
      }
      if (c == CDS_LOOP_CLASSES_MAX) {
        return CDS_ELIMIT;
      }
      if (c == it->classes) {
        it->class[it->classes++] = made;
      } else {
        it->class[c].rank[it->class[c].ranks++] = r;
        it->class[c].size *= made.size;
      }
    }
  }
  for (unsigned c = 0; c < it->classes; c++) {
    CDS_TRY(list_divisors(&it->class[c], it -> arena));
  }
  return CDS_OK;
}

/* ---- nodes ----------------------------------------------------------- */

/* The trips of a class, shared out to its ranks. */
static void write_loops(cds_outer *out, const cds_outers *it,
                        const cds_loop_class *class, uint64_t trips) {
  for (unsigned i = 0; i < class->ranks; i++) {
    const uint64_t part =
        cds_common_divisor(trips, it->group->rank[class->rank[i]].size);
    trips /= part;
    if (part > 1) {
      out->node[out->nodes++] = (cds_outer_node){
          .kind = CDS_OUTER_FOR, .rank = class->rank[i], .trips = part};
    }
  }
}

void cds_outers_nodes(cds_outer *out, const cds_outers *outers,
                      const cds_outer_choice *choice) {
  out->nodes = 0;
  out->pipelined = choice->pipelined;
  for (unsigned i = 0; i <= choice->loops; i++) {
    for (unsigned t = 0; t < outers->group->tensors; t++) {
      if (choice->place[t] == i) {
        out->node[out->nodes++] = (cds_outer_node){
            .kind = CDS_OUTER_HOLD, .tensor = t, .level = choice->level};
      }
    }
    if (i < choice->loops) {
      write_loops(out, outers, &outers->class[choice->class[i]],
                  choice -> trips[i]);
    }
  }
}

bool cds_outers_may_stay(const cds_outers *outers, unsigned tensor) {
  return !outers->group->tensor[tensor].intermediate &&
         cds_fused_may_hold(outers->group, tensor);
}

/* ---- floors ---------------------------------------------------------- */

cds_status cds_outers_operation(cds_cost *out, cds_operation_counts *counts,
                                double *hidden_s, const cds_outers *outers,
                                const cds_fused_pass *pass, unsigned stage) {
  CDS_TRY(cds_price_passes(out, counts, outers->arch, &pass->einsum,
                           outers->group->stage[stage].operation,
                           outers->power_limit_w));
  *hidden_s = cds_pipeline_hidden_s(outers->arch, out, &pass->stage);
  if (*hidden_s > 0) {
    cds_pipeline_shift(out, outers->arch, -*hidden_s);
  }
  return CDS_OK;
}

double cds_outers_hides_s(const cds_outers *outers, const cds_cost *cost) {
  return outers->group->pipelines ? cost->quiet_cycles / outers->arch->clock_hz
                                  : 0;
}

void cds_outers_bring_output(cds_fused_pass *pass, unsigned level) {
  pass->stage.online.level = level;
  pass->stage.online.returns = 0;
}

/* What a tensor at home takes, as far as it is known: an output may turn out to
 * be sums. */
static double home_bits(const cds_outers *it, const cds_fused_pass *pass,
                        unsigned t) {
  const cds_home *home = &pass->stage.home[t];
  const cds_tensor *tensor = &pass->einsum.tensor[t];
  const unsigned stored = tensor->format.bits;
  const unsigned sums = tensor->accumulator.bits;
  const bool output = t == pass->einsum.tensors - 1;
  const bool twice = home->replaced && cds_level_doubled(it->arch, home->level);
  return cds_words_bits(home->tile_words,
                        output && sums < stored ? sums : stored) *
         (twice ? 2 : 1);
}

bool cds_outers_homes_fit(const cds_outers *it, const cds_fused_pass *pass) {
  double bits[CDS_LEVELS_MAX];
  for (unsigned l = 0; l < it->arch->levels; l++) {
    bits[l] = (double)pass->stage.taken_bits[l];
  }
  for (unsigned t = 0; t < pass->einsum.tensors; t++) {
    bits[pass->stage.home[t].level] += home_bits(it, pass, t);
  }
  for (unsigned l = 1; l < it->arch->levels; l++) {
    if (bits[l] > (double)it->arch->level[l].size_bits) {
      return false;
    }
  }
  return true;
}

void cds_outers_any_floor(cds_floor *out, const cds_outers *outers,
                          const cds_fused_pass *pass, const cds_home *other,
                          unsigned may) {
  *out = (cds_floor){(double)INFINITY, (double)INFINITY, 0};
  for (unsigned set = 0; set <= may; set++) {
    if ((set & ~may) != 0) {
      continue;
    }
    cds_fused_pass moved = *pass;
    moved.einsum.stage = &moved.stage;
    for (unsigned t = 0; t < pass->einsum.tensors; t++) {
      if ((set >> t & 1U) != 0) {
        moved.stage.home[t] = other[t];
      }
    }
    double dynamic_pj = 0;
    double latency_s = 0;
    cds_search_floor(&dynamic_pj, &latency_s, outers->arch, &moved.einsum,
                     outers->power_limit_w);
    out->dynamic_pj = fmin(out->dynamic_pj, dynamic_pj);
    out->latency_s = fmin(out->latency_s, latency_s);
  }
}

cds_status cds_outers_least_floor(cds_floor *out, cds_outers *outers,
                                  const cds_fused_pass *pass,
                                  const cds_home *other, unsigned may) {
  if (!cds_outers_homes_fit(outers, pass)) {
    return CDS_EINFEASIBLE;
  }
  if (!cds_search_uneven(outers->arch, &pass->einsum)) {
    cds_outers_any_floor(out, outers, pass, other, may);
    return CDS_OK;
  }
  cds_problem problem;
  if (cds_problem_init(&problem, outers->arch, &pass->einsum,
                       outers->power_limit_w) != CDS_OK) {
    *out = (cds_floor){0, 0, 0}; /* the search says what is wrong */
    return CDS_OK;
  }
  return cds_floor_memo_get(out, outers->memo, &problem, other, may);
}

cds_status cds_outers_floor(cds_floor *out, double *hidden_s,
                            cds_outers *outers, const cds_fused_pass *pass,
                            unsigned stage) {
  *hidden_s = 0;
  if (outers->group->stage[stage].operation == NULL) {
    return cds_outers_least_floor(out, outers, pass, NULL, 0);
  }
  if (!cds_outers_homes_fit(outers, pass)) {
    return CDS_EINFEASIBLE;
  }
  cds_cost cost;
  cds_operation_counts counts;
  CDS_TRY(cds_outers_operation(&cost, &counts, hidden_s, outers, pass, stage));
  *out = (cds_floor){cost.dynamic_pj, cost.latency_s, 0};
  return CDS_OK;
}

/* ---- choices --------------------------------------------------------- */

enum { PLACES_MAX = CDS_LOOP_CLASSES_MAX + 2 };

/* Places that a tensor may have among loops in one order. */
typedef struct cds_place_list {
  unsigned count;
  uint8_t place[PLACES_MAX];
  double bits[PLACES_MAX]; /* that it takes there at least, copies counted */
} cds_place_list;

/* Floors of a stage by the places of its own tensors. */
typedef struct cds_own_floors {
  unsigned count;
  cds_floor *floor; /* latency INFINITY: does not fit */
  double *hidden_s;
} cds_own_floors;

typedef struct cds_placing_all {
  cds_outers *outers;
  cds_outer_choice choice; /* loops are set */
  cds_place_list tensor[CDS_FUSED_TENSORS_MAX];
  cds_own_floors stage[CDS_STAGES_MAX];
  unsigned at[CDS_FUSED_TENSORS_MAX]; /* index into the list */
  double room;    /* bits, beside the intermediates of the fullest stage */
  cds_stage full; /* passes, and those that fill a pipeline */
} cds_placing_all;

static cds_status add_choice(cds_outers *it, const cds_outer_choice *choice) {
  if (it->count == CDS_OUTERS_MAX) {
    return CDS_ELIMIT;
  }
  if (it->count == it->room) {
    const size_t room = 2 * it->room + 256;
    cds_outer_choice *grown =
        (cds_outer_choice *)cds_realloc(it->choice, room * sizeof *grown);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    it->choice = grown;
    it->room = room;
  }
  it->choice[it->count++] = *choice;
  return CDS_OK;
}

/* Whether a product brings or makes the tensor. */
static bool is_product(const cds_outers *outers, unsigned tensor) {
  const cds_fused_group *group = outers->group;
  return group->stage[group->tensor[tensor].first].operation == NULL;
}

static void list_places(cds_place_list *out, const cds_placing_all *it,
                        unsigned tensor) {
  const cds_outers *outers = it->outers;
  const cds_outer_choice *choice = &it->choice;
  memset(out, 0, sizeof *out);
  if (outers->group->tensor[tensor].intermediate) {
    out->place[out->count++] = choice->loops;
    return;
  }
  out->place[out->count++] = CDS_NO_PLACE;
  /* An operation makes other words of a result in each pass. A tile that
   * outlasts passes has at least two of those that do not, which is no less
   * room, and moves as much; but a pipeline may have more than two of these. */
  const bool any = choice->pipelined || is_product(outers, tensor);
  const unsigned first = any ? 0 : choice->loops;
  for (unsigned p = first;
       p <= choice->loops && cds_outers_may_stay(outers, tensor); p++) {
    const cds_loop_class *above =
        p == 0 ? NULL : &outers->class[choice->class[p - 1]];
    if (above == NULL || (above->tensors >> tensor & 1U) != 0) {
      out->place[out->count++] = (uint8_t)p;
    }
  }
}

/* Number of the places of a stage's own tensors. */
static unsigned own_index(const cds_placing_all *it, unsigned stage) {
  const cds_fused_einsum *own = &it->outers->group->stage[stage];
  unsigned index = 0;
  for (unsigned t = 0; t < own->einsum->tensors; t++) {
    const unsigned tensor = own->tensor[t];
    index = index * it->tensor[tensor].count + it->at[tensor];
  }
  return index;
}

/* The floor of a stage with its own tensors in the places at hand, the others
 * nowhere. */
static cds_status own_floor(cds_placing_all *it, unsigned stage) {
  cds_outers *outers = it->outers;
  const cds_fused_einsum *own = &outers->group->stage[stage];
  cds_outer_choice choice = it->choice;
  for (unsigned t = 0; t < outers->group->tensors; t++) {
    choice.place[t] =
        outers->group->tensor[t].intermediate ? choice.loops : CDS_NO_PLACE;
  }
  for (unsigned t = 0; t < own->einsum->tensors; t++) {
    const unsigned tensor = own->tensor[t];
    choice.place[tensor] = it->tensor[tensor].place[it->at[tensor]];
  }
  cds_outer outer;
  cds_outers_nodes(&outer, outers, &choice);
  const unsigned index = own_index(it, stage);
  cds_floor *floor = &it->stage[stage].floor[index];
  *floor = (cds_floor){(double)INFINITY, (double)INFINITY, 0};
  outer.pipelined = false; /* what that asks for may be of other stages */
  if (cds_fused_outer_wrong(outers->group, outers->arch, &outer) != NULL) {
    return CDS_OK;
  }
  outer.pipelined = choice.pipelined;
  cds_fused_pass pass;
  CDS_TRY(cds_fused_pass_set(&pass, outers->group, outers->arch, &outer, stage,
                             outers->scratch));
  cds_outers_bring_output(&pass, choice.level);
  it->full = pass.stage;
  for (unsigned t = 0; t < own->einsum->tensors; t++) {
    const unsigned tensor = own->tensor[t];
    if (!outers->group->tensor[tensor].intermediate) {
      it->tensor[tensor].bits[it->at[tensor]] =
          pass.stage.home[t].level > 0 ? home_bits(outers, &pass, t) : 0;
    }
  }
  const cds_status status = cds_outers_floor(
      floor, &it->stage[stage].hidden_s[index], outers, &pass, stage);
  return status == CDS_EINFEASIBLE || status == CDS_EINPUT ? CDS_OK : status;
}

/* The floors of a stage for all places of its tensors. */
static cds_status own_floors(cds_placing_all *it, unsigned stage) {
  const cds_fused_einsum *own = &it->outers->group->stage[stage];
  cds_own_floors *out = &it->stage[stage];
  out->count = 1;
  for (unsigned t = 0; t < own->einsum->tensors; t++) {
    out->count *= it->tensor[own->tensor[t]].count;
    it->at[own->tensor[t]] = 0;
  }
  out->floor = (cds_floor *)cds_arena_array(it->outers->scratch, out->count,
                                            sizeof *out->floor);
  out->hidden_s = (double *)cds_arena_array(it->outers->scratch, out->count,
                                            sizeof *out->hidden_s);
  if (out->floor == NULL || out->hidden_s == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned i = 0; i < out->count; i++) {
    out->hidden_s[i] = 0;
    unsigned rest = i;
    for (unsigned t = own->einsum->tensors; t-- > 0;) {
      const unsigned tensor = own->tensor[t];
      it->at[tensor] = rest % it->tensor[tensor].count;
      rest /= it->tensor[tensor].count;
    }
    CDS_TRY(own_floor(it, stage));
  }
  return CDS_OK;
}

/* Whether homes of all stages together are those of a pipeline. */
static bool may_pipeline(const cds_placing_all *it) {
  cds_outer outer;
  cds_outers_nodes(&outer, it->outers, &it->choice);
  return cds_fused_outer_wrong(it->outers->group, it->outers->arch, &outer) ==
         NULL;
}

/* Whether operations take no more without a pipeline: not where what rows share
 * stands while rows, which are not all at home, do not fit beside it. */
static bool alone_is_no_more(const cds_placing_all *it) {
  const cds_fused_group *group = it->outers->group;
  bool all = true;
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_fused_einsum *stage = &group->stage[s];
    const cds_operation *operation = stage->operation;
    bool shares = false;
    bool home = true;
    for (unsigned i = 0; operation != NULL && i < operation->inputs; i++) {
      shares = shares || operation->input[i].row_words == 0;
    }
    for (unsigned t = 0; t < stage->einsum->tensors; t++) {
      home = home && it->choice.place[stage->tensor[t]] != CDS_NO_PLACE;
    }
    all = all && (!shares || home);
  }
  return all;
}

static cds_status try_choice(cds_placing_all *it, double bits) {
  cds_outer_choice *choice = &it->choice;
  if (bits > (double)it->outers->arch->level[choice->level].size_bits) {
    return CDS_OK;
  }
  if (choice->pipelined && !may_pipeline(it)) {
    return CDS_OK;
  }
  double products_s = 0;
  double hidden_s = 0;
  choice->dynamic_pj = choice->latency_s = 0;
  for (unsigned s = 0; s < it->outers->group->stages; s++) {
    const unsigned index = own_index(it, s);
    const cds_floor *floor = &it->stage[s].floor[index];
    choice->dynamic_pj += floor->dynamic_pj;
    choice->latency_s += floor->latency_s;
    products_s +=
        it->outers->group->stage[s].operation == NULL ? floor->latency_s : 0;
    hidden_s += it->stage[s].hidden_s[index];
  }
  if (choice->pipelined && !(hidden_s > 0) && alone_is_no_more(it)) {
    return CDS_OK; /* the same is one without a pipeline, with more room */
  }
  /* More time of products takes no less in all. */
  choice->latency_s += cds_pipeline_lacks_s(&it->full, products_s, hidden_s);
  return isinf(choice->latency_s) ? CDS_OK : add_choice(it->outers, choice);
}

/* All places of the tensors from `tensor` on. Depth of recursion: tensors. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status choose_places(cds_placing_all *it, unsigned tensor,
                                double bits) {
  if (tensor == it->outers->group->tensors) {
    return try_choice(it, bits);
  }
  const cds_place_list *list = &it->tensor[tensor];
  for (unsigned i = 0; i < list->count; i++) {
    it->at[tensor] = i;
    it->choice.place[tensor] = list->place[i];
    CDS_TRY(choose_places(it, tensor + 1, bits + list->bits[i]));
  }
  return CDS_OK;
}

static cds_status choose_all_places(cds_placing_all *it) {
  for (unsigned t = 0; t < it->outers->group->tensors; t++) {
    list_places(&it->tensor[t], it, t);
  }
  for (unsigned s = 0; s < it->outers->group->stages; s++) {
    CDS_TRY(own_floors(it, s));
  }
  return choose_places(it, 0, 0);
}

/* One stage after the other, and as a pipeline. */
static cds_status choose_both_ways(cds_placing_all *it) {
  const cds_arena_mark mark = cds_arena_mark_get(it->outers->scratch);
  cds_status status = choose_all_places(it);
  cds_arena_reset(it->outers->scratch, mark);
  if (status == CDS_OK && it->outers->group->pipelines &&
      it->choice.loops > 0) {
    it->choice.pipelined = true;
    status = choose_all_places(it);
    it->choice.pipelined = false;
    cds_arena_reset(it->outers->scratch, mark);
  }
  return status;
}

/* All orders of the loops that are left. Depth of recursion: classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status choose_order(cds_placing_all *it,
                               const uint64_t trips[CDS_LOOP_CLASSES_MAX],
                               uint32_t left) {
  cds_outer_choice *choice = &it->choice;
  if (left == 0) {
    return choose_both_ways(it);
  }
  for (unsigned c = 0; c < it->outers->classes; c++) {
    if ((left >> c & 1U) == 0) {
      continue;
    }
    choice->class[choice->loops] = (uint8_t)c;
    choice->trips[choice->loops++] = trips[c];
    CDS_TRY(choose_order(it, trips, left & ~(1U << c)));
    choice->loops--;
    if (has_all(it->outers, &it->outers->class[c])) {
      break; /* outside of all others */
    }
  }
  return CDS_OK;
}

cds_status cds_outers_list(cds_outers *outers, size_t vector) {
  cds_outer_trips *at = &outers->vector[vector];
  if (at->listed) {
    return CDS_OK;
  }
  cds_placing_all *it =
      (cds_placing_all *)cds_arena_alloc(outers->arena, sizeof *it);
  if (it == NULL) {
    return CDS_ENOMEM;
  }
  memset(it, 0, sizeof *it);
  it->outers = outers;
  it->choice.level = at->level;
  uint32_t left = 0;
  for (unsigned c = 0; c < outers->classes; c++) {
    left |= at->trips[c] > 1 ? 1U << c : 0;
  }
  at->first = outers->count;
  CDS_TRY(choose_order(it, at->trips, left));
  at->count = outers->count - at->first;
  at->listed = true;
  return CDS_OK;
}

cds_status cds_outers_begin(cds_outers *outers) {
  outers->count = 0;
  cds_floor_asked asked;
  CDS_TRY(cds_floor_keep_ask(&asked, &outers->floors, outers->arch,
                             outers->power_limit_w, outers->scratch));
  outers->memo = asked.memo;
  CDS_TRY(cds_outers_classes(outers));
  return cds_outers_vectors(outers);
}

void cds_outers_free(cds_outers *outers) {
  cds_free(outers->vector);
  cds_free(outers->choice);
  cds_floor_keep_free(&outers->floors);
}
