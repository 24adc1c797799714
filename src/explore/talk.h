/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * talk: what the processes of one run (ranks, from 0) say to one another: who
 * is at which question, what was answered, and when all have come to the same
 * place. Messages are lines of text; they come in and go out through functions,
 * so that nothing here knows what carries them (src/mpi/ranks.c does).
 *
 * What is asked of the carrier: no message is lost, and those from one rank to
 * another arrive in the order in which they were sent.
 *
 * Claims. Rank 0 knows who has each question. A rank asks it, and is told that
 * the question is its own, or that another rank has it. Whoever answers a
 * question keeps it, so that no rank is ever given one that another has
 * answered; who cannot answer it gives it back, and all are told. Hence:
 *
 * - At each moment a question has one owner at most, and it is answered once
 *   (records of an earlier run that not all ranks have read apart).
 * - A rank that was told that another has a question will hear its answer, or
 *   that it was given back: it never waits for nothing. That holds as long as
 *   all ranks live, as they do in a run of MPI: the death of one ends it.
 *
 * Gates. A gate opens when each rank has come to it, or has left for good: then
 * all that have come learn whether any rank has failed. A rank that comes or
 * leaves with a failure makes all others stop at once, so that none works on in
 * vain before it comes, too. The lowest rank of those that failed first is the
 * one that says why.
 */
#ifndef CDS_EXPLORE_TALK_H
#define CDS_EXPLORE_TALK_H

#include "explore/journal.h"

typedef struct cds_talk cds_talk;

/* Sends a message to another rank. False: no memory. */
typedef bool cds_talk_carrier(void *payload, unsigned to, const char *text);

typedef enum cds_talk_claim {
  CDS_TALK_FREE,  /* nobody was asked, or it was given back */
  CDS_TALK_ASKED, /* there is no answer yet */
  CDS_TALK_OWN,   /* this rank has it */
  CDS_TALK_OTHER  /* another rank has it */
} cds_talk_claim;

/* What a gate says to all. */
typedef struct cds_talk_verdict {
  int code;     /* of the first failure; 0: none */
  unsigned who; /* says why */
  bool differ;  /* what ranks came with is not the same: code is 0 */
} cds_talk_verdict;

/* A record that was heard; cds_free. */
typedef struct cds_talk_record {
  struct cds_talk_record *next;
  char line[]; /* as journals tell it */
} cds_talk_record;

/* NULL: no memory. None of what is below may run beside another of it. */
cds_talk *cds_talk_new(unsigned rank, unsigned count, cds_talk_carrier *send,
                       void *payload);
void cds_talk_free(cds_talk *talk); /* NULL is legal */
/* A message has come. */
void cds_talk_hear(cds_talk *talk, unsigned from, const char *text);
/* There was no memory for something: nothing can be relied on any more. */
bool cds_talk_broken(const cds_talk *talk);

/* Who has the question, as far as is known; where nothing is, rank 0 is asked.
 */
cds_talk_claim cds_talk_ask(cds_talk *talk, const cds_journal_key *key);
/* Of an own question that could not be answered. */
void cds_talk_give_back(cds_talk *talk, const cds_journal_key *key);
/* How often something was given back by another rank. */
size_t cds_talk_freed(const cds_talk *talk);
/* Tells all others a record. */
void cds_talk_tell(cds_talk *talk, const char *line);
/* Records heard since the last call, the first one first; NULL: none. */
cds_talk_record *cds_talk_records(cds_talk *talk);
bool cds_talk_has_records(const cds_talk *talk);

/* Makes all ranks stop, with the number of a signal or 0. */
void cds_talk_stop(cds_talk *talk, int signal);
/* Whether this rank is to stop; `*signal`: that of cds_talk_stop. */
bool cds_talk_stopped(const cds_talk *talk, int *signal);

/* This rank has come to a gate, or leaves: no gate waits for it any more. With
 * a code that is not 0 it has failed. What ranks come with is compared, unless
 * it is NULL; no character of it is below ' '. */
void cds_talk_come(cds_talk *talk, int code, const char *with, bool leaves);
/* Whether the gate has opened, once for each that was come to; of a rank that
 * leaves: whether all have left. */
bool cds_talk_opened(cds_talk *talk, cds_talk_verdict *verdict);

#endif
