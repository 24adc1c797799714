/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Least passes at each level, and what they cost; see outline.h. */
#include "search/outline.h"

#include "search/parts.h"

/* Tiles of `inner` in a length cut into parts first. */
static uint64_t tiles_of(uint64_t length, uint64_t part, uint64_t inner) {
  const uint64_t rest = length % part;
  return length / part * cds_ceil_div(part, inner) +
         (rest > 0 ? cds_ceil_div(rest, inner) : 0);
}

/* What the loops g of a class leave: `part` of `whole`. Where the spread is
 * inside a part, `inside`: it leaves no more than ceil(part / s) to an
 * instance; else each instance has its own share, cut alike. */
typedef struct cds_outline {
  uint64_t size, s, x;
  uint64_t whole, part;
  bool inside, equal;
} cds_outline;

/* Passes at level 1 of one instance and of all. */
static cds_passes outer_passes(const cds_outline *at, bool below) {
  const uint64_t g = cds_ceil_div(at->whole, at->part);
  if (!below || at->equal) {
    return (cds_passes){g, g, 0};
  }
  const uint64_t longer = at->size % at->s;
  const uint64_t all =
      longer * g +
      (at->s - longer) * tiles_of(at->size / at->s, at->part, at->part);
  return (cds_passes){g, all, 0};
}

/*
 * The same at level 2. The loops between the levels cut a part into tiles whose
 * extent is x at most to an instance, s x with the spread inside; with equal
 * parts that does not depend on g. Of all instances each tile has at most x
 * points, and a part is dealt to as many of them as it has points.
 */
static cds_passes inner_passes(const cds_outline *at, bool below) {
  if (at->equal) {
    const uint64_t one = cds_ceil_div(at->whole, at->x);
    return (cds_passes){one, one, 0};
  }
  const uint64_t inner = at->inside ? at->s * at->x : at->x;
  const uint64_t one = tiles_of(at->whole, at->part, inner);
  if (!below) {
    return (cds_passes){one, one, 0};
  }
  if (!at->inside) {
    const uint64_t longer = at->size % at->s;
    const uint64_t shorter =
        tiles_of(at->size / at->s, at->part, at->x) * (at->s - longer);
    return (cds_passes){one, longer * one + shorter, 0};
  }
  const uint64_t rest = at->whole % at->part;
  const uint64_t full = cds_ceil_div(at->part, at->x);
  const uint64_t last = cds_ceil_div(rest, at->x);
  const uint64_t dealt = at->part < at->s ? at->part : at->s;
  const uint64_t left = rest < at->s ? rest : at->s;
  const uint64_t all = at->whole / at->part * (full > dealt ? full : dealt) +
                       (last > left ? last : left);
  return (cds_passes){one, all, 0};
}

static double passes_at(const cds_affine *affine, unsigned level,
                        const cds_passes *passes) {
  return affine->one[level] * (double)passes->one +
         affine->all[level] * (double)passes->all;
}

static cds_toll toll_at(const cds_slopes *slopes, unsigned level,
                        const cds_passes *passes) {
  return (cds_toll){passes_at(&slopes->energy_pj, level, passes),
                    passes_at(&slopes->out, level, passes),
                    passes_at(&slopes->in, level, passes)};
}

/* Begins the outline of a class and a group (NULL: none). */
static void begin_outline(cds_outline *at, const cds_options *options,
                          const cds_tables *tables, const cds_group *group) {
  const cds_choice *choice = &options->choice;
  at->size = tables->problem->size[choice->class];
  at->s = tables->class[choice->class].spread[choice->index];
  at->x = group == NULL ? 1 : group->x;
  at->equal = !tables->problem->residual[choice->class];
  at->inside = !at->equal && choice->above > 0;
  at->whole = at->inside ? at->size : cds_ceil_div(at->size, at->s);
  at->part = at->whole;
}

static void set_extent(cds_size *out, const cds_outline *at) {
  out->extent[0] = (double)(at->equal ? at->part * at->s : at->part);
  out->extent[1] =
      (double)(at->inside ? cds_ceil_div(at->part, at->s) : at->part);
}

static void set_rests(cds_size *out, size_t count) {
  out[count - 1].rest = out[count - 1].toll;
  for (size_t i = count - 1; i-- > 0;) {
    out[i].rest = cds_toll_least(out[i].toll, out[i + 1].rest);
  }
}

static cds_status make_outline(cds_group *group, const cds_options *options,
                               cds_tables *tables) {
  const cds_problem *problem = tables->problem;
  const cds_choice *choice = &options->choice;
  const cds_slopes *slopes = NULL;
  CDS_TRY(cds_slopes_get(&slopes, tables, choice->class, choice->index,
                         choice->held));
  const cds_sizes *outer = &options->outer;
  cds_size *out = cds_arena_array(tables->arena, outer->count, sizeof *out);
  if (out == NULL) {
    return CDS_ENOMEM;
  }
  cds_outline at;
  begin_outline(&at, options, tables, group);
  for (size_t i = 0; i < outer->count; i++) {
    out[i] = outer->size[i];
    at.part = (uint64_t)outer->size[i].extent[at.inside ? 0 : 1];
    const cds_passes inner = inner_passes(&at, problem->below[2]);
    out[i].toll = cds_toll_add(out[i].toll, toll_at(slopes, 2, &inner));
  }
  set_rests(out, outer->count);
  group->outline = (cds_sizes){outer->count, 1, out};
  return CDS_OK;
}

/* What passes at level 1 cost. One size if it does not hold the tensor. */
static cds_status make_outer(cds_options *options, cds_tables *tables,
                             const cds_slopes *slopes) {
  const cds_choice *choice = &options->choice;
  cds_outline at;
  begin_outline(&at, options, tables, NULL);
  uint64_t *part = &at.whole;
  size_t parts = 1;
  if (choice->full && choice->above == 1) {
    part = &at.s; /* what the spread deals out one by one */
  } else if ((choice->held & CDS_HELD_1) != 0) {
    CDS_TRY(cds_parts_list(&part, &parts, tables->problem, tables->scratch,
                           choice->class, at.whole));
  }
  cds_size *out = cds_arena_array(tables->arena, parts, sizeof *out);
  if (out == NULL) {
    return CDS_ENOMEM;
  }
  const cds_toll base = {slopes->energy_pj.base, slopes->out.base,
                         slopes->in.base};
  for (size_t i = 0; i < parts; i++) {
    at.part = part[i];
    const cds_passes outer = outer_passes(&at, tables->problem->below[1]);
    out[i].toll = cds_toll_add(base, toll_at(slopes, 1, &outer));
    set_extent(&out[i], &at);
  }
  set_rests(out, parts);
  options->outer = (cds_sizes){parts, 1, out};
  return CDS_OK;
}

/* What passes at level 2 cost, whatever g: those of an uncut class are the
 * fewest. */
static cds_status make_inner(cds_options *options, cds_tables *tables,
                             const cds_slopes *slopes) {
  cds_size *out = cds_arena_array(tables->arena, options->groups, sizeof *out);
  if (out == NULL) {
    return CDS_ENOMEM;
  }
  cds_outline at;
  begin_outline(&at, options, tables, NULL);
  for (size_t i = 0; i < options->groups; i++) {
    const cds_group *group = &options->group[i];
    at.x = group->x;
    const cds_passes inner = inner_passes(&at, tables->problem->below[2]);
    out[i].toll = toll_at(slopes, 2, &inner);
    out[i].extent[0] = group->extent;
    out[i].extent[1] = (double)group->x;
  }
  if (options->groups > 0) {
    set_rests(out, options->groups);
  }
  const bool whole =
      options->groups > 0 && options->group[0].x == cds_ceil_div(at.size, at.s);
  options->inner = (cds_sizes){options->groups, whole ? 1 : 0, out};
  return CDS_OK;
}

cds_status cds_options_outline(cds_options *options, cds_tables *tables) {
  const cds_choice *choice = &options->choice;
  const cds_slopes *slopes = NULL;
  CDS_TRY(cds_slopes_get(&slopes, tables, choice->class, choice->index,
                         choice->held));
  CDS_TRY(make_outer(options, tables, slopes));
  return make_inner(options, tables, slopes);
}

cds_status cds_outline_get(const cds_sizes **out, cds_group *group,
                           const cds_options *options, cds_tables *tables) {
  *out = &group->outline;
  if (group->outline.count > 0) {
    return CDS_OK;
  }
  return make_outline(group, options, tables);
}
