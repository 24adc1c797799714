/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A word's digits of the ranks that its tensor has are fixed, whatever the
 * step: `count_codes` of them. The elements that take it in at a step follow
 * from the ranks that the tensor lacks: each of these has a few sets of
 * elements that work (`active_codes`), and ranks do not depend on each other.
 * So each (word's codes, set of each lacked rank) is routed once, times the
 * words and the steps that have them.
 */
#include "count/uneven_links.h"

#include "base/checked.h"
#include "count/active.h"
#include "count/halo.h"
#include "count/halo_links.h"

#define WORK_MAX (UINT64_C(1) << 30)

typedef struct uneven_rank {
  bool has; /* the tensor */
  uint64_t codes;
  uint64_t (*offset)[2]; /* rows and cols that a code adds */
  uint64_t *count;       /* has: indexes by code */
  cds_active_list list;  /* lacks */
  uint64_t code;         /* at hand */
  unsigned active;
} uneven_rank;

typedef struct uneven {
  const cds_uneven_edge *edge;
  cds_arena *scratch;
  cds_halo_links links;
  uint64_t elements, work;
  bool *taken;
  bool together, results_out;
  unsigned ranks;
  uneven_rank rank[CDS_RANKS_MAX];
} uneven;

/* Rows and cols of each code of a rank: its digits times the strides of the
 * spreads on their axes. */
static cds_status list_offsets(uneven *u, unsigned rank) {
  const cds_mapping *mapping = u->edge->holder->mapping;
  uneven_rank *r = &u->rank[rank];
  r->offset = cds_arena_array(u->scratch, (size_t)r->codes, sizeof *r->offset);
  if (r->offset == NULL) {
    return CDS_ENOMEM;
  }
  uint64_t stride[2] = {1, 1};
  uint64_t scale = 1;
  for (unsigned n = mapping->nodes; n-- > 0;) {
    const cds_node *node = &mapping->node[n];
    if (node->kind != CDS_SPREAD || node->array != u->edge->k) {
      continue;
    }
    const unsigned along = cds_array_direction(u->edge->array, node->axis);
    if (node->rank == rank) {
      for (uint64_t code = 0; code < r->codes; code++) {
        r->offset[code][along] += code / scale % node->trips * stride[along];
      }
      scale *= node->trips;
    }
    stride[along] *= node->trips;
  }
  return CDS_OK;
}

/* ---- one word's codes -------------------------------------------------- */

/* Flags the elements of the group, or routes to each alone. */
static cds_status take_group(uneven *u, uint64_t row, uint64_t col,
                             uint64_t words, bool *many) {
  uint64_t code[CDS_RANKS_MAX] = {0};
  uint64_t elements = 0;
  for (;;) {
    uint64_t at[2] = {row, col};
    bool active = true;
    for (unsigned r = 0; r < u->ranks; r++) {
      const uneven_rank *rank = &u->rank[r];
      if (!rank->has) {
        active = active && rank->list.active[rank->active].at[code[r]];
        at[0] += rank->offset[code[r]][0];
        at[1] += rank->offset[code[r]][1];
      }
    }
    if (active && u->together) {
      u->taken[at[0] * u->links.used[1] + at[1]] = true;
      elements++;
    } else if (active) {
      CDS_TRY(cds_halo_route_one(&u->links, at[0], at[1], words));
    }
    unsigned r = 0;
    while (r < u->ranks && (u->rank[r].has || ++code[r] == u->rank[r].codes)) {
      code[r++] = 0;
    }
    if (r == u->ranks) {
      *many = elements > 1;
      return CDS_OK;
    }
  }
}

/* Routes `words` words to (from) the elements with the codes at hand. */
static cds_status route_group(uneven *u, uint64_t words) {
  uint64_t row = 0;
  uint64_t col = 0;
  bool alone = true;
  for (unsigned r = 0; r < u->ranks; r++) {
    const uneven_rank *rank = &u->rank[r];
    if (rank->has) {
      row += rank->offset[rank->code][0];
      col += rank->offset[rank->code][1];
    } else {
      alone = alone && rank->list.active[rank->active].alone;
    }
  }
  if (alone) {
    return cds_halo_route_one(&u->links, row, col, words);
  }
  u->work += u->elements;
  if (u->work > WORK_MAX) {
    return CDS_ELIMIT;
  }
  bool many = false;
  CDS_TRY(take_group(u, row, col, words, &many));
  if (!u->together) {
    return CDS_OK;
  }
  CDS_TRY(cds_halo_route(&u->links, u->taken, words));
  for (uint64_t e = 0; e < u->elements; e++) {
    u->taken[e] = false;
  }
  return CDS_OK;
}

/* All words, at the sets of the lacked ranks at hand, `times` over. */
static cds_status route_words(uneven *u, uint64_t times) {
  for (;;) {
    uint64_t words = times;
    for (unsigned r = 0; r < u->ranks; r++) {
      if (u->rank[r].has &&
          !cds_mul_u64(&words, words, u->rank[r].count[u->rank[r].code])) {
        return CDS_ELIMIT;
      }
    }
    if (words > 0) {
      CDS_TRY(route_group(u, words));
    }
    unsigned r = 0;
    while (r < u->ranks &&
           (!u->rank[r].has || ++u->rank[r].code == u->rank[r].codes)) {
      u->rank[r++].code = 0;
    }
    if (r == u->ranks) {
      return CDS_OK;
    }
  }
}

/* ---- steps ------------------------------------------------------------- */

/* Counts and sets of all ranks under the cuts. `once`: each word is routed at
 * one step, to the first element of its group. */
static cds_status open_steps(uneven *u, cds_cuts cuts, bool once) {
  static const bool first_only[1] = {true};
  const cds_holder *holder = u->edge->holder;
  for (unsigned r = 0; r < u->ranks; r++) {
    uneven_rank *rank = &u->rank[r];
    cds_codes codes;
    cds_codes_open(&codes, holder->einsum, holder->mapping, r, u->edge->k);
    cuts.free = rank->has ? CDS_CUT_ALL : CDS_CUT_FIRST;
    rank->code = 0;
    rank->active = 0;
    if (rank->has) {
      CDS_TRY(cds_count_codes(&rank->count, &codes, &cuts, u->scratch));
    } else if (once) {
      rank->list.active =
          cds_arena_alloc(u->scratch, sizeof *rank->list.active);
      if (rank->list.active == NULL) {
        return CDS_ENOMEM;
      }
      rank->list.count = 1;
      rank->list.active[0] = (cds_active){1, first_only, true};
    } else {
      CDS_TRY(cds_active_codes(&rank->list, &codes, &cuts, u->scratch));
    }
  }
  return CDS_OK;
}

static cds_status route_steps(uneven *u) {
  for (;;) {
    uint64_t times = 1;
    bool alone = true;
    for (unsigned r = 0; r < u->ranks; r++) {
      const uneven_rank *rank = &u->rank[r];
      if (rank->has) {
        continue;
      }
      if (rank->list.count == 0) {
        return CDS_OK;
      }
      alone = alone && rank->list.active[rank->active].alone;
      if (!cds_mul_u64(&times, times, rank->list.active[rank->active].times)) {
        return CDS_ELIMIT;
      }
    }
    /* The last of these steps brings the results. */
    CDS_TRY(route_words(u, alone && u->results_out ? times - 1 : times));
    unsigned r = 0;
    while (r < u->ranks &&
           (u->rank[r].has || ++u->rank[r].active == u->rank[r].list.count)) {
      u->rank[r++].active = 0;
    }
    if (r == u->ranks) {
      return CDS_OK;
    }
  }
}

/* Loads of the links under the cuts. */
static cds_status load_links(uint64_t *hops, uint64_t peak[2], uneven *u,
                             cds_cut time, cds_cut outer, bool results_out) {
  const cds_arena_mark mark = cds_arena_mark_get(u->scratch);
  const cds_uneven_edge *edge = u->edge;
  const cds_holder *holder = edge->holder;
  const cds_cuts cuts = {.place = cds_hoisted_place(holder),
                         .depth = holder->depth,
                         .from = edge->k,
                         .united = edge->united & ~(1U << edge->k),
                         .time = time,
                         .outer = outer};
  cds_spread_digits spreads[2];
  cds_holder_spreads(spreads, holder, edge->k);
  cds_status status =
      cds_halo_open(&u->links, edge->array, spreads, edge->way, u->scratch);
  u->elements = u->links.used[0] * u->links.used[1];
  u->results_out = results_out;
  if (status == CDS_OK) {
    u->taken =
        cds_arena_array(u->scratch, (size_t)u->elements, sizeof *u->taken);
    status = u->taken == NULL ? CDS_ENOMEM
                              : open_steps(u, cuts, edge->way == CDS_WAY_BACK);
  }
  if (status == CDS_OK) {
    status = route_steps(u);
  }
  if (status == CDS_OK) {
    *hops = u->links.hops;
    cds_halo_peaks(peak, &u->links);
  }
  cds_arena_reset(u->scratch, mark);
  return status;
}

static cds_status load_all(cds_uneven_route *out, uneven *u) {
  uint64_t some = 0;
  uint64_t none[2];
  CDS_TRY(load_links(&out->hops, none, u, CDS_CUT_ALL, CDS_CUT_ALL, false));
  CDS_TRY(load_links(&some, out->peak, u, CDS_CUT_ALL, CDS_CUT_FIRST, false));
  if (u->edge->way == CDS_WAY_BACK) {
    return CDS_OK;
  }
  CDS_TRY(
      load_links(&some, out->first, u, CDS_CUT_FIRST, CDS_CUT_FIRST, false));
  CDS_TRY(load_links(&some, out->last, u, CDS_CUT_LAST, CDS_CUT_FIRST, false));
  if (u->edge->way == CDS_WAY_UP) {
    const bool final = u->edge->final;
    CDS_TRY(
        load_links(&out->partial, none, u, CDS_CUT_ALL, CDS_CUT_ALL, final));
    return load_links(&some, out->partial_peak, u, CDS_CUT_ALL, CDS_CUT_FIRST,
                      final);
  }
  return CDS_OK;
}

cds_status cds_uneven_routes(cds_uneven_route *out, const cds_uneven_edge *edge,
                             cds_arena *scratch) {
  const cds_arena_mark mark = cds_arena_mark_get(scratch);
  const cds_einsum *einsum = edge->holder->einsum;
  uneven *u = cds_arena_alloc(scratch, sizeof *u);
  *out = (cds_uneven_route){0};
  if (u == NULL) {
    return CDS_ENOMEM;
  }
  *u = (uneven){.edge = edge,
                .scratch = scratch,
                .together = edge->way == CDS_WAY_UP ? edge->array->reduction
                                                    : edge->array->multicast,
                .ranks = einsum->ranks};
  cds_status status = CDS_OK;
  for (unsigned r = 0; status == CDS_OK && r < u->ranks; r++) {
    cds_codes codes;
    cds_codes_open(&codes, einsum, edge->holder->mapping, r, edge->k);
    u->rank[r].codes = codes.codes;
    u->rank[r].has =
        cds_tensor_has_rank(&einsum->tensor[edge->holder->tensor], r);
    status = list_offsets(u, r);
  }
  if (status == CDS_OK) {
    status = load_all(out, u);
  }
  cds_arena_reset(scratch, mark);
  return status;
}
