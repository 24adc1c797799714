/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every word walks from node to node. */
#include "support/links.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* Nodes: elements first (row by row), then ports above the columns, ports
 * beside the rows, and one corner port or hub; trees add their own. */
static unsigned element(const links_net *net, unsigned row, unsigned col) {
  return row * net->cols + col;
}
static unsigned port_above(const links_net *net, unsigned col) {
  return net->rows * net->cols + col;
}
static unsigned port_beside(const links_net *net, unsigned row) {
  return net->rows * net->cols + net->cols + row;
}
static unsigned single_port(const links_net *net) {
  return net->rows * net->cols + net->cols + net->rows;
}

/* Groups nodes by `radix` under new ones until one is left: the root. */
static unsigned grow_tree(links_net *net, const unsigned *leaf,
                          unsigned leaves) {
  unsigned below[LINKS_EXTENT_MAX] = {0};
  assert(leaves > 0);
  memcpy(below, leaf, leaves * sizeof *leaf);
  unsigned count = leaves;
  while (count > 1) {
    unsigned above[LINKS_EXTENT_MAX];
    unsigned groups = 0;
    for (unsigned i = 0; i < count; i++) {
      if (i % (unsigned)net->array->radix == 0) {
        assert(net->nodes < LINKS_NODES_MAX);
        above[groups++] = net->nodes++;
      }
      net->parent[below[i]] = above[groups - 1];
    }
    memcpy(below, above, groups * sizeof *above);
    count = groups;
  }
  return below[0];
}

void links_open(links_net *net, const cds_array *array) {
  memset(net, 0, offsetof(links_net, parent));
  net->array = array;
  const bool only_cols =
      array->axes == 1 && strcmp(array->axis_name[0], "cols") == 0;
  net->rows = only_cols ? 1 : (unsigned)array->extent[0];
  net->cols = only_cols          ? (unsigned)array->extent[0]
              : array->axes == 1 ? 1
                                 : (unsigned)array->extent[1];
  assert(net->rows <= LINKS_EXTENT_MAX && net->cols <= LINKS_EXTENT_MAX);
  net->nodes = single_port(net) + 1;
  if (array->network == CDS_NETWORK_TREE) {
    unsigned row_root[LINKS_EXTENT_MAX];
    for (unsigned row = 0; row < net->rows; row++) {
      unsigned leaf[LINKS_EXTENT_MAX];
      for (unsigned col = 0; col < net->cols; col++) {
        leaf[col] = element(net, row, col);
      }
      row_root[row] = grow_tree(net, leaf, net->cols);
    }
    net->parent[grow_tree(net, row_root, net->rows)] = single_port(net);
  }
}

static links_link *link_between(links_net *net, unsigned near_node,
                                unsigned far_node, unsigned axis) {
  for (unsigned l = 0; l < net->links; l++) {
    links_link *link = &net->link[l];
    if (link->near_node == near_node && link->far_node == far_node) {
      assert(link->axis == axis);
      return link;
    }
  }
  assert(net->links < LINKS_LINKS_MAX);
  links_link *link = &net->link[net->links++];
  *link =
      (links_link){.near_node = near_node, .far_node = far_node, .axis = axis};
  return link;
}

/* One word, or the joined words, over one link. */
static void cross(links_net *net, unsigned near_node, unsigned far_node,
                  unsigned axis, bool up) {
  links_link *link = link_between(net, near_node, far_node, axis);
  if (link->mark == net->mark) {
    return; /* it is on its way there already */
  }
  link->mark = net->mark;
  *(up ? &link->up : &link->down) += 1;
  link->up_partial += up && net->partial;
}

/* ---- routes ---------------------------------------------------------- */

/* In at the corner or above column `first`, along row 0, down the column. */
static void walk_down_columns(links_net *net, links_place to, unsigned first,
                              bool corner, bool up) {
  if (corner) {
    cross(net, single_port(net), element(net, 0, 0), 1, up);
  } else {
    cross(net, port_above(net, first), element(net, 0, first), 0, up);
  }
  for (unsigned col = first; col < to.col; col++) {
    cross(net, element(net, 0, col), element(net, 0, col + 1), 1, up);
  }
  for (unsigned row = 0; row < to.row; row++) {
    cross(net, element(net, row, to.col), element(net, row + 1, to.col), 0, up);
  }
}

/* In beside row `first`, along column 0, along the row. */
static void walk_along_rows(links_net *net, links_place to, unsigned first,
                            bool up) {
  cross(net, port_beside(net, first), element(net, first, 0), 1, up);
  for (unsigned row = first; row < to.row; row++) {
    cross(net, element(net, row, 0), element(net, row + 1, 0), 0, up);
  }
  for (unsigned col = 0; col < to.col; col++) {
    cross(net, element(net, to.row, col), element(net, to.row, col + 1), 1, up);
  }
}

static void climb(links_net *net, links_place to, bool up) {
  unsigned node = element(net, to.row, to.col);
  while (node != single_port(net)) {
    cross(net, net->parent[node], node, 0, up);
    node = net->parent[node];
  }
}

/* A crossbar: the hub is the node above the first column's port. */
static void switch_over(links_net *net, links_place to, bool up) {
  const unsigned hub = port_above(net, 0);
  cross(net, single_port(net), hub, 0, up);
  cross(net, hub, element(net, to.row, to.col), 0, up);
}

static bool enters_beside_rows(const links_net *net, links_word word,
                               bool together) {
  if (net->array->network == CDS_NETWORK_SYSTOLIC && together &&
      word.lacks_rows != word.lacks_cols) {
    return word.lacks_cols;
  }
  return net->array->ports == CDS_PORTS_ROWS;
}

static void walk(links_net *net, const links_place *place, size_t count,
                 size_t which, bool up, bool beside) {
  unsigned first = beside ? place[0].row : place[0].col;
  for (size_t i = 1; i < count; i++) {
    const unsigned at = beside ? place[i].row : place[i].col;
    first = at < first ? at : first;
  }
  switch (net->array->network) {
  case CDS_NETWORK_BUS:
    cross(net, single_port(net), port_above(net, 0), 0, up);
    return;
  case CDS_NETWORK_MESH:
  case CDS_NETWORK_SYSTOLIC:
    if (beside) {
      walk_along_rows(net, place[which], first, up);
    } else {
      const bool corner = net->array->ports == CDS_PORTS_CORNER;
      walk_down_columns(net, place[which], corner ? 0 : first, corner, up);
    }
    return;
  case CDS_NETWORK_TREE:
    climb(net, place[which], up);
    return;
  case CDS_NETWORK_CROSSBAR:
    switch_over(net, place[which], up);
    return;
  }
}

/* Additions: at each node, what comes from the links that the word crosses
 * and from the element itself goes on as one. */
static uint64_t additions(const links_net *net, const links_place *place,
                          size_t count) {
  static unsigned arrives[LINKS_NODES_MAX];
  memset(arrives, 0, sizeof arrives);
  if (net->array->network == CDS_NETWORK_BUS) {
    return count - 1; /* at the one link */
  }
  for (size_t i = 0; i < count; i++) {
    arrives[element(net, place[i].row, place[i].col)]++;
  }
  for (unsigned l = 0; l < net->links; l++) {
    if (net->link[l].mark == net->mark) {
      arrives[net->link[l].near_node]++;
    }
  }
  uint64_t adds = 0;
  for (unsigned node = 0; node < net->nodes; node++) {
    adds += arrives[node] > 1 ? arrives[node] - 1 : 0;
  }
  return adds;
}

void links_send(links_net *net, const links_place *place, size_t count, bool up,
                bool together, links_word word) {
  const bool beside = enters_beside_rows(net, word, together);
  net->mark++;
  net->partial = word.partial;
  for (size_t i = 0; i < count; i++) {
    if (together) {
      walk(net, place, count, i, up, beside);
    } else {
      net->mark++;
      walk(net, &place[i], 1, 0, up, beside);
    }
  }
  *(up ? &net->words_up : &net->words_down) += together ? 1 : count;
  if (up && together) {
    net->adds += additions(net, place, count);
  }
}

static uint64_t load_of(const links_link *link, links_way way) {
  switch (way) {
  case LINKS_DOWN:
    return link->down;
  case LINKS_UP:
    return link->up;
  case LINKS_UP_PARTIAL:
    return link->up_partial;
  case LINKS_DOWN_SINCE:
    return link->down - link->noted_down;
  case LINKS_UP_SINCE:
    return link->up - link->noted_up;
  }
  return 0;
}

void links_note(links_net *net) {
  for (unsigned l = 0; l < net->links; l++) {
    net->link[l].noted_down = net->link[l].down;
    net->link[l].noted_up = net->link[l].up;
  }
}

uint64_t links_total(const links_net *net, links_way way) {
  uint64_t total = 0;
  for (unsigned l = 0; l < net->links; l++) {
    total += load_of(&net->link[l], way);
  }
  return total;
}

uint64_t links_busiest(const links_net *net, links_way way, unsigned axis) {
  uint64_t most = 0;
  for (unsigned l = 0; l < net->links; l++) {
    const uint64_t load = load_of(&net->link[l], way);
    if (net->link[l].axis == axis && load > most) {
      most = load;
    }
  }
  return most;
}
