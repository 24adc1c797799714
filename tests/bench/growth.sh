#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# How time grows with the number of distinct operations of a network: chains of
# two products of different sizes each, on one design, fused and proven.
#
#   tests/bench/growth.sh [--program PATH] [--arch FILE] [--set NAME=VALUE ...]
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
program=$root/out/build/release/codesign arch=$root/archs/npu-3d.yaml
settings=()
while (($#)); do
  if [[ ! $1 =~ ^--(set|program|arch)$ ]] || (($# < 2)); then
    echo "unexpected '$1': expected --program, --arch or --set and a value" >&2
    exit 2
  fi
  if [[ $1 == --set ]]; then
    settings+=(--set "$2")
  else
    declare "${1#--}=$2"
  fi
  shift 2
done
((${#settings[@]})) ||
  settings=(--set rows=64 --set cols=64 --set glb=4MiB --set vdd=0.7V)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# workload OPERATIONS: half as many chains, no two of the same sizes.
workload() {
  echo 'workload: growth'
  echo 'precision: fp16'
  echo 'layers:'
  local i m inner
  for ((i = 0; i < $1 / 2; i++)); do
    m=$((256 + 64 * (i % 8)))
    inner=$((512 + 256 * ((i + i / 8) % 4)))
    printf '  - {name: up%d, einsum: "Y[m,n] += X[m,k] * W[k,n]", ranks: {m: %d, n: %d, k: 512}, intermediate: [Y]}\n' \
      "$i" "$m" "$inner"
    printf '  - {name: down%d, einsum: "Z[m,p] += Y[m,n] * V[n,p]", ranks: {m: %d, n: %d, p: 512}, intermediate: [Y]}\n' \
      "$i" "$m" "$inner"
  done
}

echo '| operations | seconds | ms an operation | questions | nodes | choices opened | of |'
echo '|---|---|---|---|---|---|---|'
for operations in 2 4 8 16 32 64; do
  workload "$operations" >"$scratch/growth.yaml"
  "$program" explore -q -j1 -o "$scratch/out" "${settings[@]}" "$arch" \
    "$scratch/growth.yaml" >/dev/null || exit 1
  python3 - "$scratch/out/result.json" "$operations" <<'END'
import json, sys

result = json.load(open(sys.argv[1]))
operations = int(sys.argv[2])
assert result["proven"]
run = result["run"]
print(f"| {operations} | {run['wall_s']:.3f} | "
      f"{1e3 * run['wall_s'] / operations:.1f} | {run['winner_solves']} | "
      f"{run['winner_nodes']} | {run['winner_outers_opened']} | "
      f"{run['winner_outers']} |")
END
done
