# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2154
# The steps of tests/run. Each counts what passed, failed and was skipped.

# Settings for the programs under test: VARIABLE=VALUE...
environment=()
shown_as='' # what stands before the name of a test instead of the preset

# A heading begins a part: what one took is said when the next begins, and of
# all of them at the end.
part='' part_start=0 part_cpu=0 cpu=0
parts=()

heading() {
  end_part
  look_at_cpu
  part=$* part_start=$SECONDS part_cpu=$cpu
  printf '\n== %s\n' "$*"
}

end_part() {
  [[ $part ]] || return 0
  look_at_cpu
  parts+=("$(printf '%6d %6d  %s' "$((SECONDS - part_start))" \
    "$((cpu - part_cpu))" "$part")")
  printf -- '-- %s: %d s, %d s of processor time\n' "$part" \
    "$((SECONDS - part_start))" "$((cpu - part_cpu))"
  part=''
}

# tell_parts: the parts in a table, where there are several.
tell_parts() {
  [[ ${#parts[@]} -gt 1 ]] || return 0
  printf '\n     s  CPU s  part\n'
  printf '%s\n' "${parts[@]}"
  printf '%6d %6d  all\n\n' "$SECONDS" "$cpu"
}

# Sets cpu: seconds of processor time of all that this shell has waited for,
# which the second line of `times` tells (a subshell would tell its own).
look_at_cpu() {
  local minutes seconds more_minutes more_seconds
  times >"$out/times"
  read -r minutes seconds more_minutes more_seconds < <(
    sed -nE '2s/[.][0-9]+s//g; 2s/m/ /gp' "$out/times")
  cpu=$((60 * (minutes + more_minutes) + seconds + more_seconds))
}

report() { # report VERDICT NAME [DETAIL]
  printf '%-7s %s%s\n' "$1" "$2" "${3:+: $3}"
}

pass_step() {
  passed=$((passed + 1))
  report ok "$@"
}

fail_step() {
  failed=$((failed + 1))
  failures+=("$1")
  report FAILED "$@"
}

skip_step() { # skip_step NAME WHY
  skipped=$((skipped + 1))
  report skipped "$@"
}

log_of() {
  printf '%s/%s.log' "$out" "${1//[^A-Za-z0-9_.-]/-}"
}

# step NAME COMMAND...: runs it; a failure shows the end of what it said.
step() {
  local name=$1 log start=$SECONDS status=0
  log=$(log_of "$name")
  shift
  "$@" >"$log" 2>&1 </dev/null || status=$?
  tell "$name" "$status" "$((SECONDS - start))"
}

# tell NAME STATUS SECONDS: what became of a command whose log is that of NAME.
tell() {
  local name=$1 status=$2 log
  log=$(log_of "$name")
  case $status in
  0) pass_step "$name" "$3 s" ;;
  77) skip_step "$name" "$(sed -n 's/^skip: //p' "$log" | tail -n 1)" ;;
  *)
    fail_step "$name" "exit $status, log: ${log#"$root"/}"
    tail -n 25 "$log" | sed 's/^/    /'
    return 1
    ;;
  esac
}

# together STEP NAME... -- COMMAND...: a step for each name, as many at once as
# there are processors; NAME in the step and the command is the name.
together() {
  local shown=$1 names=() name status seconds folder=$out/together
  shift
  while [[ $1 != -- ]]; do
    names+=("$1")
    shift
  done
  shift
  rm -rf "$folder"
  mkdir "$folder"
  # Not by '&': an interruption must reach them.
  # shellcheck disable=SC2016
  printf '%s\n' "${names[@]}" | xargs -P "$jobs" -I NAME bash -c '
    "${@:2}" >"$1.log" 2>&1 </dev/null
    echo "$? $SECONDS" >"$1.status"' bash "$folder/NAME" "$@"
  for name in "${names[@]}"; do
    cp "$folder/$name.log" "$(log_of "${shown//NAME/$name}")"
    read -r status seconds <"$folder/$name.status"
    tell "${shown//NAME/$name}" "$status" "$seconds"
  done
}

# has NAME COMMAND: skips the step NAME if the machine lacks the command.
has() {
  command -v "$2" >/dev/null 2>&1 && return
  skip_step "$1" "'$2' is missing"
  return 1
}

targets=() # what `build` builds instead of all

# build PRESET [CMAKE OPTION...]
build() {
  local preset=$1
  shift
  step "build $preset" build_commands "$preset" "$@"
}

build_commands() {
  local preset=$1
  shift
  cmake --preset "$preset" "$@" &&
    cmake --build --preset "$preset" ${targets[0]+--target "${targets[@]}"}
}

# tests_of PRESET [CTEST OPTION...]: runs its tests and counts each of them.
tests_of() {
  local preset=$1 shown=${shown_as:-$1} log number name verdict case
  shift
  log=$(log_of "ctest $preset $*")
  env "${environment[@]}" ctest --preset "$preset" -j "$jobs" "$@" \
    >"$log" 2>&1 </dev/null
  number=0
  while read -r name verdict; do
    number=$((number + 1))
    case $verdict in
    *Passed*)
      verdict=${verdict##*Passed}
      pass_step "$shown: $name" "${verdict//  /}"
      while read -r case; do
        skip_step "$shown: $name" "$case"
      done < <(output_of "$preset" "$name" | sed -n 's/^skipped: //p')
      ;;
    *Skipped*) skip_step "$shown: $name" "$(reason_of "$preset" "$name")" ;;
    *)
      fail_step "$shown: $name" "log: ${log#"$root"/}"
      output_of "$preset" "$name" | telling_lines
      ;;
    esac
  done < <(sed -nE \
    's/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: ([^ ]+) [. ]*(.*)/\1 \2/p' "$log")
  if [[ $number -eq 0 ]]; then
    fail_step "$shown: tests" "none was run, log: ${log#"$root"/}"
    tail -n 10 "$log" | sed 's/^/    /'
  fi
}

# The lines of a failed test's output that say what is wrong, else its end.
telling_lines() {
  local text
  text=$(cat)
  { grep -E 'ERROR|error:|FAILED|FAIL:|SUMMARY' <<<"$text" ||
    tail -n 25 <<<"$text"; } | head -n 25 | sed 's/^/    /'
}

# What a test printed in the last ctest run of a preset.
output_of() {
  awk -v name="$2" '
    / Testing: / {inside = ($0 ~ (" Testing: " name "$"))}
    inside && /^<end of output>/ {inside = 0}
    inside && body {print}
    /^-----/ {body = inside}' \
    "out/build/$1/Testing/Temporary/LastTest.log"
}

reason_of() {
  output_of "$1" "$2" | sed -n 's/^skip: //p' | tail -n 1
}

core_steps() {
  heading 'debug build with AddressSanitizer and UBSan'
  build dev || return 0
  tests_of dev -LE slow "$@"
}

# The sanitized build runs the first random cases only: here they all run.
all_cases_steps() {
  heading 'release build: all random cases'
  build release && tests_of release -L 'property|oracle'
}

# The numbers of the README are those that its first command prints today.
readme_steps() {
  step 'first command of the README' readme_command &&
    step 'README shows what its first command prints' readme_is_true
}

readme_command() {
  local words
  read -ra words < <(grep '^\./codesign explore' README.md)
  "${words[@]}" -o "$out/explore" >"$out/explore.txt"
}

# Each line of the README's ```text block stands in the output ("..." is left
# out there).
readme_is_true() {
  local line number=0
  while IFS= read -r line; do
    number=$((number + 1))
    grep -qxF -- "$line" <(sed 's/ *$//' "$out/explore.txt") || {
      printf 'README.md: error: not printed: %s\n' "$line"
      return 1
    }
  done < <(awk '/^```/ {inside = /text/; next} inside' README.md |
    grep -vE '^ *(\.\.\.)?$')
  [[ $number -gt 0 ]]
}

# mutant_steps [--tested]
mutant_steps() {
  local log=$out/mutants.log verdict name rest number=0
  heading 'planted bugs'
  tests/oracle/mutants/run.sh "$@" >"$log" 2>&1 </dev/null
  while read -r verdict name rest; do
    number=$((number + 1))
    if [[ $verdict == seen ]]; then
      pass_step "mutant ${name%:} is seen"
    else
      fail_step "mutant ${name%:} is seen" "$rest"
    fi
  done < <(grep -E '^(seen|FAILED) ' "$log")
  [[ $number -gt 0 ]] || fail_step 'mutants' "none ran, log: ${log#"$root"/}"
}

campaign_steps() {
  heading 'the search against brute force'
  step 'campaign' tests/oracle/campaign.sh
  cat "$(log_of campaign)"
}

