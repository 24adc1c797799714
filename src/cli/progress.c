/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The progress line: on a terminal at most ten times a second, after the first
 * second; elsewhere (with --verbose or --progress always) a line a minute.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"

typedef struct progress_line {
  atomic_flag busy; /* worker threads may call at the same time */
  bool terminal, shown;
  double start, last; /* s */
  const char *unit;
  double scale;
} progress_line;

static progress_line line = {.busy = ATOMIC_FLAG_INIT};

double cds_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* "3:20" or "1:02:03". */
static void format_duration(char *text, size_t size, double seconds) {
  if (!(seconds < 360000.0)) {
    snprintf(text, size, "long");
    return;
  }
  const unsigned whole = (unsigned)(seconds + 0.5);
  if (whole >= 3600) {
    snprintf(text, size, "%u:%02u:%02u", whole / 3600, whole / 60 % 60,
             whole % 60);
  } else {
    snprintf(text, size, "%u:%02u", whole / 60, whole % 60);
  }
}

static void print_line(const cds_progress *progress, double now) {
  const double share = progress->total == 0
                           ? 0.0
                           : (double)progress->done / (double)progress->total;
  char left[24] = "?";
  if (share > 0.0) {
    format_duration(left, sizeof left,
                    (now - line.start) * (1.0 - share) / share);
  }
  char best[CDS_NUMBER_TEXT] = "none yet", bound[CDS_NUMBER_TEXT] = "?";
  char gap[16] = "?";
  if (isfinite(progress->best)) {
    cds_format_si(best, progress->best * line.scale, line.unit);
  }
  /* What is open may be above the best; the best itself is not. */
  const double least = fmin(progress->bound, progress->best);
  if (isfinite(progress->bound)) {
    cds_format_si(bound, least * line.scale, line.unit);
  }
  if (isfinite(progress->best) && isfinite(progress->bound) &&
      progress->best > 0.0) {
    const double percent = 100.0 * (progress->best - least) / progress->best;
    snprintf(gap, sizeof gap, "%u %%",
             (unsigned)fmin(100.0, fmax(0.0, ceil(percent))));
  }
  fprintf(stderr, "%s%3u %%  best %s  bound %s  gap %s  left up to %s%s",
          line.terminal ? "\r\033[K" : "", (unsigned)(100.0 * share), best,
          bound, gap, left, line.terminal ? "" : "\n");
  fflush(stderr);
}

static void show(const cds_progress *progress, void *payload) {
  (void)payload;
  if (atomic_flag_test_and_set(&line.busy)) {
    return;
  }
  const double now = cds_clock();
  const double pause = line.terminal ? 0.1 : 60.0;
  const double first = line.terminal ? 1.0 : 60.0;
  if (now - line.start >= first && now - line.last >= pause) {
    print_line(progress, now);
    line.last = now;
    line.shown = true;
  }
  atomic_flag_clear(&line.busy);
}

static bool is_terminal(void) {
  const char *name = getenv("TERM");
  return isatty(STDERR_FILENO) && name != NULL && strcmp(name, "dumb") != 0;
}

void cds_progress_begin(cds_control *control, const cds_cli *cli,
                        const char *unit, double scale) {
  const unsigned choice = cli->options->progress;
  control->cancel = cds_signals_flag();
  control->hurry = cds_signals_hurry();
  control->progress = NULL;
  control->payload = NULL;
  line.terminal = is_terminal();
  line.start = cds_clock();
  line.last = 0.0;
  line.shown = false;
  line.unit = unit;
  line.scale = scale;
  const bool automatic =
      line.terminal ? !cli->options->quiet : cli->options->verbose;
  if (!cli->mute &&
      (choice == CDS_ALWAYS || (choice == CDS_AUTO && automatic))) {
    control->progress = show;
  }
}

void cds_progress_end(void) {
  if (line.terminal && line.shown) {
    fputs("\r\033[K", stderr);
    fflush(stderr);
  }
}
