/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random fused groups. */
#include "support/random_group.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "spec/operations.h"
#include "support/nest.h"
#include "support/random_case.h"

enum {
  MACS_MAX = 1200, /* of one stage */
  WORK_MAX = 6000, /* multiply-accumulates of all passes */
  LOOPS_MAX = 4,
  STAGES = 8 /* of a chain */
};

/* Chains: what has the same name is the same. '@' stands for a random stride,
 * '#' for a random dilation, each the same in all stages. */
static const char *const chains[][STAGES] = {
    {"B[m,n] += A[m,k] * W[k,n]; m 1, n 1, k 1",
     "C[m,p] += B[m,n] * V[n,p]; m 1, n 1, p 1"},
    {"S[b,m,n] += Q[b,m,k] * K[b,n,k]; b 1, m 1, n 1, k 1",
     "O[b,m,e] += S[b,m,n] * V[b,n,e]; b 1, m 1, n 1, e 1"},
    {"S[h,m,n] += Q[h,m,k] * K[n,k]; h 1, m 1, n 1, k 1",
     "O[h,m,e] += S[h,m,n] * V[n,e]; h 1, m 1, n 1, e 1"},
    {"S[h,m,n] += Q[h,m,k] * C[n,k]; h 1, m 1, n 1, k 1",
     "O[h,m,k] += S[h,m,n] * C[n,k]; h 1, m 1, n 1, k 1"},
    {"U[m,n] += X[m,k] * W[k,n]; m 1, n 1, k 1",
     "Y[m,p] += X[m,k] * V[k,p]; m 1, p 1, k 1"},
    {"T[c,p] += I[c,@*p+#*r] * W[c,r]; c 1, p 1, r 1",
     "O[m,p] += T[c,p] * V[m,c]; m 1, p 1, c 1"},
    {"T[c,p,q] += I[c,@*p+#*r,@*q+#*s] * W[c,r,s]; c 1, p 1, q 1, r 1, s 1",
     "O[m,p,q] += T[c,p,q] * V[m,c]; m 1, p 1, q 1, c 1"},
    {"T[m,p] += I[c,@*p+#*r] * W[m,c,r]; m 1, c 1, p 1, r 1",
     "O[n,p] += T[m,p] * V[n,m]; n 1, p 1, m 1"},
    {"B[m,k] += A[m,k,l]; m 1, k 1, l 1", "O[m] += B[m,k]; m 1, k 1"},
    {"U[m,n] += X[m,k] * W[k,n]; m 1, n 1, k 1",
     "G[m,n] += X[m,k] * V[k,n]; m 1, n 1, k 1",
     "Y[m,p] += U[m,n] * G[m,n] * D[n,p]; m 1, n 1, p 1"},
    {"B[m,n] += A[m,k] * W[k,n]; m 1, n 1, k 1",
     "C[m,p] += B[m,n] * V[n,p]; m 1, n 1, p 1",
     "D[m,q] += C[m,p] * U[p,q]; m 1, p 1, q 1"},
    {"B[m,n] += A[m,k] * W[k,n]; m 1, n 1, k 1",
     "C[m,p] += B[m,n] * V[n,p]; m 1, n 1, p 1",
     "D[n,p] += C[m,p] * B[m,n]; m 1, n 1, p 1"},
    {"T[m,p] += I[c,@*p+#*r] * W[m,c,r]; m 1, c 1, p 1, r 1",
     "U[m,p] += J[d,@*p+#*s] * V[m,d,s]; m 1, d 1, p 1, s 1",
     "O[n,p] += T[m,p] * U[m,p] * Z[n,m]; n 1, p 1, m 1"},
    {"T[m,p] += I[c,p] * V[m,c]; m 1, p 1, c 1",
     "R[c,p] += I[c,p] * W[p,r]; c 1, p 1, r 1",
     "O[m,c] += T[m,p] * R[c,p]; m 1, c 1, p 1"},
    {"U[m,n] += X[m,k] * W[k,n]; m 1, n 1, k 1",
     "G[m,n] += X[m,k] * V[k,n]; m 1, n 1, k 1",
     "P[m,n] += U[m,n] * G[m,n]; m 1, n 1",
     "Y[m,p] += P[m,n] * D[n,p]; m 1, n 1, p 1"},
    {"Q[m,k] += X[m,d] * A[d,k]; m 1, k 1, d 1",
     "K[n,k] += Z[n,g] * B[g,k]; n 1, k 1, g 1",
     "S[m,n] += Q[m,k] * K[n,k]; m 1, n 1, k 1",
     "O[m,e] += S[m,n] * V[n,e]; m 1, n 1, e 1"},
    {"T[c,p] += I[c,@*p+#*r] * W[c,r]; c 1, p 1, r 1",
     "E[m,p] += T[c,p] * V[m,c]; m 1, p 1, c 1",
     "F[n,p] += E[m,p] * Z[n,m]; n 1, p 1, m 1",
     "O[c,n] += T[c,p] * F[n,p]; c 1, n 1, p 1"},
};
enum { CHAINS = sizeof chains / sizeof *chains };

/* Chains with a softmax: the stage that has one operand, over its last rank. */
static const char *const attentions[][STAGES] = {
    {"S[m,t] += Q[m,e] * K[t,e]; m 1, t 1, e 1", "P[m,t] += S[m,t]; m 1, t 1",
     "O[m,f] += P[m,t] * V[t,f]; m 1, t 1, f 1"},
    {"S[b,m,t] += Q[b,m,e] * K[b,t,e]; b 1, m 1, t 1, e 1",
     "P[b,m,t] += S[b,m,t]; b 1, m 1, t 1",
     "O[b,m,f] += P[b,m,t] * V[b,t,f]; b 1, m 1, t 1, f 1"},
    {"S[h,g,m,t] += Q[h,g,m,e] * K[h,t,e]; h 1, g 1, m 1, t 1, e 1",
     "P[h,g,m,t] += S[h,g,m,t]; h 1, g 1, m 1, t 1",
     "O[h,g,m,f] += P[h,g,m,t] * V[h,t,f]; h 1, g 1, m 1, t 1, f 1"},
    {"S[h,m,t] += Q[h,m,e] * K[t,e]; h 1, m 1, t 1, e 1",
     "P[h,m,t] += S[h,m,t]; h 1, m 1, t 1",
     "O[f,m,h] += V[t,f] * P[h,m,t]; h 1, m 1, t 1, f 1"},
    {"S[m,t] += Q[m,e] * C[t,e]; m 1, t 1, e 1", "P[m,t] += S[m,t]; m 1, t 1",
     "O[m,e] += P[m,t] * C[t,e]; m 1, t 1, e 1"},
    {"S[h,m,t] += Q[h,m,e] * C[t,e]; h 1, m 1, t 1, e 1",
     "P[h,m,t] += S[h,m,t]; h 1, m 1, t 1",
     "O[h,m,e] += P[h,m,t] * C[t,e]; h 1, m 1, t 1, e 1"},
    {"S[m,t] += Q[m,e] * K[t,e]; m 1, t 1, e 1", "P[m,t] += S[m,t]; m 1, t 1",
     "O[j,m,f] += P[m,t] * V[j,t,f]; m 1, t 1, f 1, j 1"},
    {"S[b,m,t] += Q[b,m,e] * K[b,t,e]; b 1, m 1, t 1, e 1",
     "P[b,m,t] += S[b,m,t]; b 1, m 1, t 1",
     "O[b,m] += P[b,m,t] * V[b,t]; b 1, m 1, t 1"},
    {"V[t,f] += X[t,d] * W[d,f]; t 1, f 1, d 1",
     "S[m,t] += Q[m,e] * K[t,e]; m 1, t 1, e 1", "P[m,t] += S[m,t]; m 1, t 1",
     "O[m,f] += P[m,t] * V[t,f]; m 1, t 1, f 1"},
    {"S[m,t] += Q[m,e] * K[t,e]; m 1, t 1, e 1",
     "G[m,t] += S[m,t] * B[m,t]; m 1, t 1", "P[m,t] += G[m,t]; m 1, t 1",
     "O[m,f] += P[m,t] * V[t,f]; m 1, t 1, f 1"},
};
enum { ATTENTIONS = sizeof attentions / sizeof *attentions };

/* Chains with operations "KIND AXES: shape", where AXES are the letters of a
 * row. Ranks x and z have one index. */
static const char *const tails[][STAGES] = {
    {"B[m,n] += A[m,k] * W[k,n]; m 1, n 1, k 1",
     "bias_relu n: C[m,n] += B[m,n]; m 1, n 1"},
    {"B[m,n] += A[m,k] * W[k,n]; m 1, n 1, k 1",
     "bias_add_relu n: C[m,n] += B[m,n] * R[m,n]; m 1, n 1"},
    {"B[b,g,m,p] += A[b,g,c,p] * W[g,m,c]; b 1, g 1, m 1, p 1, c 1",
     "bias gm: C[b,g,m,p] += B[b,g,m,p]; b 1, g 1, m 1, p 1"},
    {"B[m,n] += A[m,k] * W[k,n]; m 1, n 1, k 1",
     "bias n: C[m,n] += B[m,n]; m 1, n 1",
     "rmsnorm n: D[m,n] += C[m,n]; m 1, n 1",
     "E[m,q] += D[m,n] * V[n,q]; m 1, n 1, q 1"},
    {"B[m,n] += A[m,k] * W[k,n]; m 1, n 1, k 1",
     "weighted_add n: C[m,n] += B[m,n] * R[m,n]; m 1, n 1",
     "D[m,q] += C[m,n] * V[n,q]; m 1, n 1, q 1"},
    {"B[m,n] += A[m,k] * W[k,n]; m 1, n 1, k 1",
     "add n: C[m,n] += B[m,n] * R[m,n]; m 1, n 1",
     "add_rows n: D[m,n] += C[m,n]; m 1, n 1"},
    {"B[m,u] += A[c,u] * W[m,c]; m 1, u 1, c 1",
     "bias_relu m: C[m,u] += B[m,u]; m 1, u 1",
     "D[m,p] += C[m,@*p+#*r] * V[m,r]; m 1, p 1, r 1",
     "relu m: E[m,p] += D[m,p]; m 1, p 1"},
    {"B[x,m,u] += A[c,u] * W[m,c]; x 1, m 1, u 1, c 1",
     "bias xm: C[x,m,u] += B[x,m,u]; x 1, m 1, u 1",
     "D[m,z,p] += C[m,z,@*p+#*r] * V[m,r]; m 1, z 1, p 1, r 1",
     "O[n,p] += D[m,z,p] * Z[n,m]; n 1, m 1, z 1, p 1"},
    {"B[m,u,v] += A[c,u,v] * W[m,c]; m 1, u 1, v 1, c 1",
     "D[n,p,q] += B[m,@*p+r,@*q+s] * V[n,m,r,s]; n 1, p 1, q 1, m 1, r 1, s 1",
     "bias_add_relu n: E[n,p,q] += D[n,p,q] * R[n,p,q]; n 1, p 1, q 1"},
    {"B[m,u] += A[c,@*u+#*t] * W[m,c,t]; m 1, u 1, c 1, t 1",
     "D[n,p] += B[m,2*p+r] * V[n,m,r]; n 1, p 1, m 1, r 1",
     "O[o,p] += D[n,p] * Z[o,n]; o 1, n 1, p 1"},
};
enum { TAILS = sizeof tails / sizeof *tails };

/* Chains whose results are used more than once, norms among the stages. */
static const char *const sums[][STAGES] = {
    {"B[m,n] += A[m,k] * W[k,n]; m 1, n 1, k 1",
     "add n: C[m,n] += B[m,n] * R[m,n]; m 1, n 1",
     "layernorm n: D[m,n] += C[m,n]; m 1, n 1"},
    {"B[b,m,n] += A[b,m,k] * W[k,n]; b 1, m 1, n 1, k 1",
     "add n: C[b,m,n] += B[b,m,n] * R[b,m,n]; b 1, m 1, n 1",
     "rmsnorm n: D[b,m,n] += C[b,m,n]; b 1, m 1, n 1",
     "E[b,m,i] += D[b,m,n] * V[n,i]; b 1, m 1, n 1, i 1"},
    {"rmsnorm n: D[m,n] += C[m,n]; m 1, n 1",
     "E[m,i] += D[m,n] * V[n,i]; m 1, n 1, i 1",
     "F[m,j] += D[m,n] * U[n,j]; m 1, n 1, j 1",
     "G[m,h] += D[m,n] * Z[n,h]; m 1, n 1, h 1"},
    {"E[m,i] += X[m,n] * V[n,i]; m 1, n 1, i 1",
     "relu i: F[m,i] += E[m,i]; m 1, i 1",
     "G[m,n] += F[m,i] * U[i,n]; m 1, n 1, i 1",
     "add n: H[m,n] += G[m,n] * X[m,n]; m 1, n 1"},
    {"E[m,i] += X[m,n] * V[n,i]; m 1, n 1, i 1",
     "bias i: F[m,i] += E[m,i]; m 1, i 1",
     "G[m,j] += X[m,n] * U[n,j]; m 1, n 1, j 1",
     "bias j: H[m,j] += G[m,j]; m 1, j 1"},
    {"B[m,n] += A[m,k] * W[k,n]; m 1, n 1, k 1",
     "bias n: C[m,n] += B[m,n]; m 1, n 1",
     "E[m,i] += C[m,n] * V[n,i]; m 1, n 1, i 1",
     "F[m,j] += C[m,n] * U[n,j]; m 1, n 1, j 1"},
    {"B[m,n] += A[m,k] * W[k,n]; m 1, n 1, k 1",
     "add n: C[m,n] += B[m,n] * R[m,n]; m 1, n 1",
     "rmsnorm n: D[m,n] += C[m,n]; m 1, n 1",
     "E[m,i] += D[m,n] * V[n,i]; m 1, n 1, i 1",
     "F[m,n] += E[m,i] * U[i,n]; m 1, n 1, i 1",
     "add n: G[m,n] += F[m,n] * C[m,n]; m 1, n 1"},
    {"B[m,n] += A[m,k] * W[k,n]; m 1, n 1, k 1",
     "add n: C[m,n] += B[m,n] * R[m,n]; m 1, n 1",
     "rmsnorm n: D[m,n] += C[m,n]; m 1, n 1",
     "E[m,i] += D[m,n] * V[n,i]; m 1, n 1, i 1",
     "F[m,i] += D[m,n] * U[n,i]; m 1, n 1, i 1",
     "add i: G[m,i] += E[m,i] * F[m,i]; m 1, i 1",
     "H[m,n] += G[m,i] * Z[i,n]; m 1, n 1, i 1",
     "add n: I[m,n] += H[m,n] * C[m,n]; m 1, n 1"},
    {"B[m,n] += A[m,k] * W[k,n]; m 1, n 1, k 1",
     "bias_add_relu n: C[m,n] += B[m,n] * R[m,n]; m 1, n 1",
     "layernorm n: D[m,n] += C[m,n]; m 1, n 1",
     "E[m,i] += D[m,n] * V[n,i]; m 1, n 1, i 1",
     "bias_relu i: F[m,i] += E[m,i]; m 1, i 1",
     "G[m,n] += F[m,i] * U[i,n]; m 1, n 1, i 1",
     "weighted_add n: H[m,n] += G[m,n] * D[m,n]; m 1, n 1",
     "layernorm n: I[m,n] += H[m,n]; m 1, n 1"},
};
enum { SUMS = sizeof sums / sizeof *sums };

/* ---- einsums ----------------------------------------------------------- */

static void read_stage(random_group *it, unsigned s, const char *text,
                       const char digit[2]) {
  char own[200];
  strncpy(own, text, sizeof own - 1);
  own[sizeof own - 1] = '\0';
  for (char *at = own; *at != '\0'; at++) {
    *at = *at == '@' ? digit[0] : *at == '#' ? digit[1] : *at;
  }
  const char *colon = strchr(own, ':');
  if (!einsum_read(&it->einsum[s], colon == NULL ? own : colon + 2,
                   it->names[s])) {
    fprintf(stderr, "random group: '%s' is not understood\n", own);
    exit(EXIT_FAILURE);
  }
}

/* What is before the colon, if there is one. Sizes are not known yet. */
static void read_kind(random_group *it, unsigned s, const char *text) {
  const char *space = strchr(text, ' '), *colon = strchr(text, ':');
  if (colon == NULL) {
    return;
  }
  char name[40] = "";
  strncpy(name, text, (size_t)(space - text));
  const cds_einsum *shape = &it->einsum[s];
  const cds_tensor *result = &shape->tensor[shape->tensors - 1];
  const cds_operation_kind *kind = cds_operation_kind_find(name);
  it->other[s] = (cds_operation){.kind = kind->name, .reduces = kind->reduces};
  for (unsigned a = 0; a < result->axes; a++) {
    const char letter = shape->rank[result->axis[a].term[0].rank].name[0];
    const bool in_row = memchr(space, letter, (size_t)(colon - space)) != NULL;
    it->other[s].row_axes |= in_row ? 1U << a : 0U;
  }
}

static uint64_t macs(const cds_einsum *einsum) {
  uint64_t product = 1;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    product *= einsum->rank[r].size;
  }
  return product;
}

/* Ranks are known by their letters. */
static void draw_sizes(random_group *it, random_stream *stream) {
  static const unsigned sizes[] = {1, 2, 2, 3, 4, 4, 4, 6, 6, 8, 9, 12};
  bool fine;
  do {
    uint64_t size[256];
    fine = true;
    for (unsigned c = 0; c < 256; c++) {
      size[c] = sizes[random_below(stream, 12)];
    }
    for (unsigned s = 0; s < it->stages; s++) {
      cds_einsum *einsum = &it->einsum[s];
      for (unsigned r = 0; r < einsum->ranks; r++) {
        const char letter = einsum->rank[r].name[0];
        einsum->rank[r].size = letter >= 'x' ? 1 : size[(unsigned char)letter];
        einsum->rank[r].real = einsum->rank[r].size;
      }
      fine = fine && macs(einsum) <= MACS_MAX;
    }
    for (const char *c = "pqrsuv"; it->tails && *c != '\0'; c++) {
      fine = fine && size[(unsigned char)*c] > 1; /* axes keep their kind */
    }
  } while (!fine);
}

static void draw_formats(random_group *it, random_stream *stream) {
  cds_format of[CDS_FUSED_TENSORS_MAX];
  for (unsigned t = 0; t < CDS_FUSED_TENSORS_MAX; t++) {
    of[t] = random_chance(stream, 50)
                ? (cds_format){.name = "8 bit", .bits = 8}
                : (cds_format){.name = "11 bit", .bits = 11};
  }
  for (unsigned s = 0; s < it->stages; s++) {
    cds_einsum *einsum = &it->einsum[s];
    for (unsigned t = 0; t < einsum->tensors; t++) {
      einsum->tensor[t].format = of[it->same[s][t]];
    }
    einsum->tensor[einsum->tensors - 1].accumulator =
        random_chance(stream, 50) ? (cds_format){.name = "24 bit", .bits = 24}
                                  : (cds_format){.name = "29 bit", .bits = 29};
  }
}

/* ---- the group that the names give -------------------------------------- */

static unsigned group_rank(cds_fused_group *group, const cds_rank *rank) {
  for (unsigned r = 0; r < group->ranks; r++) {
    if (strcmp(group->rank[r].name, rank->name) == 0) {
      return r;
    }
  }
  group->rank[group->ranks] = *rank;
  return group->ranks++;
}

static unsigned group_tensor(cds_fused_group *group, const char *name) {
  for (unsigned t = 0; t < group->tensors; t++) {
    if (strcmp(group->tensor[t].name, name) == 0) {
      return t;
    }
  }
  group->tensor[group->tensors] =
      (cds_fused_tensor){.name = name, .maker = CDS_STAGES_MAX};
  return group->tensors++;
}

static void join_stage(random_group *it, unsigned s) {
  cds_fused_group *group = &it->group;
  const cds_einsum *einsum = &it->einsum[s];
  cds_fused_einsum *stage = &group->stage[s];
  stage->einsum = einsum;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    stage->rank[r] = group_rank(group, &einsum->rank[r]);
  }
  for (unsigned t = 0; t < einsum->tensors; t++) {
    const unsigned known = group->tensors;
    const unsigned at = group_tensor(group, einsum->tensor[t].name);
    cds_fused_tensor *tensor = &group->tensor[at];
    stage->tensor[t] = it->same[s][t] = at;
    tensor->first = at == known ? s : tensor->first;
    tensor->last = s;
    tensor->maker = t == einsum->tensors - 1 ? s : tensor->maker;
  }
}

static void join(random_group *it, unsigned kept, random_stream *stream) {
  it->group.stages = it->stages;
  for (unsigned s = 0; s < it->stages; s++) {
    join_stage(it, s);
  }
  for (unsigned t = 0; t < it->group.tensors; t++) {
    cds_fused_tensor *tensor = &it->group.tensor[t];
    const bool used = tensor->maker < tensor->last;
    if (used && kept > 0 && random_chance(stream, kept)) {
      it->kept |= 1U << t;
      it->shows |= GROUP_KEPT;
    } else if (used) {
      tensor->intermediate = true;
    }
    it->shows |= used && tensor->last > tensor->maker + 1 ? GROUP_SKIPS : 0U;
  }
}

/* ---- outer nodes --------------------------------------------------------- */

/* Whether stage s has the rank: in its output, in a reduction, or not. */
typedef enum part { PART_NONE, PART_REDUCED, PART_KEPT } part;
static part part_of(const random_group *it, unsigned s, unsigned rank) {
  const cds_einsum *einsum = &it->einsum[s];
  for (unsigned r = 0; r < einsum->ranks; r++) {
    if (it->group.stage[s].rank[r] == rank) {
      return cds_tensor_has_rank(&einsum->tensor[einsum->tensors - 1], r)
                 ? PART_KEPT
                 : PART_REDUCED;
    }
  }
  return PART_NONE;
}

/* Whether the rank is on an axis of a tensor that is made in the group, or that
 * several stages have, and that stage s has with windows; or is made there. */
static bool of_windows(const random_group *it, unsigned s, unsigned rank) {
  const cds_einsum *einsum = &it->einsum[s];
  for (unsigned t = 0; t + 1 < einsum->tensors; t++) {
    const cds_fused_tensor *tensor = &it->group.tensor[it->same[s][t]];
    if (tensor->maker >= s || !cds_tensor_has_windows(einsum, t)) {
      continue;
    }
    for (unsigned u = 0; u <= s; u++) {
      for (unsigned r = 0; r < it->einsum[u].ranks; r++) {
        const char letter = it->einsum[u].rank[r].name[0];
        if (it->group.stage[u].rank[r] == rank &&
            strchr("pqrsuv", letter) != NULL) {
          return true;
        }
      }
    }
  }
  return false;
}

/* Whether the rows of an operation have the rank. */
static bool in_row(const random_group *it, unsigned s, unsigned rank) {
  const cds_einsum *einsum = &it->einsum[s];
  const cds_tensor *result = &einsum->tensor[einsum->tensors - 1];
  bool has = false;
  for (unsigned a = 0; a < result->axes; a++) {
    has =
        has || ((it->other[s].row_axes >> a & 1U) != 0 &&
                it->group.stage[s].rank[result->axis[a].term[0].rank] == rank);
  }
  return has;
}

/* The rules of spec/fusion.h: what is used in the group is complete, and makers
 * of what leaves it have the rank. */
static bool may_loop(const random_group *it, unsigned rank) {
  for (unsigned s = 0; s < it->stages; s++) {
    if (of_windows(it, s, rank) ||
        (it->other[s].reduces && in_row(it, s, rank))) {
      return false;
    }
    const cds_fused_tensor *made =
        &it->group.tensor[it->same[s][it->einsum[s].tensors - 1]];
    const part has = part_of(it, s, rank);
    if ((has == PART_REDUCED && made->last > s) ||
        (has == PART_NONE && !made->intermediate)) {
      return false;
    }
  }
  return true;
}

/* Multiply-accumulates of all passes. */
static uint64_t work(const random_group *it, const uint64_t *left,
                     uint64_t passes) {
  uint64_t sum = 0;
  for (unsigned s = 0; s < it->stages; s++) {
    uint64_t product = passes;
    for (unsigned r = 0; r < it->einsum[s].ranks; r++) {
      product *= left[it->group.stage[s].rank[r]];
    }
    sum += product;
  }
  return sum;
}

/* The rank of the softmax's rows. */
static unsigned row_rank(const random_group *it) {
  const cds_einsum *shape = &it->einsum[it->softmax];
  return it->group.stage[it->softmax].rank[shape->ranks - 1];
}

static bool of_mask(const random_group *it, unsigned rank) {
  const cds_fused_mask *mask = &it->group.mask;
  return mask->here && (rank == mask->query || rank == mask->key);
}

static void draw_loops(random_group *it, random_stream *stream) {
  cds_fused_mapping *mapping = &it->mapping;
  uint64_t left[CDS_FUSED_RANKS_MAX], passes = 1;
  for (unsigned r = 0; r < it->group.ranks; r++) {
    left[r] = it->group.rank[r].size;
  }
  const unsigned wanted = random_below(stream, LOOPS_MAX + 1);
  for (unsigned tries = 0; tries < 20 && mapping->outer.nodes < wanted;
       tries++) {
    const bool tiles =
        it->softmax < CDS_STAGES_MAX && random_chance(stream, 30);
    const unsigned any =
        tiles ? row_rank(it) : random_below(stream, it->group.ranks);
    const bool masked = it->group.mask.here && random_chance(stream, 60);
    const unsigned rank = masked ? random_chance(stream, 50)
                                       ? it->group.mask.query
                                       : it->group.mask.key
                                 : any;
    const uint64_t trips =
        2 + random_below(stream, it->group.mask.here ? 5 : 3);
    if (left[rank] % trips != 0 || !may_loop(it, rank) ||
        (of_mask(it, rank) && left[rank] < it->group.rank[rank].size)) {
      continue;
    }
    left[rank] /= trips;
    if (work(it, left, passes * trips) > WORK_MAX) {
      left[rank] *= trips;
      continue;
    }
    passes *= trips;
    mapping->outer.node[mapping->outer.nodes++] =
        (cds_outer_node){.kind = CDS_OUTER_FOR, .rank = rank, .trips = trips};
    for (unsigned s = 0; s < it->stages; s++) {
      const part has = part_of(it, s, rank);
      it->shows |= has == PART_NONE ? GROUP_RECOMPUTED : 0U;
      it->shows |= has == PART_REDUCED ? GROUP_ROUNDS : 0U;
    }
  }
  it->shows |= mapping->outer.nodes > 2 ? GROUP_SEVERAL : 0U;
}

static void insert_hold(cds_fused_mapping *mapping, unsigned place,
                        unsigned tensor, unsigned level) {
  memmove(&mapping->outer.node[place + 1], &mapping->outer.node[place],
          (mapping->outer.nodes - place) * sizeof *mapping->outer.node);
  mapping->outer.node[place] = (cds_outer_node){
      .kind = CDS_OUTER_HOLD, .tensor = tensor, .level = level};
  mapping->outer.nodes++;
}

/* Whether a tile of the last product's output there would come back for further
 * keys with queries that have all theirs: some loop on a rank of it stands
 * before, after that on keys, and that on queries stands behind. */
static bool results_return(const random_group *it, unsigned tensor,
                           unsigned place) {
  const cds_fused_mask *mask = &it->group.mask;
  const unsigned last = it->stages - 1;
  bool keys = false, replaced = false, queries = false;
  if (!mask->here || tensor != it->same[last][it->einsum[last].tensors - 1]) {
    return false;
  }
  for (unsigned n = 0; n < it->mapping.outer.nodes; n++) {
    const cds_outer_node *node = &it->mapping.outer.node[n];
    if (node->kind == CDS_OUTER_FOR && n < place) {
      replaced =
          replaced || (keys && part_of(it, last, node->rank) == PART_KEPT);
      keys = keys || node->rank == mask->key;
    } else if (node->kind == CDS_OUTER_FOR) {
      queries = queries || node->rank == mask->query;
    }
  }
  return replaced && queries;
}

static void draw_holds(random_group *it, unsigned levels,
                       random_stream *stream) {
  cds_fused_mapping *mapping = &it->mapping;
  const unsigned busy = 20 + random_below(stream, 80);
  unsigned used = 0;
  for (unsigned t = 0; t < it->group.tensors; t++) {
    const cds_fused_tensor *tensor = &it->group.tensor[t];
    const unsigned level = 1 + random_below(stream, levels);
    const bool added = it->arch.level[0].accumulate &&
                       cds_fused_sums_go_on(&it->group, &mapping->outer, t);
    const bool kept =
        tensor->maker == tensor->first && tensor->last > tensor->first;
    const bool rows = it->other[tensor->first].kind != NULL && !kept;
    if (!tensor->intermediate && !added && !rows &&
        random_chance(stream, busy)) {
      /* Outputs behind all loops often, so that sums come back. */
      const bool behind =
          tensor->maker != CDS_STAGES_MAX && random_chance(stream, 60);
      const unsigned place =
          behind ? mapping->outer.nodes
                 : random_below(stream, mapping->outer.nodes + 1);
      insert_hold(mapping, results_return(it, t, place) ? 0 : place, t, level);
      used |= 1U << level;
      const bool shared =
          tensor->maker == CDS_STAGES_MAX && tensor->last > tensor->first;
      it->shows |= shared ? GROUP_SHARED : 0U;
      it->tail_shows |=
          it->other[tensor->first].kind != NULL ? TAIL_KEPT_HOME : 0U;
    }
  }
  /* Behind all loops; among other holds there anywhere. */
  for (unsigned t = 0; t < it->group.tensors; t++) {
    if (it->group.tensor[t].intermediate) {
      const unsigned level = 1 + random_below(stream, levels);
      unsigned place = mapping->outer.nodes;
      while (place > 0 &&
             mapping->outer.node[place - 1].kind == CDS_OUTER_HOLD &&
             random_chance(stream, 30)) {
        place--;
      }
      insert_hold(mapping, place, t, level);
      used |= 1U << level;
    }
  }
  it->shows |= (used & (used - 1)) != 0 ? GROUP_DEEP : 0U;
}

/* ---- structure and nests ------------------------------------------------- */

/* Levels below the outermost one and above all arrays. */
static unsigned home_levels(const cds_arch *arch) {
  unsigned levels = 0;
  while (levels + 1 < arch->levels && arch->level[levels + 1].depth == 0) {
    levels++;
  }
  return levels;
}

static void draw_arch(random_group *it, random_case *drawn,
                      random_stream *stream) {
  do {
    memset(&drawn->arch, 0, sizeof drawn->arch);
    random_case_arch(drawn, stream);
  } while (home_levels(&drawn->arch) == 0);
  random_case_networks(drawn);
  it->arch = drawn->arch;
  for (unsigned l = 0; l < it->arch.levels; l++) {
    it->arch.level[l].buffering =
        random_chance(stream, 40) ? CDS_BUFFER_SINGLE : CDS_BUFFER_DOUBLE;
    it->shows |=
        l > 0 && it->arch.level[l].position == it->arch.level[l - 1].position
            ? GROUP_BESIDE
            : 0U;
  }
  it->shows |= it->arch.level[0].accumulate ? GROUP_ADDS : 0U;
}

static unsigned home_of(const random_group *it, unsigned tensor) {
  for (unsigned n = 0; n < it->mapping.outer.nodes; n++) {
    const cds_outer_node *node = &it->mapping.outer.node[n];
    if (node->kind == CDS_OUTER_HOLD && node->tensor == tensor) {
      return node->level;
    }
  }
  return 0;
}

static void draw_nest(random_group *it, unsigned s, bool uneven,
                      random_case *scratch, random_stream *stream) {
  memset(scratch, 0, sizeof *scratch);
  scratch->einsum = it->einsum[s];
  scratch->arch = it->arch;
  for (unsigned n = 0; n < it->mapping.outer.nodes; n++) {
    const cds_outer_node *node = &it->mapping.outer.node[n];
    for (unsigned r = 0; r < it->einsum[s].ranks; r++) {
      if (node->kind == CDS_OUTER_FOR &&
          it->group.stage[s].rank[r] == node->rank) {
        scratch->einsum.rank[r].size /= node->trips;
      }
    }
  }
  unsigned home[CDS_TENSORS_MAX] = {0};
  for (unsigned t = 0; t < it->einsum[s].tensors; t++) {
    home[t] = home_of(it, it->same[s][t]);
  }
  random_case_nest(scratch, home, uneven, stream);
  it->mapping.inner[s] = scratch->mapping;
  it->shows |= (scratch->shows & CASE_INTERLEAVED) != 0 ? GROUP_INTERLEAVED : 0;
  it->shows |= cds_mapping_perfect(&scratch->mapping, &scratch->einsum)
                   ? 0U
                   : GROUP_UNEVEN;
  for (unsigned n = 0; n < scratch->mapping.nodes; n++) {
    const cds_node *node = &scratch->mapping.node[n];
    if (node->kind == CDS_SPREAD && node->trips > 1) {
      it->shows |= GROUP_ARRAY;
      it->shows |= it->arch.array[node->array].network == CDS_NETWORK_BUS
                       ? 0U
                       : GROUP_LINKS;
    }
  }
}

static bool has_windows(const random_group *it) {
  for (unsigned s = 0; s < it->stages; s++) {
    for (unsigned t = 0; t < it->einsum[s].tensors; t++) {
      if (cds_tensor_has_windows(&it->einsum[s], t)) {
        return true;
      }
    }
  }
  return false;
}

/* The unit of the operation works where its operand and its result are at
 * home, and the output of the product that follows, if that is at home. */
static void place_softmax(random_group *it, unsigned levels,
                          random_stream *stream) {
  const unsigned at = 1 + random_below(stream, levels);
  const unsigned *own = it->same[it->softmax];
  const unsigned output =
      it->same[it->stages - 1][it->einsum[it->stages - 1].tensors - 1];
  for (unsigned n = 0; n < it->mapping.outer.nodes; n++) {
    cds_outer_node *node = &it->mapping.outer.node[n];
    if (node->kind == CDS_OUTER_HOLD &&
        (node->tensor == own[0] || node->tensor == own[1] ||
         node->tensor == output)) {
      node->level = at;
    }
  }
  it->arch.vectors = 1;
  it->arch.vector[0] = (cds_vector){
      .name = "VU", .level = at, .lanes = 1U << random_below(stream, 4)};
}

/* Likewise: where all tensors of operations are at home. */
static void place_operations(random_group *it, unsigned levels,
                             random_stream *stream) {
  const unsigned at = 1 + random_below(stream, levels);
  bool any = false;
  for (unsigned s = 0; s < it->stages; s++) {
    for (unsigned n = 0;
         it->other[s].kind != NULL && n < it->mapping.outer.nodes; n++) {
      cds_outer_node *node = &it->mapping.outer.node[n];
      for (unsigned t = 0; t < it->einsum[s].tensors; t++) {
        const bool own =
            node->kind == CDS_OUTER_HOLD && node->tensor == it->same[s][t];
        node->level = own ? at : node->level;
      }
    }
    any = any || it->other[s].kind != NULL;
  }
  it->arch.vectors = any ? 1 : it->arch.vectors;
  if (any) {
    it->arch.vector[0] = (cds_vector){
        .name = "VU", .level = at, .lanes = 1U << random_below(stream, 4)};
  }
}

/* Operations, once sizes and formats are known. */
static void make_operations(random_group *it) {
  for (unsigned s = 0; s < it->stages; s++) {
    const cds_einsum *shape = &it->einsum[s];
    const uint32_t axes = it->other[s].row_axes;
    const cds_precision formats = {.weights = {.name = "7 bit", .bits = 7},
                                   .activations = {.name = "9 bit", .bits = 9},
                                   .accumulator = *cds_format_find("fp32")};
    cds_operation_size size = {.rows = 1, .length = 1};
    if (it->other[s].kind == NULL) {
      continue;
    }
    const cds_tensor *result = &shape->tensor[shape->tensors - 1];
    for (unsigned a = 0; a < result->axes; a++) {
      *((axes >> a & 1U) != 0 ? &size.length : &size.rows) *=
          shape->rank[result->axis[a].term[0].rank].size;
    }
    if (cds_operation_make(&it->other[s],
                           cds_operation_kind_find(it->other[s].kind), &size,
                           &formats) != CDS_OK) {
      abort();
    }
    cds_operation *made = &it->other[s];
    made->row_axes = axes;
    unsigned t = 0;
    for (unsigned i = 0; i < made->inputs; i++) {
      if (cds_operation_takes_rows(made, i)) {
        made->input[i].format = shape->tensor[t++].format;
      }
    }
    made->output.format = result->format;
    it->group.stage[s].operation = made;
  }
}

/* Positions of all axes. */
static uint64_t box(const cds_einsum *einsum, unsigned t) {
  uint64_t positions = 1;
  for (unsigned a = 0; a < einsum->tensor[t].axes; a++) {
    uint64_t length = 1;
    for (unsigned i = 0; i < einsum->tensor[t].axis[a].terms; i++) {
      const cds_term *term = &einsum->tensor[t].axis[a].term[i];
      length += term->coefficient * (einsum->rank[term->rank].size - 1);
    }
    positions *= length;
  }
  return positions;
}

/* What operations and windows show. */
static void look_at_tails(random_group *it) {
  for (unsigned s = 0; s < it->stages; s++) {
    const cds_operation *made = &it->other[s];
    const cds_einsum *shape = &it->einsum[s];
    for (unsigned i = 0; made->kind != NULL && i < made->inputs; i++) {
      it->tail_shows |= made->input[i].row_words == 0 ? TAIL_PARAMETERS : 0U;
      it->tail_shows |= made->input[i].row_words == 1 ? TAIL_VALUES : 0U;
    }
    const cds_fused_tensor *result =
        &it->group.tensor[it->same[s][shape->tensors - 1]];
    for (unsigned t = 0; t + 1 < shape->tensors; t++) {
      const unsigned maker = it->group.tensor[it->same[s][t]].maker;
      const bool made_here = maker < s;
      it->tail_shows |= made->kind != NULL && !made_here ? TAIL_OUTSIDE : 0U;
      it->tail_shows |= made_here && it->other[maker].kind != NULL &&
                                maker + 1 < s &&
                                (it->kept >> it->same[s][t] & 1U) != 0
                            ? TAIL_KEPT
                            : 0U;
      it->tail_shows |= made->kind != NULL && !made_here &&
                                it->group.tensor[it->same[s][t]].first < s &&
                                home_of(it, it->same[s][t]) > 0
                            ? TAIL_SHARED
                            : 0U;
      it->tail_shows |=
          made->kind == NULL && made_here && it->other[maker].kind != NULL
              ? TAIL_HANDED
              : 0U;
      const bool slides = made_here && cds_tensor_has_windows(shape, t);
      it->tail_shows |= slides ? TAIL_SLIDES : 0U;
      it->tail_shows |=
          slides && box(shape, t) >
                        box(&it->einsum[maker], it->einsum[maker].tensors - 1)
              ? TAIL_PADDING
              : 0U;
    }
    it->tail_shows |= made->reduces ? TAIL_REDUCES : 0U;
    it->tail_shows |=
        made->kind != NULL && !result->intermediate ? TAIL_LEAVES : 0U;
    for (unsigned n = 0; made->kind != NULL && n < it->mapping.outer.nodes;
         n++) {
      const cds_outer_node *node = &it->mapping.outer.node[n];
      it->tail_shows |= node->kind == CDS_OUTER_FOR && in_row(it, s, node->rank)
                            ? TAIL_CUT
                            : 0U;
    }
  }
}

static void find_softmax(random_group *it) {
  it->softmax = CDS_STAGES_MAX;
  for (unsigned s = 0; s < it->stages; s++) {
    it->softmax = it->einsum[s].tensors == 2 ? s : it->softmax;
  }
  it->operation = (cds_operation){.kind = "softmax", .reduces = true};
  it->group.stage[it->softmax].operation = &it->operation;
}

/* Whether queries of several tiles stand beside queries of one where a level
 * adds sums. */
static bool adds_unequally(const random_group *it) {
  const cds_fused_mask *mask = &it->group.mask;
  uint64_t queries = mask->here ? it->group.rank[mask->query].size : 0;
  uint64_t keys = mask->here ? it->group.rank[mask->key].size : 0;
  const uint64_t all = keys;
  for (unsigned n = 0; n < it->mapping.outer.nodes; n++) {
    const cds_outer_node *node = &it->mapping.outer.node[n];
    queries /= mask->here && node->rank == mask->query ? node->trips : 1;
    keys /= mask->here && node->rank == mask->key ? node->trips : 1;
  }
  return keys < all && queries + mask->offset <= keys;
}

static void draw_mapping(random_group *out, random_case *scratch,
                         random_stream *stream) {
  draw_loops(out, stream);
  for (unsigned l = 0; l < out->arch.levels && adds_unequally(out); l++) {
    out->arch.level[l].accumulate = false;
  }
  draw_holds(out, home_levels(&out->arch), stream);
  if (out->softmax < CDS_STAGES_MAX) {
    place_softmax(out, home_levels(&out->arch), stream);
  }
  const bool windows = has_windows(out);
  const bool uneven = random_chance(stream, 20);
  for (unsigned k = 0; k < out->arch.arrays && uneven && windows; k++) {
    out->arch.array[k].network = CDS_NETWORK_BUS; /* nothing else is counted */
  }
  place_operations(out, home_levels(&out->arch), stream);
  for (unsigned s = 0; s < out->stages; s++) {
    if (s != out->softmax && out->other[s].kind == NULL) {
      draw_nest(out, s, uneven, scratch, stream);
    }
  }
  out->shows |= windows ? GROUP_WINDOWS : 0U;
}

/* Queries are any rank of the softmax but the row's; its keys none beyond the
 * last query's. */
static void draw_mask(random_group *it, random_stream *stream) {
  const cds_einsum *shape = &it->einsum[it->softmax];
  const unsigned query = random_below(stream, shape->ranks - 1);
  const uint64_t queries = shape->rank[query].size;
  const uint64_t keys = shape->rank[shape->ranks - 1].size;
  const bool tight = random_chance(stream, 60);
  it->group.mask =
      (cds_fused_mask){.here = true,
                       .query = it->group.stage[it->softmax].rank[query],
                       .key = row_rank(it),
                       .offset = (keys > queries ? keys - queries : 0) +
                                 (tight ? 0 : random_below(stream, 4))};
}

/* Strips that are rescaled are at home. */
static bool may_pipeline(const random_group *it) {
  const cds_outer *outer = &it->mapping.outer;
  bool tiled = false, home = false;
  for (unsigned n = 0; n < outer->nodes; n++) {
    const cds_outer_node *node = &outer->node[n];
    const bool loop = node->kind == CDS_OUTER_FOR;
    tiled = tiled || (loop && node->rank == row_rank(it) && node->trips > 1);
    home =
        home ||
        (!loop &&
         node->tensor ==
             it->same[it->stages - 1][it->einsum[it->stages - 1].tensors - 1]);
  }
  return !tiled || home;
}

static void make(random_group *out, const char *const *chain,
                 random_stream *stream) {
  random_case *scratch = calloc(1, sizeof *scratch);
  if (scratch == NULL) {
    abort();
  }
  const char digit[2] = {(char)('1' + random_below(stream, 3)),
                         (char)('1' + random_below(stream, 2))};
  const bool softmax = out->softmax < CDS_STAGES_MAX;
  while (out->stages < STAGES && chain[out->stages] != NULL) {
    read_stage(out, out->stages, chain[out->stages], digit);
    read_kind(out, out->stages, chain[out->stages]);
    out->stages++;
  }
  draw_sizes(out, stream);
  join(out, out->sums ? 30 : softmax || out->tails ? 0 : 12, stream);
  if (softmax) {
    find_softmax(out);
  }
  if (out->group.mask.here) {
    draw_mask(out, stream);
  }
  draw_formats(out, stream);
  make_operations(out);
  scratch->seed = out->seed;
  scratch->number = out->number;
  draw_arch(out, scratch, stream);
  draw_mapping(out, scratch, stream);
  out->mapping.outer.pipelined =
      random_chance(stream, 40) && (!softmax || may_pipeline(out));
  out->shows |= out->mapping.outer.pipelined ? GROUP_PIPELINED : 0U;
  out->shows |= out->stages > 2 ? GROUP_THREE : 0U;
  out->shows |= out->stages > 3 ? GROUP_FOUR : 0U;
  free(scratch);
}

/* A group of which nothing is known yet; `softmax`: its stage. */
static void begin(random_group *out, uint64_t seed, uint64_t number,
                  unsigned softmax) {
  memset(out, 0, sizeof *out);
  out->seed = seed;
  out->number = number;
  out->softmax = softmax;
}

void random_group_make(random_group *out, uint64_t seed, uint64_t number) {
  random_stream stream = random_start(seed + 4000, number);
  begin(out, seed, number, CDS_STAGES_MAX);
  make(out, chains[random_below(&stream, CHAINS)], &stream);
}

void random_tail_make(random_group *out, uint64_t seed, uint64_t number) {
  random_stream stream = random_start(seed + 7000, number);
  begin(out, seed, number, CDS_STAGES_MAX);
  out->tails = true;
  make(out, tails[random_below(&stream, TAILS)], &stream);
  look_at_tails(out);
}

void random_sum_make(random_group *out, uint64_t seed, uint64_t number) {
  random_stream stream = random_start(seed + 8000, number);
  begin(out, seed, number, CDS_STAGES_MAX);
  out->sums = true;
  make(out, sums[random_below(&stream, SUMS)], &stream);
  look_at_tails(out);
}

void random_attention_make(random_group *out, uint64_t seed, uint64_t number) {
  random_stream stream = random_start(seed + 5000, number);
  begin(out, seed, number, 0); /* is found */
  make(out, attentions[random_below(&stream, ATTENTIONS)], &stream);
}

/* Outer loops, and those on the ranks of the mask. */
static unsigned count_loops(const random_group *it, bool masked) {
  unsigned loops = 0;
  for (unsigned n = 0; n < it->mapping.outer.nodes; n++) {
    const cds_outer_node *node = &it->mapping.outer.node[n];
    loops +=
        node->kind == CDS_OUTER_FOR && (!masked || of_mask(it, node->rank));
  }
  return loops;
}

/* Most have loops on both ranks of the mask, many of them others, too. */
void random_masked_make(random_group *out, uint64_t seed, uint64_t number) {
  random_stream stream = random_start(seed + 6000, number);
  const unsigned wanted = 1 + random_below(&stream, 4);
  do {
    begin(out, seed, number, 0); /* is found */
    out->group.mask.here = true;
    make(out, attentions[random_below(&stream, ATTENTIONS)], &stream);
  } while (count_loops(out, false) < wanted ||
           (wanted > 1 && count_loops(out, true) < 2));
}

void random_group_write(FILE *stream, const random_group *it) {
  fprintf(stream, "group %" PRIu64 " of seed %" PRIu64 "\n  ", it->number,
          it->seed);
  arch_write(stream, &it->arch);
  fputs("\n ", stream);
  for (unsigned n = 0; n < it->mapping.outer.nodes; n++) {
    const cds_outer_node *node = &it->mapping.outer.node[n];
    if (node->kind == CDS_OUTER_FOR) {
      fprintf(stream, " for %s %" PRIu64 ",", it->group.rank[node->rank].name,
              node->trips);
    } else {
      fprintf(stream, " hold %s at %s,", it->group.tensor[node->tensor].name,
              it->arch.level[node->level].name);
    }
  }
  for (unsigned t = 0; t < it->group.tensors; t++) {
    if ((it->kept >> t & 1U) != 0) {
      fprintf(stream, " keep %s,", it->group.tensor[t].name);
    }
  }
  const cds_fused_mask *mask = &it->group.mask;
  if (mask->here) {
    fprintf(stream, " keys %s up to queries %s + %" PRIu64,
            it->group.rank[mask->key].name, it->group.rank[mask->query].name,
            mask->offset);
  }
  for (unsigned s = 0; s < it->stages; s++) {
    fprintf(stream, "\n  %s ",
            it->other[s].kind == NULL ? "" : it->other[s].kind);
    einsum_write(stream, &it->einsum[s]);
    fputs("\n    ", stream);
    nest_write(stream, &it->mapping.inner[s], &it->arch, &it->einsum[s]);
  }
  fputs("\n", stream);
}
