/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages between ranks and what follows from them; see talk.h. */
#include "explore/talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* The first character of a message. After it: a key, a record, or numbers. */
enum {
  SAY_ASK = '?',    /* to rank 0: a key */
  SAY_YOURS = '+',  /* from rank 0: a key */
  SAY_OTHER = '-',  /* likewise */
  SAY_BACK = '<',   /* to rank 0: a key */
  SAY_FREE = '>',   /* from rank 0: a key */
  SAY_RECORD = '#', /* a record, which begins so */
  SAY_STOP = '!',   /* a signal */
  SAY_COME = '(',   /* to rank 0: a code, and what is compared */
  SAY_LEAVE = ')',  /* likewise */
  SAY_OPEN = '=',   /* from rank 0: code, who, whether something differs */
  SAY_END = '.'     /* likewise: all have left */
};

enum { SLOTS_FIRST = 64, SHORT_TEXT = 100 };

/* Numbers by key. */
typedef struct entry {
  cds_journal_key key;
  unsigned value;
} entry;
typedef struct table {
  entry *slot; /* a power of two; an empty key: free */
  size_t slots, used;
} table;

typedef enum place { AT_WORK, AT_GATE, LEFT } place;
typedef struct seat {
  place place;
  int code;
  char *with; /* cds_free; NULL: nothing */
} seat;

/* A message to this rank itself. */
typedef struct note {
  struct note *next;
  char text[];
} note;

struct cds_talk {
  unsigned rank, count;
  note *note, **last_note; /* not heard yet */
  cds_talk_carrier *send;
  void *payload;
  bool broken;
  table claim; /* cds_talk_claim by question */
  size_t freed;
  cds_talk_record *first, **last;
  bool stopped;
  int signal;
  bool leaves, opened;
  cds_talk_verdict verdict;
  /* Of rank 0. */
  table owner; /* by question, 1 + rank; 0: none */
  seat *seat;  /* by rank */
  bool failed; /* the verdict stays */
  cds_talk_verdict first_failure;
};

/* ---- tables -------------------------------------------------------------- */

/* The digits of a key are as good as random. */
static entry *entry_of(const table *in, const cds_journal_key *key) {
  size_t at = 0;
  for (unsigned i = 0; i < 8; i++) {
    const char c = key->text[i];
    at = at << 4 | (size_t)(c <= '9' ? c - '0' : c - 'a' + 10);
  }
  for (at &= in->slots - 1; in->slot[at].key.text[0] != '\0' &&
                            strcmp(in->slot[at].key.text, key->text) != 0;) {
    at = (at + 1) & (in->slots - 1);
  }
  return &in->slot[at];
}

static bool grow(table *in) {
  const table old = *in;
  in->slots = old.slots == 0 ? (size_t)SLOTS_FIRST : 2 * old.slots;
  in->slot = (entry *)cds_malloc(in->slots * sizeof *in->slot);
  if (in->slot == NULL) {
    *in = old;
    return false;
  }
  memset(in->slot, 0, in->slots * sizeof *in->slot);
  for (size_t i = 0; i < old.slots; i++) {
    if (old.slot[i].key.text[0] != '\0') {
      *entry_of(in, &old.slot[i].key) = old.slot[i];
    }
  }
  cds_free(old.slot);
  return true;
}

/* Where the number of a key is; 0 at first. NULL: no memory. */
static unsigned *value_of(cds_talk *talk, table *in,
                          const cds_journal_key *key) {
  if (2 * (in->used + 1) > in->slots && !grow(in)) {
    talk->broken = true;
    return NULL;
  }
  entry *found = entry_of(in, key);
  if (found->key.text[0] == '\0') {
    found->key = *key;
    in->used++;
  }
  return &found->value;
}

/* ---- saying -------------------------------------------------------------- */

static void say_to_self(cds_talk *talk, const char *text) {
  const size_t size = strlen(text) + 1;
  note *one = (note *)cds_malloc(sizeof *one + size);
  if (one == NULL) {
    talk->broken = true;
    return;
  }
  one->next = NULL;
  memcpy(one->text, text, size);
  *talk->last_note = one;
  talk->last_note = &one->next;
}

/* What this rank says to itself is heard by hear_self, later. */
static void say(cds_talk *talk, unsigned to, const char *text) {
  if (to == talk->rank) {
    say_to_self(talk, text);
  } else if (!talk->send(talk->payload, to, text)) {
    talk->broken = true;
  }
}

static void say_all(cds_talk *talk, const char *text, unsigned but) {
  for (unsigned to = 0; to < talk->count; to++) {
    if (to != but) {
      say(talk, to, text);
    }
  }
}

static void say_key(cds_talk *talk, unsigned to, char what,
                    const cds_journal_key *key) {
  char text[1 + CDS_JOURNAL_KEY];
  snprintf(text, sizeof text, "%c%s", what, key->text);
  say(talk, to, text);
}

static void hear_self(cds_talk *talk);

/* ---- questions ----------------------------------------------------------- */

cds_talk_claim cds_talk_ask(cds_talk *talk, const cds_journal_key *key) {
  unsigned *claim = value_of(talk, &talk->claim, key);
  if (claim == NULL) {
    return CDS_TALK_OTHER;
  }
  if (*claim == CDS_TALK_FREE) {
    *claim = CDS_TALK_ASKED;
    say_key(talk, 0, SAY_ASK, key);
    hear_self(talk);
    claim = value_of(talk, &talk->claim, key); /* rank 0 knows at once */
  }
  return claim == NULL ? CDS_TALK_OTHER : (cds_talk_claim)*claim;
}

void cds_talk_give_back(cds_talk *talk, const cds_journal_key *key) {
  unsigned *claim = value_of(talk, &talk->claim, key);
  if (claim != NULL && *claim == CDS_TALK_OWN) {
    *claim = CDS_TALK_FREE;
    say_key(talk, 0, SAY_BACK, key);
    hear_self(talk);
  }
}

size_t cds_talk_freed(const cds_talk *talk) { return talk->freed; }

/* Of rank 0: who asks first has it. */
static void hear_ask(cds_talk *talk, unsigned from,
                     const cds_journal_key *key) {
  unsigned *owner = value_of(talk, &talk->owner, key);
  if (owner != NULL) {
    *owner = *owner == 0 ? 1 + from : *owner;
    say_key(talk, from, *owner == 1 + from ? SAY_YOURS : SAY_OTHER, key);
  }
}

static void hear_back(cds_talk *talk, unsigned from,
                      const cds_journal_key *key) {
  unsigned *owner = value_of(talk, &talk->owner, key);
  if (owner == NULL || *owner != 1 + from) {
    return;
  }
  *owner = 0;
  for (unsigned to = 0; to < talk->count; to++) {
    if (to != from) {
      say_key(talk, to, SAY_FREE, key);
    }
  }
}

/* What rank 0 has said. One that is being asked for is left: its answer comes.
 */
static void hear_claim(cds_talk *talk, char what, const cds_journal_key *key) {
  unsigned *claim = value_of(talk, &talk->claim, key);
  if (claim == NULL) {
    return;
  }
  if (what == SAY_FREE) {
    *claim = *claim == CDS_TALK_OTHER ? CDS_TALK_FREE : *claim;
    talk->freed++;
  } else {
    *claim = what == SAY_YOURS ? CDS_TALK_OWN : CDS_TALK_OTHER;
  }
}

/* ---- records ------------------------------------------------------------- */

void cds_talk_tell(cds_talk *talk, const char *line) {
  say_all(talk, line, talk->rank);
}

static void hear_record(cds_talk *talk, const char *line) {
  const size_t size = strlen(line) + 1;
  cds_talk_record *record =
      (cds_talk_record *)cds_malloc(sizeof *record + size);
  if (record == NULL) {
    talk->broken = true;
    return;
  }
  record->next = NULL;
  memcpy(record->line, line, size);
  *talk->last = record;
  talk->last = &record->next;
}

cds_talk_record *cds_talk_records(cds_talk *talk) {
  cds_talk_record *first = talk->first;
  talk->first = NULL;
  talk->last = &talk->first;
  return first;
}

bool cds_talk_has_records(const cds_talk *talk) { return talk->first != NULL; }

/* ---- stopping ------------------------------------------------------------ */

static void stop_all(cds_talk *talk, int signal) {
  char text[SHORT_TEXT];
  snprintf(text, sizeof text, "%c%d", SAY_STOP, signal);
  say_all(talk, text, talk->count);
}

void cds_talk_stop(cds_talk *talk, int signal) {
  stop_all(talk, signal);
  hear_self(talk);
}

static void hear_stop(cds_talk *talk, int signal) {
  talk->stopped = true;
  talk->signal = talk->signal == 0 ? signal : talk->signal;
}

bool cds_talk_stopped(const cds_talk *talk, int *signal) {
  *signal = talk->signal;
  return talk->stopped;
}

/* ---- gates --------------------------------------------------------------- */

void cds_talk_come(cds_talk *talk, int code, const char *with, bool leaves) {
  const size_t size = SHORT_TEXT + (with == NULL ? 0 : strlen(with));
  char *text = (char *)cds_malloc(size);
  if (text == NULL) {
    talk->broken = true;
    return;
  }
  talk->leaves = leaves;
  talk->opened = false;
  snprintf(text, size, "%c%d %s", leaves ? SAY_LEAVE : SAY_COME, code,
           with == NULL ? "" : with);
  say(talk, 0, text);
  cds_free(text);
  hear_self(talk);
}

bool cds_talk_opened(cds_talk *talk, cds_talk_verdict *verdict) {
  const bool opened = talk->opened;
  *verdict = talk->verdict;
  talk->opened = false;
  return opened;
}

/* Of rank 0: the lowest rank that has failed, and else whether all came with
 * the same. A failure is told at all later gates, too. */
static cds_talk_verdict conclude(cds_talk *talk) {
  cds_talk_verdict out = {.code = 0};
  const char *with = NULL;
  for (unsigned i = 0; i < talk->count && !talk->failed; i++) {
    if (talk->seat[i].code != 0) {
      talk->failed = true;
      talk->first_failure = (cds_talk_verdict){talk->seat[i].code, i, false};
    }
  }
  for (unsigned i = 0; i < talk->count; i++) {
    const char *own = talk->seat[i].with;
    out.differ =
        out.differ || (with != NULL && own != NULL && strcmp(own, with) != 0);
    with = own == NULL ? with : own;
  }
  return talk->failed ? talk->first_failure : out;
}

/* Opens the gate once nobody is missing. */
static void open_gate(cds_talk *talk) {
  char text[SHORT_TEXT];
  bool all_left = true;
  for (unsigned i = 0; i < talk->count; i++) {
    if (talk->seat[i].place == AT_WORK) {
      return;
    }
    all_left = all_left && talk->seat[i].place == LEFT;
  }
  const cds_talk_verdict verdict = conclude(talk);
  snprintf(text, sizeof text, "%c%d %u %d", all_left ? SAY_END : SAY_OPEN,
           verdict.code, verdict.who, verdict.differ);
  for (unsigned to = 0; to < talk->count; to++) {
    seat *of = &talk->seat[to];
    if (all_left || of->place == AT_GATE) {
      cds_free(of->with);
      *of = (seat){all_left ? LEFT : AT_WORK, 0, NULL};
      say(talk, to, text);
    }
  }
}

static void hear_come(cds_talk *talk, unsigned from, const char *text,
                      bool leaves) {
  char *rest = NULL;
  seat *of = &talk->seat[from];
  of->place = leaves ? LEFT : AT_GATE;
  of->code = (int)strtol(text, &rest, 10);
  const size_t size = strlen(rest);
  if (size > 1) { /* after a blank */
    of->with = (char *)cds_malloc(size);
    if (of->with == NULL) {
      talk->broken = true;
      return;
    }
    memcpy(of->with, rest + 1, size);
  }
  if (of->code != 0 && !talk->stopped) {
    stop_all(talk, 0);
  }
  open_gate(talk);
}

static void hear_open(cds_talk *talk, const char *text, bool end) {
  char *at = NULL;
  talk->verdict.code = (int)strtol(text, &at, 10);
  talk->verdict.who = (unsigned)strtoul(at, &at, 10);
  talk->verdict.differ = strtol(at, NULL, 10) == 1;
  talk->opened = end == talk->leaves;
}

/* ---- hearing ------------------------------------------------------------- */

static cds_journal_key key_in(const char *text) {
  cds_journal_key key = {{0}};
  const size_t size = strlen(text);
  memcpy(key.text, text, size < CDS_JOURNAL_KEY ? size : CDS_JOURNAL_KEY - 1);
  return key;
}

static void hear(cds_talk *talk, unsigned from, const char *text) {
  const char *rest = text + 1;
  const cds_journal_key key = key_in(rest);
  switch (*text) {
  case SAY_ASK:
    hear_ask(talk, from, &key);
    break;
  case SAY_BACK:
    hear_back(talk, from, &key);
    break;
  case SAY_YOURS:
  case SAY_OTHER:
  case SAY_FREE:
    hear_claim(talk, *text, &key);
    break;
  case SAY_RECORD:
    hear_record(talk, text);
    break;
  case SAY_STOP:
    hear_stop(talk, (int)strtol(rest, NULL, 10));
    break;
  case SAY_COME:
  case SAY_LEAVE:
    hear_come(talk, from, rest, *text == SAY_LEAVE);
    break;
  case SAY_OPEN:
  case SAY_END:
    hear_open(talk, rest, *text == SAY_END);
    break;
  default:
    break;
  }
}

static void hear_self(cds_talk *talk) {
  while (talk->note != NULL) {
    note *one = talk->note;
    talk->note = one->next;
    talk->last_note = talk->note == NULL ? &talk->note : talk->last_note;
    hear(talk, talk->rank, one->text);
    cds_free(one);
  }
}

void cds_talk_hear(cds_talk *talk, unsigned from, const char *text) {
  hear(talk, from, text);
  hear_self(talk);
}

bool cds_talk_broken(const cds_talk *talk) { return talk->broken; }

/* ---- set-up -------------------------------------------------------------- */

cds_talk *cds_talk_new(unsigned rank, unsigned count, cds_talk_carrier *send,
                       void *payload) {
  cds_talk *talk = (cds_talk *)cds_malloc(sizeof *talk);
  if (talk == NULL) {
    return NULL;
  }
  *talk = (cds_talk){
      .rank = rank, .count = count, .send = send, .payload = payload};
  talk->last = &talk->first;
  talk->last_note = &talk->note;
  if (rank == 0) {
    talk->seat = (seat *)cds_malloc(count * sizeof *talk->seat);
    if (talk->seat == NULL) {
      cds_free(talk);
      return NULL;
    }
    memset(talk->seat, 0, count * sizeof *talk->seat);
  }
  return talk;
}

void cds_talk_free(cds_talk *talk) {
  if (talk == NULL) {
    return;
  }
  for (cds_talk_record *record = cds_talk_records(talk); record != NULL;) {
    cds_talk_record *next = record->next;
    cds_free(record);
    record = next;
  }
  for (unsigned i = 0; talk->seat != NULL && i < talk->count; i++) {
    cds_free(talk->seat[i].with);
  }
  cds_free(talk->seat);
  cds_free(talk->claim.slot);
  cds_free(talk->owner.slot);
  cds_free(talk);
}
