/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "oracle/verify_case.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/random_price.h"
#include "spec/operations.h"
#include "support/nest.h"

enum { OUTER_LOOPS = 4 };

#define SCORES "S[m,t] += Q[m,e] * K[e,t]; m 1, e 1, t 1"
#define VALUES "O[m,f] += P[m,t] * V[t,f]; m 1, t 1, f 1"

static const verify_chain chains[] = {
    {2,
     {SCORES, "O[m,f] += S[m,t] * V[t,f]; m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3, 4}},
     {NULL},
     {0},
     0},
    {2,
     {"S[g,h,m,t] += Q[g,h,m,e] * K[g,e,t]; g 1, h 1, m 1, e 1, t 1",
      "O[g,h,m,f] += S[g,h,m,t] * V[g,t,f]; g 1, h 1, m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3, 4}},
     {NULL},
     {0},
     0},
    {3,
     {"T[m,n] += X[m,k] * U[k,n]; m 1, k 1, n 1",
      "Y[m,p] += T[m,n] * V[n,p]; m 1, n 1, p 1",
      "Z[m,q] += Y[m,p] * W[p,q]; m 1, p 1, q 1"},
     {{0, 1, 2}, {2, 3, 4}, {4, 5, 6}},
     {NULL},
     {0},
     0},
    {3,
     {"G[m,n] += X[m,k] * A[k,n]; m 1, k 1, n 1",
      "U[m,p] += X[m,k] * B[k,p]; m 1, k 1, p 1",
      "Z[n,p] += G[m,n] * U[m,p]; m 1, n 1, p 1"},
     {{0, 1, 2}, {0, 3, 4}, {2, 4, 5}},
     {NULL},
     {0},
     0},
    {3,
     {"S[b,m,t] += Q[b,m,e] * K[b,e,t]; b 1, m 1, e 1, t 1",
      "P[b,m,t] += S[b,m,t]; b 1, m 1, t 1",
      "O[b,m,f] += P[b,m,t] * V[b,t,f]; b 1, m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3}, {3, 4, 5}},
     {NULL, "softmax"},
     {0, 1},
     0},
    {3,
     {"S[g,h,m,t] += Q[g,h,m,e] * K[g,e,t]; g 1, h 1, m 1, e 1, t 1",
      "P[g,h,m,t] += S[g,h,m,t]; g 1, h 1, m 1, t 1",
      "O[g,h,m,f] += P[g,h,m,t] * V[g,t,f]; g 1, h 1, m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3}, {3, 4, 5}},
     {NULL, "softmax"},
     {0, 1},
     0},
    {4, /* scores are moved by words from outside */
     {SCORES, "A[m,t] += S[m,t] * B[m,t]; m 1, t 1",
      "P[m,t] += A[m,t]; m 1, t 1", VALUES},
     {{0, 1, 2}, {2, 3, 4}, {4, 5}, {5, 6, 7}},
     {NULL, "add", "softmax"},
     {0, 1, 1},
     0},
    {2,
     {SCORES, "P[m,t] += S[m,t] * R[m,t]; m 1, t 1"},
     {{0, 1, 2}, {2, 3, 4}},
     {NULL, "bias_add_relu"},
     {0, 1},
     0},
    {2,
     {"S[b,g,m] += Q[b,g,e] * K[g,m,e]; b 1, g 1, m 1, e 1",
      "P[b,g,m] += S[b,g,m]; b 1, g 1, m 1"},
     {{0, 1, 2}, {2, 3}},
     {NULL, "bias_relu"},
     {0, 2},
     0},
    {3,
     {SCORES, "P[m,t] += S[m,t]; m 1, t 1", VALUES},
     {{0, 1, 2}, {2, 3}, {3, 4, 5}},
     {NULL, "bias"},
     {0, 1},
     0},
    {3,
     {SCORES, "P[m,t] += S[m,t] * R[m,t]; m 1, t 1", VALUES},
     {{0, 1, 2}, {2, 3, 4}, {4, 5, 6}},
     {NULL, "add"},
     {0, 1},
     0},
    {3,
     {SCORES, "A[m,t] += S[m,t] * R[m,t]; m 1, t 1",
      "P[m,t] += A[m,t]; m 1, t 1"},
     {{0, 1, 2}, {2, 3, 4}, {4, 5}},
     {NULL, "weighted_add", "rmsnorm"},
     {0, 1, 1},
     0},
    {3,
     {SCORES, "P[m,t] += S[m,t]; m 1, t 1", VALUES},
     {{0, 1, 2}, {2, 3}, {3, 4, 5}},
     {NULL, "layernorm"},
     {0, 1},
     0},
    {3,
     {SCORES, "P[m,t] += S[m,t]; m 1, t 1", VALUES},
     {{0, 1, 2}, {2, 3}, {3, 4, 5}},
     {NULL, "mul_rows"},
     {0, 1},
     0},
    {4,
     {"T[m,n] += X[m,k] * U[k,n]; m 1, k 1, n 1",
      "A[m,n] += T[m,n] * R[m,n]; m 1, n 1",
      "Y[m,p] += A[m,n] * V[n,p]; m 1, n 1, p 1", "B[m,p] += Y[m,p]; m 1, p 1"},
     {{0, 1, 2}, {2, 3, 4}, {4, 5, 6}, {6, 7}},
     {NULL, "bias_add", NULL, "bias_relu"},
     {0, 1, 0, 1},
     0},
    {5, /* a feed-forward part with the sum behind it */
     {"G[m,n] += X[m,k] * A[k,n]; m 1, k 1, n 1",
      "U[m,n] += X[m,k] * B[k,n]; m 1, k 1, n 1",
      "P[m,n] += G[m,n] * U[m,n]; m 1, n 1",
      "Y[m,q] += P[m,n] * W[n,q]; m 1, n 1, q 1",
      "Z[m,q] += Y[m,q] * R[m,q]; m 1, q 1"},
     {{0, 1, 2}, {0, 3, 4}, {2, 4, 5}, {5, 6, 7}, {7, 8, 9}},
     {NULL, NULL, "silu_mul", NULL, "add"},
     {0, 0, 1, 0, 1},
     0},
    {4, /* a sum that is kept and normed */
     {"Y[m,n] += X[m,k] * W[k,n]; m 1, k 1, n 1",
      "A[m,n] += Y[m,n] * R[m,n]; m 1, n 1", "N[m,n] += A[m,n]; m 1, n 1",
      "Z[m,p] += N[m,n] * U[n,p]; m 1, n 1, p 1"},
     {{0, 1, 2}, {2, 3, 4}, {4, 5}, {5, 6, 7}},
     {NULL, "add", "rmsnorm"},
     {0, 1, 1},
     1U << 4},
    {3,
     {"Y[m,n] += X[m,k] * W[k,n]; m 1, k 1, n 1", "A[m,n] += Y[m,n]; m 1, n 1",
      "Z[m,p] += A[m,n] * U[n,p]; m 1, n 1, p 1"},
     {{0, 1, 2}, {2, 3}, {3, 4, 5}},
     {NULL, "bias_relu"},
     {0, 1},
     1U << 3},
    {2,
     {SCORES, "O[m,f] += S[m,t] * V[t,f]; m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3, 4}},
     {NULL},
     {0},
     1U << 2},
};
enum { CHAINS = sizeof chains / sizeof *chains };

/* ---- groups ------------------------------------------------------------ */

/* Makes stages the operations that they are; `first`: of the chain. */
static void operate(cds_fused_group *group, const verify_case *it,
                    unsigned first) {
  for (unsigned s = 0; s < group->stages; s++) {
    if (it->chain->kind[first + s] != NULL) {
      cds_fused_operate(group, s, &it->operation[first + s]);
    }
  }
}

/* Whether a tensor of the chain is wanted behind some of its stages. */
static bool wanted_behind(const verify_chain *chain, unsigned tensor,
                          unsigned end) {
  bool wanted = (chain->kept >> tensor & 1U) != 0;
  for (unsigned s = end; s < chain->stages; s++) {
    for (unsigned t = 0; t < CDS_TENSORS_MAX; t++) {
      wanted = wanted || (tensor > 0 && chain->same[s][t] == tensor);
    }
  }
  return wanted;
}

/* The group of some stages. */
static bool join(cds_fused_group *out, const verify_case *it, unsigned first,
                 unsigned stages) {
  const cds_einsum *einsum[CDS_STAGES_MAX] = {NULL};
  unsigned same[VERIFY_STAGES][CDS_TENSORS_MAX];
  unsigned number[CDS_FUSED_TENSORS_MAX], numbers = 0;
  memset(number, 0xff, sizeof number);
  for (unsigned s = 0; s < stages; s++) {
    einsum[s] = &it->einsum[first + s];
    for (unsigned t = 0; t < einsum[s]->tensors; t++) {
      unsigned *own = &number[it->chain->same[first + s][t]];
      *own = *own == UINT_MAX ? numbers++ : *own;
      same[s][t] = *own;
    }
  }
  uint32_t kept = 0;
  for (unsigned s = 0; s < stages; s++) {
    const unsigned made = einsum[s]->tensors - 1;
    kept |= wanted_behind(it->chain, it->chain->same[first + s][made],
                          first + stages)
                ? 1U << same[s][made]
                : 0;
  }
  if (cds_fused_group_join(out, stages, einsum, same, kept) != CDS_OK) {
    return false;
  }
  operate(out, it, first);
  return true;
}

static uint32_t axes_of(const verify_case *it, unsigned s) {
  const cds_einsum *shape = &it->einsum[s];
  const unsigned axes = shape->tensor[shape->tensors - 1].axes;
  return (1U << axes) - (1U << (axes - it->chain->row_axes[s]));
}

static void name_operations(verify_case *it) {
  it->softmax = VERIFY_STAGES;
  for (unsigned s = 0; s < it->chain->stages; s++) {
    if (it->chain->kind[s] == NULL) {
      continue;
    }
    const cds_operation_kind *kind =
        cds_operation_kind_find(it->chain->kind[s]);
    it->operation[s] = (cds_operation){.kind = kind->name,
                                       .reduces = kind->reduces,
                                       .row_axes = axes_of(it, s)};
    it->softmax = strcmp(kind->name, "softmax") == 0 ? s : it->softmax;
  }
}

static void mask(cds_fused_group *group, const verify_case *it,
                 unsigned first) {
  if (it->masked && it->softmax >= first &&
      it->softmax < first + group->stages) {
    const cds_fused_einsum *stage = &group->stage[it->softmax - first];
    (void)cds_fused_mask_set(group, stage->rank[it->query],
                             cds_fused_row_rank(stage), it->offset);
  }
}

/* Whether what a stage in the range makes is used in it, and after it. */
static bool hands_out(const verify_case *it, unsigned first, unsigned end) {
  bool any = false;
  for (unsigned t = 0; t < it->group.tensors; t++) {
    const cds_fused_tensor *tensor = &it->group.tensor[t];
    unsigned users = 0;
    for (unsigned s = tensor->maker + 1;
         tensor->maker < it->group.stages && s < end; s++) {
      users += cds_fused_own_tensor(&it->group.stage[s], t) != UINT_MAX;
    }
    any = any || (tensor->maker >= first && tensor->maker < end && users > 0 &&
                  tensor->last >= end);
  }
  return any;
}

/* All of it, and some parts that begin with products. */
static void draw_parts(verify_case *it, random_stream *stream) {
  const unsigned stages = it->chain->stages;
  it->part_group[0] = it->group;
  it->part[0] = (cds_fused_part){0, &it->part_group[0]};
  it->parts = 1;
  const bool pairs = random_chance(stream, 50); /* that may stand in a row */
  for (unsigned tries = 0; tries < 6 && it->parts < VERIFY_PARTS; tries++) {
    const unsigned first = random_below(stream, stages - 1);
    const unsigned length =
        2 + (pairs ? 0 : random_below(stream, stages - 1 - first));
    cds_fused_group *group = &it->part_group[it->parts];
    bool fine = length < stages && it->chain->kind[first] == NULL &&
                !hands_out(it, first, first + length);
    for (unsigned p = 0; p < it->parts; p++) {
      fine = fine && (it->part[p].first != first ||
                      it->part[p].group->stages != length);
    }
    if (fine && join(group, it, first, length)) {
      mask(group, it, first);
      group->pipelines = it->group.pipelines;
      it->part[it->parts++] = (cds_fused_part){first, group};
    }
  }
}

/* ---- numbers ----------------------------------------------------------- */

static void draw_sizes(verify_case *it, const uint64_t sizes[VERIFY_SIZES],
                       random_stream *stream) {
  uint64_t size[CDS_FUSED_RANKS_MAX];
  for (unsigned r = 0; r < it->group.ranks; r++) {
    size[r] = sizes[random_below(stream, VERIFY_SIZES)];
  }
  for (unsigned s = 0; s < it->group.stages; s++) {
    for (unsigned r = 0; r < it->einsum[s].ranks; r++) {
      it->einsum[s].rank[r].size = it->einsum[s].rank[r].real =
          size[it->group.stage[s].rank[r]];
    }
  }
}

static void draw_formats(verify_case *it, random_stream *stream) {
  static const unsigned bits[] = {4, 8, 16, 32};
  cds_format format[CDS_FUSED_TENSORS_MAX];
  for (unsigned t = 0; t < it->group.tensors; t++) {
    format[t] = it->tiny.einsum.tensor[0].format;
    format[t].bits = bits[random_below(stream, 4)];
  }
  for (unsigned s = 0; s < it->group.stages; s++) {
    cds_einsum *einsum = &it->einsum[s];
    for (unsigned t = 0; t < einsum->tensors; t++) {
      einsum->tensor[t].format = format[it->group.stage[s].tensor[t]];
      einsum->tensor[t].accumulator = it->tiny.einsum.tensor[2].accumulator;
    }
  }
}

static void make_operation(verify_case *it, unsigned s, unsigned parameters) {
  cds_einsum *shape = &it->einsum[s];
  cds_operation *made = &it->operation[s];
  cds_tensor *result = &shape->tensor[shape->tensors - 1];
  cds_precision formats = {.accumulator = *cds_format_find("fp32")};
  cds_operation_size size = {.rows = 1, .length = 1};
  formats.activations = shape->tensor[0].format;
  formats.weights = shape->tensor[0].format;
  formats.weights.bits = parameters;
  for (unsigned a = 0; a < result->axes; a++) {
    const uint64_t length = shape->rank[result->axis[a].term[0].rank].size;
    *((axes_of(it, s) >> a & 1U) != 0 ? &size.length : &size.rows) *= length;
  }
  if (cds_operation_make(made, cds_operation_kind_find(it->chain->kind[s]),
                         &size, &formats) != CDS_OK) {
    exit(EXIT_FAILURE);
  }
  made->row_axes = axes_of(it, s);
  unsigned t = 0;
  for (unsigned i = 0; i < made->inputs; i++) {
    if (cds_operation_takes_rows(made, i)) {
      made->input[i].format = shape->tensor[t++].format;
    }
  }
  made->output.format = result->format;
  result->accumulator = result->format; /* no sums */
}

static void draw_unit(verify_case *it, random_stream *stream) {
  cds_arch *arch = &it->tiny.arch;
  arch->other_operations = CDS_OTHER_MACS;
  arch->vectors = random_chance(stream, 75);
  cds_vector *unit = &arch->vector[0];
  *unit = (cds_vector){.name = "VU",
                       .lanes = 1U << random_below(stream, 4),
                       .die = random_below(stream, arch->dies)};
  do {
    unit->level = 1 + random_below(stream, arch->levels - 1);
  } while (arch->level[unit->level].depth > 0);
  /* Some units outlast products. */
  const unsigned slower =
      random_chance(stream, 40) ? 1U << random_below(stream, 7) : 1;
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    unit->cycles[p] = slower * (1 + random_below(stream, 4));
    unit->energy_pj[p] = 0.25 * random_below(stream, 12);
    arch->mac_slots[p] = 1 + random_below(stream, 4);
  }
}

static void draw_mask(verify_case *it, random_stream *stream) {
  const cds_fused_einsum *stage = &it->group.stage[it->softmax];
  it->query = random_below(stream, stage->einsum->ranks - 1);
  const uint64_t queries = stage->einsum->rank[it->query].size;
  const uint64_t keys = it->group.rank[cds_fused_row_rank(stage)].size;
  const uint64_t least = keys > queries ? keys - queries : 0;
  it->offset =
      least + (random_chance(stream, 70) ? 0 : random_below(stream, 5));
  it->masked = true;
}

static bool has_home(const cds_arch *arch) {
  for (unsigned l = 1; l < arch->levels; l++) {
    if (arch->level[l].depth == 0) {
      return true;
    }
  }
  return false;
}

bool verify_case_operates(const verify_case *it) {
  bool any = false;
  for (unsigned s = 0; s < it->chain->stages; s++) {
    any = any || it->chain->kind[s] != NULL;
  }
  return any;
}

void verify_case_make(verify_case *it, uint64_t seed, uint64_t number,
                      const uint64_t sizes[VERIFY_SIZES]) {
  random_stream stream = random_start(seed ^ 0x76657266, number);
  uint64_t draw = 16 * number;
  do {
    tiny_case_make(&it->tiny, seed, draw++);
  } while (!has_home(&it->tiny.arch));
  it->chain = &chains[random_below(&stream, CHAINS)];
  it->masked = false;
  for (unsigned s = 0; s < it->chain->stages; s++) {
    if (!einsum_read(&it->einsum[s], it->chain->text[s], it->names[s])) {
      exit(EXIT_FAILURE);
    }
  }
  name_operations(it);
  bool joins = join(&it->group, it, 0, it->chain->stages);
  draw_sizes(it, sizes, &stream);
  joins = joins && join(&it->group, it, 0, it->chain->stages);
  draw_formats(it, &stream);
  for (unsigned s = 0; s < it->chain->stages; s++) {
    if (it->chain->kind[s] != NULL) {
      make_operation(it, s, 4U << random_below(&stream, 4));
    }
  }
  if (verify_case_operates(it)) {
    draw_unit(it, &stream);
  }
  if (it->softmax < VERIFY_STAGES && random_chance(&stream, 50)) {
    draw_mask(it, &stream);
    mask(&it->group, it, 0);
  }
  it->group.pipelines = verify_case_operates(it) && random_chance(&stream, 60);
  draw_parts(it, &stream);
  for (unsigned l = 1; l < it->tiny.arch.levels; l++) {
    cds_level *level = &it->tiny.arch.level[l];
    if (level->size_bits < UINT64_MAX && random_chance(&stream, 60)) {
      level->size_bits *= 3;
    }
  }
  if (!joins) {
    fprintf(stderr, "verify case %" PRIu64 " does not join\n", number);
    exit(EXIT_FAILURE);
  }
}

bool verify_case_of_group(cds_fused_group *group, cds_outer *outer,
                          const random_group *it) {
  const cds_einsum *einsum[CDS_STAGES_MAX] = {NULL};
  unsigned same[CDS_STAGES_MAX][CDS_TENSORS_MAX];
  unsigned rank[CDS_FUSED_RANKS_MAX] = {0};
  const cds_fused_mask *masked = &it->group.mask;
  memcpy(same, it->same, sizeof same);
  for (unsigned s = 0; s < it->stages; s++) {
    einsum[s] = &it->einsum[s];
  }
  if (cds_fused_group_join(group, it->stages, einsum, same, it->kept) !=
      CDS_OK) {
    return false;
  }
  for (unsigned s = 0; s < it->stages; s++) {
    for (unsigned r = 0; r < it->einsum[s].ranks; r++) {
      rank[it->group.stage[s].rank[r]] = group->stage[s].rank[r];
    }
    if (it->other[s].kind != NULL || s == it->softmax) {
      cds_fused_operate(group, s,
                        s == it->softmax ? &it->operation : &it->other[s]);
    }
  }
  *outer = it->mapping.outer;
  outer->pipelined = false;
  for (unsigned n = 0; n < outer->nodes; n++) {
    cds_outer_node *node = &outer->node[n];
    node->rank = node->kind == CDS_OUTER_FOR ? rank[node->rank] : 0;
  }
  return !masked->here ||
         cds_fused_mask_set(group, rank[masked->query], rank[masked->key],
                            masked->offset) == CDS_OK;
}

void verify_case_write(const verify_case *it, uint64_t number,
                       const cds_outer *outer) {
  printf("case %" PRIu64 "\n", number);
  for (unsigned s = 0; s < it->chain->stages; s++) {
    printf("  %s: ", it->chain->kind[s] == NULL ? "sum" : it->chain->kind[s]);
    einsum_write(stdout, &it->einsum[s]);
    fputs("\n", stdout);
  }
  fputs(it->group.pipelines ? "  pipelines, too\n" : "", stdout);
  for (unsigned p = 1; p < it->parts; p++) {
    printf("  part: %u stages from %u\n", it->part[p].group->stages,
           it->part[p].first);
  }
  if (it->group.mask.here) {
    printf("  keys %u up to queries %u + %" PRIu64 "\n", it->group.mask.key,
           it->group.mask.query, it->group.mask.offset);
  }
  for (unsigned n = 0; outer != NULL && n < outer->nodes; n++) {
    const cds_outer_node *node = &outer->node[n];
    if (node->kind == CDS_OUTER_FOR) {
      printf("  for rank %u %" PRIu64 "\n", node->rank, node->trips);
    } else {
      printf("  hold tensor %u at %u\n", node->tensor, node->level);
    }
  }
  tiny_case_write(stdout, &it->tiny);
}

/* ---- random fused mappings ------------------------------------------- */

static uint64_t take(uint64_t *left, uint64_t most, random_stream *stream) {
  uint64_t divisor;
  do {
    divisor = 1 + random_below(stream, (unsigned)*left);
  } while (*left % divisor != 0 || divisor > most);
  *left /= divisor;
  return divisor;
}

static unsigned draw_level(const cds_arch *arch, random_stream *stream) {
  unsigned level;
  do {
    level = 1 + random_below(stream, arch->levels - 1);
  } while (arch->level[level].depth > 0);
  return level;
}

static void insert(cds_outer *out, unsigned place, cds_outer_node node) {
  memmove(&out->node[place + 1], &out->node[place],
          (out->nodes - place) * sizeof *out->node);
  out->node[place] = node;
  out->nodes++;
}

bool verify_case_outer(cds_outer *out, const verify_case *it, bool one_level,
                       random_stream *stream) {
  const cds_arch *arch = &it->tiny.arch;
  const unsigned unit = draw_level(arch, stream);
  const bool pipelined = (!one_level || it->group.pipelines) &&
                         verify_case_operates(it) && random_chance(stream, 40);
  uint64_t left[CDS_FUSED_RANKS_MAX];
  out->nodes = 0;
  for (unsigned r = 0; r < it->group.ranks; r++) {
    left[r] = it->group.rank[r].size;
  }
  for (unsigned i = 0; i < OUTER_LOOPS; i++) {
    const unsigned any = random_below(stream, it->group.ranks);
    const bool masked = it->group.mask.here && random_chance(stream, 50);
    const unsigned pair =
        random_chance(stream, 50) ? it->group.mask.query : it->group.mask.key;
    const unsigned r = masked ? pair : any;
    const bool again =
        cds_fused_of_mask(&it->group, r) && left[r] < it->group.rank[r].size;
    if (!again && cds_fused_loop_wrong(&it->group, r) == NULL) {
      const uint64_t trips = take(&left[r], 8, stream);
      out->node[out->nodes++] =
          (cds_outer_node){.kind = CDS_OUTER_FOR, .rank = r, .trips = trips};
    }
  }
  for (unsigned t = 0; t < it->group.tensors; t++) {
    const cds_fused_tensor *tensor = &it->group.tensor[t];
    const bool made = tensor->intermediate;
    const bool may = cds_fused_may_hold(&it->group, t);
    if (made || (may && random_chance(stream, 60))) {
      const unsigned level = one_level || verify_case_operates(it)
                                 ? unit
                                 : draw_level(arch, stream);
      insert(out, made ? out->nodes : random_below(stream, out->nodes + 1),
             (cds_outer_node){
                 .kind = CDS_OUTER_HOLD, .tensor = t, .level = level});
    }
  }
  out->pipelined = pipelined;
  return cds_fused_outer_wrong(&it->group, arch, out) == NULL;
}

bool verify_case_mapping(cds_mapping *out, const cds_arch *arch,
                         const cds_einsum *einsum, random_stream *stream) {
  uint64_t left[CDS_RANKS_MAX];
  unsigned next[CDS_TENSORS_MAX];
  out->nodes = 0;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    left[r] = einsum->rank[r].size;
  }
  for (unsigned t = 0; t < 3; t++) {
    next[t] = cds_einsum_home(einsum, t);
    out->node[out->nodes++] =
        (cds_node){.kind = CDS_HOLD, .tensor = t, .level = next[t]++};
  }
  for (unsigned x = 0; arch->arrays > 0 && x < arch->array[0].axes; x++) {
    uint64_t room = arch->array[0].extent[x];
    for (unsigned r = 0; r < einsum->ranks; r++) {
      const uint64_t trips = take(&left[r], room, stream);
      room /= trips;
      if (trips > 1) {
        out->node[out->nodes++] = (cds_node){
            .kind = CDS_SPREAD, .rank = r, .axis = x, .trips = trips};
      }
    }
  }
  for (unsigned gap = 0; gap < 40; gap++) {
    const unsigned r = random_below(stream, einsum->ranks);
    const uint64_t trips = take(&left[r], left[r], stream);
    if (trips > 1) {
      out->node[out->nodes++] =
          (cds_node){.kind = CDS_FOR, .rank = r, .trips = trips};
    }
    const unsigned t = random_below(stream, 3);
    if (next[t] < arch->levels && random_chance(stream, 50)) {
      const cds_policy policy =
          cds_level_policy(arch, next[t], &einsum->tensor[t]);
      if (policy == CDS_MUST ||
          (policy == CDS_MAY && random_chance(stream, 60))) {
        out->node[out->nodes++] =
            (cds_node){.kind = CDS_HOLD, .tensor = t, .level = next[t]};
      }
      next[t]++;
    }
  }
  for (unsigned r = 0; r < einsum->ranks; r++) {
    if (left[r] > 1) {
      out->node[out->nodes++] =
          (cds_node){.kind = CDS_FOR, .rank = r, .trips = left[r]};
    }
  }
  return next[0] >= arch->levels && next[1] >= arch->levels &&
         next[2] >= arch->levels;
}

bool verify_case_fits(const cds_arch *arch, const cds_fused_pass *pass) {
  bool fits = true;
  for (unsigned l = 1; l < arch->levels; l++) {
    uint64_t bits = pass->stage.taken_bits[l];
    for (unsigned t = 0; t < pass->einsum.tensors; t++) {
      const cds_home *home = &pass->stage.home[t];
      const bool twice = home->replaced && cds_level_doubled(arch, l);
      bits += home->level == l
                  ? home->tile_words * pass->einsum.tensor[t].format.bits *
                        (twice ? 2 : 1)
                  : 0;
    }
    fits = fits && bits <= arch->level[l].size_bits;
  }
  return fits;
}
