/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A workload: phases of layers. A layer is an einsum that is mapped, or an
 * operation that is not multiply-accumulate (softmax, norm, ...).
 */
#ifndef CDS_SPEC_WORKLOAD_H
#define CDS_SPEC_WORKLOAD_H

#include "spec/einsum.h"

typedef enum cds_layer_kind {
  CDS_LAYER_EINSUM,
  CDS_LAYER_OPERATION
} cds_layer_kind;

enum { CDS_OPERANDS_MAX = 4 };

/* One stream of words that an operation reads or writes. */
typedef struct cds_operand {
  const char *name;
  cds_content content;
  cds_format format;
  uint64_t words;     /* distinct words in all */
  uint64_t row_words; /* words of one row (0: shared by all rows, fetched once,
                         e.g. the weights of a norm) */
  bool every_pass;    /* fetched in each pass unless the row fits */
  uint64_t uses;      /* words that the unit reads where windows overlap: more
                         than `words`; 0: each word once a pass */
  /* As of a tensor (einsum.h): only a neighbouring layer makes or uses it. */
  bool intermediate;
  unsigned home;  /* the level that has it all the time: 0, the outermost, but
                     in a fused group */
  uint64_t moved; /* words that come from the outermost level to that home
                     (result: go there) */
} cds_operand;

/* An operation: `rows` rows of `length` elements each. Primitives are totals
 * over the whole operation, from operations.def. */
typedef struct cds_operation {
  const char *kind; /* "softmax", "rmsnorm", ... a row of operations.def */
  uint64_t rows, length;
  unsigned passes; /* over a row */
  bool reduces;    /* a row is reduced: + log2(lanes) a row */
  /* Axes of the result (bits) that an element of a row has its place on, where
   * the layer before makes more than rows: filters of an image. 0: the last. */
  uint32_t row_axes;
  bool gather; /* whole rows picked from a table: whole accesses */
  /* A softmax of scores that are masked: of a row of the query q, the index
   * before that of the row, keys k <= q + `past` count, the others are made in
   * vain. Alone it runs whole. */
  bool causal;
  uint64_t past;          /* keys before the first query */
  uint64_t primitives[8]; /* by cds_primitive */
  cds_format format;      /* of the arithmetic: the accumulator's */
  uint64_t taken_bits;    /* of the unit's level, by tiles of a fused group */
  bool shared_waits; /* what all rows share has room of its own there, beside
                        all else */
  unsigned inputs;
  cds_operand input[CDS_OPERANDS_MAX];
  cds_operand output;
} cds_operation;

typedef struct cds_layer {
  const char *name;
  cds_place place;
  cds_layer_kind kind;
  unsigned phase;
  uint64_t count; /* how often it runs in the phase (repeat counts, steps) */
  uint64_t steps; /* runs in a phase with the same parameters, and with the
                     same cache; 0: not known */
  /* The operand with the content CDS_KV_CACHE: a cache that grows from step to
   * step of a decode phase. Layers of the phase with the same number, from 1,
   * use the same one; 0: not known. Words that are in it once or longer, what
   * the phase begins with included. */
  unsigned cache;
  uint64_t cache_words;
  uint64_t
      cache_longest; /* words that are in it at once, in the longest step */
  cds_einsum einsum; /* LAYER_EINSUM */
  cds_operation operation; /* LAYER_OPERATION */
  bool fusible;            /* its traffic could be removed by fusion */
  /* Values of a phase, by number from 1: what the layer makes, and what its
   * operands are; 0: not known, or told by `intermediate`. */
  unsigned makes, takes[CDS_OPERANDS_MAX];
  bool used_up;    /* none but layers that say so take what it makes */
  uint32_t handed; /* operands (bits) that a layer before, which runs as often,
                      makes or takes, too */
  /* LAYER_EINSUM: multiply-accumulates of a run that no mask makes vain. */
  uint64_t useful_macs;
} cds_layer;

typedef enum cds_phase_kind {
  CDS_PHASE_PLAIN, /* layers of a file, or one pass of an encoder */
  CDS_PHASE_PREFILL,
  CDS_PHASE_DECODE
} cds_phase_kind;

enum { CDS_PHASES_MAX = 64 };

typedef struct cds_phase {
  const char *name; /* "prefill", "decode", "all" for plain layers */
  cds_phase_kind kind;
  uint64_t batch, tokens, context;
  double weight; /* how often its workload runs in a mix; 0: once */
} cds_phase;

/* Pairs of a query q and a key k of so many with k <= q + past. At most
 * `queries` x `keys`, which fits into 64 bits. */
static inline uint64_t cds_causal_pairs(uint64_t queries, uint64_t keys,
                                        uint64_t past) {
  const uint64_t below = past < keys ? keys - past - 1 : 0;
  const uint64_t few = below < queries ? below : queries; /* not all keys */
  return few * past + few * (few + 1) / 2 + (queries - few) * keys;
}

static inline double cds_phase_weight(const cds_phase *phase) {
  return phase->weight > 0 ? phase->weight : 1;
}

/* One workload of a mix. */
typedef struct cds_part {
  const char *name;
  double weight; /* how often it runs */
  unsigned first_phase, phases;
} cds_part;

typedef struct cds_workload {
  const char *name;
  cds_place place;
  unsigned phases;
  cds_phase *phase;
  size_t layers;
  cds_layer *layer;
  unsigned parts; /* of a mix; 0: not a mix */
  cds_part *part;
  /* Facts for the coverage line and the footprint; 0 where they do not apply */
  const char *model_type;  /* "llama", NULL when not a model */
  uint64_t parameters;     /* values */
  uint64_t parameter_bits; /* footprint of all weights */
  uint64_t kv_bits_per_token;
  uint64_t kv_bits;         /* largest cache during the run, batch included */
  uint64_t activation_bits; /* largest live activations of one layer */
  uint64_t footprint_bits;  /* what must fit the outermost level */
} cds_workload;

/* Reads a workload file. Everything lives in the reader's arena. */
cds_status cds_workload_read(cds_workload *out, const char *path,
                             const cds_reader *reader);
/* Likewise from a tree that was read before; `path` is where a relative
 * `config:` is looked for. */
cds_status cds_workload_read_tree(cds_workload *out, const cds_yaml *root,
                                  const char *path, const cds_reader *reader);
/* Whether two layers cost the same on every architecture (all but names,
 * counts and phases equal): solved once. */
bool cds_layer_same(const cds_layer *a, const cds_layer *b);

/* Schemas of workload and mapping files, for reference text; ends with NULL. */
extern const cds_schema *const cds_workload_schemas[];

/* "q_proj" of "decode.q_proj" in phase "decode"; else NULL. */
const char *cds_name_in_phase(const char *name, const char *phase);

#endif
