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
 */
#include "count/count.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"
#include "count/halo.h"
#include "count/loads.h"

/* What the functions below share. */
typedef struct cds_counting {
  cds_counts *out;
  const cds_arch *arch;
  const cds_einsum *einsum;
  const cds_mapping *mapping;
  cds_arena *scratch;
  unsigned tensor;
  uint64_t tensor_words;
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

static void count_units(cds_counting *job) {
  cds_counts *out = job->out;
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

/* Links of array k on the way down: from `down`, `down_peak`, `first_net`. */
static cds_status count_links_down(cds_counting *job, const cds_edge *edge,
                                   unsigned k, cds_way way) {
  cds_traffic *child = &job->out->at[edge->child][job->tensor];
  const cds_array *array = &job->arch->array[k];
  if (way == CDS_WAY_DOWN && array->network != CDS_NETWORK_BUS &&
      array->multicast && cds_holder_halo(&edge->holder, k)) {
    cds_link_loads loads;
    CDS_TRY(cds_halo_loads(&loads, array, &edge->holder, k,
                           switched_arrays(job->arch, false), job->scratch));
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

/* The same on the way up: from `up` and its peaks and partial sums. `adds`:
 * the network adds results of several elements. */
static cds_status count_links_up(cds_counting *job, const cds_edge *edge,
                                 unsigned k, bool adds) {
  cds_traffic *child = &job->out->at[edge->child][job->tensor];
  const cds_array *array = &job->arch->array[k];
  const bool all = adds && array->network != CDS_NETWORK_BUS;
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
  const uint64_t *used = job->out->used;
  const unsigned united = switched_arrays(job->arch, false);
  const unsigned depth = edge->holder.depth;
  uint64_t fills = 0;
  uint64_t reads = 0;
  uint64_t first = 0;
  CDS_TRY(cds_loads(&fills, NULL, &edge->holder, 0, edge->top, job->scratch));
  CDS_TRY(cds_loads(&reads, &first, &edge->holder, united, edge->top,
                    job->scratch));
  child->words[CDS_FILL] = fills;
  child->peak[CDS_FILL] = fills / used[depth];
  parent->words[CDS_READ] = reads;
  parent->peak[CDS_READ] = reads / used[edge->top];
  if (!edge->holder.memoryless) {
    child->first_parent = first;
    child->first_own = child->tile_words;
  }
  for (unsigned k = edge->top; k < depth; k++) {
    uint64_t words = 0;
    CDS_TRY(cds_loads(&words, &first, &edge->holder, united, k, job->scratch));
    child->down[k] = words;
    child->down_peak[k] = words / used[k];
    child->first_net[k] = edge->holder.memoryless ? 0 : first;
    CDS_TRY(count_links_down(job, edge, k, CDS_WAY_DOWN));
  }
  return CDS_OK;
}

/* ---- output ---------------------------------------------------------- */

/* Whether some array below `last` (from `first`) spreads a reduction rank. */
static bool reduces(const cds_counting *job, unsigned first, unsigned last) {
  return cds_spread_product(job->einsum, job->mapping, first, last, job->tensor,
                            false) > 1;
}

/* What is known of the output along its chain of holders, outermost first. */
typedef struct cds_chain_state {
  uint64_t zero_starts, zero_starts_peak; /* at the parent */
  bool complete; /* the last update of each word at the parent is final */
} cds_chain_state;

/* Networks between parent and child on the way up. */
static cds_status count_output_up(cds_counting *job, const cds_edge *edge,
                                  bool complete) {
  cds_traffic *child = &job->out->at[edge->child][job->tensor];
  const uint64_t *used = job->out->used;
  const unsigned united = switched_arrays(job->arch, true);
  uint64_t below = child->words[CDS_DRAIN];
  bool merged = true; /* arrays k.. merge every reduction that they spread */
  for (unsigned k = edge->holder.depth; k-- > edge->top;) {
    uint64_t words = 0;
    uint64_t last = 0;
    CDS_TRY(cds_loads(&words, &last, &edge->holder, united, k, job->scratch));
    const bool adds = (united >> k & 1U) != 0 && reduces(job, k, k + 1);
    merged = merged && (adds || !reduces(job, k, k + 1));
    const bool final = complete && merged && !reduces(job, 0, k);
    const uint64_t results = final ? job->tensor_words : 0;
    child->up[k] = words;
    child->up_peak[k] = words / used[k];
    child->up_partial[k] = words - results;
    child->up_partial_peak[k] = child->up_peak[k] - results / used[k];
    child->adds[k] = below - words;
    child->last_net[k] = edge->holder.memoryless ? 0 : last;
    CDS_TRY(count_links_up(job, edge, k, adds));
    below = words;
  }
  return CDS_OK;
}

/* Words that come back to the child, on each network and to instance 0. */
static cds_status count_output_return(cds_counting *job, const cds_edge *edge,
                                      uint64_t fills, uint64_t fills_peak) {
  cds_traffic *child = &job->out->at[edge->child][job->tensor];
  for (unsigned k = edge->top; k <= edge->holder.depth; k++) {
    const uint64_t groups = cds_spread_product(job->einsum, job->mapping,
                                               edge->top, k, job->tensor, true);
    if (k < edge->holder.depth) {
      child->down[k] = fills;
      child->down_peak[k] = fills_peak / groups;
      CDS_TRY(count_links_down(job, edge, k, CDS_WAY_BACK));
    } else {
      child->words[CDS_FILL] = child->partial[CDS_FILL] = fills;
      child->peak[CDS_FILL] = fills_peak / groups;
      child->partial_peak[CDS_FILL] = child->peak[CDS_FILL];
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
  const uint64_t *used = job->out->used;
  const unsigned depth = edge->holder.depth;
  const bool adds_here = job->arch->level[edge->parent].accumulate;
  uint64_t drains = 0;
  uint64_t updates = 0;
  uint64_t visits = 0;
  uint64_t last = 0;
  CDS_TRY(cds_loads(&drains, NULL, &edge->holder, 0, edge->top, job->scratch));
  CDS_TRY(cds_loads(&updates, &last, &edge->holder,
                    switched_arrays(job->arch, true), edge->top, job->scratch));
  CDS_TRY(
      cds_loads(&visits, NULL, &edge->holder, ~0U, edge->top, job->scratch));
  const uint64_t words = job->tensor_words;

  /* At the parent. */
  const uint64_t results = state->complete ? words : 0;
  parent->words[CDS_UPDATE] = updates;
  parent->peak[CDS_UPDATE] = updates / used[edge->top];
  set_results(&parent->partial[CDS_UPDATE], &parent->partial_peak[CDS_UPDATE],
              updates, parent->peak[CDS_UPDATE], results,
              results / used[edge->top]);
  parent->words[CDS_READ] = updates - state->zero_starts;
  parent->peak[CDS_READ] = parent->peak[CDS_UPDATE] - state->zero_starts_peak;
  parent->partial[CDS_READ] = parent->words[CDS_READ];
  parent->partial_peak[CDS_READ] = parent->peak[CDS_READ];
  parent->partial_tile =
      parent->partial[CDS_UPDATE] > 0 || parent->words[CDS_FILL] > 0;

  /* In the child: a value is complete when it has seen every product. */
  const bool through = state->complete && (!adds_here || visits == words);
  const bool complete = through && !reduces(job, 0, depth);
  child->words[CDS_DRAIN] = drains;
  child->peak[CDS_DRAIN] = drains / used[depth];
  const uint64_t ready = complete ? words : 0;
  set_results(&child->partial[CDS_DRAIN], &child->partial_peak[CDS_DRAIN],
              drains, child->peak[CDS_DRAIN], ready, ready / used[depth]);
  if (!edge->holder.memoryless) {
    child->last_parent = last;
    child->last_own = child->tile_words;
  }
  CDS_TRY(count_output_up(job, edge, through));
  CDS_TRY(count_output_return(
      job, edge, adds_here ? 0 : visits - state->zero_starts,
      adds_here ? 0 : visits / used[edge->top] - state->zero_starts_peak));
  state->zero_starts = drains - child->words[CDS_FILL];
  state->zero_starts_peak = child->peak[CDS_DRAIN] - child->peak[CDS_FILL];
  state->complete = complete;
  return CDS_OK;
}

/* ---- a tensor's chain of holders ------------------------------------- */

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
  return cds_tile_words(&entry->tile_words, &edge->holder, job->scratch);
}

static bool holds_tensor(const cds_counting *job, unsigned node) {
  return node == job->mapping->nodes ||
         (job->mapping->node[node].kind == CDS_HOLD &&
          job->mapping->node[node].tensor == job->tensor);
}

static cds_status count_tensor(cds_counting *job) {
  const bool output = job->tensor == job->einsum->tensors - 1;
  CDS_TRY(cds_tensor_words(&job->tensor_words, job->einsum, job->tensor));
  cds_chain_state state = {job->tensor_words, job->tensor_words, true};
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
  cds_counting job = {out, arch, einsum, mapping, scratch, 0, 0};
  count_units(&job);
  for (job.tensor = 0; job.tensor < einsum->tensors; job.tensor++) {
    CDS_TRY(count_tensor(&job));
  }
  return CDS_OK;
}
