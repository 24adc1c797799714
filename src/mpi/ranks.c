/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ranks of MPI. One thread of each process does all calls of MPI: it begins and
 * ends it, sends what others leave for it, and hears what comes, while the
 * threads that explore work or wait. So MPI need not know threads
 * (MPI_THREAD_FUNNELED), and a rank answers at once, however long its designs
 * take.
 *
 * Nothing is sent by a call that waits for the receiver: two ranks that send to
 * each other cannot block. Messages are text, so that ranks may run on machines
 * of different kinds.
 *
 * The end. A message is gone once its receiver has it (MPI_Issend). A rank that
 * has left comes to a barrier when all its messages are gone, and hears what
 * others still say until all have come to it: then no message is on its way.
 */
#include "cli/ranks.h"

#include <mpi.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "cli/cli.h"

enum {
  TAG = 0,
  /* Between two looks at what has come, in microseconds: at first, and once
   * nothing has for a while. A look takes some tens of them, a design more than
   * ten thousand. */
  NAP_FIRST = 50,
  NAP_MOST = 4000
};

typedef struct letter {
  struct letter *next;
  unsigned to;
  MPI_Request request;
  char text[];
} letter;

typedef struct ranks {
  cds_ranks face;
  pthread_t thread;
  pthread_mutex_t lock; /* for what follows */
  pthread_cond_t posted, heard;
  bool ready; /* MPI has begun */
  bool told;  /* the signal that this process received */
  bool left;
  size_t freed; /* seen by `wait` */
  cds_talk *talk;
  letter *first, **last; /* to be sent */
  cds_journal *journal;
  /* Of the thread alone. */
  MPI_Comm all;
  letter *sent; /* not all of it gone */
  bool at_barrier;
  MPI_Request barrier;
} ranks;

static void timed_wait(pthread_cond_t *condition, pthread_mutex_t *lock,
                       long microseconds) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += 1000 * (microseconds % 1000000);
  until.tv_sec += microseconds / 1000000 + until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  pthread_cond_timedwait(condition, lock, &until);
}

/* Requests are kept, and tested until they are done. */
// NOLINTBEGIN(clang-analyzer-optin.mpi.MPI-Checker)

/* ---- the thread that talks ----------------------------------------------- */

/* For cds_talk, under the lock. */
static bool post(void *payload, unsigned to, const char *text) {
  ranks *it = (ranks *)payload;
  const size_t size = strlen(text) + 1;
  letter *one = (letter *)cds_malloc(sizeof *one + size);
  if (one == NULL) {
    return false;
  }
  one->next = NULL;
  one->to = to;
  memcpy(one->text, text, size);
  *it->last = one;
  it->last = &one->next;
  pthread_cond_signal(&it->posted);
  return true;
}

static letter *take_posted(ranks *it) {
  letter *first = it->first;
  it->first = NULL;
  it->last = &it->first;
  return first;
}

/* Sends what was posted, in its order, and frees what is gone; whether there
 * was anything. */
static bool send_posted(ranks *it) {
  pthread_mutex_lock(&it->lock);
  letter *one = take_posted(it);
  pthread_mutex_unlock(&it->lock);
  const bool any = one != NULL;
  while (one != NULL) {
    letter *next = one->next;
    MPI_Issend(one->text, (int)strlen(one->text) + 1, MPI_CHAR, (int)one->to,
               TAG, it->all, &one->request);
    one->next = it->sent;
    it->sent = one;
    one = next;
  }
  for (letter **at = &it->sent; *at != NULL;) {
    int gone = 0;
    letter *of = *at;
    MPI_Test(&of->request, &gone, MPI_STATUS_IGNORE);
    if (gone) {
      *at = of->next;
      cds_free(of);
    } else {
      at = &of->next;
    }
  }
  return any;
}

/* Hears what has come; whether anything has. */
static bool hear_all(ranks *it) {
  bool any = false;
  for (;;) {
    int come = 0;
    int size = 0;
    MPI_Status status;
    MPI_Iprobe(MPI_ANY_SOURCE, TAG, it->all, &come, &status);
    if (!come) {
      return any;
    }
    MPI_Get_count(&status, MPI_CHAR, &size);
    char *text = (char *)cds_malloc((size_t)size + 1);
    if (text == NULL) {
      cds_cli_out_of_memory();
    }
    MPI_Recv(text, size, MPI_CHAR, status.MPI_SOURCE, TAG, it->all,
             MPI_STATUS_IGNORE);
    text[size] = '\0';
    pthread_mutex_lock(&it->lock);
    cds_talk_hear(it->talk, (unsigned)status.MPI_SOURCE, text);
    pthread_cond_broadcast(&it->heard);
    pthread_mutex_unlock(&it->lock);
    cds_free(text);
    any = true;
  }
}

/* A signal here stops all, and one there this process. */
static void look_at_signals(ranks *it) {
  int signal = cds_signals_received();
  pthread_mutex_lock(&it->lock);
  if (signal != 0 && !it->told && !it->left) {
    it->told = true;
    cds_talk_stop(it->talk, signal);
  }
  const bool stopped = cds_talk_stopped(it->talk, &signal);
  const bool broken = cds_talk_broken(it->talk);
  pthread_mutex_unlock(&it->lock);
  if (stopped) {
    cds_signals_told(signal);
  }
  if (broken) {
    cds_cli_out_of_memory();
  }
}

/* Whether all ranks have left, and no message is on its way. */
static bool is_over(ranks *it) {
  int over = 0;
  pthread_mutex_lock(&it->lock);
  const bool silent = it->left && it->first == NULL && it->sent == NULL;
  pthread_mutex_unlock(&it->lock);
  if (silent && !it->at_barrier) {
    MPI_Ibarrier(it->all, &it->barrier);
    it->at_barrier = true;
  }
  if (it->at_barrier) {
    MPI_Test(&it->barrier, &over, MPI_STATUS_IGNORE);
  }
  return over;
}

static void begin(ranks *it) {
  int number = 0;
  MPI_Comm here;
  int provided = 0;
  MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
  if (provided < MPI_THREAD_FUNNELED) { /* no MPI of today */
    MPI_Abort(MPI_COMM_WORLD, CDS_EXIT_BUG);
  }
  MPI_Comm_dup(MPI_COMM_WORLD, &it->all);
  MPI_Comm_rank(it->all, &number);
  it->face.rank = (unsigned)number;
  MPI_Comm_size(it->all, &number);
  it->face.count = (unsigned)number;
  MPI_Comm_split_type(it->all, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &here);
  MPI_Comm_size(here, &number);
  it->face.here = (unsigned)number;
  MPI_Comm_free(&here);
  it->talk = cds_talk_new(it->face.rank, it->face.count, post, it);
  if (it->talk == NULL) {
    cds_cli_out_of_memory();
  }
  pthread_mutex_lock(&it->lock);
  it->ready = true;
  pthread_cond_broadcast(&it->heard);
  pthread_mutex_unlock(&it->lock);
}

static void *talk_on(void *payload) {
  ranks *it = (ranks *)payload;
  long nap = NAP_FIRST;
  begin(it);
  while (!is_over(it)) {
    const bool sent = send_posted(it);
    const bool heard = hear_all(it);
    look_at_signals(it);
    nap = sent || heard ? NAP_FIRST : 2 * nap > NAP_MOST ? NAP_MOST : 2 * nap;
    pthread_mutex_lock(&it->lock);
    if (it->first == NULL) {
      timed_wait(&it->posted, &it->lock, nap);
    }
    pthread_mutex_unlock(&it->lock);
  }
  MPI_Comm_free(&it->all);
  MPI_Finalize();
  return NULL;
}

// NOLINTEND(clang-analyzer-optin.mpi.MPI-Checker)

/* ---- the threads that explore ---------------------------------------------
 */

static bool claim(void *self, const cds_journal_key *key) {
  ranks *it = (ranks *)self;
  cds_talk_claim who = CDS_TALK_ASKED;
  pthread_mutex_lock(&it->lock);
  while ((who = cds_talk_ask(it->talk, key)) == CDS_TALK_ASKED) {
    pthread_cond_wait(&it->heard, &it->lock);
  }
  pthread_mutex_unlock(&it->lock);
  return who == CDS_TALK_OWN;
}

static void give(void *self, const cds_journal_key *key, bool answered) {
  ranks *it = (ranks *)self;
  pthread_mutex_lock(&it->lock);
  if (!answered) {
    cds_talk_give_back(it->talk, key);
  }
  pthread_mutex_unlock(&it->lock);
}

static void tell(void *payload, const char *line) {
  ranks *it = (ranks *)payload;
  pthread_mutex_lock(&it->lock);
  cds_talk_tell(it->talk, line);
  pthread_mutex_unlock(&it->lock);
}

static cds_status news(void *self) {
  ranks *it = (ranks *)self;
  cds_status status = CDS_OK;
  pthread_mutex_lock(&it->lock);
  cds_talk_record *record = cds_talk_records(it->talk);
  pthread_mutex_unlock(&it->lock);
  while (record != NULL) {
    cds_talk_record *next = record->next;
    const cds_status one = cds_journal_hear(it->journal, record->line);
    status = status == CDS_OK ? one : status;
    cds_free(record);
    record = next;
  }
  return status;
}

static void wait_for_news(void *self, long microseconds) {
  ranks *it = (ranks *)self;
  int signal = 0;
  pthread_mutex_lock(&it->lock);
  if (!cds_talk_has_records(it->talk) &&
      cds_talk_freed(it->talk) == it->freed &&
      !cds_talk_stopped(it->talk, &signal)) {
    timed_wait(&it->heard, &it->lock, microseconds);
  }
  it->freed = cds_talk_freed(it->talk);
  pthread_mutex_unlock(&it->lock);
}

static void share(void *self, cds_sharing *out, cds_journal *journal) {
  ranks *it = (ranks *)self;
  it->journal = journal;
  cds_journal_tell(journal, tell, it);
  out->self = it;
  out->claim = claim;
  out->give = give;
  out->news = news;
  out->wait = wait_for_news;
}

static cds_talk_verdict come(ranks *it, int code, const char *with,
                             bool leaves) {
  cds_talk_verdict verdict = {.code = 0};
  pthread_mutex_lock(&it->lock);
  cds_talk_come(it->talk, code, with, leaves);
  while (!cds_talk_opened(it->talk, &verdict)) {
    pthread_cond_wait(&it->heard, &it->lock);
  }
  it->left = leaves;
  pthread_cond_signal(&it->posted);
  pthread_mutex_unlock(&it->lock);
  return verdict;
}

static cds_talk_verdict gate(void *self, int code, const char *with) {
  return come((ranks *)self, code, with, false);
}

static void end(ranks *it) {
  pthread_join(it->thread, NULL);
  pthread_cond_destroy(&it->posted);
  pthread_cond_destroy(&it->heard);
  pthread_mutex_destroy(&it->lock);
  for (letter *one = take_posted(it); one != NULL;) {
    letter *next = one->next;
    cds_free(one);
    one = next;
  }
  cds_talk_free(it->talk);
  cds_free(it);
}

static cds_talk_verdict leave(void *self, int code) {
  ranks *it = (ranks *)self;
  const cds_talk_verdict verdict = come(it, code, NULL, true);
  end(it);
  return verdict;
}

const cds_ranks *cds_ranks_begin(void) {
  pthread_condattr_t clock;
  ranks *it = (ranks *)cds_malloc(sizeof *it);
  if (it == NULL) {
    cds_cli_out_of_memory();
  }
  *it = (ranks){
      .face = {.self = it, .share = share, .gate = gate, .leave = leave}};
  it->last = &it->first;
  pthread_mutex_init(&it->lock, NULL);
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&it->posted, &clock);
  pthread_cond_init(&it->heard, &clock);
  pthread_condattr_destroy(&clock);
  if (pthread_create(&it->thread, NULL, talk_on, it) != 0) {
    cds_cli_out_of_memory();
  }
  pthread_mutex_lock(&it->lock);
  while (!it->ready) {
    pthread_cond_wait(&it->heard, &it->lock);
  }
  pthread_mutex_unlock(&it->lock);
  if (it->face.count > 1) {
    return &it->face;
  }
  leave(it, 0); /* alone */
  return NULL;
}
