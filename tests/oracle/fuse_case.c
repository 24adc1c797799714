/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "oracle/fuse_case.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/random_price.h"
#include "spec/operations.h"
#include "support/nest.h"

const double limit_parts[LIMITS] = {0.8, 0.999999, 1.000001, 1.3, 0};

static const chain chains[] = {
    {2,
     {"S[m,t] += Q[m,e] * K[e,t]; m 1, e 1, t 1",
      "O[m,f] += S[m,t] * V[t,f]; m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3, 4}}},
    {2,
     {"S[b,m,t] += Q[b,m,e] * K[b,e,t]; b 1, m 1, e 1, t 1",
      "O[b,m,f] += S[b,m,t] * V[b,t,f]; b 1, m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3, 4}}},
    {2,
     {"S[g,h,m,t] += Q[g,h,m,e] * K[g,e,t]; g 1, h 1, m 1, e 1, t 1",
      "O[g,h,m,f] += S[g,h,m,t] * V[g,t,f]; g 1, h 1, m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3, 4}}},
    {3,
     {"T[m,n] += X[m,k] * U[k,n]; m 1, k 1, n 1",
      "Y[m,p] += T[m,n] * V[n,p]; m 1, n 1, p 1",
      "Z[m,q] += Y[m,p] * W[p,q]; m 1, p 1, q 1"},
     {{0, 1, 2}, {2, 3, 4}, {4, 5, 6}}},
    {3,
     {"G[m,n] += X[m,k] * A[k,n]; m 1, k 1, n 1",
      "U[m,p] += X[m,k] * B[k,p]; m 1, k 1, p 1",
      "Z[n,p] += G[m,n] * U[m,p]; m 1, n 1, p 1"},
     {{0, 1, 2}, {0, 3, 4}, {2, 4, 5}}},
};
enum { CHAINS = sizeof chains / sizeof *chains };

/* The second stage is a softmax. */
static const chain attentions[] = {
    {3,
     {"S[m,t] += Q[m,e] * K[e,t]; m 1, e 1, t 1", "P[m,t] += S[m,t]; m 1, t 1",
      "O[m,f] += P[m,t] * V[t,f]; m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3}, {3, 4, 5}}},
    {3,
     {"S[b,m,t] += Q[b,m,e] * K[b,e,t]; b 1, m 1, e 1, t 1",
      "P[b,m,t] += S[b,m,t]; b 1, m 1, t 1",
      "O[b,m,f] += P[b,m,t] * V[b,t,f]; b 1, m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3}, {3, 4, 5}}},
    {3,
     {"S[g,h,m,t] += Q[g,h,m,e] * K[g,e,t]; g 1, h 1, m 1, e 1, t 1",
      "P[g,h,m,t] += S[g,h,m,t]; g 1, h 1, m 1, t 1",
      "O[g,h,m,f] += P[g,h,m,t] * V[g,t,f]; g 1, h 1, m 1, t 1, f 1"},
     {{0, 1, 2}, {2, 3}, {3, 4, 5}}},
};
enum { ATTENTIONS = sizeof attentions / sizeof *attentions };

static const tail_chain tails[] = {
    {{2,
      {"S[m,t] += Q[m,e] * K[e,t]; m 1, e 1, t 1",
       "P[m,t] += S[m,t] * R[m,t]; m 1, t 1"},
      {{0, 1, 2}, {2, 3, 4}}},
     {NULL, "bias_add_relu"},
     {0, 1}},
    {{2,
      {"S[b,g,m] += Q[b,g,e] * K[g,m,e]; b 1, g 1, m 1, e 1",
       "P[b,g,m] += S[b,g,m]; b 1, g 1, m 1"},
      {{0, 1, 2}, {2, 3}}},
     {NULL, "bias_relu"},
     {0, 2}},
    {{3,
      {"S[m,t] += Q[m,e] * K[e,t]; m 1, e 1, t 1", "P[m,t] += S[m,t]; m 1, t 1",
       "O[m,f] += P[m,t] * V[t,f]; m 1, t 1, f 1"},
      {{0, 1, 2}, {2, 3}, {3, 4, 5}}},
     {NULL, "bias", NULL},
     {0, 1}},
    {{3,
      {"S[m,t] += Q[m,e] * K[e,t]; m 1, e 1, t 1",
       "A[m,t] += S[m,t] * R[m,t]; m 1, t 1", "P[m,t] += A[m,t]; m 1, t 1"},
      {{0, 1, 2}, {2, 3, 4}, {4, 5}}},
     {NULL, "weighted_add", "rmsnorm"},
     {0, 1, 1}},
    {{3,
      {"S[m,u] += Q[k,u] * K[m,k]; m 2, u 2, k 1", "P[m,u] += S[m,u]; m 2, u 2",
       "O[m,p] += P[m,p+r] * V[m,r]; m 2, p 2, r 2"},
      {{0, 1, 2}, {2, 3}, {3, 4, 5}}},
     {NULL, "bias_relu", NULL},
     {0, 1}},
    {{3,
      {"S[m,u] += Q[k,u] * K[m,k]; m 2, u 2, k 1",
       "O[n,p] += S[m,2*p+r] * V[n,m,r]; n 1, m 2, p 2, r 2",
       "P[n,p] += O[n,p] * R[n,p]; n 1, p 2"},
      {{0, 1, 2}, {2, 3, 4}, {4, 5, 6}}},
     {NULL, NULL, "add"},
     {0, 0, 1}},
    {{2,
      {"S[m,t] += Q[m,t,e] * K[e]; m 1, e 1, t 1",
       "P[m,t] += S[m,t]; m 1, t 1"},
      {{0, 1, 2}, {2, 3}}},
     {NULL, "bias_relu"},
     {0, 1}},
};
enum { TAILS = sizeof tails / sizeof *tails };

static const tail_chain sums[] = {
    {{3,
      {"S[m,t] += Q[m,e] * K[e,t]; m 1, e 1, t 1",
       "A[m,t] += S[m,t] * R[m,t]; m 1, t 1", "P[m,t] += A[m,t]; m 1, t 1"},
      {{0, 1, 2}, {2, 3, 4}, {4, 5}}},
     {NULL, "add", "layernorm"},
     {0, 1, 1}},
    {{4,
      {"S[m,t] += Q[m,e] * K[e,t]; m 1, e 1, t 1",
       "A[m,t] += S[m,t] * R[m,t]; m 1, t 1", "P[m,t] += A[m,t]; m 1, t 1",
       "O[m,f] += P[m,t] * V[t,f]; m 1, t 1, f 1"},
      {{0, 1, 2}, {2, 3, 4}, {4, 5}, {5, 6, 7}}},
     {NULL, "add", "rmsnorm", NULL},
     {0, 1, 1, 0}},
    {{3,
      {"P[m,t] += A[m,t]; m 1, t 1", "O[m,f] += P[m,t] * V[t,f]; m 1, t 1, f 1",
       "Z[m,g] += P[m,t] * W[t,g]; m 1, t 1, g 1"},
      {{0, 1}, {1, 2, 3}, {1, 4, 5}}},
     {"rmsnorm", NULL, NULL},
     {1, 0, 0}},
    {{4,
      {"S[m,t] += X[m,e] * K[e,t]; m 1, e 1, t 1", "P[m,t] += S[m,t]; m 1, t 1",
       "O[m,e] += P[m,t] * V[t,e]; m 1, t 1, e 1",
       "Z[m,e] += O[m,e] * X[m,e]; m 1, e 1"},
      {{0, 1, 2}, {2, 3}, {3, 4, 5}, {5, 0, 6}}},
     {NULL, "relu", NULL, "add"},
     {0, 1, 0, 1}},
    {{4,
      {"S[m,t] += X[m,e] * K[e,t]; m 1, e 1, t 1", "P[m,t] += S[m,t]; m 1, t 1",
       "O[m,f] += X[m,e] * V[e,f]; m 1, e 1, f 1",
       "Z[m,f] += O[m,f]; m 1, f 1"},
      {{0, 1, 2}, {2, 3}, {0, 4, 5}, {5, 6}}},
     {NULL, "bias", NULL, "bias"},
     {0, 1, 0, 1}},
    {{6,
      {"S[m,t] += Q[m,e] * K[e,t]; m 1, e 1, t 1",
       "A[m,t] += S[m,t] * R[m,t]; m 1, t 1", "P[m,t] += A[m,t]; m 1, t 1",
       "O[m,f] += P[m,t] * V[t,f]; m 1, t 1, f 1",
       "U[m,t] += O[m,f] * W[f,t]; m 1, t 1, f 1",
       "Z[m,t] += U[m,t] * A[m,t]; m 1, t 1"},
      {{0, 1, 2}, {2, 3, 4}, {4, 5}, {5, 6, 7}, {7, 8, 9}, {9, 4, 10}}},
     {NULL, "add", "rmsnorm", NULL, NULL, "add"},
     {0, 1, 1, 0, 0, 1}},
};
enum { SUMS = sizeof sums / sizeof *sums };

/* ---- cases ----------------------------------------------------------- */

static bool has_home(const cds_arch *arch) {
  for (unsigned l = 1; l < arch->levels; l++) {
    if (arch->level[l].depth == 0) {
      return true;
    }
  }
  return false;
}

static unsigned primes_of(uint64_t n) {
  unsigned count = 0;
  for (uint64_t p = 2; n > 1; p++) {
    for (; n % p == 0; n /= p) {
      count++;
    }
  }
  return count;
}

/* The rank of a softmax's rows. */
static unsigned row_rank(const fuse_case *it) {
  return it->group.stage[SOFTMAX].rank[it->einsum[SOFTMAX].ranks - 1];
}

/* The rank of the softmax before that: usual queries. */
static unsigned query_rank(const fuse_case *it) {
  return it->group.stage[SOFTMAX].rank[it->einsum[SOFTMAX].ranks - 2];
}

/* Outer loops at most: one on each of a mask's two ranks, on others one of each
 * prime factor. */
static unsigned loops_most(const fuse_case *it, const uint64_t *size,
                           unsigned query) {
  unsigned loops = 0;
  for (unsigned r = 0; r < it->group.ranks; r++) {
    const bool once = it->masked && (r == row_rank(it) || r == query);
    loops += cds_fused_loop_wrong(&it->group, r) != NULL ? 0
             : once                                      ? size[r] > 1
                                                         : primes_of(size[r]);
  }
  return loops;
}

/* Sizes of the group's ranks; those that may have outer loops stay small. */
static void draw_sizes(fuse_case *it, random_stream *stream) {
  static const uint64_t sizes[] = {1, 2, 2, 2, 3, 3, 4, 5};
  static const uint64_t keys[] = {2, 3, 4, 5, 5, 8, 8, 8};
  static const uint64_t masked[] = {2, 3, 4, 4, 6, 6, 8, 8};
  const cds_fused_group *group = &it->group;
  unsigned looped;
  uint64_t size[CDS_FUSED_RANKS_MAX];
  do {
    for (unsigned r = 0; r < group->ranks; r++) {
      const bool row = it->attention && r == row_rank(it);
      const bool pair = it->masked && (row || r == query_rank(it));
      const uint64_t *from = pair ? masked : row ? keys : sizes;
      size[r] = from[random_below(stream, 8)];
      size[r] += it->tail != NULL && group->rank[r].size > 1 && size[r] == 1;
    }
    looped = loops_most(it, size, it->masked ? query_rank(it) : UINT_MAX);
  } while (looped == 0 || looped > PRIMES_MOST);
  for (unsigned s = 0; s < group->stages; s++) {
    for (unsigned r = 0; r < it->einsum[s].ranks; r++) {
      it->einsum[s].rank[r].size = it->einsum[s].rank[r].real =
          size[group->stage[s].rank[r]];
    }
  }
}

/* The operation of a stage, NULL of a product. */
static const cds_operation_kind *kind_of(const fuse_case *it, unsigned s) {
  const char *name = it->tail == NULL ? NULL : it->tail->kind[s];
  return name == NULL ? NULL : cds_operation_kind_find(name);
}

/* Axes of its rows: the last ones. */
static uint32_t axes_of(const fuse_case *it, unsigned s) {
  const cds_einsum *shape = &it->einsum[s];
  const unsigned axes = shape->tensor[shape->tensors - 1].axes;
  return (1U << axes) - (1U << (axes - it->tail->row_axes[s]));
}

static void join(fuse_case *it) {
  const cds_einsum *einsum[CDS_STAGES_MAX] = {NULL};
  unsigned same[STAGES_MOST][CDS_TENSORS_MAX];
  memcpy(same, it->chain->same, sizeof same);
  for (unsigned s = 0; s < it->chain->stages; s++) {
    einsum[s] = &it->einsum[s];
  }
  if (cds_fused_group_join(&it->group, it->chain->stages, einsum, same,
                           it->kept) != CDS_OK) {
    fprintf(stderr, "fuse case: a chain does not join\n");
    exit(EXIT_FAILURE);
  }
  if (it->attention) {
    it->operation[SOFTMAX] =
        (cds_operation){.kind = "softmax", .reduces = true};
    cds_fused_operate(&it->group, SOFTMAX, &it->operation[SOFTMAX]);
  }
  for (unsigned s = 0; it->tail != NULL && s < it->chain->stages; s++) {
    const cds_operation_kind *kind = kind_of(it, s);
    if (kind != NULL) {
      it->operation[s].kind = kind->name;
      it->operation[s].reduces = kind->reduces;
      it->operation[s].row_axes = axes_of(it, s);
      cds_fused_operate(&it->group, s, &it->operation[s]);
    }
  }
}

/* Most homes have about as much room as a whole row and its weights. */
static void draw_room(fuse_case *it, const cds_operation_size *size,
                      random_stream *stream) {
  cds_arch *arch = &it->tiny.arch;
  const cds_einsum *shape = &it->einsum[SOFTMAX];
  const uint64_t bits = size->length * (shape->tensor[0].format.bits +
                                        shape->tensor[1].format.bits);
  cds_level *level = &arch->level[arch->vector[0].level];
  if (random_chance(stream, 75)) {
    level->size_bits =
        bits * (4 + random_below(stream, 6)) / 8 + 8 * random_below(stream, 10);
    level->bypass.roles = 0;
  }
}

/* A unit at some level. */
static void draw_unit(fuse_case *it, random_stream *stream) {
  cds_arch *arch = &it->tiny.arch;
  cds_vector *unit = &arch->vector[0];
  arch->vectors = 1;
  *unit = (cds_vector){.name = "VU",
                       .lanes = 1U << random_below(stream, 4),
                       .die = random_below(stream, arch->dies)};
  do {
    unit->level = 1 + random_below(stream, arch->levels - 1);
  } while (arch->level[unit->level].depth > 0);
}

static void price_unit(fuse_case *it, random_stream *stream) {
  cds_vector *unit = &it->tiny.arch.vector[0];
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    unit->cycles[p] = 1 + random_below(stream, 4);
    unit->energy_pj[p] = 0.25 * random_below(stream, 12);
  }
}

/* The operation, once sizes and formats are known, and a unit at some level. */
static void draw_softmax(fuse_case *it, random_stream *stream) {
  cds_einsum *shape = &it->einsum[SOFTMAX];
  const cds_precision formats = {.accumulator = *cds_format_find("fp32")};
  cds_operation_size size = {.rows = 1};
  for (unsigned r = 0; r + 1 < shape->ranks; r++) {
    size.rows *= shape->rank[r].size;
  }
  size.length = shape->rank[shape->ranks - 1].size;
  if (cds_operation_make(&it->operation[SOFTMAX],
                         cds_operation_kind_find("softmax"), &size,
                         &formats) != CDS_OK) {
    exit(EXIT_FAILURE);
  }
  it->operation[SOFTMAX].input[0].format = shape->tensor[0].format;
  it->operation[SOFTMAX].output.format = shape->tensor[1].format;
  shape->tensor[1].accumulator = shape->tensor[1].format; /* no sums */
  draw_unit(it, stream);
  draw_room(it, &size, stream);
  price_unit(it, stream);
}

/* Operations, once sizes and formats are known, their unit, and about as much
 * room as all rows need. */
static void draw_operations(fuse_case *it, random_stream *stream) {
  cds_arch *arch = &it->tiny.arch;
  uint64_t bits = 0;
  for (unsigned s = 0; s < it->chain->stages; s++) {
    cds_einsum *shape = &it->einsum[s];
    const cds_tensor *result = &shape->tensor[shape->tensors - 1];
    const cds_precision formats = {.weights = shape->tensor[0].format,
                                   .activations = shape->tensor[0].format,
                                   .accumulator = *cds_format_find("fp32")};
    cds_operation_size size = {.rows = 1, .length = 1};
    cds_operation *made = &it->operation[s];
    if (kind_of(it, s) == NULL) {
      continue;
    }
    for (unsigned a = 0; a < result->axes; a++) {
      *((axes_of(it, s) >> a & 1U) != 0 ? &size.length : &size.rows) *=
          shape->rank[a].size;
    }
    if (cds_operation_make(made, kind_of(it, s), &size, &formats) != CDS_OK) {
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
    shape->tensor[shape->tensors - 1].accumulator = result->format;
    bits += size.rows * size.length * 2 * result->format.bits;
  }
  draw_unit(it, stream);
  price_unit(it, stream);
  cds_level *level = &arch->level[arch->vector[0].level];
  if (random_chance(stream, 60)) {
    level->size_bits =
        bits * (2 + random_below(stream, 8)) / 8 + 8 * random_below(stream, 20);
    level->bypass.roles = 0;
  }
}

/* Most groups whose stages are searched fast may be pipelined, few others;
 * units take long enough for it to matter, in some longer than products. */
static void draw_pipeline(fuse_case *it, bool deep, random_stream *stream) {
  it->group.pipelines = random_chance(stream, deep ? 2 : 40);
  if (it->group.pipelines) {
    cds_arch *arch = &it->tiny.arch;
    const unsigned slower = 1U << random_below(stream, 6);
    for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
      arch->vector[0].cycles[p] *= slower;
    }
    uint64_t *room = &arch->level[arch->vector[0].level].size_bits;
    *room *= *room < UINT64_MAX / 8 ? 1 + random_below(stream, 6) : 1;
    it->dear = random_chance(stream, 70) ? 1e3 * random_below(stream, 100) : 1;
  }
}

/* Queries are any rank of the softmax but the row's, mostly the last: always
 * where that would have too many loops as another rank. */
static void draw_mask(fuse_case *it, random_stream *stream) {
  const unsigned others = it->einsum[SOFTMAX].ranks - 1;
  const unsigned own = random_chance(stream, 80)
                           ? others - 1
                           : (unsigned)random_below(stream, others);
  uint64_t size[CDS_FUSED_RANKS_MAX];
  for (unsigned r = 0; r < it->group.ranks; r++) {
    size[r] = it->group.rank[r].size;
  }
  const unsigned drawn = it->group.stage[SOFTMAX].rank[own];
  const unsigned query =
      loops_most(it, size, drawn) > PRIMES_MOST ? query_rank(it) : drawn;
  const uint64_t queries = it->group.rank[query].size;
  const uint64_t keys = it->group.rank[row_rank(it)].size;
  const uint64_t least = keys > queries ? keys - queries : 0;
  const uint64_t more = random_chance(stream, 70) ? 0 : random_below(stream, 3);
  if (cds_fused_mask_set(&it->group, query, row_rank(it), least + more) !=
      CDS_OK) {
    exit(EXIT_FAILURE);
  }
}

/* What one stage makes has the format in which the next takes it. */
static void draw_formats(fuse_case *it, random_stream *stream) {
  static const unsigned bits[] = {4, 8, 16};
  cds_format format[CDS_FUSED_TENSORS_MAX];
  for (unsigned t = 0; t < it->group.tensors; t++) {
    format[t] = it->tiny.einsum.tensor[0].format;
    format[t].bits = bits[random_below(stream, 3)];
    if (it->attention && it->group.tensor[t].intermediate &&
        random_chance(stream, 50)) {
      format[t].bits = 32;
    }
  }
  for (unsigned s = 0; s < it->chain->stages; s++) {
    cds_einsum *einsum = &it->einsum[s];
    for (unsigned t = 0; t < einsum->tensors; t++) {
      einsum->tensor[t].format = format[it->group.stage[s].tensor[t]];
      einsum->tensor[t].accumulator =
          it->tiny.einsum.tensor[it->tiny.einsum.tensors - 1].accumulator;
    }
  }
}

/* Another level inside of all, like the last one, at times below another array
 * or right beside it: then stages are not searched as matrix products on few
 * levels. */
static void deepen(cds_arch *arch, random_stream *stream) {
  cds_level *level = &arch->level[arch->levels];
  *level = level[-1];
  level->name = "L3";
  level->keep = level->bypass = (cds_tensor_set){0};
  if (arch->arrays > 0 && random_chance(stream, 50)) {
    cds_array *array = &arch->array[arch->arrays];
    *array = array[-1];
    array->name = "Y";
    array->extent[0] = 1 + random_below(stream, 3);
    array->extent[1] = 1 + random_below(stream, 2);
    arch->arrays++;
  }
  level->position = level[-1].position + 1;
  level->depth = arch->arrays;
  if (level->depth == level[-1].depth && arch->levels > 1 &&
      random_chance(stream, 30)) {
    level->position = level[-1].position;
  }
  level->accumulate = random_chance(stream, 20);
  arch->levels++;
}

/* Constraints on an array, or on what a level holds. */
static void draw_constraint(fuse_case *it, random_stream *stream) {
  const cds_arch *arch = &it->tiny.arch;
  const cds_einsum *last = &it->einsum[it->chain->stages - 1];
  cds_constraint *made = &it->constraint[it->all.count++];
  const unsigned kind = random_below(stream, arch->arrays > 0 ? 4 : 1);
  *made = (cds_constraint){.text = "drawn", .factor = {1, UINT64_MAX, false}};
  if (kind == 0) {
    made->kind = CDS_CONSTRAINT_BYPASS;
    made->level = 1 + random_below(stream, arch->levels - 1);
    made->name = random_chance(stream, 50) ? "weight" : "output";
    return;
  }
  made->array = random_below(stream, arch->arrays);
  if (kind == 1) {
    made->kind = CDS_CONSTRAINT_UTILISATION;
    made->utilisation = random_chance(stream, 50) ? 0.5 : 1;
    return;
  }
  made->kind = CDS_CONSTRAINT_SPREAD;
  made->axis = random_below(stream, arch->array[made->array].axes);
  made->name = last->rank[random_below(stream, last->ranks)].name;
  made->factor.most = kind == 2 ? 1 : UINT64_MAX;
  made->factor.least = kind == 2 ? 1 : 2;
}

/* Some groups have constraints, some sums of instances that nothing adds up. */
static void draw_restrictions(fuse_case *it, random_stream *stream) {
  cds_arch *arch = &it->tiny.arch;
  it->all = (cds_constraints){0, 2, it->constraint};
  if (arch->levels > 1 && random_chance(stream, 35)) {
    draw_constraint(it, stream);
    if (random_chance(stream, 30)) {
      draw_constraint(it, stream);
    }
    arch->constraints = &it->all;
  }
  if (random_chance(stream, 30)) {
    arch->sums_apart = true;
    for (unsigned k = 0; k < arch->arrays; k++) {
      arch->array[k].reduction =
          arch->array[k].reduction && random_chance(stream, 50);
    }
  }
}

void fuse_case_make(fuse_case *it, uint64_t seed, uint64_t number, family of) {
  static const uint64_t marks[] = {0x66757365, 0x736f6674, 0x6d61736b,
                                   0x7461696c, 0x73756d73};
  const bool attention = of == OF_SOFTMAX || of == OF_MASKS;
  const bool masked = of == OF_MASKS;
  random_stream stream = random_start(seed ^ marks[of], number);
  uint64_t draw = 16 * number;
  do {
    tiny_case_make(&it->tiny, seed, draw++);
  } while (!has_home(&it->tiny.arch));
  it->attention = attention;
  it->masked = masked;
  random_stream deeper = random_start(seed ^ 0x64656570, number);
  const bool deep = random_chance(&deeper, 40);
  if (deep) {
    deepen(&it->tiny.arch, &deeper);
  }
  it->tail = of == OF_TAILS  ? &tails[random_below(&stream, TAILS)]
             : of == OF_SUMS ? &sums[random_below(&stream, SUMS)]
                             : NULL;
  /* Of what no stage makes or uses it is without meaning. */
  it->kept = of == OF_SUMS ? (uint32_t)random_below(&stream, 1 << 11) : 0;
  it->chain = it->tail != NULL ? &it->tail->of
              : attention      ? &attentions[random_below(&stream, ATTENTIONS)]
                               : &chains[random_below(&stream, CHAINS)];
  for (unsigned s = 0; s < it->chain->stages; s++) {
    if (!einsum_read(&it->einsum[s], it->chain->text[s], it->names[s])) {
      exit(EXIT_FAILURE);
    }
  }
  join(it);
  random_stream streamed = random_start(seed ^ 0x70697065, number);
  draw_sizes(it, &stream);
  join(it);
  draw_formats(it, &stream);
  if (attention) {
    draw_softmax(it, &stream);
    draw_pipeline(it, deep, &streamed);
  } else if (it->tail != NULL) {
    draw_operations(it, &stream);
    draw_pipeline(it, deep, &streamed);
  }
  if (masked) {
    draw_mask(it, &stream);
  }
  for (unsigned l = 1; l < it->tiny.arch.levels && of == OF_PRODUCTS; l++) {
    cds_level *level = &it->tiny.arch.level[l];
    if (level->size_bits < UINT64_MAX && random_chance(&stream, 60)) {
      level->size_bits *= 3;
    }
  }
  random_stream stricter = random_start(seed ^ 0x73747269, number);
  draw_restrictions(it, &stricter);
  it->lambda[0] = it->tiny.goal.time_power == 0
                      ? it->tiny.goal.lambda_pj_per_s
                      : 1e9 * (double)(1 << random_below(&stream, 12));
  it->lambda[0] *= it->group.pipelines ? it->dear : 1;
  for (unsigned i = 0; i < PRICES; i++) {
    static const double times[] = {0, 0.125, 0.5, 0.9, 1, 1.1, 2, 8};
    it->lambda[i] = i == 0 ? it->lambda[0]
                           : it->lambda[0] * times[random_below(&stream, 8)];
    it->limited[i] = (unsigned)random_below(&stream, LIMITS);
  }
}

void fuse_case_write(const fuse_case *it, uint64_t number) {
  printf("case %" PRIu64 "\n", number);
  if (it->masked) {
    printf("  keys up to queries (rank %u of %s) + %" PRIu64 "\n",
           it->group.mask.query, it->einsum[SOFTMAX].rank[0].name,
           it->group.mask.offset);
  }
  for (unsigned i = 0; i < PRICES; i++) {
    printf("  E + %.17g T, limit %g of the least\n", it->lambda[i],
           limit_parts[it->limited[i]]);
  }
  for (unsigned s = 0; s < it->chain->stages; s++) {
    fputs("  ", stdout);
    einsum_write(stdout, &it->einsum[s]);
    fputs("\n", stdout);
  }
  for (size_t i = 0; i < it->all.count; i++) {
    const cds_constraint *c = &it->constraint[i];
    printf("  constraint: kind %d, level %u, array %u, axis %u, %s %" PRIu64
           " to %" PRIu64 ", utilisation %g\n",
           (int)c->kind, c->level, c->array, c->axis,
           c->name == NULL ? "" : c->name, c->factor.least, c->factor.most,
           c->utilisation);
  }
  printf("  sums apart %d\n", it->tiny.arch.sums_apart);
  tiny_case_write(stdout, &it->tiny);
}
