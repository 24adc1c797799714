/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From fetches to reads, fills and updates by level, as Timeloop does it.
 *
 * First as if every level kept the tensor:
 *   contents A(l)  = words that enter the network below l, for one instance
 *   share    S(c)  = sum over records of words x multicast / fanout of the
 *                    level above: what one instance of c gets from it
 *   partition P(c) = P(above) x tile(c) / hull of all tiles below the level
 *                    above: words that one instance handles in the run
 * Then levels that do not keep it are taken out, inner ones first: the records
 * of the level above grow by the factor by which A(l) x fanout exceeds what it
 * sends, and its link transfers are forgotten. In the end
 *   operands  reads = A + peers, fills = S + peers
 *   results   updates = A, reads = A + peers - P, fills = S + peers - P
 * where peers are the link transfers over all instances, rounded down, and
 * fills of the outermost keeper are none.
 */
#include "count/timeloop.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"
#include "count/timeloop_nest.h"

/* One tensor at one level, while it is worked out. */
typedef struct tile {
  bool kept;
  uint64_t words, partition;
  double contents, share, links, hops;
  double fanout;
  cds_timeloop_records records;
} tile;

typedef struct job {
  const cds_timeloop_nest *nest;
  cds_timeloop_counts *out;
  cds_arena *scratch;
  unsigned tensor;
  bool result;
  tile tile[CDS_LEVELS_MAX];
} job;

static double sent(const cds_timeloop_records *records) {
  double words = 0.0;
  for (size_t i = 0; i < records->count; i++) {
    words += records->record[i].words;
  }
  return words;
}

static double delivered(const cds_timeloop_records *records) {
  double words = 0.0;
  for (size_t i = 0; i < records->count; i++) {
    words += records->record[i].words * (double)records->record[i].multicast;
  }
  return words;
}

/* What one element sends or fetches alone. */
static cds_status without_array(cds_timeloop_records *out,
                                const cds_timeloop_fetches *fetches,
                                cds_arena *arena) {
  cds_timeloop_record *only = cds_arena_alloc(arena, sizeof *only);
  if (only == NULL) {
    return CDS_ENOMEM;
  }
  *only = (cds_timeloop_record){1, 1, (double)fetches->words, 0.0};
  *out = (cds_timeloop_records){.count = 1, .record = only};
  return CDS_OK;
}

static cds_status count_records(job *it, unsigned level) {
  const cds_timeloop_block *block = &it->nest->block[level];
  tile *at = &it->tile[level];
  cds_timeloop_fetches fetches;
  CDS_TRY(
      cds_timeloop_walk(&fetches, it->nest, it->tensor, level, it->scratch));
  if (block->fanout == 1) {
    CDS_TRY(without_array(&at->records, &fetches, it->scratch));
  } else {
    CDS_TRY(cds_timeloop_space(&at->records, it->nest, it->tensor, level,
                               &fetches, it->scratch));
  }
  at->fanout = (double)block->fanout;
  at->contents = sent(&at->records);
  at->links = at->records.links;
  for (size_t i = 0; i < at->records.count; i++) {
    at->hops += at->records.record[i].hops;
  }
  return CDS_OK;
}

/* partition x part / whole, rounded down. */
static uint64_t share_of(uint64_t partition, uint64_t part, uint64_t whole) {
  __extension__ typedef unsigned __int128 wide;
  return (uint64_t)((wide)partition * part / whole);
}

static cds_status count_tiles(job *it) {
  const unsigned levels = it->nest->arch->levels;
  uint64_t partition = 0;
  for (unsigned level = 0; level < levels; level++) {
    tile *at = &it->tile[level];
    cds_timeloop_box box;
    uint64_t whole = 0;
    CDS_TRY(cds_timeloop_hull(&box, &at->words, it->nest, it->tensor,
                              it->nest->block[level].first));
    if (level == 0) {
      partition = at->words;
    } else {
      CDS_TRY(cds_timeloop_hull(&box, &whole, it->nest, it->tensor,
                                it->nest->block[level - 1].spread));
      partition = share_of(partition, at->words, whole);
    }
    at->partition = partition;
    CDS_TRY(count_records(it, level));
    if (level > 0) {
      at->share =
          delivered(&it->tile[level - 1].records) / it->tile[level - 1].fanout;
    }
  }
  return CDS_OK;
}

/* Takes out the levels that do not keep the tensor. */
static void take_out(job *it) {
  for (unsigned level = it->nest->arch->levels; level-- > 1;) {
    const tile *at = &it->tile[level];
    tile *above = &it->tile[level - 1];
    if (at->kept) {
      continue;
    }
    const double factor =
        at->contents * above->fanout / delivered(&above->records);
    for (size_t i = 0; i < above->records.count; i++) {
      above->records.record[i].words *= factor;
    }
    above->contents = sent(&above->records);
    above->links = 0.0;
  }
}

static uint64_t rounded(double words) {
  return words > 0.0 ? (uint64_t)(words + 0.5) : 0;
}

static void write_level(job *it, unsigned level) {
  const tile *at = &it->tile[level];
  cds_timeloop_traffic *to = &it->out->at[level][it->tensor];
  to->kept = at->kept;
  to->ingresses = sent(&at->records);
  to->hops = at->hops;
  to->links = at->links;
  for (size_t i = 0; it->result && i < at->records.count; i++) {
    const cds_timeloop_record *record = &at->records.record[i];
    to->adds += record->words * (double)(record->multicast - 1);
  }
  if (!at->kept) {
    return;
  }
  to->tile_words = at->words;
  to->partition_words = at->partition;
  const uint64_t links = level > 0 ? (uint64_t)it->tile[level - 1].links : 0;
  const uint64_t handed = links / it->out->used_max[level];
  const double peers = (double)handed;
  const double share = level == 0 ? 0.0 : at->share;
  if (!it->result) {
    to->reads = rounded(at->contents + peers);
    to->fills = (uint64_t)(share + peers);
    return;
  }
  const double known = (double)at->partition;
  to->updates = rounded(at->contents);
  to->reads = rounded(at->contents + peers - known);
  to->reductions = to->reads;
  to->fills = level == 0 ? rounded(peers) : rounded(share + peers - known);
}

static bool keeps(const cds_mapping *mapping, unsigned tensor, unsigned level) {
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind == CDS_HOLD && node->tensor == tensor &&
        node->level == level) {
      return true;
    }
  }
  return false;
}

static cds_status count_tensor(job *it, const cds_mapping *mapping,
                               unsigned tensor) {
  const cds_arena_mark mark = cds_arena_mark_get(it->scratch);
  it->tensor = tensor;
  it->result = tensor + 1 == it->nest->einsum->tensors;
  memset(it->tile, 0, sizeof it->tile);
  for (unsigned level = 0; level < it->nest->arch->levels; level++) {
    it->tile[level].kept = keeps(mapping, tensor, level);
  }
  const cds_status status = count_tiles(it);
  if (status == CDS_OK) {
    take_out(it);
    for (unsigned level = 0; level < it->nest->arch->levels; level++) {
      write_level(it, level);
    }
  }
  cds_arena_reset(it->scratch, mark);
  return status;
}

/* Of a spread, averaged over its passes: tiles inside by tiles outside. */
static double mean_trips(const cds_timeloop_nest *nest,
                         const cds_timeloop_loop *loop) {
  const uint64_t size = nest->einsum->rank[loop->rank].size;
  const uint64_t inside = cds_ceil_div_u64(size, loop->stride);
  return (double)inside / (double)cds_ceil_div_u64(inside, loop->trips);
}

/* Instances that work, by level, and compute units. */
static cds_status count_instances(job *it) {
  cds_timeloop_counts *out = it->out;
  const cds_timeloop_nest *nest = it->nest;
  uint64_t used = 1;
  uint64_t passes = 1;
  double mean = 1.0;
  CDS_TRY(cds_einsum_macs(&out->macs, nest->einsum));
  for (unsigned level = 0; level < nest->arch->levels; level++) {
    const cds_timeloop_block *block = &nest->block[level];
    out->used_max[level] = used;
    out->used[level] = mean;
    if (!cds_mul_u64(&used, used, block->fanout)) {
      return CDS_ELIMIT;
    }
    for (unsigned at = block->spread; at < block->end; at++) {
      mean *= mean_trips(nest, &nest->loop[at]);
    }
    for (unsigned at = block->first; at < block->spread; at++) {
      if (!cds_mul_u64(&passes, passes, nest->loop[at].trips)) {
        return CDS_ELIMIT;
      }
    }
  }
  out->units = mean;
  /* Timeloop's count of cycles where a pass is shorter: all as if full. */
  out->steps = nest->perfect ? out->macs / used : passes;
  return CDS_OK;
}

cds_status cds_timeloop_count(cds_timeloop_counts *out, const cds_arch *arch,
                              const cds_einsum *einsum,
                              const cds_mapping *mapping, cds_place place,
                              const cds_reader *reader) {
  cds_arena *scratch = reader->arena;
  const cds_arena_mark mark = cds_arena_mark_get(scratch);
  cds_timeloop_nest *nest = cds_arena_alloc(scratch, sizeof *nest);
  job *it = cds_arena_alloc(scratch, sizeof *it);
  cds_status status = nest == NULL || it == NULL ? CDS_ENOMEM : CDS_OK;
  if (status == CDS_OK) {
    memset(out, 0, sizeof *out);
    status = cds_timeloop_nest_read(nest, arch, einsum, mapping, place,
                                    reader->diag);
  }
  if (status == CDS_OK) {
    *it = (job){.nest = nest, .out = out, .scratch = scratch};
    status = count_instances(it);
  }
  for (unsigned t = 0; status == CDS_OK && t < einsum->tensors; t++) {
    status = count_tensor(it, mapping, t);
  }
  if (status != CDS_EINPUT) { /* a message stays in the arena */
    cds_arena_reset(scratch, mark);
  }
  return status;
}
