/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random numbers for the architectures of the tests. */
#include "oracle/random_price.h"

#include <inttypes.h>
#include <math.h>

static double price(random_stream *stream, unsigned bound) {
  return (double)random_below(stream, bound);
}

/* Bits a cycle; often without limit. */
static double bandwidth(random_stream *stream) {
  static const double bits[] = {2, 4, 8, 12, 16, 32, 64};
  return random_chance(stream, 40) ? (double)INFINITY
                                   : bits[random_below(stream, 7)];
}

static void price_level(cds_level *level, unsigned high, unsigned dies,
                        random_stream *stream) {
  static const uint64_t width[] = {1, 4, 8, 16, 24, 64};
  level->width_bits = width[random_below(stream, 6)];
  for (unsigned a = 0; a < CDS_ACTIONS; a++) {
    level->price[a].access_pj = price(stream, high);
    level->price[a].bit_pj =
        random_chance(stream, 30) ? 0.25 * price(stream, 8) : 0;
  }
  level->read_bandwidth = bandwidth(stream);
  level->write_bandwidth = bandwidth(stream);
  level->shared_bandwidth = bandwidth(stream);
  level->buffering =
      random_chance(stream, 35) ? CDS_BUFFER_SINGLE : CDS_BUFFER_DOUBLE;
  level->leakage_w =
      random_chance(stream, 40) ? 0.015625 * price(stream, 8) : 0;
  level->die = random_below(stream, dies);
}

static void price_array(cds_array *array, unsigned dies,
                        random_stream *stream) {
  array->bit_pj = 0.25 * price(stream, 8);
  array->add_pj = price(stream, 5);
  array->bandwidth = bandwidth(stream);
  array->leakage_w = random_chance(stream, 20) ? 0.015625 : 0;
  array->die = random_below(stream, dies);
}

/* A stack of three dies, or one die. */
static unsigned stack_dies(cds_arch *arch, random_stream *stream) {
  static const char *const name[] = {"bottom", "middle", "top"};
  arch->dies = random_chance(stream, 30) ? 3 : 1;
  arch->bonds = arch->dies - 1;
  for (unsigned d = 0; d < arch->dies; d++) {
    arch->die[d].name = name[d];
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    arch->bond[b] = (cds_bond){.name = name[b],
                               .lower = b,
                               .upper = b + 1,
                               .bit_pj = 0.25 * price(stream, 6),
                               .bandwidth = bandwidth(stream),
                               .crossings = 0.5 * (2 + price(stream, 4))};
  }
  return arch->dies;
}

void random_price(cds_arch *arch, cds_einsum *einsum, random_stream *stream) {
  const unsigned dies = stack_dies(arch, stream);
  for (unsigned l = 0; l < arch->levels; l++) {
    price_level(&arch->level[l], l == 0 ? 40 : 12, dies, stream);
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    price_array(&arch->array[k], dies, stream);
  }
  arch->compute = (cds_compute){.name = "MAC",
                                .class_name = "mac",
                                .die = random_below(stream, dies),
                                .formats = 1,
                                .format = {{"32 bit", 32, false}},
                                .mac_pj = {price(stream, 4)}};
  arch->overlap =
      random_chance(stream, 40) ? CDS_OVERLAP_PERFECT : CDS_OVERLAP_NATIVE;
  arch->clock_hz = 1e9;
  arch->fixed_leakage_w = random_chance(stream, 20) ? 0.25 : 0;
  static const unsigned bits[] = {4, 8, 8, 16};
  static const char *const name[] = {"4 bit", "8 bit", "8 bit", "16 bit"};
  for (unsigned t = 0; t < einsum->tensors; t++) {
    const unsigned pick = random_below(stream, 4);
    einsum->tensor[t].format =
        (cds_format){.name = name[pick], .bits = bits[pick]};
  }
  cds_tensor *output = &einsum->tensor[einsum->tensors - 1];
  output->accumulator = random_chance(stream, 50)
                            ? output->format
                            : (cds_format){.name = "24 bit", .bits = 24};
}

static void port_write(FILE *stream, const char *name, double bits) {
  if (isfinite(bits)) {
    fprintf(stream, ", %s %.17g bit/cycle", name, bits);
  }
}

void price_write(FILE *stream, const cds_arch *arch, const cds_einsum *einsum) {
  for (unsigned l = 0; l < arch->levels; l++) {
    const cds_level *level = &arch->level[l];
    fprintf(stream, "  %s: die %u, size %" PRIu64 " bit, width %" PRIu64,
            level->name, level->die, level->size_bits, level->width_bits);
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      fprintf(stream, ", %.17g pJ + %.17g pJ/bit", level->price[a].access_pj,
              level->price[a].bit_pj);
    }
    port_write(stream, "read", level->read_bandwidth);
    port_write(stream, "write", level->write_bandwidth);
    port_write(stream, "shared", level->shared_bandwidth);
    fprintf(stream, ", %s, %.17g W\n",
            level->buffering == CDS_BUFFER_SINGLE ? "single" : "double",
            level->leakage_w);
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    const cds_array *array = &arch->array[k];
    fprintf(stream, "  %s: die %u, %.17g pJ/bit, add %.17g pJ, %.17g W",
            array->name, array->die, array->bit_pj, array->add_pj,
            array->leakage_w);
    port_write(stream, "bandwidth", array->bandwidth);
    fputs("\n", stream);
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    const cds_bond *bond = &arch->bond[b];
    fprintf(stream, "  bond %u-%u: %.17g pJ/bit, crossings %.17g", bond->lower,
            bond->upper, bond->bit_pj, bond->crossings);
    port_write(stream, "bandwidth", bond->bandwidth);
    fputs("\n", stream);
  }
  fprintf(stream,
          "  compute: die %u, %.17g pJ; overlap %s; fixed %.17g W\n  bits:",
          arch->compute.die, arch->compute.mac_pj[0],
          arch->overlap == CDS_OVERLAP_PERFECT ? "perfect" : "native",
          arch->fixed_leakage_w);
  for (unsigned t = 0; t < einsum->tensors; t++) {
    fprintf(stream, " %s %u", einsum->tensor[t].name,
            einsum->tensor[t].format.bits);
  }
  fprintf(stream, ", accumulator %u\n",
          einsum->tensor[einsum->tensors - 1].accumulator.bits);
}
