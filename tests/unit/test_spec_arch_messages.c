/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Wrong architecture files: every mistake has a message with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "spec/arch.h"

/* Parts of files: a level and the compute units that are right. */
#define HEAD "architecture: a\nlevels:\n"
#define OUTER "  - {level: L, size: 1 KiB, energy: 1 pJ}\n"
#define MAC "  - {compute: MAC, energy: 1 pJ}\n"

typedef struct wrong_case {
  const char *text;
  const char *message; /* must stand in what is written */
} wrong_case;

static const wrong_case cases[] = {
    /* the chain */
    {HEAD OUTER MAC "  - {compute: TWO, energy: 1 pJ}\n",
     "a.yaml:5:5: error: a second compute entry"},
    {HEAD OUTER, "a.yaml:3:3: error: 'levels' has no compute entry"},
    {HEAD MAC, "'levels' has no level: expected an outermost level"},
    {HEAD "  - {array: PE, cols: 2}\n" OUTER MAC,
     "a.yaml:3:5: error: an array is the outermost entry"},
    {HEAD OUTER MAC "  - {level: M, size: 1 B, energy: 1 pJ}\n",
     "a.yaml:5:5: error: a level after the compute entry"},
    {HEAD OUTER MAC "  - {array: M, cols: 2}\n",
     "an array after the compute entry"},
    {HEAD OUTER "  - {beside: []}\n" MAC, "'beside' names no level"},
    {HEAD "  - {beside: [{level: L, size: 1 B, energy: 1 pJ}]}\n" MAC,
     "the outermost entry is 'beside'"},
    {HEAD OUTER "  - {beside: [{array: PE, cols: 2}]}\n" MAC,
     "an entry of 'beside' is no level"},
    {HEAD OUTER "  - {memory: L}\n" MAC, "says not what it is"},
    {HEAD OUTER "  - L\n" MAC, "an entry of 'levels' is no mapping"},
    {"architecture: a\nlevels: {}\n", "'levels' is no list"},
    {HEAD OUTER OUTER MAC, "name 'L' is given twice"},
    {HEAD OUTER "  - {array: L, cols: 2}\n" MAC, "name 'L' is given twice"},
    {HEAD OUTER "  - {array: PE}\n" MAC, "array 'PE' has no size"},
    {HEAD OUTER "  - {array: PE, cols: 0}\n" MAC, "cols"},
    {HEAD OUTER "  - {array: A, rows: 16000000, cols: 16000000}\n"
                "  - {array: B, cols: 2}\n" MAC,
     "have more than 2^48 elements"},
    {HEAD OUTER "  - {compute: V, class: vector, at: GLB}\n" MAC,
     "vector unit 'V' works at an unknown level 'GLB'"},
    {HEAD OUTER "  - {array: PE, cols: 2}\n"
                "  - {level: RF, size: 8 B, energy: 1 pJ}\n"
                "  - {compute: V, class: vector, at: RF}\n" MAC,
     "a.yaml:6:37: error: vector unit 'V' works at level 'RF' inside of array "
     "'PE': expected a level above the arrays, such as 'L'"},
    {HEAD OUTER MAC "accumulate: at X\n", "names an unknown level 'X'"},
    {HEAD OUTER MAC "accumulate: L\n", "expected 'at' and the name of a level"},
    {HEAD OUTER "  - {level: M, siez: 1 B, energy: 1 pJ}\n" MAC,
     "unknown key 'siez'"},
    /* levels */
    {HEAD OUTER "  - {level: M, energy: 1 pJ}\n" MAC,
     "a.yaml:4:5: error: level 'M' has no 'size'"},
    {HEAD OUTER "  - {level: M, size: 0 B, energy: 1 pJ}\n" MAC, "size"},
    {HEAD OUTER "  - {level: M, size: 0.01 B, energy: 1 pJ}\n" MAC, "size"},
    {HEAD OUTER "  - {level: M, size: 1.1 B, energy: 1 pJ}\n" MAC,
     "not a whole number of bits"},
    {HEAD OUTER "  - {level: M, size: 8 B}\n" MAC,
     "level 'M' has no energy of 'read'"},
    {HEAD OUTER "  - {level: M, size: 8 B, energy: {read: 1 pJ}}\n" MAC,
     "level 'M' has no energy of 'fill'"},
    {HEAD OUTER "  - {level: M, size: 8 B, class: sran}\n" MAC,
     "unknown class 'sran' of level 'M'"},
    {HEAD OUTER "  - {level: M, size: 8 B, class: mac}\n" MAC,
     "class 'mac' is not for level 'M'"},
    {HEAD OUTER "  - {level: M, size: 8 B, energy: 1 pJ, keep: [input],"
                " bypass: [weight, input]}\n" MAC,
     "'input' stands in 'keep' and in 'bypass'"},
    {HEAD OUTER "  - {level: M, size: 8 B, energy: 1 pJ, bypass: [B],"
                " may: [B]}\n" MAC,
     "'B' stands in 'bypass' and in 'may'"},
    {HEAD OUTER "  - {level: M, size: 8 B, energy: 1 pJ, keep: [inputs]}\n" MAC,
     "unknown role 'inputs'"},
    {HEAD "  - {level: L, size: 8 B, energy: 1 pJ, bypass: [input]}\n" MAC,
     "'bypass' at the outermost level 'L'"},
    {HEAD OUTER "  - {level: M, size: 8 B, energy: 1 pJ, streamed: true}\n" MAC,
     "'streamed' at level 'M'"},
    {HEAD OUTER "  - {level: M, size: 8 B, energy: 1 pJ,"
                " bandwidth: {shared: 1 B/cycle, read: 1 B/cycle}}\n" MAC,
     "'bandwidth' of level 'M' is both shared and apart"},
    {HEAD OUTER
     "  - {level: M, size: 8 B, energy: 1 pJ, bandwidth: 0 B/cycle}\n" MAC,
     "'bandwidth' is not above zero"},
    {HEAD OUTER "  - {level: M, size: 8 B, energy: -1 pJ}\n" MAC, "energy"},
    {HEAD OUTER "  - {level: M, size: 8 B, energy: 1 W}\n" MAC, "energy"},
    {HEAD OUTER "  - {level: M, size: $m, energy: 1 pJ}\n" MAC, "$m"},
    {HEAD OUTER "  - {array: PE, cols: 2}\n"
                "  - {level: PE, size: 8 B, energy: 1 pJ}\n" MAC,
     "name 'PE' is given twice"},
    {HEAD OUTER "  - {compute: V, class: vector}\n"
                "  - {level: V, size: 8 B, energy: 1 pJ}\n" MAC,
     "name 'V' is given twice"},
    {HEAD OUTER "  - {level: M, size: 8 B, energy: 1 pJ, keep: [a, b, c, d, e,"
                " f, g, h, i, j, k, l, m, n, o, p, q]}\n" MAC,
     "'q' is one name too many: expected at most 16"},
    {HEAD "  - {level: L, size: 1 KiB, energy: [1 pJ]}\n" MAC, "energy"},
    {HEAD "  - {level: L, energy: 1 pJ, bandwidth: {raed: 1 B/cycle}}\n" MAC,
     "unknown key 'raed'"},
    {HEAD OUTER "  - {array: PE, cols: 2, network: {energy: 1 pJ}}\n" MAC,
     "energy"},
    /* units */
    {HEAD OUTER "  - {compute: MAC}\n", "compute 'MAC' has no energy:"},
    {HEAD OUTER "  - {compute: MAC, energy: {}}\n",
     "compute 'MAC' has no energy:"},
    {HEAD OUTER "  - {compute: MAC, class: mac}\n",
     "compute 'MAC' of class 'mac' names no format"},
    {HEAD OUTER "  - {compute: MAC, energy: {int8: -1 pJ}}\n",
     "'energy' of 'int8' is below zero"},
    {HEAD OUTER "  - {compute: MAC, energy: 1 V}\n", "energy"},
    {HEAD OUTER "  - {compute: MAC, energy: 1 pJ, lane: 4}\n",
     "unknown key 'lane'"},
    {HEAD OUTER "  - {compute: V, class: vector, energy: -1 pJ}\n" MAC,
     "'energy' is below zero"},
    {HEAD OUTER "  - {compute: V, class: vector, energy: 1 V}\n" MAC, "energy"},
    {HEAD OUTER "  - {compute: V, class: vector, cycles: {sin: 1}}\n" MAC,
     "unknown key 'sin'"},
    {HEAD OUTER "  - {compute: V, class: vector, formats: [int99]}\n" MAC,
     "int99"},
    {HEAD OUTER "  - {compute: V, class: vector, die: top}\n" MAC,
     "die 'top' is not declared"},
    {HEAD OUTER "  - {compute: MAC, energy: 1 pJ/bit}\n",
     "'energy' of 'MAC' is a quantity per bit"},
    {HEAD OUTER "  - {compute: MAC, formats: [int8, int8], energy: 1 pJ}\n",
     "format 'int8' is given twice"},
    {HEAD OUTER "  - {compute: MAC, formats: [int8], energy: {fp16: 1 pJ}}\n",
     "'energy' names format 'fp16'"},
    {HEAD OUTER
     "  - {compute: MAC, formats: [int8, fp16], energy: {int8: 1 pJ}}\n",
     "compute 'MAC' has no energy of format 'fp16'"},
    {HEAD OUTER "  - {compute: MAC, formats: [], energy: 1 pJ}\n",
     "'formats' has 0 entries"},
    {HEAD OUTER MAC "other_operations: host\n", "which is not described"},
    {HEAD OUTER MAC "mac_slots: {exp: 0}\n", "exp"},
    /* dies */
    {HEAD "  - {level: L, die: top, energy: 1 pJ}\n" MAC,
     "die 'top' is not declared: expected it in a 'dies' mapping"},
    {"dies: {logic: {clock: 1 GHz}}\n" HEAD
     "  - {level: L, die: logik, energy: 1 pJ}\n" MAC,
     "die 'logik' is not declared in 'dies'"},
    {"dies: {logic: {clock: 1 GHz}}\n" HEAD
     "  - {level: L, die: logik, energy: 1 pJ}\n" MAC,
     "did you mean 'logic'"},
    {"dies: {a: {clock: 1 GHz}, b: {clock: 1 GHz}}\n" HEAD OUTER MAC,
     "the outermost entry names no die"},
    {"dies: {}\n" HEAD OUTER MAC, "'dies' names no die"},
    {"dies: {a: {process: n6}}\n" HEAD OUTER MAC,
     "a.yaml:1:21: error: unknown process 'n6' of die 'a'"},
    {"dies: {a: {process: 3nanometers}}\n" HEAD OUTER MAC,
     "a.yaml:1:21: error: die 'a': process '3nanometers' is not known"},
    {"dies: {a: {process: n7, device: hpp, supply: 0.7 V}}\n" HEAD OUTER MAC,
     "a.yaml:1:33: error: die 'a': device 'hpp' is not known: expected hp, lp, "
     "cnfet, cryo-4k, cryo-77k, fdsoi, fdsoi-fbb, fdsoi-rbb, nanosheet or "
     "oxide\n  hint: did you mean 'hp'?"},
    {"dies: {a: {process: n7, device: fdsoi}}\n" HEAD OUTER MAC,
     "a.yaml:1:33: error: die 'a': device 'fdsoi' on process 'n7': expected "
     "one "
     "of the processes that have it: n28 n22"},
    {HEAD OUTER "  - {array: PE, cols: 2}\n  - {levle: M, size: 8 B}\n" MAC,
     "a.yaml:5:6: error: unknown key 'levle' in an entry of 'levels'\n"
     "  hint: did you mean 'level'?"},
    {HEAD OUTER "  - {beside: [{leevl: M}]}\n" MAC,
     "a.yaml:4:16: error: unknown key 'leevl' in an entry of 'beside'"},
    {HEAD OUTER "  - {compute: V, class: vectro}\n" MAC,
     "a.yaml:4:25: error: unknown class 'vectro' of vector unit 'V'\n"
     "  hint: did you mean 'vector'?"},
    {HEAD "  - {level: L, size: 1 KiB, energy: 1 pJ, bandwidth: 64 B/}\n" MAC,
     "unknown unit 'B/'"},
    {"dies: {a: {process: n7, supply: 3 V}}\n" HEAD OUTER MAC,
     "a.yaml:1:33: error: die 'a':"},
    {"dies: {a: {supply: 1 V, nominal: 0.9 V}}\n" HEAD OUTER MAC,
     "'supply' of die 'a' is not its nominal one"},
    {"dies: {a: {device: lp}}\n" HEAD OUTER MAC,
     "'device' of die 'a' stands alone"},
    {"dies: {a: {process: n7, nominal: 3 V}}\n" HEAD OUTER MAC,
     "'nominal' of die 'a':"},
    {"dies: {a: {proces: n7}}\n" HEAD OUTER MAC, "unknown key 'proces'"},
    {"dies: {a: n7}\n" HEAD OUTER MAC, "die is no mapping"},
    {"dies: {a b: {process: n7}}\n" HEAD OUTER MAC, "a b"},
    {"dies: {a: {process: dram-1b}}\n" HEAD OUTER MAC,
     "compute units stand on memory die 'a', which has no 'clock'"},
    {"dies: {a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}, h: {}, i: {},"
     " j: {}, k: {}, l: {}, m: {}, n: {}, o: {}, p: {}, q: {}}\n" HEAD OUTER
         MAC,
     "17 dies are declared: expected at most 16"},
    /* packages */
    {"package: {stacks: {}}\n" HEAD OUTER MAC, "'stacks' is no list"},
    {"package: {stacks: [{layers: []}]}\n" HEAD OUTER MAC,
     "'layers' is no list of 1 to 64 entries"},
    {"package: {stacks: [{layer: [a]}]}\n" HEAD OUTER MAC,
     "unknown key 'layer'"},
    {"package: {cooling: {fan: 1 W}}\n" HEAD OUTER MAC, "unknown key 'fan'"},
    {"package: {colling: {}}\n" HEAD OUTER MAC, "did you mean 'cooling'"},
    {"dies: {a: {clock: 1 GHz}}\npackage: {links: [{from: a, to: c}]}\n" HEAD
         OUTER MAC,
     "die 'c' is not declared"},
    {"dies: {a: {clock: 1 GHz}}\n"
     "package: {stacks: [{layers: [a, {bond: hybrid}, b]}]}\n" HEAD OUTER MAC,
     "a.yaml:2:49: error: die 'b' is not declared in 'dies'"},
    {"dies: {a: {clock: 1 GHz}, b: {clock: 1 GHz}}\n"
     "package: {stacks: [{layers: [a, b]}]}\n" HEAD
     "  - {level: L, die: a, energy: 1 pJ}\n" MAC,
     "no bond between 'a' and 'b'"},
    {"dies: {a: {clock: 1 GHz}}\n"
     "package: {stacks: [{layers: [a, {bond: hybrid}]}]}\n" HEAD OUTER MAC,
     "a bond at the top of the stack"},
    {"dies: {a: {clock: 1 GHz}}\n"
     "package: {stacks: [{layers: [{bond: hybrid}, a]}]}\n" HEAD OUTER MAC,
     "a bond that joins nothing"},
    {"dies: {a: {clock: 1 GHz}}\n"
     "package: {stacks: [{layers: [a]}, {layers: [a]}]}\n" HEAD OUTER MAC,
     "die 'a' stands twice in the stacks"},
    {"dies: {a: {clock: 1 GHz}, b: {clock: 1 GHz}}\n"
     "package: {stacks: [{layers: [a, {pitch: 9 um}, b]}]}\n" HEAD
     "  - {level: L, die: a, energy: 1 pJ}\n" MAC,
     "a crossing between 'a' and 'b' has no energy"},
    {"dies: {a: {clock: 1 GHz}, b: {clock: 1 GHz}}\n"
     "package: {stacks: [{layers: [a, {bond: glue}, b]}]}\n" HEAD
     "  - {level: L, die: a, energy: 1 pJ}\n" MAC,
     "unknown class 'glue'"},
    {"dies: {a: {clock: 1 GHz}}\npackage: {links: [{from: a, to: a}]}\n" HEAD
         OUTER MAC,
     "a link from die 'a' to itself"},
    {HEAD OUTER "  - {beside: [{level: M, size: 8 B, energy: 1 pJ, keep:"
                " [input]}, {level: N, size: 8 B, energy: 1 pJ, keep:"
                " [weight, input]}]}\n" MAC,
     "levels 'M' and 'N' stand side by side and both keep 'input'"},
    {"architecture: a\n"
     "dies: {a: {clock: 1 GHz}, b: {clock: 1 GHz}}\n"
     "package: {links: [{from: a, to: b, bond: hybrid, shoreline: 1 mm}]}\n"
     "levels:\n"
     "  - {level: L, die: a, size: 1 KiB, energy: 1 pJ}\n"
     "  - {compute: MAC, die: b, energy: 1 pJ}\n",
     "a.yaml:3:61: error: 'shoreline' of a bond that is no link between dies "
     "side by side"},
    {HEAD OUTER "  - {array: PE, cols: 2, network: mash}\n" MAC,
     "a.yaml:4:35: error: 'network' is 'mash': expected 'bus', 'mesh', "
     "'systolic', 'tree' or 'crossbar'"},
    {HEAD OUTER
     "  - {array: PE, cols: 2, network: {kind: bus, radix: 2}}\n" MAC,
     "a.yaml:4:54: error: network of array 'PE' is a bus, which has no "
     "'radix': expected it of a tree"},
    {HEAD OUTER
     "  - {array: PE, cols: 2, network: {kind: tree, ports: rows}}\n" MAC,
     "a.yaml:4:55: error: network of array 'PE' is a tree, which has no "
     "'ports': expected it of a mesh or a systolic array"},
    {HEAD OUTER "  - {array: PE, cols: 2, network: {kind: mesh, passes: "
                "apart}}\n" MAC,
     "a.yaml:4:56: error: network of array 'PE' is a mesh, which has no "
     "'passes': expected it of a systolic array"},
    {HEAD OUTER "  - {array: PE, cols: 2, network: {kind: systolic, drain: "
                "direct}}\n" MAC,
     "a.yaml:4:59: error: network of array 'PE' is a systolic array, which has "
     "no 'drain': expected it of a systolic array with 'passes: apart'"},
    {HEAD OUTER "  - {array: PE, cols: 2, network: {kind: systolic, ports: "
                "corner}}\n" MAC,
     "a.yaml:4:59: error: 'ports' of array 'PE' is 'corner': expected 'cols' "
     "or 'rows'"},
    {HEAD OUTER
     "  - {array: PE, cols: 2, network: {kind: tree, radix: 1}}\n" MAC,
     "a.yaml:4:55: error: 'radix' is '1': expected a whole number, 2 to 65536"},
    {HEAD OUTER "  - {array: PE, cols: 70000, network: mesh}\n" MAC,
     "a.yaml:4:23: error: array 'PE' has 70000 cols in a mesh: expected at "
     "most 65536"},
    {HEAD OUTER
     "  - {array: PE, cols: 2, network: {kind: mesh, class: bus}}\n" MAC,
     "a.yaml:4:55: error: class 'bus' is not for the mesh of array 'PE': "
     "expected 'mesh', or a link between dies"},
    {HEAD OUTER
     "  - {array: PE, cols: 2, network: {kind: mesh, class: sram}}\n" MAC,
     "a.yaml:4:55: error: class 'sram' is not for network of array 'PE'"},
    {HEAD OUTER "  - {array: PE, cols: 2, network: {kind: mesh, class: usie-s}}"
                "\n" MAC,
     "unknown class 'usie-s' of network of array 'PE'\n  hint: did you mean "
     "'ucie-s'"},
    {HEAD OUTER "  - {array: PE, cols: 2, network: {kind: mesh, shoreline: 1 "
                "mm}}\n" MAC,
     "a.yaml:4:59: error: network of array 'PE' has no class of a link between "
     "dies, which 'shoreline' is for: expected 'class', such as 'ucie-s'"},
    {HEAD OUTER "  - {array: PE, cols: 2, network: {kind: mesh, class: ucie-s, "
                "shoreline: 0.1 mm}}\n" MAC,
     "shoreline of a link is 100 um: expected 571.5 to 571500000 um"},
    {HEAD OUTER "  - {array: PE, cols: 2, network: {kind: mesh, class: grs, "
                "shoreline: 1 mm}}\n" MAC,
     "no bandwidth of class 'grs' by the edge that it takes is known: expected "
     "no 'shoreline'"},
    {"dies: {a: {clock: 1 GHz}, b: {clock: 1 GHz}}\n"
     "package: {stacks: [{layers: [a]}, {layers: [b]}]}\n" HEAD
     "  - {level: L, die: a, energy: 1 pJ}\n"
     "  - {compute: MAC, die: b, energy: 1 pJ}\n",
     "dies 'a' and 'b' stand in stacks that nothing joins"},
    {"dies: {a: {process: n7, supply: 0.55 V, sram_supply: 0.55 V}}\n" HEAD
     "  - {level: L, class: sram, size: 1 KiB}\n" MAC,
     "a.yaml:1:54: error: die 'a': supply of an sram on process 'n7' is 0.55 "
     "V: expected 0.6 to 0.95 V\n"},
    {"dies: {a: {process: dram, sram_supply: 0.8 V, clock: 1 GHz}}\n" HEAD OUTER
         MAC,
     "a.yaml:1:40: error: die 'a': supply of an sram on the DRAM process "
     "'dram': expected a logic process\n"},
    {"dies: {a: {clock: 1 GHz, size: 64 B}}\n" HEAD OUTER MAC,
     "levels on die 'a' need 1 KiB: expected at most 64 B"},
};

static cds_status read_written(cds_arena *arena, const char *text,
                               char **written) {
  cds_arch arch;
  const cds_yaml *root = NULL;
  cds_diag *diag = cds_diag_new(arena);
  const cds_reader reader = {.arena = arena, .diag = diag};
  cds_status status =
      cds_yaml_read_text(&root, "a.yaml", text, strlen(text), arena, diag);
  if (status == CDS_OK) {
    status = cds_arch_read(&arch, root, &reader, false);
  }
  size_t size = 0;
  FILE *stream = open_memstream(written, &size);
  assert_non_null(stream);
  cds_diag_write(diag, stream, CDS_DIAG_TEXT);
  assert_int_equal(fclose(stream), 0);
  return status;
}

static void every_mistake_has_its_message(void **state) {
  (void)state;
  bool good = true;
  for (size_t index = 0; index < sizeof cases / sizeof cases[0]; index++) {
    cds_arena *arena = cds_arena_new();
    char *written = NULL;
    const cds_status status = read_written(arena, cases[index].text, &written);
    if (status != CDS_EINPUT || strstr(written, cases[index].message) == NULL) {
      print_error("%s\nexpected: %s\nwritten (status %d):\n%s\n",
                  cases[index].text, cases[index].message, (int)status,
                  written);
      good = false;
    }
    free(written);
    cds_arena_free(arena);
  }
  assert_true(good);
}

/* What is read but cannot matter is said, and the file is accepted. */
static const wrong_case warnings[] = {
    {"dies: {a: {supply: 1 V}}\n" HEAD OUTER MAC,
     "warning: 'supply' of die 'a' is not used"},
    {"dies: {a: {sram_supply: 0.8 V}}\n" HEAD OUTER MAC,
     "a.yaml:1:25: warning: 'sram_supply' of die 'a' is not used: expected a "
     "'process' beside it"},
    {"dies: {a: {process: n7, sram_supply: 0.8 V}}\n" HEAD OUTER MAC,
     "a.yaml:1:38: warning: 'sram_supply' of die 'a' is not used: no level of "
     "class 'sram' stands there"},
    {"dies: {a: {clock: 1 GHz, size: 64 KiB}}\n" HEAD OUTER MAC,
     "warning: the levels on die 'a' use 1 KiB of the 64 KiB"},
    {HEAD OUTER MAC "other_operations: refuse\nmac_slots: {exp: 2}\n",
     "warning: 'mac_slots' is not used"},
    {"clock: 1 GHz\ndies: {a: {clock: 2 GHz}}\n" HEAD OUTER MAC,
     "a.yaml:1:8: warning: 'clock' of the architecture is not used"},
    {"dies: {a: {clock: 1 GHz}, b: {clock: 2 GHz}}\n" HEAD
     "  - {level: L, die: b, energy: 1 pJ}\n"
     "  - {compute: MAC, die: a, energy: 1 pJ}\n",
     "warning: 'clock' of die 'b' is not used"},
    {HEAD OUTER "  - {array: PE, cols: 2, reduction: false, network: {energy:"
                " 1 pJ/bit, add: 1 pJ}}\n" MAC,
     "warning: 'add' of array 'PE' is not used"},
    {HEAD OUTER MAC "host: {energy: 1 pJ, rate: 1 Gop/s}\n",
     "warning: 'host' is not used"},
    {HEAD OUTER "  - {compute: V, class: vector}\n" MAC
                "other_operations: macs\n",
     "warning: 'other_operations' is not used"},
    {"dies: {a: {clock: 1 GHz}, b: {clock: 1 GHz}}\n"
     "package: {links: [{from: a, to: b, bond: ucie-s, pitch: 9 um}]}"
     "\n" HEAD "  - {level: L, die: a, energy: 1 pJ}\n" MAC,
     "warning: 'pitch' of a link between dies side by side is not used"},
};

static void what_cannot_matter_is_said(void **state) {
  (void)state;
  for (size_t index = 0; index < sizeof warnings / sizeof warnings[0];
       index++) {
    cds_arena *arena = cds_arena_new();
    char *written = NULL;
    const cds_status status =
        read_written(arena, warnings[index].text, &written);
    if (status != CDS_OK || strstr(written, warnings[index].message) == NULL) {
      fail_msg("%s\nexpected: %s\nwritten:\n%s\n", warnings[index].text,
               warnings[index].message, written);
    }
    free(written);
    cds_arena_free(arena);
  }
}

static void several_mistakes_are_found_in_one_run(void **state) {
  (void)state;
  cds_arena *arena = cds_arena_new();
  char *written = NULL;
  const char *text =
      HEAD "  - {level: L, size: 1 KiB, energy: 1 pJ, may: [input]}\n"
           "  - {array: PE}\n"
           "  - {level: L, size: 1 KiB, energy: 1 pJ, keep: [wieght]}\n" MAC;
  assert_int_equal(read_written(arena, text, &written), CDS_EINPUT);
  assert_non_null(strstr(written, "a.yaml:3:"));
  assert_non_null(strstr(written, "a.yaml:4:"));
  assert_non_null(strstr(written, "name 'L' is given twice"));
  assert_non_null(strstr(written, "unknown role 'wieght'"));
  free(written);
  cds_arena_free(arena);
}

/* Wrong keys hide neither the maps beside them nor the entries after them, and
 * nothing is said that only follows from them. */
static const char *const wrong_top[] = {
    "architecture: e\n"
    "clok: 3 GHz\n"
    "other_operations: host\n"
    "host: {energy: 1, rate: 1 op/s, link: {energy: 1 pJ}}\n"
    "dies: {logic: {process: n77, supply: 0.7}}\n"
    "package: {cooling: {sink: 1}, stacks: [{nam: s, layers: [logix, {bond:"
    " hybrid, pitch: 3}, {die: logic, repeat: 0}]}]}\n"
    "levels:\n"
    "  - {level: L, siez: 1 KiB, class: sran, energy: {read: 100},"
    " bandwidth: {read: 1 B}}\n"
    "  - {array: PE, cols: -2, network: {energy: 0.5 pJ}}\n"
    "  - {compute: MAC, class: mac, formats: int8}\n",
    "a.yaml:2:1: error: unknown key 'clok'",
    "a.yaml:4:16: error: 'energy' is '1'",
    "a.yaml:4:48: error: 'energy' is '1 pJ'",
    "a.yaml:5:38: error: 'supply' is '0.7'",
    "a.yaml:5:25: error: unknown process 'n77' of die 'logic'",
    "a.yaml:6:27: error: 'sink' is '1'",
    "a.yaml:6:41: error: unknown key 'nam' in stack",
    "a.yaml:6:58: error: die 'logix' is not declared",
    "a.yaml:6:87: error: 'pitch' is '3'",
    "a.yaml:6:112: error: 'repeat' is '0'",
    "a.yaml:8:16: error: unknown key 'siez'",
    "a.yaml:8:36: error: unknown class 'sran'",
    "a.yaml:8:57: error: 'read' is '100'",
    "a.yaml:8:81: error: 'read' is '1 B'",
    "a.yaml:9:23: error: 'cols' is '-2'",
    "a.yaml:9:45: error: 'energy' is '0.5 pJ'",
    NULL};
static const char *const wrong_entries[] = {
    HEAD OUTER
    "  - {level: 5, size: 1 KiB, keep: [inptu], energy: {fil: 1 pJ}}\n"
    "  - {compute: M, class: macc, leakage: 1, formats: [fp17, int9],"
    " energy: {int8: 1}}\n"
    "  - {compute: V, class: vector, at: L, lanes: 0, cycles: {ex: 1},"
    " energy: {add: 1}}\n"
    "  - {level: LATE, size: 1, energy: {read: 1}}\n",
    "a.yaml:4:13: error: 'level' is '5'",
    "a.yaml:4:36: error: unknown role 'inptu'",
    "a.yaml:4:53: error: unknown key 'fil'",
    "a.yaml:5:40: error: 'leakage' is '1'",
    "a.yaml:5:25: error: unknown class 'macc'",
    "a.yaml:5:53: error: 'formats' is 'fp17'",
    "a.yaml:5:59: error: 'formats' is 'int9'",
    "a.yaml:5:81: error: 'int8' is '1'",
    "a.yaml:6:47: error: 'lanes' is '0'",
    "a.yaml:6:59: error: unknown key 'ex'",
    "a.yaml:6:81: error: 'add' is '1'",
    "a.yaml:7:5: error: a level after the compute entry",
    "a.yaml:7:25: error: 'size' is '1'",
    "a.yaml:7:43: error: 'read' is '1'",
    NULL};

static void expect_all(const char *const *text) {
  cds_arena *arena = cds_arena_new();
  char *written = NULL;
  assert_int_equal(read_written(arena, text[0], &written), CDS_EINPUT);
  size_t found = 0, expected = 0;
  for (const char *at = written; (at = strstr(at, ": error: ")) != NULL; at++) {
    found++;
  }
  bool good = true;
  for (; text[1 + expected] != NULL; expected++) {
    if (strstr(written, text[1 + expected]) == NULL) {
      print_error("missing: %s\n", text[1 + expected]);
      good = false;
    }
  }
  if (!good || found != expected) {
    print_error("%s\n", written);
  }
  assert_true(good);
  assert_int_equal(found, expected);
  free(written);
  cds_arena_free(arena);
}

static void one_run_finds_everything(void **state) {
  (void)state;
  expect_all(wrong_top);
  expect_all(wrong_entries);
}

/* Going on after a mistake must not trip over what could not be kept. */
static void exhausted_memory_amid_mistakes_is_survived(void **state) {
  (void)state;
  const char *const texts[] = {wrong_top[0], wrong_entries[0]};
  for (size_t text = 0; text < 2; text++) {
    cds_status status = CDS_ENOMEM;
    for (uint64_t nth = 1; status == CDS_ENOMEM; nth++) {
      cds_arena *arena = cds_arena_new();
      cds_diag *diag = cds_diag_new(arena);
      const cds_yaml *root = NULL;
      cds_arch arch;
      const cds_reader reader = {.arena = arena, .diag = diag};
      assert_int_equal(cds_yaml_read_text(&root, "a.yaml", texts[text],
                                          strlen(texts[text]), arena, diag),
                       CDS_OK);
      cds_alloc_fail_after(nth);
      status = cds_arch_read(&arch, root, &reader, false);
      cds_alloc_fail_after(0);
      assert_true(status == CDS_EINPUT || status == CDS_ENOMEM);
      assert_true(nth < 100000);
      cds_arena_free(arena);
    }
  }
}

static void too_many_levels_arrays_and_units_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *entry, *message;
  } many[] = {
      {"  - {level: L%u, size: 1 KiB, energy: 1 pJ}\n",
       "one level too many: expected at most 16"},
      {"  - {array: A%u, cols: 2}\n", "one array too many: expected at most 6"},
      {"  - {compute: V%u, class: vector}\n",
       "one vector unit too many: expected at most 4"},
  };
  for (size_t kind = 0; kind < 3; kind++) {
    cds_arena *arena = cds_arena_new();
    char text[4096] = HEAD "  - {level: OUT, energy: 1 pJ}\n";
    for (unsigned index = 0; index < 16; index++) {
      char entry[80];
      const char *form = many[kind].entry;
      const char *percent = strchr(form, '%');
      (void)snprintf(entry, sizeof entry, "%.*s%u%s", (int)(percent - form),
                     form, index, percent + 2);
      (void)strncat(text, entry, sizeof text - strlen(text) - 1);
    }
    (void)strncat(text, MAC, sizeof text - strlen(text) - 1);
    char *written = NULL;
    assert_int_equal(read_written(arena, text, &written), CDS_EINPUT);
    assert_non_null(strstr(written, many[kind].message));
    free(written);
    cds_arena_free(arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_mistake_has_its_message),
      cmocka_unit_test(what_cannot_matter_is_said),
      cmocka_unit_test(several_mistakes_are_found_in_one_run),
      cmocka_unit_test(one_run_finds_everything),
      cmocka_unit_test(exhausted_memory_amid_mistakes_is_survived),
      cmocka_unit_test(too_many_levels_arrays_and_units_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
