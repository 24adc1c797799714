/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random (einsum, architecture, mapping) triples for property tests, small
 * enough to be executed literally. Case `number` of a seed is always the same.
 */
#ifndef CDS_TESTS_RANDOM_CASE_H
#define CDS_TESTS_RANDOM_CASE_H

#include <stdio.h>

#include "spec/mapping.h"
#include "spec/stage.h"

/* What a case shows; effective multicast and reduction are only known after
 * the execution. */
enum {
  CASE_STRIDE = 1 << 0,
  CASE_DILATION = 1 << 1,
  CASE_GROUPS = 1 << 2,
  CASE_BYPASS = 1 << 3,
  CASE_TWO_ARRAYS = 1 << 4, /* both in use */
  CASE_BESIDE = 1 << 5,     /* a tensor passes through levels side by side */
  CASE_INTERLEAVED = 1 << 6 /* a level's holder outside of an outer level's */
};
/* Of uneven cases, beside these. */
enum {
  CASE_UNEVEN = 1 << 10,     /* some pieces are shorter than others */
  CASE_CONTIGUOUS = 1 << 11, /* spreads that are dealt out so */
  CASE_CYCLIC = 1 << 12,
  CASE_UNEVEN_WINDOWS = 1 << 13, /* windows over uneven pieces */
  CASE_UNEVEN_LINKS = 1 << 14,   /* uneven pieces, spread over links */
  CASE_LENGTH = 1 << 17,         /* pieces longer than they need be */
  CASE_ROUNDS = 1 << 18,         /* several runs on one output */
  CASE_HOMES = 1 << 19           /* homes below the outermost level */
};

/* The generator: a stream that depends on nothing but its start. */
typedef struct random_stream {
  uint64_t state;
} random_stream;
random_stream random_start(uint64_t seed, uint64_t number);
/* A number from 0 to bound - 1. */
unsigned random_below(random_stream *stream, unsigned bound);
/* True in `percent` of 100 draws. */
bool random_chance(random_stream *stream, unsigned percent);

typedef struct random_case {
  uint64_t seed, number;
  unsigned shows;
  cds_einsum einsum;
  cds_stage stage; /* of it, where it has one */
  cds_arch arch;
  cds_mapping mapping;
  char names[200]; /* of the einsum */
} random_case;

void random_case_make(random_case *out, uint64_t seed, uint64_t number);
/* The same with factors that need not be perfect, and any splits. */
void random_case_make_uneven(random_case *out, uint64_t seed, uint64_t number);
/* Draws the kinds of its networks, from a stream of their own. Buses only when
 * windows are cut unevenly: nothing else is counted. */
void random_case_networks(random_case *it);
/* Makes three in ten cases parts of a fused group, from a stream of their own:
 * they run several times on one output, and tensors are at home below the
 * outermost level. */
void random_case_fuse(random_case *it);
/* Parts of a case: a structure, and a mapping whose tensors are at home at
 * these levels (into zeroes; the structure and the einsum are there). */
void random_case_arch(random_case *it, random_stream *stream);
void random_case_nest(random_case *it, const unsigned home[CDS_TENSORS_MAX],
                      bool uneven, random_stream *stream);
/* Everything that is needed to build the case again by hand. */
void random_case_write(FILE *stream, const random_case *it);

#endif
