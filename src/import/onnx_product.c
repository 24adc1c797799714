/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MatMul and Gemm, plain and quantised: matmul and batched_matmul. */
#include "import/onnx_product.h"

#include <string.h>

/* ---- operands ----------------------------------------------------------- */

bool cds_onnx_is_quantized(const cds_onnx_call *call) {
  return strcmp(call->op->kind, "quantized") == 0;
}

const cds_onnx_value *cds_onnx_second(const cds_onnx_call *call) {
  return call->in[cds_onnx_is_quantized(call) ? 3 : 1];
}

int cds_onnx_result_type(const cds_onnx_call *call) {
  return cds_onnx_is_quantized(call)              ? call->in[7]->type
         : strcmp(call->op->kind, "integer") == 0 ? CDS_ONNX_INT32
                                                  : call->in[0]->type;
}

/* ---- products of matrices ----------------------------------------------- */

/* What a second operand is that is computed: keys and values of earlier tokens
 * stand in a cache. */
const char *cds_onnx_role(const cds_onnx_value *value) {
  return value->constant ? ""
         : value->cache  ? ", roles: {W: kv}"
                         : ", roles: {W: activation}";
}

cds_status cds_onnx_add_product(cds_onnx_call *call, cds_onnx_product p,
                                const cds_onnx_value *x,
                                const cds_onnx_value *w) {
  if (x->constant && !w->constant) { /* the transposed product is the same */
    const cds_onnx_value *weights = x;
    const uint64_t m = p.m;
    x = w;
    w = weights;
    p.m = p.n;
    p.n = m;
  }
  const char *types = cds_onnx_types(call, w->type, x->type);
  const char *role = cds_onnx_role(w);
  cds_arena *arena = call->graph->reader->arena;
  const char *body =
      p.b == 1
          ? cds_arena_printf(arena, "matmul: {m: %llu, n: %llu, k: %llu}%s",
                             (unsigned long long)p.m, (unsigned long long)p.n,
                             (unsigned long long)p.k, role)
          : cds_arena_printf(
                arena, "batched_matmul: {b: %llu, m: %llu, n: %llu, k: %llu}%s",
                (unsigned long long)p.b, (unsigned long long)p.m,
                (unsigned long long)p.n, (unsigned long long)p.k, role);
  return cds_onnx_add(call, "", w, types, body);
}

/* The shapes of MatMul's operands as matrices: vectors get an axis. */
static void as_matrices(cds_onnx_shape *a, cds_onnx_shape *b) {
  if (a->rank == 1) {
    *a = (cds_onnx_shape){2, {1, a->dim[0]}};
  }
  if (b->rank == 1) {
    *b = (cds_onnx_shape){2, {b->dim[0], 1}};
  }
}

/* The axis of a batch dimension, counted from the last of them; 1: none. */
static uint64_t batch_dim(const cds_onnx_shape *shape, unsigned from_end) {
  return from_end + 2 < shape->rank ? shape->dim[shape->rank - 3 - from_end]
                                    : 1;
}

cds_status cds_onnx_infer_matmul(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0], *y = cds_onnx_second(call);
  cds_onnx_shape a = x->shape, b = y->shape;
  if (a.rank == 0 || b.rank == 0) {
    return cds_onnx_wrong(call, "an operand is a single number: expected a "
                                "vector or matrices");
  }
  as_matrices(&a, &b);
  if (a.dim[a.rank - 1] != b.dim[b.rank - 2]) {
    return cds_onnx_wrong(call,
                          "products of %llu and %llu numbers: expected "
                          "operands that fit",
                          (unsigned long long)a.dim[a.rank - 1],
                          (unsigned long long)b.dim[b.rank - 2]);
  }
  cds_onnx_shape out = {.rank = a.rank > b.rank ? a.rank : b.rank};
  for (unsigned axis = 0; axis + 2 < out.rank; axis++) {
    const uint64_t p = batch_dim(&a, axis), q = batch_dim(&b, axis);
    if (p != q && p != 1 && q != 1) {
      return cds_onnx_wrong(call,
                            "batch dimensions %llu and %llu: expected "
                            "equal ones or 1",
                            (unsigned long long)p, (unsigned long long)q);
    }
    out.dim[out.rank - 3 - axis] = p == 1 ? q : p;
  }
  out.dim[out.rank - 2] = a.dim[a.rank - 2];
  out.dim[out.rank - 1] = b.dim[b.rank - 1];
  if (x->shape.rank == 1) {
    out.dim[out.rank - 2] = out.dim[out.rank - 1];
  }
  out.rank -= x->shape.rank == 1 ? 1U : 0U;
  out.rank -= y->shape.rank == 1 ? 1U : 0U;
  return cds_onnx_set(call, 0, cds_onnx_result_type(call), &out);
}

cds_status cds_onnx_cost_matmul(cds_onnx_call *call) {
  cds_onnx_shape a = call->in[0]->shape, b = cds_onnx_second(call)->shape;
  as_matrices(&a, &b);
  cds_onnx_product p = {1, a.dim[a.rank - 2], b.dim[b.rank - 1],
                        a.dim[a.rank - 1]};
  for (unsigned axis = 0; axis + 2 < a.rank || axis + 2 < b.rank; axis++) {
    const uint64_t q = batch_dim(&a, axis), r = batch_dim(&b, axis);
    if (q > 1 && r > 1) {
      p.b *= q;
    } else {
      p.m *= q;
      p.n *= r;
    }
  }
  if (p.k == 0) {
    return CDS_OK; /* sums of nothing */
  }
  return cds_onnx_add_product(call, p, call->in[0], cds_onnx_second(call));
}

static cds_onnx_product gemm_sizes(const cds_onnx_call *call) {
  const cds_onnx_shape *a = &call->in[0]->shape, *b = &call->in[1]->shape;
  const bool turn_a = cds_onnx_int(call, "transA", 0) != 0;
  const bool turn_b = cds_onnx_int(call, "transB", 0) != 0;
  return (cds_onnx_product){1, a->dim[turn_a], b->dim[!turn_b],
                            a->dim[!turn_a]};
}

cds_status cds_onnx_infer_gemm(cds_onnx_call *call) {
  const cds_onnx_shape *a = &call->in[0]->shape, *b = &call->in[1]->shape;
  if (a->rank != 2 || b->rank != 2) {
    return cds_onnx_wrong(call,
                          "operands of %u and %u dimensions: expected "
                          "matrices",
                          a->rank, b->rank);
  }
  const cds_onnx_product p = gemm_sizes(call);
  if (b->dim[cds_onnx_int(call, "transB", 0) != 0] != p.k) {
    return cds_onnx_wrong(call,
                          "the operands do not fit: expected sums of "
                          "%llu products",
                          (unsigned long long)p.k);
  }
  const cds_onnx_shape out = {2, {p.m, p.n}};
  return cds_onnx_set(call, 0, call->in[0]->type, &out);
}

cds_status cds_onnx_cost_gemm(cds_onnx_call *call) {
  const cds_onnx_product p = gemm_sizes(call);
  if (p.k > 0) {
    CDS_TRY(cds_onnx_add_product(call, p, call->in[0], call->in[1]));
  }
  const cds_onnx_value *bias = cds_onnx_in(call, 2);
  return bias == NULL || cds_onnx_float(call, "beta", 1) == 0
             ? CDS_OK
             : cds_onnx_binary(call, ".bias", "add", call->out[0], bias);
}
