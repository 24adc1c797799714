/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What became of the nodes of a model, and what is not costed. */
#include <string.h>

#include "import/onnx_graph.h"

enum { EXAMPLES_MAX = 200 };

typedef struct tally {
  const char *type;
  size_t count;
  struct tally *next;
} tally;

/* How many nodes of each operator have that fate, in order of appearance. */
static cds_status count_fate(tally **out, const cds_onnx_graph *graph,
                             cds_import_fate fate) {
  cds_onnx_names seen = {.arena = graph->reader->arena};
  tally **end = out;
  for (size_t i = 0; i < graph->model->nodes; i++) {
    const char *type = graph->call[i].node->type;
    if (graph->call[i].fate != fate) {
      continue;
    }
    cds_onnx_name *entry = cds_onnx_names_at(&seen, type);
    if (entry == NULL) {
      return CDS_ENOMEM;
    }
    tally *it = entry->value;
    if (it == NULL) {
      it = cds_arena_alloc(graph->reader->arena, sizeof *it);
      if (it == NULL) {
        return CDS_ENOMEM;
      }
      it->type = type;
      entry->value = it;
      *end = it;
      end = &it->next;
    }
    it->count++;
  }
  return CDS_OK;
}

/* "3 Concat, 12 Transpose" of the nodes of that fate; NULL: none. */
static const char *list_fate(const cds_onnx_graph *graph,
                             cds_import_fate fate) {
  tally *it = NULL;
  const char *text = NULL;
  if (count_fate(&it, graph, fate) != CDS_OK) {
    return NULL;
  }
  for (; it != NULL; it = it->next) {
    const bool more = text != NULL;
    if (more && strlen(text) > EXAMPLES_MAX) {
      return cds_arena_printf(graph->reader->arena, "%s, ...", text);
    }
    text =
        cds_arena_printf(graph->reader->arena, "%s%s%zu %s", more ? text : "",
                         more ? ", " : "", it->count, it->type);
  }
  return text;
}

static void warn_fate(cds_onnx_graph *graph, cds_import_fate fate,
                      const char *what) {
  const char *text = list_fate(graph, fate);
  if (text != NULL) {
    cds_diag_warning(graph->reader->diag, graph->model->place, "%s: %s", what,
                     text);
  }
}

static const char *join(cds_arena *arena, const char *const *names,
                        size_t count) {
  const char *text = "";
  for (size_t i = 0; i < count && text != NULL; i++) {
    text = cds_arena_printf(arena, "%s%s%s", text, i > 0 ? ", " : "", names[i]);
  }
  return text == NULL ? "" : text;
}

void cds_onnx_say(cds_onnx_graph *graph) {
  if (graph->assumed_count > 0) {
    cds_diag_warning(
        graph->reader->diag, graph->model->place,
        "no size is given for these dimensions, 1 is taken: %s",
        join(graph->reader->arena, graph->assumed, graph->assumed_count));
    cds_diag_hint(graph->reader->diag, "--dim NAME=SIZE sets a named one");
  }
  warn_fate(graph, CDS_IMPORT_MOVE,
            "nodes that only move data are not costed, as layers read words "
            "in any order");
  if (graph->tied > 0) {
    cds_diag_warning(graph->reader->diag, graph->model->place,
                     "several kinds of layers use parameters '%s'%s: the "
                     "footprint counts them for each",
                     graph->tied_weight, graph->tied > 1 ? " and others" : "");
  }
  warn_fate(graph, CDS_IMPORT_UNCOSTED, "nodes without a cost are left out");
}

cds_status cds_onnx_check_dims(cds_onnx_graph *graph) {
  cds_status status = CDS_OK;
  for (size_t i = 0; i < graph->options->dims; i++) {
    const char *name = graph->options->dim[i].name;
    if (cds_onnx_names_find(&graph->symbols, name) != NULL) {
      continue;
    }
    cds_diag_error(graph->reader->diag, graph->model->place,
                   "the model has no symbolic dimension '%s': expected one "
                   "that it has",
                   name);
    cds_diag_suggest(graph->reader->diag, name, graph->symbol,
                     graph->symbol_count);
    status = CDS_EINPUT;
  }
  return status;
}

cds_status cds_onnx_report(cds_import *out, const cds_onnx_graph *graph) {
  cds_arena *arena = graph->reader->arena;
  cds_import_node *nodes =
      cds_arena_array(arena, graph->model->nodes, sizeof *nodes);
  if (nodes == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < graph->model->nodes; i++) {
    const cds_onnx_call *call = &graph->call[i];
    cds_import_value *outputs =
        cds_arena_array(arena, call->outputs + 1, sizeof *outputs);
    if (outputs == NULL) {
      return CDS_ENOMEM;
    }
    for (size_t k = 0; k < call->outputs; k++) {
      const cds_onnx_value *value = call->out[k];
      outputs[k].name = value == NULL ? "" : value->name;
      if (value != NULL && value->known) {
        outputs[k].known = true;
        outputs[k].rank = value->shape.rank;
        outputs[k].dim = value->shape.dim;
      }
    }
    nodes[i] = (cds_import_node){.name = call->node->name,
                                 .type = call->node->type,
                                 .fate = call->fate,
                                 .outputs = call->outputs,
                                 .output = outputs};
  }
  out->nodes = graph->model->nodes;
  out->node = nodes;
  return CDS_OK;
}
