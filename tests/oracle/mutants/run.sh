#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Plants each bug of *.mutant in one file of a copy, links the test that must
# see it in out/mutants, and fails if that stays green.
#
#   tests/oracle/mutants/run.sh [--tested] [NAME...]
#   tests/oracle/mutants/run.sh --applies   only that each can be planted
#
# First each test is run without any mutant, in as many cases as mutants ask for.
# --tested: the release build was just tested, so that only those are run whose
# cases are none of the usual ones: another seed, or more of them.
#
# A mutant names its file under src/ (a .c file), the test and its arguments
# (without: literal execution of counts), and text that is replaced: it must
# stand there exactly once, so a mutant that no longer applies fails too.
# All else is that of the release build: without asserts, so that what a test
# sees is the answer. A mutant's object stands in the way of its twin in the
# archive.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
cd "$root" || exit 2
out=$root/out/mutants
jobs=$(nproc 2>/dev/null || echo 2)
compiler=${CC:-cc}
flags=(-std=c17 -O2 -DNDEBUG -D_POSIX_C_SOURCE=200809L -ffp-contract=off -w
  -Isrc -Iinclude)
# Of a mutant that names no test.
usual='property/test_count_literal quick reports 1'
release=$root/out/build/release
libraries=() # what a test is linked with

# in_turn COMMAND...: in the background, as soon as fewer than $jobs run.
in_turn() {
  while [[ $(jobs -rp | wc -l) -ge $jobs ]]; do
    wait -n
  done
  "$@" &
}

compile() { # compile FILE OBJECT
  "$compiler" "${flags[@]}" -c "$1" -o "$2"
}

# The release build of the tests that the mutants name, and what it links.
build_rest() {
  local targets
  mapfile -t targets < <(test_lines "$@" | sed 's|^[^ ]*/||; s| .*||' | sort -u)
  if ! cmake --preset release >"$out/build.log" ||
    ! cmake --build --preset release -j "$jobs" --target "${targets[@]}" \
      >>"$out/build.log" 2>&1; then
    tail -n 25 "$out/build.log"
    return 1
  fi
  local rest=$release/libcodesign.a names
  names=$(nm -u "$rest" 2>/dev/null)
  libraries=("$release/tests/libcodesign_test_support.a" "$rest"
    -lyaml -lcmocka -lm)
  case $names in *GOMP_* | *__kmpc_*) libraries+=(-fopenmp) ;; esac
  case $names in *' glp_'*) libraries+=(-lglpk) ;; esac
  case $names in *' sqlite3_'*) libraries+=(-lsqlite3) ;; esac
  case $names in *' protobuf_c_'*) libraries+=(-lprotobuf-c) ;; esac
}

value() { # value KEY MUTANT
  sed -n "s/^$1: //p" "$2"
}

# test_lines MUTANT...: of each the test with its arguments.
test_lines() {
  local mutant line
  for mutant in "$@"; do
    line=$(value test "$mutant")
    printf '%s\n' "${line:-$usual}"
  done
}

# part FILE NAME: the lines of a mutant after "--- NAME", up to the next "---".
part() {
  awk -v name="--- $2" '
    $0 == name {inside = 1; next}
    /^--- / {inside = 0}
    inside {print}' "$1"
}

# plant MUTANT FILE: its file with the text replaced; false unless that stands
# there once.
plant() {
  from=$(part "$1" from) to=$(part "$1" to) LC_ALL=C awk '
    {text = text $0 "\n"}
    END {
      at = index(text, ENVIRON["from"])
      rest = substr(text, at + length(ENVIRON["from"]))
      if (at == 0 || index(rest, ENVIRON["from"]))
        exit 1
      printf "%s", substr(text, 1, at - 1) ENVIRON["to"] rest
    }' "src/$(value file "$1")" >"$2"
}

# Of lines that differ in the number of cases only, the one with most.
most_cases() {
  sed -E 's/(.*) cases ([0-9]+)(.*)/\1\3|\2/; /\|/!s/$/|/' |
    sort -t '|' -k 1,1 -k 2,2nr | awk -F '|' '
      !seen[$1]++ {print $1 ($2 == "" ? "" : " cases " $2)}'
}

# run_test FOLDER LINE [OBJECT]: links and runs a test; its log is in the
# folder. 2: it does not link.
run_test() {
  local folder=$1 line name
  read -ra line <<<"$2"
  name=${line[0]##*/}
  "$compiler" "${@:3}" \
    "$release/tests/CMakeFiles/$name.dir/${line[0]}.c.o" "${libraries[@]}" \
    -o "$folder/test" || return 2
  # The first failure is enough: cmocka ends there when it is asked to abort.
  {
    CMOCKA_TEST_ABORT=1 timeout 600 "$folder/test" "${line[@]:1}" \
      >"$folder/log" 2>&1 || return 1
  } 2>/dev/null # the shell says that it did
}

# try MUTANT FOLDER: writes the verdict.
try() {
  local name status=2
  name=$(basename "$1" .mutant)
  if plant "$1" "$2/mutated.c" && compile "$2/mutated.c" "$2/mutated.o"; then
    run_test "$2" "$(test_lines "$1")" "$2/mutated.o"
    status=$?
  fi
  case $status in
  0) printf 'FAILED  %s: no test saw it\n' "$name" ;;
  1)
    printf 'seen    %s: %s\n' "$name" \
      "$(grep -m 1 -h '^mismatch' "$2/log" || tail -n 1 "$2/log")"
    ;;
  *) printf 'FAILED  %s: does not apply or does not build\n' "$name" ;;
  esac >"$2/verdict"
}

# try_none FOLDER LINE: the test as mutants ask for it, without any.
try_none() {
  run_test "$1" "$2" ||
    printf "'%s' fails without any mutant: see %s/log\n" "$2" "$1" \
      >"$1/verdict"
}

# asked NAME LINE: the number that a line has for a name; nothing without.
asked() {
  sed -nE "s/.* $1 ([0-9]+).*/\1/p" <<<"$2 "
}

# is_usual LINE: whether the test's own run has these cases: its seed, and no
# more of them. Its source says which: CASES or .cases, .seed.
is_usual() {
  local file=tests/${1%% *}.c seed cases own all
  [[ -z $(asked times "$1") ]] || return 1
  own=$(sed -nE 's/.*([.]| )seed = ([0-9]+)[,;].*/\2/p' "$file" | head -n 1)
  all=$(sed -nE 's/.*(CASES|[.]cases| cases) = ([0-9]+)[,;].*/\2/p' "$file" |
    head -n 1)
  seed=$(asked seed "$1")
  cases=$(asked cases "$1")
  [[ -z $(asked case "$1") ]] || cases=$(($(asked case "$1") + 1))
  [[ -z $seed || $seed == "$own" ]] &&
    [[ -z $cases || (-n $all && $cases -le $all) ]]
}

try_all() {
  local mutant folder line number=0
  rm -rf "$out"/none-*
  while read -r line; do
    ! $tested || ! is_usual "$line" || continue
    number=$((number + 1))
    mkdir "$out/none-$number"
    in_turn try_none "$out/none-$number" "$line"
  done < <(test_lines "$@" | most_cases)
  for mutant in "$@"; do
    folder=$out/$(basename "$mutant" .mutant)
    rm -rf "$folder"
    mkdir "$folder"
    in_turn try "$mutant" "$folder"
  done
  wait
}

# Of each mutant whose text does not stand once in its file a line.
all_apply() {
  local mutant wrong=0
  for mutant in "$here"/*.mutant; do
    plant "$mutant" /dev/null && continue
    printf '%s: error: its text does not stand once in src/%s\n' \
      "${mutant#"$root/"}" "$(value file "$mutant")"
    wrong=1
  done
  return "$wrong"
}

tested=false
case ${1-} in
--applies)
  all_apply
  exit
  ;;
--tested)
  tested=true
  shift
  ;;
esac
ulimit -c 0 # tests that abort
if [[ $# -gt 0 ]]; then
  mutants=("${@/#/$here/}")
  mutants=("${mutants[@]/%/.mutant}")
else
  mutants=("$here"/*.mutant)
fi
mkdir -p "$out"
build_rest "${mutants[@]}" || exit 1
try_all "${mutants[@]}"
if cat "$out"/none-*/verdict 2>/dev/null; then
  exit 1
fi
for mutant in "${mutants[@]}"; do
  cat "$out/$(basename "$mutant" .mutant)/verdict"
done | tee "$out/verdicts"
unseen=$(grep -cv '^seen' "$out/verdicts")
printf '%d mutants, %d not seen\n' "${#mutants[@]}" "$unseen"
[[ $unseen -eq 0 ]]
