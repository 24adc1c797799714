/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A look over the bytes of a model before protobuf-c sees them. It unpacks
 * messages by recursion and merges a message that is given twice at a cost
 * that grows with the square, both without a limit: here nesting is bounded
 * and a second copy refused. Fields by number: Debian's onnx.proto 1.12, and
 * those of later versions that nest.
 */
#include "import/onnx.h"

enum { DEPTH_MAX = 64 };

typedef enum message {
  LEAF, /* nothing in it nests */
  MODEL,
  GRAPH,
  NODE,
  ATTRIBUTE,
  TENSOR,
  SPARSE,
  VALUE_INFO,
  TYPE,
  TENSOR_TYPE,
  WRAPPER, /* sequence, optional: a type as field 1 */
  MAP,
  TRAINING,
  FUNCTION
} message;

/* A field that holds a message; once: a second one would be merged. */
typedef struct edge {
  message in;
  uint64_t field;
  message holds;
  bool once;
} edge;

static const edge edges[] = {{MODEL, 7, GRAPH, true},
                             {MODEL, 20, TRAINING, false},
                             {MODEL, 25, FUNCTION, false},
                             {GRAPH, 1, NODE, false},
                             {GRAPH, 5, TENSOR, false},
                             {GRAPH, 11, VALUE_INFO, false},
                             {GRAPH, 12, VALUE_INFO, false},
                             {GRAPH, 13, VALUE_INFO, false},
                             {GRAPH, 15, SPARSE, false},
                             {NODE, 5, ATTRIBUTE, false},
                             {ATTRIBUTE, 5, TENSOR, true},
                             {ATTRIBUTE, 6, GRAPH, true},
                             {ATTRIBUTE, 10, TENSOR, false},
                             {ATTRIBUTE, 11, GRAPH, false},
                             {ATTRIBUTE, 14, TYPE, true},
                             {ATTRIBUTE, 15, TYPE, false},
                             {ATTRIBUTE, 22, SPARSE, true},
                             {ATTRIBUTE, 23, SPARSE, false},
                             {TENSOR, 3, LEAF, true},
                             {SPARSE, 1, TENSOR, true},
                             {SPARSE, 2, TENSOR, true},
                             {VALUE_INFO, 2, TYPE, true},
                             {TYPE, 1, TENSOR_TYPE, true},
                             {TYPE, 4, WRAPPER, true},
                             {TYPE, 5, MAP, true},
                             {TYPE, 8, TENSOR_TYPE, true},
                             {TYPE, 9, WRAPPER, true},
                             {TENSOR_TYPE, 2, LEAF, true},
                             {WRAPPER, 1, TYPE, true},
                             {MAP, 2, TYPE, true},
                             {TRAINING, 1, GRAPH, true},
                             {TRAINING, 2, GRAPH, true},
                             {FUNCTION, 7, NODE, false},
                             {FUNCTION, 11, ATTRIBUTE, false},
                             {FUNCTION, 12, VALUE_INFO, false}};

static const edge *find_edge(message in, uint64_t field) {
  for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
    if (edges[i].in == in && edges[i].field == field) {
      return &edges[i];
    }
  }
  return NULL;
}

/* A message that is open: where it ends and which fields it had. */
typedef struct frame {
  message is;
  size_t end;
  uint32_t seen; /* of the fields that may stand once: 1 << number */
} frame;

typedef struct walk {
  const uint8_t *bytes;
  size_t at;
  unsigned depth;
  frame open[DEPTH_MAX];
} walk;

static bool varint(uint64_t *out, walk *it, size_t end) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 70 && it->at < end; shift += 7) {
    const uint8_t byte = it->bytes[it->at++];
    if (shift < 64) {
      value |= (uint64_t)(byte & 127) << shift;
    }
    if (byte < 128) {
      *out = value;
      return true;
    }
  }
  return false;
}

static const char *const broken = "it is broken off or no ONNX file";

/* Steps into a message. */
static const char *enter(walk *it, const edge *into, size_t length) {
  frame *top = &it->open[it->depth - 1];
  const uint32_t bit = UINT32_C(1) << into->field;
  if (into->once && (top->seen & bit) != 0) {
    return "a field stands twice in a message";
  }
  top->seen |= bit;
  if (into->holds == LEAF) {
    it->at += length;
    return NULL;
  }
  if (it->depth == DEPTH_MAX) {
    return "its messages are nested more than 64 deep";
  }
  it->open[it->depth++] = (frame){into->holds, it->at + length, 0};
  return NULL;
}

/* Steps over one field, or into it. */
static const char *step(walk *it) {
  const frame *top = &it->open[it->depth - 1];
  uint64_t tag = 0;
  uint64_t length = 0;
  if (!varint(&tag, it, top->end)) {
    return broken;
  }
  switch (tag & 7) {
  case 0:
    return varint(&length, it, top->end) ? NULL : broken;
  case 1:
    length = 8;
    break;
  case 2:
    if (!varint(&length, it, top->end)) {
      return broken;
    }
    break;
  case 5:
    length = 4;
    break;
  default:
    return broken;
  }
  if (length > top->end - it->at) {
    return broken;
  }
  const edge *into = (tag & 7) == 2 ? find_edge(top->is, tag >> 3) : NULL;
  if (into != NULL) {
    return enter(it, into, (size_t)length);
  }
  it->at += (size_t)length;
  return NULL;
}

const char *cds_onnx_guard(const uint8_t *bytes, size_t length) {
  walk it = {.bytes = bytes, .depth = 1, .open = {{MODEL, length, 0}}};
  while (it.depth > 0) {
    if (it.at == it.open[it.depth - 1].end) {
      it.depth--;
      continue;
    }
    const char *wrong = step(&it);
    if (wrong != NULL) {
      return wrong;
    }
  }
  return NULL;
}
