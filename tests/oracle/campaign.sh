#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The search against brute force on more than 5,000 random tiny instances, in
# one run of the release build: a line of sums for each driver, then all.
#
#   tests/oracle/campaign.sh [DRIVER...]
#
# Drivers: those below without "test_". Logs go to out/campaign. CODESIGN_SEED
# is the seed of all (else each has its own), CODESIGN_SCALE a percentage of
# the cases. A mismatch is printed with what shows it, and fails.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root" || exit 2
out=$root/out/campaign
jobs=$(getconf _NPROCESSORS_ONLN)
programs=out/build/release/tests

# Cases of each, the longest first: the machine should not wait for one.
declare -A cases=(
  [search_brute]=1800 [search_residual]=500 [search_depth]=500
  [search_constrained]=900 [search_frontier]=1800 [timeloop_search]=60
  [search_milp]=1000)
order=(search_brute search_residual search_depth search_constrained
  search_milp search_frontier timeloop_search)
programs_only=' search_milp ' # no brute force: other programs must agree

wanted=("${@:-${order[@]}}")
for name in "${wanted[@]}"; do
  if [[ ! -v cases[$name] ]]; then
    printf "unknown driver '%s': expected one of: %s\n" "$name" \
      "${order[*]}" >&2
    exit 2
  fi
done

# run_driver NAME: its log, and its exit status in a file beside it.
run_driver() {
  local name=$1 count arguments=()
  count=$((${cases[$name]} * ${CODESIGN_SCALE:-100} / 100))
  arguments=(cases "$((count > 0 ? count : 1))")
  [[ -z ${CODESIGN_SEED-} ]] || arguments+=(seed "$CODESIGN_SEED")
  "$programs/test_$name" "${arguments[@]}" >"$out/$name.log" 2>&1 </dev/null
  echo "$? $SECONDS" >"$out/$name.status"
}

# The line "1500 instances of seed 11 (...), 0 mismatches" of a log.
sums_of() {
  grep -m 1 -E '^[0-9]+ (instances|(constrained )?pairs|cases).* [0-9]+ (mismatches|differ)$' \
    "$out/$1.log"
}

mkdir -p "$out"
rm -f "$out"/*.log "$out"/*.status
if ! cmake --preset release >"$out/build.log" ||
  ! cmake --build --preset release -j "$jobs" \
    --target "${wanted[@]/#/test_}" >>"$out/build.log" 2>&1; then
  tail -n 25 "$out/build.log"
  exit 1
fi

for name in "${wanted[@]}"; do
  while [[ $(jobs -rp | wc -l) -ge $jobs ]]; do
    wait -n
  done
  run_driver "$name" &
done
wait

status=0 brute=0 brute_wrong=0 other=0 other_wrong=0
for name in "${wanted[@]}"; do
  read -r ended seconds <"$out/$name.status"
  line=$(sums_of "$name") || line=''
  printf '%-20s %s\n' "$name" "${line:-no sums}"
  if [[ $ended != 0 || -z $line ]]; then
    status=1
    printf '  exit %s after %s s; the last of %s:\n' "$ended" "$seconds" \
      "${out#"$root"/}/$name.log"
    tail -n 12 "$out/$name.log" | sed 's/^/    /'
  fi
  count=${line%% *}
  wrong=$(sed -nE 's/.* ([0-9]+) (mismatches|differ)$/\1/p' <<<"$line")
  if [[ $programs_only == *" $name "* ]]; then
    other=$((other + ${count:-0})) other_wrong=$((other_wrong + ${wrong:-0}))
  else
    brute=$((brute + ${count:-0})) brute_wrong=$((brute_wrong + ${wrong:-0}))
  fi
done
printf '%d instances against brute force, %d mismatches; ' "$brute" \
  "$brute_wrong"
printf '%d against integer programs, %d differ\n' "$other" "$other_wrong"
exit "$status"
