#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Every workload on every accelerator: a Markdown table of energy, time, EDP and
# gap, or of why there is no answer.
#
#   tests/bench/table.sh [--program PATH] [--limit SECONDS] [--jobs N]
#                        [--set NAME=VALUE ...] [ARCH.yaml|WORKLOAD.yaml ...]
#
# Without files: all of archs/ and workloads/; files are told apart by their
# keys. After the limit (60 s) a run is interrupted and prints the best so far,
# with its gap, if it has one. Energy, time and EDP are those of the winner.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
program=$root/out/build/release/codesign limit=60 jobs=0
files=() settings=()
while (($#)); do
  case $1 in
  --set)
    if (($# < 2)); then
      echo "'$1' needs a value" >&2
      exit 2
    fi
    settings+=(--set "$2")
    shift
    ;;
  --program | --limit | --jobs)
    if (($# < 2)); then
      echo "'$1' needs a value" >&2
      exit 2
    fi
    declare "${1#--}=$2"
    shift
    ;;
  -*)
    echo "unknown option '$1': expected --program, --limit, --jobs or --set" >&2
    exit 2
    ;;
  *) files+=("$1") ;;
  esac
  shift
done
if [[ ! -x $program ]]; then
  echo "'$program' is not built" >&2
  exit 2
fi
if ((${#files[@]} == 0)); then
  files=("$root"/archs/*.yaml "$root"/workloads/*.yaml)
fi
archs=() workloads=()
for file in "${files[@]}"; do
  if grep -q '^architecture:' "$file"; then
    archs+=("$file")
  elif grep -q '^workload:' "$file"; then
    workloads+=("$file")
  fi
done

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Cells from a result: status, then the winner's numbers; nothing if there is
# none. Keys stand one a line, in an order that does not change.
cells() { # result.json
  awk '
    function si(x, unit,   at, prefix) {
      if (x == "" || x == "null") return ""
      split("a f p n u m . k M G T P", prefix, " ")
      at = 7
      while (x >= 1000 && at < 12) {x /= 1000; at++}
      while (x > 0 && x < 1 && at > 1) {x *= 1000; at--}
      return sprintf("%.4g %s%s", x, prefix[at] == "." ? "" : prefix[at], unit)
    }
    {value = $2; gsub(/[",]/, "", value)}
    /^  "status":/ {status = value}
    /^  "gap":/ {gap = value}
    /^  "winner": \{/ {inside = 1}
    inside && /"energy_pj":/ {energy = value * 1e-12}
    inside && /"latency_s":/ {latency = value + 0}
    inside && /"edp_pj_s":/ {edp = value * 1e-12}
    /^  \}/ {inside = 0}
    END {
      if (energy == "") exit 1
      printf "%s | %s | %s | %s | %s", si(energy, "J"), si(latency, "s"),
        si(edp, "J s"), gap == "null" || gap == "" ? "" : sprintf("%.3g %%",
        100 * gap), status
    }' "$1"
}

# The first error without its place, as a cell.
message() { # stderr
  awk -F 'error: ' '/error: / {
    text = $2
    for (i = 3; i <= NF; i++) text = text FS $i
    gsub(/\|/, "\\|", text)
    print text
    exit
  }' "$1"
}

row() { # workload arch
  local folder=$scratch/run start=$EPOCHREALTIME status=0 line seconds
  rm -rf "$folder"
  timeout -s INT -k 10 "$limit" "$program" explore -q -j "$jobs" -o "$folder" \
    "${settings[@]}" "$2" "$1" >"$scratch/stdout" 2>"$scratch/stderr" || status=$?
  seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" \
    'BEGIN {printf "%.2f", b - a}')
  if [[ ! -f $folder/result.json ]] || ! line=$(cells "$folder/result.json"); then
    line=$(message "$scratch/stderr")
    if ((status == 124 || status == 130)); then
      line="no answer in $limit s"
    fi
    line="| | | | ${line:-exit code $status}"
  fi
  printf '| %s | %s | %s | %s |\n' "$(basename "$1" .yaml)" \
    "$(basename "$2" .yaml)" "$line" "$seconds"
}

echo '| workload | accelerator | energy | time | EDP | gap | answer | seconds |'
echo '|---|---|---|---|---|---|---|---|'
for workload in "${workloads[@]}"; do
  for arch in "${archs[@]}"; do
    row "$workload" "$arch"
  done
done
