/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The only user of GLPK in search. GLPK ends the process when it is misused or
 * out of memory, unless its error hook leaves by a jump; after that its
 * environment must be freed. An environment belongs to a thread, and so do the
 * hooks and all objects in it.
 */
#include "search/milp.h"

#include <math.h>
#include <string.h>

#ifdef CDS_HAVE_GLPK

#include <glpk.h>
#include <limits.h>
#include <setjmp.h>

/* Integers that are closer to whole than this are whole. */
#define WHOLE 1e-6

typedef struct solver {
  cds_milp_answer *out;
  double *x;
  const cds_program *program;
  const cds_milp_limits *limits;
  int *row, *column; /* of the entries; from 1 */
  double *value;
  glp_prob *glpk;
  double open; /* least bound of the nodes that are not solved */
  bool enough; /* was found */
  jmp_buf give_up;
} solver;

static int swallow(void *info, const char *text) {
  (void)info;
  (void)text;
  return 1;
}

static void give_up(void *info) {
  solver *it = info;
  longjmp(it->give_up, 1);
}

bool cds_milp_available(void) { return true; }

static int kind_of(double low, double high) {
  if (isinf(low)) {
    return isinf(high) ? GLP_FR : GLP_UP;
  }
  if (isinf(high)) {
    return GLP_LO;
  }
  return low < high ? GLP_DB : GLP_FX;
}

static void load(solver *it) {
  const cds_program *program = it->program;
  glp_set_obj_dir(it->glpk, GLP_MIN);
  glp_add_cols(it->glpk, (int)program->columns);
  glp_add_rows(it->glpk, (int)program->rows);
  for (size_t c = 0; c < program->columns; c++) {
    const cds_program_column *column = &program->column[c];
    const int number = (int)c + 1;
    glp_set_col_bnds(it->glpk, number, kind_of(column->low, column->high),
                     column->low, column->high);
    glp_set_obj_coef(it->glpk, number, column->goal);
    if (column->integer) {
      glp_set_col_kind(it->glpk, number, GLP_IV);
    }
  }
  for (size_t r = 0; r < program->rows; r++) {
    const cds_program_row *row = &program->row[r];
    glp_set_row_bnds(it->glpk, (int)r + 1, kind_of(row->low, row->high),
                     row->low, row->high);
  }
  for (size_t e = 0; e < program->entries; e++) {
    it->row[e + 1] = (int)program->entry[e].row + 1;
    it->column[e + 1] = (int)program->entry[e].column + 1;
    it->value[e + 1] = program->entry[e].value;
  }
  glp_load_matrix(it->glpk, (int)program->entries, it->row, it->column,
                  it->value);
}

/* The column to branch on: of the earliest turn the one farthest from whole. */
static void choose_branch(const solver *it, glp_tree *tree) {
  const cds_program *program = it->program;
  size_t best = program->columns;
  double farthest = 0;
  for (size_t c = 0; c < program->columns; c++) {
    const cds_program_column *column = &program->column[c];
    if (!column->integer || !glp_ios_can_branch(tree, (int)c + 1)) {
      continue;
    }
    const double at = glp_get_col_prim(it->glpk, (int)c + 1);
    const double distance = fabs(at - rint(at));
    const bool known = best < program->columns;
    if (!known || column->turn < program->column[best].turn ||
        (column->turn == program->column[best].turn && distance > farthest)) {
      best = c;
      farthest = distance;
    }
  }
  if (best < program->columns) {
    const double at = glp_get_col_prim(it->glpk, (int)best + 1);
    glp_ios_branch_upon(tree, (int)best + 1,
                        at >= 0.5 ? GLP_UP_BRNCH : GLP_DN_BRNCH);
  }
}

static void watch(glp_tree *tree, void *info) {
  solver *it = info;
  int total = 0;
  glp_ios_tree_size(tree, NULL, NULL, &total);
  it->out->nodes = (uint64_t)total;
  if (glp_ios_reason(tree) == GLP_IBINGO &&
      glp_mip_obj_val(it->glpk) <= it->limits->enough) {
    it->enough = true;
  }
  if (it->enough || it->out->nodes > it->limits->nodes ||
      cds_control_cancelled(it->limits->control)) {
    const int node = glp_ios_best_node(tree);
    it->open = node == 0 ? it->open : glp_ios_node_bound(tree, node);
    glp_ios_terminate(tree);
    return;
  }
  if (glp_ios_reason(tree) == GLP_IBRANCH) {
    choose_branch(it, tree);
  }
}

/* Reads the best answer that the solver has. */
static void read_answer(solver *it) {
  const int status = glp_mip_status(it->glpk);
  it->out->found = status == GLP_OPT || status == GLP_FEAS;
  if (!it->out->found) {
    return;
  }
  it->out->value = glp_mip_obj_val(it->glpk);
  for (size_t c = 0; c < it->program->columns; c++) {
    it->x[c] = glp_mip_col_val(it->glpk, (int)c + 1);
  }
}

static cds_status search_tree(solver *it) {
  glp_iocp options;
  glp_init_iocp(&options);
  options.msg_lev = GLP_MSG_OFF;
  options.bt_tech = GLP_BT_BLB;
  options.tol_int = WHOLE;
  options.tol_obj = 1e-10;
  options.cb_func = watch;
  options.cb_info = it;
  const int code = glp_intopt(it->glpk, &options);
  read_answer(it);
  cds_milp_answer *out = it->out;
  if (code == 0) {
    out->end = out->found ? CDS_MILP_SOLVED : CDS_MILP_NONE;
    out->bound = out->found ? out->value : (double)INFINITY;
    return CDS_OK;
  }
  if (code != GLP_ESTOP) {
    return CDS_EINTERNAL;
  }
  out->end = it->enough ? CDS_MILP_ENOUGH : CDS_MILP_STOPPED;
  out->bound = out->found && out->value < it->open ? out->value : it->open;
  return CDS_OK;
}

static cds_status solve(solver *it) {
  it->glpk = glp_create_prob();
  load(it);
  glp_scale_prob(it->glpk, GLP_SF_AUTO);
  glp_smcp options;
  glp_init_smcp(&options);
  options.msg_lev = GLP_MSG_OFF;
  options.meth = GLP_DUALP;
  options.presolve = GLP_ON;
  int code = glp_simplex(it->glpk, &options);
  if (code == GLP_ENOPFS) {
    it->out->end = CDS_MILP_NONE;
    it->out->bound = (double)INFINITY;
    return CDS_OK;
  }
  if (code != 0 || glp_get_status(it->glpk) != GLP_OPT) {
    glp_std_basis(it->glpk);
    options.presolve = GLP_OFF;
    options.meth = GLP_PRIMAL;
    code = glp_simplex(it->glpk, &options);
    if (code == 0 && glp_get_status(it->glpk) == GLP_NOFEAS) {
      it->out->end = CDS_MILP_NONE;
      it->out->bound = (double)INFINITY;
      return CDS_OK;
    }
    if (code != 0 || glp_get_status(it->glpk) != GLP_OPT) {
      return CDS_EINTERNAL;
    }
  }
  it->open = glp_get_obj_val(it->glpk);
  return search_tree(it);
}

cds_status cds_milp_solve(cds_milp_answer *out, double *x, cds_program *program,
                          const cds_milp_limits *limits) {
  memset(out, 0, sizeof *out);
  out->bound = -(double)INFINITY;
  if (program->status != CDS_OK) {
    return program->status;
  }
  cds_program_settle(program);
  if (program->entries >= INT_MAX || program->columns >= INT_MAX) {
    return CDS_ELIMIT;
  }
  const size_t entries = program->entries + 1;
  solver *it = cds_arena_alloc(program->arena, sizeof *it);
  if (it == NULL) {
    return CDS_ENOMEM;
  }
  *it = (solver){.out = out, .x = x, .program = program, .limits = limits};
  it->row = cds_arena_array(program->arena, entries, sizeof(int));
  it->column = cds_arena_array(program->arena, entries, sizeof(int));
  it->value = cds_arena_array(program->arena, entries, sizeof(double));
  if (it->row == NULL || it->column == NULL || it->value == NULL) {
    return CDS_ENOMEM;
  }
  glp_term_hook(swallow, NULL);
  glp_term_out(GLP_OFF);
  volatile cds_status status = CDS_EINTERNAL;
  if (setjmp(it->give_up) == 0) { // NOLINT(cert-err52-cpp)
    glp_error_hook(give_up, it);
    status = solve(it);
    glp_delete_prob(it->glpk);
    glp_error_hook(NULL, NULL);
  }
  glp_free_env();
  return status;
}

#else

bool cds_milp_available(void) { return false; }

cds_status cds_milp_solve(cds_milp_answer *out, double *x, cds_program *program,
                          const cds_milp_limits *limits) {
  (void)out;
  (void)x;
  (void)program;
  (void)limits;
  return CDS_EINTERNAL;
}

#endif
