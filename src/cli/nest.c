/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loop nests as text; see nest.h. */
#include "cli/nest.h"

#include <inttypes.h>

#include "cli/cli.h"
#include "price/price.h"

static const char *axis_text(const cds_page *page, const cds_einsum *einsum,
                             const cds_axis *axis) {
  const char *text = "";
  for (unsigned i = 0; i < axis->terms; i++) {
    const cds_term *term = &axis->term[i];
    const char *rank = einsum->rank[term->rank].name;
    const char *plus = i > 0 ? "+" : "";
    text = term->coefficient == 1
               ? cds_cli_printf(page->arena, "%s%s%s", text, plus, rank)
               : cds_cli_printf(page->arena, "%s%s%" PRIu64 "*%s", text, plus,
                                term->coefficient, rank);
  }
  return text;
}

static const char *tensor_text(const cds_page *page, const cds_einsum *einsum,
                               const cds_tensor *tensor) {
  const char *text = cds_cli_printf(page->arena, "%s[", tensor->name);
  for (unsigned i = 0; i < tensor->axes; i++) {
    text = cds_cli_printf(page->arena, "%s%s%s", text, i > 0 ? "," : "",
                          axis_text(page, einsum, &tensor->axis[i]));
  }
  return cds_cli_printf(page->arena, "%s]", text);
}

const char *cds_einsum_text(const cds_page *page, const cds_einsum *einsum) {
  const unsigned output = einsum->tensors - 1;
  const char *text = cds_cli_printf(
      page->arena, "%s +=", tensor_text(page, einsum, &einsum->tensor[output]));
  for (unsigned t = 0; t < output; t++) {
    text = cds_cli_printf(page->arena, "%s%s %s", text, t > 0 ? " *" : "",
                          tensor_text(page, einsum, &einsum->tensor[t]));
  }
  return text;
}

const char *cds_ranks_text(const cds_page *page, const cds_einsum *einsum) {
  const char *text = "";
  for (unsigned r = 0; r < einsum->ranks; r++) {
    text =
        cds_cli_printf(page->arena, "%s%s%s %" PRIu64, text, r > 0 ? ", " : "",
                       einsum->rank[r].name, einsum->rank[r].size);
  }
  return text;
}

/* Words, or "tile x 2" where a second copy is held. */
static const char *tile_text(const cds_page *page, const cds_tensor *tensor,
                             const cds_traffic *entry) {
  const unsigned bits =
      entry->partial_tile ? tensor->accumulator.bits : tensor->format.bits;
  const char *size =
      entry->tile_words > UINT64_MAX / bits
          ? cds_page_si(page, (double)entry->tile_words * bits / 8.0, "B")
          : cds_page_bits(page, entry->tile_words * bits);
  return cds_cli_printf(page->arena, "%s %s", tensor->name, size);
}

typedef struct nest_job {
  const cds_page *page;
  const cds_arch *arch;
  const cds_einsum *einsum;
  const cds_mapping *mapping;
  const cds_counts *counts;
  uint64_t need_bits[CDS_LEVELS_MAX];
} nest_job;

/* Whether a level holds anything in nodes after `index`. */
static bool held_later(const nest_job *job, unsigned index, unsigned level) {
  for (unsigned i = index; i < job->mapping->nodes; i++) {
    const cds_node *node = &job->mapping->node[i];
    if (node->kind == CDS_HOLD && node->level == level) {
      return true;
    }
  }
  return false;
}

/* One line for neighbouring holds of a level; returns the next node. */
static unsigned write_hold(const nest_job *job, unsigned index, int indent) {
  const unsigned level = job->mapping->node[index].level;
  const cds_level *place = &job->arch->level[level];
  const char *text =
      cds_cli_printf(job->page->arena, "%*s[%s]", indent, "", place->name);
  unsigned next = index;
  for (; next < job->mapping->nodes; next++) {
    const cds_node *node = &job->mapping->node[next];
    if (node->kind != CDS_HOLD || node->level != level) {
      break;
    }
    const cds_traffic *entry = &job->counts->at[level][node->tensor];
    text = cds_cli_printf(
        job->page->arena, "%s%s %s", text, next > index ? "," : "",
        tile_text(job->page, &job->einsum->tensor[node->tensor], entry));
  }
  const bool full =
      place->size_bits != UINT64_MAX && !held_later(job, next, level);
  cds_page_cell(job->page, text, full ? -52 : -1);
  if (full) {
    fprintf(job->page->stream, "  %s of %s",
            cds_page_bits(job->page, job->need_bits[level]),
            cds_page_bits(job->page, place->size_bits));
  }
  fputc('\n', job->page->stream);
  return next;
}

static void write_length(FILE *stream, const cds_node *node) {
  if (node->length > 0) {
    fprintf(stream, " length %" PRIu64, node->length);
  }
}

static void write_loop(const nest_job *job, const cds_node *node, int indent) {
  const char *rank = job->einsum->rank[node->rank].name;
  FILE *stream = job->page->stream;
  if (node->kind == CDS_FOR) {
    fprintf(stream, "%*sfor %s %" PRIu64, indent, "", rank, node->trips);
    write_length(stream, node);
    fputc('\n', stream);
    return;
  }
  const cds_array *array = &job->arch->array[node->array];
  fprintf(stream, "%*sspread %s %" PRIu64 " over %s", indent, "", rank,
          node->trips, array->name);
  if (array->axes > 1) {
    fprintf(stream, ".%s", array->axis_name[node->axis]);
  }
  write_length(stream, node);
  fprintf(stream, " (of %" PRIu64 ")\n", array->extent[node->axis]);
}

void cds_nest_write(const cds_page *page, const cds_arch *arch,
                    const cds_einsum *einsum, const cds_mapping *mapping,
                    const cds_counts *counts, int indent) {
  nest_job job = {page, arch, einsum, mapping, counts, {0}};
  cds_price_needs(job.need_bits, arch, einsum, counts);
  bool spread = false;
  for (unsigned i = 0; i < mapping->nodes;) {
    const cds_node *node = &mapping->node[i];
    if (node->kind == CDS_HOLD) {
      i = write_hold(&job, i, indent);
      continue;
    }
    const bool spreads_on = node->kind == CDS_SPREAD &&
                            i + 1 < mapping->nodes &&
                            mapping->node[i + 1].kind == CDS_SPREAD;
    if (node->trips > 1) {
      write_loop(&job, node, indent);
    }
    spread = spread || node->trips > 1;
    if (!spreads_on && spread) {
      indent += 2; /* spreads that stand together are one step */
      spread = false;
    }
    i++;
  }
  fprintf(page->stream, "%*s%s\n", indent, "", arch->compute.name);
}
