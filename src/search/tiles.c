/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dimensions, tiles and what bounds know of them.
 *
 * Least loads of a tensor with whole dimensions only: its words times the
 * D / extent of all dimensions that it lacks (none of them when it stays).
 *
 * With windows (p and r on one axis), an instance sees runs of steps at one
 * position. Between two runs the tile moves, and at least the share v of it is
 * new, so it loads at least |X| v runs. Positions of different runs differ in
 * the whole dimensions, in a position on a window's axis (at least the larger
 * of the trips of p and of r), or in a dimension that the tensor lacks: when a
 * loop that it has stands inside, that loop starts again and the tile moves.
 * Moves on a window's axis are multiples of g, the greatest common divisor of
 * the steps coefficient x extent of those of the two ranks that have loops or
 * spreads outside the tile: of a run of w positions at least min(g, w) are new,
 * of any set at least one. And every word is loaded once.
 */
#include <math.h>

#include "base/checked.h"
#include "count/axis_set.h"
#include "search/codes.h"
#include "search/constrain.h"
#include "search/window_moves.h"

enum { CDS_TILES_MAX = 1 << 18 };

/* ---- dimensions ------------------------------------------------------ */

static unsigned lacking_set(const cds_einsum *einsum, unsigned rank) {
  unsigned set = 0;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    if (!cds_tensor_has_rank(&einsum->tensor[t], rank)) {
      set |= 1U << t;
    }
  }
  return set;
}

static bool is_partial(const cds_einsum *einsum, unsigned rank) {
  cds_term term[CDS_TERMS_MAX];
  for (unsigned t = 0; t < einsum->tensors; t++) {
    const cds_tensor *tensor = &einsum->tensor[t];
    for (unsigned a = 0; a < tensor->axes; a++) {
      const unsigned terms =
          cds_axis_long_terms(term, einsum, &tensor->axis[a]);
      for (unsigned i = 0; terms > 1 && i < terms; i++) {
        if (term[i].rank == rank) {
          return true;
        }
      }
    }
  }
  return false;
}

/* Whether constraints treat a rank unlike others. */
static bool is_named(const cds_general *general, unsigned rank) {
  return general->rules != NULL && general->rules->named[rank];
}

static cds_status merge_ranks(cds_general *out) {
  const cds_einsum *einsum = out->einsum;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    const unsigned lacks = lacking_set(einsum, r);
    const bool partial = is_partial(einsum, r);
    const bool alone = partial || is_named(out, r);
    unsigned d = 0;
    while (d < out->dims &&
           (alone || out->dim[d].partial || out->dim[d].lacks != lacks ||
            is_named(out, out->dim[d].rank[0]))) {
      d++;
    }
    cds_dim *dim = &out->dim[d];
    if (d == out->dims) {
      out->dims++;
      *dim = (cds_dim){.size = 1, .lacks = lacks, .partial = partial};
    }
    if (!cds_mul_u64(&dim->size, dim->size, einsum->rank[r].size)) {
      return CDS_ELIMIT;
    }
    dim->rank[dim->ranks++] = r;
  }
  return CDS_OK;
}

/* Adds p times every number of the list that is not there yet. */
static bool multiply_list(uint64_t *list, size_t *count, uint64_t p) {
  const size_t known = *count;
  for (size_t k = 0; k < known; k++) {
    const uint64_t next = list[k] * p;
    bool there = false;
    for (size_t j = known; j-- > 0 && !there;) {
      there = list[j] == next;
    }
    if (there) {
      continue;
    }
    if (*count == CDS_DIVISORS_MAX) {
      return false;
    }
    list[(*count)++] = next;
  }
  return true;
}

static uint64_t smallest_prime(uint64_t value) {
  for (uint64_t p = 2; p <= value / p; p++) {
    if (value % p == 0) {
      return p;
    }
  }
  return value;
}

/* Divisors of the product of sizes: those of each rank, multiplied. Sizes are
 * at most 2^40: 2^20 divisions each. */
static cds_status list_divisors(cds_dim *dim, const cds_general *general) {
  uint64_t *list =
      cds_arena_array(general->arena, CDS_DIVISORS_MAX, sizeof *list);
  if (list == NULL) {
    return CDS_ENOMEM;
  }
  size_t count = 1;
  list[0] = 1;
  for (unsigned i = 0; i < dim->ranks; i++) {
    uint64_t rest = general->einsum->rank[dim->rank[i]].size;
    for (uint64_t p = 2; rest > 1; p++) {
      p = p > rest / p ? rest : p;
      for (; rest % p == 0; rest /= p) {
        if (!multiply_list(list, &count, p)) {
          return CDS_ELIMIT;
        }
      }
    }
  }
  cds_divisors_sort(list, count);
  dim->divisor = list;
  dim->divisors = (unsigned)count;
  dim->prime = cds_arena_array(general->arena, count, sizeof *dim->prime);
  if (dim->prime == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    dim->prime[i] = smallest_prime(list[i]);
  }
  return CDS_OK;
}

static cds_status list_quotients(cds_dim *dim, cds_arena *arena) {
  cds_divisor_tables tables;
  CDS_TRY(cds_divisors_tables(&tables, dim->divisor, dim->divisors, arena));
  dim->quotient = tables.quotient;
  dim->product = tables.product;
  return CDS_OK;
}

/* ---- tensors --------------------------------------------------------- */

static unsigned dim_of(const cds_general *general, unsigned rank) {
  for (unsigned d = 0; d < general->dims; d++) {
    for (unsigned i = 0; i < general->dim[d].ranks; i++) {
      if (general->dim[d].rank[i] == rank) {
        return d;
      }
    }
  }
  return 0;
}

/* Distinct positions of every tile on a window's axis. */
static cds_status measure_window(cds_window *window, cds_general *general) {
  const cds_dim *p = &general->dim[window->dim[0]];
  const cds_dim *r = &general->dim[window->dim[1]];
  const size_t count = (size_t)p->divisors * r->divisors;
  window->size = cds_arena_array(general->arena, count, sizeof *window->size);
  window->run = cds_arena_array(general->arena, count, sizeof *window->run);
  window->part = cds_arena_array(general->arena, count, sizeof *window->part);
  window->shared =
      cds_arena_array(general->arena, count, sizeof *window->shared);
  if (window->size == NULL || window->run == NULL || window->part == NULL ||
      window->shared == NULL) {
    return CDS_ENOMEM;
  }
  cds_digits none = {.count = 0};
  for (unsigned i = 0; i < p->divisors; i++) {
    for (unsigned j = 0; j < r->divisors; j++) {
      cds_digits tile = {.count = 0};
      const uint64_t trips[2] = {p->divisor[i], r->divisor[j]};
      uint64_t reach = 1;
      for (unsigned k = 0; k < 2; k++) {
        reach += (trips[k] - 1) * window->coefficient[k];
        if (trips[k] > 1) {
          tile.digit[tile.count++] =
              (cds_digit){window->coefficient[k], trips[k]};
        }
      }
      uint64_t fresh = 0;
      uint64_t *size = &window->size[(size_t)i * r->divisors + j];
      CDS_TRY(cds_axis_union(size, &fresh, &tile, &none, 0, general->scratch));
      window->run[(size_t)i * r->divisors + j] = *size == reach;
    }
  }
  return cds_window_moves(window, general);
}

static cds_status shape_tensor(cds_general *general, unsigned t) {
  const cds_tensor *tensor = &general->einsum->tensor[t];
  cds_operand_shape *shape = &general->tensor[t];
  *shape = (cds_operand_shape){.bits = tensor->format.bits,
                               .wide = t == general->output
                                           ? tensor->accumulator.bits
                                           : tensor->format.bits};
  uint64_t words = 0;
  CDS_TRY(cds_tensor_words(&words, general->einsum, t));
  shape->words = (double)words * general->homes.runs;
  for (unsigned d = 0; d < general->dims; d++) {
    shape->has |= cds_lacks(general, d, t) ? 0U : 1U << d;
  }
  for (unsigned a = 0; a < tensor->axes; a++) {
    cds_term term[CDS_TERMS_MAX];
    const unsigned terms =
        cds_axis_long_terms(term, general->einsum, &tensor->axis[a]);
    if (terms < 2) {
      shape->whole |= terms > 0 ? 1U << dim_of(general, term[0].rank) : 0U;
      continue;
    }
    if (shape->windows == CDS_WINDOWS_MAX) {
      return CDS_ELIMIT;
    }
    cds_window *window = &shape->window[shape->windows++];
    for (unsigned k = 0; k < 2; k++) {
      window->dim[k] = dim_of(general, term[k].rank);
      window->coefficient[k] = term[k].coefficient;
    }
    CDS_TRY(measure_window(window, general));
  }
  return CDS_OK;
}

static void list_patterns(cds_general *out) {
  for (unsigned d = 0; d < out->dims; d++) {
    const unsigned lacks = out->dim[d].size > 1 ? out->dim[d].lacks : 0;
    unsigned p = 0;
    while (p < out->patterns && out->pattern[p] != lacks) {
      p++;
    }
    if (lacks != 0 && p == out->patterns) {
      out->pattern[out->patterns++] = lacks;
    }
  }
  if (out->patterns == 0) {
    out->pattern[out->patterns++] = 0; /* nothing ever stays */
  }
}

/* ---- tiles ----------------------------------------------------------- */

/* Least share of a window's positions that a move of the tile brings in, and
 * the number of positions that it takes at least; 1 and 1 if it never moves. */
static double window_share(const cds_general *general, const cds_window *window,
                           const cds_divisors_at *at, double *positions) {
  uint64_t step = 0;
  *positions = 1;
  for (unsigned k = 0; k < 2; k++) {
    const cds_dim *dim = &general->dim[window->dim[k]];
    const uint64_t extent = dim->divisor[at->at[window->dim[k]]];
    if (extent < dim->size) {
      step = cds_common_divisor(window->coefficient[k] * extent, step);
      *positions = fmax(*positions, (double)dim->size / (double)extent);
    }
  }
  const size_t here = cds_window_at(general, window, at);
  const uint64_t size = window->size[here];
  if (step == 0 || step >= size) {
    return step != 0 && !window->run[here] ? 1 / (double)size : 1;
  }
  return window->run[here] ? (double)step / (double)size : 1 / (double)size;
}

/* Words of all tiles of a tensor with windows, if none has a word of another.
 */
static double words_apart(const cds_tile *tile, const cds_general *general,
                          unsigned t) {
  double all = 1; /* points of what the tensor has */
  double mine = 1;
  for (unsigned d = 0; d < general->dims; d++) {
    if (!cds_lacks(general, d, t)) {
      all *= (double)general->dim[d].size;
      mine *= (double)cds_extent(general, &tile->at, d);
    }
  }
  return all / mine * tile->words[t];
}

static void measure_tensor(cds_tile *tile, const cds_general *general,
                           unsigned t) {
  const cds_operand_shape *shape = &general->tensor[t];
  double words = 1;
  double outside = 1; /* trips of whole dimensions, positions of windows */
  double lacked = 1;
  double share = 1;
  for (unsigned d = 0; d < general->dims; d++) {
    const cds_dim *dim = &general->dim[d];
    const uint64_t extent = dim->divisor[tile->at.at[d]];
    if ((shape->whole >> d & 1U) != 0) {
      words *= (double)extent;
      outside *= (double)dim->size / (double)extent;
    } else if (cds_lacks(general, d, t)) {
      lacked *= (double)dim->size / (double)extent;
    }
  }
  for (unsigned w = 0; w < shape->windows; w++) {
    const cds_window *window = &shape->window[w];
    double positions = 1;
    share = fmin(share, window_share(general, window, &tile->at, &positions));
    words *= (double)window->size[cds_window_at(general, window, &tile->at)];
    outside *= positions;
  }
  const double runs = general->homes.runs;
  tile->inside[t] = 1;
  for (unsigned d = 0; d < general->dims; d++) {
    tile->inside[t] *= cds_lacks(general, d, t)
                           ? (double)cds_extent(general, &tile->at, d)
                           : 1;
  }
  tile->words[t] = words;
  tile->apart[t] = shape->windows > 0 ? words_apart(tile, general, t) : 0;
  const double all = words * share * outside * runs;
  tile->pass[t] = shape->windows == 0 ? shape->words : all;
  tile->stay[t] = fmax(shape->words, all);
  tile->loads[t] = fmax(shape->words, all * lacked);
  if (shape->windows == 0) {
    tile->stay[t] = shape->words;
    tile->loads[t] = shape->words * lacked;
  }
}

void cds_tile_measure(cds_tile *tile, const cds_general *general) {
  for (unsigned t = 0; t < general->tensors; t++) {
    measure_tensor(tile, general, t);
  }
}

static cds_status list_tiles(cds_general *out) {
  size_t count = 1;
  for (unsigned d = 0; d < out->dims; d++) {
    count *= out->dim[d].divisors;
    if (count > CDS_TILES_MAX) {
      return CDS_ELIMIT;
    }
  }
  out->tile = cds_arena_array(out->arena, count, sizeof *out->tile);
  if (out->tile == NULL) {
    return CDS_ENOMEM;
  }
  out->tiles = count;
  for (size_t i = 0; i < count; i++) {
    size_t rest = i;
    for (unsigned d = 0; d < out->dims; d++) {
      out->tile[i].at.at[d] = (uint16_t)(rest % out->dim[d].divisors);
      rest /= out->dim[d].divisors;
    }
    cds_tile_measure(&out->tile[i], out);
  }
  out->whole = out->tile[count - 1];
  out->one = out->tile[0];
  return CDS_OK;
}

/* ---- groups of levels ------------------------------------------------ */

static bool next_digits(unsigned *digit, const unsigned *limit,
                        unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    if (digit[i] + 1 < limit[i]) {
      digit[i]++;
      return true;
    }
    digit[i] = 0;
  }
  return false;
}

/* Whether homes and the policies of the group's levels allow the holding: digit
 * 0 of a tensor is nowhere, digit i the i-th level of the group. */
static bool holding_allowed(const cds_general *general, unsigned g,
                            const unsigned *digit) {
  const cds_group_levels *group = &general->group[g];
  for (unsigned t = 0; t < general->tensors; t++) {
    if (g <= general->home_group[t] && digit[t] > 0) {
      return false;
    }
    for (unsigned i = 0; i < group->levels; i++) {
      if (group->first + i <= general->homes.tensor[t].level) {
        continue;
      }
      const cds_policy policy = cds_level_policy(
          general->arch, group->first + i, &general->einsum->tensor[t]);
      const bool here = digit[t] == i + 1;
      if ((policy == CDS_MUST && !here) || (policy == CDS_MUST_NOT && here)) {
        return false;
      }
    }
  }
  return true;
}

static cds_status list_holdings(cds_general *general, unsigned g) {
  cds_group_levels *group = &general->group[g];
  unsigned limit[CDS_TENSORS_MAX];
  unsigned digit[CDS_TENSORS_MAX] = {0};
  size_t room = 1;
  for (unsigned t = 0; t < general->tensors; t++) {
    limit[t] = group->levels + 1;
    room *= limit[t];
  }
  group->holding =
      cds_arena_array(general->arena, room, sizeof *group->holding);
  if (group->holding == NULL) {
    return CDS_ENOMEM;
  }
  do {
    if (!holding_allowed(general, g, digit)) {
      continue;
    }
    cds_holding *holding = &group->holding[group->holdings++];
    for (unsigned t = 0; t < general->tensors; t++) {
      holding->level[t] = CDS_NONE;
      if (digit[t] > 0) {
        holding->level[t] = (uint16_t)(group->first + digit[t] - 1);
        holding->held |= 1U << t;
      }
    }
  } while (next_digits(digit, limit, general->tensors));
  return CDS_OK;
}

static void set_homes(cds_general *out) {
  for (unsigned t = 0; t < out->tensors; t++) {
    const unsigned home = out->homes.tensor[t].level;
    for (unsigned g = 1; g <= out->groups; g++) {
      if (out->group[g].first <= home) {
        out->home_group[t] = g;
      }
    }
  }
}

static cds_status list_groups(cds_general *out) {
  const cds_arch *arch = out->arch;
  unsigned group = 0;
  out->group[0] = (cds_group_levels){.first = 0, .levels = 1};
  for (unsigned l = 1; l < arch->levels; l++) {
    const unsigned first = out->group[group].first;
    if (group > 0 && arch->level[l].position == arch->level[first].position) {
      out->group[group].levels++;
      continue;
    }
    out->group[++group] = (cds_group_levels){
        .first = l, .levels = 1, .depth = arch->level[l].depth};
  }
  out->groups = group;
  set_homes(out);
  for (unsigned g = 1; g <= out->groups; g++) {
    CDS_TRY(list_holdings(out, g));
  }
  return CDS_OK;
}

/* Single copies unless loops must stand above. */
bool cds_holding_fits(const cds_general *general, const cds_holding *holding,
                      const cds_tile *tile, double output_bits) {
  const cds_arch *arch = general->arch;
  double bits[CDS_LEVELS_MAX] = {0};
  for (unsigned t = 0; t < general->tensors; t++) {
    const unsigned level = holding->level[t];
    if (level == CDS_NONE) {
      continue;
    }
    const bool doubled = cds_level_doubled(arch, level);
    const double least =
        t == general->output ? output_bits : general->tensor[t].bits;
    double outside = 1;
    for (unsigned d = 0; d < general->dims; d++) {
      if (!cds_lacks(general, d, t)) {
        outside *= (double)general->dim[d].size /
                   (double)cds_extent(general, &tile->at, d);
      }
    }
    double units = 1;
    for (unsigned k = 0; k < arch->level[level].depth; k++) {
      units *= general->spreads[k].most_units;
    }
    const bool replaced = outside > units;
    bits[level] += tile->words[t] * least * (doubled && replaced ? 2 : 1);
    if (bits[level] > general->room[level]) {
      return false;
    }
  }
  return true;
}

void cds_holding_measure(cds_holding *holding, const cds_general *general) {
  const cds_operand_shape *output = &general->tensor[general->output];
  const double bits = fmin(output->bits, output->wide);
  for (size_t i = 0; i < general->tiles; i++) {
    const cds_tile *tile = &general->tile[i];
    if (cds_holding_fits(general, holding, tile, bits)) {
      holding->possible = true;
      for (unsigned t = 0; t < general->tensors; t++) {
        holding->most[t] = fmax(holding->most[t], tile->loads[t]);
      }
    }
  }
}

/* ---- the pair -------------------------------------------------------- */

static void add_roof(cds_general *out, cds_roof_kind kind, unsigned index,
                     double bandwidth, unsigned group) {
  if (!isinf(bandwidth)) {
    out->roof[out->roofs++] = (cds_roof){
        .kind = kind, .index = index, .cycles = 1 / bandwidth, .group = group};
  }
}

/* The roofs, those of outer levels first. */
static void list_roofs(cds_general *out) {
  const cds_arch *arch = out->arch;
  if (arch->overlap == CDS_OVERLAP_NATIVE) {
    add_roof(out, CDS_ROOF_APART, 0, 1, out->groups);
  }
  for (unsigned g = 0; g <= out->groups; g++) {
    const cds_group_levels *group = &out->group[g];
    for (unsigned l = group->first; l < group->first + group->levels; l++) {
      const cds_level *level = &arch->level[l];
      add_roof(out, CDS_ROOF_PORT, l, level->shared_bandwidth, g);
      add_roof(out, CDS_ROOF_OUT, l, level->read_bandwidth, g);
      add_roof(out, CDS_ROOF_IN, l, level->write_bandwidth, g);
    }
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    add_roof(out, CDS_ROOF_NET, k, arch->array[k].bandwidth, 0);
    if (arch->array[k].network != CDS_NETWORK_BUS &&
        !isinf(arch->array[k].bandwidth)) {
      out->roof[out->roofs] = out->roof[out->roofs - 1];
      out->roof[out->roofs++].up = true;
    }
  }
}

/* Every word passes the port of its home in each run; and there, and at the
 * outermost level, what comes to homes and goes from there. A level that waits
 * for its transfers has those apart. */
static double floor_of(const cds_general *general) {
  double least = 0;
  for (unsigned l = 0; l < general->arch->levels; l++) {
    const bool apart = l > 0 && cds_hides_nothing(general, l);
    cds_home_port port = {0, 0};
    if (!apart) {
      port = cds_homes_port(&general->homes, general->tensors, l);
    }
    for (unsigned t = 0; t < general->tensors; t++) {
      const cds_operand_shape *shape = &general->tensor[t];
      if (general->homes.tensor[t].level == l) {
        *(t == general->output ? &port.in : &port.out) +=
            shape->words * fmin(shape->bits, shape->wide);
      }
    }
    least = fmax(least,
                 cds_port_cycles(&general->arch->level[l], port.out, port.in));
  }
  return least;
}

static void price_bonds(cds_general *out) {
  const cds_arch *arch = out->arch;
  for (unsigned a = 0; a < arch->dies; a++) {
    for (unsigned b = 0; b < arch->dies; b++) {
      const uint32_t crossed = a == b ? 0 : cds_arch_bonds_between(arch, a, b);
      for (unsigned k = 0; k < arch->bonds; k++) {
        if ((crossed >> k & 1U) != 0) {
          out->die_bit_pj[a][b] +=
              arch->bond[k].crossings * arch->bond[k].bit_pj;
        }
      }
    }
  }
}

/* What stages have at home, and what room that leaves. */
static cds_status init_homes(cds_general *out) {
  CDS_TRY(cds_homes_set(&out->homes, out->arch, out->einsum));
  uint64_t words = 0;
  CDS_TRY(cds_tensor_words(&words, out->einsum, out->output));
  out->results = (double)words * out->homes.repeats;
  for (unsigned l = 0; l < out->arch->levels; l++) {
    out->room[l] = cds_homes_room(&out->homes, out->arch, out->einsum, l);
    if (out->room[l] < 0 && l > 0) {
      return CDS_EINFEASIBLE;
    }
  }
  return CDS_OK;
}

static cds_status init_prices(cds_general *out) {
  uint64_t macs = 0;
  CDS_TRY(cds_einsum_macs(&macs, out->einsum));
  out->macs = (double)macs * out->homes.runs;
  out->base_pj =
      out->macs * out->arch->compute
                      .mac_pj[cds_compute_format(out->arch, out->einsum)] +
      out->homes.dynamic_pj;
  out->leakage_w = cds_arch_leakage_w(out->arch);
  if (!isinf(out->power_limit_w)) {
    if (out->leakage_w >= out->power_limit_w) {
      return CDS_EINFEASIBLE;
    }
    out->seconds_per_pj = 1e-12 / (out->power_limit_w - out->leakage_w);
  }
  price_bonds(out);
  return CDS_OK;
}

cds_status cds_general_begin(cds_general *out) {
  out->tensors = out->einsum->tensors;
  out->output = out->tensors - 1;
  CDS_TRY(init_homes(out));
  CDS_TRY(init_prices(out));
  CDS_TRY(merge_ranks(out));
  for (unsigned d = 0; d < out->dims; d++) {
    CDS_TRY(list_divisors(&out->dim[d], out));
    CDS_TRY(list_quotients(&out->dim[d], out->arena));
  }
  CDS_TRY(cds_codes_list(out));
  for (unsigned t = 0; t < out->tensors; t++) {
    CDS_TRY(shape_tensor(out, t));
  }
  list_patterns(out);
  CDS_TRY(cds_passes_list(out));
  out->floor_cycles = floor_of(out);
  CDS_TRY(list_tiles(out));
  CDS_TRY(cds_spreads_list(out));
  CDS_TRY(list_groups(out));
  list_roofs(out);
  return cds_constrain_begin(out);
}
