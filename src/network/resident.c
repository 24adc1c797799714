/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prices of time and layers of a solution; see resident.h. */
#include "network/resident.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"
#include "network/plan.h"

/* Values of one choice, added up in two orders, are the same up to this. */
static const double NEAR = 1e-12;

struct cds_resident {
  const cds_asker *asker;
  cds_arena *arena;
  cds_resident_blocks blocks;
  cds_resident_search search;
  cds_cost *load; /* by item: brought once, or in each run */
  cds_point floor;
  bool has_without; /* the network without is known */
  cds_point without;
  double weight; /* of time, of the questions that are answered now */
};

static const cds_resident_answer *answer_of(const cds_resident *it,
                                            const cds_reside_result *choice,
                                            size_t term) {
  return it->search.known->answer[choice->solution[term]];
}

static uint64_t runs_of(const cds_resident *it) {
  const uint64_t runs = it->blocks.plan->residency.runs;
  return runs > 0 ? runs : 1;
}

/* With some tensors at home; INFINITY: that cannot be. */
static cds_status floor_with(cds_point *out, const cds_floor_asked *asked,
                             const cds_layer *layer, uint32_t homes) {
  const cds_arch *arch = asked->arch;
  const unsigned level = cds_resident_level(arch);
  *out = (cds_point){(double)INFINITY, (double)INFINITY};
  if (layer->kind == CDS_LAYER_OPERATION) {
    cds_operation operation;
    cds_operation_counts counts;
    cds_cost cost;
    cds_resident_operation(&operation, &layer->operation, homes, level);
    if (cds_price_operation(&cost, &counts, arch, &operation,
                            asked->power_limit_w) == CDS_OK) {
      *out = (cds_point){cost.energy_pj, cost.latency_s};
    }
    return CDS_OK;
  }
  cds_fused_pass pass;
  double dynamic_pj = 0;
  double latency_s = 0;
  cds_resident_pass(&pass, &layer->einsum, homes, level);
  CDS_TRY(cds_floor_pair(&dynamic_pj, &latency_s, asked, &pass.einsum));
  const double leakage_pj = cds_arch_leakage_w(arch) * 1e12 * latency_s;
  *out = (cds_point){dynamic_pj + leakage_pj, latency_s};
  return CDS_OK;
}

cds_status cds_resident_floor(cds_point *out, const cds_floor_asked *asked,
                              const cds_network_plan *plan,
                              const cds_network_unit *unit, size_t part) {
  const uint32_t all = cds_resident_homes(asked->arch, plan, unit, part);
  const cds_layer *layer = &plan->workload->layer[unit->first + part];
  /* All sets of them but the empty one. */
  for (uint32_t homes = all; homes > 0; homes = (homes - 1) & all) {
    cds_point floor;
    CDS_TRY(floor_with(&floor, asked, layer, homes));
    out->energy_pj = fmin(out->energy_pj, floor.energy_pj);
    out->latency_s = fmin(out->latency_s, floor.latency_s);
  }
  return CDS_OK;
}

/* ---- what a weight costs once ------------------------------------------- */

static cds_status price_load(cds_cost *out, const cds_resident *it,
                             const cds_resident_item *item,
                             cds_counts *counts) {
  const cds_arch *arch = it->asker->arch;
  const cds_layer *layer = &it->blocks.plan->workload->layer[item->layer];
  cds_traffic *above = &counts->at[0][item->tensor];
  cds_traffic *at = &counts->at[it->blocks.level][item->tensor];
  memset(counts, 0, sizeof *counts);
  above->held = at->held = true;
  above->words[CDS_READ] = above->peak[CDS_READ] = item->brought;
  at->words[CDS_FILL] = at->peak[CDS_FILL] = item->brought;
  return cds_price_einsum(out, arch, &layer->einsum, counts,
                          it->asker->options->power_limit_w);
}

static cds_status price_loads(cds_resident *it) {
  cds_counts *counts = (cds_counts *)cds_arena_alloc(it->arena, sizeof *counts);
  it->load = (cds_cost *)cds_arena_array(it->arena, it->blocks.items,
                                         sizeof *it->load);
  if (counts == NULL || it->load == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < it->blocks.items; i++) {
    CDS_TRY(price_load(&it->load[i], it, &it->blocks.item[i], counts));
  }
  return CDS_OK;
}

static cds_status sum_floors(cds_resident *it) {
  const cds_network_plan *plan = it->blocks.plan;
  cds_floor_asked asked;
  it->floor = (cds_point){0, 0};
  CDS_TRY(cds_floor_ask(&asked, it->asker->arch,
                        it->asker->options->power_limit_w, it->arena));
  for (size_t b = 0; b < it->blocks.blocks; b++) {
    const cds_resident_block *block = &it->blocks.block[b];
    const double count = (double)plan->workload->layer[block->first].count;
    cds_point floor;
    CDS_TRY(cds_unit_floor(&floor, &asked, plan,
                           (size_t)(block->unit - plan->unit)));
    it->floor.energy_pj += count * floor.energy_pj;
    it->floor.latency_s += count * floor.latency_s;
  }
  return CDS_OK;
}

cds_status cds_resident_begin(cds_resident **out, const cds_asker *asker,
                              cds_arena *arena) {
  cds_resident *it = (cds_resident *)cds_arena_alloc(arena, sizeof *it);
  if (it == NULL) {
    return CDS_ENOMEM;
  }
  it->asker = asker;
  it->arena = arena;
  CDS_TRY(cds_resident_list(&it->blocks, asker->arch, asker->plan, arena));
  CDS_TRY(price_loads(it));
  CDS_TRY(sum_floors(it));
  CDS_TRY(cds_resident_search_begin(&it->search, asker, &it->blocks));
  *out = it;
  return CDS_OK;
}

void cds_resident_set_without(cds_resident *resident, cds_point without) {
  resident->has_without = true;
  resident->without = without;
}

void cds_resident_end(cds_resident *resident) {
  cds_resident_search_end(&resident->search);
}

cds_hull_layer cds_resident_layer(const cds_resident *resident) {
  return (cds_hull_layer){.weight = 1,
                          .energy_pj = resident->floor.energy_pj,
                          .latency_s = resident->floor.latency_s};
}

uint64_t cds_resident_nodes(const cds_resident *resident) {
  uint64_t nodes = 0;
  const cds_resident_known *known = resident->search.known;
  for (size_t i = 0; i < known->answers; i++) {
    nodes += known->answer[i]->nodes;
  }
  return nodes;
}

/* ---- layers of a solution ----------------------------------------------- */

/* Some instances of a block, which run the same way. */
typedef struct part {
  const cds_resident_block *block;
  size_t option, use;
  uint64_t count; /* how often the block runs so */
} part;

/* The next part after one; block NULL: the first. False: there is none. */
static bool next_part(part *at, size_t *b, const cds_resident *it,
                      const cds_reside_result *choice) {
  const cds_resident_blocks *blocks = &it->blocks;
  for (; *b < blocks->blocks; (*b)++, at->block = NULL) {
    const cds_resident_block *block = &blocks->block[*b];
    const cds_reside_cell *cell = &blocks->cell[block->cell];
    size_t m = at->block == NULL ? cell->first : at->option + 1;
    while (m < cell->first + cell->options && choice->count[m] == 0) {
      m++;
    }
    if (m == cell->first + cell->options) {
      continue;
    }
    const cds_reside_option *option = &blocks->option[m];
    at->block = block;
    at->option = m;
    at->count = blocks->plan->workload->layer[block->first].count /
                cell->instances * choice->count[m];
    at->use = option->first;
    while (blocks->block_of_use[at->use] != *b) {
      at->use++;
    }
    return true;
  }
  return false;
}

/* How many copies of an item stay. */
static uint64_t kept_of(const cds_resident *it, const cds_reside_result *choice,
                        const cds_resident_item *item) {
  const cds_reside_cell *cell = &it->blocks.cell[item->cell];
  uint64_t kept = 0;
  for (size_t m = cell->first; m < cell->first + cell->options; m++) {
    if ((it->blocks.mask[m] >> item->number & 1U) != 0) {
      kept += choice->count[m];
    }
  }
  return kept;
}

/* Runs that share what it costs to bring an item. */
static uint64_t sharing(const cds_resident *it, size_t item) {
  return it->blocks.item[item].cache ? 1 : runs_of(it);
}

static cds_point load_share(const cds_resident *it, size_t item) {
  const double runs = (double)sharing(it, item);
  return (cds_point){it->load[item].energy_pj / runs,
                     it->load[item].latency_s / runs};
}

/* One run of a phase: its blocks in the order of the workload, each way that
 * one runs the sum of its layers, times its count; then what is brought. So
 * where nothing stays the digits are those of the network without
 * (network.c). */
static cds_point sum_of_phase(const cds_resident *it,
                              const cds_reside_result *choice, unsigned phase) {
  const cds_workload *workload = it->blocks.plan->workload;
  cds_point sum = {0, 0};
  part at = {.block = NULL};
  for (size_t b = 0; next_part(&at, &b, it, choice);) {
    if (workload->layer[at.block->first].phase != phase) {
      continue;
    }
    const cds_reside_way *way = &it->blocks.way[choice->way[at.use]];
    cds_point block = {0, 0};
    for (size_t t = way->first; t < way->first + way->terms; t++) {
      const cds_resident_answer *answer = answer_of(it, choice, t);
      block.energy_pj += answer->energy_pj;
      block.latency_s += answer->latency_s;
    }
    sum.energy_pj += (double)at.count * block.energy_pj;
    sum.latency_s += (double)at.count * block.latency_s;
  }
  for (size_t i = 0; i < it->blocks.items; i++) {
    const cds_resident_item *item = &it->blocks.item[i];
    if (workload->layer[item->layer].phase == phase) {
      const double kept = (double)kept_of(it, choice, item);
      sum.energy_pj += kept * load_share(it, i).energy_pj;
      sum.latency_s += kept * load_share(it, i).latency_s;
    }
  }
  return sum;
}

/* Energy and time of a choice. */
static cds_point add_up(const cds_resident *it,
                        const cds_reside_result *choice) {
  const cds_workload *workload = it->blocks.plan->workload;
  cds_point all = {0, 0};
  for (unsigned phase = 0; phase < workload->phases; phase++) {
    const cds_point sum = sum_of_phase(it, choice, phase);
    const double weight = cds_phase_weight(&workload->phase[phase]);
    all.energy_pj += weight * sum.energy_pj;
    all.latency_s += weight * sum.latency_s;
  }
  return all;
}

/* ---- questions of the hull ---------------------------------------------- */

static cds_status answer_all(cds_reside_ask *ask, size_t asks, void *payload) {
  cds_resident *it = (cds_resident *)payload;
  return cds_resident_search_ask(&it->search, ask, asks, it->weight);
}

/* What each option costs to bring, at the weight of time. */
static void price_options(cds_resident *it) {
  cds_resident_blocks *blocks = &it->blocks;
  for (size_t c = 0; c < blocks->problem.cells; c++) {
    const cds_reside_cell *cell = &blocks->cell[c];
    for (size_t m = cell->first; m < cell->first + cell->options; m++) {
      blocks->option[m].cost = 0;
      for (size_t i = 0; i < blocks->items; i++) {
        const cds_resident_item *item = &blocks->item[i];
        if (item->cell == c && (blocks->mask[m] >> item->number & 1U) != 0) {
          const cds_point share = load_share(it, i);
          blocks->option[m].cost +=
              share.energy_pj + it->weight * share.latency_s;
        }
      }
    }
  }
}

/* As for single layers (choose.c): energy then decides between equal times. */
static double endless_weight(const cds_resident *it) {
  return it->floor.energy_pj > 0 && it->floor.latency_s > 0
             ? it->floor.energy_pj / it->floor.latency_s * 0x1p60
             : 0x1p60;
}

/* Whether the network without takes no more, but for rounding. At an endless
 * weight energy decides between equal times. */
static bool prefer_without(const cds_resident *it, bool endless, bool found,
                           cds_point sum) {
  const cds_point *without = &it->without;
  if (!it->has_without || !found) {
    return it->has_without;
  }
  if (endless && without->latency_s >= sum.latency_s * (1 - NEAR)) {
    return without->latency_s <= sum.latency_s * (1 + NEAR) &&
           without->energy_pj <= sum.energy_pj * (1 + NEAR);
  }
  return without->energy_pj + it->weight * without->latency_s <=
         (sum.energy_pj + it->weight * sum.latency_s) * (1 + NEAR);
}

/* The answer at the weight of time. The network without may be the point: it
 * is proven where it takes no more than a proven choice, or than the bound. */
static void set_answer(cds_hull_ask *ask, const cds_resident *it,
                       size_t solution) {
  const cds_reside_result *choice = &it->search.known->choice[solution].choice;
  const bool endless = ask->lambda == (double)INFINITY;
  const cds_point *floor = &it->floor;
  cds_point sum = {0, 0};
  if (choice->found) {
    sum = add_up(it, choice);
  }
  const bool without = prefer_without(it, endless, choice->found, sum);
  if (without) {
    sum = it->without;
  }
  const double value = sum.energy_pj + it->weight * sum.latency_s;
  const double bound =
      fmin(value, fmax(choice->bound,
                       floor->energy_pj + it->weight * floor->latency_s));
  ask->answer = (cds_hull_answer){
      .energy_pj = sum.energy_pj,
      .latency_s = sum.latency_s,
      .bound = endless ? bound / it->weight * (1 - 0x1p-50) : bound,
      .proven = choice->proven || (without && bound >= value * (1 - NEAR)),
      .from = endless ? it->weight : 0,
      .solution = without ? CDS_RESIDENT_WITHOUT : solution};
}

/* The number of the choice at this price; of all choices when there is none. */
static size_t find_choice(const cds_resident_known *known, double lambda) {
  size_t i = 0;
  while (i < known->choices && known->choice[i].lambda != lambda) {
    i++;
  }
  return i;
}

static cds_status choose(cds_resident *it, double lambda) {
  cds_resident_known *known = it->search.known;
  cds_reside_problem *problem = &it->blocks.problem;
  cds_reside_result found;
  price_options(it);
  problem->solve = answer_all;
  problem->payload = it;
  problem->control = it->asker->options->control;
  CDS_TRY(cds_reside_solve(&found, problem, known->arena));
  known->choice = (cds_resident_choice *)cds_arena_more(
      known->arena, known->choice, known->choices, &known->choice_room,
      sizeof *known->choice);
  if (known->choice == NULL) {
    return CDS_ENOMEM;
  }
  known->choice[known->choices++] = (cds_resident_choice){lambda, found};
  return CDS_OK;
}

static cds_status answer_one(cds_hull_ask *ask, cds_resident *it) {
  const cds_resident_known *known = it->search.known;
  const size_t solution = find_choice(known, ask->lambda);
  it->weight = isinf(ask->lambda) ? endless_weight(it) : ask->lambda;
  if (solution == known->choices) {
    CDS_TRY(choose(it, ask->lambda));
  }
  if (!known->choice[solution].choice.found && !it->has_without) {
    return CDS_EINFEASIBLE;
  }
  set_answer(ask, it, solution);
  return CDS_OK;
}

cds_status cds_resident_solve(cds_hull_ask *ask, size_t asks, void *payload) {
  for (size_t i = 0; i < asks; i++) {
    CDS_TRY(answer_one(&ask[i], (cds_resident *)payload));
  }
  return CDS_OK;
}

/* ---- the result --------------------------------------------------------- */

typedef struct filling {
  cds_resident *it;
  cds_network_result *result;
  const cds_reside_result *choice;
  const cds_layer_result *alone; /* of the network without, by layer */
  cds_layer_result *entry;       /* the next one */
  bool details;
} filling;

/* The layer with another count. */
static cds_layer *copy_layer(const cds_layer *layer, uint64_t count,
                             cds_arena *arena) {
  cds_layer *copy = (cds_layer *)cds_arena_alloc(arena, sizeof *copy);
  if (copy != NULL) {
    *copy = *layer;
    copy->count = count;
  }
  return copy;
}

static cds_status begin_entry(cds_layer_result **out, filling *to, size_t layer,
                              uint64_t count) {
  const cds_workload *workload = to->it->blocks.plan->workload;
  const cds_layer *own = &workload->layer[layer];
  cds_layer_result *entry = to->entry++;
  *entry = (cds_layer_result){
      .layer = copy_layer(own, count, to->it->arena),
      .times = cds_phase_weight(&workload->phase[own->phase]) * (double)count,
      .chain = to->alone[layer].chain,
      .own_edp_pj_s = to->alone[layer].own_edp_pj_s,
      .own_bound_pj_s = to->alone[layer].own_bound_pj_s};
  *out = entry;
  return entry->layer == NULL ? CDS_ENOMEM : CDS_OK;
}

/* A cost of which a run carries its share. */
static void share_cost(cds_cost *out, const cds_cost *cost, double runs) {
  *out = (cds_cost){.energy_pj = cost->energy_pj / runs,
                    .dynamic_pj = cost->dynamic_pj / runs,
                    .leakage_pj = cost->leakage_pj / runs,
                    .cycles = cost->cycles / runs,
                    .latency_s = cost->latency_s / runs,
                    .outer_bits = cost->outer_bits / runs,
                    .power_cycles = cost->power_cycles / runs};
  for (unsigned level = 0; level < CDS_LEVELS_MAX; level++) {
    out->level_pj[level] = cost->level_pj[level] / runs;
    out->level_cycles[level] = cost->level_cycles[level] / runs;
  }
  for (unsigned bond = 0; bond < CDS_BONDS_MAX; bond++) {
    out->bond_pj[bond] = cost->bond_pj[bond] / runs;
    out->bond_cycles[bond] = cost->bond_cycles[bond] / runs;
  }
}

/* Weights brought once, their share of a run. */
static cds_status fill_load(filling *to, size_t i) {
  cds_resident *it = to->it;
  const cds_resident_item *item = &it->blocks.item[i];
  const uint64_t kept = kept_of(it, to->choice, item);
  cds_layer_result *entry = NULL;
  if (kept == 0) {
    return CDS_OK;
  }
  CDS_TRY(begin_entry(&entry, to, item->layer, kept));
  cds_layer *layer = copy_layer(entry->layer, kept, it->arena);
  if (layer == NULL) {
    return CDS_ENOMEM;
  }
  layer->name = cds_arena_printf(it->arena, "%s.load", entry->layer->name);
  layer->kind = CDS_LAYER_OPERATION;
  layer->fusible = false;
  memset(&layer->operation, 0, sizeof layer->operation);
  layer->operation.kind = "load";
  entry->layer = layer;
  entry->status = CDS_LAYER_COSTED;
  entry->chain = 0;
  entry->operation.unit = it->asker->arch->level[it->blocks.level].name;
  entry->operation.at = it->blocks.level;
  entry->operation.reads[0] = item->brought;
  entry->operation.fills[it->blocks.level] = item->brought;
  share_cost(&entry->cost, &it->load[i], (double)sharing(it, i));
  entry->shared_by = sharing(it, i);
  entry->own_edp_pj_s = entry->own_bound_pj_s = (double)NAN;
  cds_residency_result *residency = &to->result->residency;
  cds_point *load = item->cache ? &residency->cache_load : &residency->load;
  load->energy_pj += (double)kept * it->load[i].energy_pj;
  load->latency_s += (double)kept * it->load[i].latency_s;
  return layer->name == NULL ? CDS_ENOMEM : CDS_OK;
}

static cds_status fill_operation(cds_layer_result *entry,
                                 cds_layer_resident *resident,
                                 const cds_resident_question *question,
                                 const cds_resident_answer *answer,
                                 cds_arena *arena) {
  entry->status = CDS_LAYER_COSTED;
  entry->operation = answer->operation;
  if (question->homes == 0) {
    return CDS_OK;
  }
  cds_operation *operation =
      (cds_operation *)cds_arena_alloc(arena, sizeof *operation);
  if (operation == NULL) {
    return CDS_ENOMEM;
  }
  *operation = answer->place->operation;
  resident->operation = operation;
  return CDS_OK;
}

/* A layer that runs by itself, in the room that is left. */
static cds_status fill_alone(filling *to, cds_layer_result *entry, size_t t) {
  cds_resident *it = to->it;
  const cds_resident_answer *answer = answer_of(it, to->choice, t);
  const cds_resident_question *question =
      &it->blocks.question[answer->place->question];
  const bool operation = entry->layer->kind == CDS_LAYER_OPERATION;
  cds_layer_resident *resident =
      (cds_layer_resident *)cds_arena_alloc(it->arena, sizeof *resident);
  if (resident == NULL) {
    return CDS_ENOMEM;
  }
  const uint64_t taken =
      (uint64_t)((int64_t)to->choice->bits + it->blocks.term[t].shift);
  *resident = (cds_layer_resident){
      .own_bits = question->own_bits,
      .taken_bits = taken - (operation ? question->own_bits : 0)};
  entry->resident = resident;
  entry->cost = answer->cost;
  if (operation) {
    return fill_operation(entry, resident, question, answer, it->arena);
  }
  entry->status = answer->proven ? CDS_LAYER_OPTIMAL : CDS_LAYER_GAP;
  entry->mapping = answer->mapping;
  if (question->homes == 0) {
    return CDS_OK;
  }
  cds_fused_pass *pass =
      (cds_fused_pass *)cds_arena_alloc(it->arena, sizeof *pass);
  if (pass == NULL) {
    return CDS_ENOMEM;
  }
  cds_resident_pass(pass, &entry->layer->einsum, question->homes,
                    it->blocks.level);
  pass->stage.taken_bits[it->blocks.level] = taken;
  resident->pass = pass;
  return CDS_OK;
}

static cds_status fill_fused(filling *to, const part *at,
                             const cds_resident_answer *answer) {
  cds_resident *it = to->it;
  cds_outer *outer = (cds_outer *)cds_arena_alloc(it->arena, sizeof *outer);
  cds_layer_resident *resident =
      (cds_layer_resident *)cds_arena_alloc(it->arena, sizeof *resident);
  if (outer == NULL || resident == NULL) {
    return CDS_ENOMEM;
  }
  *outer = answer->fused->mapping.outer;
  *resident = (cds_layer_resident){.taken_bits = to->choice->bits};
  for (size_t p = 0; p < at->block->unit->layers; p++) {
    const cds_layer_fused stage = {at->block->unit->chain, outer, NULL,
                                   (unsigned)p};
    cds_layer_result *entry = NULL;
    CDS_TRY(begin_entry(&entry, to, at->block->first + p, at->count));
    CDS_TRY(cds_layer_result_stage(entry, &answer->place->arch, answer->fused,
                                   &stage, it->arena));
    entry->resident = resident;
    entry->status = entry->layer->kind == CDS_LAYER_OPERATION ? CDS_LAYER_COSTED
                    : answer->proven ? CDS_LAYER_OPTIMAL
                                     : CDS_LAYER_GAP;
  }
  return CDS_OK;
}

static cds_status fill_part(filling *to, const part *at) {
  const cds_resident *it = to->it;
  const cds_reside_way *way = &it->blocks.way[to->choice->way[at->use]];
  const cds_resident_answer *first = answer_of(it, to->choice, way->first);
  if (first->fused != NULL) {
    return fill_fused(to, at, first);
  }
  to->result->residency.handed +=
      at->count * it->blocks.handed[to->choice->way[at->use]];
  for (size_t t = 0; t < way->terms; t++) {
    cds_layer_result *entry = NULL;
    CDS_TRY(begin_entry(&entry, to, at->block->first + t, at->count));
    CDS_TRY(fill_alone(to, entry, way->first + t));
  }
  return CDS_OK;
}

static cds_status add_counts(const filling *to) {
  cds_network_result *result = to->result;
  for (size_t i = 0; i < result->layers && to->details; i++) {
    cds_layer_result *entry = &result->layer[i];
    if (entry->layer->kind != CDS_LAYER_EINSUM) {
      continue;
    }
    entry->counts =
        (cds_counts *)cds_arena_alloc(to->it->arena, sizeof *entry->counts);
    if (entry->counts == NULL) {
      return CDS_ENOMEM;
    }
    CDS_TRY(cds_count(entry->counts, to->it->asker->arch,
                      cds_layer_result_einsum(entry), &entry->mapping,
                      to->it->arena));
  }
  return CDS_OK;
}

/* Energy and time of each phase; how many chains run fused. */
static void add_phases(const filling *to) {
  cds_network_result *result = to->result;
  for (unsigned phase = 0; phase < result->phases; phase++) {
    const cds_point sum = sum_of_phase(to->it, to->choice, phase);
    result->phase[phase] = (cds_phase_result){sum.energy_pj, sum.latency_s};
  }
  result->fused = 0;
  size_t last = 0;
  for (size_t i = 0; i < result->layers; i++) {
    const cds_layer_result *entry = &result->layer[i];
    if (entry->fused != NULL && entry->chain != last) {
      last = entry->chain;
      result->fused++;
    }
  }
}

static void note_tensors(const filling *to) {
  cds_residency_result *out = &to->result->residency;
  const cds_resident *it = to->it;
  out->bits = to->choice->bits;
  out->kept = out->caches_kept = 0;
  for (size_t i = 0; i < it->blocks.items; i++) {
    const cds_resident_item *item = &it->blocks.item[i];
    *(item->cache ? &out->caches_kept : &out->kept) +=
        kept_of(it, to->choice, item);
  }
}

/* How many entries there are at most. */
static size_t entries_of(const cds_resident *it,
                         const cds_reside_result *choice) {
  part at = {.block = NULL};
  size_t entries = it->blocks.items;
  for (size_t b = 0; next_part(&at, &b, it, choice);) {
    entries += at.block->unit->layers;
  }
  return entries;
}

cds_status cds_resident_fill(cds_network_result *result, cds_resident *resident,
                             size_t solution) {
  const cds_reside_result *choice =
      &resident->search.known->choice[solution].choice;
  filling to = {.it = resident,
                .result = result,
                .choice = choice,
                .alone = result->layer,
                .details = resident->asker->options->details};
  to.entry = (cds_layer_result *)cds_arena_array(
      resident->arena, entries_of(resident, choice), sizeof *to.entry);
  if (to.entry == NULL) {
    return CDS_ENOMEM;
  }
  result->layer = to.entry;
  size_t loads = 0; /* items are in the order of the workload */
  part at = {.block = NULL};
  for (size_t b = 0; next_part(&at, &b, resident, choice);) {
    while (loads < resident->blocks.items &&
           resident->blocks.item[loads].layer <
               at.block->first + at.block->unit->layers) {
      CDS_TRY(fill_load(&to, loads++));
    }
    CDS_TRY(fill_part(&to, &at));
  }
  result->layers = (size_t)(to.entry - result->layer);
  CDS_TRY(add_counts(&to));
  add_phases(&to);
  note_tensors(&to);
  return CDS_OK;
}

void cds_resident_about(cds_residency_result *out,
                        const cds_resident *resident) {
  out->runs = runs_of(resident);
  out->tensors = out->caches = 0;
  for (size_t i = 0; i < resident->blocks.items; i++) {
    const cds_resident_item *item = &resident->blocks.item[i];
    *(item->cache ? &out->caches : &out->tensors) += item->copies;
  }
}
