/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The importer of ONNX models: ties the values of a graph together, walks its
 * nodes, and says what is not costed.
 */
#include <string.h>

#include "import/onnx_graph.h"

enum { CONTRADICTIONS_SHOWN = 8 };

static cds_place place_of(const cds_onnx_graph *graph) {
  return graph->model->place;
}

/* ---- values ------------------------------------------------------------- */

/* Makes a value; says so when the name is taken. */
static cds_status new_value(cds_onnx_value **out, cds_onnx_graph *graph,
                            const char *name) {
  cds_onnx_name *entry = cds_onnx_names_at(&graph->values, name);
  cds_onnx_value *value = cds_arena_alloc(graph->reader->arena, sizeof *value);
  if (entry == NULL || value == NULL) {
    return CDS_ENOMEM;
  }
  if (entry->value != NULL) {
    cds_diag_error(graph->reader->diag, place_of(graph),
                   "tensor '%s' is made twice: expected each name once", name);
    return CDS_EINPUT;
  }
  value->name = name;
  entry->value = value;
  *out = value;
  return CDS_OK;
}

static cds_status add_constants(cds_onnx_graph *graph) {
  for (size_t i = 0; i < graph->model->constants; i++) {
    const cds_onnx_tensor *tensor = &graph->model->constant[i];
    cds_onnx_value *value = NULL;
    CDS_TRY(new_value(&value, graph, tensor->name));
    value->constant = true;
    value->weight = tensor->name;
    value->number = tensor->number;
    value->numbers = tensor->numbers;
    /* As the output of a node without a name, for the check of its size. */
    cds_onnx_call call = {
        .graph = graph, .label = "initializer", .outputs = 1, .out = &value};
    CDS_TRY(cds_onnx_set(&call, 0, tensor->type, &tensor->shape));
  }
  return CDS_OK;
}

/* Shape of what the file says about a value, with symbols resolved. */
static cds_status take_info(cds_onnx_value *value, cds_onnx_graph *graph,
                            const cds_onnx_info *info) {
  cds_onnx_shape shape = {.rank = info->rank};
  for (unsigned axis = 0; axis < info->rank; axis++) {
    CDS_TRY(cds_onnx_dim_size(&shape.dim[axis], graph, info->name,
                              &info->dim[axis]));
  }
  cds_onnx_call call = {
      .graph = graph, .label = "value", .outputs = 1, .out = &value};
  return cds_onnx_set(&call, 0, info->type, &shape);
}

static cds_status add_inputs(cds_onnx_graph *graph) {
  for (size_t i = 0; i < graph->model->inputs; i++) {
    const cds_onnx_info *info = &graph->model->input[i];
    if (cds_onnx_names_find(&graph->values, info->name) != NULL) {
      continue; /* older files list initializers as inputs too */
    }
    cds_onnx_value *value = NULL;
    CDS_TRY(new_value(&value, graph, info->name));
    value->cache = strstr(info->name, "past") != NULL;
    if (info->shaped) {
      CDS_TRY(take_info(value, graph, info));
    }
  }
  return CDS_OK;
}

static cds_status add_infos(cds_onnx_graph *graph, cds_onnx_info *info,
                            size_t count) {
  for (size_t i = 0; i < count; i++) {
    cds_onnx_name *entry = cds_onnx_names_at(&graph->infos, info[i].name);
    if (entry == NULL) {
      return CDS_ENOMEM;
    }
    entry->value = &info[i];
  }
  return CDS_OK;
}

/* ---- calls -------------------------------------------------------------- */

static cds_status label_call(cds_onnx_call *call, size_t index) {
  cds_arena *arena = call->graph->reader->arena;
  const cds_onnx_node *node = call->node;
  const char *name =
      node->name[0] != '\0'
          ? cds_arena_printf(arena, "'%s'", node->name)
          : cds_arena_printf(arena, "%zu without a name", index + 1);
  call->label = name == NULL
                    ? NULL
                    : cds_arena_printf(arena, "node %s (%s)", name, node->type);
  return call->label == NULL ? CDS_ENOMEM : CDS_OK;
}

/* Ties a node to the values that it reads and makes those that it writes. */
static cds_status tie(cds_onnx_call *call) {
  cds_onnx_graph *graph = call->graph;
  const cds_onnx_node *node = call->node;
  cds_arena *arena = graph->reader->arena;
  call->in = cds_arena_array(arena, node->inputs + 1, sizeof(void *));
  call->out = cds_arena_array(arena, node->outputs + 1, sizeof(void *));
  if (call->in == NULL || call->out == NULL) {
    return CDS_ENOMEM;
  }
  call->inputs = node->inputs;
  call->outputs = node->outputs;
  for (size_t i = 0; i < node->inputs; i++) {
    if (node->input[i][0] == '\0') {
      continue;
    }
    call->in[i] = cds_onnx_names_find(&graph->values, node->input[i]);
    if (call->in[i] == NULL) {
      return cds_onnx_wrong(call,
                            "input '%s' does not exist: expected an input of "
                            "the graph, an initializer or what a node before "
                            "it makes",
                            node->input[i]);
    }
    call->in[i]->uses++;
  }
  for (size_t i = 0; i < node->outputs; i++) {
    if (node->output[i][0] != '\0') {
      CDS_TRY(new_value(&call->out[i], graph, node->output[i]));
      call->out[i]->producer = call;
    }
  }
  return CDS_OK;
}

static bool is_standard(const cds_onnx_node *node) {
  return node->domain[0] == '\0' || strcmp(node->domain, "ai.onnx") == 0;
}

static cds_status make_calls(cds_onnx_graph *graph) {
  const cds_onnx_model *model = graph->model;
  graph->call =
      cds_arena_array(graph->reader->arena, model->nodes, sizeof *graph->call);
  if (graph->call == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < model->nodes; i++) {
    cds_onnx_call *call = &graph->call[i];
    call->graph = graph;
    call->node = &model->node[i];
    call->op =
        is_standard(call->node) ? cds_onnx_op_find(call->node->type) : NULL;
    CDS_TRY(label_call(call, i));
    CDS_TRY(tie(call));
  }
  for (size_t i = 0; i < model->outputs; i++) {
    cds_onnx_value *value =
        cds_onnx_names_find(&graph->values, model->output[i].name);
    if (value != NULL) {
      value->uses++;
    }
  }
  return CDS_OK;
}

/* Each operator that is not covered, once. */
static cds_status check_covered(cds_onnx_graph *graph) {
  cds_onnx_names seen = {.arena = graph->reader->arena};
  cds_status status = CDS_OK;
  for (size_t i = 0; i < graph->model->nodes; i++) {
    cds_onnx_call *call = &graph->call[i];
    if (call->op != NULL) {
      continue;
    }
    cds_onnx_name *entry = cds_onnx_names_at(&seen, call->node->type);
    if (entry == NULL) {
      return CDS_ENOMEM;
    }
    if (entry->value == NULL && !graph->options->allow_uncosted) {
      status = cds_onnx_wrong(
          call,
          "operator '%s%s%s' is not covered: expected one whose cost is known",
          call->node->domain, call->node->domain[0] != '\0' ? "." : "",
          call->node->type);
      cds_diag_hint(graph->reader->diag,
                    "--allow-uncosted lists such nodes and leaves them out");
      CDS_TRY(status == CDS_EINPUT ? CDS_OK : status);
    }
    entry->value = call;
  }
  return status;
}

/* ---- one node ----------------------------------------------------------- */

/* What the file says about the output against what was found. */
static void compare(cds_onnx_graph *graph, const cds_onnx_value *value,
                    const cds_onnx_info *info) {
  bool same = info->rank == value->shape.rank;
  for (unsigned axis = 0; same && axis < info->rank; axis++) {
    same = info->dim[axis].value < 0 ||
           (uint64_t)info->dim[axis].value == value->shape.dim[axis];
  }
  if (!same && graph->contradictions++ < CONTRADICTIONS_SHOWN) {
    cds_diag_warning(graph->reader->diag, place_of(graph),
                     "the file gives tensor '%s' another shape than its "
                     "inputs: the latter is taken",
                     value->name);
  }
}

/* Outputs whose shape was not found get that of the file, if there is one. */
static cds_status settle_outputs(cds_onnx_call *call, bool constant) {
  cds_onnx_graph *graph = call->graph;
  for (size_t i = 0; i < call->outputs; i++) {
    cds_onnx_value *value = call->out[i];
    if (value == NULL) {
      continue;
    }
    value->constant = value->constant || constant;
    if (value->constant && value->weight == NULL) {
      value->weight = value->name; /* parameters that are computed ahead */
    }
    const cds_onnx_info *info = cds_onnx_names_find(&graph->infos, value->name);
    if (info == NULL || !info->shaped) {
      continue;
    }
    if (!value->known) {
      CDS_TRY(take_info(value, graph, info));
    } else {
      compare(graph, value, info);
    }
  }
  return CDS_OK;
}

/* NULL, or why the operator cannot be looked at. */
static const char *missing(const cds_onnx_call *call) {
  for (size_t i = 0; i < call->inputs; i++) {
    const cds_onnx_value *value = call->in[i];
    if (value != NULL && !value->known) {
      const char *text = cds_arena_printf(
          call->graph->reader->arena, "that of input '%s' is not", value->name);
      call->graph->no_memory = call->graph->no_memory || text == NULL;
      return text;
    }
  }
  return NULL;
}

static cds_status check_inputs(cds_onnx_call *call) {
  for (size_t i = 0; i < call->op->inputs; i++) {
    if (cds_onnx_in(call, i) == NULL) {
      return cds_onnx_wrong(call, "input %zu is missing: expected at least %u",
                            i + 1, call->op->inputs);
    }
  }
  return CDS_OK;
}

/* The first output whose shape nobody knows; NULL: none that is used. */
static const cds_onnx_value *shapeless(const cds_onnx_call *call) {
  for (size_t i = 0; i < call->outputs; i++) {
    if (call->out[i] != NULL && !call->out[i]->known &&
        (i == 0 || call->out[i]->uses > 0)) {
      return call->out[i];
    }
  }
  return NULL;
}

static bool is_empty(const cds_onnx_call *call) {
  const cds_onnx_value *out = call->outputs > 0 ? call->out[0] : NULL;
  return out == NULL || cds_onnx_all(&out->shape) == 0;
}

static bool all_constant(const cds_onnx_call *call) {
  bool constant = call->op != NULL;
  for (size_t i = 0; i < call->inputs; i++) {
    constant = constant && (call->in[i] == NULL || call->in[i]->constant);
  }
  return constant;
}

static cds_status cost(cds_onnx_call *call, bool constant) {
  const cds_onnx_value *lost = shapeless(call);
  if (lost != NULL) {
    const char *text = cds_arena_printf(
        call->graph->reader->arena,
        "shape of '%s' is not known because %s: expected it in the file "
        "(value_info)",
        lost->name, call->unknown == NULL ? "of the file" : call->unknown);
    return text == NULL ? CDS_ENOMEM : cds_onnx_uncosted(call, text);
  }
  if (constant ||
      (call->outputs > 0 && call->out[0] != NULL && call->out[0]->constant)) {
    call->fate = CDS_IMPORT_CONSTANT;
    return CDS_OK;
  }
  if (call->op == NULL) {
    call->fate = CDS_IMPORT_UNCOSTED; /* check_covered has allowed it */
    return CDS_OK;
  }
  if (is_empty(call)) {
    call->fate = CDS_IMPORT_VIEW;
    return CDS_OK;
  }
  const char *reason = missing(call);
  if (reason != NULL) {
    const char *text = cds_arena_printf(call->graph->reader->arena,
                                        "its shape is not known because %s: "
                                        "expected the shapes of all inputs",
                                        reason);
    return text == NULL ? CDS_ENOMEM : cds_onnx_uncosted(call, text);
  }
  if (call->op->cost == NULL) {
    return cds_onnx_uncosted(
        call, "no cost of this operator is known: expected it to "
              "work on constants only");
  }
  return call->op->cost(call);
}

static cds_status walk(cds_onnx_call *call) {
  const bool constant = all_constant(call);
  call->unknown =
      call->op == NULL ? "the operator is not covered" : missing(call);
  if (call->op != NULL) {
    CDS_TRY(check_inputs(call));
  }
  if (call->unknown == NULL) {
    CDS_TRY(call->op->infer(call));
  }
  CDS_TRY(settle_outputs(call, constant));
  return cost(call, constant);
}

/* ---- the importer ------------------------------------------------------- */

static cds_status import_graph(cds_import *out, cds_onnx_graph *graph) {
  const cds_onnx_model *model = graph->model;
  CDS_TRY(add_constants(graph));
  CDS_TRY(add_inputs(graph));
  CDS_TRY(add_infos(graph, model->info, model->infos));
  CDS_TRY(add_infos(graph, model->output, model->outputs));
  CDS_TRY(make_calls(graph));
  CDS_TRY(check_covered(graph));
  for (size_t i = 0; i < model->nodes; i++) {
    const cds_status status = walk(&graph->call[i]);
    CDS_TRY(graph->no_memory ? CDS_ENOMEM : status);
  }
  CDS_TRY(cds_onnx_check_dims(graph));
  cds_onnx_say(graph);
  CDS_TRY(cds_onnx_write(out, graph));
  return cds_onnx_report(out, graph);
}

cds_status cds_import_onnx(cds_import *out, const cds_import_source *file,
                           size_t files, const cds_import_options *options,
                           const cds_reader *reader) {
  cds_onnx_model model = {0};
  (void)files; /* always one */
  CDS_TRY(cds_onnx_read(&model, file->name, file->bytes, file->length, reader));
  cds_arena *arena = reader->arena;
  cds_onnx_graph graph = {.model = &model,
                          .options = options,
                          .reader = reader,
                          .values = {.arena = arena},
                          .infos = {.arena = arena},
                          .merged = {.arena = arena},
                          .owners = {.arena = arena},
                          .taken = {.arena = arena},
                          .weights = {.arena = arena},
                          .symbols = {.arena = arena}};
  cds_import import = {0};
  CDS_TRY(import_graph(&import, &graph));
  *out = import;
  return CDS_OK;
}
