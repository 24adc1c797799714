/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steps of an online softmax as rows of a table of operations. */
#include "count/online.h"

#include "spec/operations.h"

#define X                                                                      \
  { CDS_SHAPE_ROW, "x" }
#define FACTOR                                                                 \
  { CDS_SHAPE_VALUE, "factor" }
#define STATE                                                                  \
  { CDS_SHAPE_HEAD, "state" }

/* Where a pipeline rescales: the factor is read. */
static const cds_operation_kind rescale_later = {
    .name = "softmax",
    .passes = 1,
    .input = {X, FACTOR},
    .output = X,
    .primitive = {[CDS_ADD] = {0, 1}, [CDS_EXP] = {0, 1}, [CDS_MUL] = {1, 1}}};

/* A state is a head of its two words. The unit keeps the maximum, the sum and
 * the factor of a row from its tile to its rescaling, as it does in whole rows.
 * Rows of scores are swept twice, as those of whole rows are: their maximum is
 * known before the first exponential. */
static const cds_operation_kind kinds[CDS_ONLINE_MOVE] = {
    [CDS_ONLINE_FIRST] =
        {.name = "softmax",
         .passes = 2,
         .reduces = true,
         .input = {X},
         .output = X,
         .primitive =
             {[CDS_MAX] = {1, -1}, [CDS_ADD] = {2, -1}, [CDS_EXP] = {1, 0}}},
    [CDS_ONLINE_NEXT] =
        {.name = "softmax",
         .passes = 2,
         .reduces = true,
         .input = {X, STATE},
         .output = X,
         .primitive =
             {[CDS_MAX] = {1, 0}, [CDS_ADD] = {2, 0}, [CDS_EXP] = {1, 0}}},
    [CDS_ONLINE_RESCALE] =
        {.name = "softmax",
         .passes = 1,
         .input = {X},
         .output = X,
         .primitive =
             {[CDS_ADD] = {0, 1}, [CDS_EXP] = {0, 1}, [CDS_MUL] = {1, 1}}},
    [CDS_ONLINE_STATE] = {.name = "softmax", .passes = 1, .output = STATE},
    [CDS_ONLINE_FACTOR] = {.name = "softmax", .passes = 1, .output = FACTOR},
    [CDS_ONLINE_END] =
        {.name = "softmax",
         .passes = 1,
         .input = {X, {CDS_SHAPE_VALUE, "sum"}},
         .output = X,
         .primitive = {[CDS_RECIP] = {0, 1}, [CDS_MUL] = {1, 0}}},
};

/* Words of scores, weights, states and the output: formats and homes. */
typedef struct cds_online_words {
  cds_operand scores, weights, state, sums, results;
} cds_online_words;

static cds_online_words words_of(const cds_operation *softmax,
                                 const cds_einsum *stage) {
  const cds_online *online = &stage->stage->online;
  cds_online_words out = {.scores = softmax->input[0],
                          .weights = softmax->output,
                          .state = {.format = *cds_format_find("fp32")}};
  out.scores.home = stage->stage->home[0].level;
  out.weights.home = stage->stage->home[stage->tensors - 1].level;
  out.state.home = online->level;
  out.state.format.bits = CDS_STATE_BITS;
  out.sums.home = out.results.home = online->level;
  out.sums.format = online->sums;
  out.results.format = online->results;
  return out;
}

static void put(cds_operand *operand, const cds_operand *words) {
  operand->format = words->format;
  operand->content = words->content;
  operand->home = words->home;
}

static void put_all(cds_operation *made, cds_online_step step,
                    const cds_online_words *words) {
  switch (step) {
  case CDS_ONLINE_FIRST:
  case CDS_ONLINE_NEXT:
    put(&made->input[0], &words->scores);
    put(&made->output, &words->weights);
    break;
  case CDS_ONLINE_RESCALE:
    put(&made->input[0], &words->sums);
    put(&made->output, &words->sums);
    break;
  case CDS_ONLINE_END:
    put(&made->input[0], &words->results);
    put(&made->output, &words->results);
    break;
  case CDS_ONLINE_STATE:
  case CDS_ONLINE_FACTOR:
  case CDS_ONLINE_MOVE:
  case CDS_ONLINE_STEPS:
    put(&made->output, &words->state);
    break;
  }
  if (made->inputs > 1) {
    put(&made->input[1], &words->state);
  }
}

/* States on the way between home and the outermost level. */
static cds_online_part make_move(const cds_operation *softmax,
                                 const cds_online_words *words,
                                 uint64_t returns) {
  cds_online_part out = {.times = returns > 0 ? 1 : 0};
  out.operation = (cds_operation){.kind = "softmax",
                                  .rows = 1,
                                  .length = CDS_STATE_WORDS,
                                  .passes = 1,
                                  .format = softmax->format,
                                  .inputs = 1};
  put(&out.operation.input[0], &words->state);
  put(&out.operation.output, &words->state);
  out.operation.input[0].moved = out.operation.output.moved = returns;
  return out;
}

cds_status cds_online_parts(cds_online_part out[CDS_ONLINE_STEPS],
                            const cds_operation *softmax,
                            const cds_einsum *stage) {
  const cds_online *online = &stage->stage->online;
  const cds_tensor *weights = &stage->tensor[stage->tensors - 1];
  const uint64_t tile =
      stage->rank[weights->axis[weights->axes - 1].term[0].rank].size;
  const uint64_t passes = stage->stage->passes;
  const uint64_t first = online->firsts;
  const bool pipelined = stage->stage->pipelined;
  uint64_t words = 0;
  CDS_TRY(cds_tensor_words(&words, stage, stage->tensors - 1));
  const uint64_t times[CDS_ONLINE_MOVE] = {
      [CDS_ONLINE_FIRST] = first,
      [CDS_ONLINE_NEXT] = passes - first,
      [CDS_ONLINE_RESCALE] = passes - first,
      [CDS_ONLINE_STATE] = passes,
      [CDS_ONLINE_FACTOR] = pipelined ? passes - first : 0,
      [CDS_ONLINE_END] = first};
  const cds_precision formats = {.accumulator = softmax->format};
  const cds_online_words of = words_of(softmax, stage);
  for (unsigned step = 0; step < CDS_ONLINE_MOVE; step++) {
    const bool tiles = step == CDS_ONLINE_FIRST || step == CDS_ONLINE_NEXT;
    const cds_operation_size size = {.rows = words / tile,
                                     .length =
                                         tiles ? tile : online->strip_words,
                                     .head_dim = CDS_STATE_WORDS};
    out[step].times = times[step];
    const bool later = step == CDS_ONLINE_RESCALE && pipelined;
    CDS_TRY(cds_operation_make(&out[step].operation,
                               later ? &rescale_later : &kinds[step], &size,
                               &formats));
    put_all(&out[step].operation, (cds_online_step)step, &of);
  }
  out[CDS_ONLINE_MOVE] = make_move(softmax, &of, online->returns);
  return CDS_OK;
}
