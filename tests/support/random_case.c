/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random einsums, architectures and mappings. */
#include "support/random_case.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "support/nest.h"

enum { MACS_MAX = 3000, LEVELS_MAX = 6, ARRAYS_MAX = 3, LENGTH_MAX = 6 };

random_stream random_start(uint64_t seed, uint64_t number) {
  return (random_stream){seed * 0x9e3779b97f4a7c15u ^
                         (number + 1) * 0xd1b54a32d192ed03u};
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(random_stream *stream) {
  uint64_t z = stream->state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

unsigned random_below(random_stream *stream, unsigned bound) {
  return (unsigned)((draw(stream) >> 32) * bound >> 32);
}

bool random_chance(random_stream *stream, unsigned percent) {
  return random_below(stream, 100) < percent;
}

/* Einsums: '@' stands for a random stride, '#' for a random dilation. */
typedef struct shape {
  const char *text;
  bool groups;
} shape;
static const shape shapes[] = {
    {"O[m,n] += A[m,k] * B[k,n]; m 1, n 1, k 1", false},
    {"O[b,m,n] += A[b,m,k] * B[b,k,n]; b 1, m 1, n 1, k 1", false},
    {"O[g,h,m,n] += Q[g,h,m,k] * K[g,n,k]; g 1, h 1, m 1, n 1, k 1", true},
    {"O[p] += I[@*p+#*r] * W[r]; p 1, r 1", false},
    {"O[b,m,p] += I[b,c,@*p+#*r] * W[m,c,r]; b 1, m 1, c 1, p 1, r 1", false},
    {"O[m,p,q] += I[c,@*p+#*r,@*q+#*s] * W[m,c,r,s];"
     "m 1, c 1, p 1, q 1, r 1, s 1",
     false},
    {"O[g,m,p,q] += I[g,c,@*p+#*r,@*q+#*s] * W[g,m,c,r,s];"
     "g 1, m 1, c 1, p 1, q 1, r 1, s 1",
     true},
    {"O[c,p,q] += I[c,@*p+#*r,@*q+#*s] * W[c,r,s]; c 1, p 1, q 1, r 1, s 1",
     true},
    {"O[m] += A[m,k]; m 1, k 1", false},
    {"O[c,p] += I[c,@*p+#*r]; c 1, p 1, r 1", false},
    {"O[i,r] += X[i,j,k] * B[j,r] * C[k,r]; i 1, r 1, j 1, k 1", false},
    {"O[i,l] += A[i,j] * B[j,k] * C[k,l]; i 1, l 1, j 1, k 1", false},
    {"O[i,j] += A[@*i+#*k,#*j+@*l] * B[k,l,i]; i 1, j 1, k 1, l 1", false},
    {"O[i,j] += A[@*i+#*j,k] * B[@*k+#*l]; i 1, j 1, k 1, l 1", false},
    {"O[i,j] += A[@*i,#*k] * B[@*k]; i 1, k 1, j 1", false},
    {"O[i,j] += A[j] * B[#*k+@*l]; i 1, j 1, k 1, l 1", false},
    {"O[i,j,l] += A[@*k+i,j] * B[#*k+j,l] * C[@*i+#*l]; i 1, j 1, l 1, k 1",
     false},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void fill_coefficients(char *text, random_stream *stream) {
  for (char *at = text; *at != '\0'; at++) {
    if (*at == '@' || *at == '#') {
      const unsigned most = random_chance(stream, 10) ? 9 : 3;
      *at = (char)('1' + random_below(stream, most));
    }
  }
}

static uint64_t macs(const cds_einsum *einsum) {
  uint64_t product = 1;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    product *= einsum->rank[r].size;
  }
  return product;
}

static void draw_sizes(cds_einsum *einsum, bool uneven, random_stream *stream) {
  static const unsigned even[] = {1, 2, 2, 3, 4, 4, 5, 6, 8, 12};
  static const unsigned odd[] = {1, 2, 3, 4, 5, 5, 7, 7, 9, 11};
  const unsigned *sizes = uneven ? odd : even;
  static const unsigned large[] = {16, 18, 24, 30, 48, 64, 81, 100};
  do {
    for (unsigned r = 0; r < einsum->ranks; r++) {
      einsum->rank[r].size = random_chance(stream, 12)
                                 ? large[random_below(stream, 8)]
                                 : sizes[random_below(stream, 10)];
      einsum->rank[r].real = einsum->rank[r].size;
    }
  } while (macs(einsum) > MACS_MAX);
}

/* An axis p*stride + r*dilation with p an output rank and r a reduction. */
static unsigned axis_shows(const cds_einsum *einsum, const cds_axis *axis) {
  const cds_tensor *output = &einsum->tensor[einsum->tensors - 1];
  unsigned shows = 0;
  for (unsigned i = 0; axis->terms == 2 && i < 2; i++) {
    const cds_term *term = &axis->term[i];
    bool kept = false;
    for (unsigned a = 0; a < output->axes; a++) {
      kept = kept || output->axis[a].term[0].rank == term->rank;
    }
    if (term->coefficient > 1 && einsum->rank[term->rank].size > 1) {
      shows |= kept ? CASE_STRIDE : CASE_DILATION;
    }
  }
  return shows;
}

static void draw_einsum(random_case *it, bool uneven, random_stream *stream) {
  const shape *from = &shapes[random_below(stream, SHAPES)];
  char text[200];
  strncpy(text, from->text, sizeof text - 1);
  text[sizeof text - 1] = '\0';
  fill_coefficients(text, stream);
  if (!einsum_read(&it->einsum, text, it->names)) {
    fprintf(stderr, "random case: '%s' is not understood\n", text);
    exit(EXIT_FAILURE);
  }
  draw_sizes(&it->einsum, uneven, stream);
  cds_tensor *output = &it->einsum.tensor[it->einsum.tensors - 1];
  output->accumulator = (cds_format){.name = "24 bit", .bits = 24};
  it->shows |= from->groups ? CASE_GROUPS : 0;
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    for (unsigned a = 0; a < it->einsum.tensor[t].axes; a++) {
      it->shows |= axis_shows(&it->einsum, &it->einsum.tensor[t].axis[a]);
    }
  }
}

static void add_level(cds_arch *arch, unsigned position,
                      random_stream *stream) {
  static const char *const name[] = {"L0", "L1", "L2", "L3", "L4", "L5"};
  cds_level *level = &arch->level[arch->levels];
  *level = (cds_level){.name = name[arch->levels],
                       .class_name = "",
                       .position = position,
                       .depth = arch->arrays,
                       .size_bits = UINT64_MAX,
                       .width_bits = 8,
                       .read_bandwidth = 1e300,
                       .write_bandwidth = 1e300,
                       .shared_bandwidth = 1e300,
                       .accumulate = random_chance(stream, 25)};
  arch->levels++;
}

static void add_array(cds_arch *arch, random_stream *stream) {
  static const char *const name[] = {"X", "Y", "Z"};
  cds_array *array = &arch->array[arch->arrays];
  *array = (cds_array){.name = name[arch->arrays],
                       .axes = 1 + random_below(stream, 2),
                       .axis_name = {"rows", "cols"},
                       .multicast = random_chance(stream, 65),
                       .reduction = random_chance(stream, 65),
                       .bandwidth = 1e300};
  for (unsigned x = 0; x < array->axes; x++) {
    array->extent[x] = 1 + random_below(stream, LENGTH_MAX);
  }
  arch->arrays++;
}

/* The outermost level, then inner levels (some side by side) and arrays in
 * any order. */
void random_case_arch(random_case *it, random_stream *stream) {
  cds_arch *arch = &it->arch;
  arch->name = "random";
  unsigned position = 0;
  add_level(arch, position++, stream);
  unsigned levels = random_below(stream, random_chance(stream, 20) ? 6 : 4);
  unsigned arrays = random_below(stream, 5);
  if (arrays > 2) {
    arrays = random_chance(stream, 15) ? 3 : 2;
  }
  while (levels + arrays > 0) {
    if (random_below(stream, levels + arrays) < arrays) {
      add_array(arch, stream);
      arrays--;
    } else {
      const bool two = levels >= 2 && random_chance(stream, 40);
      add_level(arch, position, stream);
      levels--;
      if (two) {
        add_level(arch, position, stream);
        levels--;
      }
    }
    position++;
  }
}

/* A node and where it wants to stand. */
typedef struct wish {
  cds_node node;
  unsigned place;
} wish;
typedef struct wishes {
  unsigned count;
  wish wish[CDS_NODES_MAX];
} wishes;

static void add_wish(wishes *all, cds_node node, unsigned place) {
  all->wish[all->count].node = node;
  all->wish[all->count++].place = place;
}

enum { PLACES = 1 << 16 };

/* Places of the holders of one tensor: its levels from outside in. Either
 * anywhere, or near the level's place in the chain. */
static void wish_holders(wishes *all, random_case *it, unsigned tensor,
                         bool anywhere, random_stream *stream) {
  const cds_arch *arch = &it->arch;
  unsigned place[LEVELS_MAX], level[LEVELS_MAX], count = 0;
  for (unsigned l = 1; l < arch->levels; l++) {
    const bool taken = count > 0 && arch->level[level[count - 1]].position ==
                                        arch->level[l].position;
    if (taken || !random_chance(stream, 70)) {
      it->shows |= CASE_BYPASS;
      continue;
    }
    const unsigned part = PLACES / arch->levels;
    place[count] = anywhere ? random_below(stream, PLACES)
                            : part * l - random_below(stream, part / 8);
    level[count++] = l;
  }
  for (unsigned i = 0; i < count; i++) {
    for (unsigned j = i + 1; j < count; j++) {
      if (place[j] < place[i]) {
        const unsigned swap = place[i];
        place[i] = place[j];
        place[j] = swap;
      }
    }
    const cds_node node = {
        .kind = CDS_HOLD, .tensor = tensor, .level = level[i]};
    add_wish(all, node, place[i]);
  }
}

static uint64_t parts(uint64_t length, uint64_t part) {
  return (length + part - 1) / part;
}

/* Takes a random divisor of what is left of the rank; uneven: any factor. */
static uint64_t take_factor(uint64_t left, uint64_t limit, bool uneven,
                            random_stream *stream) {
  if (uneven) {
    const uint64_t most = left < limit ? left : limit;
    return 1 + random_below(stream, (unsigned)most);
  }
  uint64_t divisors[16];
  unsigned count = 0;
  for (uint64_t d = 1; d <= left && d <= limit && count < 16; d++) {
    if (left % d == 0) {
      divisors[count++] = d;
    }
  }
  return divisors[random_below(stream, count)];
}

static void wish_spreads(wishes *all, const random_case *it, uint64_t *left,
                         bool uneven, random_stream *stream) {
  for (unsigned k = 0; k < it->arch.arrays; k++) {
    for (unsigned x = 0; x < it->arch.array[k].axes; x++) {
      uint64_t room = it->arch.array[k].extent[x];
      const unsigned spreads = 1 + random_below(stream, 2);
      for (unsigned i = 0; i < spreads && it->einsum.ranks > 0; i++) {
        const unsigned r = random_below(stream, it->einsum.ranks);
        const uint64_t trips = take_factor(left[r], room, uneven, stream);
        if (trips == 1 && !random_chance(stream, 5)) {
          continue;
        }
        left[r] = parts(left[r], trips);
        room /= trips;
        const cds_node node = {.kind = CDS_SPREAD,
                               .rank = r,
                               .array = k,
                               .axis = x,
                               .trips = trips,
                               .split = uneven
                                            ? (cds_split)random_below(stream, 3)
                                            : CDS_SPLIT_BALANCED};
        add_wish(all, node, random_below(stream, PLACES));
      }
    }
  }
}

static void wish_loops(wishes *all, const random_case *it, uint64_t *left,
                       bool uneven, random_stream *stream) {
  for (unsigned r = 0; r < it->einsum.ranks; r++) {
    while (left[r] > 1 || random_chance(stream, 5)) {
      const uint64_t trips =
          random_chance(stream, 30)
              ? left[r]
              : take_factor(left[r], left[r], uneven, stream);
      if (trips == 1 && !random_chance(stream, 5)) {
        continue;
      }
      left[r] = parts(left[r], trips);
      const cds_node node = {.kind = CDS_FOR, .rank = r, .trips = trips};
      add_wish(all, node, random_below(stream, PLACES));
    }
  }
}

/* Sorts by place; the order of equal places stays. */
static void sort_wishes(wishes *all) {
  for (unsigned i = 1; i < all->count; i++) {
    const wish moved = all->wish[i];
    unsigned at = i;
    for (; at > 0 && all->wish[at - 1].place > moved.place; at--) {
      all->wish[at] = all->wish[at - 1];
    }
    all->wish[at] = moved;
  }
}

/* Some length from `part` on that cuts `before` into as many pieces. */
static uint64_t longer_part(uint64_t before, uint64_t part,
                            random_stream *stream) {
  const uint64_t pieces = parts(before, part);
  uint64_t most = part;
  while (most < before && parts(before, most + 1) == pieces) {
    most++;
  }
  return part + random_below(stream, (unsigned)(most - part + 1));
}

/* In the order in which they stand, each factor becomes one that leaves nothing
 * without a piece, and what is left at the end is looped over. */
static void settle_factors(random_case *it, random_stream *stream) {
  uint64_t left[CDS_RANKS_MAX];
  cds_mapping *mapping = &it->mapping;
  for (unsigned r = 0; r < it->einsum.ranks; r++) {
    left[r] = it->einsum.rank[r].size;
  }
  for (unsigned n = 0; n < mapping->nodes; n++) {
    cds_node *node = &mapping->node[n];
    if (node->kind != CDS_HOLD) {
      const uint64_t before = left[node->rank];
      uint64_t part = parts(before, node->trips);
      const bool dealt =
          node->kind == CDS_SPREAD && node->split != CDS_SPLIT_CONTIGUOUS;
      if (!dealt) {
        node->trips = parts(before, part);
        const uint64_t longer = random_chance(stream, 50)
                                    ? longer_part(before, part, stream)
                                    : part;
        node->length = longer > part ? longer : 0;
        part = longer;
      } else if (node->trips > before) {
        node->trips = before;
      }
      left[node->rank] = part;
    }
  }
  for (unsigned r = 0; r < it->einsum.ranks; r++) {
    if (left[r] > 1) {
      mapping->node[mapping->nodes++] =
          (cds_node){.kind = CDS_FOR, .rank = r, .trips = left[r]};
    }
  }
}

static void draw_mapping(random_case *it, bool uneven, random_stream *stream) {
  wishes all = {0};
  uint64_t left[CDS_RANKS_MAX];
  const bool anywhere = random_chance(stream, 50);
  const unsigned first = random_below(stream, it->einsum.tensors);
  for (unsigned i = 0; i < it->einsum.tensors; i++) {
    wish_holders(&all, it, (first + i) % it->einsum.tensors, anywhere, stream);
  }
  for (unsigned r = 0; r < it->einsum.ranks; r++) {
    left[r] = it->einsum.rank[r].size;
  }
  wish_spreads(&all, it, left, uneven, stream);
  wish_loops(&all, it, left, uneven, stream);
  sort_wishes(&all);
  cds_mapping *mapping = &it->mapping;
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    mapping->node[mapping->nodes++] =
        (cds_node){.kind = CDS_HOLD, .tensor = t, .level = 0};
  }
  for (unsigned i = 0; i < all.count; i++) {
    mapping->node[mapping->nodes++] = all.wish[i].node;
  }
  if (uneven) {
    settle_factors(it, stream);
  }
}

/* What the mapping shows of arrays and levels. */
static void look_at_mapping(random_case *it) {
  unsigned used[ARRAYS_MAX] = {0};
  unsigned deepest = 0;
  for (unsigned n = 0; n < it->mapping.nodes; n++) {
    const cds_node *node = &it->mapping.node[n];
    if (node->kind == CDS_SPREAD && node->trips > 1) {
      used[node->array] = 1;
    }
    if (node->kind != CDS_HOLD) {
      continue;
    }
    const cds_level *level = &it->arch.level[node->level];
    if (level->position < deepest) {
      it->shows |= CASE_INTERLEAVED;
    }
    deepest = level->position > deepest ? level->position : deepest;
    for (unsigned l = 0; l < it->arch.levels; l++) {
      if (l != node->level && it->arch.level[l].position == level->position) {
        it->shows |= CASE_BESIDE;
      }
    }
  }
  const bool two = used[0] + used[1] + used[2] >= 2;
  it->shows |= two ? CASE_TWO_ARRAYS : 0;
}

static void make(random_case *out, uint64_t seed, uint64_t number,
                 bool uneven) {
  random_stream stream = random_start(seed, number);
  memset(out, 0, sizeof *out);
  out->seed = seed;
  out->number = number;
  draw_einsum(out, uneven, &stream);
  random_case_arch(out, &stream);
  draw_mapping(out, uneven, &stream);
  look_at_mapping(out);
}

void random_case_make(random_case *out, uint64_t seed, uint64_t number) {
  make(out, seed, number, false);
}

static bool slides_unevenly(const random_case *it) {
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    if (cds_tensor_has_windows(&it->einsum, t) &&
        !cds_mapping_even(&it->mapping, &it->einsum, t)) {
      return true;
    }
  }
  return false;
}

/* What the mapping shows of uneven pieces. */
static void look_at_pieces(random_case *out) {
  uint64_t left[CDS_RANKS_MAX];
  for (unsigned r = 0; r < out->einsum.ranks; r++) {
    left[r] = out->einsum.rank[r].size;
  }
  for (unsigned n = 0; n < out->mapping.nodes; n++) {
    const cds_node *node = &out->mapping.node[n];
    if (node->kind == CDS_HOLD || node->trips < 2) {
      continue;
    }
    const bool rest = left[node->rank] % node->trips != 0 || node->length > 0;
    left[node->rank] =
        node->length > 0 ? node->length : parts(left[node->rank], node->trips);
    out->shows |= node->length > 0 ? CASE_LENGTH : 0;
    const bool dealt = node->kind == CDS_SPREAD && left[node->rank] > 1;
    out->shows |= rest ? CASE_UNEVEN : 0;
    out->shows |=
        dealt && node->split == CDS_SPLIT_CONTIGUOUS ? CASE_CONTIGUOUS : 0;
    out->shows |= dealt && node->split == CDS_SPLIT_CYCLIC ? CASE_CYCLIC : 0;
  }
  out->shows |= slides_unevenly(out) ? CASE_UNEVEN_WINDOWS : 0;
}

void random_case_make_uneven(random_case *out, uint64_t seed, uint64_t number) {
  enum { ATTEMPTS = 20 };
  for (unsigned i = 0; i < ATTEMPTS; i++) {
    make(out, seed + 2000 + i, number, true);
    look_at_pieces(out);
    out->seed = seed;
    if ((out->shows & (CASE_UNEVEN | CASE_CYCLIC)) != 0) {
      return;
    }
  }
}

/* The tensor comes from this level instead of the outermost one. */
static void move_home(random_case *it, unsigned tensor, unsigned level) {
  cds_mapping *mapping = &it->mapping;
  const unsigned position = it->arch.level[level].position;
  unsigned kept = 0;
  for (unsigned n = 0; n < mapping->nodes; n++) {
    cds_node node = mapping->node[n];
    if (node.kind == CDS_HOLD && node.tensor == tensor) {
      if (node.level > 0 && it->arch.level[node.level].position <= position) {
        continue;
      }
      node.level = node.level == 0 ? level : node.level;
    }
    mapping->node[kept++] = node;
  }
  mapping->nodes = kept;
  cds_home *home = &it->stage.home[tensor];
  home->level = level;
  if (cds_tensor_words(&home->tile_words, &it->einsum, tensor) != CDS_OK) {
    abort();
  }
  it->shows |= CASE_HOMES;
}

void random_case_nest(random_case *it, const unsigned home[CDS_TENSORS_MAX],
                      bool uneven, random_stream *stream) {
  draw_mapping(it, uneven, stream);
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    if (home[t] > 0) {
      move_home(it, t, home[t]);
    }
  }
  look_at_mapping(it);
}

void random_case_fuse(random_case *it) {
  random_stream stream = random_start(it->seed + 3000, it->number);
  if (!random_chance(&stream, 30)) {
    return;
  }
  it->stage = (cds_stage){.repeats = 1};
  it->einsum.stage = &it->stage;
  it->stage.passes = 1 + random_below(&stream, 3);
  it->shows |= it->stage.passes > 1 ? CASE_ROUNDS : 0;
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    const unsigned level = 1 + random_below(&stream, 3);
    if (random_chance(&stream, 50) && level < it->arch.levels &&
        it->arch.level[level].depth == 0) {
      move_home(it, t, level);
    }
  }
}

static void part_write(FILE *stream, const random_case *it) {
  fprintf(stream, "  passes %" PRIu64, it->stage.passes);
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    fprintf(stream, ", %s at home at %s", it->einsum.tensor[t].name,
            it->arch.level[cds_einsum_home(&it->einsum, t)].name);
  }
  fputs("\n  ", stream);
}

void random_case_write(FILE *stream, const random_case *it) {
  fprintf(stream, "case %" PRIu64 " of seed %" PRIu64 "\n  ", it->number,
          it->seed);
  einsum_write(stream, &it->einsum);
  fputs("\n  ", stream);
  arch_write(stream, &it->arch);
  fputs("\n  ", stream);
  part_write(stream, it);
  nest_write(stream, &it->mapping, &it->arch, &it->einsum);
  fputs("\n", stream);
}

void random_case_networks(random_case *it) {
  enum { KINDS = CDS_NETWORK_CROSSBAR + 1 };
  random_stream stream = random_start(it->seed + 1000, it->number);
  const bool buses = slides_unevenly(it);
  for (unsigned k = 0; k < it->arch.arrays; k++) {
    cds_array *array = &it->arch.array[k];
    array->network = (cds_network_kind)random_below(&stream, KINDS);
    array->network = buses ? CDS_NETWORK_BUS : array->network;
    array->radix = 2 + random_below(&stream, 2);
    array->ports = (cds_ports)random_below(&stream, 3);
    if (array->network == CDS_NETWORK_SYSTOLIC &&
        array->ports == CDS_PORTS_CORNER) {
      array->ports = CDS_PORTS_COLS;
    }
    if (array->axes == 1 && random_chance(&stream, 50)) {
      array->axis_name[0] = "cols";
    }
  }
  for (unsigned n = 0; n < it->mapping.nodes; n++) {
    const cds_node *node = &it->mapping.node[n];
    if ((it->shows & CASE_UNEVEN) != 0 && node->kind == CDS_SPREAD &&
        node->trips > 1 &&
        it->arch.array[node->array].network != CDS_NETWORK_BUS) {
      it->shows |= CASE_UNEVEN_LINKS;
    }
  }
}
