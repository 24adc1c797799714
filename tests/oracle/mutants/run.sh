#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Plants each bug of *.mutant in a copy of the closed forms, builds the test
# against literal execution with it in out/mutants, and fails if that stays
# green.
#
#   tests/oracle/mutants/run.sh [NAME...]
#
# A mutant is text that is replaced in one file under src/: it must stand there
# exactly once, so a mutant that no longer applies fails too.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
cd "$root" || exit 2
out=$root/out/mutants
compiler=${CC:-cc}
flags=(-std=c17 -O1 -D_POSIX_C_SOURCE=200809L -ffp-contract=off -w)
mkdir -p "$out"

# Everything that the test may need beside count, compiled once. An archive:
# helpers of other tests, which need more, are not linked.
rest=$out/rest/rest.a
compile_rest() {
  local file object objects=()
  for file in src/base/*.c src/diag/*.c src/yaml/*.c src/schema/*.c \
    src/tech/*.c src/spec/*.c tests/support/*.c; do
    object=$out/rest/${file//\//-}.o
    mkdir -p "$out/rest"
    objects+=("$object")
    "$compiler" "${flags[@]}" -Isrc -Iinclude -Itests -c "$file" \
      -o "$object" || return
  done
  rm -f "$rest"
  ar rcs "$rest" "${objects[@]}"
}

# build FOLDER: the test against src/count as it is in the folder.
build() {
  "$compiler" "${flags[@]}" -I"$1/src" -Isrc -Iinclude -Itests \
    tests/property/test_count_literal.c "$1"/src/count/*.c "$rest" \
    -o "$1/test" -lyaml -lm
}

# check FOLDER: whether the test is green.
check() {
  timeout 300 "$1/test" quick >"$1/log" 2>&1
}

copy() {
  rm -rf "$1"
  mkdir -p "$1/src"
  cp -r src/count "$1/src/count"
}

# part FILE NAME: the lines of a mutant after "--- NAME", up to the next "---".
part() {
  awk -v name="--- $2" '
    $0 == name {inside = 1; next}
    /^--- / {inside = 0}
    inside {print}' "$1"
}

# plant MUTANT FOLDER: replaces the text; false unless it stands there once.
plant() {
  local file from to text
  file=$2/src/$(sed -n 's/^file: //p' "$1")
  from=$(part "$1" from)
  to=$(part "$1" to)
  text=$(<"$file")
  case ${text#*"$from"} in
  "$text") return 1 ;;
  *"$from"*) return 1 ;;
  esac
  printf '%s\n' "${text%%"$from"*}$to${text#*"$from"}" >"$file"
}

if [[ $# -gt 0 ]]; then
  mutants=("${@/#/$here/}")
  mutants=("${mutants[@]/%/.mutant}")
else
  mutants=("$here"/*.mutant)
fi

compile_rest || exit 1
copy "$out/none"
if ! build "$out/none" || ! check "$out/none"; then
  printf 'the test fails without any mutant: see %s/log\n' "$out/none"
  exit 1
fi

survived=0
for mutant in "${mutants[@]}"; do
  name=$(basename "$mutant" .mutant)
  folder=$out/$name
  copy "$folder"
  if ! plant "$mutant" "$folder" || ! build "$folder"; then
    printf 'FAILED  %s: does not apply or does not build\n' "$name"
    survived=$((survived + 1))
  elif check "$folder"; then
    printf 'FAILED  %s: no test saw it\n' "$name"
    survived=$((survived + 1))
  else
    printf 'seen    %s: %s\n' "$name" \
      "$(grep -m 1 -h '^mismatch' "$folder/log")"
  fi
done
printf '%d mutants, %d not seen\n' "${#mutants[@]}" "$survived"
[[ $survived -eq 0 ]]
