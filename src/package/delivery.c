/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power delivery; see delivery.h. */
#include "package/delivery.h"

#include <math.h>

#include "base/math.h"
#include "base/text.h"

static const double PI = 3.14159265358979323846;
static const double EFFICIENCY[] = {0.90, 0.92, 0.85}; /* by place */
static const double NETWORK_OHM[] = {50e-6, 10e-6, 10e-6};
static const double INPUT_V = 1.8, MAINS = 0.92, BUDGET = 0.10, SHARE = 0.5;
static const double GRID_OHM = 40e-3, BACKSIDE = 0.7;

/* The least s, and limits that are kept, up to this. */
static const double NEAR = 1e-12;

enum { HALVINGS = 60, DOUBLINGS = 60 };

static double or_else(double value, double otherwise) {
  return isnan(value) ? otherwise : value;
}
static double larger(double a, double b) { return b > a ? b : a; }
static double smaller(double a, double b) { return b < a ? b : a; }

double cds_delivery_efficiency(const cds_built_package *package) {
  const cds_package_power *power = &package->package->power;
  return or_else(power->efficiency, EFFICIENCY[power->regulator]) *
         or_else(power->mains, MAINS);
}

bool cds_delivery_of(cds_delivery *out, const cds_built_package *package,
                     size_t *unknown) {
  const cds_package_power *power = &package->package->power;
  *out = (cds_delivery){
      .package = package,
      .place = power->regulator,
      .efficiency = or_else(power->efficiency, EFFICIENCY[power->regulator]),
      .mains = or_else(power->mains, MAINS),
      .input_v = or_else(power->input_v, INPUT_V),
      .network_ohm = or_else(power->network_ohm, NETWORK_OHM[power->regulator]),
      .grid_ohm =
          or_else(power->grid_ohm, GRID_OHM * (power->backside ? BACKSIDE : 1)),
      .budget = or_else(power->budget, BUDGET),
      .share = or_else(power->share, SHARE),
      .dies = package->dies};
  for (size_t d = 0; d < out->dies; d++) {
    const bool lowest = package->heat.dies[d].on == CDS_HEAT_ON_CARRIER;
    out->lowest[d] = lowest ? d : out->lowest[d - 1];
    out->face[d] = cds_pad_face_below(package, d);
    out->most_pairs[d] =
        out->share * out->face[d].pads / out->face[d].pair_pads;
    out->supply_v[d] = package->arch->die[package->die[d].kind].supply_v;
    out->area_m2[d] = cds_placed_area_m2(package, d);
    if (!(out->supply_v[d] > 0)) {
      *unknown = d;
      return false;
    }
  }
  cds_pad_demand(out->demand, package);
  return true;
}

/* ---- one supply ---------------------------------------------------------- */

/* The dies of a kind: first .. end - 1, on one another. */
typedef struct supply {
  const cds_delivery *of;
  const cds_delivered *so_far; /* currents of dies and faces */
  size_t first, end;
  size_t bottom; /* the lowest face that it passes; `end`: none */
  double total_a;
  double face_a[CDS_HEAT_DIES]; /* of this supply through a face */
} supply;

static void find_currents(supply *it) {
  double sum = 0;
  for (size_t face = it->end; face-- > it->first;) {
    sum += it->so_far->die[face].current_a;
    it->face_a[face] = sum;
  }
  for (size_t face = it->bottom; face < it->first; face++) {
    it->face_a[face] = sum;
  }
  it->total_a = sum;
}

static double pairs_of(const supply *it, size_t face, double s) {
  return larger(1, s * it->face_a[face] / it->of->face[face].pair_a);
}

/* Resistance of the grid of a die that `pairs` feed. */
static double grid_ohm(const cds_delivery *of, size_t die, double pairs) {
  const double cell = sqrt(of->area_m2[die] / (PI * pairs));
  const double ratio = of->face[die].pad_m / cell;
  return ratio >= 1 ? 0
                    : of->grid_ohm / (PI * pairs) *
                          (-cds_log(ratio) - 0.5 + ratio * ratio / 2);
}

/* Resistance of the grid of a die at the places that feed it. */
static double fed_grid_ohm(const supply *it, size_t die, double s) {
  const bool by_regulators = die < it->bottom;
  return grid_ohm(it->of, die,
                  by_regulators ? larger(1, it->of->most_pairs[die])
                                : pairs_of(it, die, s));
}

/* Drops of the dies of the supply, from the lowest up, to `out` if there is
 * one; whether all are within the budget. */
static bool find_drops(double *out, const supply *it, double s) {
  const cds_delivery *of = it->of;
  const bool in_stack = of->place == CDS_REGULATOR_STACK;
  double way_v = in_stack ? 0 : it->total_a * of->network_ohm;
  bool good = true;
  for (size_t face = of->lowest[it->first]; face < it->end; face++) {
    if (face >= it->bottom) {
      way_v +=
          it->face_a[face] * of->face[face].pair_ohm / pairs_of(it, face, s);
    }
    if (face >= it->first) {
      const double drop_v =
          way_v + it->so_far->die[face].current_a * fed_grid_ohm(it, face, s);
      good = good && drop_v <= of->budget * of->supply_v[face];
      if (out != NULL) {
        out[face] = drop_v;
      }
    }
  }
  return good;
}

/* The least s, from 1 on; where there is none, the largest that may be. Drops
 * fall with s. */
static double least_s(const supply *it) {
  double low = 1;
  double high = (double)INFINITY;
  for (size_t face = it->bottom; face < it->end; face++) {
    high = smaller(high, it->of->most_pairs[face] * it->of->face[face].pair_a /
                             it->so_far->die[face].face_a);
  }
  if (!(high > 1) || isinf(high) || find_drops(NULL, it, 1)) {
    return 1;
  }
  if (!find_drops(NULL, it, high)) {
    return high;
  }
  for (unsigned i = 0; i < HALVINGS && high - low > NEAR * low; i++) {
    const double middle = low + (high - low) / 2;
    *(find_drops(NULL, it, middle) ? &high : &low) = middle;
  }
  return high;
}

static void deliver(cds_delivered *out, const supply *it) {
  const cds_delivery *of = it->of;
  const double s = least_s(it);
  double drop_v[CDS_HEAT_DIES];
  (void)find_drops(drop_v, it, s);
  for (size_t face = it->bottom; face < it->end; face++) {
    const double pairs = pairs_of(it, face, s);
    out->die[face].pairs += pairs;
    out->die[face].loss_w +=
        it->face_a[face] * it->face_a[face] * of->face[face].pair_ohm / pairs;
  }
  for (size_t d = it->first; d < it->end; d++) {
    cds_delivered_die *die = &out->die[d];
    die->drop_v = drop_v[d];
    die->over_drop = die->drop_v > die->budget_v;
    die->loss_w += die->current_a * die->current_a * fed_grid_ohm(it, d, s);
  }
  if (of->place != CDS_REGULATOR_STACK) {
    out->network_w += it->total_a * it->total_a * of->network_ohm;
  }
}

/* ---- all of them --------------------------------------------------------- */

static void draw(cds_delivered *out, const cds_delivery *of,
                 const double *power_w) {
  for (size_t d = 0; d < of->dies; d++) {
    out->die[d] = (cds_delivered_die){.power_w = power_w[d],
                                      .current_a = power_w[d] / of->supply_v[d],
                                      .budget_v = of->budget * of->supply_v[d]};
    out->dies_w += power_w[d];
    for (size_t face = of->lowest[d]; face <= d; face++) {
      out->die[face].face_a += out->die[d].current_a;
    }
  }
}

/* The lowest face of a stack with its regulators above it; returns what is lost
 * before them. */
static double feed_stack(cds_delivered *out, const cds_delivery *of,
                         size_t lowest) {
  double power_w = 0;
  for (size_t d = lowest; d < of->dies && of->lowest[d] == lowest; d++) {
    power_w += out->die[d].power_w + out->die[d].loss_w;
  }
  cds_delivered_die *die = &out->die[lowest];
  die->face_a = power_w / (of->efficiency * of->input_v);
  if (!(die->face_a > 0)) {
    return 0;
  }
  die->pairs = larger(1, die->face_a / of->face[lowest].pair_a);
  const double face_w =
      die->face_a * die->face_a * of->face[lowest].pair_ohm / die->pairs;
  const double network_w = die->face_a * die->face_a * of->network_ohm;
  die->loss_w += face_w;
  out->network_w += network_w;
  return face_w + network_w;
}

/* The most that may pass the face below a die. */
static double most_a(const cds_delivery *of, size_t die) {
  return of->most_pairs[die] * of->face[die].pair_a;
}

static void count_pads(cds_delivered *out, const cds_delivery *of) {
  for (size_t d = 0; d < of->dies; d++) {
    const cds_pad_face *face = &of->face[d];
    cds_delivered_die *die = &out->die[d];
    die->power_pads = ceil(die->pairs * face->pair_pads);
    die->signal_pads = larger(0, floor(face->pads - die->power_pads));
    die->bits_per_s = die->signal_pads * face->pad_bits_per_s;
    die->over_current = die->face_a > most_a(of, d) * (1 + 1e3 * NEAR) ||
                        die->power_pads > face->pads;
    die->over_bandwidth = of->demand[d] > die->bits_per_s;
    out->pads_w += die->loss_w;
    out->over = out->over || die->over_current || die->over_drop;
    out->over_bandwidth = out->over_bandwidth || die->over_bandwidth;
  }
}

void cds_delivery_solve(cds_delivered *out, const cds_delivery *of,
                        const double *power_w) {
  const cds_placed_die *placed = of->package->die;
  const bool in_stack = of->place == CDS_REGULATOR_STACK;
  *out = (cds_delivered){.dies_w = 0};
  draw(out, of, power_w);
  for (size_t first = 0, end = 0; first < of->dies; first = end) {
    supply it = {.of = of, .so_far = out, .first = first};
    while (end < of->dies && placed[end].kind == placed[first].kind) {
      end++;
    }
    it.end = end;
    it.bottom = of->lowest[first] + in_stack;
    find_currents(&it);
    if (it.total_a > 0) {
      deliver(out, &it);
    }
  }
  double before_w = 0; /* lost before the regulators */
  for (size_t d = 0; d < of->dies && in_stack; d++) {
    before_w += of->lowest[d] == d ? feed_stack(out, of, d) : 0;
  }
  count_pads(out, of);
  const double after_w = out->dies_w + out->pads_w + out->network_w - before_w;
  const double into_w = after_w / of->efficiency;
  out->regulator_w = into_w - after_w;
  out->wall_w = (into_w + before_w) / of->mains;
  out->mains_w = out->wall_w - into_w - before_w;
}

double cds_delivery_wall_w(const cds_delivery *of, const double *power_w) {
  cds_delivered delivered;
  cds_delivery_solve(&delivered, of, power_w);
  return delivered.wall_w;
}

/* ---- its bound ----------------------------------------------------------- */

void cds_delivery_bound(cds_wall_bound *out, const cds_delivery *of) {
  const bool in_stack = of->place == CDS_REGULATOR_STACK;
  double below_v = 0; /* r i of the faces below the die */
  *out = (cds_wall_bound){
      .efficiency = of->efficiency, .mains = of->mains, .dies = of->dies};
  for (size_t d = 0; d < of->dies; d++) {
    const cds_pad_face *face = &of->face[d];
    const double volt = of->supply_v[d];
    const double face_v = face->pair_a * face->pair_ohm;
    const bool lowest = of->lowest[d] == d;
    below_v = lowest ? 0 : below_v;
    out->kind[d] = of->package->die[d].kind;
    if (in_stack && lowest) {
      const double ohm = grid_ohm(of, d, larger(1, of->most_pairs[d]));
      out->die_square[d] = ohm / (volt * volt);
      out->square = larger(out->square, out->die_square[d]);
      out->input_linear = larger(out->input_linear, face_v / of->input_v);
      continue;
    }
    below_v += face_v;
    const double lost_v = below_v + face->pair_a * grid_ohm(of, d, 1);
    out->die_linear[d] = lost_v / volt;
    out->linear = larger(out->linear, out->die_linear[d]);
    if (!in_stack) {
      out->net_square[d] = of->network_ohm / (volt * volt);
      out->square = larger(out->square, out->net_square[d]);
    }
  }
  out->input_square =
      in_stack ? of->network_ohm / (of->input_v * of->input_v) : 0;
}

double cds_wall_most_w(const cds_wall_bound *bound, double power_w) {
  const double q_w = power_w * (1 + bound->linear + bound->square * power_w);
  const double into_w = q_w / bound->efficiency;
  return into_w * (1 + bound->input_linear + bound->input_square * into_w) /
         bound->mains;
}

double cds_wall_of_dies_w(const cds_wall_bound *bound, const double *power_w,
                          double *slope) {
  double of_kind[CDS_DIES_MAX] = {0};
  double q_w = 0;
  for (size_t d = 0; d < bound->dies; d++) {
    of_kind[bound->kind[d]] += power_w[d];
  }
  for (size_t d = 0; d < bound->dies; d++) {
    q_w += power_w[d] *
           (1 + bound->die_linear[d] + bound->die_square[d] * power_w[d] +
            bound->net_square[d] * of_kind[bound->kind[d]]);
  }
  const double into_w = q_w / bound->efficiency;
  for (size_t d = 0; d < bound->dies && slope != NULL; d++) {
    slope[d] =
        (1 + bound->die_linear[d] + 2 * bound->die_square[d] * power_w[d] +
         2 * bound->net_square[d] * of_kind[bound->kind[d]]) *
        (1 + bound->input_linear + 2 * bound->input_square * into_w) /
        (bound->efficiency * bound->mains);
  }
  return into_w * (1 + bound->input_linear + bound->input_square * into_w) /
         bound->mains;
}

double cds_wall_power_w(const cds_wall_bound *bound, double wall_w) {
  double low = 0;
  double high = wall_w * bound->efficiency * bound->mains;
  for (unsigned i = 0; i < HALVINGS && isfinite(wall_w); i++) {
    const double middle = low + (high - low) / 2;
    *(cds_wall_most_w(bound, middle) <= wall_w ? &low : &high) = middle;
  }
  return isfinite(wall_w) ? low : wall_w;
}

static bool stands(const cds_delivery *of, const double *power_w,
                   double factor) {
  cds_delivered delivered;
  double scaled[CDS_HEAT_DIES];
  for (size_t d = 0; d < of->dies; d++) {
    scaled[d] = factor * power_w[d];
  }
  cds_delivery_solve(&delivered, of, scaled);
  return !delivered.over;
}

double cds_delivery_stands(const cds_delivery *of, const double *power_w) {
  double low = 0;
  double high = 1;
  unsigned doublings = 0;
  while (stands(of, power_w, high)) {
    if (doublings++ == DOUBLINGS) {
      return (double)INFINITY;
    }
    low = high;
    high *= 2;
  }
  for (unsigned i = 0; i < HALVINGS; i++) {
    const double middle = low + (high - low) / 2;
    *(stands(of, power_w, middle) ? &low : &high) = middle;
  }
  return low;
}

/* ---- words --------------------------------------------------------------- */

static const char *digits(char text[CDS_NUMBER_TEXT], double value) {
  return cds_format_double(text, cds_round_decimal(value, 4));
}

static void hint_power(const cds_delivered *delivered, const cds_delivery *of,
                       cds_diag *diag) {
  char text[CDS_NUMBER_TEXT];
  double power_w[CDS_HEAT_DIES] = {0};
  for (size_t d = 0; d < of->dies; d++) {
    power_w[d] = delivered->die[d].power_w;
  }
  cds_diag_hint(
      diag,
      "in this proportion up to %s W of all dies, with leakage, "
      "would stand",
      digits(text, cds_delivery_stands(of, power_w) * delivered->dies_w));
}

static void say_current(const cds_delivered *delivered, const cds_delivery *of,
                        size_t die, cds_diag *diag) {
  char texts[2][CDS_NUMBER_TEXT];
  const cds_heat_die *at = &of->package->heat.dies[die];
  const cds_delivered_die *found = &delivered->die[die];
  cds_diag_error(diag, at->place,
                 "%s A pass below die '%s': expected at most %s A, which the "
                 "pads carry that power may take there",
                 digits(texts[0], found->face_a), at->name,
                 digits(texts[1], most_a(of, die)));
  hint_power(delivered, of, diag);
}

static void say_drop(const cds_delivered *delivered, const cds_delivery *of,
                     size_t die, cds_diag *diag) {
  char texts[4][CDS_NUMBER_TEXT];
  const cds_heat_die *at = &of->package->heat.dies[die];
  const cds_delivered_die *found = &delivered->die[die];
  cds_diag_error(diag, at->place,
                 "the supply of die '%s' falls by %s mV on the way: expected "
                 "at most %s mV, %s %% of %s V",
                 at->name, digits(texts[0], 1000 * found->drop_v),
                 digits(texts[1], 1000 * found->budget_v),
                 digits(texts[2], 100 * of->budget),
                 digits(texts[3], of->supply_v[die]));
  hint_power(delivered, of, diag);
}

static void say_bandwidth(const cds_delivered *delivered,
                          const cds_delivery *of, size_t die, cds_diag *diag) {
  char texts[3][CDS_NUMBER_TEXT];
  const cds_heat_die *at = &of->package->heat.dies[die];
  const cds_delivered_die *found = &delivered->die[die];
  const double share = found->power_pads / of->face[die].pads;
  cds_diag_error(diag, at->place,
                 "%s GB/s are to pass below die '%s': expected at most %s "
                 "GB/s, what the pads there give less the %s %% that power "
                 "takes",
                 digits(texts[0], of->demand[die] / 8e9), at->name,
                 digits(texts[1], found->bits_per_s / 8e9),
                 digits(texts[2], 100 * smaller(1, share)));
}

/* How far over a die is, by each kind of limit; not above 1: it is not. */
static double excess(const cds_delivered *delivered, const cds_delivery *of,
                     size_t die, unsigned what) {
  const cds_delivered_die *at = &delivered->die[die];
  switch (what) {
  case 0:
    return at->over_current ? at->face_a / most_a(of, die) : 0;
  case 1:
    return at->over_drop ? at->drop_v / at->budget_v : 0;
  default:
    return !at->over_bandwidth     ? 0
           : !(at->bits_per_s > 0) ? (double)INFINITY
                                   : of->demand[die] / at->bits_per_s;
  }
}

void cds_delivery_say(const cds_delivered *delivered, const cds_delivery *of,
                      cds_diag *diag) {
  void (*const say[])(const cds_delivered *, const cds_delivery *, size_t,
                      cds_diag *) = {say_current, say_drop, say_bandwidth};
  const cds_placed_die *placed = of->package->die;
  for (unsigned what = 0; what < 3; what++) {
    for (size_t first = 0, end = 0; first < of->dies; first = end) {
      size_t worst = first;
      for (; end < of->dies && placed[end].kind == placed[first].kind; end++) {
        worst = excess(delivered, of, end, what) >
                        excess(delivered, of, worst, what)
                    ? end
                    : worst;
      }
      if (excess(delivered, of, worst, what) > 0) {
        say[what](delivered, of, worst, diag);
      }
    }
  }
}
