/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From loads to the counts of every level, network and action.
 *
 * Operands: the loads of a holder are its fills; its parent reads them once
 * for each distinct word and step under multicast.
 *
 * Output: every load of a tile ends with its drain, so
 *   drains  D(c) = loads of the holder c, summed over instances
 *   updates U(p) = loads of c united over the arrays that reduce
 *   visits  V(p) = loads of c united over all arrays between p and c
 *   zero starts Z(p) = D(p) - F(p), at the outermost |O|
 *   reads   R(p) = U - Z      (returned to the child, or added at p)
 *   fills   F(c) = V - Z, or 0 where p accumulates
 * A visit that is no zero start sends the word back to exactly one instance.
 *
 * Sums apart (arch.h): instances of arrays that do not reduce have sums of
 * their own. With c = the product of what these arrays spread of reductions
 * between p and child, V does not unite them, and each zero start happens c
 * times: R(p) = U - c Z(p),  F(c) = V - c Z(p)
 */
#include "count/count.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"
#include "count/halo.h"
#include "count/loads.h"
#include "count/passes.h"
#include "count/pieces.h"
#include "count/stage.h"
#include "count/uneven_links.h"
#include "count/windows.h"

/* How the loads of a tensor are found. */
typedef enum cds_method {
  CDS_METHOD_EVEN,   /* loads.h */
  CDS_METHOD_PIECES, /* pieces.h */
  CDS_METHOD_WINDOWS /* windows.h */
} cds_method;

/* What the functions below share. */
typedef struct cds_counting {
  cds_counts *out;
  const cds_arch *arch;
  const cds_einsum *einsum;
  const cds_mapping *mapping;
  cds_arena *scratch;
  bool perfect;
  unsigned tensor;
  uint64_t tensor_words; /* of one pass */
  cds_method method;     /* of the tensor */
} cds_counting;

/* A holder with the edge to its parent. */
typedef struct cds_edge {
  unsigned parent, child; /* indexes into out->at; child may be compute */
  cds_holder holder;      /* of the child */
  unsigned top;           /* depth of the parent */
} cds_edge;

static unsigned switched_arrays(const cds_arch *arch, bool reduction) {
  unsigned mask = 0;
  for (unsigned a = 0; a < arch->arrays; a++) {
    const bool on =
        reduction ? arch->array[a].reduction : arch->array[a].multicast;
    mask |= on ? 1U << a : 0U;
  }
  return mask;
}

/* Units, steps and positions in use where pieces may be empty. */
static cds_status count_uneven_units(cds_counting *job) {
  cds_counts *out = job->out;
  for (unsigned k = 0; k < job->arch->arrays; k++) {
    for (unsigned x = 0; x < 2; x++) {
      out->along[k][x] = cds_piece_along(job->einsum, job->mapping, k, x);
    }
  }
  for (unsigned depth = 0; depth <= job->arch->arrays; depth++) {
    CDS_TRY(cds_piece_used(&out->used[depth], job->einsum, job->mapping, depth,
                           job->scratch));
  }
  out->units = out->used[job->arch->arrays];
  return cds_piece_steps(&out->steps, job->einsum, job->mapping, job->scratch);
}

static cds_status count_units(cds_counting *job) {
  cds_counts *out = job->out;
  if (!job->perfect) {
    return count_uneven_units(job);
  }
  for (unsigned k = 0; k < job->arch->arrays; k++) {
    out->along[k][0] = out->along[k][1] = 1;
  }
  for (unsigned n = 0; n < job->mapping->nodes; n++) {
    const cds_node *node = &job->mapping->node[n];
    if (node->kind == CDS_SPREAD) {
      out->along[node->array][node->axis] *= node->trips;
    }
  }
  for (unsigned depth = 0; depth <= job->arch->arrays; depth++) {
    out->used[depth] =
        cds_spread_product(job->einsum, job->mapping, 0, depth, UINT_MAX, true);
  }
  out->units = out->used[job->arch->arrays];
  out->steps = out->macs / out->units;
  return CDS_OK;
}

/* ---- loads of a holder, by the tensor's method ------------------------ */

/* What one pass of a stage moves, over all of them (spec/stage.h): each has all
 * its tiles anew. */
static cds_status all_passes(const cds_counting *job, uint64_t *count) {
  return cds_mul_u64(count, *count, cds_einsum_passes(job->einsum))
             ? CDS_OK
             : CDS_ELIMIT;
}

/* Words of a pass that are results once for each output: as zero starts in the
 * first of its passes, complete in the last. No more than all passes move. */
static uint64_t of_outputs(const cds_counting *job, uint64_t words) {
  return words * cds_einsum_repeats(job->einsum);
}

static cds_status all_passes_of(const cds_counting *job, uint64_t *count,
                                unsigned counts) {
  for (unsigned i = 0; i < counts; i++) {
    CDS_TRY(all_passes(job, &count[i]));
  }
  return CDS_OK;
}

/* Loads of the holder (cds_loads) in one pass, their share of the busiest
 * instance above array `from`, and, if they are asked for, those of the first
 * and last tile.
 */
static cds_status pass_loads(cds_uneven_loads *out, const cds_counting *job,
                             const cds_edge *edge, unsigned united,
                             unsigned from, bool ends) {
  switch (job->method) {
  case CDS_METHOD_EVEN:
    CDS_TRY(cds_loads(&out->total, ends ? &out->first : NULL, &edge->holder,
                      united, from, job->scratch));
    /* Instances are alike, and so are the first and the last step. */
    out->peak = out->total / job->out->used[from];
    out->last = ends ? out->first : 0;
    return CDS_OK;
  case CDS_METHOD_PIECES:
    return cds_piece_loads(out, &edge->holder, united, from, job->scratch);
  case CDS_METHOD_WINDOWS:
    return cds_window_loads(out, NULL, &edge->holder, united, from,
                            job->scratch);
  }
  return CDS_OK;
}

/* The same of all passes. */
static cds_status edge_loads(cds_uneven_loads *out, const cds_counting *job,
                             const cds_edge *edge, unsigned united,
                             unsigned from, bool ends) {
  CDS_TRY(pass_loads(out, job, edge, united, from, ends));
  CDS_TRY(all_passes(job, &out->total));
  CDS_TRY(all_passes(job, &out->peak));
  if (ends) {
    CDS_TRY(all_passes(job, &out->first));
    CDS_TRY(all_passes(job, &out->last));
  }
  return CDS_OK;
}

/* Contributions to one word at the holder's last step that have not met: from
 * each coordinate of the arrays above `from` and of those that are not
 * united. One means that the value there is the result. */
static cds_status last_group(uint64_t *out, const cds_counting *job,
                             const cds_edge *edge, unsigned united,
                             unsigned from) {
  const cds_holder *holder = &edge->holder;
  if (!job->perfect) {
    return cds_last_group(out, holder, united, from, job->scratch);
  }
  *out = 1;
  for (unsigned n = 0; n < job->mapping->nodes; n++) {
    const cds_node *node = &job->mapping->node[n];
    if (node->kind == CDS_SPREAD && node->array < holder->depth &&
        (node->array < from || (united >> node->array & 1U) == 0) &&
        !cds_tensor_has_rank(&job->einsum->tensor[job->tensor], node->rank)) {
      *out *= node->trips;
    }
  }
  return CDS_OK;
}

/* Arrays whose visits are united: all, or with sums apart those that reduce. */
static unsigned visited_together(const cds_arch *arch) {
  return arch->sums_apart ? switched_arrays(arch, true) : ~0U;
}

/* Instances of arrays `first` to `last` - 1 that have sums of the same word
 * apart; factors are perfect then. */
static uint64_t sums_apart(const cds_counting *job, const cds_edge *edge,
                           unsigned first, unsigned last) {
  uint64_t apart = 1;
  if (!job->arch->sums_apart || job->arch->level[edge->parent].accumulate) {
    return 1;
  }
  for (unsigned n = 0; n < job->mapping->nodes; n++) {
    const cds_node *node = &job->mapping->node[n];
    if (node->kind == CDS_SPREAD && node->array >= first &&
        node->array < last && !job->arch->array[node->array].reduction &&
        !cds_tensor_has_rank(&job->einsum->tensor[job->tensor], node->rank)) {
      apart *= node->trips;
    }
  }
  return apart;
}

/* Distinct words of the output that pass the instance 0 above array `from`. */
static cds_status own_words(uint64_t *out, const cds_counting *job,
                            const cds_edge *edge, unsigned from) {
  if (!job->perfect) {
    return cds_piece_words(out, &edge->holder, from, job->scratch);
  }
  *out = job->tensor_words / cds_spread_product(job->einsum, job->mapping, 0,
                                                from, job->tensor, true);
  return CDS_OK;
}

static bool tile_replaced(const cds_holder *holder) {
  const cds_tensor *tensor = &holder->einsum->tensor[holder->tensor];
  for (unsigned n = 0; n < holder->position; n++) {
    const cds_node *node = &holder->mapping->node[n];
    if (node->kind == CDS_FOR && node->trips > 1 &&
        cds_tensor_has_rank(tensor, node->rank)) {
      return true;
    }
  }
  return false;
}

/* ---- links ----------------------------------------------------------- */

/* The hops of array k for a tensor that has no halo there. */
static void edge_hops(cds_hops *out, const cds_counting *job,
                      const cds_edge *edge, unsigned k, cds_way way) {
  const cds_array *array = &job->arch->array[k];
  if (array->network == CDS_NETWORK_BUS) {
    *out = (cds_hops){.words = 1, .links = 1, .peak = {1, 0}};
    return;
  }
  cds_spread_digits spreads[2];
  cds_holder_spreads(spreads, &edge->holder, k);
  cds_network_hops(out, array, spreads, way);
}

/* W words, of which `hops.words` cross `share` links. */
static cds_status scaled(uint64_t *out, uint64_t words, const cds_hops *hops,
                         uint64_t share) {
  return cds_mul_u64(out, words / hops->words, share) ? CDS_OK : CDS_ELIMIT;
}

/* Whether idle elements matter to the links of array k. One element is never
 * idle. */
static bool uneven_links(const cds_counting *job, unsigned k) {
  return (!job->perfect || job->method == CDS_METHOD_WINDOWS) &&
         job->arch->array[k].network != CDS_NETWORK_BUS &&
         job->out->along[k][0] * job->out->along[k][1] > 1;
}

/* Routes of array k where elements idle; `final` as in cds_uneven_edge. */
static cds_status route_uneven(cds_uneven_route *out, const cds_counting *job,
                               const cds_edge *edge, unsigned k, cds_way way,
                               bool final) {
  const cds_uneven_edge uneven = {
      .array = &job->arch->array[k],
      .holder = &edge->holder,
      .k = k,
      .united = switched_arrays(job->arch, way == CDS_WAY_UP),
      .way = way,
      .final = final};
  if (job->method == CDS_METHOD_WINDOWS) {
    return CDS_EINPUT; /* cds_mapping_validate refuses it */
  }
  return cds_uneven_routes(out, &uneven, job->scratch);
}

/* The same over all passes; the results go up in the last one. */
static cds_status route_passes(cds_uneven_route *out, const cds_counting *job,
                               const cds_edge *edge, unsigned k, cds_way way,
                               bool final) {
  CDS_TRY(route_uneven(out, job, edge, k, way, final));
  const uint64_t results = of_outputs(job, out->hops - out->partial);
  CDS_TRY(all_passes(job, &out->hops));
  out->partial = out->hops - results;
  for (unsigned x = 0; x < 2; x++) {
    const uint64_t here = of_outputs(job, out->peak[x] - out->partial_peak[x]);
    CDS_TRY(all_passes(job, &out->peak[x]));
    out->partial_peak[x] = out->peak[x] - here;
  }
  CDS_TRY(all_passes_of(job, out->first, 2));
  return all_passes_of(job, out->last, 2);
}

static cds_status count_uneven_down(cds_counting *job, const cds_edge *edge,
                                    unsigned k) {
  cds_traffic *child = &job->out->at[edge->child][job->tensor];
  cds_uneven_route route;
  CDS_TRY(route_passes(&route, job, edge, k, CDS_WAY_DOWN, false));
  child->hops_down[k] = route.hops;
  memcpy(child->link_down[k], route.peak, sizeof route.peak);
  if (!edge->holder.memoryless) {
    memcpy(child->first_link[k], route.first, sizeof route.first);
  }
  return CDS_OK;
}

/* Every word comes back equally often. */
static cds_status count_uneven_back(cds_counting *job, const cds_edge *edge,
                                    unsigned k) {
  cds_traffic *child = &job->out->at[edge->child][job->tensor];
  cds_uneven_route route;
  uint64_t words = 0;
  CDS_TRY(route_uneven(&route, job, edge, k, CDS_WAY_BACK, false));
  CDS_TRY(own_words(&words, job, edge, k));
  bool fine = cds_mul_u64(&child->hops_down[k], route.hops,
                          child->down[k] / job->tensor_words);
  for (unsigned x = 0; x < 2; x++) {
    fine = fine && cds_mul_u64(&child->link_down[k][x], route.peak[x],
                               child->down_peak[k] / words);
  }
  return fine ? CDS_OK : CDS_ELIMIT;
}

static cds_status count_uneven_up(cds_counting *job, const cds_edge *edge,
                                  unsigned k, bool final) {
  cds_traffic *child = &job->out->at[edge->child][job->tensor];
  cds_uneven_route route;
  CDS_TRY(route_passes(&route, job, edge, k, CDS_WAY_UP, final));
  child->hops_up[k] = route.hops;
  child->hops_up_partial[k] = route.partial;
  memcpy(child->link_up[k], route.peak, sizeof route.peak);
  memcpy(child->link_up_partial[k], route.partial_peak,
         sizeof route.partial_peak);
  if (!edge->holder.memoryless) {
    memcpy(child->last_link[k], route.last, sizeof route.last);
  }
  return CDS_OK;
}

/* Links of array k on the way down: from `down`, `down_peak`, `first_net`. */
static cds_status count_links_down(cds_counting *job, const cds_edge *edge,
                                   unsigned k, cds_way way) {
  cds_traffic *child = &job->out->at[edge->child][job->tensor];
  const cds_array *array = &job->arch->array[k];
  if (uneven_links(job, k)) {
    return way == CDS_WAY_BACK ? count_uneven_back(job, edge, k)
                               : count_uneven_down(job, edge, k);
  }
  if (way == CDS_WAY_DOWN && array->network != CDS_NETWORK_BUS &&
      array->multicast && cds_holder_halo(&edge->holder, k)) {
    cds_link_loads loads;
    CDS_TRY(cds_halo_loads(&loads, array, &edge->holder, k,
                           switched_arrays(job->arch, false), job->scratch));
    CDS_TRY(all_passes(job, &loads.hops));
    CDS_TRY(all_passes_of(job, loads.peak, 2));
    CDS_TRY(all_passes_of(job, loads.first, 2));
    child->hops_down[k] = loads.hops;
    memcpy(child->link_down[k], loads.peak, sizeof loads.peak);
    memcpy(child->first_link[k], loads.first, sizeof loads.first);
    return CDS_OK;
  }
  cds_hops hops;
  edge_hops(&hops, job, edge, k, way);
  CDS_TRY(scaled(&child->hops_down[k], child->down[k], &hops, hops.links));
  for (unsigned x = 0; x < 2; x++) {
    CDS_TRY(scaled(&child->link_down[k][x], child->down_peak[k], &hops,
                   hops.peak[x]));
    CDS_TRY(scaled(&child->first_link[k][x], child->first_net[k], &hops,
                   hops.peak[x]));
  }
  return CDS_OK;
}

/* The same on the way up: from `up` and its peaks and partial sums. `final`:
 * the last value of a word that the network gets is the result, so that there
 * is nothing to add to it. */
static cds_status count_links_up(cds_counting *job, const cds_edge *edge,
                                 unsigned k, bool final) {
  cds_traffic *child = &job->out->at[edge->child][job->tensor];
  const cds_array *array = &job->arch->array[k];
  const bool all = !final && array->network != CDS_NETWORK_BUS;
  if (uneven_links(job, k)) {
    return count_uneven_up(job, edge, k, final);
  }
  cds_hops hops;
  edge_hops(&hops, job, edge, k, CDS_WAY_UP);
  CDS_TRY(scaled(&child->hops_up[k], child->up[k], &hops, hops.links));
  CDS_TRY(scaled(&child->hops_up_partial[k],
                 all ? child->up[k] : child->up_partial[k], &hops, hops.links));
  for (unsigned x = 0; x < 2; x++) {
    CDS_TRY(
        scaled(&child->link_up[k][x], child->up_peak[k], &hops, hops.peak[x]));
    CDS_TRY(scaled(&child->link_up_partial[k][x],
                   all ? child->up_peak[k] : child->up_partial_peak[k], &hops,
                   hops.peak[x]));
    CDS_TRY(scaled(&child->last_link[k][x], child->last_net[k], &hops,
                   hops.peak[x]));
  }
  return CDS_OK;
}

/* ---- operands -------------------------------------------------------- */

static cds_status count_operand_edge(cds_counting *job, const cds_edge *edge) {
  cds_traffic *child = &job->out->at[edge->child][job->tensor];
  cds_traffic *parent = &job->out->at[edge->parent][job->tensor];
  const unsigned united = switched_arrays(job->arch, false);
  const unsigned depth = edge->holder.depth;
  const bool ends = !edge->holder.memoryless;
  cds_uneven_loads loads;
  CDS_TRY(edge_loads(&loads, job, edge, 0, depth, ends));
  child->words[CDS_FILL] = loads.total;
  child->peak[CDS_FILL] = loads.peak;
  child->first_own = ends ? loads.first : 0;
  CDS_TRY(edge_loads(&loads, job, edge, united, edge->top, ends));
  parent->words[CDS_READ] = loads.total;
  parent->peak[CDS_READ] = loads.peak;
  child->first_parent = ends ? loads.first : 0;
  for (unsigned k = edge->top; k < depth; k++) {
    CDS_TRY(edge_loads(&loads, job, edge, united, k, ends));
    child->down[k] = loads.total;
    child->down_peak[k] = loads.peak;
    child->first_net[k] = ends ? loads.first : 0;
    CDS_TRY(count_links_down(job, edge, k, CDS_WAY_DOWN));
  }
  return CDS_OK;
}

/* ---- output ---------------------------------------------------------- */

/* What is known of the output along its chain of holders, outermost first. */
typedef struct cds_chain_state {
  uint64_t zero_starts, zero_starts_peak; /* at the parent */
  bool complete; /* the last update of each word at the parent is final */
} cds_chain_state;

/* Networks between parent and child on the way up. `complete`: the last value
 * of each word at the parent is the result, and the child's last is in it. */
static cds_status count_output_up(cds_counting *job, const cds_edge *edge,
                                  bool complete) {
  cds_traffic *child = &job->out->at[edge->child][job->tensor];
  const unsigned united = switched_arrays(job->arch, true);
  const bool ends = !edge->holder.memoryless;
  uint64_t below = child->words[CDS_DRAIN];
  uint64_t group = 0; /* what does not meet below array k + 1, and in k */
  CDS_TRY(last_group(&group, job, edge, united, edge->holder.depth));
  for (unsigned k = edge->holder.depth; k-- > edge->top;) {
    const bool final = complete && group == 1; /* before it meets in k */
    cds_uneven_loads loads;
    uint64_t own = 0;
    CDS_TRY(edge_loads(&loads, job, edge, united, k, ends));
    CDS_TRY(last_group(&group, job, edge, united, k));
    CDS_TRY(own_words(&own, job, edge, k));
    const bool results = complete && group == 1;
    child->up[k] = loads.total;
    child->up_peak[k] = loads.peak;
    child->up_partial[k] =
        loads.total - (results ? of_outputs(job, job->tensor_words) : 0);
    child->up_partial_peak[k] =
        loads.peak - (results ? of_outputs(job, own) : 0);
    child->adds[k] = below - loads.total;
    child->last_net[k] = ends ? loads.last : 0;
    CDS_TRY(count_links_up(job, edge, k, final));
    below = loads.total;
  }
  return CDS_OK;
}

/* Words that come back to the child, on each network and to instance 0: each
 * word of the parent's instance 0 equally often. */
static cds_status count_output_return(cds_counting *job, const cds_edge *edge,
                                      uint64_t fills, uint64_t fills_peak) {
  cds_traffic *child = &job->out->at[edge->child][job->tensor];
  uint64_t above = 0;
  CDS_TRY(own_words(&above, job, edge, edge->top));
  for (unsigned k = edge->top; k <= edge->holder.depth; k++) {
    uint64_t own = 0;
    CDS_TRY(own_words(&own, job, edge, k));
    const uint64_t apart = sums_apart(job, edge, edge->top, k);
    const uint64_t peak = fills_peak / above * own / apart;
    if (k < edge->holder.depth) {
      child->down[k] = fills;
      child->down_peak[k] = peak;
      CDS_TRY(count_links_down(job, edge, k, CDS_WAY_BACK));
    } else {
      child->words[CDS_FILL] = child->partial[CDS_FILL] = fills;
      child->peak[CDS_FILL] = child->partial_peak[CDS_FILL] = peak;
    }
  }
  return CDS_OK;
}

static void set_results(uint64_t *partial, uint64_t *partial_peak,
                        uint64_t words, uint64_t peak, uint64_t results,
                        uint64_t results_peak) {
  *partial = words - results;
  *partial_peak = peak - results_peak;
}

static cds_status count_output_edge(cds_counting *job, const cds_edge *edge,
                                    cds_chain_state *state) {
  cds_traffic *child = &job->out->at[edge->child][job->tensor];
  cds_traffic *parent = &job->out->at[edge->parent][job->tensor];
  const unsigned depth = edge->holder.depth;
  const bool adds_here = job->arch->level[edge->parent].accumulate;
  const bool ends = !edge->holder.memoryless;
  const uint64_t words = of_outputs(job, job->tensor_words);
  cds_uneven_loads drains;
  cds_uneven_loads updates;
  cds_uneven_loads visits;
  uint64_t own = 0;
  uint64_t group = 0;
  CDS_TRY(edge_loads(&drains, job, edge, 0, depth, ends));
  CDS_TRY(edge_loads(&updates, job, edge, switched_arrays(job->arch, true),
                     edge->top, ends));
  CDS_TRY(edge_loads(&visits, job, edge, visited_together(job->arch), edge->top,
                     false));
  const uint64_t apart = sums_apart(job, edge, edge->top, depth);
  const uint64_t zeros = state->zero_starts * apart;
  const uint64_t zeros_peak = state->zero_starts_peak * apart;

  /* At the parent. */
  CDS_TRY(own_words(&own, job, edge, edge->top));
  parent->words[CDS_UPDATE] = updates.total;
  parent->peak[CDS_UPDATE] = updates.peak;
  set_results(&parent->partial[CDS_UPDATE], &parent->partial_peak[CDS_UPDATE],
              updates.total, updates.peak, state->complete ? words : 0,
              state->complete ? of_outputs(job, own) : 0);
  parent->words[CDS_READ] = updates.total - zeros;
  parent->peak[CDS_READ] = updates.peak - zeros_peak;
  parent->partial[CDS_READ] = parent->words[CDS_READ];
  parent->partial_peak[CDS_READ] = parent->peak[CDS_READ];
  parent->partial_tile =
      parent->partial[CDS_UPDATE] > 0 || parent->words[CDS_FILL] > 0;

  /* In the child: a value is complete when it has seen every product. */
  const bool through = state->complete && (!adds_here || visits.total == words);
  CDS_TRY(last_group(&group, job, edge, 0, depth));
  CDS_TRY(own_words(&own, job, edge, depth));
  const bool complete = through && group == 1;
  child->words[CDS_DRAIN] = drains.total;
  child->peak[CDS_DRAIN] = drains.peak;
  set_results(&child->partial[CDS_DRAIN], &child->partial_peak[CDS_DRAIN],
              drains.total, drains.peak, complete ? words : 0,
              complete ? of_outputs(job, own) : 0);
  child->last_parent = ends ? updates.last : 0;
  child->last_own = ends ? drains.last : 0;
  CDS_TRY(count_output_up(job, edge, through));
  CDS_TRY(count_output_return(job, edge, adds_here ? 0 : visits.total - zeros,
                              adds_here ? 0 : visits.peak - zeros_peak));
  state->zero_starts = drains.total - child->words[CDS_FILL];
  state->zero_starts_peak = child->peak[CDS_DRAIN] - child->peak[CDS_FILL];
  state->complete = complete;
  return CDS_OK;
}

/* ---- a tensor's chain of holders ------------------------------------- */

/* Words of the largest tile. */
static cds_status count_tile(uint64_t *out, const cds_counting *job,
                             const cds_edge *edge) {
  const cds_holder *holder = &edge->holder;
  cds_uneven_loads loads;
  switch (job->method) {
  case CDS_METHOD_EVEN:
    return cds_tile_words(out, holder, job->scratch);
  case CDS_METHOD_PIECES:
    CDS_TRY(cds_piece_loads(&loads, holder, 0, holder->depth, job->scratch));
    *out = loads.first; /* of instance 0: the longest pieces */
    return CDS_OK;
  case CDS_METHOD_WINDOWS:
    return cds_window_loads(&loads, out, holder, 0, holder->depth,
                            job->scratch);
  }
  return CDS_OK;
}

static cds_status begin_holder(cds_counting *job, cds_edge *edge,
                               unsigned node) {
  const cds_mapping *mapping = job->mapping;
  const bool compute = node == mapping->nodes;
  edge->child = compute ? job->arch->levels : mapping->node[node].level;
  edge->holder = (cds_holder){
      .einsum = job->einsum,
      .mapping = mapping,
      .tensor = job->tensor,
      .position = node,
      .depth =
          compute ? job->arch->arrays : job->arch->level[edge->child].depth,
      .memoryless = compute,
  };
  cds_traffic *entry = &job->out->at[edge->child][job->tensor];
  entry->held = !compute;
  entry->parent = edge->parent;
  entry->replaced = compute || tile_replaced(&edge->holder);
  return count_tile(&entry->tile_words, job, edge);
}

static bool holds_tensor(const cds_counting *job, unsigned node) {
  return node == job->mapping->nodes ||
         (job->mapping->node[node].kind == CDS_HOLD &&
          job->mapping->node[node].tensor == job->tensor);
}

static cds_status count_tensor(cds_counting *job) {
  const bool output = job->tensor == job->einsum->tensors - 1;
  CDS_TRY(cds_tensor_words(&job->tensor_words, job->einsum, job->tensor));
  job->method =
      cds_mapping_even(job->mapping, job->einsum, job->tensor) ? CDS_METHOD_EVEN
      : cds_tensor_has_windows(job->einsum, job->tensor) ? CDS_METHOD_WINDOWS
                                                         : CDS_METHOD_PIECES;
  const uint64_t words = of_outputs(job, job->tensor_words);
  cds_chain_state state = {words, words, true};
  cds_edge edge;
  bool outermost = true;
  memset(&edge, 0, sizeof edge);
  for (unsigned node = 0; node <= job->mapping->nodes; node++) {
    if (!holds_tensor(job, node)) {
      continue;
    }
    if (outermost) {
      edge.parent = job->mapping->node[node].level;
      CDS_TRY(begin_holder(job, &edge, node));
      outermost = false;
    } else {
      edge.parent = edge.child;
      edge.top = edge.holder.depth;
      CDS_TRY(begin_holder(job, &edge, node));
      CDS_TRY(output ? count_output_edge(job, &edge, &state)
                     : count_operand_edge(job, &edge));
    }
  }
  return CDS_OK;
}

cds_status cds_count(cds_counts *out, const cds_arch *arch,
                     const cds_einsum *einsum, const cds_mapping *mapping,
                     cds_arena *scratch) {
  memset(out, 0, sizeof *out);
  CDS_TRY(cds_einsum_macs(&out->macs, einsum));
  cds_counting job = {.out = out,
                      .arch = arch,
                      .einsum = einsum,
                      .mapping = mapping,
                      .scratch = scratch,
                      .perfect = cds_mapping_perfect(mapping, einsum)};
  CDS_TRY(count_units(&job));
  CDS_TRY(cds_count_passes(out, arch, einsum, mapping, scratch));
  CDS_TRY(all_passes(&job, &out->macs));
  CDS_TRY(all_passes(&job, &out->steps));
  CDS_TRY(all_passes_of(&job, out->passes, arch->arrays));
  for (job.tensor = 0; job.tensor < einsum->tensors; job.tensor++) {
    CDS_TRY(count_tensor(&job));
  }
  return einsum->stage == NULL ? CDS_OK : cds_count_homes(out, einsum);
}
