/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "oracle/constrain_case.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

static const char *const roles[] = {"input", "weight", "output"};

typedef struct drawing {
  drawn_constraints *out;
  const depth_case *it;
  random_stream *stream;
  unsigned at; /* constraint */
} drawing;

static unsigned any_rank(const drawing *d) {
  return random_below(d->stream, d->it->einsum.ranks);
}

static const char *rank_name(const drawing *d, unsigned rank) {
  return d->it->einsum.rank[rank].name;
}

static uint64_t any_divisor(const drawing *d, uint64_t size) {
  uint64_t divisor = 1 + random_below(d->stream, (unsigned)size);
  while (size % divisor != 0) {
    divisor--;
  }
  return divisor;
}

/* A level below the outermost, or the compute units. */
static unsigned any_level(const drawing *d) {
  return 1 + random_below(d->stream, d->it->arch.levels);
}

static void draw_factor(drawing *d, cds_constraint *c, char *text) {
  const unsigned rank = any_rank(d);
  const uint64_t size = d->it->einsum.rank[rank].size;
  const unsigned kind = random_below(d->stream, 100);
  c->factor = (cds_factor){.least = 1, .most = UINT64_MAX};
  c->name = rank_name(d, rank);
  if (kind < 15) {
    c->name = NULL;
    c->list = d->out->list[d->at];
    for (unsigned r = 0; r < d->it->einsum.ranks; r++) {
      if (random_chance(d->stream, 60)) {
        c->list[c->listed++] = rank_name(d, r);
      }
    }
    c->factor.most = 1 + random_below(d->stream, 2);
  } else if (kind < 40) {
    c->factor.least = c->factor.most = any_divisor(d, size);
  } else if (kind < 60) {
    c->factor.most = 1 + random_below(d->stream, (unsigned)size);
  } else if (kind < 80) {
    c->factor.least = random_chance(d->stream, 90)
                          ? any_divisor(d, size)
                          : 1 + random_below(d->stream, (unsigned)size);
  } else if (kind < 90) {
    c->factor.least = any_divisor(d, size);
    c->factor.most = c->factor.least + random_below(d->stream, 4);
  } else {
    c->factor.full = true;
  }
  snprintf(text, 200, "%s%s: %" PRIu64 " to %" PRIu64 "%s (%zu listed)",
           c->kind == CDS_CONSTRAINT_FACTOR ? "loops " : "spread ",
           c->name == NULL ? "others" : c->name, c->factor.least,
           c->factor.most, c->factor.full ? " full" : "", c->listed);
}

static void draw_order(drawing *d, cds_constraint *c) {
  const unsigned ranks = d->it->einsum.ranks;
  unsigned shuffled[CDS_RANKS_MAX];
  const bool gap = random_chance(d->stream, 60);
  const unsigned named = gap ? 1 + random_below(d->stream, ranks) : ranks;
  char *text = d->out->text[d->at];
  unsigned at = 0;
  for (unsigned r = 0; r < ranks; r++) {
    const unsigned other = random_below(d->stream, r + 1);
    shuffled[r] = shuffled[other];
    shuffled[other] = r;
  }
  c->kind = CDS_CONSTRAINT_ORDER;
  c->part = d->out->part[d->at];
  const unsigned gap_at = gap ? random_below(d->stream, named + 1) : UINT_MAX;
  snprintf(text, 200, "order above %u:", c->level);
  for (unsigned i = 0; i <= named; i++) {
    const bool room = c->parts + 2 < DRAWN_PARTS;
    if (i == gap_at) {
      c->part[c->parts++].others = true;
      snprintf(text + strlen(text), 200 - strlen(text), " ...");
    }
    if (i == named) {
      break;
    }
    const bool joined = c->parts > 0 && !c->part[c->parts - 1].others &&
                        (!room || random_chance(d->stream, 30));
    if (!joined) {
      c->part[c->parts].rank = d->out->rank[d->at][c->parts];
      c->parts++;
    }
    cds_order_part *part = &c->part[c->parts - 1];
    if (at < ranks) {
      snprintf(text + strlen(text), 200 - strlen(text), "%s%s",
               joined ? "+" : " ", rank_name(d, shuffled[at]));
      part->rank[part->ranks++] = rank_name(d, shuffled[at++]);
    }
  }
}

static void draw_policy(drawing *d, cds_constraint *c) {
  const cds_einsum *einsum = &d->it->einsum;
  const unsigned t = random_below(d->stream, einsum->tensors);
  const bool keep = random_chance(d->stream, 50);
  c->level = 1 + random_below(d->stream, d->it->arch.levels - 1);
  c->kind = keep ? CDS_CONSTRAINT_KEEP : CDS_CONSTRAINT_BYPASS;
  c->name = random_chance(d->stream, 50) ? einsum->tensor[t].name
                                         : roles[einsum->tensor[t].role];
  snprintf(d->out->text[d->at], 200, "%s %s at %u", keep ? "keep" : "bypass",
           c->name, c->level);
}

static bool has_window(const cds_einsum *einsum) {
  for (unsigned t = 0; t < einsum->tensors; t++) {
    for (unsigned a = 0; a < einsum->tensor[t].axes; a++) {
      cds_term term[CDS_TERMS_MAX];
      if (cds_axis_long_terms(term, einsum, &einsum->tensor[t].axis[a]) > 1) {
        return true;
      }
    }
  }
  return false;
}

static void draw_dataflow(drawing *d, cds_constraint *c) {
  c->kind = CDS_CONSTRAINT_DATAFLOW;
  do {
    c->dataflow = (cds_dataflow)random_below(d->stream, CDS_DATAFLOWS);
  } while (c->dataflow == CDS_ROW_STATIONARY && !has_window(&d->it->einsum) &&
           random_chance(d->stream, 90));
  c->level = UINT_MAX;
  if (d->it->arch.levels > 1 && random_chance(d->stream, 30)) {
    c->level = 1 + random_below(d->stream, d->it->arch.levels - 1);
  }
  snprintf(d->out->text[d->at], 200, "dataflow %s at %d",
           cds_dataflow_names[c->dataflow], (int)c->level);
}

static void draw_spread(drawing *d, cds_constraint *c) {
  const cds_arch *arch = &d->it->arch;
  c->array = random_below(d->stream, arch->arrays);
  c->axis = random_below(d->stream, arch->array[c->array].axes);
  if (random_chance(d->stream, 30)) {
    c->kind = CDS_CONSTRAINT_UTILISATION;
    c->utilisation = (1 + random_below(d->stream, 4)) / 4.0;
    snprintf(d->out->text[d->at], 200, "utilisation %u/4 of %u",
             (unsigned)(c->utilisation * 4), c->array);
    return;
  }
  c->kind = CDS_CONSTRAINT_SPREAD;
  draw_factor(d, c, d->out->text[d->at]);
  char *text = d->out->text[d->at];
  snprintf(text + strlen(text), 200 - strlen(text), " over %u.%u", c->array,
           c->axis);
}

static void draw_one(drawing *d, cds_constraint *c) {
  const cds_arch *arch = &d->it->arch;
  const unsigned kind = random_below(d->stream, 100);
  char *text = d->out->text[d->at];
  c->level = any_level(d);
  c->text = text;
  if (kind < 15 && arch->levels > 1) {
    draw_policy(d, c);
  } else if (kind < 30) {
    draw_dataflow(d, c);
  } else if (kind < 50 && arch->arrays > 0) {
    draw_spread(d, c);
  } else if (kind < 75) {
    c->kind = CDS_CONSTRAINT_FACTOR;
    draw_factor(d, c, text);
    snprintf(text + strlen(text), 200 - strlen(text), " above %u", c->level);
  } else {
    draw_order(d, c);
  }
}

void constrain_case(drawn_constraints *out, depth_case *it,
                    random_stream *stream) {
  memset(out, 0, sizeof *out);
  drawing d = {.out = out, .it = it, .stream = stream};
  out->all.count = 1 + random_below(stream, DRAWN_MAX - 1);
  out->all.constraint = out->constraint;
  for (d.at = 0; d.at < out->all.count; d.at++) {
    draw_one(&d, &out->constraint[d.at]);
  }
  it->arch.constraints = &out->all;
}

void constrain_arrays_alone(drawn_constraints *it) {
  size_t left = 0;
  for (size_t i = 0; i < it->all.count; i++) {
    const cds_constraint_kind kind = it->constraint[i].kind;
    if (kind == CDS_CONSTRAINT_FACTOR || kind == CDS_CONSTRAINT_ORDER ||
        kind == CDS_CONSTRAINT_DATAFLOW) {
      continue;
    }
    it->constraint[left] = it->constraint[i];
    memmove(it->text[left], it->text[i], sizeof it->text[i]);
    left++;
  }
  it->all.count = left;
}

void constrain_write(FILE *stream, const drawn_constraints *it) {
  for (size_t i = 0; i < it->all.count; i++) {
    fprintf(stream, "  constraint: %s\n", it->text[i]);
  }
}
