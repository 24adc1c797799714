/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/memories.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tech/sram_model.h"

enum { TIMES_MOST = 2000, REPEATS = 300, ROUNDS = 3 };

static double now_s(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The least of some rounds: others only add to it. */
static bool time_of(double *out_s, const cds_sram_query *query) {
  char why[CDS_TECH_WHY];
  cds_sram_estimate found;
  *out_s = 1;
  for (unsigned round = 0; round < ROUNDS; round++) {
    const double start = now_s();
    for (unsigned repeat = 0; repeat < REPEATS; repeat++) {
      if (cds_sram_estimate_of(&found, query, why) != CDS_OK) {
        return false;
      }
    }
    const double each = (now_s() - start) / REPEATS;
    *out_s = each < *out_s ? each : *out_s;
  }
  return true;
}

bool cds_memories_print(void) {
  static const char *const processes[] = {"n90", "n45", "n28", "n22", "n7"};
  static double times[TIMES_MOST];
  unsigned count = 0;
  for (unsigned process = 0; process < 5; process++) {
    for (unsigned width = 8; width <= 1024; width *= 2) {
      for (uint64_t bytes = 256; bytes <= 33554432; bytes *= 4) {
        for (unsigned between = 0; between < 2; between++) {
          cds_sram_query query = CDS_SRAM_QUERY_INIT;
          query.process = processes[process];
          query.device = width % 3 == 1 ? "hp" : "lp";
          query.width_bits = width;
          query.size_bits = 8 * (bytes - between * bytes / 4);
          query.supply_v = 0.85;
          if (query.size_bits >= 2048 && !time_of(&times[count++], &query)) {
            return false;
          }
        }
      }
    }
  }
  qsort(times, count, sizeof times[0], compare);
  printf("estimate of a static RAM: median %.2f us, 95 %% below %.2f us, worst "
         "%.2f us (%u memories)\n",
         1e6 * times[count / 2], 1e6 * times[count * 19 / 20],
         1e6 * times[count - 1], count);
  return true;
}
