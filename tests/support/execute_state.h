/* SPDX-License-Identifier: GPL-3.0-or-later */
/* State of the execution of a group; private to execute_*.c. */
#ifndef CDS_TESTS_EXECUTE_STATE_H
#define CDS_TESTS_EXECUTE_STATE_H

#include "support/execute_group.h"
#include "support/simulate_state.h"

/* A tensor of the group. Words are named by their places in a box that holds
 * it, the last axis fastest (execute_words.c). */
typedef struct group_tensor {
  const cds_einsum *einsum;   /* of the first stage that has it: its axes */
  unsigned stage, index;      /* that stage, and the tensor's index there */
  unsigned axes;              /* of the box */
  bool windows[CDS_AXES_MAX]; /* some stage has on the axis */
  uint64_t box[CDS_AXES_MAX], before[CDS_AXES_MAX]; /* before: padding */
  size_t words;
  sim_cell *outermost;
  sim_cell *home;     /* below the outermost level, or NULL */
  uint64_t *wanted;   /* values as computed directly */
  uint64_t *products; /* in each finished word */
  unsigned level;     /* of the home */
  unsigned place;     /* outer nodes before it decide about the tile */
  bool here;          /* some tile is at home */
  uint64_t digit[CDS_OUTER_NODES_MAX]; /* of the loops, for this tile */
  size_t largest;                      /* words of a tile so far */
  bool replaced;
  bool partial_kept; /* partial sums are at home between passes */
} group_tensor;

/* What one stage moves between the outermost level and a home. */
typedef struct home_moves {
  uint64_t above[CDS_ACTIONS], above_partial[CDS_ACTIONS];
  uint64_t at[CDS_ACTIONS], at_partial[CDS_ACTIONS];
  uint64_t first, last;
  bool any;
} home_moves;

typedef struct group_stage {
  cds_einsum piece; /* as long as one pass sees it */
  sim_state *sim;
  home_moves moves[CDS_TENSORS_MAX];
} group_stage;

/* The state of a strip of the output's row: see execute_softmax.c. */
typedef struct softmax_state {
  bool valued;
  uint64_t most, sum;
} softmax_state;

/* A stage that is a softmax. States are by the word of the output that begins
 * the strip. */
typedef struct group_softmax {
  bool here, tiled;
  unsigned row;    /* rank of the group */
  unsigned user;   /* stage that uses the weights */
  unsigned output; /* tensor of the group that it makes */
  unsigned at;     /* level that the unit works on */
  softmax_state *home, *outermost;
  size_t strips; /* of the largest tile at home */
  size_t pass_rows;
  executed_operation moved;
} group_softmax;

typedef struct group_run {
  const cds_arch *arch;
  const cds_fused_group *group;
  const cds_fused_mapping *mapping;
  simulate_message *message;
  bool failed;
  uint64_t digit[CDS_OUTER_NODES_MAX]; /* of the outer loops, now */
  group_tensor tensor[CDS_FUSED_TENSORS_MAX];
  group_stage stage[CDS_STAGES_MAX];
  group_softmax softmax[CDS_STAGES_MAX];
  executed_rows rows[CDS_STAGES_MAX];
  uint64_t left_bits[CDS_STAGES_MAX];
  uint64_t shared_bits[CDS_STAGES_MAX]; /* parameters that stand in a pass */
  /* Words of intermediates at home while a stage runs, the most. */
  size_t live[CDS_STAGES_MAX][CDS_FUSED_TENSORS_MAX];
  size_t *tile; /* scratch: words of a tile */
  bool came_back;
  uint64_t skipped;
} group_run;

/* ---- execute_group.c ---- */

/* Notes the first contradiction. */
void group_fail(group_run *run, unsigned tensor, const char *what);
void *group_room(size_t count, size_t size);
/* Whether the stage is a softmax: execute_softmax.c, not execute_rows.c. */
bool group_is_softmax(const group_run *run, unsigned s);
/* Whether the mask leaves a query and a key of the group to each other; all of
 * them without a mask. */
bool group_counts(const group_run *run, uint64_t query, uint64_t key);
/* The tensor's words where stages find them. */
sim_cell *group_cells_of(group_tensor *t);
/* What another stage made is complete, and as computed directly. */
void group_check_made(group_run *run, unsigned tensor, const sim_cell *cell,
                      size_t word);

/* ---- execute_words.c ---- */

/* Where the piece of a rank begins that loops before node `place` leave, and
 * how long it is. */
uint64_t group_piece_of(const group_run *run, unsigned rank, unsigned place,
                        uint64_t *length);
/* Positions of an axis. */
uint64_t group_axis_length(const cds_einsum *einsum, const cds_axis *axis);
/* The box of a tensor: axes, box, before, words. */
void group_set_box(group_run *run, unsigned tensor);
/* The word of a stage's tensor at a point of its whole iteration space. */
size_t group_word_at(const group_run *run, unsigned s, unsigned t,
                     const uint64_t point[CDS_RANKS_MAX]);
/* The next point of begin .. begin + length - 1; false after the last. */
bool group_next_point(uint64_t *point, const uint64_t *begin,
                      const uint64_t *length, unsigned ranks);
/* Lists in run->tile the words of the tensor that passes of the loops from node
 * `place` on need, at the present digits of those before; of an intermediate
 * all that is on axes of windows. Gives their number. */
size_t group_list_tile(group_run *run, unsigned tensor, unsigned place);
/* The name of a word that the stage's simulator names within the piece of this
 * pass. */
size_t group_whole_word(const group_run *run, unsigned s, unsigned t,
                        size_t word);

/* ---- execute_rows.c ---- */

/* The result of any other operation, computed directly. */
void operation_compute(group_run *run, unsigned s);
/* The stage in this pass. */
void operation_run(group_run *run, unsigned s);

/* ---- execute_softmax.c ---- */

void softmax_prepare(group_run *run, unsigned s);
/* Weights and results of whole rows, computed directly. */
void softmax_compute(group_run *run, unsigned s);
/* The stage in this pass: weights, and the output rescaled. */
void softmax_run(group_run *run, unsigned s);
/* After stage s: strips that are complete are divided. */
void softmax_end(group_run *run, unsigned s);
/* The softmax whose tiles the output is a sum over, or NULL. */
group_softmax *softmax_of(group_run *run, unsigned output);
/* A word of the output leaves home unfinished, or comes back: so does the state
 * of a strip that it begins. */
void softmax_leave(group_run *run, unsigned output, size_t word);
void softmax_return(group_run *run, unsigned output, size_t word);
/* The tile at home has these words of the output. */
void softmax_tile(group_run *run, unsigned output, const size_t *word,
                  size_t words);
void softmax_give_back(group_run *run, unsigned s);

#endif
