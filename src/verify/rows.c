/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Units, words and steps of operations on rows; see rows.h. */
#include "verify/rows.h"

#include <math.h>
#include <string.h>

#include "spec/operations.h"

/* ---- units ----------------------------------------------------------- */

typedef struct cds_unit {
  const cds_vector *vector; /* NULL: the MACs */
  unsigned at;
  double lanes, row_cycles;
  double cycles[CDS_PRIMITIVES], energy_pj[CDS_PRIMITIVES];
} cds_unit;

const char *cds_rows_alone_foreign(const cds_arch *arch) {
  if (arch->vectors == 0 && arch->other_operations == CDS_OTHER_HOST) {
    return "a host does what is no product";
  }
  for (unsigned k = 0; k < arch->arrays && arch->vectors == 0; k++) {
    if (arch->array[k].network != CDS_NETWORK_BUS) {
      return "words of operations go over links";
    }
  }
  return NULL;
}

const char *cds_rows_foreign(const cds_arch *arch,
                             const cds_operation *operation) {
  const char *alone = cds_rows_alone_foreign(arch);
  if (alone != NULL) {
    return alone;
  }
  for (unsigned i = 0; i < operation->inputs; i++) {
    if (operation->input[i].uses > operation->input[i].words) {
      return "an operation has sliding windows";
    }
  }
  return operation->gather ? "an operation picks rows from a table" : NULL;
}

static bool vector_takes(const cds_vector *vector, const cds_format *format) {
  bool takes = vector->formats == 0;
  for (unsigned f = 0; f < vector->formats; f++) {
    const cds_format *own = &vector->format[f];
    takes = takes ||
            (own->bits >= format->bits && (own->is_float || !format->is_float));
  }
  return takes;
}

/* The cheapest MAC that adds in the operation's kind of numbers: energy of a
 * slot; INFINITY: none. */
static double slot_pj(const cds_arch *arch, const cds_operation *operation) {
  static const cds_primitive of_floats[] = {CDS_EXP, CDS_RECIP, CDS_RSQRT,
                                            CDS_ERF};
  const cds_compute *compute = &arch->compute;
  const cds_format *wanted = &operation->format;
  bool floats = false;
  for (unsigned p = 0; p < 4; p++) {
    floats = floats || operation->primitives[of_floats[p]] > 0;
  }
  double least = compute->formats == 0 ? compute->mac_pj[0] : (double)INFINITY;
  for (unsigned f = 0; f < compute->formats; f++) {
    const cds_format *own = &compute->format[f];
    const bool named = cds_format_find(own->name) != NULL &&
                       cds_format_find(wanted->name) != NULL;
    if ((!named || own->is_float == wanted->is_float) &&
        (own->is_float || !floats)) {
      least = fmin(least, compute->mac_pj[f]);
    }
  }
  return least;
}

static cds_status find_unit(cds_unit *out, const cds_arch *arch,
                            const cds_operation *operation) {
  memset(out, 0, sizeof *out);
  unsigned v = 0;
  while (v < arch->vectors &&
         !vector_takes(&arch->vector[v], &operation->format)) {
    v++;
  }
  if (v < arch->vectors) {
    const cds_vector *vector = &arch->vector[v];
    out->vector = vector;
    out->at = vector->level;
    out->lanes = (double)vector->lanes;
    for (uint64_t n = 1; n < vector->lanes; n *= 2) {
      out->row_cycles += 1;
    }
    memcpy(out->cycles, vector->cycles, sizeof out->cycles);
    memcpy(out->energy_pj, vector->energy_pj, sizeof out->energy_pj);
    return CDS_OK;
  }
  const double pj = slot_pj(arch, operation);
  if (arch->vectors > 0 || arch->other_operations != CDS_OTHER_MACS ||
      isinf(pj)) {
    return CDS_EINPUT;
  }
  for (unsigned l = arch->levels; l-- > 1;) {
    out->at = arch->level[l].depth == 0 ? l : out->at;
  }
  out->lanes = (double)cds_arch_instances(arch, arch->arrays);
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    out->cycles[p] = arch->mac_slots[p];
    out->energy_pj[p] = arch->mac_slots[p] * pj;
  }
  return CDS_OK;
}

/* ---- words ----------------------------------------------------------- */

typedef struct cds_rows_bill {
  const cds_arch *arch;
  const cds_unit *unit;
  double energy_pj, die_pj[CDS_DIES_MAX];
  double out[CDS_LEVELS_MAX], in[CDS_LEVELS_MAX]; /* bits of ports */
  double bond[CDS_BONDS_MAX];
  double unit_bits; /* to the unit and from it */
} cds_rows_bill;

static void spend(cds_rows_bill *it, unsigned die, double pj) {
  it->energy_pj += pj;
  it->die_pj[die] += pj;
}

static void access(cds_rows_bill *it, unsigned level, cds_action action,
                   double bits) {
  const cds_level *at = &it->arch->level[level];
  spend(it, at->die,
        ceil(bits / (double)at->width_bits) * at->price[action].access_pj +
            bits * at->price[action].bit_pj);
  (action == CDS_READ || action == CDS_DRAIN ? it->out : it->in)[level] += bits;
}

static void cross(cds_rows_bill *it, unsigned from, unsigned to, double bits) {
  const uint32_t crossed =
      from == to ? 0 : cds_arch_bonds_between(it->arch, from, to);
  for (unsigned b = 0; b < it->arch->bonds; b++) {
    if ((crossed >> b & 1U) != 0) {
      const cds_bond *bond = &it->arch->bond[b];
      const double pj = bits * bond->crossings * bond->bit_pj;
      it->energy_pj += pj;
      it->die_pj[bond->lower] += pj / 2;
      it->die_pj[bond->upper] += pj / 2;
      it->bond[b] += bits;
    }
  }
}

/* Between the outermost level and the unit's, down or up. */
static void carry(cds_rows_bill *it, double bits, bool up) {
  access(it, 0, up ? CDS_UPDATE : CDS_READ, bits);
  if (it->unit->at > 0) {
    access(it, it->unit->at, up ? CDS_DRAIN : CDS_FILL, bits);
    cross(it, it->arch->level[0].die, it->arch->level[it->unit->at].die, bits);
  }
}

/* Rows that are picked from a table begin with an access of their own. */
static void pick_rows(cds_rows_bill *it, const cds_operation *operation,
                      const cds_operand *in) {
  const cds_level *outermost = &it->arch->level[0];
  const double width = (double)outermost->width_bits;
  const double bits = in->format.bits;
  if (operation->gather && in->content == CDS_PARAMETERS) {
    const double apart =
        (double)operation->rows * ceil((double)in->row_words * bits / width);
    const double packed = ceil((double)in->words * bits / width);
    spend(it, outermost->die,
          (apart - packed) * outermost->price[CDS_READ].access_pj);
  }
}

/* An operand whose rows fit, or not, beside each other. */
static void take_operand(cds_rows_bill *it, const cds_operation *operation,
                         const cds_operand *in, bool fits) {
  const double bits = in->format.bits;
  const double passes = in->row_words == 0 ? (double)operation->rows
                        : in->every_pass   ? (double)operation->passes
                                           : 1;
  const double used = fmax((double)in->uses, (double)in->words * passes) * bits;
  const bool stays = in->row_words == 0 && operation->shared_waits;
  const double fetched = fits || stays ? (double)in->words * bits : used;
  const unsigned at = it->unit->at;
  if (in->home > 0) {
    access(it, at, CDS_READ, used);
    carry(it, (double)in->moved * bits, false);
  } else {
    carry(it, fetched, false);
    pick_rows(it, operation, in);
    if (at > 0) {
      access(it, at, CDS_READ, used);
    }
  }
  it->unit_bits += at > 0 ? used : fetched;
}

static void give_result(cds_rows_bill *it, const cds_operand *result) {
  const double bits = (double)result->words * result->format.bits;
  if (it->unit->at > 0) {
    access(it, it->unit->at, CDS_UPDATE, bits);
  }
  carry(it,
        result->home > 0 ? (double)result->moved * result->format.bits : bits,
        true);
  it->unit_bits += bits;
}

/* Whether rows, two where the next comes meanwhile, stand at the unit's level
 * beside what all rows use and what a fused group has at home there. */
static bool rows_fit(const cds_arch *arch, unsigned at,
                     const cds_operation *operation) {
  const cds_operand *result = &operation->output;
  double row =
      result->home > 0 ? 0 : (double)result->row_words * result->format.bits;
  double shared = 0;
  for (unsigned i = 0; i < operation->inputs; i++) {
    const cds_operand *in = &operation->input[i];
    row += in->home > 0 ? 0 : (double)in->row_words * in->format.bits;
    shared += in->row_words > 0 ? 0 : (double)in->words * in->format.bits;
  }
  const bool twice = cds_doubles(arch, at) && operation->rows > 1;
  return at > 0 &&
         row * (twice ? 2 : 1) + shared + (double)operation->taken_bits <=
             (double)arch->level[at].size_bits;
}

/* ---- time ------------------------------------------------------------ */

/* The way between the level and the unit: cycles of the busiest network. */
static double way_cycles(cds_rows_bill *it) {
  const cds_arch *arch = it->arch;
  unsigned die = arch->level[it->unit->at].die;
  double cycles = 0;
  for (unsigned k = 0; k < arch->arrays && it->unit->vector == NULL; k++) {
    const cds_array *array = &arch->array[k];
    spend(it, array->die, it->unit_bits * array->bit_pj);
    cycles = fmax(cycles, it->unit_bits / (double)cds_arch_instances(arch, k) /
                              array->bandwidth);
    cross(it, die, array->die, it->unit_bits);
    die = array->die;
  }
  cross(it, die,
        it->unit->vector == NULL ? arch->compute.die : it->unit->vector->die,
        it->unit_bits);
  return cycles;
}

/* Cycles of the busiest port or bond; of all, one after the other. */
static double busiest(const cds_rows_bill *it, double *all) {
  double most = 0;
  *all = 0;
  for (unsigned l = 0; l < it->arch->levels; l++) {
    const cds_level *level = &it->arch->level[l];
    double cycles = (it->out[l] + it->in[l]) / level->shared_bandwidth;
    cycles = fmax(cycles, it->out[l] / level->read_bandwidth);
    cycles = fmax(cycles, it->in[l] / level->write_bandwidth);
    most = fmax(most, cycles);
    *all += cycles;
  }
  for (unsigned b = 0; b < it->arch->bonds; b++) {
    const double cycles = it->bond[b] / it->arch->bond[b].bandwidth;
    most = fmax(most, cycles);
    *all += cycles;
  }
  return most;
}

cds_status cds_rows_worth(cds_worth *out, const cds_arch *arch,
                          const cds_operation *operation,
                          double power_limit_w) {
  cds_unit unit;
  CDS_TRY(find_unit(&unit, arch, operation));
  cds_rows_bill it = {.arch = arch, .unit = &unit};
  const bool fits = rows_fit(arch, unit.at, operation);
  unsigned away = operation->output.home; /* at home where the unit is not */
  away = away == unit.at ? 0 : away;
  for (unsigned i = 0; i < operation->inputs; i++) {
    const cds_operand *in = &operation->input[i];
    away = in->home == unit.at ? away : away | in->home;
    take_operand(&it, operation, in, fits);
  }
  if (away > 0) {
    return CDS_EINPUT;
  }
  give_result(&it, &operation->output);
  double slots = 0;
  const unsigned die =
      unit.vector != NULL ? unit.vector->die : arch->compute.die;
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    const double times = (double)operation->primitives[p];
    slots += times * unit.cycles[p];
    spend(&it, die, times * unit.energy_pj[p]);
  }
  const double way = way_cycles(&it);
  double busy = 0; /* a unit's way has no network */
  out->cycles =
      fmax(fmax(way, busiest(&it, &busy)), slots / unit.lanes) +
      (operation->reduces ? unit.row_cycles * (double)operation->rows : 0);
  out->dynamic_pj =
      cds_is_weighed(arch) ? cds_weighed_pj(arch, it.die_pj) : it.energy_pj;
  memcpy(out->die_pj, it.die_pj, sizeof out->die_pj);
  out->misfit = arch->levels;
  double seconds_per_pj = 0;
  CDS_TRY(cds_power_set(&seconds_per_pj, arch, power_limit_w));
  out->latency_s =
      fmax(out->cycles / arch->clock_hz, out->dynamic_pj * seconds_per_pj);
  out->latency_s = fmax(out->latency_s, cds_safe_time_s(arch, out->die_pj));
  out->energy_pj =
      out->dynamic_pj + cds_arch_leakage_w(arch) * 1e12 * out->latency_s;
  out->quiet_s = unit.vector == NULL
                     ? 0 /* products need what does it */
                     : fmax(0, out->latency_s - busy / arch->clock_hz);
  return CDS_OK;
}

/* ---- stages ---------------------------------------------------------- */

typedef struct cds_rows_stage {
  cds_worth *sum;
  const cds_arch *arch;
  const cds_stage_view *view;
  const cds_operation *operation;
  double power_limit_w;
  uint64_t rows, length; /* of a pass */
} cds_rows_stage;

/* Adds one operation that is done so many times; `alone`: with the unit for
 * itself in a pipeline, too. */
static cds_status add(const cds_rows_stage *it, uint64_t times,
                      const cds_operation *done, bool alone) {
  cds_worth once;
  if (times == 0) {
    return CDS_OK;
  }
  CDS_TRY(cds_rows_worth(&once, it->arch, done, it->power_limit_w));
  it->sum->dynamic_pj += once.dynamic_pj * (double)times;
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    it->sum->die_pj[d] += once.die_pj[d] * (double)times;
  }
  it->sum->energy_pj += once.energy_pj * (double)times;
  it->sum->latency_s += once.latency_s * (double)times;
  it->sum->cycles += once.cycles * (double)times;
  it->sum->quiet_s += alone ? 0 : once.quiet_s * (double)times;
  return CDS_OK;
}

/* Bits of the stage's tile of a tensor at home. */
static uint64_t tile_bits(const cds_rows_stage *it, unsigned t) {
  const cds_home *home = &it->view->stage.home[t];
  const bool twice = home->replaced && cds_doubles(it->arch, home->level);
  return home->tile_words * it->view->einsum.tensor[t].format.bits *
         (twice ? 2 : 1); /* counts are below 2^53 */
}

/* What is at home where the unit works, of this stage and of others. */
static uint64_t home_bits(const cds_rows_stage *it) {
  const cds_stage *stage = &it->view->stage;
  cds_unit unit;
  if (find_unit(&unit, it->arch, it->operation) != CDS_OK) {
    return 0;
  }
  uint64_t bits = stage->taken_bits[unit.at];
  for (unsigned t = 0; t < it->view->einsum.tensors; t++) {
    bits += stage->home[t].level > 0 && stage->home[t].level == unit.at
                ? tile_bits(it, t)
                : 0;
  }
  return bits;
}

/* Rows that are whole, or parts that are rows of their own: the same in each
 * pass. Of its operands those that are rows are tensors of the group, at home
 * or not; parameters and values of rows come from outside, as much of them as
 * these rows need. */
static cds_status add_whole(const cds_rows_stage *it) {
  const cds_operation *of = it->operation;
  const cds_operation_size size = {.rows = it->rows, .length = it->length};
  const cds_precision formats = {.accumulator = of->format};
  cds_operation pass;
  CDS_TRY(cds_operation_make(&pass, cds_operation_kind_find(of->kind), &size,
                             &formats));
  unsigned operand = 0;
  for (unsigned i = 0; i < pass.inputs; i++) {
    pass.input[i].format = of->input[i].format;
    if (cds_operation_takes_rows(of, i)) {
      pass.input[i].home = it->view->stage.home[operand++].level;
    }
  }
  pass.output.format = of->output.format;
  const cds_home *made = &it->view->stage.home[it->view->einsum.tensors - 1];
  pass.output.home = made->level;
  /* Products have the room where rows would wait, in a pipeline; parameters
   * have their own at home. */
  const bool pipelined = it->view->stage.pipelined;
  unsigned home = pass.output.home;
  for (unsigned i = 0; i < pass.inputs; i++) {
    home |= pass.input[i].home;
  }
  pass.taken_bits = pipelined ? UINT64_MAX : home_bits(it);
  pass.shared_waits = pipelined && home > 0;
  /* What is wanted behind the group, too, goes there once. */
  pass.output.moved = made->loads > 0 ? pass.output.words : 0;
  return add(it, it->view->stage.passes, &pass, false);
}

static cds_operand words_of(const cds_rows_stage *it, uint64_t row_words,
                            const cds_format *format, unsigned home) {
  return (cds_operand){.words = it->rows * row_words,
                       .row_words = row_words,
                       .format = *format,
                       .home = home};
}

/* A step on R rows. */
static cds_operation step_of(const cds_rows_stage *it, bool reduces) {
  return (cds_operation){.rows = it->rows,
                         .passes = reduces ? 2 : 1,
                         .reduces = reduces,
                         .format = it->operation->format};
}

/* The steps of spec/fusion.h, "Online": a pass has R rows of p scores and of f
 * words of the output. */
static cds_status add_tiles(const cds_rows_stage *it) {
  const cds_stage *stage = &it->view->stage;
  const cds_online *online = &stage->online;
  const unsigned last = it->view->einsum.tensors - 1;
  const cds_format state_format = {.bits = CDS_STATE_BITS};
  const uint64_t rows = it->rows;
  const uint64_t p = it->length;
  const uint64_t f = online->strip_words;
  const uint64_t again = stage->passes - online->firsts;
  const unsigned home = online->level;
  const cds_operand state = words_of(it, CDS_STATE_WORDS, &state_format, home);
  const cds_operand sums = words_of(it, f, &online->sums, home);

  cds_operation tile = step_of(it, true); /* 1: weights of a tile */
  tile.inputs = 1;
  tile.input[0] =
      words_of(it, p, &it->operation->input[0].format, stage->home[0].level);
  tile.input[0].every_pass = true;
  tile.output =
      words_of(it, p, &it->operation->output.format, stage->home[last].level);
  tile.primitives[CDS_MAX] = (p - 1) * rows;
  tile.primitives[CDS_ADD] = (2 * p - 1) * rows;
  tile.primitives[CDS_EXP] = p * rows;
  CDS_TRY(add(it, online->firsts, &tile, false));
  tile.inputs = 2;
  tile.input[1] = state;
  tile.primitives[CDS_MAX] = p * rows;
  tile.primitives[CDS_ADD] = 2 * p * rows;
  CDS_TRY(add(it, again, &tile, false));

  cds_operation rescale = step_of(it, false); /* 2 */
  rescale.inputs = 1;
  rescale.input[0] = rescale.output = sums;
  rescale.primitives[CDS_ADD] = rescale.primitives[CDS_EXP] = rows;
  rescale.primitives[CDS_MUL] = (f + 1) * rows;
  if (stage->pipelined) { /* by factors that were put down with the weights */
    const cds_operand factor = words_of(it, 1, &state_format, home);
    cds_operation put = step_of(it, false);
    put.output = factor;
    CDS_TRY(add(it, again, &put, false));
    rescale.inputs = 2;
    rescale.input[1] = factor;
  }
  CDS_TRY(add(it, again, &rescale, true));

  cds_operation write = step_of(it, false); /* of states, in each pass */
  write.output = state;
  CDS_TRY(add(it, stage->passes, &write, false));

  cds_operation end = step_of(it, false); /* 4 */
  end.inputs = 2;
  end.input[0] = end.output = words_of(it, f, &online->results, home);
  end.input[1] = words_of(it, 1, &state_format, home);
  end.primitives[CDS_RECIP] = rows;
  end.primitives[CDS_MUL] = f * rows;
  CDS_TRY(add(it, online->firsts, &end, true));

  cds_operation move = step_of(it, false); /* states that leave and return */
  move.inputs = 1;
  move.input[0] = move.output = words_of(it, 0, &state_format, home);
  move.input[0].moved = move.output.moved = online->returns;
  return add(it, online->returns > 0, &move, true);
}

/* A level that what is at home there does not fit. */
static unsigned misfit_of(const cds_rows_stage *it) {
  const cds_stage *stage = &it->view->stage;
  for (unsigned l = 1; l < it->arch->levels; l++) {
    double need = (double)stage->taken_bits[l];
    for (unsigned t = 0; t < it->view->einsum.tensors; t++) {
      need += stage->home[t].level == l ? (double)tile_bits(it, t) : 0;
    }
    if (need > (double)it->arch->level[l].size_bits) {
      return l;
    }
  }
  return it->arch->levels;
}

cds_status cds_rows_stage_worth(cds_worth *out, const cds_arch *arch,
                                const cds_stage_view *view,
                                const cds_operation *operation,
                                double power_limit_w) {
  const cds_tensor *result = &view->einsum.tensor[view->einsum.tensors - 1];
  cds_rows_stage it = {out, arch, view, operation, power_limit_w, 1, 1};
  memset(out, 0, sizeof *out);
  for (unsigned a = 0; a < result->axes; a++) {
    const uint64_t size = view->einsum.rank[result->axis[a].term[0].rank].size;
    const bool in_row = operation->row_axes != 0
                            ? (operation->row_axes >> a & 1U) != 0
                            : a + 1 == result->axes;
    it.rows *= in_row ? 1 : size;
    it.length *= in_row ? size : 1;
  }
  CDS_TRY(view->stage.online.tiles > 1 ? add_tiles(&it) : add_whole(&it));
  out->misfit = misfit_of(&it);
  return CDS_OK;
}
