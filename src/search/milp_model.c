/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Columns of cuts, energy and time; see milp_model.h. */
#include "search/milp_model.h"

#include <math.h>
#include <string.h>

#include "search/holders.h"

/* Turns of the integers: what decides most first. */
enum { TURN_HELD, TURN_X = 4, TURN_A };

static bool single(const cds_problem *problem, unsigned level) {
  return level > 0 && problem->arch->overlap == CDS_OVERLAP_NATIVE &&
         problem->arch->level[level].buffering == CDS_BUFFER_SINGLE;
}

bool cds_milp_may_hold(const cds_problem *problem, unsigned tensor,
                       unsigned level) {
  return level < problem->levels &&
         problem->policy[level][tensor] != CDS_MUST_NOT;
}

/* Bits out and in that are added to a load. */
typedef struct load {
  double out, in;
} load;

/* ---- cuts -------------------------------------------------------------- */

typedef struct lister {
  cds_milp_class *class;
  const cds_problem *problem;
  unsigned tensor;
  uint64_t s;
  bool counting; /* else writing */
  size_t count;
} lister;

static void list_cut(lister *it, cds_held held, const cds_trips *trips) {
  if (!it->counting) {
    cds_milp_cut *out = &it->class->cut[it->count];
    memset(out, 0, sizeof *out);
    out->held = held;
    out->trips = *trips;
    cds_cut cut;
    memset(&cut, 0, sizeof cut);
    cds_cut_fill(&cut, it->problem, it->tensor, trips);
    cds_row_fill(&out->row, it->problem, it->tensor, held, &cut);
  }
  it->count++;
}

/* Cuts of rest / x into g x a. */
static void list_rest(lister *it, cds_held held, uint64_t x) {
  const cds_milp_class *class = it->class;
  const uint64_t rest = class->rest / x;
  for (size_t i = 0; i < class->divisors; i++) {
    const uint64_t a = class->divisor[i];
    if (rest % a == 0 && (a == 1 || (held & CDS_HELD_1) != 0)) {
      list_cut(it, held, &(cds_trips){rest / a, a, it->s, x, 0});
    }
  }
}

static void list_cuts(lister *it) {
  const cds_milp_class *class = it->class;
  it->count = 0;
  for (cds_held held = 0; held < CDS_HELD_SETS; held++) {
    if (!cds_held_allowed(it->problem, it->tensor, held)) {
      continue;
    }
    for (size_t i = 0; i < class->divisors; i++) {
      const uint64_t x = class->divisor[i];
      if (x == 1 || (held & CDS_HELD_2) != 0) {
        list_rest(it, held, x);
      }
    }
  }
}

/* Lists all cuts of a class. */
static cds_status list_class(cds_milp_class *class, const cds_problem *problem,
                             unsigned c, uint64_t s, cds_arena *arena) {
  class->rest = problem->size[c] / s;
  class->divisors = cds_divisor_count(&problem->primes[c], class->rest);
  class->divisor = cds_arena_array(arena, class->divisors, sizeof(uint64_t));
  if (class->divisor == NULL) {
    return CDS_ENOMEM;
  }
  cds_divisors(class->divisor, &problem->primes[c], class->rest);
  lister it = {class, problem, c, s, true, 0};
  list_cuts(&it);
  if (it.count > CDS_CUTS_MAX) {
    return CDS_ELIMIT;
  }
  class->cut = cds_arena_array(arena, it.count, sizeof *class->cut);
  if (class->cut == NULL) {
    return CDS_ENOMEM;
  }
  it.counting = false;
  list_cuts(&it);
  class->cuts = it.count;
  return CDS_OK;
}

/* ---- bounds ------------------------------------------------------------ */

/* What a row says at the port of a level: all but the transfers of a
 * single-buffered level, which take time of their own. */
static load port_bits(const cds_problem *problem, const cds_row *row,
                      unsigned level) {
  load bits = {row->read[level], row->update[level]};
  if (!single(problem, level)) {
    bits.out += row->drain[level];
    bits.in += row->fill[level];
  }
  return bits;
}

static void least_of_row(cds_milp_least *out, const cds_problem *problem,
                         const cds_row *row) {
  out->energy_pj = row->energy_pj;
  for (unsigned level = 0; level < problem->levels; level++) {
    const load bits = port_bits(problem, row, level);
    out->out[level] = bits.out;
    out->in[level] = bits.in;
    out->both[level] = bits.out + bits.in;
  }
  out->net = row->net;
  memcpy(out->bond, row->bond, sizeof out->bond);
}

static void lower(cds_milp_least *out, const cds_milp_least *by) {
  out->energy_pj = fmin(out->energy_pj, by->energy_pj);
  for (unsigned level = 0; level < CDS_STEPS; level++) {
    out->out[level] = fmin(out->out[level], by->out[level]);
    out->in[level] = fmin(out->in[level], by->in[level]);
    out->both[level] = fmin(out->both[level], by->both[level]);
  }
  out->net = fmin(out->net, by->net);
  for (unsigned b = 0; b < CDS_SEARCH_BONDS; b++) {
    out->bond[b] = fmin(out->bond[b], by->bond[b]);
  }
}

cds_status cds_milp_least_make(cds_milp_least *out, const cds_problem *problem,
                               unsigned tensor, uint64_t s, cds_arena *arena) {
  const cds_arena_mark mark = cds_arena_mark_get(arena);
  cds_milp_class class;
  memset(&class, 0, sizeof class);
  const cds_status status = list_class(&class, problem, tensor, s, arena);
  for (size_t k = 0; status == CDS_OK && k < class.cuts; k++) {
    cds_milp_least one = {0};
    least_of_row(&one, problem, &class.cut[k].row);
    if (k == 0) {
      *out = one;
    }
    lower(out, &one);
  }
  cds_arena_reset(arena, mark);
  return status;
}

static double product_of(const uint64_t s[CDS_CLASSES]) {
  double units = 1;
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    units *= (double)s[c];
  }
  return units;
}

void cds_milp_bound(double *dynamic_pj, double *cycles,
                    const cds_problem *problem, const uint64_t s[CDS_CLASSES],
                    const cds_milp_least *const least[CDS_MATRIX]) {
  const double units = product_of(s);
  double net = 0;
  *dynamic_pj = problem->mac_pj;
  *cycles = problem->macs / units;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    *dynamic_pj += least[t]->energy_pj;
    net += least[t]->net;
  }
  for (unsigned level = 0; level < problem->levels; level++) {
    const cds_level *at = &problem->arch->level[level];
    double out = 0;
    double in = 0;
    double both = 0;
    for (unsigned t = 0; t < CDS_MATRIX; t++) {
      const double scale = problem->below[level] ? units / (double)s[t] : 1;
      out += least[t]->out[level] / scale;
      in += least[t]->in[level] / scale;
      both += least[t]->both[level] / scale;
    }
    *cycles = fmax(*cycles, both / at->shared_bandwidth);
    *cycles = fmax(*cycles, out / at->read_bandwidth);
    *cycles = fmax(*cycles, in / at->write_bandwidth);
  }
  if (problem->array) {
    *cycles = fmax(*cycles, net / problem->arch->array[0].bandwidth);
  }
  for (unsigned b = 0; b < problem->bonds; b++) {
    double bits = 0;
    for (unsigned t = 0; t < CDS_MATRIX; t++) {
      bits += least[t]->bond[b];
    }
    *cycles =
        fmax(*cycles, bits / problem->arch->bond[problem->bond[b]].bandwidth);
  }
}

/* Leaves out the cuts that are beyond what is of interest even with the least
 * of the other classes. */
static void drop_cuts(cds_milp_model *model, unsigned c,
                      const cds_milp_least *const least[CDS_MATRIX],
                      const cds_milp_aim *aim) {
  const cds_goal goal = {.lambda_pj_per_s = aim->lambda_pj_per_s};
  cds_milp_class *class = &model->class[c];
  const cds_milp_least *with[CDS_MATRIX] = {least[0], least[1], least[2]};
  size_t kept = 0;
  for (size_t k = 0; k < class->cuts; k++) {
    cds_milp_least one = {0};
    least_of_row(&one, model->problem, &class->cut[k].row);
    with[c] = &one;
    double dynamic_pj = 0;
    double cycles = 0;
    cds_milp_bound(&dynamic_pj, &cycles, model->problem, model->s, with);
    const double value =
        cds_goal_value(model->problem, goal, dynamic_pj, cycles);
    if (value * (1 - 1e-12) <= aim->most) {
      class->cut[kept++] = class->cut[k];
    }
  }
  class->cuts = kept;
}

bool cds_milp_put_cuts(cds_milp_model *model, size_t row, unsigned class,
                       cds_milp_test *test, uint64_t value, double factor) {
  const cds_milp_class *of = &model->class[class];
  bool any = false;
  for (size_t k = 0; k < of->cuts; k++) {
    if (test(&of->cut[k], value)) {
      cds_program_put(&model->program, row, of->cut[k].column, factor);
      any = true;
    }
  }
  return any;
}

static bool any_cut(const cds_milp_cut *cut, uint64_t value) {
  (void)cut;
  (void)value;
  return true;
}

static bool held_at(const cds_milp_cut *cut, uint64_t level) {
  return (cut->held >> (level - 1) & 1U) != 0;
}

static bool x_from(const cds_milp_cut *cut, uint64_t v) {
  return cut->trips.x >= v;
}

static bool a_from(const cds_milp_cut *cut, uint64_t v) {
  return cut->trips.a >= v;
}

/* A binary that is 1 when the class's cut passes the test. */
static size_t add_choice(cds_milp_model *model, unsigned class,
                         cds_milp_test *test, uint64_t value, unsigned turn) {
  cds_program *program = &model->program;
  const size_t choice = cds_program_binary_add(program, turn);
  const size_t row = cds_program_row_add(program, 0, 0);
  cds_program_put(program, row, choice, -1);
  cds_milp_put_cuts(model, row, class, test, value, 1);
  return choice;
}

static bool any_passes(const cds_milp_class *class, cds_milp_test *test,
                       uint64_t value) {
  for (size_t k = 0; k < class->cuts; k++) {
    if (test(&class->cut[k], value)) {
      return true;
    }
  }
  return false;
}

static void add_class(cds_milp_model *model, unsigned c) {
  static cds_milp_test *const test[] = {x_from, a_from};
  static const unsigned turn[] = {TURN_X, TURN_A};
  cds_program *program = &model->program;
  cds_milp_class *class = &model->class[c];
  for (size_t k = 0; k < class->cuts; k++) {
    class->cut[k].column = cds_program_column_add(program, 0, 1);
  }
  const size_t row = cds_program_row_add(program, 1, 1);
  cds_milp_put_cuts(model, row, c, any_cut, 0, 1);
  for (unsigned level = 1; level < CDS_STEPS; level++) {
    class->held[level] = add_choice(model, c, held_at, level, TURN_HELD);
  }
  for (unsigned i = 0; i < 2; i++) {
    for (size_t v = 1; v < class->divisors; v++) {
      if (any_passes(class, test[i], class->divisor[v])) {
        add_choice(model, c, test[i], class->divisor[v], turn[i]);
      }
    }
  }
}

/* ---- energy and time --------------------------------------------------- */

/* energy = sum of the rows' energies. The least of each class is a constant:
 * what is left is smaller, and so are the errors of the solver. */
static void add_energy(cds_milp_model *model) {
  cds_program *program = &model->program;
  const double least = model->energy_unit;
  model->energy = cds_program_column_add(program, 1, (double)INFINITY);
  const size_t row = cds_program_row_add(program, 1, 1);
  cds_program_put(program, row, model->energy, 1);
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    const cds_milp_class *class = &model->class[c];
    for (size_t k = 0; k < class->cuts; k++) {
      const cds_milp_cut *cut = &class->cut[k];
      cds_program_put(program, row, cut->column,
                      -(cut->row.energy_pj - class->least_pj) / least);
    }
  }
}

typedef load load_of(const cds_milp_model *model, unsigned class,
                     const cds_milp_cut *cut, unsigned level, unsigned other);

/* Adds a row: time >= sum of (out + in), each times its cycles per bit. */
static void add_roof(cds_milp_model *model, size_t time, load_of *of,
                     unsigned level, unsigned other, load per_bit) {
  if (per_bit.out == 0 && per_bit.in == 0) {
    return;
  }
  cds_program *program = &model->program;
  const size_t row = cds_program_row_add(program, 0, (double)INFINITY);
  cds_program_put(program, row, time, 1);
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    const cds_milp_class *class = &model->class[c];
    for (size_t k = 0; k < class->cuts; k++) {
      const load bits = of(model, c, &class->cut[k], level, other);
      cds_program_put(program, row, class->cut[k].column,
                      -(bits.out * per_bit.out + bits.in * per_bit.in) /
                          model->time_unit);
    }
  }
}

/* Rows for the port of `port` with the load of (level, port). */
static void add_port(cds_milp_model *model, size_t time, load_of *of,
                     unsigned level, unsigned port) {
  const cds_level *at = &model->problem->arch->level[port];
  const double shared = 1 / at->shared_bandwidth;
  add_roof(model, time, of, level, port, (load){shared, shared});
  add_roof(model, time, of, level, port, (load){1 / at->read_bandwidth, 0});
  add_roof(model, time, of, level, port, (load){0, 1 / at->write_bandwidth});
}

/* The other classes' spreads, which share a load under the array. */
static double sharing(const cds_milp_model *model, unsigned class, bool below) {
  return below ? model->units / (double)model->s[class] : 1;
}

static load level_load(const cds_milp_model *model, unsigned class,
                       const cds_milp_cut *cut, unsigned level,
                       unsigned other) {
  (void)other;
  const double scale = sharing(model, class, model->problem->below[level]);
  const load bits = port_bits(model->problem, &cut->row, level);
  return (load){bits.out / scale, bits.in / scale};
}

/* Transfers of a single-buffered level, at its own port or at a parent's. */
static load apart_load(const cds_milp_model *model, unsigned class,
                       const cds_milp_cut *cut, unsigned level, unsigned port) {
  const cds_row *row = &cut->row;
  if (port == level) {
    const double scale = sharing(model, class, model->problem->below[level]);
    return (load){row->drain[level] / scale, row->fill[level] / scale};
  }
  if (row->parent[level] != port) {
    return (load){0, 0};
  }
  const double scale = sharing(model, class, row->parent_scaled[level]);
  return (load){row->parent_out[level] / scale, row->parent_in[level] / scale};
}

static load apart_net(const cds_milp_model *model, unsigned class,
                      const cds_milp_cut *cut, unsigned level, unsigned other) {
  (void)model;
  (void)class;
  (void)other;
  return (load){cut->row.edge_net[level], 0};
}

static load net_load(const cds_milp_model *model, unsigned class,
                     const cds_milp_cut *cut, unsigned level, unsigned other) {
  (void)model;
  (void)class;
  (void)level;
  (void)other;
  return (load){cut->row.net, 0};
}

static load bond_load(const cds_milp_model *model, unsigned class,
                      const cds_milp_cut *cut, unsigned level, unsigned bond) {
  (void)model;
  (void)class;
  (void)level;
  return (load){cut->row.bond[bond], 0};
}

/* A time that is not less than another plus a third (or only the other). */
static size_t add_sum(cds_milp_model *model, size_t one, const size_t *more,
                      unsigned count) {
  cds_program *program = &model->program;
  const size_t sum = cds_program_column_add(program, 0, (double)INFINITY);
  const size_t row = cds_program_row_add(program, 0, (double)INFINITY);
  cds_program_put(program, row, sum, 1);
  cds_program_put(program, row, one, -1);
  for (unsigned i = 0; i < count; i++) {
    cds_program_put(program, row, more[i], -1);
  }
  return sum;
}

/* The roofs of src/price/price.c, from the innermost level out. */
static void add_time(cds_milp_model *model) {
  const cds_problem *problem = model->problem;
  cds_program *program = &model->program;
  const double compute = problem->macs / model->units / model->time_unit;
  size_t time = cds_program_column_add(program, compute, (double)INFINITY);
  for (unsigned level = problem->levels; level-- > 0;) {
    add_port(model, time, level_load, level, level);
    if (!single(problem, level)) {
      continue;
    }
    const size_t apart = cds_program_column_add(program, 0, (double)INFINITY);
    for (unsigned port = 0; port <= level; port++) {
      add_port(model, apart, apart_load, level, port);
    }
    if (problem->array) {
      add_roof(model, apart, apart_net, level, 0,
               (load){1 / problem->arch->array[0].bandwidth, 0});
    }
    time = add_sum(model, time, &apart, 1);
  }
  if (problem->array) {
    add_roof(model, time, net_load, 0, 0,
             (load){1 / problem->arch->array[0].bandwidth, 0});
  }
  for (unsigned b = 0; b < problem->bonds; b++) {
    add_roof(model, time, bond_load, 0, b,
             (load){1 / problem->arch->bond[problem->bond[b]].bandwidth, 0});
  }
  model->time = add_sum(model, time, model->burst, model->bursts);
  const double power =
      problem->seconds_per_pj * problem->arch->clock_hz * model->energy_unit;
  if (power > 0) {
    const size_t row = cds_program_row_add(program, 0, (double)INFINITY);
    cds_program_put(program, row, model->time, 1);
    cds_program_put(program, row, model->energy, -power / model->time_unit);
  }
}

/* ---- the program ------------------------------------------------------- */

static void set_goal(cds_milp_model *model, const cds_milp_aim *aim) {
  cds_program *program = &model->program;
  const cds_problem *problem = model->problem;
  if (program->status != CDS_OK) {
    return;
  }
  const double second = problem->leakage_w * 1e12 + aim->lambda_pj_per_s;
  const double energy = model->energy_unit / aim->scale;
  const double time =
      second / problem->arch->clock_hz * model->time_unit / aim->scale;
  program->column[model->energy].goal = energy;
  program->column[model->time].goal = time;
  if (!isinf(aim->most)) {
    const size_t row =
        cds_program_row_add(program, -(double)INFINITY, aim->most / aim->scale);
    cds_program_put(program, row, model->energy, energy);
    cds_program_put(program, row, model->time, time);
  }
}

cds_status cds_milp_model_make(cds_milp_model *out, const cds_problem *problem,
                               const uint64_t s[CDS_CLASSES],
                               const cds_milp_least *const least[CDS_MATRIX],
                               const cds_milp_aim *aim, cds_arena *arena) {
  memset(out, 0, sizeof *out);
  out->problem = problem;
  out->aim = *aim;
  memcpy(out->s, s, sizeof out->s);
  cds_program_begin(&out->program, arena);
  out->units = product_of(s);
  out->energy_unit = problem->mac_pj;
  out->time_unit = problem->macs / out->units;
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    CDS_TRY(list_class(&out->class[c], problem, c, s[c], arena));
    drop_cuts(out, c, least, aim);
    out->class[c].least_pj = least[c]->energy_pj;
    out->energy_unit += least[c]->energy_pj;
  }
  out->energy_unit = out->energy_unit > 0 ? out->energy_unit : 1;
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    add_class(out, c);
  }
  CDS_TRY(cds_milp_add_orders(out));
  cds_milp_add_tiles(out);
  add_energy(out);
  add_time(out);
  set_goal(out, aim);
  return out->program.status;
}
