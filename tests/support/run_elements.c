/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Operations on elements and rows, one primitive at a time. Values
 * that a function does not take (roots, logarithms, divisors) are made
 * positive when they are read, in execution and formula alike.
 */
#include "support/run_elements.h"

#include <math.h>
#include <string.h>

#include "support/run_unit.h"

static const double epsilon = 1e-5;

typedef struct element_kind {
  const char *name;
  const char *shapes; /* of the inputs: r row, s shared, v a value a row */
  bool folds;         /* a row becomes one value */
} element_kind;

static const element_kind kinds[] = {
    {"abs", "r", false},         {"add_rows", "rv", false},
    {"clip", "r", false},        {"copy", "r", false},
    {"cosine", "r", false},      {"div", "rr", false},
    {"div_rows", "rv", false},   {"elu", "r", false},
    {"erf", "r", false},         {"exp", "r", false},
    {"gain", "rs", false},       {"hard_sigmoid", "r", false},
    {"hard_swish", "r", false},  {"leaky_relu", "r", false},
    {"log", "r", false},         {"log_softmax", "r", false},
    {"max", "rr", false},        {"mul_rows", "rv", false},
    {"pow", "rr", false},        {"pow_all", "r", false},
    {"prelu", "rs", false},      {"reduce_squares", "r", true},
    {"softplus", "r", false},    {"recip", "r", false},
    {"reduce_max", "r", true},   {"reduce_mean", "r", true},
    {"reduce_sum", "r", true},   {"scale_shift", "rss", false},
    {"select", "rrr", false},    {"shift", "r", false},
    {"sqrt", "r", false},        {"square", "r", false},
    {"standardize", "r", false},
};

bool run_elements_shape(run_operation *it, const char *kind, unsigned rows,
                        unsigned length) {
  for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    if (strcmp(kinds[k].name, kind) != 0) {
      continue;
    }
    memset(it, 0, sizeof *it);
    it->kind = kinds[k].name;
    it->rows = rows;
    it->length = length;
    it->inputs = (unsigned)strlen(kinds[k].shapes);
    for (unsigned i = 0; i < it->inputs; i++) {
      const char shape = kinds[k].shapes[i];
      it->input[i].shape = shape == 's' ? RUN_SHARED : RUN_ROW;
      it->input[i].words = shape == 'v' ? 1 : length;
    }
    it->result.words = kinds[k].folds ? 1 : length;
    return true;
  }
  return false;
}

/* ---- primitives ---- */

static double did(run_operation *it, run_primitive primitive, double result) {
  it->primitive[primitive]++;
  return result;
}
#define ADD(a, b) did(it, RUN_ADD, (a) + (b))
#define MUL(a, b) did(it, RUN_MUL, (a) * (b))
#define MAX(a, b) did(it, RUN_MAX, fmax(a, b))
#define MIN(a, b) did(it, RUN_MAX, fmin(a, b))
#define EXP(a) did(it, RUN_EXP, exp(a))
#define LOG(a) did(it, RUN_EXP, log(a))
#define RECIP(a) did(it, RUN_RECIP, 1 / (a))
#define RSQRT(a) did(it, RUN_RSQRT, 1 / sqrt(a))

static double positive(double x) { return fabs(x) + 0.5; }

static bool is(const run_operation *it, const char *kind) {
  return strcmp(it->kind, kind) == 0;
}

/* ---- elements ---- */

static double one(run_operation *it, double x) {
  if (is(it, "abs")) {
    return MAX(x, -x);
  }
  if (is(it, "clip")) {
    return MIN(MAX(x, -0.5), 1.5);
  }
  if (is(it, "cosine")) {
    return did(it, RUN_EXP, cos(x));
  }
  if (is(it, "elu")) { /* x for positive x, where the other is smaller */
    return did(it, RUN_MAX, x > 0 ? x : 0) + fmin(MUL(0.7, ADD(EXP(x), -1)), 0);
  }
  if (is(it, "softplus")) {
    return LOG(ADD(1, EXP(x)));
  }
  if (is(it, "erf")) {
    return did(it, RUN_ERF, erf(x));
  }
  if (is(it, "exp")) {
    return EXP(x);
  }
  if (is(it, "leaky_relu")) {
    return MAX(x, MUL(x, 0.01));
  }
  if (is(it, "log")) {
    return LOG(positive(x));
  }
  if (is(it, "pow_all")) {
    return EXP(MUL(1.7, LOG(positive(x))));
  }
  if (is(it, "recip")) {
    return RECIP(positive(x));
  }
  if (is(it, "shift")) {
    return ADD(x, 1.5);
  }
  if (is(it, "sqrt")) {
    return MUL(positive(x), RSQRT(positive(x)));
  }
  if (is(it, "square")) {
    return MUL(x, x);
  }
  if (is(it, "hard_sigmoid") || is(it, "hard_swish")) {
    const double line = MIN(MAX(ADD(MUL(x, 1.0 / 6), 0.5), 0), 1);
    return is(it, "hard_swish") ? MUL(x, line) : line;
  }
  return x; /* copy */
}

static double several(run_operation *it, unsigned row, unsigned i) {
  const double x = run_read(it, 0, row, i);
  const double y = run_read(it, 1, row, i);
  if (is(it, "select")) {
    const double z = run_read(it, 2, row, i);
    return did(it, RUN_MAX, x > 0 ? y : z);
  }
  if (is(it, "scale_shift")) {
    return ADD(MUL(x, y), run_read(it, 2, row, i));
  }
  if (is(it, "div")) {
    return MUL(x, RECIP(positive(y)));
  }
  if (is(it, "gain")) {
    return MUL(x, y);
  }
  if (is(it, "prelu")) {
    return did(it, RUN_MAX, x > 0 ? x : 0) + MUL(fmin(x, 0), y);
  }
  return is(it, "max") ? MAX(x, y) : EXP(MUL(y, LOG(positive(x)))); /* pow */
}

/* ---- rows ---- */

static void by_one_value(run_operation *it, unsigned row) {
  const double y = run_read(it, 1, row, 0);
  const double factor = is(it, "div_rows") ? RECIP(positive(y)) : y;
  for (unsigned i = 0; i < it->length; i++) {
    const double x = run_read(it, 0, row, i);
    run_write(it, row, i, is(it, "add_rows") ? ADD(x, y) : MUL(x, factor));
  }
}

static void fold(run_operation *it, unsigned row) {
  const bool most = is(it, "reduce_max");
  double all = run_read(it, 0, row, 0);
  for (unsigned i = 1; i < it->length; i++) {
    const double x = run_read(it, 0, row, i);
    all = most ? MAX(all, x) : ADD(all, x);
  }
  const bool mean = is(it, "reduce_mean");
  run_write(it, row, 0, mean ? MUL(all, 1.0 / it->length) : all);
}

static void fold_squares(run_operation *it, unsigned row) {
  double all = 0;
  for (unsigned i = 0; i < it->length; i++) {
    const double x = run_read(it, 0, row, i);
    const double square = MUL(x, x);
    all = i == 0 ? square : ADD(all, square);
  }
  run_write(it, row, 0, all);
}

static void standardize(run_operation *it, unsigned row) {
  double sum = 0;
  double squares = 0;
  for (unsigned i = 0; i < it->length; i++) {
    const double x = run_read(it, 0, row, i);
    const double square = MUL(x, x);
    sum = i == 0 ? x : ADD(sum, x);
    squares = i == 0 ? square : ADD(squares, square);
  }
  const double mean = sum / it->length;
  const double variance = squares / it->length - mean * mean;
  it->beyond[RUN_MUL] += 3;
  it->beyond[RUN_ADD] += 2;
  const double scale = RSQRT(variance + epsilon);
  for (unsigned i = 0; i < it->length; i++) {
    run_write(it, row, i, MUL(ADD(run_read(it, 0, row, i), -mean), scale));
  }
}

static void log_softmax(run_operation *it, unsigned row) {
  double most = 0;
  double sum = 0;
  for (unsigned i = 0; i < it->length; i++) {
    const double x = run_read(it, 0, row, i);
    const double before = most;
    most = i == 0 ? x : MAX(most, x);
    if (i > 0 && most > before) {
      sum *= exp(before - most);
      it->beyond[RUN_ADD]++;
      it->beyond[RUN_EXP]++;
      it->beyond[RUN_MUL]++;
    }
    const double term = EXP(ADD(x, -most));
    sum = i == 0 ? term : ADD(sum, term);
  }
  const double less = ADD(most, LOG(sum));
  for (unsigned i = 0; i < it->length; i++) {
    run_write(it, row, i, ADD(run_read(it, 0, row, i), -less));
  }
}

void run_elements_unit(run_operation *it, unsigned row) {
  const struct {
    const char *kind;
    void (*unit)(run_operation *, unsigned);
  } rows[] = {{"add_rows", by_one_value},
              {"div_rows", by_one_value},
              {"log_softmax", log_softmax},
              {"mul_rows", by_one_value},
              {"reduce_max", fold},
              {"reduce_mean", fold},
              {"reduce_squares", fold_squares},
              {"reduce_sum", fold},
              {"standardize", standardize}};
  for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++) {
    if (is(it, rows[k].kind)) {
      rows[k].unit(it, row);
      return;
    }
  }
  for (unsigned i = 0; i < it->length; i++) {
    run_write(it, row, i,
              it->inputs > 1 ? several(it, row, i)
                             : one(it, run_read(it, 0, row, i)));
  }
}

/* ---- formulas ---- */

static double one_formula(const char *kind, double x) {
  const struct {
    const char *kind;
    double value;
  } formulas[] = {
      {"abs", fabs(x)},
      {"clip", x < -0.5  ? -0.5
               : x > 1.5 ? 1.5
                         : x},
      {"copy", x},
      {"cosine", cos(x)},
      {"elu", x > 0 ? x : 0.7 * (exp(x) - 1)},
      {"softplus", log1p(exp(x))},
      {"erf", 1 - erfc(x)},
      {"exp", exp(x)},
      {"hard_sigmoid", x < -3  ? 0
                       : x > 3 ? 1
                               : x / 6 + 0.5},
      {"hard_swish", x < -3  ? 0
                     : x > 3 ? x
                             : x * (x + 3) / 6},
      {"leaky_relu", x < 0 ? x / 100 : x},
      {"log", log(positive(x))},
      {"pow_all", pow(positive(x), 1.7)},
      {"recip", 1 / positive(x)},
      {"shift", x + 3.0 / 2},
      {"sqrt", sqrt(positive(x))},
      {"square", pow(x, 2)},
  };
  for (unsigned k = 0; k < sizeof formulas / sizeof *formulas; k++) {
    if (strcmp(formulas[k].kind, kind) == 0) {
      return formulas[k].value;
    }
  }
  return (double)NAN;
}

static double several_formula(const char *kind, double x, double y, double z) {
  return strcmp(kind, "select") == 0        ? (x > 0 ? y : z)
         : strcmp(kind, "scale_shift") == 0 ? x * y + z
         : strcmp(kind, "div") == 0         ? x / positive(y)
         : strcmp(kind, "div_rows") == 0    ? x / positive(y)
         : strcmp(kind, "gain") == 0        ? x * y
         : strcmp(kind, "mul_rows") == 0    ? x * y
         : strcmp(kind, "prelu") == 0       ? (x > 0 ? x : x * y)
         : strcmp(kind, "add_rows") == 0    ? x + y
         : strcmp(kind, "max") == 0         ? (x > y ? x : y)
         : strcmp(kind, "pow") == 0         ? pow(positive(x), y)
                                            : (double)NAN;
}

typedef struct facts {
  double most, mean, variance, exponentials;
} facts;

static facts look_at(const double *x, unsigned length) {
  facts of = {x[0], 0, 0, 0};
  for (unsigned i = 0; i < length; i++) {
    of.most = fmax(of.most, x[i]);
    of.mean += x[i] / length;
    of.exponentials += exp(x[i]);
  }
  for (unsigned i = 0; i < length; i++) {
    of.variance += (x[i] - of.mean) * (x[i] - of.mean) / length;
  }
  return of;
}

double run_elements_expected(const run_operation *it, unsigned row,
                             unsigned index) {
  double value[RUN_INPUTS] = {0};
  for (unsigned i = 0; i < it->inputs; i++) {
    const run_operand *input = &it->input[i];
    value[i] = input->value[input->shape == RUN_SHARED ? 0 : row]
                           [input->words == 1 ? 0 : index];
  }
  if (it->inputs > 1) {
    return several_formula(it->kind, value[0], value[1], value[2]);
  }
  const double *x = it->input[0].value[row];
  const facts of = look_at(x, it->length);
  return is(it, "reduce_max")    ? of.most
         : is(it, "reduce_mean") ? of.mean
         : is(it, "reduce_sum")  ? of.mean * it->length
         : is(it, "reduce_squares")
             ? (of.variance + of.mean * of.mean) * it->length
         : is(it, "standardize")
             ? (x[index] - of.mean) / sqrt(of.variance + epsilon)
         : is(it, "log_softmax") ? x[index] - log(of.exponentials)
                                 : one_formula(it->kind, value[0]);
}
