/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Items, blocks and cells; see resident_blocks.h. */
#include "network/resident_blocks.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"
#include "network/plan.h"
#include "spec/constraints.h"
#include "spec/operations.h"

enum { PARTS_MAX = CDS_STAGES_MAX, LINKS_MAX = CDS_STAGES_MAX - 1 };

unsigned cds_resident_level(const cds_arch *arch) {
  unsigned best = 0;
  for (unsigned level = 1; level < arch->levels; level++) {
    const cds_level *at = &arch->level[level];
    if (at->depth == 0 && at->size_bits < INT64_MAX &&
        (best == 0 || at->size_bits > arch->level[best].size_bits)) {
      best = level;
    }
  }
  return best;
}

static bool bits_of(uint64_t *bits, const cds_einsum *einsum, unsigned tensor) {
  uint64_t words = 0;
  return cds_tensor_words(&words, einsum, tensor) == CDS_OK &&
         cds_mul_u64(bits, words, einsum->tensor[tensor].format.bits);
}

/* What a tensor of a layer that stays takes there: a cache the room of its
 * longest. */
static bool room_of(uint64_t *bits, const cds_layer *layer, unsigned tensor) {
  return layer->cache != 0
             ? cds_mul_u64(bits, layer->cache_longest,
                           layer->einsum.tensor[tensor].format.bits)
             : bits_of(bits, &layer->einsum, tensor);
}

/* Whether the levels down to this one leave the tensor there alone. */
static bool may_stand(const cds_arch *arch, const cds_tensor *tensor,
                      unsigned level) {
  bool fine = cds_level_policy(arch, level, tensor) != CDS_MUST_NOT;
  for (unsigned above = 1; above < level; above++) {
    fine = fine && cds_level_policy(arch, above, tensor) != CDS_MUST;
  }
  return fine;
}

unsigned cds_resident_tensor(const cds_arch *arch, const cds_layer *layer,
                             unsigned level) {
  const cds_einsum *einsum = &layer->einsum;
  if (level == 0 || layer->kind != CDS_LAYER_EINSUM || layer->steps == 0 ||
      layer->count % layer->steps != 0 ||
      cds_constraints_concern(arch, einsum, true)) {
    return UINT_MAX;
  }
  const cds_content content = layer->cache != 0 ? CDS_KV_CACHE : CDS_PARAMETERS;
  for (unsigned t = 0; t + 1 < einsum->tensors; t++) {
    uint64_t bits = 0;
    if (einsum->tensor[t].content == content &&
        !einsum->tensor[t].intermediate && room_of(&bits, layer, t) &&
        bits <= arch->level[level].size_bits &&
        may_stand(arch, &einsum->tensor[t], level)) {
      return t;
    }
  }
  return UINT_MAX;
}

void cds_resident_pass(cds_fused_pass *out, const cds_einsum *einsum,
                       uint32_t homes, unsigned level) {
  memset(out, 0, sizeof *out);
  out->einsum = *einsum;
  out->einsum.stage = &out->stage;
  out->stage.passes = 1;
  out->stage.repeats = 1;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    if ((homes >> t & 1U) != 0) {
      cds_home *home = &out->stage.home[t];
      home->level = level;
      (void)cds_tensor_words(&home->tile_words, einsum, t);
    }
  }
}

void cds_resident_operation(cds_operation *out, const cds_operation *operation,
                            uint32_t homes, unsigned level) {
  unsigned operand = 0;
  *out = *operation;
  for (unsigned i = 0; i < out->inputs; i++) {
    if (cds_operation_takes_rows(out, i) && (homes >> operand++ & 1U) != 0) {
      out->input[i].home = level;
    }
  }
  if ((homes >> operand & 1U) != 0) {
    out->output.home = level;
  }
}

/* ---- links -------------------------------------------------------------- */

/* Intermediates of a chain that may be at home. */
typedef struct links {
  unsigned count;
  unsigned tensor[LINKS_MAX]; /* of the group */
  uint64_t bits[LINKS_MAX];
} links;

/* Whether every product that has the tensor may have it at home there. */
static bool may_link(const cds_arch *arch, const cds_fused_group *group,
                     unsigned tensor, unsigned level) {
  bool fine =
      group->tensor[tensor].intermediate && !group->tensor[tensor].windows;
  for (unsigned s = 0; s < group->stages && fine; s++) {
    const cds_fused_einsum *stage = &group->stage[s];
    const unsigned own = cds_fused_own_tensor(stage, tensor);
    if (own != UINT_MAX && stage->operation == NULL) {
      fine = may_stand(arch, &stage->einsum->tensor[own], level) &&
             !cds_constraints_concern(arch, stage->einsum, true);
    }
  }
  return fine;
}

static void list_links(links *out, const cds_arch *arch,
                       const cds_network_plan *plan,
                       const cds_network_unit *unit, unsigned level) {
  out->count = 0;
  if ((plan->residency.mode & CDS_RESIDENCY_ACTIVATIONS) == 0 ||
      unit->chain == NULL || level == 0) {
    return;
  }
  const cds_fused_group *group = &unit->chain->group;
  for (unsigned t = 0; t < group->tensors && out->count < LINKS_MAX; t++) {
    const unsigned maker = group->tensor[t].maker;
    uint64_t bits = 0;
    if (maker < group->stages && may_link(arch, group, t, level)) {
      const cds_einsum *einsum = group->stage[maker].einsum;
      if (bits_of(&bits, einsum, einsum->tensors - 1) &&
          bits <= arch->level[level].size_bits) {
        out->tensor[out->count] = t;
        out->bits[out->count++] = bits;
      }
    }
  }
}

/* The layer's own number of a link, or UINT_MAX. */
static unsigned own_of(const cds_network_unit *unit, size_t part,
                       unsigned tensor) {
  return cds_fused_own_tensor(&unit->chain->group.stage[part], tensor);
}

/* Whether what the layer has may stay, as the plan asks for. */
static bool is_asked(const cds_network_plan *plan, const cds_layer *layer) {
  const cds_residency_mode mode =
      layer->cache != 0 ? CDS_RESIDENCY_CACHES : CDS_RESIDENCY_WEIGHTS;
  return (plan->residency.mode & mode) != 0;
}

uint32_t cds_resident_homes(const cds_arch *arch, const cds_network_plan *plan,
                            const cds_network_unit *unit, size_t part) {
  const unsigned level = cds_resident_level(arch);
  const cds_layer *layer = &plan->workload->layer[unit->first + part];
  uint32_t homes = 0;
  links all;
  list_links(&all, arch, plan, unit, level);
  for (unsigned i = 0; i < all.count; i++) {
    const unsigned own = own_of(unit, part, all.tensor[i]);
    homes |= own == UINT_MAX ? 0 : (uint32_t)1 << own;
  }
  const unsigned kept = cds_resident_tensor(arch, layer, level);
  if (is_asked(plan, layer) && kept != UINT_MAX) {
    homes |= (uint32_t)1 << kept;
  }
  return homes;
}

bool cds_resident_possible(const cds_arch *arch, const cds_network_plan *plan) {
  bool any = false;
  for (size_t u = 0;
       u < plan->units && plan->residency.mode != CDS_RESIDENCY_NONE; u++) {
    for (size_t part = 0; part < plan->unit[u].layers && !any; part++) {
      any = cds_resident_homes(arch, plan, &plan->unit[u], part) != 0;
    }
  }
  return any;
}

/* ---- items and cells ---------------------------------------------------- */

typedef struct listing {
  cds_resident_blocks *out;
  const cds_arch *arch;
  const cds_workload *workload;
  cds_arena *arena;
  size_t cells;
} listing;

static const char *name_in_phase(const listing *it, const cds_layer *layer) {
  return cds_name_in_phase(layer->name, it->workload->phase[layer->phase].name);
}

static bool same_tensor(const listing *it, const cds_resident_item *item,
                        const cds_layer *layer, uint64_t bits) {
  const cds_layer *other = &it->workload->layer[item->layer];
  if (layer->cache != 0 || other->cache != 0) {
    return other->phase == layer->phase && other->cache == layer->cache &&
           item->copies == layer->count / layer->steps;
  }
  const char *one = name_in_phase(it, other);
  const char *two = name_in_phase(it, layer);
  return other->phase != layer->phase && one != NULL && two != NULL &&
         strcmp(one, two) == 0 && item->bits == bits &&
         item->copies == layer->count / layer->steps;
}

/* The blocks of one cell become those of another. */
static void join(listing *it, size_t from, size_t to) {
  for (size_t b = 0; b < it->out->blocks && from != to; b++) {
    if (it->out->block[b].cell == from) {
      it->out->block[b].cell = to;
    }
  }
  for (size_t i = 0; i < it->out->items && from != to; i++) {
    if (it->out->item[i].cell == from) {
      it->out->item[i].cell = to;
    }
  }
}

/* Number of items of a cell, and the copies that they have. */
static size_t items_of(const listing *it, size_t cell, uint64_t *copies) {
  size_t count = 0;
  for (size_t i = 0; i < it->out->items; i++) {
    if (it->out->item[i].cell == cell) {
      *copies = it->out->item[i].copies;
      count++;
    }
  }
  return count;
}

/* Notes the parameters, or the cache, of a layer of the last block. */
static void add_item(listing *it, size_t index) {
  cds_resident_blocks *out = it->out;
  const cds_layer *layer = &it->workload->layer[index];
  cds_resident_block *block = &out->block[out->blocks - 1];
  const unsigned tensor = cds_resident_tensor(it->arch, layer, out->level);
  uint64_t bits = 0;
  uint64_t words = 0;
  uint64_t copies = 0;
  out->item_of[index] = SIZE_MAX;
  if (!is_asked(out->plan, layer) || tensor == UINT_MAX ||
      !room_of(&bits, layer, tensor) ||
      cds_tensor_words(&words, &layer->einsum, tensor) != CDS_OK) {
    return;
  }
  const size_t here = items_of(it, block->cell, &copies);
  if (here > 0 && copies != layer->count / layer->steps) {
    return;
  }
  for (size_t i = 0; i < out->items; i++) {
    uint64_t other = 0;
    if (!same_tensor(it, &out->item[i], layer, bits)) {
      continue;
    }
    const size_t there = items_of(it, out->item[i].cell, &other);
    if (out->item[i].cell == block->cell ||
        here + there <= CDS_RESIDENT_ITEMS_MAX) {
      join(it, block->cell, out->item[i].cell);
      out->item_of[index] = i;
      return;
    }
  }
  if (here < CDS_RESIDENT_ITEMS_MAX) {
    out->item_of[index] = out->items;
    out->item[out->items++] = (cds_resident_item){
        .layer = index,
        .tensor = tensor,
        .cache = layer->cache != 0,
        .bits = bits,
        .brought = layer->cache != 0 ? layer->cache_words : words,
        .copies = layer->count / layer->steps,
        .cell = block->cell};
  }
}

/* Blocks in the order of the workload, each in a cell of its own at first. */
static cds_status list_blocks(listing *it) {
  cds_resident_blocks *out = it->out;
  const cds_network_plan *plan = out->plan;
  const size_t layers = it->workload->layers;
  out->item_of = (size_t *)cds_arena_array(it->arena, layers, sizeof(size_t));
  out->item = (cds_resident_item *)cds_arena_array(it->arena, layers,
                                                   sizeof *out->item);
  out->block = (cds_resident_block *)cds_arena_array(it->arena, layers,
                                                     sizeof *out->block);
  if (out->item_of == NULL || out->item == NULL || out->block == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < layers;) {
    const cds_network_unit *unit = &plan->unit[plan->unit_of[i]];
    out->block[out->blocks++] =
        (cds_resident_block){.first = i, .unit = unit, .cell = it->cells++};
    for (size_t part = 0; part < unit->layers; part++) {
      add_item(it, i++);
    }
  }
  return CDS_OK;
}

/* Cells without items become one, the last; all are numbered anew. */
static cds_status number_cells(listing *it) {
  cds_resident_blocks *out = it->out;
  size_t *number =
      (size_t *)cds_arena_array(it->arena, it->cells, sizeof(size_t));
  unsigned *used =
      (unsigned *)cds_arena_array(it->arena, it->cells, sizeof(unsigned));
  if (number == NULL || used == NULL) {
    return CDS_ENOMEM;
  }
  size_t cells = 0;
  for (size_t i = 0; i < out->items; i++) {
    cds_resident_item *item = &out->item[i];
    if (used[item->cell] == 0) {
      number[item->cell] = cells++;
    }
    item->number = used[item->cell]++;
  }
  for (size_t b = 0; b < out->blocks; b++) {
    cds_resident_block *block = &out->block[b];
    block->cell = used[block->cell] > 0 ? number[block->cell] : cells;
  }
  for (size_t i = 0; i < out->items; i++) {
    out->item[i].cell = number[out->item[i].cell];
  }
  it->cells = cells + 1;
  return CDS_OK;
}

/* ---- the problem -------------------------------------------------------- */

/* How many options, uses and ways there are at most. */
typedef struct sizes {
  size_t options, uses, ways;
} sizes;

static sizes size_up(const listing *it) {
  sizes all = {0, 0, 0};
  for (size_t c = 0; c < it->cells; c++) {
    uint64_t copies = 0;
    const size_t options = (size_t)1 << items_of(it, c, &copies);
    all.options += options;
    for (size_t b = 0; b < it->out->blocks; b++) {
      const cds_resident_block *block = &it->out->block[b];
      links own;
      if (block->cell == c) {
        list_links(&own, it->arch, it->out->plan, block->unit, it->out->level);
        all.uses += options;
        all.ways += options * (((size_t)1 << own.count) + 1);
      }
    }
  }
  return all;
}

static cds_status make_room(listing *it) {
  cds_resident_blocks *out = it->out;
  cds_arena *arena = it->arena;
  const sizes most = size_up(it);
  const size_t terms = most.ways * PARTS_MAX;
  out->term =
      (cds_reside_term *)cds_arena_array(arena, terms, sizeof *out->term);
  out->way =
      (cds_reside_way *)cds_arena_array(arena, most.ways, sizeof *out->way);
  out->handed =
      (unsigned *)cds_arena_array(arena, most.ways, sizeof *out->handed);
  out->use =
      (cds_reside_use *)cds_arena_array(arena, most.uses, sizeof *out->use);
  out->option = (cds_reside_option *)cds_arena_array(arena, most.options,
                                                     sizeof *out->option);
  out->cell =
      (cds_reside_cell *)cds_arena_array(arena, it->cells, sizeof *out->cell);
  out->mask =
      (uint32_t *)cds_arena_array(arena, most.options, sizeof *out->mask);
  out->block_of_use =
      (size_t *)cds_arena_array(arena, most.uses, sizeof(size_t));
  out->question = (cds_resident_question *)cds_arena_array(
      arena, terms, sizeof *out->question);
  out->late = (bool *)cds_arena_array(arena, terms, sizeof *out->late);
  return out->term == NULL || out->way == NULL || out->handed == NULL ||
                 out->use == NULL || out->option == NULL || out->cell == NULL ||
                 out->mask == NULL || out->block_of_use == NULL ||
                 out->question == NULL || out->late == NULL
             ? CDS_ENOMEM
             : CDS_OK;
}

/* The number of the question, which is new if it was not put before. */
static size_t ask(cds_resident_blocks *out, const cds_resident_question *put) {
  for (size_t q = 0; q < out->questions; q++) {
    const cds_resident_question *known = &out->question[q];
    if (known->unit == put->unit && known->homes == put->homes &&
        (put->unit != SIZE_MAX || known->kind == put->kind)) {
      return q;
    }
  }
  out->question[out->questions] = *put;
  out->late[out->questions] = put->unit != SIZE_MAX;
  return out->questions++;
}

static void add_term(cds_resident_blocks *out, size_t question, int64_t shift) {
  out->term[out->problem.terms++] =
      (cds_reside_term){.question = question, .shift = shift};
}

/* What is at home of a layer, and what others have there: bits beside those
 * that stay all the time. Of an operation all is taken from its room, as its
 * own is no tile of its own. */
static void add_layer(listing *it, const cds_resident_block *block, size_t part,
                      uint32_t mask, const links *handed) {
  cds_resident_blocks *out = it->out;
  const size_t layer = block->first + part;
  const size_t i = out->item_of[layer];
  cds_resident_question put = {.kind = out->plan->kind[layer],
                               .unit = SIZE_MAX};
  const cds_layer *runs = &it->workload->layer[layer];
  const unsigned kept = cds_resident_tensor(it->arch, runs, out->level);
  int64_t shift = 0;
  if (i != SIZE_MAX && kept != UINT_MAX &&
      (mask >> out->item[i].number & 1U) != 0 &&
      bits_of(&put.own_bits, &runs->einsum, kept)) {
    put.homes = (uint32_t)1 << kept;
    shift = -(int64_t)put.own_bits;
  }
  for (unsigned l = 0; l < handed->count; l++) {
    const cds_fused_tensor *tensor =
        &block->unit->chain->group.tensor[handed->tensor[l]];
    const unsigned own = own_of(block->unit, part, handed->tensor[l]);
    if (own != UINT_MAX) {
      put.homes |= (uint32_t)1 << own;
      put.own_bits += handed->bits[l];
    }
    const bool there = tensor->maker <= part && part <= tensor->last;
    const bool apart = own == UINT_MAX || runs->kind == CDS_LAYER_OPERATION;
    shift += there && apart ? (int64_t)handed->bits[l] : 0;
  }
  add_term(out, ask(out, &put), shift);
}

/* Layer by layer, with these links at home. */
static void add_apart(listing *it, const cds_resident_block *block,
                      uint32_t mask, const links *handed) {
  cds_resident_blocks *out = it->out;
  out->handed[out->problem.ways] = handed->count;
  out->way[out->problem.ways++] =
      (cds_reside_way){out->problem.terms, block->unit->layers};
  for (size_t part = 0; part < block->unit->layers; part++) {
    add_layer(it, block, part, mask, handed);
  }
}

/* Layer by layer, for each set of so many links that are at home. */
static void add_sets(listing *it, const cds_resident_block *block,
                     uint32_t mask, const links *all, unsigned count) {
  for (uint32_t set = 0; set < (uint32_t)1 << all->count; set++) {
    links handed = {.count = 0};
    for (unsigned l = 0; l < all->count; l++) {
      if ((set >> l & 1U) != 0) {
        handed.tensor[handed.count] = all->tensor[l];
        handed.bits[handed.count++] = all->bits[l];
      }
    }
    if (handed.count == count) {
      add_apart(it, block, mask, &handed);
    }
  }
}

/* Fused, from the outermost level, in the room that is left. */
static void add_fused(listing *it, const cds_resident_block *block) {
  cds_resident_blocks *out = it->out;
  if (block->unit->chain == NULL ||
      !cds_chain_asked(out->plan, it->arch, block->unit->chain)) {
    return;
  }
  const cds_resident_question put = {.unit = block->unit->twin};
  out->way[out->problem.ways++] = (cds_reside_way){out->problem.terms, 1};
  add_term(out, ask(out, &put), 0);
}

/* All ways of a block. Of those that cost the same the first is taken: one that
 * hands nothing on, then the fewest links. */
static void add_ways(listing *it, const cds_resident_block *block,
                     uint32_t mask) {
  links all;
  list_links(&all, it->arch, it->out->plan, block->unit, it->out->level);
  add_sets(it, block, mask, &all, 0);
  add_fused(it, block);
  for (unsigned count = 1; count <= all.count; count++) {
    add_sets(it, block, mask, &all, count);
  }
}

static void add_option(listing *it, size_t cell, uint32_t mask,
                       uint64_t instances) {
  cds_resident_blocks *out = it->out;
  cds_reside_option *option = &out->option[out->problem.options];
  *option = (cds_reside_option){.first = out->problem.uses};
  for (size_t i = 0; i < out->items; i++) {
    const cds_resident_item *item = &out->item[i];
    if (item->cell == cell && (mask >> item->number & 1U) != 0) {
      option->bits += item->bits;
    }
  }
  if (option->bits > it->arch->level[out->level].size_bits) {
    return;
  }
  for (size_t b = 0; b < out->blocks; b++) {
    const cds_resident_block *block = &out->block[b];
    if (block->cell != cell) {
      continue;
    }
    cds_reside_use *use = &out->use[out->problem.uses];
    out->block_of_use[out->problem.uses++] = b;
    const uint64_t count = it->workload->layer[block->first].count;
    use->first = out->problem.ways;
    use->weight = (double)count / (double)instances;
    add_ways(it, block, mask);
    use->ways = out->problem.ways - use->first;
    option->uses++;
  }
  out->mask[out->problem.options++] = mask;
}

static void add_cell(listing *it, size_t cell) {
  cds_resident_blocks *out = it->out;
  uint64_t instances = 1;
  const size_t items = items_of(it, cell, &instances);
  out->cell[cell] =
      (cds_reside_cell){.instances = instances, .first = out->problem.options};
  for (uint32_t mask = 0; mask < (uint32_t)1 << items; mask++) {
    add_option(it, cell, mask, instances);
  }
  out->cell[cell].options = out->problem.options - out->cell[cell].first;
}

cds_status cds_resident_list(cds_resident_blocks *out, const cds_arch *arch,
                             const cds_network_plan *plan, cds_arena *arena) {
  *out = (cds_resident_blocks){.plan = plan, .level = cds_resident_level(arch)};
  listing it = {
      .out = out, .arch = arch, .workload = plan->workload, .arena = arena};
  if (out->level == 0) {
    return CDS_OK;
  }
  CDS_TRY(list_blocks(&it));
  CDS_TRY(number_cells(&it));
  CDS_TRY(make_room(&it));
  for (size_t c = 0; c < it.cells; c++) {
    add_cell(&it, c);
  }
  out->problem.cells = it.cells;
  out->problem.room = arch->level[out->level].size_bits;
  out->problem.questions = out->questions;
  out->problem.late = out->late;
  out->problem.term = out->term;
  out->problem.way = out->way;
  out->problem.use = out->use;
  out->problem.option = out->option;
  out->problem.cell = out->cell;
  return CDS_OK;
}
