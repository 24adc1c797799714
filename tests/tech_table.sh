#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The tool of the build that turns archs/tech into C: what it accepts, and what it
# refuses, with file, line and column.
#   tests/tech_table.sh TECH_TABLE
set -euo pipefail
export LC_ALL=C
tool=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
wrong=0

# try FILE: runs the tool on it; its exit code and messages, without the folder.
try() {
  rm -f "$folder/out.c"
  status=0
  (cd "$folder" && "$tool" -o out.c "$@" 2>said) || status=$?
}

# refused NAME SED MESSAGE: the good file, changed so, is refused so and leaves
# nothing behind.
refused() {
  sed "$2" "$folder/good.yaml" >"$folder/bad.yaml"
  try bad.yaml
  if [[ $status != 1 || -e $folder/out.c ]] ||
    ! grep -qxF "bad.yaml:$3" "$folder/said"; then
    printf '%s: exit %s, said:\n%s\n' "$1" "$status" "$(cat "$folder/said")"
    wrong=1
  fi
}

cat >"$folder/good.yaml" <<'END'
technology: links
classes:
  - class: string-and-cans
    model: link
    help: "two cans on a string"
    energy: {min: 1 pJ/bit, typ: 2 pJ/bit, max: 4 fJ/bit * 1000, source: "measured in a garden"}
    module_edge: {min: 66 mm, typ: 66 mm, max: 66 mm, source: "a can of \"beans\"", projection: true}
END
try good.yaml
[[ $status == 0 && ! -s $folder/said ]] || { echo 'the good file is refused' && wrong=1; }
for line in \
  '    .energy = {1.0, 2.0, 4.0, "measured in a garden", false},' \
  '    .module_edge = {66000.0, 66000.0, 66000.0, "a can of \"beans\"", true},' \
  '    .module_area = {CDS_TECH_NONE, CDS_TECH_NONE, CDS_TECH_NONE, NULL, false},' \
  'const cds_component cds_component_string_and_cans = {' \
  '    .name = "string-and-cans",'; do
  grep -qxF -e "$line" "$folder/out.c" || { echo "not written: $line" && wrong=1; }
done

energy='6:13: error:'
refused 'no source' 's/, source: "measured in a garden"//' \
  "$energy missing key 'source' in number: expected a text"
refused 'a source that says nothing' 's/measured in a garden/me/' \
  "$energy 'energy' has hardly a source: expected what can be looked up"
refused 'typ below min' 's/typ: 2 pJ/typ: 0.5 pJ/' \
  "$energy 'energy' is not in order: expected min <= typ <= max"
refused 'max below typ' 's/max: 4 fJ/max: 1 fJ/' \
  "$energy 'energy' is not in order: expected min <= typ <= max"
refused 'no maximum' 's/, max: 4[^,]*//' "$energy missing key 'max' in number: expected a value"
refused 'no unit' 's/typ: 2 pJ.bit/typ: 2/' \
  "6:34: error: 'energy' is '2': expected an energy per bit, such as '0.5 pJ/bit'"
refused 'another unit' 's/typ: 2 pJ.bit/typ: 2 mm/' \
  "6:34: error: 'energy' is '2 mm': expected an energy per bit, such as '0.5 pJ/bit'"
refused 'a negative number' 's/min: 1 pJ/min: -1 pJ/' "6:19: error: 'energy' is out of its range"
refused 'an unknown key of a number' 's/source: "mea/sauce: "mea/' "6:66: error: unknown key 'sauce' in number"
refused 'an unknown key of a class' 's/module_edge/module_egde/' \
  "7:5: error: unknown key 'module_egde' in class 'string-and-cans'"
refused 'an unknown model' 's/model: link/model: lonk/' "4:12: error: 'lonk' is no model"
refused 'no model' '/model: link/d' "3:5: error: 'model' is missing: expected bond, cell, device, dram, edram or link"
refused 'no number that the model needs' 's/    energy:/    module_area:/' \
  "3:5: error: missing key 'energy' in class 'string-and-cans': expected a value"
refused 'a number twice' 's/module_edge/energy/' "7:5: error: duplicate key 'energy'"

cp "$folder/good.yaml" "$folder/again.yaml"
try good.yaml again.yaml
twice='again.yaml:3:5: error: '"'string-and-cans' is given twice"
if [[ $status != 1 ]] ||
  ! grep -qxF "$twice: expected each class once" "$folder/said"; then
  echo 'a class may be given twice'
  wrong=1
fi

# Devices: factors beside a base, no component.
cat >"$folder/good.yaml" <<'END'
technology: devices
classes:
  - class: cat-4-paws
    model: device
    base: lp
    on: "n7 n5"
    help: "as fast as a cat"
    energy: {min: 1, typ: 2, max: 3, source: "counted by paws"}
    delay: {min: 1, typ: 1, max: 1, source: "counted by paws"}
    leakage: {min: 1, typ: 1, max: 1, source: "counted by paws"}
    area: {min: 1, typ: 1, max: 1, source: "counted by paws"}
    threshold: {min: -20 mV, typ: -10 mV, max: 0 V, source: "counted by paws"}
    cells: {min: 1, typ: 1, max: 1, source: "counted by paws"}
END
try good.yaml
[[ $status == 0 && ! -s $folder/said ]] || { echo 'the good device is refused' && wrong=1; }
for line in \
  'const cds_tech_flavour cds_tech_flavour_cat_4_paws = {' \
  '    .on = "n7 n5",' '    .base = CDS_TECH_LP,' \
  '    .threshold = {-0.02, -0.01, 0.0, "counted by paws", false},' \
  '    .swing = {CDS_TECH_NONE, CDS_TECH_NONE, CDS_TECH_NONE, NULL, false},'; do
  grep -qxF -e "$line" "$folder/out.c" || { echo "not written: $line" && wrong=1; }
done
refused 'another base' 's/base: lp/base: mp/' "3:5: error: 'mp' is no base: expected hp or lp"
refused 'no base' '/base: lp/d' \
  "3:5: error: missing key 'base' in class 'cat-4-paws': expected a name"
refused 'a threshold far away' 's/min: -20 mV/min: -2 V/' \
  "12:22: error: 'threshold' is out of its range"

# What is shipped, as the build has it.
cd "$folder"
"$tool" -o shipped.c "$OLDPWD"/archs/tech/*.yaml || wrong=1
exit "$wrong"
