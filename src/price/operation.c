/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Operations that are not multiply-accumulate: softmax, norms, ... A fixed
 * nest over the same levels: for each row, its words go from the outermost
 * level to the level `at` of the unit, are read there in each pass, and the
 * result goes back. A row that fits beside its result at `at` is fetched once;
 * else each pass fetches it again. Operands shared by all rows (weights of a
 * norm) are fetched once if they fit, else for each row.
 *
 *   T = max(sum primitives x cycles / lanes, ports, bonds)
 *       + ceil(log2 lanes) for each reduced row (vector unit)
 *
 * Without a vector unit the MACs do the work (slots a primitive: arch.h)
 * through the networks between their level and them, or a host behind a link,
 * or nobody. The adders of a MAC take its accumulator's format, so a MAC serves
 * an operation of its own kind, floating point or whole numbers, whatever the
 * bits.
 */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "price/words.h"

typedef struct cds_service {
  const char *name;
  const cds_vector *vector; /* NULL: MACs or host */
  unsigned at;
  double lanes;
  double row_cycles;
  double cycles[CDS_PRIMITIVES];
  double energy_pj[CDS_PRIMITIVES];
  double *charge; /* component of the cost that pays the primitives */
} cds_service;

static bool needs_float(const cds_operation *operation) {
  return operation->primitives[CDS_EXP] > 0 ||
         operation->primitives[CDS_RECIP] > 0 ||
         operation->primitives[CDS_RSQRT] > 0 ||
         operation->primitives[CDS_ERF] > 0;
}

/* The outermost level below the outermost memory that stands above the arrays:
 * what MACs without a vector unit work on. */
static unsigned default_level(const cds_arch *arch) {
  for (unsigned level = 1; level < arch->levels; level++) {
    if (arch->level[level].depth == 0) {
      return level;
    }
  }
  return 0;
}

/* Whether the unit has a format that is at least as wide, of the same kind. */
static bool vector_covers(const cds_vector *vector, const cds_format *format) {
  bool covered = vector->formats == 0;
  for (unsigned f = 0; f < vector->formats; f++) {
    covered = covered || (vector->format[f].bits >= format->bits &&
                          (vector->format[f].is_float || !format->is_float));
  }
  return covered;
}

/* The first vector unit whose formats cover the operation's; NULL: none. */
static const cds_vector *find_vector(const cds_arch *arch,
                                     const cds_operation *operation) {
  for (unsigned v = 0; v < arch->vectors; v++) {
    if (vector_covers(&arch->vector[v], &operation->format)) {
      return &arch->vector[v];
    }
  }
  return NULL;
}

static void serve_by_vector(cds_service *out, cds_cost *cost,
                            const cds_vector *vector) {
  out->name = vector->name;
  out->vector = vector;
  out->at = vector->level;
  const uint64_t summed =
      vector->summed_lanes == 0 ? vector->lanes : vector->summed_lanes;
  out->lanes = (double)vector->lanes;
  for (uint64_t n = 1; n < summed; n *= 2) {
    out->row_cycles += 1;
  }
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    out->cycles[p] = vector->cycles[p];
    out->energy_pj[p] = vector->energy_pj[p];
  }
  out->charge = &cost->vector_pj;
}

static bool same_kind(const cds_format *a, const cds_format *b) {
  return a->is_float == b->is_float || cds_format_find(a->name) == NULL ||
         cds_format_find(b->name) == NULL;
}

/* Cheapest MAC format that can do the operation; UINT_MAX: none. */
static unsigned mac_format(const cds_arch *arch,
                           const cds_operation *operation) {
  const cds_compute *compute = &arch->compute;
  if (compute->formats == 0) {
    return 0;
  }
  unsigned best = UINT_MAX;
  for (unsigned f = 0; f < compute->formats; f++) {
    const cds_format *format = &compute->format[f];
    const bool able = same_kind(format, &operation->format) &&
                      (format->is_float || !needs_float(operation));
    if (able &&
        (best == UINT_MAX || compute->mac_pj[f] < compute->mac_pj[best])) {
      best = f;
    }
  }
  return best;
}

static cds_status serve(cds_service *out, cds_cost *cost, const cds_arch *arch,
                        const cds_operation *operation) {
  memset(out, 0, sizeof *out);
  const cds_vector *vector = find_vector(arch, operation);
  if (vector != NULL) {
    serve_by_vector(out, cost, vector);
    return CDS_OK;
  }
  if (arch->vectors > 0 || arch->other_operations == CDS_OTHER_REFUSE) {
    return CDS_EINPUT;
  }
  if (arch->other_operations == CDS_OTHER_HOST) {
    out->name = "host";
    out->lanes = arch->host.operations_per_cycle;
    for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
      out->cycles[p] = 1;
      out->energy_pj[p] = arch->host.operation_pj;
    }
    out->charge = &cost->host_pj;
    return CDS_OK;
  }
  const unsigned format = mac_format(arch, operation);
  if (format == UINT_MAX) {
    return CDS_EINPUT;
  }
  out->name = "macs";
  out->at = default_level(arch);
  out->lanes = (double)cds_arch_instances(arch, arch->arrays);
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    out->cycles[p] = arch->mac_slots[p];
    out->energy_pj[p] = arch->mac_slots[p] * arch->compute.mac_pj[format];
  }
  out->charge = &cost->compute_pj;
  return CDS_OK;
}

/* Bits that one row needs at the unit's level, result included, beside what is
 * there all the time. */
static double row_bits(const cds_operation *operation) {
  const cds_operand *result = &operation->output;
  double bits = result->home > 0
                    ? 0
                    : cds_words_bits(result->row_words, result->format.bits);
  for (unsigned i = 0; i < operation->inputs; i++) {
    const cds_operand *in = &operation->input[i];
    bits += in->home > 0 ? 0 : cds_words_bits(in->row_words, in->format.bits);
  }
  return bits;
}

static double shared_bits(const cds_operation *operation) {
  double bits = 0;
  for (unsigned i = 0; i < operation->inputs; i++) {
    const cds_operand *in = &operation->input[i];
    if (in->row_words == 0) {
      bits += cds_words_bits(in->words, in->format.bits);
    }
  }
  return bits;
}

typedef struct cds_serving {
  cds_cost *cost;
  cds_operation_counts *counts;
  const cds_arch *arch;
  const cds_operation *operation;
  double out_bits[CDS_LEVELS_MAX], in_bits[CDS_LEVELS_MAX];
  double unit_bits; /* between the level and the unit */
} cds_serving;

static void move_words(cds_serving *job, unsigned level, cds_action action,
                       uint64_t words, unsigned bits) {
  uint64_t *counter[] = {job->counts->reads, job->counts->fills,
                         job->counts->updates, job->counts->drains};
  counter[action][level] += words;
  const double energy =
      cds_words_energy(&job->arch->level[level], action, words, bits);
  job->cost->level_pj[level] += energy;
  job->cost->dynamic_pj += energy;
  double *side =
      action == CDS_READ || action == CDS_DRAIN ? job->out_bits : job->in_bits;
  side[level] += cds_words_bits(words, bits);
}

/* Words that cross between the outermost level and the unit's. */
static void cross(cds_serving *job, uint64_t words, unsigned bits) {
  const unsigned at = job->counts->at;
  cds_price_bonds(job->cost, job->arch, job->arch->level[0].die,
                  job->arch->level[at].die, cds_words_bits(words, bits));
}

/* Whole accesses for rows that are picked from a table. */
static void charge_gather(cds_serving *job, const cds_operand *in) {
  const cds_level *outermost = &job->arch->level[0];
  const double rows = (double)job->operation->rows;
  const double whole = rows * cds_words_accesses(in->row_words, in->format.bits,
                                                 outermost->width_bits);
  const double packed =
      cds_words_accesses(in->words, in->format.bits, outermost->width_bits);
  const double extra = (whole - packed) * outermost->price[CDS_READ].access_pj;
  job->cost->level_pj[0] += extra;
  job->cost->dynamic_pj += extra;
}

static cds_status serve_input(cds_serving *job, const cds_operand *in,
                              bool fits) {
  const cds_operation *operation = job->operation;
  const bool shared = in->row_words == 0;
  const unsigned passes = in->every_pass ? operation->passes : 1;
  uint64_t used = 0;
  if (!cds_mul_u64(&used, in->words, shared ? operation->rows : passes)) {
    return CDS_ELIMIT;
  }
  used = in->uses > used ? in->uses : used;
  const bool once = fits || (shared && operation->shared_waits);
  const uint64_t fetched = once ? in->words : used;
  const unsigned bits = in->format.bits;
  const unsigned at = job->counts->at;
  if (in->home > 0) {
    job->unit_bits += cds_words_bits(used, bits);
    move_words(job, at, CDS_READ, used, bits);
    move_words(job, 0, CDS_READ, in->moved, bits);
    move_words(job, at, CDS_FILL, in->moved, bits);
    cross(job, in->moved, bits);
    return CDS_OK;
  }
  job->unit_bits += cds_words_bits(at > 0 ? used : fetched, bits);
  move_words(job, 0, CDS_READ, fetched, bits);
  if (operation->gather && in->content == CDS_PARAMETERS) {
    charge_gather(job, in);
  }
  if (at > 0) {
    move_words(job, at, CDS_FILL, fetched, bits);
    move_words(job, at, CDS_READ, used, bits);
    cross(job, fetched, bits);
  }
  return CDS_OK;
}

static void serve_output(cds_serving *job) {
  const cds_operand *result = &job->operation->output;
  const unsigned bits = result->format.bits;
  const unsigned at = job->counts->at;
  job->unit_bits += cds_words_bits(result->words, bits);
  if (result->home > 0) {
    move_words(job, at, CDS_UPDATE, result->words, bits);
    move_words(job, at, CDS_DRAIN, result->moved, bits);
    move_words(job, 0, CDS_UPDATE, result->moved, bits);
    cross(job, result->moved, bits);
    return;
  }
  if (at > 0) {
    move_words(job, at, CDS_UPDATE, result->words, bits);
    move_words(job, at, CDS_DRAIN, result->words, bits);
    cross(job, result->words, bits);
  }
  move_words(job, 0, CDS_UPDATE, result->words, bits);
}

static double busiest_port(cds_serving *job) {
  double cycles = 0;
  for (unsigned level = 0; level < job->arch->levels; level++) {
    const double port = cds_port_cycles(
        &job->arch->level[level], job->out_bits[level], job->in_bits[level]);
    job->cost->level_cycles[level] = port;
    cycles = port > cycles ? port : cycles;
  }
  for (unsigned b = 0; b < job->arch->bonds; b++) {
    cycles =
        job->cost->bond_cycles[b] > cycles ? job->cost->bond_cycles[b] : cycles;
  }
  return cycles;
}

/* Links that a word crosses when all elements have their own words, as many
 * each; `busiest` is the share of the words on the busiest link (both ways
 * together, which is more than either). */
static double even_links(double *busiest, const cds_array *array) {
  cds_spread_digits axis[2] = {{.count = 0}, {.count = 0}};
  for (unsigned x = 0; x < array->axes; x++) {
    axis[x].count = 1;
    axis[x].trips[0] = array->extent[x];
    axis[x].has[0] = true;
  }
  if (array->network == CDS_NETWORK_BUS) {
    *busiest = 1;
    return 1;
  }
  cds_hops hops;
  cds_network_hops(&hops, array, axis, CDS_WAY_DOWN);
  const uint64_t peak =
      hops.peak[0] > hops.peak[1] ? hops.peak[0] : hops.peak[1];
  *busiest = (double)peak / (double)hops.words;
  return (double)hops.links / (double)hops.words;
}

/* Charges the way from the level to the unit: bonds, and for MACs the networks
 * of the arrays above them, which share the words evenly: each goes to (or
 * comes from) one element. Returns the cycles of the busiest network. */
static double charge_way(cds_serving *job, const cds_service *service) {
  const cds_arch *arch = job->arch;
  unsigned die = arch->level[service->at].die;
  if (service->vector != NULL) {
    cds_price_bonds(job->cost, arch, die, service->vector->die, job->unit_bits);
    return 0;
  }
  double cycles = 0;
  for (unsigned k = 0; k < arch->arrays; k++) {
    const cds_array *array = &arch->array[k];
    double busiest = 1;
    const double energy =
        job->unit_bits * even_links(&busiest, array) * array->bit_pj;
    job->cost->array_pj[k] += energy;
    job->cost->dynamic_pj += energy;
    job->cost->array_cycles[k] = job->unit_bits * busiest /
                                 (double)cds_arch_instances(arch, k) /
                                 array->bandwidth;
    cycles = job->cost->array_cycles[k] > cycles ? job->cost->array_cycles[k]
                                                 : cycles;
    cds_price_bonds(job->cost, arch, die, array->die, job->unit_bits);
    die = array->die;
  }
  cds_price_bonds(job->cost, arch, die, arch->compute.die, job->unit_bits);
  return cycles;
}

/* The link to a host carries what the outermost level reads and takes. */
static double host_link(cds_serving *job) {
  const double bits = job->out_bits[0] + job->in_bits[0];
  const double energy = bits * job->arch->host.link_bit_pj;
  job->cost->host_pj += energy;
  job->cost->dynamic_pj += energy;
  return bits / job->arch->host.link_bandwidth;
}

static void charge_primitives(cds_serving *job, const cds_service *service) {
  double slots = 0;
  double energy = 0;
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    const double times = (double)job->operation->primitives[p];
    slots += times * service->cycles[p];
    energy += times * service->energy_pj[p];
  }
  *service->charge += energy;
  job->cost->dynamic_pj += energy;
  job->counts->primitive_cycles = slots / service->lanes;
  job->cost->compute_cycles = job->counts->primitive_cycles;
}

/* As if ports, networks and bonds were busy one after the other. */
static double quiet_cycles(const cds_cost *cost) {
  double busy = 0;
  for (unsigned level = 0; level < CDS_LEVELS_MAX; level++) {
    busy += cost->level_cycles[level];
  }
  for (unsigned b = 0; b < CDS_BONDS_MAX; b++) {
    busy += cost->bond_cycles[b];
  }
  for (unsigned k = 0; k < CDS_ARRAYS_MAX; k++) {
    busy += cost->array_cycles[k];
  }
  return cost->cycles > busy ? cost->cycles - busy : 0;
}

/* Whether what is at home on chip is where the unit works. */
static bool homes_at(const cds_operation *operation, unsigned at) {
  bool all = operation->output.home == 0 || operation->output.home == at;
  for (unsigned i = 0; i < operation->inputs; i++) {
    const unsigned home = operation->input[i].home;
    all = all && (home == 0 || home == at);
  }
  return all;
}

unsigned cds_operation_level(const cds_arch *arch,
                             const cds_operation *operation) {
  cds_service service;
  cds_cost cost;
  return serve(&service, &cost, arch, operation) == CDS_OK ? service.at : 0;
}

cds_status cds_price_operation(cds_cost *out, cds_operation_counts *counts,
                               const cds_arch *arch,
                               const cds_operation *operation,
                               double power_limit_w) {
  memset(out, 0, sizeof *out);
  memset(counts, 0, sizeof *counts);
  cds_service service;
  CDS_TRY(serve(&service, out, arch, operation));
  if (!homes_at(operation, service.at)) {
    return CDS_EINPUT;
  }
  counts->at = service.at;
  counts->unit = service.name;
  cds_serving job = {out, counts, arch, operation, {0}, {0}, 0};
  const cds_level *at = &arch->level[service.at];
  const bool twice = cds_level_doubled(arch, service.at) && operation->rows > 1;
  const double need =
      row_bits(operation) * (twice ? 2 : 1) + shared_bits(operation);
  const bool fits = service.at > 0 && need + (double)operation->taken_bits <=
                                          (double)at->size_bits;
  for (unsigned i = 0; i < operation->inputs; i++) {
    CDS_TRY(serve_input(&job, &operation->input[i], fits));
  }
  serve_output(&job);
  charge_primitives(&job, &service);
  const bool host = service.charge == &out->host_pj;
  const double way = host ? host_link(&job) : charge_way(&job, &service);
  double cycles = busiest_port(&job);
  out->outer_bits = job.out_bits[0] + job.in_bits[0];
  cycles = way > cycles ? way : cycles;
  cycles = out->compute_cycles > cycles ? out->compute_cycles : cycles;
  if (operation->reduces) {
    cycles += service.row_cycles * (double)operation->rows;
  }
  CDS_TRY(cds_price_close(out, arch, cycles, power_limit_w,
                          service.vector != NULL ? service.vector->die : 0));
  out->quiet_cycles = service.vector != NULL ? quiet_cycles(out) : 0;
  return CDS_OK;
}
