/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the unit does with a row, one primitive at a time, and the formula that
 * its result must obey. Formulas: Vaswani et al. 2017 (softmax), Ba et al. 2016
 * (layer norm), Zhang and Sennrich 2019 (RMS norm), Su et al. 2021 (RoPE),
 * Hendrycks and Gimpel 2016 (GELU, SiLU).
 */
#include "support/run_unit.h"

#include <math.h>
#include <string.h>

#include "support/run_elements.h"

static const double epsilon = 1e-5;
static const double lrn_alpha = 0.1, lrn_k = 2; /* any */
static const double cap = 3;

/* ---- primitives ---- */

static double add(run_operation *it, double a, double b) {
  it->primitive[RUN_ADD]++;
  return a + b;
}

static double mul(run_operation *it, double a, double b) {
  it->primitive[RUN_MUL]++;
  return a * b;
}

static double larger(run_operation *it, double a, double b) {
  it->primitive[RUN_MAX]++;
  return a > b ? a : b;
}

static double exponential(run_operation *it, double a) {
  it->primitive[RUN_EXP]++;
  return exp(a);
}

static double reciprocal(run_operation *it, double a) {
  it->primitive[RUN_RECIP]++;
  return 1 / a;
}

static double inverse_root(run_operation *it, double a) {
  it->primitive[RUN_RSQRT]++;
  return 1 / sqrt(a);
}

/* ---- rows ---- */

static void unit_softmax(run_operation *it, unsigned row) {
  double most = 0;
  double sum = 0;
  for (unsigned i = 0; i < it->length; i++) {
    const double x = run_read(it, 0, row, i);
    const double before = most;
    most = i == 0 ? x : larger(it, most, x);
    if (i > 0 && most > before) {
      sum *= exp(before - most);
      it->beyond[RUN_ADD]++;
      it->beyond[RUN_EXP]++;
      it->beyond[RUN_MUL]++;
    }
    const double term = exponential(it, add(it, x, -most));
    sum = i == 0 ? term : add(it, sum, term);
  }
  const double scale = reciprocal(it, sum);
  for (unsigned i = 0; i < it->length; i++) {
    const double term = exp(run_read(it, 0, row, i) - most);
    it->beyond[RUN_ADD]++;
    it->beyond[RUN_EXP]++;
    run_write(it, row, i, mul(it, term, scale));
  }
}

static void unit_rmsnorm(run_operation *it, unsigned row) {
  double sum = 0;
  for (unsigned i = 0; i < it->length; i++) {
    const double x = run_read(it, 0, row, i);
    const double square = mul(it, x, x);
    sum = i == 0 ? square : add(it, sum, square);
  }
  const double scale = inverse_root(it, sum / it->length + epsilon);
  it->beyond[RUN_MUL]++;
  it->beyond[RUN_ADD]++;
  for (unsigned i = 0; i < it->length; i++) {
    const double x = mul(it, run_read(it, 0, row, i), scale);
    run_write(it, row, i, mul(it, x, run_read(it, 1, row, i)));
  }
}

static void unit_layernorm(run_operation *it, unsigned row) {
  double sum = 0;
  double squares = 0;
  for (unsigned i = 0; i < it->length; i++) {
    const double x = run_read(it, 0, row, i);
    const double square = mul(it, x, x);
    sum = i == 0 ? x : add(it, sum, x);
    squares = i == 0 ? square : add(it, squares, square);
  }
  const double mean = sum / it->length;
  const double variance = squares / it->length - mean * mean;
  it->beyond[RUN_MUL] += 3;
  it->beyond[RUN_ADD] += 2;
  const double scale = inverse_root(it, variance + epsilon);
  for (unsigned i = 0; i < it->length; i++) {
    const double x = add(it, run_read(it, 0, row, i), -mean);
    const double y = mul(it, mul(it, x, scale), run_read(it, 1, row, i));
    run_write(it, row, i, add(it, y, run_read(it, 2, row, i)));
  }
}

/* Pairs are (i, i + e/2) of each head; a sine and a cosine serve all heads. */
static void unit_rope(run_operation *it, unsigned row) {
  const unsigned half = it->head_dim / 2;
  for (unsigned pair = 0; pair < half; pair++) {
    const double sine = run_read(it, 1, row, pair);
    const double cosine = run_read(it, 1, row, half + pair);
    for (unsigned head = 0; head < it->length; head += it->head_dim) {
      const double a = run_read(it, 0, row, head + pair);
      const double b = run_read(it, 0, row, head + half + pair);
      const double turned = add(it, mul(it, a, cosine), -mul(it, b, sine));
      run_write(it, row, head + pair, turned);
      run_write(it, row, head + half + pair,
                add(it, mul(it, a, sine), mul(it, b, cosine)));
    }
  }
}

static void unit_argmax(run_operation *it, unsigned row) {
  double most = (double)-INFINITY;
  unsigned where = 0;
  for (unsigned i = 0; i < it->length; i++) {
    const double x = run_read(it, 0, row, i);
    where = x > most ? i : where;
    most = larger(it, most, x);
  }
  run_write(it, row, 0, where);
}

static void unit_pool(run_operation *it, unsigned row) {
  const bool most = strcmp(it->kind, "max_pool") == 0;
  double sum = run_read(it, 0, row, 0);
  for (unsigned i = 1; i < it->length; i++) {
    const double x = run_read(it, 0, row, i);
    sum = most ? larger(it, sum, x) : add(it, sum, x);
  }
  run_write(it, row, 0, most ? sum : mul(it, sum, 1.0 / it->length));
}

static void unit_normalize(run_operation *it, unsigned row) {
  double sum = 0;
  for (unsigned i = 0; i < it->length; i++) {
    const double x = run_read(it, 0, row, i);
    sum = i == 0 ? x : add(it, sum, x);
  }
  const double scale = reciprocal(it, sum);
  for (unsigned i = 0; i < it->length; i++) {
    run_write(it, row, i, mul(it, run_read(it, 0, row, i), scale));
  }
}

static void unit_weighted_add(run_operation *it, unsigned row) {
  const double weight = run_read(it, 2, row, 0);
  for (unsigned i = 0; i < it->length; i++) {
    const double x = mul(it, run_read(it, 0, row, i), weight);
    run_write(it, row, i, add(it, x, run_read(it, 1, row, i)));
  }
}

/* Squares of the neighbours outside of the row are zero. */
static void unit_lrn(run_operation *it, unsigned row) {
  double x[RUN_LENGTH + 4] = {0};
  double square[RUN_LENGTH + 4] = {0};
  for (unsigned i = 0; i < it->length; i++) {
    x[i] = run_read(it, 0, row, i);
    square[i + 2] = mul(it, x[i], x[i]);
  }
  for (unsigned i = 0; i < it->length; i++) {
    double sum = square[i];
    for (unsigned k = 1; k < 5; k++) {
      sum = add(it, sum, square[i + k]);
    }
    sum = add(it, mul(it, sum, lrn_alpha), lrn_k);
    const double root = inverse_root(it, sum);
    const double power = mul(it, root, mul(it, root, inverse_root(it, root)));
    run_write(it, row, i, mul(it, x[i], power));
  }
}

static double sigmoid(run_operation *it, double x) {
  return reciprocal(it, add(it, 1, exponential(it, -x)));
}

/* GELU without its half, which the weights that follow take. */
static double twice_gelu(run_operation *it, double x) {
  const double inner = mul(it, x, sqrt(0.5));
  it->primitive[RUN_ERF]++;
  return mul(it, x, add(it, 1, erf(inner)));
}

/* c tanh(x / c) */
static double capped(run_operation *it, double x, double c) {
  const double part =
      reciprocal(it, add(it, 1, exponential(it, mul(it, x, 2 / c))));
  return add(it, c, -mul(it, part, 2 * c));
}

/* Bias, then a residual connection, then a limit, where the kind has them. */
static double after_bias(run_operation *it, unsigned row, unsigned i,
                         double x) {
  double y = add(it, x, run_read(it, 1, row, i));
  y = it->inputs > 2 ? add(it, y, run_read(it, 2, row, i)) : y;
  y = strstr(it->kind, "relu") != NULL ? larger(it, y, 0) : y;
  return strstr(it->kind, "relu6") != NULL ? -larger(it, -y, -6) : y;
}

/* One element of an operation that sees each element alone. */
static double element(run_operation *it, unsigned row, unsigned i) {
  const double x = run_read(it, 0, row, i);
  const char *kind = it->kind;
  if (strncmp(kind, "bias", 4) == 0) {
    return after_bias(it, row, i, x);
  }
  if (strcmp(kind, "scale") == 0) {
    return mul(it, x, 1.5);
  }
  if (strcmp(kind, "sigmoid") == 0) {
    return sigmoid(it, x);
  }
  if (strcmp(kind, "tanh") == 0 || strcmp(kind, "softcap") == 0) {
    return capped(it, x, kind[0] == 't' ? 1 : cap);
  }
  if (strcmp(kind, "add") == 0 || strcmp(kind, "positions") == 0) {
    return add(it, x, run_read(it, 1, row, i));
  }
  if (strcmp(kind, "mul") == 0) {
    return mul(it, x, run_read(it, 1, row, i));
  }
  if (strcmp(kind, "relu") == 0) {
    return larger(it, x, 0);
  }
  if (strcmp(kind, "convert") == 0) {
    it->primitive[RUN_CONVERT]++;
    return nearbyint(x);
  }
  if (strcmp(kind, "gelu") == 0) {
    return twice_gelu(it, x);
  }
  if (strcmp(kind, "gelu_mul") == 0) {
    return mul(it, twice_gelu(it, x), run_read(it, 1, row, i));
  }
  if (strcmp(kind, "silu") == 0) {
    return mul(it, x, sigmoid(it, x));
  }
  if (strcmp(kind, "silu_mul") == 0) {
    const double gate = mul(it, x, sigmoid(it, x));
    return mul(it, gate, run_read(it, 1, row, i));
  }
  return x; /* embedding */
}

/* ---- kinds ---- */

typedef struct run_kind {
  const char *name;
  unsigned inputs;
  run_shape shape[RUN_INPUTS];
  void (*unit)(run_operation *, unsigned); /* NULL: element by element */
} run_kind;

static const run_kind kinds[] = {
    {"add", 2, {RUN_ROW, RUN_ROW}, NULL},
    {"argmax", 1, {RUN_ROW}, unit_argmax},
    {"average_pool", 1, {RUN_ROW}, unit_pool},
    {"bias", 2, {RUN_ROW, RUN_SHARED}, NULL},
    {"bias_add", 3, {RUN_ROW, RUN_SHARED, RUN_ROW}, NULL},
    {"bias_add_relu", 3, {RUN_ROW, RUN_SHARED, RUN_ROW}, NULL},
    {"bias_relu", 2, {RUN_ROW, RUN_SHARED}, NULL},
    {"bias_relu6", 2, {RUN_ROW, RUN_SHARED}, NULL},
    {"convert", 1, {RUN_ROW}, NULL},
    {"embedding", 1, {RUN_PICKED}, NULL},
    {"gelu", 1, {RUN_ROW}, NULL},
    {"gelu_mul", 2, {RUN_ROW, RUN_ROW}, NULL},
    {"layernorm", 3, {RUN_ROW, RUN_SHARED, RUN_SHARED}, unit_layernorm},
    {"lrn", 1, {RUN_ROW}, unit_lrn},
    {"max_pool", 1, {RUN_ROW}, unit_pool},
    {"mul", 2, {RUN_ROW, RUN_ROW}, NULL},
    {"normalize", 1, {RUN_ROW}, unit_normalize},
    {"positions", 2, {RUN_ROW, RUN_PICKED}, NULL},
    {"relu", 1, {RUN_ROW}, NULL},
    {"rmsnorm", 2, {RUN_ROW, RUN_SHARED}, unit_rmsnorm},
    {"rope", 2, {RUN_ROW, RUN_ROW}, unit_rope},
    {"scale", 1, {RUN_ROW}, NULL},
    {"sigmoid", 1, {RUN_ROW}, NULL},
    {"silu", 1, {RUN_ROW}, NULL},
    {"silu_mul", 2, {RUN_ROW, RUN_ROW}, NULL},
    {"softcap", 1, {RUN_ROW}, NULL},
    {"softmax", 1, {RUN_ROW}, unit_softmax},
    {"tanh", 1, {RUN_ROW}, NULL},
    {"weighted_add", 3, {RUN_ROW, RUN_ROW, RUN_ROW}, unit_weighted_add},
};

static const run_kind *find(const char *name) {
  for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    if (strcmp(kinds[k].name, name) == 0) {
      return &kinds[k];
    }
  }
  return NULL;
}

bool run_operation_shape(run_operation *it, const char *kind, unsigned rows,
                         unsigned length, unsigned head_dim) {
  const run_kind *found = find(kind);
  if (found == NULL) {
    return run_elements_shape(it, kind, rows, length);
  }
  memset(it, 0, sizeof *it);
  it->kind = found->name;
  it->rows = rows;
  it->length = length;
  it->head_dim = head_dim;
  it->inputs = found->inputs;
  for (unsigned i = 0; i < found->inputs; i++) {
    it->input[i].shape = found->shape[i];
    it->input[i].words = length;
  }
  if (found->unit == unit_rope) {
    it->input[1].words = head_dim;
  }
  if (found->unit == unit_weighted_add) {
    it->input[2].words = 1;
  }
  it->result.words =
      found->unit == unit_argmax || found->unit == unit_pool ? 1 : length;
  return true;
}

void run_unit(run_operation *it, unsigned row) {
  const run_kind *kind = find(it->kind);
  if (kind == NULL) {
    run_elements_unit(it, row);
    return;
  }
  if (kind->unit != NULL) {
    kind->unit(it, row);
    return;
  }
  for (unsigned i = 0; i < it->length; i++) {
    run_write(it, row, i, element(it, row, i));
  }
}

/* ---- formulas ---- */

static double expected_softmax(const double *x, unsigned length,
                               unsigned index) {
  double sum = 0;
  for (unsigned i = 0; i < length; i++) {
    sum += exp(x[i]);
  }
  return exp(x[index]) / sum;
}

static double expected_norm(const run_operation *it, const double *x,
                            unsigned index, bool centred) {
  double mean = 0;
  double variance = 0;
  for (unsigned i = 0; centred && i < it->length; i++) {
    mean += x[i] / it->length;
  }
  for (unsigned i = 0; i < it->length; i++) {
    variance += (x[i] - mean) * (x[i] - mean) / it->length;
  }
  const double y = (x[index] - mean) / sqrt(variance + epsilon) *
                   it->input[1].value[0][index];
  return centred ? y + it->input[2].value[0][index] : y;
}

static double expected_rope(const run_operation *it, const double *x,
                            const double *sines, unsigned index) {
  const unsigned half = it->head_dim / 2;
  const unsigned at = index % it->head_dim;
  const double sine = sines[at % half];
  const double cosine = sines[half + at % half];
  return at < half ? x[index] * cosine - x[index + half] * sine
                   : x[index - half] * sine + x[index] * cosine;
}

static double expected_argmax(const double *x, unsigned length) {
  unsigned where = 0;
  for (unsigned i = 1; i < length; i++) {
    where = x[i] > x[where] ? i : where;
  }
  return where;
}

static double expected_pool(const run_operation *it, const double *x) {
  const bool mean = strcmp(it->kind, "average_pool") == 0;
  double result = mean ? 0 : x[0];
  for (unsigned i = 0; i < it->length; i++) {
    result = mean ? result + x[i] / it->length : fmax(result, x[i]);
  }
  return result;
}

static double expected_lrn(const double *x, unsigned length, unsigned index) {
  double sum = 0;
  for (unsigned i = index < 2 ? 0 : index - 2; i < length && i <= index + 2;
       i++) {
    sum += x[i] * x[i];
  }
  return x[index] * pow(lrn_k + lrn_alpha * sum, -0.75);
}

static double expected_share(const double *x, unsigned length, unsigned index) {
  double sum = 0;
  for (unsigned i = 0; i < length; i++) {
    sum += x[i];
  }
  return x[index] / sum;
}

/* Operations on one element and others than one more operand. */
static double expected_more(const run_operation *it, const double *x,
                            unsigned inputs) {
  const char *kind = it->kind;
  if (strncmp(kind, "bias", 4) == 0) {
    const double y = x[0] + x[1] + (inputs > 2 ? x[2] : 0);
    const double low = strstr(kind, "relu") != NULL ? fmax(y, 0) : y;
    return strstr(kind, "relu6") != NULL ? fmin(low, 6) : low;
  }
  return strcmp(kind, "scale") == 0     ? 1.5 * x[0]
         : strcmp(kind, "sigmoid") == 0 ? 1 / (1 + exp(-x[0]))
         : strcmp(kind, "tanh") == 0    ? tanh(x[0])
                                        : cap * tanh(x[0] / cap);
}

static double expected_element(const run_operation *it, double x, double y) {
  const char *kind = it->kind;
  return strcmp(kind, "mul") == 0         ? x * y
         : strcmp(kind, "relu") == 0      ? fmax(x, 0)
         : strcmp(kind, "convert") == 0   ? nearbyint(x)
         : strcmp(kind, "gelu") == 0      ? x * erfc(-x / sqrt(2))
         : strcmp(kind, "gelu_mul") == 0  ? x * erfc(-x / sqrt(2)) * y
         : strcmp(kind, "silu") == 0      ? x / (1 + exp(-x))
         : strcmp(kind, "silu_mul") == 0  ? x * y / (1 + exp(-x))
         : strcmp(kind, "embedding") == 0 ? x
                                          : x + y;
}

double run_operation_expected(const run_operation *it, unsigned row,
                              unsigned index) {
  if (find(it->kind) == NULL) {
    return run_elements_expected(it, row, index);
  }
  const double *value[RUN_INPUTS];
  for (unsigned i = 0; i < RUN_INPUTS; i++) {
    const run_operand *input = &it->input[i];
    value[i] = input->value[input->shape == RUN_ROW      ? row
                            : input->shape == RUN_SHARED ? 0
                                                         : it->pick[row]];
  }
  if (strcmp(it->kind, "softmax") == 0) {
    return expected_softmax(value[0], it->length, index);
  }
  if (strcmp(it->kind, "rmsnorm") == 0 || strcmp(it->kind, "layernorm") == 0) {
    return expected_norm(it, value[0], index, it->inputs == 3);
  }
  if (strcmp(it->kind, "rope") == 0) {
    return expected_rope(it, value[0], value[1], index);
  }
  if (strcmp(it->kind, "argmax") == 0) {
    return expected_argmax(value[0], it->length);
  }
  if (it->result.words == 1 && it->length > 0 &&
      strstr(it->kind, "pool") != NULL) {
    return expected_pool(it, value[0]);
  }
  if (strcmp(it->kind, "lrn") == 0) {
    return expected_lrn(value[0], it->length, index);
  }
  if (strcmp(it->kind, "normalize") == 0) {
    return expected_share(value[0], it->length, index);
  }
  if (strcmp(it->kind, "weighted_add") == 0) {
    return value[0][index] * value[2][0] + value[1][index];
  }
  if (strncmp(it->kind, "bias", 4) == 0 || strcmp(it->kind, "scale") == 0 ||
      strcmp(it->kind, "sigmoid") == 0 || strcmp(it->kind, "tanh") == 0 ||
      strcmp(it->kind, "softcap") == 0) {
    double x[RUN_INPUTS] = {0};
    for (unsigned i = 0; i < it->inputs; i++) {
      x[i] = value[i][index];
    }
    return expected_more(it, x, it->inputs);
  }
  return expected_element(it, value[0][index],
                          it->inputs > 1 ? value[1][index] : 0);
}
