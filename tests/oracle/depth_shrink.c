/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes a random case simpler while it still shows a mismatch. */
#include <math.h>
#include <string.h>

#include "oracle/depth_case.h"

/* One try: changes the case, false when there is nothing to change. */
typedef bool simplify(depth_case *it, unsigned at, unsigned how);

static bool lower_rank(depth_case *it, unsigned at, unsigned how) {
  static const uint64_t primes[] = {2, 3, 5, 7};
  if (at >= it->einsum.ranks || how >= 4 ||
      it->einsum.rank[at].size % primes[how] != 0) {
    return false;
  }
  it->einsum.rank[at].size /= primes[how];
  it->einsum.rank[at].real = it->einsum.rank[at].size;
  return true;
}

static bool drop_level(depth_case *it, unsigned at, unsigned how) {
  cds_arch *arch = &it->arch;
  if (at == 0 || at >= arch->levels || how > 0) {
    return false;
  }
  arch->levels--;
  memmove(&arch->level[at], &arch->level[at + 1],
          (arch->levels - at) * sizeof arch->level[0]);
  memmove(&it->stage.taken_bits[at], &it->stage.taken_bits[at + 1],
          (arch->levels - at) * sizeof it->stage.taken_bits[0]);
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    cds_home *home = &it->stage.home[t];
    if (home->level == at) {
      *home = (cds_home){0};
    }
    home->level -= home->level > at;
  }
  return true;
}

static bool simplify_stage(depth_case *it, unsigned at, unsigned how) {
  const cds_stage before = it->stage;
  cds_stage *stage = &it->stage;
  if (it->einsum.stage == NULL || how >= 6) {
    return false;
  }
  switch (how) {
  case 0:
    it->einsum.stage = NULL;
    return true;
  case 1:
    stage->home[at % CDS_TENSORS_MAX] = (cds_home){0};
    break;
  case 2:
    stage->passes = stage->repeats;
    break;
  case 3:
    stage->repeats = 1;
    break;
  case 4:
    stage->taken_bits[at % CDS_LEVELS_MAX] = 0;
    break;
  default:
    stage->home[at % CDS_TENSORS_MAX].loads = 0;
    break;
  }
  return memcmp(&before, stage, sizeof before) != 0;
}

static bool drop_array(depth_case *it, unsigned at, unsigned how) {
  cds_arch *arch = &it->arch;
  if (at >= arch->arrays || how > 0) {
    return false;
  }
  arch->arrays--;
  memmove(&arch->array[at], &arch->array[at + 1],
          (arch->arrays - at) * sizeof arch->array[0]);
  for (unsigned l = 0; l < arch->levels; l++) {
    arch->level[l].depth -= arch->level[l].depth > at;
  }
  return true;
}

static bool simplify_array(depth_case *it, unsigned at, unsigned how) {
  if (at >= it->arch.arrays || how >= 7) {
    return false;
  }
  cds_array *array = &it->arch.array[at];
  const cds_array before = *array;
  switch (how) {
  case 0:
    array->axes = 1;
    break;
  case 1:
    array->extent[0] -= array->extent[0] > 1;
    break;
  case 2:
    array->bit_pj = array->add_pj = 0;
    break;
  case 3:
    array->bandwidth = (double)INFINITY;
    break;
  case 4:
    array->leakage_w = 0;
    break;
  case 5:
    array->multicast = array->reduction = false;
    break;
  default:
    array->extent[1] -= array->axes > 1 && array->extent[1] > 1;
    break;
  }
  return memcmp(&before, array, sizeof before) != 0;
}

static bool simplify_ports(cds_level *level, unsigned how) {
  const double none = (double)INFINITY;
  double *port[] = {&level->read_bandwidth, &level->write_bandwidth,
                    &level->shared_bandwidth};
  const bool change = isfinite(*port[how]);
  *port[how] = none;
  return change;
}

static bool simplify_prices(cds_level *level, unsigned how) {
  cds_access_price *price = &level->price[how % CDS_ACTIONS];
  double *number = how < CDS_ACTIONS ? &price->access_pj : &price->bit_pj;
  const bool change = *number > 0;
  *number = how<CDS_ACTIONS && * number> 1 ? 1 : 0;
  return change && (how < CDS_ACTIONS || *number == 0);
}

static bool simplify_level(depth_case *it, unsigned at, unsigned how) {
  enum { PRICES = 2 * CDS_ACTIONS, PORTS = PRICES + 3, SETS = PORTS + 3 };
  cds_level *level = &it->arch.level[at];
  if (at >= it->arch.levels || how >= SETS + 3) {
    return false;
  }
  if (how < PRICES) {
    return simplify_prices(level, how);
  }
  if (how < PORTS) {
    return simplify_ports(level, how - PRICES);
  }
  const cds_level before = *level;
  switch (how - PORTS) {
  case 0:
    level->keep = (cds_tensor_set){0};
    break;
  case 1:
    level->bypass = (cds_tensor_set){0};
    break;
  case 2:
    level->may = (cds_tensor_set){0};
    level->may_given = false;
    break;
  case 3:
    level->size_bits = UINT64_MAX;
    break;
  case 4:
    level->leakage_w = 0;
    break;
  default:
    level->accumulate = false;
    break;
  }
  return memcmp(&before, level, sizeof before) != 0;
}

static bool simplify_tensor(depth_case *it, unsigned at, unsigned how) {
  static const cds_format eight = {.name = "8 bit", .bits = 8};
  if (at >= it->einsum.tensors || how > 1) {
    return false;
  }
  cds_tensor *tensor = &it->einsum.tensor[at];
  cds_format *format = how == 0 ? &tensor->accumulator : &tensor->format;
  if (format->bits == 0 || format->bits == 8) {
    return false;
  }
  *format = eight;
  return true;
}

static bool simplify_rest(depth_case *it, unsigned at, unsigned how) {
  if (at > 0 || how > 5) {
    return false;
  }
  cds_arch *arch = &it->arch;
  const depth_case before = *it;
  switch (how) {
  case 0:
    it->options.power_limit_w = (double)INFINITY;
    break;
  case 1:
    arch->fixed_leakage_w = 0;
    break;
  case 2:
    arch->overlap = CDS_OVERLAP_PERFECT;
    break;
  case 3:
    arch->compute.mac_pj[0] = 0;
    break;
  case 4:
    arch->dies = 1;
    arch->bonds = arch->compute.die = 0;
    for (unsigned l = 0; l < arch->levels; l++) {
      arch->level[l].die = 0;
    }
    for (unsigned k = 0; k < arch->arrays; k++) {
      arch->array[k].die = 0;
    }
    break;
  default:
    for (unsigned l = 0; l < arch->levels; l++) {
      arch->level[l].buffering = CDS_BUFFER_SINGLE;
    }
    break;
  }
  return memcmp(&before, it, sizeof before) != 0;
}

static bool drop_goal(depth_case *it, unsigned at, unsigned how) {
  depth_options *options = &it->options;
  if (at >= options->goals || options->goals == 1 || how > 0) {
    return false;
  }
  options->goals--;
  memmove(&options->goal[at], &options->goal[at + 1],
          (options->goals - at) * sizeof options->goal[0]);
  return true;
}

static void take(depth_case *out, const depth_case *it) {
  *out = *it;
  out->einsum.stage = it->einsum.stage == NULL ? NULL : &out->stage;
}

void depth_case_shrink(depth_case *it, depth_shows *shows, void *payload) {
  static simplify *const tries[] = {
      drop_goal,       lower_rank,     drop_level,
      drop_array,      simplify_stage, simplify_array,
      simplify_tensor, simplify_rest,  simplify_level};
  enum { TRIES = sizeof tries / sizeof *tries, PLACES = 12, WAYS = 17 };
  static depth_case next;
  bool smaller = true;
  for (unsigned round = 0; smaller && round < 20; round++) {
    smaller = false;
    for (unsigned i = 0; i < TRIES * PLACES * WAYS; i++) {
      take(&next, it);
      if (tries[i / (PLACES * WAYS)](&next, i / WAYS % PLACES, i % WAYS) &&
          shows(&next, payload)) {
        take(it, &next);
        smaller = true;
      }
    }
  }
}
