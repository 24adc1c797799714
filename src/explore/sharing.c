/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sharing by files of a folder; see sharing.h. */
#include "explore/sharing.h"

#include <time.h>

static bool claim(void *self, const cds_journal_key *key) {
  const cds_shared_files *files = (const cds_shared_files *)self;
  return cds_claims_take(files->claims, key);
}

/* Whoever asks next looks at the journals first. */
static void give(void *self, const cds_journal_key *key, bool answered) {
  const cds_shared_files *files = (const cds_shared_files *)self;
  (void)answered;
  cds_claims_give(files->claims, key);
}

static cds_status news(void *self) {
  const cds_shared_files *files = (const cds_shared_files *)self;
  return cds_journal_refresh(files->journal);
}

static void nap(void *self, long microseconds) {
  const struct timespec pause = {microseconds / 1000000,
                                 1000 * (microseconds % 1000000)};
  (void)self;
  nanosleep(&pause, NULL); /* a signal ends it early, which is welcome */
}

void cds_sharing_by_files(cds_sharing *out, cds_shared_files *files) {
  out->self = files;
  out->claim = claim;
  out->give = give;
  out->news = news;
  out->wait = nap;
}
