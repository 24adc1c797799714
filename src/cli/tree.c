/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loop trees as text; see tree.h. */
#include "cli/tree.h"

#include <inttypes.h>
#include <limits.h>

#include "cli/cli.h"
#include "cli/nest.h"
#include "count/mask.h"
#include "spec/fusion_text.h"

typedef struct tree_job {
  const cds_page *page;
  const cds_arch *arch;
  const cds_layer_result *stage;
  const cds_fused_group *group;
  const cds_outer *outer;
} tree_job;

/* "K 64 KiB": the tile at home, as the first stage that has the tensor sees it;
 * sums that are not complete at their width. */
static const char *tile_text(const tree_job *job, unsigned tensor) {
  const unsigned first = job->group->tensor[tensor].first;
  const cds_fused_pass *pass = job->stage[first].fused->pass;
  const unsigned own = cds_fused_own_tensor(&job->group->stage[first], tensor);
  const cds_tensor *plain = &pass->einsum.tensor[own];
  const bool sums = cds_fused_sums_go_on(job->group, job->outer, tensor);
  const uint64_t words = pass->stage.home[own].tile_words;
  const unsigned bits = sums ? plain->accumulator.bits : plain->format.bits;
  return cds_cli_printf(
      job->page->arena, "%s %s",
      cds_fused_tensor_name(job->group, tensor, job->page->arena),
      cds_page_bits(job->page, words * bits));
}

/* Neighbouring homes of one level; returns the next node. */
static unsigned write_homes(const tree_job *job, unsigned index, int indent) {
  const unsigned level = job->outer->node[index].level;
  unsigned next = index;
  fprintf(job->page->stream, "%*s[%s]", indent, "",
          job->arch->level[level].name);
  for (; next < job->outer->nodes; next++) {
    const cds_outer_node *node = &job->outer->node[next];
    if (node->kind != CDS_OUTER_HOLD || node->level != level) {
      break;
    }
    fprintf(job->page->stream, "%s %s", next > index ? "," : "",
            tile_text(job, node->tensor));
  }
  fputc('\n', job->page->stream);
  return next;
}

/* Tiles that a mask leaves of an online softmax. */
static void write_live(const tree_job *job, unsigned stage) {
  cds_live live;
  cds_live_set(&live, job->group, job->outer);
  if (live.keys > 1 &&
      job->group->mask.key == cds_fused_row_rank(&job->group->stage[stage])) {
    fprintf(job->page->stream,
            ", %" PRIu64 " of %" PRIu64 " left by the causal mask", live.pairs,
            live.queries * live.keys);
  }
}

void cds_tree_write(const cds_page *page, const cds_arch *arch,
                    const cds_layer_result *stage) {
  const cds_layer_fused *fused = stage[0].fused;
  const tree_job job = {page, arch, stage, &fused->chain->group, fused->outer};
  int indent = 4;
  if (job.outer->pipelined) {
    fputs("    pipelined: operations of a pass beside products of others\n",
          page->stream);
  }
  for (unsigned i = 0; i < job.outer->nodes;) {
    const cds_outer_node *node = &job.outer->node[i];
    if (node->kind == CDS_OUTER_HOLD) {
      i = write_homes(&job, i, indent);
      continue;
    }
    fprintf(page->stream, "%*sfor %s %" PRIu64 "\n", indent, "",
            cds_fused_rank_name(job.group, node->rank, page->arena),
            node->trips);
    indent += 2;
    i++;
  }
  for (unsigned s = 0; s < job.group->stages; s++) {
    const cds_layer_result *result = &stage[s];
    if (result->layer->kind == CDS_LAYER_OPERATION) {
      const uint64_t tiles = result->fused->pass->stage.online.tiles;
      fprintf(page->stream, "%*s%s: %s on %s", indent, "", result->layer->name,
              result->layer->operation.kind, result->operation.unit);
      if (tiles > 1) {
        fprintf(page->stream, ", rows in %" PRIu64 " tiles", tiles);
      }
      write_live(&job, s);
      fputc('\n', page->stream);
      continue;
    }
    fprintf(page->stream, "%*s%s: %s\n", indent, "", result->layer->name,
            cds_ranks_text(page, &result->fused->pass->einsum));
    cds_nest_write(page, arch, &result->fused->pass->einsum, &result->mapping,
                   result->counts, indent + 2);
  }
}
