/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers by number, and by kind; see answers.h. */
#include "network/answers.h"

#include <string.h>

cds_status cds_answers_begin(cds_answers *answers, size_t kinds, double slack) {
  if (answers->slack != slack) {
    cds_answers_forget(answers);
    answers->slack = slack;
  }
  for (size_t i = 0; i < answers->answers; i++) {
    answers->answer[i]->counted = false;
  }
  if (answers->first == NULL) {
    answers->first =
        (size_t *)cds_arena_array(answers->arena, kinds, sizeof(size_t));
    answers->kinds = kinds;
  }
  if (answers->first == NULL) {
    return CDS_ENOMEM;
  }
  return answers->kinds == kinds ? CDS_OK : CDS_EINTERNAL;
}

size_t cds_answers_find(const cds_answers *answers, size_t kind,
                        double lambda) {
  size_t next = answers->first[kind];
  while (next > 0 && answers->answer[next - 1]->lambda != lambda) {
    next = answers->answer[next - 1]->next;
  }
  return next > 0 ? next - 1 : answers->answers;
}

static cds_status make_room(cds_answers *answers) {
  if (answers->answers == answers->room) {
    const size_t room = answers->room == 0 ? 128 : 2 * answers->room;
    cds_answer **grown = (cds_answer **)cds_arena_array(answers->arena, room,
                                                        sizeof(cds_answer *));
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    if (answers->answers > 0) {
      memcpy(grown, answers->answer, answers->answers * sizeof(cds_answer *));
    }
    answers->answer = grown;
    answers->room = room;
  }
  return CDS_OK;
}

cds_answer *cds_answers_add(cds_answers *answers, size_t kind, double lambda) {
  cds_answer *answer =
      (cds_answer *)cds_arena_alloc(answers->arena, sizeof *answer);
  if (answer == NULL || make_room(answers) != CDS_OK) {
    return NULL;
  }
  answer->lambda = lambda;
  answer->next = answers->first[kind];
  answers->answer[answers->answers++] = answer;
  answers->first[kind] = answers->answers;
  return answer;
}

void cds_answers_forget(cds_answers *answers) {
  *answers = (cds_answers){.arena = answers->arena};
}
