/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Advice for a mapping that does not fit: single changes after which it does.
 * Nothing is guessed: each change is applied, the mapping checked, counted and
 * compared with every level's size again before it is offered.
 */
#ifndef CDS_PRICE_ADVICE_H
#define CDS_PRICE_ADVICE_H

#include "price/price.h"
#include "spec/mapping.h"

typedef enum cds_advice_kind {
  CDS_ADVICE_SINGLE,   /* the level is single buffered */
  CDS_ADVICE_TILE,     /* a factor of a loop moves above the level's holds */
  CDS_ADVICE_BYPASS,   /* the level does not hold a tensor */
  CDS_ADVICE_FORMAT,   /* words of one kind, or all, in a narrower format */
  CDS_ADVICE_STREAMED, /* the outermost level need not hold everything */
  CDS_ADVICE_SIZE      /* levels that are as large as they must be */
} cds_advice_kind;

typedef struct cds_advice {
  cds_advice_kind kind;
  unsigned level;                     /* the level that the change is about */
  uint64_t need_bits[CDS_LEVELS_MAX]; /* with the change */
  unsigned tensor;                    /* BYPASS */
  unsigned node;                      /* TILE: the loop that gives */
  uint64_t factor;                    /* TILE: what it gives */
  uint64_t from, to;  /* TILE: extent of the rank in the level's tile */
  cds_content words;  /* FORMAT: which words ... */
  bool all_words;     /* ... or all of them */
  cds_format format;  /* FORMAT */
  unsigned too_small; /* SIZE: levels that must grow, bit 1 << level */
} cds_advice;

enum { CDS_ADVICES_MAX = 12 };

/* A pair and a mapping of it; changed in place by cds_advice_apply. */
typedef struct cds_advice_case {
  cds_arch arch;
  cds_einsum einsum;
  cds_mapping mapping;
} cds_advice_case;

/* What makes a valid mapping fit; none when it does. Returns how many were
 * stored, most helpful first; the last one is CDS_ADVICE_SIZE unless the need
 * passes 64 bits. `scratch` is used and given back; without memory there is no
 * advice. */
size_t cds_advise(cds_advice advice[CDS_ADVICES_MAX], const cds_arch *arch,
                  const cds_einsum *einsum, const cds_mapping *mapping,
                  cds_arena *scratch);
/* Makes the change. */
void cds_advice_apply(cds_advice_case *out, const cds_advice *advice);
/* The change in words: "with 'buffering: single' at 'RF' it needs 12 B and
 * fits". `written`: the user wrote the mapping and can change it; else it
 * stands for all mappings of a space. NULL without memory. */
const char *cds_advice_text(const cds_advice *advice, const cds_arch *arch,
                            const cds_einsum *einsum,
                            const cds_mapping *mapping, bool written,
                            cds_arena *arena);

#endif
