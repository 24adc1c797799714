/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Layers of the workload file while they are collected: equal ones are counted
 * once, with the number of weights of their own (`count`) and how often each
 * runs (`steps`). Then the file's text.
 */
#include <string.h>

#include "base/builder.h"
#include "base/text.h"
#include "import/onnx_graph.h"

enum { NAME_MAX_LENGTH = 56, DRAFTS_MAX = 4096 };

const char *cds_onnx_format(const cds_onnx_graph *graph, int type) {
  const char *given = graph->options->precision;
  switch ((cds_onnx_type)type) {
  case CDS_ONNX_FLOAT:
    return given != NULL ? given : "fp32";
  case CDS_ONNX_FLOAT16:
    return given != NULL ? given : "fp16";
  case CDS_ONNX_BFLOAT16:
    return given != NULL ? given : "bf16";
  case CDS_ONNX_DOUBLE:
    return given != NULL ? given : "fp64";
  case CDS_ONNX_FLOAT8E4M3FN:
  case CDS_ONNX_FLOAT8E4M3FNUZ:
  case CDS_ONNX_FLOAT8E5M2:
  case CDS_ONNX_FLOAT8E5M2FNUZ:
    return given != NULL ? given : "fp8";
  case CDS_ONNX_UINT8:
  case CDS_ONNX_INT8:
  case CDS_ONNX_BOOL:
    return "int8";
  case CDS_ONNX_UINT16:
  case CDS_ONNX_INT16:
    return "int16";
  case CDS_ONNX_INT32:
  case CDS_ONNX_UINT32:
    return "int32";
  case CDS_ONNX_INT64:
  case CDS_ONNX_UINT64:
    return "64 bit";
  case CDS_ONNX_UINT4:
  case CDS_ONNX_INT4:
  case CDS_ONNX_FLOAT4E2M1:
    return "int4";
  case CDS_ONNX_UNDEFINED:
  case CDS_ONNX_STRING:
  case CDS_ONNX_COMPLEX64:
  case CDS_ONNX_COMPLEX128:
    break;
  }
  return NULL;
}

const char *cds_onnx_types(cds_onnx_call *call, int weights, int activations) {
  const cds_onnx_graph *graph = call->graph;
  const char *w = cds_onnx_format(graph, weights);
  const char *a = cds_onnx_format(graph, activations);
  w = w == NULL ? a : w;
  a = a == NULL ? w : a;
  if (w == NULL) {
    return "";
  }
  return strcmp(w, a) == 0
             ? w
             : cds_arena_printf(graph->reader->arena,
                                "{weights: %s, activations: %s}", w, a);
}

/* ---- names -------------------------------------------------------------- */

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(char c) {
  return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.';
}

/* A name by the rules of workload files: what stands last tells most. */
static char *plain_name(cds_arena *arena, const char *from) {
  size_t length = strlen(from);
  if (length > NAME_MAX_LENGTH) {
    from += length - NAME_MAX_LENGTH;
  }
  while (*from != '\0' && !is_letter(*from)) {
    from++;
  }
  char *name = cds_arena_strdup(arena, *from == '\0' ? "node" : from);
  for (char *at = name; at != NULL && *at != '\0'; at++) {
    if (!is_name(*at)) {
      *at = '.';
    }
  }
  return name;
}

/* The node's name, or its operator's and its number. */
static const char *node_name(const cds_onnx_call *call) {
  cds_arena *arena = call->graph->reader->arena;
  if (call->node->name[0] != '\0') {
    return plain_name(arena, call->node->name);
  }
  const char *type = plain_name(arena, call->node->type);
  return type == NULL
             ? NULL
             : cds_arena_printf(arena, "%s-%zu", type,
                                (size_t)(call - call->graph->call) + 1);
}

/* A name that no layer has yet. */
static const char *layer_name(cds_onnx_call *call, const char *suffix) {
  cds_onnx_graph *graph = call->graph;
  cds_arena *arena = graph->reader->arena;
  const char *base = node_name(call);
  const char *name =
      base == NULL ? NULL : cds_arena_printf(arena, "%s%s", base, suffix);
  for (size_t number = 2; name != NULL; number++) {
    cds_onnx_name *entry = cds_onnx_names_at(&graph->taken, name);
    if (entry == NULL) {
      return NULL;
    }
    if (entry->value == NULL) {
      entry->value = graph;
      return name;
    }
    name = cds_arena_printf(arena, "%s%s-%zu", base, suffix, number);
  }
  return NULL;
}

/* ---- collecting --------------------------------------------------------- */

static cds_status append(cds_onnx_draft **out, cds_onnx_graph *graph) {
  if (graph->drafts == graph->room) {
    const size_t room = graph->room == 0 ? 64 : graph->room * 2;
    cds_onnx_draft **more =
        cds_arena_array(graph->reader->arena, room, sizeof *more);
    if (more == NULL) {
      return CDS_ENOMEM;
    }
    if (graph->drafts > 0) {
      memcpy(more, graph->draft, graph->drafts * sizeof *more);
    }
    graph->draft = more;
    graph->room = room;
  }
  *out = cds_arena_alloc(graph->reader->arena, sizeof **out);
  if (*out == NULL) {
    return CDS_ENOMEM;
  }
  graph->draft[graph->drafts++] = *out;
  return CDS_OK;
}

/* Whether this kind of layer meets the weight for the first time. */
static cds_status first_meeting(bool *out, cds_onnx_graph *graph,
                                const char *key, const char *weight) {
  const char *both =
      cds_arena_printf(graph->reader->arena, "%s|%s", key, weight);
  cds_onnx_name *entry =
      both == NULL ? NULL : cds_onnx_names_at(&graph->owners, both);
  if (entry == NULL) {
    return CDS_ENOMEM;
  }
  *out = entry->value == NULL;
  entry->value = graph;
  return CDS_OK;
}

/* Layers of different kinds that share a weight each count it. */
static cds_status note_tied(cds_onnx_graph *graph, cds_onnx_draft *draft,
                            const char *weight) {
  cds_onnx_name *entry = cds_onnx_names_at(&graph->weights, weight);
  if (entry == NULL) {
    return CDS_ENOMEM;
  }
  if (entry->value == NULL) {
    entry->value = draft;
  } else if (entry->value != draft && graph->tied++ == 0) {
    graph->tied_weight = weight;
  }
  return CDS_OK;
}

cds_status cds_onnx_add(cds_onnx_call *call, const char *suffix,
                        const cds_onnx_value *weight, const char *types,
                        const char *body) {
  cds_onnx_graph *graph = call->graph;
  if (types != NULL && types[0] == '\0') {
    return cds_onnx_uncosted(call, "its values have no number format: expected "
                                   "numbers or truth values");
  }
  const char *key =
      body == NULL || types == NULL
          ? NULL
          : cds_arena_printf(graph->reader->arena, "%s|%s", types, body);
  cds_onnx_name *entry =
      key == NULL ? NULL : cds_onnx_names_at(&graph->merged, key);
  if (entry == NULL) {
    return CDS_ENOMEM;
  }
  cds_onnx_draft *draft = entry->value;
  if (draft == NULL) {
    if (graph->drafts == DRAFTS_MAX) {
      return cds_onnx_wrong(call,
                            "the model has more than %d different "
                            "layers: expected fewer",
                            DRAFTS_MAX);
    }
    CDS_TRY(append(&draft, graph));
    entry->value = draft;
    draft->body = body;
    draft->types = types;
    draft->name = layer_name(call, suffix);
    if (draft->name == NULL) {
      return CDS_ENOMEM;
    }
  }
  draft->times++;
  const char *name = weight == NULL ? NULL : weight->weight;
  if (name != NULL) {
    bool first = false;
    CDS_TRY(first_meeting(&first, graph, key, name));
    draft->weights += first;
    CDS_TRY(note_tied(graph, draft, name));
  }
  return CDS_OK;
}

/* ---- the file ----------------------------------------------------------- */

/* The precision that most layers have. */
static const char *usual_types(const cds_onnx_graph *graph) {
  const char *best = "fp32";
  size_t best_count = 0;
  for (size_t i = 0; i < graph->drafts && i < 64; i++) {
    size_t count = 0;
    for (size_t k = 0; k < graph->drafts; k++) {
      count += strcmp(graph->draft[i]->types, graph->draft[k]->types) == 0;
    }
    if (count > best_count) {
      best = graph->draft[i]->types;
      best_count = count;
    }
  }
  return best;
}

static void put_layer(cds_builder *to, const cds_onnx_draft *draft,
                      const char *usual) {
  const bool even = draft->weights > 0 && draft->times % draft->weights == 0;
  const uint64_t count = even ? draft->weights : draft->times;
  cds_builder_put(to, cds_arena_printf(to->arena, "  - {name: %s, %s",
                                       draft->name, draft->body));
  if (count > 1) {
    cds_builder_put(to, cds_arena_printf(to->arena, ", count: %llu",
                                         (unsigned long long)count));
  }
  if (draft->times > count) {
    cds_builder_put(
        to, cds_arena_printf(to->arena, ", steps: %llu",
                             (unsigned long long)(draft->times / count)));
  }
  if (strcmp(draft->types, usual) != 0) {
    cds_builder_put(
        to, cds_arena_printf(to->arena, ", precision: %s", draft->types));
  }
  cds_builder_put(to, "}\n");
}

/* "resnet50" of "models/resnet50.onnx". */
static const char *workload_name(const cds_onnx_graph *graph) {
  const char *path = graph->model->place.file;
  const char *slash = strrchr(path, '/');
  const char *file = slash == NULL ? path : slash + 1;
  const char *dot = strrchr(file, '.');
  const size_t length = dot == NULL ? strlen(file) : (size_t)(dot - file);
  const char *stem = cds_arena_strndup(graph->reader->arena, file, length);
  return stem == NULL ? NULL : plain_name(graph->reader->arena, stem);
}

cds_status cds_onnx_write(cds_import *out, cds_onnx_graph *graph) {
  const cds_onnx_model *model = graph->model;
  cds_builder to = {.arena = graph->reader->arena};
  if (graph->drafts == 0) {
    cds_diag_error(graph->reader->diag, model->place,
                   "nothing in the model has a cost: expected at least one "
                   "layer");
    return CDS_EINPUT;
  }
  const char *usual = usual_types(graph);
  cds_builder_put(&to, "# Imported by codesign from an ONNX model of ");
  cds_builder_put(&to, model->producer[0] == '\0' ? "an unnamed producer"
                                                  : model->producer);
  cds_builder_put(&to,
                  cds_arena_printf(to.arena, ", operator set %lld\nworkload: ",
                                   (long long)model->opset));
  cds_builder_put(&to, workload_name(graph));
  cds_builder_put(
      &to, cds_arena_printf(to.arena, "\nprecision: %s\nlayers:\n", usual));
  for (size_t i = 0; i < graph->drafts; i++) {
    put_layer(&to, graph->draft[i], usual);
  }
  if (to.failed) {
    return CDS_ENOMEM;
  }
  out->document[CDS_IMPORT_WORKLOAD] = (cds_import_document){to.start, to.used};
  return CDS_OK;
}
