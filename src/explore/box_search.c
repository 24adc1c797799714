/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The queue of boxes and its waves; see box_search.h. */
#include "explore/box_search.h"

#include <math.h>
#include <string.h>

#include "base/heap.h"

enum {
  WAVE = 64,   /* boxes that are bounded at once */
  WIDTHS = 33, /* of ranges, by powers of two */
  TRIED = 4,   /* how often a variable is tried before its gains are known */
  ROOM_FIRST = 1 << 10,
  DIVE_FIRST = 8, /* boxes that are halved before a first design is sought */
  DIVE_MOST = 32 * CDS_VARIABLES_MAX
};

/* An open box, or a design that waits. */
typedef struct open_box {
  double bound;
  uint64_t first; /* design of least index */
  uint32_t place; /* of its ranges */
  bool one;
} open_box;

/* What halves of a range of some width gained, of 1 and at most 1. */
typedef struct gain {
  double sum;
  uint64_t count;
} gain;

typedef struct child {
  cds_box box;
  cds_box_bound bound;
  uint64_t designs;
  bool one;
} child;

/* A box of the wave, and what became of it. */
typedef struct halving {
  cds_box box;
  double bound;
  child half[2];
  unsigned variable;
  /* Gains of the variables that were tried; below 0: they were not. */
  double gained[CDS_VARIABLES_MAX];
  uint64_t bounded;
} halving;

struct cds_box_search {
  cds_job *job;
  cds_box_table *table;
  unsigned variables;
  open_box *heap;
  size_t open, room;
  uint32_t *range; /* by place: low and high of each variable */
  uint32_t *spare; /* places that are free */
  size_t places, spares, range_room;
  gain gains[CDS_VARIABLES_MAX][WIDTHS];
  cds_box_counts counts;
  uint64_t dive_at;
  halving wave[WAVE];
};

static bool before(const void *left, const void *right) {
  const open_box *a = (const open_box *)left;
  const open_box *b = (const open_box *)right;
  if (a->bound != b->bound) {
    return a->bound < b->bound;
  }
  if (a->first != b->first) {
    return a->first < b->first;
  }
  return !a->one && b->one;
}

/* ---- the queue ----------------------------------------------------------- */

static cds_status grow(cds_box_search *it) {
  const size_t room = it->room == 0 ? ROOM_FIRST : 2 * it->room;
  open_box *heap = (open_box *)cds_realloc(it->heap, room * sizeof *heap);
  if (heap == NULL) {
    return CDS_ENOMEM;
  }
  it->heap = heap;
  uint32_t *range = (uint32_t *)cds_realloc(
      it->range, room * 2 * (it->variables + 1) * sizeof *range);
  if (range == NULL) {
    return CDS_ENOMEM;
  }
  it->range = range;
  uint32_t *spare = (uint32_t *)cds_realloc(it->spare, room * sizeof *spare);
  if (spare == NULL) {
    return CDS_ENOMEM;
  }
  it->spare = spare;
  it->room = room;
  return CDS_OK;
}

static cds_status push(cds_box_search *it, const cds_box *box, double bound,
                       bool one) {
  if (it->open == it->room) {
    CDS_TRY(grow(it));
  }
  const size_t place = it->spares > 0 ? it->spare[--it->spares] : it->places++;
  uint32_t *range = it->range + place * 2 * it->variables;
  memcpy(range, box->low, it->variables * sizeof *range);
  memcpy(range + it->variables, box->high, it->variables * sizeof *range);
  const open_box entry = {bound, cds_box_first(box, it->job->space),
                          (uint32_t)place, one};
  cds_heap_insert(it->heap, it->open++, sizeof entry, &entry, before);
  return CDS_OK;
}

static open_box pop(cds_box_search *it, cds_box *box) {
  open_box entry;
  cds_heap_take(&entry, it->heap, it->open--, sizeof entry, before);
  const uint32_t *range = it->range + (size_t)entry.place * 2 * it->variables;
  *box = (cds_box){.low = {0}};
  memcpy(box->low, range, it->variables * sizeof *range);
  memcpy(box->high, range + it->variables, it->variables * sizeof *range);
  it->spare[it->spares++] = entry.place;
  return entry;
}

double cds_box_search_bound(const cds_box_search *search) {
  return search->open == 0 ? (double)INFINITY : search->heap[0].bound;
}

const cds_box_counts *cds_box_search_counts(const cds_box_search *search) {
  return &search->counts;
}

/* ---- bounds -------------------------------------------------------------- */

/* Of a single design, as in the first pass. */
static void bound_one(child *out, cds_job *job, cds_worker *worker,
                      uint64_t index) {
  cds_design_result design = cds_job_record(index);
  cds_job_bound_one(job, worker, &design);
  out->bound = (cds_box_bound){.status = CDS_BOX_OPEN, .bound = design.bound};
  if (design.status == CDS_DESIGN_OVER_LIMIT) {
    out->bound.status = CDS_BOX_OVER_LIMIT;
    out->bound.excess = worker->excess;
  } else if (design.status == CDS_DESIGN_INFEASIBLE) {
    out->bound.status = CDS_BOX_INFEASIBLE;
  }
}

/* A bound is never below that of a box around. */
static cds_status bound_child(child *out, cds_box_search *it,
                              cds_worker *worker, double around) {
  out->designs = cds_box_designs(&out->box, it->variables);
  out->one = out->designs == 1;
  if (out->one) {
    bound_one(out, it->job, worker, cds_box_first(&out->box, it->job->space));
  } else {
    CDS_TRY(
        cds_box_bound_of(&out->bound, it->job, worker, it->table, &out->box));
  }
  out->bound.bound = fmax(out->bound.bound, around);
  return CDS_OK;
}

/* ---- halving ------------------------------------------------------------- */

static unsigned width_of(const cds_box *box, unsigned variable) {
  unsigned width = 0;
  for (uint32_t left = box->high[variable] - box->low[variable]; left > 0;
       left /= 2) {
    width++;
  }
  return width;
}

/* By how much a half is above the box, of the box, and 1 at most. */
static double gain_of(const child *half, double bound) {
  if (half->bound.status == CDS_BOX_OVER_LIMIT ||
      half->bound.status == CDS_BOX_INFEASIBLE) {
    return 1;
  }
  return bound > 0 ? fmin(1, half->bound.bound / bound - 1) : 0;
}

/* The lesser gain counts for more: it is what the bound of all rises by. */
static double gain_of_both(const child half[2], double bound) {
  const double a = gain_of(&half[0], bound);
  const double b = gain_of(&half[1], bound);
  return 0.75 * fmin(a, b) + 0.25 * fmax(a, b);
}

static cds_status halve(child half[2], cds_box_search *it, cds_worker *worker,
                        const halving *of, unsigned variable) {
  cds_box box[2];
  cds_box_halve(box, &of->box, variable);
  for (unsigned h = 0; h < 2; h++) {
    half[h].box = box[h];
    CDS_TRY(bound_child(&half[h], it, worker, of->bound));
  }
  return CDS_OK;
}

/* Tries the variables of which little is known, and takes the best of all. */
static cds_status choose(halving *out, cds_box_search *it, cds_worker *worker) {
  double best = -1;
  bool tried = false;
  for (unsigned v = 0; v < it->variables; v++) {
    out->gained[v] = -1;
    if (out->box.low[v] == out->box.high[v]) {
      continue;
    }
    const gain *known = &it->gains[v][width_of(&out->box, v)];
    double expected = known->count > 0 ? known->sum / (double)known->count : 0;
    child half[2];
    const bool now = known->count < TRIED;
    if (now) {
      CDS_TRY(halve(half, it, worker, out, v));
      out->bounded += 2;
      expected = out->gained[v] = gain_of_both(half, out->bound);
    }
    if (expected > best) {
      best = expected;
      out->variable = v;
      tried = now;
      if (now) {
        memcpy(out->half, half, sizeof half);
      }
    }
  }
  if (!tried) {
    CDS_TRY(halve(out->half, it, worker, out, out->variable));
    out->bounded += 2;
    out->gained[out->variable] = gain_of_both(out->half, out->bound);
  }
  return CDS_OK;
}

/* Of a box without a bound what makes it mixed says where to halve it. */
static cds_status split(halving *out, cds_box_search *it, cds_worker *worker) {
  cds_box_bound own;
  out->bounded = 0;
  for (unsigned v = 0; v < it->variables; v++) {
    out->gained[v] = -1;
  }
  if (!(out->bound > 0)) {
    CDS_TRY(cds_box_bound_of(&own, it->job, worker, it->table, &out->box));
    if (own.status == CDS_BOX_MIXED_PARTS) {
      out->variable = own.split;
      out->bounded = 2;
      return halve(out->half, it, worker, out, own.split);
    }
  }
  return choose(out, it, worker);
}

static void split_chunk(size_t chunk, unsigned thread, void *payload) {
  cds_box_search *it = (cds_box_search *)payload;
  cds_worker *worker = &it->job->worker[thread];
  const cds_status status = split(&it->wave[chunk], it, worker);
  if (status != CDS_OK) {
    cds_job_fail(it->job, status);
  }
}

/* ---- after a wave -------------------------------------------------------- */

static void note_over_limit(cds_box_search *it, const child *half) {
  cds_box_counts *counts = &it->counts;
  const cds_excess *excess = &half->bound.excess;
  const unsigned limit = it->job->limits.index[excess->metric];
  if (counts->by_limit[limit] == 0 || excess->least < counts->least[limit]) {
    counts->least[limit] = excess->least;
    counts->nearest[limit] = cds_box_first(&half->box, it->job->space);
  }
  counts->by_limit[limit] += half->designs;
  counts->over_limit += half->designs;
}

static cds_status take_half(cds_box_search *it, const child *half) {
  cds_box_counts *counts = &it->counts;
  const uint64_t first = cds_box_first(&half->box, it->job->space);
  switch (half->bound.status) {
  case CDS_BOX_OPEN:
  case CDS_BOX_MIXED_PARTS:
    return push(it, &half->box, half->bound.bound, half->one);
  case CDS_BOX_OVER_LIMIT:
    note_over_limit(it, half);
    break;
  case CDS_BOX_INFEASIBLE:
    counts->infeasible += half->designs;
    counts->first_infeasible =
        first < counts->first_infeasible ? first : counts->first_infeasible;
    break;
  }
  return CDS_OK;
}

/* Both halves, or all but one. */
static cds_status take_halving(cds_box_search *it, const halving *of,
                               const child *but) {
  for (unsigned v = 0; v < it->variables; v++) {
    if (of->gained[v] >= 0) {
      gain *known = &it->gains[v][width_of(&of->box, v)];
      known->sum += of->gained[v];
      known->count++;
    }
  }
  it->counts.bounded += of->bounded;
  it->counts.halved++;
  for (unsigned h = 0; h < 2; h++) {
    if (&of->half[h] != but) {
      CDS_TRY(take_half(it, &of->half[h]));
    }
  }
  return CDS_OK;
}

/* Halves the best boxes, until a design is next. */
static cds_status halve_wave(cds_box_search *it, double incumbent) {
  const uint64_t halved = it->counts.halved;
  const size_t most = halved < 8 ? 1 : halved < WAVE ? WAVE / 8 : WAVE;
  size_t count = 0;
  while (count < most && it->open > 0 && !it->heap[0].one &&
         it->heap[0].bound <= incumbent) {
    halving *next = &it->wave[count++];
    next->bound = pop(it, &next->box).bound;
  }
  cds_parallel_for(count, it->job->threads, split_chunk, it);
  CDS_TRY(it->job->status);
  for (size_t i = 0; i < count; i++) {
    CDS_TRY(take_halving(it, &it->wave[i], NULL));
  }
  cds_job_report(it->job, 0, (double)NAN, cds_box_search_bound(it));
  return CDS_OK;
}

/* A first design soon: the better half of the best box, again and again. */
static cds_status dive(uint64_t *design, bool *found, cds_box_search *it) {
  halving *at = &it->wave[0];
  *found = false;
  it->dive_at *= 4;
  at->bound = pop(it, &at->box).bound;
  for (unsigned depth = 0; depth < DIVE_MOST; depth++) {
    CDS_TRY(split(at, it, &it->job->worker[0]));
    CDS_TRY(it->job->status);
    const child *half = at->half;
    const bool second = half[1].bound.status <= CDS_BOX_MIXED_PARTS &&
                        (half[0].bound.status > CDS_BOX_MIXED_PARTS ||
                         half[1].bound.bound < half[0].bound.bound);
    const child *next = &half[second];
    if (next->bound.status > CDS_BOX_MIXED_PARTS) {
      return take_halving(it, at, NULL); /* both are closed */
    }
    CDS_TRY(take_halving(it, at, next));
    if (next->one) {
      *design = cds_box_first(&next->box, it->job->space);
      *found = true;
      return CDS_OK;
    }
    at->box = next->box;
    at->bound = next->bound.bound;
  }
  return push(it, &at->box, at->bound, false);
}

cds_status cds_box_search_next(cds_box_search *search, double incumbent,
                               uint64_t *design, size_t most, size_t *count) {
  *count = 0;
  while (search->open > 0 && search->heap[0].bound <= incumbent &&
         !cds_job_stopped(search->job)) {
    if (search->heap[0].one) {
      cds_box box;
      design[(*count)++] = pop(search, &box).first;
      if (*count == most) {
        break;
      }
      continue;
    }
    if (*count > 0) {
      break;
    }
    bool found = false;
    if (isinf(incumbent) && search->counts.halved >= search->dive_at) {
      CDS_TRY(dive(design, &found, search));
    } else {
      CDS_TRY(halve_wave(search, incumbent));
    }
    if (found) {
      *count = 1;
      break;
    }
  }
  return CDS_OK;
}

/* ---- set-up -------------------------------------------------------------- */

static cds_status begin(cds_box_search *it, cds_diag *diag) {
  cds_job *job = it->job;
  const uint64_t *only = job->options->only;
  child root = {.box = only != NULL ? cds_box_of(job->space, *only)
                                    : cds_box_all(job->space)};
  CDS_TRY(grow(it));
  CDS_TRY(cds_box_table_new(&it->table, job, diag));
  CDS_TRY(bound_child(&root, it, &job->worker[0], 0));
  CDS_TRY(job->status);
  it->counts.bounded = 1;
  it->counts.root = root.bound.bound;
  return take_half(it, &root);
}

cds_status cds_box_search_new(cds_box_search **out, cds_job *job,
                              cds_diag *diag) {
  cds_box_search *search = (cds_box_search *)cds_malloc(sizeof *search);
  if (search == NULL) {
    return CDS_ENOMEM;
  }
  memset(search, 0, sizeof *search);
  search->job = job;
  search->variables = (unsigned)cds_space_variables(job->space);
  search->dive_at = DIVE_FIRST;
  search->counts.first_infeasible = UINT64_MAX;
  const cds_status status = begin(search, diag);
  if (status != CDS_OK) {
    cds_box_search_free(search);
    return status;
  }
  *out = search;
  return CDS_OK;
}

void cds_box_search_free(cds_box_search *search) {
  if (search != NULL) {
    cds_box_table_free(search->table);
    cds_free(search->heap);
    cds_free(search->range);
    cds_free(search->spare);
    cds_free(search);
  }
}
