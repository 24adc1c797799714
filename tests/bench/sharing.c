/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One thread explores, and tells after each question; what passed since the
 * last one is the time of the question. Waves are cut as explore.c cuts them.
 * Costs of claims, journals and starts are the fastest of several tries in the
 * folder: of a shared file system give one there.
 */
#include "tests/bench/sharing.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "explore/explore.h"
#include "explore/job.h"
#include "support/workers.h"

extern char **environ;

enum { TRIES = 50, PATH_TEXT = 4096 };

typedef struct recording {
  cds_arena *arena;
  cds_diag *diag;
  cds_space *space;
  cds_workload workload;
  cds_explore_options options;
  cds_limit limit[16];
  double before_s, began_s, alone_s; /* processor time */
  double best;
  size_t tasks, room;
  double *task_s;
  bool *better;
  size_t *end; /* of waves */
  bool failed;
} recording;

static double clock_s(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* ---- a record ------------------------------------------------------------ */

static void note(recording *it, double task_s, bool better) {
  if (it->tasks == it->room) {
    it->room = it->room == 0 ? 1024 : 2 * it->room;
    double *times = (double *)realloc(it->task_s, it->room * sizeof *times);
    it->task_s = times == NULL ? it->task_s : times;
    bool *flags = (bool *)realloc(it->better, it->room * sizeof *flags);
    it->better = flags == NULL ? it->better : flags;
    it->failed = it->failed || times == NULL || flags == NULL;
  }
  if (!it->failed) {
    it->task_s[it->tasks] = task_s;
    it->better[it->tasks++] = better;
  }
}

/* Bounds of designs are told with a bound of 0, and what is skipped in the end
 * without time. */
static void take_progress(const cds_progress *progress, void *payload) {
  recording *it = (recording *)payload;
  const double now_s = clock_s(CLOCK_PROCESS_CPUTIME_ID);
  if (!(progress->bound > 0)) {
    it->alone_s = now_s - it->began_s;
  } else {
    const bool better = progress->best < it->best || isnan(it->best);
    note(it, now_s - it->before_s, better && !isnan(progress->best));
    it->best = progress->best;
  }
  it->before_s = now_s;
}

static bool read_files(recording *it, const char *arch, const char *workload,
                       bool every) {
  const cds_reader reader = {.arena = it->arena, .diag = it->diag};
  if (cds_space_read(&it->space, arch, NULL, 0, it->arena, it->diag) !=
          CDS_OK ||
      cds_workload_read(&it->workload, workload, &reader) != CDS_OK) {
    return false;
  }
  it->options =
      (cds_explore_options){.search = CDS_SEARCH_OPTIONS_INIT,
                            .objective = cds_space_objective(it->space),
                            .fuse = CDS_FUSE_ALL,
                            .every = every,
                            .threads = 1};
  for (size_t i = 0; i < cds_space_limits(it->space) && i < 16; i++) {
    it->limit[it->options.limits++] = *cds_space_limit(it->space, i);
  }
  it->options.limit = it->limit;
  return true;
}

static bool record(workers_job *out, recording *it) {
  cds_explore_result result;
  const cds_control control = {.progress = take_progress, .payload = it};
  it->options.control = &control;
  it->best = (double)NAN;
  it->began_s = it->before_s = clock_s(CLOCK_PROCESS_CPUTIME_ID);
  const cds_status status = cds_explore(&result, it->space, &it->workload,
                                        &it->options, it->arena, it->diag);
  if (status != CDS_OK || it->failed || it->tasks == 0) {
    return false;
  }
  const double after_s = clock_s(CLOCK_PROCESS_CPUTIME_ID) - it->before_s;
  size_t *end = (size_t *)calloc(it->tasks, sizeof *end);
  it->end = end;
  size_t waves = 0;
  size_t size = CDS_FIRST_WAVE;
  for (size_t at = 0; end != NULL && at < it->tasks;
       size = cds_job_next_size(size)) {
    at = at + size < it->tasks ? at + size : it->tasks;
    end[waves++] = at;
  }
  *out = (workers_job){.tasks = it->tasks,
                       .task_s = it->task_s,
                       .better = it->better,
                       .waves = waves,
                       .end = end,
                       .ahead = it->options.every ? 512 : 64,
                       .alone_s = it->alone_s,
                       .after_s = after_s};
  return end != NULL;
}

/* ---- costs in a folder --------------------------------------------------- */

/* Of one try each; false: it cannot be done there. */
static bool try_claim(int file) {
  struct flock lock;
  memset(&lock, 0, sizeof lock);
  lock.l_whence = SEEK_SET;
  lock.l_len = 1;
  lock.l_type = F_WRLCK;
  return fcntl(file, F_SETLK, &lock) == 0;
}

static bool try_read(const char *path) {
  struct stat facts;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  const bool good = file >= 0 && fstat(file, &facts) == 0;
  if (file >= 0) {
    close(file);
  }
  return good;
}

static bool try_append(int file) {
  static const char line[400] = {'#'};
  return write(file, line, sizeof line) == (ssize_t)sizeof line &&
         fdatasync(file) == 0;
}

static bool try_start(void) {
  char name[] = "true";
  char *arguments[] = {name, NULL};
  pid_t process = 0;
  int status = 0;
  return posix_spawnp(&process, "true", NULL, NULL, arguments, environ) == 0 &&
         waitpid(process, &status, 0) == process;
}

static bool measure(workers_costs *out, const char *folder) {
  char path[PATH_TEXT];
  snprintf(path, sizeof path, "%s/codesign-bench-XXXXXX", folder);
  const int file = mkstemp(path);
  bool good = file >= 0;
  double least[4];
  for (unsigned what = 0; what < 4; what++) {
    least[what] = (double)INFINITY;
    for (unsigned i = 0; i < TRIES && good; i++) {
      const double began_s = clock_s(CLOCK_MONOTONIC);
      good = what == 0   ? try_claim(file)
             : what == 1 ? try_read(path)
             : what == 2 ? try_append(file)
                         : try_start();
      least[what] = fmin(least[what], clock_s(CLOCK_MONOTONIC) - began_s);
    }
  }
  if (file >= 0) {
    close(file);
    unlink(path);
  }
  *out = (workers_costs){.claim_s = least[0],
                         .read_s = least[1],
                         .append_s = least[2],
                         .start_s = least[3],
                         .nap_first_s = 0.002,
                         .nap_most_s = 0.2};
  return good;
}

/* ---- the table ----------------------------------------------------------- */

static bool print_row(const workers_job *job, const workers_costs *costs,
                      size_t workers, double sum_s) {
  workers_result r;
  if (!workers_simulate(&r, job, costs, workers)) {
    return false;
  }
  const double alone_s = job->alone_s + sum_s + job->after_s;
  printf("%8zu %10.2f %9.1f %9.1f %% %9.1f %% %10.3g %10.3g %6" PRIu64 "\n",
         workers, r.total_s, alone_s / r.total_s,
         100 * alone_s / r.total_s / (double)workers,
         100 * r.share_s / (r.total_s * (double)workers), (double)r.looks,
         (double)r.looks / r.total_s, r.vain);
  return true;
}

static bool print_table(const workers_job *job, const workers_costs *costs,
                        const char *title) {
  static const size_t workers[] = {1,  2,   4,   8,    16,   32,
                                   64, 100, 316, 1000, 3162, 10000};
  double sum_s = 0;
  for (size_t i = 0; i < job->tasks; i++) {
    sum_s += job->task_s[i];
  }
  printf("\n%s: start %.3g s and %.3g s for each, claim %.3g us, look at a "
         "journal %.3g us, append %.3g ms\n",
         title, costs->start_s, costs->start_each_s, 1e6 * costs->claim_s,
         1e6 * costs->read_s, 1e3 * costs->append_s);
  printf("%8s %10s %9s %11s %11s %10s %10s %6s\n", "workers", "seconds",
         "speed-up", "efficiency", "sharing", "looks", "looks/s", "vain");
  bool good = true;
  for (size_t i = 0; i < sizeof workers / sizeof *workers && good; i++) {
    good = print_row(job, costs, workers[i], sum_s);
  }
  return good;
}

static bool print_tables(const workers_job *job, const char *folder) {
  workers_costs local;
  if (!measure(&local, folder)) {
    fprintf(stderr, "codesign_bench: cannot write in '%s'\n", folder);
    return false;
  }
  double sum_s = 0;
  double most_s = 0;
  for (size_t i = 0; i < job->tasks; i++) {
    sum_s += job->task_s[i];
    most_s = fmax(most_s, job->task_s[i]);
  }
  printf("%zu questions in %zu waves, %.3g s of processor time, the longest "
         "%.3g s; before %.3g s, after %.3g s\n",
         job->tasks, job->waves, sum_s, most_s, job->alone_s, job->after_s);
  workers_costs shared = local; /* assumptions: a busy file server, Slurm */
  shared.claim_s = fmax(shared.claim_s, 1e-3);
  shared.read_s = fmax(shared.read_s, 0.5e-3);
  shared.append_s = fmax(shared.append_s, 5e-3);
  shared.start_s = 5;
  shared.start_each_s = 0.01;
  return print_table(job, &local, "as here") &&
         print_table(job, &shared, "as on a cluster (assumed)");
}

bool cds_sharing_print(const char *arch, const char *workload, bool every,
                       const char *folder) {
  recording it = {.arena = cds_arena_new()};
  workers_job job = {.tasks = 0};
  it.diag = it.arena == NULL ? NULL : cds_diag_new(it.arena);
  bool good = it.diag != NULL && read_files(&it, arch, workload, every) &&
              record(&job, &it);
  if (!good && it.diag != NULL) {
    cds_diag_write(it.diag, stderr, CDS_DIAG_TEXT);
  }
  good = good && print_tables(&job, folder);
  free(it.end);
  free(it.task_s);
  free(it.better);
  cds_arena_free(it.arena);
  return good;
}
