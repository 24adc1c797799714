/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys of the layers that a user writes. */
#include "spec/workload_layers.h"

#define FIELD(type, field) .offset = offsetof(type, field)
#define SIZE_RANGE .low = 1, .high = 1099511627776.0 /* 2^40 */

static const cds_key layer_keys[] = {
    {.name = "name",
     .kind = CDS_KEY_NAME,
     FIELD(cds_layer_keys, name),
     .help = "Name of the layer, once in a workload; 'layer-N' if not given."},
    {.name = "einsum",
     .kind = CDS_KEY_NODE,
     FIELD(cds_layer_keys, einsum),
     .help = "Quoted einsum, such as \"O[b,m,p] += I[b,c,2*p+r] * W[m,c,r]\": "
             "one to three operands; an axis is the sum of at most two ranks "
             "with whole coefficients; constant offsets change no count and "
             "are left out. Needs 'ranks'."},
    {.name = "ranks",
     .kind = CDS_KEY_NODE,
     FIELD(cds_layer_keys, ranks),
     .help = "Size of each rank of 'einsum', such as {m: 128, k: 64}."},
    {.name = "matmul",
     .kind = CDS_KEY_NODE,
     FIELD(cds_layer_keys, matmul),
     .help = "Matrix product Y[m,n] += X[m,k] * W[k,n]."},
    {.name = "batched_matmul",
     .kind = CDS_KEY_NODE,
     FIELD(cds_layer_keys, batched_matmul),
     .help = "Matrix products Y[b,m,n] += X[b,m,k] * W[b,k,n]."},
    {.name = "conv2d",
     .kind = CDS_KEY_NODE,
     FIELD(cds_layer_keys, conv2d),
     .help = "Convolution of images, O[b,g,m,p,q] += I[b,g,c,p+r,q+s] * "
             "W[g,m,c,r,s], with stride and dilation as coefficients."},
    {.name = "pool2d",
     .kind = CDS_KEY_NODE,
     FIELD(cds_layer_keys, pool2d),
     .help = "Maximum or mean of the windows of an image, each channel by "
             "itself."},
    {.name = "attention",
     .kind = CDS_KEY_NODE,
     FIELD(cds_layer_keys, attention),
     .help = "Unfused attention: layers NAME.qk, NAME.softmax and NAME.av with "
             "ranks b (sequence), h (head of keys), g (query head of it), s "
             "(query), t (key), e (head dimension)."},
    {.name = "operation",
     .kind = CDS_KEY_NAME,
     FIELD(cds_layer_keys, operation),
     .help = "Operation that is not multiply-accumulate, such as softmax. "
             "Needs 'rows' and 'length'."},
    {.name = "rows",
     .kind = CDS_KEY_COUNT,
     FIELD(cds_layer_keys, rows),
     SIZE_RANGE,
     .help = "Rows of an operation."},
    {.name = "length",
     .kind = CDS_KEY_COUNT,
     FIELD(cds_layer_keys, length),
     SIZE_RANGE,
     .help = "Elements of a row of an operation."},
    {.name = "head_dim",
     .kind = CDS_KEY_COUNT,
     FIELD(cds_layer_keys, head_dim),
     SIZE_RANGE,
     .help = "Head dimension of 'rope': sines and cosines of a token."},
    {.name = "table",
     .kind = CDS_KEY_COUNT,
     FIELD(cds_layer_keys, table),
     SIZE_RANGE,
     .help =
         "Rows of the table of 'embedding' and 'positions': its footprint."},
    {.name = "to",
     .kind = CDS_KEY_FORMAT,
     FIELD(cds_layer_keys, to),
     .help = "Number format of the result of 'convert'."},
    {.name = "count",
     .kind = CDS_KEY_COUNT,
     FIELD(cds_layer_keys, count),
     SIZE_RANGE,
     .fallback = "1",
     .help = "Layers of this shape in the network, each with parameters of its "
             "own."},
    {.name = "steps",
     .kind = CDS_KEY_COUNT,
     FIELD(cds_layer_keys, steps),
     SIZE_RANGE,
     .fallback = "1",
     .help = "How often each of them runs, with the same parameters."},
    {.name = "precision",
     .kind = CDS_KEY_NODE,
     FIELD(cds_layer_keys, precision),
     .help = "Number formats of this layer, instead of the workload's."},
    {.name = "pad",
     .kind = CDS_KEY_NODE,
     FIELD(cds_layer_keys, pad),
     .help = "Rounds ranks up to multiples, such as {m: 128}; the padding is "
             "counted."},
    {.name = "then",
     .kind = CDS_KEY_NODE,
     FIELD(cds_layer_keys, then),
     .help = "Operations on the result of a convolution or a product, one "
             "after another, such as [bias_relu]: each is a layer "
             "NAME.OPERATION, with a row for each pixel or row of the result "
             "and an element for each filter or column."},
    {.name = "roles",
     .kind = CDS_KEY_NODE,
     FIELD(cds_layer_keys, roles),
     .help = "What operands are, such as {A: weight}: input, weight, kv (a "
             "weight that is stored in the KV cache) or activation (one that "
             "was computed, and takes the place of weights). The first operand "
             "is input, the others are weights if not given."},
    {.name = "formats",
     .kind = CDS_KEY_NODE,
     FIELD(cds_layer_keys, formats),
     .help = "Number formats of single tensors, such as {A: int4}."},
    {.name = "intermediate",
     .kind = CDS_KEY_NODE,
     FIELD(cds_layer_keys, intermediate),
     .help =
         "Tensors that only neighbouring layers of this list make or use, "
         "such as [T]: the layer that makes one (the result is O of conv2d, "
         "Y of matmul, after what 'then' does to it), and the next that "
         "takes one of the same shape (I, X), each name it so. Such layers "
         "may run fused. First operands of einsums of one name and shape "
         "are the same tensor there, if nothing is taken from a layer "
         "before. Several einsums may name a result of one before; that goes "
         "to the outermost level, too, if its maker does not name it."},
    {.name = "source",
     .kind = CDS_KEY_TEXT,
     FIELD(cds_layer_keys, note),
     .help = "Where the numbers come from."},
    {.name = "assumption",
     .kind = CDS_KEY_TEXT,
     FIELD(cds_layer_keys, note),
     .help = "What was assumed, where there is no source."},
    {.name = "note",
     .kind = CDS_KEY_TEXT,
     FIELD(cds_layer_keys, note),
     .help = "Anything that a reader should know."},
    {0}};

const cds_schema cds_layer_schema = {
    .name = "layer",
    .help = "One layer, or several of one shape: exactly one of 'einsum', "
            "'matmul', 'batched_matmul', 'conv2d', 'pool2d', 'attention' and "
            "'operation'.",
    .keys = layer_keys};

#define MATMUL_KEY(key, text)                                                  \
  {                                                                            \
    .name = #key, .kind = CDS_KEY_COUNT, FIELD(cds_matmul_keys, key),          \
    .required = true, SIZE_RANGE, .help = text                                 \
  }

static const cds_key matmul_keys[] = {
    {.name = "m",
     .kind = CDS_KEY_COUNT,
     FIELD(cds_matmul_keys, m),
     SIZE_RANGE,
     .help = "Rows of the result; the workload's 'batch' if absent."},
    MATMUL_KEY(n, "Columns of the result."),
    MATMUL_KEY(k, "Length of the products that are summed."),
    {0}};

const cds_schema cds_matmul_schema = {.name = "matmul",
                                      .help = "Matrix product of m x k and "
                                              "k x n.",
                                      .keys = matmul_keys};

static const cds_key batched_matmul_keys[] = {
    MATMUL_KEY(b, "Number of products."),
    MATMUL_KEY(m, "Rows of a result."),
    MATMUL_KEY(n, "Columns of a result."),
    MATMUL_KEY(k, "Length of the products that are summed."),
    {0}};

const cds_schema cds_batched_matmul_schema = {
    .name = "batched_matmul",
    .help = "Matrix products that share no operand.",
    .keys = batched_matmul_keys};

#define CONV_COUNT(key, must, otherwise, text)                                 \
  {                                                                            \
    .name = #key, .kind = CDS_KEY_COUNT, FIELD(cds_conv2d_keys, key),          \
    .required = must, .fallback = otherwise, SIZE_RANGE, .help = text          \
  }
#define CONV_PAIR(key, must, text)                                             \
  {                                                                            \
    .name = #key, .kind = CDS_KEY_NODE, FIELD(cds_conv2d_keys, key),           \
    .required = must, .help = text                                             \
  }

static const cds_key conv2d_keys[] = {
    CONV_COUNT(batch, false, NULL,
               "Images (rank b); the workload's 'batch', or 1, if absent."),
    CONV_COUNT(channels, true, NULL,
               "Input channels of all groups (rank c is one group's)."),
    CONV_COUNT(filters, false, NULL,
               "Output channels of all groups (rank m is one group's); those "
               "of the input for a depthwise convolution if not given."),
    CONV_PAIR(input, true,
              "Height and width of the input, such as [56, 56] or 56, without "
              "padding."),
    CONV_PAIR(kernel, true, "Height and width of the window (ranks r, s)."),
    CONV_PAIR(stride, false, "Step of the window down and right; 1 if absent."),
    CONV_PAIR(dilation, false, "Distance of its taps; 1 if absent."),
    CONV_PAIR(padding, false,
              "Rows and columns added on each side; 0 if absent. The words "
              "of the input are those that the windows touch, padding "
              "included."),
    CONV_COUNT(groups, false, NULL,
               "Groups of channels (rank g): channels and filters divide by "
               "it; 1 if absent."),
    {.name = "depthwise",
     .kind = CDS_KEY_BOOL,
     FIELD(cds_conv2d_keys, depthwise),
     .help = "As many groups as input channels."},
    {0}};

const cds_schema cds_conv2d_schema = {
    .name = "conv2d",
    .help = "Convolution with output sizes (ranks p, q) from the input: "
            "floor((input + 2 padding - dilation (kernel - 1) - 1) / stride) "
            "+ 1.",
    .keys = conv2d_keys};

#define POOL_COUNT(key, must, text)                                            \
  {                                                                            \
    .name = #key, .kind = CDS_KEY_COUNT, FIELD(cds_pool2d_keys, key),          \
    .required = must, SIZE_RANGE, .help = text                                 \
  }
#define POOL_PAIR(key, must, text)                                             \
  {                                                                            \
    .name = #key, .kind = CDS_KEY_NODE, FIELD(cds_pool2d_keys, key),           \
    .required = must, .help = text                                             \
  }

static const char *const pool_choices[] = {"max", "average", NULL};

static const cds_key pool2d_keys[] = {
    {.name = "kind",
     .kind = CDS_KEY_CHOICE,
     FIELD(cds_pool2d_keys, kind),
     .choices = pool_choices,
     .fallback = "max",
     .help = "What becomes of a window."},
    POOL_COUNT(batch, false,
               "Images; the workload's 'batch', or 1, if absent."),
    POOL_COUNT(channels, true, "Channels."),
    POOL_PAIR(input, true,
              "Height and width of the input, such as [112, 112] or 112, "
              "without padding."),
    POOL_PAIR(kernel, true, "Height and width of the window."),
    POOL_PAIR(stride, false,
              "Step of the window down and right; the kernel if absent."),
    POOL_PAIR(padding, false,
              "Rows and columns added on each side, at most half of the "
              "kernel; 0 if absent. Nothing is fetched for them."),
    {0}};

const cds_schema cds_pool2d_schema = {
    .name = "pool2d",
    .help = "Pooling with output sizes as those of conv2d: an operation with a "
            "row for each window. Where kernel lines of the input fit beside "
            "the result, the input is fetched once.",
    .keys = pool2d_keys};

#define ATTENTION_COUNT(key, must, otherwise, text)                            \
  {                                                                            \
    .name = #key, .kind = CDS_KEY_COUNT, FIELD(cds_attention_keys, key),       \
    .required = must, .fallback = otherwise, SIZE_RANGE, .help = text          \
  }

static const cds_key attention_keys[] = {
    ATTENTION_COUNT(batch, false, NULL,
                    "Sequences (rank b); the workload's 'batch', or 1, if "
                    "absent."),
    ATTENTION_COUNT(heads, true, NULL, "Query heads."),
    ATTENTION_COUNT(kv_heads, false, NULL,
                    "Heads of keys and values (rank h); as many as 'heads' if "
                    "absent. It divides 'heads'; rank g is the quotient."),
    ATTENTION_COUNT(head_dim, true, NULL, "Elements of a head (rank e)."),
    ATTENTION_COUNT(query, true, NULL, "Query tokens (rank s)."),
    ATTENTION_COUNT(context, true, NULL,
                    "Keys that each query attends to (rank t)."),
    {.name = "causal",
     .kind = CDS_KEY_BOOL,
     FIELD(cds_attention_keys, causal),
     .fallback = "false",
     .help = "Whether a query attends to no key after it; the last key is the "
             "last query's. Products are full squares, but where they run "
             "fused: tiles of keys that are masked as a whole are left out."},
    {0}};

const cds_schema cds_attention_schema = {
    .name = "attention",
    .help = "Grouped-query attention, unfused: scores go to the outermost "
            "level in the activations' format.",
    .keys = attention_keys};
