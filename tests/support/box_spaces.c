/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Spaces of many variables; see box_spaces.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/box_spaces.h"

enum { SWAPS = 12, VARIABLES = 14, VALUES = 10 };

typedef struct variable {
  const char *name;
  const char *value[VALUES];
} variable;

typedef struct shape {
  const char *path; /* NULL: `text` */
  const char *text;
  const char *swap[SWAPS][2];
  variable variable[VARIABLES];
} shape;

/* Prices that depend on several variables, two arrays one in the other, a level
 * whose size follows another's, and a clock of its own. */
static const char made_up[] =
    "architecture: made-up\n"
    "clock: $clock\n"
    "levels:\n"
    "  - {level: DRAM, size: 64 MiB, width: 64 bit, bandwidth: $bw,\n"
    "     energy: $bw / 1 GB/s * 2 pJ, leakage: 3 mW}\n"
    "  - {level: L2, size: $l2, width: 64 bit, bandwidth: {read: $port,\n"
    "     write: 32 B/cycle}, energy: {read: 2 pJ + $l2 / 64 KiB * 1 pJ,\n"
    "     fill: 2 pJ}, area: $l2 / 1 KiB * 900 um2,\n"
    "     leakage: $l2 / 1 KiB * 5 uW}\n"
    "  - {array: X, rows: $x, network: {kind: bus, energy: 0.02 pJ/bit * $x,\n"
    "     add: 0.1 pJ}, multicast: true, reduction: false,\n"
    "     leakage: 10 uW * $x}\n"
    "  - {level: L1, size: $l2 / 8, width: 32 bit, energy: {read: $e1,\n"
    "     fill: 2 * $e1}, area: 20000 um2}\n"
    "  - {array: Y, rows: $y, cols: $z, network: {kind: bus,\n"
    "     energy: 0.01 pJ/bit, add: 0.05 pJ, bandwidth: $port},\n"
    "     multicast: true, reduction: true}\n"
    "  - {level: RF, size: $rf, width: 16 bit, energy: 0.2 pJ + $rf / 64 B *\n"
    "     0.1 pJ, area: $rf / 1 B * 30 um2, buffering: $buffering}\n"
    "  - {compute: MAC, energy: $emac, area: 400 um2, leakage: 2 uW}\n";

static const variable logic[] = {
    {"rows", {"8", "12", "16", "24", "32"}},
    {"cols", {"8", "16", "20", "32"}},
    {"glb", {"64 KiB", "256 KiB", "1 MiB", "2 MiB"}},
    {"vdd", {"0.55 V", "0.6 V", "0.7 V", "0.75 V", "0.85 V"}}};

static const shape shapes[BOX_SPACES] = {
    {.path = "/archs/npu-3d.yaml",
     .swap = {{"size: 512 B", "size: $rf"},
              {"bandwidth: 1 TB/s", "bandwidth: $bw"},
              {"lanes: 128", "lanes: $lanes"},
              {"pitch: 3 um}\n        - {die",
               "pitch: $pitch}\n        - {die"},
              {"bond: hybrid, pitch: 3 um}\n      source",
               "bond: hybrid, pitch: $inner}\n      source"},
              {"device: hp", "device: $device"},
              {"process: n7", "process: $node"},
              {"read: 256 B/cycle", "read: $port"},
              {"width: 512 bit", "width: $width"},
              {"ambient: 45 degC", "ambient: $ambient"}},
     .variable = {{"rf", {"128 B", "256 B", "512 B"}},
                  {"bw", {"200 GB/s", "1 TB/s", "2 TB/s"}},
                  {"lanes", {"32", "128"}},
                  {"pitch", {"2 um", "3 um", "9 um"}},
                  {"inner", {"2 um", "5 um"}},
                  {"device", {"hp", "lp"}},
                  {"node", {"n7", "n10"}},
                  {"port", {"64 B/cycle", "256 B/cycle"}},
                  {"width", {"256 bit", "512 bit"}},
                  {"ambient", {"25 degC", "45 degC", "60 degC"}}}},
    {.path = "/archs/edge-npu.yaml",
     .swap = {{"size: 256 B", "size: $rf"},
              {"bandwidth: 51.2 GB/s", "bandwidth: $bw"},
              {"class: lpddr5", "class: $memory"},
              {"clock: 900 MHz", "clock: $clock"},
              {"area: 3 mm2", "area: $rest"},
              {"leakage: 5 mW", "leakage: $rest / 1 mm2 * 2 mW"},
              {"read: 128 B/cycle", "read: $port"}},
     .variable = {{"rf", {"64 B", "256 B", "1 KiB"}},
                  {"bw", {"10 GB/s", "51.2 GB/s", "100 GB/s"}},
                  {"memory", {"lpddr5", "lpddr4", "lpddr5x"}},
                  {"clock", {"300 MHz", "900 MHz", "1.4 GHz"}},
                  {"rest", {"1 mm2", "3 mm2"}},
                  {"port", {"16 B/cycle", "128 B/cycle"}}}},
    {.path = "/archs/packages/npu-dram-on-logic.yaml",
     .swap = {{"size: 512 B", "size: $rf"},
              {"    size: 24 GiB\n", ""},
              {"bandwidth: 2 TB/s", "bandwidth: $bw"},
              {"repeat: 8", "repeat: $repeat"},
              {"hybrid, pitch: 3 um}\n        - {die",
               "$bond, pitch: 9 um}\n        - {die"},
              {"sink: 0.5 K/W", "sink: $sink"}},
     .variable = {{"rf", {"256 B", "512 B"}},
                  {"bw", {"1 TB/s", "2 TB/s"}},
                  {"repeat", {"2", "4", "8", "12"}},
                  {"bond", {"hybrid", "microbump"}},
                  {"sink", {"0.2 K/W", "0.5 K/W", "1 K/W"}}}},
    {.path = "/archs/packages/npu-hbm3.yaml",
     .swap = {{"size: 512 B", "size: $rf"},
              {"bandwidth: 819 GB/s", "bandwidth: $bw"},
              {"leakage: 0.5 W", "leakage: $leak"},
              {"lanes: 256", "lanes: 4 * $cols"},
              {"sink: 0.5 K/W", "sink: $sink"}},
     .variable = {{"rf", {"256 B", "512 B"}},
                  {"bw", {"400 GB/s", "819 GB/s"}},
                  {"leak", {"0.1 W", "0.5 W", "2 W"}},
                  {"sink", {"0.2 K/W", "1 K/W"}}}},
    {.path = "/archs/simba.yaml",
     .swap = {{"size: 64 KiB", "size: $gb"},
              {"size: 32 KiB", "size: $wbuf"},
              {"bandwidth: 68.3 GB/s", "bandwidth: $bw"},
              {"formats: [int8]", "formats: [int8, fp16]"}},
     .variable = {{"side", {"1", "2", "3"}},
                  {"vdd", {"0.6 V", "0.7 V", "0.8 V", "1.0 V"}},
                  {"gb", {"32 KiB", "64 KiB", "256 KiB"}},
                  {"wbuf", {"16 KiB", "32 KiB"}},
                  {"bw", {"20 GB/s", "68.3 GB/s"}}}},
    {.text = made_up,
     .variable = {{"clock", {"200 MHz", "500 MHz", "1 GHz", "2 GHz"}},
                  {"bw", {"4 GB/s", "8 GB/s", "16 GB/s"}},
                  {"l2", {"16 KiB", "64 KiB", "256 KiB", "1 MiB"}},
                  {"port", {"8 B/cycle", "16 B/cycle", "64 B/cycle"}},
                  {"x", {"1", "2", "3", "4"}},
                  {"y", {"4", "8"}},
                  {"z", {"2", "6", "8"}},
                  {"e1", {"0.5 pJ", "1 pJ"}},
                  {"rf", {"16 B", "64 B", "256 B"}},
                  {"buffering", {"single", "double"}},
                  {"emac", {"0.3 pJ", "0.5 pJ"}}}}};

const char *const box_space_names[BOX_SPACES] = {
    "npu-3d", "edge-npu", "npu-dram-on-logic", "npu-hbm3", "simba", "made-up"};

static const bool has_logic[BOX_SPACES] = {true, true, true, true};

static void read_file(char out[BOX_TEXT], const char *path) {
  char full[1024];
  snprintf(full, sizeof full, "%s%s", CDS_SOURCE_DIR, path);
  FILE *file = fopen(full, "r");
  assert_non_null(file);
  const size_t length = fread(out, 1, BOX_TEXT - 1, file);
  out[length] = '\0';
  assert_int_equal(fclose(file), 0);
  char *end = strstr(out, "\nexplore:");
  assert_non_null(end);
  end[1] = '\0';
}

/* Every place where `from` stands. */
static void swap(char text[BOX_TEXT], const char *from, const char *to) {
  static char rest[BOX_TEXT];
  char *at = strstr(text, from);
  assert_non_null(at);
  while (at != NULL) {
    snprintf(rest, sizeof rest, "%s", at + strlen(from));
    snprintf(at, BOX_TEXT - (size_t)(at - text), "%s%s", to, rest);
    at = strstr(at + strlen(to), from);
  }
}

void box_space_text(char out[BOX_TEXT], unsigned which) {
  const shape *of = &shapes[which];
  if (of->path == NULL) {
    snprintf(out, BOX_TEXT, "%s", of->text);
    return;
  }
  read_file(out, of->path);
  for (unsigned i = 0; i < SWAPS && of->swap[i][0] != NULL; i++) {
    swap(out, of->swap[i][0], of->swap[i][1]);
  }
}

static unsigned count_values(const variable *of) {
  unsigned count = 0;
  while (count < VALUES && of->value[count] != NULL) {
    count++;
  }
  return count;
}

/* Variables of the shape, those of all logic dies first. */
static unsigned list_variables(const variable *list[2 * VARIABLES],
                               unsigned which) {
  const unsigned shared = has_logic[which] ? 4 : 0;
  unsigned count = 0;
  for (unsigned i = 0; i < shared; i++) {
    list[count++] = &logic[i];
  }
  for (unsigned i = 0; i < VARIABLES && shapes[which].variable[i].name != NULL;
       i++) {
    list[count++] = &shapes[which].variable[i];
  }
  return count;
}

static void append(char out[BOX_TEXT], const char *text) {
  const size_t length = strlen(out);
  snprintf(out + length, BOX_TEXT - length, "%s", text);
}

static void write_values(char out[BOX_TEXT], const variable *of,
                         unsigned mask) {
  append(out, "    ");
  append(out, of->name);
  append(out, ": [");
  bool first = true;
  for (unsigned i = 0; i < count_values(of); i++) {
    if ((mask >> i & 1U) != 0) {
      append(out, first ? "" : ", ");
      append(out, of->value[i]);
      first = false;
    }
  }
  append(out, "]\n");
}

void box_space_variables(char out[BOX_TEXT], unsigned which) {
  const variable *list[2 * VARIABLES];
  const unsigned count = list_variables(list, which);
  snprintf(out, BOX_TEXT, "explore:\n  variables:\n");
  for (unsigned i = 0; i < count; i++) {
    write_values(out, list[i], UINT32_MAX);
  }
}

void box_space_draw(char out[BOX_TEXT], unsigned which, random_stream *random,
                    uint64_t least, uint64_t most) {
  const variable *list[2 * VARIABLES];
  const unsigned count = list_variables(list, which);
  unsigned mask[2 * VARIABLES] = {0};
  uint64_t designs = 0;
  while (designs < least || designs > most) {
    designs = 1;
    for (unsigned i = 0; i < count; i++) {
      const unsigned values = count_values(list[i]);
      const bool one = random_chance(random, 30);
      mask[i] = 1U << random_below(random, values);
      for (unsigned v = 0; v < values && !one; v++) {
        mask[i] |= random_chance(random, 60) ? 1U << v : 0;
      }
      designs *= (unsigned)__builtin_popcount(mask[i]);
    }
  }
  snprintf(out, BOX_TEXT, "explore:\n  variables:\n");
  for (unsigned i = 0; i < count; i++) {
    write_values(out, list[i], mask[i]);
  }
}

void box_workload_text(char out[BOX_TEXT], unsigned which,
                       random_stream *random) {
  static const unsigned sizes[] = {8, 12, 16, 24, 32, 48, 64};
  unsigned size[6];
  for (unsigned i = 0; i < 6; i++) {
    size[i] = sizes[random_below(random, 7)];
  }
  const char *format =
      which == 5 || random_chance(random, 50) ? "int8" : "fp16";
  const char *sums = strcmp(format, "int8") == 0 ? "int32" : "fp32";
  /* On units that can, often one with a sum over each row. */
  const char *operation = has_logic[which] && size[0] > 16 ? "softmax" : "add";
  snprintf(out, BOX_TEXT,
           "workload: w\n"
           "precision: {weights: %s, activations: %s, accumulator: %s}\n"
           "layers:\n"
           "  - {name: a, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
           "     ranks: {m: %u, n: %u, k: %u}, count: 3}\n"
           "  - {name: sum, operation: %s, rows: %u, length: %u}\n"
           "  - {name: b, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
           "     ranks: {m: 1, n: %u, k: %u}, count: 40}\n",
           format, format, sums, size[0], size[1], size[2], operation, size[3],
           size[4], size[5], size[1]);
}

size_t box_limits_draw(const box_limits *out, random_stream *random,
                       fixture *f) {
  static const char *const texts[BOX_LIMITS][3] = {
      {"area <= 8 mm2", "area <= 25 mm2", "area <= 40 mm2"},
      {"power <= 0.3 W", "power <= 2 W", "power <= 10 W"},
      {"temperature <= 50 degC", "temperature <= 70 degC",
       "temperature <= 85 degC"},
      {"latency <= 5 us", "latency <= 30 us", "latency <= 1 ms"}};
  cds_arch arch;
  const bool cooled = cds_space_design(&arch, out->space, 0, f->arena,
                                       cds_diag_new(f->arena)) == CDS_OK &&
                      arch.sink_k_per_w > 0;
  size_t count = 0;
  for (unsigned i = 0; i < BOX_LIMITS; i++) {
    if (random_chance(random, out->percent) && (i != 2 || cooled)) {
      const char *text = texts[i][random_below(random, 3)];
      assert_fine(f, cds_limit_parse(&out->limit[count++], text, (cds_place){0},
                                     f->arena, f->diag));
    }
  }
  return count;
}
