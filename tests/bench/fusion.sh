#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Models layer by layer, fused and pipelined: a Markdown table of energy, time, EDP and
# traffic through the outermost level, and what of that traffic is compulsory.
#
#   tests/bench/fusion.sh [--program PATH] [--limit SECONDS] [--set NAME=VALUE ...]
#                         [--streamed] [ARCH.yaml|WORKLOAD.yaml ...]
#
# Without files: llm, gpt3-175b, resnet50 and mobilenet-v2 on all of archs/. Each
# answer is that of the best design of its own. --streamed: what the outermost
# level has no room for comes from outside of it, at no cost of its own.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
program=$root/out/build/release/codesign limit=60 streamed=
files=() settings=()
while (($#)); do
  case $1 in
  --streamed)
    streamed='    streamed: true'
    ;;
  --set | --program | --limit)
    if (($# < 2)); then
      echo "'$1' needs a value" >&2
      exit 2
    fi
    if [[ $1 == --set ]]; then
      settings+=(--set "$2")
    else
      declare "${1#--}=$2"
    fi
    shift
    ;;
  -*)
    echo "unknown option '$1': expected --program, --limit, --streamed or --set" >&2
    exit 2
    ;;
  *) files+=("$1") ;;
  esac
  shift
done
if ((${#files[@]} == 0)); then
  files=("$root"/archs/*.yaml)
  for name in llm gpt3-175b resnet50 mobilenet-v2; do
    files+=("$root/workloads/$name.yaml")
  done
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

echo '| workload | accelerator | chains | energy | time | EDP | traffic | compulsory |'
echo '|---|---|---|---|---|---|---|---|'
for workload in "${files[@]}"; do
  grep -q '^workload:' "$workload" || continue
  for arch in "${files[@]}"; do
    grep -q '^architecture:' "$arch" || continue
    copy=$scratch/$(basename "$arch")
    awk -v key="$streamed" '{ print }
      /^levels:/ { left = key != "" }
      left && /^    size:/ { print key; left = 0 }' "$arch" >"$copy"
    for fuse in none all pipelined; do
      timeout -s INT "$limit" "$program" explore -q --fuse $fuse -o "$scratch/$fuse" \
        "${settings[@]}" "$copy" "$workload" >/dev/null 2>"$scratch/message"
    done
    python3 - "$scratch" "$(basename "$workload" .yaml)" "$(basename "$arch" .yaml)" <<'END'
import json, os, sys

scratch, workload, arch = sys.argv[1:]

def text(value, unit):
    for prefix, scale in ("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3), ("", 1), \
            ("m", 1e-3), ("u", 1e-6), ("n", 1e-9), ("p", 1e-12), ("f", 1e-15):
        if value >= scale:
            return f"{value / scale:.4g} {prefix}{unit}"
    return f"{value:.4g} {unit}"

for fuse in "none", "all", "pipelined":
    path = f"{scratch}/{fuse}/result.json"
    if not os.path.exists(path):
        continue
    result = json.load(open(path))
    if not result.get("winner"):
        continue
    totals = result["totals"]
    fusion = totals["fusion"]
    joule = 1e-12 * totals["energy_pj"]
    time = totals["latency_s"]
    traffic = totals["outermost_traffic"]
    how = "layer by layer" if fuse == "none" else \
        f"{fusion['fused']} of {fusion['chains']} fused"
    how += ", pipelined" if fuse == "pipelined" else ""
    gap = "" if result["proven"] else f" (gap {100 * result['gap']:.2g} %)"
    print(f"| {workload} | {arch} | {how}{gap} | {text(joule, 'J')} | "
          f"{text(time, 's')} | {text(joule * time, 'J s')} | "
          f"{text(traffic['bits'] / 8, 'B')} | "
          f"{text(traffic['compulsory_bits'] / 8, 'B')} |")
END
    rm -rf "$scratch/none" "$scratch/all" "$scratch/pipelined"
  done
done
