/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A network of an array, link by link: sends each word over explicit links
 * from node to node and counts what crosses each of them. It shares nothing
 * with src/count/hops.c but the words of its header.
 */
#ifndef CDS_TESTS_LINKS_H
#define CDS_TESTS_LINKS_H

#include <stdbool.h>

#include "spec/arch.h"

enum {
  LINKS_EXTENT_MAX = 16,
  LINKS_ELEMENTS_MAX = LINKS_EXTENT_MAX * LINKS_EXTENT_MAX,
  LINKS_NODES_MAX = 3 * LINKS_ELEMENTS_MAX,
  LINKS_LINKS_MAX = 3 * LINKS_ELEMENTS_MAX
};

/* A link leads from a node to the one nearer to the port, or from a node at
 * the edge to its port: it is named by its two ends. */
typedef struct links_link {
  unsigned near_node, far_node; /* near: the port's side */
  unsigned axis;                /* as in cds_hops */
  uint64_t down, up;            /* words that crossed it */
  uint64_t up_partial;          /* of them */
  uint64_t noted_down, noted_up;
  unsigned mark; /* of the word that crosses now */
} links_link;

typedef struct links_net {
  const cds_array *array;
  unsigned rows, cols;
  unsigned nodes;
  unsigned links;
  unsigned mark;
  bool partial;                  /* the word that goes now */
  uint64_t words_down, words_up; /* that entered and left by a port */
  uint64_t adds;
  /* Set as nodes and links come up. */
  unsigned parent[LINKS_NODES_MAX]; /* of tree nodes and elements */
  links_link link[LINKS_LINKS_MAX];
} links_net;

typedef struct links_place {
  unsigned row, col;
} links_place;

/* What the network must know of a word: the axes on which its tensor lacks
 * spreads (systolic arrays: the edge at which its words enter together), and
 * whether it travels as a partial sum. */
typedef struct links_word {
  bool lacks_rows, lacks_cols;
  bool partial;
} links_word;

void links_open(links_net *net, const cds_array *array);
/* One word to `count` elements, or from them; `together`: one copy that is
 * split, or results that are added, on the way. */
void links_send(links_net *net, const links_place *place, size_t count, bool up,
                bool together, links_word word);
/* Words on all links, and on the busiest one of an axis. */
typedef enum links_way {
  LINKS_DOWN,
  LINKS_UP,
  LINKS_UP_PARTIAL,
  LINKS_DOWN_SINCE, /* links_note */
  LINKS_UP_SINCE
} links_way;
void links_note(links_net *net);
uint64_t links_total(const links_net *net, links_way way);
uint64_t links_busiest(const links_net *net, links_way way, unsigned axis);

#endif
