/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A searcher for each place; see searchers.h. */
#include "network/searchers.h"

#include <string.h>

#include "network/resident_search.h"

typedef struct place {
  cds_searcher *searcher;   /* made when needed */
  const cds_einsum *einsum; /* that it is begun for; NULL: none */
} place;

typedef struct fuser_place {
  cds_fuser *fuser;             /* made when needed */
  const cds_fused_group *group; /* that it is begun for; NULL: none */
  cds_status status;            /* of that */
} fuser_place;

struct cds_searchers {
  place place[CDS_SEARCHERS_MAX];
  fuser_place fuser[CDS_FUSERS_MAX];
  cds_arena *arena; /* of the answers */
  cds_arena_mark empty;
  cds_answers answers;
  cds_resident_known *resident; /* NULL: nothing was asked */
  cds_search_options options;
  cds_floor_keep floors;
  cds_searchers *longer; /* of longer chains; made when needed */
};

cds_searchers *cds_searchers_new(void) {
  cds_searchers *searchers = (cds_searchers *)cds_malloc(sizeof *searchers);
  if (searchers == NULL) {
    return NULL;
  }
  memset(searchers, 0, sizeof *searchers);
  searchers->options = (cds_search_options)CDS_SEARCH_OPTIONS_INIT;
  searchers->arena = cds_arena_new();
  if (searchers->arena == NULL) {
    cds_free(searchers);
    return NULL;
  }
  searchers->empty = cds_arena_mark_get(searchers->arena);
  cds_searchers_reset(searchers);
  return searchers;
}

// NOLINTNEXTLINE(misc-no-recursion): once, for longer chains
void cds_searchers_free(cds_searchers *searchers) {
  if (searchers == NULL) {
    return;
  }
  for (size_t i = 0; i < CDS_SEARCHERS_MAX; i++) {
    cds_searcher_free(searchers->place[i].searcher);
  }
  for (size_t i = 0; i < CDS_FUSERS_MAX; i++) {
    cds_fuser_free(searchers->fuser[i].fuser);
  }
  cds_searchers_free(searchers->longer);
  cds_floor_keep_free(&searchers->floors);
  cds_arena_free(searchers->arena);
  cds_free(searchers);
}

void cds_searchers_reset(cds_searchers *searchers) {
  for (size_t i = 0; i < CDS_SEARCHERS_MAX; i++) {
    searchers->place[i].einsum = NULL;
  }
  for (size_t i = 0; i < CDS_FUSERS_MAX; i++) {
    searchers->fuser[i].group = NULL;
  }
  cds_arena_reset(searchers->arena, searchers->empty);
  searchers->answers.arena = searchers->arena;
  cds_answers_forget(&searchers->answers);
  searchers->resident = NULL;
}

void cds_searchers_choose(cds_searchers *searchers,
                          const cds_search_options *options) {
  searchers->options = *options;
}

cds_status cds_searchers_floors(cds_floor_asked *out, cds_searchers *searchers,
                                const cds_arch *arch, double power_limit_w,
                                cds_arena *scratch) {
  CDS_TRY(cds_floor_keep_ask(out, &searchers->floors, arch, power_limit_w,
                             scratch));
  out->memo->rows.forms = true;
  return CDS_OK;
}

cds_answers *cds_searchers_answers(cds_searchers *searchers) {
  return &searchers->answers;
}

cds_searchers *cds_searchers_longer(cds_searchers *searchers) {
  if (searchers->longer == NULL) {
    searchers->longer = cds_searchers_new();
  }
  return searchers->longer;
}

cds_resident_known *cds_searchers_resident(cds_searchers *searchers) {
  if (searchers->resident == NULL) {
    searchers->resident = (cds_resident_known *)cds_arena_alloc(
        searchers->arena, sizeof *searchers->resident);
    if (searchers->resident != NULL) {
      searchers->resident->arena = searchers->arena;
    }
  }
  return searchers->resident;
}

size_t cds_searchers_place(size_t n) {
  return n < CDS_SEARCHERS_MAX ? n : CDS_SEARCHERS_MAX - 1;
}

cds_status cds_searchers_begin(cds_searcher **out, cds_searchers *searchers,
                               size_t index, const cds_arch *arch,
                               const cds_einsum *einsum, double power_limit_w) {
  place *at = &searchers->place[index];
  if (at->searcher == NULL) {
    at->searcher = cds_searcher_new();
  }
  *out = at->searcher;
  if (at->searcher == NULL) {
    return CDS_ENOMEM;
  }
  if (at->einsum == einsum) {
    return CDS_OK;
  }
  at->einsum = NULL;
  cds_searcher_choose(at->searcher, &searchers->options);
  CDS_TRY(cds_search_begin(at->searcher, arch, einsum, power_limit_w));
  at->einsum = einsum;
  return CDS_OK;
}

size_t cds_fusers_place(size_t n) {
  return n < CDS_FUSERS_MAX ? n : CDS_FUSERS_MAX - 1;
}

cds_status cds_fusers_begin(cds_fuser **out, cds_searchers *searchers,
                            size_t index, const cds_arch *arch,
                            const cds_fused_group *group,
                            double power_limit_w) {
  fuser_place *at = &searchers->fuser[index];
  if (at->fuser == NULL) {
    at->fuser = cds_fuser_new();
  }
  *out = at->fuser;
  if (at->fuser == NULL) {
    return CDS_ENOMEM;
  }
  if (at->group != group) {
    at->group = NULL;
    at->status = cds_fuser_begin(at->fuser, arch, group, power_limit_w);
    if (at->status == CDS_ENOMEM) {
      return at->status;
    }
    at->group = group;
  }
  return at->status;
}
