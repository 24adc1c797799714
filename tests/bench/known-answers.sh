#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The known answers of docs/known-answers.md, from the files in this tree.
#
#   tests/bench/known-answers.sh [--program PATH] > docs/known-answers.csv
#   tests/bench/known-answers.sh --check [--program PATH]
#   tests/bench/known-answers.sh --factors [--program PATH]
#
# The first writes all rows: a minute or two on one thread. --check runs the
# quick pairs again and compares them with docs/known-answers.csv, to 1e-9.
# --factors prints the Markdown table of what parts that are not equal buy.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
program=$root/out/build/release/codesign what=rows
while (($#)); do
  case $1 in
  --check) what=check ;;
  --factors) what=factors ;;
  --program)
    program=${2-}
    shift
    ;;
  *)
    echo "unknown option '$1': expected --check, --factors or --program" >&2
    exit 2
    ;;
  esac
  shift
done
if [[ ! -x $program ]]; then
  echo "'$program' is not built" >&2
  exit 2
fi
program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program")
cd "$root" || exit 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Variables that a row fixes: a design in the middle of the space.
declare -A design=(
  [npu-3d]="rows=32 cols=32 glb=4MiB vdd=0.7V"
  [edge-npu]="rows=32 cols=32"
)

# Architecture and workload of each run. Left out are pairs that are refused
# (16-bit floats on integer units) and those that take longer than some seconds.
pairs() {
  local arch
  for arch in proof-tpu proof-eyeriss proof-edge; do
    echo "tests/bench/$arch.yaml tests/bench/products.yaml"
  done
  echo archs/flat3.yaml workloads/gemm16.yaml
  for arch in npu-3d tpu-v4i-like flat3 edge-npu; do
    echo "archs/$arch.yaml workloads/llm.yaml"
    echo "archs/$arch.yaml workloads/gpt2.yaml"
  done
  for arch in npu-3d tpu-v4i-like flat3 edge-npu gemmini-like nvdla-like \
    eyeriss; do
    echo "archs/$arch.yaml workloads/bert-base.yaml"
  done
  for arch in tpu-v4i-like edge-npu gemmini-like nvdla-like; do
    echo "archs/$arch.yaml workloads/vit-b16.yaml"
  done
}

# A row for each einsum of a run, less the last field: what 'map' says of it.
# JSON has one key a line, in an order that does not change.
rows_of() { # map.json verify.json cpu-seconds
  awk -v cpu="$3" '
    function value(line) {
      sub(/^[^:]*: /, "", line)
      sub(/,$/, "", line)
      gsub(/"/, "", line)
      return line
    }
    function flush() {
      if (ranks == "") return
      printf "%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s\n", arch, design, workload,
        name, ranks, energy, latency, edp, bound,
        status == "optimal" && gap == 0 ? "yes" : "no",
        (phase, name) in certified ? "yes" : "no", cpu
      ranks = ""
    }
    FILENAME == ARGV[1] {
      if (/"verdict": "certified"/) {
        split($0, part, "\"")
        certified[part[8], part[4]] = 1
      }
      next
    }
    /^  "architecture":/ {arch = value($0)}
    /^  "workload":/ {workload = value($0)}
    /^  "design":/ {design = value($0); gsub(/, /, " ", design)}
    /^      "name":/ {flush(); name = value($0)}
    /^      "phase":/ {phase = value($0)}
    /^      "energy_pj":/ {energy = value($0)}
    /^      "latency_s":/ {latency = value($0)}
    /^      "edp_pj_s":/ {edp = value($0)}
    /^      "lower_bound_pj_s":/ {bound = value($0)}
    /^      "gap":/ {gap = value($0)}
    /^      "status":/ {status = value($0)}
    /^      "ranks":/ {
      ranks = $0
      sub(/^[^{]*\{/, "", ranks)
      sub(/\}.*/, "", ranks)
      gsub(/[":,]/, "", ranks)
    }
    END {flush()}' "$2" "$1"
}

fail() {
  echo "known-answers: $1" >&2
  sed 's/^/  /' "$scratch/stderr" >&2
  exit 1
}

# All rows of a pair.
run() { # arch workload
  local sets=() name cpu set
  name=$(basename "$1" .yaml)
  for set in ${design[$name]-}; do
    sets+=(--set "$set")
  done
  local TIMEFORMAT=%U
  cpu=$({ time "$program" map -q -j 1 --fuse none --json --objective edp "${sets[@]}" \
    --certificate "$scratch/certificate.json" "$1" "$2" \
    >"$scratch/map.json" 2>"$scratch/stderr"; } 2>&1) || fail "$1 $2"
  "$program" verify -j 1 --json "$scratch/certificate.json" \
    >"$scratch/verify.json" 2>"$scratch/stderr"
  case $? in
  0 | 4) ;; # 4: some bounds are outside of what is certified
  *) fail "$1 $2: certificate refused" ;;
  esac
  rows_of "$scratch/map.json" "$scratch/verify.json" "$cpu"
}

rows() {
  echo "architecture,design,workload,layer,ranks,energy_pj,latency_s,edp_pj_s,\
lower_bound_pj_s,proven,certified,run_cpu_s"
  pairs | while read -r arch workload; do
    run "$arch" "$workload" || exit 1
  done
}

# Fields 6 to 9 are numbers; the last one is a time, which nobody compares.
compare() { # known rows
  awk -F, '
    function close_to(a, b) {
      d = a - b
      return (d < 0 ? -d : d) <= 1e-9 * (b < 0 ? -b : b)
    }
    {key = $1 "," $2 "," $3 "," $4 "," $5}
    FNR == NR {row[key] = $0; next}
    {
      seen++
      if (!(key in row)) {print "no known answer: " key; bad++; next}
      split(row[key], known, ",")
      same = $10 == known[10] && $11 == known[11]
      for (i = 6; i <= 9; i++) same = same && close_to($i, known[i])
      if (!same) {print "known: " row[key] "\nnow:   " $0; bad++}
    }
    END {
      print seen + 0 " rows compared, " bad + 0 " differ"
      exit bad > 0 || seen == 0
    }' "$1" "$2"
}

check() {
  {
    run archs/flat3.yaml workloads/gemm16.yaml &&
      run tests/bench/proof-edge.yaml tests/bench/products.yaml &&
      run archs/gemmini-like.yaml workloads/bert-base.yaml &&
      run archs/tpu-v4i-like.yaml workloads/bert-base.yaml
  } >"$scratch/rows" || exit 1
  compare docs/known-answers.csv "$scratch/rows"
}

# EDP of each layer, a line each: "layer ranks edp".
edps() { # factors arch
  local sets=() set
  for set in ${design[$(basename "$2" .yaml)]-}; do
    sets+=(--set "$set")
  done
  "$program" map -q -j 1 --fuse none --json --require-proof --objective edp \
    --heat off --factors "$1" "${sets[@]}" "$2" tests/bench/products.yaml \
    >"$scratch/map.json" 2>"$scratch/stderr" || fail "$2, $1"
  : >"$scratch/verify.json"
  rows_of "$scratch/map.json" "$scratch/verify.json" 0 | cut -d, -f4,8
}

factors() {
  local arch columns=(proof-eyeriss proof-edge proof-tpu npu-3d) paths=()
  for arch in "${columns[@]}"; do
    local file=archs/$arch.yaml
    [[ -f $file ]] || file=tests/bench/$arch.yaml
    edps perfect "$file" >"$scratch/perfect"
    edps any "$file" >"$scratch/any"
    paste -d, "$scratch/perfect" "$scratch/any" |
      awk -F, '{printf "%.4f\n", $2 / $4}' >"$scratch/$arch"
    paths+=("$scratch/$arch")
  done
  cut -d, -f1 "$scratch/perfect" >"$scratch/names"
  echo '| product (m x n x k) | 14 x 12 | 16 x 16 | 128 x 128 | npu-3d, 32 x 32 |'
  echo '|---|---|---|---|---|'
  paste "$scratch/names" "${paths[@]}" | awk '
    {
      sub(/^p/, "", $1)
      gsub(/x/, " x ", $1)
      print "| " $1 " | " $2 " | " $3 " | " $4 " | " $5 " |"
    }'
}

"$what"
