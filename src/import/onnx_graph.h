/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The graph while it is imported: values with shapes, calls of operators, and
 * the layers that come of them. Nodes are walked once, in the file's order,
 * which ONNX wants to be topological.
 */
#ifndef CDS_IMPORT_ONNX_GRAPH_H
#define CDS_IMPORT_ONNX_GRAPH_H

#include "import/onnx.h"
#include "import/onnx_names.h"

enum { CDS_ONNX_SYMBOLS_MAX = 64 };

typedef struct cds_onnx_op cds_onnx_op;
typedef struct cds_onnx_value cds_onnx_value;
typedef struct cds_onnx_call cds_onnx_call;

struct cds_onnx_value {
  const char *name;
  bool known;    /* its shape */
  bool constant; /* the same in every run: weights and what follows from them */
  bool cache;    /* keys or values of earlier tokens */
  int type;      /* cds_onnx_type; 0: not known */
  cds_onnx_shape shape;
  const char *weight; /* constant that it is, or is a view of */
  size_t numbers;     /* 0: values are not known */
  const cds_onnx_number *number;
  size_t uses;                   /* as input of nodes or output of the graph */
  const cds_onnx_call *producer; /* NULL: input or constant */
};

/* A layer of the workload file. */
typedef struct cds_onnx_draft {
  const char *name;
  const char *body;   /* the keys beside name, count, steps, precision */
  const char *types;  /* text of its `precision` */
  const char *weight; /* NULL: none */
  uint64_t times;     /* it stands for so many layers */
  uint64_t weights;   /* of them with weights of their own */
} cds_onnx_draft;

typedef struct cds_onnx_graph {
  const cds_onnx_model *model;
  const cds_import_options *options;
  const cds_reader *reader;
  cds_onnx_names values;  /* cds_onnx_value */
  cds_onnx_names infos;   /* cds_onnx_info: what the file says of a value */
  cds_onnx_names merged;  /* cds_onnx_draft, by what must be equal */
  cds_onnx_names owners;  /* layers and weights that met before */
  cds_onnx_names taken;   /* names of layers */
  cds_onnx_names weights; /* the first layer of each weight */
  size_t tied;            /* times that another layer uses a weight again */
  const char *tied_weight;
  cds_onnx_call *call; /* by node */
  size_t drafts, room;
  cds_onnx_draft **draft;
  cds_onnx_names symbols; /* symbolic dimensions of the file */
  size_t symbol_count, assumed_count;
  const char *symbol[CDS_ONNX_SYMBOLS_MAX];
  const char *assumed[CDS_ONNX_SYMBOLS_MAX]; /* those that were taken as 1 */
  bool no_memory;        /* somewhere where there is no status to say so */
  size_t contradictions; /* between the file's shapes and ours */
} cds_onnx_graph;

struct cds_onnx_call {
  cds_onnx_graph *graph;
  const cds_onnx_node *node;
  const cds_onnx_op *op; /* NULL: not covered */
  const char *label;     /* "node 'conv1' (Conv)" */
  size_t inputs, outputs;
  cds_onnx_value **in;  /* NULL: left out */
  cds_onnx_value **out; /* NULL: left out */
  cds_import_fate fate;
  const char *unknown; /* why the shapes of the outputs are not known */
};

struct cds_onnx_op {
  const char *name;
  cds_status (*infer)(cds_onnx_call *call);
  cds_status (*cost)(cds_onnx_call *call); /* NULL: none is known */
  const char *kind; /* row of spec/operations.def, where cost needs one */
  unsigned inputs;  /* at least */
};
/* The row of onnx_ops.def, or NULL. */
const cds_onnx_op *cds_onnx_op_find(const char *name);

/* onnx_graph.c ------------------------------------------------------------ */

/* Message about a node: "node 'x' (Conv): ...". Gives CDS_EINPUT. */
cds_status cds_onnx_wrong(cds_onnx_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* No cost is known, for this reason: an error, or with --allow-uncosted a node
 * that is left out. */
cds_status cds_onnx_uncosted(cds_onnx_call *call, const char *reason);
/* The shape depends on values that are not known before the run. */
cds_status cds_onnx_unknown(cds_onnx_call *call, const char *reason);

const cds_onnx_attribute *cds_onnx_attribute_find(const cds_onnx_call *call,
                                                  const char *name);
int64_t cds_onnx_int(const cds_onnx_call *call, const char *name,
                     int64_t fallback);
double cds_onnx_float(const cds_onnx_call *call, const char *name,
                      double fallback);
const char *cds_onnx_text(const cds_onnx_call *call, const char *name,
                          const char *fallback);
/* The input, or NULL when it is left out. */
cds_onnx_value *cds_onnx_in(const cds_onnx_call *call, size_t index);
/* Whole numbers of an attribute, or else of an input. False: neither is
 * there; with `unknown` set when the input is there without values. */
typedef struct cds_onnx_list {
  size_t count;
  const int64_t *value;
  bool unknown;
} cds_onnx_list;
bool cds_onnx_numbers(cds_onnx_list *out, cds_onnx_call *call,
                      const char *attribute, size_t input);
/* An axis of a tensor of that rank, counted from the end when negative. */
cds_status cds_onnx_axis(unsigned *out, cds_onnx_call *call, int64_t axis,
                         unsigned rank);

/* Product of the dimensions [from, to). Below 2^62, as all shapes are. */
uint64_t cds_onnx_words(const cds_onnx_shape *shape, unsigned from,
                        unsigned to);
uint64_t cds_onnx_all(const cds_onnx_shape *shape);
/* Gives an output its type and shape; checks its size. */
cds_status cds_onnx_set(cds_onnx_call *call, size_t output, int type,
                        const cds_onnx_shape *shape);
/* Room for the values of an output; NULL when there are too many. */
cds_onnx_number *cds_onnx_fold(cds_onnx_call *call, size_t output,
                               uint64_t count);
/* The size of a dimension of the file; names by --dim or 1. */
cds_status cds_onnx_dim_size(uint64_t *out, cds_onnx_graph *graph,
                             const char *value, const cds_onnx_dim *dim);

/* onnx_draft.c ------------------------------------------------------------ */

/* Adds a layer; `suffix` ("" or ".bias") is for nodes of several layers.
 * `weight`: the value that its parameters are, or NULL. */
cds_status cds_onnx_add(cds_onnx_call *call, const char *suffix,
                        const cds_onnx_value *weight, const char *types,
                        const char *body);
/* `precision:` of weights and activations of these types; "" when neither has
 * a number format, NULL without memory. */
const char *cds_onnx_types(cds_onnx_call *call, int weights, int activations);
/* Format of a type: "fp32"; NULL: it has none (strings). */
const char *cds_onnx_format(const cds_onnx_graph *graph, int type);
/* The workload file. */
cds_status cds_onnx_write(cds_import *out, cds_onnx_graph *graph);

/* onnx_report.c ----------------------------------------------------------- */

/* Warns of what is assumed, moved, counted twice and left out. */
void cds_onnx_say(cds_onnx_graph *graph);
/* Each --dim names a dimension of the model. */
cds_status cds_onnx_check_dims(cds_onnx_graph *graph);
/* The nodes of the import. */
cds_status cds_onnx_report(cds_import *out, const cds_onnx_graph *graph);

/* onnx_operation.c -------------------------------------------------------- */

/* An operation of rows of some length; weight may be NULL. */
cds_status cds_onnx_operation(cds_onnx_call *call, const char *suffix,
                              const char *kind, uint64_t rows, uint64_t length,
                              const cds_onnx_value *weight);
/* `kind` ("add", "mul", ...) of two values that are broadcast together. */
cds_status cds_onnx_binary(cds_onnx_call *call, const char *suffix,
                           const char *kind, const cds_onnx_value *x,
                           const cds_onnx_value *y);

#endif
