/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tiny random pairs of einsum and architecture. */
#include "oracle/depth_case.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/own_price.h"
#include "oracle/random_price.h"
#include "support/nest.h"

/* '@' stands for a random stride, '#' for a random dilation. */
typedef struct shape {
  unsigned weight; /* how often, in proportion */
  const char *text;
} shape;
static const shape shapes[] = {
    {10, "O[p] += I[@*p+#*r] * W[r]; p 1, r 1"},
    {12, "O[m,p] += I[c,@*p+#*r] * W[m,c,r]; m 1, p 1, c 1, r 1"},
    {8, "O[b,m,p] += I[b,c,@*p+#*r] * W[m,c,r]; b 1, m 1, p 1, c 1, r 1"},
    {10, "O[p,q] += I[@*p+#*r,@*q+#*s] * W[r,s]; p 1, q 1, r 1, s 1"},
    {10, "O[m,p,q] += I[c,@*p+#*r,@*q+#*s] * W[m,c,r,s];"
         "m 1, p 1, q 1, c 1, r 1, s 1"},
    {6, "O[g,m,p] += I[g,c,@*p+#*r] * W[g,m,c,r]; g 1, m 1, p 1, c 1, r 1"},
    {6, "O[g,m,p,q] += I[g,c,@*p+#*r,@*q+#*s] * W[g,m,c,r,s];"
        "g 1, m 1, p 1, q 1, c 1, r 1, s 1"},
    {6, "O[c,p] += I[c,@*p+#*r] * W[c,r]; c 1, p 1, r 1"},
    {6, "O[c,p,q] += I[c,@*p+#*r,@*q+#*s] * W[c,r,s];"
        "c 1, p 1, q 1, r 1, s 1"},
    {4, "O[c,p] += I[c,@*p+#*r]; c 1, p 1, r 1"}, /* pooling by sums */
    {12, "O[m,n] += A[m,k] * B[k,n]; m 1, n 1, k 1"},
    {4, "O[b,m,n] += A[b,m,k] * B[b,k,n]; b 1, m 1, n 1, k 1"},
    {4, "O[b,m,n] += A[b,m,k] * B[k,n]; b 1, m 1, n 1, k 1"},
    {4, "O[g,h,m,n] += Q[g,h,m,k] * K[g,n,k]; g 1, h 1, m 1, n 1, k 1"},
    {5, "O[m] += A[m,k] * B[k]; m 1, k 1"},
    {2, "O[m] += A[m,k]; m 1, k 1"},
    {2, "O[i,j] += A[i] * B[j]; i 1, j 1"},
    {3, "O[i,r] += X[i,j,k] * B[j,r] * C[k,r]; i 1, r 1, j 1, k 1"},
    {3, "O[i,l] += A[i,j] * B[j,k] * C[k,l]; i 1, l 1, j 1, k 1"},
    {2, "O[m,p] += I[c,@*p+#*r] * V[c,r] * W[m,c]; m 1, p 1, c 1, r 1"},
    /* Odd ones: ranks on several long axes, or lacked by two tensors. */
    {1, "O[i,j] += A[@*i+#*k,#*j+@*l] * B[k,l,i]; i 1, j 1, k 1, l 1"},
    {1, "O[i,j] += A[@*i+#*j,k] * B[@*k+#*l]; i 1, j 1, k 1, l 1"},
    {1, "O[i,j] += A[j] * B[#*k+@*l]; i 1, j 1, k 1, l 1"},
    {1, "O[i,j,l] += A[@*k+i,j] * B[#*k+j,l] * C[@*i+#*l];"
        "i 1, j 1, l 1, k 1"},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static const shape products[] = {
    {12, "O[m,n] += A[m,k] * B[k,n]; m 1, n 1, k 1"},
    {3, "O[b,m,n] += A[b,m,k] * B[b,k,n]; b 1, m 1, n 1, k 1"},
    {2, "O[b,m,n] += A[b,m,k] * B[k,n]; b 1, m 1, n 1, k 1"},
    {2, "O[g,h,m,n] += Q[g,h,m,k] * K[g,n,k]; g 1, h 1, m 1, n 1, k 1"},
    {1, "O[m] += A[m,k] * B[k]; m 1, k 1"},
};
enum { PRODUCTS = sizeof products / sizeof *products };

static const char *draw_shape(const shape *from, unsigned count,
                              random_stream *stream) {
  unsigned sum = 0, at = 0;
  for (unsigned s = 0; s < count; s++) {
    sum += from[s].weight;
  }
  unsigned pick = random_below(stream, sum);
  while (pick >= from[at].weight) {
    pick -= from[at++].weight;
  }
  return from[at].text;
}

static void draw_einsum(depth_case *it, bool product, random_stream *stream) {
  static const char digits[] = "1111222334";
  char text[200] = {0};
  strncpy(text,
          product ? draw_shape(products, PRODUCTS, stream)
                  : draw_shape(shapes, SHAPES, stream),
          sizeof text - 1);
  for (char *at = text; *at != '\0'; at++) {
    if (*at == '@' || *at == '#') {
      *at = digits[random_below(stream, sizeof digits - 1)];
    }
  }
  if (!einsum_read(&it->einsum, text, it->names)) {
    fprintf(stderr, "depth case: '%s' is not understood\n", text);
    exit(EXIT_FAILURE);
  }
}

static void add_level(cds_arch *arch, unsigned position,
                      random_stream *stream) {
  static const char *const name[] = {"L0", "L1", "L2", "L3", "L4"};
  cds_level *level = &arch->level[arch->levels];
  *level = (cds_level){.name = name[arch->levels],
                       .class_name = "",
                       .position = position,
                       .depth = arch->arrays,
                       .size_bits = UINT64_MAX,
                       .accumulate = random_chance(stream, 20)};
  arch->levels++;
}

static void add_array(cds_arch *arch, random_stream *stream) {
  static const char *const name[] = {"X", "Y"};
  cds_array *array = &arch->array[arch->arrays];
  *array = (cds_array){.name = name[arch->arrays],
                       .axes = 1 + random_below(stream, 2),
                       .axis_name = {"rows", "cols"},
                       .multicast = random_chance(stream, 65),
                       .reduction = random_chance(stream, 65)};
  for (unsigned x = 0; x < array->axes; x++) {
    array->extent[x] = 1 + random_below(stream, array->axes == 1 ? 8 : 4);
  }
  arch->arrays++;
}

/* The outermost level, then groups of levels and arrays in any order. */
static void draw_chain(cds_arch *arch, random_stream *stream) {
  static const unsigned inner[] = {0, 1, 1, 1, 1, 1, 2, 2, 2, 2,
                                   2, 2, 2, 3, 3, 3, 3, 3, 4, 4};
  static const unsigned number[] = {0, 0, 1, 1, 1, 1, 2, 2};
  unsigned levels = inner[random_below(stream, 20)];
  unsigned arrays = number[random_below(stream, 8)];
  unsigned position = 0;
  arch->name = "tiny";
  add_level(arch, position++, stream);
  while (levels + arrays > 0) {
    if (random_below(stream, levels + arrays) < arrays) {
      add_array(arch, stream);
      arrays--;
    } else {
      unsigned beside = random_chance(stream, 30) ? 2 : 1;
      beside += beside > 1 && random_chance(stream, 30);
      beside = beside < levels ? beside : levels;
      for (unsigned i = 0; i < beside; i++) {
        add_level(arch, position, stream);
      }
      levels -= beside;
    }
    position++;
  }
}

/* What a level keeps and bypasses: mostly by role, at times by name. */
static void draw_policy(cds_level *level, const cds_einsum *einsum,
                        random_stream *stream) {
  const unsigned keep = random_chance(stream, 50) ? 35 : 12;
  const unsigned bypass = random_chance(stream, 50) ? 35 : 15;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    const unsigned pick = random_below(stream, 100);
    const cds_tensor *tensor = &einsum->tensor[t];
    if (pick >= keep + bypass) {
      continue;
    }
    cds_tensor_set *set = pick < keep ? &level->keep : &level->bypass;
    const cds_tensor_set *other = pick < keep ? &level->bypass : &level->keep;
    if (random_chance(stream, 15)) {
      set->name[set->names++] = tensor->name;
    } else if ((other->roles >> tensor->role & 1) == 0) {
      set->roles |= 1u << tensor->role;
    }
  }
  if (random_chance(stream, 8)) {
    level->may_given = true;
    level->may.roles = 1u << random_below(stream, 3);
  }
}

/* No tensor must be kept by two levels side by side. */
static bool policies_agree(const cds_arch *arch, const cds_einsum *einsum) {
  for (unsigned a = 1; a < arch->levels; a++) {
    for (unsigned b = a + 1; b < arch->levels; b++) {
      for (unsigned t = 0; t < einsum->tensors; t++) {
        const cds_tensor *tensor = &einsum->tensor[t];
        if (arch->level[a].position == arch->level[b].position &&
            cds_level_policy(arch, a, tensor) == CDS_MUST &&
            cds_level_policy(arch, b, tensor) == CDS_MUST) {
          return false;
        }
      }
    }
  }
  return true;
}

static void draw_policies(depth_case *it, random_stream *stream) {
  do {
    for (unsigned l = 1; l < it->arch.levels; l++) {
      cds_level *level = &it->arch.level[l];
      level->keep = level->bypass = level->may = (cds_tensor_set){0};
      level->may_given = false;
      draw_policy(level, &it->einsum, stream);
    }
  } while (!policies_agree(&it->arch, &it->einsum));
}

/* As large as the budget of mappings allows. */
static void draw_sizes(depth_case *it, random_stream *stream) {
  static const uint64_t sizes[] = {1, 2, 2, 2, 3, 3, 4, 4, 4, 6, 6, 8, 9, 5};
  static const double budgets[] = {1e3, 3e3, 3e3, 5e3, 1e4, 1e4, 2e4, 6e4};
  const double budget = budgets[random_below(stream, 8)] * it->times;
  cds_einsum *einsum = &it->einsum;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    einsum->rank[r].size = sizes[random_below(stream, 14)];
  }
  uint64_t macs = 1;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    macs *= einsum->rank[r].size;
  }
  /* Holders alone may have more choices than the budget. */
  while (macs > 1 && one_depth_size(&it->arch, einsum) > budget) {
    cds_rank *rank = &einsum->rank[random_below(stream, einsum->ranks)];
    uint64_t p = 2;
    while (rank->size > 1 && rank->size % p != 0) {
      p++;
    }
    if (rank->size > 1) {
      rank->size /= p;
      macs /= p;
    }
  }
  for (unsigned r = 0; r < einsum->ranks; r++) {
    einsum->rank[r].real = einsum->rank[r].size;
  }
}

/* Bits of all tensors. */
static uint64_t all_bits(const cds_einsum *einsum) {
  uint64_t bits = 0;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    uint64_t words = 0;
    if (cds_tensor_words(&words, einsum, t) != CDS_OK) {
      exit(EXIT_FAILURE);
    }
    bits += words * einsum->tensor[t].format.bits;
  }
  return bits;
}

/* Most levels hold a few words only. */
static void draw_capacities(depth_case *it, random_stream *stream) {
  const uint64_t bits = all_bits(&it->einsum);
  const unsigned pick = random_below(stream, 100);
  cds_level *outermost = &it->arch.level[0];
  if (pick < 15) {
    outermost->size_bits = pick < 4    ? bits * 7 / 8
                           : pick < 10 ? bits
                                       : bits * 5 / 4;
    outermost->streamed = random_chance(stream, 25);
  }
  for (unsigned l = 1; l < it->arch.levels; l++) {
    cds_level *level = &it->arch.level[l];
    const unsigned kind = random_below(stream, 100);
    if (kind < 45) {
      level->size_bits = 8 * (uint64_t)(1 + random_below(stream, 20));
    } else if (kind < 90) {
      level->size_bits = bits * (1 + random_below(stream, 9)) / 16;
    }
  }
}

static void scale(double *number, random_stream *stream) {
  *number *= 0.5 + (double)random_below(stream, 1u << 31) / (double)(1u << 31);
}

/* Prices that are no short binary fractions. */
static void make_real(cds_arch *arch, random_stream *stream) {
  for (unsigned l = 0; l < arch->levels; l++) {
    cds_level *level = &arch->level[l];
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      scale(&level->price[a].access_pj, stream);
      scale(&level->price[a].bit_pj, stream);
    }
    scale(&level->read_bandwidth, stream);
    scale(&level->write_bandwidth, stream);
    scale(&level->shared_bandwidth, stream);
    scale(&level->leakage_w, stream);
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    scale(&arch->array[k].bit_pj, stream);
    scale(&arch->array[k].add_pj, stream);
    scale(&arch->array[k].bandwidth, stream);
  }
  scale(&arch->compute.mac_pj[0], stream);
  scale(&arch->fixed_leakage_w, stream);
}

/* Rows of a region, each of which takes so much of each unit of weighed energy
 * at least; the greatest entry. */
static double draw_rows(cds_safe_point *row, unsigned rows,
                        const double weight[CDS_DIES_MAX], double least,
                        random_stream *stream) {
  double most = 0;
  double most_least = 0;
  for (unsigned i = 0; i < rows; i++) {
    double own_least = (double)INFINITY;
    for (unsigned d = 0; d < 3; d++) {
      const unsigned part = random_below(stream, 6);
      row[i][d] = i > 0 || part > 0 ? part : 1;
      own_least = fmin(own_least, row[i][d] / weight[d]);
    }
    row[i][CDS_SAFE_OUTSIDE] = 1;
    most_least = fmax(most_least, own_least);
  }
  for (unsigned i = 0; i < rows; i++) {
    for (unsigned k = 0; k < CDS_SAFE_KINDS; k++) {
      row[i][k] *= least / most_least;
      most = fmax(most, row[i][k]);
    }
  }
  return most;
}

/* The design stands for another, of dies that weigh differently, of which only
 * some powers are safe. */
static void draw_roof(depth_case *it, double spare_w, random_stream *stream) {
  cds_arch *arch = &it->arch;
  arch->dies = 3;
  for (unsigned d = 0; d < 3; d++) {
    arch->roof.weight[d] = 1 + 0.25 * random_below(stream, 12);
  }
  it->safe = (cds_safe){.regions = 1 + random_below(stream, 2)};
  for (unsigned r = 0; r < it->safe.regions; r++) {
    const unsigned rows = 1 + random_below(stream, 3);
    memset(it->row[r], 0, sizeof it->row[r]);
    const double least =
        (r == 0 ? 1 : 1 + 0.25 * random_below(stream, 4)) / spare_w;
    const double most =
        draw_rows(it->row[r], rows, arch->roof.weight, least, stream);
    it->safe.region[r] = (cds_safe_region){
        .rows = rows, .row = (const cds_safe_point *)it->row[r]};
    it->safe.wherever_w = fmax(it->safe.wherever_w, 1 / most);
  }
  arch->roof.safe = &it->safe;
  arch->compute.die = random_below(stream, 3);
  for (unsigned l = 0; l < arch->levels; l++) {
    arch->level[l].die = random_below(stream, 3);
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    arch->array[k].die = random_below(stream, 3);
  }
}

/* Energy alone, with a little time, with much time, and the products; any of
 * them first, because a search may learn from the goals before. */
static void draw_goals(depth_case *it, random_stream *stream) {
  depth_options *options = &it->options;
  const cds_goal goal[DEPTH_GOALS_MAX] = {
      {.time_power = 0},
      {.lambda_pj_per_s = 1e8 * (1 + random_below(stream, 1000))},
      {.lambda_pj_per_s = 1e11 * (1 + random_below(stream, 1000))},
      {.time_power = 1},
      {.time_power = 2}};
  const unsigned first = random_below(stream, DEPTH_GOALS_MAX);
  options->goals = DEPTH_GOALS_MAX;
  for (unsigned g = 0; g < DEPTH_GOALS_MAX; g++) {
    options->goal[g] = goal[(first + g) % DEPTH_GOALS_MAX];
  }
  options->power_limit_w = (double)INFINITY;
  if (random_chance(stream, 25)) {
    const double leakage_w = own_leakage_w(&it->arch);
    options->power_limit_w =
        random_chance(stream, 8)
            ? leakage_w * 0.75
            : leakage_w + 1.0 / (1 + random_below(stream, 100));
    if (options->power_limit_w > leakage_w && random_chance(stream, 60)) {
      draw_roof(it, options->power_limit_w - leakage_w, stream);
    }
  }
}

static void draw(depth_case *it, bool product, random_stream *stream) {
  memset(&it->einsum, 0, sizeof it->einsum);
  memset(&it->arch, 0, sizeof it->arch);
  draw_einsum(it, product, stream);
  draw_chain(&it->arch, stream);
  draw_policies(it, stream);
  draw_sizes(it, stream);
  random_price(&it->arch, &it->einsum, stream);
  draw_capacities(it, stream);
  if (random_chance(stream, 25)) {
    make_real(&it->arch, stream);
  }
}

/* Whether the search may take two ranks for one: the digits of one axis may
 * then stand in another order than here, which matters on links. */
static bool merges_ranks(const cds_einsum *einsum) {
  for (unsigned r = 0; r < einsum->ranks; r++) {
    for (unsigned s = 0; s < r; s++) {
      bool same = true;
      for (unsigned t = 0; t < einsum->tensors; t++) {
        const cds_tensor *tensor = &einsum->tensor[t];
        same = same &&
               cds_tensor_has_rank(tensor, r) == cds_tensor_has_rank(tensor, s);
      }
      if (same) {
        return true;
      }
    }
  }
  return false;
}

/* Links instead of some buses of one axis: on two axes the search takes the
 * division with the fewest hops only. */
static void draw_networks(depth_case *it, random_stream *stream) {
  static const cds_network_kind kind[] = {
      CDS_NETWORK_MESH, CDS_NETWORK_SYSTOLIC, CDS_NETWORK_TREE,
      CDS_NETWORK_CROSSBAR};
  for (unsigned k = 0; k < it->arch.arrays; k++) {
    cds_array *array = &it->arch.array[k];
    if (array->axes == 1 && random_chance(stream, 50) &&
        !merges_ranks(&it->einsum)) {
      array->network = kind[random_below(stream, 4)];
      array->ports = random_chance(stream, 50)   ? CDS_PORTS_CORNER
                     : random_chance(stream, 50) ? CDS_PORTS_COLS
                                                 : CDS_PORTS_ROWS;
      array->radix = 2 + random_below(stream, 2);
      if (array->network == CDS_NETWORK_SYSTOLIC) {
        array->passes_apart = random_chance(stream, 60);
        array->drains_direct = array->passes_apart && random_chance(stream, 30);
      }
    }
  }
}

/* AccelForge's accounting, which knows buses only. */
static void draw_accounting(depth_case *it, random_stream *stream) {
  bool buses = true;
  for (unsigned k = 0; k < it->arch.arrays; k++) {
    buses = buses && it->arch.array[k].network == CDS_NETWORK_BUS;
  }
  it->arch.sums_apart = buses && random_chance(stream, 20);
}

void depth_case_make(depth_case *out, uint64_t seed, uint64_t number,
                     unsigned times) {
  random_stream stream = random_start(seed, number);
  memset(out, 0, sizeof *out);
  out->seed = seed;
  out->number = number;
  out->times = times;
  do {
    draw(out, false, &stream);
  } while (depth_case_is_wider(out) && !random_chance(&stream, 30));
  draw_goals(out, &stream);
  out->options.seed = seed ^ number;
  draw_networks(out, &stream);
  draw_accounting(out, &stream);
}

void depth_case_make_product(depth_case *out, uint64_t seed, uint64_t number,
                             unsigned times) {
  random_stream stream = random_start(seed ^ 0xdee9, number);
  memset(out, 0, sizeof *out);
  out->seed = seed;
  out->number = number;
  out->times = times;
  do {
    draw(out, true, &stream);
  } while (depth_case_is_wider(out) || out->arch.levels < 2);
  draw_goals(out, &stream);
  out->options.seed = seed ^ number;
  draw_accounting(out, &stream);
}

/* Whether all tensors have a rank that is longer than 1. */
static bool has_batch(const cds_einsum *einsum) {
  bool any = false;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    bool all = einsum->rank[r].size > 1;
    for (unsigned t = 0; t < einsum->tensors; t++) {
      all = all && cds_tensor_has_rank(&einsum->tensor[t], r);
    }
    any = any || all;
  }
  return any;
}

void depth_case_make_sparing(depth_case *out, uint64_t seed, uint64_t number) {
  random_stream stream = random_start(seed ^ 0x5a7e, number);
  memset(out, 0, sizeof *out);
  out->seed = seed;
  out->number = number;
  out->times = 1;
  do {
    draw(out, true, &stream);
  } while (depth_case_is_wider(out) || out->arch.levels < 3 ||
           out->arch.arrays == 0 || !has_batch(&out->einsum));
  draw_goals(out, &stream);
  out->options.seed = seed ^ number;
  for (unsigned k = 0; k < out->arch.arrays; k++) {
    out->arch.array[k].bit_pj = out->arch.array[k].add_pj = 0;
    out->arch.array[k].reduction = random_chance(&stream, 60);
  }
  for (unsigned l = 0; l < out->arch.levels; l++) {
    cds_level *level = &out->arch.level[l];
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      level->price[a] = (cds_access_price){.access_pj = 1};
    }
    level->accumulate = random_chance(&stream, 50);
  }
  out->arch.level[out->arch.levels - 1].price[CDS_FILL].access_pj =
      random_chance(&stream, 50) ? 500 : 50;
}

/* A level may have the room that its home takes. */
static void draw_home(depth_case *it, unsigned t, random_stream *stream) {
  const unsigned l = 1 + random_below(stream, 3);
  if (l >= it->arch.levels || it->arch.level[l].depth > 0 ||
      random_chance(stream, 45)) {
    return;
  }
  cds_home *home = &it->stage.home[t];
  cds_level *level = &it->arch.level[l];
  home->level = l;
  if (cds_tensor_words(&home->tile_words, &it->einsum, t) != CDS_OK) {
    exit(EXIT_FAILURE);
  }
  if (level->size_bits < UINT64_MAX && random_chance(stream, 60)) {
    const unsigned bits = it->einsum.tensor[t].accumulator.bits;
    level->size_bits +=
        home->tile_words * (uint64_t)bits * (1 + random_below(stream, 2));
  }
}

/* Tiles at home may be larger than what one run uses, outputs may leave several
 * times. */
static void draw_repeats(depth_case *it, random_stream *stream) {
  cds_stage *stage = &it->stage;
  stage->repeats = 1 + random_below(stream, 3);
  stage->passes *= stage->repeats;
  if (random_chance(stream, 50)) { /* outputs of more passes than others */
    stage->passes += random_below(stream, (unsigned)stage->repeats);
  }
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    cds_home *home = &stage->home[t];
    const bool output = t == it->einsum.tensors - 1;
    const uint64_t words = home->tile_words;
    const uint64_t times = random_below(stream, 4);
    home->loads = words * times * (output ? stage->repeats : 1);
    home->replaced = home->loads > 0 && random_chance(stream, 50);
    home->tile_words *= random_chance(stream, 20) ? 2 : 1;
  }
  for (unsigned l = 1; l < it->arch.levels; l++) {
    stage->taken_bits[l] =
        random_chance(stream, 30) ? random_below(stream, 64) : 0;
  }
}

void depth_case_fuse(depth_case *it, bool repeats) {
  random_stream stream = random_start(it->seed ^ 0xf05e, it->number);
  it->stage = (cds_stage){.passes = 1 + random_below(&stream, 3), .repeats = 1};
  it->einsum.stage = &it->stage;
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    draw_home(it, t, &stream);
  }
  if (repeats) {
    draw_repeats(it, &stream);
  }
}

void depth_case_make_banded(depth_case *out, uint64_t seed, uint64_t number) {
  enum { LEVELS = 5, ABOVE = 2 }; /* levels above the array */
  random_stream stream = random_start(seed ^ 0xba4d, number);
  memset(out, 0, sizeof *out);
  out->seed = seed;
  out->number = number;
  out->times = 1;
  if (!einsum_read(&out->einsum, "O[m,n] += A[m,k] * B[k,n]; m 4, n 2, k 1",
                   out->names)) {
    exit(EXIT_FAILURE);
  }
  out->arch.name = "tiny";
  for (unsigned position = 0; out->arch.levels < LEVELS; position++) {
    if (position == ABOVE) {
      add_array(&out->arch, &stream);
    } else {
      add_level(&out->arch, position, &stream);
    }
  }
  random_price(&out->arch, &out->einsum, &stream);
  cds_array *array = &out->arch.array[0];
  array->axes = 1;
  array->extent[0] = 4;
  array->multicast = array->reduction = false;
  array->bit_pj = random_below(&stream, 40); /* few units may be best */
  draw_capacities(out, &stream);
  draw_goals(out, &stream);
  out->options.seed = seed ^ number;
}

bool depth_case_is_wider(const depth_case *it) {
  const cds_arch *arch = &it->arch;
  const cds_einsum *einsum = &it->einsum;
  bool wider = arch->levels <= 3 && arch->arrays <= 1 && einsum->tensors == 3;
  for (unsigned l = 0; l + 1 < arch->levels; l++) {
    wider = wider && !arch->level[l].accumulate &&
            arch->level[l].position != arch->level[l + 1].position;
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    wider = wider && arch->array[k].network == CDS_NETWORK_BUS &&
            (arch->array[k].reduction || !arch->sums_apart);
  }
  unsigned lacks[CDS_RANKS_MAX] = {0};
  for (unsigned t = 0; t < einsum->tensors; t++) {
    for (unsigned a = 0; a < einsum->tensor[t].axes; a++) {
      cds_term term[CDS_TERMS_MAX];
      wider = wider &&
              cds_axis_long_terms(term, einsum, &einsum->tensor[t].axis[a]) < 2;
    }
    for (unsigned r = 0; r < einsum->ranks; r++) {
      lacks[r] += !cds_tensor_has_rank(&einsum->tensor[t], r);
    }
  }
  for (unsigned r = 0; r < einsum->ranks; r++) {
    wider = wider && (lacks[r] <= 1 || einsum->rank[r].size == 1);
  }
  return wider;
}

/* ---- text ------------------------------------------------------------ */

static void set_write(FILE *stream, const char *what,
                      const cds_tensor_set *set) {
  static const char *const role[] = {"input", "weight", "output"};
  for (unsigned r = 0; r < 3; r++) {
    if (set->roles >> r & 1) {
      fprintf(stream, " %s %s", what, role[r]);
    }
  }
  for (unsigned n = 0; n < set->names; n++) {
    fprintf(stream, " %s '%s'", what, set->name[n]);
  }
}

static void policy_write(FILE *stream, const cds_level *level) {
  fprintf(stream, "  %s:%s", level->name, level->streamed ? " streamed" : "");
  set_write(stream, "keep", &level->keep);
  set_write(stream, "bypass", &level->bypass);
  set_write(stream, "may", &level->may);
  fputs(level->may_given ? " (may given)\n" : "\n", stream);
}

void depth_case_write(FILE *stream, const depth_case *it) {
  fprintf(stream, "case %" PRIu64 " seed %" PRIu64 " times %u\n  ", it->number,
          it->seed, it->times);
  einsum_write(stream, &it->einsum);
  fputs("\n  ", stream);
  arch_write(stream, &it->arch);
  fputs("\n", stream);
  price_write(stream, &it->arch, &it->einsum);
  for (unsigned l = 0; l < it->arch.levels; l++) {
    policy_write(stream, &it->arch.level[l]);
  }
  stage_write(stream, &it->arch, &it->einsum);
  fputs("  goals:", stream);
  for (unsigned g = 0; g < it->options.goals; g++) {
    const cds_goal *goal = &it->options.goal[g];
    if (goal->time_power > 0) {
      fprintf(stream, " product of time^%u", goal->time_power);
    } else {
      fprintf(stream, " lambda %.17g", goal->lambda_pj_per_s);
    }
  }
  if (isfinite(it->options.power_limit_w)) {
    fprintf(stream, ", power <= %.17g W", it->options.power_limit_w);
  }
  fprintf(stream, "%s%s\n", it->arch.sums_apart ? ", sums apart" : "",
          depth_case_is_wider(it) ? " (a wider space than one depth)" : "");
}
