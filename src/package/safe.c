/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Regions of safe powers, by corners and cuts; see safe.h. */
#include "package/safe.h"

#include <math.h>
#include <string.h>

/* Of a part of a power: halvings, also of a corner that is cut off anyway, and
 * doublings to find the most of a kind. */
enum { HALVINGS = 40, HALVINGS_ROUGH = 14, DOUBLINGS = 60 };
/* Of sums of numbers around 1. */
static const double ROUNDING = 1e-10;

/* What is outside is one more kind. */
enum { MOST_DIMS = CDS_SAFE_DIMS + 1 };

typedef struct corner {
  double at[MOST_DIMS]; /* in units of the most of each kind */
  double part;          /* that is safe, about; 0: not known */
} corner;

typedef struct region {
  cds_heat_loop *loop;
  const cds_heat_limits *limits;
  unsigned dims;
  unsigned kind[CDS_SAFE_KINDS];
  double most_w[CDS_SAFE_KINDS]; /* of each dimension by itself */
  unsigned rows, corners;
  double row[CDS_SAFE_ROWS][MOST_DIMS];
  corner corner[CDS_SAFE_CORNERS], next[CDS_SAFE_CORNERS];
} region;

/* ---- powers -------------------------------------------------------------- */

static cds_status state_of(cds_heat_state *state, double power_w[CDS_DIES_MAX],
                           double *outside_w, region *it, const double *at_w) {
  memset(power_w, 0, CDS_DIES_MAX * sizeof *power_w);
  *outside_w = 0;
  for (unsigned i = 0; i < it->dims; i++) {
    if (it->kind[i] == CDS_SAFE_OUTSIDE) {
      *outside_w = at_w[i];
    } else {
      power_w[it->kind[i]] = at_w[i];
    }
  }
  return cds_heat_loop_at(state, it->loop, power_w);
}

/* Whether that part of a power is safe. */
static cds_status is_safe(bool *out, region *it, const double *of_w,
                          double part) {
  double at_w[CDS_SAFE_KINDS] = {0};
  double power_w[CDS_DIES_MAX];
  double outside_w = 0;
  cds_heat_state state;
  for (unsigned i = 0; i < it->dims; i++) {
    at_w[i] = part * of_w[i];
  }
  CDS_TRY(state_of(&state, power_w, &outside_w, it, at_w));
  *out = cds_heat_loop_within(it->loop, &state, power_w, outside_w, it->limits);
  return CDS_OK;
}

/* Halves between a part that is safe and one that is not. */
static cds_status halve(double *low, double *high, region *it,
                        const double *of_w, unsigned halvings) {
  for (unsigned i = 0; i < halvings; i++) {
    const double middle = 0.5 * (*low + *high);
    bool safe = false;
    CDS_TRY(is_safe(&safe, it, of_w, middle));
    *(safe ? low : high) = middle;
  }
  return CDS_OK;
}

/* The most of a kind by itself; INFINITY: any. */
static cds_status find_most(double *out, region *it, unsigned dim) {
  double unit_w[CDS_SAFE_KINDS] = {0};
  bool safe = true;
  double low = 0;
  double high = 1;
  unit_w[dim] = 1;
  for (unsigned i = 0; i < DOUBLINGS && safe; i++) {
    CDS_TRY(is_safe(&safe, it, unit_w, high));
    low = safe ? high : low;
    high = safe ? 2 * high : high;
  }
  if (!safe) {
    CDS_TRY(halve(&low, &high, it, unit_w, HALVINGS));
  }
  *out = safe ? (double)INFINITY : low;
  return CDS_OK;
}

static void set_power(double *out_w, const region *it, const corner *of) {
  for (unsigned i = 0; i < it->dims; i++) {
    out_w[i] = of->at[i] * it->most_w[i];
  }
}

/* ---- the limit that ends a way --------------------------------------------
 */

/* The die that has come nearest to its limit, and what part of it. */
static double hottest(size_t *die, const cds_heat_loop *loop) {
  const double ambient = loop->package.heat.ambient_degc;
  double most = -(double)INFINITY;
  for (size_t d = 0; d < loop->package.dies; d++) {
    const double limit =
        fmin(loop->limit_degc, loop->most_degc[loop->package.die[d].kind]);
    const double rise = fmax(loop->hottest_k[d], loop->degc[d] - ambient);
    const double part = rise / (limit - ambient);
    if (part > most) {
      most = part;
      *die = d;
    }
  }
  return most;
}

/* How the hottest place of a die warms with the power of each. */
static void warmed_by(double *by_die, const cds_heat_loop *loop, size_t die) {
  const cds_heat_response *response = &loop->response;
  const size_t dies = loop->package.dies;
  double most = loop->degc[die] - loop->package.heat.ambient_degc;
  for (size_t j = 0; j < dies; j++) {
    by_die[j] = response->mean[j * dies + die];
  }
  for (size_t p = 0; p < response->probes; p++) {
    double rise = 0;
    for (size_t j = 0; j < dies; j++) {
      rise += response->probe[j * response->probes + p] * loop->total_w[j];
    }
    if (response->places[p].die == die && rise > most) {
      most = rise;
      for (size_t j = 0; j < dies; j++) {
        by_die[j] = response->probe[j * response->probes + p];
      }
    }
  }
}

/* Slopes of the limit of which most is used in the state that the loop is in,
 * by dimension. */
static void slopes_of(double *slope, region *it, const cds_heat_state *state,
                      double sum_w, double outside_w) {
  cds_heat_loop *loop = it->loop;
  const double at_wall = 1 / (loop->wall.efficiency * loop->wall.mains);
  double by_die[CDS_HEAT_DIES];
  double by_kind[CDS_DIES_MAX];
  size_t die = 0;
  double outside = 0;
  const double heat = hottest(&die, loop);
  const double power = (sum_w + state->leakage_w) / it->limits->power_w;
  const double wall =
      isinf(it->limits->wall_w)
          ? 0
          : cds_heat_loop_wall_w(loop, outside_w) / it->limits->wall_w;
  if (heat >= fmax(power, wall)) {
    warmed_by(by_die, loop, die);
  } else if (power >= wall) {
    outside = 1;
    for (size_t d = 0; d < loop->package.dies; d++) {
      by_die[d] = 1;
    }
  } else {
    outside = at_wall;
    (void)cds_wall_of_dies_w(&loop->wall, loop->total_w, by_die);
  }
  cds_heat_loop_pull(by_kind, loop, by_die);
  for (unsigned i = 0; i < it->dims; i++) {
    slope[i] = it->kind[i] == CDS_SAFE_OUTSIDE ? outside : by_kind[it->kind[i]];
  }
}

/* The linear limit through the last safe place on the way to a power. */
static cds_status end_of_way(double row[MOST_DIMS], region *it,
                             const double *of_w) {
  double at_w[CDS_SAFE_KINDS] = {0};
  double slope[CDS_SAFE_KINDS] = {0};
  double power_w[CDS_DIES_MAX];
  double outside_w = 0;
  double low = 0;
  double high = 1;
  double sum_w = 0;
  double all = 0;
  cds_heat_state state;
  CDS_TRY(halve(&low, &high, it, of_w, HALVINGS));
  for (unsigned i = 0; i < it->dims; i++) {
    at_w[i] = low * of_w[i];
    sum_w += at_w[i];
  }
  CDS_TRY(state_of(&state, power_w, &outside_w, it, at_w));
  slopes_of(slope, it, &state, sum_w, outside_w);
  for (unsigned i = 0; i < it->dims; i++) {
    all += slope[i] * at_w[i];
  }
  for (unsigned i = 0; i < it->dims; i++) {
    row[i] = slope[i] * it->most_w[i] / all;
  }
  return CDS_OK;
}

/* ---- corners ------------------------------------------------------------- */

static double along(const region *it, const double *row, const double *at) {
  double sum = 0;
  for (unsigned i = 0; i < it->dims; i++) {
    sum += row[i] * at[i];
  }
  return sum;
}

/* Where so many equations meet; false: nowhere, or along a line. */
static bool meet(double *out, double m[MOST_DIMS][MOST_DIMS + 1],
                 unsigned dims) {
  for (unsigned k = 0; k < dims; k++) {
    unsigned best = k;
    for (unsigned i = k + 1; i < dims; i++) {
      best = fabs(m[i][k]) > fabs(m[best][k]) ? i : best;
    }
    if (fabs(m[best][k]) < 1e-12) {
      return false;
    }
    for (unsigned j = 0; j <= dims; j++) {
      const double other = m[k][j];
      m[k][j] = m[best][j];
      m[best][j] = other;
    }
    for (unsigned i = 0; i < dims; i++) {
      const double factor = i == k ? 0 : m[i][k] / m[k][k];
      for (unsigned j = k; j <= dims; j++) {
        m[i][j] -= factor * m[k][j];
      }
    }
  }
  for (unsigned k = 0; k < dims; k++) {
    out[k] = m[k][dims] / m[k][k];
  }
  return true;
}

/* Adds a corner to the next ones, unless it is among them or cut off. False:
 * there is no room. */
static bool add_corner(region *it, unsigned *count, const corner *added) {
  bool known = false;
  for (unsigned i = 0; i < it->dims; i++) {
    known = known || added->at[i] < -ROUNDING;
  }
  for (unsigned r = 0; r < it->rows && !known; r++) {
    known = along(it, it->row[r], added->at) > 1 + ROUNDING;
  }
  for (unsigned c = 0; c < *count && !known; c++) {
    bool same = true;
    for (unsigned i = 0; i < it->dims && same; i++) {
      same = fabs(it->next[c].at[i] - added->at[i]) <= ROUNDING;
    }
    known = same;
  }
  if (!known && *count < CDS_SAFE_CORNERS) {
    it->next[(*count)++] = *added;
    return true;
  }
  return known;
}

/* Takes the last row and that set of the others, and of axes, as equations. */
static bool add_meeting(region *it, unsigned *count, const unsigned *with) {
  double m[MOST_DIMS][MOST_DIMS + 1] = {{0}};
  const unsigned last = it->rows - 1;
  corner added = {.part = 0};
  for (unsigned e = 0; e < it->dims && e < MOST_DIMS; e++) { /* never more */
    const unsigned row = e == 0 ? last : with[e - 1];
    if (e > 0 && row >= last) {
      m[e][row - last] = 1; /* an axis: none of that kind */
      continue;
    }
    memcpy(m[e], it->row[row], sizeof it->row[row]);
    m[e][it->dims] = 1;
  }
  if (!meet(added.at, m, it->dims)) {
    return true;
  }
  for (unsigned i = 0; i < it->dims; i++) {
    added.at[i] = fabs(added.at[i]) <= ROUNDING ? 0 : added.at[i];
  }
  return add_corner(it, count, &added);
}

/* The corners with the last row as well. False: there is no room for them. */
static bool cut(region *it) {
  const unsigned others = it->rows - 1 + it->dims;
  const unsigned chosen = it->dims - 1;
  unsigned with[MOST_DIMS] = {0};
  unsigned count = 0;
  bool room = true;
  for (unsigned c = 0; c < it->corners && room; c++) {
    room = add_corner(it, &count, &it->corner[c]);
  }
  for (unsigned i = 0; i < chosen; i++) {
    with[i] = i;
  }
  bool more = true;
  while (more && room) {
    room = add_meeting(it, &count, with);
    unsigned i = chosen;
    while (i > 0 && with[i - 1] == others - chosen + i - 1) {
      i--;
    }
    more = i > 0;
    for (unsigned next = more ? with[i - 1] + 1 : 0; more && i <= chosen; i++) {
      with[i - 1] = next++;
    }
  }
  if (room) {
    memcpy(it->corner, it->next, count * sizeof *it->next);
    it->corners = count;
  }
  return room;
}

/* ---- regions ------------------------------------------------------------- */

static void begin_box(region *it) {
  it->rows = it->dims;
  it->corners = 1U << it->dims;
  memset(it->row, 0, sizeof it->row);
  memset(it->corner, 0, sizeof it->corner);
  for (unsigned i = 0; i < it->dims; i++) {
    it->row[i][i] = 1;
    for (unsigned c = 0; c < it->corners; c++) {
      it->corner[c].at[i] = (c >> i & 1U) != 0 ? 1 : 0;
    }
  }
}

/* The part of a corner that is safe; one that is nearly so counts as safe. */
static cds_status find_part_of(corner *of, region *it) {
  double at_w[CDS_SAFE_KINDS] = {0};
  double high = 1 - CDS_SAFE_OPEN;
  bool safe = false;
  set_power(at_w, it, of);
  CDS_TRY(is_safe(&safe, it, at_w, high));
  of->part = safe ? 1 : 0;
  if (!safe) {
    CDS_TRY(halve(&of->part, &high, it, at_w, HALVINGS_ROUGH));
    of->part = high;
  }
  return CDS_OK;
}

/* The corner of which the least part is safe. */
static cds_status find_worst(corner *out, region *it) {
  out->part = 1;
  for (unsigned c = 0; c < it->corners; c++) {
    corner *of = &it->corner[c];
    if (of->part <= 0) {
      CDS_TRY(find_part_of(of, it));
    }
    if (of->part < out->part) {
      *out = *of;
    }
  }
  return CDS_OK;
}

/* Cuts off the worst corner while there is room. */
static cds_status refine(region *it) {
  corner worst = {.part = 1};
  CDS_TRY(find_worst(&worst, it));
  while (worst.part < 1 && it->rows < CDS_SAFE_ROWS) {
    double at_w[CDS_SAFE_KINDS] = {0};
    set_power(at_w, it, &worst);
    CDS_TRY(end_of_way(it->row[it->rows], it, at_w));
    it->rows++;
    if (!(along(it, it->row[it->rows - 1], worst.at) > 1) || !cut(it)) {
      it->rows--;
      break;
    }
    CDS_TRY(find_worst(&worst, it));
  }
  return CDS_OK;
}

/* The part of all corners that is safe. */
static cds_status find_part(double *out, region *it) {
  *out = 1;
  for (unsigned c = 0; c < it->corners; c++) {
    double at_w[CDS_SAFE_KINDS] = {0};
    bool safe = false;
    set_power(at_w, it, &it->corner[c]);
    CDS_TRY(is_safe(&safe, it, at_w, *out));
    if (!safe) {
      double low = 0;
      CDS_TRY(halve(&low, out, it, at_w, HALVINGS));
      *out = low;
    }
  }
  return CDS_OK;
}

/* The region between the most of each kind. */
static void set_hull(region *it) {
  it->rows = 1;
  it->corners = 0;
}

/* ---- results ------------------------------------------------------------- */

/* Puts a row where its kinds are; what stands in no stack is outside. */
static void spread_out(cds_safe_point out, const cds_heat_loop *loop) {
  for (unsigned kind = 0; kind < CDS_DIES_MAX; kind++) {
    out[kind] = loop->placed[kind] > 0 ? out[kind] : out[CDS_SAFE_OUTSIDE];
  }
}

static cds_status write_region(cds_safe_region *out, const region *it,
                               double part, cds_arena *arena) {
  const bool hull = it->corners == 0;
  const unsigned corners = hull ? it->dims : it->corners;
  cds_safe_point *row =
      (cds_safe_point *)cds_arena_array(arena, it->rows, sizeof *row);
  cds_safe_point *at =
      (cds_safe_point *)cds_arena_array(arena, corners, sizeof *at);
  if (row == NULL || at == NULL) {
    return CDS_ENOMEM;
  }
  memset(row, 0, it->rows * sizeof *row);
  memset(at, 0, corners * sizeof *at);
  for (unsigned i = 0; i < it->dims; i++) {
    for (unsigned r = 0; r < it->rows; r++) {
      const double of = hull ? 1 : it->row[r][i];
      row[r][it->kind[i]] = of / (part * it->most_w[i]);
    }
    for (unsigned c = 0; c < corners; c++) {
      const double of = hull ? i == c : it->corner[c].at[i];
      at[c][it->kind[i]] = of * part * it->most_w[i];
    }
  }
  for (unsigned r = 0; r < it->rows; r++) {
    spread_out(row[r], it->loop);
  }
  *out = (cds_safe_region){it->rows, (const cds_safe_point *)row, corners,
                           (const cds_safe_point *)at};
  return CDS_OK;
}

/* Whether something may take power that is in no die of the package. */
static bool has_outside(const cds_heat_loop *loop) {
  const cds_arch *arch = loop->package.arch;
  bool any = arch->vectors == 0 && arch->other_operations == CDS_OTHER_HOST;
  for (unsigned kind = 0; kind < arch->dies; kind++) {
    any = any || loop->placed[kind] == 0;
  }
  return any;
}

static void note(cds_safe *out, const region *it, const cds_safe_region *of,
                 double part) {
  double wherever_w = (double)INFINITY;
  double most_w = 0;
  for (unsigned i = 0; i < it->dims; i++) {
    wherever_w = fmin(wherever_w, part * it->most_w[i]);
  }
  for (unsigned c = 0; c < of->corners; c++) {
    double sum_w = 0;
    for (unsigned kind = 0; kind < CDS_SAFE_KINDS; kind++) {
      sum_w += of->corner[c][kind];
    }
    most_w = fmax(most_w, sum_w);
  }
  out->wherever_w = fmax(out->wherever_w, wherever_w);
  out->most_w = fmax(out->most_w, out->endless ? (double)INFINITY : most_w);
}

static cds_status find_dims(region *it, cds_safe *out) {
  const cds_heat_loop *loop = it->loop;
  for (unsigned kind = 0; kind < loop->package.arch->dies; kind++) {
    if (loop->placed[kind] > 0) {
      it->kind[it->dims++] = kind;
    }
  }
  const bool limited =
      isfinite(it->limits->power_w) || isfinite(it->limits->wall_w);
  if (has_outside(loop) && limited) {
    it->kind[it->dims++] = CDS_SAFE_OUTSIDE;
  }
  out->endless = has_outside(loop) && !limited;
  for (unsigned i = 0; i < it->dims; i++) {
    CDS_TRY(find_most(&it->most_w[i], it, i));
  }
  return CDS_OK;
}

cds_status cds_safe_add(cds_safe *out, cds_heat_loop *loop,
                        const cds_heat_limits *limits, cds_arena *arena) {
  static const double idle[CDS_SAFE_KINDS] = {0};
  region *it = (region *)cds_arena_alloc(arena, sizeof *it);
  bool safe = false;
  double part = 1;
  if (it == NULL) {
    return CDS_ENOMEM;
  }
  memset(it, 0, sizeof *it);
  it->loop = loop;
  it->limits = limits;
  CDS_TRY(is_safe(&safe, it, idle, 0));
  if (!safe) {
    return CDS_OK;
  }
  CDS_TRY(find_dims(it, out));
  if (it->dims <= MOST_DIMS) {
    begin_box(it);
    CDS_TRY(refine(it));
    CDS_TRY(find_part(&part, it));
  } else {
    set_hull(it);
  }
  cds_safe_region *added = &out->region[out->regions++];
  CDS_TRY(write_region(added, it, part, arena));
  note(out, it, added, part);
  return CDS_OK;
}

double cds_safe_weighed_w(const cds_safe *safe,
                          const double weight[CDS_DIES_MAX]) {
  double most = 0;
  for (unsigned r = 0; r < safe->regions; r++) {
    const cds_safe_region *of = &safe->region[r];
    for (unsigned c = 0; c < of->corners; c++) {
      double sum = of->corner[c][CDS_SAFE_OUTSIDE];
      for (unsigned kind = 0; kind < CDS_DIES_MAX; kind++) {
        sum += weight[kind] * of->corner[c][kind];
      }
      most = fmax(most, sum);
    }
  }
  return safe->endless ? (double)INFINITY : most;
}
