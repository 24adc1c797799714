/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ctrl-C and SIGTERM. The first one only sets a flag; the second removes the
 * temporary files and ends the program at once. Only functions that POSIX
 * lists as safe in handlers are called there.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/cli.h"

enum { GUARDED_MAX = 4 };

static volatile int cancel_flag;
static volatile int hurry_flag;
static volatile sig_atomic_t received;
static volatile sig_atomic_t told; /* by another process */
static volatile sig_atomic_t announce_stop;
static char guarded[GUARDED_MAX][PATH_MAX];
static volatile sig_atomic_t guarded_used[GUARDED_MAX];

static void handle(int signal_number) {
  if (received != 0) {
    for (int i = 0; i < GUARDED_MAX; i++) {
      if (guarded_used[i]) {
        unlink(guarded[i]);
      }
    }
    _exit(CDS_EXIT_SIGNAL + signal_number);
  }
  received = signal_number;
  cancel_flag = 1;
  if (announce_stop) {
    static const char text[] = "\ncodesign: stopping; again to stop at once\n";
    const ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
  }
}

void cds_signals_install(bool announce) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  announce_stop = announce;
  static const int signals[] = {SIGINT, SIGTERM};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    struct sigaction before;
    /* Who started the program may have asked to ignore them (nohup, '&'). */
    if (sigaction(signals[i], NULL, &before) == 0 &&
        before.sa_handler != SIG_IGN) {
      sigaction(signals[i], &action, NULL);
    }
  }
}

static void ring(int signal_number) {
  (void)signal_number;
  hurry_flag = 1;
}

bool cds_signals_after(double seconds) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = ring;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  struct itimerval timer;
  memset(&timer, 0, sizeof timer);
  timer.it_value.tv_sec = (time_t)seconds;
  timer.it_value.tv_usec =
      (suseconds_t)(1e6 * (seconds - (double)timer.it_value.tv_sec));
  if (timer.it_value.tv_sec == 0 && timer.it_value.tv_usec == 0) {
    hurry_flag = 1; /* a timer of 0 would never ring */
    return true;
  }
  return sigaction(SIGALRM, &action, NULL) == 0 &&
         setitimer(ITIMER_REAL, &timer, NULL) == 0;
}

const volatile int *cds_signals_hurry(void) { return &hurry_flag; }

const volatile int *cds_signals_flag(void) { return &cancel_flag; }

int cds_signals_received(void) { return received != 0 ? received : told; }

void cds_signals_told(int signal_number) {
  told = signal_number;
  cancel_flag = 1;
}

void cds_signals_guard(const char *path) {
  for (int i = 0; i < GUARDED_MAX; i++) {
    if (!guarded_used[i] && strlen(path) < PATH_MAX) {
      memcpy(guarded[i], path, strlen(path) + 1);
      guarded_used[i] = 1;
      return;
    }
  }
}

void cds_signals_release(const char *path) {
  for (int i = 0; i < GUARDED_MAX; i++) {
    if (guarded_used[i] && strcmp(guarded[i], path) == 0) {
      guarded_used[i] = 0;
    }
  }
}
